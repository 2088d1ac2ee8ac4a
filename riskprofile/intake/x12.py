"""X12 309 customs manifests (US ocean and rail): one row per goods line (N10) of each bill.

The tables below say which element fills which column. Ports are Schedule K and D codes,
not UN/LOCODE, and stay in `extra`. Source: ASC X12 transaction set 309. Written from the
public segment lists: no sample with a licence that allows copying is known.
"""

from __future__ import annotations

from typing import Any

from riskprofile.intake.edifact import Segment
from riskprofile.intake.message_header import AMENDMENTS, of_x12
from riskprofile.intake.rows import Gather, joined, number, one_line
from riskprofile.intake.versions import CANCEL, FUNCTION, REFERENCE, whole
from riskprofile.intake.x12_sets import TransactionSet, X12SetReader, day, keep, measure

# segment and element: column
FIELDS = {
    ("M10", 1): "carrier",
    ("P4", 1): "customs_office",  # Schedule D port
    ("M11", 1): "declaration_id",
    ("N10", 1): "package_count",
    ("N10", 6): "value",
}
CONVEYANCE = (5, 4, 6)  # M10: vessel's name, code, voyage
VOYAGE = 6  # M10
MODES = {"O": "sea", "A": "air", "R": "rail", "M": "road", "J": "road"}  # M10 second element
ARRIVAL = 2  # P4
PARTIES = {"SH": "consignor", "CN": "consignee"}  # N1; N3 is the address, N4 the town
NOTIFY = "N1"  # N1 first element
MASTER = (12, 13)  # M11: issuer, and the master bill where one stands
ISSUER = 12  # M11: the carrier that issued the bill
EQUIPMENT, SEALS = (2, 3), (4, 5)  # VID: initial and number; seals
DESCRIPTION, MARKS = 2, 3  # N10
HS_CODE = (4, "J", 5)  # N10: qualifier element, its value, code element
MASS, MASS_UNIT = 8, 7  # N10
AMENDED_BILL, AMENDMENT = 4, 3  # M13, before the M11 it speaks of
BILL_TOTAL = range(3, 9)  # M11: packages, mass and volume, each before its unit
BILL_MASS, BILL_UNIT = 5, 6  # M11: of a bill with one line without its own
CURRENCY = "USD"  # values are whole dollars
TAKEN = frozenset({"B2A", "LX", "M10", "M13", "P4"})  # read of the set, or silent
MASKS = frozenset({"X", "XX", "XXX", "XXXX", ".", "-", "N/M", "NO MARKS", "NONE"})


class X12Reader(X12SetReader):
    """Reads interchanges that hold 309 transaction sets."""

    name = "x12"
    kind = "309"

    def write(self, found: TransactionSet, rows: Gather) -> None:
        """One row per goods line of each bill."""
        _manifest(rows, found)


def _manifest(rows: Gather, found: TransactionSet) -> None:
    """Walk the set: values of the manifest, then of a bill, then of a line."""
    manifest: dict[str, str | None] = {"lodged_at": found.made, "procedure": "import"}
    header = of_x12(found.segments, found.made) | _reference(found)
    bills: list[_Bill] = []
    beside: dict[str, Any] = {}  # before the first bill
    # By bill, not yet followed by it: each with what was said of its port.
    amendments: dict[str, list[tuple[Segment, dict[str, str | None]]]] = {}
    for segment in found.segments:
        if segment.tag == "M10":
            names = (one_line(segment.get(place)) for place in CONVEYANCE)
            manifest["conveyance"] = next((name for name in names if name), None)
            manifest["transport_mode"] = MODES.get(segment.get(2)[:1])
        elif segment.tag == "P4":
            manifest["arrival_at"] = day(segment.get(ARRIVAL))
        elif segment.tag == "M13":
            amendments.setdefault(segment.get(AMENDED_BILL), []).append((segment, {**manifest}))
        if segment.tag == "M11":
            amended = amendments.pop(segment.get(1), [])
            function = _amended(amended[-1][0] if amended else None)
            bills.append(_Bill(segment, header | function, manifest))
        elif bills:
            bills[-1].add(segment)
        elif segment.tag not in TAKEN:
            keep(beside, segment)
        for (tag, place), column in FIELDS.items():
            if segment.tag == tag and tag in ("M10", "P4"):
                manifest[column] = one_line(segment.get(place))
    for segment, port in (each for found_ in amendments.values() for each in found_):
        number_, means = one_line(segment.get(AMENDED_BILL)), _amended(segment)
        if means.get(FUNCTION) == CANCEL and number_:
            values = {**manifest, **port, "declaration_id": number_}
            extra = header | means
            rows.row(values, line=segment.place, warnings=found.warnings, extra=extra)
            continue
        rows.reject(
            "amendment_without_goods",
            f"an amendment ({means.get(FUNCTION, 'change')}) of a bill that gives no goods",
            line=segment.place,
            record_id=number_,
        )
    named = header.get(REFERENCE)
    if not bills and not amendments and named and header.get(FUNCTION) == CANCEL:
        values = {**manifest, "declaration_id": named, "lodged_at": None}
        extra = header | whole(named)
        rows.row(values, line=found.place, warnings=found.warnings, extra=extra)
    elif not bills and not amendments:
        reason = "the manifest lists no bill"
        rows.reject("no_consignments", reason, line=found.place, record_id=found.control)
    if bills and beside:
        bills[0].extra["manifest"] = beside
    for bill in bills:
        bill.rows(rows, manifest, found)


