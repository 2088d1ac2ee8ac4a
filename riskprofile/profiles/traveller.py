"""The traveller profile: one row per traveller per crossing."""

from __future__ import annotations

import numpy as np

from riskprofile.columns import Column, View
from riskprofile.features import booking, goods
from riskprofile.indicators import booking as booking_signs
from riskprofile.indicators import goods as goods_signs
from riskprofile.indicators import links, watching
from riskprofile.layouts import traveller as layout
from riskprofile.profiles.profile import Key, Profile, Retention, legs
from riskprofile.tables import Table

VISIBLE = tuple(
    column.name
    for column in layout.COLUMNS
    if not column.protection
    and column.kind not in ("country", "place", "json")
    and column.name not in ("route", "party_ref")
)
KEYS = (
    Key("person_key", ("person_ref",), "person"),
    Key("vehicle_key", ("vehicle_ref",), "vehicle"),
    Key("party_key", ("party_ref",), "locator"),
    Key("point_key", ("crossing_point",), "place"),
    Key("origin_key", ("origin",), "place"),
    Key("destination_key", ("destination",), "place"),
    Key("route_key", ("route",), "place"),
)


def measures(table: View, rates: Table | None = None) -> dict[str, Column]:
    """Numbers of baggage and journey; kilograms and nights, natural logarithms."""
    bags = table["checked_bags"].astype("float64")
    mass = table["bag_mass_kg"]
    nights = table["stay_nights"]
    return {
        "route_legs": table.text("route").told(legs, np.nan),
        "log_bag_mass": mass.where(mass > 0).log(),
        "kg_per_bag": mass / bags.where(bags > 0),
        "bag_kg_per_night": mass / nights.clip(lower=1),
    }


TRAVELLER = Profile(
    **layout.TRAVELLER.stated,
    declaration=("crossing_id",),
    item="",
    title="goods_declared",
    measures=measures,
    visible=VISIBLE,
    codes=("crossing_point", "origin", "destination", "route"),
    keys=KEYS,
    remembered=(
        *(key.name for key in KEYS),
        *("direction", "transport_mode", "carrier", "crossing_kind", "goods_key"),
        *("stay_nights", "bag_mass_kg", "route_legs", "log_bag_mass", "kg_per_bag"),
        *("bag_kg_per_night", "firearms_declared", "ammunition_declared"),
    ),
    linked=links.TRAVELLER_COLUMNS,
    # RU-1: nothing about the person counts as an objective fact of the crossing.
    objective=(
        *("route", "booked_at", "ticket_type", "payment_method", "checked_bags", "bag_mass_kg"),
        *("bag_tags", "vehicle_kind", "stay_nights", "firearms_declared"),
        *("ammunition_declared", "goods_declared"),
    ),
    slices=("transport_mode", "crossing_point", "origin", "carrier"),
    features=(*booking.FEATURES, *goods.TRAVELLER_FEATURES),
    indicators=(
        *booking_signs.INDICATORS,
        *goods_signs.TRAVELLER_INDICATORS,
        *watching.INDICATORS,
        *links.TRAVELLER_INDICATORS,
    ),
    # C-817/19: after six months only with objective evidence, masked; five years at most.
    retention=Retention(
        unflagged=6, mask=6, finds=True, end=60, sealed=("party_ref", "bag_tags", "firearm_licence")
    ),
)
