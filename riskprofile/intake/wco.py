"""WCO Data Model declaration in XML, as the UK's CDS takes it: one row per goods item.

Which element fills which column stands in the tables below; paths are local names, since
the namespace differs by sender and changes at `Declaration`. An envelope (`MetaData`,
`submitDeclarationRequest`) may stand outside. Notifications and amendments share the
envelope: with goods items they are read and named by a warning, without they are rejected,
but for a cancellation, which needs none.
Source: WCO Data Model 3.6; UK CDS customisation of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from riskprofile.errors import InputError
from riskprofile.intake.code_lists import KILOGRAMS, LICENCES, TRANSPORT_DOCUMENTS, mode, place
from riskprofile.intake.reader import Source, unread
from riskprofile.intake.rows import (
    Gather,
    decimal,
    joined,
    journey,
    moment,
    number,
    one_line,
    plain,
)
from riskprofile.intake.versions import (
    CANCEL,
    CHANGE,
    CONFIRMATION,
    EDIFACT_FUNCTIONS,
    FUNCTION,
    version,
)
from riskprofile.intake.xml import (
    Element,
    Leaves,
    XmlReader,
    items_with_headers,
    local,
    packages,
    stream,
)

DECLARATION = frozenset({"Declaration"})
ITEMS = frozenset({"GovernmentAgencyGoodsItem"})

# column: paths below Declaration, the first that is filled counts
HEADER: dict[str, tuple[str, ...]] = {
    "declaration_id": ("ID", "FunctionalReferenceID"),
    "customs_office": ("SupervisingOffice/ID", "ExitOffice/ID", "PresentationOffice/ID"),
    "declarant_id": ("Declarant/ID", "Agent/ID"),
    "carrier": ("Consignment/Carrier/ID", "Consignment/Carrier/Name"),
    "conveyance": (
        "BorderTransportMeans/ID",
        "GoodsShipment/Consignment/ArrivalTransportMeans/ID",
        "GoodsShipment/Consignment/DepartureTransportMeans/ID",
    ),
    "notify_name": ("GoodsShipment/NotifyParty/Name",),
    "country_of_export": ("GoodsShipment/ExportCountry/ID",),
    "country_of_destination": ("GoodsShipment/Destination/CountryCode",),
    "port_of_loading": ("GoodsShipment/Consignment/LoadingLocation/ID",),
    "port_of_discharge": ("GoodsShipment/Consignment/UnloadingLocation/ID",),
}
# column: paths below GovernmentAgencyGoodsItem; an item's own value replaces the header's
ITEM: dict[str, tuple[str, ...]] = {
    "item_number": ("SequenceNumeric",),
    "goods_description": ("Commodity/Description",),
    "country_of_origin": ("Origin/CountryCode",),
    "country_of_export": ("ExportCountry/ID",),
    "country_of_destination": ("Destination/CountryCode",),
}
# value and currency: the first amount with its @currencyID
VALUES = ("CustomsValueAmount", "StatisticalValueAmount", "Commodity/InvoiceLine/ItemChargeAmount")
# column: path of a measure with its @unitCode, kilograms when it has none
MASSES = {
    "gross_mass_kg": "Commodity/GoodsMeasure/GrossMassMeasure",
    "net_mass_kg": "Commodity/GoodsMeasure/NetNetWeightMeasure",
}
# where a party is looked for, first found first; at the item the same names without a path
CONSIGNORS = ("Exporter", "GoodsShipment/Exporter", "GoodsShipment/Consignor")
IMPORTERS = ("GoodsShipment/Importer", "Importer")
CONSIGNEES = ("GoodsShipment/Consignee", "Consignee")
MASTER_UCR = "MCR"  # a master reference "A:..." holds an air waybill number (UK)
WAIVER = "X"  # first letter of a document status: a waiver is claimed, there is no licence

PROCEDURES = {"IM": "import", "EX": "export"}
EXPORT_PROCEDURES = frozenset({"10", "11", "21", "22", "23", "31"})  # EU requested procedures
GIFT = "C08"  # EU additional procedure: sent by one private person to another
AMENDMENT, CANCELLATION = {"13", "4"}, {"1"}  # function codes; original is 9
WITHDRAWAL = "INV"  # type of an additional message (function 13): the declaration is cancelled
# kind: message_function; of a declaration itself by its function code
FUNCTIONS = {"amendment": CHANGE, "cancellation": CANCEL, "notification": CONFIRMATION}
HS_CODE = "TSP"  # Classification/IdentificationTypeCode of the commodity code

_END_USE = re.compile(r"end[ -]?use(r'?s?)? (certificate|statement|undertaking)", re.IGNORECASE)


class WcoReader(XmlReader):
    """Reads WCO Data Model declarations, streamed."""

    name = "wco"
    opens = rb"<(?:\w+:)?(MetaData|Declaration|submitDeclarationRequest|Declaration\w+)[\s>]"

    def claims(self, head: bytes, name: str) -> bool:
        """Whether the head names the WCO data model and opens a declaration's envelope."""
        plain = head.replace(b"\x00", b"")
        named = b"urn:wco:datamodel" in plain or b"<WCODataModelVersionCode" in plain
        return named and super().claims(head, name)

    def nothing(self, where: str) -> InputError:
        """Of a file without any."""
        do = "Movement requests and other messages of the envelope carry no goods"
        return unread("unread.wco", where, do)

    def walk(self, source: Source) -> Iterator[tuple[_Header, int, Element]]:
        """Each goods item with its declaration."""
        return items_with_headers(source, DECLARATION, ITEMS, _headers(source))

    def write(self, rows: Gather, header: _Header, position: int, element: Element) -> None:
        """One row per goods item, and per cancellation without any; else a rejection by name."""
        if position:
            _item(rows, header, position, element)
        elif header.version.get(FUNCTION) == CANCEL and "declaration_id" in header.values:
            extra = {**header.version, "header": header.extra}
            rows.row(header.values, line=element.sourceline, warnings=header.warnings, extra=extra)
        else:
            rows.reject(
                f"{header.kind}_without_goods",
                f"the {header.kind} holds no goods item",
                line=element.sourceline,
                record_id=header.values.get("declaration_id"),
            )


