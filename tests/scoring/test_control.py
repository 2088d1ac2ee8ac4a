"""What the list passes over is estimated from the random share alone, with an interval."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import control as simulation
from riskprofile.scoring import control


def draws(finds: int, of: int, chance: float) -> tuple[np.ndarray, np.ndarray]:
    values = np.zeros(of)
    values[:finds] = 1
    return values, np.full(of, chance)


def test_each_draw_stands_for_as_many_as_it_was_drawn_from() -> None:
    told = control.recall(300, *draws(25, 1000, 0.01))
    assert told.passed_over == pytest.approx(100_000)
    assert told.missed == pytest.approx(2_500)
    assert told.recall == pytest.approx(300 / 2_800)
    assert told.low < told.recall < told.high


def test_draws_of_unequal_probability_count_by_what_they_stand_for() -> None:
    rare, common = draws(20, 200, 0.02), draws(10, 200, 0.5)
    told = control.recall(
        100, np.concatenate([rare[0], common[0]]), np.concatenate([rare[1], common[1]])
    )
    assert told.missed == pytest.approx(20 / 0.02 + 10 / 0.5)


def test_under_20_finds_in_the_share_nothing_is_said() -> None:
    assert not control.recall(500, *draws(19, 5000, 0.01)).known
    assert np.isnan(control.recall(500, *draws(19, 5000, 0.01)).recall)
    assert control.recall(500, *draws(20, 5000, 0.01)).known
    assert not control.recall(500, np.array([]), np.array([])).known


def test_with_equal_chances_the_interval_is_wilsons() -> None:
    told = control.recall(40, *draws(30, 400, 1e-9))
    missed = 40 / told.high - 40, 40 / told.low - 40
    # Wilson's interval of 30 in 400, as statsmodels and R's binom give it.
    assert missed[0] / told.passed_over == pytest.approx(0.05303, abs=1e-4)
    assert missed[1] / told.passed_over == pytest.approx(0.10502, abs=1e-4)


def test_what_is_wholly_examined_is_known_for_certain() -> None:
    told = control.recall(60, *draws(20, 300, 1.0))
    assert told.low == told.recall == told.high == pytest.approx(0.75)


def test_draws_that_nobody_examined_are_taken_to_be_like_the_others() -> None:
    told = control.recall(100, *draws(20, 500, 0.01), passed_over=100_000)
    assert told.missed == pytest.approx(20 / 500 * 100_000)


def test_of_a_finite_list_of_which_half_was_examined_the_other_half_stays_unsure() -> None:
    """All were drawn and half of them examined: that half is a sample."""
    told = control.recall(100, *draws(25, 50, 1.0), passed_over=100)
    assert told.missed == pytest.approx(50)
    low, high = control.wilson(0.5, 50 / (1 - 50 / 100))
    assert told.low == pytest.approx(100 / (100 + 100 * high))
    assert told.high == pytest.approx(100 / (100 + 100 * low))
    assert control.recall(100, *draws(25, 50, 1.0), passed_over=50).low == 100 / 125


def test_where_every_draw_was_a_find_the_rest_stays_unsure() -> None:
    told = control.recall(100, *draws(20, 20, 0.1))
    assert told.recall == told.low == pytest.approx(100 / 300)
    assert told.high > 0.35


def test_the_interval_covers_the_truth_as_often_as_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A small version of `benchmarks.control`, with room for its own noise."""
    monkeypatch.setattr(simulation, "WORLDS", simulation.WORLDS[:3])
    for row in simulation.run(200, 3):
        assert 0.90 <= row["covered"] <= 0.995, row
