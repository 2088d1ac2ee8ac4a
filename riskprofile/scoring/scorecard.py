"""The scorecard: base plus the points of named terms, looked up in whole-number tables.

It is data and nothing else: JSON for structure, NPZ for tables. A term reads one
feature, or a pair. One point is a fixed fraction of log-odds (`POINTS_PER_LOG_ODDS`),
so a sum is exact in any order, batch, thread or database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from riskprofile.errors import ScorecardError, mismatch
from riskprofile.scoring.wording import Wording
from riskprofile.tables import Table

POINTS_PER_LOG_ODDS = 100
ENOUGH_EXAMINED, ENOUGH_FINDS = 200, 30  # outcomes, before a page shows a probability
FEW = 32  # rows up to which all terms are looked up at once: one by one, one row costs as hundreds
WORDING = "wording"  # the feature that the text scorecard gives


@dataclass(frozen=True)
class Bins:
    """Where one feature is cut. Bin 0 is up to the first edge; the last bin is missing.

    `x` falls in the first bin whose edge is not below it, as in a tree that sends
    `x <= edge` to the left.
    """

    edges: np.ndarray

    def __len__(self) -> int:
        return len(self.edges) + 2

    @property
    def missing(self) -> int:
        """Number of the bin of missing values."""
        return len(self.edges) + 1

    def of(self, values: np.ndarray) -> np.ndarray:
        """The bin of each value."""
        bins: np.ndarray = self._bounds.searchsorted(values)
        return bins

    @cached_property
    def _bounds(self) -> np.ndarray:
        """The edges and an infinite one: what is missing sorts behind it, into the last bin."""
        return np.append(self.edges, np.inf)


@dataclass(frozen=True)
class Criterion:
    """What a person wrote of one term, where the scorecard was written and not learnt."""

    key: str
    says: str
    cleared_by: str
    source: str


@dataclass(frozen=True)
class Term:
    """One addend of the points: a table over the bins of one feature, or of two."""

    features: tuple[str, ...]
    table: np.ndarray  # int32, shape (bins,) or (bins, bins)
    criterion: Criterion | None = None

    @property
    def name(self) -> str:
        """`pair_age`, `pair_age x piece_mass`, or the key of a written criterion."""
        return self.criterion.key if self.criterion else " x ".join(self.features)

    @property
    def said(self) -> str:
        """Its name, and of a written criterion what it says."""
        return f"{self.name}: {self.criterion.says}" if self.criterion else self.name

    def of(self, bins: Mapping[str, np.ndarray]) -> np.ndarray:
        """Its points of each row: int32, from the bins of its features."""
        place = bins[self.features[0]]
        for name, size in zip(self.features[1:], self.table.shape[1:], strict=True):
            place = place * size + bins[name]  # one number a row: two cost half as much again
        points: np.ndarray = self.table.take(place)
        return points


@dataclass(frozen=True)
class Scorecard:
    """What serves. `probabilities` gives the score of points `lowest`, `lowest` + 1, ..."""

    profile: str
    version: str
    digest: str
    base: int
    bins: Mapping[str, Bins]
    terms: tuple[Term, ...]
    wording: Wording | None
    lowest: int
    probabilities: np.ndarray
    norms: Mapping[str, str] = field(default_factory=dict)
    examined: int = 0  # outcomes behind the probability; 0 is "generator scale"

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features it reads, in its order."""
        return tuple(self.bins)

    @property
    def written(self) -> bool:
        """Whether people wrote every term; outcomes may have weighed it since."""
        return self.wording is None and all(term.criterion for term in self.terms)

    @property
    def floor(self) -> int | None:
        """Points that make no lane: those where no written criterion holds.

        None where it was learnt: some term speaks of every row.
        """
        return self.base if self.written else None

    @property
    def learnt_here(self) -> bool:
        """Whether its probabilities rest on outcomes; else they are at generator scale."""
        return self.examined >= ENOUGH_EXAMINED

    def expect(self, known: Sequence[str]) -> None:
        """Refuse to serve a profile that lacks one of its features."""
        lacking = [name for name in self.features if name not in {*known, WORDING}]
        if lacking:
            raise ScorecardError(
                f"scorecard {self.profile} {self.version} "
                + mismatch("features", list(self.features), [*known, WORDING]),
                do="Serve a scorecard trained with this version of the package",
            )

    def contributions(self, features: Table) -> np.ndarray:
        """Points of each term: int32, one row per row of `features`, terms in order.

        In memory the points of one term lie side by side, as they are made.
        """
        values = self._values(features)
        if self.terms and len(values) <= FEW:
            return self._looked_up(values).T
        cut = self._cut(values)
        given = np.empty((len(self.terms), len(values)), dtype=np.int32)
        for place, term in enumerate(self.terms):
            given[place] = term.of(cut)
        return given.T

    def points(self, features: Table) -> np.ndarray:
        """Points of each row: int64, base and terms added in the scorecard's order."""
        return self.points_of(self._values(features))

    def points_of(self, values: np.ndarray) -> np.ndarray:
        """The same, of what it reads: float64, one row per row, its features in order."""
        if self.terms and len(values) <= FEW:
            few: np.ndarray = self.base + self._looked_up(values).sum(axis=0, dtype=np.int64)
            return few
        cut = self._cut(values)
        total = np.full(len(values), self.base, dtype=np.int64)
        for term in self.terms:
            total += term.of(cut)
        return total

    def _looked_up(self, values: np.ndarray) -> np.ndarray:
        """Points of each term of few rows: int32, one row per term."""
        table, starts, read, steps = self._joined
        bins = self._bins_at_once(values).T[read]  # two a term, by row
        places = starts[:, None] + (bins * steps[:, :, None]).sum(axis=0)
        points: np.ndarray = table[places]
        return points

    def _values(self, features: Table) -> np.ndarray:
        """What it reads of a table: float64, a column each."""
        names = list(self.bins)
        given = features if features.columns.tolist() == names else features[names]
        values: np.ndarray = given.to_numpy("float64", na_value=np.nan)
        return values

    def _cut(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """The bin of each value of each feature."""
        return {
            name: bins.of(values[:, place]) for place, (name, bins) in enumerate(self.bins.items())
        }

    def _bins_at_once(self, values: np.ndarray) -> np.ndarray:
        """The same, of all features by one search: by the feature's number first, then its edges.

        NumPy sorts complex numbers so, by what is real and then by what is not.
        """
        edges, starts, missing = self._edges
        asked = np.empty(values.shape, dtype=np.complex128)
        asked.real, asked.imag = np.arange(len(missing)), values
        bins: np.ndarray = np.where(np.isnan(values), missing, edges.searchsorted(asked) - starts)
        return bins

    @cached_property
    def _edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The edges of all features, where those of each begin, and its bin of missing values."""
        each = [one.edges for one in self.bins.values()]
        sizes = np.array([len(one) for one in each])
        edges = np.empty(sizes.sum(), dtype=np.complex128)
        edges.real, edges.imag = np.repeat(np.arange(len(each)), sizes), np.concatenate(each)
        return edges, np.cumsum(sizes) - sizes, sizes + 1

    @cached_property
    def reads(self) -> np.ndarray:
        """Which features each term reads: float32 ones, one row a term, features in order."""
        read = [[name in term.features for name in self.bins] for term in self.terms]
        return np.array(read, dtype=np.float32).reshape(len(self.terms), len(self.bins))

    @cached_property
    def _joined(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """All tables as one, where each begins, and of which two features, by what steps, a place
        in it is made; of a term of one feature the second counts nothing.
        """
        names = {name: place for place, name in enumerate(self.bins)}
        sizes = [term.table.size for term in self.terms]
        table = np.concatenate(
            [np.zeros(0, np.int32), *(term.table.ravel() for term in self.terms)]
        )
        read = [[names[term.features[end]] for term in self.terms] for end in (0, -1)]
        steps = [
            [term.table[0].size for term in self.terms],
            [term.table.ndim - 1 for term in self.terms],
        ]
        return table, np.cumsum(sizes) - sizes, np.array(read), np.array(steps)

    def probability(self, points: np.ndarray) -> np.ndarray:
        """The score that the table gives for these points, in [0, 1]."""
        place = (points - self.lowest).clip(0, len(self.probabilities) - 1)
        given: np.ndarray = self.probabilities[place]
        return given
