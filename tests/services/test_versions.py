"""Messages that update: versions of one key fold, the newest counts, nothing is closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from riskprofile.history import Snapshot
from riskprofile.profiles import PROFILES, SHIPMENT
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import comparing, feedback, past, promotion, quarantine, records, review
from riskprofile.services.assigning import ACTION
from riskprofile.services.desk import load_several
from riskprofile.services.folding import Folded, fold
from riskprofile.services.identifiers import CONTENT, Numbers, identify
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.ingest import Ingest, Prepared
from riskprofile.services.rated import Done
from riskprofile.services.run import Options, Run, Stop, unseen
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import audit, batches, versions
from riskprofile.store.database import Store
from riskprofile.store.versions import Known
from riskprofile.tables import Table
from tests import factory
from tests.conftest import home_of
from tests.services.bench import EITHER, labelled, until_it_waits

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SARA = Actor("sara", "supervisor")


home = pytest.fixture(params=EITHER.args[1])(home_of)


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def said(hour: int | None = None, function: str | None = None, **more: Any) -> str | None:
    """`extra` of a message made at this hour."""
    told = dict(more)
    if function:
        told["message_function"] = function
    if hour is not None:
        told["message_at"] = f"2026-11-23T{hour:02d}:00:00Z"
    return json.dumps(told) if told else None


class Desk:
    """Sends small files to one installation and looks at what became of them."""

    def __init__(self, store: Store, home: Settings, folder: Path) -> None:
        self.store, self.home, self.folder, self.sent = store, home, folder, 0

    def send(
        self,
        table: Table,
        file: str = "",
        stop: bool = False,
        meanwhile: Callable[[], Run] | None = None,
        **options: Any,
    ) -> Run:
        """Rate this file, a minute after the last; `stop`: after its first chunk it is left.

        `meanwhile` is what another program does after its first chunk.
        """
        self.sent += 1
        path = factory.write(self.folder / (file or f"{self.sent}.csv"), table)
        at, asked = NOW.replace(minute=self.sent), Stop()

        def after(name: str, rows: int) -> None:
            nonlocal meanwhile
            asked.signal = 15 if stop else 0
            other, meanwhile = meanwhile, None
            if other is not None:
                other()

        run = screen(
            *(self.store, self.home, OWNER, [path], Options(**options), at),
            progress=after, stop=asked,
        )  # fmt: skip
        told = run.summary
        assert told.read == told.accepted + told.quarantined + told.duplicate
        return run

    def versions(self, record: str = "XM-000000") -> list[tuple[Any, ...]]:
        asked = (
            "SELECT item, version, state, folded_by IS NULL FROM record "
            "WHERE record_id LIKE :record ORDER BY item, version"
        )
        with self.store.read() as connection:
            rows = connection.execute(text(asked), {"record": f"{record}%"}).all()
        return [(row[0], row[1], row[2], bool(row[3])) for row in rows]

    def alerts(self, record: str = "XM-000000") -> list[tuple[Any, ...]]:
        asked = (
            "SELECT version, state, withdrawn_at IS NOT NULL FROM alert "
            "WHERE record_id LIKE :record ORDER BY version"
        )
        with self.store.read() as connection:
            rows = connection.execute(text(asked), {"record": f"{record}%"}).all()
        return [(row[0], row[1], bool(row[2])) for row in rows]


@pytest.fixture
def desk(store: Store, home: Settings, tmp_path: Path) -> Desk:
    return Desk(store, home, tmp_path)


def lodged(hour: int | None = None, function: str | None = None, **columns: Any) -> Table:
    """One declaration, raised to the list by arms in its wording."""
    given = {"goods_description": "pistol slides and barrels", "extra": said(hour, function)}
    return factory.shipments(1, **(given | columns))


def test_a_newer_message_takes_the_place_of_an_older_one(desk: Desk) -> None:
    desk.send(lodged(8))
    run = desk.send(lodged(10, "change", gross_mass_kg=900.0))
    assert (run.summary.accepted, run.summary.duplicate) == (1, 0)
    assert desk.versions() == [(1, 1, "superseded", False), (1, 2, "accepted", True)]
    assert desk.alerts() == [(1, "superseded", False), (2, "open", False)]


def test_an_older_message_that_comes_late_is_kept_and_replaces_nothing(desk: Desk) -> None:
    desk.send(lodged(10, "change", gross_mass_kg=900.0))
    run = desk.send(lodged(8))
    assert (run.summary.accepted, run.summary.alerts["total"], run.ranked) == (1, 0, [])
    assert desk.versions() == [(1, 1, "accepted", True), (1, 2, "superseded", False)]
    assert desk.alerts() == [(1, "open", False)]
    again = desk.send(lodged(8).iloc[[0, 0]])
    assert (again.summary.accepted, again.summary.duplicate) == (0, 2)


def test_the_same_content_in_a_later_message_is_a_duplicate_that_renews_its_time(
    desk: Desk,
) -> None:
    desk.send(lodged(6))
    assert desk.send(lodged(12, "confirmation")).summary.duplicate == 1
    desk.send(lodged(9, "change", gross_mass_kg=900.0))
    assert desk.versions() == [(1, 1, "accepted", True), (1, 2, "superseded", False)]


def test_a_message_that_says_one_item_again_is_of_that_item_alone(desk: Desk) -> None:
    def both(hour: int, *weights: float) -> Table:
        given = {"item_number": [1, 2], "gross_mass_kg": [*weights], "extra": said(hour)}
        return factory.shipments(2, declaration_id="A1", **given)

    desk.send(both(6, 40.0, 50.0))
    desk.send(both(12, 40.0, 50.0).iloc[[0]])
    run = desk.send(both(9, 900.0, 900.0))
    assert (run.summary.accepted, run.summary.outdated) == (2, 1)
    assert desk.versions("A1") == [
        (1, 1, "accepted", True),
        (1, 2, "superseded", False),
        (2, 1, "superseded", False),
        (2, 2, "accepted", True),
    ]


def test_of_a_long_list_that_comes_again_all_is_noted_at_once(desk: Desk) -> None:
    noted: list[int] = []

    def hear(_: Any, __: Any, statement: str, given: Any, ___: Any, many: bool) -> None:
        if statement.startswith("UPDATE record"):
            noted.append(len(given) if many else 1)

    rows = range(20)
    first = factory.shipments(20, declaration_id=[f"A{one}" for one in rows], extra=said(6))
    event.listen(desk.store.engine, "before_cursor_execute", hear)
    desk.send(first)
    assert desk.send(first.assign(extra=said(8))).summary.duplicate == 20
    assert desk.send(first.assign(extra=said(9), gross_mass_kg=900.0)).summary.accepted == 20
    assert noted == [1, 1]


def test_versions_within_one_file_fold_whatever_their_order(desk: Desk) -> None:
    hours = [24, 2, 72, 1, 24]
    table = factory.shipments(
        5,
        declaration_id="XM-000000",
        consignor_id="S001",
        consignee_id="R001",
        gross_mass_kg=[100.0 + hour for hour in hours],
        extra=[json.dumps({"message_at": f"2026-11-20T{23 - h // 4:02d}:00:00Z"}) for h in hours],
    )
    table.loc[3, "extra"] = json.dumps({"message_at": "2026-11-21T00:00:00Z"})
    run = desk.send(table, chunk_rows=2)
    assert (run.summary.accepted, run.summary.duplicate) == (4, 1)
    kept = [one for one in desk.versions() if one[3]]
    assert len(kept) == 1
    assert len(run.ranked[0].table) == 1
    declared = records.declaration(desk.store, SARA, _record(desk), "shipment", NOW)
    assert [one.declared["gross_mass_kg"] for one in declared if one.counts] == [101.0]
    assert len(declared) == 4


def _record(desk: Desk) -> str:
    with desk.store.read() as connection:
        return str(connection.execute(text("SELECT max(record_id) FROM record")).scalar_one())


def test_a_cancellation_closes_no_alert_and_leaves_the_ranking(desk: Desk) -> None:
    desk.send(lodged(8))
    run = desk.send(lodged(9, "cancel"))
    assert (run.summary.accepted, run.ranked) == (1, [])
    assert desk.alerts() == [(1, "open", True)]
    page = review.queue(desk.store, SARA, review.QueueFilter("shipment"), NOW)
    assert [row.withdrawn_at is not None for row in page.rows] == [True]
    view = review.alert(desk.store, SARA, page.rows[0].id, NOW)
    assert view.withdrawn_at is not None
    assert "alert.withdrawn" in [event.action for event in view.timeline]
    review.claim(desk.store, SARA, view.id, NOW)
    review.decide(desk.store, SARA, view.id, "documents", "asked the carrier why it withdrew", NOW)


def test_a_cancellation_withdraws_every_item_of_its_declaration(desk: Desk) -> None:
    items = factory.shipments(3, declaration_id="XM-000000", item_number=[1, 2, 3], extra=said(8))
    desk.send(items)
    desk.send(factory.shipments(1, extra=said(9, "cancel")))
    assert [one[3] for one in desk.versions()] == [False] * 4


def test_what_arrives_late_from_before_a_cancellation_is_not_ranked(desk: Desk) -> None:
    desk.send(lodged(9, "cancel"))
    run = desk.send(factory.shipments(1, item_number=2, extra=said(8)))
    assert (run.summary.accepted, run.ranked, desk.alerts()) == (1, [], [])


def test_a_declaration_lodged_again_after_a_cancellation_counts_again(desk: Desk) -> None:
    desk.send(lodged(8))
    desk.send(lodged(9, "cancel"))
    run = desk.send(lodged(10))
    assert len(run.ranked[0].table) == 1
    assert desk.versions()[-1] == (1, 3, "accepted", True)
    assert [one for one in desk.alerts() if one[1] == "open"] == [(2, "open", False)]


def test_a_late_cancellation_of_what_was_declared_anew_withdraws_nothing(desk: Desk) -> None:
    desk.send(lodged(10, "replace"))
    desk.send(lodged(9, "cancel"))
    assert desk.alerts() == [(1, "open", False)]


def test_an_amended_item_is_shown_with_the_items_that_did_not_change(desk: Desk) -> None:
    items = factory.shipments(
        3,
        declaration_id="XM-000000",
        item_number=[1, 2, 3],
        goods_description=["pistol slides and barrels", "chairs", "tables"],
        extra=said(8),
    )
    desk.send(items)
    items["extra"] = said(9, "replace")
    items.loc[1, "gross_mass_kg"] = 777.0
    run = desk.send(items)
    assert (run.summary.accepted, run.summary.duplicate) == (1, 2)
    with desk.store.read() as connection:
        rows = connection.execute(
            text("SELECT driver, declaration, batch_id FROM alert WHERE state = 'open'")
        ).all()
    (row,) = rows
    declared = json.loads(row[1]) if isinstance(row[1], str) else row[1]
    assert {one["item_number"]: one["gross_mass_kg"] for one in declared} == {
        1: 450.0,
        2: 777.0,
        3: 450.0,
    }
    assert row[0] == 1
    assert row[2] == run.summary.batches[0]["id"]


def test_an_item_that_another_program_stores_meanwhile_is_ranked_with_the_others(
    desk: Desk,
) -> None:
    """When the chunk with the declaration was stored, nothing else was known of it."""

    def other() -> Run:
        return desk.send(lodged(item_number=[2], declaration_id="XM-000000"))

    run = desk.send(factory.shipments(4, item_number=[1] * 4), meanwhile=other, chunk_rows=2)
    table = run.ranked[0].table.set_index("record_id")
    (driver,) = table.loc[table.index.str.startswith("XM-000000"), "driver"]
    assert driver == 2
    assert desk.versions() == [(1, 1, "accepted", True), (2, 1, "accepted", True)]


def left(desk: Desk) -> Callable[[], Run]:
    """A file is left after its first chunk; what goes on with it, and with an item of XM-000000."""
    first, item = (lodged(item_number=[2], declaration_id=of) for of in ("XM-7", "XM-000000"))
    table = pd.concat([first, item])
    desk.send(table, "left.csv", stop=True, chunk_rows=1)
    return lambda: desk.send(table, "left.csv", resume=True)


def test_an_item_of_a_file_that_another_program_goes_on_with_meanwhile_is_ranked_too(
    desk: Desk,
) -> None:
    go_on = left(desk)
    run = desk.send(factory.shipments(4, item_number=[1] * 4), meanwhile=go_on, chunk_rows=2)
    table = run.ranked[0].table.set_index("record_id")
    (driver,) = table.loc[table.index.str.startswith("XM-000000"), "driver"]
    assert driver == 2
    assert desk.versions() == [(1, 1, "accepted", True), (2, 1, "accepted", True)]


def test_a_file_that_was_left_long_ago_is_not_asked_for_every_row_of_those_that_follow(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(desk)
    asked, real = [], versions.beside

    def beside(connection: Any, profile: str, of: Any, records: Any) -> Any:
        asked.extend(records)
        return real(connection, profile, of, records)

    monkeypatch.setattr(versions, "beside", beside)
    fresh = factory.shipments(4, item_number=[1, 1, 1, 2])
    fresh["declaration_id"] = ["XM-1", "XM-2", "XM-3", "XM-7"]
    desk.send(fresh)
    assert [name.split("@")[0] for name in asked] == ["XM-7"]


def test_history_remembers_one_journey_for_a_list_sent_five_times(desk: Desk) -> None:
    for hour in range(5):
        desk.send(lodged(hour, "update", gross_mass_kg=400.0 + hour))
    layers, _ = past.opened(desk.store, SHIPMENT, NOW.replace(hour=10), None)
    assert len(Snapshot.from_layers(layers)) == 1


def test_workers_fold_as_one_process_does(desk: Desk) -> None:
    table = factory.shipments(
        12,
        declaration_id=[f"XM-{n % 3:06d}" for n in range(12)],
        gross_mass_kg=[100.0 + n for n in range(12)],
        extra=[said(n) for n in range(12)],
    )
    run = desk.send(table, chunk_rows=2, workers=2)
    assert run.summary.accepted == 12
    assert len(run.ranked[0].table) == 3
    for n in range(3):
        assert [one[3] for one in desk.versions(f"XM-{n:06d}")] == [False, False, False, True]


def many(count: int, **columns: Any) -> Table:
    """So many declarations, the first of them with arms in its wording."""
    table = factory.shipments(count, **columns)
    table.loc[0, "goods_description"] = "pistol slides and barrels"
    return table


def test_a_file_that_is_gone_on_with_counts_from_when_it_came_in(desk: Desk) -> None:
    """It was left, an amendment came, and then the rest of it was read."""
    day = many(3).iloc[::-1]  # XM-000000 comes last, in the chunk that is left
    left = desk.send(day, "day.csv", stop=True, chunk_rows=2)
    assert (left.exit_code, left.summary.accepted) == (143, 2)
    desk.send(many(1, gross_mass_kg=900.0))
    run = desk.send(day, "day.csv", resume=True)
    assert (run.summary.accepted, run.summary.outdated) == (3, 1)
    assert desk.versions() == [(1, 1, "accepted", True), (1, 2, "superseded", False)]
    assert desk.alerts() == [(1, "open", False)]
    assert "1 row is older than what is known" in " ".join(unseen(run.summary))


def test_what_was_withdrawn_stays_so_when_an_older_file_is_gone_on_with(desk: Desk) -> None:
    day = many(3).iloc[::-1]
    desk.send(day, "day.csv", stop=True, chunk_rows=2)
    gone = many(1)
    gone["extra"] = json.dumps({"message_function": "cancel"})
    desk.send(gone)
    run = desk.send(day, "day.csv", resume=True)
    assert run.summary.outdated == 1
    assert desk.versions() == [(1, 1, "accepted", False), (1, 2, "superseded", False)]
    assert desk.alerts() == []


def test_a_cancellation_that_is_read_late_leaves_what_came_in_after_it(desk: Desk) -> None:
    day = many(3).iloc[::-1].reset_index(drop=True)
    day.loc[2, "extra"] = json.dumps({"message_function": "cancel"})  # of XM-000000
    desk.send(day, "day.csv", stop=True, chunk_rows=2)
    desk.send(many(1))
    run = desk.send(day, "day.csv", resume=True)
    assert run.summary.outdated == 1
    assert desk.versions() == [(1, 1, "accepted", True), (1, 2, "superseded", False)]
    assert desk.alerts() == [(1, "open", False)]


def test_a_late_cancellation_takes_the_items_that_came_before_it_alone(desk: Desk) -> None:
    """Item 1 was declared before the file with the cancellation, item 2 after it."""
    desk.send(lodged(item_number=1))
    day = many(3).iloc[::-1].reset_index(drop=True).assign(item_number=3)
    day.loc[2, "extra"] = json.dumps({"message_function": "cancel"})
    desk.send(day, "day.csv", stop=True, chunk_rows=2)
    desk.send(lodged(item_number=2))
    desk.send(day, "day.csv", resume=True)
    assert desk.versions() == [
        (1, 1, "accepted", False), (2, 1, "accepted", True), (3, 1, "accepted", False),
    ]  # fmt: skip


def test_a_row_put_right_counts_from_when_its_file_came_in(desk: Desk, home: Settings) -> None:
    bad = many(2)
    bad["gross_mass_kg"] = ["heavy", "12.5"]
    desk.send(bad)
    desk.send(many(1, gross_mass_kg=900.0))
    (row,) = quarantine.find(desk.store, OWNER, quarantine.Filter(), NOW)
    fixes, at = {row.id: {"gross_mass_kg": "90.0"}}, NOW.replace(minute=40)
    done = quarantine.repair(desk.store, home, OWNER, fixes, "the carrier", at)
    assert done.repaired == [row.id]
    assert done.summary is not None and done.summary.outdated == 1
    assert desk.versions() == [(1, 1, "accepted", True), (1, 2, "superseded", False)]


def test_what_came_in_between_a_row_and_its_repair_overtakes_it_when_read_later(
    desk: Desk, home: Settings
) -> None:
    """A file that came in after the bad row, and was left before it was read to the end."""
    bad = many(2)
    bad["gross_mass_kg"] = ["heavy", "12.5"]
    desk.send(bad)
    day = many(3, gross_mass_kg=900.0).iloc[::-1]
    desk.send(day, "day.csv", stop=True, chunk_rows=2)
    (row,) = quarantine.find(desk.store, OWNER, quarantine.Filter(), NOW)
    fixes, at = {row.id: {"gross_mass_kg": "90.0"}}, NOW.replace(minute=40)
    quarantine.repair(desk.store, home, OWNER, fixes, "the carrier", at)
    run = desk.send(day, "day.csv", resume=True)
    assert run.summary.outdated == 0
    assert desk.versions() == [(1, 1, "superseded", False), (1, 2, "accepted", True)]


def test_the_very_same_file_is_read_again_when_it_is_asked_for(desk: Desk) -> None:
    desk.send(many(2), "day.csv")
    desk.send(many(1, gross_mass_kg=900.0))
    same = desk.send(many(2), "day.csv")
    assert same.summary.accepted == 0
    ((batch, count),) = same.summary.changed.items()
    assert (batch, count) == (same.summary.batches[0]["duplicate_of"], 1)
    assert "--again" in " ".join(unseen(same.summary))
    again = desk.send(many(2), "day.csv", again=True)
    assert (again.summary.accepted, again.summary.duplicate) == (1, 1)
    assert desk.versions()[-1] == (1, 3, "accepted", True)
    assert desk.send(many(2), "day.csv").summary.changed == {}


def test_a_row_without_a_number_that_takes_the_place_of_another_is_told(desk: Desk) -> None:
    """Its items may lie in two files: then both are item 1, and only the sender knows."""
    first = desk.send(lodged().drop(columns="item_number"))
    assert "item_place_taken" not in first.summary.warnings
    run = desk.send(lodged(goods_description="holsters").drop(columns="item_number"))
    assert run.summary.warnings["item_place_taken"] == 1
    assert desk.versions() == [(1, 1, "superseded", False), (1, 2, "accepted", True)]
    numbered = desk.send(lodged(item_number=1, goods_description="belts"))
    assert "item_place_taken" not in numbered.summary.warnings


def test_two_rows_of_one_file_with_one_number_and_other_goods_are_told(desk: Desk) -> None:
    """The first of them is on no list: a sender that numbers every item 1 has to hear of it."""
    both = pd.concat([lodged(item_number=1), lodged(item_number=1, goods_description="rifles")])
    run = desk.send(both)
    assert run.summary.warnings["item_repeated"] == 1
    assert desk.versions() == [(1, 1, "superseded", False), (1, 2, "accepted", True)]
    again = desk.send(pd.concat([both.tail(1), both.tail(1)]))
    assert "item_repeated" not in again.summary.warnings
    messages = pd.concat([lodged(8, item_number=2), lodged(9, item_number=2, gross_mass_kg=77.0)])
    assert "item_repeated" not in desk.send(messages).summary.warnings


def test_an_item_that_is_repeated_far_below_is_told_too(desk: Desk) -> None:
    """In a later chunk of its file, also where the run was stopped between the two."""
    far = pd.concat([many(2), many(1, gross_mass_kg=900.0)])
    left = desk.send(far, "far.csv", stop=True, chunk_rows=2)
    assert "item_repeated" not in left.summary.warnings
    run = desk.send(far, "far.csv", resume=True)
    assert run.summary.warnings["item_repeated"] == 1
    again = pd.concat([many(2, gross_mass_kg=70.0), many(1, gross_mass_kg=71.0)])
    run = desk.send(again, chunk_rows=2)
    assert run.summary.warnings["item_repeated"] == 1


def test_what_was_known_as_history_has_no_place_that_is_taken(desk: Desk) -> None:
    desk.send(lodged().drop(columns="item_number"), history=True)
    run = desk.send(lodged(gross_mass_kg=77.0).drop(columns="item_number"))
    assert run.summary.accepted == 1 and "item_place_taken" not in run.summary.warnings


def test_an_alert_whose_declaration_is_changed_says_so_and_stays_open(desk: Desk) -> None:
    """The changed one is nothing to look at: no alert takes its place."""
    desk.send(lodged())
    everyday = lodged(goods_description="plastic garden chairs", hs_code="940180")
    run = desk.send(everyday, capacity=Capacity(0, random_share=0.0))
    assert run.summary.alerts["total"] == 0
    assert desk.alerts() == [(1, "open", False)]
    (row,) = review.queue(desk.store, SARA, review.QueueFilter("shipment"), NOW).rows
    assert row.amended_at == NOW.replace(minute=2)
    view = review.alert(desk.store, SARA, row.id, NOW)
    assert view.amended_at == NOW.replace(minute=2) and view.state == "open"
    assert "alert.amended" in [event.action for event in view.timeline]
    desk.send(lodged(gross_mass_kg=1.5, goods_description="plastic garden chairs"))
    with desk.store.read() as connection:  # it is told once
        told = text("SELECT count(*) FROM audit WHERE action = 'alert.amended'")
        assert connection.execute(told).scalar() == 1


def test_an_outcome_teaches_the_version_that_was_on_the_list(desk: Desk) -> None:
    """Where one file holds an older version after the newer one, it taught that one's values."""
    newer = lodged(10, "change", gross_mass_kg=900.0)
    desk.send(pd.concat([newer, lodged(8)], ignore_index=True))
    desk.send(lodged(11, "change", gross_mass_kg=30.0))  # what is declared later changes nothing
    (first,) = [one for one in desk.alerts() if one[1] == "superseded"]
    assert first == (1, "superseded", False)
    with desk.store.write() as connection:
        alert = connection.execute(text("SELECT min(id) FROM alert")).scalar_one()
        labelled(connection, alert, _record(desk), False)
    assert feedback.labels(desk.store, "shipment", OWNER)["gross_mass"].tolist() == [900.0]


