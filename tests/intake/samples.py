"""The same small manifest in every format that reads tables, and a message of each other one."""

from __future__ import annotations

import gzip
import io
import zipfile
from functools import lru_cache
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlwt

FIXTURES = Path(__file__).parent / "fixtures"

HEADINGS = (
    "declaration_id",
    "goods_description",
    "hs_code",
    "gross_mass_kg",
    "arrival_at",
    "country_of_origin",
    "container_numbers",
    "Colour",
)
ROWS = tuple(
    (
        f"D{i}",
        ("chairs", 'a "round" table', "two\nlines", "café, blue", "стулья")[i % 5],
        ("940370", "0101", "93X1")[i % 7 % 3],
        ("12.5", "1.125", "7", "x", "0")[i % 9 % 5],
        ("2026-11-24T08:00:00Z", "2026-11-24", "2026-02-30", "")[i % 11 % 4],
        ("NA", "NAM", "XZ", "??", "")[i % 13 % 5],
        ("CSQU3054383", "CSQU3054384", "", "A|B")[i % 4],
        ("red", "", "")[i % 3],
    )
    for i in range(60)
)


def csv_text(delimiter: str = ",") -> str:
    """The manifest as CSV, every cell quoted that needs it."""
    import csv

    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerows([HEADINGS, *ROWS])
    return out.getvalue()


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Manifest of the day"])
    for row in (HEADINGS, *ROWS):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Manifest")
    for at, row in enumerate((HEADINGS, *ROWS)):
        for position, cell in enumerate(row):
            sheet.write(at, position, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _parquet() -> bytes:
    columns = {
        name: pa.array([row[at] or None for row in ROWS], pa.string())
        for at, name in enumerate(HEADINGS)
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, row_group_size=25)
    return out.getvalue()


def _jsonl() -> bytes:
    import json

    lines = [json.dumps(dict(zip(HEADINGS, row, strict=True)), ensure_ascii=False) for row in ROWS]
    return "\n".join(lines).encode() + b"\n"


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.csv", csv_text())
        archive.writestr("folder/two.jsonl", _jsonl())
    return out.getvalue()


TABULAR = ("csv", "csv.gz", "xlsx", "xls", "parquet", "jsonl")


@lru_cache(maxsize=1)
def samples() -> dict[str, bytes]:
    """Content by ending: tables first, then messages."""
    made = {
        "csv": csv_text().encode(),
        "csv.gz": gzip.compress(csv_text().encode(), mtime=0),
        "xlsx": _xlsx(),
        "xls": _xls(),
        "parquet": _parquet(),
        "jsonl": _jsonl(),
        "zip": _zip(),
    }
    for path in sorted(FIXTURES.iterdir()):
        if path.suffix in (".xml", ".edi", ".imp"):
            made[path.name] = path.read_bytes()
    return made
