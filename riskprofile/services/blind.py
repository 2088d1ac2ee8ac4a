"""Own view first: of a share of alerts the rating is shown only after an officer has said a view.

Who reads "red" before the goods agrees with "red". How often a view that was said without
the rating agrees with it, beside how often decisions made in sight of it do, is how much
the rating persuades.

The draw is keyed and of the declaration alone: neither points, nor who looks, nor when, nor
another draw is in it, and who does not hold the key cannot foretell it. What a rule raises
to red (an embargo, a pack of another service) is never drawn: there the law or a
request names the goods, nobody is to be measured on it, and to take its place in the list
away could let them pass in the meantime. A drawn alert stands before all lanes, in the
order of references, so that its place says nothing and it waits for nobody.

Random controls wait among them, every one: their low rank and few points would tell whoever
looks that chance drew them, and what is known to be a control is examined otherwise, or not.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from riskprofile.errors import Conflict, RiskProfileError, UsageError
from riskprofile.profiles import PROFILES
from riskprofile.services import desk, training_log
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import switches
from riskprofile.store.alert_tables import Alert, FirstView
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.words import Message

ACTION = "alert.view"
SETTING = "blind_first"
SHARE = 0.05  # of the alerts, until the installation says otherwise
VIEWS = ("release", "documents", "scan", "examine", "refer")  # what can be decided can be said
REASON = 5  # characters
LANE = "blind"  # where the list puts what waits for a view
# Of an alert: in the draw and passed over; drawn and waiting; a view was said; shown without
# one, because the installation gave it up. None: it was in no draw.
PASSED, WAITING, SAID, LIFTED = "no", "waiting", "said", "lifted"
# What the rating says, and what stands in its place.
VEIL: dict[str, Any] = {
    "lane": LANE, "queue": "", "rank": 0, "points": None, "score": None, "driver": 1,
    "reasons": [], "against": [], "indicators": [], "red_from": None, "yellow_from": None,
}  # fmt: skip

_alert = Alert.__table__  # type: ignore[attr-defined]
_view = FirstView.__table__  # type: ignore[attr-defined]


class Draw:
    """The draw of one installation: which declarations an officer first sees without a rating."""

    def __init__(self, secret: bytes, share: float) -> None:
        self.secret, self.share = secret, share

    def state(
        self,
        profile: str,
        record_id: str,
        indicators: Sequence[Mapping[str, Any]],
        selected_by: str | None = None,
    ) -> Any:
        """Whether the first alert of a declaration waits, was passed over, or is not in the draw.

        Parameters
        ----------
        indicators : sequence of mappings
            Those that fired, with the lane that each `raises` to.
        selected_by : str, optional
            `random` waits whatever the key says, while anything is drawn at all: were nothing
            else to wait, waiting would tell.
        """
        if self.share <= 0 or any(one.get("raises") == "red" for one in indicators):
            return None
        waiting = selected_by == "random" or drawn(self.secret, profile, record_id, self.share)
        return WAITING if waiting else PASSED


def drawn(secret: bytes, profile: str, record_id: str, share: float) -> bool:
    """Whether this declaration is one of the share: the same answer at any time.

    >>> drawn(b"key", "shipment", "PX-1", 0.0), drawn(b"key", "shipment", "PX-1", 1.0)
    (False, True)
    """
    told = hmac.new(secret, f"{profile}:{record_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(told[:8]) < share * 2.0**64


def draw_of(connection: Connection) -> Draw:
    """The draw of this installation; its key is made when it is first asked."""
    stated = switches.get(connection, SETTING) or switches.settle(
        connection, SETTING, {"share": SHARE, "key": secrets.token_hex(32)}
    )
    return Draw(bytes.fromhex(stated["key"]), float(stated["share"]))


def share(store: Store, actor: Actor) -> float:
    """The share of alerts that is drawn."""
    authorise(actor, "status.look")
    with store.read() as connection:
        return float((switches.get(connection, SETTING) or {}).get("share", SHARE))


def set_share(store: Store, actor: Actor, share: float, now: datetime) -> int:
    """Set the share of alerts made from now on; with 0 those that wait are shown at once.

    Returns
    -------
    int
        How many alerts waited and are shown now.

    Raises
    ------
    UsageError
        The share is not between 0 and 1.
    """
    authorise(actor, "profile.switch")
    if not 0 <= share <= 1:
        raise UsageError(f"a share of {share}", do="Give a number from 0 (none) to 1 (all).")
    with store.write() as connection:
        switches.hold(connection)
        kept = draw_of(connection)
        stated = {"share": float(share), "key": kept.secret.hex()}
        switches.put(connection, SETTING, stated)
        lifted = 0
        if share == 0:
            lifted = connection.execute(
                update(_alert).where(_alert.c.blind == WAITING).values(blind=LIFTED)
            ).rowcount
        told = {"from": kept.share, "to": float(share), "lifted": int(lifted)}
        note(connection, actor, "setting.blind_first", f"setting:{SETTING}", now, told)
    return int(lifted)


def say(store: Store, actor: Actor, alert_id: int, view: str, reason: str, now: datetime) -> None:
    """Keep what an officer would do without the rating; from then on it is shown to all.

    It orders nothing. The person must hold the alert and have opened it. The same view sent
    twice is one view.

    Parameters
    ----------
    view : str
        release, documents, scan, examine or refer.
    reason : str
        At least 5 characters.

    Raises
    ------
    Conflict
        The alert waits for no view, is closed, or is held by somebody else.
    """
    reason = " ".join(reason.split())
    if view not in VIEWS:
        raise RiskProfileError(f"unknown view {view}", do=f"Choose one of {', '.join(VIEWS)}.")
    with store.write() as connection:
        alert = desk.load(connection, actor, ACTION, alert_id)
        before = of(connection, alert_id)
        if before is not None:
            if (before["officer"], before["view"]) == (actor.name, view):
                return
            raise Conflict(Message("refusal.view_said", who=before["officer"]))
        desk.require_open(alert)
        desk.require_claim(actor, alert, now)
        if not waits(alert):
            raise Conflict(Message("refusal.view_none"), do=Message("refusal.do_decide"))
        training_log.require(connection, actor, now)
        if len(reason) < REASON:
            raise RiskProfileError(
                Message("refusal.reason_view", n=REASON), do=Message("refusal.do_say")
            )
        desk.require_opened(connection, actor, alert_id)
        connection.execute(
            insert(_view).values(
                alert_id=alert_id, view=view, reason=reason, officer=actor.name, at=now
            )
        )
        desk.put(connection, alert_id, blind=SAID)
        desk.note(connection, actor, ACTION, alert, now, view=view)


def of(connection: Connection, alert_id: int) -> dict[str, Any] | None:
    """The view that was said of an alert before its rating was shown; None when none was."""
    asked = select(_view).where(_view.c.alert_id == alert_id)
    row = connection.execute(asked).mappings().first()
    return None if row is None else dict(row)


def waits(alert: Mapping[str, Any]) -> bool:
    """Whether this alert, as stored, waits for a view."""
    return bool(alert["blind"] == WAITING)


def require_said(alert: Mapping[str, Any]) -> None:
    """Let pass, or say that a view comes first."""
    if waits(alert):
        raise Conflict(Message("refusal.own_view"), do=Message("refusal.do_own_view"))


def require_all_said(connection: Connection, profile: str, record_id: str) -> None:
    """`require_said` of every alert about a declaration of which a view can still be said."""
    asked = select(_alert.c.blind).where(
        _alert.c.profile == profile, _alert.c.record_id == record_id, _alert.c.state == "open"
    )
    for alert in connection.execute(asked).mappings():
        require_said(dict(alert))


def veiled(alert: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an alert as it may be shown: without its rating while it waits for a view.

    Its title, which is the goods of the item with the points, becomes that of the first item.

    Parameters
    ----------
    alert : mapping
        With `profile`, `title` and `declaration`, or without a title.
    """
    told = dict(alert)
    if waits(alert):
        told |= {name: value for name, value in VEIL.items() if name in told}
        declared = (told.get("declaration") or [{}])[0]
        if "title" in told and len(told.get("declaration") or []) > 1:
            told["title"] = str(declared.get(PROFILES[told["profile"]].title) or "")
    return told


def states(
    connection: Connection, profile: str, records: Collection[str]
) -> dict[tuple[str, int], str | None]:
    """The state in the draw of every alert of these declarations, by (record, version)."""
    asked = select(_alert.c.record_id, _alert.c.version, _alert.c.blind).where(
        _alert.c.profile == profile, among(_alert.c.record_id, sorted(records))
    )
    return {(record, version): state for record, version, state in connection.execute(asked)}
