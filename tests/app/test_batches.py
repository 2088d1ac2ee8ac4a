"""The page of batches."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import batch_rows, draw, installation, session, uploads, words
from riskprofile.services import settings
from riskprofile.store.batches import WAS_WRITTEN
from tests.services.bench import NOW, SARA


def test_what_the_list_of_travellers_brings_up_is_told_where_the_environment_switched_them_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"RISKPROFILE_TRAVELLER_BASIS": "Act 7", "RISKPROFILE_TRAVELLER_ASSESSMENT": "DPIA-1"}
    told = settings.load(said, home=tmp_path / "home")
    store, en = settings.open_store(told), words.of("en")
    here, heard = SimpleNamespace(store=store, settings=told, clock=lambda: NOW), list[Any]()
    for module in (installation, session):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(session, "require", lambda *roles: SARA)
    monkeypatch.setattr(session, "speech", lambda: en)
    monkeypatch.setattr(draw, "kpis", lambda rows: str(heard.extend(rows)))
    for name in ("told", "upload"):
        monkeypatch.setattr(uploads, name, lambda say, person: None)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.delitem(sys.modules, "app.views.batches", raising=False)

    def page() -> None:
        from app.views import batches  # noqa: F401 -- it draws itself

    assert not list(AppTest.from_function(page).run().exception)
    store.close()
    profiles = [en(f"profile.{name}").lower() for name in ("shipment", "traveller")]
    names = [en("batches.recall", profile=one) for one in profiles]
    assert [name for name, _ in heard if name in names] == names


def test_a_file_that_was_written_while_it_was_read_is_told_of_in_the_language_of_the_page() -> None:
    batch = SimpleNamespace(duplicate_of=None, note=WAS_WRITTEN)
    told = {batch_rows.note(words.of(lang), batch) for lang in words.LANGUAGES}
    assert len(told) == len(words.LANGUAGES) and WAS_WRITTEN not in told
