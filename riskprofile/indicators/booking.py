"""Warning signs of travel: trips, bags and what was declared. Nothing about the person."""

from __future__ import annotations

from riskprofile.columns import Column, Mask, View
from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, standing
from riskprofile.tables import History, Indicator

ENDS = ["origin_key", "destination_key"]
MANY_FIREARMS = 3  # more than an exemption for personal effects allows: 22 CFR 123.17(c)
MANY_ROUNDS = 1000  # the same
GRACE_DAYS = 30  # registries are slow


@indicator(
    "T02_short_frequent_trips",
    queue="trafficking",
    says="one of several short trips between the same ends; checked bags: {bag_mass_kg} kg, "
    "nights of stay: {stay_nights}",
    cleared_by="a commuter, crew member or trader with goods declared",
    check="what the bags hold on the way out and back; weigh and image them",
    stage="yard",
    silent_without_history=True,
    source="US-UK air passenger case 2010: ten or more trips with dismantled pistols",
)
def short_frequent_trips(items: View, history: History) -> Mask:
    """The third crossing or more between the same ends in 90 days, at most 5 nights now,
    and 12 kg of bags a night, more than other travellers between these ends carry.

    Where fewer than 20 of those are known, travellers through the same kind of post
    stand in for them: half a deviation above their mean.
    """
    trips = history.count(items, ["person_key", *ENDS], days=90)
    short = (items["stay_nights"] <= 5) & (items["bag_kg_per_night"] >= 12.0)
    usual = _heavy_for(items, history, ENDS).fillna(_heavy_for(items, history, ["crossing_kind"]))
    return (trips >= 2) & short & (items["log_bag_mass"] > usual)


def _heavy_for(items: View, history: History, peers: list[str]) -> Column:
    """Half a deviation above the peers' mean bag mass (log kg); NaN below 20 of them."""
    norm = history.norm(items, "log_bag_mass", peers)
    return (norm["mean"] + 0.5 * norm["sd"]).where(norm["n"] >= 20)


@indicator(
    "T04_sport_permit_misuse",
    queue="compliance",
    says="declared under a permit: firearms {firearms_declared}, rounds {ammunition_declared}; "
    "more than sport or hunting trips carry, more than the permit allows, or a permit that is not "
    "in force or was not closed by re-export",
    cleared_by="a team or hunting party with an invitation; serial numbers that match the permit",
    check="the permit's count, calibre and serial numbers; the event; re-export",
    source="size: 22 CFR 123.17(c), three firearms and 1,000 rounds as personal effects",
)
def sport_permit_misuse(items: View, history: History) -> Mask:
    """More than 3 firearms or 1,000 rounds declared by one traveller under a licence.

    Where the licence register holds the permit: more firearms than it allows, a permit not in
    force that day, or one whose re-export was due 30 days ago and is not verified when its
    holder enters again. A permit that the register does not hold may be of another country.
    """
    many = (items["firearms_declared"] > MANY_FIREARMS).fillna(False)
    rounds = (items["ammunition_declared"] > MANY_ROUNDS).fillna(False)
    permit = standing.licence(items, history, "firearm_licence")
    over = facts.fired(facts.known(items["firearms_declared"] > permit["quantity"]))
    due = permit["delivery_due"] + GRACE_DAYS * facts.DAY
    open_ended = (items["time"] > due) & permit["delivery_verified"].isna()
    entering = facts.fired(facts.is_one_of(items["direction"], "entry"))
    ended = standing.not_in_force(items, history, "firearm_licence")
    misused = over | ended | (open_ended & entering)
    return (many | rounds | misused) & items["firearm_licence"].notna()


@indicator(
    "T07_lawful_owner_undeclared",
    queue="compliance",
    says="firearms or ammunition are declared, and no licence is named",
    cleared_by="the permit, shown at the post; an owner in transit who did not know the rule",
    check="ask for the permit; deposit, permit or return as the law provides",
    source="CBSA North Portal 2020; Cancun 2017; TSA statements",
)
def declared_without_licence(items: View, history: History) -> Mask:
    """Openly declared and without a permit number: as a rule a lawful owner.

    Kept apart from trafficking on purpose, so that this larger class does not hide it.
    """
    firearms = (items["firearms_declared"] > 0).fillna(False)
    rounds = (items["ammunition_declared"] > 0).fillna(False)
    return (firearms | rounds) & items["firearm_licence"].isna()


INDICATORS: list[Indicator] = [
    short_frequent_trips,
    sport_permit_misuse,
    declared_without_licence,
]
