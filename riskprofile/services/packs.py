"""Typology packs of other administrations: taken in, tried, accepted or refused, withdrawn.

A pack comes in as proposals, and is tried on the declarations of this installation. What it
accepted raises a declaration to red from the next run on (`P01_typology_pack`) and moves no
point; figures on lanes inform and rate nothing, since no place speaks for or against anybody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, insert, select, update

from riskprofile.errors import Conflict, InputError, UsageError
from riskprofile.profiles import PROFILES, Profile
from riskprofile.scoring import patterns
from riskprofile.services.packing import FAMILY, FORM, LEAST, canonical
from riskprofile.services.rater import FIRED
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import audit, batches, table_bytes
from riskprofile.store.alert_tables import Label
from riskprofile.store.arms_tables import Pack
from riskprofile.store.database import Store, serialise
from riskprofile.store.run_tables import Batch, Chunk
from riskprofile.tables import Table

_pack = Pack.__table__  # type: ignore[attr-defined]
_label = Label.__table__  # type: ignore[attr-defined]
_chunk = Chunk.__table__  # type: ignore[attr-defined]
_batch = Batch.__table__  # type: ignore[attr-defined]

TRIED = 30  # days of own declarations on which a pack is tried
ENOUGH = 2_000  # own declarations, before a trial says what is narrow
WIDE = 0.002  # share of them that a pattern in force may flag: a tenth of a list of 2 in 100
TOTAL = 0.005  # and all patterns of a pack together
LIMIT = 1 << 20  # bytes of a pack
ANEW = "It stays so: ask its issuer to export one anew"  # of one refused or withdrawn


@dataclass(frozen=True)
class Tried:
    """What a pack would have raised among own declarations.

    `flagged` and `known_finds` are of the patterns that may come in force, whose places
    `in_force` names; `patterns` has both figures of every pattern, in the pack's order.
    """

    declarations: int
    flagged: int
    known_finds: int
    days: int
    patterns: tuple[tuple[int, int], ...] = ()
    in_force: tuple[int, ...] = ()


def receive(store: Store, actor: Actor, path: Path, key: str, now: datetime) -> str:
    """Take a pack in as proposals; its digest. The same pack again changes nothing.

    Parameters
    ----------
    key : str
        The issuer's public key (hexadecimal), as it was told by another way than the file.

    Raises
    ------
    InputError
        It cannot be read, is no pack, was altered, or is signed with another key.
    """
    authorise(actor, "packs.decide")
    try:
        with path.open("rb") as file:
            raw = file.read(LIMIT + 1)
    except OSError as error:
        raise InputError(
            f"the pack cannot be read ({error.strerror or error})".lower(),
            where=str(path),
            do="Check the name",
        ) from error
    try:
        if len(raw) > LIMIT:
            raise ValueError("too long")
        given = json.loads(raw)
        content, public = given["content"], str(given["public_key"])
        signed, signature = canonical(content), bytes.fromhex(given["signature"])
        form = str(content["form"])
        if not form.startswith(FAMILY) or (form == FORM and not _well_formed(content)):
            raise ValueError("another form")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            "this is no typology pack", where=path.name, do="Ask for it anew"
        ) from error
    if public != key.strip().lower():
        raise InputError(
            "the pack is signed with another key than the one given",
            where=path.name,
            do="Ask the issuer for the key by another way",
        )
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise InputError("the pack was altered", where=path.name, do="Ask for it anew") from error
    if form != FORM:  # signed and whole: a later release made it
        raise InputError(
            f"the pack has a form that this release does not read: {form[:60]}",
            where=path.name,
            do=f"Upgrade this installation, or ask for one in the form {FORM}",
        )
    digest = hashlib.sha256(signed).hexdigest()
    with store.write() as connection:
        serialise(connection, audit.CHAIN_LOCK)  # of two who take it in at once one does
        if connection.execute(select(_pack.c.digest).where(_pack.c.digest == digest)).first():
            return digest
        connection.execute(
            insert(_pack).values(
                digest=digest,
                issuer=" ".join(str(content["issuer"]).split())[:200],
                public_key=public,
                content=signed,
                state="proposed",
                received_by=actor.name,
                received_at=now,
                reason="",
            )
        )
        note(connection, actor, "packs.receive", f"pack:{digest}", now)
    return digest


def _well_formed(content: Mapping[str, Any]) -> bool:
    """Whether every figure stands on enough, and every word and part is one that may be shared."""
    for name in ("indicators", "phrases", "lanes", "modes", "evidence", "patterns"):
        for one in content[name]:
            if not isinstance(one["finds"], int) or one["finds"] < LEAST:
                return False
            if one["others"] is not None and not (
                isinstance(one["others"], int) and one["others"] >= LEAST
            ):
                return False
    if not str(content["issuer"]).strip() or not isinstance(content["issuer"], str):
        return False  # an alert says whose pack it is
    if len(content["patterns"]) > patterns.KEPT:
        return False
    shared = [f"{patterns.WORDS} {one['words']}" for one in content["phrases"]]
    for one in content["patterns"]:
        if one["parts"] != sorted(set(one["parts"])) or not 2 <= len(one["parts"]) <= 3:
            return False
        if one["profile"] not in PROFILES:
            return False
        if not all(patterns.known(part, [PROFILES[one["profile"]]]) for part in one["parts"]):
            return False
    return all(patterns.known(part, []) for part in shared)


def try_out(store: Store, actor: Actor, digest: str, now: datetime, days: int = TRIED) -> Tried:
    """What the patterns of a pack would have raised among the declarations of the last days.

    A pattern may come in force when it flags at most `WIDE` of them, and all of a pack
    together at most `TOTAL`, the surest first (`narrow`): a wide one would fill the list.
    """
    authorise(actor, "packs.decide")
    with store.read() as connection:
        given = [
            (one["profile"], frozenset(one["parts"]))
            for one in _content(connection, digest)["patterns"]
        ]
        found = set(
            connection.execute(
                select(_label.c.record_id).where(_label.c.value == 1, batches.counts())
            ).scalars()
        )
        seen: set[str] = set()
        hits: list[set[str]] = [set() for _ in given]
        for profile, table, fired in _rated(connection, now - timedelta(days=days)):
            names = table["record_id"].astype(str).tolist()
            seen.update(names)
            mine = [
                (place, wanted) for place, (of, wanted) in enumerate(given) if of == profile.name
            ]
            for name, (goods, others) in zip(
                names, patterns.parts(table, profile, fired), strict=True
            ):
                held = goods | others
                for place, wanted in mine:
                    if wanted <= held:
                        hits[place].add(name)
        chosen, flagged = narrow(hits, len(seen))
        rows = tuple((len(each), len(each & found)) for each in hits)
        told = Tried(len(seen), len(flagged), len(flagged & found), days, rows, chosen)
    with store.write() as connection:
        connection.execute(
            update(_pack).where(_pack.c.digest == digest).values(tested=asdict(told))
        )
        note(connection, actor, "packs.try", f"pack:{digest}", now)
    return told


def narrow(hits: Sequence[set[str]], declarations: int) -> tuple[tuple[int, ...], set[str]]:
    """The places of the patterns that may come in force, and what they flag together.

    `hits` are the records that each flags, the surest pattern first. Of fewer than `ENOUGH`
    declarations nobody can say what is wide: none may.
    """
    chosen: list[int] = []
    flagged: set[str] = set()
    for place, each in enumerate(hits if declarations >= ENOUGH else ()):
        if len(each) <= WIDE * declarations and len(flagged | each) <= TOTAL * declarations:
            chosen.append(place)
            flagged |= each
    return tuple(chosen), flagged


def _rated(
    connection: Connection, since: datetime
) -> Iterator[tuple[Profile, Table, dict[str, np.ndarray]]]:
    """Rows as declared since a time, with the indicators that fired on each."""
    asked = (
        select(_chunk.c.rows, _chunk.c.features, _chunk.c.profile)
        .join(_batch, _batch.c.id == _chunk.c.batch_id)
        .where(_batch.c.started_at > since, _chunk.c.features.is_not(None))
        .order_by(_chunk.c.id)
    )
    for rows, features, name in connection.execute(asked):
        log = table_bytes.from_bytes(features)
        fired = {
            str(column).removeprefix(FIRED): log[column].to_numpy(dtype=bool)
            for column in log
            if str(column).startswith(FIRED)
        }
        yield PROFILES[name], table_bytes.from_bytes(rows), fired


def decide(
    store: Store, actor: Actor, digest: str, accept: bool, reason: str, now: datetime
) -> None:
    """Accept or refuse a pack, once and after it was tried; the reason stays with it.

    From the next run on an accepted pack raises what its patterns in force fit.
    """
    authorise(actor, "packs.decide")
    with store.write() as connection:
        row = _row(connection, digest, locked=True)
        if row["state"] != "proposed":
            raise Conflict(
                f"this pack is {row['state']} already",
                holder=str(row["decided_by"]),
                do="" if row["state"] == "accepted" else ANEW,
            )
        if accept and row["tested"] is None:
            raise Conflict("nobody has tried this pack here", do="Try it first: records pack try")
        _put(connection, actor, digest, "accepted" if accept else "refused", reason, now)


def withdraw(store: Store, actor: Actor, digest: str, reason: str, now: datetime) -> None:
    """Take an accepted pack out of force from the next run on; alerts keep what they said."""
    authorise(actor, "packs.decide")
    with store.write() as connection:
        row = _row(connection, digest, locked=True)
        if row["state"] != "accepted":
            raise Conflict(f"this pack is {row['state']}", do="Only an accepted pack is withdrawn")
        _put(connection, actor, digest, "withdrawn", reason, now)


def _put(
    connection: Connection, actor: Actor, digest: str, state: str, reason: str, now: datetime
) -> None:
    if not reason.strip():
        raise UsageError("the reason is missing", do="Say why")
    known_at = batches.after_runs(connection, now)  # a process of one may begin later
    connection.execute(
        update(_pack)
        .where(_pack.c.digest == digest)
        .values(state=state, decided_by=actor.name, decided_at=known_at, reason=reason.strip())
    )
    note(connection, actor, f"packs.{state}", f"pack:{digest}", now)


def show(store: Store, actor: Actor, digest: str) -> dict[str, Any]:
    """What one pack says, as it was signed, beside its state here."""
    authorise(actor, "packs.decide")
    with store.read() as connection:
        row = _row(connection, digest)
    content: dict[str, Any] = json.loads(row.pop("content"))
    return {**row, "content": content}


def held(store: Store, actor: Actor) -> list[dict[str, Any]]:
    """Every pack with its state and what trying it told, the newest first."""
    authorise(actor, "packs.decide")
    with store.read() as connection:
        rows = connection.execute(select(_pack).order_by(_pack.c.received_at.desc())).mappings()
        return [{name: row[name] for name in row if name != "content"} for row in rows]


def _row(connection: Connection, digest: str, *, locked: bool = False) -> dict[str, Any]:
    asked = select(_pack).where(_pack.c.digest == digest)
    if locked:  # until the transaction ends: who reads first and writes then would decide twice
        asked = asked.with_for_update()
    row = connection.execute(asked).mappings().first()
    if row is None:
        raise InputError(
            "there is no such pack", where=digest, do="See riskprofile records pack list"
        )
    return dict(row)


def _content(connection: Connection, digest: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_row(connection, digest)["content"])
    return content
