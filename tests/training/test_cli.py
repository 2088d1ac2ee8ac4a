"""The analysts' command line: each fault is one line with an exit code, and no cell is run."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from riskprofile.scoring.ranking import Capacity
from riskprofile.services import comparing, review, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import CHECKOUT
from tests import factory
from tests.services.bench import INES, NOW, OMAR, REASON, furnish, put_offices, taken
from training.cli import main

SHIPS = CHECKOUT / "models" / "shipment" / "2026.11.4"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    monkeypatch.setenv("RISKPROFILE_HOME", str(tmp_path / "home"))

    def of(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["riskprofile-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return of


def test_a_folder_that_cannot_be_written_is_one_line(run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    code, out, errors = run("synth", tmp_path / "file" / "new", "--rows", "10", "--json")
    assert code == 1 and "Traceback" not in errors
    assert json.loads(out)["exit_code"] == 1


@pytest.mark.parametrize("share", ["0", "-0.1", "5"])
@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_a_share_that_is_none_is_refused(run, command: str, share: str) -> None:
    code, _, errors = run(command, SHIPS, f"--share={share}")
    assert code == 2 and "above 0 and at most 1" in errors


def test_a_number_that_nothing_can_be_made_with_is_named(run, tmp_path: Path) -> None:
    for call, option in (
        (("synth", tmp_path / "made", "--rows", "9", "--seed", "-1"), "--seed"),
        (("compare", SHIPS, "--days", "999999999"), "--days"),
    ):
        code, _, err = run(*call)
        assert (code, f"Invalid value for '{option}'" in err) == (2, True)
    assert not (tmp_path / "made").exists()


def test_a_card_that_is_no_text_is_one_line(run, tmp_path: Path) -> None:
    (tmp_path / "card.md").write_bytes(b"caf\xe9")
    code, _, err = run("card", tmp_path)
    assert (code, "it is not UTF-8" in err, err.count("\n")) == (4, True, 1)


def test_a_fit_without_an_outcome_says_so(run) -> None:
    code, _, errors = run("fit", "--version", "2027.01.1")
    assert code == 1 and "no outcome of what shipment 2026.11.4 rated is confirmed" in errors
    code, _, errors = run("fit", "--profile", "shipmet", "--version", "2027.01.1")
    assert code == 2 and "there is no profile shipmet" in errors
    code, _, errors = run("fit", SHIPS, "--version", "2027.01.1")
    assert code == 2 and "--version is of a fit on own outcomes" in errors
    code, _, errors = run("fit", "--version", "2027.01.1", "--waive", "labeller:anna:because")
    assert code == 2 and "there is no gate 'labeller'" in errors and "labellers;" in errors
    code, _, errors = run("fit", "--version", "2027.01.1", "--set", "freight_ratio:third:40")
    assert code == 2 and "TERM:BIN:POINTS" in errors
    code, _, errors = run("fit", SHIPS, "--set", "freight_ratio:3:40")
    assert code == 2 and "--set is of a fit on own outcomes" in errors
    code, _, errors = run("fit")
    assert code == 2 and "a fit on own outcomes needs a version. Give one: --version" in errors
    code, _, errors = run("fit", "--version", "2027 01 1")
    assert code == 2 and "cannot be used" in errors


def test_a_spreadsheet_runs_nothing_of_what_was_declared(run, tmp_path: Path) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    offices = [{"code": "XMAIR", "name": "Air", "zone": "UTC", "capacity": 5}]
    now = datetime.now(UTC)
    put_offices(store, offices)
    factory.shipments(3, carrier="=1+1").to_parquet(tmp_path / "day.parquet")
    options = Options(profile="shipment", capacity=Capacity(3, 0.05, 0.0))
    screen(store, home, OWNER, [tmp_path / "day.parquet"], options, now)
    # Five a day can examine all three: of everything inspected nothing is to be told.
    able = comparing.capacity_of(store, home, OWNER, "shipment", now)
    assert able.share == comparing.USUAL
    store.close()
    code, _, errors = run("compare", SHIPS, "--share", "1", "--out", tmp_path / "both.csv")
    assert code == 0, errors
    told = pd.read_csv(tmp_path / "both.csv")
    assert told["slice:carrier"].tolist() == ["'=1+1"] * 3
    assert (tmp_path / "both.csv").stat().st_mode & 0o777 == 0o600  # as of every file of rows


def test_as_many_are_compared_as_the_offices_can_examine(run, tmp_path: Path) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    put_offices(store, [{"code": "XMAIR", "name": "Air", "zone": "UTC", "capacity": 8}])
    factory.shipments(100, customs_office="XMAIR").to_parquet(tmp_path / "day.parquet")
    options = Options(profile="shipment")
    screen(store, home, OWNER, [tmp_path / "day.parquet"], options, datetime.now(UTC))
    store.close()
    told = json.loads(run("compare", SHIPS, "--json")[1])
    assert (told["rated"], told["share"], told["both"]) == (100, 0.08, 8)
    out = run("compare", SHIPS, "--share", "0.02")[1]
    assert out.startswith("of 100 declarations, 2.0% inspected: both select 2; ")


def test_the_ledger_tells_of_each_term_how_often_its_reason_held(run, tmp_path: Path) -> None:
    store = settings.open_store(settings.load({}, home=tmp_path / "home"))
    furnish(store)
    code, out, _ = run("ledger")
    assert (code, "did not" in out) == (0, False)
    alert = taken(store)  # its one reason: a rare lane
    review.decide(store, INES, alert, "examine", REASON, NOW)
    made = review.record_outcome(
        store, INES, alert, "nothing", NOW, methods=["opened"], answers={"lane": "no"}
    )
    review.confirm_outcome(store, OMAR, made, NOW)
    store.close()
    code, out, _ = run("ledger")
    assert code == 0 and out.splitlines()[-1].split() == [
        "1", "0", "0", "1", "reason", "lane:", "held", "in", "0", "of", "1",
        "(95", "%", "interval", "0", "to", "79", "of", "100)",
    ]  # fmt: skip
    told = json.loads(run("ledger", "--json")[1])["reasons"]
    assert told == [
        {
            "term": "lane", "asked": 1, "held": 0, "unclear": 0, "not_held": 1,
            "low": 0.0, "high": 0.793451,
        }
    ]  # fmt: skip
