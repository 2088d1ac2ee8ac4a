"""A file rated beside the page: it goes on, is told once, and can be gone on with after a stop."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from unittest import mock

import pytest
from sqlalchemy import text

from app import installation, server
from app.runs import ROWS, Fault, Runs, Upload
from riskprofile.errors import Conflict, InputError, NotAllowed
from riskprofile.services import settings, uploading
from riskprofile.services.run import Options, Summary
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from tests import factory
from tests.app.asgi import running
from tests.conftest import LATE
from tests.services.bench import INES, NOW
from tests.services.test_uploading import OPERATOR

OTHER = type(OPERATOR)("otto", "operator")
LARGE, CHUNK = 4_000, 500  # rows: eight chunks, of which each is rated in half a second
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


@pytest.fixture
def runs(store: Store, home: Settings) -> Iterator[Runs]:
    made = Runs(store, home)
    yield made
    made.end()


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files lie for a moment."""
    folder = tmp_path / "aside"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def content(rows: int = 6) -> bytes:
    """So many declarations as CSV."""
    table = factory.shipments(rows).drop(columns=["source", "line", "warnings"])
    table["declaration_id"] = [f"L{n:06d}" for n in range(rows)]
    made: str = table.dropna(axis=1, how="all").to_csv(index=False)
    return made.encode()


@contextmanager
def small_chunks() -> Iterator[None]:
    """A file that is handed over is read some hundreds of rows at a time."""
    with mock.patch.object(uploading, "Options", partial(Options, chunk_rows=CHUNK)):
        yield


def reading(upload: Upload) -> Upload:
    """Once the first of its rows are stored."""
    while upload.at[0] != ROWS:
        upload.wait(0.01)
        assert upload.came_to is None
    return upload


def states(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(text("SELECT state FROM batch")).scalars())


def test_what_a_run_came_to_is_told_to_its_person_and_once(runs: Runs, store: Store) -> None:
    upload = runs.begin(OPERATOR, "day.csv", content(), NOW)
    upload.wait()
    assert runs.under_way(OPERATOR) is None
    assert runs.ended(OTHER) is None
    assert runs.untold(OPERATOR) and not runs.untold(OTHER)
    assert runs.ended(OPERATOR) is upload
    assert not runs.untold(OPERATOR)
    assert isinstance(upload.came_to, Summary) and upload.came_to.accepted == 6
    assert runs.ended(OPERATOR) is None
    assert states(store) == ["done"]


def test_a_second_file_of_a_person_waits_for_the_first_and_one_of_somebody_else_does_not(
    runs: Runs, store: Store
) -> None:
    with store.write():  # no run gets further than its first change
        first = runs.begin(OPERATOR, "../day.csv", content(), NOW)
        assert runs.under_way(OPERATOR) is first and runs.ended(OPERATOR) is None
        with pytest.raises(Conflict, match=r"^day\.csv is being rated"):
            runs.begin(OPERATOR, "later.csv", content(), NOW)
        assert runs.under_way(OTHER) is None
        others = runs.begin(OTHER, "other.csv", content(7), NOW)
        assert runs.under_way(OTHER) is others
    first.wait()
    with pytest.raises(Conflict):  # nobody was told of the first yet
        runs.begin(OPERATOR, "later.csv", content(), NOW)
    assert runs.ended(OPERATOR) is first
    later = runs.begin(OPERATOR, "later.csv", content(), NOW)
    later.wait()
    assert isinstance(later.came_to, Summary) and later.came_to.duplicate == 6


def test_questions_are_answered_beside_whoever_asks_one_at_a_time(
    store: Store, home: Settings
) -> None:
    runs, under_way, go = Runs(store, home), Event(), Event()

    def first() -> str:
        under_way.set()
        go.wait()
        return "answered"

    def refused() -> None:
        raise Conflict("somebody was first")

    try:
        one, two = runs.ask(first), runs.ask(refused)
        under_way.wait()
        three = runs.ask(int)
        assert not one.done() and not two.running() and three.cancel()
        go.set()
        assert one.result() == "answered"
        with pytest.raises(Conflict):
            two.result()
        go.clear()
        under_way.clear()
        last, never = runs.ask(first), runs.ask(int)
        under_way.wait()
        runs.end()
        assert never.cancelled() and not last.done()
    finally:
        go.set()
        runs.end()
    assert last.result() == "answered"


def test_who_may_not_rate_begins_no_run(runs: Runs, store: Store) -> None:
    with pytest.raises(NotAllowed):
        runs.begin(INES, "day.csv", content(), NOW)
    assert runs.under_way(INES) is None
    assert states(store) == []


def test_a_run_is_its_persons_who_began_it(runs: Runs, store: Store) -> None:
    runs.begin(OPERATOR, "day.csv", content(), NOW).wait()
    with store.read() as connection:
        actors = connection.execute(text("SELECT DISTINCT actor FROM batch")).scalars().all()
    assert actors == [OPERATOR.name]


def test_when_the_server_ends_a_run_stops_after_what_is_under_way_and_the_file_goes_on_later(
    runs: Runs, store: Store, aside: Path
) -> None:
    given = content(LARGE)
    with small_chunks():
        upload = reading(runs.begin(OPERATOR, "day.csv", given, NOW))
        runs.end()
    assert isinstance(upload.came_to, Summary) and upload.came_to.stopped
    assert states(store) == ["stopped"]
    assert 0 < upload.came_to.accepted < LARGE
    assert list(aside.iterdir()) == []
    assert runs.ended(OPERATOR) is upload
    with small_chunks():
        again = runs.begin(OPERATOR, "day.csv", given, NOW)
        again.wait()
    assert isinstance(again.came_to, Summary)
    assert again.came_to.batches[0]["accepted"] == LARGE
    assert states(store) == ["done"]
    assert list(aside.iterdir()) == []


def serve_and_end(home: str) -> None:
    """A page server that ends while a file is rated."""
    app = server.build(settings.load({}, home=home), clock=lambda: NOW)
    here = installation.served()
    with small_chunks(), running(app):
        upload = reading(here.runs.begin(OPERATOR, "day.csv", content(LARGE), NOW))
    assert isinstance(upload.came_to, Summary) and upload.came_to.stopped
    assert states(here.store) == ["stopped"]
    here.store.close()


def test_the_page_server_ends_its_runs_before_itself(home: Settings) -> None:
    """In a process of its own: there is one page server in each."""
    code = "import sys; from tests.app.test_runs import serve_and_end as act; act(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(home.home)], cwd=ROOT, check=True, timeout=LATE)


def test_why_a_file_was_refused_is_kept_without_what_the_run_had_in_memory(
    runs: Runs, aside: Path
) -> None:
    upload = runs.begin(OPERATOR, "day.zip", b"PK\x03\x04 no archive", NOW)
    upload.wait()
    error = upload.came_to
    assert isinstance(error, InputError) and error.where == "day.zip"
    assert (error.__traceback__, error.__context__, error.__cause__) == (None, None, None)
    assert list(aside.iterdir()) == []


def test_what_nobody_foresaw_is_told_by_its_number_and_logged_without_its_words(
    runs: Runs, aside: Path, caplog: pytest.LogCaptureFixture
) -> None:
    aside.rmdir()  # nowhere to put the file
    with caplog.at_level(logging.ERROR, "riskprofile.app"):
        upload = runs.begin(OPERATOR, "day.csv", content(), NOW)
        upload.wait()
    assert isinstance(upload.came_to, Fault)
    assert f"fault {upload.came_to.number}: FileNotFoundError at " in caplog.text
    assert "aside" not in caplog.text
    assert runs.ended(OPERATOR) is upload
