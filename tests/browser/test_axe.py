"""Accessibility: axe finds nothing on any page, in both themes."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_pages import opened
from tests.browser.test_shift import PAUSE, button

# What Streamlit 1.67 draws and no page of ours can change, each with its reason.
KNOWN: dict[str, str] = {}


def faults(page: Page) -> list[str]:
    """What axe finds, one line a place."""
    page.wait_for_timeout(PAUSE)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} | {node['failureSummary'][:300]}"
        for rule in found
        if rule["id"] not in KNOWN
        for node in rule["nodes"]
    ]


def ordered(page: Page) -> None:
    """The form of an outcome, after its control was ordered."""
    opened(page)
    page.keyboard.press("i")
    page.get_by_label("Reason").fill("The wording does not settle it")
    button(page, "Record decision").click()
    expect(button(page, "Record outcome")).to_be_visible()
    page.keyboard.press("o")
    expect(button(page, "Send to second person")).to_be_visible()


def signed_in(page: Page) -> None:
    """The batches."""
    expect(page.locator(".rp-kpi")).to_be_visible()


def dialog(page: Page) -> None:
    """The reason of a decision."""
    opened(page)
    page.keyboard.press("l")
    expect(page.get_by_role("dialog")).to_be_visible()


def card(page: Page) -> None:
    """The scorecard that serves."""
    expect(page.get_by_text("What moves the points most")).to_be_visible()


def asked(page: Page) -> None:
    """The form that asks for a masked record."""
    expect(page.get_by_label("Case number")).to_be_visible()


def chain(page: Page) -> None:
    """The chain, checked."""
    expect(page.locator(".rp-strip")).to_contain_text("The chain holds")


def nothing(page: Page) -> None:
    """Nothing has to be done first."""


PAGES: dict[str, tuple[str | None, str, Any]] = {
    "sign in": (None, "/sign-in", nothing),
    "queue": ("officer-14", "/", opened),
    "decision": ("officer-14", "/", dialog),
    "outcome": ("officer-14", "/", ordered),
    "second person": ("officer-09", "/second", nothing),
    "batches": ("operator-02", "/", signed_in),
    "board": ("supervisor-03", "/board", signed_in),
    "scorecards": ("analyst-05", "/", card),
    "masked records": ("supervisor-03", "/masked", asked),
    "audit": ("auditor-01", "/audit", chain),
    "sightings": ("supervisor-03", "/sightings", signed_in),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(served, visit, name, scheme):
    person, path, prepare = PAGES[name]
    page = visit(person, path, color_scheme=scheme)
    prepare(page)
    assert faults(page) == []
