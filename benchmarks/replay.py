"""Are stored scores replayed from the log to the bit, and in how much memory?

    python -m benchmarks.replay [--rows 100000] [--json]

Declarations of the generator are rated into a home of their own; then `riskprofile replay --all` is
run as a person runs it, in a process of its own. It ends with 1 when one score differs or one is
not replayed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import apart, asking
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from training.synth import generate

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def declarations(rows: int, folder: Path) -> list[Path]:
    """Files of the generator, one for each of its chunks."""
    paths = []
    for number, chunk in enumerate(generate("shipment", rows, 23, start="2026-01-01", days=300)):
        table = chunk.table.drop(columns=["source", "line", "warnings"], errors="ignore")
        paths.append(folder / f"part{number}.parquet")
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), paths[-1])
    return paths


def measure(rows: int, folder: Path) -> dict[str, Any]:
    """Rate, replay, and what it took."""
    home = settings.load({}, home=folder / "home")
    store = settings.open_store(home)
    run = screen(
        store, home, OWNER, declarations(rows, folder), Options(profile="shipment"), NOW
    )  # one run: its rows do not see each other
    store.close()
    asked = ("replay", "--all", "--json", "--home", str(home.home))
    used = apart.run("from riskprofile.cli import main; sys.exit(main())", *asked, heard=True)
    if used.code not in (0, 1):
        raise RuntimeError(f"replay ended with {used.code}")
    told = json.loads(used.said.strip().splitlines()[-1])
    return {
        "rated": run.summary.accepted,
        "same": told["same"],
        "differ": len(told["differ"]),
        "removed": told["removed"],
        "processor seconds": round(used.processor, 1),
        "peak MB": round(used.peak),
    }


def main() -> int:
    """Print the figures."""
    asked = asking.asked(__doc__, rows=100_000, json=False)
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        told = measure(asked.rows, Path(folder))
    print(json.dumps(told) if asked.json else "\n".join(f"{k:18} {v}" for k, v in told.items()))
    return int(told["differ"] > 0 or told["same"] != told["rated"])


if __name__ == "__main__":
    sys.exit(main())
