"""Fields that keep what is typed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import typed
from riskprofile.services import review


@pytest.mark.parametrize("words", ["", "the seals were"])
def test_a_field_is_given_words_only_where_some_were_left(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """What a field is given takes the place of what is typed while the page is drawn."""
    draft = {"reason": words} if words else None
    monkeypatch.setattr(typed, "served", lambda: SimpleNamespace(store=None))
    monkeypatch.setattr(review, "draft", lambda *asked: draft)

    [field] = AppTest.from_function(drawn).run().text_input
    assert (field.value, field.proto.set_value) == (words, bool(words))


def drawn() -> None:
    import streamlit as st

    from app import typed

    typed.field(st.text_input, "Reason", "subject", "reason", None)
