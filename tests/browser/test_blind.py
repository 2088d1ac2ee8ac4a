"""Own view first, in a real browser: nothing of the rating, then all of it."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from sqlalchemy import select

from riskprofile.store import alert_tables
from tests.browser import home
from tests.browser.test_shift import REASON, button, open_row, press, reference

PINS = home.PINS
# What only the rating says of it, in any element of the page: points, reasons, signs.
TOLD = (
    *("412", "rank 1", "Rated red", *[one["text"] for one in PINS["reasons"]]),
    *[one["text"] for one in PINS["against"]],
    *[one[name] for one in PINS["indicators"] for name in ("text", "cleared_by", "check")],
)


def told_in(html: str) -> list[str]:
    """Those of `TOLD` which stand in a page as words of their own: a port may hold 412 as well."""
    return [one for one in TOLD if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", html)]


def test_points_are_found_as_a_number_of_their_own():
    assert told_in("<p>= 412</p>") == ["412"]
    assert told_in('<a data-value="412" href="http://127.0.0.1:41209/css-x412">1,412.5</a>') == [
        "412"
    ]
    assert told_in('<a href="http://127.0.0.1:41209/css-x412">24120</a>') == []


def test_the_rating_is_shown_when_the_officer_has_said_a_view_and_the_board_counts_it(
    served, visit
):
    served.refill(blind=(PINS["title"],))
    page = visit("officer-14", "/?lane=blind")
    open_row(page, 0)
    expect(reference(page)).to_have_text("PX-2026-104417")
    expect(page.locator("h1.rp-h1")).to_contain_text("Your own view first")
    alert = page.locator(".st-key-alert")
    expect(alert).to_contain_text(PINS["goods"])  # what was declared is there
    for tab in ("Why", "Declaration", "Links", "Timeline"):
        page.get_by_role("tab", name=tab).click()
        expect(alert.locator("mark")).to_have_count(0)  # which words count is a part of the rating
        expect(page.get_by_role("button", name="Print sheet")).to_have_count(0)
        expect(alert).not_to_contain_text("Trafficking")
        assert told_in(page.content()) == []
    expect(button(page, "Refer")).to_be_visible()
    press(page, "a")
    expect(page.locator(".st-key-alert_line")).to_contain_text("yours to")
    press(page, "d")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This orders nothing")
    dialog.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Record my view").click()
    expect(page.locator("h1.rp-h1")).to_contain_text("Rated red because")
    expect(alert).to_contain_text("Said before the rating was shown:")
    expect(alert).to_contain_text("officer-14")
    page.get_by_role("tab", name="Why").click()
    expect(alert).to_contain_text("= 412")
    expect(alert.locator("mark").first).to_be_visible()
    assert "412" in told_in(page.content())
    press(page, "i")
    page.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Record decision").click()
    expect(button(page, "Record outcome")).to_be_visible()
    board = visit("supervisor-03", "/board")
    card = board.locator(".rp-card", has_text="Own view first, 90 days")
    expect(card).to_contain_text("0 of 1")  # documents, where the lane asks to examine
    expect(card).to_contain_text("1 of 1")  # and then it was examined
    expect(card).to_contain_text("not known yet")
    assert page.foreign == board.foreign == []
    store = served.store()
    with store.read() as connection:
        view = connection.execute(select(alert_tables.FirstView)).mappings().one()
        [decision] = connection.execute(select(alert_tables.Decision)).mappings()
    store.close()
    assert (view["view"], view["officer"], decision["decision"]) == (
        ("documents", "officer-14", "examine")
    )


def test_the_filter_of_own_views_is_there_while_one_waits(served, visit):
    page = visit("officer-14")
    expect(page.locator(".st-key-filters")).to_contain_text("Red 6")
    expect(page.locator(".st-key-filters")).not_to_contain_text("Own view")
    served.refill(blind=(PINS["title"],))
    page.reload()
    expect(page.locator(".st-key-filters")).to_contain_text("Own view 1")
    expect(page.locator(".st-key-filters")).to_contain_text("Red 5")
