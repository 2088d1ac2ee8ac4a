"""XLSX and XLS through calamine: every sheet with headings, numbers as their text.

The headings need not stand on the first row. A cell that a spreadsheet turned into a
number has lost its zeros: HS codes are warned of, and padded where that is certain.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.errors import of_system
from riskprofile.intake import archive, awmds_form, columns, workbook_cells
from riskprofile.intake.cells import as_text, hs_as_text, with_point
from riskprofile.intake.chunks import LARGE, RAW_LIMIT, Piece, in_chunks, look
from riskprofile.intake.columns import AUTO, Mapped
from riskprofile.intake.reader import Knowing, RawChunk, Rejection, Source, unread
from riskprofile.intake.sad import Dates
from riskprofile.intake.values import beside

HEADER_ROWS = 20
PIECE = 10_000  # rows
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A sheet is held as a full rectangle of 32 bytes a cell, of which a file needs 6 at least: what
# asks for more is a table with stray cells far away, or an attack.
MEMORY, MEMORY_A_BYTE = 1 << 29, 8
WORK, WORK_A_MEGABYTE = 0.8, 1.0  # seconds of processor time; starting takes 0.1 of them
SECONDS, SECONDS_A_MEGABYTE = 20.0, 2.0  # by the clock, on a busy machine


@dataclass
class _Sheet:
    """One sheet with headings: where its rows are, and where the headings stand (from 1)."""

    name: str
    cells: IO[bytes]
    start: int  # offset of its first row
    header: int
    mapped: Mapped
    headings: list[str]
    form: tuple[str, ...] = ()  # headings of an ASYCUDA manifest


class WorkbookReader(Knowing):
    """Reads Excel workbooks."""

    name = "xlsx"
    profile = AUTO

    def claims(self, head: bytes, name: str) -> bool:
        """Whether the file is an OLE document or a zip that holds Office parts."""
        office = (b"[Content_Types].xml", b"xl/", b"application/vnd.oasis")
        return head.startswith(OLE) or (
            head.startswith(archive.ZIP) and any(part in head for part in office)
        )

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """Rows of every sheet with headings, in the workbook's order."""
        with tempfile.TemporaryFile() as cells:
            _unpack(source, cells)
            found, skipped = _sheets(cells, profile)
            if not found:
                raise unread(
                    "unread.no_sheet",
                    source.name,
                    "Put the column names in one row of a sheet; there must be"
                    f" {columns.wanted(profile)}",
                    n=HEADER_ROWS,
                )
            dates = Dates(orders=self.offices.date_orders)
            for sheet in found:
                if sheet.form:
                    awmds_form.look(sheet.form, _below(sheet), dates)
            # A form that nobody filled in is no reason to refuse the sheets beside it.
            filled = [
                sheet
                for sheet in found
                if not sheet.form or awmds_form.filled(sheet.form, _below(sheet))
            ]
            for sheet in filled or found:
                named = Source(f"{source.name}!/{sheet.name}", None, source.size, source.opener)
                if sheet.form:
                    yield from _manifest(sheet, dates, named, chunk_rows, skipped)
                    continue
                pieces, conventions = look(partial(_pieces, sheet, named), sheet.mapped)
                for chunk in in_chunks(pieces, named, sheet.mapped, conventions, chunk_rows):
                    chunk.unknown += tuple(f"sheet {name}" for name in skipped)
                    yield chunk


