"""Two scorecards beside each other on the same labelled rows: what each brings up, part by part.

Pure. What varies in an interval is which finds there were to make; the list is taken as cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from riskprofile.scoring import control
from riskprofile.scoring.ranking import examined
from riskprofile.tables import Table

LEAST = 20  # finds: with fewer a part is not told
DRAWS = 500  # of the bootstrap
SLICE = "slice:"  # prefix of the columns by which figures are told apart
MISSING = "missing"  # names the part of rows without a value
SEEN = {  # features that count what was known before the row; missing where history tells nothing
    "goods": ("goods_text_frequency",),
    "parties": ("pair_count_365", "trips_90"),
}


@dataclass(frozen=True)
class Figure:
    """Of one part of the rows: what two scorecards bring up when a share of all is inspected.

    `low` and `high`: 95 % interval of `recall`, as `ends`; `gap_low` and `gap_high` of the recall
    that the scorecard has beyond the one that serves, over the same finds, as `gap_ends`.
    """

    part: str
    rows: int
    finds: int
    recall: float
    low: float
    high: float
    serving: float
    gap_low: float
    gap_high: float

    @property
    def gap(self) -> float:
        """Recall beyond the one that serves, in [-1, 1]."""
        return self.recall - self.serving

    @property
    def sure(self) -> bool:
        """Whether the interval of the gap leaves none on one side."""
        return self.gap_low > 0 or self.gap_high < 0


def order(scores: np.ndarray) -> np.ndarray:
    """Rows from the highest score down; ties in the order of the rows."""
    return np.argsort(-scores, kind="stable")


def chosen(points: np.ndarray, share: float) -> np.ndarray:
    """Which rows are inspected when a share of them is, as many as of a list: the highest."""
    taken = np.zeros(len(points), dtype=bool)
    taken[order(points)[: examined(len(points), share)]] = True
    return taken


def figures(
    points: np.ndarray,
    serving: np.ndarray,
    labels: np.ndarray,
    groups: Table,
    share: float,
    seed: int = 1,
) -> Iterator[Figure]:
    """Both at one share inspected, in all and by the parts of `groups` that have finds enough.

    Parameters
    ----------
    points, serving : arrays
        Points of the two on the same rows.
    labels : array of 0 or 1
    groups : Table
        One column a way of telling rows apart, same rows; missing is a part of its own.
    """
    now, before = chosen(points, share), chosen(serving, share)
    # Beside itself, or itself with another base, a scorecard leaves no doubt: it selects the same.
    same = not len(points) or np.ptp(points - serving) == 0
    random = np.random.default_rng(seed)
    for part, mask in masks(groups):
        found = mask & (labels == 1)
        finds = int(found.sum())
        if finds < LEAST:
            continue
        one, other = now[found].astype("float64"), before[found].astype("float64")
        drawn = random.integers(0, finds, (DRAWS, finds))
        low, high = ends(one, one[drawn].mean(axis=1))
        gaps = one - other
        gap_low, gap_high = (0.0, 0.0) if same else gap_ends(gaps, gaps[drawn].mean(axis=1))
        yield Figure(
            part, int(mask.sum()), finds, float(one.mean()), float(low), float(high),
            float(other.mean()), float(gap_low), float(gap_high),
        )  # fmt: skip


def masks(groups: Table) -> Iterator[tuple[str, np.ndarray]]:
    """All rows, then those of each value of each column: a name and a mask. Rows without a value
    are `missing`; where that was declared as a text, it stands in quotes.
    """
    yield "all", np.ones(len(groups), dtype=bool)
    for column in groups:
        known = groups[column].notna().to_numpy(dtype=bool)
        given = groups[column].astype(object).where(known, MISSING).astype(str)
        for value, declared in sorted({*zip(given, known.tolist(), strict=True)}):
            name = repr(value) if declared and value == MISSING else value
            here = (given == value).to_numpy(dtype=bool) & (known == declared)
            yield f"{str(column).removeprefix(SLICE)} {name}", here


def seen(features: Table) -> dict[str, np.ndarray]:
    """Whether goods and parties were known before, as far as a feature tells.

    In the first months of an installation none does: that is no sign of new parties.
    """
    told: dict[str, np.ndarray] = {}
    for what, names in SEEN.items():
        for name in names:
            if name in features:
                known = features[name].to_numpy("float64", na_value=np.nan)
                told[what] = np.where(known > 0, "seen before", "never seen")
                told[what][np.isnan(known)] = "not known"
                break
    return told


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
