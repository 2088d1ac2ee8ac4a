"""A run read back from what its chunks hold: its rows to rank, and what links them.

The rows of a run that are ranked are in memory, as little of each as ranking needs: indicators as
the rows where they fired. What links them lies on file, to be read one column at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import select

from riskprofile.history.resolver import written
from riskprofile.memory import give_back
from riskprofile.services import networks
from riskprofile.services.identifiers import DUE, ITEM, OFFICE, RECORD, TITLE
from riskprofile.services.parties import Heard
from riskprofile.services.rater import BROKEN, FIRED, POINTS, Rater
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.store.spool import Columns
from riskprofile.tables import Table


@dataclass
class Logged:
    """Every row of a run as its chunks hold it.

    `items` has its declaration, place, points, office and time; `flags` are the rows of each
    indicator that fired or broke, by their place in it; `linked` is what links rows, and what a
    page shows of them, in the same order.
    """

    items: Table
    flags: dict[str, np.ndarray]
    linked: Columns


def logged(store: Store, batch_ids: Sequence[str], rater: Rater, heard: Heard) -> Logged | None:
    """Points, indicator flags and place of every row; and what links rows. None without any."""
    parts: list[_Part] = []
    linked = Columns(heard.spool)
    profile = rater.profile
    columns = ("id", "batch_id", "profile", "count", "rows", "features", "events")
    with store.read() as connection:
        for chunk in batches.chunks(connection, batch_ids, columns):
            if chunk.profile != profile.name or chunk.features is None:
                continue
            counting = np.delete(np.arange(chunk.count), batches.folded(connection, chunk.id))
            parts.append(_read(chunk, rater, counting, heard, linked))
        if not any(len(one.items) for one in parts):
            return None
        others: list[tuple[str, int, int, int]] = []
        batch_of: dict[str, str] = {}  # of a declaration that another batch brought items of
        for one in parts:
            found = batches.beside(connection, profile.name, batch_ids, one.items[RECORD])
            others += [item for item in found if item[0] not in batch_of]
            brought = one.items[one.items[RECORD].isin({item[0] for item in found})]
            batch_of.update(zip(brought[RECORD], brought["batch_id"], strict=True))
        table = batches.chunk_table.c
        others.sort(key=lambda item: item[2:])
        for chunk_id, places in itertools.groupby(others, key=lambda item: item[2]):
            positions = np.array([place[3] for place in places])
            chunk = connection.execute(
                select(*[table[name] for name in columns]).where(table.id == chunk_id)
            ).one()
            if chunk.features is not None:
                one = _read(chunk, rater, positions, heard, linked)
                one.items["batch_id"] = one.items[RECORD].map(batch_of)
                parts.append(one)
    return Logged(*_together(parts), linked)


@dataclass
class _Part:
    """Rows of one chunk: as `Logged` has those of the run."""

    items: Table
    flags: dict[str, np.ndarray]


def _together(parts: list[_Part]) -> tuple[Table, dict[str, np.ndarray]]:
    """All of these, in their order; the parts are gone."""
    flags: dict[str, list[np.ndarray]] = {}
    start = 0
    for one in parts:
        for name, rows in one.flags.items():
            flags.setdefault(name, []).append(rows + start)
        start += len(one.items)
    items = pd.concat([one.items for one in parts], ignore_index=True)
    for name in ("batch_id", OFFICE):
        items[name] = items[name].astype("category")
    parts.clear()
    give_back()
    return items, {name: np.concatenate(rows) for name, rows in flags.items()}


def _read(chunk: Any, rater: Rater, positions: np.ndarray, heard: Heard, linked: Columns) -> _Part:
    """Rows of a chunk as items to rank; what links them is added to `linked`."""
    profile = rater.profile
    linking = networks.READ.union(profile.linked)
    declared = {RECORD, ITEM, profile.title, profile.office, profile.due, *profile.linked}
    if chunk.id not in heard:  # stored by a process that is gone, or by another run
        declared |= {*written(profile.keys)}
    log = batches.from_bytes(chunk.features, lambda name: name.startswith((POINTS, FIRED, BROKEN)))
    rows = batches.from_bytes(chunk.rows, declared.__contains__)
    events = batches.from_bytes(chunk.events, linking.__contains__)
    log, rows, events = (one.iloc[positions].reset_index(drop=True) for one in (log, rows, events))
    flags = {
        name: np.flatnonzero(log[name].to_numpy(dtype=bool, na_value=False))
        for name in log.columns
        if name.startswith((FIRED, BROKEN))
    }
    items = pd.DataFrame(
        {
            POINTS: log[POINTS],
            RECORD: rows[RECORD],
            ITEM: rows[ITEM],
            OFFICE: rows[profile.office],
            DUE: rows[profile.due],
            "chunk_id": chunk.id,
            "batch_id": chunk.batch_id,
            "position": positions,
        }
    )
    links = pd.DataFrame(index=items.index)
    if rater.over_batch:
        known = chunk.id in heard
        aliases = heard.aliases(chunk.id) if known else rater.parties(rows, profile.keys)
        links = rater.linked(rows, events, aliases)
    shown = links.assign(**{TITLE: rows[profile.title], OFFICE: rows[profile.office]})
    linked.add(pa.Table.from_pandas(shown, preserve_index=False))
    return _Part(items, flags)
