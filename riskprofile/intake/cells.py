"""Cells that came with a type (spreadsheet, JSON) to the text a declaration would show."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

EXACT = 2**53  # below it a float64 holds every whole number


class Number(str):
    """The text of a number that was not written as text."""

    __slots__ = ()


def as_text(value: Any) -> str | None:
    """Text of one cell: numbers without `.0`, dates in ISO form, nothing for an empty cell.

    A spreadsheet keeps 15 digits of a number: one that is longer and may have been cut, or that
    no float holds exactly, is written as a power of ten.

    >>> as_text(101.0), as_text(0.5), as_text(True), as_text(date(2026, 1, 2)), as_text("")
    ('101', '0.5', 'true', '2026-01-02', None)
    >>> as_text(202611240000123.0), as_text(2026112400001234.0), as_text(2026112400001230.0)
    ('202611240000123', '2026112400001234', '2.02611240000123e+15')
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer():
            kept = f"{value:.15g}"
            cut = abs(value) >= 1e15 and (float(kept) == value or abs(value) >= EXACT)
            return kept if cut else str(int(value))
        return repr(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)


def with_point(column: pa.Array) -> pa.Array:
    """Texts of numbers that came as such, none of which can be read with a decimal comma.

    >>> with_point(pa.array(["1.234", "12.5", None], pa.large_string())).to_pylist()
    ['1.2340', '12.5', None]
    """
    return pc.replace_substring_regex(column, r"^([+-]?[1-9][0-9]{0,2}\.[0-9]{3})$", r"\10")


def hs_as_text(value: float | str) -> tuple[str, str]:
    """An HS code that came as a number: its digits, and a warning.

    A number keeps no zeros before it. With an odd count of digits one is certainly lost,
    since HS codes have an even count; after a point it is the last that is lost. An even
    count may be whole or not, and stays.

    >>> hs_as_text(101.0), hs_as_text(940370.0), hs_as_text(9305.2)
    (('0101', 'hs_as_number'), ('940370', 'hs_as_number'), ('930520', 'hs_as_number'))
    """
    text = as_text(float(value)) or ""
    whole, _, part = text.partition(".")
    digits = whole.zfill(len(whole) + len(whole) % 2) if whole.isdigit() else whole
    part += "0" * (len(part) % 2)
    return digits + part, "hs_as_number"
