"""What was known before: counts, first times, partners, norms and finds, as of each row's day.

A snapshot is built once per run from past views and does not change. It answers as
known at the start (UTC) of the day on which a row was lodged, so rows of one day do
not see each other, in training as in serving, and the order of a day's files cannot
matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from riskprofile.history.lookup import NOTHING
from riskprofile.reference.hashing import hash_texts
from riskprofile.reference.once import Answers
from riskprofile.tables import TIME, Column, Registers, Table

_EPOCH = pd.Timestamp("1980-01-01", tz="UTC")
_SPAN = np.int64(2**33)  # seconds: 272 years for one key
_DAY = 86_400
QUANTUM = 1024  # measures are kept as whole 1/1024, so that sums are exact in any order


CHUNK, POSITION = "_chunk", "_position"  # where the row of an event lies, if that is known


@dataclass(frozen=True)
class _Index:
    """Events of one key, sorted by key and time; `sums` are running sums before each event."""

    keys: np.ndarray  # sorted distinct int64
    times: np.ndarray  # sorted int64: position of the key * _SPAN + seconds
    total: np.ndarray | None = None
    squares: np.ndarray | None = None

    @classmethod
    def of(
        cls, hashes: np.ndarray, seconds: np.ndarray, values: np.ndarray | None = None
    ) -> _Index:
        keys, position = np.unique(hashes, return_inverse=True)
        times = position.astype(np.int64) * _SPAN + seconds
        if values is None:
            return cls(keys, np.sort(times))
        order = np.argsort(times, kind="stable")
        values = values[order]
        return cls(
            keys,
            times[order],
            np.concatenate([[0], np.cumsum(values)]),
            np.concatenate([[0], np.cumsum(values * values)]),
        )

    def span(self, asked: _Asked, window: float | None) -> tuple[np.ndarray, np.ndarray]:
        """First and past-the-end event of each query, before its day, within `window`."""
        made = np.zeros((2, len(asked.order)), dtype=np.int64)
        if len(self.keys):
            position = np.searchsorted(self.keys, asked.hashes).clip(max=len(self.keys) - 1)
            known = self.keys[position] == asked.hashes
            base = position[known].astype(np.int64) * _SPAN
            until = asked.days[known]
            since = until - until if window is None else (until - round(window)).clip(min=0)
            where = asked.order[known]
            made[0, where] = np.searchsorted(self.times, base + since, side="left")
            made[1, where] = np.searchsorted(self.times, base + until, side="left")
        return made[0], made[1]


@dataclass(frozen=True)
class _Asked:
    """Queries sorted by key and day: so asked, a search stays near where the last one ended."""

    order: np.ndarray  # place of each query in the table
    hashes: np.ndarray
    days: np.ndarray
    given: np.ndarray  # in the order of the table: rows that have all of the key

    @classmethod
    def of(cls, hashes: np.ndarray, days: np.ndarray, given: np.ndarray) -> _Asked:
        order = np.lexsort((days, hashes))
        return cls(order, hashes[order], days[order], given)


class _Questions(Answers):
    """Keys and days of the latest table asked about: most features ask by the same few.

    Apart from what `once` remembers: a feature may ask of a table that it changed, and that
    must not make the others forget.
    """

    def keys(self, items: Table, by: Sequence[str]) -> _Asked:
        """The queries of a table by these columns."""
        known = self.of(items)
        name = tuple(by)
        if name not in known:
            if "day" not in known:
                known["day"] = _day(items["time"])
            hashes, given = _hash_rows(items[list(by)])
            known[name] = _Asked.of(hashes, known["day"], given)
        asked: _Asked = known[name]
        return asked


_asked = _Questions()


class Snapshot:
    """History frozen before a run. Implements `tables.History`.

    Parameters
    ----------
    events : Table
        Remembered columns of past views, and `time`; any order.
    finds : Table, optional
        The same columns of declarations with a confirmed find, where `time` is when
        the result became known.
    registers : Lookup, optional
        What stood beside the declarations when the run began.
    """

    def __init__(
        self,
        events: Table | None = None,
        finds: Table | None = None,
        registers: Registers = NOTHING,
    ) -> None:
        self.registers = registers
        self._events = _Events(events if events is not None else pd.DataFrame())
        self._finds = _Events(finds if finds is not None else pd.DataFrame())
        self._indexes: dict[tuple[object, ...], _Index] = {}

    @classmethod
    def from_views(
        cls,
        views: Sequence[Table],
        finds: Sequence[Table] = (),
        registers: Registers = NOTHING,
    ) -> Snapshot:
        """From past views (see `resolver.view`)."""
        return cls(
            pd.concat(views, ignore_index=True) if views else None,
            pd.concat(finds, ignore_index=True) if finds else None,
            registers,
        )

    def __len__(self) -> int:
        return len(self._events)

    @property
    def remembered(self) -> Table:
        """The events themselves, for related records."""
        return self._events.frame

    @property
    def found(self) -> Table:
        """The events of confirmed finds; `time` is when the result became known."""
        return self._finds.frame

    def age(self, items: Table) -> Column:
        """Days from the first event known to each row's own day; 0 when nothing is known."""
        if not len(self._events):
            return pd.Series(0.0, index=items.index)
        first = self._events.first // _DAY
        days = (_seconds(items["time"]) // _DAY - first).clip(min=0)
        return pd.Series(days.astype("float64"), index=items.index)

    def count(self, items: Table, by: Sequence[str], days: float | None = None) -> Column:
        """Declarations with the same values before this row's day, in the last `days`."""
        index = self._index(("count", *by), lambda: self._events.index(by))
        return self._ask(index, items, by, lambda first, end: end - first, days)

    def first_seen(self, items: Table, by: Sequence[str]) -> Column:
        """Time of the first declaration with the same values; NaT when new."""
        return self._when(items, by, last=False)

    def last_seen(self, items: Table, by: Sequence[str]) -> Column:
        """Time of the latest earlier declaration with the same values; NaT when new."""
        return self._when(items, by, last=True)

    def partners(
        self, items: Table, of: Sequence[str], by: Sequence[str], days: float | None = None
    ) -> Column:
        """Distinct `of` first seen with these `by` before this row, in the last `days`."""
        index = self._index(("partners", *of, "/", *by), lambda: self._events.first_index(of, by))
        return self._ask(index, items, by, lambda first, end: end - first, days)

    def norm(self, items: Table, measure: str, by: Sequence[str]) -> Table:
        """Columns `n`, `mean`, `sd` of `measure` over earlier declarations with the same values.

        `mean` and `sd` are missing where `n` is 0; `sd` is of the population.
        """
        index = self._index(("norm", measure, *by), lambda: self._events.index(by, measure))
        asked = _asked.keys(items, by)
        first, end = index.span(asked, None)
        n = np.where(asked.given, end - first, 0).astype("float64")
        if index.total is None or index.squares is None:
            mean = sd = np.full(len(items), np.nan)
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = (index.total[end] - index.total[first]) / n / QUANTUM
                square = (index.squares[end] - index.squares[first]) / n / QUANTUM**2
                sd = np.sqrt(np.maximum(square - mean**2, 0.0))
        seen = n > 0
        return pd.DataFrame(
            {"n": n, "mean": np.where(seen, mean, np.nan), "sd": np.where(seen, sd, np.nan)},
            index=items.index,
        )

    def finds(self, items: Table, by: Sequence[str]) -> Column:
        """Confirmed finds with the same values whose result was known before this row's day."""
        index = self._index(("finds", *by), lambda: self._finds.index(by))
        return self._ask(index, items, by, lambda first, end: end - first, None)

    def _index(self, name: tuple[object, ...], make: object) -> _Index:
        if name not in self._indexes:
            self._indexes[name] = make()  # type: ignore[operator]
        return self._indexes[name]

    def _ask(
        self, index: _Index, items: Table, by: Sequence[str], answer: object, days: float | None
    ) -> Column:
        asked = _asked.keys(items, by)
        first, end = index.span(asked, None if days is None else days * _DAY)
        answered = np.where(asked.given, answer(first, end), np.nan)  # type: ignore[operator]
        return pd.Series(answered.astype("float64"), index=items.index)

    def _when(self, items: Table, by: Sequence[str], *, last: bool) -> Column:
        index = self._index(("count", *by), lambda: self._events.index(by))
        asked = _asked.keys(items, by)
        first, end = index.span(asked, None)
        seen = asked.given & (end > first)
        if not len(index.times):
            return pd.Series(pd.NaT, index=items.index, dtype=TIME)
        found = index.times[np.where(seen, end - 1 if last else first, 0)] % _SPAN
        when = pd.Series(_EPOCH + pd.to_timedelta(found, unit="s"), index=items.index)
        return when.astype(TIME).where(seen)


class _Events:
    """Past rows, hashed on demand."""

    def __init__(self, frame: Table) -> None:
        frame = frame[frame["time"].notna()] if len(frame) else frame
        self.frame = frame.reset_index(drop=True)

    def columns(self, names: Sequence[str]) -> Table:
        """Columns of the past; one that an older version did not remember is missing."""
        return self.frame.reindex(columns=list(dict.fromkeys(names)))

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def seconds(self) -> np.ndarray:
        return _seconds(self.frame["time"])

    @cached_property
    def first(self) -> int:
        return int(self.seconds.min())

    def index(self, by: Sequence[str], measure: str | None = None) -> _Index:
        if not len(self):
            return _Index(np.empty(0, np.int64), np.empty(0, np.int64))
        hashes, keep = _hash_rows(self.columns(by))
        if measure is None:
            return _Index.of(hashes[keep], self.seconds[keep])
        values = self.columns([measure])[measure].to_numpy("float64", na_value=np.nan)
        keep = keep & np.isfinite(values)
        whole = np.rint(values[keep] * QUANTUM).astype(np.int64)
        return _Index.of(hashes[keep], self.seconds[keep], whole)

    def first_index(self, of: Sequence[str], by: Sequence[str]) -> _Index:
        """Each pair once, at the time it was first seen, under the hash of `by`."""
        if not len(self):
            return _Index(np.empty(0, np.int64), np.empty(0, np.int64))
        hashes, keep = _hash_rows(self.columns(by))
        pairs, both = _hash_rows(self.columns([*by, *of]))
        keep = keep & both
        hashes, pairs, seconds = hashes[keep], pairs[keep], self.seconds[keep]
        order = np.lexsort((seconds, pairs))
        once = np.ones(len(order), dtype=bool)
        once[1:] = pairs[order][1:] != pairs[order][:-1]
        return _Index.of(hashes[order][once], seconds[order][once])


def _seconds(time: Column) -> np.ndarray:
    """Whole seconds since 1980; a missing time counts as the beginning (nothing is known)."""
    elapsed = (time - _EPOCH) // pd.Timedelta(seconds=1)
    whole: np.ndarray = elapsed.fillna(0).clip(lower=0).to_numpy(np.int64)
    return whole


def _day(time: Column) -> np.ndarray:
    seconds = _seconds(time)
    start: np.ndarray = seconds - seconds % _DAY
    return start


def _hash_rows(columns: Table) -> tuple[np.ndarray, np.ndarray]:
    """One int64 per row over several columns, and which rows have all of them."""
    mixed = np.full(len(columns), 0x9E3779B97F4A7C15, dtype=np.uint64)
    given = np.ones(len(columns), dtype=bool)
    for name in columns.columns:
        column = columns[name]
        present = column.notna().to_numpy(dtype=bool)
        given &= present
        if pd.api.types.is_numeric_dtype(column.dtype):
            part = column.to_numpy("int64", na_value=0) if present.any() else 0
        else:
            codes, distinct = pd.factorize(column)
            hashes = hash_texts([str(value) for value in distinct.tolist()] or [""])
            part = hashes[codes.clip(min=0)]
        mixed = _mix(mixed ^ np.asarray(part, dtype=np.int64).view(np.uint64))
    signed: np.ndarray = mixed.view(np.int64)
    return signed, given


def _mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele and others, 2014): spreads every bit."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = x ^ (x >> np.uint64(31))
    return mixed
