"""How near the whole pipeline is to what the machine allows: ratios of one run, side by side.

    python -m benchmarks.pipeline [--rows 20000] [--rows 1000000] [--past 20000]
                                  [--only end,parts,engines,cluster] [--json]

Declarations of the generator are rated in processes of their own, which read a CSV file,
validate, look up history, score, rank and store. Processor time is what a process and its
children used, so that others on the machine disturb it less than they disturb the clock;
memory is the most that one process held. Beside it, on the same file:

F1  `pandas.read_csv` in chunks of 50,000 and `predict_proba` of a HistGradientBoosting of
    200 trees of 31 leaves over 40 features of the same rows: the floor
F2  the same read and the points of the scorecard

`parts` compares what a process does with a chunk in memory: points beside LightGBM, and
all terms of every row beside shap's TreeExplainer. The last table says which goals are met.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from riskprofile.profiles import SHIPMENT
from riskprofile.scoring import reasons
from riskprofile.scoring.ranking import Capacity
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.rater import POINTS
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store import artefacts, batches
from training.synth import generate

PAST, DAY = datetime(2026, 6, 20, 8, tzinfo=UTC), datetime(2026, 7, 1, 8, tzinfo=UTC)
CHUNK, FLOOR = 50_000, 40  # rows of a read, features of the floor
CAPACITY = Capacity(share=0.01)
GROUPS = ("end", "parts", "engines", "cluster")


def make(file: Path, rows: int, seed: int, start: str, days: int) -> None:
    """Declarations as CSV, a part in memory at a time."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        for number, chunk in enumerate(
            generate("shipment", rows, seed, start=start, days=days, chunk_rows=CHUNK)
        ):
            chunk.table[SHIPMENT.names].to_csv(stream, index=False, header=not number)


