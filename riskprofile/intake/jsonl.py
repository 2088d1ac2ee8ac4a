"""JSON Lines: one object a line; a line that is none is set aside with its number."""

from __future__ import annotations

import io
import json
import math
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.intake import archive, columns, json_text, lines
from riskprofile.intake.cells import Number, as_text, hs_as_text, with_point
from riskprofile.intake.chunks import LARGE, RAW_LIMIT, Piece, in_chunks, look
from riskprofile.intake.columns import AUTO, Mapped
from riskprofile.intake.reader import RawChunk, Rejection, Source, unread
from riskprofile.tables import SOURCE_COLUMNS

HEAD = 65_536
AT_ONCE = 5_000  # lines: their objects take some kilobytes each
AHEAD = 2  # pieces of so many lines: a file that ends within them is read once
SHAPES = 500  # different sets of keys whose places are kept
DEEP = 100  # objects and lists in one another; what is deeper is no record


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


# Numbers stay the text they were, so that 1e309 and 0.10 reach the parser of their column.
_decoder = partial(json.JSONDecoder, parse_float=Number, parse_int=Number, parse_constant=Number)
_DECODER = _decoder(object_pairs_hook=_object)
_QUICK = _decoder()  # blind to a key that stands twice
_COLONS = ('":', " :", "\t:", "\r:")  # behind every key stands one of these
_WORD = secrets.token_hex(8)
_BETWEEN = f',"{_WORD}",'
_SPACE = " \t\r\n\v\f"  # a line of these alone is none


def _record(line: str) -> dict[str, Any] | None:
    """The object on a line, or nothing where it is none."""
    try:
        found = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
    return _sound(line, found)


def _sound(line: str, found: Any) -> dict[str, Any] | None:
    """What was found on a line, when it is an object that can be written again."""
    if not isinstance(found, dict):
        return None
    if line.count("[") + line.count("{") > DEEP and not _shallow(found, DEEP):
        return None
    if "\\u" in line:
        try:  # half of a surrogate pair is no text
            json.dumps(found, ensure_ascii=False).encode("utf-8")
        except ValueError:
            return None
    return found


def _shallow(value: Any, left: int) -> bool:
    below = value.values() if isinstance(value, dict) else value
    return not isinstance(value, (dict, list)) or (
        left > 0 and all(_shallow(each, left - 1) for each in below)
    )


def _records(texts: list[str]) -> list[dict[str, Any] | None]:
    """The same of many lines, at a third of the time: all are read as one array.

    Between them stands a word that no sender knows. Where it is not found between every two,
    or nothing is found at all, each line is read alone: no line can end what another began.
    So it is where there are more colons than keys: a key may stand twice.
    """
    whole = _BETWEEN.join(texts)
    try:
        found = _QUICK.decode(f"[{whole}]")
    except (ValueError, RecursionError):
        return [_record(text) for text in texts]
    objects: list[dict[str, Any] | None] = found[::2]
    words = found[1::2]
    keys = sum(len(each) for each in objects if isinstance(each, dict))
    if (
        len(objects) != len(texts)
        or words != [_WORD] * (len(texts) - 1)
        or sum(whole.count(each) for each in _COLONS if each[0] in whole) != keys
    ):
        return [_record(text) for text in texts]
    flat = whole.count("[") + whole.count("{") < len(texts) + DEEP
    if flat and "\\" not in whole and all(isinstance(each, dict) for each in objects):
        return objects
    return [_sound(text, each) for text, each in zip(texts, objects, strict=True)]


class JsonlReader:
    """Reads JSON Lines."""

    name = "jsonl"
    profile = AUTO

    def claims(self, head: bytes, name: str) -> bool:
        """Whether the first line that is not blank is an object, or looks like one cut off."""
        first = _text(head).lstrip().split("\n", 1)
        if not first[0].startswith("{"):
            return False
        return _record(first[0]) is not None or (
            (len(first) == 1 and len(head) >= HEAD) or first[0].lstrip("{ \t").startswith('"')
        )

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """One record an object. A file whose objects lack the mandatory keys is an error."""
        head = archive.head(source, HEAD)
        mapped = _mapped(source, head, profile)
        unknown: Counter[str] = Counter()
        told: Counter[str] = Counter()
        pieces, conventions = look(
            lambda only: _pieces(
                source, head, mapped.profile, unknown if only is None else Counter()
            ),
            mapped,
            ahead=AHEAD,
        )
        for chunk in in_chunks(pieces, source, mapped, conventions, chunk_rows):
            chunk.unknown, chunk.under = tuple(unknown), unknown - told
            told = unknown.copy()
            yield chunk


