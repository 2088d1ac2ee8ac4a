"""An alert raised by hand: on a stored declaration of one's office, once, with a reason."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text

from riskprofile.errors import Conflict, NotAllowed, ProfileOff, RiskProfileError
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import (
    govern,
    raising,
    records,
    retelling,
    retention,
    review,
    settings,
    unmasking,
)
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.screen import Options, screen
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import alerts
from riskprofile.store.alert_tables import Alert
from riskprofile.store.run_tables import Batch, Record
from tests import factory
from tests.conftest import home_of
from tests.services.bench import EITHER, HERE, NOW, THERE, later, put_offices, row, until_it_waits

INES, OMAR = Actor("ines", "officer", HERE), Actor("omar", "officer", HERE)
pytestmark = pytest.mark.xdist_group("raising")  # one process rates the rows
AWAY = Actor("ana", "officer", THERE)
WHY = "the driver could not name the consignee"

home = pytest.fixture(home_of)


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """A store with rated declarations, and one of them that no list brought up."""
    folder = tmp_path_factory.mktemp("raised")
    told = settings.load({}, home=str(folder / "home"), models=CHECKOUT / "models")
    store = settings.open_store(told)
    offices = [{"code": code, "name": code} for code in (HERE, THERE)]
    put_offices(store, offices)
    table = factory.shipments(20).drop(columns=["source", "line", "warnings"])
    table["customs_office"] = HERE
    table.to_csv(folder / "day.csv", index=False)
    options = Options(capacity=Capacity(number=2))
    screen(store, told, OWNER, [folder / "day.csv"], options, NOW)
    with store.read() as connection:
        alerted = set(connection.execute(select(Alert.record_id)).scalars())
        records = set(connection.execute(select(Record.record_id)).scalars())
    yield store, sorted(records - alerted)
    store.close()


def test_it_stands_in_the_queue_with_who_raised_it_why_and_what_was_rated(rated):
    store, (record, *_) = rated
    before = review.queue(store, OMAR, review.QueueFilter("shipment"), NOW)
    made = raising.raise_alert(store, INES, record.partition("@")[0], "shipment", WHY, NOW)
    view = review.alert(store, OMAR, made, later(minutes=1))
    assert (view.record_id, view.lane, view.state, view.office) == (record, "yellow", "open", HERE)
    assert view.indicators[0]["text"] == f"ines raised it by hand: {WHY}"
    assert view.declaration[0]["goods_description"]
    assert view.points is not None
    assert [one.action for one in view.timeline][-1] == "alert.raise"
    after = review.queue(store, OMAR, review.QueueFilter("shipment"), NOW)
    assert after.total == before.total + 1
    with pytest.raises(Conflict, match="open alert"):
        raising.raise_alert(store, OMAR, record, "shipment", WHY, later(minutes=2))


def test_a_closed_alert_may_be_followed_by_one_raised_by_hand(rated):
    store, (_, record, *_) = rated
    for version in (1, 2):
        at = later(hours=version)
        made = raising.raise_alert(store, INES, record, "shipment", WHY, at)
        assert review.alert(store, INES, made, at).version == version
        review.claim(store, INES, made, at)
        review.decide(store, INES, made, "release", "papers and goods agree, seen", at)


@pytest.mark.parametrize(
    ("actor", "reference", "reason", "error"),
    [
        (INES, "", WHY, "no such declaration"),
        (INES, "XM-NEVER", WHY, "no such declaration"),
        (INES, "XM-%", WHY, "no such declaration"),
        (INES, None, "odd", "at least 20 characters"),
        (AWAY, None, WHY, "no such declaration"),
    ],
)
def test_it_needs_a_declaration_of_the_office_and_a_reason(rated, actor, reference, reason, error):
    store, records = rated
    with pytest.raises(RiskProfileError, match=error):
        asked = records[-1] if reference is None else reference
        raising.raise_alert(store, actor, asked, "shipment", reason, NOW)


def test_of_several_with_a_number_those_of_the_office_are_named_whole_and_no_others(
    rated, tmp_path
):
    store, _ = rated
    told = settings.load({}, home=Path(store.where).parent, models=CHECKOUT / "models")
    numbers, carriers = ["XN-1", "XN-1", "XN-1", "XN-2", "XN-2", "XN-3"], [*"ABCABC"]
    offices = [HERE, HERE, THERE, HERE, THERE, THERE]
    table = factory.shipments(6, declaration_id=numbers, carrier=carriers, customs_office=offices)
    path = factory.write(tmp_path / "numbers.csv", table)
    screen(store, told, OWNER, [path], Options(capacity=Capacity(number=0)), NOW)
    with pytest.raises(RiskProfileError, match="several declarations have this number") as refused:
        raising.raise_alert(store, INES, "XN-1", "shipment", WHY, NOW)
    named = refused.value.where.split(", ")
    assert [one.rpartition("/")[0] for one in named] == [f"XN-1@{HERE}/A", f"XN-1@{HERE}/B"]
    made = raising.raise_alert(store, INES, named[1], "shipment", WHY, NOW)
    assert review.alert(store, INES, made, NOW).record_id == named[1]
    made = raising.raise_alert(store, INES, "XN-2", "shipment", WHY, NOW)
    assert review.alert(store, INES, made, NOW).office == HERE
    with pytest.raises(RiskProfileError, match="no such declaration") as refused:
        raising.raise_alert(store, INES, "XN-3", "shipment", WHY, NOW)
    assert refused.value.where == "XN-3"


def test_who_decides_nothing_raises_nothing(rated):
    store, records = rated
    with pytest.raises(NotAllowed):
        raising.raise_alert(store, Actor("a", "auditor"), records[-1], "shipment", WHY, NOW)


def test_of_a_profile_that_is_off_nobody_is_raised_and_nothing_is_looked_at(store):
    """Whether there is such a traveller is not told either."""
    with pytest.raises(ProfileOff, match="traveller profile is off"):
        raising.raise_alert(store, INES, "TXM0000001", "traveller", WHY, NOW)
    govern.enable_profile(store, OWNER, "traveller", "Act 7", "DPIA-1", NOW)
    with pytest.raises(RiskProfileError, match="no such declaration"):
        raising.raise_alert(store, INES, "TXM0000001", "traveller", WHY, NOW)


def sent(bare, home, table, minute=0):
    """A file that is rated, and of which no list brings anything up."""
    path = factory.write(home.home / f"{minute}.csv", table)
    screen(bare, home, OWNER, [path], Options(capacity=Capacity(number=0)), later(minutes=minute))


def test_what_is_declared_at_another_office_by_now_is_raised_there_alone(bare, home):
    """A crossing may be declared anew at another place, and an older message may come late."""
    govern.enable_profile(bare, OWNER, "traveller", "Act 7", "DPIA-1", NOW)
    for minute, (place, hour) in enumerate(((HERE, 5), (THERE, 7), (HERE, 6))):
        extra = f'{{"message_at": "2026-11-24T{hour:02d}:00:00Z"}}'
        table = factory.travellers(1, crossing_point=place, bag_mass_kg=hour, extra=extra)
        sent(bare, home, table, minute)
    with pytest.raises(RiskProfileError, match="no such declaration in your office"):
        raising.raise_alert(bare, INES, "XC-000000", "traveller", WHY, later(hours=1))
    made = raising.raise_alert(bare, AWAY, "XC-000000", "traveller", WHY, later(hours=1))
    assert review.alert(bare, AWAY, made, later(hours=1), WHY).office == THERE


def moved(bare, home, *places):
    """A crossing declared at one place after the other, an hour apart; its reference."""
    govern.enable_profile(bare, OWNER, "traveller", "Act 7", "DPIA-1", NOW)
    for hour, (place, function) in enumerate(places):
        extra = json.dumps({"message_at": f"2026-11-24T0{hour}:00:00Z"} | function)
        sent(bare, home, factory.travellers(1, crossing_point=place, extra=extra), hour)
    with bare.read() as connection:
        [record] = connection.execute(select(Record.record_id).distinct()).scalars()
    return record


@EITHER
def test_of_what_is_declared_anew_elsewhere_each_office_is_shown_what_was_declared_there(
    bare, home
):
    record = moved(bare, home, (HERE, {}), (THERE, {}))

    def shown(actor):
        found = records.declaration(bare, actor, record, "traveller", later(hours=1), WHY)
        return [(one.declared["crossing_point"], one.counts) for one in found]

    assert (shown(INES), shown(AWAY)) == ([(HERE, False)], [(THERE, True)])
    assert shown(Actor("ada", "auditor")) == [(HERE, False), (THERE, True)]
    with pytest.raises(RiskProfileError, match="no such declaration"):
        shown(Actor("x", "officer", "XMRLW"))


@EITHER
def test_a_cancellation_that_names_no_office_leaves_the_declaration_to_its_own(bare, home):
    cancelled = {"message_function": "cancel"}
    record = moved(bare, home, (HERE, {}), (None, cancelled))
    with pytest.raises(NotAllowed, match="no such record in your office"):
        unmasking.ask(bare, AWAY, record, "traveller", "CASE-7", WHY, NOW)
    with pytest.raises(RiskProfileError, match="nothing of this record is masked"):
        unmasking.ask(bare, INES, record, "traveller", "CASE-7", WHY, NOW)


def test_what_is_raised_on_a_file_is_not_told_as_an_alert_of_its_run(bare, home):
    """A watcher that died left it untold: officers work on it before the next one tells of it."""
    path = factory.write(home.home / "day.csv", factory.shipments(1, customs_office=HERE))
    options = Options(capacity=Capacity(number=0), claims={path: "c1"})
    run = screen(bare, home, OWNER, [path], options, NOW)
    raising.raise_alert(bare, INES, "XM-000000", "shipment", WHY, later(minutes=1))
    told = retelling.ended(bare, path, options, "c1")
    assert told is not None and told.summary.alerts == run.summary.alerts


@EITHER
def test_what_is_withdrawn_while_it_is_raised_is_not_put_before_anybody(bare, home, monkeypatch):
    table = factory.shipments(1, customs_office=HERE)
    sent(bare, home, table)
    read = records.declaration

    def meanwhile(*given):
        found = read(*given)
        sent(bare, home, table.assign(extra='{"message_function": "cancel"}'), 1)
        return found

    monkeypatch.setattr(records, "declaration", meanwhile)
    with pytest.raises(Conflict, match="changed or withdrawn meanwhile"):
        raising.raise_alert(bare, INES, "XM-000000", "shipment", WHY, later(minutes=2))
    with bare.read() as connection:
        assert connection.execute(select(Alert.id)).all() == []
    monkeypatch.undo()
    with pytest.raises(RiskProfileError, match="the sender withdrew"):
        raising.raise_alert(bare, INES, "XM-000000", "shipment", WHY, later(minutes=3))


@EITHER
def test_what_is_masked_while_it_is_raised_is_put_before_nobody_in_the_clear(
    bare, home, monkeypatch
):
    sent(bare, home, factory.shipments(1, customs_office=HERE, consignor_name="Zq Oryndel"))
    read, due = records.declaration, retention.due_at(later(minutes=1), 12)

    def meanwhile(*given):
        found = read(*given)
        assert retention.run(bare, home, OWNER, due).masked == 1
        return found

    monkeypatch.setattr(records, "declaration", meanwhile)
    with pytest.raises(Conflict, match="changed or withdrawn meanwhile"):
        raising.raise_alert(bare, INES, "XM-000000", "shipment", WHY, due)
    monkeypatch.undo()
    made = raising.raise_alert(bare, INES, "XM-000000", "shipment", WHY, due)
    assert "Oryndel" not in str(row(bare, made))


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_retention_waits_for_who_raises_an_alert_and_masks_that_too(bare, home):
    sent(bare, home, factory.shipments(1, customs_office=HERE, consignor_name="Zq Oryndel"))
    due = retention.due_at(later(minutes=1), 12)
    with ThreadPoolExecutor(2) as beside:
        with bare.write() as connection:  # an alert refers to its batch
            connection.execute(select(Batch.id).with_for_update())
            asked = (bare, INES, "XM-000000", "shipment", WHY, due)
            raised = beside.submit(raising.raise_alert, *asked)
            until_it_waits(bare, raised)
            done = beside.submit(retention.run, bare, home, OWNER, due)
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while connection.execute(waits).scalar_one() < 2:
                assert not raised.done() and not done.done()
        assert (done.result().masked, done.result().alerts) == (1, 1)
    assert "Oryndel" not in str(row(bare, raised.result()))


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_of_two_who_raise_one_at_once_the_second_is_told_that_it_has_an_alert(bare, home):
    sent(bare, home, factory.shipments(1, customs_office=HERE))
    first = raising.raise_alert(bare, INES, "XM-000000", "shipment", WHY, NOW)
    table = Alert.__table__
    with bare.write() as connection:
        row = dict(connection.execute(select(table).where(table.c.id == first)).mappings().one())
        connection.execute(table.delete())
    del row["id"], row["standing"]
    with ThreadPoolExecutor(1) as beside:
        with bare.write() as connection:
            alerts.add(bare, connection, [row])
            other = beside.submit(
                raising.raise_alert, bare, OMAR, "XM-000000", "shipment", WHY, later(minutes=1)
            )
            until_it_waits(bare, other)
        with pytest.raises(Conflict, match="open alert"):
            other.result()
