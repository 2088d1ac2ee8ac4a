"""Batches in the database: chunks, record versions, the feature log, and what history knows.

One chunk, its records, its rejects and the cursor of its batch are one transaction.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    func,
    not_,
    or_,
    select,
    true,
    update,
)

from riskprofile.history.layer import CHUNK, POSITION, places
from riskprofile.intake.reader import Rejection
from riskprofile.intake.versions import CANCEL
from riskprofile.store.database import among
from riskprofile.store.tables import (
    Alert,
    Aside,
    Batch,
    Chunk,
    Decision,
    Label,
    Quarantined,
    Record,
)
from riskprofile.tables import Table

batch_table = Batch.__table__  # type: ignore[attr-defined]
chunk_table = Chunk.__table__  # type: ignore[attr-defined]
record_table = Record.__table__  # type: ignore[attr-defined]
alert_table = Alert.__table__  # type: ignore[attr-defined]
decision_table = Decision.__table__  # type: ignore[attr-defined]
aside_table = Aside.__table__  # type: ignore[attr-defined]
quarantine_table = Quarantined.__table__  # type: ignore[attr-defined]
label_table = Label.__table__  # type: ignore[attr-defined]

ASKED_AT_ONCE = 5_000  # parameters of one statement
ACCEPTED, SUPERSEDED = "accepted", "superseded"
KEPT_AT_ONCE = 2_000  # rows that were kept back, with the raw text of each
REMOVED = "removed"  # state of a record whose row retention took out
FULL = "full"  # how far a chunk is kept that retention has not come to
PARKED = "history"  # state of a record that is known but was never rated
CUT = "cut"  # option of a batch that ended before its file did
ARRIVED = "arrived"  # option of a batch of repaired rows: when the latest of their files came in


def to_bytes(table: Table) -> bytes:
    """A table as Parquet."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), buffer, compression="zstd")
    return buffer.getvalue()


def from_bytes(
    content: bytes,
    columns: Sequence[str] | Callable[[str], bool] | None = None,
    rows: np.ndarray | None = None,
) -> Table:
    """A table from Parquet, text Arrow-backed as it was; of its columns and rows those asked."""
    file = pq.ParquetFile(io.BytesIO(content))
    if callable(columns):
        columns = [name for name in file.schema_arrow.names if columns(name)]
    read = file.read(list(columns) if columns else None)
    some = read if rows is None else read.take(pa.array(rows))
    return (some.select(list(columns)) if columns else some).to_pandas()


@dataclass(frozen=True)
class Said:
    """When something was said: the time of its message, and when its file came in.

    `arrived` is None for what came in no later than all that it is compared with.
    """

    at: datetime | None = None
    arrived: datetime | None = None

    def before(self, other: Said) -> bool:
        """Whether the other is the later one: by message where both tell, else by arrival."""
        if self.at is not None and other.at is not None and self.at != other.at:
            return self.at < other.at
        if self.arrived is None or other.arrived is None:
            return False
        return self.arrived < other.arrived


@dataclass
class Newest:
    """What is known of one item: its version that counts, and every version before.

    `content` is None when any row is news: nothing is stored, or what is stored was
    withdrawn. `seen` holds (content, message time) of every version with such a time.
    """

    version: int = 0  # the highest number given so far
    content: int | None = None
    said: Said = Said()
    parked: bool = False  # known as history, never rated
    rated: bool = False  # and what is loaded as history takes no place of it
    place: int | None = None  # its row, while it is in the chunk at hand
    seen: set[tuple[int, datetime]] = field(default_factory=set)


Key = tuple[str, int]  # record_id, item
Message = tuple[datetime, str | None]  # its time, and its reference


