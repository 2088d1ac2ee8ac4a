"""How near the whole pipeline is to what the machine allows: ratios of one run, side by side.

    python -m benchmarks.pipeline [--rows 20000] [--past 20000] [--rounds 5] [--json]
                                  [--only end,parts,engines,cluster,single]
                                  [--memory 100000,1000000,5000000]

Declarations of the generator are rated in processes of their own, which read a CSV file,
validate, look up history, score, rank and store. Processor time is what a process and its
children used, so that others on the machine disturb it less than they disturb the clock;
memory is the most that one process held. Beside it, on the same file:

F1  `pandas.read_csv` in chunks of 50,000 and `predict_proba` of a HistGradientBoosting of
    200 trees of 31 leaves over 40 features of the same rows: the floor
F2  the same read and the points of the scorecard

`end` is one process, two, F1 and F2 in turns, and the peaks of runs of all rows and of a fifth
whose results go to a file as well. `parts` compares what a process does with a chunk in memory:
points beside LightGBM, and all terms of every row beside shap's TreeExplainer. `engines` is
PostgreSQL and a run killed and resumed, `cluster` dask with a worker killed, `single` the measures
of `benchmarks.goals`. Ratios of whole runs are medians of `--rounds` pairs, in turns. The last
table names every goal G1 to G12 with its figure, held, missed or not measured.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks import apart, asking, goals
from benchmarks import past as pasts
from benchmarks.rated import CHUNK, DAY
from riskprofile.profiles import SHIPMENT
from riskprofile.scoring import reasons
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import settings
from riskprofile.services.rater import POINTS, rater
from riskprofile.store import artefacts, batches, table_bytes
from training.synth import generate

FLOOR = 40  # features of the floor
GROUPS = ("end", "parts", "engines", "cluster", "single")


def make(file: Path, rows: int, seed: int, start: str, days: int) -> None:
    """Declarations as CSV, a part in memory at a time."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        for number, chunk in enumerate(
            generate("shipment", rows, seed, start=start, days=days, chunk_rows=CHUNK)
        ):
            chunk.table[SHIPMENT.names].to_csv(stream, index=False, header=not number)


# As the command line does that is called with workers.
BEGUN = "from riskprofile.services import processes; processes.begun(); "


def measured(*arguments: str) -> dict[str, float]:
    """Processor and clock seconds and the peak memory (MiB) of a run or a floor, apart."""
    begun = BEGUN if arguments[0] == "rate" and arguments[4] != "1" else ""
    used = apart.run(f"{begun}from benchmarks.rated import main; main()", *arguments)
    if used.code:
        raise SystemExit(f"{' '.join(arguments)} ended with {used.code}")
    return {"cpu": used.processor, "wall": used.clock, "peak": used.peak}


def logged(url: str, card: Scorecard) -> pd.DataFrame:
    """Features and points of the rated rows, from the database."""
    store = settings.Store.open(url)
    with store.read() as connection:
        table = batches.chunk_table
        found = connection.execute(
            batches.select(table.c.features).where(table.c.features.is_not(None)).limit(10)
        ).scalars()
        logs = [table_bytes.from_bytes(one, [*card.features, POINTS]) for one in found]
    store.close()
    return pd.concat(logs, ignore_index=True)


def stored(url: str) -> dict[str, float]:
    """Bytes a rated row in the database, by what holds them."""
    store = settings.Store.open(url)
    with store.read() as connection:
        ask = connection.exec_driver_sql
        rows, *parts = ask(
            "SELECT sum(count), sum(length(rows)), sum(length(features)), sum(length(events))"
            " FROM chunk WHERE features IS NOT NULL"
        ).one()
        told = dict(zip(("rows", "features", "events"), (p / rows for p in parts), strict=True))
        if store.sqlite:
            for name in ("record", "party_form", "party_block", "alert", "alert_link"):
                size = ask(
                    "SELECT sum(pgsize) FROM dbstat WHERE name = ? OR name IN "
                    "(SELECT name FROM sqlite_master WHERE tbl_name = ?)",
                    (name, name),
                ).scalar()
                told[name] = (size or 0) / rows
    store.close()
    return told


