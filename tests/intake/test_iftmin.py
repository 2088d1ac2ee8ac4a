"""The readers of transport instructions, of bills, and of container orders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from riskprofile import intake
from riskprofile.intake.coprar import CoprarReader
from riskprofile.intake.iftmin import IftminReader
from riskprofile.profiles import SHIPMENT
from tests.intake import helpers
from tests.intake.helpers import FIXTURES, read

BILL, ORDER = FIXTURES / "iftmcs.edi", FIXTURES / "coprar.edi"
READER, ORDERS = IftminReader(), CoprarReader()


def changed(path: Path, *changes: tuple[str, str]) -> Any:
    return helpers.changed(READER if path is BILL else ORDERS, path, *changes)


def test_segments_and_qualifiers_of_a_bill_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, BILL)
    expected = {
        "declaration_id": "BL-500",
        "item_number": "1",
        "lodged_at": "2026-03-01T06:30:00",
        "arrival_at": "2026-03-02",
        "transport_mode": "sea",
        "transport_document": "MB-5",
        "house_document": "BL-500",
        "carrier": "BLUE",
        "conveyance": "MV GREEN HERON",
        "consignor_id": "JT-1",
        "consignor_name": "JUNIPER TOOLS",
        "consignor_address": "8 FORGE STREET, NORTHBRIDGE, F1",
        "consignor_phone": "15550123",
        "consignor_country": "XA",
        "consignee_name": "HARBOUR STORES QUAY ROAD 4 PORT EXAMPLE",
        "notify_name": "HARBOUR AGENTS",
        "port_of_loading": "XAPRT",
        "port_of_discharge": "XMPME",
        "route": "XANBR|XAPRT|XMPME",
        "container_numbers": "XXXU1234560",
        "seal_numbers": "S1|S2",
        "goods_description": "HAND TOOLS OF STEEL",
        "hs_code": "820320",
        "package_type": "CT",
        "package_count": "10",
        "gross_mass_kg": "400",
        "volume_m3": "2",
        "value": "1500",
        "currency": "USD",
        "licence_number": "LIC-5",
        "licence_type": "EP",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert rows["warnings"].isna().all()
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_there_is_one_row_for_every_goods_item() -> None:
    assert len(read(READER, BILL)[0]) == BILL.read_text().count("\nGID+") == 3


def test_an_item_without_equipment_of_its_own_is_in_all_and_never_takes_their_mass() -> None:
    second = read(READER, BILL)[0].iloc[1]
    assert second["container_numbers"] == "XXXU1234560|XXXU7654321"
    assert second["seal_numbers"] == "S1|S2|S3"
    assert second["gross_mass_kg"] == "4.5359237"
    assert json.loads(second["extra"])["DGS"] == ["IMD+1.4S+0012"]


def test_the_leg_before_gives_neither_ports_nor_vessel() -> None:
    text = BILL.read_text()
    pre = text[text.index("TDT+10") : text.index("TDT+20")]
    main = text[text.index("TDT+20") : text.index("NAD+CZ")]
    swapped = text.replace(pre + main, main + pre)
    first, second = read(READER, text.encode())[0], read(READER, swapped.encode())[0]
    for column in ("port_of_loading", "port_of_discharge", "conveyance", "carrier", "arrival_at"):
        assert first[column].tolist() == second[column].tolist()


def test_an_instruction_is_known_by_its_own_number_and_says_that_it_replaces() -> None:
    last = read(READER, BILL)[0].iloc[2]
    assert last["declaration_id"] == "SI-9"
    assert last.isna()[["transport_document", "house_document", "container_numbers"]].all()
    assert json.loads(last["extra"])["message_function"] == "replace"


def test_where_nobody_else_receives_the_goods_it_is_who_they_are_delivered_to() -> None:
    rows = changed(BILL, ("NAD+CN+++HARBOUR STORES:QUAY ROAD 4:PORT EXAMPLE'\n", ""))
    assert rows["consignee_name"][0] == "HARBOUR WAREHOUSE"


def test_segments_and_qualifiers_of_an_order_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(ORDERS, ORDER)
    expected = {
        "declaration_id": "BL-500",
        "item_number": "1",
        "lodged_at": "2026-03-01T07:00:00Z",
        "arrival_at": "2026-03-02T08:00:00",
        "transport_mode": "sea",
        "transport_document": "BL-500",
        "carrier": "BLUE",
        "conveyance": "MV GREEN HERON",
        "port_of_loading": "XAPRT",
        "port_of_discharge": "XMPME",
        "route": "XAPRT|XMPME|XMINL",
        "container_numbers": "XXXU1234560",
        "seal_numbers": "S1",
        "goods_description": "MACHINE PARTS",
        "gross_mass_kg": "11740",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert rows["warnings"].isna().all()


def test_there_is_one_row_for_every_container_and_an_empty_one_says_so() -> None:
    rows, _ = read(ORDERS, ORDER)
    assert len(rows) == ORDER.read_text().count("\nEQD+") == 2
    second = rows.iloc[1]
    assert (second["declaration_id"], second["goods_description"]) == ("BOOK-6", "empty container")
    assert (second["port_of_discharge"], second["gross_mass_kg"]) == ("XMPME", "2200")
    assert second.isna()[["seal_numbers", "transport_document"]].all()


def test_a_full_container_without_a_description_is_set_aside_not_made_up(tmp_path: Path) -> None:
    path = tmp_path / "order.edi"
    path.write_text(ORDER.read_text().replace("FTX+AAA+++MACHINE PARTS'\n", ""))
    chunks = list(intake.read(path))
    assert [one.reason_code for chunk in chunks for one in chunk.rejected] == ["mandatory_missing"]
    assert sum(len(chunk.table) for chunk in chunks) == 1


def test_the_arrival_of_a_loading_order_is_not_that_of_the_goods() -> None:
    assert "arrival_at" not in changed(ORDER, ("BGM+43", "BGM+45"))


def test_a_count_of_containers_that_differs_is_a_warning() -> None:
    assert "edifact_cnt_count_short" in changed(ORDER, ("CNT+16:2", "CNT+16:5"))["warnings"][0]
    assert "edifact_cnt_count_short" in changed(BILL, ("CNT+16:2", "CNT+16:5"))["warnings"][0]


def test_a_real_order_has_a_row_for_each_of_its_containers(shared: Path) -> None:
    path = shared / "data/manifests/edifact_transport/d95b_coprar.edi"
    rows, rejected = read(ORDERS, path)
    assert len(rows) == path.read_text().count("EQD+CN") == 2
    assert not rejected
    named = {"edifact_no_unb", "edifact_unt_count_short", "edifact_cnt_count_short"}
    assert set(rows["warnings"][0].split("|")) == named


@pytest.mark.parametrize(
    ("path", "reader", "cut"), [(BILL, READER, "GID+2"), (ORDER, ORDERS, "EQD+CN+XXXU7")]
)
def test_a_cut_message_is_quarantined_whole_and_the_one_beside_it_kept(
    path: Path, reader: Any, cut: str
) -> None:
    text = path.read_text()
    start = text.index("UNH")
    body = text[start : text.index("UNT")]
    broken = body[: body.index(cut)]
    rows, rejected = read(reader, (text[:start] + broken + text[start:]).encode())
    assert rows["declaration_id"].tolist() == read(reader, path)[0]["declaration_id"].tolist()
    place = (text[:start] + broken).count("'\n") + 1
    assert [(one.reason_code, one.line) for one in rejected] == [("edifact_no_unt", place)]


def test_an_amount_without_a_currency_is_in_that_of_the_message() -> None:
    first = changed(BILL, ("MOA+44:1500:USD'", "CUX+2:EUR'MOA+44:1500'")).iloc[0]
    assert (first["value"], first["currency"]) == ("1500", "EUR")
