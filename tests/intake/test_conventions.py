"""How a file writes numbers and dates, decided from all of it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile import intake
from riskprofile.intake import lines
from riskprofile.intake.conventions import readings


@given(st.integers(0, 10**9), st.integers(0, 999))
def test_a_number_written_in_either_way_reads_back(whole, part):
    meant = float(f"{whole}.{part:03}")  # 8 + 274 / 1000 is a little more
    assert float(readings(f"{whole:,}.{part:03}")[0] or "nan") == meant
    german = f"{whole:,}".replace(",", ".") + f",{part:03}"
    assert float(readings(german)[1] or "nan") == meant
    french = f"{whole:,}".replace(",", "\u202f") + f",{part:03}"
    assert float(readings(french)[1] or "nan") == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        ",",
        "-",
        "1,23,456",
        "12,3456.7,8",
        "0x1",
        "1_0",
        "inf",
        "1e",
        "٣",
        "1 2",
        "1,234 567",
    ],
)
def test_what_is_no_number_has_no_reading(text):
    as_point, as_comma = readings(text)
    assert as_point is None
    assert as_comma is None


def test_evidence_in_the_last_block_decides_the_first_row(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "BLOCK", 2_000)
    rows = "".join(f"D{i};chairs;1.234\n" for i in range(500))
    path = tmp_path / "sample.csv"
    path.write_text(f"declaration_id;goods_description;gross_mass_kg\n{rows}X;chairs;0,5\n")
    chunks = list(intake.read(path, chunk_rows=100))
    assert chunks[0].table["gross_mass_kg"].iloc[0] == 1234.0
    assert not any(chunk.rejected for chunk in chunks)


def test_cells_set_off_by_semicolons_leave_a_lone_point_unsure(tmp_path):
    path = tmp_path / "sample.csv"
    path.write_text(
        "declaration_id;goods_description;gross_mass_kg\nD1;chairs;1.234\nD2;chairs;7\n"
    )
    (chunk,) = intake.read(path)
    assert [each.reason_code for each in chunk.rejected] == ["number_ambiguous"]


def test_one_column_shows_for_another_how_the_file_writes(tmp_path):
    path = tmp_path / "sample.csv"
    path.write_text("declaration_id;goods_description;gross_mass_kg;value\nD1;chairs;1.234;9,50\n")
    (chunk,) = intake.read(path)
    assert chunk.table["gross_mass_kg"].tolist() == [1234.0]


def test_a_single_slip_does_not_make_a_file_ambiguous(tmp_path):
    rows = "".join(f"D{i};chairs;{i}.5\n" for i in range(100))
    path = tmp_path / "sample.csv"
    path.write_text(
        f"declaration_id;goods_description;gross_mass_kg\n{rows}X;chairs;1,5\nY;chairs;1.234\n"
    )
    (chunk,) = intake.read(path)
    assert chunk.table["gross_mass_kg"].iloc[-2:].tolist() == [1.5, 1.234]


COMMAS = "1,5", "2,75"


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "xlsx"])
def test_a_cell_that_came_as_a_number_is_read_so_beside_texts_with_a_comma(tmp_path, kind):
    path = tmp_path / f"sample.{kind}"
    table = {
        "declaration_id": ["D1", "D2"],
        "goods_description": ["chairs", "tables"],
        "gross_mass_kg": [1.234, 5.125],
        "value": COMMAS,
    }
    made = pd.DataFrame(table)
    if kind == "xlsx":
        made.to_excel(path, index=False)
    elif kind == "parquet":
        made.to_parquet(path)
    else:
        made.to_json(path, orient="records", lines=True)
    (chunk,) = intake.read(path)
    assert chunk.table["gross_mass_kg"].tolist() == [1.234, 5.125]
    assert chunk.table["value"].tolist() == [1.5, 2.75]


def test_cells_that_came_as_numbers_do_not_show_how_texts_are_written(tmp_path):
    path = tmp_path / "sample.xlsx"
    pd.DataFrame(
        {
            "declaration_id": ["D1", "D2"],
            "goods_description": ["chairs", "tables"],
            "gross_mass_kg": ["1,234", "2"],
            "value": [12.5, 13.75],
        }
    ).to_excel(path, index=False)
    (chunk,) = intake.read(path)
    assert [each.reason_code for each in chunk.rejected] == ["number_ambiguous"]


def test_texts_of_json_lines_are_read_as_the_whole_file_writes(tmp_path):
    path = tmp_path / "sample.jsonl"
    rows = [("D1", "1.234", "03/04/2026"), ("D2", "12,5", "25/12/2026")]
    path.write_text(
        "".join(
            f'{{"declaration_id": "{name}", "goods_description": "chairs",'
            f' "gross_mass_kg": "{mass}", "lodged_at": "{day}"}}\n'
            for name, mass, day in rows
        )
    )
    (chunk,) = intake.read(path)
    assert chunk.table["gross_mass_kg"].tolist() == [1234.0, 12.5]
    assert chunk.table["lodged_at"].dt.month.tolist() == [4, 12]


@pytest.mark.parametrize("more", [20, 10_100])
def test_numbers_that_came_as_such_do_not_show_it_in_a_large_file_either(tmp_path, more):
    path = tmp_path / "sample.jsonl"
    row = (
        '{"declaration_id": "D%d", "goods_description": "x", "gross_mass_kg": %d.5, "value": %s}\n'
    )
    values = ['"1.234"', *["1"] * more, '"12,5"']
    path.write_text("".join(row % (at, at, value) for at, value in enumerate(values)))
    chunks = list(intake.read(path))
    assert chunks[0].table["value"].iloc[0] == 1234.0
    assert sum(len(chunk.table) for chunk in chunks) == len(values)
