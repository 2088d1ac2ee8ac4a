"""The results file: one row per declaration, ranked per profile; names as in the contract."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskprofile.errors import UsageError
from riskprofile.files import is_stdout, is_stream, unplaced, whole_or_nothing
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.history.piles import Apart
from riskprofile.intake.formulas import escape_formula
from riskprofile.memory import give_back
from riskprofile.services.alerting import AT_ONCE
from riskprofile.services.describing import material
from riskprofile.services.identifiers import RECORD
from riskprofile.services.lanes import Ranked, as_told
from riskprofile.services.rater import POINTS
from riskprofile.services.run_declarations import DRIVER, INDICATORS
from riskprofile.services.run_rows import BATCH
from riskprofile.services.steps import WORDING, WRITING, Step
from riskprofile.store.database import Store
from riskprofile.store.packed_json import unpacked
from riskprofile.store.spool import Spool
from riskprofile.tables import TEXT, Table

COLUMNS = (
    *("rank", "record_id", "profile", "queue", "lane", "score", "points", "selected_by"),
    *("reasons", "against", "indicators", "driver", "model_version", "batch_id"),
)
JSON_COLUMNS = ("reasons", "against", "indicators")
Reasons = Literal["alerts", "all", "none"]

MOST = 200  # parts that a list is set apart into by rank
WAITING = 1 << 14  # declarations that wait in memory to be set apart, some 200 bytes each
TOLD = 200  # declarations with their terms: some 40 kB each as objects, and 20 as text
FEW = 100  # rows that pandas makes JSON of at once, which takes five times the text of it
_NUMBERS = ("rank", POINTS, DRIVER, CHUNK, POSITION, "number")
_PLACED = pa.schema(
    {
        **dict.fromkeys(_NUMBERS, pa.int64()),
        **dict.fromkeys(("score", "probability"), pa.float64()),
        **dict.fromkeys(("queue", "lane", "selected_by"), pa.string()),
        **dict.fromkeys((RECORD, INDICATORS, BATCH), pa.string()),
    }
)  # as `Ranked.placed` has them, whatever is missing in a part


def parts(
    store: Store,
    ranked: Sequence[Ranked],
    reasons: Reasons,
    step: Step = lambda name, done, of: None,
) -> Iterator[Table]:
    """The results of a run, list by list and rank by rank, some rows at a time; a table of no rows
    where nothing is ranked.

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
            done += len(some)
            yield some
            del some  # with all its terms, before there are others
            step(WRITING, done, of)
    if not ranked:
        yield _none()


def _none() -> Table:
    """Results of no declaration: their columns, of the types that they have."""
    placed = pa.RecordBatch.from_pylist([], schema=_PLACED)
    texts = {name: pd.Series(dtype="str") for name in ("profile", "model_version", *JSON_COLUMNS)}
    return _table(placed).assign(**texts)[[*COLUMNS]]


