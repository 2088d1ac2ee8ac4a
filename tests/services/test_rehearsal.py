"""What another scorecard would do with the open alerts: their ranks and their lanes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import update

from riskprofile.errors import NotAllowed
from riskprofile.scoring.editing import Edit, edited
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import promotion, rehearsal, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.tables import Alert
from tests import factory
from tests.services.bench import INES, put_offices
from tests.services.test_promotion import ANNA

alerts = Alert.__table__


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """An office with forty open alerts."""
    folder = tmp_path_factory.mktemp("rehearsal")
    home = settings.load({}, home=folder / "home")
    store = settings.open_store(home)
    put_offices(store, [{"code": "XMPME", "name": "Port", "zone": "UTC", "capacity": 12}])
    rows = factory.shipments(60, customs_office="XMPME")
    rows["gross_mass_kg"] = [float(1 + n % 17) for n in range(len(rows))]
    rows.to_parquet(folder / "day.parquet")
    options = Options(profile="shipment", capacity=Capacity(12, None, 0.0))
    screen(store, home, OWNER, [folder / "day.parquet"], options, datetime.now(UTC))
    yield store, home
    store.close()


def test_open_alerts_come_with_what_the_scorecard_reads(rated) -> None:
    store, home = rated
    card = promotion.serving(store, home.models, "shipment")
    told = rehearsal.opened(store, ANNA, "shipment", card)
    with store.read() as connection:
        stored = {
            row.id: row.points
            for row in connection.execute(alerts.select().where(alerts.c.state == "open"))
            if row.blind != "waiting"
        }
    assert rehearsal.mark(store, ANNA, "shipment") == (len(stored), max(stored))
    assert set(told[rehearsal.ALERT]) == set(stored) and len(stored) >= 12
    points = pd.Series(card.points(told)).groupby(told[rehearsal.ALERT].to_numpy()).max()
    assert points.to_dict() == stored


def test_the_same_scorecard_moves_none_and_another_what_its_points_move(rated) -> None:
    store, home = rated
    card = promotion.serving(store, home.models, "shipment")
    told = rehearsal.opened(store, ANNA, "shipment", card)
    same = rehearsal.rehearsed(card, card, told)
    assert (same.open, same.moved, same.up, same.down) == (told[rehearsal.ALERT].nunique(), 0, 0, 0)
    # Points that turn the order round: mass per package alone decides.
    name = "mass_per_package"
    other = edited(card, [Edit(term.name, "drop") for term in card.terms if term.name != name])
    moved = rehearsal.rehearsed(card, other, told)
    assert 0 < moved.moved <= moved.open
    assert moved.up == moved.down  # a lane has as many places as it has


def test_lanes_change_by_points_and_what_an_indicator_raised_stays(rated) -> None:
    store, home = rated
    card = promotion.serving(store, home.models, "shipment")
    names = list(card.features)
    items = pd.DataFrame({name: [0.0] * 4 for name in names})
    items["mass_per_package"] = [0.1, 0.1, 500.0, 500.0]
    kept = pd.DataFrame(
        {
            rehearsal.ALERT: [1, 2, 3, 4], rehearsal.OFFICE: ["A"] * 4,
            rehearsal.LANE: ["red", "yellow", "yellow", "red"],
            rehearsal.BY_SCORE: [True, True, True, False],
        }
    )  # fmt: skip
    items = kept.join(items)
    light = edited(card, [Edit("mass_per_package", "set", 0, 900)])
    heavy = edited(card, [Edit("mass_per_package", "set", 70, 900)])
    first = rehearsal.rehearsed(light, heavy, items)
    assert (first.open, first.up, first.down) == (4, 1, 1)
    again = rehearsal.rehearsed(heavy, light, items)
    assert (again.up, again.down) == (1, 1)


def test_what_waits_for_an_own_view_is_left_out_and_officers_ask_in_vain(rated) -> None:
    store, home = rated
    card = promotion.serving(store, home.models, "shipment")
    before, newest = rehearsal.mark(store, ANNA, "shipment")
    with store.write() as connection:
        connection.execute(update(alerts).where(alerts.c.id == newest).values(blind="waiting"))
    try:
        assert rehearsal.mark(store, ANNA, "shipment")[0] == before - 1
        told = rehearsal.opened(store, ANNA, "shipment", card)
        assert newest not in set(told[rehearsal.ALERT])
    finally:
        with store.write() as connection:
            connection.execute(update(alerts).where(alerts.c.id == newest).values(blind=None))
    for call in (
        lambda: rehearsal.mark(store, INES, "shipment"),
        lambda: rehearsal.opened(store, INES, "shipment", card),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_of_no_open_alert_nothing_is_told(tmp_path: Path) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    card = promotion.serving(store, home.models, "shipment")
    told = rehearsal.opened(store, ANNA, "shipment", card)
    assert not len(told)
    nothing = rehearsal.rehearsed(card, edited(card, [Edit("wording", "drop")]), told)
    assert nothing == rehearsal.Rehearsal(0, 0, 0, 0)
    store.close()
