"""Practice with finds and their lawful look-alikes: the cases, the rounds and the drills."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from riskprofile import words
from riskprofile.errors import NotAllowed
from riskprofile.profiles import SHIPMENT
from riskprofile.services import practice
from riskprofile.services.rights import Actor

OFFICER = Actor("officer-14", "officer", "PT001")
SEEDS = range(40)
FINDS = [one for one in practice.cases() if one.arms]
LAWFUL = [one for one in practice.cases() if not one.arms]


def test_a_round_is_half_finds_mixed_and_the_same_for_the_same_seed():
    orders = set()
    for seed in SEEDS:
        cases = practice.drawn(OFFICER, seed)
        assert cases == practice.drawn(OFFICER, seed)
        assert len({one.id for one in cases}) == 10
        assert sum(one.arms for one in cases) == 5
        made = Counter(one.arms for one in cases if one.twin)
        assert made == {True: 2, False: 2}  # where it is from does not give it away
        orders.add(tuple(one.arms for one in cases))
    assert len(orders) > len(SEEDS) // 2  # nor does the order


@pytest.mark.parametrize("subject", practice.SUBJECTS)
def test_a_round_of_one_subject_is_of_that_alone_and_half_finds(subject):
    cases = practice.drawn(OFFICER, 7, subject)
    assert {one.subject for one in cases} == {subject}
    assert Counter(one.arms for one in cases) == {True: 5, False: 5}


@pytest.mark.parametrize("role", ["operator", "auditor", "administrator"])
def test_only_those_who_judge_declarations_practise(role):
    with pytest.raises(NotAllowed):
        practice.drawn(Actor("somebody", role), 1)


@pytest.mark.parametrize("case", practice.cases(), ids=lambda one: one.id)
def test_a_case_is_a_declaration_with_its_subject_its_signs_and_where_it_is_from(case):
    assert set(case.declared) <= {column.name for column in SHIPMENT.columns}
    assert case.declared["goods_description"].strip()
    assert case.subject in practice.SUBJECTS
    assert case.what and case.how
    assert bool(case.source) == (case.arms and not case.twin)  # a published find alone has one
    for say in map(words.of, words.LANGUAGES):
        assert f"practice.mode.{case.declared['transport_mode']}" in say.entries
        assert f"practice.way.{case.declared['procedure']}" in say.entries
        for sign in practice.signs(say, case, case.signs):
            assert "{" not in sign["text"]
            assert sign["cleared_by"] and sign["check"]


@pytest.mark.parametrize("case", [one for one in practice.cases() if one.twin], ids=lambda c: c.id)
def test_a_generated_case_names_nobody_and_has_its_other(case):
    twin = practice.known()[case.twin]
    assert (twin.twin, twin.subject, twin.arms) == (case.id, case.subject, not case.arms)
    named = {name: text for name, text in case.declared.items() if name.endswith("_name")}
    assert set(named.values()) <= {"a sender", "a receiver", "a third"}
    assert not {name for name in case.declared if re.search("address|phone", name)}
    for low, high in (case.usual[name] for name in ("piece", "package", "value")
                      if name in case.usual):  # fmt: skip
        assert 0 < low <= high


def test_the_file_of_generated_cases_says_that_they_are_made_up_and_is_of_modest_size():
    about = practice._read("practice_made.json")["about"]
    assert about.startswith("Made up")
    made = [one for one in practice.cases() if one.twin]
    assert 60 <= len(made) <= 120
    assert len({one.declared["goods_description"] for one in made}) > 0.8 * len(made)


@pytest.mark.parametrize("subject", practice.SUBJECTS)
def test_a_drill_of_each_subject_has_four_to_six_facets_of_both(subject):
    drill = practice.drills()[subject]
    assert drill.lawful and drill.covert and drill.lawful != drill.covert
    assert 4 <= len(drill.facets) <= 6
    assert all(all(row) and row[1] != row[2] for row in drill.facets)
    assert practice.drills().keys() == {*practice.SUBJECTS}


def test_a_control_fits_when_it_looks_into_what_holds_arms_and_into_nothing_else():
    find = next(one for one in FINDS if one.subject != practice.ON_PAPER)
    assert [find.met(one) for one in practice.CHOICES] == [False, False, True, True]
    assert [LAWFUL[0].met(one) for one in practice.CHOICES] == [True, True, False, False]
    papers = next(one for one in FINDS if one.subject == practice.ON_PAPER)
    assert [papers.met(one) for one in practice.CHOICES] == [False, True, True, True]
    round_ = [find, find, *LAWFUL[:2]]
    assert practice.tally(round_, ["scan", "release", "documents", "examine"]) == practice.Tally(
        looked=1, finds=2, passed=1, lawful=2
    )
    assert practice.tally(round_, ["examine"]) == practice.Tally(1, 1, 0, 0)
