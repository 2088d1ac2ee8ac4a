"""Raising an alert by hand on the page."""

from __future__ import annotations

from playwright.sync_api import expect

from riskprofile.store import alert_tables
from tests.browser.test_records import RECORD, rated
from tests.browser.test_shift import button, reference


def test_an_officer_raises_an_alert_on_a_declaration_that_no_list_brought_up(served, visit):
    store = served.store()
    rated(store)
    with store.write() as connection:
        connection.execute(alert_tables.Alert.__table__.delete())
    store.close()
    page = visit("officer-14")
    button(page, "Raise by hand").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Declaration number").fill(RECORD)
    dialog.get_by_label("Reason").fill("too short")
    button(dialog, "Raise the alert").click()
    expect(dialog.locator(".rp-strip")).to_contain_text("at least 20 characters")
    dialog.get_by_label("Reason").fill("the driver could not name the consignee")
    button(dialog, "Raise the alert").click()
    expect(reference(page)).to_have_text(RECORD)
    expect(page.locator("h1.rp-h1")).to_contain_text("officer-14 raised it by hand")
    expect(page.locator(".st-key-list_head")).to_contain_text("1 open")
