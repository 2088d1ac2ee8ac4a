"""One page of paper: text in four scripts, rules, boxes and bars. Black on white."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib import resources
from typing import Any

from riskprofile.words import RIGHT_TO_LEFT
from riskprofile.words.shown import isolated, joined, plain

WIDTH, HEIGHT, EDGE = 210.0, 297.0, 12.0  # mm, A4
INNER = WIDTH - 2 * EDGE
FONTS = resources.files("riskprofile.services").joinpath("fonts")
LATIN, CHINESE = "page", "chinese"  # the first has Latin, Greek, Cyrillic and Arabic letters
INK, GREY, LINE = 23, 90, 190  # shades, 0 to 255
LEADING = 1.32
MIRRORED = str.maketrans("()[]{}<>«»‹›≤≥", ")(][}{><»«›‹≥≤")
ISOLATES = dict.fromkeys((0x2068, 0x2069))  # they order a line, and are not drawn
POINT = 0.3528  # mm


def drawn(line: str, right_to_left: bool) -> str:
    """The characters of one line from left to right, in the forms in which a page draws them.

    On a page that is written from the right the line is, whatever it begins with, and words of
    other scripts and figures keep their own direction (`isolated`).

    >>> drawn("+96 PX-1", False), drawn("+96 (\u0627)", True)
    ('+96 PX-1', '(\ufe8d) +96')
    """
    from fpdf.bidi import BidiParagraph
    from fpdf.enums import TextDirection

    if not line:
        return ""
    text = joined(isolated(line) if right_to_left else line)
    base = TextDirection.RTL if right_to_left else None
    made = ""
    for one in BidiParagraph(text=text, base_direction=base).get_reordered_characters():
        # A bracket that is read from the right opens to the other side.
        turned = one.character.translate(MIRRORED) if one.embedding_level % 2 else one.character
        made += turned.translate(ISOLATES)
    return made


def open_font(pdf: Any) -> str:
    """Open the font with most letters in a document; its name there."""
    for style, name in (("", "DejaVuSansCondensed.ttf"), ("B", "DejaVuSansCondensed-Bold.ttf")):
        with resources.as_file(FONTS.joinpath(name)) as path:
            pdf.add_font(LATIN, style, path)
    return LATIN


class Page:
    """One A4 page that is written from the top down. Lengths are millimetres.

    What no font here can draw (Thai, Hebrew, Devanagari and others) is printed as the
    replacement character and counted in `missing`.
    """

    def __init__(self, title: str, now: datetime, language: str) -> None:
        from fpdf import FPDF  # with its fonts it is large, and few commands print

        self.y = EDGE
        self.missing = 0
        self.right_to_left = language in RIGHT_TO_LEFT
        self._chinese = False
        self.pdf = pdf = FPDF(unit="mm", format="A4")
        pdf.set_auto_page_break(False)
        pdf.c_margin = 0
        pdf.set_title(plain(title))
        pdf.set_creation_date(now)
        pdf.set_lang(language)
        open_font(pdf)
        pdf.add_page()

    def made(self) -> bytes:
        """The page as PDF."""
        return bytes(self.pdf.output())

    def lines(self, text: Any, width: float, size: float = 9, bold: bool = False) -> list[str]:
        """The text cut into lines no wider than `width`; a long word is cut where it must be."""
        self._font(size, bold)
        made: list[str] = []
        for paragraph in self._drawable(text).splitlines() or [""]:
            line = ""
            for word in paragraph.split(" "):
                longer = f"{line} {word}" if line else word
                if self._wide(longer) <= width:
                    line = longer
                    continue
                if line:
                    made.append(line)
                while self._wide(word) > width and len(word) > 1:
                    fits = next(n for n in range(len(word) - 1, 0, -1) if n == 1
                                or self._wide(word[:n]) <= width)  # fmt: skip
                    made.append(word[:fits])
                    word = word[fits:]
                line = word
            made.append(line)
        return made

    def text(
        self,
        text: Any,
        x: float = EDGE,
        width: float = INNER,
        *,
        size: float = 9,
        bold: bool = False,
        grey: bool = False,
        align: str = "L",
        most: int = 99,
        y: float | None = None,
    ) -> float:
        """Write at most `most` lines; their height. With `y` the page stays where it was."""
        found = self.lines(text, width, size, bold)
        if len(found) > most:
            found = found[:most]
            found[-1] = self._ended(found[-1], width)
        step = size * POINT * LEADING
        self.pdf.set_text_color(GREY if grey else INK)
        top = self.y if y is None else y
        if self.right_to_left:
            x = WIDTH - x - width
            align = {"L": "R", "R": "L"}.get(align, align)
        for n, line in enumerate(found):
            self.pdf.set_xy(x, top + n * step)
            self.pdf.cell(width, step, drawn(line, self.right_to_left), align=align)
        if y is None:
            self.y += len(found) * step
        return len(found) * step

    def row(self, parts: Sequence[tuple[Any, float, str]], size: float = 9, **how: Any) -> float:
        """Texts beside each other, each (text, width, style of L, R, B and G); the row's height."""
        x, tallest = EDGE, 0.0
        for text, width, style in parts:
            align = "R" if "R" in style else "L"
            tall = self.text(
                text, x, width - 1.5, size=size, bold="B" in style, grey="G" in style,
                align=align, y=self.y, **how,
            )  # fmt: skip
            tallest = max(tallest, tall)
            x += width
        self.y += tallest
        return tallest

    def rule(self, shade: int = INK, x: float = EDGE, width: float = INNER) -> None:
        """A line across."""
        self.pdf.set_draw_color(shade)
        self.pdf.set_line_width(0.25 if shade == INK else 0.15)
        x = WIDTH - x - width if self.right_to_left else x
        self.pdf.line(x, self.y, x + width, self.y)

    def box(
        self, x: float, y: float, width: float, height: float, *, thick: bool = False,
        filled: bool = False,
    ) -> None:  # fmt: skip
        """A frame, or a filled bar."""
        self.pdf.set_draw_color(INK)
        self.pdf.set_fill_color(INK)
        self.pdf.set_line_width(0.5 if thick else 0.25)
        x = WIDTH - x - width if self.right_to_left else x
        self.pdf.rect(x, y, width, height, style="F" if filled else "D")

    def gap(self, height: float) -> None:
        """Leave some space."""
        self.y += height

    def _ended(self, line: str, width: float) -> str:
        while line and self._wide(line + "…") > width:
            line = line[:-1]
        return line.rstrip() + "…"

    def _font(self, size: float, bold: bool) -> None:
        self.pdf.set_font(LATIN, "B" if bold else "", size)

    def _wide(self, text: str) -> float:
        return float(self.pdf.get_string_width(joined(text)))

    def _drawable(self, text: Any) -> str:
        """Characters that a font here has; the font of Chinese is opened when one needs it."""
        shown = plain(text).replace("\t", " ")
        others = self._lacks(LATIN, set(shown) - {"\n"})
        if not others:
            return shown
        if not self._chinese:
            self._chinese = True
            with resources.as_file(FONTS.joinpath("DroidSansFallback.ttf")) as path:
                self.pdf.add_font(CHINESE, "", path)
            self.pdf.set_fallback_fonts([CHINESE], exact_match=False)
        lost = self._lacks(CHINESE, others)
        self.missing += sum(one in lost for one in shown)
        return "".join("\N{REPLACEMENT CHARACTER}" if one in lost else one for one in shown)

    def _lacks(self, font: str, characters: set[str]) -> set[str]:
        opened: Any = self.pdf.fonts[font]
        return {one for one in characters if ord(one) not in opened.cmap}
