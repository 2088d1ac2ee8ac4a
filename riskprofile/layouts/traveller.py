"""What a traveller declaration holds: one row per traveller per crossing."""

from __future__ import annotations

from riskprofile.layouts.declared import GOODS, KEY, Declared
from riskprofile.layouts.declared import column as C

COLUMNS = (
    C("crossing_id", "text", "one traveller on one crossing", longest=KEY),
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
    C("carrier", "text", "carrier code", longest=KEY),
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
    C("goods_declared", "text", "as declared", longest=GOODS),
    C("extra", "json", "everything else that the format carried"),
)

TRAVELLER = Declared(
    name="traveller",
    columns=COLUMNS,
    mandatory=(("crossing_id",), ("crossing_at",)),
    time="crossing_at",
    due="crossing_at",
    office="crossing_point",
    persons=True,
)
