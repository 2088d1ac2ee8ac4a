"""The questions behind the ranked list, each built once: building one costs more than its answer.

What differs from one asking to the next is a parameter; `Shape` says which parts a
statement has.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, case, exists, func, or_, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from riskprofile.services import blind, desk
from riskprofile.store.alert_tables import Alert, Decision, Outcome, Snooze
from riskprofile.store.alerts import plain, squeezed
from riskprofile.store.office_tables import Office

_alert = Alert.__table__  # type: ignore[attr-defined]
_decision = Decision.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]
_office = Office.__table__  # type: ignore[attr-defined]
_snooze = Snooze.__table__  # type: ignore[attr-defined]

SOON = timedelta(hours=2)
LANE_ORDER = {blind.LANE: 0, "red": 1, "yellow": 2}
ME: Any = bindparam("me")
OFFICE: Any = bindparam("office")
NOW: Any = bindparam("now")
DUE: Any = bindparam("due")
LATEST: Any = bindparam("latest")
PROFILE: Any = bindparam("profile")
LANE: Any = bindparam("lane")
QUEUE: Any = bindparam("queue")
ROW = (
    "id", "record_id", "profile", "office", "lane", "queue", "points", "rank", "title",
    "reasons", "phrasing", "terms", "indicators", "due_at", "owner", "lease_until", "state",
    "created_at", "withdrawn_at", "amended_at", "blind",
)  # fmt: skip
WAITS: Any = _alert.c.blind == blind.WAITING
SEEN: Any = or_(_alert.c.blind.is_(None), _alert.c.blind != blind.WAITING)
# What waits for an own view stands before all lanes, in the order of references: neither its
# lane nor its rank may tell its place.
SHOWN_LANE: Any = case((WAITS, blind.LANE), else_=_alert.c.lane)
SHOWN_RANK: Any = case((WAITS, 0), else_=_alert.c.standing)
# Of such an alert the title is another item's: only then is the declaration read.
OF_WAITING: Any = case((WAITS, _alert.c.declaration)).label("declaration")


class Shape(NamedTuple):
    """Which conditions a statement has: of one office, lane or queue; whose; in which order."""

    office: bool
    lane: bool
    queue: bool
    owner: str
    sort: str


def parameters(name: str, office: str | None, filter: Any, now: datetime) -> dict[str, Any]:
    """Values of every statement here that a filter fills."""
    return {
        "me": name,
        "office": office,
        "now": now,
        "due": now + SOON,
        "latest": now + desk.LONGEST,
        "profile": filter.profile,
        "lane": filter.lane,
        "queue": filter.queue,
    }


def seen_from(office: Any) -> list[ColumnElement[bool]]:
    """Alerts of this office, and those of none; every one for None."""
    return [] if office is None else [or_(_alert.c.office == office, _alert.c.office.is_(None))]


def snoozed(now: Any) -> ColumnElement[bool]:
    """Alerts that somebody put aside until a time that has not come."""
    aside: ColumnElement[bool] = _alert.c.id.in_(
        select(_snooze.c.alert_id).where(_snooze.c.until > now, _snooze.c.ended_at.is_(None))
    )
    return aside


def free(now: Any, latest: Any) -> ColumnElement[bool]:
    """Alerts that nobody holds (`desk.lasts`); `latest` is `desk.LONGEST` from now."""
    until = _alert.c.lease_until
    return or_(_alert.c.owner.is_(None), until.is_(None), until <= now, until > latest)


def ordered() -> Any:
    """The decision that stands since the alert was last opened, as a scalar of the alert."""
    inner = Decision.__table__.alias()  # type: ignore[attr-defined]
    return (
        select(inner.c.decision)
        .where(inner.c.alert_id == _alert.c.id, inner.c.undone_at.is_(None))
        .order_by(inner.c.id.desc())
        .limit(1)
        .correlate(_alert)
        .scalar_subquery()
        .label("decision")
    )


def standing_id() -> Any:
    """Id of the alert's latest decision that was not undone, as a scalar of the alert."""
    inner = Decision.__table__.alias()  # type: ignore[attr-defined]
    return (
        select(func.max(inner.c.id))
        .where(inner.c.alert_id == _alert.c.id, inner.c.undone_at.is_(None))
        .correlate(_alert)
        .scalar_subquery()
    )


