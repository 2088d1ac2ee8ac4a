"""The audit chain carried out of the house: records and head in a file, signed.

Who owns the database can write a whole new chain; a file kept elsewhere shows at which
record. It is JSON Lines: one array a link (`store.audit.FIELDS`), then one object that names
the head and signs every byte before it (Ed25519). Words of purposes are not in it, only the
salted digests that the chain holds: an export keeps nothing that retention must forget.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection

from riskprofile.errors import InputError, UsageError
from riskprofile.files import FOR_OWNER, is_stream, whole_or_nothing
from riskprofile.services import keys
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.services.settings import Settings
from riskprofile.store import audit
from riskprofile.store.database import Store, serialise

KEY = "audit"
FORM = "riskprofile-audit-1"
LINE_LIMIT = 2**24  # bytes of one link in a file that is read


@dataclass(frozen=True)
class Exported:
    """What an export holds: how many records, the last of them, the key that signed."""

    records: int
    first: int
    head: audit.Head
    public_key: str


def export(
    store: Store,
    settings: Settings,
    actor: Actor,
    out: Path,
    now: datetime,
    since: datetime | None = None,
    *,
    new_key: bool = False,
) -> Exported:
    """Write the chain and its signed head to a file that only its owner reads; `-` is stdout.

    That it was exported stands in the chain first, so the file holds that as well.

    Parameters
    ----------
    since : datetime, optional
        Aware; links made before it are left out.
    new_key : bool
        Sign with a new key, where the one used before is lost.

    Raises
    ------
    StoreError
        The chain is broken: nothing is signed that does not hold. Or the key that signed before is
        not here: what another signs, nobody knows.
    Unwritable, OSError
        The file cannot be written (`files.unplaced`).
    """
    authorise(actor, "audit.export")
    with store.write() as connection:
        serialise(connection, audit.CHAIN_LOCK)  # of two hosts one exports first
        used = audit.last_at(connection, "audit.export") is not None
        given = keys.key(settings.home, KEY, make=new_key or not used)
        at = None if since is None else since.astimezone(UTC).isoformat()
        note(connection, actor, "audit.export", "audit", now, {"since": at})
    secret = Ed25519PrivateKey.from_private_bytes(given)
    public = secret.public_key().public_bytes_raw().hex()
    with store.read() as connection:
        verdict = audit.verify(connection)
        if not verdict.ok:
            raise audit.broken(verdict, store.where, "nothing was exported")
        with whole_or_nothing(out) as file:
            told = _write(connection, secret, public, file, now, since)
            if os.name == "posix" and not is_stream(out):  # and none who reads the last
                os.fchmod(file.fileno(), FOR_OWNER)
    return told


def _write(
    connection: Connection,
    secret: Ed25519PrivateKey,
    public: str,
    file: IO[bytes],
    now: datetime,
    since: datetime | None,
) -> Exported:
    after = "" if since is None else since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    total, count, first, last = hashlib.sha256(), 0, 0, audit.Head(0, audit.START)
    with audit.links(connection) as rows:
        for row in rows:
            last = audit.Head(int(row[0]), str(row[9]))
            # Once one is taken all are: a clock that was set back leaves no gap.
            if not count and row[1] < after:
                continue
            first = first or last.sequence
            line = _compact(list(row)) + b"\n"
            total.update(line)
            file.write(line)
            count += 1
    told: dict[str, Any] = {
        "form": FORM,
        "records": count,
        "first": first,
        "head": {"sequence": last.sequence, "digest": last.digest},
        "made_at": now.astimezone(UTC).isoformat(),
        "content": total.hexdigest(),
        "public_key": public,
    }
    file.write(_compact({**told, "signature": secret.sign(_compact(told)).hex()}) + b"\n")
    file.flush()
    return Exported(count, first, last, public)


def read(path: Path, public_key: str) -> dict[int, str]:
    """Check an export by itself (signature, every link, head): its digests by sequence.

    Parameters
    ----------
    public_key : str
        Hexadecimal: whose signature is asked for. Never taken from the file.

    Raises
    ------
    InputError
        It is no export, or not as it was signed; with the first line that does not fit.
    """
    total, digests, last, line = hashlib.sha256(), {}, audit.Head(0, ""), 0
    ends: dict[str, Any] | None = None
    closing = b""
    try:
        with path.open("rb") as file:
            while text := file.readline(LINE_LIMIT):
                line += 1
                try:
                    said = json.loads(text)
                except ValueError:
                    said = None
                if isinstance(said, dict) and ends is None:
                    ends, closing = said, text
                    continue
                if ends is not None or not _fits(said, last):
                    raise _altered(path, f"line {line} does not fit the line before it")
                total.update(text)
                last = audit.Head(said[0], said[9])
                digests[last.sequence] = last.digest
    except OSError as error:
        raise InputError(
            f"the export cannot be read ({error.strerror or error})",
            where=str(path),
            do="Name a file that `riskprofile audit export` made.",
        ) from None
    if ends is None or ends.get("form") != FORM:
        raise _altered(path, "it has no last line that signs it")
    signature = str(ends.get("signature"))
    # Written in one way alone: hexadecimal digits could otherwise change unseen.
    if closing != _compact(ends) + b"\n" or signature != signature.lower():
        raise _altered(path, "its last line was written again")
    signed = {name: value for name, value in ends.items() if name != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), _compact(signed))
    except (InvalidSignature, ValueError):
        raise _altered(path, "its signature is not by the key that was asked for") from None
    head = audit.Head(int(ends["head"]["sequence"]), str(ends["head"]["digest"]))
    if ends["content"] != total.hexdigest() or (digests and last != head):
        raise _altered(path, "its records are not the ones that were signed")
    digests[head.sequence] = head.digest
    return digests


def compare(
    store: Store,
    settings: Settings,
    actor: Actor,
    *,
    against: Path | None = None,
    head: str | None = None,
    public_key: str | None = None,
) -> audit.Verdict:
    """Check the chain, and that it still holds what was kept elsewhere.

    Parameters
    ----------
    against : Path, optional
        An export. Its signature is asked of `public_key`, else of this home's own key.
    head : str, optional
        `SEQUENCE:DIGEST`, as `audit verify` prints it.
    """
    authorise(actor, "audit.verify")
    kept = None
    if against is not None:
        asked = public_key or public(settings)
        kept = read(against, asked.strip().lower())
    outside = None if head is None else head_of(head)
    with store.read() as connection:
        return audit.verify(connection, outside, kept)


def public(settings: Settings) -> str:
    """The public half of the key that signs exports, in hexadecimal.

    Raises
    ------
    UsageError
        This home has none: nothing was exported here.
    """
    if not keys.there(settings.home, KEY):
        raise UsageError(
            "this home has no key that signed an export", do="Give --public-key, as it was noted"
        )
    secret = Ed25519PrivateKey.from_private_bytes(keys.key(settings.home, KEY, make=False))
    return secret.public_key().public_bytes_raw().hex()


def head_of(text: str) -> audit.Head:
    """A head as it was written down.

    >>> head_of("12:" + "ab" * 32).sequence
    12
    """
    sequence, _, digest = text.strip().partition(":")
    digest = digest.lower()
    good = sequence.isascii() and sequence.isdigit() and len(digest) == 64
    if not good or set(digest) - set("0123456789abcdef"):
        raise UsageError(
            "this is no head of the audit chain",
            where=text[:80],
            do="Write it as `riskprofile audit verify` prints it: 12:64 hexadecimal digits.",
        )
    return audit.Head(int(sequence), digest)


def _fits(link: Any, last: audit.Head) -> bool:
    if not isinstance(link, list) or len(link) != len(audit.FIELDS):
        return False
    if link[9] != audit.seal(link[:9]):
        return False
    return not last.sequence or (link[0] == last.sequence + 1 and link[8] == last.digest)


def _compact(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _altered(path: Path, why: str) -> InputError:
    return InputError(
        f"this export does not hold: {why}",
        where=str(path),
        do="Take the copy that was kept elsewhere, and the public key noted with it.",
    )
