"""A day of messages with one declaration each: what a file costs after many, beside the first.

    python -m benchmarks.messages [--files 300]

Every file is rated by the same process, as `watch` does; there are forty at least. Printed:
processor time of a file, the middle of the last twenty over the middle of the first twenty; of
each of a hundred that wait together and so are one run; and what the database takes for each.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from benchmarks import asking
from benchmarks.pipeline import make
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen

SOME = 20  # files whose middle is taken
TOGETHER = 100


def main() -> None:
    """Print one line for each figure."""
    files = max(2 * SOME, asking.asked(__doc__, files=300).files)
    with tempfile.TemporaryDirectory(prefix="messages-") as name:
        folder = Path(name)
        home = settings.load({}, home=folder / "home")
        store = settings.open_store(home)
        make(folder / "day.csv", files + TOGETHER, 1, "2026-06-21", 1)
        rows = pd.read_csv(folder / "day.csv", dtype=str)
        now, spent = datetime(2026, 6, 21, 8, tzinfo=UTC), []
        empty = (home.home / "riskprofile.db").stat().st_size
        paths = [folder / f"{number}.csv" for number in range(files + TOGETHER)]
        for number, path in enumerate(paths):
            rows[number : number + 1].to_csv(path, index=False)
        for number, path in enumerate(paths[:files]):
            begun = time.process_time()
            screen(store, home, OWNER, [path], Options(), now + timedelta(seconds=number))
            spent.append(time.process_time() - begun)
        begun = time.process_time()
        screen(store, home, OWNER, paths[files:], Options(), now + timedelta(seconds=files))
        each = (time.process_time() - begun) / TOGETHER
        store.close()
        taken = (home.home / "riskprofile.db").stat().st_size - empty
    first, last = (statistics.median(some) for some in (spent[:SOME], spent[-SOME:]))
    print(f"{'a file, of the first ' + str(SOME):<28}{first * 1e3:8.0f} ms")
    print(f"{'a file, after ' + str(files - SOME):<28}{last * 1e3:8.0f} ms{last / first:8.2f} x")
    print(f"{'each of ' + str(TOGETHER) + ' together':<28}{each * 1e3:8.0f} ms{each / last:8.2f} x")
    print(f"{'stored for each':<28}{taken / len(paths) / 1e3:8.1f} kB")


if __name__ == "__main__":
    main()
