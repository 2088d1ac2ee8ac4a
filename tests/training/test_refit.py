"""Outcomes move the scorecard a little, visibly, and never against its promises."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.outcomes import JUDGE, POISONER, examined, hide_lane, serving, world
from riskprofile.errors import RiskProfileError
from riskprofile.scoring import artefact
from riskprofile.scoring.editing import Edit
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.tables import TEXT
from training import evaluate, gates
from training.compile import worst_step
from training.refit import ENOUGH, FACTORS, monotone, refit, weights_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("refit")]  # one process makes the rows


def recall(card: Scorecard, budget: float = 0.05) -> float:
    made = world(JUDGE)
    return evaluate.recall_at(card.points(made.features), made.labels, budget)


def test_without_a_find_only_the_base_moves_and_the_order_stays() -> None:
    told = refit(serving(), examined(0), "t")
    assert set(told.factors.values()) == {1.0}
    assert told.shift < 0
    assert recall(told.scorecard) == recall(serving())


def test_without_any_outcome_nothing_moves() -> None:
    told = refit(serving(), examined(0).iloc[:0], "t")
    assert (told.shift, told.finds, told.outcomes) == (0, 0, 0)
    assert recall(told.scorecard) == recall(serving())


@pytest.mark.parametrize("finds", [0, 5, 50, 500])
def test_it_is_never_below_what_ships_by_more_than_noise(finds: int) -> None:
    told = refit(serving(), examined(finds), "t")
    assert told.finds == finds
    noise = 2 * np.sqrt(0.25 / world(JUDGE).labels.sum())  # two standard errors of a share
    assert recall(told.scorecard) >= recall(serving()) - noise


def test_few_finds_move_factors_within_their_bounds_and_no_bin() -> None:
    told = refit(serving(), examined(50), "t")
    assert told.bins == {}
    assert all(FACTORS[0] <= factor <= FACTORS[1] for factor in told.factors.values())
    assert 0 < max(abs(factor - 1) for _, factor in told.moved) < 0.6


def test_from_enough_finds_on_bins_move_too() -> None:
    told = refit(serving(), examined(ENOUGH), "t")
    assert told.finds == ENOUGH
    assert told.bins and told.scorecard.examined == told.outcomes


@pytest.mark.parametrize("finds", [5, ENOUGH])
def test_monotone_terms_stay_monotone(finds: int) -> None:
    card = refit(serving(), examined(finds), "t").scorecard
    for name, direction in monotone(card).items():
        assert worst_step(name, direction, card.terms) >= 0, name


def test_the_same_outcomes_give_the_same_bytes() -> None:
    one, other = (refit(serving(), examined(60), "t") for _ in range(2))
    assert artefact.pack(one.scorecard) == artefact.pack(other.scorecard)
    assert one.digest == other.digest
    assert one.digest != refit(serving(), examined(60, seed=2), "t").digest


def test_a_locked_term_keeps_its_table_and_a_dropped_one_is_gone() -> None:
    card = serving()
    strongest = max(card.terms, key=lambda term: int(np.ptp(term.table)) * (len(term.features) > 1))
    told = refit(card, examined(50), "t", [Edit(strongest.name, "lock")])
    [kept] = [term for term in told.scorecard.terms if term.name == strongest.name]
    assert (kept.table == strongest.table).all()
    gone = refit(card, examined(50), "t", [Edit(strongest.name, "drop")])
    assert strongest.name not in {term.name for term in gone.scorecard.terms}
    with pytest.raises(RiskProfileError, match="no term nonsense"):
        refit(card, examined(5), "t", [Edit("nonsense", "lock")])


@pytest.mark.parametrize("name", ["wording", "host_weight_excess"])
def test_what_was_dropped_does_not_come_back_and_the_gate_names_what_leans_on_it(name: str) -> None:
    told = refit(serving(), examined(5), "t", [Edit(name, "drop")]).scorecard
    assert name not in {term.name for term in told.terms}
    gate = gates.monotone_gate(told)
    assert not gate.held and gate.value.startswith(f"{name} falls by ")
    pairs = [term.name for term in serving().terms if name in term.features]
    told = refit(serving(), examined(5), "t", [Edit(one, "drop") for one in pairs]).scorecard
    assert gates.monotone_gate(told).held


def test_what_is_locked_stays_though_the_pairs_that_lean_on_it_move() -> None:
    card = serving()
    locked = {term.name: term.table for term in card.terms if len(term.features) == 1}
    told = refit(card, examined(ENOUGH), "t", [Edit(name, "lock") for name in locked])
    after = {term.name: term.table for term in told.scorecard.terms}
    assert [name for name, table in locked.items() if (after[name] != table).any()] == []
    assert any(factor != 1 for factor in told.factors.values())
    for name, direction in monotone(told.scorecard).items():
        assert worst_step(name, direction, told.scorecard.terms) >= 0, name


def test_a_random_control_stands_for_all_that_the_draw_passed_over() -> None:
    told = pd.DataFrame(
        {
            "selected_by": pd.Series(["score", "random", "random", "random"], dtype=TEXT),
            "probability": [np.nan, 0.1, 0.0001, np.nan],
        }
    )
    assert weights_of(told).tolist() == [1.0, 10.0, 50.0, 1.0]


def test_honest_people_are_not_named() -> None:
    assert gates.labellers(serving(), examined(200)) == []


def test_who_calls_one_lane_harmless_is_named_and_the_gate_is_closed() -> None:
    told = hide_lane(examined(500), np.random.default_rng(1))
    named = gates.labellers(serving(), told)
    assert {one.labeller for one in named} == {POISONER}
    assert any("lane L3" in one.where for one in named)
    gate = gates.labeller_gate(serving(), told)
    assert not gate.held and POISONER in gate.value


def test_a_slice_that_loses_recall_closes_the_gate() -> None:
    size = 1000
    labels = np.zeros(size, dtype=int)
    labels[:40] = 1
    before = np.arange(size, 0, -1)
    after = before.copy()
    after[:20] = -1  # the finds of one lane go to the end of the list
    groups = pd.DataFrame({"lane": ["A"] * 20 + ["B"] * (size - 20)})
    gate = gates.recall_gate("recall", before, after, labels, groups)
    assert not gate.held and "lane A loses 100.0 points" in gate.value
    assert gates.recall_gate("recall", before, before, labels, groups).held
    few = gates.recall_gate("recall", before, after, np.zeros(size, dtype=int), groups)
    assert few.held and "not assessable" in few.value