@dataclass
class Known:
    """What the database holds of the asked declarations.

    `records` are those that were asked; `withdrawn` those of them that their sender
    cancelled, and when that was said.
    """

    records: set[str] = field(default_factory=set)

    items: dict[Key, Newest] = field(default_factory=dict)
    withdrawn: dict[str, Said] = field(default_factory=dict)

    def add(self, other: Known) -> None:
        """Take in what is known of other declarations."""
        self.records |= other.records
        self.items |= other.items
        self.withdrawn |= other.withdrawn

    def forget(self, records: set[str]) -> None:
        """As if these had not been asked."""
        self.records -= records
        self.items = {key: one for key, one in self.items.items() if key[0] not in records}
        self.withdrawn = {
            record: said for record, said in self.withdrawn.items() if record not in records
        }


@dataclass(frozen=True)
class Later:
    """What other runs have stored of files that came in later: batches and chunks, and when."""

    batches: Mapping[str, datetime] = field(default_factory=dict)
    chunks: Mapping[int, datetime] = field(default_factory=dict)


def later(connection: Connection, arrived: datetime) -> Later:
    """What came in after a time.

    A repaired row came in with the file that it was kept back from (option `arrived`).
    """
    batch, chunk = batch_table.c, chunk_table.c
    came: dict[str, datetime] = {}
    for name, started, options in connection.execute(
        select(batch.id, batch.started_at, batch.options)
        # Batches are called by the second in which they began: few are looked at.
        .where(batch.id >= f"{arrived:%Y%m%d-%H%M%S}", batch.started_at > arrived)
    ):
        told = (options or {}).get(ARRIVED)
        came[name] = datetime.fromisoformat(told) if told else started
    came = {name: at for name, at in came.items() if at > arrived}
    if not came:
        return Later()
    held = connection.execute(
        select(chunk.id, chunk.batch_id).where(among(chunk.batch_id, sorted(came)))
    )
    return Later(came, {number: came[name] for number, name in held})


def known(
    connection: Connection, profile: str, record_ids: Iterable[str], later: Later | None = None
) -> Known:
    """Versions of the items of these declarations; which of them came `later` than they do."""
    later = later or Later()
    found = Known(set(record_ids))
    asked = sorted(found.records)
    columns = record_table.c
    absent: dict[str, Said] = {}  # withdrawn by a message that did not name them
    wanted = [
        columns[name]
        for name in (
            *("record_id", "item", "version", "content", "state"),
            *("function", "message_at", "folded_by", "chunk_id"),
        )
    ]
    for start in range(0, len(asked), ASKED_AT_ONCE):
        rows = connection.execute(
            select(*wanted)
            .where(among(columns.record_id, asked[start : start + ASKED_AT_ONCE]))
            .where(columns.profile == profile)
            .order_by(columns.version)
        )
        for record_id, item, version, content, state, function, at, folded, chunk in rows:
            one = found.items.setdefault((record_id, item), Newest())
            one.version = version
            if at is not None:
                one.seen.add((content, at))
            if state == SUPERSEDED:
                continue
            cancels, said = function == CANCEL, Said(at, later.chunks.get(chunk))
            if cancels:
                found.withdrawn[record_id] = said
            elif folded:
                absent[record_id] = Said(at, later.batches.get(folded))
            one.content = None if folded and not cancels else content
            one.said, one.parked = said, state == PARKED
    found.withdrawn = absent | found.withdrawn
    return found


def supersede(connection: Connection, profile: str, batch_id: str, keys: Iterable[Key]) -> None:
    """Mark the versions of these items that counted until now superseded.

    One that a finished batch withdrew stopped counting with that batch, and so it stays.
    """
    columns = record_table.c
    done = select(batch_table.c.id).where(batch_table.c.state == "done")
    ended = case((columns.folded_by.in_(done), columns.folded_by), else_=batch_id)
    statement = (
        update(record_table)
        .where(columns.record_id == bindparam("_record"))
        .where(columns.profile == profile)
        .where(columns.item == bindparam("_item"))
        .where(columns.state != SUPERSEDED)
        .values(state=SUPERSEDED, folded_by=ended)
    )
    if named := [{"_record": record_id, "_item": item} for record_id, item in keys]:
        connection.execute(statement, named)


