"""Parquet, streamed batch by batch; every type becomes text, and is parsed like all text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskprofile.errors import InputError, of_system
from riskprofile.intake import archive, columns
from riskprofile.intake.cells import EXACT, hs_as_text, with_point
from riskprofile.intake.chunks import LARGE, Piece, in_chunks, look
from riskprofile.intake.columns import AUTO, Mapped
from riskprofile.intake.reader import RawChunk, Source, unread
from riskprofile.intake.values import Value, beside, on_distinct

BATCH = 10_000
MAX_GROUP = 500_000_000  # bytes of one row group unpacked: as for archives


class ParquetReader:
    """Reads Apache Parquet."""

    name = "parquet"
    profile = AUTO

    def claims(self, head: bytes, name: str) -> bool:
        """Whether the file opens with Parquet's mark."""
        return head.startswith(b"PAR1")

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """Rows in order. A file that is cut or damaged is an error."""
        try:
            with archive.seekable(source) as stream, pq.ParquetFile(stream) as file:
                mapped = _mapped(file, source, profile)
        except (pa.ArrowException, OSError, ValueError) as error:
            if refused := of_system(error):
                raise refused from None
            raise _damaged(source) from error
        pieces, conventions = look(lambda only: _pieces(source, mapped, only), mapped)
        yield from in_chunks(pieces, source, mapped, conventions, chunk_rows)


def _damaged(source: Source) -> InputError:
    return unread("unread.not_parquet", source.name, "Ask the sender for it again")


def _mapped(file: pq.ParquetFile, source: Source, profile: str) -> Mapped:
    for group in range(file.metadata.num_row_groups):
        if file.metadata.row_group(group).total_byte_size > MAX_GROUP:
            raise unread(
                "unread.row_group",
                source.name,
                "Write it again in smaller row groups",
                n=MAX_GROUP // 1_000_000,
            )
    names = list(file.schema_arrow.names)
    if len(set(names)) < len(names):
        raise unread("unread.same_name", source.name, "Name each column once")
    return columns.required(columns.best(names, profile), names, source, 1)


def _pieces(source: Source, mapped: Mapped, only: Sequence[str] | None) -> Iterator[Piece]:
    specs = columns.layout(mapped.profile).by_name
    try:
        with archive.seekable(source) as stream, pq.ParquetFile(stream) as file:
            names = list(file.schema_arrow.names)
            wanted = mapped.columns if only is None else {n: mapped.columns[n] for n in only}
            first = 1
            picked = None if only is None else [names[at] for at in wanted.values()]
            for batch in file.iter_batches(batch_size=BATCH, columns=picked):

                def texts_at(at: int, batch: pa.RecordBatch = batch) -> pa.Array:
                    return as_text(batch.column(names[at]))

                found = {name: texts_at(at) for name, at in wanted.items()}
                warnings = None
                if mapped.warnings is not None and only is None:
                    warnings = texts_at(mapped.warnings)
                for name, at in wanted.items():
                    if specs[name].kind == "hs" and _is_number(batch.column(names[at]).type):
                        found[name], told = _hs(found[name])
                        warnings = beside(warnings, told)
                if only is None:
                    columns.complete(found, mapped, texts_at)
                size = len(batch)
                typed = {
                    name: np.ones(size, dtype=bool)
                    for name, at in wanted.items()
                    if specs[name].kind in ("int", "float")
                    and _is_number(batch.column(names[at]).type)
                }
                found |= {name: with_point(found[name]) for name in typed}
                numbers = np.arange(first, first + size)
                yield Piece(found, numbers, warnings, typed=typed)
                first += size
    except (pa.ArrowException, OSError, ValueError) as error:
        if refused := of_system(error):
            raise refused from None
        raise _damaged(source) from error


def _is_number(dtype: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype)
    )


def _hs(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """HS codes that a Parquet column held as numbers, and the warning on each."""
    parsed = on_distinct(column, lambda text: Value(hs_as_text(text)[0]), LARGE)
    told = pa.scalar("hs_as_number", LARGE)
    return parsed.values, pc.if_else(column.is_valid(), told, pa.scalar(None, LARGE))


def as_text(column: pa.Array) -> pa.Array:
    """A column of any type as text: times in ISO form, lists joined by a bar, objects as JSON.

    >>> as_text(pa.array([1.5, 2.0, float("nan"), None])).to_pylist()
    ['1.5', '2', None, None]
    >>> as_text(pa.array([202611240001.0])).to_pylist()  # numbers with gaps are floats in pandas
    ['202611240001']
    """
    dtype = column.type
    if pa.types.is_dictionary(dtype):
        column, dtype = column.dictionary_decode(), dtype.value_type
    if pa.types.is_floating(dtype):
        column = pc.if_else(pc.is_nan(column).fill_null(True), pa.scalar(None, dtype), column)
    if pa.types.is_timestamp(dtype):
        # Nanoseconds are cut off: no declaration is that exact.
        column = column.cast(pa.timestamp("us", "UTC" if dtype.tz else None), safe=False)
    if pa.types.is_nested(dtype):
        return pa.array([_nested(each) for each in column.to_pylist()], LARGE)
    text = column.cast(LARGE)
    if dtype == pa.float64() and pc.any(pc.match_substring(text, "e+")).as_py():
        whole = pc.and_(pc.less(pc.abs(column), EXACT), pc.equal(pc.floor(column), column))
        digits = pc.if_else(whole, column, pa.scalar(None, dtype)).cast(pa.int64()).cast(LARGE)
        text = pc.coalesce(digits, text)
    text.validate(full=True)  # a file says that its texts are UTF-8, and nobody has looked
    return text


def _nested(value: object) -> str | None:
    if value is None or value == []:
        return None
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "|".join(value)
    return json.dumps(value, ensure_ascii=False, default=str)