def parts(values: pd.DataFrame, card: Scorecard) -> Iterator[tuple[str, float]]:
    """Scoring and explaining a chunk in memory, beside peers of the same size."""
    from lightgbm import LGBMClassifier
    from shap import TreeExplainer

    features = values[list(card.features)].iloc[:20_000]
    labels = values[POINTS].iloc[: len(features)].fillna(0).rank(pct=True).to_numpy() > 0.95
    matrix = features.to_numpy()
    peer = LGBMClassifier(n_estimators=200, num_leaves=31, n_jobs=1, verbose=-1)
    peer.fit(matrix, labels)
    booster = peer.booster_
    yield (
        "score: the scorecard over LightGBM",
        goals.pairs(lambda: card.points(features), lambda: booster.predict(matrix, num_threads=1)),
    )
    yield (
        "terms over score",
        goals.pairs(lambda: card.contributions(features), lambda: card.points(features)),
    )
    some, explainer = matrix[:200], TreeExplainer(peer)
    share = len(some) / len(matrix)
    yield (
        "terms over shap",
        share
        * goals.pairs(lambda: card.contributions(features), lambda: explainer.shap_values(some), 3),
    )
    few, titles = features.iloc[:200], ["steel pins, samples"] * 200
    yield (
        "reasons as sentences over TreeSHAP, rows of alerts",
        goals.pairs(
            lambda: reasons.explain(few, titles, SHIPMENT, card),
            lambda: explainer.shap_values(some),
            3,
        ),
    )


