"""Goods: what the text says, how it says it, and whether the code agrees.

Everything is read once per distinct text (`riskprofile.reference`). A text that is
missing gives a missing value; zero is a finding.
"""

from __future__ import annotations

from riskprofile.columns import Column, Mask, View
from riskprofile.features.register import feature
from riskprofile.reference import facts, goods, nomenclature, text
from riskprofile.tables import Feature, History

TERMS = "none in ordinary goods texts"
FLAG = "0 or 1"


def _terms(items: View, name: str) -> Column:
    return goods.arms(items)[name]


def _coded(items: View, flag: Mask) -> Column:
    """A class as 1 or 0; unknown where neither text nor heading is declared."""
    said = items["hs4"].notna() | items["goods_description"].notna()
    return flag.astype("float64").where(said)


@feature(
    unit="terms",
    reads="the text holds {value:.0f} [word that means|words that mean] arms and little else",
    monotone=1,
    norm=TERMS,
)
def arms_terms(items: View, history: History) -> Column:
    """Words for firearms, parts, ammunition or conversion devices, in nine languages (X02).

    Only terms with hardly any other meaning; disguised spellings count. Missing
    without a text.
    """
    return _terms(items, "low")


@feature(
    unit="terms",
    reads="the text holds {value:.0f} [word|words] that may mean arms, with nothing beside "
    "[it|them] that gives another meaning",
    monotone=1,
)
def ambiguous_terms(items: View, history: History) -> Column:
    """Words such as slide, barrel or cartridge, left after context has cancelled (X02).

    Words of the everyday meaning in the text, or the HS chapter where that meaning
    belongs, cancel a term: toner, wine, glue, drawer. Missing without a text.
    """
    return _terms(items, "high")


@feature(
    unit="combinations",
    reads="ambiguous words stand together in a way that means arms ({value:.0f})",
    monotone=1,
    norm=TERMS,
)
def arms_combinations(items: View, history: History) -> Column:
    """A firearm beside a part or spare, or ammunition beside a calibre (X02, E10).

    Each word alone is everyday; together they are not. Missing without a text.
    """
    return _terms(items, "combined")


@feature(
    unit="kinds",
    reads="{value:.0f} [kind|different kinds] of firearm part [is|are] named",
    monotone=1,
    norm=TERMS,
)
def part_kinds(items: View, history: History) -> Column:
    """Distinct kinds of part named: frame, slide, barrel, bolt, trigger, magazine (E10).

    Everyday meanings are cancelled as in `ambiguous_terms`. Missing without a text.
    """
    return _terms(items, "parts")


@feature(
    unit="terms",
    reads="the text holds {value:.0f} [calibre or silencer thread|calibres or silencer threads]",
    monotone=1,
    norm=TERMS,
)
def calibre_terms(items: View, history: History) -> Column:
    """Calibres (7.62x39, .22 LR, 9 mm Luger) and threads of silencers (1/2-28, M13.5x1 LH).

    `9x19` alone is also the size of a plate and does not count. Typology X02.
    """
    read = goods.arms(items)
    return read["calibres"] + read["threads"]


@feature(
    unit=FLAG,
    reads="the text is written so that a search does not find its words",
    monotone=1,
    norm="no honest text needs it",
)
def obfuscated_text(items: View, history: History) -> Column:
    """Look-alike letters of another script, invisible signs, letters apart, digits for letters.

    Raises attention, never lowers it. Missing without a text. Source: Unicode
    Technical Standard 39 on confusable text.
    """
    given = items["goods_description"]
    hidden: Column = text.obfuscated(given) | goods.arms(items)["disguised"]
    return hidden.astype("float64").where(given.notna())


@feature(
    unit=FLAG,
    reads="conversion devices or silencers are named",
    monotone=1,
    norm=TERMS,
)
def conversion_terms(items: View, history: History) -> Column:
    """Auto sears, switches, conversion kits and silencers, everyday meanings cancelled (E01, E02).

    Missing without a text.
    """
    given = items["goods_description"]
    named = goods.arms(items)["conversion"] | goods.arms(items)["silencer"]
    return named.astype("float64").where(given.notna())


@feature(unit="share", reads="{value:.0%} of the words fit any goods")
def generic_share(items: View, history: History) -> Column:
    """Share of words such as parts, equipment, samples, effects (S01). Missing without a text.

    Consolidated loads and relief goods are described so as well.
    """
    return goods.said(items)["generic"]


@feature(unit="words", reads="the goods are described in {value:.0f} [word|words]")
def word_count(items: View, history: History) -> Column:
    """Distinct words of the goods text, numbers included. Missing without a text."""
    return goods.said(items)["distinct"]


