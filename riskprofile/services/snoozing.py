"""Putting an alert aside for a while: with a reason, an owner and an end. It decides nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from riskprofile.errors import Conflict, NotAllowed, RiskProfileError
from riskprofile.profiles import PROFILES
from riskprofile.services import blind, desk
from riskprofile.services.queueing import PAGE_LIMIT
from riskprofile.services.rights import REASON_LENGTH, Actor
from riskprofile.store.alert_tables import Snooze
from riskprofile.store.database import Store
from riskprofile.words import Message

_snooze = Snooze.__table__  # type: ignore[attr-defined]

ACTION = "alert.snooze"
LONGEST = timedelta(days=30)
LONGEST_RED = timedelta(hours=24)


@dataclass(frozen=True)
class Snoozed:
    """One alert put aside: why, by whom, until when."""

    id: int
    alert_id: int
    reason: str
    by: str
    at: datetime
    until: datetime


def snooze(
    store: Store, actor: Actor, alerts: Collection[int], reason: str, until: datetime, now: datetime
) -> int:
    """Put open alerts aside until a time; how many. Several at once only where goods alone count.

    All of them or none. A claim on them ends. Red alerts, and those whose rating nobody has
    seen, wait at most 24 hours and are put aside one by one, others at most 30 days.

    Raises
    ------
    RiskProfileError
        The reason is too short, the time has passed or is too far off.
    NotAllowed
        Several alerts of which one is red or about a person.
    Conflict
        One is closed, decided, or held by somebody else.
    """
    reason = " ".join(reason.split())
    if len(reason) < REASON_LENGTH:
        raise RiskProfileError(
            Message("refusal.reason_snooze", n=REASON_LENGTH), do=Message("refusal.do_await")
        )
    if not 0 < len(alerts) <= PAGE_LIMIT:
        raise RiskProfileError(f"1 to {PAGE_LIMIT} alerts can be put aside at once")
    put: list[desk.Row] = []
    with store.write() as connection:
        for number in sorted(alerts):
            alert = desk.load(connection, actor, ACTION, number)
            # The limit of what waits for a view must not tell its lane.
            red = alert["lane"] == "red" or blind.waits(alert)
            if len(alerts) > 1 and (red or PROFILES[alert["profile"]].persons):
                raise NotAllowed(Message("refusal.one_by_one"), do=Message("refusal.do_each"))
            if not now < until <= now + (LONGEST_RED if red else LONGEST):
                longest = "24 hours" if red else "30 days"
                raise RiskProfileError(f"an alert can be put aside for at most {longest}")
            desk.require_open(alert)
            desk.require_free(actor, alert, now)
            if (standing := desk.standing(connection, number)) is not None:
                if standing["decision"] == "release":
                    raise Conflict(Message("refusal.release_waits"))
                raise Conflict(Message("refusal.ordered"), do=Message("refusal.do_record"))
            _end(connection, number, now)
            connection.execute(
                insert(_snooze).values(
                    alert_id=number, reason=reason, by=actor.name, at=now, until=until
                )
            )
            desk.put(connection, number, owner=None, lease_until=None)
            put.append(alert)
        # Last: who holds the chain waits for no alert, which somebody may hold who waits for it.
        for alert in put:
            desk.note(
                connection, actor, ACTION, alert, now, until=until.isoformat(), many=len(alerts)
            )
    return len(alerts)


def wake(store: Store, actor: Actor, alert_id: int, now: datetime) -> None:
    """Bring an alert back before its time; one that is not put aside stays as it is."""
    with store.write() as connection:
        alert = desk.load(connection, actor, ACTION, alert_id)
        if _end(connection, alert_id, now):
            desk.note(connection, actor, "alert.wake", alert, now)


def standing(store: Store, actor: Actor, alert_id: int, now: datetime) -> Snoozed | None:
    """Why and until when an alert is put aside; None when it is not."""
    with store.read() as connection:
        desk.load(connection, actor, "alert.look", alert_id, lock=False)
        asked = select(_snooze).where(_snooze.c.alert_id == alert_id)
        asked = asked.where(_snooze.c.until > now, _snooze.c.ended_at.is_(None))
        row = connection.execute(asked.order_by(_snooze.c.id.desc())).mappings().first()
    if row is None:
        return None
    return Snoozed(**{name: row[name] for name in Snoozed.__dataclass_fields__})


def _end(connection: Connection, alert_id: int, now: datetime) -> bool:
    ended = connection.execute(
        update(_snooze)
        .where(_snooze.c.alert_id == alert_id)
        .where(_snooze.c.until > now, _snooze.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    return bool(ended.rowcount)
