"""What is written for others is there whole, or not at all, whoever else writes it meanwhile."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from riskprofile.errors import InputError, Unwritable
from riskprofile.files import (
    is_stream,
    passing_folder,
    standard_input,
    unplaced,
    whole_or_nothing,
)


def write(out: Path, content: str) -> None:
    with whole_or_nothing(out) as stream:
        stream.write(content.encode())


def test_a_file_is_for_its_owner_alone_unless_others_may_read_what_it_replaces(
    tmp_path: Path,
) -> None:
    fresh, there = tmp_path / "fresh.csv", tmp_path / "there.csv"
    there.write_text("of yesterday")
    there.chmod(0o640)
    usual = os.umask(0o277)
    try:
        for out in (fresh, there):
            write(out, "of today")
            assert out.read_text() == "of today"
    finally:
        os.umask(usual)
    assert [out.stat().st_mode & 0o777 for out in (fresh, there)] == [0o600, 0o640]


def test_whoever_fetches_the_list_of_each_day_by_its_group_goes_on_reading_it(
    tmp_path: Path,
) -> None:
    out = tmp_path / "day.csv"
    out.write_text("of yesterday")
    group = 12345 if os.geteuid() == 0 else os.getgroups()[-1]
    os.chown(out, -1, group)
    out.chmod(0o640)
    write(out, "of today")
    assert (out.stat().st_gid, out.stat().st_mode & 0o777) == (group, 0o640)


def test_of_two_that_write_one_file_at_once_the_last_leaves_its_own_whole(tmp_path: Path) -> None:
    out = tmp_path / "day.csv"
    with whole_or_nothing(out) as first:
        first.write(b"of the fir")
        first.flush()
        write(out, "of the second")
        assert out.read_text() == "of the second"
        with pytest.raises(KeyboardInterrupt), whole_or_nothing(out) as third:
            third.write(b"of the third, which is st")
            raise KeyboardInterrupt
        first.write(b"st")
    assert out.read_text() == "of the first"
    assert [*tmp_path.iterdir()] == [out]


def test_a_file_takes_its_place_once_however_often_its_transaction_is_tried(tmp_path: Path) -> None:
    out = tmp_path / "day.csv"
    with unplaced(out) as file:
        file.stream.write(b"of today")
        file.place()
        file.place()
    assert [one.name for one in tmp_path.iterdir()] == ["day.csv"]
    assert out.read_text() == "of today"


def test_what_a_killed_program_left_is_taken_away_by_the_next_and_not_written_into(
    tmp_path: Path,
) -> None:
    out, kept = tmp_path / "day.csv", tmp_path / "kept"
    kept.write_text("another file")
    (tmp_path / ".day.csv.0.part").symlink_to(kept)
    write(out, "whole")
    assert kept.read_text() == "another file" and not out.is_symlink()
    (tmp_path / ".day.csv.0.part").write_text("persons, and then it was ki")
    (tmp_path / ".day.csv.1.part").mkdir()  # whatever it is: it is nobody's leftover
    with whole_or_nothing(out) as one, whole_or_nothing(out) as other:
        one.write(b"one")
        other.write(b"other")
    assert out.read_text() == "one"
    assert {path.name for path in tmp_path.iterdir()} == {"day.csv", "kept", ".day.csv.1.part"}


def test_who_sweeps_takes_nothing_of_a_third_who_writes_under_the_name_of_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, lock = tmp_path / "day.csv", fcntl.flock
    with ExitStack() as third, ExitStack() as second:
        second.enter_context(whole_or_nothing(out)).write(b"of the second")

        def late(file: int, how: int) -> None:
            monkeypatch.setattr(fcntl, "flock", lock)
            second.close()  # it has its place
            third.enter_context(whole_or_nothing(out)).write(b"of the third")
            lock(file, how)

        monkeypatch.setattr(fcntl, "flock", late)
        write(out, "of the first")
    assert out.read_text() == "of the third"
    assert [*tmp_path.iterdir()] == [out]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full disk to try")
def test_a_full_disk_is_told_by_the_name_of_the_file(tmp_path: Path) -> None:
    out = tmp_path / "day.csv"
    out.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as full:
        write(out, "of today")
    assert (full.value.errno, full.value.filename) == (errno.ENOSPC, str(out))


def test_what_has_no_place_any_more_is_told_by_the_name_of_the_file(tmp_path: Path) -> None:
    out = tmp_path / "day.csv"
    with pytest.raises(IsADirectoryError) as taken, whole_or_nothing(out) as stream:
        stream.write(b"of today")
        out.mkdir()
    assert taken.value.filename == str(out)
    assert [*tmp_path.iterdir()] == [out]


def test_where_nothing_can_be_written_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unwritable, match=r"folder: cannot be written \(it is a folder\)"):
        write(tmp_path / "folder", "")
    with pytest.raises(Unwritable, match="no such file or directory"):
        write(tmp_path / "missing" / "day.csv", "")


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path: Path) -> None:
    out = tmp_path / "day.csv"
    os.mkfifo(out)
    with ThreadPoolExecutor(1) as beside:
        read = beside.submit(out.read_text)
        write(out, "of today")
        assert read.result() == "of today"
    assert out.is_fifo()
    assert is_stream(out) and is_stream("-") and is_stream("/dev/stdout")
    assert is_stream("/dev/fd/1") and is_stream("/proc/self/fd/1")  # turned to a file, as here
    assert not is_stream(tmp_path) and not is_stream(tmp_path / "new.csv")


def test_what_a_killed_program_left_of_passing_files_is_gone_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import sys, time\n"
        "from riskprofile.files import passing_folder\n"
        "with passing_folder() as folder:\n"
        "    (folder / 'all.jsonl').write_text('persons')\n"
        "    print(folder, flush=True)\n"
        "    time.sleep(600)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment
    )
    try:
        assert program.stdout is not None
        left = Path(program.stdout.readline().decode().strip())
        other = tmp_path / "riskprofile-run"
        other.mkdir()  # by its name nobody's leftover
        with passing_folder() as mine:
            assert left.is_dir()  # in use
            assert mine.stat().st_mode & 0o777 == 0o700
    finally:
        program.kill()
        program.communicate()
    assert (left / "all.jsonl").exists()
    with passing_folder() as mine:
        assert not left.exists() and mine.is_dir()
    assert [*tmp_path.iterdir()] == [other]


def test_a_passing_folder_that_another_sweeps_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lock = fcntl.flock

    def late(file: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        with passing_folder():
            assert not [*tmp_path.glob("*/all.jsonl")]
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with passing_folder() as mine:
        (mine / "all.jsonl").write_text("persons")
    assert [*tmp_path.iterdir()] == []


def test_a_standard_stream_that_was_closed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `>&-` and `<&-` of a shell leave it."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stdin", None)
    with (
        pytest.raises(Unwritable, match="standard output is closed"),
        whole_or_nothing("-"),
    ):
        pass
    with pytest.raises(InputError, match="standard input is closed"):
        standard_input()
