"""Tables as chunks hold them: what comes back is what went in, of any kind and any length."""

from __future__ import annotations

import io
import struct

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskprofile.errors import Damaged
from riskprofile.store.table_bytes import FEW, from_bytes, stored, to_bytes
from riskprofile.tables import TEXT


def table(rows: int) -> pd.DataFrame:
    """A column of each kind, some values missing."""
    numbers = np.arange(rows)
    missing = numbers % 3 == 1
    return pd.DataFrame(
        {
            "goods": pd.array([f"steel pins {n}" for n in numbers], dtype=TEXT),
            "points": pd.array(numbers * 7, dtype="Int64"),
            "mass": numbers / 8,
            "fired": numbers % 2 == 0,
            "lodged": pd.Series(numbers, dtype="int64").astype("datetime64[us, UTC]"),
            "key": numbers.astype("int64"),
        }
    ).assign(
        goods=lambda t: t["goods"].mask(missing),
        points=lambda t: t["points"].mask(missing),
        mass=lambda t: t["mass"].mask(missing),
        lodged=lambda t: t["lodged"].mask(missing),
    )


@pytest.mark.parametrize("rows", [0, 1, 2, FEW, FEW + 1])
def test_a_table_comes_back_as_it_was(rows: int) -> None:
    given = table(rows)
    kept = stored(given)
    pd.testing.assert_frame_equal(from_bytes(kept), given)
    some = ["lodged", "goods", "points"]  # in another order
    pd.testing.assert_frame_equal(from_bytes(kept, some), given[some])
    here = lambda name: name.startswith(("f", "m"))  # noqa: E731
    pd.testing.assert_frame_equal(from_bytes(kept, here), given[["mass", "fired"]])
    places = np.arange(rows)[::2]
    taken = from_bytes(kept, ["points"], places)
    pd.testing.assert_frame_equal(taken, given[["points"]].iloc[places].reset_index(drop=True))
    with pytest.raises(KeyError):
        from_bytes(kept, ["points", "no column"])


@pytest.mark.parametrize("names", [["mass"], ["points", "mass", "fired", "lodged", "key"]])
def test_many_numbers_are_a_stream_of_columns_each_packed(names: list[str]) -> None:
    given = table(4_000)[names]
    kept = stored(given)
    assert kept[:4] == b"nums" and len(kept) < given.memory_usage(index=False).sum()
    assert kept[8:12] == b"\xff\xff\xff\xff"  # a stream, which Parquet and what is packed are not
    pd.testing.assert_frame_equal(from_bytes(kept), given)
    pd.testing.assert_frame_equal(from_bytes(kept, ["mass"]), given[["mass"]])
    assert stored(from_bytes(to_bytes(given))) == kept  # as releases before stored it


@pytest.mark.parametrize("rows", [0, 3])
def test_values_that_pandas_knows_as_objects_come_back_too(rows: int) -> None:
    given = pd.DataFrame({"lists": pd.Series([[1, 2], [], [3]][:rows], dtype=object)})
    told = from_bytes(stored(given))["lists"].tolist()
    assert [list(one) for one in told] == given["lists"].tolist()


def test_the_same_values_are_the_same_bytes_however_they_came_about() -> None:
    """Whichever process computed a chunk: from arrays with more behind them, and under a mask."""
    missing = np.array([False, True, False, True])
    given = pd.DataFrame(
        {
            "goods": pd.array(["a", None, "ccc", None], dtype=TEXT),
            "points": pd.arrays.IntegerArray(np.array([5, 0, 6, 0]), missing.copy()),
            "fired": pd.arrays.BooleanArray(np.array([True, False, True, False]), missing.copy()),
            "mass": [1.5, np.nan, 2.5, np.nan],
        }
    )
    whole = pd.array(["before", "a", None, "ccc", None, "behind"], dtype=TEXT)
    other = pd.DataFrame(
        {
            "goods": whole[1:5],
            "points": pd.arrays.IntegerArray(np.array([5, 77, 6, 88]), missing.copy()),
            "fired": pd.arrays.BooleanArray(np.array([True, True, True, True]), missing.copy()),
            "mass": -np.array([-1.5, np.nan, -2.5, np.nan]),
        }
    )
    parts = pd.concat([other[:1], other[1:]], ignore_index=True)
    read = from_bytes(to_bytes(given))
    assert stored(given) == stored(other) == stored(parts) == stored(read)
    numbers = ["points", "fired", "mass"]  # of many rows these are a stream too
    long, same, alike = (
        stored(pd.concat([one[numbers]] * FEW, ignore_index=True)) for one in (given, other, read)
    )
    assert long == same == alike


def test_parquet_is_written_as_pandas_would_write_it() -> None:
    given, buffer = table(40), io.BytesIO()
    arrow = pa.Table.from_pandas(given, preserve_index=False)
    pq.write_table(arrow, buffer, compression="zstd", use_dictionary=False, write_statistics=False)
    assert to_bytes(given) == buffer.getvalue()


def test_a_chunk_that_was_stored_with_dictionaries_and_statistics_is_read() -> None:
    """As all chunks of many rows were before."""
    given, buffer = table(FEW + 1), io.BytesIO()
    pq.write_table(pa.Table.from_pandas(given, preserve_index=False), buffer, compression="zstd")
    pd.testing.assert_frame_equal(from_bytes(buffer.getvalue()), given)
    pd.testing.assert_frame_equal(from_bytes(buffer.getvalue(), ["key"]), given[["key"]])


def test_few_rows_take_a_part_of_what_parquet_takes() -> None:
    assert len(stored(table(1))) < len(to_bytes(table(1))) / 3


def test_a_chunk_that_was_stored_as_packed_parquet_is_read() -> None:
    """As chunks of few rows were before."""
    given = table(5)
    content = to_bytes(given)
    packed = pa.Codec("zstd").compress(content, asbytes=True)
    kept = struct.pack("<4sI", b"zstd", len(content)) + packed
    pd.testing.assert_frame_equal(from_bytes(kept), given)
    pd.testing.assert_frame_equal(from_bytes(kept, ["key"]), given[["key"]])


@pytest.mark.parametrize("rows", [3, FEW + 1])
def test_a_chunk_is_read_that_was_stored_without_a_sum(rows: int) -> None:
    """As all chunks of texts were before."""
    pd.testing.assert_frame_equal(from_bytes(stored(table(rows))[8:]), table(rows))


@pytest.mark.parametrize("some", [table(2), table(FEW + 1), table(FEW + 1)[["points", "mass"]]])
def test_damage_is_told_and_never_read_as_something_else(some: pd.DataFrame) -> None:
    kept = stored(some)
    for cut in (0, 6, len(kept) // 2, len(kept) - 1):
        with pytest.raises(Damaged):
            from_bytes(kept[:cut])
    for place in np.random.default_rng(3).integers(0, len(kept), 300):
        with pytest.raises(Damaged):
            from_bytes(flipped(kept, place), ["mass"])


def flipped(content: bytes, place: int) -> bytes:
    """These bytes with one bit another."""
    made = bytearray(content)
    made[place] ^= 1 << (int(place) % 8)
    return bytes(made)
