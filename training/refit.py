"""An office's own outcomes move the scorecard that serves: a little, and visibly.

Every term keeps its table, times one factor; the base moves freely. The factors are held
near 1 by a prior whose width is that of an office's evidence, so that a few finds move
little and none moves the order at all. From `ENOUGH` finds on, the bins of single
features may move as well, each held near zero, monotone where the feature is.

What was examined depends on what was declared and on chance, never on what was found, so the
likelihood of the examined rows needs no weights: what an indicator brought up is learnt from as if
its points had. Probabilities that pages show do need them: there a random control stands for all
those that its draw passed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit

from riskprofile.errors import RiskProfileError
from riskprofile.profiles import PROFILES
from riskprofile.scoring.editing import DROP, LOCK, SHAPED, Edit, edited, rising
from riskprofile.scoring.scorecard import (
    ENOUGH_EXAMINED,
    ENOUGH_FINDS,
    POINTS_PER_LOG_ODDS,
    WORDING,
    Scorecard,
    Term,
)
from riskprofile.tables import Table
from training import evaluate
from training.compile import mended

ENOUGH = 200  # examined finds: below it only the base and one factor a term move
FACTOR_SPREAD = 0.25  # prior: a factor of 0.75 to 1.25 is ordinary
BIN_SPREAD = 0.3  # prior: log-odds that one bin may move
BASE_SPREAD = 2.0  # prior of the base, in log-odds: without finds it must stop somewhere
WRONG = 0.02  # share of outcomes that may be wrong either way: one label bends nothing far
FACTORS = (0.5, 2.0)  # a term is neither turned round nor made to rule alone
HEAVIEST = 50.0  # a random control stands for this many rows at most


@dataclass(frozen=True)
class Refit:
    """What moved: the new scorecard, the base's shift in points, a factor of each term."""

    scorecard: Scorecard
    shift: int
    factors: dict[str, float]
    bins: dict[str, np.ndarray]  # points added to each bin of a single feature; empty below ENOUGH
    outcomes: int
    finds: int
    digest: str  # of the labels and values it was fitted on
    terms: tuple[str, ...] = field(default=())

    @property
    def moved(self) -> list[tuple[str, float]]:
        """Terms by how far their factor is from 1, the farthest first."""
        return sorted(self.factors.items(), key=lambda one: (-abs(one[1] - 1), one[0]))


def refit(
    card: Scorecard,
    labels: Table,
    version: str,
    edits: Sequence[Edit] = (),
) -> Refit:
    """Move a scorecard towards what examinations found.

    Parameters
    ----------
    card : Scorecard
        The one that serves.
    labels : Table
        As `riskprofile.services.feedback.labels` gives them: `value` of 0 and 1,
        `selected_by`, `probability`, and the features that the scorecard reads.
    edits : sequence of Edit
        What an analyst does with single terms. A locked term keeps its table whatever is
        found, and so do pairs with a feature that may go one way alone and is locked: their steps
        lean on it. One that was smoothed or made to rise or fall is weighed, and its bins stay.

    Raises
    ------
    RiskProfileError
        An edit cannot be made, or a feature is missing from the labels.
    """
    if lacking := sorted(set(card.features) - set(labels.columns)):
        raise RiskProfileError(
            f"the labels lack the feature {lacking[0]}",
            do="They were rated by another scorecard: refit the one that rated them",
        )
    card = edited(card, edits)
    kept = card.terms
    locked = {edit.term for edit in edits if edit.how == LOCK}
    still = locked | {edit.term for edit in edits if edit.how in SHAPED}
    value = labels["value"].to_numpy("float64")
    finds = int(value.sum())
    # Row by row in memory: sums of floats depend on the order in which they are made.
    given = np.divide(card.contributions(labels), POINTS_PER_LOG_ODDS, order="C")
    weights = weights_of(labels)
    ways = monotone(card).keys() & locked
    held = [term.name in locked or not ways.isdisjoint(term.features) for term in kept]
    free = ~np.array(held, dtype=bool) & (finds > 0)
    shift, factors = _factors(card.base / POINTS_PER_LOG_ODDS, given, value, free)
    terms = [
        replace(term, table=np.rint(term.table * factor).astype(np.int32))
        for term, factor in zip(kept, factors, strict=True)
    ]
    base = card.base + int(np.rint(shift * POINTS_PER_LOG_ODDS))
    moved = replace(card, base=base, terms=tuple(terms), version=version, digest="")
    bins: dict[str, np.ndarray] = {}
    if finds >= ENOUGH and not card.written:
        bins = _bins(moved, labels, value, still)
        moved = replace(moved, terms=_with_bins(moved, bins))
    if not card.written:  # each written criterion goes its way by itself, whatever its factor
        gone = {edit.term for edit in edits if edit.how == DROP}
        # What was taken out stays out: where pairs lean on it, the gate of monotone terms says so.
        way = {name: one for name, one in monotone(moved).items() if name not in gone}
        moved = replace(moved, terms=mended(moved.terms, moved.bins, way))
    moved = _calibrated(moved, labels, value, weights, finds)
    return Refit(
        scorecard=moved,
        shift=base - card.base,
        factors={
            term.name: round(float(factor), 4) for term, factor in zip(kept, factors, strict=True)
        },
        bins=bins,
        outcomes=len(labels),
        finds=finds,
        digest=digest(labels, card.features),
        terms=tuple(term.name for term in kept),
    )


