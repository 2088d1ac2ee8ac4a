"""The supervisor's board: counts that can be checked by hand, and an alarm for nodding."""

from __future__ import annotations

from datetime import timedelta

import pytest

from riskprofile.errors import NotAllowed
from riskprofile.services import board, review, snoozing
from tests.services.bench import HERE, INES, NOW, OMAR, REASON, SARA, later, put, taken


def test_load_ageing_and_cut_are_counted_per_office(any_store):
    put(any_store, 3, points=[400, 350, 310])
    put(any_store, 2, lane="yellow", record_id=["Y-1", "Y-2"], due_at=later(hours=-1))
    [aside] = put(any_store, lane="yellow", record_id="Y-3")
    snoozing.snooze(any_store, INES, [aside], REASON, later(hours=9), NOW)
    examined = taken(any_store, record_id="XM-E", points=500)
    review.decide(any_store, INES, examined, "examine", REASON, later(minutes=1))
    [load] = board.board(any_store, SARA, later(minutes=30)).offices
    assert (load.code, load.capacity, load.examined, load.left) == (HERE, 40, 1, 39)
    assert (load.red, load.yellow, load.late, load.snoozed, load.cut) == (4, 2, 2, 1, 310)
    assert load.oldest == timedelta(minutes=30)


def test_overrides_are_decisions_that_differ_from_the_lane(any_store):
    for n, (lane, decision) in enumerate(
        (("red", "release"), ("red", "examine"), ("yellow", "examine"), ("yellow", "scan"))
    ):
        alert = taken(any_store, record_id=f"XM-{n}", lane=lane)
        review.decide(any_store, INES, alert, decision, REASON, NOW)
    found = board.board(any_store, SARA, later(minutes=5))
    assert (found.overrides, found.decided) == (
        [("red", "release", 1), ("yellow", "examine", 1)],
        4,
    )
    assert (found.meter.decisions, found.meter.agreed, found.meter.alarm) == (4, 2, False)


@pytest.mark.parametrize(("seconds", "alarm"), [(19, True), (20, False)])
def test_a_hundred_quick_decisions_that_all_agree_raise_the_alarm(store, seconds, alarm):
    for n in range(board.DECISIONS):
        at = later(minutes=n)
        alert = taken(store, now=at, record_id=f"XM-{n}")
        decided = at + timedelta(seconds=seconds)
        review.decide(store, INES, alert, "examine", REASON, decided)
    found = board.board(store, SARA, later(hours=3)).meter
    assert (found.decisions, found.agreed) == (100, 100)
    assert found.dwell == timedelta(seconds=seconds)
    assert found.alarm is alarm


def test_the_random_share_is_told_as_a_sum_and_no_officer_sees_the_board(store):
    put(store, 2, selected_by="random", probability=0.01)
    found = board.board(store, SARA, later(minutes=1))
    assert (found.drawn, found.drawn_examined, found.drawn_finds) == (2, 0, 0)
    with pytest.raises(NotAllowed):
        board.board(store, OMAR, NOW)
