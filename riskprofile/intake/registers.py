"""Registers from any table that the readers know: sound entries, and those set aside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from riskprofile.errors import UsageError
from riskprofile.intake import archive, canonical
from riskprofile.intake.columns import AUTO
from riskprofile.intake.jsonl import JsonlReader
from riskprofile.intake.parquet import ParquetReader
from riskprofile.intake.reader import Reader, Rejection, Source
from riskprofile.intake.tabular import CsvReader
from riskprofile.intake.workbook import WorkbookReader
from riskprofile.reference.registers import OFFICES, STATED, Register
from riskprofile.tables import Table

# A register is a table: the first that claims the file reads it, and CSV what none claims.
READERS: tuple[Reader, ...] = (ParquetReader(), WorkbookReader(), JsonlReader(), CsvReader())
CHUNK_ROWS = 50_000


@dataclass
class Entries:
    """Entries of one file, in order: `read == len(table) + len(rejected)`.

    `table` holds every column of the register, and `line` and `warnings`.
    `unknown` names columns of the file that the register does not have.
    """

    table: Table
    rejected: list[Rejection]
    format: str
    unknown: tuple[str, ...] = ()

    @property
    def read(self) -> int:
        """Rows of the file."""
        return len(self.table) + len(self.rejected)


def read(path: str | Path, register: Register, format: str = AUTO) -> Iterator[Entries]:
    """The entries of a file, plain or in gzip or zip, in chunks.

    Raises
    ------
    InputError
        For a whole file: missing, damaged, without headings or mandatory columns.
    """
    for source in archive.sources(path):
        reader = _reader(source, format)
        for raw in reader.read(source, register.name, CHUNK_ROWS):
            table, rejected = canonical.parse(raw, register.reading)
            if "source" in register.by_name:
                table = table.drop(columns="source").rename(columns={STATED: "source"})
            for one in rejected:
                one.column = "source" if one.column == STATED else one.column
                one.reason = one.reason.replace(STATED, "source")
                one.raw = one.raw.replace(f'"{STATED}": ', '"source": ')
            sound, odd = _checked(table, register, source)
            everything = sorted([*raw.rejected, *rejected, *odd], key=lambda each: each.line)
            yield Entries(sound, everything, reader.name, raw.unknown)


def _reader(source: Source, format: str) -> Reader:
    if format != AUTO:
        named = [one for one in READERS if one.name == format]
        if not named:
            known = ", ".join(one.name for one in READERS)
            raise UsageError(
                f"a register cannot be read from {format!r}", do=f"Give {AUTO} or one of {known}"
            )
        return named[0]
    head = archive.head(source)
    return next((one for one in READERS if one.claims(head, source.name)), READERS[-1])


def _checked(table: Table, register: Register, source: Source) -> tuple[Table, list[Rejection]]:
    """Set aside what each column allows and the columns together do not."""
    faults: list[tuple[str, str, np.ndarray]] = []
    for first, last in register.ordered:
        rows = (table[last] < table[first]).fillna(False).to_numpy(dtype=bool)
        faults.append((last, "dates_reversed", rows))
    if register.name == OFFICES.name:
        zones = {zone: _is_zone(zone) for zone in table["zone"].dropna().unique()}
        rows = ~table["zone"].map(zones).fillna(True).to_numpy(dtype=bool)
        faults.append(("zone", "zone_unknown", rows))
    bad = np.zeros(len(table), dtype=bool)
    rejected = []
    for column, code, rows in faults:
        for place in np.flatnonzero(rows & ~bad):
            row = table.iloc[place]
            shown = {name: str(row[name]) for name in register.names if not pd.isna(row[name])}
            rejected.append(
                Rejection(
                    source.name,
                    int(row["line"]),
                    code,
                    canonical.REASONS[code].format(column=column, text=repr(str(row[column]))),
                    _text(row[register.key[0]]),
                    column,
                    json.dumps(shown, ensure_ascii=False),
                )
            )
        bad |= rows
    return (table.loc[~bad].reset_index(drop=True) if bad.any() else table), rejected


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _text(value: object) -> str | None:
    return None if pd.isna(value) else str(value)


def plain(row: Mapping[str, object], register: Register) -> dict[str, object]:
    """One entry as JSON values: what is missing is left out, times are ISO text."""
    made: dict[str, object] = {}
    for name in register.names:
        value = row[name]
        if value is None or value is pd.NaT or value is pd.NA or value != value:
            continue
        made[name] = value.isoformat() if isinstance(value, pd.Timestamp) else value
    return made
