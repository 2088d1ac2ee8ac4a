"""Pieces of a page: the sum is visible, and what was declared stays text."""

from __future__ import annotations

import doctest
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app import alert_panel, draw, server, text, words
from riskprofile.words import form
from riskprofile.words.declaration import stops

EN = words.of("en")
NOW = datetime(2026, 11, 24, 13, 7, tzinfo=UTC)


def term(points: int, text: str = "a reason", name: str = "x", norm: str = "") -> dict[str, Any]:
    """One reason."""
    return {"term": name, "text": text, "points": points, "value": "", "norm": norm}


@pytest.mark.parametrize("module", [draw, form, server, text, words])
def test_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module).failed == 0


def test_shown_reasons_smaller_terms_and_base_make_the_points():
    raising = [term(n, f"reason {n}") for n in (96, 71, 64, 48, 31, 12, 6, 4)]
    lowering = [term(-38, "agrees"), term(-22, "in time")]
    html = draw.reasons(EN, 412, [*raising, term(140, name="base")], lowering, 310)
    shown = [int(found.replace("−", "-")) for found in re.findall(r"</span>([+−]\d+)</em>", html)]
    assert shown == [96, 71, 64, 48, 31, 12, -38, -22]
    assert "2 smaller terms +10, base 140" in html
    assert "= 412" in html
    assert "red from 310" in html
    assert sum(shown) + 10 + 140 == 412


def test_a_reason_shows_what_is_usual():
    html = draw.reasons(EN, 96, [term(96, "Each piece weighs 10 g", norm="60 to 400 g")], [], None)
    assert "usual 60 to 400 g" in html


@pytest.mark.parametrize(
    "language, sentence, value, bold",
    [
        ("en", "one piece weighs 10 g", 10.0, ["10"]),
        ("en", "3 declarations to this address in 90 days", 3.0, ["3"]),
        ("en", "gross mass 12,345.7 kg", 12345.67, ["12,345.7"]),
        ("en", "7 words and 45% of the words fit any goods", [7.0, 0.4512], ["7", "45"]),
        ("en", "value is -2.5 deviations from what is usual", -2.51, ["2.5"]),
        ("en", "declared as gift: yes", 1.0, []),
        ("en", "goods are cheap and bulky", 1.0, []),
        ("en", "wording: “steel pin”, “kit”", 0.4, ["“steel pin”", "“kit”"]),
        ("en", "wording: “<b>5</b>”, 5 times", 5.0, ["“&lt;b&gt;5&lt;/b&gt;”", "5"]),
        ("en", "heading 93.05.10, on 2 lines", 2.0, ["2"]),
        ("en", "86.8 kg a package: not known", None, []),
        ("es", "12.345,7 kg", 12345.67, ["12.345,7"]),
        ("fr", "12\u202f345,7 kg", 12345.67, ["12\u202f345,7"]),
        ("fr", "45\u00a0% des mots", 0.45, ["45"]),
    ],
)
def test_what_is_the_declarations_own_is_bold_in_a_reason(language, sentence, value, bold):
    html = draw.reasons(words.of(language), 9, [{**term(9, sentence), "value": value}], [], None)
    reason = html.partition('<div class="rp-dv"><div>')[2].partition("</div>")[0]
    assert re.findall("<b>(.*?)</b>", reason) == bold
    assert re.sub("</?b>", "", reason) == text.escape(sentence)


@pytest.mark.parametrize("given", ["<script>x</script>", '"><img src=x>', "a\u202eb", "&lt;b&gt;"])
def test_hostile_text_in_any_piece_opens_no_tag(given):
    fired = [{"key": given, "text": given, "cleared_by": given, "check": given}]
    row = {"goods_description": given, "consignor_name": given, "route": f"{given}|XA|XB"}
    html = "".join(
        [
            draw.reasons(EN, 5, [term(5, given, given, given)], [], None),
            draw.indicators(EN, fired),
            draw.declared(EN, row, given, [(1, 4)], given, {}),
            draw.route(EN, stops(row)),
            draw.table((given,), [(given,)]),
            draw.kpis([(given, given)]),
            draw.strip(given, given, given),
            draw.state(given, given),
            draw.pill(given),
        ]
    )
    allowed = "div|span|b|p|i|em|h1|h2|h3|br|mark|table|thead|tbody|tr|th|td"
    assert re.findall(rf"<(?!/?(?:{allowed})[ >])", html) == []
    assert "\u202e" not in html


def test_a_journey_names_each_place_once_in_order():
    row = {
        "country_of_export": "XA",
        "port_of_loading": "XAALD",
        "route": "XAALD|XCCVA|XMPME",
        "port_of_discharge": "XMPME",
        "country_of_destination": "XM",
    }
    assert stops(row) == ["XAALD", "XCCVA", "XMPME"]


def test_marked_words_are_those_of_the_declared_text():
    assert text.marked("<b>pin</b>", [(3, 6)]) == "&lt;b&gt;<mark>pin</mark>&lt;/b&gt;"


def test_time_left_is_a_countdown_and_then_says_that_it_is_past():
    assert form.time_left(EN, NOW + timedelta(minutes=72), NOW) == "1 h 12 min to arrival"
    assert form.time_left(EN, NOW - timedelta(minutes=5), NOW) == "arrived 5 min ago"
    assert form.time_left(EN, None, NOW) == "arrival not given"


def test_only_codes_of_ours_are_spelled_out_and_a_declared_word_stays_as_declared():
    assert form.value(EN, "post", "choice") == "Post"
    assert form.value(EN, "post", "text") == "post"


def test_bars_are_a_table_whose_figures_a_reader_gets_too():
    html = draw.bars(EN, ("Ends", "Reports"), [("2026-11-23", 12), ("<b>", 0)], 3.0)
    assert "width:100.0%" in html and "inset-inline-start:25.0%" in html
    assert "&lt;b&gt;" in html and "<td class=r>12</td>" in html
    assert "<s" not in draw.bars(EN, ("Ends", "Reports"), [("a", 0)], None)
    assert ">1\u202f200<" in draw.bars(EN, ("Ends", "Reports"), [("a", 1200)], None)


def test_points_below_zero_have_one_minus_wherever_they_stand():
    found = draw.reasons(EN, -221, [term(429)], [term(-650, name="base")], -261)
    assert "Why −221 points" in found
    assert "base −650" in found
    assert "= −221" in found
    assert "red from −261" in found


def test_of_nothing_declared_no_empty_quotes_are_shown():
    assert "“" not in draw.declared(EN, {"bags": 2}, "", [], "item 1 of 1", {})


def test_how_a_traveller_comes_is_spelled_out_as_for_goods():
    kinds = alert_panel.kinds("traveller")
    assert form.value(EN, "air", kinds["transport_mode"]) == "Air"


def test_a_time_and_a_lane_of_a_table_are_not_broken_over_lines():
    found = draw.table(["When", "Link"], [("2026-11-23 03:57", "same consignee")], whole=(0,))
    assert "<td class=n>2026-11-23 03:57</td><td>same consignee</td>" in found


@pytest.mark.parametrize(("blind", "first"), [(False, "Item 347"), (True, "Item 1")])
def test_of_many_items_the_one_that_has_the_points_is_the_first_to_be_read(blind, first):
    items = [{"item_number": n, "goods_description": f"pins {n}"} for n in range(1, 501)]
    view = SimpleNamespace(profile="shipment", declaration=items, driver=347, blind=blind)
    told = re.findall(r"Item \d+", alert_panel._declaration(view, EN, UTC, NOW))
    assert (told[0], len(told)) == (first, 500)
