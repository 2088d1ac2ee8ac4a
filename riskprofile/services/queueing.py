"""The ranked list: one filter behind the list, its counts, the search and "next"."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, case, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from riskprofile.profiles import PROFILES
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.alerts import plain, squeezed
from riskprofile.store.database import Store
from riskprofile.store.tables import Alert, Decision, Office, Outcome, Snooze

_alert = Alert.__table__  # type: ignore[attr-defined]
_decision = Decision.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]
_office = Office.__table__  # type: ignore[attr-defined]
_snooze = Snooze.__table__  # type: ignore[attr-defined]

PAGE_LIMIT = 500
SOON = timedelta(hours=2)
DEFAULT_CAPACITY = 40
LANE_ORDER = {"red": 0, "yellow": 1}

Owner = Literal["mine_or_free", "open", "snoozed", "closed"]


@dataclass(frozen=True)
class QueueFilter:
    """What of the queue to show. None means all; `page_size` is at most 500."""

    profile: str
    lane: str | None = None
    queue: str | None = None
    owner: Owner = "mine_or_free"
    search: str = ""
    office: str | None = None
    sort: Literal["rank", "time_left"] = "rank"
    page: int = 0
    page_size: int = 100


@dataclass(frozen=True)
class QueueRow:
    """One line of the list. `waiting` is "", "outcome" or "second person"."""

    id: int
    record_id: str
    profile: str
    office: str | None
    lane: str
    queue: str
    points: int | None
    rank: int
    title: str
    reasons: list[dict[str, Any]]
    indicators: list[dict[str, Any]]
    due_at: datetime | None
    owner: str | None  # who holds it now; None when it is free
    lease_until: datetime | None
    state: str
    created_at: datetime
    withdrawn_at: datetime | None  # its sender cancelled the declaration; it stays open
    decision: str | None  # the latest that stands
    waiting: str

    @property
    def because(self) -> list[str]:
        """The two sentences to show: an indicator that fired, then reasons by their points."""
        fired = [str(one["text"]) for one in self.indicators if one.get("text")]
        raised = [one for one in self.reasons if one.get("term") != "base" and one.get("text")]
        raised.sort(key=lambda one: -float(one.get("points") or 0))
        return [*fired[:1], *[str(one["text"]) for one in raised], *fired[1:]][:2]


@dataclass(frozen=True)
class QueuePage:
    """One page of the list, and what the filters would show.

    Each count leaves out its own filter: `lanes` are the numbers behind the lane
    buttons under the chosen queue and owner. Open and closed alerts are counted apart, each
    when it is looked at. `change` is the highest alert id in
    sight: when `latest` gives a higher one, something new has come.
    """

    rows: list[QueueRow]
    total: int
    lanes: dict[str, int] = field(default_factory=dict)
    queues: dict[str, int] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    change: int = 0
    cells: tuple[Any, ...] = ()  # the counts behind all of these, for `figures` to use again


@dataclass(frozen=True)
class Figures:
    """The figures of the shift, for the offices that the actor may see."""

    red_free: int
    due_soon: int
    mine: int
    oldest_waiting: timedelta | None
    examined_today: int
    capacity: int
    last_examinations: int
    last_finds: int
    to_confirm: int

    @property
    def left_today(self) -> int:
        """Examinations that can still be made today."""
        return max(0, self.capacity - self.examined_today)


def queue(store: Store, actor: Actor, filter: QueueFilter, now: datetime) -> QueuePage:
    """One page of the queue, by lane, then rank, ties by record (or by time left).

    Closed alerts come the last closed first.
    """
    authorise(actor, "queue.look", filter.office)
    size = max(1, min(filter.page_size, PAGE_LIMIT))
    with store.read() as connection:
        rows = (
            connection.execute(
                select(*_ROW)
                .where(*_where(actor, filter, now))
                .order_by(*_order(filter))
                .limit(size)
                .offset(max(0, filter.page) * size)
            )
            .mappings()
            .all()
        )
        cells = _cells(connection, actor, filter, now)
        change = _highest(connection) if cells else 0
    lanes, queues, owners, total = _counts(cells, filter)
    found = [_row(row, now) for row in rows]
    return QueuePage(found, total, lanes, queues, owners, change, cells)


def latest(store: Store, actor: Actor, filter: QueueFilter) -> int:
    """The highest alert id that the actor may see in this profile: a cheap "is there news"."""
    authorise(actor, "queue.look", filter.office)
    with store.read() as connection:
        return _latest(connection, actor, filter)


def new_since(store: Store, actor: Actor, filter: QueueFilter, change: int, now: datetime) -> int:
    """How many alerts under this filter are newer than a page's `change`."""
    authorise(actor, "queue.look", filter.office)
    with store.read() as connection:
        if _highest(connection) <= change:
            return 0
        count = connection.execute(
            select(func.count())
            .select_from(_alert)
            .where(*_where(actor, filter, now), _alert.c.id > change)
        ).scalar_one()
    return int(count)


