"""One shift in a real browser: from the ranked list to a label, by two people."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from riskprofile.services import identity, review
from riskprofile.store import alert_tables, office_tables
from tests.browser import home
from tests.browser.conftest import SLOW, Served
from tests.browser.rest import PAUSE, at_rest

REASON = "Each piece weighs 10 g; the wording does not settle what they are"
HEAD, ROW = 32, 58  # pixels of the list's header and rows


def press(page: Page, key: str) -> None:
    """Press the key of a button when the page is at rest, as a person does."""
    settled(page)
    page.keyboard.press(key)


def open_row(page: Page, row: int) -> None:
    """Click the row of the list, as a person does: somewhere in its text."""
    grid = page.locator("[class*=st-key-list-] [data-testid=stDataFrame]")
    grid.locator("[role=row]").nth(1).wait_for(state="attached")  # it has its rows
    settled(page)
    grid.click(position={"x": 240, "y": HEAD + ROW * row + ROW // 2})


def reference(page: Page) -> Any:
    """The open alert's reference."""
    return page.locator(".st-key-alert_head b").first


def button(page: Page, name: str) -> Any:
    """A button by its first words: the key stands after them."""
    return page.get_by_role("button", name=name)


def settled(page: Page) -> None:
    """Wait until the page is drawn: a key pressed while it is drawn anew may go nowhere."""
    at_rest(page, drawn=True)


def waited(page: Page, pause: int) -> None:
    """Wait so many milliseconds, and then until the page is at rest."""
    page.wait_for_timeout(pause)
    at_rest(page)


def until_kept(page: Page, served: Served, text: str) -> None:
    """Wait for a draft of just this reason."""
    until = time.monotonic() + SLOW / 1000
    while True:
        store = served.store()
        with store.read() as connection:
            drafts = connection.execute(select(office_tables.Draft.content)).scalars()
            kept = [one["reason"] for one in drafts]
        store.close()
        if kept == [text]:
            return
        assert time.monotonic() < until, f"kept is {kept}, typed was {text!r}"
        page.wait_for_timeout(100)


def test_an_alert_is_claimed_decided_examined_and_confirmed_and_becomes_a_label(served, visit):
    first = visit("officer-14")
    open_row(first, 0)
    expect(reference(first)).to_have_text("PX-2026-104417")
    expect(first.locator("h1.rp-h1")).to_contain_text("Rated red because")
    expect(first.locator(".st-key-alert")).to_contain_text("= 412")
    expect(first.locator("mark").first).to_be_visible()

    expect(button(first, "Refer")).to_be_visible()
    press(first, "a")
    expect(first.locator(".st-key-alert_line")).to_contain_text("yours to")
    expect(button(first, "Claim")).to_be_hidden()
    press(first, "i")
    first.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    first.get_by_role("button", name="Record decision").click()
    expect(first.get_by_role("button", name="Undo")).to_be_visible()
    expect(button(first, "Record outcome")).to_be_visible()
    press(first, "o")

    first.get_by_role("radio", name="Firearms trafficking").click()
    button(first, "Opened and counted").click()
    add_item(first, "Part", "Firing pin")
    for place, answer in ((0, "Yes"), (4, "No")):  # what a piece weighs; that code and words agree
        choice = first.locator(f"[class*=st-key-held-][class*='-{place} ']")
        choice.get_by_role("radio", name=answer).click()
        expect(choice.get_by_role("radio", name=answer)).to_be_checked()
    settled(first)
    first.reload()  # the draft has them
    expect(choice.get_by_role("radio", name="No")).to_be_checked()
    first.get_by_role("button", name="Send to second person").click()
    expect(first.locator(".rp-strip")).to_contain_text("A second person confirms it")

    second = visit("officer-09", "/second")
    expect(second.locator(".rp-stack li")).to_contain_text("Firing pin")
    for reason, answer in (("Each piece weighs 10 g", "Yes"), ("HS code and wording agree", "No")):
        told = second.locator(".rp-told tr", has_text=reason)
        expect(told.locator("td").last).to_have_text(answer)
    second.get_by_role("button", name="Confirm").click()
    expect(second.locator(".rp-strip")).to_contain_text("Confirmed: PX-2026-104417")
    assert first.foreign == second.foreign == []

    store = served.store()
    with store.read() as connection:
        label = connection.execute(select(alert_tables.Label)).mappings().one()
        outcome = connection.execute(select(alert_tables.Outcome)).mappings().one()
    store.close()
    assert (label["record_id"], label["value"]) == ("PX-2026-104417", 1)
    assert (outcome["officer"], outcome["confirmed_by"]) == ("officer-14", "officer-09")

    analyst = visit("analyst-05", "/models")
    analyst.get_by_role("radio", name="Watch").click()
    held = analyst.locator(".rp-card", has_text="Did the reasons hold?")
    for term, figures in (
        ("kg_per_unit", ["1", "1", "0", "0", "100 (21 to 100)"]),
        ("hs_text", ["1", "0", "0", "1", "0 (0 to 79)"]),
        ("freight", ["1", "0", "0", "0", ""]),  # which nobody looked at
    ):
        row = held.locator("tr", has_text=term)
        expect(row.locator("td")).to_have_text([term, *figures])


