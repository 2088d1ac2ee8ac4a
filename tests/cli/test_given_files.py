"""Files as shells and senders give them: a pipe, a device, an odd name."""

from __future__ import annotations

import os
import string
import threading
from pathlib import Path

import pytest

from tests import factory
from tests.cli.test_cli import run, told
from tests.cli.test_records import OLD


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="module")
def day() -> bytes:
    rows = factory.shipments(40).drop(columns=["source", "line", "warnings"])
    return rows.to_csv(index=False).encode()


def written_once(pipe: Path, content: bytes) -> threading.Thread:
    """A named pipe, and who writes into it for as long as it is read: once."""
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True)
    writer.start()
    return writer


def test_a_pipe_is_read_once_and_rated_like_a_file(
    home: Path, day: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = written_once(tmp_path / "day.csv", day + b"cut short,1\n")
    aside = tmp_path / "rejected.csv"
    code, said, errors = run(home, "score", tmp_path / "day.csv", "--json", "--quarantine", aside)
    writer.join(10)
    assert code == 3, errors
    assert told(said)["accepted"] == 40 and not writer.is_alive()
    assert told(said)["batches"][0]["source"] == "day.csv"
    assert aside.read_text().splitlines()[1].startswith("day.csv,42,")


def test_two_pipes_of_one_name_are_two_files(home: Path, day: bytes, tmp_path: Path) -> None:
    pipes, head = [tmp_path / "a" / "day", tmp_path / "b" / "day"], day.index(b"\n") + 1
    for pipe, content in zip(pipes, (day, day[:head]), strict=True):
        pipe.parent.mkdir()
        written_once(pipe, content)
    code, said, _ = run(home, "convert", *pipes, "--out", tmp_path / "table.csv", "--json")
    assert code == 0 and told(said)["read"] == 40


def test_a_pipe_serves_wherever_one_file_is_named(home: Path, tmp_path: Path) -> None:
    written_once(tmp_path / "entries", b"kind,text,reason\ncode,KX-1,recovered twice\n")
    dates = ("--review-by", "2099-03-31", "--expires", "2099-09-30")
    asked = ("watchlists", "load", "north", tmp_path / "entries", "--owner", "desk")
    code, said, _ = run(home, *asked, "--source", "finds", *dates, "--json")
    assert code == 0 and told(said)["entries"] == 1
    written_once(tmp_path / "old.csv", OLD.encode())
    code, said, errors = run(home, "records", "import", tmp_path / "old.csv", "--json")
    assert (code, told(said)["accepted"]) == (3, 1), errors


def test_a_device_is_refused_before_a_byte_of_it_is_read(home: Path) -> None:
    dates = "--review-by 2099-03-31 --expires 2099-09-30"
    for command in (
        *("score", "convert", "history load", "registers load offices", "records import"),
        *("quarantine repair --reason asked", "audit verify --against"),
        f"watchlists load north --owner desk --source finds {dates}",
    ):
        code, _, errors = run(home, *command.split(), "/dev/zero")
        assert code == 4
        assert "/dev/zero: is not a regular file. Copy it to a file first" in errors


SPOOFS = {
    "a line": "day\nread 9 = accepted 9.csv",
    "a line of the standard": "day\x85read 9.csv",
    "a line of Unicode": "day\u2028read 9.csv",
    "turned round": "day\u202egnp.csv",
    "set apart": "day\u2067gnp\u2069.csv",
    "a clear screen": "day\x1b[2J.csv",
    "no text": "day\udce9.csv",
}


@pytest.mark.parametrize("name", SPOOFS.values(), ids=SPOOFS)
def test_a_name_is_told_on_one_line_as_it_reads(
    home: Path, day: bytes, tmp_path: Path, name: str
) -> None:
    sent = tmp_path / name
    sent.write_bytes(day + b"cut short,1\n")
    aside, kept = tmp_path / "rejected.csv", tmp_path / "table.csv"
    code, said, errors = run(home, "score", sent, "--quarantine", aside)
    assert code == 3, errors
    assert "day_" in said.splitlines()[0] and said.splitlines()[0].endswith("41 rows")
    assert run(home, "convert", sent, "--out", kept)[0] == 3
    again = run(home, "score", sent, "--json")[1]
    gone = run(home, "score", tmp_path / f"not{name}")[2]
    for shown in (said, errors, again, gone, aside.read_text(), kept.read_text()):
        assert not set(shown) & set(name) - set("\n" + string.printable[:95]), shown
    assert again.count("\n") == gone.count("\n") == 1
    assert len(aside.read_text().splitlines()) == 2
    doctor = run(home, "doctor")[1]
    assert "\nread 9" not in doctor


def test_what_a_row_holds_breaks_no_line_of_the_account(
    home: Path, day: bytes, tmp_path: Path
) -> None:
    table = factory.shipments(3).drop(columns=["source", "line", "warnings"])
    table["gross_mass_kg"] = ["450", "12\nread 9 = accepted 9\u2028", "450"]
    table.to_csv(tmp_path / "day.csv", index=False)
    code, said, _ = run(home, "convert", tmp_path / "day.csv", "--out", tmp_path / "table.csv")
    assert code == 3
    assert [line for line in said.splitlines() if line.startswith("read ")] == [
        "read 3 = accepted 2 + quarantined 1 + duplicate 0 (csv)"
    ]


def test_no_name_is_no_folder_and_rates_nothing(
    home: Path, day: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of `score "$FILE"` where that is not set: where one stands may lie what is not meant."""
    (tmp_path / "day.csv").write_bytes(day)
    monkeypatch.chdir(tmp_path)
    for command in ("score", "convert", "history load", "watch", "registers load offices"):
        code, _, errors = run(home, *command.split(), "")
        assert code == 2 and "an empty name" in errors
        assert [one.name for one in tmp_path.iterdir()] == ["day.csv"]
    code, _, errors = run(home, "score", "day.csv", "--home", "")
    assert code == 2 and "an empty name" in errors and not (tmp_path / "riskprofile.db").exists()
    assert not home.exists()
    assert run(home, "convert", ".", "--out", "table.csv")[0] == 0


def test_of_a_folder_what_is_hidden_or_not_complete_is_left_out_and_told(
    home: Path, day: bytes, tmp_path: Path
) -> None:
    """As `watch` leaves it: a file that is half copied is no file of half its rows."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "day.csv").write_bytes(day)
    left = (".DS_Store", "next.csv.part", "~$book.xlsx", "old.csv~")
    for name in left:
        (inbox / name).write_bytes(day[: len(day) // 2])
    code, said, errors = run(home, "score", inbox, "--json")
    assert code == 0 and told(said)["read"] == 40
    assert all(name in errors for name in left) and "day.csv," not in errors
    assert "pipe" not in errors
    os.mkfifo(inbox / "line.csv")
    (inbox / "gone.csv").symlink_to("nowhere.csv")
    (inbox / "done").mkdir()
    (inbox / "day.csv").unlink()
    code, _, errors = run(home, "score", inbox)
    [others] = [one for one in errors.splitlines() if "pipes" in one]
    assert others.endswith(": gone.csv, line.csv")
    assert code == 4 and "old.csv~" in errors and "the folder holds no file" in errors


def test_convert_names_a_file_that_is_not_readable_and_goes_on_with_the_others(
    home: Path, day: bytes, tmp_path: Path
) -> None:
    """As `score` does; one alone, or all of them, is an error."""
    inbox, table = tmp_path / "inbox", tmp_path / "table.csv"
    inbox.mkdir()
    (inbox / "a.txt").write_bytes(b"Dear colleague,\n\nthe list follows.\n")
    code, _, errors = run(home, "convert", inbox, "--out", table)
    assert code == 4 and "a.txt" in errors and not table.exists()
    (inbox / "b.csv").write_bytes(day)
    (inbox / "c.bin").write_bytes(bytes(range(256)))
    code, said, errors = run(home, "convert", inbox, "--out", table, "--json")
    assert code == 4 and len(table.read_text().splitlines()) == told(said)["read"] + 1 == 41
    rated = told(run(home, "score", inbox, "--json")[1])["unreadable"]
    assert told(said)["unreadable"] == rated and len(rated) == 2
    assert "a.txt was not read: " in errors and "c.bin was not read: " in errors


def test_convert_says_that_a_file_was_written_while_it_was_read(home: Path, tmp_path: Path) -> None:
    sent, table = tmp_path / "day.csv", tmp_path / "table.csv"
    factory.write(sent, factory.shipments(800))
    os.mkfifo(table)

    def fetch() -> None:
        with table.open("rb") as file:
            file.read(1)  # from here on it waits until more of its table is fetched
            with sent.open("ab") as more:
                more.write(b"one more,")
            file.read()

    beside = threading.Thread(target=fetch, daemon=True)
    beside.start()
    code, _, errors = run(home, "convert", sent, "--out", table)
    beside.join(10)
    assert code == 1 and "day.csv was written, or taken away, while it was read" in errors
    code, said, _ = run(home, "convert", sent, "--out", tmp_path / "again.csv", "--json")
    assert code == 3 and told(said)["rewritten"] == []


def test_a_file_that_the_system_does_not_give_is_named(home: Path, tmp_path: Path) -> None:
    """As of a share that goes away once the file is open: what fails then names none by itself."""
    code, _, errors = run(home, "convert", "/proc/self/mem", "--out", tmp_path / "table.csv")
    assert code == 1
    assert "/proc/self/mem: input/output error" in errors
