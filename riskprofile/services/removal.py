"""Forgetting before its time: single declarations that a court or another order has removed.

What retention does to a record when its last term ends is done to these at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import select

from riskprofile.errors import InputError, PolicyError, UsageError
from riskprofile.profiles import PROFILES
from riskprofile.services import govern, keys, past, retention
from riskprofile.services.past import HISTORY, Folder
from riskprofile.services.retention import FINDS, KEEP, MASK, REMOVE, Due, Looking
from riskprofile.services.rights import REASON_LENGTH, Actor, authorise, note
from riskprofile.services.settings import Settings
from riskprofile.store import audit, erasure, table_bytes, versions
from riskprofile.store.batches import record_table
from riskprofile.store.database import Store

REMOVED_BY_ORDER = "retention.remove"


@dataclass
class Removed:
    """What was removed: declarations, their rows of every version, alerts, rows set aside under
    their numbers, and alerts of others that told of them as related.
    """

    records: int
    rows: int = 0
    alerts: int = 0
    quarantined: int = 0
    related: int = 0


def remove(
    store: Store,
    settings: Settings,
    actor: Actor,
    records: Sequence[str],
    why: str,
    now: datetime,
    *,
    profile: str | None = None,
    dry_run: bool = False,
) -> Removed:
    """Remove these declarations whatever their term: all of them, or none.

    Of each row nothing is left but points and a keyed token in place of its reference, as
    `retention.run` leaves it. Names in the register of parties go by their own term, since other
    declarations may have brought them as well.

    Parameters
    ----------
    records : sequence of str
        As in the results, or the declaration's own number where it is unique.
    why : str
        The order, kept in the audit like the words of a purpose; no person's name belongs there.
    profile : str, optional
        Of this one alone, where two have a reference.
    dry_run : bool
        Only count: nothing is written, no key and no audit either.

    Raises
    ------
    NotAllowed
        The actor has no right to it.
    UsageError
        The reason is shorter than `REASON_LENGTH` characters, or there is no such profile.
    InputError
        One is not stored (any more), or its number is of several.
    PolicyError
        An alert of one is open, or something was found: it is evidence, and kept for its term.
    StoreError
        The key that was used last is not here, or another is.
    """
    authorise(actor, "retention.run")
    if len(why.strip()) < REASON_LENGTH:
        raise UsageError(
            f"what ordered this is to be said in {REASON_LENGTH} characters or more",
            do="Give authority, date and number of the order",
        )
    if profile is not None:
        govern.known_profile(profile)
    if dry_run:
        with store.read() as connection:
            secret = retention.key_to_look(connection, settings)
            named = {_named(connection, record, profile) for record in records}
            return _remove(Looking(connection), None, named, secret, now)
    secret = retention.key_of(store, settings, actor, now)
    with retention.alone(store) as connection:
        named = {_named(connection, record, profile) for record in records}
        for of in sorted({of for _, of in named}):
            names = {name for name, its in named if its == of}
            chunks = {one.id for name in names for one in erasure.holding(connection, of, name)}
            erasure.hold(connection, of, chunks, names)
        told = _remove(connection, actor, named, secret, now)
        note(connection, actor, REMOVED_BY_ORDER, "retention", now, vars(told), purpose=why.strip())
    past.sweep(store, Folder(settings.home / HISTORY), unfinished=True)
    erasure.empty_free_pages(store)
    return told


def _remove(
    connection: Any,
    actor: Actor | None,
    named: Collection[tuple[str, str]],
    secret: bytes,
    now: datetime,
) -> Removed:
    """Without an actor nothing is written in the audit."""
    told, own, related = Removed(len(named)), set[int](), set[int]()
    acts: list[tuple[int, dict[str, Any]]] = []
    for name, profile in sorted(named):
        alerts = erasure.alerts_of(connection, profile, {name})
        _require_settled(connection, profile, name, alerts)
        own |= {one["id"] for one in alerts}
        for chunk in erasure.holding(connection, profile, name):
            due = _due(connection, chunk, name, secret)
            kept = versions.SOME if chunk.kept == versions.FULL else chunk.kept
            _, notes = retention.take_out(
                connection, PROFILES[profile], chunk, kept, due, secret, set()
            )
            removed = int((due.fates == REMOVE).sum())
            told.rows += removed
            detail = {"kept": kept, "masked": 0, "removed": removed}
            acts.append((chunk.id, detail | ({audit.NOTES: notes} if notes else {})))
        told.quarantined += erasure.clear_set_aside(connection, profile, name)
        related |= erasure.forget_related(connection, profile, name)
    # Last: who holds the chain waits for no alert, which somebody may hold who waits for it.
    if actor is not None:
        for chunk_id, detail in acts:
            note(connection, actor, audit.MASKED, f"chunk:{chunk_id}", now, detail)
    told.alerts, told.related = len(own), len(related - own)
    return told


def _named(connection: Any, record: str, profile: str | None) -> tuple[str, str]:
    """The declaration of that name or number, and its profile."""
    columns = record_table.c
    stored = [columns.state != versions.REMOVED]
    if profile is not None:
        stored.append(columns.profile == profile)
    for which in (
        columns.record_id == record,
        columns.record_id.startswith(f"{record}@", autoescape=True),
    ):
        found = connection.execute(
            select(columns.record_id, columns.profile)
            .where(which, *stored)
            .distinct()
            .order_by(columns.record_id, columns.profile)
        ).all()
        if len(found) > 1:
            names = ", ".join(f"{row.record_id} ({row.profile})" for row in found[:5])
            raise InputError(
                f"{record} names {len(found)} records: {names}",
                do="Give one of these in full, and its --profile where two are called the same",
            )
        if found:
            return str(found[0].record_id), str(found[0].profile)
    raise InputError(
        "no such record is stored",
        where=record,
        do="It may have been removed before: riskprofile explain says so",
    )


def _require_settled(
    connection: Any, profile: str, name: str, alerts: Iterable[Mapping[str, Any]]
) -> None:
    """What is still worked on, and evidence, nobody takes away at the command line."""
    if any(one["state"] == "open" for one in alerts):
        raise PolicyError(
            "its alert is open", where=name, do="Let an officer decide first, then remove it"
        )
    if erasure.evident(connection, profile, {name}, finds=FINDS)[1]:
        raise PolicyError(
            "something was found with it: it is evidence",
            where=name,
            do="It is kept for its term; an outcome that was wrong is corrected on the page first",
        )


def _due(connection: Any, chunk: erasure.Stored, name: str, secret: bytes) -> Due:
    """Its rows go, what is masked of others stays masked."""
    names = erasure.references(connection, chunk.id)
    fates = np.full(len(names), KEEP, dtype=np.int8)
    lock = erasure.sealed(connection, "chunk", chunk.id)
    if lock is not None and retention.opens(connection, chunk, secret):
        hidden = table_bytes.from_bytes(keys.unseal(secret, lock, f"chunk:{chunk.id}"))
        fates[hidden.notna().any(axis=1).to_numpy(dtype=bool)] = MASK
    fates[[one == name for one in names]] = REMOVE
    return Due(names, fates)
