"""What a declaration shares with others of the last 90 days, and with earlier finds.

For the officer's page, never for points. Everything is joined by opaque keys, one sort or
one comparison at a time; a key that many share links nothing. In a run the batch is taken
as a set; the past is the history frozen before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from riskprofile.history import Snapshot
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.indicators.links import COMMON, WHY
from riskprofile.profiles import Profile
from riskprofile.services.identifiers import RECORD
from riskprofile.store import batches
from riskprofile.tables import Column, Table

WINDOW = pd.Timedelta(days=90)
SPLIT = pd.Timedelta(days=14)
SHOWN = 12  # related records of one alert
ALIKE = 3  # earlier finds of one alert
FACETS = 3  # in which an earlier find must agree
SHARED = {**WHY, "declarant_key": "same declarant"}
PARTY = (
    *("consignor_key", "consignee_key", "consignee_address_key", "consignee_phone_key"),
    *("person_key", "vehicle_key"),
)
# Facet -> groups of columns: one group that agrees in all its columns is enough.
FACET: dict[str, tuple[tuple[str, ...], ...]] = {
    "goods": (("goods_key",), ("hs4",)),
    "route": (("origin_key", "destination_key", "transport_mode"), ("route_key",)),
    "party": tuple((name,) for name in PARTY),
    "document": (("carrier",), ("licence_number",), ("house_document",)),
}
_FACTS = (
    *("consignee_name_key", "consignor_name_key", "consignor_key", "consignee_key"),
    *("consignee_type", "part_kinds"),
)
_AT = [CHUNK, POSITION]
READ = frozenset(
    (*SHARED, *_FACTS, *(name for ways in FACET.values() for way in ways for name in way))
)

# All that can be said of a pair, in the order in which one shared key says it.
ANOTHER_NAME, ANOTHER_SENDER = "another name there", "another sender name"
FORWARDER, OTHER_PARTS = "through one forwarder", "other parts of a firearm"
ONE_SENDER = "one sender within 14 days"
SAID = [*SHARED.values(), ANOTHER_NAME, ANOTHER_SENDER, FORWARDER, OTHER_PARTS, ONE_SENDER]
MICROSECOND = pd.Timedelta(microseconds=1)
_NEVER = np.iinfo(np.int64).min  # a missing time

Related = dict[str, list[dict[str, Any]]]


def placed(linked: Table, rows: Table) -> Table:
    """The view of a run's rows with where each lies: `chunk_id` and `position` of `rows`."""
    return linked.assign(
        **{
            RECORD: rows[RECORD].array,
            CHUNK: rows["chunk_id"].to_numpy("int64"),
            POSITION: rows["position"].to_numpy("int64"),
        }
    )


def related(
    connection: Connection,
    profile: Profile,
    run: Table,
    wanted: Sequence[str],
    history: Snapshot,
) -> Related:
    """Records around each wanted one, and finds like it, in words for its page.

    Parameters
    ----------
    run : Table
        The view of the run's rows with the record's reference and place of each row.
    wanted : sequence of str
        References of the records that become alerts.

    Returns
    -------
    dict of str to list
        `record_id, title, link, at, office, outcome` of each, finds first, then those that
        share most, the nearest in time before others.
    """
    mine = run[run[RECORD].isin(wanted)]
    pairs = _pairs(mine, run, history)
    finds = _finds(mine, history.found)
    known = _declared(connection, profile, pd.concat([pairs, finds], ignore_index=True))
    told: Related = {}
    for rows, limit, outcome in ((finds, ALIKE, "trafficking"), (pairs, SHOWN, None)):
        taken: dict[str, set[str]] = {}
        for record, chunk, position, link in zip(
            *(rows[name].tolist() for name in (RECORD, *_AT, "link")), strict=True
        ):
            seen = taken.setdefault(record, set())
            if len(seen) >= limit:
                continue
            other = known.get((chunk, position))
            if other is None or other["record_id"] == record or other["record_id"] in seen:
                continue
            seen.add(other["record_id"])
            told.setdefault(record, []).append({**other, "link": link, "outcome": outcome})
    return told


