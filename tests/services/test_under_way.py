"""How far batches are, as whoever looks at the database from elsewhere sees it."""

from __future__ import annotations

import errno
import fcntl
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from riskprofile.errors import NotAllowed, StoreError
from riskprofile.services import govern, under_way
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from riskprofile.tables import Table
from tests import factory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OPERATOR = Actor("olga", "operator")


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def written(path: Path, table: Table, first: int = 0) -> Path:
    table = table.drop(columns=["source", "line", "warnings"])
    table["declaration_id"] = [f"W{first + n:06d}" for n in range(len(table))]
    table.to_csv(path, index=False)
    return path


def seen_while_rated(
    store: Store, home: Settings, path: Path, after: float
) -> list[tuple[int, under_way.HowFar]]:
    """Rows read, and what was told of how far it is, after each chunk of four rows."""
    told = []

    def look(name: str, rows: int) -> None:
        running = [one for one in govern.batches(store, OPERATOR) if one.state == "running"]
        now = NOW + timedelta(seconds=after)
        (far,) = under_way.how_far(store, OPERATOR, running, now).values()
        told.append((running[0].read, far))

    screen(store, home, OWNER, [path], Options(chunk_rows=4), NOW, progress=look)
    return told


def test_of_the_first_file_of_its_kind_how_fast_it_is_read_is_known_and_not_how_far_it_is(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    path = written(tmp_path / "day.csv", factory.shipments(8))
    told = seen_while_rated(store, home, path, 2.0)
    assert told[0] == (4, under_way.HowFar(2.0, None, None))


def test_of_a_file_like_those_before_it_is_told_about_how_much_is_read_and_left(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    screen(store, home, OWNER, [written(tmp_path / "a.csv", factory.shipments(40))], Options(), NOW)
    path = written(tmp_path / "b.csv", factory.shipments(40), 100)
    told = seen_while_rated(store, home, path, 10.0)
    shares = [far.share for _, far in told]
    for (rows, far), share in zip(told, shares, strict=True):
        assert share == pytest.approx(min(under_way.MOST, rows / 40), abs=0.03)
        assert far.rate == pytest.approx(rows / 10)
        assert far.seconds == pytest.approx(10 * (1 - share) / share)
    assert max(filter(None, shares)) == under_way.MOST  # what is still read is never all read


def test_a_file_of_several_is_as_fast_as_its_run_and_not_as_slow_as_all_before_it(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    screen(store, home, OWNER, [written(tmp_path / "a.csv", factory.shipments(40))], Options(), NOW)
    names = ("b.csv", "c.csv", "d.csv")
    files = [
        written(tmp_path / name, factory.shipments(40), 100 * place)
        for place, name in enumerate(names, start=1)
    ]
    told: list[under_way.HowFar] = []

    def look(name: str, rows: int) -> None:
        seen = govern.batches(store, OPERATOR)
        running = [one for one in seen if one.state == "running"]
        now = NOW + timedelta(seconds=sum(one.read for one in running) / 4)  # four rows a second
        found = under_way.how_far(store, OPERATOR, running, now)
        told.extend(found[one.id] for one in running if one.source.endswith(name))

    screen(store, home, OWNER, files, Options(chunk_rows=20), NOW, progress=look)
    assert [far.rate for far in told] == [4.0] * 6
    halves = [far.seconds for far in told[::2]]
    assert halves == pytest.approx([5.0] * 3, rel=0.1)


def test_a_packed_file_is_not_held_against_files_that_are_not(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    screen(store, home, OWNER, [written(tmp_path / "a.csv", factory.shipments(40))], Options(), NOW)
    path = written(tmp_path / "b.csv.gz", factory.shipments(8), 100)
    assert {far.share for _, far in seen_while_rated(store, home, path, 1.0)} == {None}


def test_how_many_rows_wait_is_told_of_the_batches_that_have_any(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(6).astype({"gross_mass_kg": object})
    table.loc[[1, 3], "gross_mass_kg"] = "heavy"
    files = [written(tmp_path / "bad.csv", table), written(tmp_path / "good.csv", table[:1], 50)]
    run = screen(store, home, OWNER, files, Options(max_bad_share=1.0), NOW)
    first, second = (str(one["id"]) for one in run.summary.batches)
    assert under_way.waiting(store, OPERATOR, [first, second]) == {first: 2}


def test_the_room_that_is_left_is_that_of_the_disk_of_the_home(home: Settings) -> None:
    home.home.mkdir(parents=True, exist_ok=True)
    assert 0 < under_way.room(home, OPERATOR) < 2**60
    with pytest.raises(NotAllowed):
        under_way.room(home, Actor("ines", "officer"))


KILLED = """
import fcntl, os, sys
from datetime import datetime
from pathlib import Path
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
home, url, file, now, lock = sys.argv[1:]
fcntl.flock = getattr(fcntl, lock)

def look(name, rows):
    print("rated", flush=True)
    sys.stdin.read()  # until it is killed

store, when = Store.open(url), datetime.fromisoformat(now)
settings = Settings(home=Path(home), database_url=url)
screen(store, settings, OWNER, [Path(file)], Options(chunk_rows=4), when, progress=look)
"""


@contextmanager
def killed(settings: Settings, path: Path, lock: str = "flock") -> Iterator[None]:
    """A run of another program, which is killed at the end of this."""
    command = [sys.executable, "-c", KILLED, str(settings.home), settings.database_url, str(path)]
    pipe = subprocess.PIPE
    program = subprocess.Popen([*command, NOW.isoformat(), lock], stdin=pipe, stdout=pipe)
    try:
        assert program.stdout is not None and program.stdout.readline() == b"rated\n"
        yield
    finally:
        program.kill()
        program.communicate()


def test_a_run_that_was_killed_is_told_as_stopped_and_one_that_goes_on_as_running(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'riskprofile.db'}")
    store = Store.open(settings.database_url)
    path = written(tmp_path / "day.csv", factory.shipments(8))
    with killed(settings, path):
        assert [one.state for one in under_way.batches_here(store, settings, OPERATOR)] == [
            "running"
        ]
    assert [one.state for one in under_way.batches_here(store, settings, OPERATOR)] == ["stopped"]
    elsewhere = Settings(home=tmp_path / "other", database_url=settings.database_url)
    assert [one.state for one in under_way.batches_here(store, elsewhere, OPERATOR)] == ["running"]

    def look(name: str, rows: int) -> None:
        (one,) = under_way.batches_here(store, settings, OPERATOR)
        states.append(one.state)

    states: list[str] = []
    later = NOW + timedelta(hours=1)
    options = Options(chunk_rows=4, resume=True)
    screen(store, settings, OWNER, [path], options, later, progress=look)
    assert states == ["running"]
    assert [one.state for one in under_way.batches_here(store, settings, OPERATOR)] == ["done"]
    store.close()


def test_on_a_disk_in_the_network_a_killed_run_is_told_as_stopped_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS makes such a lock of one on the bytes of a file, which who only reads may share alone."""
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'riskprofile.db'}")
    store = Store.open(settings.database_url)
    path = written(tmp_path / "day.csv", factory.shipments(8))
    monkeypatch.setattr(fcntl, "flock", fcntl.lockf)
    with killed(settings, path, "lockf"):
        (one,) = under_way.batches_here(store, settings, OPERATOR)
        assert one.state == "running"
    (one,) = under_way.batches_here(store, settings, OPERATOR)
    assert one.state == "stopped"
    store.close()


def test_two_who_look_at_once_are_told_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'riskprofile.db'}")
    store = Store.open(settings.database_url)
    with killed(settings, written(tmp_path / "day.csv", factory.shipments(8))):
        pass
    lock, told = fcntl.flock, []

    def meanwhile(file: int, how: int) -> None:
        lock(file, how)
        monkeypatch.setattr(fcntl, "flock", lock)
        told.extend(under_way.batches_here(store, settings, OPERATOR))

    monkeypatch.setattr(fcntl, "flock", meanwhile)
    told += under_way.batches_here(store, settings, OPERATOR)
    assert [one.state for one in told] == ["stopped", "stopped"]
    store.close()


def test_where_no_lock_can_be_held_a_run_goes_on_and_leaves_nothing(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(file: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", without)
    path = written(tmp_path / "day.csv", factory.shipments(8))
    run = screen(store, home, OWNER, [path], Options(), NOW)
    assert run.summary.accepted == 8
    assert [*home.home.rglob("*.lock")] == []


def test_a_run_ends_though_its_lock_cannot_be_taken_away(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    def look(name: str, rows: int) -> None:
        for lock in [one for one in home.home.rglob("*.lock") if one.is_file()]:
            lock.unlink()
            lock.mkdir()

    path = written(tmp_path / "day.csv", factory.shipments(8))
    run = screen(store, home, OWNER, [path], Options(), NOW, progress=look)
    assert run.summary.accepted == 8
    assert len([*home.home.rglob("*.lock")]) == 1


def test_a_batch_whose_end_a_full_disk_did_not_take_is_told_as_stopped(
    tmp_path: Path,
) -> None:
    """Of two files: what was read of the first says no more of itself than what broke off."""
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'riskprofile.db'}")
    store = Store.open(settings.database_url)
    paths = [
        written(tmp_path / "a.csv", factory.shipments(8)),
        written(tmp_path / "b.csv", factory.shipments(8), 100),
    ]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def look(name: str, rows: int) -> None:
        if name == "b.csv":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))

    def states(settings: Settings) -> list[str]:
        return [one.state for one in under_way.batches_here(store, settings, OPERATOR)]

    try:
        with pytest.raises(StoreError, match=r"--resume"):
            screen(store, settings, OWNER, paths, Options(chunk_rows=4), NOW, progress=look)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [one.state for one in govern.batches(store, OPERATOR)] == ["running", "running"]
    assert states(settings) == ["stopped", "stopped"]
    elsewhere = Settings(home=tmp_path / "other", database_url=settings.database_url)
    assert states(elsewhere) == ["running", "running"]
    later, options = NOW + timedelta(hours=1), Options(chunk_rows=4, resume=True)
    again = screen(store, settings, OWNER, paths, options, later)
    assert (again.summary.accepted, states(settings)) == (16, ["done", "done"])
    store.close()


def test_a_run_that_breaks_off_and_can_say_so_leaves_no_lock(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    def look(name: str, rows: int) -> None:
        raise ValueError("a fault of the program")

    path = written(tmp_path / "day.csv", factory.shipments(8))
    with pytest.raises(ValueError, match="a fault"):
        screen(store, home, OWNER, [path], Options(chunk_rows=4), NOW, progress=look)
    assert [one.state for one in govern.batches(store, OPERATOR)] == ["stopped"]
    assert [*home.home.rglob("*.lock")] == []
