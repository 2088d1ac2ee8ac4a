"""The signatures of people over scorecards, and the keys with which they sign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, func, insert, select, update

from riskprofile.services.rights import Actor, note
from riskprofile.store.office_tables import Approval, Audit, Signer

_signer = Signer.__table__  # type: ignore[attr-defined]
_approval = Approval.__table__  # type: ignore[attr-defined]
_audit = Audit.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Signature:
    """Who signed, as what and when, and the public half of the key (hexadecimal)."""

    account: str
    role: str
    at: datetime
    key: str


def statement(profile: str, version: str, digest: str) -> bytes:
    """What a signature is over: plain text that a person can read."""
    return f"riskprofile approval\n{profile}\n{version}\n{digest}\n".encode()


def names(connection: Connection, digest: str) -> tuple[str, ...]:
    """Who signed a scorecard of this digest, whether it verifies or not."""
    return tuple(
        connection.execute(
            select(_approval.c.account).where(_approval.c.digest == digest).order_by(_approval.c.id)
        ).scalars()
    )


def valid(connection: Connection, profile: str, version: str, digest: str) -> tuple[Signature, ...]:
    """Signatures over this that verify with a key which the person had then, the first of each.

    A key counts as the audit chain saw it made: one put in its place is nobody's.
    """
    rows = connection.execute(
        select(
            _signer.c.id,
            _approval.c.account,
            _approval.c.signature,
            _approval.c.at,
            _approval.c.role,
            _signer.c.public_key,
            _signer.c.revoked_at,
        )
        .join(
            _signer,
            (_signer.c.id == _approval.c.signer_id) & (_signer.c.account == _approval.c.account),
        )
        .where(_approval.c.digest == digest)
        .order_by(_approval.c.id)
    ).all()
    made = {
        str(subject): (actor, dict(detail or {}).get("public_key"))
        for subject, actor, detail in connection.execute(
            select(_audit.c.subject, _audit.c.actor, _audit.c.detail)
            .where(_audit.c.action == "signer.add")
            .where(_audit.c.subject.in_([f"signer:{row[0]}" for row in rows]))
        )
    }
    told: dict[str, Signature] = {}
    for signer_id, account, signature, at, role, public_key, revoked_at in rows:
        if made.get(f"signer:{signer_id}") != (account, public_key):
            continue
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
            key.verify(bytes.fromhex(signature), statement(profile, version, digest))
        except (InvalidSignature, ValueError):
            continue
        if revoked_at is None or at <= revoked_at:
            told.setdefault(account, Signature(account, role, at, public_key))
    return tuple(told.values())


def key(
    connection: Connection, actor: Actor, password: str, now: datetime
) -> tuple[int, Ed25519PrivateKey]:
    """The person's key; a new one at the first signature, and after a change of password."""
    row = (
        connection.execute(
            select(_signer)
            .where(_signer.c.account == actor.name, _signer.c.revoked_at.is_(None))
            .order_by(_signer.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    if row is not None:
        try:
            opened = serialization.load_pem_private_key(row["secret"].encode(), password.encode())
        except ValueError:
            opened = None
        if isinstance(opened, Ed25519PrivateKey):
            return int(row["id"]), opened
        # What it signed stands, also if the clock of that machine was ahead of this one.
        last = connection.execute(
            select(func.max(_approval.c.at)).where(_approval.c.signer_id == row["id"])
        ).scalar()
        ended = now if last is None else max(now, last)
        connection.execute(
            update(_signer).where(_signer.c.id == row["id"]).values(revoked_at=ended)
        )
    made = Ed25519PrivateKey.generate()
    secret = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )
    public = made.public_key().public_bytes_raw().hex()
    signer_id = connection.execute(
        insert(_signer)
        .values(account=actor.name, public_key=public, secret=secret.decode(), made_at=now)
        .returning(_signer.c.id)
    ).scalar_one()
    about, office = f"signer:{signer_id}", actor.office
    note(connection, actor, "signer.add", about, now, {"public_key": public}, office=office)
    return int(signer_id), made
