"""What the columns of the SQL tables are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Index, Integer, TypeDecorator, text
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel

from riskprofile.store.packed_json import Packed

# SQLite gives a row id to INTEGER primary keys alone; PostgreSQL wants the big ones.
BIG = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """A time in UTC, aware on both sides; SQLite alone would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; a naive time is a fault of the caller, not a time in some zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From what the driver gives: naive on SQLite, aware on PostgreSQL."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def row_id() -> Any:
    return Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))


def moment(**options: Any) -> Any:
    return Field(sa_column=Column(Moment, **options))


def as_json() -> Any:
    return Field(default=None, sa_column=Column(JSON(none_as_null=True)))


def as_packed() -> Any:
    return Field(default=None, sa_column=Column(Packed))


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index of those rows alone of which this is so.

    On PostgreSQL too, as its migration says: to say so here would read that engine's part of
    SQLAlchemy in every process.
    """
    return Index(name, *columns, sqlite_where=text(where))


class Rows(SQLModel):
    """What the tables have in common: nothing is validated by them, so no validator is built."""

    model_config = {"defer_build": True}
