"""Own view first: a fixed, keyed draw; nothing of the rating before the view; and the meter."""

from __future__ import annotations

import dataclasses
import json
import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from riskprofile import words
from riskprofile.errors import Conflict, NotAllowed, RiskProfileError, UsageError
from riskprofile.scoring.reasons import Phrasing
from riskprofile.services import (
    agreement,
    blind,
    board,
    bundle,
    cut,
    explanation,
    review,
    settings,
    sheet,
    snoozing,
)
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import audit, phrasings, switches
from riskprofile.store.alert_tables import Alert, FirstView
from riskprofile.store.office_tables import Audit
from riskprofile.store.packed_json import pack
from tests import factory
from tests.conftest import SHARE
from tests.services.bench import (
    AUDITOR,
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    actions,
    later,
    put,
    row,
    taken,
)
from tests.services.conftest import copied

FILTER = review.QueueFilter("shipment", owner="open")
SECRET = "mass of each piece far from the norm"  # a sentence that only the rating says
SIGN = {"key": "E01_parts", "text": "a sign that fired", "queue": "compliance", "raises": "yellow"}
RATED = {
    "reasons": [{"term": "mass", "text": SECRET, "points": 271}],
    "against": [{"term": "hs", "text": "the code agrees, a reason against", "points": -38}],
    "indicators": [SIGN],
    "queue": "compliance",
    "rank": 4711,
    "points": 31337,
    "score": 0.413,
    "driver": 2,
}
TOLD = (SECRET, SIGN["text"], "a reason against", "4711", "31337", "0.413", "compliance", '"red"')
_view = FirstView.__table__


def hidden(store, actor=INES, **columns):
    """An alert that waits for a view, held and opened by `actor`."""
    return taken(store, actor, **{**RATED, "blind": blind.WAITING, **columns})


def shown(value):
    """Everything of it as text."""
    return json.dumps(dataclasses.asdict(value), default=str)


def test_nothing_is_told_of_terms_that_are_kept_as_numbers_before_the_view(store):
    words = {"features": [], "terms": [["mass", SECRET, "", []], ["base", "", "", []]]}
    with store.write() as connection:
        digest = phrasings.keep(connection, Phrasing({**words, "base": -1, "and": ""}))
    kept = {"phrasing": digest, "terms": pack(struct.pack("<i", 271) + b"\0")}
    alert = hidden(store, reasons=None, against=None, **kept)
    [row] = review.queue(store, INES, FILTER, NOW).rows
    view = review.alert(store, INES, alert, NOW)
    assert SECRET not in shown(row) and SECRET not in shown(view)
    assert (row.reasons, view.reasons, view.against) == ([], [], [])
    blind.say(store, INES, alert, "scan", REASON, NOW)
    [row] = review.queue(store, INES, FILTER, NOW).rows
    view = review.alert(store, INES, alert, NOW)
    assert row.because == [SIGN["text"], SECRET]
    assert [one["points"] for one in view.reasons + view.against] == [271, -1]


def test_runs_that_draw_for_the_first_time_at_once_draw_with_one_key(any_store):
    together = Barrier(4)

    def drawn(_: int) -> bytes:
        together.wait()
        with any_store.write() as connection:
            return blind.draw_of(connection).secret

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(drawn, range(4)))) == 1


@given(share=st.floats(0.0, 1.0), other=st.floats(0.0, 1.0), reference=st.text(max_size=30))
def test_a_declaration_is_drawn_or_not_by_key_and_reference_alone(share, other, reference):
    once = blind.drawn(b"k" * 32, "shipment", reference, share)
    assert blind.drawn(b"k" * 32, "shipment", reference, share) == once
    larger = blind.drawn(b"k" * 32, "shipment", reference, max(share, other))
    assert larger >= once  # who is in a smaller share is in a larger one


def test_the_draw_takes_its_share_whatever_the_rank_and_another_key_takes_others():
    names = [f"PX-{n:06d}" for n in range(40_000)]
    mine, others = (
        np.array([blind.drawn(key, "shipment", name, 0.05) for name in names])
        for key in (b"a" * 32, b"b" * 32)
    )
    for part in (mine, mine[:20_000], mine[::2], others):  # by place in the list, by parity
        assert abs(part.mean() - 0.05) < 4 * (0.05 * 0.95 / len(part)) ** 0.5
    assert abs((mine & others).mean() - 0.0025) < 4 * (0.0025 / len(names)) ** 0.5


