"""Pieces of a table, as its reader meets them, to raw chunks of the size asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.intake.columns import Mapped, layout
from riskprofile.intake.conventions import UNDECIDED, Conventions
from riskprofile.intake.reader import RawChunk, Rejection, Source

LARGE = pa.large_string()
RAW_LIMIT = 20_000  # characters of a record that is no row, kept for its repair
AHEAD = 4  # pieces: a file that ends within them is read once
CHUNK_BYTES = 16 << 20  # of cells: long remarks end a chunk before its rows do, so memory is flat


@dataclass
class Piece:
    """Some records in order: text by canonical name, lines, warnings, and what was set aside.

    `typed` says, for columns of numbers, in which rows the cell came as a number: nobody wrote
    it with a point or a comma, so it tells nothing of how the file writes what is text.
    """

    columns: Mapping[str, pa.Array]
    lines: np.ndarray
    warnings: pa.Array | None = None
    rejected: list[Rejection] = field(default_factory=list)
    typed: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)


def look(
    pieces: Callable[[Sequence[str] | None], Iterator[Piece]],
    mapped: Mapped,
    undecided: str = UNDECIDED,
    ahead: int = AHEAD,
) -> tuple[Iterator[Piece], Conventions]:
    """All pieces, and the conventions of the file, settled before the first is handed on.

    `pieces` reads the file from its start, all columns or only the named ones.
    """
    specs = layout(mapped.profile).by_name
    numbers = [name for name in specs if specs[name].kind in ("int", "float")]
    dates = [name for name in specs if specs[name].kind in ("datetime", "date")]
    named = [name for name in (*numbers, *dates) if name in mapped.columns]

    def scan() -> Iterator[Mapping[str, pa.Array]]:
        return (_written(piece) for piece in pieces(named))

    conventions = Conventions(scan, numbers, dates, undecided)
    every = pieces(None)
    seen = list(islice(every, ahead))
    whole = len(seen) < ahead
    conventions.look([_written(piece) for piece in (seen if whole else seen[:1])], whole)
    return chain(iter(seen), every), conventions  # a list would be held to the end of the file


def _written(piece: Piece) -> dict[str, pa.Array]:
    """The columns of a piece, without the cells that came as numbers."""
    missing = pa.scalar(None, LARGE)
    return {
        name: pc.if_else(pa.array(piece.typed[name]), missing, column)
        if name in piece.typed
        else column
        for name, column in piece.columns.items()
    }


def in_chunks(
    pieces: Iterator[Piece],
    source: Source,
    mapped: Mapped,
    conventions: Conventions,
    chunk_rows: int,
) -> Iterator[RawChunk]:
    """Raw chunks of `chunk_rows` records, fewer where they are large; the last is shorter.

    One at least, even if empty.
    """
    names = layout(mapped.profile).names
    held: list[pa.Table] = []
    rejected: list[Rejection] = []
    made = False
    size = 0  # bytes held

    def chunk(table: pa.Table, aside: list[Rejection]) -> RawChunk:
        rows = pa.RecordBatch.from_arrays([*map(one_array, table.columns)], table.column_names)
        return RawChunk(mapped.profile, rows, aside, conventions, mapped.headings)

    for piece in pieces:
        held.append(_table(piece, names, source))
        rejected += piece.rejected
        size += held[-1].nbytes + sum(len(one.raw) for one in piece.rejected)
        while (count := sum(map(len, held)) + len(rejected)) >= chunk_rows or (
            count and size >= CHUNK_BYTES
        ):
            aside, rejected = rejected[:chunk_rows], rejected[chunk_rows:]
            whole = _together(held)
            room = chunk_rows - len(aside)
            held, made = [whole.slice(room)], True
            size = held[0].nbytes + sum(len(one.raw) for one in rejected)
            ready = [chunk(whole.slice(0, room), aside)]
            del whole, aside  # or both would be held while the chunk is worked on
            yield ready.pop()
    nothing = Piece({}, np.empty(0, dtype=np.int64))
    rest = _together(held or [_table(nothing, names, source)])
    if len(rest) or rejected or not made:
        yield chunk(rest, rejected)


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; not copied where it is one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _together(held: list[pa.Table]) -> pa.Table:
    """One table; a column that a piece has not is missing there."""
    return pa.concat_tables(held, promote_options="default")


def _table(piece: Piece, names: Sequence[str], source: Source) -> pa.Table:
    size = len(piece)
    filled = {name: piece.columns[name] for name in names if name in piece.columns}
    filled["source"] = pa.repeat(pa.scalar(source.name, LARGE), size)
    filled["line"] = pa.array(piece.lines, pa.int64())
    filled["warnings"] = pa.nulls(size, LARGE) if piece.warnings is None else piece.warnings
    return pa.table(filled)
