"""What is out of the usual of the goods, the parties and the way: one measure each.

The usual is what earlier declarations say, by code or by words; see `reference.norms`.
Each names its typology of docs/typologies.md, and the lawful trade that looks alike.
"""

from __future__ import annotations

from riskprofile.columns import Column, View
from riskprofile.features.register import feature
from riskprofile.reference import facts, goods, norms
from riskprofile.tables import Feature, History

TIMES = "times the usual"
ENDS = ("export_key", "destination_key")
FEW = 20.0  # declarations of a heading, a destination or words before their shares mean anything
ADDRESS, PHONE = ("consignee_address_key",), ("consignee_phone_key",)


@feature(
    unit=TIMES,
    reads="the mass is {value:.1f} times what is usual for these goods",
    norm="0.5 to 2 times",
    silent_without_history=True,
)
def mass_times_usual(items: View, history: History) -> Column:
    """Mass a unit, else a package, over the usual by code or words (S04). Pallets look alike."""
    return norms.times(norms.mass_departure(items, history))


@feature(
    unit=TIMES,
    reads="a package weighs {value:.1f} times what is usual for these goods and mode",
    norm="0.4 to 2.5 times",
    silent_without_history=True,
)
def package_times_usual(items: View, history: History) -> Column:
    """Mass a package over the usual by code or words, and mode (S02, S04)."""
    return norms.times(norms.package_departure(items, history))


@feature(
    unit=TIMES,
    reads="a kilogram is valued at {value:.2f} times what is usual for these goods",
    norm="0.4 to 2.5 times",
    silent_without_history=True,
)
def price_times_usual(items: View, history: History) -> Column:
    """Value a kilogram over the usual by code or words (X03). Samples, used goods look alike."""
    return norms.times(norms.price_departure(items, history))


@feature(
    unit=TIMES,
    reads="a unit is valued at {value:.2f} times what is usual for these goods",
    silent_without_history=True,
)
def unit_price_times_usual(items: View, history: History) -> Column:
    """Value a unit over the usual by code or words (X03). Samples, used goods look alike."""
    return norms.times(norms.departure(items, history, "log_value_per_unit"))


@feature(
    unit=TIMES,
    reads="freight against value is {value:.1f} times what is usual for these goods and mode",
    silent_without_history=True,
)
def freight_times_usual(items: View, history: History) -> Column:
    """Freight over value, over the usual (A04). Urgent spares and removals look alike."""
    return norms.times(norms.freight_departure(items, history))


@feature(
    unit=TIMES,
    reads="the quantity is {value:.1f} times this consignee's usual for the heading",
    silent_without_history=True,
)
def quantity_times_own(items: View, history: History) -> Column:
    """Quantity over the consignee's own usual in the heading; missing before 3 (D03).

    Police tenders and new distributor rights look alike.
    """
    past = history.norm(items, "log_quantity", ["consignee_key", "hs4"])
    return norms.times(items["log_quantity"] - past["mean"].where(past["n"] >= 3.0))


@feature(
    unit="share",
    reads="of earlier declarations in these words, {value:.0%} bore this heading",
    monotone=-1,
    silent_without_history=True,
)
def words_bear_this_heading(items: View, history: History) -> Column:
    """How usual the declared heading is for these words; missing before 4 (X01)."""
    same = history.count(items, norms.WORDS)
    both = history.count(items, (*norms.WORDS, "hs4"))
    return (both / same.where(same >= norms.WORDS_KNOWN)).round(facts.DIGITS)


@feature(
    unit="per 10,000 declarations",
    reads="{value:.1f} of 10,000 declarations to this destination are sent from there",
    monotone=-1,
    silent_without_history=True,
)
def ends_share(items: View, history: History) -> Column:
    """How common the two ends are, whatever the goods and the mode: rarity, no place (S10)."""
    both = history.count(items, ENDS)
    there = history.count(items, ("destination_key",))
    return (both / there.where(there >= FEW) * 1e4).round(facts.DIGITS)


@feature(
    unit="share",
    reads="{value:.0%} of earlier declarations of these goods were for this kind of consignee",
    silent_without_history=True,
)
def kind_of_consignee_share(items: View, history: History) -> Column:
    """How usual a private person, firm or forwarder is for the heading; missing before 20 (E03).

    Hobbyists, home workshops and sole traders look alike.
    """
    heading = history.count(items, ("hs4",))
    kind = history.count(items, ("hs4", "consignee_type"))
    return (kind / heading.where(heading >= FEW)).round(facts.DIGITS)


