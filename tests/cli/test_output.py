"""What a terminal shows while a run goes on."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from riskprofile.cli import output
from riskprofile.services.steps import CHECKING, COMPARING, RANKING, STORING, WORDING
from tests.conftest import LATE

COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    shown = io.StringIO()
    monkeypatch.setattr(output, "errors", Console(file=shown, force_terminal=True, width=100))
    return shown


def test_a_bar_follows_the_file_and_then_the_end_of_the_run(
    terminal: io.StringIO, tmp_path: Path
) -> None:
    day = tmp_path / "day.csv"
    day.write_text("declaration_id\n" + "D1\n" * 4_000)
    with output.progress("rating", [day]) as tell:
        for told, shown in (
            (("step", CHECKING, 3_000, None), "checking .* 3,000 rows"),
            (("__call__", "day.csv", 3_000), "rating day.csv .* 3,000 rows"),
            (("step", RANKING, 0, None), "ranking [^0-9]* 0:00"),
            (("step", WORDING, 500, 1_500), "wording alerts .* 500 of 1,500 alerts"),
            (("step", COMPARING, 0, None), "comparing new parties [^0-9]* 0:00"),
            (("step", STORING, 1_500, 1_500), "storing .* 1,500 of 1,500 alerts"),
        ):
            getattr(tell, told[0])(*told[1:])
            until = time.monotonic() + LATE
            while not re.search(shown, COLOURS.sub("", terminal.getvalue())):
                assert time.monotonic() < until, terminal.getvalue()
                time.sleep(0.02)


def test_the_clock_goes_on_after_a_step_that_is_done(terminal: io.StringIO) -> None:
    with output.progress("rating") as tell:
        tell.step(WORDING, 1_500, 1_500)
        tell.step(STORING, 0, 1_500)
        assert tell.bar is not None and not tell.bar.finished


def test_a_bar_follows_other_long_work(terminal: io.StringIO) -> None:
    with output.progress("copying") as tell:
        tell.step("alert", 500, 2_000)
        until = time.monotonic() + LATE
        while "copying alert" not in (shown := COLOURS.sub("", terminal.getvalue())):
            assert time.monotonic() < until, shown
            time.sleep(0.02)
    assert "500 of 2,000 rows" in shown


def test_what_stands_in_a_name_is_shown_as_it_stands(
    terminal: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with output.progress("rating", []) as tell:
        tell("day[/b]:100:.csv", 10)
        time.sleep(0.3)  # the bar is drawn ten times a second
    assert "day[/b]:100:.csv" in COLOURS.sub("", terminal.getvalue())
    monkeypatch.undo()
    output.note("offices.csv:100: not taken [/b]")
    assert capsys.readouterr().err == "offices.csv:100: not taken [/b]\n"


def test_a_file_of_a_log_gets_no_bar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(output, "errors", Console(file=shown))
    with output.progress("rating", [tmp_path / "not-there.csv"]) as tell:
        tell("not-there.csv", 10)
        tell.step(STORING, 5, 5)
    assert shown.getvalue() == ""


def test_how_many_rows_a_file_has_is_known_of_text_and_of_parquet(tmp_path: Path) -> None:
    table = pd.DataFrame({"declaration_id": ["D1", "D2"]})
    table.to_parquet(tmp_path / "day.parquet")
    table.to_csv(tmp_path / "day.csv", index=False)
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    names = ("day.csv", "day.parquet", "cut.parquet", "day.xlsx", "gone.csv")
    assert [output.about_rows(tmp_path / name) for name in names] == [3, 2, None, None, None]


def test_whatever_byte_of_a_footer_is_wrong_nothing_is_said_before_its_reader_says_it(
    tmp_path: Path,
) -> None:
    """Of integers of odd sizes Arrow says that they are not implemented, not that it is damaged."""
    made = tmp_path / "day.parquet"
    pd.DataFrame({"pieces": [1, 2]}).to_parquet(made)
    whole = made.read_bytes()
    for place in range(-900, -8):
        made.write_bytes(whole[:place] + b"+" + whole[place + 1 :])
        output.about_rows(made)
