"""What an analyst does with a table by hand is done, and nothing else of the scorecard moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.editing import Edit, changed, edited, gained, ways
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return artefacts.serving(CHECKOUT / "models", "shipment")


def single(card: Scorecard):
    """A single feature whose table goes up and down."""
    return next(
        term
        for term in card.terms
        if len(term.features) == 1 and len({*np.sign(np.diff(term.table[:-1]))} & {-1, 1}) == 2
    )


def pair(card: Scorecard):
    return next(term for term in card.terms if len(term.features) == 2)


def of_so_many(card: Scorecard, features: int):
    return next(term for term in card.terms if len(term.features) == features)


def table(card: Scorecard, name: str) -> np.ndarray:
    [term] = [one for one in card.terms if one.name == name]
    return term.table


@pytest.mark.parametrize(("how", "way"), [("rising", 1), ("falling", -1)])
def test_a_term_made_to_rise_or_fall_does_and_its_missing_bin_stays(card, how, way) -> None:
    name = single(card).name
    told = edited(card, [Edit(name, how)])
    made = table(told, name)
    assert (way * np.diff(made[:-1]) >= 0).all()
    assert made[-1] == table(card, name)[-1]
    others = [one.name for one in card.terms if one.name != name]
    assert all((table(told, one) == table(card, one)).all() for one in others)


def test_a_smoothed_term_has_smaller_steps_single_or_pair(card) -> None:
    for term in (single(card), pair(card)):
        made = table(edited(card, [Edit(term.name, "smooth")]), term.name)
        inner = (slice(None, -1),) * term.table.ndim
        for axis in range(term.table.ndim):
            before = np.abs(np.diff(term.table[inner], axis=axis)).sum()
            assert np.abs(np.diff(made[inner], axis=axis)).sum() < before
        assert made[(-1,) * term.table.ndim] == term.table[(-1,) * term.table.ndim]


def test_a_dropped_term_is_gone_and_a_locked_one_is_as_it_was(card) -> None:
    name, other = single(card).name, pair(card).name
    told = edited(card, [Edit(name, "drop"), Edit(other, "lock")])
    assert [one.name for one in told.terms] == [t.name for t in card.terms if t.name != name]
    assert (table(told, other) == table(card, other)).all()
    assert edited(card, []) is card


def test_what_cannot_be_done_is_said(card) -> None:
    one, two = single(card).name, pair(card).name
    for edits, what in (
        ([Edit("nonsense", "drop")], "no term nonsense"),
        ([Edit(one, "invert")], "is no edit"),
        ([Edit(one, "drop"), Edit(one, "lock")], "edited twice"),
        ([Edit(two, "rising")], "is a pair"),
    ):
        with pytest.raises(RiskProfileError, match=what):
            edited(card, edits)


@pytest.mark.parametrize("how", ["smooth", "rising", "falling"])
def test_a_written_criterion_is_never_bent(how: str) -> None:
    """Its points would stand, with its sentence, beside a row of which that is not true."""
    criteria = artefacts.serving(CHECKOUT / "models", "traveller")
    for term in (of_so_many(criteria, 1), of_so_many(criteria, 2)):
        assert ways(term) == ("lock", "drop")
        with pytest.raises(RiskProfileError, match="written criterion"):
            edited(criteria, [Edit(term.name, how)])
        assert term not in edited(criteria, [Edit(term.name, "drop")]).terms


def test_a_bin_given_points_has_them_whatever_is_done_with_the_whole(card) -> None:
    name = single(card).name
    told = edited(card, [Edit(name, "set", 1, 70), Edit(name, "smooth"), Edit(name, "set", 2, -5)])
    smooth = table(edited(card, [Edit(name, "smooth")]), name)
    assert (table(told, name)[1], table(told, name)[2]) == (70, -5)
    assert (np.delete(table(told, name), [1, 2]) == np.delete(smooth, [1, 2])).all()


def test_points_for_a_bin_that_cannot_have_them_are_refused(card) -> None:
    name, criteria = single(card).name, artefacts.serving(CHECKOUT / "models", "traveller")
    for of, edits, what in (
        (card, [Edit(name, "set", 999, 1)], "no bin 999"),
        (card, [Edit(name, "set")], "no bin None"),
        (card, [Edit(name, "set", 1, 1_001)], "too many"),
        (card, [Edit(name, "set", 1, 7), Edit(name, "set", 1, 8)], "edited twice"),
        (card, [Edit(name, "set", 1, 7), Edit(name, "drop")], "edited twice"),
        (card, [Edit(pair(card).name, "set", 1, 7)], "no single feature"),
        (criteria, [Edit(criteria.terms[0].name, "set", 1, 7)], "no single feature"),
    ):
        with pytest.raises(RiskProfileError, match=what):
            edited(of, edits)


def test_what_rows_gain_is_the_gap_between_the_points_of_both(card) -> None:
    draw = np.random.default_rng(5)
    names = list(card.features)
    values = np.round(draw.exponential(3, (300, len(names))), 2)
    rows = pd.DataFrame(np.where(draw.random(values.shape) < 0.2, np.nan, values), columns=names)
    one, two = "mass_per_package", pair(card).name
    edits = [Edit(one, "set", 0, 50), Edit(two, "drop"), Edit("freight_ratio", "smooth")]
    after = replace(edited(card, edits), base=card.base + 9)
    assert set(changed(card, after)) == {edit.term for edit in edits}
    assert (gained(card, after, rows) == after.points(rows) - card.points(rows)).all()
    assert not gained(card, card, rows).any() and changed(card, card) == []
    # Another fit may cut elsewhere: the same points of other bins are other points.
    moved = replace(card.bins[one], edges=card.bins[one].edges * 1.5)
    other = replace(card, bins={**card.bins, one: moved})
    assert set(changed(card, other)) == {t.name for t in card.terms if one in t.features}
    assert (gained(card, other, rows) == other.points(rows) - card.points(rows)).all()
    assert gained(card, other, rows).any()
