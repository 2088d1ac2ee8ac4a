"""Watch: what it says where a part of it cannot be read."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import session, watching, words
from riskprofile.errors import Busy


def drawn() -> None:
    """The panel as an analyst opens it."""
    from datetime import UTC, datetime
    from types import SimpleNamespace

    from app import watching, words

    person = SimpleNamespace(name="ana", role="analyst", office=None)
    watching.panel(words.of("en"), person, "shipment", UTC, datetime(2026, 11, 24, tzinfo=UTC))


def test_reasons_that_cannot_be_counted_are_not_told_as_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def busy(*_: Any) -> None:
        raise Busy("the database is locked by another program")

    here = SimpleNamespace(store=None, settings=SimpleNamespace(models=None))
    look = SimpleNamespace(
        standing=None,
        calibration=(),
        passed=SimpleNamespace(recall=SimpleNamespace(known=False, drawn_finds=0)),
        version="2026.11.4",
        labels=(),
        signs=(),
    )
    monkeypatch.setattr(session, "speech", lambda: words.of("en"))
    monkeypatch.setattr(watching, "served", lambda: here)
    monkeypatch.setattr(watching.watching, "look", lambda *_: look)
    monkeypatch.setattr(watching.held, "tallied", busy)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(drawn).run()
    assert not page.exception
    told = " ".join(one.proto.body for one in page.get("html"))
    assert words.of("en")("busy.title") in told
    assert words.of("en")("held.none") not in told
    assert "fault" not in page.session_state


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_warning_sign_is_told_by_what_it_says_and_its_code(language: str) -> None:
    said = watching._sign(words.of(language), "shipment", "X02_firearm_lexicon")
    assert said.endswith(" (X02)")
    assert "_" not in said and len(said) > 20
    assert watching._sign(words.of(language), "shipment", "none_such") == "none_such"
