"""Registers in a whole run: frozen before it, raising lanes, never changing points."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from riskprofile.history import view
from riskprofile.profiles import SHIPMENT
from riskprofile.services import registers, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import table_bytes
from riskprofile.store.database import Store
from riskprofile.tables import Table
from tests import factory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def day(folder: Path) -> Path:
    table = factory.shipments(
        40,
        hs_code=["930200"] * 2 + ["940370"] * 38,
        licence_number=["IM-1", "IM-2"] + [None] * 38,
        quantity=5.0,
        consignee_id=["R1", "R2"] + ["R3"] * 38,
    )
    return factory.write(folder / "day.csv", table)


def load(store: Store, folder: Path, kind: str, rows: str, now: datetime) -> None:
    path = folder / f"{kind}.csv"
    path.write_text(rows, encoding="utf-8")
    registers.load(store, OWNER, kind, path, now)


def ranked(store: Store, home: Settings, path: Path, now: datetime, **options: Any) -> Table:
    (one,) = screen(store, home, OWNER, [path], Options(**options), now).ranked
    return one.table.set_index("record_id").sort_index()


LICENCES = "licence_number,status,consignee_id\nIM-1,active,R1\nIM-2,revoked,R2\n"


def test_licensed_trade_passes_and_a_revoked_licence_goes_to_compliance(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    load(store, tmp_path, "licences", LICENCES, NOW - timedelta(hours=1))
    found = ranked(store, home, day(tmp_path), NOW)
    lawful, revoked = found.iloc[0], found.iloc[1]
    assert "D01_licence_missing" not in lawful["indicators"]
    assert "D01_licence_missing" in revoked["indicators"]
    assert (revoked["queue"], revoked["lane"]) == ("compliance", "red")


def test_registers_raise_lanes_and_change_no_point(tmp_path: Path) -> None:
    points = []
    for name in ("with", "without"):
        home = settings.load({}, home=tmp_path / name)
        store = settings.open_store(home)
        if name == "with":
            load(store, tmp_path, "licences", LICENCES, NOW - timedelta(hours=1))
        points.append(ranked(store, home, day(tmp_path), NOW)["points"].tolist())
        store.close()
    assert points[0] == points[1]


@pytest.mark.parametrize("numbered", [True, False])
def test_a_declaration_sent_again_with_a_later_day_is_not_set_beside_itself(
    store: Store, home: Settings, tmp_path: Path, numbered: bool
) -> None:
    head = "licence_number,status,quantity\n"
    load(store, tmp_path, "licences", head + "IM-1,active,100\n", NOW - timedelta(hours=1))
    path = tmp_path / "sent.csv"
    fired = []
    for number, one in enumerate(("XM-1", "XM-1", "XM-2")):
        given = {"hs_code": "930200", "licence_number": "IM-1", "quantity": 60.0}
        lodged = pd.Timestamp(NOW) - timedelta(days=5 - number)
        item = 1 if numbered else None
        table = factory.shipments(
            1, declaration_id=one, lodged_at=lodged, item_number=item, **given
        )
        factory.write(path, table)
        found = ranked(store, home, path, NOW + timedelta(days=number))
        fired.append("D01_licence_missing" in found.iloc[0]["indicators"])
    assert fired == [False, False, True]


def test_what_is_loaded_after_a_run_began_is_not_in_it(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    load(store, tmp_path, "licences", LICENCES, NOW + timedelta(seconds=1))
    found = ranked(store, home, day(tmp_path), NOW)
    assert "D01_licence_missing" not in found.iloc[1]["indicators"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_event_reaches_the_row_of_its_record_alone(
    store: Store, home: Settings, tmp_path: Path, workers: int
) -> None:
    record = "XM-000007@XMPME//2026"
    head = "record_id,at,kind,value,source\n"
    rows = f"{record},2026-11-23T10:00Z,seal,broken,yard\n{record},2026-11-30,seal,resealed,yard\n"
    load(store, tmp_path, "events", head + rows, NOW - timedelta(hours=1))
    found = ranked(store, home, day(tmp_path), NOW, workers=workers)
    sealed = [one for one, keys in found["indicators"].items() if any(k[:3] == "S08" for k in keys)]
    assert sealed == [record]


def test_an_office_s_own_rates_bring_values_to_one_scale(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    head = "currency,date,per_usd\n"
    load(store, tmp_path, "rates", head + "XQD,2026-01-01,4\n", NOW - timedelta(hours=1))
    table = factory.shipments(1, value=100.0, currency="XQD")
    known = registers.rates_in_use(store, NOW)
    assert view(table, SHIPMENT, rates=known)["value_usd"].tolist() == [25.0]
    assert view(table, SHIPMENT)["value_usd"].isna().all()
    euros = factory.shipments(1, value=100.0, currency="EUR")
    both = [view(euros, SHIPMENT, rates=one)["value_usd"].iloc[0] for one in (known, None)]
    assert both[0] == both[1]  # the sample stands where the office says nothing
    assert registers.rates_in_use(store, NOW - timedelta(days=1)) is None


@pytest.mark.parametrize("history", [True, False])
def test_a_run_takes_the_rates_that_were_loaded_before_it(
    store: Store, home: Settings, tmp_path: Path, history: bool
) -> None:
    head = "currency,date,per_usd\n"
    load(store, tmp_path, "rates", head + "XQD,2026-01-01,4\n", NOW - timedelta(hours=1))
    path = tmp_path / "day.csv"
    table = factory.shipments(30, value=100.0, currency="XQD", net_mass_kg=25.0)
    factory.write(path, table)
    screen(store, home, OWNER, [path], Options(history=history), NOW)
    with store.read() as connection:
        content = connection.execute(text("SELECT events FROM chunk")).scalar_one()
    remembered = table_bytes.from_bytes(content)["log_value_per_kg"]
    assert remembered.notna().all() and abs(remembered).max() < 1e-9  # 100 / 4 / 25 is 1