@feature(
    unit="share",
    reads="{value:.0%} of this consignee's earlier declarations were of this chapter",
    monotone=-1,
    silent_without_history=True,
)
def chapter_share_of_consignee(items: View, history: History) -> Column:
    """How usual the chapter is for the consignee; missing before 3 (S06). New lines look alike."""
    past = history.count(items, ("consignee_key",))
    same = history.count(items, ("consignee_key", "hs2"))
    return (same / past.where(past >= 3.0)).round(facts.DIGITS)


@feature(
    unit="names for each declaration",
    reads="{value:.2f} names for each declaration at this address in 90 days",
    monotone=1,
)
def names_per_parcel(items: View, history: History) -> Column:
    """Names that came to the address in 90 days, over what it received then (E05).

    Blocks of flats and parcel shops receive much for each name that comes; 0 for an
    address without a past.
    """
    names = history.partners(items, ("consignee_name_key",), ADDRESS, 90)
    return (names / (1.0 + history.count(items, ADDRESS, 90))).round(facts.DIGITS)


@feature(
    unit="names in 90 days",
    reads="{value:.0f} consignee [name|names] first used this telephone in the last 90 days",
    monotone=1,
)
def names_at_phone_90(items: View, history: History) -> Column:
    """Consignee names that first appeared with this number in 90 days (E05)."""
    return history.partners(items, ("consignee_name_key",), PHONE, 90)


@feature(
    unit="names in 365 days",
    reads="{value:.0f} sender [name|names] first used this sender's address in the last year",
    monotone=1,
)
def sender_names_at_address(items: View, history: History) -> Column:
    """Sender names that first appeared at the consignor's address in a year (E06).

    Marketplaces with warehouses look alike.
    """
    return history.partners(items, ("consignor_name_key",), ("consignor_address_key",), 365)


@feature(
    unit="declarations in 14 days",
    reads="{value:.0f} [declaration|declarations] of this sender went to this address in 14 days",
)
def sender_to_address_14(items: View, history: History) -> Column:
    """Declarations of one sender to one address in 14 days: an order in parts (A03)."""
    return history.count(items, ("consignor_key", *ADDRESS), 14)


@feature(
    unit="declarations in 14 days",
    reads="{value:.0f} [declaration|declarations] with these words went to this address in 14 days",
)
def words_to_address_14(items: View, history: History) -> Column:
    """Declarations calling the goods the same, to one address in 14 days (A03)."""
    return history.count(items, (*norms.WORDS, *ADDRESS), 14)


@feature(
    unit="sets of parts in 90 days",
    reads="{value:.0f} other [set|sets] of firearm parts came to this address, telephone or "
    "consignee in 90 days",
    monotone=1,
)
def part_sets_at_receiver(items: View, history: History) -> Column:
    """Sets of parts named without licence that came to the address, number or consignee (E10).

    Gunsmiths and licensed shooters look alike: their licences clear.
    """
    at = [
        history.partners(items, ("part_kinds",), (by,), 90)
        for by in (*ADDRESS, *PHONE, "consignee_key")
    ]
    return facts.any_of(*at)


@feature(
    unit="names in 365 days",
    reads="{value:.0f} [consignee|consignees] first used this address in the last year",
    monotone=1,
)
def consignees_at_address(items: View, history: History) -> Column:
    """Consignees that first appeared at the address in a year (D02). Family firms look alike."""
    return history.partners(items, ("consignee_key",), ADDRESS, 365)


@feature(
    unit="0 or 1", reads="neither consignee nor notify party is named: {value:.0f}", monotone=1
)
def nobody_named(items: View, history: History) -> Column:
    """1 where the papers name no receiver at all (S07); strikes and returns look alike."""
    return facts.all_of(facts.absent(items["consignee_key"]), facts.absent(items["notify_key"]))


