"""A run read back from what its chunks hold: its rows to rank, and what links them.

All of a run is in memory here, so it is kept small: indicators as the rows where they fired,
texts as the numbers of their distinct values, and nothing taken apart for longer than it is used.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import select

from riskprofile.columns import Column, View, column
from riskprofile.history.resolver import written
from riskprofile.memory import give_back
from riskprofile.services import networks
from riskprofile.services.identifiers import DUE, ITEM, OFFICE, RECORD, TITLE
from riskprofile.services.rater import BROKEN, FIRED, POINTS, Rater
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.tables import Table


@dataclass
class Logged:
    """Every row of a run as its chunks hold it: some hundred bytes each.

    `items` has its declaration, place, points, title, office and time; `flags` are the rows of each
    indicator that fired or broke, by their place in it; `linked` is what links rows, in the
    same order.
    """

    items: Table
    flags: dict[str, np.ndarray]
    linked: pa.Table

    def view(self) -> View:
        """What links the rows, as indicators see it."""
        return taken_apart(self.linked)


def logged(store: Store, batch_ids: Sequence[str], rater: Rater) -> Logged | None:
    """Points, indicator flags and place of every row; and what links rows. None without any."""
    parts: list[Logged] = []
    profile = rater.profile
    columns = ("id", "batch_id", "profile", "count", "rows", "features", "events")
    with store.read() as connection:
        for chunk in batches.chunks(connection, batch_ids, columns):
            if chunk.profile != profile.name or chunk.features is None:
                continue
            counting = np.delete(np.arange(chunk.count), batches.folded(connection, chunk.id))
            parts.append(_read(chunk, rater, counting))
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
                one = _read(chunk, rater, positions)
                one.items["batch_id"] = one.items[RECORD].map(batch_of)
                parts.append(one)
    return _together(parts)


def taken_apart(linked: pa.Table) -> View:
    """What links rows as a view, each column made when it is first asked for."""
    return View(
        {name: partial(_column, linked, name) for name in linked.column_names},
        pd.RangeIndex(len(linked)),
    )


def _column(linked: pa.Table, name: str) -> Column:
    held = linked.column(name)
    if not (pa.types.is_integer(held.type) or pa.types.is_boolean(held.type)):
        return column(held.to_pandas())
    # pandas would make floats of whole numbers with missing ones: a key would be another.
    nothing = pa.scalar(0).cast(held.type)
    return Column(held.fill_null(nothing).to_numpy(), held.is_null().to_numpy()).plain()


def _together(parts: list[Logged]) -> Logged:
    """All of these, in their order; the parts are gone."""
    flags: dict[str, list[np.ndarray]] = {}
    start = 0
    for one in parts:
        for name, rows in one.flags.items():
            flags.setdefault(name, []).append(rows + start)
        start += len(one.items)
    # A chunk of an earlier release may lack a column that links rows.
    tables = [one.linked for one in parts]
    linked = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
    items = pd.concat([one.items for one in parts], ignore_index=True)
    items["batch_id"] = items["batch_id"].astype("category")
    parts.clear()
    give_back()
    return Logged(items, {name: np.concatenate(rows) for name, rows in flags.items()}, linked)


def _read(chunk: Any, rater: Rater, positions: np.ndarray) -> Logged:
    """Rows of a chunk: as items to rank, and what links them."""
    profile = rater.profile
    linking = networks.READ.union(profile.linked)
    heard = rater.parties.heard.get(chunk.id)
    declared = {RECORD, ITEM, profile.title, profile.office, profile.due, *profile.linked}
    if heard is None:  # stored by a process that is gone, or by another run
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
            TITLE: rows[profile.title],
            OFFICE: rows[profile.office],
            DUE: rows[profile.due],
            "chunk_id": chunk.id,
            "batch_id": chunk.batch_id,
            "position": positions,
        }
    )
    linked = pd.DataFrame(index=items.index)
    if rater.over_batch:
        aliases = rater.parties(rows, profile.keys) if heard is None else heard.aliases()
        linked = rater.linked(rows, events, aliases)
    return Logged(items, flags, _compact(linked))


def _compact(linked: Table) -> pa.Table:
    """A text as the number of its distinct value."""
    made = pa.Table.from_pandas(linked, preserve_index=False)
    for place, one in enumerate(made.schema):
        if pa.types.is_string(one.type) or pa.types.is_large_string(one.type):
            made = made.set_column(place, one.name, made.column(place).dictionary_encode())
    return made
