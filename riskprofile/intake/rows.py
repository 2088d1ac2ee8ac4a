"""Gather records into chunks of text, one dictionary per record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from riskprofile.intake.chunks import CHUNK_BYTES
from riskprofile.intake.codes import ten_digits
from riskprofile.intake.reader import RawChunk, Rejection, Source
from riskprofile.tables import SOURCE_COLUMNS

MAX_ROWS = 5_000  # of a chunk: rows gathered one by one take some kilobytes each
# Characters that the rows of a file hold at most, and how many times what it holds itself: each row
# repeats what its heading says, and of a megabyte of that and as many small items came terabytes.
MOST, MOST_TIMES = 100_000_000, 100
RAW_LIMIT = 2_000  # characters of a rejected record that the quarantine keeps


class Gather:
    """Collects rows and rejections of one source until a chunk is full, at `MAX_ROWS` at most."""

    def __init__(self, profile: str, source: Source, chunk_rows: int) -> None:
        self.profile, self.source = profile, source.name
        self._room = MOST + MOST_TIMES * source.size
        self.chunk_rows = max(1, min(chunk_rows, MAX_ROWS))
        self.accepted = 0
        self._size = 0  # characters held: all containers of a declaration stand in each item
        self._rows: list[dict[str, Any]] = []
        self._rejected: list[Rejection] = []

    @property
    def full(self) -> bool:
        """Whether `chunk_rows` records wait, or fewer that are long."""
        waiting = len(self._rows) + len(self._rejected)
        return waiting >= self.chunk_rows or self._size >= CHUNK_BYTES

    def row(
        self,
        values: Mapping[str, str | None],
        *,
        line: int,
        warnings: Iterable[str] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Add one record; empty values are left out, warnings keep their first order.

        Of an HS code ten digits are the column's, with a warning where it has more: then `extra`
        has it as declared.
        """
        row: dict[str, Any] = {name: value for name, value in values.items() if value}
        if code := row.get("hs_code"):
            row["hs_code"], shortened = ten_digits(code)
            if shortened:
                warnings, extra = [*warnings, shortened], {**(extra or {}), "hs_code": code}
        if extra:
            row["extra"] = json.dumps(extra, ensure_ascii=False)
        size = sum(map(len, row.values()))
        if size > self._room:
            named = values.get("declaration_id") or values.get("crossing_id")
            reason = f"rows as this one hold more than {MOST_TIMES} times what the file does"
            self.reject("report_too_large", reason, line=line, record_id=named)
            return
        self._room -= size
        self._size += size
        row["source"], row["line"] = self.source, line
        row["warnings"] = "|".join(dict.fromkeys(warnings)) or None if warnings else None
        self._rows.append(row)
        self.accepted += 1

    def reject(
        self,
        code: str,
        reason: str,
        *,
        line: int,
        record_id: str | None = None,
        raw: str = "",
    ) -> None:
        """Set one record aside, with a reason code and a sentence."""
        self._rejected.append(
            Rejection(self.source, line, code, reason, record_id, None, raw[:RAW_LIMIT])
        )

    def take(self) -> RawChunk:
        """The chunk gathered so far; the next one starts empty."""
        names = dict.fromkeys(name for row in self._rows for name in row)
        columns = [name for name in names if name not in SOURCE_COLUMNS]
        schema = pa.schema(
            [
                (name, pa.int64() if name == "line" else pa.large_string())
                for name in (*columns, *SOURCE_COLUMNS)
            ]
        )
        rows = pa.RecordBatch.from_pylist(self._rows, schema)
        chunk = RawChunk(self.profile, rows, self._rejected)
        self._rows, self._rejected, self._size = [], [], 0
        return chunk


def one_line(text: str | None) -> str | None:
    """Text with runs of white space as one blank; nothing is missing."""
    return " ".join(text.split()) or None if text else None


def decimal(text: str | None) -> Decimal | None:
    """A finite number, or nothing when the text is not one."""
    if not text or "_" in text or not text.isascii():
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    # An exponent beyond any real mass or amount would expand into millions of digits.
    return value if value.is_finite() and abs(value.adjusted()) <= 30 else None


def plain(value: Decimal) -> str:
    """A number as plain text with a dot: no exponent, no trailing zeros.

    >>> plain(Decimal("1.250E+4")), plain(Decimal("0.50"))
    ('12500', '0.5')
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(text: str | None) -> str | None:
    """A number as plain text; what is no number stays as declared, to be quarantined.

    >>> number("1.5E3"), number("12,5"), number(None)
    ('1500', '12,5', None)
    """
    value = decimal(text)
    return one_line(text) if value is None else plain(value)


def joined(values: Iterable[str | None]) -> str | None:
    """Distinct codes in order, joined by a vertical bar.

    >>> joined(["A", None, "B", "A"])
    'A|B'
    """
    kept = dict.fromkeys(value.replace("|", "/") for value in values if value)
    return "|".join(kept) or None


def journey(places: Iterable[str | None]) -> str | None:
    """Places in order, neighbours that repeat said once; a single place is no journey.

    >>> journey(["XA", "XB", None, "XB", "XA"])
    'XA|XB|XA'
    """
    kept: list[str] = []
    for place in places:
        if place and (not kept or kept[-1] != place):
            kept.append(place)
    return "|".join(kept) if len(kept) > 1 else None


_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:T?(\d\d):?(\d\d)(?::?(\d\d))?(?:\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?"
)


def moment(text: str | None) -> str | None:
    """`20220606010000+01` and its like as ISO 8601; naive without a zone.

    >>> moment("20220606010000+01"), moment("20251111150522Z"), moment("20221301")
    ('2022-06-06T01:00:00+01:00', '2025-11-11T15:05:22+00:00', None)
    """
    found = _MOMENT.fullmatch((text or "").strip())
    if not found:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    made = f"{year}-{month}-{day}"
    if hour:
        made += f"T{hour}:{minute}:{second or '00'}"
        if zone:
            digits = zone[1:].replace(":", "").ljust(4, "0")
            made += "+00:00" if zone == "Z" else f"{zone[0]}{digits[:2]}:{digits[2:]}"
    try:
        datetime.fromisoformat(made)
    except ValueError:
        return None
    return made
