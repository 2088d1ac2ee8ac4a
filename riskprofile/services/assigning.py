"""A supervisor gives an alert to an officer, also one that another holds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select, update

from riskprofile.errors import UsageError
from riskprofile.services import desk
from riskprofile.services.deciding import lease
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.database import Store
from riskprofile.store.tables import Account
from riskprofile.words import Message

ACTION = "alert.assign"
WORKERS = ("officer", "supervisor")

_account = Account.__table__  # type: ignore[attr-defined]


def officers(store: Store, actor: Actor) -> list[str]:
    """Who can be given an alert of the actor's office: its active officers and supervisors."""
    authorise(actor, ACTION)
    asked = select(_account.c.name).where(
        _account.c.role.in_(WORKERS), _account.c.disabled_at.is_(None)
    )
    if actor.office is not None:
        asked = asked.where(or_(_account.c.office == actor.office, _account.c.office.is_(None)))
    with store.read() as connection:
        return list(connection.execute(asked.order_by(_account.c.name)).scalars())


def assign(store: Store, actor: Actor, alert_id: int, to: str, now: datetime) -> datetime:
    """Give an open alert to somebody of its office for the length of a claim; until when.

    Raises
    ------
    NotAllowed
        There is no such alert in the office.
    UsageError
        Nobody of that name may work it.
    Conflict
        The alert is closed.
    """
    with store.write() as connection:
        alert = desk.load(connection, actor, ACTION, alert_id)
        desk.require_open(alert)
        until = lease(connection, alert_id, now)
        known = connection.execute(
            select(_account.c.office).where(
                _account.c.name == to,
                _account.c.role.in_(WORKERS),
                _account.c.disabled_at.is_(None),
            )
        ).first()
        if known is None or (
            alert["office"] is not None and known[0] not in (None, alert["office"])
        ):
            raise UsageError(
                Message("refusal.no_colleague"), where=to[:80], do=Message("refusal.do_colleague")
            )
        connection.execute(
            update(_alert).where(_alert.c.id == alert_id).values(owner=to, lease_until=until)
        )
        desk.note(
            connection, actor, ACTION, alert, now, to=to, holder=desk.holder(alert, now) or ""
        )
    return until
