"""CSV files as borders send them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from riskprofile import intake
from riskprofile.errors import InputError
from riskprofile.intake import Chunk


def read(folder: Path, content: str | bytes, **how: object) -> Chunk:
    """The only chunk of a small CSV."""
    path = folder / "sample.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (chunk,) = intake.read(path, **how)  # type: ignore[arg-type]
    assert chunk.read == len(chunk.table) + len(chunk.rejected)
    return chunk


def one_column(folder: Path, name: str, *cells: str) -> tuple[list[object], list[str]]:
    """Values of one shipment column, and the reason codes of the rows set aside."""
    rows = "".join(f'D{i},chairs,"{cell}"\n' for i, cell in enumerate(cells))
    chunk = read(folder, f"declaration_id,goods_description,{name}\n{rows}")
    return chunk.table[name].tolist(), [each.reason_code for each in chunk.rejected]


def test_codes_keep_their_zeros_and_names_that_look_like_nothing_stay(tmp_path):
    chunk = read(
        tmp_path,
        "declaration_id,goods_description,hs_code,country_of_origin,consignor_name\n"
        "D1,chairs,0101,NA,None\nD2,chairs,01.01 21,na,NONE\nD3,chairs,0102,NAM,NA\n",
    )
    assert chunk.table["hs_code"].tolist() == ["0101", "010121", "0102"]
    assert chunk.table["country_of_origin"].tolist() == ["NA", "NA", "NA"]  # Namibia
    assert chunk.table["consignor_name"].tolist() == ["None", "NONE", "NA"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1e309", "number_out_of_range"),
        ("1e-999", "number_out_of_range"),
        ("5e-324", "number_out_of_range"),
        ("1.7976931348623157e308", "number_out_of_range"),
        ("1.1e30", "number_out_of_range"),
        ("-1", "number_out_of_range"),
        ("1_000", "number_format"),
        ("0x10", "number_format"),
        ("inf", "number_format"),
        ("nan", "number_format"),
        ("12 kg", "number_format"),
        ("٣", "number_not_ascii"),
        ("１２", "number_not_ascii"),
    ],
)
def test_what_only_looks_like_a_number_is_set_aside(tmp_path, cell, code):
    assert one_column(tmp_path, "value", "12.5", cell) == ([12.5], [code])


def test_a_rejection_says_where_which_column_why_and_keeps_the_raw_cells(tmp_path):
    chunk = read(
        tmp_path,
        "declaration_id,goods_description,value,package_count,hs_code\nD1,,x,1.5,93X1\n",
    )
    (rejection,) = chunk.rejected
    assert (rejection.line, rejection.record_id) == (2, "D1")
    assert (rejection.column, rejection.reason_code) == ("hs_code", "hs_format")
    assert rejection.reason == (
        "hs_code '93X1' is not 2 to 10 digits; package_count '1.5' is not a whole number; "
        "value 'x' is not a number"
    )
    assert rejection.raw == (
        '{"declaration_id": "D1", "hs_code": "93X1", "package_count": "1.5", "value": "x"}'
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(tmp_path, delimiter, encoding, ending):
    lines = [("declaration_id", "goods_description", "value"), ("D1", "café", "12.5")]
    text = ending.join(delimiter.join(line) for line in lines) + ending
    chunk = read(tmp_path, text.encode(encoding))
    assert chunk.table["goods_description"].tolist() == ["café"]
    assert chunk.table["value"].tolist() == [12.5]
    assert chunk.table["line"].tolist() == [2]


def test_a_line_that_is_not_utf8_is_read_as_windows_1252_and_warned(tmp_path):
    text = b"declaration_id,goods_description\nD1,caf\xc3\xa9\nD2,caf\xe9\n"
    chunk = read(tmp_path, text)
    assert chunk.table["goods_description"].tolist() == ["café", "café"]
    assert chunk.table["warnings"].tolist() == [pd.NA, "encoding_guessed"]


def test_the_headings_may_stand_lower_and_in_another_language(tmp_path):
    chunk = read(
        tmp_path,
        "Выгрузка\n\nномер декларации;ОПИСАНИЕ ТОВАРА;Вес брутто (кг)\nD1;стулья;1 250,5\n",
    )
    assert chunk.table["gross_mass_kg"].tolist() == [1250.5]
    assert chunk.table["line"].tolist() == [4]


def test_an_open_quote_loses_one_line_and_not_the_file(tmp_path):
    rows = "".join(f"D{i},chairs\n" for i in range(2_000))
    chunk = read(tmp_path, 'declaration_id,goods_description\nX,"open\n' + rows)
    assert len(chunk.table) == 2_000
    assert [(each.reason_code, each.line) for each in chunk.rejected] == [("open_quote", 2)]
    assert chunk.table["line"].iloc[0] == 3


def test_a_quoted_line_break_keeps_the_physical_line_numbers(tmp_path):
    chunk = read(
        tmp_path, 'declaration_id,goods_description\nD1,"two\nlines, one cell"\nD2,"a ""b"" c"\n'
    )
    assert chunk.table["goods_description"].tolist() == ["two\nlines, one cell", 'a "b" c']
    assert chunk.table["line"].tolist() == [2, 4]


def test_a_row_with_more_or_fewer_cells_is_set_aside_whole(tmp_path):
    chunk = read(
        tmp_path, "declaration_id,goods_description,value\nD1,a,1\nD2,b\nD3,c,1,9\n\n,,\nD4,d,2\n"
    )
    assert chunk.table["declaration_id"].tolist() == ["D1", "D4"]
    assert [(each.line, each.reason_code, each.record_id) for each in chunk.rejected] == [
        (3, "cell_count", "D2"),
        (4, "cell_count", "D3"),
    ]
    assert chunk.read == 4  # lines without a cell are no records


def test_headings_that_stand_again_are_no_record_of_goods(tmp_path):
    chunk = read(
        tmp_path, "declaration_id,goods_description\nD1,a\ndeclaration_id,goods_description\nD2,b\n"
    )
    assert chunk.table["declaration_id"].tolist() == ["D1", "D2"]
    assert [each.reason_code for each in chunk.rejected] == ["header_repeated"]


def test_a_nul_byte_sets_its_row_aside(tmp_path):
    chunk = read(tmp_path, "declaration_id,goods_description\nD1,cha\0irs\nD2,chairs\n")
    assert [each.reason_code for each in chunk.rejected] == ["nul_byte"]


@pytest.mark.parametrize(
    ("column", "most"),
    [("declaration_id", 200), ("consignee_name", 500), ("goods_description", 20_000)],
)
def test_a_text_that_no_such_thing_has_sets_its_row_aside(tmp_path, column, most):
    """What a sender can write as long as he likes would stop a database, or fill a page."""
    row = {"declaration_id": "D1", "consignee_name": "", "goods_description": "chairs"}
    lines = [",".join({**row, column: "ж" * length}.values()) for length in (most, most + 1)]
    chunk = read(tmp_path, "\n".join([",".join(row), *lines, ""]))
    assert [(each.column, each.reason_code) for each in chunk.rejected] == [
        (column, "text_too_long")
    ]
    assert chunk.table[column].tolist() == ["ж" * most]


def test_of_joined_codes_each_is_as_long_as_one_can_be_and_there_may_be_many(tmp_path):
    many = "|".join(f"MSCU{number:07}" for number in range(200))
    chunk = read(
        tmp_path,
        f"declaration_id,hs_code,seal_numbers\nD1,640399,{many}\nD2,640399,A|{'B' * 501}|C\n",
    )
    assert [(each.record_id, each.reason_code) for each in chunk.rejected] == [
        ("D2", "text_too_long")
    ]
    assert chunk.table["seal_numbers"].tolist() == [many]


def test_the_decimal_mark_is_decided_from_all_rows_of_the_file(tmp_path):
    assert one_column(tmp_path, "value", "1,234", "2,5") == ([1.234, 2.5], [])
    assert one_column(tmp_path, "value", "1,234", "2.5") == ([1234.0, 2.5], [])
    assert one_column(tmp_path, "value", "1.234", "2,5") == ([1234.0, 2.5], [])
    assert one_column(tmp_path, "value", "1,234,567") == ([1234567.0], [])
    assert one_column(tmp_path, "value", "1.234.567,8") == ([1234567.8], [])
    assert one_column(tmp_path, "value", "1.234") == ([1.234], [])  # as the canonical table writes
    assert one_column(tmp_path, "value", "1,234", "7") == ([7.0], ["number_ambiguous"])


def test_the_order_of_day_and_month_is_decided_from_all_rows_of_the_file(tmp_path):
    def day(text: str) -> pd.Timestamp:
        return pd.Timestamp(text, tz="UTC")

    assert one_column(tmp_path, "arrival_at", "03/04/2026", "13/04/2026") == (
        [day("2026-04-03"), day("2026-04-13")],
        [],
    )
    assert one_column(tmp_path, "arrival_at", "03/04/2026", "04/13/2026 3:30 PM") == (
        [day("2026-03-04"), day("2026-04-13 15:30")],
        [],
    )
    assert one_column(tmp_path, "arrival_at", "03/04/2026") == ([], ["date_ambiguous"])
    assert one_column(tmp_path, "arrival_at", "03.04.2026") == ([day("2026-04-03")], [])


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_any_chunk_size_gives_the_same_records(tmp_path, size):
    rows = "".join(f'D{i},"a\nb",{i}.5\nE{i},c\n' for i in range(20))
    path = tmp_path / "sample.csv"
    path.write_text(f"declaration_id,goods_description,value\n{rows}")
    whole = next(iter(intake.read(path)))
    parts = list(intake.read(path, chunk_rows=size))
    assert max(part.read for part in parts) <= size
    together = pd.concat([part.table for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(together, whole.table)
    assert [each for part in parts for each in part.rejected] == whole.rejected


def test_unknown_columns_are_reported_and_kept(tmp_path):
    chunk = read(tmp_path, 'declaration_id,goods_description,Colour\nD1,a,"re""d"\nD2,b,\n')
    assert chunk.unknown == ("Colour",)
    assert chunk.table["extra"].tolist() == ['{"Colour": "re\\"d"}', pd.NA]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_headings_alone_are_a_file_without_records(tmp_path, end):
    chunk = read(tmp_path, f"declaration_id,goods_description{end}")
    assert (chunk.read, chunk.profile, chunk.format) == (0, "shipment", "csv")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"just some words\nand more\n", "no format known"),
        (b"goods_description,value\na,1\n", "no column for declaration_id"),
        (
            b"declaration_id,goods_description" + b",another" * 10_000 + b"\nD1,a\n",
            "longer than 64 KB",
        ),
        # Without the time: processes that run the suite have to name its tests alike.
        (gzip.compress(b"declaration_id,goods_description\n" * 1_000, mtime=0)[:-20], "truncated"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_an_error_that_says_what_to_do(tmp_path, content, says):
    path = tmp_path / "sample.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        list(intake.read(path))
    assert caught.value.where.startswith(str(path))
    assert caught.value.do


def test_a_directory_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"is a directory\. Name the files in it"):
        list(intake.read(tmp_path))


@pytest.mark.parametrize(
    "headings",
    [
        "Description,Declaration number,Consignee",
        "declaration_id,consignee_name,goods_description",
        "crossing_id,crossing_at,name",
    ],
)
@pytest.mark.parametrize("size", [5_000, 2])
def test_rows_below_other_headings_are_not_read_under_the_first(tmp_path, size, headings):
    """Two files made one, whose columns stand in another order."""
    path = tmp_path / "both.csv"
    path.write_text(
        "declaration_id,goods_description,consignee_name\nD1,chairs,Ann\nDeclaration,tins,Bo\n"
        f"{headings}\ntables,D3,Cy\nrifles,D4,Di\n"
    )
    chunks = list(intake.read(path, chunk_rows=size))
    assert [row for chunk in chunks for row in chunk.table["declaration_id"]] == [
        "D1",
        "Declaration",
    ]
    told = [each for chunk in chunks for each in chunk.rejected]
    assert [(each.line, each.reason_code) for each in told] == [
        (line, "other_headings") for line in (4, 5, 6)
    ]
    assert "line 4" in told[0].reason and told[1].raw == "tables,D3,Cy"


def test_the_same_headings_again_are_no_other_table_where_the_profile_is_named(tmp_path):
    """Left to itself, the program would take them for those of a declaration."""
    path = tmp_path / "both.csv"
    headings = "crossing_id,crossing_at,declaration_id,goods_description,hs_code,value"
    path.write_text(
        f"{headings}\nC1,2026-11-24T08:00Z,D1,,,\n{headings}\nC2,2026-11-24T08:00Z,D2,,,\n"
    )
    (chunk,) = intake.read(path, profile="traveller")
    assert chunk.table["crossing_id"].tolist() == ["C1", "C2"]
    assert [each.reason_code for each in chunk.rejected] == ["header_repeated"]


def test_beside_a_chunk_little_of_its_file_is_held(tmp_path):
    """What was read ahead, and the cells of the chunk as they were written, are let go of."""
    path = tmp_path / "long.csv"
    with path.open("w", encoding="ascii") as stream:
        stream.write("declaration_id,goods_description,consignor_name\n")
        for each in range(24_000):
            stream.write(f"D{each},{f'chairs of beech {each} ' * 12},Maker {each}\n")
    before, held = pa.total_allocated_bytes(), []
    for chunk in intake.read(path, chunk_rows=4_000):
        own = chunk.table.memory_usage(index=False, deep=True).sum()
        held.append((pa.total_allocated_bytes() - before) / own)
    assert len(held) == 6 and max(held[3:]) < 2.5


def test_warnings_that_a_file_carries_stand_beside_those_of_its_reading(tmp_path):
    head = "declaration_id,goods_description,source,line,warnings\n"
    rows = "D1,café,a,2,zone_assumed\nD2,tea,a,3,hs_odd_length\nD3,thé,a,4,\n"
    chunk = read(tmp_path, (head + rows).encode("cp1252"))
    told = ["zone_assumed|encoding_guessed", "hs_odd_length", "encoding_guessed"]
    assert chunk.table["warnings"].tolist() == told