def test_an_outcome_that_was_given_up_is_empty_on_the_screen_and_in_the_draft(served, visit):
    page = visit("officer-14")
    open_row(page, 0)
    expect(button(page, "Refer")).to_be_visible()
    press(page, "a")
    expect(page.locator(".st-key-alert_line")).to_contain_text("yours to")
    press(page, "i")
    page.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Record decision").click()
    expect(button(page, "Record outcome")).to_be_visible()
    press(page, "o")
    found = page.get_by_role("radio", name="Firearms trafficking")
    found.click()
    held = page.locator("[class*=st-key-held-][class*='-0 ']").get_by_role("radio", name="Yes")
    held.click()
    expect(held).to_be_checked()
    note = page.get_by_label("In your words")
    note.fill("in a bag of pins")
    note.press("Control+Enter")
    add_item(page, "Part", "Firing pin")
    settled(page)
    expect(page.get_by_text("1 piece")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("1 piece")).to_be_hidden()
    settled(page)
    expect(note).to_have_value("")
    expect(held).not_to_be_checked()
    expect(found).not_to_be_checked()
    held.click()
    settled(page)
    page.reload()
    expect(held).to_be_checked()
    expect(found).not_to_be_checked()
    expect(note).to_have_value("")


def test_a_control_that_was_ordered_a_day_ago_is_recorded_by_whoever_is_there(served, visit):
    store, now = served.store(), datetime.now(UTC)
    person, alerts = (
        identity.Actor("officer-09", "officer", home.OFFICE),
        alert_tables.Alert.__table__,
    )
    review.alert(store, person, 1, now)
    review.claim(store, person, 1, now)
    review.decide(store, person, 1, "examine", REASON, now)
    with store.write() as connection:
        connection.execute(update(alerts).where(alerts.c.id == 1).values(lease_until=now))
    store.close()
    page = visit("officer-14", "/?alert=1")
    expect(button(page, "Record outcome")).to_be_visible()
    expect(page.locator(".st-key-alert_line")).to_contain_text("free")
    press(page, "o")
    expect(page.locator("h1")).to_contain_text("Outcome of PX-2026-104417")
    gone = visit("officer-09", "/?alert=1")
    expect(gone.locator(".st-key-alert_line")).to_contain_text("officer-14")
    expect(button(gone, "Record outcome")).to_be_disabled()
    mine = visit("officer-14", "/?alert=1")
    expect(button(mine, "Give back")).to_be_visible()
    page.get_by_role("radio", name="Nothing").click()
    button(page, "Opened and counted").click()
    button(page, "Send to second person").click()
    expect(page.locator(".rp-strip")).to_contain_text("A second person confirms it")


def test_an_item_without_a_kind_is_kept_in_the_draft_and_refused_by_its_row(served, visit):
    page = visit("officer-14")
    open_row(page, 0)
    expect(button(page, "Refer")).to_be_visible()
    press(page, "i")
    page.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Record decision").click()
    expect(button(page, "Record outcome")).to_be_visible()
    press(page, "o")
    page.get_by_role("radio", name="Firearms trafficking").click()
    button(page, "Opened and counted").click()
    type_cells(page, (170, 0, ""), (170, 0, "Firing pin"))  # a row is there from the first click
    page.get_by_role("button", name="Send to second person").click()
    expect(page.locator(".rp-strip")).to_contain_text("Row 1 of the items has no kind")
    store = served.store()
    with store.read() as connection:
        drafts = [
            str(one) for one in connection.execute(select(office_tables.Draft.content)).scalars()
        ]
        sent = connection.execute(select(alert_tables.Outcome.id)).all()
    store.close()
    assert any("Firing pin" in one for one in drafts)
    assert sent == []


def add_item(page: Page, kind: str, part: str) -> None:
    """Type one row into the table of items."""
    type_cells(page, (70, 0, kind), (170, 0, part))


def type_cells(page: Page, *cells: tuple[int, int, str]) -> None:
    """Type into the first row of the table of items.

    Of each cell: where one is clicked, how many cells further to the right it is, and what it gets.
    A busy machine may lose a key: what stands in the cell decides, and each try waits longer for
    the table than the one before, the first until it is at rest.
    """
    grid = page.locator("[class*=st-key-items-] [data-testid=stDataFrame]")
    grid.locator("canvas").first.wait_for()
    for x, moves, typed in cells:
        for pause in range(0, 6 * PAUSE, PAUSE):
            waited(page, pause)
            grid.click(position={"x": x, "y": 48})
            for _ in range(moves):
                page.keyboard.press("ArrowRight")
            waited(page, pause)
            page.keyboard.press("Enter")
            waited(page, pause)
            page.keyboard.type(typed)
            waited(page, pause)
            page.keyboard.press("Enter")
            waited(page, pause)
            if grid.locator("[role=gridcell]", has_text=typed).count():
                break
        else:
            raise AssertionError(f"the table takes no {typed!r}")
