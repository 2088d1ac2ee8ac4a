"""Decisions other than the lane: counted by reason, with what was found since, and listed."""

from __future__ import annotations

import pytest

from riskprofile.errors import NotAllowed
from riskprofile.services import board, overrides, review
from riskprofile.services.overrides import Override
from riskprofile.services.rights import Actor
from riskprofile.store.alert_tables import BY_HAND
from riskprofile.store.database import Store
from tests.services.bench import HERE, INES, NOW, OMAR, SARA, THERE, later, put, taken

KNOWN, TIRED = "a known importer, the drawing was shown", "no staff before the release time"
FIND = {"items": [{"kind": "part"}], "methods": ["opened"]}


def decided(
    store: Store, record: str, lane: str, decision: str, reason: str, **more: object
) -> int:
    """An alert that Ines decided."""
    alert = taken(store, record_id=record, lane=lane, **more)
    review.decide(store, INES, alert, decision, reason, NOW)
    return alert


def told(store: Store, actor: Actor = SARA) -> overrides.Overrides:
    """Those of the board, an hour later."""
    return board.board(store, actor, later(hours=1)).overrides


def test_they_are_counted_by_what_was_done_and_why_with_what_was_found_since(any_store):
    for n in range(3):
        decided(any_store, f"R-{n}", "red", "release", KNOWN)
    last = decided(any_store, "R-3", "red", "release", TIRED)
    for n, outcome in enumerate(("trafficking", "nothing", "not_examined")):
        alert = decided(any_store, f"Y-{n}", "yellow", "examine", "a new sender")
        more = {"trafficking": FIND, "nothing": {"methods": ["opened"]}}.get(outcome, {})
        review.record_outcome(any_store, INES, alert, outcome, later(minutes=1), **more)
    decided(any_store, "R-4", "red", "examine", "as the list says")
    decided(any_store, "Y-4", "yellow", "scan", "as the list says")
    decided(any_store, "N-1", "red", "release", KNOWN, office=HERE, profile="shipment")
    found = told(any_store)
    assert found.kinds == [
        Override("red", "release", KNOWN, 4, 0, 0),
        Override("yellow", "examine", "a new sender", 3, 2, 1),
        Override("red", "release", TIRED, 1, 0, 0),
    ]
    assert (found.count, found.decided) == (8, 10)
    assert (found.released, found.seconded) == (5, 0)
    [mine] = [one for one in review.waiting(any_store, OMAR) if one.record_id == "R-3"]
    review.confirm_release(any_store, OMAR, mine.id, later(minutes=2))
    assert (told(any_store).released, told(any_store).seconded) == (5, 1)
    listed = overrides.listed(any_store, SARA, later(hours=1))
    assert [one.record_id for one in listed] == ["N-1", "Y-2", "Y-1", "Y-0", *(
        f"R-{n}" for n in (3, 2, 1, 0)
    )]  # fmt: skip
    [released] = [one for one in listed if one.alert == last]
    assert (released.officer, released.second, released.outcome) == ("ines", "omar", None)
    assert [one.outcome for one in listed[1:4]] == ["not_examined", "nothing", "trafficking"]


def test_what_was_found_before_the_decision_was_not_found_since(any_store):
    alert = decided(any_store, "R-1", "red", "examine", "as the list says")
    review.record_outcome(any_store, INES, alert, "trafficking", later(minutes=1), **FIND)
    review.reopen(any_store, SARA, alert, "it was another consignment's carton", later(minutes=2))
    review.claim(any_store, INES, alert, later(minutes=3))
    review.decide(any_store, INES, alert, "release", KNOWN, later(minutes=3))
    assert told(any_store).kinds == [Override("red", "release", KNOWN, 1, 0, 0)]
    assert [one.outcome for one in overrides.listed(any_store, SARA, later(hours=1))] == [None]


def test_what_was_raised_by_hand_the_list_had_passed_over(any_store):
    decided(any_store, "M-1", "yellow", "scan", "a tip", selected_by=BY_HAND)
    decided(any_store, "M-2", "yellow", "release", KNOWN, selected_by=BY_HAND)
    assert told(any_store).kinds == [Override("green", "scan", "a tip", 1, 0, 0)]
    assert [one.lane for one in overrides.listed(any_store, SARA, NOW)] == ["green"]
    assert board.board(any_store, SARA, later(hours=1)).meter.decisions == 0  # nobody nods at them


def test_they_are_of_the_office_and_of_seven_days_and_what_was_undone_is_none(any_store):
    decided(any_store, "R-1", "red", "release", KNOWN)
    there = Actor("sam", "supervisor", THERE)
    assert (told(any_store, there).kinds, overrides.listed(any_store, there, NOW)) == ([], [])
    assert overrides.listed(any_store, SARA, later(days=7)) == []
    alert = taken(any_store, record_id="R-2")
    made = review.decide(any_store, INES, alert, "release", TIRED, NOW)
    review.undo(any_store, INES, made, later(seconds=5))
    assert [one.count for one in told(any_store).kinds] == [1]
    for actor in (INES, Actor("aude", "auditor")):
        with pytest.raises(NotAllowed):
            overrides.listed(any_store, actor, NOW)


def test_the_list_ends_after_its_last_line(store, monkeypatch):
    monkeypatch.setattr(overrides, "LISTED", 2)
    put(store, record_id="open")
    for n in range(3):
        decided(store, f"R-{n}", "red", "release", KNOWN)
    assert [one.record_id for one in overrides.listed(store, SARA, NOW)] == ["R-2", "R-1"]
