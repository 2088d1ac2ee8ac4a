"""Declarations as stored: every version, as declared, with what was rated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from riskprofile.errors import RiskProfileError
from riskprofile.profiles import PROFILES
from riskprofile.services import looking
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.services.viewing import require_purpose
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.store.tables import Chunk, Record
from riskprofile.words import Message

_record = Record.__table__  # type: ignore[attr-defined]
_chunk = Chunk.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class StoredItem:
    """One version of one row of a declaration. Missing values are left out of `declared`.

    `function` and `message_at` are what its message said of itself; `counts` is false when
    a newer version came or the sender withdrew the declaration.
    """

    item: int
    version: int
    state: str
    batch_id: str
    points: int | None
    function: str
    message_at: datetime | None
    counts: bool
    declared: dict[str, Any]


def declaration(
    store: Store,
    actor: Actor,
    record_id: str,
    profile: str,
    now: datetime,
    purpose: str = "",
    looks_an_hour: int = looking.LIMIT,
) -> list[StoredItem]:
    """Every stored version of a declaration, by item, then version; the look is audited first.

    Raises
    ------
    NotAllowed
        It is another office's, or about a person and no purpose was given.
    RiskProfileError
        There is no such declaration.
    """
    authorise(actor, "record.look")
    require_purpose(profile, purpose)
    with store.write() as connection:
        rows = (
            connection.execute(
                select(_record, _chunk.c.batch_id)
                .join(_chunk, _chunk.c.id == _record.c.chunk_id)
                .where(_record.c.record_id == record_id, _record.c.profile == profile)
                .order_by(_record.c.item, _record.c.version)
            )
            .mappings()
            .all()
        )
        found = []
        for row in rows:
            content = connection.execute(
                select(_chunk.c.rows).where(_chunk.c.id == row["chunk_id"])
            ).scalar_one()
            declared = batches.from_bytes(content).iloc[row["position"]].dropna().to_dict()
            found.append(
                StoredItem(
                    row["item"],
                    row["version"],
                    row["state"],
                    row["batch_id"],
                    row["points"],
                    row["function"],
                    row["message_at"],
                    row["folded_by"] is None,
                    declared,
                )
            )
        column = PROFILES[profile].office
        offices = {one.declared.get(column) for one in found} - {None}
        if not found or (actor.office is not None and offices and actor.office not in offices):
            raise RiskProfileError(Message("refusal.no_declaration"), where=record_id[:80])
        about, why = f"record:{rows[0]['id']}", purpose.strip()
        note(connection, actor, "record.look", about, now, office=actor.office, purpose=why)
        looking.noticed(connection, actor, now, looks_an_hour)
    return found
