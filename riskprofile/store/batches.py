"""Batches in the database: chunks, their feature log, and what history knows.

One chunk, its records, its rejects and the cursor of its batch are one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    cast,
    delete,
    func,
    not_,
    or_,
    select,
    update,
)

from riskprofile.history.layer import CHUNK, POSITION, places
from riskprofile.intake.reader import Rejection
from riskprofile.intake.versions import CANCEL
from riskprofile.store.alert_tables import Alert, Decision, Label, Outcome
from riskprofile.store.database import serialise
from riskprofile.store.many import among
from riskprofile.store.run_tables import Aside, Batch, Chunk, Quarantined, Record
from riskprofile.store.table_bytes import Asked, from_bytes, listed, stored, whole
from riskprofile.tables import Table

batch_table = Batch.__table__  # type: ignore[attr-defined]
chunk_table = Chunk.__table__  # type: ignore[attr-defined]
record_table = Record.__table__  # type: ignore[attr-defined]
alert_table = Alert.__table__  # type: ignore[attr-defined]
decision_table = Decision.__table__  # type: ignore[attr-defined]
aside_table = Aside.__table__  # type: ignore[attr-defined]
quarantine_table = Quarantined.__table__  # type: ignore[attr-defined]
label_table = Label.__table__  # type: ignore[attr-defined]
outcome_table = Outcome.__table__  # type: ignore[attr-defined]

BATCH_LOCK = 7003  # PostgreSQL advisory lock: runs begin and end one at a time
BYTES = "bytes"  # option of a batch: how large its file is
SIZE = cast(batch_table.c.options[BYTES].as_string(), BigInteger)  # that option, where it stands
ASKED_AT_ONCE = 5_000  # values that one statement is asked of
KEPT_AT_ONCE = 2_000  # rows that were kept back, with the raw text of each
CUT = "cut"  # option of a batch that ended before its file did
REWRITTEN = "rewritten"  # option of one whose file was another while it was read; its note then:
WAS_WRITTEN = "was written, or taken away, while it was read"
CLAIM = "claim"  # option of a batch: under which claim a watcher took its file from an inbox
ARRIVED = "arrived"  # option of a batch of repaired rows: when the latest of their files came in


def came_in(options: Mapping[str, Any] | None, started: datetime) -> datetime:
    """When the rows of a batch that began then came in: those that were put right came with the
    file that they were kept back from.
    """
    told = (options or {}).get(ARRIVED)
    return datetime.fromisoformat(told) if told else started


def set_aside(connection: Connection, batch_id: str, number: int, state: str, rows: Table) -> None:
    """Keep where rows stood that were read and not stored."""
    connection.execute(
        aside_table.insert().values(
            batch_id=batch_id, number=number, state=state, count=len(rows), rows=stored(rows)
        )
    )


def forget_failures(connection: Connection, batch_id: str) -> None:
    """A batch goes on: what failed before is tried again."""
    columns = aside_table.c
    connection.execute(
        delete(aside_table).where(columns.batch_id == batch_id, columns.state == "failed")
    )
    connection.execute(
        update(batch_table).where(batch_table.c.id == batch_id).values(failed=0, note="")
    )


def kept_back(connection: Connection, batch_id: str) -> Iterator[list[Rejection]]:
    """The rows of a batch that were kept back and are still there, in the order they came.

    Some at a time: each holds its raw text, and a file may hold nothing else.
    """
    columns = quarantine_table.c
    names = [one.name for one in fields(Rejection)]
    asked = select(columns.id, *[columns[name] for name in names]).where(
        columns.batch_id == batch_id, columns.state != "removed"
    )
    last = 0
    while found := connection.execute(
        asked.where(columns.id > last).order_by(columns.id).limit(KEPT_AT_ONCE)
    ).all():
        yield [Rejection(**{name: getattr(one, name) for name in names}) for one in found]
        last = found[-1].id


def waiting(connection: Connection, batch_id: str) -> int:
    """How many rows of a batch were kept back and not put right."""
    columns = quarantine_table.c
    return connection.execute(
        select(func.count())
        .select_from(quarantine_table)
        .where(columns.batch_id == batch_id, columns.state == "waiting")
    ).scalar_one()


def repaired(connection: Connection, row: int, batch_id: str, line: int) -> bool:
    """Mark a waiting row of the quarantine repaired; whether it was waiting."""
    columns = quarantine_table.c
    changed = connection.execute(
        update(quarantine_table)
        .where(columns.id == row, columns.state == "waiting")
        .values(state="repaired", repair_batch=batch_id, repair_line=line)
    )
    return bool(changed.rowcount)


def insert_chunk(
    connection: Connection,
    *,
    batch_id: str,
    number: int,
    profile: str,
    count: int,
    rows: bytes,
    features: bytes | None,
    events: bytes,
) -> int:
    """Store one chunk, whose tables are as `stored` makes them; its id."""
    result = connection.execute(
        chunk_table.insert().values(
            batch_id=batch_id,
            number=number,
            profile=profile,
            count=count,
            rows=rows,
            features=features,
            events=events,
        )
    )
    made = result.inserted_primary_key
    assert made is not None
    return int(made[0])


def newer(connection: Connection, than: int) -> set[int]:
    """The chunks that were stored after this one."""
    return set(
        connection.execute(select(chunk_table.c.id).where(chunk_table.c.id > than)).scalars()
    )


def newest(connection: Connection) -> int:
    """The chunk that was stored last; 0 before the first."""
    return int(connection.execute(select(func.max(chunk_table.c.id))).scalar() or 0)


def held(batch: Batch) -> Any:
    """Where a batch is under way as this program began or resumed it: no other has since."""
    columns = batch_table.c
    resumed = columns.ended_at
    same = resumed.is_(None) if batch.ended_at is None else resumed == batch.ended_at
    return and_(columns.id == batch.id, columns.state == "running", same)


def advance(connection: Connection, batch: Batch, number: int, **added: int) -> bool:
    """Add to the counters of a batch, and move its cursor from the chunk before to this one.

    False when another program goes on with the same batch, or ended it.
    """
    columns = batch_table.c
    moved = connection.execute(
        update(batch_table)
        .where(held(batch), columns.cursor == number - 1)
        .values(
            cursor=columns.cursor + 1,
            **{name: columns[name] + value for name, value in added.items()},
        )
    )
    return bool(moved.rowcount)


def finish(connection: Connection, batch: Batch, now: datetime) -> bool:
    """Mark a batch done; False when another program did, or goes on with it."""
    note = WAS_WRITTEN if is_rewritten(batch) else ""
    ended = connection.execute(
        update(batch_table)
        .where(held(batch))
        .values(state="done", ended_at=now, note=note, failed=0)
    )
    return bool(ended.rowcount)


def end(connection: Connection, batch_ids: Sequence[str], now: datetime) -> datetime:
    """Put the end of these batches after the beginning of every other run under way.

    Such a run froze history when it began. A process of it that starts later must not
    see what ended meanwhile, so what ends now counts as ended after it began.

    Returns
    -------
    datetime
        The end: `now` where nothing else is under way.
    """
    ended = after_runs(connection, now, batch_ids)
    mine = among(batch_table.c.id, batch_ids)
    connection.execute(update(batch_table).where(mine).values(ended_at=ended))
    return ended


def after_runs(connection: Connection, now: datetime, but: Sequence[str] = ()) -> datetime:
    """When what is stored now counts as known: after the beginning of every run under way, but that
    of these batches. Until this transaction ends no run begins.
    """
    serialise(connection, BATCH_LOCK)
    columns = batch_table.c
    others = connection.execute(
        select(columns.started_at, columns.ended_at)
        .where(columns.state == "running")
        .where(not_(among(columns.id, but)))
    ).all()
    began = [resumed or started for started, resumed in others]
    known: datetime = max([now, *(one + timedelta(microseconds=1) for one in began)])
    return known


def resume(connection: Connection, batch: Batch, now: datetime, *, cut: bool) -> None:
    """Go on with a batch: what it knows of the past is frozen anew, as of now.

    Whoever went on with it before comes no further (`held`).
    """
    batch.state, batch.ended_at = "running", now
    batch.options = {**(batch.options or {}), CUT: cut}
    connection.execute(
        update(batch_table)
        .where(batch_table.c.id == batch.id)
        .values(state=batch.state, ended_at=now, options=batch.options)
    )


def say_rewritten(connection: Connection, batch: Batch) -> bool:
    """Say of a batch under way that what it read may not be what its digest was made of, whoever
    goes on with it; False where another program does already.
    """
    batch.options = {**(batch.options or {}), REWRITTEN: True}
    changed = update(batch_table).where(held(batch)).values(options=batch.options)
    return connection.execute(changed).rowcount == 1


def ask_anew(
    connection: Connection, batch: Batch, asked: Mapping[str, str], options: dict[str, Any]
) -> None:
    """A batch of which nothing is stored is tried again, as it is `asked` for now."""
    for name, value in {**asked, "options": options}.items():
        setattr(batch, name, value)
    connection.execute(
        update(batch_table).where(batch_table.c.id == batch.id).values(**asked, options=options)
    )


def is_cut(batch: Batch) -> bool:
    """Whether not all of its file is known to be read: it was left, or rewritten meanwhile."""
    return bool((batch.options or {}).get(CUT)) or is_rewritten(batch)


def is_rewritten(batch: Batch) -> bool:
    """Whether its file was another while it was read: its cursor says nothing of that file."""
    return bool((batch.options or {}).get(REWRITTEN))


def unfinished(connection: Connection) -> dict[str, str]:
    """Batches that are under way or were left before their end, the oldest first: their states."""
    columns = batch_table.c
    found = connection.execute(
        select(columns.id, columns.state)
        .where(columns.state.in_(("running", "stopped")))
        .order_by(columns.started_at, columns.id)
    )
    return {one.id: one.state for one in found}


def stood(connection: Connection) -> dict[str, int]:
    """Batches that are under way or were left before their end: their cursors."""
    columns = batch_table.c
    asked = select(columns.id, columns.cursor).where(columns.state.in_(("running", "stopped")))
    return {one.id: one.cursor for one in connection.execute(asked)}


def others(
    connection: Connection, batch_ids: Sequence[str], since: datetime, before: Mapping[str, int]
) -> bool:
    """Whether a batch beside these has stored rows `since` then, when others `stood` so (`before`).

    It is under way, was left, or ended later (`end`). What was left long ago and stands as it did
    says nothing new.
    """
    columns = batch_table.c
    late = and_(columns.state == "done", columns.ended_at > since)
    asked = select(columns.id, columns.cursor).where(
        or_(columns.state.in_(("running", "stopped")), late),
        columns.cursor > 0,
        not_(among(columns.id, batch_ids)),
    )
    return any(before.get(one.id) != one.cursor for one in connection.execute(asked))


def chunk(connection: Connection, chunk_id: int) -> Any:
    """A chunk, with all that is stored of its rows; None where it is gone."""
    return connection.execute(select(chunk_table).where(chunk_table.c.id == chunk_id)).first()


def hold_chunks(connection: Connection, batch_ids: Sequence[str]) -> None:
    """Until this transaction ends nobody changes what is stored of these batches: who does is
    waited for.
    """
    asked = select(chunk_table.c.id).where(among(chunk_table.c.batch_id, batch_ids))
    connection.execute(asked.order_by(chunk_table.c.id).with_for_update(read=True))


def first_chunk(connection: Connection, since: datetime) -> int | None:
    """The first chunk of the batches that began on this day (UTC) or later; None of none."""
    columns = chunk_table.c  # a batch is named after when it began
    found = connection.execute(
        select(func.min(columns.id)).where(columns.batch_id >= f"{since:%Y%m%d}")
    )
    return found.scalar()


def hold(connection: Connection, digest: str) -> set[str]:
    """The batches that read these bytes. Their rows are this transaction's: who has one is waited
    for.
    """
    columns = batch_table.c
    asked = select(columns.id).where(columns.digest == digest, columns.duplicate_of.is_(None))
    return set(connection.execute(asked.order_by(columns.id).with_for_update()).scalars())


def as_it_is(connection: Connection, batch_id: str) -> Batch:
    """A batch, whose row is this transaction's from here on."""
    asked = select(batch_table).where(batch_table.c.id == batch_id).with_for_update()
    return Batch(**connection.execute(asked).one()._mapping)


