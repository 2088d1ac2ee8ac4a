"""The page of batches."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from app import (
    batch_list,
    batch_panels,
    batch_rows,
    draw,
    installation,
    lists,
    session,
    uploads,
    words,
)
from riskprofile.services import govern, settings
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.batches import WAS_WRITTEN
from tests import factory
from tests.services.bench import NOW, SARA


def test_what_the_list_of_travellers_brings_up_is_told_where_the_environment_switched_them_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"RISKPROFILE_TRAVELLER_BASIS": "Act 7", "RISKPROFILE_TRAVELLER_ASSESSMENT": "DPIA-1"}
    told = settings.load(said, home=tmp_path / "home")
    store, en = settings.open_store(told), words.of("en")
    here, heard = SimpleNamespace(store=store, settings=told, clock=lambda: NOW), list[Any]()
    for module in (installation, session, batch_list):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(session, "require", lambda *roles: SARA)
    monkeypatch.setattr(session, "speech", lambda: en)
    monkeypatch.setattr(draw, "kpis", lambda rows: str(heard.extend(rows)))
    for name in ("take_in", "told", "upload"):
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


def batch(state: str = "done", *, minutes: int = 0, **given: Any) -> Any:
    """One as the service tells it."""
    counts = {"read": 10, "accepted": 10, "duplicate": 0, "waits": False}
    began = NOW - timedelta(minutes=minutes)
    return SimpleNamespace(state=state, started_at=began, **{**counts, **given})


def test_a_batch_is_called_by_what_an_operator_has_to_do_with_it() -> None:
    given = [
        batch(),
        batch(waits=True),
        batch(duplicate=10, accepted=0),
        batch(read=0, accepted=0),
        *(batch(name) for name in ("running", "stopped", "failed")),
    ]
    assert [batch_list.state_of(one) for one in given] == [
        *("done", "repair", "duplicate", "done", "running", "stopped", "failed")
    ]
    groups = [name for name in batch_list.GROUPS if name != "all"]
    held = [state for name in groups for state in batch_list.GROUPS[name]]
    assert sorted(held) == sorted(batch_list.STATES)  # each is found under one of them


def test_of_a_batch_that_was_stopped_it_is_not_said_that_none_of_its_rows_was_rated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(batch_panels, "served", lambda: None)
    monkeypatch.setattr(batch_panels.st, "html", drawn.append)
    for state in ("stopped", "failed"):
        one = batch(state, source="day.csv", note="", duplicate_of=None)
        batch_panels.refused(words.of("en"), SARA, one)
    stopped, failed = drawn
    assert "What is stored of it is on no list yet." in stopped and "hand its file over" in stopped
    assert "No row of it was rated." in failed


@pytest.mark.parametrize(("time", "kept"), [("today", 2), ("week", 3), ("all", 4)])
def test_a_day_is_that_of_the_clocks_of_the_office(time: str, kept: int) -> None:
    zone, now = ZoneInfo("Asia/Tokyo"), NOW  # it is five in the afternoon there
    hours = (0, 16, 18, 24 * 8)
    found = [batch(minutes=60 * hour) for hour in hours]
    assert batch_list.came_within(found, time, zone, now) == found[:kept]


@pytest.mark.parametrize("role", ["operator", "supervisor", "administrator"])
def test_of_a_batch_without_a_good_row_each_is_told_what_they_may_read(
    role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = settings.load({}, home=tmp_path / "home")
    store, drawn = settings.open_store(told), list[str]()
    table = factory.shipments(3).astype({"gross_mass_kg": object})
    table.drop(columns=["source", "line", "warnings"]).assign(
        gross_mass_kg="heavy", consignee_name="Ana Prova"
    ).to_csv(tmp_path / "bad.csv", index=False)
    screen(store, told, OWNER, [tmp_path / "bad.csv"], Options(max_bad_share=1.0), NOW)
    here = SimpleNamespace(store=store, settings=told, clock=lambda: NOW)
    for module in (batch_panels, session):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(batch_panels.st, "html", drawn.append)
    (one,) = govern.batches(store, OWNER)
    assert batch_panels.is_refused(one)
    batch_panels.refused(words.of("en"), Actor("one", role), one)
    store.close()
    said = " ".join(drawn)
    assert "3 of 3 rows were kept back" in said and "Ana Prova" not in said
    assert ("heavy" in said) is (role != "administrator")


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_file_that_was_read_before_names_its_batch_within_the_column(language: str) -> None:
    batch = SimpleNamespace(duplicate_of="20261129-164337-5e1aad")
    said = batch_rows.note(words.of(language), batch)
    assert batch.duplicate_of in said
    assert lists.fitted(said, batch_list.NOTE, lines=1) == said
