"""The practice store: a file of its own in the home, apart from the database of the installation.

Another file, another driver call and no table in common: whatever is kept of practice can meet
neither an alert nor an outcome. It is SQLite on either engine, for its owner alone.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from riskprofile.errors import AGAIN, StoreError
from riskprofile.files import FOR_OWNER

NAME = "practice.db"
VERSION = 2
DAYS = timedelta(days=30)  # after which it is forgotten
PATIENCE = 5.0  # seconds that a writer waits for another
GLANCE = 0.2  # seconds that a page waits for what it shows: practice goes on without it

# What each version added.
_SCHEMA = (
    """
CREATE TABLE answer (
    account TEXT NOT NULL, case_id TEXT NOT NULL, subject TEXT NOT NULL, arms INTEGER NOT NULL,
    choice TEXT NOT NULL, met INTEGER NOT NULL, seconds REAL NOT NULL, sure TEXT NOT NULL,
    named INTEGER NOT NULL, held INTEGER NOT NULL, at TEXT NOT NULL
);
CREATE INDEX answer_account ON answer (account, at);
CREATE TABLE doubt (
    account TEXT NOT NULL, case_id TEXT NOT NULL, choice TEXT NOT NULL, text TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX doubt_account ON doubt (account, at);
""",
    "CREATE TABLE round (account TEXT PRIMARY KEY, state TEXT NOT NULL, at TEXT NOT NULL)",
)


@dataclass(frozen=True)
class Answer:
    """What an officer chose for one case: in how many `seconds`, how `sure` ("" is not said).

    `met` is whether the choice fits; `named` reasons were named, and `held` of them are the case's.
    """

    account: str
    case_id: str
    subject: str
    arms: bool
    choice: str
    met: bool
    seconds: float
    sure: str
    named: int
    held: int
    at: datetime


@dataclass(frozen=True)
class Doubt:
    """Why an officer disagrees with the answer of a case, in their words."""

    account: str
    case_id: str
    choice: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Round:
    """The round that an account is in: whatever its page needs to go on with it, as text."""

    account: str
    state: str
    at: datetime


def keep(home: Path, row: Answer | Doubt | Round) -> None:
    """Store one answer or doubt, or the round in place of the one before."""
    values = [one.astimezone(UTC).isoformat() if isinstance(one, datetime) else one
              for one in astuple(row)]  # fmt: skip
    places = ", ".join("?" * len(values))
    with _opened(home) as connection:
        connection.execute(f"INSERT OR REPLACE INTO {_table(type(row))} VALUES ({places})", values)  # noqa: S608


def answers(home: Path, account: str, since: datetime) -> list[Answer]:
    """Those of one account after a time, the oldest first."""
    return [
        Answer(**{**row, "arms": bool(row["arms"]), "met": bool(row["met"])})
        for row in _rows(home, Answer, account, since)
    ]


def doubts(home: Path, account: str, since: datetime) -> list[Doubt]:
    """Those of one account after a time, the oldest first."""
    return [Doubt(**row) for row in _rows(home, Doubt, account, since)]


def rounds(home: Path, account: str, since: datetime) -> list[Round]:
    """The round that one account is in, where it was kept after a time."""
    return [Round(**row) for row in _rows(home, Round, account, since)]


def forget(home: Path, *, upto: datetime | None = None, account: str | None = None) -> int:
    """Remove what is as old as `upto`, or all of one account; how many rows.

    Where nobody practised yet there is no file, and none is made.
    """
    if not (home / NAME).exists():
        return 0
    where, value = (
        ("at <= ?", upto.astimezone(UTC).isoformat()) if upto else ("account = ?", account)
    )
    with _opened(home) as connection:
        gone = [
            connection.execute(f"DELETE FROM {_table(kind)} WHERE {where}", [value]).rowcount  # noqa: S608
            for kind in (Answer, Doubt, Round)
        ]
    return sum(gone)


def _rows(
    home: Path, kind: type[Answer | Doubt | Round], account: str, since: datetime
) -> list[dict[str, Any]]:
    if not (home / NAME).exists():
        return []
    names = [one.name for one in fields(kind)]
    asked = (
        f"SELECT {', '.join(names)} FROM {_table(kind)} WHERE account = ? AND at > ? ORDER BY rowid"  # noqa: S608
    )
    with _opened(home, writes=False) as connection:
        rows = connection.execute(asked, [account, since.astimezone(UTC).isoformat()]).fetchall()
    told = [dict(zip(names, row, strict=True)) for row in rows]
    return [{**row, "at": datetime.fromisoformat(row["at"])} for row in told]


def _table(kind: type[Answer | Doubt | Round]) -> str:
    return kind.__name__.lower()


@contextmanager
def _opened(home: Path, *, writes: bool = True) -> Iterator[sqlite3.Connection]:
    """A transaction in the file, which is made where it is missing. Who reads waits for no writer
    but while that one's last act goes to the disk.

    Raises
    ------
    StoreError
        It cannot be made, read or written, is no such store, or is a newer release's.
    """
    path = home / NAME
    try:
        # Before SQLite, which would make it for everybody, and its journal with the same rights.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FOR_OWNER))
        # Never opened here once it is there: closing it would take the locks of who is at work in
        # this process from them.
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        if os.name == "posix" and found.st_mode & 0o077:
            path.chmod(FOR_OWNER)
    except OSError as error:
        raise StoreError(
            f"the practice store cannot be opened ({error.strerror})",
            where=str(path),
            do="Check owner and rights of file and folder.",
        ) from None
    connection = None
    try:
        patience = PATIENCE if writes else GLANCE
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None)
        connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is gone from the file
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        _made(connection, path)
        yield connection
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise StoreError(
            f"the practice store cannot be used ({error})",
            where=str(path),
            do=f"Nothing else needs it: make room, or take it away, then {AGAIN}",
        ) from None
    finally:
        if connection is not None:
            connection.close()  # what was not committed is undone


def _made(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise StoreError(
            f"the practice store is of another release (its version {version}, known {VERSION})",
            where=str(path),
            do="Take the file away: a new one is begun.",
        )
    for added in _SCHEMA[version:]:
        for statement in filter(str.strip, added.split(";")):
            connection.execute(statement)
    if version < VERSION:
        connection.execute(f"PRAGMA user_version = {VERSION}")
