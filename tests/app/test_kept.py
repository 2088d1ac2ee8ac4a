"""Why a row was kept back: every reason code has words in every language of the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import words
from app.kept import in_english, why
from riskprofile import intake
from riskprofile.intake.canonical import REASONS
from riskprofile.intake.reader import Rejection
from riskprofile.profiles import PROFILES
from riskprofile.services import ledger
from tests import factory

OTHERS = [name for name in words.LANGUAGES if name != words.DEFAULT]
FR = words.of("fr")
OPERATOR = Path(__file__).resolve().parents[2] / "docs" / "operator.md"
REGISTERS = {"dates_reversed", "zone_unknown"}  # no declaration has such a column
SAID = "as the reader said it"


def without_a_row() -> list[str]:
    """The codes of rows that never became one; that all are documented is another test's."""
    table = (
        OPERATOR.read_text("utf-8").partition("| reason code | formats |")[2].partition("\n\n")[0]
    )
    return [
        code
        for line in table.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`(\w+)`", line.split("|")[1])
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_every_reason_code_of_a_declaration_has_words(language):
    say = words.of(language)
    codes = without_a_row()
    assert {"cell_count", "cancellation_unmatched", "x12_cut", "cargo_imp_cut"} < set(codes)
    silent = [code for code in codes if why(say, "shipment", None, code, SAID) == SAID]
    for profile, known in PROFILES.items():
        silent += [
            code
            for code in REASONS.keys() - REGISTERS
            if SAID in why(say, profile, known.names[0], code, SAID)
        ]
    assert silent == []


def kept(folder: Path) -> dict[int, Rejection]:
    """By line, what the intake kept back of a file of ours."""
    table = factory.shipments(5).drop(columns=["source", "line", "warnings"]).astype("object")
    table.loc[0, "gross_mass_kg"] = "about twelve"
    table.loc[1, ["goods_description", "hs_code"]] = None
    table.loc[2, "procedure"] = "smuggle"
    table.loc[3, ["value", "hs_code"]] = "none"
    path = folder / "day.csv"
    table.to_csv(path, index=False)
    with path.open("a") as file:
        file.write("one,cell,too,few\n")
    found = [one for chunk in intake.read(path) for one in chunk.rejected]
    return {one.line: one for one in found}


def test_the_words_name_the_field_and_what_it_can_hold_as_the_page_does(tmp_path):
    found = kept(tmp_path)

    def said(line: int) -> str:
        one = found[line]
        return why(FR, "shipment", one.column, one.reason_code, one.reason)

    assert said(2) == "Masse brute, kg : n’est pas un nombre."
    assert said(3) == "Marchandise ou SH : manque."
    assert said(4) == "Régime : n’est aucun de import, export, transit, transhipment."
    assert said(7) == FR("kept_why.cell_count")
    # Two faults: the words are of the first column, and what the reader said is shown beside.
    assert said(5).startswith("SH : ") and "value" in in_english(FR, found[5].reason)


def test_an_english_page_shows_what_the_reader_said_once(tmp_path):
    say = words.of(words.DEFAULT)
    for one in kept(tmp_path).values():
        assert why(say, "shipment", one.column, one.reason_code, one.reason) == one.reason
        assert in_english(say, one.reason) == ""


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_who_is_not_told_what_the_reader_said_is_told_the_code_in_words(language, tmp_path):
    """The reader quotes the cell, which is not for everybody who sees that a row was kept back."""
    say = words.of(language)
    for one in kept(tmp_path).values():
        told = why(say, "shipment", one.column, one.reason_code, "")
        assert told and told != one.reason and "twelve" not in told and "smuggle" not in told
    assert why(say, "shipment", None, "of_another_release", "") == "of_another_release"


@pytest.mark.parametrize("column", [None, "gross_mass_kg", "of another release"])
@pytest.mark.parametrize("profile", ["shipment", "auto"])
def test_a_code_without_words_is_told_as_the_reader_said_it(profile, column):
    assert why(FR, profile, column, "of_another_release", SAID) == SAID


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_became_of_a_row_has_words(language):
    say = words.of(language)
    assert [one for one in ledger.NOTES if f"row_note.{one}" not in say.entries] == []
