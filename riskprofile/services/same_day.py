"""What indicators over a batch see beside a run: rows of earlier runs of the same day.

History answers as of the beginning of a row's day, so that a batch is rated alike in whatever
order its rows come. Declarations that are lodged one by one would then meet nowhere before the
next day: three parcels of one day, each with another part of one weapon, no indicator would join.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from riskprofile.columns import View
from riskprofile.history import asked
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.services.identifiers import RECORD
from riskprofile.services.parties import Heard
from riskprofile.services.rater import Rater
from riskprofile.services.run_rows import Reading
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.store.spool import Columns
from riskprofile.tables import Indicator

FEW = 5_000  # rows of a run: a larger one is a list of its own, in which its rows meet
CROWD = 50  # rows of a day with one key, from which on it is a shop, a stock phrase
BACK = timedelta(days=1)  # before the run: no day that began earlier is asked about


def beside(
    store: Store, rows: Columns, rater: Rater, heard: Heard, now: datetime
) -> Columns | None:
    """The rows of a run, then those of earlier runs that share a key and a day with one of them.

    None where there are none of the latter. Another version of a declaration of the run is none.
    A key whose rows in the run are of several days is not asked about: for one of these days
    history knows what the others hold. `store` holds the past that the rater knows.
    """
    asking = [one for one in rater.over_batch if one.by and all(by in rows for by in one.by)]
    if not asking or len(rows) > FEW:
        return None
    keys = [*dict.fromkeys(by for one in asking for by in one.by)]
    may = _may_fire(rows, asking)
    days = _days(rows, keys, may, now) if may.any() else {}
    if not any(map(len, days.values())):
        return None
    with store.read() as connection:
        first = batches.first_chunk(connection, now - BACK)
    if first is None:
        return None
    wanted = {by: told.index.to_numpy(np.int64) for by, told in days.items() if len(told)}
    table = rater.history.sharing(wanted, [CHUNK, POSITION, "time", *wanted], since=first)
    if not len(table):
        return None
    day = asked.days(View.of(table))
    kept = np.zeros(len(table), dtype=bool)
    for by, told in days.items():
        if by in table:
            same = table[by].map(told).to_numpy("float64", na_value=-1.0) == day
            crowd = table[by].where(same).map(table[by].where(same).value_counts())
            kept |= same & (crowd.to_numpy("float64", na_value=0.0) <= CROWD)
    reading = Reading(rater, heard)
    with store.read() as connection:
        for chunk_id, places in table[kept].groupby(CHUNK)[POSITION]:
            chunk = batches.chunk(connection, int(chunk_id))
            if chunk is not None and chunk.features is not None:  # else it was loaded as past
                at = np.sort(places.to_numpy(np.int64))
                reading.add(reading.read(chunk, at), chunk.id, at, chunk.batch_id)
    own = set(rows.values(RECORD).to_pylist())
    found = reading.rows.view().table()
    found = found[~found[RECORD].isin(own)] if len(found) else found
    if not len(found):
        return None
    together = Columns(heard.spool)
    for some in (rows.view().table(), found):
        together.add(pa.Table.from_pandas(some, preserve_index=False))
    return together


def _may_fire(rows: Columns, asking: Sequence[Indicator]) -> np.ndarray:
    """Rows of which one of these indicators may say something."""
    seen = rows.view()
    made = np.zeros(len(rows), dtype=bool)
    for one in asking:
        made |= True if one.among is None else one.among(seen).flags()
    return made


def _days(
    rows: Columns, keys: Sequence[str], asking: np.ndarray, now: datetime
) -> dict[str, pd.Series]:
    """The day of each value of a key that has one alone, of late, with a row that asks; by key."""
    day = asked.days(rows.view())
    since = asked.days(View.of(pd.DataFrame({"time": [pd.Timestamp(now - BACK)]})))[0]
    made = {}
    for by in keys:
        held = rows.column(by)
        known = held.notna().values
        values, of = np.unique(held.values[known], return_inverse=True)
        first, last = np.full(len(values), np.inf), np.full(len(values), -np.inf)
        np.minimum.at(first, of, day[known])
        np.maximum.at(last, of, day[known])
        alone = (first == last) & (first >= since) & (np.bincount(of, asking[known]) > 0)
        made[by] = pd.Series(first[alone], values[alone])
    return made
