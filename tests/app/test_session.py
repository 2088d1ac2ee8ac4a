"""What a page says once: it is said on a page that stays before the person's eyes."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import session, text, words


def page() -> None:
    """A page that says what was noted, and is drawn again before its end, or when it has ended."""
    import streamlit as st

    from app import session

    with session.run():
        session.take_notes()
        st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
        for name in ("told", "fault"):
            if told := session.once(name):
                st.text(told)
        ends = st.session_state.get("ends", {}).get(st.session_state["drawn"])
        if ends == "clicked":
            session.ready_to_note()
            session.notes()["told"] = "newer"
        if ends:
            st.rerun()

    @st.fragment
    def part() -> None:
        if st.session_state.get("anew") == st.session_state["drawn"]:
            session.draw_anew()

    part()
    st.button("next")


def drawn(monkeypatch: pytest.MonkeyPatch, **given: Any) -> AppTest:
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    made = AppTest.from_function(page)
    for name, value in {"told": "rated", **given}.items():
        made.session_state[name] = value
    return made.run()


def said(one: AppTest) -> list[str]:
    assert not list(one.exception)
    return [text.value for text in one.text]


def test_what_was_done_is_said_once(monkeypatch):
    one = drawn(monkeypatch)
    assert said(one) == ["rated"]
    assert said(one.button[0].click().run()) == []


@pytest.mark.parametrize("ends", [{1: "anew"}, {1: "anew", 2: "anew"}])
def test_a_page_that_is_drawn_again_before_its_end_says_it_again(monkeypatch, ends):
    one = drawn(monkeypatch, ends=ends)
    assert (said(one), one.session_state["drawn"]) == (["rated"], 1 + len(ends))
    assert said(one.button[0].click().run()) == []


def test_what_was_done_since_is_said_in_its_place(monkeypatch):
    assert said(drawn(monkeypatch, ends={1: "clicked"})) == ["newer"]


def test_a_part_that_looks_again_by_itself_does_not_take_it_from_the_page(monkeypatch):
    one = drawn(monkeypatch, anew=1)
    assert (said(one), one.session_state["drawn"]) == (["rated"], 2)
    assert said(one.button[0].click().run()) == []


def test_what_was_refused_is_not_said_of_what_the_next_click_opened(monkeypatch):
    one = drawn(monkeypatch, fault="not saved", ends={1: "anew"})
    assert said(one) == ["rated"]
    one = drawn(monkeypatch, fault="not saved", anew=1)
    assert said(one) == ["rated", "not saved"]


def ended() -> None:
    """A page whose session ended before it was drawn."""
    from app import session

    session.signed_out()


def test_that_a_session_ended_is_read_aloud_in_its_own_language(monkeypatch):
    """No frame is drawn that would tell the root."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(session, "speech", lambda: words.of("fr"))
    [told] = AppTest.from_function(ended).run().get("html")
    assert f'lang="fr"><h1>{text.escape(words.of("fr")("signed_out.title"))}<' in told.proto.body
