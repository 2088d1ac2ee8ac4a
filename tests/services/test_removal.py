"""Removal by an order: these declarations go from every byte, all else stays as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import String, cast, insert, select, text, update

from riskprofile.errors import Conflict, InputError, NotAllowed, PolicyError, UsageError
from riskprofile.scoring.drift import LEAST_ROWS, LEAST_WINDOWS
from riskprofile.services import (
    drift,
    evidence,
    feedback,
    govern,
    keys,
    removal,
    replay,
    retention,
    unmasking,
)
from riskprofile.services.identity import OWNER
from riskprofile.services.lanes import Ranked
from riskprofile.services.run import Options, unseen
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import audit, erasure, table_bytes
from riskprofile.store.alert_tables import Outcome
from riskprofile.store.database import Store
from tests import factory
from tests.services.bench import AUDITOR, EITHER, INES, NOW, SARA, labelled, until_it_waits

ORDER = "order 88/2027 of the court of Bari"
TWO = ["XM-000003", "XM-000007"]
COUNT = 40


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def name_of(n: int) -> str:
    return f"Zq{n:03d}vx Oryndel"


def rate(store: Store, home: Settings, folder: Path, version: int = 1, **columns: object) -> None:
    """A day of shipments, each of a firm of its own; later versions weigh more."""
    names = [name_of(n) for n in range(COUNT)]
    table = factory.shipments(COUNT, consignor_name=names, gross_mass_kg=450.0 + version, **columns)
    path = factory.write(folder / f"day{version}.csv", table)
    screen(store, home, OWNER, [path], Options(), NOW + timedelta(hours=version))


def settle(store: Store) -> None:
    """As if an officer had decided on all alerts."""
    with store.write() as connection:
        connection.execute(update(erasure.alert_table).values(state="closed"))


def stored(store: Store) -> str:
    """All that the database says, tables of chunks opened; the register of parties apart."""
    said = []
    with store.read() as connection:
        for table in ("alert", "alert_link", "quarantined", "record", "audit", "audit_words"):
            said += [str(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
        for row in connection.execute(text("SELECT rows, features, events FROM chunk")):
            said += [table_bytes.from_bytes(bytes(one)).to_csv() for one in row if one is not None]
    return "\n".join(said)


def names_in(said: str) -> set[int]:
    return {n for n in range(COUNT) if name_of(n)[:7] in said}


@EITHER
def test_two_of_forty_are_gone_with_every_version_and_the_others_stay(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path)
    rate(store, home, tmp_path, version=2)
    settle(store)
    before = replay.replay(store, home.models)
    named = replay.explain(store, home.models, TWO[0]).record_id
    would = removal.remove(store, home, OWNER, TWO, ORDER, NOW, dry_run=True)
    assert names_in(stored(store)) == {*range(COUNT)}
    assert not keys.there(home.home, retention.KEY)
    told = removal.remove(store, home, OWNER, TWO, ORDER, NOW)
    assert told == would and (told.records, told.rows) == (2, 4)
    said = stored(store)
    assert names_in(said) == {*range(COUNT)} - {3, 7}
    assert not any(one in said for one in TWO)
    after = replay.replay(store, home.models)
    assert (after.same, after.removed, after.differ) == (before.same - 4, 4, [])
    gone = partial(retention.tokens, settings=home, record_id=named)
    with pytest.raises(InputError, match=r"removed by retention; it had -?\d+ points"):
        replay.explain(store, home.models, named, gone)
    short = partial(retention.tokens, settings=home, record_id=TWO[0])
    with pytest.raises(InputError, match="by which alone a removed one is known"):
        replay.explain(store, home.models, TWO[0], short)
    with store.read() as connection:
        assert audit.verify(connection).ok


def test_no_byte_of_the_database_file_holds_what_was_removed(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path, consignee_address=[name_of(n) for n in range(COUNT)])
    settle(store)
    removal.remove(store, home, OWNER, TWO, ORDER, NOW)
    store.close()
    left = b"".join(one.read_bytes() for one in home.home.glob("riskprofile.db*"))
    assert not [one for one in TWO if one.encode() in left]


def test_the_day_goes_on_as_if_they_had_never_been_known(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """History is read anew, and what comes again under the same reference is new."""
    rate(store, home, tmp_path)
    settle(store)
    removal.remove(store, home, OWNER, TWO, ORDER, NOW)
    path = factory.write(tmp_path / "again.csv", factory.shipments(COUNT))
    done = screen(store, home, OWNER, [path], Options(), NOW + timedelta(hours=9)).summary
    assert (done.read, done.accepted, done.quarantined) == (COUNT, COUNT, 0)
    versions = [replay.explain(store, home.models, one).version for one in (TWO[0], "XM-000004")]
    assert versions == [1, 2]


@EITHER
def test_what_came_again_after_it_was_removed_is_removed_again(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Its versions and its alerts begin anew, under the name that those removed before have."""
    arms = {"goods_description": "pistol barrel"}
    for version in (1, 2, 3):
        rate(store, home, tmp_path, version=version, **arms)
        if version > 1:
            settle(store)
            told = removal.remove(store, home, OWNER, TWO, ORDER, NOW)
            assert (told.rows, told.alerts) == ((4, 4) if version == 2 else (2, 2))
    rate(store, home, tmp_path, version=4, **arms)
    assert not retention.run(store, home, OWNER, retention.due_at(NOW, 13)).removed
    with store.read() as connection:
        for table in ("record", "alert"):
            asked = f"SELECT record_id, version FROM {table} WHERE record_id LIKE 'removed-%'"
            held = connection.execute(text(asked)).all()
            assert sorted(version for _, version in held) == [1, 1, 2, 2, 3, 3]
    assert names_in(stored(store)) == set()


