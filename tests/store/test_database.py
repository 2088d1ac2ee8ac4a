"""The database: opened, migrated, refused, written once."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
import resource
import sqlite3
import struct
import tempfile
import threading
import time
import uuid
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, MetaData, Table, create_engine, func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlmodel import SQLModel

from riskprofile.errors import Busy, Damaged, Deadlock, Misnamed, StoreError
from riskprofile.history import finding
from riskprofile.reference import marks
from riskprofile.reference.arms import FLAGS
from riskprofile.scoring.reasons import Phrasing
from riskprofile.store import alerts, arms, database, erasure, migrations, parties, phrasings
from riskprofile.store.address import parse
from riskprofile.store.alert_tables import Alert
from riskprofile.store.arms_tables import ArmsGram, ArmsTrace
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.store.office_tables import Office, Setting
from riskprofile.store.packed_json import pack
from riskprofile.store.run_tables import Batch, Chunk, PartyBlock, Quarantined
from tests.conftest import AS_SHIPPED, LATE
from tests.faults import runs

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'riskprofile.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of either kind that holds nothing."""
    if request.param == "sqlite":
        return url(tmp_path)
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch) -> str:
    """A database of either kind without any table: who opens it runs every migration."""
    monkeypatch.setattr(migrations, "upgrade", migrations.upgrade.__wrapped__)
    if request.param == "sqlite":
        return url(tmp_path)
    return str(request.getfixturevalue("empty_postgres_url"))


def test_what_other_tests_start_from_is_what_the_migrations_make(tmp_path, monkeypatch):
    made = []
    for name in ("first.db", "second.db", "third.db"):
        if name == "third.db":
            monkeypatch.setattr(migrations, "upgrade", migrations.upgrade.__wrapped__)
        store = Store.open(f"sqlite:///{tmp_path / name}")
        with store.read() as connection:
            found = connection.execute(text("SELECT name, sql FROM sqlite_master ORDER BY name"))
            made.append([tuple(row) for row in found])
        store.close()
    assert made[0] == made[1] == made[2]


def test_a_fresh_database_has_exactly_the_tables_of_the_models(empty):
    store = Store.open(empty)
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
        assert set(inspect(connection).get_table_names()) == {
            *SQLModel.metadata.tables,
            "alembic_version",
        }
    store.close()


def test_postgresql_stores_bytes_that_are_compressed_as_they_are(empty_postgres_url, monkeypatch):
    """It would look for what to make shorter in each chunk, and find nothing."""
    monkeypatch.setattr(migrations, "upgrade", migrations.upgrade.__wrapped__)
    store = Store.open(empty_postgres_url)
    content = b"x" * 100_000  # it would make some thousand of them
    held = {"rows": content, "features": content, "events": content}
    with store.write() as connection:
        batch = {"id": "b", "source": "a.csv", "digest": "0", "format": "csv", "started_at": NOW}
        connection.execute(insert(Batch).values(**batch, profile="shipment"))
        chunk = {"batch_id": "b", "number": 1, "profile": "shipment", "count": 1}
        connection.execute(insert(Chunk).values(**chunk, **held))
        sizes = [func.pg_column_size(Chunk.__table__.c[name]) for name in held]
        assert [*connection.execute(select(*sizes)).one()] == [len(content)] * 3
    store.close()


def test_opening_twice_changes_nothing(empty):
    for _ in range(2):
        store = Store.open(empty)
        with store.write() as connection:
            migrations.upgrade(connection)
        with store.read() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).all()
        store.close()
        assert [row[0] for row in found] == [migrations.REVISIONS[-1]]


def test_the_list_of_revisions_names_every_migration():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    walked = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(walked)) == migrations.REVISIONS


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty, monkeypatch):
    real = migrations.upgrade

    def half(connection):
        real(connection)
        raise RuntimeError("killed")

    monkeypatch.setattr(migrations, "upgrade", half)
    with pytest.raises(RuntimeError):
        Store.open(empty)
    monkeypatch.undo()
    store = Store.open(empty)  # empty, so it is made anew
    with store.read() as connection:
        assert connection.execute(select(Office.__table__)).all() == []
    store.close()


def old_batch(connection, profile):
    """A batch, as a schema before 0029 holds it."""
    batch = Batch(id="b", source="", digest="", format="csv", profile=profile, started_at=NOW)
    given = {**batch.model_dump(), "started_at": NOW.replace(tzinfo=None), "history_upto": 3}
    connection.execute(insert(Table("batch", MetaData(), autoload_with=connection)), given)


def test_batches_of_earlier_releases_are_as_they_were_without_what_nothing_read(empty):
    """With all that refers to one: on SQLite no table is made anew for it."""
    engine = database._engine(parse(empty))
    with engine.connect() as connection:
        migrations.upgrade(connection, "0028")
        old_batch(connection, "shipment")
        chunk = {"batch_id": "b", "number": 1, "profile": "shipment", "kept": "full", "count": 0}
        chunk |= {"rows": b"", "events": b""}
        connection.execute(insert(Table("chunk", MetaData(), autoload_with=connection)), chunk)
        connection.commit()
    engine.dispose()
    store, batch = Store.open(empty), Batch.__table__
    with store.read() as connection:
        [found] = connection.execute(select(batch)).all()
        given = Batch(
            id="b", source="", digest="", format="csv", profile="shipment", started_at=NOW
        )
        assert dict(found._mapping) == {**given.model_dump(), "ended_at": None}
        assert connection.execute(select(Chunk.batch_id)).scalars().all() == ["b"]
        assert "history_upto" not in {
            one["name"] for one in inspect(connection).get_columns("batch")
        }
        indexes = {index["name"] for index in inspect(connection).get_indexes("batch")}
        assert indexes == {index.name for index in batch.indexes}
    store.close()


