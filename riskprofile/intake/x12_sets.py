"""X12 interchanges: transaction sets gathered from ST to SE, and what their controls say.

The separators are those of each ISA segment, whose length is fixed; the rest is read by
the EDIFACT tokenizer. Counts and references that disagree are warnings, with `_short` when
more is declared than found; a broken set is an error of that set alone. Source: ASC X12.5
and X12.6, versions 00200 to 00700.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskprofile.errors import InputError
from riskprofile.intake.edifact import Marks, Segment, tokenize
from riskprofile.intake.edifact_cargo import MOST_LINKS
from riskprofile.intake.edifact_messages import LONGEST
from riskprofile.intake.reader import RawChunk, Source, unread
from riskprofile.intake.rows import Gather, decimal, moment, plain

KILOGRAMS = {"K": "1", "L": "0.45359237", "E": "1000", "S": "907.18474"}  # X12 element 188

_TAG = r"[A-Z][A-Z0-9]{1,2}"
# X12 releases nothing: a ship may be called COAST, and N9*ST is the number of a store. So a head
# inside data is only believed of the sets that are read, and not as an element of its own.
_HEAD = r"(?<!{e})ST{e}%s{e}\d{{4,9}}(?!\d)"
_ISA = 106  # characters
_CONTROLS = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})
# What else may stand in no set: acknowledgements, grades of service, seals (X12.5, X12.58).
_BESIDE = frozenset(["TA1", "TA3", "ISB", "ISE", "S1S", "S1E", "S3S", "S3E", "S1A", "SVA"])
_NO_SET = "x12_no_st"


class TransactionSet:
    """The segments between ST and SE, and what the controls say of them."""

    def __init__(self, start: Segment, made: str | None) -> None:
        self.kind, self.control, self.place = start.get(1), start.get(2), start.place
        self.made = made  # by GS, ISO 8601
        self.segments: list[Segment] = []
        self.warnings: list[str] = []
        self.error: tuple[str, str] | None = None
        self.links = 0  # containers and seals named by rows so far

    def too_large(self, links: int, rows: Gather, place: int, record: str | None) -> bool:
        """Whether a line is set aside: with its `links` rows name more than one set may."""
        self.links += links
        if self.links <= MOST_LINKS:
            return False
        reason = f"lines times containers and seals pass {MOST_LINKS:,} in this set"
        rows.reject("report_too_large", reason, line=place, record_id=record)
        return True

    def fail(self, code: str, reason: str) -> None:
        """The first fault stands; a broken set is never read in part."""
        self.error = self.error or (code, reason)


class X12SetReader:
    """A reader of sets of one kind; `write` is what a format adds."""

    name: str
    profile = "shipment"
    kind: str  # ST first element

    def claims(self, head: bytes, name: str) -> bool:
        """Whether an ISA opens the file and a set of this kind follows in the head."""
        text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        opens = rb"ST(.)%b\1" % self.kind.encode()
        return text.startswith(b"ISA") and bool(re.search(opens, text, re.DOTALL))

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """One row per goods line; a set that cannot be trusted is one rejection."""
        rows = Gather(profile, source, chunk_rows)
        empty = True
        for found in sets(source, self.kind):
            empty = empty and found.error is not None and found.error[0] == _NO_SET
            if found.kind != self.kind:
                reason = f"a transaction set {found.kind[:10]!r}, which this reader does not know"
                found.fail("x12_set", reason)
            if found.error:
                code, reason = found.error
                rows.reject(code, reason, line=found.place, record_id=found.control)
            else:
                self.write(found, rows)
            if rows.full and not empty:
                yield rows.take()
        if empty:  # what claimed the file was no set by the separators that its ISA names
            raise unread(
                "unread.no_set", source.name, "Ask the sender for the interchange as it left"
            )
        yield rows.take()

    def write(self, found: TransactionSet, rows: Gather) -> None:
        """The records of one whole set."""
        raise NotImplementedError


class _Marks(Marks):
    """The separators of an interchange, by their places in its ISA."""

    closes, head_size = "IEA", _ISA

    def __init__(self, isa: str, where: str, kind: str) -> None:
        element, component, end = isa[3], isa[104], isa[105]
        if len({element, component, end}) < 3 or any(one.isalnum() for one in (element, end)):
            raise _bad_isa(where)
        super().__init__(component, element, ".", "", end, _TAG, _HEAD % kind)
        self.kind = kind

    def at(self, text: str, name: str) -> tuple[Marks, str]:
        """Those of the ISA that opens here; where it is not of its length, those that held."""
        element = text[3:4]
        if not text.startswith("ISA") or not element or element.isalnum():
            return self, text
        if len(text) >= _ISA and text[:104].count(element) == 16 and text[103] == element:
            return _Marks(text, name, self.kind), text
        if element != self.element:
            raise _bad_isa(name)
        return self, text


def _bad_isa(where: str) -> InputError:
    return unread("unread.bad_isa", where, "Ask the sender for the interchange as it left")


def separators(source: Source, kind: str) -> Marks:
    """By their places in ISA; sets of this kind are also seen where one before breaks off."""
    with source.open() as opened:
        head = opened.read(_ISA + 64).decode("iso8859-1").lstrip("\xef\xbb\xbf \t\r\n")
    if not head.startswith("ISA") or len(head) < _ISA:
        raise unread("unread.not_x12", source.name, "Ask the sender for the whole interchange")
    return _Marks(head, f"{source.name}: segment 1", kind)


def sets(source: Source, kind: str) -> Iterator[TransactionSet]:
    """Every set in order; the envelopes are counted first, since they close behind it."""
    marks = separators(source, kind)
    with source.open() as opened:
        envelopes = _envelopes(tokenize(opened, source.name, marks))
    current: TransactionSet | None = None
    made: str | None = None
    group, warnings = 0, envelopes[0]
    with source.open() as opened:
        for segment in tokenize(opened, source.name, marks):
            if segment.tag == "GS":
                made, group = day(segment.get(4), segment.get(5)), group + 1
                warnings = envelopes[group]
            elif segment.tag in ("GE", "IEA"):  # a set behind it is of no group: no time is its own
                made, warnings = None, envelopes[0]
            if segment.tag in _CONTROLS and current is not None:
                if segment.tag == "SE":
                    current.warnings += _differ("se", segment, len(current.segments) + 2)
                    if segment.get(2) != current.control:
                        current.warnings.append("x12_se_reference")
                else:
                    current.fail("x12_no_se", f"segment {segment.place}: no SE before it")
                yield current
                current = None
            if segment.tag == "ST":
                current = TransactionSet(segment, made)
                current.warnings += warnings
            elif current is not None:
                if segment.note == "edifact_bad_tag" or segment.tag == "":
                    current.fail("x12_cut", f"segment {segment.place}: broken")
                if len(current.segments) >= LONGEST:
                    current.fail("x12_too_long", f"more than {LONGEST} segments in one set")
                else:
                    current.segments.append(segment)
            elif segment.tag not in _CONTROLS | _BESIDE:
                current = TransactionSet(Segment("ST", [], segment.place), made)
                current.fail(_NO_SET, f"segment {segment.place}: no ST before it")
    if current is not None:
        current.fail("x12_no_se", "the file ends before SE")
        yield current


def _envelopes(segments: Iterator[Segment]) -> list[list[str]]:
    """Warnings of each functional group, from GE and IEA; the first is for sets in none."""
    found: list[list[str]] = [[]]
    now = found[0]
    opened = 0  # groups before this interchange
    count = 0
    for segment in segments:
        if segment.tag == "ISA":
            opened = len(found)
        elif segment.tag == "GS":
            now = []
            found.append(now)
            count = 0
        elif segment.tag == "ST":
            count += 1
        elif segment.tag == "GE":
            now += _differ("ge", segment, count)
            now, count = found[0], 0
        elif segment.tag == "IEA":
            for group in found[opened:]:
                group += _differ("iea", segment, len(found) - opened)
            opened = len(found)
    return [[*dict.fromkeys(one)] for one in found]


def _differ(name: str, control: Segment, found: int) -> list[str]:
    declared = decimal(control.get(1))
    if declared == found:
        return []
    more = declared is not None and declared > found
    return [f"x12_{name}_count" + ("_short" if more else "")]


def day(text: str, clock: str = "") -> str | None:
    """ccyymmdd or yymmdd, with HHMM where it is given, as ISO 8601."""
    text = f"20{text}" if len(text) == 6 else text
    return moment(text + clock[:4] if re.fullmatch(r"\d{4,8}", clock) else text)


def measure(
    extra: dict[str, Any],
    warnings: list[str],
    column: str,
    text: str,
    unit: str,
    units: Mapping[str, str] = KILOGRAMS,
) -> str | None:
    """A measure in the unit of its column; zero is missing. Else a warning, the text in `extra`."""
    value, factor = decimal(text), decimal(units.get(unit[:1]))
    if value and factor:
        return plain(value * factor)
    if text.strip() and value != 0:
        warnings.append("measure_unreadable" if value is None else "unit_unknown")
        extra.setdefault(column, f"{text} {unit}".strip())
    return None


def keep(extra: dict[str, Any], segment: Segment) -> None:
    """A segment that no column takes, as it stands, under its tag."""
    text = "*".join(":".join(segment.components(at)) for at in range(1, len(segment.elements)))
    extra.setdefault(segment.tag, []).append(text)
