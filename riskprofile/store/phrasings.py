"""What is said of the terms of alerts: the words once for each scorecard and release, the values
and points with each alert.

So an alert reads as on the day when it was made, whatever a later release says of its terms.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, LargeBinary, select, type_coerce

from riskprofile.errors import Damaged
from riskprofile.scoring.reasons import Phrasing, Reason
from riskprofile.store.alert_tables import Phrasing as Stored
from riskprofile.store.database import upsert
from riskprofile.store.packed_json import dumps, unpacked

_table = Stored.__table__  # type: ignore[attr-defined]
_known: dict[str, Phrasing] = {}  # by digest, which no other words have: a few scorecards' own


def digest(phrasing: Phrasing) -> str:
    """By what alerts refer to these words: SHA-256 of them as JSON, in hexadecimal."""
    return _digest(dumps(phrasing.content).encode("utf-8", "surrogatepass"))


def keep(connection: Connection, phrasing: Phrasing) -> str:
    """Keep these words, unless they are; their digest.

    Until this transaction ends, others that keep the same wait for it.
    """
    name = digest(phrasing)
    row = upsert(connection, _table).values(digest=name, content=phrasing.content)
    connection.execute(row.on_conflict_do_nothing(index_elements=[_table.c.digest]))
    return name


def told(
    connection: Connection, alert: Mapping[str, Any], most: int | None = None
) -> tuple[list[Reason], list[Reason]]:
    """The reasons for and against of an alert, as they were told when it was made.

    Parameters
    ----------
    alert : mapping
        With `id`, `reasons`, `phrasing` and `terms`, and `against` where `most` is missing.
    most : int, optional
        The strongest of those for are enough, so many.

    Raises
    ------
    Damaged
        Its terms or the words for them are missing or damaged.
    """
    if alert["terms"] is None:  # made before terms were kept so, by hand, or forgotten
        return alert["reasons"] or [], alert.get("against") or []
    said = _of(connection, alert["phrasing"])
    try:
        return said.told(unpacked(alert["terms"]), most)
    except ValueError:
        raise _damaged(f"alert {alert['id']}") from None


def _of(connection: Connection, name: str) -> Phrasing:
    if name not in _known:
        asked = select(type_coerce(_table.c.content, LargeBinary)).where(_table.c.digest == name)
        try:
            content = unpacked(connection.execute(asked).scalar() or b"")
        except ValueError:
            content = b""
        if _digest(content) != name:
            raise _damaged(f"phrasing {name}")
        _known[name] = Phrasing(json.loads(content.decode("utf-8", "surrogatepass")))
    return _known[name]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _damaged(where: str) -> Damaged:
    return Damaged("what is kept of the reasons of alerts is missing or damaged", where=where)
