"""Pieces of a page as HTML. Every value goes through `escape`; the words are ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app import route_map
from app.text import attribute, escape, marked, stressed
from app.words import Words
from riskprofile.words import COMMA, form
from riskprofile.words.declaration import facts, rest, summed

BAR = 60  # pixels of the longest bar that raises
BAR_DOWN = 40  # and of the longest that lowers: the axis stands nearer to the left
OWN = re.compile(r"(?P<quoted>“[^”]*”)|(?P<figure>\d(?:[\d.,\u202f]*\d)?)")
SHOWN_FOR, SHOWN_AGAINST = 6, 4  # reasons drawn one by one; the rest is one sum


def pill(text: str, tone: str = "") -> str:
    """A small label; `tone` is a lane, `on` or `need`."""
    return f'<span class="rp-pill {tone}">{escape(text)}</span>'


def kpis(figures: Iterable[tuple[str, str]]) -> str:
    """The strip of figures: (label, value)."""
    cells = "".join(
        f"<div><span>{escape(label)}</span><b>{escape(value)}</b></div>" for label, value in figures
    )
    return f'<div class="rp-kpi">{cells}</div>'


def strip(glyph: str, lead: str, rest: str = "") -> str:
    """One line that must be read: what is the matter, and since when."""
    return (
        f'<div class="rp-strip" role="status"><b>{escape(glyph)} {escape(lead)}</b>'
        f"<span>{escape(rest)}</span></div>"
    )


def state(title: str, *lines: str) -> str:
    """An empty, refused or failed region: what happened and what comes next."""
    told = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    head = f"<h1>{escape(title)}</h1>" if title else ""
    return f'<div class="rp-state">{head}{told}</div>'


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Iterable[int] = (),
    *,
    sentences: bool = False,
    whole: Iterable[int] = (),
) -> str:
    """A plain table; `right` are the positions of columns of figures.

    The first column stands on one line, where it does not hold `sentences`, and so do the `whole`.
    """
    return grid(
        heads,
        ([escape(text) for text in row] for row in rows),
        right,
        sentences=sentences,
        whole=whole,
    )


def grid(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Iterable[int] = (),
    *,
    sentences: bool = False,
    whole: Iterable[int] = (),
) -> str:
    """A `table` whose cells are HTML already: every text in them has been escaped."""
    kinds = dict.fromkeys(whole, " class=n") | dict.fromkeys(right, " class=r")

    def cell(tag: str, n: int, text: str) -> str:
        return f"<{tag}{kinds.get(n, '')}>{text}</{tag}>"

    head = "".join(cell("th" if text else "td", n, escape(text)) for n, text in enumerate(heads))
    head = f"<thead><tr>{head}</tr></thead>" if heads else ""
    body = "".join(
        "<tr>" + "".join(cell("td", n, text) for n, text in enumerate(row)) + "</tr>"
        for row in rows
    )
    tone = ("" if sentences else " first") + ("" if heads else " tight")
    return f'<table class="rp-t{tone}">{head}<tbody>{body}</tbody></table>'


def meter(parts: Iterable[tuple[str, int]], longest: int) -> str:
    """A row of bars in the colours of lanes: (lane, count). The figures stand beside it."""
    bars = "".join(
        f'<i class="{lane}" style="width:{100 * count / max(longest, 1):.1f}%"></i>'
        for lane, count in parts
        if count
    )
    return f'<div class="rp-mt" aria-hidden="true">{bars}</div>'


def of(say: Words, n: int, total: int) -> str:
    """So many of so many.

    >>> from app.words import of as words_of
    >>> of(words_of("en"), 1200, 3400)
    '1\\u202f200 of 3\\u202f400'
    """
    return say("kpi.of", n=say.number(n), total=say.number(total))


def within(share: float, low: float, high: float) -> str:
    """A share as a mark on a line from 0 to 1, and the range that was agreed as a box."""
    box = f"inset-inline-start:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"
    mark = "" if share != share else f'<s style="inset-inline-start:{100 * share:.1f}%"></s>'
    return f'<div class="rp-mk" aria-hidden="true"><i style="{box}"></i>{mark}</div>'


def note(text: str, more: str = "") -> str:
    """A figure, and beside it in grey what belongs to it."""
    return f"<b>{escape(text)}</b>" + (f' <span class="rp-m">{escape(more)}</span>' if more else "")


def bars(
    say: Words, head: tuple[str, str], rows: Sequence[tuple[str, int]], usual: float | None
) -> str:
    """A column chart laid on its side, which is a table for readers: (label, count) a row.

    `usual` is the expected count, drawn as a line through every bar.
    """
    longest = max([1.0, usual or 0.0, *(float(count) for _, count in rows)])
    line = (
        "" if usual is None else f'<s style="inset-inline-start:{usual / longest * 100:.1f}%"></s>'
    )
    narrow = 'style="width:1%;white-space:nowrap"'  # the bars take the room
    body = "".join(
        f"<tr><td {narrow}>{escape(label)}</td><td class=r>{escape(say.number(count))}</td>"
        f'<td><div class="rp-hb" aria-hidden="true">{line}'
        f'<i style="width:{count / longest * 100:.1f}%"></i></div></td></tr>'
        for label, count in rows
    )
    heads = (
        f"<th {narrow}>{escape(head[0])}</th><th class=r {narrow}>{escape(head[1])}</th><td></td>"
    )
    return f'<table class="rp-t first"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


def card(
    title: str, body: str, *kinds: str, beside: str | None = None, scrolls: bool = False
) -> str:
    """A card with its title; `kinds` are classes of the theme, `beside` stands beside the title.

    What is wider than a narrow window `scrolls`, by the keys too.
    """
    head = f'<h2 class="rp-h2">{escape(title)}</h2>'
    if beside is not None:
        head = f'<div class="rp-bar">{head}{beside}</div>'
    moved = f' tabindex="0" role="region" aria-label="{attribute(title)}"' if scrolls else ""
    return f'<div class="{" ".join(("rp-card", *kinds))}"{moved}>{head}{body}</div>'


def reasons(
    say: Words,
    points: int,
    raising: Sequence[Mapping[str, Any]],
    lowering: Sequence[Mapping[str, Any]],
    red_from: int | None,
) -> str:
    """Reasons for and against as sentences with bars, and the sum that they make.

    Shown reasons + smaller terms + base is exactly `points`.
    """
    shown, smaller, base = summed(points, raising, lowering, SHOWN_FOR, SHOWN_AGAINST)
    longest = max([abs(term["points"]) for term in shown], default=1)
    rows = "".join(reason(say, term, longest) for term in shown)
    total = f"<b>= {escape(say.number(points))}</b>"
    title = say("why.title", n=say.number(points))
    if red_from is not None:
        total += f' <span class="rp-m">{escape(say("why.red_from", n=say.number(red_from)))}</span>'
    return (
        f'<div class="rp-head"><h2 class="rp-h2">{escape(title)}</h2>'
        f'<span class="rp-axis"><span>{escape(say("why.lowers"))}</span>'
        f"<span>{escape(say('why.raises'))}</span></span></div>{rows}"
        f'<div class="rp-dv last"><div class="rp-m">{escape(rest(say, smaller, base))}</div>'
        f'<div class="rp-r rp-nw">{total}</div></div>'
    )


def reason(say: Words, term: Mapping[str, Any], longest: int, beside: str | None = None) -> str:
    """One term as a sentence with its bar; `longest` are the most points of one that is drawn.

    `beside` stands in a column of its own.
    """
    points = int(term["points"])
    side, room = ("up", BAR) if points >= 0 else ("dn", BAR_DOWN)
    width = max(2, round(abs(points) / longest * room))
    place = f"left:{45 + width + 4}px" if points >= 0 else f"right:{92 + width + 4}px"
    said = say("why.raises" if points >= 0 else "why.lowers")
    sentence = str(term.get("text") or term.get("term"))
    text = stressed(sentence, its_own(say, sentence, term.get("value")))
    if term.get("norm"):
        usual = f'<span class="rp-m">{escape(say("why.norm", norm=term["norm"]))}</span>'
        text = say.listed([text, usual], ";")
    more = "" if beside is None else f'<div class="rp-m">{escape(beside)}</div>'
    return (
        f'<div class="rp-dv{" more" if more else ""}"><div>{text}</div><div class="rp-bx {side}">'
        f'<i style="width:{width}px"></i><em style="{place}">'
        f'<span class="rp-sr">{escape(said)} </span>{form.signed(points)}</em></div>{more}</div>'
    )


def its_own(say: Words, sentence: str, value: Any) -> list[tuple[int, int]]:
    """Where a sentence says what is this declaration's own: its values, and words quoted from it.

    >>> from app.words import of
    >>> its_own(of("en"), "12 declarations in 90 days", 12.0)
    [(0, 2)]
    >>> its_own(of("fr"), "86,8 kg par colis et 3 % de emballage", [86.84, 0.03])
    [(0, 4), (21, 22)]
    """
    given = value if isinstance(value, (list, tuple)) else [value]
    held = [abs(one) for one in given if isinstance(one, (int, float))]

    def own(found: re.Match[str]) -> bool:
        if found["quoted"]:
            return True
        figure = found["figure"].replace("\u202f", "")
        point, group = (",", ".") if say.language in COMMA else (".", ",")
        figure = figure.replace(group, "").replace(point, ".")
        if figure.count(".") > 1:  # a code or a date
            return False
        least = 0.5 * 10.0 ** -len(figure.partition(".")[2])
        share = 100.0 if sentence[found.end() :].lstrip("\u00a0 ").startswith("%") else 1.0
        return any(abs(float(figure) - one * share) <= least * (1 + 1e-9) for one in held)

    return [found.span() for found in OWN.finditer(sentence) if own(found)]


def indicators(say: Words, fired: Sequence[Mapping[str, Any]]) -> str:
    """Indicators that fired: what each says, what would clear it, what to check first."""
    notes = []
    for one in fired:
        key = str(one.get("key", ""))
        lines = f"<p><b>{escape(one.get('text') or key)}</b> "
        lines += f'<span class="rp-m rp-nw">{escape(key.split("_")[0])}</span></p>'
        if one.get("cleared_by"):
            lines += f"<p><b>{escape(say('why.clears'))}</b> {escape(one['cleared_by'])}</p>"
        if one.get("check"):
            lines += f"<p><b>{escape(say('why.check'))}</b> {escape(one['check'])}</p>"
        notes.append(f'<div class="rp-note rp-stack" style="gap:3px">{lines}</div>')
    return "".join(notes)


def declared(
    say: Words,
    row: Mapping[str, Any],
    text: str,
    spans: Iterable[tuple[int, int]],
    position: str,
    kinds: Mapping[str, str],
) -> str:
    """The declared wording with offending words marked, and the facts that place it.

    `kinds` gives the kind of each column, as the profile states it.
    """
    lines = [escape(line) for line in facts(say, row, kinds)]
    quoted = f'<div class="rp-mono" dir="auto">“{marked(text, spans)}”</div>' if text else ""
    return (
        f'<div><h3 class="rp-h3">{escape(say("why.declared"))} '
        f'<span style="font-weight:400">({escape(position)})</span></h3>'
        f"{quoted}"
        f'<div class="rp-m">{"<br>".join(lines)}</div></div>'
    )


def route(say: Words, places: Sequence[str]) -> str:
    """The journey as a strip and, for readers, in words."""
    if len(places) < 2:
        return ""
    marks = "".join(f"<span><i></i>{escape(place)}</span>" for place in places)
    words = say("why.route_words", first=places[0], last=places[-1])
    if places[1:-1]:
        words = say("why.route_via", first=places[0], last=places[-1], via=say.listed(places[1:-1]))
    return (
        f'<div><h3 class="rp-h3">{escape(say("why.route"))}</h3>'
        f'<div class="rp-route" aria-hidden="true">{marks}</div>'
        f'<p class="rp-m">{escape(words)}</p>{_map(say, places)}</div>'
    )


def _map(say: Words, places: Sequence[str]) -> str:
    """The journey on a map, where two of its places are known, and what is not exact on it."""
    drawn = route_map.image(tuple(places))
    if drawn is None:
        return ""
    stops = route_map.placed(places)
    named = say.listed(f"{n} {place}" for n, place, _ in stops)
    known = {place for _, place, _ in stops}
    notes = (
        ("why.map_country", [place for _, place, at in stops if not at.exact]),
        ("why.map_unknown", [place for place in places if place not in known]),
    )
    told = "".join(
        f'<p class="rp-m">{escape(say(key, places=say.listed(dict.fromkeys(some))))}</p>'
        for key, some in notes
        if some
    )
    alt = attribute(say("why.map", stops=named))
    return f'<img class="rp-map" src="{drawn}" alt="{alt}">{told}'


def lane_pill(say: Words, lane: str) -> str:
    """The lane's pill: glyph, word and colour."""
    return pill(form.lane(say, lane), lane)
