"""Heat and bursts of sightings: counts by place and time against each place's own past.

Nobody is rated here: a sighting has no column about a person, and what comes out is one row
per cell of a grid. Reports are counted, not heads: ten people seen once are one report.

Under the null the reports of a cell come at its own constant rate: Poisson, so that those of
the window are binomial among all of its reports (Przyborowski and Wilenski, 1940), and the
uncertainty of a short past is in the test. Where the past varies more than Poisson, pooled
over cells, reports come in clumps: negative binomial, so that those of the window are
beta-binomial. Of all cells, those named bursts are held to a false-discovery rate of `share`
(Benjamini and Hochberg, 1995). `python -m benchmarks.sightings` prints the rate and the power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskprofile.errors import UsageError
from riskprofile.tables import TEXT, Table

LEAST_PAST = 4  # windows before anything is expected
LEAST_REPORTS = 3  # fewer in a window are never a burst, whatever the past


@dataclass(frozen=True)
class Grid:
    """How sightings are gathered.

    Parameters
    ----------
    cell : float
        Side of a cell in degrees (0.25 is about 28 km from south to north).
    days : int
        Length of a window.
    past : int
        Windows before it that say what is expected.
    share : float
        False-discovery rate of what is named a burst.
    """

    cell: float = 0.25
    days: int = 7
    past: int = 12
    share: float = 0.1

    def __post_init__(self) -> None:
        sound = 0.001 <= self.cell <= 30 and 1 <= self.days <= 366 and 0 < self.share < 1
        if not sound or not LEAST_PAST <= self.past <= 520:
            raise UsageError(
                "the grid cannot be used",
                do=f"Cells of 0.001 to 30 degrees, windows of 1 to 366 days, {LEAST_PAST} to 520 "
                "of them, a share between 0 and 1",
            )

    @property
    def window(self) -> pd.Timedelta:
        """One window."""
        return pd.Timedelta(days=self.days)


def windows(sightings: Table, until: pd.Timestamp, grid: Grid) -> Table:
    """Reports by cell and window.

    Returns
    -------
    Table
        Index `cell` (its south-west corner as `latitude,longitude`); columns 0 (the window
        that ends at `until`), 1 (the one before) to `grid.past`; whole numbers.
    """
    age = np.floor((until - sightings["at"]) / grid.window)
    # A window holds its first moment and not its last: what lies on the edge is the later's.
    on_edge = (until - sightings["at"]) % grid.window == pd.Timedelta(0)
    number = (age - on_edge).to_numpy("float64")
    inside = (number >= 0) & (number <= grid.past)
    cells = names(sightings, grid)
    counted = pd.crosstab(cells[inside], number[inside].astype(int))
    made = counted.reindex(columns=range(grid.past + 1), fill_value=0)
    return made.rename_axis(index="cell", columns=None)


def names(sightings: Table, grid: Grid) -> pd.Series:
    """The cell of each sighting, as text."""
    corner = [
        (np.floor(sightings[name] / grid.cell) * grid.cell).map("{:.3f}".format).astype(TEXT)
        for name in ("latitude", "longitude")
    ]
    return (corner[0] + "," + corner[1]).rename("cell")


def known_windows(sightings: Table, until: pd.Timestamp, grid: Grid) -> int:
    """Whole windows of the past since the first report anywhere, at most `grid.past`."""
    if not len(sightings):
        return 0
    whole = int((until - grid.window - sightings["at"].min()) // grid.window)
    return max(0, min(whole, grid.past))


def dispersion(counted: Table, past: int) -> float:
    """How far past windows vary beyond Poisson, pooled over cells; at least 1.

    Pearson's statistic over its degrees of freedom: 1 for Poisson reports in expectation.
    """
    seen = counted[range(1, past + 1)].to_numpy("float64")
    seen = seen[seen.sum(axis=1) > 0]
    if past < 2 or not len(seen):
        return 1.0
    mean = seen.mean(axis=1, keepdims=True)
    statistic = ((seen - mean) ** 2 / mean).sum()
    return max(1.0, float(statistic / (len(seen) * (past - 1))))


def tail(now: np.ndarray, before: np.ndarray, past: int, spread: float) -> np.ndarray:
    """Probability of `now` reports or more, given `before` in `past` windows.

    With `spread` above 1 the clumps of a cell follow from its past alone: an estimate that
    held the window itself would make a burst its own excuse.

    >>> tail(np.array([0.0, 2.0]), np.array([12.0, 0.0]), 12, 1.0).round(4).tolist()
    [1.0, 0.0059]
    >>> tail(np.array([9.0]), np.array([12.0]), 12, 3.0).round(4).tolist()
    [0.0213]
    """
    from scipy.special import betainc, betaln, gammaln  # slow to open: only here

    p = np.ones(len(now))
    hot = np.flatnonzero(now > 0)
    if spread <= 1.0:
        p[hot] = betainc(now[hot], before[hot] + 1.0, 1.0 / (1.0 + past))
        return p
    for place in hot:
        n = now[place] + before[place]
        a = (before[place] + 0.5) / past / (spread - 1.0)
        b = a * past
        k = np.arange(now[place], n + 1)
        ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        p[place] = min(1.0, float(np.exp(ways + betaln(k + a, n - k + b) - betaln(a, b)).sum()))
    return p


def adjusted(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's q of each p: the least rate at which it would be named.

    >>> adjusted(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p, kind="stable")
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    made = np.empty(len(p))
    made[order] = np.minimum.accumulate(ranked[::-1])[::-1].clip(max=1.0)
    return made


def heat(sightings: Table, until: pd.Timestamp, grid: Grid) -> Table:
    """Every cell with a report in the window or its past, bursts first, then the hottest.

    Parameters
    ----------
    sightings : Table
        Columns of the register `sightings`; later ones than `until` do not count.

    Returns
    -------
    Table
        `cell`, `latitude`, `longitude` (its middle), `since`, `until`, `reports`, `seen` (sum
        of `count`), `kinds`, `sources` (distinct), `past_reports`, `expected`, `ratio`, `p`,
        `q`, `burst`. What needs a past is missing while fewer than 4 windows are known.
    """
    known = sightings[(sightings["at"] < until).to_numpy(dtype=bool)]
    counted = windows(known, until, grid)
    past = known_windows(known, until, grid)
    since = until - grid.window
    now = counted[0].to_numpy("float64")
    before = counted[range(1, past + 1)].to_numpy("float64").sum(axis=1)
    corners = [tuple(cell.split(",")) for cell in counted.index]
    made = pd.DataFrame(
        {
            "cell": counted.index.astype(TEXT),
            "latitude": _middle([south for south, _ in corners], grid),
            "longitude": _middle([west for _, west in corners], grid),
            "since": since,
            "until": until,
            "reports": now.astype("int64"),
        },
        index=counted.index,
    )
    made = made.join(_described(known[(known["at"] >= since).to_numpy(dtype=bool)], grid))
    made["past_reports"] = before.astype("int64")
    if past >= LEAST_PAST:
        expected = before / past
        p = tail(now, before, past, dispersion(counted, past))
        q = adjusted(p)
        made["expected"] = expected
        made["ratio"] = np.where(expected > 0, now / np.where(expected > 0, expected, 1), np.nan)
        made["p"], made["q"] = p, q
        made["burst"] = (q <= grid.share) & (now >= LEAST_REPORTS)
    else:
        made[["expected", "ratio", "p", "q"]] = np.nan
        made["burst"] = False
    order = ["burst", "q", "reports", "past_reports", "cell"]
    made = made.reset_index(drop=True)
    made = made.sort_values(order, ascending=[False, True, False, False, True], kind="stable")
    return made.reset_index(drop=True)


def _middle(corner: list[str], grid: Grid) -> np.ndarray:
    middle: np.ndarray = (np.array(corner, dtype="float64") + grid.cell / 2).round(6)
    return middle


def _described(current: Table, grid: Grid) -> Table:
    """What was seen in the window, by cell: heads, kinds, how many sources."""
    by = current.assign(cell=names(current, grid)).groupby("cell")
    return pd.DataFrame(
        {
            "seen": by["count"].sum().astype("Int64"),
            "kinds": by["kind"].agg(lambda kinds: ", ".join(sorted(set(kinds.dropna())))),
            "sources": by["source"].nunique().astype("Int64"),
        }
    )