def test_two_scorecards_are_compared_on_what_is_declared_now(desk: Desk) -> None:
    """Points of what was amended or withdrawn stood in the list where they were higher."""
    desk.send(lodged(8))
    desk.send(lodged(8, declaration_id="XM-000001"))
    desk.send(lodged(9, goods_description="plastic garden chairs", hs_code="940180"))
    desk.send(lodged(9, "cancel", declaration_id="XM-000001"))
    serves = promotion.serving(desk.store, desk.home.models, "shipment")
    both = comparing.selected(
        desk.store, desk.home, OWNER, "shipment", replace(serves, version="other"), NOW, 1.0
    )
    with desk.store.read() as connection:
        told = connection.execute(text("SELECT points FROM record ORDER BY id")).scalars().all()
    assert both.rated == 1
    assert both.records["points"].tolist() == both.records["other_points"].tolist() == [told[2]]
    assert told[2] < min(told[:2])


def test_what_is_loaded_as_history_changes_no_declaration_that_was_rated(desk: Desk) -> None:
    """Nor does an item that was not rated with it: the past is no news of an open alert."""
    desk.send(lodged(item_number=1))
    desk.send(lodged(item_number=2, goods_description="holsters"), history=True)
    (row,) = review.queue(desk.store, SARA, review.QueueFilter("shipment"), NOW).rows
    assert row.amended_at is None


