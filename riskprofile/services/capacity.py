"""What each office can examine on each day, what earlier lists have taken of it, and what is kept
for lists that are still to come.

A day comes in one list or in thousands: declarations are lodged one by one, and each is rated when
it comes. So what every list brought of a day is counted (`brought`), and later days expect as much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, and_, delete, exists, or_, select

from riskprofile.scoring.ranking import Ahead, Capacity
from riskprofile.store.alert_tables import Alert, Decision
from riskprofile.store.office_tables import Office, OfficeDay
from riskprofile.tables import Column

_alert = Alert.__table__  # type: ignore[attr-defined]
_decision = Decision.__table__  # type: ignore[attr-defined]
_office = Office.__table__  # type: ignore[attr-defined]
_day = OfficeDay.__table__  # type: ignore[attr-defined]

LONGEST_DAY = timedelta(hours=25)  # a clock is put back: an office's today began since
PAST = 28  # days before today whose lists tell what a day brings
ALIKE = 2  # of the same day of the week, from which on those alone tell it
PART = timedelta(minutes=15)  # of a day: what comes within one of now is not waited for


@dataclass(frozen=True)
class Days:
    """The offices, and the day on which each would work what is rated `now`.

    That is the day of arrival in the office's zone, and today for what has arrived or does
    not say when it will.
    """

    now: datetime
    offices: dict[str, tuple[int, ZoneInfo]]  # examinations a day, zone

    def lists(self, offices: Column, due: Column) -> Column:
        """The list of each row, `OFFICE on YYYY-MM-DD`; missing for an unknown office."""
        made = pd.Series(pd.NA, index=offices.index, dtype="str")
        for office, (_, zone) in self.offices.items():
            here = (offices == office).fillna(False).to_numpy(dtype=bool)
            if here.any():
                # By the clock on the wall: some zones skip a midnight, or have it twice.
                today = pd.Timestamp(_date(self.now, zone))
                local = pd.to_datetime(due[here], utc=True).dt.tz_convert(zone)
                on = local.dt.tz_localize(None).dt.normalize()
                on = on.where(on > today, today)
                made[here] = office + " on " + on.dt.strftime("%Y-%m-%d").astype("str")
        return made

    def list(self, office: str, due: datetime | None, rated: datetime | None = None) -> str:
        """The list of one declaration; `rated` is when, if not now."""
        zone = self.offices[office][1]
        at = rated or self.now
        day = max(_date(at, zone), _date(due, zone)) if due is not None else _date(at, zone)
        return f"{office} on {day.isoformat()}"

    def part(self, office: str, day: date) -> int:
        """In which quarter of an hour of a day of this office `now` is; below zero before it.

        By the clock on the wall, which people keep to on days of 23 and of 25 hours too.
        """
        here = self.now.astimezone(self.offices[office][1]).replace(tzinfo=None)
        return (here - datetime.combine(day, time())) // PART

    def today(self, office: str) -> date:
        """The day that it is at this office."""
        return _date(self.now, self.offices[office][1])


def of_list(name: str) -> tuple[str, date]:
    """Office and day of a list."""
    office, day = name.rsplit(" on ", 1)
    return office, date.fromisoformat(day)


def midnight(zone: str, now: datetime) -> datetime:
    """When today began in this zone."""
    return now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def _date(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def days(connection: Connection, now: datetime) -> Days:
    """The offices of this installation."""
    rows = connection.execute(select(_office.c.code, _office.c.capacity, _office.c.zone)).all()
    return Days(now, {row[0]: (int(row[1]), ZoneInfo(row[2])) for row in rows})


def listed(connection: Connection, profile: str) -> set[str]:
    """Offices to which declarations of a profile came of late: the others' capacity is not its."""
    asked = select(_day.c.office).where(_day.c.profile == profile).distinct()
    return set(connection.execute(asked).scalars())


