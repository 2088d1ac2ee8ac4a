"""From the top of a ranked list to stored alerts: worded, kept on file, put into the database."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, func, select, update

from riskprofile.memory import give_back
from riskprofile.services import blind, networks
from riskprofile.services.describing import WRITTEN, Material, material
from riskprofile.services.identifiers import RECORD
from riskprofile.services.lanes import Ranked, by_chunk
from riskprofile.services.networks import Related
from riskprofile.services.rater import POINTS
from riskprofile.services.run_declarations import DRIVER, NUMBER
from riskprofile.services.run_rows import BATCH
from riskprofile.store import alerts as store_of_alerts
from riskprofile.store import batches, table_bytes, versions
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.store.spool import Held
from riskprofile.tables import Table

AT_ONCE = 500  # alerts that are worded and stored together: each is some 20 kB of text
# Parts of alerts that wait to be worded or are, for each thread of the workers: enough to do until
# this process has found what rows of the run the alerts are linked to. And groups of alerts of
# which that is looked through: some 4 MB each.
WORDED_AHEAD, LINKED_AHEAD = 4, 1

Worked = Callable[[Iterator[Any], int], Iterator[Callable[[], Any]]]


def word_alerts(
    store: Store, ranked: Ranked, worked: Worked, counted: Callable[[int], None]
) -> None:
    """What is stored of the alerts of a list goes on file (`Ranked.words`).

    It takes most of the end of a run, and needs no transaction: others write meanwhile.

    Parameters
    ----------
    worked : callable
        What is made of each of some parts (`workers.Work`), in order, once it is asked for; maybe
        by other processes meanwhile, so many ahead for each of their threads.
    counted : callable
        Told how many alerts went on file, some after the other.
    """
    waiting: deque[tuple[Table, int]] = deque()

    def materials() -> Iterator[Material]:
        if not ranked.groups:  # nobody is to look at anything
            return
        items = ranked.items(ranked.alerts.column(NUMBER).values)
        for group, places in enumerate(ranked.groups):
            # Ids grow by reference, not by rank: an alert whose rating waits is not to be placed
            # by its neighbours.
            some_alerts = ranked.of(places).sort_values(RECORD, kind="stable")
            for some in by_chunk(some_alerts, AT_ONCE):
                waiting.append((some, group))
                with store.read() as connection:
                    given = material(connection, items, some)
                yield given

    run: networks.Around | None = None
    linked, around = -1, Related()
    for made in worked(materials(), WORDED_AHEAD):
        alerts, group = waiting.popleft()
        if run is None:
            run = ranked.around()
            later = worked(map(run.links, range(1, len(ranked.groups))), LINKED_AHEAD)
            # Of the first here: others have enough to do, and would be waited for.
            first: Callable[[], networks.Found] = partial(run.links(0).work, ranked.rater)
            links = chain([first, *islice(later, 1)], later)
        if group != linked:  # before what others make of it meanwhile is waited for
            found = next(links)()
            with store.read() as connection:
                around = networks.related(connection, ranked.profile, run, group, found)
            del found
            linked = group
            give_back()
        told = made()
        offices = zip(alerts[BATCH], told.column("office").to_pylist(), strict=True)
        ranked.offices.update(one for one in offices if one[1] is not None)
        held = {name: told.column(name) for name in told.schema.names}
        held |= {name: pa.array(values) for name, values in _ranks(ranked, alerts, around).items()}
        ranked.words.append(ranked.rows.spool.put(held))
        counted(len(alerts))
        give_back()


def _ranks(ranked: Ranked, alerts: Table, around: Related) -> dict[str, list[Any]]:
    """What is stored of alerts beside their words: where they stand, and what is around them."""
    asis = {"batch_id": BATCH, **{one: one for one in ("queue", "lane", "rank", "selected_by")}}
    learnt = ranked.scorecard.learnt_here
    return {
        **{name: alerts[column].tolist() for name, column in asis.items()},
        **{name: [None if pd.isna(one) else int(one) for one in alerts[name]] for name in _NUMBERS},
        "score": [_or_none(one) if learnt else None for one in alerts["score"]],
        "probability": [_or_none(one) for one in alerts["probability"]],
        "driver": [int(one) for one in alerts[DRIVER]],
        RELATED: [around.get(record, "[]") for record in alerts[RECORD]],
    }


_NUMBERS = (POINTS, "red_from", "yellow_from")  # numbers, or none
RELATED = "related"


def hold_earlier(connection: Connection, ranked: Ranked) -> None:
    """Lock the open alerts whose place these take, before any is looked at: a decision that is
    made meanwhile is waited for, and stands.
    """
    segments = ranked.alerts.segments()
    records = chain.from_iterable(
        ranked.alerts.values(RECORD, rows).to_pylist() for rows in segments
    )
    store_of_alerts.hold(connection, ranked.profile.name, records)


def store_alerts(
    store: Store,
    connection: Connection,
    ranked: Ranked,
    words: Held,
    phrasing: str,
    now: datetime,
) -> int:
    """Insert in this transaction some alerts that `word_alerts` put on file; how many.

    `phrasing` tells their terms (`store.phrasings.digest`).
    """
    held = {name: ranked.rows.spool.get(words, name) for name in words}
    links = held.pop("links").combine_chunks()
    columns = {name: table_bytes.listed(one) for name, one in held.items()}
    columns["phrasing"] = [phrasing] * len(links)
    kinds, keys = map(table_bytes.listed, links.flatten().flatten())
    _store_some(
        store,
        connection,
        ranked,
        columns,
        (table_bytes.listed(links.value_lengths()), kinds, keys),
        now,
    )
    give_back()
    return len(links)


def _store_some(
    store: Store,
    connection: Connection,
    ranked: Ranked,
    alerts: Mapping[str, Sequence[Any]],
    links: store_of_alerts.Links,
    now: datetime,
) -> None:
    draw = blind.draw_of(connection)
    records, name = alerts[RECORD], ranked.profile.name
    earlier = _earlier(connection, name, records)
    table = batches.alert_table
    decided = _decided(connection, name, list(earlier))
    before = blind.states(connection, name, list(earlier))
    told = zip(records, alerts["indicators"], alerts["selected_by"], strict=True)
    drawn = [_drawn(draw, name, *one, earlier.get(one[0]), before) for one in told]
    for record, version in earlier.items():
        # A newer version takes its place in the queue, unless somebody has decided: an
        # ordered control stays where its officer finds it.
        if (record, version) in decided:
            continue
        connection.execute(
            update(table)
            .where(table.c.record_id == record)
            .where(table.c.profile == name)
            .where(table.c.version == version)
            .where(table.c.state == "open")
            .values(state=versions.SUPERSEDED)
        )
    same = {
        "model_version": ranked.scorecard.version,
        "model_digest": ranked.scorecard.digest,
        "state": "open",
        "created_at": now,
    }
    columns = {
        **alerts,
        "version": [earlier.get(record, 0) + 1 for record in records],
        **{column: [value] * len(records) for column, value in same.items()},
        "blind": drawn,
    }
    store_of_alerts.put(store, connection, columns, links, written=(*WRITTEN, RELATED))


def _drawn(
    draw: blind.Draw,
    profile: str,
    record: str,
    indicators: str,
    selected_by: str,
    earlier: int | None,
    before: Mapping[tuple[str, int], str | None],
) -> str | None:
    """Whether an alert waits for an own view. Of an amended one, where nobody saw the last."""
    state: str | None = draw.state(profile, record, json.loads(indicators), selected_by)
    if earlier is None:
        return state
    unseen = before.get((record, earlier)) == blind.WAITING
    return state if unseen and state == blind.WAITING else None


def _earlier(connection: Connection, profile: str, records: Sequence[str]) -> dict[str, int]:
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
