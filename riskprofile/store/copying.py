"""One database into another, SQLite or PostgreSQL: every table, in one transaction, compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select, text
from sqlmodel import SQLModel

from riskprofile.errors import Conflict, StoreError
from riskprofile.store import audit
from riskprofile.store.database import Store, serialise
from riskprofile.store.packed_json import dumps

BATCH = 500  # rows read at once
COPY_LOCK = 7010  # PostgreSQL advisory lock: who copies here second finds it filled

Told = Callable[[str, int, int | None], None]  # a table, rows of it that are done, and how many


@dataclass(frozen=True)
class Copied:
    """One table: how many rows, and the digest of all their values in the order of the key."""

    table: str
    rows: int
    digest: str

    @classmethod
    def of(cls, table: Table, rows: Iterator[tuple[Any, ...]]) -> Copied:
        """The account of these rows of it."""
        total, count = hashlib.sha256(), 0
        for row in rows:
            total.update(dumps([_plain(value) for value in row]).encode("utf-8", "surrogatepass"))
            count += 1
        return cls(table.name, count, total.hexdigest())


def copy(source: Store, target: Store, told: Told = lambda table, done, of: None) -> list[Copied]:
    """Copy every table of one database into another that holds nothing yet.

    The target is compared with the source before the commit: it has all, or nothing. `told`
    hears how far it is.

    Raises
    ------
    Conflict
        The target holds something.
    StoreError
        The audit chain of the source is broken, or what arrived is not what was sent.
    """
    with source.read() as old, target.write(patience=60.0) as new:
        serialise(new, COPY_LOCK)
        before = audit.verify(old)
        if not before.ok:
            raise audit.broken(before, source.where, "nothing was copied")
        for table in _tables():
            if new.execute(select(func.count()).select_from(table)).scalar_one():
                raise Conflict(
                    f"this database holds rows already (table {table.name})",
                    where=target.where,
                    do="Name an empty one: nothing was copied.",
                )
        made = []
        for table in _tables():
            columns = [column.name for column in table.columns]
            of = old.execute(select(func.count()).select_from(table)).scalar_one()
            compared = f"{table.name}, compared"
            rows = _counted(_rows(old, table), table.name, of, told)
            target.insert_many(new, table.name, columns, rows)
            if not target.sqlite:
                _count_on(new, table)
            sent = account(old, table)
            arrived = Copied.of(table, _counted(_rows(new, table), compared, of, told))
            if sent != arrived:
                raise StoreError(
                    f"table {table.name} did not arrive as it was sent: nothing was copied",
                    where=target.where,
                    do="A text with a zero byte, which PostgreSQL cannot hold, is the usual cause.",
                )
            made.append(sent)
        if audit.verify(new) != before:
            raise StoreError("the audit chain did not arrive whole", where=target.where)
    return made


def account(connection: Connection, table: Table) -> Copied:
    """Rows and digest of one table: the same on both engines for the same content."""
    return Copied.of(table, _rows(connection, table))


def _counted(
    rows: Iterator[tuple[Any, ...]], name: str, of: int, told: Told
) -> Iterator[tuple[Any, ...]]:
    for done, row in enumerate(rows, start=1):
        yield row
        if done % BATCH == 0 or done == of:
            told(name, done, of)


def _tables() -> list[Table]:
    return list(SQLModel.metadata.sorted_tables)


def _rows(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    asked = select(table).order_by(*_key(connection, table)).execution_options(yield_per=BATCH)
    with connection.execute(asked) as rows:
        for row in rows:
            yield tuple(row)


def _key(connection: Connection, table: Table) -> list[Any]:
    """The key's columns, texts by their bytes: each engine's own order is another."""
    bytewise = "C" if connection.dialect.name == "postgresql" else "BINARY"
    return [
        column.collate(bytewise) if column.type.python_type is str else column
        for column in table.primary_key.columns
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (bytes, memoryview)):
        return hashlib.sha256(value).hexdigest()
    return value


def _count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows after the ones that came with their numbers."""
    column = table.autoincrement_column
    if column is None:
        return
    asked = {"table": f'"{table.name}"', "column": column.name}
    sequence = connection.execute(
        text("SELECT pg_get_serial_sequence(:table, :column)"), asked
    ).scalar()
    last = connection.execute(select(func.max(column))).scalar()
    if sequence and last:
        connection.execute(text("SELECT setval(:name, :last)"), {"name": sequence, "last": last})
