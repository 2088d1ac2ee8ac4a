"""What a message does to earlier ones, and when it was made: in every record of it."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from riskprofile.intake.cuscar import CuscarReader
from riskprofile.intake.message_header import (
    AMENDMENTS,
    LIST_UPDATES,
    MESSAGE_FUNCTIONS,
    PURPOSES,
)
from riskprofile.intake.paxlst import PaxlstReader
from riskprofile.intake.reader import Reader, Rejection
from riskprofile.intake.versions import FUNCTIONS
from riskprofile.intake.x12 import X12Reader
from tests.intake.helpers import FIXTURES, read


def headers(reader: Reader, name: str, *changes: tuple[str, str]) -> list[tuple[Any, Any]]:
    """Function and time of each record of a fixture with some texts replaced."""
    text = (FIXTURES / name).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    rows, _ = read(reader, text.encode())
    extras = [json.loads(extra) for extra in rows["extra"]]
    return [(extra.get("message_function"), extra.get("message_at")) for extra in extras]


def test_every_table_means_one_of_the_six_functions() -> None:
    for table in (MESSAGE_FUNCTIONS, LIST_UPDATES, PURPOSES, AMENDMENTS):
        assert set(table.values()) <= set(FUNCTIONS)
    assert set(FUNCTIONS) <= set(MESSAGE_FUNCTIONS.values())


def test_every_record_says_its_function_and_the_time_of_its_message() -> None:
    said = {("original", "2026-03-01T07:00:00Z")}
    assert set(headers(CuscarReader(), "cuscar.edi")) == said
    assert set(headers(X12Reader(), "manifest309.edi")) == said
    assert set(headers(PaxlstReader(), "paxlst.edi")) == {("original", "2026-09-01T09:30:00Z")}


@pytest.mark.parametrize(("code", "function"), sorted(MESSAGE_FUNCTIONS.items()))
def test_the_function_is_that_of_the_beginning_of_the_message(code: str, function: str) -> None:
    found = headers(CuscarReader(), "cuscar.edi", ("MAN1+9", f"MAN1+{code}"))
    assert {one for one, _ in found} == {function}


def test_a_code_that_no_table_knows_is_kept_and_given_no_meaning() -> None:
    text = (FIXTURES / "cuscar.edi").read_text().replace("MAN1+9", "MAN1+Z")
    rows, _ = read(CuscarReader(), text.encode())
    extra = json.loads(rows["extra"][0])
    assert extra["message_function_code"] == "Z"
    assert "message_function" not in extra


@pytest.mark.parametrize(("code", "function"), sorted(LIST_UPDATES.items()))
def test_passenger_lists_say_it_by_a_code_of_their_own(code: str, function: str) -> None:
    found = headers(PaxlstReader(), "paxlst.edi", ("BGM+745", f"BGM+745+{code}"))
    assert {one for one, _ in found} == {function}


def test_the_number_of_another_message_is_never_read_as_such_a_code() -> None:
    assert headers(CuscarReader(), "cuscar.edi", ("+MAN1+", "+XR+"))[0][0] == "original"


def test_a_processing_indicator_speaks_of_its_traveller_alone() -> None:
    found = headers(PaxlstReader(), "paxlst.edi", ("NAT+2+D'", "NAT+2+D'GEI+4+XR'"))
    assert [one for one, _ in found] == ["original", "cancel", "original", "original"]


@pytest.mark.parametrize(
    ("declared", "at"),
    [
        ("202603010815:203", "2026-03-01T08:15:00Z"),
        ("20260301081530:204", "2026-03-01T08:15:30Z"),
        ("2603010815:201", "2026-03-01T08:15:00Z"),
        ("202603010815?+0230:205", "2026-03-01T05:45:00Z"),
        ("202603010815UTC:303", "2026-03-01T08:15:00Z"),
        ("20260301:102", "2026-03-01T07:00:00Z"),  # a day alone: UNB has the time
        ("202613010815:203", "2026-03-01T07:00:00Z"),  # impossible: UNB
    ],
)
def test_the_time_is_that_of_preparation_else_of_the_interchange(declared: str, at: str) -> None:
    found = headers(CuscarReader(), "cuscar.edi", ("202603010700:203", declared))
    assert {one for _, one in found} == {at}


def test_without_any_time_there_is_none() -> None:
    found = headers(
        CuscarReader(), "cuscar.edi", ("DTM+137:202603010700:203'\n", ""), ("260301:0700+C1", "+C1")
    )
    assert {one for _, one in found} == {None}


@pytest.mark.parametrize(("code", "function"), sorted(AMENDMENTS.items()))
def test_an_amendment_of_a_manifest_speaks_of_its_bill(code: str, function: str) -> None:
    amended = f"LX*2~\nM13*BLUE*9901*{code}*BL200*1**X**BLUE~"
    found = headers(X12Reader(), "manifest309.edi", ("LX*2~", amended))
    assert [one for one, _ in found] == ["original", "original", function]


def amended(code: str) -> tuple[pd.DataFrame, list[Rejection]]:
    """A manifest that amends a bill which it does not give."""
    text = (FIXTURES / "manifest309.edi").read_text()
    text = text.replace("LX*2~", f"LX*2~\nM13*BLUE*9901*{code}*BL900****BLUE~")
    return read(X12Reader(), text.encode())


def test_an_amendment_of_a_bill_that_is_not_there_is_set_aside() -> None:
    rows, rejected = amended("R")
    assert len(rows) == 3
    assert [(one.reason_code, one.record_id) for one in rejected] == [
        ("amendment_without_goods", "BL900")
    ]


def test_a_deleted_bill_is_a_row_without_goods() -> None:
    rows, rejected = amended("D")
    assert (len(rows), rejected) == (4, [])
    (bill,) = rows[rows["declaration_id"] == "BL900"].to_dict("records")
    assert json.loads(bill["extra"])["message_function"] == "cancel"
    assert pd.isna(bill["goods_description"])
    assert bill["customs_office"] == rows["customs_office"][0]


@pytest.mark.parametrize(("code", "function"), sorted(PURPOSES.items()))
def test_the_purpose_of_a_set_is_its_function(code: str, function: str) -> None:
    found = headers(X12Reader(), "manifest309.edi", ("ST*309*0001~", f"ST*309*0001~B2A*{code}~"))
    assert {one for one, _ in found} == {function}
