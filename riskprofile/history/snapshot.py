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
from typing import Any

import numpy as np
import pandas as pd

from riskprofile.columns import Column, View, column, like
from riskprofile.history.asked import DAY, EPOCH, SECOND, Asked, days, queries, seconds
from riskprofile.history.lookup import NOTHING
from riskprofile.reference.hashing import START, hash_texts, mix
from riskprofile.tables import Registers, Table

_SPAN = np.int64(2**33)  # seconds: 272 years for one key
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

    def span(self, asked: Asked, window: float | None) -> tuple[np.ndarray, np.ndarray]:
        """First and past-the-end event of each query, before its day, within `window`."""
        made = np.zeros((2, len(asked.order)), dtype=np.int64)
        if len(self.keys):
            position = np.minimum(np.searchsorted(self.keys, asked.hashes), len(self.keys) - 1)
            known = self.keys[position] == asked.hashes
            base = position[known].astype(np.int64) * _SPAN
            until = asked.days[known]
            since = until - until if window is None else np.maximum(until - round(window), 0)
            where = asked.order[known]
            made[0, where] = np.searchsorted(self.times, base + since, side="left")
            made[1, where] = np.searchsorted(self.times, base + until, side="left")
        return made[0], made[1]


class Snapshot:
    """History frozen before a run. Implements `tables.History`.

    Asked of a pandas table, it answers with pandas columns under the table's index.

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

    def age(self, items: Any) -> Any:
        """Days from the first event known to each row's own day; 0 when nothing is known."""
        seen = View.of(items)
        if not len(self._events):
            return like(items, Column.full(len(seen), 0.0))
        past = days(seen) - self._events.first // DAY
        return like(items, Column(np.maximum(past, 0).astype(np.float64)))

    def count(self, items: Any, by: Sequence[str], days: float | None = None) -> Any:
        """Declarations with the same values before this row's day, in the last `days`."""
        index = self._index(("count", *by), lambda: self._events.index(by))
        return self._ask(index, items, by, lambda first, end: end - first, days)

    def first_seen(self, items: Any, by: Sequence[str]) -> Any:
        """Time of the first declaration with the same values; NaT when new."""
        return self._when(items, by, last=False)

    def last_seen(self, items: Any, by: Sequence[str]) -> Any:
        """Time of the latest earlier declaration with the same values; NaT when new."""
        return self._when(items, by, last=True)

    def partners(
        self, items: Any, of: Sequence[str], by: Sequence[str], days: float | None = None
    ) -> Any:
        """Distinct `of` first seen with these `by` before this row, in the last `days`."""
        index = self._index(("partners", *of, "/", *by), lambda: self._events.first_index(of, by))
        return self._ask(index, items, by, lambda first, end: end - first, days)

    def norm(self, items: Any, measure: str, by: Sequence[str]) -> Any:
        """Columns `n`, `mean`, `sd` of `measure` over earlier declarations with the same values.

        `mean` and `sd` are missing where `n` is 0; `sd` is of the population.
        """
        index = self._index(("norm", measure, *by), lambda: self._events.index(by, measure))
        asked = queries(View.of(items), by)
        first, end = index.span(asked, None)
        n = np.where(asked.given, end - first, 0).astype("float64")
        if index.total is None or index.squares is None:
            mean = sd = np.full(len(n), np.nan)
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = (index.total[end] - index.total[first]) / n / QUANTUM
                square = (index.squares[end] - index.squares[first]) / n / QUANTUM**2
                sd = np.sqrt(np.maximum(square - mean**2, 0.0))
        seen = n > 0
        told = {"n": n, "mean": np.where(seen, mean, np.nan), "sd": np.where(seen, sd, np.nan)}
        made = View({name: Column(one) for name, one in told.items()}, items.index)
        return made if isinstance(items, View) else made.table()

    def finds(self, items: Any, by: Sequence[str]) -> Any:
        """Confirmed finds with the same values whose result was known before this row's day."""
        index = self._index(("finds", *by), lambda: self._finds.index(by))
        return self._ask(index, items, by, lambda first, end: end - first, None)

    def _index(self, name: tuple[object, ...], make: object) -> _Index:
        if name not in self._indexes:
            self._indexes[name] = make()  # type: ignore[operator]
        return self._indexes[name]

    def _ask(
        self, index: _Index, items: Any, by: Sequence[str], answer: object, days: float | None
    ) -> Any:
        asked = queries(View.of(items), by)
        first, end = index.span(asked, None if days is None else days * DAY)
        answered = np.where(asked.given, answer(first, end), np.nan)  # type: ignore[operator]
        return like(items, Column(answered))

    def _when(self, items: Any, by: Sequence[str], *, last: bool) -> Any:
        index = self._index(("count", *by), lambda: self._events.index(by))
        asked = queries(View.of(items), by)
        first, end = index.span(asked, None)
        seen = asked.given & (end > first)
        if not len(index.times):
            return like(items, Column(np.full(len(seen), np.datetime64("NaT", "us"))))
        found = index.times[np.where(seen, end - 1 if last else first, 0)] % _SPAN
        return like(items, Column(EPOCH + found * SECOND).where(seen))


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
        return seconds(column(self.frame["time"]).values)

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


def _hash_rows(columns: Table) -> tuple[np.ndarray, np.ndarray]:
    """One int64 per row over several columns, and which rows have all of them."""
    mixed = np.full(len(columns), START, dtype=np.uint64)
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
        mixed = mix(mixed ^ np.asarray(part, dtype=np.int64).view(np.uint64))
    signed: np.ndarray = mixed.view(np.int64)
    return signed, given
