"""What identifies a declaration and its content, so that nothing is lost or doubled."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.columns import View, factorize, spans
from riskprofile.intake.versions import (
    CANCEL,
    FUNCTION,
    FUNCTIONS,
    ORIGINAL,
    REFERENCE,
    SCOPE,
    SENT,
)
from riskprofile.profiles import Profile
from riskprofile.reference.hashing import hash_texts
from riskprofile.tables import TEXT, Column, Table

RECORD, ITEM, CONTENT = "record_id", "item", "content"
TITLE, OFFICE, DUE = "_title", "_office", "_due"  # what it is called, who works it, when it comes
MESSAGE = (FUNCTION, SENT, SCOPE, REFERENCE)  # keys of `extra`; columns once identified
LONGEST = 500  # characters of a reference: an index of a database takes no more
COUNTED = "item_counted"  # whether the item number is the row's place in the file
ASSUMED = "lodged_assumed"  # warning: the time is that of the batch
TAKEN = "item_place_taken"  # warning: no item number, and a row of an earlier file had that place
REPEATED = "item_repeated"  # warning: the file holds another row of this item before it


class Numbers:
    """Numbers the rows without an item number of each declaration: 1, 2, ... over a whole file.

    Of a declaration it keeps a hash and a count, 12 bytes: a file of one row each may be long.
    """

    def __init__(self) -> None:
        self._layers: list[tuple[np.ndarray, np.ndarray]] = []  # hashes, sorted; rows of each

    def of(self, records: Column) -> np.ndarray:
        """The number of each of these rows, which come after those asked about before."""
        code, met = pd.factorize(hash_texts(records.tolist()), sort=True)
        counts = np.bincount(code, minlength=len(met))
        before = np.zeros(len(met), dtype=np.int64)
        for held, rows in self._layers:
            at = np.minimum(np.searchsorted(held, met), len(held) - 1)
            before += np.where(held[at] == met, rows[at], 0)
        within = np.empty(len(code), dtype=np.int64)
        within[np.argsort(code, kind="stable")] = spans(np.zeros_like(counts), counts)
        self._add(met, counts.astype(np.int32))
        numbers: np.ndarray = before[code] + within + 1
        return numbers

    def _add(self, hashes: np.ndarray, counts: np.ndarray) -> None:
        """One layer more, made one with those that are not much larger, so that few are asked."""
        while self._layers and len(self._layers[-1][0]) <= 4 * len(hashes):
            held, rows = self._layers.pop()
            hashes, place = np.unique(np.concatenate([held, hashes]), return_inverse=True)
            counts = np.bincount(place, np.concatenate([rows, counts])).astype(np.int32)
        if len(hashes):
            self._layers.append((hashes, counts))


def identify(table: Table, profile: Profile, numbers: Numbers) -> Table:
    """Add `record_id` (text), `item` (int) and `content` (int64 digest) to a canonical table.

    `message_function` (text) and `message_at` (UTC, or missing) say what the message that
    brought the row is: they stand in `extra`, and are no part of the content, because the
    same list sent a day later says nothing new. That it cancels is part of it. So does
    `message_scope` (JSON text, or missing): of what the message is complete; and
    `message_reference` (text, or missing): of which report, manifest or flight it is. A time
    that was assumed (warning `lodged_assumed`) is no part of the content either.

    `numbers` is that of the batch: of a declaration, the first row without an item number is
    item 1, the next 2, in the order of the file; `item_counted` (bool) says of which that is so.
    """
    record = record_ids(table, profile)
    lacking = np.zeros(len(table), dtype=bool)
    if profile.item:
        given = table[profile.item]
        lacking = given.isna().to_numpy()
        items = given.fillna(0).to_numpy(dtype=np.int64)
        if lacking.any():
            items[lacking] = numbers.of(record[lacking])
    else:
        items = np.ones(len(table), dtype=np.int64)
    said, bare = _messages(table["extra"])
    told = table[profile.time].mask(table["warnings"].str.contains(ASSUMED, na=False))
    given = View.over(table)
    digest = content(given.assign(**{"extra": bare, profile.time: told}), profile)
    digest[(said[FUNCTION] == CANCEL).to_numpy()] ^= _CANCELLED
    made = {RECORD: record, ITEM: items, CONTENT: digest, COUNTED: lacking, **said}
    if profile.item:
        made[profile.item] = pd.array(items, dtype="Int64")
    # To add these to a pandas table takes three times as long.
    return given.assign(**made).table()


_CANCELLED = np.int64(0x5EC0DE0FCA9CE1ED)  # any constant: a cancellation is other content


def _messages(extra: Column) -> tuple[dict[str, Column], Column]:
    """Function and time of each row's message, and `extra` without them."""
    places = np.flatnonzero(extra.str.contains('"message_', regex=False, na=False))
    if not len(places):  # as in most chunks
        none = pd.Series(pd.NA, extra.index, dtype=TEXT)
        sent = pd.Series(pd.NaT, extra.index, dtype="datetime64[s, UTC]")
        said = {FUNCTION: none.fillna(ORIGINAL), SENT: sent, SCOPE: none, REFERENCE: none}
        return said, extra
    functions = np.full(len(extra), ORIGINAL, dtype=object)
    times: list[datetime | None] = [None] * len(extra)
    scopes: list[str | None] = [None] * len(extra)
    references: list[str | None] = [None] * len(extra)
    bare = extra.astype(object).to_numpy(copy=True)
    for place in places:
        held = json.loads(bare[place])
        told = held.pop(FUNCTION, None)
        if told in FUNCTIONS:
            functions[place] = told
        times[place] = _moment(held.pop(SENT, None))
        if isinstance(scope := held.pop(SCOPE, None), dict):
            scopes[place] = json.dumps(scope, ensure_ascii=False, sort_keys=True)
        if isinstance(reference := held.pop(REFERENCE, None), str):
            references[place] = reference if 0 < len(reference) <= LONGEST else None
        bare[place] = json.dumps(held, ensure_ascii=False) if held else None
    said = {
        FUNCTION: pd.Series(functions, index=extra.index, dtype=TEXT),
        SENT: pd.Series(pd.to_datetime(times, utc=True), index=extra.index),
        SCOPE: pd.Series(scopes, index=extra.index, dtype=TEXT),
        REFERENCE: pd.Series(references, index=extra.index, dtype=TEXT),
    }
    return said, pd.Series(bare, index=extra.index, dtype=TEXT)