def next_free(
    store: Store, actor: Actor, filter: QueueFilter, after: int | None, now: datetime
) -> int | None:
    """The alert to take next: the first free one after `after`, else the first of all."""
    authorise(actor, "queue.look", filter.office)
    with store.read() as connection:
        rows = connection.execute(
            select(_alert.c.id, _free(now), _ordered())
            .where(or_(and_(*_where(actor, filter, now)), _alert.c.id == after))
            .order_by(*_order(filter))
        ).all()
    # What has been ordered and waits for its result is nobody's next.
    ids = [row[0] for row in rows if (row[1] and row[2] is None) or row[0] == after]
    free = [one for one in ids if one != after]
    if after in ids and (later := ids[ids.index(after) + 1 :]):
        return int(later[0])
    return int(free[0]) if free else None


def figures(
    store: Store,
    actor: Actor,
    now: datetime,
    profile: str | None = None,
    page: QueuePage | None = None,
) -> Figures:
    """The strip above the list.

    Parameters
    ----------
    page : QueuePage, optional
        The open queue of the same profile, just read with no word searched for: what it
        counted is not counted again.
    """
    authorise(actor, "queue.look")
    with store.read() as connection:
        cells = page.cells if page is not None else ()
        if page is None:
            for name in [profile] if profile else list(PROFILES):
                cells += _cells(connection, actor, QueueFilter(name, owner="open"), now)
        offices = connection.execute(
            select(_office.c.capacity, _office.c.zone).where(
                _office.c.code == actor.office if actor.office else _office.c.code.is_not(None)
            )
        ).all()
        zone = ZoneInfo(offices[0][1]) if len(offices) == 1 else ZoneInfo("UTC")
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        examined = connection.execute(
            select(func.count(func.distinct(_decision.c.alert_id)))
            .select_from(_decision.join(_alert, _alert.c.id == _decision.c.alert_id))
            .where(
                *visible(actor),
                _decision.c.decision == "examine",
                _decision.c.undone_at.is_(None),
                _decision.c.at >= midnight,
            )
        ).scalar_one()
        results = (
            connection.execute(
                select(_outcome.c.outcome)
                .where(
                    _outcome.c.outcome != "not_examined",
                    exists().where(
                        _decision.c.alert_id == _outcome.c.alert_id,
                        _decision.c.officer == actor.name,
                        _decision.c.undone_at.is_(None),
                    ),
                )
                .order_by(_outcome.c.id.desc())
                .limit(20)
            )
            .scalars()
            .all()
        )
        to_confirm = count_to_confirm(connection, actor)
    waiting = [one.waiting_since for one in cells if one.waiting_since is not None]
    oldest = min(waiting, default=None)
    return Figures(
        red_free=sum(one.count for one in cells if one.lane == "red" and one.whose == "free"),
        due_soon=sum(one.soon for one in cells),
        mine=sum(one.count for one in cells if one.whose == "mine"),
        oldest_waiting=None if oldest is None else max(timedelta(), now - oldest),
        examined_today=int(examined),
        capacity=sum(office[0] for office in offices) if offices else DEFAULT_CAPACITY,
        last_examinations=len(results),
        last_finds=sum(1 for outcome in results if outcome == "trafficking"),
        to_confirm=to_confirm,
    )


