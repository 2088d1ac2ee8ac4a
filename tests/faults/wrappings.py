"""The same manifest in another wrapping makes no alert; one changed row, one version.

    python -m tests.faults.wrappings --engine sqlite --count 350
    python -m tests.faults.wrappings --engine postgresql --count 350

Each file has another name, order of rows and columns, encoding, separator, line end and
archive. Every third one amends a row, and the one after brings the first manifest back.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import random
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from riskprofile.tables import Table
from tests import factory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ROWS = 7
CHUNKS = (3, 20_000)  # rows


@dataclass
class Told:
    """What came of it."""

    tried: int = 0
    alerts: int = 0  # of the first file
    faults: list[str] = field(default_factory=list)


def count(store: Store, asked: str) -> int:
    """How many rows a table, with or without a condition, holds."""
    with store.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {asked}")).scalar_one())


def manifest() -> Table:
    """What is sent again and again."""
    return factory.shipments(ROWS).drop(columns=["source", "line", "warnings"])


def wrapped(folder: Path, table: Table, dice: random.Random) -> Path:
    """The manifest under another name, order, byte order mark, line end, and in any archive."""
    table = table.sample(frac=1, random_state=dice.randrange(2**31))
    if dice.random() < 0.5:
        columns = list(table)
        dice.shuffle(columns)
        table = table[columns]
    end = dice.choice(["\n", "\r\n"])
    content = table.to_csv(index=False, lineterminator=end, sep=dice.choice([",", ";", "\t"]))
    body = content.encode(dice.choice(["utf-8", "utf-8-sig", "utf-16"]))
    name = f"{dice.randrange(10**9):09d}"
    kind = dice.choice(["csv", "zip", "gz", "txt"])
    if kind == "zip":
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", dice.choice([0, 8])) as archive:
            archive.writestr(
                zipfile.ZipInfo(f"{name}.csv", (2026, 1, dice.randint(1, 28), 0, 0, 0)), body
            )
        body = held.getvalue()
    elif kind == "gz":
        body = gzip.compress(body, dice.randint(1, 9), mtime=dice.randrange(10**9))
    path = folder / f"{name}.{kind}"
    path.write_bytes(body)
    return path


def send(store: Store, home: Settings, folder: Path, times: int, seed: int = 12) -> Told:
    """The manifest once, then so many times in other wrappings, a third of them amended."""
    dice, told, table = random.Random(seed), Told(), manifest()
    first = folder / "first.csv"
    table.to_csv(first, index=False)
    screen(store, home, OWNER, [first], Options(), NOW)
    told.alerts = alerts = count(store, "alert")
    records = ROWS
    for number in range(times):
        amended = number % 3 == 1
        given = table.copy()
        if amended:
            given.loc[dice.randrange(ROWS), "gross_mass_kg"] = 1000.0 + number
        path = wrapped(folder, given, dice)
        options = Options(chunk_rows=dice.choice(CHUNKS))
        when = NOW + timedelta(minutes=number)
        found = screen(store, home, OWNER, [path], options, when).summary
        new = 0 if number % 3 == 0 else 1
        records += new
        wanted = {
            "read": (found.read, ROWS),
            "quarantined": (found.quarantined, 0),
            "accepted": (found.accepted, new),
            "duplicate": (found.duplicate, ROWS - new),
            "records": (count(store, "record"), records),
            "that count": (
                count(store, "record WHERE state = 'accepted' AND folded_by IS NULL"),
                ROWS,
            ),
        }
        if not new:
            wanted["new alerts"] = (found.alerts["total"], 0)
            wanted["alerts"] = (count(store, "alert"), alerts)
        alerts = count(store, "alert")
        told.tried += 1
        told.faults += [
            f"{number} ({path.name}): {name} {is_}, not {should}"
            for name, (is_, should) in wanted.items()
            if is_ != should
        ]
        path.unlink()
    open_ = "SELECT record_id FROM alert WHERE state = 'open'"
    if count(store, f"({open_}) AS every") != count(store, f"({open_} GROUP BY record_id) AS one"):
        told.faults.append("a record has two open alerts")
    return told


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults.wrappings", description=__doc__)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--count", type=int, default=350)
    parser.add_argument("--seed", type=int, default=12)
    asked = parser.parse_args()
    started, used = time.monotonic(), time.process_time()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wrappings-")))
        address = {}
        if asked.engine == "postgresql":
            from tests.conftest import postgres_cluster, postgres_database

            server = stack.enter_context(postgres_cluster())
            address = {"database_url": stack.enter_context(postgres_database(server))}
        home = settings.load({}, home=folder / "home", **address)
        store = stack.enter_context(contextlib.closing(settings.open_store(home)))
        told = send(store, home, folder, asked.count, asked.seed)
    for fault in told.faults[:20]:
        print("FAULT", fault)
    print(
        f"wrappings on {asked.engine}: {told.tried} sent, {len(told.faults)} faults;"
        f" {time.process_time() - used:.0f} s of processor, {time.monotonic() - started:.0f} s"
    )
    return 1 if told.faults or not told.alerts else 0


if __name__ == "__main__":
    sys.exit(main())
