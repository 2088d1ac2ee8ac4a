"""The reader of postal items."""

from __future__ import annotations

import json
from functools import partial

import pytest

from riskprofile.intake.itmatt import ItmattReader, s10
from riskprofile.profiles import SHIPMENT
from tests.intake import helpers
from tests.intake.helpers import FIXTURES, read

ITEMS = FIXTURES / "itmatt.edi"
READER = ItmattReader()
changed = partial(helpers.changed, READER, ITEMS)


def test_segments_and_qualifiers_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, ITEMS)
    expected = {
        "declaration_id": "EE473124829XA",
        "item_number": "1",
        "lodged_at": "2026-03-01T06:30:00",
        "transport_mode": "post",
        "transport_document": "EE473124829XA",
        "consignor_name": "ADA THORN",
        "consignor_address": "20 ELM WAY, NORTHBRIDGE, F1",
        "consignor_phone": "15550123",
        "consignor_country": "XA",
        "consignee_name": "ROWAN VALE",
        "consignee_address": "4 QUAY ROAD, PORT EXAMPLE, P2",
        "consignee_country": "XM",
        "country_of_origin": "XA",
        "country_of_export": "XA",
        "country_of_destination": "XM",
        "goods_description": "WOOLEN SCARF",
        "hs_code": "611710",
        "quantity": "2",
        "quantity_unit": "PCE",
        "net_mass_kg": "0.3",
        "value": "15",
        "currency": "EUR",
        "gift": "true",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert rows["warnings"].isna().all()
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_there_is_one_row_for_every_content_piece_and_for_an_item_without_any() -> None:
    rows, _ = read(READER, ITEMS)
    assert len(rows) == ITEMS.read_text().count("\nGID+") + 1 == 3
    assert rows["item_number"].tolist() == ["1", "2", "1"]
    assert rows["declaration_id"].tolist() == ["EE473124829XA"] * 2 + ["CP123456785XA"]


def test_mass_and_value_of_an_item_are_not_those_of_each_piece() -> None:
    rows, _ = read(READER, ITEMS)
    assert rows["value"].tolist() == ["15", "30", "20"]
    assert rows["gross_mass_kg"].isna().tolist() == [True, True, False]
    item = json.loads(rows["extra"][0])["consignment"]
    assert (item["total gross_mass_kg"], item["total value"]) == (["1.2"], ["45"])
    assert "consignment" not in json.loads(rows["extra"][1])


def test_the_parties_of_one_item_are_not_those_of_the_next() -> None:
    last = read(READER, ITEMS)[0].iloc[2]
    assert (last["consignor_name"], last["goods_description"]) == ("TAM BRIAR", "PRINTED BOOKS")
    assert last.isna()[["consignor_address", "consignor_phone", "gift", "hs_code"]].all()


def test_an_item_begins_at_the_next_identifier_where_no_segment_says_so() -> None:
    rows = changed(("CNI+1+EE473124829XA", "RFF+AAS:EE473124829XA"), ("CNI+2+'\n", ""))
    assert rows["declaration_id"].tolist() == ["EE473124829XA"] * 2 + ["CP123456785XA"]


def test_the_same_identifier_again_is_the_same_item() -> None:
    rows = changed(("GID+2'", "GID+2'\nRFF+AAS:EE 473124829 XA'"))
    assert rows["declaration_id"].tolist()[:2] == ["EE473124829XA"] * 2
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("EE473124829XA", True),
        ("ee 473 124 829 xa", True),
        ("EE473124828XA", False),
        ("CP123456785XA", True),
        ("CP12345678XA", False),
        ("AAAAAAAAAAAAA", False),
        ("", False),
    ],
)
def test_an_identifier_is_one_only_with_its_check_digit(text: str, known: bool) -> None:
    assert bool(s10(text)) is known


def test_a_cut_message_is_quarantined_whole() -> None:
    data = ITEMS.read_bytes()
    rows, rejected = read(READER, data[: data.index(b"CNI+2")])
    assert rows.empty
    assert [one.reason_code for one in rejected] == ["edifact_no_unt"]
