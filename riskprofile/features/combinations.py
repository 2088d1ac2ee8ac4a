"""Combinations that published typologies name, as one measure each.

The measure counts where all conditions are known to hold; it is 0 where one is known not
to, and unknown else. So the scorecard finds the cut that matters, and an officer reads a
weight, a price or a count. Tables of single features and pairs cannot find a three-way
rule. The sentence of each names its typology (docs/typologies.md).
"""

from __future__ import annotations

from typing import Literal

from riskprofile.columns import Column, View, full
from riskprofile.features import conditions as on
from riskprofile.features.conditions import Part
from riskprofile.features.register import feature
from riskprofile.reference import facts, nomenclature
from riskprofile.tables import Feature, History

MASS = "at {value:.1f} times the usual mass"
CHEAP = "at one part in {value:.1f} of the usual value a kilogram"
TIMES = "times the usual"

# Name, unit, what an officer reads, what it is, the measure, and the conditions.
_LISTED: tuple[tuple[str, str, str, str, Part, tuple[Part, ...]], ...] = (
    ("machine_to_a_home", TIMES, f"a machine or appliance for a private person, {MASS}",
     "Mass excess of machines and appliances for private consignees (A02).",
     on.heavy, (on.machine, on.private)),
    ("machine_for_a_newcomer", TIMES, f"a machine or appliance for a new consignee, {MASS}",
     "Mass excess of machines for new consignees; distributors' past clears (A02).",
     on.heavy, (on.machine, on.new_consignee)),
    ("small_host_to_a_home", TIMES, f"a toy, tool or device for a private person, {MASS}",
     "Mass excess of toys, tools and electronics for private consignees (E07).",
     on.heavy, (on.small_host, on.private)),
    ("small_host_dear_freight", TIMES, f"a toy, tool or device with dear freight, {MASS}",
     "Mass excess of toys, tools and electronics whose freight is half the value (E07).",
     on.heavy, (on.small_host, on.dear)),
    ("heavy_to_a_home", TIMES, f"goods for a private person, {MASS}",
     "Mass excess of anything for private consignees (S04, E03).", on.heavy, (on.private,)),
    ("heavy_between_strangers", TIMES, f"goods between parties new to each other, {MASS}",
     "Mass excess of a new pair (S04, S05). New markets look alike.", on.heavy, (on.new_pair,)),
    ("household_package_heavy", TIMES,
     "household effects for a private person, packages at {value:.1f} times the usual mass",
     "Package mass of household effects for private consignees (S02).",
     on.heavy_package, (on.household, on.private)),
    ("household_unlisted_heavy", TIMES,
     "household effects without a list, parties new to each other, packages at {value:.1f} times "
     "the usual mass",
     "The same without an itemised list and without a known pair, which both clear (S02, S04).",
     on.heavy_package, (on.household, on.unlisted, on.new_pair)),
    ("bulky_cheap_and_new", TIMES, f"cheap bulky goods of a new pair, {CHEAP}",
     "Value below the usual of cheap bulky goods of a new pair (S03, X03).",
     on.cheap, (on.bulky, on.new_pair)),
    ("bulky_heavy_and_new", TIMES, f"cheap bulky goods of a new pair, {MASS}",
     "Mass excess of cheap bulky goods of a new pair; unit weights of old trade clear (S03).",
     on.heavy, (on.bulky, on.new_pair)),
    ("metal_pieces_from_new_sender", "pieces",
     "{value:.0f} unnamed metal [piece|pieces] of 5 to 400 g from a new sender to a private person",
     "Generic metal in the mass of parts, no number, private, seller new (E01).",
     on.pieces, (on.metal, on.small_part, on.private, on.unnumbered, on.new_sender)),
    ("metal_pieces_unnamed", "US dollars a kilogram",
     "unnamed metal pieces of 5 to 400 g to a private person, USD {value:.0f} a kilogram",
     "Value of generic metal in the mass of parts for private persons (E01, E03).",
     lambda items, history: items["value_usd"] / items["net_mass_kg"].fillna(
         items["gross_mass_kg"]),
     (on.metal, on.small_part, on.private, on.unnumbered)),
    ("tubes_unnamed", "pieces",
     "{value:.0f} [tube or filter|tubes or filters] of 150 to 700 g a piece, no part number, to a "
     "private person",
     "Tubes and filters in the mass of silencers, no maker's number, private (E02).",
     on.pieces, (on.tube, on.tube_mass, on.private, on.unnumbered)),
    ("gift_heavy", TIMES, f"a declared gift, {MASS}",
     "Mass excess of gifts: real gifts dominate, so mass decides (E04).", on.heavy, (on.gift,)),
    ("gift_freight", "ratio", "a declared gift, freight at {value:.1f} times the value",
     "Freight over the value of gifts (E04, E07).", on.freight, (on.gift,)),
    ("industrial_to_a_home", TIMES, f"goods that go to firms, to a private person, {MASS}",
     "Mass excess of goods of which under a tenth goes to private persons (E03).",
     on.heavy, (on.private, on.seldom_private)),
    ("cheap_by_air", TIMES, f"by air, freight half the value or more, {CHEAP}",
     "Value below the usual, flown at a freight of half the value or more (A04).",
     on.cheap, (on.flown, on.dear)),
    ("heavy_by_air", TIMES, f"by air, freight half the value or more, {MASS}",
     "Mass excess flown at a freight of half the value or more (A04).",
     on.heavy, (on.flown, on.dear)),
    ("dear_freight_between_strangers", "ratio",
     "by air between parties new to each other, freight at {value:.1f} times the value",
     "Freight over value of a new pair by air; known pairs' urgent spares are left out (A04).",
     on.freight, (on.flown, on.new_pair)),
    ("vague_and_heavy", TIMES, f"words that name no goods, {MASS}",
     "Mass excess where the text names no goods (S01 with S04).", on.heavy, (on.vague,)),
    ("vague_between_strangers", "signs",
     "words that name no goods, parties new to each other: {value:.0f} [sign|signs]",
     "1 and one each for rare ends, detour, dear freight, private person (S01 with others).",
     on.signs(on.rare_ends, on.detour, on.dear, on.private), (on.vague, on.new_pair)),
    ("vague_for_nobody", "signs",
     "words that name no goods, nobody named as consignee: {value:.0f} [sign|signs]",
     "1 and one each for rare ends and detour (S01, S07).",
     on.signs(on.rare_ends, on.detour), (on.vague, on.nobody)),
    ("heavy_for_nobody", TIMES, f"goods for no named consignee, {MASS}",
     "Mass excess where no consignee is named (S07, S04).", on.heavy, (on.nobody,)),
    ("heavy_for_hidden_receiver", TIMES,
     f"a forwarder or nobody as consignee, no house document, {MASS}",
     "Mass excess behind a forwarder, or for nobody, without house document; it clears (A01).",
     on.heavy, (on.hidden_receiver,)),
    ("vague_for_hidden_receiver", "0 or 1",
     "words that name no goods, a forwarder or nobody as consignee, no house document: {value:.0f}",
     "Vague goods behind a forwarder, or for nobody, without house document (A01, S01).",
     on.one, (on.hidden_receiver, on.vague)),
    ("heavy_on_a_detour", TIMES, f"goods on a longer way than these ends usually take, {MASS}",
     "Mass excess on a detour; hubs are learnt (S09, S04).", on.heavy, (on.detour,)),
    ("detour_of_strangers", "signs",
     "a longer way than usual between parties new to each other: {value:.0f} [sign|signs]",
     "1 and one each for vague words, other code, rare goods, no consignee (S09, S05).",
     on.signs(on.vague, on.other_code, on.rare_goods, on.nobody), (on.detour, on.new_pair)),
    ("rare_way_of_strangers", "signs",
     "ends that few declarations connect, parties new to each other: {value:.0f} [sign|signs]",
     "1 and one each for odd goods there, vague words, other code (S10, S05).",
     on.signs(on.rare_goods, on.vague, on.other_code), (on.rare_ends, on.new_pair)),
    ("rare_goods_of_strangers", TIMES,
     "goods not seen between these ends, parties new to each other, price {value:.1f} times off",
     "Price off the usual where goods are rare on the lane and the pair is new (S10, X03).",
     on.odd_price, (on.rare_goods, on.new_pair)),
    ("odd_price_on_rare_way", TIMES,
     "ends that few declarations connect, price {value:.1f} times off the usual",
     "Price off the usual, either way, between rarely connected ends (S10, X03).",
     on.odd_price, (on.rare_ends,)),
    ("heavy_on_rare_way", TIMES, f"ends that few declarations connect, {MASS}",
     "Mass excess between rarely connected ends (S10, S04).", on.heavy, (on.rare_ends,)),
    ("cheap_load_on_a_detour", TIMES, f"by road on a longer way than usual, {CHEAP}",
     "Value below the usual by road on a detour: an uneconomic trip (L02).",
     on.cheap, (on.road, on.detour)),
    ("heavy_under_another_code", TIMES, f"words that seldom bear this code, {MASS}",
     "Mass excess where words and code disagree (X01, S04).", on.heavy, (on.other_code,)),
    ("other_code_of_strangers", TIMES,
     "words that seldom bear this code, parties new to each other, price {value:.1f} times off",
     "Price off the usual where words and code disagree and the pair is new (X01, X03).",
     on.odd_price, (on.other_code, on.new_pair)),
    ("heavy_in_a_new_trade", TIMES, f"a chapter new to this consignee, {MASS}",
     "Mass excess in a chapter that the consignee never dealt in (S06).",
     on.heavy, (on.new_trade,)),
    ("heavy_on_thin_papers", TIMES, f"papers with half the usual fields missing, {MASS}",
     "Mass excess on thin papers; small traders look alike (X04).", on.heavy, (on.thin_papers,)),
    ("part_mass_at_shared_address", "names in 90 days",
     "pieces in the mass of parts, {value:.0f} [name|names] new at the address in 90 days",
     "Names at the address of pieces in the mass of firearm parts (E05, A03).",
     on.names_at_address, (on.part_mass,)),
    ("part_mass_unnamed_at_shared_address", "names in 90 days",
     "unnumbered pieces in the mass of parts for a private person, {value:.0f} [name|names] new "
     "there",
     "The same for private persons and goods without a part number (E05, E01).",
     on.names_at_address, (on.part_mass, on.private, on.unnumbered)),
    ("part_mass_at_new_address", "0 or 1",
     "pieces in the mass of parts for a known name at a new address: {value:.0f}",
     "Part-like mass for a known consignee at an address new to them (E08).",
     on.one, (on.new_address, on.part_mass)),
    ("heavy_at_new_address", TIMES, f"a known name at a new address, {MASS}",
     "Mass excess for a known consignee at an address new to them (E08).",
     on.heavy, (on.new_address,)),
    ("arms_between_strangers", "signs",
     "arms without a licence between parties new to each other: {value:.0f} [sign|signs]",
     "1 and one each for private person, detour, rare ends, new trade (E09, D01, D05).",
     on.signs(on.private, on.detour, on.rare_ends, on.new_trade),
     (on.arms, on.unlicensed, on.new_pair)),
    ("arms_words_elsewhere", "signs",
     "words of arms under another code without a licence: {value:.0f} [sign|signs]",
     "1 and one each for private person, new pair, parcel (X02, E09).",
     on.signs(on.private, on.new_pair, on.parcel), (on.arms_words, on.unlicensed)),
    ("arms_passing", "signs", "arms in transit without an authorisation: {value:.0f} [sign|signs]",
     "1 and one each for detour, rare ends, new pair, vague words (D05).",
     on.signs(on.detour, on.rare_ends, on.new_pair, on.vague),
     (on.arms, on.passing, on.unlicensed)),
    ("arms_beyond_own", TIMES, "arms at {value:.1f} times this consignee's usual quantity",
     "Quantity of arms over the consignee's own past (D03).", on.beyond_own, (on.arms,)),
    ("licensed_mass_off", TIMES, "licensed arms, mass {value:.1f} times off the usual",
     "Mass of licensed arms off the usual, either way: count or type differ (D04).",
     on.odd_mass, (on.arms, on.licensed)),
    ("arms_for_a_new_firm", "names in 90 days",
     "arms or convertibles for a new firm, {value:.0f} [name|names] new at its address",
     "Names at the address of a new firm that receives controlled goods (D02).",
     on.names_at_address,
     (lambda items, history: facts.any_of(on.arms(items, history), on.convertible(items, history)),
      on.firm, on.new_consignee)),
    ("convertibles_between_strangers", "pieces",
     "{value:.0f} convertible [weapon|weapons] without a licence between parties new to each other",
     "Pieces of convertible weapons without licence of a new pair (D06).",
     on.pieces, (on.convertible, on.unlicensed, on.new_pair)),
    ("convertibles_to_a_home", "pieces",
     "{value:.0f} convertible [weapon|weapons] without a licence for a private person",
     "Pieces of convertible weapons without licence for private persons (D06).",
     on.pieces, (on.convertible, on.unlicensed, on.private)),
    ("licensed_trade", "0 or 1", "arms declared as arms with a licence number: {value:.0f}",
     "Openly declared, licensed arms: the guard of E09 and D01.", on.one,
     (on.of_class(nomenclature.arms), on.licensed)),
)  # fmt: skip
_LOWERS = frozenset({"licensed_trade"})
_FREE = frozenset({"metal_pieces_unnamed"})  # dear and cheap metal may both be odd


def _made(
    name: str, unit: str, reads: str, doc: str, measure: Part, conditions: tuple[Part, ...]
) -> Feature:
    def compute(items: View, history: History) -> Column:
        met = []
        for condition in conditions:
            met.append(condition(items, history))
            if not met[-1].any():  # known to hold nowhere: nothing else need be asked
                return full(len(items), 0.0)
        holds = facts.all_of(*met)
        return measure(items, history).where(holds > 0, 0.0).where(holds.notna())

    compute.__name__, compute.__doc__ = name, doc
    direction: Literal[-1, 0, 1] = -1 if name in _LOWERS else 0 if name in _FREE else 1
    # Of what is no such combination a figure would say that it is one, of no mass and no price.
    return feature(unit=unit, reads=reads, monotone=direction, none=unit != "0 or 1")(compute)


FEATURES: list[Feature] = [_made(*one) for one in _LISTED]
