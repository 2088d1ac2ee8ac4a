"""The supervisor's board: counts that can be checked by hand, and an alarm for nodding."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from riskprofile.errors import NotAllowed, UsageError
from riskprofile.services import agreement, blind, board, capacity, cut, review, snoozing
from riskprofile.store.office_tables import Audit
from tests.plans import read_whole
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
    put_offices,
    taken,
)


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
    kinds = [(one.lane, one.decision, one.count) for one in found.overrides.kinds]
    assert kinds == [("red", "release", 1), ("yellow", "examine", 1)]
    assert (found.overrides.count, found.overrides.decided) == (2, 4)
    assert (found.meter.decisions, found.meter.agreed, found.meter.alarm) == (4, 2, False)


def test_decisions_of_years_are_not_gone_through_for_those_of_the_last_days(store):
    alert = taken(store)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    with read_whole() as told:
        board.board(store, SARA, later(minutes=5))
    whole = [asked for asked, tables in told.items() if "decision" in tables]
    assert [asked for asked in whole if "confirmed_at IS NULL" not in asked] == []  # of any age


@pytest.mark.parametrize(("seconds", "alarm"), [(19, True), (20, False)])
def test_a_hundred_quick_decisions_that_all_agree_raise_the_alarm(store, seconds, alarm):
    for n in range(agreement.DECISIONS):
        at = later(minutes=n)
        alert = taken(store, now=at, record_id=f"XM-{n}")
        decided = at + timedelta(seconds=seconds)
        review.decide(store, INES, alert, "examine", REASON, decided)
    found = board.board(store, SARA, later(hours=3)).meter
    assert (found.decisions, found.agreed) == (100, 100)
    assert found.dwell == timedelta(seconds=seconds)
    assert found.alarm is alarm


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
    told = agreement.shift_of(datetime.fromisoformat(at), ZoneInfo("Europe/Paris"))
    assert told == datetime.fromisoformat(begins)


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-10-24T23:30+02:00", "2026-10-25T06:00+01:00"),  # nine hours
        ("2026-10-25T02:30+01:00", "2026-10-25T06:00+01:00"),  # the second time that it is so late
        ("2026-03-28T23:30+01:00", "2026-03-29T06:00+02:00"),  # seven
        ("2026-11-24T23:30+01:00", "2026-11-25T06:00+01:00"),
    ],
)
def test_a_night_shift_ends_at_six_when_the_clock_changes_too(at, ends):
    made = [agreement.Made(datetime.fromisoformat(at), HERE, True, None)]
    [shift] = agreement.shifts(made, [], ZoneInfo("Europe/Paris"))
    assert shift.ends == datetime.fromisoformat(ends)


@pytest.mark.parametrize(
    ("zone", "told"), [("Europe/Paris", ("Europe/Paris", 6)), ("America/Bogota", ("UTC", 7))]
)
def test_shifts_of_several_offices_are_those_of_their_clock_if_they_have_one(store, zone, told):
    put_offices(store, [{"code": THERE, "name": "North Gate", "zone": zone, "capacity": 10}])
    alert = taken(store)
    review.decide(store, INES, alert, "examine", REASON, later(minutes=1))
    found = board.board(store, dataclasses.replace(SARA, office=None), later(minutes=5))
    begins = found.shifts[0].begins.astimezone(ZoneInfo("Europe/Paris"))
    assert (found.zone, begins.hour) == told  # of two clocks UTC's


RANGES = {"agrees": (0.70, 0.95), "quick": (0.0, 0.08), "held": (0.60, 1.0)}


def marks(store, at):
    """The measures of the last shift, by name: count, total, and whether within."""
    shift = board.board(store, SARA, at).shifts[0]
    return {one.name: (one.share.count, one.share.total, one.within) for one in shift.marks(RANGES)}


def test_a_shift_is_judged_by_what_was_agreed_and_not_of_too_few(store):
    for n in range(20):
        at = later(minutes=n)
        alert = taken(store, now=at, record_id=f"XM-{n}")
        decision = "release" if n < 2 else "examine"
        # In 9 s one has not read; 10 s count as read.
        decided = at + timedelta(seconds=9 if n in (3, 4) else 10)
        review.decide(store, INES, alert, decision, REASON, decided)
        if n == 18:
            assert marks(store, later(minutes=19))["agrees"] == (17, 19, None)
    assert marks(store, later(minutes=30)) == {
        "agrees": (18, 20, True),
        "quick": (2, 20, False),
        "held": (0, 0, None),
    }


def test_an_own_view_against_the_lane_is_held_where_the_decision_does_not_follow_the_lane(store):
    for n in range(7):
        view, decision = ("documents", "documents") if n < 4 else ("documents", "examine")
        view = "examine" if n == 6 else view
        alert = taken(store, record_id=f"XM-{n}", blind=blind.WAITING)
        blind.say(store, INES, alert, view, REASON, later(minutes=n + 1))
        review.decide(store, INES, alert, decision, REASON, later(minutes=n + 2))
    found = board.board(store, SARA, later(minutes=30))
    # Six views were against red, four of them are still; the seventh agreed.
    assert marks(store, later(minutes=30))["held"] == (4, 6, True)
    assert (found.bias.swayed.count, found.bias.swayed.total) == (2, 6)
    assert (found.bias.own.count, found.bias.own.total) == (1, 7)


def test_the_strip_counts_what_is_open_free_found_and_comes_back_today(any_store):
    put(any_store, 3, record_id=["R-1", "R-2", "R-3"])
    review.claim(any_store, INES, taken(any_store, record_id="R-4"), NOW)
    put(any_store, record_id="W", blind=blind.WAITING)
    for name, hours in (("S-1", 2), ("S-2", 9), ("S-3", 40)):  # today, today, the day after
        [aside] = put(any_store, lane="yellow", record_id=name)
        snoozing.snooze(any_store, INES, [aside], REASON, later(hours=hours), NOW)
    find = {"items": [{"kind": "part"}], "methods": ["opened"]}
    for name, at in (("F-1", NOW), ("F-2", later(hours=-30))):
        alert = taken(any_store, record_id=name, now=at)
        review.decide(any_store, INES, alert, "examine", REASON, at)
        review.record_outcome(any_store, INES, alert, "trafficking", at, **find)
    put(any_store, 5, record_id=[f"N-{n}" for n in range(5)], office=THERE)
    found = board.board(any_store, SARA, later(minutes=30))
    [load] = found.offices
    assert (load.open, load.red, load.blind, load.red_free) == (5, 4, 1, 3)
    assert (load.snoozed, load.ending, load.finds, load.examined) == (3, 2, 1, 1)
    assert (found.second, load.green) == (2, None)
    all_offices = board.board(any_store, dataclasses.replace(SARA, office=None), NOW).offices
    assert [(one.code, one.open) for one in all_offices] == [(THERE, 5), (HERE, 5)]


def test_green_is_what_came_today_without_an_alert(any_store):
    put(any_store, 2, record_id=["A", "B"])
    put(any_store, record_id="C", state="closed", lane="yellow")
    put(any_store, record_id="arrives today", created_at=later(days=-2), due_at=later(hours=3))
    put(any_store, record_id="tomorrow", due_at=later(days=1))
    put(any_store, record_id="yesterday", created_at=later(days=-1), due_at=later(hours=-20))
    assert board.board(any_store, SARA, NOW).offices[0].green is None
    with any_store.write() as connection:
        for profile, many in (("shipment", 100), ("traveller", 7)):
            lists = [(f"{HERE} on 2026-11-24", {5: many}, 0), (f"{HERE} on 2026-11-25", {5: 9}, 0)]
            capacity.brought(connection, profile, NOW, lists, "card")
    assert board.board(any_store, SARA, NOW).offices[0].green == 107 - 4
