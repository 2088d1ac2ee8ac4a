"""Few outcomes move the shipped points a little; many move them as far as they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskprofile.scoring.scorecard import Bins, Scorecard, Term
from training import offsets

EDGES = np.array([-0.5, 0.5])
TABLE = np.array([-60, 0, 120, 0], dtype=np.int32)


def shipped() -> Scorecard:
    names = ("one", "two", "three")
    return Scorecard(
        profile="shipment",
        version="1",
        digest="",
        base=-250,
        bins={name: Bins(EDGES) for name in names},
        terms=tuple(Term((name,), TABLE) for name in names),
        wording=None,
        lowest=-1600,
        probabilities=np.linspace(0, 1, 3201),
    )


def outcomes(finds: int, factors: tuple[float, ...], base: float, seed: int = 0):
    """Examined rows of a world whose terms count by other factors, until so many are finds."""
    random = np.random.default_rng(seed)
    n = 60 * finds + 20
    values = pd.DataFrame({name: random.normal(size=n) for name in ("one", "two", "three")})
    odds = base + shipped().contributions(values) / 100 @ np.array(factors)
    labels = (random.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    kept = np.searchsorted(np.cumsum(labels), finds) + 1 if finds else n
    return values[:kept], labels[:kept] * bool(finds)


def moved(finds: int, factors: tuple[float, ...] = (0.0, 1.0, 2.0), base: float = -2.5):
    values, labels = outcomes(finds, factors, base)
    assert labels.sum() == finds
    return offsets.fit(shipped(), values, labels)


def test_no_outcome_moves_nothing() -> None:
    values, labels = outcomes(5, (1.0, 1.0, 1.0), -2.5)
    told = offsets.fit(shipped(), values[:0], labels[:0])
    assert told.base == 0 and not told.factors.any()
    same = offsets.apply(shipped(), told, "1")
    assert same.base == shipped().base
    assert all((a.table == b.table).all() for a, b in zip(same.terms, shipped().terms, strict=True))


def test_the_more_finds_the_nearer_to_what_they_say() -> None:
    truth = np.array([-1.0, 0.0, 1.0])
    distance = [float(np.abs(moved(finds).factors - truth).mean()) for finds in (5, 50, 500)]
    assert distance == sorted(distance, reverse=True)
    assert distance[0] > 0.45  # five finds hardly move a term
    assert distance[2] < 0.2


def test_an_office_with_more_or_fewer_finds_moves_the_base() -> None:
    told = moved(500, (1.0, 1.0, 1.0), base=-1.0)
    assert told.base == pytest.approx(1.5, abs=0.2)
    assert np.abs(told.factors).max() < 0.25


def test_no_term_turns_round() -> None:
    told = moved(500, (-3.0, 1.0, 1.0))
    assert told.factors.min() == -1.0
    card = offsets.apply(shipped(), told, "2")
    for term in card.terms:
        assert (np.diff(term.table[:3]) >= 0).all()


def test_it_counts_as_learnt_from_outcomes_only_with_finds_enough() -> None:
    few, many = moved(20), moved(60)
    assert offsets.apply(shipped(), few, "2").examined == 0
    assert offsets.apply(shipped(), many, "2").examined == many.examined > 200
