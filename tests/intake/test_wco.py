"""The reader of WCO Data Model declarations."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from riskprofile.errors import InputError
from riskprofile.intake.chunks import CHUNK_BYTES
from riskprofile.intake.rows import moment
from riskprofile.intake.wco import WcoReader
from riskprofile.profiles import SHIPMENT
from tests.intake.helpers import FIXTURES, read, source

IMPORT = FIXTURES / "wco_import.xml"
READER = WcoReader()


def test_header_and_item_elements_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, IMPORT)
    expected = {
        "declaration_id": "LRN-0001",
        "item_number": "1",
        "lodged_at": "2022-06-06T01:00:00+01:00",
        "procedure": "import",
        "transport_mode": "air",
        "customs_office": "XMPME001",
        "transport_document": "999-12345675",
        "house_document": "HAWB-4",
        "carrier": "XA0001",
        "conveyance": "FN 123",
        "consignor_name": "Fennel Outdoor Supplies",
        "consignor_address": "3 Copper Row, Northbridge, NB1",
        "consignor_country": "XA",
        "consignee_id": "XM100200300",
        "declarant_id": "XM900900900",
        "country_of_origin": "XB",
        "country_of_export": "XA",
        "country_of_destination": "XM",
        "route": "XA|XB|XM",
        "container_numbers": "XXXU1234560",
        "seal_numbers": "S-1|S-2",
        "goods_description": "Telescopic sights for air rifles",
        "hs_code": "90131000",
        "package_type": "BX",
        "package_count": "5",
        "quantity": "40",
        "quantity_unit": "NAR",
        "gross_mass_kg": "12",
        "net_mass_kg": "10.5",
        "value": "800",
        "currency": "EUR",
        "freight_cost": "60",
        "licence_number": "IMP-55",
        "licence_type": "L100",
        "end_use_certificate": "EUC-8",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_only_the_commodity_code_is_the_hs_code_and_the_others_stay_in_extra() -> None:
    rows, _ = read(READER, IMPORT)
    assert json.loads(rows["extra"][0])["classifications"] == {"TRC": ["00"]}
    assert rows["hs_code"].isna()[1]


def test_a_consignment_between_private_persons_is_a_gift() -> None:
    rows, _ = read(READER, IMPORT)
    assert rows["gift"][1] == "true"
    assert rows["consignee_type"][1] == "private"
    assert rows["gift"].isna()[0]


def test_a_mass_in_an_unknown_unit_is_missing_and_named() -> None:
    rows, _ = read(READER, IMPORT)
    assert rows["gross_mass_kg"].isna()[1]
    assert rows["warnings"][1] == "unit_unknown"


def test_the_consignee_of_an_export_is_who_receives_and_not_the_importer() -> None:
    data = IMPORT.read_bytes().replace(b"IMA", b"EXA")
    rows, _ = read(READER, data)
    assert rows["consignee_name"][0] == "Second Hand Stores"
    assert rows["procedure"][0] == "export"


def test_where_importer_and_consignee_are_two_both_are_kept() -> None:
    text = IMPORT.read_text()
    header = json.loads(read(READER, IMPORT)[0]["extra"][0])["header"]
    assert header["consignee"] == {"consignee_name": "Second Hand Stores"}
    assert header["importer"]["consignee_id"] == "XM100200300"
    item = "<d:Importer><d:ID>XM1</d:ID></d:Importer><d:Consignee><d:ID>XM2</d:ID></d:Consignee>"
    text = text.replace("<d:Commodity>", f"{item}<d:Commodity>", 1)
    row = read(READER, text.encode())[0].iloc[0]
    assert row["consignee_id"] == "XM1"
    assert json.loads(row["extra"])["consignee"] == {"consignee_id": "XM2"}


def test_freight_in_another_currency_is_kept() -> None:
    text = IMPORT.read_text().replace(
        'FreightChargeAmount currencyID="EUR', 'FreightChargeAmount currencyID="USD'
    )
    row = read(READER, text.encode())[0].iloc[0]
    assert row["warnings"] == "freight_not_converted"
    assert json.loads(row["extra"])["freight_cost"] == "60 USD"


def test_items_that_share_very_many_containers_come_in_chunks_of_bounded_size() -> None:
    text = IMPORT.read_text()
    one = re.search(r"<d:TransportEquipment>.*?</d:TransportEquipment>", text, re.DOTALL)
    item = re.search(r"<d:GovernmentAgency.*?</d:GovernmentAgencyGoodsItem>", text, re.DOTALL)
    assert one
    assert item
    many = "".join(one[0].replace("XXXU1234560", f"XXXU{n:07d}") for n in range(20_000))
    text = text.replace(one[0], many).replace(item[0], item[0] * 200)
    sizes = [
        (len(chunk.rows), chunk.rows.nbytes)
        for chunk in READER.read(source(text.encode()), "shipment", 5_000)
    ]
    assert sum(count for count, _ in sizes) == 201
    assert max(size for _, size in sizes) < 2 * CHUNK_BYTES


def test_times_keep_their_zone_and_impossible_ones_are_missing() -> None:
    assert moment("20220606010000+01") == "2022-06-06T01:00:00+01:00"
    assert moment("20220606010000Z") == "2022-06-06T01:00:00+00:00"
    assert moment("202206060100") == "2022-06-06T01:00:00"
    assert moment("20220606") == "2022-06-06"
    assert moment("20220631") is None
    assert moment("20220606250000") is None


def test_an_amendment_is_named_and_without_goods_rejected() -> None:
    data = IMPORT.read_bytes().replace(b"FunctionCode>9<", b"FunctionCode>13<")
    assert read(READER, data)[0]["warnings"][0] == "amendment"
    bare = b"<Declaration><FunctionCode>13</FunctionCode><ID>M1</ID></Declaration>"
    rows, rejected = read(READER, bare)
    assert rows.empty
    assert [(one.reason_code, one.record_id) for one in rejected] == [
        ("amendment_without_goods", "M1")
    ]


def test_a_cancellation_without_goods_is_a_row_that_cancels() -> None:
    bare = (
        b"<Declaration><FunctionCode>13</FunctionCode><TypeCode>INV</TypeCode><ID>M1</ID>"
        b"<IssueDateTime><DateTimeString>20260301080000</DateTimeString></IssueDateTime>"
        b"</Declaration>"
    )
    rows, rejected = read(READER, bare)
    assert rejected == []
    assert rows[["declaration_id", "warnings"]].values.tolist() == [["M1", "cancellation"]]
    said = json.loads(rows["extra"][0])
    assert (said["message_function"], said["message_at"]) == ("cancel", "2026-03-01T08:00:00Z")
    assert read(READER, bare.replace(b"<ID>M1</ID>", b""))[1][0].reason_code == (
        "cancellation_without_goods"
    )


def test_a_comment_with_two_hyphens_is_refused_with_the_line_never_recovered() -> None:
    data = IMPORT.read_bytes().replace(b"<d:Declarant>", b"<!-- a -- b --><d:Declarant>")
    with pytest.raises(InputError, match=r"memory:\d+:\d+: not well-formed"):
        read(READER, data)


def test_an_entity_that_xml_does_not_know_is_named_with_its_line() -> None:
    read(READER, IMPORT.read_bytes())
    data = IMPORT.read_bytes().replace(b"Fennel Outdoor", b"Fennel&nbsp;Outdoor")
    with pytest.raises(InputError, match=r"memory:27:\d+: not well-formed XML: Entity 'nbsp'"):
        read(READER, data)


def test_every_real_file_with_goods_converts_with_the_count_of_an_independent_parser(
    shared: Path,
) -> None:
    files = sorted((shared / "data/manifests/wco_dm_cds").glob("*.xml"))
    counted = 0
    for path in files:
        items = etree.parse(path).findall(".//{*}GovernmentAgencyGoodsItem")
        try:
            rows, rejected = read(READER, path)
        except InputError as error:
            assert "no declaration" in str(error), path.name
            assert not items
            continue
        assert len(rows) == len(items), path.name
        assert items or rejected, path.name
        assert all(one.reason_code.endswith("_without_goods") for one in rejected), path.name
        counted += len(items)
    assert (len(files), counted) == (38, 38)


@settings(max_examples=60)
@given(
    cut=st.integers(0, 8000),
    flips=st.lists(st.tuples(st.integers(0, 8000), st.integers(0, 255)), max_size=4),
)
def test_a_damaged_file_raises_nothing_but_an_input_error(
    cut: int, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(IMPORT.read_bytes())
    for place, value in flips:
        data[place % len(data)] = value
    with contextlib.suppress(InputError):
        read(READER, bytes(data if cut > 4000 else data[:-cut]))


def test_each_envelope_of_a_wrapper_says_when_its_own_declaration_was_received() -> None:
    text = IMPORT.read_text().partition("?>")[2]
    start, rest = text.split("<d:AcceptanceDateTime>", 1)
    bare = start + rest.split("</d:AcceptanceDateTime>", 1)[1]
    days = ["2022-06-06", "2022-06-07"]
    envelopes = "".join(
        "<submitDeclarationRequest><requestCommon>"
        f"<receiptDate>{day}T10:00:00Z</receiptDate></requestCommon>{bare}"
        "</submitDeclarationRequest>"
        for day in days
    )
    rows, _ = read(READER, f"<all>{envelopes}</all>".encode())
    assert rows["lodged_at"].str[:10].drop_duplicates().tolist() == days
    assert rows["lodged_at"].notna().all()


def test_a_party_is_that_of_one_element_though_several_stand_at_its_path() -> None:
    """The first had a name, the second a number and a country: they made one sender."""
    other = "<d:Exporter><d:ID>XQ9</d:ID><d:Address><d:CountryCode>XQ</d:CountryCode></d:Address>"
    text = IMPORT.read_text()
    at = text.index("<d:Exporter>")
    end = text.index("</d:Exporter>", at)
    bare = re.sub(r"<d:Address>.*?</d:Address>", "", text[at:end], flags=re.DOTALL)
    both = f"{bare}</d:Exporter>{other}"
    rows = read(READER, (text[:at] + both + text[end:]).encode())[0]
    first = rows.iloc[0]
    assert first["consignor_name"] == "Fennel Outdoor Supplies"
    assert {"consignor_id", "consignor_country"}.isdisjoint(rows.columns)
    assert json.loads(first["extra"])["header"]["Exporter"] == [
        {"ID": "XQ9", "Address/CountryCode": "XQ"}
    ]


def test_freight_of_a_declaration_is_that_of_an_item_which_is_alone() -> None:
    """One that counts itself as a single item, and holds two, gave each the freight of both."""
    freight = (
        '<d:CustomsValuation><d:FreightChargeAmount currencyID="EUR">900</d:FreightChargeAmount>'
        "</d:CustomsValuation>"
    )
    text = IMPORT.read_text().replace("<d:GoodsItemQuantity>2", "<d:GoodsItemQuantity>1")
    text = text.replace("<d:GoodsShipment>", f"<d:GoodsShipment>{freight}")
    rows, _ = read(READER, text.encode())
    assert "900" not in rows["freight_cost"].dropna().tolist()
    assert "900" in json.dumps(json.loads(rows["extra"][0])["header"])