def _reference(found: TransactionSet) -> dict[str, str]:
    """`message_reference`: carrier, vessel, voyage and the port of arrival."""
    first = {segment.tag: segment for segment in reversed(found.segments)}
    m10, p4 = first.get("M10"), first.get("P4")
    if m10 is None or not (m10.get(1) and m10.get(VOYAGE)):
        return {}
    vessel = m10.get(4) or m10.get(5)
    parts = (found.kind, m10.get(1), vessel, m10.get(VOYAGE), p4.get(1) if p4 else "")
    return {REFERENCE: "/".join(one_line(part) or "" for part in parts)}


def _amended(segment: Segment | None) -> dict[str, str]:
    function = AMENDMENTS.get(segment.get(AMENDMENT)) if segment else None
    return {"message_function": function} if function else {}


class _Bill:
    """One bill of lading (M11) with its parties, equipment and lines."""

    def __init__(
        self, m11: Segment, header: dict[str, str], manifest: dict[str, str | None]
    ) -> None:
        self.m11, self.header = m11, header
        self.values: dict[str, str | None] = {
            **manifest,  # as far as it is said: the next port has bills of its own behind it
            "declaration_id": one_line(m11.get(1)),
            "transport_document": one_line(m11.get(1)),
        }
        master = one_line(m11.get(MASTER[1]))
        if master:
            self.values |= {"transport_document": master, "house_document": m11.get(1)}
        texts = {"port_of_loading": m11.get(2), "receipt": m11.get(10), "issuer": m11.get(ISSUER)}
        texts["total"] = " ".join(filter(None, (m11.get(at) for at in BILL_TOTAL)))
        self.extra: dict[str, Any] = {name: text for name, text in texts.items() if text}
        self.party: str | None = None
        # Containers and seals that stand together, before the lines that are in them.
        self.equipment: list[tuple[list[str], list[str]]] = []
        self.lines: list[tuple[Segment, str, list[str], int]] = []  # words, marks, equipment so far

    def add(self, segment: Segment) -> None:
        """Take what a segment under the bill says."""
        if segment.tag == "N1":
            self._name(segment)
        elif segment.tag in ("N2", "N3", "N4") and self.party:
            self._address(segment)
        elif segment.tag == "VID":
            number_ = "".join(segment.get(place) for place in EQUIPMENT).replace(" ", "")
            if not self.equipment or (self.lines and self.lines[-1][3] == len(self.equipment)):
                self.equipment.append(([], []))
            self.equipment[-1][0].append(number_)
            self.equipment[-1][1].extend(segment.get(place) for place in SEALS)
        elif segment.tag == "N10":
            text, marks = segment.get(DESCRIPTION), segment.get(MARKS)
            if self.lines and _goes_on(self.lines[-1][0], segment):  # inside a word perhaps
                first, before, known, at = self.lines[-1]
                known.append(marks)
                self.lines[-1] = (first, before + text, known, at)
            else:
                self.lines.append((segment, text, [marks], len(self.equipment)))
        elif segment.tag in ("H1", "H2"):
            self.extra.setdefault("hazard", []).append(segment.get(1))
        elif segment.tag not in TAKEN:
            keep(self.extra, segment)

    def _name(self, segment: Segment) -> None:
        party = PARTIES.get(segment.get(1))
        self.party = None if f"{party}_name" in self.values else party  # the first counts
        if self.party:
            self.values[f"{self.party}_name"] = one_line(segment.get(2))
            self.values[f"{self.party}_id"] = one_line(segment.get(4))
        elif segment.get(1) == NOTIFY and "notify_name" not in self.values:
            self.values["notify_name"] = one_line(segment.get(2))
        else:
            keep(self.extra, segment)

    def _address(self, segment: Segment) -> None:
        parts = [one_line(segment.get(place)) for place in (1, 2, 3)]
        if segment.tag == "N4":
            self.values[f"{self.party}_country"] = one_line(segment.get(4))
        address = f"{self.party}_address"
        known = [self.values.get(address)]
        self.values[address] = ", ".join(part for part in known + parts if part) or None

    def rows(self, rows: Gather, manifest: dict[str, str | None], found: TransactionSet) -> None:
        """One row per line; a bill without lines is a rejection."""
        warnings = found.warnings
        if not self.lines and self.header.get(FUNCTION) == CANCEL:
            values = {**manifest, **self.values}
            rows.row(values, line=self.m11.place, warnings=warnings, extra=self.header)
        elif not self.lines:
            rows.reject(
                "no_goods_items",
                "the bill lists no goods",
                line=self.m11.place,
                record_id=self.values["declaration_id"],
            )
        # Where a line has none before it, or equipment no line behind it: of all the bill.
        apart = self.lines and self.lines[0][3] and self.lines[-1][3] == len(self.equipment)
        shared: dict[int, tuple[dict[str, str | None], int]] = {}
        for position, (line, text, known, at) in enumerate(self.lines, start=1):
            if (here := at if apart else 0) not in shared:
                shared[here] = _equipped(self.equipment[at - 1 : at] if apart else self.equipment)
            contained, links = shared[here]
            if found.too_large(links, rows, line.place, self.values["declaration_id"]):
                continue
            values = {**manifest, **self.values, "item_number": str(position)}
            values["goods_description"] = None if text.strip() in MASKS else one_line(text)
            values["package_count"] = number(line.get(1))
            values["value"] = number(line.get(6))
            values["currency"] = CURRENCY if values["value"] else None
            told = [*warnings]
            extra: dict[str, Any] = {**self.header, **(self.extra if position == 1 else {})}
            code, kind = line.get(int(HS_CODE[2])), line.get(HS_CODE[0])
            if kind == HS_CODE[1]:
                values["hs_code"] = code
            elif code:
                extra["commodity_code"] = f"{kind} {code}".strip()
            column = "gross_mass_kg"
            values[column] = measure(extra, told, column, line.get(MASS), line.get(MASS_UNIT))
            if len(self.lines) == 1 and values[column] is None:
                whole, unit = self.m11.get(BILL_MASS), self.m11.get(BILL_UNIT)
                values[column] = measure(extra, told, column, whole, unit)
            values |= contained
            if marks := [mark for each in known if (mark := one_line(each)) and mark not in MASKS]:
                extra["marks"] = " ".join(marks)
            rows.row(values, line=line.place, warnings=told, extra=extra)


def _equipped(
    within: list[tuple[list[str], list[str]]],
) -> tuple[dict[str, str | None], int]:
    """Columns of containers and seals, and how many these are."""
    numbers = [one for found, _ in within for one in found]
    seals = [seal for _, found in within for seal in found if seal]
    columns = {"container_numbers": joined(numbers), "seal_numbers": joined(seals)}
    return columns, len(numbers) + len(seals)


def _goes_on(before: Segment, segment: Segment) -> bool:
    """Whether a line has no count, value, mass or code of its own: words of the one before."""
    return not any(segment.get(at) for at in (1, 6, MASS)) and segment.get(5) in ("", before.get(5))
