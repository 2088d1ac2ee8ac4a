"""Goods features as ranking pairs: what an officer would look at first has the higher value."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from riskprofile.features import goods
from riskprofile.history import Snapshot, view
from riskprofile.profiles import TRAVELLER
from riskprofile.tables import Feature
from tests import factory
from tests.viewed import NOW, shipments

EMPTY = Snapshot.from_views([])


def value(feature: Feature, history: Snapshot = EMPTY, **columns: Any) -> float:
    return float(feature(shipments(**columns), history).iloc[0])


@pytest.mark.parametrize(
    ("feature", "risky", "lawful"),
    [
        (goods.arms_terms, "Glock, rifle scope, munition", "garden chairs"),
        (goods.ambiguous_terms, "barrel and slide", "wine barrel and drawer slide"),
        (goods.arms_combinations, "pistol with barrel", "glue pistol, wine barrel"),
        (goods.part_kinds, "slide, frame, trigger", "picture frame"),
        (goods.calibre_terms, "brass 7.62x39", "brass 7 pcs"),
        (goods.calibre_terms, "steel tube thread 1/2-28", "steel tube thread 1/2 NPT"),
        (goods.obfuscated_text, "steel рistоls", "steel pistols"),
        (goods.obfuscated_text, "p.i.s.t.o.l slide", "pistol slide"),
        (goods.conversion_terms, "auto sear", "rocker switch 12V electric"),
        (goods.generic_share, "spare parts", "spare bicycle saddles"),
        (goods.vague_text, "metal parts", "stainless steel kitchen sinks"),
        (goods.household_effects, "barrel of personal effects", "beer in barrels"),
    ],
)
def test_the_riskier_text_has_the_higher_value(feature, risky, lawful):
    assert value(feature, goods_description=risky) > value(feature, goods_description=lawful)


def test_a_declared_chapter_that_fits_the_words_surprises_less_than_one_that_does_not():
    text = "frozen chicken legs"
    fitting = {"goods_description": text, "hs_code": "020714"}
    other = {"goods_description": text, "hs_code": "732690"}
    assert value(goods.chapter_surprise, **other) > value(goods.chapter_surprise, **fitting) == 0.0
    assert value(goods.chapter_rank, **other) > value(goods.chapter_rank, **fitting) == 1.0


def test_arms_words_count_as_hidden_only_under_another_code_and_not_as_merchandise():
    hidden = goods.arms_under_another_code
    assert value(hidden, goods_description="Glock pistol slide", hs_code="830242") == 1.0
    assert value(hidden, goods_description="Glock pistol slide", hs_code="930510") == 0.0
    assert value(hidden, goods_description="toy Glock for children", hs_code="950300") == 0.0
    assert (
        value(hidden, goods_description="Kalashnikov print cotton t-shirt", hs_code="610910") == 0.0
    )
    assert value(hidden, goods_description="toy Glock for children", hs_code="732690") == 1.0


def test_the_chapter_of_the_everyday_meaning_cancels_an_ambiguous_word():
    assert value(goods.ambiguous_terms, goods_description="slides, pair", hs_code="830242") == 0.0
    assert value(goods.ambiguous_terms, goods_description="slides, pair", hs_code="880730") == 1.0


@pytest.mark.parametrize(
    ("feature", "code", "other"),
    [
        (goods.arms_code, "930630", "950300"),
        (goods.machine_host, "845011", "940370"),
        (goods.small_host, "950300", "940370"),
        (goods.bulky_cheap, "730890", "854231"),
        (goods.generic_metal, "732690", "940370"),
        (goods.tube_or_filter, "842123", "940370"),
        (goods.convertible_arms, "930390", "930330"),
    ],
)
def test_a_class_is_read_from_the_code(feature, code, other):
    assert value(feature, hs_code=code) == 1.0
    assert value(feature, hs_code=other) == 0.0


def test_a_part_number_eases_metal_parts_and_tubes():
    named = {"goods_description": "steel parts, drawing no. A-1204", "hs_code": "732690"}
    assert value(goods.unnumbered_metal, **named) == 0.0
    assert value(goods.unnumbered_metal, goods_description="steel parts", hs_code="732690") == 1.0
    real = {"goods_description": "fuel filter OEM 1457434310", "hs_code": "842123"}
    assert value(goods.unnumbered_tube, **real) == 0.0
    assert value(goods.unnumbered_tube, goods_description="fuel filter", hs_code="842123") == 1.0


def test_an_itemised_list_eases_household_effects():
    bare = {"goods_description": "personal effects"}
    listed = {"goods_description": "personal effects: pots, clothes, books, shoes"}
    assert value(goods.household_without_list, **bare) == 1.0
    assert value(goods.household_without_list, **listed) == 0.0
    assert value(goods.itemised_entries, **listed) == 4.0


def test_a_consignor_who_repeats_a_text_is_told_from_one_who_never_used_it():
    past = shipments(
        3,
        lodged_at=[NOW - pd.Timedelta(days=d) for d in (30, 20, 10)],
        consignor_id="S1",
        goods_description="Steel pins",
    )
    history = Snapshot.from_views([past])
    known = {"consignor_id": "S1", "goods_description": "steel PINS"}
    assert value(goods.consignor_text_count, history, **known) == 3.0
    assert (
        value(
            goods.consignor_text_count, history, consignor_id="S2", goods_description="steel pins"
        )
        == 0.0
    )
    assert (
        value(
            goods.goods_text_frequency, history, consignor_id="S2", goods_description="steel pins"
        )
        > 0.6
    )


def test_missing_text_and_code_leave_every_goods_feature_missing():
    items = shipments(goods_description=None, hs_code=None, consignor_id=None)
    for feature in goods.FEATURES:
        assert feature(items, EMPTY).isna().all(), feature.name


@pytest.mark.parametrize("feature", [f for f in goods.FEATURES if f.monotone == 1])
def test_adding_arms_to_a_text_never_lowers_what_may_only_raise(feature):
    plain = value(feature, goods_description="garden chairs, plastic", hs_code="940370")
    more = "garden chairs, plastic, pistol slide 7.62x39"
    assert not value(feature, goods_description=more, hs_code="940370") < plain


def test_a_traveller_who_declares_arms_in_words_is_seen():
    items = view(
        factory.travellers(
            4, goods_declared=["blank pistol Zoraki", "p1st0l", "winter clothes", None]
        ),
        TRAVELLER,
    )
    assert goods.declared_arms_terms(items, EMPTY).tolist()[:3] == [2.0, 0.0, 0.0]
    assert goods.declared_convertible(items, EMPTY).tolist()[:3] == [1.0, 0.0, 0.0]
    assert goods.declared_obfuscated(items, EMPTY).tolist()[:3] == [0.0, 1.0, 0.0]
    for feature in goods.TRAVELLER_FEATURES:
        assert feature(items, EMPTY).isna().tolist() == [False, False, False, True]
