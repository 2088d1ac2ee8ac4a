"""Batches in the database: chunks, record versions, the feature log, and what history knows.

One chunk, its records, its rejects and the cursor of its batch are one transaction.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, func, select, update

from riskprofile.store.database import Store
from riskprofile.store.tables import Alert, Batch, Chunk, Decision, Label, Record
from riskprofile.tables import Table

batch_table = Batch.__table__  # type: ignore[attr-defined]
chunk_table = Chunk.__table__  # type: ignore[attr-defined]
record_table = Record.__table__  # type: ignore[attr-defined]
alert_table = Alert.__table__  # type: ignore[attr-defined]
decision_table = Decision.__table__  # type: ignore[attr-defined]
label_table = Label.__table__  # type: ignore[attr-defined]

ASKED_AT_ONCE = 5_000  # parameters of one statement
PARKED = "history"  # state of a record that is known but was never rated


def to_bytes(table: Table) -> bytes:
    """A table as Parquet."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), buffer, compression="zstd")
    return buffer.getvalue()


def from_bytes(content: bytes, columns: Sequence[str] | None = None) -> Table:
    """A table from Parquet, text Arrow-backed as it was."""
    read = pq.read_table(io.BytesIO(content), columns=list(columns) if columns else None)
    return read.to_pandas()


@dataclass(frozen=True)
class Known:
    """What the database holds of the newest version of each asked item."""

    version: dict[tuple[str, int], int]
    content: dict[tuple[str, int], int]
    parked: set[tuple[str, int]]


def known(connection: Connection, profile: str, record_ids: Sequence[str]) -> Known:
    """Newest stored version and content digest of the items of these declarations."""
    found = Known({}, {}, set())
    asked = list(dict.fromkeys(record_ids))
    columns = record_table.c
    for start in range(0, len(asked), ASKED_AT_ONCE):
        rows = connection.execute(
            select(columns.record_id, columns.item, columns.version, columns.content, columns.state)
            .where(columns.record_id.in_(asked[start : start + ASKED_AT_ONCE]))
            .where(columns.profile == profile)
            .order_by(columns.version)
        )
        for record_id, item, version, content, state in rows:
            key = (record_id, item)
            found.version[key] = version
            found.content[key] = content
            if state == PARKED:
                found.parked.add(key)
            else:
                found.parked.discard(key)
    return found


def supersede(connection: Connection, profile: str, keys: Sequence[tuple[str, int]]) -> None:
    """Mark earlier versions of these items superseded."""
    columns = record_table.c
    for record_id, item in keys:
        connection.execute(
            update(record_table)
            .where(columns.record_id == record_id)
            .where(columns.profile == profile)
            .where(columns.item == item)
            .where(columns.state == "accepted")
            .values(state="superseded")
        )


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


def advance(connection: Connection, batch_id: str, **added: int) -> None:
    """Add to the counters of a batch, and move its cursor one chunk on."""
    columns = batch_table.c
    connection.execute(
        update(batch_table)
        .where(columns.id == batch_id)
        .values(
            cursor=columns.cursor + 1,
            **{name: columns[name] + value for name, value in added.items()},
        )
    )


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


def past(store: Store, profile: str, before: datetime) -> tuple[list[Table], list[Table]]:
    """Events of every batch finished by `before`, and those of confirmed finds.

    A find counts from the time it became known, which stands in its `time` column.
    """
    with store.read() as connection:
        events = [
            from_bytes(content)
            for content in connection.execute(
                select(chunk_table.c.events)
                .join(batch_table, batch_table.c.id == chunk_table.c.batch_id)
                .where(chunk_table.c.profile == profile)
                .where(batch_table.c.state == "done")
                .where(batch_table.c.ended_at <= before)
                .order_by(chunk_table.c.id)
            ).scalars()
        ]
        found = connection.execute(
            select(label_table.c.known_at, record_table.c.position, chunk_table.c.events)
            .join(
                record_table,
                (record_table.c.record_id == label_table.c.record_id)
                & (record_table.c.profile == label_table.c.profile)
                & (record_table.c.item == label_table.c.item),
            )
            .join(chunk_table, chunk_table.c.id == record_table.c.chunk_id)
            .where(label_table.c.profile == profile)
            .where(label_table.c.value == 1)
            .where(label_table.c.known_at <= before)
            .where(record_table.c.state == "accepted")
        )
        finds = []
        for known_at, position, content in found:
            row = from_bytes(content).iloc[[position]]
            finds.append(row.assign(time=pd.Timestamp(known_at).tz_convert("UTC")))
    return [table for table in events if len(table)], finds


def count_records(connection: Connection) -> int:
    """How many record versions there are."""
    return int(connection.execute(select(func.count()).select_from(record_table)).scalar_one())


def profiles(connection: Connection, batch_ids: Sequence[str]) -> set[str]:
    """The profiles of the rows of these batches."""
    columns = chunk_table.c
    return set(
        connection.execute(
            select(columns.profile).distinct().where(columns.batch_id.in_(batch_ids))
        ).scalars()
    )
