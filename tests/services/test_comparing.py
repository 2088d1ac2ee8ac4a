"""What offices can examine of the declarations of late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from riskprofile.errors import NotAllowed
from riskprofile.services import comparing
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from tests import factory
from tests.services.bench import EITHER, INES, put_offices


@EITHER
def test_the_share_inspected_is_of_the_offices_to_which_declarations_came(
    home: Settings, bare: Store, tmp_path: Path
) -> None:
    """An express hub's examinations are none of travellers, nor of another port's goods."""
    offices = [
        {"code": code, "name": code, "zone": "UTC", "capacity": number}
        for code, number in (("XMAIR", 8), ("XMEXP", 40))
    ]
    now = datetime.now(UTC)
    put_offices(bare, offices)

    def able(at: datetime = now) -> comparing.Day:
        return comparing.capacity_of(bare, home, OWNER, "shipment", at)

    assert able() == comparing.Day(0, comparing.USUAL)
    factory.shipments(100, customs_office="XMAIR").to_parquet(tmp_path / "day.parquet")
    screen(bare, home, OWNER, [tmp_path / "day.parquet"], Options(profile="shipment"), now)
    assert able() == comparing.Day(8, 0.08)
    factory.shipments(100, customs_office="XMEXP").to_parquet(tmp_path / "hub.parquet")
    screen(bare, home, OWNER, [tmp_path / "hub.parquet"], Options(profile="shipment"), now)
    assert able() == comparing.Day(48, 48 / 200)
    factory.shipments(900, customs_office="XMPME").to_parquet(tmp_path / "past.parquet")
    screen(bare, home, OWNER, [tmp_path / "past.parquet"], Options(history=True), now)
    assert able() == comparing.Day(48, 48 / 200)  # nobody rated those
    late = now + timedelta(days=comparing.DAYS + 1)
    assert able(late) == comparing.Day(0, comparing.USUAL)  # nothing came of late
    # A share that was set is not told as what the offices can examine in a day.
    told = home.model_copy(update={"capacity_share": 0.1})
    assert comparing.capacity_of(bare, told, OWNER, "shipment", now) == comparing.Day(0, 0.1)
    with pytest.raises(NotAllowed):
        comparing.capacity_of(bare, home, INES, "shipment", now)


@EITHER
def test_the_share_inspected_is_of_declarations_and_not_of_their_items(
    home: Settings, bare: Store, tmp_path: Path
) -> None:
    """Two items each; and one that comes again with another value is no further declaration."""
    put_offices(bare, [{"code": "XMAIR", "name": "Air", "zone": "Europe/Paris", "capacity": 8}])
    now = datetime.now(UTC)
    numbers = [f"X{n // 2:03d}" for n in range(200)]
    items = factory.shipments(
        200, customs_office="XMAIR", declaration_id=numbers, item_number=[1, 2] * 100
    )
    for number, rows in enumerate((items, items[:40].assign(value=9.0))):
        path = factory.write(tmp_path / f"{number}.csv", rows)
        screen(bare, home, OWNER, [path], Options(), now + timedelta(minutes=number))
        able = comparing.capacity_of(bare, home, OWNER, "shipment", now + timedelta(hours=1))
        assert able == comparing.Day(8, 0.08)
