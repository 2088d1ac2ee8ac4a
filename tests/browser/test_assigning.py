"""A supervisor gives several alerts of the list to an officer, and takes them back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from riskprofile.services import identity, review
from riskprofile.services.rights import Actor
from riskprofile.store import alert_tables, office_tables
from tests.browser import home
from tests.browser.conftest import PASSWORD
from tests.browser.test_keyboard import reach
from tests.browser.test_shift import button, open_row, press, settled

GRID = "!!document.activeElement.closest('[data-testid=stDataFrame]')"


def held(served: Any) -> dict[str, str]:
    """Who holds which alert, by its reference."""
    store = served.store()
    alert = alert_tables.Alert.__table__  # type: ignore[attr-defined]
    with store.read() as connection:
        asked = select(alert.c.record_id, alert.c.owner).where(alert.c.owner.is_not(None))
        found = {str(row.record_id): str(row.owner) for row in connection.execute(asked)}
    store.close()
    return found


def entries(served: Any, action: str) -> int:
    """How many entries of this name the audit chain has."""
    store = served.store()
    asked = select(func.count()).where(office_tables.Audit.action == action)
    with store.read() as connection:
        found = connection.execute(asked).scalar_one()
    store.close()
    return int(found)


def whole(store: Any) -> None:
    """A supervisor of every office, once."""
    if "supervisor-01" not in {one.name for one in identity.accounts(store, identity.OWNER)}:
        identity.add_account(
            store, identity.OWNER, name="supervisor-01", role="supervisor", office=None,
            password=PASSWORD, now=datetime.now(UTC),
        )  # fmt: skip


def first_free(served: Any, place: int) -> Any:
    """The alert at this place of the list."""
    store = served.store()
    who = Actor("officer-09", "officer", home.OFFICE)
    listed = review.queue(store, who, review.QueueFilter("shipment"), datetime.now(UTC))
    store.close()
    return listed.rows[place]


def choose(page: Page, places: int) -> None:
    """Choose so many of the first rows, by keys."""
    for _ in range(9):
        if page.evaluate(GRID):
            break
        page.keyboard.press("Tab")
    settled(page)
    for place in range(places):
        if place:
            press(page, "ArrowDown")
        press(page, "Shift+Space")
    settled(page)


def test_several_alerts_are_assigned_and_taken_back_by_keyboard(served, visit):
    rows = [first_free(served, place) for place in range(3)]
    before = entries(served, "alert.assign")
    page = visit("supervisor-03")
    settled(page)
    reach(page, page.locator(".st-key-assign-several button"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(button(dialog, "Assign")).to_be_disabled()
    choose(page, 3)
    reach(page, dialog.get_by_role("combobox", name="Officer"))
    page.keyboard.type("officer-14")
    page.keyboard.press("Enter")
    save = button(dialog, "Assign 3 alerts to officer-14")
    expect(save).to_be_enabled()
    store = served.store()  # a colleague claims one of them meanwhile
    who = Actor("officer-09", "officer", home.OFFICE)
    review.claim(store, who, rows[1].id, datetime.now(UTC))
    store.close()
    reach(page, save)
    page.keyboard.press("Enter")

    strip = page.locator(".st-key-small_undo")
    expect(strip).to_contain_text("2 alerts assigned to officer-14.")
    expect(strip).to_contain_text("1 left as it is.")
    expect(strip).to_contain_text("PX-2026-104502: officer-09 holds it now.")
    assert held(served) == {
        rows[0].record_id: "officer-14",
        rows[1].record_id: "officer-09",
        rows[2].record_id: "officer-14",
    }
    assert entries(served, "alert.assign") == before + 2
    page.keyboard.press("u")
    expect(page.locator(".rp-strip")).to_contain_text("Taken back: 2 alerts.")
    assert held(served) == {rows[1].record_id: "officer-09"}


def test_all_of_the_list_is_given_at_once_and_is_in_the_list_of_who_has_it(served, visit):
    page = visit("supervisor-03", "/?lane=yellow")
    settled(page)
    page.locator(".st-key-assign-several button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("All of the list: 5").click()
    settled(page)
    dialog.get_by_role("combobox", name="Officer").click()
    page.get_by_role("option", name="officer-14").click()
    button(dialog, "Assign 5 alerts to officer-14").click()
    expect(page.locator(".st-key-small_undo")).to_contain_text("5 alerts assigned")
    expect(dialog).to_be_hidden()
    officer = visit("officer-14")
    expect(officer.locator(".rp-kpi")).to_contain_text("Mine, open5")


def test_an_officer_is_not_offered_to_assign(served, visit):
    officer = visit("officer-14")
    expect(button(officer, "Raise by hand")).to_be_visible()
    expect(officer.locator(".st-key-assign-several button")).to_be_hidden()


def give(page: Page, row: int) -> None:
    """Open an alert of the list and give it to officer-14."""
    open_row(page, row)
    page.get_by_role("tab", name="Timeline").click()
    settled(page)
    page.get_by_role("combobox", name="Give this alert to").click()
    page.get_by_role("option", name="officer-14").click()
    settled(page)
    button(page.locator(".st-key-alert"), "Assign").click()


def test_an_officer_is_told_of_what_is_given_while_the_page_stands_open(served, visit):
    officer = visit("officer-14")
    expect(officer.locator(".st-key-next button")).to_be_enabled()
    press(officer, "n")
    expect(button(officer, "Refer")).to_be_visible()  # while an alert is open the list stands still
    give(visit("supervisor-03"), 2)
    told = officer.locator(".st-key-list_head")
    expect(told).to_contain_text("1 assigned to you by supervisor-03")
    press(officer, "g")
    expect(told).not_to_contain_text("assigned to you")


def test_one_alert_that_was_given_is_taken_back(served, visit):
    page = visit("supervisor-03")
    give(page, 2)
    undo = page.locator(".st-key-small_undo")
    expect(undo).to_contain_text("officer-14 has this alert now.")
    undo.get_by_role("button").click()
    expect(page.locator(".rp-strip", has_text="Taken back: 1 alert.")).to_be_visible()
    assert held(served) == {}


def test_who_of_one_office_cannot_be_given_alerts_of_another_is_said_before(served, visit):
    store = served.store()
    alert = alert_tables.Alert.__table__  # type: ignore[attr-defined]
    with store.write() as connection:
        connection.execute(alert.update().where(alert.c.id == 2).values(office="XMAIR"))
    whole(store)
    store.close()
    page = visit("supervisor-01", "/?lane=red")
    settled(page)
    page.locator(".st-key-assign-several button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("All of the list: 6").click()
    settled(page)
    dialog.get_by_role("combobox", name="Officer").click()
    page.get_by_role("option", name="officer-14 (XMPME)").click()
    expect(dialog.locator(".rp-strip")).to_contain_text("officer-14 works at XMPME alone.")
    expect(dialog.locator(".rp-strip")).to_contain_text("Leave out the alerts of XMAIR")
    expect(button(dialog, "Assign")).to_be_disabled()
