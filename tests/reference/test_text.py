"""What the normaliser undoes, and what it must leave alone."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.reference import text
from riskprofile.tables import TEXT
from tests.reference.goods_lines import GOODS, lines


def column(*texts: str | None) -> pd.Series:
    return pd.Series(list(texts), dtype=TEXT)


@pytest.mark.parametrize(
    "written",
    [
        "pistol",
        "PISTOL",
        "рistоl",
        "ріѕtol",
        "p1st0l",
        "p i s t o l",
        "p.i.s.t.o.l",
        "p-i-s-t-o-l",
        "p\u200bistol",
        "pi\u0301stol",
        "ｐｉｓｔｏｌ",
        "𝐩𝐢𝐬𝐭𝐨𝐥",
        "ⓟⓘⓢⓣⓞⓛ",
        "ᴘɪꜱᴛᴏʟ",
        "pis&#116;ol",
    ],
)
def test_one_word_has_one_skeleton(written):
    assert text.skeleton_of(written) == "pistol"


@pytest.mark.parametrize(
    "word",
    [
        "пистолет",
        "όπλο",
        "tüfek",
        "بندقية",
        "枪支",
        "usb3",
        "9x19",
        "h2o",
        "mp3",
        "xxl",
    ],
)
def test_a_word_of_its_language_is_not_rewritten(word):
    assert text.skeleton_of(word) == text.fold(word)


def test_a_russian_word_with_one_latin_letter_is_a_typing_error_not_a_disguise():
    assert not text.obfuscated(column("cтол деревянный")).any()
    assert text.mixed("cтол") == "стол"


@pytest.mark.parametrize("language", sorted(GOODS))
def test_hardly_any_lawful_line_of_another_script_is_called_obfuscated(language):
    written = pd.Series(lines(language), dtype=TEXT)
    assert len(written) > 1500
    assert text.obfuscated(written).mean() <= 0.005


@pytest.mark.parametrize(
    "honest",
    [
        "Güneş gözlüğü",
        "crème brûlée",
        "sizes S M L XL",
        "A B C D E",
        "grade A-B",
        "İSTANBUL i\u0307p",
        "10 μm filter",
        "CO₂ cartridge",
        "x² + y²",
        "ＬＥＤ灯",
        "می\u200cخواهم",
        "№ 5",
        "R&D kit",
        "5 kΩ",
    ],
)
def test_honest_signs_are_not_called_obfuscated(honest):
    assert not text.obfuscated(column(honest)).any()


def test_a_missing_text_is_not_obfuscated():
    assert text.obfuscated(column(None, "steel")).tolist() == [False, False]


@given(st.text(max_size=80))
def test_any_text_is_read_without_error_and_places_stay_inside_it(anything):
    cleaned, where = text.spelled(anything)
    assert where is None or (len(where) == len(cleaned) and all(p < len(anything) for p in where))
    text.tricks(anything)
    list(text.joined(cleaned))
    text.skeleton_of(anything)
