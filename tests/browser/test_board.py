"""The supervisor's board in a real browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from playwright.sync_api import expect
from sqlalchemy import update

from riskprofile.services import review
from riskprofile.services.rights import Actor
from riskprofile.store import alert_tables
from tests.browser.home import LATER, OFFICE, days_before
from tests.browser.test_axe import faults
from tests.browser.test_pages import opened, owners
from tests.browser.test_shift import button, press, reference, settled


def test_a_supervisor_tries_a_number_of_examinations_and_sets_it(served, visit):
    page = visit("supervisor-03", "/board")
    card = page.locator(".st-key-capacity")
    buys = page.locator(".rp-card", has_text="buys")
    expect(card).to_contain_text("40 today: all open alerts are reached")
    expect(card).to_contain_text("not known yet: 0 of 200 examined outcomes, 0 of 30 finds")
    expect(card.locator("canvas, svg.marks").first).to_be_visible()
    expect(button(page, "Set from today")).to_be_disabled()
    field, slider = card.locator("input[type=number]"), card.get_by_role("slider")
    field.fill("4")
    field.press("Enter")
    expect(card).to_contain_text("4 today: cut at 351 points")
    expect(card).to_contain_text("was 40")
    expect(buys).to_contain_text("What 4 buys")
    expect(buys).to_contain_text("◆ Red 4, ▲ Yellow 0")
    expect(buys).to_contain_text("◆ Red 2, ▲ Yellow 5, 133 to 338 points of 7 in all")
    expect(buys).to_contain_text("not known yet")
    expect(slider).to_have_value("4")
    slider.focus()
    slider.press("ArrowRight")
    expect(card).to_contain_text("5 today: cut at 338 points")
    expect(field).to_have_value("5")
    chart = card.locator("[data-testid=stVegaLiteChart]")
    expect(chart).to_have_attribute("aria-label", re.compile("^5 today: cut at 338"))
    for _ in range(5):  # a key that is held down: the page is drawn in between
        slider.press("ArrowRight")
        page.wait_for_timeout(150)
    expect(card).to_contain_text("10 today")
    expect(field).to_have_value("10")
    expect(buys).to_contain_text("What 10 buys")
    expect(chart).to_have_attribute("aria-label", re.compile("^10 today"))
    expect(page.locator(".rp-kpi")).to_contain_text("0 of 40")  # nothing is kept before it is set
    field.fill("5")
    button(page, "Set from today").click()  # the field is left by the click
    expect(page.locator(".rp-strip").first).to_contain_text("5 examinations a day")
    expect(page.locator(".rp-kpi")).to_contain_text("0 of 5")
    expect(button(page, "Set from today")).to_be_disabled()
    assert page.foreign == []


def test_what_is_wider_than_a_narrow_window_is_moved_by_keys(served, visit):
    page = visit("supervisor-03", "/board")
    page.set_viewport_size({"width": 768, "height": 768})
    wide = page.get_by_role("region", name="Own view first, 90 days")
    expect(wide).to_contain_text("not known yet")
    settled(page)
    assert wide.evaluate("one => one.scrollWidth > one.clientWidth")
    assert faults(page) == []


def test_overrides_are_told_by_reason_and_their_list_opens_by_a_key(served, visit):
    store, now = served.store(), datetime.now(UTC)
    officer = Actor("officer-14", "officer", OFFICE)
    (first, *_) = review.queue(store, officer, review.QueueFilter("shipment"), now).rows
    review.alert(store, officer, first.id, now)
    review.claim(store, officer, first.id, now)
    review.decide(store, officer, first.id, "scan", "an image <b>first</b>", now)
    store.close()
    page = visit("supervisor-03", "/board")
    card = page.locator(".st-key-overrides")
    expect(card).to_contain_text("1 of 1 decisions")
    expect(card.get_by_role("row").nth(1)).to_contain_text("◆ Red, scan")
    expect(card.get_by_role("row").nth(1)).to_contain_text("an image <b>first</b>")
    marks = page.locator(".rp-card", has_text="Automation bias")
    expect(marks).to_contain_text("agreed: 70 to 95 %")
    expect(marks).to_contain_text("too few")
    press(page, "o")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("officer-14")
    expect(dialog.get_by_role("link", name=first.record_id)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    press(page, "o")
    dialog.get_by_role("link", name=first.record_id).click()
    expect(reference(page)).to_have_text(first.record_id)
    assert page.foreign == []


def test_the_board_tells_why_fewer_are_red_than_can_be_examined(served, visit):
    page = visit("supervisor-03", "/board")
    card = page.locator(".st-key-capacity")
    expect(card).to_contain_text("no earlier days are known yet")
    store = served.store()
    days_before(store, datetime.now(UTC))
    alerts = alert_tables.Alert.__table__
    with store.write() as connection:
        connection.execute(update(alerts).values(red_from=-12))
    store.close()
    page.reload()
    offices = page.locator(".rp-card", has_text="Waiting, by office")
    expect(offices).to_contain_text("−12 points")
    told = card.locator(".rp-kept b").first
    expect(told).to_have_text(re.compile(r"\d+ of 40"))  # how many are of today, the hour decides
    given = int(told.inner_text().split()[0])
    row = card.locator(".rp-kept")
    expect(row).to_contain_text(f"{40 - given}: about {LATER} more declarations usually come")
    card.locator("input[type=number]").fill(str(given))
    card.locator("input[type=number]").press("Enter")
    expect(row).to_contain_text("none: all are given out")


def test_a_supervisor_gives_an_alert_to_an_officer(served, visit):
    page = opened(visit("supervisor-03"))
    page.get_by_role("tab", name="Timeline").click()
    field = page.get_by_label("Give this alert to")
    field.fill("officer-09")
    field.press("Enter")
    button(page.locator(".st-key-alert"), "Assign").click()
    expect(page.locator(".st-key-small_undo")).to_contain_text("officer-09 has this alert now")
    assert owners(served) == {"PX-2026-104417": "officer-09"}
