"""The quarantine file: what could not be read, where, why, and the raw text."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from riskprofile.errors import InputError
from riskprofile.intake.formulas import CALM, escape_formula
from riskprofile.intake.reader import Rejection
from riskprofile.tables import REJECTION_COLUMNS

STDOUT = "-"


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
    count = 0
    with whole_or_nothing(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="")
        writer = csv.writer(text, lineterminator="\n")
        # Python before 3.13 quotes no lone carriage return, at which readers end a row.
        quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(REJECTION_COLUMNS)
        for each in rejections:
            told = [
                cell if not cell or cell[0] in CALM else escape_formula(cell)
                for cell in (each.source, each.record_id, each.reason, each.raw)
            ]
            source, record_id, reason, raw = told
            odd = any("\r" in cell for cell in told if cell)
            (quoted if odd else writer).writerow(
                (source, each.line, record_id, each.column, each.reason_code, reason, raw)
            )
            count += 1
        text.flush()
        text.detach()
    return count
