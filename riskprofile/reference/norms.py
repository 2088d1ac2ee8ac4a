"""What is usual for declared goods: a row's measure against earlier declarations.

The finest group that is well known speaks; a thin one leans on the next broader:
six-digit code and mode, then heading, then chapter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from riskprofile.reference.facts import DIGITS
from riskprofile.reference.once import once
from riskprofile.tables import Column, History, Table

GOODS_LEVELS: tuple[tuple[str, ...], ...] = (("hs2",), ("hs4",), ("hs6", "transport_mode"))
ENOUGH = 20.0  # declarations of the broadest group before a norm speaks at all
STRENGTH = 20.0  # a group of this many weighs as much as the broader one
LEAST_SD = 0.25  # log units: tighter would call ordinary rounding an outlier
FURTHEST = 8.0  # standard deviations; beyond, more says no more


def usual(
    items: Table,
    history: History,
    measure: str,
    levels: Sequence[Sequence[str]] = GOODS_LEVELS,
) -> Table:
    """The usual value of `measure` for each row, shrunk from broad to fine groups.

    Parameters
    ----------
    measure : str
        A measure column of the view, such as `log_kg_per_package`.
    levels : sequence of sequences of str
        Columns that make the groups, broadest first.

    Returns
    -------
    Table
        Columns `mean` and `sd` in the unit of the measure; NaN where the broadest
        group has fewer than 20 earlier declarations.
    """
    norm = history.norm(items, measure, list(levels[0]))
    enough = norm["n"] >= ENOUGH
    mean = norm["mean"].where(enough)
    variance = (norm["sd"].fillna(0.0) ** 2).where(enough)
    for by in levels[1:]:
        finer = history.norm(items, measure, list(by))
        n = finer["n"].fillna(0.0)
        # One declaration has a mean but no spread of its own.
        spread = (n - 1.0).clip(lower=0.0)
        own = finer["sd"].fillna(0.0) ** 2
        variance = (spread * own + STRENGTH * variance) / (spread + STRENGTH)
        mean = (n * finer["mean"].fillna(0.0) + STRENGTH * mean) / (n + STRENGTH)
    return mean.to_frame("mean").assign(sd=np.sqrt(variance).clip(lower=LEAST_SD))


@once
def z_score(
    items: Table,
    history: History,
    measure: str,
    levels: tuple[tuple[str, ...], ...] = GOODS_LEVELS,
) -> Column:
    """Standard deviations between a row's measure and what is usual for its goods.

    Clipped to -8 .. 8; NaN where the measure or the norm is unknown.
    """
    norm = usual(items, history, measure, levels)
    z = (items[measure] - norm["mean"]) / norm["sd"]
    return z.clip(-FURTHEST, FURTHEST).round(DIGITS)
