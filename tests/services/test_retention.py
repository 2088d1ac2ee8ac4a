"""Retention: what is due is forgotten to the second, in every byte; the rest is not touched."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.event import listen

from riskprofile.errors import (
    Busy,
    Conflict,
    InputError,
    NotAllowed,
    PolicyError,
    RiskProfileError,
    StoreError,
)
from riskprofile.intake import quarantine
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import (
    explanation,
    govern,
    keys,
    looking,
    noting,
    raising,
    replay,
    results,
    retention,
    review,
    settings,
    tally,
    unmasking,
    watchlists,
)
from riskprofile.services import quarantine as repairs
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.inbox import Inbox
from riskprofile.services.run import Options, Run
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import audit, batches, erasure, phrasings, table_bytes
from riskprofile.store.alert_tables import Decision, FirstView, ItemFound, Outcome, Snooze
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Unmasking
from riskprofile.tables import Table
from tests import factory, listed
from tests.factory import write
from tests.services.bench import (
    AUDITOR,
    AWAY,
    EITHER,
    HERE,
    INES,
    OMAR,
    SARA,
    labelled,
    of_two_at_once,
    row,
    until_it_waits,
)

RECEIVED = datetime(2025, 8, 31, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SHIPMENTS, TRAVELLERS, SET_ASIDE = 200, 250, 50
WHY = "appeal of the consignee, hearing of 4 May"
ENDED = datetime(2031, 1, 1, tzinfo=UTC)

# Received -> the end of six calendar months: month ends, leap days, year ends, clock changes.
EDGES = (
    ("2025-08-31 12:00", "2026-02-28 12:00"),
    ("2025-08-29 12:00", "2026-02-28 12:00"),
    ("2025-08-28 12:00", "2026-02-28 12:00"),
    ("2027-08-31 00:00", "2028-02-29 00:00"),
    ("2028-02-29 00:00", "2028-08-29 00:00"),
    ("2025-12-31 23:59", "2026-06-30 23:59"),
    ("2026-01-01 00:00", "2026-07-01 00:00"),
    ("2026-03-29 01:30", "2026-09-29 01:30"),
    ("2026-10-25 00:30", "2027-04-25 00:30"),
    ("2026-03-31 08:00", "2026-09-30 08:00"),
    ("2026-05-31 23:59", "2026-11-30 23:59"),
    ("2026-06-30 00:00", "2026-12-30 00:00"),
)


@pytest.fixture
def store(bare: Store) -> Store:
    """Travellers are rated too."""
    govern.enable_profile(bare, OWNER, "traveller", "law of a test", "DPIA-1", RECEIVED)
    return bare


def seed(n: int) -> str:
    return f"Zq{n:03d}vx Oryndel"


def rate(store: Store, home: Settings, path: Path, profile: str, at: datetime) -> Run:
    return screen(store, home, OWNER, [path], Options(profile=profile), at)


def once(store: Store, home: Settings, kept: Path, made: Callable[[], object]) -> None:
    """Bring a home to where this leads: the first is made, and kept; others are copies of it."""
    if kept.exists():
        store.close()
        shutil.copytree(kept, home.home, dirs_exist_ok=True)
    else:
        made()
        store.close()
        shutil.copytree(home.home, kept)


def seeded(store: Store, home: Settings, folder: Path) -> None:
    """500 invented names: in 200 shipments, 250 crossings and 50 rows set aside; every 10th
    traveller declares goods that an indicator names.
    """
    once(store, home, folder.parent / "seeded", partial(sow, store, home, folder))


def sow(store: Store, home: Settings, folder: Path) -> None:
    """Rate them, and lay beside the database what a home has there, as old as they are."""
    names = [seed(n) for n in range(SHIPMENTS + TRAVELLERS + SET_ASIDE)]
    shipments = factory.shipments(
        SHIPMENTS,
        consignor_name=names[:SHIPMENTS],
        notify_name=names[:SHIPMENTS],
        consignee_address=names[:SHIPMENTS],
        extra=[json.dumps({"memo": name}) for name in names[:SHIPMENTS]],
    )
    travelling = names[SHIPMENTS : SHIPMENTS + TRAVELLERS]
    travellers = factory.travellers(
        TRAVELLERS,
        name=travelling,
        person_ref=travelling,
        document_number=travelling,
        goods_declared=["pistol barrel" if n % 10 == 0 else None for n in range(TRAVELLERS)],
        firearms_declared=[0 if n % 10 == 0 else None for n in range(TRAVELLERS)],
    )
    run = rate(store, home, write(folder / "ships.csv", shipments), "shipment", RECEIVED)
    rate(store, home, write(folder / "people.csv", travellers), "traveller", RECEIVED)
    lost = factory.shipments(SET_ASIDE, consignor_name=names[-SET_ASIDE:], declaration_id=None)
    broken = rate(store, home, write(folder / "lost.csv", lost), "shipment", RECEIVED)
    assert broken.summary.quarantined == SET_ASIDE
    for name in ("exports", "runs", "backups"):
        (home.home / name).mkdir()
    quarantine.write(home.home / "runs" / "quarantine.csv", broken.rejected)
    listed.write(results.parts(store, run.ranked, "all"), home.home / "exports" / "list.csv")
    shutil.copy(home.home / "riskprofile.db", home.home / "backups" / "riskprofile.db")
    for path in home.home.rglob("*"):
        os.utime(path, (RECEIVED.timestamp(),) * 2)


def left_on_disk(home: Settings) -> set[str]:
    """The seeded names that stand in any byte of the home, compressed tables opened besides."""
    everything = b"\n".join(
        path.read_bytes() for path in sorted(home.home.rglob("*")) if path.is_file()
    )
    database = sqlite3.connect(home.home / "riskprofile.db")
    for blobs in database.execute("SELECT rows, features, events FROM chunk"):
        for blob in blobs:
            if blob is not None:
                everything += table_bytes.from_bytes(blob).to_csv().encode()
    database.close()
    total = SHIPMENTS + TRAVELLERS + SET_ASIDE
    return {seed(n) for n in range(total) if seed(n)[:7].encode() in everything}


def kept(store: Store) -> dict[str, int]:
    with store.read() as connection:
        rows = connection.execute(text("SELECT kept, count(*) FROM chunk GROUP BY kept"))
        return {str(name): int(count) for name, count in rows}


@pytest.mark.parametrize(("received", "ends"), EDGES)
def test_six_months_end_at_the_second(received: str, ends: str) -> None:
    start = datetime.fromisoformat(received).replace(tzinfo=UTC)
    end = datetime.fromisoformat(ends).replace(tzinfo=UTC)
    assert retention.due_at(start, 6) == end
    assert retention.received_upto(end, 6) >= start
    assert retention.due_at(retention.received_upto(end - SECOND, 6), 6) <= end - SECOND


@pytest.mark.parametrize(("received", "ends"), EDGES)
def test_a_crossing_is_there_a_second_before_and_gone_a_second_after(
    store: Store, home: Settings, tmp_path: Path, received: str, ends: str
) -> None:
    start = datetime.fromisoformat(received).replace(tzinfo=UTC)
    end = datetime.fromisoformat(ends).replace(tzinfo=UTC)
    table = factory.travellers(3, name=[seed(n) for n in range(3)])
    rate(store, home, write(tmp_path / "people.csv", table), "traveller", start)
    told = retention.run(store, home, OWNER, end - SECOND)
    assert (told.removed, kept(store)) == (0, {"full": 1})
    told = retention.run(store, home, OWNER, end + SECOND)
    assert (told.removed, kept(store)) == (3, {"masked": 1})
    assert retention.run(store, home, OWNER, end + SECOND).removed == 0


def test_it_is_told_how_many_rows_were_looked_at(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    for part in range(2):
        names = [seed(3 * part + n) for n in range(3)]
        file = write(tmp_path / f"{part}.csv", factory.travellers(3, name=names, person_ref=names))
        rate(store, home, file, "traveller", RECEIVED)
    told: list[tuple[str, int, int | None]] = []
    retention.run(store, home, OWNER, ENDED, step=lambda *step: told.append(step))
    assert told == [("traveller", 3, 6), ("traveller", 6, 6), ("what is left of them", 0, None)]


def test_no_seeded_name_is_left_in_any_byte_once_its_time_is_over(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    sow(store, home, tmp_path)  # what SQLite has not put in its place yet is of it
    assert len(left_on_disk(home)) == SHIPMENTS + TRAVELLERS + SET_ASIDE
    told = retention.run(store, home, OWNER, retention.due_at(RECEIVED, 12))
    assert (told.removed, told.masked, told.quarantined) == (225, 225, SET_ASIDE)
    assert told.files == 3
    store.close()
    assert left_on_disk(home) == set()


def test_a_run_says_what_it_left_in_the_file_while_another_program_read_it(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    seeded(store, home, tmp_path)
    due = retention.due_at(RECEIVED, 12)
    with store.read() as connection:
        assert connection.execute(select(func.count(Outcome.id))).scalar() == 0
        with pytest.raises(Busy, match="lies in the file still"):
            retention.run(store, home, OWNER, due)
        assert left_on_disk(home)
    retention.run(store, home, OWNER, due)
    assert left_on_disk(home) == set()


@pytest.mark.parametrize("moment", [datetime(2026, 3, 1, tzinfo=UTC), ENDED])
def test_what_a_run_would_do_is_told_before_and_nothing_is_changed(
    store: Store, home: Settings, tmp_path: Path, moment: datetime
) -> None:
    """After half a year travellers alone are due; at the end everything is."""
    seeded(store, home, tmp_path)
    before = everything(store, home)
    told = retention.preview(store, home, OWNER, moment)
    assert everything(store, home) == before and not keys.there(home.home, retention.KEY)
    assert list(told) == ["shipment", "traveller", ""]
    assert (told["shipment"].alerts > 0) == (moment == ENDED) and told["traveller"].removed > 0
    assert told["shipment"].quarantined == (SET_ASIDE if moment == ENDED else 0)
    done = retention.run(store, home, OWNER, ENDED, moment)
    for name in vars(done):
        if name not in ("as_of", "practice"):
            assert sum(getattr(one, name) for one in told.values()) == getattr(done, name), name
    again = retention.preview(store, home, OWNER, moment)
    assert not any(value for one in again.values() for name, value in vars(one).items()
                   if name != "as_of")  # fmt: skip


def everything(store: Store, home: Settings) -> tuple[list[str], list[str]]:
    """Each row of the database, and each file of the home beside it."""
    with sqlite3.connect(home.home / "riskprofile.db") as database:
        rows = [*database.iterdump()]
    database.close()
    files = [str(one) for one in home.home.rglob("*") if "riskprofile.db" not in one.name]
    return rows, sorted(files)


def test_a_look_at_what_is_due_goes_on_while_others_write_and_counts_nothing_twice(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """On SQLite one program writes at a time: it would wait for that one, or the others for it."""
    seeded(store, home, tmp_path)
    with store.write() as connection:  # of what could not be read, nobody knows the profile
        connection.execute(text("UPDATE batch SET profile = '' WHERE source LIKE '%lost.csv'"))
    with store.write():
        told = retention.preview(store, home, OWNER, ENDED)
    done = retention.run(store, home, OWNER, ENDED)
    assert sum(one.quarantined for one in told.values()) == done.quarantined == SET_ASIDE


def test_a_look_at_what_is_due_needs_the_right_and_the_key_of_a_run(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    seeded(store, home, tmp_path)
    for role in ("officer", "supervisor", "analyst", "operator", "auditor"):
        with pytest.raises(NotAllowed):
            retention.preview(store, home, Actor(role, role, None), ENDED)
    retention.run(store, home, OWNER, datetime(2026, 9, 1, tzinfo=UTC))
    (home.home / "keys" / "retention.key").unlink()
    with pytest.raises(StoreError, match="used before"):
        retention.preview(store, home, OWNER, ENDED)
    told = retention.preview(store, home, OWNER, ENDED, new_key=True)
    assert told["traveller"].removed > 0 and not keys.there(home.home, retention.KEY)


def test_a_file_that_a_watcher_takes_meanwhile_hinders_nothing(
    store: Store, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = home.home / "inbox"
    kept = inbox / "done" / f"{RECEIVED:%Y-%m-%d}"
    kept.mkdir(parents=True)
    for name in ("taken.csv", "left.csv"):
        (kept / name).write_text("persons")
    look = Path.rglob

    def taken(folder: Path, pattern: str) -> list[Path]:
        found = [*look(folder, pattern)]
        if folder == inbox:
            (kept / "taken.csv").unlink()
        return found

    monkeypatch.setattr(Path, "rglob", taken)
    told = retention.run(store, home, OWNER, retention.due_at(RECEIVED, 12))
    assert told.files == 1 and [*kept.iterdir()] == []


def test_how_old_a_file_of_the_inbox_is_its_sender_does_not_say(
    store: Store, home: Settings
) -> None:
    """An archive, or rsync, gives it the time at which it was written elsewhere."""
    inbox, never = home.home / "inbox", datetime(2100, 1, 1, tzinfo=UTC).timestamp()
    waits = inbox / "waits.csv"
    done, failed = (
        inbox / name / f"{RECEIVED:%Y-%m-%d}" / "day.csv" for name in ("done", "failed")
    )
    for path, at in ((waits, RECEIVED.timestamp()), (done, never), (failed, never)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("persons")
        os.utime(path, (at, at))
    assert retention.run(store, home, OWNER, retention.due_at(RECEIVED, 12)).files == 2
    assert waits.exists() and not done.exists() and not failed.exists()
    came = datetime.fromtimestamp(waits.stat().st_ctime, UTC)
    assert retention.run(store, home, OWNER, retention.due_at(came, 12)).files == 1


def test_what_was_written_beside_a_record_goes_with_it(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Names in the reason of a snooze or of a first view, an entry of a watch list that is over,
    and the register of parties: none is left in any byte either.
    """
    sow(store, home, tmp_path)  # what SQLite has not put in its place yet is of it
    with store.read() as connection:
        rows = connection.execute(select(erasure.alert_table.c.id, erasure.alert_table.c.profile))
        alerts = rows.all()
    with store.write() as connection:
        for n, (alert, _) in enumerate(alerts):
            words = {"reason": f"{seed(n % 500)} asked for time", "by": "ines", "at": RECEIVED}
            connection.execute(insert(Snooze).values(alert_id=alert, until=RECEIVED, **words))
            said = {"reason": f"{seed(n % 500)} is known", "officer": "ines", "at": RECEIVED}
            connection.execute(insert(FirstView).values(alert_id=alert, view="scan", **said))
    file = tmp_path / "list.csv"
    lines = [f"name,{seed(n)} Trading Ltd,case {n}" for n in range(SHIPMENTS)]
    file.write_text("\n".join(["kind,text,reason", *lines]) + "\n", encoding="utf-8")
    until = RECEIVED + timedelta(days=60)
    watchlists.load(
        store, OWNER, "harbour", file, RECEIVED,
        owner="Unit 4", source="files", review_by=until, expires_at=until,
    )  # fmt: skip
    assert {profile for _, profile in alerts} == {"shipment", "traveller"}
    retention.run(store, home, OWNER, retention.due_at(RECEIVED, 12) + timedelta(days=61))
    store.close()
    assert left_on_disk(home) == set()


