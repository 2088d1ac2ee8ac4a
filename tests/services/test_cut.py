"""What of an office's today is given out, and what is kept for what still comes."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from riskprofile.errors import NotAllowed
from riskprofile.scoring.control import Missed
from riskprofile.scoring.scorecard import ENOUGH_EXAMINED, ENOUGH_FINDS
from riskprofile.services import blind, capacity, cut, review
from riskprofile.services.cut import Today
from riskprofile.services.evidence import Weight
from riskprofile.services.rights import Actor
from riskprofile.store.alert_tables import BY_HAND
from riskprofile.store.database import Store
from tests.services.bench import HERE, INES, NOW, REASON, SARA, THERE, later, put, taken

PARIS = ZoneInfo("Europe/Paris")  # of HERE: it is nine there


def told(store: Store) -> Today:
    """Of shipments, here and now."""
    [one] = cut.today(store, SARA, HERE, ("shipment",), NOW)
    return one


def came(store: Store, days_ago: int, hour: int, many: int, profile: str = "shipment") -> None:
    """A list that was rated at this hour, of the day of that time."""
    at = (NOW.astimezone(PARIS) - timedelta(days=days_ago)).replace(hour=hour)
    with store.write() as connection:
        name = f"{HERE} on {at.date().isoformat()}"
        capacity.brought(connection, profile, at, [(name, {7: many}, 0)], "card")


def test_examinations_given_today_are_those_of_todays_lists_alone(any_store):
    put(any_store, 3, record_id=["A", "B", "C"], state=["open", "closed", "superseded"])
    put(any_store, record_id="yellow", lane="yellow")
    put(any_store, record_id="tomorrow", due_at=later(days=1))
    put(any_store, record_id="yesterday", due_at=later(days=-2), created_at=later(days=-1))
    put(any_store, record_id="there", office=THERE)
    put(any_store, record_id="arrived before", due_at=later(days=-2))
    put(any_store, record_id="traveller", profile="traveller")
    assert told(any_store) == Today("shipment", given=3, coming=None)
    both = cut.today(any_store, SARA, HERE, ("shipment", "traveller"), NOW)
    assert [one.given for one in both] == [3, 1]


def test_what_still_comes_is_the_middle_of_what_came_later_on_days_before(any_store):
    assert told(any_store).coming is None
    for days_ago, later_on in ((1, 10), (2, 300), (3, 20)):
        came(any_store, days_ago, 8, 1000)
        came(any_store, days_ago, 14, later_on)
    came(any_store, 0, 8, 400)  # of today: known, and over
    came(any_store, 1, 14, 5000, "traveller")
    assert told(any_store).coming == 20


def test_what_is_left_is_kept_as_long_as_something_still_comes():
    assert Today("shipment", 12, 310).kept(40) == 28
    assert Today("shipment", 45, 310).kept(40) == 0  # indicators raise beyond the capacity
    assert Today("shipment", 12, 0).kept(40) == 0
    assert Today("shipment", 12, None).kept(40) == 0


@pytest.mark.parametrize("lane", ["red", "yellow"])
def test_the_figure_does_not_tell_the_lane_of_what_waits_for_an_own_view(any_store, lane):
    put(any_store, record_id="W", lane=lane, blind=blind.WAITING)
    assert told(any_store).given == 1


def test_it_is_told_to_supervisors_of_the_office_alone(store):
    for actor in (INES, Actor("sam", "supervisor", THERE), Actor("olga", "operator")):
        with pytest.raises(NotAllowed):
            cut.today(store, actor, HERE, ("shipment",), NOW)
    everywhere = Actor("susi", "supervisor")
    assert cut.today(store, everywhere, "XMZZZ", ("shipment",), NOW) == []


def test_what_is_reached_adds_up_with_what_waits_for_an_own_view(any_store):
    put(any_store, 2, record_id=["A", "B"])
    put(any_store, record_id="C", lane="yellow")
    put(any_store, 2, record_id=["W", "X"], version=2, blind=blind.WAITING, score=0.9)
    reached = cut.reach(any_store, SARA, HERE, "shipment", NOW)
    found = reached.cut(4)
    assert (found.own_view, found.red, found.yellow, found.beyond) == (2, 2, 0, 1)
    assert found.own_view + found.red + found.yellow == found.reached
    assert [one.points for one in reached.top[:2]] == [None, None]  # and no chance of a find
    assert [one.score for one in reached.top[:2]] == [None, None]


def test_so_many_examinations_reach_the_top_of_the_list_and_say_where_it_is_cut(any_store):
    put(any_store, 3, points=[400, 350, 310])
    put(any_store, 2, lane="yellow", record_id=["Y-1", "Y-2"], points=[290, 280], rank=[4, 5])
    reached = cut.reach(any_store, SARA, HERE, "shipment", NOW)
    told = reached.cut(4)
    assert (told.left, told.reached, told.red, told.yellow, told.beyond) == (4, 4, 3, 1, 1)
    assert (told.points, told.below, told.below_points) == (290, {"yellow": 1}, (280, 280))
    assert (told.finds, told.more, told.at_random) == (None, None, None)  # no outcome behind it
    whole = reached.cut(40)
    assert (whole.reached, whole.beyond, whole.points, whole.below) == (5, 0, None, {})
    nothing = reached.cut(0)
    assert (nothing.reached, nothing.points, nothing.beyond) == (0, None, 5)
    assert cut.reach(any_store, SARA, HERE, "traveller", NOW).cut(4).reached == 0


def test_what_was_examined_today_is_of_the_number_and_how_long_it_takes_is_of_outcomes(any_store):
    for n, minutes in enumerate((20, 35, 90, None)):
        alert = taken(any_store, record_id=f"E-{n}")
        review.decide(any_store, INES, alert, "examine", REASON, NOW)
        more = {"methods": ["opened"], "minutes": minutes}
        review.record_outcome(any_store, INES, alert, "nothing", later(minutes=n + 1), **more)
    put(any_store, 8, record_id=[f"O-{n}" for n in range(8)])
    reached = cut.reach(any_store, SARA, HERE, "shipment", later(hours=1))
    assert (reached.made, reached.minutes) == (4, 35)
    told = reached.cut(10)
    assert (told.left, told.reached, told.beyond) == (6, 6, 2)
    assert told.work == timedelta(hours=5, minutes=50)


def test_expected_finds_are_told_once_outcomes_are_enough(store, monkeypatch):
    put(store, 3, points=[400, 350, 310], score=[0.5, 0.25, 0.125])
    monkeypatch.setattr(cut, "weighed", lambda *_: Weight(ENOUGH_EXAMINED, ENOUGH_FINDS))
    told = cut.reach(store, SARA, HERE, "shipment", NOW).cut(1)
    assert told.finds == (0.5, 0, 1)
    # None of the next two is a find in 0.75 x 0.875 of the days, both are in 0.03125.
    assert told.more == (0.375, 0, 2)


def test_no_find_is_foretold_of_what_was_rated_without_a_probability(store, monkeypatch):
    """Outcomes are enough, and no scorecard that was fitted on them has rated these alerts."""
    monkeypatch.setattr(cut, "weighed", lambda *_: Weight(ENOUGH_EXAMINED, ENOUGH_FINDS))
    put(store, 3)
    reached = cut.reach(store, SARA, HERE, "shipment", NOW)
    assert not reached.known and reached.curve == []
    assert (reached.cut(2).finds, reached.cut(2).more) == (None, None)
    more = {"profile": "traveller", "lane": "yellow"}
    put(store, 2, score=0.5, **more)
    put(store, record_id="by hand", selected_by=BY_HAND, **more)
    put(store, record_id="not rated", points=None, **more)
    reached = cut.reach(store, SARA, HERE, "traveller", NOW)
    assert reached.known and reached.cut(4).finds == (1.0, 0, 2)


def test_finds_are_those_of_what_is_still_to_be_made_by_rank_as_at_random(store, monkeypatch):
    for n in range(4):
        alert = taken(store, record_id=f"E-{n}")
        review.decide(store, INES, alert, "examine", REASON, NOW)
    put(store, 20, score=0.25)
    monkeypatch.setattr(cut, "weighed", lambda *_: Weight(ENOUGH_EXAMINED, ENOUGH_FINDS))
    passed = Missed(100, 20, 5000.0, 0.2, 0.1, 0.3)
    reached = cut.reach(store, SARA, HERE, "shipment", later(hours=1), passed_over=passed)
    told = reached.cut(10)
    assert (told.finds.finds, told.at_random) == (1.5, pytest.approx(1.2))  # of six
    # With two four are made already: of ten more eight are still to be made.
    assert (reached.cut(2).more.finds, reached.cut(2).at_random) == (2.0, 0.0)


def test_the_interval_of_finds_is_that_of_independent_draws():
    assert cut.expected([])[-1] == (0.0, 0, 0)
    # Of 40 with one chance in ten: 2.5 % ends of the binomial distribution (R: qbinom).
    told = cut.expected([0.1] * 40)[-1]
    assert told.finds == pytest.approx(4.0)
    assert (told.low, told.high) == (1, 8)
    assert cut.expected([1.0] * 3)[-1] == (3.0, 3, 3)


def test_the_top_of_the_list_is_read_however_much_is_open(store):
    put(store, 300, lane="yellow", points=[500 - n for n in range(300)])
    reached = cut.reach(store, SARA, HERE, "shipment", NOW)
    assert len(reached.top) == cut.STEPS + cut.NEXT
    told = reached.cut(120)
    assert (told.points, told.beyond, told.below_points) == (381, 180, (371, 380))
    wide = cut.reach(store, SARA, HERE, "shipment", NOW, 250)
    assert (wide.cut(250).points, wide.cut(250).beyond) == (251, 50)
