"""A run for its end: its rows, to be ranked and linked, on file.

What that takes of a row is made where the row is rated, and waits on file; of a chunk that another
run stored, or a process that is gone, it is read back from what the chunk holds. Memory holds of a
row where indicators fired on it, and nothing else, so that a run may be of any size: what ranks or
links rows reads the columns and the rows that it works on.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import select

from riskprofile.columns import arrays
from riskprofile.history import Aliases
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.history.resolver import written
from riskprofile.profiles import Profile
from riskprofile.services import networks
from riskprofile.services.identifiers import DUE, ITEM, OFFICE, RECORD, TITLE
from riskprofile.services.parties import Heard
from riskprofile.services.rater import BROKEN, FIRED, POINTS, Rater
from riskprofile.store import batches, table_bytes, versions
from riskprofile.store.database import Store
from riskprofile.store.spool import Columns
from riskprofile.tables import Table

BATCH = "batch_id"
MET = "met"  # the flag of rows whose declaration another batch may hold too


@dataclass(frozen=True)
class Logged:
    """Every row of a run as its chunks hold it.

    Parameters
    ----------
    rows : Columns
        The declaration of each (`record_id, item`), where it lies, its points, office and time,
        what a page shows of it, and what links it to others.
    flags : dict
        By column of the feature log: the rows (int32, rising) where an indicator fired or broke;
        and those that are `MET`.
    """

    rows: Columns
    flags: dict[str, np.ndarray]


def at_end(rater: Rater, rows: Table, log: Table, events: Table, aliases: Aliases) -> pa.Table:
    """What ranks and links some rows of one chunk: as `Logged.rows`, but for where they lie, and a
    flag for each indicator of their feature log.
    """
    profile, given, rated = rater.profile, dict(arrays(rows)), dict(arrays(log))
    known = {}
    if rater.over_batch:
        seen, linking = rater.linked(rows, events, aliases), _linking(profile)
        known = seen.arrays(name for name in seen if name in linking)
    known |= {
        POINTS: rated[POINTS],
        RECORD: given[RECORD],
        ITEM: given[ITEM],
        TITLE: given[profile.title],
        OFFICE: given[profile.office],
        DUE: given[profile.due],
    }
    known |= {name: held for name, held in rated.items() if name.startswith((FIRED, BROKEN))}
    return pa.table({name: _lying(held) for name, held in known.items()})


def _lying(held: Any) -> pa.Array:
    # Of an array of times Arrow would make an object of each.
    given = pd.Series(held) if isinstance(held, pd.arrays.DatetimeArray) else held
    return pa.array(given, from_pandas=True)


def _linking(profile: Profile) -> frozenset[str]:
    return networks.READ.union(profile.linked)


def logged(
    store: Store, batch_ids: Sequence[str], rater: Rater, heard: Heard, now: datetime
) -> Logged | None:
    """The rows of these batches that count; None without any. `now` is when the run began."""
    profile = rater.profile
    run = Reading(rater, heard)
    with store.read() as connection:
        # What is met was found when its chunk was stored: nobody else has stored anything since.
        alone = not batches.others(connection, batch_ids, now, heard.before)
        others: list[tuple[str, int, int, int]] = []
        batch_of: dict[str, str] = {}  # of a declaration that another batch brought items of
        for chunk in batches.chunks(connection, batch_ids, ("id", "batch_id", "profile", "count")):
            if chunk.profile != profile.name:
                continue
            gone = versions.folded(connection, chunk.id) + versions.removed(connection, chunk.id)
            counting = np.delete(np.arange(chunk.count), gone)
            rows, met = heard.at_end(chunk.id), counting
            if rows is None:  # stored by a process that is gone
                whole = batches.chunk(connection, chunk.id)
                if whole.features is None:
                    continue
                rows = run.read(whole, counting)
            else:
                rows = rows.take(pa.array(counting)) if len(gone) else rows
                met = heard.met(chunk.id) if alone else counting
            met = np.flatnonzero(np.isin(counting, met))
            run.add(rows, chunk.id, counting, chunk.batch_id, met)
            records = rows.column(RECORD).take(pa.array(met)).to_pylist()
            found = versions.beside(connection, profile.name, batch_ids, records)
            others += [item for item in found if item[0] not in batch_of]
            batch_of.update((item[0], chunk.batch_id) for item in found)
        if not len(run.rows):
            return None
        table = batches.chunk_table.c
        others.sort(key=lambda item: item[2:])
        columns = [table[name] for name in ("id", "rows", "features", "events")]
        for chunk_id, places in itertools.groupby(others, key=lambda item: item[2]):
            positions = np.array([place[3] for place in places])
            chunk = connection.execute(
                select(*columns, batches.batch_table.c.model_digest)
                .join(batches.batch_table, batches.batch_table.c.id == table.batch_id)
                .where(table.id == chunk_id)
            ).one()
            if chunk.features is not None:
                # Another scorecard may have rated the row, and one rates all of a list.
                rows = run.read(chunk, positions, chunk.model_digest)
                run.add(rows, chunk.id, positions, batch_of)
    return Logged(run.rows, run.flags())


class Reading:
    """A run while its chunks are read."""

    def __init__(self, rater: Rater, heard: Heard) -> None:
        self.rater, self.heard = rater, heard
        self.rows = Columns(heard.spool)
        self._flags: dict[str, list[np.ndarray]] = {}

    def flags(self) -> dict[str, np.ndarray]:
        """As `Logged` has them."""
        return {name: np.concatenate(parts) for name, parts in self._flags.items()}

    def add(
        self,
        rows: pa.Table,
        chunk_id: int,
        positions: np.ndarray,
        batch: str | dict[str, str],
        met: np.ndarray | None = None,
    ) -> None:
        """Take in what `at_end` made of these rows of a chunk.

        Parameters
        ----------
        batch : str or dict
            Of all of them, or by declaration.
        met : ndarray of int, optional
            Which of them are `MET`.
        """
        flags = [name for name in rows.column_names if name.startswith((FIRED, BROKEN))]
        fired = {name: np.flatnonzero(rows.column(name).to_numpy()) for name in flags}
        for name, places in fired.items() if met is None else (*fired.items(), (MET, met)):
            if len(places):
                places = (places + len(self.rows)).astype(np.int32)
                self._flags.setdefault(name, []).append(places)
        if isinstance(batch, str):
            of = pa.repeat(batch, len(rows))
        else:
            of = pa.array(map(batch.get, rows.column(RECORD).to_pylist()), pa.string())
        rows = rows.drop_columns(flags).append_column(BATCH, of)
        rows = rows.append_column(CHUNK, pa.repeat(pa.scalar(chunk_id, pa.int64()), len(rows)))
        self.rows.add(rows.append_column(POSITION, pa.array(positions)))

    def read(self, chunk: Any, positions: np.ndarray, rated_by: str | None = None) -> pa.Table:
        """`at_end` of rows of a chunk, of what is stored of them.

        `rated_by` is the digest of the scorecard that rated them, where it may be another.
        """
        rater, profile = self.rater, self.rater.profile
        declared = {RECORD, ITEM, profile.title, profile.office, profile.due, *profile.linked}
        if chunk.id not in self.heard:
            declared |= {*written(profile.keys)}
        other = rated_by not in (None, rater.scorecard.digest)
        if other and rater.scorecard.wording is not None:
            declared.add(rater.scorecard.wording.column)
        linking = _linking(profile)
        read = (
            (chunk.features, lambda name: other or name.startswith((POINTS, FIRED, BROKEN))),
            (chunk.rows, declared.__contains__),
            (chunk.events, linking.__contains__),
        )
        log, rows, events = (
            table_bytes.from_bytes(content, columns, positions) for content, columns in read
        )
        if rated_by is not None and other:
            values = rater.read(log, rows, rated_by)
            log = log.assign(**{POINTS: rater.scorecard.points(values)})
        known = chunk.id in self.heard
        aliases = self.heard.aliases(chunk.id) if known else rater.parties(rows, profile.keys)
        return at_end(rater, rows, log, events, aliases)
