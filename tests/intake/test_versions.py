"""What tells the versions of one declaration apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from riskprofile.intake.cargo_xml import CargoXmlReader
from riskprofile.intake.ens import EnsReader
from riskprofile.intake.reader import Reader
from riskprofile.intake.versions import FUNCTIONS, version
from riskprofile.intake.wco import WcoReader
from tests.intake.helpers import FIXTURES, read

ENS, WCO, WAYBILL = (
    (FIXTURES / name).read_bytes() for name in ("ens_ie315.xml", "wco_import.xml", "xfzb.xml")
)
ISSUED = b"<d:IssueDateTime>2026-04-29T10:10:00+02:00</d:IssueDateTime>"


def wco(function: bytes, kind: bytes = b"IMA") -> bytes:
    assert WCO.count(b"FunctionCode>9<") == WCO.count(b"TypeCode>IMA<") == 1
    return WCO.replace(b"FunctionCode>9<", b"FunctionCode>%s<" % function).replace(
        b"TypeCode>IMA<", b"TypeCode>%s<" % kind
    )


def waybill(purpose: bytes) -> bytes:
    assert WAYBILL.count(ISSUED) == 1
    return WAYBILL.replace(ISSUED, ISSUED + b"<d:PurposeCode>%s</d:PurposeCode>" % purpose)


@pytest.mark.parametrize(
    ("reader", "data", "function"),
    [
        (EnsReader(), ENS, "original"),
        (EnsReader(), ENS.replace(b"CC315A", b"CC313A"), "replace"),
        (WcoReader(), wco(b"9"), "original"),
        (WcoReader(), wco(b"04"), "change"),
        (WcoReader(), wco(b"5"), "replace"),
        (WcoReader(), wco(b"1"), "cancel"),
        (WcoReader(), wco(b"13", b"COR"), "change"),
        (WcoReader(), wco(b"13", b"INV"), "cancel"),
        (CargoXmlReader(), waybill(b"Creation"), "original"),
        (CargoXmlReader(), waybill(b"Update"), "update"),
        (CargoXmlReader(), waybill(b"Deletion"), "cancel"),
        (CargoXmlReader(), WAYBILL, None),
    ],
)
def test_every_row_says_the_function_of_its_message(
    reader: Reader, data: bytes, function: str | None
) -> None:
    rows, _ = read(reader, data)
    assert [json.loads(extra).get("message_function") for extra in rows["extra"]] == [
        function
    ] * len(rows)


def test_the_time_of_the_message_is_in_utc() -> None:
    assert {json.loads(one)["message_at"] for one in read(CargoXmlReader(), WAYBILL)[0].extra} == {
        "2026-04-29T08:10:00Z"
    }
    assert {json.loads(one)["message_at"] for one in read(EnsReader(), ENS)[0].extra} == {
        "2026-03-01T07:30:00Z"
    }


def test_every_real_declaration_says_its_function(shared: Path) -> None:
    seen = set()
    for path in sorted((shared / "data/manifests").rglob("*.xml")):
        for reader in (EnsReader(), CargoXmlReader()):
            if reader.claims(path.read_bytes()[:65536], path.name):
                for extra in read(reader, path)[0]["extra"]:
                    seen.add(json.loads(extra)["message_function"])
    assert seen == {"original", "replace"}
    assert seen <= set(FUNCTIONS)


def test_a_time_that_is_none_is_left_out() -> None:
    assert version("cancel", "20261301") == {"message_function": "cancel"}
    assert version(None, "0001-01-01T00:00:00+02:00") == {}
