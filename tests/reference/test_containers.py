"""ISO 6346: a wrong check digit is told from a number of another kind."""

from __future__ import annotations

import pandas as pd

from riskprofile.reference.containers import check_digit, is_wrong, wrong_check_digits
from riskprofile.tables import TEXT


def test_the_standards_own_example_is_right():
    assert check_digit("CSQU305438") == 3
    assert not is_wrong("CSQU3054383")


def test_each_other_digit_is_wrong():
    assert sum(is_wrong(f"CSQU305438{digit}") for digit in range(10)) == 9


def test_trailers_and_swap_bodies_are_not_judged():
    assert not is_wrong("AB 12 CDE") and not is_wrong("") and not is_wrong("CSQU30543٨3")


def test_wrong_numbers_of_a_row_are_counted():
    numbers = pd.Series(["CSQU3054383", "CSQU3054384|CSQU3054385|X", None], dtype=TEXT)
    counted = wrong_check_digits(numbers)
    assert counted.iloc[:2].tolist() == [0.0, 2.0]
    assert pd.isna(counted.iloc[2])
