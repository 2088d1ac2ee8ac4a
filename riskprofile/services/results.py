"""The results file: one row per declaration, ranked per profile; names as in the contract."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from riskprofile.errors import UsageError
from riskprofile.intake.formulas import escape_formula
from riskprofile.intake.quarantine import whole_or_nothing
from riskprofile.services.describing import describe, material
from riskprofile.services.identifiers import RECORD
from riskprofile.services.lanes import AT_ONCE, Ranked, by_chunk
from riskprofile.services.rater import POINTS
from riskprofile.store.database import Store
from riskprofile.tables import TEXT, Table

COLUMNS = (
    *("rank", "record_id", "profile", "queue", "lane", "score", "points", "selected_by"),
    *("reasons", "against", "indicators", "driver", "model_version", "batch_id"),
)
JSON_COLUMNS = ("reasons", "against", "indicators")
Reasons = Literal["alerts", "all", "none"]


def table(store: Store, ranked: Sequence[Ranked], reasons: Reasons) -> Table:
    """The results of a run. `reasons` says for which rows the terms are written out."""
    return pd.concat([_one(store, one, reasons) for one in ranked], ignore_index=True)


def _one(store: Store, ranked: Ranked, reasons: Reasons) -> Table:
    told = ranked.table
    raising: list[list[dict[str, object]]] = [[] for _ in range(len(told))]
    lowering: list[list[dict[str, object]]] = [[] for _ in range(len(told))]
    wanted = {"all": told, "none": told[:0]}.get(reasons, told[told["lane"] != "green"])
    if len(wanted):
        items = ranked.items(wanted["number"].to_numpy())
        for some in by_chunk(wanted, AT_ONCE):
            with store.read() as connection:
                asked = material(connection, items, some)
            for place, detail in zip(some.index, describe(asked, ranked.rater), strict=True):
                raising[place], lowering[place] = detail.reasons, detail.against
    made = told.assign(
        profile=ranked.profile.name,
        model_version=ranked.scorecard.version,
        record_id=told[RECORD],
        points=told[POINTS],
        reasons=raising,
        against=lowering,
    )
    return made[list(COLUMNS)]


def format_of(out: Path) -> str:
    """`.csv`, `.parquet` or `.jsonl`; asked before the work, so that a wrong name costs none."""
    suffix = ".csv" if str(out) == "-" else out.suffix.lower()
    if suffix not in (".csv", ".parquet", ".jsonl"):
        raise UsageError(
            f"results are not written as {suffix or 'a file without extension'}",
            where=str(out),
            do="Name a file that ends in .csv, .parquet or .jsonl",
        )
    if str(out) != "-" and not out.absolute().parent.is_dir():
        raise UsageError("its folder does not exist", where=str(out), do="Make it first")
    return suffix


def write(results: Table, out: Path) -> None:
    """CSV, Parquet or JSON Lines by extension; `-` is CSV on stdout. Whole, or not at all."""
    suffix = format_of(out)
    if suffix == ".jsonl":
        with whole_or_nothing(out) as stream:
            results.to_json(stream, orient="records", lines=True, force_ascii=False)
        return
    text = results.assign(
        **{
            name: [json.dumps(value, ensure_ascii=False) for value in results[name]]
            for name in JSON_COLUMNS
        }
    )
    if suffix == ".csv":
        write_csv(text, out)
        return
    with whole_or_nothing(out) as stream:
        text.to_parquet(stream, index=False)


def write_csv(content: Table, out: Path) -> None:
    """Any table as CSV that no spreadsheet runs; `-` is stdout. Whole, or not at all."""
    with whole_or_nothing(out) as stream:
        stream.write(as_csv(content))


def as_csv(content: Table) -> bytes:
    """Any table as CSV that no spreadsheet runs."""
    safe = content.assign(
        **{
            name: [
                cell if cell is pd.NA else escape_formula(cell)
                for cell in content[name].astype(TEXT)
            ]
            for name in content.columns
            if not pd.api.types.is_numeric_dtype(content[name].dtype)
        }
    )
    # Python before 3.13 quotes no lone carriage return, at which readers end a row.
    breaks = any(
        "\r" in cell for name in safe for cell in safe[name].tolist() if isinstance(cell, str)
    )
    quoting = csv.QUOTE_NONNUMERIC if breaks else csv.QUOTE_MINIMAL
    text: str = safe.to_csv(index=False, lineterminator="\n", quoting=quoting)
    return text.encode("utf-8")
