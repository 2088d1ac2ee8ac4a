"""Attacks on the whole service: backup and restore, a database restarted, a shift at work."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, select

from riskprofile.services import replay, review
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings, open_store
from riskprofile.store import audit
from riskprofile.store.database import Store
from tests.faults import kills, runs
from tests.services.bench import HERE, NOW, REASON, furnish, put
from tests.trust.engine import SlowLine
from tests.trust.told import Told

OFFICERS, EVERY = 50, 5.0  # people, and seconds between two acts of one
LONG, SHORT = 60.0, 15.0  # seconds of a shift
WARM = 1.0  # seconds: 95 of 100 acts end within


# ------------------------------------------------------------------ backup, wipe, restore


def restored(_: int, folder: Path) -> Told:
    """A home backed up while it is open, as `docs/administrator.md` says, wiped, put back."""
    work, told = runs.crossings(folder, 600, chunks=3), Told()
    runs.apart(partial(runs.furnish, folder / "home"))
    home = runs.settings.load({}, home=folder / "home")
    runs.apart(partial(runs.rate, home, work))
    before = runs.apart(partial(_everything, home))
    runs.apart(partial(_back_up, home, folder / "backup"))
    shutil.rmtree(folder / "home")
    shutil.copytree(folder / "backup", folder / "home")
    after = runs.apart(partial(_everything, home))
    faults = [name for name in before if before[name] != after[name]]
    if not before["records"] or not before["replayed"] or not before["verified"]:
        faults.append(f"nothing to compare: {before}")
    again = runs.apart(partial(_again, home, work))
    if again != (work.rows, 0):
        faults.append(f"the same file again after the restore: {again}")
    told.count(f"not equal: {faults}" if faults else None)
    told.count(_restored_server(folder, work))
    return told


def _restored_server(folder: Path, work: runs.Work) -> str | None:
    """The same on PostgreSQL, by its own programs and with the home beside it."""
    from tests.conftest import postgres_cluster, postgres_database

    with postgres_cluster() as server:
        program = partial(subprocess.run, check=True, capture_output=True, cwd=server, timeout=120)
        dump = str(folder / "dump")
        with postgres_database(server) as url:
            runs.apart(partial(runs.furnish, folder / "beside", url))
            home = runs.settings.load({}, home=folder / "beside", database_url=url)
            runs.apart(partial(runs.rate, home, work))
            before = runs.apart(partial(_everything, home))
            name = url.split("/")[3].split("?")[0]
            at = ["-h", server, "-U", "tester", "-d", name]
            program([_postgres("pg_dump"), *at, "--format=custom", "-f", dump])
        with postgres_database(server) as url:
            name = url.split("/")[3].split("?")[0]
            at = ["-h", server, "-U", "tester", "-d", name]
            program([_postgres("pg_restore"), *at, "--exit-on-error", dump])
            home = home.model_copy(update={"database_url": url})
            after = runs.apart(partial(_everything, home))
            faults = [key for key in before if before[key] != after[key]]
            again = runs.apart(partial(_again, home, work))
    if again != (work.rows, 0) or not before["records"]:
        faults.append(f"the same file again after the restore: {again}")
    return f"not equal on PostgreSQL: {faults}" if faults else None


def _postgres(name: str) -> Path:
    return sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[-1]


def _back_up(home: Settings, to: Path) -> None:
    name = "riskprofile.db"
    store = open_store(home)  # the service runs, and what is new stands in its log
    try:
        shutil.copytree(home.home, to, ignore=shutil.ignore_patterns(f"{name}*"))
        source, target = sqlite3.connect(home.home / name), sqlite3.connect(to / name)
        source.backup(target)
        source.close()
        target.close()
    finally:
        store.close()


def _everything(home: Settings) -> dict[str, Any]:
    """Every row of every table, the chain, the replay of every score, and every other file."""
    store = open_store(home)
    tables, total = MetaData(), hashlib.sha256()
    with store.read() as connection:
        tables.reflect(connection)
        for table in sorted(tables.tables.values(), key=lambda one: one.name):
            rows = sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            total.update(repr((table.name, rows)).encode())
        verdict = audit.verify(connection)
    again = replay.replay(store, home.models)
    files = {
        str(path.relative_to(home.home)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(home.home.rglob("*"))
        if path.is_file() and not path.name.startswith("riskprofile.db")
    }
    store.close()
    return {
        "rows": total.hexdigest(), "head": verdict.head, "verified": verdict.ok,
        "replayed": again.same, "differ": again.differ, "files": files,
        "records": runs.held(home)["records"],
    }  # fmt: skip


def _again(home: Settings, work: runs.Work) -> tuple[int, int]:
    store = open_store(home)
    told = screen(store, home, OWNER, [work.file], work.options, runs.NOW).summary
    store.close()
    return told.quarantined + told.duplicate, told.accepted


# ------------------------------------------------------------------ the database server


def restarts(count: int, folder: Path) -> Told:
    """PostgreSQL restarted in the midst of a run, or all its connections cut; then `--resume`.

    One in five runs goes by a slow line instead, to its end.
    """
    from tests.conftest import postgres_cluster

    work, told, chance = runs.crossings(folder, 2_000), Told(), random.Random("restarts")
    with postgres_cluster() as server, kills.postgres_homes(folder / "made", server) as homes:
        with homes(-1) as home:
            started = time.monotonic()
            runs.apart(partial(runs.rate, home, work))
            usual = time.monotonic() - started
            whole = runs.apart(partial(runs.held, home))
        tries = 0
        while told.tried < count and tries < 3 * count + 10:
            tries += 1
            with homes(tries) as home:
                if tries % 5 == 0:
                    told.count(_slowly(server, home, work, whole["digest"]))
                    continue
                process, answer = runs.child(partial(runs.rate, home, work))
                time.sleep(chance.random() * usual)
                strike: Callable[[str], None] = (_restart, _cut)[tries % 2]
                strike(server)
                code, error = runs.ended(process, answer)
                if code == 0:  # it had ended, or was between two connections
                    continue
                faults = runs.torn(runs.apart(partial(runs.held, home)))
                if isinstance(error, RuntimeError):
                    faults.append(f"not clear: {error}")
                runs.apart(partial(runs.rate, home, work))
                found = runs.apart(partial(runs.held, home))
                faults += runs.torn(found)
                if found["digest"] != whole["digest"]:
                    faults.append(f"another result: {found}")
                told.count(f"{strike.__name__} {tries}: {faults}" if faults else None)
    return told


def _slowly(server: str, home: Settings, work: runs.Work, whole: str) -> str | None:
    """The whole run by a line that is 5 ms late with every piece, both ways."""
    with SlowLine(server, 0.005) as line:
        late = home.model_copy(update={"database_url": line.address(home.database_url)})
        runs.apart(partial(runs.rate, late, work))
    found = runs.apart(partial(runs.held, home))
    faults = runs.torn(found)
    return None if found["digest"] == whole and not faults else f"slow line: {faults} {found}"


def _restart(server: str) -> None:
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:
        owner = {"user": Path(server).stat().st_uid, "extra_groups": []}
    at = ["-D", f"{server}/data", "-l", f"{server}/log", "-w", "-m", "immediate"]
    subprocess.run(
        [_postgres("pg_ctl"), *at, "restart"],
        check=True, capture_output=True, cwd=server, timeout=120, **owner,
    )  # fmt: skip


def _cut(server: str) -> None:
    import psycopg

    with psycopg.connect(host=server, user="tester", dbname="postgres") as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname LIKE 'test_%' AND pid <> pg_backend_pid()"
        )


# ------------------------------------------------------------------ a shift at work


def shift(count: int, folder: Path) -> Told:
    """So many officers, each an act every five seconds: list, open, claim, decide."""
    told, late = _shift(count, LONG if count >= OFFICERS else SHORT, folder, None)
    if late > WARM:
        told.faults.append(f"of 100 acts 95 ended within {late:.2f} s, not {WARM:g} s")
    return told


def shift_and_run(count: int, folder: Path) -> Told:
    """The same while so many rows are rated into the same database: twice the time is allowed."""
    work = runs.crossings(folder, count)
    whole = count >= 100_000
    told, late = _shift(OFFICERS if whole else 10, LONG if whole else SHORT, folder, work)
    if late > 2 * WARM:
        told.faults.append(f"of 100 acts 95 ended within {late:.2f} s, not {2 * WARM:g} s")
    return Told(count, count if told.held == told.tried else 0, told.faults)


def _shift(
    officers: int, seconds: float, folder: Path, work: runs.Work | None
) -> tuple[Told, float]:
    told, lock, took = Told(), threading.Lock(), list[float]()
    home = runs.furnish(folder / "home")
    running = None if work is None else runs.child(partial(runs.rate, home, work))
    store = open_store(home)
    furnish(store)
    acts = int(seconds / EVERY) // len(ACTS) + 1
    alerts = put(store, acts * officers, record_id=[f"S-{n}" for n in range(acts * officers)])
    began = time.monotonic()

    def officer(number: int) -> None:
        actor, fault = Actor(f"officer{number}", "officer", HERE), None
        mine = alerts[number::officers]
        due = began + EVERY * number / officers  # each at another moment
        for step in range(acts * len(ACTS)):
            time.sleep(max(0.0, due - time.monotonic()))
            if due > began + seconds or fault:
                break
            started = time.monotonic()
            try:
                ACTS[step % len(ACTS)](store, actor, mine[step // len(ACTS)])
            except Exception as error:
                fault = f"{actor.name}, act {step}: {type(error).__name__}: {error}"
            with lock:
                took.append(time.monotonic() - started)
            due += EVERY
        with lock:
            told.count(fault)

    threads = [threading.Thread(target=officer, args=(n,)) for n in range(officers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    if running is not None and work is not None:
        code, error = runs.ended(*running)
        faults = runs.torn(runs.held(home))
        if code or faults or runs.held(home)["read"] != work.rows:
            told.faults.append(f"the run meanwhile: {error} {faults}")
    ordered = sorted(took)
    return told, ordered[int(0.95 * len(ordered))] if ordered else 0.0


ACTS: tuple[Callable[[Store, Actor, int], Any], ...] = (
    lambda store, actor, alert: review.queue(store, actor, review.QueueFilter("shipment"), NOW),
    lambda store, actor, alert: review.alert(store, actor, alert, NOW, purpose="control"),
    lambda store, actor, alert: review.claim(store, actor, alert, NOW),
    lambda store, actor, alert: review.decide(store, actor, alert, "scan", REASON, NOW),
)
