"""The quarantine file: what could not be read, where, why, and the raw text."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import IO

from riskprofile.errors import InputError
from riskprofile.intake.formulas import escape_formula
from riskprofile.intake.reader import Rejection
from riskprofile.tables import REJECTION_COLUMNS

STDOUT = "-"
FOR_OWNER = 0o600
AT_ONCE = 10_000  # records
_QUOTED = re.compile('[",\r\n]')  # a lone carriage return as well: readers end a row there


@contextmanager
def whole_or_nothing(out: str | Path) -> Iterator[IO[bytes]]:
    """A binary stream that becomes the file `out` only when all was written.

    It is written under a temporary name beside `out`, then renamed. `-` is standard output.
    It tells of persons, so it is for its owner alone, unless it takes the place of a file: then it
    has the rights of that.
    """
    if str(out) == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(out)
    part = target.with_name(f".{target.name}.part")
    try:
        rights = target.stat().st_mode & 0o777 if target.exists() else FOR_OWNER
        made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, FOR_OWNER)
        stream = os.fdopen(made, "wb")
        os.fchmod(made, rights)  # one that was left by a program that was killed has others
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
    named = [attrgetter(name) for name in REJECTION_COLUMNS]
    with whole_or_nothing(path) as stream:
        stream.write(csv_rows([[name] for name in REJECTION_COLUMNS]))
        while some := list(islice(left, AT_ONCE)):
            stream.write(csv_rows([list(map(name, some)) for name in named]))
            count += len(some)
    return count


def csv_rows(columns: Sequence[Sequence[str | int | None]]) -> bytes:
    """Rows of CSV, given by column: a file may hold a hundred thousand of them.

    Nothing is an empty cell; one that a spreadsheet would run is written so that it shows it.

    >>> csv_rows([["a", "=1"], [1, None], ["b, c", "d"]]).decode().splitlines()
    ['a,1,"b, c"', "'=1,,d"]
    """
    cells = []
    for column in columns:  # what stands in many rows is looked at once
        if set(map(type, column)) == {int}:
            cells.append(list(map(str, column)))
            continue
        known = {text: _cell(text) for text in dict.fromkeys(column)}
        one = len(known) == 1
        cells.append([*known.values()] * len(column) if one else [known[each] for each in column])
    lines = "\n".join(map(",".join, zip(*cells, strict=True)))
    return f"{lines}\n".encode("utf-8", "replace")  # half of a surrogate pair is no text


def _cell(text: str | int | None) -> str:
    if text is None:
        return ""
    cell: str = escape_formula(str(text))
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
