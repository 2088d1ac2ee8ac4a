"""The reader of entry summary declarations."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from riskprofile.errors import InputError
from riskprofile.intake.ens import EnsReader
from riskprofile.profiles import SHIPMENT
from tests.intake.helpers import FIXTURES, read

ENS = FIXTURES / "ens_ie315.xml"
READER = EnsReader()


def test_header_and_item_elements_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, ENS)
    expected = {
        "declaration_id": "ENS-2026-7",
        "item_number": "1",
        "lodged_at": "2026-03-01T07:45:00",
        "arrival_at": "2026-03-02T12:00:00",
        "transport_mode": "sea",
        "customs_office": "XM000011",
        "transport_document": "MBL-1",
        "house_document": "HBL-2",
        "carrier": "Blue Line",
        "conveyance": "9990001",
        "consignor_name": "Juniper Tools",
        "consignor_address": "8 Forge Street, Northbridge, F1",
        "consignor_country": "XA",
        "consignee_id": "XM100200300",
        "notify_name": "Harbour Agents",
        "declarant_id": "XM777",
        "port_of_loading": "XAPRT",
        "route": "XA|XB|XM",
        "container_numbers": "XXXU1234560|XXXU7654321",
        "seal_numbers": "S1",
        "goods_description": "Hand tools",
        "hs_code": "820320",
        "package_type": "CT",
        "package_count": "10",
        "gross_mass_kg": "120.5",
        "licence_number": "AUTH-3",
        "licence_type": "X002",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_an_item_s_own_party_port_and_notify_party_replace_the_header_s() -> None:
    second = read(READER, ENS)[0].iloc[1]
    assert second["consignor_name"] == "Rowan Fittings"
    assert second["consignor_country"] == "XB"
    assert second["notify_name"] == "Second Agents"
    assert second["port_of_loading"] == "XBQUA"
    assert second["package_count"] == "3"


def test_a_place_that_is_no_code_and_a_code_that_is_none_stay_in_extra() -> None:
    rows, _ = read(READER, ENS)
    assert "port_of_discharge" not in rows
    assert json.loads(rows["extra"][1])["port_of_discharge"] == "Old quay"
    assert json.loads(rows["extra"][1])["commodity_code"] == "none"
    assert "hs_unreadable" in rows["warnings"][1].split("|")


def test_without_a_time_of_lodging_the_time_of_the_message_counts() -> None:
    text = ENS.read_text().replace("<DecDatTimHEA114>202603010745</DecDatTimHEA114>", "")
    assert read(READER, text.encode())[0]["lodged_at"][0] == "2026-03-01T07:30:00"


def test_an_amendment_is_named() -> None:
    data = ENS.read_bytes().replace(b"CC315A", b"CC313A")
    assert read(READER, data)[0]["warnings"][0].split("|")[0] == "amendment"


def test_every_real_file_converts_with_the_count_of_an_independent_parser(shared: Path) -> None:
    files = sorted((shared / "data/manifests/ics_ens_xml").rglob("*.xml"))
    counted = 0
    for path in files:
        rows, rejected = read(READER, path)
        assert READER.claims(path.read_bytes()[:65536], path.name), path.name
        assert len(rows) == len(etree.parse(path).findall(".//{*}GOOITEGDS")), path.name
        assert not rejected, path.name
        counted += len(rows)
    assert (len(files), counted) == (30, 1034)


@pytest.mark.parametrize("text", ["<a/>", "<CC315A><HEAHEA/></CC315A>"])
def test_a_file_without_goods_is_named(text: str) -> None:
    if "HEAHEA" in text:
        assert [one.reason_code for one in read(READER, text.encode())[1]] == ["no_goods_items"]
    else:
        with pytest.raises(InputError, match="no entry summary"):
            read(READER, text.encode())


@settings(max_examples=60)
@given(
    flips=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=4),
)
def test_a_damaged_file_raises_nothing_but_an_input_error(flips: list[tuple[int, int]]) -> None:
    data = bytearray(ENS.read_bytes())
    for place, value in flips:
        data[place % len(data)] = value
    with contextlib.suppress(InputError):
        read(READER, bytes(data))


def warned(text: str) -> list[set[str]]:
    warnings = read(READER, text.encode())[0]["warnings"]
    return [set((cell or "").split("|")) - {""} for cell in warnings.fillna("")]


PARTY = "<NamCO17>A</NamCO17><StrAndNumCO122>B</StrAndNumCO122><PosCodCO123>C</PosCodCO123>"
WHOLE = f"{PARTY}<CitCO124>D</CitCO124><CouCO125>XA</CouCO125>"


@pytest.mark.parametrize(
    ("header", "item", "code"),
    [
        ("", "", None),
        (f"<TRACONCO1>{WHOLE}</TRACONCO1>", "", None),
        (f"<TRACONCO1>{PARTY}</TRACONCO1>", "", "party_details"),
        ("<TRACONCO1><TINCO159>XM12</TINCO159></TRACONCO1>", "", None),
        ("<TRACONCO1><TINCO159>XM12</TINCO159><CitCO124>D</CitCO124></TRACONCO1>", "", "party"),
        ("<TRACONCO1><TINCO159>XA12</TINCO159></TRACONCO1>", "", "party_details"),
        (f"<TRACONCO1><TINCO159>XA12</TINCO159>{WHOLE}</TRACONCO1>", "", None),
        ("<HEAHEA><TraModAtBorHEA76>7</TraModAtBorHEA76></HEAHEA>", "", "mode_unknown"),
        (
            "<HEAHEA><TraModAtBorHEA76>4</TraModAtBorHEA76>"
            "<IdeOfMeaOfTraCroHEA85>9990001</IdeOfMeaOfTraCroHEA85></HEAHEA>",
            "",
            "conveyance_identity",
        ),
        (
            "<HEAHEA><TraModAtBorHEA76>1</TraModAtBorHEA76>"
            "<IdeOfMeaOfTraCroHEA85>9990001</IdeOfMeaOfTraCroHEA85></HEAHEA>",
            "",
            None,
        ),
        (
            "<HEAHEA><TotGroMasHEA307>9.9</TotGroMasHEA307></HEAHEA>",
            "<GroMasGDS46>10</GroMasGDS46>",
            "mass_total_short",
        ),
        ("<HEAHEA><DocNumHEA5>26XM1</DocNumHEA5></HEAHEA>", "", "reference_odd"),
    ],
)
def test_a_broken_condition_of_the_specification_is_a_warning(
    header: str, item: str, code: str | None
) -> None:
    text = (
        f"<CC315A>{header}<TRACONCE1><TINCE159>XM1</TINCE159></TRACONCE1>"
        f"<GOOITEGDS><GooDesGDS23>tools</GooDesGDS23>{item}</GOOITEGDS>"
        "<PERLODSUMDEC><TINPLD1>XM777</TINPLD1></PERLODSUMDEC></CC315A>"
    )
    assert warned(text) == [
        set() if code is None else {"party_details" if code == "party" else code}
    ]


def test_a_consignee_may_be_missing_only_from_goods_to_the_bearer_of_a_bill() -> None:
    lodger = "<PERLODSUMDEC><TINPLD1>XM777</TINPLD1></PERLODSUMDEC>"
    goods = "<GooDesGDS23>tools</GooDesGDS23>"
    special = "<SPEMENMT2><AddInfCodMT23>10600</AddInfCodMT23></SPEMENMT2>"
    plain = f"<CC315A><GOOITEGDS>{goods}</GOOITEGDS>{lodger}</CC315A>"
    bearer = f"<CC315A><GOOITEGDS>{goods}{special}</GOOITEGDS>{lodger}</CC315A>"
    assert (warned(plain), warned(bearer)) == ([{"consignee_missing"}], [set()])
    assert warned(plain.replace(lodger, "")) == [{"consignee_missing", "lodger_missing"}]


def test_a_total_mass_is_that_of_an_item_which_is_alone_and_stands_in_extra_of_others() -> None:
    def of(declared: str, items: int) -> tuple[list[object], dict[str, str]]:
        head = f"<TotNumOfIteHEA305>{declared}</TotNumOfIteHEA305>"
        item = "<GOOITEGDS><GooDesGDS23>tools</GooDesGDS23></GOOITEGDS>"
        rows, _ = read(
            READER,
            f"<CC315A><HEAHEA><RefNumHEA4>E1</RefNumHEA4>{head}<TotGroMasHEA307>9</TotGroMasHEA307>"
            f"</HEAHEA>{item * items}</CC315A>".encode(),
        )
        masses = rows["gross_mass_kg"].tolist() if "gross_mass_kg" in rows else []
        return masses, json.loads(rows["extra"][0])["header"]

    totals = {"HEAHEA/TotNumOfIteHEA305": "2", "HEAHEA/TotGroMasHEA307": "9"}
    assert of("1", 1) == (["9"], {})
    assert of("2", 2) == ([], totals)
    assert of("1", 2) == ([], {**totals, "HEAHEA/TotNumOfIteHEA305": "1"})


def test_of_two_senders_none_is_mixed_of_both() -> None:
    party = "<TRACONCO1>\n    <NamCO17>"
    text = ENS.read_text()
    assert party in text
    rows, _ = read(
        READER,
        text.replace(party, f"<TRACONCO1><CouCO125>XQ</CouCO125></TRACONCO1>{party}").encode(),
    )
    first = rows.iloc[0]
    assert first["consignor_country"] == "XQ"
    assert first[["consignor_name"]].isna().all()
    assert json.loads(first["extra"])["header"]["TRACONCO1"][0]["NamCO17"] == "Juniper Tools"
