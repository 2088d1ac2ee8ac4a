"""How one file writes numbers and dates, decided from all its rows.

`1,234` is 1234 in one country and 1.234 in another, and `03/04/2026` is in March or in
April. A value with one possible reading gets it. A value with two gets what the other
values of its column, else of its file, show; when they show nothing, it is quarantined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

# What a convention can be. "" is undecided: a lone point is read as a decimal point,
# since that is how the canonical table writes it, and a lone comma is ambiguous.
POINT, COMMA, DAY_FIRST, MONTH_FIRST = "point", "comma", "day_first", "month_first"
AMBIGUOUS, UNDECIDED = "ambiguous", ""

# One reading in ten thousand may be a slip; as many as one in twenty is a second habit.
DOMINANT = 20

# Blanks that thousands are set off with: no-break, thin, narrow no-break, figure space.
_BLANKS = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2007": " ", "\u2019": "'"})


def _grammar(mark: str, group: str) -> re.Pattern[str]:
    grouped = rf"[1-9][0-9]{{0,2}}(?:(?P<g>[{group} '])[0-9]{{3}})(?:(?P=g)[0-9]{{3}})*"
    return re.compile(rf"([+-]?)(?:({grouped})|([0-9]*))(?:{mark}([0-9]*))?([eE][+-]?[0-9]+)?")


_POINT, _COMMA = _grammar(r"\.", ","), _grammar(",", ".")
_SEPARATORS = re.compile("[,. ']")


def _reading(text: str, grammar: re.Pattern[str]) -> str | None:
    match = grammar.fullmatch(text)
    if match is None:
        return None
    sign, grouped, _, plain, fraction, exponent = match.groups()
    whole = _SEPARATORS.sub("", grouped) if grouped else plain
    if not (whole or fraction):
        return None
    return f"{sign}{whole or '0'}.{fraction or '0'}{exponent or ''}"


def readings(text: str) -> tuple[str | None, str | None]:
    """A number read with a decimal point, and with a decimal comma; nothing where it cannot be.

    Strict ASCII digits: no underscores, no hexadecimal, no `inf` or `nan`.

    >>> readings("1,234"), readings("12.5"), readings("1 234,5"), readings("1_000")
    (('1234.0', '1.234'), ('12.5', None), (None, '1234.5'), (None, None))
    """
    text = text.translate(_BLANKS)
    return _reading(text, _POINT), _reading(text, _COMMA)


# The same in RE2, which counts a whole column: a separator with two readings, and with one.
EITHER = r"^[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}$"
_HAS_POINT = r"^[+-]?[0-9, ']*\.[0-9]*(?:[eE][+-]?[0-9]+)?$|^[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}$"
_HAS_COMMA = r"^[+-]?[0-9. ']*,[0-9]*(?:[eE][+-]?[0-9]+)?$|^[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}$"
_DAY_FIRST = r"^\s*(?:1[3-9]|2[0-9]|3[01])[/-][0-9]{1,2}[/-][0-9]{4}"
_MONTH_FIRST = r"^\s*[0-9]{1,2}[/-](?:1[3-9]|2[0-9]|3[01])[/-][0-9]{4}"


_TWO_WAYS = r"^[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}(?:[eE][+-]?[0-9]+)?$"
EITHER_DATE = r"^[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4}"


def _count(column: pa.Array, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(column, pattern)).as_py() or 0)


class Tally:
    """What the values seen so far show, per column: (point, comma) or (day, month) first."""

    def __init__(self) -> None:
        self.numbers: dict[str, list[int]] = {}
        self.dates: dict[str, list[int]] = {}
        self.either = 0  # numbers with two readings

    def add_numbers(self, name: str, column: pa.Array) -> None:
        """Count the evidence of one block of one numeric column."""
        distinct = pc.unique(column)
        distinct = distinct.filter(pc.match_substring_regex(distinct, "[.,]"))
        distinct = pc.utf8_trim_whitespace(distinct)
        either = pc.match_substring_regex(distinct, EITHER)
        self.either += int(pc.sum(either).as_py() or 0)
        single = distinct.filter(pc.invert(either))
        seen = self.numbers.setdefault(name, [0, 0])
        seen[0] += _count(single, _HAS_POINT)
        seen[1] += _count(single, _HAS_COMMA)

    def add_dates(self, name: str, column: pa.Array) -> None:
        """Count the evidence of one block of one date column."""
        distinct = pc.unique(column)
        seen = self.dates.setdefault(name, [0, 0])
        seen[0] += _count(distinct, _DAY_FIRST)
        seen[1] += _count(distinct, _MONTH_FIRST)


def _decide(counts: Mapping[str, list[int]], name: str, answers: tuple[str, str]) -> str:
    own = counts.get(name, [0, 0])
    pooled = [sum(each) for each in zip(*counts.values(), strict=True)] or [0, 0]
    for first, second in (own, pooled):
        if first and first >= DOMINANT * second:
            return answers[0]
        if second and second >= DOMINANT * first:
            return answers[1]
        if first and second:
            return AMBIGUOUS
    return UNDECIDED


class Conventions:
    """The conventions of one file; reads it whole, once, when a value has two readings.

    Parameters
    ----------
    scan : callable, optional
        Gives the raw text of the number and date columns, block by block.
    numbers, dates : iterable of str
        Names of those columns.
    undecided : str
        What a file without any evidence gets: `""`, or `"ambiguous"` where even a lone
        point may set off thousands (cells separated by semicolons: the decimal comma is
        then usual).
    """

    def __init__(
        self,
        scan: Callable[[], Iterator[Mapping[str, pa.Array]]] | None = None,
        numbers: Iterable[str] = (),
        dates: Iterable[str] = (),
        undecided: str = UNDECIDED,
    ) -> None:
        self._scan, self._undecided = scan, undecided
        self._numbers, self._dates = frozenset(numbers), frozenset(dates)
        self._tally: Tally | None = None
        self._shows_point = scan is None and undecided == UNDECIDED

    def look(self, blocks: Iterable[Mapping[str, pa.Array]], whole: bool) -> None:
        """Look at the first blocks, and at the file again unless they show decimal points.

        `whole` says that they are all of it. Done once before the first row is parsed, so that
        no row depends on where a chunk ends.
        """
        tally = self._count(blocks)
        if whole:
            self._tally = tally
        points = sum(seen[0] for seen in tally.numbers.values())
        commas = sum(seen[1] for seen in tally.numbers.values())
        self._shows_point = points >= DOMINANT and commas == 0

    @property
    def tally(self) -> Tally:
        """The evidence of the whole file."""
        if self._tally is None:
            self._tally = self._count(self._scan() if self._scan else ())
        return self._tally

    def _count(self, blocks: Iterable[Mapping[str, pa.Array]]) -> Tally:
        tally = Tally()
        for block in blocks:
            for name in block.keys() & self._numbers:
                tally.add_numbers(name, block[name])
            for name in block.keys() & self._dates:
                tally.add_dates(name, block[name])
        return tally

    def point_is_decimal(self, name: str, cells: pa.Array | None = None) -> bool:
        """Whether a lone point is a decimal point in this column.

        With `cells`, also where none of them leaves it open; then the file is not looked at.
        """
        if self._shows_point:
            return True
        if cells is not None and not pc.any(pc.match_substring_regex(cells, _TWO_WAYS)).as_py():
            return True
        return self.number(name) in (POINT, UNDECIDED)

    def number(self, name: str) -> str:
        """`"point"`, `"comma"`, `"ambiguous"`, or `""` when the file shows nothing."""
        return _decide(self.tally.numbers, name, (POINT, COMMA)) or self._undecided

    def date(self, name: str) -> str:
        """`"day_first"`, `"month_first"`, `"ambiguous"`, or `""` when the file shows nothing."""
        return _decide(self.tally.dates, name, (DAY_FIRST, MONTH_FIRST))
