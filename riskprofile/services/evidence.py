"""What the examined outcomes of this installation are enough to say."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import Connection, Engine, bindparam, false, func, select

from riskprofile.profiles import PROFILES
from riskprofile.scoring import control
from riskprofile.scoring.control import Recall
from riskprofile.scoring.scorecard import ENOUGH_EXAMINED, ENOUGH_FINDS
from riskprofile.services import feedback, tally
from riskprofile.services.rights import Actor, authorise
from riskprofile.store import batches
from riskprofile.store.alert_tables import BY_HAND, Alert, Label, Outcome
from riskprofile.store.database import Store
from riskprofile.store.versions import REMOVED

NEAREST, FEW = 100, 20  # examined alerts that a share is told of: at most, at least

_label = Label.__table__  # type: ignore[attr-defined]
_alert = Alert.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]

# A draw that examinations given to its list later reach by its points. The others that it was
# drawn from so high they reached too, so it stands for itself: one more that the list brought up.
REACHED = (_alert.c.selected_by == "random") & func.coalesce(
    _alert.c.points > _alert.c.red_from, false()
)


@dataclass(frozen=True)
class Weight:
    """Confirmed outcomes of one profile: alerts examined, and finds among them."""

    examined: int
    finds: int

    @property
    def enough(self) -> bool:
        """Whether a page may show a probability at all."""
        return self.examined >= ENOUGH_EXAMINED and self.finds >= ENOUGH_FINDS


@dataclass(frozen=True)
class Near:
    """Examined alerts with points from `least` to `most`, and the finds among them.

    `low` and `high` are Wilson's 95 % interval of the share of finds, in [0, 1].
    """

    examined: int
    finds: int
    least: int
    most: int
    low: float
    high: float


@dataclass(frozen=True)
class Passed:
    """What one profile's list passes over; `recall.known` says whether it says anything."""

    profile: str
    weight: Weight
    recall: Recall

    def as_json(self) -> dict[str, Any]:
        """For a program; what is not known is null."""
        told = {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(self.recall).items()
        }
        if not self.recall.known:
            told["missed"] = None
        return {"profile": self.profile, **asdict(self.weight), "known": self.recall.known} | told

    @property
    def says(self) -> str:
        """One sentence: the estimate, or "not known yet" and what it lacks."""
        told = self.recall
        if not told.known:
            return (
                f"not known yet: {told.drawn_finds} of the {control.LEAST_FINDS} finds in the "
                "random share that an estimate needs"
            )
        return (
            f"the list brings up {told.recall:.0%} of all finds "
            f"(95 % interval {told.low:.0%} to {told.high:.0%})"
        )


def weighed(connection: Connection, profile: str) -> Weight:
    """How many alerts of a profile have a confirmed outcome, and how many were finds.

    What an officer raised by hand is left out: it says nothing of points.
    """
    row = connection.execute(_WEIGHED, {"profile": profile}).one()
    return Weight(int(row[0]), int(row[1] or 0))


@dataclass(frozen=True, eq=False)
class _Examined:
    """The examined alerts of one scorecard: ids, points and whether each was a find (int64)."""

    stamp: tuple[int, ...]
    rows: np.ndarray  # (3, alerts)


# By database, profile and digest: a page asks at every click, and reads them all in 0.1 s when
# there are some ten thousands.
_known: WeakKeyDictionary[Engine, dict[tuple[str, str], _Examined]] = WeakKeyDictionary()


def near(
    connection: Connection, profile: str, digest: str, points: int, weight: Weight
) -> Near | None:
    """What was found on the examined alerts of a scorecard whose points are nearest to these.

    What an officer raised by hand is left out: it was not its points that brought it up.
    None where fewer than 20 of that scorecard were examined. `weight` is that of the profile, in
    the same transaction: while it and the newest label are the same, so are the alerts.
    """
    alerts, held, values = _examined(connection, profile, digest, weight).rows
    if len(alerts) < FEW:
        return None
    apart = np.abs(held - points)
    of = min(NEAREST, len(alerts))
    nearest = np.flatnonzero(apart <= np.partition(apart, of - 1)[of - 1])
    nearest = nearest[np.lexsort((alerts[nearest], apart[nearest]))][:of]
    finds, own = int(values[nearest].sum()), held[nearest]
    return Near(of, finds, int(own.min()), int(own.max()), *tally.interval(finds, of))