def confirm(connection: Connection, profile: str, said: Mapping[Key, Message]) -> None:
    """A later message said the same of these items: no new version, but it is of that message."""
    columns = record_table.c
    for (record_id, item), (at, message) in said.items():
        connection.execute(
            update(record_table)
            .where(columns.record_id == record_id)
            .where(columns.profile == profile)
            .where(columns.item == item)
            .where(columns.state != SUPERSEDED)
            .values({"message_at": at} | ({"message": message} if message else {}))
        )


def counting(
    profile: str, at: datetime | None = None, later: Later | None = None
) -> list[ColumnElement[bool]]:
    """What counts, and was said before a message of that time: by its own, else by arrival."""
    columns = record_table.c
    made = [columns.profile == profile, columns.state != SUPERSEDED, columns.folded_by.is_(None)]
    later = later or Later()
    before = not_(among(columns.chunk_id, sorted(later.chunks))) if later.chunks else true()
    if at is not None:
        timed = columns.message_at.is_not(None)
        before = or_(and_(timed, columns.message_at <= at), and_(~timed, before))
    return [*made, before]


def withdraw(
    connection: Connection,
    profile: str,
    batch_id: str,
    cancelled: Mapping[str, datetime | None],
    later: Later,
) -> None:
    """Take the items of declarations that their sender cancelled out of the ranking.

    What was said after the cancellation stays.
    """
    for record_id, at in cancelled.items():
        connection.execute(
            update(record_table)
            .where(record_table.c.record_id == record_id, *counting(profile, at, later))
            .values(folded_by=batch_id)
        )


def folded(connection: Connection, chunk_id: int) -> list[int]:
    """Positions of a chunk whose rows no longer count: superseded or withdrawn."""
    columns = record_table.c
    return list(
        connection.execute(
            select(columns.position)
            .where(columns.chunk_id == chunk_id)
            .where(columns.folded_by.is_not(None))
        ).scalars()
    )


def standing(connection: Connection, chunk_id: int) -> list[tuple[int, str, str]]:
    """Position, reference and state of every row of a chunk.

    Found by the references in the chunk: no index of records leads from a chunk.
    """
    columns = record_table.c
    named = rows_of(connection, chunk_id, ["record_id"])["record_id"].unique().tolist()
    rows = connection.execute(
        select(columns.position, columns.record_id, columns.state)
        .where(among(columns.record_id, named), columns.chunk_id == chunk_id)
        .order_by(columns.position)
    )
    return [(row.position, row.record_id, row.state) for row in rows]


def removed(connection: Connection, chunk_id: int) -> list[int]:
    """Positions of a chunk whose rows retention has removed."""
    kept = connection.execute(select(chunk_table.c.kept).where(chunk_table.c.id == chunk_id))
    if kept.scalar_one() == FULL:
        return []
    found = standing(connection, chunk_id)
    return [position for position, _, state in found if state == REMOVED]


def removed_of(connection: Connection, batch_id: str) -> int:
    """How many rows of a batch retention has removed."""
    found = connection.execute(
        select(chunk_table.c.id).where(
            chunk_table.c.batch_id == batch_id, chunk_table.c.kept != FULL
        )
    )
    return sum(len(removed(connection, number)) for number in found.scalars().all())


def beside(
    connection: Connection, profile: str, batch_ids: Sequence[str], record_ids: Sequence[str]
) -> list[tuple[str, int, int, int]]:
    """Items of these declarations that other batches brought and that still count.

    Returns
    -------
    list of (record_id, item, chunk_id, position)
    """
    columns = record_table.c
    found: list[tuple[str, int, int, int]] = []
    asked = list(dict.fromkeys(record_ids))
    for start in range(0, len(asked), ASKED_AT_ONCE):
        rows = connection.execute(
            select(columns.record_id, columns.item, columns.chunk_id, columns.position)
            .join(chunk_table, chunk_table.c.id == columns.chunk_id)
            .where(among(columns.record_id, asked[start : start + ASKED_AT_ONCE]))
            .where(columns.profile == profile)
            .where(columns.state == ACCEPTED)
            .where(columns.folded_by.is_(None))
            .where(chunk_table.c.batch_id.not_in(batch_ids))
            .order_by(columns.chunk_id, columns.position)
        )
        found += [(row[0], row[1], row[2], row[3]) for row in rows]
    return found


