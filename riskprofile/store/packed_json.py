"""JSON as it is stored: as text, or packed where it is long and seldom read."""

from __future__ import annotations

import json
import struct
from typing import Any

import pyarrow as pa
from sqlalchemy import LargeBinary, TypeDecorator
from sqlalchemy.engine import Dialect

_LENGTH = struct.Struct("<I")
_CODEC = pa.Codec("lz4_raw")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Written(str):
    """JSON that is written already, as `dumps` writes it: a column takes it as it is."""


def dumps(value: Any) -> str:
    """JSON as it is stored: compact, in the given order, finite numbers alone."""
    if isinstance(value, Written):
        return value
    return _encode(value)


def pack(text: str | bytes) -> bytes:
    """The length of a text in UTF-8 (four bytes, the lowest first), then it as an LZ4 block.

    What is bytes already is taken for that text.

    A third of the time of Zstandard, which would make it three tenths smaller still.

    >>> unpack(pack("lane " * 1000)) == "lane " * 1000, len(pack("lane " * 1000)) < 100
    (True, True)
    """
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    packed: bytes = _CODEC.compress(content, asbytes=True)
    return _LENGTH.pack(len(content)) + packed


def unpack(content: bytes) -> str:
    """The text that was packed. Raises `ValueError` where it is damaged."""
    try:
        return unpacked(content).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise ValueError(f"packed text is damaged: {error}") from None


def unpacked(content: bytes) -> bytes:
    """The bytes that were packed. Raises `ValueError` where they are damaged."""
    try:
        (size,) = _LENGTH.unpack_from(content)
        # Two hundred and fifty-five times as much as it takes is the most that a block can hold.
        if size > 255 * len(content):
            raise ValueError("the length is wrong")
        found: bytes = _CODEC.decompress(content[_LENGTH.size :], size, asbytes=True)
        return found
    except (struct.error, OSError, ValueError) as error:
        raise ValueError(f"packed text is damaged: {error}") from None


class Packed(TypeDecorator[Any]):
    """JSON packed. What is bytes already was packed by whoever made it."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Packed; nothing stays nothing."""
        return value if value is None or isinstance(value, bytes) else pack(dumps(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """As it was given."""
        return None if value is None else json.loads(unpack(bytes(value)))
