"""The past on file is the past, to the last bit: whatever came, went, died or was damaged."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select

from riskprofile.columns import View
from riskprofile.history import Snapshot, layer_files, view
from riskprofile.history.layer import CHUNK, POSITION, Question, partners
from riskprofile.profiles import PROFILES, SHIPMENT, TRAVELLER
from riskprofile.scoring import rating
from riskprofile.services import govern, past, retention
from riskprofile.services.identity import OWNER
from riskprofile.services.past import HISTORY, Folder
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import batches, pasts, table_bytes
from riskprofile.store.batches import record_table
from riskprofile.store.database import Store
from riskprofile.store.parties import form_table
from riskprofile.tables import Table
from tests import factory
from tests.faults import runs
from tests.services.bench import EITHER, NOW, later
from training.synth import generate

NAMES = ("Marandor Selban Trading Ltd", "MARANDOR SELBANN TRADING", "Ulorin Dekavor", "Ulorin")
PLACES = ("12 Harbour Road, 4400 Norvik", "12 Harbor Road, Norvik", "7 Mill Lane, 1200 Velm")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are kept of a few rows."""
    monkeypatch.setattr(past, "LEAST", 1)
    monkeypatch.setattr(past, "WORTH", 1)


@pytest.fixture
def store(bare: Store) -> Store:
    """Travellers are rated too."""
    govern.enable_profile(bare, OWNER, "traveller", "law of a test", "DPIA-1", NOW)
    return bare


class World:
    """Small files, messages and terms come to one installation."""

    def __init__(self, store: Store, home: Settings, folder: Path, seed: int) -> None:
        self.store, self.home, self.folder = store, home, folder
        self.draw, self.sent, self.declared = random.Random(f"past {seed}"), 0, 0
        self.now = NOW

    @property
    def kept(self) -> Folder:
        return Folder(self.home.home / HISTORY, keep=True)

    def send(self, table: Table, **options: Any) -> None:
        self.sent += 1
        self.now += timedelta(minutes=1)
        path = factory.write(self.folder / f"{self.sent}.csv", table)
        screen(self.store, self.home, OWNER, [path], Options(chunk_rows=7, **options), self.now)

    def rows(self, ids: list[str], function: str | None = None) -> Table:
        n, pick = len(ids), self.draw.choices
        said = {"message_at": self.now.isoformat()}
        said |= {"message_function": function} if function else {}
        days = [pd.Timestamp(NOW) - pd.Timedelta(days=self.draw.randint(0, 9)) for _ in ids]
        return factory.shipments(
            n,
            declaration_id=ids,
            lodged_at=pd.Timestamp("2026-11-10 08:00", tz="UTC") if function else days,
            consignee_id=None,
            consignee_name=pick(NAMES, k=n),
            consignee_address=pick(PLACES, k=n),
            consignor_id=[f"S{self.draw.randint(0, 3)}" for _ in ids],
            hs_code=pick(["940370", "930520", "731815"], k=n),
            goods_description=pick(["garden chairs", "pistol slides", "pins"], k=n),
            gross_mass_kg=[float(self.draw.randint(1, 90)) for _ in ids],
            net_mass_kg=None,
            value=[float(self.draw.randint(1, 900)) for _ in ids],
            extra=json.dumps(said),
        )

    def new(self, count: int) -> list[str]:
        self.declared += count
        return [f"XM-{n:06d}" for n in range(self.declared - count, self.declared)]

    def known(self, count: int) -> list[str]:
        many = min(count, self.declared)
        return [f"XM-{n:06d}" for n in self.draw.sample(range(self.declared), many)]

    def step(self) -> str:
        """Something that happens to an installation."""
        what = self.draw.choice(["load", "score", "score", "amend", "amend", "withdraw", "forget"])
        if what == "load":
            self.send(self.rows(self.new(self.draw.randint(1, 12))), history=True)
        elif what == "score":
            self.send(self.rows(self.new(self.draw.randint(1, 12))))
        elif what == "forget":
            self.now += timedelta(days=self.draw.choice([40, 250]))
            retention.run(self.store, self.home, OWNER, self.now)
        elif self.declared:
            ids = self.known(self.draw.randint(1, 6))
            function = "update" if what == "amend" else "cancel"
            self.send(self.rows(ids, function), history=self.draw.random() < 0.3)
        return what

    def crossings(self, count: int) -> None:
        self.declared += count
        self.send(
            factory.travellers(
                count,
                crossing_id=[f"XC-{self.declared}-{n}" for n in range(count)],
                crossing_at=pd.Timestamp(self.now),
                person_ref=[f"P{self.draw.randint(0, 9)}" for _ in range(count)],
                origin=self.draw.choices(["XAAAA", "XBBBB"], k=count),
                destination="XMPME",
            ),
            profile="traveller",
            history=True,
        )