def _moment(text: Any) -> datetime | None:
    """A time as readers write it; what is none is as good as not said."""
    try:
        read = datetime.fromisoformat(str(text))
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def record_ids(table: Table, profile: Profile) -> Column:
    """`declaration@office/carrier/year`; the first part alone when the profile has one key.

    The parts after `@` are there because numbers repeat: the same waybill number of two
    carriers, or of two years, is two declarations.
    """
    first, *others = profile.declaration
    if not others:
        return table[first].astype(TEXT)
    parts = [
        pa.array(table[name].dt.year, pa.int64(), from_pandas=True).cast(_WRITTEN)
        if name == profile.time
        else _written(table[name]).fill_null("")
        for name in others
    ]
    behind = pc.binary_join_element_wise(*parts, pa.scalar("/", _WRITTEN))
    made = pc.binary_join_element_wise(_written(table[first]), behind, pa.scalar("@", _WRITTEN))
    return pd.Series(TEXT.__from_arrow__(made), table.index)


_WRITTEN = pa.large_string()


def _written(column: Column) -> pa.Array:
    return pa.array(column.astype(TEXT), _WRITTEN)


def content(rows: Table | View, profile: Profile) -> np.ndarray:
    """A 64-bit digest of each row as declared; where it was read from does not matter."""
    total = np.zeros(len(rows), dtype=np.uint64)
    given = View.over(rows).arrays(profile.names)
    for place, name in enumerate(profile.names):
        held = given[name]
        # A zero with a sign is another text, and behind one without it is not told apart from it.
        codes, distinct = factorize(held + 0.0 if held.dtype.kind == "f" else held)
        if not distinct:
            continue
        texts = np.array(distinct, dtype=object)
        hashed = pd.util.hash_array(texts, hash_key="riskprofile-row1", categorize=False)
        part = np.where(codes < 0, np.uint64(0), hashed[codes])
        # Odd multipliers keep the columns apart: the same text in another column differs.
        total += part * np.uint64(2 * place + 0x9E3779B97F4A7C15)
    digest: np.ndarray = total.view(np.int64)
    return digest
