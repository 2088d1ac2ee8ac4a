"""Attacks on what an installation promoted: bytes, signatures, keys, order, links, the moment."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, text

from riskprofile.errors import RiskProfileError, ScorecardError
from riskprofile.scoring import artefact
from riskprofile.services import promotion, signing
from riskprofile.store import artefacts
from riskprofile.store.database import Store
from tests.services.bench import NOW
from tests.services.test_promotion import (
    ANNA,
    MODELS,
    SARA,
    WHY,
    candidate,
    furnish,
    promoted,
    sign,
)
from tests.trust.told import Told

OLD, NEW = "2027.1", "2027.2"
LOW = -500  # points of the base: what an attacker would want


@dataclass
class Attack:
    """A copy of an installation where `NEW` serves, and chance."""

    store: Store
    folder: Path
    chance: random.Random
    files: dict[str, bytes]  # of NEW
    old: bytes  # archive of OLD
    digest: str  # of NEW

    def put(self, content: bytes) -> None:
        self.run("UPDATE scorecard SET files = :f WHERE version = :v", f=content, v=NEW)

    def run(self, statement: str, **values: Any) -> None:
        # Past the store, as somebody with the file in hand: no rule of the schema holds.
        with closing(sqlite3.connect(self.folder / "copy.db")) as connection, connection:
            connection.execute(statement, values)

    def tampered(self) -> dict[str, bytes]:
        """The files with a lower base and a manifest that fits them."""
        files = {name: content for name, content in self.files.items() if name != artefact.MANIFEST}
        structure = json.loads(files["scorecard.json"])
        structure["base"] += LOW - self.chance.randrange(100)
        files["scorecard.json"] = json.dumps(structure).encode()
        return {**files, artefact.MANIFEST: artefact.manifest(files)}


def _flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def bit(one: Attack) -> None:
    """A bit of one stored file."""
    name = one.chance.choice(sorted(one.files))
    changed = {**one.files, name: _flipped(one.files[name], one.chance)}
    one.put(artefacts.to_archive(changed))


def cut(one: Attack) -> None:
    """The stored archive cut somewhere."""
    whole = artefacts.to_archive(one.files)
    one.put(whole[: one.chance.randrange(len(whole))])


def swap(one: Attack) -> None:
    """The bytes of the older scorecard, or of another's tables, in the place of the newer."""
    if one.chance.random() < 0.5:
        one.put(one.old)
        return
    names = one.chance.sample(sorted(one.files), 2)
    changed = {**one.files, names[0]: one.files[names[1]]}
    one.put(artefacts.to_archive(changed))


def remade(one: Attack) -> None:
    """Altered tables with a manifest that fits them, under the old digest or a new one."""
    files = one.tampered()
    one.put(artefacts.to_archive(files))
    if one.chance.random() < 0.5:
        values = {"d": artefact.digest(files[artefact.MANIFEST]), "v": NEW}
        for table in ("scorecard", "promotion"):
            one.run(f"UPDATE {table} SET digest = :d WHERE version = :v", **values)


def downgrade(one: Attack) -> None:
    """The older one put back without a rollback."""
    one.run(
        one.chance.choice(
            (
                "DELETE FROM promotion WHERE version = '2027.2'",
                "UPDATE promotion SET version = '2027.1', digest = (SELECT digest FROM scorecard"
                " WHERE version = '2027.1') WHERE version = '2027.2'",
                "INSERT INTO promotion (profile, version, digest, kind, by, reason, at)"
                " SELECT profile, version, digest, 'rollback', by, 'x', at FROM promotion"
                " WHERE version = '2027.1'",
                "DELETE FROM promotion",
            )
        )
    )


def other_key(one: Attack) -> None:
    """Signatures by a key that is nobody's, over what serves or over altered tables."""
    key = Ed25519PrivateKey.generate()
    digest = one.digest
    if one.chance.random() < 0.5:
        files = one.tampered()
        digest = artefact.digest(files[artefact.MANIFEST])
        one.put(artefacts.to_archive(files))
        for table in ("scorecard", "promotion", "approval"):
            where = "WHERE digest = :o"
            one.run(f"UPDATE {table} SET digest = :d {where}", d=digest, o=one.digest)
    signed = key.sign(signing.statement("shipment", NEW, digest)).hex()
    one.run("UPDATE approval SET signature = :s WHERE digest = :d", s=signed, d=digest)
    public = key.public_key().public_bytes_raw().hex()
    if one.chance.random() < 0.5:
        one.run("UPDATE signer SET public_key = :k", k=public)
    if digest != one.digest and one.chance.random() < 0.5:  # and the audit is told another tale
        one.run("UPDATE signer SET public_key = :k", k=public)
        told = json.dumps({"profile": "shipment", "version": NEW, "digest": digest})
        one.run("UPDATE audit SET detail = :t WHERE action = 'model.promote'", t=told)


def unsigned(one: Attack) -> None:
    """One of the two signatures gone, doubled, or under another name."""
    one.run(
        one.chance.choice(
            (
                "DELETE FROM approval WHERE account = 'sara'",
                "UPDATE approval SET account = 'omar' WHERE account = 'sara'",
                "UPDATE approval SET signature = (SELECT signature FROM approval a WHERE"
                " a.account = 'anna' AND a.digest = approval.digest)",
                "UPDATE signer SET account = 'anna'",
                "UPDATE signer SET revoked_at = '2020-01-01 00:00:00+00:00'",
            )
        )
    )


