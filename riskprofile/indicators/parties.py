"""Warning signs of parties: new, absent, hidden, sharing, or known from earlier finds."""

from __future__ import annotations

import pandas as pd

from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, nomenclature, norms
from riskprofile.tables import Column, History, Indicator, Mask, Table

LANE = ["origin_key", "destination_key", "transport_mode"]
PARCELS = ("post", "express")


def _new(items: Table, history: History, by: str) -> Mask:
    return history.count(items, [by]) == 0


def _excess(items: Table, history: History) -> Column:
    return facts.any_of(
        norms.z_score(items, history, "log_kg_per_unit"),
        norms.z_score(items, history, "log_kg_per_package"),
    )


def _unclear_goods(items: Table, history: History) -> Mask:
    """Vague wording, household effects, or mass 2 deviations above what is usual."""
    vague = facts.fired(facts.wording(items)["vague"])
    household = facts.fired(facts.in_class(items, nomenclature.household))
    return vague | household | (_excess(items, history) >= 2.0)


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
    heavy = _excess(items, history)
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
    """A consignee with 10 or more past goods items in at most 3 chapters, none of them this one.

    A misused identity shows so: somebody else's good name on other goods. Typology S06.
    """
    past = history.count(items, ["consignee_key"])
    chapters = history.partners(items, ["hs2"], ["consignee_key"])
    same = history.count(items, ["consignee_key", "hs2"])
    return (past >= 10) & (chapters <= 3) & (same == 0)


@indicator(
    "S07_no_or_absent_consignee",
    queue="trafficking",
    says="neither a consignee nor a notify party is named, for goods that say little of "
    "themselves or weigh too much",
    cleared_by="an order bill of lading whose holder has since been named",
    check="ask the carrier or declarant who takes delivery",
    source="typology S07: Couva 2021, Keelung 2018, Aden 2013, Norfolk 2023",
)
def absent_consignee(items: Table, history: History) -> Mask:
    """Nobody is named who could receive the goods: no consignee, no notify party.

    Order bills name a notify party as a rule, so both must be missing; and the goods
    are vague, household effects, or heavier than such goods are. Whether they are
    collected is seen later, in the yard.
    """
    nobody = items["consignee_key"].isna() & items["notify_key"].isna()
    return nobody & _unclear_goods(items, history)


@indicator(
    "A01_consolidator_masking",
    queue="trafficking",
    says="a forwarder stands as consignee without house document or notify party, for goods "
    "that say little of themselves or weigh too much",
    cleared_by="the house document, with the receiver behind it",
    check="ask the forwarder for house documents and the delivery order",
    source="BIS red flags (forwarding firm listed as final destination)",
)
def consolidator_masking(items: Table, history: History) -> Mask:
    """The receiver is hidden behind a forwarder.

    Groupage with house data is normal trade: the missing data count, not the forwarder,
    and only beside vague goods, household effects, or mass 2 deviations above the norm.
    """
    forwarder = facts.fired(facts.is_one_of(items["consignee_type"], "forwarder"))
    hidden = forwarder & items["house_document"].isna() & items["notify_key"].isna()
    return hidden & _unclear_goods(items, history)


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

    Fires when fewer than one in ten earlier declarations of the heading (at least 50)
    had a private consignee, and the pair is not known.
    """
    private = facts.fired(facts.is_private(items))
    parcel = facts.fired(facts.is_one_of(items["transport_mode"], *PARCELS))
    heading = history.count(items, ["hs4"])
    to_homes = history.count(items, ["hs4", "consignee_type"])
    known = facts.familiarity(items, history, ("consignor_key", "consignee_key")) > 0
    return private & parcel & ~known & (heading >= 50) & (to_homes < 0.1 * heading)


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


# Three facets of one and the same earlier find: goods, lane, party, address or number,
# text, carrier. Lane and goods alone are shared by thousands of lawful loads.
RECEIVER = ("consignee_key", "consignee_address_key", "consignee_phone_key")
PATTERNS: tuple[tuple[str, ...], ...] = (
    ("consignor_key", "hs4", *LANE),
    ("goods_key", "carrier", *LANE),
    *((one, "hs4", *LANE) for one in RECEIVER),
    *(("consignor_key", one, "hs4") for one in RECEIVER),
    *(("consignor_key", one, *LANE) for one in RECEIVER),
    *(("consignor_key", one, "goods_key") for one in RECEIVER),
)
OFTEN = 0.05  # finds among declarations of the same pattern: below, it is everyday trade


@indicator(
    "S14_prior_seizure_pattern",
    queue="trafficking",
    says="agrees with an earlier confirmed find in three of goods, text, party, address and route",
    cleared_by="a party that was cleared since, or a seller of thousands of such parcels",
    check="compare with the earlier finds shown as related records",
    source="Nigeria Customs post-seizure profiling 2017; Puerto Cortes 2024; Jamaica 2025",
)
def prior_seizure_pattern(items: Table, history: History) -> Mask:
    """Three facets of one earlier find, at least one of them a party, address or text.

    At least one in twenty earlier declarations of the same pattern must have been a
    find, so that a marketplace does not fire for ever; a country alone never counts.
    """
    fired = pd.Series(False, index=items.index)
    for pattern in PATTERNS:
        finds = history.finds(items, pattern)
        alike = history.count(items, pattern)
        fired |= (finds > 0) & (finds >= OFTEN * alike)
    return fired


INDICATORS: list[Indicator] = [
    first_time_party,
    consignee_business_mismatch,
    absent_consignee,
    consolidator_masking,
    industrial_goods_to_a_home,
    broker_or_shell,
    prior_seizure_pattern,
]
