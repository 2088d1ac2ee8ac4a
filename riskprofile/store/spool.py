"""What a run needs again later, on file instead of in memory: gone with the run, or its process."""

from __future__ import annotations

import itertools
import os
import tempfile
import weakref
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from riskprofile.columns import Column, View, taken_apart
from riskprofile.errors import AGAIN, StoreError, why_full
from riskprofile.history.piles import Keep, kept

Held = Mapping[str, tuple[int, int]]  # by column: where it begins in the file, and its length
SEGMENT = 1 << 14  # rows of a run that lie together on file, some 3 MB: as much waits in memory


class Together(Mapping[str, tuple[int, int]]):
    """As `Held`, of columns that lie one after the other: eight bytes for each, where a pair of
    numbers in a dictionary takes two hundred. A run that sets its rows apart has many thousands.

    Parameters
    ----------
    names : tuple of str
    ends : array of int
        Where the first begins, and where each ends.
    """

    __slots__ = ("_ends", "_names")

    def __init__(self, names: tuple[str, ...], ends: array[int]) -> None:
        self._names, self._ends = names, ends

    def __getitem__(self, name: str) -> tuple[int, int]:
        if name not in self._names:
            raise KeyError(name)
        at = self._names.index(name)
        return self._ends[at], self._ends[at + 1] - self._ends[at]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Spool:
    """Columns in one file without a name, which is gone when this is closed or not used any more.

    The file lies in `folder`, where that can be written, else where the system keeps such files.
    """

    def __init__(self, folder: Path | None = None) -> None:
        here = folder is not None and os.access(folder, os.W_OK | os.X_OK)
        self._folder = folder if here else None
        self._file: IO[bytes] | None = None
        self._end = 0
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}  # those put together, once

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def put(self, columns: Mapping[str, pa.Array]) -> Held:
        """Write these; where they lie. They need not be of one length.

        Raises
        ------
        StoreError
            The disk is full, or a file may not become so large.
        """
        ends = array("q", [self._end])
        for name, values in columns.items():
            self.put_bytes(streamed(pa.table([values], [name])))
            ends.append(self._end)
        names = tuple(columns)
        return Together(self._names.setdefault(names, names), ends)

    def put_bytes(self, content: bytes | memoryview) -> int:
        """Write this; where it begins.

        Raises
        ------
        StoreError
            The disk is full, or a file may not become so large.
        """
        start, left = self._end, memoryview(content)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            self._file.seek(start)
            while left:
                left = left[self._file.write(left) :]
            self._end = self._file.tell()
        except OSError as error:
            full = why_full(error)
            if full is None:
                raise
            what, do = full
            where = str(self._folder or tempfile.gettempdir())
            raise StoreError(what, where=where, do=f"{do}, then {AGAIN}") from None
        return start

    def get(self, held: Held, name: str) -> pa.ChunkedArray:
        """One of the columns that were put here together."""
        return unstreamed(self.get_bytes(*held[name])).column(0)

    def get_bytes(self, start: int, size: int) -> bytes:
        """So many bytes of what was put here, from there on."""
        assert self._file is not None, "nothing was put here, or it is closed"
        self._file.seek(start)
        content: bytes = self._file.read(size)
        return content

    def close(self) -> None:
        """The file and all in it are gone."""
        if self._file is not None:
            self._file.close()
        self._file, self._end = None, 0


def streamed(table: pa.Table) -> memoryview:
    """A table as it lies on file: an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


def unstreamed(content: bytes) -> pa.Table:
    """What `streamed` made."""
    return pa.ipc.open_stream(pa.py_buffer(content)).read_all()


class Columns:
    """Columns of many rows on file: added to by parts, read one at a time, whole or at some rows.

    A part may lack a column, as what an earlier release stored does: it is missing there.
    """

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self._held: list[tuple[Keep, Mapping[str, Any]]] = []
        self._ends: list[int] = []  # rows up to the end of each of these
        self._types: dict[str, pa.DataType] = {}
        self._waiting: list[pa.Table] = []

    def __len__(self) -> int:
        return (self._ends[-1] if self._ends else 0) + sum(map(len, self._waiting))

    def __iter__(self) -> Iterator[str]:
        self._settle()
        return iter(self._types)

    def __contains__(self, name: object) -> bool:
        self._settle()
        return name in self._types

    def add(self, table: pa.Table) -> None:
        """Further rows. A text is kept as the number of its distinct value."""
        if len(table):
            self._waiting.append(table)
        if sum(map(len, self._waiting)) >= SEGMENT:
            self._settle()

    def segments(self) -> Iterator[np.ndarray]:
        """The rows that lie together, a range of them at a time."""
        self._settle()
        for start, end in itertools.pairwise([0, *self._ends]):
            yield np.arange(start, end)

    def values(self, name: str, rows: np.ndarray | None = None) -> pa.ChunkedArray:
        """One column, as it was given: of all rows, or of these, which do not fall.

        Raises
        ------
        TypeError
            Parts of it are of different types.
        """
        self._settle()
        kind = self._types[name]
        read: list[pa.Array] = []
        for part in self._parts(rows):
            (keep, held), end = self._held[part], self._ends[part]
            start = self._ends[part - 1] if part else 0
            wanted = None
            if rows is not None:
                first, last = np.searchsorted(rows, [start, end])
                if first == last:
                    continue
                wanted = rows[first:last] - start
                if last - first == end - start and wanted[0] == 0 and wanted[-1] == len(wanted) - 1:
                    wanted = None  # all of them
            if name not in held:
                read.append(pa.nulls(end - start if wanted is None else len(wanted), kind))
                continue
            found = keep.get(held, name)
            if wanted is not None:
                found = found.take(pa.array(wanted))
            if rows is not None and pa.types.is_dictionary(kind):
                # Few of the texts that lie there are texts of these rows: the others are let go.
                found = found.cast(kind.value_type)
            read += found.chunks
        if rows is not None and pa.types.is_dictionary(kind):
            return pa.chunked_array([one.cast(kind.value_type) for one in read], kind.value_type)
        return pa.chunked_array(read, kind).unify_dictionaries()

    def _parts(self, rows: np.ndarray | None) -> range:
        """Those among which all of these rows lie."""
        if rows is None:
            return range(len(self._held))
        if not len(rows):
            return range(0)
        first, last = bisect_right(self._ends, rows[0]), bisect_right(self._ends, rows[-1])
        return range(first, last + 1)

    def column(self, name: str, rows: np.ndarray | None = None) -> Column:
        """One column, taken apart: of all rows, or of these, which do not fall."""
        return taken_apart(self.values(name, rows))

    def view(self, rows: np.ndarray | None = None) -> View:
        """All columns as a view, which keeps what it was asked for."""
        made: dict[str, Any] = {name: partial(self.column, name, rows) for name in self}
        return View(made, len(self) if rows is None else len(rows))

    def _settle(self) -> None:
        """What waits goes on file, but for the first rows where they are few."""
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting, promote_options="default")
        columns = {}
        for name in table.column_names:
            one = table.column(name).combine_chunks()
            if pa.types.is_string(one.type) or pa.types.is_large_string(one.type):
                one = one.dictionary_encode()
            known = self._types.setdefault(name, one.type)
            if pa.types.is_null(one.type):  # here nobody has a value
                continue
            if known not in (one.type, pa.null()):
                raise TypeError(f"{name} is of two types: {known} and {one.type}")
            self._types[name] = one.type
            columns[name] = one
        keep = kept(self.spool, self._held, len(table), SEGMENT)
        self._held.append((keep, keep.put(columns)))
        self._ends.append(len(self))
        self._waiting = []
