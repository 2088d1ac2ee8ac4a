"""Fields that keep what is typed."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import typed
from riskprofile.errors import StoreError
from riskprofile.services import review


def drawn() -> None:
    """A field of the person who is here, as a dialog draws it."""
    import streamlit as st

    from app import typed

    person = st.session_state["here"]
    typed.field(st.text_input, "Reason", "subject", "reason", person)


@pytest.mark.parametrize("words", ["", "the seals were"])
def test_a_field_is_given_words_only_where_some_were_left(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """What a field is given takes the place of what is typed while the page is drawn."""
    monkeypatch.setattr(typed, "served", lambda: SimpleNamespace(store=None))
    monkeypatch.setattr(review, "draft", lambda *asked: {"reason": words} if words else None)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(drawn)
    page.session_state["here"] = SimpleNamespace(name="ines")
    [field] = page.run().text_input
    assert (field.value, field.proto.set_value) == (words, bool(words))


def test_a_field_is_another_one_for_each_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser keeps what stands in a field, whoever signs in on the same page."""
    monkeypatch.setattr(typed, "served", lambda: SimpleNamespace(store=None))
    monkeypatch.setattr(review, "draft", lambda *asked: None)
    monkeypatch.setattr(review, "save_draft", lambda *asked: None)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(drawn)
    page.session_state["here"] = SimpleNamespace(name="ines")
    [field] = page.run().text_input
    page.session_state["here"] = SimpleNamespace(name="omar")
    [other] = page.run().text_input
    assert field.proto.id != other.proto.id
    assert other.value == ""


def test_words_that_could_not_be_kept_are_left_to_who_typed_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the database does not answer they are in the window alone."""

    def fails(*asked: object) -> None:
        raise StoreError("the database does not answer")

    monkeypatch.setattr(typed, "served", lambda: SimpleNamespace(store=None))
    monkeypatch.setattr(typed.session, "now", lambda: None)
    monkeypatch.setattr(review, "draft", lambda *asked: None)
    monkeypatch.setattr(review, "save_draft", fails)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(drawn)
    page.session_state["here"] = SimpleNamespace(name="ines")
    page.run().text_input[0].set_value("the seals were broken").run()
    page.session_state["here"] = SimpleNamespace(name="omar")
    assert [one.value for one in page.run().text_input] == [""]
    page.session_state["here"] = SimpleNamespace(name="ines")
    assert [one.value for one in page.run().text_input] == ["the seals were broken"]
