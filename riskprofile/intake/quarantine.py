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


def is_stream(out: str | Path) -> bool:
    """Whether what is written to `out` is gone at once: standard output, a pipe, a device."""
    target = Path(out).absolute()
    if str(out) == STDOUT or target.parent == Path("/dev"):  # there /dev/stdout may be a file
        return True
    return target.exists() and not target.is_file() and not target.is_dir()


@contextmanager
def whole_or_nothing(out: str | Path) -> Iterator[IO[bytes]]:
    """A binary stream that becomes the file `out` only when all was written.

    It is written under a temporary name beside `out`, then renamed. `-` is standard output, and
    what is no file (`is_stream`) is written into.
    It tells of persons, so it is for its owner alone, unless it takes the place of a file: then it
    has the group and the rights of that.
    """
    if str(out) == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(out)
    part = target.with_name(f".{target.name}.part")
    try:
        stream = target.open("wb") if (at_once := is_stream(out)) else _begun(part, target)
    except OSError as error:
        raise InputError(
            "cannot be written", where=str(out), do="Check that the folder exists and is yours"
        ) from error
    if at_once:
        with stream:
            yield stream
        return
    try:
        with stream:
            yield stream
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _begun(part: Path, target: Path) -> IO[bytes]:
    """A new file that may be read by whoever may read the one whose place it is to take."""
    if target.is_dir():
        raise IsADirectoryError
    part.unlink(missing_ok=True)  # a program was killed, or somebody put it there
    made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FOR_OWNER)
    if os.name == "posix":
        rights = FOR_OWNER
        if target.exists():
            there = target.stat()
            rights = there.st_mode & 0o777
            try:
                os.chown(made, -1, there.st_gid)
            except PermissionError:  # not a group of ours
                rights &= ~0o070
        os.fchmod(made, rights)  # whatever the umask took
    return os.fdopen(made, "wb")


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