def _text(head: bytes) -> str:
    data = b"".join(lines.blocks(io.BytesIO(head), head))
    return lines.utf8_lines(data, 1)[0].decode("utf-8")


def _mapped(source: Source, head: bytes, profile: str) -> Mapped:
    seen: dict[str, None] = {}
    for line in _text(head).split("\n"):
        seen |= dict.fromkeys(_record(line) or {})
    mapped = columns.best(list(seen), profile)
    if not seen:
        raise unread("unread.jsonl", f"{source.name}:1", "Write one object a line")
    return columns.required(mapped, list(seen), source, 1)


def _pieces(source: Source, head: bytes, profile: str, unknown: Counter[str]) -> Iterator[Piece]:
    """Some thousand lines at a time, by column; `unknown` counts the keys that no column takes."""
    shapes: dict[tuple[str, ...], Places] = {}
    with source.open() as stream:
        for block in lines.whole_lines(stream, head):
            data = block.data
            guessed: set[int] = set()
            if not data.isascii():
                data, guessed = lines.utf8_lines(data, block.line)
            texts = data.decode("utf-8").split("\n")
            for start in range(0, len(texts), AT_ONCE):
                some = _Some(source.name, block.line + start)
                some.read(texts[start : start + AT_ONCE], guessed)
                yield some.piece(profile, shapes, guessed, unknown)


Places = list[tuple[str, str, str]]  # key, column or "", kind of the column


def _places(keys: Iterable[str], profile: str) -> Places:
    """Where the values of an object with these keys go: to a column once, else to `extra`.

    The most exact key comes first, or another would take its place. Of another that means the
    currency too only the kind says so.
    """
    kinds = columns.layout(profile).by_name
    every = list(keys)
    takes: dict[str, str] = {}  # column: key
    for at in columns.exact_first(every, profile):
        takes.setdefault(columns.column_of(every[at], profile), every[at])
    named = {key: name for name, key in takes.items() if name}
    spare = {
        key
        for key in every
        if columns.CURRENCY in takes
        and key not in named
        and columns.column_of(key, profile) == columns.CURRENCY
    }
    return [
        (key, named[key], kinds[named[key]].kind)
        if key in named
        else (key, "", columns.CURRENCY if key in spare else "")
        for key in every
    ]