def test_the_term_of_the_others_ends_as_before(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path)
    settle(store)
    removal.remove(store, home, OWNER, TWO, ORDER, NOW)
    told = retention.run(store, home, OWNER, retention.due_at(NOW + timedelta(hours=1), 12))
    assert (told.masked, told.removed) == (COUNT - 2, 0)
    assert names_in(stored(store)) == set()


def test_what_was_masked_of_others_stays_masked_and_opens_with_the_key(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path, goods_description="pistol barrel")
    settle(store)
    now = retention.due_at(NOW + timedelta(hours=1), 12)
    retention.run(store, home, OWNER, now)
    removal.remove(store, home, OWNER, TWO, ORDER, now)
    assert names_in(stored(store)) == set()
    asked = unmasking.ask(store, INES, "XM-000004", "shipment", "CASE-7", ORDER, now)
    unmasking.allow(store, SARA, asked, now)
    [row] = unmasking.look(store, home, INES, asked, now).declared
    assert row["consignor_name"] == name_of(4)
    with store.read() as connection:
        [(number, secret)] = connection.execute(
            text("SELECT of, content FROM sealed WHERE kind = 'chunk'")
        )
    key = keys.key(home.home, retention.KEY)
    opened = table_bytes.from_bytes(keys.unseal(key, bytes(secret), f"chunk:{number}"))
    assert names_in(opened.to_csv()) == {*range(COUNT)} - {3, 7}


def test_what_is_open_or_was_found_is_refused_and_nothing_of_the_others_goes(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path, goods_description="pistol barrel")
    with store.read() as connection:
        alert = connection.execute(
            select(erasure.alert_table).where(erasure.alert_table.c.profile == "shipment")
        ).first()
    assert alert is not None
    other = next(f"XM-{n:06d}" for n in range(COUNT) if f"XM-{n:06d}" != alert.record_id)
    with pytest.raises(PolicyError, match="its alert is open"):
        removal.remove(store, home, OWNER, [other, alert.record_id], ORDER, NOW)
    settle(store)
    with store.write() as connection:
        values = {"outcome": "compliance", "officer": "ines", "at": NOW}
        connection.execute(insert(Outcome).values(alert_id=alert.id, **values))
    for dry_run in (True, False):
        with pytest.raises(PolicyError, match="it is evidence"):
            removal.remove(
                store, home, OWNER, [other, alert.record_id], ORDER, NOW, dry_run=dry_run
            )
    assert names_in(stored(store)) == {*range(COUNT)}


