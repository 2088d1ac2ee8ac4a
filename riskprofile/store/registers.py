"""Registers in the database: loads, and the versions of each entry.

An entry is never changed or removed: another content of the same key is a new version,
so that a rating can be asked again with what was known when it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from riskprofile.store.database import Store, serialise
from riskprofile.store.many import among
from riskprofile.store.office_tables import RegisterEntry, RegisterLoad

load_table = RegisterLoad.__table__  # type: ignore[attr-defined]
entry_table = RegisterEntry.__table__  # type: ignore[attr-defined]

REGISTER_LOCK = 7012  # PostgreSQL advisory lock: one program at a time loads registers
COLUMNS = ("kind", "key", "as_of", "known_at", "load_id", "content", "entry")


def lock(connection: Connection) -> None:
    """One load at a time, so that two copies of a file do not both find nothing."""
    serialise(connection, REGISTER_LOCK)


def in_force(connection: Connection, kind: str, as_of: datetime) -> dict[str, str]:
    """Content digest by key of the newest versions that speak for `as_of` or before."""
    columns = entry_table.c
    rows = connection.execute(
        select(columns.key, columns.content)
        .where(columns.kind == kind, columns.as_of <= as_of)
        .order_by(columns.as_of, columns.id)
    )
    return {row.key: row.content for row in rows}


def add_load(connection: Connection, **values: Any) -> int:
    """Record a load; its id."""
    made = connection.execute(load_table.insert().values(**values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def add(store: Store, connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert versions, as tuples of `COLUMNS`."""
    store.insert_many(connection, "register_entry", COLUMNS, rows)


def keys(connection: Connection, kind: str) -> Sequence[str]:
    """Those of all entries of a register, in their order."""
    columns = entry_table.c
    asked = select(columns.key).where(columns.kind == kind).distinct()
    return sorted(connection.execute(asked).scalars())


def known(
    connection: Connection, kind: str, before: datetime, only: Sequence[str] | None = None
) -> list[Mapping[str, Any]]:
    """The entry of each key, or of `only` these, as it was known at `before`, in the order of
    its keys, with `stated_at`, the time for which it speaks.

    Of several versions the one with the latest `as_of` counts, then the one loaded last.
    """
    columns = entry_table.c
    rows = connection.execute(
        select(columns.key, columns.entry, columns.as_of)
        .where(columns.kind == kind, columns.known_at <= before, columns.as_of <= before)
        .where(*([] if only is None else [among(columns.key, only)]))
        .order_by(columns.as_of, columns.id)
    )
    newest = {row.key: {**row.entry, "stated_at": row.as_of} for row in rows}
    return [newest[key] for key in sorted(newest)]


def loads(connection: Connection) -> Sequence[Any]:
    """The last thousand loads, the newest first."""
    return connection.execute(
        select(load_table).order_by(load_table.c.at.desc(), load_table.c.id.desc()).limit(1000)
    ).all()


def newest(connection: Connection, kind: str, before: datetime) -> int:
    """The number of the last load of a register up to a time; 0 before the first."""
    columns = load_table.c
    asked = select(func.max(columns.id)).where(columns.kind == kind, columns.at <= before)
    return int(connection.execute(asked).scalar() or 0)


def counts(connection: Connection) -> dict[str, int]:
    """Entries by kind, versions of one key counted once."""
    columns = entry_table.c
    rows = connection.execute(
        select(columns.kind, func.count(columns.key.distinct())).group_by(columns.kind)
    )
    return {kind: int(count) for kind, count in rows}
