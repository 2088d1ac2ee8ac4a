"""The shipment profile: one row per goods item of a declaration."""

from __future__ import annotations

from functools import partial

import numpy as np

from riskprofile.columns import Column, View
from riskprofile.features import (
    combinations,
    conjunctions,
    documents,
    goods,
    parties,
    routing,
    unusual,
    weights,
)
from riskprofile.indicators import documents as document_signs
from riskprofile.indicators import goods as goods_signs
from riskprofile.indicators import licences as licence_signs
from riskprofile.indicators import links, watching
from riskprofile.indicators import parties as party_signs
from riskprofile.indicators import routing as routing_signs
from riskprofile.indicators import weights as weight_signs
from riskprofile.indicators import yard as yard_signs
from riskprofile.layouts import shipment as layout
from riskprofile.profiles.profile import Key, Profile, legs
from riskprofile.reference import facts, naming, rates
from riskprofile.reference.hashing import hash_texts
from riskprofile.tables import Table

VISIBLE = tuple(
    column.name
    for column in layout.COLUMNS
    if not column.protection
    and column.kind not in ("country", "place", "json")
    and column.name
    not in ("customs_office", "route", "consignor_id", "consignee_id", "declarant_id")
)
CODES = (
    "customs_office",
    "consignor_country",
    "consignee_country",
    "country_of_origin",
    "country_of_export",
    "country_of_destination",
    "port_of_loading",
    "port_of_discharge",
    "route",
)
KEYS = (
    Key("consignor_key", ("consignor_id", "consignor_name"), "party"),
    Key("consignee_key", ("consignee_id", "consignee_name"), "party"),
    Key("declarant_key", ("declarant_id",), "party"),
    Key("consignor_name_key", ("consignor_name",), "party"),
    Key("consignee_name_key", ("consignee_name",), "party"),
    Key("notify_key", ("notify_name",), "party"),
    Key("consignor_address_key", ("consignor_address",), "address"),
    Key("consignee_address_key", ("consignee_address",), "address"),
    Key("consignor_phone_key", ("consignor_phone",), "phone"),
    Key("consignee_phone_key", ("consignee_phone",), "phone"),
    Key("consignor_country_key", ("consignor_country",), "place"),
    Key("consignee_country_key", ("consignee_country",), "place"),
    Key("origin_key", ("country_of_origin",), "place"),
    Key("export_key", ("country_of_export",), "place"),
    Key("destination_key", ("country_of_destination",), "place"),
    Key("loading_key", ("port_of_loading",), "place"),
    Key("discharge_key", ("port_of_discharge",), "place"),
    Key("route_key", ("route",), "place"),
    Key("office_key", ("customs_office",), "place"),
)


def _cut(digits: int, code: str) -> str | None:
    return code[:digits] if len(code) >= digits else None


def _log_ratio(over: Column, under: Column) -> Column:
    """Natural logarithm of a ratio; missing unless both are above zero."""
    return (over.where(over > 0) / under.where(under > 0)).log()


def _licensed_item(table: View) -> Column:
    """What every version of an item under one licence has in common; missing without a licence.

    An opaque key of the licence and of what identifies the item.
    """
    numbers = table.text("licence_number").map(naming.licence)
    licensed = np.flatnonzero(numbers.notna().values)
    made = np.zeros(len(table), dtype=np.int64)
    if len(licensed):
        names = ("declaration_id", "customs_office", "carrier")
        parts = [one.take(licensed).tolist() for one in (numbers, *map(table.text, names))]
        years = table["lodged_at"].values[licensed].astype("datetime64[Y]").astype(str).tolist()
        items = table["item_number"].take(licensed).tolist()
        rows = zip(*parts, years, items, strict=True)
        made[licensed] = hash_texts(["\x1f".join(str(part) for part in row) for row in rows])
    return Column(made, numbers.isna().values)


