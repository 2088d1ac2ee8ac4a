"""A page that is written from the right: what is declared keeps its direction to itself."""

from __future__ import annotations

import html
import re

import pytest
from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection
from hypothesis import given
from hypothesis import strategies as st

from app import draw, lists, text, theme, words
from riskprofile.words.shown import isolated, plain

SAY = words.of("ar")


@pytest.fixture
def right_to_left():
    text.direct(True)
    yield
    text.direct(False)


def seen(told: str) -> str:
    """A line as it stands on a page that is written from the right, from left to right."""
    told = html.unescape(told.replace("<bdi>", "\u2068").replace("</bdi>", "\u2069"))
    told = re.sub(r"[\n\t]", " ", told)  # as a page draws them
    line = BidiParagraph(text=told, base_direction=TextDirection.RTL).get_reordered_string()
    return re.sub("[\u2066-\u2069]", "", line)


@pytest.mark.parametrize(
    "figure",
    ["+96", "\u221238", "2026-03-07 14:05", "UTC+1", "PX-2026-104417", "9302.00", "95 %", "-4.25"],
)
def test_a_figure_or_code_never_turns_round(right_to_left, figure):
    assert figure in seen(text.escape(figure))
    assert figure in seen(text.escape(SAY("why.norm", norm=figure)))
    assert figure in seen(isolated(SAY("why.norm", norm=figure)))


def test_without_isolation_it_would(right_to_left):
    assert "+96" not in seen(SAY("why.norm", norm="+96"))


DECLARED = [
    "steel pins (400), samples",
    "pins \u202e dlog",
    "pins \u2069 + 5",
    "\u2067 5 \u2066 M6",
    "a \u061c 5",
    "pins\u2029 5",
    "مسامير فولاذ M6 (400)",
    "פינים 5",
    "5, 6, -7",
    ") 5 (",
    '"quoted", 12:30',
    "Ⓐ 5 ⁇",
    "\ue000 5",
]


@pytest.mark.parametrize("declared", DECLARED)
def test_no_declared_text_moves_what_stands_before_or_after_it(right_to_left, declared):
    said = SAY("sheet.record", record=declared, n=3, total=7)
    assert said.startswith(declared)
    after = said[len(declared) :]
    found = seen(text.escape(said))
    assert found.startswith(seen(text.escape(after)))  # the rest at the left, as without it
    rest = found[len(seen(text.escape(after))) :]
    assert sorted(rest) == sorted(seen(text.escape(declared)))


@pytest.mark.parametrize("declared", DECLARED)
def test_a_field_stays_in_its_place_in_a_list_of_fields(right_to_left, declared):
    before, after = SAY("fact.consignor_name", value="AA"), SAY("fact.quantity", value=9)
    row = SAY.listed([before, declared, after])
    found = seen(text.escape(row))
    assert found.endswith("AA :نم") and found.startswith("9 ةيمكلا")


ANY = st.text(st.one_of(st.sampled_from("+-()5Aا٣ .%,\u2069\u2067"), st.characters()), max_size=9)


@given(declared=ANY)
def test_nothing_that_can_be_typed_moves_the_fields_beside_it(declared):
    text.direct(True)
    before, after = SAY("fact.consignor_name", value="AA"), SAY("fact.quantity", value=9)
    found = seen(text.escape(SAY.listed([before, declared, after])))
    text.direct(False)
    assert found.endswith("AA :نم") and found.startswith("9 ةيمكلا")


def test_characters_that_reorder_are_named_on_this_page_too(right_to_left):
    for one in "\u202e\u2068\u2069\u2067\u200f\u061c\u2029":
        assert one not in text.escape(f"pins {one} مسامير")
        assert f"[U+{ord(one):04X}]" in plain(f"pins {one}")
        assert one not in text.cell(f"pins {one}")


def test_an_attribute_holds_no_tag(right_to_left):
    assert text.attribute("تجريبي DEMO <b>") == "تجريبي DEMO &lt;b&gt;"


def test_a_page_from_the_left_is_written_as_it_was():
    assert text.escape("+96 مسامير M6") == "+96 مسامير M6"
    assert text.option("مسامير M6") == "مسامير M6"
    assert (text.cell("مسامير M6"), text.cell("M6")) == ("\u200eمسامير M6", "M6")  # from the left
    assert text.mark("◆ x") == "◆ x"


def test_words_marked_in_what_is_declared_stay_one_text(right_to_left):
    assert text.marked("spring kit", [(0, 6)]) == "<mark>spring</mark> kit"


def test_columns_of_a_list_stand_the_other_way_round():
    assert lists.order(SAY, ["lane", "points", "left"]) == ["left", "points", "lane"]
    assert lists.order(words.of("fr"), ["lane", "points"]) == ["lane", "points"]
    assert (lists.words_at(SAY), lists.figures_at(SAY)) == ("right", "left")


def test_the_style_of_the_page_says_its_direction():
    assert ":root{direction:rtl}" in theme.css("light", "ar")
    assert "direction:rtl" not in theme.css("light", "en")


def test_reasons_are_parted_by_marks_of_the_language(right_to_left):
    term = {"term": "mass", "text": "الوزن 4.2", "points": 96, "norm": "0.8"}
    told = draw.reasons(SAY, 96, [term], [], None)
    assert "؛ <span" in told and "+96</em>" in told and "; " not in told


def test_a_time_left_in_a_cell_reads_from_the_right(right_to_left):
    assert seen(text.cell(SAY("span.days", days=1, hours=3))) == "س 3 ي 1"
