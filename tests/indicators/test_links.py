"""What links rows of one batch: the same parcel alone, and beside its fellows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from riskprofile.columns import Column, View
from riskprofile.history import Snapshot, view
from riskprofile.indicators import links
from riskprofile.profiles import SHIPMENT, TRAVELLER
from riskprofile.tables import Indicator, Table
from tests import factory
from tests.viewed import NOW, days_ago

HOME = {
    "transport_mode": "post",
    "consignee_type": "private",
    "consignee_id": None,
    "consignee_address": "1 Quay",
    "net_mass_kg": 2.0,
    "quantity": 20.0,
}


def shipments(n: int, **columns: Any) -> Table:
    return view(factory.shipments(n, **columns), SHIPMENT)[list(links.SHIPMENT_COLUMNS)]


def fired(indicator: Indicator, items: Table, history: Snapshot | None = None) -> list[bool]:
    return list(indicator.compute(items, Snapshot() if history is None else history))


def test_three_parcels_of_small_parts_from_one_sender_are_one_order():
    parcels = {**HOME, "consignor_id": "S1", "consignee_name": "Ada Moss"}
    assert fired(links.split_consignments, shipments(3, **parcels)) == [True] * 3
    assert fired(links.split_consignments, shipments(2, **parcels)) == [False] * 2
    firm = {**parcels, "consignee_type": "business"}
    assert fired(links.split_consignments, shipments(3, **firm)) == [False] * 3
    chairs = {**parcels, "quantity": 1.0, "net_mass_kg": 4.0}
    assert fired(links.split_consignments, shipments(3, **chairs)) == [False] * 3


def test_parcels_months_apart_are_not_one_order():
    apart = shipments(3, **{**HOME, "consignor_id": "S1"}, lodged_at=days_ago(90, 60, 0))
    assert not any(fired(links.split_consignments, apart))


def test_days_are_counted_over_all_of_an_order_and_not_from_pause_to_pause():
    parcels = {**HOME, "consignor_id": "S1", "consignee_name": "Ada Moss"}
    weeks = shipments(3, **parcels, lodged_at=days_ago(26, 13, 0))
    assert fired(links.split_consignments, weeks) == [False] * 3
    last = shipments(4, **parcels, lodged_at=days_ago(26, 12, 6, 0))
    assert fired(links.split_consignments, last) == [False, True, True, True]
    names, senders = ["Ada Moss", "Bo Reed", "Cy Lund"], ["S1", "S2", "S3"]
    parts = ["pistol frame, polymer", "Glock slide assembly", "pistol barrel 9mm"]
    for days, found in (((170, 85, 0), False), ((90, 45, 0), True)):
        at = {**HOME, "lodged_at": days_ago(*days)}
        several = shipments(3, **at, consignee_name=names, consignor_id=senders)
        assert fired(links.repeat_address_network, several) == [found] * 3
        sent = shipments(3, **at, consignor_phone="555", consignor_name=names)
        assert fired(links.sender_identity_inconsistent, sent) == [found] * 3
        weapon = shipments(3, **at, goods_description=parts)
        assert fired(links.complementary_parts, weapon) == [found] * 3


def test_what_is_near_each_row_is_counted_as_one_counts_it_by_hand():
    random = np.random.default_rng(7)
    for size in (0, 1, 60):
        key, value = random.integers(0, 4, size), random.integers(0, 5, size)
        day, hour = random.integers(-30, 30, size), random.integers(0, 24, size)
        time = day.astype("M8[D]").astype("M8[us]") + hour.astype("m8[h]")
        chosen = random.random(size) < 0.4
        gone = random.random(size) < 0.1
        held = {"key": Column(key, gone), "time": Column(time)}
        near = links.Near(View(held, size), "key", 5)
        of, where = Column(value), Column(chosen)
        apart = day[:, None] - day[None, :]
        same = (key[:, None] == key[None, :]) & ~gone[:, None] & ~gone[None, :]
        by_hand = same & (apart >= 0) & (apart <= 5)
        for mask, asked in ((None, np.ones(size, dtype=bool)), (where, chosen)):
            counts = [len({*value[row & asked].tolist()}) for row in by_hand]
            assert near.distinct(of, mask).tolist() == counts
        company = [bool((column & chosen).any()) for column in by_hand.T]
        assert near.company(where).tolist() == company


def test_a_key_says_of_its_rows_without_the_others_what_all_keys_say():
    """So a run is asked key by key, of the rows with some of its values at a time."""
    apart = {"consignee_name": ["Ada", "Bo", "Cy", "Di"], "consignee_phone": ["1", "2", "3", "4"]}
    where = {"consignee_address": ["1 Quay"] * 3 + ["9 Lane"]}
    items = shipments(4, **{**HOME, **where, **apart, "consignor_id": "S1"})
    sign = links.split_consignments
    assert fired(sign, items) == [True, True, True, False]
    for key in sign.by:
        hidden = {other: pd.array([None] * 4, dtype="Int64") for other in sign.by if other != key}
        by_address = key == "consignee_address_key"
        assert fired(sign, items.assign(**hidden)) == [by_address] * 3 + [False]


def test_three_names_at_one_address_fire_and_three_in_a_block_of_flats_do_not():
    names = ["Ada Moss", "Bo Reed", "Cy Lund"]
    parcels = shipments(3, **HOME, consignee_name=names, consignor_id=["S1", "S2", "S3"])
    sign = links.repeat_address_network
    assert fired(sign, parcels) == [True] * 3
    history = Snapshot.from_views([view_of(60, names * 20, range(100, 160))])
    assert fired(sign, parcels, history) == [False] * 3
    one_name = shipments(3, **HOME, consignee_name="Ada Moss", consignor_id=["S1", "S2", "S3"])
    assert fired(sign, one_name) == [False] * 3


def view_of(n: int, names: list[str], days: range) -> Table:
    table = factory.shipments(n, **HOME, consignee_name=names, lodged_at=days_ago(*days))
    return view(table, SHIPMENT)


def test_names_seen_before_this_batch_count_as_well():
    history = Snapshot.from_views([view_of(2, ["Ada Moss", "Bo Reed"], range(10, 12))])
    third = shipments(1, **HOME, consignee_name="Cy Lund", consignor_id="S9")
    assert fired(links.repeat_address_network, third, history) == [True]
    assert fired(links.repeat_address_network, third) == [False]


def test_three_sender_names_on_one_number_fire_and_a_shop_counter_does_not():
    names = ["A One", "B Two", "C Three"]
    sign = links.sender_identity_inconsistent
    sent = {"transport_mode": "post", "consignor_phone": "555"}
    assert fired(sign, shipments(3, **sent, consignor_name=names)) == [True] * 3
    assert fired(sign, shipments(3, **sent, consignor_name="A One")) == [False] * 3
    assert fired(sign, shipments(60, **sent, consignor_name=names * 20)) == [False] * 60


def test_frame_slide_and_barrel_in_three_parcels_make_a_firearm():
    texts = ["pistol frame, polymer", "Glock slide assembly", "pistol barrel 9mm"]
    sign = links.complementary_parts
    assert sign.raises == "red"
    parcels = shipments(3, **HOME, goods_description=texts)
    assert fired(sign, parcels) == [True] * 3
    assert fired(sign, parcels.iloc[:2]) == [False] * 2
    gunsmith = shipments(3, **HOME, goods_description=texts, licence_number="G-1")
    assert fired(sign, gunsmith) == [False] * 3
    sights = ["red dot sight", "rifle stock", "pistol grip"]
    assert fired(sign, shipments(3, **HOME, goods_description=sights)) == [False] * 3
    addresses = {**HOME, "consignee_address": ["1 Quay", "2 Hill", "3 Mill"]}
    assert fired(sign, shipments(3, **addresses, goods_description=texts)) == [False] * 3


def test_rows_without_address_or_name_are_never_joined():
    nobody = {**HOME, "consignee_address": None, "consignor_id": None}
    parts = ["pistol frame, polymer", "Glock slide assembly", "pistol barrel 9mm"]
    items = shipments(3, **nobody, goods_description=parts)
    for sign in links.SHIPMENT_INDICATORS:
        assert fired(sign, items) == [False] * 3


def test_the_order_of_a_batch_changes_nothing():
    texts = ["pistol frame, polymer", "Glock slide assembly", "pistol barrel 9mm", "socks"]
    items = shipments(4, **HOME, goods_description=texts, consignor_id=["S1", "S2", "S3", "S4"])
    shuffled = items.iloc[[2, 0, 3, 1]]
    for sign in links.SHIPMENT_INDICATORS:
        straight = sign.compute(items, Snapshot())
        pd.testing.assert_series_equal(sign.compute(shuffled, Snapshot()).sort_index(), straight)


def test_one_tag_on_two_bookings_fires_for_both_and_a_family_on_one_does_not():
    def crossing(**columns: Any) -> Table:
        return view(factory.travellers(3, **columns), TRAVELLER)[list(links.TRAVELLER_COLUMNS)]

    sign = links.tag_on_two_bookings
    tags = ["T1|T2", "T2", "T9"]
    assert fired(sign, crossing(party_ref=["A", "B", "C"], bag_tags=tags)) == [True, True, False]
    assert fired(sign, crossing(party_ref="A", bag_tags=tags)) == [False] * 3
    assert fired(sign, crossing(party_ref=["A", "B", "C"])) == [False] * 3
    alone = crossing(party_ref=["A", "B", "C"], bag_tags=tags, person_ref=["P", "P", "Q"])
    assert fired(sign, alone) == [False] * 3  # one traveller under two locators
    unknown = crossing(party_ref=["A", "B", "C"], bag_tags=tags, person_ref=["P", None, "Q"])
    assert fired(sign, unknown) == [True, True, False]
    days = [NOW, NOW + pd.Timedelta(days=2), NOW + pd.Timedelta(days=4)]
    later = crossing(party_ref=["A", "A", "B"], bag_tags="T1", crossing_at=days)
    assert fired(sign, later) == [False, True, True]
    months = [NOW, NOW + pd.Timedelta(days=90), NOW]
    again = crossing(party_ref=["A", "B", "C"], bag_tags=tags, crossing_at=months)
    assert fired(sign, again) == [False] * 3
