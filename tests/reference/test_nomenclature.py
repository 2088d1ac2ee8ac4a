"""Codes, texts and classes of the Harmonized System."""

from __future__ import annotations

import pandas as pd
import pytest

from riskprofile.columns import View
from riskprofile.reference import nomenclature
from riskprofile.tables import TEXT


def items(text: str | None, code: str | None) -> View:
    frame = pd.DataFrame({"goods_description": pd.Series([text], dtype=TEXT)})
    for digits in (2, 4, 6):
        cut = code[:digits] if code and len(code) >= digits else None
        frame[f"hs{digits}"] = pd.Series([cut], dtype=TEXT)
    return View.of(frame)


def test_codes_of_any_length_are_looked_up_by_their_first_six_digits():
    codes = pd.Series(["93", "9302", "930200", "9302001234", "9399", "98", None], dtype=TEXT)
    assert nomenclature.exists(codes).tolist()[:6] == [True, True, True, True, False, True]
    assert nomenclature.exists(codes).isna().tolist() == [False] * 6 + [True]


def test_every_code_of_a_class_exists_or_is_national():
    named = [
        *nomenclature.ARMS_HEADINGS, *nomenclature.CONVERTIBLE, *nomenclature.NEAR_ARMS,
        *nomenclature.MACHINES, *nomenclature.SMALL_HOSTS, *nomenclature.BULKY,
        *nomenclature.HOUSEHOLD, *nomenclature.METAL, *nomenclature.TUBES,
    ]  # fmt: skip
    known = nomenclature.exists(pd.Series(named, dtype=TEXT))
    assert [code for code, found in zip(named, known, strict=True) if not found] == []


def test_a_long_code_takes_the_text_of_the_nearest_code_above():
    assert nomenclature.text_of("9302001234") == nomenclature.texts()["930200"]
    assert nomenclature.text_of("7777") == ""


@pytest.mark.parametrize(
    ("kind", "member", "other"),
    [
        ("arms", (None, "930630"), ("ammunition box for toys", "950300")),
        ("convertible", (None, "930390"), (None, "930330")),
        ("machine_host", (None, "845011"), (None, "940370")),
        ("small_host", (None, "950300"), (None, "940370")),
        ("bulky_cheap", (None, "730890"), (None, "854231")),
        ("household", ("2 barrels of personal effects", None), ("wine in barrels", "220421")),
        ("household", ("used clothes", None), ("unused clothes", None)),
        ("household", ("barrel of food items", None), ("2 barrels of wine", None)),
        ("household", ("moving goods", None), ("fast moving goods, shampoo", None)),
        ("household", ("used moving goods", None), ("slow moving goods", None)),
        ("household", ("persoenliche Sachen", None), ("persoenliche Schutzhelme", None)),
        ("generic_metal", ("steel plates", None), ("steel plated racks", None)),
        ("generic_metal", ("metal parts", None), ("metal partitions", None)),
        ("tube_or_filter", ("airsoft, black", None), ("chair soft cushion", None)),
        ("household", ("личные вещи", None), ("книги", "490199")),
        ("generic_metal", ("steel parts", None), ("steel garden chairs", "940370")),
        ("tube_or_filter", (None, "842123"), ("filter coffee", "090121")),
        ("tube_or_filter", ("airsoft tube", "950300"), ("plush toy", "950300")),
    ],
)
def test_a_class_holds_its_member_and_not_the_other(kind, member, other):
    rule = getattr(nomenclature, kind)
    assert rule(items(*member)).tolist() == [True]
    assert rule(items(*other)).tolist() == [False]
    assert rule(items(None, None)).tolist() == [False]
