"""CUSCAR cargo reports: one row per goods item (GID) of each consignment.

Dialects differ in order and depth (D.95B, D.99B, D.03B), so everything is found by
segment and qualifier; the tables below say which fills what. A value holds for the
scope where it stands: the report, a consignment (CNI, else RFF+BM), an item (GID).
Source: UN/EDIFACT CUSCAR. Written from the directories: no sample with a licence that
allows copying is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from riskprofile.intake.code_lists import KILOGRAMS, mode, place
from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_messages import Message
from riskprofile.intake.edifact_reader import EdifactReader
from riskprofile.intake.edifact_scope import numeral
from riskprofile.intake.edifact_times import moment, sent_on, without_time
from riskprofile.intake.message_header import of_report
from riskprofile.intake.rows import Gather, decimal, joined, journey, number, one_line, plain
from riskprofile.intake.versions import CANCEL, FUNCTION, REFERENCE, whole

PARTIES = {"CZ": "consignor", "OS": "consignor", "CN": "consignee", "IM": "consignee"}  # NAD
NOTIFY = frozenset({"NI", "N1"})  # NAD: notify_name
CARRIER = "CA"  # NAD; TDT fifth element else
DECLARANT = frozenset({"CB", "AE"})  # NAD: broker, agent or representative
PLACES = {"9": "port_of_loading", "11": "port_of_discharge"}  # LOC
COUNTRIES = {"27": "country_of_origin", "28": "country_of_destination"}  # LOC
OFFICE = ("60", "41")  # LOC
LEGS = ("88", "9", "76", "11")  # LOC: receipt, loading, original loading, discharge
LODGED, ARRIVES = "137", "132"  # DTM
REFERENCES = {"MB": "master", "BM": "bill", "HWB": "house", "BH": "house"}  # RFF
LICENCE = frozenset({"EP", "IP"})  # RFF: export licence, import licence
HS_CODE = "HS"  # RFF; CST second element else
PROCEDURES = {"22": "export", "23": "import", "24": "transit", "28": "transhipment"}  # GIS
DESCRIPTION = "AAA"  # FTX: all components, all segments, joined by a blank
VALUE, FREIGHT = "63", "64"  # MOA
MAIN_CARRIAGE = "20"  # TDT: second voyage, third mode, fifth carrier, eighth vessel
# MEA second element (6313), else first (6311): column
MEASURES = {
    "G": "gross_mass_kg",
    "AAB": "gross_mass_kg",
    "AAD": "gross_mass_kg",
    "WT": "gross_mass_kg",
    "N": "net_mass_kg",
    "AAA": "net_mass_kg",
    "ABJ": "volume_m3",
    "AAW": "volume_m3",
    "VOL": "volume_m3",
}
UNITS = {**KILOGRAMS, "KG": "1", "K": "1", "MTQ": "1", "M3": "1"}
# of a whole consignment: given to its item only when there is one
_OF_ONE_ITEM = "gross_mass_kg net_mass_kg volume_m3 package_count package_type value freight_cost"
OF_ONE_ITEM = frozenset(_OF_ONE_ITEM.split())
# Every item of a consignment names all its containers and their seals: beyond what any ship
# carries, a megabyte of report would become gigabytes of rows.
MOST_LINKS = 1_000_000
COUNTS = {"10": "CNI", "16": "EQD"}  # CNT: consignments, pieces of equipment


@dataclass
class _Scope:
    """What one report, consignment or item says of itself."""

    place: int
    values: dict[str, str | None] = field(default_factory=dict)
    extra: dict[str, list[str]] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    legs: dict[str, str] = field(default_factory=dict)


class CuscarReader(EdifactReader):
    """Reads CUSCAR messages."""

    name = "cuscar"
    profile = "shipment"
    types = ("CUSCAR",)

    def write(self, message: Message, rows: Gather) -> None:
        """One row per goods item."""
        _Report(message).rows(rows)


class _Report:
    """One message, read segment by segment into its scopes."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.sent = sent_on(message)
        self.header = of_report(message)
        self.warnings = list(message.warnings)
        self.report = _Scope(message.place)
        self.consignments: list[tuple[_Scope, list[_Scope]]] = []
        self.seals: dict[str, list[str]] = {}
        self.links = 0  # containers, seals and texts named by rows so far
        self.container = ""
        counted = {"CNI": 0, "EQD": 0}
        by_bill = not any(segment.tag == "CNI" for segment in message.segments)
        scope = self.report
        for segment in message.segments:
            if segment.tag in counted:
                counted[segment.tag] += 1
            bill = by_bill and segment.tag == "RFF" and segment.get(1) == "BM"
            if segment.tag == "CNI" or bill:
                scope = _Scope(segment.place)
                self.consignments.append((scope, []))
                scope.values["declaration_id"] = segment.get(2) or None
            elif segment.tag == "GID" and self.consignments:
                scope = _Scope(segment.place)
                self.consignments[-1][1].append(scope)
            self._read(segment, scope)
        self._compare(counted)

    def _compare(self, counted: dict[str, int]) -> None:
        for segment in self.message.segments:
            if segment.tag == "CNT" and segment.get(1) in COUNTS:
                declared, found = decimal(segment.get(1, 1)), counted[COUNTS[segment.get(1)]]
                if declared is not None and declared != found:
                    self.warnings.append(
                        "edifact_cnt_count" + ("_short" if declared > found else "")
                    )

    def _read(self, segment: Segment, scope: _Scope) -> None:
        values, qualifier = scope.values, segment.get(1)
        if segment.tag == "NAD":
            _party(segment, scope)
        elif segment.tag == "LOC":
            _location(segment, scope)
        elif segment.tag == "DTM" and qualifier in (LODGED, ARRIVES):
            found = moment(segment, self.sent)
            day_only = without_time(segment)
            text = (found.date() if day_only else found).isoformat() if found else None
            values["lodged_at" if qualifier == LODGED else "arrival_at"] = text
            if found is None and segment.get(1, 1):
                self.warnings.append("date_unreadable")
        elif segment.tag == "TDT" and qualifier == MAIN_CARRIAGE:
            values["transport_mode"] = mode(segment.get(3))[0]
            values.setdefault("carrier", one_line(segment.get(5)))
            vessel = segment.get(8, 3) or segment.get(8)
            values["conveyance"] = one_line(vessel) or one_line(segment.get(2))
            scope.extra["voyage"] = [segment.get(2)]
        elif segment.tag == "GIS":
            values["procedure"] = PROCEDURES.get(qualifier) or values.get("procedure")
        elif segment.tag == "RFF":
            self._reference(qualifier, segment.get(1, 1), scope)
        elif segment.tag == "CST":
            values.setdefault("hs_code", segment.get(2))
        elif segment.tag == "FTX" and qualifier == DESCRIPTION:
            scope.texts += [text for text in segment.components(4) if text]
        elif segment.tag == "GID":
            values["item_number"] = number(qualifier)
            values["package_count"] = number(segment.get(2))
            values["package_type"] = one_line(segment.get(2, 1))
        elif segment.tag == "PAC":
            values["package_count"] = values.get("package_count") or number(qualifier)
            values["package_type"] = values.get("package_type") or one_line(segment.get(3))
        elif segment.tag == "MEA":
            self._measure(segment, scope)
        elif segment.tag == "MOA" and qualifier in (VALUE, FREIGHT):
            self._amount(segment, scope)
        elif segment.tag in ("EQD", "SGP"):
            self.container = segment.get(2) if segment.tag == "EQD" else qualifier
            scope.containers.append(self.container)
        elif segment.tag == "SEL" and self.container:
            self.seals.setdefault(self.container, []).append(qualifier)
        elif segment.tag not in ("BGM", "CNT", "CNI"):
            text = "+".join(
                ":".join(segment.components(n)) for n in range(1, len(segment.elements))
            )
            scope.extra.setdefault(segment.tag, []).append(text)

    def _reference(self, qualifier: str, text: str, scope: _Scope) -> None:
        if qualifier in REFERENCES:
            scope.references[REFERENCES[qualifier]] = text
        elif qualifier in LICENCE:
            scope.values |= {"licence_number": text or None, "licence_type": qualifier}
        elif qualifier == HS_CODE:
            scope.values["hs_code"] = text
        elif text:
            scope.extra.setdefault(f"RFF {qualifier}", []).append(text)

    def _measure(self, segment: Segment, scope: _Scope) -> None:
        column = MEASURES.get(segment.get(2)) or MEASURES.get(segment.get(1))
        measured, factor = decimal(numeral(segment.get(3, 1))), decimal(UNITS.get(segment.get(3)))
        if column and measured and factor:
            scope.values[column] = plain(measured * factor)
        elif column:
            self.warnings.append("measure_unreadable")

    def _amount(self, segment: Segment, scope: _Scope) -> None:
        currency = segment.get(1, 2) or None
        column = "value" if segment.get(1) == VALUE else "freight_cost"
        if scope.values.get("currency") in (None, currency):
            scope.values |= {column: numeral(segment.get(1, 1)), "currency": currency}
        else:
            self.warnings.append("freight_not_converted")

    def rows(self, rows: Gather) -> None:
        """Write every item; a consignment without GID is one item.

        A report that is cancelled, and lists nothing, is one row, which withdraws all of it.
        """
        named = self.header.get(REFERENCE)
        if not self.consignments and named and self.header.get(FUNCTION) == CANCEL:
            extra = self.header | whole(named)
            rows.row(
                {"declaration_id": named},
                line=self.message.place,
                warnings=self.warnings,
                extra=extra,
            )
        elif not self.consignments:
            rows.reject(
                "no_consignments",
                "the report lists no consignment",
                line=self.message.place,
                record_id=self.message.reference,
            )
        self.warnings = list(dict.fromkeys(self.warnings))
        for consignment, items in self.consignments:
            if len(items) > 1:
                for column in OF_ONE_ITEM & set(consignment.values):
                    total = consignment.values.pop(column)
                    consignment.extra[f"consignment_{column}"] = [total or ""]
            for position, item in enumerate(items or [_Scope(consignment.place)], start=1):
                self._row(rows, consignment, item, position)

    def _row(self, rows: Gather, consignment: _Scope, item: _Scope, position: int) -> None:
        scopes = (self.report, consignment, item)
        values: dict[str, str | None] = {}
        legs: dict[str, str] = {}
        references: dict[str, str] = {}
        for scope in scopes:
            values |= {name: text for name, text in scope.values.items() if text}
            legs |= scope.legs
            references |= scope.references
        bill, master, house = (references.get(name) for name in ("bill", "master", "house"))
        values["declaration_id"] = bill or house or values.get("declaration_id")
        values["transport_document"] = master or bill
        values["house_document"] = house or (bill if master else None)
        values["item_number"] = values.get("item_number") or str(position)
        containers = item.containers or consignment.containers
        if self.links <= MOST_LINKS:
            self.links += len(item.texts or consignment.texts)
            self.links += sum(1 + len(self.seals.get(one, ())) for one in containers)
        if self.links > MOST_LINKS:
            rows.reject(
                "report_too_large",
                f"items times containers and seals pass {MOST_LINKS:,} in this report",
                line=item.place,
                record_id=values["declaration_id"],
            )
            return
        values["goods_description"] = one_line(" ".join(item.texts or consignment.texts))
        values["container_numbers"] = joined(containers)
        values["seal_numbers"] = joined(
            seal for container in containers for seal in self.seals.get(container, [])
        )
        values["route"] = journey(legs.get(leg) for leg in LEGS)
        extra: dict[str, Any] = dict(self.header)
        if position == 1:
            extra |= consignment.extra
        extra |= item.extra
        if position == 1 and self.report.extra and consignment is self.consignments[0][0]:
            extra["report"] = self.report.extra
        rows.row(values, line=item.place, warnings=self.warnings, extra=extra)


