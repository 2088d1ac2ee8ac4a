"""IATA Cargo-XML air waybills: master (XFWB) and house (XFZB); one row per goods item.

Prefixes differ by sender, so the message is known by its namespace address and elements
by their local names; the tables below say which fills what. Flight manifests (XFFM) come
by the same door; `cargo_xml_flight` has their table. Source: IATA Cargo-XML Manual and
Toolkit, messages XFWB and XFZB version 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from riskprofile.errors import InputError
from riskprofile.intake import cargo_xml_flight as flight
from riskprofile.intake.cargo_xml_parts import ISSUED, commodity, issue, measures
from riskprofile.intake.code_lists import mode
from riskprofile.intake.reader import Source, unread
from riskprofile.intake.rows import (
    Gather,
    decimal,
    journey,
    moment,
    number,
    one_line,
)
from riskprofile.intake.versions import CANCEL, FUNCTION, REFERENCE, whole
from riskprofile.intake.xml import Element, Leaves, XmlReader, items_with_headers, local, stream

HOUSE = "HouseWaybill"
DECLARATION = frozenset({"Waybill", HOUSE, flight.MANIFEST})
ITEMS = frozenset(
    {"IncludedMasterConsignmentItem", "IncludedHouseConsignmentItem", flight.CONSIGNMENT}
)
# where the consignment stands, by the kind of waybill
MASTER_AT = "MasterConsignment"
HOUSE_AT = "MasterConsignment/IncludedHouseConsignment"

ID = "BusinessHeaderDocument/ID"  # declaration_id; and the master or house document
MASTER = "MasterConsignment/TransportContractDocument/ID"  # transport_document of a house waybill
MOVEMENTS = "SpecifiedLogisticsTransportMovement"  # carrier, conveyance, route, arrival_at
# column: path below the consignment
CONSIGNMENT = {
    "port_of_loading": "OriginLocation/ID",  # IATA codes
    "port_of_discharge": "FinalDestinationLocation/ID",
}
PARTIES = {"consignor": "ConsignorParty", "consignee": "ConsigneeParty"}
NOTIFY, NOTIFY_ROLE = "AssociatedParty", "NI"  # notify_name
NOTES = "IncludedCustomsNote"  # with ContentCode T: the party's number, by SubjectCode
NOTE_PARTIES = {"SHP": "consignor_id", "CNE": "consignee_id"}
PERSONAL_NOTES = frozenset({"CP", "CT", "SN", "KC"})  # contact persons, telephones, names: dropped
VALUE, NO_VALUE = "DeclaredValueForCustomsAmount", "NilCustomsValueIndicator"
FREIGHT = "ApplicableTotalRating/ApplicablePrepaidCollectMonetarySummation/WeightChargeTotalAmount"
SUMMARY = "SummaryDescription"  # goods_description of an item without its own
# column: path below the item
DESCRIPTION = "NatureIdentificationTransportCargo/Identification"
HS_CODE = "TypeCode"
COUNT = "PieceQuantity"  # package_count; gross_mass_kg and volume_m3: `cargo_xml_parts.MEASURES`


class CargoXmlReader(XmlReader):
    """Reads XFWB, XFZB and XFFM messages."""

    name = "cargo_xml"
    opens = rb"""["']iata:((house)?waybill|flightmanifest):\d"""

    def nothing(self, where: str) -> InputError:
        """Of a file without any."""
        return unread("unread.cargo_xml", where, "XFWB, XFZB and XFFM messages are read here")

    def walk(self, source: Source) -> Iterator[tuple[_Header | flight.Flight, int, Element]]:
        """Each goods item or manifest line with its message."""
        return items_with_headers(source, DECLARATION, ITEMS, _headers(source))

    def write(
        self, rows: Gather, header: _Header | flight.Flight, position: int, element: Element
    ) -> None:
        """One row per goods item or manifest line; a message without any is a rejection."""
        if not position and _withdraws(header):
            values, named = dict(header.values), {}
            if isinstance(header, flight.Flight):
                named = whole(header.version[REFERENCE])
                values["lodged_at"] = ""  # the message says it in `extra`
            rows.row(
                values,
                line=element.sourceline,
                warnings=header.warnings,
                extra={**header.version, **named, "header": header.extra},
            )
        elif not position:
            rows.reject(
                "no_goods_items",
                "the message holds no goods item",
                line=element.sourceline,
                record_id=header.values.get("declaration_id"),
            )
        elif isinstance(header, flight.Flight):
            flight.line(rows, header, position, element)
        else:
            _item(rows, header, position, element)


def _withdraws(header: _Header | flight.Flight) -> bool:
    """Whether the message deletes a waybill, or all lines of the manifest of a flight."""
    flown = isinstance(header, flight.Flight)
    named = REFERENCE in header.version if flown else "declaration_id" in header.values
    return named and header.version.get(FUNCTION) == CANCEL


class _Header:
    """What all goods items of one waybill share; `items` is their number."""

    def __init__(self, element: Element, items: int) -> None:
        self.items = items
        leaves = Leaves(element)
        house = local(element) == HOUSE
        at = HOUSE_AT if house else MASTER_AT
        self.warnings: list[str] = []
        values = {
            column: one_line(leaves.take(f"{at}/{path}")) for column, path in CONSIGNMENT.items()
        }
        number_ = one_line(leaves.take(ID))
        values["declaration_id"] = number_
        values["house_document"] = number_ if house else None
        values["transport_document"] = one_line(leaves.take(MASTER)) if house else number_
        values["lodged_at"], self.version = issue(leaves)
        if leaves.take(ISSUED) and not values["lodged_at"]:
            self.warnings.append("date_unreadable")
        _movements(values, leaves, at)
        for column, path in PARTIES.items():
            values |= _party(column, leaves, f"{at}/{path}")
        for one in leaves.groups(f"{at}/{NOTIFY}"):
            if one.peek("RoleCode") == NOTIFY_ROLE and not values.get("notify_name"):
                one.take("RoleCode")
                values["notify_name"] = one_line(one.take("Name"))
        notes = _notes(values, leaves, at)
        self.summary = one_line(leaves.take(f"{at}/{SUMMARY}"))
        self.values = {column: value for column, value in values.items() if value}
        # Of several items the amounts are those of all.
        self.amounts, freight = _amounts(leaves, at) if items == 1 else ({}, None)
        self.extra: dict[str, Any] = leaves.rest
        if freight:
            self.extra["freight_cost"] = freight
            self.warnings.append("freight_not_converted")
        if notes:
            self.extra["customs_notes"] = notes


def _headers(source: Source) -> Iterator[_Header | flight.Flight]:
    items = 0
    for kind, element in stream(source, DECLARATION, ITEMS):
        if kind == "item":
            items += 1
        else:
            manifest = local(element) == flight.MANIFEST
            yield flight.Flight(element) if manifest else _Header(element, items)
            items = 0


def _movements(values: dict[str, str | None], leaves: Leaves, at: str) -> None:
    """Carrier and flight of the last leg, the journey, and its arrival where it is given."""
    legs = sorted(
        leaves.groups(f"{at}/{MOVEMENTS}"),
        key=lambda leg: decimal(leg.take("SequenceNumeric")) or 0,
    )
    places: list[str | None] = [values["port_of_loading"]]
    values["transport_mode"] = "air"  # an air waybill; the last leg may say otherwise
    for leg in legs:
        places.append(one_line(leg.take("DepartureEvent/OccurrenceDepartureLocation/ID")))
        places.append(one_line(leg.take("ArrivalEvent/OccurrenceArrivalLocation/ID")))
        take = leg.take if leg is legs[-1] else leg.peek
        values["carrier"] = one_line(take("UsedLogisticsTransportMeans/Name"))
        values["conveyance"] = one_line(take("ID"))
        values["arrival_at"] = moment(take("ArrivalEvent/ScheduledOccurrenceDateTime"))
        values["transport_mode"] = mode(take("ModeCode"))[0] or "air"
    values["route"] = journey((*places, values["port_of_discharge"])) if legs else None


def _party(column: str, leaves: Leaves, path: str) -> dict[str, str | None]:
    """Columns of the first such party."""
    first, at = leaves.each(path)[0]
    address = [
        one_line(first.take(f"{at}PostalStructuredAddress/{part}"))
        for part in ("StreetName", "CityName", "CountrySubDivisionName", "PostcodeCode")
    ]
    telephone = "DefinedTradeContact/DirectTelephoneCommunication/CompleteNumber"
    return {
        f"{column}_name": one_line(first.take(f"{at}Name")),
        f"{column}_address": ", ".join(part for part in address if part) or None,
        f"{column}_phone": one_line(first.take(f"{at}{telephone}")),
        f"{column}_country": one_line(first.take(f"{at}PostalStructuredAddress/CountryID")),
    }


def _notes(values: dict[str, str | None], leaves: Leaves, at: str) -> list[Any]:
    """The parties' numbers; other notes but those that name persons, for `extra`."""
    kept = []
    for note in leaves.groups(f"{at}/{NOTES}"):
        told = note.flat  # of persons nothing is left in what no column took
        content, subject = note.take("ContentCode") or "", note.take("SubjectCode") or ""
        if content == "T" and subject in NOTE_PARTIES:
            values[NOTE_PARTIES[subject]] = one_line(note.take("Content"))
        elif content not in PERSONAL_NOTES:
            kept.append(told)
    return kept


def _amounts(leaves: Leaves, at: str) -> tuple[dict[str, str | None], str | None]:
    """Value, or missing where the indicator says that none is declared; freight beside it.

    Freight in another currency than the value stands apart.
    """
    apart = None
    value = number(leaves.take(f"{at}/{VALUE}"))
    currency = one_line(leaves.take(f"{at}/{VALUE}@currencyID"))
    if leaves.take(f"{at}/{NO_VALUE}") == "true":
        value = currency = None
    freight = number(leaves.take(f"{at}/{FREIGHT}"))
    freight_currency = one_line(leaves.take(f"{at}/{FREIGHT}@currencyID"))
    if value is None:
        currency = freight_currency
    elif freight and freight_currency != currency:
        apart, freight = f"{freight} {freight_currency or ''}".strip(), None
    return {"value": value, "currency": currency, "freight_cost": freight}, apart


def _item(rows: Gather, header: _Header, position: int, element: Element) -> None:
    leaves = Leaves(element)
    warnings = list(header.warnings)
    extra: dict[str, Any] = dict(header.version)
    values: dict[str, str | None] = {**header.values, **header.amounts}
    values["item_number"] = one_line(leaves.take("SequenceNumeric")) or str(position)
    values["goods_description"] = one_line(leaves.take(DESCRIPTION)) or header.summary
    commodity(values, extra, warnings, leaves.all(HS_CODE))
    values["package_count"] = number(leaves.take(COUNT))
    measures(values, extra, warnings, leaves)
    extra |= leaves.rest
    if position == 1:  # once a waybill, or many items would carry many copies
        extra["header"] = header.extra
        if header.summary and header.summary != values["goods_description"]:
            extra["header"] = {**header.extra, SUMMARY: header.summary}
    rows.row(values, line=element.sourceline, warnings=warnings, extra=extra)
