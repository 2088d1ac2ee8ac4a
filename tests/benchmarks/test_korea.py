"""Published declarations of another office: what was learnt holds on goods never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import korea


@pytest.mark.slow
def test_unseen_goods_are_ranked_as_well_as_by_histogram_boosting(shared: Path) -> None:
    told = korea.run(shared / "data" / "korea_customs")
    assert told["holds"], told["behind_boosting"]
    unseen = {model: by["unseen"]["auc"] for model, by in told["models"].items()}
    assert unseen["lookup table"] == 0.5  # it has nothing to say of what it never saw
    assert unseen["scorecard (points)"] > 0.6


def test_no_share_of_a_code_contains_the_outcome_of_its_own_row() -> None:
    codes = {name: ["a", "b"] * 50 for name in korea.CODES}
    rows = pd.DataFrame({**codes, "Net Mass": 1.0, "Item Price": 1.0, "Tax Rate": 8.0})
    labels = np.zeros(100, dtype=int)
    before, _ = korea.features(rows, labels, rows[:1])
    labels[0] = 1
    after, _ = korea.features(rows, labels, rows[:1])
    assert (before.iloc[0] == after.iloc[0]).all()
    assert (before.iloc[2:] != after.iloc[2:]).any(axis=None)