def same_input(connection: Connection, digest: str, *, history: bool) -> list[Batch]:
    """Earlier batches that read the same bytes, newest first.

    Not those that noted a duplicate: one is noted while the run that reads the file may still be
    left before its end, and says nothing of how it ended.
    """
    rows = connection.execute(
        select(batch_table)
        .where(batch_table.c.digest == digest, batch_table.c.duplicate_of.is_(None))
        .order_by(batch_table.c.started_at.desc(), batch_table.c.id.desc())
    )
    found = [Batch(**row._mapping) for row in rows]
    return [batch for batch in found if bool((batch.options or {}).get("history")) == history]


def chunks(
    connection: Connection, batch_ids: Sequence[str], columns: Sequence[str]
) -> Iterator[Any]:
    """Chunks of these batches in order, with the named columns."""
    table = chunk_table.c
    wanted = [table[name] for name in columns]
    for batch_id in batch_ids:
        numbers = connection.execute(
            select(table.number).where(table.batch_id == batch_id).order_by(table.number)
        ).scalars()
        for number in list(numbers):
            yield connection.execute(
                select(*wanted).where(table.batch_id == batch_id).where(table.number == number)
            ).one()


def rows_of(connection: Connection, chunk_id: int, columns: Asked | None = None) -> Table:
    """These columns of the rows of a chunk, or all, as declared."""
    table = chunk_table.c
    content = connection.execute(select(table.rows).where(table.id == chunk_id)).scalar_one()
    return from_bytes(content, columns)


