"""Nobody decides without a training within 12 months, once trainings are recorded."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from riskprofile.errors import InputError, NotAllowed, PolicyError
from riskprofile.services import identity, review, training_log
from riskprofile.services.identity import OWNER
from riskprofile.store.office_tables import Audit
from tests.services.bench import (
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    later,
    of_two_at_once,
    taken,
)

TODAY = NOW.date()


@pytest.fixture
def people(store):
    return with_accounts(store)


def with_accounts(store):
    for one in (INES, OMAR, SARA):
        identity.add_account(
            store, OWNER, name=one.name, role=one.role, office=HERE,
            password="four small brown lanterns", now=NOW,
        )  # fmt: skip
    return store


def test_while_no_training_is_recorded_nobody_is_stopped(people):
    review.decide(people, INES, taken(people), "examine", REASON, NOW)


@pytest.mark.parametrize(
    ("on", "says"),
    [
        (TODAY, ""),
        (date(2025, 11, 23), ""),
        (date(2025, 11, 22), "last on 2025-11-22"),
        (None, "not recorded"),
    ],
)
def test_a_decision_asks_for_a_training_within_twelve_months(people, on, says):
    training_log.record(people, OWNER, "omar", TODAY, NOW)
    if on:
        training_log.record(people, OWNER, "ines", on, NOW)
    alert = taken(people)  # looking and claiming go on
    if not says:
        review.decide(people, INES, alert, "examine", REASON, NOW)
        return
    with pytest.raises(PolicyError, match=says):
        review.decide(people, INES, alert, "examine", REASON, NOW)
    training_log.record(people, OWNER, "ines", TODAY, NOW)
    review.decide(people, INES, alert, "examine", REASON, NOW)


def test_the_second_person_of_a_release_is_trained_too(people):
    training_log.record(people, OWNER, "ines", TODAY, NOW)
    decision = review.decide(people, INES, taken(people), "release", REASON, NOW)
    with pytest.raises(PolicyError, match="omar may look, and not decide"):
        review.confirm_release(people, OMAR, decision, later(minutes=1))
    training_log.record(people, OWNER, "omar", TODAY, NOW)
    review.confirm_release(people, OMAR, decision, later(minutes=1))


def test_to_close_an_alert_that_nobody_ordered_anything_of_is_to_decide(people):
    training_log.record(people, OWNER, "omar", TODAY, NOW)
    ordered, free = (taken(people, record_id=one) for one in ("XM-A", "XM-B"))
    with pytest.raises(PolicyError, match="ines may look, and not decide"):
        review.record_outcome(people, INES, free, "not_examined", NOW)
    training_log.record(people, OWNER, "ines", date(2025, 11, 23), NOW)
    review.record_outcome(people, INES, free, "not_examined", NOW)
    review.decide(people, INES, ordered, "examine", REASON, NOW)
    # What was ordered in time was found, whenever it is written down.
    review.record_outcome(people, INES, ordered, "nothing", later(hours=23), methods=["opened"])


def test_a_training_is_of_an_account_held_and_written_down(people):
    with pytest.raises(InputError, match="no account nobody"):
        training_log.record(people, OWNER, "nobody", TODAY, NOW)
    with pytest.raises(InputError, match="has not come yet"):
        training_log.record(people, OWNER, "ines", later(days=2).date(), NOW)
    with pytest.raises(NotAllowed):
        training_log.record(people, SARA, "ines", TODAY, NOW)
    training_log.record(people, OWNER, "ines", TODAY, NOW)
    with people.read() as connection:
        told = connection.execute(
            select(Audit.subject, Audit.detail).where(Audit.action == "account.trained")
        ).all()
    assert [(one, detail) for one, detail in told] == [("account:ines", {"on": "2026-11-24"})]


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_trainings_that_are_recorded_at_once_both_are(any_store):
    with_accounts(any_store)
    who = {"one": INES.name, "other": OMAR.name}

    def record(which):
        training_log.record(any_store, OWNER, who[which], TODAY, NOW)

    assert of_two_at_once(any_store, record) == []
    for one in (INES, OMAR):
        review.decide(
            any_store, one, taken(any_store, one, record_id=one.name), "examine", REASON, NOW
        )
