"""Where what serves stands today: alarms, calibration, each warning sign's precision, labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from riskprofile.errors import ScorecardError
from riskprofile.services import drift, evidence, feedback, promotion, tally
from riskprofile.services.drift import Standing
from riskprofile.services.evidence import Passed
from riskprofile.services.rights import Actor, authorise
from riskprofile.services.tally import Line
from riskprofile.store.database import Store
from riskprofile.tables import Table

LEAST = 20  # examined: of fewer no share of finds is told


@dataclass(frozen=True)
class Calibration:
    """Of examined outcomes of what serves, those that `drawn` by chance or that the list brought.

    `score` is the mean that the scorecard gave, `found` the share of finds, `low` and `high` its
    95 % interval; all in [0, 1].
    """

    drawn: bool
    examined: int
    score: float
    found: float
    low: float
    high: float

    @property
    def enough(self) -> bool:
        """Whether so many were examined that the two can be held against each other."""
        return self.examined >= LEAST

    @property
    def off(self) -> bool:
        """Whether the score lies outside of what the finds leave open."""
        return self.enough and not self.low <= self.score <= self.high


@dataclass(frozen=True)
class Labels:
    """Confirmed outcomes of one person who examined; `disagreed` were first said otherwise by
    another.
    """

    who: str
    outcomes: int
    finds: int
    drawn: int  # of the random share
    disagreed: int


@dataclass(frozen=True)
class Watch:
    """One look at a profile. `standing` is None where nobody has compared rows of late."""

    version: str
    standing: Standing | None
    passed: Passed
    calibration: tuple[Calibration, ...]
    signs: tuple[Line, ...]  # warning signs, the most examined first
    labels: tuple[Labels, ...]  # by who examined; the first is all together
    disputed: tuple[tuple[str, str, str], ...]  # record, who said otherwise of it, what that was


def look(store: Store, models: Path, actor: Actor, profile: str) -> Watch:
    """What stands of a profile.

    Raises
    ------
    NotAllowed
        Who does not study labels: they name the people who examined.
    """
    authorise(actor, "labels.look")
    standing = next((one for one in drift.standing(store, actor) if one.profile == profile), None)
    labels = feedback.labels(store, profile, actor)
    version, calibrated = "", []
    try:
        card = promotion.serving(store, models, profile)
    except ScorecardError:
        card = None
    if card is not None:
        version = card.version
        own = feedback.led_to(labels, card.digest)
        by_chance = (own["selected_by"] == "random").fillna(False).to_numpy(dtype=bool)
        for drawn in (True, False):
            mine = own[by_chance == drawn]
            score = card.probability(card.points(mine)) if len(mine) else np.zeros(0)
            calibrated.append(_calibration(drawn, score, mine["value"].to_numpy("float64")))
    counted = tally.tally(store, profile, actor, declared=False)
    signs = [one for one in counted if one.by == "indicator"]
    people: list[Labels] = []
    if len(labels):
        people = [_labels("", labels)]
        people += [_labels(str(who), mine) for who, mine in labels.groupby("officer", sort=True)]
    disputed = labels[labels["earlier"].notna()]
    return Watch(
        version,
        standing,
        evidence.passed_over(store, profile, actor),
        tuple(calibrated),
        tuple(sorted(signs, key=lambda one: (-one.examined, -one.alerts, one.name))),
        tuple(people),
        tuple(
            (str(one.record_id), str(one.officer), str(one.earlier))
            for one in disputed.itertuples()
        ),
    )


def _calibration(drawn: bool, score: np.ndarray, found: np.ndarray) -> Calibration:
    if not len(found):
        return Calibration(drawn, 0, *[float("nan")] * 4)
    ends = tally.interval(int(found.sum()), len(found))
    return Calibration(drawn, len(found), float(score.mean()), float(found.mean()), *ends)


def _labels(who: str, mine: Table) -> Labels:
    return Labels(
        who,
        len(mine),
        int(mine["value"].sum()),
        int((mine["selected_by"] == "random").fillna(False).sum()),
        int(mine["earlier"].notna().sum()),
    )