class _Some:
    """Some lines: their objects, and the columns that these become, filled shape by shape."""

    def __init__(self, source: str, line: int) -> None:
        self.source, self.line = source, line
        self.records: list[dict[str, Any]] = []
        self.lines: list[int] = []
        self.rejected: list[Rejection] = []
        self.cells: dict[str, list[str | None]] = {}
        self.warnings: dict[int, list[str]] = {}
        self.typed: dict[str, np.ndarray] = {}  # rows whose cell came as a number

    def read(self, texts: list[str], guessed: set[int]) -> None:
        """Take the objects, and set aside what is none; `guessed` lines were no UTF-8."""
        filled = [
            (number, text) for number, text in enumerate(texts, self.line) if text.strip(_SPACE)
        ]
        found = _records([text for _, text in filled])
        for (number, text), record in zip(filled, found, strict=True):
            if record is None:
                self._set_aside(number, text, "json_format", "the line is not one JSON object")
            elif number in guessed and lines.is_no_text(text):
                self._set_aside(number, text, lines.UNKNOWN, lines.UNKNOWN_TOLD)
            else:
                self.records.append(record)
                self.lines.append(number)

    def _set_aside(self, line: int, text: str, code: str, told: str) -> None:
        raw = text.strip()[:RAW_LIMIT]
        self.rejected.append(Rejection(self.source, line, code, told, None, None, raw))

    def piece(
        self,
        profile: str,
        shapes: dict[tuple[str, ...], Places],
        guessed: set[int],
        unknown: Counter[str],
    ) -> Piece:
        """All that was read, by column."""
        if guessed:
            for row, number in enumerate(self.lines):
                if number in guessed:
                    self._warn(row, "encoding_guessed")
        groups: dict[tuple[str, ...], list[int]] = {}
        for row, record in enumerate(self.records):
            groups.setdefault(tuple(record), []).append(row)
        for shape, rows in groups.items():
            # A canonical file that was written by us carries where it came from.
            ours = set(SOURCE_COLUMNS[:2]) <= set(shape)
            if shape not in shapes:
                if len(shapes) >= SHAPES:
                    shapes.clear()
                keys = [key for key in shape if not (ours and key in SOURCE_COLUMNS)]
                shapes[shape] = _places(keys, profile)
            if ours:
                for row in rows:
                    given = _cell(self.records[row].get("warnings"), "")
                    self._warn(row, *filter(None, (given or "").split("|")))
            self._group(rows, shapes[shape], unknown)
        made = {name: pa.array(cells, LARGE) for name, cells in self.cells.items()}
        for name, came in self.typed.items():
            made[name] = pc.if_else(pa.array(came), with_point(made[name]), made[name])
        warned = [
            "|".join(dict.fromkeys(self.warnings.get(row, ()))) or None
            for row in range(len(self.records) if self.warnings else 0)
        ]
        warnings = pa.array(warned, LARGE) if self.warnings else None
        numbers = np.array(self.lines, "int64")
        return Piece(made, numbers, warnings, self.rejected, self.typed)

    def _warn(self, row: int, *codes: str) -> None:
        self.warnings.setdefault(row, []).extend(codes)

    def _group(self, rows: list[int], places: Places, unknown: Counter[str]) -> None:
        """Fill in the objects that have the same keys."""
        records = [self.records[row] for row in rows]
        others: dict[str, list[Any]] = {}
        objects = False
        for key, name, kind in places:
            values = [record[key] for record in records]
            types = set(map(type, values))
            if kind in ("int", "float") and Number in types:
                came = [isinstance(value, Number) for value in values]
                none = np.zeros(len(self.records), dtype=bool)
                self.typed.setdefault(name, none)[rows] = came
            if not name:
                if count := sum(value not in (None, "") for value in values):
                    others[key] = values
                    if kind != columns.CURRENCY:
                        unknown[key] += count
            elif types <= _TEXTS and not (kind == "hs" and Number in types):
                self._fill(name, rows, [value or None for value in values])
            elif kind == "hs":
                self._fill(name, rows, [self._hs(*each) for each in zip(rows, values, strict=True)])
            else:
                objects = objects or (kind == "json" and dict in types)
                self._fill(name, rows, [_cell(value, kind) for value in values])
        if spare := [key for key, name, kind in places if not name and kind == columns.CURRENCY]:
            own = pa.array([self.cells[columns.CURRENCY][row] for row in rows], LARGE)
            given = [
                pa.array([_cell(record[key], "") for record in records], LARGE) for key in spare
            ]
            self._fill(columns.CURRENCY, rows, columns.with_codes(own, given).to_pylist())
        if objects or any(set(map(type, values)) - _PLAIN for values in others.values()):
            self._fill_extra(rows, [_extra(record, places) for record in records])
        elif others:
            told = {
                key: pa.array([value or None for value in values], LARGE)
                for key, values in others.items()
            }
            self._fill_extra(rows, json_text.objects(told).to_pylist())

    def _hs(self, row: int, value: Any) -> str | None:
        if not isinstance(value, Number):
            return _cell(value, "hs")
        text, warning = hs_as_text(value)
        self._warn(row, warning)
        return text or None

    def _fill(self, name: str, rows: list[int], texts: list[str | None]) -> None:
        size = len(self.records)
        if len(rows) == size:
            self.cells[name] = texts
            return
        column = self.cells.setdefault(name, [None] * size)
        for row, text in zip(rows, texts, strict=True):
            column[row] = text

    def _fill_extra(self, rows: list[int], objects: list[str | None]) -> None:
        """What no column takes, beside what `extra` already held."""
        held = self.cells.get("extra") or [None] * len(self.records)
        both = zip(rows, objects, strict=True)
        self._fill("extra", rows, [json_text.merged(held[row], new) for row, new in both])


_PLAIN = {str, type(None)}
_TEXTS = {*_PLAIN, Number}


def _extra(record: dict[str, Any], places: Places) -> str | None:
    """What no column takes, as JSON."""
    extra: dict[str, Any] = {}
    for key, name, kind in places:
        value = record[key]
        if not name and value not in (None, ""):
            extra[key] = _plain(value)
        elif kind == "json" and isinstance(value, dict):
            extra = {**_plain(value), **extra}
    return json.dumps(extra, ensure_ascii=False) if extra else None


def _cell(value: Any, kind: str) -> str | None:
    if isinstance(value, dict) and kind == "json":
        return None  # it goes with what no column takes
    if isinstance(value, list) and not any(isinstance(each, (list, dict)) for each in value):
        return "|".join(filter(None, map(as_text, value))) or None
    if isinstance(value, (list, dict)):
        return json.dumps(_plain(value), ensure_ascii=False)
    return as_text(value)


def _plain(value: Any) -> Any:
    """A value as JSON would write it again: numbers as numbers where that loses nothing."""
    if isinstance(value, Number):
        number = float(value) if value not in ("NaN", "Infinity", "-Infinity") else math.nan
        if not math.isfinite(number) or len(value) > 15:
            return str(value)
        return int(value) if value.lstrip("-").isdigit() else number
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
