"""Plain pages as PDF: headings, values, tables, bars. Core fonts, so no font is shipped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from riskprofile.reference.scripts import latin

FACE = "Helvetica"
WIDE = 190  # millimetres between the margins of A4
LABEL, BAR = 20, 5  # millimetres: room for a label, height of a bar


class Page:
    """A document that grows downwards; `bytes()` ends it. The same content is the same bytes."""

    def __init__(self, title: str, made: datetime) -> None:
        from fpdf import FPDF  # with its fonts it is large, and few commands print

        self._pdf = FPDF()
        self._pdf.set_creation_date(made)
        self._pdf.set_margins(10, 12)
        self._pdf.set_auto_page_break(True, 14)
        self._pdf.set_title(_cell(title))
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
        self._pdf.set_font(FACE, "", 8)
        with self._pdf.table(width=WIDE, line_height=5) as table:
            for cells in (head, *rows):
                row = table.row()
                for cell in cells:
                    row.cell(_cell(str(cell)))

    def bars(self, rows: Sequence[tuple[str, int]]) -> None:
        """A bar chart that reads in black and white: label, bar, number."""
        self._pdf.set_font(FACE, "", 8)
        self._pdf.set_fill_color(90)
        longest = max([1, *(count for _, count in rows)])
        for label, count in rows:
            self._pdf.cell(LABEL, BAR, _cell(label))
            at, top = self._pdf.get_x(), self._pdf.get_y()
            wide = (WIDE - 2 * LABEL) * count / longest
            if count:
                self._pdf.rect(at, top + 0.8, wide, BAR - 1.6, style="F")
            self._pdf.set_x(at + wide + 1)
            self._pdf.cell(LABEL, BAR, str(count), new_x="LMARGIN", new_y="NEXT")
        self._pdf.set_fill_color(255)

    def bytes(self) -> bytes:
        """The document."""
        return bytes(self._pdf.output())

    def _write(self, text: str, size: int, style: str) -> None:
        self._pdf.set_font(FACE, style, size)
        self._pdf.multi_cell(
            WIDE, size * 0.5, _cell(text), new_x="LMARGIN", new_y="NEXT", align="L"
        )


def _cell(text: str) -> str:
    """Text that the core fonts can show: other letters by their sound, the rest by code."""
    made = []
    for letter in text:
        for form in (letter, latin(letter)):
            if form and all(ord(one) < 256 for one in form):
                made.append(form)
                break
        else:
            made.append(f"<{ord(letter):04X}>")
    return "".join(made)
