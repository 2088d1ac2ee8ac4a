"""Rows of the quarantine as a file: written with their cells, corrected elsewhere, read back."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from riskprofile.errors import InputError, RiskProfileError, UsageError
from riskprofile.files import is_stdout, passing_folder, whole_or_nothing
from riskprofile.intake.formulas import escape_formula
from riskprofile.intake.quarantine import csv_rows
from riskprofile.profiles import PROFILES
from riskprofile.services.quarantine import Filter, KeptRow, find
from riskprofile.services.rights import Actor
from riskprofile.store.database import Store

ID = "quarantine_id"
TOLD = (
    *("quarantine_id", "batch_id", "source", "line", "record_id", "column"),
    *("reason_code", "reason"),
)


def export(rows: Sequence[KeptRow], out: Path) -> int:
    """Write rows with their reasons and cells as .csv or .jsonl; how many.

    In CSV every canonical column of the rows stands beside the reason, to be corrected
    there; in JSON Lines the cells are under `fields`. `raw` is the row as it came.
    """
    kind = out.suffix.lower()
    if not is_stdout(out) and kind not in (".csv", ".jsonl"):
        raise UsageError(f"{out.name} is neither .csv nor .jsonl", do="Name such a file.")
    named = [name for profile in PROFILES.values() for name in profile.names]
    held = [row.fields for row in rows]
    wanted = [one for one in dict.fromkeys(named) if any(one in cells for cells in held)]
    wanted += [row.column for row in rows if row.column in named and row.column not in wanted]
    columns = [one for one in dict.fromkeys(wanted) if one is not None]
    with whole_or_nothing(out) as stream:
        if kind == ".jsonl":
            for row, cells in zip(rows, held, strict=True):
                told = {**_told(row), "raw": row.raw, "fields": cells}
                stream.write((json.dumps(told, ensure_ascii=False) + "\n").encode())
            return len(rows)
        names = [*TOLD, "raw", *columns]
        stream.write(csv_rows([[name] for name in names]))
        given = [
            {**cells, **_told(row), "raw": row.raw} for row, cells in zip(rows, held, strict=True)
        ]
        if given:
            stream.write(csv_rows([[each.get(name) for each in given] for name in names]))
    return len(rows)


def _told(row: KeptRow) -> dict[str, Any]:
    given = (row.id, row.batch_id, row.source, row.line, row.record_id, row.column)
    return dict(zip(TOLD, (*given, row.reason_code, row.reason), strict=True))


def read(path: Path) -> dict[int, dict[str, str]]:
    """Corrected cells by row of the quarantine, from a file that `export` wrote.

    An emptied cell makes the value missing. Columns that only tell (reason, raw, ...) are
    left aside.

    Raises
    ------
    InputError
        It is not such a file, or names a row twice.
    """
    where, found = str(path), {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() == ".jsonl":
                told = [json.loads(line) for line in file if line.strip()]
                rows = [(one.get(ID), one.get("fields") or {}) for one in told]
            else:
                headings = file.readline()
                file.seek(0)
                mark = max(",;\t", key=headings.count)  # a spreadsheet saves as its country does
                rows = [(one.get(ID), one) for one in csv.DictReader(file, delimiter=mark)]
            for number, cells in rows:
                key = int(str(number))
                if key in found:
                    raise InputError(
                        f"row {key} of the quarantine is in it twice", where=where, do="Keep one."
                    )
                found[key] = {
                    name: _unescaped(str(value or ""))
                    for name, value in cells.items()
                    if name not in (*TOLD, "raw", None)
                }
            if not found:
                raise ValueError("no row")
    except OSError as error:
        raise InputError(
            f"cannot be read ({(error.strerror or str(error)).lower()})",
            where=where,
            do="Check the path and its rights",
        ) from None
    except (ValueError, AttributeError, csv.Error) as error:
        if isinstance(error, RiskProfileError):
            raise
        raise InputError(
            f"this is no file of `quarantine export` ({type(error).__name__})",
            where=where,
            do=f"Keep its heading and the column {ID}; save it as CSV in UTF-8, or as .jsonl.",
        ) from None
    return found


def _unescaped(cell: str) -> str:
    """A cell as it was before `export` made it safe for spreadsheets."""
    bare = cell.removeprefix("'")
    return bare if bare != cell and escape_formula(bare) == cell else cell


def content(store: Store, actor: Actor, asked: Filter, now: datetime) -> bytes:
    """Rows of the quarantine as CSV, for who takes them away from the page. The look is audited."""
    with passing_folder() as folder:
        path = folder / "kept.csv"
        export(find(store, actor, asked, now), path)
        return path.read_bytes()
