"""Which chapter the words speak for, and how much they say."""

from __future__ import annotations

import pandas as pd
import pytest

from riskprofile.reference import wording
from riskprofile.tables import TEXT


def column(*texts: str | None) -> pd.Series:
    return pd.Series(list(texts), dtype=TEXT)


@pytest.mark.parametrize(
    ("line", "chapter"),
    [
        ("women's cotton trousers", "62"),
        ("frozen chicken", "02"),
        ("wooden furniture", "94"),
        ("revolvers and pistols", "93"),
        ("green tea", "09"),
        ("printed books", "49"),
    ],
)
def test_plain_goods_rank_their_chapter_among_the_first_three(line, chapter):
    assert wording.declared_chapter(column(line), column(chapter))["rank"].iloc[0] <= 3


def test_the_best_chapter_surprises_nobody_and_another_one_does():
    fit = wording.declared_chapter(column("frozen chicken", "frozen chicken"), column("02", "73"))
    assert fit["surprise"].tolist()[0] == 0.0
    assert fit["surprise"].tolist()[1] > 3.0


def test_nothing_is_said_without_text_code_or_a_known_word():
    fit = wording.declared_chapter(
        column(None, "green tea", "xqzzt", "green tea"), column("09", None, "09", "77")
    )
    assert fit.isna().all(axis=None)


def test_the_order_of_words_changes_no_score():
    one, other = wording.chapters_spoken_for(["cotton shirt", "shirt cotton"])
    assert one == other != {}


@pytest.mark.parametrize(
    "vague",
    [
        "parts",
        "spare parts and accessories",
        "personal effects",
        "metal goods",
        "свои личные вещи",
        "قطع غيار",
        "零件",
        "piezas y repuestos",
        "hediye eşya",
        "  ",
    ],
)
def test_words_that_fit_any_goods_say_little(vague):
    said = wording.measures(column(vague, "stainless steel kitchen sink with drain"))
    assert said["information"].iloc[0] < said["information"].iloc[1]
    assert said["generic"].iloc[0] >= 0.5


def test_a_text_of_generic_words_alone_is_vague_and_one_noun_ends_it():
    assert wording.vague(column("spare parts", "spare parts bicycle", None)).tolist() == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "numbered",
    [
        "bolt DIN 912 M8x20",
        "filter OEM 1457434310",
        "valve 1/2 NPT",
        "drawing no. A-1204",
        "p/n 40-2231",
        "bearing 6204-2RS",
        "артикул 77-1203",
    ],
)
def test_part_numbers_and_standards_are_seen(numbered):
    assert wording.measures(column(numbered))["numbered"].tolist() == [1.0]


@pytest.mark.parametrize("plain", ["steel parts", "12 boxes of toys", "2 pcs metal tube 20 cm"])
def test_counts_and_sizes_are_no_part_numbers(plain):
    assert wording.measures(column(plain))["numbered"].tolist() == [0.0]


def test_a_chapter_left_out_is_gone_and_the_words_that_speak_for_it_alone_are_unknown():
    texts = ["wooden chairs", "revolvers and pistols", "wooden chairs and pistols", "xqzzt", ""]
    whole = wording.chapters_spoken_for(texts)
    without = wording.chapters_spoken_for(texts, frozenset({"93"}))
    assert without[0] == {name: score for name, score in whole[0].items() if name != "93"}
    assert without[1] == without[3] == without[4] == {}
    assert without[2] == without[0] != whole[2]
