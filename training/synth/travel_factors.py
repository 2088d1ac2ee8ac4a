"""The truth of travellers: conduct, baggage, papers and earlier trips; never who they are."""

from __future__ import annotations

from training.synth.truth import Factor, Truth, all_of

_T02, _T03 = "T02_short_frequent_trips", "T03_baggage_conduct"
_T04, _T05 = "T04_sport_permit_misuse", "T05_replica_deactivated"
_L02, _X02 = "L02_uneconomic_or_route_mismatch", "X02_firearm_lexicon"

_FACTORS = (
    Factor("trips", _T02, "single", 0.3, all_of("trips")),
    Factor("heavy", _T03, "single", 0.6, all_of("heavy")),
    Factor("tags", _T03, "single", 0.8, all_of("tags")),
    Factor("one_way", _T03, "single", 0.4, all_of("one_way")),
    Factor("cash", _T03, "single", 0.5, all_of("cash")),
    Factor("booked_late", _T02, "single", 0.4, all_of("booked_late")),
    Factor("changed", _T03, "single", 0.3, all_of("changed")),
    Factor("detour", _L02, "single", 0.6, all_of("detour")),
    Factor("arms", _T04, "single", 0.5, all_of("arms")),
    Factor("part_words", _X02, "text", 5.4, all_of("part_words")),
    Factor("hint_words", "E10_complementary_parts", "text", 5.6, all_of("hint")),
    Factor("replica", _T05, "text", 0.8, all_of("replica")),
    Factor("arms_unlicensed", _T04, "pair", 1.0, all_of("arms", "unlicensed")),
    Factor("tags_heavy", _T03, "pair", 2.0, all_of("tags", "heavy")),
    Factor("cash_late", _T03, "pair", 1.2, all_of("cash", "booked_late")),
    Factor("replica_heavy", _T05, "pair", 2.2, all_of("replica", "heavy")),
    Factor("one_way_cash", _T03, "three_way", 4.0, all_of("one_way", "cash", "heavy")),
    Factor("tags_short", _T03, "three_way", 4.0, all_of("tags", "heavy", "short")),
    Factor("permit", _T04, "three_way", 6.4, all_of("arms", "beyond_permit", "short")),
    Factor("replica_short", _T05, "three_way", 4.4, all_of("replica", "heavy", "short")),
    Factor("host", "E07_toy_tool_electronics_cover", "three_way", 6.2,
           all_of("host", "heavy", "short")),
    Factor("frequent", _T02, "network", 6.2, all_of("trips", "short", "heavy")),
    Factor("many_drivers", _L02, "network", 6.0, all_of("drivers", "detour", "short")),
    Factor("drivers_heavy", _L02, "network", 2.4, all_of("drivers", "detour", "heavy")),
    Factor("part_trips", "E10_complementary_parts", "network", 2.6, all_of("trips", "hint")),
    Factor("family", "", "clears", -0.8, all_of("family")),
    Factor("licensed", "", "clears", -1.2, all_of("licensed")),
    Factor("homonym", "", "clears", -0.6, all_of("homonym")),
)  # fmt: skip

TRAVELLER_TRUTH = Truth(base=-7.5, factors=_FACTORS)
