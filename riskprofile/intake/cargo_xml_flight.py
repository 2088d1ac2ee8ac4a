"""IATA Cargo-XML flight manifests (XFFM): one row per consignment loaded at one place.

A flight carries parts of a waybill, and other flights the rest. So the waybill is the
transport document, and a line is declared under waybill, flight and day: lines of one
waybill never replace each other, nor the waybill itself.

No sample with a licence that allows copying is known: written from the published element
names of XFFM version 2, whose order puts an arrival before the cargo that it unloads.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from riskprofile.intake.cargo_xml_parts import ISSUED, commodity, issue, measures
from riskprofile.intake.code_lists import mode
from riskprofile.intake.rows import Gather, journey, moment, number, one_line
from riskprofile.intake.versions import REFERENCE
from riskprofile.intake.xml import Element, Leaves, local, named, text_of

MANIFEST = "FlightManifest"
CONSIGNMENT = "IncludedMasterConsignment"

# The mapping. Of the flight, below the root:
MOVEMENT = "LogisticsTransportMovement"
FLIGHT = f"{MOVEMENT}/ID"  # conveyance; carrier: its first two characters, else
CARRIER = f"{MOVEMENT}/UsedLogisticsTransportMeans/Name"  # carrier
MODE = f"{MOVEMENT}/ModeCode"  # transport_mode
LOADED = f"{MOVEMENT}/DepartureEvent/OccurrenceDepartureLocation/ID"  # port_of_loading
DEPARTED = f"{MOVEMENT}/DepartureEvent/DepartureOccurrenceDateTime"  # day, in declaration_id
# Of the arrival that the cargo stands under:
ARRIVAL = "ArrivalEvent"
ARRIVED = "ArrivalOccurrenceDateTime"  # arrival_at
UNLOADED = "OccurrenceArrivalLocation/ID"  # port_of_discharge
# Of the pallet or container (unit load device) around it, for `extra`:
CARGO, UNIT = "AssociatedTransportCargo", "UtilizedUnitLoadTransportEquipment"
# column: path below the consignment
LINE = {
    "transport_document": "TransportContractDocument/ID",
    "goods_description": "SummaryDescription",
    "country_of_origin": "OriginCountry/ID",
}
COUNTS = ("TotalPieceQuantity", "PieceQuantity")  # package_count
HS_CODE = "IncludedMasterConsignmentItem/TypeCode"
DESCRIPTION = "IncludedMasterConsignmentItem/NatureIdentificationTransportCargo/Identification"
ORIGIN, DESTINATION = "OriginLocation/ID", "FinalDestinationLocation/ID"  # ends of the route


class Flight:
    """What all lines of one manifest share."""

    def __init__(self, element: Element) -> None:
        leaves = Leaves(element)
        self.warnings: list[str] = []
        values: dict[str, str | None] = {}
        values["lodged_at"], self.version = issue(leaves)
        if leaves.take(ISSUED) and not values["lodged_at"]:
            self.warnings.append("date_unreadable")
        number_ = "".join((leaves.take(FLIGHT) or "").upper().replace("-", "").split())
        values["conveyance"] = number_ or None
        values["carrier"] = one_line(leaves.take(CARRIER)) or number_[:2] or None
        values["transport_mode"] = mode(leaves.take(MODE))[0] or "air"
        values["port_of_loading"] = one_line(leaves.take(LOADED))
        self.day = (moment(leaves.take(DEPARTED)) or "")[:10]
        # What a manifest without lines is known by in the list of what was set aside.
        values["declaration_id"] = "/".join(part for part in (number_, self.day) if part) or None
        self.values = {column: value for column, value in values.items() if value}
        if number_ and self.day:
            self.version |= {REFERENCE: f"XFFM/{number_}/{self.day}"}
        self.lines: Counter[str] = Counter()  # of each waybill so far
        self.extra: dict[str, Any] = leaves.rest


def line(rows: Gather, flight: Flight, position: int, element: Element) -> None:
    """Add the row of one consignment."""
    leaves = Leaves(element)
    warnings = list(flight.warnings)
    extra: dict[str, Any] = dict(flight.version)
    values: dict[str, str | None] = dict(flight.values)
    for column, path in LINE.items():
        values[column] = one_line(leaves.take(path))
    waybill = values["transport_document"]
    values["declaration_id"] = None
    if waybill:
        flight.lines[waybill] += 1
        parts = (waybill, flight.values.get("conveyance"), flight.day)
        values["declaration_id"] = "/".join(part for part in parts if part)
        values["item_number"] = str(flight.lines[waybill])
    arrival, cargo = _around(element)
    values["port_of_discharge"] = one_line(_text(arrival, UNLOADED))
    due = _text(arrival, ARRIVED)
    values["arrival_at"] = moment(due)
    if due and not values["arrival_at"]:
        warnings.append("date_unreadable")
    ends = [one_line(leaves.take(path)) for path in (ORIGIN, DESTINATION)]
    values["route"] = journey(
        (ends[0], values.get("port_of_loading"), values["port_of_discharge"], ends[1])
    )
    values["goods_description"] = values["goods_description"] or one_line(leaves.take(DESCRIPTION))
    values["package_count"] = number(leaves.take(*COUNTS))
    commodity(values, extra, warnings, leaves.all(HS_CODE))
    measures(values, extra, warnings, leaves)
    for unit in named(cargo, UNIT) if cargo is not None else []:
        extra["unit_load"] = Leaves(unit).flat
    extra |= leaves.rest
    if position == 1:  # once a manifest, or a thousand lines would carry a thousand copies
        extra["header"] = flight.extra
    rows.row(values, line=element.sourceline, warnings=warnings, extra=extra)


def _around(element: Element) -> tuple[Element, Element]:
    """The arrival and the load that a consignment stands under."""
    around = {local(parent): parent for parent in element.iterancestors()}
    return around.get(ARRIVAL), around.get(CARGO)


def _text(element: Element, path: str) -> str | None:
    found = named(element, path) if element is not None else []
    return text_of(found[0]) if found else None
