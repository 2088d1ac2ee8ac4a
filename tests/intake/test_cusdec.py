"""The reader of CUSDEC declarations, and what every message read by a table promises."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pandas as pd
import pytest

from riskprofile.intake import rows as rows_of
from riskprofile.intake.cusdec import CusdecReader
from riskprofile.profiles import SHIPMENT
from tests.intake import helpers
from tests.intake.helpers import FIXTURES, read, work

DECLARATION = FIXTURES / "cusdec.edi"
READER = CusdecReader()
changed = partial(helpers.changed, READER, DECLARATION)


def test_segments_and_qualifiers_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, DECLARATION)
    expected = {
        "declaration_id": "DEC-2026-77",
        "item_number": "1",
        "lodged_at": "2026-03-01T08:15:00",
        "arrival_at": "2026-03-02",
        "procedure": "import",
        "transport_mode": "sea",
        "customs_office": "XMPME",
        "transport_document": "MB-1",
        "house_document": "HB-2",
        "carrier": "BLUE",
        "conveyance": "MV GREEN HERON",
        "consignor_id": "XA-88",
        "consignor_name": "JUNIPER TOOLS",
        "consignor_address": "8 FORGE STREET, NORTHBRIDGE, F1",
        "consignor_phone": "15550123",
        "consignor_country": "XA",
        "consignee_id": "XM-77",
        "consignee_name": "HARBOUR STORES",
        "consignee_address": "QUAY ROAD 4, SHED 2, PORT EXAMPLE, P2",
        "consignee_country": "XM",
        "notify_name": "HARBOUR AGENTS",
        "declarant_id": "BROKER-5",
        "country_of_origin": "XC",
        "country_of_export": "XA",
        "country_of_destination": "XM",
        "port_of_loading": "XAPRT",
        "port_of_discharge": "XMPME",
        "container_numbers": "XXXU1234560",
        "seal_numbers": "S1",
        "goods_description": "HAND TOOLS, FILES: AND RASPS OF STEEL",
        "hs_code": "8203200000",
        "package_type": "CT",
        "package_count": "10",
        "quantity": "400",
        "quantity_unit": "PCE",
        "gross_mass_kg": "120.5",
        "net_mass_kg": "110",
        "value": "1500.5",
        "currency": "EUR",
        "licence_number": "LIC-5",
        "licence_type": "E013",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert rows["warnings"].isna().all()
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_there_is_one_row_for_every_customs_item() -> None:
    text = DECLARATION.read_text()
    assert len(read(READER, DECLARATION)[0]) == text.count("\nCST+1") + text.count("\nCST+2") == 3


def test_an_item_keeps_its_own_values_and_shares_those_of_the_heading() -> None:
    second = read(READER, DECLARATION)[0].iloc[1]
    assert second["goods_description"] == "WOODEN HANDLES FOR TOOLS"
    assert (second["value"], second["currency"]) == ("200", "USD")
    assert (second["licence_number"], second["licence_type"]) == ("IMP-9", "IP")
    assert second["container_numbers"] == "XXXU7654320"
    assert second["country_of_origin"] == "XA"
    assert second["consignor_name"] == "JUNIPER TOOLS"
    assert second["lodged_at"] == "2026-03-01T08:15:00"


def test_totals_of_the_heading_are_given_to_an_item_only_when_it_is_alone() -> None:
    rows, _ = read(READER, DECLARATION)
    assert rows["gross_mass_kg"].tolist()[:2] == ["120.5", "10"]
    report = json.loads(rows["extra"][0])["report"]
    assert report["total gross_mass_kg"] == ["130.5"]
    assert report["total value"] == ["1700.5"]
    text = DECLARATION.read_text()
    alone = text[: text.index("CST+2")] + text[text.index("UNS+S") :]
    alone = alone.replace("MEA+AAE+AAB+KGM:120,5'\n", "").replace("MOA+38:1500,50'\n", "")
    row = read(READER, alone.encode())[0].iloc[0]
    assert (row["gross_mass_kg"], row["value"], row["freight_cost"]) == ("130.5", "1700.5", "120")


@pytest.mark.parametrize(
    "measures", ["MEA+AAR++NAR:5'\nMEA+AAS++:400", "MEA+AAS++:400'\nMEA+AAR++NAR:5"]
)
def test_an_amount_has_its_own_unit_or_none(measures: str) -> None:
    rows = changed(("MEA+AAS++PCE:400", measures), ("UNT+55", "UNT+56"))
    assert rows["quantity"][0] == "400"
    assert "quantity_unit" not in rows
    # Of the only item of a declaration, where the heading gives another with its unit.
    only = (("RFF+MB:MB-1", "RFF+MB:MB-1'\nMEA+AAS++NAR:9"), ("MEA+AAS++PCE:", "MEA+AAS++:"))
    alone = (("CST+2+4000000+4417001000:122:148", "LOC+99+X"), ("UNT+55", "UNT+56"))
    rows = changed(*only, *alone)
    assert rows["quantity"][0] == "400"
    assert "quantity_unit" not in rows


def test_what_gives_way_to_another_of_its_kind_is_kept() -> None:
    other = "NAD+CN+XM-99++OTHER STORES'\nRFF+MB:MB-2'\nNAD+NI+++HARBOUR AGENTS"
    rows = changed(
        ("NAD+NI+++HARBOUR AGENTS", other),
        ("PAC+10++CT", "PAC+10++CT'\nPAC+3++BX"),
        ("UNT+55", "UNT+58"),
    )
    assert rows["consignee_id"][0] == "XM-77"
    extra = json.loads(rows["extra"][0])
    assert extra["report"]["NAD"] == ["CN+XM-99++OTHER STORES"]
    assert extra["report"]["RFF"] == ["MB:MB-2"]
    assert extra["PAC"] == ["3++BX"]
    better = changed(("PAC+10++CT", "NAD+EX+XB-9++FOUND LATER'\nPAC+10++CT"), ("UNT+55", "UNT+56"))
    assert better["consignor_id"][0] == "XA-88"  # of the heading: CZ comes before EX, EX before SU
    extra = json.loads(better["extra"][0])
    assert extra["consignor"] == {"consignor_id": "XB-9", "consignor_name": "FOUND LATER"}
    assert extra["NAD"] == ["SU+XB-1++ELDER METALS++OLDTOWN++O1+XB"]


def test_a_party_of_an_item_replaces_that_of_the_heading_as_a_whole() -> None:
    first = changed(("NAD+SU+XB-1", "NAD+CZ+XB-1")).iloc[0]
    assert (first["consignor_id"], first["consignor_name"]) == ("XB-1", "ELDER METALS")
    assert first["consignor_phone"] is None or first.isna()["consignor_phone"]


def test_days_of_documents_are_not_those_of_the_goods() -> None:
    rows, _ = read(READER, DECLARATION)
    assert rows["lodged_at"].tolist()[:2] == ["2026-03-01T08:15:00"] * 2


@pytest.mark.parametrize(
    ("cst", "code"),
    [
        ("CST+1+820320", "820320"),
        ("CST+1+I::95+N20::95", None),
        ("CST++4000000+6403911898+A999++100", "6403911898"),
        ("CST+1+940161009:108:ZZZ+100", "940161009"),
        ("CST+1+5601210000G:169:143", "5601210000"),
        ("CST+1+POS+1+8544700090+23", "8544700090"),
        ("CST+1+8203.20:122", "820320"),
    ],
)
def test_the_commodity_code_is_found_beside_national_codes(cst: str, code: str | None) -> None:
    found = changed(("CST+1+4000000+8203200000:122:148+100", cst))["hs_code"][0]
    assert (None if pd.isna(found) else found) == code


def test_a_code_of_the_heading_is_no_commodity() -> None:
    rows = changed(("CST+1+4000000+8203200000:122:148+100", "CST+1"))
    assert rows["hs_code"].isna()[0]


def test_a_tariff_number_in_a_reference_comes_before_the_status() -> None:
    rows = changed(("CST+2+4000000", "CST+2+I::95'RFF+HS:44.17'FTX+XXX+4000000"))
    assert rows["hs_code"][1] == "4417"


def test_a_second_declaration_starts_anew_and_says_what_it_does() -> None:
    third = read(READER, DECLARATION)[0].iloc[2]
    assert third["declaration_id"] == "DEC-2026-78"
    assert third["procedure"] == "export"
    assert third.isna()[["consignor_name", "container_numbers", "value", "currency"]].all()
    assert json.loads(third["extra"])["message_function"] == "replace"
    assert third["lodged_at"] == "2026-03-01T07:00:00Z"  # of UNB, when no segment says


def test_the_order_of_segments_inside_a_scope_does_not_count() -> None:
    text = DECLARATION.read_text()
    lines = text.split("\n")
    start = next(at for at, line in enumerate(lines) if line.startswith("LOC+41"))
    end = next(at for at, line in enumerate(lines) if line.startswith("DTM+132"))
    mixed = [*lines[:start], *reversed(lines[start:end]), *lines[end:]]
    first, second = read(READER, text.encode())[0], read(READER, "\n".join(mixed).encode())[0]
    columns = sorted(set(first.columns) - {"extra"})
    pd.testing.assert_frame_equal(first[columns], second[columns])


def test_counts_that_differ_and_measures_that_cannot_be_read_are_warnings() -> None:
    assert "edifact_cnt_count_short" in changed(("CNT+5:2", "CNT+5:5"))["warnings"][0]
    assert "edifact_cnt_count" in changed(("CNT+5:2", "CNT+5:1"))["warnings"][0].split("|")
    assert "unit_unknown" in changed(("AAB+KGM:120,5", "AAB+XXX:120,5"))["warnings"][0]
    assert "measure_unreadable" in changed(("AAB+KGM:120,5", "AAB+KGM:much"))["warnings"][0]


def test_a_cut_declaration_is_quarantined_whole_and_the_one_beside_it_kept() -> None:
    text = DECLARATION.read_text()
    end = text[text.index("UNS+S") : text.index("UNH+DEC2")]
    rows, rejected = read(READER, text.replace(end, "", 1).encode())
    assert rows["declaration_id"].tolist() == ["DEC-2026-78"]
    before = text[: text.index("UNS+S")].count("'\n")  # with UNA, whose place the next UNH takes
    assert [(one.reason_code, one.line) for one in rejected] == [("edifact_no_unt", before)]


def test_a_declaration_without_items_is_set_aside_by_its_number() -> None:
    text = DECLARATION.read_text()
    text = text[: text.index("CST+1+4000000")] + text[text.index("UNS+S") :]
    rejected = read(READER, text.encode())[1]
    assert [(one.reason_code, one.record_id) for one in rejected] == [
        ("no_goods_items", "DEC-2026-77")
    ]


def test_the_work_grows_with_the_segments_and_no_faster() -> None:
    """Calls of functions, which no other program on the machine can change."""

    def calls(items: int) -> int:
        text = DECLARATION.read_text()
        start, end = text.index("CST+1+4000000"), text.index("CST+2+4000000")
        text = text[:start] + text[start:end] * items + text[text.index("UNS+S") :]
        text = text.replace("EQD+CN+XXXU1234560", "EQD+CN+A'SEL+B'" * items + "EQD+CN+XXXU1234560")
        rows, count = work(READER, text.encode())
        assert rows == items + 1
        return count

    small, large = calls(40), calls(320)
    assert large < 8 * small * 1.1


def test_what_all_items_state_anew_of_the_heading_is_kept_beside_the_first() -> None:
    """A heading's destination, port and consignee stood nowhere where each item has its own."""
    own = "LOC+36+XD'\nLOC+9+XBQUA'\nNAD+CN+XM-88++QUAY STORES'\n"
    rows = changed(
        ("FTX+AAA+++HAND TOOLS", f"{own}FTX+AAA+++HAND TOOLS"),
        ("IMD+++:::WOODEN", f"{own}IMD+++:::WOODEN"),
        ("UNT+55", "UNT+61"),
    )
    assert rows["country_of_destination"].tolist()[:2] == ["XD", "XD"]
    first, second = map(json.loads, rows["extra"][:2])
    consignee = "CN+XM-77::148++HARBOUR STORES+QUAY ROAD 4:SHED 2+PORT EXAMPLE++P2+XM"
    assert first["report"]["LOC"] == ["9+XAPRT", "36+XM"]
    assert first["report"]["NAD"] == [consignee]
    assert "report" not in second
    assert not {"LOC", "NAD"} & set(json.loads(read(READER, DECLARATION)[0]["extra"][0])["report"])


def test_the_size_of_a_container_is_kept() -> None:
    report = json.loads(read(READER, DECLARATION)[0]["extra"][0])["report"]
    assert report["EQD"] == ["CN+XXXU1234560+42G1"]


def test_items_that_repeat_too_much_of_their_heading_are_set_aside(monkeypatch: Any) -> None:
    """Of a name as long as a segment may be, 882 KB with 300 items made 257 MB of quarantine."""
    monkeypatch.setattr(rows_of, "MOST", 100_000)
    text = DECLARATION.read_text().replace("JUNIPER TOOLS", "A" * 9_000)
    rows, rejected = read(READER, text.replace("CST+2", "CST+3+820320'" * 400 + "CST+2").encode())
    assert 150 < len(rows) < 250 and len(rows) + len(rejected) == 403
    assert {(one.reason_code, one.record_id) for one in rejected} == {
        ("report_too_large", "DEC-2026-77")
    }
