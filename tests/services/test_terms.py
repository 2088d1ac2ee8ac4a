"""The terms of a scorecard as an analyst edits them: shown, kept, undone, and what they cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskprofile.errors import NotAllowed, RiskProfileError
from riskprofile.scoring.editing import Edit, edited
from riskprofile.scoring.scorecard import Bins, Scorecard
from riskprofile.services import terms
from riskprofile.services.rights import Actor
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.store.database import Store
from tests.services.bench import INES, NOW

ANNA, BELA = Actor("anna", "analyst"), Actor("bela", "analyst")
TUBES, FREIGHT = "tubes_unnamed", "freight_ratio"


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return artefacts.serving(CHECKOUT / "models", "shipment")


@pytest.fixture(scope="module")
def rows(card: Scorecard) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    values = np.round(draw.exponential(2, (4_000, len(card.features))), 2)
    return pd.DataFrame(values, columns=list(card.features))


def test_the_strongest_term_is_listed_first_with_its_points_its_rule_and_its_edits(card) -> None:
    edits = [Edit(TUBES, "lock"), Edit(FREIGHT, "drop"), Edit("wording", "set", 3, 40)]
    told = terms.lines(card, edits)
    assert len(told) == len(card.terms)
    strength = [abs(one.most) for one in terms.lines(card, [])]
    assert strength == sorted(strength, reverse=True)
    by = {one.name: one for one in told}
    assert (by[TUBES].rule, by[FREIGHT].rule, by["wording"].rule) == ("locked", "dropped", "own")
    assert by[TUBES].edits == (edits[0],) and not by["host_weight_excess"].edits
    assert {one.rule for one in told} <= set(terms.RULES)
    assert all(len(one.bars) <= terms.BARS for one in told)
    assert {one.pair for one in told} == {True, False}
    table = next(term.table for term in card.terms if term.name == TUBES)
    assert by[TUBES].bars == tuple(table[:-1])


def test_a_written_criterion_says_that_it_is_one() -> None:
    criteria = artefacts.serving(CHECKOUT / "models", "traveller")
    assert {one.rule for one in terms.lines(criteria, [])} == {"written"}


def test_a_table_shows_what_serves_what_the_edits_make_of_it_and_how_many_rows_it_holds(
    card, rows
) -> None:
    term = next(term for term in card.terms if term.name == FREIGHT)
    after = edited(card, [Edit(FREIGHT, "set", 2, 33)])
    told = terms.bins(card, after, term, rows)
    assert [one.serving for one in told] == term.table.tolist()
    assert [n for n, one in enumerate(told) if one.now != one.serving] == [2] and told[2].now == 33
    assert sum(one.share for one in told) == pytest.approx(1)
    assert told[-1].missing and told[-1].share == 0 and not told[0].missing
    assert told[0].low == -np.inf and told[0].high == told[1].low
    gone = terms.bins(card, edited(card, [Edit(FREIGHT, "drop")]), term, None)
    assert {one.now for one in gone} == {0} and np.isnan(gone[0].share)


def test_a_bin_of_a_feature_that_goes_one_way_stays_between_its_neighbours(card) -> None:
    ways = terms._ways("shipment")
    rising = next(t for t in card.terms if ways.get(t.name) == 1 and len(t.table) > 8)
    free = next(t for t in card.terms if len(t.features) == 1 and ways.get(t.name) == 0)
    for n, one in enumerate(terms.bins(card, card, rising, None)[:-1]):
        assert one.least <= one.now <= one.most
        if n and (np.diff(rising.table[:-1]) >= 0).all():
            assert one.least == rising.table[n - 1]
    for one in terms.bins(card, card, free, None):
        assert (one.least, one.most) == (-1_000, 1_000)


def test_a_term_that_was_made_to_rise_rises_whatever_its_bins_are_given(
    any_store: Store, card
) -> None:
    ways = terms._ways("shipment")
    name = next(
        t.name for t in card.terms
        if len(t.features) == 1 and not ways.get(t.name) and len(t.table) > 8
    )  # fmt: skip
    term = next(one for one in card.terms if one.name == name)
    terms.edit(any_store, ANNA, card, Edit(name, "set", 2, 900), NOW)
    risen = terms.edit(any_store, ANNA, card, Edit(name, "rising"), NOW)
    assert risen == [Edit(name, "rising")]  # as a whole: the bin's own points have ended
    after = edited(card, risen)
    told = terms.bins(card, after, term, None, risen)
    now = [one.now for one in told]
    assert (np.diff(now[:-1]) >= 0).all()
    for n, one in enumerate(told[1:-2], start=1):
        assert (one.least, one.most) == (now[n - 1], now[n + 1])
    assert told[-1].least == -1_000  # missing stands in no order
    with pytest.raises(RiskProfileError, match="made to rise"):
        terms.edit(any_store, ANNA, card, Edit(name, "set", 2, 900), NOW)
    assert terms.kept(any_store, ANNA, card) == risen
    inside = Edit(name, "set", 2, told[2].most)
    assert terms.edit(any_store, ANNA, card, inside, NOW) == [*risen, inside]
    # Not made to rise any longer, the bin keeps its points.
    assert terms.edit(any_store, ANNA, card, Edit(name, "rising"), NOW) == [inside]


def test_what_goes_one_way_by_the_profile_is_not_offered_the_other(card) -> None:
    """A fit would level it: the table that is drawn would be none that a fit makes."""
    ways = terms._ways("shipment")
    for term in card.terms:
        told = terms.ways(card, term)
        way = ways.get(term.name, 0)
        assert ("rising" in told) == (len(term.features) == 1 and way >= 0)
        assert ("falling" in told) == (len(term.features) == 1 and way <= 0)
        assert {"lock", "drop"} <= set(told)


def test_edits_are_ones_own_lie_in_the_database_and_are_undone_one_by_one(
    any_store: Store, card
) -> None:
    steps = [
        Edit(TUBES, "lock"), Edit(FREIGHT, "set", 2, 33), Edit(FREIGHT, "smooth"),
        Edit(FREIGHT, "set", 2, 35), Edit(TUBES, "lock"), Edit(FREIGHT, "drop"),
        Edit(FREIGHT, "set", 1, 5),
    ]  # fmt: skip
    stood = [terms.edit(any_store, ANNA, card, one, NOW) for one in steps]
    assert stood == [
        [steps[0]],
        [steps[0], steps[1]],
        [steps[0], steps[1], steps[2]],
        [steps[0], steps[2], steps[3]],  # the bin is given other points
        [steps[2], steps[3]],  # to lock again is to unlock
        [steps[5]],  # what is taken out has no other edit
        [steps[6]],  # and comes back with the points that it is given
    ]
    assert terms.kept(any_store, ANNA, card) == stood[-1]
    assert terms.kept(any_store, BELA, card) == []
    for before in [*stood[-2::-1], []]:
        assert terms.undo(any_store, ANNA, card, NOW) == before
    assert terms.undo(any_store, ANNA, card, NOW) == []


def test_what_cannot_be_done_is_refused_and_nothing_is_kept(any_store: Store, card) -> None:
    with pytest.raises(RiskProfileError, match="no term"):
        terms.edit(any_store, ANNA, card, Edit("nonsense", "drop"), NOW)
    for call in (
        lambda: terms.edit(any_store, INES, card, Edit(TUBES, "drop"), NOW),
        lambda: terms.undo(any_store, INES, card, NOW),
    ):
        with pytest.raises(NotAllowed):
            call()
    assert terms.kept(any_store, ANNA, card) == []


def test_edits_of_another_scorecard_that_served_before_are_left_out(any_store: Store, card) -> None:
    for one in (Edit(TUBES, "lock"), Edit(FREIGHT, "drop")):
        terms.edit(any_store, ANNA, card, one, NOW)
    without = edited(card, [Edit(TUBES, "drop")])
    assert terms.kept(any_store, ANNA, without) == [Edit(FREIGHT, "drop")]


def test_points_given_to_a_bin_go_to_the_same_values_of_a_scorecard_that_is_cut_otherwise(
    any_store: Store, card
) -> None:
    edges = card.bins[FREIGHT].edges
    [place] = (n for n, one in enumerate(card.terms) if one.name == FREIGHT)

    def cut(at: np.ndarray, digest: str) -> Scorecard:
        term = replace(card.terms[place], table=np.zeros(len(at) + 2, dtype="int64"))
        every = (*card.terms[:place], term, *card.terms[place + 1 :])
        bins = {**card.bins, FREIGHT: Bins(at)}
        return replace(card, terms=every, bins=bins, digest=digest * 64)

    last = len(edges) + 1
    made = [Edit(FREIGHT, "set", 1, 7), Edit(FREIGHT, "set", 3, 9), Edit(FREIGHT, "set", last, 5)]
    for one in made:
        terms.edit(any_store, ANNA, card, one, NOW)
    middle = (edges[1] + edges[2]) / 2
    finer = cut(np.insert(edges, 0, [edges[0] - 2, edges[0] - 1]), "a")
    moved = [replace(one, bin=one.bin + 2) for one in made]
    assert terms.kept(any_store, ANNA, finer) == moved
    assert terms.kept(any_store, ANNA, finer, moved[:1]) == moved[1:]  # it was fitted with that
    split = cut(np.insert(edges, 2, middle), "b")
    assert terms.kept(any_store, ANNA, split) == [
        made[0],
        *(replace(one, bin=one.bin + 1) for one in made[1:]),
    ]
    assert terms.kept(any_store, ANNA, cut(np.delete(edges, 1), "c")) == [
        replace(made[1], bin=2),
        replace(made[2], bin=last - 1),
    ]
    assert terms.kept(any_store, ANNA, card) == made
    # What is done there is done beside what stands there.
    other = Edit(FREIGHT, "set", 0, 2)
    assert terms.edit(any_store, ANNA, finer, other, NOW) == [*moved, other]
    assert terms.kept(any_store, ANNA, card) == made  # it has no such bin


def test_edits_end_when_what_they_went_into_serves_and_come_back_with_what_served_before(
    any_store: Store, card
) -> None:
    mine, other = Edit(TUBES, "lock"), Edit(FREIGHT, "smooth")
    terms.edit(any_store, ANNA, card, mine, NOW)
    terms.edit(any_store, ANNA, card, other, NOW)
    fitted = (mine, Edit("wording", "lock"))
    promoted = replace(edited(card, fitted), digest="f" * 64)
    assert terms.kept(any_store, ANNA, promoted, fitted) == [other]  # which nobody fitted
    assert terms.kept(any_store, ANNA, card) == [mine, other]  # it was rolled back
    # Made of what serves now it is an edit of its own, and is taken back as one.
    assert terms.edit(any_store, ANNA, promoted, mine, NOW, fitted) == [other, mine]
    assert terms.kept(any_store, ANNA, promoted, fitted) == [other, mine]
    assert terms.undo(any_store, ANNA, promoted, NOW, fitted) == [other]


def test_the_cost_is_the_recall_of_both_on_the_same_rows_and_says_when_it_is_noise(
    card, rows
) -> None:
    points = card.points(rows)
    labels = (points >= np.sort(points)[-100]).astype(int)
    share = labels.mean()
    told = terms.cost(card, edited(card, [Edit(TUBES, "lock")]), rows, labels, share)
    assert told is not None and (told.recall, told.serving, told.gap) == (1.0, 1.0, 0.0)
    worse = edited(card, [Edit(one.name, "drop") for one in terms.lines(card, [])[:60]])
    told = terms.cost(card, worse, rows, labels, share)
    assert told is not None and told.finds == labels.sum()
    after = worse.points(rows)
    found = labels[np.argsort(-after, kind="stable")[: round(len(rows) * share)]].sum()
    assert told.recall == pytest.approx(found / labels.sum()) and told.gap < 0
    assert told.gap_low <= told.gap <= told.gap_high
    few = np.zeros(len(rows), dtype=int)
    few[:5] = 1
    assert terms.cost(card, worse, rows, few, share) is None
