"""Double clicks, reloads, the way back and a second tab on one decision: it is made once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

from playwright.sync_api import expect
from sqlalchemy import func, select

from riskprofile.services import identity, review
from riskprofile.store import alert_tables, office_tables
from riskprofile.store.database import Store
from tests.browser import home
from tests.browser.rest import PAUSE
from tests.browser.test_fast_keys import Line
from tests.browser.test_shift import REASON, button, open_row, press, reference, settled

SEEN = {"outcome": "nothing", "methods": ["opened"]}


def ordered(store: Store, *alerts: int) -> identity.Actor:
    """Who claimed these alerts and ordered a control of each, just now."""
    person, now = identity.Actor("officer-14", "officer", home.OFFICE), datetime.now(UTC)
    for alert in alerts:
        review.alert(store, person, alert, now)
        review.claim(store, person, alert, now)
        review.decide(store, person, alert, "examine", REASON, now)
    return person


def test_a_decision_is_made_once_whatever_is_clicked_again(served, visit):
    store = served.store()
    with store.read() as connection:  # the chain keeps what was told of any test before
        before = connection.execute(select(func.max(office_tables.Audit.sequence))).scalar_one()
    page = visit("officer-14")
    open_row(page, 0)
    expect(reference(page)).to_have_text("PX-2026-104417")
    expect(button(page, "Refer")).to_be_visible()  # the page listens to keys from then on
    press(page, "a")
    expect(page.locator(".st-key-alert_line")).to_contain_text("yours to")
    other = page.context.new_page()  # a second tab, on the same alert
    other.goto(page.url)
    expect(reference(other)).to_have_text("PX-2026-104417")
    third = page.context.new_page()  # and one that will decide something else
    third.goto(page.url)
    for tab, key in ((page, "i"), (other, "i"), (third, "s")):
        expect(button(tab, "Refer")).to_be_visible()
        press(tab, key)
        tab.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Record decision").dblclick()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    other.get_by_role("button", name="Record decision").click()
    third.get_by_role("button", name="Record decision").click()
    expect(third.get_by_role("dialog").locator(".rp-strip")).to_contain_text(
        "Officer-14 decided this alert meanwhile (examine)"
    )
    other.wait_for_timeout(PAUSE)
    page.reload()
    expect(button(page, "Record outcome")).to_be_visible()
    page.goto(served.url + "/sightings")
    page.go_back()
    expect(reference(page)).to_have_text("PX-2026-104417")
    with store.read() as connection:
        decisions = connection.execute(select(func.count()).select_from(alert_tables.Decision))
        told = connection.execute(
            select(func.count())
            .select_from(office_tables.Audit)
            .where(office_tables.Audit.sequence > before)
            .where(office_tables.Audit.action == "alert.decide")
            .where(office_tables.Audit.actor == "officer-14")
        )
        counts = (decisions.scalar_one(), told.scalar_one())
    store.close()
    assert counts == (1, 1)


def test_a_second_click_sends_the_outcome_of_no_other_control(served, visit):
    store, now = served.store(), datetime.now(UTC)
    person = ordered(store, 1, 2)
    for alert in (1, 2):
        review.save_draft(store, person, f"outcome:{alert}", SEEN, now)
    line = Line(visit, "/outcome?alert=1")
    page = line.page
    settled(page)
    place = button(page, "Send to second person").bounding_box()
    assert place is not None
    line.late = True
    for _ in range(2):
        page.mouse.click(place["x"] + 9, place["y"] + 9)
        line.rest()  # the server has the second open
    line.draw()
    expect(page.locator(".rp-strip")).to_contain_text("A second person confirms it")
    expect(page.locator("h1")).to_contain_text("PX-2026-104502")
    with store.read() as connection:
        sent = connection.execute(select(alert_tables.Outcome.alert_id)).scalars().all()
    store.close()
    assert sent == [1]


def test_what_is_typed_of_a_control_is_there_again_after_another_and_after_the_queue(served, visit):
    store = served.store()
    person = ordered(store, 1, 2)
    page = visit("officer-14", "/outcome?alert=1")
    packaging, number = page.get_by_label("Packaging"), page.get_by_label("Seizure number")
    expect(packaging).to_be_visible()
    settled(page)
    packaging.fill("one box")
    packaging.press("Enter")
    expect(page.locator(".rp-page")).to_contain_text("Draft saved")
    choice = page.locator(".st-key-outcome_of input")
    for n, record in ((1, "PX-2026-104502"), (0, "PX-2026-104417")):
        choice.click()
        page.get_by_role("option").nth(n).click()
        expect(page.locator("h1")).to_contain_text(record)
        settled(page)
    expect(packaging).to_have_value("one box")
    page.locator(".st-key-to-queue button").click()
    expect(page.locator(".st-key-filters")).to_be_visible()
    page.go_back()
    expect(packaging).to_have_value("one box")
    settled(page)
    number.fill("XM-1")
    number.press("Enter")
    settled(page)
    kept = review.draft(store, person, "outcome:1")
    assert (kept["seizure_number"], kept["packaging"]) == ("XM-1", "one box")
    store.close()


def test_a_form_stays_where_it_is_when_the_undo_of_another_alert_runs_out(served, visit):
    store = served.store()
    ordered(store, 2)
    store.close()
    page = visit("officer-14", "/outcome?alert=2")
    form = page.locator(".st-key-line_found")
    expect(form).to_be_visible()
    page.get_by_role("link", name="Queue").click()
    open_row(page, 0)
    expect(button(page, "Refer")).to_be_visible()
    press(page, "i")
    page.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Record decision").click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    page.get_by_role("link", name="Outcome").click()
    expect(page.locator("h1")).to_contain_text("PX-2026-104502")
    settled(page)
    before = form.bounding_box()
    expect(undo).to_have_count(0)
    settled(page)
    assert abs(form.bounding_box()["y"] - before["y"]) < 1
    # No empty band: what was done is still read.
    strips = page.locator(".st-key-strips")
    expect(strips).to_contain_text("Examine: PX-2026-104417")
    expect(strips).to_contain_text("a supervisor reopens")


def test_clicks_that_follow_each_other_at_once_are_those_of_one_window(served, visit):
    store = served.store()
    ordered(store, 1)
    store.close()
    page = visit("officer-14", "/outcome?alert=1")
    methods = page.locator(".st-key-line_methods button")
    expect(methods.first).to_be_visible()
    settled(page)
    for wait in range(0, 160, 4):  # ms: so the next click comes at each step of what the last began
        methods.nth(wait // 4 % 3).evaluate("(one) => one.click()")
        page.wait_for_timeout(wait)
    settled(page)
    expect(page.locator(".rp-strip")).to_have_count(0)


def test_two_windows_on_one_draft_lose_nothing_of_each_other_unasked(served, visit):
    store = served.store()
    person = ordered(store, 1)
    page = visit("officer-14", "/outcome?alert=1")
    other = page.context.new_page()
    other.goto(page.url)
    number = "Seizure number"
    for tab in (page, other):
        expect(tab.get_by_label(number)).to_be_visible()
        settled(tab)
    page.get_by_label(number).fill("XM-1")
    page.get_by_label(number).press("Enter")
    expect(page.locator(".rp-page")).to_contain_text("Draft saved")
    other.get_by_label("Packaging").fill("one box")
    other.get_by_label("Packaging").press("Enter")
    expect(other.locator(".rp-strip")).to_contain_text("changed in another window of yours")
    kept = review.draft(store, person, "outcome:1")
    assert (kept["seizure_number"], kept["packaging"]) == ("XM-1", "")
    other.get_by_role("button", name="Take what was saved there").click()
    expect(other.locator(".rp-strip")).to_have_count(0)  # the form from before is gone as well
    expect(other.get_by_label(number)).to_have_value("XM-1")
    expect(other.get_by_label("Packaging")).to_have_value("")
    other.get_by_label("Packaging").fill("two boxes")
    other.get_by_label("Packaging").press("Enter")
    settled(other)
    page.get_by_label(number).fill("XM-2")
    page.get_by_label(number).press("Enter")
    expect(page.locator(".rp-strip")).to_contain_text("changed in another window of yours")
    page.get_by_role("button", name="Keep what stands here").click()
    expect(page.locator(".rp-strip")).to_have_count(0)
    other.get_by_role("radio", name="Nothing").click()
    expect(other.locator(".rp-strip")).to_contain_text("changed in another window of yours")
    other.get_by_role("button", name="Send to second person").click()
    settled(other)
    expect(other.locator(".rp-strip")).to_have_count(1)  # and not that it was sent, or refused
    kept = review.draft(store, person, "outcome:1")
    assert (kept["seizure_number"], kept["packaging"]) == ("XM-2", "")
    store.close()


def test_while_another_program_writes_a_page_says_so_and_the_same_works_again(served, visit):
    """A run's last transaction on SQLite: whoever opens an alert waits, and is told."""
    page = visit("officer-09")
    expect(button(page, "Next")).to_be_visible()
    with closing(sqlite3.connect(served.folder / "riskprofile.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        open_row(page, 8)
        expect(page.get_by_text("Still working: nothing is lost.")).to_be_visible()
        expect(page.get_by_text("A large list is being stored")).to_be_visible()
        expect(page.locator("body")).not_to_contain_text(str(served.folder))
        other.execute("ROLLBACK")
    page.get_by_role("button", name="Try again").click()
    expect(button(page, "Refer")).to_be_visible()
    expect(page.get_by_text("Still working: nothing is lost.")).to_be_hidden()
