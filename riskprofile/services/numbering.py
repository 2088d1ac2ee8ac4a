"""Whose record a number is: authorities number each for itself, the register keeps one of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from riskprofile.store import arms as kept


def numbered(
    connection: Connection, entries: Iterable[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Entries of `SEIZURES` by the number under which each is kept; of one number the last.

    Who comes first with a number has it as it is; another authority's stands with whose it is,
    in capitals, so that its next file meets it however it spells itself. An entry that says
    nothing of an authority is taken for the first one's, and so is one that is that record
    in all but the authority: then this was wrong, and not the number.
    """
    entries = list(entries)
    first = kept.by_number(connection, sorted({str(one["record_number"]) for one in entries}))
    owners = {number: _authority(held) for number, held in first.items()}
    found = {}
    for entry in entries:
        number, whose = str(entry["record_number"]), _authority(entry)
        owner = owners[number] = owners.get(number) or whose
        held = first.get(number)
        if whose not in ("", owner) and not (held and _all_but_authority(entry, held)):
            number = f"{number} ({whose})"
        found[number] = {**entry, "record_number": number}
    return found


def content(entry: Mapping[str, Any]) -> str:
    """Digest of an entry as it came: the same again changes nothing."""
    text = json.dumps(dict(entry), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _authority(row: Mapping[str, Any]) -> str:
    return " ".join((row.get("authority") or "").split()).upper()


def _all_but_authority(entry: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    as_held = content({**entry, "authority": held["authority"]})
    return bool(as_held == held["content"])
