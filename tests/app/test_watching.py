"""Watch: what it says where a part of it cannot be read."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import frame, session, watching, words
from riskprofile.errors import Busy
from riskprofile.services import drift


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


@pytest.mark.parametrize("language", ["fr", "es", "ar"])
def test_what_changed_is_told_on_every_page_in_its_language(language: str) -> None:
    say, now = words.of(language), datetime(2026, 11, 24, tzinfo=UTC)
    seen = drift.Standing("shipment", "2026.11.4", now, ("column gross_mass_kg", "score points"))
    told = frame.changed(say, seen, UTC, now)
    assert say("field.gross_mass_kg") in told and say("watch.series_score") in told
    assert "gross_mass_kg" not in told and "score points" not in told
