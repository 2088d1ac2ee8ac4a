"""The reader of IATA Cargo-XML waybills and flight manifests."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from riskprofile.errors import InputError
from riskprofile.intake.cargo_xml import CargoXmlReader
from riskprofile.profiles import SHIPMENT
from tests.intake.helpers import FIXTURES, read

HOUSE, FLIGHT = FIXTURES / "xfzb.xml", FIXTURES / "xffm.xml"
READER = CargoXmlReader()


def test_a_house_waybill_fills_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, HOUSE)
    expected = {
        "declaration_id": "HAWB77",
        "item_number": "1",
        "lodged_at": "2026-04-29T10:10:00+02:00",
        "arrival_at": "2026-05-01T06:00:00",
        "transport_mode": "air",
        "transport_document": "999-12345675",
        "house_document": "HAWB77",
        "carrier": "FN",
        "conveyance": "FN20",
        "consignor_name": "HAZEL TURNING LTD",
        "consignor_address": "LATHE LANE 1, NORTHBRIDGE, 12345",
        "consignor_phone": "5550100",
        "consignor_country": "XA",
        "consignee_id": "XM100200300",
        "consignee_name": "HARBOUR STORES",
        "port_of_loading": "ICN",
        "port_of_discharge": "NBO",
        "route": "ICN|DXB|NBO",
        "goods_description": "STEEL TUBES",
        "hs_code": "848790",
        "package_count": "5",
        "gross_mass_kg": "45.359237",
        "volume_m3": "2.602",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_a_nil_value_is_missing_and_a_placeholder_is_no_hs_code() -> None:
    rows, _ = read(READER, HOUSE)
    assert "value" not in rows
    assert rows["hs_code"].isna()[1]
    assert rows["warnings"][1] == "hs_placeholder"
    assert rows["goods_description"][1] == "MACHINE PARTS"


def test_notes_that_name_persons_are_not_kept() -> None:
    assert not read(READER, HOUSE)[0]["extra"].str.contains("CARA PERSON").any()


def test_every_real_waybill_converts_with_the_count_of_an_independent_parser(
    shared: Path,
) -> None:
    files = sorted((shared / "data/manifests/iata_cargo_xml").glob("*.xml"))
    for path in files:
        rows, rejected = read(READER, path)
        tree = etree.parse(path)
        names = ("IncludedMasterConsignmentItem", "IncludedHouseConsignmentItem")
        assert len(rows) == sum(len(tree.findall(f".//{{*}}{name}")) for name in names)
        assert READER.claims(path.read_bytes(), path.name)
        assert not rejected
        assert rows["goods_description"].notna().all()
        assert rows["gross_mass_kg"].notna().all()
    assert len(files) == 3


def test_freight_of_a_single_item_is_kept_in_its_currency(shared: Path) -> None:
    path = shared / "data/manifests/iata_cargo_xml/888-11111111_XFWB.xml"
    row = read(READER, path)[0].iloc[0]
    assert (row["freight_cost"], row["currency"]) == ("4626.48", "EUR")
    assert row["route"] == "ORK|DUB|AUH|PVG"


def test_freight_in_another_currency_is_named_and_kept() -> None:
    text = HOUSE.read_text().replace(">true</d:Nil", ">false</d:Nil")
    item = "<d:IncludedHouseConsignmentItem>"
    text = text[: text.rindex(item)] + text[text.rindex("</d:IncludedHouseConsignment>") :]
    rating = "%s"
    for tag in ("ApplicablePrepaidCollectMonetarySummation", "ApplicableTotalRating"):
        rating = f"<d:{tag}>{rating}</d:{tag}>"
    charge = '<d:WeightChargeTotalAmount currencyID="USD">30</d:WeightChargeTotalAmount>'
    text = text.replace("<d:SummaryDescription>", f"{rating % charge}<d:SummaryDescription>")
    (row,) = read(READER, text.encode())[0].to_dict("records")
    assert (row["value"], row["currency"], row["warnings"]) == ("1", "EUR", "freight_not_converted")
    assert json.loads(row["extra"])["header"]["freight_cost"] == "30 USD"


def test_of_a_header_what_gives_way_is_kept() -> None:
    other = "<d:AssociatedParty><d:RoleCode>%s</d:RoleCode><d:Name>%s</d:Name></d:AssociatedParty>"
    more = other % ("NI", "FIRST") + other % ("NI", "SECOND") + other % ("FX", "THIRD")
    text = HOUSE.read_text().replace("<d:SummaryDescription>", f"{more}<d:SummaryDescription>")
    row = read(READER, text.encode())[0].iloc[0]
    assert row["notify_name"] == "FIRST"
    header = json.loads(row["extra"])["header"]
    at = "MasterConsignment/IncludedHouseConsignment"
    assert header[f"{at}/AssociatedParty"] == [
        {"RoleCode": "NI", "Name": "SECOND"},
        {"RoleCode": "FX", "Name": "THIRD"},
    ]
    assert header[f"{at}/SpecifiedLogisticsTransportMovement"] == [{"ID": "FN10"}]
    assert header["SummaryDescription"] == "MACHINE PARTS"


@settings(max_examples=60)
@given(flips=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=4))
def test_a_damaged_file_raises_nothing_but_an_input_error(flips: list[tuple[int, int]]) -> None:
    data = bytearray(HOUSE.read_bytes())
    for place, value in flips:
        data[place % len(data)] = value
    with contextlib.suppress(InputError):
        read(READER, bytes(data))


def test_a_flight_manifest_gives_a_row_for_each_consignment_loaded_at_one_place() -> None:
    rows, rejected = read(READER, FLIGHT)
    expected = {
        "declaration_id": "999-12345675/FN0020/2026-04-30",
        "item_number": "1",
        "lodged_at": "2026-04-30T21:00:00+04:00",
        "arrival_at": "2026-05-01T03:15:00",
        "transport_mode": "air",
        "transport_document": "999-12345675",
        "carrier": "FN",
        "conveyance": "FN0020",
        "port_of_loading": "DXB",
        "port_of_discharge": "NBO",
        "route": "ICN|DXB|NBO|EBB",
        "goods_description": "STEEL TUBES",
        "hs_code": "730630",
        "package_count": "4",
        "gross_mass_kg": "40.5",
        "volume_m3": "0.4",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}
    extra = json.loads(rows["extra"][0])
    assert extra["message_function"] == "update"
    assert extra["commodity_code"] == "848790"
    assert extra["unit_load"]["ID"] == "12345"


def test_parts_of_one_waybill_on_one_flight_keep_keys_of_their_own() -> None:
    rows, _ = read(READER, FLIGHT)
    assert rows["declaration_id"][0] == rows["declaration_id"][1]
    assert rows["item_number"].tolist() == ["1", "2", "1"]
    assert rows["gross_mass_kg"][1] == "45.359237"
    assert rows["port_of_discharge"].tolist() == ["NBO", "NBO", "KGL"]
    assert rows["arrival_at"][2] == "2026-05-01T06:45:00"


def test_a_flight_without_cargo_is_set_aside_by_its_number_and_day() -> None:
    text = re.sub(r"<m:ArrivalEvent>.*</m:ArrivalEvent>", "", FLIGHT.read_text(), flags=re.DOTALL)
    (found,) = read(READER, text.encode())[1]
    assert (found.reason_code, found.record_id) == ("no_goods_items", "FN0020/2026-04-30")


def test_a_party_is_that_of_one_element_though_several_stand_at_its_path() -> None:
    text = HOUSE.read_text()
    assert "<d:ConsigneeParty>" in text
    country = "<d:PostalStructuredAddress><d:CountryID>XQ</d:CountryID></d:PostalStructuredAddress>"
    first = f"<d:ConsigneeParty>{country}</d:ConsigneeParty>"
    rows, _ = read(
        READER, text.replace("<d:ConsigneeParty>", f"{first}<d:ConsigneeParty>").encode()
    )
    assert rows["consignee_country"][0] == "XQ"
    assert "consignee_name" not in rows
    assert "HARBOUR STORES" in rows["extra"][0]
