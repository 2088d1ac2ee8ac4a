"""Columns of text as JSON, an object a row; and two objects of JSON as one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from json.encoder import encode_basestring

import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.intake.values import cell_bytes, joined_cells

_LARGE = pa.large_string()


def objects(cells: Mapping[str, pa.Array]) -> pa.Array:
    """The filled cells of each row as one object of texts; missing where none is filled.

    >>> made = objects({"a": pa.array(['x"y', None], pa.large_string())})
    >>> made.to_pylist()
    ['{"a": "x\\\\"y"}', None]
    """
    pieces = [
        _joined(f'{encode_basestring(name)}: "', _inside(column), '"')
        for name, column in cells.items()
    ]
    return _joined("{", joined_cells(pieces, ", "), "}")


def _inside(column: pa.Array) -> pa.Array:
    """Texts as they stand between the quotes of JSON."""
    held, _ = cell_bytes(column)
    data = held.tobytes()
    if data and held.min() < 0x20:  # more than a backslash before it
        told = [
            None if each is None else encode_basestring(each)[1:-1] for each in column.to_pylist()
        ]
        return pa.array(told, _LARGE)
    for mark in ("\\", '"'):
        if mark.encode() in data:
            column = pc.replace_substring(column, mark, "\\" + mark)
    return column


def _joined(before: str, column: pa.Array, after: str) -> pa.Array:
    marks = [pa.scalar(each, _LARGE) for each in (before, after, "")]
    return pc.binary_join_element_wise(marks[0], column, marks[1], marks[2])


def merged(old: str | None, new: str | None) -> str | None:
    """Two JSON objects as one; what `old` says stands."""
    if old is None or new is None:
        return new if old is None else old
    try:
        known = json.loads(old)
    except (ValueError, RecursionError):
        return old  # the parser of `extra` will set the row aside
    if not isinstance(known, dict):
        return old
    return json.dumps({**json.loads(new), **known}, ensure_ascii=False)
