"""What is typed before an earlier act is drawn: on a slow line it stays, and it is what counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import expect

from riskprofile.services import identity, review
from riskprofile.store import alert_tables
from tests.browser import home
from tests.browser.rest import PAUSE
from tests.browser.test_fast_keys import Line
from tests.browser.test_pages import arrive
from tests.browser.test_records import RECORD
from tests.browser.test_shift import REASON, button, settled


def number(line: Line) -> Any:
    """The field of the number that is tried."""
    return line.page.locator(".st-key-capacity input[type=number]")


def slider(line: Line) -> Any:
    """The slider of the same number."""
    return line.page.get_by_role("slider")


def click_at_once(line: Line, target: Any) -> None:
    """Click where it is on the screen, whatever is still to be drawn."""
    place = target.bounding_box()
    assert place is not None
    line.page.mouse.click(place["x"] + 9, place["y"] + 9)


def is_set(line: Line, given: str, at_once: bool = True) -> None:
    """Set the number, before anything is drawn if `at_once`: `given` is set, and all shows it."""
    page, to_set = line.page, button(line.page, "Set from today")
    if at_once:
        click_at_once(line, to_set)
        line.rest()
        line.draw()
    else:
        to_set.click()
    expect(page.locator(".rp-strip").first).to_contain_text(f" {given} examinations a day")
    expect(page.locator(".st-key-capacity")).to_contain_text(f"{given} today")
    expect(number(line)).to_have_value(given)
    expect(slider(line)).to_have_value(given)
    settled(page)


def test_the_number_that_was_typed_or_slid_to_last_is_set_however_late_it_is_drawn(served, visit):
    line = Line(visit, "/board", "supervisor-03")
    expect(line.page.locator(".st-key-capacity")).to_contain_text("40 today")

    def type_in(text: str) -> None:
        number(line).fill(text)
        number(line).press("Enter")

    def slide() -> None:
        slider(line).press("ArrowRight")
        line.rest()  # the server has drawn it

    can_be_set = expect(button(line.page, "Set from today"))
    type_in("10")
    can_be_set.to_be_enabled()
    line.late = True
    type_in("5")
    line.rest()
    click_at_once(line, button(line.page, "Set from today"))
    line.rest()
    number(line).press("Control+A")
    line.page.keyboard.type("3")  # before it is told that the other is set
    line.draw()
    expect(line.page.locator(".rp-strip").first).to_contain_text(" 5 examinations a day")
    line.page.keyboard.type("1")
    expect(number(line)).to_have_value("31")
    number(line).press("Enter")
    is_set(line, "31", at_once=False)
    slider(line).press("ArrowRight")
    can_be_set.to_be_enabled()
    line.late = True
    slide()
    is_set(line, "33")
    line.late = True
    slide()
    type_in("9")
    line.rest()
    line.draw()
    is_set(line, "9", at_once=False)
    line.late = True
    slide()
    number(line).fill("3")  # it is left by the click
    line.draw()
    line.page.wait_for_timeout(PAUSE)
    expect(number(line)).to_have_value("3")
    is_set(line, "3", at_once=False)
    line.late = True
    type_in("20")
    line.rest()
    slide()
    line.draw()
    is_set(line, "4", at_once=False)
    type_in("150")  # beyond the slider, which is a longer one then
    is_set(line, "150", at_once=False)


def test_points_of_a_bin_are_counted_step_by_step_and_not_given_again_once_undone(served, visit):
    line = Line(visit, "/models", "analyst-05")
    page = line.page
    points = page.locator("[class*=st-key-points-] input")
    expect(points).to_be_visible()
    settled(page)
    first = int(points.input_value())
    more = page.get_by_role("button", name="Increment")
    by = 1 if more.is_enabled() else -1
    step = more if by == 1 else page.get_by_role("button", name="Decrement")
    line.late = True
    for _ in range(2):
        step.click()
        line.rest()
    line.draw()
    expect(page.locator(".rp-edits td").last).to_contain_text(f"{abs(first + 2 * by)}")
    settled(page)
    expect(points).to_have_value(str(first + 2 * by))
    line.late = True
    button(page, "Undo").click()
    line.rest()
    page.locator(".st-key-terms-find input").press_sequentially("a")
    page.keyboard.press("Enter")  # the browser sends the points of before along
    line.rest()
    line.draw()
    expect(points).to_have_value(str(first + by))
    settled(page)
    expect(points).to_have_value(str(first + by))


def test_words_typed_while_a_dialog_is_drawn_stay_in_their_field(served, visit):
    line = Line(visit, "/")
    page = line.page
    expect(button(page, "Raise by hand")).to_be_visible()
    line.late_from = b"raise-reason"
    button(page, "Raise by hand").click()
    dialog = page.get_by_role("dialog")
    first = dialog.get_by_label("Declaration number")
    first.click()
    page.keyboard.type(RECORD[:6])
    line.rest()
    line.draw()
    expect(dialog.get_by_label("Reason")).to_be_visible()
    page.wait_for_timeout(PAUSE)
    page.keyboard.type(RECORD[6:])
    expect(first).to_have_value(RECORD)
    expect(dialog.get_by_label("Reason")).to_have_value("")


def test_words_stay_in_a_dialog_that_stands_over_an_empty_list_when_an_alert_arrives(served, visit):
    store = served.store()
    with store.write() as connection:
        connection.execute(alert_tables.Alert.__table__.update().values(state="closed"))
    store.close()
    page = visit("officer-14")
    button(page, "Raise by hand").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("the driver could not name")
    arrive(served, "PX-2026-999999")
    for _ in range(2):  # the page hears of it, and counts it
        page.wait_for_event("response", lambda answer: answer.url.endswith("/news"))
    settled(page)
    expect(dialog.get_by_label("Reason")).to_have_value("the driver could not name")
    button(dialog, "Cancel").click()
    expect(page.locator(".st-key-list_head")).to_contain_text("1 open")


def ordered(served: Any) -> tuple[Any, Any]:
    """An officer who has ordered a control, and the store."""
    store, now = served.store(), datetime.now(UTC)
    person = identity.Actor("officer-14", "officer", home.OFFICE)
    review.alert(store, person, 1, now)
    review.claim(store, person, 1, now)
    review.decide(store, person, 1, "examine", REASON, now)
    return person, store


def test_an_outcome_that_is_discarded_stays_so_whatever_is_told_of_it_before_it_is_drawn(
    served, visit
):
    person, store = ordered(served)
    line = Line(visit, "/outcome?alert=1", "officer-14")
    page = line.page
    found = page.get_by_role("radio", name="Firearms trafficking")
    found.click()
    note = page.get_by_label("In your words")
    note.fill("in a bag of pins")
    note.press("Control+Enter")
    settled(page)
    line.late = True
    button(page, "Discard").click()
    line.rest()
    page.get_by_role("radio", name="Wrapped").click()
    line.rest()
    line.draw()
    settled(page)
    expect(note).to_have_value("")
    expect(found).not_to_be_checked()
    settled(page)
    kept = review.draft(store, person, "outcome:1") or {}
    store.close()
    assert not kept.get("note") and not kept.get("outcome")


def test_a_page_that_was_gone_back_to_from_a_dialog_says_what_was_refused(served, visit):
    ordered(served)[1].close()
    page = visit("officer-14", "/outcome?alert=1")
    page.get_by_role("link", name="Queue").click()
    button(page, "Raise by hand").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    button(page, "Send to second person").click()
    expect(page.locator(".rp-strip").first).to_contain_text("Not recorded")
