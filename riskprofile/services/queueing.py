"""The ranked list: one filter behind the list, its counts, the search and "next"."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from riskprofile.errors import Damaged
from riskprofile.profiles import PROFILES
from riskprofile.services import blind, desk
from riskprofile.services import queue_statements as statements
from riskprofile.services.queue_statements import LANE_ORDER, Shape
from riskprofile.services.rights import Actor, authorise
from riskprofile.store import phrasings
from riskprofile.store.database import Store
from riskprofile.store.office_tables import CAPACITY

PAGE_LIMIT = 500
SHOWN = 3  # reasons that two sentences are taken of: one may be where every declaration starts

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
    """One line of the list. `waiting` is "", "outcome" or "second person".

    `reasons` are the strongest of those for it. While `blind`, it waits for an officer's own view:
    nothing of its rating is here. Of one that is `damaged` its reasons cannot be read.
    """

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
    amended_at: datetime | None  # something else is declared since; it stays open
    decision: str | None  # the latest that stands
    waiting: str
    blind: bool = False
    damaged: bool = False

    @property
    def because(self) -> list[str]:
        """The two sentences to show: an indicator that fired, then reasons by their points."""
        fired = [str(one["text"]) for one in self.indicators if one.get("text")]
        raised = [one for one in self.reasons if one.get("term") != "base" and one.get("text")]
        raised.sort(key=lambda one: -float(one.get("points") or 0))
        return [*fired[:1], *[str(one["text"]) for one in raised], *fired[1:]][:2]


class Cell(NamedTuple):
    """Alerts of one lane, queue and kind of holder: "mine", "free" or "others".

    Those that wait for an own view are of no lane and no queue (`services.blind.LANE`, "").

    `soon` of them are due within two hours; `waiting_since` is the oldest of the free.
    """

    lane: str
    queue: str
    whose: str
    alerts: int
    soon: int
    waiting_since: datetime | None


@dataclass(frozen=True)
class QueuePage:
    """One page of the list, and what the filters would show.

    Each count leaves out its own filter: `lanes` are the numbers behind the lane
    buttons under the chosen queue and owner. Open and closed alerts are counted apart, each
    when it is looked at. `change` is the highest alert id: `new_since` counts what came after it.
    """

    rows: list[QueueRow]
    total: int
    lanes: dict[str, int] = field(default_factory=dict)
    queues: dict[str, int] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    change: int = 0
    cells: tuple[Cell, ...] = ()  # the counts behind all of these, for `figures` to use again


@dataclass(frozen=True)
class New:
    """Alerts that came since a list was taken, and how many of them are red.

    `due_at` is when the first of the red ones arrives, or the first of all where none is red;
    None where no such time is known or to come.
    """

    count: int
    red: int = 0
    due_at: datetime | None = None


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
    snoozed: int

    @property
    def left_today(self) -> int:
        """Examinations that can still be made today."""
        return max(0, self.capacity - self.examined_today)


def queue(store: Store, actor: Actor, filter: QueueFilter, now: datetime) -> QueuePage:
    """One page of the queue, by lane, then rank, ties by record (or by time left).

    What waits for an officer's own view stands before all lanes, by record. Closed alerts
    come the last closed first.
    """
    authorise(actor, "queue.look", filter.office)
    size = max(1, min(filter.page_size, PAGE_LIMIT))
    with store.read() as connection:
        cells = _cells(connection, actor, filter, now)
        lanes, queues, owners, total = _counts(cells, filter)
        rows = _rows(connection, actor, filter, now, lanes, size)
        change = _highest(connection) if cells else 0
        found = [_row(connection, row, now) for row in rows]
    return QueuePage(found, total, lanes, queues, owners, change, cells)


def awaiting(store: Store, actor: Actor, profile: str, now: datetime) -> list[QueueRow]:
    """Ordered controls that this person holds, the most urgent first, at most 500: however many
    alerts of others, and free ones, stand before them.
    """
    authorise(actor, "queue.look")
    shape = Shape(bool(actor.office), False, False, "mine", "rank")
    values = {**_values(actor, QueueFilter(profile), now), "size": PAGE_LIMIT, "skip": 0}
    with store.read() as connection:
        rows = connection.execute(statements.rows(shape), values).mappings()
        found = [_row(connection, row, now) for row in rows]
    return [one for one in found if one.owner == actor.name and one.waiting == "outcome"]


def new_since(store: Store, actor: Actor, filter: QueueFilter, change: int, now: datetime) -> New:
    """What alerts under this filter are newer than a page's `change`."""
    authorise(actor, "queue.look", filter.office)
    with store.read() as connection:
        if _highest(connection) <= change:
            return New(0)
        asked = statements.newer(_shape(actor, filter))
        if filter.search:
            asked = asked.where(*statements.searched(filter.search))
        told = connection.execute(asked, {**_values(actor, filter, now), "change": change})
        count, red, first_red, first = told.one()
    return New(int(count), int(red or 0), first_red if red else first)


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
        values = {"me": actor.name, "office": actor.office}
        asked = statements.ONE_OFFICE if actor.office else statements.OFFICES
        offices = connection.execute(asked, values).all()
        zone = ZoneInfo(offices[0][1]) if len(offices) == 1 else ZoneInfo("UTC")
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        mine = actor.office is not None
        examined = connection.execute(
            statements.examined(mine), {**values, "midnight": midnight}
        ).scalar_one()
        results = connection.execute(statements.RESULTS, values).scalars().all()
        to_confirm = sum(connection.execute(statements.to_confirm(mine), values).one())
        aside = statements.aside(mine, profile is not None)
        snoozed = connection.execute(aside, {**values, "now": now, "profile": profile}).scalar_one()
    waiting = [one.waiting_since for one in cells if one.waiting_since is not None]
    oldest = min(waiting, default=None)
    return Figures(
        red_free=sum(one.alerts for one in cells if one.lane == "red" and one.whose == "free"),
        due_soon=sum(one.soon for one in cells),
        mine=sum(one.alerts for one in cells if one.whose == "mine"),
        oldest_waiting=None if oldest is None else max(timedelta(), now - oldest),
        examined_today=int(examined),
        capacity=sum(office[0] for office in offices) if offices else CAPACITY,
        last_examinations=len(results),
        last_finds=sum(1 for outcome in results if outcome == "trafficking"),
        to_confirm=to_confirm,
        snoozed=int(snoozed),
    )


