"""The estimator behind a scorecard: scikit-learn's manners, bounded rows, the same bits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from riskprofile.errors import RiskProfileError
from training.estimator import ScorecardClassifier

SMALL = {"pairs": 1, "iterations": 20, "machines": 2, "least_rows": 10}


@pytest.fixture(scope="module")
def rows() -> tuple[pd.DataFrame, np.ndarray]:
    """Mass and price matter together; the third column matters not and is often missing."""
    draw = np.random.default_rng(3)
    values = pd.DataFrame(draw.normal(size=(1_500, 3)), columns=["mass", "price", "age"])
    values.loc[draw.random(1_500) < 0.3, "age"] = np.nan
    heavy, dear = values["mass"].to_numpy(), values["price"].to_numpy()
    odds = 1.5 * heavy + 2.0 * (heavy > 0) * (dear > 0) - 2
    return values, (draw.random(1_500) < 1 / (1 + np.exp(-odds))).astype(int)


def test_it_has_the_manners_of_scikit_learn(rows: tuple[pd.DataFrame, np.ndarray]) -> None:
    values, labels = rows
    model = ScorecardClassifier(**SMALL, monotone={"mass": 1})
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(ridge=1.0).ridge == 1.0
    with_pipe = make_pipeline(FunctionTransformer(), clone(model)).fit(values, labels)
    assert with_pipe.predict_proba(values).shape == (len(values), 2)
    assert cross_val_score(model, values, labels, cv=3, scoring="roc_auc").min() > 0.75
    searched = GridSearchCV(model, {"ridge": [1.0, 50.0]}, cv=2, scoring="roc_auc")
    assert searched.fit(values, labels).best_params_["ridge"] in (1.0, 50.0)
    chance = model.fit(values, labels).predict_proba(values)
    assert np.allclose(chance.sum(axis=1), 1)
    assert abs(chance[:, 1].mean() - labels.mean()) < 0.05
    assert (model.predict(values) == labels).mean() > 0.75


def test_a_feature_that_no_row_tells_is_named(rows: tuple[pd.DataFrame, np.ndarray]) -> None:
    values, labels = rows
    with pytest.raises(RiskProfileError, match="no row tells the feature age"):
        ScorecardClassifier(**SMALL).fit(values.assign(age=np.nan), labels)


def test_side_by_side_or_one_after_the_other_gives_the_same_bits(
    rows: tuple[pd.DataFrame, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    values, labels = rows
    points = []
    for threads in ("1", "2", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        model = ScorecardClassifier(**SMALL, seed=5).fit(values, labels)
        points.append((model.base_, [term.table.tolist() for term in model.terms_]))
    assert points[0] == points[1] == points[2]


def test_no_machine_learns_from_more_rows_than_it_may_and_every_positive_stays() -> None:
    labels = np.r_[np.ones(100, int), np.zeros(10_000, int)]
    for most, expected in ((250_000, 100 + 8_000), (2_000, 2_000), (50, 200)):
        drawn = ScorecardClassifier(most_rows=most)._draw(labels, 0)
        assert len(drawn) == expected
        assert labels[drawn].sum() == 100
    few = ScorecardClassifier(negatives=3)._draw(labels, 0)
    assert len(few) == 400


def test_the_base_is_right_however_few_negatives_were_drawn(
    rows: tuple[pd.DataFrame, np.ndarray],
) -> None:
    values, labels = rows
    model = ScorecardClassifier(**SMALL, most_rows=900).fit(values, labels)
    assert abs(model.predict_proba(values)[:, 1].mean() - labels.mean()) < 0.05
