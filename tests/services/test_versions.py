"""Messages that update: versions of one key fold, the newest counts, nothing is closed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from riskprofile.history import Snapshot
from riskprofile.profiles import PROFILES, SHIPMENT
from riskprofile.services import past, records, review
from riskprofile.services import settings as configuration
from riskprofile.services.folding import fold
from riskprofile.services.identifiers import CONTENT, Numbers, identify
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options, Run
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.batches import Known
from riskprofile.store.database import Store
from riskprofile.tables import Table
from tests import factory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SARA = Actor("sara", "supervisor")


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    address = {}
    if request.param == "postgresql":
        address = {"database_url": request.getfixturevalue("postgres_url")}
    return configuration.load({}, home=tmp_path / "home", **address)


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    opened = configuration.open_store(home)
    yield opened
    opened.close()


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

    def send(self, table: Table, minute: int = 0, **options: Any) -> Run:
        self.sent += 1
        path = self.folder / f"{self.sent}.csv"
        table.drop(columns=["source", "line", "warnings"]).to_csv(path, index=False)
        at = NOW.replace(minute=self.sent)
        run = screen(self.store, self.home, OWNER, [path], Options(**options), at)
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
        made = fold(identify(table, PROFILES["shipment"], Numbers()), known)
        kept += int(made.keep.sum())
    last = max(distinct)
    mass, cancels = distinct[last]
    wanted = identify(
        lodged(last, "cancel" if cancels else "update", gross_mass_kg=100.0 + mass),
        PROFILES["shipment"],
        Numbers(),
    )
    (one,) = known.items.values()
    assert one.content == wanted[CONTENT].iloc[0]
    assert one.at is not None and one.at.hour == last
    assert one.version == kept
