"""The reader of X12 310 bills, and the envelope that it shares with 309."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from riskprofile.intake.x12 import X12Reader
from riskprofile.intake.x12_310 import X12BillReader
from riskprofile.profiles import SHIPMENT
from tests.intake import helpers
from tests.intake.helpers import FIXTURES, read, work

BILL = FIXTURES / "bill310.edi"
READER = X12BillReader()
changed = partial(helpers.changed, READER, BILL)


def test_segments_and_qualifiers_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, BILL)
    expected = {
        "declaration_id": "BL-310",
        "item_number": "1",
        "lodged_at": "2026-03-01T07:00:00",
        "arrival_at": "2026-03-02T08:00:00",
        "transport_mode": "sea",
        "transport_document": "BL-310",
        "carrier": "BLUE",
        "conveyance": "MV GREEN HERON",
        "consignor_id": "JT-1",
        "consignor_name": "JUNIPER TOOLS AND FITTINGS CO",
        "consignor_address": "8 FORGE STREET, NORTHBRIDGE, F1",
        "consignor_phone": "15550123",
        "consignor_country": "XA",
        "consignee_name": "HARBOUR STORES",
        "consignee_address": "QUAY ROAD 4, PORT EXAMPLE",
        "consignee_country": "XM",
        "notify_name": "HARBOUR AGENTS",
        "port_of_loading": "XAPRT",
        "port_of_discharge": "XMPME",
        "route": "XANBR|XAPRT|XMPME",
        "container_numbers": "XXXU123456",
        "seal_numbers": "S1|S2",
        "goods_description": "HAND TOOLS OF STEEL",
        "hs_code": "820320",
        "package_type": "CTN",
        "package_count": "10",
        "gross_mass_kg": "400",
        "volume_m3": "2",
        "licence_number": "LIC-5",
        "licence_type": "OS",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert rows["warnings"].isna().all()
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_there_is_one_row_for_every_goods_line() -> None:
    rows, _ = read(READER, BILL)
    assert len(rows) == BILL.read_text().count("\nL0*") == 3
    assert rows["goods_description"].tolist()[1:] == ["WOODEN HANDLES", "SPARE WHEEL"]
    assert rows["net_mass_kg"][1] == "45.359237"
    assert rows["container_numbers"].tolist()[1:] == ["XXXU123456", "XXXU654321"]


def test_a_line_without_quantities_and_a_bill_without_loops_are_read() -> None:
    rows = changed(("L0*1***75*G*10*E*1*PCS**K~\n", ""))
    assert rows["goods_description"][2] == "SPARE WHEEL"
    rows = changed(("LX*1~\n", ""), ("LX*2~\n", ""))
    assert len(rows) == 3


def test_the_master_bill_is_the_transport_document_of_a_bill_under_it() -> None:
    row = changed(("N9*BN*BOOK-1", "N9*MB*MB-1")).iloc[0]
    assert (row["declaration_id"], row["transport_document"], row["house_document"]) == (
        "BL-310",
        "MB-1",
        "BL-310",
    )


def test_freight_counts_for_a_bill_with_one_line_in_hundredths_without_a_point() -> None:
    text = BILL.read_text()
    one = text[: text.index("L0*2")] + text[text.index("L3*575") :]
    for charge, freight in (("45000", "450"), ("45000.00", "45000")):
        row = read(READER, one.replace("**45000~", f"**{charge}~").encode())[0].iloc[0]
        assert (row["freight_cost"], row["currency"]) == (freight, "USD")
    assert "freight_cost" not in read(READER, BILL)[0]
    assert json.loads(read(READER, BILL)[0]["extra"][0])["freight"] == "450 USD"


def test_a_second_party_of_the_same_kind_does_not_change_the_first() -> None:
    row = changed(("N1*N1*HARBOUR AGENTS", "N1*CN*OTHER STORES")).iloc[0]
    assert row["consignee_name"] == "HARBOUR STORES"
    assert row["consignee_address"] == "QUAY ROAD 4, PORT EXAMPLE"


def test_counts_of_the_envelopes_that_differ_are_warnings() -> None:
    assert "x12_ge_count_short" in changed(("GE*1*1", "GE*4*1"))["warnings"][0]
    assert "x12_iea_count" in changed(("IEA*1*", "IEA*0*"))["warnings"][0].split("|")
    assert "x12_se_count" in changed(("SE*39", "SE*4"))["warnings"][0].split("|")
    assert "x12_se_reference" in changed(("*0001~\nGE", "*0009~\nGE"))["warnings"][0]


def test_a_cut_bill_is_quarantined_whole_and_the_one_beside_it_kept() -> None:
    text = BILL.read_text()
    body = text[text.index("ST*") : text.index("GE*1*1")]
    cut = body[: body.index("L0*2")].replace("BL-310", "BL-CUT")
    rows, rejected = read(READER, text.replace(body, cut + body).encode())
    assert set(rows["declaration_id"]) == {"BL-310"}
    assert [(one.reason_code, one.record_id) for one in rejected] == [("x12_no_se", "0001")]
    opened = text[: text.index("ST*")].count("~") + 1  # its ST; the reason names the next
    assert rejected[0].line == opened
    assert rejected[0].reason == f"segment {opened + cut.count('~')}: no SE before it"


def test_each_set_is_for_its_own_reader() -> None:
    assert READER.claims(BILL.read_bytes(), "x")
    assert not X12Reader().claims(BILL.read_bytes(), "x")
    assert [one.reason_code for one in read(X12Reader(), BILL)[1]] == ["x12_set"]


@pytest.mark.parametrize("reader", [READER, X12Reader()], ids=["310", "309"])
def test_the_work_grows_with_the_segments_and_no_faster(reader: Any) -> None:
    """Calls of functions, which no other program on the machine can change."""

    def calls(lines: int) -> int:
        name, line = ("bill310.edi", "L0*2") if reader is READER else ("manifest309.edi", "N10*2")
        text = (FIXTURES / name).read_text()
        start = text.index(line)
        end = text.index("H1*") if reader is READER else text.index("LX*2")
        bills = text[start:end] * lines
        if reader is not READER:
            bill = text[text.index("LX*2") : text.index("SE*")]
            bills += "".join(bill.replace("BL200", f"B{at:05d}") for at in range(lines))
        data = text[:start] + bills + text[end:]
        rows, count = work(reader, data.encode())
        assert rows >= lines
        return count

    small, large = calls(40), calls(320)
    assert large < 8 * small * 1.1


def test_a_set_too_long_to_be_held_is_set_aside_and_the_one_beside_it_kept() -> None:
    text = BILL.read_text()
    body = text[text.index("ST*") : text.index("GE*1*1")]
    long = body.replace("LX*1~", "LX*1~" * 100_000, 1)
    rows, rejected = read(READER, text.replace(body, long + body).encode())
    assert len(rows) == 3
    assert [one.reason_code for one in rejected] == ["x12_too_long"]


def test_further_codes_of_a_line_are_kept_beside_the_first() -> None:
    first = changed(("L5*1*STEEL~", "L5*1*STEEL*9305.10*J~")).iloc[0]
    assert first["hs_code"] == "820320"
    assert json.loads(first["extra"])["commodity_code"] == ["930510"]


def test_what_no_column_takes_of_a_bill_is_kept() -> None:
    more = ["N9*BM*BL-311", "X1*OS*LIC-6", "V1*9990002*SECOND SHIP", "N1*SH*OTHER SHIPPER", "SR*1"]
    text = BILL.read_text().replace("LX*1~", "~\n".join([*more, "LX*1~"]))
    rows, _ = read(READER, text.replace("SE*39", "SE*44").encode())
    assert (rows["declaration_id"][0], rows["licence_number"][0]) == ("BL-310", "LIC-5")
    extra = json.loads(rows["extra"][0])
    assert {tag: extra[tag] for tag in ("N9", "X1", "V1", "N1", "SR")} == {
        line.split("*", 1)[0]: [line.split("*", 1)[1]] for line in more
    }
    assert extra["shipment"] == "SHP-1"


def test_a_measure_in_an_unknown_unit_is_named_and_kept() -> None:
    rows = changed(("G*2*X*10", "G*2*Q*10"), ("BOX**L~", "BOX**Z~"))
    assert rows["warnings"].fillna("").tolist() == ["unit_unknown", "unit_unknown", ""]
    first, second = (json.loads(each) for each in rows["extra"][:2])
    assert (first["volume_m3"], second["net_mass_kg"]) == ("2 Q", "100 Z")


def test_a_code_of_another_list_is_kept() -> None:
    first = changed(("8203.20*J", "8203.20*S")).iloc[0]
    assert json.loads(first["extra"])["commodity_code"] == ["S 8203.20"]


@pytest.mark.parametrize("reader", [READER, X12Reader()], ids=["310", "309"])
def test_lines_beyond_a_million_containers_and_seals_are_set_aside(reader: Any) -> None:
    name = "bill310.edi" if reader is READER else "manifest309.edi"
    box, line = ("N7*", "L0*2") if reader is READER else ("VID*", "N10*2")
    text = (FIXTURES / name).read_text()
    at = text.index(box)
    one = text[at : text.index("~", at) + 1]
    text = text.replace(one, one * 2_000, 1)
    at = text.index(line)
    one = text[at : text.index("~", at) + 1]
    rows, rejected = read(reader, text.replace(one, one * 600, 1).encode())
    assert len(rows) and len(rejected)
    assert {each.reason_code for each in rejected} == {"report_too_large"}
