"""More rows than memory holds, set apart so that those which belong together come back together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from riskprofile.memory import give_back

PUT_AT_ONCE = 1 << 16  # rows that wait in memory to be put where they belong
FEW = 16  # so many times fewer stay there: to lay them on file takes longer than to work on them


class Keep(Protocol):
    """Where columns lie meanwhile: `store.spool.Spool` on file, or `Memory`."""

    def put(self, columns: Mapping[str, pa.Array]) -> Mapping[str, Any]:
        """Take these; what they are asked for with."""

    def get(self, held: Any, name: str) -> pa.ChunkedArray:
        """One of the columns that were put here together."""


class Memory:
    """Columns that are few enough to stay where they are."""

    def put(self, columns: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
        """Nothing is copied."""
        return columns

    def get(self, held: Mapping[str, pa.Array], name: str) -> pa.ChunkedArray:
        """As it was put."""
        return pa.chunked_array([held[name]])


def kept(keep: Keep, before: Sized, rows: int, at_once: int) -> Keep:
    """Where so many rows lie, the first where `before` is empty: few, and the first, in memory."""
    return Memory() if not before and rows < at_once // FEW else keep


class Apart:
    """Rows set apart by a number from 0; `at_once` of them wait in memory to be put. Few rows in
    all stay there.

    >>> apart = Apart(Memory())
    >>> apart.add(pa.record_batch({"text": ["a", "b", "c"]}), np.array([1, 0, 1]))
    >>> apart.of(1).column("text").to_pylist(), apart.of(2)
    (['a', 'c'], None)
    """

    def __init__(self, keep: Keep, at_once: int = PUT_AT_ONCE) -> None:
        self._keep = keep
        self._at_once = at_once
        self._held: list[tuple[Keep, Mapping[str, Any]]] = []  # under each number its rows
        self._waiting: list[tuple[np.ndarray, pa.RecordBatch]] = []

    def add(self, rows: pa.RecordBatch, numbers: np.ndarray) -> None:
        """Further rows, and the number of each."""
        if len(rows):
            self._waiting.append((numbers, rows))
        if sum(len(one) for one, _ in self._waiting) >= self._at_once:
            self._put()

    def of(self, number: int) -> pa.RecordBatch | None:
        """The rows of one number, in the order in which they came; None where it has none."""
        if self._waiting:
            self._put()
        name = str(number)
        some = [batch(keep.get(held, name)) for keep, held in self._held if name in held]
        return pa.concat_batches(some) if some else None

    def _put(self) -> None:
        waiting, self._waiting = self._waiting, []
        numbers = np.concatenate([one for one, _ in waiting])
        order = np.argsort(numbers, kind="stable")
        rows = pa.concat_batches([one for _, one in waiting]).take(pa.array(order))
        many = np.bincount(numbers)
        starts = np.cumsum(many) - many
        whole = rows.to_struct_array()
        keep = kept(self._keep, self._held, len(rows), self._at_once)
        held = {
            str(number): whole.slice(starts[number], many[number])
            for number in np.flatnonzero(many).tolist()
        }
        self._held.append((keep, keep.put(held)))


class Piles:
    """Rows put apart by a hash, so that all which share one come back together.

    More go in than memory holds; a pile at a time comes out, in the order of the hashes.

    Parameters
    ----------
    rows : int
        How many will be added at most.
    each : int
        How many a pile should have at most: it has more where many have one hash.
    """

    def __init__(self, keep: Keep, rows: int, each: int) -> None:
        self._apart = Apart(keep)
        self._count = rows // each + 1

    def add(self, hashes: np.ndarray, rows: pa.RecordBatch) -> None:
        """Further rows, and a whole number of 64 bits for each, evenly spread."""
        self._apart.add(rows, _scaled(hashes, self._count))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for number in range(self._count):
            pile = self._apart.of(number)
            if pile is not None:
                yield pile
        give_back()


def batch(column: pa.ChunkedArray) -> pa.RecordBatch:
    """Rows that lie as one column of structures."""
    return pa.RecordBatch.from_struct_array(column.combine_chunks())


def _scaled(hashes: np.ndarray, count: int) -> np.ndarray:
    """Each as one of `count` numbers, in the same order."""
    scaled = (hashes.astype(np.uint64) >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)
    return scaled.astype(np.int32)


def spread(keys: np.ndarray) -> np.ndarray:
    """Opaque keys as hashes without a sign, in the same order."""
    return keys.view(np.uint64) ^ np.uint64(1 << 63)


def spread_blocks(blocks: np.ndarray) -> np.ndarray:
    """Blocks, which have 63 bits, as hashes of 64, in the same order."""
    return blocks.view(np.uint64) << np.uint64(1)