def test_blocks_and_links_of_earlier_releases_are_kept_once(empty):
    """In the order of their keys, on SQLite, which had an index of all of it beside each table."""
    rows = {
        "party_block": [{"block": -(2**63), "key": 2**63 - 1}, {"block": 7, "key": -7}],
        "alert_link": [{"alert_id": one, "kind": "phone", "key": "+1"} for one in (2, 1)],
    }
    engine = database._engine(parse(empty))
    with engine.connect() as connection:
        migrations.upgrade(connection, "0029")
        for name, given in rows.items():
            connection.execute(insert(Table(name, MetaData(), autoload_with=connection)), given)
        migrations.upgrade(connection, "0030")
        for name, given in rows.items():
            table = SQLModel.metadata.tables[name]
            found = connection.execute(select(table).order_by(*table.primary_key)).mappings().all()
            assert found == sorted(given, key=lambda row: [*row.values()])
        connection.commit()
    engine.dispose()
    store = Store.open(empty)
    with store.read() as connection:
        for name in rows:
            table = SQLModel.metadata.tables[name]
            indexes = {index["name"] for index in inspect(connection).get_indexes(name)}
            assert indexes == {index.name for index in table.indexes}
            if store.sqlite:
                with pytest.raises(OperationalError, match="no such column: rowid"):
                    connection.exec_driver_sql(f"SELECT rowid FROM {name}")
    store.close()


def test_what_refers_to_rows_that_are_gone_stops_an_upgrade_with_one_sentence(tmp_path):
    """As a program leaves it that heeds no reference; the database is as it was before."""
    given = {"state": "open", "queue": "compliance", "lane": "red", "model_version": "1"}
    given |= {"record_id": "A", "profile": "shipment", "version": 1, "rank": 1, "driver": 1}
    given |= {"title": "", "search": "", "model_digest": "", "selected_by": "score"}
    given |= {"batch_id": "b", "created_at": NOW.replace(tzinfo=None)}
    engine = database._engine(parse(url(tmp_path)))
    with engine.connect() as connection:
        migrations.upgrade(connection, "0016")  # the next makes the table of alerts anew
        old_batch(connection, "shipment")
        old = Table("alert", MetaData(), autoload_with=connection)
        connection.execute(insert(old), given)
        connection.commit()
    engine.dispose()
    file = tmp_path / "riskprofile.db"
    with closing(sqlite3.connect(file)) as plain, plain:
        plain.execute("DELETE FROM batch")
    with pytest.raises(Damaged) as refused:
        Store.open(url(tmp_path))
    assert str(refused.value) == (
        f"{file}: the database cannot be brought to this release: it holds rows that refer to rows "
        "that are gone (of alert to batch). Restore the last backup; keep this database aside."
    )
    with closing(sqlite3.connect(file)) as plain:
        assert plain.execute("SELECT version_num FROM alembic_version").fetchall() == [("0016",)]
        assert plain.execute("SELECT count(*) FROM alert").fetchall() == [(1,)]


def test_alerts_of_earlier_releases_stand_where_later_ones_of_their_kind_do(empty):
    """A migration writes numbers of its own: they are those that new alerts get."""
    kinds = [
        {"lane": lane, "selected_by": by, "points": points}
        for lane in ("red", "yellow")
        for by in ("score", "indicator", "random", "manual")
        for points in (None, -20, 0, 310)
    ]
    given = {"state": "open", "queue": "compliance", "model_version": "1", "model_digest": ""}
    given |= {"profile": "shipment", "version": 1, "rank": 1, "driver": 1, "title": ""}
    given |= {"search": "", "batch_id": "b", "created_at": NOW.replace(tzinfo=None)}
    engine = database._engine(parse(empty))
    with engine.connect() as connection:
        migrations.upgrade(connection, "0021")
        old_batch(connection, "shipment")
        old = Table("alert", MetaData(), autoload_with=connection)
        rows = [{**given, **kind, "id": n, "record_id": str(n)} for n, kind in enumerate(kinds)]
        connection.execute(insert(old), rows)
        connection.commit()
    engine.dispose()
    store, alert = Store.open(empty), Alert.__table__
    with store.read() as connection:
        found = connection.execute(select(alert).order_by(alert.c.id)).mappings().all()
    assert [row["standing"] for row in found] == [alerts.standing(**kind) for kind in kinds]
    assert len({row["standing"] for row in found}) == 8  # raised to red, or not
    store.close()


def identity(*piece: str) -> str:
    """What a trace request at iARMS asks Norway of a piece."""
    return hashlib.sha256(json.dumps([*piece, "iarms", "NO"]).encode()).hexdigest()


