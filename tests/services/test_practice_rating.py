"""Cases of practice rated in memory by the scorecard that serves."""

from __future__ import annotations

import pytest

from riskprofile import words
from riskprofile.errors import NotAllowed
from riskprofile.reference import lexicon
from riskprofile.scoring.scorecard import WORDING
from riskprofile.services import practice, practice_rating
from riskprofile.services.practice_rating import Bounds, choices, rate
from riskprofile.services.rights import Actor
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from tests.services.bench import HERE, INES, THERE, put

pytestmark = pytest.mark.xdist_group("practice")  # one process rates the cases
MODELS = CHECKOUT / "models"
EN = words.of("en")
CARD = artefacts.serving(MODELS, "shipment")
SOME = [practice.cases()[0], *[one for one in practice.cases() if one.twin][:6]]


@pytest.mark.parametrize("case", practice.cases(), ids=lambda one: one.id)
def test_the_reasons_of_a_case_make_its_points(store, case):
    rated = rate(store, MODELS, INES, case)
    told = [*rated.reasons, *rated.against]
    assert sum(int(one["points"]) for one in told) == rated.points
    said = [one for side in rated.said for one in side]
    assert sum(int(one["points"]) for one in said) + rated.rest == rated.points
    assert all(one in told and one["value"] is not None for one in said)
    assert rated.marks == [(a, b) for a, b, _ in lexicon.marks(case.declared["goods_description"])]


def test_finds_of_the_generator_stand_above_what_looks_like_them(store):
    pairs = [(one, practice.known()[one.twin]) for one in practice.cases() if one.twin and one.arms]
    above = [
        rate(store, MODELS, INES, find).points > rate(store, MODELS, INES, twin).points
        for find, twin in pairs
    ]
    assert sum(above) > 0.8 * len(pairs)


def test_a_lane_is_by_what_the_shipped_card_makes_of_a_natural_stream(store):
    made = practice.bounds()
    assert made["digest"] == CARD.digest  # else write the cases anew: training.practice_cases
    assert made["red"] > made["yellow"]
    for case in SOME:
        rated = rate(store, MODELS, INES, case)
        assert rated.bounds == Bounds(made["red"], made["yellow"])
        if rated.points >= made["red"]:
            assert rated.lane == "red"


def test_a_list_of_the_office_says_where_its_lanes_begin(store):
    rated = {"model_version": CARD.version, "office": HERE}
    put(store, **rated, red_from=-900, yellow_from=-950)
    put(store, record_id="XM-2", **{**rated, "office": THERE}, red_from=300, yellow_from=200)
    put(store, record_id="XM-3", **{**rated, "model_version": "2020.1.1"}, red_from=1)
    case = SOME[0]
    assert rate(store, MODELS, INES, case).bounds == Bounds(-900, -950)
    away = Actor("away", "officer", THERE)
    assert rate(store, MODELS, away, case).bounds == Bounds(300, 200)
    assert rate(store, MODELS, INES, case).lane == "red"


def test_without_any_bound_no_lane_is_told_but_one_that_a_sign_raises_to():
    assert practice_rating._lane(500, Bounds(), []) is None
    assert practice_rating._lane(-500, Bounds(), ["yellow"]) == "yellow"
    assert practice_rating._lane(10, Bounds(20, 5), []) == "yellow"
    assert practice_rating._lane(10, Bounds(20, 5), ["red"]) == "red"
    assert practice_rating._lane(4, Bounds(20, 5), []) == "green"


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_can_be_named_are_the_reasons_of_the_case_and_some_that_are_not(store, language):
    say, most = words.of(language), 0
    for case in practice.cases():
        rated = rate(store, MODELS, INES, case)
        offered = choices(say, case, rated)
        assert offered == choices(say, case, rated)  # nothing moves under the pointer
        assert len({one.key for one in offered}) == len(offered)
        terms = {one["term"] for side in rated.said for one in side}
        for one in offered:
            held = one.key in {*terms, *rated.signs, *case.signs}
            assert held if one.held else one.key == WORDING or not held
            assert one.text.strip() and "{" not in one.text
        assert sum(not one.held for one in offered) >= 2
        most = max(most, len(offered))
    assert most <= 12


def test_what_the_rating_says_of_the_words_is_not_told_before_the_decision(store):
    for case in practice.cases():
        rated = rate(store, MODELS, INES, case)
        offered = {one.key: one.text for one in choices(EN, case, rated)}
        assert offered[WORDING] == EN("practice.wording")
        assert not [key for key in offered if WORDING in key.split(" x ") and key != WORDING]


def test_a_find_and_what_looks_like_it_offer_reasons_that_hold_and_others_in_no_order(store):
    firsts = {choices(EN, one, rate(store, MODELS, INES, one))[0].held for one in practice.cases()}
    assert firsts == {True, False}


@pytest.mark.parametrize("role", ["operator", "auditor", "administrator"])
def test_nobody_else_has_a_case_rated(store, role):
    with pytest.raises(NotAllowed):
        rate(store, MODELS, Actor("somebody", role), SOME[0])
