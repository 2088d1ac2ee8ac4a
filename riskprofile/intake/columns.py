"""Headings of a file to canonical columns, in several languages.

The aliases are data: `reference/headers.json`. A canonical name always wins; otherwise the
most exact heading that means a column takes it, and of equals the first: `Declaration number`
before `AWB`, `Customs value` before `Value` and `Price`, `Currency code` before `Currency`,
wherever they stand. The others stay unknown; but where a currency is named by several headings,
a row in which the first holds no letters of a code (840, or nothing) takes those that another
holds, and where none holds any, the number of a code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.intake import json_text
from riskprofile.intake.codes import CURRENCY_NUMBERS, folded, reference
from riskprofile.intake.reader import Source, unread
from riskprofile.layouts import LAYOUTS
from riskprofile.reference.arms import SEIZURES
from riskprofile.reference.registers import REGISTERS, STATED
from riskprofile.tables import SOURCE_COLUMNS, Layout

AUTO = "auto"
CURRENCY = "currency"
REPEATED, REPEATED_TOLD = "header_repeated", "the headings stand here again"
BELOW = "other_headings"  # a row of another table
BELOW_TOLD = "other headings stand in line {line}: this row is of another table"
_LETTERS = "[A-Za-z]{3}"
_CODES = (rf"^\s*{_LETTERS}\s*$", rf"^\s*(?:{'|'.join([_LETTERS, *CURRENCY_NUMBERS])})\s*$")


BESIDE = {**REGISTERS, SEIZURES.name: SEIZURES}  # tables that are no declarations


def layout(name: str) -> Layout:
    """The columns of a kind of declaration or of a register, by its name."""
    return BESIDE[name].reading if name in BESIDE else LAYOUTS[name]


@lru_cache(maxsize=1)
def _aliases() -> dict[str, dict[str, tuple[int, str]]]:
    """For each profile, what a folded heading means: its place among the exact ones, the column."""
    table = reference("headers.json")
    made: dict[str, dict[str, tuple[int, str]]] = {}
    every: list[Layout] = [*LAYOUTS.values(), *(one.reading for one in BESIDE.values())]
    for profile in every:
        names: dict[str, tuple[int, str]] = {}
        for column, languages in table.get(profile.name, {}).items():
            for place, heading in (
                pair for words in languages.values() for pair in enumerate(words)
            ):
                names.setdefault(folded(heading), (place, column))
        names |= {folded(name): (-1, name) for name in profile.names}
        for column, headings in table["exact"].get(profile.name, {}).items():
            names |= {folded(heading): (-2, column) for heading in headings}
        made[profile.name] = names | ({"source": (-1, STATED)} if STATED in profile.names else {})
    return made


@dataclass(frozen=True)
class Mapped:
    """Which position of a file fills which column of which profile."""

    profile: str
    columns: Mapping[str, int]  # canonical name: position
    unknown: Mapping[str, int]  # heading as written: position
    warnings: int | None = None  # where a canonical file that was written by us has its warnings

    spare: tuple[int, ...] = ()  # positions that mean the currency too, the most exact first

    @property
    def headings(self) -> tuple[str, ...]:
        """Headings that fill no canonical column."""
        return tuple(name for name, at in self.unknown.items() if at not in self.spare)

    def missing(self) -> list[str]:
        """Mandatory columns that no heading names, alternatives joined by "or"."""
        return [
            " or ".join(group)
            for group in layout(self.profile).mandatory
            if not any(name in self.columns for name in group)
        ]


def match(headings: Sequence[str], profile: Layout) -> Mapped:
    """Map headings to the columns of one profile."""
    columns: dict[str, int] = {}
    for position in exact_first(headings, profile.name):
        name = column_of(headings[position], profile.name)
        if name:
            columns.setdefault(name, position)
    unknown: dict[str, int] = {}
    ours = set(SOURCE_COLUMNS) <= set(headings)
    for position, heading in enumerate(headings):
        if position in columns.values() or (ours and heading in SOURCE_COLUMNS):
            continue
        name = heading.strip() or f"column {position + 1}"
        unknown[name if name not in unknown else f"{name} ({position + 1})"] = position
    carried = list(headings).index("warnings") if ours else None
    spare = tuple(
        position
        for position in exact_first(headings, profile.name)
        if CURRENCY in columns
        and position in unknown.values()
        and column_of(headings[position], profile.name) == CURRENCY
    )
    return Mapped(profile.name, columns, unknown, carried, spare)


def with_codes(currency: pa.Array, others: Sequence[pa.Array]) -> pa.Array:
    """A currency column, with the codes of others in the rows where it has none.

    Letters come first, then the number of a currency; no other number, which may be an amount.

    >>> own = pa.array(["840", None, "EUR", None, None])
    >>> with_codes(own, [pa.array(["USD", "usd", "NAD", "978", "100"])]).to_pylist()
    ['USD', 'usd', 'EUR', '978', None]
    """
    for code in _CODES:
        for other in others:
            lacks = pc.invert(pc.match_substring_regex(currency, code).fill_null(False))
            takes = pc.and_(lacks, pc.match_substring_regex(other, code).fill_null(False))
            currency = pc.if_else(takes, other, currency)
    return currency


def best(headings: Sequence[str], profile: str) -> Mapped:
    """The profile that these headings fit best, or the one asked for.

    A profile whose mandatory columns are all there comes before one that names more.
    """
    asked: list[Layout] = list(LAYOUTS.values()) if profile == AUTO else [layout(profile)]
    mapped = [match(headings, each) for each in asked]
    return max(mapped, key=lambda each: (-len(each.missing()), len(each.columns)))


def column_of(heading: str, profile: str) -> str:
    """The column that one heading means, or nothing."""
    name = heading.strip()
    if name in layout(profile).by_name:
        return name
    return _aliases()[profile].get(folded(heading), (0, ""))[1]


def exact_first(headings: Iterable[str], profile: str) -> list[int]:
    """Positions of headings, the most exact first: names of columns, then as the table has them."""
    aliases, names = _aliases()[profile], layout(profile).by_name

    def place(heading: str) -> int:
        return -3 if heading.strip() in names else aliases.get(folded(heading), (0, ""))[0]

    places = [place(heading) for heading in headings]
    return sorted(range(len(places)), key=places.__getitem__)


def fit(mapped: Mapped) -> tuple[int, int]:
    """How sure it is that these were headings; larger is surer, (0, 0) is no header row."""
    known, unknown = len(mapped.columns), len(mapped.unknown)
    if known < 2:
        return 0, 0
    if mapped.missing():  # a table all the same, whose error names what is missing
        return (1, known) if known >= min(3, unknown) else (0, 0)
    return 2, known


def means_column(text: str) -> bool:
    """Whether a word is a heading of any kind of declaration."""
    return any(column_of(text, profile) for profile in LAYOUTS)


def of_another(cells: Sequence[str], mapped: Mapped) -> bool:
    """Whether a row below headings is headings of another table: their order counts."""
    again = best(cells, AUTO)
    sure = fit(again)[0] == 2 and len(again.unknown) < len(again.columns)
    return sure and best(cells, mapped.profile).columns != mapped.columns


def required(mapped: Mapped, headings: Sequence[str], source: Source, line: int) -> Mapped:
    """The same, or an error that names the mandatory columns without a heading."""
    gaps = mapped.missing()
    if gaps:
        shown = ", ".join(repr(heading) for heading in headings[:12])
        raise unread(
            "unread.no_column",
            f"{source.name}:{line}",
            "Name the column by its canonical name, or add the heading to the file",
            names=" and ".join(gaps),
            shown=shown,
        )
    return mapped


def wanted(profile: str) -> str:
    """The mandatory columns of a kind of declaration or a register; of either kind where `AUTO`."""
    asked: list[Layout] = list(LAYOUTS.values()) if profile == AUTO else [layout(profile)]
    return "; or ".join(" and ".join(match((), each).missing()) for each in asked)


def complete(made: dict[str, pa.Array], mapped: Mapped, cells: Callable[[int], pa.Array]) -> None:
    """Add to the columns of some rows what stands beside them, by the cells of a position.

    The codes of other currency columns; and as `extra` the cells of unknown ones, a JSON object a
    row, beside what `extra` already held.
    """
    if mapped.spare:
        made[CURRENCY] = with_codes(made[CURRENCY], [cells(at) for at in mapped.spare])
    unknown = {name: cells(at) for name, at in mapped.unknown.items()}
    filled = {name: each for name, each in unknown.items() if each.null_count < len(each)}
    if not filled:
        return
    told, given = json_text.objects(filled), made.get("extra")
    if given is not None and given.null_count < len(given):
        both = zip(given.to_pylist(), told.to_pylist(), strict=True)
        told = pa.array([json_text.merged(old, new) for old, new in both], pa.large_string())
    made["extra"] = told
