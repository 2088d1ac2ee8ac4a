"""Each warning sign of parties beside the lawful trade that resembles it."""

from __future__ import annotations

from typing import Any

import numpy as np

from riskprofile.history import Snapshot
from riskprofile.indicators import parties
from riskprofile.tables import Table
from tests.viewed import coded as shipments
from tests.viewed import days_ago, fired


def known_goods(n: int = 200, **columns: Any) -> Table:
    """Past garden chairs of about 4.5 kg a package, over half a year."""
    masses = list(450.0 * np.exp(0.2 * np.sin(np.arange(n))))
    times = days_ago(*np.linspace(200, 10, n))
    return shipments(n, lodged_at=times, gross_mass_kg=masses, **columns)


def test_two_new_parties_fire_only_with_a_mass_that_does_not_fit():
    history = Snapshot.from_views([known_goods()])
    new = {"consignor_id": "NEW1", "consignee_id": "NEW2"}
    heavy = shipments(**new, gross_mass_kg=4500.0)
    usual = shipments(**new, gross_mass_kg=450.0)
    known = shipments(gross_mass_kg=4500.0)
    assert fired(parties.first_time_party, heavy, history)
    assert not fired(parties.first_time_party, usual, history)
    assert not fired(parties.first_time_party, known, history)


def test_a_long_past_in_clothes_and_then_machine_parts_is_a_mismatch():
    clothes = shipments(60, lodged_at=days_ago(*range(1, 61)), consignee_id="R1", hs_code="620342")
    general = shipments(
        60,
        lodged_at=days_ago(*range(1, 61)),
        consignee_id="R2",
        hs_code=["620342", "940370", "392690", "732690", "850440", "640399"] * 10,
    )
    history = Snapshot.from_views([clothes, general])
    sign = parties.consignee_business_mismatch
    assert fired(sign, shipments(consignee_id="R1", hs_code="848790"), history)
    assert not fired(sign, shipments(consignee_id="R2", hs_code="848790"), history)
    assert not fired(sign, shipments(consignee_id="R1", hs_code="620462"), history)


def test_an_order_bill_with_a_notify_party_is_not_an_absent_consignee():
    vague = {"goods_description": "parts", "consignee_id": None}
    assert fired(parties.absent_consignee, shipments(**vague))
    assert not fired(parties.absent_consignee, shipments(**vague, notify_name="Quay Agency"))
    assert not fired(parties.absent_consignee, shipments(consignee_id=None))


def test_a_forwarder_with_house_data_masks_nobody():
    barrel = {"consignee_type": "forwarder", "goods_description": "personal effects"}
    assert fired(parties.consolidator_masking, shipments(**barrel))
    assert not fired(parties.consolidator_masking, shipments(**barrel, house_document="H-7"))
    assert not fired(parties.consolidator_masking, shipments(consignee_type="forwarder"))


def test_industrial_pins_to_a_home_fire_and_to_a_known_hobbyist_do_not():
    firms = shipments(
        150, lodged_at=days_ago(*np.linspace(200, 10, 150)), hs_code="848790", transport_mode="post"
    )
    parcel = {
        "hs_code": "848790",
        "transport_mode": "post",
        "consignee_type": "private",
        "consignee_id": "HOME",
        "net_mass_kg": 2.0,
        "quantity": 20.0,
    }
    history = Snapshot.from_views([firms])
    hobby = Snapshot.from_views([firms, shipments(lodged_at=days_ago(40), **parcel)])
    sign = parties.industrial_goods_to_a_home
    assert fired(sign, shipments(**parcel), history)
    assert not fired(sign, shipments(**parcel), hobby)
    assert not fired(sign, shipments(**{**parcel, "consignee_type": "business"}), history)


