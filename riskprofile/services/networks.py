"""What a declaration shares with others of the last 90 days, and with earlier finds.

For the officer's page, never for points. Everything is joined by opaque keys, one sort or
one comparison at a time; a key that many share links nothing. In a run the batch is taken
as a set; the past is the history frozen before it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection

from riskprofile.columns import Column as Values
from riskprofile.columns import View
from riskprofile.history import Snapshot
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.indicators.links import COMMON, WHY
from riskprofile.profiles import Profile
from riskprofile.services.identifiers import OFFICE, RECORD, TITLE
from riskprofile.store import batches
from riskprofile.store.spool import Columns
from riskprofile.tables import Table

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
# What is compared of two rows that share a key.
COMPARED = ("consignee_name_key", "consignor_name_key", "consignor_key", "part_kinds")
_AT = [CHUNK, POSITION]
NUMBER = "_number"  # of the declaration of a row, among those of a run
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


# Keys that link, sorted; where the rows of each begin, and the end of the last; these rows.
Keys = tuple[np.ndarray, np.ndarray, np.ndarray]


class Pool:
    """Rows that others are linked to, and where each lies: chunk, then position in it.

    `rows` has what is compared of them, of `COMPARED`; `numbers` is the number of the declaration
    of each, -1 where that is not at hand.
    """

    def __init__(
        self,
        rows: View,
        times: Values,
        places: np.ndarray,
        numbers: np.ndarray,
        shared: dict[str, Keys] | None = None,
    ) -> None:
        self.rows, self.places, self.numbers = rows, places, numbers
        self.times: np.ndarray = times.values.astype("datetime64[us]").astype(np.int64)
        self._shared = {} if shared is None else shared

    @classmethod
    def of(cls, rows: Table) -> Pool:
        """A table of rows with `CHUNK` and `POSITION`, and maybe `NUMBER`."""
        numbers = rows[NUMBER] if NUMBER in rows else np.full(len(rows), -1)
        view, places = View(dict(rows.items()), rows.index), np.array(_places(rows), dtype=np.int64)
        return cls(view, view["time"], places, np.asarray(numbers))

    def __contains__(self, by: str) -> bool:
        return by in self._shared or by in self.rows

    def near(self, keys: np.ndarray, by: str) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (place in `keys`, row) that share a key which not too many share."""
        if by not in self._shared:
            self._shared[by] = _shared(self.rows[by])
        values, starts, rows = self._shared[by]
        at = np.searchsorted(values, keys)
        held = np.flatnonzero(np.append(values, 0)[at] == keys)
        held = held[at[held] < len(values)]
        first = starts[at[held]]
        size = starts[at[held] + 1] - first
        step = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        return np.repeat(held, size), rows[np.repeat(first, size) + step]


# Reference, title, time and office of a row.
Shown = tuple[str, str | None, datetime, str | None]