def came(
    connection: Connection, profile: str, when: Days, since: datetime
) -> Iterator[tuple[datetime, int]]:
    """When the lists of these offices first brought declarations of a profile since then, to a
    quarter of an hour, and how many.
    """
    asked = select(_day.c.office, _day.c.day, _day.c.came).where(
        _day.c.profile == profile, _day.c.office.in_(list(when.offices))
    )
    for office, day, parts in connection.execute(asked):
        begins = datetime.combine(date.fromisoformat(day), time(), when.offices[office][1])
        for part, many in _counted(parts).items():
            if many and (at := begins + part * PART) >= since:
                yield at, many


def capacities(
    connection: Connection,
    profile: str,
    when: Days,
    lists: Mapping[str, int],
    again: Callable[[Collection[str]], set[str]],
    asked: Capacity,
    digest: str,
) -> dict[str, Capacity]:
    """The capacity of each list, with what earlier runs have taken of it, and what is ahead.

    Parameters
    ----------
    lists : mapping of str to int
        How many declarations of each earlier lists brought already.
    again : callable
        Which of some records are ranked anew: what an earlier version of them took is free
        again, or a declaration amended all day long would use up the capacity of the day. Not
        where a person has decided: that alert stays where its officer finds it.
    asked : Capacity
        Gives the random share.
    digest : str
        The scorecard: what another rated says nothing of the heights of this one.
    """
    if not lists:
        return {}
    pasts = _pasts(connection, profile, when, lists)
    made = {}
    for name, many in lists.items():
        office, day = of_list(name)
        ahead = pasts[office].ahead(day, when.today(office), when.part(office, day), digest)
        ahead = ahead and replace(ahead, known=many)
        made[name] = replace(asked, number=when.offices[office][0], ahead=ahead)
    since = when.now - LONGEST_DAY
    decided = exists().where(_decision.c.alert_id == _alert.c.id, _decision.c.undone_at.is_(None))
    rows = connection.execute(
        select(
            _alert.c.record_id,
            _alert.c.office,
            _alert.c.due_at,
            _alert.c.created_at,
            _alert.c.selected_by,
            and_(_alert.c.state == "open", ~decided).label("leaves"),
        ).where(
            _alert.c.profile == profile,
            _alert.c.lane == "red",
            _alert.c.state.in_(("open", "closed")),
            _alert.c.office.in_(list(pasts)),
            or_(_alert.c.due_at >= since, _alert.c.created_at >= since),
        )
    ).all()
    known = again({row.record_id for row in rows if row.leaves})
    for record, office, due, created, selected_by, leaves in rows:
        name = when.list(office, due, created)
        if name not in lists or (leaves and record in known):
            continue
        one = made[name]
        drawn = one.drawn + (selected_by == "random")
        made[name] = replace(one, taken=one.taken + 1, drawn=drawn)
    return made


@dataclass
class Past:
    """What the lists of one office brought of late, by day: by part of the day, and by height.

    The heights are of each scorecard by its digest (`OfficeDay`).
    """

    came: dict[date, Counter[int]] = field(default_factory=dict)
    heights: dict[date, dict[str, Counter[int]]] = field(default_factory=dict)

    def add(
        self, day: date, part: int, heights: Mapping[int, int], digest: str, known: int = 0
    ) -> None:
        """A list of a day was ranked in this part of it; so many of it were `known` before.

        Those have come already: an amendment takes the place that it frees.
        """
        self.came.setdefault(day, Counter())[part] += max(sum(heights.values()) - known, 0)
        self.heights.setdefault(day, {}).setdefault(digest, Counter()).update(heights)

    def ahead(self, day: date, today: date, part: int, digest: str) -> Ahead | None:
        """What a day is still to bring, as days that are over tell; None where none is known.

        Parameters
        ----------
        part : int
            Of that day: now.
        """
        over = [one for one in self.came if today - timedelta(days=PAST) <= one < today]
        alike = [one for one in over if one.weekday() == day.weekday()]
        over = alike if len(alike) >= ALIKE else over
        if not over:
            return None
        later = [sum(many for at, many in self.came[one].items() if at > part + 1) for one in over]
        seen: Counter[int] = Counter()
        for one in {*over, day} & {*self.heights}:
            seen.update(self.heights[one].get(digest, {}))
        before = self.came.get(day, Counter()).total()
        usual = median(self.came[one].total() for one in over)
        return Ahead(float(median(later)), float(usual), before, seen)


