"""How goods move: rarity and detour measured from history, never a country or place."""

from __future__ import annotations

from riskprofile.columns import Column, View
from riskprofile.features.register import feature
from riskprofile.reference import facts
from riskprofile.tables import Feature, History

LANE = ["origin_key", "destination_key", "transport_mode"]
ENDS = ["export_key", "destination_key", "transport_mode"]
HALF = 0.5  # added to every count, so that "never seen" is rare and not impossible
LEAN = 50.0  # declarations of a heading that weigh as much as all goods of the lane
LANE_KNOWN = 10.0  # declarations before the usual legs of a lane mean anything


def _share(part: Column, whole: Column) -> Column:
    return (part + HALF) / (whole + 1.0)


@feature(
    unit="per 10,000 declarations",
    reads="{value:,.1f} of 10,000 declarations of this mode take this lane",
    monotone=-1,
    silent_without_history=True,
)
def lane_share(items: View, history: History) -> Column:
    """How common origin and destination are among declarations of the same mode.

    Rarity describes the movement and knows no country: new markets are rare too (S10).
    """
    mode = history.count(items, ["transport_mode"])
    return _share(history.count(items, LANE), mode) * 1e4


@feature(
    unit="per 10,000 declarations",
    reads="{value:,.1f} of 10,000 declarations of this mode have these goods on this lane",
    monotone=-1,
    silent_without_history=True,
)
def goods_lane_share(items: View, history: History) -> Column:
    """How common heading, origin and destination are among declarations of the mode (S10)."""
    mode = history.count(items, ["transport_mode"])
    return _share(history.count(items, ["hs4", *LANE]), mode) * 1e4


@feature(
    unit="ratio",
    reads="these goods take this lane {value:,.2f} times as often as other goods do",
    norm="1 is as often as other goods",
    monotone=-1,
    silent_without_history=True,
)
def goods_at_home_on_lane(items: View, history: History) -> Column:
    """The lane's share among these goods, over its share among all goods of the mode.

    Below 1 where these goods seldom go this way. A heading seldom seen leans on all
    goods, so thin history says 1 (S10, BIS red flags: abnormal shipping route).
    """
    mode = history.count(items, ["transport_mode"])
    all_goods = _share(history.count(items, LANE), mode)
    heading = history.count(items, ["hs4", "transport_mode"])
    both = history.count(items, ["hs4", *LANE])
    return (both + LEAN * all_goods) / (heading + LEAN) / all_goods


@feature(unit="legs", reads="{value:.0f} transit [leg|legs] between export and destination")
def transit_legs(items: View, history: History) -> Column:
    """Places between the first and the last of the declared route; missing without one (S09)."""
    return items["route_legs"]


@feature(
    unit="legs",
    reads="{value:+z.1f} transit legs against what is usual on this lane",
    monotone=1,
    silent_without_history=True,
)
def extra_legs(items: View, history: History) -> Column:
    """Transit legs beyond the mean of earlier declarations on the lane and mode: the detour.

    Missing until the lane has been seen ten times. Hubs are learnt this way, since
    going through one is what the lane usually does (S09).
    """
    usual = history.norm(items, "route_legs", ENDS)
    return items["route_legs"] - usual["mean"].where(usual["n"] >= LANE_KNOWN)


@feature(
    unit="per cent",
    reads="{value:.1f} % of declarations between these ends go by this route",
    monotone=-1,
    silent_without_history=True,
)
def route_share(items: View, history: History) -> Column:
    """How common this very route is among declarations between the same two ends (S09).

    Missing without a route, or until the ends have been seen ten times.
    """
    ends = history.count(items, ENDS)
    route = history.count(items, ["route_key", *ENDS])
    return _share(route, ends.where(ends >= LANE_KNOWN)) * 100.0


@feature(unit="0 or 1", reads="origin differs from country of export: {value:.0f}")
def origin_differs(items: View, history: History) -> Column:
    """1 when the goods were made elsewhere than they are sent from; missing if unknown (S09)."""
    return facts.differs(items["origin_key"], items["export_key"])


@feature(unit="0 or 1", reads="consignor sits elsewhere than the goods are sent from: {value:.0f}")
def sender_elsewhere(items: View, history: History) -> Column:
    """1 when the consignor's country is not the country of export (E06).

    Marketplaces with warehouses look alike.
    """
    return facts.differs(items["consignor_country_key"], items["export_key"])


@feature(unit="0 or 1", reads="consignee sits elsewhere than the goods are sent to: {value:.0f}")
def receiver_elsewhere(items: View, history: History) -> Column:
    """1 when the consignee's country is not the country of destination (S09, D05)."""
    return facts.differs(items["consignee_country_key"], items["destination_key"])


@feature(unit="0 or 1", reads="no route declared: {value:.0f}")
def route_missing(items: View, history: History) -> Column:
    """1 when no route is declared, else 0; usual in post and express."""
    return facts.absent(items["route_key"])


@feature(unit="days", reads="lodged {value:.0f} [day|days] before arrival")
def days_before_arrival(items: View, history: History) -> Column:
    """Days from lodgement to arrival: negative when lodged after, missing if either is (S07)."""
    return facts.days_between(items["arrival_at"], items["lodged_at"])


@feature(
    unit="finds",
    reads="{value:.0f} confirmed [find|finds] in these goods on this lane",
    monotone=1,
)
def finds_of_goods_on_lane(items: View, history: History) -> Column:
    """Confirmed finds under the same heading, origin, destination and mode (S14)."""
    return history.finds(items, ["hs4", *LANE])


FEATURES: list[Feature] = [
    lane_share,
    goods_lane_share,
    goods_at_home_on_lane,
    transit_legs,
    extra_legs,
    route_share,
    origin_differs,
    sender_elsewhere,
    receiver_elsewhere,
    route_missing,
    days_before_arrival,
    finds_of_goods_on_lane,
]
