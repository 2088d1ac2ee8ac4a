"""However rows are rated, sixteen ways, not one bit of what is stored differs."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from riskprofile.services import replay, settings, uploading
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.rater import FIRED, POINTS
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from riskprofile.store.table_bytes import from_bytes
from riskprofile.tables import Table
from tests.services.bench import NOW
from training.synth import generate

pytestmark = pytest.mark.xdist_group("configurations")  # one process has what they are held to
ROOT = Path(__file__).resolve().parents[2]
ROWS = 30


def stored(store: Store) -> Table:
    """Every value that was rated and its points, by record and item."""
    with store.read() as connection:
        chunks = connection.execute(text("SELECT rows, features FROM chunk")).all()
    parts = [
        pd.concat([from_bytes(rows, ["record_id", "item"]), from_bytes(log)], axis=1)
        for rows, log in chunks
    ]
    told = pd.concat(parts).sort_values(["record_id", "item"]).reset_index(drop=True)
    # Indicators over a batch ask what else is in its file: a file in parts is another batch.
    return told[[name for name in told if not str(name).startswith(FIRED)]]


@pytest.fixture(scope="module")
def table() -> Table:
    [chunk] = generate("shipment", ROWS, 17, start="2026-09-01", days=30)
    return chunk.table.drop(columns=["source", "line", "warnings"], errors="ignore")


@pytest.fixture(scope="module")
def plain(table: Table, made: bytes, tmp_path_factory: pytest.TempPathFactory) -> Table:
    """One process, one chunk, one file, SQLite."""
    folder = tmp_path_factory.mktemp("plain")
    return rated(furnished(folder, made), written(table, folder))


def furnished(folder: Path, made: bytes) -> Settings:
    """A home with a database that need not be migrated first."""
    (folder / "home").mkdir(mode=0o700)
    (folder / "home" / "riskprofile.db").write_bytes(made)
    return settings.load({}, home=folder / "home")


def written(table: Table, folder: Path, parts: int = 1) -> list[Path]:
    size = -(-len(table) // parts)
    paths = [folder / f"part{n}.csv" for n in range(parts)]
    for n, path in enumerate(paths):
        table.iloc[n * size : (n + 1) * size].to_csv(path, index=False)
    return paths


def rated(home: Settings, paths: list[Path], **options) -> Table:
    store = settings.open_store(home)
    screen(store, home, OWNER, paths, Options(profile="shipment", **options), NOW)
    return looked(store, home)


def looked(store: Store, home: Settings) -> Table:
    again = replay.replay(store, home.models)
    assert (again.same, again.differ) == (ROWS, [])
    told = stored(store)
    store.close()
    return told


def shuffled(table: Table) -> Table:
    return table.sample(frac=1, random_state=5)


def turned(table: Table) -> Table:
    return table.iloc[::-1]


def here(change=lambda table: table, parts: int = 1, backwards: bool = False, **options):
    def way(table: Table, folder: Path, home: Settings) -> Table:
        paths = written(change(table), folder, parts)
        return rated(home, paths[::-1] if backwards else paths, **options)

    return way


def by_command(*arguments: str, **environment: str):
    def way(table: Table, folder: Path, home: Settings) -> Table:
        # The floor of numpy: what this processor may do beyond it is switched off by name.
        if "NPY_DISABLE_CPU_FEATURES" in environment:
            core = np._core._multiarray_umath
            there = [one for one in core.__cpu_dispatch__ if core.__cpu_features__.get(one)]
            if not there:
                pytest.skip("this processor has nothing beyond the floor of numpy")
            environment["NPY_DISABLE_CPU_FEATURES"] = " ".join(there)
        program = "import sys; from riskprofile.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", program, "score", *map(str, written(table, folder))]
        done = subprocess.run(
            [*command, "--profile", "shipment", "--home", str(home.home), *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return looked(settings.open_store(home), home)

    return way


def by_page(table: Table, folder: Path, home: Settings) -> Table:
    """What the operator's page calls with a file that was handed over."""
    store = settings.open_store(home)
    content = io.BytesIO(written(table, folder)[0].read_bytes())
    uploading.upload(store, home, Actor("olga", "operator"), "day.csv", content, NOW)
    return looked(store, home)


Way = Callable[[Table, Path, Settings], Table]
WAYS: dict[str, Way] = {
    "chunks of 7": here(chunk_rows=7),
    "chunks of 20": here(chunk_rows=20),
    "last row first": here(turned),
    "shuffled, chunks of 16": here(shuffled, chunk_rows=16),
    "three files": here(parts=3),
    "three files, last first": here(parts=3, backwards=True),
    "three files, turned, chunks of 5": here(turned, parts=3, chunk_rows=5),
    "two processes": here(workers=2, chunk_rows=15),
    "three processes, shuffled": here(shuffled, workers=3, chunk_rows=11),
    "page": by_page,
    "command line": by_command(),
    "command line, two processes": by_command("--workers", "2"),
    "command line, four threads": by_command(OMP_NUM_THREADS="4", OPENBLAS_NUM_THREADS="4"),
    "command line, plain processor": by_command(NPY_DISABLE_CPU_FEATURES=""),
    "PostgreSQL": here(),
    "PostgreSQL, two processes, last row first": here(turned, workers=2, chunk_rows=15),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_of_rating_changes_no_bit(
    name: str,
    table: Table,
    plain: Table,
    made: bytes,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    home = furnished(tmp_path, made)
    if name.startswith("PostgreSQL"):
        url = request.getfixturevalue("postgres_url")
        home = settings.load({}, home=tmp_path / "home", database_url=url)
    told = WAYS[name](table, tmp_path, home)
    assert len(WAYS) == 16
    assert told[POINTS].tolist() == plain[POINTS].tolist()
    pd.testing.assert_frame_equal(told, plain, check_exact=True)
