"""Declarations as stored: every version, as declared, with what was rated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from riskprofile.errors import RiskProfileError
from riskprofile.profiles import PROFILES
from riskprofile.services import looking
from riskprofile.services.rights import Actor, authorise, note, sees
from riskprofile.services.viewing import require_purpose
from riskprofile.store import batches, versions
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Chunk, Record
from riskprofile.words import Message

_record = Record.__table__  # type: ignore[attr-defined]
_chunk = Chunk.__table__  # type: ignore[attr-defined]

NAMED = 5  # of several declarations with one number


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


def whole(
    connection: Connection,
    actor: Actor,
    number: str,
    profile: str,
    fits: Callable[[str], bool] = lambda record_id: True,
) -> str:
    """The declaration of the actor's office that a number stands for, as given where none does.

    Parameters
    ----------
    number : str
        Whole, or as pages show it (what stands before `@`).
    fits : callable
        Which are preferred where several have the number.

    Raises
    ------
    RiskProfileError
        Several have it: these are named, and none of another office.
    """
    asked = select(_record.c.record_id).where(_record.c.profile == profile).distinct()
    if not number or connection.execute(asked.where(_record.c.record_id == number)).first():
        return number  # whose it is, is asked where it is read
    same = _record.c.record_id.startswith(f"{number}@", autoescape=True)
    found = sorted(connection.execute(asked.where(same)).scalars())
    mine = [one for one in found if _is_shown(connection, actor, one, profile)]
    fitting = [one for one in mine if fits(one)]
    if len(fitting) > 1:
        raise RiskProfileError(
            Message("refusal.several"),
            where=", ".join(fitting[:NAMED]),
            do=Message("refusal.do_whole"),
        )
    return str((fitting or mine or [number])[0])


def _is_shown(connection: Connection, actor: Actor, record_id: str, profile: str) -> bool:
    """Whether a declaration was declared last at an office that the actor sees."""
    return sees(actor, office(connection, record_id, profile))


def office(connection: Connection, record_id: str, profile: str) -> str | None:
    """Where a declaration was declared last; where that names no office, as a cancellation may,
    the one named before. None where none of its rows names one.

    One cell of a chunk is read: many may have a number.
    """
    rows = connection.execute(
        select(_record.c.chunk_id, _record.c.position)
        .where(_record.c.record_id == record_id, _record.c.profile == profile)
        .where(_record.c.state != versions.REMOVED)
        .order_by(*versions.LAST)
    ).all()
    for row in rows:
        place, column = np.array([row.position]), PROFILES[profile].office
        [named] = batches.cells(connection, row.chunk_id, [column], place)
        if any(named):
            return str(named[0])
    return None


def declaration(
    store: Store,
    actor: Actor,
    record_id: str,
    profile: str,
    now: datetime,
    purpose: str = "",
    looks_an_hour: int = looking.LIMIT,
) -> list[StoredItem]:
    """The stored versions of a declaration, by item, then version; the look is audited first.

    Of what is declared anew at another office each is shown what was declared there; what counts
    is one declaration, and whole for whom any of it is.

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
        by_id = stored(connection, record_id, profile)
        found = [*by_id.values()]
        column = PROFILES[profile].office
        offices = {one.declared.get(column) for one in found} - {None}
        if not found or (actor.office is not None and offices and actor.office not in offices):
            raise RiskProfileError(Message("refusal.no_declaration"), where=record_id[:80])
        about, why = f"record:{next(iter(by_id))}", purpose.strip()
        note(connection, actor, "record.look", about, now, office=actor.office, purpose=why)
        looking.noticed(connection, actor, now, looks_an_hour)
    mine = [sees(actor, one.declared.get(column)) for one in found]
    whole = any(own and one.counts for own, one in zip(mine, found, strict=True))
    return [one for own, one in zip(mine, found, strict=True) if own or (whole and one.counts)]


def stored(connection: Connection, record_id: str, profile: str) -> dict[int, StoredItem]:
    """What is stored of a declaration, whoever may see it: by the id of each row, in the order of
    items, then versions.
    """
    rows = connection.execute(
        select(_record, _chunk.c.batch_id)
        .join(_chunk, _chunk.c.id == _record.c.chunk_id)
        .where(_record.c.record_id == record_id, _record.c.profile == profile)
        .order_by(_record.c.item, _record.c.version)
    )
    found = {}
    for row in rows.mappings().all():
        lying = batches.rows_of(connection, row["chunk_id"])
        found[int(row["id"])] = StoredItem(
            row["item"],
            row["version"],
            row["state"],
            row["batch_id"],
            row["points"],
            row["function"],
            row["message_at"],
            row["folded_by"] is None,
            lying.iloc[row["position"]].dropna().to_dict(),
        )
    return found