def _examined(connection: Connection, profile: str, digest: str, weight: Weight) -> _Examined:
    latest = connection.execute(_NEWEST).scalar() or 0
    stamp = (weight.examined, weight.finds, latest)
    known = _known.setdefault(connection.engine, {})
    held = known.get((profile, digest))
    if held is None or held.stamp != stamp:
        rows = connection.execute(_EXAMINED, {"profile": profile, "digest": digest}).all()
        given = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 3)
        held = known[profile, digest] = _Examined(stamp, np.ascontiguousarray(given.T))
    return held


def passed_over(store: Store, profile: str, actor: Actor) -> Passed:
    """What the list passes over, estimated from the random control share alone.

    Draws without a confirmed examination say nothing; they are taken to be like the others.
    """
    authorise(actor, "recall.look")
    with store.read() as connection:
        weight = weighed(connection, profile)
        rows = connection.execute(
            select(
                _label.c.value, _label.c.selected_by, _label.c.probability, _alert.c.lane, REACHED
            )
            .join(_outcome, _outcome.c.id == _label.c.outcome_id)
            .join(_alert, _alert.c.id == _outcome.c.alert_id)
            .where(_label.c.profile == profile, batches.counts())
        ).all()
        chances = (
            connection.execute(
                select(_alert.c.probability).where(
                    _alert.c.profile == profile,
                    _alert.c.selected_by == "random",
                    _alert.c.state.in_(("open", "closed", REMOVED)),
                    ~REACHED,
                )
            )
            .scalars()
            .all()
        )
    drawn = [(row[0], row[2]) for row in rows if row[1] == "random" and row[2] and not row[4]]
    # What an officer raised by hand, the list did not bring up; and the lot draws from yellow as
    # from green, so a find of the yellow lane is among those that the draws stand for already.
    found = sum(
        int(row[0])
        for row in rows
        if row[4] or (row[1] not in ("random", BY_HAND) and row[3] == "red")
    )
    told = control.recall(
        found,
        np.array([one[0] for one in drawn], dtype="float64"),
        np.array([one[1] for one in drawn], dtype="float64"),
        passed_over=sum(1.0 / one for one in chances if one),
    )
    return Passed(profile, weight, told)


def teaching(store: Store, profile: str, digest: str, actor: Actor) -> Weight:
    """Confirmed outcomes that a fit from one scorecard learns from (`feedback.led_to`)."""
    authorise(actor, "recall.look")
    rated = feedback.rated(profile).subquery()
    asked = (
        select(func.count(), func.sum(rated.c.value))
        .where(rated.c.model_digest == digest)
        .where(rated.c.selected_by != BY_HAND)
    )
    with store.read() as connection:
        row = connection.execute(asked).one()
    return Weight(int(row[0]), int(row[1] or 0))


def newest(store: Store, actor: Actor) -> int:
    """The newest label: while it is the same, and as many teach, they teach the same."""
    authorise(actor, "recall.look")
    with store.read() as connection:
        return connection.execute(_NEWEST).scalar() or 0


def all_passed_over(store: Store, actor: Actor) -> list[Passed]:
    """`passed_over` of every profile."""
    return [passed_over(store, name, actor) for name in PROFILES]


# Built once: every look at an alert asks them.
_NEWEST = select(func.max(_label.c.id))
_EXAMINED = (
    select(_alert.c.id, _alert.c.points, _label.c.value)
    .join(_outcome, _outcome.c.id == _label.c.outcome_id)
    .join(_alert, _alert.c.id == _outcome.c.alert_id)
    .where(_label.c.profile == bindparam("profile"), batches.counts())
    .where(_alert.c.model_digest == bindparam("digest"), _alert.c.points.is_not(None))
    .where(_label.c.selected_by != BY_HAND)
)
_WEIGHED = (
    select(func.count(), func.sum(_label.c.value))
    .where(_label.c.profile == bindparam("profile"), batches.counts())
    .where(_label.c.selected_by != BY_HAND)
)
