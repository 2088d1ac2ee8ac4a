"""What a supervisor sees of the offices: load, ageing, overrides, and whether officers only nod.

Two measures tell whether the list decides instead of the officer. *Own view first*: how
often a view that was said without the rating agrees with the lane, beside how often the
first decision on alerts of the same draw does that were shown with it. *Known negatives*:
how often alerts are examined that the list did not rate red and that chance brought into
the red lane, beside how often those are that it did rate red. Both are of offices and
shifts, never of a person.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, case, func, or_, select

from riskprofile.scoring import control
from riskprofile.services import blind
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.desk import audit_table as _audit
from riskprofile.services.desk import decision_table as _decision
from riskprofile.services.queue_statements import SEEN, WAITS
from riskprofile.services.queueing import snoozed, visible
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.database import Store
from riskprofile.store.tables import Decision, FirstView, Office, Outcome

_office = Office.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]
_view = FirstView.__table__  # type: ignore[attr-defined]

ACTION = "board.look"
SHIFT, EIGHT = timedelta(hours=24), timedelta(hours=8)
SHIFT_HOURS = (6, 14, 22)  # when a shift takes over, on the office's clock
PAST, DRAWN = timedelta(days=7), timedelta(days=90)
# Agreement above this, over so many decisions made this fast, is nodding and not reading
# (design requirement after CJEU C-634/21: a person must decide in substance).
AGREES, DECISIONS, DWELL = 0.95, 100, timedelta(seconds=20)
LEAST = 20  # views, and decisions beside them, under which no gap is told
AS_RATED = {"red": ("examine",), "yellow": ("documents", "scan")}


@dataclass(frozen=True)
class Load:
    """One office: what is open, what is late, and what is left of today's examinations.

    `cut` is by profile the fewest points that made one of its open alerts red, for each has points
    on a scale of its own: where today's list is cut. What an indicator or chance made red may have
    fewer, and says nothing of it. `blind` of the open alerts wait for an officer's own view, and
    are in neither lane.
    """

    code: str
    name: str
    zone: str
    capacity: int
    examined: int
    red: int
    yellow: int
    late: int
    snoozed: int
    oldest: timedelta | None
    cut: Mapping[str, int]
    blind: int = 0

    @property
    def left(self) -> int:
        """Examinations that can still be made today."""
        return max(0, self.capacity - self.examined)


@dataclass(frozen=True)
class Meter:
    """How decisions of a time stand to the rating. Of the office, never of a person."""

    decisions: int
    agreed: int
    dwell: timedelta | None  # median, since the alert was opened

    @property
    def alarm(self) -> bool:
        """Whether agreement and haste together ask for a talk."""
        return (
            self.decisions >= DECISIONS
            and self.agreed > AGREES * self.decisions
            and self.dwell is not None
            and self.dwell < DWELL
        )


@dataclass(frozen=True)
class Share:
    """`count` of `total`, and Wilson's 95 % interval of their share (NaN of none)."""

    count: int
    total: int

    @property
    def share(self) -> float:
        """In [0, 1]; NaN of none."""
        return self.count / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Both ends, in [0, 1]."""
        if not self.total:
            return math.nan, math.nan
        low, high = control.wilson(self.share, self.total)
        return float(min(low, self.share)), float(max(high, self.share))


def gap(upper: Share, lower: Share) -> tuple[float, float, float] | None:
    """How much the first share is above the second, with a 95 % interval; None while too few.

    The interval is Newcombe's (1998, method 10), from Wilson's of both.
    """
    if min(upper.total, lower.total) < LEAST:
        return None
    (low_1, high_1), (low_2, high_2) = upper.interval, lower.interval
    by = upper.share - lower.share
    down = math.hypot(upper.share - low_1, high_2 - lower.share)
    up = math.hypot(high_1 - upper.share, lower.share - low_2)
    return by, by - down, by + up


@dataclass(frozen=True)
class Bias:
    """Agreement with the lane without the rating and in sight of it, of the last 90 days.

    `own` are views said first, `seen` first decisions on alerts of the same draw that were
    shown with their rating: both without random controls, whose lane is no rating. `swayed`
    are those of the views against the lane whose decision then followed it. `rated` and
    `drawn` are examinations ordered, of alerts rated red and of those that chance drew.
    """

    office: str | None
    own: Share
    seen: Share
    swayed: Share
    rated: Share
    drawn: Share
    waiting: int

    @property
    def gap(self) -> tuple[float, float, float] | None:
        """By how much sight of the rating raises agreement (share, low, high)."""
        return gap(self.seen, self.own)

    @property
    def known_negatives(self) -> tuple[float, float, float] | None:
        """By how much more those rated red are examined than those that chance drew."""
        return gap(self.rated, self.drawn)


@dataclass(frozen=True)
class Made:
    """One decision: when, whose office, whether as the lane recommends, seconds of reading."""

    at: datetime
    office: str | None
    agrees: bool
    dwell: float | None


@dataclass(frozen=True)
class Shift:
    """One shift of eight hours, from its beginning, and how it decided.

    `own` are the views said first in it that agree with the lane.
    """

    begins: datetime
    meter: Meter
    own: Share

    @property
    def ends(self) -> datetime:
        """When the next one takes over."""
        return self.begins + EIGHT


@dataclass(frozen=True)
class Board:
    """Everything of the page. `overrides` are (lane, decision, count) of the last 7 days.

    `meter` is of the last 24 hours; `shifts` are those of that time that decided anything,
    the newest first. `alarms` are the offices of which all decisions, or those of a shift, ask
    for a talk. `bias` is of all that the actor sees, `biases` of each office.
    """

    offices: list[Load]
    overrides: list[tuple[str, str, int]]
    decided: int
    meter: Meter
    shifts: list[Shift]
    drawn: int  # random controls of the last 90 days
    drawn_examined: int
    drawn_finds: int
    bias: Bias
    biases: list[Bias]
    alarms: list[str]

    @property
    def alarm(self) -> bool:
        """Whether agreement and haste ask for a talk, in all, in a shift or in an office."""
        meters = [self.meter, *[one.meter for one in self.shifts]]
        return bool(self.alarms) or any(one.alarm for one in meters)


def board(store: Store, actor: Actor, now: datetime) -> Board:
    """The board of the actor's office, or of every office for who sees them all."""
    authorise(actor, ACTION)
    with store.read() as connection:
        chosen = select(_office).order_by(_office.c.code)
        if actor.office:
            chosen = chosen.where(_office.c.code == actor.office)
        offices = [_load(connection, row, now) for row in connection.execute(chosen).all()]
        rows = connection.execute(
            select(_alert.c.lane, _decision.c.decision, func.count())
            .join(_alert, _alert.c.id == _decision.c.alert_id)
            .where(*visible(actor), _decision.c.undone_at.is_(None), _decision.c.at > now - PAST)
            .group_by(_alert.c.lane, _decision.c.decision)
            .order_by(func.count().desc(), _alert.c.lane, _decision.c.decision)
        ).all()
        overrides = [
            (lane, decision, int(count))
            for lane, decision, count in rows
            if decision not in AS_RATED.get(lane, ())
        ]
        zone = ZoneInfo(offices[0].zone) if len(offices) == 1 else ZoneInfo("UTC")
        made = _decided(connection, actor, now)
        drawn = _drawn(connection, actor, now)
        cases = _cases(connection, actor, now)
        waiting = dict(_waiting(connection, actor))
    own = [(one["said_at"], one["view_agrees"]) for one in cases if _own(one)]
    decided = sum(int(row[2]) for row in rows)
    zones = {one.code: ZoneInfo(one.zone) for one in offices}
    alarms = [
        code
        for code, local in zones.items()
        if (of := [one for one in made if one.office == code])
        and any(m.alarm for m in (_meter(of), *[s.meter for s in _shifts(of, [], local)]))
    ]
    return Board(
        offices,
        overrides,
        decided,
        _meter(made),
        _shifts(made, [one for one in own if one[0] > now - SHIFT], zone),
        *drawn,
        _bias(None, cases, sum(waiting.values())),
        [
            _bias(code, [one for one in cases if one["office"] == code], waiting.get(code, 0))
            for code in zones
        ],
        alarms,
    )


