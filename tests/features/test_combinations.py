"""Typologies as one measure each: the lawful trade beside the risky one counts for less."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskprofile.features import combinations, unusual
from riskprofile.history import Snapshot
from riskprofile.profiles import SHIPMENT
from tests.features.test_conjunctions import NOW, one, past, shipments, value

BY_NAME = {feature.name: feature for feature in (*unusual.FEATURES, *combinations.FEATURES)}
HEATER = {"hs_code": "841919", "goods_description": "water heater"}
TOY = {"hs_code": "950300", "goods_description": "plastic toy truck"}
EFFECTS = {"hs_code": "990500", "goods_description": "personal effects"}
DOORS = {"hs_code": "441820", "goods_description": "wooden doors"}
PARTS = {"hs_code": "732690", "goods_description": "steel parts", "transport_mode": "post"}
FILTER = {"hs_code": "842123", "goods_description": "fuel filter", "transport_mode": "express"}
ARMS = {"hs_code": "930200", "goods_description": "pistols"}
ALARM = {"hs_code": "930390", "goods_description": "alarm pistols"}
PRIVATE = {"consignee_type": "private"}
FIRM = {"consignee_type": "business"}
KNOWN = {"consignor_id": "AUNT", "consignee_id": "NIECE"}
LIGHT = {"gross_mass_kg": 31.0, "net_mass_kg": 31.0, "value": 155.0}

# Feature; what is risky; what history holds; lawful changes of it, each with a lower measure.
PAIRS: list[tuple[str, dict[str, Any], dict[str, Any], list[dict[str, Any]]]] = [
    ("machine_to_a_home", {**one(90.0), **HEATER, **PRIVATE}, HEATER, [LIGHT, FIRM]),
    ("machine_for_a_newcomer", {**one(90.0), **HEATER, **FIRM}, HEATER, [LIGHT]),
    ("small_host_to_a_home", {**one(90.0), **TOY, **PRIVATE}, TOY, [LIGHT, FIRM]),
    ("small_host_dear_freight", {**one(90.0), **TOY, "freight_cost": 400.0}, TOY,
     [{"freight_cost": 10.0}]),
    ("household_package_heavy", {**one(90.0), **EFFECTS, **PRIVATE}, EFFECTS, [LIGHT, FIRM]),
    ("household_unlisted_heavy", {**one(90.0), **EFFECTS, **PRIVATE}, EFFECTS,
     [KNOWN, {"goods_description": "personal effects: 12 shirts, 4 shoes, 2 pots, 6 books"}]),
    ("bulky_cheap_and_new", {**one(30.0, value=15.0), **DOORS}, DOORS, [KNOWN, {"value": 150.0}]),
    ("bulky_heavy_and_new", {**one(90.0), **DOORS}, DOORS, [KNOWN, LIGHT]),
    ("metal_pieces_from_new_sender", {**one(2.0, quantity=20.0), **PARTS, **PRIVATE}, DOORS,
     [FIRM, {"goods_description": "hexagon bolts DIN 912 M6"}, {"quantity": 1.0}]),
    ("metal_pieces_unnamed", {**one(2.0, quantity=20.0), **PARTS, **PRIVATE}, DOORS,
     [FIRM, {"goods_description": "machined parts drawing no. 4410-22"}]),
    ("tubes_unnamed", {**one(3.0, quantity=10.0), **FILTER, **PRIVATE}, DOORS,
     [FIRM, {"goods_description": "fuel filter OE 23390-0L041"}]),
    ("gift_heavy", {**one(90.0), **TOY, "gift": True}, TOY, [{"gift": False}, LIGHT]),
    ("arms_between_strangers", {**one(30.0), **ARMS, **PRIVATE}, DOORS,
     [{"licence_number": "L1"}, KNOWN, TOY]),
    ("arms_words_elsewhere",
     {**one(2.0), **PRIVATE, "hs_code": "732690", "goods_description": "Glock slide"}, DOORS,
     [{"goods_description": "drawer slide"}, {"licence_number": "L1"}]),
    ("arms_passing", {**one(30.0), **ARMS, "procedure": "transit"}, DOORS,
     [{"licence_number": "L1"}, {"procedure": "import"}, DOORS]),
    ("convertibles_between_strangers", {**one(30.0, quantity=60.0), **ALARM}, DOORS,
     [KNOWN, {"quantity": 2.0}, {"quantity_unit": "KGM"}, {"licence_number": "L1"}]),
    ("heavy_for_nobody", {**one(90.0), **HEATER, "consignee_id": None, "consignee_name": None},
     HEATER, [LIGHT]),
    ("heavy_for_hidden_receiver",
     {**one(90.0), **HEATER, "consignee_type": "forwarder", "house_document": None}, HEATER,
     [{"house_document": "HB-1"}, FIRM]),
    ("heavy_in_a_new_trade", {**one(90.0), **HEATER, "consignee_id": "CLOTH"}, HEATER, [LIGHT]),
    ("heavy_under_another_code", {**one(90.0), **HEATER, "hs_code": "620342"}, HEATER, [HEATER]),
    ("mass_times_usual", {**one(90.0), **HEATER}, HEATER, [LIGHT]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "risky", "usual", "lawful"), PAIRS, ids=[one[0] for one in PAIRS])
def test_the_risky_one_measures_more_than_the_lawful_one_beside_it(name, risky, usual, lawful):
    clothes = past(6, hs_code="620342", goods_description="trousers", consignee_id="CLOTH")
    family = past(6, **usual, **KNOWN)
    history = Snapshot.from_views([past(**usual), past(**DOORS), family, clothes])
    feature = BY_NAME[name]
    high = value(feature, {"consignor_id": "NEW1", "consignee_id": "NEW2", **risky}, history)
    assert high > 0.0
    for change in lawful:
        assert value(feature, {**risky, **change}, history) < high / 1.5, change


@pytest.mark.parametrize("name", ["heavy_for_hidden_receiver", "vague_for_hidden_receiver"])
def test_a_reason_names_no_forwarder_alone_where_nobody_is_named(name):
    """It counts for both, and an officer of either reads the same sentence."""
    nobody = {"consignee_id": None, "consignee_name": None, "house_document": None}
    seen = {**one(90.0), **HEATER, **nobody, "goods_description": "goods", "consignee_type": None}
    assert value(BY_NAME[name], seen, Snapshot.from_views([past(**HEATER)])) > 0.0
    assert "a forwarder or nobody as consignee" in BY_NAME[name].reads


def test_a_reason_tells_of_no_further_sign_where_there_is_none():
    """Its count begins at 1: vague words of parties new to each other are the first sign."""
    feature, known = BY_NAME["vague_between_strangers"], Snapshot.from_views([past(**HEATER)])
    vague = {**one(30.0), **HEATER, **FIRM, "goods_description": "goods", "route": None}
    strangers = {"consignor_id": "NEW1", "consignee_id": "NEW2"}
    assert value(feature, {**vague, **strangers}, known) == 1.0
    assert feature.reads.endswith("parties new to each other: {value:.0f} [sign|signs]")


def test_what_fits_the_words_is_not_odd_under_a_wrong_code():
    """Honest errors of classification: the nearer usual value speaks, by code or by words."""
    cookers = past(kg=2.0, hs_code="851660", goods_description="rice cookers")
    history = Snapshot.from_views([past(**HEATER), cookers])
    miscoded = {**one(30.0), **HEATER, "hs_code": "851660"}
    assert 0.7 < value(unusual.mass_times_usual, miscoded, history) < 1.4


@pytest.fixture(scope="module")
def toys() -> Snapshot:
    """Half a year of toys for a firm, always between the same two parties."""
    return Snapshot.from_views([past(**TOY, **KNOWN, **FIRM)])


@pytest.mark.parametrize("feature", combinations.FEATURES, ids=lambda one: one.name)
def test_nothing_usual_counts(feature, toys):
    """A declaration like all before it, between parties that know each other."""
    usual = {**one(30.0), **TOY, **KNOWN, **FIRM, "licence_number": None}
    found = value(feature, usual, toys)
    assert pd.isna(found) or found <= 1.3


def test_finds_are_facets_and_never_a_place_alone():
    known = shipments(
        1,
        **{**one(), **TOY},
        consignee_phone="+1 2025550100",
        lodged_at=NOW - pd.Timedelta(days=40),
    )
    history = Snapshot.from_views([past()], finds=[known])
    same = {**one(), **TOY, "consignee_phone": "+1 2025550100", "lodged_at": NOW}
    other = {**one(consignor_id="X", consignee_id="Y"), **DOORS, "lodged_at": NOW}
    assert value(unusual.facets_of_finds, same, history) >= 3.0
    assert value(unusual.facets_of_finds, other, history) == 0.0


@pytest.mark.parametrize(
    ("name", "guarded", "bare"),
    [
        ("lawful_settings", "starting pistols, athletics federation", "pistols"),
        ("lawful_phrases", "hot melt glue gun", "gun"),
        ("everyday_terms", "barrels of oak for wine", "barrels"),
    ],
)
def test_the_words_of_a_guard_are_counted(name, guarded, bare):
    feature = BY_NAME[name]
    given = {**one(), "hs_code": "732690"}
    there = value(feature, {**given, "goods_description": guarded}, Snapshot())
    assert there > value(feature, {**given, "goods_description": bare}, Snapshot())
    assert feature.monotone == -1


def test_history_that_never_remembered_a_column_answers_without_it():
    """Stores written by an older version go on: what they lack is missing."""
    older = past(**HEATER).drop(columns=["named_key", "log_quantity"])
    history = Snapshot.from_views([older])
    items = shipments(**{**one(90.0), **HEATER})
    for feature in unusual.FEATURES:
        assert np.isfinite(feature(items, history).fillna(0.0)).all()
    assert unusual.mass_times_usual(items, history).iloc[0] > 2.0  # by code alone
    assert "named_key" in SHIPMENT.remembered
