"""Layers of the past as files: written once, mapped by every process, told by their digest.

A file holds arrays and Arrow tables, one behind the other, and at its end a JSON list of what
lies where. Nothing in it is ever run, and nothing changes after it has its name. It is named
by the SHA-256 of its bytes, which is what a database vouches for; whoever opens it reads it
through once and compares, so that damage is found before it is believed. A process that rates
file after file does so once, as long as nobody has written the file since.
"""

from __future__ import annotations

import hashlib
import io
import json
import mmap
import os
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from riskprofile.files import sync_folder
from riskprofile.history.index import NO_EVENTS, Change, Index
from riskprofile.history.layer import NO_ROWS, Layer, Question, Rows

MAGIC = b"riskprofile past 2\n"
SUFFIX = ".past"
UNFINISHED = ".part"
ALIGNED = 64  # bytes: an array begins where a processor likes to read
AT_ONCE = 1 << 14  # rows that are written together
BLOCK = 1 << 20  # bytes read at once for the digest
ARRAYS = ("keys", "times", "total", "squares")
SETTLED = 2_000_000_000  # nanoseconds: two writings nearer than a clock's tick look like one
# By digest, what this process found to have it: device, number, size, when it was written, and when
# anything of it was changed, which nobody can set back.
_compared: dict[str, tuple[int, ...]] = {}


class Unusable(Exception):
    """A file of the past that cannot be believed; says why in a few words."""


@dataclass(frozen=True)
class Kept:
    """What a layer covers, beside its rows and indexes.

    Parameters
    ----------
    profile, release : str
        What it is of, and which code made it: another does not read it.
    chunks : ndarray of int64
        Sorted ids of the chunks whose rows it added.
    gone : ndarray of int64
        Sorted places (see `layer.places`) of rows that stopped counting, added before or never.
    written, entities : ndarray of int64
        Sorted keys of names and addresses as the added rows wrote them, and what each was
        taken to stand for.
    """

    profile: str
    release: str
    chunks: np.ndarray
    gone: np.ndarray
    written: np.ndarray
    entities: np.ndarray


@dataclass(frozen=True)
class Opened:
    """A layer mapped from a file."""

    digest: str
    size: int  # bytes
    kept: Kept
    layer: Layer


