"""The audit chain: every change and every look, each link sealed over the one before it.

A digest covers the text of the fields and the digest before it, so an edit, a removal
or a swap breaks the chain at the exact record. Cutting the end is seen only by a head
kept elsewhere. The words of a stated purpose stand beside the chain, which holds
their salted digest: retention erases them and the chain still verifies.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text

from riskprofile.errors import StoreError
from riskprofile.store.database import serialise
from riskprofile.store.many import among
from riskprofile.store.office_tables import Audit, AuditWords

START = "0" * 64
_words = AuditWords.__table__  # type: ignore[attr-defined]
CHAIN_LOCK = 7002
FORGOT = "retention.run"  # the act that erases words, and its detail: stated before when
WORDS_BEFORE = "words_before"
MASKED = "retention.forget"  # the act that takes notes of masked alerts, and its detail: which
NOTES = "notes"
NOTED = ("alert.note", "alert.ask")  # acts whose words are about an alert, as a decision's are
FIELDS = (
    "sequence", "at", "actor", "action", "subject", "office", "purpose", "detail", "previous",
    "digest",
)  # fmt: skip

# Times and JSON as text, the same on both engines: a digest covers text, not values.
_MOMENT = {
    "sqlite": "at",
    "postgresql": "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
}
_CHAIN = (
    "SELECT sequence, {moment}, actor, action, subject, office, purpose,"
    " CAST(detail AS TEXT), previous, digest FROM audit ORDER BY sequence"
)

# Built once: every act and every look asks them.
_audit = Audit.__table__  # type: ignore[attr-defined]
_APPEND = insert(_audit)
_HEAD = select(_audit.c.sequence, _audit.c.digest).order_by(_audit.c.sequence.desc()).limit(1)
_SAID = select(_words.c.sequence, _words.c.words).where(among(_words.c.sequence, "sequences"))


@dataclass(frozen=True)
class Head:
    """The last link: keep it elsewhere, and a cut or rewritten chain shows."""

    sequence: int
    digest: str


@dataclass(frozen=True)
class Verdict:
    """What a check of the chain found. `first_bad` is the first record that does not fit."""

    ok: bool
    records: int
    first_bad: int | None
    head: Head


def append(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    now: datetime,
    office: str | None = None,
    purpose: str = "",
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Add one link inside the caller's `write()` transaction; its sequence number.

    Call it last in a transaction: on PostgreSQL it holds the chain until the commit.

    Parameters
    ----------
    subject : str
        What was touched, as `kind:id` (`alert:17`). Never a person's name.
    purpose : str
        Why, in words. They are kept apart, and may be erased.
    now : datetime
        Aware time of the action.
    detail : mapping of JSON values, optional
        What changed.
    """
    if not connection.get_execution_options().get("riskprofile_write", False):
        raise StoreError("the audit chain is written in a write transaction alone")
    serialise(connection, CHAIN_LOCK)
    last = head(connection)
    # Sorted once here, so that the text stored is the text sealed.
    told = None if detail is None else json.loads(json.dumps(dict(detail), sort_keys=True))
    sealed = None if told is None else json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    at = now.astimezone(UTC)
    moment = at.strftime("%Y-%m-%d %H:%M:%S.%f")
    sequence = last.sequence + 1
    told_why = ""
    if purpose:
        salt = secrets.token_hex(16)
        told_why = _digested(salt, purpose)
        connection.execute(insert(_words).values(sequence=sequence, salt=salt, words=purpose))
    fields = (sequence, moment, actor, action, subject, office, told_why, sealed, last.digest)
    link = {
        "sequence": sequence,
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "office": office,
        "purpose": told_why,
        "detail": told,
        "previous": last.digest,
        "digest": seal(fields),
    }
    connection.execute(_APPEND, link)
    return sequence


def head(connection: Connection) -> Head:
    """The last link; sequence 0 when the chain is empty."""
    row = connection.execute(_HEAD).first()
    return Head(0, START) if row is None else Head(int(row[0]), str(row[1]))


def last_at(connection: Connection, action: str = "") -> datetime | None:
    """When this, or anything, was last done, by the order of the chain; None where it never was."""
    asked = select(_audit.c.at)
    if action:
        asked = asked.where(_audit.c.action == action)
    return connection.execute(asked.order_by(_audit.c.sequence.desc()).limit(1)).scalar()


def last_detail(connection: Connection, action: str) -> dict[str, Any]:
    """What was told when this was last done; nothing where it never was, or was told of nothing."""
    asked = select(_audit.c.detail).where(_audit.c.action == action)
    told = connection.execute(asked.order_by(_audit.c.sequence.desc()).limit(1)).scalar()
    return told or {}


def verify(
    connection: Connection, head: Head | None = None, kept: Mapping[int, str] | None = None
) -> Verdict:
    """Check every link, and that the chain still holds what was kept of it elsewhere.

    Parameters
    ----------
    head : Head, optional
        A last link of former times.
    kept : mapping, optional
        Digests of former links by sequence, as an export holds them.
    """
    outside = dict(kept or {})
    if head is not None and head.sequence:
        outside[head.sequence] = head.digest
    last, records, first_bad = Head(0, START), 0, None
    with links(connection) as rows:
        for row in rows:
            records += 1
            fits = row[0] == last.sequence + 1 and row[8] == last.digest
            fits = fits and row[9] == seal(row[:9])
            if fits and outside:
                fits = outside.get(row[0], row[9]) == row[9]
            if not fits:
                first_bad = last.sequence + 1
                break
            last = Head(row[0], row[9])
    if first_bad is None:
        missing = last.sequence + 1  # of a cut end; words of what it took are still here
        bad = [*_wrong_words(connection), *(number for number in outside if number >= missing)]
        first_bad = min(*bad, missing) if bad else None
    return Verdict(first_bad is None, records, first_bad, last)


