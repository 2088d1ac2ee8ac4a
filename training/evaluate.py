"""What an office would find at its own capacity."""

from __future__ import annotations

import numpy as np

from riskprofile.scoring.calibration import scale
from riskprofile.scoring.parts import chosen, ends
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS

BUDGETS = (0.001, 0.01, 0.02, 0.05)


def recall_at(scores: np.ndarray, labels: np.ndarray, budget: float) -> float:
    """Share of the positives among the first `budget` of the rows."""
    return float(labels[chosen(scores, budget)].sum() / max(labels.sum(), 1))


def interval(
    scores: np.ndarray, labels: np.ndarray, budget: float, seed: int, draws: int = 200
) -> tuple[float, float]:
    """95 % interval of `recall_at`, bootstrapped over the positives of a fixed list (`ends`).

    The cut is kept: what varies is which positives there were to find.
    """
    hits = chosen(scores, budget)[labels == 1].astype("float64")
    if not len(hits):
        return (float("nan"), float("nan"))
    random = np.random.default_rng(seed)
    means = [random.choice(hits, len(hits)).mean() for _ in range(draws)]
    return ends(hits, np.array(means))


def calibration(points: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Intercept and slope that turn points into log-odds of these labels (Platt, 1999).

    Where more points are no likelier found the slope is 0, and the intercept is that of their share
    alone: the one that belongs to a falling slope would be the level of no row.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=np.inf, max_iter=500)
    model.fit((points / POINTS_PER_LOG_ODDS).reshape(-1, 1), labels)
    return _rising(float(model.intercept_[0]), float(model.coef_[0, 0]), labels)


def calibration_of_few(
    points: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, float]:
    """The same of an office's outcomes, which may be so few that the finds among them have the
    most points: they are not taken for proof that no other row is a find (`scale`).
    """
    return _rising(*scale(points, labels, weights), labels, weights)


def _rising(
    intercept: float, slope: float, labels: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, float]:
    if slope > 0:
        return intercept, slope
    share = np.average(labels, weights=weights)
    return float(np.log(share / (1 - share))), 0.0
