"""ISO 6346 container numbers: owner, category, serial number, check digit."""

from __future__ import annotations

import re

import numpy as np

from riskprofile.columns import Column, factorize, like

_SHAPE = re.compile(r"[A-Z]{3}[UJZ][0-9]{7}")
# Letters count 10 to 38 and leave out the multiples of 11 (ISO 6346, annex A).
_LETTERS = dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (n for n in range(10, 39) if n % 11), strict=True)
)


def check_digit(number: str) -> int:
    """The check digit of the first ten characters of a container number.

    >>> check_digit("CSQU305438")
    3
    """
    values = [_LETTERS[c] if c in _LETTERS else int(c) for c in number[:10]]
    return int(sum(value << place for place, value in enumerate(values)) % 11 % 10)


def is_wrong(number: str) -> bool:
    """True when a number has the form of a container and another check digit.

    Other forms are not judged: swap bodies and trailers have numbers of their own.

    >>> is_wrong("CSQU3054383"), is_wrong("CSQU3054384"), is_wrong("TRAILER 7")
    (False, True, False)
    """
    plain = re.sub(r"[\s-]", "", number).upper()
    return bool(_SHAPE.fullmatch(plain)) and int(plain[10]) != check_digit(plain)


def wrong_check_digits(numbers: Column) -> Column:
    """How many of the bar-joined numbers have a wrong check digit; NaN where none is given."""
    codes, distinct = factorize(numbers)
    counts = np.array(
        [*(sum(map(is_wrong, joined.split("|"))) for joined in distinct), np.nan], dtype="float64"
    )
    counted: Column = like(numbers, Column(counts[codes]))
    return counted
