"""Marks: which two readings are one mark, and which are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.reference import marks


@pytest.mark.parametrize(
    ("asked", "held", "grade"),
    [
        ("ab 123-4", "AB1234", "same"),
        ("SBO1Z7", "580127", "alike"),
        ("АВ1234", "AB1234", "same"),  # Cyrillic capitals
        ("イ12345", "イ 12345", "same"),  # a series in kana is part of the mark
        ("ロ12345", "イ12345", "near"),
        ("12345", "イ12345", "partial"),
        ("五六七式", "五六七式", "same"),
        ("AB?234", "AB1234", "uncertain"),
        ("AB1234", "AB1?34", "uncertain"),
        ("1234", "KX1234", "partial"),
        ("1?34", "KX1234", "partial"),
        ("KX91234", "91234", "partial"),
        ("AB12345", "AB12945", "near"),
        ("AB12345", "AB1234", "partial"),
        ("AB12345", "CD98765", ""),
        ("A??", "B12", ""),
        ("", "B12", ""),
    ],
)
def test_two_readings_meet_by_the_grade_that_says_why(asked: str, held: str, grade: str) -> None:
    assert marks.compare(asked, held) == grade


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=4, max_size=14), st.data())
def test_look_alikes_always_meet(serial: str, data: st.DataObject) -> None:
    groups = {letter: group for group in marks.ALIKE for letter in group if letter.isalnum()}
    read = "".join(
        data.draw(st.sampled_from([one for one in groups.get(letter, letter) if one.isalnum()]))
        for letter in serial
    )
    assert marks.compare(read, serial) in ("same", "alike")
    assert marks.grams(marks.skeleton(read)) == marks.grams(marks.skeleton(serial))


@pytest.mark.parametrize(
    ("asked", "held", "alike"),
    [
        ("Kestrel Arms Ltd", "KESTREL", True),
        ("Kestral", "Kestrel", True),
        ("Kestrel", "Kestrel Works Nordhaven", True),
        ("K-92", "K 92", True),
        ("K92", "K95", False),
        ("Kestrel", "Corvid", False),
        ("五六式", "五六式", True),
        ("五六式", "五四式", False),
    ],
)
def test_makes_and_models_meet_however_spelled(asked: str, held: str, alike: bool) -> None:
    assert marks.alike_name(marks.name_key(asked), marks.name_key(held)) is alike
