"""The quarantine at work: rows found, handed out, put right and taken in, each once.

A repaired row goes the same road as any other: it becomes a small file of its own, is
read, rated and ranked, and its row of the quarantine is marked in the transaction that
stores it. So it cannot be repaired twice. A repair that dies before that leaves it waiting; one
that dies after it is ended when it is asked for again.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select

from riskprofile import intake
from riskprofile.errors import Conflict, InputError, UsageError
from riskprofile.files import passing_folder
from riskprofile.intake.reader import Rejection
from riskprofile.profiles import PROFILES
from riskprofile.services import offices
from riskprofile.services.rights import ACTIONS, Actor, authorise, note, sees
from riskprofile.services.run import Options, Repair, Stop, Summary
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.store.run_tables import Batch
from riskprofile.words import Message

WAITING = "waiting"
STATES = (WAITING, "repaired", "removed", "all")  # that can be asked for
EXPORTED = 100_000  # rows of one file
LONGEST = 80  # characters of a value in the audit
FETCHED = 500  # rows that are held at once while those of one office are looked for
NUMBERS = ("int", "float")  # kinds of column
_POINT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")  # what JSON takes for a number
OPTIONS = Options(format="jsonl", max_bad_share=1.0, resume=True)

_kept, _batch = batches.quarantine_table, batches.batch_table
_ROWS = (
    select(_kept, _batch.c.profile, _batch.c.started_at)
    .join(_batch, _batch.c.id == _kept.c.batch_id)
    .order_by(_kept.c.id)
)


@dataclass(frozen=True)
class Filter:
    """Which rows. None means all; `state` is waiting, repaired, removed or all."""

    batch: str | None = None
    reason: str | None = None  # a reason code
    column: str | None = None
    profile: str | None = None
    state: str = WAITING
    limit: int = 500
    but: tuple[str, ...] = ()  # not of these columns


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


def identifying(profile: str) -> frozenset[str]:
    """Columns that say who a person is, or are protected: a look at one row does without them."""
    if profile not in PROFILES:
        return frozenset()
    return frozenset(name for name, spec in PROFILES[profile].by_name.items() if spec.protection)


def of_persons(profile: str) -> bool:
    """Whether a row of it that never became cells may be about a person; of what, nobody knows."""
    return profile not in PROFILES or PROFILES[profile].persons


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

    Raises
    ------
    UsageError
        There is no such state or profile.
    """
    authorise(actor, "quarantine.look")
    for name, value, known in (
        ("state", asked.state, STATES),
        ("profile", asked.profile, (*PROFILES, "")),
    ):
        if value is not None and value not in known:
            raise UsageError(
                f"there is no {name} {value}", do=f"Give {', '.join(filter(None, known))}."
            )
    statement = _ROWS
    for column, value in (
        (_kept.c.batch_id, asked.batch),
        (_kept.c.reason_code, asked.reason),
        (_kept.c.column, asked.column),
        (_batch.c.profile, asked.profile),
        (_kept.c.state, None if asked.state == "all" else asked.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if asked.but:
        statement = statement.where(or_(_kept.c.column.is_(None), _kept.c.column.not_in(asked.but)))
    if actor.office is None:  # else as many are read as it takes until so many are theirs
        statement = statement.limit(max(1, asked.limit))
    piecewise = statement.execution_options(yield_per=FETCHED)
    # Of a large batch it takes a second: no writer waits for it.
    with store.read() as connection, connection.execute(piecewise) as rows:
        told = rows.mappings()
        whose = (row for row in told if shown(actor, row["raw"], row["profile"]))
        found = list(islice(whose, max(1, asked.limit)))
    if found:
        with store.write() as connection:
            about = "quarantine" if asked.batch is None else f"batch:{asked.batch}"
            note(connection, actor, "quarantine.look", about, now, {"rows": len(found)})
    return [*map(_row, found)]


def tally(store: Store, actor: Actor, batch_id: str) -> Counter[str | None]:
    """How many rows of a batch wait, by the column of their first fault; None of no column.

    Of those that are for them (`shown`). No cell is told, so the look is not audited.
    """
    authorise(actor, "quarantine.look")
    waits = (_kept.c.batch_id == batch_id) & (_kept.c.state == WAITING)
    with store.read() as connection:
        if actor.office is None:
            asked = select(_kept.c.column, func.count()).where(waits).group_by(_kept.c.column)
            return Counter({column: int(count) for column, count in connection.execute(asked)})
        whole = select(_kept.c.column, _kept.c.raw, _batch.c.profile).join(
            _batch, _batch.c.id == _kept.c.batch_id
        )
        rows = connection.execute(whole.where(waits).execution_options(yield_per=FETCHED))
        return Counter(column for column, raw, profile in rows if shown(actor, raw, profile))


def check(
    store: Store, actor: Actor, fixes: Mapping[int, Mapping[str, str]], now: datetime
) -> dict[int, Rejection | None]:
    """What a repair with these cells would find, by row that waits: None where it is sound.

    The same readers judge as in `repair`. Nothing is stored.

    Raises
    ------
    UsageError
        An unknown column.
    InputError
        No such row.
    """
    authorise(actor, "quarantine.repair")
    told: dict[int, Rejection | None] = {}
    rows = [row for row in _rows(store, actor, list(fixes)) if row.state == WAITING and row.fields]
    for profile in dict.fromkeys(row.profile for row in rows):
        mine = [row for row in rows if row.profile == profile]
        whole = {row.id: _mended(row, fixes[row.id]) for row in mine}
        with passing_folder() as folder:
            path = _as_file(folder / "all.jsonl", [*whole.values()], profile)
            faults = _faults(store, path, profile, now)
        told |= {one: faults.get(line) for line, one in enumerate(whole, start=1)}
    return told


def require_batch(store: Store, actor: Actor, batch_id: str) -> None:
    """Let pass the name of a batch, or say that there is none of it."""
    authorise(actor, "quarantine.look")
    with store.read() as connection:
        if connection.execute(select(_batch.c.id).where(_batch.c.id == batch_id)).first() is None:
            raise InputError(
                f"there is no batch {batch_id[:80]}", do="The page Batches lists them all."
            )


def likewise(
    rows: Sequence[KeptRow], fixes: Mapping[int, Mapping[str, str]], sound: Collection[int]
) -> dict[int, dict[str, str]]:
    """The same repair for like rows: those that have none of these `fixes` yet, and that came with
    the same text in the same column at fault as one whose fixes are `sound`.

    What names a row is its own: with that of another one it would be a version of it.
    """
    mended: dict[tuple[str, str, str], str] = {}
    for row in rows:
        given = fixes.get(row.id, {}) if row.id in sound else {}
        if row.column is not None and row.column in given and not _names(row.profile, row.column):
            key = (row.profile, row.column, row.fields.get(row.column, ""))
            mended.setdefault(key, given[row.column])
    found: dict[int, dict[str, str]] = {}
    for row in rows:
        if row.column is None or row.id in fixes or row.state != WAITING or not row.fields:
            continue
        key = (row.profile, row.column, row.fields.get(row.column, ""))
        if key in mended:
            found[row.id] = {row.column: mended[key]}
    return found


def _names(profile: str, column: str) -> bool:
    """Whether a column tells one declaration, or one item, from all others."""
    return column in (PROFILES[profile].declaration[0], PROFILES[profile].item)


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
    rows = _rows(store, actor, ids)
    unfinished = {one.id for one in _batches(store, rows)}
    took = {row.id for row in rows if row.state == "repaired" and row.repair_batch in unfinished}
    left = [row for row in rows if row.id in took]
    rows = [row for row in rows if row.id not in took]
    gone = [row for row in rows if row.state != WAITING]
    rows = [row for row in rows if row.state == WAITING]
    if gone and not rows and not left:
        n, batch = gone[0].id, gone[0].repair_batch
        raise Conflict(
            Message("refusal.row_repaired", n=n, batch=batch)
            if batch
            else Message("refusal.row_removed", n=n),
            do=Message("refusal.do_amendment"),
        )
    return rows, left, gone


def _row(row: Mapping[Any, Any]) -> KeptRow:
    return KeptRow(**{name: row[name] for name in KeptRow.__dataclass_fields__})


def _rows(store: Store, actor: Actor, ids: Sequence[int]) -> list[KeptRow]:
    with store.read() as connection:
        found = connection.execute(_ROWS.where(among(_kept.c.id, ids))).mappings()
        rows = [*map(_row, found)]
    rows = [row for row in rows if shown(actor, row.raw, row.profile)]
    if missing := sorted(set(ids) - {row.id for row in rows}):
        raise InputError(
            f"the quarantine has no row {missing[0]}", do="riskprofile quarantine list shows them"
        )
    return rows


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
    whole = {row.id: _mended(row, fixes[row.id]) for row in rows}
    ids = list(whole)
    with passing_folder() as folder:
        first = _as_file(folder / "all.jsonl", [whole[one] for one in ids], profile)
        faults = _faults(store, first, profile, now)
        told.refused |= {ids[line - 1]: why for line, why in faults.items()}
        sound = [one for one in ids if one not in told.refused]
        if not sound:
            return
        name = f"repair-{now:%Y%m%dT%H%M%S%f}-{sound[0]}.jsonl"
        path = _as_file(folder / name, [whole[one] for one in sound], profile)
        by_id = {row.id: row for row in rows}
        repairs = {
            line: _account(by_id[one], whole[one], reason)
            for line, one in enumerate(sound, start=1)
        }
        options = replace(OPTIONS, profile=profile, repairs=repairs)
        run = screen(
            store, settings, actor, [path], options, now, progress=progress, stop=Stop(deaf=True)
        )
    told.summary = run.summary
    told.repaired += sound


def _mended(row: KeptRow, given: Mapping[str, str]) -> dict[str, str]:
    """The cells of a row with these corrected, those that hold something."""
    known = PROFILES[row.profile].by_name
    if unknown := sorted(set(given) - set(known)):
        raise UsageError(
            f"{row.profile} has no column {unknown[0]}",
            do="Its columns are the headings of `riskprofile convert`.",
        )
    before = row.fields
    cells = {**before, **given}
    for name, cell in given.items():
        old = before.get(name, "")
        fewer = old.isdigit() and (old.lstrip("0") or "0") == cell
        if fewer and known[name].kind not in NUMBERS:
            cells[name] = old  # a spreadsheet takes zeros from codes; nobody means it
    return {name: cells[name] for name in known if cells.get(name)}


def _account(row: KeptRow, cells: Mapping[str, str], reason: str) -> Repair:
    """What the audit holds of a repair: the columns and, in words that retention erases, the reason
    with both values of each column. Of one that identifies a person or is protected, no value.
    """
    known, before = PROFILES[row.profile].by_name, row.fields
    changed = tuple(name for name in known if cells.get(name, "") != before.get(name, ""))
    said = [
        f"{name} {_short(before.get(name, ''))} to {_short(cells.get(name, ''))}"
        for name in changed
        if name not in identifying(row.profile)
    ]
    words = f"{reason} [{'; '.join(said)}]" if said else reason
    return Repair(row.id, changed, words, row.started_at)


def _short(text: str) -> str:
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return f"“{cut}”" if cut else "nothing"


def _as_file(path: Path, rows: Sequence[Mapping[str, str]], profile: str) -> Path:
    """These rows as JSON Lines; a number with a point is one, whatever is written beside it."""
    columns = PROFILES[profile].by_name
    # A file without the column is refused whole; a row without the value is refused alone.
    needed = [name for group in PROFILES[profile].mandatory for name in group]

    def cell(name: str, text: str) -> Any:
        number = columns[name].kind in NUMBERS and _POINT.fullmatch(text)
        return json.loads(text) if number else text

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
        offices=offices.known(store, now),
    ):
        for rejection in chunk.rejected:
            found[rejection.line] = rejection
    return found
