"""Attacks on the database under the service: locks, dead migrations, slow lines, clocks."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event, insert, text

from riskprofile.errors import StoreError
from riskprofile.services import identity, review
from riskprofile.services.identity import OWNER
from riskprofile.store import audit, copying
from riskprofile.store.database import Store
from riskprofile.store.migrations import REVISIONS, upgrade
from riskprofile.store.office_tables import Setting
from tests.faults import runs
from tests.services.bench import HERE, INES, NOW, REASON, put
from tests.trust.desk import PHRASE, furnished
from tests.trust.told import Told

LOCKS = (1.0, 10.0, 60.0)  # seconds that another program holds the database
CLICK = 10.0  # seconds after which a page has answered, whatever holds the database
AT_ONCE = 15  # databases locked at the same time


# ------------------------------------------------------------------ locked by another program


def locks(count: int, folder: Path) -> Told:
    """A database that another program holds for 1, 10 and 60 s, with a batch and a page at work.

    Held: the batch's write arrives when the lock ends, the page's list is shown meanwhile,
    and a click is done or refused by name within 10 s; nothing is lost or done twice.
    The 60 s are left out of small sets.
    """
    told = Told()
    with furnished(folder, "template") as store:
        put(store)
    spans = LOCKS if count >= 15 else LOCKS[:2]
    for start in range(0, count, AT_ONCE):
        some = range(start, min(count, start + AT_ONCE))
        answers: dict[int, str | None] = {}
        threads = [
            threading.Thread(
                target=_locked, args=(folder, number, spans[number % len(spans)], answers)
            )
            for number in some
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in some:
            told.count(answers.get(number, "the attempt itself failed"))
    return told


def _locked(folder: Path, number: int, span: float, answers: dict[int, str | None]) -> None:
    path = folder / f"locked{number}.db"
    shutil.copyfile(folder / "template.db", path)
    store = Store.open(f"sqlite:///{path}")
    store.close()  # what it had to do at its opening is done
    store = Store.open(f"sqlite:///{path}")
    with store.read() as connection:
        alert = int(connection.execute(text("SELECT id FROM alert")).scalar_one())
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    faults: list[str] = []

    def batch() -> None:
        try:
            with store.write(patience=120.0) as connection:
                connection.execute(insert(Setting).values(name=f"batch {number}", value=1))
        except Exception as error:
            faults.append(f"batch: {type(error).__name__}: {error}")

    writing = threading.Thread(target=batch)
    writing.start()
    timer = threading.Timer(span, other.execute, ["COMMIT"])
    timer.start()
    done = refused = 0
    started = time.monotonic()
    while not done and time.monotonic() - started < span + CLICK:
        began = time.monotonic()
        review.queue(store, INES, review.QueueFilter("shipment"), NOW)
        if (took := time.monotonic() - began) > CLICK:
            faults.append(f"the list took {took:.1f} s")
        began = time.monotonic()
        try:
            review.alert(store, INES, alert, NOW, purpose="control")
            done += 1
        except StoreError as error:
            refused += 1
            if "locked" not in str(error):
                faults.append(f"not clear: {error}")
        if (took := time.monotonic() - began) > CLICK:
            faults.append(f"a click took {took:.1f} s")
    writing.join()
    timer.join()
    other.close()
    with store.read() as connection:
        looks = connection.execute(
            text("SELECT count(*) FROM audit WHERE action = 'alert.look'")
        ).scalar_one()
        kept = connection.execute(
            text("SELECT count(*) FROM setting WHERE name LIKE 'batch %'")
        ).scalar_one()
        whole = audit.verify(connection).ok
    store.close()
    if (looks, kept, whole) != (1, 1, True):
        faults.append(f"{looks} looks, {kept} writes, {refused} refused, chain {whole}")
    answers[number] = f"{span:g} s: {faults}" if faults else None


# ------------------------------------------------------------------ the clock


MOVES = (
    timedelta(days=1), timedelta(days=-1), timedelta(days=184), timedelta(days=-184),
    timedelta(days=5 * 366), timedelta(hours=-8), timedelta(minutes=-20), timedelta(seconds=-1),
)  # fmt: skip
BEFORE = (  # a leap day, both changes of daylight saving, a leap second that never was
    datetime(2028, 2, 28, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
)  # fmt: skip


def clocks(_: int, folder: Path) -> Told:
    """The clock set forward and back under a shift at work.

    Held: the sequence orders the log whatever the clock says, the chain verifies, what was
    done is done once, and no session outlives what it was given: 15 minutes idle, 8 hours
    in all, by the clock's own reading.
    """
    told = Told()
    moves = [(NOW, NOW + move) for move in MOVES]
    moves += [(one, one + timedelta(seconds=2)) for one in BEFORE]
    for number, (then, now) in enumerate(moves):
        with furnished(folder, f"clock{number}") as store:
            told.count(_moved(store, then, now))
    return told


def _moved(store: Store, then: datetime, now: datetime) -> str | None:
    [alert] = put(store)
    identity.add_account(
        store, OWNER, name="ines", role="officer", office=HERE, password=PHRASE, now=then
    )
    token = identity.sign_in(store, "ines", PHRASE, "", then)
    review.alert(store, INES, alert, then, purpose="control")
    review.claim(store, INES, alert, then)
    inside = identity.actor_of(store, token, now) is not None
    fair = -identity.IDLE < now - then < identity.IDLE
    review.claim(store, INES, alert, now)  # a claim ends by itself: after a day it is asked anew
    review.decide(store, INES, alert, "scan", REASON, now)
    with store.read() as connection:
        rows = connection.execute(text("SELECT sequence, action FROM audit ORDER BY sequence"))
        order = [str(action) for _, action in rows if str(action) != "account.add"]
        verdict = audit.verify(connection)
    faults = []
    if inside is not fair:
        faults.append(f"the session is {'alive' if inside else 'over'}")
    wanted = ["session.start", "alert.look", "alert.claim", "alert.decide"]
    places = [order.index(one) for one in wanted if one in order]
    if len(places) < len(wanted) or places != sorted(places) or order.count("alert.decide") != 1:
        faults.append(f"the log is ordered {order}")
    if not verdict.ok:
        faults.append("the chain does not verify")
    return f"{now - then}: {faults}" if faults else None


# ------------------------------------------------------------------ migrations and copies


LINKS = 12


def half_way(count: int, folder: Path) -> Told:
    """Migrations from every older schema killed at a statement; copies killed and whole.

    Held: after the kill the database is the old one or the new one, the next opening brings
    it up to date, and the chain verifies. A copy that was killed leaves an empty database; one
    that was not is equal, there and back again, SQLite and PostgreSQL.
    """
    from tests.conftest import postgres_cluster, postgres_database

    told, chance = Told(), random.Random("half-way")
    olds = REVISIONS[:-1]
    copies = min(5, max(2, count // 4))
    for number in range(max(1, count - copies)):
        old = olds[number % len(olds)]
        path = folder / f"old{number}.db"
        runs.apart(partial(_made_old, path, old))
        died = runs.ended(*runs.child(partial(_migrate, path, chance.randrange(1, 12))))[0]
        told.count(_old_or_new(path, old, died == -signal.SIGKILL))
    with furnished(folder, "full") as store:
        put(store, 40)
        for n in range(60):
            with store.write() as connection:
                audit.append(connection, actor="i", action="look", subject=f"a:{n}", now=NOW)
    sent = f"sqlite:///{folder / 'full.db'}"
    with postgres_cluster() as server:
        for number in range(copies - 1):
            with postgres_database(server) as url:
                target = (url, f"sqlite:///{folder / f'target{number}.db'}")[number % 2]
                Store.open(target).close()
                killed = runs.ended(*runs.child(partial(_copy, sent, target, 3 + 7 * number)))[0]
                held = runs.apart(partial(_rows, target))
                empty = killed == -signal.SIGKILL and held == 0
                told.count(None if empty else f"copy {number}: ended with {killed}, {held} rows")
        with postgres_database(server) as url:
            back = f"sqlite:///{folder / 'back.db'}"
            there = runs.apart(partial(_copy, sent, url, 0))
            again = runs.apart(partial(_copy, url, back, 0))
            same = there == again and runs.apart(partial(_rows, back)) > 0
            told.count(None if same else "there and back again is another database")
    return told


def _made_old(path: Path, revision: str) -> None:
    """A database as it was at that schema, with a chain in it."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        upgrade(connection, revision)
        connection.commit()
        writing = connection.execution_options(riskprofile_write=True)
        for n in range(LINKS):
            audit.append(writing, actor="i", action="look", subject=f"a:{n}", now=NOW)
        connection.commit()
    engine.dispose()


