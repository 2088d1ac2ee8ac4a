"""Warning signs of parties: new, absent, hidden, sharing, or known from earlier finds."""

from __future__ import annotations

from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, norms
from riskprofile.tables import Column, History, Indicator, Mask, Table

LANE = ["origin_key", "destination_key", "transport_mode"]
PARCELS = ("post", "express")


def _new(items: Table, history: History, by: str) -> Mask:
    return history.count(items, [by]) == 0


@indicator(
    "S05_first_time_party",
    queue="trafficking",
    says="consignor and consignee are both new here, and mass or value do not fit the goods",
    cleared_by="a trader register entry, earlier trade at another office, or a start-up's papers",
    check="the trader register; ask the declarant how the order came about",
    silent_without_history=True,
    source="BIS red flags (little or no business background); guard: hypothesis, untested",
)
def first_time_party(items: Table, history: History) -> Mask:
    """Both parties never seen before, and a second sign: mass or value outside the norm.

    New parties are everyday trade, so they never stand alone: gross mass a package or a
    unit 3 deviations above the goods' norm, or value a kilogram 3 below it. Missing
    parties are no new parties (S07 sees those).
    """
    new = _new(items, history, "consignor_key") & _new(items, history, "consignee_key")
    heavy = facts.any_of(
        norms.z_score(items, history, "log_kg_per_package"),
        norms.z_score(items, history, "log_kg_per_unit"),
    )
    cheap = norms.z_score(items, history, "log_value_per_kg")
    return new & ((heavy >= 3.0) | (cheap <= -3.0))


@indicator(
    "S06_consignee_business_mismatch",
    queue="compliance",
    says="goods of HS {hs_code} are new to a consignee with a long past in few other lines",
    cleared_by="a general trader, a new product line, or a written confirmation of the order",
    check="the consignee's registered business; telephone the known contact about this order",
    silent_without_history=True,
    source="BIS red flags (does not fit the buyer's line of business)",
)
def consignee_business_mismatch(items: Table, history: History) -> Mask:
    """A consignee with 50 or more past goods items in at most 3 chapters, none of them this one.

    A misused identity shows so: somebody else's good name on other goods. Typology S06.
    """
    past = history.count(items, ["consignee_key"])
    chapters = history.partners(items, ["hs2"], ["consignee_key"])
    same = history.count(items, ["consignee_key", "hs2"])
    return (past >= 50) & (chapters <= 3) & (same == 0)


@indicator(
    "S07_no_or_absent_consignee",
    queue="trafficking",
    says="neither a consignee nor a notify party is named",
    cleared_by="an order bill of lading whose holder has since been named",
    check="ask the carrier or declarant who takes delivery",
    source="typology S07: Couva 2021, Keelung 2018, Aden 2013, Norfolk 2023",
)
def absent_consignee(items: Table, history: History) -> Mask:
    """Nobody is named who could receive the goods: no consignee, no notify party.

    Order bills name a notify party as a rule, so both must be missing. Whether goods
    are collected is seen later, in the yard.
    """
    return items["consignee_key"].isna() & items["notify_key"].isna()


@indicator(
    "A01_consolidator_masking",
    queue="trafficking",
    says="a forwarder stands as consignee, without a house document or a notify party",
    cleared_by="the house document, with the receiver behind it",
    check="ask the forwarder for house documents and the delivery order",
    source="BIS red flags (forwarding firm listed as final destination)",
)
def consolidator_masking(items: Table, history: History) -> Mask:
    """The receiver is hidden behind a forwarder.

    Groupage with house data is normal trade: the missing data count, not the forwarder.
    """
    forwarder = facts.fired(facts.is_one_of(items["consignee_type"], "forwarder"))
    return forwarder & items["house_document"].isna() & items["notify_key"].isna()


