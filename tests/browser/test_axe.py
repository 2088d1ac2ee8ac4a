"""Accessibility: axe finds nothing on any page."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from riskprofile import words
from tests.browser.rest import at_rest
from tests.browser.test_shift import press, settled

# What Streamlit 1.67 draws and no page of ours can change: the rule, and a mark of its own tag.
KNOWN: dict[str, str] = {
    # What a file is dropped on has no role, but the name of the field; its button has both.
    "presentation-role-conflict": 'data-testid="stFileUploaderDropzone"',
}


def faults(page: Page) -> list[str]:
    """What axe finds, one line a place."""
    at_rest(page)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} | {node['failureSummary'][:300]}"
        for rule in found
        for node in rule["nodes"]
        if rule["id"] not in KNOWN or KNOWN[rule["id"]] not in node["html"].split(">", 1)[0]
    ]


# What is done first, by keys and places: the same in every language.


def ordered(page: Page) -> None:
    """The form of an outcome, after its control was ordered."""
    alert(page)
    press(page, "i")
    page.get_by_role("dialog").locator("textarea").fill("The wording does not settle it")
    page.locator(".st-key-reason-save button").click()
    expect(page.locator("[class*=st-key-outcome-] button")).to_be_visible()
    press(page, "o")
    expect(page.locator("[class*=st-key-send-outcome-] button")).to_be_visible()


def alert(page: Page) -> None:
    """The first alert, open."""
    expect(page.locator(".st-key-next button")).to_be_enabled()
    press(page, "n")
    expect(page.locator("[class*=st-key-do-refer-] button")).to_be_visible()


def tab(number: int) -> Any:
    """The first alert with this tab of it open."""

    def opened(page: Page) -> None:
        alert(page)
        page.get_by_role("tab").nth(number).click()

    return opened


def view(number: int) -> Any:
    """One of the views of the scorecards."""

    def opened(page: Page) -> None:
        page.locator(".st-key-models-view [role=radio]").nth(number).click()
        expect(page.locator(".rp-card").first).to_be_visible()

    return opened


def figures(page: Page) -> None:
    """The strip of figures."""
    expect(page.locator(".rp-kpi")).to_be_visible()


def dialog(page: Page) -> None:
    """The reason of a decision."""
    alert(page)
    press(page, "l")
    expect(page.get_by_role("dialog")).to_be_visible()


def snooze(page: Page) -> None:
    """Putting an alert aside."""
    alert(page)
    press(page, "z")
    expect(page.get_by_role("dialog")).to_be_visible()


def several(page: Page) -> None:
    """Giving several alerts to an officer."""
    page.locator(".st-key-assign-several button").click()
    expect(
        page.locator("[role=dialog] [data-testid=stDataFrame] [role=row]").nth(1)
    ).to_be_attached()


def lowered(page: Page) -> None:
    """What would lower an alert, asked for: of an invented one it cannot be said."""
    alert(page)
    press(page, "w")
    expect(page.locator(".rp-why [role=status]")).to_be_visible()


def judged(page: Page) -> None:
    """A case of practice, with what it was."""
    page.locator(".st-key-practice-scan button").click()
    expect(page.locator(".st-key-practice-next")).to_be_visible()


def asked(page: Page) -> None:
    """A case of practice before the choice, a reason named."""
    page.locator(".st-key-practice_ask [data-testid=stCheckbox] label").first.click()
    expect(page.locator(".st-key-practice-scan")).to_be_visible()


def chosen(page: Page, name: str) -> None:
    """An officer of the office, whose record a trainer wants to see."""
    settled(page)
    who = page.locator(".st-key-practice_office").get_by_role("combobox")
    who.click()
    who.press_sequentially(name)
    who.press("Enter")
    settled(page)


def trained(page: Page) -> None:
    """A disagreement being written, and the record of somebody of the office below."""
    judged(page)
    press(page, "d")
    expect(page.locator(".st-key-practice_doubt textarea")).to_be_visible()
    office = page.locator(".st-key-practice_office")
    chosen(page, "officer-09")
    office.locator(".st-key-practice-show button").click()
    expect(office.locator(".rp-card")).to_be_visible()


def heading(page: Page) -> None:
    """A heading in the page."""
    expect(page.locator("[data-testid=stMain] :is(h1, h2)").first).to_be_visible()


def strip(page: Page) -> None:
    """What the page says at its top."""
    expect(page.locator(".rp-strip").first).to_be_visible()


def checked(page: Page) -> None:
    """A declaration checked, with faults of every kind."""
    page.locator("#hs_code").fill("930200")
    page.locator("#gross_mass_kg").fill("1,234")
    page.locator("#gross_mass_kg").press("Enter")
    expect(page.locator(".answer li").first).to_be_visible()


def nothing(page: Page) -> None:
    """Nothing has to be done first."""


PAGES: dict[str, tuple[str | None, str, Any]] = {
    "sign in": (None, "/sign-in", nothing),
    "account": ("officer-14", "/account", nothing),
    "queue": ("officer-14", "/", alert),
    "declaration": ("officer-14", "/", tab(1)),
    "party": ("officer-14", "/", tab(2)),
    "links": ("officer-14", "/", tab(3)),
    "timeline": ("officer-14", "/", tab(4)),
    "no result": ("officer-14", "/?lane=red&queue=compliance", heading),
    "closed": ("officer-14", "/?owner=closed", figures),
    "decision": ("officer-14", "/", dialog),
    "snooze": ("officer-14", "/", snooze),
    "outcome": ("officer-14", "/", ordered),
    "no outcome": ("officer-09", "/outcome", heading),
    "second person": ("officer-09", "/second", heading),
    "batches": ("operator-02", "/", figures),
    "board": ("supervisor-03", "/board", figures),
    "scorecards": ("analyst-05", "/", heading),
    "scorecards of a supervisor": ("supervisor-03", "/models", heading),
    "scorecards, watch": ("analyst-05", "/", view(-1)),
    "masked records": ("supervisor-03", "/masked", heading),
    "audit": ("auditor-01", "/audit", strip),
    "sightings": ("supervisor-03", "/sightings", figures),
    "practice": ("officer-14", "/practice", judged),
    "trends": ("supervisor-03", "/trends", figures),
    "another's page": ("officer-14", "/batches", heading),
    "check": (None, "/check-declaration", nothing),
    "checked": (None, "/check-declaration", checked),
    "what would lower it": ("officer-14", "/", lowered),
    "practice asked": ("officer-14", "/practice", asked),
    "practice of the office": ("supervisor-03", "/practice", trained),
    "assign several": ("supervisor-03", "/", several),
}
SCHEMES = ("light", "dark")
# Here each page once, dealt out over themes and languages; every page in both themes and each
# language: `python -m tests.browser.sweep`. The exporters' page is in `test_exporters`, in each.
# The long suite has what stands on another of these pages as well, or is examined in `test_narrow`.
ELSEWHERE = ("queue", "party", "links", "practice")
DEALT = [
    pytest.param(
        name,
        SCHEMES[n // len(words.LANGUAGES) % 2],  # else a language would have one theme alone
        words.LANGUAGES[n % len(words.LANGUAGES)],
        marks=[pytest.mark.slow] if name in ELSEWHERE else [],
    )
    for n, (name, (_, path, _)) in enumerate(PAGES.items())
    if path != "/check-declaration"
]


@pytest.mark.parametrize(("name", "scheme", "language"), DEALT)
def test_axe_finds_nothing(served, visit, name, scheme, language):
    person, path, prepare = PAGES[name]
    page = visit(person, path, color_scheme=scheme, locale=language)
    prepare(page)
    assert faults(page) == []
    assert page.foreign == []
