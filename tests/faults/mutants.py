"""Damaged and hostile files through the whole intake, by the thousand.

    python -m tests.faults.mutants --count 100000

Each mutant is detected, read and its rejects written to a quarantine file, in a process
that is watched from outside and from within:

- nothing but an `InputError` comes out of a reader;
- no file takes more than a second of processor time, or five minutes by the clock;
- no file is opened but the mutant and temporary ones, no address is called: Python's audit
  events, and for what the XML library does below Python a lure that the kernel watches
  and an address that listens;
- nothing is left behind in the temporary folder;
- the records read are those of the table and those set aside, and the quarantine file
  holds the latter. Every `DATABASE` th mutant goes on into a database, where
  `read == accepted + quarantined + duplicate` is counted anew.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import ctypes
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import TZPATH

from sqlalchemy import text

from riskprofile import intake
from riskprofile.errors import InputError
from riskprofile.intake import quarantine
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.database import Store
from tests.faults.accidents import Lures, mutant
from tests.intake.samples import FIXTURES
from tests.intake.samples import samples as small

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LIMIT, CLOCK, GIVEN_UP = 1.0, 300.0, 600.0  # seconds: of work, by the clock, of silence
DATABASE = 50
STARTS_A_PROCESS = 3  # a workbook costs as much as three other files
WATCHED = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink"})
CALLS = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "urllib")
PROGRAMS = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen")


@lru_cache(maxsize=1)
def samples() -> dict[str, bytes]:
    """A small file of every format: what the tests of readers share, and every fixture."""
    made = dict(small())
    for path in sorted(FIXTURES.iterdir()):
        if path.is_file() and path.suffix != ".md" and path.stat().st_size < 50_000:
            made.setdefault(path.name, path.read_bytes())
    return made


@dataclass
class Line:
    """What the mutants of one format did."""

    tried: int = 0
    refused: int = 0  # as a whole, with an InputError
    read: int = 0
    quarantined: int = 0
    stored: int = 0  # mutants that went into the database
    slowest: float = 0.0  # seconds of processor time
    faults: list[str] = field(default_factory=list)

    def add(self, other: Line) -> None:
        self.tried += other.tried
        self.refused += other.refused
        self.read += other.read
        self.quarantined += other.quarantined
        self.stored += other.stored
        self.slowest = max(self.slowest, other.slowest)
        self.faults += other.faults


class TooLong(BaseException):
    """By the clock; no handler of `Exception` swallows it."""


class Guard:
    """An audit hook that notes what a reader may not do. It lasts as long as the process."""

    def __init__(self, folder: Path) -> None:
        # The time zone of an airport is a file of the system's own, named by our table.
        own = (folder, sys.prefix, sys.base_prefix, ROOT, *TZPATH)
        self.roots = tuple(os.path.realpath(one) + os.sep for one in own)
        self.folder = self.roots[0]
        self.active = False
        self.seen: list[str] = []
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event.startswith(CALLS):
            self.seen.append(f"{event} {arguments[-1]!r}")
        elif event.startswith(PROGRAMS):
            if arguments[0] != sys.executable:
                self.seen.append(f"{event} {arguments[0]!r}")
        elif event in WATCHED and isinstance(arguments[0], (str, bytes, os.PathLike)):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            writes = event != "open" or _writes(arguments)
            allowed = (self.folder,) if writes else self.roots
            synced = not writes and path + os.sep == self.folder  # where the quarantine file lies
            if not path.startswith(allowed) and path != os.devnull and not synced:
                self.seen.append(f"{event} {path}")


def _writes(arguments: tuple[Any, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


class Lure:
    """A file that the kernel watches, and an address that listens."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lure"
        self.path.write_text("lure\n")
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.setblocking(False)
        self.lures = Lures(str(self.path), f"http://127.0.0.1:{self.server.getsockname()[1]}/lure")
        libc = ctypes.CDLL(None, use_errno=True)
        self.watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        opened = 0x20  # IN_OPEN
        if libc.inotify_add_watch(self.watch, str(self.path).encode(), opened) < 0:
            raise OSError(ctypes.get_errno(), "this system cannot watch a file being opened")

    def touched(self) -> list[str]:
        """What was done to them since the last question."""
        found = []
        with contextlib.suppress(BlockingIOError):
            if os.read(self.watch, 65_536):
                found.append("the lure file was opened")
        with contextlib.suppress(BlockingIOError):
            self.server.accept()[0].close()
            found.append("the lure address was called")
        return found

    def close(self) -> None:
        os.close(self.watch)
        self.server.close()


