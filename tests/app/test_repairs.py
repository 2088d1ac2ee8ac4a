"""The table in which rows that were kept back are put right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import repairs, session, typed
from riskprofile.services import govern, settings
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.database import Store
from tests import factory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A home with one batch, of which a row waits; the page is served from it."""
    told = settings.load({}, home=tmp_path / "home")
    opened = settings.open_store(told)
    table = factory.shipments(3).drop(columns=["source", "line", "warnings"]).astype(object)
    table.loc[1, "gross_mass_kg"] = "heavy"
    table.to_csv(tmp_path / "bad.csv", index=False)
    screen(opened, told, OWNER, [tmp_path / "bad.csv"], Options(max_bad_share=1.0), NOW)
    here = SimpleNamespace(store=opened, settings=told, clock=lambda: NOW)
    for module in (repairs, session, typed):
        monkeypatch.setattr(module, "served", lambda: here)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield opened
    opened.close()


def drawn() -> None:
    """The table of the person who is here, after what they typed."""
    import streamlit as st

    from app import repairs, words

    person, batch = st.session_state["here"], st.session_state["of"]
    if cells := st.session_state.pop("typed", None):
        repairs._leave(person, batch.id, cells)
    repairs.table(words.of("en"), person, batch)


def test_nobody_sees_what_another_typed_who_was_in_this_window_before(store: Store) -> None:
    """A line that was lost may come back with the cookie of who has signed in meanwhile."""
    window = AppTest.from_function(drawn)
    (window.session_state["of"],) = govern.batches(store, OWNER)
    window.session_state["typed"] = {1: {"gross_mass_kg": "12"}}
    asked = []
    for name in ("olga", "omar", "olga"):
        window.session_state["here"] = Actor(name, "operator")
        window.run()
        assert not window.exception
        asked.append((window.button(key="repair-rate").label, window.text_input[0].proto.id))
    first, other, again = asked
    assert (first[0], other[0]) == ("Rate repaired rows (1)", "Rate repaired rows (0)")
    assert first == again and first[1] != other[1]