class _Pool:
    """The rows that others are linked to, as arrays: sorted by each key when it is asked for."""

    def __init__(self, rows: Table) -> None:
        self.rows = rows
        self.times = _times(rows["time"])
        self.places = _places(rows)

    def near(self, keys: np.ndarray, by: str) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (place in `keys`, row) that share a key which not too many share."""
        column = self.rows[by]
        given = np.flatnonzero(column.notna().to_numpy(dtype=bool))
        values = column.to_numpy("int64", na_value=0)[given]
        order = np.argsort(values, kind="stable")
        values = values[order]
        first = np.searchsorted(values, keys, side="left")
        size = np.searchsorted(values, keys, side="right") - first
        size[size > COMMON] = 0
        asked = np.repeat(np.arange(len(keys)), size)
        step = np.arange(len(asked)) - np.repeat(np.cumsum(size) - size, size)
        return asked, given[order[first[asked] + step]]


def _times(column: Column) -> np.ndarray:
    """Microseconds since 1970; the least int64 where no time is known."""
    made: np.ndarray = column.to_numpy("datetime64[us]").astype(np.int64)
    return made


def _places(rows: Table) -> np.ndarray:
    """Where each row lies, as one number: chunk, then position in it."""
    chunks, positions = (rows[name].to_numpy("int64") for name in _AT)
    made: np.ndarray = (chunks << 32) + positions
    return made


def _pairs(mine: Table, run: Table, history: Snapshot) -> Table:
    """Rows that share a key within 90 days: record, place of the other, and why."""
    records, names = pd.factorize(mine[RECORD], sort=True)
    names = names.to_numpy(object)
    own = _Pool(mine)
    mine_by = [mine[by].dropna() for by in SHARED if by in mine]
    past = history.sharing({one.name: np.unique(one.to_numpy("int64")) for one in mine_by})
    pools = [_Pool(pool) for pool in (run, past) if CHUNK in pool]
    found: list[tuple[np.ndarray, ...]] = []  # record, place of the other, apart, why
    for by in [name for name in SHARED if name in mine]:
        asked = np.flatnonzero(mine[by].notna().to_numpy(dtype=bool))
        keys = mine[by].to_numpy("int64", na_value=0)[asked]
        for pool in pools if len(asked) else ():
            if by not in pool.rows:
                continue
            one, other = pool.near(keys, by)
            one = asked[one]
            times = own.times[one], pool.times[other]
            apart = np.abs(times[0] - times[1])
            keep = (apart <= WINDOW // MICROSECOND) & (own.places[one] != pool.places[other])
            keep &= (times[0] != _NEVER) & (times[1] != _NEVER)
            one, other, apart = one[keep], other[keep], apart[keep]
            order = np.lexsort((pool.places[other], apart))
            order = order[_first(records[one[order]], 2 * SHOWN)]  # a page shows the nearest
            one, other, apart = one[order], other[order], apart[order]
            said = _why(by, _Both(mine, one, pool.rows, other), apart)
            place, why = np.nonzero(said)
            found.append((records[one[place]], pool.places[other[place]], apart[place], why))
    if not any(len(one[0]) for one in found):
        return pd.DataFrame(columns=[RECORD, *_AT, "link"])
    record, other, apart, why = (np.concatenate(parts) for parts in zip(*found, strict=True))
    # Each reason once a pair, in the order in which it came up first.
    order = np.lexsort((why, other, record))
    once = order[_starts(record[order], other[order], why[order])]
    order = once[np.lexsort((once, other[once], record[once]))]
    starts = np.flatnonzero(_starts(record[order], other[order]))
    n = np.diff(starts, append=len(order))
    nearest = np.minimum.reduceat(apart[order], starts)
    spoken = np.array(SAID, dtype=object)[why[order]]
    links = [", ".join(spoken[at : at + many]) for at, many in zip(starts, n, strict=True)]
    record, other = record[order[starts]], other[order[starts]]
    order = np.lexsort((other, nearest, -n, record))
    return pd.DataFrame(
        {
            RECORD: names[record[order]],
            CHUNK: other[order] >> 32,
            POSITION: other[order] & (2**32 - 1),
            "link": np.array(links, dtype=object)[order],
        }
    )


def _starts(*sorted_columns: np.ndarray) -> np.ndarray:
    """Where a row differs from the row before it."""
    made = np.zeros(len(sorted_columns[0]), dtype=bool)
    made[:1] = True
    for column in sorted_columns:
        made[1:] |= column[1:] != column[:-1]
    return made


def _first(groups: np.ndarray, many: int) -> np.ndarray:
    """The places of the first rows of each group, in their order."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(_starts(groups[order]))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    kept: np.ndarray = np.sort(order[rank < many])
    return kept


class _Both:
    """Pairs of rows of two tables, compared column by column; what is missing says nothing."""

    def __init__(self, mine: Table, one: np.ndarray, pool: Table, other: np.ndarray) -> None:
        self.mine, self.one, self.pool, self.other = mine, one, pool, other

    def same(self, name: str) -> np.ndarray:
        """Where both rows have the same value."""
        return self._compared(name, np.equal)

    def differ(self, name: str) -> np.ndarray:
        """Where both rows have a value, and not the same."""
        return self._compared(name, np.not_equal)

    def is_(self, name: str, value: str) -> np.ndarray:
        """Where the row that asks has this value."""
        if name not in self.mine:
            return np.zeros(len(self.one), dtype=bool)
        held = (self.mine[name] == value).to_numpy(dtype=bool, na_value=False)
        made: np.ndarray = held[self.one]
        return made

    def _compared(self, name: str, how: np.ufunc) -> np.ndarray:
        made = np.zeros(len(self.one), dtype=bool)
        if name in self.mine and name in self.pool:
            left, right = self.mine[name], self.pool[name]
            given = left.notna().to_numpy(dtype=bool)[self.one]
            given &= right.notna().to_numpy(dtype=bool)[self.other]
            left, right = left.iloc[self.one[given]], right.iloc[self.other[given]]
            made[given] = how(left.to_numpy(object), right.to_numpy(object)).astype(bool)
        return made


