"""The traveller profile: one row per traveller per crossing."""

from __future__ import annotations

import numpy as np

from riskprofile.columns import Column, View
from riskprofile.features import booking, goods
from riskprofile.indicators import booking as booking_signs
from riskprofile.indicators import goods as goods_signs
from riskprofile.indicators import links, watching
from riskprofile.profiles.profile import Key, Profile, Retention, legs
from riskprofile.tables import ColumnSpec as C
from riskprofile.tables import Table

COLUMNS = (
    C("crossing_id", "text", "one traveller on one crossing"),
    C("crossing_at", "datetime", "when they cross"),
    C("crossing_point", "place", "UN/LOCODE or post code"),
    C(
        "crossing_kind",
        "choice",
        "kind of post",
        choices=("airport", "seaport", "land", "rail"),
    ),
    C("direction", "choice", "way across", choices=("entry", "exit", "transit")),
    C("transport_mode", "text", "mode"),
    C("carrier", "text", "carrier code"),
    C("service_number", "text", "flight, sailing or line"),
    C("origin", "place", "of the journey: UN/LOCODE or IATA code"),
    C("destination", "place", "of the journey: UN/LOCODE or IATA code"),
    C("route", "codes", "the whole journey"),
    C("person_ref", "text", "opaque token for one person", "P2"),
    C("name", "text", "as on the document", "P2"),
    C("born", "date", "date of birth", "P1"),
    C("sex", "text", "as on the document", "P1"),
    C("nationality", "text", "as on the document", "P1"),
    C("document_type", "text", "travel document", "P1"),
    C("document_number", "text", "travel document", "P1"),
    C("document_issuer", "text", "travel document", "P1"),
    C("residence", "text", "country or address", "P1"),
    C("party_ref", "text", "booking locator (opaque)"),
    C("party_size", "int", "travellers on it", minimum=1),
    C("booked_at", "datetime", "when it was booked"),
    C("ticket_type", "choice", "ticket", choices=("one_way", "return", "open")),
    C("payment_method", "choice", "payment", choices=("cash", "card", "other")),
    C("itinerary_changes", "int", "changes after booking", minimum=0),
    C("checked_bags", "int", "pieces", minimum=0),
    C("bag_mass_kg", "float", "kilograms of checked bags", minimum=0),
    C("bag_tags", "codes", "tag numbers"),
    C("vehicle_ref", "text", "plate", "P2"),
    C("vehicle_kind", "text", "kind of vehicle"),
    C("stay_nights", "float", "nights", minimum=0),
    C("firearms_declared", "int", "what the traveller declared", minimum=0),
    C("ammunition_declared", "int", "rounds", minimum=0),
    C("firearm_licence", "text", "its number"),
    C("goods_declared", "text", "as declared"),
    C("extra", "json", "everything else that the format carried"),
)

VISIBLE = tuple(
    column.name
    for column in COLUMNS
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
    name="traveller",
    columns=COLUMNS,
    mandatory=(("crossing_id",), ("crossing_at",)),
    declaration=("crossing_id",),
    item="",
    time="crossing_at",
    due="crossing_at",
    office="crossing_point",
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
    persons=True,
    # C-817/19: after six months only with objective evidence, masked; five years at most.
    retention=Retention(unflagged=6, mask=6, finds=True, end=60),
)
