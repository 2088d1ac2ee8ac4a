"""Parquet of any types: text again, then parsed by column like all text."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskprofile import intake
from riskprofile.errors import InputError
from riskprofile.intake import Chunk


def read(folder: Path, **columns: pa.Array) -> Chunk:
    size = len(next(iter(columns.values())))
    table = pa.table(
        {
            "declaration_id": [f"D{i}" for i in range(size)],
            "goods_description": ["chairs"] * size,
            **columns,
        }
    )
    path = folder / "sample.parquet"
    pq.write_table(table, path)
    (chunk,) = intake.read(path)
    return chunk


def test_typed_columns_are_read_as_what_they_hold(tmp_path):
    at = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.UTC)
    chunk = read(
        tmp_path,
        arrival_at=pa.array([at, None], pa.timestamp("ns", "Africa/Nairobi")),
        value=pa.array([Decimal("12.50"), None], pa.decimal128(9, 2)),
        gross_mass_kg=pa.array([0.1, float("nan")], pa.float64()),
        package_count=pa.array([3, None], pa.uint8()),
        gift=pa.array([True, None]),
        container_numbers=pa.array([["CSQU3054383", "A"], []], pa.list_(pa.string())),
        consignor_country=pa.array(["NA", None]).dictionary_encode(),
        customs_office=pa.array([101.0, 102.0]),
    )
    assert not chunk.rejected
    row = chunk.table.iloc[0]
    assert row["arrival_at"] == pd.Timestamp(at)
    assert (row["value"], row["gross_mass_kg"], row["package_count"]) == (12.5, 0.1, 3)
    assert row["gift"]
    assert row["container_numbers"] == "CSQU3054383|A"
    assert row["consignor_country"] == "NA"
    assert row["customs_office"] == "101"
    assert chunk.table.iloc[1][["value", "gift", "container_numbers"]].isna().all()


def test_a_file_of_no_rows_is_one_chunk_of_none(tmp_path):
    chunk = read(tmp_path, hs_code=pa.array([], pa.string()))
    assert (chunk.profile, len(chunk.table), chunk.rejected) == ("shipment", 0, [])
    assert "hs_code" in chunk.table


def test_a_long_number_that_pandas_kept_as_a_float_has_all_its_digits(tmp_path):
    """A column of whole numbers with a gap is one of floats there."""
    chunk = read(
        tmp_path,
        declaration_id=pa.array([202611240001.0, 2026112400001234.0]),
        consignee_phone=pa.array([4915112345678.0, None]),
    )
    assert chunk.table["declaration_id"].tolist() == ["202611240001", "2026112400001234"]
    assert chunk.table["consignee_phone"].tolist() == ["4915112345678", pd.NA]
    assert not chunk.rejected and chunk.table["warnings"].isna().all()


def test_hs_codes_as_numbers_are_told(tmp_path):
    chunk = read(tmp_path, hs_code=pa.array([101, None]))
    assert chunk.table["hs_code"].tolist() == ["0101", pd.NA]
    assert chunk.table["warnings"].tolist() == ["hs_as_number", pd.NA]


def test_nested_unknown_columns_are_kept_as_json(tmp_path):
    chunk = read(tmp_path, parts=pa.array([{"barrel": 1}]))
    assert chunk.unknown == ("parts",)
    assert chunk.table["extra"].tolist() == ['{"parts": "{\\"barrel\\": 1}"}']


@pytest.mark.parametrize("keep", [20, 400, -1])
def test_a_truncated_file_is_an_error(tmp_path, keep):
    out = io.BytesIO()
    pq.write_table(pa.table({"declaration_id": ["D1"], "goods_description": ["a"]}), out)
    path = tmp_path / "sample.parquet"
    path.write_bytes(out.getvalue()[:keep])
    with pytest.raises(InputError, match="truncated or damaged"):
        list(intake.read(path))


def test_columns_that_name_no_declaration_are_an_error(tmp_path):
    path = tmp_path / "sample.parquet"
    pq.write_table(pa.table({"goods_description": ["a"], "value": [1.0]}), path)
    with pytest.raises(InputError, match="no column for declaration_id"):
        list(intake.read(path))


def test_text_that_is_no_utf_8_makes_a_damaged_file(tmp_path):
    read(tmp_path, hs_code=["940161"])
    path = tmp_path / "sample.parquet"
    table = pq.read_table(path)
    pq.write_table(table, path, compression="none", use_dictionary=False)
    content = path.read_bytes()
    assert b"chairs" in content
    path.write_bytes(content.replace(b"chairs", b"\xcdhairs"))
    with pytest.raises(InputError, match="truncated or damaged"):
        list(intake.read(path))


def test_warnings_that_a_file_carries_stand_beside_those_of_its_reading(tmp_path):
    ours = {"source": ["a", "a"], "line": [2, 3], "warnings": ["zone_assumed", None]}
    chunk = read(
        tmp_path, hs_code=pa.array([101, 9403]), **{n: pa.array(c) for n, c in ours.items()}
    )
    assert chunk.table["warnings"].tolist() == ["zone_assumed|hs_as_number", "hs_as_number"]
