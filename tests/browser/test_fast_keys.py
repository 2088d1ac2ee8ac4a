"""Keys pressed faster than the page is drawn: kept in order, and never on another alert."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from sqlalchemy import text
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import Served
from tests.browser.rest import PAUSE
from tests.browser.test_pages import owners
from tests.browser.test_shift import button, press, reference, settled

LOOK = 100  # milliseconds between two looks at what was drawn
FIRST, SECOND, THIRD, FOURTH = (f"PX-2026-{104417 + 85 * row}" for row in range(4))


@pytest.fixture
def page(served: Any, visit: Any) -> Page:
    """The first alert, open and at rest."""
    page: Page = visit("officer-14")
    open_first(page)
    return page


@pytest.fixture
def line(served: Any, visit: Any) -> Line:
    """The first alert, open and at rest, on a line that may be held up."""
    line = Line(visit, "/")
    open_first(line.page)
    return line


def open_first(page: Page) -> None:
    """Open the first alert."""
    expect(button(page, "Next")).to_be_visible()
    press(page, "n")
    rests(page, FIRST)


@contextmanager
def held(served: Served) -> Iterator[None]:
    """A server that has stopped to answer: what was asked for is drawn when it goes on."""
    os.kill(served.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(served.pid, signal.SIGCONT)


def fast(page: Page, keys: str) -> None:
    """Press key after key, without a look at the page."""
    for key in keys:
        page.keyboard.press(key)


def rests(page: Page, record: str) -> None:
    """The page comes to rest on this alert."""
    expect(reference(page)).to_have_text(record)
    settled(page)
    expect(reference(page)).to_have_text(record)


def test_next_pressed_twice_at_once_moves_two_and_held_down_it_is_not_piled_up(page, served):
    with held(served):
        fast(page, "nn")
    rests(page, THIRD)
    with held(served):
        for _ in range(5):
            page.keyboard.down("n")
        page.keyboard.up("n")
    rests(page, FOURTH)


def test_a_decision_pressed_while_another_alert_is_drawn_falls_on_neither(page, served):
    late = page.locator(".rp-late")
    with held(served):
        fast(page, "nan")  # what was pressed after it was meant to come after it
    rests(page, SECOND)
    assert owners(served) == {}
    expect(late).to_be_visible()
    with held(served):
        fast(page, "ai")  # the same alert: the second waits for the first
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_visible()
    expect(late).to_be_hidden()
    assert owners(served) == {SECOND: "officer-14"}


def test_text_typed_while_the_page_is_drawn_anew_stays_text_and_a_click_forgets_keys(page, served):
    search = page.get_by_role("textbox").first
    place = search.bounding_box()
    assert place is not None
    with held(served):
        fast(page, "nn")
        page.mouse.click(place["x"] + 9, place["y"] + 9)  # at once: `search.click` would wait
        page.keyboard.type("napli")
    settled(page)
    # Not the third: the last key was waiting, or both were.
    expect(reference(page)).to_have_text(re.compile(f"{FIRST}|{SECOND}"))
    expect(search).to_have_value("napli")
    assert owners(served) == {}


class Line:
    """Between page and server: what is pressed goes at once, what is drawn may be held up."""

    def __init__(self, visit: Any, path: str, who: str = "officer-14") -> None:
        self.page: Page = visit(who, "/healthz", held=True)
        self.late = False
        self.late_from = b""  # the words with which all that is drawn begins to be late
        self.waiting: list[Any] = []  # bytes, each a message
        self.page.route_web_socket(re.compile("/_stcore/stream"), self._between)
        self.page.goto(urljoin(self.page.url, path))

    def _between(self, line: WebSocketRoute) -> None:
        self.line = line
        line.connect_to_server().on_message(partial(self._drawn, line))

    def _drawn(self, line: WebSocketRoute, told: bytes | str) -> None:
        if line is not self.line:  # a page hears nothing more of a line that was lost
            return
        if self.late_from and self.late_from in told:
            self.late, self.late_from = True, b""
        if self.late:
            self.waiting.append(told)
        else:
            self.line.send(told)

    def rest(self) -> None:
        """Until the server has nothing more to draw: what it began it has ended."""
        stood = 0
        while stood < PAUSE:  # what is typed or moved is told a little later
            seen = len(self.waiting)
            self.page.wait_for_timeout(LOOK)
            stood = stood + LOOK if self._ended() and len(self.waiting) == seen else 0

    def _ended(self) -> bool:
        for told in reversed(self.waiting):
            message = ForwardMsg()
            message.ParseFromString(told)
            if (kind := message.WhichOneof("type")) in ("new_session", "script_finished"):
                return bool(kind == "script_finished")
        return False

    def drop(self) -> None:
        """The line is gone: the page takes another, to a server that knows nothing of it."""
        self.line.close()

    def draw(self) -> None:
        """What was held up is drawn."""
        self.late = False
        while self.waiting:
            self.line.send(self.waiting.pop(0))


def test_a_click_made_while_the_next_alert_is_drawn_is_for_the_one_that_was_clicked(line, served):
    page = line.page
    place = button(page, "Claim").bounding_box()
    assert place is not None
    line.late = True
    page.keyboard.press("n")
    line.rest()  # the server has the second open
    page.mouse.click(place["x"] + 9, place["y"] + 9)
    page.wait_for_timeout(PAUSE)
    expect(reference(page)).to_have_text(FIRST)
    line.draw()
    rests(page, FIRST)
    assert owners(served) == {FIRST: "officer-14"}


def test_a_dialog_of_an_alert_that_was_left_before_it_was_drawn_is_none(line, served):
    page = line.page
    place = button(page, "Next").bounding_box()
    assert place is not None
    line.late = True
    page.keyboard.press("i")
    line.rest()  # the server asks for a reason, which nobody sees yet
    page.mouse.click(place["x"] + 9, place["y"] + 9)
    line.rest()
    line.draw()
    rests(page, SECOND)
    expect(page.get_by_role("dialog")).to_be_hidden()
    press(page, "p")
    rests(page, FIRST)
    page.wait_for_timeout(PAUSE)
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_damaged_alert_says_so_in_its_place_and_the_keys_go_on(served, visit):
    store = served.store()
    with store.write() as connection:
        hurt = text("UPDATE alert SET terms = :bytes WHERE record_id = :record")
        connection.execute(hurt, {"bytes": b"of a damaged disk", "record": FIRST})
    store.close()
    page = visit("officer-14")
    expect(button(page, "Next")).to_be_visible()
    press(page, "n")
    expect(page.locator(".st-key-alert")).to_contain_text("damaged")
    expect(page.locator(".st-key-alert")).not_to_contain_text("Claim")
    press(page, "n")
    rests(page, SECOND)