def _unpack(source: Source, cells: IO[bytes]) -> None:
    """Write the cells of a workbook as JSON lines, in a process that may fail."""
    with tempfile.NamedTemporaryFile(suffix=".workbook") as copy:
        with source.open() as stream:
            while block := stream.read(archive.BLOCK):
                copy.write(block)
        copy.flush()
        size = _unpacked_size(Path(copy.name), source)
        try:
            done = subprocess.run(  # noqa: S603 (our own module, and a path that we made)
                [
                    *(sys.executable, "-I", workbook_cells.__file__, copy.name),
                    str(MEMORY + MEMORY_A_BYTE * size),
                    str(WORK + WORK_A_MEGABYTE * size / 1_000_000),
                ],
                stdin=subprocess.DEVNULL,
                stdout=cells,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS + SECONDS_A_MEGABYTE * size / 1_000_000,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            done = -1
    if done:
        refused = OSError(done, os.strerror(done))
        if done > 1 and of_system(refused):  # 1 is a fault of the program there, below 0 a signal
            raise refused
        raise unread(
            "unread.no_workbook",
            source.name,
            "Save the table again as XLSX without a password, or export CSV",
        )


def _unpacked_size(path: Path, source: Source) -> int:
    """Bytes of a workbook unpacked. Raises `InputError` for kinds that are not read here."""
    try:
        with zipfile.ZipFile(path) as parts:
            names = parts.namelist()
            if "xl/workbook.bin" in names or "content.xml" in names:
                raise unread("unread.binary_workbook", source.name, "Save it as XLSX")
            return sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return path.stat().st_size  # XLS is no zip; a broken zip fails soon enough


def _rows(cells: IO[bytes], start: int) -> Iterator[tuple[int, list[Any]]]:
    """The rows of the sheet that starts at an offset, each with its number; none is blank."""
    cells.seek(start)
    while (line := cells.readline()).startswith(b"["):
        number, *row = json.loads(line)
        yield number, row


def _sheets(cells: IO[bytes], profile: str) -> tuple[list[_Sheet], list[str]]:
    """Sheets with headings, and names of the others that hold anything."""
    found: list[_Sheet] = []
    skipped: list[str] = []
    starts: list[tuple[str, int]] = []
    cells.seek(0)
    while line := cells.readline():
        if line.startswith(b'"'):
            starts.append((json.loads(line), cells.tell()))
    for name, start in starts:
        best: tuple[tuple[int, int], _Sheet] | None = None
        filled = False
        for number, row in _rows(cells, start):
            if number > HEADER_ROWS:
                break
            filled = filled or any(row)
            headings = [as_text(cell) or "" for cell in row]
            if profile in (AUTO, awmds_form.PROFILE) and awmds_form.is_form(headings):
                mapped = columns.best(headings, awmds_form.PROFILE)
                form = tuple(headings)
                best = (3, 0), _Sheet(name, cells, start, number, mapped, headings, form)
                break
            while headings and not headings[-1].strip():
                headings.pop()
            mapped = columns.best(headings, profile)
            sure = columns.fit(mapped)
            if sure[0] == 2 and (best is None or sure > best[0]):
                best = sure, _Sheet(name, cells, start, number, mapped, headings)
        if best is not None:
            found.append(best[1])
        elif filled:
            skipped.append(name)
    return found, skipped


def _manifest(
    sheet: _Sheet, dates: Dates, source: Source, chunk_rows: int, skipped: list[str]
) -> Iterator[RawChunk]:
    for chunk in awmds_form.read(sheet.form, _below(sheet), dates, source, chunk_rows):
        chunk.unknown += tuple(f"sheet {name}" for name in skipped)
        yield chunk


def _below(sheet: _Sheet) -> Iterator[tuple[int, list[Any]]]:
    return (row for row in _rows(sheet.cells, sheet.start) if row[0] > sheet.header)


def _pieces(sheet: _Sheet, source: Source, only: Sequence[str] | None) -> Iterator[Piece]:
    end, other = sheet.start, 0  # where the headings of another table stand
    key = sheet.mapped.columns.get(columns.layout(sheet.mapped.profile).mandatory[0][0])
    while True:
        rows = list(islice(_rows(sheet.cells, end), PIECE))
        end = sheet.cells.tell()  # pieces of one sheet may be read in turns
        if not rows:
            return
        below = [row for row in rows if row[0] > sheet.header]
        other = other or next((at for at, row in below if _differ(sheet, row, key)), 0)
        beyond = [row for row in below if other and row[0] >= other]
        below = below[: len(below) - len(beyond)]
        again = [row for row in below if _repeats(sheet, row[1], key)]  # as on each page
        if again:
            below = [row for row in below if not _repeats(sheet, row[1], key)]
        numbers = np.array([number for number, _ in below], dtype="int64")
        piece = _piece(sheet, [cells for _, cells in below], numbers)
        repeated = columns.REPEATED, columns.REPEATED_TOLD
        piece.rejected = [_aside(source, *row, *repeated) for row in again]
        told = columns.BELOW_TOLD.format(line=other)
        piece.rejected += [_aside(source, *row, columns.BELOW, told) for row in beyond]
        yield piece
        if len(rows) < PIECE:  # the sheet has ended, and the name of the next one is read
            return


def _repeats(sheet: _Sheet, row: list[Any], key: int | None) -> bool:
    """Whether a row has its heading where the declaration stands."""
    return key is not None and as_text(_at(row, key)) == sheet.headings[key]


def _differ(sheet: _Sheet, row: list[Any], key: int | None) -> bool:
    """Whether a row is the headings of another table below this one."""
    word = None if key is None else _at(row, key)
    if not isinstance(word, str) or word[-1:].isdigit() or not columns.means_column(word):
        return False  # as nearly all: no heading ends in a digit
    return columns.of_another([as_text(cell) or "" for cell in row], sheet.mapped)


def _aside(source: Source, number: int, row: list[Any], code: str, told: str) -> Rejection:
    raw = "\t".join(as_text(cell) or "" for cell in row)[:RAW_LIMIT]
    return Rejection(source.name, number, code, told, None, None, raw)


def _piece(sheet: _Sheet, rows: Sequence[list[Any]], numbers: np.ndarray) -> Piece:
    specs = columns.layout(sheet.mapped.profile).by_name
    warnings: list[str | None] = [None] * len(rows)
    made: dict[str, pa.Array] = {}
    typed: dict[str, np.ndarray] = {}
    for name, position in sheet.mapped.columns.items():
        cells = [_at(row, position) for row in rows]
        if specs[name].kind == "hs":
            texts: list[str | None] = []
            for row, cell in enumerate(cells):
                if isinstance(cell, (int, float)) and not isinstance(cell, bool):
                    text, warnings[row] = hs_as_text(cell)
                    texts.append(text)
                else:
                    texts.append(as_text(cell))
        else:
            texts = [as_text(cell) for cell in cells]
        made[name] = pa.array(texts, LARGE)
        if specs[name].kind in ("int", "float"):
            typed[name] = np.array([not isinstance(cell, str) for cell in cells], dtype=bool)
            made[name] = pc.if_else(pa.array(typed[name]), with_point(made[name]), made[name])

    def texts_at(position: int) -> pa.Array:
        return pa.array([as_text(_at(row, position)) for row in rows], LARGE)

    width = len(sheet.headings)
    beyond = {at for cells in rows for at in range(width, len(cells)) if as_text(cells[at])}
    unknown = {**sheet.mapped.unknown, **{f"column {at + 1}": at for at in sorted(beyond)}}
    columns.complete(made, replace(sheet.mapped, unknown=unknown), texts_at)
    at = sheet.mapped.warnings
    told = beside(None if at is None else texts_at(at), pa.array(warnings, LARGE))
    return Piece(made, numbers, told, typed=typed)


def _at(row: list[Any], position: int) -> Any:
    return row[position] if position < len(row) else None
