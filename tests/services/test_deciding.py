"""Claim, decide, undo: one winner, one decision, one named person."""

from __future__ import annotations

import os
import threading
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from riskprofile.errors import Conflict, NotAllowed, RiskProfileError
from riskprofile.services import board, govern, review, switching
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.queueing import QueueFilter
from riskprofile.store import audit
from riskprofile.store.alert_tables import Decision, Label
from riskprofile.store.database import Store
from tests.faults import runs
from tests.services.bench import (
    AWAY,
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


def decisions(store):
    with store.read() as connection:
        return connection.execute(select(Decision.__table__)).mappings().all()


def race(count, act):
    """Run `act(n)` in threads that start together; results and errors by number."""
    gate, found = threading.Barrier(count), {}

    def one(n):
        gate.wait()
        try:
            found[n] = act(n)
        except RiskProfileError as error:
            found[n] = error

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("officers", [2, 8])
def test_of_officers_who_claim_at_once_one_wins_and_the_others_see_who(any_store, officers):
    people = [Actor(f"officer-{n}", "officer", INES.office) for n in range(officers)]
    for alert in put(any_store, 25):
        found = race(officers, lambda n, a=alert: review.claim(any_store, people[n], a, NOW))
        winners = [n for n, result in found.items() if not isinstance(result, Exception)]
        assert len(winners) == 1
        owner = row(any_store, alert)["owner"]
        assert owner == people[winners[0]].name
        losers = [result for result in found.values() if isinstance(result, Exception)]
        assert {(type(one), one.holder) for one in losers} == {(Conflict, owner)}
        assert actions(any_store, alert) == ["alert.claim"]


def test_processes_that_claim_the_same_alerts_share_them_without_overlap(any_store):
    made = put(any_store, 60)
    url = any_store.engine.url.render_as_string(hide_password=False)
    url = url.replace("postgresql+psycopg:", "postgresql:")
    (is_ready, says_ready), (waits, opens) = os.pipe(), os.pipe()

    def claims(name):
        os.close(opens)
        store, won = Store.open(url), 0
        os.write(says_ready, b".")
        os.read(waits, 1)
        for alert in made:
            try:
                review.claim(store, Actor(name, "officer", INES.office), alert, NOW)
                won += 1
            except Conflict as error:
                assert error.holder and error.holder != name
        return won

    names = ["officer-1", "officer-2"]
    any_store.close()  # what is forked shares no connection
    programs = [runs.child(lambda name=name: claims(name)) for name in names]
    os.close(says_ready)  # else who waits for one that failed would wait for ever
    assert [os.read(is_ready, 1) for _ in names] == [b".", b"."]
    os.close(opens)
    ended = [runs.ended(*one) for one in programs]
    os.close(is_ready)
    os.close(waits)
    won = [many for _, many in ended]
    assert [code for code, _ in ended] == [0, 0], ended
    assert sum(won) == 60
    owners = [row(any_store, alert)["owner"] for alert in made]
    assert [owners.count(name) for name in names] == won
    assert all(actions(any_store, alert) == ["alert.claim"] for alert in made)


def test_a_double_click_is_one_decision(any_store):
    alert = taken(any_store)
    found = race(4, lambda _: review.decide(any_store, INES, alert, "examine", REASON, NOW))
    assert len(set(found.values())) == 1
    assert len(decisions(any_store)) == 1
    assert actions(any_store, alert).count("alert.decide") == 1


def test_a_double_click_on_release_is_one_decision(store):
    alert = taken(store, lane="yellow")
    first = review.decide(store, INES, alert, "release", REASON, NOW)
    assert review.decide(store, INES, alert, "release", REASON, later(seconds=1)) == first


def test_nothing_is_decided_over_a_decision_that_another_window_made(store):
    alert = taken(store)
    first = review.decide(store, INES, alert, "scan", REASON, NOW, seen=[])
    with pytest.raises(Conflict, match=r"decided this alert meanwhile \(scan\)"):
        review.decide(store, INES, alert, "refer", REASON, later(seconds=5), seen=[])
    assert review.decide(store, INES, alert, "scan", REASON, later(seconds=5), seen=[]) == first
    assert len(decisions(store)) == 1
    review.decide(store, INES, alert, "refer", REASON, later(seconds=9), seen=[first])
    assert len(decisions(store)) == 2


def test_a_lease_ends_and_another_may_claim(store):
    alert = taken(store)
    with pytest.raises(Conflict) as caught:
        review.claim(store, OMAR, alert, later(minutes=44, seconds=59))
    assert caught.value.holder == "ines"
    review.claim(store, OMAR, alert, later(minutes=45))
    assert row(store, alert)["owner"] == "omar"


def test_a_claim_of_a_clock_that_stood_ahead_holds_nothing_once_it_is_right(any_store):
    """For a year nobody else could have worked the alert, nor seen that it is free to take."""
    alert = taken(any_store, now=later(days=365))
    mine = QueueFilter("shipment", owner="mine_or_free")
    page = review.queue(any_store, OMAR, mine, NOW)
    assert [(one.id, one.owner) for one in page.rows] == [(alert, None)]
    assert [one.whose for one in page.cells] == ["free"]
    [load] = board.board(any_store, SARA, NOW).offices
    assert load.red_free == 1
    assert review.alert(any_store, OMAR, alert, NOW).owner is None
    with pytest.raises(Conflict, match="nobody holds"):
        review.decide(any_store, INES, alert, "scan", REASON, NOW)
    assert review.claim(any_store, OMAR, alert, NOW) == later(minutes=45)
    with pytest.raises(Conflict, match="omar holds this alert"):
        review.claim(any_store, INES, alert, NOW)


def test_a_reason_that_is_too_short_is_refused_and_says_how_long_it_is(store):
    with pytest.raises(RiskProfileError, match="a reason for release has at least 20 characters"):
        review.decide(store, INES, taken(store), "release", "short", NOW)


def test_ones_own_claim_is_renewed(store):
    alert = taken(store)
    assert review.claim(store, INES, alert, later(minutes=30)) == later(minutes=75)


def test_who_takes_over_a_control_has_the_day_to_make_it(store):
    alert = taken(store)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    assert review.claim(store, OMAR, alert, later(hours=24)) == later(hours=48)
    with pytest.raises(Conflict, match="omar holds this alert"):
        review.claim(store, INES, alert, later(hours=26))


def test_a_claim_is_given_back_by_its_holder_or_a_supervisor(store):
    alert = taken(store)
    with pytest.raises(Conflict):
        review.give_back(store, OMAR, alert, NOW)
    review.give_back(store, INES, alert, NOW)
    review.claim(store, OMAR, alert, NOW)
    review.give_back(store, SARA, alert, NOW)
    review.give_back(store, SARA, alert, NOW)  # it is free already
    assert row(store, alert)["owner"] is None
    assert actions(store, alert).count("alert.give_back") == 2


def test_another_office_can_neither_claim_nor_learn_that_the_alert_exists(store):
    alert = taken(store)
    said = []
    for number in (alert, 999_999):
        with pytest.raises(NotAllowed) as caught:
            review.claim(store, AWAY, number, NOW)
        said.append((type(caught.value), caught.value.what))
    assert said[0] == said[1]


def test_an_alert_of_no_office_is_everybodys(store):
    [alert] = put(store, office=None)
    review.claim(store, AWAY, alert, NOW)
    assert row(store, alert)["owner"] == "away"


def test_a_control_is_ordered_and_the_alert_stays_open_with_its_officer(store):
    alert = taken(store)
    review.decide(store, INES, alert, "examine", "weigh it", NOW)
    after = row(store, alert)
    assert (after["state"], after["owner"]) == ("open", "ines")
    assert after["lease_until"] == later(hours=24)


def test_a_release_of_yellow_closes(store):
    alert = taken(store, lane="yellow")
    review.decide(store, INES, alert, "release", REASON, NOW)
    after = row(store, alert)
    assert (after["state"], after["closed_at"], after["owner"]) == ("closed", NOW, None)


def test_a_release_of_red_waits_for_another_person(store):
    alert = taken(store)
    decision = review.decide(store, INES, alert, "release", REASON, NOW)
    assert row(store, alert)["state"] == "open"
    with pytest.raises(Conflict, match="another person"):
        review.confirm_release(store, INES, decision, NOW)
    review.confirm_release(store, OMAR, decision, NOW)
    review.confirm_release(store, OMAR, decision, NOW)  # a second click changes nothing
    assert row(store, alert)["state"] == "closed"
    assert decisions(store)[0]["second"] == "omar"
    assert actions(store, alert).count("alert.confirm") == 1


def test_an_installation_may_do_without_the_second_person(store):
    assert govern.status(store, INES).second_person
    switching.require_second_person(store, OWNER, False, NOW)
    assert not govern.status(store, INES).second_person
    alert = taken(store)
    review.decide(store, INES, alert, "release", REASON, NOW)
    assert row(store, alert)["state"] == "closed"


def test_a_later_decision_replaces_a_release_that_waits(store):
    alert = taken(store)
    release = review.decide(store, INES, alert, "release", REASON, NOW)
    review.decide(store, INES, alert, "examine", "on second thoughts", NOW)
    with pytest.raises(Conflict, match="another decision followed"):
        review.confirm_release(store, OMAR, release, NOW)
    assert row(store, alert)["state"] == "open"


@pytest.mark.parametrize(
    ("decision", "reason", "allowed"),
    [
        ("release", "x" * 19, False),
        ("release", "x" * 20, True),
        ("release", "x" * 10 + " " * 30 + "x", False),
        ("refer", "x" * 19, False),
        ("refer", "x" * 20, True),
        ("examine", "xxxx", False),
        ("examine", "xxxxx", True),
        ("hide", "x" * 20, False),
    ],
)
def test_a_reason_is_long_enough_to_be_read_later(store, decision, reason, allowed):
    alert = taken(store)
    if allowed:
        assert review.decide(store, INES, alert, decision, reason, NOW)
    else:
        with pytest.raises(RiskProfileError):
            review.decide(store, INES, alert, decision, reason, NOW)
        assert decisions(store) == []


def test_who_has_not_opened_the_alert_cannot_decide(store):
    [alert] = put(store)
    review.claim(store, INES, alert, NOW)
    with pytest.raises(Conflict, match="have not opened"):
        review.decide(store, INES, alert, "examine", REASON, NOW)


def test_who_does_not_hold_the_alert_cannot_decide(store):
    alert = taken(store)
    review.alert(store, OMAR, alert, NOW)
    with pytest.raises(Conflict) as caught:
        review.decide(store, OMAR, alert, "examine", REASON, NOW)
    assert caught.value.holder == "ines"
    with pytest.raises(Conflict, match="Claim it first"):
        review.decide(store, INES, alert, "examine", REASON, later(minutes=45))


@pytest.mark.parametrize(
    ("after", "allowed"),
    [(0, True), (9.999999, True), (10, True), (10.000001, False), (-0.000001, False)],
)
def test_a_decision_can_be_undone_for_ten_seconds(store, after, allowed):
    alert = taken(store, lane="yellow")
    decision = review.decide(store, INES, alert, "release", REASON, NOW)
    when = NOW + timedelta(seconds=after)
    if not allowed:
        with pytest.raises(Conflict):
            review.undo(store, INES, decision, when)
        assert row(store, alert)["state"] == "closed"
        return
    review.undo(store, INES, decision, when)
    found = row(store, alert)
    assert (found["state"], found["owner"], found["closed_at"]) == ("open", "ines", None)
    with pytest.raises(Conflict):
        review.undo(store, INES, decision, when)


def test_nobody_undoes_anothers_decision(store):
    alert = taken(store, lane="yellow")
    decision = review.decide(store, INES, alert, "release", REASON, NOW)
    with pytest.raises(Conflict, match="not yours"):
        review.undo(store, SARA, decision, NOW)


def test_an_order_is_not_undone_once_its_outcome_is_recorded(store):
    alert = taken(store)
    decision = review.decide(store, INES, alert, "examine", REASON, NOW)
    review.record_outcome(store, INES, alert, "nothing", later(seconds=3), methods=["opened"])
    with pytest.raises(Conflict, match="this alert is closed"):
        review.undo(store, INES, decision, later(seconds=6))
    assert row(store, alert)["state"] == "closed"
    assert decisions(store)[0]["undone_at"] is None


def test_an_undo_takes_no_alert_from_who_holds_it_by_now(store):
    alert = taken(store)
    decision = review.decide(store, INES, alert, "examine", REASON, NOW)
    review.give_back(store, INES, alert, later(seconds=2))
    review.claim(store, OMAR, alert, later(seconds=4))
    with pytest.raises(Conflict) as caught:
        review.undo(store, INES, decision, later(seconds=6))
    assert caught.value.holder == "omar"
    assert row(store, alert)["owner"] == "omar"
    assert decisions(store)[0]["undone_at"] is None


def test_a_closed_alert_is_reopened_by_a_supervisor_alone_with_a_reason(store):
    alert = taken(store, lane="yellow")
    review.decide(store, INES, alert, "release", REASON, NOW)
    with pytest.raises(Conflict, match="closed"):
        review.claim(store, OMAR, alert, NOW)
    with pytest.raises(NotAllowed):
        review.reopen(store, INES, alert, REASON, NOW)
    with pytest.raises(RiskProfileError, match="20 characters"):
        review.reopen(store, SARA, alert, "again", NOW)
    review.reopen(store, SARA, alert, REASON, NOW)
    with pytest.raises(Conflict):
        review.reopen(store, SARA, alert, REASON, NOW)
    [found] = review.queue(store, OMAR, review.QueueFilter("shipment"), NOW).rows
    assert (found.state, found.owner, found.decision, found.waiting) == ("open", None, None, "")


def test_a_change_that_cannot_be_audited_does_not_happen(store, monkeypatch):
    alert = taken(store)

    def full(*_, **__):
        raise OSError("no space")

    monkeypatch.setattr(audit, "append", full)
    with pytest.raises(OSError, match="no space"):
        review.decide(store, INES, alert, "examine", REASON, NOW)
    assert decisions(store) == []


class Desk(RuleBasedStateMachine):
    """Any order of acts by any people, against a small model of what may be."""

    template: bytes
    folder: object

    @initialize(
        lane=st.sampled_from(["red", "yellow"]),
        looked=st.sets(st.sampled_from([INES, OMAR, SARA])),
        ordered=st.booleans(),
    )
    def begins(self, lane, looked, ordered):
        file = self.folder / "machine.db"
        for old in self.folder.glob("machine.db*"):
            old.unlink()
        file.write_bytes(self.template)
        self.store = Store.open(f"sqlite:///{file}")
        [self.alert] = put(self.store, lane=lane)
        self.lane, self.now = lane, NOW
        self.state, self.holder, self.until = "open", None, NOW
        self.looked, self.last = set(), None
        self.outcome, self.by, self.labels = None, None, 0
        for who in looked:
            self.looks(who)
        if ordered and INES in looked:
            self.claims(INES)
            self.decides(INES, "examine", True)

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()

    def held(self):
        return self.holder if self.until > self.now else None

    def acts(self, allowed, action):
        """Do it; it must succeed exactly when the model allows it."""
        try:
            result = action()
        except RiskProfileError:
            assert not allowed
            return None
        assert allowed
        return result

    people = st.sampled_from([INES, INES, OMAR, SARA, AWAY])

    @rule(minutes=st.sampled_from([1, 3, 20, 45, 1440]))
    def waits(self, minutes):
        self.now += timedelta(minutes=minutes)

    @rule(who=people)
    def looks(self, who):
        if self.acts(who is not AWAY, lambda: review.alert(self.store, who, self.alert, self.now)):
            self.looked.add(who.name)

    @rule(who=people)
    def claims(self, who):
        allowed = who is not AWAY and self.state == "open" and self.held() in (None, who.name)
        if self.acts(allowed, lambda: review.claim(self.store, who, self.alert, self.now)):
            ordered = self.last is not None and self.last[2] != "release"
            lease = timedelta(hours=24) if ordered else timedelta(minutes=45)
            self.holder, self.until = who.name, self.now + lease

    @rule(who=people, what=st.sampled_from(review.DECISIONS), long=st.booleans())
    def decides(self, who, what, long):
        reason = f"{REASON} {self.now.isoformat()}" if long else "short"
        if self.last and self.last[1:] == (who.name, what, reason):
            return
        allowed = (
            who is not AWAY
            and self.state == "open"
            and self.held() == who.name
            and who.name in self.looked
            and (long or what not in ("release", "refer"))
        )
        made = self.acts(
            allowed, lambda: review.decide(self.store, who, self.alert, what, reason, self.now)
        )
        if made:
            self.last = (made, who.name, what, reason)
            if what == "release" and self.lane != "red":
                self.state, self.holder = "closed", None
            else:
                self.until = self.now + timedelta(hours=24)

    @precondition(lambda self: self.last)
    @rule(who=people)
    def confirms_a_release(self, who):
        made, by, what, _ = self.last
        allowed = who is not AWAY and what == "release" and self.state == "open" and by != who.name
        with self.store.read() as connection:
            second = connection.execute(select(Decision.second).where(Decision.id == made)).scalar()
        self.acts(
            allowed or (who is not AWAY and second == who.name),
            lambda: review.confirm_release(self.store, who, made, self.now),
        )
        if allowed:
            self.state, self.holder = "closed", None

    @rule(who=people, what=st.sampled_from(["nothing", "trafficking", "not_examined"]))
    def records(self, who, what):
        items = [{"kind": "part", "part": "slide"}] if what == "trafficking" else []
        methods = [] if what == "not_examined" else ["opened"]
        ordered = self.last is not None
        allowed = who is not AWAY and self.state == "open"
        allowed = allowed and (not ordered or self.last[2] != "release")
        if not ordered:
            allowed = allowed and what == "not_examined" and self.held() == who.name
        else:  # whoever holds it, and who ordered it while nobody does
            allowed = allowed and (self.held() or self.last[1]) == who.name
        note = self.now.isoformat()
        if self.state == "closed" and self.outcome and self.outcome[1:] == (who.name, what, note):
            return
        made = self.acts(
            allowed,
            lambda: review.record_outcome(
                self.store, who, self.alert, what, self.now, items=items, methods=methods, note=note
            ),
        )
        if made:
            self.state, self.holder = "closed", None
            self.outcome, self.by = (made, who.name, what, note), None

    @precondition(lambda self: self.outcome)
    @rule(who=people)
    def confirms_an_outcome(self, who):
        made, by, what, _ = self.outcome
        again = self.by == who.name
        allowed = who is not AWAY and (
            again or (self.state == "closed" and self.by is None and by != who.name)
        )
        self.acts(allowed, lambda: review.confirm_outcome(self.store, who, made, self.now))
        if allowed and not again:
            self.by = who.name
            self.labels += what != "not_examined"

    @rule(who=people)
    def reopens(self, who):
        allowed = who is SARA and self.state == "closed"
        try:
            review.reopen(self.store, who, self.alert, REASON, self.now)
            assert allowed
        except RiskProfileError:
            assert not allowed
            return
        self.state, self.holder = "open", None
        if self.last and self.last[2] == "release":
            self.last = self._before(self.last[0])

    def _before(self, taken_back):
        with self.store.read() as connection:
            found = connection.execute(
                select(Decision.id, Decision.officer, Decision.decision, Decision.reason)
                .where(Decision.undone_at.is_(None), Decision.id < taken_back)
                .order_by(Decision.id.desc())
            ).first()
        return tuple(found) if found else None

    @invariant()
    def the_table_agrees(self):
        if not hasattr(self, "store"):
            return
        found = row(self.store, self.alert)
        assert found["state"] == self.state
        assert (found["closed_at"] is None) == (self.state == "open")
        if self.held():
            assert found["owner"] == self.held()
        with self.store.read() as connection:
            assert len(connection.execute(select(Label.id)).all()) == self.labels
            assert audit.verify(connection).ok


def test_no_order_of_acts_reaches_a_forbidden_state(made, tmp_path):
    machine = type("Machine", (Desk,), {"template": made, "folder": tmp_path})
    machine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, print_blob=False)
    case = machine.TestCase()
    case.runTest()
