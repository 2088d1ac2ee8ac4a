"""From points and indicators to one ranked list, lanes and the random control share.

Pure: no clock, no disk; the seed is handed in. The order is total. Capacity cuts it: one
capacity for the whole list, or one for each office and day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskprofile.tables import Table

LANES = ("red", "yellow", "green")
QUEUES = ("trafficking", "compliance", "data_quality")
DEFAULT_SHARE = 0.05  # where neither a number, nor a share, nor an office's capacity is known


@dataclass(frozen=True)
class Capacity:
    """What can be examined of one list.

    `number` examinations, or else `share` of the declarations, rounded up. Of these,
    `random_share` (at least one) is drawn from what the list passes over. `taken` and
    `drawn` are what earlier lists of the same office and day have used up of `number`:
    examinations, and random draws among them.
    """

    number: int | None = None
    share: float | None = None
    random_share: float = 0.10
    taken: int = 0
    drawn: int = 0

    @property
    def stated(self) -> bool:
        """Whether somebody said how much, so that the offices' own capacity does not count."""
        return self.number is not None or self.share is not None

    def of(self, declarations: int) -> tuple[int, int]:
        """Examinations by rank, and by random draw, among so many declarations.

        While anything of the day is left, each list draws at least one: what a list passes
        over without a draw is what nobody can ever learn from.
        """
        if not declarations:
            return 0, 0
        if self.number is not None:
            total = self.number
        else:
            share = DEFAULT_SHARE if self.share is None else self.share
            total = int(-(-declarations * share // 1))
        left = min(total - self.taken, declarations)
        if left <= 0 or self.random_share <= 0:
            return max(left, 0), 0
        whole = total if self.taken else left
        drawn = min(max(1, round(whole * self.random_share) - self.drawn), left)
        return left - drawn, drawn


def rank(
    declarations: Table,
    capacity: Capacity,
    seed: int,
    lists: Mapping[str, Capacity] | None = None,
) -> Table:
    """Rank, lane, queue and why each was selected.

    Parameters
    ----------
    declarations : Table
        One row per declaration: `record_id` (text, distinct), `points` (Int64, missing
        when there is no score), and plain bool columns `to_red`, `to_yellow` (raised by
        an indicator) and one per queue of indicators that fired. With `lists`, also
        `list` (text): which capacity cuts it.
    capacity : Capacity
        Of the rows whose `list` is not in `lists`, together.
    seed : int
        Of the random control draw.
    lists : mapping of str to Capacity, optional
        Capacities by list, such as an office's on one day.

    Returns
    -------
    Table
        The same rows in rank order with `rank` (1 is first), `lane`, `queue`,
        `selected_by` (`score`, `indicator`, `random` or missing) and `probability`
        (of the random draw, missing for the others).
    """
    order = declarations.assign(_points=declarations["points"].fillna(-(2**40)))
    order = order.sort_values(
        ["to_red", "_points", "record_id"], ascending=[False, False, True], kind="stable"
    ).drop(columns="_points")
    order = order.reset_index(drop=True)
    n = len(order)
    named = lists or {}
    names = order["list"] if named else pd.Series([""] * n)
    names = names.where(names.isin(list(named)), "")
    place = names.groupby(names).cumcount().to_numpy()
    shares = {
        str(name): named.get(str(name), capacity).of(int(size))
        for name, size in names.value_counts().items()
    }
    by_rank = names.map({name: share[0] for name, share in shares.items()}).to_numpy("int64")

    rated = order["points"].notna().to_numpy()
    raised = order["to_red"].to_numpy()
    red = raised | ((place < by_rank) & rated)
    # Documents and scans: as many again as the examinations, and what an indicator raises.
    high = place < 2 * by_rank
    yellow = ~red & (order["to_yellow"].to_numpy() | (high & rated))

    selected = np.full(n, None, dtype=object)
    selected[red | yellow] = "score"
    selected[(raised | (order["to_yellow"].to_numpy() & ~high)) & (red | yellow)] = "indicator"
    probability = np.full(n, np.nan)
    random = np.random.default_rng(seed)
    for name in sorted(shares):
        passed = np.flatnonzero(~red & (names == name).to_numpy())
        drawn = min(shares[name][1], len(passed))
        if drawn:
            chosen = random.choice(passed, size=drawn, replace=False)
            selected[chosen] = "random"
            probability[chosen] = drawn / len(passed)
    red |= selected == "random"
    lane = np.where(red, "red", np.where(yellow, "yellow", "green"))
    return order.assign(
        rank=np.arange(1, n + 1),
        lane=lane,
        queue=_queue(order, high),
        selected_by=pd.Series(selected, dtype="str"),
        probability=probability,
    )


def _queue(order: Table, high: np.ndarray) -> np.ndarray:
    """Trafficking unless only compliance, or only data quality, brought the record up."""
    fired = {queue: order[queue].to_numpy() for queue in QUEUES}
    queue = np.where(
        fired["trafficking"],
        "trafficking",
        np.where(
            fired["compliance"],
            "compliance",
            np.where(fired["data_quality"] & ~high, "data_quality", "trafficking"),
        ),
    )
    return np.asarray(queue)