def answers(history: Snapshot, questions: Sequence[Question]) -> dict[str, np.ndarray]:
    """What these questions are answered for every row of it, on its day and some days later."""
    rows = history.remembered
    if not len(rows):
        return {}
    rows = rows.sort_values([CHUNK, POSITION]).reset_index(drop=True)
    items = pd.concat([rows, rows.assign(time=rows["time"] + pd.Timedelta(days=9))])
    items = View.of(items.reset_index(drop=True))
    told: dict[str, Any] = {"age": history.age(items)}
    for question in questions:
        kind, *by = question
        label = " ".join(question)
        if kind == "norm":
            norm = history.norm(items, by[0], by[1:])
            told |= {f"{label} {column}": norm[column] for column in ("n", "mean", "sd")}
        elif kind == "partners":
            of, under = partners(question)
            told[label] = history.partners(items, of, under)
            told[f"{label} lately"] = history.partners(items, of, under, 3)
        elif by:
            told[label] = history.count(items, by)
            told[f"{label} lately"] = history.count(items, by, 3)
            told[f"{label} first"] = history.first_seen(items, by)
            told[f"{label} last"] = history.last_seen(items, by)
    told |= {name: items[name] for name in rows if name not in (CHUNK, POSITION)}
    return {label: column.values for label, column in told.items()}


def same(world: World, name: str = "shipment", folder: Folder | None = None, some: int = 10) -> int:
    """Compare what files and what came since say with all of the past read; layers on file.

    Some questions are asked, drawn by lot, or all of them (0).
    """
    asked = past.questions(name)
    asked = tuple(world.draw.sample(asked, some)) if 0 < some < len(asked) else asked
    before = world.now + timedelta(seconds=1)
    profile = PROFILES[name]
    layers, _ = past.opened(world.store, profile, before, folder or world.kept)
    read, _ = past.opened(world.store, profile, before, None)
    assert len(read) <= 1
    mine, theirs = Snapshot.from_layers(layers), Snapshot.from_layers(read)
    assert len(mine) == len(theirs)
    told, expected = answers(mine, asked), answers(theirs, asked)
    assert told.keys() == expected.keys()
    for label, column in told.items():
        np.testing.assert_array_equal(column, expected[label], err_msg=label)
    with world.store.read() as connection:
        return len(pasts.vouched(connection, name, (folder or world.kept).place))


@pytest.mark.parametrize(
    ("home", "seed"),
    [
        pytest.param("sqlite", 0, marks=pytest.mark.slow),
        ("sqlite", 1),
        pytest.param("sqlite", 2, marks=pytest.mark.slow),
        pytest.param("postgresql", 1, marks=pytest.mark.slow),
    ],
    indirect=["home"],
)
def test_what_is_added_to_equals_what_is_rebuilt(
    store: Store, home: Settings, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "APART", [0, 1, 4][seed])
    monkeypatch.setattr(past, "AT_HAND", [0, 3, 50_000][seed])  # on file, some of it, none
    monkeypatch.setattr(layer_files, "AT_ONCE", 2)
    world = World(store, home, tmp_path, seed)
    most, happened = 0, []
    for _ in range(7):
        happened.append(world.step())
        most = max(most, same(world))
    same(world, some=0)
    assert {"score", "amend"} <= set(happened) or {"load", "withdraw"} <= set(happened)
    assert most > (1 if past.APART == 0 else 0)


