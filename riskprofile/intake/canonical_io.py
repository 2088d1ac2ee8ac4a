"""Canonical tables to CSV, Parquet or JSON Lines; read back, they are the same table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from riskprofile.errors import UsageError
from riskprofile.files import is_stdout, whole_or_nothing
from riskprofile.intake.detect import Chunk
from riskprofile.intake.formulas import escape_formula
from riskprofile.tables import SOURCE_COLUMNS, Table

__all__ = ["escape_formula", "write_canonical"]

_LARGE = pa.large_string()


def write_canonical(chunks: Iterable[Chunk], out: str | Path) -> int:
    """Write canonical tables, one after another; how many rows there were.

    The ending of `out` says the format: `.csv`, `.parquet`, `.jsonl`; `-` is CSV to
    standard output. Beside the profile's columns stand `source`, `line` and `warnings`: codes
    joined by a bar, in JSON Lines a list of them.
    The file appears whole or not at all. All chunks must be of one profile: raises
    `UsageError` otherwise, and for another ending.
    """
    ending = ".csv" if is_stdout(out) else Path(out).suffix.lower()
    if ending not in _WRITERS:
        raise UsageError(
            f"cannot write {ending or 'a file without an ending'}",
            where=str(out),
            do=f"End its name in {', '.join(_WRITERS)}",
        )
    count = 0
    with whole_or_nothing(out) as stream:
        writer, profile = _WRITERS[ending](stream), ""
        for chunk in chunks:
            if profile and chunk.profile != profile:
                raise UsageError(
                    f"holds {profile} and {chunk.profile} declarations",
                    where=str(out),
                    do="Convert them to two files, one with each --profile",
                )
            profile = chunk.profile
            writer(chunk.table)
            count += len(chunk.table)
        writer(None)
    return count


Writer = Callable[[Table | None], None]


def as_arrow(table: Table) -> pa.Table:
    """A canonical table with Arrow's own types: large text, int64, float64, bool, UTC times."""
    made: dict[str, pa.Array] = {}
    for name in table.columns:
        array = pa.array(table[name], from_pandas=True)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        made[name] = array.cast(_LARGE) if pa.types.is_null(array.type) else array
    return pa.table(made)


def _csv(stream: IO[bytes]) -> Writer:
    started = False

    def write(table: Table | None) -> None:
        nonlocal started
        if table is None:
            return
        made: dict[str, pa.Array] = {}
        arrow = as_arrow(table)
        for name in arrow.column_names:
            column = arrow.column(name).combine_chunks()
            if column.type == _LARGE:
                column = escape_formula(column)
            elif pa.types.is_timestamp(column.type):
                column = _iso(column)
            made[name] = column
        arrow_csv.write_csv(
            pa.table(made),
            stream,
            arrow_csv.WriteOptions(include_header=not started, quoting_style="needed"),
        )
        started = True

    return write


def _iso(column: pa.Array) -> pa.Array:
    """`2026-11-24T08:00:00Z`, with microseconds only where there are any."""
    text = pc.replace_substring(column.cast(_LARGE), " ", "T")
    return pc.replace_substring(text, ".000000Z", "Z")


def _parquet(stream: IO[bytes]) -> Writer:
    writer: pq.ParquetWriter | None = None

    def write(table: Table | None) -> None:
        nonlocal writer
        if table is None:
            if writer is not None:
                writer.close()
            return
        arrow = as_arrow(table)
        if writer is None:
            writer = pq.ParquetWriter(stream, arrow.schema)
        writer.write_table(arrow)

    return write


def _jsonl(stream: IO[bytes]) -> Writer:
    def write(table: Table | None) -> None:
        if table is None:
            return
        arrow = as_arrow(table)
        columns: dict[str, list[Any]] = {}
        for name in arrow.column_names:
            column = arrow.column(name).combine_chunks()
            if pa.types.is_timestamp(column.type):
                column = _iso(column)
            elif name == SOURCE_COLUMNS[-1]:
                column = pc.split_pattern(column, "|")
            columns[name] = column.to_pylist()
        for row in zip(*columns.values(), strict=True):
            filled = {
                name: value for name, value in zip(columns, row, strict=True) if value is not None
            }
            stream.write(json.dumps(filled, ensure_ascii=False).encode("utf-8") + b"\n")

    return write


_WRITERS: dict[str, Callable[[IO[bytes]], Writer]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".jsonl": _jsonl,
}
