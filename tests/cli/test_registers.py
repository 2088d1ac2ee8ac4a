"""The commands of registers, as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

from riskprofile.services.settings import CHECKOUT
from tests.cli.test_cli import run, told

SAMPLES = CHECKOUT / "data" / "synthetic" / "registers"


def test_a_register_is_loaded_listed_and_shown(tmp_path: Path) -> None:
    home, file = tmp_path / "home", SAMPLES / "embargoes.csv"
    code, said, _ = run(home, "registers", "load", "embargoes", file, "--json")
    assert (code, told(said)["read"], told(said)["accepted"]) == (0, 3, 3)
    code, said, _ = run(home, "registers", "load", "embargoes", file, "--as-of", "2020-01-01")
    assert code == 0 and "read 3 = accepted 3 + quarantined 0 + duplicate 0" in said
    code, said, _ = run(home, "registers", "load", "embargoes", file)
    assert code == 0 and "accepted 0 + quarantined 0 + duplicate 3" in said
    code, said, _ = run(home, "registers", "list", "--json")
    assert {one["kind"]: one["entries"] for one in told(said)["registers"]}["embargoes"] == 3
    code, said, _ = run(home, "registers", "show", "embargoes")
    assert code == 0 and "Notice 2019/14" in said and said.count("\n") == 4
    shown = ("registers", "show", "embargoes", "--out", tmp_path / "shown.csv")
    code, as_object, _ = run(home, *shown, "--json")
    assert code == 0 and len(told(as_object)["entries"]) == 3
    assert (tmp_path / "shown.csv").read_text() == said


def test_bad_rows_end_with_3_and_go_to_the_quarantine_file(tmp_path: Path) -> None:
    home, file, kept = tmp_path / "home", tmp_path / "rates.csv", tmp_path / "kept.csv"
    file.write_text("currency,date,per_usd\nEUR,2026-01-01,0.9\nEUR,2026-02-30,0.9\n")
    code, said, _ = run(home, "registers", "load", "rates", file, "--quarantine", kept)
    assert code == 3 and "date_impossible" in said
    head, row = kept.read_text().splitlines()
    assert head.startswith("source,line,record_id,column,reason_code")
    assert ",date,date_impossible," in row
    code, _, told_why = run(home, "registers", "load", "ratios", file)
    assert code == 2 and "licences" in told_why


def test_a_register_that_cannot_be_written_is_told_in_one_object(tmp_path: Path) -> None:
    out = tmp_path / "none" / "licences.csv"
    code, said, _ = run(tmp_path / "home", "registers", "show", "licences", "--out", out, "--json")
    assert code == 2 and [*json.loads(said)] == ["error", "exit_code"]


def test_a_watch_list_says_what_is_in_force_and_claims_no_match(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "list.csv"
    file.write_text("kind,text,reason\ncode,T046310,case 9\n")
    asked = ("--owner", "Unit 4", "--source", "case files")
    until = ("--review-by", "2099-03-31", "--expires", "2099-09-30")
    code, said, _ = run(home, "watchlists", "load", "harbour", file, *asked, *until)
    assert (code, said) == (0, "harbour: 1 entry\n")
    code, said, _ = run(home, "watchlists", "list")
    assert code == 0 and said.startswith("harbour  1 entry, 1 in force  review by 2099-03-31")
    code, said, _ = run(home, "watchlists", "show", "harbour")
    assert code == 0 and "T046310  in force  case 9" in said and "match" not in said
    assert run(home, "watchlists", "expire", "harbour")[1] == "harbour: 1 entry ended\n"
