"""A supervisor gives alerts to an officer of the office: one, also of another, or several."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event, select, update

from riskprofile.errors import Conflict, NotAllowed, RiskProfileError, UsageError
from riskprofile.services import arriving, assigning, blind, identity, noting, review, snoozing
from riskprofile.services.deciding import UNDO
from riskprofile.services.identity import OWNER, ROLES, Actor
from riskprofile.services.queueing import PAGE_LIMIT
from riskprofile.store.alert_tables import Alert
from riskprofile.store.office_tables import Audit
from riskprofile.words import Message
from tests.plans import read_whole
from tests.services.bench import (
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    THERE,
    actions,
    later,
    put,
    row,
    taken,
    until_it_waits,
)  # fmt: skip

PASSWORD = "four small brown lanterns"


@pytest.fixture
def staffed(store):
    """Accounts: ines and omar here, ana elsewhere, an operator, one who left."""
    return engaged(store)


@pytest.fixture
def any_staffed(any_store):
    """The same, in a store of either kind."""
    return engaged(any_store)


def engaged(store):
    people = (
        ("ines", "officer", HERE), ("omar", "officer", HERE), ("ana", "officer", THERE),
        ("gone", "officer", HERE), ("otto", "operator", None),
    )  # fmt: skip
    for name, role, office in people:
        identity.add_account(
            store, OWNER, name=name, role=role, office=office, password=PASSWORD, now=NOW
        )
    identity.disable_account(store, OWNER, "gone", NOW)
    return store


def test_officers_of_the_office_can_be_given_an_alert(staffed):
    assert [*assigning.officers(staffed, SARA)] == ["ines", "omar"]


def test_an_assigned_alert_is_held_and_whoever_held_it_can_no_longer_decide(staffed):
    alert = taken(staffed)
    until = assigning.assign(staffed, SARA, alert, "omar", later(minutes=1))
    assert until == later(minutes=46)
    assert row(staffed, alert)["owner"] == "omar"
    with pytest.raises(Conflict, match="omar holds this alert"):
        review.decide(staffed, INES, alert, "scan", REASON, later(minutes=2))
    review.alert(staffed, OMAR, alert, later(minutes=2))
    review.decide(staffed, OMAR, alert, "scan", REASON, later(minutes=2))
    assert "alert.assign" in actions(staffed, alert)


def test_one_that_was_given_is_taken_back_and_whoever_held_it_does_again(any_staffed):
    alert, free = taken(any_staffed), put(any_staffed, 1, version=2)[0]
    before = row(any_staffed, alert)
    for one in (alert, free):
        at = later(minutes=1, seconds=one)
        assigning.assign(any_staffed, SARA, one, "omar", at)
        moved = assigning.take_back(any_staffed, SARA, at, at + UNDO)
        assert (moved.alerts, moved.left) == ((one,), ())
    again = row(any_staffed, alert)
    assert (again["owner"], again["lease_until"]) == ("ines", before["lease_until"])
    assert row(any_staffed, free)["owner"] is None


def test_who_is_given_alerts_is_told_how_many_and_by_whom(any_staffed):
    first, second, third = put(any_staffed, 3)
    upto = arriving.arrived(any_staffed, None).upto
    for alert, to in ((first, "omar"), (second, "omar"), (third, "ines")):
        assigning.assign(any_staffed, SARA, alert, to, NOW)
    assert arriving.arrived(any_staffed, upto).people == {"omar", "ines"}
    assert arriving.given(any_staffed, OMAR, upto.entry, NOW) == {"sara": 2}
    assigning.assign(any_staffed, SARA, second, "ines", NOW)  # who has it no more is not told
    assert arriving.given(any_staffed, OMAR, upto.entry, NOW) == {"sara": 1}
    assert arriving.given(any_staffed, OMAR, upto.entry, later(hours=1)) == {}  # it ran out
    newest = arriving.arrived(any_staffed, upto).upto
    assert arriving.given(any_staffed, OMAR, newest.entry, NOW) == {}
    assert arriving.arrived(any_staffed, newest).people == set()


def test_what_every_open_page_asks_twice_a_second_reads_no_table_whole(staffed):
    [alert, _] = put(staffed, 2)
    assigning.assign(staffed, SARA, alert, "omar", NOW)
    before = arriving.Upto(alert - 1, 0)
    with read_whole() as told:
        assert arriving.arrived(staffed, before).people == {"omar"}
        assert arriving.given(staffed, OMAR, 0, NOW) == {"sara": 1}
    newest = ("max(alert.id)", "max(audit.sequence)")  # the last of its key
    assert not [one for one in told if not any(key in one for key in newest)], told


def test_the_timeline_tells_to_whom_an_alert_was_given(staffed):
    [alert] = put(staffed, 1)
    assigning.assign(staffed, SARA, alert, "omar", NOW)
    told = review.alert(staffed, SARA, alert, NOW).timeline
    assert [one.text for one in told if one.action == "alert.assign"] == ["omar"]


def test_the_timeline_does_not_name_at_a_taking_back_who_had_it_before(staffed):
    """ "Assignment taken back: ines" would say that it was taken from ines."""
    alert = taken(staffed)
    assigning.assign(staffed, SARA, alert, "omar", later(minutes=1))
    assigning.take_back(staffed, SARA, later(minutes=1), later(minutes=1, seconds=5))
    told = review.alert(staffed, SARA, alert, later(minutes=2)).timeline
    assert [one.text for one in told if one.action == "alert.unassign"] == [""]


def test_who_is_given_a_control_has_the_day_to_make_it(staffed):
    alert = taken(staffed)
    review.decide(staffed, INES, alert, "examine", REASON, NOW)
    until = assigning.assign(staffed, SARA, alert, "omar", later(hours=1))
    assert until == later(hours=25)


@pytest.mark.parametrize("name", ["ana", "otto", "gone", "nobody", ""])
def test_nobody_else_can_be_given_it(staffed, name):
    [alert] = put(staffed)
    with pytest.raises(UsageError):
        assigning.assign(staffed, SARA, alert, name, NOW)
    assert row(staffed, alert)["owner"] is None


def test_officers_assign_nothing_and_a_closed_alert_is_nobodys(staffed):
    alert = taken(staffed, lane="yellow")
    with pytest.raises(NotAllowed):
        assigning.assign(staffed, INES, alert, "omar", NOW)
    review.decide(staffed, INES, alert, "release", REASON, NOW)
    with pytest.raises(Conflict):
        assigning.assign(staffed, SARA, alert, "omar", NOW)


def shown(store, actor=SARA, now=NOW, profile="shipment"):
    """The rows as a list tells them now, by their ids."""
    asked = review.QueueFilter(profile, owner="open", page_size=PAGE_LIMIT)
    return {one.id: one for one in review.queue(store, actor, asked, now).rows}


def holders(store, alerts):
    return [row(store, alert)["owner"] for alert in alerts]


def said(store, action):
    """The details of what was done so far under this name."""
    asked = select(Audit.detail).where(Audit.action == action).order_by(Audit.sequence)
    with store.read() as connection:
        return list(connection.execute(asked).scalars())


def test_several_are_given_at_once_with_an_entry_for_each(any_staffed):
    alerts = put(any_staffed, 3, lane=["red", "yellow", "yellow"])
    moved = assigning.assign_several(any_staffed, SARA, shown(any_staffed).values(), "omar", NOW)
    assert (sorted(moved.alerts), moved.left) == (alerts, ())
    assert holders(any_staffed, alerts) == ["omar"] * 3
    assert [actions(any_staffed, alert) for alert in alerts] == [["alert.assign"]] * 3
    assert [(one["to"], one["many"]) for one in said(any_staffed, "alert.assign")] == [
        ("omar", 3)
    ] * 3
    review.alert(any_staffed, OMAR, alerts[0], NOW)
    review.decide(any_staffed, OMAR, alerts[0], "scan", REASON, NOW)


@pytest.mark.parametrize(("count", "hours"), [(1, 0.75), (4, 3.0), (40, 24.0)])
def test_who_is_given_many_has_the_time_to_work_them_and_a_day_at_most(staffed, count, hours):
    alerts = put(staffed, count)
    assigning.assign_several(staffed, SARA, shown(staffed).values(), "omar", NOW)
    assert {row(staffed, alert)["lease_until"] for alert in alerts} == {later(hours=hours)}


def test_what_somebody_holds_already_is_held_no_shorter_for_being_given_again(staffed):
    alerts = put(staffed, 4)
    assigning.assign_several(staffed, SARA, shown(staffed).values(), "omar", NOW)
    again = [shown(staffed)[alerts[0]]]
    moved = assigning.assign_several(staffed, SARA, again, "omar", later(hours=1))
    assert moved.alerts == (alerts[0],)
    assert row(staffed, alerts[0])["lease_until"] == later(hours=3)
    assigning.assign_several(staffed, SARA, again, "ines", later(hours=2))
    assert row(staffed, alerts[0])["lease_until"] == later(hours=2.75)


def test_what_was_claimed_decided_closed_or_put_aside_meanwhile_is_left_and_told(any_staffed):
    store = any_staffed
    free, claimed, ordered, released, aside, inessy = put(store, 6, lane="yellow")
    for alert in (ordered, released, inessy):
        review.alert(store, INES, alert, NOW)
        review.claim(store, INES, alert, NOW)
    rows = shown(store)
    review.claim(store, INES, claimed, NOW)
    review.decide(store, INES, ordered, "scan", REASON, NOW)
    review.decide(store, INES, released, "release", REASON, NOW)
    snoozing.snooze(store, INES, [aside], REASON, later(hours=2), NOW)
    before = [row(store, alert) for alert in (claimed, ordered, released, aside)]
    moved = assigning.assign_several(store, SARA, rows.values(), "omar", later(minutes=1))
    assert set(moved.alerts) == {free, inessy}  # that ines holds it was shown
    assert holders(store, moved.alerts) == ["omar"] * 2
    assert dict(moved.left) == {
        rows[claimed].record_id: "ines holds it now",
        rows[ordered].record_id: "ines decided this alert meanwhile (scan)",
        rows[released].record_id: "ines decided this alert meanwhile (release)",
        rows[aside].record_id: "ines put it aside",
    }
    assert all(isinstance(why, Message) for _, why in moved.left)
    assert [row(store, alert) for alert in (claimed, ordered, released, aside)] == before
    assert len(said(store, "alert.assign")) == 2


def test_what_a_newer_version_replaced_is_left(staffed):
    [alert] = put(staffed)
    rows = shown(staffed)
    with staffed.write() as connection:
        connection.execute(update(Alert).values(state="superseded"))
    moved = assigning.assign_several(staffed, SARA, rows.values(), "omar", NOW)
    assert (moved.alerts, len(moved.left), actions(staffed, alert)) == ((), 1, [])


def test_a_control_that_was_ordered_goes_to_another_for_the_day(staffed):
    alert = taken(staffed)
    review.decide(staffed, INES, alert, "examine", REASON, NOW)
    moved = assigning.assign_several(staffed, SARA, shown(staffed).values(), "omar", NOW)
    assert moved.alerts == (alert,)
    assert row(staffed, alert)["lease_until"] == later(hours=24)


def test_travellers_are_never_given_together_with_anything(staffed):
    [goods] = put(staffed)
    people = put(staffed, 2, profile="traveller", record_id=["C-1", "C-2"])
    rows = [*shown(staffed).values(), *shown(staffed, profile="traveller").values()]
    for several in (rows, rows[1:], rows[1:2]):
        with pytest.raises(NotAllowed, match="one by one"):
            assigning.assign_several(staffed, SARA, several, "omar", NOW)
    # Nor where a page says that one is something else.
    with pytest.raises(NotAllowed, match="one by one"):
        assigning.assign_several(staffed, SARA, [replace(rows[1], profile="shipment")], "omar", NOW)
    assert holders(staffed, [goods, *people]) == [None] * 3
    assert said(staffed, "alert.assign") == []


def test_one_of_another_office_or_of_none_at_all_stops_them_all(staffed):
    here, there = put(staffed, 2, office=[HERE, THERE])
    rows = shown(staffed, Actor("root", "supervisor"))
    unknown = replace(rows[here], id=10_000)
    for several in (rows.values(), [rows[here], unknown]):
        with pytest.raises(NotAllowed, match="no such alert"):
            assigning.assign_several(staffed, SARA, several, "omar", NOW)
    # Who sees both offices gives to one the alerts of one.
    with pytest.raises(UsageError):
        assigning.assign_several(staffed, Actor("root", "supervisor"), rows.values(), "omar", NOW)
    assert holders(staffed, [here, there]) == [None, None]


@pytest.mark.parametrize("name", ["ana", "otto", "gone", "nobody", ""])
def test_nobody_else_can_be_given_several(staffed, name):
    alerts = put(staffed, 2)
    with pytest.raises(UsageError):
        assigning.assign_several(staffed, SARA, shown(staffed).values(), name, NOW)
    assert holders(staffed, alerts) == [None, None]


def test_an_own_view_stays_first_and_nothing_told_of_the_alert_says_its_lane(staffed):
    [alert] = put(staffed, blind=blind.WAITING)
    moved = assigning.assign_several(staffed, SARA, shown(staffed).values(), "omar", NOW)
    assert moved.alerts == (alert,)
    review.alert(staffed, OMAR, alert, NOW)
    with pytest.raises(Conflict):
        review.decide(staffed, OMAR, alert, "examine", REASON, NOW)
    [told] = said(staffed, "alert.assign")
    assert set(told) == {"to", "holder", "until", "many"}


def test_at_most_a_page_is_given_at_once_and_reading_asks_once_of_all(staffed):
    put(staffed, PAGE_LIMIT + 1)
    rows = list(shown(staffed).values())
    assert len(rows) == PAGE_LIMIT
    for several in ([], [*rows, replace(rows[0], id=0)]):
        with pytest.raises(RiskProfileError, match="1 to 500"):
            assigning.assign_several(staffed, SARA, several, "omar", NOW)
    asked: list[str] = []

    def hear(connection, cursor, statement, *_):
        asked.append(statement)

    def reads(some):
        """How often tables other than the chain were read to give these."""
        asked.clear()
        event.listen(staffed.engine, "before_cursor_execute", hear)
        moved = assigning.assign_several(staffed, SARA, some, "omar", NOW)
        event.remove(staffed.engine, "before_cursor_execute", hear)
        assert len(moved.alerts) == len(some)
        return sum(one.startswith("SELECT") and "FROM audit" not in one for one in asked)

    assert reads(rows) == reads(list(shown(staffed).values())[:1])


def test_to_give_and_to_take_back_reads_no_table_whole(staffed):
    put(staffed, 3)
    rows = shown(staffed).values()
    with read_whole() as told:
        assigning.assign_several(staffed, SARA, rows, "omar", NOW)
        assigning.take_back(staffed, SARA, NOW, NOW)
    newest = "ORDER BY audit.sequence DESC"  # the first of its key
    assert not [one for one in told if newest not in one and told[one] != {"account"}], told


def test_taken_back_within_ten_seconds_they_are_as_they_were(any_staffed):
    store = any_staffed
    alerts = put(store, 3)
    review.claim(store, INES, alerts[0], NOW)
    before = [row(store, alert) for alert in alerts]
    moved = assigning.assign_several(store, SARA, shown(store).values(), "omar", later(seconds=1))
    back = assigning.take_back(store, SARA, moved.at, later(seconds=11))
    assert (sorted(back.alerts), back.left) == (alerts, ())
    assert [row(store, alert) for alert in alerts] == before
    assert [one["to"] for one in said(store, "alert.unassign")] == ["ines", "", ""]
    again = assigning.take_back(store, SARA, moved.at, later(seconds=11))
    assert again.alerts == ()
    assert [row(store, alert) for alert in alerts] == before


def test_who_holds_it_again_is_told_again_that_it_was_asked_for(staffed):
    alert = taken(staffed)
    review.alert(staffed, OMAR, alert, NOW)
    noting.ask(staffed, OMAR, alert, REASON, NOW)
    assigning.assign_several(staffed, SARA, shown(staffed).values(), "omar", NOW)
    assert review.alert(staffed, OMAR, alert, NOW).asked is None  # who asked has it
    assigning.take_back(staffed, SARA, NOW, later(seconds=5))
    asked = review.alert(staffed, INES, alert, later(seconds=6)).asked
    assert asked is not None and (asked.actor, asked.purpose) == ("omar", REASON)
    assigning.assign_several(staffed, SARA, shown(staffed).values(), "ines", later(seconds=7))
    assert review.alert(staffed, INES, alert, later(seconds=8)).asked is None


def test_a_claim_that_ran_out_meanwhile_does_not_come_back(staffed):
    [alert] = put(staffed)
    review.claim(staffed, INES, alert, NOW)
    at = later(minutes=45, seconds=-2)
    assigning.assign_several(staffed, SARA, shown(staffed, now=at).values(), "omar", at)
    assigning.take_back(staffed, SARA, at, later(minutes=45, seconds=1))
    assert holders(staffed, [alert]) == [None]


def test_what_was_begun_since_is_not_taken_back(staffed):
    begun, ended, renewed, idle = put(staffed, 4, lane="yellow")
    assigning.assign_several(staffed, SARA, shown(staffed).values(), "omar", NOW)
    soon = later(seconds=5)
    for alert, decision in ((begun, "scan"), (ended, "release")):
        review.alert(staffed, OMAR, alert, soon)
        review.decide(staffed, OMAR, alert, decision, REASON, soon)
    review.claim(staffed, OMAR, renewed, soon)
    moved = assigning.take_back(staffed, SARA, NOW, later(seconds=9))
    assert (moved.alerts, len(moved.left)) == ((idle,), 3)
    assert holders(staffed, [begun, ended, renewed, idle]) == ["omar", None, "omar", None]
    assert row(staffed, ended)["state"] == "closed"


def test_nobody_takes_back_late_or_what_another_gave(staffed):
    [alert] = put(staffed)
    assigning.assign_several(staffed, SARA, shown(staffed).values(), "omar", NOW)
    other = Actor("root", "supervisor")
    assert assigning.take_back(staffed, other, NOW, later(seconds=2)).alerts == ()
    with pytest.raises(Conflict, match="10 seconds"):
        assigning.take_back(staffed, SARA, NOW, later(seconds=10.001))
    for role in set(ROLES) - {"supervisor"}:
        with pytest.raises(NotAllowed):
            assigning.take_back(staffed, Actor("sara", role, HERE), NOW, later(seconds=2))
    assert holders(staffed, [alert]) == ["omar"]


def test_of_two_supervisors_at_once_one_gives_each_alert(any_staffed):
    alerts = put(any_staffed, 30)
    rows = list(shown(any_staffed).values())
    other = Actor("rosa", "supervisor", HERE)

    def give(actor, to, several):
        return assigning.assign_several(any_staffed, actor, several, to, NOW)

    with ThreadPoolExecutor(2) as beside:
        first = beside.submit(give, SARA, "ines", rows)
        second = beside.submit(give, other, "omar", rows[::-1])
        moved = {"ines": first.result(), "omar": second.result()}
    for to, others in (("ines", "omar"), ("omar", "ines")):
        assert {row(any_staffed, alert)["owner"] for alert in moved[to].alerts} <= {to}
        assert {why for _, why in moved[to].left} <= {f"{others} holds it now"}
    assert sorted(moved["ines"].alerts + moved["omar"].alerts) == alerts
    assert len(said(any_staffed, "alert.assign")) == len(alerts)


def test_who_claims_while_others_are_given_keeps_the_alert(any_staffed):
    alerts = put(any_staffed, 3)
    rows = shown(any_staffed)
    with ThreadPoolExecutor(1) as beside:
        with any_staffed.write() as connection:  # a claim that is not yet committed
            connection.execute(
                update(Alert)
                .where(Alert.id == alerts[1])
                .values(owner="ines", lease_until=later(minutes=45))
            )
            given = beside.submit(
                assigning.assign_several, any_staffed, SARA, rows.values(), "omar", NOW
            )
            if not any_staffed.sqlite:
                until_it_waits(any_staffed, given)
        moved = given.result()
    assert moved.left == ((rows[alerts[1]].record_id, "ines holds it now"),)
    assert holders(any_staffed, alerts) == ["omar", "ines", "omar"]
