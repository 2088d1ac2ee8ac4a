"""Decisions other than the lane: what was done, for which reason, and what was found since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from riskprofile.services.agreement import AS_RATED
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.desk import decision_table as _decision
from riskprofile.services.queue_statements import seen_from
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.alert_tables import BY_HAND, Outcome
from riskprofile.store.database import Store

_outcome = Outcome.__table__  # type: ignore[attr-defined]

ACTION = "board.look"
PAST = timedelta(days=7)
LISTED = 200  # alerts of the open list
# What an officer raised by hand the list had passed over: whatever is ordered, the lane was green.
shown_lane: Any = case((_alert.c.selected_by == BY_HAND, "green"), else_=_alert.c.lane)
FOLLOWS = {**AS_RATED, "green": ("release",)}


@dataclass(frozen=True)
class Override:
    """So many decisions (`count`) of one kind, for one reason as officers wrote it.

    Of their alerts `known` have been examined by now, and `finds` of these were trafficking.
    """

    lane: str
    decision: str
    reason: str
    count: int
    known: int
    finds: int


@dataclass(frozen=True)
class Overrides:
    """Those of seven days, the most frequent first, and of how many decisions.

    Of the red alerts that were released (`released`), `seconded` carry a second person's name.
    """

    kinds: list[Override]
    decided: int
    released: int
    seconded: int

    @property
    def count(self) -> int:
        """How many decisions differ from the lane."""
        return sum(one.count for one in self.kinds)


@dataclass(frozen=True)
class Overridden:
    """One alert that was decided otherwise; `outcome` is the last, None while there is none."""

    alert: int
    record_id: str
    lane: str
    decision: str
    reason: str
    officer: str
    second: str | None
    at: datetime
    outcome: str | None


def overrides(connection: Connection, actor: Actor, now: datetime) -> Overrides:
    """Decisions of seven days that stand, counted by what was done and why."""
    looked = case((_outcome.c.outcome != "not_examined", 1), else_=0)
    found = case((_outcome.c.outcome == "trafficking", 1), else_=0)
    rows = connection.execute(
        select(shown_lane, _decision.c.decision, _decision.c.reason, func.count())
        .add_columns(func.sum(looked), func.sum(found), func.count(_decision.c.second))
        .select_from(_joined())
        .where(*_of(actor, now))
        .group_by(shown_lane, _decision.c.decision, _decision.c.reason)
    ).all()
    kinds = [
        Override(lane, decision, reason, *map(int, counts))
        for lane, decision, reason, *counts, _ in rows
        if decision not in FOLLOWS.get(lane, ())
    ]
    kinds.sort(key=lambda one: (-one.count, one.lane, one.decision, one.reason))
    red = [row for row in rows if (row[0], row[1]) == ("red", "release")]
    return Overrides(
        kinds,
        sum(int(row[3]) for row in rows),
        sum(int(row[3]) for row in red),
        sum(int(row[6]) for row in red),
    )


def listed(store: Store, actor: Actor, now: datetime) -> list[Overridden]:
    """The alerts behind them, the last decided first, 200 at most."""
    authorise(actor, ACTION)
    kept = [_decision.c.decision.in_(of) & (shown_lane == lane) for lane, of in FOLLOWS.items()]
    with store.read() as connection:
        rows = connection.execute(
            select(_alert.c.id, _alert.c.record_id, shown_lane)
            .add_columns(*_decision.c["decision", "reason", "officer", "second", "at"])
            .add_columns(_outcome.c.outcome)
            .select_from(_joined())
            .where(*_of(actor, now), *[~one for one in kept])
            .order_by(_decision.c.id.desc())
            .limit(LISTED)
        ).all()
    return [Overridden(*row) for row in rows]


def _of(actor: Actor, now: datetime) -> list[ColumnElement[bool]]:
    return [*seen_from(actor.office), _decision.c.undone_at.is_(None), _decision.c.at > now - PAST]


def _joined() -> Any:
    """Decisions with their alert and what was last found in it since."""
    inner = Outcome.__table__.alias()  # type: ignore[attr-defined]
    last = (
        select(func.max(inner.c.id))
        .where(inner.c.alert_id == _decision.c.alert_id, inner.c.at >= _decision.c.at)
        .correlate(_decision)
        .scalar_subquery()
    )
    joined = _decision.join(_alert, _alert.c.id == _decision.c.alert_id)
    return joined.outerjoin(_outcome, _outcome.c.id == last)
