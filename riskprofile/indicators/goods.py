"""Warning signs of the goods: words, codes, and cover goods, each with its look-alike guard."""

from __future__ import annotations

from riskprofile.columns import Mask, View
from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, goods, nomenclature, norms
from riskprofile.tables import History, Indicator

PAIR = ["consignor_key", "consignee_key"]
# Nats. On traders' texts that the table had not seen, 1.7 of 100 honest codes lie beyond
# it, and 40 of 100 codes taken from another text.
SURPRISE = 12.0
HEAVY_GRAMS = 400.0  # a toy pistol of plastic weighs less, a replica of metal more


def _parcel(items: View) -> Mask:
    return facts.fired(facts.is_one_of(items["transport_mode"], "post", "express", "air"))


def _private(items: View) -> Mask:
    return facts.fired(facts.is_private(items))


def _known_pair(items: View, history: History) -> Mask:
    return facts.familiarity(items, history, PAIR) > 0


def _numbered(items: View) -> Mask:
    return facts.fired(goods.said(items)["numbered"])


@indicator(
    "X01_hs_text_mismatch",
    queue="compliance",
    says="the words of the goods text do not belong to the declared HS {hs_code}",
    cleared_by="a mixed consignment, or an honest error of classification put right",
    check="the invoice; what the goods are, and which code they belong to",
    source="WCO and World Bank risk practice; CBP releases 2020-2025 (mis-manifested goods)",
)
def text_and_code_disagree(items: View, history: History) -> Mask:
    """The declared chapter is not among the first three for the words, by 12 nats or more.

    The text must say something (4 nats), and lists of more than three entries are left out:
    mixed consignments have one code for many goods.
    """
    fit, said = goods.fit(items), goods.said(items)
    clear = (said["information"] >= 4.0) & (said["itemised"] <= 3)
    return (fit["rank"] > 3) & (fit["surprise"] >= SURPRISE) & clear


@indicator(
    "X02_firearm_lexicon",
    queue="trafficking",
    says="the goods text names arms, parts or ammunition, and HS {hs_code} does not",
    cleared_by="goods that only carry the word: toys, clothing, books, tools, free accessories",
    check="examine the goods; image them with the parts of firearms in mind",
    source="typology X02; UN Firearms Protocol, article 3, for what a part is",
)
def arms_words(items: View, history: History) -> Mask:
    """Words of controlled arms under a code that is not theirs, disguised spellings included.

    Guards: the everyday meaning beside the word; words that speak of the declared
    chapter (a toy in 95, a shirt in 61); sights and holsters alone. Arms declared as
    arms are left to the licence indicators.
    """
    read = goods.arms(items)
    elsewhere = ~nomenclature.arms(items) & ~nomenclature.near_arms(items)
    return read["controlled"] & ~read["lawful"] & elsewhere


@indicator(
    "S01_vague_or_mixed_description",
    queue="compliance",
    says="the goods text names no goods, between parties who have not traded before",
    cleared_by="a packing list or invoice that says what the goods are; relief or groupage cargo",
    check="ask for a description by piece; look at the image for what it may be",
    silent_without_history=True,
    source="typology S01: CBP Dallas/Fort Worth 2023",
)
def vague_description(items: View, history: History) -> Mask:
    """Only generic words, no part number, and two further signs.

    A vague text is everyday, so the pair must be new, and the goods either metal,
    machines or instruments by code (HS 73 to 90), or coded not at all.
    """
    vague = facts.fired(goods.said(items)["vague"]) & ~_numbered(items)
    if not vague.any():
        return vague
    chapter = items["hs2"].fillna("00")
    hard = chapter.between("73", "90") | (chapter == "00")
    new = history.count(items, PAIR) == 0
    return vague & hard & new


