"""What is switched for everybody at once, and audited: the pause of rating, the second person.

The pause is the kill switch: it is read where a rating would be stored. An inbox has a pause of its
own (`watchers`), set and told in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from riskprofile.errors import Conflict, PolicyError, UsageError
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import switches
from riskprofile.store.database import Store
from riskprofile.words import Message

PAUSED = "paused"
SECOND_PERSON = "second_person"
PAUSE_REASON = 5  # characters: everybody reads it on every page


@dataclass(frozen=True)
class Paused:
    """Rating is paused: since when, by whom, why."""

    since: datetime
    by: str
    why: str


def pause(store: Store, actor: Actor, why: str, now: datetime) -> None:
    """The kill switch: no new rating from now on; the queue stays workable by hand.

    Raises
    ------
    UsageError
        The reason is shorter than `PAUSE_REASON`.
    """
    stop(store, actor, "rating.pause", PAUSED, why, now)


def resume(store: Store, actor: Actor, now: datetime, shown: Paused | None = None) -> None:
    """Let rating go on; where a pause was `shown`, after that one and no other (`put`)."""
    put(store, actor, "rating.pause", PAUSED, None, "rating.resume", now, shown=shown)


def paused(store: Store) -> Paused | None:
    """Whether rating is paused, and by whom."""
    with store.read() as connection:
        return stopped(connection, PAUSED)


def stop(store: Store, actor: Actor, right: str, name: str, why: str, now: datetime) -> None:
    """Set the switch `name` to paused, by whom and why.

    Raises
    ------
    UsageError
        The reason is shorter than `PAUSE_REASON`.
    """
    authorise(actor, right)
    said = why.strip()
    if len(said) < PAUSE_REASON:
        raise UsageError(
            Message("refusal.reason_pause", n=PAUSE_REASON), do=Message("refusal.do_why")
        )
    stated = {"since": now.isoformat(), "by": actor.name, "why": said}
    put(store, actor, right, name, stated, right, now, {"why": said})


def stopped(connection: Connection, name: str) -> Paused | None:
    """What a switch says that `stop` set; None where it is not set."""
    return told(switches.get(connection, name))


def require_running(connection: Connection) -> None:
    """Let pass while rating is not paused. Asked in the transaction that would store a rating.

    Raises
    ------
    PolicyError
        It is paused.
    """
    if stands := stopped(connection, PAUSED):
        since = f"{stands.since.astimezone(UTC):%Y-%m-%d %H:%M}"
        raise PolicyError(
            Message("refusal.paused", since=since, by=stands.by, why=stands.why),
            do=Message("refusal.do_resume"),
        )


def require_second_person(store: Store, actor: Actor, on: bool, now: datetime) -> None:
    """Say whether the release of a red alert needs a second person (it does until told).

    A release that waits for one when the rule ends waits on.
    """
    put(store, actor, "profile.switch", SECOND_PERSON, on, "setting.second_person", now, {"on": on})


def second_person(connection: Connection) -> bool:
    """Whether the release of a red alert needs a second person."""
    return bool(switches.get(connection, SECOND_PERSON, True))


def put(
    store: Store,
    actor: Actor,
    right: str,
    name: str,
    value: Any,
    action: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    shown: Paused | None = None,
) -> None:
    """Set a switch for whoever has the right, audited as `action` in the same transaction.

    Raises
    ------
    Conflict
        Another pause stands there than was `shown` to them.
    """
    authorise(actor, right)
    with store.write() as connection:
        switches.hold(connection)
        stands = stopped(connection, name) if shown else None
        if stands is not None and stands != shown:
            raise Conflict(
                Message("refusal.pause_moved", who=stands.by, why=stands.why),
                do=Message("refusal.do_again"),
            )
        switches.put(connection, name, value)
        note(connection, actor, action, f"setting:{name}", now, detail)


def told(stated: Mapping[str, str] | None) -> Paused | None:
    """What a switch says that `stop` set."""
    if not stated:
        return None
    return Paused(datetime.fromisoformat(stated["since"]), stated["by"], stated["why"])
