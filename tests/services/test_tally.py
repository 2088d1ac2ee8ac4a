"""Every alert is in one state of the ledger, and its sums are exact."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.errors import NotAllowed, UsageError
from riskprofile.services import review, tally
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.tally import STATES, Line, lines, state_of
from riskprofile.store.alert_tables import BY_HAND
from riskprofile.store.database import Store
from tests.services.bench import AWAY, HERE, INES, NOW, OMAR, REASON, THERE, put

NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3)
ALERTS = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from([None, "nothing", "trafficking", "compliance", "other", "not_examined"]),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["v1", "v2"]),
        NAMES,
    )
)


@given(ALERTS)
def test_alerts_are_confirmed_or_refuted_or_unresolved_or_not_reviewed(drawn: list) -> None:
    told = lines(
        (state_of(*one[:4]), {"scorecard": [one[4]], "indicator": one[5]}) for one in drawn
    )
    assert all(one.adds_up for one in told)
    whole = told[0]
    assert (whole.by, whole.alerts) == ("all", len(drawn))
    for state in STATES:  # a scorecard's lines sum to the whole, state by state
        parts = [getattr(one, state) for one in told if one.by == "scorecard"]
        assert sum(parts) == getattr(whole, state)
    for one in told:
        if one.by == "indicator":
            assert one.alerts == sum(one.name in each[5] for each in drawn)
        if one.examined:
            low, high = one.interval
            assert 0 <= low <= one.right <= high <= 1


def _worked(store: Store, seed: int, count: int) -> dict[str, int]:
    """Alerts that people took as far as chance has it; how many ended in each state."""
    draw = random.Random(seed)
    made = put(
        store,
        count,
        model_version=["2026.11.1" if n % 3 else "2027.01.1" for n in range(count)],
        indicators=[{"key": "X02_firearm_lexicon", "text": "t"}],
        declaration=[{"carrier": "XMAA", "transport_mode": "sea", "item_number": 1}],
    )
    expected = dict.fromkeys(STATES, 0)
    for alert in made:
        reached = draw.choice(["new", "seen", "ordered", "told", "confirmed", "reopened"])
        find = draw.random() < 0.3
        if reached != "new":
            review.alert(store, INES, alert, NOW, purpose="control")
            review.claim(store, INES, alert, NOW)
        if reached in ("ordered", "told", "confirmed", "reopened"):
            review.decide(store, INES, alert, "examine", REASON, NOW)
        if reached in ("told", "confirmed", "reopened"):
            outcome = review.record_outcome(
                store,
                INES,
                alert,
                "trafficking" if find else "nothing",
                NOW,
                items=[{"kind": "part"}] if find else [],
                methods=["opened"],
            )
            if reached != "told":
                review.confirm_outcome(store, OMAR, outcome, NOW)
        if reached == "reopened":
            review.reopen(store, Actor("sara", "supervisor", HERE), alert, REASON, NOW)
        if reached in ("new", "seen"):
            expected["not_reviewed"] += 1
        elif reached == "confirmed":
            expected["confirmed" if find else "refuted"] += 1
        else:
            expected["unresolved"] += 1
    return expected


@pytest.mark.parametrize("seed", [1, 2])
def test_the_ledger_says_what_people_did(any_store: Store, seed: int) -> None:
    expected = _worked(any_store, seed, 30)
    put(any_store, 2, record_id=["S-1", "S-2"], state="superseded")
    put(any_store, 2, record_id=["R-1", "R-2"], selected_by="random", probability=0.01)
    put(any_store, 2, record_id=["M-1", "M-2"], selected_by=BY_HAND, lane="yellow")
    told = tally.tally(any_store, "shipment", OWNER)
    whole = told[0]
    assert {state: getattr(whole, state) for state in STATES} == expected
    assert whole.alerts == 30
    for by in ("scorecard", "office", "lane", "carrier", "transport_mode"):
        assert sum(one.alerts for one in told if one.by == by) == 30, by
    [sign] = [one for one in told if one.by == "indicator"]
    assert (sign.name, sign.alerts) == ("X02_firearm_lexicon", 30)
    assert {one.name for one in told if one.by == "carrier"} == {"XMAA"}
    ways = ("all", "scorecard", "indicator", "office", "lane")
    assert tally.tally(any_store, "shipment", OWNER, declared=False) == [
        one for one in told if one.by in ways
    ]


def test_an_office_sees_its_own_and_not_everybody_may_look(store: Store) -> None:
    put(store, 3)
    put(store, 2, record_id=["N-1", "N-2"], office=THERE)
    away = Actor("nora", "supervisor", AWAY.office)
    assert tally.tally(store, "shipment", away)[0].alerts == 2
    assert tally.tally(store, "shipment", OWNER)[0].alerts == 5
    with pytest.raises(NotAllowed):
        tally.tally(store, "shipment", INES)
    with pytest.raises(UsageError, match="no profile"):
        tally.tally(store, "parcels", OWNER)


def test_what_nobody_examined_is_not_called_right_or_wrong() -> None:
    line = Line("all", "all", 3, 0, 0, 1, 2)
    assert line.says == "none of 3 alerts was examined"
    assert line.as_json()["right"] is None
    told = Line("all", "all", 100, 20, 60, 5, 15)
    assert told.says.startswith("of 100 alerts 25 are right (95 % interval 17 to 35")
    alone = Line("carrier", "XC68", 17, confirmed=1, refuted=0, unresolved=1, not_reviewed=15)
    assert alone.says == (
        "1 right of 1 examined, too few to say of 100 (95 % interval 21 to 100; 17 alerts)"
    )
