"""The results file: one row per declaration, ranked per profile; names as in the contract."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskprofile.errors import UsageError
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.history.piles import Apart
from riskprofile.intake.formulas import escape_formula
from riskprofile.intake.quarantine import whole_or_nothing
from riskprofile.memory import give_back
from riskprofile.services.declared import DRIVER, INDICATORS
from riskprofile.services.describing import Items, describe, material
from riskprofile.services.identifiers import RECORD
from riskprofile.services.lanes import AT_ONCE, Ranked, as_told
from riskprofile.services.logged import BATCH
from riskprofile.services.rater import POINTS
from riskprofile.services.run import WORDING, WRITING, Step
from riskprofile.store.database import Store
from riskprofile.store.written import dumps, pack, unpack
from riskprofile.tables import TEXT, Table

COLUMNS = (
    *("rank", "record_id", "profile", "queue", "lane", "score", "points", "selected_by"),
    *("reasons", "against", "indicators", "driver", "model_version", "batch_id"),
)
JSON_COLUMNS = ("reasons", "against", "indicators")
SIDES = ("reasons", "against")
Reasons = Literal["alerts", "all", "none"]

MOST = 1_000  # parts that a list is set apart into by rank
WORDED = 4_000  # worded declarations that wait in memory, some 4.5 kB each
_NUMBERS = ("rank", POINTS, DRIVER, CHUNK, POSITION, "number")
_PLACED = pa.schema(
    {
        **dict.fromkeys(_NUMBERS, pa.int64()),
        **dict.fromkeys(("score", "probability"), pa.float64()),
        **dict.fromkeys(("queue", "lane", "selected_by"), pa.string()),
        **dict.fromkeys((RECORD, INDICATORS, BATCH), pa.string()),
    }
)  # as `Ranked.placed` has them, whatever is missing in a part


def table(store: Store, ranked: Sequence[Ranked], reasons: Reasons) -> Table:
    """All results of a run in memory: of one that is small."""
    return pd.concat(parts(store, ranked, reasons), ignore_index=True)


def parts(
    store: Store,
    ranked: Sequence[Ranked],
    reasons: Reasons,
    step: Step = lambda name, done, of: None,
) -> Iterator[Table]:
    """The results of a run, list by list and rank by rank, some rows at a time.

    Parameters
    ----------
    reasons : str
        For which rows the terms are written out.
    step : callable
        Told how many of these are worded, and how many rows were handed on (`Stepwise.step`).
    """
    done, of = 0, sum(len(one.declared) for one in ranked)
    for one in ranked:
        for some in _one(store, one, reasons, step):
            yield some
            done += len(some)
            step(WRITING, done, of)


def _one(store: Store, ranked: Ranked, reasons: Reasons, step: Step) -> Iterator[Table]:
    """Those of one list: set apart by chunk to be worded, and by rank to be handed on."""
    size = max(AT_ONCE, -(-len(ranked.declared) // MOST))  # ranks that lie together
    spool, chunks = ranked.rows.spool, dict[int, int]()
    lying, asked = Apart(spool), Apart(spool)
    wanted = [np.zeros(0, dtype=np.int64)]
    for some in ranked.placed():
        rows = pa.RecordBatch.from_pandas(some, schema=_PLACED, preserve_index=False)
        lying.add(rows, (some["rank"].to_numpy() - 1) // size)
        if reasons != "none":
            here = (some["lane"] != "green").to_numpy() | (reasons == "all")
            of = [chunks.setdefault(chunk, len(chunks)) for chunk in some[CHUNK][here].tolist()]
            asked.add(rows.filter(pa.array(here)), np.array(of, dtype=np.int64))
            wanted.append(some["number"].to_numpy()[here])
    said = Apart(spool, WORDED)
    items, done, of_all = ranked.items(np.concatenate(wanted)), 0, sum(map(len, wanted))
    for chunk in range(len(chunks)):
        for some in _slices(_table(asked.of(chunk)), AT_ONCE):
            step(WORDING, done, of_all)
            said.add(_worded(store, ranked, items, some), (some["rank"].to_numpy() - 1) // size)
            done += len(some)
        give_back()
    for number in range(-(-len(ranked.declared) // size)):
        words = said.of(number)
        rows_of = {} if words is None else {n: row for row, n in enumerate(_ranks(words))}
        table = _table(lying.of(number)).sort_values("rank", ignore_index=True)
        for some in _slices(table, AT_ONCE if rows_of else size):
            sides: dict[str, list[Any]] = {
                name: [
                    json.loads(unpack(words.column(name)[rows_of[n]].as_py()))
                    if words is not None and n in rows_of
                    else []
                    for n in some["rank"].tolist()
                ]
                for name in SIDES
            }
            versions = {"profile": ranked.profile.name, "model_version": ranked.scorecard.version}
            yield as_told(some).assign(**versions, **sides)[[*COLUMNS]].reset_index(drop=True)
        give_back()


def _slices(rows: Table, size: int) -> Iterator[Table]:
    for start in range(0, len(rows), size):
        yield rows.iloc[start : start + size]


def _ranks(words: pa.RecordBatch) -> list[int]:
    made: list[int] = words.column("rank").to_pylist()
    return made


def _worded(store: Store, ranked: Ranked, items: Items, some: Table) -> pa.RecordBatch:
    """The terms of these declarations, packed."""
    with store.read() as connection:
        asked = material(connection, items, as_told(some))
    details = describe(asked, ranked.rater)
    columns = {name: [pack(dumps(getattr(one, name))) for one in details] for name in SIDES}
    return pa.record_batch({"rank": some["rank"].to_numpy(), **columns})


def _table(rows: pa.RecordBatch | None) -> Table:
    """Declarations as `Ranked.placed` has them."""
    assert rows is not None, "each number has some"
    made: Table = rows.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return made.astype({"rank": "int64", "number": "int64", RECORD: TEXT, BATCH: TEXT})


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


def write(results: Table | Iterable[Table], out: Path) -> None:
    """CSV, Parquet or JSON Lines by extension; `-` is CSV on stdout. Whole, or not at all.

    Parameters
    ----------
    results : Table or iterable of Table
        All of them (`table`), or some at a time (`parts`).
    """
    suffix = format_of(out)
    given = [results] if isinstance(results, pd.DataFrame) else results
    with whole_or_nothing(out) as stream, ExitStack() as ends:
        parquet: pq.ParquetWriter | None = None
        for number, some in enumerate(given):
            if suffix == ".jsonl":
                some.to_json(stream, orient="records", lines=True, force_ascii=False)
            elif suffix == ".csv":
                stream.write(as_csv(_as_text(some), header=not number))
            else:
                schema = None if parquet is None else parquet.schema
                rows = pa.Table.from_pandas(_as_text(some), schema=schema, preserve_index=False)
                if parquet is None:
                    parquet = ends.enter_context(pq.ParquetWriter(stream, rows.schema))
                parquet.write_table(rows)


def _as_text(some: Table) -> Table:
    texts = {
        name: [json.dumps(value, ensure_ascii=False) for value in some[name]]
        for name in JSON_COLUMNS
    }
    return some.assign(**texts)


def write_csv(content: Table, out: Path) -> None:
    """Any table as CSV that no spreadsheet runs; `-` is stdout. Whole, or not at all."""
    with whole_or_nothing(out) as stream:
        stream.write(as_csv(content))


def as_csv(content: Table, *, header: bool = True) -> bytes:
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
    text: str = safe.to_csv(index=False, lineterminator="\n", quoting=quoting, header=header)
    return text.encode("utf-8")
