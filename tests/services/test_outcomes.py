"""Outcomes: what a control found, and when it may teach."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from riskprofile.errors import Conflict, RiskProfileError
from riskprofile.services import review
from riskprofile.store.alert_tables import ItemFound, Label, Outcome
from tests.services.bench import (
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    actions,
    later,
    row,
    taken,
    under_way,
)

SLIDE = {"kind": "part", "part": "slide", "calibre": "9x19", "count": 3, "sure": "likely"}


def examined(store, **columns):
    """An alert whose examination has been ordered."""
    alert = taken(store, **columns)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    return alert


def record(store, alert, outcome="nothing", actor=INES, now=NOW, **more):
    if outcome != "not_examined":
        more.setdefault("methods", ["opened"])
    if outcome == "trafficking":
        more.setdefault("items", [SLIDE])
    return review.record_outcome(store, actor, alert, outcome, now, **more)


def rows(store, table):
    with store.read() as connection:
        return connection.execute(select(table.__table__)).mappings().all()


def test_an_outcome_closes_the_alert_and_keeps_what_was_found(any_store):
    alert = examined(any_store)
    record(
        any_store, alert, "trafficking", methods=["xray", "opened"], minutes=35,
        note=" under pins ", concealment="among like goods", seizure_number="XM-SZ-1",
        officers=2, packaging=" 8 bags in 1 box ", legal_basis="possession",
    )  # fmt: skip
    assert row(any_store, alert)["state"] == "closed"
    [outcome] = rows(any_store, Outcome)
    assert (outcome["officers"], outcome["packaging"]) == (2, "8 bags in 1 box")
    assert outcome["legal_basis"] == "possession"
    [waits] = review.waiting(any_store, OMAR)
    assert (waits.officers, waits.packaging, waits.legal_basis) == (
        (2, "8 bags in 1 box", "possession")
    )
    assert (outcome["note"], outcome["methods"]) == ("under pins", ["xray", "opened"])
    [item] = rows(any_store, ItemFound)
    assert (item["part"], item["count"], item["make"]) == ("slide", 3, "")
    found = review.alert(any_store, OMAR, alert, NOW)
    assert found.outcomes[0]["items"][0]["calibre"] == "9x19"


def test_an_outcome_sent_twice_is_one_outcome(store):
    alert = examined(store)
    first = record(store, alert, "trafficking")
    assert record(store, alert, "trafficking", now=later(seconds=1)) == first
    assert len(rows(store, Outcome)) == len(rows(store, ItemFound)) == 1
    with pytest.raises(Conflict, match="closed"):
        record(store, alert, "nothing")
    with pytest.raises(Conflict, match="closed"):
        record(store, alert, "trafficking", actor=OMAR)  # what another said is not yours
    with pytest.raises(Conflict, match="closed"):
        record(store, alert, "trafficking", items=[SLIDE, SLIDE])  # one more than was kept


def test_another_person_records_what_was_ordered_once_they_have_taken_it_over(store):
    alert, over = examined(store), later(hours=25)
    with pytest.raises(Conflict) as caught:
        record(store, alert, actor=OMAR)
    assert caught.value.holder == "ines"
    with pytest.raises(Conflict, match="nobody holds"):
        record(store, alert, actor=OMAR, now=over)
    review.claim(store, OMAR, alert, over)
    with pytest.raises(Conflict) as caught:
        record(store, alert, now=over)
    assert caught.value.holder == "omar"
    assert record(store, alert, actor=OMAR, now=over)


def test_who_ordered_a_control_records_it_late_while_nobody_took_it_over(store):
    alert = examined(store)
    assert record(store, alert, now=later(hours=25))


def test_nothing_is_recorded_where_nothing_was_ordered(store):
    alert = taken(store)
    with pytest.raises(Conflict, match="no control was ordered"):
        record(store, alert)
    with pytest.raises(Conflict) as caught:
        record(store, alert, "not_examined", actor=OMAR)
    assert caught.value.holder == "ines"
    record(store, alert, "not_examined")


def test_a_release_that_waits_cannot_be_given_an_outcome(store):
    alert = taken(store)
    review.decide(store, INES, alert, "release", REASON, NOW)
    with pytest.raises(Conflict, match="second person"):
        record(store, alert)


@pytest.mark.parametrize(
    ("outcome", "more", "says"),
    [
        ("found", {}, "unknown outcome"),
        ("trafficking", {"items": []}, "at least one firearm"),
        ("trafficking", {"items": [{"kind": "document"}]}, "at least one firearm"),
        ("trafficking", {"items": [{"kind": "gun"}]}, "unknown kind"),
        ("trafficking", {"items": [SLIDE | {"count": 0}]}, "item 1: the count"),
        ("trafficking", {"items": [SLIDE | {"count": 1.5}]}, "item 1: the count"),
        ("trafficking", {"items": [SLIDE | {"count": True}]}, "item 1: the count"),
        ("trafficking", {"items": [SLIDE | {"sure": "very"}]}, "sure is"),
        ("trafficking", {"items": [SLIDE | {"colour": "red"}]}, "has no colour"),
        ("nothing", {"items": [SLIDE]}, "has no items"),
        ("not_examined", {"items": [SLIDE], "methods": []}, "has no items"),
        ("nothing", {"methods": []}, "how it was examined"),
        ("nothing", {"methods": ["smell"]}, "unknown method"),
        ("nothing", {"minutes": -1}, "minutes"),
        ("nothing", {"officers": 0}, "officers present"),
        ("nothing", {"officers": 1000}, "officers present"),
        ("nothing", {"legal_basis": "custom"}, "unknown legal basis"),
        ("not_examined", {"methods": ["xray"]}, "no method"),
    ],
)
def test_a_form_with_faults_is_sent_back_whole_and_nothing_is_saved(store, outcome, more, says):
    alert = examined(store)
    with pytest.raises(RiskProfileError, match=says):
        record(store, alert, outcome, **more)
    assert row(store, alert)["state"] == "open"
    assert rows(store, Outcome) == []


def test_all_faults_are_told_together(store):
    alert = examined(store)
    with pytest.raises(RiskProfileError) as caught:
        record(store, alert, "trafficking", items=[], methods=["smell"], minutes=-1)
    assert str(caught.value).count(";") >= 2


@pytest.mark.parametrize(
    ("outcome", "value"), [("trafficking", 1), ("nothing", 0), ("compliance", 0), ("other", 0)]
)
def test_only_a_second_person_makes_a_label_and_only_trafficking_is_positive(
    any_store, outcome, value
):
    alert = examined(any_store, selected_by="random", probability=0.02, driver=3)
    made = record(any_store, alert, outcome)
    with pytest.raises(Conflict, match="another person"):
        review.confirm_outcome(any_store, INES, made, NOW)
    assert rows(any_store, Label) == []
    label = review.confirm_outcome(any_store, OMAR, made, later(hours=1))
    [found] = rows(any_store, Label)
    assert (found["id"], found["value"], found["item"]) == (label, value, 3)
    assert (found["selected_by"], found["probability"]) == ("random", 0.02)
    assert found["known_at"] == later(hours=1)


def test_what_nobody_examined_is_no_label(store):
    alert = examined(store)
    made = record(store, alert, "not_examined")
    assert review.confirm_outcome(store, OMAR, made, NOW) is None
    assert rows(store, Label) == []


def test_a_confirmation_is_given_once(store):
    made = record(store, examined(store))
    label = review.confirm_outcome(store, OMAR, made, NOW)
    assert review.confirm_outcome(store, OMAR, made, NOW) == label
    with pytest.raises(Conflict) as caught:
        review.confirm_outcome(store, SARA, made, NOW)
    assert caught.value.holder == "omar"
    assert len(rows(store, Label)) == 1


def test_what_is_confirmed_while_a_run_is_under_way_is_known_from_the_next(store):
    """All processes of a run know the same finds, whenever they begin."""
    made, began = record(store, examined(store), "trafficking"), later(minutes=1)
    under_way(store, began)
    review.confirm_outcome(store, OMAR, made, NOW)
    [label], [outcome] = rows(store, Label), rows(store, Outcome)
    assert label["known_at"] > began and outcome["confirmed_at"] == label["known_at"]


def test_an_outcome_of_an_alert_that_was_opened_again_cannot_be_confirmed(store):
    alert = examined(store)
    first = record(store, alert)
    review.reopen(store, SARA, alert, REASON, NOW)
    with pytest.raises(Conflict, match="opened again"):
        review.confirm_outcome(store, OMAR, first, NOW)
    second = record(store, alert, "compliance")
    with pytest.raises(Conflict, match="opened again"):
        review.confirm_outcome(store, OMAR, first, NOW)
    assert review.confirm_outcome(store, OMAR, second, NOW)


def test_what_was_found_before_an_alert_was_opened_again_is_not_confirmed_once_it_is_released(
    any_store,
):
    alert = examined(any_store, lane="yellow")
    first = record(any_store, alert, "trafficking")
    review.reopen(any_store, SARA, alert, REASON, later(hours=1))
    review.claim(any_store, INES, alert, later(hours=2))
    review.decide(any_store, INES, alert, "release", REASON, later(hours=2))
    assert row(any_store, alert)["state"] == "closed"
    assert review.waiting(any_store, OMAR) == []
    with pytest.raises(Conflict, match="closed"):  # nor is it said to be recorded, sent again
        record(any_store, alert, "trafficking", now=later(hours=3))
    with pytest.raises(Conflict, match="opened again"):
        review.confirm_outcome(any_store, OMAR, first, later(hours=3))
    assert rows(any_store, Label) == []


def test_a_decision_alone_makes_no_label(store):
    alert = taken(store, lane="yellow")
    review.decide(store, INES, alert, "release", REASON, NOW)
    assert rows(store, Label) == []


def test_what_waits_for_a_second_person_is_listed(any_store):
    release = taken(any_store, record_id="A")
    decision = review.decide(any_store, INES, release, "release", REASON, NOW)
    outcome = record(
        any_store, examined(any_store, record_id="B"), "trafficking", now=later(hours=1), minutes=35
    )
    found = review.waiting(any_store, OMAR)
    assert [(one.kind, one.id, one.record_id) for one in found] == [
        ("release", decision, "A"),
        ("outcome", outcome, "B"),
    ]
    assert found[0].note == REASON
    assert [(one.count, one.kind, one.part, one.calibre) for one in found[1].items] == [
        (3, "part", "slide", "9x19")
    ]
    assert (found[1].methods, found[1].minutes) == (("opened",), 35)
    review.confirm_release(any_store, OMAR, decision, NOW)
    review.confirm_outcome(any_store, OMAR, outcome, NOW)
    assert review.waiting(any_store, OMAR) == []


def test_the_chain_names_each_step_and_holds_no_free_text(store):
    alert = examined(store)
    made = record(store, alert, "trafficking", note="Mr Example said so")
    review.confirm_outcome(store, OMAR, made, NOW)
    assert actions(store, alert)[-2:] == ["outcome.record", "outcome.confirm"]
    events = review.alert(store, OMAR, alert, NOW).timeline
    assert events and not any("Example" in event.text for event in events)
