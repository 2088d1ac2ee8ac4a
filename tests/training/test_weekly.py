"""The weeks of selective labels: nobody learns from what they did not inspect."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import weekly
from benchmarks.weekly import Inspector, World


def here(weeks: int = 6, rows: int = 200) -> World:
    n = weeks * rows
    points = np.arange(n) % rows
    return World(
        values=pd.DataFrame({"x": points.astype(float)}),
        labels=(points >= rows - 3).astype(int),
        chance=points / rows,
        points=points,
        week=np.repeat(np.arange(weeks), rows),
    )


def test_an_inspector_learns_from_its_own_inspections_alone_and_spends_what_it_has() -> None:
    world = here()
    given: list[np.ndarray] = []

    def learn(world: World, seen: np.ndarray) -> weekly.Scores:
        given.append(seen)
        return lambda rows: world.points[rows].astype("float64")

    one = Inspector("one", 0.1, warm=False, learn=learn, scores=lambda rows: np.zeros(len(rows)))
    lot = np.random.default_rng(0)
    for week in range(6):
        one.week(world, np.flatnonzero(world.week == week), week, lot)
    assert [len(taken) for taken in one.seen] == [4] * 6  # 2 % of 200
    assert all(len(set(taken.tolist())) == 4 for taken in one.seen)
    assert len(given) == 5  # nothing is known before the first week
    for week, seen in enumerate(given, start=1):
        assert set(seen.tolist()) == {row for taken in one.seen[:week] for row in taken.tolist()}
        assert world.week[seen].max() < week


def test_ranking_by_the_truth_finds_what_there_is_and_chance_finds_its_share() -> None:
    world = here()
    lot = np.random.default_rng(0)
    best = Inspector("best", 0.0, False, None, scores=lambda rows: world.chance[rows])
    drawn = Inspector("random", 1.0, False, None)
    rows = np.flatnonzero(world.week == 2)
    assert best.week(world, rows, 2, lot) == 3
    finds = [drawn.week(world, rows, 2, lot) for _ in range(2_000)]
    assert np.mean(finds) == pytest.approx(4 * 3 / 200, abs=0.02)


def test_ahead_level_and_behind_are_said_as_they_are() -> None:
    def table(**rates: float) -> dict[str, dict[str, dict[str, float]]]:
        spans = ("before", "after", "all")
        return {
            name: {span: {"finds_in_a_hundred": rate} for span in spans}
            for name, rate in rates.items()
        }

    worlds = {
        "without drift": table(ours=20.0, peer=21.0),
        "with drift": table(ours=20.0, peer=30.0, weak=10.0),
    }
    said = weekly.verdicts(worlds)
    assert [line.split(" (")[0] for line in said] == [
        "without drift, all weeks: level with peer",
        "with drift, all weeks: behind peer",
        "with drift, all weeks: ahead of weak",
        "with drift, after the change: behind peer",
        "with drift, after the change: ahead of weak",
    ]
