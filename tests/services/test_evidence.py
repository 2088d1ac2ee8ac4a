"""No page shows a probability, nor a recall, before enough outcomes were examined."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import insert

from riskprofile.errors import NotAllowed
from riskprofile.scoring.scorecard import ENOUGH_EXAMINED, ENOUGH_FINDS
from riskprofile.services import blind, evidence, review
from riskprofile.services.control_share import control_share
from riskprofile.services.identity import OWNER
from riskprofile.store import batches, table_bytes
from riskprofile.store.alert_tables import BY_HAND, Outcome
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Record
from tests import factory
from tests.services.bench import INES, NOW, SARA, labelled, put


def examined(store: Store, finds: int, of: int, start: int = 0, **columns: Any) -> list[int]:
    """Alerts with a confirmed outcome, the first `finds` of them positive."""
    names = [f"XM-{start + n:06d}" for n in range(of)]
    ids = put(store, of, record_id=names, state="closed", **columns)
    drawn = {"selected_by": columns.get("selected_by", "score")}
    drawn |= {"probability": columns.get("probability"), "known_at": NOW + timedelta(days=1)}
    with store.write() as connection:
        for place, alert in enumerate(ids):
            labelled(connection, alert, names[place], place < finds, **drawn)
    return ids


def logged(store: Store, count: int) -> None:
    """The first declarations that `examined` labels, as they were rated."""
    log = table_bytes.stored(pd.DataFrame({"points": [400 - n for n in range(count)]}))
    with store.write() as connection:
        chunk = batches.insert_chunk(
            connection,
            batch_id="b1",
            number=0,
            profile="shipment",
            count=count,
            rows=table_bytes.stored(factory.shipments(count)),
            features=log,
            events=log,
        )
        same = {"profile": "shipment", "item": 1, "version": 1, "state": "accepted"}
        rows = [
            same | {"record_id": f"XM-{n:06d}", "content": n, "chunk_id": chunk, "position": n}
            for n in range(count)
        ]
        connection.execute(insert(Record), rows)


@pytest.mark.parametrize(
    ("finds", "of", "shown"),
    [
        (0, 0, False),
        (ENOUGH_FINDS, ENOUGH_EXAMINED - 1, False),
        (ENOUGH_FINDS - 1, ENOUGH_EXAMINED, False),
        (ENOUGH_FINDS, ENOUGH_EXAMINED, True),
    ],
)
def test_an_alert_shows_no_probability_before_200_examined_with_30_finds(
    any_store: Store, finds: int, of: int, shown: bool
) -> None:
    [alert] = put(any_store, 1, score=0.4)
    if of:
        examined(any_store, finds, of, start=1000)
    seen = review.alert(any_store, INES, alert, NOW)
    assert (seen.score is not None) == (seen.near is not None) == shown


def test_what_officers_raised_by_hand_makes_outcomes_no_more_enough(any_store: Store) -> None:
    examined(any_store, ENOUGH_FINDS, ENOUGH_EXAMINED - 1, start=1000)
    examined(any_store, 9, 10, start=4000, selected_by=BY_HAND, lane="yellow")
    [alert] = put(any_store, 1, score=0.4)
    seen = review.alert(any_store, INES, alert, NOW)
    assert seen.score is None and seen.near is None
    weight = evidence.passed_over(any_store, "shipment", OWNER).weight
    assert (weight.examined, weight.finds) == (ENOUGH_EXAMINED - 1, ENOUGH_FINDS)


def test_an_alert_shows_what_was_found_at_its_points_with_an_interval(any_store: Store) -> None:
    points = [400 - n for n in range(ENOUGH_EXAMINED)]  # the finds have the most
    examined(any_store, ENOUGH_FINDS, len(points), start=1000, points=points)
    alerts = put(any_store, 3, record_id=["H", "M", "L"], points=[500, 341, 100])
    told = [review.alert(any_store, INES, one, NOW).near for one in alerts]
    expected = [(30, 301, 400), (21, 292, 391), (0, 201, 300)]
    for one, (found, least, most) in zip(told, expected, strict=True):
        assert one is not None
        assert (one.examined, one.finds, one.least, one.most) == (100, found, least, most)
        assert 0 <= one.low <= found / 100 <= one.high <= 1 and one.high - one.low < 0.2
    more = examined(any_store, 5, 10, start=3000, points=[500] * 10)  # known from the next look on
    again = review.alert(any_store, INES, alerts[0], NOW).near
    assert again is not None and (again.examined, again.finds, again.least) == (100, 35, 311)
    with any_store.write() as connection:  # of one that was a find it is said that nobody looked
        corrected = {"outcome": "not_examined", "officer": "ines", "confirmed_by": "sara"}
        at = {"methods": [], "at": NOW, "confirmed_at": NOW, "alert_id": more[0]}
        connection.execute(insert(Outcome).values({**corrected, **at}))
    again = review.alert(any_store, INES, alerts[0], NOW).near
    assert again is not None and (again.examined, again.finds, again.least) == (100, 34, 310)
    by_hand = {"points": [500] * 10, "selected_by": BY_HAND, "lane": "yellow"}
    examined(any_store, 9, 10, start=4000, **by_hand)  # its points are not why they were examined
    assert review.alert(any_store, INES, alerts[0], NOW).near == again
    [other] = put(any_store, 1, record_id=["N"], points=341, model_digest="another")
    assert review.alert(any_store, INES, other, NOW).near is None
    [waits] = put(any_store, 1, record_id=["W"], points=341, blind=blind.WAITING)
    assert review.alert(any_store, INES, waits, NOW).near is None


def test_an_alert_examined_twice_counts_once(store: Store) -> None:
    ids = examined(store, 1, 1)
    with store.write() as connection:
        labelled(connection, ids[0], "XM-000000", False)
    with store.read() as connection:
        told = evidence.weighed(connection, "shipment")
    assert (told.examined, told.finds) == (1, 0)


def test_what_another_scorecard_rated_teaches_the_one_that_serves_nothing(store: Store) -> None:
    logged(store, 7)
    examined(store, 3, 5, model_digest="of the last one")
    examined(store, 1, 2, start=5, model_digest="of this one")
    told = evidence.teaching(store, "shipment", "of this one", OWNER)
    assert (told.examined, told.finds) == (2, 1)
    assert evidence.teaching(store, "traveller", "of this one", OWNER).examined == 0


def test_recall_is_not_known_under_20_finds_in_the_random_share(store: Store) -> None:
    examined(store, 90, 200)
    examined(store, 19, 100, start=5000, selected_by="random", probability=0.05)
    told = evidence.passed_over(store, "shipment", OWNER)
    assert not told.recall.known
    assert told.says.startswith("not known yet: 19 of the 20 finds")
    assert told.as_json()["recall"] is None and told.as_json()["missed"] is None
    json.dumps(told.as_json(), allow_nan=False)


def test_recall_is_estimated_from_the_random_share_alone(store: Store) -> None:
    examined(store, 90, 200)
    examined(store, 20, 100, start=5000, selected_by="random", probability=0.05)
    put(store, 100, record_id=[f"XN-{n}" for n in range(100)], selected_by="random",
        probability=0.05)  # fmt: skip
    told = evidence.passed_over(store, "shipment", OWNER)
    # 200 drawn stand for 4,000; a fifth of the hundred examined were finds.
    assert told.recall.passed_over == pytest.approx(4_000)
    assert told.recall.missed == pytest.approx(800)
    assert told.recall.recall == pytest.approx(90 / 890)
    assert told.recall.low < 90 / 890 < told.recall.high
    assert "95 % interval" in told.says


def test_a_find_of_the_yellow_lane_is_not_counted_twice(store: Store) -> None:
    """The lot draws from all that is not red, so the draws stand for the finds of yellow too."""
    examined(store, 90, 200)
    examined(store, 20, 100, start=5000, selected_by="random", probability=0.05)
    before = evidence.passed_over(store, "shipment", OWNER).recall
    examined(store, 30, 60, start=7000, lane="yellow")
    examined(store, 10, 20, start=8000, lane="yellow", selected_by="indicator")
    told = evidence.passed_over(store, "shipment", OWNER)
    assert told.recall == before and told.recall.found == 90
    assert told.weight.finds == 90 + 20 + 30 + 10


def test_a_draw_that_its_list_reached_later_stands_for_itself_alone(any_store: Store) -> None:
    """What it was drawn from so high was found by points since: it would count twice."""
    chance = {"selected_by": "random", "probability": 0.05, "red_from": 250}
    examined(any_store, 90, 200)
    examined(any_store, 20, 100, start=5000, points=100, **chance)
    before = evidence.passed_over(any_store, "shipment", OWNER).recall
    examined(any_store, 3, 5, start=8000, points=300, **chance)
    put(any_store, 2, record_id=["XN-1", "XN-2"], points=300, **chance)
    told = evidence.passed_over(any_store, "shipment", OWNER).recall
    assert (told.found, told.drawn, told.passed_over) == (93, 100, before.passed_over)
    assert told.missed == before.missed == pytest.approx(400)
    with any_store.read() as connection:
        share = control_share(connection, SARA, NOW, NOW).missed["shipment"]
    assert (share.drawn, share.finds, share.share) == (100, 20, pytest.approx(0.2))
    assert share.stands_for == pytest.approx(2_000)


def test_officers_are_not_told_what_the_random_share_found(store: Store) -> None:
    with pytest.raises(NotAllowed):
        evidence.passed_over(store, "shipment", INES)