def _shape(actor: Actor, filter: QueueFilter) -> Shape:
    return Shape(
        bool(actor.office or filter.office),
        filter.lane is not None,
        filter.queue is not None,
        filter.owner,
        filter.sort,
    )


def _values(actor: Actor, filter: QueueFilter, now: datetime) -> dict[str, Any]:
    return statements.parameters(actor.name, actor.office or filter.office, filter, now)


def _rows(
    connection: Connection,
    actor: Actor,
    filter: QueueFilter,
    now: datetime,
    lanes: dict[str, int],
    size: int,
) -> list[Any]:
    """The rows of one page; `lanes` says how many the filter leaves in each lane."""
    shape, values = _shape(actor, filter), _values(actor, filter, now)
    skip = max(0, filter.page) * size
    ranked = shape.sort == "rank" and shape.owner != "closed"
    if not (ranked and shape.office) or filter.search:
        asked = statements.rows(shape)
        if filter.search:
            asked = asked.where(*statements.searched(filter.search))
        found = connection.execute(asked, {**values, "size": size, "skip": skip})
        return list(found.mappings())
    rows: list[Any] = []
    wanted = [filter.lane] if filter.lane else sorted(lanes, key=lambda n: LANE_ORDER.get(n, 9))
    for lane in wanted:
        left = size - len(rows)
        held = lanes.get(lane, 0)
        if left and skip < held:
            here = {**values, "lane": lane, "size": left, "skip": skip, "upto": left + skip}
            asked = statements.rows_of_lane(shape, lane == blind.LANE)
            found = connection.execute(asked, here)
            rows += found.mappings()
        skip = max(0, skip - held)
    return rows


def _row(connection: Connection, row: Any, now: datetime) -> QueueRow:
    damaged = False
    try:
        raising, _ = phrasings.told(connection, row, SHOWN)
    except Damaged:  # one line says so: all others of its page can be worked
        raising, damaged = [], True
    given = {**blind.veiled({**row, "reasons": raising}), "blind": blind.waits(row)}
    for name in ("declaration", "phrasing", "terms"):
        del given[name]
    if desk.holder(given, now) is None:
        given["owner"] = given["lease_until"] = None
    waiting = ""
    if given["state"] == "open" and given["decision"]:
        waiting = "second person" if given["decision"] == "release" else "outcome"
    given["indicators"] = given["indicators"] or []
    return QueueRow(**given, waiting=waiting, damaged=damaged)


def _cells(
    connection: Connection, actor: Actor, filter: QueueFilter, now: datetime
) -> tuple[Cell, ...]:
    """What the filters could show, counted once."""
    office = bool(actor.office or filter.office)
    if words := statements.searched(filter.search):
        asked = statements.counts_of(office, filter.owner, words)
    else:
        asked = statements.counts(office, filter.owner)
    found: dict[tuple[str, str, str], Cell] = {}
    rows = connection.execute(asked, _values(actor, filter, now))
    for lane, name, owner, until, drawn, number, soon, oldest in rows:
        waits = drawn == blind.WAITING
        lane, name = (blind.LANE, "") if waits else (lane, name)
        whose = "mine" if owner == actor.name else "others"
        if owner is None or not desk.lasts(until, now):
            whose = "free"
        since = oldest if whose == "free" else None
        key = (lane, name, whose)
        kept = found.get(key, Cell(*key, 0, 0, since))
        if since is not None and kept.waiting_since is not None:
            since = min(since, kept.waiting_since)
        found[key] = Cell(*key, kept.alerts + number, kept.soon + int(soon), since)
    return tuple(found.values())


def _counts(
    cells: tuple[Cell, ...], filter: QueueFilter
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
        if in_lane and in_owner and name:
            queues[name] = queues.get(name, 0) + count
        if in_lane and in_queue:
            for told in owners:
                owners[told] += count if told != "mine_or_free" or workable else 0
    return lanes, queues, owners, owners[filter.owner]


def _highest(connection: Connection) -> int:
    """The highest alert id of all: what comes later has a higher one."""
    return int(connection.execute(statements.HIGHEST).scalar() or 0)
