"""The queue: one filter behind the list, its counts, the search and "next"."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, text

from riskprofile.errors import StoreError
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import arriving, blind, review
from riskprofile.services import queue_statements as statements
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.queueing import New
from riskprofile.services.review import QueueFilter
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.database import Store
from tests import factory
from tests.services.bench import (
    AUDITOR,
    AWAY,
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    THERE,
    later,
    put,
    taken,
)

ALL = QueueFilter("shipment")


def ids(store, actor=INES, now=NOW, **filters):
    return [
        one.id for one in review.queue(store, actor, QueueFilter("shipment", **filters), now).rows
    ]


def test_red_comes_before_yellow_then_what_was_raised_then_points_then_record(any_store):
    """Whatever the rank in the list of its own run: each of these came alone, and was the first."""
    lanes = ["yellow", "red", "red", "yellow", "red", "red"]
    records = ["XM-5", "XM-9", "XM-3", "XM-1", "XM-4", "XM-7"]
    points = [90, 20, 20, 90, 80, 5]
    by = ["indicator", "score", "random", "score", "score", "indicator"]
    made = put(
        any_store, 6, lane=lanes, rank=[1] * 6, record_id=records, points=points, selected_by=by
    )
    found = review.queue(any_store, INES, ALL, NOW).rows
    assert [one.record_id for one in found] == ["XM-7", "XM-4", "XM-3", "XM-9", "XM-1", "XM-5"]
    assert {one.id for one in found} == set(made)


def test_by_time_left_what_arrives_first_comes_first_and_the_unknown_last(any_store):
    due = [later(hours=9), None, later(hours=1), later(hours=-2)]
    a, b, c, d = put(any_store, 4, due_at=due)
    assert ids(any_store, sort="time_left") == [d, c, a, b]


def test_by_default_a_person_sees_what_is_theirs_or_free(any_store):
    mine, others, free, lapsed = put(any_store, 4)
    review.claim(any_store, INES, mine, NOW)
    review.claim(any_store, OMAR, others, NOW)
    review.claim(any_store, OMAR, lapsed, later(hours=-1))
    assert ids(any_store) == [mine, free, lapsed]
    assert ids(any_store, owner="open") == [mine, others, free, lapsed]
    rows = review.queue(any_store, INES, ALL, NOW).rows
    assert [one.owner for one in rows] == ["ines", None, None]


def test_an_office_sees_its_own_alerts_and_those_of_none(store):
    ours, theirs, nobodys = put(store, 3, office=[HERE, THERE, None])
    assert ids(store) == [ours, nobodys]
    assert ids(store, AWAY) == [theirs, nobodys]
    assert ids(store, AUDITOR) == [ours, theirs, nobodys]
    assert ids(store, AUDITOR, office=THERE) == [theirs, nobodys]


def test_each_count_leaves_out_its_own_filter(any_store):
    put(
        any_store,
        6,
        lane=["red", "red", "yellow", "yellow", "yellow", "red"],
        queue=["trafficking", "compliance", "trafficking"] * 2,
    )
    page = review.queue(any_store, INES, QueueFilter("shipment", lane="red"), NOW)
    assert page.total == 3
    assert page.lanes == {"red": 3, "yellow": 3}
    assert page.queues == {"trafficking": 2, "compliance": 1}
    assert page.owners == {"mine_or_free": 3, "open": 3}


def test_closed_alerts_are_read_apart(any_store):
    alert = taken(any_store, lane="yellow")
    review.decide(any_store, INES, alert, "release", REASON, NOW)
    assert ids(any_store) == []
    page = review.queue(any_store, INES, QueueFilter("shipment", owner="closed"), NOW)
    assert [one.id for one in page.rows] == [alert]
    assert (page.owners, page.total) == ({"closed": 1}, 1)


def test_of_closed_alerts_the_last_closed_comes_first(store):
    made = []
    for n in range(3):
        alert = taken(store, lane="yellow", version=n + 1, rank=3 - n, now=NOW)
        review.decide(store, INES, alert, "release", REASON, later(minutes=n))
        made.append(alert)
    assert ids(store, owner="closed") == made[::-1]


def test_a_superseded_alert_is_in_no_list_and_no_count(store):
    put(store, 2, state=["open", "superseded"])
    page = review.queue(store, INES, ALL, NOW)
    assert (len(page.rows), page.total, page.owners["open"]) == (1, 1, 1)
    assert ids(store, owner="closed") == []


def test_pages_hold_all_rows_once_and_never_more_than_five_hundred(store):
    made = put(store, 510)
    pages = [ids(store, page=n, page_size=10_000) for n in range(3)]
    assert [len(page) for page in pages] == [500, 10, 0]
    assert pages[0] + pages[1] == made


def test_a_control_is_awaited_of_who_holds_it_however_many_alerts_stand_before_it(any_store):
    others = {"lane": "yellow", "rank": 999}
    lapsed = taken(any_store, now=later(hours=-1), record_id="XM-lapsed", **others)
    ordered = taken(any_store, record_id="XM-mine", **others)
    taken(any_store, record_id="XM-claimed", **others)  # and nothing is ordered yet
    theirs = taken(any_store, OMAR, record_id="XM-theirs", **others)
    released = taken(any_store, record_id="XM-released", lane="red", rank=999)
    for actor, alert, decision, now in (
        (INES, lapsed, "examine", later(hours=-1)),
        (INES, ordered, "examine", NOW),
        (OMAR, theirs, "examine", NOW),
        (INES, released, "release", NOW),
    ):
        review.decide(any_store, actor, alert, decision, REASON, now)
    put(any_store, 510)
    assert ordered not in ids(any_store, page_size=500)
    held = [one.id for one in review.awaiting(any_store, INES, "shipment", NOW)]
    assert ordered in held and not {theirs, released} & {*held}
    assert [one.id for one in review.awaiting(any_store, OMAR, "shipment", NOW)] == [theirs]
    assert review.awaiting(any_store, INES, "traveller", NOW) == []


@pytest.mark.parametrize(
    "asked",
    [
        "XM-000001",
        "xm-000001",
        "meridia traders",
        "TRADERS meridia",
        "MSKU 123456-7",
        "msku1234567",
        "7318.24",
        "731824",
        "pin samples",
        "100%_sure",
        "Ｓamples",
        "99944710032",
    ],
)
def test_the_search_finds_by_reference_party_code_container_document_and_goods(any_store, asked):
    declared = {
        "declaration_id": "XM-000001",
        "consignee_name": "Meridia  Traders Ltd",
        "goods_description": "Steel pin SAMPLES, 100%_sure",
        "hs_code": "7318.24",
        "container_numbers": "MSKU1234567|MSKU7654321",
        "transport_document": "999-4471 0032",
    }
    put(any_store, 2, declaration=[{"goods_description": "chairs"}])
    [wanted] = put(any_store, record_id="XM-000001", version=2, declaration=[declared])
    assert wanted in ids(any_store, search=asked)


@pytest.mark.parametrize("asked", ["%", "_", "\\", "' OR 1=1 --", "nothing like it"])
def test_signs_of_the_query_language_are_searched_as_they_are(any_store, asked):
    put(any_store, 2, declaration=[{"goods_description": "chairs"}])
    assert ids(any_store, search=asked) == []


def test_the_search_and_the_list_count_alike(store):
    put(store, 30, title=["chairs", "tables", "lamps"] * 10)
    page = review.queue(store, INES, QueueFilter("shipment", search="lamps", page_size=4), NOW)
    assert (len(page.rows), page.total, page.lanes) == (4, 10, {"red": 10})


def test_nobody_finds_a_traveller_by_who_they_are_before_a_purpose_was_given(store):
    declared = {"document_number": "ZZ998877", "name": "Ada Example", "vehicle_ref": "XA-12-34"}
    declared |= {"person_ref": "P5551", "party_ref": "LOC7XY", "service_number": "XM101"}
    put(store, record_id="T-000001", profile="traveller", declaration=[declared])
    found = {
        word: review.queue(store, INES, QueueFilter("traveller", search=word), NOW).total
        for word in ("ada", "ZZ998877", "xa1234", "P5551", "T-000001", "loc7xy", "xm101")
    }
    assert [word for word, total in found.items() if total] == ["T-000001", "loc7xy", "xm101"]


def test_two_sentences_say_why_and_the_base_is_none_of_them(store):
    reasons = [
        {"term": "base", "text": "base", "points": 140},
        {"term": "a", "text": "small", "points": 3},
        {"term": "b", "text": "large", "points": 90},
    ]
    fired = [{"key": "S04", "text": "weight and norm differ"}]
    put(store, reasons=reasons, indicators=fired)
    put(store, reasons=reasons, version=2, rank=2)
    first, second = review.queue(store, INES, ALL, NOW).rows
    assert first.because == ["weight and norm differ", "large"]
    assert second.because == ["large", "small"]


def test_a_row_says_what_it_waits_for(store):
    first, second, third = put(store, 3)
    for alert, decision in ((first, "examine"), (second, "release")):
        review.alert(store, INES, alert, NOW)
        review.claim(store, INES, alert, NOW)
        review.decide(store, INES, alert, decision, REASON, NOW)
    rows = {one.id: one for one in review.queue(store, INES, ALL, NOW).rows}
    assert (rows[first].decision, rows[first].waiting) == ("examine", "outcome")
    assert (rows[second].decision, rows[second].waiting) == ("release", "second person")
    assert (rows[third].decision, rows[third].waiting) == (None, "")


def came(store, upto):
    """The highest alert id, and the offices of those after `upto`."""
    found = arriving.arrived(store, None if upto is None else arriving.Upto(upto, 0))
    return found.upto.alert, found.offices


def test_news_are_counted_and_not_pushed_into_the_list(store):
    put(store, 3)
    page = review.queue(store, INES, ALL, NOW)
    assert came(store, page.change) == (page.change, set())
    first, second = put(store, 2, version=2, lane=["red", "yellow"])
    assert came(store, page.change) == (second, {HERE})
    assert came(store, first) == (second, {HERE})
    assert came(store, None) == (second, set())
    assert review.new_since(store, INES, ALL, second, NOW) == New(0)
    assert review.new_since(store, INES, ALL, page.change, NOW) == New(2, 1, later(hours=1))
    yellow = QueueFilter("shipment", lane="yellow")
    assert review.new_since(store, INES, yellow, page.change, NOW) == New(1, 0, later(hours=2))


def test_of_new_alerts_the_red_ones_and_the_first_to_arrive_are_told(any_store):
    change = review.queue(any_store, INES, ALL, NOW).change
    due = [later(minutes=-5), later(minutes=44), later(minutes=10), None]
    put(any_store, 4, lane=["red", "red", "yellow", "red"], due_at=due)
    assert review.new_since(any_store, INES, ALL, change, NOW) == New(4, 3, later(minutes=44))
    assert review.new_since(any_store, AWAY, ALL, change, NOW) == New(0)
    # What waits for an own view is of no lane, and its arrival is told among all.
    put(any_store, 1, version=2, due_at=later(minutes=2), blind=blind.WAITING)
    assert review.new_since(any_store, INES, ALL, change, NOW) == New(5, 3, later(minutes=44))


def test_the_figures_of_the_shift(any_store):
    due = [later(hours=1), later(hours=5), later(minutes=119), later(hours=-1), None]
    created = [later(hours=-n) for n in range(5)]
    a, b, c, *_ = put(
        any_store,
        5,
        lane=["red", "red", "red", "yellow", "red"],
        due_at=due,
        created_at=created,
    )
    for alert in (a, b, c):
        review.alert(any_store, INES, alert, NOW)
        review.claim(any_store, INES, alert, NOW)
        review.decide(any_store, INES, alert, "examine", REASON, NOW)
    part = [{"kind": "part", "part": "slide"}]
    for alert in (a, b):  # another makes these controls
        review.give_back(any_store, INES, alert, NOW)
        review.claim(any_store, OMAR, alert, NOW)
    review.record_outcome(any_store, OMAR, a, "trafficking", NOW, items=part, methods=["opened"])
    review.record_outcome(any_store, OMAR, b, "nothing", NOW, methods=["opened"])
    found = review.figures(any_store, INES, NOW, "shipment")
    assert (found.red_free, found.due_soon, found.mine) == (1, 1, 1)
    assert found.oldest_waiting == later(hours=4) - NOW
    assert (found.examined_today, found.capacity, found.left_today) == (3, 40, 37)
    assert (found.last_examinations, found.last_finds, found.to_confirm) == (2, 1, 2)
    assert review.figures(any_store, OMAR, NOW).to_confirm == 0
    assert review.figures(any_store, INES, NOW, "traveller").red_free == 0


@pytest.mark.parametrize("office", [True, False])
def test_what_waits_for_a_second_person_is_asked_by_a_statement_that_is_built_once(office):
    """Building it costs more than its answer, and each look at the list asks it."""
    assert statements.to_confirm(office) is statements.to_confirm(office)


def test_today_begins_at_midnight_of_the_office(store):
    """Port Meridia is one hour ahead of UTC in November."""
    alert = taken(store, now=later(hours=15))
    review.decide(store, INES, alert, "examine", REASON, later(hours=14, minutes=59))
    assert review.figures(store, INES, later(hours=14, minutes=59)).examined_today == 1
    assert review.figures(store, INES, later(hours=15)).examined_today == 0  # 00:00 in Paris


def test_an_empty_office_has_empty_figures(store):
    found = review.figures(store, INES, NOW)
    assert found.oldest_waiting is None
    assert (found.red_free, found.mine, found.last_examinations) == (0, 0, 0)


def steps(store: Store, alerts: int) -> int:
    """How many steps, by the hundred, SQLite takes for a page of so many and the figures above."""
    made: list[None] = []

    def counted(connection: Any, *_: Any) -> None:
        connection.set_progress_handler(lambda: made.append(None), 100)

    event.listen(store.engine, "checkout", counted)
    page = review.queue(store, INES, ALL, NOW)
    review.figures(store, INES, NOW)
    event.remove(store.engine, "checkout", counted)
    assert page.total == alerts
    return len(made)


def test_the_work_for_a_page_grows_with_the_open_alerts_and_not_with_their_square(store):
    """In steps of the database: a page itself is of a hundred rows, however many there are."""
    put(store, 2_500)
    few = steps(store, 2_500)
    put(store, 7_500, record_id=[f"XN-{n}" for n in range(7_500)])
    assert 0 < steps(store, 10_000) < 6 * few


def test_an_alert_whose_reasons_are_damaged_is_one_line_that_says_so(bare, home, tmp_path):
    factory.write(tmp_path / "day.csv", factory.shipments(6))
    asked = Options(capacity=Capacity(6))
    screen(bare, home, OWNER, [tmp_path / "day.csv"], asked, NOW)
    supervisor = Actor("sara", "supervisor")
    whole = review.queue(bare, supervisor, ALL, NOW).rows
    assert len(whole) == 6 and not any(one.damaged for one in whole)
    with bare.write() as connection:
        change = text("UPDATE alert SET terms = :bytes WHERE id = :id")
        connection.execute(change, {"bytes": b"of a damaged disk", "id": whole[2].id})
    rows = review.queue(bare, supervisor, ALL, NOW).rows
    assert [one.id for one in rows if one.damaged] == [whole[2].id]
    assert rows[2].because == [] and [*rows[:2], *rows[3:]] == [*whole[:2], *whole[3:]]
    with pytest.raises(StoreError):
        review.alert(bare, supervisor, whole[2].id, NOW)
