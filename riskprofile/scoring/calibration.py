"""Points on the scale of what was examined: the log-odds that a find had. Pure."""

from __future__ import annotations

import numpy as np

from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS


def scale(
    points: np.ndarray, found: np.ndarray, counts: np.ndarray | None = None
) -> tuple[float, float]:
    """Intercept and slope that turn points into log-odds of these cases, each of which `counts`
    as so many: a logistic line, Newton's way.

    A weak pull towards the scorecard's own slope keeps few cases from tearing it up: where the
    finds among them have the most points, any steeper line fits them better.
    """
    times = np.ones(len(points)) if counts is None else counts
    x = np.column_stack([np.ones(len(points)), points / POINTS_PER_LOG_ODDS])
    pull, start = np.array([1e-6, 1.0]), np.array([0.0, 1.0])

    def loss(at: np.ndarray) -> float:
        eta = x @ at
        told = (times * (np.logaddexp(0.0, eta) - found * eta)).sum()
        return float(told + 0.5 * (pull * (at - start) ** 2).sum())

    weights = start.copy()
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (times * (found - chance)) - pull * (weights - start)
        bend = (x * (times * chance * (1 - chance))[:, None]).T @ x + np.diag(pull)
        step = np.linalg.solve(bend, slope)
        while loss(weights + step) > loss(weights) and np.abs(step).max() > 1e-9:
            step /= 2  # far from the best a whole step goes past it, and the next one back
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return float(weights[0]), float(weights[1])
