"""One term drawn: a single feature as steps, with what serves dashed beside, a pair as cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.text import attribute, escape
from riskprofile.scoring.scorecard import Bins, Scorecard, Term
from riskprofile.services import speaking
from riskprofile.services.terms import Bin
from riskprofile.words import form

CELLS = 12  # a pair is drawn in at most so many rows and columns
NAMED = 9  # bins whose ends are written under the plot
ROOM = 0.08  # of the height, above and below the tables


def single(say: Any, title: str, bins: Sequence[Bin], at: int) -> str:
    """A single feature: bins across, points up, one of them (`at`) chosen; and a table of the same
    for readers.
    """
    now, serving = [one.now for one in bins], [one.serving for one in bins]
    low, high = float(min(0, *now, *serving)), float(max(1, *now, *serving))
    room = (high - low) * ROOM
    low, high = low - room, high + room

    def place(points: float) -> float:
        return 100 * (high - points) / (high - low)

    wide = 100 / len(bins)
    drawn = "".join(
        f'<u style="top:{place(points):.1f}%">'
        f"<em>{escape(form.signed(points) if points else 0)}</em></u>"
        for points in _grid(low, high)
    )
    drawn += f'<b style="left:{at * wide:.2f}%;width:{wide:.2f}%"></b>'
    drawn += _line("s", [place(one) for one in serving], wide)
    drawn += _line("i", [place(one) for one in now], wide)
    shares = [0.0 if np.isnan(one.share) else one.share for one in bins]
    most = max([*shares, 1e-9])
    under = "".join(f'<i style="height:{max(4, 100 * one / most):.0f}%"></i>' for one in shares)
    step = max(1, -(-len(bins) // NAMED))
    names = "".join(
        f'<span style="left:{(n + 0.5) * wide:.2f}%">{escape(_end(say, one))}</span>'
        for n, one in enumerate(bins)
        if one.missing or (n % step == 0 and n < len(bins) - 1 - step // 2)
    )
    rows = "".join(
        f"<tr><th>{escape(named(say, one))}</th><td>{escape(form.signed(one.serving))}</td>"
        f"<td>{escape(form.signed(one.now))}</td><td>{escape(share(say, one))}</td></tr>"
        for one in bins
    )
    heads = "".join(
        f"<th>{escape(say(key))}</th>"
        for key in ("edit.bin", "terms.serving", "terms.now", "terms.share")
    )
    known = any(not np.isnan(one.share) for one in bins)
    return (
        f'<div class="rp-steps" dir="ltr" aria-hidden="true"><div>{drawn}</div>'
        f"<p>{names}</p>{f'<section>{under}</section>' if known else ''}</div>"
        f'<div class="rp-sr"><table><caption>{escape(title)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def pair(say: Any, title: str, card: Scorecard, term: Term, *, gone: bool) -> str:
    """Cells: means of neighbouring bins, dark where points are far from none."""
    down, across = (_labels(say, card.bins[name]) for name in term.features)
    rows = np.array_split(np.arange(len(down)), min(CELLS, len(down)))
    columns = np.array_split(np.arange(len(across)), min(CELLS, len(across)))
    longest = max(1, int(np.abs(term.table).max()))
    body = ""
    for some in rows:
        cells = ""
        for others in columns:
            mean = 0.0 if gone else float(term.table[np.ix_(some, others)].mean())
            tone = "up" if mean >= 0 else "dn"
            depth = round(100 * abs(mean) / longest * 0.45)
            shade = f"background:color-mix(in srgb,var(--{tone}) {depth}%,transparent)"
            cells += f'<td class="r" style="{shade}">{escape(form.signed(round(mean)))}</td>'
        body += f'<tr><td class="n">{escape(down[some[0]])}</td>{cells}</tr>'
    head = "".join(f"<th class=r>{escape(across[others[0]])}</th>" for others in columns)
    first, second = map(escape, speaking.names(say, term.features))
    return (
        f'<div class="rp-cells" tabindex="0" role="region" dir="ltr" '
        f'aria-label="{attribute(title)}"><table class="rp-t first">'
        f"<thead><tr><td>{first} ↓<br>{second} →</td>{head}</tr>"
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def named(say: Any, one: Bin) -> str:
    """A bin in words: from where to where."""
    return str(say("edit.missing")) if one.missing else form.ends(say, one.low, one.high)


def share(say: Any, one: Bin) -> str:
    """How many of a hundred rows fall in a bin; nothing where that is not known."""
    return "" if np.isnan(one.share) else f"{say.number(round(100 * one.share, 1))} %"


def _end(say: Any, one: Bin) -> str:
    if one.missing:
        return "?"
    low, high = form.end(say, one.low, 3), form.end(say, one.high, 3)
    return f"> {low}" if np.isinf(one.high) else high


def _labels(say: Any, bins: Bins) -> list[str]:
    ends = [form.end(say, float(edge)) for edge in bins.edges]
    last = f"> {ends[-1]}" if ends else str(say("edit.any"))
    return [*(f"≤ {one}" for one in ends), last, str(say("edit.missing"))]


def _line(tag: str, tops: Sequence[float], wide: float) -> str:
    """Steps: a level a bin, and what joins it to the one before; the last bin stands alone."""
    drawn = ""
    for n, top in enumerate(tops):
        drawn += f'<{tag} style="left:{n * wide:.2f}%;width:{wide:.2f}%;top:{top:.1f}%"></{tag}>'
        if 0 < n < len(tops) - 1 and abs(tops[n - 1] - top) > 0.05:
            upper, tall = min(tops[n - 1], top), abs(tops[n - 1] - top)
            drawn += (
                f'<{tag} class="v" style="left:{n * wide:.2f}%;top:{upper:.1f}%;'
                f'height:{tall:.1f}%"></{tag}>'
            )
    return drawn


def _grid(low: float, high: float) -> list[int]:
    """Round points for lines across, 0 among them."""
    step = next(
        one for one in (5, 10, 20, 25, 50, 100, 200, 500) if (high - low) / one <= 6 or one == 500
    )
    return [n * step for n in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]
