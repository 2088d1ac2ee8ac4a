"""Text to typed columns, one kind of column at a time."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from riskprofile.errors import InputError
from riskprofile.intake import RawChunk, Rejection, canonical
from riskprofile.intake.values import trimmed
from riskprofile.profiles import PROFILES
from riskprofile.tables import SOURCE_COLUMNS, TEXT, Table

OFFICES = {"XMPME": "Africa/Nairobi", "XMBER": "Europe/Berlin"}


def raw(profile: str = "shipment", **columns: Any) -> RawChunk:
    """A raw chunk of text; the mandatory columns are filled where not given."""
    size = max(len(cells) for cells in columns.values())
    must = {group[0]: "D1" for group in PROFILES[profile].mandatory}
    if "crossing_at" in must:
        must["crossing_at"] = "2026-11-24T08:00Z"
    cells = {name: [text] * size for name, text in must.items()} | columns
    rows = {name: pa.array(texts, pa.large_string()) for name, texts in cells.items()}
    rows |= {"source": pa.repeat("memory", size), "line": pa.array(range(1, size + 1), "int64")}
    return RawChunk(profile, pa.RecordBatch.from_pydict(rows))


def warned(chunk: RawChunk, *warnings: str | None) -> RawChunk:
    """The same chunk, its rows with these warnings of the reader."""
    rows = chunk.rows.append_column("warnings", pa.array(warnings, pa.large_string()))
    return RawChunk(chunk.profile, rows)


def parse(
    profile: str = "shipment", offices: dict[str, str] | None = None, **columns: Any
) -> tuple[Table, list[Rejection]]:
    return canonical.parse(raw(profile, **columns), PROFILES[profile], offices)


def codes(rejected: list[Rejection]) -> list[tuple[str | None, str]]:
    return [(each.column, each.reason_code) for each in rejected]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_table_has_every_column_of_the_contract_with_its_type(profile):
    table, rejected = parse(profile, carrier=["X", None])
    assert not rejected
    assert table.columns.tolist() == [*PROFILES[profile].names, *SOURCE_COLUMNS]
    for spec in PROFILES[profile].columns:
        assert table[spec.name].dtype == spec.dtype, spec.name


@pytest.mark.parametrize("profile", PROFILES)
def test_no_rows_give_an_empty_table(profile):
    table, rejected = parse(profile, carrier=[])
    assert (len(table), rejected) == (0, [])


def test_blank_text_is_missing_and_white_space_around_text_goes(profile="shipment"):
    table, _ = parse(consignor_name=["", "  ", "\u00a0Ä \t", "NONE"])
    assert table["consignor_name"].tolist() == [pd.NA, pd.NA, "Ä", "NONE"]


@pytest.mark.parametrize("odd", [" x", "x\u3000", "\x1cx", "x\n"])
def test_a_part_of_a_column_is_trimmed_as_that_part_alone(odd):
    column = pa.array(["plain", "", "plain", odd, ""], pa.large_string())
    assert trimmed(column[2:]).to_pylist() == ["plain", "x", None]
    assert trimmed(column[:3]).to_pylist() == ["plain", None, "plain"]


def test_an_empty_cell_is_missing_whatever_lies_under_a_missing_one():
    _, at, cells = pa.array(["plain", "under", "", "x"], pa.large_string()).buffers()
    given = pa.py_buffer(bytes([0b1101]))
    column = pa.Array.from_buffers(pa.large_string(), 4, [given, at, cells])
    assert trimmed(column).to_pylist() == ["plain", None, None, "x"]


def test_what_is_mandatory_must_be_there():
    _, rejected = parse(
        declaration_id=[None, "D2", "D3"],
        goods_description=["chairs", None, None],
        hs_code=["0101", "0101", None],
    )
    assert codes(rejected) == [
        ("declaration_id", "mandatory_missing"),
        ("goods_description", "mandatory_missing"),
    ]
    assert rejected[1].reason == "goods_description or hs_code is missing"


def test_a_time_without_a_zone_takes_that_of_its_office_and_else_is_utc_and_told():
    table, _ = parse(
        offices=OFFICES,
        customs_office=["XMPME", "XMBER", "XX", None],
        arrival_at=["2026-11-24 08:00"] * 4,
    )
    assert table["arrival_at"].dt.hour.tolist() == [5, 7, 8, 8]
    assert table["warnings"].tolist() == [pd.NA, pd.NA, "zone_assumed", "zone_assumed"]


def test_an_hour_that_a_clock_change_makes_twice_or_never_is_told():
    table, _ = parse(
        offices=OFFICES,
        customs_office=["XMBER"] * 3,
        arrival_at=["2026-10-25 02:30", "2026-03-29 02:30", "2026-03-29 04:30"],
    )
    assert table["arrival_at"].dt.strftime("%H:%M").tolist() == ["00:30", "01:00", "02:30"]
    assert table["warnings"].tolist() == ["zone_change_hour", "zone_change_hour", pd.NA]


def test_an_office_in_no_known_zone_is_an_error_that_names_it():
    with pytest.raises(InputError, match="Mars/Base"):
        parse(offices={"X": "Mars/Base"}, customs_office=["X"], arrival_at=["2026-11-24 08:00"])


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-24T08:00:00Z", "2026-11-24 08:00:00"),
        ("2026-11-24T08:00:00.5+02:00", "2026-11-24 06:00:00.5"),
        ("2026-11-24T08:00-0330", "2026-11-24 11:30:00"),
        ("20261124T0800+01", "2026-11-24 07:00:00"),
        ("2026/11/24 8:05:09 PM Z", "2026-11-24 20:05:09"),
        ("2026/11/24 12:05 AM Z", "2026-11-24 00:05:00"),
        ("2026/11/24 12:05 PM Z", "2026-11-24 12:05:00"),
        ("2026-11-24T08:00:00.123456789Z", "2026-11-24 08:00:00.123456"),
        ("24-Nov-2026", "2026-11-24"),
        ("24-NOV-2026 08:05:09", "2026-11-24 08:05:09"),
        ("24NOV2026", "2026-11-24"),
        ("24 November 2026", "2026-11-24"),
        ("November 24, 2026 8:00 PM", "2026-11-24 20:00:00"),
        ("24/nov./2026T08:00+02:00", "2026-11-24 06:00:00"),
        ("1 août 2026", "2026-08-01"),
        ("3. März 2026", "2026-03-03"),
    ],
)
def test_written_times(text, utc):
    # beside a time in another form, so that no column is read by its first row
    table, rejected = parse(arrival_at=[text, "24.11.2026 09:00"])
    assert not rejected
    assert table["arrival_at"].tolist() == [
        pd.Timestamp(utc, tz="UTC"),
        pd.Timestamp("2026-11-24 09:00", tz="UTC"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-02-30", "date_impossible"),
        ("2026-13-01", "date_impossible"),
        ("2026-11-24T25:00", "date_impossible"),
        ("2026-11-24T08:60", "date_impossible"),
        ("2026-11-24T24:00", "date_impossible"),
        ("31/02/2026", "date_impossible"),
        ("0026-11-24", "date_out_of_range"),
        ("1899-12-30", "date_out_of_range"),
        ("9999-12-31", "date_out_of_range"),
        ("45000", "date_format"),
        ("٢٠٢٦-١١-٢٤", "date_format"),
        ("24/11/26", "date_format"),
        ("tomorrow", "date_format"),
        ("24-Nov-26", "date_format"),
        ("24-Nex-2026", "date_format"),
        ("31-Nov-2026", "date_impossible"),
        ("03/04/2026", "date_ambiguous"),
    ],
)
def test_times_that_cannot_be_are_set_aside_and_never_rolled_over(text, code):
    table, rejected = parse(arrival_at=["2026-11-24T08:00Z", text])
    assert codes(rejected) == [("arrival_at", code)]
    assert len(table) == 1


def test_arrival_before_lodging_is_told():
    table, _ = parse(
        lodged_at=["2026-11-24T08:00Z", "2026-11-24T08:00Z", None],
        arrival_at=["2026-11-24T07:59Z", "2026-11-24T08:00Z", "2026-11-24T08:00Z"],
    )
    assert table["warnings"].tolist() == ["arrival_before_lodged", pd.NA, pd.NA]


def test_a_well_formed_code_that_no_table_knows_is_a_warning_on_its_row():
    table, rejected = parse(
        hs_code=["950300", "7777", None, "99 9", "9503.00.1234"],
        currency=["EUR", "ZZZ", "hrk", None, "USD"],
    )
    assert rejected == []
    told = ["", "hs_unknown|currency_unknown", "", "hs_odd_length", ""]  # 99 is national
    assert table["warnings"].fillna("").tolist() == told
    assert table["currency"].fillna("").tolist() == ["EUR", "ZZZ", "HRK", "", "USD"]


def test_countries_by_code_or_english_name():
    table, rejected = parse(
        country_of_origin=["na", "XKX", "XK", "GBR", "Germany", "XZ", "Nowhere land", "N"]
    )
    assert table["country_of_origin"].tolist() == ["NA", "XK", "XK", "GB", "DE", "XZ"]
    assert table["warnings"].tolist() == [pd.NA] * 5 + ["country_unknown"]
    assert codes(rejected) == [("country_of_origin", "country_format")] * 2


def test_currencies_have_three_letters_or_the_number_of_one():
    table, rejected = parse(currency=["usd", "EUR", "US$", "€", "840", "008", "532", "8", "000"])
    assert table["currency"].tolist() == ["USD", "EUR", "USD", "ALL", "XCG"]
    assert codes(rejected) == [("currency", "currency_format")] * 4


def test_hs_codes_are_digits_and_keep_their_zeros():
    given = ["0101", "01.01.21 00", "1", "01012100000", "93X1", "٩٣٠١", "101"]
    table, rejected = parse(hs_code=[*given, "9401.80.00.00.19", "590123412345"])
    assert table["hs_code"].tolist() == ["0101", "01012100", "101", "9401800000"]
    assert table["warnings"].tolist() == [pd.NA, pd.NA, "hs_odd_length", "hs_shortened"]
    assert codes(rejected) == [("hs_code", "hs_format")] * 5  # the last is some other number
    assert table["extra"].tolist() == [pd.NA] * 3 + ['{"hs_code": "9401.80.00.00.19"}']


def test_an_hs_code_that_is_cut_stands_beside_what_else_no_column_takes():
    cut, extra = ["9401.80.00.00.19", "940180000019", "940180"], ['{"lot": "7"}', None, None]
    table, _ = parse(hs_code=cut, extra=extra)
    assert [json.loads(each) for each in table["extra"].dropna()] == [
        {"hs_code": "9401.80.00.00.19", "lot": "7"},
        {"hs_code": "940180000019"},
    ]
    again, _ = parse(hs_code=table["hs_code"], extra=table["extra"])
    assert again["extra"].tolist() == table["extra"].tolist()


def test_bounds_are_those_of_the_column():
    table, rejected = parse(
        gross_mass_kg=["0", "-0.0", "0.001", "1"],
        package_count=["0", "0", "0", "-1"],
    )
    assert table["gross_mass_kg"].tolist() == [0.001]
    assert codes(rejected) == [
        ("gross_mass_kg", "number_out_of_range"),
        ("gross_mass_kg", "number_out_of_range"),
        ("package_count", "number_out_of_range"),
    ]


def test_whole_numbers_are_whole():
    table, rejected = parse(package_count=["7", "7.0", "007", "1e3", "7.5", "9007199254740993"])
    assert table["package_count"].tolist() == [7, 7, 7, 1000]
    assert codes(rejected) == [
        ("package_count", "number_not_whole"),
        ("package_count", "number_out_of_range"),
    ]


def test_a_number_is_read_the_same_whatever_stands_beside_it():
    written = ["0.1", "12.50", "007", "8.27401", "1e3", "123456789012345.25", "0.000000000001"]
    alone = [parse(value=[one])[0]["value"].iloc[0] for one in written]
    beside, _ = parse(value=[*written, "1 234", "bad"])
    assert beside["value"].tolist() == [*alone, 1234.0] == [*map(float, written), 1234.0]


def test_choices_take_other_names_and_yes_and_no_too():
    table, rejected = parse(
        transport_mode=["SEA", "1", "Luft", "公路运输", "teleport"],
        gift=["yes", "Нет", "1", "0", "true"],
        procedure=["IM", "Export", "transit", "TRANSHIPMENT", None],
    )
    assert table["transport_mode"].tolist() == ["sea", "sea", "air", "road"]
    assert table["gift"].tolist() == [True, False, True, False]
    assert table["procedure"].tolist() == ["import", "export", "transit", "transhipment"]
    assert rejected[0].reason == (
        "transport_mode 'teleport' is none of sea, air, road, rail, post, express"
    )


@pytest.mark.parametrize("between", [" ", "/", " / ", " & ", "+", "", ", ", "\n"])
def test_two_container_numbers_in_one_cell_are_two_whatever_stands_between(between):
    table, _ = parse(container_numbers=[f"CSQU 305438-3{between}csqu3054383"])
    assert table["container_numbers"].tolist() == ["CSQU3054383|CSQU3054383"]


@pytest.mark.parametrize("beside", ["CSQU3054383", "a b", "é"])
def test_a_container_number_is_read_the_same_whatever_stands_beside_it(beside):
    written = ["MSKU\t1234565", "MSKUé", "msku1234565", "MSKU1234565/TCLU7654321"]
    alone = [parse(container_numbers=[one])[0]["container_numbers"].iloc[0] for one in written]
    assert alone == ["MSKU1234565", "MSKUÉ", "MSKU1234565", "MSKU1234565|TCLU7654321"]
    table, _ = parse(container_numbers=[*written, beside])
    assert table["container_numbers"].tolist()[:-1] == alone


def test_codes_are_joined_by_a_bar_and_container_check_digits_are_told():
    table, _ = parse(
        container_numbers=["CSQU3054383", "csqu 305438-4; MSKU", "CSQU3054383|CSQU3054384", None],
        seal_numbers=["A, B", "|A||B|", " A ", "A;B"],
    )
    assert table["container_numbers"].tolist() == [
        "CSQU3054383",
        "CSQU3054384|MSKU",
        "CSQU3054383|CSQU3054384",
        pd.NA,
    ]
    assert table["seal_numbers"].tolist() == ["A|B", "A|B", "A", "A|B"]
    assert table["warnings"].tolist() == [
        pd.NA,
        "container_check_digit",
        "container_check_digit",
        pd.NA,
    ]


def test_extra_must_be_a_json_object():
    table, rejected = parse(extra=['{"a": 1}', "[1]", "{", '{"a": NaN}'])
    assert table["extra"].tolist() == ['{"a": 1}']
    assert codes(rejected) == [("extra", "json_format")] * 3


def test_a_day_of_birth_is_a_day(profile="traveller"):
    table, rejected = parse(
        "traveller",
        born=["1980-05-01", "01.05.1980", "1980-05-01T00:00:00", "1980-02-30", "1799-01-01"],
    )
    assert table["born"].tolist() == ["1980-05-01"] * 3
    assert codes(rejected) == [("born", "date_impossible"), ("born", "date_out_of_range")]


def test_every_day_of_three_centuries_is_a_day_of_birth_and_no_other_is():
    years = (1899, 1900, 1999, 2000, 2024, 2199, 2200)
    written = [f"{y}-{m:02}-{d:02}" for y in years for m in range(14) for d in range(33)]

    def is_day(text: str) -> bool:
        try:
            return 1900 <= date.fromisoformat(text).year < 2200
        except ValueError:
            return False

    table, rejected = parse("traveller", born=written)
    assert table["born"].tolist() == [each for each in written if is_day(each)]
    assert len(rejected) == len(written) - len(table)


def test_warnings_of_the_reader_come_first_and_none_stands_twice():
    chunk = raw(country_of_origin=["XZ", "XZ", "DE"], country_of_export=["XZ", "DE", "DE"])
    chunk = warned(chunk, "country_unknown", "hs_as_number", None)
    table, _ = canonical.parse(chunk, PROFILES["shipment"])
    assert table["warnings"].tolist() == [
        "country_unknown",
        "hs_as_number|country_unknown",
        pd.NA,
    ]


def test_warnings_that_a_row_came_with_stay_as_they_are_whatever_the_rows_beside_it():
    chunk = warned(raw(country_of_origin=["DE", "XZ"]), "a|a", None)
    table, _ = canonical.parse(chunk, PROFILES["shipment"])
    assert table["warnings"].tolist() == ["a|a", "country_unknown"]


@pytest.mark.parametrize(
    "dtype", [pa.string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_text_may_come_in_any_text_type_of_arrow(dtype):
    chunk = warned(raw(consignor_name=["a", None]), "b", None)
    everything = {name: chunk.rows[name].cast(dtype) for name in chunk.rows.schema.names[:-2]}
    chunk.rows = pa.RecordBatch.from_pydict(
        {**everything, "line": chunk.rows["line"], "warnings": chunk.rows["warnings"].cast(dtype)}
    )
    table, _ = canonical.parse(chunk, PROFILES["shipment"])
    for name, cells in (("consignor_name", ["a", pd.NA]), ("warnings", ["b", pd.NA])):
        assert table[name].tolist() == cells
        assert table[name].dtype == TEXT


def test_whoever_declares_is_told_every_fault_for_which_a_row_is_set_aside():
    chunk = raw(
        gross_mass_kg=["1", "x", "-1", None], currency=["EUR", "euros", "EUR", None],
        hs_code=["9403"] * 4, declaration_id=["A", "B", " ", "D"],
    )  # fmt: skip
    table, faults = canonical.told(chunk, PROFILES["shipment"])
    accepted, rejected = canonical.parse(chunk, PROFILES["shipment"])
    found = {
        (column, code, int(row)) for column, code, rows in faults for row in np.flatnonzero(rows)
    }
    assert found == {
        ("gross_mass_kg", "number_format", 1),
        ("currency", "currency_format", 1),
        ("gross_mass_kg", "number_out_of_range", 2),
        ("declaration_id", "mandatory_missing", 2),
    }
    assert len(table) == 4
    assert sorted(one.line - 1 for one in rejected) == sorted({row for _, _, row in found})
    assert table.iloc[[0, 3]].reset_index(drop=True).equals(accepted)


def test_a_number_that_a_spreadsheet_cut_is_no_number_of_anything():
    table, rejected = parse(
        declaration_id=["2.02611E+17", "2.02611E+17", "D3", "1E5"],
        consignee_phone=[None, "1", "9,05321e+11", "9.05321E+1"],
        container_numbers=[None, None, "CSQU3054383", "1.23E+17"],
        seal_numbers=[None, None, "1.23E+17", "A1|1.23E+1"],
    )
    assert codes(rejected) == [("declaration_id", "digits_lost")] * 2
    assert table["declaration_id"].tolist() == ["D3", "1E5"]
    assert table["consignee_phone"].tolist() == [pd.NA, "9.05321E+1"]
    assert table["container_numbers"].tolist() == ["CSQU3054383", pd.NA]
    assert table["seal_numbers"].tolist() == [pd.NA, "A1|1.23E+1"]
    assert table["warnings"].tolist() == ["digits_lost", "digits_lost"]


def test_a_decimal_comma_in_a_number_that_a_spreadsheet_cut_separates_no_codes():
    table, _ = parse(
        seal_numbers=["1,23E+17", "A1,B2", "1,5"], container_numbers=["1,2e+15", None, None]
    )
    assert table["seal_numbers"].tolist() == [pd.NA, "A1|B2", "1|5"]
    assert table["container_numbers"].isna().all()
    assert table["warnings"].tolist() == ["digits_lost", pd.NA, pd.NA]


def test_a_power_of_ten_that_shows_all_its_digits_has_lost_none():
    table, rejected = parse(declaration_id=["2.02611240001e+11", "2.026112400001234E+15"])
    assert not rejected and len(table) == 2
