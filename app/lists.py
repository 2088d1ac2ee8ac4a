"""How a list of Streamlit's stands on a page that is written from the right.

It is drawn on a canvas that knows left to right alone: it gets its columns in reverse order,
and words at the right of their cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from app.words import Words


def order(say: Words, names: Iterable[str]) -> list[str]:
    """The columns from left to right, given in the order of reading.

    >>> from app import words
    >>> order(words.of("ar"), ["lane", "points"])
    ['points', 'lane']
    """
    found = list(names)
    return found[::-1] if say.right_to_left else found


def words_at(say: Words) -> Literal["left", "right"]:
    """The side of a cell at which words begin."""
    return "right" if say.right_to_left else "left"


def figures_at(say: Words) -> Literal["left", "right"]:
    """The side of a cell at which figures stand, away from the words before them."""
    return "left" if say.right_to_left else "right"
