"""Papers of an open alert, as a browser receives them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from app import words
from app.installation import LANGUAGE_COOKIE
from tests.browser.test_pages import opened
from tests.browser.test_shift import button, press, settled

# The size of Streamlit's own words, and what stands there instead.
SHOWN = "(one) => [getComputedStyle(one).fontSize, getComputedStyle(one, '::after').content]"


def test_the_sheet_is_printed_by_its_key_and_the_explanation_from_the_timeline(served, visit):
    page = opened(visit("officer-14"))
    expect(button(page, "Print sheet")).to_be_visible()
    with page.expect_download() as sheet:
        press(page, "t")
    assert sheet.value.suggested_filename == "sheet-PX-2026-104417.pdf"
    assert Path(sheet.value.path()).read_bytes().startswith(b"%PDF-")
    page.get_by_role("tab", name="Timeline").click()
    with page.expect_download() as paper:
        button(page, "Explanation for the person concerned").click()
    assert Path(paper.value.path()).read_bytes().startswith(b"%PDF-")
    page.reload()
    page.get_by_role("tab", name="Timeline").click()
    expect(page.locator(".st-key-alert_body")).to_contain_text("Sheet printed")
    expect(page.locator(".st-key-alert_body")).to_contain_text("Explanation made")
    assert page.foreign == []


def test_that_a_paper_was_not_made_is_said_in_the_language_of_the_page(served, visit):
    page, say = opened(visit("officer-14")), words.of("fr")
    page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": "fr", "url": served.url}])
    page.reload()
    expect(button(page, say("sheet.print"))).to_be_visible()
    settled(page)
    store = served.store()
    said = page.get_by_test_id("stDownloadButtonError")
    with store.write():  # nobody else can write down that it was printed
        press(page, "t")
        expect(said).to_be_visible()
        shown = said.evaluate(SHOWN)
        assert shown == ["0px", f'"{say("paper.failed")}"']
    store.close()
    logged = (served.folder / "server.log").read_text()
    assert "Busy at " in logged and "locked by another program" not in logged
    with page.expect_download():
        press(page, "t")
    assert page.foreign == []
