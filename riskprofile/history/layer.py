"""One stretch of the past: rows that became known in it, and earlier rows that stopped counting.

A past is a sequence of layers. Each answers for its own rows, whether they lie in memory or
are mapped from a file, and two that follow one another can be made one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from riskprofile.columns import Column, column, full, taken_apart
from riskprofile.history.asked import hashed, seconds
from riskprofile.history.index import NEVER, NO_EVENTS, SECOND, Change, Index, edge
from riskprofile.reference.hashing import START, in_order, mix, starts
from riskprofile.tables import TEXT, Table

QUANTUM = 1024  # measures are kept as whole 1/1024, so that sums are exact in any order
MOST = 1e12  # of a measure: nothing comes in such numbers, and sums of thousands of them hold
CHUNK, POSITION = "_chunk", "_position"  # where the row of an event lies, if that is known
FEW = 50_000  # rows up to which what is read of some thirty columns is kept, 9 bytes each
_PLACE = 32  # bits of a position within its chunk

Read: TypeAlias = Callable[[Sequence[str], np.ndarray | None], pa.Table]
# As events were remembered: whole numbers and flags with missing ones, and texts.
_TYPES = {
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): TEXT,
    pa.large_string(): TEXT,
}
# ("count", *by), ("norm", measure, *by) or ("partners", *of, "/", *by).
Question: TypeAlias = tuple[str, ...]


def places(chunks: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Where rows lie, as one number each: the chunk, then the position in it."""
    made: np.ndarray = (np.asarray(chunks, dtype=np.int64) << _PLACE) + positions
    return made


def as_table(rows: pa.Table) -> Table:
    """Rows as pandas has them."""
    made = rows.to_pandas(types_mapper=_TYPES.get)
    return made.astype({name: np.int64 for name in (CHUNK, POSITION) if name in made})


