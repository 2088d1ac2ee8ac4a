"""ASYCUDA World single administrative document (SAD) in XML: one row per `Item`.

Which tag fills which column stands in `HEADER` and `ITEM` below. Paths are matched
without regard to case, since installations spell some tags in two ways. The header and
the items are read on two streams, so memory does not grow with their number.

No sample with a licence that allows copying is known: written from the published tag
names of ASYCUDA World.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from riskprofile.errors import InputError
from riskprofile.intake.code_lists import mode, place
from riskprofile.intake.conventions import DAY_FIRST, DOMINANT
from riskprofile.intake.reader import Knowing, Source, unread
from riskprofile.intake.rows import Gather, decimal, journey, number, one_line, plain
from riskprofile.intake.xml import Element, Leaves, XmlReader, items_with_headers, local, stream

# column: paths below ASYCUDA, the first that is filled counts
HEADER: dict[str, tuple[str, ...]] = {
    "customs_office": ("Identification/Office_segment/Customs_clearance_office_code",),
    "consignor_id": ("Traders/Exporter/Exporter_code",),
    "consignee_id": ("Traders/Consignee/Consignee_code",),
    "declarant_id": ("Declarant/Declarant_code",),
    "country_of_export": ("General_information/Country/Export/Export_country_code",),
    "country_of_destination": ("General_information/Country/Destination/Destination_country_code",),
    "port_of_loading": ("Transport/Place_of_loading/Code",),
    "conveyance": (
        "Transport/Means_of_transport/Border_information/Identity",
        "Transport/Means_of_transport/Departure_arrival_information/Identity",
    ),
}
# column: paths below Item
ITEM: dict[str, tuple[str, ...]] = {
    "goods_description": (
        "Goods_description/Commercial_Description",
        "Goods_description/Description_of_goods",
    ),
    "country_of_origin": ("Goods_description/Country_of_origin_code",),
    "package_type": ("Packages/Kind_of_packages_code",),
    "licence_number": ("Licence_number",),
}
# column: path below Item, a number
ITEM_NUMBERS: dict[str, str] = {
    "gross_mass_kg": "Valuation_item/Weight_itm/Gross_weight_itm",
    "net_mass_kg": "Valuation_item/Weight_itm/Net_weight_itm",
}
# What needs more than a path; the functions that say how are named beside it.
REGISTRATION = "Identification/Registration"  # declaration_id, lodged_at: _reference, Dates
OWN_REFERENCE = "Declarant/Reference/Number"
EXPORTER, CONSIGNEE = "Traders/Exporter/Exporter_name", "Traders/Consignee/Consignee_name"
FLOW = "Property/Sad_flow"  # procedure: _procedure
TYPE = "Identification/Type/Type_of_declaration"
GENERAL_PROCEDURE = "Identification/Type/Declaration_gen_procedure_code"
MODE = "Transport/Means_of_transport/Border_information/Mode"  # transport_mode: code_lists.mode
FIRST_DESTINATION = "General_information/Country/Country_first_destination"  # route
SEALS = "Transit/Seals/Identity"
PACKAGES = "Packages/Number_of_packages"  # package_count: _package_count
TARIFF = "Tarification/HScode"  # hs_code: _hs_code
UNITS = "Tarification/Supplementary_unit"  # quantity: the first unit with an amount
EARLIER = "Previous_doc/Summary_declaration"  # transport_document, unless an earlier SAD
INVOICE = "Valuation_item/Item_Invoice"  # value, currency, freight_cost: _amounts
FREIGHT = "Valuation_item/item_external_freight"
IDENTITY = "Container_identity"  # container_numbers, of the item that Item_Number names
DOCUMENTS = "Attached_documents"  # licence_type, end_use_certificate: _documents

ASSUMED = "date_order_assumed"  # warning: month first, and nothing shows whether that is so
PROCEDURES = {"I": "import", "E": "export", "T": "transit"}
TRANSIT = "8"  # general procedure 8 of the SAD: transit

DECLARATION = frozenset({"ASYCUDA"})
_SAD_NUMBER = re.compile(r"(?:[A-Z0-9]{3,6}[ /-]?)?(?:19|20)\d\d[ /-]?[A-Z][ /-]?\d{1,8}")
_END_USE = re.compile(r"end[ -]?us", re.IGNORECASE)
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})")


class SadReader(Knowing, XmlReader):
    """Reads ASYCUDA World SAD files, streamed. One without content is no success."""

    name = "sad"
    opens = rb"<(?:\w+:)?ASYCUDA[\s>]"
    least = 1

    def nothing(self, where: str) -> InputError:
        """Of a file without any."""
        return unread("unread.no_item", where, "Export the declaration again, or drop the file")

    def walk(self, source: Source) -> Iterator[tuple[_Header, int, Element]]:
        """Each item with its declaration."""
        dates = Dates(orders=self.offices.date_orders)
        headers, items = _headers(source, dates), frozenset({"Item"})
        return items_with_headers(source, DECLARATION, items, headers, dates.look)

    def write(self, rows: Gather, header: _Header, position: int, element: Element) -> None:
        """One row per item; a declaration without any is a rejection by name."""
        if position:
            _item(rows, header, position, element)
        elif header.values:
            rows.reject(
                "no_goods_items",
                "the declaration has a header and no goods item",
                line=element.sourceline,
                record_id=header.values.get("declaration_id"),
            )


class _Header:
    """What all items of one declaration share."""

    def __init__(self, element: Element, containers: _Containers, dates: Dates) -> None:
        leaves = Leaves(element, fold=True)
        self.warnings: list[str] = []
        self.containers = containers.of
        values: dict[str, str | None] = {
            column: one_line(leaves.take(*paths)) for column, paths in HEADER.items()
        }
        lodged = leaves.take(f"{REGISTRATION}/Date")
        office = values["customs_office"]
        values["lodged_at"] = dates.iso(lodged, office)
        year = values["lodged_at"][:4] if values["lodged_at"] else dates.year(lodged)
        values["declaration_id"] = _reference(leaves, office, year)
        if lodged and not values["lodged_at"]:
            self.warnings.append("date_unreadable")
        elif dates.assumed(lodged, office):
            self.warnings.append(ASSUMED)
        values["procedure"] = _procedure(leaves)
        values["transport_mode"], other = mode(leaves.take(MODE))
        values["port_of_loading"], port = place(values["port_of_loading"])
        for party, path in (("consignor", EXPORTER), ("consignee", CONSIGNEE)):
            values[f"{party}_name"], values[f"{party}_address"] = _name_and_address(
                leaves.take(path)
            )
        values["seal_numbers"] = _seals(leaves.all(SEALS))
        first = one_line(leaves.take(FIRST_DESTINATION))
        if first and len(first) == 2:
            values["route"] = journey(
                (values["country_of_export"], first, values["country_of_destination"])
            )
            first = None
        values["container_numbers"] = "|".join(dict.fromkeys(self.containers.get("", ())))
        self.values = {column: value for column, value in values.items() if value}
        self.extra: dict[str, Any] = leaves.rest
        if containers.rest:
            self.extra["container"] = containers.rest
        self.told = False  # in a row of the declaration
        if other:
            self.extra["transport_mode_code"] = other
        if port:
            self.extra["port_of_loading"] = port
        if first:
            self.extra["country_first_destination"] = first
        if lodged and not values["lodged_at"]:
            self.extra["registration_date"] = lodged


@dataclass
class _Containers:
    """Those of a declaration, by the item that they name, and what no column takes of them."""

    of: dict[str, list[str]] = field(default_factory=dict)
    rest: list[dict[str, Any]] = field(default_factory=list)


def _headers(source: Source, dates: Dates) -> Iterator[_Header]:
    """The header of each declaration, with the containers that name its items."""
    containers = _Containers()
    for kind, element in stream(source, DECLARATION, frozenset({"Item", "Container"})):
        if kind == "declaration":
            yield _Header(element, containers, dates)
            containers = _Containers()
        elif local(element) == "Container":
            leaves = Leaves(element, fold=True)
            named, item = one_line(leaves.take(IDENTITY)), leaves.take("Item_Number") or ""
            if named:
                containers.of.setdefault(item, []).append(named)
            if rest := leaves.rest:
                containers.rest.append({IDENTITY.casefold(): named, **rest} if named else rest)


def _item(rows: Gather, header: _Header, position: int, element: Element) -> None:
    leaves = Leaves(element, fold=True)
    record = header.values.get("declaration_id")
    if not leaves:
        rows.reject(
            "empty_item",
            f"goods item {position} holds no value",
            line=element.sourceline,
            record_id=record,
        )
        return
    warnings = list(header.warnings)
    extra: dict[str, Any] = {}
    values: dict[str, str | None] = dict(header.values)
    values["item_number"] = str(position)
    for column, paths in ITEM.items():
        values[column] = one_line(leaves.take(*paths))
    for column, path in ITEM_NUMBERS.items():
        declared = number(leaves.take(path))
        if declared == "0":
            declared = None
            warnings.append("zero_mass")
        values[column] = declared
    values["hs_code"] = _hs_code(leaves)
    values["package_count"], share = _package_count(leaves.take(PACKAGES))
    if share:
        extra["package_share"] = share
        warnings.append("package_share")
    values["quantity"], values["quantity_unit"], units = _quantity(leaves)
    if units:
        extra["supplementary_units"] = units
    values["container_numbers"] = _containers(header, position)
    earlier = one_line(leaves.take(EARLIER))
    if earlier and _SAD_NUMBER.fullmatch(earlier):
        extra["earlier_declaration"] = earlier
    else:
        values["transport_document"] = earlier
    amounts, found, sent = _amounts(leaves)
    values |= amounts
    if sent:
        extra["freight_cost"] = sent
    warnings += found
    documents = _documents(leaves)
    for document in documents:
        if document.get("reference") and document.get("reference") == values["licence_number"]:
            values["licence_type"] = document.get("code") or document.get("name")
        if _END_USE.search(document.get("name", "")):
            values["end_use_certificate"] = document.get("reference")
    if documents:
        extra["documents"] = documents
    extra |= leaves.rest
    if not header.told:  # once a declaration, or a thousand items would carry a thousand copies
        header.told, extra["header"] = True, header.extra
    rows.row(values, line=element.sourceline, warnings=warnings, extra=extra)


def _reference(leaves: Leaves, office: str | None, year: str) -> str | None:
    """Office, year, serial and number of the registration; else the declarant's own number."""
    serial = one_line(leaves.take(f"{REGISTRATION}/Serial_number")) or ""
    registered = one_line(leaves.take(f"{REGISTRATION}/Number"))
    if not registered:
        return one_line(leaves.take(OWN_REFERENCE))
    return "-".join(part for part in (office, year, serial + registered) if part)


