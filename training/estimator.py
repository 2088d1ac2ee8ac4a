"""The estimator behind a scorecard, with scikit-learn's manners.

Boosting under interaction constraints: every feature alone, and the pairs that an
unconstrained machine combines most. What it predicts are the whole-number points, so
what an analyst evaluates is what an officer will see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.validation import check_is_fitted

from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS, Bins, Term
from training.compile import Tables, co_used, compile_tables, to_points


class ScorecardClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An additive scorecard of single features and a few pairs, in whole points.

    Parameters
    ----------
    pairs : int
        How many pairs of features may have a table of their own.
    iterations, learning_rate, leaves, least_rows, ridge, cuts :
        Of the boosting machine: trees, shrinkage, leaves of a tree, rows in a leaf, L2
        penalty, and the most bins of a feature.
    monotone : mapping of feature to -1, 0 or 1
        Where more can only lower or raise the points.
    given_pairs : sequence of pairs, optional
        Pairs named by an analyst, used before the found ones.
    seed : int
    """

    def __init__(
        self,
        pairs: int = 24,
        iterations: int = 400,
        learning_rate: float = 0.06,
        leaves: int = 10,
        least_rows: int = 60,
        ridge: float = 5.0,
        cuts: int = 255,
        monotone: Mapping[str, int] | None = None,
        given_pairs: Sequence[tuple[str, str]] = (),
        seed: int = 0,
    ) -> None:
        self.pairs = pairs
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.least_rows = least_rows
        self.ridge = ridge
        self.cuts = cuts
        self.monotone = monotone
        self.given_pairs = given_pairs
        self.seed = seed

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ScorecardClassifier:
        """Fit on float features (missing is NaN) and labels of 0 and 1."""
        names, values = _columns(X)
        labels = np.asarray(y)
        self.classes_ = np.unique(labels)
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)
        monotone = [dict(self.monotone or {}).get(name, 0) for name in names]
        self.pairs_ = self._pairs(names, values, labels, sample_weight, monotone)
        place = {name: i for i, name in enumerate(names)}
        groups = [{i} for i in range(len(names))]
        groups += [{place[one], place[other]} for one, other in self.pairs_]
        machine = self._machine(self.iterations, monotone, interaction_cst=groups)
        machine.fit(values, labels, sample_weight)
        self.machine_ = machine
        self.tables_: Tables = compile_tables(machine, names, values)
        directions = dict(zip(names, monotone, strict=True))
        self.base_, self.terms_ = to_points(self.tables_, directions)
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

    def _machine(
        self, iterations: int, monotone: list[int], **more: Any
    ) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(
            max_iter=iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least_rows,
            l2_regularization=self.ridge,
            max_bins=self.cuts,
            monotonic_cst=monotone,
            early_stopping=False,
            random_state=self.seed,
            **more,
        )

    def _pairs(
        self,
        names: list[str],
        values: np.ndarray,
        labels: np.ndarray,
        weight: Any,
        monotone: list[int],
    ) -> list[tuple[str, str]]:
        """The given pairs, then those that an unconstrained machine combines most."""
        chosen = [tuple(sorted(pair)) for pair in self.given_pairs]
        if len(chosen) < self.pairs and len(names) > 1:
            free = self._machine(max(self.iterations // 3, 1), monotone)
            free.fit(values, labels, weight)
            gains = co_used(free, len(names))
            upper = [
                (-gains[i, j], *sorted((names[i], names[j])))
                for i in range(len(names))
                for j in range(i + 1, len(names))
                if gains[i, j] > 0
            ]
            found = [(one, other) for _, one, other in sorted(upper)]
            chosen += [pair for pair in found if pair not in chosen][: self.pairs - len(chosen)]
        return [(one, other) for one, other in chosen]


def _columns(X: Any) -> tuple[list[str], np.ndarray]:
    if isinstance(X, pd.DataFrame):
        return [str(name) for name in X.columns], X.to_numpy("float64", na_value=np.nan)
    values = np.asarray(X, dtype="float64")
    return [f"x{i}" for i in range(values.shape[1])], values
