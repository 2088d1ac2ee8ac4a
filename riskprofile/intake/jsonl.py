"""JSON Lines: one object a line; a line that is none is set aside with its number."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from riskprofile.errors import InputError
from riskprofile.intake import archive, columns, lines
from riskprofile.intake.cells import Number, as_text, hs_as_text
from riskprofile.intake.chunks import RAW_LIMIT
from riskprofile.intake.columns import AUTO, Mapped
from riskprofile.intake.reader import RawChunk, Source
from riskprofile.intake.rows import Gather
from riskprofile.tables import SOURCE_COLUMNS

HEAD = 65_536
SHAPES = 500  # different sets of keys whose places are kept


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


# Numbers stay the text they were, so that 1e309 and 0.10 reach the parser of their column.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=Number
)
_BLANK = " \t\r\n"  # what JSON allows around a value


def _record(line: bytes) -> dict[str, Any] | None:
    """The object on a line, or nothing where it is none."""
    try:
        text = line.decode("utf-8").strip(_BLANK)
        found, end = _DECODER.raw_decode(text)
        if end != len(text):
            return None
        if "\\u" in text:  # half of a surrogate pair is no text
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class JsonlReader:
    """Reads JSON Lines."""

    name = "jsonl"
    profile = AUTO

    def claims(self, head: bytes, name: str) -> bool:
        """Whether the first line that is not blank is an object, or looks like one cut off."""
        first = _text(head).lstrip().split(b"\n", 1)
        if not first[0].startswith(b"{"):
            return False
        return _record(first[0]) is not None or (
            (len(first) == 1 and len(head) >= HEAD) or first[0].lstrip(b"{ \t").startswith(b'"')
        )

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """One record an object. A file whose objects lack the mandatory keys is an error."""
        head = archive.head(source, HEAD)
        mapped = _mapped(source, head, profile)
        rows, made = Gather(mapped.profile, source.name, chunk_rows, RAW_LIMIT), False
        unknown: dict[str, None] = {}
        shapes: dict[tuple[str, ...], Places] = {}
        for line, text, guessed in _lines(source, head):
            _add(rows, shapes, unknown, mapped.profile, line, text, guessed)
            if rows.full:
                made = True
                yield _taken(rows, unknown)
        last = _taken(rows, unknown)
        if len(last.rows) or last.rejected or not made:
            yield last


def _text(head: bytes) -> bytes:
    return b"".join(lines.blocks(io.BytesIO(head), head))


def _lines(source: Source, head: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Lines with their numbers; True for one that was read as Windows-1252."""
    with source.open() as stream:
        for block in lines.whole_lines(stream, head):
            data = block.data
            guessed: set[int] = set()
            if not data.isascii():
                data, guessed = lines.utf8_lines(data, block.line)
            for number, text in enumerate(data.split(b"\n"), block.line):
                if text and not text.isspace():
                    yield number, text, number in guessed


def _mapped(source: Source, head: bytes, profile: str) -> Mapped:
    seen: dict[str, None] = {}
    for line in _text(head).split(b"\n"):
        seen |= dict.fromkeys(_record(line) or {})
    mapped = columns.best(list(seen), profile)
    if not seen:
        raise InputError(
            "the first lines are no JSON objects",
            where=f"{source.name}:1",
            do="Write one object a line",
        )
    return columns.required(mapped, list(seen), source, 1)


def _taken(rows: Gather, unknown: dict[str, None]) -> RawChunk:
    chunk = rows.take()
    chunk.unknown = tuple(unknown)
    return chunk


Places = list[tuple[str, str, str]]  # key, column or "", kind of the column


def _places(keys: Iterable[str], profile: str) -> Places:
    """Where the values of an object with these keys go: to a column once, else to `extra`.

    Keys that are names of columns come first, or another spelling would take their place.
    """
    kinds = columns.layout(profile).by_name
    found: Places = []
    taken: set[str] = set()
    for key in sorted(keys, key=lambda key: key not in kinds):
        name = key if key in kinds else columns.column_of(key, profile)
        fresh = bool(name) and name not in taken
        taken.add(name)
        found.append((key, name, kinds[name].kind) if fresh else (key, "", ""))
    return found


def _add(
    rows: Gather,
    shapes: dict[tuple[str, ...], Places],
    unknown: dict[str, None],
    profile: str,
    line: int,
    text: bytes,
    guessed: bool,
) -> None:
    record = _record(text)
    if record is None:
        shown = text.decode("utf-8", "replace").strip()
        rows.reject("json_format", "the line is not one JSON object", line=line, raw=shown)
        return
    values: dict[str, str | None] = {}
    extra: dict[str, Any] = {}
    warnings = ["encoding_guessed"] if guessed else []
    if set(SOURCE_COLUMNS[:2]) <= record.keys():  # a canonical file that was written by us
        warnings += (as_text(record.get("warnings")) or "").split("|")
        record = {key: value for key, value in record.items() if key not in SOURCE_COLUMNS}
    shape = tuple(record)
    places = shapes.get(shape)
    if places is None:
        if len(shapes) >= SHAPES:
            shapes.clear()
        places = shapes[shape] = _places(shape, profile)
    for key, name, kind in places:
        value = record[key]
        if not name:
            if value not in (None, ""):
                extra[key] = _plain(value)
                unknown[key] = None
        elif type(value) is str:
            values[name] = value
        elif kind == "hs" and isinstance(value, Number):
            values[name], warning = hs_as_text(value)
            warnings.append(warning)
        elif kind == "json" and isinstance(value, dict):
            extra = {**_plain(value), **extra}
        else:
            values[name] = _cell(value)
    if extra and values.get("extra"):
        values["extra"] = columns.merged(values["extra"], json.dumps(extra, ensure_ascii=False))
        extra = {}
    rows.row(values, line=line, warnings=warnings, extra=extra)


def _cell(value: Any) -> str | None:
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
