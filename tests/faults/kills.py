"""`kill -9` at random moments, and disks that fill up: nothing lost, nothing twice.

    python -m tests.faults.kills --engine sqlite --count 500
    python -m tests.faults.kills --engine postgresql --count 100
    python -m tests.faults.kills --disk

A run of 20,000 crossings is ended at a random moment, what the database shows is
checked, and `--resume` finishes it. Its records, alerts, rejects, account and audit must
then have the digest of a run that nobody disturbed. `kill -9` does not test the disk
itself: what the kernel was told to keep, it keeps.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from riskprofile.errors import StoreError
from riskprofile.services import settings
from tests.faults import runs
from tests.faults.runs import Work

ROWS = 20_000
STEP, TOP = 64 * 1024, 4 * 1024 * 1024
PATIENCE = 5.0  # seconds from a full disk to the error

Homes = Callable[[int], AbstractContextManager[settings.Settings]]


@dataclass
class Told:
    """What came of it."""

    tried: int = 0
    held: int = 0
    unhurt: int = 0  # the run had ended before it was killed: done again at another moment
    seconds: list[float] = field(default_factory=list)  # undisturbed runs; or to the error
    faults: list[str] = field(default_factory=list)


def kill_and_resume(homes: Homes, work: Work, count: int, seed: int = 0) -> Told:
    """Kill `count` runs, some of them twice, and finish each."""
    chance, told = random.Random(f"kills {seed}"), Told()
    with homes(-1) as home:
        started = time.monotonic()
        runs.apart(partial(runs.rate, home, work))
        told.seconds.append(time.monotonic() - started)
        whole = runs.apart(partial(runs.held, home))
    faults = runs.torn(whole)
    if faults or whole["read"] != work.rows:
        told.faults.append(f"undisturbed: {faults} {whole}")
    number = 0
    while told.tried < count and told.unhurt < 2 * count + 20:
        number += 1
        with homes(number) as home:
            moment = chance.random() * statistics.median(told.seconds[-9:])
            if not runs.killed(partial(runs.rate, home, work), moment):
                told.unhurt += 1
                continue
            told.tried += 1
            where = f"kill {number} after {moment:.3f} s"
            found = runs.apart(partial(runs.held, home))
            faults = runs.torn(found)
            if chance.random() < 0.2 and "done" not in found["states"]:  # once more, on the way
                again = chance.random() * moment
                runs.killed(partial(runs.rate, home, work), again)
                where += f" and {again:.3f} s"
                found = runs.apart(partial(runs.held, home))
            try:
                if "done" not in found["states"]:  # else once more is a batch of duplicates
                    runs.apart(partial(runs.rate, home, work))
                    found = runs.apart(partial(runs.held, home))
            except Exception as error:
                faults.append(f"resume: {error}")
            else:
                faults += runs.torn(found)
                if found["digest"] != whole["digest"]:
                    faults.append(f"another result: {found}, undisturbed {whole}")
            told.held += not faults
            told.faults += [f"{where}: {fault}" for fault in faults]
            if faults:
                print("FAULT", told.faults[-1], file=sys.stderr, flush=True)
            if told.tried % 25 == 0:
                print(f"{told.tried} of {count}, {told.held} held", file=sys.stderr, flush=True)
    return told


@contextlib.contextmanager
def sqlite_homes(folder: Path) -> Iterator[Homes]:
    """Furnished homes on SQLite."""
    runs.apart(partial(runs.furnish, folder / "made"))
    yield lambda number: runs.copy_of(folder / "made", folder / f"home{number}")


@contextlib.contextmanager
def postgres_homes(folder: Path, server: str) -> Iterator[Homes]:
    """Furnished databases on this server."""
    from tests.conftest import postgres_database

    with postgres_database(server) as made:
        runs.apart(partial(runs.furnish, folder / "made", made))
        template = made.split("/")[3].split("?")[0]

        @contextlib.contextmanager
        def home(number: int) -> Iterator[settings.Settings]:
            with postgres_database(server, template) as url:
                yield settings.load({}, home=folder / "made", database_url=url)

        yield home


# ------------------------------------------------------------------ a disk that fills up


class SmallDisk:
    """A file system in memory, of a size that can grow. Needs the right to mount."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def __enter__(self) -> SmallDisk:
        self._mount("-t", "tmpfs", "-o", "size=64m", "none", str(self.folder))
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)

    def leave(self, free: int) -> None:
        """Leave so many bytes free."""
        used = sum(
            -(-each.stat().st_blocks * 512 // 4096) * 4096
            for each in self.folder.rglob("*")
            if each.is_file()
        )
        self._mount("-o", f"remount,size={used + free}", str(self.folder))

    def _mount(self, *how: str) -> None:
        subprocess.run(["mount", *how], check=True, capture_output=True)


def fill_up(folder: Path, work: Work, sizes: list[int]) -> Told:
    """Runs on disks with so many bytes free: a clear error, nothing half, and resume."""
    told = Told()
    runs.apart(partial(runs.furnish, folder / "made"))
    with runs.copy_of(folder / "made", folder / "whole") as home:
        started = time.monotonic()
        runs.apart(partial(runs.rate, home, work))
        usual = time.monotonic() - started
        whole = runs.apart(partial(runs.held, home))
    for size in sizes:
        with SmallDisk(folder / "disk") as disk:
            with runs.copy_of(folder / "made", folder / "disk" / "home") as home:
                disk.leave(size)
                told.tried += 1
                faults = []
                unhurt = False
                started = time.monotonic()
                try:
                    runs.apart(partial(runs.rate, home, work))
                    unhurt = True
                except StoreError as error:
                    if "disk is full" not in error.what or not error.do:
                        faults.append(f"not clear: {error}")
                except Exception as error:
                    faults.append(f"not clear: {error}")
                late = time.monotonic() - started - usual
                told.seconds.append(late)
                if late > PATIENCE:
                    faults.append(f"{late:.1f} s longer than a whole run")
                disk.leave(64 << 20)
                try:
                    faults += runs.torn(runs.apart(partial(runs.held, home)))
                    if unhurt:  # the room was enough: once more would be a batch of duplicates
                        told.unhurt += 1
                    else:
                        runs.apart(partial(runs.rate, home, work))
                    found = runs.apart(partial(runs.held, home))
                except Exception as error:
                    faults.append(f"resume: {error}")
                else:
                    if found["digest"] != whole["digest"]:
                        faults.append(f"another result: {found}, undisturbed {whole}")
            told.held += not faults
            told.faults += [f"{size // 1024} KB free: {fault}" for fault in faults]
    return told


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults.kills", description=__doc__)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--disk", action="store_true", help="fill disks instead")
    asked = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        work = runs.crossings(folder, asked.rows)
        if asked.disk:
            if not runs.root_on_linux():
                print("disks that fill up: not run, mounting needs root on Linux")
                return 2
            told, what = fill_up(folder, work, list(range(STEP, TOP + 1, STEP))), "full disks"
        else:
            what = f"kills on {asked.engine}"
            with contextlib.ExitStack() as stack:
                if asked.engine == "sqlite":
                    homes = stack.enter_context(sqlite_homes(folder))
                else:
                    from tests.conftest import postgres_cluster

                    server = stack.enter_context(postgres_cluster())
                    homes = stack.enter_context(postgres_homes(folder, server))
                told = kill_and_resume(homes, work, asked.count, asked.seed)
    for fault in told.faults[:20]:
        print("FAULT", fault)
    print(
        f"{what}: {told.tried} tried, {told.held} held, {told.unhurt} ended unhurt;"
        f" {asked.rows:,} rows, {time.monotonic() - started:.0f} s in all"
    )
    return 0 if told.held == told.tried and not told.faults else 1


if __name__ == "__main__":
    sys.exit(main())