def holders(
    connection: Connection, profile: str, record_ids: Iterable[str], items: Iterable[int]
) -> list[int | None]:
    """Ids of the newest stored versions of these items, in their order."""
    columns = record_table.c
    keys = list(zip(record_ids, items, strict=True))
    asked = sorted({record_id for record_id, _ in keys})
    found: dict[Key, int] = {}
    for start in range(0, len(asked), ASKED_AT_ONCE):
        for record_id, item, number in connection.execute(
            select(columns.record_id, columns.item, columns.id)
            .where(among(columns.record_id, asked[start : start + ASKED_AT_ONCE]))
            .where(columns.profile == profile)
            .where(columns.state != SUPERSEDED)
        ):
            found[record_id, item] = number
    return [found.get(key) for key in keys]


def set_aside(connection: Connection, batch_id: str, number: int, state: str, rows: Table) -> None:
    """Keep where rows stood that were read and not stored."""
    connection.execute(
        aside_table.insert().values(
            batch_id=batch_id, number=number, state=state, count=len(rows), rows=to_bytes(rows)
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
    rows: Table,
    features: Table | None,
    events: Table,
) -> int:
    """Store one chunk; its id."""
    result = connection.execute(
        chunk_table.insert().values(
            batch_id=batch_id,
            number=number,
            profile=profile,
            count=count,
            rows=to_bytes(rows),
            features=None if features is None else to_bytes(features),
            events=to_bytes(events),
        )
    )
    made = result.inserted_primary_key
    assert made is not None
    return int(made[0])


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
    ended = connection.execute(
        update(batch_table).where(held(batch)).values(state="done", ended_at=now, note="", failed=0)
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
    columns = batch_table.c
    others = connection.execute(
        select(columns.started_at, columns.ended_at)
        .where(columns.state == "running")
        .where(columns.id.not_in(batch_ids))
    ).all()
    began = [resumed or started for started, resumed in others]
    ended: datetime = max([now, *(one + timedelta(microseconds=1) for one in began)])
    connection.execute(update(batch_table).where(columns.id.in_(batch_ids)).values(ended_at=ended))
    return ended


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


def is_cut(batch: Batch) -> bool:
    """Whether it went no further in its file than it came before it was left."""
    return bool((batch.options or {}).get(CUT))


def unfinished(connection: Connection) -> dict[str, str]:
    """Batches that are under way or were left before their end, the oldest first: their states."""
    columns = batch_table.c
    found = connection.execute(
        select(columns.id, columns.state)
        .where(columns.state.in_(("running", "stopped")))
        .order_by(columns.started_at, columns.id)
    )
    return {one.id: one.state for one in found}


def by_batch(
    connection: Connection, records: Iterable[int | None], batch_ids: Iterable[str]
) -> dict[str, int]:
    """How many of these records each of these batches holds."""
    asked = [one for one in records if one is not None]
    found = connection.execute(
        select(chunk_table.c.batch_id, func.count().label("rows"))
        .join(record_table, record_table.c.chunk_id == chunk_table.c.id)
        .where(among(record_table.c.id, asked), among(chunk_table.c.batch_id, batch_ids))
        .group_by(chunk_table.c.batch_id)
    )
    return {one.batch_id: one.rows for one in found}


def changed_since(connection: Connection, batch_id: str) -> int:
    """How many rows of a batch other batches have superseded or withdrawn."""
    columns = record_table.c
    return connection.execute(
        select(func.count())
        .select_from(record_table)
        .join(chunk_table, chunk_table.c.id == columns.chunk_id)
        .where(chunk_table.c.batch_id == batch_id, columns.folded_by != batch_id)
    ).scalar_one()


def same_input(connection: Connection, digest: str, *, history: bool) -> list[Batch]:
    """Earlier batches over the same bytes, newest first."""
    rows = connection.execute(
        select(batch_table)
        .where(batch_table.c.digest == digest)
        .order_by(batch_table.c.started_at.desc())
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


def rows_of(connection: Connection, chunk_id: int, columns: Sequence[str]) -> Table:
    """These columns of the rows of a chunk, as declared."""
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
    read = pq.ParquetFile(io.BytesIO(content)).read([*columns])
    some = read.take(pa.array(positions[positions < len(read)]))
    return [_listed(some[name]) for name in columns]


def _listed(column: pa.ChunkedArray) -> list[Any]:
    """As Python values; times through pandas, in a tenth of the time that Arrow takes."""
    if not pa.types.is_timestamp(column.type):
        told: list[Any] = column.to_pylist()
        return told
    times = pd.DatetimeIndex(column.to_pandas())
    return [None if at is pd.NaT else at for at in times.to_pydatetime().tolist()]


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
    done = [batch_table.c.state == "done", batch_table.c.ended_at <= before]
    chunks = connection.execute(
        select(chunk_table.c.id)
        .join(batch_table, batch_table.c.id == chunk_table.c.batch_id)
        .where(chunk_table.c.profile == profile, *done)
        .order_by(chunk_table.c.id)
    ).scalars()
    known = np.fromiter(chunks, dtype=np.int64)
    columns = record_table.c
    folded = connection.execute(
        select(columns.chunk_id, columns.position)
        .join(batch_table, batch_table.c.id == columns.folded_by)
        .where(columns.folded_by.is_not(None))
        .where(columns.profile == profile, *done)
    ).all()
    gone = np.array([tuple(row) for row in folded], dtype=np.int64).reshape(-1, 2)
    gone = gone[np.isin(gone[:, 0], known)]
    return Past(known, np.sort(places(gone[:, 0], gone[:, 1])))


def events(connection: Connection, chunk_ids: Iterable[int]) -> Iterator[Table]:
    """What history remembers of these chunks, in their order, each row with where it lies."""
    for chunk_id in chunk_ids:
        content = connection.execute(
            select(chunk_table.c.events).where(chunk_table.c.id == chunk_id)
        ).scalar_one()
        yield _placed(from_bytes(content), chunk_id)


def finds(connection: Connection, profile: str, before: datetime) -> list[Table]:
    """Events of confirmed finds; `time` is when each became known, by `before`."""
    found = connection.execute(
        select(record_table.c.chunk_id, record_table.c.position, label_table.c.known_at)
        .join(
            record_table,
            (record_table.c.record_id == label_table.c.record_id)
            & (record_table.c.profile == label_table.c.profile)
            & (record_table.c.item == label_table.c.item),
        )
        .where(label_table.c.profile == profile)
        .where(label_table.c.value == 1)
        .where(label_table.c.known_at <= before)
        .where(record_table.c.state == "accepted")
        .order_by(record_table.c.chunk_id, record_table.c.position, label_table.c.known_at)
    ).all()
    made = []
    for chunk_id, rows in groupby(found, key=lambda row: int(row.chunk_id)):
        (table,) = events(connection, [chunk_id])
        held = list(rows)
        times = pd.DatetimeIndex([row.known_at for row in held]).tz_convert("UTC").as_unit("us")
        made.append(table.iloc[[row.position for row in held]].assign(time=times))
    return made


def _placed(events: Table, chunk_id: int) -> Table:
    """Events with where their rows lie."""
    return events.assign(**{CHUNK: chunk_id, POSITION: np.arange(len(events))})


def profiles(connection: Connection, batch_ids: Sequence[str]) -> set[str]:
    """The profiles of the rows of these batches."""
    columns = chunk_table.c
    return set(
        connection.execute(
            select(columns.profile).distinct().where(columns.batch_id.in_(batch_ids))
        ).scalars()
    )
