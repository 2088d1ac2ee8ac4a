"""A number in two widgets: the last move counts, whatever a browser still tells of before."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from app.tied import Part, Tied


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the browser tells with the next act."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def tied(number: int) -> Tied:
    """A slider and a field, as a server has them that was just started."""
    return Tied("turn", number, (Part("slider", 100), Part("field", 100)))


def test_after_a_restart_an_old_stand_of_the_slider_does_not_undo_what_was_typed(page):
    """The page stands open meanwhile: it has drawn seven turns of the server before."""
    one = tied(30)
    page.update({"turn": "7", "slider": 36, "field": 36})
    one.hear()
    page["field"] = 52
    assert one.hear() == 52
    one.show()
    assert (page["slider"], page["field"]) == (52, 52)
    # What the browser sent before it had drawn that: the slider as it stood.
    page.update({"turn": "7", "slider": 36, "field": 52})
    assert one.hear() == 52
    page.update({"turn": "8", "slider": 52, "field": 52})
    assert one.hear() == 52


def test_what_is_moved_after_it_was_drawn_counts(page):
    one = tied(30)
    page.update({"slider": None, "field": None})
    one.show()
    assert page["turn"] == "1"
    page["slider"] = 44
    assert one.hear() == 44
    one.show()
    assert (page["field"], page["turn"]) == (44, "2")
