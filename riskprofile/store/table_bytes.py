"""Tables as bytes, and back: rows, their feature log, and what history remembers of them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskprofile.columns import arrays
from riskprofile.errors import Damaged
from riskprofile.tables import Table

FEW = 500  # rows up to which a chunk is an Arrow stream
# Before all that is stored, with its CRC-32, and before what is packed, with its length.
_SUM, _MAGIC, _HEAD = b"nums", b"zstd", struct.Struct("<4sI")
_PARQUET = b"PAR1"
_CODEC = pa.Codec("zstd")


def to_bytes(table: Table) -> bytes:
    """A table as Parquet.

    Without dictionaries of values and without their least and greatest, which nobody asks for: it
    is written in two thirds of the time, and read as soon at least. Chunks of 5,000 shipments are
    smaller by a twelfth; of 20,000 travellers, what history remembers is larger by a fourteenth.
    """
    return _parquet(_arrow(table))


def _parquet(given: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(given, buffer, compression="zstd", use_dictionary=False, write_statistics=False)
    return buffer.getvalue()


def stored(table: Table) -> bytes:
    """A table as a chunk holds it: Parquet; of few rows, or of numbers alone, an Arrow stream.

    Its CRC-32 stands before it: of bits that are altered on a disk three in four would be read as
    other values, and say nothing.

    Parquet describes each of 150 columns, and is written and read in three times the time: a
    declaration that is sent alone would take 154 kB for 12. A stream of many numbers, each column
    packed, is as large as Parquet, written in two thirds of its time and read in six tenths.

    >>> table = pd.DataFrame({"points": [12.0]})
    >>> from_bytes(stored(table)).equals(table)
    True
    """
    content = _content(_arrow(table))
    return _HEAD.pack(_SUM, zlib.crc32(content)) + content


def _content(given: pa.Table) -> bytes:
    if len(given) > FEW:
        if not all(map(pa.types.is_primitive, given.schema.types)):
            return _parquet(given)
        return _streamed(given, pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False))
    # A stream holds buffers as they are, with what lies behind them and under missing values: taken
    # anew, the same values are the same bytes whoever computed them.
    content = _streamed(given.combine_chunks().take(pa.array(np.arange(len(given)))))
    packed: bytes = _CODEC.compress(content, asbytes=True)
    return _HEAD.pack(_MAGIC, len(content)) + packed


def _streamed(given: pa.Table, options: pa.ipc.IpcWriteOptions | None = None) -> bytes:
    buffer = pa.BufferOutputStream()
    with pa.ipc.new_stream(buffer, given.schema, options=options) as stream:
        stream.write_table(given)
    content: bytes = buffer.getvalue().to_pybytes()
    return content


def _arrow(table: Table) -> pa.Table:
    """A table as Arrow has it, and what it needs to be the same again.

    As `pa.Table.from_pandas` makes it, which asks of each column what kind it is, every time.
    """
    names, held = zip(*arrays(table), strict=True) if len(table.columns) else ((), ())
    kinds = tuple([one.dtype for one in held])
    if object in kinds:  # known by its values alone
        return pa.Table.from_pandas(table, preserve_index=False)
    schema = _schema(names, kinds)
    made = [_array(one, field.type) for field, one in zip(schema, held, strict=True)]
    return pa.Table.from_arrays(made, schema=schema)


def _array(held: Any, kind: pa.DataType) -> pa.Array:
    """What a column holds as Arrow has it, with nothing under a number or flag that is missing."""
    if isinstance(held, np.ndarray) and held.dtype.kind == "f":
        gone = np.isnan(held)
        if gone.any():
            return pa.array(np.where(gone, 0.0, held), type=kind, mask=gone)
    elif isinstance(held, pd.arrays.IntegerArray | pd.arrays.BooleanArray):
        gone = held.isna()
        if gone.any():
            return pa.array(held.to_numpy(kind.to_pandas_dtype(), na_value=0), kind, gone)
    elif isinstance(held, pd.arrays.DatetimeArray):  # of a zone only where a column holds it
        held = pd.Series(held)
    return pa.array(held, type=kind, from_pandas=True)


@lru_cache(maxsize=64)
def _schema(names: tuple[str, ...], kinds: tuple[Any, ...]) -> pa.Schema:
    empty = {name: pd.array([], dtype=kind) for name, kind in zip(names, kinds, strict=True)}
    return pa.Table.from_pandas(pd.DataFrame(empty), preserve_index=False).schema


Asked = Sequence[str] | Callable[[str], bool]


def _read(content: bytes, columns: Asked | None = None) -> pa.Table:
    """What `stored` or `to_bytes` made; of its columns those asked, in this order."""
    if content[: len(_SUM)] == _SUM:  # nothing stands before what former releases stored
        _, told = _HEAD.unpack_from(content)
        content = content[_HEAD.size :]
        if zlib.crc32(content) != told:
            raise ValueError
    if content[: len(_MAGIC)] == _MAGIC:
        _, told = _HEAD.unpack_from(content)
        content = _CODEC.decompress(content[_HEAD.size :], told, asbytes=True)
    if content[: len(_PARQUET)] == _PARQUET:
        file = pq.ParquetFile(io.BytesIO(content))
        schema, read = file.schema_arrow, file.read
    else:
        schema = pa.ipc.read_schema(pa.py_buffer(content))

        def read(names: Sequence[str] | None) -> pa.Table:
            places = sorted(map(schema.get_field_index, names or ()))
            options = pa.ipc.IpcReadOptions(
                included_fields=[one for one in places if one >= 0], use_threads=False
            )
            with pa.ipc.open_stream(content, options=options) as stream:
                return stream.read_all()

    if callable(columns):
        columns = [name for name in schema.names if columns(name)]
    if not columns:
        return read(None)
    return read([*columns]).select([*columns])


def whole(content: bytes, columns: Asked | None, where: str = "") -> pa.Table:
    """What `stored` or `to_bytes` made, as Arrow has it; see `from_bytes`."""
    try:
        return _read(content, columns)
    except (OSError, ValueError, struct.error):
        what = "rows that are stored were altered or cut"
        raise Damaged(what, where=where, content=content) from None


def from_bytes(
    content: bytes,
    columns: Asked | None = None,
    rows: np.ndarray | None = None,
    where: str = "",
) -> Table:
    """A table as it was stored, text Arrow-backed as it was; of its columns and rows those asked,
    all where none is.

    `where` names its chunk outside of a transaction; inside, a damaged one is found by its bytes.

    Raises
    ------
    Damaged
        The bytes were altered, or cut, since they were stored.
    """
    read = whole(content, columns, where)
    if rows is not None and not np.array_equal(rows, np.arange(len(read))):
        read = read.take(pa.array(rows))
    return read.to_pandas(use_threads=False)


def listed(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """As Python values; texts and times in a tenth of the time that `to_pylist` takes."""
    if pa.types.is_timestamp(column.type):
        times = pd.DatetimeIndex(column.to_pandas())
        return [None if at is pd.NaT else at for at in times.to_pydatetime().tolist()]
    asis = pa.types.is_string(column.type) or pa.types.is_binary(column.type)
    told: list[Any] = column.to_numpy(zero_copy_only=False).tolist() if asis else column.to_pylist()
    return told
