"""Unusual looking-up: who opens very many records within an hour is told of, and never stopped.

Counted in the audit chain itself, in the transaction of the look: what is shown is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from riskprofile.services.rights import Actor, authorise
from riskprofile.store import audit
from riskprofile.store.database import Store
from riskprofile.store.tables import Audit

LOOKS = ("alert.look", "record.look", "record.unmask.look")
ALARM = "looking.alarm"
HOUR = timedelta(hours=1)
LIMIT = 100  # different records within an hour; the setting `looks_an_hour` says otherwise
BACK = 20_000  # links of the chain that are looked through: more than an hour of a busy office

_audit = Audit.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Alarm:
    """One account opened more than the limit of different records within an hour."""

    at: datetime
    account: str
    office: str | None
    records: int
    limit: int


def noticed(connection: Connection, actor: Actor, now: datetime, limit: int = LIMIT) -> bool:
    """Raise the alarm when the look just written is one too many; at most once an hour.

    Called last in the transaction of the look.
    """
    recent = (
        (_audit.c.sequence > audit.head(connection).sequence - BACK)
        & (_audit.c.actor == actor.name)
        & (_audit.c.at > now - HOUR)
        & (_audit.c.at <= now)
    )
    records = connection.execute(
        select(func.count(_audit.c.subject.distinct())).where(recent, _audit.c.action.in_(LOOKS))
    ).scalar_one()
    if records <= limit:
        return False
    told = select(_audit.c.sequence).where(
        _audit.c.sequence > audit.head(connection).sequence - BACK,
        _audit.c.action == ALARM,
        _audit.c.subject == f"account:{actor.name}",
        _audit.c.at > now - HOUR,
    )
    if connection.execute(told.limit(1)).first() is not None:
        return False
    audit.append(
        connection,
        actor=actor.name,
        action=ALARM,
        subject=f"account:{actor.name}",
        office=actor.office,
        now=now,
        detail={"records": int(records), "limit": limit, "minutes": 60},
    )
    return True


def alarms(store: Store, actor: Actor, now: datetime, days: int = 1) -> list[Alarm]:
    """Alarms of the last days in the actor's office, the newest first."""
    authorise(actor, "alarm.look")
    with store.read() as connection:
        asked = select(_audit).where(_audit.c.action == ALARM, _audit.c.at > now - timedelta(days))
        if days <= 1:  # asked on every page: the newest links are enough
            asked = asked.where(_audit.c.sequence > audit.head(connection).sequence - 5 * BACK)
        if actor.office is not None:
            # Who sees every office is everybody's matter.
            asked = asked.where((_audit.c.office == actor.office) | _audit.c.office.is_(None))
        rows = connection.execute(asked.order_by(_audit.c.sequence.desc())).mappings().all()
    return [
        Alarm(
            row["at"],
            row["actor"],
            row["office"],
            int(row["detail"]["records"]),
            int(row["detail"]["limit"]),
        )
        for row in rows
    ]
