"""The truth of shipments: what a row and the rows before it say of trafficking.

Each factor reads signs in [0, 1] (`signs.py`). A sign that a missing field would show is 0.
No factor reads a scenario, a country, a place or a name.
"""

from __future__ import annotations

from training.synth.truth import Factor, Truth, all_of, either

_FACTORS = (
    # singles: common in lawful trade, small
    Factor("mismatch", "X01_hs_text_mismatch", "single", 0.8, all_of("mismatch")),
    Factor("price", "X03_price_per_kg", "single", 0.6, either("cheap", "dear")),
    Factor("gaps", "X04_missing_or_inconsistent_fields", "single", 0.6, all_of("gaps")),
    Factor("vague", "S01_vague_or_mixed_description", "single", 0.8, all_of("vague")),
    Factor("excess", "S04_weight_norm_mismatch", "single", 0.9, all_of("excess")),
    Factor("new", "S05_first_time_party", "single", 0.3, all_of("new")),
    Factor("absent", "S07_no_or_absent_consignee", "single", 1.0, all_of("absent")),
    Factor("detour", "S09_undeclared_transhipment", "single", 0.8, all_of("detour")),
    Factor("rare", "S10_route_commodity_implausible", "single", 0.8, all_of("rare")),
    Factor("freight", "A04_freight_cost_disproportion", "single", 0.5, all_of("freight")),
    Factor("gift", "E04_low_value_or_gift", "single", 0.2, all_of("gift")),
    Factor("off_trade", "S06_consignee_business_mismatch", "single", 0.6, all_of("off_trade")),
    Factor("elsewhere", "E06_sender_identity_inconsistent", "single", 0.3, all_of("elsewhere")),
    # words
    Factor("arms_words", "X02_firearm_lexicon", "text", 1.8, all_of("strong")),
    Factor(
        "arms_words_other_code",
        "X02_firearm_lexicon",
        "text",
        4.3,
        all_of("strong", "not_arms_code", "unlicensed"),
    ),
    Factor("part_words", "E10_complementary_parts", "text", 4.1, all_of("hint")),
    # pairs
    Factor("mismatch_excess", "X01_hs_text_mismatch", "pair", 3.6, all_of("mismatch", "excess")),
    Factor("price_vague", "X03_price_per_kg", "pair", 1.2, either("cheap", "dear", "vague")),
    Factor("price_rare", "X03_price_per_kg", "pair", 1.7, either("cheap", "dear", "rare")),
    Factor(
        "gaps_excess", "X04_missing_or_inconsistent_fields", "pair", 3.6, all_of("gaps", "excess")
    ),
    Factor(
        "vague_freight", "S01_vague_or_mixed_description", "pair", 1.0, all_of("vague", "freight")
    ),
    Factor("vague_new", "S01_vague_or_mixed_description", "pair", 0.6, all_of("vague", "new")),
    Factor("excess_detour", "S04_weight_norm_mismatch", "pair", 2.8, all_of("excess", "detour")),
    Factor("excess_vague", "S04_weight_norm_mismatch", "pair", 2.5, all_of("excess", "vague")),
    Factor("new_rare", "S05_first_time_party", "pair", 1.5, all_of("new", "rare")),
    Factor("rare_absent", "S07_no_or_absent_consignee", "pair", 2.3, all_of("rare", "absent")),
    Factor(
        "trade_excess",
        "S06_consignee_business_mismatch",
        "pair",
        2.8,
        all_of("off_trade", "excess"),
    ),
    Factor("absent_vague", "S07_no_or_absent_consignee", "pair", 3.4, all_of("absent", "vague")),
    Factor("absent_excess", "S07_no_or_absent_consignee", "pair", 3.4, all_of("absent", "excess")),
    Factor("detour_vague", "S09_undeclared_transhipment", "pair", 3.2, all_of("detour", "vague")),
    Factor("rare_excess", "S10_route_commodity_implausible", "pair", 3.0, all_of("rare", "excess")),
    Factor(
        "home_industry",
        "E03_residential_industrial_goods",
        "pair",
        1.8,
        all_of("private", "industrial"),
    ),
    Factor("arms_unlicensed", "D01_licence_missing", "pair", 0.9, all_of("arms", "unlicensed")),
    Factor(
        "arms_new_unlicensed",
        "D01_licence_missing",
        "three_way",
        2.5,
        all_of("arms_unlicensed", "new", "firm", "odd"),
    ),
    # three things together
    Factor(
        "host_machine",
        "A02_machine_or_appliance_host",
        "three_way",
        6.1,
        all_of("machine", "private", "excess"),
    ),
    Factor(
        "host_toy",
        "E07_toy_tool_electronics_cover",
        "three_way",
        5.9,
        all_of("toytool", "private", "excess"),
    ),
    Factor(
        "host_new",
        "E07_toy_tool_electronics_cover",
        "three_way",
        6.1,
        all_of("newcover", "private", "excess"),
    ),
    Factor(
        "household",
        "S02_household_effects_cover",
        "three_way",
        5.9,
        all_of("household", "private", "excess", "half_list"),
    ),
    Factor(
        "small_metal",
        "E01_small_metal_parts",
        "three_way",
        5.5,
        all_of("metal", "vague", "private", "part_mass"),
    ),
    Factor(
        "tube",
        "E02_tube_filter_trap_cover",
        "three_way",
        6.3,
        all_of("tube", "cover", "private", "tube_mass"),
    ),
    Factor(
        "bulky", "S03_bulky_low_value_cover", "three_way", 4.5, all_of("bulky", "new", "excess")
    ),
    Factor(
        "vague_dear",
        "S01_vague_or_mixed_description",
        "three_way",
        2.8,
        all_of("vague", "freight", "new"),
    ),
    Factor(
        "consolidator",
        "A01_consolidator_masking",
        "three_way",
        5.5,
        all_of("forwarder", "no_house", "excess_or_vague"),
    ),
    Factor(
        "freight_heavy",
        "A04_freight_cost_disproportion",
        "three_way",
        4.9,
        all_of("freight", "cheap", "by_air", "heavy"),
    ),
    Factor(
        "gift_heavy", "E04_low_value_or_gift", "three_way", 4.3, all_of("gift", "excess", "cheap")
    ),
    Factor(
        "home_metal",
        "E03_residential_industrial_goods",
        "three_way",
        3.9,
        all_of("private", "industrial", "excess_or_elsewhere"),
    ),
    Factor(
        "open_part",
        "E09_controlled_term_no_licence",
        "three_way",
        3.3,
        all_of("strong", "unlicensed", "private", "new"),
    ),
    Factor(
        "load",
        "L02_uneconomic_or_route_mismatch",
        "three_way",
        5.5,
        all_of("by_road", "cheap", "detour"),
    ),
    Factor(
        "transit",
        "D05_transit_or_embargo",
        "three_way",
        2.9,
        all_of("arms", "unlicensed", "transit"),
    ),
    Factor(
        "transit_detour",
        "D05_transit_or_embargo",
        "three_way",
        1.8,
        all_of("arms", "unlicensed", "transit", "detour"),
    ),
    Factor(
        "convertible",
        "D06_convertible_bulk",
        "three_way",
        6.1,
        all_of("convertible", "unlicensed", "bulk", "new"),
    ),
    Factor(
        "content",
        "D04_licence_content_mismatch",
        "three_way",
        6.5,
        all_of("licensed", "arms", "off_norm"),
    ),
    # other rows
    Factor("series", "S14_prior_seizure_pattern", "network", 3.4, all_of("after_find")),
    Factor(
        "senders",
        "E05_repeat_address_network",
        "network",
        5.5,
        all_of("senders", "private", "partlike"),
    ),
    Factor(
        "set_of_parts", "E10_complementary_parts", "network", 3.9, all_of("roles", "unlicensed")
    ),
    Factor(
        "split", "A03_split_consignments", "network", 5.7, all_of("repeats", "private", "partlike")
    ),
    Factor(
        "one_phone",
        "E06_sender_identity_inconsistent",
        "network",
        5.9,
        all_of("phone_names", "partlike_or_excess"),
    ),
    Factor(
        "building", "D02_broker_or_shell", "network", 5.5, all_of("building", "dual_use", "new")
    ),
    Factor(
        "quantity", "D03_quantity_exceeds_market", "network", 6.5, all_of("beyond_past", "arms")
    ),
    Factor(
        "redirect",
        "E08_address_mismatch",
        "network",
        5.3,
        all_of("new_address", "private", "partlike_or_excess"),
    ),
    # what clears
    Factor("regular", "", "clears", -1.6, all_of("regular")),
    Factor("coded", "", "clears", -1.0, all_of("coded")),
    Factor("licence", "", "clears", -2.6, all_of("licensed", "strong")),
    Factor("itemised", "", "clears", -0.8, all_of("itemised")),
    Factor("homonym", "", "clears", -0.6, all_of("homonym")),
)

SHIPMENT_TRUTH = Truth(base=-8.1, factors=_FACTORS)