def _load(connection: Connection, office: Any, now: datetime) -> Load:
    code, zone = office.code, office.zone
    awake = ~snoozed(now)
    midnight = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    row = connection.execute(
        select(
            # A supervisor decides too: what waits for a view is told of no lane.
            func.sum(case((and_(_alert.c.lane == "red", awake, SEEN), 1), else_=0)),
            func.sum(case((and_(_alert.c.lane == "yellow", awake, SEEN), 1), else_=0)),
            func.sum(case((and_(_alert.c.due_at < now, awake), 1), else_=0)),
            func.sum(case((awake, 0), else_=1)),
            func.min(case((awake, _alert.c.created_at))),
            func.sum(case((and_(WAITS, awake), 1), else_=0)),
        ).where(_alert.c.office == code, _alert.c.state == "open")
    ).one()
    examined = connection.execute(
        select(func.count(func.distinct(_decision.c.alert_id)))
        .select_from(_decision.join(_alert, _alert.c.id == _decision.c.alert_id))
        .where(
            _alert.c.office == code,
            _decision.c.decision == "examine",
            _decision.c.undone_at.is_(None),
            _decision.c.at >= midnight,
        )
    ).scalar_one()
    cut = connection.execute(
        select(_alert.c.profile, func.min(_alert.c.red_from))
        .where(_alert.c.office == code, _alert.c.state == "open", _alert.c.lane == "red", SEEN)
        .where(_alert.c.red_from.is_not(None))
        .group_by(_alert.c.profile)
        .order_by(_alert.c.profile)
    ).all()
    red, yellow, late, aside = (int(value or 0) for value in row[:4])
    oldest = None if row[4] is None else max(timedelta(), now - row[4])
    return Load(
        code, office.name, zone, office.capacity, int(examined), red, yellow, late, aside, oldest,
        {name: int(points) for name, points in cut}, int(row[5] or 0),
    )  # fmt: skip


