"""One whole shift without a mouse: from signing in to a confirmed outcome."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select

from riskprofile.store import alert_tables
from tests.browser.conftest import PASSWORD
from tests.browser.test_shift import REASON, button, open_row, press, reference, settled, waited

FAR = 90  # Tab presses after which something counts as out of reach
# What has the focus, and whether it or what frames it is drawn with a line of 2 pixels or a glow.
FOCUSED = """() => {
  const has = document.activeElement;
  if (has === document.body) return null;
  const frames = [has, has.parentElement, has.parentElement.parentElement].map(getComputedStyle);
  const lined = frames.some((one) => one.outlineStyle === 'auto' ||
    (one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) >= 2));
  return [has.ariaLabel || has.innerText.slice(0, 40), lined || frames[0].boxShadow !== 'none'];
}"""


def reach(page: Page, wanted: Any) -> None:
    """Press Tab until the focus is on it."""
    wanted.wait_for()
    for _ in range(FAR):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached by Tab")


def sign_in(page: Page, name: str) -> None:
    """As a person who types."""
    reach(page, page.locator("input[name=name]"))
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-who")).to_contain_text(name)


def test_a_whole_shift_is_worked_by_keyboard(served, visit):
    page = visit(None, "/sign-in")
    sign_in(page, "officer-14")
    expect(button(page, "Next")).to_be_visible()
    for wanted in ("PX-2026-104417", "PX-2026-104502"):
        press(page, "n")
        expect(reference(page)).to_have_text(wanted)
        expect(button(page, "Refer")).to_be_visible()
    press(page, "p")
    expect(reference(page)).to_have_text("PX-2026-104417")
    expect(button(page, "Refer")).to_be_visible()
    press(page, "a")
    expect(page.locator(".st-key-alert_line")).to_contain_text("yours to")
    press(page, "i")
    reason = page.get_by_role("dialog").get_by_label("Reason")
    expect(reason).to_be_focused()
    page.keyboard.type(REASON)
    expect(reason).to_have_value(REASON)
    reach(page, button(page, "Record decision"))
    page.keyboard.press("Enter")
    expect(button(page, "Record outcome")).to_be_visible()
    press(page, "o")

    reach(page, page.get_by_role("radio", name="Nothing"))
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="Nothing")).to_be_checked()
    reach(page, button(page, "X-ray"))
    page.keyboard.press("ArrowRight")  # one group is one stop; arrows move within it
    expect(button(page, "Opened and counted")).to_be_focused()
    page.keyboard.press("Space")
    expect(button(page, "Opened and counted")).to_have_attribute("aria-pressed", "true")
    press(page, "m")
    expect(page.locator(".rp-strip")).to_contain_text("A second person confirms it")

    second = visit(None, "/sign-in?next=/second")
    sign_in(second, "officer-09")
    reach(second, button(second, "Confirm"))
    second.keyboard.press("Enter")
    expect(second.locator(".rp-strip")).to_contain_text("Confirmed: PX-2026-104417")
    store = served.store()
    with store.read() as connection:
        label = connection.execute(select(alert_tables.Label)).mappings().one()
    store.close()
    assert (label["record_id"], label["value"]) == ("PX-2026-104417", 0)


def test_what_has_the_focus_is_framed_wherever_tab_comes(served, visit):
    page = visit("officer-14", "/masked")
    page.get_by_label("Case number").wait_for()
    settled(page)
    page.evaluate("document.activeElement.blur()")
    stops: list[tuple[str, bool]] = []
    for _ in range(FAR):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:
            break
        stops.append(found)
    told = [name for name, _ in stops]
    for wanted in ("Queue", "Record", "Kind", "Case number", "Why (20 characters or more)", "Ask"):
        assert wanted in told
    assert [name for name, framed in stops if not framed] == []


def test_letters_typed_beside_the_field_of_a_dialog_move_no_page_behind_it(served, visit):
    page = visit("officer-14", "/")
    press(page, "n")
    expect(reference(page)).to_have_text("PX-2026-104417")
    expect(button(page, "Refer")).to_be_visible()
    press(page, "i")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    dialog.evaluate("one => { document.activeElement.blur(); one.focus(); }")
    for key in "nsz":
        page.keyboard.press(key)
    page.wait_for_timeout(600)  # a run would have begun
    expect(dialog).to_contain_text("PX-2026-104417")
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(reference(page)).to_have_text("PX-2026-104417")


def test_tab_comes_to_the_list_and_opens_nothing_and_arrows_open_from_there(served, visit):
    page = visit("officer-14")
    expect(button(page, "Next")).to_be_visible()
    reach(page, page.locator("[class*=st-key-list-] canvas[data-testid=data-grid-canvas]"))
    settled(page)
    expect(page.get_by_text("Choose a row to open its alert")).to_be_visible()
    for key, wanted in (("ArrowDown", "417"), ("ArrowDown", "502"), ("ArrowUp", "417")):
        page.keyboard.press(key)
        expect(reference(page)).to_have_text(f"PX-2026-104{wanted}")
        settled(page)


def test_arrows_go_on_in_the_list_after_a_click_beside_it(served, visit):
    page = visit("officer-14")
    open_row(page, 2)
    expect(reference(page)).to_have_text("PX-2026-104587")
    settled(page)
    page.locator(".st-key-alert_body").click(position={"x": 200, "y": 4})
    page.locator("[class*=st-key-list-] canvas[data-testid=data-grid-canvas]").focus()
    for key, wanted in (("ArrowDown", "672"), ("ArrowDown", "757"), ("ArrowUp", "672")):
        page.keyboard.press(key)
        expect(reference(page)).to_have_text(f"PX-2026-104{wanted}")
        settled(page)


def test_a_second_click_on_the_open_row_lays_nothing_over_the_list(served, visit):
    page = visit("officer-14")
    for _ in range(2):
        open_row(page, 1)
        waited(page, 600)
        expect(reference(page)).to_have_text("PX-2026-104502")
    expect(page.locator(".gdg-clip-region")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(reference(page)).to_have_text("PX-2026-104587")


def test_after_next_the_row_that_was_clicked_before_opens_again_by_a_click(served, visit):
    page = visit("officer-14")
    open_row(page, 2)
    expect(reference(page)).to_have_text("PX-2026-104587")
    expect(button(page, "Refer")).to_be_visible()
    press(page, "n")
    expect(reference(page)).to_have_text("PX-2026-104672")
    settled(page)
    open_row(page, 2)
    expect(reference(page)).to_have_text("PX-2026-104587")