def test_what_a_rule_raises_to_red_is_not_in_the_draw():
    draw = blind.Draw(b"k" * 32, 1.0)
    assert draw.state("shipment", "X", []) == blind.WAITING
    assert draw.state("shipment", "X", [SIGN]) == blind.WAITING
    assert draw.state("shipment", "X", [SIGN, {**SIGN, "raises": "red"}]) is None
    assert blind.Draw(b"k" * 32, 0.0).state("shipment", "X", []) is None


def test_a_random_control_waits_whatever_the_key_says_but_never_alone():
    draw = blind.Draw(b"k" * 32, 1e-9)
    assert draw.state("shipment", "X", [], "score") == blind.PASSED
    assert draw.state("shipment", "X", [], "random") == blind.WAITING
    # Were nothing else to wait, waiting would tell.
    assert blind.Draw(b"k" * 32, 0.0).state("shipment", "X", [], "random") is None


@pytest.mark.parametrize("actor", [INES, SARA, AUDITOR], ids=lambda actor: actor.role)
def test_nobody_reads_anything_of_the_rating_before_the_view(any_store, actor):
    items = [{"goods_description": "steel pins"}, {"goods_description": "what has the points"}]
    alert = hidden(any_store, title="what has the points", declaration=items)
    put(any_store, 3, record_id=["A-1", "A-2", "A-3"], rank=[1, 2, 5000])
    for asked in (FILTER, dataclasses.replace(FILTER, search="steel"),
                  dataclasses.replace(FILTER, sort="time_left"),
                  dataclasses.replace(FILTER, lane=blind.LANE)):  # fmt: skip
        page = review.queue(any_store, actor, asked, NOW)
        [mine] = [one for one in page.rows if one.id == alert]
        assert (mine.blind, mine.lane, mine.queue, mine.rank) == (True, blind.LANE, "", 0)
        assert (mine.points, mine.because, mine.title) == (None, [], "steel pins")
        assert not [secret for secret in (*TOLD, "has the points") if secret in shown(mine)]
    view = review.alert(any_store, actor, alert, NOW)
    assert not [secret for secret in TOLD if secret in shown(view)]
    assert (view.blind, view.lane, view.points, view.driver) == (True, blind.LANE, None, 1)
    assert view.title == "steel pins"
    assert view.declaration == items  # what was declared is there: a view is made of it


def test_no_filter_and_no_count_tells_its_lane_or_its_queue(any_store):
    alert = hidden(any_store, red_from=300)
    put(any_store, 2, record_id=["R-1", "Y-1"], lane=["red", "yellow"], red_from=390)
    for lane in ("red", "yellow"):
        page = review.queue(any_store, INES, dataclasses.replace(FILTER, lane=lane), NOW)
        assert alert not in [one.id for one in page.rows]
    for queue in ("trafficking", "compliance"):
        page = review.queue(any_store, INES, dataclasses.replace(FILTER, queue=queue), NOW)
        assert alert not in [one.id for one in page.rows]
    page = review.queue(any_store, INES, FILTER, NOW)
    assert page.lanes == {blind.LANE: 1, "red": 1, "yellow": 1}
    assert page.queues == {"trafficking": 2}
    assert (page.total, len(page.rows)) == (3, 3)
    assert review.figures(any_store, INES, NOW, "shipment").red_free == 1
    [load] = board.board(any_store, SARA, NOW).offices
    assert (load.red, load.yellow, load.blind, load.cut) == (1, 1, 1, {"shipment": 390})
    told = cut.reach(any_store, SARA, HERE, "shipment", NOW).cut(1)
    assert (told.red, told.yellow, told.points) == (0, 0, None)


@pytest.mark.parametrize("sort", ["rank", "time_left"])
@pytest.mark.parametrize("office", [HERE, None])
def test_its_place_in_the_list_is_the_same_whatever_its_rank_and_lane(any_store, sort, office):
    actor = dataclasses.replace(SARA, office=office)
    orders = []
    put(any_store, 4, due_at=None, lane=["red", "red", "yellow", "yellow"])
    names = {"due_at": None, "record_id": ["XM-B", "XM-A"], "blind": blind.WAITING}
    pair = put(any_store, 2, **{**RATED, **names})
    table = Alert.__table__
    for rank, lane in ((1, "red"), (3, "yellow"), (9999, "yellow")):
        with any_store.write() as connection:
            connection.execute(
                table.update().where(table.c.id == pair[0]).values(rank=rank, lane=lane)
            )
        asked = dataclasses.replace(FILTER, sort=sort, page_size=3)
        pages = [
            review.queue(any_store, actor, dataclasses.replace(asked, page=n), NOW).rows
            for n in range(2)
        ]
        orders.append([one.id for rows in pages for one in rows])
    assert orders[0][:2] == pair[::-1]  # by reference
    assert orders[0] == orders[1] == orders[2]
    assert len(orders[0]) == 6


