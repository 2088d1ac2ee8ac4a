"""The estimator behind a scorecard, with scikit-learn's manners.

Boosting under interaction constraints: every feature alone, and a few pairs. What it
predicts are the whole-number points, so what an analyst evaluates is what an officer
will see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS, Bins, Term
from training import proving
from training.compile import Tables, compile_tables, pair_gains, to_points


class ScorecardClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An additive scorecard of single features and a few pairs, in whole points.

    Trees of depth two, so that a path holds at most two features. A first machine may pair
    any features; the pairs that gain most are kept, and `machines` machines are fitted
    under that constraint, each on all positives and its own draw of the negatives, and
    averaged. The base is corrected for the draw.

    Parameters
    ----------
    pairs : int
        How many pairs of features may have a table of their own.
    machines, iterations, learning_rate, least_rows, ridge, cuts, features_share :
        Machines averaged; trees of each, shrinkage, rows in a leaf, L2 penalty, the most
        bins of a feature, and the share of features tried at a split.
    negatives : int
        Negatives drawn for each positive; all when there are fewer.
    most_rows : int
        Rows that one machine learns from at most: beyond, fewer negatives are drawn, never
        fewer than positives. Every positive is kept, and from some twenty negatives for each
        on, more of them say next to nothing.
    monotone : mapping of feature to -1, 0 or 1
        Where more can only lower or raise the points.
    given_pairs : sequence of pairs
        Pairs named by an analyst, used before the found ones.
    seed : int

    Machines are fitted side by side by joblib: by as many threads as `OMP_NUM_THREADS` asks
    for, or on the workers of its active backend, such as Dask. The bits are the same.
    """

    def __init__(
        self,
        pairs: int = 150,
        machines: int = 2,
        iterations: int = 800,
        learning_rate: float = 0.05,
        least_rows: int = 30,
        ridge: float = 5.0,
        cuts: int = 128,
        features_share: float = 0.4,
        negatives: int = 80,
        most_rows: int = 250_000,
        monotone: Mapping[str, int] | None = None,
        given_pairs: Sequence[tuple[str, str]] = (),
        seed: int = 0,
    ) -> None:
        self.pairs = pairs
        self.machines = machines
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.least_rows = least_rows
        self.ridge = ridge
        self.cuts = cuts
        self.features_share = features_share
        self.negatives = negatives
        self.most_rows = most_rows
        self.monotone = monotone
        self.given_pairs = given_pairs
        self.seed = seed

    def fit(self, X: Any, y: Any) -> ScorecardClassifier:
        """Fit on float features (missing is NaN) and labels of 0 and 1.

        Raises
        ------
        RiskProfileError
            A feature is missing in every row: there is nothing to cut it by.
        """
        names, values = _columns(X)
        if untold := [
            name for name, column in zip(names, values.T, strict=True) if np.isnan(column).all()
        ]:
            raise RiskProfileError(
                f"no row tells the feature {untold[0]}",
                do="Leave it out (`drop` of a recipe), or make more rows",
            )
        labels = np.asarray(y)
        self.classes_ = np.unique(labels)
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)
        monotone = [dict(self.monotone or {}).get(name, 0) for name in names]
        draws = [self._draw(labels, number) for number in range(self.machines)]
        self.pairs_ = self._pairs(names, values[draws[0]], labels[draws[0]], monotone)
        place = {name: i for i, name in enumerate(names)}
        groups = [{i} for i in range(len(names))]
        groups += [{place[one], place[other]} for one, other in self.pairs_]
        threads = proving.threads()
        side_by_side = min(threads, self.machines)
        self.machines_ = Parallel(side_by_side if threads > 1 else None, prefer="threads")(
            delayed(_fitted)(
                self._machine(monotone, number, interaction_cst=groups),
                values[rows],
                labels[rows],
                threads // side_by_side if threads > 1 else None,
            )
            for number, rows in enumerate(draws)
        )
        self.tables_: Tables = compile_tables(self.machines_, names, values)
        directions = dict(zip(names, monotone, strict=True))
        kept = (labels[draws[0]] == 0).sum() / max((labels == 0).sum(), 1)
        self.base_, self.terms_ = to_points(self.tables_, directions, shift=float(np.log(kept)))
        return self

    def points(self, X: Any) -> np.ndarray:
        """Whole-number points of each row."""
        check_is_fitted(self, "terms_")
        names, values = _columns(X)
        bins: dict[str, Bins] = self.tables_.bins
        cut = {name: bins[name].of(values[:, names.index(name)]) for name in bins}
        total = np.full(len(values), self.base_, dtype=np.int64)
        terms: tuple[Term, ...] = self.terms_
        for term in terms:
            total += term.table[tuple(cut[name] for name in term.features)]
        return total

    def exact(self, X: Any) -> np.ndarray:
        """Log-odds before they were rounded to points, up to the constant of the draw."""
        check_is_fitted(self, "machines_")
        _, values = _columns(X)
        mean: np.ndarray = np.mean(
            [machine.decision_function(values) for machine in self.machines_], axis=0
        )
        return mean

    def decision_function(self, X: Any) -> np.ndarray:
        """Points as log-odds."""
        return self.points(X) / POINTS_PER_LOG_ODDS

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the two classes, from the points."""
        chance = 1 / (1 + np.exp(-self.decision_function(X)))
        return np.column_stack([1 - chance, chance])

    def predict(self, X: Any) -> np.ndarray:
        """The likelier class."""
        chosen: np.ndarray = self.classes_[(self.decision_function(X) > 0).astype(int)]
        return chosen

    def _draw(self, labels: np.ndarray, number: int) -> np.ndarray:
        """Rows of one machine, in their order: every positive and a draw of the negatives."""
        negatives = np.flatnonzero(labels == 0)
        positives = np.flatnonzero(labels != 0)
        most = max(self.most_rows - len(positives), len(positives))
        wanted = min(len(negatives), self.negatives * max(len(positives), 1), most)
        random = np.random.default_rng([self.seed, number])
        drawn = random.choice(negatives, wanted, replace=False)
        return np.sort(np.concatenate([positives, drawn]))

    def _machine(
        self, monotone: list[int], number: int, **more: Any
    ) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(
            max_iter=self.iterations,
            learning_rate=self.learning_rate,
            max_depth=2,
            min_samples_leaf=self.least_rows,
            l2_regularization=self.ridge,
            max_bins=self.cuts,
            max_features=self.features_share,
            monotonic_cst=monotone,
            early_stopping=False,
            random_state=self.seed + number,
            **more,
        )

    def _pairs(
        self, names: list[str], values: np.ndarray, labels: np.ndarray, monotone: list[int]
    ) -> list[tuple[str, str]]:
        """The given pairs, then those that gain most when any two may be paired."""
        chosen = [(min(pair), max(pair)) for pair in self.given_pairs]
        if len(chosen) < self.pairs and len(names) > 1:
            # Which pairs gain is known long before the last tree.
            free = self._machine(monotone, self.machines)
            free.set_params(max_iter=max(1, self.iterations // 2)).fit(values, labels)
            gains = pair_gains(free, len(names))
            found = sorted(
                (-gains[i, j], min(names[i], names[j]), max(names[i], names[j]))
                for i in range(len(names))
                for j in range(i + 1, len(names))
                if gains[i, j] > 0
            )
            pairs = [(one, other) for _, one, other in found]
            chosen += [pair for pair in pairs if pair not in chosen][: self.pairs - len(chosen)]
        return chosen


def _fitted(
    machine: HistGradientBoostingClassifier,
    values: np.ndarray,
    labels: np.ndarray,
    threads: int | None,
) -> HistGradientBoostingClassifier:
    """The machine, fitted by so many threads of its own; None leaves that to the process."""
    with threadpool_limits(threads, user_api="openmp"):
        return machine.fit(values, labels)


def _columns(X: Any) -> tuple[list[str], np.ndarray]:
    if isinstance(X, pd.DataFrame):
        names = [str(name) for name in X.columns]
        if (X.dtypes == "float64").all():
            return names, X.to_numpy()  # no copy where the frame is one block
        return names, X.to_numpy("float64", na_value=np.nan)
    values = np.asarray(X, dtype="float64")
    return [f"x{i}" for i in range(values.shape[1])], values
