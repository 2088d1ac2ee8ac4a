"""The supervisor's board: counts that can be checked by hand, and an alarm for nodding."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from riskprofile.errors import NotAllowed, UsageError
from riskprofile.scoring.scorecard import ENOUGH_EXAMINED, ENOUGH_FINDS
from riskprofile.services import board, cut, review, snoozing
from riskprofile.services.evidence import Weight
from riskprofile.store.tables import Audit
from tests.services.bench import HERE, INES, NOW, OMAR, REASON, SARA, THERE, later, put, taken


def test_load_ageing_and_cut_are_counted_per_office(any_store):
    put(any_store, 3, points=[400, 350, -45], red_from=310)  # an indicator made the last one red
    put(any_store, 2, lane="yellow", record_id=["Y-1", "Y-2"], due_at=later(hours=-1))
    [aside] = put(any_store, lane="yellow", record_id="Y-3")
    snoozing.snooze(any_store, INES, [aside], REASON, later(hours=9), NOW)
    examined = taken(any_store, record_id="XM-E", points=500)
    review.decide(any_store, INES, examined, "examine", REASON, later(minutes=1))
    [load] = board.board(any_store, SARA, later(minutes=30)).offices
    assert (load.code, load.capacity, load.examined, load.left) == (HERE, 40, 1, 39)
    assert (load.red, load.yellow, load.late, load.snoozed) == (4, 2, 2, 1)
    assert load.cut == {"shipment": 310}
    assert load.oldest == timedelta(minutes=30)


def test_goods_and_travellers_are_cut_at_points_of_their_own(any_store):
    put(any_store, 2, points=[400, 350], red_from=310)
    put(any_store, record_id="XT-1", profile="traveller", points=-450, red_from=-500)
    [load] = board.board(any_store, SARA, later(minutes=30)).offices
    assert load.cut == {"shipment": 310, "traveller": -500}


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


def test_a_random_control_that_was_examined_anew_counts_with_its_last_outcome(any_store):
    alert = taken(any_store, selected_by="random", probability=0.01)
    review.decide(any_store, INES, alert, "examine", REASON, NOW)
    find = {"items": [{"kind": "part"}], "methods": ["opened"]}
    made = review.record_outcome(any_store, INES, alert, "trafficking", NOW, **find)
    review.confirm_outcome(any_store, OMAR, made, NOW)
    review.reopen(any_store, SARA, alert, "it was another consignment's carton", NOW)
    review.record_outcome(any_store, INES, alert, "not_examined", NOW)
    found = board.board(any_store, SARA, later(minutes=1))
    assert (found.drawn, found.drawn_examined, found.drawn_finds) == (1, 0, 0)


def test_so_many_examinations_reach_the_top_of_the_list_and_say_where_it_is_cut(any_store):
    put(any_store, 3, points=[400, 350, 310])
    put(any_store, 2, lane="yellow", record_id=["Y-1", "Y-2"], points=[290, 280], rank=[4, 5])
    told = cut.cut(any_store, SARA, HERE, 4, NOW)
    assert (told.reached, told.red, told.yellow, told.beyond, told.points) == (4, 3, 1, 1, 290)
    assert (told.finds, told.more) == (None, None)  # no outcome stands behind a probability
    whole = cut.cut(any_store, SARA, HERE, 40, NOW)
    assert (whole.reached, whole.beyond, whole.points) == (5, 0, None)
    nothing = cut.cut(any_store, SARA, HERE, 0, NOW)
    assert (nothing.reached, nothing.points, nothing.beyond) == (0, None, 5)


def test_expected_finds_are_told_once_outcomes_are_enough(store, monkeypatch):
    put(store, 3, points=[400, 350, 310], score=[0.5, 0.25, 0.125])
    monkeypatch.setattr(cut, "weighed", lambda *_: Weight(ENOUGH_EXAMINED, ENOUGH_FINDS))
    told = cut.cut(store, SARA, HERE, 1, NOW)
    assert (told.finds, told.more) == (0.5, 0.375)


def test_a_supervisor_says_how_many_examinations_the_office_can_make(any_store):
    cut.set_capacity(any_store, SARA, HERE, 25, NOW)
    [load] = board.board(any_store, SARA, NOW).offices
    assert load.capacity == 25
    with any_store.read() as connection:
        [row] = connection.execute(
            select(Audit.detail).where(Audit.action == "office.capacity")
        ).scalars()
    assert row == {"from": 40, "to": 25}
    cut.set_capacity(any_store, SARA, HERE, 25, NOW)  # nothing changes, nothing is written
    with pytest.raises(UsageError):
        cut.set_capacity(any_store, SARA, HERE, -1, NOW)
    with pytest.raises(NotAllowed):
        cut.set_capacity(any_store, SARA, THERE, 5, NOW)
    with pytest.raises(NotAllowed):
        cut.set_capacity(any_store, OMAR, HERE, 5, NOW)


def test_agreement_and_reading_time_are_told_of_each_shift_of_the_offices_clock(store):
    for n, (hours, decision, seconds) in enumerate(
        ((0, "examine", 10), (0, "release", 30), (-5, "examine", 8), (-30, "examine", 9))
    ):
        at = later(hours=hours, minutes=n)
        alert = taken(store, now=at, record_id=f"XM-{n}")
        review.decide(store, INES, alert, decision, REASON, at + timedelta(seconds=seconds))
    late, early = board.board(store, SARA, later(minutes=30)).shifts
    assert (late.meter.decisions, late.meter.agreed) == (2, 1)
    assert late.meter.dwell == timedelta(seconds=20)
    assert (early.meter.decisions, early.meter.agreed) == (1, 1)
    assert early.meter.dwell == timedelta(seconds=8)
    assert late.begins == early.ends


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        ("2026-11-24T06:00+01:00", "2026-11-24T06:00+01:00"),
        ("2026-11-24T13:59+01:00", "2026-11-24T06:00+01:00"),
        ("2026-11-24T23:00+01:00", "2026-11-24T22:00+01:00"),
        ("2026-11-24T05:59+01:00", "2026-11-23T22:00+01:00"),
    ],
)
def test_a_shift_begins_at_six_two_or_ten(at, begins):
    told = board.shift_of(datetime.fromisoformat(at), ZoneInfo("Europe/Paris"))
    assert told == datetime.fromisoformat(begins)