def test_a_run_asks_nothing_that_is_not_kept() -> None:
    for profile in PROFILES.values():
        table = next(iter(generate(profile.name, 300, 1, start="2026-03-01", days=30))).table
        items = view(table, profile, codes=True)
        history = Snapshot.from_views([items[[*profile.remembered, "time"]]])
        rating.all_features(items.drop(columns=list(profile.codes)), history, profile)
        rating.indicators(items, history, profile.indicators)
        history.age(items)
        assert history.questions
        assert set(history.questions) <= set(past.questions(profile.name))


@pytest.mark.parametrize("at_hand", [past.AT_HAND, 0])
def test_what_a_former_release_remembered_of_a_licence_still_uses_it_up(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_hand: int
) -> None:
    """It kept the number as it was written, and quantities in any unit; one licence is one."""
    monkeypatch.setattr(past, "AT_HAND", at_hand)
    world = World(store, home, tmp_path, 9)
    for written in ("IM 12/A", "im-12a"):
        rows = world.rows(world.new(3))
        world.send(rows.assign(licence_number=written, quantity=35.0), history=True)
    table = batches.chunk_table
    with store.write() as connection:
        first, content = connection.execute(select(table.c.id, table.c.events)).first()
        events = table_bytes.from_bytes(content)
        former = events.assign(licence_key="IM 12/A").rename(
            columns={"licence_key": "licence_number"}
        )
        former = former.drop(columns=["licensed_pieces", "licensed_item_key"])
        given = table_bytes.stored(former.astype({"licence_number": events["licence_key"].dtype}))
        connection.execute(table.update().where(table.c.id == first).values(events=given))
    world.now += timedelta(days=1)
    layers, _ = past.opened(store, SHIPMENT, world.now, None)
    asked = factory.shipments(1, licence_number="Im 12 a", lodged_at=pd.Timestamp(world.now))
    history = Snapshot.from_layers(layers)
    before = history.norm(view(asked, SHIPMENT), "licensed_pieces", ["licence_key"])
    assert (before["n"].tolist(), before["mean"].tolist()) == ([6.0], [35.0])


def test_what_retention_removed_is_in_no_file(store: Store, home: Settings, tmp_path: Path) -> None:
    world = World(store, home, tmp_path, 7)
    world.crossings(30)
    assert same(world, "traveller") == 1
    seen = view(factory.travellers(1, person_ref="P1"), TRAVELLER)
    key = int(seen["person_key"].iloc[0]).to_bytes(8, "little", signed=True)
    folder = home.home / HISTORY / "traveller"

    def held() -> bool:
        return any(key in path.read_bytes() for path in folder.iterdir())

    assert held()
    (folder / "half.part").write_bytes(key)  # a process died while it wrote
    world.now += timedelta(days=200)
    assert retention.run(store, home, OWNER, world.now).removed == 30
    assert not held()
    world.crossings(5)
    assert same(world, "traveller") == 1
    layers, _ = past.opened(store, TRAVELLER, world.now, Folder(home.home / HISTORY))
    people = Snapshot.from_layers(layers).remembered["person_key"]
    assert people.notna().sum() == 5 == len(people) - 30