def test_what_was_found_wrongly_is_corrected_first_and_then_removed(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path, goods_description="pistol barrel")
    settle(store)
    found = select(erasure.alert_table).where(erasure.alert_table.c.record_id.startswith(TWO[0]))
    with store.write() as connection:
        alert = connection.execute(found).one()
        labelled(connection, alert.id, alert.record_id, find=True)
    with pytest.raises(PolicyError, match="it is evidence"):
        removal.remove(store, home, OWNER, TWO, ORDER, NOW)
    with store.write() as connection:
        labelled(connection, alert.id, alert.record_id, find=False)
    assert removal.remove(store, home, OWNER, TWO, ORDER, NOW).records == 2


def test_others_tell_no_more_of_it_as_related(store: Store, home: Settings, tmp_path: Path) -> None:
    """Of one consignee, arms and their parts: each alert shows the others around it."""
    rate(store, home, tmp_path, goods_description="pistol barrel", consignee_id="R1")
    settle(store)

    def told_of(record: str) -> list[str]:
        with store.read() as connection:
            rows = connection.execute(
                select(erasure.alert_table.c.record_id, erasure.alert_table.c.related)
            ).all()
        return [of for of, related in rows
                if any(one["record_id"] == record for one in related or [])]  # fmt: skip

    with store.read() as connection:
        rows = connection.execute(select(erasure.alert_table.c.related)).scalars().all()
        shown = next(related[0]["record_id"] for related in rows if related)
    around = told_of(shown)
    told = removal.remove(store, home, OWNER, [shown], ORDER, NOW)
    assert around and told.related == len(around)
    assert told_of(shown) == [] and shown not in stored(store)


def test_of_two_that_tell_of_each_other_a_look_counts_each_alert_once(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path, goods_description="pistol barrel", consignee_id="R1")
    settle(store)
    would = removal.remove(store, home, OWNER, TWO, ORDER, NOW, dry_run=True)
    assert removal.remove(store, home, OWNER, TWO, ORDER, NOW) == would
    assert (would.alerts, 0 < would.related <= COUNT - 2) == (2, True)


def test_a_row_set_aside_of_it_is_forgotten(store: Store, home: Settings, tmp_path: Path) -> None:
    rate(store, home, tmp_path)
    settle(store)
    spoilt = [-1.0 if n == 3 else 450.0 for n in range(COUNT)]
    path = factory.write(tmp_path / "spoilt.csv", factory.shipments(COUNT, gross_mass_kg=spoilt))
    done = screen(store, home, OWNER, [path], Options(), NOW + timedelta(hours=2)).summary
    assert done.quarantined == 1
    assert removal.remove(store, home, OWNER, TWO, ORDER, NOW).quarantined == 1
    assert TWO[0] not in stored(store)


def test_only_who_keeps_the_rules_with_a_reason_and_a_reference_removes(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path)
    settle(store)
    for who in (INES, AUDITOR):
        with pytest.raises(NotAllowed):
            removal.remove(store, home, who, TWO, ORDER, NOW)
    with pytest.raises(UsageError, match="20 characters"):
        removal.remove(store, home, OWNER, TWO, "the court", NOW)
    with pytest.raises(InputError, match="no such record"):
        removal.remove(store, home, OWNER, [*TWO, "XM-999999"], ORDER, NOW)
    assert names_in(stored(store)) == {*range(COUNT)}