def prepare_floor(folder: Path, values: pd.DataFrame, card: Scorecard) -> None:
    """The floor's estimator and the rows that it rates."""
    matrix = values[list(card.features)].to_numpy()
    np.save(folder / "values.npy", matrix)
    labels = values[POINTS].fillna(0).rank(pct=True).to_numpy() > 0.95
    model = HistGradientBoostingClassifier(
        max_iter=200, max_leaf_nodes=31, early_stopping=False, random_state=0
    )
    # A column without two values cannot be cut.
    columns = np.flatnonzero(values[list(card.features)].nunique().to_numpy() > 1)[:FLOOR]
    model.fit(matrix[:50_000, columns], labels[:50_000])
    joblib.dump((model, columns), folder / "floor.joblib")


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database on a server of its own."""
    from tests.conftest import postgres_cluster, postgres_database

    with postgres_cluster() as server, postgres_database(server) as url:
        yield url


def digest(url: str) -> str:
    """SHA-256 over what a run says of every record, whatever its chunks and its engine."""
    total = hashlib.sha256()
    store = settings.Store.open(url)
    with store.read() as connection:
        for asked in (
            "SELECT record_id, item, version, points FROM record",
            "SELECT record_id, lane, queue, rank, points, driver, title, selected_by FROM alert",
        ):
            rows = connection.exec_driver_sql(asked).all()
            for row in sorted(repr(tuple(one)) for one in rows):
                total.update(row.encode())
    store.close()
    return total.hexdigest()


def killed(folder: Path, url: str) -> None:
    """A run killed (-9) after its first chunk, then gone on with by another process."""
    asked = ["rate", str(folder), url, "day.csv", "1", "", "resume"]
    command = [sys.executable, "-m", "benchmarks.rated", *asked]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    store = settings.Store.open(url)
    done = "SELECT count(*) FROM chunk WHERE features IS NOT NULL"
    while process.poll() is None:
        with store.read() as connection:
            if connection.exec_driver_sql(done).scalar():
                break
        time.sleep(0.02)
    process.kill()
    process.wait()
    store.close()
    measured(*asked)


class Bench:
    """One number of rows: files, a database that knows the past, and what was measured."""

    def __init__(self, folder: Path, rows: int, past: int, rounds: int) -> None:
        self.folder, self.rows, self.before, self.rounds = folder, rows, past, rounds
        make(folder / "past.csv", past, 1, "2026-03-01", 100)
        make(folder / "day.csv", rows, 2, "2026-06-21", 9)
        measured("rate", str(folder), f"sqlite:///{folder / 'known.db'}", "past.csv", "1")
        self.count = 0
        self.told: dict[str, float] = {}
        self.hashes: dict[str, str] = {}

    def known(self) -> str:
        """The address of a new database that knows the past."""
        self.count += 1
        made = self.folder / f"run{self.count}.db"
        shutil.copyfile(self.folder / "known.db", made)
        return f"sqlite:///{made}"

    def run(
        self, name: str, workers: int = 1, scheduler: str = "", url: str = "", out: str = ""
    ) -> dict[str, float]:
        """One run over the day's file; its result counts under this name."""
        url = url or self.known()
        asked = (str(self.folder), url, "day.csv", str(workers), scheduler, "", out)
        spent = measured("rate", *asked)
        self.hashes.setdefault(name, digest(url))
        self.url = url
        return spent

    def end(self, first: dict[str, float]) -> None:
        """F1, F2, one process and two, in turns; `first` is a run of one process just made."""
        found = []
        for number in range(self.rounds):
            turn = {
                how: measured("floor", str(self.folder), "day.csv", how) for how in ("F1", "F2")
            }
            turn["one"] = self.run("one process") if number else first
            turn["two"] = self.run("two processes", 2)
            found.append(turn)

        def ratio(over: str, under: str, what: str = "wall") -> float:
            return statistics.median(turn[over][what] / turn[under][what] for turn in found)

        self.told |= {
            "us a row, processor": statistics.median(t["one"]["cpu"] for t in found)
            / self.rows
            * 1e6,
            "peak MiB": max(turn["one"]["peak"] for turn in found),
            "end over F1": ratio("one", "F1"),
            "end over F2": ratio("one", "F2"),
            "end over F2, processor": ratio("one", "F2", "cpu"),
            "two over F1": ratio("two", "F1"),
            "one over two": ratio("one", "two"),
            "two processes over one, processor": ratio("two", "one", "cpu"),
        }

    def engines(self) -> None:
        """PostgreSQL beside SQLite, in turns, and a run that is killed and resumed."""
        found = []
        for _ in range(self.rounds):
            one = self.run("one process")
            with postgres() as url:
                measured("rate", str(self.folder), url, "past.csv", "1")
                found.append(self.run("PostgreSQL", url=url)["wall"] / one["wall"])
        self.told["postgres over sqlite"] = statistics.median(found)
        url = self.known()
        killed(self.folder, url)
        self.hashes["killed and resumed in chunks of 2,500"] = digest(url)

    def cluster(self) -> None:
        """Dask beside two local processes, in turns; then with one of its workers killed."""
        from distributed import LocalCluster

        start: Any = LocalCluster
        found, wall = [], 0.0
        with start(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            address = cluster.scheduler_address
            for _ in range(self.rounds):
                two = self.run("two processes", 2)
                wall = self.run("dask", 1, address)["wall"]
                found.append(wall / two["wall"])
            self.told["dask over two"] = statistics.median(found)
            nanny = next(iter(cluster.workers.values()))
            timer = threading.Timer(wall * 0.6, lambda: os.kill(nanny.pid, signal.SIGKILL))
            timer.start()
            self.run("dask, a worker killed", 1, address)
            timer.cancel()
        differs = self.hashes["dask, a worker killed"] != self.hashes["dask"]
        self.told["killed worker differs"] = float(self.rows if differs else 0)

    def single(self, card: Scorecard) -> None:
        """The measures of `benchmarks.goals`."""
        home = settings.load({}, home=self.folder / "home", database_url=self.known())
        one = rater(home.database_url, home.models, SHIPMENT.name, DAY)
        store = settings.Store.open(self.url)
        with store.read() as connection:
            asked = batches.select(batches.chunk_table.c.rows)
            some = asked.where(batches.chunk_table.c.features.is_not(None)).limit(1)
            rows = table_bytes.from_bytes(connection.execute(some).scalar())
        store.close()
        values = logged(self.url, card)
        labels = values[POINTS].fillna(0).rank(pct=True).to_numpy() > 0.95
        self.told |= goals.history(one, rows)
        look_up = self.told["history: look-up, us a row"]
        self.told |= pasts.goal(self.before, look_up)
        self.told |= goals.alone(one, rows)
        self.told |= goals.fixed(self.folder, self.folder / "day.csv", self.known())
        self.told |= goals.exactness(values, labels, card)
        self.told |= goals.validation(self.folder / "day.csv", min(self.rows, 20_000))
        self.told |= goals.bulk(self.folder)
        if self.rows > 6_000:
            self.told |= goals.inbox(self.folder, self.folder / "day.csv")


def measure(rows: int, past: int, only: list[str], rounds: int) -> dict[str, float]:
    """Every figure for one number of rows."""
    card = artefacts.serving(settings.CHECKOUT / "models", SHIPMENT.name)
    with tempfile.TemporaryDirectory(prefix="pipeline-") as name:
        bench = Bench(Path(name), rows, past, rounds)
        first = bench.run("one process")
        told = bench.told
        told |= {f"bytes a row: {part}": size for part, size in stored(bench.url).items()}
        values = logged(bench.url, card)
        prepare_floor(bench.folder, values, card)
        if "parts" in only:
            told |= dict(parts(values, card))
        if "single" in only:
            bench.single(card)
        if "end" in only:
            bench.end(first)
            told |= memory([rows // 5, rows], past)
        if "engines" in only:
            bench.engines()
        if "cluster" in only:
            bench.cluster()
        if len(bench.hashes) > 1:
            hashes = list(bench.hashes.values())
            told["hashes that differ"] = float(sum(one != hashes[0] for one in hashes))
    return told


def memory(sizes: list[int], past: int) -> dict[str, float]:
    """The peak of one process for each number of rows, and what five times the rows add.

    Of runs whose results go to a file as well, which is the most that `score` does.
    """
    told = {}
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="pipeline-") as name:
            bench = Bench(Path(name), rows, past, 1)
            told[rows] = bench.run("one process", out="ranked.csv")["peak"]
    peaks = {f"peak MiB at {rows:,} rows": peak for rows, peak in told.items()}
    grown = {"peak MiB": max(told.values())}
    if len(told) > 1:
        *_, fifth, most = told.values()
        grown["peak over a fifth"] = most / fifth
    return peaks | grown


def main() -> None:
    """Print every figure, then every goal."""
    asked = asking.asked(
        __doc__, rows=20_000, past=20_000, rounds=5, only=",".join(GROUPS), memory="", json=False
    )
    only = asked.only.split(",") if asked.only else []
    told = measure(asked.rows, asked.past, only, asked.rounds) if only else {}
    if sizes := [int(size) for size in asked.memory.split(",") if size]:
        told |= memory(sizes, asked.past)
    lines = [
        {"goal": goal.number, "says": goal.says, "figure": value, "bar": goal.bar, "state": state}
        for goal, value, state in goals.judged(told)
    ]
    if asked.json:
        print(json.dumps({"rows": asked.rows, "figures": told, "goals": lines}))
        return
    print(
        f"{asked.rows:,} rows after {asked.past:,} of history, on "
        f"{platform.processor() or platform.machine()},"
        f" {os.cpu_count()} processors, {platform.system()}"
    )
    for name, value in told.items():
        print(f"  {name:<52}{value:>12,.4g}")
    for line in lines:
        figure = "" if line["figure"] is None else f"{line['figure']:,.4g}"
        print(f"  {line['goal']:<4} {line['says']:<58}{figure:>12}  {line['state']}")


if __name__ == "__main__":
    main()
