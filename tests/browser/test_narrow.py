"""A narrow screen shows the whole words of the filters, and the buttons of the alert."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from riskprofile import words
from riskprofile.services import arms, identity, review, snoozing, switching
from riskprofile.store import alert_tables, office_tables, run_tables
from tests.browser import home
from tests.browser.conftest import SLOW, Served
from tests.browser.rest import PAUSE, at_rest
from tests.browser.test_axe import faults
from tests.browser.test_keyboard import reach
from tests.browser.test_shift import REASON, button, open_row, press, reference, settled


def those(*ours: str) -> list[Any]:
    """Every language, of which the long suite has all but these."""
    slow = pytest.mark.slow
    return [one if one in ours else pytest.param(one, marks=slow) for one in words.LANGUAGES]


LONGEST, FROM_RIGHT = those("fr"), those("ar")  # words that are, and those written so
WIDTHS = (1024, 1160, 1280, 1366)
SMALL = (390, 683, 1280)  # a telephone; 1366 at 200 %; the least that we plan for
SOON = 50  # milliseconds between two looks at what a page comes to
GAP = 8  # pixels between the alert and the foot of the page, at most
# What of the filters shows less than it holds, or stands outside the window.
CUT = """() => [...document.querySelectorAll('.st-key-filters button, .st-key-search input')]
  .filter((one) => {
    const pen = document.createElement('canvas').getContext('2d');
    pen.font = getComputedStyle(one).font;
    const { left, right } = one.getBoundingClientRect();
    const { paddingLeft, paddingRight } = getComputedStyle(one);
    const room = one.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    const parts = [one, ...one.querySelectorAll('*')];
    return left < 0 || right > innerWidth || pen.measureText(one.placeholder ?? '').width > room
      || parts.some((part) => part.clientWidth && part.scrollWidth > part.clientWidth + 1);
  }).map((one) => one.innerText || one.placeholder)"""


# Figures whose label or value shows less than it holds, or that stand outside their strip.
SHORT = """() => {
  const strip = document.querySelector('.rp-kpi').getBoundingClientRect();
  return [...document.querySelectorAll('.rp-kpi div')].filter((one) => {
    const { left, right, bottom } = one.getBoundingClientRect();
    const parts = [one, ...one.children];
    return left < strip.left - 1 || right > strip.right + 1 || bottom > strip.bottom + 1
      || parts.some((part) => part.scrollWidth > part.clientWidth + 1);
  }).map((one) => one.innerText);
}"""


# Pixels that the page scrolls, beside its list and its alert, which scroll by themselves.
SCROLLS = """() => {
  const { scrollHeight, clientHeight } = document.querySelector('[data-testid=stMain]');
  return scrollHeight - clientHeight;
}"""


def comes_to(page: Page, script: str, wanted: object, where: object) -> None:
    """What a script tells of a page at rest: on a busy machine it is laid out late."""
    until = time.monotonic() + SLOW / 1000
    while (found := page.evaluate(script)) != wanted:
        assert time.monotonic() < until, (where, found)
        page.wait_for_timeout(SOON)


@pytest.mark.parametrize("language", LONGEST)
def test_no_word_of_the_strip_of_figures_is_cut(served, visit, language):
    page = visit("operator-02", "/batches", locale=language)
    expect(page.locator(".rp-kpi")).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        comes_to(page, SHORT, [], width)
    page.set_viewport_size({"width": 1366, "height": 768})


# Whether a table holds columns that only scrolling brings in sight.
BESIDE = """() => [...document.querySelectorAll('[data-testid=stDataFrame] .dvn-scroller')]
  .filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth).length"""


def ordered(served: Served) -> None:
    """A control that waits for its outcome."""
    store, now = served.store(), datetime.now(UTC)
    ines = identity.Actor("officer-14", "officer", home.OFFICE)
    (first, *_) = review.queue(store, ines, review.QueueFilter("shipment"), now).rows
    review.alert(store, ines, first.id, now)
    review.claim(store, ines, first.id, now)
    review.decide(store, ines, first.id, "examine", REASON, now)
    store.close()


@pytest.mark.parametrize("language", LONGEST)
def test_every_column_of_a_table_is_in_sight(served, visit, language):
    ordered(served)
    for who, path, tables_shown in (("operator-02", "/batches", 2), ("officer-14", "/outcome", 1)):
        page = visit(who, path, locale=language)
        expect(page.locator("[data-testid=stDataFrame] .dvn-scroller")).to_have_count(tables_shown)
        for width in (1280, 1366):
            page.set_viewport_size({"width": width, "height": 768})
            at_rest(page)
            comes_to(page, BESIDE, 0, (path, width))


def top(one: Locator) -> float:
    return float(one.evaluate("one => one.getBoundingClientRect().top"))


def bottom(one: Locator) -> float:
    return float(one.evaluate("one => one.getBoundingClientRect().bottom"))


def test_what_sends_an_outcome_stands_above_the_foot_in_the_longest_words(served, visit):
    ordered(served)
    page = visit("officer-14", "/outcome", locale="fr")
    page.set_viewport_size({"width": 1280, "height": 720})
    buttons = page.locator(".st-key-send button")
    expect(buttons).to_have_count(3)
    for one in buttons.all():
        assert bottom(one) <= top(page.locator(".rp-foot")), one.inner_text()
    comes_to(page, SCROLLS, 0, "1280x720")  # all of the form is in sight, each choice on its line
    for choices in ("outcome-", "methods-", "concealment-"):
        assert (
            len({top(one) for one in page.locator(f"[class*=st-key-{choices}] button").all()}) == 1
        )
    page.set_viewport_size({"width": 1280, "height": 560})
    hidden = page.locator(".st-key-how button").last
    assert bottom(hidden) > top(buttons.first)
    hidden.focus()  # what the keyboard comes to does not lie under them
    assert bottom(hidden) <= top(buttons.first)


# Names of pages that stand under who is signed in.
UNDER = """() => {
  const who = document.querySelector('.rp-who').getBoundingClientRect();
  const links = document.querySelectorAll('[data-testid=stTopNav] .rc-overflow-item');
  return [...links].filter((one) => {
    const { left, right } = one.getBoundingClientRect();
    return getComputedStyle(one).opacity > 0 && left < who.right - 1 && right > who.left + 1;
  }).map((one) => one.innerText);
}"""


# Whether what leads to the other pages, and what locks this one, is whole.
HEAD_AND_FOOT = """() => {
  const box = (one) => one.getBoundingClientRect();
  const rest = document.querySelector('[data-testid=stTopNavSection]');
  const [more, names] = rest ? [rest, rest.closest('.rc-overflow')].map(box) : [];
  const locks = box(document.querySelector('.rp-foot .e'));
  return locks.left >= 0 && locks.right <= innerWidth
    && (!rest || !more.width || (more.left >= names.left && more.right <= names.right));
}"""


@pytest.mark.parametrize("language", LONGEST)
def test_no_name_of_a_page_stands_under_who_is_signed_in(served, visit, language):
    store, batches = served.store(), run_tables.Batch.__table__
    with store.write() as connection:  # so that two scorecards stand in the foot
        of = update(batches).where(batches.c.id == "b2")
        connection.execute(of.values(profile="traveller"))
    store.close()
    page = visit("supervisor-03", locale=language)
    expect(page.get_by_test_id("stTopNavLink").first).to_be_visible()
    expect(page.locator(".rp-who")).to_be_visible()  # it is drawn after the names
    expect(page.locator(".rp-foot span")).to_have_count(5)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        at_rest(page)  # Streamlit measures the names after the window has changed
        comes_to(page, UNDER, [], width)
        comes_to(page, HEAD_AND_FOOT, True, width)
    page.set_viewport_size({"width": 1024, "height": 768})  # where some find no room
    rest = page.get_by_test_id("stTopNavSection")
    expect(rest).to_have_accessible_name(re.compile(words.of(language)("frame.more")))
    assert rest.locator("p").evaluate("(one) => one.getBoundingClientRect().width") == 0
    rest.click()
    expect(page.get_by_test_id("stTopNavPopover").get_by_role("menuitem").first).to_be_visible()
    page.set_viewport_size({"width": 1366, "height": 768})


@pytest.mark.parametrize("language", those("en", "fr"))
def test_an_officers_page_is_whole_at_every_width_before_an_alert_is_open_and_then(
    served, visit, language
):
    page = visit("officer-14", locale=language)
    expect(page.locator(".rp-kpi")).to_be_visible()
    expect(page.get_by_test_id("stTopNavLink").first).to_be_visible()
    expect(page.locator(".st-key-list_head")).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        comes_to(page, SHORT, [], width)
        at_rest(page)  # Streamlit measures the names after the window has changed
        comes_to(page, UNDER, [], width)
    for width in SMALL if language in ("en", "fr") else ():
        page.set_viewport_size({"width": width, "height": 768})
        at_rest(page)
        comes_to(page, FRAME, {"order": True, "shown": True}, width)
        if width < 1000:
            comes_to(page, CUT, [], width)
    page.set_viewport_size({"width": 1366, "height": 768})
    with_an_alert_open(page)
    if language == "en":  # below the list the alert has room of its own
        for width in (600, 900):
            page.set_viewport_size({"width": width, "height": 768})
            alert = page.locator(".st-key-alert").bounding_box()
            assert alert is not None and alert["height"] >= 420
            room_below(page)
    page.set_viewport_size({"width": 1366, "height": 768})


@pytest.mark.slow
@pytest.mark.parametrize("language", words.LANGUAGES)
def test_an_officers_page_is_whole_where_an_alert_waits_for_a_view(served, visit, language):
    served.refill(blind=("Karaoke unit, gift",))
    page = visit("officer-14", locale=language)
    with_an_alert_open(page)
    page.set_viewport_size({"width": 1366, "height": 768})


def with_an_alert_open(page) -> None:
    """Open the first alert: no word of the filters is cut, and its buttons are in sight."""
    expect(page.locator(".st-key-next button")).to_be_visible()
    press(page, "n")
    expect(page.locator("[class*=st-key-do-refer-] button")).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        expect(page.locator(".st-key-filters")).to_be_visible()
        comes_to(page, CUT, [], width)
        comes_to(page, OUTSIDE, [], width)
        assert 0 <= room_below(page) <= GAP, width
        comes_to(page, SCROLLS, 0, width)


def room_below(page) -> float:
    """Pixels between the open alert, its buttons at its end, and the foot of the page."""
    foot = page.locator(".rp-foot").bounding_box()
    alert = page.locator(".st-key-alert").bounding_box()
    buttons = page.locator(".st-key-decide").bounding_box()
    assert foot is not None and alert is not None and buttons is not None
    end = alert["y"] + alert["height"]
    assert abs(buttons["y"] + buttons["height"] - end) <= 2
    return float(foot["y"] - end)


def test_a_pause_is_told_over_the_list_and_the_alert_still_ends_above_the_foot(served, visit):
    store, now = served.store(), datetime.now(UTC)
    switching.pause(store, identity.OWNER, "the scanner is repaired", now)
    try:
        page = visit("officer-14", "/?alert=1")
        expect(page.locator(".rp-strip").first).to_contain_text("Rating is paused")
        expect(page.locator(".rp-strip").first).to_contain_text("the scanner is repaired")
        expect(page.locator("[class*=st-key-do-refer-] button")).to_be_visible()
        assert 0 <= room_below(page) <= GAP
        figures = page.locator(".rp-kpi")
        assert top(figures) - bottom(page.locator(".st-key-frame_strips")) == 8  # as all below
    finally:
        switching.resume(store, identity.OWNER, now)
        store.close()


def test_what_can_be_done_with_a_list_stands_close_below_its_count(served, visit):
    page = visit("supervisor-03", "/?lane=yellow")
    page.set_viewport_size({"width": 1024, "height": 768})  # not all of it fits beside the count
    expect(page.locator(".st-key-assign-several button")).to_be_visible()
    settled(page)
    count, acts = page.locator(".st-key-list_head .rp-bar"), page.locator(".st-key-small_refresh")
    assert 0 <= top(acts) - bottom(count) <= 6


def in_sight(one: Locator) -> None:
    """All of its height stands in the window, below the head of the page."""
    expect(one).to_be_in_viewport(ratio=1)
    assert top(one) >= 52


def test_where_an_alert_stands_below_its_list_the_page_goes_to_it_and_back(served, visit):
    page = visit("officer-14")
    main, way = page.get_by_test_id("stMain"), page.locator(".rp-back")
    grid = page.locator("[class*=st-key-list-]").get_by_test_id("data-grid-canvas")
    expect(button(page, "Next")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    settled(page)
    reach(page, grid)
    place = main.evaluate("one => one.scrollTop")
    page.keyboard.press("ArrowDown")  # who walks through the list stays there
    expect(reference(page)).to_have_text("PX-2026-104417")
    settled(page)
    expect(way).not_to_be_focused()
    assert main.evaluate("one => one.scrollTop") == place
    for goes in (way.click, lambda: page.keyboard.press("Enter")):  # then it is open already
        grid.evaluate("one => one.scrollIntoView()")
        place = main.evaluate("one => one.scrollTop")
        assert place > 0
        open_row(page, 2)
        expect(way).to_be_focused()
        expect(reference(page)).to_have_text("PX-2026-104587")
        in_sight(way)
        in_sight(reference(page))
        goes()
        expect(grid).to_be_focused()
        assert main.evaluate("one => one.scrollTop") == place
    page.keyboard.press("ArrowDown")
    expect(reference(page)).to_have_text("PX-2026-104672")
    settled(page)
    press(page, "n")
    expect(way).to_be_focused()
    in_sight(reference(page))
    page.set_viewport_size({"width": 1366, "height": 768})
    expect(way).to_be_hidden()


def test_at_twice_the_size_the_list_has_the_width_of_the_page_and_the_alert_stands_below(
    served, visit
):
    page = visit("officer-14")
    press(page, "n")
    expect(button(page, "Refer")).to_be_visible()
    grid = page.locator("[class*=st-key-list-]").get_by_test_id("data-grid-canvas")
    for width in (683, 1000):
        page.set_viewport_size({"width": width, "height": 384})
        settled(page)
        assert top(page.locator(".st-key-alert")) >= bottom(grid)
        assert grid.evaluate("one => one.getBoundingClientRect().width") > 626


# What of the alert's head and buttons shows less than it holds, or stands outside the alert.
OUTSIDE = """() => {
  const { left, right } = document.querySelector('.st-key-alert').getBoundingClientRect();
  const parts = '.st-key-alert_head *, .st-key-decide *';
  return [...document.querySelectorAll(parts)].filter((one) => {
    const at = one.getBoundingClientRect();
    const hides = getComputedStyle(one).overflowX !== 'visible';
    return at.width > 1 && at.height > 1 && (at.left < left - 1 || at.right > right + 1
      || (hides && one.clientWidth && one.scrollWidth > one.clientWidth + 1));
  }).map((one) => one.innerText);
}"""


# Choices of which a part finds no room.
CHOICES = """() => [...document.querySelectorAll('.stButtonGroup > *')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"""


@pytest.mark.parametrize("language", LONGEST)
def test_an_alert_that_was_changed_since_says_all_of_it_whatever_else_became_of_it(
    served, visit, language
):
    store, now = served.store(), datetime.now(UTC)
    person = identity.Actor("officer-14", "officer", home.OFFICE)
    why = "the sender was asked for the drawing of the pins, and answers tomorrow at noon"
    for alert in (2, 3, 4):
        review.alert(store, person, alert, now)
    snoozing.snooze(store, person, [2], why, now + timedelta(hours=8), now)
    review.claim(store, person, 3, now)
    review.claim(store, person, 4, now)
    review.decide(store, person, 3, "examine", REASON, now)
    alerts, midnight = alert_tables.Alert.__table__, now + timedelta(days=1)
    with store.write() as connection:
        for alert, change in (
            (alerts.c.id <= 5, {"amended_at": now}),
            (alerts.c.id == 4, {"lease_until": midnight}),  # told with its date
            (alerts.c.id == 5, {"withdrawn_at": now}),
        ):
            connection.execute(update(alerts).where(alert).values(change))
    store.close()
    page = visit("officer-14", "/?owner=open&alert=2", locale=language)  # put aside: on no list
    for alert, strips in ((2, 2), (1, 1), (3, 2), (4, 1), (5, 2)):
        if alert == 1:
            page.goto(f"{served.url}/?owner=open&alert=1")
        elif alert > 2:
            press(page, "n")
        expect(page.locator(f".st-key-do-refer-{alert} button")).to_be_visible()
        settled(page)
        expect(page.locator(".st-key-alert_head .rp-strip")).to_have_count(strips)
        comes_to(page, OUTSIDE, [], alert)
        if alert == 2:
            wake = page.locator("[class*=st-key-wake-]")
            expect(wake).to_be_visible()
            strip = page.locator(".st-key-small_snoozed .rp-strip").bounding_box()
            button = wake.bounding_box()
            assert strip is not None and button is not None
            assert strip["y"] <= button["y"] + button["height"] / 2 <= strip["y"] + strip["height"]
    page.goto(f"{served.url}/outcome")
    expect(page.locator("[class*=st-key-methods-]")).to_be_visible()
    for width in (390, 768, *WIDTHS):
        page.set_viewport_size({"width": width, "height": 768})
        comes_to(page, CHOICES, [], width)
    page.set_viewport_size({"width": 1366, "height": 768})


# How far a list, whose columns have no room, is from its right end; nothing where all have room.
FROM_THE_RIGHT = """() => {
  const list = document.querySelector('[class*=st-key-list-] .dvn-scroller');
  if (!list || list.scrollWidth <= list.clientWidth) return null;
  return Math.round(list.scrollWidth - list.clientWidth - list.scrollLeft);
}"""


def test_a_list_that_is_read_from_the_right_begins_at_the_right(served, visit):
    page = visit("officer-14", "/?alert=1", locale="ar")
    page.set_viewport_size({"width": 480, "height": 768})
    comes_to(page, FROM_THE_RIGHT, 0, "ar")
    page.locator("[class*=st-key-list-] .dvn-scroller").evaluate("(one) => { one.scrollLeft = 0 }")
    page.wait_for_timeout(3 * PAUSE)  # whoever moves it finds it where it was left
    assert page.evaluate(FROM_THE_RIGHT) > 0
    page.set_viewport_size({"width": 1366, "height": 768})


# Of who is signed in and the foot of the page: where they stand, and what of the foot is cut.
FRAME = """() => {
  const box = (name) => document.querySelector(name).getBoundingClientRect();
  const [who, foot, list] = ['.rp-who', '.rp-foot', '.st-key-list_head'].map(box);
  const locks = box('.rp-foot .e');
  return {
    order: who.bottom <= list.top && (innerWidth > 1000 || list.bottom <= foot.top),
    shown: locks.left >= 0 && locks.right <= innerWidth,
  };
}"""


# Tables that stand outside the card that holds them.
OUT_OF_CARD = """() => [...document.querySelectorAll('.rp-card table')].filter((one) => {
    const card = one.closest('.rp-card');
    return one.scrollWidth > card.clientWidth && getComputedStyle(card).overflowX === 'visible';
  }).map((one) => one.innerText)"""


@pytest.mark.parametrize("language", FROM_RIGHT)
def test_on_a_narrow_screen_tables_stay_in_their_cards_and_the_folded_menu_outside_the_page(
    served, visit, language
):
    ordered(served)  # so that decisions of a shift are told
    page = visit("supervisor-03", "/board", locale=language)
    expect(page.locator(".rp-card table").first).to_be_visible()
    main = page.get_by_test_id("stMain")
    for width in (1024, 800, 683, 390):
        page.set_viewport_size({"width": width, "height": 768})
        at_rest(page)
        comes_to(page, OUT_OF_CARD, [], width)
        assert main.evaluate("(one) => one.scrollWidth <= one.clientWidth"), width
    menu = page.get_by_test_id("stSidebar")
    assert menu.evaluate(
        "(one) => getComputedStyle(one).visibility === 'hidden'"
        " || one.getBoundingClientRect().right <= 0"
    )
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(page.get_by_test_id("stSidebarNavLink").first).to_be_visible()
    page.set_viewport_size({"width": 1366, "height": 768})


# How high the rows of months are that stand on more than one line.
BROKEN = """() => [...document.querySelectorAll('table.rp-t')][0].querySelectorAll('tbody tr')
  .values().filter((one) => one.getBoundingClientRect().height > 30).toArray().length"""


@pytest.mark.parametrize("language", LONGEST)
def test_on_a_telephone_trends_scroll_in_their_table_and_a_month_stands_on_one_line(
    served, visit, language, tmp_path
):
    now = datetime.now(UTC)
    rows = tmp_path / "arms.csv"
    rows.write_text(
        "record_number,event,event_on,kind,mode,calibre\n"
        f"TN-1,seized,{now:%Y-%m-%d},firearm,mail,9x19\n"
    )
    store = served.store()
    assert arms.load(store, identity.OWNER, rows, now).quarantined == 0
    store.close()
    page = visit("supervisor-03", "/trends", locale=language)
    expect(page.locator("table.rp-t", has_text="9x19")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    at_rest(page)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    assert page.evaluate(BROKEN) == 0


# Short words in tables whose letters stand on more than one line.
SPLIT = """() => [...document.querySelectorAll('table.rp-t td')].flatMap((cell) => {
    const found = [];
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const word of texts.currentNode.data.matchAll(/[^\\s-]+/g)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
        if (word[0].length <= 10 && lines.size > 1) found.push(word[0]);
      }
    }
    return found;
  })"""


@pytest.mark.parametrize("language", ["en", pytest.param("ar", marks=pytest.mark.slow)])
def test_links_stand_as_a_picture_below_their_table_and_no_word_of_either_is_broken(
    served, visit, language
):
    page = visit("officer-14", "/?alert=1", locale=language)
    page.get_by_role("tab").nth(3).click()
    picture = page.locator(".rp-ties [role=img]")
    expect(picture).to_have_count(1)
    expect(picture).to_be_hidden()  # until somebody wants it
    page.locator(".rp-ties summary").press("Enter")
    expect(picture).to_be_visible()
    expect(picture).to_have_attribute("aria-label", re.compile("PX-2026-104009.*PX-2026-103771"))
    assert picture.locator("img").evaluate("(one) => one.naturalHeight") > 0  # the policy lets it
    for width in (1366, 1280, 1024, 768):
        page.set_viewport_size({"width": width, "height": 768})
        at_rest(page)
        comes_to(page, SPLIT, [], width)
        comes_to(page, SPLIT.replace("table.rp-t td", ".rp-ties span"), [], width)
    shown = picture.evaluate("(one) => one.getBoundingClientRect().width")
    assert shown <= 768 and page.foreign == []
    assert faults(page) == []
    page.get_by_role("tab").nth(2).click()  # party history, beside the list
    comes_to(page, SPLIT, [], "party")
    assert faults(page) == []
    page.goto(f"{served.url}/?alert=2")  # which has links to parties alone
    page.get_by_role("tab").nth(2).click()
    expect(page.locator(".rp-ties summary")).to_be_visible()
    expect(page.locator(".rp-ties")).to_have_count(1)


# Cards below the chart of the board of which a part is cut: of three, what each holds is in sight.
OUT_OF_SIGHT = """() => [...document.querySelectorAll(
    '.st-key-board_low .rp-card, .st-key-board_low .st-key-overrides .rp-stack')]
  .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"""


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.slow), "ar"])
def test_no_word_of_a_table_is_broken_on_a_narrow_screen(served, visit, language):
    """What is related to an alert, and where the lists of an office are cut that has two."""
    store, alerts = served.store(), alert_tables.Alert.__table__
    offices = office_tables.Office.__table__
    named = update(offices).where(offices.c.code == home.OFFICE)
    with store.write() as connection:
        connection.execute(update(alerts).where(alerts.c.id == 2).values(profile="traveller"))
        connection.execute(named.values(name="Port Meridia, north terminal and free zone"))
    try:
        for who, path in (("officer-14", "/?alert=1"), ("supervisor-03", "/board")):
            page = visit(who, path, locale=language)
            expect(page.locator("table.rp-t").first).to_be_visible()
            for width in (1366, 1280, 1160, 1024, 768, 683, 390):
                page.set_viewport_size({"width": width, "height": 768})
                at_rest(page)
                comes_to(page, SPLIT, [], (path, width))
                if width >= 1024:
                    comes_to(page, OUT_OF_SIGHT, [], (path, width))
    finally:
        with store.write() as connection:
            connection.execute(named.values(name=home.OFFICES[0]["name"]))
        store.close()