@indicator(
    "S02_household_effects_cover",
    queue="trafficking",
    says="household or personal effects to a private consignee, without an itemised list, in "
    "packages far heavier than usual",
    cleared_by="a known pair of sender and receiver, an itemised list, usual package weights",
    check="ask for the list of contents; image the heaviest packages",
    silent_without_history=True,
    source="CBP Norfolk 2023, Wilmington 2019, Houston 2025; GRA Ghana 2024; Aduanas Honduras 2024",
)
def household_cover(items: View, history: History) -> Mask:
    """Household class, private consignee, new pair, short text, packages 3 deviations too heavy.

    All four must hold: the flow is huge and lawful, and never a sign in itself.
    """
    effects = nomenclature.household(items) & _private(items)
    if not effects.any():
        return effects
    entries = goods.said(items)["itemised"]
    heavy = norms.z_score(items, history, "log_kg_per_package") >= 3.0
    return effects & (entries < 3) & heavy & ~_known_pair(items, history)


@indicator(
    "E01_small_metal_parts",
    queue="trafficking",
    says="small metal parts with a general name, in a parcel to a private consignee",
    cleared_by="a drawing or part number, a thread standard, a firm as consignee",
    check="image each piece; compare with selector switches, sears, pins and slides",
    source="CBP Louisville 2020; CBP Memphis 2022; CBP Chicago 2024",
)
def small_metal_parts(items: View, history: History) -> Mask:
    """Generic metal class, 5 to 400 g a piece, private consignee, unknown pair, no number.

    Industrial samples carry drawing numbers and go to firms; fasteners carry threads.
    """
    metal = nomenclature.generic_metal(items) & ~_numbered(items)
    if not metal.any():
        return metal
    grams = facts.piece_mass_g(items)
    small = grams.between(*facts.SMALL_PART_G)
    return metal & small & _private(items) & _parcel(items) & ~_known_pair(items, history)


@indicator(
    "E02_tube_filter_trap_cover",
    queue="trafficking",
    says="tubes or filters of the mass of a silencer, without a maker's number, to a private "
    "consignee",
    cleared_by="a maker's number, a pipe thread (NPT, BSP), a consignee in the car trade",
    check="open one: cups, baffles or a thread 1/2-28 or 5/8-24 inside",
    source="CBP Louisville (75 in 4 months); CBP Dallas/Fort Worth 2023; CBP Chicago 2025",
)
def tube_or_filter_cover(items: View, history: History) -> Mask:
    """Tube or filter, 150 to 700 g a piece, private consignee, parcel, no number; or such a
    tube with the thread of a silencer."""
    read = goods.arms(items)
    tube = nomenclature.tube_or_filter(items) & _private(items) & _parcel(items)
    if not tube.any():
        return tube
    mass = facts.piece_mass_g(items).between(*facts.TUBE_G)
    plain = mass & ~_numbered(items) & ~_known_pair(items, history)
    return tube & (plain | (read["threads"] > 0))


@indicator(
    "E07_toy_tool_electronics_cover",
    queue="trafficking",
    says="toys, tools or electronics (HS {hs_code}) far heavier than such goods are, sent to a "
    "private person or as a gift",
    cleared_by="the maker's catalogue weight, a set of several pieces",
    check="image the article itself; compare with the catalogue weight",
    silent_without_history=True,
    source="Melbourne 2013; CBP Aguadilla 2020; CBP Memphis 2022",
)
def toy_tool_electronics_cover(items: View, history: History) -> Mask:
    """Host class in a parcel, private or gift, mass 3 deviations above the norm; or 2 above
    with freight dearer than the goods. The excess is the sign, not the goods."""
    host = nomenclature.small_host(items) & _parcel(items)
    if not host.any():
        return host
    personal = _private(items) | facts.fired(facts.known(items["gift"]))
    excess = norms.excess(items, history)
    dear = (excess >= 2.0) & (items["freight_ratio"] >= 1.0)
    return host & personal & ((excess >= 3.0) | dear)


