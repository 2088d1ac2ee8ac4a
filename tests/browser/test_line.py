"""What is typed outlives a closed lid, a crash and a dropped line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select, update

from app.installation import COOKIE
from riskprofile.store import office_tables
from tests.browser.conftest import PASSWORD, Served
from tests.browser.test_axe import faults
from tests.browser.test_fast_keys import FIRST, Line, line, page, rests
from tests.browser.test_shift import (
    REASON,
    add_item,
    button,
    press,
    reference,
    settled,
    until_kept,
)

__all__ = ["line", "page"]  # the first alert, open and at rest
LOOK = 100  # milliseconds between two looks
TOLD_AFTER = 8  # questions in vain: Streamlit says so after the sixth


def asked(page: Page, key: str = "i") -> Any:
    """The field of the reason, of the open alert's dialog."""
    expect(button(page, "Refer")).to_be_visible()
    press(page, key)
    field = page.get_by_role("dialog").get_by_label("Reason")
    expect(field).to_be_focused()
    return field


def sign_out(page: Page, served: Served) -> None:
    """What pressing Sign out in another window does."""
    page.context.request.post(served.url + "/sign-out", headers={"Origin": served.url})


def kept_here(page: Page) -> Any:
    """What waits in the browser for whoever typed it."""
    return page.evaluate("sessionStorage.getItem('riskprofile-typed')")


def test_a_reason_is_kept_while_it_is_typed_without_a_hand_on_the_field(line, served):
    page = line.page
    field, typed = asked(page), ""
    for part in ("Each piece weighs 10 g; ", "the wording does not settle ", "what they are"):
        page.keyboard.type(part)
        line.late = True
        until_kept(page, served, typed + part)
        page.keyboard.type("and so: ")  # before the page hears that the first was taken
        line.rest()
        line.draw()
        typed += f"{part}and so: "
        expect(field).to_have_value(typed)
    until_kept(page, served, typed)
    page.keyboard.press("Control+Home")
    page.keyboard.type("First: ")
    until_kept(page, served, f"First: {typed}")
    page.keyboard.type("look. ")  # where the cursor was
    expect(field).to_have_value(f"First: look. {typed}")
    expect(field).to_be_focused()
    expect(reference(page)).to_have_text(FIRST)


def test_a_dialog_whose_line_was_lost_says_that_nothing_is_recorded_and_gives_the_words_back(
    line, served
):
    page = line.page
    asked(page)
    page.keyboard.type("Each piece weighs 10 g")
    line.drop()
    lost = page.get_by_role("dialog", name="The connection was lost")
    expect(lost).to_contain_text("is not recorded")
    expect(page.get_by_role("dialog")).to_have_count(1)  # the other belonged to nobody
    page.keyboard.type("nl")  # typed on, unseen: neither the next alert nor a release
    settled(page)
    lost.get_by_role("button", name="Go on").click()
    expect(lost).to_be_hidden()
    expect(reference(page)).to_have_text(FIRST)
    field = asked(page)
    expect(field).to_have_value("Each piece weighs 10 g")
    page.keyboard.press("Control+End")
    page.keyboard.type("; the wording does not settle it")
    button(page, "Record decision").click()
    expect(button(page, "Undo")).to_be_visible()
    expect(page.locator(".st-key-small_undo")).to_contain_text("10 g; the wording does not")


@contextmanager
def away(line: Line) -> Iterator[None]:
    """No server for a while: Streamlit asked so often in vain that it would have said so."""
    page, server, asked = line.page, re.compile("/_stcore/|/news$"), [0]

    def fails(route: Route) -> None:
        asked[0] += "health" in route.request.url
        route.abort()

    page.route(server, fails)
    page.evaluate(
        """() => {
        window.foreign = false; // whether anybody could read another name than ours
        const look = () => {
            window.foreign ||= document.body.innerText.includes("Streamlit");
            requestAnimationFrame(look);
        };
        look();
        }"""
    )
    line.drop()
    while asked[0] < TOLD_AFTER:
        page.wait_for_timeout(LOOK)
    yield
    assert not page.evaluate("window.foreign")
    page.unroute(server)


