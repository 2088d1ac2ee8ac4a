"""Paths to sources: plain files, gzip, zip and standard input, within limits.

An archive is read through once, before any record of it is taken: so a truncated one, or
a bomb, loads nothing. Limits from the trust design: ratio 100, 500 MB, 100 members, no
nesting, no links, no absolute or `..` names. Nothing is ever written under a name that an
archive chose.
"""

from __future__ import annotations

import gzip
import io
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from riskprofile.errors import InputError, of_path, of_system
from riskprofile.files import PASSING, standard_input
from riskprofile.intake.reader import Source, unread

MAX_RATIO = 100
MAX_BYTES = 500_000_000
MAX_MEMBERS = 100
FREE_BYTES = 1_000_000  # below this a ratio harms nobody: a short file of like rows packs well
BLOCK = 1 << 20
SPOOLED = 32 << 20  # bytes of a member held in memory where a reader must seek

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_PACKED = {
    GZIP: "gzip",
    ZIP: "zip",
    b"BZh": "bzip2",
    b"\xfd7zX": "xz",
    b"7z\xbc\xaf": "7z",
    b"Rar!": "rar",
}
_BROKEN = (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)
_UNPACK = "Unpack it and give the files"
_SAVE = "Save its sheet as CSV and give that"


def sources(path: str | Path) -> list[Source]:
    """The streams of bytes in a file: itself, what its gzip holds, or the members of its zip.

    `-` is standard input. Raises `InputError` for a path that is missing, a directory, not
    a regular file, empty, truncated or beyond the limits; `OSError` where the disk, or a share,
    does not give what it holds, here or later.
    """
    if str(path) == "-":
        return unpacked(_standard_input())
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and not of_path(error):
            raise
        raise unread("unread.no_file", str(path), "Check the path") from error
    if stat.S_ISDIR(mode):
        raise unread("unread.directory", str(path), "Name the files in it")
    if not stat.S_ISREG(mode):
        raise irregular(path)
    # Of what is gone afterwards the sender's name is told, and no place where nobody can look.
    name = path.name if path.parent.name.startswith(PASSING) else str(path)
    return unpacked(Source(name, path, path.stat().st_size, lambda: path.open("rb")))


def irregular(path: Path) -> InputError:
    """What is said of a device or a socket: it cannot be read twice, or has no end."""
    return unread("unread.irregular", str(path), "Copy it to a file first")


def head(source: Source, size: int = 65_536) -> bytes:
    """The first bytes of a source; fewer where it is shorter."""
    with _opened(source) as stream:
        return stream.read(size)


def seekable(source: Source) -> IO[bytes]:
    """A stream that can seek: the file itself, or a copy of a member in temporary space."""
    stream = _opened(source)
    if stream.seekable() and isinstance(stream, io.BufferedReader):
        return stream
    with stream:
        copy = tempfile.SpooledTemporaryFile(max_size=SPOOLED)  # noqa: SIM115 (the caller closes it)
        while block := stream.read(BLOCK):
            copy.write(block)
    copy.seek(0)
    return copy


def is_workbook(stream: IO[bytes]) -> bool:
    """Whether a zip is a spreadsheet (Office Open XML or OpenDocument) and not an archive."""
    try:
        names = set(zipfile.ZipFile(stream).namelist())
    except _BROKEN as error:
        if refused := of_system(error):
            raise refused from None
        return False
    return "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names


def _opened(source: Source) -> IO[bytes]:
    try:
        return source.open()
    except OSError as error:
        if not of_path(error):
            raise
        raise unread("unread.not_opened", source.name, "Check that it may be read") from error


def _standard_input() -> Source:
    copy = tempfile.NamedTemporaryFile()  # noqa: SIM115 (lives as long as its source)
    size = 0
    given = standard_input()
    while block := given.read(BLOCK):
        size += copy.write(block)
    copy.flush()
    return Source("stdin", None, size, lambda: Path(copy.name).open("rb"))


def unpacked(source: Source, most: int = MAX_BYTES) -> list[Source]:
    """The same of a stream that is at hand: itself, what its gzip holds, or the members of its zip.

    Raises `InputError` when it is empty, truncated, beyond the limits, or unpacks to more than
    `most` bytes.
    """
    start = head(source, 512)
    if not start:
        raise unread("unread.empty", source.name, "Check the export that wrote it")
    if start.startswith(GZIP):
        return [_gunzipped(source, most)]
    if start.startswith((ZIP, _EMPTY_ZIP)):
        with _opened(source) as stream:
            if is_workbook(stream):
                _check_zip(source, most, do=_SAVE)
                return [source]
        return _members(source, most)
    return [source]


