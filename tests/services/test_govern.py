"""What governs an installation: its profiles, its batches, what pages say, the chain."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, text

from riskprofile.errors import PolicyError, RiskProfileError
from riskprofile.services import govern, ledger, quarantine, review, settings, switching
from riskprofile.services.identity import OWNER, Actor
from riskprofile.store import switches
from riskprofile.store.run_tables import Batch, Quarantined
from tests.services.bench import INES, NOW, REASON, SARA, later, put

OPERATOR = Actor("otto", "operator")


def test_after_init_goods_are_on_and_travellers_off(store):
    assert govern.profile_on(store, "shipment")
    assert not govern.profile_on(store, "traveller")
    with pytest.raises(PolicyError, match="legal basis") as caught:
        govern.require_profile(store, "traveller")
    assert caught.value.exit_code == 7 and "profiles enable traveller" in caught.value.do


def test_a_profile_is_switched_on_for_a_stated_basis_and_off_again(store):
    for basis, assessment in (("", "DPIA-1"), ("Act 7", " ")):
        with pytest.raises(PolicyError):
            govern.enable_profile(store, OWNER, "traveller", basis, assessment, NOW)
    govern.enable_profile(store, OWNER, "traveller", "Act 7", "DPIA-1", NOW)
    govern.require_profile(store, "traveller")
    assert govern.switched(store, "traveller") == govern.Switched(True, "Act 7", "DPIA-1")
    govern.disable_profile(store, OWNER, "traveller", NOW)
    assert not govern.profile_on(store, "traveller")
    with pytest.raises(RiskProfileError, match="no profile"):
        govern.enable_profile(store, OWNER, "vessel", "Act 7", "DPIA-1", NOW)


def test_the_environment_can_state_the_basis_but_not_undo_a_switch(store, tmp_path):
    told = {"RISKPROFILE_TRAVELLER_BASIS": "Act 7", "RISKPROFILE_TRAVELLER_ASSESSMENT": "DPIA-1"}
    given = settings.load(told, home=tmp_path)
    assert govern.switched(store, "traveller", given) == govern.Switched(True, "Act 7", "DPIA-1")
    half = settings.load({"RISKPROFILE_TRAVELLER_BASIS": "Act 7"}, home=tmp_path)
    assert not govern.profile_on(store, "traveller", half)
    govern.disable_profile(store, OWNER, "traveller", NOW)
    assert not govern.profile_on(store, "traveller", given)


def test_the_status_says_what_stands_on_every_page(any_store):
    put(any_store)
    found = govern.status(any_store, INES)
    assert (found.office_name, found.zone, found.demo, found.paused) == (
        "Port Meridia",
        "Europe/Paris",
        False,
        None,
    )
    assert found.scorecards == (govern.Serving("shipment", "2026.11.1", "7f3c91ae"),)
    assert (found.data_at, found.profiles) == (NOW, ("shipment",))
    with any_store.write() as connection:
        switches.put(connection, govern.DEMO, True)
    switching.pause(any_store, OWNER, "drill", NOW)
    found = govern.status(any_store, OPERATOR)
    assert (found.demo, found.paused) == (True, switching.Paused(NOW, OWNER.name, "drill"))
    assert (found.office_name, found.zone) == ("", "UTC")


def test_alerts_of_a_profile_that_was_switched_off_stay_at_work_while_they_are_open(any_store):
    govern.enable_profile(any_store, OWNER, "traveller", "Act 7", "DPIA-1", NOW)
    [alert] = put(any_store, record_id="T-1", profile="traveller")
    govern.disable_profile(any_store, OWNER, "traveller", NOW)
    found = govern.status(any_store, INES)
    assert (found.profiles, found.worked) == (("shipment",), ("shipment", "traveller"))
    review.alert(any_store, INES, alert, NOW, purpose="control at the gate")
    review.claim(any_store, INES, alert, NOW)
    review.decide(any_store, INES, alert, "examine", REASON, NOW)
    review.record_outcome(any_store, INES, alert, "nothing", NOW, methods=["opened"])
    assert govern.status(any_store, INES).worked == ("shipment",)


def test_a_profile_that_the_environment_switches_on_stands_on_the_pages(store, tmp_path):
    told = {"RISKPROFILE_TRAVELLER_BASIS": "Act 7", "RISKPROFILE_TRAVELLER_ASSESSMENT": "DPIA-1"}
    given = settings.load(told, home=tmp_path)
    found = govern.status(store, INES, given)
    assert found.profiles == found.worked == ("shipment", "traveller")


def test_batches_are_listed_with_their_account(store):
    [found] = govern.batches(store, OPERATOR)
    assert (found.id, found.source, found.adds_up) == ("b1", "day.csv", True)
    with store.write() as connection:
        connection.execute(text("UPDATE batch SET read = 10, accepted = 8, duplicate = 1"))
    assert not govern.batches(store, OPERATOR)[0].adds_up


def test_of_more_batches_than_are_listed_those_with_work_left_are_and_all_are_counted(
    store, monkeypatch
):
    monkeypatch.setattr(govern, "NEWEST", 2)
    counted = {"read": 10, "accepted": 9, "quarantined": 1, "duplicate": 0, "alerts": 2}
    table = Batch.__table__
    with store.write() as connection:
        one = dict(connection.execute(select(table)).mappings().one())
        for number, state in enumerate(("stopped", "done", "running", "done", "done")):
            given = {"id": f"n{number}", "state": state, "started_at": later(days=1, hours=number)}
            connection.execute(insert(table).values({**one, **counted, **given}))
    assert [one.id for one in govern.batches(store, OPERATOR)] == ["n4", "n3", "n2", "n0"]
    told = ledger.account(store, OPERATOR, later(days=1, hours=1))
    assert (told.read, told.accepted, told.quarantined, told.alerts) == (40, 36, 4, 8)
    assert told.wrong == 0
    assert ledger.account(store, OPERATOR, None).read == 50 + one["read"]
    assert ledger.account(store, OPERATOR, later(days=9)).read == 0


def test_the_quarantine_is_shown_in_order_and_the_look_is_in_the_chain(store):
    row = {"batch_id": "b1", "source": "day.csv", "reason_code": "bad_number", "state": "waiting"}
    with store.write() as connection:
        for line in (3, 9):
            values = {**row, "line": line, "reason": "no number", "raw": "x;1e309"}
            connection.execute(insert(Quarantined).values(**values))
    found = quarantine.find(store, OPERATOR, quarantine.Filter("b1"), NOW)
    assert [one.line for one in found] == [3, 9]
    with store.read() as connection:
        last = connection.execute(
            text("SELECT action, subject FROM audit ORDER BY sequence DESC LIMIT 1")
        ).one()
    assert tuple(last) == ("quarantine.look", "batch:b1")
    assert quarantine.find(store, OPERATOR, quarantine.Filter("none"), NOW) == []


def test_the_chain_of_a_whole_day_verifies(store):
    switching.pause(store, SARA, "drill", NOW)
    switching.resume(store, SARA, NOW)
    verdict = govern.verify_audit(store, OWNER)
    assert verdict.ok and verdict.records == verdict.head.sequence == 2


def test_a_switch_that_was_never_set_has_its_default(store):
    with store.write() as connection:
        assert switches.get(connection, "x", 5) == 5
        switches.put(connection, "x", {"a": [1, None]})
        switches.put(connection, "x", False)
        assert switches.get(connection, "x", 5) is False
        switches.put(connection, "x", None)
        assert switches.get(connection, "x", 5) == 5