@feature(
    unit="facets",
    reads="{value:.0f} [facet|facets] as in earlier confirmed finds: goods and route, sender, "
    "address, telephone, words",
    monotone=1,
)
def facets_of_finds(items: View, history: History) -> Column:
    """How many facets agree with confirmed finds known before; never a place alone (S14)."""
    facets: tuple[tuple[str, ...], ...] = (
        ("consignor_key",), ("consignee_key",), ADDRESS, PHONE, ("consignor_address_key",),
        ("consignor_phone_key",), ("hs4", "route_key"), norms.WORDS, ("declarant_key", "hs4"),
    )  # fmt: skip
    hits = [(history.finds(items, by) > 0).astype("float64") for by in facets]
    return sum(hits[1:], hits[0])


@feature(
    unit="in 1,000 declarations",
    reads="{value:.1f} confirmed finds in 1,000 declarations of this declarant, counted as if "
    "it had lodged 200 more without a find",
    monotone=1,
)
def find_rate_of_declarant(items: View, history: History) -> Column:
    """Confirmed finds of a declarant over its declarations and 200 more (A01: per 1,000 bills)."""
    finds = history.finds(items, ["declarant_key"])
    lodged = history.count(items, ("declarant_key",))
    return (finds / (lodged + 200.0) * 1e3).round(facts.DIGITS)


@feature(
    unit="contradictions",
    reads="{value:.0f} [entry contradicts another|entries contradict each other]",
    monotone=1,
)
def contradictions(items: View, history: History) -> Column:
    """Net above gross mass, no packages, no value, sender is receiver, lodged after arrival (X04).

    Slips of small traders as a rule.
    """
    late = facts.days_between(items["lodged_at"], items["arrival_at"]) > 2.0
    found = [
        items["net_mass_kg"] > items["gross_mass_kg"] * 1.001,
        items["package_count"].astype("float64") == 0,
        items["value_usd"] == 0,
        items["consignor_key"] == items["consignee_key"],
        late,
    ]
    flags = [one.fillna(False).astype("float64") for one in found]
    return sum(flags[1:], flags[0])


@feature(
    unit="1 in how many",
    reads="these words are declared in one of 10^{value:.1f} declarations",
    silent_without_history=True,
)
def named_goods_rarity(items: View, history: History) -> Column:
    """Decimal logarithm of all declarations over those calling goods the same (S10)."""
    every = history.count(items, ("transport_mode",))
    same = history.count(items, (*norms.WORDS, "transport_mode"))
    return ((every + 1.0) / (same + 0.5)).log10().round(facts.DIGITS)


@feature(
    unit="words",
    reads="{value:.0f} [word that elsewhere means arms stands beside its|words that elsewhere mean "
    "arms stand beside their] everyday meaning",
    monotone=-1,
)
def everyday_terms(items: View, history: History) -> Column:
    """Ambiguous words that the text itself explains: toner, drawer, wine (X02's guard)."""
    return goods.arms(items)["cancelled"]


@feature(
    unit="phrases",
    reads="{value:.0f} lawful [phrase|phrases] with an arms word in [it|them], as glue gun",
    monotone=-1,
)
def lawful_phrases(items: View, history: History) -> Column:
    """Phrases that swallow an arms word: tools, toys, kitchen and car goods (X02's guard)."""
    return goods.arms(items)["lawful_phrases"]


@feature(
    unit="kinds",
    reads="{value:.0f} lawful [setting is|settings are] named: sport club, museum, film, licensed "
    "dealer, construction, animals, relief",
    monotone=-1,
)
def lawful_settings(items: View, history: History) -> Column:
    """Settings that the guards of the typologies name (T05, D06, E09, D05, S02).

    Eases a little and clears nothing: such words are easily written.
    """
    return goods.settings(items)


FEATURES: list[Feature] = [
    mass_times_usual,
    package_times_usual,
    price_times_usual,
    unit_price_times_usual,
    freight_times_usual,
    quantity_times_own,
    words_bear_this_heading,
    ends_share,
    kind_of_consignee_share,
    chapter_share_of_consignee,
    names_per_parcel,
    names_at_phone_90,
    sender_names_at_address,
    sender_to_address_14,
    words_to_address_14,
    part_sets_at_receiver,
    consignees_at_address,
    nobody_named,
    facets_of_finds,
    find_rate_of_declarant,
    contradictions,
    named_goods_rarity,
    everyday_terms,
    lawful_phrases,
    lawful_settings,
]
