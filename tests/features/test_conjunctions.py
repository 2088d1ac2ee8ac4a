"""Combinations: the risky one, and beside it the lawful trade that lacks one part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskprofile.features import conjunctions
from riskprofile.history import Snapshot
from riskprofile.tables import Feature, Table
from tests.viewed import NOW, shipments


def past(n: int = 200, kg: float = 30.0, **columns: Any) -> Table:
    """Half a year of about `kg` a package and a unit, at USD 5 a kilogram."""
    masses = kg * np.exp(0.2 * np.sin(np.arange(n)))
    given = {
        "lodged_at": [NOW - pd.Timedelta(days=float(d)) for d in np.linspace(200, 10, n)],
        "package_count": 1,
        "quantity": 1.0,
        "gross_mass_kg": list(masses),
        "net_mass_kg": list(masses),
        "value": list(masses * 5.0),
    }
    return shipments(n, **{**given, **columns})


def one(kg: float = 30.0, **columns: Any) -> dict[str, Any]:
    given = {
        "package_count": 1,
        "quantity": 1.0,
        "gross_mass_kg": kg,
        "net_mass_kg": kg,
        "value": kg * 5.0,
        "consignor_id": "NEW1",
        "consignee_id": "NEW2",
    }
    return {**given, **columns}


def value(feature: Feature, columns: dict[str, Any], history: Snapshot) -> float:
    return float(feature.compute(shipments(**columns), history).iloc[0])


def ranks(
    feature: Feature, risky: dict[str, Any], history: Snapshot, *lawful: dict[str, Any]
) -> None:
    high = value(feature, risky, history)
    assert high > 0.3
    for change in lawful:
        assert value(feature, {**risky, **change}, history) < high / 2, change


HEATER = {"hs_code": "841919", "goods_description": "water heater"}


def test_a_heater_for_a_home_with_forty_kilograms_too_many():
    firm = {"consignee_type": "business", "consignee_id": "R000", "consignor_id": "S000"}
    ranks(
        conjunctions.host_weight_excess,
        one(70.0, **HEATER, consignee_type="private"),
        Snapshot.from_views([past(**HEATER)]),
        one(31.0, consignee_type="private"),
        firm,
        {"hs_code": "620342"},
    )


def test_a_barrel_of_effects_that_is_far_too_heavy():
    household = {"hs_code": "990500", "goods_description": "personal effects"}
    pair = {"consignor_id": "AUNT", "consignee_id": "NIECE"}
    family = past(6, **household, **pair, consignee_type="private")
    ranks(
        conjunctions.household_weight_outlier,
        one(80.0, **household, consignee_type="private", quantity=None),
        Snapshot.from_views([past(**household), family]),
        one(30.0),
        pair,
        {"goods_description": "personal effects: 12 shirts, 4 shoes, 2 pots, 1 radio, 6 books"},
        {"consignee_type": "business"},
    )


def test_unnamed_steel_parts_by_parcel_to_a_home():
    pins = {"hs_code": "732690", "goods_description": "steel parts", "transport_mode": "post"}
    ranks(
        conjunctions.metal_pieces_to_a_home,
        one(2.0, **pins, consignee_type="private", quantity=20.0),
        Snapshot(),
        {"consignee_type": "business"},
        {"quantity": 1.0},
        {"goods_description": "hexagon bolts DIN 912 M6"},
        {"transport_mode": "sea"},
    )


def test_a_filter_of_tube_mass_without_a_part_number():
    filters = {"hs_code": "842123", "goods_description": "fuel filter", "transport_mode": "express"}
    ranks(
        conjunctions.tubes_to_a_home,
        one(0.4, **filters, consignee_type="private"),
        Snapshot(),
        {"goods_description": "fuel filter OE 1457434"},
        {"consignee_type": "business"},
        {"net_mass_kg": 3.0},
    )


def test_cheap_doors_for_an_importer_never_seen():
    doors = {"hs_code": "441820", "goods_description": "wooden doors"}
    ranks(
        conjunctions.bulky_cover,
        one(30.0, **doors, value=20.0),
        Snapshot.from_views([past(**doors)]),
        {"consignee_id": "R001"},
        one(30.0),
        {"hs_code": "841919"},
    )


def test_a_gift_three_times_as_heavy_as_such_gifts():
    toy = {"hs_code": "950300", "goods_description": "toy car", "transport_mode": "post"}
    ranks(
        conjunctions.gift_too_heavy,
        one(3.0, **toy, gift=True, value=2000.0),
        Snapshot.from_views([past(kg=1.0, **toy)]),
        {"gift": False},
        {"gross_mass_kg": 1.0, "net_mass_kg": 1.0},
        {"transport_mode": "sea"},
    )


def test_vague_words_between_strangers_on_a_lane_without_such_goods():
    history = Snapshot.from_views([past(hs_code="620342"), past(hs_code="841919")])
    ranks(
        conjunctions.vague_new_and_rare,
        one(goods_description="samples", hs_code="848790"),
        history,
        {"hs_code": "620342"},
        {"consignor_id": "S001", "consignee_id": "R001"},
        {"goods_description": "cotton trousers for men, indigo, size 32"},
    )


def test_a_forwarder_without_house_documents_over_vague_goods():
    ranks(
        conjunctions.hidden_receiver,
        one(goods_description="parts", consignee_type="forwarder"),
        Snapshot(),
        {"house_document": "H-1"},
        {"consignee_type": "business"},
        {"goods_description": "plastic garden chairs"},
    )


def test_arms_without_a_licence_for_somebody_new():
    ranks(
        conjunctions.arms_unlicensed_and_new,
        one(hs_code="930510", goods_description="pistol slides", consignee_type="private"),
        Snapshot(),
        {"licence_number": "L-1"},
        {"hs_code": "940370", "goods_description": "plastic garden chairs"},
    )


def test_parts_by_their_name_under_another_code_count_as_arms():
    history = Snapshot()
    named = one(hs_code="848790", goods_description="Glock slide", consignee_type="private")
    assert value(conjunctions.arms_unlicensed_and_new, named, history) == 1.0
    chapter = one(hs_code="93", goods_description=None, consignee_type="private")
    assert value(conjunctions.arms_unlicensed_and_new, chapter, history) == 1.0
    toner = one(hs_code="844399", goods_description="printer cartridge, black toner")
    assert value(conjunctions.arms_unlicensed_and_new, toner, history) == 0.0


def test_small_parts_to_an_address_with_three_new_names():
    parcel = {"hs_code": "732690", "transport_mode": "post", "quantity": 10.0}
    network = past(
        3,
        kg=1.0,
        **parcel,
        lodged_at=[NOW - pd.Timedelta(days=d) for d in (30, 20, 10)],
        consignee_address="1 Quay",
        consignee_id=None,
        consignee_name=["Ada Moss", "Bo Reed", "Cy Lund"],
    )
    ranks(
        conjunctions.parts_to_a_shared_address,
        one(1.0, **parcel, consignee_address="1 Quay"),
        Snapshot.from_views([network]),
        {"consignee_address": "2 Hill"},
        {"quantity": 0.2, "hs_code": "950300", "goods_description": "toy car"},
    )


def test_ammunition_in_transit_without_a_consent():
    ranks(
        conjunctions.arms_in_transit_unlicensed,
        one(hs_code="930630", goods_description="cartridges", procedure="transit"),
        Snapshot(),
        {"licence_number": "T-1"},
        {"procedure": "import"},
        {"hs_code": "940370", "goods_description": "plastic garden chairs"},
    )


def test_fifty_blank_pistols_and_three_starters():
    ranks(
        conjunctions.convertibles_in_number,
        one(hs_code="930390", quantity=50.0, consignee_type="private"),
        Snapshot(),
        {"quantity": 3.0},
        {"quantity_unit": "KGM"},
        {"hs_code": "950300"},
        {"consignee_type": "business"},
    )


def test_dear_freight_for_heavy_cheap_goods_by_air():
    tiles = {"hs_code": "690721", "goods_description": "tiles", "transport_mode": "air"}
    ranks(
        conjunctions.dear_freight_for_cheap_goods,
        one(30.0, **tiles, value=10.0, freight_cost=20.0),
        Snapshot.from_views([past(**tiles)]),
        {"freight_cost": 1.0},
        {"transport_mode": "sea"},
        {"value": 150.0, "freight_cost": 20.0},
    )
    # Half the value counts in part: the reason may not say that freight is above it.
    half = {"value": 10.0, "freight_cost": 5.0, "hs_code": "690721", "transport_mode": "air"}
    counted = value(
        conjunctions.dear_freight_for_cheap_goods,
        one(30.0, goods_description="tiles", **half),
        Snapshot.from_views([past(**tiles)]),
    )
    assert 0.0 < counted < 1.0
    assert "above the value" not in conjunctions.dear_freight_for_cheap_goods.reads


def test_a_known_name_at_an_address_it_never_used():
    known = {"consignee_id": None, "consignee_name": "Ada Moss", "transport_mode": "post"}
    history = Snapshot.from_views([past(5, **known, consignee_address="1 Quay")])
    ranks(
        conjunctions.known_name_at_a_new_address,
        one(1.0, **known, consignee_address="9 Hill", quantity=10.0),
        history,
        {"consignee_address": "1 Quay"},
        {"consignee_name": "Somebody New"},
        {"quantity": 0.2},
    )


@pytest.mark.parametrize("feature", conjunctions.FEATURES, ids=lambda f: f.name)
def test_every_combination_lies_between_nothing_and_one(feature: Feature):
    items = shipments(
        8, hs_code=["841919", "990500", "732690", "842123", "930200", None, "9505", "93"]
    )
    for history in (Snapshot(), Snapshot.from_views([past()])):
        column = feature.compute(items, history)
        assert column.dropna().between(0.0, 1.0).all()


def test_there_are_at_most_fourteen():
    assert len(conjunctions.FEATURES) <= 14