def test_while_the_server_is_away_the_page_says_so_and_nothing_is_lost_or_told_twice(line, served):
    page = line.page
    field = asked(page)
    page.keyboard.type("Each piece weighs 10 g")
    told = page.get_by_role("alert")
    with away(line):
        expect(told).to_have_count(1)
        expect(told).to_contain_text("The connection was lost")
        expect(told).to_contain_text("what you typed is kept here")
        expect(page.get_by_role("dialog")).to_have_count(1)
        expect(field).to_have_value("Each piece weighs 10 g")
        assert faults(page) == []
    expect(told).to_have_count(0)
    lost = page.get_by_role("dialog", name="The connection was lost")
    lost.get_by_role("button", name="Go on").click()
    assert not page.evaluate("window.foreign")
    field = asked(page)
    expect(field).to_have_value("Each piece weighs 10 g")
    settled(page)
    with away(line):  # and again
        expect(told).to_have_count(1)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        pytest.param({"locale": "ar"}, "انقطع الاتصال", id="ar"),
        pytest.param(
            {"locale": "fr", "color_scheme": "dark"},
            "La connexion a été perdue",
            marks=pytest.mark.slow,
            id="fr-dark",
        ),
        pytest.param(
            {"locale": "es", "forced_colors": "active"},
            "Se perdió la conexión",
            marks=pytest.mark.slow,
            id="es-forced",
        ),
    ],
)
def test_that_the_server_is_away_is_said_in_the_language_of_the_page_on_a_telephone(
    visit, served, wishes, words
):
    line = Line(partial(visit, **wishes), "/")
    line.page.set_viewport_size({"width": 390, "height": 844})
    expect(line.page.locator(".rp-who")).to_contain_text("officer-14")
    settled(line.page)
    told = line.page.get_by_role("alert")
    with away(line):
        expect(told).to_contain_text(words)
        box = told.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
        letters, ground, page = (
            told.evaluate("one => getComputedStyle(one).color"),
            told.evaluate("one => getComputedStyle(one).backgroundColor"),
            line.page.locator(".stApp").evaluate("one => getComputedStyle(one).backgroundColor"),
        )
        assert letters != ground == page
    expect(told).to_have_count(0)


def test_what_is_entered_of_a_control_is_there_once_after_a_lost_line(line, served):
    page = line.page
    asked(page)
    page.keyboard.type(REASON)
    button(page, "Record decision").click()
    expect(button(page, "Record outcome")).to_be_visible()
    press(page, "o")
    page.get_by_role("radio", name="Firearms trafficking").click()
    add_item(page, "Part", "Firing pin")
    note = page.get_by_label("In your words")
    note.click()
    page.keyboard.type("in a bag of pins")
    line.drop()
    expect(page.locator("[data-test-connection-state=PINGING_SERVER]")).to_be_hidden()
    settled(page)
    expect(page.get_by_text("1 piece")).to_be_visible()
    expect(note).to_have_value("in a bag of pins")


def test_who_was_signed_out_while_the_line_was_lost_is_led_to_signing_in_and_back(line, served):
    page = line.page
    asked(page)
    line.late = True  # else a page drawn anew may take the dialog away first
    sign_out(page, served)
    page.keyboard.type("Each piece weighs 10 g")
    line.drop()
    line.late, line.waiting = False, []
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert FIRST not in page.content()
    assert "Each piece" in kept_here(page)
    page.locator("#name").fill("officer-14")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    rests(page, FIRST)
    expect(asked(page)).to_have_value("Each piece weighs 10 g")  # which no server was told of
    assert kept_here(page) is None
    until_kept(page, served, "Each piece weighs 10 g")
    settled(page)
    sign_out(page, served)
    line.drop()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert kept_here(page) is None  # for whoever sits here next: the server has it


def test_whoever_signs_in_elsewhere_while_the_line_is_lost_reads_no_words_of_another(line, served):
    page = line.page
    field = page.get_by_role("dialog").get_by_label("Reason")
    button(page, "Raise by hand").click()
    expect(field).to_be_focused()
    page.keyboard.type("A tip of the depot")
    token = served.token("officer-09")
    page.context.add_cookies([{"name": COOKIE, "value": token, "url": served.url}])
    line.drop()
    lost = page.get_by_role("dialog", name="The connection was lost")
    lost.get_by_role("button", name="Go on").click()
    expect(page.locator(".rp-who")).to_contain_text("officer-09")
    button(page, "Raise by hand").click()
    expect(field).to_be_focused()
    settled(page)
    expect(field).to_have_value("")


