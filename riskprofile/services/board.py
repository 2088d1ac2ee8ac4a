"""What a supervisor sees of the offices: load, ageing, overrides, the random share, and whether
officers only nod.

Everything is counted in the database, of one office at a time by an index: however many alerts
are open, none is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, case, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from riskprofile.profiles import PROFILES
from riskprofile.services import agreement, capacity, control_share, cut, desk, queue_statements
from riskprofile.services.agreement import Bias, Meter, Shift
from riskprofile.services.control_share import ControlShare
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.overrides import Overrides, overrides
from riskprofile.services.queue_statements import SEEN, WAITS, free, seen_from, snoozed
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.alert_tables import Outcome, Snooze
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Office, OfficeDay

_office = Office.__table__  # type: ignore[attr-defined]
_day = OfficeDay.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]
_snooze = Snooze.__table__  # type: ignore[attr-defined]

ACTION = "board.look"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Load:
    """One office: what is open, what is late, and what is left of today's examinations.

    `cut` is by profile the fewest points that made one of its open alerts red, for each has points
    on a scale of its own: where today's list is cut. What an indicator or chance made red may have
    fewer, and says nothing of it. `blind` of the open alerts wait for an officer's own view, and
    are in neither lane. `red_free` are those red that nobody holds, `ending` those put aside until
    today. `green` are declarations of today's lists that made no alert; None where none is known.
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
    red_free: int = 0
    finds: int = 0
    ending: int = 0
    green: int | None = None

    @property
    def left(self) -> int:
        """Examinations that can still be made today."""
        return max(0, self.capacity - self.examined)

    @property
    def open(self) -> int:
        """Alerts that are open and not put aside."""
        return self.red + self.yellow + self.blind


@dataclass(frozen=True)
class Board:
    """Everything of the page.

    `meter` is of the last 24 hours; `shifts` are those of that time that decided anything,
    the newest first, on the clock of `zone`: that of the offices, UTC where they have several.
    `alarms` are the offices of which all decisions, or those of a shift, ask for a talk. `bias` is
    of all that the actor sees, `biases` of each office. `second` outcomes and releases wait for a
    second person.
    """

    offices: list[Load]
    overrides: Overrides
    meter: Meter
    shifts: list[Shift]
    control: ControlShare
    bias: Bias
    biases: list[Bias]
    alarms: list[str]
    second: int
    zone: str

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
        rows = connection.execute(chosen).all()
        examined: Counter[str] = Counter()
        for clock in {row.zone for row in rows}:  # asked once: it goes over all decisions
            here = [row.code for row in rows if row.zone == clock]
            examined += cut.examined(connection, here, capacity.midnight(clock, now))
        offices = [_load(connection, row, examined[row.code], now) for row in rows]
        of_all = {one.zone for one in offices}
        zone = of_all.pop() if len(of_all) == 1 else "UTC"
        made = agreement.decided(connection, actor, now)
        cases = agreement.cases(connection, actor, now)
        views = agreement.views(connection, actor, now)
        waiting = dict(_waiting(connection, actor))
        counted = overrides(connection, actor, now)
        midnight = capacity.midnight(zone, now)
        control = control_share.control_share(connection, actor, midnight, now)
        asked = queue_statements.to_confirm(actor.office is not None)
        # Of everybody: a supervisor looks after what waits, also for others than themselves.
        second = sum(connection.execute(asked, {"me": "", "office": actor.office}).one())
    zones = {one.code: ZoneInfo(one.zone) for one in offices}
    alarms = []
    for code, local in zones.items():
        of = [one for one in made if one.office == code]
        meters = [one.meter for one in agreement.shifts(of, [], local)]
        if of and any(one.alarm for one in (agreement.meter(of), *meters)):
            alarms.append(code)
    return Board(
        offices,
        counted,
        agreement.meter(made),
        agreement.shifts(made, views, ZoneInfo(zone)),
        control,
        agreement.bias(None, cases, sum(waiting.values())),
        [
            agreement.bias(code, [one for one in cases if one.office == code], waiting.get(code, 0))
            for code in zones
        ],
        alarms,
        second,
        zone,
    )


