"""Figures that an office can act on: by part, with intervals, beside what serves and others."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskprofile.profiles import PROFILES
from riskprofile.scoring import parts
from riskprofile.services.feedback import SLICE
from tests.scoring.toy import scorecard
from training import evaluate, report
from training.office import Trial

ROWS = 6_000


@pytest.fixture(scope="module")
def trial() -> Trial:
    """Finds follow the toy scorecard; on the road they do not follow what it reads."""
    draw = np.random.default_rng(2)
    features = pd.DataFrame(
        {
            "freight_ratio": draw.uniform(0, 2, ROWS),
            "transit_legs": draw.integers(0, 3, ROWS).astype(float),
            "wording": draw.uniform(0, 1, ROWS),
            "pair_count_365": draw.choice([0.0, 50.0, np.nan], ROWS),
        }
    )
    mode = draw.choice(["sea", "road"], ROWS)
    points = np.where(mode == "sea", scorecard().points(features), 10)
    labels = (draw.random(ROWS) < 1 / (1 + np.exp(3.4 - points / 25))).astype(int)
    return Trial(
        features,
        labels,
        pd.DataFrame({"transport_mode": mode}),
        pd.Series(pd.date_range("2026-01-01", periods=ROWS, freq="15min", tz="UTC")),
        pd.DataFrame(index=range(ROWS)),
    )


def test_parts_stand_beside_what_serves_and_beside_plain_learners(trial: Trial) -> None:
    card = scorecard()
    worse = replace(card, terms=card.terms[:1])
    told = report.on_trial(card, worse, trial, 0.1)
    parts = {one.part: one for one in told.figures}
    assert {
        "transport_mode sea",
        "transport_mode road",
        "parties never seen",
        "parties not known",
    } <= set(parts)
    assert any(name.startswith("period 2026-") for name in parts)
    whole, sea = parts["all"], parts["transport_mode sea"]
    assert whole.low <= whole.recall <= whole.high and whole.gap_low > 0
    assert sea.recall > parts["transport_mode road"].recall
    late = len(trial.labels) // 2
    assert whole.rows == late and whole.finds == trial.labels[late:].sum()
    assert whole.recall == evaluate.recall_at(
        card.points(trial.features[late:]), trial.labels[late:], 0.1
    )
    assert [one[0] for one in told.peers] == [
        "this scorecard",
        "the scorecard that serves",
        *report.PEERS,
    ]
    assert sum(one[1] for one in told.calibration) == late
    assert told.groups == "these declarations hold no protected column"
    text = report.text(told)
    for name in (*parts, *report.PEERS):
        assert f"| {name} |" in text


def test_own_outcomes_are_told_by_slice_and_without_a_find_not_at_all(trial: Trial) -> None:
    labels = trial.features.assign(
        value=trial.labels, known_at=trial.times, **{f"{SLICE}carrier": "XMAA"}
    ).iloc[:800]
    card = scorecard()
    labels["transit_legs"] = np.nan  # nothing declared tells it
    told = report.on_outcomes(card, card, labels, 0.2)
    assert told is not None
    assert {"all", "carrier XMAA"} <= {one.part for one in told.figures}
    assert all(one.gap_low == one.gap_high == 0 for one in told.figures)
    assert len(told.peers) == 4
    assert "has seen them" in report.text(told)
    assert "has seen them" not in report.text(report.on_trial(card, card, trial, 0.2))
    assert report.on_outcomes(card, card, labels.assign(value=0), 0.2) is None
    assert report.on_outcomes(card, card, labels.iloc[:0], 0.2) is None


def test_a_recall_of_all_or_of_none_is_not_told_as_if_it_were_sure() -> None:
    points = np.arange(400.0, 0.0, -1.0)
    first, last = (points > 380).astype(int), (points <= 20).astype(int)
    for seed in range(3):
        low, high = evaluate.interval(points, first, 0.1, seed)
        assert (round(low, 3), high) == (0.839, 1.0)  # Wilson, 20 of 20
        low, high = evaluate.interval(points, last, 0.1, seed)
        assert (low, round(high, 3)) == (0.0, 0.161)
    low, high = evaluate.interval(points, (points > 350).astype(int), 0.1, 1)
    assert 0.6 < low < 0.8 < high < 0.95  # 40 of 50, bootstrapped


def test_the_gap_of_few_finds_that_one_scorecard_alone_has_is_not_told_as_if_it_were_sure() -> None:
    draw = np.random.default_rng(4)
    covered = []
    for _ in range(400):
        gaps = draw.choice([1.0, 0.0, -1.0], 20, p=[0.05, 0.94, 0.01])
        low, high = parts.gap_ends(gaps, draw.choice(gaps, (200, 20)).mean(axis=1))
        assert low <= gaps.mean() <= high
        covered.append(low <= 0.04 <= high)
    assert np.mean(covered) > 0.93  # the bootstrap alone: 0.65
    low, high = parts.gap_ends(np.zeros(40), np.zeros(8))
    assert (round(low, 3), round(high, 3)) == (-0.047, 0.047)


def test_a_carrier_written_with_a_bar_or_a_line_break_breaks_no_row_of_the_table(
    trial: Trial,
) -> None:
    named = replace(trial, groups=trial.groups.assign(carrier="A|B\nLines"))
    told = report.text(report.on_trial(scorecard(), scorecard(), named, 0.1))
    [row] = [line for line in told.splitlines() if line.startswith("| carrier ")]
    assert row.startswith(r"| carrier A\|B Lines | ") and len(re.split(r"(?<!\\)\|", row)) == 9


def test_where_no_part_has_finds_enough_that_is_said(trial: Trial) -> None:
    labels = trial.features.assign(value=0, known_at=trial.times).iloc[:60]
    labels.loc[:2, "value"] = 1
    told = report.on_outcomes(scorecard(), scorecard(), labels, 0.2)
    assert told is not None and not told.figures
    text = report.text(told)
    assert "No part has 20 finds: none is told." in text and "| part |" not in text
    assert told.inspected == 12 and f"are finds ({told.found} of 12)." in text


def test_of_fewer_outcomes_than_fifths_only_those_with_rows_are_told(
    trial: Trial, recwarn: pytest.WarningsRecorder
) -> None:
    labels = trial.features.assign(value=0, known_at=trial.times).iloc[:3]
    labels.loc[:0, "value"] = 1
    told = report.on_outcomes(scorecard(), scorecard(), labels, 0.4)
    assert told is not None and [rows for _, rows, _, _ in told.calibration] == [1, 1, 1]
    assert "nan" not in report.text(told) and not recwarn.list


def test_every_profile_says_whether_parties_were_seen() -> None:
    for profile in PROFILES.values():
        names = {one.name for one in profile.features}
        assert names & set(parts.SEEN["parties"]), profile.name
