"""The same small manifest in every format that reads tables, and a message of each other one."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Sequence
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


Rows = Sequence[Sequence[str]]
PARTS: tuple[Rows, ...] = (ROWS[:20], ROWS[20:45], ROWS[45:])


def csv_text(delimiter: str = ",", rows: Rows = ROWS) -> str:
    """The manifest as CSV, every cell quoted that needs it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerows([HEADINGS, *rows])
    return out.getvalue()


def _xlsx(*sheets: Rows) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for each in sheets:
        sheet = book.create_sheet()
        for row in each:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xls(*sheets: Rows) -> bytes:
    book = xlwt.Workbook()
    for number, each in enumerate(sheets):
        sheet = book.add_sheet(f"Manifest{number or ''}")
        for at, row in enumerate(each):
            for position, cell in enumerate(row):
                sheet.write(at, position, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _parquet(rows: Rows = ROWS, group: int = 25) -> bytes:
    columns = {
        name: pa.array([row[at] or None for row in rows], pa.string())
        for at, name in enumerate(HEADINGS)
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, row_group_size=group)
    return out.getvalue()


def _jsonl(rows: Rows = ROWS) -> bytes:
    lines = [json.dumps(dict(zip(HEADINGS, row, strict=True)), ensure_ascii=False) for row in rows]
    return "\n".join(lines).encode() + b"\n"


def _zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


TABULAR = ("csv", "csv.gz", "xlsx", "xls", "parquet", "jsonl")


@lru_cache(maxsize=1)
def samples() -> dict[str, bytes]:
    """Content by ending: tables first, then messages."""
    made = {
        "csv": csv_text().encode(),
        "csv.gz": gzip.compress(csv_text().encode(), mtime=0),
        "xlsx": _xlsx([("Manifest of the day",), HEADINGS, *ROWS]),
        "xls": _xls([HEADINGS, *ROWS]),
        "parquet": _parquet(),
        "jsonl": _jsonl(),
        "zip": _zip(**{"one.csv": csv_text().encode(), "folder/two.jsonl": _jsonl()}),
    }
    for path in sorted(FIXTURES.iterdir()):
        if path.suffix in (".xml", ".edi", ".imp"):
            made[path.name] = path.read_bytes()
    return made


@lru_cache(maxsize=1)
def of_parts() -> dict[str, tuple[bytes, list[bytes]]]:
    """By ending: a file of several parts, and a file of each part alone."""
    other = [HEADINGS[::-1], *(row[::-1] for row in PARTS[1])]
    notes = [("notes",), ("of the day",), ("and of the night",)]
    sheets = [[HEADINGS, *PARTS[0]], notes, other, [HEADINGS], [HEADINGS, *PARTS[2]], notes]
    alone = [sheets[0], other, sheets[4]]
    made = {
        "csv": (csv_text().encode(), [csv_text(rows=rows).encode() for rows in PARTS]),
        "jsonl": (_jsonl(), [*map(_jsonl, PARTS)]),
        "parquet": (_parquet(group=7), [*map(_parquet, PARTS)]),
        "xlsx": (_xlsx(*sheets), [*map(_xlsx, alone)]),
        "xls": (_xls(*sheets), [*map(_xls, alone)]),
    }
    for name, content in samples().items():
        if name.endswith(".imp"):
            made[name] = content * 3, [content] * 3
        elif name.endswith(".xml"):
            bare = re.sub(rb"^<\?xml.*?\?>", b"", content)
            made[name] = b"<day>%b</day>" % (bare * 3), [content] * 3
        elif name.endswith(".edi"):  # the second with separators of its own
            x12 = content.startswith(b"ISA")
            marks = bytes.maketrans(*((b"*>~", b"|:'") if x12 else (b":+?'", b";|!~")))
            apart = content[9 if content.startswith(b"UNA") else 0 :].translate(marks)
            apart = apart if x12 else b"UNA;|.! ~" + apart
            made[name] = content + apart + content, [content, apart, content]
    members = {f"day/{name}": content for name, content in samples().items() if name != "zip"}
    members.pop("day/csv.gz")  # what is packed is not packed again
    made["zip"] = _zip(**members), list(members.values())
    return made