class Dates:
    """How one file writes days: `m/d/yy`, unless its dates show that the day stands first.

    What a file does not show, the order stated of the office may (`Offices.date_orders`).
    Impossible dates are missing, never rolled over; in a file that shows both ways, so are those
    that have two readings. One of the other way in twenty is a slip, and shows nothing.

    >>> Dates().iso("3/9/26"), Dates().iso("13/9/26"), Dates().iso("2026-03-09")
    ('2026-03-09', None, '2026-03-09')
    >>> Dates("13/9/26").iso("3/9/26"), Dates("13/9/26", "9/13/26").iso("3/9/26")
    ('2026-09-03', None)
    >>> Dates("13/9/26", *["9/14/26"] * 20).iso("3/9/26")
    '2026-03-09'
    >>> Dates(orders={"XMPME": "day_first"}).iso("3/9/26", "XMPME")
    '2026-09-03'
    """

    def __init__(self, *seen: str, orders: Mapping[str, str] | None = None) -> None:
        self.orders = orders or {}
        self.days = self.months = 0  # dates that have the day, or the month, first for certain
        for text in seen:
            self.see(text)

    def look(self, header: Element) -> None:
        """Take in what the dates of a declaration show."""
        for text in header.itertext():
            self.see(text.strip())

    def see(self, text: str) -> None:
        """Take in what one date shows; another text shows nothing."""
        if found := _DATE.fullmatch(text):
            first, second = int(found[1]), int(found[2])
            self.days += second <= 12 < first <= 31
            self.months += first <= 12 < second <= 31

    def year(self, text: str | None) -> str:
        """The year of a date, also of one with two readings; empty of one that has none.

        >>> Dates("13/9/26", "9/13/26").year("3/9/26"), Dates().year("2/30/26")
        ('2026', '')
        """
        found = _DATE.fullmatch(text or "")
        read = found and _iso(int(found[3]), int(found[1]), int(found[2]))
        return read[:4] if read else ""

    def iso(self, text: str | None, office: str | None = None) -> str | None:
        """One date as ISO text, of a declaration that names this office."""
        if not text:
            return None
        if re.fullmatch(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?", text):
            return text
        if not (found := _DATE.fullmatch(text)):
            return None
        first, second = int(found[1]), int(found[2])
        one_reading = first == second or max(first, second) > 12
        day_first = self.days > 0 and first > 12 if one_reading else self._day_first(office)
        if day_first is None:
            return None
        day, month = (first, second) if day_first else (second, first)
        return _iso(int(found[3]), month, day)

    def assumed(self, text: str | None, office: str | None = None) -> bool:
        """Whether a date is read month first, and could as well be read day first.

        >>> Dates().assumed("3/9/26"), Dates().assumed("9/9/26"), Dates("9/13/26").assumed("3/9/26")
        (True, False, False)
        """
        if self.days or self.months or office in self.orders:
            return False
        if not (found := _DATE.fullmatch(text or "")):
            return False
        first, second = int(found[1]), int(found[2])
        return first != second and max(first, second) <= 12

    def _day_first(self, office: str | None) -> bool | None:
        """Whether the day stands first where it could stand second; none: both are usual here."""
        stated = self.orders.get(office or "")
        if stated and not self.days and not self.months:
            return stated == DAY_FIRST
        if self.months >= DOMINANT * self.days:
            return False
        return True if self.days >= DOMINANT * self.months else None


def _iso(year: int, month: int, day: int) -> str | None:
    year += 2000 if year < 100 else 0
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _procedure(leaves: Leaves) -> str | None:
    general = (leaves.peek(GENERAL_PROCEDURE) or "")[:1]  # these two say more than the column
    kind = (leaves.peek(TYPE) or leaves.take(FLOW) or "").upper()
    flow = (leaves.take(FLOW) or "").upper()
    if general == TRANSIT or kind.startswith("T"):
        return "transit"
    return PROCEDURES.get(flow[:1]) or PROCEDURES.get(kind[:1])


def _name_and_address(text: str | None) -> tuple[str | None, str | None]:
    """The first line is the name, the others the address."""
    lines = [line for part in (text or "").splitlines() if (line := one_line(part))]
    return (lines[0] if lines else None), (", ".join(lines[1:]) or None)


def _seals(texts: list[str]) -> str | None:
    seals = [seal for text in texts for seal in re.split(r"[\s,;|]+", text) if seal]
    return "|".join(dict.fromkeys(seals)) or None


def _containers(header: _Header, position: int) -> str | None:
    """Those that name the item, and those that name none, which are of all."""
    if own := header.containers.get(str(position)):
        return "|".join(dict.fromkeys([*own, *header.containers.get("", [])]))
    return header.values.get("container_numbers")


def _hs_code(leaves: Leaves) -> str | None:
    code = one_line(leaves.take(f"{TARIFF}/Commodity_code"))
    precision = one_line(leaves.take(f"{TARIFF}/Precision_1")) or ""
    return code and code + precision


def _package_count(text: str | None) -> tuple[str | None, str | None]:
    """The count; or, apart, what looks like a share of one package.

    >>> _package_count("12.0"), _package_count("0.01")
    (('12', None), (None, '0.01'))
    """
    value = decimal(text)
    if value is not None and value != value.to_integral_value():
        return None, one_line(text)
    return number(text), None


def _quantity(leaves: Leaves) -> tuple[str | None, str | None, list[dict[str, str]]]:
    """The first supplementary unit with an amount, and the others."""
    units, bare = [], []
    for unit in leaves.groups(UNITS):
        amount = number(unit.take("Suppplementary_unit_quantity"))
        code = one_line(unit.take("Suppplementary_unit_code"))
        if amount:
            units.append({"quantity": amount, "unit": code or ""})
        elif code:
            bare.append({"unit": code})
    if not units:
        return None, None, bare
    return units[0]["quantity"], units[0]["unit"] or None, units[1:] + bare


def _amounts(leaves: Leaves) -> tuple[dict[str, str | None], list[str], str | None]:
    """Value in the currency of the invoice, and freight brought to that currency.

    The last is freight as declared, where the column does not have it so.
    """
    currency = _currency(leaves.take(f"{INVOICE}/Currency_code"))
    amount = leaves.take(f"{INVOICE}/Amount_foreign_currency")
    warnings = []
    if currency is None:
        national = leaves.take(f"{INVOICE}/Amount_national_currency")
        amount = national or amount
        if amount:
            warnings.append("currency_missing")
    freight = declared = leaves.take(f"{FREIGHT}/Amount_foreign_currency")
    freight_currency = _currency(leaves.take(f"{FREIGHT}/Currency_code"))
    if freight and currency and freight_currency != currency:
        sent = decimal(freight)
        rate = decimal(leaves.peek(f"{FREIGHT}/Currency_rate"))
        own_rate = decimal(leaves.peek(f"{INVOICE}/Currency_rate"))
        if sent is None or not rate or not own_rate:
            freight = None
            warnings.append("freight_not_converted")
        else:
            freight = plain(round(sent * rate / own_rate, 4))
    elif currency is None:
        freight = None
    values = {
        "value": number(amount),
        "currency": currency,
        "freight_cost": number(freight),
    }
    kept = None
    if decimal(declared) != 0 and number(declared) != values["freight_cost"]:
        kept = f"{number(declared)} {freight_currency or ''}".strip()
    return values, warnings, kept


def _currency(text: str | None) -> str | None:
    """The code; "No foreign currency" is text for none."""
    code = one_line(text)
    return None if code is None or code.casefold().startswith("no ") else code


def _documents(leaves: Leaves) -> list[dict[str, str]]:
    documents = []
    for found in leaves.groups(DOCUMENTS):
        parts = {
            name: text
            for name in ("code", "name", "reference", "date")
            if (text := one_line(found.take(f"Attached_document_{name}")))
        }
        if parts:
            documents.append(parts)
    return documents
