"""Two scorecards beside each other, as the page tells of them."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import words
from riskprofile.services.comparing import LEAST, Compared


def drawn() -> None:
    """What each of the two would have selected."""
    import streamlit as st

    from app import comparison, words

    comparison._compared(words.of(st.session_state["language"]), st.session_state["told"])


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_terms_and_parts_are_called_as_this_language_calls_them(
    monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    records = pd.DataFrame(
        {
            "record_id": [f"XM-{n}" for n in range(LEAST)],
            "points": 10,
            "other_points": 30,
            "serving": False,
            "other": True,
            "moved": ["mass_per_package", "mass_per_package x wording"] * (LEAST // 2),
            "moved_by": 20,
            "found": pd.array([1] * LEAST, dtype="Int64"),
            "slice:transport_mode": "sea",
            "slice:carrier": None,
        }
    )
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(drawn)
    page.session_state["language"] = language
    page.session_state["told"] = Compared("v1", "v2", 900, 0, records)
    page.run(timeout=120)
    assert not page.exception
    told = " ".join(one.proto.body for one in page.get("html"))
    say = words.of(language)
    assert say("term_name.mass_per_package") in told and say("terms.wording") in told
    assert say.listed([say("field.transport_mode"), say("choice.sea")], ":") in told
    assert say.listed([say("field.carrier"), say("edit.missing")], ":") in told
    assert "mass_per_package" not in told and "transport_mode" not in told
    (save,) = page.get("download_button")
    assert save.proto.ignore_rerun and not save.proto.url  # the page stays, and makes it when asked
