"""Papers of an open alert, as a browser receives them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.test_pages import opened
from tests.browser.test_shift import button, press


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
