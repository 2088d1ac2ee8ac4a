"""One alert as a person sees it, and every look at it written down first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from riskprofile.errors import NotAllowed
from riskprofile.profiles import PROFILES
from riskprofile.services import blind, desk, held, looking, noting
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.desk import audit_table as _audit
from riskprofile.services.desk import decision_table as _decision
from riskprofile.services.evidence import Near, near, weighed
from riskprofile.services.queue_statements import OF_WAITING, OFFICE, seen_from
from riskprofile.services.rights import Actor, sees
from riskprofile.store import audit, phrasings
from riskprofile.store.alert_tables import AlertLink, ItemFound, Outcome
from riskprofile.store.alerts import PARTIES
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.words import Message

_link = AlertLink.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]
_item = ItemFound.__table__  # type: ignore[attr-defined]

# Built once: every look asks them.
_BEFORE = (
    select(_alert)
    .where(
        _alert.c.record_id == bindparam("record_id"),
        _alert.c.profile == bindparam("profile"),
        _alert.c.version < bindparam("version"),
    )
    .order_by(_alert.c.version.desc())
    .limit(1)
)
_DECISIONS = (
    select(_decision).where(_decision.c.alert_id == bindparam("alert")).order_by(_decision.c.id)
)
_OUTCOMES = (
    select(_outcome).where(_outcome.c.alert_id == bindparam("alert")).order_by(_outcome.c.id)
)
_ITEMS = select(_item).where(_item.c.outcome_id == bindparam("outcome")).order_by(_item.c.id)
_EVENTS = (
    select(_audit)
    .where(_audit.c.subject == bindparam("subject"))
    .order_by(_audit.c.sequence.desc())
)
_TIES = select(_link.c.kind, _link.c.key).where(_link.c.alert_id == bindparam("alert"))
_found = (
    select(_outcome.c.outcome)
    .where(_outcome.c.alert_id == _alert.c.id)
    .order_by(_outcome.c.id.desc())
    .limit(1)
    .correlate(_alert)
    .scalar_subquery()
)
_TOLD = select(
    _alert.c.id.label("alert_id"),
    *[_alert.c[name] for name in ("record_id", "profile", "title", "lane", "state", "blind")],
    OF_WAITING,
    func.coalesce(_alert.c.lodged_at, _alert.c.created_at).label("at"),
    _found.label("outcome"),
).where(among(_alert.c.id, "alerts"))

SAME_LOOK = timedelta(minutes=15)  # a page draws itself many times: that is one look
LINKED_LIMIT = 50
PURPOSE = 5  # characters: a letter would be a click, and no word that anybody can ask after


@cache
def _tied(office: bool) -> Select[Any]:
    """The newest other alerts of one tie, of the office or of all."""
    return (
        select(_link.c.alert_id)
        .select_from(_link.join(_alert, _alert.c.id == _link.c.alert_id))
        .where(_link.c.kind == bindparam("kind"), _link.c.key == bindparam("key"))
        .where(_link.c.alert_id != bindparam("alert"), *seen_from(OFFICE if office else None))
        .order_by(_link.c.alert_id.desc())
        .limit(LINKED_LIMIT)
    )


@dataclass(frozen=True)
class Event:
    """One line of the timeline. `text` is what was said then, if anything."""

    at: datetime
    actor: str
    action: str
    text: str
    purpose: str


@dataclass(frozen=True)
class Changed:
    """What an alert's last version said otherwise.

    `fields` are (item, column, before, now) of the declaration as declared, None where a side
    has no such value; `added` and `removed` are item numbers. Of an alert that waits for an own
    view, the version before says no rating either.
    """

    version: int
    at: datetime
    lane: str
    rank: int
    points: int | None
    model_version: str
    fields: list[tuple[int, str, Any, Any]]
    added: list[int]
    removed: list[int]


@dataclass(frozen=True)
class AlertView:
    """Everything of one alert but what drew it: a random control looks like any other.

    `score` is a probability, and None until the installation's outcomes are enough for one; so is
    `near`, what was found on the examined alerts nearest in points.
    `history` and `related` are other alerts: dicts with
    `alert_id, record_id, title, link, at, lane, state, outcome`. `related` ends with what
    was known when the alert was made: declarations of 90 days that share something and
    earlier finds like this one (see `services.networks`), without alert, lane and state.

    While `blind`, it waits for an officer's own view and nothing of its rating is here: lane
    and queue are `services.blind.LANE` and "", `rank` is 0, points, reasons and indicators are
    missing. `first_view` is the view that was said then (view, reason, officer, at).

    `asked` is the newest request for it that who holds it has not answered.

    `red_from` and `yellow_from` are the fewest points that made these lanes in its list, or would
    have, of what was still to come on its day (`scoring.ranking`). They are missing where
    points did not make its own: what an indicator raised and what chance drew look alike.
    """

    id: int
    record_id: str
    profile: str
    batch_id: str
    version: int
    office: str | None
    queue: str
    lane: str
    rank: int
    points: int | None
    score: float | None
    driver: int
    title: str
    reasons: list[dict[str, Any]]
    against: list[dict[str, Any]]
    indicators: list[dict[str, Any]]
    declaration: list[dict[str, Any]]
    model_version: str
    model_digest: str
    state: str
    owner: str | None
    lease_until: datetime | None
    due_at: datetime | None
    lodged_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    withdrawn_at: datetime | None
    amended_at: datetime | None
    decisions: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]
    timeline: list[Event]
    history: list[dict[str, Any]]
    related: list[dict[str, Any]]
    changed: Changed | None
    blind: bool = False
    first_view: dict[str, Any] | None = None
    asked: Event | None = None
    near: Near | None = None
    red_from: int | None = None
    yellow_from: int | None = None


_ADDED = (
    "decisions",
    "outcomes",
    "timeline",
    "history",
    "related",
    "changed",
    "first_view",
    "asked",
    "near",
)
_COLUMNS = [name for name in AlertView.__dataclass_fields__ if name not in _ADDED]
_LISTS = ("reasons", "against", "indicators", "declaration")


def purpose_needed(profile: str) -> bool:
    """Whether opening a record of this profile asks why: it holds protected columns."""
    return bool(PROFILES[profile].protected("P1"))


def require_purpose(profile: str, purpose: str) -> None:
    """Let pass where no purpose is needed, or where one was said that can be asked after.

    Raises
    ------
    NotAllowed
        The record is about a person, and `purpose` has fewer than `PURPOSE` characters.
    """
    if purpose_needed(profile) and len(purpose.strip()) < PURPOSE:
        raise NotAllowed(Message("refusal.purpose"), do=Message("refusal.do_purpose", n=PURPOSE))


def alert(
    store: Store,
    actor: Actor,
    alert_id: int,
    now: datetime,
    purpose: str = "",
    looks_an_hour: int = looking.LIMIT,
) -> AlertView:
    """One alert with its decisions, outcomes, timeline and links.

    The look is in the audit chain before anything is handed out: no log, no data. A
    look again within 15 minutes, for the same purpose, is the same look. More than
    `looks_an_hour` different records raise an alarm, and are shown all the same.

    Raises
    ------
    NotAllowed
        There is no such alert in the office; or the record is about a person, and no
        purpose was given.
    """
    purpose = purpose.strip()
    with store.read() as connection:
        given = desk.load(connection, actor, "alert.look", alert_id, lock=False)
        last = desk.last_look(connection, actor, alert_id)
        known = last is not None and timedelta() <= now - last["at"] < SAME_LOOK
        known = known and last is not None and purpose in ("", last["purpose"])
        if not known:
            require_purpose(given["profile"], purpose)
        view = _view(connection, actor, given, now)
    if known:
        return view
    # What is shown was read before: who writes keeps every other writer waiting.
    with store.write() as connection:
        given = desk.load(connection, actor, "alert.look", alert_id)
        desk.note(connection, actor, "alert.look", given, now, purpose=purpose)
        looking.noticed(connection, actor, now, looks_an_hour)
    return view


def _view(connection: Connection, actor: Actor, given: desk.Row, now: datetime) -> AlertView:
    raising, lowering = phrasings.told(connection, given)
    waits = blind.waits(given)
    shown = blind.veiled({**given, "reasons": raising, "against": lowering})
    told = {name: shown[name] for name in _COLUMNS} | {"blind": waits}
    told |= {name: told[name] or [] for name in _LISTS}
    told |= begun(told)
    alike = None
    weight = weighed(connection, given["profile"])
    if not weight.enough:
        told["score"] = None
    elif told["points"] is not None:
        alike = near(connection, given["profile"], given["model_digest"], told["points"], weight)
    if desk.holder(given, now) is None:
        told["owner"] = told["lease_until"] = None
    history, related = _linked(connection, actor, given["id"])
    said = None if waits else blind.of(connection, given["id"])
    decisions = _decisions(connection, given["id"])
    timeline = _timeline(connection, given["id"], decisions, said)
    # Of related records those of the actor's office, or of none: nothing of another's leaks.
    around = [one for one in given["related"] or [] if sees(actor, one.get("office"))]
    asked = noting.asked_since(one.action for one in timeline) if told["owner"] else None
    return AlertView(
        **told,
        decisions=decisions,
        outcomes=_outcomes(connection, given["id"]),
        timeline=timeline,
        asked=None if asked is None else timeline[asked],
        near=alike,
        history=history,
        related=[*related, *around],
        changed=_changed(connection, actor, given),
        first_view=said,
    )


def begun(told: desk.Row) -> dict[str, int | None]:
    """Where lanes begin, of an alert whose own lane its points made: `red_from`, `yellow_from`."""
    begins = {name: told[f"{name}_from"] for name in ("red", "yellow")}
    own, points = begins.get(told["lane"]), told["points"]
    if own is None or points is None or points < own:
        begins = dict.fromkeys(begins)
    return {f"{name}_from": value for name, value in begins.items()}


def _changed(connection: Connection, actor: Actor, given: desk.Row) -> Changed | None:
    """What is otherwise than in the alert's version before; None when there was none, or when it is
    another office's: a crossing may be declared anew at another place.
    """
    asked = {name: given[name] for name in ("record_id", "profile", "version")}
    before = connection.execute(_BEFORE, asked).mappings().first()
    if before is None or not sees(actor, before["office"]):
        return None
    item = PROFILES[given["profile"]].item
    if blind.waits(given):  # the amended declaration waits, so the one before did
        before = {**before, **blind.VEIL}  # type: ignore[assignment]
    old, new = (
        {int(row.get(item) or n): row for n, row in enumerate(one["declaration"] or [], start=1)}
        for one in (before, given)
    )
    fields = [
        (number, name, old[number].get(name), new[number].get(name))
        for number in sorted(old.keys() & new.keys())
        for name in dict.fromkeys((*old[number], *new[number]))
        if old[number].get(name) != new[number].get(name)
    ]
    return Changed(
        **{name: before[name] for name in ("version", "lane", "rank", "points", "model_version")},
        at=before["created_at"],
        fields=fields,
        added=sorted(new.keys() - old.keys()),
        removed=sorted(old.keys() - new.keys()),
    )


def _decisions(connection: Connection, alert_id: int) -> list[dict[str, Any]]:
    rows = connection.execute(_DECISIONS, {"alert": alert_id})
    return [dict(row) for row in rows.mappings()]


def _outcomes(connection: Connection, alert_id: int) -> list[dict[str, Any]]:
    found = []
    rows = connection.execute(_OUTCOMES, {"alert": alert_id}).mappings().all()
    asked = held.of(connection, [row["id"] for row in rows]) if rows else {}
    for row in rows:
        items = connection.execute(_ITEMS, {"outcome": row["id"]})
        told = {"items": [dict(item) for item in items.mappings()]}
        found.append({**row, **told, "reasons": asked.get(row["id"], [])})
    return found


def _timeline(
    connection: Connection,
    alert_id: int,
    decisions: list[dict[str, Any]],
    view: dict[str, Any] | None,
) -> list[Event]:
    """From the audit chain, with the words that were said, which the chain does not hold."""
    said = {one["id"]: one["reason"] for one in decisions}
    rows = connection.execute(_EVENTS, {"subject": f"alert:{alert_id}"})
    events = []
    found = rows.mappings().all()
    purposes = audit.said(connection, [row["sequence"] for row in found])
    for row in found:
        detail = row["detail"] or {}
        parts = [str(detail[name]) for name in ("view", "decision", "outcome") if name in detail]
        if row["action"] == "alert.assign":
            parts.append(str(detail["to"]))
        if row["action"] == "alert.decide" and detail.get("decision_id") in said:
            parts.append(said[detail["decision_id"]])
        if row["action"] == blind.ACTION and view is not None:
            parts.append(view["reason"])
        events.append(
            Event(
                row["at"],
                row["actor"],
                row["action"],
                ", ".join(parts),
                purposes.get(row["sequence"], ""),
            )
        )
    return events


def _linked(
    connection: Connection, actor: Actor, alert_id: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Other alerts of the same parties, and others tied by address, container, document.

    Of each tie the newest alone are looked up: a firm may stand in thousands of alerts.
    """
    ties = connection.execute(_TIES, {"alert": alert_id}).all()
    tied: dict[str, set[int]] = {}
    for kind, key in ties:
        asked = {"kind": kind, "key": key, "alert": alert_id, "office": actor.office}
        newest = connection.execute(_tied(actor.office is not None), asked).scalars()
        tied.setdefault(kind, set()).update(newest)
    rows = _told(connection, set().union(*tied.values()))
    found: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for parties in (True, False):
        pairs = {
            (number, kind)
            for kind, numbers in tied.items()
            if (kind in PARTIES) == parties
            for number in numbers
        }
        for number, kind in sorted(pairs, key=lambda pair: (-pair[0], pair[1]))[:LINKED_LIMIT]:
            found[0 if parties else 1].append({**rows[number], "link": kind})
    return found


def _told(connection: Connection, numbers: set[int]) -> dict[int, dict[str, Any]]:
    """What is told of an alert in another's panel, by its id."""
    if not numbers:
        return {}
    rows = connection.execute(_TOLD, {"alerts": sorted(numbers)})
    found = {row["alert_id"]: blind.veiled(dict(row)) for row in rows.mappings()}
    for one in found.values():
        for name in ("profile", "declaration", "blind"):
            del one[name]
    return found
