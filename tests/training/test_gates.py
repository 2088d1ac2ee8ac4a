"""Gates say what they can say: honest people are left alone, and what nobody measured is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.scorecard import Bins, Scorecard, Term
from riskprofile.tables import TEXT, Table
from tests.scoring import toy
from training import gates, office
from training.refit import refit


def card() -> Scorecard:
    """One feature, of which what lies above 1 is found four times as often."""
    return replace(
        toy.scorecard(),
        base=-390,
        bins={"freight_ratio": Bins(np.array([1.0]))},
        terms=(Term(("freight_ratio",), np.array([0, 140, 0], dtype=np.int32)),),
        wording=None,
    )


def outcomes(seed: int, people: int, rows: int = 3_000) -> Table:
    """Honest outcomes, dealt among people by chance alone; two finds in a hundred, or eight."""
    draw = np.random.default_rng(seed)
    ratio = draw.choice([0.5, 2.0], rows, p=[0.9, 0.1])
    return pd.DataFrame(
        {
            "record_id": pd.Series([f"R{n}" for n in range(rows)], dtype=TEXT),
            "item": 1,
            "value": (draw.random(rows) < np.where(ratio > 1, 0.08, 0.02)).astype("int64"),
            "selected_by": pd.Series(["score"] * rows, dtype=TEXT),
            "probability": np.nan,
            "officer": pd.Series([f"p{n}" for n in draw.integers(0, people, rows)], dtype=TEXT),
            "freight_ratio": ratio,
        }
    )


@pytest.mark.parametrize(
    "first", [20, *(pytest.param(n, marks=pytest.mark.slow) for n in (30, 40))]
)
@pytest.mark.parametrize("people", [2, 3, 4])
def test_honest_people_who_share_the_work_by_chance_are_not_named(people: int, first: int) -> None:
    seeds = range(first, first + 10)
    named = [gates.labellers(card(), outcomes(seed, people)) for seed in seeds]
    assert not any(named), [str(one) for told in named for one in told]


@pytest.mark.parametrize("people", [2, 3])
def test_honest_people_are_not_named_where_the_few_finds_of_the_others_have_the_most_points(
    people: int,
) -> None:
    """Four finds in thirty outcomes: no line through them says that below there is none."""
    steps = np.array([*range(0, 600, 20), 0], dtype=np.int32)
    bins = {"freight_ratio": Bins(np.arange(1.0, 30.0))}
    fine = replace(card(), base=-600, bins=bins, terms=(replace(card().terms[0], table=steps),))
    for seed in range(10):
        draw = np.random.default_rng(seed)
        told = outcomes(seed, people, 30).assign(freight_ratio=draw.integers(0, 30, 30) + 0.5)
        chance = 1 / (1 + np.exp(-fine.points(told) / 100))
        told["value"] = (draw.random(30) < chance).astype("int64")
        assert gates.labellers(fine, told) == [], seed


@pytest.mark.parametrize("people", [2, 4])
def test_who_calls_harmless_what_they_found_is_named_beside_few_others(people: int) -> None:
    told = outcomes(1, people, 12_000)
    told.loc[(told["officer"] == "p1").fillna(False), "value"] = 0
    assert "p1" in {one.labeller for one in gates.labellers(card(), told)}


def test_parts_with_too_few_finds_to_be_judged_are_told_beside_the_worst() -> None:
    points, labels = np.arange(100, 0, -1), np.repeat([1, 0, 1, 0], [40, 30, 3, 27])
    groups = pd.DataFrame({"lane": np.repeat(["A", "B", "C"], [50, 30, 20])})
    gate = gates.recall_gate("recall", points, points, labels, groups)
    assert gate.held and gate.value.endswith("; not assessable: 1 part with under 20 finds")
    gate = gates.recall_gate("recall", points, points, labels, groups.iloc[:, :0])
    assert gate.held and "not assessable" not in gate.value


def test_outcomes_of_one_person_are_beside_nobodys() -> None:
    for alone in (outcomes(1, 1, 300), outcomes(1, 2, 300).iloc[:0]):
        gate = gates.labeller_gate(card(), alone)
        assert gate.held and "not assessable" in gate.value
    assert "not assessable" not in gates.labeller_gate(card(), outcomes(1, 2, 300)).value


def test_outcomes_that_are_all_finds_set_no_scale_and_name_nobody() -> None:
    told = outcomes(1, 2, 300).assign(value=1)
    assert refit(card(), told, "t").scorecard.examined == 0
    assert gates.labellers(card(), told) == []


def test_a_scorecard_without_an_outcome_of_its_own_is_not_called_calibrated() -> None:
    none = outcomes(1, 2, 300).iloc[:0].drop(columns="freight_ratio")
    gate = gates.calibration_gate(replace(card(), examined=500), none)
    assert gate.held and "not assessable" in gate.value


def graded(chances: list[float], seed: int = 1, rows: int = 6_000) -> tuple[Scorecard, Table]:
    """Five grades, each said to be found e times as often as the one below; and what is found."""
    draw = np.random.default_rng(seed)
    grade = draw.integers(0, 5, rows)
    told = outcomes(seed, 3, rows).assign(
        freight_ratio=grade + 0.5,
        value=(draw.random(rows) < np.array(chances)[grade]).astype("int64"),
    )
    told["probability"] = told["probability"].mask(draw.random(rows) < 0.2, 0.05)
    told["selected_by"] = told["selected_by"].mask(told["probability"].notna(), "random")
    steps = Term(("freight_ratio",), np.array([0, 100, 200, 300, 400, 0], dtype=np.int32))
    bins = {"freight_ratio": Bins(np.array([1.0, 2.0, 3.0, 4.0]))}
    wide = {"lowest": -2_000, "probabilities": np.full(4_000, 0.5)}
    return replace(card(), bins=bins, terms=(steps,), **wide), told


@pytest.mark.parametrize(
    ("chances", "held"),
    [
        ([0.005, 0.013, 0.036, 0.09, 0.21], True),
        ([0.02, 0.02, 0.02, 0.02, 0.4], False),
        ([0.05, 0.05, 0.05, 0.05, 0.05], True),  # the points tell nothing: the share alone
    ],
)
def test_a_score_that_is_off_in_its_middle_closes_the_gate_though_its_mean_is_right(
    chances: list[float], held: bool
) -> None:
    for seed in range(1, 6):
        before, told = graded(chances, seed)
        after = refit(before, told, "t").scorecard
        gate = gates.calibration_gate(after, told)
        assert after.examined and gate.held == held, gate


@pytest.mark.parametrize("drawn", [False, True])
def test_outcomes_that_the_points_part_wholly_make_no_find_certain(drawn: bool) -> None:
    """None of forty alike was a find, all of those above: no page says "never" and "always"."""
    before, told = graded([0.0, 0.0, 0.0, 0.0, 1.0], rows=210)
    by, chance = ("random", 0.02) if drawn else ("score", np.nan)
    told = told.assign(selected_by=pd.Series([by] * len(told), dtype=TEXT), probability=chance)
    after = refit(before, told, "t").scorecard
    assert after.examined == 210
    below, among = after.probability(after.points(pd.DataFrame({"freight_ratio": [3.5, 4.5]})))
    assert 0.001 < below < 0.1 and 0.9 < among < 0.9999


@pytest.mark.parametrize("seed", [105, 150])
def test_a_level_that_few_heavy_outcomes_set_is_not_held_against_the_score(seed: int) -> None:
    before, told = graded([0.005, 0.013, 0.036, 0.09, 0.21], seed, 600)
    after = refit(before, told, "t").scorecard
    gate = gates.calibration_gate(after, told)
    assert after.examined and gate.held, gate


def test_scores_of_nothing_but_0_and_1_are_measured_too() -> None:
    sure, told = graded([0.0, 0.0, 0.0, 0.0, 1.0])
    whole = np.where(np.arange(-2_000, 2_000) > -50, 1.0, 0.0)
    sure = replace(sure, probabilities=whole, examined=500)
    assert gates.calibration_gate(sure, told).held
    assert not gates.calibration_gate(sure, told.assign(value=1 - told["value"])).held


def test_only_what_reads_the_same_values_is_measured_beside_what_serves() -> None:
    plain, words = card(), toy.scorecard()
    office.comparable(words, replace(words, base=20))
    with pytest.raises(RiskProfileError, match="reads transit_legs"):
        office.comparable(plain, words)
    assert words.wording is not None
    other = replace(words, wording=replace(words.wording, weights={"pins": 2048}))
    with pytest.raises(RiskProfileError, match="wording in a way of its own"):
        office.comparable(words, other)