def cells(
    connection: Connection, chunk_id: int, columns: Sequence[str], positions: np.ndarray
) -> list[list[Any]]:
    """Values of some rows of a chunk, column by column; of a chunk that is gone there are none.

    `positions` are sorted; those beyond the last row are left out.
    """
    table = chunk_table.c
    content = connection.execute(select(table.rows).where(table.id == chunk_id)).scalar()
    if content is None:
        return [[] for _ in columns]
    read = whole(content, columns)
    some = read.take(pa.array(positions[positions < len(read)]))
    return [listed(some[name]) for name in columns]


@dataclass(frozen=True)
class Past:
    """What history holds of a profile at a time: chunks, and rows of them that do not count.

    Parameters
    ----------
    chunks : ndarray of int64
        Ids of the chunks of every batch finished by then, sorted.
    gone : ndarray of int64
        Places (`history.layer.places`) of versions that such a batch superseded or withdrew,
        sorted.
    """

    chunks: np.ndarray
    gone: np.ndarray


def past(connection: Connection, profile: str, before: datetime) -> Past:
    """What every batch finished by `before` left to history.

    Of several versions of one item the one that counted then is remembered, so that a
    list sent five times is no five journeys.
    """
    # Those that do not count are few; of the others, which may be a file a message, none is read.
    columns = batch_table.c
    late = and_(columns.state == "done", columns.ended_at > before)
    others = connection.execute(
        select(columns.id).where(or_(columns.state.in_(("running", "stopped")), late))
    )
    other = [*others.scalars()]
    chunks = connection.execute(
        select(chunk_table.c.id)
        .where(chunk_table.c.profile == profile)
        .where(not_(among(chunk_table.c.batch_id, other)))
    ).scalars()
    known = np.sort(np.fromiter(chunks, dtype=np.int64))
    columns = record_table.c
    folded = connection.execute(
        select(columns.chunk_id, columns.position)
        .where(columns.folded_by.is_not(None))
        .where(columns.profile == profile, not_(among(columns.folded_by, other)))
    ).all()
    gone = np.array([tuple(row) for row in folded], dtype=np.int64).reshape(-1, 2)
    gone = gone[np.isin(gone[:, 0], known)]
    return Past(known, np.sort(places(gone[:, 0], gone[:, 1])))