def unconfirmed() -> tuple[ColumnElement[bool], ...]:
    """An outcome that closed its alert and that no second person has confirmed."""
    later = Outcome.__table__.alias()  # type: ignore[attr-defined]
    newer = exists().where(later.c.alert_id == _outcome.c.alert_id, later.c.id > _outcome.c.id)
    closed_it = (_alert.c.state == "closed") & (_alert.c.closed_at == _outcome.c.at)
    return (_outcome.c.confirmed_at.is_(None), closed_it, ~newer)


def pending_release() -> tuple[ColumnElement[bool], ...]:
    """A release that stands, waits for a second person, and that no later decision replaced."""
    return (
        _decision.c.decision == "release",
        _decision.c.second.is_(None),
        _decision.c.undone_at.is_(None),
        _alert.c.state == "open",
        _decision.c.id == standing_id(),
    )


def searched(text: str) -> list[ColumnElement[bool]]:
    """Alerts that hold every word, or the code however it is spaced; every one for no text."""
    if not (asked := plain(text)):
        return []
    words = and_(*[_alert.c.search.contains(w, autoescape=True) for w in asked.split()])
    code = squeezed(asked)
    return [or_(words, _alert.c.search.contains(code, autoescape=True)) if code else words]


def _state(owner: str) -> list[ColumnElement[bool]]:
    if owner == "closed":
        return [_alert.c.state == "closed"]
    return [_alert.c.state == "open", snoozed(NOW) if owner == "snoozed" else ~snoozed(NOW)]


def _chosen(shape: Shape) -> list[ColumnElement[bool]]:
    """What the filters leave, but for profile, office and lane."""
    found = _state(shape.owner)
    if shape.queue:  # a queue is named after the signs that fired
        found += [_alert.c.queue == QUEUE, SEEN]
    if shape.owner == "mine_or_free":
        found.append(or_(free(NOW, LATEST), _alert.c.owner == ME))
    if shape.owner == "mine":
        found.append(_alert.c.owner == ME)
    return found


def where(shape: Shape) -> list[ColumnElement[bool]]:
    """All conditions of a filter but its words."""
    found = [_alert.c.profile == PROFILE]
    found += seen_from(OFFICE if shape.office else None)
    found += [SHOWN_LANE == LANE] if shape.lane else []
    return found + _chosen(shape)


def order(shape: Shape) -> list[Any]:
    """The order of the list."""
    if shape.owner == "closed":
        return [_alert.c.closed_at.desc(), _alert.c.id.desc()]
    lane = case(LANE_ORDER, value=SHOWN_LANE, else_=9)
    ranked = [lane, SHOWN_RANK, _alert.c.record_id, _alert.c.id]
    if shape.sort == "time_left":
        return [_alert.c.due_at.is_(None), _alert.c.due_at, *ranked]
    return ranked


@cache
def rows(shape: Shape) -> Select[Any]:
    """One page of the list, out of every row that the filters leave: `size`, `skip`."""
    asked = select(*[_alert.c[name] for name in ROW], OF_WAITING, ordered()).where(*where(shape))
    return asked.order_by(*order(shape)).limit(bindparam("size")).offset(bindparam("skip"))


@cache
def rows_of_lane(shape: Shape, waits: bool = False) -> Select[Any]:
    """The first of one lane of an office, by standing: `size`, `skip`, `upto` (their sum).

    Each part comes in the order of an index and stops early, however many are open.

    Parameters
    ----------
    waits : bool
        Those that wait for an own view, whatever their lane, by reference.
    """
    columns = [*[_alert.c[name] for name in ROW], _alert.c.standing, OF_WAITING, ordered()]
    by = ("record_id", "id") if waits else ("standing", "record_id", "id")
    last = [_alert.c[name] for name in by]
    lane = [WAITS] if waits else [_alert.c.lane == LANE, SEEN]
    parts = [
        select(*columns)
        .where(_alert.c.profile == PROFILE, here)
        .where(*lane, *_chosen(shape))
        .order_by(*last)
        .limit(bindparam("upto"))
        .subquery()
        for here in (_alert.c.office == OFFICE, _alert.c.office.is_(None))
    ]
    found = union_all(*[select(part) for part in parts]).subquery()
    told = [one for one in found.c if one.name != "standing"]
    asked = select(*told).order_by(*[found.c[name] for name in by])
    return asked.limit(bindparam("size")).offset(bindparam("skip"))


