"""Calibres of two papers are compared by the cartridge, not by its spelling."""

from __future__ import annotations

import pytest

from riskprofile.columns import Text
from riskprofile.reference.calibres import calibres, disagree


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("9x19", "9 mm Parabellum"),
        ("9 x 19 mm", "9mm Luger"),
        ("7,62x39", "7.62 x 39 mm"),
        (".308 Win", "7.62x51 NATO"),
        ("30-06", ".30-06 Springfield"),
        (".223 Rem", "5.56x45mm"),
        ("12 gauge", "shotshells 12ga"),
        ("12x70", "12 gauge"),
        ("20/76 mm", "20 ga"),
        ("патроны 9х18", "9x18"),
        ("cal.45", ".45 ACP"),
        ("кал.308", "7.62х51"),
    ],
)
def test_two_spellings_of_one_cartridge_agree(one: str, other: str):
    assert calibres(one) & calibres(other)


@pytest.mark.parametrize(
    "text",
    [
        *("chairs 40 x 60 cm", "12 boxes", "pipe 1/2 npt", "9 pcs", "90x20 plates", ""),
        *("slides, art.123", "No.45", "pos.308"),
    ],
)
def test_sizes_of_other_things_are_no_calibre(text: str):
    assert not calibres(text)


def test_only_what_both_sides_state_can_disagree():
    stated = Text.of([".45 ACP", "9x19 pistols", "pistols", None, ".45"])
    allowed = Text.of(["9mm Luger", ".308|9x19", "9x19", "9x19", None])
    found = disagree(stated, allowed)
    assert found.tolist()[:2] == [1.0, 0.0] and found.isna().tolist()[2:] == [True] * 3
