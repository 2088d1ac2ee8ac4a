"""The ASYCUDA World SAD reader."""

from __future__ import annotations

import contextlib
import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskprofile.errors import InputError
from riskprofile.intake import rows as rows_of
from riskprofile.intake.reader import Offices, Source
from riskprofile.intake.sad import SadReader
from riskprofile.profiles import SHIPMENT
from tests.intake.helpers import FIXTURES, read, source

TWO_ITEMS = FIXTURES / "sad_two_items.xml"
READER = SadReader()


def test_header_and_item_tags_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, TWO_ITEMS)
    chairs = rows.iloc[0]
    expected = {
        "declaration_id": "XMPME-2026-C1207",
        "item_number": "1",
        "lodged_at": "2026-03-09",
        "procedure": "import",
        "transport_mode": "sea",
        "customs_office": "XMPME",
        "transport_document": "GHBL-55120",
        "conveyance": "MV GREEN HERON",
        "consignor_name": "Aldermoor Garden Works",
        "consignor_address": "12 Mill Lane, Northbridge",
        "consignee_id": "100200300",
        "consignee_name": "Harbour Stores Ltd",
        "consignee_address": "Quay Road 4",
        "declarant_id": "B0042",
        "country_of_origin": "XA",
        "country_of_export": "XA",
        "country_of_destination": "XM",
        "port_of_loading": "XAPRT",
        "route": "XA|XB|XM",
        "container_numbers": "XXXU1234560",
        "seal_numbers": "SL001|SL002",
        "goods_description": "PLASTIC GARDEN CHAIRS",
        "hs_code": "9403700000",
        "package_type": "CT",
        "package_count": "120",
        "quantity": "480",
        "quantity_unit": "NMB",
        "gross_mass_kg": "1920",
        "net_mass_kg": "1800.5",
        "value": "12000",
        "currency": "USD",
        "freight_cost": "550",
    }
    assert {name: chairs[name] for name in expected} == expected
    assert not rejected
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_what_no_column_takes_stands_in_extra_and_the_header_once() -> None:
    rows, _ = read(READER, TWO_ITEMS)
    first, second = (json.loads(text) for text in rows["extra"])
    assert first["packages/marks1_of_packages"] == "HS 1-120"
    assert first["goods_description/description_of_goods"] == "- Furniture of plastics"
    assert first["header"]["property/nbers/total_number_of_items"] == "2"
    assert "header" not in second


def test_the_header_stands_in_the_first_row_where_the_first_item_is_empty() -> None:
    text = TWO_ITEMS.read_text().replace("<Item>", "<Item/><Item>", 1)
    rows, rejected = read(READER, text.encode())
    assert [one.reason_code for one in rejected] == ["empty_item"]
    assert ["header" in json.loads(extra) for extra in rows["extra"]] == [True, False]


def test_what_a_column_takes_in_part_is_kept() -> None:
    text = TWO_ITEMS.read_text().replace("_quantity>480.0<", "_quantity><")
    first, second = (json.loads(one) for one in read(READER, text.encode())[0]["extra"])
    header = first["header"]
    assert header["declarant/reference/number"] == "R-77"  # it is registered under another
    assert header["identification/type/declaration_gen_procedure_code"] == "4"
    assert first["supplementary_units"] == [{"unit": "NMB"}]
    assert (first["freight_cost"], second["freight_cost"]) == ("500 EUR", "5 USD")
    assert first["valuation_item/item_external_freight/currency_rate"] == "2.2"


def test_a_share_of_a_package_and_a_mass_of_zero_are_missing_and_named() -> None:
    rows, _ = read(READER, TWO_ITEMS)
    second = rows.iloc[1]
    assert second[["package_count", "gross_mass_kg", "net_mass_kg"]].isna().all()
    assert json.loads(second["extra"])["package_share"] == "0.01"
    told = ["date_order_assumed", "zero_mass", "package_share", "currency_missing"]
    assert second["warnings"].split("|") == told


def test_an_earlier_sad_is_no_transport_document() -> None:
    rows, _ = read(READER, TWO_ITEMS)
    assert rows["transport_document"].isna().tolist() == [False, True]
    assert json.loads(rows["extra"][1])["earlier_declaration"] == "XMPME 2025 C 881"


def test_text_for_no_currency_is_no_currency() -> None:
    rows, _ = read(READER, TWO_ITEMS)
    second = rows.iloc[1]
    assert second["value"] == "90"
    assert second[["currency", "freight_cost"]].isna().all()


def test_licence_and_end_use_come_from_the_attached_documents() -> None:
    second = read(READER, TWO_ITEMS)[0].iloc[1]
    assert second["licence_number"] == "LIC-9"
    assert second["licence_type"] == "911"
    assert second["end_use_certificate"] == "EUC-3"
    assert second["country_of_origin"] == "NA"  # Namibia, not missing