def test_no_seeded_name_is_left_in_a_row_of_postgresql(
    postgres_url: str, home: Settings, tmp_path: Path
) -> None:
    home = home.model_copy(update={"database_url": postgres_url})
    settings.make_home(home)
    store = Store.open(postgres_url)
    govern.enable_profile(store, OWNER, "traveller", "law of a test", "DPIA-1", RECEIVED)
    names = [seed(n) for n in range(60)]
    path = write(tmp_path / "ships.csv", factory.shipments(60, consignor_name=names))
    rate(store, home, path, "shipment", RECEIVED)
    path = write(tmp_path / "people.csv", factory.travellers(60, name=names, person_ref=names))
    rate(store, home, path, "traveller", RECEIVED)

    def everything() -> bytes:
        said = []
        with store.read() as connection:
            for table in (
                "alert",
                "alert_link",
                "quarantined",
                "record",
                "audit",
                "sealed",
                "snooze",
                "watch_entry",
                "party_form",
            ):
                rows = connection.execute(text(f"SELECT * FROM {table}"))
                said += [str(cell).encode() for row in rows for cell in row]
            for row in connection.execute(text("SELECT rows, features, events FROM chunk")):
                said += [table_bytes.from_bytes(bytes(cell)).to_csv().encode() for cell in row]
        return b"\n".join(said).lower()  # the register of parties keeps no capitals

    names = [name.lower() for name in names]
    before = everything()
    assert all(name[:7].encode() in before for name in names)
    due = retention.due_at(RECEIVED, 12)
    told = retention.preview(store, home, OWNER, due)
    assert everything() == before
    done = retention.run(store, home, OWNER, due)
    assert (told["shipment"].masked, told["traveller"].removed) == (done.masked, done.removed)
    assert (told[""].names, done.masked) == (done.names, 60)
    left = everything()
    store.close()
    assert [name for name in names if name[:7].encode() in left] == []


