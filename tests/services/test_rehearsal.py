"""What another scorecard would do with the open alerts: their ranks and their lanes."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select, update

from riskprofile.errors import NotAllowed
from riskprofile.scoring.editing import Edit, edited
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import comparing, promotion, rehearsal, review, settings, watching
from riskprofile.services.identity import OWNER
from riskprofile.services.queue_statements import SEEN
from riskprofile.services.rights import Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.alert_tables import Alert
from tests import factory
from tests.conftest import postgres_database
from tests.services.bench import INES, OMAR, REASON, put_offices
from tests.services.test_promotion import ANNA

alerts = Alert.__table__


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
)
def rated(request, tmp_path_factory):
    """An office with open alerts, in a database of either kind."""
    folder = tmp_path_factory.mktemp("rehearsal")
    with ExitStack() as opened:
        address = {}
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            address = {"database_url": opened.enter_context(postgres_database(server))}
        yield opened.enter_context(contextmanager(_rated)(folder, address))


def _rated(folder, address):
    home = settings.load({}, home=folder / "home", **address)
    store = settings.open_store(home)
    put_offices(store, [{"code": "XMPME", "name": "Port", "zone": "UTC", "capacity": 12}])
    rows = factory.shipments(60, customs_office="XMPME")
    rows["gross_mass_kg"] = [float(1 + n % 17) for n in range(len(rows))]
    rows.to_parquet(folder / "day.parquet")
    options = Options(profile="shipment", capacity=Capacity(12, None, 0.0))
    screen(store, home, OWNER, [folder / "day.parquet"], options, datetime.now(UTC))
    yield store, home
    store.close()


def test_a_look_at_what_serves_counts_its_alerts_and_the_outcomes_that_two_people_said(
    rated,
) -> None:
    store, home = rated
    now = datetime.now(UTC)
    before = watching.look(store, home.models, ANNA, "shipment")
    assert before.standing is None and before.labels == () and before.disputed == ()
    assert [one.examined for one in before.calibration] == [0, 0]
    assert sum(one.alerts for one in before.signs) >= 12 and before.signs[0].examined == 0
    with store.read() as connection:
        alert = connection.execute(
            select(alerts.c.id).where(alerts.c.state == "open").limit(1)
        ).scalar_one()
    waits = review.alert(store, INES, alert, now).blind
    review.claim(store, INES, alert, now)
    if waits:
        review.say_first(store, INES, alert, "examine", REASON, now)
    review.decide(store, INES, alert, "examine", REASON, now)
    outcome = review.record_outcome(store, INES, alert, "nothing", now, methods=["opened"])
    review.confirm_outcome(store, OMAR, outcome, now)
    after = watching.look(store, home.models, ANNA, "shipment")
    assert [(one.who, one.outcomes, one.finds) for one in after.labels] == [
        ("", 1, 0), ("ines", 1, 0),
    ]  # fmt: skip
    by_chance, listed = after.calibration
    assert (by_chance.examined, listed.examined, listed.found) == (0, 1, 0.0)
    assert not listed.enough and not listed.off and 0 < listed.score < 1
    assert max(one.examined for one in after.signs) == 1
    [own] = comparing.recalls(
        store, home, ANNA, "shipment", promotion.serving(store, home.models, "shipment"), 0.2
    )
    assert (own.on, own.finds, own.figures) == (comparing.OUTCOMES, 0, ())


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
    assert rehearsal.mark(store, ANNA, "shipment") == (len(stored), max(stored), sum(stored))
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
    assert (first.open, first.moved, first.up, first.down) == (4, 4, 1, 1)
    again = rehearsal.rehearsed(heavy, light, items)
    assert (again.up, again.down) == (1, 1)


def test_what_waits_for_an_own_view_is_left_out_and_officers_ask_in_vain(rated) -> None:
    store, home = rated
    card = promotion.serving(store, home.models, "shipment")
    before, newest, _ = rehearsal.mark(store, ANNA, "shipment")
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


def test_one_that_is_closed_and_one_that_is_opened_again_are_not_the_alerts_of_before(
    rated,
) -> None:
    store, _ = rated
    with store.read() as connection:
        first, second = connection.execute(
            select(alerts.c.id)
            .where(alerts.c.state == "open", SEEN)  # who waits for an own view is not among them
            .order_by(alerts.c.id)
            .limit(2)
        ).scalars()
    told = []
    for gone in (first, second):
        with store.write() as connection:
            connection.execute(update(alerts).where(alerts.c.id == gone).values(state="closed"))
        told.append(rehearsal.mark(store, ANNA, "shipment"))
        with store.write() as connection:
            connection.execute(update(alerts).where(alerts.c.id == gone).values(state="open"))
    assert told[0] != told[1] and told[0][:2] == told[1][:2]


def test_who_is_of_one_office_hears_of_its_alerts_and_of_those_of_none(rated) -> None:
    store, home = rated
    card = promotion.serving(store, home.models, "shipment")
    here, there = Actor("sara", "supervisor", "XMPME"), Actor("tom", "supervisor", "XMAIR")
    assert rehearsal.mark(store, here, "shipment") == rehearsal.mark(store, ANNA, "shipment")
    assert rehearsal.mark(store, there, "shipment") == (0, 0, 0)
    assert not len(rehearsal.opened(store, there, "shipment", card))
    _, newest, _ = rehearsal.mark(store, ANNA, "shipment")
    with store.write() as connection:
        connection.execute(update(alerts).where(alerts.c.id == newest).values(office=None))
    try:
        assert set(rehearsal.opened(store, there, "shipment", card)[rehearsal.ALERT]) == {newest}
    finally:
        with store.write() as connection:
            connection.execute(update(alerts).where(alerts.c.id == newest).values(office="XMPME"))


def test_of_no_open_alert_nothing_is_told(tmp_path: Path) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    card = promotion.serving(store, home.models, "shipment")
    told = rehearsal.opened(store, ANNA, "shipment", card)
    assert not len(told)
    nothing = rehearsal.rehearsed(card, edited(card, [Edit("wording", "drop")]), told)
    assert nothing == rehearsal.Rehearsal(0, 0, 0, 0)
    store.close()
