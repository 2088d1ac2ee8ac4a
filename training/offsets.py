"""From few outcomes: the shipped points, moved no further than the outcomes push them.

A scorecard learnt from thousands of positives is not thrown away for thirty finds. The base
and one factor per term move, each held at the shipped value by a penalty: with no outcomes
nothing moves, with many the data decide. A term keeps its shape and its direction, so what
may only raise the points still only raises them.

Selection hides labels: only what was examined has one. Whether a row was examined depends on
its points and on chance alone, and the points are functions of the same terms, so the
likelihood of the examined rows is the right one without weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from riskprofile.scoring.scorecard import (
    ENOUGH_FINDS,
    POINTS_PER_LOG_ODDS,
    Scorecard,
    Term,
)
from riskprofile.tables import Table

TERM_SPREAD = 0.25  # how far a factor moves from 1 as a matter of course: a standard deviation
BASE_SPREAD = 2.0  # the same of the base, in log-odds: offices differ most in how much there is
STEPS = 30
CLOSE = 1e-8


@dataclass(frozen=True)
class Offsets:
    """How far the base (log-odds) and the factor of each term moved from the shipped card."""

    base: float
    factors: np.ndarray
    examined: int
    finds: int


def fit(
    scorecard: Scorecard,
    values: Table,
    labels: np.ndarray,
    term_spread: float = TERM_SPREAD,
    base_spread: float = BASE_SPREAD,
) -> Offsets:
    """Offsets from examined rows.

    Parameters
    ----------
    values : Table
        The features of each examined row, as rated.
    labels : array of 0 or 1
    term_spread, base_spread : float
        Standard deviations of the penalties; smaller holds more firmly.
    """
    given = scorecard.contributions(values) / POINTS_PER_LOG_ODDS
    target = np.asarray(labels, dtype="float64")
    start = scorecard.base / POINTS_PER_LOG_ODDS + given.sum(axis=1)
    design = np.column_stack([np.ones(len(target)), given])
    holds = np.full(design.shape[1], term_spread**-2.0)
    holds[0] = base_spread**-2.0
    moved = np.zeros(design.shape[1])
    # Newton's method; a step that makes things worse is halved.
    loss = _loss(start, design, target, holds, moved)
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-(start + design @ moved)))
        slope = design.T @ (chance - target) + holds * moved
        curve = (design.T * (chance * (1 - chance))) @ design + np.diag(holds)
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while (after := _loss(start, design, target, holds, moved - size * step)) > loss + CLOSE:
            size /= 2
            if size < CLOSE:
                break
        moved = moved - size * step
        done = loss - after < CLOSE
        loss = after
        if done:
            break
    # No term turns round: what raises the points goes on raising them, or falls silent.
    factors = np.maximum(moved[1:], -1.0)
    return Offsets(float(moved[0]), factors, len(target), int(target.sum()))


def _loss(
    start: np.ndarray, design: np.ndarray, target: np.ndarray, holds: np.ndarray, at: np.ndarray
) -> float:
    odds = start + design @ at
    return float(np.sum(np.logaddexp(0, odds) - target * odds) + 0.5 * np.sum(holds * at**2))


def apply(scorecard: Scorecard, offsets: Offsets, version: str) -> Scorecard:
    """The scorecard with its base and terms moved, in whole points.

    It counts as learnt from outcomes (`examined`) only when there were finds enough.
    """
    terms = tuple(
        Term(
            term.features,
            np.round(term.table * (1 + factor)).astype(np.int32),
            term.criterion,
        )
        for term, factor in zip(scorecard.terms, offsets.factors, strict=True)
    )
    return replace(
        scorecard,
        version=version,
        digest="",
        base=scorecard.base + round(offsets.base * POINTS_PER_LOG_ODDS),
        terms=terms,
        examined=offsets.examined if offsets.finds >= ENOUGH_FINDS else 0,
    )