@cache
def newer(shape: Shape) -> Select[Any]:
    """How many are newer than `change`, how many of these are red, and when the first of the red
    ones and of all arrive. What waits for an own view is of no lane.
    """
    red = and_(_alert.c.lane == "red", SEEN)
    comes = case((_alert.c.due_at >= NOW, _alert.c.due_at))
    told = [func.count(), func.sum(case((red, 1), else_=0))]
    told += [func.min(case((red, comes))), func.min(comes)]
    asked = select(*told)
    return asked.select_from(_alert).where(*where(shape)).where(_alert.c.id > bindparam("change"))


@cache
def counts(office: bool, owner: str) -> Any:
    """How many there are by lane, queue, owner, lease and draw, which no filter has cut.

    `soon` are due within two hours; `waiting_since` is the oldest. Each part is read from
    an index in its own order, so nothing is sorted.
    """
    if not office:
        return _counted(owner)
    heres = (_alert.c.office == OFFICE, _alert.c.office.is_(None))
    return union_all(*[_counted(owner, here) for here in heres])


def counts_of(office: bool, owner: str, words: list[ColumnElement[bool]]) -> Select[Any]:
    """`counts` of those that hold the words."""
    return _counted(owner, *seen_from(OFFICE if office else None), *words)


def _counted(owner: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    groups = [_alert.c[name] for name in ("lane", "queue", "owner", "lease_until", "blind")]
    soon = case((and_(_alert.c.due_at >= NOW, _alert.c.due_at < DUE), 1), else_=0)
    return (
        select(
            *groups,
            func.count().label("alerts"),
            func.sum(soon).label("soon"),
            func.min(_alert.c.created_at).label("waiting_since"),
        )
        .where(_alert.c.profile == PROFILE, *_state(owner), *conditions)
        .group_by(*groups)
    )


HIGHEST = select(func.max(_alert.c.id))
OFFICES = select(_office.c.capacity, _office.c.zone).where(_office.c.code.is_not(None))
ONE_OFFICE = select(_office.c.capacity, _office.c.zone).where(_office.c.code == OFFICE)
RESULTS = (
    select(_outcome.c.outcome)
    .where(
        _outcome.c.outcome != "not_examined",
        exists().where(
            _decision.c.alert_id == _outcome.c.alert_id,
            _decision.c.officer == ME,
            _decision.c.undone_at.is_(None),
        ),
    )
    .order_by(_outcome.c.id.desc())
    .limit(20)
)


@cache
def examined(office: bool) -> Select[Any]:
    """Alerts ordered to be examined since `midnight`."""
    return (
        select(func.count(func.distinct(_decision.c.alert_id)))
        .select_from(_decision.join(_alert, _alert.c.id == _decision.c.alert_id))
        .where(
            *seen_from(OFFICE if office else None),
            _decision.c.decision == "examine",
            _decision.c.undone_at.is_(None),
            _decision.c.at >= bindparam("midnight"),
        )
    )


@cache
def aside(office: bool, profile: bool) -> Select[Any]:
    """How many open alerts are put aside until a time that has not come."""
    mine = [*seen_from(OFFICE if office else None)]
    mine += [_alert.c.profile == PROFILE] if profile else []
    return (
        select(func.count(_snooze.c.alert_id.distinct()))
        .select_from(_snooze)
        .where(_snooze.c.until > NOW, _snooze.c.ended_at.is_(None))
        .where(exists().where(_alert.c.id == _snooze.c.alert_id, _alert.c.state == "open", *mine))
    )


@cache
def to_confirm(office: bool) -> Select[Any]:
    """Outcomes and releases of others that wait for a second person, as two counts."""
    # The few that wait are looked up in turn: a join would read every alert of the office.
    seen = seen_from(OFFICE if office else None)
    outcomes = (
        select(func.count())
        .select_from(_outcome)
        .where(_outcome.c.confirmed_at.is_(None), _outcome.c.officer != ME)
        .where(exists().where(_alert.c.id == _outcome.c.alert_id, *seen, *unconfirmed()))
    )
    releases = (
        select(func.count())
        .select_from(_decision)
        .where(_decision.c.decision == "release", _decision.c.officer != ME)
        .where(exists().where(_alert.c.id == _decision.c.alert_id, *seen, *pending_release()))
    )
    return select(outcomes.scalar_subquery(), releases.scalar_subquery())
