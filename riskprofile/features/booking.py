"""Travellers: conduct of booking, baggage, journey and declaration. Nothing personal."""

from __future__ import annotations

import numpy as np

from riskprofile.columns import Column, View
from riskprofile.features.register import feature
from riskprofile.reference import facts
from riskprofile.tables import Feature, History

ENDS = ["origin_key", "destination_key"]


@feature(
    unit="crossings in 90 days",
    reads="{value:.0f} earlier [crossing|crossings] in the last 90 days",
)
def trips_90(items: View, history: History) -> Column:
    """Crossings of the same person token in 90 days; missing without a token (T02).

    Commuters, crews and traders travel often: it means little without bags.
    """
    return history.count(items, ["person_key"], days=90)


@feature(
    unit="crossings in 90 days",
    reads="{value:.0f} earlier [crossing|crossings] between the same ends in the last 90 days",
)
def trips_on_route_90(items: View, history: History) -> Column:
    """Crossings of the same person token between the same two ends in 90 days (T02)."""
    return history.count(items, ["person_key", *ENDS], days=90)


@feature(
    unit="pairs of ends",
    reads="the same traveller took {value:.0f} [journey|journeys between different ends] in "
    "90 days",
)
def routes_of_person_90(items: View, history: History) -> Column:
    """Pairs of ends that first appeared with this person token in 90 days (T02)."""
    return history.partners(items, ENDS, ["person_key"], days=90)


@feature(unit="nights", reads="a stay of {value:.0f} [night|nights]")
def stay(items: View, history: History) -> Column:
    """Nights of the stay; missing when not known (T02)."""
    return items["stay_nights"]


@feature(
    unit="nights",
    reads="the mean stay of this traveller's earlier crossings is {value:.1f} nights",
)
def usual_stay(items: View, history: History) -> Column:
    """Mean nights over earlier crossings of the person token; missing before two (T02)."""
    past = history.norm(items, "stay_nights", ["person_key"])
    return past["mean"].where(past["n"] >= 2)


@feature(unit="kilograms", reads="{value:.0f} kg of checked bags")
def bag_mass(items: View, history: History) -> Column:
    """Kilograms of checked bags; missing when not weighed (T02)."""
    return items["bag_mass_kg"]


@feature(unit="kilograms per night", reads="{value:.1f} kg of bags a night of stay", monotone=1)
def bag_mass_per_night(items: View, history: History) -> Column:
    """Bag mass over nights of stay, at least one; missing without either (T02)."""
    return items["bag_kg_per_night"]


@feature(unit="kilograms", reads="{value:.1f} kg a bag", monotone=1)
def mass_per_bag(items: View, history: History) -> Column:
    """Bag mass over checked bags; missing without either (T02)."""
    return items["kg_per_bag"]


@feature(
    unit="standard deviations",
    reads="bag mass is {value:+z.1f} deviations from what is usual between these ends",
    norm="between -2 and 2 for nineteen of twenty travellers",
    silent_without_history=True,
)
def bag_mass_deviation(items: View, history: History) -> Column:
    """Bag mass against other travellers between the same ends; missing before 20 (T02)."""
    past = history.norm(items, "log_bag_mass", ENDS)
    usual = past["mean"].where(past["n"] >= 20)
    z = (items["log_bag_mass"] - usual) / past["sd"].clip(lower=0.25)
    return z.clip(-8.0, 8.0).round(facts.DIGITS)


@feature(
    unit="kilograms per night, times crossings",
    reads="bags a night times crossings in 90 days: {value:.0f}",
    monotone=1,
)
def heavy_short_trips(items: View, history: History) -> Column:
    """Bag mass a night, times crossings between the same ends in 90 days: T02 as one number."""
    return items["bag_kg_per_night"] * history.count(items, ["person_key", *ENDS], days=90)


@feature(unit="tags", reads="bag tags less checked bags: {value:+.0f}")
def tags_against_bags(items: View, history: History) -> Column:
    """Tags counted less bags declared; missing without either (T03)."""
    tags = items.text("bag_tags").told(lambda joined: joined.count("|") + 1.0, np.nan)
    return tags - facts.known(items["checked_bags"])


@feature(unit="bags", reads="{value:.1f} checked bags for each traveller of the booking")
def bags_per_traveller(items: View, history: History) -> Column:
    """Checked bags over travellers on the booking; missing without either (T03).

    Families and mobility aid look alike.
    """
    party = facts.known(items["party_size"])
    return facts.known(items["checked_bags"]) / party.where(party > 0)


