"""The random control share, as a supervisor sees it: drawn, examined, found, and what it says.

Only as sums: which alert is a control nobody is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Connection, Text, and_, case, cast, func, or_, select

from riskprofile.profiles import PROFILES
from riskprofile.scoring import control
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.evidence import REACHED
from riskprofile.services.queue_statements import seen_from
from riskprofile.services.rights import Actor
from riskprofile.store import batches
from riskprofile.store.alert_tables import Label, Outcome
from riskprofile.store.packed_json import dumps
from riskprofile.store.versions import REMOVED

_outcome = Outcome.__table__  # type: ignore[attr-defined]
_label = Label.__table__  # type: ignore[attr-defined]

PAST = timedelta(days=90)
STATES = ("open", "closed", "superseded", REMOVED)
# What chance drew is red. Without the draw the points, or a sign, would have made it yellow.
_YELLOW = or_(
    and_(_alert.c.points.is_not(None), _alert.c.points >= _alert.c.yellow_from),
    cast(_alert.c.indicators, Text).like(f"%{dumps({'raises': 'yellow'})[1:-1]}%"),
)


@dataclass(frozen=True)
class Part:
    """Random controls of 90 days, by the lane that they would be in: examined, and finds."""

    examined: int
    finds: int


@dataclass(frozen=True)
class ControlShare:
    """The random share of the actor's offices: drawn `today` and in 90 days.

    `lanes` are yellow, which the examinations did not reach, and green. `missed` is by profile
    the share of finds in what its list passes over, estimated from confirmed outcomes of 90 days.
    """

    today: int
    drawn: int
    lanes: Mapping[str, Part]
    missed: Mapping[str, control.Missed]

    @property
    def examined(self) -> int:
        """Controls of 90 days that were examined."""
        return sum(one.examined for one in self.lanes.values())

    @property
    def finds(self) -> int:
        """Finds among them."""
        return sum(one.finds for one in self.lanes.values())


def control_share(
    connection: Connection, actor: Actor, midnight: datetime, now: datetime
) -> ControlShare:
    """What the share holds; `midnight` is when today began."""
    last = (  # an alert that was opened again counts with its last outcome
        select(func.max(_outcome.c.id))
        .where(_outcome.c.alert_id == _alert.c.id)
        .correlate(_alert)
        .scalar_subquery()
    )
    lane = case((_YELLOW, "yellow"), else_="green")
    stands = _alert.c.state.in_(("open", "closed", REMOVED)) & ~REACHED
    past = (  # of all that was ever red an index tells those of late, and no row of others is read
        select(_alert.c.id)
        .where(*seen_from(actor.office), _alert.c.profile.in_(PROFILES), _alert.c.state.in_(STATES))
        .where(_alert.c.lane == "red", _alert.c.created_at > now - PAST)
    )
    rows = connection.execute(
        select(
            _alert.c.profile,
            lane,
            func.count(),
            func.sum(case((_alert.c.created_at >= midnight, 1), else_=0)),
            func.sum(case((_outcome.c.outcome != "not_examined", 1), else_=0)),
            func.sum(case((_outcome.c.outcome == "trafficking", 1), else_=0)),
            func.sum(case((stands, 1.0 / func.nullif(_alert.c.probability, 0.0)), else_=0.0)),
        )
        .select_from(_alert.outerjoin(_outcome, _outcome.c.id == last))
        .where(_alert.c.id.in_(past), _alert.c.selected_by == "random")
        .group_by(_alert.c.profile, lane)
    ).all()
    lanes = {
        name: Part(*(sum(int(row[at]) for row in rows if row[1] == name) for at in (4, 5)))
        for name in ("yellow", "green")
    }
    missed = {
        profile: _missed(
            connection, actor, profile, now, sum(row[6] or 0.0 for row in rows if row[0] == profile)
        )
        for profile in PROFILES
    }
    drawn, today = (sum(int(row[at]) for row in rows) for at in (2, 3))
    return ControlShare(today, drawn, lanes, missed)


def _missed(
    connection: Connection, actor: Actor, profile: str, now: datetime, whole: float
) -> control.Missed:
    rows = connection.execute(
        select(_label.c.value, _label.c.probability)
        .join(_outcome, _outcome.c.id == _label.c.outcome_id)
        .join(_alert, _alert.c.id == _outcome.c.alert_id)
        .where(_label.c.profile == profile, _label.c.selected_by == "random", batches.counts())
        .where(~REACHED)
        .where(*seen_from(actor.office), _alert.c.created_at > now - PAST, _label.c.probability > 0)
    ).all()
    values, chances = (np.array([row[at] for row in rows], dtype="float64") for at in (0, 1))
    return control.share(values, chances, whole)