def test_a_view_opens_the_rating_for_all_and_is_kept_beside_the_decision(any_store):
    alert = hidden(any_store)
    review.say_first(any_store, INES, alert, "documents", "weights look odd", later(minutes=1))
    for actor in (INES, OMAR, AUDITOR):
        view = review.alert(any_store, actor, alert, later(minutes=1))
        assert (view.blind, view.lane, view.points, view.driver) == (False, "red", 31337, 2)
        assert view.first_view["view"] == "documents"
        assert SECRET in shown(view)
    assert (view.decisions, view.state) == ([], "open")  # it ordered nothing
    decision = review.decide(any_store, INES, alert, "examine", REASON, later(minutes=2))
    view = review.alert(any_store, INES, alert, later(minutes=2))
    assert view.decisions[-1]["id"] == decision
    assert view.first_view["officer"] == "ines"
    assert actions(any_store, alert)[-4:] == [
        "alert.view", "alert.look", "alert.look", "alert.decide"
    ]  # fmt: skip
    [event] = [one for one in view.timeline if one.action == "alert.view"]
    assert event.text == "documents, weights look odd"


def test_the_same_view_twice_is_one_and_another_persons_is_refused(any_store):
    alert = hidden(any_store)
    for _ in range(2):
        review.say_first(any_store, INES, alert, "examine", REASON, NOW)
    with pytest.raises(Conflict, match="ines has said a view"):
        review.say_first(any_store, OMAR, alert, "release", REASON, NOW)
    assert actions(any_store, alert).count("alert.view") == 1
    with any_store.read() as connection:
        assert connection.execute(select(func.count()).select_from(_view)).scalar_one() == 1


def test_a_view_that_cannot_be_audited_is_not_kept_and_opens_nothing(store, monkeypatch):
    alert = hidden(store)

    def full(*_, **__):
        raise RiskProfileError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(audit, "append", full)
        with pytest.raises(RiskProfileError, match="disk is full"):
            review.say_first(store, INES, alert, "examine", REASON, NOW)
    assert row(store, alert)["blind"] == blind.WAITING
    assert review.alert(store, INES, alert, NOW).first_view is None


def test_a_view_asks_what_a_decision_asks(store):
    alert = hidden(store)
    with pytest.raises(NotAllowed):
        review.say_first(store, AUDITOR, alert, "examine", REASON, NOW)
    with pytest.raises(Conflict, match="ines holds"):
        review.say_first(store, OMAR, alert, "examine", REASON, NOW)
    with pytest.raises(RiskProfileError, match="5 characters"):
        review.say_first(store, INES, alert, "examine", "ok", NOW)
    with pytest.raises(RiskProfileError, match="unknown view"):
        review.say_first(store, INES, alert, "arrest", REASON, NOW)
    [unread] = put(store, record_id="U-1", blind=blind.WAITING)
    review.claim(store, INES, unread, NOW)
    with pytest.raises(Conflict, match="not opened"):
        review.say_first(store, INES, unread, "examine", REASON, NOW)
    plain = taken(store, record_id="P-1")
    with pytest.raises(Conflict, match="waits for no view"):
        review.say_first(store, INES, plain, "examine", REASON, NOW)


def test_nothing_is_decided_printed_told_or_ended_before_the_view(store):
    alert = hidden(store)
    en, models = words.of("en"), CHECKOUT / "models"
    home = settings.load({}, home=str(CHECKOUT / "nowhere"))
    refused = (
        lambda: review.decide(store, INES, alert, "release", REASON, NOW),
        lambda: review.record_outcome(store, INES, alert, "not_examined", NOW),
        lambda: sheet.sheet(store, INES, alert, en, NOW),
        lambda: explanation.explain(store, models, INES, "XM-000000", NOW),
        lambda: bundle.export(store, home, SARA, "XM-000000", "case 7", NOW),
    )
    for act in refused:
        with pytest.raises(Conflict, match="waits for your own view"):
            act()
    assert row(store, alert)["state"] == "open"


