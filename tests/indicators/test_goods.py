"""Each warning sign of the goods as a pair: the risky declaration and the lawful one beside it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from riskprofile.history import Snapshot, view
from riskprofile.indicators import goods
from riskprofile.profiles import SHIPMENT, TRAVELLER
from riskprofile.tables import Indicator
from tests import factory
from tests.viewed import NOW
from tests.viewed import coded as shipments


def past(n: int = 120, **columns: Any) -> Snapshot:
    """A year of ordinary declarations of the same goods, by many parties."""
    usual: dict[str, Any] = {
        "lodged_at": [NOW - pd.Timedelta(days=3 * d + 1) for d in range(n)],
        "consignor_id": [f"OLD{d % 30}" for d in range(n)],
        "consignee_id": [f"USER{d % 30}" for d in range(n)],
        "package_count": 10,
        "quantity": 100.0,
        "gross_mass_kg": [100.0 + d % 7 for d in range(n)],
        "net_mass_kg": [95.0 + d % 7 for d in range(n)],
    }
    return Snapshot.from_views([view(factory.shipments(n, **{**usual, **columns}), SHIPMENT)])


EMPTY = Snapshot.from_views([])


def fires(indicator: Indicator, history: Snapshot = EMPTY, **columns: Any) -> bool:
    return bool(indicator(shipments(**columns), history).iloc[0])


def pair(
    indicator: Indicator,
    risky: dict[str, Any],
    lawful: list[dict[str, Any]],
    history: Snapshot = EMPTY,
) -> None:
    """The risky declaration fires; each change that makes it lawful stops it."""
    assert fires(indicator, history, **risky)
    for change in lawful:
        assert not fires(indicator, history, **{**risky, **change}), change


def test_x01_fires_on_words_of_other_goods_but_not_on_a_mixed_list():
    pair(
        goods.text_and_code_disagree,
        {"goods_description": "frozen chicken legs and wings, poultry meat", "hs_code": "854231"},
        [
            {"hs_code": "020714"},
            {"goods_description": "frozen chicken, poultry meat, toys, chairs, books"},
            {"goods_description": "xqzzt"},
            {"hs_code": None},
        ],
    )


def test_x02_fires_on_arms_words_under_another_code_but_not_on_merchandise():
    pair(
        goods.arms_words,
        {"goods_description": "pistol slide and threaded barrel", "hs_code": "830242"},
        [
            {"goods_description": "drawer slide and wine barrel"},
            {"goods_description": "spray pistol for paint", "hs_code": "842420"},
            {"goods_description": "toy Glock for children", "hs_code": "950300"},
            {"goods_description": "book on the AK-47, printed", "hs_code": "490199"},
            {"goods_description": "rifle scope", "hs_code": "901310"},
            {"goods_description": "gun holster, leather", "hs_code": "420292"},
            {"hs_code": "930510"},
            {"hs_code": "93"},  # of the arms chapter, if of no heading
        ],
    )


@pytest.mark.parametrize("disguise", ["p1st0l slide", "рistol slide", "p i s t o l  slide"])
def test_x02_fires_on_disguised_words(disguise):
    assert fires(goods.arms_words, goods_description=disguise, hs_code="830242")


def test_s01_needs_hard_goods_and_a_new_pair_beside_the_vague_text():
    known = past(consignor_id="S1", consignee_id="R1")
    risky = {
        "goods_description": "spare parts",
        "hs_code": "848790",
        "consignor_id": "S9",
        "consignee_id": "R9",
    }
    pair(
        goods.vague_description,
        risky,
        [
            {"consignor_id": "S1", "consignee_id": "R1"},
            {"hs_code": "620342"},
            {"goods_description": "spare parts p/n 40-2231"},
            {"goods_description": "bicycle saddles"},
        ],
        known,
    )


def test_s02_fires_on_heavy_unlisted_effects_of_a_new_pair_only():
    effects = {"goods_description": "personal effects", "hs_code": "630900"}
    history = past(**effects, consignee_type="private")
    pair(
        goods.household_cover,
        dict(
            **effects,
            consignee_type="private",
            consignor_id="NEW",
            consignee_id="NEWER",
            package_count=10,
            gross_mass_kg=1200.0,
        ),
        [
            {"gross_mass_kg": 104.0},
            {"goods_description": "personal effects: pots, clothes, books"},
            {"consignor_id": "OLD1", "consignee_id": "USER1"},
            {"consignee_type": "business"},
        ],
        history,
    )


def test_e01_fires_on_small_unnamed_metal_to_a_home_but_not_on_fasteners_or_samples():
    pair(
        goods.small_metal_parts,
        {
            "goods_description": "steel parts",
            "hs_code": "732690",
            "transport_mode": "post",
            "consignee_type": "private",
            "quantity": 5.0,
            "net_mass_kg": 0.3,
            "gross_mass_kg": 0.4,
        },
        [
            {"goods_description": "steel bolts DIN 912 M8x20"},
            {"goods_description": "steel parts, drawing no. A-1204"},
            {"consignee_type": "business"},
            {"net_mass_kg": 25.0},
            {"transport_mode": "sea"},
        ],
    )


def test_e02_fires_on_tubes_of_a_silencers_mass_but_not_on_a_makers_filter():
    risky = {
        "goods_description": "fuel filter",
        "hs_code": "842123",
        "transport_mode": "express",
        "consignee_type": "private",
        "quantity": 1.0,
        "net_mass_kg": 0.4,
    }
    pair(
        goods.tube_or_filter_cover,
        risky,
        [
            {"goods_description": "fuel filter OEM 1457434310"},
            {"consignee_type": "business"},
            {"net_mass_kg": 4.0},
        ],
    )
    assert fires(
        goods.tube_or_filter_cover,
        **{**risky, "goods_description": "filter adapter 1/2-28", "net_mass_kg": 0.05},
    )


def test_e07_fires_on_a_toy_far_too_heavy_not_on_a_toy():
    toys = {"goods_description": "karaoke toy", "hs_code": "950300", "transport_mode": "post"}
    history = past(**toys)
    pair(
        goods.toy_tool_electronics_cover,
        dict(
            **toys,
            consignee_type="private",
            quantity=1.0,
            package_count=1,
            gross_mass_kg=60.0,
            net_mass_kg=58.0,
        ),
        [
            {"gross_mass_kg": 1.05, "net_mass_kg": 1.0, "package_count": None},
            {"hs_code": "940370", "goods_description": "plastic chair"},
            {"transport_mode": "sea"},
            {"consignee_type": "business"},
        ],
        history,
    )


def test_d06_fires_on_bulk_of_blank_firing_weapons_not_on_one_starter():
    pair(
        goods.convertible_bulk,
        {"goods_description": "blank-firing pistols", "hs_code": "930390", "quantity": 200.0},
        [
            {"quantity": 1.0, "package_count": 1},
            {"licence_number": "L-1"},
            {"consignee_type": "official"},
            {"goods_description": "garden chairs", "hs_code": "940370"},
        ],
    )


@pytest.mark.parametrize(
    ("quantity", "unit", "many"),
    [(12.0, "KGM", False), (12.0, "C62", True), (12.0, None, True), (1.0, "DZN", True)],
)
def test_d06_counts_weapons_and_not_kilograms(quantity, unit, many):
    told = {"quantity": quantity, "quantity_unit": unit, "package_count": 1}
    items = {"goods_description": "blank-firing pistols", "hs_code": "930390", **told}
    assert fires(goods.convertible_bulk, **items) == many


def test_t05_fires_on_a_replica_of_metal_but_not_on_a_plastic_toy():
    pair(
        goods.heavy_replica,
        {
            "goods_description": "replica firearm, decoration",
            "hs_code": "830629",
            "quantity": 1.0,
            "net_mass_kg": 1.1,
        },
        [
            {"net_mass_kg": 0.2},
            {"goods_description": "toy replica gun, plastic, for children"},
            {"goods_description": "brass figure, decoration"},
        ],
    )
    assert fires(goods.heavy_replica, goods_description="toy gun cal. 9 mm", hs_code="950300")


@pytest.mark.parametrize("indicator", goods.TRAVELLER_INDICATORS)
def test_a_traveller_who_declares_the_firearm_as_such_does_not_fire(indicator):
    items = view(
        factory.travellers(
            4,
            goods_declared=["blank pistol Zoraki"] * 2 + ["winter clothes", None],
            firearms_declared=[None, 1, None, None],
        ),
        TRAVELLER,
        codes=True,
    )
    assert indicator(items, EMPTY).tolist() == [True, False, False, False]