class _Header:
    """What all goods items of one declaration share, and the kind of message it is."""

    def __init__(self, element: Element, items: int) -> None:
        leaves = Leaves(element)
        values = {column: one_line(leaves.take(*paths)) for column, paths in HEADER.items()}
        self.warnings: list[str] = []
        self.kind = _kind(element, leaves)
        if self.kind != "declaration":
            self.warnings.append(self.kind)
        self.type_code = (leaves.take("TypeCode") or "").upper()
        lodged = leaves.take(
            "AcceptanceDateTime/DateTimeString", "IssueDateTime/DateTimeString"
        ) or _received(element)
        values["lodged_at"] = moment(lodged)
        issued = leaves.take("IssueDateTime/DateTimeString") or lodged
        function = (leaves.take("FunctionCode") or "").lstrip("0")
        self.version = version(FUNCTIONS.get(self.kind) or EDIFACT_FUNCTIONS.get(function), issued)
        if lodged and not values["lodged_at"]:
            self.warnings.append("date_unreadable")
        values["transport_mode"], other = mode(leaves.take("BorderTransportMeans/ModeCode"))
        ports = {name: place(values[name]) for name in ("port_of_loading", "port_of_discharge")}
        values |= party("consignor", leaves, CONSIGNORS)
        self.importer = party("consignee", leaves, IMPORTERS)
        self.consignee = party("consignee", leaves, CONSIGNEES)
        legs = sorted(
            leaves.groups("Consignment/Itinerary"),
            key=lambda leg: decimal(leg.take("SequenceNumeric")) or 0,
        )
        self.itinerary = [one_line(leg.take("RoutingCountryCode")) for leg in legs]
        equipment = leaves.groups("GoodsShipment/Consignment/TransportEquipment")
        values["container_numbers"] = joined(one_line(one.take("ID")) for one in equipment)
        values["seal_numbers"] = joined(
            one_line(seal) for one in equipment for seal in one.all("Seal/ID")
        )
        self.documents = leaves.groups("GoodsShipment/PreviousDocument")
        self.freight: tuple[str | None, str | None] = (None, None)
        if (
            leaves.take("GoodsItemQuantity") == "1" and items == 1
        ):  # else it is the freight of all items
            self.freight = _amount(leaves, "GoodsShipment/CustomsValuation/FreightChargeAmount")
        self.extra: dict[str, Any] = {"type_code": self.type_code} if self.type_code else {}
        previous = [_reference(document) for document in self.documents]
        self.extra |= leaves.rest | _both(self.importer, self.consignee)
        for name, (code, text) in ports.items():
            values[name] = code
            if text:
                self.extra[name] = text
        if other:
            self.extra["transport_mode_code"] = other
        if previous:
            self.extra["previous_documents"] = previous
        self.values = {column: value for column, value in values.items() if value}