@pytest.mark.parametrize("lane", ["red", "yellow"])
def test_how_long_it_can_be_put_aside_does_not_tell_its_lane(store, lane):
    alert = hidden(store, lane=lane)
    with pytest.raises(RiskProfileError, match="at most 24 hours"):
        snoozing.snooze(store, INES, [alert], REASON, later(hours=25), NOW)
    other = hidden(store, lane=lane, record_id="XM-2")
    with pytest.raises(NotAllowed, match="one by one"):
        snoozing.snooze(store, INES, [alert, other], REASON, later(hours=2), NOW)
    assert snoozing.snooze(store, INES, [alert], REASON, later(hours=24), NOW) == 1


def test_another_alerts_panel_tells_nothing_of_its_lane(store):
    declared = [{"consignor_name": "Example Fasteners Ltd", "goods_description": "pins"}] * 2
    waiting = hidden(store, declaration=declared, title="slides")
    other = taken(store, record_id="XM-O", declaration=declared)
    [mine] = review.alert(store, INES, other, NOW).history
    assert (mine["alert_id"], mine["lane"], mine["title"]) == (waiting, blind.LANE, "pins")
    review.say_first(store, INES, waiting, "examine", REASON, NOW)
    [mine] = review.alert(store, INES, other, NOW).history
    assert mine["lane"] == "red"


def test_the_share_is_set_and_audited_and_none_shows_what_waited(any_store):
    assert blind.share(any_store, SARA) == blind.SHARE == 0.0
    with any_store.write() as connection:
        key = blind.draw_of(connection).secret
    alert = hidden(any_store)
    assert blind.set_share(any_store, OWNER, 0.2, NOW) == 0
    assert review.alert(any_store, INES, alert, NOW).blind
    assert blind.set_share(any_store, OWNER, 0.0, NOW) == 1
    view = review.alert(any_store, INES, alert, NOW)
    assert (view.blind, view.lane) == (False, "red")
    with pytest.raises(Conflict, match="waits for no view"):
        review.say_first(any_store, INES, alert, "examine", REASON, NOW)
    with pytest.raises(UsageError):
        blind.set_share(any_store, OWNER, 1.5, NOW)
    with any_store.read() as connection:
        told = connection.execute(
            select(Audit.detail).where(Audit.action == "setting.blind_first").order_by("sequence")
        )
        assert [one["to"] for one in told.scalars()] == [0.2, 0.0]
    with any_store.write() as connection:  # another share, the same draw
        assert blind.draw_of(connection).secret == key


def test_one_in_twenty_waits_unless_the_installation_says_otherwise():
    assert SHARE == 0.05


@pytest.fixture
def installed(tmp_path):
    """A home of its own, and a way to rate a table there: the alerts as stored, by reference."""
    home = settings.load({}, home=tmp_path / "home")
    opened = settings.open_store(home)

    def rate(table, at=NOW):
        path = factory.write(tmp_path / f"{at:%H%M}.csv", table)
        screen(opened, home, OWNER, [path], Options(), at)
        with opened.read() as connection:
            columns = Alert.__table__
            rows = connection.execute(select(columns).order_by(columns.c.id)).mappings()
            return [dict(one) for one in rows]

    yield opened, rate
    opened.close()


def arms(count, **columns):
    """Declarations that the list brings up, by their wording."""
    return factory.shipments(count, goods_description="pistol slides and barrels", **columns)


def test_a_run_draws_its_share_and_ids_say_nothing_of_ranks(installed):
    store, rate = installed
    blind.set_share(store, OWNER, 0.5, NOW)
    with store.read() as connection:
        draw = blind.draw_of(connection)
    masses = [0.2 * 1.2 ** (n * 37 % 60) for n in range(60)]
    found = rate(arms(60, gross_mass_kg=masses, net_mass_kg=masses))
    assert len(found) == 60
    red = [one for one in found if any(sign["raises"] == "red" for sign in one["indicators"])]
    assert not red
    states = [blind.WAITING if blind.drawn(draw.secret, "shipment", one["record_id"], 0.5)
              else blind.PASSED for one in found]  # fmt: skip
    by_chance = [one["selected_by"] == "random" for one in found]
    assert [one["blind"] for one in found] == [
        blind.WAITING if random else state for random, state in zip(by_chance, states, strict=True)
    ]
    assert {*states} == {blind.WAITING, blind.PASSED}
    assert [one["record_id"] for one in found] == sorted(one["record_id"] for one in found)
    assert [one["rank"] for one in found] != sorted(one["rank"] for one in found)