def ahead_today(connection: Connection, profile: str, when: Days, office: str) -> Ahead | None:
    """What today is still to bring an office, beside all lists; None where no day before is known.

    The heights are left out: those are of a scorecard.
    """
    day = when.today(office)
    past = _pasts(connection, profile, when, {f"{office} on {day.isoformat()}"})[office]
    return past.ahead(day, day, when.part(office, day), "")


def _pasts(
    connection: Connection,
    profile: str,
    when: Days,
    lists: Collection[str],
    of: Collection[date] | None = None,
) -> dict[str, Past]:
    """What is known of the offices of these lists: of late and of days to come, or `of` days."""
    made = {office: Past() for office, _ in map(of_list, lists)}
    since = min(when.today(office) for office in made) - timedelta(days=PAST)
    asked = select(_day).where(_day.c.profile == profile, _day.c.office.in_(list(made)))
    if of is None:
        asked = asked.where(_day.c.day >= since.isoformat())
    else:
        asked = asked.where(_day.c.day.in_([one.isoformat() for one in of]))
    rows = connection.execute(asked)
    for row in rows:
        past, day = made[row.office], date.fromisoformat(row.day)
        past.came[day] = _counted(row.came)
        past.heights[day] = {digest: _counted(of) for digest, of in row.heights.items()}
    return made


def _counted(told: Mapping[str, int]) -> Counter[int]:
    return Counter({int(name): many for name, many in told.items()})


def brought(
    connection: Connection,
    profile: str,
    now: datetime,
    lists: Iterable[tuple[str, Mapping[int, int], int]],
    digest: str,
) -> None:
    """Take down what lists brought: at which heights their declarations stand, and how many of
    them earlier ones brought.

    Whoever calls it writes alone (`store.database.serialise`).
    """
    given = {name: (heights, known) for name, heights, known in lists}
    if not given:
        return
    when = days(connection, now)
    pasts = _pasts(connection, profile, when, given, of={of_list(name)[1] for name in given})
    for name, (heights, known) in given.items():
        office, day = of_list(name)
        past = pasts[office]
        begun = day in past.came
        past.add(day, when.part(office, day), heights, digest, known)
        here = and_(
            _day.c.profile == profile, _day.c.office == office, _day.c.day == day.isoformat()
        )
        told = {
            "came": _as_json(past.came[day]),
            "heights": {one: _as_json(of) for one, of in past.heights[day].items()},
        }
        if begun:
            connection.execute(_day.update().where(here).values(**told))
        else:
            key = {"profile": profile, "office": office, "day": day.isoformat()}
            connection.execute(_day.insert().values(**key, **told))
    _forget(connection, profile, when, pasts)


def _forget(connection: Connection, profile: str, when: Days, offices: Collection[str]) -> None:
    """Days of these offices that are long over.

    By how many are newer, not by the date: a clock that runs ahead forgets no more than a day.
    """
    mine = and_(_day.c.profile == profile, _day.c.office.in_(list(offices)))
    over: dict[str, list[str]] = {office: [] for office in offices}
    for office, day in connection.execute(
        select(_day.c.office, _day.c.day).where(mine).order_by(_day.c.day)
    ):
        if day < when.today(office).isoformat():
            over[office].append(day)
    for office, found in over.items():
        if old := found[: -(PAST + 1)]:
            connection.execute(
                delete(_day).where(mine, _day.c.office == office, _day.c.day.in_(old))
            )


def _as_json(counts: Counter[int]) -> dict[str, int]:
    return {str(one): many for one, many in sorted(counts.items())}