def _load(connection: Connection, office: Any, examined: int, now: datetime) -> Load:
    code, zone = office.code, office.zone
    awake = ~snoozed(now)
    midnight = capacity.midnight(zone, now)
    here = [_alert.c.profile.in_(PROFILES), _alert.c.office == code]
    still = [*here, _alert.c.state == "open"]
    red = and_(_alert.c.lane == "red", awake, SEEN)
    row = connection.execute(
        select(
            # A supervisor decides too: what waits for a view is told of no lane.
            func.sum(case((red, 1), else_=0)),
            func.sum(case((and_(_alert.c.lane == "yellow", awake, SEEN), 1), else_=0)),
            func.sum(case((and_(_alert.c.due_at < now, awake), 1), else_=0)),
            func.sum(case((awake, 0), else_=1)),
            func.min(case((awake, _alert.c.created_at))),
            func.sum(case((and_(WAITS, awake), 1), else_=0)),
            func.sum(case((and_(red, free(now, now + desk.LONGEST)), 1), else_=0)),
        ).where(*still)
    ).one()
    cuts = connection.execute(
        select(_alert.c.profile, func.min(_alert.c.red_from))
        .where(*still, _alert.c.lane == "red", SEEN, _alert.c.red_from.is_not(None))
        .group_by(_alert.c.profile)
        .order_by(_alert.c.profile)
    ).all()
    counts = {name: int(row[at] or 0) for at, name in enumerate(_COUNTED) if name != "oldest"}
    return Load(
        code,
        office.name,
        zone,
        office.capacity,
        examined,
        oldest=None if row[4] is None else max(timedelta(), now - row[4]),
        cut={name: int(points) for name, points in cuts},
        finds=_finds(connection, code, midnight),
        ending=_ending(connection, code, now, midnight + DAY),
        green=_green(connection, here, code, midnight),
        **counts,
    )


_COUNTED = ("red", "yellow", "late", "snoozed", "oldest", "blind", "red_free")


def _finds(connection: Connection, office: str, midnight: datetime) -> int:
    """Alerts of which trafficking was the last outcome, recorded today."""
    later = Outcome.__table__.alias()  # type: ignore[attr-defined]
    newer = exists().where(later.c.alert_id == _outcome.c.alert_id, later.c.id > _outcome.c.id)
    found = select(func.count()).join(_alert, _alert.c.id == _outcome.c.alert_id)
    return int(
        connection.execute(
            found.where(
                _alert.c.office == office,
                _outcome.c.outcome == "trafficking",
                _outcome.c.at >= midnight,
                ~newer,
            )
        ).scalar_one()
    )


def _ending(connection: Connection, office: str, now: datetime, until: datetime) -> int:
    """Open alerts put aside that come back before the day is over."""
    open_here = exists().where(
        _alert.c.id == _snooze.c.alert_id, _alert.c.office == office, _alert.c.state == "open"
    )
    found = select(func.count(func.distinct(_snooze.c.alert_id))).where(
        _snooze.c.ended_at.is_(None), _snooze.c.until > now, _snooze.c.until < until, open_here
    )
    return int(connection.execute(found).scalar_one())


def _green(
    connection: Connection, here: list[ColumnElement[bool]], office: str, midnight: datetime
) -> int | None:
    """Declarations of today's lists that made no alert; None where no list came today."""
    lists = connection.execute(
        select(_day.c.came).where(_day.c.office == office, _day.c.day == f"{midnight:%Y-%m-%d}")
    ).all()
    if not lists:
        return None
    came = sum(many for (parts,) in lists for many in parts.values())
    created, due, tomorrow = _alert.c.created_at, _alert.c.due_at, midnight + DAY
    of_today = or_(  # the day of arrival, or today for what has arrived or does not say when
        and_(created >= midnight, or_(due.is_(None), due < tomorrow)),
        and_(created < midnight, due >= midnight, due < tomorrow),
    )
    alerts = connection.execute(
        select(func.count()).where(*here, _alert.c.state.in_(("open", "closed")), of_today)
    ).scalar_one()
    return int(max(0, came - alerts))


def _waiting(connection: Connection, actor: Actor) -> list[tuple[str | None, int]]:
    """Open alerts that wait for a view, by office."""
    rows = connection.execute(
        select(_alert.c.office, func.count())
        .where(
            *seen_from(actor.office),
            WAITS,
            _alert.c.state == "open",
            _alert.c.profile.in_(PROFILES),
        )
        .group_by(_alert.c.office)
    )
    return [(row[0], int(row[1])) for row in rows]