def _through(
    name: str, packed: int, opener: Callable[[], IO[bytes]], budget: int, most: int
) -> tuple[int, bytes]:
    """Read a packed stream to its end; its size and first bytes. Raises `InputError`.

    `budget` is what is left of `most`, the bytes that the whole archive may unpack to.
    """
    size, start = 0, b""
    try:
        with opener() as stream:
            while block := stream.read(BLOCK):
                start = start or block[:512]
                size += len(block)
                if size > budget:
                    raise unread("unread.unpacks_mb", name, _UNPACK, n=most // 1_000_000)
                if size > FREE_BYTES and size > MAX_RATIO * max(packed, 1):
                    raise unread("unread.unpacks_times", name, _UNPACK, n=MAX_RATIO)
    except InputError:
        raise
    except _BROKEN as error:
        if refused := of_system(error):
            raise refused from None
        raise unread("unread.truncated", name, "Ask the sender for it again") from error
    if not size:
        raise unread("unread.empty", name, "Check the export that wrote it")
    return size, start


def _refuse_nested(source: Source, start: bytes, most: int) -> None:
    for magic, kind in _PACKED.items():
        if not start.startswith(magic):
            continue
        if magic == ZIP:
            with seekable(source) as stream:
                book = is_workbook(stream)
            if book:
                _check_zip(source, most, do=_SAVE)
                return
        raise unread("unread.nested", source.name, _UNPACK, kind=kind)


def _gunzipped(source: Source, most: int) -> Source:
    def opener() -> IO[bytes]:
        file = source.open()
        return io.BufferedReader(_Layers(gzip.GzipFile(fileobj=file, mode="rb"), file))

    size, start = _through(source.name, source.size, opener, most, most)
    held = Source(source.name, None, size, opener)
    _refuse_nested(held, start, most)
    return held


class _Layers(io.RawIOBase):
    """A stream that unpacks another; closing it closes what lies below too."""

    def __init__(self, top: IO[bytes] | gzip.GzipFile, *below: Any) -> None:
        self._layers = (top, *below)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._layers[0].read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            for layer in self._layers:
                layer.close()
        super().close()


def _check_zip(source: Source, most: int, do: str = _UNPACK) -> list[zipfile.ZipInfo]:
    """Members of a zip within the limits that its directory can show."""
    try:
        with seekable(source) as stream, zipfile.ZipFile(stream) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
    except _BROKEN as error:
        if refused := of_system(error):
            raise refused from None
        raise unread("unread.truncated", source.name, "Ask the sender for it again") from error
    if len(members) > MAX_MEMBERS and not is_workbook_listing(members):
        raise unread("unread.members", source.name, _UNPACK, n=len(members), most=MAX_MEMBERS)
    total = sum(each.file_size for each in members)
    if total > most:
        raise unread("unread.unpacks_mb", source.name, do, n=most // 1_000_000)
    if total > FREE_BYTES and total > MAX_RATIO * max(source.size, 1):
        raise unread("unread.unpacks_times", source.name, do, n=MAX_RATIO)
    return members


def is_workbook_listing(members: list[zipfile.ZipInfo]) -> bool:
    """Whether members are the parts of one spreadsheet (which may be many)."""
    return any(each.filename == "[Content_Types].xml" for each in members)


def _members(source: Source, most: int) -> list[Source]:
    found: list[Source] = []
    left = most
    seen: set[str] = set()
    for member in _check_zip(source, most):
        name = member.filename
        shown = f"{source.name}!/{name}"
        _check_name(shown, name, member)
        if name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] == ".DS_Store":
            continue  # what one desktop adds to every archive; never records
        if name in seen:
            raise unread("unread.twice", shown, _UNPACK)
        seen.add(name)
        opener = _member_opener(source, member)
        size, start = _through(shown, member.compress_size, opener, left, most)
        left -= size
        found.append(Source(shown, None, size, opener))
        _refuse_nested(found[-1], start, most)
    if not found:
        raise unread("unread.no_files", source.name, "Check the export that wrote it")
    return found


def _check_name(shown: str, name: str, member: zipfile.ZipInfo) -> None:
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0] or "\0" in name:
        raise unread("unread.leaves", shown, _UNPACK)
    if stat.S_ISLNK(member.external_attr >> 16):
        raise unread("unread.link", shown, _UNPACK)
    if member.flag_bits & 0x1:
        raise unread("unread.encrypted", shown, "Remove the password and give it again")


def _member_opener(source: Source, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    def opener() -> IO[bytes]:
        file = source.open()
        try:
            archive = zipfile.ZipFile(file)
            return io.BufferedReader(_Layers(archive.open(member), archive, file))
        except BaseException as error:
            file.close()
            if refused := of_system(error):
                raise refused from None
            raise

    return opener