def spoilt(table: Table, place: int, column: str) -> str:
    """A CSV file of these rows, of which one has a cell that is no number."""
    given = table.drop(columns=["source", "line", "warnings"]).astype(object)
    given.loc[place, column] = "12,5 kgs"
    return str(given.to_csv(index=False))


@EITHER
def test_a_row_that_was_put_right_is_kept_no_longer_than_the_file_that_it_came_with(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    path, mended = tmp_path / "ships.csv", RECEIVED + timedelta(days=150)
    path.write_text(spoilt(factory.shipments(3), 1, "gross_mass_kg"))
    screen(store, home, OWNER, [path], Options(max_bad_share=1.0), RECEIVED)
    [row] = repairs.find(store, OWNER, repairs.Filter(), mended)
    cells = {row.id: {"gross_mass_kg": "12.5"}}
    assert repairs.repair(store, home, OWNER, cells, WHY, mended).repaired == [row.id]
    due = retention.due_at(RECEIVED, 12)
    assert retention.preview(store, home, OWNER, due)["shipment"].masked == 3
    assert retention.run(store, home, OWNER, due - SECOND).masked == 0
    assert retention.run(store, home, OWNER, due).masked == 3


def test_what_was_kept_back_of_persons_beside_shipments_goes_by_the_term_of_persons(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """In one archive; its batch is called after the last file in it."""
    with zipfile.ZipFile(tmp_path / "day.zip", "w") as archive:
        archive.writestr("people.csv", spoilt(factory.travellers(3), 1, "bag_mass_kg"))
        archive.write(write(tmp_path / "ships.csv", factory.shipments(3)), "ships.csv")
    options = Options(max_bad_share=1.0)
    run = screen(store, home, OWNER, [tmp_path / "day.zip"], options, RECEIVED)
    assert (run.summary.accepted, run.summary.quarantined) == (5, 1)
    assert retention.run(store, home, OWNER, retention.due_at(RECEIVED, 6)).quarantined == 1


def test_a_shipment_with_a_find_keeps_its_parties(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    seeded(store, home, tmp_path)
    with store.write() as connection:
        alert = connection.execute(
            select(erasure.alert_table).where(erasure.alert_table.c.profile == "shipment")
        ).first()
        values = {"outcome": "trafficking", "officer": "ines", "at": RECEIVED}
        connection.execute(insert(Outcome).values(alert_id=alert.id, **values))
    retention.run(store, home, OWNER, retention.due_at(RECEIVED, 12))
    with store.read() as connection:
        left = connection.execute(
            select(erasure.alert_table.c.declaration).where(erasure.alert_table.c.id == alert.id)
        ).scalar_one()
    assert left == alert.declaration
    assert left[0]["consignor_name"].startswith("Zq")


@EITHER
def test_a_shipment_whose_find_was_taken_back_is_masked_by_the_next_run(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Once another person has confirmed what was found instead."""
    names = [seed(n) for n in range(3)]
    table = factory.shipments(3, consignor_name=names, goods_description="pistol barrel")
    rate(store, home, write(tmp_path / "ships.csv", table), "shipment", RECEIVED)
    alert, now = erasure.alert_table, retention.due_at(RECEIVED, 12)
    with store.write() as connection:
        asked = select(alert).where(alert.c.record_id.startswith("XM-000001"))
        held = connection.execute(asked).one()
        labelled(connection, held.id, held.record_id, True)
        said = {"outcome": "nothing", "officer": "ines", "at": RECEIVED}
        connection.execute(insert(Outcome).values(alert_id=held.id, **said))
    assert [retention.run(store, home, OWNER, now).masked for _ in range(2)] == [2, 0]
    assert row(store, held.id)["declaration"] == held.declaration
    with store.write() as connection:
        connection.execute(update(Outcome).values(confirmed_by="sara", confirmed_at=now))
    assert retention.preview(store, home, OWNER, now)["shipment"].masked == 3
    assert [retention.run(store, home, OWNER, now).masked for _ in range(2)] == [3, 0]
    with store.read() as connection:
        rows = connection.execute(select(erasure.chunk_table.c.rows)).scalar_one()
    assert seed(1) not in f"{row(store, held.id)} {table_bytes.from_bytes(rows).to_csv()}"
    number = unmasking.ask(store, INES, "XM-000001", "shipment", "CASE-7", WHY, now)
    unmasking.allow(store, SARA, number, now)
    [shown] = unmasking.look(store, home, INES, number, now).declared
    assert shown["consignor_name"] == seed(1)


@EITHER
def test_a_crossing_whose_find_was_taken_back_is_deleted_by_the_next_run(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """It was masked for that find alone, and one without any is deleted after the same term."""
    names = [seed(n) for n in range(3)]
    goods = [None, None, "pistol barrel"]
    table = factory.travellers(3, name=names, goods_declared=goods, firearms_declared=0)
    path = write(tmp_path / "people.csv", table)
    screen(store, home, OWNER, [path], Options(capacity=Capacity(number=3)), RECEIVED)
    alert, now = erasure.alert_table, retention.due_at(RECEIVED, 6)
    with store.write() as connection:
        asked = select(alert).where(alert.c.record_id.startswith("XC-000001"))
        held = connection.execute(asked).one()
        labelled(connection, held.id, held.record_id, True, profile="traveller")
    told = [retention.run(store, home, OWNER, now) for _ in range(2)]
    assert [(one.masked, one.removed) for one in told] == [(2, 1), (0, 0)]
    with store.write() as connection:
        labelled(connection, held.id, held.record_id, False, profile="traveller")
    assert retention.preview(store, home, OWNER, now)["traveller"].removed == 1
    told = [retention.run(store, home, OWNER, now) for _ in range(2)]
    assert [(one.masked, one.removed) for one in told] == [(1, 1), (0, 0)]
    assert row(store, held.id)["declaration"] is None


def test_the_points_stay_and_replay_says_what_was_removed(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    seeded(store, home, tmp_path)
    before = replay.replay(store, home.models)
    assert (before.same, before.removed) == (SHIPMENTS + TRAVELLERS, 0)
    # By then the rest of the travellers are over as well.
    retention.run(store, home, OWNER, ENDED)
    after = replay.replay(store, home.models)
    assert (after.same, after.removed, after.differ) == (SHIPMENTS, TRAVELLERS, [])
    names = partial(retention.tokens, settings=home, record_id="XC-000003")
    one = replay.replay(store, home.models, "XC-000003", names)
    assert (one.same, one.removed) == (0, 1)
    with pytest.raises(InputError, match=r"removed by retention; it had -?\d+ points"):
        replay.explain(store, home.models, "XC-000003", names)
    page = partial(explanation.explain, store, home.models, SARA, "XC-000003", ENDED)
    with pytest.raises(NotAllowed):  # without a purpose nothing is told
        page(removed=names)
    with pytest.raises(InputError, match=r"removed by retention$"):
        page(WHY, names)
    page = partial(explanation.explain, store, home.models, SARA, "XM-000003", ENDED)
    assert page(removed=partial(retention.tokens, settings=home, record_id="XM-000003")).points


def test_with_the_key_of_another_installation_nobody_is_told_that_a_removed_record_never_was(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Another key makes another name of it. What is stored under its own asks for no key."""
    seeded(store, home, tmp_path)
    retention.run(store, home, OWNER, ENDED)
    (home.home / "keys" / "retention.key").write_bytes(b"k" * keys.SIZE)
    gone, here = (
        partial(retention.tokens, settings=home, record_id=name)
        for name in ("XC-000003", "XM-000003")
    )
    for ask in (replay.explain, replay.replay):
        with pytest.raises(StoreError, match="another key than the one used before"):
            ask(store, home.models, "XC-000003", removed=gone)
        ask(store, home.models, "XM-000003", removed=here)


def test_without_the_key_nobody_is_told_to_rate_a_removed_record_again(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    seeded(store, home, tmp_path)
    asked = "XC-000003"
    names = partial(retention.tokens, settings=home, record_id=asked)
    with pytest.raises(InputError, match="rate its file first"):  # before anything was removed
        replay.explain(store, home.models, "XC-none", names)
    retention.run(store, home, OWNER, ENDED)
    with pytest.raises(InputError, match="rate its file first"):  # the key is here: it is none
        replay.explain(
            store, home.models, "XC-none", partial(retention.tokens, settings=home, record_id="XC-")
        )
    (home.home / "keys" / "retention.key").unlink()
    for ask in (replay.explain, replay.replay):
        with pytest.raises(StoreError, match="the key that names removed ones is not here") as told:
            ask(store, home.models, asked, removed=names)
        assert "rate its file" not in str(told.value)
        ask(store, home.models, "XM-000003", removed=names)  # stored under its own name
    assert not keys.there(home.home, retention.KEY)


def test_what_was_removed_leaves_the_queue_and_stays_in_the_ledger(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Nobody can decide on an empty record, and which alerts were made stays true."""
    seeded(store, home, tmp_path)
    travellers = review.QueueFilter("traveller", office=None)
    everywhere = Actor("ines", "officer", None)
    before = tally.tally(store, "traveller", OWNER)[0]
    shown = review.queue(store, everywhere, travellers, RECEIVED).rows
    assert shown and before.not_reviewed > 0
    retention.run(store, home, OWNER, ENDED)
    assert review.queue(store, everywhere, travellers, ENDED).rows == []
    assert tally.tally(store, "traveller", OWNER)[0] == before
    with pytest.raises(Conflict, match="removed by retention"):
        review.claim(store, everywhere, shown[0].id, ENDED)


def test_of_a_removed_record_nothing_tells_why_it_was_rated_so(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    seeded(store, home, tmp_path)

    def told(profile: str) -> list[tuple[bool, int]]:
        """Of each alert whether anything of its terms is stored, and how many are told."""
        asked = select(erasure.alert_table).where(erasure.alert_table.c.profile == profile)
        with store.read() as connection:
            rows = connection.execute(asked).mappings().all()
            sides = [phrasings.told(connection, row) for row in rows]
        stored = [any(row[name] for name in ("reasons", "against", "terms")) for row in rows]
        return [(one, sum(map(len, both))) for one, both in zip(stored, sides, strict=True)]

    before = told("shipment")
    assert all(stored and many for stored, many in told("traveller") + before)
    retention.run(store, home, OWNER, ENDED)
    assert {*told("traveller")} == {(False, 0)}
    assert told("shipment") == before  # of these who it was went, and of what nothing


def test_the_audit_chain_survives_and_the_words_of_a_purpose_go(
    store: Store, home: Settings
) -> None:
    with store.write() as connection:
        audit.append(
            connection,
            actor="ines",
            action="alert.look",
            subject="alert:1",
            now=RECEIVED,
            purpose=f"the brother of {seed(1)} called",
        )
    assert seed(1)[:7].encode() in (home.home / "riskprofile.db-wal").read_bytes()
    told = retention.run(store, home, OWNER, retention.due_at(RECEIVED, 12))
    assert told.words == 1
    with store.read() as connection:
        assert audit.verify(connection).ok
    store.close()
    assert left_on_disk(home) == set()


def test_another_word_in_a_purpose_is_found(store: Store) -> None:
    with store.write() as connection:
        for n in range(3):
            audit.append(
                connection, actor="i", action="look", subject="a:1", now=RECEIVED, purpose=f"w{n}"
            )
    with store.write() as connection:
        connection.execute(text("UPDATE audit_words SET words = 'other' WHERE words = 'w1'"))
    with store.read() as connection:
        verdict = audit.verify(connection)
    assert (verdict.ok, verdict.first_bad) == (False, 3)


def test_words_of_a_purpose_that_retention_did_not_erase_are_missed(
    store: Store, home: Settings
) -> None:
    for day in (0, 360):
        with store.write() as connection:
            at = RECEIVED + timedelta(days=day)
            audit.append(connection, actor="i", action="look", subject="a:1", now=at, purpose="w")
            last = audit.head(connection)
    assert retention.run(store, home, OWNER, retention.due_at(RECEIVED, 12) + SECOND).words == 1
    with store.read() as connection:
        assert audit.verify(connection).ok
    with store.write() as connection:
        connection.execute(text("DELETE FROM audit_words"))
    with store.read() as connection:
        assert audit.verify(connection).first_bad == last.sequence


def masked(store: Store, home: Settings, folder: Path) -> tuple[str, datetime]:
    """The reference of one masked record with an alert in the office, and a time after."""
    now = retention.due_at(RECEIVED, 12)

    def made() -> None:
        seeded(store, home, folder)
        retention.run(store, home, OWNER, now)

    once(store, home, folder.parent / "masked", made)
    return in_the_office(store), now


def in_the_office(store: Store) -> str:
    """The reference of a shipment that was rated and has an alert in the office."""
    with store.read() as connection:
        record = connection.execute(
            select(erasure.alert_table.c.record_id)
            .where(erasure.alert_table.c.office == HERE)
            .where(erasure.alert_table.c.profile == "shipment")
        ).scalars()
        return str(next(iter(record)))


def test_a_masked_record_is_seen_again_by_who_asked_once_another_allowed_it(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    record, now = masked(store, home, tmp_path)
    asked = unmasking.ask(store, INES, record, "shipment", "CASE-7", WHY, now)
    with pytest.raises(PolicyError, match="nobody has allowed"):
        unmasking.look(store, home, INES, asked, now)
    until = unmasking.allow(store, SARA, asked, now)
    assert until == now + timedelta(hours=24)
    [row] = unmasking.look(store, home, INES, asked, until - SECOND).declared
    assert row["consignor_name"].startswith("Zq")
    with pytest.raises(PolicyError, match="another person"):
        unmasking.look(store, home, OMAR, asked, now)
    with pytest.raises(PolicyError, match="24 hours"):
        unmasking.look(store, home, INES, asked, until)
    with store.read() as connection:
        told = connection.execute(
            text("SELECT action FROM audit WHERE subject LIKE 'unmasking:%' ORDER BY sequence")
        ).scalars()
        assert list(told) == ["record.unmask.ask", "record.unmask.allow", "record.unmask.look"]
    strict = home.model_copy(update={"looks_an_hour": 0})
    unmasking.look(store, strict, INES, asked, now)
    assert [one.account for one in looking.alarms(store, SARA, now)] == ["ines"]


def test_a_masked_record_is_asked_for_by_the_number_that_pages_show(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Of several of the office the refusal gives the whole references; of others it knows none."""
    numbers, carriers = ["XM-1", "XM-2", "XM-2", "XM-3"], ["AA", "AA", "BB", "AA"]
    offices = [HERE, HERE, HERE, "XMRLW"]
    table = factory.shipments(
        4, declaration_id=numbers, carrier=carriers, customs_office=offices, consignor_name=seed(1)
    )
    rate(store, home, write(tmp_path / "day.csv", table), "shipment", RECEIVED)
    now = retention.due_at(RECEIVED, 12)

    def ask(number: str) -> int:
        return unmasking.ask(store, INES, number, "shipment", "CASE-7", WHY, now)

    with pytest.raises(RiskProfileError, match="nothing of this record is masked"):
        ask("XM-1")
    with pytest.raises(RiskProfileError, match="nothing of this record is masked"):
        ask("XM-2")
    retention.run(store, home, OWNER, now)
    asked = ask("XM-1")
    unmasking.allow(store, SARA, asked, now)
    [row] = unmasking.look(store, home, INES, asked, now).declared
    assert (row["declaration_id"], row["consignor_name"]) == ("XM-1", seed(1))
    with pytest.raises(Conflict):
        ask("XM-1")
    with pytest.raises(RiskProfileError, match=r"XM-2@.*AA.*, XM-2@.*BB.*several") as told:
        ask("XM-2")
    assert ask(told.value.where.split(", ")[1]) > asked
    for number in ("XM-3", "XM-", "", "%"):
        with pytest.raises(NotAllowed, match="no such record"):
            ask(number)


def test_of_an_amended_declaration_the_version_that_counts_is_seen_again(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    for day, name in enumerate((seed(1), seed(2))):
        table = factory.travellers(1, goods_declared="pistol barrel", name=name)
        rate(store, home, write(tmp_path / f"{day}.csv", table), "traveller", RECEIVED)
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 6))
    asked = unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, now)
    unmasking.allow(store, SARA, asked, now)
    [row] = unmasking.look(store, home, INES, asked, now).declared
    assert row["name"] == seed(2)


def amended(store: Store, home: Settings, folder: Path) -> dict[int, int]:
    """A crossing, declared anew after three months: the alert of each version."""
    for months in (0, 3):
        table = factory.travellers(1, goods_declared="pistol barrel", name=seed(months))
        file = write(folder / f"{months}.csv", table)
        rate(store, home, file, "traveller", retention.due_at(RECEIVED, months))
    with store.read() as connection:
        alert = erasure.alert_table.c
        asked = select(alert.version, alert.id).order_by(alert.id)
        return dict(connection.execute(asked).all())


@EITHER
def test_the_alert_of_a_newer_version_stays_until_its_own_term_is_over(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """An officer is at work on it."""
    alerts = amended(store, home, tmp_path)
    with store.write() as connection:
        said = {"reason": "Ada asked for time", "by": "ines", "at": RECEIVED, "until": ENDED}
        connection.execute(insert(Snooze), [{"alert_id": one, **said} for one in alerts.values()])
    before = row(store, alerts[2])
    for months, masked in ((6, 1), (9, 2)):
        due = retention.due_at(RECEIVED, months)
        assert retention.preview(store, home, OWNER, due)["traveller"].alerts == 1
        assert retention.run(store, home, OWNER, due).alerts == 1
        assert (row(store, alerts[2]) == before) == (masked == 1)
        for version, one in alerts.items():
            with store.read() as connection:
                words = f"{row(store, one)} {erasure.written(connection, one)}"
            assert (seed(3 * version - 3) in words, "Ada" in words) == (version > masked,) * 2


@EITHER
def test_of_a_newer_version_all_that_is_told_keeps_its_reference_until_that_is_removed(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    alerts = amended(store, home, tmp_path)
    with store.write() as connection:
        for one in alerts.values():
            labelled(connection, one, "XC-000000", True, profile="traveller")
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 12))
    unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, now)
    for months, removed in ((60, 1), (63, 2)):
        due = retention.due_at(RECEIVED, months)
        assert retention.run(store, home, OWNER, due).removed == 1
        with store.read() as connection:
            for table, gone in (("record", removed), ("alert", removed), ("label", removed),
                                ("unmasking", removed - 1)):  # fmt: skip
                asked = text(f"SELECT record_id FROM {table} ORDER BY id")
                named = connection.execute(asked).scalars().all()
                kept = [one == "XC-000000" for one in named]
                assert kept == [place >= gone for place in range(len(named))], table
        assert row(store, alerts[2])["state"] == ("open" if removed == 1 else "removed")
    versions = [row(store, one)["version"] for one in alerts.values()]
    assert versions == [1, 2]


def test_of_a_crossing_declared_anew_at_another_place_each_office_sees_what_its_own_wrote(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    for place, officer in ((AWAY.office, AWAY), (HERE, INES)):
        table = factory.travellers(1, goods_declared="pistol barrel", crossing_point=place)
        file = write(tmp_path / f"{place}.csv", table.assign(name=seed(1)))
        run = rate(store, home, file, "traveller", RECEIVED)
        assert run.summary.alerts
        with store.read() as connection:
            alert = connection.execute(select(func.max(erasure.alert_table.c.id))).scalar_one()
        review.alert(store, officer, alert, RECEIVED, WHY)
        review.claim(store, officer, alert, RECEIVED)
        review.decide(store, officer, alert, "examine", f"to be opened at {place}", RECEIVED)
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 6))
    asked = unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, now)
    unmasking.allow(store, SARA, asked, now)
    seen = unmasking.look(store, home, INES, asked, now)
    assert [one.text for one in seen.written] == [f"to be opened at {HERE}"]


def test_a_crossing_is_asked_for_where_it_was_declared_last_though_no_alert_says_so(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """An older message that comes late does not take it back."""
    for place, hour in ((AWAY.office, 5), (HERE, 7), (AWAY.office, 6)):
        table = factory.travellers(1, crossing_point=place, name=seed(1), bag_mass_kg=hour)
        table["goods_declared"] = "pistol barrel" if hour == 5 else None
        table["extra"] = json.dumps({"message_at": f"2025-08-31T{hour:02d}:00:00Z"})
        file = write(tmp_path / f"{hour}.csv", table)
        options = Options(profile="traveller", capacity=Capacity(0, random_share=0.0))
        screen(store, home, OWNER, [file], options, RECEIVED)
    with store.read() as connection:
        [office] = connection.execute(select(erasure.alert_table.c.office)).scalars()
    assert office == AWAY.office
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 6))
    asked = unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, now)
    unmasking.allow(store, SARA, asked, now)
    [row] = unmasking.look(store, home, INES, asked, now).declared
    assert row["crossing_point"] == HERE
    with pytest.raises(NotAllowed, match="no such record"):
        unmasking.ask(store, AWAY, "XC-000000", "traveller", "CASE-7", WHY, now)


