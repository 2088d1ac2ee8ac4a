"""What each office can examine on each day, and what earlier lists have taken of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, or_, select

from riskprofile.scoring.ranking import Capacity
from riskprofile.store.tables import Alert, Office
from riskprofile.tables import Column

_alert = Alert.__table__  # type: ignore[attr-defined]
_office = Office.__table__  # type: ignore[attr-defined]

LATEST_ZONE = timedelta(days=1)  # no zone is further from UTC: the office's today began since


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
                today = pd.Timestamp(_day(self.now, zone), tz=zone)
                on = pd.to_datetime(due[here], utc=True).dt.tz_convert(zone).dt.normalize()
                on = on.where(on > today, today)
                made[here] = office + " on " + on.dt.strftime("%Y-%m-%d").astype("str")
        return made

    def list(self, office: str, due: datetime | None, rated: datetime | None = None) -> str:
        """The list of one declaration; `rated` is when, if not now."""
        zone = self.offices[office][1]
        at = rated or self.now
        day = max(_day(at, zone), _day(due, zone)) if due is not None else _day(at, zone)
        return f"{office} on {day.isoformat()}"


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def days(connection: Connection, now: datetime) -> Days:
    """The offices of this installation."""
    rows = connection.execute(select(_office.c.code, _office.c.capacity, _office.c.zone)).all()
    return Days(now, {row[0]: (int(row[1]), ZoneInfo(row[2])) for row in rows})


def capacities(
    connection: Connection,
    profile: str,
    when: Days,
    lists: Collection[str],
    again: Callable[[Collection[str]], set[str]],
    asked: Capacity,
) -> dict[str, Capacity]:
    """The capacity of each list, with what earlier runs have taken of it.

    Parameters
    ----------
    again : callable
        Which of some records are ranked anew: what an earlier version of them took is free
        again, or a declaration amended all day long would use up the capacity of the day.
    asked : Capacity
        Gives the random share.
    """
    wanted = set(lists)
    made = {
        name: replace(asked, number=when.offices[name.rsplit(" on ", 1)[0]][0]) for name in wanted
    }
    if not wanted:
        return made
    since = when.now - LATEST_ZONE
    rows = connection.execute(
        select(
            _alert.c.record_id,
            _alert.c.office,
            _alert.c.due_at,
            _alert.c.created_at,
            _alert.c.selected_by,
            _alert.c.state,
        ).where(
            _alert.c.profile == profile,
            _alert.c.lane == "red",
            _alert.c.state.in_(("open", "closed")),
            _alert.c.office.in_(list(when.offices)),
            or_(_alert.c.due_at >= since, _alert.c.created_at >= since),
        )
    ).all()
    known = again({row.record_id for row in rows if row.state == "open"})
    for record, office, due, created, selected_by, state in rows:
        name = when.list(office, due, created)
        if name not in wanted or (state == "open" and record in known):
            continue
        one = made[name]
        drawn = one.drawn + (selected_by == "random")
        made[name] = replace(one, taken=one.taken + 1, drawn=drawn)
    return made
