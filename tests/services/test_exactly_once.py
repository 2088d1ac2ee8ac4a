"""The same manifest in any wrapping makes no new alert; one changed row, one new version."""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from tests import factory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
ROWS = 12
# On each engine; RISKPROFILE_TEST_WRAPPINGS=350 makes it the 700 of a full run.
TIMES = int(os.environ.get("RISKPROFILE_TEST_WRAPPINGS", "9"))
TABLE = factory.shipments(ROWS).drop(columns=["source", "line", "warnings"])


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    address = {}
    if request.param == "postgresql":
        address = {"database_url": request.getfixturevalue("postgres_url")}
    return settings.load({}, home=tmp_path / "home", **address)


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    opened = settings.open_store(home)
    yield opened
    opened.close()


def count(store: Store, asked: str) -> int:
    with store.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {asked}")).scalar_one())


def wrapped(folder: Path, dice: random.Random, changed: int | None, mass: float) -> Path:
    """The manifest under another name, order, byte order mark, line end, and in any archive."""
    table = TABLE.copy()
    if changed is not None:
        table.loc[changed, "gross_mass_kg"] = mass
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


def test_no_wrapping_makes_an_alert_and_one_changed_row_makes_one_version(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    dice = random.Random(12)
    first = tmp_path / "first.csv"
    TABLE.to_csv(first, index=False)
    screen(store, home, OWNER, [first], Options(), NOW)
    alerts, records = count(store, "alert"), count(store, "record")
    assert (alerts > 0, records) == (True, ROWS)
    counting = "record WHERE state = 'accepted' AND folded_by IS NULL"
    for time in range(TIMES):
        # Every third one amends a row, and the one after brings the first manifest back.
        changed = dice.randrange(ROWS) if time % 3 == 1 else None
        path = wrapped(tmp_path, dice, changed, 1000.0 + time)
        options = Options(chunk_rows=dice.choice([3, 7, 20_000]))
        told = screen(store, home, OWNER, [path], options, NOW + timedelta(minutes=time)).summary
        wanted = 0 if time % 3 == 0 else 1
        assert (told.read, told.quarantined) == (ROWS, 0), path.name
        assert (told.accepted, told.duplicate) == (wanted, ROWS - wanted), path.name
        records += wanted
        assert count(store, "record") == records
        assert count(store, counting) == ROWS
        if not wanted:
            assert told.alerts["total"] == 0
            assert count(store, "alert") == alerts
        alerts = count(store, "alert")
    one_open = "(SELECT record_id FROM alert WHERE state = 'open' GROUP BY record_id) AS one"
    assert count(store, "alert WHERE state = 'open'") == count(store, one_open)


@pytest.mark.parametrize("way", ["same", "renamed", "zipped", "turned", "resumed"])
def test_sent_twice_at_once_by_two_programs_is_taken_once(
    store: Store, home: Settings, tmp_path: Path, way: str
) -> None:
    table = factory.shipments(400).drop(columns=["source", "line", "warnings"])
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    table.to_csv(first, index=False)
    if way == "same":
        second = first
    elif way == "zipped":
        second = tmp_path / "second.zip"
        with zipfile.ZipFile(second, "w") as archive:
            archive.write(first, "any.csv")
    else:
        (table.iloc[::-1] if way == "turned" else table).to_csv(second, index=False)
    program = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from riskprofile.errors import Conflict
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
home = settings.load({}, home=sys.argv[1], database_url=sys.argv[2])
store = settings.open_store(home)
options = Options(chunk_rows=25, resume=sys.argv[4] == "resumed")
print("ready", flush=True)
sys.stdin.readline()
try:
    told = screen(store, home, OWNER, [Path(sys.argv[3])], options, datetime.now(UTC)).summary
    print(told.read, told.accepted, told.quarantined, told.duplicate, told.alerts["total"])
except Conflict:
    print("overtaken")
"""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(home.home), home.database_url, str(path), way],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for path in (first, second)
    ]
    for one in programs:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    said = []
    for one in programs:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in programs:
        out, _ = one.communicate(timeout=180)
        assert one.returncode == 0
        said.append(out.strip())
    told = [tuple(map(int, line.split())) for line in said if line != "overtaken"]
    assert told, said
    for read, accepted, quarantined, duplicate, _ in told:
        assert read == accepted + quarantined + duplicate == 400
    assert count(store, "record") == 400
    assert count(store, "record WHERE version = 1 AND state = 'accepted'") == 400
    assert count(store, "batch WHERE read <> accepted + quarantined + duplicate") == 0
    distinct = "(SELECT record_id FROM alert GROUP BY record_id) AS one"
    assert count(store, "alert") == count(store, distinct)
    if len(told) == 2:
        assert sum(one[1] for one in told) == 400
        assert sum(one[4] for one in told) == count(store, "alert")
