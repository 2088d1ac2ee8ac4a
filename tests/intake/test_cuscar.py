"""The reader of CUSCAR cargo reports."""

from __future__ import annotations

import json
from functools import partial

import pandas as pd

from riskprofile.intake.cuscar import CuscarReader
from riskprofile.profiles import SHIPMENT
from tests.intake import helpers
from tests.intake.helpers import FIXTURES, read, work

REPORT = FIXTURES / "cuscar.edi"
READER = CuscarReader()
changed = partial(helpers.changed, READER, REPORT)


def test_segments_and_qualifiers_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, REPORT)
    expected = {
        "declaration_id": "BL-100",
        "item_number": "1",
        "lodged_at": "2026-03-01T07:00:00",
        "arrival_at": "2026-03-02",
        "procedure": "import",
        "transport_mode": "sea",
        "customs_office": "XMPME",
        "transport_document": "BL-100",
        "carrier": "BLUE",
        "conveyance": "MV GREEN HERON",
        "consignor_name": "JUNIPER TOOLS",
        "consignor_address": "8 FORGE STREET, NORTHBRIDGE, F1",
        "consignor_country": "XA",
        "consignee_name": "HARBOUR STORES",
        "consignee_address": "QUAY ROAD 4, PORT EXAMPLE",
        "notify_name": "HARBOUR AGENTS",
        "country_of_destination": "XM",
        "port_of_loading": "XAPRT",
        "port_of_discharge": "XMPME",
        "route": "XAPRT|XBQUA|XMPME",
        "container_numbers": "XXXU1234560",
        "seal_numbers": "S1",
        "goods_description": "HAND TOOLS, FILES: AND RASPS OF STEEL",
        "hs_code": "820320",
        "package_type": "CT",
        "package_count": "10",
        "gross_mass_kg": "120.5",
        "licence_number": "LIC-5",
        "licence_type": "EP",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert rows["warnings"].isna().all()
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_an_item_keeps_its_own_values_and_shares_those_of_its_consignment() -> None:
    rows, _ = read(READER, REPORT)
    second = rows.iloc[1]
    assert second["consignor_name"] == "JUNIPER TOOLS"
    assert (second["value"], second["currency"]) == ("200", "USD")
    assert second["gross_mass_kg"] == "4.5359237"
    assert second[["hs_code", "container_numbers", "licence_number"]].isna().all()


def test_a_mass_of_the_consignment_is_not_given_to_each_of_its_items() -> None:
    text = REPORT.read_text().replace("GIS+23'", "MEA+AAE+AAD+KGM:999'GIS+23'")
    rows, _ = read(READER, text.replace("MEA+AAE+G+KGM:120.50'", "FTX+BLK'").encode())
    assert rows["gross_mass_kg"].isna()[0]


def test_a_bill_under_a_master_is_the_house_document() -> None:
    third = read(READER, REPORT)[0].iloc[2]
    assert (third["transport_document"], third["house_document"]) == ("MB-1", "HB-2")
    assert third["procedure"] == "transit"
    assert third["goods_description"] == "MACHINE PARTS"
    assert third[["consignor_name"]].isna().all()


def test_a_dialect_without_consignment_segments_opens_one_at_each_bill() -> None:
    text = REPORT.read_text().replace("CNI+1+CN1'\n", "").replace("CNI+2+CN2'\nRFF+MB:MB-1'\n", "")
    rows, _ = read(READER, text.replace("UNT+37", "UNT+34").encode())
    assert rows["declaration_id"].tolist() == ["BL-100", "BL-100", "HB-2"]


def test_a_count_of_equipment_that_differs_is_a_warning() -> None:
    data = REPORT.read_bytes().replace(b"CNT+16:1", b"CNT+16:5")
    assert read(READER, data)[0]["warnings"][0] == "edifact_cnt_count_short"


def test_items_beyond_a_million_containers_and_seals_are_set_aside_and_those_before_kept() -> None:
    data = REPORT.read_bytes()
    start, end = data.index(b"EQD+"), data.index(b"RFF+BM")
    many = b"".join(data[start:end].replace(b"S1", b"S%d" % n) for n in range(1_500))
    rows, rejected = read(READER, data[:start] + many + data[end:])
    assert len(rows) and len(rejected)
    assert {one.reason_code for one in rejected} == {"report_too_large"}


def test_a_cut_report_is_quarantined_whole() -> None:
    data = REPORT.read_bytes()
    rows, rejected = read(READER, data[: data.index(b"CNI+2")])
    assert rows.empty
    assert [one.reason_code for one in rejected] == ["edifact_no_unt"]


def test_measures_and_amounts_may_have_a_decimal_comma() -> None:
    """ISO 9735 allows it, and no mark of thousands: 1,234 is a little more than one."""
    text = (
        REPORT.read_text().replace("KGM:120.50", "KGM:1,234").replace("MOA+63:200", "MOA+63:200,25")
    )
    rows, _ = read(READER, text.encode())
    assert rows["gross_mass_kg"].dropna().tolist()[0] == "1.234"
    assert rows["value"].dropna().tolist() == ["200.25"]
    assert not rows["warnings"].str.contains("measure_unreadable", na=False).any()


def test_a_party_is_that_of_one_segment_whichever_comes_first() -> None:
    """The owner (OS) counts where no consignor (CZ) is named: nothing of him stays beside one."""
    consignor = "NAD+CZ+++JUNIPER TOOLS+"
    owner = "NAD+OS+OWN-7++ASTER LOGISTICS+1 ELSEWHERE+SOUTHTOWN+++XB'COM+15550123:TE'"
    rows = changed((consignor, owner + consignor))
    first = rows.iloc[0]
    assert (first["consignor_name"], first["consignor_country"]) == ("JUNIPER TOOLS", "XA")
    assert "consignor_id" not in rows or rows["consignor_id"].isna().all()
    assert "consignor_phone" not in rows or rows["consignor_phone"].isna().all()


def test_a_segment_that_names_nobody_is_no_party() -> None:
    rows = changed(("NAD+CN++HARBOUR", "NAD+CN'COM+15550123:TE'NAD+CN++HARBOUR"))
    assert rows["consignee_name"][0] == "HARBOUR STORES"
    assert "consignee_phone" not in rows


def test_the_total_of_a_consignment_is_kept_with_its_currency() -> None:
    rows = changed(("GIS+23'", "GIS+23'MOA+63:900:EUR'"), ("MOA+63:200:USD'", ""))
    said = json.loads(rows["extra"][0])["consignment"]
    assert (said["total value"], said["total currency"]) == (["900"], ["EUR"])
    assert "value" not in rows or rows["value"].isna().all()


def test_freight_alone_is_in_its_own_currency() -> None:
    second = changed(("MOA+63:200:USD'", "MOA+64:30:EUR'")).iloc[1]
    assert (second["freight_cost"], second["currency"]) == ("30", "EUR")
    assert pd.isna(second["warnings"]) or "freight" not in second["warnings"]


def test_freight_in_another_currency_than_the_value_is_kept_beside_the_columns() -> None:
    second = changed(("MOA+63:200:USD'", "MOA+63:200:USD'MOA+64:30:EUR'")).iloc[1]
    assert (second["value"], second["currency"]) == ("200", "USD")
    assert "freight_not_converted" in second["warnings"]
    assert json.loads(second["extra"])["freight_cost"] == "30 EUR"


def test_items_without_numbers_are_counted_whatever_their_consignment_says_of_goods() -> None:
    """Two rows of one number are one item: a tariff code of both made the first go."""
    rows = changed(("GIS+23'", "CST+1+820320'GIS+23'"), ("GID+1+", "GID++"), ("GID+2+", "GID++"))
    assert rows["item_number"].tolist()[:2] == ["1", "2"]
    assert rows["hs_code"].tolist()[:2] == ["820320", "820320"]
    rows = changed(("GID+1+10:CT'", "GID'CST+1+820320'"), ("GID+2+2:BX'", "GID'CST+1+820320'"))
    assert rows["item_number"].tolist()[:2] == ["1", "2"]


def test_a_tariff_code_is_the_first_of_its_segment_and_of_the_report_that_of_all() -> None:
    rows = changed(("RFF+HS:8203.20'", ""), ("LOC+60+XMPME'", "LOC+60+XMPME'CST++82032+4000'"))
    assert rows["hs_code"].tolist() == ["82032"] * 3


def test_what_no_column_takes_is_kept_in_extra() -> None:
    rows = changed(
        ("RFF+HS:8203.20'", "RFF+HS:82O3'PIA+5+ART-77:SA'IMD+++:::TOOLS OF STEEL'CUX+2:EUR'"),
        ("MEA+AAE+G+KGM:120.50'", "MEA+AAE+G+KGM:MANY'"),
        ("LOC+28+XM'", "LOC+28+12'LOC+88+INLAND TOWN'"),
        ("NAD+NI+++HARBOUR AGENTS'", "NAD+NI+++HARBOUR AGENTS'COM+desk@example.test:EM'"),
    )
    said = json.loads(rows["extra"][0])
    kept = {"RFF HS": ["82O3"], "PIA": ["5+ART-77:SA"], "CUX": ["2:EUR"], "MEA": ["AAE+G+KGM:MANY"]}
    assert {name: said[name] for name in kept} == kept
    assert said["goods_description"] == "TOOLS OF STEEL"
    assert said["consignment"]["LOC 28"] == ["12"]
    assert said["consignment"]["LOC 88"] == ["INLAND TOWN"]
    assert said["consignment"]["COM"] == ["desk@example.test:EM"]


def test_packages_counted_by_the_item_may_have_their_kind_from_another_segment() -> None:
    first = changed(("GID+1+10:CT'", "GID+1+10'PAC+++BX'")).iloc[0]
    assert (first["package_count"], first["package_type"]) == ("10", "BX")


def test_an_arrival_behind_the_bill_of_a_consignment_is_that_of_its_goods() -> None:
    rows = changed(("RFF+BM:BL-100'", "RFF+BM:BL-100'DTM+132:20260304:102'DTM+137:20260101:102'"))
    assert rows["arrival_at"].tolist() == ["2026-03-04", "2026-03-04", "2026-03-02"]
    assert rows["lodged_at"].tolist() == ["2026-03-01T07:00:00"] * 3


def test_seals_that_no_row_names_are_no_work() -> None:
    """Of consignments whose items name containers of their own, all seals were written out."""

    def of(many: int) -> int:
        seals = b"SEL+S1+CA'" + b"".join(b"SEL+T%d'" % n for n in range(20 * many))
        named = b"CNI+%d+C%d'SGP+XXXU1234560'GID+1+1:CT'SGP+YYYU1234560'FTX+AAA+++TOOLS'"
        more = b"".join(named % (n, n) for n in range(many))
        data = REPORT.read_bytes().replace(b"SEL+S1+CA'", seals)
        rows, calls = work(READER, data.replace(b"CNT+16", more + b"CNT+16"))
        assert rows == many + 3
        return calls

    assert of(200) < 2.5 * of(100)


def test_a_warning_of_one_item_is_told_of_that_item_alone() -> None:
    rows = changed(("MEA+AAE+G+KGM:120.50'", "MEA+AAE+G+KGM:MANY'"), ("GIS+24'", "DTM+132:X:102'"))
    assert rows["warnings"].fillna("").tolist() == ["measure_unreadable", "", "date_unreadable"]


def test_a_seal_of_a_consignment_is_not_that_of_a_container_named_before_it() -> None:
    rows = changed(("GIS+24'", "GIS+24'SEL+S9+CA'"))
    assert rows["seal_numbers"].fillna("").tolist() == ["S1", "", ""]
    assert json.loads(rows["extra"][2])["consignment"]["SEL"] == ["S9"]


def test_words_of_goods_that_no_item_takes_are_kept_beside_the_columns() -> None:
    rows = changed(
        ("EQD+CN", "FTX+AAA+++MIXED CARGO'EQD+CN"),
        ("GIS+23'", "GIS+23'FTX+AAA+++PARTS:OF ARMS'"),
    )
    first, _, last = map(json.loads, rows["extra"])
    assert first["report"]["goods_description"] == ["MIXED CARGO"]
    assert first["consignment"]["goods_description"] == ["PARTS OF ARMS"]
    assert rows["goods_description"][2] == "MACHINE PARTS"
    assert "goods_description" not in last.get("consignment", {})


def test_a_country_is_told_by_code_place_or_name_never_by_two_letters_of_a_word() -> None:
    def of(text: str) -> tuple[object, object]:
        rows = changed(("LOC+28+XM'", f"LOC+28+{text}'"))
        kept = json.loads(rows["extra"][0]).get("consignment", {})
        return rows["country_of_destination"][0], kept.get("LOC 28")

    for text, code in (("AUT", "AT"), ("CHINA", "CN"), ("NGLOS", "NG"), ("US-NY", "US")):
        assert of(text) == (code, None)
    rows = changed(("LOC+28+XM'", "LOC+28+LAGOS'"), ("LOC+9+XAPRT'", "LOC+9+LAGOS'"))
    assert {"country_of_destination", "port_of_loading"}.isdisjoint(rows.columns)
    said = json.loads(rows["extra"][0])["consignment"]
    assert (said["LOC 28"], said["LOC 9"]) == (["LAGOS"], ["LAGOS"])
    assert rows["route"][0] == "XBQUA|XMPME"


def test_the_size_of_a_container_is_kept_also_of_one_that_the_report_lists() -> None:
    rows = changed(("SGP+XXXU1234560+10'", "SGP+XXXU1234560+10'SGP+YYYU1234560'"))
    first = json.loads(rows["extra"][0])
    assert first["report"]["EQD"] == ["CN+XXXU1234560+42G1"]
    assert first["SGP"] == ["XXXU1234560+10"]
    assert rows["container_numbers"].fillna("").tolist() == ["XXXU1234560|YYYU1234560", "", ""]
