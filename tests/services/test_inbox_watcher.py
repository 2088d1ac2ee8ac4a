"""The watcher rates what the inbox takes, tells of each file, and is followed by the next."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, text

from riskprofile.errors import Busy, InputError, PolicyError, Unanswered, UsageError
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import govern, inbox_watcher, settings, switching, watchers
from riskprofile.services.identity import OWNER
from riskprofile.services.inbox import Inbox
from riskprofile.services.inbox_watcher import (
    SMALL,
    TOGETHER,
    SystemFault,
    Watched,
    Watcher,
    together,
)
from riskprofile.services.lanes import Ranked
from riskprofile.services.run import Options, Run, Stop
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.steps import Step
from riskprofile.services.watchers import NAMED
from riskprofile.store import audit, batches, database
from riskprofile.store.database import Store
from tests import factory
from tests.conftest import LATE
from tests.faults.kills import SmallDisk
from tests.faults.runs import root_on_linux
from tests.services.bench import put_offices
from tests.services.inboxes import (
    GOOD,
    NOW,
    OTHER,
    ROOT,
    count,
    ended,
    kept,
    link,
    once,
    plain,
    start,
    two_names,
    unreadable,
    until,
    watched,
)


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def without_rights() -> list[str]:
    """What a program begins with so that rights of files hold for it too: root has all."""
    if os.geteuid() != 0:
        return []
    if (tool := shutil.which("setpriv")) is None:
        pytest.skip("root may read everything, and there is no setpriv")
    return [tool, "--bounding-set=-dac_override,-dac_read_search,-fowner"]


def watched_without_rights(home: Settings, folder: Path) -> subprocess.CompletedProcess[str]:
    """What `watch --once` came to, for whom rights of files hold."""
    command = [*without_rights(), sys.executable, "-c", "from riskprofile.cli import main; main()"]
    return subprocess.run(
        [*command, "watch", str(folder), "--every", "0.2", "--once"],
        cwd=ROOT,
        env={**os.environ, "RISKPROFILE_HOME": str(home.home)},
        capture_output=True,
        text=True,
        timeout=LATE,
    )


def test_a_name_of_long_letters_leaves_room_for_what_is_told_of_its_file(
    store: Store, home: Settings, folder: Path
) -> None:
    """File systems count bytes, and a report is called like its file, and more."""
    plain(folder, "\U0001d4d0" * 62 + ".csv", GOOD + "one,cell\n")  # 252 bytes
    told = watched(store, home, folder)
    assert (told.done, told.accepted, told.quarantined) == (1, 4, 1)
    (report,) = (folder / "done").glob("*/*.report.json")
    assert report.with_name(report.name.replace(".report.json", ".rejected.csv")).is_file()


def reports(folder: Path, kind: str = "done") -> dict[str, dict[str, Any]]:
    """What is told of each file, by its name."""
    cut = 3 if kind == "done" else 2
    return {
        path.name.removesuffix(".report.json").split("-", cut)[-1]: json.loads(path.read_text())
        for path in (folder / kind).glob("*/*.report.json")
    }


def test_files_that_wait_together_are_ranked_against_each_other(
    store: Store, home: Settings, folder: Path
) -> None:
    """Each of one declaration, as messages come: none is the first of a list of its own."""
    put_offices(store, [{"code": "XMAAA", "zone": "UTC", "capacity": "3"}])
    table = factory.shipments(9).drop(columns=["source", "line", "warnings"])
    table["customs_office"], table["arrival_at"] = "XMAAA", pd.Timestamp(NOW)
    table["declaration_id"] = [f"XMAAA-{n}" for n in range(9)]
    for n in range(9):
        plain(folder, f"{n}.csv", table[n : n + 1].to_csv(index=False))
    told = watched(store, home, folder)
    assert (told.done, told.read, told.accepted) == (9, 9, 9)
    assert sorted(kept(folder, "done")) == [f"{n}.csv" for n in range(9)]
    with store.read() as connection:
        rows = connection.execute(text("SELECT rank, lane, batch_id FROM alert ORDER BY rank"))
        alerts = [tuple(row) for row in rows]
    assert [rank for rank, _, _ in alerts] == sorted({rank for rank, _, _ in alerts})
    assert [lane for _, lane, _ in alerts].count("red") == 3
    assert len({batch for _, _, batch in alerts}) == len(alerts) == told.alerts
    by_file = reports(folder)
    assert [one["read"] for one in by_file.values()] == [1] * 9
    assert {one["batches"][0]["source"] for one in by_file.values()} == {*by_file}
    lanes = {of["batches"][0]["id"]: of["alerts"]["lane"] for of in by_file.values()}
    assert all(lanes[batch][lane] == 1 for _, lane, batch in alerts)
    assert sum(sum(one.values()) for one in lanes.values()) == len(alerts)


def test_what_fails_or_is_kept_back_is_told_of_its_own_file(
    store: Store, home: Settings, folder: Path
) -> None:
    plain(folder, "a.csv", GOOD)
    plain(folder, "b.csv", OTHER.replace("450.0", "12,5 kgs", 2))
    plain(folder, "c.csv", b"\x00\x01 no table")
    plain(folder, "d.csv", GOOD.replace("XM-", "ZM-").replace("450.0", "13,5 kgs", 1))
    plain(folder, "e.csv", GOOD)  # the very bytes of the first
    told = watched(store, home, folder)
    assert (told.done, told.failed, told.quarantined, told.duplicate) == (4, 1, 3, 4)
    assert kept(folder, "failed") == ["c.csv"]
    assert reports(folder, "failed")["c.csv"]["error"]["where"] == "c.csv"
    by_file = reports(folder)
    assert {name: one["quarantined"] for name, one in by_file.items()} == {
        "a.csv": 0,
        "b.csv": 2,
        "d.csv": 1,
        "e.csv": 0,
    }
    assert {name: one["exit_code"] for name, one in by_file.items()} == {
        "a.csv": 0,
        "b.csv": 6,
        "d.csv": 6,
        "e.csv": 0,
    }
    assert by_file["e.csv"]["batches"][0]["state"] == "duplicate"
    rejected = {
        path.name.split("-", 3)[-1]: path.read_text()
        for path in (folder / "done").glob("*/*.rejected.csv")
    }
    assert {*rejected} == {"b.csv.rejected.csv", "d.csv.rejected.csv"}
    assert rejected["b.csv.rejected.csv"].count("12,5 kgs") == 2
    assert "13,5 kgs" not in rejected["b.csv.rejected.csv"]
    assert "12,5 kgs" not in rejected["d.csv.rejected.csv"]


def test_a_report_tells_of_its_own_file_what_a_run_of_it_alone_would_have(
    store: Store, home: Settings, folder: Path
) -> None:
    put_offices(store, [{"code": "XMAAA", "zone": "UTC", "capacity": "90"}])
    govern.enable_profile(store, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    table = factory.shipments(4).drop(columns=["source", "line", "warnings"])
    plain(folder, "a.csv", table.assign(customs_office="XMAAA").to_csv(index=False))
    other = table.assign(customs_office="XMZZZ", declaration_id=[f"Z{n}" for n in range(4)])
    plain(folder, "b.csv", other.to_csv(index=False))  # of an office that is not loaded
    plain(folder, "c.csv", passengers())
    plain(folder, "d.csv", other.to_csv(index=False))
    said: list[str] = []
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    watcher.run(folder, every=0.01, once=True)
    by_file = reports(folder)
    red = by_file["b.csv"]["alerts"]["total"]
    assert red > 0
    assert {name: one["unknown_offices"].get("XMZZZ", 0) for name, one in by_file.items()} == {
        **dict.fromkeys(("a.csv", "c.csv", "d.csv"), 0),
        "b.csv": red,
    }
    are = "alert is" if red == 1 else "alerts are"
    assert [one for one in said if one.startswith(f"b.csv: {red} {are} of office XMZZZ")]
    for of_profile in ("model_versions", "history_days"):
        assert {name: [*one[of_profile]] for name, one in by_file.items()} == {
            "a.csv": ["shipment"],
            "b.csv": ["shipment"],
            "c.csv": ["traveller"],
            "d.csv": [],  # known already: nothing rated it
        }


def test_what_keeps_one_file_waiting_keeps_no_other(
    store: Store, home: Settings, folder: Path
) -> None:
    plain(folder, "a.csv", GOOD)
    plain(folder, "b.csv", passengers())  # its profile is off
    plain(folder, "c.csv", OTHER)
    said: list[str] = []
    options = Options(resume=True)
    watcher = Watcher(store, home, OWNER, options, lambda: NOW, said.append)
    with pytest.raises(PolicyError):
        watcher.run(folder, every=0.05, once=True)
    assert count(store, "batch") == 3  # whatever the number of tries
    assert (watcher.told.done, watcher.told.waiting, watcher.told.accepted) == (2, 1, 8)
    assert [one for one in said if one.startswith("b.csv: waits")]
    govern.enable_profile(store, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    told = watched(store, home, folder)
    assert (told.done, told.accepted, count(store, "batch")) == (1, 3, 3)
    with store.read() as connection:
        states = connection.execute(text("SELECT DISTINCT state FROM batch")).scalars().all()
    assert states == ["done"]


def test_what_a_signal_leaves_taken_is_counted_as_waiting_and_the_next_goes_on(
    store: Store, home: Settings, folder: Path
) -> None:
    plain(folder, "large.csv", "x" * 200_000)  # a run of its own, which ends at once
    for name in ("a.csv", "b.csv"):
        plain(folder, name, GOOD if name == "a.csv" else OTHER)
    for number, name in enumerate(("large.csv", "a.csv", "b.csv")):
        os.utime(folder / name, (number, number))

    def say(line: str) -> None:
        if line.startswith("large.csv"):
            os.kill(os.getpid(), signal.SIGTERM)

    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, say)
    told = watcher.run(folder, every=0.05)
    assert (told.stopped, told.failed, told.done, told.waiting) == (signal.SIGTERM, 1, 0, 2)
    after = watched(store, home, folder)
    assert (after.done, after.waiting, after.stopped) == (2, 0, 0)


def test_what_cannot_be_told_of_a_file_is_told_later_and_the_watcher_goes_on(
    store: Store, home: Settings, folder: Path
) -> None:
    """Where its report has no place, a file is neither moved nor read a second time."""
    said: list[str] = []
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    stop = Stop()
    with Inbox(folder) as box:
        blocked = folder / "done" / f"{NOW:%Y-%m-%d}"
        blocked.write_text("where the folder of the day should be")
        plain(folder, "a.csv", GOOD.replace("450.0", "12,5 kgs", 1))
        plain(folder, "b.csv", OTHER)
        box.look()
        assert watcher._rate(box, box.look(), stop) is None
        assert (watcher.told.done, watcher.told.waiting, count(store, "record")) == (0, 2, 7)
        for _ in range(3):
            watcher._rate(box, box.left(), stop)
        assert [one.split(":")[0] for one in said if "cannot be told" in one] == ["a.csv", "b.csv"]
        assert count(store, "batch") == 2
        blocked.unlink()
        watcher._rate(box, box.left(), stop)
    told = watcher.told
    assert (told.done, told.waiting, told.accepted, told.duplicate) == (2, 0, 7, 0)
    assert sorted(kept(folder, "done")) == ["a.csv", "b.csv"]
    assert {name: one["quarantined"] for name, one in reports(folder).items()} == {
        "a.csv": 1,
        "b.csv": 0,
    }
    assert "12,5 kgs" in next((folder / "done").glob("*/*.rejected.csv")).read_text()
    assert list((folder / "claimed").iterdir()) == []


def test_what_a_killed_watcher_rated_and_could_not_tell_of_is_told_by_the_next(
    store: Store, home: Settings, folder: Path
) -> None:
    """Its files were told of as duplicates, and why rows of them were kept back by nobody."""
    days = [datetime.now(UTC) + timedelta(days=ahead) for ahead in (0, 1)]  # midnight may pass
    blocked = [folder / "done" / f"{day:%Y-%m-%d}" for day in days]
    (folder / "done").mkdir()
    for one in blocked:
        one.write_text("where the folder of the day should be")
    plain(folder, "a.csv", GOOD.replace("450.0", "12,5 kgs", 1))
    plain(folder, "b.csv", OTHER)
    first = start(home, folder)
    until(lambda: count(store, "batch WHERE state = 'done'") == 2)
    first.kill()
    first.communicate()
    second = start(home, folder)  # dies too, with nothing told
    until(lambda: not [*(folder / "claimed").glob(f"{first.pid}-*")])
    second.kill()
    second.communicate()
    for one in blocked:
        one.unlink()
    _, told = once(home, folder)
    assert (told["done"], told["read"], told["accepted"], told["quarantined"]) == (2, 8, 7, 1)
    assert (told["duplicate"], told["alerts"]) == (0, count(store, "alert"))
    assert count(store, "batch") == 2
    assert sorted(kept(folder, "done")) == ["a.csv", "b.csv"]
    found = reports(folder)
    assert found["a.csv"]["quarantined_by_reason"] == {"cell_count": 1}
    assert (found["a.csv"]["exit_code"], found["b.csv"]["exit_code"]) == (6, 0)
    assert "12,5 kgs" in next((folder / "done").glob("*/*.rejected.csv")).read_text()
    plain(folder, "b.csv", OTHER)  # sent again: that is a duplicate
    _, told = once(home, folder)
    assert (told["done"], told["accepted"], told["duplicate"]) == (1, 0, 4)


@pytest.mark.parametrize("away", ["batch", "chunk"])
def test_what_a_killed_watcher_rated_waits_while_the_database_does_not_answer(
    store: Store, home: Settings, folder: Path, away: str
) -> None:
    """The next watcher ended with that fault, which is none of the file."""
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, lambda _: None)
    killed = Inbox(folder).__enter__()
    plain(folder, "a.csv", GOOD)
    killed.look()
    watcher._screen(killed, [*killed.look()], NOW, Stop())
    assert killed._lock is not None
    killed._lock.close()  # as the system does
    with Inbox(folder) as box:
        with store.write() as connection:
            connection.execute(text(f"ALTER TABLE {away} RENAME TO away"))
        watcher._rate(box, box.left(), Stop())
        assert (watcher.told.done, watcher.told.waiting) == (0, 1)
        with store.write() as connection:
            connection.execute(text(f"ALTER TABLE away RENAME TO {away}"))
        watcher._rate(box, box.left(), Stop())
    assert (watcher.told.done, watcher.told.waiting) == (1, 0)
    assert (watcher.told.accepted, watcher.told.duplicate) == (4, 0)
    assert kept(folder, "done") == ["a.csv"]


def test_why_a_file_waits_is_said_once(store: Store, home: Settings, folder: Path) -> None:
    said: list[str] = []
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    with Inbox(folder) as box:
        plain(folder, "b.csv", passengers())  # its profile is off
        box.look()
        for looked in (box.look, box.left, box.left):
            assert isinstance(watcher._rate(box, looked(), Stop()), PolicyError)
    assert len(said) == 1
    assert said[0].startswith("b.csv: waits")


def test_what_keeps_many_files_is_said_once_of_all(
    store: Store, home: Settings, folder: Path
) -> None:
    """And again where it is another, or turned: a full disk gave a line for each of 200 files."""
    said = list[str]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    switching.pause(store, OWNER, "a drill of the office", NOW)
    with Inbox(folder) as box:
        for n in range(23):
            plain(folder, f"{n:02}.csv", GOOD.replace("XM-", f"X{n}-"))
        plain(folder, "list.csv", passengers())
        box.look()
        for looked in (box.look, box.left, box.left):
            assert isinstance(watcher._rate(box, looked(), Stop()), PolicyError)
        assert (watcher.told.done, watcher.told.waiting) == (0, 24)
        rates, first, others = said
        assert rates == "24 files are rated together, and told of when all of them are"
        why = first.removeprefix("00.csv: waits, ")
        named = ", ".join(f"{n:02}.csv" for n in range(1, 1 + NAMED))
        assert others == f"23 more files wait ({named} and 3 others), {why}" and "paused" in why
        plain(folder, "new.csv", OTHER)
        box.look()
        watcher._rate(box, box.look(), Stop())
        assert said[3:] == [f"new.csv: waits, {why}"]
        switching.resume(store, OWNER, NOW)
        watcher._rate(box, box.left(), Stop())
        assert (watcher.told.done, watcher.told.waiting) == (24, 1)
        assert [one for one in said[4:] if "wait" in one] == [
            "list.csv: waits, the traveller profile is off: it needs a legal basis and an impact "
            "assessment. riskprofile profiles enable traveller --legal-basis TEXT --assessment ID"
        ]
        switching.pause(store, OWNER, "a drill of the office", NOW)
        watcher._rate(box, box.left(), Stop())
        assert said[-1] == f"list.csv: waits, {why}"


@pytest.mark.skipif(not root_on_linux(), reason="mounting a small disk needs root on Linux")
def test_a_file_that_finds_no_room_to_be_unpacked_waits(
    store: Store, home: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is wrong with it: a list of persons was deleted as no workbook."""
    govern.enable_profile(store, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    for name, table in (("goods", factory.shipments(4)), ("list", factory.travellers(300))):
        kept = table.drop(columns=["source", "line", "warnings", "extra"]).astype(str)
        kept.to_excel(folder / f"{name}.xlsx", index=False)
    size = (folder / "list.xlsx").stat().st_size
    said = list[str]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    with SmallDisk(folder.parent / "small") as disk, Inbox(folder) as box:
        monkeypatch.setattr(tempfile, "tempdir", str(disk.folder))
        (disk.folder / "full").write_bytes(bytes(4096))
        disk.leave(0)
        box.look()
        for looked in (box.look, box.left):
            assert watcher._rate(box, looked(), Stop()) is not None
        why = f"{disk.folder}: the disk is full. Make room."
        assert said == [f"goods.xlsx: waits, {why}", f"list.xlsx: waits, {why}"]
        disk.leave(size + 8 * 4096)  # for a copy of each, and not for the cells of the larger
        watcher._rate(box, box.left(), Stop())
        assert (watcher.told.done, watcher.told.failed, watcher.told.waiting) == (1, 0, 1)
        disk.leave(64 << 20)
        assert watcher._rate(box, box.left(), Stop()) is None
    assert (watcher.told.done, watcher.told.failed, watcher.told.accepted) == (2, 0, 304)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file that cannot be read")
@pytest.mark.parametrize("inherited", [False, True])
def test_a_file_that_the_disk_does_not_give_waits(
    store: Store, home: Settings, folder: Path, inherited: bool
) -> None:
    """It was put aside as one that failed, and a list of persons deleted."""
    path, said = Path("/proc/self/mem"), list[str]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    with Inbox(folder) as box:
        box.inherited.update([path] * inherited)
        for _ in range(2):
            assert isinstance(watcher._rate(box, [path], Stop()), SystemFault)
            assert (watcher.told.failed, watcher.told.waiting) == (0, 1)
        assert (path in box.inherited) == inherited
    assert said == ["mem: waits, input/output error. Mend it."]


def test_a_locked_database_is_waited_for_once_and_not_for_each_file(
    store: Store, home: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that had it for an hour kept a look at 200 files for three."""
    waited = list[float]()
    begin = database._begin

    def impatient(connection: Connection, patience: float) -> None:
        waited.append(patience)
        begin(connection, patience / 600)

    monkeypatch.setattr(database, "_begin", impatient)
    monkeypatch.setattr(inbox_watcher, "TOGETHER", 3)
    said = list[str]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    for n in range(5):
        plain(folder, f"{n}.csv", GOOD.replace("XM-", f"X{n}-"))
    with Inbox(folder) as box:
        box.look()
        with closing(sqlite3.connect(store.where, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert isinstance(watcher._rate(box, box.look(), Stop()), Busy)
            assert len(waited) == 2  # by those that are rated together, and the first alone
            assert (watcher.told.done, watcher.told.waiting) == (0, 3)
            assert len([*folder.glob("*.csv")]) == 2  # another watcher may take them
            first, others = said
            why = first.removeprefix("0.csv: waits, ")
            assert others == f"2 more files wait (1.csv, 2.csv), {why}" and "locked" in why
            assert why.endswith("Wait for it to finish, then it is tried again at each look.")
        for looked in (box.left, box.look):
            assert watcher._rate(box, looked(), Stop()) is None
    assert (watcher.told.done, watcher.told.waiting, watcher.told.accepted) == (5, 0, 20)


def test_a_server_that_does_not_answer_is_waited_for_once_and_not_for_each_file(
    postgres_url: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = settings.load({}, home=tmp_path / "apart", database_url=postgres_url)
    store, said, tried = settings.open_store(home), list[str](), list[str]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    one = watcher._one

    def counted(box: Inbox, path: Path, stop: Stop) -> None:
        tried.append(path.name)
        one(box, path, stop)

    monkeypatch.setattr(watcher, "_one", counted)
    for n in range(3):
        plain(folder, f"{n}.csv", GOOD.replace("XM-", f"X{n}-"))
    listens = Path(postgres_url.partition("host=")[2]) / ".s.PGSQL.5432"
    with closing(store), Inbox(folder) as box:
        box.look()
        store.close()  # what it has open already is answered
        listens.rename(listens.with_name("away"))
        try:
            assert isinstance(watcher._rate(box, box.look(), Stop()), Unanswered)
        finally:
            listens.with_name("away").rename(listens)
        assert (tried, watcher.told.waiting) == (["0.csv"], 3)
        why = said[0].removeprefix("0.csv: waits, ")
        assert said[1:] == [f"2 more files wait (1.csv, 2.csv), {why}"] and "not answer" in why
        assert watcher._rate(box, box.left(), Stop()) is None
    assert (watcher.told.done, watcher.told.accepted) == (3, 12)


def test_a_file_whose_copy_was_noted_by_a_run_that_was_left_is_still_gone_on_with(
    store: Store, home: Settings, folder: Path
) -> None:
    """Not taken for a duplicate of itself, which would leave its rows on no list."""
    plain(folder, "a.csv", GOOD)
    plain(folder, "b.csv", GOOD)
    paths = [folder / name for name in ("a.csv", "b.csv")]

    def full(ranked: list[Ranked], step: Step) -> AbstractContextManager[None]:
        raise OSError(errno.ENOSPC, "no room for the results")

    for minute in (1, 2):
        now = NOW.replace(minute=minute)
        with pytest.raises(OSError, match="no room"):
            screen(store, home, OWNER, paths, Options(resume=True), now, written=full)
    run = screen(store, home, OWNER, paths[:1], Options(resume=True), NOW.replace(minute=3))
    assert (run.summary.accepted, run.summary.duplicate) == (4, 0)
    run = screen(store, home, OWNER, paths[1:2], Options(resume=True), NOW.replace(minute=4))
    assert (run.summary.accepted, run.summary.duplicate) == (0, 4)
    with store.read() as connection:
        assert batches.unfinished(connection) == {}


def test_a_file_that_failed_is_tried_again_as_it_is_asked_for_then(
    store: Store, home: Settings, folder: Path
) -> None:
    """Else what is finished later is cut, and named, as by the try that stored nothing."""
    plain(folder, "a.csv", GOOD)
    plain(folder, "b.csv", GOOD)
    wrong = Options(profile="traveller", format="paxlst", capacity=Capacity(3))
    with pytest.raises(InputError):
        screen(store, home, OWNER, [folder / "a.csv"], wrong, NOW)
    asked = Options(resume=True, capacity=Capacity(2))
    run = screen(store, home, OWNER, [folder / "b.csv"], asked, NOW)
    assert [one["source"] for one in run.summary.batches] == ["b.csv"]
    with store.read() as connection:
        (batch,) = connection.execute(batches.batch_table.select()).all()
    assert (batch.source, batch.format, batch.profile) == ("b.csv", "csv", "shipment")
    assert batch.options == {**asked.as_json(folder / "b.csv"), "cut": False}


def test_a_file_that_is_taken_away_after_it_was_claimed_keeps_no_other(
    store: Store, home: Settings, folder: Path
) -> None:
    """Nor ends the watcher: before its run, or while it is rated with others."""
    for name in ("a.csv", "b.csv", "c.csv"):
        plain(folder, name, GOOD.replace("XM-", f"{name}-"))
    said: list[str] = []
    asked = 0

    def clock() -> datetime:
        nonlocal asked
        asked += 1
        for gone in folder.glob("claimed/*/*/a.csv" if asked == 1 else "claimed/*/*/b.csv"):
            gone.unlink()
        return NOW

    watcher = Watcher(store, home, OWNER, Options(resume=True), clock, said.append)
    told = watcher.run(folder, every=0.01, once=True)
    assert "a.csv: was taken away before it was rated" in said
    assert (told.done, told.failed, kept(folder, "done")) == (1, 0, ["c.csv"])
    plain(folder, "d.csv", OTHER)
    plain(folder, "e.csv", OTHER.replace("YM-", "ZM-"))
    read = inbox_watcher.screen

    def taking(*given: Any, **more: Any) -> Any:
        made = read(*given, **more)
        for gone in folder.glob("claimed/*/*/d.csv"):
            gone.unlink()
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbox_watcher, "screen", taking)
        told = watched(store, home, folder)
    assert (told.done, told.failed, sorted(kept(folder, "done"))) == (1, 0, ["c.csv", "e.csv"])


def test_a_large_file_is_rated_alone_and_the_order_is_kept(folder: Path) -> None:
    sizes = {"a": 10, "b": 20, "c": SMALL + 1, "d": 5, "e": SMALL, "f": 1}
    for name, size in sizes.items():
        plain(folder, name, b"x" * size)
    made = [[one.name for one in some] for some in together([folder / n for n in sizes])]
    assert made == [["a", "b"], ["c"], ["d", "e", "f"]]
    (folder / "g").write_bytes(gzip.compress(os.urandom(SMALL // 15)))  # holds far more
    (folder / "h").write_bytes(gzip.compress(b"one declaration"))
    packed = [folder / one for one in ("a", "g", "h", "b")]
    assert [[one.name for one in some] for some in together(packed)] == [
        ["a"],
        ["g"],
        ["h", "b"],
    ]
    many = [folder / "a"] * (TOGETHER + 1)
    assert [len(some) for some in together(many)] == [TOGETHER, 1]
    assert [*together([])] == []


def test_without_offices_a_watcher_says_how_lists_are_cut(
    store: Store, home: Settings, folder: Path
) -> None:
    said: list[str] = []
    Watcher(store, home, OWNER, Options(), lambda: NOW, said.append).run(
        folder, every=0.01, once=True
    )
    assert [one for one in said if "no offices are loaded" in one]
    put_offices(store, [{"code": "XMAAA", "zone": "UTC"}])
    said.clear()
    Watcher(store, home, OWNER, Options(), lambda: NOW, said.append).run(
        folder, every=0.01, once=True
    )
    assert said == []


def test_what_is_not_taken_as_it_is_is_said_once(
    store: Store, home: Settings, folder: Path
) -> None:
    """Who put it there would wait for ever: nothing else tells that it lies there."""
    plain(folder, "empty.csv", b"")
    plain(folder, "hidden.csv.part", b"")
    plain(folder, "good.csv")
    (folder / "fol\nder.csv").mkdir()
    link(folder, "link.csv", "good.csv")
    two_names(folder, "second.csv")
    os.mkfifo(folder / "pipe.csv")
    said = list[str]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    with Inbox(folder) as box:
        for _ in range(2):
            assert said == [] or watcher.told.done == 1
            watcher._rate(box, box.look(), Stop())
        aside = [
            "empty.csv: not taken, it is empty; it is taken once something stands in it",
            "fol_der.csv: not taken, it is a folder: what is to be rated lies in the inbox itself",
            "link.csv: not taken, it is a link",
            "pipe.csv: not taken, it is no file",
            "second.csv: not taken, it has a second name (a hard link), under which it can still "
            "be written",
        ]
        assert [one for one in said if "not taken" in one] == aside
        for _ in range(3):
            watcher._rate(box, box.left(), Stop())
            watcher._rate(box, box.look(), Stop())
        assert [one for one in said if "not taken" in one] == aside
        plain(folder, "empty.csv", OTHER)
        for _ in range(2):
            watcher._rate(box, box.look(), Stop())
        assert (watcher.told.done, watcher.told.accepted) == (2, 8)
        plain(folder, "empty.csv", b"")
        for _ in range(2):
            watcher._rate(box, box.look(), Stop())
    assert [one for one in said if "empty.csv: not" in one] == aside[:1] * 2


def test_a_file_that_may_not_be_read_is_left_where_it_lies_and_told(
    store: Store, home: Settings, folder: Path
) -> None:
    """Its sender can mend its rights. Taken, it would be deleted where it may be about persons."""
    govern.enable_profile(store, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    unreadable(folder, "list.csv")
    told = watched_without_rights(home, folder)
    assert told.stderr.splitlines()[-1] == (
        "list.csv: not taken, this account may not read it; it is taken once its rights let it"
    )
    assert told.returncode == 0 and (folder / "list.csv").is_file()
    assert kept(folder, "failed") == []
    (folder / "list.csv").write_text(passengers())
    (folder / "list.csv").chmod(0o600)
    os.chown(folder / "list.csv", os.geteuid(), os.getegid())
    assert taken(store, home, folder).accepted == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_a_file_that_cannot_be_moved_is_told(home: Settings, folder: Path, store: Store) -> None:
    """As in a folder that all share, where each file is its owner's to move."""
    plain(folder, "theirs.csv")
    (folder / "theirs.csv").chmod(0o644)
    os.chown(folder / "theirs.csv", 65534, 65534)
    for name in ("claimed", "done", "failed"):
        (folder / name).mkdir()
    folder.chmod(0o1777)
    os.chown(folder, 65534, 65534)
    told = watched_without_rights(home, folder)
    assert told.stderr.splitlines()[-1] == (
        "theirs.csv: not taken, it cannot be moved (Operation not permitted)"
    )
    assert told.returncode == 0 and (folder / "theirs.csv").is_file()
    assert [*(folder / "claimed").iterdir()] == []
    (seen,) = watchers.watchers(home, OWNER)
    assert (seen.aside, seen.growing) == (("theirs.csv",), ())  # it stands still


def test_a_folder_that_may_not_be_looked_into_is_told_and_keeps_no_file_from_its_turn(
    folder: Path,
) -> None:
    """Among what a watcher that died had taken, or the one that looks."""
    looks = (
        "import sys; from pathlib import Path; from riskprofile.services.inbox import Inbox\n"
        "dead = Inbox(Path(sys.argv[1])).__enter__()\n"
        "dead.look(), [*dead.look()]\n"
        "(dead.mine / '000000-ab').mkdir(mode=0)\n"
        "dead._lock.close()\n"
        "with Inbox(dead.folder) as box:\n"
        "    (box.mine / '000000-cd').mkdir(mode=0)\n"
        "    print([path.name for path in box.left()])\n"
        "    box.look()\n"
        "    print(sorted((Path(name).name, why) for name, why in box.aside.items()))\n"
    )
    plain(folder, "a.csv")
    told = subprocess.run(
        [*without_rights(), sys.executable, "-c", looks, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LATE,
    )
    why = "it cannot be gone on with (Permission denied)"
    aside = [("000000-ab", why), ("000000-cd", why)]
    assert told.stdout.splitlines() == ["['a.csv']", str(aside)], told.stderr


def test_of_many_that_are_not_taken_the_first_are_named(
    store: Store, home: Settings, folder: Path
) -> None:
    """A sender whose rights are wrong may have sent thousands, and a timer says it each time."""
    for n in range(27):
        plain(folder, f"{n:02}.csv", b"")
    said = list[str]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    with Inbox(folder) as box:
        for _ in range(4):
            watcher._rate(box, box.look(), Stop())
    assert [one.partition(":")[0] for one in said[:-1]] == [f"{n:02}.csv" for n in range(20)]
    assert said[-1] == "and 7 more that are not taken"


def test_of_many_files_no_more_are_taken_than_are_rated_together(
    store: Store, home: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else another watcher finds nothing, and what one leaves that ends waits for the next."""
    monkeypatch.setattr(inbox_watcher, "TOGETHER", 3)
    for n in range(8):
        plain(folder, f"{n}.csv", GOOD.replace("XM-", f"X{n}-"))
    told: list[tuple[int, list[str]]] = []

    def screened(*given: Any, **more: Any) -> Any:
        told.append((len([*folder.glob("*.csv")]), [path.name for path in given[3]]))
        if len(told) == 1:  # another watcher, which takes two of what waits
            with Inbox(folder) as other:
                other.look()
                taken = other.look()
                for path in (next(taken), next(taken)):
                    path.rename(folder.parent / path.name)
        if len(told) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return screen(*given, **more)

    monkeypatch.setattr(inbox_watcher, "screen", screened)
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, print)
    first = watcher.run(folder, every=0.05)
    assert [waits for waits, _ in told] == [5, 0]
    assert [len(names) for _, names in told] == [3, 3]
    assert (first.stopped, first.done) == (signal.SIGTERM, 3)
    assert first.waiting == 3


@pytest.mark.slow
def test_two_services_on_one_folder_rate_each_file_once(
    store: Store, home: Settings, folder: Path
) -> None:
    watchers = [start(home, folder) for _ in range(2)]
    for n in range(6):
        plain(folder, f"{n}.tmp", GOOD.replace("XM-", f"{n}M-"))
        (folder / f"{n}.tmp").rename(folder / f"{n}.csv")
    plain(folder, "again.csv", GOOD.replace("XM-", "0M-"))
    until(lambda: len(kept(folder, "done")) == 7)
    for watcher in watchers:
        watcher.send_signal(signal.SIGTERM)
    told = [ended(watcher) for watcher in watchers]
    assert [watcher.returncode for watcher in watchers] == [143, 143]
    assert sum(one["done"] for one in told) == 7
    assert sum(one["accepted"] for one in told) == count(store, "record") == 24
    assert sum(one["duplicate"] for one in told) == 4
    assert sum(one["alerts"] for one in told) == count(store, "alert")
    assert list((folder / "claimed").iterdir()) == []


@pytest.mark.slow
def test_two_hosts_with_one_database_share_out_what_an_office_can_examine(
    postgres_url: str, tmp_path: Path
) -> None:
    """Declarations one by one, item by item, at both at once: nothing is lost, and no day is given
    more than it has, but for what an indicator raises.
    """
    homes: list[Settings] = []
    folders = [tmp_path / "in0", tmp_path / "in1"]
    for number, folder in enumerate(folders):
        folder.mkdir()
        homes.append(settings.load({}, home=tmp_path / f"{number}", database_url=postgres_url))
    opened = settings.open_store(homes[0])
    zone = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # where it is noon: all is of one day
    offices = [{"code": code, "zone": zone, "capacity": "5"} for code in ("XMAAA", "XMBBB")]
    put_offices(opened, offices)
    table = factory.shipments(80).drop(columns=["source", "line", "warnings"])
    table["declaration_id"] = [f"D{n // 3}" for n in range(len(table))]
    table["item_number"] = [n % 3 + 1 for n in range(len(table))]
    table["customs_office"] = [("XMAAA", "XMBBB")[n // 3 % 2] for n in range(len(table))]
    table["arrival_at"] = datetime.now(UTC).isoformat()
    watchers = [
        start(home, folder, RISKPROFILE_DATABASE_URL=postgres_url)
        for home, folder in zip(homes, folders, strict=True)
    ]
    for number in range(len(table)):
        part = folders[number % 2] / f"{number}.part"
        table[number : number + 1].to_csv(part, index=False)
        part.rename(part.with_suffix(".csv"))
        time.sleep(0.1)
    until(lambda: sum(len(kept(folder, "done")) for folder in folders) == len(table))
    for watcher in watchers:
        watcher.send_signal(signal.SIGTERM)
    told = [ended(watcher) for watcher in watchers]
    assert sum(one["accepted"] for one in told) == count(opened, "record") == len(table)
    red = "alert WHERE lane = 'red' AND state = 'open' AND office = '{}' AND selected_by != '{}'"
    for office in ("XMAAA", "XMBBB"):
        assert count(opened, red.format(office, "indicator")) <= 5
        assert count(opened, red.format(office, "")) >= 5
    with opened.read() as connection:
        assert audit.verify(connection).ok
    opened.close()


@pytest.mark.slow
def test_a_watcher_killed_at_work_is_followed_by_the_next(
    store: Store, home: Settings, folder: Path
) -> None:
    factory.write(folder / "large.csv", factory.shipments(30_000))
    first = start(home, folder)
    until(lambda: count(store, "batch") == 1)
    first.kill()
    first.communicate()
    assert list((folder / "claimed").glob("*/*/large.csv"))
    _, told = once(home, folder)
    assert kept(folder, "done") == ["large.csv"]
    assert (told["done"], told["read"]) == (1, 30_000)
    assert count(store, "record") == 30_000
    with store.read() as connection:
        row = connection.execute(
            text("SELECT state, read, accepted, quarantined, duplicate FROM batch")
        ).one()
    assert tuple(row) == ("done", 30_000, 30_000, 0, 0)
    assert list((folder / "claimed").iterdir()) == []


def test_a_signal_ends_the_wait_at_once_and_leaves_nothing_taken(
    home: Settings, folder: Path
) -> None:
    process = start(home, folder, "--every", "3600")
    until(lambda: bool(list((folder / "claimed").glob("*.lock"))))
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    assert ended(process)["stopped"] == signal.SIGTERM
    assert list((folder / "claimed").iterdir()) == []


def test_a_paused_installation_keeps_its_files_for_later(
    store: Store, home: Settings, folder: Path
) -> None:
    from datetime import UTC, datetime

    from riskprofile.services import switching
    from riskprofile.services.identity import OWNER

    now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    plain(folder, "a.csv")
    switching.pause(store, OWNER, "drill", now)
    assert once(home, folder)[0] == 7
    switching.resume(store, OWNER, now)
    code, told = once(home, folder)
    assert (code, told["done"]) == (0, 1)
    assert kept(folder, "done") == ["a.csv"]


def test_what_a_watcher_that_ended_left_is_not_told_of_as_others_have_it(
    store: Store, home: Settings, folder: Path
) -> None:
    plain(folder, "list.csv", passengers())  # its profile is off
    with pytest.raises(PolicyError):
        watched(store, home, folder)
    watchers.pause(store, OWNER, "a drill of the office", NOW)
    said = list[str]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    watcher.run(folder, every=0.01, once=True)
    assert [one for one in said if "paused" in one] == said[-1:]
    assert len([*folder.glob("claimed/*/*/list.csv")]) == 1


def test_a_file_with_bad_rows_has_them_beside_it(home: Settings, folder: Path) -> None:
    plain(folder, "a.csv", GOOD.replace("450.0", "12,5 kgs", 1))
    _, told = once(home, folder)
    assert (told["accepted"], told["quarantined"]) == (3, 1)
    (rejected,) = (folder / "done").glob("*/*.rejected.csv")
    assert "12,5 kgs" in rejected.read_text()
    (report,) = (folder / "done").glob("*/*.report.json")
    assert json.loads(report.read_text())["exit_code"] == 6


CODED = "VGML"  # of a meal: what must never be stored


def passengers() -> str:
    """Crossings with a column that must not be kept."""
    table = factory.travellers(3).drop(columns=["source", "line", "warnings"])
    return table.assign(meal=CODED, extra=None).to_csv(index=False)


def taken(store: Store, home: Settings, folder: Path, **asked: Any) -> Watched:
    """Two looks at the folder."""
    govern.enable_profile(store, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    options = Options(resume=True, **asked)
    watcher = Watcher(store, home, OWNER, options, lambda: NOW, lambda said: None)
    return watcher.run(folder, every=0.05, once=True)


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kept", ["delete", "strip"])
def test_a_file_about_persons_is_not_kept_as_it_came(
    store: Store, home: Settings, folder: Path, kept: str
) -> None:
    (folder / "list.csv").write_text(passengers())
    (folder / "goods.csv").write_text(GOOD)
    told = taken(store, home.model_copy(update={"inbox_persons": kept}), folder)
    assert (told.done, told.accepted) == (2, 7)
    found = held(folder)
    assert not [name for name, content in found.items() if CODED.encode() in content]
    assert not [name for name in found if name.endswith("list.csv")]
    assert [name for name in found if name.endswith("goods.csv")]
    assert len([name for name in found if name.endswith("list.csv.report.json")]) == 1
    rows = [content for name, content in found.items() if name.endswith("list.csv.jsonl")]
    assert [content.count(b"crossing_id") for content in rows] == ([3] if kept == "strip" else [])


def test_a_file_about_persons_that_fails_is_not_kept_either(
    store: Store, home: Settings, folder: Path
) -> None:
    (folder / "list.csv.gz").write_bytes(gzip.compress((passengers() * 50).encode())[:-9])
    (folder / "list.edi").write_bytes(b"UNB+UNOA:4+A+B+260101:0700+1'UNH+1+PAXLST:D:02B:UN:IATA'")
    taken(store, home, folder)
    names = [name for name in held(folder) if "list." in name]
    assert names and all(name.endswith((".report.json", ".rejected.csv")) for name in names)
    reports = folder.glob("failed/*/*list.csv.gz.report.json")
    assert [json.loads(one.read_text())["error"]["do"] for one in reports] == [
        "Ask the sender for it again. It was deleted, as it may be about persons: only its sender"
        " has it."
    ]
    (folder / "goods.csv.gz").write_bytes(gzip.compress(GOOD.encode())[:-9])
    taken(store, home, folder, profile="shipment")
    assert [name for name in held(folder) if name.endswith("goods.csv.gz")]


def test_a_file_about_persons_at_which_the_program_fails_waits_for_the_next_watcher(
    store: Store, home: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted it would be lost, though nothing is wrong with it: nobody has another."""
    plain(folder, "goods.csv")
    plain(folder, "list.csv", passengers())
    govern.enable_profile(store, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    said, tries = list[str](), list[str]()

    def broken(*given: Any, **more: Any) -> Any:
        tries.append(given[3][0].name)
        raise KeyError("a fault of the program")

    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    with monkeypatch.context() as patch, Inbox(folder) as box:
        patch.setattr(inbox_watcher, "screen", broken)
        for looked in (tuple, box.look, box.look, box.left, box.left):
            fault = watcher._rate(box, looked(), Stop())
    assert fault is not None and fault.__cause__ is None  # it holds nothing of the file
    assert tries == ["goods.csv", "goods.csv", "list.csv"]  # together, then each: and never again
    assert (watcher.told.failed, watcher.told.waiting) == (1, 1)
    assert [one for one in said if "list.csv" in one] == [
        "list.csv: waits, a fault of the program (KeyError). It stays taken, and the next watcher "
        "tries it again. Report the fault"
    ]
    (waits,) = folder.glob("claimed/*/*/list.csv")
    assert kept(folder, "failed") == ["goods.csv"] and waits.parent.stat().st_mode & 0o077 == 0
    told = taken(store, home, folder)
    assert (told.done, told.accepted, held(folder).keys() & {"list.csv"}) == (1, 3, set())


@pytest.mark.parametrize("kept", ["delete", "strip"])
def test_a_file_that_is_taken_away_before_it_could_be_told_of_ends_no_watcher(
    store: Store, home: Settings, folder: Path, kept: str
) -> None:
    """Its rows are stored, and its report says so: of the file nothing is left to keep."""
    plain(folder, "list.csv", passengers())
    govern.enable_profile(store, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    settings = home.model_copy(update={"inbox_persons": kept})
    watcher = Watcher(store, settings, OWNER, Options(resume=True), lambda: NOW, print)
    with Inbox(folder) as box:
        (day := folder / "done" / f"{NOW:%Y-%m-%d}").write_bytes(b"")  # no folder can be there
        for looked in (box.look, box.look):
            assert watcher._rate(box, looked(), Stop()) is None
        assert (watcher.told.done, watcher.told.waiting) == (0, 1)
        day.unlink()
        next(folder.glob("claimed/*/*/list.csv")).unlink()
        assert watcher._rate(box, box.left(), Stop()) is None
    assert (watcher.told.done, watcher.told.waiting, watcher.told.accepted) == (1, 0, 3)
    assert [path.suffixes[-2:] for path in day.iterdir()] == [[".report", ".json"]]


def steered(
    store: Store, home: Settings, folder: Path, turns: dict[str, Callable[[], object]]
) -> tuple[Watched, list[str]]:
    """What a watcher told and said that ends when all turns were made, each at what is said."""
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        for heard in [one for one in turns if line.startswith(one)]:
            turns.pop(heard)()
            if not turns:
                signal.raise_signal(signal.SIGTERM)

    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, say)
    return watcher.run(folder, every=0.05), said


def test_a_look_that_fails_tells_of_what_the_error_names(
    store: Store, home: Settings, folder: Path
) -> None:
    """It told of the inbox, where one file was meant, or another folder."""
    said = list[str]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    with Inbox(folder) as box:
        elsewhere, taken = folder.parent / "elsewhere", box.mine / "000001-ab" / "a.csv"
        for path in (elsewhere, taken, taken, box.mine / "000002-cd"):
            watcher._turn(box, lambda path=path: [path.rename(path)], Stop(), False)
        watcher._turn(box, list, Stop(), False)
    why = "cannot be used (No such file or directory): it is tried again at each look"
    whats = (elsewhere, "a.csv", "the inbox")
    assert said == [*(f"{what} {why}" for what in whats), "the inbox can be used again"]


def test_many_files_that_the_system_does_not_open_have_one_reason(
    store: Store, home: Settings, folder: Path
) -> None:
    """Each was told of with its own path, as if that were the reason."""
    said, held = list[str](), dict[str, list[Path]]()
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    paths = [folder / f"{n:02}.csv" for n in range(3)]
    for path in paths:
        none_left = OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))
        watcher._waits(held, [path], inbox_watcher._refused(none_left, path))
    assert said == ["00.csv: waits, too many open files. Mend it."]
    assert [*held.values()] == [paths[1:]]


def test_many_files_that_cannot_be_told_of_yet_are_one_line(
    store: Store, home: Settings, folder: Path
) -> None:
    said, done = list[str](), folder / "done"
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    for n in range(NAMED + 3):
        plain(folder, f"{n:02}.csv", GOOD.replace("XM-", f"X{n}-"))
    with Inbox(folder) as box:
        done.rmdir()
        done.touch()
        box.look()
        watcher._rate(box, box.look(), Stop())
        assert watcher.told.waiting == NAMED + 3
        named = ", ".join(f"{n:02}.csv" for n in range(1, 1 + NAMED))
        whats = ("00.csv", f"{NAMED + 2} more files ({named} and 2 others)")
        yet = "read, and cannot be told of yet (Not a directory)"
        assert said[1:] == [f"{what}: {yet}" for what in whats]
        done.unlink()
        done.mkdir()
        watcher._rate(box, box.left(), Stop())
    assert (watcher.told.done, watcher.told.waiting) == (NAMED + 3, 0)
    assert not [one for one in said[3:] if "told of yet" in one]


def test_a_folder_that_is_away_for_a_while_is_looked_at_again(
    store: Store, home: Settings, folder: Path
) -> None:
    """As a share is: it is said when that turns, and what comes then is rated."""
    away = folder.with_name("away")
    plain(folder, "a.csv")

    def put_back() -> None:
        plain(away, "b.csv", OTHER)
        away.rename(folder)

    told, said = steered(
        *(store, home, folder),
        {
            "a.csv: read 4": lambda: folder.rename(away),
            "the inbox cannot be used": put_back,
            "b.csv: read 4": lambda: None,
        },
    )
    assert (told.done, told.accepted, told.waiting, told.stopped) == (2, 8, 0, signal.SIGTERM)
    assert [line for line in said if line.startswith("the inbox")] == [
        "the inbox cannot be used (No such file or directory): it is tried again at each look",
        "the inbox can be used again",
    ]
    assert list((folder / "claimed").iterdir()) == []


def test_who_watches_a_folder_in_whose_place_another_was_put_ends(
    store: Store, home: Settings, folder: Path
) -> None:
    """Nothing that it would take there is locked."""
    plain(folder, "a.csv")

    def put_another() -> None:
        folder.rename(folder.with_name("away"))
        folder.mkdir()

    with pytest.raises(UsageError, match="another folder"):
        steered(store, home, folder, {"a.csv: read 4": put_another, "never": put_another})


def test_a_folder_that_is_away_when_the_watcher_ends_is_no_fault(
    store: Store, home: Settings, folder: Path
) -> None:
    plain(folder, "a.csv")
    away = folder.with_name("away")
    told, _ = steered(
        *(store, home, folder),
        {"a.csv: read 4": lambda: folder.rename(away), "the inbox cannot be used": lambda: None},
    )
    assert (told.done, told.stopped) == (1, signal.SIGTERM)
    with Inbox(away) as box:
        assert box.left() == [] and len([*(away / "claimed").glob("*.lock")]) == 1


def looked(store: Store, home: Settings, folder: Path) -> list[str]:
    """What a watcher says at two looks."""
    said: list[str] = []
    watcher = Watcher(store, home, OWNER, Options(resume=True), lambda: NOW, said.append)
    watcher.run(folder, every=0.01, once=True)
    return said[1:]  # that no offices are loaded


def test_who_finds_nothing_to_do_says_what_another_watcher_took(
    store: Store, home: Settings, folder: Path
) -> None:
    plain(folder, "a.csv")
    with Inbox(folder) as other:
        other.look()
        assert len([*other.look()]) == 1
        assert looked(store, home, folder) == ["files that other watchers took, and tell of: 1"]
    (line,) = looked(store, home, folder)
    assert line.startswith("a.csv: read 4 = accepted 4")


def test_many_files_are_told_of_before_they_are_rated(
    store: Store, home: Settings, folder: Path
) -> None:
    """Until the last of them is rated nothing is told of any."""
    for number in range(NAMED + 1):
        plain(folder, f"{number}.csv", GOOD.replace("XM-", f"X{number}-"))
    first, *each = looked(store, home, folder)
    assert first == f"{NAMED + 1} files are rated together, and told of when all of them are"
    assert len(each) == NAMED + 1


def test_what_was_rated_while_the_folder_went_away_is_told_of_when_it_is_back(
    store: Store, home: Settings, folder: Path
) -> None:
    """Read again, its rows would be told of as duplicates, and nobody would hear of its alerts."""
    away, said = folder.with_name("away"), list[str]()
    plain(folder, "a.csv")

    class Leaves(Watcher):
        def _screen(self, inbox: Inbox, paths: list[Path], now: datetime, stop: Stop) -> Run:
            made = super()._screen(inbox, paths, now, stop)
            if "the inbox can be used again" not in said:
                folder.rename(away)
            return made

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("the inbox cannot be used"):
            away.rename(folder)
        if line.startswith("a.csv"):
            signal.raise_signal(signal.SIGTERM)

    told = Leaves(store, home, OWNER, Options(resume=True), lambda: NOW, say).run(
        folder, every=0.05
    )
    assert (told.done, told.accepted, told.duplicate) == (1, 4, 0)
    (report,) = reports(folder).values()
    assert report["accepted"] == 4
    assert count(store, "batch") == 1
