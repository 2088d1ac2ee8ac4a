"""What a run needs again later, on file instead of in memory: gone with the run, or its process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from errno import EDQUOT, EFBIG, ENOSPC
from functools import partial
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa

from riskprofile.columns import Column, View, column
from riskprofile.errors import StoreError

Held = Mapping[str, tuple[int, int]]  # by column: where it begins in the file, and its length


class Spool:
    """Columns in one file without a name.

    The file lies in `folder`, where that can be written, else where the system keeps such files.
    """

    def __init__(self, folder: Path | None = None) -> None:
        here = folder is not None and os.access(folder, os.W_OK | os.X_OK)
        self._folder = folder if here else None
        self._file: IO[bytes] | None = None
        self._end = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def put(self, columns: Mapping[str, pa.Array]) -> Held:
        """Write these; where they lie. They need not be of one length.

        Raises
        ------
        StoreError
            The disk is full.
        """
        held = {}
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
            for name, values in columns.items():
                sink, one = pa.BufferOutputStream(), pa.table([values], [name])
                with pa.ipc.new_stream(sink, one.schema) as stream:
                    stream.write_table(one)
                left = memoryview(sink.getvalue())
                held[name] = self._end, len(left)
                self._file.seek(self._end)
                while left:
                    left = left[self._file.write(left) :]
                self._end = self._file.tell()
        except OSError as error:
            if error.errno not in (ENOSPC, EDQUOT, EFBIG):
                raise
            raise StoreError(
                "the disk is full",
                where=str(self._folder or tempfile.gettempdir()),
                do="Make room, then run the same command again.",
            ) from None
        return held

    def get(self, held: Held, name: str) -> pa.ChunkedArray:
        """One of the columns that were put here together."""
        assert self._file is not None, "nothing was put here, or it is closed"
        start, size = held[name]
        self._file.seek(start)
        return pa.ipc.open_stream(pa.py_buffer(self._file.read(size))).read_all().column(0)

    def close(self) -> None:
        """The file and all in it are gone."""
        if self._file is not None:
            self._file.close()
        self._file, self._end = None, 0


class Columns:
    """Columns of many rows on file: added to by parts, read one at a time.

    A part may lack a column, as what an earlier release stored does: it is missing there.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._parts: list[tuple[Held, int]] = []
        self._types: dict[str, pa.DataType] = {}

    def __len__(self) -> int:
        return sum(size for _, size in self._parts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def add(self, table: pa.Table) -> None:
        """Further rows. A text is kept as the number of its distinct value."""
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        for name, one in columns.items():
            if pa.types.is_string(one.type) or pa.types.is_large_string(one.type):
                columns[name] = one = one.dictionary_encode()
            if self._types.get(name, pa.null()) == pa.null():
                self._types[name] = one.type
        self._parts.append((self._spool.put(columns), len(table)))

    def values(self, name: str) -> pa.ChunkedArray:
        """One column, as it was given.

        Raises
        ------
        TypeError
            Parts of it are of different types.
        """
        kind = self._types[name]
        read: list[pa.Array] = []
        for held, size in self._parts:
            found = self._spool.get(held, name).chunks if name in held else []
            nothing = not found or found[0].type == pa.null()  # a part may know of no value
            read += [pa.nulls(size, kind)] if nothing else found
        return pa.chunked_array(read, kind).unify_dictionaries()

    def column(self, name: str) -> Column:
        """One column, taken apart."""
        held = self.values(name)
        if not (pa.types.is_integer(held.type) or pa.types.is_boolean(held.type)):
            return column(held.to_pandas())
        # pandas would make floats of whole numbers with missing ones: a key would be another.
        nothing = pa.scalar(0).cast(held.type)
        return Column(held.fill_null(nothing).to_numpy(), held.is_null().to_numpy()).plain()

    def view(self) -> View:
        """All of them as a view, which keeps what it was asked for."""
        made: dict[str, Any] = {name: partial(self.column, name) for name in self}
        return View(made, pd.RangeIndex(len(self)))
