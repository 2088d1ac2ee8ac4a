"""How far batches are, and what they wait for: also those that other programs rate.

A run holds a lock in the home as long as its process lives. One that was killed, or could not write
down that it broke off, leaves it behind: its batches are told as stopped, on the machine where it
was.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from riskprofile.errors import StoreError
from riskprofile.services import govern
from riskprofile.services.govern import BatchView
from riskprofile.services.rights import Actor, authorise
from riskprofile.services.settings import Settings
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.store.many import among

if os.name == "posix":
    import fcntl

LOCKS = "locks"  # folder of the home
LIKE = 20  # ended batches of the same kind that tell how many bytes a row takes
MOST = 0.99  # of a file that is still read: how many rows it has is known at its end alone
PACKED = (".zip", ".gz")

_batch, _kept = batches.batch_table, batches.quarantine_table


@contextmanager
def lasting(store: Store, home: Path, began: datetime) -> Iterator[None]:
    """Hold a lock as long as the run that began then goes on; its process may be killed.

    It stays, held by nobody, where the run breaks off and a batch of it is still said to be under
    way: a full disk takes no other word. Where no lock can be held, as on some disks in a network,
    the run goes on without one.
    """
    with ExitStack() as held:
        with suppress(OSError):
            if os.name == "posix":
                place = _lock(home, began)
                place.parent.mkdir(mode=0o700, exist_ok=True)
                file = held.enter_context(place.open("ab"))
                try:  # it is open for writing: NFS wants that of a lock which is not shared
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass  # it is of another that began at the same time
                except OSError:
                    _remove(place)
                else:
                    held.push(partial(_put_away, store, place, began))
        yield


def batches_here(store: Store, settings: Settings, actor: Actor) -> list[BatchView]:
    """The newest batches (`govern.batches`); those as stopped whose run was killed here."""
    return [
        replace(one, state="stopped") if one.state == "running" and _dead(settings, one) else one
        for one in govern.batches(store, actor)
    ]


def _dead(settings: Settings, batch: BatchView) -> bool:
    """Whether its run left a lock that nobody holds. Of one without a lock nothing is known."""
    if os.name != "posix":
        return False
    try:
        file = _lock(settings.home, batch.ended_at or batch.started_at).open("rb")
    except OSError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # several may look at once
        except OSError:
            return False
    return True


def _put_away(
    store: Store, lock: Path, began: datetime, kind: type[BaseException] | None, *fault: object
) -> None:
    """Remove the lock of a run that ended, or broke off and could say so of all its batches."""
    asked = select(_batch.c.id).where(
        _batch.c.state == "running", func.coalesce(_batch.c.ended_at, _batch.c.started_at) == began
    )
    if kind is not None:
        try:
            with store.read() as connection:
                if connection.execute(asked.limit(1)).first() is not None:
                    return
        except StoreError:  # nobody can tell: left behind it harms none that ended
            return
    _remove(lock)


def _remove(lock: Path) -> None:
    with suppress(OSError):  # a run that ended is not lost for the folder being read-only since
        lock.unlink()


def _lock(home: Path, began: datetime) -> Path:
    return home / LOCKS / f"{began.astimezone(UTC):%Y%m%dT%H%M%S%f}.lock"


@dataclass(frozen=True)
class HowFar:
    """How far the rows of one batch are read, as the store tells it: all of it is about.

    `rate` is rows a second of its run since that began, all its files together; None of one that
    was gone on with, of which nobody knows what was read when. `share` (0 to `MOST`) and `seconds`
    are of reading and rating alone, by the bytes of its file and what a row took in files like it;
    None where there was none.
    """

    rate: float | None
    share: float | None
    seconds: float | None


def how_far(
    store: Store, actor: Actor, running: Sequence[BatchView], now: datetime
) -> dict[str, HowFar]:
    """How far these batches are, by their name."""
    authorise(actor, "batch.look")
    told: dict[str, HowFar] = {}
    rows: Counter[tuple[str, datetime]] = Counter()  # of each run: its files begin at one time
    for one in running:
        rows[one.actor, one.started_at] += one.read if one.ended_at is None else 0
    with store.read() as connection:
        for one in running:
            share = None
            if one.size and (each := _bytes_a_row(connection, one)):
                share = min(MOST, one.read * each / one.size)
            since = (now - one.started_at).total_seconds()
            rate = None
            if one.ended_at is None and since > 0 and one.read:
                rate = rows[one.actor, one.started_at] / since
            seconds = None
            if rate is not None and share:
                seconds = one.read / share * (1 - share) / rate
            told[one.id] = HowFar(rate, share, seconds)
    return told


def _bytes_a_row(connection: Any, of: BatchView) -> float | None:
    """What a row took of the latest whole files of the same format, packed where this one is."""
    packed = [_batch.c.source.ilike(f"%{end}") for end in PACKED]
    like = packed[0] | packed[1]
    size = batches.SIZE.label("size")
    found = (
        select(_batch.c.read, size)
        .where(_batch.c.format == of.format, _batch.c.profile == of.profile)
        .where(_batch.c.state == "done", _batch.c.duplicate_of.is_(None), _batch.c.read > 0)
        .where(batches.SIZE.is_not(None), like if of.source.lower().endswith(PACKED) else ~like)
        .order_by(_batch.c.started_at.desc())
        .limit(LIKE)
        .subquery()
    )
    rows, total = connection.execute(select(func.sum(found.c.read), func.sum(found.c.size))).one()
    return float(total) / float(rows) if rows else None


def waiting(store: Store, actor: Actor, batch_ids: Collection[str]) -> dict[str, int]:
    """How many rows of these batches wait to be put right, of those that have any."""
    authorise(actor, "batch.look")
    asked = (
        select(_kept.c.batch_id, func.count())
        .where(among(_kept.c.batch_id, list(batch_ids)), _kept.c.state == "waiting")
        .group_by(_kept.c.batch_id)
    )
    with store.read() as connection:
        return {name: int(count) for name, count in connection.execute(asked)}


def room(settings: Settings, actor: Actor) -> int:
    """Bytes left on the disk of the home."""
    authorise(actor, "batch.look")
    return shutil.disk_usage(settings.home).free