def test_marks_that_came_before_are_found(empty):
    """A pistol that says nothing of a slide, one whose frame and slide have runs in common, and
    some whose kana and Han were left out, with requests that ask for them.
    """
    now = NOW.replace(tzinfo=None)
    given = dict.fromkeys(("part", "make", "model", "calibre", "authority", "arm_type"), "")
    given |= dict.fromkeys(("make_key", "model_key", "serial_key", "content", "recorded_by"), "")
    given |= dict.fromkeys(FLAGS, False) | {"event": "seized", "event_on": now, "year": 2026}
    given |= {"kind": "firearm", "count": 1, "marking": "unique", "recorded_at": now}
    rows = [
        {**given, "id": 1, "number": "A1", "serial": "SB0I25", "details": {"cover_goods": "x"}},
        {**given, "id": 2, "number": "A2", "serial": "NW6234"}
        | {"details": {"serial_elsewhere": "NW-62342|ZZ48151"}},
        {**given, "id": 3, "number": "A3", "serial": "イ71943", "serial_key": "71943"}
        | {"details": None},
        {**given, "id": 4, "number": "A4", "serial": "五六七式", "make": "东方", "details": None},
    ]
    engine = database._engine(parse(empty))
    with engine.connect() as connection:
        migrations.upgrade(connection, "0022")
        old = MetaData()
        old.reflect(connection, only=["arms", "arms_gram", "arms_trace"])
        connection.execute(insert(old.tables["arms"]), rows)
        runs = [
            {"gram": gram, "arms_id": row["id"]}
            for row in rows
            for gram in marks.grams("".join(filter(str.isascii, marks.skeleton(row["serial"]))))
        ]
        connection.execute(insert(old.tables["arms_gram"]), runs)
        asked = [
            {"arms_id": arms_id, "identity": identity(*piece)}
            | {"channel": "iarms", "to_country": "NO", "package": "", "state": "asked"}
            | {"asked_by": "ines", "asked_at": now, "result": "", "pieces": 0}
            | {"diversion": "", "reference": ""}
            for arms_id, piece in ((3, ("", "71943")), (4, ("A4",)), (4, ("before", "corrected")))
        ]
        connection.execute(insert(old.tables["arms_trace"]), asked)
        connection.commit()
    engine.dispose()
    store = Store.open(empty)
    with store.read() as connection:
        for serial, found in (("ZZ4815", ["A2"]), ("NW62342", ["A2"]), ("SB0I25", ["A1"])):
            assert [one["number"] for one in arms.by_serial(connection, serial)] == found
        for serial, found in (("イ71943", "A3"), ("五六七式", "A4")):
            [one] = arms.by_serial(connection, marks.skeleton(serial))
            assert one["number"] == found
        kept = connection.execute(select(arms.arms.c.serial_key).where(arms.arms.c.id > 2))
        assert sorted(kept.scalars()) == ["イ71943", "五六七式"]
        assert arms.named(connection, "make", marks.name_key("东方"))
        assert not connection.execute(select(ArmsGram).filter_by(gram="^71")).all()
        asks = connection.execute(select(ArmsTrace.identity).order_by(ArmsTrace.id)).scalars().all()
        make = marks.name_key("东方")
        now_asked = (("", "イ71943"), (make, "五六七式"), ("before", "corrected"))
        assert asks == [identity(*piece) for piece in now_asked]
    store.close()


def test_travellers_whose_alerts_came_before_are_found_by_name_no_more(empty):
    """A shipment is, and what retention left without words stays without."""
    given = {"state": "open", "queue": "compliance", "model_version": "1", "model_digest": ""}
    given |= {"version": 1, "rank": 1, "driver": 1, "title": "", "lane": "red", "points": 3}
    given |= {"selected_by": "score", "batch_id": "b", "created_at": NOW.replace(tzinfo=None)}
    person = {"name": "Ada Example", "party_ref": "LOC7XY"}
    rows = [
        {"record_id": "T1", "profile": "traveller", "declaration": [person], "search": "t1 ada"},
        {"record_id": "T2", "profile": "traveller", "declaration": None, "search": ""},
        {"record_id": "S1", "profile": "shipment", "declaration": None, "search": "s1 ada"},
    ]
    raised = {"key": "M01_raised_by_hand", "text": "omar raised it by hand: Ada, at the gate"}
    rows[1] |= {"selected_by": "manual", "indicators": [raised]}
    chunks = [
        {"profile": profile, "kept": kept, "number": n, "batch_id": "b", "count": 0}
        | {"rows": b"", "events": b""}
        for n, (profile, kept) in enumerate(
            [("traveller", "masked"), ("traveller", "removed"), ("shipment", "masked")]
        )
    ]
    engine = database._engine(parse(empty))
    with engine.connect() as connection:
        migrations.upgrade(connection, "0023")
        old_batch(connection, "traveller")
        old = Table("alert", MetaData(), autoload_with=connection)
        connection.execute(
            insert(old),
            [{"indicators": [], **given, **row, "id": n} for n, row in enumerate(rows, 1)],
        )
        connection.execute(insert(Table("chunk", MetaData(), autoload_with=connection)), chunks)
        connection.commit()
    engine.dispose()
    store, alert = Store.open(empty), Alert.__table__
    with store.read() as connection:
        found = connection.execute(select(alert.c.search).order_by(alert.c.id)).scalars().all()
        kept = connection.execute(select(Chunk.kept).order_by(Chunk.number)).scalars().all()
        said = connection.execute(select(alert.c.indicators).where(alert.c.id == 2)).scalar_one()
    assert found == ["t1 loc7xy", "", "s1 ada"]
    assert kept == ["names", "removed", "masked"]  # as it was, until retention runs
    assert said == [{**raised, "text": "omar raised it by hand: …"}]
    store.close()


