"""Whether officers decide or only nod: decisions and views beside the lane, by office and shift.

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

from sqlalchemy import ColumnElement, Connection, Select, func, literal, or_, select, union

from riskprofile.services import blind, tally
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.desk import audit_table as _audit
from riskprofile.services.desk import decision_table as _decision
from riskprofile.services.queue_statements import seen_from
from riskprofile.services.rights import Actor
from riskprofile.store.alert_tables import BY_HAND, Decision, FirstView

_view = FirstView.__table__  # type: ignore[attr-defined]
_CASE = (
    *_alert.c["office", "lane", "selected_by", "blind"],
    _view.c.view,
    _decision.c.decision,
)

DAY = timedelta(hours=24)
SHIFT_HOURS = (6, 14, 22)  # when a shift takes over, on the office's clock
PAST = timedelta(days=90)
# Agreement above this, over so many decisions made this fast, is nodding and not reading
# (design requirement after CJEU C-634/21: a person must decide in substance).
AGREES, DECISIONS, DWELL = 0.95, 100, timedelta(seconds=20)
QUICK = 10.0  # seconds from opening to decision under which nobody has read
LEAST = 20  # views, and decisions beside them, under which no gap is told
FEW = {"agrees": 20, "quick": 20, "held": 5}  # of which no range is judged
AS_RATED = {"red": ("examine",), "yellow": ("documents", "scan")}


@dataclass(frozen=True)
class Meter:
    """How decisions of a time stand to the rating. Of the office, never of a person."""

    decisions: int
    agreed: int
    dwell: timedelta | None  # median, since the alert was opened
    quick: int = 0  # made in under ten seconds

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
        return tally.interval(self.count, self.total)


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
class Mark:
    """One measure of a shift beside the range that was agreed for it, both shares in [0, 1].

    `agrees`: decisions as the lane recommends. `quick`: those made in under ten seconds. `held`:
    views said without the rating and against the lane, whose decision did not follow it later.
    """

    name: str
    share: Share
    low: float
    high: float

    @property
    def within(self) -> bool | None:
        """Whether the share is in its range; None of too few to say."""
        if self.share.total < FEW[self.name]:
            return None
        return self.low <= self.share.share <= self.high


@dataclass(frozen=True)
class Shift:
    """One shift, from its beginning to when the next one takes over, and how it decided.

    It is of eight hours, and in the nights that change the clock of seven or nine.
    `own` are the views said first in it that agree with the lane, `held` those against it whose
    decision was against it too.
    """

    begins: datetime
    ends: datetime
    meter: Meter
    own: Share
    held: Share

    def marks(self, ranges: Mapping[str, tuple[float, float]]) -> list[Mark]:
        """Each measure beside the range of its name."""
        quick = Share(self.meter.quick, self.meter.decisions)
        found = {"agrees": Share(self.meter.agreed, self.meter.decisions), "quick": quick}
        return [Mark(name, of, *ranges[name]) for name, of in (found | {"held": self.held}).items()]


def decided(connection: Connection, actor: Actor, now: datetime) -> list[Made]:
    """Decisions of the last 24 hours on alerts of a lane; one raised by hand has none of a list."""
    rows = connection.execute(
        select(*_alert.c["id", "office", "lane"], *_decision.c["decision", "officer", "at"])
        .join(_alert, _alert.c.id == _decision.c.alert_id)
        .where(
            *seen_from(actor.office), _decision.c.undone_at.is_(None), _decision.c.at > now - DAY
        )
        .where(_alert.c.lane.in_(AS_RATED), _alert.c.selected_by != BY_HAND)
    ).all()
    looks: dict[tuple[str, str], list[datetime]] = {}
    for subject, who, at in connection.execute(
        select(_audit.c.subject, _audit.c.actor, _audit.c.at).where(
            _audit.c.actor.in_({row.officer for row in rows}),  # an index knows their looks
            _audit.c.action == "alert.look",
            _audit.c.at > now - 2 * DAY,
        )
    ):
        looks.setdefault((subject, who), []).append(at)
    made = []
    for number, office, lane, decision, officer, at in rows:
        before = [look for look in looks.get((f"alert:{number}", officer), ()) if look <= at]
        dwell = (at - max(before)).total_seconds() if before else None
        made.append(Made(at, office, decision in AS_RATED[lane], dwell))
    return made


def meter(made: Sequence[Made]) -> Meter:
    """How these decisions stand to the rating."""
    dwells = [one.dwell for one in made if one.dwell is not None]
    dwell = timedelta(seconds=median(dwells)) if dwells else None
    quick = sum(one < QUICK for one in dwells)
    return Meter(len(made), sum(one.agrees for one in made), dwell, quick)


def shifts(made: Sequence[Made], views: Sequence[Case], zone: ZoneInfo) -> list[Shift]:
    """The shifts of these decisions and views, the newest first."""
    by_shift: dict[datetime, list[Made]] = {}
    said: dict[datetime, list[Case]] = {}
    for one in made:
        by_shift.setdefault(shift_of(one.at, zone), []).append(one)
    for view in views:
        if view.said_at is not None:
            said.setdefault(shift_of(view.said_at, zone), []).append(view)
    return [
        Shift(
            begins,
            shift_of(begins + DAY / 2, zone),
            meter(by_shift.get(begins, [])),
            _share((one.view_agrees, 1) for one in said.get(begins, [])),
            _share((not one.agrees, 1) for one in said.get(begins, []) if one.against),
        )
        for begins in sorted({*by_shift, *said}, reverse=True)
    ]


@dataclass(frozen=True)
class Case:
    """Alerts that were decided or viewed alike (`count`): what was said first, decided first."""

    office: str | None
    lane: str
    selected_by: str
    blind: str | None
    view: str | None
    decision: str | None
    count: int = 1
    said_at: datetime | None = None  # of one alone

    @property
    def own(self) -> bool:
        """Whether a view was said that is measured: a random control has no rating."""
        return self.view is not None and self.selected_by != "random"

    @property
    def view_agrees(self) -> bool:
        """Whether the view is what the lane recommends."""
        return self.view in AS_RATED[self.lane]

    @property
    def agrees(self) -> bool:
        """Whether the decision is."""
        return self.decision in AS_RATED[self.lane]

    @property
    def against(self) -> bool:
        """Whether the view was against the lane, and somebody has decided since."""
        return self.own and not self.view_agrees and self.decision is not None


def cases(connection: Connection, actor: Actor, now: datetime) -> list[Case]:
    """Alerts of 90 days that were decided or viewed, counted by all that is asked of them."""
    # From what was done: of alerts there are far more than were decided.
    done = union(
        select(_decision.c.alert_id).where(_decision.c.at > now - PAST),
        select(_view.c.alert_id).where(_view.c.at > now - PAST),
    )
    rows = connection.execute(
        _of(actor, now, func.count()).where(_alert.c.id.in_(done)).group_by(*_CASE)
    )
    return [Case(*row) for row in rows]


def views(connection: Connection, actor: Actor, now: datetime) -> list[Case]:
    """The views of the last 24 hours that are measured, one by one."""
    today = select(_view.c.alert_id).where(_view.c.at > now - DAY)
    rows = connection.execute(_of(actor, now, literal(1), _view.c.at).where(_alert.c.id.in_(today)))
    return [one for row in rows if (one := Case(*row)).own]


def _of(actor: Actor, now: datetime, *more: ColumnElement[Any]) -> Select[Any]:
    """Alerts of a lane and 90 days as cases: their first view, their first standing decision."""
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
    return (
        select(*_CASE, *more)
        .select_from(joined)
        .where(*seen_from(actor.office), _alert.c.lane.in_(AS_RATED))
        .where(_alert.c.created_at > now - PAST)
        .where(or_(_view.c.id.is_not(None), _decision.c.id.is_not(None)))
    )


def bias(office: str | None, cases: Sequence[Case], waiting: int) -> Bias:
    """What these cases tell of an office, or of all (None); so many alerts wait for a view."""
    own = [one for one in cases if one.own]
    decided = [one for one in cases if one.decision is not None]
    seen = [one for one in decided if one.blind == blind.PASSED and one.selected_by != "random"]
    red = [one for one in decided if one.lane == "red"]  # by now its lane has been seen
    by_score, by_chance = (
        [(one.decision == "examine", one.count) for one in red if one.selected_by == name]
        for name in ("score", "random")
    )
    return Bias(
        office,
        own=_share((one.view_agrees, one.count) for one in own),
        seen=_share((one.agrees, one.count) for one in seen),
        swayed=_share((one.agrees, one.count) for one in own if one.against),
        rated=_share(by_score),
        drawn=_share(by_chance),
        waiting=waiting,
    )


def _share(answers: Iterable[tuple[bool, int]]) -> Share:
    """The share of yes, each answer so many times."""
    told = list(answers)
    return Share(sum(many for yes, many in told if yes), sum(many for _, many in told))


def shift_of(at: datetime, zone: ZoneInfo) -> datetime:
    """When the shift began that this time is in: 06, 14 or 22 o'clock of the office, in UTC."""
    local = at.astimezone(zone)
    hour = max((hour for hour in SHIFT_HOURS if hour <= local.hour), default=None)
    day = local if hour is not None else local - timedelta(days=1)
    begins = day.replace(
        hour=SHIFT_HOURS[-1] if hour is None else hour, minute=0, second=0, microsecond=0
    )
    return begins.astimezone(UTC)