SERVING: tuple[Callable[[Attack], None], ...] = (
    bit, cut, swap, remade, downgrade, other_key, unsigned,
)  # fmt: skip


def linked(one: Attack) -> Callable[[], Any]:
    """A link in the place of a file of a folder that is proposed."""
    folder = candidate(one.folder, "2027.3", base=11)
    name = one.chance.choice(sorted(path.name for path in folder.iterdir()))
    shutil.move(folder / name, one.folder / "elsewhere")
    (folder / name).symlink_to(one.folder / "elsewhere")
    return lambda: promotion.propose(one.store, ANNA, folder, NOW, MODELS)


def exchanged(one: Attack) -> Callable[[], Any]:
    """A file exchanged after the manifest was read, and before it is."""
    folder = candidate(one.folder, "2027.3", base=11)
    listed = one.chance.choice(("scorecard.json", "tables.npz", promotion.GATES))
    plain = artefacts._bytes

    def slow(place: Path, name: str) -> bytes | None:
        content = plain(place, name)
        if name == artefact.MANIFEST:
            (folder / listed).write_bytes(_flipped((folder / listed).read_bytes(), one.chance))
        return content

    def act() -> Any:
        with mock.patch.object(artefacts, "_bytes", slow):
            return promotion.propose(one.store, ANNA, folder, NOW, MODELS)

    return act


def signed_over(one: Attack) -> Callable[[], Any]:
    """What was proposed is altered before the second person signs, with a manifest that fits."""
    promotion.propose(one.store, ANNA, candidate(one.folder, "2027.3", base=11), NOW, MODELS)
    sign(one.store, ANNA, "2027.3")
    files = one.tampered()
    structure = json.loads(files["scorecard.json"]) | {"version": "2027.3"}
    del files[artefact.MANIFEST]
    files["scorecard.json"] = json.dumps(structure).encode()
    files[artefact.MANIFEST] = artefact.manifest(files)
    content = artefacts.to_archive(files)
    one.run("UPDATE scorecard SET files = :f WHERE version = '2027.3'", f=content)
    return lambda: sign(one.store, SARA, "2027.3")


def late(one: Attack) -> Callable[[], Any]:
    """The stored bytes altered after they were read: what was checked is what is used."""
    plain = artefacts.from_archive

    def slow(content: bytes, where: str) -> dict[str, bytes]:
        files = plain(content, where)
        return files | {"tables.npz": _flipped(files["tables.npz"], one.chance)}

    def act() -> Any:
        with mock.patch.object(artefacts, "from_archive", slow):
            return promotion.serving(one.store, MODELS, "shipment")

    return act


COMING: tuple[Callable[[Attack], Callable[[], Any]], ...] = (
    linked, exchanged, signed_over, late,
)  # fmt: skip


def altered(count: int, folder: Path) -> Told:
    """Each in an installation of its own: refused before use, and what served before serves.

    What is on its way in leaves what serves where it was. What serves and is altered rates
    nothing, until one person rolls back: then the one before it serves.
    """
    told, chance = Told(), random.Random("registry")
    base = folder / "base.db"
    with closing(Store.open(f"sqlite:///{base}")) as store:
        furnish(store)
        promoted(store, folder, OLD)
        digest = promoted(store, folder, NEW, base=9)
        with store.read() as connection:
            archives = {version: _archive(connection, version) for version in (OLD, NEW)}
    files = artefacts.from_archive(archives[NEW], "")
    kinds = [*SERVING, *COMING]
    for number in range(count):
        here = folder / f"n{number}"
        here.mkdir()
        for path in folder.glob("base.db*"):
            shutil.copy(path, here / path.name.replace("base", "copy"))
        kind = kinds[number % len(kinds)]
        with closing(Store.open(f"sqlite:///{here / 'copy.db'}")) as store:
            one = Attack(store, here, chance, files, archives[OLD], digest)
            fault = _serving(one, kind) if kind in SERVING else _coming(one, kind)
        told.count(f"{kind.__name__} {number}: {fault}" if fault else None)
        shutil.rmtree(here)
    return told


def _archive(connection: Connection, version: str) -> bytes:
    asked = text("SELECT files FROM scorecard WHERE version = :v")
    return bytes(connection.execute(asked, {"v": version}).scalar_one())


def _serves(store: Store) -> str:
    return promotion.serving(store, MODELS, "shipment").version


def _serving(one: Attack, kind: Any) -> str:
    kind(one)
    try:
        return f"{_serves(one.store)} served"
    except ScorecardError:
        pass
    if kind is downgrade or kind is other_key or kind is unsigned or kind is remade:
        return ""  # the account of promotions itself is altered: a person restores the database
    promotion.rollback(one.store, SARA, "shipment", WHY, NOW, MODELS)
    return "" if _serves(one.store) == OLD else f"{_serves(one.store)} serves after the way back"


def _coming(one: Attack, kind: Any) -> str:
    act = kind(one)
    try:
        act()
    except RiskProfileError:
        return "" if _serves(one.store) == NEW else f"{_serves(one.store)} serves"
    return "it was taken"