def events(connection: Connection, chunk_ids: Iterable[int]) -> Iterator[pa.Table]:
    """What history remembers of these chunks, in their order, each row with where it lies."""
    for chunk_id in chunk_ids:
        content = connection.execute(
            select(chunk_table.c.events).where(chunk_table.c.id == chunk_id)
        ).scalar_one()
        held = whole(content, None)
        for name, at in ((CHUNK, np.full(len(held), chunk_id)), (POSITION, np.arange(len(held)))):
            held = held.append_column(name, pa.array(at))
        yield held


def counts(before: datetime | None = None) -> ColumnElement[bool]:
    """Whether a label is of the last confirmed outcome of its alert (as of `before`, if given).

    An alert that was opened again and examined anew counts once. Where what was found is
    corrected, nobody is charged with it any longer, nor does it teach; the same if the last word
    is that nobody examined it, which is no label.
    """
    own, later = outcome_table.alias(), outcome_table.alias()
    known = [] if before is None else [later.c.confirmed_at <= before]
    corrected = (
        select(later.c.id)
        .select_from(own.join(later, later.c.alert_id == own.c.alert_id))
        .where(own.c.id == label_table.c.outcome_id, later.c.id > own.c.id)
        .where(later.c.confirmed_at.is_not(None), *known)
        .correlate(label_table)
    )
    return ~corrected.exists()


