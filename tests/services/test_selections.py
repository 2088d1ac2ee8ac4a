"""What goes back to the declaration system: each lane and decision exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from riskprofile.errors import Conflict
from riskprofile.services import review, selections
from riskprofile.services.identity import Actor
from tests.services.bench import (
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    THERE,
    later,
    put,
    row,
    taken,
    until_it_waits,
)

OTTO = Actor("otto", "operator")
SETTLED = later(seconds=10)


def sent(store, now=SETTLED, since=None, actor=OTTO, write=None):
    table = selections.selections(store, actor, since, now, write)
    return [tuple(one) for one in table[["kind", "record_id", "decision"]].fillna("").to_numpy()]


def test_a_lane_is_sent_once(any_store):
    put(any_store, 2, record_id=["A", "B"])
    assert sent(any_store) == [("lane", "A", ""), ("lane", "B", "")]
    assert sent(any_store) == []
    put(any_store, record_id="C")
    assert sent(any_store) == [("lane", "C", "")]


def test_a_decision_is_sent_once_and_only_when_it_can_no_longer_be_undone(any_store):
    alert = taken(any_store, record_id="A")
    sent(any_store)
    review.decide(any_store, INES, alert, "examine", REASON, NOW)
    assert sent(any_store, later(seconds=9)) == []
    assert sent(any_store) == [("decision", "A", "examine")]
    assert sent(any_store) == []


def test_a_decision_that_was_sent_on_at_the_last_moment_is_not_undone(store):
    alert = taken(store, record_id="A")
    made = review.decide(store, INES, alert, "examine", REASON, NOW)
    assert sent(store) == [("lane", "A", ""), ("decision", "A", "examine")]
    with pytest.raises(Conflict, match="sent on"):
        review.undo(store, INES, made, SETTLED)


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_two_who_export_at_once_give_nothing_twice(any_store):
    put(any_store, 2, record_id=["A", "B"])
    others = []

    def write(_):
        others.append(beside.submit(sent, any_store))
        until_it_waits(any_store, others[0])

    with ThreadPoolExecutor(1) as beside:
        assert len(sent(any_store, write=write)) == 2
        assert others[0].result() == []


def test_an_undone_decision_is_never_sent(store):
    alert = taken(store)
    sent(store)
    made = review.decide(store, INES, alert, "examine", REASON, NOW)
    review.undo(store, INES, made, later(seconds=5))
    assert sent(store, later(hours=1)) == []


def test_a_release_that_waits_for_a_second_person_is_not_sent(store):
    alert = taken(store, record_id="A")
    sent(store)
    made = review.decide(store, INES, alert, "release", REASON, NOW)
    assert sent(store) == []
    review.confirm_release(store, OMAR, made, NOW)
    assert sent(store) == [("decision", "A", "release")]


def test_a_release_that_was_sent_and_then_reopened_is_withdrawn_once(store):
    alert = taken(store, record_id="A", lane="yellow")
    review.decide(store, INES, alert, "release", REASON, NOW)
    sent(store)
    review.reopen(store, SARA, alert, REASON, later(hours=1))
    assert sent(store, later(hours=2)) == [("withdrawn", "A", "release")]
    assert sent(store, later(hours=3)) == []


def test_a_file_that_could_not_be_written_is_sent_again(store):
    put(store, record_id="A")

    def full(_):
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        sent(store, write=full)
    kept = []
    assert sent(store, write=kept.append) == [("lane", "A", "")]
    assert kept[0]["selection_id"].str.startswith("lane:").all()


def test_since_leaves_out_what_is_older(store):
    put(store, 2, record_id=["A", "B"], created_at=[NOW, later(hours=1)])
    assert sent(store, later(hours=2), since=later(hours=1)) == [("lane", "B", "")]
    assert sent(store, later(hours=2)) == [("lane", "A", "")]


def test_since_counts_a_decision_from_when_it_became_what_is_sent(any_store):
    """A release from its confirmation, and one that is taken back from then."""
    red, yellow = taken(any_store, record_id="A"), taken(any_store, record_id="B", lane="yellow")
    made = review.decide(any_store, INES, red, "release", REASON, NOW)
    review.decide(any_store, INES, yellow, "release", REASON, NOW)
    assert ("decision", "B", "release") in sent(any_store, later(minutes=30))
    review.confirm_release(any_store, OMAR, made, later(hours=1))
    review.reopen(any_store, SARA, yellow, REASON, later(hours=1))
    assert sent(any_store, later(hours=3), since=later(hours=2)) == []
    assert sent(any_store, later(hours=3), since=later(minutes=30)) == [
        ("decision", "A", "release"),
        ("withdrawn", "B", "release"),
    ]


def test_an_operator_of_one_office_sends_its_own(store):
    put(store, 2, record_id=["A", "B"], office=[HERE, THERE])
    assert sent(store, actor=Actor("olga", "operator", THERE)) == [("lane", "B", "")]


def test_what_is_sent_names_no_party_and_no_reason(store):
    alert = taken(store, declaration=[{"consignee_name": "Ada Example"}])
    review.decide(store, INES, alert, "examine", "Ada Example is known here", NOW)
    table = selections.selections(store, OTTO, None, SETTLED)
    assert len(table) == 2 and "Ada" not in table.to_csv()
    assert row(store, alert)["exported_at"] == SETTLED
