"""Who was trained, and when: without a training within a year nobody decides.

It holds from the first training that is recorded on: an installation that keeps the log
elsewhere is not stopped.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from riskprofile.errors import InputError, PolicyError
from riskprofile.services import identity
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import switches
from riskprofile.store.database import Store
from riskprofile.words import Message

TRAINED = "trained"  # the setting: account -> day of the last training, ISO 8601
VALID = timedelta(days=366)


def record(store: Store, actor: Actor, name: str, on: date, now: datetime) -> None:
    """Write down that an account was trained on a day.

    Raises
    ------
    InputError
        There is no such account, or the day has not come yet.
    """
    authorise(actor, "account.manage")
    if on > now.astimezone(UTC).date():
        raise InputError(f"{on} has not come yet", do="Record a training once it was held.")
    identity.require_account(store, name)
    with store.write() as connection:
        switches.hold(connection)
        held = dict(switches.get(connection, TRAINED) or {})
        switches.put(connection, TRAINED, held | {name: on.isoformat()})
        note(connection, actor, "account.trained", f"account:{name}", now, {"on": on.isoformat()})


def require(connection: Connection, actor: Actor, now: datetime) -> None:
    """Let pass who was trained within a year, and everybody while no training is recorded.

    Raises
    ------
    PolicyError
        This person was not.
    """
    held = switches.get(connection, TRAINED)
    if not held:
        return
    last = held.get(actor.name)
    if last is None or now.astimezone(UTC).date() - date.fromisoformat(last) > VALID:
        raise PolicyError(
            Message("refusal.untrained_since", day=last, who=actor.name)
            if last
            else Message("refusal.untrained", who=actor.name),
            do=Message("refusal.do_train"),
        )
