"""From a run's feature log to one ranked list, cut at what can be examined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection

from riskprofile.columns import View
from riskprofile.history import Snapshot
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.memory import give_back
from riskprofile.profiles import Profile
from riskprofile.reference import hashing
from riskprofile.scoring.ranking import Capacity, Ranking
from riskprofile.scoring.reasons import Phrasing
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import networks, same_day
from riskprofile.services.capacity import Days, capacities, days
from riskprofile.services.describing import Items
from riskprofile.services.identifiers import RECORD
from riskprofile.services.parties import Heard
from riskprofile.services.rater import POINTS, Rater
from riskprofile.services.run_declarations import (
    AND,
    DRIVER,
    INDICATORS,
    LIST,
    NUMBER,
    Declared,
    declared,
    named_in,
    over_batch,
    table_of,
    table_parts,
)
from riskprofile.services.run_rows import BATCH, logged
from riskprofile.store import versions
from riskprofile.store.database import Store
from riskprofile.store.spool import Columns, Held
from riskprofile.tables import Table

LINKED_AT_ONCE = 2_000  # alerts whose links are found together, which reads all that they link to


@dataclass
class Ranked:
    """One ranked list of a profile, on file.

    Parameters
    ----------
    rater : Rater
    ranking : Ranking
        Of the declarations.
    declared : Columns
        All of them, as `Declared.table` has them.
    numbers : Columns
        The `number` of the declaration of each row of the run.
    rows : Columns
        Those of the run.
    alerts : Columns
        What `table` has of the declarations that a person should look at.
    groups : list of ndarray
        Which alerts are linked together, by their place among these.
    counts : Counter
        How many alerts there are, by (batch, queue, lane).
    offices : Counter
        How many there are by (batch, office), once they are worded.
    again : Counter
        By list: how many of its declarations earlier runs listed already.
    words : list of Held
        Where what is stored of alerts lies, once it is worded, some at a time.
    """

    rater: Rater
    ranking: Ranking
    declared: Columns
    numbers: Columns
    rows: Columns
    alerts: Columns
    groups: list[np.ndarray]
    counts: Counter[tuple[str, str, str]]
    again: Counter[str] = field(default_factory=Counter)
    words: list[Held] = field(default_factory=list)
    offices: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def profile(self) -> Profile:
        """The profile that was rated."""
        return self.rater.profile

    @property
    def scorecard(self) -> Scorecard:
        """The scorecard that rated."""
        return self.rater.scorecard

    @cached_property
    def phrasing(self) -> Phrasing:
        """What is said of its terms."""
        return Phrasing.of(self.profile, self.scorecard)

    @property
    def history(self) -> Snapshot:
        """The past that it knew."""
        return self.rater.history

    @property
    def table(self) -> Table:
        """All of it in memory: one row per declaration in rank order.

        `rank, record_id, queue, lane, score, points, selected_by, probability, red_from,
        yellow_from, indicators` (list of keys), `driver` (item number), `batch_id`, `chunk_id`,
        `position` (of the driver) and `number` (of the declaration in the order of references).
        """
        return as_told(pd.concat(self.placed())).sort_values("rank", ignore_index=True)

    def placed(self) -> Iterator[Table]:
        """The same some at a time, in the order of references, as it lies on file."""
        return _placed(self.ranking, table_parts(self.declared), self.scorecard)

    def items(self, numbers: np.ndarray) -> Items:
        """Where the items of the declarations with these numbers lie."""
        wanted = np.zeros(len(self.declared), dtype=bool)
        wanted[numbers] = True
        return Items.of_run(self.rows, self._of_rows, wanted)

    def around(self) -> networks.Around:
        """What its alerts are linked by."""
        least = np.min_scalar_type(-len(self.groups) - 1)
        group = np.full(len(self.declared), -1, dtype=least)
        numbers = self.alerts.column(NUMBER).values
        for number, places in enumerate(self.groups):
            group[numbers[places]] = number
        del numbers  # eight bytes an alert
        return networks.around(self.rows, self._of_rows, group, self.declared)

    def _of_rows(self, rows: np.ndarray) -> np.ndarray:
        """The number of the declaration of each of these rows of the run, which do not fall."""
        of: np.ndarray = self.numbers.values(NUMBER, rows).to_numpy()
        return of

    def of(self, places: np.ndarray) -> Table:
        """The alerts at these places, in rank order."""
        some = table_of(self.alerts, np.sort(places), [*self.alerts])
        return as_told(some).sort_values("rank", ignore_index=True)


_TOLD = [
    *("rank", RECORD, "queue", "lane", "score", POINTS),
    *("selected_by", "probability", "red_from", "yellow_from"),
]
_LYING = [INDICATORS, DRIVER, BATCH, CHUNK, POSITION, "number"]


def _placed(ranking: Ranking, parts: Iterator[Table], scorecard: Scorecard) -> Iterator[Table]:
    """Declarations in the order of their references, some at a time, ranked."""
    for some in ranking.placed(parts):
        points = some[POINTS]
        score = np.where(
            points.notna(), scorecard.probability(points.fillna(0).to_numpy(np.int64)), np.nan
        )
        placed = View.over(some).assign(score=score, number=some.index.to_numpy())
        yield placed.table([*_TOLD, *_LYING])


def as_told(table: Table) -> Table:
    """As `Ranked.table` tells it, of what lies on file."""
    nothing: list[str] = []  # most have none: one list stands for all of those
    named = [one.split(AND) if isinstance(one, str) else nothing for one in table[INDICATORS]]
    renamed = table.rename(columns={CHUNK: "chunk_id", POSITION: "position"})
    return renamed.assign(**{INDICATORS: named})


def rank_run(
    store: Store,
    batch_ids: Sequence[str],
    rater: Rater,
    heard: Heard,
    capacity: Capacity,
    seed: int,
    now: datetime,
    *,
    past_here: bool,
) -> Ranked | None:
    """Rank every declaration of these batches.

    `heard` is what was kept of them while they were stored, and `past_here` whether the past that
    the rater knows lies in `store`: a run beside the database sees no row of it.
    Versions that no longer count are left out. An amendment of one item is ranked with the other
    items of its declaration, whichever batch brought them. With no capacity stated, each office
    and day is cut at the office's own.
    """
    profile = rater.profile
    run = logged(store, batch_ids, rater, heard, now)
    if run is None:  # every row was superseded or withdrawn before it could be ranked
        return None
    beside = same_day.beside(store, run.rows, rater, heard, now) if past_here else None
    by_key = [one for one in rater.over_batch if one.by]
    others = [one for one in rater.over_batch if not one.by]
    seen = run.rows if beside is None else beside
    run.flags.update(over_batch(seen, rater, by_key, len(run.rows)))
    run.flags.update(over_batch(run.rows, rater, others))
    del beside, seen
    give_back()
    with store.read() as connection:
        when = None if capacity.stated else days(connection, now)
        rated = partial(versions.rated_elsewhere, connection, profile.name, batch_ids)
        of_run = declared(run, profile.indicators, when, rated)
        run.flags.clear()  # it has them now
        ranking = _ranking(connection, of_run, when, rater, capacity, seed)
    alerts = Columns(heard.spool)
    counts: Counter[tuple[str, str, str]] = Counter()
    for some in _placed(ranking, of_run.parts(), rater.scorecard):
        seen = some[some["lane"] != "green"]
        counts.update(zip(*[seen[name].tolist() for name in (BATCH, "queue", "lane")], strict=True))
        alerts.add(pa.Table.from_pandas(seen, preserve_index=False))
    groups = _groups(alerts) if len(alerts) else []
    give_back()
    return Ranked(
        *(rater, ranking, of_run.table, of_run.numbers, run.rows, alerts, groups, counts),
        again=of_run.again,
    )


def _groups(alerts: Columns) -> list[np.ndarray]:
    """Alerts by the chunks of their drivers, and by rank: `Ranked.groups`."""
    lying = pd.DataFrame({"chunk_id": alerts.column(CHUNK).values})
    lying = lying.iloc[np.argsort(alerts.column("rank").values)]
    return [one.index.to_numpy(np.int32) for one in by_chunk(lying, LINKED_AT_ONCE)]


def _ranking(
    connection: Connection,
    of_run: Declared,
    when: Days | None,
    rater: Rater,
    capacity: Capacity,
    seed: int,
    staying: frozenset[str] = frozenset(),
) -> Ranking:
    """The ranking of a run, where some of its declarations keep a place that they had before.

    What an earlier version took of a day is free for the run that ranks it anew, which takes its
    alert away. Where points bring no alert in the place of that one it stays, and so does what it
    took: the list is cut again without that. The lot has no part in this: drawn once for each cut,
    it would fall on some more often than is stored. Where it falls in the end on one that kept a
    place, that place goes to who is next by points.
    """
    floor = rater.scorecard.floor
    if when is None:
        rated = of_run.parts(POINTS, "to_red")
        return Ranking.of(rated, capacity, seed, floor=floor)
    counted = {name: of_run.again[name] for name in of_run.lists}
    digest, name = rater.scorecard.digest, rater.profile.name

    def left(staying: frozenset[str], freed: set[str]) -> dict[str, Capacity]:
        def again(records: Collection[str]) -> set[str]:
            freed.update(of_run.of(records) - staying)
            return freed

        return capacities(connection, name, when, counted, again, capacity, digest)

    freed: set[str] = set()
    lists = left(staying, freed)
    ranking = Ranking.of(of_run.parts(POINTS, "to_red", LIST), capacity, seed, lists, floor)
    for some in ranking.placed(of_run.parts()) if freed else ():
        listed = (some["lane"] != "green") & (some["selected_by"] != "random")
        freed.difference_update(some.loc[listed, RECORD])
    if freed:
        return _ranking(connection, of_run, when, rater, capacity, seed, staying | freed)
    while staying:
        leaving: set[str] = set()
        for some in ranking.placed(of_run.parts()):
            leaving.update(some.loc[some["lane"] != "green", RECORD])
        if staying.isdisjoint(leaving):
            break
        staying -= leaving
        before, lists = lists, left(staying, set())
        ranking = ranking.given({one: lists[one].left - before[one].left for one in lists})
    return ranking


def has_room(connection: Connection, ranked: Ranked, asked: Capacity, now: datetime) -> bool:
    """Whether each list still fits what is left of its day: other programs rate meanwhile.

    What holds stays so where nobody else may end a run (`store.database.serialise`).
    """
    lists = {name: ranked.again[name] for name, _, _ in ranked.ranking.lists}
    found = capacities(
        connection,
        ranked.profile.name,
        days(connection, now),
        lists,
        partial(named_in, ranked.alerts),  # their alerts take the place of earlier ones
        asked,
        ranked.scorecard.digest,
    )
    return all(cut.fits(found[name].left) for name, cut, _ in ranked.ranking.lists)


def by_chunk(alerts: Table, size: int) -> Iterator[Table]:
    """Declarations by the chunks of their drivers, so that few of both are at hand."""
    chunks = alerts["chunk_id"].to_numpy(np.int64)
    _, of, sizes = np.unique(chunks, return_inverse=True, return_counts=True)
    group = ((np.cumsum(sizes) - 1) // size)[of]
    for number in hashing.distinct(group):
        some = alerts[group == number]
        parts = max(1, round(len(some) / size))  # a chunk is not read twice for a few of its alerts
        for part in np.array_split(np.arange(len(some)), parts):
            yield some.iloc[part]
