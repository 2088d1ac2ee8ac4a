"""Every page by every role: what is one's own opens, what is another's says whose it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from app.pages import PAGES, home
from riskprofile.store import switches
from tests.browser.conftest import PEOPLE

NAMES = {role: name for name, role in PEOPLE.items()}


@pytest.mark.parametrize("role", NAMES)
def test_every_address_opens_for_its_role_and_says_whose_it_is_to_another(served, visit, role):
    page = visit(NAMES[role], f"/{home(role)}")
    told: list[str] = []
    page.on("console", lambda said: said.type == "error" and told.append(said.text))
    for _, address, roles in PAGES:
        if role not in roles and address not in ("batches", "queue"):
            continue
        page.goto(f"{served.url}/{address}")
        if role in roles:
            expect(page.locator(".st-key-who")).to_contain_text(NAMES[role])
            expect(
                page.locator("[data-testid=stMain] :is(h1, .rp-kpi, .rp-card)").first
            ).to_be_visible()
            expect(page.get_by_text("This page is not for your role")).to_be_hidden()
        else:
            expect(page.get_by_text("This page is not for your role")).to_be_visible()
        assert page.get_by_text("Page not found").count() == 0
        assert page.locator(".rp-strip", has_text="✕").count() == 0
    assert page.foreign == []
    assert told == []


def test_an_address_with_the_number_of_no_alert_leads_to_the_list(served, visit):
    for number in (999_999, 10**30):
        page = visit("officer-14", f"/?alert={number}")
        expect(page.locator(".st-key-list_head")).to_contain_text("11 open")
        assert page.get_by_text("could not be drawn").count() == 0


def test_what_the_watch_found_changed_stands_on_the_pages_of_who_can_act(served, visit):
    store = served.store()
    names = ["feature kg_per_unit", "column hs_code", "score points", "slice office"]
    seen = {"version": "2026.11.2", "alarms": names, "at": datetime.now(UTC).isoformat()}
    with store.write() as connection:
        switches.put(connection, "drift:shipment", seen)
    store.close()
    page = visit("analyst-05")
    strip = page.locator(".rp-strip").first
    expect(strip).to_contain_text("What comes in has changed.")
    expect(strip).to_contain_text("feature kg_per_unit, column hs_code, score points and 1 more")
    officer = visit("officer-14")
    expect(officer.locator(".rp-kpi")).to_be_visible()
    assert officer.get_by_text("What comes in has changed").count() == 0
