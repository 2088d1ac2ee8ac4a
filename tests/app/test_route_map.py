"""A journey on a map: numbered stops, drawn here, of nothing that was declared."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

import pytest

from app import draw, words
from app.route_map import HEIGHT, MARK, WIDTH, image

EN = words.of("en")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(*places: str) -> ElementTree.Element:
    """The map as its elements."""
    address = image(places)
    assert address is not None
    return ElementTree.fromstring(base64.b64decode(address.partition(",")[2]))


def marks(svg: ElementTree.Element) -> list[tuple[str, float, float, str]]:
    """Number, place and fill of each stop."""
    circles, texts = svg.iter(f"{SVG}circle"), svg.iter(f"{SVG}text")
    return [
        (text.text or "", float(one.get("cx", 0)), float(one.get("cy", 0)), one.get("fill", ""))
        for one, text in zip(circles, texts, strict=True)
    ]


def test_stops_bear_their_number_and_lie_as_on_a_map():
    (first, x, y, _), (second, u, v, _) = marks(drawn("NLAMS", "XAALD", "TRIST"))
    assert (first, second) == ("1", "3")  # the second is nowhere, and keeps its number
    assert x < u and y < v  # Istanbul lies south-east of Amsterdam


@pytest.mark.parametrize(
    "places",
    [
        ("NLRTM", "BEANR"),
        ("USLAX", "JPNRT", "NZAKL"),
        ("DEHAM", "DEHAM", "TRIST", "DEHAM"),
        ("RU", "US"),
    ],
)
def test_every_mark_is_on_the_map_and_on_no_other(places):
    found = marks(drawn(*places))
    assert len(found) == len(places)
    for n, (_, x, y, _) in enumerate(found):
        assert MARK <= x <= WIDTH - MARK and MARK <= y <= HEIGHT - MARK
        for _, u, v, _ in found[:n]:
            assert (x - u) ** 2 + (y - v) ** 2 >= (2 * MARK - 0.2) ** 2


def test_a_way_over_the_pacific_does_not_go_round_the_world():
    (_, x, *_), (_, u, *_) = marks(drawn("JPNRT", "USLAX"))
    assert x < u


def test_what_stands_for_its_country_is_hollow_and_said():
    fills = [fill for *_, fill in marks(drawn("GBFXT", "NGLOS"))]
    assert fills[0] != fills[1]
    html = draw.route(EN, ["GBFXT", "XAALD", "NGLOS"])
    assert "Drawn in the middle of its country: GBFXT." in html
    assert "Not on the map: XAALD." in html
    assert 'alt="On the map, numbered: 1 GBFXT, 3 NGLOS."' in html


@pytest.mark.parametrize(
    "places", [(), ("DEHAM",), ("DEHAM", "HAM"), ("XAALD", "XMPME"), ("<b>", "DEHAM")]
)
def test_without_two_known_places_there_is_no_map(places):
    assert image(places) is None


def test_a_way_of_thousands_of_stops_is_drawn_on_no_map():
    assert image(("DEHAM", "NLRTM") * 6) is not None
    assert image(("DEHAM", "NLRTM") * 10_000) is None


def test_declared_text_is_no_part_of_the_image():
    assert image(("DEHAM", "</svg><script>", "TRIST")) is not None
    svg = base64.b64decode((image(("DEHAM", "</svg><script>", "TRIST")) or "").partition(",")[2])
    assert b"script" not in svg
    assert "<script>" not in draw.route(EN, ["DEHAM", "</svg><script>", "TRIST"])
