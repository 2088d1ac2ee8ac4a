"""quarantine list, export, repair, as a person runs them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests import factory
from tests.cli.test_cli import run, told


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two rows kept back: the mass of each is no number."""
    made = tmp_path / "home"
    table = factory.shipments(4).drop(columns=["source", "line", "warnings"])
    table["gross_mass_kg"] = ["450", "heavy", "450", "light"]
    table.to_csv(tmp_path / "day.csv", index=False)
    code, _, _ = run(made, "score", tmp_path / "day.csv", "--max-bad-share", "1")
    assert code == 3
    return made


def test_rows_kept_back_are_listed_exported_corrected_and_taken_in_once(
    home: Path, tmp_path: Path
) -> None:
    code, said, _ = run(home, "quarantine", "list", "--column", "gross_mass_kg")
    assert code == 0
    assert "day.csv:3  waiting" in said and "day.csv:5  waiting" in said and "2 rows" in said
    out = tmp_path / "kept.csv"
    assert run(home, "quarantine", "export", out)[0] == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["gross_mass_kg"] for row in rows] == ["heavy", "light"]
    rows[0]["gross_mass_kg"] = "12.5"
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    corrected = out.read_bytes()
    code, _, error = run(home, "quarantine", "export", out)
    assert code == 1 and "cells that somebody corrected" in error
    assert out.read_bytes() == corrected
    why = ("--reason", "the carrier gave the mass")
    code, said, _ = run(home, "quarantine", "repair", out, *why, "--json")
    summary = told(said)
    assert (code, len(summary["repaired"]), len(summary["refused"])) == (3, 1, 1)
    assert summary["summary"]["accepted"] == 1
    code, said, _ = run(home, "quarantine", "list", "--state", "repaired", "--json")
    assert [row["id"] for row in told(said)["rows"]] == summary["repaired"]
    (left,) = summary["refused"]
    code, said, _ = run(
        home, "quarantine", "repair", "--row", left, "--set", "gross_mass_kg=9", *why
    )
    assert code == 0 and said.startswith("1 row repaired and rated, 0 still wrong")
    code, _, error = run(
        home, "quarantine", "repair", "--row", left, "--set", "gross_mass_kg=8", *why
    )
    assert code == 1 and "is repaired" in error
    assert "0 rows" in run(home, "quarantine", "list")[1]


def test_a_file_is_mended_in_as_many_rounds_as_it_takes(home: Path, tmp_path: Path) -> None:
    """Each round takes in what is right by then, and passes over what earlier ones took."""
    out, why = tmp_path / "kept.csv", ("--reason", "the carrier gave the mass")
    assert run(home, "quarantine", "export", out)[0] == 0
    for wrong, right, code, said, noted in (
        ("heavy", "12.5", 3, "1 row repaired and rated, 1 still wrong", ""),
        ("light", "0.5", 0, "1 row repaired and rated, 0 still wrong", "1 row repaired or removed"),
        ("0.5", "0.7", 1, "", "row 1 of the quarantine is repaired"),
    ):
        out.write_text(out.read_text().replace(f",{wrong},", f",{right},"))
        ended, told_, error = run(home, "quarantine", "repair", out, *why)
        assert (ended, noted in error) == (code, True)
        assert told_.startswith(said)
        assert ("before, passed over" in error) == (right == "0.5")
    assert "2 rows" in run(home, "quarantine", "list", "--state", "repaired")[1]
    first = run(home, "quarantine", "list", "--state", "repaired", "--limit", 1)[1]
    assert first.splitlines()[-1] == "1 row, there may be more: --limit"
    assert "read 4 = accepted 0" in run(home, "score", tmp_path / "day.csv")[1]


def test_a_repair_of_nothing_and_a_value_without_a_column_say_what_to_write(home: Path) -> None:
    code, _, error = run(home, "quarantine", "repair", "--reason", "none")
    assert code == 2 and "--row N --set C=VALUE" in error
    code, _, error = run(home, "quarantine", "repair", "--reason", "x", "--row", "1", "--set", "9")
    assert code == 2 and "has no =" in error


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_repair_says_that_the_row_was_overtaken_and_is_on_no_list(
    home: Path, tmp_path: Path, json: tuple[str, ...]
) -> None:
    later = factory.shipments(4, gross_mass_kg=900.0).drop(columns=["source", "line", "warnings"])
    later.iloc[[1]].to_csv(tmp_path / "later.csv", index=False)
    assert run(home, "score", tmp_path / "later.csv")[0] == 0
    fix = ("--row", "1", "--set", "gross_mass_kg=9", "--reason", "the carrier gave the mass")
    code, _, error = run(home, "quarantine", "repair", *fix, *json)
    assert code == 0
    assert "1 row is older than what is known of the declaration" in error
