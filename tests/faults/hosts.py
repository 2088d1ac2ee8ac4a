"""Two hosts rate two files of one day into one PostgreSQL database, and something is ended.

    python -m tests.faults.hosts --count 20 --rows 20000

Each host has a home of its own and runs the command itself with two workers. At a random moment
a parent, one of its processes, a connection of the database or its server is ended. Whatever
did not end well goes on with `--resume`. Records, alerts and their links, accounts and rejects
must then be those of two runs that nobody disturbed. Which names the register of parties takes for
one may depend on who ended first: it must be what it is where one host followed the other.

Without PostgreSQL on this machine it ends with 2 and says so.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg

from tests import factory
from tests.conftest import LATE, postgres_cluster, postgres_database, postgres_options

STRIKES = ("parent", "process", "connection", "server")
TRIES = 6
COMMAND = (sys.executable, "-c", "from riskprofile.cli import main; main()")
HELD = (
    "SELECT profile, record_id, item, version, state, content, points FROM record",
    "SELECT profile, record_id, lane, queue, rank, points, selected_by, title FROM alert",
    "SELECT a.record_id, l.kind, l.key FROM alert_link l JOIN alert a ON a.id = l.alert_id",
    "SELECT digest, state, read, accepted, quarantined, duplicate, alerts, cursor FROM batch",
    "SELECT source, line, record_id, reason_code, raw, state FROM quarantined",
)
LEARNT = ("SELECT key, family, form, entity FROM party_form", "SELECT block, key FROM party_block")
# One form in the north, alike to two in the south that are not alike to each other.
ALIKE = {"north": ("Selbano",), "south": ("Selban", "Selbanot")}


class Held(NamedTuple):
    """Digests of what the database holds of declarations, and of what the register learnt."""

    rated: str
    learnt: str


def files(folder: Path, rows: int) -> list[Path]:
    """A file for each host: some rows unreadable, some lodged twice, some of names alike to those
    in the other file.
    """
    made = []
    for name in ("north", "south"):
        table = factory.shipments(rows).drop(columns=["source", "line", "warnings"])
        table["declaration_id"] = [f"{name}-{n}" for n in range(rows)]
        table["consignee_name"] = [f"Trader {n * 7919 % 10007} of {name}" for n in range(rows)]
        for n in range(0, rows, 50):
            given = ALIKE[name][n // 50 % len(ALIKE[name])]
            table.loc[n, "consignee_name"] = f"Marandor {given} {n // 100}"
        table["gross_mass_kg"] = table["gross_mass_kg"].astype("object")
        table.loc[table.index % 101 == 7, "gross_mass_kg"] = "several"
        for twice in range(300, rows, 499):
            table.loc[twice] = table.loc[twice - 200]
        made.append(folder / f"{name}.csv")
        table.to_csv(made[-1], index=False)
    return made


def begun(folder: Path, url: str, file: Path) -> subprocess.Popen[bytes]:
    """A host that rates its file; all its processes are of one group."""
    home = {"RISKPROFILE_HOME": str(folder / f"home-{file.stem}"), "RISKPROFILE_DATABASE_URL": url}
    how = ("--workers", "2", "--capacity", "50", "--max-bad-share", "1", "--resume")
    return subprocess.Popen(
        [*COMMAND, "score", str(file), *how],
        env={**os.environ, **home, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )


@contextlib.contextmanager
def ended() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Hosts, to be put into this list; whatever of them is left afterwards is ended."""
    hosts: list[subprocess.Popen[bytes]] = []
    try:
        yield hosts
    finally:
        for one in hosts:  # also the processes of a parent that is gone
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()


def processes(parent: int) -> list[int]:
    """Those that a process began, and those that they did."""
    try:
        told = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    except OSError:
        return []
    found = []
    for one in map(int, told.split()):
        found += [one, *processes(one)]
    return found


def end_something(
    what: str, server: str, url: str, hosts: list[subprocess.Popen[bytes]], chance: random.Random
) -> None:
    """End one of these; of the server, all there is."""
    host = chance.choice(hosts)
    if what == "parent":
        host.kill()
    elif what == "process":
        for one in chance.sample(found := processes(host.pid), min(1, len(found))):
            os.kill(one, signal.SIGKILL)
    elif what == "connection":
        with psycopg.connect(url, autocommit=True) as connection:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            asked = f"SELECT pid FROM pg_stat_activity WHERE {others}"
            for (one,) in chance.sample(
                found := connection.execute(asked).fetchall(), min(1, len(found))
            ):
                connection.execute("SELECT pg_terminate_backend(%s)", (one,))
    else:
        program = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[-1]
        how = chance.choice(("immediate", "fast"))
        user = (
            {"user": Path(server, "data").owner(), "extra_groups": []} if not os.geteuid() else {}
        )
        options = postgres_options(server)
        again = [program, "-D", f"{server}/data", "-w", "-m", how, "-l", f"{server}/log"]
        subprocess.run(
            [*again, "-o", options, "restart"], check=True, capture_output=True, cwd=server,
            timeout=LATE, **user,
        )  # fmt: skip


