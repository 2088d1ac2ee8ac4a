"""How long a command takes before it does anything: each beside what no program can leave out.

    python -m benchmarks.start [--rounds 5]

Commands in processes of their own, in turns, in a home with one account: medians of processor
time, and as ratios to a process that imports pandas and SQLModel and ends. `score` rates ten rows
of the generator.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import apart, asking
from benchmarks.pipeline import make

FLOOR = "import pandas, sqlmodel"
PROGRAM = "from riskprofile.cli import main; main()"
COMMANDS = (
    ("--help",),
    ("users", "--help"),
    ("score", "--help"),
    ("users", "list"),
    ("doctor",),
)


def main() -> None:
    """Print one line a command."""
    rounds = asking.asked(__doc__, rounds=5).rounds
    with tempfile.TemporaryDirectory(prefix="start-") as name:
        os.environ["RISKPROFILE_HOME"] = str(Path(name) / "home")
        apart.run(PROGRAM, "init", heard=True)
        make(Path(name) / "ten.csv", 10, 1, "2026-06-21", 1)
        commands = [*COMMANDS, ("score", str(Path(name) / "ten.csv"), "--dry-run")]
        spent: dict[str, list[float]] = {}
        for _ in range(rounds):
            spent.setdefault(FLOOR, []).append(apart.run(FLOOR).processor)
            for one in commands:
                used = apart.run(PROGRAM, *one, heard=True)
                if used.code:
                    sys.exit(f"riskprofile {' '.join(one)} ended with {used.code}")
                spent.setdefault(" ".join(one).replace(f"{name}/", ""), []).append(used.processor)
    floor = statistics.median(spent[FLOOR])
    for what, seconds in spent.items():
        middle = statistics.median(seconds)
        print(f"{what:<28}{middle:8.2f} s{middle / floor:8.2f} x")


if __name__ == "__main__":
    main()