def _decided(connection: Connection, actor: Actor, now: datetime) -> list[Made]:
    """Decisions of the last 24 hours on alerts of a lane."""
    rows = connection.execute(
        select(*_alert.c["id", "office", "lane"], *_decision.c["decision", "officer", "at"])
        .join(_alert, _alert.c.id == _decision.c.alert_id)
        .where(*visible(actor), _decision.c.undone_at.is_(None), _decision.c.at > now - SHIFT)
        .where(_alert.c.lane.in_(AS_RATED))
    ).all()
    looks: dict[tuple[str, str], list[datetime]] = {}
    for subject, who, at in connection.execute(
        select(_audit.c.subject, _audit.c.actor, _audit.c.at).where(
            _audit.c.action == "alert.look", _audit.c.at > now - 2 * SHIFT
        )
    ):
        looks.setdefault((subject, who), []).append(at)
    made = []
    for number, office, lane, decision, officer, at in rows:
        before = [look for look in looks.get((f"alert:{number}", officer), ()) if look <= at]
        dwell = (at - max(before)).total_seconds() if before else None
        made.append(Made(at, office, decision in AS_RATED[lane], dwell))
    return made


def _meter(made: Sequence[Made]) -> Meter:
    dwells = [one.dwell for one in made if one.dwell is not None]
    dwell = timedelta(seconds=median(dwells)) if dwells else None
    return Meter(len(made), sum(one.agrees for one in made), dwell)


def _shifts(
    made: Sequence[Made], own: Sequence[tuple[datetime, bool]], zone: ZoneInfo
) -> list[Shift]:
    by_shift: dict[datetime, list[Made]] = {}
    views: dict[datetime, list[bool]] = {}
    for one in made:
        by_shift.setdefault(shift_of(one.at, zone), []).append(one)
    for at, agrees in own:
        views.setdefault(shift_of(at, zone), []).append(agrees)
    return [
        Shift(begins, _meter(by_shift.get(begins, [])), _share(views.get(begins, [])))
        for begins in sorted({*by_shift, *views}, reverse=True)
    ]