def broken(verdict: Verdict, where: str = "", undone: str = "") -> StoreError:
    """What to tell of a chain that does not hold; `undone` is what was not done with it."""
    return StoreError(
        f"the chain is broken at record {verdict.first_bad}{undone and f': {undone}'}",
        where=where,
        do="Keep the database aside; compare it with an export of former days.",
    )


def done(connection: Connection, actions: Sequence[str]) -> set[str]:
    """Which of these actions stand in the chain."""
    asked = select(_audit.c.action).where(_audit.c.action.in_(actions)).distinct()
    return set(connection.execute(asked).scalars())


def links(connection: Connection) -> Any:
    """Every link in order: the ten values of `FIELDS`, times and JSON as the text that is sealed.

    A cursor that reads as it goes: use it in a `with`.
    """
    statement = _CHAIN.format(moment=_MOMENT[connection.dialect.name])
    return connection.exec_driver_sql(statement, execution_options={"yield_per": 10_000})


def said(connection: Connection, sequences: Sequence[int]) -> dict[int, str]:
    """The words of stated purposes by sequence; none where there were none, or they are erased."""
    if not sequences:
        return {}
    rows = connection.execute(_SAID, {"sequences": list(sequences)})
    return {int(sequence): str(words) for sequence, words in rows}


def excerpt(connection: Connection, subjects: Sequence[str]) -> list[list[Any]]:
    """The records about some subjects as they are sealed: `FIELDS`, in order."""
    statement = _CHAIN.format(moment=_MOMENT[connection.dialect.name])
    about = statement.replace("ORDER BY", "WHERE subject IN :subjects ORDER BY")
    asked = text(about.replace(":MI:", r"\:MI\:")).bindparams(bindparam("subjects", expanding=True))
    rows = connection.execute(asked, {"subjects": list(subjects)})
    return [list(row) for row in rows]


def noted(connection: Connection, subject: str) -> list[tuple[int, str]]:
    """The words of notes and requests about an alert that are not erased, by sequence."""
    asked = (
        select(_words.c.sequence, _words.c.words)
        .join(_audit, _audit.c.sequence == _words.c.sequence)
        .where(_audit.c.subject == subject, _audit.c.action.in_(NOTED))
        .order_by(_words.c.sequence)
    )
    return [(int(row.sequence), str(row.words)) for row in connection.execute(asked)]


def forget_noted(connection: Connection, sequences: Sequence[int]) -> None:
    """Erase the words of these; the act that does so says which, in its detail (`NOTES`)."""
    connection.execute(delete(_words).where(among(_words.c.sequence, sequences)))


def writer(connection: Connection, sequence: int) -> tuple[datetime, str]:
    """When a link was made, and by whom."""
    row = connection.execute(
        select(_audit.c.at, _audit.c.actor).where(_audit.c.sequence == sequence)
    ).one()
    return row.at, str(row.actor)


def forget_words(connection: Connection, before: datetime) -> int:
    """Erase the words of purposes stated before a time; how many. The chain stays whole."""
    old = select(_audit.c.sequence).where(_audit.c.at < before)
    return int(connection.execute(delete(_words).where(_words.c.sequence.in_(old))).rowcount)


def _wrong_words(connection: Connection) -> Iterator[int]:
    """The first link whose words were changed or that is gone itself, and the first without its."""
    rows = connection.execute(
        select(_words, _audit.c.purpose)
        .outerjoin(_audit, _audit.c.sequence == _words.c.sequence)
        .order_by(_words.c.sequence)
    )
    for sequence, salt, words, purpose in rows:
        if _digested(str(salt), str(words)) != purpose:
            yield int(sequence)
            break
    runs = connection.execute(select(_audit.c.detail).where(_audit.c.action == FORGOT)).scalars()
    # A former release did not write how far it went: that was before the time it ran as of.
    erased = [datetime.fromisoformat(one.get(WORDS_BEFORE) or one["as_of"]) for one in runs if one]
    gone = (
        select(_audit.c.sequence)
        .outerjoin(_words, _words.c.sequence == _audit.c.sequence)
        .where(_words.c.sequence.is_(None), func.length(_audit.c.purpose) == len(START))
    )
    if erased:
        gone = gone.where(_audit.c.at >= max(erased))
    said = connection.execute(select(_audit.c.detail).where(_audit.c.action == MASKED)).scalars()
    masked = {number for one in said if one for number in one.get(NOTES, ())}
    for number in connection.execute(gone.order_by(_audit.c.sequence)).scalars():
        if number not in masked:
            yield int(number)
            break


def _digested(salt: str, words: str) -> str:
    return hashlib.sha256(f"{salt}:{words}".encode("utf-8", "surrogatepass")).hexdigest()


def seal(fields: Any) -> str:
    """The digest of a link: SHA-256 of its first nine fields as one compact JSON array."""
    try:
        payload = json.dumps(list(fields), ensure_ascii=False, separators=(",", ":"))
    except TypeError:  # a value of another type was put in: it fits no digest
        return ""
    return hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()