class Bench:
    """One process that reads mutants: its folder, guard, lure and database."""

    def __init__(self, folder: Path, limit: float, names: Iterable[str] = ()) -> None:
        self.limit = limit
        self.outside = folder / "outside"
        self.inside = folder / "inside"
        self.temporary = self.inside / "temporary"
        for one in (self.outside, self.temporary):
            one.mkdir(parents=True)
        tempfile.tempdir = str(self.temporary)
        home = settings.load({}, home=self.inside / "home")
        self.home, self.store = home, settings.open_store(home)
        self.lure = Lure(self.outside)
        for name in names or samples():  # what is imported late is imported now
            self.take(name, samples()[name])
        self.guard = Guard(self.inside)
        signal.signal(signal.SIGALRM, _too_long)

    def one(self, name: str, number: int, seed: int) -> Line:
        """Read one mutant; a line of one."""
        content, accidents = mutant(name, number, samples(), self.lure.lures, seed)
        line = Line(tried=1)
        for again in (False, True):  # a busy machine is no fault: what is slow is tried twice
            line.faults = self._watched(name, content, line, number)
            if not any("seconds" in fault for fault in line.faults) or again:
                break
            line.refused = line.read = line.quarantined = line.stored = 0
        line.faults = [f"{name} {number} ({accidents}): {fault}" for fault in line.faults]
        return line

    def _watched(self, name: str, content: bytes, line: Line, number: int) -> list[str]:
        faults: list[str] = []
        started = _work()
        self.guard.seen.clear()
        self.guard.active = True
        signal.setitimer(signal.ITIMER_REAL, CLOCK)
        try:
            line.read, line.quarantined = self.take(name, content)
        except InputError as error:
            line.refused = 1
            if not (error.where and error.do):
                faults.append(f"an error without a place or advice: {error}")
        except TooLong:
            faults.append(f"more than {CLOCK:g} seconds by the clock")
        except BaseException as error:  # the very thing that is looked for
            faults.append(f"{type(error).__name__}: {str(error)[:200]}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.guard.active = False
        line.slowest = _work() - started
        if not line.refused and not faults and self.written() != line.quarantined:
            faults.append(f"{line.quarantined} set aside, {self.written()} in the quarantine file")
        if line.slowest > self.limit:
            faults.append(f"{line.slowest:.2f} seconds of work")
        faults += dict.fromkeys(self.guard.seen)
        faults += self.lure.touched()
        left = sorted(each.name for each in self.temporary.iterdir())
        if left:
            faults.append(f"left behind {left[:3]}")
            for each in self.temporary.iterdir():
                each.unlink()
        if number % DATABASE == 0 and not line.refused and not faults:
            line.stored = 1
            faults += self.account(name)
        return faults

    def take(self, name: str, content: bytes) -> tuple[int, int]:
        """Through detection, the reader and the quarantine; records read and set aside."""
        path = self.inside / name
        path.write_bytes(content)
        rejected: list[intake.Rejection] = []
        read = 0
        for chunk in intake.read(path):
            if chunk.read != len(chunk.table) + len(chunk.rejected):
                raise AssertionError(f"{chunk.read} read, {len(chunk.table)} in the table")
            read += chunk.read
            rejected += chunk.rejected
        out = self.inside / "quarantine.csv"
        quarantine.write(out, rejected)
        return read, len(rejected)

    def written(self) -> int:
        """Records in the quarantine file of the mutant taken last."""
        csv.field_size_limit(2**30)
        with (self.inside / "quarantine.csv").open(encoding="utf-8", newline="") as file:
            return sum(1 for _ in csv.reader(file)) - 1

    def account(self, name: str) -> list[str]:
        """Into the database as past declarations: every record is in one place, by count."""
        before = _counts(self.store)
        path = self.inside / name
        try:
            told = screen(self.store, self.home, OWNER, [path], Options(history=True), NOW).summary
        except InputError as error:
            return [] if _counts(self.store) == before else [f"refused, and yet stored: {error}"]
        records, aside = (
            after - was for after, was in zip(_counts(self.store), before, strict=True)
        )
        faults = []
        if told.read != told.accepted + told.quarantined + told.duplicate:
            faults.append(f"the account does not add up: {told}")
        if (records, aside) != (told.accepted, told.quarantined):
            faults.append(f"{records} records and {aside} rejects stored: {told}")
        return faults


def _too_long(number: int, frame: object) -> None:
    raise TooLong


def _work() -> float:
    """Processor seconds of this process and of those that it started and saw end."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _counts(store: Store) -> tuple[int, int]:
    with store.read() as connection:
        asked = "SELECT (SELECT count(*) FROM record), (SELECT count(*) FROM quarantined)"
        records, aside = connection.execute(text(asked)).one()
    return int(records), int(aside)


# ------------------------------------------------------------------ many of them


def plan(count: int, names: Sequence[str]) -> list[tuple[str, int]]:
    """Which mutants: all formats in turns, workbooks a third as often."""
    chosen: list[tuple[str, int]] = []
    number = 0
    while len(chosen) < count:
        for name in names:
            seldom = name.endswith((".xls", ".xlsx")) or name in ("xls", "xlsx")
            if not seldom or number % STARTS_A_PROCESS == 0:
                chosen.append((name, number))
        number += 1
    return chosen[:count]


def _work_through(
    todo: Sequence[tuple[str, int]],
    at: Any,
    seed: int,
    limit: float,
    sent: Any,
    folder: str,
    die_at: int,
) -> None:
    bench = Bench(Path(folder), limit, {name for name, _ in todo})
    for place in range(at.value, len(todo)):
        at.value = place
        if place == die_at:
            os.abort()
        sent.send((todo[place][0], bench.one(*todo[place], seed)))
    bench.store.close()
    bench.lure.close()
    sent.send(None)


def _watch(
    todo: Sequence[tuple[str, int]], seed: int, limit: float, die_at: int = -1
) -> Iterator[tuple[str, Line]]:
    """The lines of these mutants; a process that dies or is silent is a fault, and replaced.

    `die_at` aborts the process at that mutant, to show that it is seen.
    """
    context = multiprocessing.get_context("spawn")
    at = context.Value("q", 0)
    while at.value < len(todo):
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            received, sent = context.Pipe(duplex=False)
            arguments = (todo, at, seed, limit, sent, folder, die_at)
            process = context.Process(target=_work_through, args=arguments, daemon=True)
            process.start()
            sent.close()
            why = "was silent"
            try:
                while received.poll(GIVEN_UP):
                    line = received.recv()
                    if line is None:
                        process.join()
                        return
                    yield line
            except EOFError:
                process.join()
                why = f"ended the process with {process.exitcode}"
            process.kill()
            process.join()
            name, number = todo[at.value]
            yield name, Line(tried=1, faults=[f"{name} {number}: {why}"])
            at.value += 1


def run(
    count: int,
    names: Sequence[str] | None = None,
    seed: int = 0,
    limit: float = LIMIT,
    part: tuple[int, int] = (0, 1),
) -> dict[str, Line]:
    """Read `count` mutants, or one part of them, in a watched process; a line a format."""
    found: dict[str, Line] = {}
    todo = plan(count, names or list(samples()))[part[0] :: part[1]]
    for name, line in _watch(todo, seed, limit):
        found.setdefault(name, Line()).add(line)
    return found


def table(lines: dict[str, Line]) -> str:
    """One line for each format, and their sum."""
    total = Line()
    for line in lines.values():
        total.add(line)
    out = [
        f"{'format':<24}{'tried':>8}{'refused':>9}{'records':>10}{'set aside':>11}"
        f"{'stored':>8}{'slowest':>9}{'faults':>8}"
    ]
    for name, line in [*sorted(lines.items()), ("all", total)]:
        out.append(
            f"{name:<24}{line.tried:>8,}{line.refused:>9,}{line.read:>10,}{line.quarantined:>11,}"
            f"{line.stored:>8,}{line.slowest:>8.2f}s{len(line.faults):>8}"
        )
    return "\n".join(out)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", help="names of samples")
    asked = parser.parse_args()
    started = time.monotonic()
    lines = run(asked.count, asked.only, asked.seed)
    print(table(lines))
    faults = [fault for line in lines.values() for fault in line.faults]
    kinds = Counter(fault.split("): ", 1)[-1][:60] for fault in faults)
    for fault in faults[:40]:
        print("FAULT", fault)
    if len(faults) > 40:
        print("and", len(faults) - 40, "more:", dict(kinds.most_common(20)))
    print(f"{asked.count:,} mutants in {time.monotonic() - started:.0f} s, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
