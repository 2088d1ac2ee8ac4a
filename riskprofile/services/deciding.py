"""Claim, decide, undo, reopen: one named person, one reason, one winner.

States of an alert: *open* (free or held), *closed*. A release closes; every other
decision orders something and stays open until its outcome is recorded.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, or_, select, update

from riskprofile.errors import Conflict, RiskProfileError
from riskprofile.services import blind, desk, switching, training_log
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.desk import decision_table as _decision
from riskprofile.services.queue_statements import free
from riskprofile.services.rights import REASON_LENGTH, Actor
from riskprofile.services.selections import SETTLED
from riskprofile.store.database import Store
from riskprofile.words import Message

DECISIONS = ("release", "documents", "scan", "examine", "refer")
FINAL = ("release", "refer")  # what ends our part: it needs a reason that can be read later
REASON_ORDER = 5  # characters of a reason; of what is final `REASON_LENGTH`
LEASE_MINUTES = 45
ORDERED = timedelta(hours=24)  # who holds a control keeps the alert while it is made
UNDO = SETTLED  # then it is sent on


def claim(store: Store, actor: Actor, alert_id: int, now: datetime) -> datetime:
    """Take a free alert, or renew one's own lease; until when it holds.

    Raises
    ------
    Conflict
        Somebody else holds it (`holder` names who), or it is closed.
    """
    with store.write() as connection:
        alert = desk.load(connection, actor, "alert.claim", alert_id)
        desk.require_open(alert)
        until = lease(connection, alert_id, now)
        # The conditional update is the only way to claim: "read, then write" has two winners.
        won = connection.execute(
            update(_alert)
            .where(
                _alert.c.id == alert_id,
                _alert.c.state == "open",
                or_(free(now, now + desk.LONGEST), _alert.c.owner == actor.name),
            )
            .values(owner=actor.name, lease_until=until)
        )
        if won.rowcount != 1:
            held_by = str(alert["owner"])
            raise Conflict(f"{held_by} holds this alert", holder=held_by)
        desk.note(connection, actor, "alert.claim", alert, now, until=until.isoformat())
    return until


def lease(connection: Connection, alert_id: int, now: datetime) -> datetime:
    """Until when whoever takes an alert now holds it: a control that was ordered takes hours."""
    order = desk.standing(connection, alert_id)
    if order is not None and order["decision"] != "release":
        return now + ORDERED
    return now + timedelta(minutes=LEASE_MINUTES)


def give_back(store: Store, actor: Actor, alert_id: int, now: datetime) -> None:
    """End one's claim; a supervisor may end another's. A free alert stays as it is."""
    with store.write() as connection:
        alert = desk.load(connection, actor, "alert.claim", alert_id)
        held_by = desk.holder(alert, now)
        if held_by is None:
            return
        if actor.role != "supervisor":
            desk.require_free(actor, alert, now)
        desk.put(connection, alert_id, owner=None, lease_until=None)
        desk.note(connection, actor, "alert.give_back", alert, now, holder=held_by)


def decide(
    store: Store,
    actor: Actor,
    alert_id: int,
    decision: str,
    reason: str,
    now: datetime,
    seen: Collection[int] | None = None,
) -> int:
    """Order a control, hand over, or release; the decision's id.

    The person must hold the alert and have opened it; where it waits for an own view
    (`services.blind`), that comes first. The same decision sent twice is one decision. The
    release of a red alert waits for a second person unless the installation says otherwise.

    Parameters
    ----------
    decision : str
        release, documents, scan, examine or refer.
    reason : str
        At least 20 characters for release and refer, 5 for an ordered control.
    seen : collection of int, optional
        Ids of the decisions that the person was shown. One that stands and is not among
        them was made meanwhile, in another window: nothing is decided over it unseen.

    Raises
    ------
    Conflict
        Somebody else holds it, it was not opened, it is closed, or it was decided meanwhile.
    """
    reason = " ".join(reason.split())
    if decision not in DECISIONS:
        raise RiskProfileError(
            f"unknown decision {decision}", do=f"Choose one of {', '.join(DECISIONS)}."
        )
    with store.write() as connection:
        alert = desk.load(connection, actor, "alert.decide", alert_id)
        last = desk.standing(connection, alert_id)
        again = last is not None and last["officer"] == actor.name
        if again and last is not None and (last["decision"], last["reason"]) == (decision, reason):
            return int(last["id"])
        desk.require_open(alert)
        desk.require_claim(actor, alert, now)
        if seen is not None and last is not None and last["id"] not in seen:
            raise Conflict(
                Message("refusal.meanwhile", who=last["officer"], decision=last["decision"]),
                do=Message("refusal.do_anew"),
            )
        blind.require_said(alert)
        training_log.require(connection, actor, now)
        shortest = REASON_LENGTH if decision in FINAL else REASON_ORDER
        if len(reason) < shortest:
            raise RiskProfileError(
                Message("refusal.reason", decision=decision, n=shortest),
                do=Message("refusal.do_say"),
            )
        desk.require_opened(connection, actor, alert_id)
        made = connection.execute(
            insert(_decision)
            .values(alert_id=alert_id, decision=decision, reason=reason, officer=actor.name, at=now)
            .returning(_decision.c.id)
        ).scalar_one()
        waits = (
            decision == "release" and alert["lane"] == "red" and switching.second_person(connection)
        )
        if decision == "release" and not waits:
            desk.close(connection, alert_id, now)
        else:
            desk.put(connection, alert_id, lease_until=now + ORDERED)
        told = {"decision": decision, "decision_id": made, "waits": waits}
        desk.note(connection, actor, "alert.decide", alert, now, **told)
    return int(made)


def undo(store: Store, actor: Actor, decision_id: int, now: datetime) -> None:
    """Take back one's own decision within 10 seconds; the alert is held as before.

    Raises
    ------
    Conflict
        Another decision followed, it is too late, or it was confirmed or sent on; the outcome of
        what was ordered is recorded; or somebody else holds the alert by now.
    """
    with store.write() as connection:
        alert_id = _alert_of(connection, decision_id)
        alert = desk.load(connection, actor, "alert.decide", alert_id)
        last = desk.standing(connection, alert_id)
        if last is None or last["id"] != decision_id or last["officer"] != actor.name:
            raise Conflict(Message("refusal.undo_other"))
        if not timedelta() <= now - last["at"] <= UNDO:
            raise Conflict(Message("refusal.undo_late"), do=Message("refusal.do_reopen"))
        if last["second"] is not None or last["exported_at"] is not None:
            raise Conflict(Message("refusal.undo_sent"))
        if not (last["decision"] == "release" and alert["state"] == "closed"):
            desk.require_open(alert)  # what closed it was not this decision
        desk.require_free(actor, alert, now)
        _take_back(connection, decision_id, now)
        held = {"owner": actor.name, "lease_until": now + timedelta(minutes=LEASE_MINUTES)}
        desk.put(connection, alert_id, state="open", closed_at=None, **held)
        desk.note(connection, actor, "alert.undo", alert, now, decision_id=decision_id)


def confirm_release(store: Store, actor: Actor, decision_id: int, now: datetime) -> None:
    """Confirm, as the second person, the release of a red alert: it closes."""
    with store.write() as connection:
        alert_id = _alert_of(connection, decision_id)
        alert = desk.load(connection, actor, "alert.confirm", alert_id)
        last = desk.standing(connection, alert_id)
        if last is None or last["id"] != decision_id or last["decision"] != "release":
            raise Conflict(Message("refusal.release_gone"))
        if last["second"] == actor.name:
            return
        desk.require_open(alert)
        if last["officer"] == actor.name:
            raise Conflict(Message("refusal.another"))
        training_log.require(connection, actor, now)
        connection.execute(
            update(_decision)
            .where(_decision.c.id == decision_id)
            .values(second=actor.name, second_at=now)
        )
        desk.close(connection, alert_id, now)
        desk.note(connection, actor, "alert.confirm", alert, now, decision_id=decision_id)


def reopen(store: Store, actor: Actor, alert_id: int, reason: str, now: datetime) -> None:
    """Open a closed alert again, as a supervisor, for a reason; it is free to claim."""
    reason = " ".join(reason.split())
    with store.write() as connection:
        alert = desk.load(connection, actor, "alert.reopen", alert_id)
        if alert["state"] != "closed":
            raise Conflict(Message("refusal.not_closed"))
        if len(reason) < REASON_LENGTH:
            raise RiskProfileError(Message("refusal.reason_reopen", n=REASON_LENGTH))
        last = desk.standing(connection, alert_id)
        if last is not None and last["decision"] == "release":
            _take_back(connection, last["id"], now)
        free_now = {"owner": None, "lease_until": None}
        desk.put(connection, alert_id, state="open", closed_at=None, **free_now)
        desk.note(connection, actor, "alert.reopen", alert, now, purpose=reason)


def _alert_of(connection: Connection, decision_id: int) -> int:
    found = connection.execute(
        select(_decision.c.alert_id).where(_decision.c.id == decision_id)
    ).scalar()
    return -1 if found is None else int(found)  # no such alert: the same answer as for none


def _take_back(connection: Connection, decision_id: int, now: datetime) -> None:
    connection.execute(update(_decision).where(_decision.c.id == decision_id).values(undone_at=now))
