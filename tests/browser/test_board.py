"""The supervisor's board in a real browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from playwright.sync_api import expect
from sqlalchemy import update

from riskprofile.store import tables
from tests.browser.home import LATER, days_before
from tests.browser.test_pages import opened, owners
from tests.browser.test_shift import button


def test_a_supervisor_tries_a_number_of_examinations_and_sets_it(served, visit):
    page = visit("supervisor-03", "/board")
    card = page.locator(".st-key-capacity")
    expect(card).to_contain_text("nowhere: all open alerts are reached")
    expect(button(page, "Set for this office")).to_be_disabled()
    card.locator("input").fill("4")
    card.locator("input").press("Enter")
    expect(card).to_contain_text("351 points")
    expect(card).to_contain_text("◆ Red 4, ▲ Yellow 0")
    expect(card).to_contain_text("not known yet")
    button(page, "Set for this office").click()
    expect(page.locator(".rp-strip").first).to_contain_text("4 examinations a day")
    expect(page.locator(".rp-kpi")).to_contain_text("0 of 4")


def test_the_board_tells_why_fewer_are_red_than_can_be_examined(served, visit):
    page = visit("supervisor-03", "/board")
    card = page.locator(".st-key-capacity")
    expect(card).to_contain_text("no earlier days are known yet")
    store = served.store()
    days_before(store, datetime.now(UTC))
    alerts = tables.Alert.__table__
    with store.write() as connection:
        connection.execute(update(alerts).values(red_from=-12))
    store.close()
    page.reload()
    offices = page.locator(".rp-card").first
    expect(offices).to_contain_text("−12 points")
    told = card.get_by_role("row", name="Given out today").get_by_role("cell").last
    expect(told).to_have_text(re.compile(r"\d+ of 40"))  # how many are of today, the hour decides
    given = int(told.inner_text().split()[0])
    row = card.get_by_role("row", name="Kept for what still comes today")
    expect(row).to_contain_text(f"{40 - given}: about {LATER} more declarations usually come")
    card.locator("input").fill(str(given))
    card.locator("input").press("Enter")
    expect(row).to_contain_text("none: all are given out")


def test_a_supervisor_gives_an_alert_to_an_officer(served, visit):
    page = opened(visit("supervisor-03"))
    page.get_by_role("tab", name="Timeline").click()
    field = page.get_by_label("Give this alert to")
    field.fill("officer-09")
    field.press("Enter")
    button(page, "Assign").click()
    expect(page.locator(".rp-strip").first).to_contain_text("officer-09 has this alert now")
    assert owners(served) == {"PX-2026-104417": "officer-09"}
