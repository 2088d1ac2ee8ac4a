"""The inbox: a folder that is looked at again and again, because shares emit no events.

A file is taken when it stood still over two looks, and only when it is a regular file under one
name. Taking is one rename into a folder of the taker, so of two watchers one wins. The taker holds
a lock that the system frees when it dies; whoever looks next goes on with what it had taken: a file
keeps the claim under which it was taken. What was read is kept under `done/`, the rest under
`failed/`.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from riskprofile.errors import UsageError
from riskprofile.files import is_passing
from riskprofile.services.uploading import safe_name

CLAIMED, DONE, FAILED = "claimed", "done", "failed"
_OURS = re.compile(r"\d+-[0-9a-f]+")  # names the folder of a watcher, and in it that of a file
NOT_OURS = "no watcher put it there"

Look = tuple[int, int, int, int]  # device, inode, size, time of change


class Inbox:
    """One watcher of one folder. Use as a context: it holds the lock of what it takes.

    Raises
    ------
    UsageError
        The folder is missing, cannot be written, or its own folders are links.
    """

    def __init__(self, folder: Path) -> None:
        if not _usable(folder):
            raise UsageError(
                "the inbox is no folder that can be read and written",
                where=str(folder),
                do="Create it, or correct its owner and rights.",
            )
        self.folder = folder.resolve()
        for name in (CLAIMED, DONE, FAILED):
            self._own(name)
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.mine = self.folder / CLAIMED / self.name
        self.seen: dict[str, Look] = {}
        self.ready: set[str] = set()  # those of them that stood still, and are not taken yet
        self.odd: dict[str, str] = {}  # what is not taken as it is, and why
        self.aside: dict[str, str] = {}  # what of it stood so for two looks, or could not be taken
        self.stray: dict[str, str] = {}  # what else lies among what was taken, and why
        self.taken = 0
        self.inherited: set[Path] = set()  # taken by watchers that died, and not looked at yet
        self._lock: IO[bytes] | None = None

    def _own(self, name: str) -> Path:
        made = self.folder / name
        made.mkdir(mode=0o700, exist_ok=True)
        if not stat.S_ISDIR(made.lstat().st_mode):
            raise UsageError(f"{name} is no folder", where=str(made), do="Move it away.")
        return made

    def __enter__(self) -> Inbox:
        # It is held before it has its name: another watcher would take it for one of the dead.
        unnamed = self.mine.with_suffix(".new")
        self._lock = _locked(unnamed, make=True)
        self.mine.mkdir(mode=0o700)
        unnamed.rename(self.mine.with_suffix(".lock"))
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the folder is away: the next watcher finds what is left in it
            for part in [*self.mine.iterdir(), self.mine]:
                if part.is_dir() and not any(part.iterdir()):
                    part.rmdir()
            if not self.mine.exists():  # else the next watcher finds it, and goes on
                self.mine.with_suffix(".lock").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def check(self) -> None:
        """Let pass while what is taken has its place.

        Raises
        ------
        OSError
            The folder is away, as a share may be for a while.
        UsageError
            It is here, and its own folder is not: it is another by now.
        """
        try:
            self.mine.lstat()
        except FileNotFoundError:
            if not _usable(self.folder):
                raise
            raise UsageError(
                "another folder was put in place of the inbox",
                where=str(self.folder),
                do="Start the watcher again.",
            ) from None

    def look(self) -> Iterator[Path]:
        """What stood still since the last look, the oldest first: each is taken when it is asked
        for; where it is then.
        """
        now: dict[str, Look] = {}
        odd: dict[str, str] = {}
        ready: list[tuple[int, str]] = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if is_passing(entry.name) or entry.name in (CLAIMED, DONE, FAILED):
                    continue
                try:
                    state = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if why := _odd(state):
                    odd[entry.name] = why
                    continue
                found = now[entry.name] = (*_state(state), state.st_mtime_ns)
                if self.seen.get(entry.name) == found:
                    ready.append((found[3], entry.name))
        self.seen, self.ready = now, {name for _, name in ready}
        # What could not be taken is told of until it is tried again.
        self.aside = {name: why for name, why in self.aside.items() if name in self.ready}
        self.aside |= {name: why for name, why in odd.items() if self.odd.get(name) == why}
        self.aside |= self.stray
        self.odd = odd
        taken = (self._take(name) for _, name in sorted(ready))
        return (path for path in taken if path is not None)

    def _take(self, name: str) -> Path | None:
        """One rename: who comes second finds nothing there."""
        self.ready.discard(name)
        self.aside.pop(name, None)
        if why := _shut(self.folder / name):
            self.aside[name] = why
            return None
        place = self._place()
        place.mkdir(mode=0o700)
        target = place / safe_name(name.encode(errors="replace").decode())
        try:
            (self.folder / name).rename(target)
        except OSError as error:  # another watcher took it, or its owner took it away
            place.rmdir()
            gone = isinstance(error, FileNotFoundError)  # though the next may have its name by now
            if not gone and os.path.lexists(self.folder / name):
                self.aside[name] = f"it cannot be moved ({error.strerror})"
            return None
        # Between the look and the rename somebody may have put another thing there.
        if _state(target.lstat()) != self.seen.pop(name)[:3] or not _is_file(target.lstat()):
            self._give_back(target)
            return None
        return target

    def _place(self, claim: str = "") -> Path:
        """Where the next file that is taken lies: in their order, each under a claim of its own."""
        self.taken += 1
        return self.mine / f"{self.taken:06d}-{claim or secrets.token_hex(6)}"

    def claim(self, path: Path) -> str:
        """The claim of a taken file: the same whoever goes on with it."""
        return path.parent.name.partition("-")[2]

    def left(self) -> list[Path]:
        """Files of watchers that died, now ours, and what of ours waits for another try."""
        self.stray = {}
        for lock in sorted((self.folder / CLAIMED).glob("*.lock")):
            if lock.stem == self.name:
                continue
            held = _locked(lock, make=False)
            if held is None:  # its owner lives
                continue
            with held:
                self._take_over(lock)
        found: list[Path] = []
        for place in self._places(self.mine):
            with self._passing_over(place):
                for path in sorted(place.iterdir()):
                    state, hidden = path.lstat(), path.name.startswith(".")  # of a desktop, or NFS
                    if hidden or not _is_file(state):
                        self.stray[self._called(path)] = NOT_OURS if hidden else _odd(state)
                    else:
                        found.append(path)
        return found

    def _take_over(self, lock: Path) -> None:
        """What a watcher that died had taken is ours. What else lies there stays, with its lock."""
        claimed = lock.with_suffix("")
        for place in self._places(claimed):
            with self._passing_over(place):
                if any(place.iterdir()):
                    mine = place.rename(self._place(place.name.partition("-")[2]))
                    self.inherited.update(mine.iterdir())
                else:  # it died before a file was in it
                    place.rmdir()
        others = {self._called(one): NOT_OURS for one in claimed.glob("*")}
        self.stray = others | self.stray  # of a place that could not be moved it is said why
        if not others:
            with self._passing_over(claimed):
                with suppress(FileNotFoundError):
                    claimed.rmdir()
                lock.unlink(missing_ok=True)

    @contextmanager
    def _passing_over(self, path: Path) -> Iterator[None]:
        """What the system refuses of one folder is told of it, and keeps no other from its turn."""
        try:
            yield
        except FileNotFoundError:  # somebody took it away
            pass
        except OSError as error:
            self.stray[self._called(path)] = f"it cannot be gone on with ({error.strerror})"

    def _called(self, path: Path) -> str:
        return str(path.relative_to(self.folder))

    def held(self) -> int:
        """How many files are taken and still to be done, or were about to be taken."""
        here = [name for name in self.ready if os.path.lexists(self.folder / name)]
        return len(self._places(self.mine)) + len(here)

    def elsewhere(self) -> int:
        """How many files other watchers have taken and still have."""
        others = (one for one in self._places(self.folder / CLAIMED) if one != self.mine)
        return sum(len(self._places(one)) for one in others)

    def _places(self, claimed: Path) -> list[Path]:
        try:
            found = (one for one in claimed.iterdir() if _OURS.fullmatch(one.name))
            return sorted(one for one in found if one.is_dir() and not one.is_symlink())
        except OSError:  # it is not there, or cannot be looked into for a while
            return []

    def place(self, path: Path, kind: str, token: str, day: datetime) -> Path:
        """Where a taken file is kept: `done/DATE/` or `failed/DATE/`, under a name of its own."""
        folder = self.folder / kind / f"{day:%Y-%m-%d}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{token}-{path.name}"

    def archive(self, path: Path, target: Path) -> None:
        """Move a taken file to where it is kept, if nobody took it away."""
        with suppress(FileNotFoundError):
            path.rename(target)
        self._leave(path.parent)

    def discard(self, path: Path) -> None:
        """Delete a taken file, if nobody did."""
        with suppress(FileNotFoundError):
            path.unlink()
        self._leave(path.parent)

    def _give_back(self, path: Path) -> None:
        """Back into the inbox, to be looked at again; never over another file."""
        target = self.folder / path.name
        if os.path.lexists(target):
            target = self.folder / f"{secrets.token_hex(4)}-{path.name}"
        path.rename(target)
        self._leave(path.parent)

    def _leave(self, place: Path) -> None:
        """A file is done with. Its place stays where something else lies in it."""
        with suppress(OSError):
            place.rmdir()

    def changed(self, path: Path, before: os.stat_result) -> bool:
        """Whether a file was written while it was read: then it goes back to be read again.

        Or taken away: then nothing is left to keep.
        """
        try:
            found = path.lstat()
        except FileNotFoundError:
            return True
        if _state(found) == _state(before):
            return False
        self._give_back(path)
        return True


def _usable(folder: Path) -> bool:
    return os.access(f"{folder}/.", os.R_OK | os.W_OK | os.X_OK)


def _odd(found: os.stat_result) -> str:
    """Why what lies in the inbox is not taken as it is; empty of a file that may be taken.

    Links are not followed.
    """
    if stat.S_ISDIR(found.st_mode):
        return "it is a folder: what is to be rated lies in the inbox itself"
    if stat.S_ISLNK(found.st_mode):
        return "it is a link"
    if not stat.S_ISREG(found.st_mode):
        return "it is no file"
    if not _is_file(found):
        return "it has a second name (a hard link), under which it can still be written"
    if found.st_size == 0:
        return "it is empty; it is taken once something stands in it"
    return ""


def _shut(path: Path) -> str:
    """Why a file that could be taken is left where it lies; empty where it can be read.

    It may be about persons, and would be deleted for rights that its sender can mend. It is opened:
    what a network share forbids, or a capability allows, is not in its rights.
    """
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK))
    except PermissionError:
        return "this account may not read it; it is taken once its rights let it"
    except OSError:  # another watcher took it, or its own run says what is the matter
        pass
    return ""


def _is_file(found: os.stat_result) -> bool:
    """A regular file with one name: under another name somebody could still write it."""
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _locked(path: Path, *, make: bool) -> IO[bytes] | None:
    """The file, locked until it is closed or its process ends; None when another holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        raise UsageError(
            "watching a folder needs a POSIX system", do="Rate the files with `score`."
        ) from None
    try:
        file = path.open("ab" if make else "r+b")  # NFS wants that of a lock that is not shared
    except OSError:  # it is gone, or not this account's
        if make:
            raise
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
