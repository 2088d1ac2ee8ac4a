"""What the tests of readers share: a source from bytes, all chunks as one table."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from riskprofile.intake.reader import Reader, Rejection, Source
from riskprofile.tables import Table

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
    tables = [chunk.rows for chunk in chunks if len(chunk.rows)]
    rows = pd.concat(tables, ignore_index=True) if tables else chunks[0].rows
    return rows, [rejection for chunk in chunks for rejection in chunk.rejected]