@feature(unit="travellers", reads="{value:.0f} [traveller|travellers] on the booking")
def party_size(items: View, history: History) -> Column:
    """Travellers on the booking; missing when not known."""
    return facts.known(items["party_size"])


@feature(unit="days", reads="booked {value:.1f} days before crossing", monotone=-1)
def days_booked_ahead(items: View, history: History) -> Column:
    """Days from booking to crossing; missing without a booking time (T02)."""
    return facts.days_between(items["time"], items["booked_at"])


@feature(unit="0 or 1", reads="one-way ticket: {value:.0f}")
def one_way(items: View, history: History) -> Column:
    """1 for a one-way ticket, 0 for another kind, missing when not known."""
    return facts.is_one_of(items["ticket_type"], "one_way")


@feature(unit="0 or 1", reads="paid in cash: {value:.0f}")
def paid_in_cash(items: View, history: History) -> Column:
    """1 for a ticket paid in cash, 0 for another way, missing when not known.

    In many places cash is how tickets are bought: the data decide what it means.
    """
    return facts.is_one_of(items["payment_method"], "cash")


@feature(
    unit="changes", reads="{value:.0f} [change|changes] of itinerary after booking", monotone=1
)
def itinerary_changes(items: View, history: History) -> Column:
    """Changes after booking; missing when not known."""
    return facts.known(items["itinerary_changes"])


@feature(unit="firearms", reads="{value:.0f} [firearm|firearms] declared")
def firearms_declared(items: View, history: History) -> Column:
    """Firearms that the traveller declared; missing when not asked (T04, T07).

    A declaration is conduct in the traveller's favour.
    """
    return facts.known(items["firearms_declared"])


@feature(unit="rounds", reads="{value:.0f} [round|rounds] of ammunition declared")
def ammunition_declared(items: View, history: History) -> Column:
    """Rounds that the traveller declared; missing when not asked (T04)."""
    return facts.known(items["ammunition_declared"])


@feature(
    unit="0 or 1",
    reads="firearms or ammunition declared without a licence: {value:.0f}",
    monotone=1,
)
def declared_without_licence(items: View, history: History) -> Column:
    """1 when firearms or rounds are declared and no licence is named; missing when not asked."""
    counted = facts.any_of(
        facts.known(items["firearms_declared"]), facts.known(items["ammunition_declared"])
    )
    declared = (counted > 0).astype("float64").where(counted.notna())
    return facts.all_of(declared, facts.absent(items["firearm_licence"]))


@feature(
    unit="per 10,000 crossings",
    reads="{value:,.1f} of 10,000 crossings of this kind are between these ends",
    monotone=-1,
    silent_without_history=True,
)
def journey_share(items: View, history: History) -> Column:
    """How common the two ends are among crossings of the same kind: rarity, no place."""
    both = history.count(items, [*ENDS, "crossing_kind"])
    return (both + 0.5) / (history.count(items, ["crossing_kind"]) + 1.0) * 1e4


@feature(unit="legs", reads="{value:.0f} [stop|stops] between the ends of the journey")
def journey_legs(items: View, history: History) -> Column:
    """Places between the first and the last of the declared route; missing without one."""
    return items["route_legs"]


@feature(
    unit="persons in 90 days",
    reads="{value:.0f} [person|persons] first crossed with this vehicle in the last 90 days",
)
def persons_with_vehicle_90(items: View, history: History) -> Column:
    """Person tokens that first appeared with this vehicle in 90 days; missing without one.

    Hire cars, taxis and buses look alike.
    """
    return history.partners(items, ["person_key"], ["vehicle_key"], days=90)


@feature(
    unit="crossings in 90 days",
    reads="this vehicle crossed {value:.0f} [time|times] in 90 days",
)
def vehicle_trips_90(items: View, history: History) -> Column:
    """Crossings of the same vehicle in 90 days; missing without one (T02)."""
    return history.count(items, ["vehicle_key"], days=90)


FEATURES: list[Feature] = [
    trips_90,
    trips_on_route_90,
    routes_of_person_90,
    stay,
    usual_stay,
    bag_mass,
    bag_mass_per_night,
    mass_per_bag,
    bag_mass_deviation,
    heavy_short_trips,
    tags_against_bags,
    bags_per_traveller,
    party_size,
    days_booked_ahead,
    one_way,
    paid_in_cash,
    itinerary_changes,
    firearms_declared,
    ammunition_declared,
    declared_without_licence,
    journey_share,
    journey_legs,
    persons_with_vehicle_90,
    vehicle_trips_90,
]
