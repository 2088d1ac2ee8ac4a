"""The start of a run after a long past: opened from files and what came since, or all of it read.

    python -m benchmarks.past [--past 1000000] [--since 20000] [--profile shipment]

The past is 50,000 generated rows, again and again with other parties and on other days; two
in a hundred were superseded, and one in twenty names stands for another. Each figure is of a
process of its own: seconds of processor time and of the clock until every index that features
and indicators ask is at hand, and the memory that is its own then, and was at most, beside what
a process of that kind has without history. All of them must answer 2,000 other rows to the last
bit alike: it ends with 1 where they do not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import asking
from riskprofile.history import Snapshot, view
from riskprofile.history.register import FUZZY
from riskprofile.profiles import PROFILES, SHIPMENT, Profile
from riskprofile.scoring import rating
from riskprofile.services import past
from riskprofile.services.past import Folder
from riskprofile.store import batches, table_bytes, versions
from riskprofile.store.database import Store
from riskprofile.tables import Table
from training.synth import generate

BEGAN = datetime(2026, 6, 20, 8, tzinfo=UTC)
LATER, RUN = BEGAN + timedelta(days=1), BEGAN + timedelta(days=2)
DISTINCT, CHUNK_ROWS, ASKED = 50_000, 20_000, 2_000
GONE, ALIKE = 0.02, 0.05
# How a run may start: its name, as of when, whether files are read, written, compared already.
WAYS = (
    ("all of it read", RUN, None),
    ("first time: read and kept", BEGAN, (True, False)),
    ("from files, and read what came since", RUN, (False, False)),
    ("from files, and kept what came since", RUN, (True, False)),
    ("from files alone", RUN, (False, False)),
    ("from files alone, in a worker", RUN, (False, True)),
    ("from files alone, the same process again", RUN, (False, False)),
)
AGAIN = len(WAYS) - 1


def remembered(profile: Profile, count: int, first: int) -> Iterator[Table]:
    """What history remembers of this many rows, and other parties from each 50,000 on."""
    chunks = generate(profile.name, min(count, DISTINCT), 1, start="2026-03-01", days=100)
    seen = [view(one.table, profile)[[*profile.remembered, "time"]] for one in chunks]
    table = pd.concat(seen, ignore_index=True)
    names = [key.name for key in profile.keys if key.family != "place"]
    for number in range(first, first + -(-count // len(table))):
        others = {name: table[name] ^ (number << 20) for name in names}
        when = table["time"] - pd.Timedelta(hours=7 * (number % 40))
        yield table.assign(**others, time=when).iloc[: count - (number - first) * len(table)]


def furnish(store: Store, profile: Profile, rows: int, since: int) -> None:
    """Put the past into a database, in two batches, and its parties into the register."""
    draw = np.random.default_rng(1)
    for number, (count, at) in enumerate(((rows, BEGAN), (since, LATER))):
        with store.write() as connection:
            batch = dict.fromkeys(("model_version", "model_digest", "note", "actor"), "")
            batch |= {"id": f"B{number}", "source": "past", "digest": str(number), "format": "csv"}
            counts = ("cursor", "read", "accepted", "quarantined", "duplicate", "failed", "alerts")
            figures = dict.fromkeys(counts, 0)
            connection.execute(
                batches.batch_table.insert().values(
                    profile=profile.name, state="done", started_at=at, ended_at=at,
                    **batch, **figures,
                )
            )  # fmt: skip
        for part, table in enumerate(remembered(profile, count, 1_000 * number)):
            for place in range(0, len(table), CHUNK_ROWS):
                events = table.iloc[place : place + CHUNK_ROWS].reset_index(drop=True)
                _store(store, profile, events, number, part * DISTINCT + place, draw)
            _learn(store, profile, table, at, draw)


def _store(store: Store, profile: Profile, events: Table, batch: int, place: int,
           draw: np.random.Generator) -> None:  # fmt: skip
    """One chunk; a tenth of what went of the first batch went with the second."""
    with store.write() as connection:
        chunk = batches.insert_chunk(
            connection, batch_id=f"B{batch}", number=place + 1, profile=profile.name,
            count=len(events), rows=table_bytes.stored(events[["time"]]), features=None,
            events=table_bytes.stored(events),
        )  # fmt: skip
        columns = ("profile", "record_id", "item", "version", "content", "state",
                   "chunk_id", "position", "function", "folded_by")  # fmt: skip
        gone = np.flatnonzero(draw.random(len(events)) < GONE).tolist()
        rows = [
            (profile.name, f"{chunk}-{one}", 1, 1, 0, versions.SUPERSEDED, chunk, one, "original",
             f"B{max(batch, int(draw.random() < 0.1))}")
            for one in gone
        ]  # fmt: skip
        store.insert_many(connection, "record", columns, rows)


def _learn(store: Store, profile: Profile, table: Table, at: datetime,
           draw: np.random.Generator) -> None:  # fmt: skip
    """The names of these rows, some of which stand for another."""
    names = [one.name for one in profile.keys if one.family in FUZZY]
    keys = [table[name].dropna().to_numpy(np.int64) for name in names]
    written = np.unique(np.concatenate(keys)).tolist() if keys else []
    forms = [
        (key, "party", "x", written[0] if draw.random() < ALIKE else key, at, at) for key in written
    ]
    columns = ("key", "family", "form", "entity", "added_at", "seen_at")
    with store.write() as connection:
        store.insert_many(connection, "party_form", columns, forms)


def own_memory() -> int:
    """Bytes of this process that no other shares and that no file holds."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not tell a process's memory")


