"""The ground: what a table, a column and a mask are, and what a column may hold.

A batch is a table from the reader to the ranker. Text is Arrow-backed and keeps
missing apart from empty; numbers are `float64` (missing is NaN) or `Int64`;
times are UTC; flags are `boolean`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import pandas as pd

from riskprofile import columns
from riskprofile.columns import View

Table: TypeAlias = pd.DataFrame
Column: TypeAlias = pd.Series
Mask: TypeAlias = pd.Series  # plain bool: unknown has not fired

TEXT, TIME = columns.TEXT, columns.TIME

Kind = Literal[
    "text",  # as declared
    "codes",  # codes joined by a vertical bar
    "int",
    "float",
    "bool",
    "datetime",
    "date",
    "choice",  # one of `choices`
    "country",  # ISO 3166 alpha-2, and XK
    "place",  # UN/LOCODE, or what the column's text says
    "currency",  # ISO 4217
    "hs",  # 2 to 10 digits
    "json",
]

DTYPES: dict[str, Any] = {
    "int": pd.Int64Dtype(),
    "float": "float64",
    "bool": pd.BooleanDtype(),
    "datetime": TIME,
}


@dataclass(frozen=True)
class ColumnSpec:
    """One canonical column: its name, what it may hold, and who may read it.

    `protection` is `"P1"` (protected: nothing that rates reads it), `"P2"`
    (identity: the party resolver alone reads it) or `""`. `minimum` and `maximum` are
    inclusive unless `above` is set, then the value must be greater than `minimum`.
    `longest` is how many characters a text has at most, and each code of those that are joined.
    """

    name: str
    kind: Kind
    doc: str
    protection: Literal["", "P1", "P2"] = ""
    minimum: float | None = None
    maximum: float | None = None
    above: bool = False
    choices: tuple[str, ...] = ()
    longest: int | None = None

    @property
    def dtype(self) -> Any:
        """The pandas dtype of this column in a canonical table."""
        return DTYPES.get(self.kind, TEXT)


class Layout(Protocol):
    """What a table reader asks of a kind of table: a profile, or a register beside it."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def columns(self) -> tuple[ColumnSpec, ...]:
        """Its columns, in order."""

    @property
    def by_name(self) -> Mapping[str, ColumnSpec]:
        """Its columns by name."""

    @property
    def names(self) -> list[str]:
        """Its column names, in order."""

    @property
    def mandatory(self) -> tuple[tuple[str, ...], ...]:
        """Alternatives: one column of each inner tuple must be there."""

    @property
    def time(self) -> str:
        """The column that says when a row was lodged; empty when there is none."""

    @property
    def due(self) -> str:
        """The column that says when its goods arrive; empty when there is none."""

    @property
    def office(self) -> str:
        """The column whose time zone a naive time takes; empty when there is none."""


# Beside the columns of the profile, a reader adds where each row came from.
SOURCE_COLUMNS = ("source", "line", "warnings")
REJECTION_COLUMNS = ("source", "line", "record_id", "column", "reason_code", "reason", "raw")


class Registers(Protocol):
    """What stood beside the declarations when a rating began. Indicators alone ask it.

    Frozen before the run: what was loaded later, or happened later, is not in it, and
    nothing that an inspection found is. Parties are compared by opaque keys. A register
    that holds nothing says nothing: every answer is then missing.
    """

    def holds(self, kind: str) -> bool:
        """Whether this register holds any entry."""

    def entry(self, kind: str, items: View, by: Sequence[str]) -> View:
        """The entry under each row's key: the first of `by` that is found.

        Same index; a column `found` (1 or 0, NaN where the register is empty or the row
        has no key), and the register's columns, missing where there is no entry. Days
        are times at the start of the day (UTC). Licences have `stated_at` besides: the time for
        which this entry speaks.
        """

    def happened(self, items: View, kind: str, *values: str) -> columns.Column:
        """When the last such event of each row's record happened; NaT when none did."""

    def waiting(self, items: View, since: str, until: str) -> View:
        """Columns `days` since the yard event `since` with no `until` yet, and `usual`.

        `usual` is what 95 of 100 completed waits stay under, missing below 50 of them.
        """

    def embargoed(self, items: View, places: columns.Text) -> columns.Column:
        """First digits of HS codes under an embargo in force over any of `places`.

        `places` holds country or UN/LOCODE codes joined by a bar. The answer is joined
        by a bar too, and missing where there is no embargo on the row's own day.
        """

    def overdue(self, items: View, by: Sequence[str], days: float) -> columns.Column:
        """Licences of a party whose delivery is unverified `days` after it was due."""


