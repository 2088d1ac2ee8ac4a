"""Labels beside the feature values that were rated."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import insert

from riskprofile.errors import NotAllowed, RiskProfileError
from riskprofile.services import evidence, feedback, promotion, records, review
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import batches, table_bytes
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Record
from tests import factory
from tests.services.bench import (
    AWAY,
    EITHER,
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    furnish,
    labelled,
    later,
    taken,
)
from tests.services.test_promotion import furnish as with_people
from tests.services.test_promotion import promoted


def stored(store, features=True, number=0):
    """A chunk of three rows; row n is item 1 of record Rn, rated n * 10 points."""
    log = pd.DataFrame({"pair_age": [0.5, float("nan"), 2.5], "points": [0, 10, 20]})
    rows = factory.shipments(3, declaration_id=["R0", "R1", "R2"], customs_office=HERE)
    with store.write() as connection:
        chunk = batches.insert_chunk(
            connection,
            batch_id="b1",
            number=number,
            profile="shipment",
            count=3,
            rows=table_bytes.stored(rows),
            features=table_bytes.stored(log) if features else None,
            events=table_bytes.stored(log),
        )
        for n in range(3):
            connection.execute(
                insert(Record).values(
                    profile="shipment",
                    record_id=f"R{n}",
                    item=1,
                    version=1,
                    content=n,
                    state="accepted",
                    chunk_id=chunk,
                    position=n,
                    points=n * 10,
                )
            )


def examine(store, record, outcome, now=NOW, **columns):
    alert = taken(store, record_id=record, **columns)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    return alert, found(store, alert, outcome, now)


def found(store, alert, outcome, now):
    items = [{"kind": "part"}] if outcome == "trafficking" else []
    made = review.record_outcome(store, INES, alert, outcome, now, items=items, methods=["opened"])
    return review.confirm_outcome(store, OMAR, made, now)


def test_a_label_comes_with_the_values_that_were_rated(any_store):
    stored(any_store)
    examine(any_store, "R2", "trafficking", later(hours=2))
    examine(any_store, "R1", "nothing", later(hours=1), selected_by="random", probability=0.1)
    table = feedback.labels(any_store, "shipment", OWNER)
    assert table["record_id"].tolist() == ["R1", "R2"]
    assert table["value"].tolist() == [0, 1]
    assert table["points"].tolist() == [10, 20]
    assert table["pair_age"].isna().tolist() == [True, False]
    assert table["selected_by"].tolist() == ["random", "score"]
    assert table["known_at"].tolist() == [later(hours=1), later(hours=2)]


def test_of_an_amended_declaration_the_item_that_had_the_points_teaches(
    bare: Store, home: Settings, tmp_path: Path
) -> None:
    """Item 1 speaks for it, also where item 2 alone came again: its find is not lost for a fit."""
    furnish(bare)
    items = factory.shipments(2, goods_description=["pistol slides and barrels", "garden chairs"])
    items["declaration_id"], items["item_number"] = "X1", [1, 2]
    for number, place in enumerate((slice(0, 2), slice(1, 2))):
        given = items[place].assign(value=5.0 + number)
        path = factory.write(tmp_path / f"{number}.csv", given)
        screen(bare, home, OWNER, [path], Options(), later(hours=number))
    [row] = review.queue(bare, INES, review.QueueFilter("shipment"), later(hours=2)).rows
    review.claim(bare, INES, row.id, later(hours=2))
    review.alert(bare, INES, row.id, later(hours=2))
    review.decide(bare, INES, row.id, "examine", REASON, later(hours=2))
    found(bare, row.id, "trafficking", later(hours=3))
    table = feedback.labels(bare, "shipment", OWNER)
    assert table[["item", "value"]].to_numpy().tolist() == [[1, 1]]
    assert table["points"].tolist() == [row.points]
    served = promotion.serving(bare, home.models, "shipment")
    assert table["model_digest"].tolist() == [served.digest]


@EITHER
def test_what_another_scorecard_read_is_among_the_outcomes_of_that_alone(
    bare: Store, home: Settings, tmp_path: Path
) -> None:
    """Item 1 was rated before the promotion, and item 2 alone came again after it. The page told
    one more outcome of what serves than its fit learns from, and one less of what served before.
    """
    with_people(bare)
    furnish(bare)
    before = promotion.serving(bare, home.models, "shipment").digest
    items = factory.shipments(2, goods_description=["pistol slides and barrels", "garden chairs"])
    items["declaration_id"], items["item_number"] = "X1", [1, 2]
    after = ""
    for number, place in enumerate((slice(0, 2), slice(1, 2))):
        after = promoted(bare, tmp_path) if number else after
        path = factory.write(tmp_path / f"{number}.csv", items[place].assign(value=5.0 + number))
        screen(bare, home, OWNER, [path], Options(), later(hours=number))
    [row] = review.queue(bare, INES, review.QueueFilter("shipment"), later(hours=2)).rows
    with bare.write() as connection:
        labelled(connection, row.id, row.record_id, True, item=1, known_at=later(hours=3))
    table = feedback.labels(bare, "shipment", OWNER)
    told = []
    for digest in (before, after):
        weight = evidence.teaching(bare, "shipment", digest, OWNER)
        learnt = feedback.led_to(table, digest)
        assert (weight.examined, weight.finds) == (len(learnt), learnt["value"].sum())
        told.append(weight.examined)
    assert told == [1, 0]


def test_without_labels_the_table_is_empty_and_has_its_columns(store):
    table = feedback.labels(store, "shipment", OWNER)
    assert len(table) == 0 and list(table.columns) == list(feedback.KEYS)


def test_what_was_examined_anew_counts_once_with_its_last_outcome(store):
    stored(store)
    alert, _ = examine(store, "R0", "nothing")
    review.reopen(store, SARA, alert, REASON, NOW)
    found(store, alert, "trafficking", later(hours=1))
    table = feedback.labels(store, "shipment", OWNER)
    assert table[["record_id", "value"]].to_numpy().tolist() == [["R0", 1]]


def test_where_two_people_disagree_the_label_and_who_confirms_are_told(any_store):
    stored(any_store)
    alert, _ = examine(any_store, "R0", "nothing")
    examine(any_store, "R1", "nothing")
    assert feedback.labels(any_store, "shipment", OWNER)["earlier"].isna().all()
    review.reopen(any_store, SARA, alert, "a seal was put on again afterwards", later(minutes=1))
    review.claim(any_store, OMAR, alert, later(minutes=2))
    made = review.record_outcome(
        any_store,
        OMAR,
        alert,
        "trafficking",
        later(minutes=3),
        items=[{"kind": "part"}],
        methods=["opened"],
    )
    [waits] = review.waiting(any_store, INES)
    assert (waits.what, waits.earlier) == ("trafficking", ("ines", "nothing"))
    review.confirm_outcome(any_store, INES, made, later(minutes=5))
    told = feedback.labels(any_store, "shipment", OWNER).set_index("record_id")
    assert told.loc["R0", "value"] == 1 and told.loc["R0", "earlier"] == "nothing"
    assert pd.isna(told.loc["R1", "earlier"])


def test_who_examined_nothing_contradicts_nobody(store):
    stored(store)
    alert = taken(store, record_id="R0")
    review.record_outcome(store, INES, alert, "not_examined", NOW)
    review.reopen(store, SARA, alert, REASON, later(minutes=1))
    review.claim(store, INES, alert, later(minutes=2))
    review.decide(store, INES, alert, "examine", REASON, later(minutes=2))
    review.give_back(store, INES, alert, later(minutes=2))
    review.claim(store, OMAR, alert, later(minutes=3))
    review.record_outcome(store, OMAR, alert, "nothing", later(minutes=3), methods=["opened"])
    [waits] = review.waiting(store, INES)
    assert (waits.officer, waits.earlier) == ("omar", None)


@pytest.mark.parametrize("word", ["nothing", "not_examined"])
def test_a_find_that_was_corrected_charges_nobody_and_teaches_nothing_more(any_store, word):
    stored(any_store)
    alert, _ = examine(any_store, "R1", "trafficking", later(hours=1))
    review.reopen(any_store, SARA, alert, "it was another consignment's carton", later(hours=2))

    def told(at):
        with any_store.read() as connection:
            past = sum(map(len, batches.finds(connection, "shipment", at)))
            weight = evidence.weighed(connection, "shipment")
        values = feedback.labels(any_store, "shipment", OWNER)["value"].tolist()
        return (
            past,
            weight.finds,
            evidence.passed_over(any_store, "shipment", OWNER).weight.finds,
            values,
        )

    methods = [] if word == "not_examined" else ["opened"]
    made = review.record_outcome(any_store, INES, alert, word, later(hours=3), methods=methods)
    assert told(later(hours=3)) == (1, 1, 1, [1])  # one person alone takes nothing back
    review.confirm_outcome(any_store, OMAR, made, later(hours=4))
    assert told(later(hours=4)) == (0, 0, 0, [0] if methods else [])
    with any_store.read() as connection:  # a run that began before reads what was known then
        assert len(batches.finds(connection, "shipment", later(hours=3))) == 1


def test_a_find_that_was_confirmed_twice_is_one_find(any_store):
    stored(any_store)
    alert, _ = examine(any_store, "R1", "trafficking", later(hours=1))
    review.reopen(any_store, SARA, alert, "a second carton was opened", later(hours=2))
    found(any_store, alert, "trafficking", later(hours=3))
    with any_store.read() as connection:
        [past] = batches.finds(connection, "shipment", later(hours=3))
    assert past["time"].tolist() == [later(hours=3)]


def test_rows_that_were_never_rated_teach_nothing(store):
    stored(store, features=False)
    examine(store, "R0", "nothing")
    assert len(feedback.labels(store, "shipment", OWNER)) == 0


def test_labels_of_one_profile_do_not_reach_another(store):
    stored(store)
    examine(store, "R0", "nothing")
    assert len(feedback.labels(store, "traveller", OWNER)) == 0


def test_a_declaration_is_shown_as_declared_and_the_look_is_in_the_chain(store):
    stored(store)
    [item] = records.declaration(store, INES, "R1", "shipment", NOW)
    assert (item.version, item.state, item.points) == (1, "accepted", 10)
    assert item.declared["goods_description"] == "plastic garden chairs"
    assert "licence_number" not in item.declared


def test_a_declaration_of_another_office_is_as_good_as_none(store):
    stored(store)
    said = set()
    for record in ("R1", "R9"):
        with pytest.raises(RiskProfileError) as caught:
            records.declaration(store, AWAY, record, "shipment", NOW)
        said.add(caught.value.what)
    assert len(said) == 1


def test_a_record_about_a_person_asks_for_a_purpose(store):
    for purpose in ("", "x"):
        with pytest.raises(NotAllowed, match="purpose"):
            records.declaration(store, INES, "R1", "traveller", NOW, purpose)
