"""What was known before: counts, first times, partners, norms and finds, as of each row's day.

A snapshot is opened once per run and does not change. It answers as known at the start (UTC)
of the day on which a row was lodged, so rows of one day do not see each other, in training as
in serving, and the order of a day's files cannot matter. Its past is a sequence of layers
(see `history.layer`): one made of past views in memory, or several mapped from files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from riskprofile.columns import Column, View, full, like
from riskprofile.history import alone
from riskprofile.history import asked as asking
from riskprofile.history.asked import DAY, EPOCH, queries
from riskprofile.history.index import NEVER, SECOND, Change, Index, edge
from riskprofile.history.layer import (
    QUANTUM,
    Layer,
    Question,
    Rows,
    alive,
    as_one,
    as_table,
    changes,
)
from riskprofile.history.lookup import NOTHING
from riskprofile.reference.hashing import START, mix
from riskprofile.reference.once import once
from riskprofile.tables import Registers, Table


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
        self._layers = [] if events is None else [Layer(Rows.of(events))]
        self._finds = Layer(Rows.of(finds if finds is not None else pd.DataFrame()))
        self._indexes: dict[Question, list[Change]] = {}
        self._signed: dict[Question, list[tuple[int, Index]]] = {}
        self._remembered: Table | None = None

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

    @classmethod
    def from_layers(
        cls,
        layers: Sequence[Layer],
        finds: Sequence[Table] = (),
        registers: Registers = NOTHING,
    ) -> Snapshot:
        """From the layers of a past, the oldest first."""
        made = cls.from_views((), finds, registers)
        made._layers = list(layers)
        return made

    def __len__(self) -> int:
        return sum(len(one.added) - len(one.taken) for one in self._layers)

    @property
    def questions(self) -> list[Question]:
        """What was asked of the past so far, finds apart."""
        return [one for one in self._indexes if one[0] != "finds"]

    @property
    def layers(self) -> Sequence[Layer]:
        """What the past is made of, the oldest first."""
        return self._layers

    def ready(self, asked: Sequence[Question]) -> None:
        """Have the indexes of these questions at hand before the first is asked."""
        for question in asked:
            self._changes(question)

    def many(self, name: str, keys: np.ndarray) -> np.ndarray:
        """How many events have each of these keys (int64) in a column."""
        hashes = mix(START ^ keys.view(np.uint64)).view(np.int64)
        made = np.zeros(len(keys), dtype=np.int64)
        for sign, index in self._held(("count", name)):
            made += sign * index.many(hashes)
        return made

    def sharing(
        self, keys: Mapping[str, np.ndarray], names: Sequence[str], since: int = 0
    ) -> Table:
        """These columns of the events with one of these keys (sorted int64, by column).

        `since`: of events that lie in this chunk or a later one.
        """
        frames = []
        for number, one in enumerate(self._layers):
            found = one.added.having(keys, since)
            for later in self._layers[number + 1 :]:
                found = found[~np.isin(one.added.places[found], later.taken.places)]
            if len(found):
                frames.append(one.added.some(names, found))
        return as_table(as_one(frames)) if frames else pd.DataFrame()

    @property
    def remembered(self) -> Table:
        """The events themselves, all of them in memory."""
        if self._remembered is None:
            kept = zip(self._layers, alive(self._layers), strict=True)
            frames = [one.added.all(np.flatnonzero(mask)) for one, mask in kept if mask.any()]
            self._remembered = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
        return self._remembered

    @property
    def found(self) -> Table:
        """The events of confirmed finds; `time` is when the result became known."""
        return self._finds.added.all()

    def age(self, items: Any) -> Any:
        """Days from the first event known to each row's own day; 0 when nothing is known."""
        seen = View.of(items)
        if self._began == NEVER:
            return like(items, full(len(seen), 0.0))
        if len(seen) == 1:
            return like(items, alone.age(seen, self._began))
        past = asking.days(seen) - self._began // DAY
        return like(items, Column(np.maximum(past, 0).astype(np.float64)))

    @cached_property
    def _began(self) -> int:
        """Seconds of the first event known; `NEVER` where none is."""
        anything = np.zeros(1, dtype=np.int64)
        return int(edge(self._changes(("count",)), anything, anything + SECOND, last=False)[0])

    def count(self, items: Any, by: Sequence[str], days: float | None = None) -> Any:
        """Declarations with the same values before this row's day, in the last `days`."""
        return self._count(items, by, ("count", *by), days)

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
        return self._count(items, by, ("partners", *of, "/", *by), days)

    def norm(self, items: Any, measure: str, by: Sequence[str]) -> Any:
        """Columns `n`, `mean`, `sd` of `measure` over earlier declarations with the same values.

        `mean` and `sd` are missing where `n` is 0; `sd` is of the population.
        """
        made: View = _norm(View.of(items), self, measure, tuple(by))
        return made if isinstance(items, View) else made.table()

    def finds(self, items: Any, by: Sequence[str]) -> Any:
        """Confirmed finds with the same values whose result was known before this row's day."""
        return self._count(items, by, ("finds", *by), None)

    def _changes(self, question: Question) -> list[Change]:
        if question not in self._indexes:
            if question[0] == "finds":
                made = [self._finds.change(("count", *question[1:]), ())]
            else:
                made = changes(self._layers, question)
            self._indexes[question] = made
        return self._indexes[question]

    def _held(self, question: Question) -> list[tuple[int, Index]]:
        """The indexes that are not empty: 1 and what was added, -1 and what was taken."""
        if question not in self._signed:
            self._signed[question] = [
                (sign, index)
                for one in self._changes(question)
                for sign, index in ((1, one.plus), (-1, one.minus))
                if len(index)
            ]
        return self._signed[question]

    def _count(self, items: Any, by: Sequence[str], question: Question, days: float | None) -> Any:
        seen = View.of(items)
        made: Column = _counted(seen, self, tuple(by), question, days)
        return made if seen is items else like(items, made)

    def _when(self, items: Any, by: Sequence[str], *, last: bool) -> Any:
        seen, by = View.of(items), tuple(by)
        question = ("count", *by)
        met = (alone.met(seen, by, self._held(question)) or ()) if len(seen) == 1 else None
        if met is not None and all(sign > 0 for sign, *_ in met):
            return like(items, alone.edge(met, last=last))
        asked = queries(seen, by)
        found = edge(self._changes(question), asked.hashes, asked.days, last=last)
        found = asked.told(found, NEVER)
        when = Column(EPOCH + found * asking.SECOND)
        return like(items, when.where(found != NEVER))