def test_an_item_more_changes_a_declaration_too(desk: Desk) -> None:
    desk.send(lodged(item_number=1))
    desk.send(lodged(item_number=2, goods_description="holsters"))
    with desk.store.read() as connection:
        told = connection.execute(text("SELECT amended_at IS NULL FROM alert WHERE version = 1"))
        assert not told.scalar()


MESSAGES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()), min_size=1, max_size=8
)


@pytest.mark.slow
@settings(max_examples=150)
@given(messages=MESSAGES, order=st.randoms(use_true_random=False))
def test_any_order_of_arrival_leaves_the_same_version_counting(messages: Any, order: Any) -> None:
    """Times that differ decide alone: the newest content counts, or nothing when it cancels."""
    distinct = {hour: (mass, cancels) for hour, mass, cancels in messages}
    arrived = [(hour, *rest) for hour, rest in distinct.items()]
    order.shuffle(arrived)
    known, kept = Known(), 0
    for hour, mass, cancels in arrived:
        table = lodged(hour, "cancel" if cancels else "update", gross_mass_kg=100.0 + mass)
        made = fold(identify(table, PROFILES["shipment"], Numbers()), known, [NOW])
        kept += int(made.keep.sum())
    last = max(distinct)
    mass, cancels = distinct[last]
    wanted = identify(
        lodged(last, "cancel" if cancels else "update", gross_mass_kg=100.0 + mass),
        PROFILES["shipment"],
        Numbers(),
    )
    known.meet(known.declared)
    (one,) = known.items.values()
    assert one.content == wanted[CONTENT].iloc[0]
    assert one.said.at is not None and one.said.at.hour == last
    assert one.version == kept


