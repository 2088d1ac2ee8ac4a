"""What of an office's today is given out, and what is kept for what still comes."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from riskprofile.errors import NotAllowed
from riskprofile.services import blind, capacity, cut
from riskprofile.services.cut import Today
from riskprofile.services.rights import Actor
from riskprofile.store.database import Store
from tests.services.bench import HERE, INES, NOW, SARA, THERE, later, put

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
    put(any_store, 2, record_id=["W", "X"], version=2, blind=blind.WAITING)
    found = cut.cut(any_store, SARA, HERE, 4, NOW)
    assert (found.own_view, found.red, found.yellow, found.beyond) == (2, 2, 0, 1)
    assert found.own_view + found.red + found.yellow == found.reached
