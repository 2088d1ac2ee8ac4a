"""Travellers are rated by trips, bags and declarations, and by nothing about the person."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskprofile.features import booking
from riskprofile.history import Snapshot, view
from riskprofile.profiles import TRAVELLER
from riskprofile.tables import Table
from tests import factory
from tests.viewed import value

NOW = pd.Timestamp("2026-11-24 08:00", tz="UTC")


def days_ago(*days: float) -> list[pd.Timestamp]:
    return [NOW - pd.Timedelta(days=d) for d in days]


def travellers(n: int = 1, **columns: Any) -> Table:
    given = {"origin": "XAAAA", "destination": "XMMMM", **columns}
    return view(factory.travellers(n, **given), TRAVELLER)


def test_the_tenth_short_trip_with_heavy_bags_has_a_higher_value_than_the_first():
    history = Snapshot.from_views(
        [travellers(9, crossing_at=days_ago(*range(5, 50, 5)), person_ref="P")]
    )
    tenth = travellers(person_ref="P", bag_mass_kg=60.0, stay_nights=2.0)
    first = travellers(person_ref="Q", bag_mass_kg=60.0, stay_nights=2.0)
    assert value(booking.trips_90, tenth, history) == 9.0
    assert value(booking.heavy_short_trips, tenth, history) == 270.0
    assert value(booking.heavy_short_trips, first, history) == 0.0


def test_who_has_no_token_has_no_trips_and_not_everybodys():
    history = Snapshot.from_views(
        [travellers(5, crossing_at=days_ago(5, 4, 3, 2, 1), person_ref=None)]
    )
    assert pd.isna(value(booking.trips_90, travellers(person_ref=None), history))
    assert pd.isna(value(booking.persons_with_vehicle_90, travellers(), history))


def test_a_vehicle_that_several_persons_cross_with_counts_them():
    history = Snapshot.from_views(
        [
            travellers(
                3, crossing_at=days_ago(30, 20, 10), person_ref=["P", "Q", "R"], vehicle_ref="AB 12"
            )
        ]
    )
    assert value(booking.persons_with_vehicle_90, travellers(vehicle_ref="ab-12"), history) == 3.0
    assert value(booking.vehicle_trips_90, travellers(vehicle_ref="AB12"), history) == 3.0


def test_bags_are_compared_with_other_travellers_between_the_same_ends():
    masses = [15.0, 18.0, 20.0, 22.0] * 10
    earlier = NOW - pd.Timedelta(days=30)
    history = Snapshot.from_views([travellers(40, crossing_at=earlier, bag_mass_kg=masses)])
    assert value(booking.bag_mass_deviation, travellers(bag_mass_kg=60.0), history) > 3
    assert abs(value(booking.bag_mass_deviation, travellers(bag_mass_kg=19.0), history)) < 1
    elsewhere = travellers(bag_mass_kg=60.0, origin="XZZZZ")
    assert pd.isna(value(booking.bag_mass_deviation, elsewhere, history))


def test_tags_are_counted_against_bags():
    history = Snapshot()
    more = travellers(bag_tags="T1|T2|T3", checked_bags=1)
    assert value(booking.tags_against_bags, more, history) == 2.0
    assert pd.isna(value(booking.tags_against_bags, travellers(), history))


def test_declared_firearms_need_a_licence_and_nothing_declared_needs_none():
    feature = booking.declared_without_licence
    history = Snapshot()
    assert value(feature, travellers(firearms_declared=1), history) == 1.0
    assert value(feature, travellers(firearms_declared=1, firearm_licence="L1"), history) == 0.0
    assert value(feature, travellers(firearms_declared=0, ammunition_declared=0), history) == 0.0
    assert value(feature, travellers(ammunition_declared=50), history) == 1.0
    assert pd.isna(value(feature, travellers(), history))


def test_booked_the_day_before_reads_as_one_day():
    item = travellers(booked_at=NOW - pd.Timedelta(days=1))
    assert value(booking.days_booked_ahead, item, Snapshot()) == 1.0


def test_everything_about_the_person_may_change_and_no_number_does():
    plain = factory.travellers(3, origin="XAAAA", destination="XMMMM", person_ref=["P", "Q", "R"])
    other = plain.assign(
        **{
            name: pd.Series(["A", "B", "C"], dtype=plain[name].dtype)
            for name in TRAVELLER.protected("P1")
        },
        name=pd.Series(["New Name"] * 3, dtype=plain["name"].dtype),
    )
    history = Snapshot.from_views([view(plain, TRAVELLER).assign(time=NOW - pd.Timedelta(days=9))])
    for feature in booking.FEATURES:
        pd.testing.assert_series_equal(
            feature.compute(view(plain, TRAVELLER), history),
            feature.compute(view(other, TRAVELLER), history),
        )
