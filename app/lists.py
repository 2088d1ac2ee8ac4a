"""Lists of Streamlit's, and what they do not do: right to left, and text that fits its cell.

It is drawn on a canvas that knows left to right alone: it gets its columns in reverse order,
and words at the right of their cells. Nor does the canvas cut what a cell has no room for: lines
too many are drawn over the edges of the row, half of each to be seen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import streamlit as st

from app.words import Words

ROW, HEAD = 30, 30  # pixels


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


def columns(
    say: Words,
    under: str,
    widths: Mapping[str, int],
    *,
    numbers: Collection[str] = (),
    figures: Collection[str] = (),
) -> dict[str, Any]:
    """Columns by name, each so many pixels wide and with its word of those `under` a key.

    All hold text but the `numbers`; these, and `figures` that are written, stand away from words.
    """
    config, side, away = st.column_config, words_at(say), figures_at(say)
    return {
        name: (config.NumberColumn if name in numbers else config.TextColumn)(
            say(f"{under}.{name}"),
            width=width,
            alignment=away if name in numbers or name in figures else side,
        )
        for name, width in widths.items()
    }


def draw(
    say: Words,
    table: Any,
    columns: Mapping[str, Any],
    *,
    key: str,
    alt: str,
    height: int | Literal["stretch"],
    row: int = ROW,
    ids: Sequence[Any] = (),
    chosen: Callable[[Any], None] | None = None,
) -> None:
    """Draw a list; a click on any cell of a row has it `chosen`, by its id of `ids`."""

    def clicked() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        if chosen is not None and cells and cells[0][0] < len(ids):
            chosen(ids[cells[0][0]])

    selects: dict[str, Any] = {"on_select": clicked, "selection_mode": "single-cell"}
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        row_height=row,
        height=height,
        alt=alt,
        placeholder="",
        column_order=order(say, columns),
        column_config=columns,
        **({} if chosen is None else selects),
    )


def high(rows: int, most: int, row: int = ROW) -> int:
    """Pixels of a list of so many rows, which scrolls where there are more than `most`."""
    return HEAD + min(rows, most) * row + 3


def follow(key: str, row: int | None, column: str) -> None:
    """Let a list choose what is open, however that was opened.

    Else a click on the cell that was clicked last, before a key led away from it, would change
    nothing; and arrow keys would go on from there. `column` is taken where none was clicked.
    """
    cells = st.session_state.get(key, {}).get("selection", {}).get("cells") or []
    place, clicked = cells[0] if cells else (None, column)
    if place != row:
        cells = [] if row is None else [(row, clicked)]
        st.session_state[key] = {"selection": {"cells": cells}}


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