def test_forms_of_earlier_releases_are_found_as_those_of_a_register_filled_anew(empty):
    """Those that stand for another, or whose text was forgotten, are kept in no block."""
    known = [("party", "marandor selban trading"), ("address", "12 4021 harbour road")]
    known += [("party", "dekavor ulorin"), ("party", "marandor selbann trading"), ("party", "")]
    known += [("party", f"{number} kastelno") for number in range(1_000)]
    at = {"added_at": NOW.replace(tzinfo=None), "seen_at": NOW.replace(tzinfo=None)}
    rows = [
        {"key": key, "family": family, "form": form, "entity": 1 if key == 4 else key, **at}
        for key, (family, form) in enumerate(known, 1)
    ]
    kept = [key not in (4, 5) for key in range(1, 1_006)]
    engine = database._engine(parse(empty))
    with engine.connect() as connection:
        migrations.upgrade(connection, "0029")
        old = MetaData()
        old.reflect(connection, only=["party_form", "party_block"])
        connection.execute(insert(old.tables["party_form"]), rows)
        told = zip(range(1, 1_006), finding.blocks(known), kept, strict=True)
        stood = [{"block": one, "key": key} for key, own, keep in told if keep for one in own]
        connection.execute(insert(old.tables["party_block"]), stood)
        connection.commit()
    engine.dispose()
    store = Store.open(empty)
    asked = [("party", "marandor selban trading"), ("address", "12 harbour road")]
    asked += [("party", "dekavorr ulorin"), ("party", "kastelno"), ("party", "7 kastelno")]
    words = finding.words(known)
    sizes, blocks = words.blocks
    of, many = np.repeat(np.arange(1, 1_006), sizes), np.repeat(kept, sizes)
    places = words.shelves.places(sizes, blocks)
    with store.read() as connection:
        found = parties.join(connection, finding.words(asked), parties.Blocks(NOW))
        held = connection.execute(select(PartyBlock.block, PartyBlock.key)).all()
    assert [one and one.entity for one in found] == [1, 2, 3, None, 13]
    assert {*map(tuple, held)} == {*zip(places[many].tolist(), of[many].tolist(), strict=True)}
    store.close()


def test_what_alerts_say_is_the_same_after_it_was_packed(empty):
    terms = [{"term": "route", "text": "über Nišš", "points": 60}]
    given = {"state": "open", "queue": "compliance", "lane": "red", "model_version": "1"}
    given |= {"record_id": "A", "profile": "shipment", "version": 1, "rank": 1, "driver": 1}
    given |= {"title": "", "search": "", "model_digest": "", "selected_by": "score"}
    engine = database._engine(parse(empty))
    with engine.connect() as connection:
        migrations.upgrade(connection, "0016")
        old_batch(connection, "shipment")
        old = Table("alert", MetaData(), autoload_with=connection)
        assert isinstance(old.c.reasons.type, JSON)
        said = [(terms, []), (None, terms * 99)]
        rows = [
            {
                **given,
                "id": n,
                "version": n,
                "batch_id": "b",
                "created_at": NOW.replace(tzinfo=None),
            }
            | {"reasons": reasons, "against": against}
            for n, (reasons, against) in enumerate(said, start=1)
        ]
        connection.execute(insert(old), rows)
        connection.commit()
    engine.dispose()
    store, alert = Store.open(empty), Alert.__table__
    with store.read() as connection:
        found = connection.execute(select(alert).order_by(alert.c.id)).all()
        assert [(row.reasons, row.against) for row in found] == said
        assert [(row.id, row.record_id, row.lane) for row in found] == [
            (1, "A", "red"),
            (2, "A", "red"),
        ]
        names = {index["name"] for index in inspect(connection).get_indexes("alert")}
        assert names >= {"alert_queue", "alert_blind", "alert_counts", "alert_batch"}
    store.close()


def test_alerts_of_earlier_releases_say_what_they_said_beside_those_whose_words_are_kept_once(
    empty,
):
    terms = [{"term": "route", "text": "über Nišš", "points": 60, "value": 1.5, "norm": ""}]
    given = {"state": "open", "queue": "compliance", "lane": "red", "model_version": "1"}
    given |= {"record_id": "A", "profile": "shipment", "rank": 1, "driver": 1, "title": ""}
    given |= {"search": "", "model_digest": "", "selected_by": "score", "batch_id": "b"}
    engine = database._engine(parse(empty))
    with engine.connect() as connection:
        migrations.upgrade(connection, "0025")
        old_batch(connection, "shipment")
        old = Table("alert", MetaData(), autoload_with=connection)
        row = {**given, "id": 1, "version": 1, "created_at": NOW.replace(tzinfo=None)}
        said = {name: pack(json.dumps(terms)) for name in ("reasons", "against")}
        connection.execute(insert(old), [{**row, **said}])
        connection.commit()
    engine.dispose()
    store, alert = Store.open(empty), Alert.__table__
    words = {"features": [[False, "?", "", "{0:.1f} kg"]], "base": -7, "and": " and "}
    words["terms"] = [["kg", "", "3", [0]], ["base", "it begins", "", []]]
    with store.write() as connection:
        [digest, again] = [phrasings.keep(connection, Phrasing(words)) for _ in range(2)]
        assert digest == again
        packed = pack(struct.pack("<di", 2.5, 9) + b"\0")
        new = {
            **given,
            "id": 2,
            "version": 2,
            "created_at": NOW,
            "phrasing": digest,
            "terms": packed,
        }
        connection.execute(insert(alert).values(new))
    with store.read() as connection:
        first, second = connection.execute(select(alert).order_by(alert.c.version)).mappings()
        assert phrasings.told(connection, first) == (terms, terms)
        assert phrasings.told(connection, second) == (
            [{"term": "kg", "text": "2.5 kg", "points": 9, "value": 2.5, "norm": "3"}],
            [{"term": "base", "text": "it begins", "points": -7, "value": None, "norm": ""}],
        )
    store.close()


