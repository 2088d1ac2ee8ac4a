"""Secrets of an installation: files of its home that only their owner reads, and their use."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import secrets
import shlex
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from riskprofile.errors import StoreError
from riskprofile.files import sync_folder
from riskprofile.store import audit

SIZE = 32  # bytes of a key
NONCE = 12
SHORTEST = 16  # characters of a secret that is written by hand
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)  # what a disk without second names says
MARK = "key"  # of the record of a key that was made: which one
TOKEN = "removed-"  # noqa: S105 - what a removed record is called instead of its reference


def key(home: Path, name: str, *, make: bool = True) -> bytes:
    """The key of that name, made at its first use (`keys/NAME.key`, mode 0600).

    Parameters
    ----------
    make : bool
        Whether it may be made: not where something was sealed with it before.

    Raises
    ------
    StoreError
        Others may read the file, it is not a key, or it cannot be made: then nothing is left.
    """
    path = home / "keys" / f"{name}.key"
    try:
        if path.exists():
            return _read(path)
        if not make:
            raise StoreError(
                "this key is not here, and was used before",
                where=str(path),
                do="Copy it from the machine that used it, or restore it from the backup.",
            )
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return _make(path)
    except OSError as error:
        raise StoreError(
            f"this key can be neither read nor made ({error.strerror})",
            where=str(path),
            do="Make room, or check owner and rights; then run the same command again.",
        ) from None


def _make(path: Path) -> bytes:
    """A new key, whole under its name or not there at all: half a one would be taken for lost."""
    content = secrets.token_bytes(SIZE)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)  # a second name replaces nothing
        except FileExistsError:  # another program was first
            return _read(path)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)  # what it seals is on the disk soon: its name must be too
    return content


def used(connection: Connection, home: Path, name: str) -> bytes:
    """The key of that name that was used here before.

    Raises
    ------
    StoreError
        It is not here, cannot be used, or is not the one of which the chain tells that it was
        made last. (Former releases told no mark of it, and then nothing is compared.)
    """
    secret = key(home, name, make=False)
    told = audit.last_detail(connection, made(name)).get(MARK)
    if told not in (None, mark(secret)):
        raise StoreError(
            "this is another key than the one used before",
            where=str(home / "keys" / f"{name}.key"),
            do="Move it away and restore the right one from the backup; --new-key makes another"
            " where that is lost.",
        )
    return secret


def made(name: str) -> str:
    """The act by which the chain tells that a key was made, with its `mark`."""
    return f"{name}.key"


def mark(secret: bytes) -> str:
    """What tells a key from others and may be read by anybody: 16 digits of a digest."""
    return hashlib.sha256(b"riskprofile key:" + secret).hexdigest()[:16]


def there(home: Path, name: str) -> bool:
    """Whether the key of that name was made or brought here."""
    return (home / "keys" / f"{name}.key").exists()


def written(home: Path, name: str) -> str:
    """The secret that an administrator wrote into a file of the folder `keys`, without line ends.

    Raises
    ------
    StoreError
        It is not there, is too short to be one, or others may read it.
    """
    path = home / "keys" / name
    try:
        check_mode(path)
        secret = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise StoreError(
            "this secret cannot be read", where=str(path), do="Write it there, mode 0600."
        ) from None
    if len(secret) < SHORTEST:
        raise StoreError(
            f"this secret has fewer than {SHORTEST} characters", where=str(path), do="Make a longer"
            " one."
        )  # fmt: skip
    return secret


def check_mode(path: Path) -> None:
    """Let pass a file that its owner alone may read.

    Raises
    ------
    StoreError
        Others may read it.
    """
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise StoreError(
            "others may read this file",
            where=str(path),
            do=f"Run: chmod 600 {shlex.quote(str(path))}",
        )


def _read(path: Path) -> bytes:
    check_mode(path)
    content = path.read_bytes()
    if len(content) != SIZE:
        raise StoreError(
            f"this key has {len(content)} bytes, not {SIZE}",
            where=str(path),
            do="Restore it from the backup: what it sealed cannot be read without it."
            + ("" if content else " Where there never was one, delete the file."),
        )
    return content


def token(secret: bytes, profile: str, record_id: str) -> str:
    """What stands for a record's reference once it is removed; nobody can go back from it."""
    told = hmac.new(secret, f"{profile}:{record_id}".encode(), hashlib.sha256)
    return TOKEN + told.hexdigest()[:32]


def seal(secret: bytes, content: bytes, about: str) -> bytes:
    """Encrypt (AES-256-GCM). `about` must be told again to open it."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(secret).encrypt(nonce, content, about.encode())


def unseal(secret: bytes, content: bytes, about: str) -> bytes:
    """Open what `seal` made, or say that it was altered or made with another key."""
    try:
        return AESGCM(secret).decrypt(content[:NONCE], content[NONCE:], about.encode())
    except InvalidTag:
        raise StoreError(
            "what was masked cannot be opened: it was altered, or sealed with another key",
            where=about,
            do="Restore keys/retention.key from the backup.",
        ) from None
