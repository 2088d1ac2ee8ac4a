"""The quarantine file: what could not be read, where, why, and the raw text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.errors import InputError
from riskprofile.intake.formulas import escape_formula
from riskprofile.intake.reader import Rejection
from riskprofile.tables import REJECTION_COLUMNS

STDOUT = "-"
AT_ONCE = 10_000  # records
_LARGE = pa.large_string()


@contextmanager
def whole_or_nothing(out: str | Path) -> Iterator[IO[bytes]]:
    """A binary stream that becomes the file `out` only when all was written.

    It is written under a temporary name beside `out`, then renamed. `-` is standard output.
    """
    if str(out) == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(out)
    part = target.with_name(f".{target.name}.part")
    try:
        stream = part.open("wb")
    except OSError as error:
        raise InputError(
            "cannot be written", where=str(out), do="Check that the folder exists and is yours"
        ) from error
    try:
        with stream:
            yield stream
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write(path: str | Path, rejections: Iterable[Rejection]) -> int:
    """Write rejections as CSV with exactly the contract's columns; how many there were.

    `source, line, record_id, column, reason_code, reason, raw`; cells that a spreadsheet
    would run are written so that it shows them.
    """
    count, left = 0, iter(rejections)
    with whole_or_nothing(path) as stream:
        stream.write(",".join(REJECTION_COLUMNS).encode() + b"\n")
        while some := list(islice(left, AT_ONCE)):
            stream.write("".join(_lines(some)).encode())
            count += len(some)
    return count


def _lines(some: Sequence[Rejection]) -> list[str]:
    """Lines of CSV, by column: a file may hold a hundred thousand. Quoted is what has to be."""
    cells: list[pa.Array] = []
    for name in REJECTION_COLUMNS:
        given = [getattr(each, name) for each in some]
        if name == "line":
            cells.append(pa.array(given, pa.int64()).cast(_LARGE))
            continue
        text = escape_formula(_text(given).fill_null(""))
        inside = pc.replace_substring(text, '"', '""')
        mark = pa.scalar('"', _LARGE)
        quoted = pc.binary_join_element_wise(mark, inside, mark, pa.scalar("", _LARGE))
        # A lone carriage return as well: readers end a row there.
        cells.append(pc.if_else(pc.match_substring_regex(text, '[",\r\n]'), quoted, text))
    joined = pc.binary_join_element_wise(*cells, pa.scalar(",", _LARGE))
    ended = pc.binary_join_element_wise(joined, pa.scalar("\n", _LARGE), pa.scalar("", _LARGE))
    made: list[str] = ended.to_pylist()
    return made


def _text(cells: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(cells, _LARGE)
    except UnicodeEncodeError:  # half of a surrogate pair is no text
        told = (None if cell is None else cell.encode("utf-8", "replace") for cell in cells)
        return pa.array(told, pa.large_binary()).cast(_LARGE)
