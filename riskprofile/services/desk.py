"""What every act at an alert begins with: the row, locked, and the right to touch it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from riskprofile.errors import Conflict, NotAllowed
from riskprofile.services import rights
from riskprofile.services.rights import Actor, authorise, sees
from riskprofile.store import audit
from riskprofile.store.alert_tables import Alert, Decision
from riskprofile.store.many import among
from riskprofile.store.office_tables import Audit
from riskprofile.store.versions import REMOVED
from riskprofile.store.versions import SUPERSEDED as SUPERSEDED  # pages ask for it here
from riskprofile.words import Message

alert_table = Alert.__table__  # type: ignore[attr-defined]
decision_table = Decision.__table__  # type: ignore[attr-defined]
audit_table = Audit.__table__  # type: ignore[attr-defined]

Row = Mapping[str, Any]

# The longest lease (a day, of a control that was ordered), and how much clocks of hosts may differ.
LONGEST = timedelta(hours=25)

# Built once: every act asks them.
_LOADED = select(alert_table).where(alert_table.c.id == bindparam("alert"))
_LOCKED = _LOADED.with_for_update()
_STANDING = (
    select(decision_table)
    .where(decision_table.c.alert_id == bindparam("alert"), decision_table.c.undone_at.is_(None))
    .order_by(decision_table.c.id.desc())
    .limit(1)
)
_SEVERAL = (
    select(
        *(alert_table.c[name] for name in ("id", "record_id", "profile", "office")),
        *(alert_table.c[name] for name in ("state", "owner", "lease_until")),
    )
    .where(among(alert_table.c.id, "alerts"))
    .order_by(alert_table.c.id)
    .with_for_update()
)
# The latest of each comes last.
_STANDING_OF = (
    select(decision_table)
    .where(
        among(decision_table.c.alert_id, "alerts"),
        decision_table.c.undone_at.is_(None),
    )
    .order_by(decision_table.c.id)
)
_LAST = (
    select(audit_table.c.at, audit_table.c.sequence)
    .where(
        audit_table.c.subject == bindparam("subject"),
        audit_table.c.action == bindparam("action"),
        audit_table.c.actor == bindparam("actor"),
    )
    .order_by(audit_table.c.sequence.desc())
    .limit(1)
)


def load(
    connection: Connection, actor: Actor, action: str, alert_id: int, *, lock: bool = True
) -> Row:
    """The alert, locked until the transaction ends unless it is only looked at.

    One answer for "there is none" and "it is another office's": not even that leaks.
    """
    authorise(actor, action)
    found = connection.execute(_LOCKED if lock else _LOADED, {"alert": alert_id})
    row = found.mappings().first()
    if row is None or not sees(actor, row["office"]):
        raise NotAllowed(Message("refusal.no_alert"), where=f"alert {alert_id}")
    return dict(row)


def load_several(
    connection: Connection, actor: Actor, action: str, alerts: Collection[int]
) -> list[Row]:
    """What is asked before several alerts change hands, by their ids, locked as `load` does.

    In one question and one order: of two who lock some of the same, the second waits.
    """
    authorise(actor, action)
    found = connection.execute(_SEVERAL, {"alerts": list(alerts)}).mappings().all()
    seen = {row["id"] for row in found if sees(actor, row["office"])}
    for number in alerts:
        if number not in seen:
            raise NotAllowed(Message("refusal.no_alert"), where=f"alert {number}")
    return [dict(row) for row in found]


def holder(alert: Row, now: datetime) -> str | None:
    """Who holds the alert now; None when it is free."""
    if alert["owner"] is None or not lasts(alert["lease_until"], now):
        return None
    return str(alert["owner"])


def lasts(until: datetime | None, now: datetime) -> bool:
    """Whether a lease holds still. One that ends later than any lease does was given while a clock
    stood ahead: it would hold until that time comes.
    """
    return until is not None and now < until <= now + LONGEST


def require_open(alert: Row) -> None:
    """Let pass, or say that the alert is closed, or another took its place."""
    if alert["state"] == SUPERSEDED:
        raise Conflict(Message("refusal.amended"), do=Message("refusal.do_newer"))
    if alert["state"] == REMOVED:
        raise Conflict(Message("refusal.removed"), do=Message("refusal.do_nothing"))
    if alert["state"] != "open":
        raise Conflict(Message("refusal.closed"), do=Message("refusal.do_supervisor"))


def require_claim(actor: Actor, alert: Row, now: datetime) -> None:
    """Let pass who holds the alert, or name who does."""
    if holder(alert, now) is None:
        raise Conflict(Message("refusal.nobody"), do=Message("refusal.do_claim"))
    require_free(actor, alert, now)


def require_free(actor: Actor, alert: Row, now: datetime) -> None:
    """Let pass where nobody else holds the alert, or name who does."""
    held_by = holder(alert, now)
    if held_by not in (None, actor.name):
        raise Conflict(f"{held_by} holds this alert", holder=held_by)


def require_opened(connection: Connection, actor: Actor, alert_id: int) -> None:
    """Let pass who has looked at the alert."""
    if last_look(connection, actor, alert_id) is None:
        raise Conflict(Message("refusal.not_opened"), do=Message("refusal.do_open"))


def put(connection: Connection, alert_id: int, **values: Any) -> None:
    """Change an alert that was loaded."""
    connection.execute(update(alert_table).where(alert_table.c.id == alert_id).values(**values))


def close(connection: Connection, alert_id: int, now: datetime) -> None:
    """Close it: from then on nobody holds it."""
    put(connection, alert_id, state="closed", closed_at=now, owner=None, lease_until=None)


def standing(connection: Connection, alert_id: int) -> Row | None:
    """The latest decision that was not taken back."""
    row = connection.execute(_STANDING, {"alert": alert_id}).mappings().first()
    return None if row is None else dict(row)


def standing_of(connection: Connection, alerts: Collection[int]) -> dict[int, Row]:
    """`standing` of each of these alerts that has one."""
    asked = _STANDING_OF, {"alerts": list(alerts)}
    return {row["alert_id"]: dict(row) for row in connection.execute(*asked).mappings()}


def last_look(connection: Connection, actor: Actor, alert_id: int) -> Row | None:
    """When this person last looked at this alert, and the purpose then stated."""
    return last(connection, actor, "alert.look", alert_id)


def last(connection: Connection, actor: Actor, action: str, alert_id: int) -> Row | None:
    """When this person last did this at this alert, and what was said (`purpose`)."""
    values = {"subject": f"alert:{alert_id}", "action": action, "actor": actor.name}
    row = connection.execute(_LAST, values).mappings().first()
    if row is None:
        return None
    words = audit.said(connection, [row["sequence"]])
    return {"at": row["at"], "purpose": words.get(row["sequence"], "")}


def note(
    connection: Connection,
    actor: Actor,
    action: str,
    alert: Row,
    now: datetime,
    purpose: str = "",
    **detail: Any,
) -> None:
    """One audit row about an alert."""
    about, office = f"alert:{alert['id']}", alert["office"]
    rights.note(connection, actor, action, about, now, detail, office=office, purpose=purpose)