@contextmanager
def highest(measured: Callable[[], int]) -> Iterator[list[int]]:
    """What was measured every hundredth of a second meanwhile."""
    seen, over = [measured()], threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            seen.append(measured())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
        seen.append(measured())


def start(url: str, home: Path, name: str, way: int) -> dict[str, Any]:
    """Open the past in this process, in one of the ways; what it took."""
    profile = PROFILES[name]
    _, before, how = WAYS[way]
    folder = None if how is None else Folder(home, keep=how[0], compared=how[1])
    store = Store.open(url)
    chunk = next(iter(generate(name, ASKED, 2, start="2026-06-21", days=9)))
    items = view(chunk.table, profile)
    asked = past.questions(name)
    rating.all_features(items, Snapshot(), profile)  # lexicons are read, and all else is warm
    if way == AGAIN:
        past.opened(store, profile, before, folder)
    memory, clock, spent = own_memory(), time.perf_counter(), time.process_time()
    with highest(own_memory) as most:
        layers, finds = past.opened(store, profile, before, folder)
        history = Snapshot.from_layers(layers, finds)
        history.ready(asked)
    told: dict[str, Any] = {
        "cpu": time.process_time() - spent,
        "clock": time.perf_counter() - clock,
        "memory": own_memory() - memory,
        "peak": max(most) - memory,
        "rows": len(history),
        "layers": len(layers),
    }
    spent = time.process_time()
    values = rating.all_features(items, history, profile)
    told["ask"] = (time.process_time() - spent) / len(items) * 1e6
    told["answers"] = hashlib.sha256(values.to_numpy().tobytes()).hexdigest()
    store.close()
    return told


def measure(profile: str, rows: int, since: int) -> list[dict[str, Any]]:
    """Each way in a process of its own, in order."""
    told = []
    with tempfile.TemporaryDirectory(prefix="past-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'riskprofile.db'}"
        store = Store.open(url)
        furnish(store, PROFILES[profile], rows, since)
        store.close()
        for way, (says, *_) in enumerate(WAYS):
            asked = [sys.executable, "-m", "benchmarks.past", "--profile", profile]
            asked += ["--start", url, str(folder / "history"), str(way)]
            ran = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
            one = json.loads(ran.stdout)
            one["disk"] = sum(path.stat().st_size for path in folder.glob("history/*/*"))
            told.append({"says": says, **one})
    return told


def goal(rows: int, look_up: float) -> dict[str, float]:
    """G10, after that many rows of past: what a row takes that came since, and being asked.

    After so many at least as are kept on file: of fewer, all are read anew with what came since.
    """
    rows = max(rows, 2 * past.LEAST)
    since = max(rows // 10, 1_000)
    told = measure(SHIPMENT.name, rows, since)
    read, added, alone = told[0], told[2], told[4]
    fold = (added["cpu"] - alone["cpu"]) / since * 1e6
    differ = len({one["answers"] for one in told if one["rows"] == read["rows"]}) - 1
    return {
        "history: all of it read, us a past row": read["cpu"] / rows * 1e6,
        "history: from files alone, us a past row": alone["cpu"] / rows * 1e6,
        "history: came since, us a row": fold,
        "history us a row": look_up + fold,
        "history answers that differ": float(differ),
    }


def main() -> int:
    """Print one line a way; 1 where two of them answer otherwise."""
    parser = asking.parser(__doc__, past=1_000_000, since=20_000)
    parser.add_argument("--profile", choices=[*PROFILES], default="shipment")
    parser.add_argument("--start", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.start:
        url, home, way = asked.start
        print(json.dumps(start(url, Path(home), asked.profile, int(way))))
        return 0
    told = measure(asked.profile, asked.past, asked.since)
    rows, whole = told[0]["rows"], told[0]
    print(f"{asked.profile}: {asked.past:,} past rows, {asked.since:,} since; {rows:,} count")
    heads = ("cpu s", 8), ("clock s", 9), ("of all", 8), ("own memory", 15), ("at most", 15)
    print(f"{'':<38}" + "".join(f"{head:>{size}}" for head, size in heads) + f"{'asking':>12}")
    for one in told:
        share = one["cpu"] / whole["cpu"]
        each, most = (one[name] / max(one["rows"], 1) for name in ("memory", "peak"))
        print(
            f"{one['says']:<38}{one['cpu']:>8.2f}{one['clock']:>9.2f}{share:>8.3f}"
            f"{each:>9.0f} B/row{most:>9.0f} B/row{one['ask']:>7.0f} us/row"
        )
    print(f"on disk: {told[-1]['disk'] / rows:.0f} bytes a past row in {told[-1]['layers']} layers")
    same = {one["answers"] for one in told if one["rows"] == rows}
    print("answers: the same to the last bit" if len(same) == 1 else "answers: DIFFER")
    return int(len(same) != 1)


if __name__ == "__main__":
    sys.exit(main())
