"""What every service begins and ends with: the one table of rights, and writing down what was done.

A service asks `authorise` before it reads or changes anything, and says `note` in the transaction
that did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from riskprofile.errors import NotAllowed
from riskprofile.store import audit
from riskprofile.words import Message

# Characters of a reason that others have to understand later: of whoever takes something away from
# them, sets it aside or lets it pass.
REASON_LENGTH: Final = 20

ROLES: Final = ("officer", "supervisor", "analyst", "operator", "auditor", "administrator")

_DESK = frozenset({"officer", "supervisor"})
_HEAD = frozenset({"supervisor"})
_LOOK = _DESK | {"auditor"}
_RUN = frozenset({"operator", "owner"})
_RULE = frozenset({"administrator", "owner"})
_CHECK = frozenset({"auditor", "administrator", "owner"})
_STUDY = frozenset({"analyst", "owner"})

# Action -> roles. What is not here, nobody may do. `owner` is the command line: it runs
# the machine, and neither sees a person's declaration nor decides.
ACTIONS: dict[str, frozenset[str]] = {
    "queue.look": _LOOK,
    "alert.look": _LOOK,
    "alert.claim": _DESK,
    "alert.decide": _DESK,
    "alert.view": _DESK,
    "alert.confirm": _DESK,
    "alert.reopen": _HEAD,
    "alert.print": _DESK,
    "alert.otherwise": _DESK,
    "alert.note": _DESK,
    "alert.ask": _DESK,
    "alert.snooze": _DESK,
    "alert.raise": _DESK,
    "alert.assign": _HEAD,
    "board.look": _HEAD,
    "explanation.make": _DESK,
    "outcome.record": _DESK,
    "outcome.confirm": _DESK,
    "draft.keep": _DESK | {"analyst", "operator", "administrator"},
    "record.look": _LOOK,
    "record.unmask": _DESK,
    "record.unmask.allow": _HEAD,
    "record.replay": _CHECK | _STUDY,
    "batch.look": _RUN | _HEAD | _CHECK,
    "batch.score": _RUN,
    "inbox.pause": _RUN,
    "quarantine.look": _RUN | _HEAD,
    "quarantine.repair": _RUN,
    "history.load": _RUN,
    "register.load": _RUN,
    "watchlist.manage": _RULE | _HEAD,
    "watchlist.look": _RULE | _HEAD | _CHECK,
    "register.look": _RUN | _HEAD | _CHECK | _STUDY,
    "sighting.look": _LOOK | _RUN | _STUDY,
    "arms.look": _LOOK | _RUN | _STUDY,
    "practice.do": _DESK | _STUDY,
    "practice.look": _HEAD,
    "bundle.export": _HEAD,
    "trends.look": frozenset({"supervisor", "analyst", "auditor", "administrator", "owner"}),
    "packs.export": _STUDY,
    "packs.decide": _STUDY,
    "arms.keep": _RUN | _HEAD,
    "arms.trace": _RUN | _HEAD,
    "arms.export": _RUN | _STUDY | _HEAD,
    "selections.export": _RUN,
    "labels.look": _STUDY,
    "recall.look": _STUDY | _RUN | _HEAD | _CHECK,
    "model.look": frozenset({*ROLES, "owner"}),
    "model.propose": _STUDY,
    "model.promote": frozenset({"analyst", "supervisor"}),
    "model.rollback": frozenset({"analyst", "supervisor", "administrator", "owner"}),
    "profile.switch": _RULE,
    "rating.pause": _RULE | _HEAD,
    "office.manage": _RULE,
    "office.capacity": _HEAD,
    "account.manage": _RULE,
    "account.look": _CHECK,
    "alarm.look": _HEAD | _CHECK,
    "database.copy": _RULE,
    "audit.verify": _CHECK,
    "audit.export": _CHECK,
    "retention.run": _RULE,
    "status.look": frozenset({*ROLES, "owner"}),
}


@dataclass(frozen=True)
class Actor:
    """Who acts. `office` None means every office."""

    name: str
    role: str
    office: str | None = None


def owner(user: str) -> Actor:
    """The operating-system user at the command line; no account can have such a name."""
    return Actor(f"os:{user}", "owner")


OWNER = owner("owner")


def authorise(actor: Actor, action: str, office: str | None = None) -> None:
    """Let pass, or raise `NotAllowed`.

    Parameters
    ----------
    office : str, optional
        Whose record it is. None is a record of no office, which every office may see.
    """
    if actor.role not in ACTIONS.get(action, frozenset()):
        raise NotAllowed(Message("refusal.role", role=actor.role, who=actor.name, action=action))
    if not sees(actor, office):
        raise NotAllowed(Message("refusal.other_office"), do=Message("refusal.do_other_office"))


def sees(actor: Actor, office: str | None) -> bool:
    """Whether a row of this office is shown to them; one of no office every office may see.

    >>> sees(Actor("ines", "supervisor", "XMAIR"), "XMEXP"), sees(OWNER, "XMEXP")
    (False, True)
    """
    return office is None or actor.office in (None, office)


def note(
    connection: Connection,
    actor: Actor,
    action: str,
    subject: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    *,
    office: str | None = None,
    purpose: str = "",
) -> None:
    """Write what this person did into the audit chain, last in the caller's transaction.

    Parameters
    ----------
    subject : str
        What was touched, as `kind:id`.
    detail : mapping of JSON values, optional
        What changed.
    """
    audit.append(
        connection,
        actor=actor.name,
        action=action,
        subject=subject,
        office=office,
        purpose=purpose,
        now=now,
        detail=detail or None,
    )