def test_two_programs_may_open_an_empty_database_at_once(empty):
    failures: list[BaseException] = []

    def opens():
        try:
            Store.open(empty).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=opens) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_sqlite_that_is_too_old_is_named_before_anything_is_made(tmp_path, monkeypatch):
    """As Python finds it on some systems that are in use: it cannot take a column away."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    with pytest.raises(StoreError, match=r"SQLite 3\.34\.1.*3\.35"):
        Store.open(url(tmp_path))
    assert [*tmp_path.iterdir()] == []
    monkeypatch.undo()
    Store.open(url(tmp_path)).close()


def test_sqlite_keeps_the_settings_that_survive_a_power_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "PRAGMAS", AS_SHIPPED)
    store = Store.open(url(tmp_path))
    with store.read() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    store.close()
    assert found == ["wal", 2, 1, 5000]


@pytest.mark.skipif(os.name != "posix", reason="needs rights of files")
def test_a_new_database_is_its_owners_alone_wherever_it_lies(tmp_path):
    """It holds names and digests of passwords, and is copied out of a home that nobody enters."""
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        store = Store.open(url(tmp_path))
        with store.write() as connection:
            connection.execute(insert(Setting.__table__).values(name="a", value={}))
        files = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert files.keys() >= {"riskprofile.db", "riskprofile.db-wal"}
    assert set(files.values()) == {"0o600"}


@pytest.mark.skipif(os.name != "posix", reason="needs rights of files")
def test_a_database_that_others_could_read_is_its_owners_alone_once_it_is_opened(tmp_path):
    """As an older release made it, with a log that a killed program left."""
    Store.open(url(tmp_path)).close()
    holder = sqlite3.connect(tmp_path / "riskprofile.db")
    holder.execute("PRAGMA user_version").fetchone()  # its log is there while it is open
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    Store.open(url(tmp_path)).close()
    rights = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    holder.close()
    assert rights.keys() >= {"riskprofile.db", "riskprofile.db-wal"}
    assert set(rights.values()) == {"0o600"}


@pytest.mark.skipif(os.name != "posix", reason="needs rights of files")
@pytest.mark.parametrize("there", [False, True])
def test_a_database_that_a_link_leads_to_is_its_owners_alone_with_its_log(tmp_path, there):
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "riskprofile.db").symlink_to(disk / "riskprofile.db")
    before = os.umask(0o022)
    try:
        opened = [Store.open(url(disk))] if there else []
        for file in disk.iterdir():
            file.chmod(0o644)
        opened.append(Store.open(url(tmp_path)))
        rights = {file.name: oct(file.stat().st_mode & 0o777) for file in disk.iterdir()}
        for store in opened:
            store.close()
    finally:
        os.umask(before)
    assert rights.keys() >= {"riskprofile.db", "riskprofile.db-wal"}
    assert set(rights.values()) == {"0o600"}


@pytest.mark.skipif(os.name != "posix", reason="needs rights of files")
def test_a_database_on_a_disk_that_keeps_no_rights_is_opened_all_the_same(tmp_path, monkeypatch):
    Store.open(url(tmp_path)).close()
    (tmp_path / "riskprofile.db").chmod(0o644)  # as such a disk says of every file

    def refused(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refused)
    Store.open(url(tmp_path)).close()


@pytest.mark.skipif(os.name != "posix", reason="needs rights of files")
def test_a_file_of_another_program_that_was_named_by_mistake_keeps_its_rights(tmp_path):
    other = tmp_path / "riskprofile.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    other.chmod(0o644)
    with pytest.raises(StoreError):
        Store.open(url(tmp_path))
    assert oct(other.stat().st_mode & 0o777) == "0o644"


def test_an_error_inside_a_transaction_undoes_it(address):
    store = Store.open(address)
    with pytest.raises(KeyError), store.write() as connection:
        connection.execute(insert(Setting).values(name="a", value=1))
        raise KeyError
    with store.read() as connection:
        assert connection.execute(select(Setting.__table__)).all() == []
    store.close()


def test_a_broken_constraint_stays_an_integrity_error(address):
    store = Store.open(address)
    with store.write() as connection:
        connection.execute(insert(Setting).values(name="a", value=1))
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(insert(Setting).values(name="a", value=2))
    store.close()


def test_tuples_come_back_as_they_were_given(address):
    store = Store.open(address)
    columns = ("id", "source", "digest", "format", "profile", "state", "cursor", "read")
    columns += ("accepted", "quarantined", "duplicate", "alerts", "model_version")
    columns += ("model_digest", "options", "note", "actor", "started_at")
    east = datetime(2026, 11, 24, 10, 0, tzinfo=timezone(timedelta(hours=2)))
    options = {"b": [1.5, None], "a": "Zoë \u0000 ж"}
    row = ("b1", "f", "d", "csv", "x", "done", 0, 0, 0, 0, 0, 0, "", "", options, "", "", east)
    with store.write() as connection:
        store.insert_many(connection, "batch", columns, [row])
        store.insert_many(
            connection,
            "quarantined",
            ("batch_id", "source", "line", "reason_code", "reason", "raw", "column", "state"),
            (("b1", "f", n, "c", "r", "x\ty\\\n", None, "waiting") for n in range(3)),
        )
    with store.read() as connection:
        batch = connection.execute(select(SQLModel.metadata.tables["batch"])).mappings().one()
        lines = connection.execute(select(Quarantined.__table__)).mappings().all()
    store.close()
    assert batch["options"] == options and list(batch["options"]) == ["b", "a"]
    assert batch["started_at"] == NOW and batch["started_at"].tzinfo is UTC
    assert [line["line"] for line in lines] == [0, 1, 2]
    assert {(line["raw"], line["column"]) for line in lines} == {("x\ty\\\n", None)}


def test_a_text_that_postgresql_cannot_hold_is_kept_with_its_place_visible(address):
    store = Store.open(address)
    names = ["Riga", "Ri\0ga", "\0"]
    with store.write() as connection:
        columns = ("code", "name", "zone", "country", "capacity")
        rows = ((f"O{n}", name, "UTC", "LV", 40) for n, name in enumerate(names))
        store.insert_many(connection, "office", columns, rows)
    with store.read() as connection:
        found = connection.execute(select(Office.name).order_by(Office.code)).scalars().all()
    store.close()
    assert found == (names if store.sqlite else ["Riga", "Ri\u2400ga", "\u2400"])


def test_words_that_postgresql_cannot_hold_are_refused_and_not_changed(postgres_url):
    """The audit chain has digests of what is said: it would break over another character."""
    store = Store.open(postgres_url)
    with pytest.raises(StoreError, match="text with a zero byte"), store.write() as connection:
        connection.execute(insert(Setting).values(name="a\0b", value=1))
    store.close()


@pytest.mark.parametrize("count", [0, 1, 449, 450, 451, 1350, 1351])
def test_rows_of_any_number_come_back_each_once(address, count):
    """On SQLite 450 of two values are one statement, and what is left of them comes alone."""
    store = Store.open(address)
    rows = [(f"n{number:04}", {"a": [number, None]}) for number in range(count)]
    with store.write() as connection:
        store.insert_many(connection, "setting", ("name", "value"), iter(rows))
    with store.read() as connection:
        found = connection.execute(select(Setting.name, Setting.value).order_by(Setting.name))
        assert [tuple(one) for one in found] == rows
    store.close()


@pytest.mark.parametrize("at", [0, 300, 450, 700])
def test_a_row_that_breaks_a_constraint_among_many_is_told_and_undone(address, at):
    store = Store.open(address)
    rows = [(f"n{number}", number) for number in range(701)]
    rows[at] = rows[at - 1]
    with pytest.raises(IntegrityError), store.write() as connection:
        store.insert_many(connection, "setting", ("name", "value"), rows)
    with store.read() as connection:
        assert connection.execute(select(Setting.name)).all() == []
    store.close()


def test_a_time_without_a_zone_is_refused(tmp_path):
    store = Store.open(url(tmp_path))
    values = {
        "name": "a",
        "role": "officer",
        "password_hash": "",
        "created_at": datetime(2026, 1, 1),
    }
    with pytest.raises(Exception, match="without a zone"), store.write() as connection:
        connection.execute(insert(SQLModel.metadata.tables["account"]).values(**values))
    store.close()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"reference,goods\n" * 200, "not a database"),
        (b"SQLite format 3\x00" + b"\x00" * 4096, "database"),
    ],
)
def test_a_file_that_is_no_database_is_named(tmp_path, content, says):
    file = tmp_path / "riskprofile.db"
    file.write_bytes(content)
    with pytest.raises(StoreError, match=says) as caught:
        Store.open(url(tmp_path))
    assert caught.value.where == str(file) and caught.value.do
    assert file.read_bytes() == content


def test_a_damaged_database_is_named(tmp_path):
    store = Store.open(url(tmp_path))
    store.close()
    file = tmp_path / "riskprofile.db"
    content = bytearray(file.read_bytes())
    content[100:4096] = b"\xff" * 3996  # the page that lists the tables
    file.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        Store.open(url(tmp_path))


def test_a_missing_folder_and_a_folder_in_its_place_are_named(tmp_path):
    with pytest.raises(Misnamed, match="folder of the database does not exist"):
        Store.open(url(tmp_path / "nowhere"))
    (tmp_path / "riskprofile.db").mkdir()
    with pytest.raises(Misnamed, match="a folder, not a database"):
        Store.open(url(tmp_path))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users and rights")
@pytest.mark.parametrize("locked", ["file", "folder", "above"])
def test_a_database_that_may_not_be_written_is_named(locked):
    """In another process: root may write anywhere, so it steps down first."""
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above) / "home"
        folder.mkdir()
        file = folder / "riskprofile.db"
        Store.open(url(folder)).close()
        Path(above).chmod(0o700 if locked == "above" else 0o755)
        folder.chmod(0o555 if locked == "folder" else 0o777)
        file.chmod(0o444 if locked == "file" else 0o666)
        if locked == "above" and os.geteuid() != 0:
            Path(above).chmod(0)

        def opens() -> None:
            if os.geteuid() == 0:
                os.setuid(65534)
            Store.open(url(folder))

        with pytest.raises(StoreError) as told:
            runs.apart(opens)
        Path(above).chmod(0o700)
        folder.chmod(0o700)
    assert f"{file}: the database cannot be written" in str(told.value)


def test_the_database_of_another_program_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "riskprofile.db") as other:
        other.execute("CREATE TABLE music (title TEXT)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        Store.open(url(tmp_path))


def test_a_newer_schema_is_refused(tmp_path):
    store = Store.open(url(tmp_path))
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match=r"newer release \(schema 9999"):
        Store.open(url(tmp_path))


@pytest.mark.parametrize("bad", ["", "nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_an_address_of_no_known_kind_is_refused(bad):
    with pytest.raises(Misnamed, match="neither a SQLite file nor PostgreSQL"):
        Store.open(bad)


@pytest.mark.parametrize("bad", ["x:s@secret:q@h/y", "x:s@secret@h/y", "x:secret@h:port/y"])
def test_an_address_whose_password_is_not_written_out_is_refused_without_it(bad):
    with pytest.raises(StoreError, match="@ is %40") as caught:
        Store.open(f"postgresql://{bad}")
    assert "secret" not in str(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize("address", ["x:secret@/y?host={}", "/y?host={}&user=x&password=secret"])
def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path, address):
    with pytest.raises(StoreError, match="does not answer") as caught:
        Store.open(f"postgresql://{address.format(tmp_path)}")
    assert "secret" not in str(caught.value) and str(tmp_path.name) in str(caught.value)


def test_a_connection_that_is_cut_says_that_a_run_of_files_goes_on(postgres_url):
    """Not that the server does not answer: it does, and the batch has begun."""
    store = Store.open(postgres_url)
    with pytest.raises(StoreError, match="was cut") as caught, store.write() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    store.close()
    assert "--resume" in caught.value.do


def test_a_connection_that_is_cut_while_rows_are_copied_says_so_too(postgres_url):
    """The driver has other words for it then: that it is lost."""
    store, other = Store.open(postgres_url), Store.open(postgres_url)

    def rows():
        with other.write() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:one)"), {"one": backend})
        for number in range(100_000):
            yield f"n{number}", {"a": "x" * 100}

    with pytest.raises(StoreError, match="was cut"), store.write() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        store.insert_many(connection, "setting", ("name", "value"), rows())
    with other.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM setting")).scalar() == 0
    store.close()
    other.close()


def test_what_postgresql_does_not_let_a_user_do_is_one_sentence(
    postgres_server, empty_postgres_url
):
    """To make tables, to read them, to write them; and a user that there is not."""
    name = f"user_{uuid.uuid4().hex[:12]}"
    asked = empty_postgres_url.replace("tester@", f"{name}@")
    owner = create_engine(empty_postgres_url.replace("postgresql:", "postgresql+psycopg:"))

    def say(*statements):
        with owner.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    with pytest.raises(StoreError, match="knows no such user"):
        Store.open(asked)
    say(f"CREATE ROLE {name} LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    try:
        with pytest.raises(StoreError, match="does not let this user do that"):
            Store.open(asked)
        Store.open(empty_postgres_url).close()
        with pytest.raises(StoreError, match="does not let this user do that"):
            Store.open(asked)
        say(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        store = Store.open(asked)
        with pytest.raises(StoreError, match="own the database"), store.write() as connection:
            connection.execute(insert(Setting.__table__).values(name="a", value={}))
        with pytest.raises(ProgrammingError), store.read() as connection:
            connection.execute(text("SELECT nothing FROM setting"))
        with pytest.raises(StoreError, match="does not let this user do that"):
            store.check_rights()
        say(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
        with pytest.raises(StoreError, match="belong to another user"):
            store.check_rights()
        ours = (*SQLModel.metadata.tables, "alembic_version")
        say(*[f"ALTER TABLE {one} OWNER TO {name}" for one in ours])
        say("CREATE TABLE of_a_monitor (a int)")
        store.check_rights()
        store.close()
        for limit, says in (("CONNECTION LIMIT 0", "no more connections"), ("NOLOGIN", "sign in")):
            say(f"ALTER ROLE {name} {limit}")
            with pytest.raises(StoreError, match=says):
                Store.open(asked)
    finally:
        say(f"DROP OWNED BY {name}", f"DROP ROLE {name}")
        owner.dispose()


def test_a_server_that_answers_and_lets_nobody_in_is_not_called_silent(
    postgres_server, postgres_url
):
    """Its rules, its limit, or that it takes no changes: another remedy for each."""
    name = f"user_{uuid.uuid4().hex[:12]}"
    asked = postgres_url.replace("tester@", f"{name}@")
    base = postgres_url.partition("@/")[2].partition("?")[0]
    owner = create_engine(
        postgres_url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    rules = Path(postgres_server) / "data" / "pg_hba.conf"
    before = rules.read_text()

    def say(statement):
        with owner.connect() as connection:
            connection.execute(text(statement))

    say(f"CREATE ROLE {name} LOGIN")
    Store.open(postgres_url).close()
    try:
        for rule, says in (
            ("reject", "does not let this user in"),
            ("peer", "refuses the sign-in"),
        ):
            rules.write_text(f"local all {name} {rule}\n{before}")
            say("SELECT pg_reload_conf()")
            until = time.monotonic() + LATE
            while time.monotonic() < until:  # the server reads them when it comes to it
                with pytest.raises(StoreError) as told:
                    Store.open(asked)
                if says in str(told.value):
                    break
                time.sleep(0.05)
            assert says in str(told.value)
        rules.write_text(before)
        say("SELECT pg_reload_conf()")
        say(f"ALTER DATABASE {base} CONNECTION LIMIT 0")
        until = time.monotonic() + LATE
        while "no more connections" not in str(told.value) and time.monotonic() < until:
            with pytest.raises(StoreError) as told:
                Store.open(asked)
        assert "no more connections" in str(told.value)
        say(f"ALTER DATABASE {base} SET default_transaction_read_only = on")
        store = Store.open(postgres_url)
        with pytest.raises(StoreError, match="takes no changes"), store.write() as connection:
            connection.execute(insert(Setting.__table__).values(name="a", value={}))
        with pytest.raises(StoreError, match="takes no changes"):
            store.check_rights()
        store.close()
    finally:
        rules.write_text(before)
        say("SELECT pg_reload_conf()")
        say(f"ALTER DATABASE {base} RESET default_transaction_read_only")
        say(f"DROP ROLE {name}")
        owner.dispose()


def test_a_server_whose_name_is_not_known_is_named():
    with pytest.raises(StoreError, match="server is not known"):
        Store.open("postgresql://x@there-is-none.invalid/y")


def test_a_database_that_cannot_hold_every_script_is_refused(postgres_server):
    psycopg = pytest.importorskip("psycopg")
    name = f"latin_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(host=postgres_server, user="tester", dbname="postgres") as connection:
        connection.autocommit = True
        connection.execute(
            f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0"
            " LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        try:
            with pytest.raises(StoreError, match="LATIN1"):
                Store.open(f"postgresql://tester@/{name}?host={postgres_server}")
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_locked_database_is_asked_again_and_then_named(tmp_path, monkeypatch):
    monkeypatch.setitem(database.PRAGMAS, "busy_timeout", 20)
    store = Store.open(url(tmp_path))
    other = sqlite3.connect(
        tmp_path / "riskprofile.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    with (
        pytest.raises(Busy, match="locked by another program"),
        store.write(patience=0.1),
    ):
        pass
    threading.Timer(0.1, other.execute, ["COMMIT"]).start()
    with store.write(patience=5) as connection:
        connection.execute(insert(Setting).values(name="a", value=1))
    other.close()
    store.close()


def test_of_two_writers_who_wait_for_each_other_one_is_told_that_it_was_that(postgres_url):
    store = Store.open(postgres_url)
    table, waits = Setting.__table__, text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with store.write() as connection:
        connection.execute(insert(Setting), [{"name": one, "value": 0} for one in "ab"])

    def change(name: str) -> Any:
        return table.update().where(table.c.name == name).values(value=1)

    # PostgreSQL looks once at what each waits for: here whoever waits last does.
    def second() -> None:
        with store.write() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '1h'"))
            connection.execute(change("b"))
            connection.execute(change("a"))

    with ThreadPoolExecutor(1) as beside:
        with (
            pytest.raises(Deadlock, match=r"two writers waited for each other.*--resume"),
            store.write() as first,
        ):
            first.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
            first.execute(change("a"))
            told = beside.submit(second)
            while not told.done():
                with store.read() as connection:
                    if connection.execute(waits).scalar():
                        break
            first.execute(change("b"))
        told.result()
    store.close()


@pytest.mark.parametrize(
    "what",
    [
        "the database system is starting up",
        "the database system is shutting down",
        "sorry, too many clients already",
        "cannot execute INSERT in a read-only transaction",
        "server closed the connection unexpectedly",
        "connection refused",
        "deadlock detected",
        "what no release of it has said before",
    ],
)
def test_what_can_happen_amid_a_run_of_files_is_told_with_how_it_goes_on(postgres_url, what):
    """As the server words it: each of these ended a run that was begun, and is refused without."""
    store = Store.open(postgres_url)
    with pytest.raises(StoreError, match="--resume"), store.write() as connection:
        said = "DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = :what, ERRCODE = '57P03'; END $$"
        connection.exec_driver_sql(said.replace(":what", f"'{what}'"))
    store.close()


def test_no_two_kinds_of_work_wait_for_one_lock():
    said = [
        found
        for path in (ROOT / "riskprofile").rglob("*.py")
        for found in re.findall(r"^(\w+_LOCK) = (\d+)", path.read_text("utf-8"), re.MULTILINE)
    ]
    names, numbers = zip(*said, strict=True)
    assert len(said) > 8
    assert len(set(names)) == len(set(numbers)) == len(said)


def test_who_looks_sees_the_database_as_it_was_when_the_look_began(address):
    store, asked = Store.open(address), select(func.count()).select_from(Setting.__table__)
    with store.read() as look:
        assert look.execute(asked).scalar() == 0
        with store.write() as connection:
            connection.execute(insert(Setting).values(name="a", value=1))
        assert look.execute(asked).scalar() == 0
    with store.read() as look:
        assert look.execute(asked).scalar() == 1
    store.close()


@pytest.mark.parametrize("values", [[], ["a"], ["a", "b'\"\\ é漢", "gone", "a"]])
def test_one_of_many_is_one_parameter_on_both_engines(address, values):
    store = Store.open(address)
    table = Setting.__table__  # type: ignore[attr-defined]
    with store.write() as connection:
        for name in ("a", "b'\"\\ é漢", "c"):
            connection.execute(table.insert().values(name=name, value="1"))
        asked = select(table.c.name).where(among(table.c.name, values))
        assert set(connection.execute(asked).scalars()) == {"a", "b'\"\\ é漢"} & {*values}
    store.close()


class Reference(str):
    """A text of which it can be seen whether it is still held."""


def test_what_a_statement_asked_for_is_let_go_with_it(address):
    store = Store.open(address)
    table = Setting.__table__  # type: ignore[attr-defined]

    def asked(text: str) -> weakref.ref[Reference]:
        value = Reference(text)
        with store.read() as connection:
            connection.execute(select(table.c.name).where(among(table.c.name, [value]))).all()
        return weakref.ref(value)

    asked("the statement that is kept, once for all of its kind")
    gc.disable()  # or looking for garbage would find it
    try:
        assert asked("another of this kind")() is None
    finally:
        gc.enable()
        store.close()


def test_a_database_that_cannot_be_rewritten_says_why_and_is_rewritten_next_time(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'home.db'}")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(store):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
        try:
            with pytest.raises(
                StoreError, match=r"home\.db: the disk .*run the same command again"
            ):
                erasure.empty_free_pages(store)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        erasure.empty_free_pages(store)
    assert not (tmp_path / "home.db-wal").exists()


def test_a_disk_without_room_for_the_index_of_its_log_is_told_of_as_one_that_may_be_full(tmp_path):
    """SQLite calls it no full disk, and nothing can be opened before there is room."""
    Store.open(url(tmp_path)).close()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, before[1]))
    try:
        with pytest.raises(StoreError, match="the disk cannot be read or written") as told:
            Store.open(url(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert told.value.do.startswith("Make room where it is full")
