"""Trends: cases counted once, and what stands out against its own past named, chance not."""

from __future__ import annotations

import io
import shutil
import subprocess
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from riskprofile import words
from riskprofile.services import arms, feedback, paper, tracing, trends
from riskprofile.services.identity import OWNER
from tests.services.bench import NOW, SARA, later
from tests.services.test_arms import PISTOL, confirmed


def fill(store, tmp_path, rows):
    """Records from (days ago, case, columns)."""
    table = pd.DataFrame(
        [
            {
                "record_number": f"T{at}",
                "event": "seized",
                "event_on": f"{NOW - timedelta(days=ago):%Y-%m-%d}",
                "kind": "firearm",
                "case_number": case,
                **more,
            }
            for at, (ago, case, more) in enumerate(rows)
        ]
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    assert arms.load(store, OWNER, tmp_path / "t.csv", NOW).quarantined == 0


def usual(cases=200, seed=5):
    """Cases spread evenly over 450 days, modes and calibres by chance alone."""
    chance = np.random.default_rng(seed)
    return [
        (int(chance.integers(1, 449)), f"C{at}", {
            "mode": str(chance.choice(["sea", "land", "mail", "air"])),
            "calibre": str(chance.choice(["9x19", "7.62x39", "12ga"])),
        })
        for at in range(cases)
    ]  # fmt: skip


def test_a_new_pattern_is_named_and_chance_is_not(any_store, tmp_path):
    risen = [(at + 1, f"N{at}", {"cover_goods": "fuel filters", "mode": "mail"}) for at in range(9)]
    fill(any_store, tmp_path, [*usual(), *risen])
    found = trends.trends(any_store, SARA, NOW).patterns
    named = found[found["emerging"]]
    assert ("cover_goods", "fuel filters") in set(zip(named["by"], named["value"], strict=True))
    assert not set(named["value"]) & {"sea", "land", "air", "9x19", "12ga"}


@pytest.mark.parametrize("seed", range(4))
def test_nothing_stands_out_where_nothing_changed(store, tmp_path, seed):
    fill(store, tmp_path, usual(seed=seed))
    assert not trends.trends(store, SARA, NOW).patterns["emerging"].any()


def test_a_case_with_many_pieces_is_one_case(store, tmp_path):
    pistols = [(3, "C1", {"calibre": "9x19", "converted": "yes"})] * 50
    fill(store, tmp_path, [*pistols, (3, "C1", {"kind": "ammunition", "count": "500"})])
    told = trends.trends(store, SARA, NOW)
    assert told.months.iloc[0].tolist() == ["2026-11", 1, 50]
    assert (told.figures["cases"], told.figures["arms"], told.figures["made"]) == (1, 50, 1)
    assert not told.patterns["emerging"].any()


def test_a_calibre_is_one_however_it_is_spelled(any_store, tmp_path):
    spellings = ("9x19", "9 X 19 mm", "9×19", "9х19 мм")
    fill(any_store, tmp_path, [(3, f"C{at}", {"calibre": one}) for at, one in enumerate(spellings)])
    told = trends.trends(any_store, SARA, NOW).patterns
    calibres = told[told["by"] == "calibre"]
    assert calibres[["value", "recent"]].to_numpy().tolist() == [["9 X 19 mm", 4]]


def test_a_confirmed_find_is_in_the_trends_with_route_and_typology(store):
    indicators = [{"key": "E10_parts_complete"}, {"key": "E04_low_value"}]
    confirmed(store, [PISTOL], indicators=indicators)
    told = trends.trends(store, SARA, NOW + timedelta(hours=2))
    assert told.months["cases"].iloc[0] == 1
    seen = set(zip(told.patterns["by"], told.patterns["value"], strict=True))
    assert {("route", "XK > NO"), ("mode", "mail"), ("typology", "E10_parts_complete")} <= seen
    assert (told.figures["complete"], told.figures["online"]) == (1, 1)


def test_an_answer_to_a_trace_is_a_statistic_and_a_label(any_store):
    confirmed(any_store, [PISTOL])
    when = NOW + timedelta(hours=2)
    [hit] = arms.search(any_store, SARA, when, serial="SB0I25")
    asked = tracing.request(any_store, OWNER, hit.number, tracing.Asking("iarms", "NO"), when)
    assert "diversion" not in set(trends.trends(any_store, SARA, when).patterns["by"])
    with any_store.read() as connection:
        [(alert, trace)] = feedback._answers(connection).items()
    assert (alert, trace) == (1, "")
    tracing.answer(any_store, OWNER, asked["id"], "traced", when, diversion="a closed dealer",
                   diversion_country="XK")  # fmt: skip
    told = trends.trends(any_store, SARA, when).patterns
    assert told.loc[told["by"] == "diversion", ["value", "recent"]].to_numpy().tolist() == [
        ["XK", 1]
    ]
    with any_store.read() as connection:
        assert feedback._answers(connection) == {1: "traced"}


def test_the_files_hold_every_pattern_and_run_nothing(store, tmp_path):
    fill(store, tmp_path, [(3, "C1", {"cover_goods": "=1+1"}), (4, "C2", {"cover_goods": "чай"})])
    told = trends.trends(store, SARA, NOW)
    book = openpyxl.load_workbook(io.BytesIO(trends.as_xlsx(told)))
    values = [row[1].value for row in book["patterns"].iter_rows(min_row=2)]
    assert len(values) == len(told.patterns) and "=1+1" not in values


def test_no_declared_text_keeps_the_files_from_being_made(store):
    confirmed(store, [PISTOL], title="garden\x0bchairs \u202e\x01")
    told = trends.trends(store, SARA, later(hours=2))
    book = openpyxl.load_workbook(io.BytesIO(trends.as_xlsx(told)))
    values = [row[1].value for row in book["patterns"].iter_rows(min_row=2)]
    assert "garden\ufffdchairs [U+202E]\ufffd" in values
    assert trends.as_pdf(told, words.of("en")).startswith(b"%PDF")


@pytest.mark.parametrize("language", ["en", "fr", "es", "ar"])
def test_the_paper_speaks_the_language_of_the_page_and_says_of_when_it_is(
    store, tmp_path, language
):
    kinds = [{"kind": "ammunition", "mode": "mail"}, {"converted": "yes", "mode": "land"}]
    fill(store, tmp_path, [(3, "C1", kinds[0]), (4, "C2", kinds[1])])
    told, say = trends.trends(store, SARA, NOW), words.of(language)
    rows = {(one.by, one.value): trends.as_row(say, one) for one in told.patterns.itertuples()}
    assert rows["kind", "ammunition"][1] == say("kind.ammunition")
    assert rows["mode", "mail"][1] == say("trends_is.mail")
    assert rows["made", "converted"][1] == say("trends_is.converted")
    assert {row[-1] for row in rows.values()} == {say("trends.usual")}
    made = trends.as_pdf(told, say)
    assert made.startswith(b"%PDF")
    if language == "fr" and (path := shutil.which("pdftotext")):
        read = subprocess.run([path, "-layout", "-", "-"], input=made, capture_output=True)
        text = " ".join(read.stdout.decode().split())
        assert f"{NOW:%Y-%m-%d}" in text and "poste et express" in text and "Munitions" in text
        assert "taux de fausses découvertes de 0,1" in text


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_warning_sign_that_stands_out_is_told_by_what_it_says(language):
    def told(key: str) -> str:
        row = SimpleNamespace(by="typology", value=key, recent=1, past=0, expected=0.7, q=0.667)
        row.emerging = False
        return trends.as_row(words.of(language), row)[1]

    said = told("E09_controlled_term_no_licence")
    assert said.startswith("E09") and "_" not in said and "{" not in said
    assert ("declared as arms" in said) is (language == "en")
    assert told("E99_of_another_release") == "E99_of_another_release"


def test_less_than_the_least_stands_before_its_figure_in_a_line_from_the_right(store, tmp_path):
    risen = [(at + 1, f"N{at}", {"cover_goods": "fuel filters"}) for at in range(30)]
    fill(store, tmp_path, [*usual(), *risen])
    [row] = [
        trends.as_row(words.of("ar"), one)
        for one in trends.trends(store, SARA, NOW).patterns.itertuples()
        if one.value == "fuel filters"
    ]
    assert paper.drawn(row[5], True) == "<0.001"


def test_an_empty_register_has_no_trend(store):
    told = trends.trends(store, SARA, NOW)
    assert told.patterns.empty and not told.months["cases"].any()