@pytest.mark.parametrize("spelling", ["item_external_freight", "item_External_freight"])
def test_both_spellings_of_freight_are_read(spelling: str) -> None:
    text = TWO_ITEMS.read_text().replace("item_external_freight", spelling)
    assert read(READER, text.encode())[0]["freight_cost"][0] == "550"


@pytest.mark.parametrize("empty", ["<x/>", "<x></x>", "<x><null/></x>", "<x> &#160; </x>"])
def test_every_form_of_empty_is_missing(empty: str) -> None:
    tag = empty.replace("x>", "Kind_of_packages_code>").replace("<x/", "<Kind_of_packages_code/")
    text = TWO_ITEMS.read_text().replace("<Kind_of_packages_code>CT</Kind_of_packages_code>", tag)
    assert "package_type" not in read(READER, text.encode())[0]


@pytest.mark.parametrize(
    ("flow", "kind", "general", "procedure"),
    [("I", "IM", "4", "import"), ("E", "EX", "1", "export"), ("I", "IM", "8", "transit")],
)
def test_the_procedure_follows_flow_type_and_general_procedure(
    flow: str, kind: str, general: str, procedure: str
) -> None:
    text = TWO_ITEMS.read_text().replace(">I<", f">{flow}<").replace(">IM<", f">{kind}<")
    text = text.replace("_code>4<", f"_code>{general}<")
    assert read(READER, text.encode())[0]["procedure"].unique().tolist() == [procedure]


def test_an_impossible_date_is_missing_and_named_never_rolled_over() -> None:
    rows, _ = read(READER, TWO_ITEMS.read_bytes().replace(b"3/9/26", b"2/30/26"))
    assert "lodged_at" not in rows
    assert "date_unreadable" in rows["warnings"][0]


@pytest.mark.parametrize(
    ("dates", "lodged"),
    [
        (["3/9/26", "13/9/26"], ["2026-09-03", "2026-09-13"]),
        (["9/13/26", "3/9/26"], ["2026-09-13", "2026-03-09"]),
        (["3/9/26", "13/9/26", "9/14/26"], [None, "2026-09-13", "2026-09-14"]),
        # One slip of the pen takes no date from all the others.
        (
            ["3/9/26", "13/9/26", *["9/14/26"] * 20],
            ["2026-03-09", "2026-09-13", *["2026-09-14"] * 20],
        ),
    ],
)
def test_the_dates_of_a_file_say_whether_the_day_stands_first(
    dates: list[str], lodged: list[str | None]
) -> None:
    one = TWO_ITEMS.read_text().split("?>", 1)[1]
    text = "".join(one.replace("3/9/26", date) for date in dates)
    rows, _ = read(READER, f"<all>{text}</all>".encode())
    assert rows["lodged_at"].fillna("").tolist()[::2] == [each or "" for each in lodged]
    unreadable = rows["warnings"].fillna("").str.contains("date_unreadable")
    assert unreadable.tolist()[::2] == [each is None for each in lodged]
    assert not rows["warnings"].fillna("").str.contains("date_order_assumed").any()
    # What a declaration is called does not depend on the others of its file.
    assert rows["declaration_id"].unique().tolist() == ["XMPME-2026-C1207"]


@pytest.mark.parametrize(
    ("orders", "lodged", "assumed"),
    [
        ({"XMPME": "day_first"}, "2026-09-03", False),
        ({"XMPME": "month_first"}, "2026-03-09", False),
        ({"XMAIR": "day_first"}, "2026-03-09", True),
    ],
)
def test_what_is_stated_of_the_office_settles_a_date_that_its_file_does_not(
    orders: dict[str, str], lodged: str, assumed: bool
) -> None:
    """One declaration a file, as many sites write them: nothing else shows the order."""
    first = read(SadReader(Offices(date_orders=orders)), TWO_ITEMS)[0].iloc[0]
    assert first["lodged_at"] == lodged
    assert ("date_order_assumed" in str(first["warnings"])) == assumed


def test_what_the_file_shows_comes_before_what_is_stated_of_the_office() -> None:
    one = TWO_ITEMS.read_text().split("?>", 1)[1]
    text = f"<all>{one}{one.replace('3/9/26', '9/14/26')}</all>"
    rows, _ = read(SadReader(Offices(date_orders={"XMPME": "day_first"})), text.encode())
    assert rows["lodged_at"].tolist()[::2] == ["2026-03-09", "2026-09-14"]


@pytest.mark.parametrize(
    "text",
    [
        "<ASYCUDA/>",
        "<ASYCUDA><Item><Packages><null/></Packages></Item></ASYCUDA>",
        "<ASYCUDA><Property><Sad_flow>I</Sad_flow></Property></ASYCUDA>",
        "<other/>",
    ],
)
def test_a_file_without_a_filled_item_is_no_content_and_not_success(text: str) -> None:
    with pytest.raises(InputError, match="no content"):
        read(READER, text.encode())


