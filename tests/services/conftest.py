"""An open store with two offices, and people to act."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from riskprofile.store.database import Store
from tests.conftest import postgres_database
from tests.services import bench


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated SQLite database with two offices and one batch, as bytes."""
    file = tmp_path_factory.mktemp("made") / "riskprofile.db"
    store = Store.open(f"sqlite:///{file}")
    bench.furnish(store)
    store.close()
    return file.read_bytes()


@contextlib.contextmanager
def copied(content: bytes, folder: Path) -> Iterator[Store]:
    """A store of one's own with this content."""
    file = folder / "riskprofile.db"
    file.write_bytes(content)
    opened = Store.open(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture
def store(made: bytes, tmp_path: Path) -> Iterator[Store]:
    """A furnished SQLite store."""
    with copied(made, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def furnished_postgres(postgres_server: str, migrated_postgres: str) -> Iterator[str]:
    """The name of a furnished PostgreSQL database that others are copied from."""
    with postgres_database(postgres_server, migrated_postgres) as url:
        store = Store.open(url)
        bench.furnish(store)
        store.close()
        yield make_url(url).database or ""


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A furnished store of either kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("store")
        return
    template = request.getfixturevalue("furnished_postgres")
    with postgres_database(request.getfixturevalue("postgres_server"), template) as url:
        opened = Store.open(url)
        yield opened
        opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty inbox."""
    made = tmp_path / "inbox"
    made.mkdir()
    return made