@indicator(
    "D06_convertible_bulk",
    queue="trafficking",
    says="blank-firing, alarm, gas or signal weapons, in bulk or repeatedly, without a licence",
    cleared_by="a sports club, film rental or dog trainer; a dealer; the law of the destination",
    check="model against lists of convertible weapons; whether the destination controls them",
    source="Europol BOSPHORUS 2020, CONVERSUS 2021; Dover 2019; Bulgaria 2021, 2025",
)
def convertible_bulk(items: View, history: History) -> Mask:
    """Convertible weapons by code or words: ten or more, or the third order in half a year.

    Ten pieces, be they counted in dozens, or ten packages; ten kilograms are no number.
    Official consignees and licensed consignments are left out, and toys in their own
    chapter. Captive-bolt tools and starters come in ones and twos.
    """
    read = goods.arms(items)
    weapons = nomenclature.convertible(items) | (read["convertible"] & ~read["lawful"])
    if not weapons.any():
        return weapons
    repeated = history.count(items, ["consignee_key", "hs4"], days=182) >= 2
    bulk = (facts.pieces(items) >= 10) | (items["package_count"].astype("float64") >= 10)
    official = facts.fired(facts.is_one_of(items["consignee_type"], "official"))
    return weapons & (bulk | repeated) & items["licence_number"].isna() & ~official


@indicator(
    "T05_replica_deactivated",
    queue="compliance",
    says="declared as toy, decoration or replica, with a calibre or the mass of metal",
    cleared_by="a deactivation certificate, a carnet for film props, a standard mark",
    check="material, marks and bore; the certificate of deactivation",
    source="Zoll, Dusseldorf 2021",
)
def heavy_replica(items: View, history: History) -> Mask:
    """Replica or deactivated arms by words, or toys by code, with a calibre in the text; or
    a replica that weighs 400 g or more a piece. Plastic toys weigh less."""
    read = goods.arms(items)
    toy = items["hs4"].isin(("9503",))
    replica = read["replica"] | (read["convertible"] & toy)
    metal = facts.piece_mass_g(items) >= HEAVY_GRAMS
    return ((replica | toy) & (read["calibres"] > 0)) | (replica & metal)


@indicator(
    "X02_firearm_lexicon",
    queue="trafficking",
    says="what the traveller declared names arms or ammunition, and none are declared as such",
    cleared_by="goods that only carry the word; a firearm declared and licensed",
    check="ask for the goods and the licence; image the baggage",
    source="typology X02; UN Firearms Protocol, article 3, for what a part is",
)
def declared_arms_words(items: View, history: History) -> Mask:
    """Words of controlled arms in `goods_declared`, with no firearm, ammunition or licence
    declared. Sport shooters and hunters declare theirs, and do not fire."""
    read = goods.declared(items)
    return read["controlled"] & ~_declared(items)


@indicator(
    "T05_replica_deactivated",
    queue="compliance",
    says="a replica, deactivated or blank-firing weapon is declared as goods, without a licence",
    cleared_by="a deactivation certificate, a carnet for film props, a toy of plastic",
    check="material, marks and bore; the certificate of deactivation",
    source="Zoll, Dusseldorf 2021",
)
def declared_replica(items: View, history: History) -> Mask:
    """Replica, deactivated, alarm or blank-firing arms in `goods_declared`, nothing licensed.

    Words of toys beside a term that may also mean them clear it.
    """
    read = goods.declared(items)
    return (read["convertible"] | read["replica"]) & ~_declared(items)


def _declared(items: View) -> Mask:
    """Firearms, ammunition or a licence declared as such."""
    arms = items["firearms_declared"].fillna(0) > 0
    rounds = items["ammunition_declared"].fillna(0) > 0
    return arms | rounds | items["firearm_licence"].notna()


INDICATORS: list[Indicator] = [
    text_and_code_disagree,
    arms_words,
    vague_description,
    household_cover,
    small_metal_parts,
    tube_or_filter_cover,
    toy_tool_electronics_cover,
    convertible_bulk,
    heavy_replica,
]
TRAVELLER_INDICATORS: list[Indicator] = [declared_arms_words, declared_replica]
