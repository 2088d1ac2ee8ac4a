"""Declarations of one day meet, whether they come in one file or one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from riskprofile.scoring.ranking import Capacity
from riskprofile.services import same_day, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options, Run
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.tables import Table
from tests import factory
from tests.cli.test_cli import run as command
from tests.services.bench import EITHER

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARTS = ("pistol frame, polymer", "Glock slide assembly", "pistol barrel 9mm")
E10, E05 = "E10_complementary_parts", "E05_repeat_address_network"


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def parcels(*goods: str, number: int = 0, lodged: datetime = NOW, **columns: Any) -> Table:
    """A parcel for each text, each a declaration of its own, to one receiver."""
    table = factory.shipments(len(goods)).drop(columns=["source", "line", "warnings"])
    given = {
        "declaration_id": [f"PARCEL-{number + n}" for n in range(len(goods))],
        "goods_description": list(goods),
        "transport_mode": "post",
        "consignee_name": "Ada Moss",
        "consignee_address": "12 Harbour Road, 4400 Norvik",
        "consignee_type": "private",
        "lodged_at": pd.Timestamp(lodged),
        **columns,
    }
    return table.assign(**given)


class Desk:
    """Files come to one installation, an hour after each other."""

    def __init__(self, store: Store, home: Settings, folder: Path) -> None:
        self.store, self.home, self.folder, self.now, self.files = store, home, folder, NOW, 0

    def send(self, table: Table, **options: Any) -> Run:
        self.files += 1
        self.now += timedelta(minutes=20)
        path = self.folder / f"{self.files}.csv"
        table.to_csv(path, index=False)
        capacity = Capacity(0, random_share=0.0)
        run = screen(
            self.store, self.home, OWNER, [path], Options(capacity=capacity, **options), self.now
        )
        assert run.summary.accepted == len(table)
        return run

    def raised(self, key: str = E10) -> list[str]:
        """Declarations with an open alert for which an indicator fired."""
        alert = Alert.__table__  # type: ignore[attr-defined]
        asked = select(alert.c.record_id, alert.c.indicators).where(alert.c.state == "open")
        with self.store.read() as connection:
            rows = connection.execute(asked.order_by(alert.c.id)).all()
        return [
            record.split("@")[0]
            for record, fired in rows
            if key in [one["key"] for one in fired or ()]
        ]


@pytest.fixture
def desk(store: Store, home: Settings, tmp_path: Path) -> Desk:
    return Desk(store, home, tmp_path)


@EITHER
def test_three_parts_that_come_one_by_one_on_one_day_make_a_firearm(desk: Desk) -> None:
    for number, goods in enumerate(PARTS):
        desk.send(parcels(goods, number=number))
    assert desk.raised() == ["PARCEL-2"]  # the one that completes it, as soon as it is there
    desk.send(parcels("cotton socks", number=3))
    assert desk.raised() == ["PARCEL-2"]


def test_the_last_is_told_what_one_file_would_have_told_of_it(desk: Desk, tmp_path: Path) -> None:
    desk.send(parcels(*PARTS))
    assert desk.raised() == ["PARCEL-0", "PARCEL-1", "PARCEL-2"]
    other = settings.load({}, home=tmp_path / "other")
    opened = settings.open_store(other)
    apart = Desk(opened, other, tmp_path)
    apart.send(parcels(*PARTS[:2]))
    apart.send(parcels(PARTS[2], number=2))
    assert apart.raised() == ["PARCEL-2"]
    opened.close()


def test_what_came_on_another_day_is_left_to_history(desk: Desk) -> None:
    """It knows that day: counted twice, two names at one address would be three."""
    small = {"quantity": 20.0, "net_mass_kg": 2.0, "consignee_id": None}
    for number, name in enumerate(("Ada Moss", "Bo Reed", "Cy Lund")):
        sent = parcels("hinges", number=number, lodged=NOW - timedelta(days=number == 0), **small)
        assert desk.raised(E05) == []
        desk.send(sent.assign(consignee_name=name, consignor_id=f"S{number}"))
    assert desk.raised(E05) == ["PARCEL-2"]


def test_what_was_loaded_as_past_on_that_day_stops_no_run(desk: Desk) -> None:
    desk.send(parcels(*PARTS[:2]), history=True)
    desk.send(parcels(PARTS[2], number=2))
    assert desk.raised() == []


def test_a_run_that_keeps_nothing_sees_what_it_holds_itself(
    desk: Desk, home: Settings, tmp_path: Path
) -> None:
    """The past that it knows lies in another database."""
    desk.now = datetime.now(UTC) - timedelta(hours=1)  # the command has the clock's
    lodged = desk.now
    desk.send(parcels(*PARTS[:2], lodged=lodged))
    parcels(PARTS[2], number=2, lodged=lodged).to_csv(tmp_path / "last.csv", index=False)
    for way in ("--dry-run", "--no-store"):
        code, said, errors = command(home.home, "score", tmp_path / "last.csv", way, "--json")
        assert (code, json.loads(said)["accepted"]) == (0, 1), errors


def test_an_earlier_version_of_a_declaration_is_no_other_declaration(desk: Desk) -> None:
    desk.send(parcels(PARTS[0], number=0))
    desk.send(parcels(PARTS[1], number=1))
    desk.send(parcels(PARTS[2], number=1))  # not a slide: a barrel
    assert desk.raised() == []
    desk.send(parcels(PARTS[1], number=2))
    assert desk.raised() == ["PARCEL-2"]


def test_what_its_sender_took_back_completes_nothing(desk: Desk) -> None:
    for number, goods in enumerate(PARTS[:2]):
        desk.send(parcels(goods, number=number))
    gone = parcels(PARTS[1], number=1)
    desk.send(gone.assign(extra=json.dumps({"message_function": "cancel"})))
    desk.send(parcels(PARTS[2], number=2))
    assert desk.raised() == []


def test_a_place_to_which_much_goes_and_a_large_run_are_not_asked_about(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.send(parcels(*PARTS[:2]))
    monkeypatch.setattr(same_day, "CROWD", 1)
    desk.send(parcels(PARTS[2], number=2))
    assert desk.raised() == []
    monkeypatch.undo()
    monkeypatch.setattr(same_day, "FEW", 1)
    desk.send(parcels(PARTS[2], PARTS[2], number=3))
    assert desk.raised() == []
    monkeypatch.undo()
    desk.send(parcels(PARTS[2], number=5))
    assert desk.raised() == ["PARCEL-5"]
