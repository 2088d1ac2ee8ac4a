"""What a declaration shares with others as a small picture, below the table that says it in full.

The declaration stands in the middle, what it shares beside it, and who shares that further out;
where all that is shared hangs together, on one side.
Words are text of the page, with its colours and direction; the lines between them are an image
that is made here: nothing is fetched.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from app.text import attribute, escape
from app.words import Words
from riskprofile.services import linked, speaking
from riskprofile.services.networks import LIKE
from riskprofile.words import form

ROW, KEY, GAP = 40, 54, 10  # pixels of height: of another, of what is shared, between groups
LINE = "#808C98"  # seen on light and on dark
# Pixels of width at least; and in percent of it, where each column begins and ends: that of the
# declaration, of what is shared, of others.
BOTH = 600, ((42, 58), (62, 76), (80, 100))  # of the second side; the first has it turned round
ONE = 330, ((0, 24), (32, 58), (66, 100))

Columns = Sequence[tuple[int, int]]


def picture(view: Any, say: Words) -> str:
    """The picture, shut until somebody opens it; nothing where nothing is shared."""
    found = linked.picture(view)
    if not found.groups:
        return ""
    sides: tuple[list[linked.Group], list[linked.Group]] = ([], [])
    for group in found.groups:  # the largest first: the side that has less takes the next
        min(reversed(sides), key=_height).append(group)
    if sides[0]:  # a narrow window shows where most is
        sides = sides[1], sides[0]
    height = max(_height(side) for side in sides)
    width, columns = BOTH if sides[0] else ONE
    nodes, lines = _node(columns[0], height / 2, "own", escape(say("linked.this"))), ""
    for side, groups in enumerate(sides):
        turned = columns if side else [(100 - end, 100 - start) for start, end in columns]
        top = (height - _height(groups)) / 2
        for group in groups:
            more, paths = _group(group, say, turned, top, height / 2, first=not side)
            nodes, lines = nodes + more, lines + paths
            top += _high(group) + GAP
    rest = ""
    if found.more:
        tables = {name: say(f"tab.{name}") for name in ("party", "links")}
        rest = f'<p class="rp-m">{escape(say.many("linked.more", found.more, **tables))}</p>'
    return (
        f'<details class="rp-ties"><summary>{escape(say("linked.title"))}</summary>'
        f'<div tabindex="0"><div role="img" aria-label="{attribute(_said(found, say))}" '
        f'style="height:{height}px;min-width:{width}px">'
        f'<img alt="" src="{_image(lines, height)}">{nodes}</div></div>{rest}</details>'
    )


def _said(found: linked.Picture, say: Words) -> str:
    """The picture in words, for readers."""
    told = [
        f"{_reference(other)}: "
        + say.listed(_shared(say, group.keys[key]) for key, at in group.edges if at == place)
        for group in found.groups
        for place, other in enumerate(group.others)
    ]
    return say("linked.said", ties=say.listed(told, ";"))


def _group(
    group: linked.Group, say: Words, columns: Columns, top: float, middle: float, *, first: bool
) -> tuple[str, str]:
    """Its nodes as HTML, and its lines as a path, from `top` pixels on."""
    own, keys, others = columns
    high, out, back = _high(group), 0 if first else 1, 1 if first else 0
    of_key = [top + high * (n + 0.5) / len(group.keys) for n in range(len(group.keys))]
    of_other = [top + high * (n + 0.5) / len(group.others) for n in range(len(group.others))]
    nodes = "".join(
        _node(keys, y, "key", escape(_shared(say, key)))
        for key, y in zip(group.keys, of_key, strict=True)
    ) + "".join(
        _node(others, y, "other", _other(say, one))
        for one, y in zip(group.others, of_other, strict=True)
    )
    lines = "".join(_line(own[out], middle, keys[back], y) for y in of_key) + "".join(
        _line(keys[out], of_key[key], others[back], of_other[other]) for key, other in group.edges
    )
    return nodes, lines


def _other(say: Words, one: dict[str, Any]) -> str:
    """Another declaration: its reference, and its lane and what was found where that is known."""
    record, lane, outcome = _reference(one), one.get("lane"), one.get("outcome")
    told = [form.lane(say, lane)] if lane in form.GLYPHS else []
    told += [say.maybe(f"outcome.{outcome}", str(outcome))] if outcome else []
    lines = record, say.listed(told) or str(one.get("title") or "")
    first, second = (f'title="{attribute(line)}">{escape(line)}' for line in lines)
    return f'<b {first}</b><i class="rp-m" {second}</i>'


def _reference(one: dict[str, Any]) -> str:
    return form.reference(str(one.get("record_id", "")))


def _shared(say: Words, key: str) -> str:
    return say("linked.find") if key == LIKE else speaking.link(say, key)


def _node(column: tuple[int, int], y: float, kind: str, text: str) -> str:
    start, end = column
    place = f"inset-inline-start:{start}%;width:{end - start}%;top:{y:.0f}px"
    return f'<span class="{kind}" style="{place}">{text}</span>'


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    half = (x + to_x) / 2
    return f"M{x} {y:.1f}C{half} {y:.1f} {half} {to_y:.1f} {to_x} {to_y:.1f}"


def _image(lines: str, height: float) -> str:
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 {height}" '
        f'preserveAspectRatio="none"><path d="{lines}" fill="none" stroke="{LINE}" '
        'stroke-width="1.25" vector-effect="non-scaling-stroke"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode("ascii")


def _high(group: linked.Group) -> int:
    return max(ROW * len(group.others), KEY * len(group.keys))


def _height(groups: Sequence[linked.Group]) -> int:
    return sum(_high(group) + GAP for group in groups)