def test_words_that_were_given_up_do_not_come_back_after_a_lost_line(line, served):
    page = line.page
    field = page.get_by_role("dialog").get_by_label("Reason")
    for lost in (False, True):
        button(page, "Raise by hand").click()
        expect(field).to_be_focused()
        settled(page)
        expect(field).to_have_value("")
        page.keyboard.type("A tip of the depot")
        until_kept(page, served, "A tip of the depot")
        button(page, "Cancel").click()
        expect(field).to_be_hidden()
        settled(page)
        if lost:
            line.drop()
            expect(page.locator("[data-test-connection-state=PINGING_SERVER]")).to_be_hidden()
            settled(page)
    button(page, "Raise by hand").click()
    expect(field).to_be_focused()
    settled(page)
    expect(field).to_have_value("")


def test_what_was_asked_before_a_session_ended_leaves_the_page_standing(line, served):
    page = line.page
    line.late = True
    sign_out(page, served)
    press(page, "n")
    line.rest()
    page.evaluate("document.querySelector('.st-key-look button').click()")  # as `news.js` does
    line.rest()
    line.draw()
    settled(page)
    expect(page.get_by_text("You are signed out")).to_be_visible()


@contextmanager
def unanswered(served: Served) -> Iterator[None]:
    """A database that knows neither who is signed in nor what was typed, for a while."""

    def called(before: str, after: str) -> None:
        store = served.store()
        with store.write() as connection:
            for name in ("web_session", "draft"):
                connection.exec_driver_sql(f"ALTER TABLE {name}{before} RENAME TO {name}{after}")
        store.close()

    called("", "_away")
    try:
        yield
    finally:
        called("_away", "")


def test_a_page_whose_database_does_not_answer_says_so_and_goes_on_with_what_was_typed(
    page, served
):
    asked(page)
    again = page.get_by_role("button", name="Try again")
    with unanswered(served):
        page.keyboard.type("Each piece weighs 10 g")
        button(page, "Record decision").click()
        expect(page.get_by_role("dialog")).to_contain_text("could not be drawn")
        expect(page.get_by_role("dialog")).to_contain_text("The database failed")
    again.click()
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_have_value(
        "Each piece weighs 10 g"
    )
    settled(page)
    with unanswered(served):
        button(page, "Cancel").click()
        expect(page.get_by_role("dialog")).to_contain_text("could not be drawn")
        page.keyboard.press("Escape")
        expect(page.locator(".rp-strip")).to_contain_text("could not be drawn")
        told = page.context.request.get(f"{served.url}/?alert=1")
        assert (told.status, "The database did not answer" in told.text()) == (503, True)
    again.click()
    expect(reference(page)).to_have_text(FIRST)


def locked(page: Page, served: Served) -> None:
    """Nobody was there for an hour; then the person signs in again."""
    store = served.store()
    with store.write() as connection:
        for row in connection.execute(select(office_tables.WebSession)).all():
            connection.execute(
                update(office_tables.WebSession).values(seen_at=row.seen_at - timedelta(hours=1))
            )
    store.close()
    page.get_by_role("link", name="Sign in again").click()
    page.locator("#name").fill("officer-14")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    rests(page, FIRST)


def test_what_was_typed_in_any_dialog_of_the_queue_is_there_after_a_lock(page, served):
    for name, words in (
        ("Snooze", "Waits for the broker"),
        ("Raise by hand", "A tip of the depot"),
    ):
        button(page, name).click()
        field = page.get_by_role("dialog").get_by_label("Reason")
        expect(field).to_be_focused()
        page.keyboard.type(words)
        until_kept(page, served, words)
        locked(page, served)
        button(page, name).click()
        expect(field).to_have_value(words)
        button(page, "Cancel").click()
        settled(page)
        served.refill()
        page.reload()
        rests(page, FIRST)
