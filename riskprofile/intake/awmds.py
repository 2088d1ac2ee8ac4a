"""ASYCUDA manifests in XML (`Awmds`, and `Awbolds` of a forwarder): one row per bill.

Tags are matched by name inside the segment where they stand, since some (`Carrier_code`)
occur in two: once for the voyage, once for the bill. Groups between segment and tag
differ by installation and do not count. The spreadsheet form is read in `awmds_form`.
Source: the tag names of the ASYCUDA World manifest specification; no instance file is
known, so only fixtures of ours are tested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from riskprofile.errors import InputError
from riskprofile.intake.code_lists import mode, place
from riskprofile.intake.reader import Knowing, Source, unread
from riskprofile.intake.rows import Gather, decimal, joined, journey, number, one_line, plain
from riskprofile.intake.sad import ASSUMED, Dates
from riskprofile.intake.xml import Element, Leaves, XmlReader, items_with_headers, named, stream

DECLARATION = frozenset({"Awmds", "Awbolds"})
ITEMS = frozenset({"Bol_segment"})

# column: tag of the voyage (General_segment)
VOYAGE = {
    "customs_office": "Customs_office_code",
    "carrier": "Carrier_code",
    "conveyance": "Identity_of_transporter",
}
VOYAGE_NUMBER = "Voyage_number"  # conveyance when the vessel is not named
LODGED = "Date_of_registration"  # lodged_at
ARRIVAL = ("Date_of_arrival", "Time_of_arrival")  # arrival_at
MODE = "Mode_of_transport_code"
LEGS = ("Place_of_departure_code", "Place_of_destination_code")  # route
# column: tag of the bill (Bol_segment)
BILL = {
    "declaration_id": "Bol_reference",
    "consignor_name": "Exporter_name",
    "consignor_address": "Exporter_address",
    "consignee_id": "Consignee_code",
    "consignee_name": "Consignee_name",
    "consignee_address": "Consignee_address",
    "notify_name": "Notify_name",
    "goods_description": "Goods_description",
    "hs_code": "Commodity_code",
    "package_type": "Package_type_code",
}
NUMBERS = {
    "package_count": "Number_of_packages",
    "gross_mass_kg": "Gross_mass",
    "volume_m3": "Volume_in_cubic_meters",
}
PORTS = {"port_of_loading": "Port_of_origin_code", "port_of_discharge": "Place_of_unloading_code"}
NATURE = "Bol_nature"
PROCEDURES = {"22": "export", "23": "import", "24": "transit", "28": "transhipment"}
MASTER = "Master_bol_ref_number"  # transport_document; the bill is then the house document
CONTAINERS = "ctn_segment"  # its Ctn_reference and seals
CONTAINER = "Ctn_reference"
GOODS = "Goods_segment"  # of several the words are joined, the numbers added up
SEALS = ("Marks_of_seals", "Seal_number", "Marks1", "Marks2", "Marks3")
VALUE, CURRENCY = "Customs_value", "Customs_currency"
FREIGHT, FREIGHT_CURRENCY = "Freight_value", "Freight_currency"

PLACEHOLDERS = frozenset({"ZZZ", "ZZZZZ", "0", "."})


class AwmdsReader(Knowing, XmlReader):
    """Reads ASYCUDA manifests, streamed. One without bills is no success."""

    name = "awmds"
    opens = rb"<(?:\w+:)?(Awmds|Awbolds)[\s>]"
    least = 1

    def nothing(self, where: str) -> InputError:
        """Of a file without any."""
        return unread("unread.no_bill", where, "Export the manifest again, or drop the file")

    def walk(self, source: Source) -> Iterator[tuple[Voyage, int, Element]]:
        """Each bill with its voyage."""
        dates = Dates(orders=self.offices.date_orders)
        every = stream(source, DECLARATION, ITEMS)
        headers = (Voyage(one, dates) for kind, one in every if kind != "item")
        return items_with_headers(source, DECLARATION, ITEMS, headers, dates.look)

    def write(self, rows: Gather, header: Voyage, position: int, element: Element) -> None:
        """One row per bill; a manifest without any is a rejection."""
        if position:
            bill(rows, header, position, element, element.sourceline)
        else:
            reason = "the manifest lists no bill"
            rows.reject("no_consignments", reason, line=element.sourceline)


class _Tags:
    """Leaves by their own name, wherever in the segment they stand."""

    def __init__(self, element: Element) -> None:
        self.leaves = Leaves(element)
        self.others: dict[str, list[str]] = {}  # of tags that stand twice, what was not taken
        self._paths: dict[str, list[str]] = {}
        for path in self.leaves:
            self._paths.setdefault(path.rsplit("/", 1)[-1].casefold(), []).append(path)

    def all(self, tag: str) -> list[str]:
        """Every text of a tag, placeholders left out."""
        texts = [
            text for path in self._paths.get(tag.casefold(), []) for text in self.leaves.all(path)
        ]
        return [line for text in texts if (line := one_line(text)) and line not in PLACEHOLDERS]

    def take(self, tag: str) -> str | None:
        """The first text of a tag."""
        found = self.all(tag)
        if others := [text for text in found if text != found[0]]:
            self.others[tag] = others
        return next(iter(found), None)


class Voyage:
    """The voyage that all bills of one manifest share."""

    def __init__(self, element: Element, dates: Dates) -> None:
        tags = _Tags(element)
        self.warnings: list[str] = []
        values = {column: tags.take(tag) for column, tag in VOYAGE.items()}
        number_ = tags.take(VOYAGE_NUMBER)
        values["conveyance"] = values["conveyance"] or number_
        lodged = tags.take(LODGED)
        office = values["customs_office"]
        values["lodged_at"] = dates.iso(lodged, office)
        day, clock = (tags.take(tag) for tag in ARRIVAL)
        values["arrival_at"] = arrives = dates.iso(day, office)
        clock = (clock or "").rsplit("T", 1)[-1]  # a spreadsheet may put a day before it
        if arrives and re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?", clock):
            values["arrival_at"] = f"{arrives[:10]}T{clock.zfill(5)}"
        if (lodged and not values["lodged_at"]) or (day and not arrives):
            self.warnings.append("date_unreadable")
        if dates.assumed(lodged, office) or dates.assumed(day, office):
            self.warnings.append(ASSUMED)
        values["transport_mode"], other = mode(tags.take(MODE))
        values["route"] = journey(tags.take(tag) for tag in LEGS)
        self.values = {column: value for column, value in values.items() if value}
        self.extra: dict[str, Any] = tags.others | tags.leaves.rest
        self.told = False  # in a row of the manifest
        if number_:
            self.extra["voyage"] = number_
        if other:
            self.extra["transport_mode_code"] = other


def bill(
    rows: Gather, header: Voyage, position: int, element: Element, line: int, item: str = "1"
) -> None:
    """Add the row of one bill: `position` in its manifest from 1, `item` within the bill."""
    tags = _Tags(element)
    if not tags.leaves:
        rows.reject("empty_item", f"bill {position} holds no value", line=line)
        return
    warnings = list(header.warnings)
    extra: dict[str, Any] = {}
    values: dict[str, str | None] = {**header.values, "item_number": item}
    seals = [seal for tag in SEALS for seal in tags.all(tag)]
    values["container_numbers"] = joined(tags.all(CONTAINER))
    values["seal_numbers"] = joined(seals)
    groups = tags.leaves.groups(CONTAINERS)  # beside the goods: their counts are not the bill's
    if groups:
        extra["containers"] = [group.flat for group in groups]
        for each in named(element, CONTAINERS):
            element.remove(each)
        tags = _Tags(element)
    for column, tag in BILL.items():
        values[column] = tags.take(tag)
    goods = named(element, GOODS)
    if len(goods) > 1:
        extra["goods"] = [each.flat for each in tags.leaves.groups(GOODS)]
        values["goods_description"] = one_line(" ".join(tags.all(BILL["goods_description"])))
        if len({*tags.all(BILL["package_type"])}) > 1:
            values["package_type"] = None
    for column, tag in NUMBERS.items():
        declared = number(tags.take(tag))
        parts = [decimal(text) for text in tags.all(tag)]
        if len(goods) > 1 and None not in parts:  # else it is set aside, as declared
            added = sum(filter(None, parts), Decimal())
            declared = plain(added) if len(parts) == len(goods) else None
        zero = column != "package_count" and decimal(declared) == 0
        values[column] = None if zero else declared
    for column, tag in PORTS.items():
        values[column], text = place(tags.take(tag))
        if text:
            extra[column] = text
    values["procedure"] = PROCEDURES.get(tags.take(NATURE) or "")
    master = tags.take(MASTER)
    values["transport_document"] = master or values["declaration_id"]
    values["house_document"] = values["declaration_id"] if master else None
    values["carrier"] = values.get("carrier") or tags.take("Carrier_code")
    values["value"], values["currency"] = number(tags.take(VALUE)), tags.take(CURRENCY)
    freight, freight_currency = number(tags.take(FREIGHT)), tags.take(FREIGHT_CURRENCY)
    if freight and values["value"] is None:
        values |= {"freight_cost": freight, "currency": freight_currency}
    elif freight and freight_currency == values["currency"]:
        values["freight_cost"] = freight
    elif freight:
        warnings.append("freight_not_converted")
        extra["freight_cost"] = f"{freight} {freight_currency or ''}".strip()
    extra |= tags.leaves.rest
    extra |= tags.others
    if not header.told:  # once a manifest, or a thousand bills would carry a thousand copies
        header.told, extra["header"] = True, header.extra
    rows.row(values, line=line, warnings=warnings, extra=extra)
