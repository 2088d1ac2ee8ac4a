"""The practice store: a file of its own."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from riskprofile.errors import StoreError
from riskprofile.store import practice
from riskprofile.store.practice import DAYS, NAME, Answer, Doubt, Round

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
ANSWER = Answer("officer-14", "found-16", "parts", True, "scan", True, 41.5, "fairly", 3, 2, NOW)
DOUBT = Doubt("officer-14", "lawful-09", "scan", "a <b>maker's</b> number can be false", NOW)


def test_what_is_kept_is_told_again_to_the_last_bit(tmp_path):
    practice.keep(tmp_path, ANSWER)
    practice.keep(tmp_path, DOUBT)
    practice.keep(tmp_path, replace(ANSWER, account="officer-09"))
    assert practice.answers(tmp_path, "officer-14", LONG_AGO) == [ANSWER]
    assert practice.doubts(tmp_path, "officer-14", LONG_AGO) == [DOUBT]
    assert practice.answers(tmp_path, "officer-14", NOW) == []  # after that time


def test_the_file_is_its_owner_s_alone_and_made_when_something_is_kept(tmp_path):
    assert practice.answers(tmp_path, "officer-14", LONG_AGO) == []
    assert practice.forget(tmp_path, upto=NOW) == 0
    assert list(tmp_path.iterdir()) == []
    practice.keep(tmp_path, ANSWER)
    assert [one.name for one in tmp_path.iterdir()] == [NAME]
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path):
    practice.keep(tmp_path, ANSWER)
    (tmp_path / NAME).chmod(0o644)
    practice.keep(tmp_path, ANSWER)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_what_is_old_is_forgotten_and_gone_from_the_file(tmp_path):
    practice.keep(tmp_path, replace(DOUBT, text="nobody reads this later", at=NOW - DAYS))
    practice.keep(tmp_path, replace(ANSWER, at=NOW - DAYS + timedelta(seconds=1)))
    assert practice.forget(tmp_path, upto=NOW - DAYS) == 1
    assert practice.doubts(tmp_path, "officer-14", LONG_AGO) == []
    assert len(practice.answers(tmp_path, "officer-14", LONG_AGO)) == 1
    assert b"nobody reads this later" not in (tmp_path / NAME).read_bytes()


def test_all_of_one_account_is_forgotten_and_nothing_of_others(tmp_path):
    for row in (ANSWER, DOUBT, replace(ANSWER, account="officer-09")):
        practice.keep(tmp_path, row)
    assert practice.forget(tmp_path, account="officer-14") == 2
    assert len(practice.answers(tmp_path, "officer-09", LONG_AGO)) == 1
    assert practice.answers(tmp_path, "officer-14", LONG_AGO) == []


def test_many_who_answer_at_once_all_have_their_row(tmp_path):
    rows = [replace(ANSWER, case_id=f"case-{n}") for n in range(24)]
    with ThreadPoolExecutor(8) as beside:
        list(beside.map(lambda row: practice.keep(tmp_path, row), rows))
    kept = practice.answers(tmp_path, "officer-14", LONG_AGO)
    assert {one.case_id for one in kept} == {one.case_id for one in rows}


def test_what_is_kept_is_read_while_another_writes(tmp_path):
    practice.keep(tmp_path, ANSWER)
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM answer")
        assert practice.answers(tmp_path, "officer-14", LONG_AGO) == [ANSWER]
        other.execute("ROLLBACK")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked"):
            practice.answers(tmp_path, "officer-14", LONG_AGO)


def test_who_looks_takes_no_lock_from_a_writer_of_the_same_process(tmp_path):
    """A system lets go of all locks of a process on a file once it closes that file once."""
    practice.keep(tmp_path, ANSWER)
    other = (
        "import sqlite3, sys\n"
        "with sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None) as store:\n"
        "    store.execute('BEGIN IMMEDIATE')\n"
    )
    command = [sys.executable, "-c", other, str(tmp_path / NAME)]
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert practice.answers(tmp_path, "officer-14", LONG_AGO) == [ANSWER]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "database is locked" in told.stderr
        writer.execute("COMMIT")
    assert subprocess.run(command, check=False).returncode == 0


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere.db").touch()
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(StoreError, match="cannot be opened"):
        practice.keep(tmp_path, ANSWER)
    assert (tmp_path / "elsewhere.db").read_bytes() == b""


def test_a_store_of_another_release_or_no_store_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / NAME).write_bytes(b"this is no database, and long enough to be looked at" * 40)
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(StoreError, match="practice store"):
        practice.keep(tmp_path, ANSWER)
    assert (tmp_path / NAME).read_bytes() == before
    (tmp_path / NAME).unlink()
    with sqlite3.connect(tmp_path / NAME) as other:
        other.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreError, match="another release"):
        practice.answers(tmp_path, "officer-14", LONG_AGO)


def test_a_link_in_its_place_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    home = tmp_path / "home"
    home.mkdir()
    (home / NAME).symlink_to(elsewhere)
    with pytest.raises(StoreError, match="cannot be opened"):
        practice.keep(home, ANSWER)
    assert elsewhere.read_bytes() == b""


def test_the_round_that_an_account_is_in_takes_the_place_of_the_one_before(tmp_path):
    for state in ("one", "two"):
        practice.keep(tmp_path, Round("officer-14", state, NOW))
    practice.keep(tmp_path, Round("officer-09", "of another", NOW))
    assert practice.rounds(tmp_path, "officer-14", LONG_AGO) == [Round("officer-14", "two", NOW)]
    assert practice.forget(tmp_path, account="officer-14") == 1
    assert practice.rounds(tmp_path, "officer-14", LONG_AGO) == []
    assert practice.forget(tmp_path, upto=NOW) == 1


def test_a_store_of_the_release_before_keeps_its_answers_and_takes_a_round(tmp_path):
    practice.keep(tmp_path, ANSWER)
    with closing(sqlite3.connect(tmp_path / NAME)) as before:
        before.executescript("DROP TABLE round; PRAGMA user_version = 1")
    practice.keep(tmp_path, Round("officer-14", "one", NOW))
    assert practice.answers(tmp_path, "officer-14", LONG_AGO) == [ANSWER]
    assert practice.rounds(tmp_path, "officer-14", LONG_AGO) == [Round("officer-14", "one", NOW)]
