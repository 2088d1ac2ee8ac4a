"""Workbooks: what a spreadsheet did to the cells is undone where certain, and told."""

from __future__ import annotations

import datetime
import io
import json
import resource
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlwt

from riskprofile import intake
from riskprofile.errors import InputError
from riskprofile.intake import Chunk, workbook
from tests import factory

HEADINGS = ["declaration_id", "goods_description", "hs_code", "gross_mass_kg", "arrival_at"]


def read(folder: Path, *sheets: list[list[Any]]) -> list[Chunk]:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet{number}")
        for row in rows:
            sheet.append(row)
    path = folder / "sample.xlsx"
    book.save(path)
    return list(intake.read(path))


def test_numbers_and_dates_become_the_text_that_was_meant(tmp_path):
    arrival = datetime.datetime(2026, 11, 24, 8, 30)
    (chunk,) = read(tmp_path, [HEADINGS, [1001, "chairs", "0101", 12.5, arrival]])
    row = chunk.table.iloc[0]
    assert row["declaration_id"] == "1001"
    assert row["gross_mass_kg"] == 12.5
    assert row["arrival_at"] == pd.Timestamp("2026-11-24 08:30", tz="UTC")
    assert row["warnings"] == "zone_assumed"


def test_a_number_longer_than_a_spreadsheet_keeps_came_from_a_program_and_is_whole(tmp_path):
    whole, cut = 2026112400001234, 2026112400001230
    (chunk,) = read(tmp_path, [HEADINGS, [whole, "chairs"], [cut, "tables"]])
    assert chunk.table["declaration_id"].tolist() == [str(whole)]
    assert [each.reason_code for each in chunk.rejected] == ["digits_lost"]


@pytest.mark.parametrize(
    ("cell", "hs"),
    [(101, "0101"), (9403, "9403"), (1012100, "01012100"), (9305.2, "930520"), (940370, "940370")],
)
def test_an_hs_code_that_came_as_a_number_is_told_and_padded_where_certain(tmp_path, cell, hs):
    (chunk,) = read(tmp_path, [HEADINGS, ["D1", "chairs", cell, 1, None]])
    assert chunk.table["hs_code"].tolist() == [hs]
    assert chunk.table["warnings"].tolist() == ["hs_as_number"]


def test_headings_may_stand_lower_and_rows_keep_their_numbers(tmp_path):
    rows: list[list[Any]] = [["Manifest"], [], HEADINGS, ["D1", "a"], [], ["D2", "b"]]
    (chunk,) = read(tmp_path, rows)
    assert chunk.table["line"].tolist() == [4, 6]
    assert chunk.table["source"].iloc[0].endswith("sample.xlsx!/Sheet1")


