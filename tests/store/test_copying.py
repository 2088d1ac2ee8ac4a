"""A database copied to the other engine and back is the same, and goes on working."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlmodel import SQLModel

from riskprofile.errors import Conflict, StoreError
from riskprofile.store import audit, copying
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Office, RegisterEntry, Setting
from riskprofile.store.run_tables import Batch, Chunk
from tests.services.bench import until_it_waits

NOW = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def source(tmp_path: Path):
    """A SQLite database with a row of every kind of value."""
    store = Store.open(f"sqlite:///{tmp_path / 'one.db'}")
    with store.write() as connection:
        for code in ("XMb", "XMA", "XMé", "XM-1"):
            connection.execute(insert(Office).values(code=code, name=code))
        connection.execute(insert(Setting).values(name="on", value=False))
        connection.execute(insert(Setting).values(name="told", value={"b": 1.1, "a": [None, "é"]}))
        connection.execute(
            insert(Batch).values(
                id="b1", source="day.csv", digest="d", format="csv", profile="shipment",
                options={}, started_at=NOW,
            )
        )  # fmt: skip
        for number in range(3):
            connection.execute(
                insert(Chunk).values(
                    batch_id="b1", number=number, profile="shipment", count=1,
                    rows=bytes(range(256)), features=None, events=b"",
                )
            )  # fmt: skip
        connection.execute(
            insert(Alert).values(
                record_id="XM-1", profile="shipment", batch_id="b1", queue="trafficking",
                lane="red", rank=1, score=0.1 + 0.2, selected_by="score", reasons=[{"é": 1e-7}],
                model_version="1", model_digest="d", created_at=NOW,
            )
        )  # fmt: skip
        connection.execute(
            insert(RegisterEntry).values(
                kind="k", key="tab\tback\\slash\nline", as_of=NOW, known_at=NOW, load_id=1,
                content="", entry={"n": "\\N"},
            )
        )  # fmt: skip
        for n in range(20):
            audit.append(
                connection, actor="ines", action="look", subject=f"alert:{n}", now=NOW,
                purpose="control", detail={"zone": "é", "half": 0.1 + n},
            )  # fmt: skip
    yield store
    store.close()


def accounts(store: Store) -> list[copying.Copied]:
    with store.read() as connection:
        return [copying.account(connection, one) for one in SQLModel.metadata.sorted_tables]


def test_of_two_who_copy_into_one_database_at_once_the_second_is_refused(source, postgres_url):
    first, second = Store.open(postgres_url), Store.open(postgres_url)
    others: list[Future[object]] = []

    def other(*_: object) -> None:
        if not others:
            others.append(beside.submit(copying.copy, source, second))
            until_it_waits(first, others[0])

    with ThreadPoolExecutor(1) as beside:
        copying.copy(source, first, other)
        with pytest.raises(Conflict, match="holds rows already"):
            others[0].result()
    assert accounts(first) == accounts(source)
    first.close()
    second.close()


def test_to_postgresql_and_back_is_the_same(source, postgres_url, tmp_path):
    there, back = Store.open(postgres_url), Store.open(f"sqlite:///{tmp_path / 'two.db'}")
    try:
        told = copying.copy(source, there)
        assert copying.copy(there, back) == told
        assert accounts(source) == accounts(there) == accounts(back) == told
        assert sum(one.rows for one in told) > 50
        verdicts = []
        for store in (source, there, back):
            with store.read() as connection:
                verdicts.append(audit.verify(connection))
        assert verdicts[0].ok and verdicts[0] == verdicts[1] == verdicts[2]
    finally:
        there.close()
        back.close()


def test_the_copy_goes_on_with_new_numbers(source, postgres_url):
    there = Store.open(postgres_url)
    try:
        copying.copy(source, there)
        with there.write() as connection:
            connection.execute(
                insert(Chunk).values(
                    batch_id="b1", number=9, profile="shipment", count=1, rows=b"", events=b""
                )
            )
            audit.append(connection, actor="ines", action="look", subject="alert:1", now=NOW)
        with there.read() as connection:
            assert connection.execute(select(Chunk.id).order_by(Chunk.id)).scalars().all() == [
                1, 2, 3, 4,
            ]  # fmt: skip
            assert audit.verify(connection).ok
    finally:
        there.close()


def test_a_database_that_holds_something_is_not_touched(source, tmp_path):
    other = Store.open(f"sqlite:///{tmp_path / 'two.db'}")
    with other.write() as connection:
        connection.execute(insert(Office).values(code="XMOWN", name="own"))
    before = accounts(other)
    with pytest.raises(Conflict, match="holds rows already"):
        copying.copy(source, other)
    assert accounts(other) == before
    other.close()


def test_a_database_whose_chain_is_broken_is_not_copied_as_a_whole_one(source, tmp_path):
    with source.write() as connection:
        connection.execute(text("UPDATE audit SET actor = 'sara' WHERE sequence = 4"))
    other = Store.open(f"sqlite:///{tmp_path / 'two.db'}")
    with pytest.raises(StoreError, match=r"one\.db: the chain is broken at record 4") as told:
        copying.copy(source, other)
    assert told.value.do.startswith("Keep the database aside")
    assert sum(one.rows for one in accounts(other)) == 0
    other.close()


def test_what_cannot_arrive_as_it_was_leaves_nothing_behind(source, postgres_url):
    with source.write() as connection:
        connection.execute(text("UPDATE office SET name = 'a' || char(0) || 'b'"))
    there = Store.open(postgres_url)
    try:
        with pytest.raises(StoreError):
            copying.copy(source, there)
        assert sum(one.rows for one in accounts(there)) == 0
    finally:
        there.close()


def test_it_is_told_how_far_a_copy_is(source, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "BATCH", 8)
    target, told = Store.open(f"sqlite:///{tmp_path / 'two.db'}"), []
    copying.copy(source, target, lambda *step: told.append(step))
    target.close()
    chain = [step for step in told if step[0].startswith("audit")]
    for name in ("audit", "audit, compared"):
        assert [step[1:] for step in chain if step[0] == name] == [(8, 20), (16, 20), (20, 20)]