def _one(store: Store, ranked: Ranked, reasons: Reasons, step: Step) -> Iterator[Table]:
    """Those of one list, which are set apart by rank on file."""
    size = max(AT_ONCE, -(-len(ranked.declared) // MOST))  # ranks that lie together
    spool = ranked.rows.spool
    lying, said = Apart(spool, WAITING), Apart(spool, WAITING)
    for some in ranked.placed():
        lying.add(_rows(some), (some["rank"].to_numpy() - 1) // size)
    for terms in _said(store, ranked, reasons, step):
        said.add(terms, (terms.column("rank").to_numpy() - 1) // size)
    versions = {"profile": ranked.profile.name, "model_version": ranked.scorecard.version}
    for number in range(-(-len(ranked.declared) // size)):
        table = _table(lying.of(number)).sort_values("rank", ignore_index=True)
        ranks, *where = _by_rank(said.of(number))
        for some in _cut(table, ranks - table["rank"].iloc[0]):
            sides: list[tuple[Any, Any]] = [([], []) for _ in range(len(some))]
            first, last = some["rank"].iloc[0], some["rank"].iloc[-1]
            here = slice(*np.searchsorted(ranks, [first, last + 1]))
            for rank, *at in zip(*(one[here].tolist() for one in (ranks, *where)), strict=True):
                packed = spool.get_bytes(*at)
                sides[rank - first] = ranked.phrasing.told(unpacked(packed))
            raising, lowering = ([one[side] for one in sides] for side in (0, 1))
            told = as_told(some).assign(**versions, reasons=raising, against=lowering)
            yield told[[*COLUMNS]].reset_index(drop=True)
        give_back()


def _slices(rows: Table, size: int) -> Iterator[Table]:
    for start in range(0, len(rows), size):
        yield rows.iloc[start : start + size]


def _cut(rows: Table, told: np.ndarray) -> Iterator[Table]:
    """Slices of `AT_ONCE` rows at most, and of these places `TOLD`."""
    start = 0
    while start < len(rows):
        beyond = told[np.searchsorted(told, start) :][TOLD:]
        end = min(start + AT_ONCE, *beyond[:1].tolist(), len(rows))
        yield rows.iloc[start:end]
        start = end


def _said(store: Store, ranked: Ranked, reasons: Reasons, step: Step) -> Iterator[pa.RecordBatch]:
    """Where the terms lie that are written out, as `_put` has it: those of alerts were worded
    before.
    """
    spool = ranked.rows.spool
    if reasons == "alerts":
        worded = 0
        for held in ranked.words:
            ranks, terms = (spool.get(held, name) for name in ("rank", "terms"))
            worded += len(ranks)
            yield _put(spool, ranks.to_numpy(), terms.to_pylist())
            give_back()
        assert worded == ranked.counts.total(), "worded before"
    elif reasons == "all":
        yield from _described(store, ranked, step)


def _described(store: Store, ranked: Ranked, step: Step) -> Iterator[pa.RecordBatch]:
    """All declarations are worded, chunk by chunk."""
    spool, chunks, of_all, done = ranked.rows.spool, dict[int, int](), len(ranked.declared), 0
    asked = Apart(spool, WAITING)
    for some in ranked.placed():
        of = [chunks.setdefault(chunk, len(chunks)) for chunk in some[CHUNK].tolist()]
        asked.add(_rows(some), np.array(of, dtype=np.int64))
    items = ranked.items(np.arange(of_all))
    for chunk in range(len(chunks)):
        for some in _slices(_table(asked.of(chunk)), AT_ONCE):
            step(WORDING, done, of_all)
            done += len(some)
            with store.read() as connection:
                told = material(connection, items, as_told(some))
            terms = told.terms(ranked.rater)
            yield _put(spool, some["rank"].to_numpy(), terms)
        give_back()


def _put(spool: Spool, ranks: np.ndarray, terms: list[bytes]) -> pa.RecordBatch:
    """Packed terms go on file: of each rank, where they begin there, and how long they are."""
    length = np.array([*map(len, terms)], dtype=np.int64)
    start = spool.put_bytes(b"".join(terms)) + np.cumsum(length) - length
    return pa.record_batch({"rank": ranks, "start": start, "length": length})


def _by_rank(terms: pa.RecordBatch | None) -> list[np.ndarray]:
    """What `_put` says of some ranks, in their order."""
    if terms is None:
        return [np.empty(0, dtype=np.int64)] * 3
    order = np.argsort(terms.column("rank").to_numpy())
    return [one.to_numpy()[order] for one in terms.columns]


def _rows(some: Table) -> pa.RecordBatch:
    return pa.RecordBatch.from_pandas(some, schema=_PLACED, preserve_index=False)


def _table(rows: pa.RecordBatch | None) -> Table:
    """Declarations as `Ranked.placed` has them."""
    assert rows is not None, "each number has some"
    made: Table = rows.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return made.astype({"rank": "int64", "number": "int64", RECORD: TEXT, BATCH: TEXT})


def format_of(out: Path) -> str:
    """`.csv`, `.parquet` or `.jsonl`; asked before the work, so that a wrong name costs none."""
    suffix = ".csv" if is_stdout(out) else out.suffix.lower()
    if suffix not in (".csv", ".parquet", ".jsonl"):
        raise UsageError(
            f"results are not written as {suffix or 'a file without extension'}",
            where=str(out),
            do="Name a file that ends in .csv, .parquet or .jsonl",
        )
    if not is_stdout(out) and not out.absolute().parent.is_dir():
        raise UsageError("its folder does not exist", where=str(out), do="Make it first")
    return suffix


@contextmanager
def laid(given: Iterable[Table], out: Path) -> Iterator[Callable[[], None] | None]:
    """Results (`parts`) written and not in their place yet: what puts them there.

    CSV, Parquet or JSON Lines by extension; `-` is CSV on stdout. Whole, or not at all.

    None where they were given as they were written, to a pipe or the like (`is_stream`). What was
    not placed by the end is gone, and what lay there stays.
    """
    suffix = format_of(out)
    with unplaced(out) as file:
        _write(given, suffix, file.stream)
        file.keep()
        yield None if is_stream(out) else file.place


def _write(given: Iterable[Table], suffix: str, stream: IO[bytes]) -> None:
    parquet: pq.ParquetWriter | None = None
    first = True
    with ExitStack() as ends:
        for some in given:
            if suffix == ".jsonl":
                for few in _slices(some, FEW):
                    few.to_json(stream, orient="records", lines=True, force_ascii=False)
                    del few
            elif suffix == ".csv":
                stream.write(as_csv(some, header=first, written=_as_json(some)))
            else:
                schema = None if parquet is None else parquet.schema
                texts = some.assign(**_as_json(some)).astype(dict.fromkeys(JSON_COLUMNS, "str"))
                rows = pa.Table.from_pandas(texts, schema=schema, preserve_index=False)
                if parquet is None:
                    parquet = ends.enter_context(pq.ParquetWriter(stream, rows.schema))
                parquet.write_table(rows)
                del texts, rows
            first = False
            del some  # before there are others


def _as_json(some: Table) -> dict[str, list[str]]:
    return {
        name: [json.dumps(value, ensure_ascii=False) for value in some[name]]
        for name in JSON_COLUMNS
    }


def write_csv(content: Table, out: Path) -> None:
    """Any table as CSV that no spreadsheet runs; `-` is stdout. Whole, or not at all."""
    with whole_or_nothing(out) as stream:
        stream.write(as_csv(content))


def as_csv(
    content: Table, *, header: bool = True, written: Mapping[str, list[str]] | None = None
) -> bytes:
    """Any table as CSV that no spreadsheet runs.

    Parameters
    ----------
    written : mapping of str to list of str, optional
        The cells of some of its columns, as JSON lists: none opens a formula.
    """
    cells = dict(written or {})
    for name in content.columns:
        if name not in cells and not pd.api.types.is_numeric_dtype(content[name].dtype):
            texts = content[name].astype(TEXT).tolist()
            cells[name] = [one if one is pd.NA else escape_formula(one) for one in texts]
    # Python before 3.13 quotes no lone carriage return, at which readers end a row.
    breaks = any("\r" in one for of in cells.values() for one in of if one is not pd.NA)
    quoting = csv.QUOTE_NONNUMERIC if breaks else csv.QUOTE_MINIMAL
    # Objects and bytes: a column of texts, or a text that grows, would hold the cells once more.
    asis = {name: pd.Series(of, content.index, dtype=object) for name, of in cells.items()}
    made = io.BytesIO()
    content.assign(**asis).to_csv(
        made, index=False, lineterminator="\n", quoting=quoting, header=header
    )
    return made.getvalue()