@pytest.mark.parametrize("piece", [1, 2, 10_000])
def test_headings_that_stand_again_are_no_row(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(workbook, "PIECE", piece)
    rows: list[list[Any]] = [HEADINGS[:2], ["D1", "a"], HEADINGS[:2], ["D2", "b"]]
    chunks = read(tmp_path, rows)
    table = pd.concat([chunk.table for chunk in chunks])
    assert table["declaration_id"].tolist() == ["D1", "D2"]
    (again,) = [each for chunk in chunks for each in chunk.rejected]
    assert (again.reason_code, again.line, again.record_id) == ("header_repeated", 3, None)
    assert again.source.endswith("!/Sheet1")
    assert again.raw == "declaration_id\tgoods_description"


@pytest.mark.parametrize("piece", [1, 2, 10_000])
@pytest.mark.parametrize(
    "headings", [["Description", "Declaration number"], ["crossing_id", "crossing_at"]]
)
def test_rows_below_other_headings_are_not_read_under_the_first(
    tmp_path, monkeypatch, piece, headings
):
    """Two tables on one sheet: the goods of the second were taken for its declarations."""
    monkeypatch.setattr(workbook, "PIECE", piece)
    rows: list[list[Any]] = [HEADINGS[:2], ["D1", "a"], ["Declaration", "b"], headings, ["c", "D3"]]
    chunks = read(tmp_path, rows, [HEADINGS, ["D4", "d"]])
    table = pd.concat([chunk.table for chunk in chunks])
    assert table["declaration_id"].tolist() == ["D1", "Declaration", "D4"]
    told = [each for chunk in chunks for each in chunk.rejected]
    assert [(each.line, each.reason_code, each.record_id) for each in told] == [
        (line, "other_headings", None) for line in (4, 5)
    ]
    assert "line 4" in told[1].reason and told[1].raw == "c\tD3"


def test_a_cell_beyond_the_headings_is_kept(tmp_path):
    rows: list[list[Any]] = [HEADINGS[:2], ["D1", "a"], ["D2", "b", None, "rifle barrels"]]
    (chunk,) = read(tmp_path, rows)
    assert chunk.table["extra"].isna().tolist() == [True, False]
    assert json.loads(chunk.table["extra"][1]) == {"column 4": "rifle barrels"}


def test_every_sheet_with_headings_is_read_and_the_others_are_reported(tmp_path):
    chunks = read(
        tmp_path, [HEADINGS, ["D1", "a"]], [["notes"], ["of the day"]], [HEADINGS, ["D2", "b"]]
    )
    assert [chunk.table["declaration_id"].iloc[0] for chunk in chunks] == ["D1", "D2"]
    assert chunks[0].unknown == ("sheet Sheet2",)


@pytest.mark.parametrize("piece", [1, 2, 3, 10_000])
def test_no_row_of_a_sheet_is_read_as_one_of_the_sheet_before_it(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(workbook, "PIECE", piece)
    other = [HEADINGS[0], "value", HEADINGS[1]]
    chunks = read(
        tmp_path,
        [HEADINGS, ["D1", "a"], ["D2", "b"]],
        [["notes"], ["of the day"], ["and of the night"]],
        [other, ["D3", 5, "c"], ["D4", 6, "d"], ["D5", 7, "e"]],
        [HEADINGS, ["D6", "f"]],
    )
    found = [
        (source.rpartition("/")[2], key, goods)
        for chunk in chunks
        for source, key, goods in zip(
            *(chunk.table[name] for name in ("source", "declaration_id", "goods_description")),
            strict=True,
        )
    ]
    assert found == [
        *(("Sheet1", "D1", "a"), ("Sheet1", "D2", "b")),
        *(("Sheet3", "D3", "c"), ("Sheet3", "D4", "d"), ("Sheet3", "D5", "e")),
        ("Sheet4", "D6", "f"),
    ]
    assert sum(chunk.read for chunk in chunks) == len(found)


def test_xls_is_read_alike(tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Old")
    for at, row in enumerate([[], HEADINGS, ["D1", "chairs", "0101", 12.5]]):
        for position, cell in enumerate(row):
            sheet.write(at, position + 2, cell)  # the table need not start in the first column
    path = tmp_path / "sample.xls"
    book.save(str(path))
    (chunk,) = intake.read(path)
    assert chunk.table["hs_code"].tolist() == ["0101"]
    assert chunk.table["line"].tolist() == [3]


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04[Content_Types].xml", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600]
)
def test_a_damaged_workbook_is_an_error(tmp_path, content):
    path = tmp_path / "sample.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="truncated"):
        list(intake.read(path))


def test_a_full_disk_is_not_taken_for_a_damaged_workbook(tmp_path):
    path = tmp_path / "sample.xlsx"
    factory.shipments(900).astype(str).to_excel(path, index=False)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    room = path.stat().st_size + 4096  # for the copy that is read, and not for its cells
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            list(intake.read(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_a_tiny_workbook_that_spans_billions_of_cells_is_an_error_and_not_the_end(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADINGS)
    sheet["XFD1048576"] = "far away"
    path = tmp_path / "sample.xlsx"
    book.save(path)
    with pytest.raises(InputError, match="stray cells far from its table"):
        list(intake.read(path))


def test_an_opendocument_workbook_is_refused_with_what_to_do(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("content.xml", "<x/>")
    path = tmp_path / "sample.ods"
    path.write_bytes(content.getvalue())
    with pytest.raises(InputError, match="Save it as XLSX"):
        list(intake.read(path))


def test_a_stray_cell_far_below_keeps_its_row_number_and_costs_no_rows(tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Manifest")
    for position, cell in enumerate(HEADINGS[:2]):
        sheet.write(0, position, cell)
    sheet.write(1, 0, "D1")
    sheet.write(1, 1, "chairs")
    sheet.write(65_535, 0, "D2")
    path = tmp_path / "far.xls"
    book.save(str(path))
    (chunk,) = intake.read(path)
    assert chunk.table["line"].tolist() == [2]
    assert [(one.line, one.reason_code) for one in chunk.rejected] == [
        (65_536, "mandatory_missing")
    ]


def test_a_small_workbook_that_asks_for_much_work_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "WORK", 0.02)  # seconds; a million rows take half a one
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    book.active.cell(1_048_576, 1, "D1")
    path = tmp_path / "far.xlsx"
    book.save(path)
    with pytest.raises(InputError, match="no workbook that can be read"):
        list(intake.read(path))


def test_a_canonical_table_that_was_saved_as_a_workbook_keeps_its_warnings(tmp_path):
    headings = ["declaration_id", "goods_description", "hs_code", "source", "line", "warnings"]
    told = "zone_assumed|hs_as_number"
    rows = [["D1", "chairs", 101, "a", 2, told], ["D2", "tables", "9403", "a", 3, None]]
    (chunk,) = read(tmp_path, [headings, *rows])
    assert chunk.table["warnings"].tolist() == [told, pd.NA]
    assert chunk.unknown == ()
