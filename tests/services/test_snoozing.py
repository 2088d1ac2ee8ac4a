"""An alert put aside: it leaves the list with a reason, and comes back by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from riskprofile.errors import Conflict, NotAllowed, RiskProfileError
from riskprofile.services import desk, review, snoozing
from riskprofile.store.alert_tables import Alert
from tests.services.bench import (
    AWAY,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    THERE,
    actions,
    later,
    put,
    taken,
    until_it_waits,
)  # fmt: skip

WHY = "the drawing is expected from the sender"


def listed(store, now=NOW, owner="mine_or_free"):
    page = review.queue(store, OMAR, review.QueueFilter("shipment", owner=owner), now)
    assert page.total == len(page.rows)
    return [row.id for row in page.rows]


def test_a_snoozed_alert_leaves_the_list_and_comes_back_by_itself(any_store):
    alert = taken(any_store)
    assert snoozing.snooze(any_store, INES, [alert], WHY, later(hours=5), NOW) == 1
    assert listed(any_store) == [] == listed(any_store, owner="open")
    assert listed(any_store, owner="snoozed") == [alert]
    assert review.figures(any_store, OMAR, NOW).red_free == 0
    found = snoozing.standing(any_store, OMAR, alert, NOW)
    assert (found.by, found.reason, found.until) == ("ines", WHY, later(hours=5))
    assert listed(any_store, later(hours=5)) == [alert]
    assert snoozing.standing(any_store, OMAR, alert, later(hours=5)) is None
    assert actions(any_store, alert)[-1] == "alert.snooze"


def test_what_is_put_aside_is_counted_for_its_office_and_kind_until_it_comes_back(any_store):
    mine, other, closed = put(any_store, 3)
    away = put(any_store, 1, version=2, office=THERE)[0]
    for alert, who in ((mine, INES), (other, OMAR), (closed, INES), (away, AWAY)):
        snoozing.snooze(any_store, who, [alert], WHY, later(hours=3), NOW)
    with any_store.write() as connection:
        connection.execute(update(Alert).where(Alert.id == closed).values(state="closed"))
    assert review.figures(any_store, INES, NOW, "shipment").snoozed == 2
    assert review.figures(any_store, SARA, NOW).snoozed == 2
    assert review.figures(any_store, INES, NOW, "traveller").snoozed == 0
    assert review.figures(any_store, INES, later(hours=4), "shipment").snoozed == 0


def test_it_can_be_brought_back_early_once(store):
    [alert] = put(store)
    snoozing.snooze(store, INES, [alert], WHY, later(hours=5), NOW)
    snoozing.wake(store, SARA, alert, later(hours=1))
    snoozing.wake(store, SARA, alert, later(hours=1))
    assert listed(store, later(hours=1)) == [alert]
    assert actions(store, alert) == ["alert.snooze", "alert.wake"]


def test_put_aside_anew_the_later_word_counts(store):
    [alert] = put(store)
    snoozing.snooze(store, INES, [alert], WHY, later(hours=5), NOW)
    snoozing.snooze(store, OMAR, [alert], WHY, later(hours=2), later(hours=1))
    found = snoozing.standing(store, OMAR, alert, later(hours=1))
    assert (found.by, found.until) == ("omar", later(hours=2))
    assert listed(store, later(hours=2)) == [alert]


@pytest.mark.parametrize(
    ("lane", "hours", "held"), [("red", 24, True), ("red", 25, False), ("yellow", 720, True)]
)
def test_red_waits_a_day_at_most_and_nothing_waits_more_than_thirty(store, lane, hours, held):
    [alert] = put(store, lane=lane)
    if held:
        snoozing.snooze(store, INES, [alert], WHY, later(hours=hours), NOW)
    for until in (later(hours=hours + 721), NOW):
        with pytest.raises(RiskProfileError, match="at most"):
            snoozing.snooze(store, INES, [alert], WHY, until, NOW)


def test_many_at_once_are_goods_that_are_not_red_and_all_or_none(store):
    goods = put(store, 3, lane="yellow")
    [red] = put(store, record_id="XM-RED")
    [person] = put(store, profile="traveller", lane="yellow")
    for other in (red, person):
        with pytest.raises(NotAllowed, match="one by one"):
            snoozing.snooze(store, INES, [*goods, other], WHY, later(hours=5), NOW)
    assert set(listed(store)) == {*goods, red}
    assert snoozing.snooze(store, INES, goods, WHY, later(hours=5), NOW) == 3
    assert listed(store) == [red]
    snoozing.snooze(store, INES, [person], WHY, later(hours=5), NOW)


def test_without_a_reason_or_against_a_holder_or_an_order_nothing_is_put_aside(store):
    alert = taken(store)
    for reason, actor, fault in (
        ("later", INES, RiskProfileError),
        (WHY, OMAR, Conflict),
        (WHY, AWAY, NotAllowed),
    ):
        with pytest.raises(fault):
            snoozing.snooze(store, actor, [alert], reason, later(hours=1), NOW)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    with pytest.raises(Conflict, match="ordered"):
        snoozing.snooze(store, INES, [alert], WHY, later(hours=1), NOW)
    assert snoozing.standing(store, INES, alert, NOW) is None


def test_a_release_that_waits_for_a_second_person_is_not_put_aside(store):
    alert = taken(store)
    review.decide(store, INES, alert, "release", REASON, NOW)
    with pytest.raises(Conflict, match="a release of this alert waits for a second person"):
        snoozing.snooze(store, INES, [alert], WHY, later(hours=1), NOW)


def test_a_closed_alert_is_not_put_aside(store):
    alert = taken(store)
    review.record_outcome(store, INES, alert, "not_examined", NOW)
    with pytest.raises(Conflict, match="closed"):
        snoozing.snooze(store, INES, [alert], WHY, later(hours=1), NOW)


def test_who_puts_several_aside_waits_for_a_colleague_and_never_the_other_way_round(any_store):
    goods = put(any_store, 2, lane="yellow")
    with ThreadPoolExecutor(1) as beside:
        with any_store.write() as connection:  # a claim of the second that is being written
            alert = desk.load(connection, OMAR, "alert.claim", goods[1])
            aside = beside.submit(snoozing.snooze, any_store, INES, goods, WHY, later(hours=5), NOW)
            if not any_store.sqlite:
                until_it_waits(any_store, aside)
            desk.note(connection, OMAR, "alert.claim", alert, NOW)
        assert aside.result() == 2
    assert [actions(any_store, alert) for alert in goods] == [
        ["alert.snooze"],
        ["alert.claim", "alert.snooze"],
    ]
