"""What tells of health, belief and the like, or pays, never reaches a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile import intake
from riskprofile.intake.sensitive import card, heading, record, request, tells
from tests import factory
from tests.intake import sensitive_seeds


def test_no_seeded_marker_is_left_in_any_byte_that_was_written(tmp_path: Path) -> None:
    """160 of them; `python -m tests.intake.sensitive_seeds` takes 1,000."""
    found = sensitive_seeds.run(tmp_path, 160)
    assert len(found.seeds.hidden) >= 160
    assert found.leaked == {}
    assert found.missing == {}  # or the search would prove nothing
    assert found.stored and found.quarantined


def test_ordinary_values_are_no_matter_of_health_belief_or_cards() -> None:
    ordinary = "12A,gate 4,priority boarding,return ticket,family of four,HTL,seat by the window"
    assert not [text for text in ordinary.split(",") if tells(text)]
    headings = "Seat,Gate,Boarding group,Cabin,Agency,Frequent flyer,Visa number,Booking channel"
    assert not [name for name in headings.split(",") if heading(name)]
    assert not card("20261124083000") and not card("0000000000000000")
    assert not request("assessor at osier gate")


PIECES = [
    "SSR",
    "OSI",
    "VGML",
    "WCHR",
    "insulin",
    "ß",
    "Ǆ",
    "ssr",
    "4111 1111 1111 1111",
    " ",
    "+",
    ",",
    "x",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_a_record_shows_no_text_that_would_be_dropped_from_a_row(text: str) -> None:
    assert record(text) or not tells(text)


def read(folder: Path, rows: list[dict[str, Any]]) -> pd.DataFrame:
    path = folder / "rows.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    (chunk,) = intake.read(path)
    return chunk.table


ROW = {"crossing_id": "X1", "crossing_at": "2026-11-24T08:00:00Z"}


def test_what_is_dropped_is_counted_and_told(tmp_path: Path) -> None:
    rows = [
        {**ROW, "Seat": "12A", "Meal": "KSML", "Info": "ring bell"},
        {**ROW, "crossing_id": "X2", "Seat": "14C", "Meal": "", "Info": "OSI FN CARE"},
        {**ROW, "crossing_id": "X3", "Seat": "15D", "Meal": "", "Info": ""},
    ]
    table = read(tmp_path, rows)
    assert [json.loads(extra) for extra in table["extra"]] == [
        {"Seat": "12A", "Info": "ring bell", "dropped": 1},
        {"Seat": "14C", "dropped": 1},
        {"Seat": "15D"},
    ]
    assert table["warnings"].fillna("").str.contains("sensitive_dropped").tolist() == [
        True,
        True,
        False,
    ]


def test_a_name_that_looks_like_a_code_and_numbers_of_documents_stay(tmp_path: Path) -> None:
    row = {**ROW, "name": "DEAF MAAS", "document_number": "4111111111111111"}
    table = read(tmp_path, [row])
    assert table["name"].tolist() == ["DEAF MAAS"]
    assert table["document_number"].tolist() == ["4111111111111111"]


@pytest.mark.parametrize("column", ["payment_method", "goods_declared", "checked_bags"])
def test_a_card_number_in_any_other_column_is_missing(tmp_path: Path, column: str) -> None:
    table = read(tmp_path, [{**ROW, column: "4111111111111111"}])
    assert table[column].isna().all()


def test_goods_of_traders_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    goods = factory.shipments(1).drop(columns=["source", "line", "warnings"])
    goods["goods_description"] = "halal meals, wheelchairs, insulin"
    goods["Remarks"] = "OSI KEEP COOL"
    goods.to_csv(path, index=False)
    (chunk,) = intake.read(path)
    assert chunk.table["goods_description"].tolist() == ["halal meals, wheelchairs, insulin"]
    assert json.loads(chunk.table["extra"][0]) == {"Remarks": "OSI KEEP COOL"}


def test_decimals_of_a_quotient_are_no_card_number(tmp_path: Path) -> None:
    kept = read(tmp_path, [{**ROW, "bag_mass_kg": "7.667643030562244"}])
    assert kept["bag_mass_kg"].tolist() == [7.667643030562244]


@pytest.mark.parametrize("column", ["checked_bags", "bag_mass_kg", "stay_nights"])
@pytest.mark.parametrize("told", ["VGML", "SSR WCHR YY HK1", "0x.4111111111111111"])
def test_a_request_or_card_where_a_number_is_due_is_in_no_quarantine(tmp_path, column, told):
    path = tmp_path / "rows.csv"
    pd.DataFrame([{**ROW, column: told}, {**ROW, "crossing_id": "X2", column: "2"}]).to_csv(
        path, index=False
    )
    (chunk,) = intake.read(path)
    assert chunk.table[column].isna().tolist() == [True, False]
    assert chunk.rejected == []
