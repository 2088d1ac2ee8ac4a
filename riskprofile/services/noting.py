"""Words to whoever works an alert: a note for its file, and a request for it to who holds it.

They decide nothing and end no claim. What is said stands beside the audit chain, as purposes do:
retention erases it with them, or seals it with the alert where that is masked before, and the chain
stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from riskprofile.errors import Conflict, RiskProfileError
from riskprofile.services import desk
from riskprofile.services.rights import Actor
from riskprofile.store import audit
from riskprofile.store.database import Store
from riskprofile.words import Message

NOTE, ASK = audit.NOTED
TAKEN = ("alert.claim", "alert.assign", "alert.give_back")  # what answers a request
BACK = "alert.unassign"  # but for an assignment that was taken back
LEAST, LONGEST = 5, 2_000  # characters
MOST = 200  # notes and requests of one alert: its timeline, its papers and its bundle show them all


def note(store: Store, actor: Actor, alert_id: int, text: str, now: datetime) -> None:
    """Add a note to an alert that the person opened, in whatever state it is and whoever holds it.

    The same note sent twice is one.

    Raises
    ------
    Conflict
        It was not opened.
    RiskProfileError
        The note has fewer than 5 characters, or the alert has `MOST` of them already.
    """
    with store.write() as connection:
        alert = _opened(connection, actor, NOTE, alert_id)
        _say(connection, actor, NOTE, alert, text, now)


def ask(store: Store, actor: Actor, alert_id: int, text: str, now: datetime) -> str:
    """Ask who holds an alert for it; their name. They are told on the alert.

    Raises
    ------
    Conflict
        It was not opened, or nobody else holds it.
    RiskProfileError
        The reason has fewer than 5 characters, or the alert has `MOST` notes and requests already.
    """
    with store.write() as connection:
        alert = _opened(connection, actor, ASK, alert_id)
        desk.require_open(alert)
        holder = desk.holder(alert, now)
        if holder in (None, actor.name):
            raise Conflict(Message("refusal.no_other"), do=Message("refusal.do_claim"))
        _say(connection, actor, ASK, alert, text, now, of=holder)
    return str(holder)


def asked_since(actions: Iterable[str]) -> int | None:
    """The place of the newest request that nobody has answered, of an alert's acts, newest first.

    >>> asked_since(["alert.look", "alert.ask", "alert.claim"])
    1
    >>> asked_since(["alert.give_back", "alert.ask"])
    >>> asked_since(["alert.unassign", "alert.assign", "alert.ask"])
    2
    """
    back = False
    for place, action in enumerate(actions):
        if action == ASK:
            return place
        if action in TAKEN and not back:
            return None
        back = action == BACK or (back and action not in TAKEN)
    return None


def _opened(connection: Connection, actor: Actor, action: str, alert_id: int) -> desk.Row:
    alert = desk.load(connection, actor, action, alert_id)
    desk.require_opened(connection, actor, alert_id)
    return alert


def _say(
    connection: Connection,
    actor: Actor,
    action: str,
    alert: desk.Row,
    text: str,
    now: datetime,
    **detail: str | None,
) -> None:
    text = " ".join(text.split())[:LONGEST]
    if len(text) < LEAST:
        raise RiskProfileError(Message("refusal.note", n=LEAST), do=Message("refusal.do_say"))
    last = desk.last(connection, actor, action, alert["id"])
    if last is not None and last["purpose"] == text:
        return
    if len(audit.noted(connection, f"alert:{alert['id']}")) >= MOST:
        raise RiskProfileError(Message("refusal.notes", n=MOST), do=Message("refusal.do_notes"))
    desk.note(connection, actor, action, alert, now, purpose=text, **detail)
