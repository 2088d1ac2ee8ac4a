"""The same manifest in any wrapping makes no new alert; one changed row, one new version."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from riskprofile.errors import Conflict
from riskprofile.services import govern, opening, registers, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options, Stop
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import batches, run_tables, table_bytes
from tests import factory
from tests.faults import runs, wrappings
from tests.faults.wrappings import count
from tests.intake.helpers import FIXTURES

WRAPPINGS = 9  # on each engine; `python -m tests.faults.wrappings` sends 350
ROWS = 60
LONG = 20  # of a file that changes while it is read, in chunks of five


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return runs.furnish(tmp_path / "home", url)


def test_no_wrapping_makes_an_alert_and_one_changed_row_makes_one_version(
    home: Settings, tmp_path: Path
) -> None:
    with closing(settings.open_store(home)) as store:
        told = wrappings.send(store, home, tmp_path, WRAPPINGS)
    assert (told.tried, told.faults) == (WRAPPINGS, [])
    assert told.alerts > 0


@pytest.fixture
def gate() -> Iterator[tuple[int, int]]:
    """A pipe: who reads from it waits until its other end is closed."""
    ends = os.pipe()
    yield ends
    os.close(ends[0])


@pytest.mark.parametrize("way", ["same", "renamed", "zipped", "turned", "resumed"])
def test_sent_twice_at_once_by_two_programs_is_taken_once(
    home: Settings, tmp_path: Path, gate: tuple[int, int], way: str
) -> None:
    table = factory.travellers(ROWS).drop(columns=["source", "line", "warnings"])
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    table.to_csv(first, index=False)
    if way == "same":
        second = first
    elif way == "zipped":
        second = tmp_path / "second.zip"
        with zipfile.ZipFile(second, "w") as archive:
            archive.write(first, "any.csv")
    else:
        (table.iloc[::-1] if way == "turned" else table).to_csv(second, index=False)
    options = Options(chunk_rows=ROWS // 6, resume=way == "resumed")
    waits, opens = gate

    def take(path: Path) -> tuple[int, ...] | None:
        """What one program took in; None when the other was ahead of it."""
        os.close(opens)
        with closing(settings.open_store(home)) as store:
            os.read(waits, 1)
            try:
                told = screen(store, home, OWNER, [path], options, runs.NOW).summary
            except Conflict:
                return None
        parts = (told.accepted, told.quarantined, told.duplicate)
        return (told.read, *parts, told.alerts["total"])

    programs = [runs.child(lambda path=path: take(path)) for path in (first, second)]
    os.close(opens)
    said = [runs.ended(*one) for one in programs]
    assert [code for code, _ in said] == [0, 0], said
    told = [one for _, one in said if one is not None]
    assert told, said
    for read, accepted, quarantined, duplicate, _ in told:
        assert read == accepted + quarantined + duplicate == ROWS
    with closing(settings.open_store(home)) as store:
        assert count(store, "record") == ROWS
        assert count(store, "record WHERE version = 1 AND state = 'accepted'") == ROWS
        assert count(store, "batch WHERE read <> accepted + quarantined + duplicate") == 0
        distinct = "(SELECT record_id FROM alert GROUP BY record_id) AS one"
        alerts = count(store, "alert")
        assert alerts == count(store, distinct) > 0
    if len(told) == 2:
        assert sum(one[1] for one in told) == ROWS
        assert sum(one[4] for one in told) == alerts


@pytest.mark.parametrize("way", ["cut", "grown", "replaced", "gone"])
def test_what_a_file_lost_while_it_was_read_is_rated_when_it_comes_whole(
    home: Settings, tmp_path: Path, way: str
) -> None:
    """Its digest was made of all of it, and does not say that all of it is known."""
    table = factory.shipments(LONG).drop(columns=["source", "line", "warnings"])
    sent = tmp_path / "sent.csv"
    # So long that its end is read after its first rows are stored.
    table.assign(note="tubes " * 120_000).to_csv(sent, index=False)
    whole, met = sent.read_bytes(), list[int]()
    half = whole[: whole.rindex(b"\n", 0, len(whole) // 2) + 1]

    def meddle(name: str, rows: int) -> None:
        if not met:
            if way == "cut":
                os.truncate(sent, len(half))
            elif way == "grown":
                with sent.open("ab") as file:
                    file.write(b"one more,")
            elif way == "replaced":
                (tmp_path / "other.csv").write_bytes(half)
                (tmp_path / "other.csv").replace(sent)
            else:
                sent.unlink()
        met.append(rows)

    options = Options(chunk_rows=5)
    with closing(settings.open_store(home)) as store:
        run = screen(store, home, OWNER, [sent], options, runs.NOW, progress=meddle)
        told = run.summary
        assert list(told.rewritten.values()) == ["sent.csv"] and run.exit_code == 1
        assert told.read == told.accepted + told.quarantined + told.duplicate
        assert told.batches[0]["state"] == "done" and told.alerts["total"] > 0
        assert (told.accepted < LONG) == (way == "cut")
        sent.write_bytes(whole)
        again = screen(store, home, OWNER, [sent], options, runs.NOW).summary
        assert again.accepted == LONG - told.accepted and not again.rewritten
        assert again.duplicate == told.accepted
        last = screen(store, home, OWNER, [sent], options, runs.NOW).summary
        assert last.batches[0]["state"] == "duplicate" and last.duplicate == LONG


@pytest.mark.parametrize("left", ["after it", "in it", "in it, and not told"])
def test_what_a_file_lost_is_rated_though_the_run_was_left_and_went_on(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    """The cursor counts chunks of what it was for a while: rows are not passed over by it."""
    table = factory.shipments(LONG).drop(columns=["source", "line", "warnings"])
    sent, other = tmp_path / "sent.csv", tmp_path / "sent_later.csv"
    table.assign(note="tubes " * 120_000).to_csv(sent, index=False)
    table.head(3).assign(declaration_id=["A", "B", "C"]).to_csv(other, index=False)
    whole, met, stop = sent.read_bytes(), list[int](), Stop()

    def meddle(name: str, read: int) -> None:
        if not met:
            os.truncate(sent, len(b"".join(whole.splitlines(keepends=True)[:8])))
        met.append(read)
        if name == other.name or (left != "after it" and read % 5):
            stop.ask(15)

    options = Options(chunk_rows=5)
    with closing(settings.open_store(home)) as store:
        with monkeypatch.context() as killed:
            if left == "in it, and not told":
                killed.setattr(batches, "say_rewritten", lambda *_: True)
            run = screen(
                *(store, home, OWNER, [sent, other], options, runs.NOW),
                progress=meddle, stop=stop,
            )  # fmt: skip
        assert run.exit_code == 143 and met[-1] % 5
        sent.write_bytes(whole)
        on = screen(store, home, OWNER, [sent], replace(options, resume=True), runs.NOW)
        assert on.exit_code == 1 and list(on.summary.rewritten.values()) == ["sent.csv"]
        assert on.summary.accepted < LONG
        assert any(one.note == batches.WAS_WRITTEN for one in govern.batches(store, OWNER))
        last = screen(store, home, OWNER, [sent], options, runs.NOW).summary
        missed = LONG - on.summary.accepted
        assert missed <= last.accepted <= missed + 1  # and the row at which it was cut, as it is
        last = screen(store, home, OWNER, [sent], options, runs.NOW).summary
        assert last.batches[0]["state"] == "duplicate" and last.duplicate == LONG


def test_a_file_is_read_to_its_end_in_the_order_of_days_in_which_it_was_begun(
    home: Settings, tmp_path: Path
) -> None:
    """What is stated of its office meanwhile holds for files that come after."""
    sent, offices, stop = tmp_path / "days.xml", tmp_path / "offices.csv", Stop()
    one = (FIXTURES / "sad_two_items.xml").read_text().split("?>", 1)[1]
    each = [one.replace(">1207<", f">{1207 + at}<") for at in range(6)]
    assert len(set(each)) == 6
    sent.write_text(f"<all>{''.join(each)}</all>")
    later = runs.NOW + timedelta(hours=1)
    options = Options(chunk_rows=4, resume=True)
    with closing(settings.open_store(home)) as store:
        run = screen(
            *(store, home, OWNER, [sent], options, runs.NOW),
            progress=lambda *_: stop.ask(15), stop=stop,
        )  # fmt: skip
        assert run.exit_code == 143 and run.summary.read == 4
        offices.write_text("code,date_order\nXMPME,day_first\n")
        assert registers.load(store, OWNER, "offices", offices, later).accepted == 1
        run = screen(store, home, OWNER, [sent], options, later + timedelta(hours=1))
        assert run.summary.read == run.summary.accepted == 12
        with store.read() as connection:
            chunks = connection.execute(select(run_tables.Chunk.__table__.c.rows)).scalars()
            days = {day for rows in chunks for day in table_bytes.from_bytes(rows)["lodged_at"]}
    assert {f"{day:%Y-%m-%d}" for day in days} == {"2026-03-09"}


def test_files_that_begin_in_one_second_each_have_a_batch_of_their_own(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 5,000 in one run two drew the same name every other time, and the run ended there."""
    drawn = iter(("aaaaaa", "aaaaaa", "bbbbbb"))
    monkeypatch.setattr(opening, "secrets", SimpleNamespace(token_hex=lambda _: next(drawn)))
    table = factory.shipments(6).drop(columns=["source", "line", "warnings"])
    sent = [tmp_path / "first.csv", tmp_path / "second.csv"]
    for path, rows in zip(sent, (table[:3], table[3:]), strict=True):
        rows.to_csv(path, index=False)
    with closing(settings.open_store(home)) as store:
        told = screen(store, home, OWNER, sent, Options(), runs.NOW).summary
    assert [one["id"].split("-")[-1] for one in told.batches] == ["aaaaaa", "bbbbbb"]
    assert told.accepted == 6