def test_random_controls_stand_among_others_that_wait_and_nothing_shown_tells_them_apart(installed):
    store, rate = installed
    with store.write() as connection:  # a key made at random might draw none of the others
        switches.put(connection, blind.SETTING, {"share": 0.4, "key": "6b" * 32})
    references = [f"PLAIN-{n}" for n in range(200)]
    plain = factory.shipments(
        200, declaration_id=references, goods_description="garden chairs of plastic"
    )
    found = rate(pd.concat([arms(20), plain], ignore_index=True))
    waiting = [one for one in found if one["blind"] == blind.WAITING]
    chance = {one["id"] for one in found if one["selected_by"] == "random"}
    assert chance
    assert chance < {one["id"] for one in waiting}
    officer = Actor("o", "officer")
    listed = {one.id: one for one in review.queue(store, officer, FILTER, NOW).rows if one.blind}
    assert set(listed) == {one["id"] for one in waiting}
    for shows in (listed.get, lambda alert: review.alert(store, officer, alert, NOW)):
        said = {
            json.dumps({name: getattr(shows(one["id"]), name) for name in blind.VEIL if
                        hasattr(shows(one["id"]), name)})
            for one in waiting
        }  # fmt: skip
        assert len(said) == 1


def test_an_amended_declaration_waits_on_and_tells_no_earlier_rating(installed):
    store, rate = installed
    blind.set_share(store, OWNER, 1.0, NOW)
    said = {"extra": ['{"message_at": "2026-11-24T08:00:00Z"}'] * 2}
    first = rate(arms(2, **said))
    assert [one["blind"] for one in first] == [blind.WAITING] * 2
    officer = Actor("o", "officer")
    seen = first[1]["id"]
    review.alert(store, officer, seen, NOW)
    review.claim(store, officer, seen, NOW)
    review.say_first(store, officer, seen, "scan", REASON, NOW)
    later_on = {"extra": ['{"message_at": "2026-11-24T10:00:00Z", "function": "change"}'] * 2}
    second = rate(arms(2, gross_mass_kg=900.0, **later_on), later(hours=2))[2:]
    assert [one["version"] for one in second] == [2, 2]
    # Whoever read the first version knows its lane: the second is in no draw.
    assert [one["blind"] for one in second] == [blind.WAITING, None]
    view = review.alert(store, officer, second[0]["id"], later(hours=2))
    assert (view.changed.lane, view.changed.points, view.changed.rank) == (blind.LANE, None, 0)
    assert [name for _, name, _, _ in view.changed.fields]


# The meter: a world in which the truth of a declaration is what its text says, and the list is
# right in 70 of 100. One officer reads the text; one does as the list says, and guesses without.
READER, STAMPER = Actor("reader", "officer", HERE), Actor("stamper", "officer", HERE)
WORLD = 400
END = NOW + timedelta(seconds=60 * WORLD)
same_days = pytest.mark.xdist_group("days")  # one process works through them


def worked(store, officer, *, seconds):
    """A day of one officer over 400 alerts, a fifth of them first without their rating."""
    chance = np.random.default_rng(20261126)
    harmful = chance.random(WORLD) < 0.5
    rated_red = np.where(chance.random(WORLD) < 0.7, harmful, ~harmful)
    by_chance = rated_red & (chance.random(WORLD) < 0.2)
    waits = by_chance | (chance.random(WORLD) < 0.2)
    alerts = put(
        store,
        WORLD,
        lane=["red" if red else "yellow" for red in rated_red],
        blind=[blind.WAITING if one else blind.PASSED for one in waits],
        selected_by=["random" if one else "score" for one in by_chance],
        title=["parts of a pistol" if one else "garden chairs" for one in harmful],
    )
    for number, alert in enumerate(alerts):
        at = NOW + timedelta(seconds=60 * number)
        review.claim(store, officer, alert, at)
        view = review.alert(store, officer, alert, at)
        then = at + timedelta(seconds=seconds)
        if view.blind:
            review.say_first(store, officer, alert, acts(officer, view, chance), REASON, then)
            view = review.alert(store, officer, alert, then)
        review.decide(store, officer, alert, acts(officer, view, chance), REASON, then)