def _dying_at(number: int) -> None:
    """Die at the statement of that number from now that changes something; 0 never."""
    left = [number]

    def written(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if number and statement.lstrip().upper().startswith(
            ("INSERT", "UPDATE", "CREATE", "ALTER", "DROP")
        ):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", written)


def _migrate(path: Path, at: int) -> None:
    _dying_at(at)
    Store.open(f"sqlite:///{path}").close()


def _old_or_new(path: Path, old: str, died: bool) -> str | None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    wanted = (old,) if died else (REVISIONS[-1],)
    store = Store.open(f"sqlite:///{path}")
    with store.read() as connection:
        verdict = audit.verify(connection)
        after = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    store.close()
    if found in wanted and after == REVISIONS[-1] and verdict.ok and verdict.records == LINKS:
        return None
    return f"from {old}: {found} with {tables} tables, then {after}, chain {verdict}"


def _copy(source: str, target: str, at: int) -> list[Any]:
    old, new = Store.open(source), Store.open(target)
    if at:
        _dying_at_row(new, at)
    try:
        return copying.copy(old, new)
    finally:
        old.close()
        new.close()


def _dying_at_row(store: Store, at: int) -> None:
    left, real = [at], store.insert_many

    def counted(connection: Any, name: str, columns: Any, rows: Any) -> None:
        def passing() -> Iterator[Any]:
            for row in rows:
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield row

        real(connection, name, columns, passing())

    store.insert_many = counted  # type: ignore[method-assign]


def _rows(url: str) -> int:
    store = Store.open(url)
    with store.read() as connection:
        counts = [
            int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())
            for name in ("audit", "alert", "office", "batch")
        ]
    store.close()
    return sum(counts)


# ------------------------------------------------------------------ a slow line


class SlowLine:
    """A Unix socket in front of a PostgreSQL server that hands on each piece late."""

    def __init__(self, server: str, delay: float) -> None:
        self.server, self.delay = server, delay
        self.folder = Path(server) / "slow"
        self.folder.mkdir(exist_ok=True)
        self._open = True

    def __enter__(self) -> SlowLine:
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(self.folder / ".s.PGSQL.5432"))
        self._door.listen(16)
        threading.Thread(target=self._let_in, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._door.close()
        (self.folder / ".s.PGSQL.5432").unlink(missing_ok=True)

    def _let_in(self) -> None:
        while self._open:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(f"{self.server}/.s.PGSQL.5432")
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._hand_on, args=(one, other), daemon=True).start()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(65_536):
                time.sleep(self.delay)
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)

    def address(self, url: str) -> str:
        """The same database, reached by this line."""
        return url.partition("?")[0] + f"?host={quote(str(self.folder))}"