def _headers(source: Source) -> Iterator[_Header]:
    items = 0
    for kind, element in stream(source, DECLARATION, ITEMS):
        if kind == "item":
            items += 1
        else:
            yield _Header(element, items)
            items = 0


def _kind(element: Element, leaves: Leaves) -> str:
    """`declaration`, `amendment`, `cancellation`, or `notification` from the authority."""
    parents = {local(parent) for parent in element.iterancestors()}
    function = leaves.take("FunctionCode")
    if parents & {"Response", "DeclarationStatusDetails"}:
        return "notification"
    if leaves.get("TypeCode") == [WITHDRAWAL]:
        return "cancellation"
    if function in AMENDMENT or leaves.get("TypeCode") == ["COR"]:
        return "amendment"
    return "cancellation" if function in CANCELLATION else "declaration"


def _received(element: Element) -> str | None:
    """When the envelope around it says that the declaration was received."""
    for around in element.iterancestors():
        for found in around.iterfind("{*}requestCommon/{*}receiptDate"):
            return one_line(found.text)
    return None


def party(column: str, leaves: Leaves, paths: tuple[str, ...]) -> dict[str, str | None]:
    """Columns of the first party found: code, name, address in one line, telephone, country."""
    for leaves_of, at in (one for path in paths for one in leaves.each(path)):
        address = [
            one_line(text)
            for part in ("Line", "CityName", "CountrySubDivisionName", "PostcodeID")
            for text in leaves_of.all(f"{at}Address/{part}")
        ]
        found = {
            f"{column}_id": one_line(leaves_of.take(f"{at}ID")),
            f"{column}_name": one_line(leaves_of.take(f"{at}Name")),
            f"{column}_address": ", ".join(part for part in address if part) or None,
            f"{column}_phone": one_line(leaves_of.take(f"{at}Communication/ID")),
            f"{column}_country": one_line(leaves_of.take(f"{at}Address/CountryCode")),
        }
        if any(found.values()):
            return found
    return {}


def _item(rows: Gather, header: _Header, position: int, element: Element) -> None:
    leaves = Leaves(element)
    warnings = list(header.warnings)
    extra: dict[str, Any] = dict(header.version)
    values: dict[str, str | None] = dict(header.values)
    for column, paths in ITEM.items():
        values[column] = one_line(leaves.take(*paths)) or values.get(column)
    values["item_number"] = values["item_number"] or str(position)
    codes = leaves.groups("GovernmentProcedure")
    requested = [code for one in codes if (code := one_line(one.take("CurrentCode")))]
    values["procedure"] = _procedure(header.type_code, requested)
    if codes:
        extra["procedures"] = [one.flat for one in codes]
    if GIFT in requested:
        values |= {"gift": "true", "consignee_type": "private"}
    _parties(values, extra, header, leaves)
    if any(header.itinerary):
        values["route"] = journey(
            (values["country_of_export"], *header.itinerary, values["country_of_destination"])
        )
    _goods(values, extra, leaves)
    for column, path in MASSES.items():
        values[column], warning = _mass(leaves, path)
        if warning:
            warnings.append(warning)
            extra[column] = leaves.get(path, []) + leaves.get(f"{path}@unitCode", [])
    _amounts(values, extra, warnings, header, leaves)
    _documents(values, extra, header, leaves)
    extra |= leaves.rest
    if position == 1:  # once a declaration, or a thousand items would carry a thousand copies
        extra["header"] = header.extra
    rows.row(values, line=element.sourceline, warnings=warnings, extra=extra)


def _procedure(type_code: str, requested: list[str]) -> str | None:
    """By the type; what is neither import nor export (`CO`) by the requested procedure."""
    if type_code[:2] in PROCEDURES:
        return PROCEDURES[type_code[:2]]
    if type_code[:2] == "CO" and requested:
        return "export" if requested[0] in EXPORT_PROCEDURES else "import"
    return None


def _parties(
    values: dict[str, str | None], extra: dict[str, Any], header: _Header, leaves: Leaves
) -> None:
    """The item's own parties before the header's; the importer counts on import only."""
    own = party("consignor", leaves, ("Exporter", "Consignor"))
    if own:
        for name in list(values):
            if name.startswith("consignor_"):
                del values[name]
        values |= own
    importing = values["procedure"] != "export"
    importer, consignee = (
        party("consignee", leaves, (role,)) for role in ("Importer", "Consignee")
    )
    extra |= _both(importer, consignee)
    order = [importer or header.importer, consignee or header.consignee]
    values |= next((found for found in (order if importing else order[::-1]) if found), {})