def measures(table: View, known: Table | None = None) -> dict[str, Column]:
    """HS parts, transit legs, and the numbers that history keeps norms of.

    Values are in US dollars at the latest rate on or before lodgement, of the rates `known`
    or of the shipped sample, and missing without one; freight over value needs none. Masses are
    kilograms; logarithms are natural.
    """
    hs, route = table.text("hs_code"), table.text("route")
    currency, when = table.text("currency"), table["lodged_at"]
    rate = rates.per_usd(currency, when, known)
    value, freight = table["value"], table["freight_cost"]
    value_usd, freight_usd = value / rate, freight / rate
    # Both are of one currency. Where it has a rate this is as scorecards were fitted, to the bit.
    freight_ratio = freight_usd / value_usd.where(value_usd > 0)
    packages = table["package_count"].astype("float64")
    net = table["net_mass_kg"].fillna(table["gross_mass_kg"])
    gross = table["gross_mass_kg"].fillna(table["net_mass_kg"])
    return {
        **{f"hs{digits}": hs.map(partial(_cut, digits)) for digits in (2, 4, 6)},
        "licence_key": table.text("licence_number").map(naming.licence),
        "licensed_item_key": _licensed_item(table),
        "licensed_pieces": facts.pieces(table).where(table["licence_number"].notna()),
        "part_kinds": links.part_kinds(table.text("goods_description"), table["licence_number"]),
        "route_legs": route.told(legs, np.nan),
        "value_usd": value_usd,
        "log_value_per_kg": _log_ratio(value_usd, net),
        "log_value_per_unit": _log_ratio(value_usd, table["quantity"]),
        "log_kg_per_package": _log_ratio(gross, packages),
        "log_kg_per_unit": _log_ratio(net, table["quantity"]),
        "log_kg_per_m3": _log_ratio(gross, table["volume_m3"]),
        "log_gross_mass": gross.where(gross > 0).log(),
        "log_quantity": table["quantity"].where(table["quantity"] > 0).log(),
        "freight_ratio": freight_ratio.fillna(freight / value.where(value > 0)),
        "log_freight_ratio": _log_ratio(freight_usd, value_usd).fillna(_log_ratio(freight, value)),
    }


SHIPMENT = Profile(
    **layout.SHIPMENT.stated,
    declaration=("declaration_id", "customs_office", "carrier", "lodged_at"),
    item="item_number",
    title="goods_description",
    measures=measures,
    visible=VISIBLE,
    codes=CODES,
    keys=KEYS,
    remembered=(
        *(key.name for key in KEYS),
        *("transport_mode", "consignee_type", "carrier", "hs2", "hs4", "hs6", "goods_key"),
        "named_key",
        *("house_document", "licence_key", "part_kinds", "route_legs", "log_value_per_kg"),
        *("log_value_per_unit", "log_kg_per_package", "log_kg_per_unit", "log_kg_per_m3"),
        *("log_gross_mass", "freight_ratio", "log_freight_ratio", "quantity"),
        *("log_quantity", "licensed_pieces", "licensed_item_key"),
    ),
    formerly={
        "licence_key": ("licence_number", naming.licence),
        "licensed_pieces": ("quantity", None),
    },
    linked=links.SHIPMENT_COLUMNS,
    objective=("goods_description", "hs_code"),
    slices=("transport_mode", "customs_office", "port_of_loading", "country_of_export", "carrier"),
    features=(
        *goods.FEATURES,
        *parties.FEATURES,
        *routing.FEATURES,
        *documents.FEATURES,
        *weights.FEATURES,
        *conjunctions.FEATURES,
        *unusual.FEATURES,
        *combinations.FEATURES,
    ),
    indicators=(
        *goods_signs.INDICATORS,
        *document_signs.INDICATORS,
        *party_signs.INDICATORS,
        *weight_signs.INDICATORS,
        *routing_signs.INDICATORS,
        *licence_signs.INDICATORS,
        *yard_signs.INDICATORS,
        *watching.INDICATORS,
        *links.SHIPMENT_INDICATORS,
    ),
    on_after_init=True,
)
