"""Raising by hand: what was raised is opened, whatever comes next."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException

from app import raising, session, words
from tests.app.ends import Ends

NOW = datetime(2026, 11, 24, 13, 7, tzinfo=UTC)


def test_what_was_raised_is_opened_though_the_next_click_comes_at_once(monkeypatch):
    """Its dialog is closed, the list takes it in, and its reason is the purpose of the look."""
    kept = Ends(dialog=(raising.RAISE, raising.RAISE), held=("rows",), generation=4, open=1)
    monkeypatch.setattr(st, "session_state", kept)
    for name, value in (("speech", words.of("en")), ("now", NOW)):
        monkeypatch.setattr(session, name, lambda value=value: value)
    monkeypatch.setattr(raising, "served", lambda: SimpleNamespace(store=None, settings=None))
    monkeypatch.setattr(raising.typed, "forget", lambda *_: kept.pop("draft", None))

    def acts(*_):
        kept.clicked = True
        return 11

    monkeypatch.setattr(raising.raising, "raise_alert", acts)
    with suppress(RerunException):
        raising._raise(object(), "XM-7", "shipment", "a tip of the depot")
    kept.clicked = False
    session.take_notes()
    assert (kept["open"], kept["purpose-11"]) == (11, "a tip of the depot")
    assert (kept["generation"], "held" in kept, "dialog" in kept) == (5, False, False)
