"""A file handed over on the page, and handed over once more."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from riskprofile.services import quarantine, settings, uploading
from riskprofile.services.identity import Actor
from riskprofile.services.run import Run
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from tests import factory
from tests.services.test_quarantine import NOW, written

OPERATOR = Actor("olga", "operator")


class Desk:
    """Hands files over, a minute after each other."""

    def __init__(self, store: Store, home: Settings, folder: Path) -> None:
        self.store, self.home, self.folder, self.sent = store, home, folder, 0

    def content(self, *bad: int, **columns: object) -> bytes:
        """Six declarations; those at `bad` have a mass that is no number."""
        return written(self.folder / "made.csv", factory.shipments(6, **columns), *bad).read_bytes()

    def send(self, content: bytes, *, again: bool = False) -> Run:
        """Hand it over as day.csv."""
        self.sent += 1
        at = NOW + timedelta(minutes=self.sent)
        given = io.BytesIO(content)
        return uploading.upload(self.store, self.home, OPERATOR, "day.csv", given, at, again=again)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Of one installation."""
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    yield Desk(store, home, tmp_path)
    store.close()


def test_a_file_that_was_read_before_is_read_as_new_when_that_is_asked_for(desk: Desk) -> None:
    first = desk.content(3)
    batch = desk.send(first).summary.batches[0]["id"]
    desk.send(desk.content(3, gross_mass_kg=[900.0, *[12.5] * 5]))
    known = desk.send(first).summary
    assert (known.accepted, known.batches[0]["duplicate_of"]) == (0, batch)
    [kept] = quarantine.find(desk.store, OPERATOR, quarantine.Filter(batch), NOW)
    assert kept.source == "day.csv"  # as its sender calls it
    anew = desk.send(first, again=True).summary
    assert (anew.read, anew.quarantined) == (6, 1)
    assert anew.accepted == known.changed[batch] > 0
    assert "duplicate_of" not in anew.batches[0]


def test_a_file_that_nobody_read_before_is_read_once_also_when_it_is_asked_for_as_new(
    desk: Desk,
) -> None:
    assert desk.send(desk.content(), again=True).summary.accepted == 6
    assert desk.send(desk.content()).summary.duplicate == 6


@pytest.mark.parametrize("again", [False, True])
def test_no_byte_of_an_uploaded_file_stays_on_the_disk_of_the_server(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    aside = tmp_path / "aside"
    aside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    desk.send(desk.content(3))
    desk.send(desk.content(3), again=again)
    assert list(aside.iterdir()) == []
