"""Each office works what it can on each day; earlier runs of the day are taken off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text, update

from riskprofile.scoring.ranking import Capacity
from riskprofile.services import govern, settings
from riskprofile.services.capacity import Days, days
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options, Run
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from riskprofile.store.tables import Alert
from riskprofile.tables import Table
from tests import factory

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return settings.load({}, home=tmp_path / "home")


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    opened = settings.open_store(home)
    yield opened
    opened.close()


def day(store: Store) -> Days:
    with store.read() as connection:
        return days(connection, NOW)


def loads(start: int, count: int, office: str, arrives: datetime | None = None) -> Table:
    """Declarations of one office that arrive at one time, each under a name of its own."""
    table = factory.shipments(count)
    table["declaration_id"] = [f"{office}-{n:05d}" for n in range(start, start + count)]
    table["customs_office"] = office
    table["arrival_at"] = pd.Series([arrives or NOW] * count, dtype=table["arrival_at"].dtype)
    return table


def rate(store: Store, home: Settings, path: Path, table: Table, **more: Capacity) -> Run:
    table.drop(columns=["source", "line", "warnings"]).to_csv(path, index=False)
    return screen(store, home, OWNER, [path], Options(**more), NOW)


def offices(store: Store, **capacity: int) -> None:
    rows = [{"code": code, "zone": "UTC", "capacity": str(n)} for code, n in capacity.items()]
    govern.init_offices(store, OWNER, rows, NOW)


def taken(store: Store) -> dict[tuple[str, str], int]:
    with store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT office, substr(due_at, 1, 10), count(*) FROM alert "
                "WHERE lane = 'red' AND state = 'open' AND selected_by IN ('score', 'random') "
                "GROUP BY 1, 2"
            )
        ).all()
    return {(row[0], row[1]): row[2] for row in rows}


def test_the_list_is_cut_at_the_capacity_of_each_office_and_day(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=6, XMBBB=3)
    tomorrow = NOW + timedelta(days=1)
    table = pd.concat(
        [loads(0, 30, "XMAAA"), loads(30, 30, "XMAAA", tomorrow), loads(0, 30, "XMBBB")],
        ignore_index=True,
    )
    rate(store, home, tmp_path / "day.csv", table)
    assert taken(store) == {
        ("XMAAA", "2026-03-01"): 6,
        ("XMAAA", "2026-03-02"): 6,
        ("XMBBB", "2026-03-01"): 3,
    }
    with store.read() as connection:
        drawn = connection.execute(
            text("SELECT office, probability FROM alert WHERE selected_by = 'random' ORDER BY 1, 2")
        ).all()
    assert [tuple(row) for row in drawn] == [
        ("XMAAA", pytest.approx(1 / 25)),
        ("XMAAA", pytest.approx(1 / 25)),
        ("XMBBB", pytest.approx(1 / 28)),
    ]


def test_a_second_file_of_the_day_gets_what_is_left_and_an_amendment_frees_its_own(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=6)
    first = loads(0, 4, "XMAAA")
    rate(store, home, tmp_path / "one.csv", first)  # all four fit
    assert taken(store) == {("XMAAA", "2026-03-01"): 4}
    rate(store, home, tmp_path / "two.csv", loads(100, 30, "XMAAA"))
    assert taken(store) == {("XMAAA", "2026-03-01"): 6}
    rate(store, home, tmp_path / "three.csv", loads(200, 30, "XMAAA"))
    assert taken(store) == {("XMAAA", "2026-03-01"): 6}
    for amended in range(3):
        first["gross_mass_kg"] = 900.0 + amended
        rate(store, home, tmp_path / f"amended{amended}.csv", first)
        assert taken(store) == {("XMAAA", "2026-03-01"): 6}


def test_a_stated_capacity_cuts_the_whole_list_instead(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=6, XMBBB=3)
    table = pd.concat([loads(0, 30, "XMAAA"), loads(0, 30, "XMBBB")], ignore_index=True)
    rate(store, home, tmp_path / "day.csv", table, capacity=Capacity(2))
    assert sum(taken(store).values()) == 2


def test_what_has_arrived_or_does_not_say_when_is_of_today_in_the_zone_of_the_office(
    store: Store,
) -> None:
    govern.init_offices(
        store, OWNER, [{"code": "XMAAA", "zone": "Pacific/Auckland", "capacity": "5"}], NOW
    )
    when = day(store)
    due = pd.Series(
        pd.to_datetime(
            ["2025-01-01T00:00Z", None, "2026-03-02T12:00Z", "2026-03-02T10:00Z"], utc=True
        )
    )
    told = when.lists(pd.Series(["XMAAA", "XMAAA", "XMAAA", "XMZZZ"], dtype="str"), due)
    # 09:00 in Greenwich is the same evening in Auckland; 12:00 there is the day after.
    assert told.tolist()[:3] == [
        "XMAAA on 2026-03-01",
        "XMAAA on 2026-03-01",
        "XMAAA on 2026-03-03",
    ]
    assert pd.isna(told.iloc[3])
    for place in (0, 1, 2):
        moment = None if pd.isna(due[place]) else due[place].to_pydatetime()
        assert when.list("XMAAA", moment) == told[place]


def test_a_scorecard_at_generator_scale_leaves_no_probability_with_its_alerts(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=4)
    run = rate(store, home, tmp_path / "one.csv", loads(0, 20, "XMAAA"))
    assert run.ranked[0].table["score"].notna().all()  # the results file says "generator scale"
    with store.read() as connection:
        told = connection.execute(text("SELECT count(*), count(score) FROM alert")).one()
    assert told[0] > 0 and told[1] == 0


def test_an_alert_that_a_person_closed_still_counts(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=4)
    rate(store, home, tmp_path / "one.csv", loads(0, 4, "XMAAA"))
    table = Alert.__table__  # type: ignore[attr-defined]
    with store.write() as connection:
        connection.execute(update(table).values(state="closed", closed_at=NOW))
    rate(store, home, tmp_path / "two.csv", loads(50, 20, "XMAAA"))
    assert taken(store) == {}
