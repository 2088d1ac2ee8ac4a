"""Whether reasons held: asked of those who looked, confirmed with the outcome, counted by term."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from riskprofile.errors import Conflict, NotAllowed, RiskProfileError, UsageError
from riskprofile.services import held, review
from riskprofile.services.held import Held
from riskprofile.services.identity import OWNER, Actor
from riskprofile.store.alert_tables import Label, ReasonHeld
from tests.services.bench import (
    AWAY,
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    THERE,
    later,
    row,
    taken,
)

RAISING = [
    {"term": name, "text": f"says {name}", "points": points, "value": 1.0, "norm": ""}
    for name, points in (
        *(("base", 300), ("mass", 96), ("private", 71), ("address", 64), ("wording", 48)),
        *(("freight", 31), ("hour", 6)),
    )
]
LOWERING = [
    {"term": name, "text": f"says {name}", "points": points, "value": 1.0, "norm": ""}
    for name, points in (("hs_text", -38), ("advance", -22), ("licence", -9))
]
ASKED = ("mass", "private", "address", "wording", "hs_text", "freight", "advance")
FREED = {"reasons": RAISING, "against": LOWERING}


def recorded(store, answers, *, outcome="nothing", officer=INES, now=NOW, **columns):
    """An alert examined, its outcome recorded with these answers; the alert and the outcome."""
    alert = taken(store, officer, now, **{**FREED, **columns})
    review.decide(store, officer, alert, "examine", REASON, now)
    return alert, sent(store, alert, answers, outcome=outcome, officer=officer, now=now)


def sent(store, alert, answers, *, outcome="nothing", officer=INES, now=NOW):
    return review.record_outcome(
        store, officer, alert, outcome, now, methods=["opened"], answers=answers
    )


def kept(store):
    table = ReasonHeld.__table__
    with store.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.id)).mappings()
        return [(one["outcome_id"], one["term"], one["points"], one["answer"]) for one in rows]


def counts(told):
    return {one.term: (one.asked, one.held, one.unclear, one.not_held) for one in told}


def test_the_strongest_reasons_of_both_sides_are_asked_after_and_a_blank_is_kept_as_one(any_store):
    _, outcome = recorded(any_store, {"mass": "yes", "wording": "unclear", "hs_text": "no"})
    assert [(one[1], one[3]) for one in kept(any_store)] == [
        ("mass", "yes"), ("private", ""), ("address", ""), ("wording", "unclear"),
        ("hs_text", "no"), ("freight", ""), ("advance", ""),
    ]  # fmt: skip
    assert {one[0] for one in kept(any_store)} == {outcome}
    assert {one[1]: one[2] for one in kept(any_store)}["hs_text"] == -38


def test_the_second_person_reads_each_answer_beside_its_sentence(store):
    recorded(store, {"mass": "yes", "advance": "no"})
    [waits] = review.waiting(store, OMAR)
    assert [one["term"] for one in waits.reasons] == [*ASKED]
    told = {one["term"]: (one["text"], one["points"], one["answer"]) for one in waits.reasons}
    assert told["mass"] == ("says mass", 96, "yes")
    assert told["private"] == ("says private", 71, "")
    assert told["advance"] == ("says advance", -22, "no")


def test_answers_count_once_a_second_person_has_confirmed_them(any_store):
    _, outcome = recorded(any_store, {"mass": "yes", "private": "no", "address": "unclear"})
    assert held.tallied(any_store, "shipment", OWNER) == []
    review.confirm_outcome(any_store, OMAR, outcome, later(hours=1))
    _, other = recorded(any_store, {"mass": "yes", "private": "yes"}, record_id="XM-2")
    review.confirm_outcome(any_store, OMAR, other, later(hours=1))
    told = held.tallied(any_store, "shipment", OWNER)
    assert counts(told) == {
        **dict.fromkeys(ASKED, (2, 0, 0, 0)),
        "mass": (2, 2, 0, 0), "private": (2, 1, 0, 1), "address": (2, 0, 1, 0),
    }  # fmt: skip
    assert held.tallied(any_store, "traveller", OWNER) == []


def test_answers_are_no_label(store):
    answers = dict.fromkeys(ASKED, "yes")
    _, outcome = recorded(store, answers)
    review.confirm_outcome(store, OMAR, outcome, NOW)
    with store.read() as connection:
        assert connection.execute(select(Label.value)).scalars().all() == [0]


def test_of_an_alert_examined_anew_the_last_confirmed_answers_count_and_the_first_stay(any_store):
    alert, first = recorded(any_store, {"mass": "yes"})
    review.confirm_outcome(any_store, OMAR, first, NOW)
    review.reopen(any_store, SARA, alert, REASON, NOW)
    second = sent(any_store, alert, {"mass": "no"}, outcome="compliance")
    assert counts(held.tallied(any_store, "shipment", OWNER))["mass"] == (1, 1, 0, 0)
    review.confirm_outcome(any_store, OMAR, second, NOW)
    assert counts(held.tallied(any_store, "shipment", OWNER))["mass"] == (1, 0, 0, 1)
    said = [
        {one["term"]: one["answer"] for one in outcome["reasons"]}["mass"]
        for outcome in review.alert(any_store, OMAR, alert, NOW).outcomes
    ]
    assert said == ["yes", "no"]


def test_the_same_answers_sent_twice_are_one_outcome_and_others_are_refused(store):
    alert, first = recorded(store, {"mass": "yes"})
    assert sent(store, alert, {"mass": "yes"}) == first
    assert len(kept(store)) == len(ASKED)
    with pytest.raises(Conflict, match="closed"):
        sent(store, alert, {"mass": "no"})


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"mass": "maybe"}, "unknown answer"),
        ({"hour": "yes"}, "hour is no reason"),  # too weak to be asked after
        ({"base": "yes"}, "base is no reason"),
    ],
)
def test_what_is_no_answer_or_no_reason_that_is_asked_after_is_refused(store, answers, says):
    alert = taken(store, **FREED)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    with pytest.raises(RiskProfileError, match=says):
        sent(store, alert, answers)
    assert (row(store, alert)["state"], kept(store)) == ("open", [])


def test_what_nobody_examined_says_of_no_reason_whether_it_held(store):
    alert = taken(store, **FREED)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    with pytest.raises(RiskProfileError, match="does not say whether reasons held"):
        review.record_outcome(store, INES, alert, "not_examined", NOW, answers={"mass": "yes"})
    outcome = review.record_outcome(store, INES, alert, "not_examined", NOW, answers={})
    review.confirm_outcome(store, OMAR, outcome, NOW)
    assert held.tallied(store, "shipment", OWNER) == []  # which is no label either


def test_where_no_answers_are_given_nothing_was_asked(store):
    recorded(store, None)
    assert kept(store) == []


def test_while_an_alert_waits_for_an_own_view_none_of_its_reasons_is_asked_after(store):
    alert = taken(store, **FREED, blind="waiting")
    with store.read() as connection:
        assert held.answered(connection, row(store, alert), {}) == []
        with pytest.raises(RiskProfileError, match="no reason"):
            held.answered(connection, row(store, alert), {"mass": "yes"})


def test_an_office_sees_its_own_and_not_everybody_may_look(store):
    for n, (officer, second, office) in enumerate(
        ((INES, OMAR, HERE), (AWAY, Actor("nils", "officer", THERE), THERE))
    ):
        _, outcome = recorded(
            store, {"mass": "yes"}, officer=officer, office=office, record_id=f"R-{n}"
        )
        review.confirm_outcome(store, second, outcome, NOW)
    assert counts(held.tallied(store, "shipment", SARA))["mass"] == (1, 1, 0, 0)
    assert counts(held.tallied(store, "shipment", OWNER))["mass"] == (2, 2, 0, 0)
    with pytest.raises(NotAllowed):
        held.tallied(store, "shipment", INES)
    with pytest.raises(UsageError, match="no profile"):
        held.tallied(store, "parcels", OWNER)


def test_a_share_stands_with_its_interval_and_where_nobody_could_tell_there_is_none():
    one = Held("mass", asked=12, held=9, unclear=1, not_held=2)
    assert one.says == "held in 9 of 11 (95 % interval 52 to 95 of 100)"
    told = one.as_json()
    assert (told["term"], told["asked"], round(told["low"], 2)) == ("mass", 12, 0.52)
    blank = Held("hour", asked=3, held=0, unclear=1, not_held=0)
    assert blank.says == "nobody could tell"
    assert (blank.as_json()["low"], blank.as_json()["high"]) == (None, None)


def test_more_outcomes_than_a_statement_has_parameters_are_asked_for(any_store):
    _, outcome = recorded(any_store, {"mass": "yes"})
    with any_store.read() as connection:
        told = held.of(connection, range(300_000))
    assert [one["term"] for one in told[outcome]] == [*ASKED]
