"""Watch-list entries in the database: added, in force at a time, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from riskprofile.history.watch import Entry
from riskprofile.store.database import serialise
from riskprofile.store.office_tables import WatchEntry

entry_table = WatchEntry.__table__  # type: ignore[attr-defined]


WATCH_LOCK = 7014  # PostgreSQL advisory lock: of two who put a list in place one is second


def lock(connection: Connection) -> None:
    """One load at a time: of two at once neither would end the entries of the other."""
    serialise(connection, WATCH_LOCK)


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert entries: columns of `WatchEntry` by name, but for `id`."""
    if rows:
        connection.execute(insert(entry_table), list(rows))


def in_force(connection: Connection, moment: datetime) -> list[Entry]:
    """Entries that match at a time: added, not ended, before review date and expiry."""
    columns = entry_table.c
    rows = connection.execute(
        select(columns.id, columns.list, columns.kind, columns.form)
        .where(columns.added_at <= moment, columns.review_by > moment, columns.expires_at > moment)
        .where(columns.ended_at.is_(None) | (columns.ended_at > moment))
        .order_by(columns.id)
    )
    return [Entry(row.id, row.list, row.kind, row.form) for row in rows]


def held(connection: Connection, name: str | None = None) -> list[dict[str, Any]]:
    """Entries that were not ended, of one list or of all, as stored."""
    asked = select(entry_table).where(entry_table.c.ended_at.is_(None)).order_by(entry_table.c.id)
    if name is not None:
        asked = asked.where(entry_table.c.list == name)
    return [dict(row) for row in connection.execute(asked).mappings()]


def end(connection: Connection, name: str, moment: datetime, entry: int | None = None) -> int:
    """End the entries of a list, or one of them, at a time; how many were ended."""
    columns = entry_table.c
    asked = update(entry_table).where(columns.list == name, columns.ended_at.is_(None))
    if entry is not None:
        asked = asked.where(columns.id == entry)
    return connection.execute(asked.values(ended_at=moment)).rowcount


def forget(connection: Connection, before: datetime) -> int:
    """Empty the texts of entries that ended or expired up to a time; how many."""
    columns = entry_table.c
    over = (columns.expires_at <= before) | (columns.ended_at <= before)
    return connection.execute(
        update(entry_table).where(over, columns.text != "").values(text="", form="", reason="")
    ).rowcount
