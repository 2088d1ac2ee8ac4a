"""Further worlds: each rated with its own past, learnt from, never judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from training import data
from training.recipe import Recipe

ONE = Recipe(
    profile="shipment",
    version="small",
    rows=1_000,
    data_seed=5,
    start="2025-01-01",
    days=100,
    train_until="2025-03-01",
    test_from="2025-03-02",
    lawful_trade=1,
)


def test_a_further_world_adds_its_earlier_rows_as_its_own_past_shows_them() -> None:
    first, other = data.make(ONE), data.make(replace(ONE, data_seed=6))
    both = data.make(replace(ONE, worlds=(6,)))
    early = other.during(None, ONE.train_until)
    n = len(first.labels)
    assert 0 < early.sum() < len(early) and len(both.labels) == n + early.sum()
    expected = other.features[early].reset_index(drop=True)
    pd.testing.assert_frame_equal(both.features.iloc[n:].reset_index(drop=True), expected)
    pd.testing.assert_frame_equal(both.features.iloc[:n], first.features)
    assert (both.labels == np.concatenate([first.labels, other.labels[early]])).all()
    assert (both.groups == np.concatenate([first.groups, other.groups[early]])).all()
    assert both.times.to_list() == [*first.times, *other.times[early]]
    assert both.descriptions.fillna("").to_list() == [
        *first.descriptions.fillna(""),
        *other.descriptions[early].fillna(""),
    ]


def test_what_judges_is_of_the_first_world_alone() -> None:
    first, both = data.make(ONE), data.make(replace(ONE, worlds=(6, 7)))
    judged = both.during(ONE.test_from, None)
    assert judged.sum() == first.during(ONE.test_from, None).sum() > 0
    assert not judged[len(first.labels) :].any()
    mine = first.features[judged[: len(first.labels)]]
    pd.testing.assert_frame_equal(both.features[judged], mine)