def count_to_confirm(connection: Connection, actor: Actor) -> int:
    """Entries of others that wait for a second person, in the offices of the actor."""
    # The few that wait are looked up in turn: a join would read every alert of the office.
    outcomes = connection.execute(
        select(func.count())
        .select_from(_outcome)
        .where(_outcome.c.confirmed_at.is_(None), _outcome.c.officer != actor.name)
        .where(exists().where(_alert.c.id == _outcome.c.alert_id, *visible(actor), *unconfirmed()))
    ).scalar_one()
    releases = connection.execute(
        select(func.count())
        .select_from(_decision)
        .where(_decision.c.decision == "release", _decision.c.officer != actor.name)
        .where(
            exists().where(_alert.c.id == _decision.c.alert_id, *visible(actor), *pending_release())
        )
    ).scalar_one()
    return int(outcomes) + int(releases)


def unconfirmed() -> tuple[ColumnElement[bool], ...]:
    """An outcome that closed its alert and that no second person has confirmed."""
    later = Outcome.__table__.alias()  # type: ignore[attr-defined]
    newer = exists().where(later.c.alert_id == _outcome.c.alert_id, later.c.id > _outcome.c.id)
    return (_outcome.c.confirmed_at.is_(None), _alert.c.state == "closed", ~newer)


def pending_release() -> tuple[ColumnElement[bool], ...]:
    """A release that stands, waits for a second person, and that no later decision replaced."""
    return (
        _decision.c.decision == "release",
        _decision.c.second.is_(None),
        _decision.c.undone_at.is_(None),
        _alert.c.state == "open",
        _decision.c.id == _standing_id(),
    )


def visible(actor: Actor, office: str | None = None) -> list[ColumnElement[bool]]:
    """Alerts of the actor's office (or of the chosen one), and those of none."""
    chosen = actor.office or office
    if chosen is None:
        return []
    return [or_(_alert.c.office == chosen, _alert.c.office.is_(None))]


def snoozed(now: datetime) -> ColumnElement[bool]:
    """Alerts that somebody put aside until a time that has not come."""
    aside: ColumnElement[bool] = _alert.c.id.in_(
        select(_snooze.c.alert_id).where(_snooze.c.until > now, _snooze.c.ended_at.is_(None))
    )
    return aside


def _held(now: datetime) -> ColumnElement[bool]:
    return and_(_alert.c.owner.is_not(None), _alert.c.lease_until > now)


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(
        _alert.c.owner.is_(None), _alert.c.lease_until.is_(None), _alert.c.lease_until <= now
    )


def _standing_id() -> Any:
    """Id of the alert's latest decision that was not undone, as a scalar of the alert."""
    inner = Decision.__table__.alias()  # type: ignore[attr-defined]
    return (
        select(func.max(inner.c.id))
        .where(inner.c.alert_id == _alert.c.id, inner.c.undone_at.is_(None))
        .correlate(_alert)
        .scalar_subquery()
    )


def _ordered() -> Any:
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


_ROW = [
    *[
        _alert.c[name]
        for name in (
            "id", "record_id", "profile", "office", "lane", "queue", "points", "rank", "title",
            "reasons", "indicators", "due_at", "owner", "lease_until", "state", "created_at",
            "withdrawn_at",
        )
    ],
    _ordered(),
]  # fmt: skip


def _row(row: Any, now: datetime) -> QueueRow:
    given = dict(row)
    if given["lease_until"] is None or given["lease_until"] <= now:
        given["owner"] = given["lease_until"] = None
    waiting = ""
    if given["state"] == "open" and given["decision"]:
        waiting = "second person" if given["decision"] == "release" else "outcome"
    given["reasons"] = given["reasons"] or []
    given["indicators"] = given["indicators"] or []
    return QueueRow(**given, waiting=waiting)