def _party(segment: Segment, scope: _Scope) -> None:
    """Name and address by their elements, or all in one free text: first line the name."""
    qualifier, code = segment.get(1), segment.get(2) or None
    lines = [text for part in segment.components(3) if (text := one_line(part))]
    name = one_line(" ".join(segment.components(4)))
    street = [one_line(part) for part in (*segment.components(5), segment.get(6), segment.get(8))]
    if name is None and lines:
        name, street = lines[0], [*lines[1:], *street]
    if qualifier in PARTIES:
        column = PARTIES[qualifier]
        scope.values |= {
            f"{column}_id": code,
            f"{column}_name": name,
            f"{column}_address": ", ".join(part for part in street if part) or None,
            f"{column}_country": segment.get(9) or None,
        }
    elif qualifier in NOTIFY:
        scope.values["notify_name"] = name or code
    elif qualifier == CARRIER:
        scope.values["carrier"] = code or name
    elif qualifier in DECLARANT:
        scope.values["declarant_id"] = code or name


def _location(segment: Segment, scope: _Scope) -> None:
    qualifier, text = segment.get(1), segment.get(2)
    if qualifier in PLACES:
        scope.values[PLACES[qualifier]], other = place(text)
        if other:
            scope.extra.setdefault(f"LOC {qualifier}", []).append(other)
    elif qualifier in COUNTRIES:
        scope.values[COUNTRIES[qualifier]] = text[:2] or None
    elif qualifier in OFFICE and not scope.values.get("customs_office"):
        scope.values["customs_office"] = text or None
    if qualifier in LEGS and place(text)[0]:
        scope.legs[qualifier] = place(text)[0] or ""
