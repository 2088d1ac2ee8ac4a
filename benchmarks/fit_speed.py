"""How long does a fit on a million rows take, in how much memory, and its tables, checked?

    python -m benchmarks.fit_speed [--rows 1000000] [--made 100000] [--threads 2]
        [--json]

`--made` declarations of the generator are rated for their features; their rows are taken again and
again, each time with another small stretch of every value, until there are `--rows`: what is
measured is the work, not the learning. Then the scorecard's estimator is fitted on them in a
process of its own, compiled into tables and checked on every row. It prints wall and processor
seconds of each step, and the most memory that the process held, and ends with 1 when the fit takes
longer than 180 s of wall time or 4 GB, or tables and check longer than 10 s. Wall times count on a
quiet machine alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import apart, asking
from training import compile as compiling
from training import data, estimator
from training.estimator import ScorecardClassifier
from training.recipe import Recipe

SECONDS, TABLES, MEGABYTES = 180.0, 10.0, 4096


def declarations(made: int, folder: Path) -> None:
    """Features and labels of the generator's rows, as files."""
    told = data.make(
        Recipe(
            profile="shipment",
            version="speed",
            rows=made,
            data_seed=31,
            start="2025-01-01",
            days=300,
            train_until="2025-12-31",
            test_from="2025-12-31",
        )
    )
    np.save(folder / "values.npy", told.features.to_numpy("float32"))
    np.save(folder / "labels.npy", told.labels)
    (folder / "names.json").write_text(json.dumps(list(told.features)))


def many(folder: Path, rows: int) -> tuple[Any, np.ndarray]:
    """`rows` rows: those of the files again and again, each time stretched a little otherwise."""
    import pandas as pd

    values, labels = np.load(folder / "values.npy"), np.load(folder / "labels.npy")
    names = json.loads((folder / "names.json").read_text())
    draw = np.random.default_rng(5)
    table = np.empty((rows, values.shape[1]), dtype=np.float64)
    for start in range(0, rows, len(values)):
        part = table[start : start + len(values)]
        part[:] = values[: len(part)]
        whole = (part == np.rint(part)) | np.isnan(part)  # counts and flags stay what they are
        part *= np.where(whole, 1.0, draw.uniform(0.98, 1.02, part.shape).astype("float32"))
    again = np.tile(labels, -(-rows // len(labels)))[:rows]
    return pd.DataFrame(table, columns=names, copy=False), again


class Clock:
    """Wall and processor seconds of named steps."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, float]] = {}

    @contextmanager
    def step(self, name: str) -> Any:
        """Time what runs inside; a step that comes again adds up."""
        wall, processor = time.perf_counter(), time.process_time()
        yield
        told = self.steps.setdefault(name, {"wall": 0.0, "processor": 0.0})
        told["wall"] += time.perf_counter() - wall
        told["processor"] += time.process_time() - processor

    def timed(self, name: str, function: Any) -> Any:
        """The same function, timed."""

        def run(*given: Any, **named: Any) -> Any:
            with self.step(name):
                return function(*given, **named)

        return run


def fitted(folder: Path, rows: int) -> dict[str, Any]:
    """Fit in this process; what each step took."""
    clock = Clock()
    table, labels = many(folder, rows)
    before = round(apart.peak())
    # The steps are those of `fit` itself, watched where they begin and end.
    estimator.compile_tables = clock.timed("tables and check", compiling.compile_tables)
    ScorecardClassifier._pairs = clock.timed("choice of pairs", ScorecardClassifier._pairs)  # type: ignore[method-assign]
    model = ScorecardClassifier(seed=7)
    with clock.step("fit, all of it"):
        model.fit(table, labels)
    with clock.step("points of every row"):
        model.points(table)
    return {
        "rows": rows,
        "positives": int(labels.sum()),
        "features": table.shape[1],
        "terms": len(model.terms_),
        "steps": clock.steps,
        "MB of the rows alone": before,
        "peak MB": round(apart.peak()),
    }


def main() -> int:
    """Print the figures."""
    parser = asking.parser(__doc__, rows=1_000_000, made=100_000, threads=2, json=False)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        print(json.dumps(fitted(asked.inside, asked.rows)))
        return 0
    with tempfile.TemporaryDirectory(prefix="fit-speed-") as folder:
        declarations(asked.made, Path(folder))
        command = [sys.executable, "-m", "benchmarks.fit_speed", "--inside", folder]
        done = subprocess.run(
            [*command, "--rows", str(asked.rows)],
            env={**os.environ, "OMP_NUM_THREADS": str(asked.threads)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    told = json.loads(done.stdout.strip().splitlines()[-1])
    steps = told["steps"]
    fit = steps["fit, all of it"]["wall"] - steps["tables and check"]["wall"]
    held = fit <= SECONDS and steps["tables and check"]["wall"] <= TABLES
    held = held and told["peak MB"] <= MEGABYTES
    if asked.json:
        print(json.dumps({**told, "held": held}))
        return int(not held)
    for name, value in told.items():
        if name != "steps":
            print(f"{name:22} {value:,}")
    for name, one in steps.items():
        print(f"{name:22} {one['wall']:8.1f} s wall {one['processor']:8.1f} s processor")
    print(f"fit without tables     {fit:8.1f} s; bound {SECONDS:.0f} s, {MEGABYTES:,} MB")
    print("held" if held else "missed")
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