def held(url: str) -> Held:
    """What the database holds."""
    made = []
    with psycopg.connect(url) as connection:
        for statements in (HELD, LEARNT):
            total = hashlib.sha256()
            for asked in statements:
                for row in sorted(map(repr, connection.execute(asked).fetchall())):
                    total.update(row.encode())
            made.append(total.hexdigest())
    return Held(*made)


def unaccounted(url: str) -> list[str]:
    """A fault where what was read is not what became of it."""
    asked = "SELECT sum(read), sum(accepted + quarantined + duplicate) FROM batch"
    with psycopg.connect(url) as connection:
        read, accounted = (int(one or 0) for one in connection.execute(asked).fetchone())
    return [] if read == accounted else [f"{read} read, {accounted} accounted for"]


@contextlib.contextmanager
def database(server: str, made: list[Path]) -> Iterator[tuple[Path, str]]:
    """A new one, and a folder with a home for each host."""
    with tempfile.TemporaryDirectory(prefix="hosts-") as name, postgres_database(server) as url:
        for one in made:
            (Path(name) / f"home-{one.stem}").mkdir()
        subprocess.run(
            [*COMMAND, "init"],
            env={**os.environ, "RISKPROFILE_HOME": name, "RISKPROFILE_DATABASE_URL": url},
            check=True, capture_output=True, timeout=LATE,
        )  # fmt: skip
        yield Path(name), url


def followed(server: str, made: list[Path]) -> str:
    """What the register learns where each host begins once the one before it has ended."""
    with database(server, made) as (folder, url), ended() as hosts:
        for one in made:
            hosts.append(begun(folder, url, one))
            assert hosts[-1].wait(LATE) in (0, 3), f"{one.stem} ended with {hosts[-1].returncode}"
        return held(url).learnt


def rated(
    server: str, made: list[Path], what: str | None, within: float, chance: random.Random
) -> tuple[Held, list[str]]:
    """What two hosts leave, and the faults on the way."""
    faults = []
    with database(server, made) as (folder, url), ended() as hosts:
        hosts += [begun(folder, url, one) for one in made]
        with psycopg.connect(url, autocommit=True) as connection:  # both begin before one ends
            while connection.execute("SELECT count(*) FROM batch").fetchone()[0] < len(made):
                gone = [one for one in hosts if one.poll() is not None]
                assert not gone, f"a host ended with {gone[0].returncode} before both began"
                time.sleep(0.05)
        if what:
            time.sleep(chance.random() * within)
            end_something(what, server, url, hosts, chance)
        for host, one in zip([*hosts], made, strict=True):
            tries = 0
            while host.wait(LATE) not in (0, 3) and tries < TRIES:
                tries += 1
                faults += unaccounted(url)
                host = begun(folder, url, one)
                hosts.append(host)
            if host.returncode not in (0, 3):
                faults.append(f"{one.stem} ended with {host.returncode}")
        return held(url), faults + unaccounted(url)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults.hosts", description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if not [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]:
        print("two hosts: not run, PostgreSQL is not installed")
        return 2
    chance, kept = random.Random(f"hosts {asked.seed}"), 0
    with tempfile.TemporaryDirectory(prefix="files-") as name, postgres_cluster() as server:
        made = files(Path(name), asked.rows)
        started = time.monotonic()
        whole, faults = rated(server, made, None, 0, chance)
        within = time.monotonic() - started
        learnt = {followed(server, made), followed(server, made[::-1])}
        assert len(learnt) == 2, "these files do not tell who ended first"
        if whole.learnt not in learnt:
            faults.append("undisturbed, the register is of neither order")
        for number in range(asked.count):
            what = STRIKES[number % len(STRIKES)]
            found, told = rated(server, made, what, within, chance)
            if found.rated != whole.rated:
                told.append(f"another result: {found.rated}, undisturbed {whole.rated}")
            if found.learnt not in learnt:
                told.append("the register is of neither order")
            kept += not told
            faults += [f"{number} {what}: {one}" for one in told]
    for fault in faults:
        print("FAULT", fault)
    print(f"two hosts: {asked.count} tried, {kept} held; {asked.rows:,} rows each")
    return 0 if kept == asked.count and not faults else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was begun is ended too
    sys.exit(main())