def _both(importer: dict[str, str | None], consignee: dict[str, str | None]) -> dict[str, Any]:
    """Importer and consignee for `extra`, where two are named: the column takes one of them."""
    if not importer or not consignee or importer == consignee:
        return {}
    named = {"importer": importer, "consignee": consignee}
    return {role: {part: text for part, text in who.items() if text} for role, who in named.items()}


def _goods(values: dict[str, str | None], extra: dict[str, Any], leaves: Leaves) -> None:
    others: dict[str, list[str]] = {}
    for one in leaves.groups("Commodity/Classification"):
        code, kind = one_line(one.take("ID")), one.take("IdentificationTypeCode") or ""
        if code and kind == HS_CODE and not values.get("hs_code"):
            values["hs_code"] = code
        elif code:
            others.setdefault(kind, []).append(code)
    if others:
        extra["classifications"] = others
    groups = leaves.groups("Packaging")
    values |= packages(groups, "TypeCode", "QuantityQuantity")
    if len(groups) > 1 or any(one.take("MarksNumbersID") for one in groups):
        extra["packages"] = [one.flat for one in groups]
    containers = leaves.groups("Commodity/TransportEquipment")
    if own := joined(one_line(one.take("ID")) for one in containers):
        values["container_numbers"] = own
    quantity = "Commodity/GoodsMeasure/TariffQuantity"
    values["quantity"] = number(leaves.take(quantity))
    values["quantity_unit"] = one_line(leaves.take(f"{quantity}@unitCode"))


def _mass(leaves: Leaves, path: str) -> tuple[str | None, str | None]:
    """Kilograms, and a warning when the unit is unknown or the mass is zero."""
    text = leaves.take(path)
    value = decimal(text)
    if value is None:
        return number(text), None
    factor = decimal(KILOGRAMS.get((leaves.take(f"{path}@unitCode") or "KGM").upper()))
    if factor is None:
        return None, "unit_unknown"
    return (plain(value * factor), None) if value else (None, "zero_mass")


def _amount(leaves: Leaves, path: str) -> tuple[str | None, str | None]:
    return number(leaves.take(path)), one_line(leaves.take(f"{path}@currencyID"))


def _amounts(
    values: dict[str, str | None],
    extra: dict[str, Any],
    warnings: list[str],
    header: _Header,
    leaves: Leaves,
) -> None:
    for path in VALUES:
        if leaves.get(path):
            values["value"], values["currency"] = _amount(leaves, path)
            break
    own = _amount(leaves, "CustomsValuation/FreightChargeAmount")
    freight, currency = own if own[0] else header.freight
    if freight and currency == values.get("currency"):
        values["freight_cost"] = freight
    elif freight:
        warnings.append("freight_not_converted")
        extra["freight_cost"] = f"{freight} {currency or ''}".strip()


def _documents(
    values: dict[str, str | None], extra: dict[str, Any], header: _Header, leaves: Leaves
) -> None:
    """Transport documents and authorisations, by type and category; all stay in `extra`."""
    previous = leaves.groups("PreviousDocument")
    added = leaves.groups("AdditionalDocument")
    for document in (*previous, *header.documents, *added):
        number_, kind = one_line(document.take("ID")), (document.take("TypeCode") or "")[-3:]
        column = TRANSPORT_DOCUMENTS.get(kind)
        if kind == MASTER_UCR and (number_ or "").startswith("A:"):
            column, number_ = "transport_document", (number_ or "")[2:]
        if column and number_ and not values.get(column):
            values[column] = number_
    for document in added:
        category, kind = document.take("CategoryCode") or "", document.take("TypeCode") or ""
        identity = one_line(document.take("ID"))
        if not identity or (document.take("LPCOExemptionCode") or "").startswith(WAIVER):
            continue
        if category in LICENCES and not values.get("licence_number"):
            values |= {"licence_number": identity, "licence_type": category + kind}
        if _END_USE.search(document.take("Name") or ""):
            values["end_use_certificate"] = identity
    if previous:
        extra["previous_documents"] = [_reference(document) for document in previous]
    if added:
        extra["documents"] = [_reference(document) for document in added]


def _reference(document: Leaves) -> dict[str, str]:
    """The parts of one document under short names."""
    names = {
        "category": "CategoryCode",
        "type": "TypeCode",
        "id": "ID",
        "name": "Name",
        "exemption": "LPCOExemptionCode",
    }
    return {name: text for name, tag in names.items() if (text := one_line(document.take(tag)))}
