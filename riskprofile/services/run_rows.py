"""A run read back from what its chunks hold: its rows, to be ranked and linked, on file.

Memory holds of a row where indicators fired on it, and nothing else, so that a run may be of any
size: what ranks or links rows reads the columns and the rows that it works on.
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

from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.history.resolver import written
from riskprofile.services import networks
from riskprofile.services.identifiers import DUE, ITEM, OFFICE, RECORD, TITLE
from riskprofile.services.parties import Heard
from riskprofile.services.rater import BROKEN, FIRED, POINTS, Rater
from riskprofile.store import batches, versions
from riskprofile.store.database import Store
from riskprofile.store.spool import Columns

BATCH = "batch_id"


@dataclass(frozen=True)
class Logged:
    """Every row of a run as its chunks hold it.

    Parameters
    ----------
    rows : Columns
        The declaration of each (`record_id, item`), where it lies, its points, office and time,
        what a page shows of it, and what links it to others.
    flags : dict
        By column of the feature log: the rows (int32, rising) where an indicator fired or broke.
    """

    rows: Columns
    flags: dict[str, np.ndarray]


def logged(store: Store, batch_ids: Sequence[str], rater: Rater, heard: Heard) -> Logged | None:
    """The rows of these batches that count; None without any."""
    profile = rater.profile
    columns = ("id", "batch_id", "profile", "count", "rows", "features", "events")
    run = Reading(rater, heard)
    with store.read() as connection:
        others: list[tuple[str, int, int, int]] = []
        batch_of: dict[str, str] = {}  # of a declaration that another batch brought items of
        for chunk in batches.chunks(connection, batch_ids, columns):
            if chunk.profile != profile.name or chunk.features is None:
                continue
            gone = versions.folded(connection, chunk.id) + versions.removed(connection, chunk.id)
            counting = np.delete(np.arange(chunk.count), gone)
            records = run.read(chunk, counting)
            found = versions.beside(connection, profile.name, batch_ids, records)
            others += [item for item in found if item[0] not in batch_of]
            batch_of.update((item[0], chunk.batch_id) for item in found)
        if not len(run.rows):
            return None
        table = batches.chunk_table.c
        others.sort(key=lambda item: item[2:])
        for chunk_id, places in itertools.groupby(others, key=lambda item: item[2]):
            positions = np.array([place[3] for place in places])
            chunk = connection.execute(
                select(*[table[name] for name in columns], batches.batch_table.c.model_digest)
                .join(batches.batch_table, batches.batch_table.c.id == table.batch_id)
                .where(table.id == chunk_id)
            ).one()
            if chunk.features is not None:
                run.read(chunk, positions, batch_of)
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

    def read(
        self, chunk: Any, positions: np.ndarray, batch_of: dict[str, str] | None = None
    ) -> list[str]:
        """Take in these rows of a chunk; the references of their declarations.

        `batch_of` says which batch of the run a declaration is of, where it is not the chunk's:
        then another scorecard may have rated the row, and one rates all of a list.
        """
        rater, profile = self.rater, self.rater.profile
        linking = networks.READ.union(profile.linked)
        declared = {RECORD, ITEM, profile.title, profile.office, profile.due, *profile.linked}
        if chunk.id not in self.heard:  # stored by a process that is gone, or by another run
            declared |= {*written(profile.keys)}
        other = batch_of is not None and chunk.model_digest != rater.scorecard.digest
        if other and rater.scorecard.wording is not None:
            declared.add(rater.scorecard.wording.column)
        read = (
            (chunk.features, lambda name: other or name.startswith((POINTS, FIRED, BROKEN))),
            (chunk.rows, declared.__contains__),
            (chunk.events, linking.__contains__),
        )
        log, rows, events = (
            batches.from_bytes(content, columns).iloc[positions].reset_index(drop=True)
            for content, columns in read
        )
        if other:
            values = rater.read(log, rows, chunk.model_digest)
            log = log.assign(**{POINTS: rater.scorecard.points(values)})
        for name in log.columns:
            if name.startswith((FIRED, BROKEN)):
                fired = np.flatnonzero(log[name].to_numpy(dtype=bool, na_value=False))
                if len(fired):
                    fired = (fired + len(self.rows)).astype(np.int32)
                    self._flags.setdefault(name, []).append(fired)
        links = pd.DataFrame(index=rows.index)
        if rater.over_batch:
            known = chunk.id in self.heard
            keys = profile.keys
            aliases = self.heard.aliases(chunk.id) if known else rater.parties(rows, keys)
            links = rater.linked(rows, events, aliases)
        shown = links.assign(
            **{
                POINTS: log[POINTS],
                RECORD: rows[RECORD],
                ITEM: rows[ITEM],
                TITLE: rows[profile.title],
                OFFICE: rows[profile.office],
                DUE: rows[profile.due],
                BATCH: rows[RECORD].map(batch_of) if batch_of else chunk.batch_id,
                CHUNK: chunk.id,
                POSITION: positions,
            }
        )
        self.rows.add(pa.Table.from_pandas(shown, preserve_index=False))
        records: list[str] = rows[RECORD].tolist()
        return records
