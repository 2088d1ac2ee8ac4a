"""Seeing a masked record again: one person asks with a case, another allows, for 24 hours.

A request that nobody allowed within a week is over: retention takes its case and reason later on,
and without them nobody could tell what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, insert, select, update

from riskprofile.errors import Conflict, NotAllowed, PolicyError, RiskProfileError
from riskprofile.services import keys, looking, records, sealing
from riskprofile.services.retention import KEY
from riskprofile.services.rights import REASON_LENGTH, Actor, authorise, note, sees
from riskprofile.services.settings import Settings
from riskprofile.store import audit, batches, erasure, table_bytes
from riskprofile.store.database import Store, serialise
from riskprofile.store.office_tables import Unmasking
from riskprofile.store.versions import ACCEPTED, REMOVED
from riskprofile.words import Message

_table = Unmasking.__table__  # type: ignore[attr-defined]

LASTS = timedelta(hours=24)
WAITS = timedelta(days=7)  # for somebody to allow it: later nobody knows whether the case needs it


@dataclass(frozen=True)
class Request:
    """One request: who asked and why, who allowed it, until when it holds."""

    id: int
    record_id: str
    profile: str
    office: str | None
    case_number: str
    reason: str
    asked_by: str
    asked_at: datetime
    allowed_by: str | None
    allowed_at: datetime | None
    expires_at: datetime | None

    def over(self, now: datetime) -> bool:
        """Whether it holds no more, or waited too long to be allowed."""
        return now >= _until(self.asked_at, self.expires_at)


@dataclass(frozen=True)
class Seen:
    """A masked record: its items' newest versions as declared, and what officers wrote of it."""

    declared: list[dict[str, Any]]
    written: list[sealing.Said]
    profile: str


def ask(
    store: Store,
    actor: Actor,
    record_id: str,
    profile: str,
    case_number: str,
    reason: str,
    now: datetime,
) -> int:
    """Ask to see a masked record; the request's id. It shows nothing before another allows it.

    Parameters
    ----------
    record_id : str
        The declaration's number, whole or as printed (what stands before `@`).

    Raises
    ------
    RiskProfileError
        The case or the reason is missing, nothing of the record is masked, or several masked ones
        of the office have that number: it names them.
    Conflict
        A request of the actor's for this record and case waits, or holds.
    """
    authorise(actor, "record.unmask")
    if not case_number.strip() or len(reason.strip()) < REASON_LENGTH:
        raise RiskProfileError(
            Message("refusal.case", n=REASON_LENGTH), do=Message("refusal.do_case")
        )
    with store.read() as connection:  # many may have a number, and nobody waits for it
        masked = partial(_masked, connection, actor, profile=profile)
        record_id = records.whole(connection, actor, record_id, profile, masked)
    with store.write() as connection:
        serialise(connection, audit.CHAIN_LOCK)  # who asks twice at once asks once
        office = _office(connection, actor, record_id, profile)
        if not _masked(connection, actor, record_id, profile):
            raise RiskProfileError(Message("refusal.not_masked"), where=record_id)
        case = case_number.strip()
        allowed = _standing(connection, actor, record_id, profile, case, now)
        if allowed:
            raise Conflict(Message("refusal.asked"), do=Message("refusal.do_look"))
        if allowed is not None:
            raise Conflict(Message("refusal.asked"), do=Message("refusal.do_wait"))
        made = connection.execute(
            insert(_table)
            .values(
                record_id=record_id,
                profile=profile,
                office=office,
                case_number=case,
                reason=reason.strip(),
                asked_by=actor.name,
                asked_at=now,
            )
            .returning(_table.c.id)
        ).scalar_one()
        about, why = f"unmasking:{made}", reason.strip()
        note(connection, actor, "record.unmask.ask", about, now, office=office, purpose=why)
    return int(made)


def allow(store: Store, actor: Actor, request_id: int, now: datetime) -> datetime:
    """Allow another person's request; until when it holds.

    Raises
    ------
    Conflict
        It is the actor's own, or somebody allowed it already.
    PolicyError
        Nobody allowed it within `WAITS`.
    """
    with store.write() as connection:
        row = _load(connection, actor, "record.unmask.allow", request_id)
        if row["asked_by"] == actor.name:
            raise Conflict(Message("refusal.request_own"))
        if row["allowed_by"] is not None:
            held = str(row["allowed_by"])
            raise Conflict(f"{held} allowed this request already", holder=held)
        _require_waiting(row, now)
        connection.execute(
            update(_table)
            .where(_table.c.id == request_id)
            .values(allowed_by=actor.name, allowed_at=now, expires_at=now + LASTS)
        )
        about, office = f"unmasking:{request_id}", row["office"]
        note(connection, actor, "record.unmask.allow", about, now, office=office)
    return now + LASTS


