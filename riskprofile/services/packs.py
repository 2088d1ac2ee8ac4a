"""Typology packs: what an administration learnt, signed, without a person or a company in it.

Every shared figure stands on at least `k` finds of at least `k` senders, and every shared
word is a word of the Harmonized System: a name is in no pack. Another administration takes
a pack in as proposals, tries them on its own declarations, and accepts or refuses.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, func, insert, select, update

from riskprofile.errors import Conflict, InputError, UsageError
from riskprofile.profiles import PROFILES
from riskprofile.reference import nomenclature
from riskprofile.reference.text import tokens
from riskprofile.services import keys
from riskprofile.services.rights import Actor, authorise
from riskprofile.services.settings import Settings
from riskprofile.store import audit, batches
from riskprofile.store.arms_tables import Pack
from riskprofile.store.database import Store
from riskprofile.store.tables import Alert, Batch, Chunk, Label, Outcome

_pack = Pack.__table__  # type: ignore[attr-defined]
_alert = Alert.__table__  # type: ignore[attr-defined]
_label = Label.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]
_chunk = Chunk.__table__  # type: ignore[attr-defined]
_batch = Batch.__table__  # type: ignore[attr-defined]

KEY, FORM = "packs", "riskprofile typology pack 1"
LEAST = 10  # finds, and senders, that every shared figure stands on
TRIED = 30  # days of own declarations on which a pack is tried
LIMIT = 1 << 20  # bytes of a pack
SHORTEST = 4  # letters of a shared word
BARE = {
    "with",
    "from",
    "other",
    "than",
    "without",
    "whether",
    "which",
    "that",
    "their",
    "into",
    "also",
}
SENDER = ("consignor_id", "consignor_name", "person_ref")
ROUTE = ("country_of_export", "country_of_destination")


@dataclass(frozen=True)
class Tried:
    """What the phrases of a pack would have flagged among own declarations."""

    declarations: int
    flagged: int
    known_finds: int
    days: int


def export(
    store: Store, settings: Settings, actor: Actor, issuer: str, now: datetime, k: int = LEAST
) -> dict[str, Any]:
    """A signed pack of what confirmed finds have in common, as JSON values.

    Parameters
    ----------
    issuer : str
        The administration, in words.
    k : int
        Every figure stands on so many finds and senders; never under 10.

    Returns
    -------
    dict
        `content` (`indicators`, `phrases`, `lanes`, `modes`, `evidence`, each a list of
        figures), `public_key` and `signature`.
    """
    authorise(actor, "packs.export")
    if k < LEAST:
        raise UsageError(f"k is {k}", do=f"Give {LEAST} or more")
    if not issuer.strip():
        raise UsageError("the issuer is missing", do="Name the administration")
    with store.read() as connection:
        cases = list(_cases(connection))
    content = {
        "form": FORM,
        "issuer": issuer.strip(),
        "made_at": now.isoformat(),
        "k": k,
        "indicators": _figures(cases, k, "key", lambda case: case["indicators"]),
        "phrases": _figures(cases, k, "words", lambda case: case["phrases"]),
        "lanes": _figures(cases, k, "lane", lambda case: case["lanes"]),
        "modes": _figures(cases, k, "mode", lambda case: case["modes"]),
        "evidence": _figures(cases, k, "term", lambda case: case["terms"]),
    }
    secret = Ed25519PrivateKey.from_private_bytes(keys.key(settings.home, KEY))
    made = {
        "content": content,
        "public_key": secret.public_key().public_bytes_raw().hex(),
        "signature": secret.sign(_canonical(content)).hex(),
    }
    with store.write() as connection:
        _note(
            connection, actor, "packs.export", hashlib.sha256(_canonical(content)).hexdigest(), now
        )
    return made


def _cases(connection: Connection) -> Iterator[dict[str, Any]]:
    """Confirmed outcomes with what may be told of them; of each alert the last outcome."""
    latest = (
        select(func.max(_label.c.id))
        .select_from(_label.join(_outcome, _outcome.c.id == _label.c.outcome_id))
        .group_by(_outcome.c.alert_id)
    )
    asked = (
        select(_alert, _label.c.value)
        .select_from(
            _label.join(_outcome, _outcome.c.id == _label.c.outcome_id).join(
                _alert, _alert.c.id == _outcome.c.alert_id
            )
        )
        .where(_label.c.id.in_(latest))
    )
    for row in connection.execute(asked).mappings():
        declared: list[Mapping[str, Any]] = row["declaration"] or []
        senders = [str(one[name]) for one in declared for name in SENDER if one.get(name)]
        lanes = {
            " > ".join(str(one[n]) for n in ROUTE) for one in declared if all(map(one.get, ROUTE))
        }
        yield {
            "find": bool(row["value"]),
            "sender": senders[0] if senders else f"alert {row['id']}",
            "indicators": {
                str(one["key"] if isinstance(one, dict) else one) for one in row["indicators"] or []
            },
            "phrases": {
                phrase for one in declared for phrase in phrases(one.get("goods_description") or "")
            },
            "lanes": lanes,
            "modes": {str(one["transport_mode"]) for one in declared if one.get("transport_mode")},
            "terms": {
                str(one["term"])
                for one in row["reasons"] or []
                if one.get("term") and one["term"] != "base"
            },
        }


def phrases(text: str) -> set[str]:
    """Pairs of words of a description that are words of the Harmonized System.

    >>> sorted(phrases("Fuel filters for Zzyrk"))
    ['filters fuel']
    """
    known = sorted({word for word in tokens(text) if word in vocabulary()})
    return {f"{one} {other}" for one, other in combinations(known, 2)}


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """The words that a pack may hold."""
    found = {word for text in nomenclature.texts().values() for word in tokens(text)}
    return frozenset(one for one in found if len(one) >= SHORTEST and one.isalpha()) - BARE


def _figures(cases: Iterable[Mapping[str, Any]], k: int, name: str, values: Any) -> list[Any]:
    finds: dict[str, list[str]] = defaultdict(list)
    others: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        for value in values(case):
            (finds if case["find"] else others)[value].append(case["sender"])

    def counted(senders: list[str]) -> int | None:
        return len(senders) if len(set(senders)) >= k and len(senders) >= k else None

    made = [
        {name: value, "finds": counted(senders), "others": counted(others.get(value, []))}
        for value, senders in finds.items()
    ]
    kept = [one for one in made if one["finds"] is not None]
    return sorted(kept, key=lambda one: (-int(str(one["finds"])), str(one[name])))


def receive(store: Store, actor: Actor, path: Path, key: str, now: datetime) -> str:
    """Take a pack in as proposals; its digest. The same pack again changes nothing.

    Parameters
    ----------
    key : str
        The issuer's public key (hexadecimal), as it was told by another way than the file.

    Raises
    ------
    InputError
        It is no pack, was altered, or is signed with another key.
    """
    authorise(actor, "packs.decide")
    raw = path.read_bytes()[: LIMIT + 1]
    try:
        if len(raw) > LIMIT:
            raise ValueError("too long")
        given = json.loads(raw)
        content, public = given["content"], str(given["public_key"])
        signed, signature = _canonical(content), bytes.fromhex(given["signature"])
        if content["form"] != FORM or not _well_formed(content):
            raise ValueError("another form")
    except (ValueError, KeyError, TypeError) as error:
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
    digest = hashlib.sha256(signed).hexdigest()
    with store.write() as connection:
        if connection.execute(select(_pack.c.digest).where(_pack.c.digest == digest)).first():
            return digest
        connection.execute(
            insert(_pack).values(
                digest=digest,
                issuer=str(content["issuer"])[:200],
                public_key=public,
                content=signed,
                state="proposed",
                received_by=actor.name,
                received_at=now,
                reason="",
            )
        )
        _note(connection, actor, "packs.receive", digest, now)
    return digest


def _well_formed(content: Mapping[str, Any]) -> bool:
    """Whether every figure stands on enough, and every phrase is two known words."""
    for name in ("indicators", "phrases", "lanes", "modes", "evidence"):
        for one in content[name]:
            if not isinstance(one["finds"], int) or one["finds"] < LEAST:
                return False
    words = [one["words"].split() for one in content["phrases"]]
    return all(len(pair) == 2 and set(pair) <= vocabulary() for pair in words)


def try_out(store: Store, actor: Actor, digest: str, now: datetime, days: int = TRIED) -> Tried:
    """What the phrases of a pack would have flagged among the declarations of the last days."""
    authorise(actor, "packs.decide")
    since = now - timedelta(days=days)
    with store.read() as connection:
        wanted = {one["words"] for one in _content(connection, digest)["phrases"]}
        found = set(
            connection.execute(select(_label.c.record_id).where(_label.c.value == 1)).scalars()
        )
        asked = (
            select(_chunk.c.rows, _chunk.c.profile)
            .join(_batch, _batch.c.id == _chunk.c.batch_id)
            .where(_batch.c.started_at > since, _chunk.c.features.is_not(None))
        )
        seen: set[str] = set()
        flagged: set[str] = set()
        for rows, profile in connection.execute(asked):
            table = batches.from_bytes(rows)
            title = PROFILES[profile].title
            names = table["record_id"]
            texts = table[title].astype(object).where(table[title].notna(), "")
            for name, text in zip(names.astype(str), texts, strict=True):
                seen.add(name)
                if wanted & phrases(str(text)):
                    flagged.add(name)
        told = Tried(len(seen), len(flagged), len(flagged & found), days)
    with store.write() as connection:
        connection.execute(
            update(_pack).where(_pack.c.digest == digest).values(tested=asdict(told))
        )
        _note(connection, actor, "packs.try", digest, now)
    return told


def decide(
    store: Store, actor: Actor, digest: str, accept: bool, reason: str, now: datetime
) -> None:
    """Accept or refuse a pack, once and after it was tried; the reason stays with it."""
    authorise(actor, "packs.decide")
    if not reason.strip():
        raise UsageError("the reason is missing", do="Say why")
    with store.write() as connection:
        row = _row(connection, digest)
        if row["state"] != "proposed":
            raise Conflict(f"this pack is {row['state']} already", holder=str(row["decided_by"]))
        if accept and row["tested"] is None:
            raise Conflict("nobody has tried this pack here", do="Try it first: records pack try")
        state = "accepted" if accept else "refused"
        connection.execute(
            update(_pack)
            .where(_pack.c.digest == digest)
            .values(state=state, decided_by=actor.name, decided_at=now, reason=reason.strip())
        )
        _note(connection, actor, f"packs.{state}", digest, now)


def held(store: Store, actor: Actor) -> list[dict[str, Any]]:
    """Every pack with its state and what trying it told, the newest first."""
    authorise(actor, "packs.decide")
    with store.read() as connection:
        rows = connection.execute(select(_pack).order_by(_pack.c.received_at.desc())).mappings()
        return [{name: row[name] for name in row if name != "content"} for row in rows]


def _row(connection: Connection, digest: str) -> dict[str, Any]:
    row = connection.execute(select(_pack).where(_pack.c.digest == digest)).mappings().first()
    if row is None:
        raise InputError(
            "there is no such pack", where=digest, do="See riskprofile records pack list"
        )
    return dict(row)


def _content(connection: Connection, digest: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_row(connection, digest)["content"])
    return content


def _canonical(content: Any) -> bytes:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _note(connection: Connection, actor: Actor, action: str, digest: str, now: datetime) -> None:
    audit.append(connection, actor=actor.name, action=action, subject=f"pack:{digest}", now=now)
