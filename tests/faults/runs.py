"""A run that can be ended at any moment, and what a database holds after it.

One process imports everything and forks; so each run costs what it does, and no start.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import govern, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.database import Store
from tests import factory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
# Everything that a run leaves, but for the names and times of its batches, and for batches
# that failed before their first record: the run that follows begins another.
HELD = (
    "SELECT profile, record_id, item, version, state, content, points FROM record ORDER BY 1,2,3,4",
    "SELECT profile, record_id, lane, queue, rank, points, selected_by, title FROM alert"
    " ORDER BY 1,2",
    "SELECT digest, state, read, accepted, quarantined, duplicate, alerts, cursor FROM batch"
    " WHERE state <> 'failed' OR read > 0",
    "SELECT source, line, record_id, reason_code, raw, state FROM quarantined ORDER BY 1,2,3",
    "SELECT number, profile, count FROM chunk ORDER BY number",
    "SELECT action, count(*) FROM audit WHERE action = 'batch.end' GROUP BY action",
)


@dataclass(frozen=True)
class Work:
    """A file to rate, and how."""

    file: Path
    rows: int
    options: Options


def crossings(folder: Path, rows: int, chunks: int = 10) -> Work:
    """Crossings in as many chunks, some of them unreadable, some lodged twice: quick to rate."""
    table = factory.travellers(rows)
    table["bag_mass_kg"] = [float(5 + n % 30) for n in range(rows)]
    table["person_ref"] = [f"P{n % 997:04d}" for n in range(rows)]
    given = table.drop(columns=["source", "line", "warnings"]).dropna(axis=1, how="all")
    given = given.astype({"checked_bags": "object"})
    given.loc[given.index % 101 == 7, "checked_bags"] = "several"
    for twice in range(300, rows, 499):
        given.loc[twice] = given.loc[twice - 200]
    file = folder / "crossings.csv"
    given.to_csv(file, index=False)
    capacity = Capacity(number=20)
    options = Options(chunk_rows=rows // chunks, capacity=capacity, max_bad_share=1.0, resume=True)
    return Work(file, rows, options)


def furnish(home: Path, url: str | None = None) -> settings.Settings:
    """A home, or a database, in which crossings are rated."""
    made = settings.load({}, home=home, **({"database_url": url} if url else {}))
    store = settings.open_store(made)
    govern.enable_profile(store, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    store.close()
    return made


def rate(home: settings.Settings, work: Work) -> None:
    """The run itself, as `score --resume` does it."""
    store = settings.open_store(home)
    try:
        screen(store, home, OWNER, [work.file], work.options, NOW)
    finally:
        store.close()


def held(home: settings.Settings) -> dict[str, Any]:
    """What the database holds: a digest of all results, and what may not be lost or doubled."""
    store = Store.open(home.database_url)
    total = hashlib.sha256()
    with store.read() as connection:
        for asked in HELD:
            for row in connection.execute(text(asked)):
                total.update(repr(tuple(row)).encode())
        counts = connection.execute(
            text(
                "SELECT count(*) AS records,"
                " count(DISTINCT record_id || '/' || item || '/' || version) AS versions,"
                " (SELECT count(*) FROM alert) AS alerts,"
                " (SELECT count(DISTINCT record_id) FROM alert) AS alerted,"
                " (SELECT sum(read) FROM batch) AS read,"
                " (SELECT sum(accepted + quarantined + duplicate) FROM batch) AS accounted,"
                " (SELECT sum(accepted) FROM batch) AS accepted,"
                " (SELECT count(*) FROM quarantined) AS aside,"
                " (SELECT sum(quarantined) FROM batch) AS quarantined"
                " FROM record"
            )
        ).one()
        states = connection.execute(text("SELECT state FROM batch")).scalars().all()
    store.close()
    found = {name: int(value or 0) for name, value in counts._mapping.items()}
    return {"digest": total.hexdigest(), "states": list(states), **found}


def torn(found: dict[str, Any]) -> list[str]:
    """What no moment may show: a half commit, or alerts of a run that has not ended."""
    faults = []
    for one, other in (
        ("records", "versions"),
        ("alerts", "alerted"),
        ("read", "accounted"),
        ("records", "accepted"),
        ("aside", "quarantined"),
    ):
        if found[one] != found[other]:
            faults.append(f"{one} {found[one]}, {other} {found[other]}")
    if found["alerts"] and "done" not in found["states"]:
        faults.append(f"{found['alerts']} alerts of a run that has not ended")
    return faults


def child(call: Callable[[], Any]) -> tuple[int, int]:
    """A forked process that does this; its id, and where its answer can be read."""
    answer, sent = os.pipe()
    process = os.fork()
    if process:
        os.close(sent)
        return process, answer
    os.close(answer)
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            told: Any = call()
            code = 0
        except RiskProfileError as error:
            told = error
        except BaseException as error:
            told = RuntimeError(f"{type(error).__name__}: {error}"[:500])
        with os.fdopen(sent, "wb") as out:
            pickle.dump(told, out)
    finally:
        os._exit(code)


def ended(process: int, answer: int) -> tuple[int, Any]:
    """How it ended (minus the signal), and what it answered."""
    with os.fdopen(answer, "rb") as read:
        content = read.read()
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), pickle.loads(content) if content else None


def apart(call: Callable[[], Any]) -> Any:
    """The answer of a call made in a process of its own; its error is raised here."""
    code, told = ended(*child(call))
    if code:
        raise told if isinstance(told, BaseException) else RuntimeError(f"ended with {code}")
    return told


def killed(call: Callable[[], Any], after: float) -> bool:
    """Whether `kill -9` after so many seconds came before the end."""
    process, answer = child(call)
    time.sleep(after)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    code, _ = ended(process, answer)
    return code == -signal.SIGKILL


@contextlib.contextmanager
def copy_of(home: Path, to: Path) -> Iterator[settings.Settings]:
    """A furnished home on SQLite, once more; gone afterwards."""
    shutil.copytree(home, to)
    try:
        yield settings.load({}, home=to)
    finally:
        shutil.rmtree(to, ignore_errors=True)


def root_on_linux() -> bool:
    """Whether file systems can be mounted here."""
    return sys.platform == "linux" and os.geteuid() == 0
