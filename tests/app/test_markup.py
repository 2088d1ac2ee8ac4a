"""A card's text as HTML: its forms are drawn, and nothing in it comes to life."""

from __future__ import annotations

import doctest
import re

from app import markup
from riskprofile.services.settings import CHECKOUT


def test_the_example_is_true():
    assert doctest.testmod(markup).failed == 0


def test_a_card_of_the_release_is_drawn_with_its_tables():
    path = next((CHECKOUT / "models" / "shipment").glob("*/card.md"))
    html = markup.card(path.read_text("utf-8"))
    assert html.count("<table") == html.count("</table>") >= 2
    assert html.count("<ul>") == html.count("</ul>") >= 1
    assert "**" not in html


def test_a_hostile_card_opens_no_tag():
    hostile = (
        "# <script>x</script>\n| <img src=x> | b |\n|---|---|\n[a](http://x) | <b>\n- <i>\n<p>"
    )
    allowed = "h2|h3|p|ul|li|table|thead|tbody|tr|th|td"
    assert re.findall(rf"<(?!/?(?:{allowed})[ >])", markup.card(hostile)) == []
