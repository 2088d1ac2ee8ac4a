"""Headings of many languages to canonical columns."""

from __future__ import annotations

import pandas as pd
import pytest

from riskprofile import intake
from riskprofile.intake import columns
from riskprofile.intake.codes import folded, reference
from riskprofile.profiles import PROFILES

TABLE = reference("headers.json")
LANGUAGES = {"en", "fr", "es", "pt", "de", "ru", "ar", "zh", "tr"}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_column_has_headings_in_nine_languages(profile):
    named = {name for name in PROFILES[profile].names if name != "extra"}
    assert set(TABLE[profile]) == named
    for column, languages in TABLE[profile].items():
        assert set(languages) == LANGUAGES, column


@pytest.mark.parametrize("profile", PROFILES)
def test_no_heading_means_two_columns(profile):
    meant: dict[str, set[str]] = {}
    for column, languages in TABLE[profile].items():
        for heading in (each for words in languages.values() for each in words):
            meant.setdefault(folded(heading), set()).add(column)
            if folded(heading) in map(folded, PROFILES[profile].names):
                meant[folded(heading)].add(heading.replace(" ", "_"))
    assert {heading: means for heading, means in meant.items() if len(means) > 1} == {}


@pytest.mark.parametrize("column", sorted(set(TABLE["values"]) - {"bool"}))
def test_no_word_means_two_choices(column):
    meant: dict[str, set[str]] = {}
    for choice, words in TABLE["values"][column].items():
        for word in words:
            meant.setdefault(folded(word), set()).add(choice)
    assert {word: means for word, means in meant.items() if len(means) > 1} == {}


def test_case_accents_and_punctuation_do_not_matter():
    headings = ["DÉCLARATION Nº", "Código_SA", "Poids brut (kg)", "МАССА НЕТТО"]
    mapped = columns.match(headings, PROFILES["shipment"])
    assert mapped.columns == {
        "declaration_id": 0,
        "hs_code": 1,
        "gross_mass_kg": 2,
        "net_mass_kg": 3,
    }


def test_a_canonical_name_wins_over_an_alias_and_the_second_alias_is_kept_beside():
    mapped = columns.match(
        ["Weight", "gross_mass_kg", "Gross weight", "", ""], PROFILES["shipment"]
    )
    assert mapped.columns == {"gross_mass_kg": 1}
    assert mapped.headings == ("Weight", "Gross weight", "column 4", "column 5")


def test_the_headings_say_which_profile_they_are_of():
    assert (
        columns.best(["crossing_id", "crossing_at", "carrier"], columns.AUTO).profile == "traveller"
    )
    assert (
        columns.best(["declaration_id", "hs_code", "carrier"], columns.AUTO).profile == "shipment"
    )


@pytest.mark.parametrize(
    ("headings", "column", "taken"),
    [
        (["AWB", "Reference number", "MRN"], "declaration_id", 2),
        (["Price", "Amount", "Customs value"], "value", 2),
        (["Цена", "Стоимость"], "value", 1),
        (["Valor", "Valor en aduana"], "value", 1),
        (["Weight", "Gross weight"], "gross_mass_kg", 1),
        (["Commodity", "Commodity description"], "goods_description", 1),
        (["Date", "Registration date"], "lodged_at", 1),
        (["Exporter", "Exporter"], "consignor_name", 0),
        (["Item no", "Item"], "item_number", 0),
        (["Numéro d'article", "Article"], "item_number", 0),
        (["Declarant code", "Declarant"], "declarant_id", 0),
        (["Declaration", "MRN"], "declaration_id", 1),
        (["Anmeldung", "Anmeldungsnummer"], "declaration_id", 1),
        (["Number of packages", "Packages"], "package_count", 0),
        (["Freight charges", "Freight"], "freight_cost", 0),
        (["Currency", "Currency code"], "currency", 1),
        (["currency", "Currency code"], "currency", 0),
        (["Value", "Customs value"], "value", 1),
    ],
)
def test_of_two_headings_that_mean_one_column_the_more_exact_takes_it(headings, column, taken):
    mapped = columns.match(headings, PROFILES["shipment"])
    assert mapped.columns == {column: taken}


def test_an_amount_under_another_heading_of_the_currency_is_no_code_of_the_row(tmp_path):
    sent = tmp_path / "day.csv"
    sent.write_text(
        "declaration_id,hs_code,Currency code,Curr\nA,9401,,100\nB,9401,840,100\nC,9401,100,978\n"
    )
    (chunk,) = intake.read(sent)
    assert chunk.table["currency"].tolist() == [pd.NA, "USD", "EUR"] and not chunk.rejected


@pytest.mark.parametrize("profile", PROFILES)
def test_a_heading_that_says_more_stands_before_one_that_says_less(profile):
    """`Item` may be the name of the goods where `Item no` is there too."""
    wrong = [
        (column, shorter, longer)
        for column, languages in TABLE[profile].items()
        for headings in languages.values()
        for place, shorter in enumerate(headings)
        for longer in headings[place + 1 :]
        if set(folded(shorter).split()) < set(folded(longer).split())
    ]
    assert wrong == []


def test_a_time_alone_says_not_when_a_traveller_crossed():
    mapped = columns.match(["Crossing date", "Crossing time"], PROFILES["traveller"])
    assert mapped.columns == {"crossing_at": 0}


def test_a_key_of_json_lines_takes_its_column_as_a_heading_does(tmp_path):
    path = tmp_path / "sample.jsonl"
    path.write_text(
        '{"AWB": "123-1", "Declaration number": "D1", "Price": 5, "Customs value": 500,'
        ' "Description": "chairs"}\n'
    )
    (chunk,) = intake.read(path)
    row = chunk.table.iloc[0]
    assert (row["declaration_id"], row["value"]) == ("D1", 500.0)
    assert chunk.unknown == ("AWB", "Price")
