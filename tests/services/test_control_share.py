"""The random share as a supervisor sees it: sums, by lane, and an estimate once it can be told."""

from __future__ import annotations

from typing import Any

import pytest

from riskprofile.errors import NotAllowed
from riskprofile.scoring import control
from riskprofile.services import board, cut, review
from riskprofile.services.control_share import ControlShare, Part
from riskprofile.services.rights import Actor
from riskprofile.store.database import Store
from tests.services.bench import (
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    THERE,
    labelled,
    later,
    put,
    taken,
)

RANDOM: dict[str, Any] = {"selected_by": "random", "probability": 0.01}
FIND = {"items": [{"kind": "part"}], "methods": ["opened"]}


def told(store: Store, actor: Actor = SARA, **ago: float) -> ControlShare:
    """What the board says of it."""
    return board.board(store, actor, later(**(ago or {"hours": 1}))).control


def test_it_is_told_as_a_sum_and_no_officer_sees_the_board(store):
    put(store, 2, **RANDOM)
    put(store, record_id="before", created_at=later(days=-1), **RANDOM)
    put(store, record_id="long ago", created_at=later(days=-91), **RANDOM)
    put(store, record_id="there", office=THERE, **RANDOM)
    found = told(store)
    assert (found.today, found.drawn, found.examined, found.finds) == (2, 3, 0, 0)
    assert not found.missed["shipment"].known
    with pytest.raises(NotAllowed):
        board.board(store, OMAR, NOW)


def test_a_draw_of_no_probability_weighs_nothing(any_store):
    put(any_store, **RANDOM)
    put(any_store, record_id="never drawn", selected_by="random", probability=0.0)
    assert told(any_store).missed["shipment"].stands_for == pytest.approx(100.0)


def test_a_control_is_told_by_the_lane_that_it_would_be_in(any_store):
    sign = {"key": "S", "text": "a sign", "queue": "compliance", "raises": "yellow"}
    for n, (columns, outcome) in enumerate(
        (
            ({"points": 120, "yellow_from": 100}, "trafficking"),
            ({"points": 100, "yellow_from": 100}, "nothing"),
            ({"points": -9, "yellow_from": 100, "indicators": [sign]}, "nothing"),
            ({"points": 99, "yellow_from": 100}, "trafficking"),
            ({"points": 99, "yellow_from": None}, "nothing"),
            ({"points": None, "yellow_from": 100}, "nothing"),
            ({"points": 99, "yellow_from": 100}, "not_examined"),
        )
    ):
        alert = taken(any_store, record_id=f"X-{n}", **RANDOM, **columns)
        review.decide(any_store, INES, alert, "examine", REASON, NOW)
        more = {"trafficking": FIND, "nothing": {"methods": ["opened"]}}.get(outcome, {})
        review.record_outcome(any_store, INES, alert, outcome, later(minutes=1), **more)
    found = told(any_store)
    assert found.lanes == {"yellow": Part(3, 1), "green": Part(3, 1)}
    assert (found.drawn, found.examined, found.finds) == (7, 6, 2)


def test_a_control_that_was_examined_anew_counts_with_its_last_outcome(any_store):
    alert = taken(any_store, **RANDOM)
    review.decide(any_store, INES, alert, "examine", REASON, NOW)
    made = review.record_outcome(any_store, INES, alert, "trafficking", NOW, **FIND)
    review.confirm_outcome(any_store, OMAR, made, NOW)
    assert told(any_store).missed["shipment"].finds == 1
    review.reopen(any_store, SARA, alert, "it was another consignment's carton", NOW)
    review.record_outcome(any_store, INES, alert, "not_examined", NOW)
    found = told(any_store)
    assert (found.drawn, found.examined, found.finds) == (1, 0, 0)


def confirmed(store: Store, number: int, chance: float, find: bool, **columns: Any) -> None:
    """A control with a confirmed outcome."""
    [alert] = put(
        store,
        record_id=f"C-{number}",
        selected_by="random",
        probability=chance,
        state="closed",
        **columns,
    )
    with store.write() as connection:
        drawn = {"selected_by": "random", "probability": chance}
        labelled(connection, alert, f"C-{number}", find, **drawn)


def test_what_is_missed_is_told_from_twenty_finds_on_and_weighed_by_the_draw(any_store):
    for n in range(19):
        confirmed(any_store, n, 0.5, True)
    assert not told(any_store).missed["shipment"].known
    confirmed(any_store, 19, 0.1, True)
    confirmed(any_store, 20, 0.05, False)
    put(any_store, record_id="not yet", selected_by="random", probability=0.2)
    confirmed(any_store, 21, 0.5, True, office=THERE)  # another office's
    found = told(any_store).missed["shipment"]
    # 19 stand for 2 each, one for 10, one for 20: 48 finds of 68, and 5 were not examined.
    assert (found.known, found.drawn, found.finds) == (True, 21, 20)
    assert (found.share, found.stands_for) == (pytest.approx(48 / 68), pytest.approx(73.0))
    assert found.low < found.share < found.high
    reached = cut.reach(any_store, SARA, HERE, "shipment", NOW, passed_over=found)
    assert reached.cut(10).at_random == pytest.approx(480 / 68)
    few = told(any_store).missed["traveller"]
    assert cut.reach(any_store, SARA, HERE, "traveller", NOW, passed_over=few).at_random is None


def test_the_share_and_the_recall_of_the_list_come_from_the_same_figures():
    values, chances = [1] * 20 + [0] * 180, [0.1] * 200
    share = control.share(values, chances)
    recall = control.recall(60, values, chances)
    assert recall.missed == pytest.approx(share.share * 2000)
    assert recall.low == pytest.approx(60 / (60 + share.high * 2000))
