"""The one way in which text that somebody declared reaches a page.

A declaration is written by the person whose goods are rated. Markdown sinks would
load its images and links (a call that tells a trafficker somebody is looking), so
declared text goes to cells of tables, or through `escape` into `st.html`.
"""

from __future__ import annotations

import html
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from riskprofile.words.shown import plain

__all__ = ["escape", "marked", "plain", "traced"]


def escape(value: Any) -> str:
    """Text for `st.html`: it can close no tag and open none.

    >>> escape('<img src=x onerror="f()">')
    '&lt;img src=x onerror=&quot;f()&quot;&gt;'
    """
    return html.escape(plain(value), quote=True)


def marked(value: Any, spans: Iterable[tuple[int, int]]) -> str:
    """Escaped text with the given spans (start, end) of the original in `<mark>`.

    >>> marked("spring <kit>", [(0, 6)])
    '<mark>spring</mark> &lt;kit&gt;'
    """
    text = "" if value is None else str(value)
    out, at = [], 0
    for start, end in sorted(spans):
        start = max(start, at)
        if end <= start or start >= len(text):
            continue
        out.append(escape(text[at:start]))
        out.append(f"<mark>{escape(text[start:end])}</mark>")
        at = min(end, len(text))
    out.append(escape(text[at:]))
    return "".join(out)


def traced(error: BaseException) -> str:
    """What kind of fault it was and where, without its words: they may quote a declaration."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    where = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in frames)
    return f"{type(error).__name__} at {where}"