def monotone(card: Scorecard) -> dict[str, int]:
    """Which way the points of each feature may go, of those that have one way only."""
    told: dict[str, int] = {
        one.name: one.monotone
        for one in PROFILES[card.profile].features
        if one.monotone and one.name in card.bins
    }
    return {**told, WORDING: 1} if WORDING in card.bins else told


def weights_of(labels: Table) -> np.ndarray:
    """How many rows each stands for: 1 for what was selected, 1 / probability for a draw."""
    chance = labels["probability"].to_numpy("float64", na_value=np.nan)
    drawn = (labels["selected_by"] == "random").fillna(False).to_numpy(dtype=bool)
    drawn &= np.isfinite(chance) & (chance > 0)
    made: np.ndarray = np.where(drawn, 1.0 / np.where(drawn, chance, 1.0), 1.0)
    return made.clip(1.0, HEAVIEST)


def digest(labels: Table, features: tuple[str, ...]) -> str:
    """What identifies the evidence: values, labels and how each was selected."""
    total = hashlib.sha256()
    columns = ["record_id", "item", "value", "selected_by", "probability", *sorted(features)]
    for name in columns:
        total.update(name.encode())
        total.update(pd.util.hash_pandas_object(labels[name], index=False).to_numpy().tobytes())
    return total.hexdigest()


def _factors(
    base: float, given: np.ndarray, value: np.ndarray, free: np.ndarray
) -> tuple[float, np.ndarray]:
    """The shift of the base and a factor of each term that are likeliest, under their priors."""
    if not len(value):
        return 0.0, np.ones(given.shape[1])
    start = np.zeros(1 + given.shape[1])
    plain = base + given.sum(axis=1)

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        told, gap = _misfit(plain + at[0] + given @ at[1:], value)
        told += 0.5 * float((at[1:] ** 2).sum()) / FACTOR_SPREAD**2
        told += 0.5 * float(at[0] ** 2) / BASE_SPREAD**2
        slope = np.concatenate([[gap.sum()], given.T @ gap])
        slope[1:] += at[1:] / FACTOR_SPREAD**2
        slope[0] += at[0] / BASE_SPREAD**2
        return told, slope

    room = [(FACTORS[0] - 1, FACTORS[1] - 1) if one else (0.0, 0.0) for one in free]
    bounds = [(-10.0, 10.0), *room]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    # Rounded, so that the last bits of an optimiser do not decide a table.
    return round(float(found.x[0]), 4), 1 + np.round(found.x[1:], 4)


def _misfit(eta: np.ndarray, value: np.ndarray) -> tuple[float, np.ndarray]:
    """Minus the log-likelihood, and its slope by row, where a few outcomes are wrong."""
    plain = expit(eta)
    chance = WRONG + (1 - 2 * WRONG) * plain
    told = -np.where(value == 1, np.log(chance), np.log1p(-chance)).sum()
    slope: np.ndarray = (chance - value) / (chance * (1 - chance))
    return float(told), slope * (1 - 2 * WRONG) * plain * (1 - plain)


def _bins(
    card: Scorecard, labels: Table, value: np.ndarray, locked: set[str]
) -> dict[str, np.ndarray]:
    """Points to add to each bin of the single features, held near zero and monotone."""
    singles = [t for t in card.terms if len(t.features) == 1 and t.name not in locked]
    if not singles:
        return {}
    rows, columns, start = [], [], 0
    for term in singles:
        name = term.features[0]
        cut = card.bins[name].of(labels[name].to_numpy("float64", na_value=np.nan))
        rows.append(np.arange(len(labels)))
        columns.append(start + cut)
        start += len(term.table)
    ones = np.ones(len(labels) * len(singles))
    design = csr_matrix(
        (ones, (np.concatenate(rows), np.concatenate(columns))), shape=(len(labels), start)
    )
    plain = card.points(labels) / POINTS_PER_LOG_ODDS

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        told, gap = _misfit(plain + design @ at, value)
        told += 0.5 * float((at**2).sum()) / BIN_SPREAD**2
        return told, design.T @ gap + at / BIN_SPREAD**2

    found = np.round(minimize(loss, np.zeros(start), jac=True, method="L-BFGS-B").x, 4)
    directions = monotone(card)
    told, place = {}, 0
    for term in singles:
        name = term.features[0]
        move = found[place : place + len(term.table)].copy()
        place += len(term.table)
        if direction := directions.get(name, 0):
            move[:-1] = direction * rising(direction * move[:-1])
        points = np.rint(move * POINTS_PER_LOG_ODDS).astype(np.int32)
        if points.any():
            told[name] = points
    return told


def _with_bins(card: Scorecard, bins: dict[str, np.ndarray]) -> tuple[Term, ...]:
    return tuple(
        replace(term, table=term.table + bins[term.features[0]])
        if len(term.features) == 1 and term.features[0] in bins
        else term
        for term in card.terms
    )


def _calibrated(
    card: Scorecard, labels: Table, value: np.ndarray, weights: np.ndarray, finds: int
) -> Scorecard:
    """Probabilities from the office's own outcomes once it has enough of them."""
    if len(labels) < ENOUGH_EXAMINED or not ENOUGH_FINDS <= finds < len(labels):
        return replace(card, examined=0)
    intercept, slope = evaluate.calibration_of_few(card.points(labels), value, weights)
    points = np.arange(card.lowest, card.lowest + len(card.probabilities))
    chance = 1 / (1 + np.exp(-(intercept + slope * points / POINTS_PER_LOG_ODDS)))
    return replace(card, probabilities=np.round(chance, 9), examined=len(labels))
