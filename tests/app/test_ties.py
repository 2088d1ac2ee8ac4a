"""The picture of links: words that stay text, lines that join them, and all is said to readers."""

from __future__ import annotations

import base64
import re
from types import SimpleNamespace

import pytest

from app import text, ties, words

HOSTILE = '"><img src=//outside.invalid/a.png onerror=f()><script>'


def shown(history=(), related=(), language="en"):
    return ties.picture(SimpleNamespace(history=history, related=related), words.of(language))


def row(record, link, **more):
    return {"record_id": record, "link": link, "title": "", **more}


def lines(html):
    """The ends of each line of the image: (x, y), (x, y)."""
    [image] = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    drawn = base64.b64decode(image).decode()
    ends = re.findall(r"M([\d.]+) ([\d.]+)C[\d. ]+ ([\d.]+) ([\d.]+)(?=[M\"])", drawn)
    return [((float(a), float(b)), (float(c), float(d))) for a, b, c, d in ends]


def nodes(html):
    """Where each node stands, by its kind: start and end in percent, middle in pixels."""
    style = r'class="(\w+)" style="inset-inline-start:(\d+)%;width:(\d+)%;top:(\d+)px"'
    return [(k, int(a), int(a) + int(b), int(y)) for k, a, b, y in re.findall(style, html)]


def test_what_was_declared_stays_text():
    html = shown([row(HOSTILE, "consignee"), row("B", HOSTILE)], [row("C", "phone", title=HOSTILE)])
    assert "<script" not in html and "onerror=f()&gt;" in html
    assert re.findall(r"<img[^>]*src=\"?([^\"> ]{4})", html) == ["data"]


def test_readers_are_told_each_relation_that_is_drawn():
    html = shown(
        [row("A@XM/XC/2026", "consignee", lane="red"), row("B", "consignee")],
        [row("A@XM/XC/2026", "address"), row("C", "like an earlier find in goods, route, party")],
    )
    [said] = re.findall(r'aria-label="([^"]+)"', html)
    told = "A: same address, same consignee; B: same consignee; C: like an earlier find"
    assert said == f"What this declaration shares with others: {told}."
    assert "◆ Red" in html  # a shape and a word


@pytest.mark.parametrize("finds", [0, 3])
def test_every_line_ends_at_the_nodes_that_it_joins(finds):
    """On one side; and on both, where some share nothing with the others."""
    history = [row("A", "consignee"), row("B", "consignor"), row("A", "consignor")]
    found = [row(f"F{n}", "like an earlier find in goods", outcome="trafficking") for n in range(9)]
    html = shown(history, found[:finds])
    placed = nodes(html)
    ends = {(x, y) for _, start, end, y in placed for x in (start, end)}
    drawn = lines(html)
    for a, b in drawn:
        for x, y in (a, b):
            assert any(x == at and abs(y - middle) <= 0.5 for at, middle in ends)
    assert len(drawn) == 5 + (1 + finds if finds else 0)
    assert all(0 <= start < end <= 100 for _, start, end, _ in placed)
    sides = {start < 42 for kind, start, _, _ in placed if kind == "other"}
    assert sides == ({True, False} if finds else {False})


def test_no_two_nodes_lie_on_each_other():
    many = [row(f"R{n}", ("consignee", "consignor", "address")[n % 3]) for n in range(30)]
    rest = [row(f"S{n}", f"same thing {n}") for n in range(9)]
    for history in (many, rest, [*many, *rest]):
        placed = nodes(shown(history))
        for n, (_, start, end, y) in enumerate(placed):
            for kind, other, last, at in placed[:n]:
                high = {"other": 40, "key": 40, "own": 40}[kind]
                assert abs(y - at) >= high - 1 or end <= other or last <= start


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_how_many_are_not_drawn_is_said(language):
    text.direct(language == "ar")
    try:
        html = shown([row(f"R{n}", "consignee") for n in range(13)], language=language)
        assert re.search(r'<p class="rp-m">[^<]*(<bdi>)?3', html)
        assert "<p" not in shown([row("A", "consignee")], language=language)
    finally:
        text.direct(False)


def test_where_nothing_is_shared_there_is_no_picture():
    assert shown() == ""
