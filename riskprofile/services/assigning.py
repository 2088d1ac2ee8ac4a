"""A supervisor gives alerts to an officer: one that another holds, or several as they were shown.

Several are shipments, never travellers. Either is taken back within 10 seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select

from riskprofile.errors import Conflict, NotAllowed, RiskProfileError, UsageError
from riskprofile.profiles import PROFILES
from riskprofile.services import desk
from riskprofile.services.deciding import LEASE_MINUTES, ORDERED, UNDO, lease
from riskprofile.services.queueing import PAGE_LIMIT, QueueRow
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.alert_tables import Snooze
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.store.office_tables import Account
from riskprofile.words import Message

ACTION, BACK = "alert.assign", "alert.unassign"
WORKERS = ("officer", "supervisor")

_account = Account.__table__  # type: ignore[attr-defined]
_snooze = Snooze.__table__  # type: ignore[attr-defined]
_audit = desk.audit_table


@dataclass(frozen=True)
class Moved:
    """What several alerts came to: which were given, or taken back, at `at`.

    `left` are the others, by their records, each with what happened to it meanwhile, a `Message`.
    """

    at: datetime
    alerts: tuple[int, ...]
    left: tuple[tuple[str, str], ...]


def officers(store: Store, actor: Actor) -> dict[str, str | None]:
    """Who can be given an alert of the actor's office: its active officers and supervisors.

    Each with the office whose alerts they may work; None is every office.
    """
    authorise(actor, ACTION)
    asked = select(_account.c.name, _account.c.office).where(
        _account.c.role.in_(WORKERS), _account.c.disabled_at.is_(None)
    )
    if actor.office is not None:
        asked = asked.where(or_(_account.c.office == actor.office, _account.c.office.is_(None)))
    with store.read() as connection:
        found = connection.execute(asked.order_by(_account.c.name))
        return {row.name: row.office for row in found}


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
        _require_colleague(connection, [alert], to)
        desk.put(connection, alert_id, owner=to, lease_until=until)
        _note_given(connection, actor, alert, to, until, now)
    return until


def assign_several(
    store: Store, actor: Actor, shown: Collection[QueueRow], to: str, now: datetime
) -> Moved:
    """Give open shipments to somebody of their office, those that still are as they were shown.

    One that was claimed, decided, closed or put aside meanwhile is left as it is. Each is held
    for as long as claims of all of them one after the other, at most for 24 hours; one of which
    a control is ordered for 24 hours; one that they hold already no shorter than before.

    Parameters
    ----------
    shown : collection of QueueRow
        1 to 500 rows, as a list told them.

    Raises
    ------
    NotAllowed
        One is about a person, or is no alert of the office.
    UsageError
        Nobody of that name may work all of them.
    """
    authorise(actor, ACTION)
    if not 0 < len(shown) <= PAGE_LIMIT:
        raise RiskProfileError(Message("refusal.assign_most", n=PAGE_LIMIT))
    rows = {row.id: row for row in shown}
    with store.write() as connection:
        alerts = desk.load_several(connection, actor, ACTION, rows)
        if any(PROFILES[alert["profile"]].persons for alert in alerts):
            raise NotAllowed(Message("refusal.never_persons"), do=Message("refusal.do_each"))
        _require_colleague(connection, alerts, to)
        orders = desk.standing_of(connection, rows)
        aside = _aside(connection, rows, now)
        span = min(ORDERED, len(rows) * timedelta(minutes=LEASE_MINUTES))
        given: list[tuple[desk.Row, datetime]] = []
        left: list[tuple[str, str]] = []
        for alert in alerts:
            number, order = alert["id"], orders.get(alert["id"])
            if why := _meanwhile(alert, rows[number], order, aside.get(number), to, now):
                left.append((alert["record_id"], why))
                continue
            ordered = order is not None and order["decision"] != "release"
            until = now + (ORDERED if ordered else span)
            if desk.holder(alert, now) == to:
                until = max(until, alert["lease_until"])
            desk.put(connection, number, owner=to, lease_until=until)
            given.append((alert, until))
        for alert, until in given:  # last: the chain is held from its first link to the commit
            _note_given(connection, actor, alert, to, until, now, many=len(given))
    return Moved(now, tuple(alert["id"] for alert, _ in given), tuple(left))


def take_back(store: Store, actor: Actor, at: datetime, now: datetime) -> Moved:
    """Take back within 10 seconds what one assigned at a time: whoever held it before does again.

    One that its new holder claimed or decided since, or that was closed, is left as it is.

    Parameters
    ----------
    at : datetime
        When they were assigned, as `Moved` says it.
    """
    authorise(actor, ACTION)
    if not timedelta() <= now - at <= UNDO:
        raise Conflict(Message("refusal.assign_late"), do=Message("refusal.do_end_claims"))
    asked = select(_audit.c.subject, _audit.c.detail).where(
        _audit.c.actor == actor.name, _audit.c.at == at, _audit.c.action == ACTION
    )
    with store.write() as connection:
        found = connection.execute(asked).all()
        acts = {int(about.split(":")[1]): said for about, said in found if "until" in said}
        alerts = desk.load_several(connection, actor, ACTION, acts)
        orders = desk.standing_of(connection, acts)
        back: list[tuple[desk.Row, str]] = []
        left: list[tuple[str, str]] = []
        for alert in alerts:
            act, order = acts[alert["id"]], orders.get(alert["id"])
            if why := _since(alert, act, order, at):
                left.append((alert["record_id"], why))
                continue
            until = datetime.fromisoformat(act.get("held_until", act["until"]))
            holder = act["holder"] if until > now else ""
            held = {"owner": holder or None, "lease_until": until if holder else None}
            desk.put(connection, alert["id"], **held)
            back.append((alert, holder))
        for alert, holder in back:
            desk.note(connection, actor, BACK, alert, now, to=holder, many=len(back))
    return Moved(now, tuple(alert["id"] for alert, _ in back), tuple(left))


def _note_given(
    connection: Connection,
    actor: Actor,
    alert: desk.Row,
    to: str,
    until: datetime,
    now: datetime,
    **more: int,
) -> None:
    """Note who has it, until when, and who had it until when: what taking it back needs."""
    held = desk.holder(alert, now)
    former = {} if held is None else {"held_until": alert["lease_until"].isoformat()}
    told = {"to": to, "holder": held or "", "until": until.isoformat(), **former}
    detail: dict[str, Any] = {**told, **more}
    desk.note(connection, actor, ACTION, alert, now, **detail)


def _require_colleague(connection: Connection, alerts: Iterable[desk.Row], to: str) -> None:
    """Let pass who may work all of these alerts."""
    known = connection.execute(
        select(_account.c.office).where(
            _account.c.name == to,
            _account.c.role.in_(WORKERS),
            _account.c.disabled_at.is_(None),
        )
    ).first()
    if known is None or any(
        alert["office"] is not None and known[0] not in (None, alert["office"]) for alert in alerts
    ):
        raise UsageError(
            Message("refusal.no_colleague"), where=to[:80], do=Message("refusal.do_colleague")
        )


def _aside(connection: Connection, alerts: Collection[int], now: datetime) -> dict[int, str]:
    """Who put which of these aside."""
    asked = select(_snooze.c.alert_id, _snooze.c.by).where(
        among(_snooze.c.alert_id, alerts), _snooze.c.until > now, _snooze.c.ended_at.is_(None)
    )
    return {row.alert_id: row.by for row in connection.execute(asked)}


def _meanwhile(
    alert: desk.Row,
    row: QueueRow,
    order: desk.Row | None,
    aside: str | None,
    to: str,
    now: datetime,
) -> str | None:
    """What happened to an alert since its row was shown; None where it can be given still."""
    if order is not None and order["decision"] != row.decision:
        return _decided(order)
    if why := _closed(alert):
        return why
    held = desk.holder(alert, now)
    if held not in (None, row.owner, to):
        return Message("refusal.holds", who=held)
    return None if aside is None else Message("refusal.put_aside", who=aside)


def _since(
    alert: desk.Row, act: Mapping[str, str], order: desk.Row | None, at: datetime
) -> str | None:
    """What happened to an alert since it was given; None where that can be taken back still."""
    if order is not None and order["at"] > at:
        return _decided(order)
    if why := _closed(alert):
        return why
    if (alert["owner"], alert["lease_until"]) == (
        act["to"],
        datetime.fromisoformat(act["until"]),
    ):
        return None
    if alert["owner"] is None:
        return Message("refusal.nobody")
    return Message("refusal.holds", who=alert["owner"])


def _decided(order: desk.Row) -> Message:
    return Message("refusal.meanwhile", who=order["officer"], decision=order["decision"])


def _closed(alert: desk.Row) -> str | None:
    try:
        desk.require_open(alert)
    except Conflict as closed:
        return closed.faults[0]
    return None
