"""The reader of Cargo-IMP waybills, house waybills and flight manifests."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskprofile.errors import InputError
from riskprofile.intake.cargo_imp import HOUSE_ROW, WAYBILL_ROW, CargoImpReader
from riskprofile.intake.cargo_imp_manifest import MANIFEST_ROW
from riskprofile.profiles import SHIPMENT
from tests.intake.helpers import FIXTURES, read

WAYBILLS, HOUSES, MANIFEST = (
    FIXTURES / f"{name}.imp" for name in ("waybills", "houses", "manifest")
)
READER = CargoImpReader()


def filled(row: Any, expected: dict[str, str]) -> dict[str, Any]:
    return {name: row[name] for name in expected}


def test_a_waybill_fills_the_columns_of_its_table() -> None:
    rows, rejected = read(READER, WAYBILLS)
    expected = {
        "declaration_id": "999-12345675",
        "item_number": "1",
        "lodged_at": "2026-04-29",
        "transport_mode": "air",
        "transport_document": "999-12345675",
        "carrier": "FN",
        "conveyance": "FN0020",
        "consignor_id": "ACC77",
        "consignor_name": "HAZEL TURNING LTD",
        "consignor_address": "LATHE LANE 1, NORTHBRIDGE, NB, 12345",
        "consignor_country": "XA",
        "consignor_phone": "5550100",
        "consignee_id": "XM100200300",
        "consignee_name": "HARBOUR STORES",
        "notify_name": "HARBOUR AGENTS",
        "declarant_id": "1234567",
        "country_of_origin": "XA",
        "port_of_loading": "ICN",
        "port_of_discharge": "NBO",
        "route": "ICN|DXB|NBO",
        "goods_description": "STEEL TUBES AND TURNED PARTS",
        "hs_code": "730630",
        "package_count": "10",
        "gross_mass_kg": "86.5",
        "volume_m3": "0.4",
        "value": "1200.5",
        "currency": "EUR",
        "freight_cost": "300",
        "licence_number": "EXP-55",
    }
    assert filled(rows.iloc[0], expected) == expected
    assert not rejected
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_names_of_persons_and_their_telephones_in_notes_are_not_kept() -> None:
    for path in (WAYBILLS, HOUSES, MANIFEST):
        rows, _ = read(READER, path)
        assert not rows["extra"].fillna("").str.contains("CARA PERSON").any()
    manifest = read(READER, MANIFEST)[0]
    assert not manifest["extra"].str.contains("5550200").any()
    assert json.loads(manifest["extra"][0])["dropped"] == 1


def test_parties_are_read_in_the_older_and_the_newer_form() -> None:
    second = read(READER, WAYBILLS)[0].iloc[1]
    assert second["consignor_name"] == "ROWAN FITTINGS"
    assert second["consignor_address"] == "3 COPPER ROW, NORTHBRIDGE, 777"
    assert (second["consignor_country"], second["consignee_country"]) == ("XB", "XC")
    assert second["gross_mass_kg"] == "90.718474"  # 200 pounds
    assert second["volume_m3"] == "1.25"  # of the goods, where the first line has none
    assert not isinstance(second["value"], str)  # no customs value


def test_what_no_column_takes_of_a_message_is_kept() -> None:
    text = WAYBILLS.read_text().replace("SSR/KEEP DRY", "XYZ/1\nSSR/KEEP DRY")
    first = json.loads(read(READER, text.encode())[0]["extra"][0])
    assert first["agt"] == ["/1234567/0012", "AGENT ONE", "NORTHBRIDGE"]
    assert first["nfy"] == ["HARBOUR AGENTS", "QUAY 5", "PORT EXAMPLE", "XM"]
    assert first["rtd"] == ["1/P10/K86.5/CQ/W100/R3/T300"]
    assert (first["rtg"], first["isu"]) == (["DXBFN/NBOFN"], "29APR26/NORTHBRIDGE")
    assert (first["xyz"], first["ssr"]) == (["1"], ["KEEP DRY"])
    house = HOUSES.read_text().replace("TXT/", "XYZ/1\nTXT/").replace("K60.5", "X60.5")
    first = json.loads(read(READER, house.encode())[0]["extra"][0])
    assert (first["xyz"], first["cvd"]) == (["1"], ["EUR/PP/NVD/450/XXX"])
    assert first["gross_mass_kg"] == "X60.5"


def test_a_quantity_that_cannot_be_read_is_kept() -> None:
    text = WAYBILLS.read_text().replace("T10K86.5MC0.4", "T10Q86.5")
    row = read(READER, text.encode())[0].iloc[0]
    assert "measure_unreadable" in row["warnings"]
    assert json.loads(row["extra"])["line"] == "999-12345675ICNNBO/T10Q86.5"


def test_a_segment_of_a_manifest_that_is_not_known_is_no_place_of_unloading() -> None:
    text = MANIFEST.read_text().replace("COR/X\n", "SCI/T1\nCOR/X\n")
    text = text.replace("ULD/PMC12345FN\n", "ULD/PMC12345FN\nOSI/HEAVY\n")
    rows, rejected = read(READER, text.encode())
    assert rows["port_of_discharge"].tolist() == ["NBO", "NBO", "NBO", "KGL"]
    first, _, third, last = map(json.loads, rows["extra"])
    assert (first["sci"], first["cor"]) == (["T1"], ["X"])
    assert third["above"] == ["OSI/HEAVY"]
    assert "above" not in last
    assert not rejected


def test_each_house_waybill_is_a_row_under_its_master() -> None:
    rows, rejected = read(READER, HOUSES)
    assert rows["declaration_id"].tolist() == ["HAWB81", "HAWB82", "HAWB83"]
    assert set(rows["transport_document"]) == {"999-76543214"}
    first = {
        "goods_description": "HUNTING ACCESSORIES AND SLINGS FOR RIFLES",
        "hs_code": "930520",
        "package_count": "9",
        "gross_mass_kg": "60.5",
        "consignee_id": "XC55",
        "consignor_phone": "5550300",
        "value": "450",
        "currency": "EUR",
    }
    assert filled(rows.iloc[0], first) == first
    assert json.loads(rows["extra"][0])["commodity_code"] == "420292"
    assert not isinstance(rows["consignor_name"][1], str)  # not those of another house
    assert not rejected


def test_houses_stand_under_the_master_before_them() -> None:
    second = "MBI/999-12345675DXBKGL/T1L200\nHBS/HAWB84/DXBKGL/1/K2//RIVETS\nMBI/99-1\nHBS/H9\n"
    rows, rejected = read(READER, HOUSES.read_bytes() + second.encode())
    assert rows["declaration_id"].tolist() == ["HAWB81", "HAWB82", "HAWB83", "HAWB84"]
    assert rows["transport_document"].tolist() == ["999-76543214"] * 3 + ["999-12345675"]
    assert [one.reason_code for one in rejected] == ["cargo_imp_no_waybill"]


def test_each_line_of_a_manifest_is_a_row_with_the_place_it_is_unloaded() -> None:
    rows, rejected = read(READER, MANIFEST)
    assert rows["declaration_id"].tolist() == [
        "999-12345675/FN0020/30APR",
        "999-12345675/FN0020/30APR",
        "999-76543214/FN0020/30APR",
        "999-76543214/FN0020/30APR",
    ]
    assert rows["item_number"].tolist() == ["1", "2", "1", "2"]
    assert rows["port_of_discharge"].tolist() == ["NBO", "NBO", "NBO", "KGL"]
    assert rows["route"][0] == "ICN|DXB|NBO|EBB"
    assert rows["gross_mass_kg"].tolist() == ["40.5", "45.359237", "11", "150"]
    assert json.loads(rows["extra"][2])["unit_load"] == "PMC12345FN"
    assert "unit_load" not in json.loads(rows["extra"][3])
    assert set(rows["warnings"]) == {"date_without_year"}
    assert not rejected


def test_parts_of_a_waybill_in_several_messages_of_a_manifest_are_items_of_their_own() -> None:
    first = MANIFEST.read_text().replace("LAST", "CONT")
    second = MANIFEST.read_text().replace("1/FN0020", "2/FN0020")
    rows, _ = read(READER, (first + second).encode())
    assert len(set(zip(rows["declaration_id"], rows["item_number"], strict=True))) == len(rows) == 8
    alone, _ = read(READER, second.encode())  # in a file of its own: the same
    assert alone["item_number"].tolist() == rows["item_number"].tolist()[4:]


def test_a_line_of_a_manifest_whose_waybill_cannot_be_read_is_set_aside() -> None:
    text = MANIFEST.read_text().replace("999-12345675ICNEBB/P6", "999-1234567ICNEBB/P6")
    rows, rejected = read(READER, text.encode())
    assert len(rows) == 3
    assert [(one.reason_code, one.line, one.record_id) for one in rejected] == [
        ("cargo_imp_no_waybill", 11, "FN0020/30APR")
    ]
    assert rejected[0].raw.startswith("999-1234567ICNEBB/P6L100")


@pytest.mark.parametrize(
    ("path", "table"),
    [(WAYBILLS, WAYBILL_ROW), (HOUSES, HOUSE_ROW), (MANIFEST, MANIFEST_ROW)],
)
def test_a_fixture_fills_what_the_mapping_table_names(path: Any, table: dict[str, str]) -> None:
    rows, _ = read(READER, path)
    elsewhere = {"consignor", "consignee", "licence"} if table is not WAYBILL_ROW else set()
    missing = set(table) - set(rows.columns)
    assert {name for name in missing if name.split("_")[0] not in elsewhere} == set()
    assert set(rows.columns) - {"source", "line", "warnings", "extra"} <= set(table)


@pytest.mark.parametrize(
    ("text", "code", "record"),
    [
        ("FWB/16\nRTD/1/P1/K1\n/NG/TOYS\n", "cargo_imp_no_waybill", None),
        ("FWB/16\n999-12345675ICNNBO/T1K5\nSHP\n/A\n", "cargo_imp_cut", "999-12345675"),
        ("FHL/5\nHBS/H1/ICNNBO/1/K1//TOYS\n", "cargo_imp_no_waybill", None),
        ("FHL/5\nMBI/999-12345675ICNNBO/T1K5\n", "no_goods_items", "999-12345675"),
        ("FFM/8\nNBO\n999-12345675ICNNBO/T1K5/TOYS\nLAST\n", "cargo_imp_no_flight", None),
        (
            "FFM/8\n1/FN20/30APR/DXB\nNBO\n999-12345675ICNNBO/T1K5/TOYS\n",
            "cargo_imp_cut",
            "FN20/30APR",
        ),
        ("FFM/8\n1/FN20/30APR/DXB\nNBO/NIL\nLAST\n", "no_goods_items", "FN20/30APR"),
    ],
)
def test_a_message_that_is_cut_is_set_aside_whole_and_its_neighbour_kept(
    text: str, code: str, record: str | None
) -> None:
    rows, rejected = read(READER, text.encode() + HOUSES.read_bytes())
    assert [(one.reason_code, one.record_id) for one in rejected] == [(code, record)]
    assert len(rows) == 3


def test_line_ends_controls_and_network_lines_do_not_matter() -> None:
    data = WAYBILLS.read_bytes()
    plain = read(READER, data)[0]
    dressed = b"\x01" + data.replace(b"\n", b"\r\n").replace(b"SHP/", b"\x02SHP/") + b"\x03NNNN\r\n"
    again = read(READER, dressed)[0]
    assert again.drop(columns="line").equals(plain.drop(columns="line"))
    assert READER.claims(dressed, "x")


def test_a_file_without_messages_is_refused() -> None:
    with pytest.raises(InputError, match="no Cargo-IMP message"):
        read(READER, b"FSU/12\n999-12345675ICNNBO/T1K5\n")


@settings(max_examples=150)
@given(
    path=st.sampled_from([WAYBILLS, HOUSES, MANIFEST]),
    flips=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 1500),
)
def test_a_damaged_file_raises_nothing_but_an_input_error(
    path: Any, flips: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(path.read_bytes())
    for place, value in flips:
        data[place % len(data)] = value
    with contextlib.suppress(InputError):
        read(READER, bytes(data[: len(data) - cut % len(data)]))