@indicator(
    "E03_residential_industrial_goods",
    queue="trafficking",
    says="goods that private persons seldom receive (HS {hs_code}), sent to a private consignee",
    cleared_by="a home workshop, a sole trader, or a known hobby with earlier orders",
    check="ask for the order and what the goods are for; see the contents on the image",
    silent_without_history=True,
    source="typology E03: CBP Louisville 2020",
)
def industrial_goods_to_a_home(items: Table, history: History) -> Mask:
    """A parcel to a private consignee in a heading that private persons hardly receive.

    Fires when fewer than 2 of 100 earlier parcels of the heading (at least 100) were
    private, one piece has the mass of a small part, and the pair is not known.
    """
    private = facts.fired(facts.is_private(items))
    parcel = facts.fired(facts.is_one_of(items["transport_mode"], *PARCELS))
    heading = history.count(items, ["hs4"])
    to_homes = history.count(items, ["hs4", "consignee_type"])
    small = facts.fired(facts.within(facts.piece_mass_g(items), *facts.SMALL_PART_G))
    known = facts.familiarity(items, history, ["consignor_key", "consignee_key"]) > 0
    return private & parcel & small & ~known & (heading >= 100) & (to_homes < 0.02 * heading)


@indicator(
    "E06_sender_identity_inconsistent",
    queue="trafficking",
    says="one sender's telephone stands beside several sender names within a year",
    cleared_by="a marketplace, parcel counter or family that shares one number",
    check="compare sender names, addresses and the drop-off point of the related parcels",
    source="typology E06: Barbados courier ring (false identities), Melbourne 2013",
)
def sender_identity_inconsistent(items: Table, history: History) -> Mask:
    """A sender's telephone with three or more names in a year, on few parcels.

    A number on more than 30 parcels a year is a shop or a counter, and does not fire.
    """
    names = history.partners(items, ["consignor_name_key"], ["consignor_phone_key"], days=365)
    parcels = history.count(items, ["consignor_phone_key"], days=365)
    return (names >= 3) & (parcels <= 30)


@indicator(
    "D02_broker_or_shell",
    queue="compliance",
    says="licensed or arms goods for a forwarder, or for an address shared by several firms",
    cleared_by="firms of one family or building, each with its own licence; a normal agent",
    check="the company register, and the end user's own confirmation",
    source="BIS red flags; ATT diversion guides; Paraguay 2023",
)
def broker_or_shell(items: Table, history: History) -> Mask:
    """Goods of HS chapter 93, or under a licence, whose end user is not plain to see.

    A forwarder as end user, or three or more consignees that first used the address
    within a year.
    """
    controlled = (items["hs2"] == "93").fillna(False).astype(bool) | items["licence_number"].notna()
    forwarder = facts.fired(facts.is_one_of(items["consignee_type"], "forwarder"))
    sharing = history.partners(items, ["consignee_key"], ["consignee_address_key"], days=365)
    return controlled & (forwarder | (sharing >= 3))


# A facet agrees when an earlier find has the same values. Goods, party and address
# facets are particular; a lane is shared by thousands of lawful loads.
PARTICULAR = (
    ("goods_key",),
    ("consignor_key",),
    ("consignee_key",),
    ("consignee_address_key",),
    ("consignee_phone_key",),
)
GENERAL = (("hs4",), tuple(LANE), ("route_key",), ("carrier", "transport_mode"))


def _facets(items: Table, history: History, facets: tuple[tuple[str, ...], ...]) -> Column:
    agreed = [(history.finds(items, list(by)) > 0).astype("float64") for by in facets]
    return sum(agreed[1:], agreed[0])


@indicator(
    "S14_prior_seizure_pattern",
    queue="trafficking",
    says="agrees with earlier confirmed finds in three or more of goods, party, address and route",
    cleared_by="a party that was cleared since, or a goods text that thousands use",
    check="compare with the earlier finds shown as related records",
    source="Nigeria Customs post-seizure profiling 2017; Puerto Cortes 2024; Jamaica 2025",
)
def prior_seizure_pattern(items: Table, history: History) -> Mask:
    """Three or more facets of earlier finds, at least one of them a party, address or text.

    Lane and heading alone would put thousands of lawful loads on the list, and a
    country alone never counts.
    """
    particular = _facets(items, history, PARTICULAR)
    return (particular >= 1) & (particular + _facets(items, history, GENERAL) >= 3)


INDICATORS: list[Indicator] = [
    first_time_party,
    consignee_business_mismatch,
    absent_consignee,
    consolidator_masking,
    industrial_goods_to_a_home,
    sender_identity_inconsistent,
    broker_or_shell,
    prior_seizure_pattern,
]
