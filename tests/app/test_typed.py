"""Fields that keep what is typed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from app import typed
from riskprofile.services import review


@pytest.mark.parametrize("words", ["", "the seals were"])
def test_a_field_is_given_words_only_where_some_were_left(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """What a field is given takes the place of what is typed while the page is drawn."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(typed, "served", lambda: SimpleNamespace(store=None))
    monkeypatch.setattr(review, "draft", lambda *asked: {"reason": words} if words else None)
    typed.field(lambda *drawn, **how: None, "Reason", "subject", "reason", None)
    assert state == ({"reason": words} if words else {})
