"""What the examined outcomes of this installation are enough to say."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, func, select

from riskprofile.profiles import PROFILES
from riskprofile.scoring import control
from riskprofile.scoring.control import Recall
from riskprofile.scoring.scorecard import ENOUGH_EXAMINED, ENOUGH_FINDS
from riskprofile.services.rights import OWNER, Actor, authorise
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.store.tables import Alert, Label, Outcome
from riskprofile.store.versions import REMOVED

_label = Label.__table__  # type: ignore[attr-defined]
_alert = Alert.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]


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
    """How many alerts of a profile have a confirmed outcome, and how many were finds."""
    row = connection.execute(_WEIGHED, {"profile": profile}).one()
    return Weight(int(row[0]), int(row[1] or 0))


def passed_over(store: Store, profile: str, actor: Actor = OWNER) -> Passed:
    """What the list passes over, estimated from the random control share alone.

    Draws without a confirmed examination say nothing; they are taken to be like the others.
    """
    authorise(actor, "recall.look")
    with store.read() as connection:
        weight = weighed(connection, profile)
        rows = connection.execute(
            select(_label.c.value, _label.c.selected_by, _label.c.probability, _alert.c.lane)
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
                )
            )
            .scalars()
            .all()
        )
    drawn = [(row[0], row[2]) for row in rows if row[1] == "random" and row[2]]
    # What an officer raised by hand, the list did not bring up; and the lot draws from yellow as
    # from green, so a find of the yellow lane is among those that the draws stand for already.
    found = sum(
        int(row[0]) for row in rows if row[1] not in ("random", "manual") and row[3] == "red"
    )
    told = control.recall(
        found,
        np.array([one[0] for one in drawn], dtype="float64"),
        np.array([one[1] for one in drawn], dtype="float64"),
        passed_over=sum(1.0 / one for one in chances if one),
    )
    return Passed(profile, weight, told)


def teaching(store: Store, profile: str, digest: str, actor: Actor = OWNER) -> Weight:
    """Confirmed outcomes of what one scorecard rated: those that a fit from it learns from."""
    authorise(actor, "recall.look")
    asked = (
        _WEIGHED.select_from(_label)
        .join(_outcome, _outcome.c.id == _label.c.outcome_id)
        .join(_alert, _alert.c.id == _outcome.c.alert_id)
        .where(_alert.c.model_digest == digest)
    )
    with store.read() as connection:
        row = connection.execute(asked, {"profile": profile}).one()
    return Weight(int(row[0]), int(row[1] or 0))


def all_passed_over(store: Store, actor: Actor = OWNER) -> list[Passed]:
    """`passed_over` of every profile."""
    return [passed_over(store, name, actor) for name in PROFILES]


# Built once: every look at an alert asks it.
_WEIGHED = select(func.count(), func.sum(_label.c.value)).where(
    _label.c.profile == bindparam("profile"), batches.counts()
)
