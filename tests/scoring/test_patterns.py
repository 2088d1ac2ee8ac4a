"""Patterns of packs: what points do not explain, in parts that name nobody."""

from __future__ import annotations

import numpy as np
import pytest

from riskprofile.profiles import PROFILES, SHIPMENT
from riskprofile.scoring import patterns
from riskprofile.scoring.patterns import Case, InForce, Patterns
from tests import factory

COVER = frozenset({"words filters fuel", "hs_code 8421"})
HOME = frozenset({"consignee_type private", "transport_mode post"})
FIRM = frozenset({"consignee_type business", "transport_mode sea"})


def office(hidden: int, senders: int = 200, points: int = 100) -> list[Case]:
    """300 cases of which a fifth are finds at any points, and a kind that is found far more."""
    chance = np.random.default_rng(3)
    made = [
        Case(frozenset({f"hs_code {8400 + n % 40}"}), FIRM if n % 2 else HOME, f"S{n}",
             int(chance.integers(0, 300)), n % 10 in (0, 5))
        for n in range(300)
    ]  # fmt: skip
    kind = [Case(COVER, HOME, f"K{n % senders}", points, True) for n in range(hidden)]
    return made + kind


def test_parts_that_are_found_more_than_rated_are_learnt_and_no_other() -> None:
    told = patterns.learn(office(25), 10)
    assert told
    assert any(COVER & set(one.parts) for one in told)
    assert all(set(one.parts) <= COVER | HOME for one in told)
    assert all(one.finds >= 10 and one.finds > 1.5 * one.expected for one in told)
    assert patterns.learn(office(0), 10) == []


def test_what_the_points_explain_is_no_pattern() -> None:
    """The same finds, where everybody with as many points is a find as well."""
    others = [
        Case(frozenset({f"hs_code {8400 + n % 40}"}), FIRM if n % 3 else HOME, f"T{n}", 900, True)
        for n in range(60)
    ]
    assert patterns.learn(office(25, points=900) + others, 10) == []


def test_of_offices_whose_points_explain_all_one_in_twenty_learns_something() -> None:
    """Finds drawn by the chance that the points foretell, high and low: 100 offices, no pattern."""
    random = np.random.default_rng(11)
    learnt = 0
    for _ in range(100):
        points = random.normal(-150, 160, 700)
        kinds, homes = random.integers(0, 12, 700), random.random(700) < 0.7
        found = random.random(700) < 1 / (1 + np.exp(-points / 100))
        learnt += bool(
            patterns.learn(
                [
                    Case(frozenset({f"hs_code {8400 + kind}"}), HOME if home else FIRM, f"S{n}",
                         int(height), bool(find))
                    for n, (kind, home, height, find) in enumerate(
                        zip(kinds, homes, points, found, strict=True)
                    )
                ],
                10,
            )
        )  # fmt: skip
    assert learnt <= 5


@pytest.mark.parametrize(("hidden", "senders"), [(9, 200), (40, 9)])
def test_fewer_than_k_finds_or_senders_are_nothing(hidden: int, senders: int) -> None:
    assert not [one for one in patterns.learn(office(hidden, senders), 10) if COVER & {*one.parts}]


@pytest.mark.parametrize(("senders", "told"), [(9, None), (10, 12)])
def test_fewer_than_k_senders_of_what_was_no_find_are_nothing(
    senders: int, told: int | None
) -> None:
    """Twelve cases of one firm that were examined in vain are no figure that leaves an office."""
    vain = [Case(COVER, HOME, f"V{n % senders}", 0, False) for n in range(12)]
    learnt = [one for one in patterns.learn(office(40) + vain, 10) if COVER & {*one.parts}]
    assert learnt and {one.others for one in learnt} == {told}


def test_few_finds_teach_nothing_and_rows_without_points_are_left_out() -> None:
    assert patterns.learn(office(0)[:200], 10) == []
    bare = [Case(one.goods, one.others, one.sender, None, one.find) for one in office(25)]
    assert patterns.learn(bare, 10) == []


def test_a_longer_pattern_that_says_no_more_is_left_out() -> None:
    told = [set(one.parts) for one in patterns.learn(office(25), 10)]
    assert not [(one, other) for one in told for other in told if one < other]


def test_the_order_of_cases_changes_nothing() -> None:
    cases = office(25)
    assert patterns.learn(cases[::-1], 10) == patterns.learn(cases, 10)


def test_a_row_fits_when_all_parts_are_there_and_the_pack_is_named() -> None:
    table = factory.shipments(
        3,
        goods_description=["fuel filters", "fuel filters", None],
        hs_code=["842123", "842123", None],
        consignee_type=["private", "business", "private"],
        consignee_name="Fuel Filters Private Ltd",
    )
    given = InForce(("consignee_type private", "words filters fuel"), "pack 1 of Meridia")
    sign = InForce(("hs_code 8421", "sign S04_weight_norm_mismatch"), "pack 2 of Norland")
    fired = {"S04_weight_norm_mismatch": np.array([False, True, True])}
    told = Patterns([given, sign])(table, SHIPMENT, fired)
    assert told.iloc[0] == "consignee_type private, words filters fuel (pack 1 of Meridia)"
    assert told.iloc[1] == "hs_code 8421, sign S04_weight_norm_mismatch (pack 2 of Norland)"
    assert told.isna().tolist() == [False, False, True]
    assert Patterns()(table, SHIPMENT, fired).isna().all()


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_no_part_can_say_who_or_where(profile) -> None:
    for spec in profile.columns:
        for value in (*spec.choices[:1], "NO", "8711", "Zyrka"):
            if spec.protection or spec.kind in ("country", "place", "codes"):
                assert not patterns.known(f"{spec.name} {value}", [profile]), spec.name


@pytest.mark.parametrize(
    "part",
    ["words zyrka steel", "words steel", "words steel wire rods", "sign Z99", "hs_code 871", "x",
     "hs_code 8711a", "hs_code ٨٧١١", "transport_mode donkey", "country_of_export NO", ""],
)  # fmt: skip
def test_a_part_that_nobody_could_have_is_refused(part: str) -> None:
    assert not patterns.known(part, [SHIPMENT])


@pytest.mark.parametrize(
    "part", ["words steel wire", "hs_code 8711", "transport_mode post", "sign X03_price_per_kg"]
)
def test_a_part_that_a_declaration_can_have_is_known(part: str) -> None:
    assert patterns.known(part, [SHIPMENT])


def test_a_long_text_is_read_in_bounds() -> None:
    words = sorted(patterns.vocabulary())[:3000]
    assert len(patterns.phrases(" ".join(words))) == patterns.READ * (patterns.READ - 1) // 2