def test_a_licence_held_at_an_address_of_many_firms_is_looked_at():
    building = shipments(
        3,
        lodged_at=days_ago(60, 40, 20),
        consignee_id=["F1", "F2", "F3"],
        consignee_address="9 Mill Road",
    )
    history = Snapshot.from_views([building])
    shared = {"consignee_address": "9 Mill Road", "consignee_id": "F4"}
    assert fired(parties.broker_or_shell, shipments(**shared, licence_number="L1"), history)
    assert not fired(parties.broker_or_shell, shipments(**shared), history)
    alone = shipments(consignee_address="1 Hill", licence_number="L1")
    assert not fired(parties.broker_or_shell, alone, history)


def test_a_past_find_needs_three_facets_and_one_of_them_particular():
    find = shipments(
        lodged_at=days_ago(30),
        consignor_id="S9",
        consignee_id="R9",
        hs_code="841919",
        carrier="XC",
        goods_description="water heaters",
    )
    history = Snapshot.from_views([], [find])
    sign = parties.prior_seizure_pattern
    strangers = {"consignor_id": "S1", "consignee_id": "R1"}
    alike = {"hs_code": "841919", "carrier": "XC", **strangers}
    assert not fired(sign, shipments(**alike), history)
    assert fired(sign, shipments(**{**alike, "consignor_id": "S9"}), history)
    elsewhere = {**alike, "consignor_id": "S9", "country_of_origin": "XZ"}
    assert not fired(sign, shipments(**elsewhere), history)


def test_one_find_among_a_hundred_parcels_of_a_marketplace_is_no_pattern():
    parcels = {"consignor_id": "SHOP", "hs_code": "950300"}
    many = shipments(100, lodged_at=days_ago(*range(10, 110)), **parcels)
    find = shipments(lodged_at=days_ago(40), **parcels)
    history = Snapshot.from_views([many], [find])
    parcel = shipments(**parcels, consignee_id="SOMEBODY")
    assert not fired(parties.prior_seizure_pattern, parcel, history)


class Listening(Snapshot):
    """A history that writes down by what it is asked for finds."""

    def finds(self, items: Any, by: Any) -> Any:
        self.heard = [*getattr(self, "heard", []), tuple(by)]
        return super().finds(items, by)


def test_of_what_no_find_has_no_pattern_is_looked_for():
    history = Listening.from_views([], [shipments(lodged_at=days_ago(30), consignor_id="S9")])
    stranger = shipments(consignor_id="S1", consignee_id="R7", goods_description="steel pins")
    assert not fired(parties.prior_seizure_pattern, stranger, history)
    assert sorted(history.heard) == sorted((one,) for one in parties.NAMED)


def test_all_patterns_say_together_what_each_of_them_says():
    chance = np.random.default_rng(4)

    def some(n: int, **columns: Any) -> Table:
        choices = {
            "consignor_id": ["S1", "S2", None],
            "consignee_id": ["R1", "R2", "R3", None],
            "consignee_address": ["1 Hill", "2 Hill", None],
            "consignee_phone": ["+100200300", None],
            "goods_description": ["water heaters", "steel pins", "chairs", None],
            "hs_code": ["841919", "950300", None],
            "carrier": ["XC", "XD"],
            "country_of_origin": ["XA", "XZ"],
        }
        drawn = {name: chance.choice(among, n).tolist() for name, among in choices.items()}
        return shipments(n, **drawn, **columns)

    past, found = some(150, lodged_at=days_ago(*range(1, 151))), some(6, lodged_at=days_ago(9) * 6)
    history, rows = Snapshot.from_views([past, found], [found]), some(120)
    expected = np.zeros(len(rows), dtype=bool)
    for pattern in parties.PATTERNS:
        finds, all_of_it = history.finds(rows, pattern), history.count(rows, pattern)
        expected |= ((finds > 0) & (finds >= parties.OFTEN * all_of_it)).to_numpy()
    assert 5 < expected.sum() < 115
    sign = parties.prior_seizure_pattern
    assert sign.compute(rows, history).tolist() == expected.tolist()
    alone = [rows.iloc[[n]].reset_index(drop=True) for n in range(len(rows))]
    assert [fired(sign, row, history) for row in alone] == expected.tolist()
