"""What a list of Streamlit's does not do by itself: right to left, and text that fits its cell.

It is drawn on a canvas that knows left to right alone: it gets its columns in reverse order,
and words at the right of their cells. Nor does the canvas cut what a cell has no room for: lines
too many are drawn over the edges of the row, half of each to be seen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
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


TEXT = 12.25  # pixels: the size of letters in a list
PADDING = 16  # pixels of a cell's width that hold no text
LINES = 3  # that a row of a list holds
MOST = 120  # characters that so many lines of any column might hold
# Width of a letter in parts of the size of text: as Arial has them, and fonts of its measures.
_WIDE = {
    **dict.fromkeys("ijlI.,:;'|!’ \u202f\xa0[]", 0.28),
    **dict.fromkeys('frt()-/“”"*', 0.36),
    **dict.fromkeys("mwMW@%—…", 0.89),
}


@lru_cache(maxsize=4096)
def fitted(text: str, width: int, lines: int = LINES) -> str:
    """Text that a cell of a column so many pixels wide holds, cut at a word with an ellipsis.

    >>> fitted("MOTORCYCLES WITH RECIPROCATING PISTON ENGINE", 142)
    'MOTORCYCLES WITH RECIPROCATING…'
    >>> fitted("steel pins", 142)
    'steel pins'
    >>> fitted("Code of arms × quantity, times own usual", 210, lines=1)
    'Code of arms × quantity, times…'
    """
    room = (width - PADDING) / TEXT
    if len(text) <= MOST and _lines(text, room) <= lines:
        return text
    least, over = 0, min(len(text), MOST) + 1  # so many letters fit, so many do not
    while over - least > 1:
        tried = (least + over) // 2
        if _lines(f"{text[:tried].rstrip()}…", room) <= lines:
            least = tried
        else:
            over = tried
    cut = text[:least]
    head, space, begun = cut.rpartition(" ")
    if space and not text[least:].startswith(" ") and sum(map(_width, begun)) < room:
        cut = head  # a word that was only begun, unless it fills lines by itself
    return f"{cut.rstrip(' ,;،؛')}…"


def _lines(text: str, room: float) -> int:
    """How many lines text takes where each has so much room; a longer word is broken."""
    lines, used = 1, 0.0
    for word in text.split(" "):
        wide = sum(map(_width, word))
        if used and used + _WIDE[" "] + wide > room:
            lines, used = lines + 1, 0.0
        used += wide + (_WIDE[" "] if used else 0.0)
        while used > room:
            lines, used = lines + 1, used - room
    return lines


def _width(letter: str) -> float:
    if (known := _WIDE.get(letter)) is not None:
        return known
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.7 if letter.isupper() else 0.556
