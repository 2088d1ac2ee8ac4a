"""The exporters' page as somebody uses it: without script or mouse, in any language, at 200 %."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from riskprofile import words
from tests.browser.test_axe import SCHEMES, checked, faults
from tests.services.test_checking import table

PATH = "/check-declaration"
SMALL = {"width": 683, "height": 384}  # 1366x768 at 200 %


# Each language, in one theme here and in the other in the long suite.
DEALT = [
    pytest.param(scheme, language, marks=[pytest.mark.slow] if (n + m) % 2 else [])
    for n, scheme in enumerate(SCHEMES)
    for m, language in enumerate(words.LANGUAGES)
]


@pytest.mark.parametrize(("scheme", "language"), DEALT)
def test_axe_finds_nothing_empty_with_faults_or_after_a_file(visit, scheme, language):
    page = visit(None, PATH, color_scheme=scheme, locale=language)
    assert faults(page) == []
    checked(page)
    assert faults(page) == []
    page.set_input_files(
        "#file",
        files=[{"name": "x.csv", "mimeType": "text/csv", "buffer": table(20, currency="euros")}],
    )
    page.locator("form:has(#file) button").click()
    expect(page.locator(".answer .lines").first).to_be_visible()
    assert faults(page) == []
    assert page.foreign == []
    assert page.context.cookies() == []


def test_it_works_by_keys_without_script(visit):
    page = visit(None, PATH, java_script_enabled=False)
    for _ in range(len(words.LANGUAGES) - 1):  # the languages come first
        page.keyboard.press("Tab")
    for typed in ("X-1", "9302", "KE", "pistols as in the contract"):
        page.keyboard.press("Tab")
        page.keyboard.type(typed)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text("Firearms Protocol")
    expect(page.locator("#goods_description")).to_have_value("pistols as in the contract")
    page.locator(".answer a").first.press("Enter")
    assert page.url.partition("#")[2]
    expect(page.locator(f"#{page.url.partition('#')[2]}")).to_be_visible()


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_nothing_leaves_the_window_at_twice_the_size(visit, language):
    page = visit(None, PATH, locale=language)
    page.set_viewport_size(SMALL)
    checked(page)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1366, "height": 768})
    assert wide <= SMALL["width"]
