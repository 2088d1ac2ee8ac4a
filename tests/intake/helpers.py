"""What the tests of readers share: a source from bytes, all chunks as one table, damage, work."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from riskprofile.intake.reader import RawChunk, Reader, Rejection, Source
from riskprofile.tables import TEXT, Table

FIXTURES = Path(__file__).parent / "fixtures"


def source(data: bytes | Path, name: str = "") -> Source:
    """A source over bytes in memory or over a file."""
    if isinstance(data, Path):
        path = data
        return Source(name or path.name, path, path.stat().st_size, lambda: path.open("rb"))
    return Source(name or "memory", None, len(data), lambda: io.BytesIO(data))


def read(
    reader: Reader, data: bytes | Path, chunk_rows: int = 1000
) -> tuple[Table, list[Rejection]]:
    """Every row and rejection that a reader yields."""
    chunks = list(reader.read(source(data), reader.profile, chunk_rows))
    tables = [shown(chunk) for chunk in chunks if len(chunk.rows)]
    rows = pd.concat(tables, ignore_index=True) if tables else shown(chunks[0])
    return rows, [rejection for chunk in chunks for rejection in chunk.rejected]


def shown(chunk: RawChunk) -> Table:
    """The rows of a raw chunk as a table."""
    table: Table = chunk.rows.to_pandas(types_mapper={pa.large_string(): TEXT}.get)
    return table


def changed(reader: Reader, path: Path, *changes: tuple[str, str]) -> Table:
    """The rows of a fixture with some texts replaced."""
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read(reader, text.encode())[0]


@dataclass(frozen=True)
class Harm:
    """Bytes left out, put in or replaced: where, how many go, what comes."""

    changes: list[tuple[int, int, bytes]]

    def __call__(self, data: bytes) -> bytes:
        """The content, damaged."""
        for place, length, new in self.changes:
            data = data[:place] + new + data[place + length :]
        return data


def damage(size: int) -> st.SearchStrategy[Harm]:
    """Up to five changes of a content of about `size` bytes."""
    change = st.tuples(st.integers(0, size), st.integers(0, 4), st.binary(max_size=4))
    return st.builds(Harm, st.lists(change, max_size=5))


def work(reader: Reader, data: bytes) -> tuple[int, int]:
    """Rows of a content, and calls of functions, which no other program on the machine changes."""
    calls = 0

    def counted(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(counted)
    try:
        rows, _ = read(reader, data, chunk_rows=10**6)
    finally:
        sys.setprofile(None)
    return len(rows), calls