def test_what_was_masked_of_a_version_before_is_not_asked_for(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Somebody would allow it, and nothing be shown that is not on the page."""
    for months, place in ((0, AWAY.office), (3, HERE)):
        goods = None if months else "pistol barrel"
        table = factory.travellers(1, goods_declared=goods, name=seed(1), crossing_point=place)
        file = write(tmp_path / f"{months}.csv", table)
        options = Options(profile="traveller", capacity=Capacity(0, random_share=0.0))
        screen(store, home, OWNER, [file], options, retention.due_at(RECEIVED, months))
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 6))
    with pytest.raises(RiskProfileError, match="nothing of this record is masked"):
        unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, now)


def test_another_machine_of_the_same_database_masks_with_no_other_key(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """What two keys masked, neither opens as a whole; to ask for a record makes none either."""
    record, now = masked(store, home, tmp_path)
    asked = unmasking.ask(store, INES, record, "shipment", "CASE-7", WHY, now)
    unmasking.allow(store, SARA, asked, now)
    other = settings.load({}, home=tmp_path / "other", database_url=home.database_url)
    settings.make_home(other)
    with store.read() as connection:
        assert retention.tokens(connection, other, record) == []
    for act in (
        lambda: retention.run(store, other, OWNER, now),
        lambda: unmasking.look(store, other, INES, asked, now),
    ):
        with pytest.raises(StoreError, match="this key is not here, and was used before"):
            act()
    assert not (other.home / "keys").exists()
    shutil.copytree(home.home / "keys", other.home / "keys")
    assert retention.run(store, other, OWNER, now).masked == 0
    [row] = unmasking.look(store, other, INES, asked, now).declared
    assert row["consignor_name"].startswith("Zq")


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_of_two_hosts_that_run_first_at_once_one_has_the_key(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Else each would mask some rows with its own, and neither could open all."""

    def first(name: str) -> object:
        here = settings.load({}, home=tmp_path / name, database_url=home.database_url)
        settings.make_home(here)
        return retention.run(store, here, OWNER, RECEIVED)

    said = of_two_at_once(store, first)
    assert len(said) == 1 and "used before" in str(said[0])


def test_a_first_run_that_was_killed_has_used_its_key(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded(store, home, tmp_path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(erasure, "clear_quarantine", killed)
        retention.run(store, home, OWNER, retention.due_at(RECEIVED, 12))
    (home.home / "keys" / "retention.key").unlink()
    assert govern.lost_keys(store, OWNER, home.home)
    with pytest.raises(StoreError, match="used before"):
        retention.run(store, home, OWNER, retention.due_at(RECEIVED, 12))


def killed(*_: object) -> int:
    raise KeyboardInterrupt


def test_a_first_run_of_a_former_release_that_was_killed_has_used_its_key_too(
    store: Store, home: Settings
) -> None:
    """It told of the key at its end alone; of each chunk that it masked it told at once."""
    with store.write() as connection:
        audit.append(
            connection, actor="o", action="retention.forget", subject="chunk:1", now=RECEIVED
        )
    with pytest.raises(StoreError, match="used before"):
        retention.run(store, home, OWNER, RECEIVED)
    assert govern.lost_keys(store, AUDITOR, home.home) == [str(home.home / "keys/retention.key")]


def test_a_key_that_was_destroyed_on_purpose_is_followed_by_another_when_a_person_says_so(
    store: Store, home: Settings
) -> None:
    retention.run(store, home, OWNER, RECEIVED)
    (home.home / "keys" / "retention.key").unlink()
    with pytest.raises(StoreError, match="not here"):
        retention.run(store, home, OWNER, RECEIVED)
    retention.run(store, home, OWNER, RECEIVED, new_key=True)
    retention.run(store, home, OWNER, RECEIVED)
    assert made_keys(store) == 2  # what the first sealed is gone for good: the chain tells when
    retention.run(store, home, OWNER, RECEIVED, new_key=True)
    assert made_keys(store) == 2  # the one that is here went on


def test_a_key_of_another_installation_masks_nothing(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """As the wrong backup leaves it: of 32 bytes, its owner's alone, and none that opens a mask."""
    retention.run(store, home, OWNER, RECEIVED)
    sow(store, home, tmp_path)
    assert govern.lost_keys(store, OWNER, home.home) == []
    kept, now = home.home / "keys" / "retention.key", retention.due_at(RECEIVED, 12)
    own, before = kept.read_bytes(), everything(store, home)
    kept.write_bytes(other := b"k" * keys.SIZE)
    for do in (
        lambda: retention.run(store, home, OWNER, now),
        lambda: retention.run(store, home, OWNER, now, new_key=True),  # never written over
        lambda: retention.preview(store, home, OWNER, now),
        lambda: govern.lost_keys(store, OWNER, home.home),
    ):
        with pytest.raises(StoreError, match="another key than the one used before"):
            do()
    assert kept.read_bytes() == other
    kept.write_bytes(own)
    assert everything(store, home) == before
    assert retention.run(store, home, OWNER, now).masked > 0
    kept.unlink()
    retention.run(store, home, OWNER, now, new_key=True)
    assert govern.lost_keys(store, OWNER, home.home) == []
    kept.write_bytes(own)
    with pytest.raises(StoreError, match="another key"):  # the newest counts
        retention.run(store, home, OWNER, now)


def test_the_key_of_a_database_of_a_former_release_is_taken_as_it_is(
    any_store: Store, home: Settings
) -> None:
    """That told that a key was made, and nothing by which it is known again: the next one is."""
    of_a_former_release(any_store, home)
    kept, other = home.home / "keys" / "retention.key", b"k" * keys.SIZE
    kept.write_bytes(other)
    retention.run(any_store, home, OWNER, RECEIVED)
    assert govern.lost_keys(any_store, OWNER, home.home) == []
    assert made_keys(any_store) == 1
    kept.unlink()
    retention.run(any_store, home, OWNER, RECEIVED, new_key=True)
    kept.write_bytes(other)
    with pytest.raises(StoreError, match="another key"):
        retention.run(any_store, home, OWNER, RECEIVED)


def of_a_former_release(store: Store, home: Settings) -> None:
    """A key, made as a former release told of it."""
    settings.make_home(home)
    keys.key(home.home, "retention")
    told = {"actor": "o", "action": "retention.key", "subject": "retention", "now": RECEIVED}
    with store.write() as connection:
        audit.append(connection, **told)


def made_keys(store: Store) -> int:
    with store.read() as connection:
        asked = text("SELECT count(*) FROM audit WHERE action = 'retention.key'")
        return int(connection.execute(asked).scalar_one())


def test_what_a_destroyed_key_sealed_is_still_removed_when_its_time_is_over(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.travellers(1, goods_declared="pistol barrel")
    rate(store, home, write(tmp_path / "people.csv", table), "traveller", RECEIVED)
    now = retention.due_at(RECEIVED, 6)
    assert retention.run(store, home, OWNER, now).masked == 1
    (home.home / "keys" / "retention.key").unlink()
    retention.run(store, home, OWNER, now, new_key=True)
    assert retention.run(store, home, OWNER, retention.due_at(RECEIVED, 60)).removed == 1


def test_what_was_never_masked_is_neither_asked_for_nor_shown_as_if_it_had_been(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    seeded(store, home, tmp_path)
    with pytest.raises(RiskProfileError, match="nothing of this record is masked"):
        unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, RECEIVED)
    assert unmasking.requests(store, INES) == []
    with store.write() as connection:  # as an older release took it in
        said = {"record_id": "XC-000000", "profile": "traveller", "office": HERE}
        said |= {"case_number": "CASE-7", "reason": WHY, "asked_by": "ines"}
        connection.execute(insert(Unmasking).values(asked_at=RECEIVED, **said))
    [asked] = unmasking.requests(store, INES)
    unmasking.allow(store, SARA, asked.id, RECEIVED)
    with pytest.raises(RiskProfileError, match="nothing of this record is masked"):
        unmasking.look(store, home, INES, asked.id, RECEIVED)


def test_what_waits_or_is_allowed_is_not_asked_for_again_but_for_another_case(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    record, now = masked(store, home, tmp_path)

    def ask(who: Actor, case: str, at: datetime) -> int:
        return unmasking.ask(store, who, record, "shipment", case, WHY, at)

    asked = ask(INES, "CASE-7", now)
    with pytest.raises(Conflict, match="waits for a supervisor"):
        ask(INES, " CASE-7", now)
    until = unmasking.allow(store, SARA, asked, now)
    with pytest.raises(Conflict, match="press Look"):
        ask(INES, "CASE-7", until - SECOND)
    others = [ask(INES, "CASE-8", now), ask(OMAR, "CASE-7", now), ask(INES, "CASE-7", until)]
    assert [one.id for one in unmasking.requests(store, INES)] == [*reversed(others), asked]


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_of_two_who_allow_a_request_at_once_the_second_is_told_who_did(store: Store) -> None:
    given = {"record_id": "XM-1", "profile": "shipment", "office": HERE, "asked_by": "ines"}
    given |= {"case_number": "CASE-7", "reason": WHY, "asked_at": RECEIVED}
    made = insert(Unmasking).values(given).returning(Unmasking.id)
    with store.write() as connection:
        asked = connection.execute(made).scalar_one()

    def allow(name: str) -> object:
        return unmasking.allow(store, Actor(name, "supervisor", HERE), asked, RECEIVED)

    [said] = of_two_at_once(store, allow)
    [told] = unmasking.requests(store, INES)
    assert isinstance(said, Conflict) and said.holder == told.allowed_by


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_who_asks_twice_at_once_to_see_a_record_asks_once(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(1, customs_office=HERE)
    rate(store, home, write(tmp_path / "day.csv", table), "shipment", RECEIVED)
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 12))

    def ask(name: str) -> object:
        return unmasking.ask(store, INES, "XM-000000", "shipment", "CASE-7", WHY, now)

    [said] = of_two_at_once(store, ask)
    assert isinstance(said, Conflict) and len(unmasking.requests(store, INES)) == 1


def test_a_request_that_nobody_allowed_within_a_week_is_over_and_asked_for_anew(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    record, now = masked(store, home, tmp_path)
    asked = unmasking.ask(store, INES, record, "shipment", "CASE-7", WHY, now)
    [told] = unmasking.requests(store, INES)
    late = now + timedelta(days=7)
    assert (told.over(late - SECOND), told.over(late)) == (False, True)
    with pytest.raises(Conflict, match="waits for a supervisor"):
        unmasking.ask(store, INES, record, "shipment", "CASE-7", WHY, late - SECOND)
    for act in (
        lambda: unmasking.allow(store, SARA, asked, late),
        lambda: unmasking.look(store, home, INES, asked, late),
    ):
        with pytest.raises(PolicyError, match="within 7 days"):
            act()
    again = unmasking.ask(store, INES, record, "shipment", "CASE-7", WHY, late)
    until = unmasking.allow(store, SARA, again, late + timedelta(days=7) - SECOND)
    assert unmasking.look(store, home, INES, again, until - SECOND).declared
    assert unmasking.requests(store, INES)[0].over(until)


def test_nobody_allows_their_own_request_nor_another_offices(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    record, now = masked(store, home, tmp_path)
    asked = unmasking.ask(store, SARA, record, "shipment", "CASE-7", WHY, now)
    with pytest.raises(Conflict, match="another person"):
        unmasking.allow(store, SARA, asked, now)
    with pytest.raises(NotAllowed, match="no such request"):
        unmasking.allow(store, Actor("far", "supervisor", "XMNOR"), asked, now)
    with pytest.raises(NotAllowed):
        unmasking.allow(store, OMAR, asked, now)
    with pytest.raises(NotAllowed):
        unmasking.ask(store, AUDITOR, record, "shipment", "CASE-7", WHY, now)
    with pytest.raises(RiskProfileError, match="case number"):
        unmasking.ask(store, INES, record, "shipment", " ", WHY, now)
    assert [one.asked_by for one in unmasking.requests(store, OMAR)] == ["sara"]
    assert unmasking.requests(store, Actor("far", "supervisor", "XMNOR")) == []
    # Of most records there is no alert: their office is the declared one.
    with store.read() as connection:
        alerted = set(connection.execute(select(erasure.alert_table.c.record_id)).scalars())
        known = connection.execute(select(batches.record_table.c.record_id)).scalars()
        silent = next(one for one in known if one.startswith("XM-") and one not in alerted)
    with pytest.raises(NotAllowed):
        unmasking.ask(
            store, Actor("far", "officer", "XMNOR"), silent, "shipment", "CASE-7", WHY, now
        )
    unmasking.ask(store, INES, silent, "shipment", "CASE-7", WHY, now)


def test_what_was_written_of_a_masked_record_is_opened_with_it_also_what_came_later(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Late words are sealed when the same term after them is over; a new key opens none of them."""
    table = factory.travellers(3, goods_declared=["pistol barrel", None, None])
    rate(store, home, write(tmp_path / "people.csv", table), "traveller", RECEIVED)
    with store.read() as connection:  # one was drawn by chance
        columns = select(erasure.alert_table.c.record_id, erasure.alert_table.c.id)
        alerted = dict(connection.execute(columns).all())
    alert = alerted["XC-000000"]
    (other,) = {"XC-000001", "XC-000002"} - alerted.keys()
    review.alert(store, INES, alert, RECEIVED, purpose="control at the gate")
    review.claim(store, INES, alert, RECEIVED)
    review.decide(store, INES, alert, "examine", "the seat says Ada", RECEIVED)
    review.record_outcome(
        store, INES, alert, "other", RECEIVED, methods=["opened"], note="Ada had none",
        concealment="sewn in by Ada", packaging="the bag of Ada",
    )  # fmt: skip
    note, noted = "Ada called the desk", RECEIVED + timedelta(days=150)
    noting.note(store, INES, alert, note, noted)
    why = "Ada waits at the gate for him"
    by_hand = raising.raise_alert(store, OMAR, other, "traveller", why, RECEIVED)
    now = retention.due_at(RECEIVED, 6)
    retention.run(store, home, OWNER, now)
    with store.write() as connection:
        said = {"alert_id": alert, "until": now, "by": "sara", "at": now}
        connection.execute(insert(Snooze).values(reason="Ada appealed", **said))

    def seen(record: str, at: datetime) -> list[tuple[Any, ...]]:
        asked = unmasking.ask(store, INES, record, "traveller", "CASE-7", WHY, at)
        unmasking.allow(store, SARA, asked, at)
        told = unmasking.look(store, home, INES, asked, at)
        return [(one.who, one.what, one.text) for one in told.written]

    def left() -> str:
        with store.read() as connection:
            words = [erasure.written(connection, one) for one in (alert, by_hand)]
            fired = connection.execute(select(erasure.alert_table.c.indicators)).scalars().all()
        return f"{words} {fired}"

    first = [
        ("ines", ("decision", "reason"), "the seat says Ada"),
        ("ines", ("outcome", "note"), "Ada had none"),
        ("ines", ("outcome", "packaging"), "the bag of Ada"),
        ("ines", ("outcome", "concealment"), "sewn in by Ada"),
        ("ines", ("audit", "note"), note),
    ]
    with store.read() as connection:
        assert audit.verify(connection).ok
    told = review.alert(store, SARA, alert, now, purpose="control at the gate").timeline
    assert [one.purpose for one in told if one.action == noting.NOTE] == [""]
    assert seen("XC-000000", now) == first
    assert seen(other, now) == [("omar", ("alert", "reason"), why)]
    assert left().count("Ada") == 1 and "omar raised it by hand: …" in left()
    retention.run(store, home, OWNER, retention.due_at(now, 6) - SECOND)
    assert "Ada appealed" in left()
    over = retention.due_at(now, 6)
    assert retention.preview(store, home, OWNER, over)["traveller"].alerts == 1
    assert "Ada appealed" in left()
    assert retention.run(store, home, OWNER, over).alerts == 1
    assert "Ada" not in left()
    assert seen("XC-000000", over) == [*first, ("sara", ("snooze", "reason"), "Ada appealed")]
    assert retention.run(store, home, OWNER, over).alerts == 0
    retention.run(store, home, OWNER, retention.due_at(RECEIVED, 60))
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM sealed")).scalar_one() == 0


def test_by_what_a_carrier_or_an_authority_would_name_a_traveller_is_masked_with_them(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    leads = {"party_ref": "LOC7XY", "bag_tags": "0220555111", "firearm_licence": "FL-88213"}
    table = factory.travellers(1, firearms_declared=9, **leads)  # more than a sport trip carries
    rate(store, home, write(tmp_path / "people.csv", table), "traveller", RECEIVED)
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 6))
    alert, chunk = erasure.alert_table.c, erasure.chunk_table.c
    with store.read() as connection:
        [(declared, found)] = connection.execute(select(alert.declaration, alert.search))
        rows = table_bytes.from_bytes(connection.execute(select(chunk.rows)).scalar_one())
    left = f"{declared} {rows.to_csv()}".casefold()
    assert [word for word in leads.values() if word.casefold() in left + found] == []
    asked = unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, now)
    unmasking.allow(store, SARA, asked, now)
    [row] = unmasking.look(store, home, INES, asked, now).declared
    assert leads.items() <= row.items()


def test_what_a_former_release_masked_is_masked_as_what_comes_now(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It left the booking, the tags and the licence, and why somebody had raised it by hand."""
    leads = {"party_ref": "LOC7XY", "bag_tags": "0220555111", "firearm_licence": "FL-88213"}
    table = factory.travellers(3, name=seed(1), firearms_declared=[9, None, None], **leads)
    rate(store, home, write(tmp_path / "people.csv", table), "traveller", RECEIVED)
    alert, chunk = erasure.alert_table, erasure.chunk_table
    with store.read() as connection:  # one may be drawn by chance
        alerted = set(connection.execute(select(alert.c.record_id)).scalars())
    other = min({"XC-000001", "XC-000002"} - alerted)
    why = "Ada waits at the gate for him"
    by_hand = raising.raise_alert(store, OMAR, other, "traveller", why, RECEIVED)
    with store.read() as connection:
        said = connection.execute(select(alert.c.indicators).where(alert.c.id == by_hand)).scalar()
    now = retention.due_at(RECEIVED, 6)

    def set_reason(reasons: list[Any]) -> None:
        with store.write() as connection:
            here = alert.update().where(alert.c.id == by_hand)
            connection.execute(here.values(indicators=reasons))

    set_reason([{**said[0], "text": "omar raised it by hand: …"}])  # it was not sealed
    with monkeypatch.context() as former:
        former.setattr(retention, "hidden", lambda profile: [*profile.protected("P1"),
                       *profile.protected("P2"), "extra"])  # fmt: skip
        retention.run(store, home, OWNER, now)
    set_reason(said)
    with store.write() as connection:
        connection.execute(chunk.update().values(kept="names"))  # as the database is upgraded

    def left() -> str:
        with store.read() as connection:
            found = connection.execute(
                select(alert.c.declaration, alert.c.search, alert.c.indicators)
            ).all()
            rows = table_bytes.from_bytes(connection.execute(select(chunk.c.rows)).scalar_one())
        return f"{found} {rows.to_csv()}".casefold()

    assert all(word.casefold() in left() for word in (*leads.values(), why))
    assert retention.run(store, home, OWNER, now).masked == 2
    assert not [word for word in (*leads.values(), why) if word.casefold() in left()]
    for record, written in (("XC-000000", []), (other, [why])):
        asked = unmasking.ask(store, INES, record, "traveller", "CASE-7", WHY, now)
        unmasking.allow(store, SARA, asked, now)
        told = unmasking.look(store, home, INES, asked, now)
        assert {**leads, "name": seed(1)}.items() <= told.declared[0].items()
        assert [one.text for one in told.written] == written
    again = retention.run(store, home, OWNER, now)
    assert (again.masked, again.alerts) == (0, 0)


def test_what_is_written_of_an_alert_that_was_raised_after_the_masking_is_sealed_too(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.travellers(1, goods_declared="pistol barrel")
    rate(store, home, write(tmp_path / "people.csv", table), "traveller", RECEIVED)
    with store.write() as connection:
        first = connection.execute(select(erasure.alert_table.c.id)).scalar_one()
        closed = erasure.alert_table.update().values(state="closed", closed_at=RECEIVED)
        connection.execute(closed)
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 6))
    why = "Ada came back to the gate for him"
    made = raising.raise_alert(store, OMAR, "XC-000000", "traveller", why, now)
    with store.write() as connection:
        said = {"alert_id": made, "until": now, "by": "sara", "at": now}
        connection.execute(insert(Snooze).values(reason="Ada appealed", **said))

    def left() -> str:
        with store.read() as connection:
            words = [erasure.written(connection, one) for one in (first, made)]
            fired = connection.execute(select(erasure.alert_table.c.indicators)).scalars().all()
        return f"{words} {fired}"

    over = retention.due_at(now, 6)
    assert retention.run(store, home, OWNER, over - SECOND).alerts == 0
    assert left().count("Ada") == 2
    assert retention.run(store, home, OWNER, over).alerts == 1
    assert "Ada" not in left() and retention.run(store, home, OWNER, over).alerts == 0
    asked = unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, over)
    unmasking.allow(store, SARA, asked, over)
    told = unmasking.look(store, home, INES, asked, over).written
    assert {one.text for one in told} == {why, "Ada appealed"}


def test_where_something_was_found_is_no_late_word_of_every_masked_alert(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """One alert that is not masked says where; it was asked whether any alert does."""
    record, now = masked(store, home, tmp_path)
    with store.write() as connection:
        said = {"officer": "ines", "at": now, "outcome": "other", "note": "", "concealment": ""}
        made = connection.execute(insert(Outcome).values(alert_id=10**6, methods=[], **said))
        (number,) = made.inserted_primary_key
        found = {"kind": "part", "where_found": "under the seat"}
        connection.execute(insert(ItemFound).values(outcome_id=number, **found))
        assert erasure.late(connection, "shipment", now, ()) == []
        here = erasure.alert_table.c.record_id == record
        alert = connection.execute(select(erasure.alert_table.c.id).where(here)).scalar_one()
        connection.execute(update(Outcome).values(alert_id=alert))
        assert [one["id"] for one in erasure.late(connection, "shipment", now, ())] == [alert]


def test_late_words_that_another_key_sealed_are_not_lost(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Of two keys of two machines each opens its own, once both are back."""
    of_a_former_release(store, home)  # later ones refuse the second
    sow(store, home, tmp_path)
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 12))
    record = in_the_office(store)
    with store.read() as connection:
        alert = connection.execute(
            select(erasure.alert_table.c.id).where(erasure.alert_table.c.record_id == record)
        ).scalar_one()
    kept = home.home / "keys" / "retention.key"
    own, months = kept.read_bytes(), home.mask_months
    for number, key in enumerate((own, b"k" * keys.SIZE, own)):
        kept.write_bytes(key)
        with store.write() as connection:
            said = {"alert_id": alert, "until": now, "by": "sara", "at": now}
            connection.execute(insert(Snooze).values(reason=f"late {number}", **said))
        now = retention.due_at(now, months)
        retention.run(store, home, OWNER, now)
    with store.read() as connection:
        pieces = [
            keys.unseal(key, erasure.sealed(connection, kind, alert), f"{kind}:{alert}")
            for kind, key in zip(
                erasure.sealed_as(connection, "words", alert), (own, b"k" * keys.SIZE, own),
                strict=True,
            )
        ]  # fmt: skip
    assert [f"late {number}".encode() in one for number, one in enumerate(pieces)] == [True] * 3


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
@pytest.mark.parametrize("months", [6, 60])
def test_what_is_written_of_an_alert_meanwhile_goes_with_it_and_one_that_is_closed_stays_so(
    store: Store, home: Settings, tmp_path: Path, months: int
) -> None:
    """Who is at work on it is waited for; else their words would lie there unsealed."""
    table = factory.travellers(1, goods_declared="pistol barrel")
    rate(store, home, write(tmp_path / "people.csv", table), "traveller", RECEIVED)
    now, alert = retention.due_at(RECEIVED, months), erasure.alert_table
    with ThreadPoolExecutor(1) as beside:
        with store.write() as connection:
            held = connection.execute(select(alert.c.id).with_for_update()).scalar_one()
            done = beside.submit(retention.run, store, home, OWNER, now)
            until_it_waits(store, done)
            said = {"decision": "release", "reason": "Ada had none", "officer": "ines", "at": now}
            connection.execute(insert(Decision).values(alert_id=held, **said))
            connection.execute(update(alert).values(state="closed", closed_at=now))
        assert done.result().alerts == 1
    with store.read() as connection:
        assert "Ada" not in str(erasure.written(connection, held))
    assert row(store, held)["state"] == "closed"
    if months == 6:
        asked = unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, now)
        unmasking.allow(store, SARA, asked, now)
        told = unmasking.look(store, home, INES, asked, now).written
        assert [one.text for one in told] == ["Ada had none"]


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_retention_and_a_run_that_changes_the_same_declaration_never_wait_for_each_other(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Both take its rows before its alerts."""
    rate(store, home, crossing(tmp_path), "traveller", RECEIVED)
    now = retention.due_at(RECEIVED, 60)
    with store.write() as connection:
        alert = connection.execute(select(erasure.alert_table.c.id)).scalar_one()
        said = {"reason": "asked", "by": "ines", "at": RECEIVED, "until": RECEIVED}
        connection.execute(insert(Snooze).values(alert_id=alert, **said))
    other = Store.open(home.database_url)
    listen(other.engine, "connect", patient)
    other.engine.dispose()
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(2) as beside, closing(other):
        with store.write() as connection:  # a word of the alert, which retention has by then
            connection.execute(select(Snooze.id).with_for_update())
            done = beside.submit(retention.run, store, home, OWNER, now)
            until_it_waits(store, done)
            path = crossing(tmp_path, bag_mass_kg=40)
            run = beside.submit(rate, other, home, path, "traveller", now)
            while connection.execute(waits).scalar_one() < 2:
                assert not done.done() and not run.done()
        assert (done.result().removed, done.result().alerts) == (1, 1)
        assert run.result().summary.accepted == 1


def crossing(folder: Path, **columns: object) -> Path:
    """A file of one crossing that an indicator names."""
    table = factory.travellers(1, goods_declared="pistol barrel", **columns)
    return write(folder / f"{len(columns)}.csv", table)


def patient(connection: Any, _: object) -> None:
    """Of two who wait for each other the other one is given up."""
    connection.execute("SET deadlock_timeout = '1h'")
    connection.commit()


def test_what_is_over_cannot_be_unmasked_by_anybody(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.travellers(2, goods_declared="pistol barrel", name=seed(1))
    rate(store, home, write(tmp_path / "people.csv", table), "traveller", RECEIVED)
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 6))
    asked = unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-7", WHY, now)
    unmasking.allow(store, SARA, asked, now)
    [row] = unmasking.look(store, home, INES, asked, now).declared
    assert row["name"] == seed(1)
    retention.run(store, home, OWNER, retention.due_at(RECEIVED, 60))
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM sealed")).scalar_one() == 0
    later = retention.due_at(RECEIVED, 60)
    with pytest.raises(NotAllowed, match="no such record"):
        unmasking.ask(store, INES, "XC-000000", "traveller", "CASE-8", WHY, later)


def test_a_request_to_unmask_keeps_neither_reason_nor_case_nor_reference(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.travellers(2, goods_declared="pistol barrel", name=seed(1))
    rate(store, home, write(tmp_path / "people.csv", table), "traveller", RECEIVED)
    retention.run(store, home, OWNER, now := retention.due_at(RECEIVED, 6))
    why = f"{seed(2)} asked for it in writing"
    unmasking.ask(store, INES, "XC-000000", "traveller", f"CASE {seed(3)}", why, now)
    retention.run(store, home, OWNER, retention.due_at(now, 6) - SECOND)
    [kept] = unmasking.requests(store, SARA)
    assert (kept.reason, kept.record_id) == (why, "XC-000000")
    retention.run(store, home, OWNER, retention.due_at(RECEIVED, 60))
    [left] = unmasking.requests(store, SARA)
    assert (left.reason, left.case_number) == ("", "")
    assert left.record_id.startswith(keys.TOKEN)
    assert left.asked_by == INES.name


def test_a_key_that_others_may_read_is_refused(home: Settings) -> None:
    settings.make_home(home)
    first = keys.key(home.home, "retention")
    assert keys.key(home.home, "retention") == first
    path = home.home / "keys" / "retention.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(StoreError, match="others may read"):
        keys.key(home.home, "retention")


def test_what_was_sealed_opens_with_its_own_key_and_place_alone() -> None:
    one, other = b"a" * 32, b"b" * 32
    lock = keys.seal(one, b"words", "chunk:1")
    assert keys.unseal(one, lock, "chunk:1") == b"words"
    for secret, content, about in (
        (other, lock, "chunk:1"),
        (one, lock, "chunk:2"),
        (one, lock[:-1] + bytes([lock[-1] ^ 1]), "chunk:1"),
    ):
        with pytest.raises(StoreError, match="cannot be opened"):
            keys.unseal(secret, content, about)


def test_the_lock_of_a_watcher_that_began_long_ago_stays(store: Store, home: Settings) -> None:
    """Who comes after it finds by that what it had taken when it died."""
    folder = home.home / "inbox"
    folder.mkdir()
    with Inbox(folder) as inbox:
        lock = inbox.mine.with_suffix(".lock")
        began = datetime.fromtimestamp(lock.stat().st_ctime, UTC)
        told = retention.run(store, home, OWNER, retention.due_at(began, 12) + SECOND)
        assert told.files == 0 and lock.exists()
