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
    in all but the authority: then this was wrong, and not the number. Not where the first one
    speaks in these entries too, or the other has the number already: then two are alike.
    """
    entries = list(entries)
    said = {(str(one["record_number"]), _authority(one)) for one in entries}
    asked = {number for number, _ in said} | {_apart(*one) for one in said}
    held = kept.by_number(connection, sorted(asked))
    owners = {number: _authority(row) for number, row in held.items()}
    found = {}
    for entry in entries:
        number, whose = str(entry["record_number"]), _authority(entry)
        owner = owners[number] = owners.get(number) or whose
        if whose not in ("", owner):
            two = _apart(number, whose) in held or (number, owner) in said
            if two or number not in held or not _is(entry, held[number]):
                number = _apart(number, whose)
        found[number] = {**entry, "record_number": number}
    return found


def content(entry: Mapping[str, Any]) -> str:
    """Digest of an entry as it came: the same again changes nothing."""
    text = json.dumps(dict(entry), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _authority(row: Mapping[str, Any]) -> str:
    return " ".join((row.get("authority") or "").split()).upper()


def _apart(number: str, whose: str) -> str:
    return f"{number} ({whose})"


def _is(entry: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    """Whether it came so before, its authority amended since, or differs in the authority alone."""
    alike = (content(entry), content({**entry, "authority": held["authority"]}))
    return held["content"] in alike
