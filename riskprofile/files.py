"""Files that others read: each appears whole, or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

from riskprofile.errors import InputError, Unwritable, why_full

if os.name == "posix":
    import fcntl

STDOUT = "-"
FOR_OWNER = 0o600

# What breaks a line, tells a terminal what to do or turns what follows round; and bytes of a name
# that are no text, which no database takes. A sender may have put any of it in the name of a file.
ODD = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_ODD = re.compile(f"[{ODD}]")


def legible(name: str) -> str:
    """The name of a file as it is told and stored: on one line, and as it reads.

    >>> legible("day\\u202egnp.csv"), legible("a\\nread 9 = accepted 9"), legible("caf\\udce9.csv")
    ('day_gnp.csv', 'a_read 9 = accepted 9', 'caf_.csv')
    """
    return _ODD.sub("_", name)


PASSING = "riskprofile-passing-"  # begins the folder of what is gone afterwards

# Ends of names under which programs write what is not complete yet, or lock it.
PARTIAL = (
    *(".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download"),
    *(".upload", ".uploading", ".writing", ".swp", ".lock", "~"),
)


def is_passing(name: str) -> bool:
    """Whether a file of a folder is hidden, or not complete, by its name.

    >>> is_passing(".DS_Store"), is_passing("day.csv.part"), is_passing("~$day.xlsx")
    (True, True, True)
    """
    return name.startswith((".", "~$")) or name.lower().endswith(PARTIAL)


def state(path: Path) -> tuple[int, int, int] | None:
    """Which file it is, its bytes, and when they were written (ns); None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def digest_of(path: Path) -> str:
    """SHA-256 of its bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """A file is read in here, whole or for nothing.

    Raises
    ------
    InputError
        It was written, or taken away, meanwhile. Also where it holds the same again: who writes
        it anew cuts it first, and what was read may have ended there.
    """
    was = state(path)
    try:
        yield
    except FileNotFoundError:
        if state(path) == was:
            raise
    if state(path) != was:
        raise InputError(
            "the file was written, or taken away, while it was read",
            where=path.name,
            do="Nothing of it was taken: give it again once it is complete",
        )


def is_stream(out: str | Path) -> bool:
    """Whether what is written to `out` is gone at once: standard output, a pipe, a device."""
    target = Path(out).absolute()
    if is_stdout(out) or target.parent == Path("/dev"):  # what lies there may be turned to a file
        return True
    return target.exists() and not target.is_file() and not target.is_dir()


def is_stdout(out: str | Path) -> bool:
    """Whether `out` is standard output, by whichever of its names.

    >>> is_stdout("-"), is_stdout("/dev/stdout"), is_stdout("rejected.csv")
    (True, True, False)
    """
    return str(out) in (STDOUT, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


@dataclass
class Unplaced:
    """What is written, and waits for its place: standard output, a pipe or a device has it."""

    stream: IO[bytes]

    def keep(self) -> None:
        """All that was written is out of our hands, so that to place it takes no time."""
        self.stream.flush()

    def place(self) -> None:
        """What was written becomes the file."""
        self.keep()


def standard_input() -> IO[bytes]:
    """What is piped in.

    Raises
    ------
    InputError
        Whoever called this program closed it.
    """
    if sys.stdin is None:
        raise InputError("standard input is closed", do="Leave it open, or name a file.")
    return sys.stdin.buffer


@contextmanager
def whole_or_nothing(out: str | Path) -> Iterator[IO[bytes]]:
    """A binary stream that becomes the file `out` only when all was written and is on the disk.

    It is written as one that is `unplaced`, with the same errors; whoever is last to end leaves
    its own where several programs write one file at once.
    """
    with unplaced(out) as file:
        yield file.stream
        file.place()


@contextmanager
def unplaced(out: str | Path) -> Iterator[Unplaced]:
    """A file that is written under a name of its own beside `out`, whose place it can take.

    What was not placed by the end is gone. `-` is standard output, and what is no file
    (`is_stream`) is written into.
    It tells of persons, so it is for its owner alone, unless it takes the place of a file: then it
    has the group and the rights of that.

    Raises
    ------
    Unwritable
        No file can be there: its folder is missing, or not ours, or the like.
    OSError
        The disk is full, or the like: `filename` is `out`, of which nothing is left.
    """
    if is_stdout(out):  # to open it anew would write from the begin of what it was turned to
        if sys.stdout is None:
            raise Unwritable("standard output is closed", do="Leave it open, or name a file.")
        yield Unplaced(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    target, part = Path(out), None
    try:
        if is_stream(out):
            raw = _Out(str(target), str(out))
        else:
            made, part = _begun(target)
            raw = _Out(made, str(out))
    except OSError as error:
        if why_full(error):
            raise OSError(error.errno, error.strerror, str(out)) from None
        raise Unwritable(
            f"cannot be written ({error.strerror or error})".lower(),
            where=str(out),
            do="Check that the folder exists and is yours",
        ) from error
    with io.BufferedWriter(raw) as stream:
        if part is None:
            yield Unplaced(stream)
            return
        file = _Part(stream, part, target, str(out))
        try:
            yield file
        finally:
            file.clear()


@dataclass
class _Part(Unplaced):
    """A file under another name; its lock says until it is closed that it is no leftover."""

    part: Path
    target: Path
    told: str
    placed: bool = False

    def keep(self) -> None:
        super().keep()
        with _named(self.told):  # a disk in the network may tell only now that it is full
            os.fsync(self.stream.fileno())

    def place(self) -> None:
        if self.placed:  # a transaction that was tried again
            return
        self.keep()
        self._let_go()
        with _named(self.told):
            self.part.replace(self.target)
        self.placed = True  # from here on another may use its name
        sync_folder(self.target.parent)

    def clear(self) -> None:
        if not self.placed:
            self._let_go()
            self.part.unlink(missing_ok=True)

    def _let_go(self) -> None:
        if os.name != "posix":  # what is open keeps its name there
            self.stream.close()


class _Out(io.FileIO):
    """A file whose faults name it: the system does not say which one is full."""

    def __init__(self, file: str | int, out: str) -> None:
        super().__init__(file, "wb")
        self._told = out

    def write(self, data: Any, /) -> int:
        with _named(self._told):
            return super().write(data)


@contextmanager
def _named(out: str) -> Iterator[None]:
    """A fault of the system names this file, not the one under which it is written, or none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, out) from None