class Rows:
    """Past rows, their columns read when they are asked for.

    Parameters
    ----------
    read : callable
        From names of columns, and which rows (None: all), to a table of these, as Arrow has it.
    names : sequence of str
        The columns that there are.
    count : int
        How many rows.
    places : ndarray of int64, optional
        Where each row lies, where that is at hand.
    """

    def __init__(
        self, read: Read, names: Sequence[str], count: int, places: np.ndarray | None = None
    ) -> None:
        self._read, self.names, self._count = read, tuple(names), count
        self._frame: Table | None = None  # where they lie in memory
        self._kept: dict[Any, tuple[np.ndarray, np.ndarray]] = {}
        if places is not None:
            self.places = places

    @classmethod
    def of(cls, frame: Table) -> Rows:
        """Rows in memory; those without a time are unknown to history."""
        frame = frame[frame["time"].notna()] if len(frame) else frame
        frame = frame.reset_index(drop=True)

        def read(names: Sequence[str], chosen: np.ndarray | None) -> pa.Table:
            table = frame[list(names)]
            table = table if chosen is None else table.iloc[chosen]
            return pa.Table.from_pandas(table, preserve_index=False)

        made = cls(read, list(frame.columns), len(frame))
        made._frame = frame
        return made

    @classmethod
    def held(cls, table: pa.Table, places: np.ndarray | None = None) -> Rows:
        """Rows as Arrow holds them, in memory or in a map."""

        def read(names: Sequence[str], chosen: np.ndarray | None) -> pa.Table:
            some = table.select(list(names))
            return some if chosen is None else some.take(pa.array(chosen))

        return cls(read, table.column_names, len(table), places)

    def __len__(self) -> int:
        return self._count

    def all(self, chosen: np.ndarray | None = None) -> Table:
        """Every column of all rows, or of these: numbers that do not fall."""
        if self._frame is not None:
            return self._frame if chosen is None else self._frame.iloc[chosen]
        return as_table(self._read(self.names, chosen))

    def some(self, names: Sequence[str], chosen: np.ndarray) -> pa.Table:
        """Of these rows (numbers that do not fall) those of the columns that there are."""
        return self._read([name for name in names if name in self.names], chosen)

    @cached_property
    def seconds(self) -> np.ndarray:
        """Whole seconds since 1980."""
        return seconds(self._column("time").values)

    @cached_property
    def by_time(self) -> np.ndarray:
        """The numbers of the rows in the order of their times."""
        return np.argsort(self.seconds, kind="stable")

    @cached_property
    def places(self) -> np.ndarray:
        """Where each row lies, ascending; all alike where that is not known."""
        if CHUNK not in self.names:
            return np.full(len(self), NEVER, dtype=np.int64)
        return places(self._column(CHUNK).values, self._column(POSITION).values)

    def at(self, asked: np.ndarray) -> np.ndarray:
        """Numbers of those rows that lie at one of these places; rows are in their order."""
        if not len(self):
            return np.empty(0, dtype=np.int64)
        found = np.searchsorted(self.places, asked).clip(max=len(self) - 1)
        here: np.ndarray = found[self.places[found] == asked]
        return here

    def since(self, chunk: int) -> int:
        """The number of the first row that lies in this chunk or a later one."""
        if not chunk or CHUNK not in self.names:
            return 0 if not chunk else len(self)
        return int(np.searchsorted(self._column(CHUNK).values, chunk))

    def having(self, keys: Mapping[str, np.ndarray], since: int = 0) -> np.ndarray:
        """Numbers of the rows with one of these keys (sorted int64, by column) in its column.

        `since`: of rows that lie in this chunk or a later one.
        """
        start = self.since(since)
        rows = np.arange(start, len(self)) if start else None
        found = np.zeros(len(self) - start, dtype=bool)
        for name, asked in keys.items():
            if name in self.names and len(asked) and len(found):
                held = taken_apart(self._read([name], rows).column(name))
                values = held.values
                # Few are among those asked: most are passed over by their first bits.
                shift = max(60 - len(asked).bit_length(), 44)
                slots = np.zeros(1 << 64 - shift, dtype=bool)
                slots[asked >> shift] = True
                at = np.flatnonzero(slots[values >> shift])
                place = np.searchsorted(asked, values[at]).clip(max=len(asked) - 1)
                at = at[asked[place] == values[at]]
                found[at] |= held.notna().values[at]
        return np.flatnonzero(found) + start

    def hashed(self, by: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """One int64 a row over these columns, and which rows have all of them."""
        given = np.ones(len(self), dtype=bool)
        if not by:
            return np.zeros(len(self), dtype=np.int64), given
        mixed = np.full(len(self), START, dtype=np.uint64)
        for name in dict.fromkeys(by):
            part, present = self._once(self._hashed, name)
            mixed = mix(mixed ^ part)
            given &= present
        signed: np.ndarray = mixed.view(np.int64)
        return signed, given

    def _hashed(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """One uint64 a row, and which rows have a value."""
        return hashed(self._column(name))

    def _measured(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A measure as a whole number a row, and which rows have one."""
        values = self._column(name).numbers()
        finite = np.isfinite(values)
        whole = np.where(finite, values, 0.0).clip(-MOST, MOST) * QUANTUM
        return np.rint(whole).astype(np.int64), finite

    def _column(self, name: str) -> Column:
        if name not in self.names:  # an older version did not remember it
            return full(len(self), np.nan)
        if self._frame is not None:
            return column(self._frame[name])
        return taken_apart(self._read([name], None).column(name))

    def _once(self, read: Callable[[str], tuple[np.ndarray, np.ndarray]], name: str) -> Any:
        """What is read of a column; of few rows it is kept.

        A hundred questions ask some thirty columns.
        """
        made = self._kept.get((read.__name__, name))
        if made is None:
            made = read(name)
            if len(self) <= FEW:
                self._kept[read.__name__, name] = made
        return made

    def index(self, question: Question) -> Index:
        """The index of a count or a norm over these rows."""
        kind, *by = question
        if not len(self):
            return NO_EVENTS
        measure = by.pop(0) if kind == "norm" else None
        hashes, keep = self.hashed(by)
        whole = None
        if measure is not None:
            whole, finite = self._once(self._measured, measure)
            keep = keep & finite
        rows = self.by_time[keep[self.by_time]]
        return Index.of(hashes[rows], self.seconds[rows], None if whole is None else whole[rows])


NO_ROWS = Rows.of(pd.DataFrame())


@dataclass
class Layer:
    """What one stretch of the past added and took.

    Parameters
    ----------
    added : Rows
        Rows that became known, each place at most once.
    taken : Rows
        Rows of earlier layers that stopped counting, as they stand there.
    known : dict of Question to Change
        Indexes that lie on file; others are made of the rows when they are asked for, and kept
        until `forget`.
    """

    added: Rows
    taken: Rows = NO_ROWS
    known: dict[Question, Change] = field(default_factory=dict)
    _parts: tuple[Layer, Layer] | None = None  # what it was made of
    _made: dict[Question, Change] = field(default_factory=dict)

    def change(self, question: Question, earlier: Sequence[Layer]) -> Change:
        """What this layer did to an index, after the `earlier` ones."""
        if question in self.known:
            return self.known[question]
        if question not in self._made:
            if self._parts is not None:
                first, later = self._parts
                made = first.change(question, earlier)
                made = made.then(later.change(question, [*earlier, first]))
            elif question[0] == "partners":
                made = self._partners(question, earlier)
            else:
                made = Change(self.added.index(question), self.taken.index(question))
            self._made[question] = made
        return self._made[question]

    def forget(self) -> None:
        """Let go of the indexes that were made of rows, here and in what this was made of."""
        self._made.clear()
        for part in self._parts or ():
            part.forget()

    def _partners(self, question: Question, earlier: Sequence[Layer]) -> Change:
        """Each pair once, at the time it was first seen, under the hash of `by`.

        A row that comes or goes may change when its pair was first seen: then the old time is
        taken out and the new one put in.
        """
        by, pairs = partners(question)[1], pairs_of(question)
        if not earlier and not len(self.taken):
            return Change(self._first_of_pairs(by, pairs))
        hashes, names = [], []
        for rows in (self.added, self.taken):
            if len(rows):
                one, given = rows.hashed(by)
                both, had = rows.hashed(pairs[1:])
                hashes.append(both[given & had])
                names.append(one[given & had])
        if not hashes:
            return Change(NO_EVENTS)
        touched = np.concatenate(hashes)
        order = in_order(touched)
        first = order[starts(touched[order])]
        touched, under = touched[first], np.concatenate(names)[first]
        old = _first_seen(earlier, pairs, touched)
        new = _first_seen([*earlier, self], pairs, touched)
        moved = old != new
        come, gone = moved & (new != NEVER), moved & (old != NEVER)
        return Change(Index.of(under[come], new[come]), Index.of(under[gone], old[gone]))

    def _first_of_pairs(self, by: Sequence[str], pairs: Question) -> Index:
        """The same where nothing was known before: no index of all pairs is made for it."""
        if not len(self.added):
            return NO_EVENTS
        both, given = self.added.hashed(pairs[1:])
        rows = self.added.by_time[given[self.added.by_time]]
        order = in_order(both[rows])
        first = np.sort(order[starts(both[rows][order])])  # of each pair, by their times again
        rows = rows[first]
        return Index.of(self.added.hashed(by)[0][rows], self.added.seconds[rows])

    def then(self, later: Layer) -> Layer:
        """This layer and the next, as one. Both must know where their rows lie."""
        stays = np.flatnonzero(~np.isin(self.added.places, later.taken.places))
        before = np.flatnonzero(~np.isin(later.taken.places, self.added.places))
        return Layer(
            joined([(self.added, stays), (later.added, None)]),
            joined([(self.taken, None), (later.taken, before)]),
            _parts=(self, later),
        )


def partners(question: Question) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`of` and `by` of a question about partners."""
    middle = question.index("/")
    return question[1:middle], question[middle + 1 :]


def pairs_of(question: Question) -> Question:
    """The question that counts the events of each pair."""
    of, by = partners(question)
    return ("count", *dict.fromkeys((*by, *of)))


def changes(layers: Sequence[Layer], question: Question) -> list[Change]:
    """What each layer did to an index."""
    return [one.change(question, layers[:number]) for number, one in enumerate(layers)]


def alive(layers: Sequence[Layer]) -> list[np.ndarray]:
    """Of each layer: which of its rows no later layer took."""
    found = []
    gone = np.empty(0, dtype=np.int64)
    for one in reversed(layers):
        places = one.added.places
        found.append(~np.isin(places, gone) if len(gone) else np.ones(len(places), dtype=bool))
        gone = np.concatenate([gone, one.taken.places])
    return found[::-1]


def _first_seen(layers: Sequence[Layer], pairs: Question, hashes: np.ndarray) -> np.ndarray:
    until = np.full(len(hashes), SECOND, dtype=np.int64)
    return edge(changes(layers, pairs), hashes, until, last=False)


def joined(parts: Sequence[tuple[Rows, np.ndarray | None]]) -> Rows:
    """Chosen rows of several (None: all), in the order of where they lie; read when asked for."""
    held = [(rows, np.arange(len(rows)) if chosen is None else chosen) for rows, chosen in parts]
    held = [(rows, chosen) for rows, chosen in held if len(chosen)]
    if not held:
        return NO_ROWS
    where = np.concatenate([rows.places[chosen] for rows, chosen in held])
    order = np.argsort(where, kind="stable")
    ends = np.cumsum([len(chosen) for _, chosen in held])

    def read(names: Sequence[str], wanted: np.ndarray | None) -> pa.Table:
        asked = order if wanted is None else order[wanted]
        back = np.argsort(np.argsort(asked, kind="stable"), kind="stable")
        asked = np.sort(asked)
        edges = np.searchsorted(asked, [0, *ends])
        parts = []
        for number, (rows, chosen) in enumerate(held):
            mine = asked[edges[number] : edges[number + 1]] - (ends[number] - len(chosen))
            parts.append(rows.some(names, chosen[mine]))
        return as_one(parts).select(list(names)).take(pa.array(back))

    names = dict.fromkeys(name for rows, _ in held for name in rows.names)
    return Rows(read, [*names], len(where), where[order])


def as_one(parts: Sequence[pa.Table]) -> pa.Table:
    """Rows one after the other; what some do not have is missing there."""
    return pa.concat_tables(parts, promote_options="permissive")
