"""Practice with published finds and their lawful look-alikes."""

from __future__ import annotations

import pytest

from riskprofile import words
from riskprofile.errors import NotAllowed
from riskprofile.profiles import SHIPMENT
from riskprofile.services import practice
from riskprofile.services.rights import Actor

OFFICER = Actor("officer-14", "officer", "PT001")
SEEDS = range(40)


def test_a_round_is_half_finds_mixed_and_the_same_for_the_same_seed():
    orders = set()
    for seed in SEEDS:
        cases = practice.drawn(OFFICER, seed)
        assert cases == practice.drawn(OFFICER, seed)
        assert len({one.id for one in cases}) == 10
        assert sum(one.arms for one in cases) == 5
        orders.add(tuple(one.arms for one in cases))
    assert len(orders) > len(SEEDS) // 2  # the order does not give it away


@pytest.mark.parametrize("role", ["operator", "auditor", "administrator"])
def test_only_those_who_judge_declarations_practise(role):
    with pytest.raises(NotAllowed):
        practice.drawn(Actor("somebody", role), 1)


@pytest.mark.parametrize("case", practice.cases(), ids=lambda one: one.id)
def test_a_case_is_a_declaration_with_its_signs_and_where_it_is_from(case):
    assert set(case.declared) <= {column.name for column in SHIPMENT.columns}
    assert bool(case.source) == case.arms
    for say in map(words.of, words.LANGUAGES):
        for sign in practice.signs(say, case):
            assert "{" not in sign["text"]
            assert sign["cleared_by"] and sign["check"]


def test_a_control_fits_when_it_looks_into_what_holds_arms_and_into_nothing_else():
    finds = [one for one in practice.cases() if one.arms][:2]
    lawful = [one for one in practice.cases() if not one.arms][:2]
    assert [finds[0].met(one) for one in practice.CHOICES] == [False, False, True, True]
    assert [lawful[0].met(one) for one in practice.CHOICES] == [True, True, False, False]
    round_ = [*finds, *lawful]
    assert practice.tally(round_, ["scan", "release", "documents", "examine"]) == practice.Tally(
        looked=1, finds=2, passed=1, lawful=2
    )
    assert practice.tally(round_, ["examine"]) == practice.Tally(1, 1, 0, 0)
