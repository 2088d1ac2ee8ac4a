"""From a run's feature log to one ranked list, and from its top to stored alerts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select, update

from riskprofile.history import Snapshot
from riskprofile.memory import give_back
from riskprofile.profiles import Profile
from riskprofile.scoring import ranking, rating
from riskprofile.scoring.ranking import Capacity
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import blind, networks
from riskprofile.services.capacity import capacities, days
from riskprofile.services.describing import NOT_EVALUATED, Alerts, Items, Material, material
from riskprofile.services.identifiers import DUE, ITEM, OFFICE, RECORD
from riskprofile.services.logged import Logged, logged
from riskprofile.services.networks import Related
from riskprofile.services.parties import Heard
from riskprofile.services.rater import BROKEN, FIRED, POINTS, Rater
from riskprofile.store import alerts as store_of_alerts
from riskprofile.store import batches
from riskprofile.store.database import Store, among
from riskprofile.tables import Indicator, Table

AT_ONCE = 1_000  # alerts that are worded and stored together: each is some 20 kB of text
LINKED_AT_ONCE = 4_000  # alerts whose links are found together, which reads all that they link to


@dataclass
class Ranked:
    """One ranked list of a profile.

    `table` has one row per declaration in rank order: `rank, record_id, queue, lane,
    points, selected_by, probability, indicators` (list of keys), `driver` (item
    number), `batch_id`, `chunk_id`, `position` (of the driver), `score`.
    """

    rater: Rater
    table: Table
    items: Items  # of the run, by rank
    run: networks.Around | None  # of those rows what alerts are linked by, until they are

    @property
    def profile(self) -> Profile:
        """The profile that was rated."""
        return self.rater.profile

    @property
    def scorecard(self) -> Scorecard:
        """The scorecard that rated."""
        return self.rater.scorecard

    @property
    def history(self) -> Snapshot:
        """The past that it knew."""
        return self.rater.history

    def alerts(self) -> Table:
        """The declarations that a person should look at."""
        return self.table[self.table["lane"] != "green"]


def rank_run(
    store: Store,
    batch_ids: Sequence[str],
    rater: Rater,
    heard: Heard,
    capacity: Capacity,
    seed: int,
    now: datetime,
) -> Ranked | None:
    """Rank every declaration of these batches, read back from the feature log.

    `heard` is what the register said of them while they were stored. Versions that no longer
    count are left out. An amendment of one item is ranked with the other items of its
    declaration, whichever batch brought them. With no capacity stated, each office and day is
    cut at the office's own.
    """
    profile = rater.profile
    run = logged(store, batch_ids, rater, heard)
    if run is None:  # every row was superseded or withdrawn before it could be ranked
        return None
    for indicator in rater.over_batch:
        # A view of its own, gone with the call: taken apart, a run is as large again.
        fired = rating.indicators(run.linked.view(), rater.history, [indicator])
        mask = fired.masks.get(indicator.key, np.ones(len(run.items), dtype=bool))
        name = (FIRED if indicator.key in fired.masks else BROKEN) + indicator.key
        run.flags[name] = np.flatnonzero(mask)
        give_back(heap=True)
    declarations, of = _declarations(run, profile.indicators)
    chunks = np.array(run.items["chunk_id"], dtype=np.int64)  # copies: the rest is let go
    positions = np.array(run.items["position"], dtype=np.int32)
    linked = run.linked
    del run
    give_back(heap=True)
    lists: dict[str, Capacity] = {}
    if not capacity.stated:
        with store.read() as connection:
            when = days(connection, now)
            declarations["list"] = when.lists(declarations[OFFICE], declarations[DUE])
            named = declarations["list"].dropna().unique().tolist()
            again = declarations[RECORD]
            lists = capacities(connection, profile.name, when, named, again, capacity)
    ranked = ranking.rank(declarations, capacity, seed, lists)
    points = ranked[POINTS]
    ranked["score"] = np.where(
        points.notna(), rater.scorecard.probability(points.fillna(0).to_numpy(np.int64)), np.nan
    )
    told = ["rank", RECORD, "queue", "lane", "score", POINTS, "selected_by", "probability"]
    table = ranked[[*told, "indicators", "driver", "batch_id", "chunk_id", "position"]]
    ranks = np.empty(len(table), dtype=np.int32)
    ranks[ranked["number"]] = np.arange(len(table))
    ranks = ranks[of]  # of every item, from 0
    del ranked, declarations, of
    give_back(heap=True)
    around = networks.around(
        linked,
        (chunks << 32) + positions,
        ranks,
        table[RECORD].array,
        (table["lane"] != "green").to_numpy()[ranks],
    )
    return Ranked(rater, table, Items.by_rank(ranks, chunks, positions), around)


def _declarations(run: Logged, indicators: Sequence[Indicator]) -> tuple[Table, np.ndarray]:
    """One row per declaration: points of its highest item, indicators of any of its items.

    `indicators` are their keys in the order of the profile; the bool columns are those that
    `ranking.rank` reads. Beside it the `number` in it of the declaration of every item.
    """
    items = run.items
    group, records = pd.factorize(items[RECORD], sort=True)
    height = items[POINTS].fillna(-(2**40)).to_numpy("int64")
    order = np.lexsort((items[ITEM].to_numpy(), -height, group))
    highest = order[np.diff(group[order], prepend=-1) > 0]
    kept = [POINTS, "chunk_id", "batch_id", "position", OFFICE, DUE, ITEM]
    table = items[kept].take(highest).rename(columns={ITEM: "driver"}).set_index(records)
    raised = {
        name: np.zeros(len(table), dtype=bool) for name in ("to_red", "to_yellow", *ranking.QUEUES)
    }
    nowhere = np.empty(0, dtype=np.int64)
    nothing: list[str] = []  # most rows have none: one list stands for all of those
    named = [nothing] * len(table)
    for one in indicators:
        for prefix, shown in ((FIRED, one.key), (BROKEN, NOT_EVALUATED + one.key)):
            places = np.unique(group[run.flags.get(prefix + one.key, nowhere)])
            if not len(places):
                continue
            for place in places.tolist():
                named[place] = [*named[place], shown]
            raised["to_yellow"][places] = True
            # What could not be evaluated waits for a person in the trafficking queue.
            raised[one.queue if prefix == FIRED else "trafficking"][places] = True
            if prefix == FIRED and one.raises == "red":
                raised["to_red"][places] = True
    numbered = table.assign(
        indicators=named, number=np.arange(len(table), dtype=np.int32), **raised
    )
    return numbered.rename_axis(RECORD).reset_index(), group


Worded = Callable[[Iterator[Material]], Iterator[Alerts]]


def store_alerts(
    connection: Connection, ranked: Ranked, now: datetime, worded: Worded
) -> dict[str, dict[str, int]]:
    """Insert the alerts of a list; counts by lane, queue and batch.

    Parameters
    ----------
    connection : Connection
        The transaction that they are stored in.
    worded : callable
        `Material.work` of each material, in order; maybe by other processes meanwhile.
    """
    alerts = ranked.alerts()
    counts = {
        "lane": alerts["lane"].value_counts().to_dict(),
        "queue": alerts["queue"].value_counts().to_dict(),
        "batch": alerts["batch_id"].value_counts().to_dict(),
    }
    waiting: deque[tuple[Table, Related]] = deque()

    def materials() -> Iterator[Material]:
        run, ranked.run = ranked.run, None  # half of what a run holds: gone when all are made
        assert run is not None
        for many in by_chunk(alerts, LINKED_AT_ONCE):
            around = networks.related(
                connection, ranked.profile, run, many.index.to_numpy(), ranked.history
            )
            for some in by_chunk(many, AT_ONCE):
                # Ids grow by reference, not by rank: an alert whose rating waits is not to be
                # placed by its neighbours.
                some = some.sort_values(RECORD, kind="stable")
                waiting.append((some, around))
                yield material(connection, ranked.items, some)

    for told in worded(materials()):
        _store_some(connection, ranked, *waiting.popleft(), told, now)
        give_back()
    return counts


def by_chunk(alerts: Table, size: int) -> Iterator[Table]:
    """Declarations by the chunks of their drivers, so that few of both are at hand."""
    sizes = alerts["chunk_id"].value_counts().sort_index().cumsum()
    for _, chunks in sizes.groupby((sizes - 1) // size):
        some = alerts[alerts["chunk_id"].isin(chunks.index)]
        for start in range(0, len(some), size):
            yield some.iloc[start : start + size]


def _store_some(
    connection: Connection,
    ranked: Ranked,
    alerts: Table,
    around: Related,
    told: Alerts,
    now: datetime,
) -> None:
    draw = blind.draw_of(connection)
    earlier = _earlier(connection, ranked.profile.name, alerts[RECORD].tolist())
    table = batches.alert_table
    decided = _decided(connection, ranked.profile.name, list(earlier))
    before = blind.states(connection, ranked.profile.name, list(earlier))
    drawn = [
        _drawn(draw, ranked.profile.name, record, one["indicators"], chosen, earlier, before)
        for record, one, chosen in zip(alerts[RECORD], told, alerts["selected_by"], strict=True)
    ]
    for record, version in earlier.items():
        # A newer version takes its place in the queue, unless somebody has decided: an
        # ordered control stays where its officer finds it.
        if (record, version) in decided:
            continue
        connection.execute(
            update(table)
            .where(table.c.record_id == record)
            .where(table.c.profile == ranked.profile.name)
            .where(table.c.version == version)
            .where(table.c.state == "open")
            .values(state=batches.SUPERSEDED)
        )
    store_of_alerts.add(
        connection,
        [
            {
                **one,
                "batch_id": row["batch_id"],
                "version": earlier.get(row[RECORD], 0) + 1,
                "queue": row["queue"],
                "lane": row["lane"],
                "rank": row["rank"],
                "points": None if pd.isna(row[POINTS]) else int(row[POINTS]),
                "score": _or_none(row["score"]) if ranked.scorecard.learnt_here else None,
                "selected_by": row["selected_by"],
                "probability": _or_none(row["probability"]),
                "driver": int(row["driver"]),
                "related": around.get(row[RECORD], []),
                "model_version": ranked.scorecard.version,
                "model_digest": ranked.scorecard.digest,
                "state": "open",
                "created_at": now,
                "blind": state,
            }
            for row, one, state in zip(alerts.to_dict("records"), told, drawn, strict=True)
        ],
    )


def _drawn(
    draw: blind.Draw,
    profile: str,
    record: str,
    indicators: Sequence[Mapping[str, Any]],
    selected_by: str,
    earlier: Mapping[str, int],
    before: Mapping[tuple[str, int], str | None],
) -> str | None:
    """Whether an alert waits for an own view. Of an amended one, where nobody saw the last."""
    state: str | None = draw.state(profile, record, indicators, selected_by)
    if record not in earlier:
        return state
    unseen = before.get((record, earlier[record])) == blind.WAITING
    return state if unseen and state == blind.WAITING else None


def _earlier(connection: Connection, profile: str, records: list[str]) -> dict[str, int]:
    """The newest alert version of each record that has one."""
    table = batches.alert_table
    found: dict[str, int] = {}
    for start in range(0, len(records), batches.ASKED_AT_ONCE):
        rows = connection.execute(
            select(table.c.record_id, func.max(table.c.version))
            .where(table.c.profile == profile)
            .where(among(table.c.record_id, records[start : start + batches.ASKED_AT_ONCE]))
            .group_by(table.c.record_id)
        )
        found.update((row.record_id, row[1]) for row in rows)
    return found


def _decided(connection: Connection, profile: str, records: list[str]) -> set[tuple[str, int]]:
    """Alerts of these records, as (record, version), with a decision that stands."""
    alert, decision = batches.alert_table.c, batches.decision_table.c
    found: set[tuple[str, int]] = set()
    for start in range(0, len(records), batches.ASKED_AT_ONCE):
        rows = connection.execute(
            select(alert.record_id, alert.version)
            .join(batches.decision_table, decision.alert_id == alert.id)
            .where(alert.profile == profile)
            .where(among(alert.record_id, records[start : start + batches.ASKED_AT_ONCE]))
            .where(decision.undone_at.is_(None))
        )
        found.update((row.record_id, row.version) for row in rows)
    return found


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
