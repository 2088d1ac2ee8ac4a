"""What the list passes over, estimated from the random control share alone.

The share is a uniform draw of each list's passed-over declarations, with a known
probability. Each examined draw stands for 1/probability declarations (Horvitz and
Thompson, 1952); divided by what all of them stand for, that is the share of finds among
what is passed over (Hájek's form: it does not suffer when some draws were not examined).

The interval is Wilson's (1927), for the number of draws that a simple random sample would
need to be as certain: Clopper and Pearson's covers far more than it says at such counts, and
Wald's less. What was found through the list is known, so the interval of the recall is the
same interval, turned over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point
LEAST_FINDS = 20  # of the random share; under it nothing is said


@dataclass(frozen=True)
class Recall:
    """What share of all finds the list brought up, as far as the random share can tell.

    `recall`, `low` and `high` are in [0, 1]; NaN while it is not known.
    """

    found: int  # through the list
    drawn: int  # of the random share, examined
    drawn_finds: int
    passed_over: float  # declarations that the draws stand for
    missed: float  # finds among them, estimated
    recall: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether the random share has finds enough to say anything."""
        return self.drawn_finds >= LEAST_FINDS


@dataclass(frozen=True)
class Missed:
    """The share of finds among what the list passes over, with a 95 % interval.

    `share`, `low` and `high` are in [0, 1]; NaN while nothing drawn was examined.
    """

    drawn: int  # of the random share, examined
    finds: int  # among them
    stands_for: float  # declarations that were passed over
    share: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether the random share has finds enough to say anything."""
        return self.finds >= LEAST_FINDS


def share(
    values: np.ndarray, probabilities: np.ndarray, passed_over: float | None = None
) -> Missed:
    """The share of finds among what was passed over; parameters are those of `recall`."""
    weights = 1.0 / np.asarray(probabilities, dtype="float64")
    hits = np.asarray(values, dtype="float64")
    stands_for = float(weights.sum())
    whole = stands_for if passed_over is None else float(passed_over)
    if not len(hits) or stands_for <= 0:
        return Missed(0, 0, whole, *[float("nan")] * 3)
    part = float((weights * hits).sum() / stands_for)
    # Not every draw was examined: the examined ones are that many times fewer than was drawn.
    seen = min(1.0, stands_for / whole) if whole > 0 else 1.0
    low, high = wilson(part, _effective(hits, weights, part, seen))
    low, high = min(low, part), max(high, part)  # the last bit of a root
    return Missed(len(hits), int(hits.sum()), whole, part, low, high)


def recall(
    found: int, values: np.ndarray, probabilities: np.ndarray, passed_over: float | None = None
) -> Recall:
    """Recall of the list, with a 95 % interval.

    Parameters
    ----------
    found : int
        Finds among what the list selected.
    values : array of 0 or 1
        Whether each examined draw was a find.
    probabilities : array in (0, 1]
        With which it was drawn.
    passed_over : float, optional
        How many declarations were passed over; else what the examined draws stand for.
    """
    told = share(values, probabilities, passed_over)
    finds, whole = told.finds, told.stands_for
    if not told.drawn:
        return Recall(found, 0, 0, whole, *[float("nan")] * 4)
    missed, low, high = told.share * whole, told.low, told.high
    if finds < LEAST_FINDS:
        return Recall(found, told.drawn, finds, whole, missed, *[float("nan")] * 3)
    return Recall(
        found=found,
        drawn=told.drawn,
        drawn_finds=finds,
        passed_over=whole,
        missed=missed,
        recall=_of(found, missed),
        low=_of(found, high * whole),
        high=_of(found, low * whole),
    )


def _of(found: int, missed: float) -> float:
    return found / (found + missed) if found + missed > 0 else float("nan")


def _effective(hits: np.ndarray, weights: np.ndarray, share: float, seen: float) -> float:
    """Draws of a simple random sample with the same variance.

    That of Hájek's ratio, drawn without replacement: a draw of probability 1 adds none where all
    were examined, of which `seen` is the share.
    """
    spread = weights**2 * (1.0 - seen / weights)
    varied = float((spread * (hits - share) ** 2).sum())
    if varied <= 0:  # all were finds: how many draws that was still counts, if any was by chance
        by_chance = float(spread.sum())
        return float(weights.sum()) ** 2 / by_chance if by_chance > 0 else float("inf")
    return share * (1.0 - share) * float(weights.sum()) ** 2 / varied


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share seen in a sample of `n` (Wilson, 1927)."""
    if np.isinf(n):
        return share, share
    middle = share + Z95**2 / (2 * n)
    half = Z95 * np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    whole = 1 + Z95**2 / n
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)
