"""Before a session ends by itself the page says in how many seconds, by the server's clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from riskprofile.services import identity
from riskprofile.store import office_tables
from tests.browser.conftest import Served
from tests.browser.test_axe import faults
from tests.browser.test_narrow import comes_to
from tests.browser.test_pages import opened
from tests.browser.test_shift import button, press, settled, until_kept

# The queue asks for news once a second, every other page each three.
PAGES = {"officer-14": "/", "operator-02": "/batches"}


def leave(served: Served, page: Page, seconds: float, final: bool = False) -> None:
    """Nobody did anything, until so many seconds before the session ends by itself."""
    settled(page)
    limit = identity.ABSOLUTE if final else identity.IDLE
    then = datetime.now(UTC) - limit + timedelta(seconds=seconds)
    store = served.store()
    with store.write() as connection:
        named = "created_at" if final else "seen_at"
        connection.execute(update(office_tables.WebSession).values({named: then}))
    store.close()


def line(page: Page) -> Any:
    """The line that counts."""
    return page.locator("body > .rp-idle")


def left(page: Page) -> int:
    """The seconds that it shows."""
    found = re.search(r"\d+", line(page).get_by_role("timer").inner_text())
    assert found is not None
    return int(found[0])


def heard(page: Page, times: int) -> list[str]:
    """What readers were told since `listen`, when it was so many times."""
    comes_to(page, "() => window.heard.length", times, "told to readers")
    told: list[str] = page.evaluate("window.heard")
    return told


def listen(page: Page) -> None:
    """Write down each change of what is told to readers."""
    page.evaluate(
        """() => {
        window.heard = [];
        new MutationObserver(() => {
            const told = document.querySelector("body > .rp-idle [role=status]")?.textContent;
            if (told && told !== window.heard.at(-1)) window.heard.push(told);
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
        }"""
    )


@pytest.mark.parametrize("name", PAGES)
def test_each_page_counts_down_locks_and_says_it_to_readers_twice(served, visit, name):
    page = visit(name, PAGES[name])
    expect(page.locator(".rp-who")).to_contain_text(name)
    settled(page)
    expect(line(page)).to_have_count(0)
    listen(page)
    seconds = 34 if name == "officer-14" else 8  # that is told once: it is soon enough
    leave(served, page, seconds)
    expect(line(page)).to_contain_text("Drafts are kept.")
    seen = left(page)
    assert 0 < seen <= seconds
    expect(line(page).get_by_role("timer")).not_to_contain_text(str(seen))
    if seconds > 30:
        told = heard(page, 2)
        leave(served, page, 3)
        assert "in 30 seconds" in told[1] or left(page) < 30  # on a machine that was very slow
    else:
        told = heard(page, 1)
    for one in told:
        assert re.fullmatch(r"This page locks in \d+ seconds?\. Drafts are kept\.", one)
    expect(page.get_by_text("You are signed out")).to_be_visible()
    expect(line(page)).to_have_count(0)
    assert page.evaluate("window.heard") == told


def test_who_stays_stays_and_what_is_typed_in_a_dialog_stays_where_it_is(served, visit):
    page = opened(visit("officer-14"))
    press(page, "i")
    field = page.get_by_role("dialog").get_by_label("Reason")
    expect(field).to_be_focused()
    page.keyboard.type("Each piece weighs 10 g")
    until_kept(page, served, "Each piece weighs 10 g")
    leave(served, page, 40)
    stay = line(page).get_by_role("button", name="Stay signed in")
    stay.click()
    expect(line(page)).to_have_count(0)
    expect(field).to_be_focused()
    page.keyboard.type("; odd")
    expect(field).to_have_value("Each piece weighs 10 g; odd")
    until_kept(page, served, "Each piece weighs 10 g; odd")
    leave(served, page, 40)
    expect(stay).to_be_visible()
    stay.focus()
    expect(stay).to_be_focused()
    page.keyboard.press("Enter")
    expect(line(page)).to_have_count(0)
    expect(field).to_be_focused()


def test_an_act_in_one_window_takes_the_line_from_the_other(served, visit):
    page = visit("supervisor-03", "/board")
    expect(page.locator(".rp-who")).to_contain_text("supervisor-03")
    other = page.context.new_page()
    other.goto(served.url + "/sightings")
    expect(other.locator(".rp-who")).to_contain_text("supervisor-03")
    settled(other)
    leave(served, page, 60)
    expect(line(page)).to_be_visible()
    expect(line(other)).to_be_visible()
    other.keyboard.press("r")  # draws it anew
    expect(line(other)).to_have_count(0)
    expect(line(page)).to_have_count(0)
    other.close()


def test_the_end_of_a_sign_in_is_said_and_nothing_offered(served, visit):
    page = opened(visit("officer-14"))
    leave(served, page, 50, final=True)
    expect(line(page)).to_contain_text("Sign in again afterwards: drafts are kept.")
    expect(line(page).get_by_role("button", name="Stay signed in")).to_have_count(0)
    press(page, "n")
    settled(page)
    expect(line(page)).to_be_visible()  # whatever is done
    leave(served, page, 2, final=True)
    expect(page.get_by_text("You are signed out")).to_be_visible()
    expect(button(page, "Refer")).to_have_count(0)


def test_who_stays_just_before_the_end_of_a_sign_in_hears_that_it_ends_all_the_same(served, visit):
    page = visit("supervisor-03", "/board")
    expect(page.locator(".rp-who")).to_contain_text("supervisor-03")
    listen(page)
    leave(served, page, 75)
    leave(served, page, 110, final=True)
    stay = line(page).get_by_role("button", name="Stay signed in")
    expect(stay).to_be_visible()
    assert "Drafts are kept." in heard(page, 1)[0]
    account = page.locator(".rp-who a").first
    account.focus()
    stay.focus()
    page.keyboard.press("Enter")
    expect(stay).to_have_count(0)
    expect(line(page)).to_be_visible()
    expect(account).to_be_focused()  # not nothing: the button is gone
    assert "A sign-in lasts 8 hours." in heard(page, 2)[1]


def test_the_line_speaks_the_language_of_the_page_at_768_pixels(served, visit):
    page = visit("auditor-01", "/audit", locale="ar")
    page.set_viewport_size({"width": 768, "height": 1024})
    expect(page.locator(".rp-who")).to_contain_text("auditor-01")
    leave(served, page, 80)
    expect(line(page)).to_be_visible()
    assert faults(page) == []
    leave(served, page, 13)  # of 3 to 10 the noun has another form than of 11 and more
    says = r"تُقفل هذه الصفحة بعد (1[123] ثانية|[3-9] ثوانٍ|10 ثوانٍ)\."
    expect(line(page).get_by_role("timer")).to_have_text(re.compile(says))
    box = line(page).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 768
    line(page).get_by_role("button", name="البقاء مسجّل الدخول").click()
    expect(line(page)).to_have_count(0)
