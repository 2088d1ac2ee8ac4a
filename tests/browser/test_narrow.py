"""A narrow screen shows the whole words of the filters, and the buttons of the alert."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from riskprofile import words
from tests.browser.test_shift import press

WIDTHS = (1024, 1280, 1366)
# What of the filters shows less than it holds, or stands outside the window.
CUT = """() => [...document.querySelectorAll('.st-key-filters button, .st-key-search input')]
  .filter((one) => {
    const pen = document.createElement('canvas').getContext('2d');
    pen.font = getComputedStyle(one).font;
    const { left, right } = one.getBoundingClientRect();
    const { paddingLeft, paddingRight } = getComputedStyle(one);
    const room = one.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    const parts = [one, ...one.querySelectorAll('*')];
    return left < 0 || right > innerWidth || pen.measureText(one.placeholder ?? '').width > room
      || parts.some((part) => part.clientWidth && part.scrollWidth > part.clientWidth + 1);
  }).map((one) => one.innerText || one.placeholder)"""


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("own_view", [False, True])
def test_no_word_of_the_filters_is_cut_and_the_alerts_buttons_are_in_sight(
    served, visit, language, own_view
):
    served.refill(blind=("Karaoke unit, gift",) if own_view else ())
    page = visit("officer-14", locale=language)
    expect(page.locator(".st-key-next button")).to_be_visible()
    press(page, "n")
    refer = page.locator("[class*=st-key-do-refer-] button")
    expect(refer).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        expect(page.locator(".st-key-filters")).to_be_visible()
        assert page.evaluate(CUT) == [], width
        foot, button = page.locator(".rp-foot").bounding_box(), refer.bounding_box()
        assert foot is not None and button is not None
        assert button["y"] + button["height"] <= foot["y"] + 1, width
    page.set_viewport_size({"width": 1366, "height": 768})