@feature(unit="nats", reads="the description tells {value:.1f} nats about the goods")
def informativeness(items: View, history: History) -> Column:
    """How much the words narrow down the HS chapter; little for *metal parts* (S01).

    The sum over words of the best log-likelihood ratio of any chapter, at most 4 a
    word; a word that the table does not know counts 1. Missing without a text.
    """
    return goods.said(items)["information"]


@feature(unit=FLAG, reads="the description names no goods")
def vague_text(items: View, history: History) -> Column:
    """Only generic words, or a description that customs reject as too vague (S01).

    Missing without a text. Source: vague terms of the UK trade tariff, see NOTICE.
    """
    return goods.said(items)["vague"]


@feature(
    unit="nats",
    reads="the wording speaks for another HS chapter than the declared one, by {value:.1f} nats",
    monotone=1,
    norm="under 4 for eight of ten texts of traders",
)
def chapter_surprise(items: View, history: History) -> Column:
    """How much better the best chapter explains the words than the declared one (X01).

    Honest errors of classification are common. Missing without text or code, or when
    no word of the text is known.
    """
    return goods.fit(items)["surprise"]


@feature(
    unit="rank",
    reads="the declared HS chapter is number {value:.0f} of those that the words suggest",
    monotone=1,
    norm="among the first three for eight of ten texts of traders",
)
def chapter_rank(items: View, history: History) -> Column:
    """Rank of the declared chapter for the words, 1 is best (X01).

    Missing without text or code, or when no word of the text is known.
    """
    return goods.fit(items)["rank"]


@feature(unit=FLAG, reads="declared under arms and ammunition (HS 9301 to 9307)")
def arms_code(items: View, history: History) -> Column:
    """Declared openly as arms: more often lawful and licensed (E09). Missing without a heading."""
    return nomenclature.arms(items).astype("float64").where(items["hs4"].notna())


@feature(
    unit=FLAG,
    reads="the text names arms, parts or ammunition, and the HS code does not",
    monotone=1,
    norm=TERMS,
)
def arms_under_another_code(items: View, history: History) -> Column:
    """Words of controlled arms under a code other than 9301 to 9307 (X01, X02).

    Not where the other words speak of the declared chapter, as with toys, clothes or
    books, nor for sights and holsters alone. Missing without text or heading.
    """
    given = items["goods_description"]
    read = goods.arms(items)
    hidden = read["controlled"] & ~read["lawful"]
    hidden &= ~nomenclature.arms(items) & ~nomenclature.near_arms(items)
    return hidden.astype("float64").where(given.notna() & items["hs4"].notna())


@feature(unit=FLAG, reads="goods are machines or appliances with room inside")
def machine_host(items: View, history: History) -> Column:
    """Pumps, heaters, washers, moulding machines, engines, speakers, by HS heading (A02)."""
    return nomenclature.machine_host(items).astype("float64").where(items["hs4"].notna())


@feature(unit=FLAG, reads="goods are toys, tools or small electronics")
def small_host(items: View, history: History) -> Column:
    """Toys, tools, drives, players, by HS heading (E07)."""
    return nomenclature.small_host(items).astype("float64").where(items["hs4"].notna())


@feature(unit=FLAG, reads="goods are household or personal effects")
def household_effects(items: View, history: History) -> Column:
    """Household and personal effects by code or words; a huge lawful flow (S02)."""
    return _coded(items, nomenclature.household(items))


@feature(unit=FLAG, reads="goods are cheap and bulky")
def bulky_cheap(items: View, history: History) -> Column:
    """Doors, plumbing fittings, plastics, furniture, worn clothes, by HS heading (S03)."""
    return nomenclature.bulky_cheap(items).astype("float64").where(items["hs4"].notna())


@feature(unit=FLAG, reads="goods are small metal articles with a general name")
def generic_metal(items: View, history: History) -> Column:
    """Screws, articles of steel, machine parts, by code or words (E01)."""
    return _coded(items, nomenclature.generic_metal(items))


@feature(unit=FLAG, reads="goods are tubes, pipes or filters")
def tube_or_filter(items: View, history: History) -> Column:
    """Filters, tubes, solvent traps, air-soft tubes, by code or words (E02)."""
    return _coded(items, nomenclature.tube_or_filter(items))


@feature(unit=FLAG, reads="goods are blank-firing, alarm, gas or air weapons")
def convertible_arms(items: View, history: History) -> Column:
    """Weapons that can be converted, by code (HS 9303.90, 9304) or words (D06)."""
    worded = goods.arms(items)
    named = worded["convertible"] & ~worded["lawful"]
    return _coded(items, nomenclature.convertible(items) | named)


@feature(
    unit=FLAG,
    reads="a part number, drawing number or standard is given",
    monotone=-1,
)
def part_number(items: View, history: History) -> Column:
    """Maker's number, drawing, DIN or thread standard: what honest parts carry (E01, E02).

    Missing without a text.
    """
    return goods.said(items)["numbered"]


