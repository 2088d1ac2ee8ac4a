"""Compiling proves itself: tables and estimator agree, and points stay monotone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS
from training.compile import compile_tables, to_points, worst_step

NAMES = ["mass", "price", "age"]


def rows(n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Three features, one of them often missing; a pair of them matters together."""
    rng = np.random.default_rng(7)
    values = rng.normal(size=(n, 3))
    values[rng.random(n) < 0.2, 2] = np.nan
    log_odds = values[:, 0] + 2.0 * (values[:, 0] > 0) * (values[:, 1] > 0) - 1.5
    labels = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    return values, labels.astype(int)


def fitted(
    values: np.ndarray, labels: np.ndarray, **options: Any
) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=40,
        max_leaf_nodes=8,
        interaction_cst=[{0}, {1}, {2}, {0, 1}],
        monotonic_cst=[1, 0, 0],
        early_stopping=False,
        random_state=0,
        **options,
    ).fit(values, labels)


def test_the_tables_equal_the_estimator_before_rounding() -> None:
    values, labels = rows()
    estimator = fitted(values, labels)
    tables = compile_tables([estimator], NAMES, values)
    columns = {name: values[:, i] for i, name in enumerate(NAMES)}
    difference = np.abs(tables.log_odds(columns) - estimator.decision_function(values))
    assert difference.max() < 1e-12
    assert set(tables.pairs) == {("mass", "price")}


def test_purified_tables_have_no_mean_under_the_training_rows() -> None:
    values, labels = rows()
    tables = compile_tables([fitted(values, labels)], NAMES, values)
    for i, name in enumerate(NAMES):
        cut = tables.bins[name].of(values[:, i])
        assert abs(tables.singles[name][cut].mean()) < 1e-9


def test_rounding_moves_each_term_by_at_most_half_a_point() -> None:
    values, labels = rows()
    tables = compile_tables([fitted(values, labels)], NAMES, values)
    _, terms = to_points(tables, monotone={})
    for term in terms:
        exact = (
            tables.singles[term.features[0]]
            if len(term.features) == 1
            else tables.pairs[term.features[0], term.features[1]]
        )
        assert np.abs(term.table - exact * POINTS_PER_LOG_ODDS).max() <= 0.5 + 1e-9


def test_a_monotone_feature_never_lowers_the_points_whatever_its_partner_is() -> None:
    values, labels = rows()
    tables = compile_tables([fitted(values, labels)], NAMES, values)
    _, terms = to_points(tables, monotone={"mass": 1})
    assert worst_step("mass", 1, terms) >= 0
    assert worst_step("price", 1, terms) < 0  # nothing was promised of the price


def test_a_machine_with_longer_paths_is_refused() -> None:
    values, labels = rows()
    free = HistGradientBoostingClassifier(max_iter=40, random_state=0).fit(values, labels)
    with pytest.raises(RiskProfileError, match="more than two features"):
        compile_tables([free], NAMES, values)


def test_the_mean_of_several_machines_is_compiled_as_one_sum() -> None:
    values, labels = rows()
    machines = [fitted(values[i::2], labels[i::2]) for i in (0, 1)]
    tables = compile_tables(machines, NAMES, values)
    columns = {name: values[:, i] for i, name in enumerate(NAMES)}
    mean = (machines[0].decision_function(values) + machines[1].decision_function(values)) / 2
    assert np.abs(tables.log_odds(columns) - mean).max() < 1e-12