def finds(connection: Connection, profile: str, before: datetime) -> list[Table]:
    """Events of confirmed finds; `time` is when each became known, by `before`.

    As the goods were declared last: a cancellation since says nothing of what was found.
    """
    columns = record_table.c
    declared = connection.execute(
        select(label_table.c.id, columns.chunk_id, columns.position, label_table.c.known_at)
        .join(
            record_table,
            (record_table.c.record_id == label_table.c.record_id)
            & (record_table.c.profile == label_table.c.profile)
            & (record_table.c.item == label_table.c.item),
        )
        .where(label_table.c.profile == profile)
        .where(label_table.c.value == 1)
        .where(label_table.c.known_at <= before, counts(before))
        .where(columns.state.in_(("accepted", "superseded")), columns.function != CANCEL)
        .order_by(label_table.c.id, columns.state.desc(), columns.version)
    )
    last = {row.id: row for row in declared}  # of each: what is superseded comes first
    found = sorted(last.values(), key=lambda row: (row.chunk_id, row.position, row.known_at))
    made = []
    for chunk_id, rows in groupby(found, key=lambda row: int(row.chunk_id)):
        (lying,) = events(connection, [chunk_id])
        held, table = list(rows), lying.to_pandas()
        times = pd.DatetimeIndex([row.known_at for row in held]).tz_convert("UTC").as_unit("us")
        made.append(table.iloc[[row.position for row in held]].assign(time=times))
    return made


def profiles(connection: Connection, batch_ids: Sequence[str]) -> set[str]:
    """The profiles of the rows of these batches."""
    columns = chunk_table.c
    return set(
        connection.execute(
            select(columns.profile).distinct().where(among(columns.batch_id, batch_ids))
        ).scalars()
    )
