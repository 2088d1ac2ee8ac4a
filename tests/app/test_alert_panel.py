"""The open alert, as its page draws it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from app import alert_panel, session, words
from riskprofile.services.viewing import Event


def asks() -> None:
    """Why the record that is open is looked at."""
    import streamlit as st

    from app import alert_panel, session

    alert_panel.ask_purpose(st.session_state["open"], session.speech())


def test_a_purpose_is_of_the_record_that_it_was_said_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """A click that comes when the next one stands there already opens nobody's record."""
    monkeypatch.setattr(session, "speech", lambda: words.of("en"))
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(asks)
    page.session_state["open"] = 5
    page.run()
    late = page.button[0]
    page.session_state["open"] = 6
    page.run()
    late.click().run()
    assert not page.exception
    assert "purpose-6" not in page.session_state
    for button in page.button:
        assert button.key.endswith(f"-{page.session_state['open']}")
    page.button[0].click().run()
    said = page.session_state[f"purpose-{page.session_state['open']}"]
    assert said == words.of("en")("purpose.control")


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_purpose_that_was_chosen_is_told_in_the_language_of_the_page(language: str) -> None:
    """It is kept in English, whoever reads the log."""
    say, now = words.of(language), datetime(2026, 11, 24, tzinfo=UTC)
    kept = words.of("en")("purpose.review"), "a tip of the depot"
    events = [Event(now, "ines", "alert.look", "", one) for one in kept]
    told = alert_panel._timeline(events, say, UTC, now)
    assert say("purpose.review") in told and "a tip of the depot" in told