def look(store: Store, settings: Settings, actor: Actor, request_id: int, now: datetime) -> Seen:
    """The record as it was declared, and what was written of it; the look is audited first.

    Raises
    ------
    PolicyError
        Nobody allowed it yet, the 24 hours are over, or somebody else asked.
    RiskProfileError
        The record was removed, or never masked.
    """
    with store.write() as connection:
        row = _load(connection, actor, "record.unmask", request_id)
        if row["asked_by"] != actor.name:
            raise PolicyError(Message("refusal.request_other"), do=Message("refusal.do_ask"))
        if row["allowed_by"] is None:
            _require_waiting(row, now)
            raise PolicyError(
                Message("refusal.request_waits"), do=Message("refusal.do_supervisor_ask")
            )
        if not row["allowed_at"] <= now < row["expires_at"]:
            raise PolicyError(Message("refusal.over"), do=Message("refusal.do_again"))
        secret = partial(keys.key, settings.home, KEY, make=False)
        declared = _declared(connection, secret, row["record_id"], row["profile"])
        written = sealing.opened(connection, actor, secret, row["record_id"], row["profile"])
        if not declared:
            raise RiskProfileError(Message("refusal.record_removed"), where=row["record_id"])
        if not _masked(connection, actor, row["record_id"], row["profile"]):
            raise RiskProfileError(Message("refusal.not_masked"), where=row["record_id"])
        about, office = f"unmasking:{request_id}", row["office"]
        note(connection, actor, "record.unmask.look", about, now, office=office)
        looking.noticed(connection, actor, now, settings.looks_an_hour)
    return Seen(declared, written, row["profile"])


def requests(store: Store, actor: Actor) -> list[Request]:
    """Every request of the actor's office, the newest first."""
    authorise(actor, "record.unmask")
    with store.read() as connection:
        rows = connection.execute(select(_table).order_by(_table.c.id.desc())).mappings().all()
    return [Request(**row) for row in rows if sees(actor, row["office"])]


def _masked(connection: Connection, actor: Actor, record_id: str, profile: str) -> bool:
    """Whether something that `look` would show is sealed, declared or written: no key is needed
    to tell. What was declared before, and what another office wrote, it does not show.
    """
    record = batches.record_table.c
    chunks = connection.execute(
        select(record.chunk_id)
        .where(record.record_id == record_id, record.profile == profile)
        .where(record.state == ACCEPTED)
    ).scalars()
    places = [("chunk", one) for one in chunks.all()]
    places += [
        (kind, alert["id"]) for alert, kind in sealing.pieces(connection, actor, record_id, profile)
    ]
    return any(erasure.sealed(connection, *one) is not None for one in places)


def _standing(
    connection: Connection, actor: Actor, record_id: str, profile: str, case: str, now: datetime
) -> bool | None:
    """Whether a request of the actor's that is not over was allowed; None where there is none."""
    rows = connection.execute(
        select(_table.c.asked_at, _table.c.expires_at)
        .where(_table.c.record_id == record_id, _table.c.profile == profile)
        .where(_table.c.asked_by == actor.name, _table.c.case_number == case)
    )
    found = [expires is not None for asked, expires in rows if now < _until(asked, expires)]
    return any(found) if found else None


def _until(asked: datetime, expires: datetime | None) -> datetime:
    """When a request is over: what was allowed holds to then, what was not waits to then."""
    return expires or asked + WAITS


def _require_waiting(row: Mapping[str, Any], now: datetime) -> None:
    if now >= _until(row["asked_at"], None):
        raise PolicyError(
            Message("refusal.request_late", n=WAITS.days), do=Message("refusal.do_again")
        )


def _declared(
    connection: Connection, secret: Callable[[], bytes], record_id: str, profile: str
) -> list[dict[str, Any]]:
    """What was declared; the key is asked for where something of it is masked."""
    record, chunk = batches.record_table.c, batches.chunk_table.c
    places = connection.execute(
        select(record.chunk_id, record.position, chunk.rows)
        .join(batches.chunk_table, chunk.id == record.chunk_id)
        .where(record.record_id == record_id, record.profile == profile)
        .where(record.state == ACCEPTED)
        .order_by(record.item)
    ).all()
    shown = []
    for chunk_id, position, content in places:
        told = table_bytes.from_bytes(content).iloc[position].dropna().to_dict()
        if lock := erasure.sealed(connection, "chunk", chunk_id):
            hidden = table_bytes.from_bytes(keys.unseal(secret(), lock, f"chunk:{chunk_id}"))
            told |= hidden.iloc[position].dropna().to_dict()
        shown.append(told)
    return shown


def _office(connection: Connection, actor: Actor, record_id: str, profile: str) -> str | None:
    """Whose a masked record is, as it was declared last; refused like one that is not there."""
    alert = connection.execute(
        select(erasure.alert_table.c.office)
        .where(erasure.alert_table.c.record_id == record_id)
        .where(erasure.alert_table.c.profile == profile)
        .order_by(erasure.alert_table.c.version.desc())
    ).first()
    record = batches.record_table.c
    row = connection.execute(
        select(record.id)
        .where(record.record_id == record_id, record.profile == profile, record.state != REMOVED)
        .limit(1)
    ).first()
    # It may be declared anew at another place, and raise no alert there.
    office = records.office(connection, record_id, profile)
    if row is None and alert is not None:
        office = alert.office
    missing = alert is None and row is None
    if missing or not sees(actor, office):
        raise NotAllowed(Message("refusal.no_record"), where=record_id[:80])
    return office


def _load(connection: Connection, actor: Actor, action: str, request_id: int) -> dict[str, Any]:
    """The request, locked until the transaction ends."""
    authorise(actor, action)
    asked = select(_table).where(_table.c.id == request_id).with_for_update()
    row = connection.execute(asked).mappings().first()
    if row is None or not sees(actor, row["office"]):
        raise NotAllowed(Message("refusal.no_request"))
    return dict(row)
