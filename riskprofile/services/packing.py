"""Making a typology pack: what an administration learnt, without a person or a company in it.

Every shared figure stands on at least `k` finds of at least `k` senders, and every shared
word is a word of the Harmonized System: a name is in no pack.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from riskprofile.errors import UsageError
from riskprofile.indicators import watching
from riskprofile.profiles import PROFILES
from riskprofile.reference import naming
from riskprofile.scoring import patterns
from riskprofile.services import keys
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.services.settings import Settings
from riskprofile.store import audit, batches, phrasings
from riskprofile.store.alert_tables import BY_HAND, Alert, Label, Outcome
from riskprofile.store.database import Store, serialise

_alert = Alert.__table__  # type: ignore[attr-defined]
_label = Label.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]

KEY, FAMILY = "packs", "riskprofile typology pack"
FORM = f"{FAMILY} 1"
LEAST = 10  # finds, and senders, that every shared figure stands on
OWN = {one.key for one in watching.INDICATORS}  # the exporter's own lists and packs
UNNAMED = ""  # nobody was declared, or retention masked it: all of these may be one sender
SENDER = ("consignor_id", "consignor_name", "person_ref")
ROUTE = ("country_of_export", "country_of_destination")


def export(
    store: Store,
    settings: Settings,
    actor: Actor,
    issuer: str,
    now: datetime,
    k: int = LEAST,
    *,
    new_key: bool = False,
) -> dict[str, Any]:
    """A signed pack of what confirmed finds have in common, as JSON values.

    Parameters
    ----------
    issuer : str
        The administration, in words.
    k : int
        Every figure stands on so many finds and senders; never under 10.
    new_key : bool
        Sign with a new key, where the one used before is lost.

    Returns
    -------
    dict
        `content` (`indicators`, `phrases`, `lanes`, `modes`, `evidence`, each a list of
        figures, and `patterns`), `public_key` and `signature`.

    Raises
    ------
    StoreError
        The key that signed before is not here: receivers know that one.
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
        "patterns": _patterns(cases, k),
    }
    with store.write() as connection:
        serialise(connection, audit.CHAIN_LOCK)  # of two hosts one makes the key
        used = audit.last_at(connection, "packs.export") is not None
        given = keys.key(settings.home, KEY, make=new_key or not used)
        digest = hashlib.sha256(canonical(content)).hexdigest()
        note(connection, actor, "packs.export", f"pack:{digest}", now)
    secret = Ed25519PrivateKey.from_private_bytes(given)
    return {
        "content": content,
        "public_key": secret.public_key().public_bytes_raw().hex(),
        "signature": secret.sign(canonical(content)).hex(),
    }


def _cases(connection: Connection) -> Iterator[dict[str, Any]]:
    """Confirmed outcomes with what may be told of them; of each alert the last outcome."""
    told = (
        _label.join(_outcome, _outcome.c.id == _label.c.outcome_id)
        .join(_alert, _alert.c.id == _outcome.c.alert_id)
    )  # fmt: skip
    written = select(_alert.c.declaration).select_from(told).where(batches.counts())
    senders = _same(_sender(one or []) for one in connection.execute(written).scalars())
    asked = select(_alert, _label.c.value).select_from(told).where(batches.counts())
    for row in map(dict, connection.execute(asked).mappings()):
        declared: list[Mapping[str, Any]] = row["declaration"] or []
        goods, others = _parts(row, declared)
        lanes = {
            " > ".join(str(one[n]) for n in ROUTE) for one in declared if all(map(one.get, ROUTE))
        }
        ways = _sender(declared)
        sender = senders[ways[0]] if ways else UNNAMED
        find = bool(row["value"])
        yield {
            "find": find,
            "sender": sender,
            "profile": row["profile"],
            "listed": row["selected_by"] != BY_HAND,
            "case": patterns.Case(goods, others, sender, row["points"], find),
            "indicators": _keys(row) - OWN,
            "phrases": {
                part.removeprefix(f"{patterns.WORDS} ")
                for part in goods
                if part.startswith(patterns.WORDS)
            },
            "lanes": lanes,
            "modes": {str(one["transport_mode"]) for one in declared if one.get("transport_mode")},
            "terms": {
                str(one["term"])
                for one in phrasings.told(connection, row)[0]
                if one.get("term") and one["term"] != "base"
            },
        }


def _sender(declared: Sequence[Mapping[str, Any]]) -> list[str]:
    """Who sent it, by each number and name given; empty where nobody was declared."""
    for one in declared:
        ways = []
        for name in SENDER:
            if given := one.get(name):
                spelled = naming.party if name == "consignor_name" else naming.code
                ways.append(f"{name} {spelled(str(given)) or given}")
        if ways:
            return ways
    return []


def _same(ways: Iterable[Sequence[str]]) -> dict[str, str]:
    """By each way in which senders are written, one that stands for all of the same sender.

    >>> told = _same([["id 1", "name a"], ["id 2", "name a"], ["name a"], ["id 3", "name b"]])
    >>> told["id 1"] == told["id 2"] == told["name a"] != told["id 3"]
    True
    """
    heads: dict[str, str] = {}

    def head(way: str) -> str:
        while (above := heads.setdefault(way, way)) != way:
            heads[way] = way = heads[above]
        return way

    for given in ways:
        for way in given:
            heads[head(way)] = head(given[0])
    return {way: head(way) for way in list(heads)}


def _keys(row: Mapping[str, Any]) -> set[str]:
    fired = row["indicators"] or []
    return {str(one["key"] if isinstance(one, dict) else one) for one in fired}


def _parts(
    row: Mapping[str, Any], declared: Sequence[Mapping[str, Any]]
) -> tuple[frozenset[str], frozenset[str]]:
    """The parts of all items of a declaration; of indicators, those that a row alone decides."""
    profile = PROFILES[row["profile"]]
    alone = {one.key for one in profile.indicators if not one.over_batch} - OWN
    table = pd.DataFrame(list(declared))
    fired = {key: np.ones(len(table), dtype=bool) for key in sorted(alone & _keys(row))}
    found = list(patterns.parts(table, profile, fired))
    return (
        frozenset().union(*(goods for goods, _ in found)),
        frozenset().union(*(others for _, others in found)),
    )


def _patterns(cases: Sequence[Mapping[str, Any]], k: int) -> list[dict[str, Any]]:
    """What the points of the finds do not explain, profile by profile.

    What an officer raised by hand is left out: who raises it knows more than was declared.
    """
    listed = [case for case in cases if case["listed"]]
    return [
        {
            "profile": profile,
            "parts": list(one.parts),
            "finds": one.finds,
            "others": one.others,
            "times": round(one.finds / one.expected, 1),
        }
        for profile in PROFILES
        for one in patterns.learn(
            [case["case"] for case in listed if case["profile"] == profile], k
        )
    ]


def _figures(cases: Iterable[Mapping[str, Any]], k: int, name: str, values: Any) -> list[Any]:
    finds: dict[str, list[str]] = defaultdict(list)
    others: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        for value in values(case):
            (finds if case["find"] else others)[value].append(case["sender"])

    def counted(senders: list[str]) -> int | None:
        return len(senders) if len(set(senders)) >= k else None

    made = [
        {name: value, "finds": counted(senders), "others": counted(others.get(value, []))}
        for value, senders in finds.items()
    ]
    kept = [one for one in made if one["finds"] is not None]
    return sorted(kept, key=lambda one: (-int(str(one["finds"])), str(one[name])))


def canonical(content: Any) -> bytes:
    """The bytes that are signed."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")
