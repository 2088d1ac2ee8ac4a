"""Figures by group are fairlearn's to twelve digits, and a proxy is seen."""

from __future__ import annotations

import re

import fairlearn.metrics
import numpy as np
import pandas as pd
import pytest

from riskprofile.profiles import TRAVELLER
from tests.scoring.toy import scorecard
from training import card, fairness, gates
from training.fairness import Group, Waiver
from training.synth import generate


def population(n: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "sex": random.choice(["F", "M", "X"], n, p=[0.5, 0.48, 0.02]),
            "residence": random.choice(list("ABCDEFG"), n),
        }
    )
    labels = (random.random(n) < 0.03).astype(int)
    chance = np.where(table["sex"] == "M", 0.06, 0.04) + 0.5 * labels
    return labels, (random.random(n) < chance).astype(int), table


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_figures_of_groups_are_fairlearns_to_twelve_digits(seed: int) -> None:
    labels, selected, table = population(seed=seed)
    found = {(one.column, one.level): one for one in fairness.groups(labels, selected, table)}
    for column in table:
        frame = fairlearn.metrics.MetricFrame(
            metrics={
                "selected": fairlearn.metrics.selection_rate,
                "false_positive": fairlearn.metrics.false_positive_rate,
                "true_positive": fairlearn.metrics.true_positive_rate,
                "rows": fairlearn.metrics.count,
            },
            y_true=labels,
            y_pred=selected,
            sensitive_features=table[column],
        )
        for level, told in frame.by_group.iterrows():
            mine = found[(str(column), str(level))]
            for name in ("selected", "false_positive", "true_positive", "rows"):
                assert getattr(mine, name) == pytest.approx(told[name], abs=1e-12, rel=0)
            rest = fairlearn.metrics.MetricFrame(
                metrics=fairlearn.metrics.false_positive_rate,
                y_true=labels,
                y_pred=selected,
                sensitive_features=(table[column] == level).to_numpy(),
            ).by_group
            assert mine.ratio == pytest.approx(rest[True] / rest[False], abs=1e-12, rel=0)


def test_a_group_outside_the_bounds_is_named_until_a_person_answers_for_it() -> None:
    labels, selected, table = population()
    found = fairness.groups(labels, selected, table)
    outside = fairness.outside(found)
    assert {(one.column, one.level) for one in outside} == {("sex", "F"), ("sex", "M")}
    named = [Waiver("sex", one, "A. Person", "reviewed with the ombudsman") for one in "FM"]
    assert fairness.outside(found, named) == []
    nobody = [Waiver("sex", one, " ", "no name") for one in "FM"]
    assert len(fairness.outside(found, nobody)) == 2
    told = fairness.section(found, [], named)
    assert "waived by A. Person: reviewed with the ombudsman" in told


def test_a_bar_or_a_line_break_in_a_reason_breaks_no_row_of_the_table() -> None:
    labels, selected, table = population()
    named = [Waiver("sex", one, "A. Person", "reviewed |\nuntil June") for one in "FM"]
    told = fairness.section(fairness.groups(labels, selected, table), [], named)
    [row] = [line for line in told.splitlines() if line.startswith("| sex | F |")]
    assert row.endswith("reviewed \\| until June |") and len(re.split(r"(?<!\\)\|", row)) == 8


def test_a_group_too_small_to_judge_is_not_judged() -> None:
    labels, selected, table = population()
    [small] = [one for one in fairness.groups(labels, selected, table) if one.level == "X"]
    assert not small.judged and small.within
    assert isinstance(small, Group)


def test_a_group_of_nearly_all_is_judged_no_sooner_than_the_few_beside_it() -> None:
    """Its ratio is theirs turned over, as unsure as theirs is."""
    for seed in range(20):
        random = np.random.default_rng(seed)
        given = random.choice(["given", "not given"], 20_000, p=[0.01, 0.99])
        taken, table = (random.random(20_000) < 0.05).astype(int), pd.DataFrame({"born": given})
        assert fairness.outside(fairness.groups(np.zeros(20_000), taken, table)) == []


def test_where_one_group_bears_all_false_positives_it_is_outside() -> None:
    table = pd.DataFrame({"sex": np.repeat(["F", "M"], 10_000)})
    taken = np.arange(20_000) < 1_000
    outside = fairness.outside(fairness.groups(np.zeros(20_000), taken, table))
    assert [(one.level, one.ratio) for one in outside] == [("F", np.inf), ("M", 0.0)]
    alone = fairness.groups(np.zeros(10_000), taken[:10_000], table[:10_000])
    assert not alone[0].judged  # nobody to set it beside


def test_a_feature_that_stands_in_for_a_column_is_seen() -> None:
    random = np.random.default_rng(4)
    sex = random.choice(["F", "M"], 4_000)
    features = pd.DataFrame({"noise": random.normal(size=4_000)})
    protected = pd.DataFrame({"sex": sex})
    [clean] = fairness.proxies(features, protected)
    assert not clean.guessed and abs(clean.auc - 0.5) < 0.05
    features["height"] = random.normal(size=4_000) + (sex == "M")
    [seen] = fairness.proxies(features, protected)
    assert seen.guessed and seen.auc == pytest.approx(0.76, abs=0.03)
    assert "(stands in for it)" in fairness.section([], [seen], [])


def test_dates_become_decades_and_rare_values_are_taken_together() -> None:
    born = pd.Series(["1951-02-03", "1987-10-10", None, "1983-01-01"])
    assert fairness.levels(born).tolist() == ["1950s", "1980s", "not given", "1980s"]
    many = pd.Series([f"C{n % 12}" for n in range(120)] + ["C1"] * 5)
    assert set(fairness.levels(many)) >= {"C1", "other"}
    assert fairness.levels(many).nunique() == fairness.LEVELS + 1


def test_a_card_tells_the_groups_of_every_protected_column_but_numbers_of_one_person() -> None:
    declared = next(iter(generate("traveller", 1_400, 5))).table[TRAVELLER.protected("P1")]
    random = np.random.default_rng(1)
    features = pd.DataFrame({"noise": random.normal(size=len(declared))})
    labels = (random.random(len(declared)) < 0.05).astype(int)
    told = card.by_group(features, random.integers(0, 900, len(declared)), labels, declared)
    for column in TRAVELLER.protected("P1"):
        assert (f"| {column} |" in told) == (column != "document_number"), column


@pytest.mark.parametrize(("share", "held"), [(0.0, True), (0.6, False)])
def test_a_group_that_bears_more_false_positives_closes_the_gate(share: float, held: bool) -> None:
    draw = np.random.default_rng(4)
    rows = 20_000
    sex = draw.choice(["F", "M"], rows)
    ratio = draw.uniform(0, 1.001, rows)  # what the toy scorecard reads: above 1 it rates higher
    ratio = np.where((sex == "F") & (draw.random(rows) < share), 1.5, ratio)
    features = pd.DataFrame(
        {"freight_ratio": ratio, "transit_legs": draw.integers(0, 3, rows).astype(float)}
    ).assign(wording=draw.uniform(0, 1, rows))
    none = np.zeros(rows, dtype=int)
    gate = gates.groups_gate(scorecard(), features, none, pd.DataFrame({"sex": sex}))
    assert gate.held is held, gate
    assert gate.value.startswith("sex ")
    without = gates.groups_gate(scorecard(), features, none, pd.DataFrame(index=range(rows)))
    assert without.held
