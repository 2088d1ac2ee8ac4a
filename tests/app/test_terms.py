"""What the editor of terms holds of the outcomes while an analyst clicks."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import terms
from riskprofile.services import feedback, review, settings
from riskprofile.services.rights import OWNER, Actor
from tests.services.bench import INES, REASON, SARA, furnish, later
from tests.services.test_feedback import examine, found, stored


def drawn() -> None:
    """What the outcomes say, by declaration."""
    import streamlit as st

    from app import terms

    own = terms._outcomes(st.session_state["here"], st.session_state["card"])
    st.session_state["said"] = dict(zip(own["record_id"], own["value"], strict=True))


def test_outcomes_that_were_corrected_are_read_anew_though_they_are_as_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = settings.open_store(settings.load({}, home=tmp_path / "home"))
    furnish(store)
    stored(store)
    first, _ = examine(store, "R1", "trafficking", later(hours=1))
    second, _ = examine(store, "R2", "nothing", later(hours=1))
    monkeypatch.setattr(terms, "served", lambda: SimpleNamespace(store=store))
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(drawn)
    digest = feedback.labels(store, "shipment", OWNER)["model_digest"].iloc[0]
    page.session_state["here"] = Actor("anna", "analyst")
    page.session_state["card"] = SimpleNamespace(profile="shipment", digest=digest)
    page.run(timeout=120)
    assert not page.exception and page.session_state["said"] == {"R1": 1, "R2": 0}
    for alert, outcome in ((first, "nothing"), (second, "trafficking")):
        review.reopen(store, SARA, alert, "they were taken for each other", later(hours=2))
        review.claim(store, INES, alert, later(hours=2))
        review.decide(store, INES, alert, "examine", REASON, later(hours=2))
        found(store, alert, outcome, later(hours=3))
    page.run(timeout=120)
    assert not page.exception and page.session_state["said"] == {"R1": 0, "R2": 1}
    store.close()
