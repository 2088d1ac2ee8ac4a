"""Plain pages as PDF: headings, values, tables, bars. Core fonts where they have the letters.

Marks are printed in the letters in which they were marked: what no core font has opens one that
does. A page that is written from the right needs that font, and is the mirror image.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import Any

from riskprofile.reference.scripts import latin
from riskprofile.services.paper import LATIN, drawn, open_font
from riskprofile.words import RIGHT_TO_LEFT
from riskprofile.words.shown import plain

FACE = "Helvetica"
WIDE = 190  # millimetres between the margins of A4
LABEL, BAR = 20, 5  # millimetres: room for a label, height of a bar


class Page:
    """A document that grows downwards; `bytes()` ends it. The same content is the same bytes."""

    def __init__(self, title: str, made: datetime, language: str = "en") -> None:
        from fpdf import FPDF  # with its fonts it is large, and few commands print

        self._pdf = FPDF()
        self._right_to_left = language in RIGHT_TO_LEFT
        self._face = FACE
        self._opened = self._right_to_left
        if self._right_to_left:
            self._face = open_font(self._pdf)
            self._pdf.set_lang(language)
        self._pdf.set_creation_date(made)
        self._pdf.set_margins(10, 12)
        self._pdf.set_auto_page_break(True, 14)
        self._pdf.set_title(title if self._right_to_left else _spelled(title))
        self._pdf.add_page()
        self._write(title, 15, "B")

    def heading(self, text: str) -> None:
        """A section begins."""
        self._pdf.ln(2)
        self._write(text, 11, "B")

    def line(self, text: str) -> None:
        """A paragraph."""
        self._write(text, 9, "")

    def fields(self, values: Sequence[tuple[str, Any]]) -> None:
        """Labels and values, one a line."""
        for label, value in values:
            self._write(f"{label}: {value}", 9, "")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table of equal columns."""
        face = self._having([str(cell) for cells in (head, *rows) for cell in cells])
        self._pdf.set_font(face, "", 8)
        align = "RIGHT" if self._right_to_left else "LEFT"
        with self._pdf.table(width=WIDE, line_height=5, text_align=align) as table:
            for cells in (head, *rows):
                row = table.row()
                for cell in cells[::-1] if self._right_to_left else cells:
                    row.cell(self._cell(str(cell), face))

    def bars(self, rows: Sequence[tuple[str, int]]) -> None:
        """A bar chart that reads in black and white: label, bar, number."""
        self._pdf.set_font(self._face, "", 8)
        self._pdf.set_fill_color(90)
        longest = max([1, *(count for _, count in rows)])
        left, align = self._pdf.l_margin, "R" if self._right_to_left else "L"

        def at(x: float, width: float) -> float:
            return left + (WIDE - x - width if self._right_to_left else x)

        for label, count in rows:
            self._pdf.set_x(at(0, LABEL))
            self._pdf.cell(LABEL, BAR, self._cell(label, self._face), align=align)
            wide = (WIDE - 2 * LABEL) * count / longest
            if count:
                top = self._pdf.get_y() + 0.8
                self._pdf.rect(at(LABEL, wide), top, wide, BAR - 1.6, style="F")
            self._pdf.set_x(at(LABEL + wide + 1, LABEL))
            text = str(count)
            self._pdf.cell(LABEL, BAR, text, align=align, new_x="LMARGIN", new_y="NEXT")
        self._pdf.set_fill_color(255)

    def bytes(self) -> bytes:
        """The document."""
        return bytes(self._pdf.output())

    def _write(self, text: str, size: int, style: str) -> None:
        face = self._having([text])
        self._pdf.set_font(face, style, size)
        align = "R" if self._right_to_left else "L"
        self._pdf.multi_cell(
            WIDE, size * 0.5, self._cell(text, face), new_x="LMARGIN", new_y="NEXT", align=align
        )

    def _having(self, texts: Iterable[str]) -> str:
        """A font that has the letters of these texts, as far as one here has."""
        if self._face != FACE or not any(ord(one) > 255 for text in texts for one in text):
            return self._face
        if not self._opened:
            open_font(self._pdf)
            self._opened = True
        return LATIN

    def _cell(self, text: str, face: str) -> str:
        if self._right_to_left:
            return drawn(plain(text), True)
        if face == FACE:
            return _spelled(text)
        opened: Any = self._pdf.fonts[face]
        return drawn(_spelled(text, opened.cmap), False)


def _spelled(text: str, has: Container[int] = range(256)) -> str:
    """Text in letters that a font has: others by their sound, the rest by code."""
    made = []
    for letter in text:
        for form in (letter, latin(letter)):
            if form and all(one == "\n" or ord(one) in has for one in form):
                made.append(form)
                break
        else:
            made.append(f"<{ord(letter):04X}>")
    return "".join(made)
