"""What officers wrote about a masked alert, in their own words: sealed, and opened again.

What they wrote before goes with the record. What they write after it was masked is sealed apart,
when the same term after that is over, so that nothing that is sealed has to be opened for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from riskprofile.errors import StoreError
from riskprofile.services import keys, raising
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


def seal_late(connection: Connection, profile: str, upto: datetime, secret: bytes) -> int:
    """Seal what was written up to a time about alerts that were masked before; how many alerts."""
    late = erasure.late(connection, profile, upto)
    for alert_id in late:
        try:
            told = _open(connection, lambda: secret, WORDS, alert_id)
        except StoreError:  # sealed by a key that is gone: nobody opens that again
            told = {}
        for name, rows in erasure.written(connection, alert_id, upto).items():
            told[name] = [*told.get(name, []), *(row for row in rows if row[2])]
        erasure.clear_written(connection, alert_id, upto)
        content = json.dumps({"written": told}).encode()
        about = _about(WORDS, alert_id)
        erasure.keep_sealed(connection, WORDS, alert_id, keys.seal(secret, content, about))
    return len(late)


def opened(
    connection: Connection, secret: Callable[[], bytes], record_id: str, profile: str
) -> list[Said]:
    """What was written of the masked alerts of a record, the first first."""
    found = []
    for alert in erasure.alerts_of(connection, profile, {record_id}):
        for kind in (ALERT, WORDS):
            for table, rows in _open(connection, secret, kind, alert["id"]).items():
                for of, column, text in rows:
                    if text:
                        at, who = _writer(connection, alert, table, of)
                        found.append(Said(at, who, (table, column), text))
    return sorted(found, key=lambda one: one.at)


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
