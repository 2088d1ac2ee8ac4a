"""Rows about persons without what must never be stored, whatever their format.

One place for every reader, between the reader and the table: nothing that is dropped here
is in the table, the quarantine, the database or a log. In a profile that says so:

- of `extra`, and so of every column that no canonical one takes: what stands under a
  heading that tells of health, belief and the like, or that is free text; and whatever
  value itself holds a protected code, a word of that kind, a request of a booking or a card;
- of canonical columns: a value with a protected code, a request or a card number, save
  where names and numbers of documents may look so;
- of records that never became a row: the raw text, where it may hold any of that.

What was dropped is counted in `extra` as `dropped`, and the row gets a warning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.intake.lines import UNKNOWN
from riskprofile.intake.reader import RawChunk
from riskprofile.intake.sensitive import SERVICES, card, heading, record, request, tells
from riskprofile.tables import ColumnSpec, Layout

WITHHELD = "withheld: it may tell of health or belief, or hold the number of a card"
DROPPED, WARNING = "dropped", "sensitive_dropped"
# Numbers that may pass the check of a card by chance, and times of 14 digits.
_NUMBERED = frozenset(
    ["crossing_id", "person_ref", "document_number", "party_ref", "bag_tags", "firearm_licence"]
)
_TIMED = ("datetime", "date")
_QUOTIENT = re.compile(r"[+-]?([0-9]*)[.,][0-9]+(?:[eE][+-]?[0-9]+)?")
# What can be neither is told apart a column at a time.
_HINT = r"\b(?:SSR|OSI|[A-Z]{2}ML|" + "|".join(sorted(SERVICES)) + r")\b|\d(?:[ -]?\d){12}"


def strip(raw: RawChunk, profile: Layout) -> None:
    """Strip the rows of a chunk and the records beside them, in place."""
    _rows(raw, profile)
    _rejections(raw)


def _rows(raw: RawChunk, profile: Layout) -> None:
    specs = {spec.name: spec for spec in profile.columns}
    dropped = np.zeros(len(raw.rows), "int64")
    for name in [name for name in raw.rows.schema.names if name in specs]:
        spec = specs[name]
        if spec.kind in _TIMED or spec.kind == "json":
            continue
        texts = raw.rows[name]
        hint = pc.match_substring_regex(texts, _HINT, ignore_case=True).fill_null(False)
        at = [row for row in np.flatnonzero(hint) if _of_column(texts[int(row)].as_py(), spec)]
        if at:
            dropped[at] += 1
            gone = np.isin(np.arange(len(texts)), at)
            _put(raw, name, pc.if_else(pa.array(gone), pa.scalar(None, texts.type), texts))
    held = "extra" in raw.rows.schema.names
    extra = raw.rows["extra"].to_pylist() if held else [None] * len(dropped)
    if not dropped.any() and all(each is None for each in extra):
        return
    made = [_extra(each, int(count)) for each, count in zip(extra, dropped, strict=True)]
    _put(raw, "extra", pa.array([text for text, _ in made], pa.large_string()))
    told = [any_dropped for _, any_dropped in made]
    if any(told):
        given = raw.rows["warnings"].to_pylist()
        warned = [
            "|".join([*([] if old is None else [old]), WARNING]) if new else old
            for old, new in zip(given, told, strict=True)
        ]
        _put(raw, "warnings", pa.array(warned, pa.large_string()))


def _put(raw: RawChunk, name: str, column: pa.Array) -> None:
    """A column in the place of the one of that name, else as the last."""
    if name in raw.rows.schema.names:
        raw.rows = raw.rows.set_column(raw.rows.schema.get_field_index(name), name, column)
    else:
        raw.rows = raw.rows.append_column(name, column)


def _of_column(text: str, spec: ColumnSpec) -> bool:
    """Whether a cell of a canonical column is dropped."""
    if spec.name in _NUMBERED:
        return False
    if spec.kind in ("int", "float") and (quotient := _QUOTIENT.fullmatch(text)):
        return card(quotient[1])  # its decimals may pass the check of a card by chance
    return card(text) if spec.protection else request(text)


def _extra(text: str | None, already: int) -> tuple[str | None, bool]:
    """`extra` without what is dropped, and whether anything of the row was."""
    if text is None:
        return (json.dumps({DROPPED: already}), True) if already else (None, False)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):  # the parser sets the row aside, and shows the text
        return (json.dumps({DROPPED: 1 + already}), True) if record(text) else (text, False)
    kept, count = _strip(found)
    if not count and not already:
        return text, False
    earlier = kept.get(DROPPED)
    kept[DROPPED] = count + already + (earlier if isinstance(earlier, int) else 0)
    return json.dumps(kept, ensure_ascii=False), True


def _strip(found: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    kept: dict[str, Any] = {}
    dropped = 0
    for key, value in found.items():
        if heading(key):
            dropped += 1
            continue
        left, count = _value(value)
        dropped += count
        if left is not None or value is None:
            kept[key] = left
    return kept, dropped


def _value(value: Any) -> tuple[Any, int]:
    """A value without what is dropped; nothing where all of it is."""
    if isinstance(value, dict):
        return _strip(value)
    if isinstance(value, list):
        made = [_value(each) for each in value]
        return [left for left, _ in made if left is not None], sum(count for _, count in made)
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and tells(str(value)):
        return None, 1
    return value, 0


def _rejections(raw: RawChunk) -> None:
    """Withhold what a record that never became a row shows, where it may tell; in place."""
    under = any(heading(name) for name in raw.unknown)
    # Many are set aside with the same words; nothing outlives the chunk.
    told, asks = cache(record), cache(request)
    for each in raw.rejected:
        unreadable = each.reason_code == UNKNOWN  # nobody knows what its letters are
        if each.raw and (under or unreadable or told(each.raw)):
            each.raw = WITHHELD
        if each.record_id and asks(each.record_id):
            each.record_id = None
        if told(each.reason):
            each.reason = WITHHELD
