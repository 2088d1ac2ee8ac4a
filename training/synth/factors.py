"""The truth: log-odds of trafficking as a sum of factors of what a row shows.

Each factor reads signs in [0, 1] of the finished row and of earlier rows. A sign that a
missing field would show is 0. No factor reads a scenario, a country, a place or a name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.synth.hashing import Array

Signs = dict[str, Array]
Kind = Literal["single", "text", "pair", "three_way", "network", "clears"]

BASE = -8.1


@dataclass(frozen=True)
class Factor:
    """One addend of the log-odds: `weight` times `strength(signs)` in [0, 1].

    `key` is the typology it belongs to ("" for what clears).
    """

    name: str
    key: str
    kind: Kind
    weight: float
    strength: Callable[[Signs], Array]


def _all(*names: str) -> Callable[[Signs], Array]:
    def strength(signs: Signs) -> Array:
        product: Array = np.ones_like(signs["private"])
        for name in names:
            product = product * signs[name]
        return product

    return strength


def _either(first: str, second: str, *names: str) -> Callable[[Signs], Array]:
    def strength(signs: Signs) -> Array:
        product: Array = np.maximum(signs[first], signs[second])
        for name in names:
            product = product * signs[name]
        return product

    return strength


FACTORS: tuple[Factor, ...] = (
    # singles: common in lawful trade, small
    Factor("mismatch", "X01_hs_text_mismatch", "single", 0.8, _all("mismatch")),
    Factor("price", "X03_price_per_kg", "single", 0.6, _either("cheap", "dear")),
    Factor("gaps", "X04_missing_or_inconsistent_fields", "single", 0.6, _all("gaps")),
    Factor("vague", "S01_vague_or_mixed_description", "single", 0.8, _all("vague")),
    Factor("excess", "S04_weight_norm_mismatch", "single", 0.9, _all("excess")),
    Factor("new", "S05_first_time_party", "single", 0.3, _all("new")),
    Factor("absent", "S07_no_or_absent_consignee", "single", 1.0, _all("absent")),
    Factor("detour", "S09_undeclared_transhipment", "single", 0.8, _all("detour")),
    Factor("rare", "S10_route_commodity_implausible", "single", 0.8, _all("rare")),
    Factor("freight", "A04_freight_cost_disproportion", "single", 0.5, _all("freight")),
    Factor("gift", "E04_low_value_or_gift", "single", 0.2, _all("gift")),
    Factor("off_trade", "S06_consignee_business_mismatch", "single", 0.6, _all("off_trade")),
    Factor("elsewhere", "E06_sender_identity_inconsistent", "single", 0.3, _all("elsewhere")),
    # words
    Factor("arms_words", "X02_firearm_lexicon", "text", 1.8, _all("strong")),
    Factor("arms_words_other_code", "X02_firearm_lexicon", "text", 4.3,
           _all("strong", "not_arms_code", "unlicensed")),
    Factor("part_words", "E10_complementary_parts", "text", 4.1, _all("hint")),
    # pairs
    Factor("mismatch_excess", "X01_hs_text_mismatch", "pair", 3.6, _all("mismatch", "excess")),
    Factor("price_vague", "X03_price_per_kg", "pair", 1.2, _either("cheap", "dear", "vague")),
    Factor("price_rare", "X03_price_per_kg", "pair", 1.7, _either("cheap", "dear", "rare")),
    Factor("gaps_excess", "X04_missing_or_inconsistent_fields", "pair", 3.6,
           _all("gaps", "excess")),
    Factor("vague_freight", "S01_vague_or_mixed_description", "pair", 1.0,
           _all("vague", "freight")),
    Factor("vague_new", "S01_vague_or_mixed_description", "pair", 0.6, _all("vague", "new")),
    Factor("excess_detour", "S04_weight_norm_mismatch", "pair", 2.8, _all("excess", "detour")),
    Factor("excess_vague", "S04_weight_norm_mismatch", "pair", 2.5, _all("excess", "vague")),
    Factor("new_rare", "S05_first_time_party", "pair", 1.5, _all("new", "rare")),
    Factor("rare_absent", "S07_no_or_absent_consignee", "pair", 2.3, _all("rare", "absent")),
    Factor("trade_excess", "S06_consignee_business_mismatch", "pair", 2.8,
           _all("off_trade", "excess")),
    Factor("absent_vague", "S07_no_or_absent_consignee", "pair", 3.4, _all("absent", "vague")),
    Factor("absent_excess", "S07_no_or_absent_consignee", "pair", 3.4, _all("absent", "excess")),
    Factor("detour_vague", "S09_undeclared_transhipment", "pair", 3.2, _all("detour", "vague")),
    Factor("rare_excess", "S10_route_commodity_implausible", "pair", 3.0, _all("rare", "excess")),
    Factor("home_industry", "E03_residential_industrial_goods", "pair", 1.8,
           _all("private", "industrial")),
    Factor("arms_unlicensed", "D01_licence_missing", "pair", 0.9, _all("arms", "unlicensed")),
    Factor("arms_new_unlicensed", "D01_licence_missing", "three_way", 2.5,
           _all("arms_unlicensed", "new", "firm", "odd")),
    # three things together
    Factor("host_machine", "A02_machine_or_appliance_host", "three_way", 6.1,
           _all("machine", "private", "excess")),
    Factor("host_toy", "E07_toy_tool_electronics_cover", "three_way", 5.9,
           _all("toytool", "private", "excess")),
    Factor("host_new", "E07_toy_tool_electronics_cover", "three_way", 6.1,
           _all("newcover", "private", "excess")),
    Factor("household", "S02_household_effects_cover", "three_way", 5.9,
           _all("household", "private", "excess", "half_list")),
    Factor("small_metal", "E01_small_metal_parts", "three_way", 5.5,
           _all("metal", "vague", "private", "part_mass")),
    Factor("tube", "E02_tube_filter_trap_cover", "three_way", 6.3,
           _all("tube", "cover", "private", "tube_mass")),
    Factor("bulky", "S03_bulky_low_value_cover", "three_way", 4.5, _all("bulky", "new", "excess")),
    Factor(
        "vague_dear", "S01_vague_or_mixed_description", "three_way", 2.8,
        _all("vague", "freight", "new"),
    ),
    Factor("consolidator", "A01_consolidator_masking", "three_way", 5.5,
           _all("forwarder", "no_house", "excess_or_vague")),
    Factor("freight_heavy", "A04_freight_cost_disproportion", "three_way", 4.9,
           _all("freight", "cheap", "by_air", "heavy")),
    Factor("gift_heavy", "E04_low_value_or_gift", "three_way", 4.3,
           _all("gift", "excess", "cheap")),
    Factor("home_metal", "E03_residential_industrial_goods", "three_way", 3.9,
           _all("private", "industrial", "excess_or_elsewhere")),
    Factor("open_part", "E09_controlled_term_no_licence", "three_way", 3.3,
           _all("strong", "unlicensed", "private", "new")),
    Factor("load", "L02_uneconomic_or_route_mismatch", "three_way", 5.5,
           _all("by_road", "cheap", "detour")),
    Factor("transit", "D05_transit_or_embargo", "three_way", 2.9,
           _all("arms", "unlicensed", "transit")),
    Factor("transit_detour", "D05_transit_or_embargo", "three_way", 1.8,
           _all("arms", "unlicensed", "transit", "detour")),
    Factor("convertible", "D06_convertible_bulk", "three_way", 6.1,
           _all("convertible", "unlicensed", "bulk", "new")),
    Factor("content", "D04_licence_content_mismatch", "three_way", 6.5,
           _all("licensed", "arms", "off_norm")),
    # other rows
    Factor("series", "S14_prior_seizure_pattern", "network", 3.4, _all("after_find")),
    Factor("senders", "E05_repeat_address_network", "network", 5.5,
           _all("senders", "private", "partlike")),
    Factor("set_of_parts", "E10_complementary_parts", "network", 3.9, _all("roles", "unlicensed")),
    Factor("split", "A03_split_consignments", "network", 5.7, _all("repeats", "private",
                                                                   "partlike")),
    Factor("one_phone", "E06_sender_identity_inconsistent", "network", 5.9,
           _all("phone_names", "partlike_or_excess")),
    Factor("building", "D02_broker_or_shell", "network", 5.5, _all("building", "dual_use", "new")),
    Factor("quantity", "D03_quantity_exceeds_market", "network", 6.5, _all("beyond_past", "arms")),
    Factor("redirect", "E08_address_mismatch", "network", 5.3,
           _all("new_address", "private", "partlike_or_excess")),
    # what clears
    Factor("regular", "", "clears", -1.6, _all("regular")),
    Factor("coded", "", "clears", -1.0, _all("coded")),
    Factor("licence", "", "clears", -2.6, _all("licensed", "strong")),
    Factor("itemised", "", "clears", -0.8, _all("itemised")),
    Factor("homonym", "", "clears", -0.6, _all("homonym")),
)  # fmt: skip

KINDS = np.array([factor.kind for factor in FACTORS])
KEYS = np.array([factor.key for factor in FACTORS], dtype=object)
_INDEX = {factor.name: i for i, factor in enumerate(FACTORS)}


def contributions(signs: Signs) -> Array:
    """Log-odds of every factor: rows x factors, float64."""
    columns = [factor.weight * factor.strength(signs) for factor in FACTORS]
    table: Array = np.column_stack(columns)
    return table


def set_after_find(table: Array, after: Array) -> None:
    """Put the factor that reads earlier finds into a table of contributions."""
    at = _INDEX["series"]
    table[:, at] = FACTORS[at].weight * after


def probability(table: Array) -> Array:
    """Probability of each row: the logistic function of base and contributions.

    Above even odds further factors count a third: papers alone never make a find certain.
    Added factor by factor, so that the sum has the same bits for any block size.
    """
    total = np.full(len(table), BASE)
    for column in table.T:
        total = total + column
    total = np.where(total > 0, total / 3.0, total)
    chance: Array = 1.0 / (1.0 + np.exp(-total))
    return chance


def joint_share(table: Array) -> Array:
    """Share of the raising log-odds that three-way and network factors give: 0..1."""
    raising = np.maximum(table, 0.0)
    joint = raising[:, np.isin(KINDS, ("three_way", "network"))].sum(axis=1)
    total = raising.sum(axis=1)
    share: Array = np.where(total > 0, joint / np.maximum(total, 1e-12), 0.0)
    return share


def leading(table: Array, wanted: Array) -> Array:
    """The typology of each row: the wanted one when it raises, else the largest factor's."""
    raising = np.maximum(table, 0.0)
    main = KEYS[raising.argmax(axis=1)]
    held = ((raising > 0.25) & (KEYS[None, :] == wanted[:, None])).any(axis=1)
    named: Array = np.where(held, wanted, main)
    named[(raising.max(axis=1) < 0.25)] = ""
    return named


def fired(table: Array) -> list[str]:
    """All typologies that raise each row by at least a quarter of a log-odds unit."""
    raising = (table > 0.25) & (KEYS[None, :] != "")
    return ["|".join(sorted(set(KEYS[row].tolist()))) for row in raising]