def test_what_waits_to_be_stored_is_compared_with_a_chunk_that_has_more_of_it() -> None:
    """Items of one declaration may come in several chunks, of which none is stored yet."""
    goods = factory.shipments(4, declaration_id=["A", "A", "B", "C"], item_number=[1, 2, 1, 1])
    known = Known()

    def folded(*places: int, **other: Any) -> Folded:
        some = goods.iloc[list(places)].reset_index(drop=True).assign(**other)
        table = identify(some, PROFILES["shipment"], Numbers())
        return fold(table, known, [NOW] * len(table))

    folded(0, 2)
    a, b = sorted(known.declared)
    assert not known.items
    again = folded(0, 1, 3)  # an item that waits, another of its declaration, and a stranger
    assert again.keep.tolist() == [False, True, True] and again.changed == [a]
    assert [key[0] for key in known.items] == [a, a] and b in known.declared
    amended = folded(2, gross_mass_kg=900.0)
    assert amended.versions.tolist() == [2] and amended.renewed == [(b, 1)]
    known.forget({a, b})
    assert not known.items and len(known.declared) == 1
    known.forget(known.declared)
    assert not known.declared and not known.waiting


def two_changed(desk: Desk) -> Table:
    """Two declarations that are on the list: the first is cancelled, the second amended."""
    table = factory.shipments(2, goods_description="pistol slides and barrels", extra=said(8))
    desk.send(table)
    return table.assign(gross_mass_kg=900.0, extra=[said(9, "cancel"), said(9, "change")])


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_an_officer_at_an_alert_and_a_run_that_changes_it_never_wait_for_each_other(
    desk: Desk,
) -> None:
    changed = two_changed(desk)
    with ThreadPoolExecutor(1) as beside:
        with desk.store.write() as officer:
            officer.execute(
                text("UPDATE alert SET owner = 'ines' WHERE record_id LIKE :one"),
                {"one": "XM-000001%"},
            )
            run = beside.submit(desk.send, changed)
            until_it_waits(desk.store, run)
            audit.append(officer, actor="ines", action="alert.claim", subject="alert:2", now=NOW)
        assert run.result().summary.accepted == 2
    assert [desk.alerts(f"XM-00000{one}")[0] for one in (0, 1)] == [
        (1, "open", True),
        (1, "superseded", False),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_chunk_takes_the_alerts_that_it_changes_in_the_order_of_who_gives_several(
    desk: Desk,
) -> None:
    """One is cancelled, which is marked first, and has the higher id; the other is amended."""
    changed = two_changed(desk).iloc[::-1].assign(extra=[said(9, "cancel"), said(9, "change")])
    with desk.store.read() as connection:
        ids = connection.execute(text("SELECT id FROM alert ORDER BY record_id")).scalars().all()
    assert ids == sorted(ids)
    with ThreadPoolExecutor(1) as beside:
        with desk.store.write() as officer:
            load_several(officer, SARA, ACTION, ids[:1])
            run = beside.submit(desk.send, changed)
            until_it_waits(desk.store, run)
            officer.execute(text("SET LOCAL lock_timeout = '1ms'"))  # nobody has the others
            load_several(officer, SARA, ACTION, ids)
        assert run.result().summary.accepted == 2
    assert [desk.alerts(f"XM-00000{one}")[0] for one in (0, 1)] == [
        (1, "superseded", False),
        (1, "open", True),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_run_that_waits_for_another_that_waits_for_it_stores_its_chunk_all_the_same(
    desk: Desk,
) -> None:
    """Two files with the same declarations in another order."""
    changed = two_changed(desk)
    mark = text("UPDATE record SET message = 'other' WHERE record_id LIKE :one")
    with ThreadPoolExecutor(1) as beside:
        with desk.store.write() as other:
            other.execute(text("SET LOCAL deadlock_timeout = '1h'"))
            other.execute(mark, {"one": "XM-000001%"})
            run = beside.submit(desk.send, changed)
            until_it_waits(desk.store, run)
            other.execute(mark, {"one": "XM-000000%"})
        assert run.result().summary.accepted == 2
    assert desk.versions("XM-000001") == [(1, 1, "superseded", False), (1, 2, "accepted", True)]


def test_a_run_may_have_more_files_than_a_statement_has_parameters(bare: Store) -> None:
    many = [f"20261124-080000-{number}" for number in range(300_000)]
    with bare.write() as connection:
        assert batches.profiles(connection, many) == set()
        assert batches.end(connection, many, NOW) == NOW
        assert not batches.others(connection, many, NOW, {})
        assert versions.beside(connection, "shipment", many, ["XM-1"]) == []
        assert versions.rated_elsewhere(connection, "shipment", many, ["XM-1"]) == set()


KEY = {"declaration_id": "XM-000000", "customs_office": "XMPME"}
KEY |= {"lodged_at": factory.SHIPMENT_DEFAULTS["lodged_at"]}


def messages() -> dict[str, Table]:
    """Of one declaration an item, a cancellation of all, and another item that is said since."""
    goods = {"declaration_id": "XM-000000", "goods_description": "pistol slides and barrels"}
    withdrawn = {name: None for name in factory.SHIPMENT_DEFAULTS if name not in KEY}
    return {
        "first": factory.shipments(1, **goods, item_number=1, extra=said(5)),
        "cancelled": factory.shipments(1, **withdrawn, **KEY, extra=said(6, "cancel")),
        "second": factory.shipments(1, **goods, item_number=2, extra=said(7)),
    }


@EITHER
@pytest.mark.parametrize(
    "order", ["first cancelled second", "first second cancelled", "second cancelled first"]
)
def test_what_is_said_since_a_cancellation_stands_however_late_that_comes(
    desk: Desk, order: str
) -> None:
    told = messages()
    for one in order.split():
        desk.send(told[one])
    assert [one for one in desk.versions() if one[3]] == [(2, 1, "accepted", True)]
    *_, (_, state, withdrawn) = desk.alerts()
    assert (state, withdrawn) == ("open", False)


def test_what_its_sender_withdrew_while_it_was_rated_counts_no_more_than_if_it_came_after(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another item of it, so that no two rows have one key."""
    told, rate = messages(), Ingest._rate
    desk.send(told["first"])

    def meanwhile(work: Ingest, one: Prepared) -> Done:
        monkeypatch.undo()
        done = rate(work, one)
        desk.send(told["cancelled"])
        return done

    monkeypatch.setattr(Ingest, "_rate", meanwhile)
    run = desk.send(told["second"].assign(extra=said(5)))
    assert run.summary.outdated == 1
    assert [one for one in desk.versions() if one[3]] == []
    assert [withdrawn for _, _, withdrawn in desk.alerts()] == [True]


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_withdrawal_waits_for_what_another_program_is_just_storing_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, rate = messages(), Ingest._rate
    desk.send(told["first"])
    told["second"] = told["second"].assign(extra=said(5))
    rated, goes = Barrier(3), {name: Event() for name in ("second", "cancelled")}

    def waits(work: Ingest, one: Prepared) -> Done:
        done = rate(work, one)
        rated.wait()
        goes[work.batch.source.removesuffix(".csv")].wait()
        return done

    monkeypatch.setattr(Ingest, "_rate", waits)
    with ThreadPoolExecutor(2) as beside:
        runs = {name: beside.submit(desk.send, told[name], f"{name}.csv") for name in goes}
        rated.wait()
        with desk.store.write() as connection:  # who stores has changed an alert, and is to say so
            audit.append(connection, actor="a", action="b", subject="c:1", now=NOW)
            for waiting, name in enumerate(goes, start=1):
                goes[name].set()
                asked = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
                while connection.execute(asked).scalar_one() < waiting:
                    assert not runs[name].done()
        for run in runs.values():
            assert run.result().summary.accepted == 1
    assert [one for one in desk.versions() if one[3]] == []
    assert all(withdrawn for _, state, withdrawn in desk.alerts() if state == "open")


@pytest.mark.parametrize("second", [1, 2])  # which takes the place of the cancellation, or not
@pytest.mark.parametrize("at_once", [True, False])
def test_what_was_said_before_a_cancellation_stays_withdrawn_once_another_item_is_restored(
    desk: Desk, second: int, at_once: bool
) -> None:
    """Whether its messages come in one file or one by one."""
    told = messages()
    told["second"] = told["second"].assign(item_number=second, gross_mass_kg=900.0)
    told["third"] = told["first"].assign(item_number=3)
    if at_once:
        desk.send(pd.concat(told.values(), ignore_index=True))
    else:
        for one in told.values():
            desk.send(one)
    assert [one[0] for one in desk.versions() if one[3]] == [second]


def test_an_alert_says_that_a_late_cancellation_took_a_part_of_what_it_shows(desk: Desk) -> None:
    told = messages()
    for one in ("second", "first", "cancelled"):
        desk.send(told[one])
    with desk.store.read() as connection:
        asked = "SELECT amended_at IS NOT NULL FROM alert WHERE state = 'open'"
        assert connection.execute(text(asked)).scalars().all() == [1]


def test_a_find_stays_with_who_declared_it_where_its_sender_cancels_it_since(desk: Desk) -> None:
    """A cancellation names no sender, and would have the next consignment be of a stranger."""

    def senders() -> list[Any]:
        with desk.store.read() as connection:
            [past] = batches.finds(connection, "shipment", NOW)
        return list(past["consignor_key"])

    desk.send(lodged(8))
    with desk.store.write() as connection:
        alert = connection.execute(text("SELECT id FROM alert")).scalar_one()
        labelled(connection, alert, _record(desk), True)
    [found] = senders()
    assert found is not pd.NA
    desk.send(lodged(9, "cancel", consignor_id=None, goods_description=None))
    assert desk.versions()[-1] == (1, 2, "accepted", False)
    assert senders() == [found]


@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_what_one_file_says_twice_is_of_the_later_message_however_it_is_cut(
    desk: Desk, chunk_rows: int
) -> None:
    both = pd.concat([lodged(6), lodged(12, "confirmation")], ignore_index=True)
    assert desk.send(both, chunk_rows=chunk_rows).summary.duplicate == 1
    desk.send(lodged(9, "change", gross_mass_kg=900.0))
    assert desk.versions() == [(1, 1, "accepted", True), (1, 2, "superseded", False)]


def test_what_is_cancelled_lodged_and_cancelled_in_one_file_is_withdrawn(desk: Desk) -> None:
    desk.send(lodged(8))
    messages = [lodged(9, "cancel"), lodged(10, gross_mass_kg=900.0), lodged(11, "cancel")]
    desk.send(pd.concat(messages, ignore_index=True))
    assert [one[3] for one in desk.versions()] == [False] * 4
    assert desk.alerts() == [(1, "open", True)]


@pytest.mark.parametrize(
    ("function", "told"), [("change", (False, True)), ("cancel", (True, False))]
)
def test_what_another_program_changes_after_the_ranking_is_said_on_the_alert(
    desk: Desk, function: str, told: tuple[bool, bool]
) -> None:
    """It was ranked as it stood: the change found no alert to say so on."""

    def written(ranked: list[Any], step: object) -> AbstractContextManager[Callable[[], None]]:
        everyday = {"goods_description": "plastic garden chairs", "hs_code": "940180"}
        desk.send(lodged(9, function, **everyday), capacity=Capacity(0, random_share=0.0))
        return nullcontext(lambda: None)

    path = factory.write(desk.folder / "first.csv", lodged(8))
    screen(desk.store, desk.home, OWNER, [path], Options(), NOW, written=written)
    with desk.store.read() as connection:
        asked = "SELECT withdrawn_at IS NOT NULL, amended_at IS NOT NULL, id FROM alert"
        [(withdrawn, amended, alert)] = connection.execute(text(asked)).all()
        assert (bool(withdrawn), bool(amended)) == told
        action = "alert.withdrawn" if withdrawn else "alert.amended"
        noted = "SELECT count(*) FROM audit WHERE action = :action AND subject = :subject"
        given = {"action": action, "subject": f"alert:{alert}"}
        assert connection.execute(text(noted), given).scalar() == 1
