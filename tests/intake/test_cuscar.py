"""The reader of CUSCAR cargo reports."""

from __future__ import annotations

from riskprofile.intake.cuscar import CuscarReader
from riskprofile.profiles import SHIPMENT
from tests.intake.helpers import FIXTURES, read

REPORT = FIXTURES / "cuscar.edi"
READER = CuscarReader()


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
