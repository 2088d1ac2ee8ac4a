"""Where a database is: its address, and the file that an address of SQLite names."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from riskprofile.errors import Misnamed, StoreError
from riskprofile.files import FOR_OWNER

OLDEST = (3, 35)  # SQLite


def parse(url: str) -> URL:
    """An address with the driver that is used; refused where it names neither engine."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("")
    except ValueError:  # its words quote what stands where a port should: part of a password
        raise _unreadable() from None
    if "@" in (parsed.host or ""):
        raise _unreadable()
    backend = parsed.get_backend_name() if parsed.drivername else ""
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed
    raise Misnamed(
        "the database address names neither a SQLite file nor PostgreSQL",
        do="Give sqlite:////folder/riskprofile.db or postgresql://user@host/name.",
    )


def _unreadable() -> StoreError:
    return Misnamed(
        "the database address cannot be read",
        do="Write postgresql://user@host:5432/name; in a password @ is %40, : is %3A, / is %2F.",
    )


def shown(address: URL) -> str:
    """An address without what may be secret: the driver takes a password in its query too."""
    told = {name: value for name, value in address.query.items() if name in ("host", "port")}
    return address.set(query=told).render_as_string(hide_password=True)


def check_version(where: str) -> None:
    """Older ones neither take a column away nor tell what they wrote: not all that runs would."""
    if sqlite3.sqlite_version_info < OLDEST:
        raise StoreError(
            f"SQLite {sqlite3.sqlite_version} is too old: {'.'.join(map(str, OLDEST))} is needed",
            where=where,
            do="Use a Python that brings a later one, or PostgreSQL.",
        )


def check_path(path: Path) -> None:
    """Refuse a file that is none, or that cannot be written."""
    where = str(path)
    try:
        if not path.parent.is_dir():
            raise Misnamed(
                "the folder of the database does not exist",
                where=where,
                do="Create it, or name another place.",
            )
        if path.is_dir():
            raise Misnamed("this is a folder, not a database", where=where, do="Name a file.")
        written = path if path.exists() else path.parent
        may = os.access(written, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK)
    except PermissionError:  # a folder above cannot even be entered
        may = False
    if not may:
        raise StoreError(
            "the database cannot be written",
            where=where,
            do="Check owner and rights of file and folder.",
        )


def own(path: Path) -> None:
    """Make the file for its owner alone, where it is new: SQLite gives its log the same rights."""
    if not path.exists():
        with suppress(FileExistsError):  # another program was first
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FOR_OWNER))


def close_to_others(path: Path) -> None:
    """Take the rights of others away, which an older release gave with the file and its log."""
    if os.name != "posix":
        return
    for end in ("", "-wal", "-shm"):
        one = path.with_name(path.name + end)
        with suppress(OSError):  # the log went with its last program, or the disk keeps no rights
            held = one.stat()
            if held.st_uid == os.geteuid() and held.st_mode & 0o077:
                one.chmod(FOR_OWNER)
