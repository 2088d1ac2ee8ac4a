"""The one way in which text that somebody declared reaches a page.

A declaration is written by the person whose goods are rated. Markdown sinks would
load its images and links (a call that tells a trafficker somebody is looking), so
declared text goes to cells of tables, or through `escape` into `st.html`.
"""

from __future__ import annotations

import hashlib
import html
import logging
import re
import threading
import traceback
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from riskprofile.words.shown import isolated, mixed, plain, runs

__all__ = [
    "attribute", "cell", "direct", "english", "escape", "key_of", "literal", "logged", "mark",
    "marked", "option", "plain", "stressed", "traced",
]  # fmt: skip

_MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")  # what Markdown, and Streamlit's own marks, begin with


class _Page(threading.local):
    """How the page that this thread draws is written; a run of a page has a thread."""

    right_to_left = False


_page = _Page()


def direct(right_to_left: bool) -> None:
    """From now on this thread draws a page that is written from the right, or from the left."""
    _page.right_to_left = right_to_left


def escape(value: Any) -> str:
    """Text for `st.html`: it can close no tag and open none.

    On a page that is written from the right, figures, codes and words of other scripts stand
    in tags of ours that keep their direction to themselves.

    >>> escape('<img src=x onerror="f()">')
    '&lt;img src=x onerror=&quot;f()&quot;&gt;'
    """
    shown = plain(value)
    if not _page.right_to_left:
        return html.escape(shown, quote=True)
    # What has nothing of its script in it is one piece, with its own full stop.
    pieces = runs(shown) if mixed(shown) else [(shown, shown.strip() != "")]
    return "".join(
        f"<bdi>{html.escape(part, quote=True)}</bdi>" if own else html.escape(part, quote=True)
        for part, own in pieces
    )


def attribute(value: Any) -> str:
    """Text for an attribute of a tag, where no other tag can stand."""
    return html.escape(plain(value), quote=True)


def english(value: Any) -> str:
    """Text that the program tells in English on every page, as HTML: marked so.

    >>> english("at most 10 points")
    '<span lang="en" dir="ltr">at most 10 points</span>'
    """
    return f'<span lang="en" dir="ltr">{attribute(value)}</span>'


def key_of(value: Any) -> str:
    """A short name for just this value, of which keys are made: of another it is another.

    >>> key_of([3, 4, 5]) == key_of([3, 6, 7])
    False
    """
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def cell(value: Any) -> str:
    """Text for a cell of a list, which is drawn without tags, in the direction of the page.

    A list takes the direction of the first letter, and is drawn from the other side of its column:
    of goods in Arabic beside a number nothing but the number would be seen.

    >>> cell("99 \u0645\u062e\u0632\u0646").startswith("\u200e")
    True
    """
    shown = plain(value)
    if not mixed(shown):
        return shown
    return isolated(shown) if _page.right_to_left else f"\u200e{shown}"


def option(value: Any) -> str:
    """Text of a choice, which stands without tags on a page that has its own direction."""
    shown = plain(value)
    return isolated(shown) if _page.right_to_left else shown


def literal(value: Any) -> str:
    """Text of a label that Streamlit reads as Markdown, which then says what it says.

    >>> literal("*HS* 9305 [a](b) :red[c]")
    '\\\\*HS\\\\* 9305 \\\\[a\\\\]\\\\(b\\\\) \\\\:red\\\\[c\\\\]'
    """
    return _MARKDOWN.sub(r"\\\g<0>", option(value))


def mark(value: Any) -> str:
    """Our own words with a glyph before them, for a cell: the glyph stands where they begin."""
    return f"\u2067{value}\u2069" if _page.right_to_left else str(value)


def stressed(value: str, spans: Iterable[tuple[int, int]]) -> str:
    """A sentence of ours, escaped, with the given spans (start, end, in order) in bold.

    Nothing is bold on a page that is written from the right: a piece cut out of its sentence
    would stand elsewhere.

    >>> stressed("one piece weighs 10 g", [(17, 19)])
    'one piece weighs <b>10</b> g'
    """
    if _page.right_to_left:
        return escape(value)
    out, at = "", 0
    for start, end in spans:
        out += f"{escape(value[at:start])}<b>{escape(value[start:end])}</b>"
        at = end
    return out + escape(value[at:])


def marked(value: Any, spans: Iterable[tuple[int, int]]) -> str:
    """Escaped text with the given spans (start, end) of the original in `<mark>`.

    It is for an element of its own, which takes the direction of the text (`dir="auto"`).

    >>> marked("spring <kit>", [(0, 6)])
    '<mark>spring</mark> &lt;kit&gt;'
    """
    text = "" if value is None else str(value)
    out, at = [], 0
    for start, end in sorted(spans):
        start = max(start, at)
        if end <= start or start >= len(text):
            continue
        out.append(attribute(text[at:start]))
        out.append(f"<mark>{attribute(text[start:end])}</mark>")
        at = min(end, len(text))
    out.append(attribute(text[at:]))
    return "".join(out)


def logged(log: logging.Logger, error: Exception, now: datetime) -> str:
    """Write where a fault was that nobody foresaw into the log; its number there, for the page."""
    number = hashlib.sha256(f"{now}{error!r}".encode()).hexdigest()[:6].upper()
    log.error("page fault %s: %s", number, traced(error))
    return number


def traced(error: BaseException) -> str:
    """What kind of fault it was and where, without its words: they may quote a declaration."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    where = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in frames)
    return f"{type(error).__name__} at {where}"
