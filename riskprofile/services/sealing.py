"""What officers wrote about a masked alert, in their own words: sealed, and opened again.

What they wrote before goes with the record. What they write after it was masked is sealed apart,
when the same term after that is over, so that nothing that is sealed has to be opened for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from riskprofile.services import keys, raising
from riskprofile.services.rights import Actor, sees
from riskprofile.store import erasure

ALERT, WORDS = "alert", "words"  # kinds of what is sealed: with the record, and written later
LEFT = "…"  # stands for the reason of an alert that was raised by hand


@dataclass(frozen=True)
class Said:
    """One thing that was written: by whom and when; `what` are table and column."""

    at: datetime
    who: str
    what: tuple[str, str]
    text: str


def seal(
    connection: Connection, alert: Mapping[str, Any], secret: bytes
) -> tuple[bytes, list[dict[str, Any]]]:
    """What is declared and written of an alert, encrypted, and its indicators without the words."""
    left, reasons = _by_hand(alert)
    content = {
        "declaration": alert["declaration"] or [],
        "written": erasure.written(connection, alert["id"]) | reasons,
    }
    return keys.seal(secret, json.dumps(content).encode(), _about(ALERT, alert["id"])), left


def seal_late(
    connection: Connection, profile: str, upto: datetime, secret: bytes, but: Collection[str]
) -> int:
    """Seal what was written up to a time about alerts of records that were masked before.

    How many alerts. Records with one of the outcomes `but` were not masked.
    """
    count = 0
    for alert in erasure.late(connection, profile, upto, but):
        of, fired = alert["id"], alert["indicators"]
        written = erasure.written(connection, of, upto)
        if alert["created_at"] <= upto:
            fired, reasons = _by_hand(alert)
            written |= reasons
        late = {name: [row for row in rows if row[2]] for name, rows in written.items()}
        if not any(late.values()):
            continue
        erasure.clear_written(connection, of, upto)
        erasure.change_alert(connection, of, {"indicators": fired})
        # Beside what was sealed before: another key may have sealed that.
        kind = f"{WORDS}:{len(erasure.sealed_as(connection, WORDS, of)) + 1}"
        content = json.dumps({"written": late}).encode()
        erasure.keep_sealed(connection, kind, of, keys.seal(secret, content, _about(kind, of)))
        count += 1
    return count


def opened(
    connection: Connection, actor: Actor, secret: Callable[[], bytes], record_id: str, profile: str
) -> list[Said]:
    """What was written of the masked alerts of a record that the actor sees, the first first."""
    found = []
    for alert, kind in pieces(connection, actor, record_id, profile):
        for table, rows in _open(connection, secret, kind, alert["id"]).items():
            for of, column, text in rows:
                if text:
                    at, who = _writer(connection, alert, table, of)
                    found.append(Said(at, who, (table, column), text))
    return sorted(found, key=lambda one: one.at)


def pieces(
    connection: Connection, actor: Actor, record_id: str, profile: str
) -> Iterator[tuple[dict[str, Any], str]]:
    """The alerts of a record that the actor sees, each with the kinds of what may be sealed of it:
    a crossing may be declared anew at another place.
    """
    for alert in erasure.alerts_of(connection, profile, {record_id}):
        if sees(actor, alert["office"]):
            for kind in (ALERT, *erasure.sealed_as(connection, WORDS, alert["id"])):
                yield alert, kind


def without_words(alert: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The indicators of an alert, without what an officer wrote who raised it by hand."""
    return _by_hand(alert)[0]


def _by_hand(alert: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, list[Any]]]:
    left, reasons = [], []
    for one in alert["indicators"] or []:
        who, mark, reason = str(one.get("text") or "").partition(raising.SAID)
        if one.get("key") == raising.KEY and reason not in ("", LEFT):
            reasons.append([alert["id"], "reason", reason])
            one = {**one, "text": f"{who}{mark}{LEFT}"}
        left.append(one)
    return left, {ALERT: reasons}


def _writer(
    connection: Connection, alert: Mapping[str, Any], table: str, of: int
) -> tuple[datetime, str]:
    """When something was written, and by whom."""
    if table != ALERT:
        return erasure.writer(connection, table, of)
    (raised,) = (one["text"] for one in alert["indicators"] if one["key"] == raising.KEY)
    return alert["created_at"], raised.partition(raising.SAID)[0]


def _open(
    connection: Connection, secret: Callable[[], bytes], kind: str, of: int
) -> dict[str, Sequence[Any]]:
    """What is sealed of an alert as `table: [[id, column, text]]`; the key is asked for if any."""
    lock = erasure.sealed(connection, kind, of)
    if lock is None:
        return {}
    told: dict[str, Sequence[Any]] = json.loads(keys.unseal(secret(), lock, _about(kind, of)))[
        "written"
    ]
    return told


def _about(kind: str, of: int) -> str:
    return f"{kind}:{of}"
