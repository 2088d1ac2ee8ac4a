"""JSON Lines: what the line said, never what JSON would make of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from riskprofile import intake
from riskprofile.errors import InputError
from riskprofile.intake import Chunk


def read(folder: Path, *lines: str) -> Chunk:
    path = folder / "sample.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    (chunk,) = intake.read(path)
    assert chunk.read == len(chunk.table) + len(chunk.rejected)
    return chunk


def test_numbers_flags_and_lists_reach_their_columns(tmp_path):
    chunk = read(
        tmp_path,
        '{"declaration_id": 7, "goods_description": "a", "value": 0.10, "gift": true,'
        ' "container_numbers": ["A", "B"], "hs_code": 101, "extra": {"x": 1}, "colour": [1, 2.5]}',
    )
    row = chunk.table.iloc[0]
    assert (row["declaration_id"], row["value"], row["gift"]) == ("7", 0.1, True)
    assert (row["container_numbers"], row["hs_code"]) == ("A|B", "0101")
    assert row["extra"] == '{"x": 1, "colour": [1, 2.5]}'
    assert row["warnings"] == "hs_as_number"
    assert chunk.unknown == ("colour",)


@pytest.mark.parametrize(
    "line",
    [
        '{"declaration_id": "D2", "goods_description": "b"',
        "[1, 2]",
        "7",
        '{"declaration_id": "D2", "declaration_id": "D3", "goods_description": "b"}',
        '{"declaration_id": "D2", "goods_description": "\\ud800"}',
        "[" * 100_000,
    ],
)
def test_a_line_that_is_no_object_is_set_aside_with_its_number(tmp_path, line):
    good = '{"declaration_id": "D1", "goods_description": "a"}'
    chunk = read(tmp_path, good, "", line, good)
    assert chunk.table["line"].tolist() == [1, 4]
    (rejection,) = chunk.rejected
    assert (rejection.line, rejection.reason_code) == (3, "json_format")
    assert rejection.raw == line[:20_000]


@pytest.mark.parametrize("number", ["1e309", "NaN", "Infinity", "-1"])
def test_numbers_that_cannot_be_are_set_aside(tmp_path, number):
    chunk = read(
        tmp_path, f'{{"declaration_id": "D1", "goods_description": "a", "value": {number}}}'
    )
    assert [each.column for each in chunk.rejected] == ["value"]
    assert number in chunk.rejected[0].raw


def test_headings_in_other_languages_are_known(tmp_path):
    chunk = read(tmp_path, '{"报关单号": "D1", "商品名称": "椅子", "毛重": "12.5", "value": null}')
    assert chunk.table["gross_mass_kg"].tolist() == [12.5]
    assert chunk.table["value"].tolist() == [pytest.approx(float("nan"), nan_ok=True)]
    assert chunk.table["warnings"].tolist() == [pd.NA]


def test_objects_without_the_mandatory_keys_are_an_error(tmp_path):
    with pytest.raises(InputError, match="no column for declaration_id"):
        read(tmp_path, '{"goods_description": "a", "value": 1}')