def _begun(target: Path) -> tuple[int, Path]:
    """A new file that may be read by whoever may read the one whose place it is to take."""
    if target.is_dir():
        raise IsADirectoryError("it is a folder")
    for number in count():
        part = target.with_name(f".{target.name}.{number}.part")
        _sweep(part)
        try:
            made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FOR_OWNER)
        except FileExistsError:  # another program writes under it
            continue
        if os.name != "posix":
            return made, part
        with suppress(OSError):  # a disk without locks: nobody sweeps there either
            fcntl.flock(made, fcntl.LOCK_EX)
        if os.fstat(made).st_nlink:
            break
        os.close(made)  # swept before it was locked
    rights = FOR_OWNER
    if target.exists():
        there = target.stat()
        rights = there.st_mode & 0o777
        try:
            os.chown(made, -1, there.st_gid)
        except PermissionError:  # not a group of ours
            rights &= ~0o070
    os.fchmod(made, rights)  # whatever the umask took
    return made, part


def _sweep(part: Path) -> None:
    """Take away what a program left that was killed while it wrote: no lock is on it any more."""
    if os.name != "posix":
        return
    with suppress(OSError):  # there is none, it is locked, or is somebody else's
        if part.is_symlink():
            part.unlink()
        file = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file), part.lstat()):  # else it took its place meanwhile
                part.unlink()
        finally:
            os.close(file)


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A folder for its owner alone, where the system keeps such things, and gone afterwards.

    It holds what people declared. So what a program left that was killed meanwhile is taken away
    by the next that asks for one: a folder in use is locked as long as its process lives.
    """
    place = Path(tempfile.gettempdir())
    if os.name == "posix":
        for left in place.glob(f"{PASSING}*"):
            _sweep_folder(left)
    while True:
        made = tempfile.TemporaryDirectory(prefix=PASSING, dir=place)
        with made as name, _locked(Path(name)) as mine:
            if mine:
                yield Path(name)
                return


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Whether the folder is there, locked until the end of this."""
    if os.name != "posix":
        yield True
        return
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:  # swept before it was locked
        yield False
        return
    try:
        with suppress(OSError):  # a disk without locks: nobody sweeps there either
            fcntl.flock(held, fcntl.LOCK_EX)
        yield folder.exists()
    finally:
        os.close(held)


def _sweep_folder(left: Path) -> None:
    """Take it away, where it is our own and nobody holds it."""
    with suppress(OSError):  # gone, locked, or somebody else's
        file = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(file).st_uid == os.getuid():
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
        finally:
            os.close(file)


def sync_folder(folder: Path) -> None:
    """What a folder says of its files is on the disk too, where the system can do that."""
    if os.name != "posix":
        return
    with suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
