"""From points and indicators to one ranked list, lanes and the random control share.

Pure: no clock, no disk; the seed is handed in. The order is total.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskprofile.tables import Table

LANES = ("red", "yellow", "green")
QUEUES = ("trafficking", "compliance", "data_quality")


@dataclass(frozen=True)
class Capacity:
    """What an office can examine of one list.

    `number` examinations, or else `share` of the declarations, rounded up. Of these,
    `random_share` (at least one) is drawn from what the list passes over.
    """

    number: int | None = None
    share: float = 0.05
    random_share: float = 0.10

    def of(self, declarations: int) -> tuple[int, int]:
        """Examinations by rank, and by random draw, among so many declarations."""
        if not declarations:
            return 0, 0
        total = self.number if self.number is not None else -(-declarations * self.share // 1)
        total = min(int(total), declarations)
        if total <= 0 or self.random_share <= 0:
            return max(total, 0), 0
        drawn = max(1, round(total * self.random_share))
        return max(total - drawn, 0), min(drawn, total)


def rank(declarations: Table, capacity: Capacity, seed: int) -> Table:
    """Rank, lane, queue and why each was selected.

    Parameters
    ----------
    declarations : Table
        One row per declaration: `record_id` (text, distinct), `points` (Int64, missing
        when there is no score), and plain bool columns `to_red`, `to_yellow` (raised by
        an indicator) and one per queue of indicators that fired.
    capacity : Capacity
    seed : int
        Of the random control draw.

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
    by_rank, drawn = capacity.of(n)
    rated = order["points"].notna().to_numpy()
    raised = order["to_red"].to_numpy()
    red = raised | ((np.arange(n) < by_rank) & rated)
    # Documents and scans: as many again as the examinations, and what an indicator raises.
    yellow = ~red & (order["to_yellow"].to_numpy() | ((np.arange(n) < 2 * by_rank) & rated))

    selected = np.full(n, None, dtype=object)
    selected[red | yellow] = "score"
    low = np.arange(n) >= 2 * by_rank
    selected[(raised | (order["to_yellow"].to_numpy() & low)) & (red | yellow)] = "indicator"
    probability = np.full(n, np.nan)
    passed = np.flatnonzero(~red)
    if drawn and len(passed):
        drawn = min(drawn, len(passed))
        chosen = np.random.default_rng(seed).choice(passed, size=drawn, replace=False)
        selected[chosen] = "random"
        probability[chosen] = drawn / len(passed)
        red[chosen] = True
    lane = np.where(red, "red", np.where(yellow, "yellow", "green"))
    return order.assign(
        rank=np.arange(1, n + 1),
        lane=lane,
        queue=_queue(order, by_rank),
        selected_by=pd.Series(selected, dtype="str"),
        probability=probability,
    )


def _queue(order: Table, by_rank: int) -> np.ndarray:
    """Trafficking unless only compliance, or only data quality, brought the record up."""
    fired = {queue: order[queue].to_numpy() for queue in QUEUES}
    high = np.arange(len(order)) < 2 * by_rank
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
