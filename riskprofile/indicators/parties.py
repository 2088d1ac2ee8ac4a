"""Warning signs of parties: new, absent, hidden, sharing, or known from earlier finds."""

from __future__ import annotations

import numpy as np

from riskprofile.columns import Column, Mask, View, full
from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, goods, nomenclature, norms, standing
from riskprofile.tables import History, Indicator

LANE = ["origin_key", "destination_key", "transport_mode"]
PARCELS = ("post", "express")
MANY_LINES = 5  # chapters of business from which a trader is a general one
LONG_WAIT = 14.0  # days in the yard below which no wait is long
SHARERS = 3  # other firms at one registered address, or with one officer


def _new(items: View, history: History, by: str) -> Mask:
    return history.count(items, [by]) == 0


def _unclear_goods(items: View, history: History) -> Mask:
    """Vague wording, household effects, or mass 2 deviations above what is usual."""
    vague = facts.fired(goods.said(items)["vague"])
    household = facts.fired(facts.in_class(items, nomenclature.household))
    return vague | household | (norms.excess(items, history) >= 2.0)


@indicator(
    "S05_first_time_party",
    queue="trafficking",
    says="consignor and consignee are both new here, and mass or value do not fit the goods",
    cleared_by="a trader register entry, earlier trade at another office, or a start-up's papers",
    check="the trader register; ask the declarant how the order came about",
    silent_without_history=True,
    source="BIS red flags (little or no business background); guard: hypothesis, untested",
)
def first_time_party(items: View, history: History) -> Mask:
    """Both parties never seen before, and a second sign: mass or value outside the norm.

    New parties are everyday trade, so they never stand alone: gross mass a package or a
    unit 3 deviations above the goods' norm, or value a kilogram 3 below it. Missing
    parties are no new parties (S07 sees those), and a company that has stood in the
    register of parties for two years is no unknown one.
    """
    new = _new(items, history, "consignor_key") & _new(items, history, "consignee_key")
    if not new.any():
        return new
    heavy = norms.excess(items, history)
    cheap = norms.z_score(items, history, "log_value_per_kg")
    return new & ((heavy >= 3.0) | (cheap <= -3.0)) & ~standing.established(items, history)


@indicator(
    "S06_consignee_business_mismatch",
    queue="compliance",
    says="goods of HS {hs_code} do not fit the consignee's past, or its registered business",
    cleared_by="a general trader, a new product line, or a written confirmation of the order",
    check="the consignee's registered business; telephone the known contact about this order",
    silent_without_history=True,
    source="BIS red flags (does not fit the buyer's line of business)",
)
def consignee_business_mismatch(items: View, history: History) -> Mask:
    """A consignee with 10 or more past goods items in at most 3 chapters, none of them this one.

    A misused identity shows so: somebody else's good name on other goods. Typology S06.
    Where the register of parties names at most five chapters of business, goods of another
    that the consignee never received fire as well, beside vague wording, household effects
    or excess mass: a new line of trade alone is everyday.
    """
    past = history.count(items, ["consignee_key"])
    chapters = history.partners(items, ["hs2"], ["consignee_key"])
    same = history.count(items, ["consignee_key", "hs2"])
    stated = standing.company(items, history)["activities"]
    chapters_stated = zip(items["hs2"].tolist(), stated.tolist(), strict=True)
    outside = Column(np.array([_outside(*both) for both in chapters_stated], dtype=bool))
    registered = outside & (same == 0) & _unclear_goods(items, history)
    return ((past >= 10) & (chapters <= 3) & (same == 0)) | registered


def _outside(chapter: str | None, listed: str | None) -> bool:
    """Whether a chapter is none of the at most five that a register lists."""
    if chapter is None or listed is None:
        return False
    chapters = {part[:2].zfill(2) for part in listed.split("|")}  # a spreadsheet writes 9 for 09
    return len(chapters) <= MANY_LINES and chapter not in chapters


@indicator(
    "S07_no_or_absent_consignee",
    queue="trafficking",
    says="nobody is named who receives the goods, or nobody has come for them longer than is "
    "usual here; and they say little of themselves or weigh too much",
    cleared_by="an order bill of lading whose holder has since been named; a strike, a dispute "
    "over payment, or a return",
    check="ask the carrier or declarant who takes delivery; the yard's record",
    source="typology S07: Couva 2021, Keelung 2018, Aden 2013, Norfolk 2023",
)
def absent_consignee(items: View, history: History) -> Mask:
    """Nobody is named who could receive the goods: no consignee, no notify party.

    Order bills name a notify party as a rule, so both must be missing. Where events of the
    yard are loaded, goods left there count as well: abandoned, or discharged 14 days ago and
    longer than 95 of 100 wait. Either way the goods are vague, household effects, or heavier
    than such goods are.
    """
    nobody = items["consignee_key"].isna() & items["notify_key"].isna()
    wait = history.registers.waiting(items, "discharged", "collected")
    left = (wait["days"] >= LONG_WAIT) & (wait["days"] > wait["usual"])
    abandoned = history.registers.happened(items, "yard", "abandoned").notna()
    return (nobody | left | abandoned) & _unclear_goods(items, history)


