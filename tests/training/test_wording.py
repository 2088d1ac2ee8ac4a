"""Texts taken apart once give what reading them again for each fold would."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskprofile.tables import TEXT
from training import wording

GOODS = ("steel pins", "toy water guns", "machine parts", "tubes and caps", "cotton shirts", None)


def test_a_fold_is_valued_by_a_scorecard_of_the_others_alone() -> None:
    random = np.random.default_rng(3)
    drawn = random.integers(0, len(GOODS), 600)
    said = pd.Series([GOODS[i] and f"{GOODS[i]} no {i}" for i in drawn], dtype=TEXT)
    labels = (random.random(600) < np.where(drawn < 3, 0.4, 0.1)).astype("int8")
    groups = drawn - 3  # keys are signed; equal texts stay together
    crossed = wording.cross_fitted(wording.Texts.of(said), labels, groups, folds=3, least=2)
    fold = np.abs(groups) % 3
    assert np.isnan(crossed[drawn == len(GOODS) - 1]).all()
    assert len(set(fold)) == 3
    for number in range(3):
        others, held = fold != number, fold == number
        fitted = wording.fit_wording("x", wording.Texts.of(said[others]), labels[others], least=2)
        assert fitted.weights
        told = fitted.value(said[held]).to_numpy("float64")
        np.testing.assert_array_equal(crossed[held], told)


def test_a_piece_that_is_rare_among_the_rows_is_not_weighed() -> None:
    said = pd.Series(["steel pins"] * 20 + ["brass caps"] * 11, dtype=TEXT)
    labels = np.array([1] * 10 + [0] * 21)
    fitted = wording.fit_wording("x", wording.Texts.of(said), labels, least=12)
    assert fitted.weights and not any("cap" in piece for piece in fitted.weights)
    most = wording.fit_wording("x", wording.Texts.of(said), labels, least=1, most=3)
    assert len(most.weights) <= 3 and not any("cap" in piece for piece in most.weights)
