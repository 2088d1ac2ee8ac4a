"""The quarantine file: what could not be read, where, why, and the raw text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter
from pathlib import Path

from riskprofile.files import whole_or_nothing
from riskprofile.intake.formulas import escape_formula
from riskprofile.intake.reader import Rejection
from riskprofile.tables import REJECTION_COLUMNS

AT_ONCE = 10_000  # records
_QUOTED = re.compile('[",\r\n]')  # a lone carriage return as well: readers end a row there


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
