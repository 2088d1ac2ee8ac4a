"""Tables and estimator set beside each other on every training row, fast enough for a million.

Every threshold of every tree is an edge of a bin, so a row goes the same way in a tree as its
bins do: trees are walked on bins of one byte, a block of rows at a time. That this walk is the
estimator's own is checked against scikit-learn on the first rows of the same set.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from riskprofile.scoring.scorecard import Bins

BLOCK = 2**16  # rows at a time: what a tree reads stays near
ASKED = 5_000  # rows on which scikit-learn itself is asked as well


class Summed(Protocol):
    """What is proved: tables that give a sum for rows whose bins are known."""

    @property
    def bins(self) -> Mapping[str, Bins]:
        """Where each feature is cut."""

    def at(self, cut: Mapping[str, np.ndarray]) -> np.ndarray:
        """The sum of the tables for each row."""


def cut(bins: Mapping[str, Bins], values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The bin of each row, by feature, in one byte where that is enough."""

    def one(name: str) -> np.ndarray:
        small = np.uint8 if len(bins[name]) <= 2**8 else np.uint16
        made: np.ndarray = bins[name].of(values[name]).astype(small)
        return made

    with ThreadPoolExecutor(threads()) as pool:
        return dict(zip(bins, pool.map(one, bins), strict=True))


def worst(
    tables: Summed,
    machines: Sequence[Any],
    trees: Sequence[np.ndarray],
    base: float,
    names: Sequence[str],
    values: np.ndarray,
    bins: Mapping[str, np.ndarray],
) -> float:
    """The largest difference in log-odds between tables and estimator, over all rows.

    Parameters
    ----------
    machines : sequence
        Fitted; the estimator is their mean.
    trees : sequence of node arrays
        Of all machines.
    base : float
        What the machines' mean starts from, in log-odds.
    values, bins :
        The rows, and the bin of each by feature (`cut`).
    """
    share = 1.0 / len(machines)
    groves = _groves([_Walk(nodes, names, tables.bins) for nodes in trees])
    rows = len(values)

    def block(start: int) -> float:
        part = {name: one[start : start + BLOCK] for name, one in bins.items()}
        walked = np.zeros(min(BLOCK, rows - start))
        for grove in groves:
            walked += grove(part)
        walked *= share
        walked += base
        far = float(np.abs(tables.at(part) - walked).max(initial=0.0))
        asked = min(len(walked), max(0, ASKED - start))
        if asked:
            own = share * sum(
                machine.decision_function(values[start : start + asked]) for machine in machines
            )
            far = max(far, float(np.abs(own - walked[:asked]).max(initial=0.0)))
        return far if np.isfinite(walked).all() else float("inf")

    with ThreadPoolExecutor(threads()) as pool:
        return max(pool.map(block, range(0, rows, BLOCK)), default=0.0)


def threads() -> int:
    """As many as were asked for (`OMP_NUM_THREADS`), else one: what is computed is the same."""
    given = os.environ.get("OMP_NUM_THREADS", "1")
    return min(8, max(1, int(given))) if given.isdigit() else 1


class _Walk:
    """One tree on bins: the number of the leaf that each row comes to, in one byte if it can.

    Bytes are compared and chosen between without a jump, which is many times quicker than
    looking each row's way up.
    """

    def __init__(self, nodes: np.ndarray, names: Sequence[str], bins: Mapping[str, Bins]) -> None:
        self.nodes = nodes
        leaves = [place for place, node in enumerate(nodes) if node["is_leaf"]]
        self.kind: Any = np.uint8 if len(leaves) <= 2**8 else np.uint16
        self.number = {place: self.kind(i) for i, place in enumerate(leaves)}
        self.values = nodes["value"][leaves].astype(np.float64)
        self.ways: dict[int, tuple[str, int, int | None]] = {}  # feature, last bin, missing
        for place, node in enumerate(nodes):
            if node["is_leaf"]:
                continue
            name = names[int(node["feature_idx"])]
            edges, missing = bins[name].edges, bins[name].missing
            threshold = float(node["num_threshold"])
            # Bins up to the threshold's own go left; an infinite one parts missing from the rest.
            last = len(edges) if threshold == np.inf else int(np.searchsorted(edges, threshold))
            missing_left = bool(node["missing_go_to_left"])
            self.ways[place] = (name, last, missing if missing_left else None)

    def __call__(self, part: Mapping[str, np.ndarray], place: int = 0) -> Any:
        if place in self.number:
            return self.number[place]
        name, last, missing = self.ways[place]
        node = self.nodes[place]
        left, right = (self(part, int(node[side])) for side in ("left", "right"))
        goes_left = part[name] <= last
        if missing is not None:
            goes_left |= part[name] == missing
        return right ^ ((left ^ right) & np.negative(goes_left.astype(self.kind)))  # no bit or all


class _Grove:
    """A few trees whose leaves, taken together, still have a number of one byte: one look-up."""

    def __init__(self, first: _Walk) -> None:
        self.first, self.more = first, list[_Walk]()
        self.sums = first.values

    def takes(self, walk: _Walk) -> bool:
        """Take one more tree, if there is room."""
        if len(walk.values) > 2**7 or len(self.sums) * len(walk.values) > 2**8:
            return False
        self.more.append(walk)
        self.sums = (self.sums[:, None] + walk.values).ravel()
        return True

    def __call__(self, part: Mapping[str, np.ndarray]) -> np.ndarray:
        number: np.ndarray = np.zeros(len(next(iter(part.values()))), self.first.kind)
        number += self.first(part)
        for walk in self.more:
            number *= np.uint8(len(walk.values))
            number += walk(part)
        made: np.ndarray = self.sums.take(number)
        return made


def _groves(walks: Sequence[_Walk]) -> list[_Grove]:
    made: list[_Grove] = []
    for walk in walks:
        if not (made and made[-1].takes(walk)):
            made.append(_Grove(walk))
    return made
