"""Settings of this installation that live in its database: read and set by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from riskprofile.store.tables import Setting

_SETTING = Setting.__table__  # type: ignore[attr-defined]


def get(connection: Connection, name: str, default: Any = None) -> Any:
    """The value, or `default` when it was never set."""
    row = connection.execute(select(_SETTING.c.value).where(_SETTING.c.name == name)).first()
    return default if row is None else row[0]


def put(connection: Connection, name: str, value: Any) -> None:
    """Set a value; None takes the setting away."""
    connection.execute(delete(_SETTING).where(_SETTING.c.name == name))
    if value is not None:
        connection.execute(insert(_SETTING).values(name=name, value=value))
