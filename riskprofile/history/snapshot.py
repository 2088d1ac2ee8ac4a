"""What was known before: counts, first times, partners, norms and finds, as of each row's day.

A snapshot is opened once per run and does not change. It answers as known at the start (UTC)
of the day on which a row was lodged, so rows of one day do not see each other, in training as
in serving, and the order of a day's files cannot matter. Its past is a sequence of layers
(see `history.layer`): one made of past views in memory, or several mapped from files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from riskprofile.columns import Column, View, like
from riskprofile.history import asked as asking
from riskprofile.history.asked import DAY, EPOCH, queries
from riskprofile.history.index import NEVER, SECOND, Change, Index, edge
from riskprofile.history.layer import QUANTUM, Layer, Question, Rows, alive, changes
from riskprofile.history.lookup import NOTHING
from riskprofile.reference.once import once
from riskprofile.tables import Registers, Table

_Norm: TypeAlias = tuple[str, tuple[str, ...]]  # a measure, and by which columns


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
        # By the norm that a view was asked for first, all of it: the next is told these at once.
        self._beside: dict[_Norm, dict[_Norm, None]] = {}
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
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

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
        anything = np.zeros(1, dtype=np.int64)
        first = edge(self._changes(("count",)), anything, anything + SECOND, last=False)[0]
        if first == NEVER:
            return like(items, Column.full(len(seen), 0.0))
        past = asking.days(seen) - first // DAY
        return like(items, Column(np.maximum(past, 0).astype(np.float64)))

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
        seen, asked = View.of(items), (measure, tuple(by))
        held: dict[_Norm, View] = _norms(seen, self)
        if asked not in held:
            beside = self._beside.setdefault(next(iter(held), asked), {})
            others = [] if held else [one for one in [*beside] if one != asked]
            held |= self._normed(seen, [asked, *(one for one in others if _asks(seen, one))])
            beside[asked] = None  # what cannot be told of these rows is asked of no others
        made = held[asked]
        return made if isinstance(items, View) else made.table()

    def _normed(self, items: View, asked: Sequence[_Norm]) -> dict[_Norm, View]:
        """These norms of the rows: their queries lie one norm's behind the other's."""
        made = {one: _met(items, self, one[1], ("norm", one[0], *one[1])) for one in asked}
        told = {one: _no_norm(items, one[1]) for one, met in made.items() if not met}
        some = {one: queries(items, one[1]) for one in asked if one not in told}
        *starts, size = np.cumsum([0, *map(len, some.values())]).tolist()
        number, total, squares = np.zeros((3, size), dtype=np.int64)
        for one, start in zip(some, starts, strict=True):
            for met in made[one]:
                index, first, end, at = met.events, met.since(None), met.end, met.known + start
                number[at] += met.sign * (end - first)
                if index.total is not None and index.squares is not None:
                    total[at] += met.sign * (index.total[end] - index.total[first])
                    squares[at] += met.sign * (index.squares[end] - index.squares[first])
        counted = np.maximum(number, 1)
        mean = total / counted / QUANTUM
        square = squares / counted / QUANTUM**2
        norms = np.array([number, mean, np.sqrt(np.maximum(square - mean**2, 0.0))])
        norms[1:, number == 0] = np.nan
        for (one, of), start in zip(some.items(), starts, strict=True):
            told[one] = _norm_of(items, of.told(norms[:, start : start + len(of)], _NO_NORM))
        return {one: told[one] for one in asked}

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
        made: Column = _many(View.of(items), self, tuple(by), question, days)
        return like(items, made)

    def _counted(
        self, items: View, by: tuple[str, ...], question: Question, days: float | None
    ) -> Column:
        # Finds are few: under most keys there is none, and no key is looked for.
        met = _met(items, self, by, question) if self._held(question) else ()
        if not met:
            return _none(items, by)
        asked = queries(items, by)
        made = np.zeros(len(asked))
        for one in met:
            made[one.known] += one.sign * (one.end - one.since(days))
        return Column(asked.told(made, np.nan))

    def _when(self, items: Any, by: Sequence[str], *, last: bool) -> Any:
        seen = View.of(items)
        asked = queries(seen, by)
        found = edge(self._changes(("count", *by)), asked.hashes, asked.days, last=last)
        found = asked.told(found, NEVER)
        when = Column(EPOCH + found * asking.SECOND)
        return like(items, when.where(found != NEVER))


_NO_NORM = np.array([[0.0], [np.nan], [np.nan]])


def _norm_of(items: View, told: np.ndarray) -> View:
    return View(dict(zip(("n", "mean", "sd"), map(Column, told), strict=True)), items.index)


@once  # of most keys of a row that stands alone nothing is known
def _no_norm(items: View, by: tuple[str, ...]) -> View:
    return _norm_of(items, np.repeat(_NO_NORM, len(items), axis=1))


@once
def _none(items: View, by: tuple[str, ...]) -> Column:
    """That nothing is known under these keys; missing where a row lacks one."""
    lacking = asking.lacking(items, by)
    return Column(np.zeros(len(items)) if lacking is None else np.where(lacking, np.nan, 0.0))


@once
def _norms(items: View, of: Snapshot) -> dict[_Norm, View]:
    """The norms that these rows were asked for, the first of them first."""
    return {}


def _asks(items: View, norm: _Norm) -> bool:
    return all(name in items for name in norm[1])


@once
def _many(
    items: View, of: Snapshot, by: tuple[str, ...], question: Question, days: float | None
) -> Column:
    return of._counted(items, by, question, days)


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
