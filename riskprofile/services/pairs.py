"""Rows of a run that share a key with an alert, a key at a time: pairs on file, by group of alerts.

A key that many share links nothing. The rows that have a key an alert has are set apart by a hash
of it, so that all rows of one key are compared together and few others are in memory with them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from riskprofile.columns import Column, Text, View, spans
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.history.piles import Apart
from riskprofile.reference import hashing
from riskprofile.store.spool import Columns, Spool

MICROSECOND = pd.Timedelta(microseconds=1)
WINDOW = pd.Timedelta(days=90) // MICROSECOND
SPLIT = pd.Timedelta(days=14) // MICROSECOND
NEVER = np.iinfo(np.int64).min  # a missing time
NEAREST = 24  # other rows that a declaration is linked to under one key, twice what a page shows

PART = 1 << 17  # rows that have a key, of which those of interest are compared at once
AT_ONCE = 1 << 17  # pairs that are looked at together, some 10 MB
SLOTS = 23  # bits of a hash by which most rows are passed over: 8 MiB

SHARED = {
    "consignee_address_key": "same delivery address",
    "consignee_phone_key": "same delivery telephone",
    "consignor_phone_key": "same sender telephone",
    "consignee_key": "same consignee",
    "consignor_key": "same consignor",
    "goods_key": "same goods text",
    "party_key": "same booking",
    "person_key": "same traveller",
    "vehicle_key": "same vehicle",
    "declarant_key": "same declarant",
}
COMMON = 50  # rows that share a key beyond which it says nothing: a shop, a stock phrase
ANOTHER_NAME, ANOTHER_SENDER = "another name there", "another sender name"
FORWARDER, OTHER_PARTS = "through one forwarder", "other parts of a firearm"
ONE_SENDER = "one sender within 14 days"
# All that can be said of a pair, in the order in which one shared key says it.
SAID = [*SHARED.values(), ANOTHER_NAME, ANOTHER_SENDER, FORWARDER, OTHER_PARTS, ONE_SENDER]

# The number of the declaration of each of some rows of a run (int32), which rise; from 0 without a
# gap.
Numbers = Callable[[np.ndarray], np.ndarray]
# Whether each of some rows of a run, which rise, is wanted.
Wanted = Callable[[np.ndarray], np.ndarray]
# Of the row that asks and the other, what they have in one column, and their microseconds apart.
Compare = Callable[[Column, Column, np.ndarray], np.ndarray]


def _differ(one: Column, other: Column, apart: np.ndarray) -> np.ndarray:
    return (one != other).flags()


def _soon(one: Column, other: Column, apart: np.ndarray) -> np.ndarray:
    same: np.ndarray = (one == other).flags() & (apart <= SPLIT)
    return same


def _forwarder(one: Column, other: Column, apart: np.ndarray) -> np.ndarray:
    held: Column = one == "forwarder"
    return held.flags()


_DELIVERED = ((OTHER_PARTS, "part_kinds", _differ), (ONE_SENDER, "consignor_key", _soon))
_SENT_TO = ((ANOTHER_NAME, "consignee_name_key", _differ), *_DELIVERED)
# What more is said of two rows that share a key, the column that it is said by, and where.
COMPARED: dict[str, tuple[tuple[str, str, Compare], ...]] = {
    "consignee_address_key": _SENT_TO,
    "consignee_phone_key": _SENT_TO,
    "consignor_phone_key": ((ANOTHER_SENDER, "consignor_name_key", _differ),),
    "consignee_key": ((FORWARDER, "consignee_type", _forwarder), *_DELIVERED),
}

# Where the other row lies, and microseconds from that of the alert to it; both rows of the run; the
# number of the declaration of the other; and what one shared key says of them.
PAIR = np.dtype(
    [
        *(("place", np.int64), ("after", np.int64)),
        *(("row", np.int32), ("other", np.int32), ("number", np.int32), ("said", np.int32)),
    ]
)


class Records:
    """Records set apart by a number from 0, on file.

    Parameters
    ----------
    kind : numpy.dtype
        Of the records.
    """

    def __init__(self, spool: Spool, kind: np.dtype) -> None:
        self.kind = kind
        self._apart = Apart(spool)

    def add(self, records: np.ndarray, numbers: np.ndarray) -> None:
        """Further records, and the number of each."""
        held = [None, pa.py_buffer(np.ascontiguousarray(records))]
        kind = pa.binary(self.kind.itemsize)
        rows = pa.FixedSizeBinaryArray.from_buffers(kind, len(records), held)
        self._apart.add(pa.record_batch({"record": rows}), numbers)

    def of(self, number: int) -> np.ndarray:
        """The records of one number, in the order in which they came."""
        rows = self._apart.of(number)
        if rows is None:
            return np.empty(0, self.kind)
        held = rows.column("record")
        read = np.frombuffer(held.buffers()[1], self.kind)
        return read[held.offset : held.offset + len(held)]


def found(linked: Columns, numbers: Numbers, groups: np.ndarray) -> Records:
    """The pairs of the alerts of a run and its rows that share a key with one, within 90 days.

    Parameters
    ----------
    linked, numbers, groups
        As `networks.around` has them.

    Returns
    -------
    Records
        Those of `PAIR` by group. Under each key the `NEAREST` others of a declaration are among
        them, and there may be more.
    """
    pairs = Records(linked.spool, PAIR)
    for by in [one for one in SHARED if one in linked and len(linked) > 1]:
        for rows, keys in _parts(linked, by, numbers, groups):
            group = groups[rows.numbers]
            for some in _pairs(by, rows, keys, np.flatnonzero(group >= 0)):
                pairs.add(some, group[np.searchsorted(rows.rows, some["row"])])
    return pairs


def _parts(
    linked: Columns, by: str, numbers: Numbers, groups: np.ndarray
) -> Iterator[tuple[Rows, np.ndarray]]:
    """Rows that have a key which the row of an alert has, and the key of each.

    In parts, each with all rows of its keys, in their order. Rows of few other keys are there too.
    """
    names = [name for _, name, _ in COMPARED.get(by, ()) if name in linked]
    parts, apart, texts = _set_apart(linked, by, names, numbers, groups)
    for part in range(parts):
        some = apart.of(part)
        columns = {name: Column(some[name], some[_gone(name)]) for name in names}
        columns |= {name: Text(some[name], distinct) for name, distinct in texts.items()}
        seen = View(columns, len(some))
        time, place, row, number = (
            some[name].copy() for name in ("time", "place", "row", "number")
        )
        yield Rows(time, place, row, number, seen), some["key"].copy()


def _set_apart(
    linked: Columns, by: str, names: Sequence[str], numbers: Numbers, groups: np.ndarray
) -> tuple[int, Records, dict[str, list[str]]]:
    """How many parts, these, and the distinct texts of those columns `names` that hold texts."""
    kind = [("key", "i8"), ("time", "i8"), ("place", "i8"), ("row", "i4"), ("number", "i4")]
    kind += [(name, "i8") for name in names] + [(_gone(name), "?") for name in names]
    parts, sharing = sharing_key(linked, by, lambda rows: groups[numbers(rows)] >= 0, PART)
    apart = Records(linked.spool, np.dtype(kind, align=True))
    texts: dict[str, dict[str, int]] = {}
    for rows, keys, part in sharing:
        some = np.empty(len(rows), apart.kind)
        some["row"], some["number"], some["key"] = rows, numbers(rows), keys
        some["time"] = microseconds(linked.column("time", rows))
        some["place"] = places(linked.column(CHUNK, rows), linked.column(POSITION, rows))
        for name in names:
            held = linked.column(name, rows)
            some[_gone(name)] = held.isna().values
            some[name] = held.values
            if isinstance(held, Text):  # the same number in every segment
                known = texts.setdefault(name, {})
                told = [known.setdefault(text, len(known)) for text in held.distinct]
                some[name] = held.spread(told, -1)
        apart.add(some, part)
    return parts, apart, {name: [*known] for name, known in texts.items()}


def sharing_key(
    linked: Columns, by: str, wanted: Wanted, size: int
) -> tuple[int, Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Rows that have a key which a wanted row has, to be set apart; few of other keys among them.

    Returns
    -------
    int
        How many parts, each of some `size` rows that have a key, of which those of interest are
        there.
    iterator of (ndarray, ndarray, ndarray)
        A segment at a time such rows, the key of each, and its part: that of all rows of its key.
    """
    asked, there = _asked(linked, by, wanted)
    parts = -(-there // size)

    def some() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for rows in linked.segments() if parts else ():
            keys = linked.column(by, rows)
            hashed = _hashed(keys.values)
            at = np.flatnonzero(asked[_slots(hashed, asked)] & keys.notna().values)
            # By other bits than those that chose the rows: no part has more of them than another.
            yield rows[at], keys.values[at], (hashed[at] >> 30) % parts

    return parts, some()


def _asked(linked: Columns, by: str, wanted: Wanted) -> tuple[np.ndarray, int]:
    """By a hash of a key, whether a wanted row may have it; and how many rows have a key."""
    bits = min(SLOTS, max(len(linked).bit_length(), 10))
    asked, count = np.zeros(1 << bits, dtype=bool), 0
    for rows in linked.segments():
        keys = linked.column(by, rows)
        there = keys.notna().values
        count += int(there.sum())
        asked[_slots(_hashed(keys.values[there & wanted(rows)]), asked)] = True
    return asked, count if asked.any() else 0


def _slots(hashed: np.ndarray, slots: np.ndarray) -> np.ndarray:
    """Which of so many slots, a power of two, belongs to each hash: by its upper bits."""
    made: np.ndarray = hashed >> (62 - len(slots).bit_length() + 1)
    return made


def _gone(name: str) -> str:
    """The field that says where a column is missing."""
    return f"no {name}"


def _hashed(keys: np.ndarray) -> np.ndarray:
    """A number below 2**62 for each key, of which the upper bits are as good as random.

    Fibonacci hashing: Knuth, The Art of Computer Programming, volume 3, 6.4.
    """
    product = keys.astype(np.int64).view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    made: np.ndarray = (product >> np.uint64(2)).view(np.int64)
    return made


def _pairs(by: str, rows: Rows, keys: np.ndarray, own: np.ndarray) -> Iterator[np.ndarray]:
    """Records of `PAIR` of rows of which each key is there with all its rows.

    `own` are the places of those of alerts. They come in their order, some at a time.
    """
    held, starts, sharing = shared(keys, least=2)
    at, first, size = having(held, starts, keys[own])
    own, ends = own[at], np.cumsum(size)
    cuts = np.searchsorted(ends, np.arange(AT_ONCE, int(size.sum()) + AT_ONCE, AT_ONCE)) + 1
    for start, end in itertools.pairwise(np.unique([0, *cuts.clip(max=len(own))])):
        one = np.repeat(own[start:end], size[start:end])
        yield kept(by, rows, one, rows, sharing[spans(first[start:end], size[start:end])])


class Rows(NamedTuple):
    """Rows that are paired.

    Parameters
    ----------
    times : ndarray of int64
        Microseconds since 1970, `NEVER` where missing.
    places : ndarray of int64
        Where each lies.
    rows, numbers : ndarray of int
        Its number in the run and that of its declaration; -1 for what is no part of it.
    seen : View
        What is compared of them.
    """

    times: np.ndarray
    places: np.ndarray
    rows: np.ndarray
    numbers: np.ndarray
    seen: View


def kept(by: str, mine: Rows, one: np.ndarray, pool: Rows, other: np.ndarray) -> np.ndarray:
    """Pairs of rows that share a key as records of `PAIR`, in their order.

    Without those too far apart, and those beyond the `NEAREST` of a declaration.

    Parameters
    ----------
    one, other : ndarray of int
        The place of each pair in `mine` and in `pool`.
    """
    times = mine.times[one], pool.times[other]
    after = times[1] - times[0]
    keep = (np.abs(after) <= WINDOW) & (times[0] != NEVER) & (times[1] != NEVER)
    keep &= mine.places[one] != pool.places[other]
    one, other, after = one[keep], other[keep], after[keep]
    few = nearest(mine.numbers[one], np.abs(after), pool.places[other])
    one, other, after = one[few], other[few], after[few]
    made = np.empty(len(one), PAIR)
    made["row"], made["place"], made["after"] = mine.rows[one], pool.places[other], after
    made["other"], made["number"] = pool.rows[other], pool.numbers[other]
    made["said"] = why(by, mine.seen, one, pool.seen, other, np.abs(after))
    return made


def why(
    by: str, mine: View, one: np.ndarray, pool: View, other: np.ndarray, apart: np.ndarray
) -> np.ndarray:
    """What one shared key says of pairs of rows, and the patterns that it belongs to.

    Parameters
    ----------
    mine, pool : View
        Rows that ask, and others; `one` and `other` are the places of each pair in them.
    apart : ndarray of int64
        Microseconds.

    Returns
    -------
    ndarray of int32
        A bit for each of `SAID`. What is missing says nothing.
    """
    said = np.full(len(one), 1 << SAID.index(SHARED[by]), dtype=np.int32)
    for what, name, compare in COMPARED.get(by, ()):
        if name in mine:
            held = pool[name].take(other) if name in pool else mine[name].take(-1 - 0 * other)
            where = compare(mine[name].take(one), held, apart)
            said |= where.astype(np.int32) << SAID.index(what)
    return said


def nearest(of: np.ndarray, apart: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Which pairs are the `NEAREST` of those alike in `of`, by time apart, then place.

    Pairs alike in all this stand in the order in which they came, as all of these do.
    """
    held = np.sort(of)
    starts = np.flatnonzero(hashing.starts(held))
    size = np.diff(starts, append=len(held))
    many = size > NEAREST
    if not many.any():  # as often: nothing needs to be sorted by time
        return np.arange(len(of))
    keep = ~np.isin(of, held[starts[many]])
    crowded = np.flatnonzero(~keep)
    crowded = crowded[np.lexsort((place[crowded], apart[crowded], of[crowded]))]
    keep[crowded[spans(np.zeros_like(size[many]), size[many]) < NEAREST]] = True
    return np.flatnonzero(keep)


def shared(keys: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keys that neither too few nor too many rows have; where those of each begin; these rows."""
    order = hashing.in_order(keys)
    keys = keys[order]
    starts = np.flatnonzero(hashing.starts(keys))
    size = np.diff(starts, append=len(keys))
    few = (size >= least) & (size <= COMMON)
    return keys[starts[few]], np.append(0, np.cumsum(size[few])), order[np.repeat(few, size)]


def having(
    held: np.ndarray, starts: np.ndarray, keys: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of `keys` are held, and of each of these where its rows begin and how many they are.

    `held` and `starts` are those of `shared`.
    """
    at = np.searchsorted(held, keys)
    there = np.flatnonzero(np.append(held, 0)[at] == keys)
    there = there[at[there] < len(held)]
    first = starts[at[there]]
    return there, first, starts[at[there] + 1] - first


def places(chunks: Column, positions: Column) -> np.ndarray:
    """Where each row lies, as one number: chunk, then position in it."""
    made: np.ndarray = (chunks.values.astype(np.int64) << 32) + positions.values
    return made


def microseconds(times: Column) -> np.ndarray:
    """Since 1970; `NEVER` where missing."""
    made: np.ndarray = times.values.astype("datetime64[us]").astype(np.int64)
    return made