def test_rows_read_before_retention_are_not_kept_after_it(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(store, home, tmp_path, 8)
    world.crossings(10)
    write = layer_files.write

    def slow(*given: Any) -> tuple[Path, str]:
        made = write(*given)
        world.now += timedelta(days=200)
        retention.run(store, home, OWNER, world.now)
        return made

    monkeypatch.setattr(layer_files, "write", slow)
    layers, _ = past.opened(store, TRAVELLER, world.now, world.kept)
    assert len(Snapshot.from_layers(layers)) == 10
    assert not list((home.home / HISTORY / "traveller").iterdir())
    monkeypatch.undo()
    assert same(world, "traveller") == 0


def test_a_run_that_ends_late_is_added_and_an_earlier_time_is_read_anew(
    store: Store, home: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What ends after a file was kept may count from before: it is told by chunk, not by time."""
    world = World(store, home, tmp_path, 3)
    world.send(world.rows(world.new(10)), history=True)
    first, second = world.rows(world.new(8)), world.rows(world.new(8))
    began = world.now

    def meanwhile(source: str, rows: int) -> None:
        world.send(second)  # begins later and ends earlier
        assert same(world) == 1

    path = factory.write(tmp_path / "late.csv", first)
    screen(store, home, OWNER, [path], Options(), began, progress=meanwhile)
    same(world)
    layers, _ = past.opened(store, SHIPMENT, world.now, world.kept)
    assert len(Snapshot.from_layers(layers)) == 26
    with caplog.at_level(logging.WARNING):
        early, _ = past.opened(store, SHIPMENT, NOW, world.kept)
    assert not len(Snapshot.from_layers(early))
    assert "holds what does not count as of this run" in caplog.text
    same(world)


def test_a_spelling_learnt_later_holds_for_what_is_on_file(
    store: Store, home: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(store, home, tmp_path, 4)
    world.send(world.rows(world.new(12)), history=True)
    assert same(world) == 1
    with store.write() as connection:  # as a run learns that stamps its end after ours
        keys = connection.execute(select(form_table.c.key).order_by(form_table.c.form)).scalars()
        one, other, *_ = list(keys)
        connection.execute(form_table.update().where(form_table.c.key == one).values(entity=other))
    with caplog.at_level(logging.WARNING):
        same(world)
    assert "holds what does not count" in caplog.text


@pytest.mark.parametrize("fault", ["bit", "cut", "missing", "another", "release"])
def test_a_file_that_cannot_be_believed_is_read_anew_and_said_so(
    store: Store,
    home: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setattr(past, "APART", 0)
    world = World(store, home, tmp_path, 5)
    for _ in range(2):
        world.send(world.rows(world.new(12)), history=True)
        same(world)
    folder = home.home / HISTORY / "shipment"
    with store.read() as connection:
        first, second = pasts.vouched(connection, "shipment", world.kept.place)
    damaged = folder / f"{second}{layer_files.SUFFIX}"
    content = bytearray(damaged.read_bytes())
    if fault == "bit":
        content[len(content) // 3] ^= 4
        damaged.write_bytes(content)
    elif fault == "cut":
        damaged.write_bytes(content[: len(content) // 2])
    elif fault == "missing":
        damaged.unlink()
    elif fault == "another":
        shutil.copyfile(folder / f"{first}{layer_files.SUFFIX}", damaged)
    else:
        monkeypatch.setattr(past, "release", lambda name: "another")
    with caplog.at_level(logging.WARNING):
        assert same(world) == (1 if fault == "release" else 2)
    told = [one.getMessage() for one in caplog.records if one.name == "riskprofile.past"]
    used = 0 if fault == "release" else 1
    assert len(told) == 1 and f"{used} of 2 files are used" in told[0]
    assert layer_files.names(folder) == set(_vouched(world))


def _vouched(world: World) -> list[str]:
    with world.store.read() as connection:
        return pasts.vouched(connection, "shipment", world.kept.place)


def test_files_that_nobody_vouches_for_are_swept(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    world = World(store, home, tmp_path, 6)
    folder = home.home / HISTORY / "shipment"
    folder.mkdir(parents=True)
    (folder / f"{'0' * 64}{layer_files.SUFFIX}").write_bytes(b"of another home")
    (folder / "now.part").write_bytes(b"another process writes this")
    world.send(world.rows(world.new(12)), history=True)
    assert same(world) == 1
    assert layer_files.names(folder) == set(_vouched(world))
    assert (folder / "now.part").exists()


def test_a_file_of_known_rows_alone_lays_the_past_on_file_before_it_is_stored(
    store: Store, home: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite has one writer: within the transaction of the chunk that would wait for itself."""
    world = World(store, home, tmp_path, 9)
    rows = world.rows(world.new(12))
    world.send(rows)
    world.send(rows[::-1])
    assert "is not kept" not in caplog.text
    assert same(world) == 1


@pytest.mark.parametrize("fails", ["write", "name"])
def test_a_folder_that_cannot_be_written_costs_time_alone(
    store: Store,
    home: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
) -> None:
    def full(*given: Any) -> Any:
        raise OSError(28, "No space left on device")

    world = World(store, home, tmp_path, 9)
    world.send(world.rows(world.new(12)), history=True)
    monkeypatch.setattr(layer_files, fails, full)
    with caplog.at_level(logging.WARNING):
        assert same(world) == 0
    assert "is not kept" in caplog.text
    assert not list((home.home / HISTORY / "shipment").glob("*"))


@EITHER
def test_each_host_keeps_its_own_and_retention_ends_all(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    world = World(store, home, tmp_path, 10)
    other = Folder(tmp_path / "other host" / HISTORY, keep=True)
    world.crossings(10)
    assert same(world, "traveller") == same(world, "traveller", other) == 1
    world.crossings(10)
    assert same(world, "traveller") == 1
    world.now += timedelta(days=200)
    retention.run(store, home, OWNER, world.now)
    with store.read() as connection:
        assert not connection.execute(
            select(func.count()).select_from(pasts.past_table)
        ).scalar_one()
    world.crossings(3)
    assert same(world, "traveller", other) == 1
    assert len(layer_files.names(other.path / "traveller")) == 1


def _dies(*given: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _apart(world: World, where: str = "") -> tuple[int, int]:
    """Open the past in another process, which is killed there (`runs.child`)."""

    def opens() -> None:
        put, name, calls = layer_files._Written.put, layer_files.name, 0

        def some(self: Any, content: Any) -> None:
            nonlocal calls
            put(self, content)
            calls += 1
            if calls == 60:
                self._file.flush()
                _dies()

        def named(path: Path, digest: str) -> None:
            name(path, digest)
            _dies()

        if where == "while it writes":
            layer_files._Written.put = some  # type: ignore[method-assign]
        elif where == "before it is vouched for":
            pasts.vouch = _dies  # type: ignore[assignment]
        elif where == "before it is committed":
            layer_files.name = named  # type: ignore[assignment]
        store = Store.open(world.home.database_url)
        past.opened(store, SHIPMENT, world.now + timedelta(seconds=1), world.kept)
        store.close()

    world.store.close()  # what is forked shares no connection
    return runs.child(opens)


@pytest.mark.parametrize(
    "where", ["while it writes", "before it is vouched for", "before it is committed"]
)
def test_a_process_killed_while_it_keeps_leaves_the_past_as_it_was(
    store: Store, home: Settings, tmp_path: Path, where: str
) -> None:
    world = World(store, home, tmp_path, 11)
    world.send(world.rows(world.new(12)), history=True)
    assert same(world) == 1
    before = _vouched(world)
    world.send(world.rows(world.new(12)), history=True)
    assert runs.ended(*_apart(world, where)) == (-signal.SIGKILL, None)
    assert _vouched(world) == before
    folder = home.home / HISTORY / "shipment"
    assert set(before) <= layer_files.names(folder)
    assert len(list(folder.iterdir())) == 2
    assert same(world) == 1
    assert layer_files.names(folder) == set(_vouched(world)) != set(before)


@EITHER
def test_two_processes_at_once_keep_one_past(store: Store, home: Settings, tmp_path: Path) -> None:
    world = World(store, home, tmp_path, 12)
    world.send(world.rows(world.new(20)), history=True)
    both = _apart(world), _apart(world)
    assert [runs.ended(*one) for one in both] == [(0, None), (0, None)]
    assert len(_vouched(world)) == 1
    assert layer_files.names(home.home / HISTORY / "shipment") == set(_vouched(world))
    first = _vouched(world)
    assert same(world) == 1
    assert _vouched(world) == first


def test_workers_read_what_their_run_kept(store: Store, home: Settings, tmp_path: Path) -> None:
    world = World(store, home, tmp_path, 13)
    world.send(world.rows(world.new(30)), history=True)
    rows = world.rows(world.new(20))
    path, other = tmp_path / "rows.csv", Store.open(f"sqlite:///{tmp_path / 'gone.db'}")
    factory.write(path, rows)
    at = world.now + timedelta(minutes=1)
    alone = screen(other, home, OWNER, [path], Options(), at, history_url=home.database_url)
    other.close()
    assert not _vouched(world)
    world.send(rows, workers=2)
    assert len(_vouched(world)) == 1
    with store.read() as connection:
        told = connection.execute(select(record_table.c.record_id, record_table.c.points)).all()
    points = {one.record_id: one.points for one in told}
    ranked = alone.ranked[0].table
    assert len(ranked) == 20
    assert dict(zip(ranked["record_id"], ranked["points"], strict=True)).items() <= points.items()


def test_many_files_of_a_row_are_kept_though_their_rows_are_few(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every message is a file, each of them is a chunk that the next run would open."""
    monkeypatch.setattr(past, "LEAST", 1_000)
    monkeypatch.setattr(past, "WORTH", 1_000)
    monkeypatch.setattr(past, "MANY", 2)
    world = World(store, home, tmp_path, 15)
    for _ in range(2):
        world.send(world.rows(world.new(1)))
    assert not _vouched(world)
    for _ in range(8):
        world.send(world.rows(world.new(1)))
    world.send(world.rows(world.known(1), "change"))
    made = past.release("shipment")
    held = [
        layer_files.read(home.home / HISTORY / "shipment", digest, made).kept.chunks
        for digest in _vouched(world)
    ]
    with store.read() as connection:
        chunks = batches.past(connection, "shipment", later(days=1)).chunks
    assert 0 < len(np.setdiff1d(chunks, np.concatenate(held))) <= past.MANY
    assert len(held) == 1  # made one with those that are not much larger
    same(world)


def test_what_features_ask_is_found_out_where_a_file_is_read_or_written(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a process longer than to read a few rows anew."""
    monkeypatch.setattr(past, "LEAST", 5)
    world = World(store, home, tmp_path, 1)
    past.questions.cache_clear()
    for _ in range(2):
        world.send(world.rows(world.new(4)))
    assert past.questions.cache_info().currsize == 0
    world.send(world.rows(world.new(4)))
    assert past.questions.cache_info().currsize == 1
    assert len(_vouched(world)) == 1


def test_a_dry_run_reads_and_writes_nothing(store: Store, home: Settings, tmp_path: Path) -> None:
    world = World(store, home, tmp_path, 14)
    world.send(world.rows(world.new(12)), history=True)
    path, gone = tmp_path / "dry.csv", Store.open(f"sqlite:///{tmp_path / 'gone.db'}")
    factory.write(path, world.rows(world.new(3)))
    screen(gone, home, OWNER, [path], Options(), later(days=1), history_url=home.database_url)
    gone.close()
    assert not _vouched(world)
    assert not (home.home / HISTORY).exists()
    assert not [*home.home.rglob("*.lock")]