def write(
    folder: Path,
    kept: Kept,
    layer: Layer,
    questions: Sequence[Question],
    earlier: Sequence[Layer],
) -> tuple[Path, str]:
    """Write a layer with the indexes that these questions need: where it lies, and its digest.

    Until `name` is called it is unfinished, and nobody opens it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(suffix=UNFINISHED, dir=folder)
    path = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            told = _Written(file)
            told.put(MAGIC)
            for part in ("added", "taken"):
                rows: Rows = getattr(layer, part)
                told.table(part, rows)
                told.array(f"{part}/places", rows.places if len(rows) else None)
            for part in ("chunks", "gone", "written", "entities"):
                told.array(part, getattr(kept, part))
            for place, question in enumerate(questions):
                change = layer.change(question, earlier)
                layer.forget()  # one index at a time in memory
                for sign, index in (("plus", change.plus), ("minus", change.minus)):
                    for part in ARRAYS:
                        told.array(f"{place}/{sign}/{part}", getattr(index, part))
            head = {
                "profile": kept.profile,
                "release": kept.release,
                "questions": [list(question) for question in questions],
                "parts": told.parts,
            }
            content = json.dumps(head, separators=(",", ":")).encode()
            told.put(content)
            told.put(len(content).to_bytes(8))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, told.digest


def name(path: Path, digest: str) -> Path:
    """Give a written file its name, from when on it can be opened."""
    named = path.with_name(digest + SUFFIX)
    path.replace(named)
    sync_folder(path.parent)
    return named


def read(folder: Path, digest: str, release: str, *, compared: bool = False) -> Opened:
    """Map a layer after its bytes were compared with its name.

    Parameters
    ----------
    compared : bool
        Another process of this host did so a moment ago: it is not done again.

    Raises
    ------
    Unusable
        It is missing, damaged, or of another release.
    """
    try:
        with (folder / (digest + SUFFIX)).open("rb") as file:
            found = os.fstat(file.fileno())
            told = ("dev", "ino", "size", "mtime_ns", "ctime_ns")
            stamp = tuple(getattr(found, f"st_{name}") for name in told)
            # Read, not looked at in the map: pages of a map count as memory of this process.
            if not compared and _compared.get(digest) != stamp and _digest(file) != digest:
                raise Unusable("is damaged")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        raise Unusable("is missing or cannot be read") from None
    view = memoryview(content)
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > SETTLED:
        _compared[digest] = stamp
    size = int.from_bytes(view[-8:])
    head = json.loads(bytes(view[-8 - size : -8]))
    if head["release"] != release:
        raise Unusable("is of another release")
    parts: dict[str, list[Any]] = head["parts"]

    def array(part: str) -> np.ndarray | None:
        if part not in parts:
            return None
        at, count = parts[part]
        return np.frombuffer(view, dtype=np.int64, count=count, offset=at)

    def sure(part: str) -> np.ndarray:
        found = array(part)
        assert found is not None
        return found

    def index(start: str) -> Index:
        keys, times, total, squares = (array(f"{start}/{part}") for part in ARRAYS)
        if keys is None or times is None or not len(times):
            return NO_EVENTS
        return Index(keys, times, total, squares)

    known = {
        tuple(question): Change(index(f"{place}/plus"), index(f"{place}/minus"))
        for place, question in enumerate(head["questions"])
    }
    rows = {
        part: _mapped(view[at : at + size], array(f"{part}/places"))
        for part in ("added", "taken")
        for at, size in [parts.get(part, (0, 0))]
    }
    kept = Kept(
        *(head[name] for name in ("profile", "release")),
        *(sure(part) for part in ("chunks", "gone", "written", "entities")),
    )
    return Opened(digest, len(view), kept, Layer(rows["added"], rows["taken"], known))


def names(folder: Path) -> set[str]:
    """Digests of the files in a folder."""
    return {path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")}


def sweep(folder: Path, keep: Collection[str], unfinished_since: float) -> int:
    """Remove files but those of these digests, and unfinished ones last written before a time.

    Who has one open keeps what it mapped.
    """
    count = 0
    for path in sorted(folder.glob("*")):
        left = path.suffix == UNFINISHED and path.stat().st_mtime < unfinished_since
        if left or (path.suffix == SUFFIX and path.stem not in keep):
            path.unlink(missing_ok=True)
            _compared.pop(path.stem, None)
            count += 1
    return count


def _digest(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    block = memoryview(bytearray(BLOCK))
    while read := file.readinto(block):  # type: ignore[attr-defined]
        found.update(block[:read])
    return found.hexdigest()


class _Written:
    """Bytes on their way into a file: where each part begins, and the digest of all."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._at, self._sum = file, 0, hashlib.sha256()
        self.parts: dict[str, list[int]] = {}

    @property
    def digest(self) -> str:
        return self._sum.hexdigest()

    def put(self, content: Any) -> None:
        self._file.write(content)
        self._sum.update(content)
        self._at += memoryview(content).nbytes

    def array(self, part: str, values: np.ndarray | None) -> None:
        if values is not None:
            self.put(bytes(-self._at % ALIGNED))
            self.parts[part] = [self._at, len(values)]
            self.put(np.ascontiguousarray(values, dtype=np.int64).view(np.uint8).data)

    def table(self, part: str, rows: Rows) -> None:
        """All columns of these rows, some rows at a time."""
        if not len(rows):
            return
        self.put(bytes(-self._at % ALIGNED))
        begun = self._at
        writer = None
        for start in range(0, len(rows), AT_ONCE):
            some = np.arange(start, min(start + AT_ONCE, len(rows)))
            held = rows.some(rows.names, some)
            if writer is None:
                schema = held.schema
                writer = pa.ipc.new_file(pa.PythonFile(_Part(self), mode="w"), schema)
            writer.write_table(held.cast(schema))
        assert writer is not None
        writer.close()
        self.parts[part] = [begun, self._at - begun]


class _Part(io.RawIOBase):
    """A part of such a file as Arrow writes to it: it begins where the file stands."""

    def __init__(self, of: _Written) -> None:
        self._of, self._size = of, 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._of.put(content)
        written = memoryview(content).nbytes
        self._size += written
        return written

    def tell(self) -> int:
        return self._size


def _mapped(view: memoryview, places: np.ndarray | None) -> Rows:
    if not len(view):
        return NO_ROWS
    return Rows.held(pa.ipc.open_file(pa.py_buffer(view)).read_all(), places)
