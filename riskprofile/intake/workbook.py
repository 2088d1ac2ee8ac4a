"""XLSX and XLS through calamine: every sheet with headings, numbers as their text.

The headings need not stand on the first row. A cell that a spreadsheet turned into a
number has lost its zeros: HS codes are warned of, and padded where that is certain.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import numpy as np
import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from riskprofile.errors import InputError
from riskprofile.intake import archive, columns
from riskprofile.intake.cells import as_text, hs_as_text
from riskprofile.intake.chunks import LARGE, Piece, in_chunks, look
from riskprofile.intake.columns import AUTO, Mapped
from riskprofile.intake.reader import RawChunk, Source
from riskprofile.profiles import PROFILES

HEADER_ROWS = 20
PIECE = 10_000  # rows
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Calamine holds a sheet as a full rectangle: two far cells of a tiny file would be 17 billion.
FREE_CELLS, SPARSE = 5_000_000, 4
_BROKEN = (CalamineError, OSError, zipfile.BadZipFile, ValueError, KeyError, IndexError, EOFError)


@dataclass
class _Sheet:
    """The rows of one sheet, its headings and where they stand (row numbers from 1)."""

    name: str
    rows: list[list[Any]]
    header: int
    mapped: Mapped


class WorkbookReader:
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
        found, skipped = _sheets(source, profile)
        if not found:
            raise InputError(
                f"no row of the first {HEADER_ROWS} of any sheet names the mandatory columns",
                where=source.name,
                do="Put the column names in one row of a sheet",
            )
        for sheet in found:
            named = Source(f"{source.name}!/{sheet.name}", None, 0, source.opener)
            pieces, conventions = look(partial(_pieces, sheet), sheet.mapped)
            for chunk in in_chunks(pieces, named, sheet.mapped, conventions, chunk_rows):
                chunk.unknown += tuple(f"sheet {name}" for name in skipped)
                yield chunk


def _sheets(source: Source, profile: str) -> tuple[list[_Sheet], list[str]]:
    """Sheets with headings, and names of the others that hold anything."""
    found: list[_Sheet] = []
    skipped: list[str] = []
    try:
        with archive.seekable(source) as stream:
            _refuse_hollow(stream, source)
            workbook = CalamineWorkbook.from_filelike(stream)
            for name in workbook.sheet_names:
                sheet = _sheet(workbook.get_sheet_by_name(name), profile)
                if sheet is not None:
                    found.append(sheet)
                else:
                    skipped.append(name)
    except InputError:
        raise
    except BaseException as error:
        # calamine is written in Rust: where it gives up, it panics past `Exception`.
        if not isinstance(error, _BROKEN) and type(error).__name__ != "PanicException":
            raise
        raise InputError(
            "is no workbook that can be read, encrypted, truncated or damaged",
            where=source.name,
            do="Save it again as XLSX without a password, or export CSV",
        ) from error
    return found, skipped


def _refuse_hollow(stream: IO[bytes], source: Source) -> None:
    """Refuse what calamine could not hold: sheets far larger than the cells in them."""
    stream.seek(0)
    if stream.read(8) == OLE:  # at most 65,536 rows of 256 cells
        stream.seek(0)
        return
    with zipfile.ZipFile(stream) as parts:
        for part in parts.namelist():
            if (part.endswith(".bin") and "/worksheets/" in part) or part == "content.xml":
                raise InputError(
                    "is a binary or OpenDocument workbook",
                    where=source.name,
                    do="Save it as XLSX",
                )
            if "/worksheets/" in part and part.endswith(".xml"):
                cells, area = _extent(parts.read(part))
                if area > FREE_CELLS + SPARSE * cells:
                    raise InputError(
                        f"a sheet spans {area} cells and fills {cells}",
                        where=source.name,
                        do="Delete the stray cells far below or right of the table",
                    )
    stream.seek(0)


_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")


def _extent(sheet: bytes) -> tuple[int, int]:
    """Cells of a sheet, and cells of the rectangle around them."""
    count = width = height = 0
    for letters, row in _REFERENCE.findall(sheet):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        count, width, height = count + 1, max(width, column), max(height, int(row))
    return count, width * height


def _sheet(sheet: CalamineSheet, profile: str) -> _Sheet | None:
    rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    best: tuple[tuple[int, int], _Sheet] | None = None
    for number, row in enumerate(rows[:HEADER_ROWS], 1):
        headings = [as_text(cell) or "" for cell in row]
        while headings and not headings[-1].strip():
            headings.pop()
        mapped = columns.best(headings, profile)
        sure = columns.fit(mapped)
        if sure > (0, 0) and not mapped.missing() and (best is None or sure > best[0]):
            best = sure, _Sheet(sheet.name, rows, number, mapped)
    return best[1] if best else None


def _pieces(sheet: _Sheet, only: Sequence[str] | None) -> Iterator[Piece]:
    for first in range(sheet.header, len(sheet.rows), PIECE):
        rows = sheet.rows[first : first + PIECE]
        at = [
            row for row, cells in enumerate(rows) if any(cell not in ("", None) for cell in cells)
        ]
        yield _piece(sheet, [rows[row] for row in at], np.array(at, dtype="int64") + first + 1)


def _piece(sheet: _Sheet, rows: Sequence[list[Any]], numbers: np.ndarray) -> Piece:
    specs = PROFILES[sheet.mapped.profile].by_name
    warnings: list[str | None] = [None] * len(rows)
    made: dict[str, pa.Array] = {}
    for name, position in sheet.mapped.columns.items():
        cells = [row[position] for row in rows]
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
    extra = columns.extra_json(
        {
            heading: pa.array([as_text(row[position]) for row in rows], LARGE)
            for heading, position in sheet.mapped.unknown.items()
        },
        made.get("extra"),
    )
    if extra is not None:
        made["extra"] = extra
    return Piece(made, numbers, pa.array(warnings, LARGE))
