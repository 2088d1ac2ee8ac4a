"""Notes, and requests for an alert that somebody else holds."""

from __future__ import annotations

import doctest

import pytest
from sqlalchemy import update

from riskprofile.errors import Conflict, NotAllowed, RiskProfileError
from riskprofile.services import deciding, noting, review
from riskprofile.store import audit
from riskprofile.store.alert_tables import Alert
from tests.services.bench import AUDITOR, AWAY, INES, NOW, OMAR, actions, later, put, taken

TEXT = "the driver is known to the yard"
_alert = Alert.__table__  # type: ignore[attr-defined]


def test_the_example_is_true():
    assert doctest.testmod(noting).failed == 0


def test_a_note_stands_in_the_timeline_once_whoever_holds_the_alert_and_when_it_is_closed(
    any_store,
):
    alert = taken(any_store)
    with pytest.raises(Conflict):  # not opened
        noting.note(any_store, OMAR, alert, TEXT, NOW)
    review.alert(any_store, OMAR, alert, NOW)
    with pytest.raises(RiskProfileError, match="at least 5"):
        noting.note(any_store, OMAR, alert, "  no  ", NOW)
    for _ in range(2):  # sent twice
        noting.note(any_store, OMAR, alert, f" {TEXT}\n", NOW)
    with any_store.write() as connection:
        connection.execute(update(_alert).values(state="closed"))
    noting.note(any_store, OMAR, alert, "and came back an hour later", later(hours=1))
    told = review.alert(any_store, INES, alert, later(hours=1)).timeline
    notes = [(one.actor, one.purpose) for one in told if one.action == noting.NOTE]
    assert notes == [("omar", "and came back an hour later"), ("omar", TEXT)]
    assert actions(any_store, alert).count("alert.claim") == 1  # it takes nothing from anybody


def test_an_alert_takes_so_many_notes_and_requests_together_and_says_when_it_is_full(
    any_store, monkeypatch
):
    monkeypatch.setattr(noting, "MOST", 3)
    alert = taken(any_store)
    review.alert(any_store, OMAR, alert, NOW)
    review.alert(any_store, INES, alert, NOW)
    noting.note(any_store, OMAR, alert, TEXT, NOW)
    noting.ask(any_store, OMAR, alert, TEXT, NOW)
    noting.note(any_store, INES, alert, TEXT, NOW)
    noting.note(any_store, INES, alert, TEXT, NOW)  # sent twice: it is there
    for say in (noting.note, noting.ask):
        with pytest.raises(RiskProfileError, match="3 notes and requests"):
            say(any_store, OMAR, alert, "and one more", NOW)
    assert len([one for one in actions(any_store, alert) if one in audit.NOTED]) == 3


def test_who_holds_an_alert_is_told_that_it_was_asked_for_until_it_is_given_or_taken(any_store):
    alert = taken(any_store)
    review.alert(any_store, OMAR, alert, NOW)
    assert review.alert(any_store, INES, alert, NOW).asked is None
    assert noting.ask(any_store, OMAR, alert, TEXT, NOW) == "ines"
    asked = review.alert(any_store, INES, alert, NOW).asked
    assert asked is not None and (asked.actor, asked.purpose) == ("omar", TEXT)
    assert review.alert(any_store, INES, alert, NOW).owner == "ines"
    deciding.give_back(any_store, INES, alert, NOW)
    assert review.alert(any_store, INES, alert, NOW).asked is None
    review.claim(any_store, OMAR, alert, NOW)
    assert review.alert(any_store, OMAR, alert, NOW).asked is None


def test_nobody_asks_for_what_is_free_their_own_closed_or_of_another_office(store):
    [alert] = put(store)
    review.alert(store, OMAR, alert, NOW)
    with pytest.raises(Conflict, match="nobody else"):
        noting.ask(store, OMAR, alert, TEXT, NOW)
    review.claim(store, OMAR, alert, NOW)
    with pytest.raises(Conflict, match="nobody else"):
        noting.ask(store, OMAR, alert, TEXT, NOW)
    for nobody in (AWAY, AUDITOR):
        with pytest.raises(NotAllowed):
            noting.ask(store, nobody, alert, TEXT, NOW)
    review.alert(store, INES, alert, NOW)
    with store.write() as connection:
        connection.execute(update(_alert).values(state="closed"))
    with pytest.raises(Conflict):
        noting.ask(store, INES, alert, TEXT, NOW)
    assert noting.ASK not in actions(store, alert)