@indicator(
    "A01_consolidator_masking",
    queue="trafficking",
    says="a forwarder stands as consignee without house document or notify party, for goods "
    "that say little of themselves or weigh too much",
    cleared_by="the house document, with the receiver behind it",
    check="ask the forwarder for house documents and the delivery order",
    source="BIS red flags (forwarding firm listed as final destination)",
)
def consolidator_masking(items: View, history: History) -> Mask:
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
def industrial_goods_to_a_home(items: View, history: History) -> Mask:
    """A parcel to a private consignee in a heading that private persons hardly receive.

    Fires when fewer than one in ten earlier declarations of the heading (at least 50)
    had a private consignee, and the pair is not known.
    """
    private = facts.fired(facts.is_private(items))
    parcel = facts.fired(facts.is_one_of(items["transport_mode"], *PARCELS))
    if not (private & parcel).any():
        return private & parcel
    heading = history.count(items, ["hs4"])
    to_homes = history.count(items, ["hs4", "consignee_type"])
    known = facts.familiarity(items, history, ("consignor_key", "consignee_key")) > 0
    return private & parcel & ~known & (heading >= 50) & (to_homes < 0.1 * heading)


@indicator(
    "D02_broker_or_shell",
    queue="compliance",
    says="licensed or arms goods for a forwarder, for a firm that is new, ended or shares its "
    "address or officers with several others, or for a consignee that was changed",
    cleared_by="firms of one family or building, each with its own licence; a normal agent; a "
    "registered dealer",
    check="the company register, and the end user's own confirmation",
    source="BIS red flags; ATT diversion guides; Paraguay 2023",
)
def broker_or_shell(items: View, history: History) -> Mask:
    """Goods of HS chapter 93, or under a licence, whose end user is not plain to see.

    A forwarder as end user, or three or more consignees that first used the address
    within a year. Where the registers are loaded: a company younger than a year, ended, or
    with three others at its registered address or under one officer; and a consignee that
    was changed after lodgement. A registered dealer may share a building.
    """
    controlled = standing.controlled(items)
    if not controlled.any():
        return controlled
    forwarder = facts.fired(facts.is_one_of(items["consignee_type"], "forwarder"))
    sharing = history.partners(items, ["consignee_key"], ["consignee_address_key"], days=365)
    company = standing.company(items, history)
    shared = (company["address_sharers"] >= SHARERS) | (company["officer_sharers"] >= SHARERS)
    changed = history.registers.happened(items, "amendment", "consignee").notna()
    dealer = facts.fired(standing.dealer(items, history))
    unclear = (sharing >= 3) | shared | standing.young_or_ended(items, history)
    return controlled & (forwarder | changed | (unclear & ~dealer))


@indicator(
    "E08_address_mismatch",
    queue="trafficking",
    says="a parcel for a registered firm, to another address than its registered one and for the "
    "first time, with goods that say little of themselves or weigh too much",
    cleared_by="a branch, a warehouse, a parcel locker, or a home worker of the firm",
    check="telephone the firm at its registered number; who asked for this address",
    silent_without_history=True,
    source="CBSA postal audit 2025 (post boxes); guard: hypothesis, untested",
)
def not_the_registered_address(items: View, history: History) -> Mask:
    """A parcel to an address that is not the consignee's registered one, never used before.

    Firms have many addresses, so the goods must be vague, household effects, or heavier than
    such goods are. An address written in another way is compared as the resolver writes it.
    """
    parcel = facts.fired(facts.is_one_of(items["transport_mode"], *PARCELS))
    registered = standing.company(items, history)["address_key"]
    differs = facts.fired(facts.differs(items["consignee_address_key"], registered))
    if not differs.any():
        return differs
    used = history.count(items, ["consignee_key", "consignee_address_key"])
    return parcel & differs & (used == 0) & _unclear_goods(items, history)


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
NAMED = ("consignor_key", "goods_key", *RECEIVER)
OFTEN = 0.05  # finds among declarations of the same pattern: below, it is everyday trade


@indicator(
    "S14_prior_seizure_pattern",
    queue="trafficking",
    says="agrees with an earlier confirmed find in three of goods, text, party, address and route",
    cleared_by="a party that was cleared since, or a seller of thousands of such parcels",
    check="compare with the earlier finds shown as related records",
    source="Nigeria Customs post-seizure profiling 2017; Puerto Cortes 2024; Jamaica 2025",
)
def prior_seizure_pattern(items: View, history: History) -> Mask:
    """Three facets of one earlier find, at least one of them a party, address or text.

    At least one in twenty earlier declarations of the same pattern must have been a
    find, so that a marketplace does not fire for ever; a country alone never counts.
    """
    fired = full(len(items), False)
    # Of what no find has, no pattern need be looked for.
    met = {one for one in NAMED if (history.finds(items, (one,)) > 0).any()}
    for pattern in PATTERNS:
        if not met.issuperset(one for one in pattern if one in NAMED):
            continue
        finds = history.finds(items, pattern)
        hit = finds > 0
        if hit.any():  # else what the past holds of it need not be sorted out
            fired |= hit & (finds >= OFTEN * history.count(items, pattern))
    return fired


INDICATORS: list[Indicator] = [
    first_time_party,
    consignee_business_mismatch,
    absent_consignee,
    consolidator_masking,
    industrial_goods_to_a_home,
    broker_or_shell,
    not_the_registered_address,
    prior_seizure_pattern,
]