def _cases(connection: Connection, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Alerts of 90 days that were decided or viewed: what was said first, what decided first.

    The first decision is the first that stands, as the first view is the first.
    """
    inner = Decision.__table__.alias()  # type: ignore[attr-defined]
    first = (
        select(func.min(inner.c.id))
        .where(inner.c.alert_id == _alert.c.id, inner.c.undone_at.is_(None))
        .correlate(_alert)
        .scalar_subquery()
    )
    joined = _alert.outerjoin(_view, _view.c.alert_id == _alert.c.id).outerjoin(
        _decision, _decision.c.id == first
    )
    rows = connection.execute(
        select(
            *_alert.c["office", "lane", "selected_by", "blind"],
            _view.c.view,
            _view.c.at.label("said_at"),
            _decision.c.decision,
        )
        .select_from(joined)
        .where(*visible(actor), _alert.c.lane.in_(AS_RATED), _alert.c.created_at > now - DRAWN)
        .where(or_(_view.c.id.is_not(None), _decision.c.id.is_not(None)))
    ).mappings()
    return [
        {
            **row,
            "view_agrees": row["view"] in AS_RATED[row["lane"]],
            "agrees": row["decision"] in AS_RATED[row["lane"]],
        }
        for row in rows
    ]


def _own(one: dict[str, Any]) -> bool:
    return bool(one["view"] is not None and one["selected_by"] != "random")


def _bias(office: str | None, cases: Sequence[dict[str, Any]], waiting: int) -> Bias:
    own = [one for one in cases if _own(one)]
    decided = [one for one in cases if one["decision"] is not None]
    seen = [
        one for one in decided if one["blind"] == blind.PASSED and one["selected_by"] != "random"
    ]
    against = [one for one in own if not one["view_agrees"] and one["decision"] is not None]
    red = [one for one in decided if one["lane"] == "red"]  # by now its lane has been seen
    return Bias(
        office,
        own=_share(one["view_agrees"] for one in own),
        seen=_share(one["agrees"] for one in seen),
        swayed=_share(one["agrees"] for one in against),
        rated=_share(one["decision"] == "examine" for one in red if one["selected_by"] == "score"),
        drawn=_share(one["decision"] == "examine" for one in red if one["selected_by"] == "random"),
        waiting=waiting,
    )


def _share(answers: Iterable[bool]) -> Share:
    told = list(answers)
    return Share(sum(told), len(told))


def _waiting(connection: Connection, actor: Actor) -> list[tuple[str | None, int]]:
    """Open alerts that wait for a view, by office."""
    rows = connection.execute(
        select(_alert.c.office, func.count())
        .where(*visible(actor), WAITS, _alert.c.state == "open")
        .group_by(_alert.c.office)
    )
    return [(row[0], int(row[1])) for row in rows]


def shift_of(at: datetime, zone: ZoneInfo) -> datetime:
    """When the shift began that this time is in: 06, 14 or 22 o'clock of the office, in UTC."""
    local = at.astimezone(zone)
    hour = max((hour for hour in SHIFT_HOURS if hour <= local.hour), default=None)
    day = local if hour is not None else local - timedelta(days=1)
    begins = day.replace(
        hour=SHIFT_HOURS[-1] if hour is None else hour, minute=0, second=0, microsecond=0
    )
    return begins.astimezone(UTC)


def _drawn(connection: Connection, actor: Actor, now: datetime) -> tuple[int, int, int]:
    last = (  # an alert that was opened again counts with its last outcome
        select(func.max(_outcome.c.id))
        .where(_outcome.c.alert_id == _alert.c.id)
        .correlate(_alert)
        .scalar_subquery()
    )
    found = case((_outcome.c.outcome == "trafficking", _alert.c.id))
    looked = case((_outcome.c.outcome != "not_examined", _alert.c.id))
    row = connection.execute(
        select(
            func.count(func.distinct(_alert.c.id)),
            func.count(func.distinct(looked)),
            func.count(func.distinct(found)),
        )
        .select_from(_alert.outerjoin(_outcome, _outcome.c.id == last))
        .where(*visible(actor), _alert.c.selected_by == "random", _alert.c.created_at > now - DRAWN)
    ).one()
    return int(row[0]), int(row[1]), int(row[2])
