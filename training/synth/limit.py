"""The Bayes limit: how much any model could find, ranking by the true probability."""

from __future__ import annotations

import numpy as np
import pandas as pd


def bayes_limit(truth: pd.DataFrame, share: float, *, natural: bool = False) -> float:
    """Recall of the positives in the best-ranked share of rows.

    Parameters
    ----------
    truth : DataFrame
        With `probability`, `label` and `natural_weight`.
    share : float
        Share of rows (or of weight) that is inspected, 0..1.
    natural : bool
        Weigh rows to natural prevalence; the ranking stays that of the set as made.

    Returns
    -------
    float
        Recall, 0..1; NaN without positives.
    """
    weight = truth["natural_weight"].to_numpy() if natural else np.ones(len(truth))
    label = truth["label"].to_numpy().astype(bool)
    order = np.argsort(-truth["probability"].to_numpy(), kind="stable")
    found = np.cumsum((weight * label)[order])
    spent = np.cumsum(weight[order])
    if len(found) == 0 or found[-1] == 0:
        return float("nan")
    at = int(np.searchsorted(spent, share * spent[-1]))
    return float(found[min(at, len(found) - 1)] / found[-1])
