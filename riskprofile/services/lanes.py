"""From a run's feature log to one ranked list, and from its top to stored alerts."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select, update

from riskprofile.columns import View
from riskprofile.history import Snapshot
from riskprofile.history.resolver import written
from riskprofile.profiles import Profile
from riskprofile.scoring import ranking, rating
from riskprofile.scoring.ranking import Capacity
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import blind, networks
from riskprofile.services.capacity import capacities, days
from riskprofile.services.describing import NOT_EVALUATED, Alerts, Material, material
from riskprofile.services.identifiers import ITEM, RECORD
from riskprofile.services.networks import Related
from riskprofile.services.rater import BROKEN, FIRED, POINTS, Rater
from riskprofile.store import alerts as store_of_alerts
from riskprofile.store import batches
from riskprofile.store.database import Store, among
from riskprofile.tables import Indicator, Table, give_back

AT_ONCE = 1_000  # alerts that are worded and stored together: each is some 20 kB of text
LINKED_AT_ONCE = 4_000  # alerts whose links are found together, which reads all that they link to
OFFICE, DUE = "_office", "_due"  # of a declaration: who works it, when it arrives


@dataclass
class Ranked:
    """One ranked list of a profile.

    `table` has one row per declaration in rank order: `rank, record_id, queue, lane,
    points, selected_by, probability, indicators` (list of keys), `driver` (item
    number), `batch_id`, `chunk_id`, `position` (of the driver), `score`.
    """

    rater: Rater
    table: Table
    rows: Table  # record_id, item, chunk_id, position of every item of the run
    run: networks.Pool | None  # the view of those rows, until alerts are linked by it

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
    capacity: Capacity,
    seed: int,
    now: datetime,
) -> Ranked | None:
    """Rank every declaration of these batches, read back from the feature log.

    Versions that no longer count are left out. An amendment of one item is ranked with
    the other items of its declaration, whichever batch brought them. With no capacity
    stated, each office and day is cut at the office's own.
    """
    profile = rater.profile
    items, linked = _logged(store, batch_ids, rater)
    if not len(items):  # every row was superseded or withdrawn before it could be ranked
        return None
    for indicator in rater.over_batch:
        # A view of its own, gone with the call: taken apart, a run is as large again.
        seen = View(dict(linked.items()), linked.index)
        fired = rating.indicators(seen, rater.history, [indicator])
        mask = fired.masks.get(indicator.key, np.ones(len(items), dtype=bool))
        items[(FIRED if indicator.key in fired.masks else BROKEN) + indicator.key] = mask
        del seen
        give_back()
    declarations = _declarations(items, profile.indicators)
    rows = items[[RECORD, ITEM, "chunk_id", "position"]]
    linked = linked[[name for name in linked if name == "time" or name in networks.READ]]
    del items
    give_back()
    lists: dict[str, Capacity] = {}
    if not capacity.stated:
        with store.read() as connection:
            when = days(connection, now)
            declarations["list"] = when.lists(declarations[OFFICE], declarations[DUE])
            named = declarations["list"].dropna().unique().tolist()
            again = declarations[RECORD].tolist()
            lists = capacities(connection, profile.name, when, named, again, capacity)
    ranked = ranking.rank(declarations, capacity, seed, lists)
    points = ranked[POINTS]
    ranked["score"] = np.where(
        points.notna(), rater.scorecard.probability(points.fillna(0).to_numpy(np.int64)), np.nan
    )
    kept = ["rank", RECORD, "queue", "lane", "score", POINTS, "selected_by", "probability"]
    kept += ["indicators", "driver", "batch_id", "chunk_id", "position"]
    return Ranked(rater, ranked[kept], rows, networks.placed(linked, rows))


def _logged(store: Store, batch_ids: Sequence[str], rater: Rater) -> tuple[Table, Table]:
    """Points, indicator flags and place of every row; and the view that links rows."""
    logged: list[tuple[Table, Table]] = []
    profile = rater.profile
    columns = ("id", "batch_id", "profile", "count", "rows", "features", "events")
    with store.read() as connection:
        for chunk in batches.chunks(connection, batch_ids, columns):
            if chunk.profile != profile.name or chunk.features is None:
                continue
            counting = np.delete(np.arange(chunk.count), batches.folded(connection, chunk.id))
            logged.append(_read(chunk, rater, counting))
        if not any(len(items) for items, _ in logged):
            return pd.DataFrame(), pd.DataFrame()
        others: list[tuple[str, int, int, int]] = []
        batch_of: dict[str, str] = {}  # of a declaration that another batch brought items of
        for items, _ in logged:
            found = batches.beside(connection, profile.name, batch_ids, items[RECORD])
            others += [one for one in found if one[0] not in batch_of]
            brought = items[items[RECORD].isin({one[0] for one in found})]
            batch_of.update(zip(brought[RECORD], brought["batch_id"], strict=True))
        table = batches.chunk_table.c
        others.sort(key=lambda one: one[2:])
        for chunk_id, places in itertools.groupby(others, key=lambda one: one[2]):
            positions = np.array([one[3] for one in places])
            chunk = connection.execute(
                select(*[table[name] for name in columns]).where(table.id == chunk_id)
            ).one()
            if chunk.features is not None:
                items, seen = _read(chunk, rater, positions)
                logged.append((items.assign(batch_id=items[RECORD].map(batch_of)), seen))
    linked = pd.concat([seen for _, seen in logged], ignore_index=True)
    items = pd.concat([one for one, _ in logged], ignore_index=True)
    flags = [name for name in items.columns if name.startswith((FIRED, BROKEN))]
    items[flags] = items[flags].fillna(False).astype(bool)
    items["batch_id"] = items["batch_id"].astype("category")
    logged.clear()
    give_back()
    return items, linked


def _read(chunk: Any, rater: Rater, positions: np.ndarray) -> tuple[Table, Table]:
    """Rows of a chunk: as items to rank, and as the view that links rows."""
    profile = rater.profile
    linking = networks.READ.union(profile.linked)
    heard = rater.parties.heard.get(chunk.id)
    declared = {RECORD, ITEM, profile.office, profile.due, *profile.linked}
    if heard is None:  # stored by a process that is gone, or by another run
        declared |= {*written(profile.keys)}
    log = batches.from_bytes(chunk.features, lambda name: name.startswith((POINTS, FIRED, BROKEN)))
    rows = batches.from_bytes(chunk.rows, declared.__contains__)
    events = batches.from_bytes(chunk.events, linking.__contains__)
    log, rows, events = (one.iloc[positions].reset_index(drop=True) for one in (log, rows, events))
    flags = [name for name in log.columns if name.startswith((FIRED, BROKEN))]
    items = log[[POINTS, *flags]].assign(
        **{RECORD: rows[RECORD], ITEM: rows[ITEM]},
        **{OFFICE: rows[profile.office], DUE: rows[profile.due]},
        chunk_id=chunk.id,
        batch_id=chunk.batch_id,
        position=positions,
    )
    if not rater.over_batch:
        return items, pd.DataFrame(index=items.index)
    aliases = rater.parties(rows, profile.keys) if heard is None else heard.aliases()
    return items, rater.linked(rows, events, aliases)


def _declarations(items: Table, indicators: Sequence[Indicator]) -> Table:
    """One row per declaration: points of its highest item, indicators of any of its items.

    `indicators` are their keys in the order of the profile; the bool columns are those that
    `ranking.rank` reads.
    """
    group, records = pd.factorize(items[RECORD], sort=True)
    height = items[POINTS].fillna(-(2**40)).to_numpy("int64")
    order = np.lexsort((items[ITEM].to_numpy(), -height, group))
    highest = order[np.diff(group[order], prepend=-1) > 0]
    kept = [POINTS, "chunk_id", "batch_id", "position", OFFICE, DUE, ITEM]
    table = items[kept].take(highest).rename(columns={ITEM: "driver"}).set_index(records)
    raised = {
        name: np.zeros(len(table), dtype=bool) for name in ("to_red", "to_yellow", *ranking.QUEUES)
    }
    nothing: list[str] = []  # most rows have none: one list stands for all of those
    named = [nothing] * len(table)
    for one in indicators:
        for prefix, shown in ((FIRED, one.key), (BROKEN, NOT_EVALUATED + one.key)):
            if prefix + one.key not in items:
                continue
            places = np.unique(group[items[prefix + one.key].to_numpy()])
            for place in places.tolist():
                named[place] = [*named[place], shown]
            raised["to_yellow"][places] = True
            # What could not be evaluated waits for a person in the trafficking queue.
            raised[one.queue if prefix == FIRED else "trafficking"][places] = True
            if prefix == FIRED and one.raises == "red":
                raised["to_red"][places] = True
    return table.assign(indicators=named, **raised).rename_axis(RECORD).reset_index()


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
    run, ranked.run = ranked.run, None  # half of what a run holds, and nobody needs it again
    assert run is not None

    def materials() -> Iterator[Material]:
        for many in by_chunk(alerts, LINKED_AT_ONCE):
            around = networks.related(
                connection, ranked.profile, run, many[RECORD].tolist(), ranked.history
            )
            for some in by_chunk(many, AT_ONCE):
                # Ids grow by reference, not by rank: an alert whose rating waits is not to be
                # placed by its neighbours.
                some = some.sort_values(RECORD, kind="stable")
                waiting.append((some, around))
                yield material(connection, ranked.rows, some)

    if len(alerts):
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
