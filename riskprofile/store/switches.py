"""Settings of this installation that live in its database: read and set by name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from riskprofile.store.database import serialise, upsert
from riskprofile.store.office_tables import Setting

SWITCH_LOCK = 7007  # PostgreSQL advisory lock: of two who set a value one is second

_SETTING = Setting.__table__  # type: ignore[attr-defined]
_ASKED = select(_SETTING.c.value).where(_SETTING.c.name == bindparam("name"))
_SEVERAL = select(_SETTING.c.name, _SETTING.c.value).where(
    _SETTING.c.name.in_(bindparam("names", expanding=True))
)


def get(connection: Connection, name: str, default: Any = None) -> Any:
    """The value, or `default` when it was never set."""
    row = connection.execute(_ASKED, {"name": name}).first()
    return default if row is None else row[0]


def several(connection: Connection, names: Collection[str]) -> dict[str, Any]:
    """The values of those that were set."""
    return {row[0]: row[1] for row in connection.execute(_SEVERAL, {"names": list(names)})}


def of_profile(name: str) -> str:
    """The setting that says whether a profile is on."""
    return f"profile:{name}"


def learnt(connection: Connection, profile: str) -> bool:
    """Whether the learnt scorecard was switched on for a profile, with a law named."""
    stated = get(connection, of_profile(profile)) or {}
    return bool(stated.get("on") and stated.get("learnt"))


def settle(connection: Connection, name: str, value: Any) -> Any:
    """Set a value unless there is one; the one that stands. Two that do it at once agree."""
    row = upsert(connection, _SETTING).values(name=name, value=value)
    connection.execute(row.on_conflict_do_nothing(index_elements=[_SETTING.c.name]))
    return get(connection, name)


def hold(connection: Connection) -> None:
    """Nobody else sets a value until this transaction ends: for who sets one by what it was."""
    serialise(connection, SWITCH_LOCK)


def put(connection: Connection, name: str, value: Any) -> None:
    """Set a value; None takes the setting away."""
    hold(connection)
    connection.execute(delete(_SETTING).where(_SETTING.c.name == name))
    if value is not None:
        connection.execute(insert(_SETTING).values(name=name, value=value))
