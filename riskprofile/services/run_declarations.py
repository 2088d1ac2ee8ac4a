"""The declarations of a run in the order of their references, and what ranks each.

A declaration has the points of its highest item and the indicators of any of its items. Those of
a run lie on file; a part of them is worked on at a time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.columns import Column, Mask, View, taken_apart
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.history.piles import Apart
from riskprofile.memory import give_back
from riskprofile.scoring import ranking, rating
from riskprofile.services.capacity import Days
from riskprofile.services.describing import NOT_EVALUATED
from riskprofile.services.identifiers import DUE, ITEM, OFFICE, RECORD
from riskprofile.services.pairs import Wanted, sharing_key
from riskprofile.services.rater import BROKEN, FIRED, POINTS, Rater
from riskprofile.services.run_rows import BATCH, MET, Logged
from riskprofile.store.spool import SEGMENT, Columns
from riskprofile.tables import TEXT, History, Indicator, Table

PARTED = 1 << 16  # rows of a run that are worked on together: some 10 MB
SAMPLED = 64  # of so many rows one says where parts may begin
UNRATED = -(1 << 40)
FEW = 12  # parts of a run up to which each reads all of it
ROW = "row"  # of a run, by number
NUMBER = "number"  # of the declaration of a row
DRIVER, INDICATORS, LIST = "driver", "indicators", "list"
AND = "|"  # between the keys of indicators
Part = tuple[np.ndarray, View]  # rows of a run, which rise, and what is seen of them
Lying = Callable[[str], pa.ChunkedArray]  # a column of some rows of a run, as it lies on file
# What ranks a declaration, of each of its rows, beside what fired there.
RANKING = (RECORD, ITEM, POINTS, OFFICE, DUE, BATCH, CHUNK, POSITION)


@dataclass(frozen=True)
class Declared:
    """The declarations of a run.

    Parameters
    ----------
    table : Columns
        By number, which is the place of their reference among all: what `Ranking.of` reads,
        `indicators` (keys joined by a bar, missing for none), the item number of the `driver`,
        where that lies, and its batch.
    numbers : Columns
        The `NUMBER` of the declaration of each row of the run (int32).
    lists : set of str
        The lists of offices and days that cut them.
    again : Counter
        By list: how many of its declarations earlier runs listed already.
    """

    table: Columns
    numbers: Columns
    lists: set[str] = field(default_factory=set)
    again: Counter[str] = field(default_factory=Counter)

    def parts(self, *names: str) -> Iterator[Table]:
        """Some at a time, in order: these columns, or all."""
        yield from table_parts(self.table, *names)

    def of(self, records: Collection[str]) -> set[str]:
        """Which of these references are declared here."""
        return named_in(self.table, records)


def named_in(columns: Columns, records: Collection[str]) -> set[str]:
    """Which of these references stand among declarations on file."""
    found: set[str] = set()
    asked = pa.array([*records], pa.string())
    for rows in columns.segments() if records else ():
        here = columns.values(RECORD, rows)
        found.update(here.filter(pc.is_in(here, asked)).to_pylist())
    return found


def table_parts(columns: Columns, *names: str) -> Iterator[Table]:
    """All rows as tables, some at a time, in order: of these columns, or all."""
    for rows in columns.segments():
        yield table_of(columns, rows, names or [*columns])


def table_of(columns: Columns, rows: np.ndarray, names: Sequence[str]) -> Table:
    """Some rows, which do not fall, as a pandas table under their numbers."""
    table = columns.view(rows).table(names).set_axis(rows)
    if POINTS in names:
        table[POINTS] = table[POINTS].astype("Int64")
    return table


def declared(
    run: Logged,
    indicators: Sequence[Indicator],
    when: Days | None,
    rated: Callable[[Sequence[str]], set[str]] = lambda records: set(),
) -> Declared:
    """Number the declarations of a run, and gather what ranks them.

    Parameters
    ----------
    indicators : sequence of Indicator
        In the order in which their keys are told.
    when : Days, optional
        Cuts the declarations into lists, of each office and day.
    rated : callable
        Which of some references that are `MET` an earlier run rated, in another version.
    """
    made = Declared(Columns(run.rows.spool), Columns(run.rows.spool))
    numbers = np.empty(len(run.rows), dtype=np.int32)
    for rows, lying in _by_reference(run.rows):
        table, of = _declarations(rows, lying, run.flags, indicators)
        numbers[rows] = of + len(made.table)
        if when is not None:
            table[LIST] = when.lists(table[OFFICE], table[DUE])
            made.lists.update(table[LIST].dropna().unique())
            known = table.iloc[np.unique(of[_among(rows, run.flags.get(MET))])]
            amended = known[RECORD].isin(rated(known[RECORD].tolist()))
            made.again.update(known.loc[amended, LIST].dropna().tolist())
        table = table.drop(columns=[OFFICE, DUE])
        made.table.add(pa.Table.from_pandas(table, preserve_index=False))
        give_back()
    for rows in run.rows.segments():
        made.numbers.add(pa.table({NUMBER: numbers[rows]}))
    return made


def _by_reference(rows: Columns) -> Iterator[tuple[np.ndarray, Lying]]:
    """Rows of a run in parts, with their `RANKING`: those of one declaration together, parts in
    order of reference.
    """
    parts = len(rows) // PARTED + 1
    if parts == 1:
        every = np.arange(len(rows))
        yield every, partial(rows.values, rows=every)
        return
    sample = [
        text
        for some in rows.segments()
        for text in rows.values(RECORD, some[::SAMPLED]).to_pylist()
    ]
    sample.sort()
    edges = [sample[len(sample) * part // parts] for part in range(1, parts)]
    names = RANKING if parts > FEW else ()
    apart = Apart(rows.spool, SEGMENT)
    for some in rows.segments():
        texts = rows.values(RECORD, some).combine_chunks()
        order = pc.sort_indices(texts)
        ordered = texts.take(order).to_pylist()
        cuts = [bisect_left(ordered, edge) for edge in edges]
        of = np.empty(len(some), dtype=np.int64)
        of[order.to_numpy()] = np.repeat(np.arange(parts), np.diff([0, *cuts, len(some)]))
        columns = {name: rows.values(name, some).combine_chunks() for name in names}
        apart.add(pa.record_batch({ROW: some, **columns}), of)
    for held in map(apart.of, range(parts)):
        if held is not None:
            table = pa.Table.from_batches([held])
            found = table.column(ROW).to_numpy()
            yield found, table.column if names else partial(rows.values, rows=found)


def _declarations(
    rows: np.ndarray,
    lying: Lying,
    flags: Mapping[str, np.ndarray],
    indicators: Sequence[Indicator],
) -> tuple[Table, np.ndarray]:
    """The declarations of these rows, sorted, and the place of that of each row among them."""
    texts = lying(RECORD).combine_chunks().dictionary_encode()
    order = pc.sort_indices(texts.dictionary)
    records = texts.dictionary.take(order)
    place = np.empty(len(records), dtype=np.int64)
    place[order.to_numpy()] = np.arange(len(records))
    group = place[texts.indices.to_numpy()]
    points = taken_apart(lying(POINTS))
    height = np.where(points.isna().values, UNRATED, points.values)
    items = taken_apart(lying(ITEM)).values
    by = np.lexsort((items, -height, group))
    highest = by[np.diff(group[by], prepend=-1) > 0]
    told = {name: taken_apart(lying(name)).take(highest).array() for name in (BATCH, OFFICE, DUE)}
    where = {name: taken_apart(lying(name)).values[highest] for name in (CHUNK, POSITION)}
    raised = {
        name: np.zeros(len(records), dtype=bool)
        for name in ("to_red", "to_yellow", *ranking.QUEUES)
    }
    named: list[str | None] = [None] * len(records)
    for one in indicators:
        for prefix, shown in ((FIRED, one.key), (BROKEN, NOT_EVALUATED + one.key)):
            places = np.unique(group[_among(rows, flags.get(prefix + one.key))])
            if not len(places):
                continue
            for at in places.tolist():
                before = named[at]
                named[at] = shown if before is None else f"{before}{AND}{shown}"
            raised["to_yellow"][places] = True
            # What could not be evaluated waits for a person in the trafficking queue.
            raised[one.queue if prefix == FIRED else "trafficking"][places] = True
            if prefix == FIRED and one.raises == "red":
                raised["to_red"][places] = True
    table = pd.DataFrame(
        {
            RECORD: pd.array(records.to_pandas(), dtype=TEXT),
            POINTS: pd.arrays.IntegerArray(points.values[highest], points.isna().values[highest]),
            DRIVER: items[highest],
            **where,
            **told,
            INDICATORS: pd.array(named, dtype=TEXT),
            **raised,
        }
    )
    return table, group


def _among(rows: np.ndarray, flagged: np.ndarray | None) -> np.ndarray:
    """Where the rows that are flagged stand among these; both are rising."""
    if flagged is None:
        return np.empty(0, dtype=np.int64)
    first, last = np.searchsorted(flagged, [rows[0], rows[-1] + 1])
    some = flagged[first:last]
    at = np.searchsorted(rows, some)
    made: np.ndarray = at[rows[at] == some]
    return made


def over_batch(
    rows: Columns, rater: Rater, indicators: Sequence[Indicator], own: int | None = None
) -> dict[str, np.ndarray]:
    """Where indicators that see the batch as a set fired or broke in a run, as `Logged` has it.

    Rows that share none of its keys say nothing of each other. So one sees one key at a time, the
    others hidden, and the rows with some values of that key at a time: those that a row has of
    which it may say something.

    Parameters
    ----------
    own : int, optional
        How many of the rows, the first, are of the run; all without it.
    """
    own = len(rows) if own is None else own
    fired = {one.key: np.zeros(len(rows), dtype=bool) for one in indicators}
    broken: set[str] = set()
    for asked, parts in _sharing(rows, rater, indicators, broken):
        for some, view in parts:
            nothing = Column(np.zeros(len(some), dtype=np.int64), np.ones(len(some), dtype=bool))
            for one, hidden in asked:
                seen = view.assign(**dict.fromkeys(hidden, nothing))
                told = rating.indicators(seen, rater.history, [one])
                if one.key in told.masks:
                    fired[one.key][some[told.masks[one.key]]] = True
                broken.update(told.broken)
                del seen, told
            del view
            give_back()
    every = np.arange(own, dtype=np.int32)
    made = {FIRED + key: every[where[:own]] for key, where in fired.items() if key not in broken}
    return made | {BROKEN + key: every for key in broken}


def _sharing(
    rows: Columns, rater: Rater, indicators: Sequence[Indicator], broken: set[str]
) -> Iterator[tuple[list[tuple[Indicator, list[str]]], Iterator[Part]]]:
    """Parts of which the rows are seen together by some indicators, and the keys that each does not
    see then: by one that names none of theirs, all at once. `broken` gets those that fail here.
    """
    keyed = [one for one in indicators if one.by and all(key in rows for key in one.by)]
    for one in indicators:
        if one not in keyed:
            yield [(one, [])], iter([(np.arange(len(rows)), rows.view())])
    may = Columns(rows.spool)  # by indicator, the rows of which it may say something
    for some in rows.segments() if keyed else ():
        told = rating.indicators(rows.view(some), rater.history, [*map(_naming, keyed)])
        may.add(pa.table(told.masks))
        broken.update(told.broken)
    keyed = [one for one in keyed if one.key not in broken]
    names = [name for name in rows if name in rater.profile.linked]
    for key in dict.fromkeys(key for one in keyed for key in one.by):
        asking = [one for one in keyed if key in one.by]
        asked = [(one, [other for other in one.by if other != key]) for one in asking]
        yield asked, _by_key(rows, key, names, partial(_any, may, asking))


def _naming(one: Indicator) -> Indicator:
    """One that fires on all rows on which this may."""

    def compute(seen: View, history: History) -> Mask:
        every = np.ones(len(seen), dtype=bool)
        return Column(every if one.among is None else one.among(seen).flags())

    return replace(one, compute=compute)


def _any(may: Columns, asking: Sequence[Indicator], rows: np.ndarray) -> np.ndarray:
    """Where one of these indicators may say something of these rows."""
    made: np.ndarray = np.logical_or.reduce([may.column(one.key, rows).values for one in asking])
    return made


def _by_key(rows: Columns, key: str, names: Sequence[str], wanted: Wanted) -> Iterator[Part]:
    """Rows that share a key with one that is wanted, in parts: those of one key together."""
    parts, sharing = sharing_key(rows, key, wanted, PARTED)
    # Each of a few parts reads all segments in less time than it takes to write these rows anew.
    names = names if parts > FEW else []
    apart = Apart(rows.spool, SEGMENT)
    for some, _, numbers in sharing:
        columns = {name: rows.values(name, some).combine_chunks() for name in names}
        apart.add(pa.record_batch({ROW: some, **columns}), numbers)
    yield from filter(None, map(partial(_part, rows), map(apart.of, range(parts))))


def _part(rows: Columns, held: pa.RecordBatch | None) -> Part | None:
    """Rows by their `ROW`, seen as what is held of them, and what is not as it lies."""
    if held is None:
        return None
    table = pa.Table.from_batches([held])
    found = table.column(ROW).to_numpy()
    lying = {name: partial(taken_apart, table.column(name)) for name in table.column_names}
    return found, rows.view(found).assign(**lying)
