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
