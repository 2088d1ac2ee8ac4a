"""The spreadsheet form of ASYCUDA manifests."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from riskprofile import intake
from riskprofile.errors import InputError
from riskprofile.intake import Chunk
from riskprofile.intake.awmds import AwmdsReader
from riskprofile.intake.awmds_form import is_form, places
from tests.intake.helpers import FIXTURES, read

GROUPED = [
    "General_segment",
    "General_segment_id",
    "Customs_office_code",
    "Voyage_number",
    "Date_of_arrival",
    "Time_of_arrival",
    "Transport_information",
    "Carrier",
    "Carrier_code",
    "Mode_of_transport_code",
    "Identity_of_transporter",
    "Load_unload_place",
    "Place_of_departure_code",
    "Place_of_destination_code",
    "Bol_segment",
    "Bol_id",
    "Bol_reference",
    "Bol_nature",
    "Bol_type_code",
    "Master_bol_ref_number",
    "Load_unload_place",
    "Port_of_origin_code",
    "Place_of_unloading_code",
    "Traders_segment",
    "Carrier",
    "Carrier_code",
    "Exporter",
    "Exporter_name",
    "Exporter_address",
    "Notify",
    "Notify_name",
    "Consignee",
    "Consignee_code",
    "Consignee_name",
    "ctn_segment",
    "Ctn_reference",
    "Number_of_packages",
    "Marks1",
    "Goods_segment",
    "Number_of_packages",
    "Package_type_code",
    "Gross_mass",
    "Shipping_marks",
    "Goods_description",
    "Volume_in_cubic_meters",
    "Value_segment",
    "Freight_segment",
    "Freight_value",
    "Freight_currency",
    "Customs_segment",
    "Customs_value",
    "Customs_currency",
]
GROUPS = [
    "General_segment",
    "General_segment_id",
    "Transport_information",
    "Carrier",
    "Load_unload_place",
    "Bol_segment",
    "Bol_id",
    "Traders_segment",
    "Exporter",
    "Notify",
    "Consignee",
    "ctn_segment",
    "Goods_segment",
    "Value_segment",
    "Freight_segment",
    "Customs_segment",
]
FIRST: list[Any] = [
    *("XMPME", "V12", "2026-03-02", "9:30", "BLUE", "1", "MV GREEN HERON", "XAPRT", "XMPME"),
    *("HBL-1", 23, "HSB", "MBL-9", "XBQUA", "XMPME", "OTHER", "Juniper Tools"),
    *("8 Forge Street Northbridge", "Harbour Agents", "100200300", "Harbour Stores"),
    *("XXXU1234560", 6, "S1", 10, "CT", 120.5, "HS", "Hand tools", 0.0, 40, "USD", 900.0, "USD"),
]
CONTAINER = {"Ctn_reference": "XXXU7654321", "Marks1": "S2"}


def leaves(headings: list[str]) -> list[str]:
    return [heading for heading in headings if heading not in GROUPS]


def row(headings: list[str], values: list[Any]) -> list[Any]:
    """Values under the headings that are no group."""
    given = iter(values)
    return [None if heading in GROUPS else next(given) for heading in headings]


def sparse(headings: list[str], cells: dict[str, Any], nth: int = 0) -> list[Any]:
    """A row that fills the named columns only, the nth of each name counted from the end."""
    made: list[Any] = [None] * len(headings)
    for name, value in cells.items():
        at = [position for position, heading in enumerate(headings) if heading == name]
        made[at[nth]] = value
    return made


SECOND = {
    "Bol_reference": "BL-2",
    "Bol_nature": 28,
    "Bol_type_code": "BL",
    "Goods_description": "Vehicles",
    "Package_type_code": "ZZZ",
}


def form(headings: list[str], rows: list[list[Any]], folder: Path, kind: str = "xlsx") -> Chunk:
    path = folder / f"manifest.{kind}"
    table = [["Manifest of the port"], headings, *rows]
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for each in table:
            book.active.append(each)
        book.save(path)
    else:
        old, out = xlwt.Workbook(), io.BytesIO()
        sheet = old.add_sheet("Awmds")
        for at, each in enumerate(table):
            for position, cell in enumerate(each):
                if cell is not None:
                    sheet.write(at, position, cell)
        old.save(out)
        path.write_bytes(out.getvalue())
    (chunk,) = intake.read(path)
    return chunk


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
@pytest.mark.parametrize("headings", [GROUPED, leaves(GROUPED)], ids=["grouped", "plain"])
def test_the_form_gives_what_the_xml_of_the_same_manifest_gives(
    tmp_path: Path, headings: list[str], kind: str
) -> None:
    table = [row(headings, FIRST), sparse(headings, CONTAINER), sparse(headings, SECOND)]
    found = form(headings, table, tmp_path, kind).table
    (expected,) = intake.read(FIXTURES / "awmds.xml")
    assert found["declaration_id"].tolist() == ["HBL-1", "BL-2"]
    same = [name for name in found.columns if name not in ("source", "line", "extra")]
    first, wanted = found[same].iloc[:1], expected.table[same].iloc[:1]
    assert first.astype(str).equals(wanted.astype(str))
    assert found["line"].tolist() == [3, 5]
    assert found["customs_office"].tolist() == ["XMPME", "XMPME"]  # filled down
    assert found["container_numbers"][0] == "XXXU1234560|XXXU7654321"


def test_a_cell_under_no_heading_is_kept_with_its_bill_and_begins_no_other(tmp_path: Path) -> None:
    headings = [*leaves(GROUPED)[:-1], "", "Customs_currency"]
    rows = [
        [*FIRST[:-1], "see the second box", "USD"],
        [*sparse(headings, CONTAINER), "rifle barrels"],
        sparse(headings, SECOND),
    ]
    rows[1][-3] = "opened"
    plain = leaves(GROUPED)
    before = form(plain, [FIRST, sparse(plain, CONTAINER), sparse(plain, SECOND)], tmp_path).table
    found = form(headings, rows, tmp_path).table
    columns = [name for name in found.columns if name != "extra"]
    assert found[columns].astype(str).equals(before[columns].astype(str))
    width = len(headings)
    assert json.loads(found["extra"][0]) == json.loads(before["extra"][0]) | {
        f"column_{width - 1}": ["see the second box", "opened"],
        f"column_{width + 1}": "rifle barrels",
    }


@pytest.mark.parametrize(
    ("later", "days", "told"),
    [
        ("4/13/2026", ["2026-03-04", "2026-04-13"], False),
        ("13/4/2026", ["2026-04-03", "2026-04-13"], False),
        ("5/4/2026", ["2026-03-04", "2026-05-04"], True),
    ],
)
def test_the_dates_of_a_sheet_say_whether_the_day_stands_first(
    tmp_path: Path, later: str, days: list[str], told: bool
) -> None:
    first = [cell if cell != "2026-03-02" else "3/4/2026" for cell in row(GROUPED, FIRST)]
    other = {**SECOND, "Date_of_arrival": later, "Voyage_number": "V13"}
    found = form(GROUPED, [first, sparse(GROUPED, other)], tmp_path).table
    assert found["arrival_at"].dt.date.astype(str).tolist() == days
    assert found["warnings"].str.contains("date_order_assumed").tolist() == [told, told]


@pytest.mark.parametrize("below", [[], [sparse(GROUPED, {"Voyage_number": "V13"})]])
@pytest.mark.parametrize("at", [0, 1])
def test_a_sheet_of_the_form_without_bills_takes_no_other_sheet_along(
    tmp_path: Path, at: int, below: list[list[Any]]
) -> None:
    book = openpyxl.Workbook()
    tables = [[GROUPED, row(GROUPED, FIRST)], [["Manifest of the port"], GROUPED, *below]]
    for sheet, table in zip((book.active, book.create_sheet()), tables[:: 1 - 2 * at], strict=True):
        for each in table:
            sheet.append(each)
    book.save(tmp_path / "day.xlsx")
    (chunk,) = intake.read(tmp_path / "day.xlsx")
    assert chunk.table["declaration_id"].tolist() == ["HBL-1"]
    assert chunk.read == 1


def test_the_dates_of_one_sheet_settle_those_of_another(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet, day in (book.active, "3/4/2026"), (book.create_sheet(), "13/4/2026"):
        cells = row(GROUPED, [day if cell == "2026-03-02" else cell for cell in FIRST])
        for each in (["Manifest of the port"], GROUPED, cells):
            sheet.append(each)
    book.save(tmp_path / "day.xlsx")
    found = [chunk.table for chunk in intake.read(tmp_path / "day.xlsx")]
    told = [str(each["arrival_at"].dt.date[0]) for each in found]
    assert told == ["2026-04-03", "2026-04-13"]
    assert not any(each["warnings"].str.contains("date_order").any() for each in found)


def test_what_is_stated_of_the_office_settles_the_dates_of_a_form_and_of_a_manifest(
    tmp_path: Path,
) -> None:
    cells = row(GROUPED, [cell if cell != "2026-03-02" else "3/4/2026" for cell in FIRST])
    form(GROUPED, [cells], tmp_path)
    (tmp_path / "day.xml").write_bytes(
        (FIXTURES / "awmds.xml").read_bytes().replace(b"2026-03-02", b"3/4/2026")
    )
    stated = intake.Offices(date_orders={"XMPME": "day_first"})
    for name in ("day.xml", "manifest.xlsx"):
        for offices, day, told in ((stated, "2026-04-03", False), (None, "2026-03-04", True)):
            found = next(intake.read(tmp_path / name, offices=offices)).table
            assert str(found["arrival_at"].dt.date[0]) == day
            assert found["warnings"].str.contains("date_order_assumed").tolist()[0] == told


def test_fields_of_the_master_fill_down_onto_its_houses_and_no_further(tmp_path: Path) -> None:
    house = {**SECOND, "Bol_reference": "HBL-2", "Bol_type_code": "HSB"}
    table = [row(GROUPED, FIRST), sparse(GROUPED, house), sparse(GROUPED, SECOND)]
    found = form(GROUPED, table, tmp_path).table
    assert found["transport_document"].tolist() == ["MBL-9", "MBL-9", "BL-2"]
    assert found["house_document"].tolist()[:2] == ["HBL-1", "HBL-2"]
    assert found["house_document"].isna()[2]
    assert found["consignor_name"].isna().tolist() == [False, True, True]  # not of the master


def test_a_new_voyage_takes_nothing_from_the_one_before(tmp_path: Path) -> None:
    other = {**SECOND, "Customs_office_code": 101.0, "Bol_type_code": "HSB"}
    found = form(GROUPED, [row(GROUPED, FIRST), sparse(GROUPED, other)], tmp_path).table
    assert found["customs_office"].tolist() == ["XMPME", "101"]
    assert found["conveyance"].isna().tolist() == [False, True]
    assert found["transport_document"].tolist() == ["MBL-9", "BL-2"]


def test_a_bill_repeated_for_each_container_is_one_row_and_for_each_goods_another(
    tmp_path: Path,
) -> None:
    repeated = row(GROUPED, FIRST)
    repeated[GROUPED.index("Ctn_reference")] = "XXXU7654321"
    more = sparse(GROUPED, {"Goods_description": "Drill bits", "Gross_mass": 5})
    found = form(GROUPED, [row(GROUPED, FIRST), repeated, more], tmp_path).table
    assert found["declaration_id"].tolist() == ["HBL-1", "HBL-1"]
    assert found["item_number"].tolist() == [1, 2]
    assert found["container_numbers"][0] == "XXXU1234560|XXXU7654321"
    assert found["goods_description"].tolist() == ["Hand tools", "Drill bits"]
    assert found["gross_mass_kg"].tolist() == [120.5, 5.0]


def test_amounts_of_a_bill_with_several_goods_are_those_of_none_of_them(tmp_path: Path) -> None:
    goods = {"Goods_description": "Drill bits", "Gross_mass": 5}
    flat = row(GROUPED, FIRST)
    for name, cell in goods.items():
        flat[GROUPED.index(name)] = cell
    again = [*flat]
    again[GROUPED.index("Ctn_reference")] = "XXXU7654321"
    for rows in ([sparse(GROUPED, goods), sparse(GROUPED, CONTAINER)], [flat, again]):
        found = form(GROUPED, [row(GROUPED, FIRST), *rows], tmp_path).table
        assert found["goods_description"].tolist() == ["Hand tools", "Drill bits"]
        assert found[["value", "freight_cost"]].isna().all(axis=None)
        first, second = (json.loads(each) for each in found["extra"])
        assert (first["Total_Customs_value"], first["Total_Freight_value"]) == ("900", "40")
        assert not [name for name in second if name.startswith("Total_")]
    own = sparse(GROUPED, {**goods, "Customs_value": 100})
    found = form(GROUPED, [row(GROUPED, FIRST), own], tmp_path).table
    assert found["value"].tolist() == [900.0, 100.0]
    assert found["currency"].tolist() == ["USD", "USD"]


def test_a_count_of_packages_is_that_of_the_goods_when_it_stands_alone() -> None:
    headings = ["Bol_reference", "Ctn_reference", "Number_of_packages", "Gross_mass"]
    assert places(headings)[2] == ("Goods_segment", "Number_of_packages")


def test_what_no_column_takes_stays_in_extra_under_its_heading(tmp_path: Path) -> None:
    headings = [*GROUPED, "2nd remark"]
    table = [[*row(GROUPED, FIRST), "fragile"]]
    extra = json.loads(form(headings, table, tmp_path).table["extra"][0])
    assert extra["_2nd_remark"] == "fragile"


def test_two_columns_of_one_tag_are_both_told(tmp_path: Path) -> None:
    headings = [
        *GROUPED[: GROUPED.index("Marks1")],
        "Ctn_reference",
        *GROUPED[GROUPED.index("Marks1") :],
    ]
    headings.append("Customs_value")
    cells = row(GROUPED, FIRST)
    cells.insert(GROUPED.index("Marks1"), "XXXU7654321")
    found = form(headings, [[*cells, 950.0]], tmp_path).table
    assert found["container_numbers"][0] == "XXXU1234560|XXXU7654321"
    assert found["value"][0] == 900.0
    assert json.loads(found["extra"][0])["Customs_value"] == ["950"]


def test_a_row_that_has_cells_under_no_heading_alone_is_told_with_its_bill_or_set_aside(
    tmp_path: Path,
) -> None:
    """It was lost: neither a row, nor kept back, nor in what a bill told beside."""
    width = len(GROUPED)
    note = [[*[None] * (width + n), f"note {n}"] for n in range(2)]
    rows = [note[0], row(GROUPED, FIRST), note[1], sparse(GROUPED, SECOND)]
    chunk = form(GROUPED, rows, tmp_path)
    assert chunk.table["declaration_id"].tolist() == ["HBL-1", "BL-2"]
    told = [json.loads(each).get(f"column_{width + 2}") for each in chunk.table["extra"]]
    assert told == ["note 1", None]
    kept = [(one.reason_code, one.line, one.raw) for one in chunk.rejected]
    assert kept == [("empty_item", 3, "note 0")]


def test_a_voyage_without_bills_beside_another_is_set_aside(tmp_path: Path) -> None:
    bare = sparse(GROUPED, {"Customs_office_code": "XMAIR", "Voyage_number": "V11"})
    last = sparse(GROUPED, {"Voyage_number": "V13"})
    chunk = form(GROUPED, [bare, row(GROUPED, FIRST), last], tmp_path)
    assert chunk.table["declaration_id"].tolist() == ["HBL-1"]
    kept = [(one.reason_code, one.line) for one in chunk.rejected]
    assert kept == [("no_consignments", 3), ("no_consignments", 5)]


def test_headings_of_the_form_that_stand_again_are_no_bill(tmp_path: Path) -> None:
    rows = [row(GROUPED, FIRST), list(GROUPED), sparse(GROUPED, SECOND)]
    chunk = form(GROUPED, rows, tmp_path)
    assert chunk.table["declaration_id"].tolist() == ["HBL-1", "BL-2"]
    assert [(one.reason_code, one.line) for one in chunk.rejected] == [("header_repeated", 4)]


def test_a_table_of_another_kind_is_no_form_and_an_empty_form_is_refused(tmp_path: Path) -> None:
    assert not is_form(["declaration_id", "Goods_description", "Gross_mass", "Voyage_number"])
    for below in [], [sparse(GROUPED, {"Voyage_number": "V13"})]:
        with pytest.raises(InputError, match="no bill"):
            form(GROUPED, below, tmp_path)


def test_the_reader_of_the_xml_is_not_changed_by_it() -> None:
    assert read(AwmdsReader(), FIXTURES / "awmds.xml")[0]["item_number"].tolist() == ["1", "1"]


def test_the_tags_of_the_form_may_be_in_any_letter_case(tmp_path: Path) -> None:
    rows = [row(GROUPED, FIRST), sparse(GROUPED, SECOND)]
    found = form([heading.upper() for heading in GROUPED], rows, tmp_path).table
    expected = form(GROUPED, rows, tmp_path).table
    same = [name for name in found.columns if name != "extra"]
    assert found[same].equals(expected[same])
