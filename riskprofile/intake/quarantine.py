"""The quarantine file: what could not be read, where, why, and the raw text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv as arrow_csv

from riskprofile.errors import InputError
from riskprofile.intake.formulas import escape_formula
from riskprofile.intake.reader import Rejection
from riskprofile.tables import REJECTION_COLUMNS

STDOUT = "-"
AT_ONCE = 10_000  # records


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
        while some := list(islice(left, AT_ONCE)):
            _write(stream, some, header=not count)
            count += len(some)
        if not count:
            _write(stream, [], header=True)
    return count


def _write(stream: IO[bytes], some: Sequence[Rejection], *, header: bool) -> None:
    made: dict[str, pa.Array] = {}
    for name in REJECTION_COLUMNS:
        cells = [getattr(each, name) for each in some]
        made[name] = pa.array(cells, pa.int64()) if name == "line" else escape_formula(_text(cells))
    options = arrow_csv.WriteOptions(include_header=header, quoting_style="needed")
    arrow_csv.write_csv(pa.table(made), stream, options)


def _text(cells: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(cells, pa.large_string())
    except UnicodeEncodeError:  # half of a surrogate pair is no text
        told = (None if cell is None else cell.encode("utf-8", "replace") for cell in cells)
        return pa.array(told, pa.large_binary()).cast(pa.large_string())
