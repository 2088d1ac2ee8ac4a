"""X12 310 ocean bills of lading: one row per goods line (L0) of each equipment loop (LX).

Everything is found by segment and qualifier; the table says which fills what. Amounts are
in hundredths where they have no decimal point. Ports that are no UN/LOCODE stay in `extra`.
Source: ASC X12 transaction set 310 and its carriers' public guides. Written from these: no
sample with a licence that allows copying is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from riskprofile.intake.code_lists import place
from riskprofile.intake.edifact import Segment
from riskprofile.intake.message_header import of_x12
from riskprofile.intake.rows import Gather, decimal, joined, journey, number, one_line, plain
from riskprofile.intake.versions import CANCEL, FUNCTION
from riskprofile.intake.x12_sets import TransactionSet, X12SetReader, day, keep, measure

# segment and qualifier (its first element): column
FIELDS = {
    ("N9", "BM"): "bill",
    ("N9", "OB"): "bill",  # ocean bill
    ("N9", "MB"): "master",
    ("N9", "BH"): "house",
    ("N1", "SH"): "consignor",
    ("N1", "CN"): "consignee",
    ("N1", "N1"): "notify_name",
    ("N1", "CA"): "carrier",
    ("N1", "FW"): "declarant_id",  # forwarder
    ("R4", "L"): "port_of_loading",
    ("R4", "D"): "port_of_discharge",
    ("DTM", "371"): "arrival_at",  # estimated arrival
    ("DTM", "139"): "arrival_at",  # estimated, behind the R4 of discharge
    ("DTM", "140"): "arrival_at",  # actual, likewise
}
# Columns that a cancellation without goods fills.
NAMING = ("declaration_id", "transport_document", "house_document", "carrier", "lodged_at")
LEGS = ("O", "R", "L", "D", "E")  # R4: origin, receipt, loading, discharge, delivery
UN = "UN"  # R4 second element: a UN/LOCODE
BILL, LODGED, CARRIER = 3, 6, 11  # B3: number of the shipment, date, carrier
VESSEL = (2, 1, 4)  # V1: name, code, voyage
CURRENCY = 1  # C3
AGENCY, LICENCE = 1, 2  # X1
EQUIPMENT, SEALS = (1, 2), (1, 2, 3, 4)  # N7: initial and number; M7
MASS, MASS_KIND, MASS_UNIT = 4, 5, 11  # L0
NET = frozenset({"N", "A3"})  # L0 mass kind; all others are gross
VOLUME, VOLUME_UNIT = 6, 7  # L0
CUBIC_METRES = {"X": "1", "E": "0.028316846592"}
COUNT, PACKAGE = 8, 9  # L0
TEXT, CODE, CODE_KIND, MARKS = 2, 3, 4, 6  # L5
HS_CODE = frozenset({"J", "H"})  # L5 code kinds that are of the Harmonized System
CHARGE = 5  # L3
TELEPHONE = "TE"  # G61 third element


class X12BillReader(X12SetReader):
    """Reads interchanges that hold 310 transaction sets."""

    name = "x12_310"
    kind = "310"

    def write(self, found: TransactionSet, rows: Gather) -> None:
        """One row per goods line."""
        _Bill(found).rows(rows)


@dataclass
class _Line:
    """One L0 with the L5 behind it; an L5 alone is a line too."""

    place: int
    l0: Segment | None
    texts: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # codes of other lists


@dataclass
class _Loop:
    """One LX: equipment, seals and lines."""

    containers: list[str] = field(default_factory=list)
    seals: list[str] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=list)


class _Bill:
    """One set: one bill of lading. `read_` and a tag is how such segments are read."""

    def __init__(self, found: TransactionSet) -> None:
        self.found = found
        self.values: dict[str, str | None] = {"transport_mode": "sea", "lodged_at": found.made}
        self.extra: dict[str, Any] = {}
        self.loops: list[_Loop] = []
        self.legs: dict[str, str] = {}
        self._party = self._port = ""
        for segment in found.segments:
            if reader := getattr(self, "read_" + segment.tag.lower(), None):
                reader(segment)
            elif segment.tag != "B2A":
                keep(self.extra, segment)

    def _put(self, column: str, text: str | None) -> None:
        if text and not self.values.get(column):
            self.values[column] = text

    def _first(self, segment: Segment, column: str, text: str | None) -> None:
        """The first counts; another is kept."""
        self._put(column, text)
        if text and self.values[column] != text:
            keep(self.extra, segment)

    def read_b3(self, segment: Segment) -> None:
        self._put("shipment", one_line(segment.get(BILL)))
        self.values["lodged_at"] = self.values["lodged_at"] or day(segment.get(LODGED))
        self._put("carrier", one_line(segment.get(CARRIER)))

    def read_n9(self, segment: Segment) -> None:
        column, text = FIELDS.get(("N9", segment.get(1))), one_line(segment.get(2))
        if column:
            self._first(segment, column, text)
        elif text:
            self.extra.setdefault(f"N9 {segment.get(1)}", []).append(text)

    def read_x1(self, segment: Segment) -> None:
        """An export licence: the agency that gave it, and its number."""
        if segment.get(LICENCE) and not self.values.get("licence_number"):
            self.values["licence_number"] = one_line(segment.get(LICENCE))
            self.values["licence_type"] = one_line(segment.get(AGENCY))
        elif segment.get(LICENCE):
            keep(self.extra, segment)

    def read_v1(self, segment: Segment) -> None:
        names = (one_line(segment.get(at)) for at in VESSEL)
        self._first(segment, "conveyance", next((name for name in names if name), None))
        if segment.get(4):
            self.extra["voyage"] = segment.get(4)

    def read_c3(self, segment: Segment) -> None:
        self._put("currency", segment.get(CURRENCY).strip().upper())

    def read_n1(self, segment: Segment) -> None:
        column = FIELDS.get(("N1", segment.get(1)), "")
        name, code = one_line(segment.get(2)), one_line(segment.get(4))
        taken = column in ("consignor", "consignee") and f"{column}_name" in self.values
        self._party = "" if taken else column
        if self._party in ("consignor", "consignee"):
            self.values[f"{column}_name"], self.values[f"{column}_id"] = name, code
        elif column == "notify_name":
            self._first(segment, column, name or code)
        elif self._party:
            self._first(segment, column, code or name)
        else:
            keep(self.extra, segment)

    def read_n2(self, segment: Segment) -> None:
        """N2 goes on with the name, N3 is the street, N4 town, region, code and country."""
        party = self._party if self._party in ("consignor", "consignee") else ""
        if not party:
            keep(self.extra, segment)
            return
        parts = [one_line(segment.get(at)) for at in (1, 2, 3)]
        column = f"{party}_name" if segment.tag == "N2" else f"{party}_address"
        glue = " " if segment.tag == "N2" else ", "
        known = [self.values.get(column), *parts]
        self.values[column] = glue.join(part for part in known if part) or None
        if segment.tag == "N4":
            self.values[f"{party}_country"] = segment.get(4).strip().upper() or None

    read_n3 = read_n4 = read_n2

    def read_g61(self, segment: Segment) -> None:
        if self._party in ("consignor", "consignee") and segment.get(3) == TELEPHONE:
            self._put(f"{self._party}_phone", one_line(segment.get(4)))

    def read_r4(self, segment: Segment) -> None:
        self._port = segment.get(1)
        column = FIELDS.get(("R4", self._port))
        code, other = place(segment.get(3)) if segment.get(2) == UN else (None, segment.get(3))
        if code and self._port in LEGS:
            self.legs.setdefault(self._port, code)
        if code and column:
            self._put(column, code)
        elif not code and (text := one_line(f"{other or ''} {segment.get(4)}")):
            self.extra.setdefault(f"R4 {self._port}", []).append(text)

    def read_dtm(self, segment: Segment) -> None:
        column = FIELDS.get(("DTM", segment.get(1)))
        if column and (self._port == "D" or segment.get(1) == "371"):
            self._first(segment, column, day(segment.get(2), segment.get(3)))
        else:
            keep(self.extra, segment)

    def read_lx(self, _: Segment) -> None:
        self.loops.append(_Loop())

    def _loop(self) -> _Loop:
        if not self.loops:
            self.loops.append(_Loop())
        return self.loops[-1]

    def read_n7(self, segment: Segment) -> None:
        number_ = "".join(segment.get(at) for at in EQUIPMENT).replace(" ", "")
        if number_:
            self._loop().containers.append(number_)

    def read_m7(self, segment: Segment) -> None:
        self._loop().seals += [seal for at in SEALS if (seal := segment.get(at).strip())]

    def read_l0(self, segment: Segment) -> None:
        self._loop().lines.append(_Line(segment.place, segment))

    def read_l5(self, segment: Segment) -> None:
        lines = self._loop().lines
        if not lines:
            lines.append(_Line(segment.place, None))
        line = lines[-1]
        line.texts += [text for text in [segment.get(TEXT)] if text]
        line.marks += [text for text in [segment.get(MARKS)] if text]
        code = re.sub(r"[ .]", "", segment.get(CODE))
        if segment.get(CODE_KIND) in HS_CODE and code.isdecimal():
            line.codes.append(code)
        elif code:
            line.others.append(f"{segment.get(CODE_KIND)} {segment.get(CODE)}".strip())

    def read_l3(self, segment: Segment) -> None:
        self._put("freight_cost", _amount(segment.get(CHARGE)))

    def read_h1(self, segment: Segment) -> None:
        self.extra.setdefault("hazard", []).append(segment.get(1))

    def rows(self, rows: Gather) -> None:
        """Write every line; a bill without any is a rejection."""
        values = self.values
        bill, shipment = values.pop("bill", None), values.pop("shipment", None)
        if bill and shipment and shipment != bill:
            self.extra["shipment"] = shipment
        bill = bill or shipment
        master, house = values.pop("master", None), values.pop("house", None)
        values["declaration_id"] = bill or house
        values["transport_document"] = master or bill
        values["house_document"] = house or (bill if master else None)
        values["route"] = journey(self.legs.get(leg) for leg in LEGS)
        count = sum(len(loop.lines) for loop in self.loops)
        header = of_x12(self.found.segments, self.found.made)
        if not count and header.get(FUNCTION) == CANCEL and values["declaration_id"]:
            bare = {name: values.get(name) for name in NAMING}
            rows.row(bare, line=self.found.place, warnings=self.found.warnings, extra=header)
        elif not count:
            rows.reject(
                "no_goods_items",
                "the bill lists no goods",
                line=self.found.place,
                record_id=values["declaration_id"],
            )
        if count > 1 and values.get("freight_cost"):
            self.extra["freight"] = f"{values.pop('freight_cost')} {values.get('currency') or ''}"
        if not values.get("freight_cost"):
            values.pop("currency", None)
        position = 0
        for loop in self.loops:
            shared = {
                "container_numbers": joined(loop.containers),
                "seal_numbers": joined(loop.seals),
            }
            for line in loop.lines:
                position += 1
                links = len(loop.containers) + len(loop.seals)
                if self.found.too_large(links, rows, line.place, values["declaration_id"]):
                    continue
                extra: dict[str, Any] = dict(header)
                if position == 1:
                    extra |= self.extra
                if line.marks:
                    extra["marks"] = one_line(" ".join(line.marks))
                others = [code for code in line.codes if code != line.codes[0]]
                if others := others + line.others:
                    extra["commodity_code"] = others
                warnings = [*self.found.warnings]
                made = {**values, **shared, **_measures(line, extra, warnings)}
                made["item_number"] = str(position)
                rows.row(made, line=line.place, warnings=warnings, extra=extra)


def _measures(line: _Line, extra: dict[str, Any], warnings: list[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {
        "goods_description": one_line(" ".join(line.texts)),
        "hs_code": next(iter(line.codes), None),
    }
    if line.l0 is None:
        return found
    kind = "net_mass_kg" if line.l0.get(MASS_KIND) in NET else "gross_mass_kg"
    text, unit = line.l0.get(MASS), line.l0.get(MASS_UNIT)
    found[kind] = measure(extra, warnings, kind, text, unit)
    text, unit = line.l0.get(VOLUME), line.l0.get(VOLUME_UNIT)
    found["volume_m3"] = measure(extra, warnings, "volume_m3", text, unit, CUBIC_METRES)
    found["package_count"] = number(line.l0.get(COUNT))
    found["package_type"] = one_line(line.l0.get(PACKAGE))
    return found


def _amount(text: str) -> str | None:
    """X12 type N2: two decimals are meant where none are written."""
    value = decimal(text)
    if value is None:
        return None
    return plain(value if "." in text else value * Decimal("0.01"))
