"""The reader of ASYCUDA manifests in XML."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskprofile.errors import InputError
from riskprofile.intake.awmds import AwmdsReader
from riskprofile.profiles import SHIPMENT
from tests.intake.helpers import FIXTURES, read

MANIFEST = FIXTURES / "awmds.xml"
READER = AwmdsReader()


def test_voyage_and_bill_tags_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, MANIFEST)
    expected = {
        "declaration_id": "HBL-1",
        "item_number": "1",
        "arrival_at": "2026-03-02T09:30",
        "procedure": "import",
        "transport_mode": "sea",
        "customs_office": "XMPME",
        "transport_document": "MBL-9",
        "house_document": "HBL-1",
        "carrier": "BLUE",
        "conveyance": "MV GREEN HERON",
        "consignor_name": "Juniper Tools",
        "consignor_address": "8 Forge Street Northbridge",
        "consignee_id": "100200300",
        "consignee_name": "Harbour Stores",
        "notify_name": "Harbour Agents",
        "port_of_loading": "XBQUA",
        "port_of_discharge": "XMPME",
        "route": "XAPRT|XMPME",
        "container_numbers": "XXXU1234560|XXXU7654321",
        "seal_numbers": "S1|S2",
        "goods_description": "Hand tools",
        "package_type": "CT",
        "package_count": "10",
        "gross_mass_kg": "120.5",
        "value": "900",
        "currency": "USD",
        "freight_cost": "40",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_the_carrier_of_the_voyage_is_not_that_of_the_bill() -> None:
    assert read(READER, MANIFEST)[0]["carrier"].tolist() == ["BLUE", "BLUE"]


def test_placeholders_are_missing_and_a_bill_without_master_is_the_transport_document() -> None:
    second = read(READER, MANIFEST)[0].iloc[1]
    assert second["transport_document"] == "BL-2"
    assert second["procedure"] == "transhipment"
    assert second[["package_type", "house_document", "package_count", "value"]].isna().all()


def test_packages_of_the_containers_stay_apart_from_those_of_the_bill() -> None:
    extra = json.loads(read(READER, MANIFEST)[0]["extra"][0])
    assert [one["Number_of_packages"] for one in extra["containers"]] == ["6", "4"]
    assert extra["header"]["voyage"] == "V12"


GOODS = """<Goods_segment><Number_of_packages>2</Number_of_packages>
<Package_type_code>%s</Package_type_code><Gross_mass>5.25</Gross_mass>
<Goods_description>Gun parts</Goods_description></Goods_segment>"""


def test_the_goods_of_a_bill_are_told_with_all_their_words_and_added_up() -> None:
    text = MANIFEST.read_text()
    once = read(READER, text.encode())[0].iloc[0]
    for kind, told in (("CT", "CT"), ("BX", None)):
        several = text.replace("<Value_segment>", GOODS % kind + "<Value_segment>")
        row = read(READER, several.encode())[0].iloc[0]
        assert row["goods_description"] == "Hand tools Gun parts"
        assert (row["package_count"], row["gross_mass_kg"]) == ("12", "125.75")
        assert row.get("package_type") == told
        assert row["value"] == once["value"]
        goods = json.loads(row["extra"])["goods"]
        assert [one["Gross_mass"] for one in goods] == ["120.50", "5.25"]
        assert (
            goods[0]["Shipping_marks"] == json.loads(once["extra"])["Goods_segment/Shipping_marks"]
        )
    lacking = several.replace("<Gross_mass>5.25</Gross_mass>", "")
    assert "gross_mass_kg" not in read(READER, lacking.encode())[0]  # not that of one alone


def test_of_a_tag_that_stands_twice_the_second_is_kept() -> None:
    again = "<Notify_name>Second Agents</Notify_name></Notify>"
    text = MANIFEST.read_text().replace("</Notify>", again)
    row = read(READER, text.encode())[0].iloc[0]
    assert row["notify_name"] == "Harbour Agents"
    assert json.loads(row["extra"])["Notify_name"] == ["Second Agents"]


def test_containers_are_told_apart_from_the_bill_in_any_letter_case() -> None:
    text = MANIFEST.read_text().replace("ctn_segment", "Ctn_Segment")
    assert (
        read(READER, text.encode())[0]
        .drop(columns=["extra", "source"])
        .equals(read(READER, MANIFEST)[0].drop(columns=["extra", "source"]))
    )


def test_what_the_voyage_says_besides_stands_in_the_first_bill_that_is_told() -> None:
    text = MANIFEST.read_text().replace("<Bol_segment>", "<Bol_segment/><Bol_segment>", 1)
    rows, rejected = read(READER, text.encode())
    assert [one.reason_code for one in rejected] == ["empty_item"]
    assert json.loads(rows["extra"][0])["header"] == {"voyage": "V12"}
    assert rows["extra"].isna().tolist() == [False, True]


def test_freight_in_another_currency_is_kept() -> None:
    text = MANIFEST.read_text().replace("<Freight_currency>USD", "<Freight_currency>EUR")
    row = read(READER, text.encode())[0].iloc[0]
    assert row["warnings"] == "freight_not_converted"
    assert json.loads(row["extra"])["freight_cost"] == "40 EUR"


def test_a_manifest_without_bills_beside_another_is_told() -> None:
    text = MANIFEST.read_text().split("?>", 1)[1]
    empty = text[: text.index("<Bol_segment>")] + "</Awmds>"
    rows, rejected = read(READER, f"<day>{empty}{text}</day>".encode())
    assert rows["declaration_id"].tolist() == ["HBL-1", "BL-2"]
    assert [(one.reason_code, one.line) for one in rejected] == [("no_consignments", 2)]


@pytest.mark.parametrize("text", ["<Awmds/>", "<Awmds><Bol_segment/></Awmds>"])
def test_a_manifest_without_bills_is_no_content(text: str) -> None:
    with pytest.raises(InputError, match="no content"):
        read(READER, text.encode())


@settings(max_examples=60)
@given(flips=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=4))
def test_a_damaged_file_raises_nothing_but_an_input_error(flips: list[tuple[int, int]]) -> None:
    data = bytearray(MANIFEST.read_bytes())
    for place, value in flips:
        data[place % len(data)] = value
    with contextlib.suppress(InputError):
        read(READER, bytes(data))
