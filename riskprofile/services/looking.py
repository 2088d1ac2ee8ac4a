"""Unusual looking-up: who opens very many records within an hour is told of, and never stopped.

Counted in the audit chain itself, in the transaction of the look: what is shown is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import audit
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Audit

LOOKS = ("alert.look", "record.look", "record.unmask.look", "explanation.make")
ALARM, PROBING = "looking.alarm", "probing.alarm"
HOUR = timedelta(hours=1)
LIMIT = 100  # different records within an hour; the setting `looks_an_hour` says otherwise
BACK = 100_000  # links of the chain that are looked through for a page: more than a busy day

_audit = Audit.__table__  # type: ignore[attr-defined]
# Built once: every new look asks it.
_RECORDS = select(func.count(_audit.c.subject.distinct())).where(
    _audit.c.actor == bindparam("actor"),
    _audit.c.at > bindparam("since"),
    _audit.c.at <= bindparam("now"),
    _audit.c.action.in_(LOOKS),
)


@dataclass(frozen=True)
class Alarm:
    """More than the limit within an hour, by one account.

    `kind` is `looking` (`records` different records were opened) or `probing` (`records`
    ratings were asked for, whose answers went straight back).
    """

    at: datetime
    account: str
    office: str | None
    records: int
    limit: int
    kind: str = "looking"


def noticed(connection: Connection, actor: Actor, now: datetime, limit: int) -> bool:
    """Raise the alarm when the look just written is one too many; at most once an hour.

    Called last in the transaction of the look.
    """
    values = {"actor": actor.name, "since": now - HOUR, "now": now}
    records = connection.execute(_RECORDS, values).scalar_one()
    if records <= limit:
        return False
    return alarm(connection, actor, ALARM, now, {"records": int(records), "limit": limit})


def alarm(
    connection: Connection, actor: Actor, action: str, now: datetime, detail: dict[str, int]
) -> bool:
    """Write an alarm about this account, at most one of its kind an hour: whether it is new."""
    before = select(_audit.c.sequence).where(
        _audit.c.actor == actor.name,
        _audit.c.at > now - HOUR,
        _audit.c.action == action,
    )
    if connection.execute(before.limit(1)).first() is not None:
        return False
    about_self(connection, actor, action, now, **detail, minutes=60)
    return True


def about_self(
    connection: Connection, actor: Actor, action: str, now: datetime, **detail: int
) -> None:
    """One audit row about this account, of which the account is the actor."""
    note(connection, actor, action, f"account:{actor.name}", now, detail, office=actor.office)


def alarms(store: Store, actor: Actor, now: datetime, days: int = 1) -> list[Alarm]:
    """Alarms of the last days in the actor's office, the newest first."""
    authorise(actor, "alarm.look")
    with store.read() as connection:
        asked = select(_audit).where(
            _audit.c.action.in_((ALARM, PROBING)), _audit.c.at > now - timedelta(days)
        )
        if days <= 1:  # asked on every page: the newest links are enough
            asked = asked.where(_audit.c.sequence > audit.head(connection).sequence - BACK)
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
            str(row["action"]).partition(".")[0],
        )
        for row in rows
    ]
