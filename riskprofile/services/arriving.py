"""What has come since a page was drawn: alerts of an office, and alerts that a person was given."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, not_, select

from riskprofile.services import desk
from riskprofile.services import queue_statements as statements
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.desk import audit_table as _audit
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.database import Store
from riskprofile.store.many import among

_ARRIVED = select(_alert.c.office).distinct().where(_alert.c.id > bindparam("upto"))
_NEWEST = select(func.max(_audit.c.sequence))
_GIVEN = select(_audit.c.subject, _audit.c.actor, _audit.c.detail).where(
    _audit.c.sequence > bindparam("entry"), _audit.c.action == "alert.assign"
)


class Upto(NamedTuple):
    """The highest alert id, and the newest entry of the audit chain."""

    alert: int
    entry: int


class Arrived(NamedTuple):
    """How far it was looked, and for whom something came."""

    upto: Upto
    offices: set[str | None]
    people: set[str]


def arrived(store: Store, upto: Upto | None) -> Arrived:
    """The offices of alerts that came after `upto`, and who was given alerts after it.

    For what tells pages of many people that they have news: each is told of its own office, and
    of what is theirs. None asks how far it goes alone. Where the database was put back to an
    earlier state, all offices have news.
    """
    with store.read() as connection:
        highest = int(connection.execute(statements.HIGHEST).scalar() or 0)
        newest = int(connection.execute(_NEWEST).scalar() or 0)
        offices: set[str | None] = set()
        people: set[str] = set()
        if upto is not None and upto.alert != highest:
            after = {"upto": upto.alert if upto.alert < highest else 0}
            offices = set(connection.execute(_ARRIVED, after).scalars())
        if upto is not None and upto.entry < newest:
            given = connection.execute(_GIVEN, {"entry": upto.entry})
            people = {str(row.detail["to"]) for row in given}
    return Arrived(Upto(highest, newest), offices, people)


def given(store: Store, actor: Actor, entry: int, now: datetime) -> dict[str, int]:
    """How many alerts somebody was given after an entry of the audit chain, and holds still, by
    whom.
    """
    authorise(actor, "queue.look")
    with store.read() as connection:
        by = {
            int(row.subject.split(":")[1]): str(row.actor)  # the last, where it was given twice
            for row in connection.execute(_GIVEN.order_by(_audit.c.sequence), {"entry": entry})
            if row.detail["to"] == actor.name != row.actor
        }
        asked = select(_alert.c.id).where(
            among(_alert.c.id, by),
            _alert.c.owner == actor.name,
            not_(statements.free(now, now + desk.LONGEST)),
        )
        held = connection.execute(asked).scalars().all() if by else ()
    return dict(Counter(by[alert] for alert in held))
