"""Files of the past that the database vouches for, and when it stops.

The generation of a profile's past is raised whenever rows that history holds are changed
where they lie, as retention does. What was read under an earlier one is not vouched for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from riskprofile.store import switches
from riskprofile.store.database import serialise
from riskprofile.store.run_tables import PastFile

past_table = PastFile.__table__  # type: ignore[attr-defined]

PAST_LOCK = 7005  # PostgreSQL advisory lock: vouching and forgetting, one after the other


def vouched(connection: Connection, profile: str, place: str) -> list[str]:
    """Digests of the files of a profile in one place, in the order of their layers."""
    columns = past_table.c
    asked = select(columns.digest).where(columns.profile == profile, columns.place == place)
    return list(connection.execute(asked.order_by(columns.id)).scalars())


def generation(connection: Connection, profile: str) -> int:
    """How often rows of this profile's past were changed where they lie."""
    return int(switches.get(connection, f"past:{profile}", 0))


def vouch(
    connection: Connection,
    profile: str,
    place: str,
    earlier: Sequence[str],
    digest: str,
    read_under: int,
    now: datetime,
) -> bool:
    """Vouch for a file as the layer after the `earlier` ones, and for no others in its place.

    False when the past was changed since it was read (its generation is not `read_under`), or
    when another process put something else in place of the earlier layers.
    """
    hold(connection)
    before = vouched(connection, profile, place)
    if generation(connection, profile) != read_under or before[: len(earlier)] != list(earlier):
        return False
    columns = past_table.c
    others = columns.digest.not_in(earlier)
    here = (columns.profile == profile, columns.place == place)
    connection.execute(delete(past_table).where(*here, others))
    row = {"profile": profile, "place": place, "digest": digest, "made_at": now}
    connection.execute(insert(past_table).values(row))
    return True


def forget(connection: Connection, profile: str) -> None:
    """Rows of the past are changed in this transaction: no file of it holds any more."""
    hold(connection)
    switches.put(connection, f"past:{profile}", generation(connection, profile) + 1)
    connection.execute(delete(past_table).where(past_table.c.profile == profile))


def hold(connection: Connection) -> None:
    """Let nobody vouch or forget until this transaction ends."""
    serialise(connection, PAST_LOCK)
