"""Attacks on the machine and the intake: deaths, full disks, damaged files, secrets in the open."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from argon2 import PasswordHasher
from sqlalchemy import Engine, event

from riskprofile.services import identity
from riskprofile.services.identity import OWNER, SignInRefused
from tests.faults import accidents, kills, mutants, runs
from tests.faults.accidents import Given
from tests.services.bench import HERE, NOW
from tests.trust.desk import furnished
from tests.trust.told import Told

ROOT = Path(__file__).resolve().parents[2]
FEW = 100  # up to so many kills, the run is a short one


def deaths(count: int, folder: Path) -> Told:
    """`kill -9` at random moments, five of six on SQLite and one on PostgreSQL."""
    from tests.conftest import postgres_cluster

    rows = 2_000 if count <= FEW else kills.ROWS
    work, told = runs.crossings(folder, rows), Told()
    with kills.sqlite_homes(folder) as homes:
        found = [kills.kill_and_resume(homes, work, count - count // 6)]
    if count >= 6:
        with (
            postgres_cluster() as server,
            kills.postgres_homes(folder / "postgresql", server) as homes,
        ):
            found.append(kills.kill_and_resume(homes, work, count // 6))
    for one in found:
        told.tried += one.tried
        told.held += one.held
        told.faults += one.faults[:10]
    return told


def every_step(_: int, folder: Path) -> Told:
    """A run killed at its first write or commit, its second, ... until one comes to its end."""
    work, told = runs.crossings(folder, 60, chunks=2), Told()
    runs.apart(partial(runs.furnish, folder / "made"))
    with runs.copy_of(folder / "made", folder / "whole") as home:
        runs.apart(partial(runs.rate, home, work))
        whole = runs.apart(partial(runs.held, home))
    number, died = 0, True
    while died:
        number += 1
        with runs.copy_of(folder / "made", folder / f"step{number}") as home:
            code, _answer = runs.ended(*runs.child(partial(_die_at, number, home, work)))
            died = code == -signal.SIGKILL
            faults = runs.torn(runs.apart(partial(runs.held, home)))
            if died:  # a file that was rated to its end would be a batch of duplicates
                runs.apart(partial(runs.rate, home, work))
            found = runs.apart(partial(runs.held, home))
            faults += runs.torn(found)
            if found["digest"] != whole["digest"]:
                faults.append("another result")
            told.count(f"step {number}: {faults}" if faults else None)
    return told


def _die_at(number: int, home: Any, work: Any) -> None:
    left = [number]

    def step(*_: Any) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    def written(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE", "BEGIN IMMEDIATE")):
            step()

    event.listen(Engine, "after_cursor_execute", written)
    event.listen(Engine, "commit", step)
    runs.rate(home, work)


def full_disks(count: int, folder: Path) -> Told:
    """Disks with 64 KB free, 128 KB, ... and what a run on each leaves."""
    if not runs.root_on_linux():
        return Told(faults=["mounting a small disk needs root on Linux"])
    sizes = list(range(kills.STEP, kills.TOP + 1, kills.STEP))
    whole = count >= len(sizes)
    work = runs.crossings(folder, kills.ROWS if whole else 2_000)
    found = kills.fill_up(folder, work, sizes if whole else sizes[: 5 * count : 5])
    return Told(found.tried, found.held, found.faults)


def damaged(count: int, folder: Path) -> Told:
    """Mutants of every format; see `tests.faults.mutants`."""
    lines, told = mutants.run(count), Told()
    for line in lines.values():
        told.tried += line.tried
        told.held += line.tried - len({fault.split(":")[0] for fault in line.faults})
        told.faults += line.faults
    return told


def _hostile(
    count: int, folder: Path, names: list[str], chosen: tuple[accidents.Accident, ...]
) -> Told:
    told, found = Told(), mutants.samples()
    bench = mutants.Bench(folder, mutants.LIMIT)
    for number in range(count):
        name = names[number % len(names)]
        accident = chosen[number // len(names) % len(chosen)]
        chance = random.Random(f"hostile {number}")
        given = Given(found[name], tuple(found.values()), chance, bench.lure.lures)
        faults = bench._watched(name, accident(given), mutants.Line(), number + 1)
        told.count(f"{accident.__name__} of {name}: {faults}" if faults else None)
    bench.store.close()
    bench.lure.close()
    return told


def hostile_xml(count: int, folder: Path) -> Told:
    """Entities, bombs, lures, depth and attributes in every kind of XML."""
    names = [name for name in mutants.samples() if name.endswith(".xml")]
    chosen = (*[accidents.entities] * 4, accidents.attributes, accidents.depth)
    return _hostile(count, folder, names, chosen)


def hostile_archives(count: int, folder: Path) -> Told:
    """Tricks of zip and gzip around every format."""
    bombs = (accidents.gzip_bomb, accidents.zip_bomb)
    return _hostile(count, folder, list(mutants.samples()), (*accidents.TRICKS, *bombs))


def secrets(count: int, folder: Path) -> Told:
    """Seeded passwords and the tokens that they win: in no byte of the database nor the log."""
    told, heard, seeded = Told(), io.StringIO(), []
    handler, root = logging.StreamHandler(heard), logging.getLogger()
    root.addHandler(handler)
    with (
        furnished(folder) as store,
        mock.patch.object(identity, "hasher", PasswordHasher(1, 8, 1)),
        contextlib.redirect_stderr(heard),
        contextlib.redirect_stdout(heard),
    ):
        identity._dummy_hash.cache_clear()
        for number in range(count // 2):
            password = f"seeded zq{number:04d} lantern"
            identity.add_account(
                store, OWNER, name=f"name{number}", role="officer", office=HERE,
                password=password, now=NOW,
            )  # fmt: skip
            token = identity.sign_in(store, f"name{number}", password, "", NOW)
            with contextlib.suppress(SignInRefused):  # typed into the wrong field
                identity.sign_in(store, password, "x", "", NOW)
            identity.actor_of(store, token, NOW)
            seeded += [password, token]
        identity._dummy_hash.cache_clear()
    root.removeHandler(handler)
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for one in seeded:
        open_ = one.encode() in held or one in heard.getvalue()
        told.count("a secret stands in the clear" if open_ else None)
    return told


def disguises(count: int, folder: Path) -> Told:
    """Terms for arms in disguise, against the floors of the plan: see `benchmarks.disguise`."""
    from benchmarks.disguise import BARS

    told = Told()
    for name, row in measured("benchmarks.disguise", "--count", str(count)).items():
        if "tried" not in row:
            continue
        floor = next(bar for kind, bar in BARS.items() if name.startswith(kind))
        told.tried += row["tried"]
        if row["held"] >= floor:
            told.held += row["tried"]
        else:
            told.held += round(row["held"] * row["tried"])
            told.faults.append(f"{name}: {row['held']:.1%}, under {floor:.0%}")
    return told


def measured(module: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,  # a benchmark ends with 1 when its own bar is missed: the figures are told
    )
    answer: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return answer
