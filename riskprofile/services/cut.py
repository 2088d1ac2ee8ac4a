"""Where an office's list is cut by so many examinations, what is kept of today's, and setting how
many it can make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, and_, func, or_, select, union_all, update

from riskprofile.errors import NotAllowed, UsageError
from riskprofile.scoring.control import Missed
from riskprofile.services import capacity
from riskprofile.services.blind import LANE
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.desk import decision_table as _decision
from riskprofile.services.evidence import Weight, weighed
from riskprofile.services.queue_statements import (
    LANE_ORDER,
    SEEN,
    SHOWN_LANE,
    WAITS,
    snoozed,
    standing_id,
)
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store.alert_tables import BY_HAND, Outcome
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Office

LOOK, SET = "board.look", "office.capacity"
NEXT = 10  # examinations more
STEPS = 120  # examinations a day that are told beforehand, one by one
MOST = 10_000  # examinations a day: no office makes more
PAST, TIMED = timedelta(days=90), 500  # past examinations that tell how long one takes
TAIL = 0.025  # on either side of a 95 % interval

_office = Office.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]


class Place(NamedTuple):
    """One open alert of the list. What waits for an own view has neither points nor score."""

    lane: str
    points: int | None
    score: float | None


class Expected(NamedTuple):
    """Finds expected among some alerts, and how many there are on 95 of 100 such days."""

    finds: float
    low: int
    high: int


@dataclass(frozen=True)
class Cut:
    """So many examinations of the day (`number`), of which `left` are still to be made.

    They reach the open alerts from the top of the list. `points` are those of the last alert that
    is reached (None when it has none, or when all are reached); `beyond` is what stays open below
    it, and the first ten of these have the lanes and points (fewest, most) of `below`. `finds` and
    `more` are what the alerts reached, and the next ten below them, are expected to hold: None
    until the installation's own confirmed outcomes are enough for a probability, and what rated
    these alerts was fitted on such. `at_random` is
    what those still to be made would find in what the lists pass over, None until the random
    share tells. What waits for an officer's own view comes first (`own_view`), is of no lane, and
    is told without points and expectation. `work` is the time of the whole number at the usual
    length.
    """

    number: int
    left: int
    reached: int
    points: int | None
    own_view: int
    red: int
    yellow: int
    beyond: int
    below: Mapping[str, int]
    below_points: tuple[int, int] | None
    finds: Expected | None
    more: Expected | None
    at_random: float | None
    work: timedelta | None


@dataclass(frozen=True)
class Reach:
    """What examinations reach of an office's open alerts of one profile.

    Those put aside are left out, and those that were decided: what was ordered of them is ordered.

    Parameters
    ----------
    made : int
        Examinations ordered today, of any profile: none of these alerts is in `top`.
    top : tuple of Place
        The top of the list: as many as were asked for, and ten more.
    lanes : mapping of str to int
        How many there are in all, by lane.
    known : bool
        Whether confirmed outcomes are enough for a probability, and `top` was rated with one.
    weight : Weight
        Those outcomes.
    at_random : float, optional
        The share of finds in what the lists pass over; None while it is not known.
    minutes : float, optional
        Of the middle one of past examinations; None where nobody said how long one took.
    """

    office: str
    profile: str
    made: int
    top: tuple[Place, ...]
    lanes: Mapping[str, int]
    known: bool
    weight: Weight
    at_random: float | None
    minutes: float | None

    def cut(self, number: int) -> Cut:
        """What so many examinations of the day come to."""
        left, then = (max(0, many - self.made) for many in (number, number + NEXT))
        reached, below = self.top[:left], self.top[left : left + NEXT]
        lanes = Counter(one.lane for one in reached)
        points = [one.points for one in below if one.points is not None]
        return Cut(
            number=number,
            left=left,
            reached=len(reached),
            points=reached[-1].points if reached and below else None,
            own_view=lanes[LANE],
            red=lanes["red"],
            yellow=lanes["yellow"],
            beyond=sum(self.lanes.values()) - len(reached),
            below=Counter(one.lane for one in below),
            below_points=(min(points), max(points)) if points else None,
            finds=self.curve[len(reached)] if self.known else None,
            more=expected([_chance(one) for one in self.top[left:then]])[-1]
            if self.known
            else None,
            at_random=None if self.at_random is None else left * self.at_random,
            work=None if self.minutes is None else number * timedelta(minutes=self.minutes),
        )

    @cached_property
    def curve(self) -> list[Expected]:
        """Finds expected among the first 0, 1, 2, ... of the list; empty while not known."""
        return expected([_chance(one) for one in self.top]) if self.known else []


def _chance(one: Place) -> float:
    return float(one.score or 0.0)


def expected(chances: Sequence[float]) -> list[Expected]:
    """Finds among the first 0, 1, 2, ... alerts of these chances.

    The chances are summed, and the interval is that of the sum of such independent draws: the
    fewest and the most finds that leave out less than 2.5 % on their side.

    >>> expected([0.5, 0.25])[-1]
    Expected(finds=0.75, low=0, high=2)
    """
    spread = np.zeros(len(chances) + 1)
    spread[0] = 1.0
    found, total = [Expected(0.0, 0, 0)], 0.0
    for chance in chances:
        spread[1:] = spread[1:] * (1 - chance) + spread[:-1] * chance
        spread[0] *= 1 - chance
        total += chance
        upto = spread.cumsum()
        low, high = (int(np.searchsorted(upto, end)) for end in (TAIL, 1 - TAIL))
        found.append(Expected(total, low, high))
    return found


def reach(
    store: Store,
    actor: Actor,
    office: str,
    profile: str,
    now: datetime,
    number: int = STEPS,
    passed_over: Missed | None = None,
) -> Reach:
    """The list of an office as examinations reach it, for every number up to this one.

    However many alerts are open, the top of each lane is read alone, in the order of an index.

    Parameters
    ----------
    passed_over : Missed, optional
        What the random share tells of this profile (`control_share`).
    """
    authorise(actor, LOOK, office)
    here = [_alert.c.profile == profile, _alert.c.state == "open", _alert.c.office == office]
    here += [~snoozed(now), standing_id().is_(None)]
    top: list[Place] = []
    fitted = True  # what rated them, on outcomes
    with store.read() as connection:
        rows = connection.execute(
            select(SHOWN_LANE, func.count()).where(*here).group_by(SHOWN_LANE)
        ).all()
        lanes = {row[0]: int(row[1]) for row in rows}
        for lane in sorted(lanes, key=lambda name: LANE_ORDER.get(name, 9)):
            room = max(0, number) + NEXT - len(top)
            if lane == LANE:
                top += [Place(LANE, None, None)] * min(room, lanes[lane])
                continue
            asked = select(*_alert.c["points", "score", "selected_by"]).where(*here, SEEN)
            asked = asked.where(_alert.c.lane == lane)
            asked = asked.order_by(_alert.c.standing, _alert.c.record_id).limit(room)
            for points, score, by in connection.execute(asked):
                top.append(Place(lane, points, score))
                fitted &= score is not None or points is None or by == BY_HAND
        zone = connection.execute(select(_office.c.zone).where(_office.c.code == office)).scalar()
        weight = weighed(connection, profile)
        return Reach(
            office,
            profile,
            examined(connection, [office], capacity.midnight(zone or "UTC", now))[office],
            tuple(top),
            lanes,
            weight.enough and fitted,
            weight,
            passed_over.share if passed_over is not None and passed_over.known else None,
            _minutes(connection, office, now),
        )


def examined(connection: Connection, offices: Collection[str], since: datetime) -> Counter[str]:
    """Alerts that were ordered to be examined since then, by office."""
    ordered = select(_decision.c.alert_id).where(
        _decision.c.decision == "examine",
        _decision.c.undone_at.is_(None),
        _decision.c.at >= since,
    )
    rows = connection.execute(
        select(_alert.c.office, func.count())
        .where(_alert.c.id.in_(ordered), _alert.c.office.in_(list(offices)))
        .group_by(_alert.c.office)
    )
    return Counter({office: int(many) for office, many in rows})


def _minutes(connection: Connection, office: str, now: datetime) -> float | None:
    """How long the middle one of the last examinations of an office took."""
    told = connection.execute(
        select(_outcome.c.minutes)
        .join(_alert, _alert.c.id == _outcome.c.alert_id)
        .where(_alert.c.office == office, _outcome.c.at > now - PAST)
        .where(_outcome.c.minutes > 0, _outcome.c.outcome != "not_examined")
        .order_by(_outcome.c.id.desc())
        .limit(TIMED)
    )
    minutes = [int(one) for one in told.scalars()]
    return float(median(minutes)) if minutes else None


@dataclass(frozen=True)
class Today:
    """How the examinations of an office's today stand, of one profile.

    `given` of them lists of today gave to declarations. An alert that waits for an officer's own
    view counts as one, in whatever lane it is: else the figure would tell its lane. `coming`
    declarations usually still come today; None while no day before is known.
    """

    profile: str
    given: int
    coming: int | None

    def kept(self, number: int) -> int:
        """Of so many examinations, those that are kept for what still comes."""
        return max(0, number - self.given) if self.coming else 0


def today(
    store: Store, actor: Actor, office: str, profiles: Sequence[str], now: datetime
) -> list[Today]:
    """What lists of today gave out of an office's examinations, and what is still expected of it.

    Lists are cut by the same figures (`capacity.capacities`).
    """
    authorise(actor, LOOK, office)
    with store.read() as connection:
        when = capacity.days(connection, now)
        if office not in when.offices:
            return []
        since = now - capacity.LONGEST_DAY
        red = and_(_alert.c.lane == "red", _alert.c.state.in_(("open", "closed")))
        waits = and_(_alert.c.lane != "red", WAITS, _alert.c.state == "open")
        parts = [  # each in an index of its own
            select(_alert.c.profile, _alert.c.due_at, _alert.c.created_at).where(
                _alert.c.office == office,
                _alert.c.profile.in_(profiles),
                part,
                or_(_alert.c.due_at >= since, _alert.c.created_at >= since),
            )
            for part in (red, waits)
        ]
        rows = connection.execute(union_all(*parts)).all()
        of_today = when.list(office, None)
        given = Counter(
            profile for profile, due, made in rows if when.list(office, due, made) == of_today
        )
        made = []
        for profile in profiles:
            ahead = capacity.ahead_today(connection, profile, when, office)
            coming = None if ahead is None else round(ahead.count)
            made.append(Today(profile, given[profile], coming))
    return made


def set_capacity(store: Store, actor: Actor, office: str, number: int, now: datetime) -> None:
    """Say how many examinations the office can make a day; runs from now on cut by it.

    Raises
    ------
    UsageError
        The number is not between 0 and 10,000.
    NotAllowed
        It is another office's, or there is none of that code.
    """
    authorise(actor, SET, office)
    if not 0 <= number <= MOST:
        raise UsageError(f"{number} examinations a day", do=f"Give a number from 0 to {MOST}.")
    with store.write() as connection:
        before = connection.execute(
            select(_office.c.capacity).where(_office.c.code == office).with_for_update()
        ).scalar()
        if before is None:
            raise NotAllowed("there is no such office", where=office[:20])
        if before == number:
            return
        connection.execute(update(_office).where(_office.c.code == office).values(capacity=number))
        told = {"from": int(before), "to": number}
        note(connection, actor, SET, f"office:{office}", now, told, office=office)
