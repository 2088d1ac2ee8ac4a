"""Double clicks, reloads, the way back and a second tab on one decision: it is made once."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import func, select

from riskprofile.store import tables
from tests.browser.test_shift import PAUSE, REASON, button, open_row, press, reference


def test_a_decision_is_made_once_whatever_is_clicked_again(served, visit):
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
        tab.keyboard.press(key)
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
    store = served.store()
    with store.read() as connection:
        decisions = connection.execute(select(func.count()).select_from(tables.Decision))
        told = connection.execute(
            select(func.count())
            .select_from(tables.Audit)
            .where(tables.Audit.action == "alert.decide")
            .where(tables.Audit.actor == "officer-14")
        )
        counts = (decisions.scalar_one(), told.scalar_one())
    store.close()
    assert counts == (1, 1)