_NO_NORM = np.array([[0.0], [np.nan], [np.nan]])


@once
def _none(items: View, by: tuple[str, ...]) -> Column:
    """That nothing is known under these keys; missing where a row lacks one."""
    lacking = asking.lacking(items, by)
    return Column(np.zeros(len(items)) if lacking is None else np.where(lacking, np.nan, 0.0))


@once
def _norm(items: View, of: Snapshot, measure: str, by: tuple[str, ...]) -> View:
    question = ("norm", measure, *by)
    if len(items) == 1:
        return items.instead(**alone.norm(alone.met(items, by, of._held(question))))
    asked, met = queries(items, by), _met(items, of, by, question)
    number, total, squares = np.zeros((3, len(asked)), dtype=np.int64)
    for one in met:
        index, first, end, at = one.events, one.since(None), one.end, one.known
        number[at] += one.sign * (end - first)
        if index.total is not None and index.squares is not None:
            total[at] += one.sign * (index.total.take(end) - index.total.take(first))
            squares[at] += one.sign * (index.squares.take(end) - index.squares.take(first))
    counted = np.maximum(number, 1)
    mean = total / counted / QUANTUM
    square = squares / counted / QUANTUM**2
    norms = np.array([number, mean, np.sqrt(np.maximum(square - mean**2, 0.0))])
    norms[1:, number == 0] = np.nan
    told = map(Column, asked.told(norms, _NO_NORM))
    return items.instead(**dict(zip(("n", "mean", "sd"), told, strict=True)))


@once
def _counted(
    items: View, of: Snapshot, by: tuple[str, ...], question: Question, days: float | None
) -> Column:
    held = of._held(question)
    if len(items) == 1:
        return alone.count(alone.met(items, by, held, days))
    # Finds are few: under most keys there is none, and no key is looked for.
    met = _met(items, of, by, question) if held else ()
    if not met:
        return _none(items, by)
    asked = queries(items, by)
    made = np.zeros(len(asked))
    for one in met:
        made[one.known] += one.sign * (one.end - one.since(days))
    return Column(asked.told(made, np.nan))


class _Met(NamedTuple):
    """The queries whose key is in an index, which adds to the past (`sign` 1) or takes from it."""

    sign: int
    events: Index
    known: np.ndarray  # which queries these are
    start: np.ndarray  # where the times of their keys begin
    days: np.ndarray
    end: np.ndarray  # past their last event

    def since(self, days: float | None) -> np.ndarray:
        """Their first event, in a window of so many days or of all times."""
        start = self.start
        if days is not None:
            start = start + np.maximum(self.days - round(days * DAY), 0)
        return self.events.times.searchsorted(start)


@once  # with one window after the other
def _met(items: View, of: Snapshot, by: tuple[str, ...], question: Question) -> list[_Met]:
    """What is known under these keys, if anything is."""
    asked, made = queries(items, by), []
    for sign, index in of._held(question):
        known, start = index.found(asked.hashes)
        if len(known):
            days = asked.days[known]
            end = index.times.searchsorted(start + days)
            made.append(_Met(sign, index, known, start, days, end))
    return made