class History(Protocol):
    """What was known of parties, lanes and goods before a declaration was lodged.

    Every answer is as of each row's own time (`lodged_at` or `crossing_at`), so
    later history changes nothing. `by` names columns of `items`; a row with one of
    them missing gets a missing answer. An answer is float64 with NaN for missing.
    """

    @property
    def registers(self) -> Registers:
        """What stood beside the declarations; features never ask it."""

    def age(self, items: View) -> columns.Column:
        """Days from the first event known to each row's own day; 0 when nothing is known."""

    def count(self, items: View, by: Sequence[str], days: float | None = None) -> columns.Column:
        """Declarations with the same values before this one, in the last `days`."""

    def first_seen(self, items: View, by: Sequence[str]) -> columns.Column:
        """Time of the first declaration with the same values; NaT when new."""

    def last_seen(self, items: View, by: Sequence[str]) -> columns.Column:
        """Time of the latest earlier declaration with the same values; NaT when new."""

    def partners(
        self, items: View, of: Sequence[str], by: Sequence[str], days: float | None = None
    ) -> columns.Column:
        """Distinct values of `of` first seen with `by` before this row, in the last `days`."""

    def norm(self, items: View, measure: str, by: Sequence[str]) -> View:
        """Columns `n`, `mean`, `sd` of an earlier measure (see `Profile.measures`)."""

    def finds(self, items: View, by: Sequence[str]) -> columns.Column:
        """Confirmed finds with the same values whose result was known before this row."""


FeatureFunction: TypeAlias = Callable[[View, History], columns.Column]
IndicatorFunction: TypeAlias = Callable[[View, History], columns.Mask]


@dataclass(frozen=True)
class Feature:
    """A number the scorecard may read: one function from table and history to a column.

    `reads` is the sentence an officer sees, with `{value}` for the row's value and
    `10^{value}` for what a decimal logarithm is of; `norm` says what is usual, if that
    can be said in words. `monotone` is +1 when more can only raise the rating, -1 when
    it can only lower it, 0 when data decide. `none` marks one of which 0 or less says that there
    is no such thing as the sentence tells of.
    `written` is the function itself: what it returns was not looked at yet.
    """

    name: str
    unit: str
    reads: str
    compute: FeatureFunction
    written: FeatureFunction
    monotone: Literal[-1, 0, 1] = 0
    norm: str = ""
    silent_without_history: bool = False
    none: bool = False
    doc: str = ""

    def __call__(self, items: View, history: History) -> columns.Column:
        """The feature's column for this table: float64, same index."""
        return self.compute(items, history)


@dataclass(frozen=True)
class Indicator:
    """A named warning sign: a mask, a sentence, and what would clear it.

    `key` is a key of the typology table. `raises` is the lane that it raises to.
    `over_batch` marks one that links rows of a batch: it sees the batch as a set, in which rows
    count for each other that share one of the keys `by`, or all where it names none; `among` tells
    of which rows it may fire, so that the company of others need not be sought.
    `after_others` marks one that reads what the indicators of the row alone said. `says` may
    name columns of the table in braces.
    """

    key: str
    queue: Literal["trafficking", "compliance", "data_quality"]
    says: str
    cleared_by: str
    check: str
    compute: IndicatorFunction
    raises: Literal["red", "yellow"] = "yellow"
    stage: Literal["pre_arrival", "yard", "inspection", "registry"] = "pre_arrival"
    over_batch: bool = False
    by: tuple[str, ...] = ()
    among: Callable[[View], columns.Mask] | None = None
    after_others: bool = False
    silent_without_history: bool = False
    source: str = ""
    doc: str = ""

    def __call__(self, items: View, history: History) -> columns.Mask:
        """Where it fired in this table: plain bool, same index."""
        return self.compute(items, history)