@feature(unit="entries", reads="the text lists {value:.0f} [entry|entries]")
def itemised_entries(items: View, history: History) -> Column:
    """Entries between commas, semicolons and bars: an itemised list eases S02.

    Missing without a text.
    """
    return goods.said(items)["itemised"]


@feature(
    unit=FLAG,
    reads="small metal articles without any part number or standard",
    monotone=1,
)
def unnumbered_metal(items: View, history: History) -> Column:
    """Small metal articles with a general name and nothing that identifies them (E01).

    Do-it-yourself fasteners carry thread codes, industrial samples drawing numbers.
    """
    numbered = goods.said(items)["numbered"]
    return facts.all_of(_coded(items, nomenclature.generic_metal(items)), 1.0 - numbered)


@feature(
    unit=FLAG,
    reads="tubes or filters without any part number or thread standard",
    monotone=1,
)
def unnumbered_tube(items: View, history: History) -> Column:
    """Tubes and filters with nothing that says which car or pipe they fit (E02).

    Real filters carry makers' numbers, plumbing carries NPT or BSP threads.
    """
    numbered = goods.said(items)["numbered"]
    return facts.all_of(_coded(items, nomenclature.tube_or_filter(items)), 1.0 - numbered)


@feature(unit=FLAG, reads="household effects without an itemised list", monotone=1)
def household_without_list(items: View, history: History) -> Column:
    """Household or personal effects in fewer than three entries (S02); a list clears it."""
    entries = goods.said(items)["itemised"]
    short = (entries < 3).astype("float64").where(entries.notna())
    return facts.all_of(_coded(items, nomenclature.household(items)), short)


@feature(
    unit="declarations",
    reads="this consignor used the same goods text {value:.0f} [time|times] in the past year",
    monotone=-1,
    silent_without_history=True,
)
def consignor_text_count(items: View, history: History) -> Column:
    """Earlier declarations of this consignor with the same goods text, 365 days.

    Steady trade repeats its wording. Missing without consignor or text.
    """
    return history.count(items, ["consignor_key", "goods_key"], days=365)


@feature(
    unit="log10 declarations",
    reads="this goods text was declared about 10^{value:.1f} [time|times] in a year, with this one",
    silent_without_history=True,
)
def goods_text_frequency(items: View, history: History) -> Column:
    """Decimal logarithm of 1 + earlier declarations with the same text, by anyone, 365 days.

    0 for a text never seen. Missing without a text.
    """
    return (1.0 + history.count(items, ["goods_key"], days=365)).log10().round(facts.DIGITS)


@feature(
    unit="terms",
    reads="what the traveller declared holds {value:.0f} [word that means|words that mean] arms",
    monotone=1,
    norm=TERMS,
)
def declared_arms_terms(items: View, history: History) -> Column:
    """Words for firearms, parts, ammunition in `goods_declared` (X02). Missing without a text."""
    read = goods.declared(items)
    return read["low"] + read["combined"] + read["calibres"]


@feature(
    unit=FLAG,
    reads="replica, deactivated or blank-firing arms are declared",
    monotone=1,
    norm=TERMS,
)
def declared_convertible(items: View, history: History) -> Column:
    """Replica, deactivated, alarm or blank-firing arms in `goods_declared` (T05).

    Toys, film props and collectors' pieces look alike. Missing without a text.
    """
    given = items["goods_declared"]
    read = goods.declared(items)
    return (read["convertible"] | read["replica"]).astype("float64").where(given.notna())


@feature(
    unit=FLAG,
    reads="what the traveller declared is written so that a search does not find it",
    monotone=1,
    norm="no honest text needs it",
)
def declared_obfuscated(items: View, history: History) -> Column:
    """`obfuscated_text` for `goods_declared`. Missing without a text."""
    given = items["goods_declared"]
    hidden: Column = text.obfuscated(given) | goods.declared(items)["disguised"]
    return hidden.astype("float64").where(given.notna())


FEATURES: list[Feature] = [
    arms_terms,
    ambiguous_terms,
    arms_combinations,
    part_kinds,
    calibre_terms,
    obfuscated_text,
    conversion_terms,
    generic_share,
    word_count,
    informativeness,
    vague_text,
    chapter_surprise,
    chapter_rank,
    arms_code,
    arms_under_another_code,
    machine_host,
    small_host,
    household_effects,
    bulky_cheap,
    generic_metal,
    tube_or_filter,
    convertible_arms,
    part_number,
    itemised_entries,
    unnumbered_metal,
    unnumbered_tube,
    household_without_list,
    consignor_text_count,
    goods_text_frequency,
]
TRAVELLER_FEATURES: list[Feature] = [
    declared_arms_terms,
    declared_convertible,
    declared_obfuscated,
]