@dataclass(frozen=True)
class Around:
    """Of a run, the rows of its alerts and those that share a key with one.

    Parameters
    ----------
    pool : Pool
        All of these.
    shown : pyarrow.Table
        Title and office of each.
    own : View
        All that is asked of those of the alerts; they lie in `pool` at `at`.
    records : pandas array of texts
        The reference of each declaration of the run, by its number.
    """

    pool: Pool
    shown: pa.Table
    own: View
    at: np.ndarray
    records: Any

    def mine(self, wanted: np.ndarray) -> Table:
        """The rows of the alerts with these numbers, with where they lie."""
        order, numbers = self._by_number
        first, end = (np.searchsorted(numbers, wanted, side=side) for side in ("left", "right"))
        step = np.repeat(first - (np.cumsum(end - first) - (end - first)), end - first)
        mine = np.sort(order[step + np.arange(len(step))])
        places, of = (held[self.at[mine]] for held in (self.pool.places, self.pool.numbers))
        where = {CHUNK: places >> 32, POSITION: places & (2**32 - 1), NUMBER: of}
        return self.own.take(mine).table().assign(**{RECORD: self.records.take(of), **where})

    def declared(self, places: np.ndarray) -> dict[int, Shown]:
        """What a page shows of those of these places that are rows of the run."""
        order, held = self._by_place
        at = np.searchsorted(held, places).clip(max=max(len(held) - 1, 0))
        rows = order[at[held[at] == places]] if len(held) else at[:0]
        rows = rows[self.pool.times[rows] != _NEVER]
        some = self.shown.take(pa.array(rows))
        times = pd.DatetimeIndex(self.pool.times[rows].view("M8[us]")).tz_localize("UTC")
        return {
            place: (record, title, time, office)
            for place, record, title, time, office in zip(
                self.pool.places[rows].tolist(),
                self.records.take(self.pool.numbers[rows]).tolist(),
                some[TITLE].to_pylist(),
                times.to_pydatetime().tolist(),
                some[OFFICE].to_pylist(),
                strict=True,
            )
        }

    @cached_property
    def _by_place(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows by where they lie, and these places, sorted."""
        order = np.argsort(self.pool.places, kind="stable")
        return order, self.pool.places[order]

    @cached_property
    def _by_number(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of alerts by the number of their declaration, and these numbers, sorted."""
        numbers = self.pool.numbers[self.at]
        order = np.argsort(numbers, kind="stable")
        return order, numbers[order]


def around(
    linked: Columns, places: np.ndarray, numbers: np.ndarray, records: Any, alerts: np.ndarray
) -> Around:
    """What alerts are linked by in a run.

    Parameters
    ----------
    linked : Columns
        What links the rows of the run: of `READ` what it has, `time`, titles and offices. One of
        them is in memory at a time.
    places : ndarray of int64
        Where each row lies, as `Pool` has it.
    numbers : ndarray
        The number of the declaration of each row.
    records : pandas array of texts
        The reference of each declaration, by its number.
    alerts : ndarray of bool
        The rows of declarations that became alerts.
    """
    kept = alerts.copy()
    shared = {}
    for by in [one for one in SHARED if one in linked]:
        held = linked.column(by)
        known = held.notna().values
        asked = np.unique(held.values[known & alerts])
        known &= np.isin(held.values, asked)
        shared[by] = _shared(Values(held.values, ~known), least=2)  # one row alone links nobody
        kept[shared[by][2]] = True
    at, place = np.flatnonzero(kept), (np.cumsum(kept) - 1).astype(np.int32)
    own, compared = {}, {}
    for name in [one for one in linked if one in READ or one == "time"]:
        held = linked.column(name)
        own[name] = held.take(np.flatnonzero(alerts))
        if name in COMPARED:
            compared[name] = held.take(at)
    pool = Pool(
        View(compared, pd.RangeIndex(len(at))),
        linked.column("time").take(at),
        places[at],
        numbers[at],
        {by: (keys, starts, place[found]) for by, (keys, starts, found) in shared.items()},
    )
    shown = {name: linked.values(name).take(pa.array(at)) for name in (TITLE, OFFICE)}
    mine = place[alerts]
    return Around(pool, pa.table(shown), View(own, pd.RangeIndex(len(mine))), mine, records)


def _places(rows: Table) -> list[int]:
    """Where each row lies, as one number: chunk, then position in it."""
    chunks, positions = (rows[name].to_numpy("int64") for name in _AT)
    made: list[int] = ((chunks << 32) + positions).tolist()
    return made


def _shared(column: Values, least: int = 1) -> Keys:
    """The keys that neither too few nor too many rows have, and the rows of each."""
    rows = np.flatnonzero(column.notna().values)
    keys = column.values[rows]
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(_starts(keys))
    size = np.diff(starts, append=len(keys))
    few = (size >= least) & (size <= COMMON)
    ends = np.cumsum(size[few]).astype(np.int32)
    return keys[starts[few]], np.append(np.int32(0), ends), rows[np.repeat(few, size)]


def related(
    connection: Connection,
    profile: Profile,
    run: Around,
    wanted: np.ndarray,
    history: Snapshot,
) -> Related:
    """Records around each wanted one, and finds like it, in words for its page.

    Parameters
    ----------
    run : Around
        The run's rows that these may be linked to.
    wanted : ndarray
        The numbers of the declarations that become alerts.

    Returns
    -------
    dict of str to list
        `record_id, title, link, at, office, outcome` of each, finds first, then those that
        share most, the nearest in time before others.
    """
    mine = run.mine(wanted)
    pairs = _pairs(mine, run.pool, history)
    finds = _finds(mine, history.found)
    wanted_places = np.unique(np.array([*_places(pairs), *_places(finds)], dtype=np.int64))
    known = run.declared(wanted_places)
    elsewhere = [place for place in wanted_places.tolist() if place not in known]
    known |= _declared(connection, profile, elsewhere)
    told: Related = {}
    for rows, limit, outcome in ((finds, ALIKE, "trafficking"), (pairs, SHOWN, None)):
        taken: dict[str, set[str]] = {}
        for record, place, link in zip(
            rows[RECORD].tolist(), _places(rows), rows["link"].tolist(), strict=True
        ):
            seen = taken.setdefault(record, set())
            if len(seen) >= limit:
                continue
            other = known.get(place)
            if other is None or other[0] == record or other[0] in seen:
                continue
            seen.add(other[0])
            of, title, at, office = other
            shown = {"record_id": of, "title": title or "", "at": at.isoformat(), "office": office}
            told.setdefault(record, []).append({**shown, "link": link, "outcome": outcome})
    return told


def _pairs(mine: Table, run: Pool, history: Snapshot) -> Table:
    """Rows that share a key within 90 days: record, place of the other, and why."""
    records, names = pd.factorize(mine[RECORD], sort=True)
    names = names.to_numpy(object)
    own = Pool.of(mine)
    mine_by = [mine[by].dropna() for by in SHARED if by in mine]
    past = history.sharing({one.name: np.unique(one.to_numpy("int64")) for one in mine_by})
    pools = [run, Pool.of(past)] if CHUNK in past else [run]
    # Record, place of the other, number of its declaration, apart, why.
    found: list[tuple[np.ndarray, ...]] = []
    for by in [name for name in SHARED if name in mine]:
        asked = np.flatnonzero(mine[by].notna().to_numpy(dtype=bool))
        keys = mine[by].to_numpy("int64", na_value=0)[asked]
        for pool in pools if len(asked) else ():
            if by not in pool:
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
            said = _why(by, _Both(own.rows, one, pool.rows, other), apart)
            place, why = np.nonzero(said)
            other = other[place]
            found.append(
                (records[one[place]], pool.places[other], pool.numbers[other], apart[place], why)
            )
    if not any(len(one[0]) for one in found):
        return pd.DataFrame(columns=[RECORD, *_AT, "link"])
    record, other, number, apart, why = map(np.concatenate, zip(*found, strict=True))
    # Each reason once a pair, in the order in which it came up first.
    order = np.lexsort((why, other, record))
    once = order[_starts(record[order], other[order], why[order])]
    order = once[np.lexsort((once, other[once], record[once]))]
    starts = np.flatnonzero(_starts(record[order], other[order]))
    n = np.diff(starts, append=len(order))
    nearest = np.minimum.reduceat(apart[order], starts)
    of = order[starts]
    ranked = np.lexsort((other[of], nearest, -n, record[of]))
    mine_by_record = np.zeros(len(names), dtype=np.int64)
    mine_by_record[records] = own.numbers
    ranked = ranked[_shown(record[of[ranked]], number[of[ranked]], mine_by_record)]
    spoken = np.array(SAID, dtype=object)[why[order]]
    links = [
        ", ".join(spoken[at : at + many])
        for at, many in zip(starts[ranked].tolist(), n[ranked].tolist(), strict=True)
    ]
    of = of[ranked]
    return pd.DataFrame(
        {
            RECORD: names[record[of]],
            CHUNK: other[of] >> 32,
            POSITION: other[of] & (2**32 - 1),
            "link": np.array(links, dtype=object),
        }
    )


def _shown(record: np.ndarray, number: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Which pairs a page may show: those up to the twelfth other declaration of the run.

    What comes after them need not be read. `record` is sorted and `own` the number of each.
    """
    counts = (number >= 0) & (number != own[record])
    pair = record * (number.max(initial=0) + 2) + number + 1
    first = np.zeros(len(record), dtype=bool)
    first[np.unique(pair, return_index=True)[1]] = True
    told = np.cumsum(first & counts)
    begin = np.flatnonzero(_starts(record))
    before = np.repeat(told[begin] - (first & counts)[begin], np.diff(begin, append=len(record)))
    made: np.ndarray = told - (first & counts) - before < SHOWN
    return made


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
    """Pairs of rows of two views, compared column by column; what is missing says nothing."""

    def __init__(self, mine: View, one: np.ndarray, pool: View, other: np.ndarray) -> None:
        self.mine, self.one, self.pool, self.other = mine, one, pool, other

    def same(self, name: str) -> np.ndarray:
        """Where both rows have the same value."""
        return self._compared(name, operator.eq)

    def differ(self, name: str) -> np.ndarray:
        """Where both rows have a value, and not the same."""
        return self._compared(name, operator.ne)

    def is_(self, name: str, value: str) -> np.ndarray:
        """Where the row that asks has this value."""
        if name not in self.mine:
            return np.zeros(len(self.one), dtype=bool)
        held: Values = self.mine[name] == value
        made: np.ndarray = held.flags()[self.one]
        return made

    def _compared(self, name: str, how: Callable[[Values, Values], Values]) -> np.ndarray:
        if name not in self.mine or name not in self.pool:
            return np.zeros(len(self.one), dtype=bool)
        return how(self.mine[name].take(self.one), self.pool[name].take(self.other)).flags()


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


def _declared(connection: Connection, profile: Profile, places: Sequence[int]) -> dict[int, Shown]:
    """Reference, title, time and office of rows by where they lie; removed ones are left out."""
    columns = [RECORD, profile.title, profile.time, profile.office]
    found: dict[int, Shown] = {}
    wanted = np.unique(np.array(places, dtype=np.int64))
    chunks, starts = np.unique(wanted >> 32, return_index=True)
    ends = np.append(starts, len(wanted))[1:]
    for chunk, start, end in zip(chunks.tolist(), starts, ends, strict=True):
        some = wanted[start:end]
        cells = batches.cells(connection, chunk, columns, some & (2**32 - 1))
        rows = zip(some.tolist(), zip(*cells, strict=True), strict=False)
        # Without a time: removed by retention.
        found.update((place, row) for place, row in rows if row[2] is not None)
    return found