def _where(
    actor: Actor, filter: QueueFilter, now: datetime, facets: bool = True
) -> list[ColumnElement[bool]]:
    found = [_alert.c.profile == filter.profile, *visible(actor, filter.office)]
    if asked := plain(filter.search):
        words = and_(*[_alert.c.search.contains(w, autoescape=True) for w in asked.split()])
        code = squeezed(asked)  # a container number is found however it is spaced
        found.append(or_(words, _alert.c.search.contains(code, autoescape=True)) if code else words)
    if not facets:
        return found
    if filter.lane is not None:
        found.append(_alert.c.lane == filter.lane)
    if filter.queue is not None:
        found.append(_alert.c.queue == filter.queue)
    if filter.owner == "closed":
        found.append(_alert.c.state == "closed")
    else:
        found.append(_alert.c.state == "open")
        found.append(snoozed(now) if filter.owner == "snoozed" else ~snoozed(now))
    if filter.owner == "mine_or_free":
        found.append(or_(_free(now), _alert.c.owner == actor.name))
    return found


def _order(filter: QueueFilter) -> list[Any]:
    if filter.owner == "closed":
        return [_alert.c.closed_at.desc(), _alert.c.id.desc()]
    lane = case(LANE_ORDER, value=_alert.c.lane, else_=9)
    ranked = [lane, _alert.c.rank, _alert.c.record_id, _alert.c.id]
    if filter.sort == "time_left":
        return [_alert.c.due_at.is_(None), _alert.c.due_at, *ranked]
    return ranked


def _cells(
    connection: Connection, actor: Actor, filter: QueueFilter, now: datetime
) -> tuple[Any, ...]:
    """What the filters could show, counted once: by lane, queue and whose they are.

    A row has `lane, queue, whose` ("mine", "free", "others"), `count`, `soon` (due within
    two hours) and `waiting_since` (the oldest, of those that are free).
    """
    closed, aside = filter.owner == "closed", filter.owner == "snoozed"
    whose = case(
        (_free(now), "free"), (_alert.c.owner == actor.name, "mine"), else_="others"
    ).label("whose")
    soon = case((and_(_alert.c.due_at >= now, _alert.c.due_at < now + SOON), 1), else_=0)
    oldest = func.min(case((_free(now), _alert.c.created_at)))
    found = connection.execute(
        select(
            _alert.c.lane,
            _alert.c.queue,
            whose,
            func.count().label("count"),
            func.sum(soon).label("soon"),
            oldest.label("waiting_since"),
        )
        .where(
            *_where(actor, filter, now, facets=False),
            _alert.c.state == ("closed" if closed else "open"),
            *([] if closed else [snoozed(now) if aside else ~snoozed(now)]),
        )
        .group_by(_alert.c.lane, _alert.c.queue, whose)
    )
    return tuple(found.all())


def _counts(
    cells: tuple[Any, ...], filter: QueueFilter
) -> tuple[dict[str, int], dict[str, int], dict[str, int], int]:
    lanes: dict[str, int] = {}
    queues: dict[str, int] = {}
    apart = filter.owner in ("closed", "snoozed")
    owners: dict[str, int] = {filter.owner: 0} if apart else {"mine_or_free": 0, "open": 0}
    for lane, name, whose, count, *_ in cells:
        workable = whose in ("mine", "free")
        in_lane = filter.lane in (None, lane)
        in_queue = filter.queue in (None, name)
        in_owner = filter.owner != "mine_or_free" or workable
        if in_queue and in_owner:
            lanes[lane] = lanes.get(lane, 0) + count
        if in_lane and in_owner:
            queues[name] = queues.get(name, 0) + count
        if in_lane and in_queue:
            for told in owners:
                owners[told] += count if told != "mine_or_free" or workable else 0
    return lanes, queues, owners, owners[filter.owner]


def _highest(connection: Connection) -> int:
    """The highest alert id of all: what comes later has a higher one."""
    return int(connection.execute(select(func.max(_alert.c.id))).scalar() or 0)


def _latest(connection: Connection, actor: Actor, filter: QueueFilter) -> int:
    return int(
        connection.execute(
            select(_alert.c.id)
            .where(_alert.c.profile == filter.profile, *visible(actor, filter.office))
            .order_by(_alert.c.id.desc())
            .limit(1)
        ).scalar()
        or 0
    )