def test_an_empty_item_beside_a_filled_one_is_rejected_by_name() -> None:
    text = TWO_ITEMS.read_text().replace("<Container>", "<Item><null/></Item><Container>")
    rows, rejected = read(READER, text.encode())
    assert len(rows) == 2
    assert [(one.reason_code, one.record_id) for one in rejected] == [
        ("empty_item", "XMPME-2026-C1207")
    ]


@pytest.mark.parametrize(
    "attack",
    [
        '<!DOCTYPE ASYCUDA SYSTEM "other.dtd"><ASYCUDA/>',
        "<!DOCTYPE ASYCUDA><ASYCUDA/>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><ASYCUDA>&x;</ASYCUDA>',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaa">'
        + "".join(
            f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdef", "bcdefg", strict=True)
        )
        + "]><ASYCUDA><Item>&g;</Item></ASYCUDA>",
        "<ASYCUDA>" + "<a>" * 300 + "</a>" * 300 + "</ASYCUDA>",
        "<ASYCUDA " + " ".join(f'a{i}=""' for i in range(100_000)) + "/>",
    ],
    ids=["doctype-system", "doctype", "external", "bomb", "depth", "attributes"],
)
def test_hostile_xml_is_refused(attack: str) -> None:
    with pytest.raises(InputError):
        read(READER, attack.encode())


def spent(attack: str) -> float:
    """Seconds of processor time until it is refused."""
    started = time.process_time()
    with pytest.raises(InputError):
        read(READER, attack.encode())
    return time.process_time() - started


@pytest.mark.parametrize(
    "attack",
    [
        lambda size: f'<!DOCTYPE a [<!ENTITY a "{"a" * size}">]><ASYCUDA>{"&a;" * size}</ASYCUDA>',
        lambda size: "<ASYCUDA>" + "<a>" * size + "</a>" * size + "</ASYCUDA>",
        lambda size: "<ASYCUDA " + " ".join(f'a{i}=""' for i in range(size)) + "/>",
    ],
    ids=["bomb", "depth", "attributes"],
)
def test_the_time_to_refuse_xml_grows_with_it_and_not_with_its_square(
    attack: Callable[[int], str],
) -> None:
    few, many = attack(25_000), attack(100_000)
    spent(few)  # what is met for the first time
    assert spent(many) < 10 * max(spent(few), 0.01)  # four times the text; its square takes sixteen


def test_a_cut_file_is_refused_whole_with_line_and_column() -> None:
    data = TWO_ITEMS.read_bytes()[:-200]
    with pytest.raises(InputError, match=r"memory:\d+:\d+: not well-formed XML") as refused:
        read(READER, data)
    assert "<string>" not in str(refused.value)  # the name that a parser has for any file
    assert "column" not in str(refused.value)  # it stands behind the name


@settings(max_examples=60)
@given(
    cut=st.integers(0, 6000),
    flips=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=4),
)
def test_a_damaged_file_raises_nothing_but_an_input_error(
    cut: int, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(TWO_ITEMS.read_bytes())
    for place, value in flips:
        data[place % len(data)] = value
    with contextlib.suppress(InputError):
        read(READER, bytes(data[: len(data) - cut] if cut < 300 else data))


def test_hundreds_of_items_come_in_chunks_and_in_memory_of_one_chunk() -> None:
    head, items = TWO_ITEMS.read_text().split("<Item>", 1)
    item = "<Item>" + items.split("<Item>")[0]
    few, many = (head + item * count + "</ASYCUDA>" for count in (250, 1000))

    def peak(text: str) -> int:
        data = text.encode()
        opened: Source = source(data)
        tracemalloc.start()
        count = sum(len(chunk.rows) for chunk in READER.read(opened, "shipment", 100))
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == text.count("<Item>")
        return highest

    assert peak(many) < 1.5 * peak(few)


def test_items_that_repeat_too_much_of_their_header_are_set_aside(monkeypatch: Any) -> None:
    """Each item names the containers that name none: a thousand of both made a million names."""
    monkeypatch.setattr(rows_of, "MOST", 50_000)
    box = "<Container><Container_identity>XXXU{:07d}</Container_identity></Container>"
    named = "".join(map(box.format, range(1_200)))
    item = "<Item><Licence_number>L1</Licence_number></Item>"
    head = "<Declarant><Reference><Number>R1</Number></Reference></Declarant>"
    text = f"<ASYCUDA>{head}{item * 1_200}{named}</ASYCUDA>"
    rows, rejected = read(READER, text.encode())
    assert 900 < len(rows) < 1_100 and len(rows) + len(rejected) == 1_200
    assert {(one.reason_code, one.record_id) for one in rejected} == {("report_too_large", "R1")}
    assert rows["container_numbers"][0].count("|") == 1_199