def _why(by: str, pairs: _Both, apart: np.ndarray) -> np.ndarray:
    """What one shared key says of pairs of rows, and the patterns that it belongs to.

    Returns
    -------
    ndarray of bool, one row a pair and one column for each of `SAID`
    """
    said = np.zeros((len(apart), len(SAID)), dtype=bool)

    def say(what: str, where: np.ndarray | bool) -> None:
        said[:, SAID.index(what)] = where

    say(SHARED[by], True)
    if by in ("consignee_address_key", "consignee_phone_key"):
        say(ANOTHER_NAME, pairs.differ("consignee_name_key"))
    if by == "consignor_phone_key":
        say(ANOTHER_SENDER, pairs.differ("consignor_name_key"))
    if by == "consignee_key":
        say(FORWARDER, pairs.is_("consignee_type", "forwarder"))
    if by.startswith("consignee"):
        say(OTHER_PARTS, pairs.differ("part_kinds"))
        say(ONE_SENDER, pairs.same("consignor_key") & (apart <= SPLIT // MICROSECOND))
    return said


def _finds(mine: Table, finds: Table) -> Table:
    """Earlier finds that agree in three facets, the nearest first."""
    nothing = pd.DataFrame(columns=[RECORD, *_AT, "link"])
    if not len(mine) or not len(finds) or CHUNK not in finds:
        return nothing
    agree = {
        facet: np.any([_agree(mine, finds, group) for group in groups], axis=0)
        for facet, groups in FACET.items()
    }
    number = np.sum(list(agree.values()), axis=0)
    known = finds["time"].to_numpy()[None, :] < mine["time"].to_numpy()[:, None]
    rows, columns = np.nonzero((number >= FACETS) & known)
    if not len(rows):
        return nothing
    names = list(agree)
    said = [
        "like an earlier find in " + ", ".join(name for name in names if agree[name][row, column])
        for row, column in zip(rows, columns, strict=True)
    ]
    told = pd.DataFrame(
        {
            RECORD: mine[RECORD].to_numpy()[rows],
            **{name: finds[name].to_numpy()[columns] for name in _AT},
            "link": said,
            "n": number[rows, columns],
            "time": finds["time"].to_numpy()[columns],
        }
    )
    order = told.sort_values([RECORD, "n", "time"], ascending=[True, False, False], kind="stable")
    return order[[RECORD, *_AT, "link"]]


def _agree(mine: Table, finds: Table, group: Sequence[str]) -> np.ndarray:
    """Which rows agree with which finds in all these columns; what is missing never does."""
    both = np.ones((len(mine), len(finds)), dtype=bool)
    for name in group:
        if name not in mine or name not in finds:
            return np.zeros_like(both)
        joined = pd.concat([mine[name].astype(object), finds[name].astype(object)])
        codes = pd.factorize(joined)[0]
        one, other = codes[: len(mine), None], codes[None, len(mine) :]
        both &= (one == other) & (one >= 0)
    return both


def _declared(
    connection: Connection, profile: Profile, places: Table
) -> dict[tuple[int, int], dict[str, Any]]:
    """Reference, title, time and office of rows by where they lie; removed ones are left out."""
    table = batches.chunk_table.c
    found: dict[tuple[int, int], dict[str, Any]] = {}
    columns = [RECORD, profile.title, profile.time, profile.office]
    for chunk, positions in places.groupby(CHUNK)[POSITION]:
        content = connection.execute(select(table.rows).where(table.id == int(chunk))).scalar()
        if content is None:
            continue
        rows = batches.from_bytes(content, columns)
        wanted = np.unique(positions.to_numpy("int64"))
        rows = rows.iloc[wanted[wanted < len(rows)]]
        rows = rows[rows[profile.time].notna()]  # without a time: removed by retention
        plain = rows.astype(object).where(rows.notna(), None)
        for position, record, title, at, office in zip(
            rows.index.tolist(), *(plain[name].tolist() for name in columns), strict=True
        ):
            found[int(chunk), position] = {
                "record_id": str(record),
                "title": title or "",
                "at": pd.Timestamp(at).isoformat(),
                "office": office,
            }
    return found