def child(*arguments: str) -> dict[str, float]:
    """Processor and clock seconds and the peak memory (MiB) of this program, run apart."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.pipeline", "--child", *arguments]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": time.perf_counter() - began,
        "peak": used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10),
    }


def rate(folder: Path, url: str, file: str, workers: str, scheduler: str = "") -> None:
    """One run, as the command line does it. The past is loaded when nothing is known."""
    home = settings.load({}, home=folder / "home", database_url=url)
    store = settings.open_store(home)
    history = file == "past.csv"
    options = Options(
        profile="shipment",
        capacity=CAPACITY,
        history=history,
        workers=int(workers),
        scheduler=scheduler,
    )
    screen(store, home, OWNER, [folder / file], options, PAST if history else DAY)
    store.close()


def floor(folder: Path, file: str, how: str) -> None:
    """Read the file as pandas does and rate as many rows: `F1`, `F2`, or `read` alone."""
    values = np.load(folder / "values.npy", mmap_mode="r")
    model, columns = joblib.load(folder / "floor.joblib") if how == "F1" else (None, [])
    card = artefacts.serving(settings.CHECKOUT / "models", SHIPMENT.name)
    at = 0
    for chunk in pd.read_csv(folder / file, chunksize=CHUNK):
        some = np.asarray(values[np.arange(at, at + len(chunk)) % len(values)])
        at += len(chunk)
        if model is not None:
            model.predict_proba(some[:, columns])
        elif how == "F2":
            card.points(pd.DataFrame(some, columns=list(card.features)))


def logged(url: str, card: Scorecard) -> pd.DataFrame:
    """Features and points of the rated rows, from the database."""
    store = settings.Store.open(url)
    with store.read() as connection:
        table = batches.chunk_table
        found = connection.execute(
            batches.select(table.c.features).where(table.c.features.is_not(None)).limit(10)
        ).scalars()
        logs = [batches.from_bytes(one, [*card.features, POINTS]) for one in found]
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


def pairs(one: Callable[[], Any], other: Callable[[], Any], rounds: int = 5) -> float:
    """The median ratio of the processor time of two calls, in turns."""
    found = []
    for _ in range(rounds):
        spent = []
        for call in (one, other):
            began = time.process_time()
            call()
            spent.append(time.process_time() - began)
        found.append(spent[0] / max(spent[1], 1e-9))
    return statistics.median(found)


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
        pairs(lambda: card.points(features), lambda: booster.predict(matrix, num_threads=1)),
    )
    yield (
        "all terms of every row over the score alone",
        pairs(lambda: card.contributions(features), lambda: card.points(features)),
    )
    some, explainer = matrix[:200], TreeExplainer(peer)
    share = len(some) / len(matrix)
    yield (
        "all terms of every row over TreeSHAP",
        pairs(lambda: card.contributions(features), lambda: explainer.shap_values(some), 3) * share,
    )
    few, titles = features.iloc[:200], ["steel pins, samples"] * 200
    yield (
        "reasons as sentences over TreeSHAP, rows of alerts",
        pairs(
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


def measure(rows: int, past: int, only: list[str]) -> dict[str, float]:
    """Every figure for one number of rows."""
    told: dict[str, float] = {}
    card = artefacts.serving(settings.CHECKOUT / "models", SHIPMENT.name)
    with tempfile.TemporaryDirectory(prefix="pipeline-") as name:
        folder = Path(name)
        make(folder / "past.csv", past, 1, "2026-03-01", 100)
        make(folder / "day.csv", rows, 2, "2026-06-21", 9)

        def run(url: str, workers: int = 1, scheduler: str = "") -> dict[str, float]:
            child("rate", name, url, "past.csv", "1")
            return child("rate", name, url, "day.csv", str(workers), scheduler)

        first = f"sqlite:///{folder / 'one.db'}"
        one = run(first)
        told |= {"us a row, processor": one["cpu"] / rows * 1e6, "peak MiB": one["peak"]}
        told |= {f"bytes a row: {part}": size for part, size in stored(first).items()}
        values = logged(first, card)
        if "end" in only:
            prepare_floor(folder, values, card)
            f1, f2 = (child("floor", name, "day.csv", how) for how in ("F1", "F2"))
            told["end to end over F1, processor"] = one["cpu"] / f1["cpu"]
            told["end to end over F2, processor"] = one["cpu"] / f2["cpu"]
            told["end to end over F2, clock"] = one["wall"] / f2["wall"]
        if "parts" in only:
            told |= dict(parts(values, card))
        if "engines" in only:
            two = run(f"sqlite:///{folder / 'two.db'}", 2)
            told["two processes: times one, clock"] = one["wall"] / two["wall"]
            told["two processes over one, processor"] = two["cpu"] / one["cpu"]
            with postgres() as url:
                served = run(url)
            told["PostgreSQL over SQLite, clock"] = served["wall"] / one["wall"]
            told["PostgreSQL over SQLite, processor of the client"] = served["cpu"] / one["cpu"]
        if "cluster" in only:
            from distributed import LocalCluster

            start: Any = LocalCluster
            two = run(f"sqlite:///{folder / 'again.db'}", 2)
            with start(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
                spread = run(f"sqlite:///{folder / 'dask.db'}", 1, cluster.scheduler_address)
            told["dask over two processes, clock"] = spread["wall"] / two["wall"]
    return told


# goal -> figure, the most (or with a minus sign the least) that meets it, what it says
GOALS = (
    ("G1", "end to end over F2, clock", 1.4, "one process at most 1.4 x F2"),
    ("G3", "all terms of every row over the score alone", 1.5, "all terms at most 1.5 x score"),
    ("G3", "all terms of every row over TreeSHAP", 1 / 500, "at most 1/500 of TreeSHAP"),
    ("G6", "PostgreSQL over SQLite, clock", 1.2, "PostgreSQL at most 1.2 x SQLite"),
    ("G7", "peak MiB", 500.0, "at most 500 MiB a process"),
    ("G8", "two processes: times one, clock", -1.7, "two at least 1.7 x one"),
    ("G8", "dask over two processes, clock", 1.1, "dask at most 1.1 x local processes"),
)


def goals(told: dict[str, float]) -> Iterator[tuple[str, str, float, bool]]:
    """Each goal that this run measured: its number, its words, the figure, whether it is met."""
    for number, figure, bar, says in GOALS:
        if figure in told:
            met = told[figure] >= -bar if bar < 0 else told[figure] <= bar
            yield number, says, told[figure], met


def main() -> None:
    """Print a table for each number of rows."""
    if sys.argv[1:2] == ["--child"]:
        what, folder, *more = sys.argv[2:]
        {"rate": rate, "floor": floor}[what](Path(folder), *more)
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, action="append")
    parser.add_argument("--past", type=int, default=20_000)
    parser.add_argument("--only", default=",".join(GROUPS))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = {}
    for rows in asked.rows or [20_000]:
        figures[rows] = told = measure(rows, asked.past, asked.only.split(","))
        if asked.json:
            continue
        print(f"{rows:,} rows after {asked.past:,} of history")
        for name, value in told.items():
            print(f"  {name:<52}{value:>12,.4g}")
        for number, says, value, met in goals(told):
            print(f"  {number} {says:<49}{value:>12,.4g}  {'met' if met else 'NOT MET'}")
    if asked.json:
        print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main()
