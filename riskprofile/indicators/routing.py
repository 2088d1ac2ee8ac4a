"""Warning signs of the journey: detours, goods out of place, transit of arms."""

from __future__ import annotations

from riskprofile.columns import Mask, View
from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, nomenclature, standing
from riskprofile.tables import History, Indicator

LANE = ["origin_key", "destination_key", "transport_mode"]
ENDS = ["export_key", "destination_key", "transport_mode"]


@indicator(
    "S09_undeclared_transhipment",
    queue="trafficking",
    says="the declared route makes a detour that this lane does not usually make",
    cleared_by="a hub of this carrier, a missed connection, or a service change",
    check="the carrier's schedule and the container's track; who asked for the routing",
    silent_without_history=True,
    source="typology S09: Haina 2025; ATT diversion briefs",
)
def unusual_detour(items: View, history: History) -> Mask:
    """Two or more transit legs beyond the lane's mean, by a route never taken on it.

    Hubs are learnt from history, carrier or not. The lane must have been seen 20 times,
    and the goods come from elsewhere than they are sent from.
    """
    usual = history.norm(items, "route_legs", ENDS)
    extra = items["route_legs"] - usual["mean"].where(usual["n"] >= 20)
    route = history.count(items, ["route_key", *ENDS])
    elsewhere = facts.fired(facts.differs(items["origin_key"], items["export_key"]))
    return (extra >= 1.5) & (route == 0) & elsewhere


@indicator(
    "S10_route_commodity_implausible",
    queue="trafficking",
    says="goods of HS {hs_code} have not gone this way before, on a lane in daily use",
    cleared_by="a new market, a project, or a supplier who moved",
    check="the contract of sale; why these goods are bought there",
    silent_without_history=True,
    source="BIS red flags (abnormal shipping route)",
)
def goods_new_on_a_busy_lane(items: View, history: History) -> Mask:
    """The heading is well known and so is the lane, but never together; the pair is new.

    Three or more such declarations would be expected if goods chose lanes by chance.
    A rarity of movement: no country is ranked.
    """
    heading = history.count(items, ["hs4", "transport_mode"])
    lane = history.count(items, LANE)
    both = history.count(items, ["hs4", *LANE])
    pair = history.count(items, ["consignor_key", "consignee_key"])
    mode = history.count(items, ["transport_mode"])
    return (heading * lane >= 3.0 * mode) & (both == 0) & (pair == 0)


@indicator(
    "D05_transit_or_embargo",
    queue="compliance",
    says="arms or ammunition (HS {hs_code}) in {procedure} without a licence or consent for this "
    "journey, or toward a place under an arms embargo",
    cleared_by="the transit consent, or the exemption notice of a relief or peace mission",
    check="hold for the licensing authority; compare consignee and route with the export licence; "
    "the embargo's dates and exemptions in its source",
    raises="red",
    source="UN embargo cases Misrata and Haina 2025; Frankfurt 2017",
)
def arms_in_transit_without_consent(items: View, history: History) -> Mask:
    """Goods of HS 9301 to 9306, or of chapter 93 where no heading is given, passing through
    without an authorisation for the journey.

    Near-deterministic, and most often papers that come late: hence the compliance queue. In
    transit it fires without a number; with one whose licence is for another journey (no
    transit licence, a leg without consent); and when the consignee is changed on the way.
    In any procedure it fires for goods under an embargo in force that day.
    """
    arms = nomenclature.arms(items) & ~items["hs4"].isin((EDGED,))
    passing = items["procedure"].isin(("transit", "transhipment"))
    changed = history.registers.happened(items, "amendment", "consignee").notna()
    unauthorised = (
        items["licence_number"].isna() | standing.without_consent(items, history) | changed
    )
    return (arms & passing & unauthorised) | standing.under_embargo(items, history)


EDGED = "9307"  # swords, bayonets and their like: no firearms

INDICATORS: list[Indicator] = [
    unusual_detour,
    goods_new_on_a_busy_lane,
    arms_in_transit_without_consent,
]
