"""A cluster rates as one process does, to the last bit, and a worker may die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sqlalchemy import text

from riskprofile.errors import RiskProfileError, ScorecardError, UsageError
from riskprofile.services import settings, workers
from riskprofile.services.identity import OWNER
from riskprofile.services.past import HISTORY, Folder
from riskprofile.services.rater import Rows, rater
from riskprofile.services.run import Options, Run
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.workers import Opened, Task, work_on_cluster
from riskprofile.store.table_bytes import to_bytes
from tests import factory
from tests.conftest import LATE
from tests.services.bench import NOW
from training.estimator import ScorecardClassifier
from training.synth import generate

pytest.importorskip("distributed")
from distributed import Client

pytestmark = pytest.mark.xdist_group("cluster")


DASK, LOCAL = (sys.executable, "-m", "dask"), ("--host", "127.0.0.1")


class Cluster:
    """A scheduler and two workers, processes of their own on the loopback."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self.running = running
        self.file = folder / "scheduler.json"
        self.scheduler = self._start(
            [
                *DASK,
                "scheduler",
                *LOCAL,
                "--port",
                "0",
                "--no-dashboard",
                "--scheduler-file",
                str(self.file),
            ]
        )
        until = time.monotonic() + LATE
        while not self.file.exists() or not self.file.read_text():
            assert time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]
        self.folder, self.workers = folder, []
        self.add_worker()
        self.add_worker()
        self.wait_for(2)

    def add_worker(self) -> None:
        """One more, which may not be there yet."""
        found = ["--local-directory", str(self.folder), "--name", str(len(self.workers))]
        alone = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
        self.workers.append(self._start([*DASK, "worker", self.address, *LOCAL, *alone, *found]))

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(settings.CHECKOUT)}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.running.callback(process.wait)
        self.running.callback(process.kill)
        return process

    def wait_for(self, workers: int) -> None:
        """Until so many workers are there."""
        with Client(self.address, timeout=LATE, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=LATE)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ExitStack() as running:
        yield Cluster(tmp_path_factory.mktemp("cluster"), running)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 declarations of the generator."""
    file = tmp_path_factory.mktemp("day") / "day.parquet"
    [chunk] = generate("shipment", 600, 5, start="2026-10-01", days=40)
    file.write_bytes(to_bytes(chunk.table.drop(columns=["source", "line", "warnings"])))
    return file


def run(folder: Path, day: Path, progress=lambda name, rows: None, **options) -> tuple[Run, object]:
    """A run in a home of its own, and everything that it stored of the rows."""
    home = settings.load({}, home=folder)
    store = settings.open_store(home)
    try:
        told = screen(
            store, home, OWNER, [day], Options(chunk_rows=60, **options), NOW, progress=progress
        )
        with store.read() as connection:
            stored = connection.execute(
                text("SELECT number, rows, features, events FROM chunk ORDER BY number")
            ).all()
            alerts = connection.execute(
                text("SELECT record_id, rank, points, reasons, against FROM alert ORDER BY rank")
            ).all()
    finally:
        store.close()
    return told, (stored, alerts)


@pytest.fixture(autouse=True)
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a scheduler is late, not gone; a person waits ten seconds."""
    monkeypatch.setattr(workers, "PATIENCE", LATE)


def killing(*processes: subprocess.Popen[bytes], patience: float = LATE):
    """Kills them once a first chunk is done; what is gone then is waited for so many seconds."""

    def progress(name: str, rows: int) -> None:
        for one in processes:
            one.kill()
            one.wait()
        workers.PATIENCE = patience  # `busy` puts it back

    return progress


@pytest.mark.slow
def test_a_fit_on_a_cluster_gives_the_same_bits(cluster: Cluster) -> None:
    draw = np.random.default_rng(3)
    values = draw.normal(size=(400, 2))
    labels = (values.sum(axis=1) + draw.normal(size=400) > 1).astype(int)
    model = ScorecardClassifier(pairs=1, iterations=10, least_rows=10)
    here = clone(model).fit(values, labels).points(values)
    with Client(cluster.address, timeout=LATE), joblib.parallel_config("dask"):
        there = model.fit(values, labels).points(values)
    assert (there == here).all()


@pytest.mark.slow
def test_a_cluster_stores_the_same_bytes_even_when_a_worker_is_killed(
    cluster: Cluster, day: Path, tmp_path: Path
) -> None:
    _, alone = run(tmp_path / "alone", day)
    there = {"scheduler": cluster.address}
    whole, spread = run(tmp_path / "spread", day, **there)
    assert whole.summary.accepted == 600
    assert spread == alone
    hurt, after = run(tmp_path / "hurt", day, killing(cluster.workers[0]), **there)
    assert cluster.workers[0].returncode == -signal.SIGKILL
    assert (hurt.summary.accepted, hurt.summary.duplicate) == (600, 0)
    assert after == alone


@pytest.mark.slow
def test_a_run_says_that_its_workers_or_scheduler_are_gone_and_goes_on_without(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, alone = run(tmp_path / "alone", day)
    with ExitStack() as running:
        cluster = Cluster(tmp_path, running)
        there = {"scheduler": cluster.address}
        with pytest.raises(RiskProfileError, match="no workers any more"):
            run(tmp_path / "left", day, killing(*cluster.workers, patience=2), **there)
        monkeypatch.setattr(workers, "PATIENCE", LATE)
        cluster.add_worker()
        cluster.wait_for(1)
        with pytest.raises(RiskProfileError, match="was lost"):
            run(tmp_path / "lost", day, killing(cluster.scheduler, patience=2), **there)
    for home in ("left", "lost"):
        assert run(tmp_path / home, day, resume=True)[1] == alone


def test_a_scheduler_that_is_not_there_stores_nothing(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 1)  # a person waits ten times as long
    with pytest.raises(RiskProfileError, match="does not answer"):
        run(tmp_path / "home", day, scheduler="tcp://127.0.0.1:9")
    for slip in ("localhost", "http://127.0.0.1:8786"):
        with pytest.raises(UsageError, match="tcp://"):
            run(tmp_path / "home", day, scheduler=slip)


def test_a_worker_refuses_another_release_or_scorecard(tmp_path: Path) -> None:
    home: Settings = settings.load({}, home=tmp_path / "home")
    settings.open_store(home).close()
    card = rater(home.database_url, home.models, "shipment", NOW).scorecard
    asked = (home.database_url, home.models, "shipment", NOW, Folder(home.home / HISTORY))
    rows = Rows(factory.shipments(1))
    with pytest.raises(RiskProfileError, match="release"):
        work_on_cluster(Task(Opened(*asked, card.version, card.digest), rows), "0.0.0")
    with pytest.raises(ScorecardError, match=r"has not scorecard shipment .* of the run"):
        from riskprofile import __version__

        work_on_cluster(Task(Opened(*asked, card.version, "another"), rows), __version__)