def test_how_rows_drift_is_still_told_of_the_others(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """One row more than five windows need, in one chunk: without it they are there."""
    many = LEAST_ROWS * (LEAST_WINDOWS + 1) + 1
    path = factory.write(tmp_path / "many.csv", factory.shipments(many))
    screen(store, home, OWNER, [path], Options(), NOW)
    settle(store)
    removal.remove(store, home, OWNER, TWO[:1], ORDER, NOW)
    size = {"rows": LEAST_ROWS, "windows": LEAST_WINDOWS}
    found = drift.watch(store, home.models, "shipment", OWNER, NOW, **size)
    assert found.windows == LEAST_WINDOWS


@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_what_is_removed_while_retention_masks_does_not_come_back(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Of two hosts at one chunk the second reads it as the first left it."""
    rate(store, home, tmp_path, goods_description="pistol barrel")
    settle(store)
    now = retention.due_at(NOW + timedelta(hours=1), 12)
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(2) as beside:
        with store.write() as connection:  # an officer is at work on one of its alerts
            lock = select(erasure.alert_table.c.id).with_for_update()
            connection.execute(lock.where(erasure.alert_table.c.record_id.startswith(TWO[0])))
            first = beside.submit(removal.remove, store, home, OWNER, TWO, ORDER, now)
            until_it_waits(store, first)
            second = beside.submit(retention.run, store, home, OWNER, now)
            while connection.execute(waits).scalar_one() < 2:
                assert not first.done() and not second.done()
        assert first.result().rows == 2
        assert second.result().masked == COUNT - 2
    assert not any(one in stored(store) for one in TWO)
    assert names_in(stored(store)) == set()
    with store.read() as connection:
        assert audit.verify(connection).ok


@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_an_alert_that_is_opened_again_meanwhile_is_seen_and_nothing_is_removed(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path, goods_description="pistol barrel")
    settle(store)
    alert = erasure.alert_table
    here = alert.c.record_id.startswith(TWO[0])
    with ThreadPoolExecutor(1) as beside:
        with store.write() as connection:  # as a supervisor opens it
            connection.execute(select(alert.c.id).where(here).with_for_update())
            done = beside.submit(removal.remove, store, home, OWNER, TWO, ORDER, NOW)
            until_it_waits(store, done)
            connection.execute(update(alert).where(here).values(state="open"))
        with pytest.raises(PolicyError, match="its alert is open"):
            done.result()
    assert names_in(stored(store)) == {*range(COUNT)}


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_an_officer_at_an_alert_that_tells_of_it_and_an_order_never_wait_for_each_other(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path, goods_description="pistol barrel", consignee_id="R1")
    settle(store)
    alert = erasure.alert_table
    with ThreadPoolExecutor(1) as beside:
        with store.write() as officer:
            officer.execute(select(alert.c.id).where(TELLS).with_for_update())
            done = beside.submit(removal.remove, store, home, OWNER, TWO[:1], ORDER, NOW)
            until_it_waits(store, done)
            officer.execute(text("SET LOCAL lock_timeout = '1ms'"))
            audit.append(officer, actor="ines", action="alert.claim", subject="alert:2", now=NOW)
        assert done.result().related > 0


TELLS = cast(erasure.alert_table.c.related, String).contains(TWO[0])


def test_what_was_found_beside_masked_rows_keeps_its_parties(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """It lies in the clear among rows that are sealed, and stays so when one of them is removed."""
    rate(store, home, tmp_path, goods_description="pistol barrel")
    settle(store)
    found = select(erasure.alert_table.c.id).where(
        erasure.alert_table.c.record_id.startswith("XM-000005")
    )
    with store.write() as connection:
        labelled(connection, connection.execute(found).scalar_one(), "XM-000005", find=True)
    now = retention.due_at(NOW + timedelta(hours=1), 12)
    assert retention.run(store, home, OWNER, now).masked == COUNT - 1
    assert names_in(stored(store)) == {5}
    removal.remove(store, home, OWNER, TWO, ORDER, now)
    with store.read() as connection:
        [content] = connection.execute(text("SELECT rows FROM chunk")).scalars()
    assert names_in(table_bytes.from_bytes(bytes(content)).to_csv()) == {5}


@EITHER
@pytest.mark.parametrize("printed", [False, True])
def test_what_is_removed_while_its_run_ends_is_on_no_list(
    store: Store, home: Settings, tmp_path: Path, printed: bool
) -> None:
    """It was ranked before: the others are ranked anew. A list that was printed is not stored."""
    names = [name_of(n) for n in range(COUNT)]
    table = factory.shipments(COUNT, consignor_name=names, goods_description="pistol barrel")
    path, sizes = factory.write(tmp_path / "day.csv", table), list[int]()

    def written(ranked: list[Ranked], step: object) -> AbstractContextManager[Any]:
        sizes.append(len(ranked[0].declared))
        if len(sizes) == 1:
            removal.remove(store, home, OWNER, TWO, ORDER, NOW)
        return nullcontext(None if printed else lambda: None)

    if printed:
        with pytest.raises(Conflict, match="removed rows of this run"):
            screen(store, home, OWNER, [path], Options(), NOW, written=written)
    options = Options(resume=printed)
    told = screen(store, home, OWNER, [path], options, NOW, written=written).summary
    assert sizes == [COUNT, COUNT - 2]
    assert [*told.removed.values()] == [2] and "or an order removed them" in " ".join(unseen(told))
    said = stored(store)
    assert names_in(said) == {*range(COUNT)} - {3, 7}
    assert not any(one in said for one in TWO)


def test_what_a_destroyed_key_masked_is_removed_and_of_the_others_it_stays_sealed(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path, goods_description="pistol barrel")
    settle(store)
    now = retention.due_at(NOW + timedelta(hours=1), 12)
    retention.run(store, home, OWNER, now)
    (home.home / "keys" / f"{retention.KEY}.key").unlink()
    retention.run(store, home, OWNER, now, new_key=True)
    locks = text("SELECT content FROM sealed WHERE kind = 'chunk'")
    with store.read() as connection:
        before = connection.execute(locks).scalars().all()
    would = removal.remove(store, home, OWNER, TWO, ORDER, now, dry_run=True)
    assert removal.remove(store, home, OWNER, TWO, ORDER, now) == would and would.rows == 2
    said = stored(store)
    assert not any(one in said for one in TWO) and "XM-000004" in said
    with store.read() as connection:
        assert connection.execute(locks).scalars().all() == before


def test_of_one_reference_in_two_profiles_one_is_removed_when_it_is_named(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, tmp_path)
    settle(store)
    govern.enable_profile(store, OWNER, "traveller", "a law", "an assessment", NOW)
    record = f"{TWO[0]}@XMPME//2026"
    path = factory.write(tmp_path / "people.csv", factory.travellers(1, crossing_id=record))
    screen(store, home, OWNER, [path], Options(), NOW + timedelta(hours=2))
    settle(store)
    told = rf"2 records: {record} \(shipment\), {record} \(traveller\)"
    with pytest.raises(InputError, match=told):
        removal.remove(store, home, OWNER, [record], ORDER, NOW)
    with pytest.raises(UsageError, match="no profile person"):
        removal.remove(store, home, OWNER, [record], ORDER, NOW, profile="person")
    assert removal.remove(store, home, OWNER, [record], ORDER, NOW, profile="traveller").rows == 1
    assert names_in(stored(store)) == {*range(COUNT)}
    assert removal.remove(store, home, OWNER, [record], ORDER, NOW).rows == 1


@EITHER
def test_the_outcome_of_what_was_removed_teaches_nothing_more(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """What was rated of it is gone: it is no declaration of which nothing was known."""
    rate(store, home, tmp_path, goods_description="pistol barrel")
    settle(store)
    with store.write() as connection:
        gone, stays = connection.execute(select(erasure.alert_table).limit(2)).all()
        for one in (gone, stays):
            labelled(connection, one.id, one.record_id, False, item=one.driver)
    before = feedback.labels(store, "shipment", OWNER)
    assert len(before) == 2
    assert evidence.teaching(store, "shipment", gone.model_digest, OWNER).examined == 2
    removal.remove(store, home, OWNER, [gone.record_id], ORDER, NOW)
    after = feedback.labels(store, "shipment", OWNER)
    left = before[before["record_id"] == stays.record_id].reset_index(drop=True)
    pd.testing.assert_frame_equal(after, left)
    assert evidence.teaching(store, "shipment", gone.model_digest, OWNER).examined == 1
