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


def of_profile(name: str) -> str:
    """The setting that says whether a profile is on."""
    return f"profile:{name}"


def learnt(connection: Connection, profile: str) -> bool:
    """Whether the learnt scorecard was switched on for a profile, with a law named."""
    stated = get(connection, of_profile(profile)) or {}
    return bool(stated.get("on") and stated.get("learnt"))


def put(connection: Connection, name: str, value: Any) -> None:
    """Set a value; None takes the setting away."""
    connection.execute(delete(_SETTING).where(_SETTING.c.name == name))
    if value is not None:
        connection.execute(insert(_SETTING).values(name=name, value=value))
