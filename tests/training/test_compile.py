"""Compiling proves itself: tables and estimator agree, and points stay monotone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS
from training import proving
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


@pytest.mark.parametrize("monotone", [{}, {"mass": 1}])
def test_rounding_moves_a_sum_by_at_most_half_a_point_for_its_base_and_each_term(
    monotone: dict[str, int],
) -> None:
    """Also where a pair leans on a single feature, and either table by itself is further off."""
    values, labels = rows()
    tables = compile_tables([fitted(values, labels)], NAMES, values)
    base, terms = to_points(tables, monotone)
    cut = {name: tables.bins[name].of(values[:, i]) for i, name in enumerate(NAMES)}
    total = base + sum(term.of(cut).astype("int64") for term in terms)
    off = np.abs(total - tables.at(cut) * POINTS_PER_LOG_ODDS)
    assert off.max() <= 0.5 * (1 + len(terms)) + 1e-9


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


def test_a_table_that_is_off_in_one_cell_is_found_on_the_last_row_of_many() -> None:
    values, labels = rows(proving.BLOCK + 50)
    machine = fitted(values[:4000], labels[:4000])
    values[:-1, 0] = np.minimum(values[:-1, 0], 0.0)
    values[-1, 0] = 9.0  # alone in the last bin of its feature
    trees = [one[0].nodes for one in machine._predictors]
    tables = compile_tables([machine], NAMES, values)
    edges = {name: tables.bins[name] for name in NAMES}
    cut = proving.cut(edges, {name: values[:, i] for i, name in enumerate(NAMES)})
    base = float(machine._baseline_prediction[0, 0])
    given = (tables, [machine], trees, base, NAMES, values, cut)
    assert proving.worst(*given) < 1e-12
    tables.singles["mass"][-2] += 0.01
    assert proving.worst(*given) == pytest.approx(0.01)


def test_a_walk_that_is_not_the_estimators_is_found() -> None:
    values, labels = rows()
    machine, other = fitted(values, labels), fitted(values[::2], labels[::2])
    tables = compile_tables([machine], NAMES, values)
    trees = [one[0].nodes for one in machine._predictors]
    cut = proving.cut(tables.bins, {name: values[:, i] for i, name in enumerate(NAMES)})
    base = float(machine._baseline_prediction[0, 0])
    assert proving.worst(tables, [other], trees, base, NAMES, values, cut) > 1e-3
