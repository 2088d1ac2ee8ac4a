"""SDG 16.4.2 and the year's return, against figures worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from sqlalchemy import text

from riskprofile.errors import InputError
from riskprofile.services import arms, iafq, tracing, trends
from riskprofile.services.identity import OWNER
from riskprofile.store.iafq import FIGURES
from tests.services.bench import NOW


def fill(store, tmp_path, rows):
    """Records from rows of (number, event, count, more); of 2025 unless they say otherwise."""
    table = pd.DataFrame(
        [
            {
                "record_number": number,
                "event": event,
                "count": count,
                "event_on": "2025-05-01",
                "kind": "firearm",
                "marking": "unique",
                "serial": f"KX-{number}",
                **more,
            }
            for number, event, count, more in rows
        ]
    )
    table.to_csv(tmp_path / "r.csv", index=False)
    told = arms.load(store, OWNER, tmp_path / "r.csv", NOW)
    assert told.accepted == len(rows), told.rejected


def established(store, number, result, pieces=1):
    if result != "traced":
        tracing.establish(store, OWNER, number, result, NOW, pieces=pieces)
        return
    asked = tracing.request(store, OWNER, number, tracing.Asking("iarms", "NO"), NOW)
    tracing.answer(store, OWNER, asked["id"], "traced", NOW, pieces=pieces)


SEIZED, FOUND, SURRENDERED, COLLECTED = ("seized", "found", "surrendered", "collected")
# rows, answers (number, result, pieces), numerator, denominator: worked out by hand.
WORKED = {
    "no arms at all": ([("M", SEIZED, 40, {"kind": "ammunition"})], [], 0, 0),
    "none": ([("A", SEIZED, 1, {}), ("B", FOUND, 2, {})], [], 0, 3),
    "all": (
        [("A", SEIZED, 1, {}), ("B", FOUND, 2, {}), ("C", SURRENDERED, 1, {})],
        [("A", "traced", 1), ("B", "national", 2), ("C", "other", 1)],
        4,
        4,
    ),
    "part of the records": (
        [("A", SEIZED, 1, {}), ("B", SEIZED, 1, {}), ("C", FOUND, 1, {}), ("D", FOUND, 1, {})],
        [("A", "traced", 1), ("C", "not_traced", 1)],
        1,
        4,
    ),
    "part of the pieces of a record, by two ways": (
        [("A", SEIZED, 5, {}), ("B", SEIZED, 3, {})],
        [("A", "traced", 2), ("A", "national", 1)],
        3,
        8,
    ),
    "what is no arm of the indicator": (
        [
            ("A", SEIZED, 2, {}),
            ("B", SEIZED, 9, {"antique": "yes"}),
            ("C", COLLECTED, 9, {}),
            ("D", SEIZED, 9, {"kind": "part"}),
            ("E", SEIZED, 9, {"event_on": "2024-12-31"}),
            ("F", SEIZED, 9, {"event_on": "2026-01-01"}),
        ],
        [("A", "other", 1), ("B", "other", 9), ("E", "national", 9)],
        1,
        2,
    ),
}


def answered(store, number, result, pieces):
    if result != "not_traced":
        established(store, number, result, pieces)
        return
    asked = tracing.request(store, OWNER, number, tracing.Asking("iarms", "NO"), NOW)
    tracing.answer(store, OWNER, asked["id"], "not_traced", NOW)


@pytest.mark.parametrize("case", WORKED)
def test_16_4_2_is_what_it_is_by_hand(any_store, tmp_path, case):
    rows, answers, numerator, denominator = WORKED[case]
    fill(any_store, tmp_path, rows)
    for one in answers:
        answered(any_store, *one)
    told = iafq.export(any_store, OWNER, NOW, 2025)["16.4.2"]
    assert (told["numerator"], told["denominator"]) == (numerator, denominator)
    assert told["value"] == (numerator / denominator if denominator else None)
    assert sum(told["parts"].values()) == numerator
    with any_store.read() as connection:  # its own query gives it again
        again = connection.execute(text(told["query"]), {"year": 2025}).mappings().one()
    assert (again["numerator"], again["denominator"]) == (numerator, denominator)


def test_every_figure_comes_back_from_its_query(any_store, tmp_path):
    rows = [("A", SEIZED, 3, {"mode": "sea", "calibre": "9x19", "converted": "yes"})]
    fill(any_store, tmp_path, [*rows, ("B", FOUND, 1, {"kind": "part", "part": "slide"})])
    established(any_store, "A", "traced", 2)
    told = iafq.export(any_store, OWNER, NOW)
    assert told["year"] == 2025
    found = {one["id"]: one for one in told["figures"]}
    columns = {one.id: one.columns for one in FIGURES}
    assert found["made"]["rows"][0]["converted"] == 3
    assert found["parts"]["rows"] == [{"of": "slide", "records": 1, "pieces": 1}]
    assert found["traces"]["rows"][0]["pieces"] == 2
    with any_store.read() as connection:
        for one in told["figures"]:
            assert all(tuple(row) == columns[one["id"]] for row in one["rows"])
            rows = connection.execute(text(one["query"]), {"year": 2025}).mappings().all()
            assert [dict(row) for row in rows] == one["rows"], one["id"]


def test_rounds_are_not_added_to_firearms(any_store, tmp_path):
    there = {"mode": "sea", "office": "XMPME"}
    rounds = {"kind": "ammunition", "serial": "", **there}
    slide = {"kind": "part", "serial": "KX-A", **there}  # of the very pistol
    rows = [("A", SEIZED, 2, there), ("B", SEIZED, 500, rounds), ("C", SEIZED, 1, slide)]
    fill(any_store, tmp_path, rows)
    told = iafq.export(any_store, OWNER, NOW)
    found = {one["id"]: [tuple(row.values()) for row in one["rows"]] for one in told["figures"]}
    kinds = [("ammunition", 1, 500), ("firearm", 1, 2), ("part", 1, 1)]
    assert found["modes"] == [("sea", *one) for one in kinds]
    assert found["places"] == [("XMPME", *one) for one in kinds]
    assert "recorded_twice" not in [one["check"] for one in told["quality"]]


def test_what_holds_the_figure_back_is_named_with_its_reason(any_store, tmp_path):
    fill(
        any_store,
        tmp_path,
        [
            ("A", SEIZED, 3, {}),
            ("B", SEIZED, 1, {}),
            ("C", SEIZED, 1, {"marking": "obliterated", "obliterated": "yes", "serial": ""}),
            ("D", SEIZED, 1, {"marking": "unmarked", "serial": ""}),
            ("E", SEIZED, 1, {}),
            ("F", SEIZED, 1, {}),
        ],
    )
    established(any_store, "A", "national", 1)
    tracing.request(any_store, OWNER, "B", tracing.Asking("iarms", "NO"), NOW)
    established(any_store, "E", "other")
    told = iafq.export(any_store, OWNER, NOW, 2025)
    assert {
        one["record"]: (one["pieces"], one["why"].split()[-1]) for one in told["held_back"]
    } == {
        "A": (2, "requested"),
        "B": (1, "open"),
        "C": (1, "restored"),
        "D": (1, "otherwise"),
        "F": (1, "requested"),
    }
    checks = {one["check"]: one["records"] for one in told["quality"]}
    assert checks["serial_of_many"] == ["A"]
    assert checks["make_missing"] == ["A", "B", "C", "D", "E", "F"]


def test_a_case_with_many_arms_is_a_significant_seizure(any_store, tmp_path):
    fill(
        any_store,
        tmp_path,
        [
            ("A", SEIZED, 6, {"case_number": "C-1", "departure": "XK"}),
            ("B", SEIZED, 4, {"case_number": "C-1", "departure": "XK"}),
            ("C", SEIZED, 9, {"case_number": "C-2"}),
        ],
    )
    [one] = iafq.export(any_store, OWNER, NOW, 2025)["significant_seizures"]
    assert (one["case"], one["arms"], one["departure"]) == ("C-1", 10, ["XK"])
    assert "concealment" in one["missing"]


def test_spellings_are_one_line_and_what_nobody_asked_is_no_request(any_store, tmp_path):
    written = [
        ("Kestrel", "7.62x39"),
        ("KESTREL Arms", "7,62 X 39 mm"),
        ("Ижмаш", "7.62×39"),
        ("Ижмаш", "7,62Х39 мм"),  # Cyrillic letters
    ]
    rows = [
        (str(n), SEIZED, 1, {"make": make, "calibre": calibre})
        for n, (make, calibre) in enumerate(written)
    ]
    fill(any_store, tmp_path, rows)
    established(any_store, "0", "traced")
    established(any_store, "1", "national")
    told = iafq.export(any_store, OWNER, NOW, 2025)["figures"]
    found = {one["id"]: [tuple(row.values()) for row in one["rows"]] for one in told}
    assert found["calibres"] == [("7,62 X 39 mm", 4, 4)]
    assert {row[1:] for row in found["makes"]} == {(2, 2)}
    assert "Ижмаш" in [row[0] for row in found["makes"]]
    assert found["traces"] == [("iarms", "answered", "traced", 1, 1)]
    assert found["established"] == [("national", 1, 1)]


def test_equal_case_numbers_of_two_authorities_are_two_cases(any_store, tmp_path):
    police, customs = {"authority": "Police"}, {"authority": "Customs"}
    rows = [
        ("A", SEIZED, 6, {"case_number": "17", **police}),
        ("B", SEIZED, 5, {"case_number": "17", **customs}),
        ("C", SEIZED, 5, {"case_number": "17", "authority": "customs "}),
    ]
    fill(any_store, tmp_path, rows)
    [one] = iafq.export(any_store, OWNER, NOW, 2025)["significant_seizures"]
    assert (one["case"], one["arms"]) == ("17 (Customs)", 10)
    told = trends.trends(any_store, OWNER, datetime(2025, 5, 2, tzinfo=UTC))
    assert told.figures["cases"] == 2
    alert = {"alert_id": 1, "number": "D", "details": None, "authority": "customs"}
    numbered = {**alert, "details": {"case_number": "17"}, "authority": "Police"}
    other = {**numbered, "alert_id": None, "authority": "Customs"}
    assert arms.cases([alert, numbered, other]) == ["17 (Police)", "17 (Police)", "17 (Customs)"]


def test_a_day_that_was_typed_wrongly_is_named_and_makes_no_year_the_latest(any_store, tmp_path):
    ahead = {"event_on": "2062-05-01"}
    fill(any_store, tmp_path, [("A", SEIZED, 1, {}), ("B", SEIZED, 1, ahead)])
    told = iafq.export(any_store, OWNER, NOW)
    assert (told["year"], told["16.4.2"]["denominator"]) == (2025, 1)
    assert {one["check"]: one["records"] for one in told["quality"]}["day_ahead"] == ["B"]


def test_an_empty_register_has_no_return(store):
    with pytest.raises(InputError, match="no record of a year"):
        iafq.export(store, OWNER, NOW)
