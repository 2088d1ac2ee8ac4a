"""What must hold on every page, in a real browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from riskprofile.services import identity, review
from riskprofile.store import alert_tables, office_tables
from riskprofile.store.alerts import add
from tests.browser import home
from tests.browser.conftest import PASSWORD, Served
from tests.browser.rest import PAUSE
from tests.browser.test_narrow import comes_to
from tests.browser.test_shift import (
    button,
    open_row,
    press,
    reference,
    settled,
    until_kept,
)

TABS = ("Why", "Declaration", "Party history", "Links", "Timeline")


def opened(page: Page) -> Page:
    """The page with its first alert open."""
    expect(button(page, "Next")).to_be_visible()
    press(page, "n")
    expect(button(page, "Refer")).to_be_visible()  # the last to be drawn
    return page


def test_the_queue_is_ranked_and_says_why_in_the_list_and_an_alert_which_reasons_hold_its_lane(
    served, visit
):
    page = visit("officer-14")
    rows = page.locator("[class*=st-key-list-] [role=row]")
    expect(rows.nth(1)).to_contain_text("PX-2026-104417")
    expect(rows.nth(1)).to_contain_text("Pins and springs of gun size")
    expect(rows.nth(2)).to_contain_text("PX-2026-104502")
    expect(page.locator(".rp-badge")).to_have_text("DEMO")
    expect(page.locator(".rp-foot")).to_contain_text("2026.11.2, digest 7f3c 91ae")
    why = opened(page).get_by_role("tabpanel")
    expect(why).to_contain_text("red from 322")
    expect(why).to_contain_text("Without the strongest reason it would be ▲ yellow (316).")
    # Before outcomes are enough no page shows a probability or a recall.
    expect(page.locator("body")).not_to_contain_text("Of 100 such alerts")


def test_before_finds_are_enough_the_operators_page_shows_no_recall(served, visit):
    page = visit("operator-02", "/batches")
    expect(page.locator("body")).to_contain_text("not known yet (0 of 20 finds)")


@pytest.mark.parametrize("path", ["/", "/queue", "/outcome", "/second", "/batches", "/sightings"])
def test_no_page_is_shown_by_its_address_without_signing_in(served, visit, path):
    page = visit(None, path)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.locator(".stApp").count() == 0


def test_a_page_of_another_role_is_not_shown_by_its_address(served, visit):
    refused = "This page is not for your role"
    page = visit("officer-14", "/batches")
    expect(page.get_by_text(refused)).to_be_visible()
    assert "post_cn23_1124_13.csv" not in page.content()
    other = visit("operator-02", "/queue")
    expect(other.get_by_text(refused)).to_be_visible()
    assert "PX-2026-104417" not in other.content()


def test_signing_out_in_one_tab_closes_the_other(served, visit):
    page = visit("officer-14")
    expect(button(page, "Next")).to_be_visible()
    other = page.context.new_page()
    other.goto(served.url)
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    other.go_back()  # to no page that nobody may see any more, drawn without its parts
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    page.bring_to_front()  # a browser is slow to draw what lies behind
    press(page, "n")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    # What stood there is taken away when all of the page was drawn.
    comes_to(page, '() => document.body.outerHTML.includes("PX-2026-104417")', False, "signed out")


def test_nothing_is_fetched_elsewhere_and_nothing_declared_comes_to_life(served, visit):
    served.refill(hostile=True)
    page = opened(visit("officer-14"))
    title = page.title()
    for name in TABS:
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(PAUSE)
    page.get_by_role("tab", name="Declaration").click()
    expect(
        page.get_by_role("cell", name="![t](http://outside.invalid/b.png)").first
    ).to_be_visible()
    press(page, "i")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.foreign == []
    assert page.title() == title
    assert page.locator("img[src*=outside], a[href*=outside]").count() == 0
    assert page.locator(".rp-kpi").is_visible()  # no declared style hid it
    assert "\u202e" not in page.content()


def test_a_reload_keeps_the_open_alert_the_filters_and_the_draft(served, visit):
    page = visit("officer-14")
    page.get_by_role("radio", name="Trafficking 8").click()
    expect(page.locator(".st-key-list_head")).to_contain_text("8 open")
    opened(page)
    press(page, "s")
    reason = page.get_by_role("dialog").get_by_label("Reason")
    reason.fill("An image will settle what is in the bag")
    reason.press("Control+Enter")
    until_kept(page, served, "An image will settle what is in the bag")
    page.reload()
    expect(reference(page)).to_have_text("PX-2026-104417")
    expect(page.locator(".st-key-list_head")).to_contain_text("8 open")
    expect(button(page, "Refer")).to_be_visible()
    press(page, "s")
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_have_value(
        "An image will settle what is in the bag"
    )


def test_whoever_comes_back_to_the_queue_by_key_or_by_the_browser_finds_the_filter(served, visit):
    store, now = served.store(), datetime.now(UTC)
    person = identity.Actor("officer-14", "officer", home.OFFICE)
    review.alert(store, person, 1, now)
    review.claim(store, person, 1, now)
    review.decide(store, person, 1, "examine", "the wording does not settle it", now)
    store.close()
    page = visit("officer-14")
    search, listed = page.locator(".st-key-search input"), page.locator(".st-key-list_head")
    page.get_by_role("radio", name="Red 6").click()
    expect(listed).to_contain_text("6 open")
    search.fill("PX-2026-1044")
    search.press("Enter")
    expect(listed).to_contain_text("1 open")
    for back in ("q", "browser"):
        page.get_by_role("link", name="Outcome").click()
        expect(button(page, "Keep draft, go to queue")).to_be_visible()
        if back == "q":
            press(page, "q")
        else:
            page.go_back()
        expect(listed).to_contain_text("1 open")
        expect(page.get_by_role("radio", name="Red")).to_be_checked()
        expect(search).to_have_value("PX-2026-1044")
    assert "1044" not in urlsplit(page.url)._replace(netloc="").geturl()  # a port may be 41044


def test_what_is_searched_for_never_reaches_the_address(served, visit):
    page = visit("officer-14")
    page.locator(".st-key-search input").fill("fasteners")
    page.locator(".st-key-search input").press("Enter")
    page.wait_for_timeout(PAUSE)
    expect(page.locator(".st-key-list_head")).to_contain_text("open")
    assert "fasteners" not in page.url


def test_an_open_alert_stays_the_same_while_new_ones_arrive_above_it(served, visit):
    page = visit("officer-14")
    open_row(page, 2)
    expect(reference(page)).to_have_text("PX-2026-104587")
    expect(button(page, "Refer")).to_be_visible()
    arrive(served, "PX-2026-999999")
    expect(button(page, "1 new: refresh")).to_be_visible()
    head = page.locator(".st-key-list_head")
    expect(head).to_contain_text("new ◆ Red: 1")
    expect(head).to_contain_text("the first in ")
    press(page, "a")
    expect(page.locator(".st-key-alert_line")).to_contain_text("yours to")
    expect(reference(page)).to_have_text("PX-2026-104587")
    press(page, "g")
    rows = page.locator("[class*=st-key-list-] [role=row]")
    expect(rows.nth(1)).to_contain_text("PX-2026-999999")
    expect(head).to_contain_text("by lane, then rank")
    expect(reference(page)).to_have_text("PX-2026-104587")
    assert owners(served) == {"PX-2026-104587": "officer-14"}


def arrive(served: Served, record: str) -> None:
    """A new alert, above all others."""
    store = served.store()
    new = {**home.alerts(datetime.now(UTC))[0], "record_id": record, "points": 999}
    with store.write() as connection:
        add(store, connection, [new])
    store.close()


def owners(served: Served) -> dict[str, str]:
    """Who holds what."""
    store, alert = served.store(), alert_tables.Alert.__table__
    with store.read() as connection:
        held = connection.execute(
            select(alert.c.record_id, alert.c.owner).where(alert.c.owner.is_not(None))
        )
        found = {row[0]: row[1] for row in held}
    store.close()
    return found


def test_who_comes_second_sees_who_was_first_and_can_only_read(served, visit):
    first, second = opened(visit("officer-14")), opened(visit("officer-09"))
    press(first, "a")
    expect(first.locator(".st-key-alert_line")).to_contain_text("yours to")
    press(second, "a")
    expect(second.locator(".st-key-alert")).to_contain_text("officer-14 holds this alert now")
    expect(second.locator(".st-key-alert")).to_contain_text("Read only")
    expect(button(second, "Release")).to_be_disabled()
    assert owners(served) == {"PX-2026-104417": "officer-14"}


def test_who_cannot_work_an_alert_asks_who_holds_it_and_leaves_a_note(served, visit):
    first, second = opened(visit("officer-14")), opened(visit("officer-09"))
    expect(button(second, "Add a note")).to_be_hidden()  # who may decide says it with that
    press(first, "a")
    expect(first.locator(".st-key-alert_line")).to_contain_text("yours to")
    press(second, "g")
    expect(button(second, "Ask officer-14")).to_be_visible()
    for key, text in (("k", "the lorry is mine: it came with another"), ("m", "seen at bay 4")):
        press(second, key)
        dialog = second.get_by_role("dialog")
        expect(dialog.get_by_role("textbox")).to_be_visible()
        settled(second)  # what is typed into an empty field while it is drawn may be taken away
        dialog.get_by_role("textbox").fill(text)
        button(dialog, "Ask" if key == "k" else "Keep").click()
        expect(dialog).to_be_hidden()
        told = "officer-14 is told" if key == "k" else "stands under Timeline"
        expect(second.locator(".st-key-alert")).to_contain_text(told)
    press(first, "g")
    expect(first.locator(".st-key-alert_head")).to_contain_text("officer-09 asked at")
    expect(first.locator(".st-key-alert_head")).to_contain_text("it came with another")
    first.get_by_role("tab", name="Timeline").click()
    expect(first.locator(".st-key-alert_body")).to_contain_text("Note: seen at bay 4")
    assert owners(served) == {"PX-2026-104417": "officer-14"}


def test_a_red_release_can_be_undone_and_else_waits_for_a_second_person(served, visit):
    page = opened(visit("officer-14"))
    for undone in (True, False):
        press(page, "l")
        if undone:
            button(page, "What would clear the indicator").click()
        # The reason of what was taken back is there again.
        expect(page.get_by_label("Reason")).to_have_value(re.compile("has been shown"))
        button(page, "Record decision").click()
        expect(button(page, "Undo")).to_be_visible()
        if undone:
            press(page, "u")
            expect(page.locator(".st-key-alert")).to_contain_text("is open again")
    expect(page.locator(".st-key-alert")).to_contain_text("a second person has to confirm")
    expect(page.locator(".rp-strip").get_by_text("Read only.")).to_be_visible()
    second = visit("supervisor-03", "/second")
    button(second, "Confirm").click()
    expect(second.locator(".rp-strip")).to_contain_text("Confirmed")
    with served.store().read() as connection:
        states = connection.execute(
            select(alert_tables.Alert.state).where(alert_tables.Alert.record_id == "PX-2026-104417")
        ).scalars()
        assert list(states) == ["closed"]


def test_one_cannot_confirm_ones_own_entry(served, visit):
    store, now = served.store(), datetime.now(UTC)
    person = identity.Actor("officer-14", "officer", home.OFFICE)
    review.alert(store, person, 1, now)
    review.claim(store, person, 1, now)
    review.decide(store, person, 1, "release", "the papers agree with the goods", now)
    store.close()
    page = visit("officer-14", "/second")
    expect(page.get_by_text("yours: another person confirms")).to_be_visible()
    expect(button(page, "Confirm")).to_be_disabled()


def test_no_result_names_the_filters_and_offers_the_way_out(served, visit):
    page = visit("officer-14", "/?lane=red&queue=compliance")
    expect(page.get_by_text("Nothing matches these filters")).to_be_visible()
    expect(page.locator(".rp-state").first).to_contain_text("◆ Red, Compliance")
    expect(page.get_by_text("Choose a row")).to_be_hidden()
    page.goto(f"{served.url}/?owner=snoozed&sort=time_left")
    expect(page.locator(".rp-state").first).to_contain_text("Snoozed")
    expect(page.locator(".rp-state").first).not_to_contain_text("No open alerts")
    button(page, "Clear filters").click()
    expect(page.locator(".st-key-list_head")).to_contain_text("11 open")
    expect(page.locator(".st-key-list_head")).to_contain_text("by time left")  # no filter
    assert "sort=time_left" in page.url and "owner" not in page.url


def test_an_empty_queue_says_of_what_where_alerts_of_a_kind_that_is_off_are_left(served, visit):
    store, alerts = served.store(), alert_tables.Alert.__table__
    with store.write() as connection:
        connection.execute(update(alerts).where(alerts.c.id > 1).values(state="closed"))
        connection.execute(update(alerts).where(alerts.c.id == 1).values(profile="traveller"))
    store.close()
    page = visit("officer-14")
    expect(page.get_by_text("Shipments: no open alerts at Port Meridia")).to_be_visible()


def test_an_empty_queue_is_good_news(served, visit):
    store = served.store()
    with store.write() as connection:
        connection.execute(update(alert_tables.Alert).values(state="closed"))
    store.close()
    page = visit("officer-14")
    expect(page.get_by_text("No open alerts at Port Meridia")).to_be_visible()
    arrive(served, "PX-2026-999999")  # as the page promises, without a hand
    rows = page.locator("[class*=st-key-list-] [role=row]")
    expect(rows.nth(1)).to_contain_text("PX-2026-999999")


def leave_alone(served: Served, page: Page) -> None:
    """Nobody did anything for fifteen minutes: what is still being drawn would count as an act."""
    settled(page)
    store = served.store()
    with store.write() as connection:
        connection.execute(
            update(office_tables.WebSession).values(
                seen_at=datetime.now(UTC) - timedelta(minutes=15)
            )
        )
    store.close()


def test_an_open_page_locks_by_itself_when_its_session_ends(served, visit):
    page = opened(visit("officer-14"))
    leave_alone(served, page)
    expect(page.get_by_text("You are signed out")).to_be_visible()


def test_the_page_speaks_french(served, visit):
    page = visit("officer-14", locale="fr-FR")
    expect(page.locator(".rp-kpi")).to_contain_text("Rouges, à prendre")
    expect(button(page, "Suiv.")).to_be_visible()
    press(page, "n")
    expect(page.locator("h1.rp-h1")).to_contain_text("Classée en rouge parce que")
    press(page, "z")  # what Streamlit says beside a field is English, and is not shown
    page.get_by_role("dialog").locator("textarea").fill("Attendre la réponse")
    expect(page.get_by_text("19/500")).to_be_visible()
    expect(page.get_by_text("Press Ctrl+Enter")).to_be_hidden()


# What stands apart, from left to right; their edges where they do not.
ORDER = """() => {
  const at = (selector) => document.querySelector(selector).getBoundingClientRect();
  const who = at('.rp-who'), alert = at('.st-key-alert'), list = at('[class*=st-key-list-]');
  return who.left < 100 && alert.right < list.left ? ['who is signed in', 'the alert', 'the list']
    : [who.left, alert.right, list.left];
}"""


def test_an_arabic_page_is_written_from_the_right_and_nothing_leaves_the_window(served, visit):
    page = visit("officer-14", locale="ar")
    expect(page.get_by_role("button", name="التالي")).to_be_visible()
    press(page, "n")
    expect(page.locator("[class*=st-key-do-refer-] button")).to_be_visible()
    comes_to(page, ORDER, ["who is signed in", "the alert", "the list"], "from the left")
    comes_to(page, "document.documentElement.scrollWidth <= 1366", True, "wide")
    assert page.evaluate("document.documentElement.lang") == "ar"  # for who has it read aloud
    comes_to(page, BEYOND, [], "beyond")
    first = page.locator("[class*=st-key-list-] [role=columnheader]").last
    expect(first).to_have_text("المسار، القائمة")
    # Signs and codes keep their direction.
    expect(page.locator(".rp-bx.up em bdi, .rp-bx.up em").first).to_contain_text("+96")
    # Each character further right than the one before it.
    for selector, text in (
        (".rp-bx.up em", "+96"),
        (".rp-bx.dn em", "−38"),
        (".rp-dv.last .rp-m", "+10"),
    ):
        assert page.evaluate(RISING, [selector, text]), text


# What stands outside the window, or shows less of its words than it has.
BEYOND = """() => [...document.querySelectorAll('.stHtml *, button, [role=tab]')].filter((one) => {
  const at = one.getBoundingClientRect();
  const shown = at.width > 1 && at.height > 1;
  return shown && (at.left < -1 || at.right > innerWidth + 1);
}).map((one) => one.outerHTML.slice(0, 120))"""
RISING = """([selector, text]) => {
  const range = document.createRange();
  for (const root of document.querySelectorAll(selector)) {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const start = node.data.indexOf(text);
      if (start < 0) continue;
      let last = -1;
      for (let n = start; n < start + text.length; n++) {
        range.setStart(node, n);
        range.setEnd(node, n + 1);
        const { left } = range.getBoundingClientRect();
        if (left <= last) return false;
        last = left;
      }
      return true;
    }
  }
  return false;
}"""


def test_an_idle_page_locks(served, visit):
    page = opened(visit("officer-14"))
    leave_alone(served, page)
    press(page, "a")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    assert owners(served) == {}


@pytest.mark.parametrize(
    ("name", "path", "shown"),
    [
        ("officer-14", "/second", "Nothing waits for a second person"),
        ("auditor-01", "/audit", "The audit chain"),
    ],
)
def test_a_page_that_nobody_touches_locks_by_itself(served, visit, name, path, shown):
    page = visit(name, path)
    expect(page.get_by_text(shown).first).to_be_visible()
    leave_alone(served, page)
    expect(page.get_by_text("You are signed out")).to_be_visible()
    expect(page.get_by_text(shown)).to_have_count(0)


def test_a_page_is_left_where_who_stands_before_the_server_ended_the_session(served, visit):
    """A proxy asks for its own sign-in while ours goes on: each drawing counts as an act."""
    page = visit("auditor-01", "/audit")
    expect(page.get_by_text("The audit chain").first).to_be_visible()
    elsewhere = {"status": 303, "headers": {"Location": "/sign-in"}}
    with page.expect_event("load"):
        page.route("**/news", lambda route: route.fulfill(**elsewhere))


def test_who_signs_in_again_after_a_lock_sees_what_was_open_and_a_colleague_does_not(served, visit):
    for name, seen in (("officer-09", False), ("officer-14", True)):
        page = opened(visit("officer-14", "/?lane=red"))
        leave_alone(served, page)
        page.get_by_role("link", name="Sign in again").click()
        page.locator("#name").fill(name)
        page.locator("#password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(".st-key-who")).to_contain_text(name)
        expect(page.locator(".st-key-list_head")).to_contain_text("6 open" if seen else "11 open")
        expect(reference(page)).to_have_count(1 if seen else 0)


def test_signing_in_again_leads_back_to_any_page(served, visit):
    page = visit("officer-14", "/second?alert=7")
    expect(page.get_by_text("Nothing waits for a second person")).to_be_visible()
    leave_alone(served, page)
    page.keyboard.press("r")  # draws the page anew
    page.get_by_role("link", name="Sign in again").click()
    page.locator("#name").fill("officer-14")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Nothing waits for a second person")).to_be_visible()
    expect(page).to_have_url(f"{served.url}/second?alert=7")


def test_an_alert_is_put_aside_with_a_reason_and_brought_back(served, visit):
    page = opened(visit("officer-14"))
    expect(button(page, "Snooze")).to_be_visible()
    press(page, "z")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("the sender was asked for the drawing of the pins")
    dialog.get_by_role("button", name="Snooze").click()
    expect(page.locator(".st-key-alert")).to_contain_text("1 alert is put aside")
    expect(page.locator(".st-key-small_snoozed")).to_contain_text("by officer-14 until")
    press(page, "g")
    expect(page.locator(".st-key-list_head")).to_contain_text("10 open")
    button(page, "Bring back").click()
    expect(page.locator(".st-key-small_snoozed")).to_be_hidden()
    expect(page.locator(".st-key-list_head")).to_contain_text("11 open")


def test_all_listed_goods_alerts_are_put_aside_with_one_reason(served, visit):
    page = visit("officer-14", "/?lane=yellow")
    button(page, "Snooze these 5").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("5 alerts leave the list")
    dialog.get_by_label("Reason").fill("the manifest is corrected by the carrier tonight")
    dialog.get_by_role("button", name="Snooze").click()
    expect(page.get_by_text("Nothing matches these filters")).to_be_visible()
    red = visit("officer-14", "/?lane=red")
    expect(red.locator(".st-key-list_head")).to_contain_text("6 open")
    expect(button(red, "Snooze these")).to_be_hidden()


def test_common_reasons_join_what_was_typed_and_each_other(served, visit):
    page = visit("officer-14", "/?alert=1")
    expect(button(page, "Refer")).to_be_visible()
    press(page, "a")
    expect(page.locator(".st-key-alert_line")).to_contain_text("yours to")
    press(page, "i")
    reason = page.get_by_role("dialog").get_by_label("Reason")
    reason.fill("The pins are hollow")
    seen = "The goods must be seen: the wording does not settle it"
    heavy = "The weight does not fit the goods declared"
    for text, told in (
        (seen, f"The pins are hollow\n{seen}"),
        (heavy, f"The pins are hollow\n{seen}\n{heavy}"),
        (seen, f"The pins are hollow\n{seen}\n{heavy}"),  # once is enough
    ):
        page.get_by_role("button", name=text).click()
        settled(page)
        expect(reason).to_have_value(told)


def test_the_list_is_taken_by_time_left_with_a_button_and_by_a_bookmark(served, visit):
    """What arrives first stands first, of whatever lane; the next one of it is opened by N."""
    store, alerts, now = served.store(), alert_tables.Alert.__table__, datetime.now(UTC)
    with store.write() as connection:  # of the yellow ones, and a red one of no known arrival
        for alert, due in ((8, now + timedelta(minutes=5)), (1, None)):
            connection.execute(update(alerts).where(alerts.c.id == alert).values(due_at=due))
    store.close()
    page = visit("officer-14")
    head = page.locator(".st-key-list_head")
    expect(head).to_contain_text("by lane, then rank")
    head.get_by_role("button", name="By time left").click()
    expect(head).to_contain_text("by time left")
    settled(page)
    expect(button(page, "Next")).to_be_visible()
    press(page, "n")
    expect(reference(page)).to_have_text("PX-2026-105012")
    press(page, "n")
    expect(reference(page)).to_have_text("PX-2026-104502")
    assert "sort=time_left" in page.url
    page.goto(served.url + "/?sort=time_left")
    expect(head).to_contain_text("by time left")
    expect(button(page, "Next")).to_be_visible()
    press(page, "n")
    expect(reference(page)).to_have_text("PX-2026-105012")
    head.get_by_role("button", name="By rank").click()  # what is open stays open
    expect(head).to_contain_text("by lane, then rank")
    expect(reference(page)).to_have_text("PX-2026-105012")
    assert "sort" not in page.url