def worked_once(made, folder, officer, *, seconds):
    """A database after such a day, as bytes."""
    with copied(made, folder) as store:
        worked(store, officer, seconds=seconds)
    return (folder / "riskprofile.db").read_bytes()


@pytest.fixture(scope="module")
def stamped_day(made, tmp_path_factory):
    return worked_once(made, tmp_path_factory.mktemp("stamped"), STAMPER, seconds=5)


@pytest.fixture(scope="module")
def read_day(made, tmp_path_factory):
    return worked_once(made, tmp_path_factory.mktemp("read"), READER, seconds=90)


@pytest.fixture
def stamped(stamped_day, tmp_path):
    """The store after a day of the officer who does as the list says."""
    with copied(stamped_day, tmp_path) as store:
        yield store


@pytest.fixture
def read(read_day, tmp_path):
    """The store after a day of the officer who reads the text."""
    with copied(read_day, tmp_path) as store:
        yield store


def acts(officer, view, chance):
    """What one of the two does with what is shown."""
    if officer is READER:
        return "examine" if "pistol" in view.title else "documents"
    by_lane = {"red": "examine", "yellow": "documents"}
    return by_lane.get(view.lane) or str(chance.choice(["examine", "documents"]))


@same_days
def test_who_rubber_stamps_agrees_far_more_in_sight_of_the_rating_and_raises_the_alarm(stamped):
    found = board.board(stamped, SARA, END)
    assert found.alarm
    assert found.meter.alarm
    assert found.bias.seen.share == 1.0
    by, low, high = found.bias.gap
    assert 0.3 < low < by < high  # guesses agree in half
    assert found.bias.swayed.share == 1.0  # shown the lane, the officer follows it
    assert abs(found.bias.known_negatives[0]) < 1e-12  # whatever chance brought in is examined too


@same_days
def test_who_reads_agrees_as_often_without_the_rating_and_raises_none(read):
    found = board.board(read, SARA, END)
    assert not found.alarm
    by, low, high = found.bias.gap
    assert low < 0 < high
    assert abs(by) < 0.15
    assert found.bias.swayed.count == 0
    by, low, _ = found.bias.known_negatives
    assert -0.3 < by < 0.5
    assert low <= by
    assert found.bias.own.total + found.bias.seen.total < WORLD  # random controls count in neither


@same_days
def test_views_are_counted_by_shift_and_office_and_never_by_person(read):
    found = board.board(read, dataclasses.replace(SARA, office=None), END)
    [there, here] = found.biases
    assert (here.office, here.own, here.gap) == (HERE, found.bias.own, found.bias.gap)
    assert (there.office, there.own.total, there.gap) == ("XMNOR", 0, None)
    assert sum(one.own.total for one in found.shifts) == found.bias.own.total
    assert sum(one.own.count for one in found.shifts) == found.bias.own.count
    assert "reader" not in shown(found)


@same_days
def test_an_office_that_nods_is_named_though_others_read(stamped):
    there = Actor("north", "officer", "XMNOR")
    others = put(stamped, 120, office="XMNOR", record_id=[f"N-{n}" for n in range(120)])
    for number, alert in enumerate(others):
        at = NOW + timedelta(seconds=60 * number)
        review.claim(stamped, there, alert, at)
        review.alert(stamped, there, alert, at)
        review.decide(stamped, there, alert, "documents", REASON, at + timedelta(seconds=90))
    found = board.board(stamped, dataclasses.replace(SARA, office=None), END)
    assert not found.meter.alarm  # all offices together look well
    assert (found.alarms, found.alarm) == ([HERE], True)


@pytest.mark.parametrize(
    ("first", "second", "by", "low", "high"),
    # Newcombe 1998, table II, method 10: 56/70 beside 48/80, and 9/10 beside 3/10.
    [((56, 70), (48, 80), 0.2, 0.0524, 0.3339), ((9, 10), (3, 10), 0.6, 0.1705, 0.8090)],
)
def test_the_interval_of_a_difference_is_newcombes(monkeypatch, first, second, by, low, high):
    monkeypatch.setattr(agreement, "LEAST", 10)
    told = agreement.gap(agreement.Share(*first), agreement.Share(*second))
    assert told == pytest.approx((by, low, high), abs=6e-5)
    monkeypatch.setattr(agreement, "LEAST", 81)
    assert agreement.gap(agreement.Share(*first), agreement.Share(*second)) is None
