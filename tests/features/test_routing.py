"""How goods move: rarity and detour come from history, and no place is known by name."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskprofile.features import routing
from riskprofile.history import Snapshot, view
from riskprofile.profiles import SHIPMENT
from riskprofile.tables import Table
from tests import factory
from tests.viewed import LAST_MONTH, shipments, value


def past(n: int, **columns: Any) -> Table:
    return shipments(n, lodged_at=LAST_MONTH, **columns)


def test_a_lane_never_taken_has_a_smaller_share_than_one_in_daily_use():
    history = Snapshot.from_views([past(99, country_of_origin="XA")])
    often = value(routing.lane_share, shipments(country_of_origin="XA"), history)
    never = value(routing.lane_share, shipments(country_of_origin="XB"), history)
    assert often == 99.5 / 100 * 1e4
    assert never == 0.5 / 100 * 1e4


def test_goods_that_never_take_a_busy_lane_are_not_at_home_on_it():
    history = Snapshot.from_views(
        [
            past(500, country_of_origin="XA", hs_code="620342"),
            past(500, country_of_origin="XB", hs_code="940370"),
        ]
    )
    home = shipments(country_of_origin="XB", hs_code="940370")
    away = shipments(country_of_origin="XA", hs_code="940370")
    unknown = shipments(country_of_origin="XA", hs_code="710391")
    assert value(routing.goods_at_home_on_lane, home, history) > 1.5
    assert value(routing.goods_at_home_on_lane, away, history) < 0.2
    assert value(routing.goods_at_home_on_lane, unknown, history) == 1.0
    assert value(routing.goods_lane_share, home, history) > value(
        routing.goods_lane_share, away, history
    )


def test_the_usual_hub_is_no_detour_and_a_further_leg_is():
    history = Snapshot.from_views([past(20, route="XAAAA|XHHUB|XMMMM")])
    usual = shipments(route="XAAAA|XHHUB|XMMMM")
    longer = shipments(route="XAAAA|XHHUB|XQQQQ|XMMMM")
    assert value(routing.extra_legs, usual, history) == 0.0
    assert value(routing.extra_legs, longer, history) == 1.0
    assert value(routing.route_share, usual, history) > 90
    assert value(routing.route_share, longer, history) < 5


def test_a_lane_that_is_hardly_known_has_no_usual_route():
    history = Snapshot.from_views([past(3, route="XAAAA|XMMMM")])
    item = shipments(route="XAAAA|XQQQQ|XMMMM")
    assert pd.isna(value(routing.extra_legs, item, history))
    assert pd.isna(value(routing.route_share, item, history))


def test_renaming_every_country_changes_nothing():
    codes = ["country_of_origin", "country_of_export", "country_of_destination"]
    names = {"XA": "XQ", "XB": "XR", "XM": "XS"}
    before = factory.shipments(60, lodged_at=LAST_MONTH, country_of_origin=["XA", "XB", "XA"] * 20)
    items = factory.shipments(3, country_of_origin=["XA", "XB", "XM"])

    def renamed(table: Table) -> Table:
        return table.assign(
            **{code: table[code].map(names).astype(table[code].dtype) for code in codes}
        )

    for feature in routing.FEATURES:
        given = feature.compute(
            view(items, SHIPMENT), Snapshot.from_views([view(before, SHIPMENT)])
        )
        other = feature.compute(
            view(renamed(items), SHIPMENT), Snapshot.from_views([view(renamed(before), SHIPMENT)])
        )
        pd.testing.assert_series_equal(given, other)


def test_origin_and_export_are_compared_only_when_both_are_known():
    history = Snapshot()
    assert value(routing.origin_differs, shipments(country_of_origin="XB"), history) == 1.0
    assert value(routing.origin_differs, shipments(), history) == 0.0
    assert pd.isna(value(routing.origin_differs, shipments(country_of_origin=None), history))
    assert value(routing.sender_elsewhere, shipments(consignor_country="XB"), history) == 1.0
    assert value(routing.receiver_elsewhere, shipments(consignee_country="XM"), history) == 0.0


def test_lodging_after_arrival_is_a_negative_number_of_days():
    early = shipments(arrival_at=pd.Timestamp("2026-11-24 08:00", tz="UTC"))
    late = shipments(arrival_at=pd.Timestamp("2026-11-18 08:00", tz="UTC"))
    assert value(routing.days_before_arrival, early, Snapshot()) == 4.0
    assert value(routing.days_before_arrival, late, Snapshot()) == -2.0


def test_finds_under_the_same_heading_and_lane_are_counted():
    history = Snapshot.from_views([], [past(2, hs_code="841911")])
    feature = routing.finds_of_goods_on_lane
    assert value(feature, shipments(hs_code="841919"), history) == 2.0
    assert value(feature, shipments(hs_code="841919", transport_mode="air"), history) == 0.0
