"""Where an office's list is cut by so many examinations, what is kept of today's, and setting how
many it can make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, or_, select, update

from riskprofile.errors import NotAllowed, UsageError
from riskprofile.services import capacity
from riskprofile.services.blind import LANE
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.evidence import weighed
from riskprofile.services.queue_statements import SHOWN_LANE, SHOWN_RANK, WAITS
from riskprofile.services.queueing import LANE_ORDER, snoozed
from riskprofile.services.rights import Actor, authorise
from riskprofile.store import audit
from riskprofile.store.database import Store
from riskprofile.store.tables import Office

LOOK, SET = "board.look", "office.capacity"
NEXT = 10  # examinations more
MOST = 10_000  # examinations a day: no office makes more

_office = Office.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Cut:
    """So many of the open alerts, from the top of the list.

    `points` are those of the last alert that is reached (None when it has none, or when all
    are reached); `beyond` is what stays open below it. `finds` and `more` are what the alerts
    reached, and the next ten below them, are expected to hold: None until the installation's
    own confirmed outcomes are enough for a probability. What waits for an officer's own view
    comes first (`own_view`), is of no lane, and is told without points and expectation.
    """

    number: int
    reached: int
    points: int | None
    own_view: int
    red: int
    yellow: int
    beyond: int
    finds: float | None
    more: float | None


def cut(store: Store, actor: Actor, office: str, number: int, now: datetime) -> Cut:
    """What `number` examinations reach of the office's open alerts, put aside ones left out."""
    authorise(actor, LOOK, office)
    with store.read() as connection:
        rows = connection.execute(
            select(
                SHOWN_LANE,
                case((WAITS, None), else_=_alert.c.points),
                case((WAITS, None), else_=_alert.c.score),
                _alert.c.profile,
            )
            .where(_alert.c.office == office, _alert.c.state == "open", ~snoozed(now))
            .order_by(case(LANE_ORDER, value=SHOWN_LANE, else_=9), SHOWN_RANK, _alert.c.record_id)
        ).all()
        known = {name: weighed(connection, name).enough for name in {row[3] for row in rows}}
    reached, rest = rows[: max(0, number)], rows[max(0, number) :]
    told = bool(rows) and all(known.values())

    def expected(part: list[tuple[str, int | None, float | None, str]]) -> float | None:
        return sum(float(row[2] or 0.0) for row in part) if told else None

    lanes = [row[0] for row in reached]
    return Cut(
        number=number,
        reached=len(reached),
        points=reached[-1][1] if reached and rest else None,
        own_view=lanes.count(LANE),
        red=lanes.count("red"),
        yellow=lanes.count("yellow"),
        beyond=len(rest),
        finds=expected([tuple(row) for row in reached]),
        more=expected([tuple(row) for row in rest[:NEXT]]),
    )


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
        since = now - capacity.LATEST_ZONE
        rows = connection.execute(
            select(_alert.c.profile, _alert.c.due_at, _alert.c.created_at).where(
                _alert.c.office == office,
                or_(
                    and_(_alert.c.lane == "red", _alert.c.state.in_(("open", "closed"))),
                    and_(WAITS, _alert.c.state == "open"),
                ),
                or_(_alert.c.due_at >= since, _alert.c.created_at >= since),
            )
        ).all()
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
        audit.append(
            connection,
            actor=actor.name,
            action=SET,
            subject=f"office:{office}",
            office=office,
            detail={"from": int(before), "to": number},
            now=now,
        )
