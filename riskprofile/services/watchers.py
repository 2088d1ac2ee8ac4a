"""What watchers of an inbox tell of themselves, and the pause that all of them heed.

The pause stands in the database, so every host sees it. What a watcher did last is told in a small
file of its home: a look is no act, and no writer waits for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from riskprofile.errors import StoreError, Unwritable
from riskprofile.files import is_passing, legible, whole_or_nothing
from riskprofile.services import switching
from riskprofile.services.rights import Actor, authorise
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store

WATCHERS = "watchers"  # folder of the home: a file of each inbox
STOPPED = "inbox_paused"  # the setting that says so
AGAIN = timedelta(seconds=5)  # what did not change is told no sooner again
LATE = timedelta(minutes=2)  # beside twice its pause: a watcher that was silent so long is gone
NAMED = 20  # files


@dataclass(frozen=True)
class Seen:
    """What a watcher told last of its inbox.

    `growing` are files that do not stand still yet, `rating` those that are rated, `waits` how many
    were taken and wait for another try, `aside` what is not taken as it is, such as an empty file;
    of names the first `NAMED`. `every` is in seconds. `once`: a timer begins it, and it ended.
    """

    folder: str
    host: str
    process: int
    at: datetime
    every: float
    growing: tuple[str, ...] = ()
    rating: tuple[str, ...] = ()
    waits: int = 0
    once: bool = False
    aside: tuple[str, ...] = ()

    def silent(self, now: datetime) -> bool:
        """Whether it should have been heard of since. While it rates it does not look."""
        if self.once or self.rating:
            return False
        return now - self.at > LATE + timedelta(seconds=2 * self.every)


class Teller:
    """Tells of one inbox in the home of its watcher. Where there is no room it tells nothing."""

    def __init__(
        self, settings: Settings, folder: Path, every: float, *, once: bool = False
    ) -> None:
        name = hashlib.sha256(str(folder).encode(errors="replace")).hexdigest()[:16]
        self.file = settings.home / WATCHERS / f"{name}.json"
        self.folder, self.every, self.once = folder, every, once
        self.last: Seen | None = None

    def tell(
        self,
        now: datetime,
        growing: list[str],
        rating: list[str],
        waits: int,
        aside: Sequence[str] = (),
    ) -> None:
        """What is so now. Written where it changed, or was written a while ago."""
        told = Seen(
            legible(str(self.folder)), legible(socket.gethostname()), os.getpid(), now, self.every,
            _named(growing), _named(rating), waits, self.once, _named([*aside]),
        )  # fmt: skip
        last = self.last
        if last is not None and abs(now - last.at) < AGAIN and _same(last, told):
            return
        self.last = told
        with suppress(OSError, Unwritable):  # what is told is no part of the work
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with whole_or_nothing(self.file) as stream:
                stream.write(json.dumps(asdict(told), default=str).encode())

    def end(self) -> None:
        """Nobody looks any more, by intent. What a timer begins is told of until the next time."""
        if not self.once:
            with suppress(OSError):
                self.file.unlink(missing_ok=True)


def _same(one: Seen, other: Seen) -> bool:
    told, now = ((seen.growing, seen.rating, seen.waits, seen.aside) for seen in (one, other))
    return told == now


def _named(names: list[str]) -> tuple[str, ...]:
    return tuple(legible(one) for one in sorted(names)[:NAMED])


def _texts(given: Any) -> tuple[str, ...]:
    return tuple(map(str, given))


# What a page does with each of these, it can do with nothing else.
KINDS: dict[str, Callable[[Any], Any]] = {
    "folder": str,
    "host": str,
    "process": int,
    "every": float,
    "growing": _texts,
    "rating": _texts,
    "waits": int,
    "aside": _texts,
}


def watchers(settings: Settings, actor: Actor) -> list[Seen]:
    """What the watchers with this home told last, by folder."""
    authorise(actor, "batch.look")
    found = []
    for path in (settings.home / WATCHERS).glob("*.json"):
        if is_passing(path.name):
            continue
        with suppress(OSError, ValueError, KeyError, TypeError):  # written by another release
            told = json.loads(path.read_text("utf-8"))
            told["at"] = datetime.fromisoformat(told["at"]).astimezone(UTC)
            told.setdefault("aside", ())  # a watcher that began before an upgrade tells none
            for name, kind in KINDS.items():
                told[name] = kind(told[name])
            found.append(Seen(**told))
    return sorted(found, key=lambda one: one.folder)


def pause(store: Store, actor: Actor, why: str, now: datetime) -> None:
    """From its next look on no watcher takes a file; what is being rated is rated.

    Raises
    ------
    UsageError
        The reason is shorter than `switching.PAUSE_REASON`.
    """
    switching.stop(store, actor, "inbox.pause", STOPPED, why, now)


def resume(
    store: Store, actor: Actor, now: datetime, shown: switching.Paused | None = None
) -> None:
    """Watchers take files again, from their next look on; see `switching.resume`."""
    switching.put(store, actor, "inbox.pause", STOPPED, None, "inbox.resume", now, shown=shown)


def paused(store: Store) -> switching.Paused | None:
    """Whether the inbox is paused, since when, by whom and why."""
    with store.read() as connection:
        return switching.stopped(connection, STOPPED)


class Heed:
    """Whether the pause stands, as one watcher hears it: both turns of it are said once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.stands: switching.Paused | None = None

    def turned(self) -> str:
        """What is to be said since it was asked last; empty where nothing changed.

        While the database does not answer it stands as it stood.
        """
        before = self.stands
        with suppress(StoreError):
            self.stands = paused(self.store)
        if (before is None) == (self.stands is None):
            return ""
        if (stands := self.stands) is None:
            return "the inbox is looked at again"
        since = f"{stands.since.astimezone(UTC):%Y-%m-%d %H:%M}"
        return f"the inbox is paused since {since} UTC by {stands.by}: {stands.why}"
