"""The quarantine at work: rows found, handed out, put right and taken in, each once.

A repaired row goes the same road as any other: it becomes a small file of its own, is
read, rated and ranked, and its row of the quarantine is marked in the transaction that
stores it. So it cannot be repaired twice. A repair that dies before that leaves it waiting; one
that dies after it is ended when it is asked for again.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from riskprofile import intake
from riskprofile.errors import Conflict, InputError, RiskProfileError, UsageError
from riskprofile.files import is_stdout, whole_or_nothing
from riskprofile.intake import archive
from riskprofile.intake.formulas import escape_formula
from riskprofile.intake.quarantine import csv_rows
from riskprofile.intake.reader import Rejection
from riskprofile.profiles import PROFILES
from riskprofile.services import govern
from riskprofile.services.rights import ACTIONS, Actor, authorise, sees
from riskprofile.services.run import Options, Repair, Stop, Summary
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import audit, batches
from riskprofile.store.database import Store, among
from riskprofile.store.tables import Batch

WAITING = "waiting"
ID = "quarantine_id"
AT_ONCE = 5_000
FETCHED = 500  # rows that are held at once while those of one office are looked for
NUMBERS = ("int", "float")  # kinds of column
_POINT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")  # what JSON takes for a number
OPTIONS = Options(format="jsonl", max_bad_share=1.0, resume=True)
TOLD = (
    *("quarantine_id", "batch_id", "source", "line", "record_id", "column"),
    *("reason_code", "reason"),
)

_kept, _batch = batches.quarantine_table, batches.batch_table


@dataclass(frozen=True)
class Filter:
    """Which rows. None means all; `state` is waiting, repaired, removed or all."""

    batch: str | None = None
    reason: str | None = None  # a reason code
    column: str | None = None
    profile: str | None = None
    state: str = WAITING
    ids: tuple[int, ...] = ()
    limit: int = 500


@dataclass(frozen=True)
class KeptRow:
    """One row of the quarantine. `fields` are its cells as they came, by column."""

    id: int
    batch_id: str
    profile: str
    source: str
    line: int
    record_id: str | None
    column: str | None
    reason_code: str
    reason: str
    raw: str
    state: str
    repair_batch: str | None
    started_at: datetime  # when its file came in

    @property
    def fields(self) -> dict[str, str]:
        """Cells by canonical column; empty when the row never became one."""
        return _cells(self.raw, self.profile)


@dataclass
class Repaired:
    """What a repair did: rows taken in, those that are still wrong, with why, and those that it
    passed over, with their state: they were repaired or removed before.
    """

    repaired: list[int] = field(default_factory=list)
    refused: dict[int, Rejection] = field(default_factory=dict)
    passed_over: dict[int, str] = field(default_factory=dict)
    summary: Summary | None = None


def shown(actor: Actor, raw: str, profile: str) -> bool:
    """Whether a row that was kept back is shown to them: their office's are.

    Of one that names no office nobody can tell whose it is, and it holds all that was declared:
    of the offices' own people only who may repair it sees it.
    """
    column = PROFILES[profile].office if profile in PROFILES else ""
    office = _cells(raw, profile).get(column, "").strip().upper()
    if office:
        return sees(actor, office)
    return actor.office is None or actor.role in ACTIONS["quarantine.repair"]


def _cells(raw: str, profile: str) -> dict[str, str]:
    try:
        held = json.loads(raw)
    except ValueError:
        return {}
    known = PROFILES[profile].by_name if profile in PROFILES else {}
    if not isinstance(held, dict):
        return {}
    return {name: str(value) for name, value in held.items() if name in known}


def find(store: Store, actor: Actor, asked: Filter, now: datetime) -> list[KeptRow]:
    """Rows of the quarantine, by batch and line. The look is audited before it is answered.

    Rows that are not for them (`shown`), which came in the same file, are not among them.
    """
    authorise(actor, "quarantine.look")
    statement = (
        select(_kept, _batch.c.profile, _batch.c.started_at)
        .join(_batch, _batch.c.id == _kept.c.batch_id)
        .order_by(_kept.c.id)
    )
    for column, value in (
        (_kept.c.batch_id, asked.batch),
        (_kept.c.reason_code, asked.reason),
        (_kept.c.column, asked.column),
        (_batch.c.profile, asked.profile),
        (_kept.c.state, None if asked.state == "all" else asked.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if actor.office is None:  # else as many are read as it takes until so many are theirs
        statement = statement.limit(max(1, asked.limit))
    if asked.ids:
        statement = statement.where(_kept.c.id.in_(asked.ids))
    names = list(KeptRow.__dataclass_fields__)
    piecewise = statement.execution_options(yield_per=FETCHED)
    # Of a large batch it takes a second: no writer waits for it.
    with store.read() as connection, connection.execute(piecewise) as rows:
        told = rows.mappings()
        whose = (row for row in told if shown(actor, row["raw"], row["profile"]))
        found = list(islice(whose, max(1, asked.limit)))
    if found:
        with store.write() as connection:
            audit.append(
                connection,
                actor=actor.name,
                action="quarantine.look",
                subject="quarantine" if asked.batch is None else f"batch:{asked.batch}",
                now=now,
                detail={"rows": len(found)},
            )
    return [KeptRow(**{name: row[name] for name in names}) for row in found]


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


def corrections(path: Path) -> dict[int, dict[str, str]]:
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
    except (OSError, ValueError, AttributeError, csv.Error) as error:
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


def repair(
    store: Store,
    settings: Settings,
    actor: Actor,
    fixes: Mapping[int, Mapping[str, str]],
    reason: str,
    now: datetime,
    *,
    progress: Callable[[str, int], None] = lambda name, rows: None,
) -> Repaired:
    """Submit rows of the quarantine again, with these cells corrected.

    Numbers are written with a decimal point, times as in 2026-11-24T08:00Z. Rows that are
    still wrong stay waiting, and are told with why; the others are rated and ranked. Rows that an
    earlier repair stored and did not come to rank are ranked now, as they were stored. Of a file
    that is mended in several rounds, rows of earlier rounds are passed over.

    Parameters
    ----------
    fixes : mapping
        Row of the quarantine -> column -> text; an empty text makes the value missing.
    reason : str
        Why these are the right values: who said so. It is kept with the audit.

    Raises
    ------
    UsageError
        No reason, or an unknown column.
    InputError
        No such row.
    Conflict
        None of the rows waits any more; or one ceased to meanwhile: none of its profile is taken
        in.
    """
    authorise(actor, "quarantine.repair")
    if not reason.strip():
        raise UsageError("a repair needs a reason", do="Say who confirmed the right values.")
    rows, left, gone = _asked(store, actor, list(fixes))
    told = Repaired(passed_over={row.id: row.state for row in gone})
    if left:
        told.summary = screen(
            store, settings, actor, [], OPTIONS, now,
            progress=progress, stop=Stop(deaf=True), left=_batches(store, left),
        ).summary  # fmt: skip
        told.repaired += [row.id for row in left]
    for profile in dict.fromkeys(row.profile for row in rows):
        mine = [row for row in rows if row.profile == profile]
        _repair(store, settings, actor, profile, mine, fixes, reason.strip(), now, told, progress)
    return told


def _asked(
    store: Store, actor: Actor, ids: Sequence[int]
) -> tuple[list[KeptRow], list[KeptRow], list[KeptRow]]:
    """Of these rows those that wait, those that an unfinished repair took in, and the others."""
    names = list(KeptRow.__dataclass_fields__)
    found: list[Any] = []
    with store.read() as connection:
        for start in range(0, len(ids), AT_ONCE):
            found += connection.execute(
                select(_kept, _batch.c.profile, _batch.c.started_at)
                .join(_batch, _batch.c.id == _kept.c.batch_id)
                .where(_kept.c.id.in_(ids[start : start + AT_ONCE]))
                .order_by(_kept.c.id)
            ).mappings()
    rows = [KeptRow(**{name: row[name] for name in names}) for row in found]
    rows = [row for row in rows if shown(actor, row.raw, row.profile)]
    if missing := sorted(set(ids) - {row.id for row in rows}):
        raise InputError(
            f"the quarantine has no row {missing[0]}", do="riskprofile quarantine list shows them"
        )
    unfinished = {one.id for one in _batches(store, rows)}
    took = {row.id for row in rows if row.state == "repaired" and row.repair_batch in unfinished}
    left = [row for row in rows if row.id in took]
    rows = [row for row in rows if row.id not in took]
    gone = [row for row in rows if row.state != WAITING]
    rows = [row for row in rows if row.state == WAITING]
    if gone and not rows and not left:
        raise Conflict(
            f"row {gone[0].id} of the quarantine is {gone[0].state}"
            + (f" (batch {gone[0].repair_batch})" if gone[0].repair_batch else ""),
            do="A row is repaired once; send a changed declaration as an amendment.",
        )
    return rows, left, gone


def _batches(store: Store, rows: Sequence[KeptRow]) -> list[Batch]:
    """The batches that took these rows in and have not ended."""
    ids = sorted({row.repair_batch for row in rows if row.repair_batch})
    with store.read() as connection:
        found = connection.execute(
            select(_batch).where(among(_batch.c.id, ids), _batch.c.state != "done")
        )
        return [Batch(**row._mapping) for row in found]


def _repair(
    store: Store,
    settings: Settings,
    actor: Actor,
    profile: str,
    rows: Sequence[KeptRow],
    fixes: Mapping[int, Mapping[str, str]],
    reason: str,
    now: datetime,
    told: Repaired,
    progress: Callable[[str, int], None],
) -> None:
    """Rows of one profile: checked first, then taken in as one batch."""
    if profile not in PROFILES:
        raise UsageError(
            "these rows were never read as declarations", do="Ask the sender for the file again."
        )
    known = PROFILES[profile].by_name
    # A file without the column is refused whole; a row without the value is refused alone.
    needed = [name for group in PROFILES[profile].mandatory for name in group]
    whole: dict[int, dict[str, str]] = {}
    changed: dict[int, tuple[str, ...]] = {}
    came = {row.id: row.started_at for row in rows}
    for row in rows:
        given = fixes[row.id]
        if unknown := sorted(set(given) - set(known)):
            raise UsageError(
                f"{profile} has no column {unknown[0]}",
                do="Its columns are the headings of `riskprofile convert`.",
            )
        before = row.fields
        cells = {**before, **given}
        for name, cell in given.items():
            old = before.get(name, "")
            fewer = old.isdigit() and (old.lstrip("0") or "0") == cell
            if fewer and known[name].kind not in NUMBERS:
                cells[name] = old  # a spreadsheet takes zeros from codes; nobody means it
        whole[row.id] = {name: cells[name] for name in known if cells.get(name)}
        changed[row.id] = tuple(
            name for name in known if whole[row.id].get(name, "") != before.get(name, "")
        )
    ids = list(whole)
    numbers = {name for name, spec in known.items() if spec.kind in NUMBERS}
    with tempfile.TemporaryDirectory(prefix=archive.PASSING) as folder:
        first = _as_file(Path(folder) / "all.jsonl", [whole[one] for one in ids], needed, numbers)
        faults = _faults(store, first, profile, now)
        told.refused |= {ids[line - 1]: why for line, why in faults.items()}
        sound = [one for one in ids if one not in told.refused]
        if not sound:
            return
        name = f"repair-{now:%Y%m%dT%H%M%S%f}-{sound[0]}.jsonl"
        path = _as_file(Path(folder) / name, [whole[one] for one in sound], needed, numbers)
        repairs = {
            line: Repair(one, changed[one], reason, came[one])
            for line, one in enumerate(sound, start=1)
        }
        options = replace(OPTIONS, profile=profile, repairs=repairs)
        run = screen(
            store, settings, actor, [path], options, now, progress=progress, stop=Stop(deaf=True)
        )
    told.summary = run.summary
    told.repaired += sound


def _as_file(
    path: Path, rows: Sequence[Mapping[str, str]], needed: Sequence[str], numbers: Collection[str]
) -> Path:
    """These rows as JSON Lines; a number with a point is one, whatever is written beside it."""

    def cell(name: str, text: str) -> Any:
        return json.loads(text) if name in numbers and _POINT.fullmatch(text) else text

    filled = [{name: cell(name, text) for name, text in row.items()} for row in rows]
    lines = [json.dumps({**dict.fromkeys(needed), **row}, ensure_ascii=False) for row in filled]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _faults(store: Store, path: Path, profile: str, now: datetime) -> dict[int, Rejection]:
    found: dict[int, Rejection] = {}
    for chunk in intake.read(
        path,
        profile=profile,
        format="jsonl",
        offices=govern.known_offices(store, now),
    ):
        for rejection in chunk.rejected:
            found[rejection.line] = rejection
    return found
