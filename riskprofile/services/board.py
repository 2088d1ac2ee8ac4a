"""What a supervisor sees of the offices: load, ageing, overrides, and whether officers only nod."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, case, func, select

from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.desk import audit_table as _audit
from riskprofile.services.desk import decision_table as _decision
from riskprofile.services.queueing import snoozed, visible
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.database import Store
from riskprofile.store.tables import Office, Outcome

_office = Office.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]

ACTION = "board.look"
SHIFT, EIGHT = timedelta(hours=24), timedelta(hours=8)
SHIFT_HOURS = (6, 14, 22)  # when a shift takes over, on the office's clock
PAST, DRAWN = timedelta(days=7), timedelta(days=90)
# Agreement above this, over so many decisions made this fast, is nodding and not reading
# (design requirement after CJEU C-634/21: a person must decide in substance).
AGREES, DECISIONS, DWELL = 0.95, 100, timedelta(seconds=20)
Made = tuple[datetime, bool, float | None]  # when, as the lane recommends, seconds of reading
AS_RATED = {"red": ("examine",), "yellow": ("documents", "scan")}


@dataclass(frozen=True)
class Load:
    """One office: what is open, what is late, and what is left of today's examinations.

    `cut` is the lowest points of its open red alerts: where today's list is cut.
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
    cut: int | None

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
class Shift:
    """One shift of eight hours, from its beginning, and how it decided."""

    begins: datetime
    meter: Meter

    @property
    def ends(self) -> datetime:
        """When the next one takes over."""
        return self.begins + EIGHT


@dataclass(frozen=True)
class Board:
    """Everything of the page. `overrides` are (lane, decision, count) of the last 7 days.

    `meter` is of the last 24 hours; `shifts` are those of that time that decided anything,
    the newest first.
    """

    offices: list[Load]
    overrides: list[tuple[str, str, int]]
    decided: int
    meter: Meter
    shifts: list[Shift]
    drawn: int  # random controls of the last 90 days
    drawn_examined: int
    drawn_finds: int


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
    decided = sum(int(row[2]) for row in rows)
    return Board(offices, overrides, decided, _meter(made), _shifts(made, zone), *drawn)


def _load(connection: Connection, office: Any, now: datetime) -> Load:
    code, zone = office.code, office.zone
    awake = ~snoozed(now)
    midnight = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    row = connection.execute(
        select(
            func.sum(case((and_(_alert.c.lane == "red", awake), 1), else_=0)),
            func.sum(case((and_(_alert.c.lane == "yellow", awake), 1), else_=0)),
            func.sum(case((and_(_alert.c.due_at < now, awake), 1), else_=0)),
            func.sum(case((awake, 0), else_=1)),
            func.min(case((awake, _alert.c.created_at))),
            func.min(case((_alert.c.lane == "red", _alert.c.points))),
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
    red, yellow, late, aside = (int(value or 0) for value in row[:4])
    oldest = None if row[4] is None else max(timedelta(), now - row[4])
    return Load(
        code, office.name, zone, office.capacity, int(examined), red, yellow, late, aside, oldest,
        row[5],
    )  # fmt: skip


def _decided(connection: Connection, actor: Actor, now: datetime) -> list[Made]:
    """Decisions of the last 24 hours: when, whether as the lane recommends, seconds of reading."""
    rows = connection.execute(
        select(_alert.c.id, _alert.c.lane, *_decision.c["decision", "officer", "at"])
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
    for number, lane, decision, officer, at in rows:
        before = [look for look in looks.get((f"alert:{number}", officer), ()) if look <= at]
        dwell = (at - max(before)).total_seconds() if before else None
        made.append((at, decision in AS_RATED[lane], dwell))
    return made


def _meter(made: Sequence[Made]) -> Meter:
    dwells = [dwell for _, _, dwell in made if dwell is not None]
    dwell = timedelta(seconds=median(dwells)) if dwells else None
    return Meter(len(made), sum(agrees for _, agrees, _ in made), dwell)


def _shifts(made: Sequence[Made], zone: ZoneInfo) -> list[Shift]:
    by_shift: dict[datetime, list[Made]] = {}
    for one in made:
        by_shift.setdefault(shift_of(one[0], zone), []).append(one)
    return [Shift(begins, _meter(by_shift[begins])) for begins in sorted(by_shift, reverse=True)]


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
    found = case((_outcome.c.outcome == "trafficking", _alert.c.id))
    looked = case((_outcome.c.outcome != "not_examined", _alert.c.id))
    row = connection.execute(
        select(
            func.count(func.distinct(_alert.c.id)),
            func.count(func.distinct(looked)),
            func.count(func.distinct(found)),
        )
        .select_from(_alert.outerjoin(_outcome, _outcome.c.alert_id == _alert.c.id))
        .where(*visible(actor), _alert.c.selected_by == "random", _alert.c.created_at > now - DRAWN)
    ).one()
    return int(row[0]), int(row[1]), int(row[2])
