"""People, offices and alerts for the tests of the services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text, update

from riskprofile.services import offices, review
from riskprofile.services.identity import Actor
from riskprofile.store import alerts, audit
from riskprofile.store.alert_tables import Alert, Label, Outcome
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Audit
from riskprofile.store.run_tables import Batch

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HERE, THERE = "XMPME", "XMNOR"
INES = Actor("ines", "officer", HERE)
OMAR = Actor("omar", "officer", HERE)
SARA = Actor("sara", "supervisor", HERE)
AWAY = Actor("away", "officer", THERE)
AUDITOR = Actor("aude", "auditor")
LISTS = ("reasons", "against", "indicators", "declaration", "related")  # lists by themselves
REASON = "papers, weight and image agree"
# A test of the home of either kind; of that on PostgreSQL with those that take long.
EITHER = pytest.mark.parametrize(
    "home", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


def later(**span: float) -> datetime:
    """Some time after `NOW`."""
    return NOW + timedelta(**span)


def until_it_waits(store: Store, one: Future[Any]) -> None:
    """Until somebody waits for a lock of this PostgreSQL database, or this has ended."""
    while not one.done():
        with store.read() as connection:
            if connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
                return


def of_two_at_once(store: Store, first: Callable[[str], object]) -> list[BaseException]:
    """What one or both of two say that fail, "one" and "other": they meet at the audit chain."""
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(2) as beside:
        with store.write() as connection:
            audit.append(connection, actor="a", action="b", subject="c:1", now=NOW)
            both = [beside.submit(first, name) for name in ("one", "other")]
            while connection.execute(waits).scalar_one() < sum(not one.done() for one in both):
                pass
        failed = [one.exception() for one in both]
    return [one for one in failed if one is not None]


def put_offices(store: Store, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add or change offices."""
    with store.write() as connection:
        offices.put(connection, rows)


def furnish(store: Store) -> None:
    """Two offices and one batch."""
    both = [
        {"code": HERE, "name": "Port Meridia", "zone": "Europe/Paris", "capacity": 40},
        {"code": THERE, "name": "North Gate", "zone": "UTC", "capacity": 10},
    ]
    put_offices(store, both)
    with store.write() as connection:
        connection.execute(
            insert(Batch).values(
                id="b1",
                source="day.csv",
                digest="d",
                format="csv",
                profile="shipment",
                state="done",
                cursor=0,
                read=0,
                accepted=0,
                quarantined=0,
                duplicate=0,
                alerts=0,
                model_version="2026.11.1",
                model_digest="7f3c91ae",
                note="",
                actor="os:test",
                started_at=NOW,
                ended_at=NOW,
            )
        )


def under_way(store: Store, began: datetime) -> None:
    """The batch of `furnish` is one of a run that began then, and goes on."""
    running = {"state": "running", "started_at": began, "ended_at": None}
    with store.write() as connection:
        connection.execute(update(Batch).values(running))


def put(store: Store, count: int = 1, **columns: Any) -> list[int]:
    """Alerts with ranks 1, 2, ...; a column takes one value, or a list of `count`."""
    rows = []
    for n in range(count):
        row: dict[str, Any] = {
            "record_id": f"XM-{n:06d}",
            "profile": "shipment",
            "batch_id": "b1",
            "office": HERE,
            "queue": "trafficking",
            "lane": "red",
            "rank": n + 1,
            "points": 400 - n,
            "selected_by": "score",
            "probability": None,
            "title": "garden chairs",
            "reasons": [{"term": "lane", "text": "a rare lane", "points": 60}],
            "declaration": [{"goods_description": "garden chairs"}],
            "model_version": "2026.11.1",
            "model_digest": "7f3c91ae",
            "due_at": later(hours=n + 1),
            "created_at": NOW,
        }
        for name, value in columns.items():
            many = isinstance(value, list) and len(value) == count and name not in LISTS
            row[name] = value[n] if many else value
        rows.append(row)
    with store.write() as connection:
        return alerts.add(store, connection, rows)


def taken(store: Store, actor: Actor = INES, now: datetime = NOW, **columns: Any) -> int:
    """One alert that `actor` has opened and claimed."""
    [alert] = put(store, 1, **columns)
    review.alert(store, actor, alert, now, purpose="control")
    review.claim(store, actor, alert, now)
    return alert


def labelled(
    connection: Connection, alert: int, record_id: str, find: bool, **columns: Any
) -> None:
    """The confirmed outcome of an alert, and its label; a column of this takes another value."""
    said = {"methods": ["opened"], "officer": "ines", "confirmed_by": "sara"}
    said |= {"outcome": "trafficking" if find else "nothing", "at": NOW, "confirmed_at": NOW}
    made = insert(Outcome).values(alert_id=alert, **said).returning(Outcome.id)
    label = {"profile": "shipment", "item": 1, "selected_by": "score", "known_at": NOW} | columns
    label |= {"outcome_id": connection.execute(made).scalar_one(), "record_id": record_id}
    connection.execute(insert(Label).values(value=int(find), **label))


def row(store: Store, alert: int) -> dict[str, Any]:
    """An alert as it stands in the table."""
    table = Alert.__table__  # type: ignore[attr-defined]
    with store.read() as connection:
        return dict(connection.execute(select(table).where(table.c.id == alert)).mappings().one())


def actions(store: Store, alert: int) -> list[str]:
    """What the audit chain holds of an alert, the oldest first."""
    asked = select(Audit.action).where(Audit.subject == f"alert:{alert}").order_by(Audit.sequence)
    with store.read() as connection:
        return list(connection.execute(asked).scalars())
