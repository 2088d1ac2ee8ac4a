"""Inboxes for tests: what is laid into one, who watches it, and what that came to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from riskprofile.services.identity import OWNER
from riskprofile.services.inbox_watcher import Watched, Watcher
from riskprofile.services.run import Options
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from tests import factory
from tests.cli.test_cli import run
from tests.conftest import LATE

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
GOOD = factory.shipments(4).drop(columns=["source", "line", "warnings"]).to_csv(index=False)
OTHER = GOOD.replace("XM-", "YM-")


def count(store: Store, table: str) -> int:
    with store.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def start(home: Settings, folder: Path, *more: str, **environment: str) -> subprocess.Popen[str]:
    """A watcher in a process of its own, as a service runs it."""
    return subprocess.Popen(
        [
            *(sys.executable, "-c", "from riskprofile.cli import main; main()"),
            *("watch", str(folder), "--every", "0.2", "--json", *more),
        ],
        cwd=ROOT,
        env={**os.environ, "RISKPROFILE_HOME": str(home.home), "OMP_NUM_THREADS": "1"}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=LATE)
    assert "Traceback" not in err, err
    told: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return told


def once(home: Settings, folder: Path) -> tuple[int, dict[str, Any]]:
    """Two looks by the command, in this process: its exit code, and what it told."""
    code, said, errors = run(home.home, "watch", folder, "--every", "0.2", "--json", "--once")
    assert "Traceback" not in errors, errors
    return code, json.loads(said.strip().splitlines()[-1]) if said else {}


def kept(folder: Path, kind: str) -> list[str]:
    """What lies under done/ or failed/, without the token in front and without reports."""
    found = sorted((folder / kind).glob("*/*"))
    return [
        path.name.split("-", 3 if kind == "done" else 2)[-1]
        for path in found
        if not path.name.endswith((".report.json", ".rejected.csv"))
    ]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LATE
    while not true():
        assert time.monotonic() < deadline, f"it did not happen in {LATE} s"
        time.sleep(0.05)


def link(folder: Path, name: str, target: str) -> None:
    (folder / name).symlink_to(target)


def plain(folder: Path, name: str, content: bytes | str = GOOD) -> None:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def two_names(folder: Path, name: str) -> None:
    plain(folder.parent, "elsewhere.csv")
    os.link(folder.parent / "elsewhere.csv", folder / name)


def unreadable(folder: Path, name: str) -> None:
    plain(folder, name)
    (folder / name).chmod(0)
    if os.geteuid() == 0:
        os.chown(folder / name, 65534, 65534)


def watched(store: Store, home: Settings, folder: Path) -> Watched:
    """Two looks, by a watcher in this process: the same class that the command runs."""
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, lambda said: None)
    return watcher.run(folder, every=0.01, once=True)
