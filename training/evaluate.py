"""What an office would find at its own capacity."""

from __future__ import annotations

import numpy as np

from riskprofile.scoring import control

BUDGETS = (0.001, 0.01, 0.02, 0.05)


def order(scores: np.ndarray) -> np.ndarray:
    """Rows from the highest score down; ties in the order of the rows."""
    return np.argsort(-scores, kind="stable")


def recall_at(scores: np.ndarray, labels: np.ndarray, budget: float) -> float:
    """Share of the positives among the first `budget` of the rows."""
    inspected = order(scores)[: max(1, round(len(scores) * budget))]
    return float(labels[inspected].sum() / max(labels.sum(), 1))


def interval(
    scores: np.ndarray, labels: np.ndarray, budget: float, seed: int, draws: int = 200
) -> tuple[float, float]:
    """95 % interval of `recall_at`, bootstrapped over the positives of a fixed list (`ends`).

    The cut is kept: what varies is which positives there were to find.
    """
    inspected = np.zeros(len(scores), dtype=bool)
    inspected[order(scores)[: max(1, round(len(scores) * budget))]] = True
    hits = inspected[labels == 1].astype("float64")
    if not len(hits):
        return (float("nan"), float("nan"))
    random = np.random.default_rng(seed)
    means = [random.choice(hits, len(hits)).mean() for _ in range(draws)]
    return ends(hits, np.array(means))


def ends(hits: np.ndarray, means: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of `hits` (0 or 1) from bootstrapped means.

    Where all or none are hits every mean is the same, which says nothing of how sure it is:
    Wilson's interval then, so that 20 of 20 are not told as if no find could be missed.
    """
    share = float(hits.mean())
    if share in (0.0, 1.0):
        low, high = control.wilson(share, len(hits))
        return min(low, share), max(high, share)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def gap_ends(gaps: np.ndarray, means: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of `gaps` (-1, 0 or 1) from bootstrapped means.

    Where none or one of two scorecards alone has finds that the other lacks, no mean is on the
    other side, so that one find of thirty would be told as a gain that is sure. The interval of
    two paired shares then (Agresti and Min, 2005: half a find more in each of the four cells).
    """
    more, fewer, n = int((gaps > 0).sum()), int((gaps < 0).sum()), len(gaps)
    if more and fewer:
        low, high = np.quantile(means, [0.025, 0.975])
        return float(low), float(high)
    middle = (more - fewer) / (n + 2)
    half = control.Z95 * np.sqrt((more + fewer + 1) / (n + 2) - middle**2) / np.sqrt(n + 2)
    return max(-1.0, float(middle - half)), min(1.0, float(middle + half))


def calibration(
    points: np.ndarray, labels: np.ndarray, per_log_odds: int, weights: np.ndarray | None = None
) -> tuple[float, float]:
    """Intercept and slope that turn points into log-odds of these labels (Platt, 1999).

    Where more points are no likelier found the slope is 0, and the intercept is that of their share
    alone: the one that belongs to a falling slope would be the level of no row.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=np.inf, max_iter=500)
    model.fit((points / per_log_odds).reshape(-1, 1), labels, sample_weight=weights)
    if model.coef_[0, 0] > 0:
        return float(model.intercept_[0]), float(model.coef_[0, 0])
    share = np.average(labels, weights=weights)
    return float(np.log(share / (1 - share))), 0.0
