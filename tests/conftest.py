"""Fixtures for the whole suite."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from hypothesis import settings as hypotheses
from sqlalchemy import Connection, inspect, make_url

from riskprofile.services import blind, identity, settings
from riskprofile.services.settings import Settings
from riskprofile.store import database, migrations
from riskprofile.store.database import Store

ROOT = Path(__file__).resolve().parents[1]
AS_SHIPPED = dict(database.PRAGMAS)  # what an installation sets of SQLite
SHARE = blind.SHARE  # of its alerts, how many wait for a view where nobody set it
BEHIND = 5  # of twenty: how far a process without tests of pages stands back
LATE = 240  # seconds after which what a busy machine is slow at is lost: a test may take 300

# What a command takes is read from its function once. A program reads that of one command; a
# process of the suite holds them all, and made them all twice at each call of a command line.
typer.main.get_command_from_info = functools.cache(typer.main.get_command_from_info)


# How long an example takes, or to draw one, depends on the machine; a test that hangs is ended by
# its time limit.
hypotheses.register_profile(
    "untimed",
    hypotheses.default,
    deadline=None,
    suppress_health_check=[*hypotheses.default.suppress_health_check, HealthCheck.too_slow],
)
hypotheses.load_profile("untimed")


def pytest_configure() -> None:
    """SIGTERM ends the tests as Ctrl-C does: what their fixtures began is ended too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Of several processes the two that have the tests of pages go before the others: each waits
    for a browser and a server of its own, and who is through first would wait for them.
    """
    group = item.get_closest_marker("xdist_group")
    pages = group is not None and group.args[0].startswith("browser-")
    if "PYTEST_XDIST_WORKER" in os.environ and not pages:
        os.nice(max(0, BEHIND - os.nice(0)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: garbage is not looked for in it, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test does not set the share, no alert waits for a view: which would, a key made at
    random decides, and most tests look at what officers see of the rating.
    """
    monkeypatch.setattr(blind, "SHARE", 0.0)


@pytest.fixture(autouse=True, scope="session")
def no_power_cut() -> Iterator[None]:
    """SQLite waits for no disk, in this process and those it forks, as PostgreSQL below does not.

    Nothing here cuts the power, and what a process wrote before it was killed the system has.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(database.PRAGMAS, "synchronous", 0)
        yield


@pytest.fixture(autouse=True, scope="session")
def migrated_once() -> Iterator[None]:
    """A new SQLite database gets the tables that the first one was migrated to: a tenth of a
    second each, a thousand times. What `tests/store` asks of migrations runs them.
    """
    migrate, made = migrations.upgrade, list[str]()
    asked = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"

    @functools.wraps(migrate)
    def upgrade(connection: Connection, revision: str = "head") -> None:
        new = connection.dialect.name == "sqlite" and revision == "head"
        new = new and connection.exec_driver_sql(asked).first() is None
        if not new or not made:
            migrate(connection, revision)
            if new:
                rows = [f"SELECT 1 FROM {name}" for name in inspect(connection).get_table_names()]
                assert len(connection.exec_driver_sql(" UNION ALL ".join(rows)).all()) == 1
                # Tables before their indexes; of rows there is the number of the version alone.
                made.extend(connection.exec_driver_sql(f"{asked} ORDER BY type DESC").scalars())
            return
        for statement in made:
            connection.exec_driver_sql(statement)
        last = migrations.REVISIONS[-1]
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{last}')")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "upgrade", upgrade)
        yield


class Compiled(dict[Any, Any]):
    """Statements as they were compiled for a kind of database, whichever engine asked first."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


@pytest.fixture(autouse=True, scope="session")
def compiled_once() -> Iterator[None]:
    """Each test opens a database of its own and asks what others asked: it is compiled once."""
    engine = functools.partial(
        database.create_engine, execution_options={"compiled_cache": Compiled()}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "create_engine", engine)
        yield


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Argon2id with the least memory: what is asked of its cost makes a hasher of its own, and a
    process that a test starts hashes as an installation does.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "hasher", PasswordHasher(1, 8, 1))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared real samples beside the checkout; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder ../shared beside the checkout: real samples are not here")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A private PostgreSQL cluster; each test process starts its own."""
    with postgres_cluster() as folder:
        yield folder


@contextlib.contextmanager
def postgres_cluster() -> Iterator[str]:
    """A PostgreSQL cluster on a Unix socket in a temporary folder; its folder.

    Parallel ones do not meet. PostgreSQL refuses to run as root, so root lends it to
    another user.
    """
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    programs = binaries[-1].parent
    folder = tempfile.mkdtemp(prefix="pg-", dir=in_memory())
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = {"user": "postgres" if "postgres" in names else "nobody", "extra_groups": []}
        shutil.chown(folder, user["user"])
    run = functools.partial(
        subprocess.run, check=True, capture_output=True, cwd=folder, timeout=LATE, **user
    )
    data = f"{folder}/data"
    run([programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "-N"])
    wait = ("-w", "-t", f"{LATE}")
    options = postgres_options(folder)
    start = [programs / "pg_ctl", "-D", data, *wait, "-l", f"{folder}/log", "-o", options]
    run([*start, "start"])
    try:
        yield folder
    finally:
        run([programs / "pg_ctl", "-D", data, *wait, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def in_memory() -> str:
    """A folder whose files are memory, where some gigabytes are free; its path, which is short as
    that of a socket must be. A database is some five hundred files, made and removed by each test.
    """
    memory = Path("/dev/shm")
    enough = memory.is_dir() and os.access(memory, os.W_OK)
    return str(memory) if enough and shutil.disk_usage(memory).free > 3 << 30 else "/tmp"


def postgres_options(folder: str) -> str:
    """How a server runs that need not outlive a power cut, and that nobody copies as it runs."""
    where = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_wal_size=256MB"
    return f"{where} -c fsync=off -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off"


@contextlib.contextmanager
def postgres_database(server: str, template: str = "template1") -> Iterator[str]:
    """The address of a new database on this server, dropped afterwards."""
    psycopg = pytest.importorskip("psycopg")
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(host=server, user="tester", dbname="postgres") as connection:
        connection.autocommit = True
        # By its files, not page by page, which is a third of the work; older ones do nothing else.
        how = "STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {how}")
    yield f"postgresql://tester@/{name}?host={server}"
    # Another connection: the server may have been restarted meanwhile.
    with psycopg.connect(host=server, user="tester", dbname="postgres") as connection:
        connection.autocommit = True
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def home_of(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The settings of a new home; as a parameter of a test "postgresql": of one with that."""
    address = {}
    if getattr(request, "param", "sqlite") == "postgresql":
        address = {"database_url": request.getfixturevalue("postgres_url")}
    return settings.load({}, home=tmp_path / "home", **address)


home = pytest.fixture(home_of)


@pytest.fixture
def bare(home: Settings) -> Iterator[Store]:
    """The database of that home, as it is before anybody did anything."""
    opened = settings.open_store(home)
    yield opened
    opened.close()


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of a PostgreSQL database without any table, made for this test."""
    with postgres_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """The name of a PostgreSQL database that was migrated and holds nothing: others are copies."""
    with postgres_database(postgres_server) as url:
        Store.open(url).close()
        yield make_url(url).database or ""


@pytest.fixture
def postgres_url(postgres_server: str, migrated_postgres: str) -> Iterator[str]:
    """The address of a PostgreSQL database that holds nothing, made for this test."""
    with postgres_database(postgres_server, migrated_postgres) as url:
        yield url
