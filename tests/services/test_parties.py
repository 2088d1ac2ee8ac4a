"""The register of parties: frozen before a run, added to at its end, the same in any order."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from riskprofile.history import Lookup, forms, view
from riskprofile.history.learning import Asked
from riskprofile.profiles import SHIPMENT
from riskprofile.reference.registers import REGISTERS
from riskprofile.services import parties as registers_at_work
from riskprofile.services import rater as raters
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.parties import Register
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store import parties
from riskprofile.store.database import Store
from riskprofile.store.tables import PartyForm
from tests import factory
from tests.services.bench import NOW, later

FIRST, SLIP, STRANGER = "Marandor Selban Trading Ltd", "MARANDOR SELBANN TRADING", "Ulorin Dekavor"


def registered(store: Store, names: list[str], now: datetime = NOW) -> int:
    table = factory.shipments(len(names), consignee_id=None, consignee_name=names)
    with store.write() as connection:
        return parties.add(
            store, connection, Asked.together([Asked.of(forms(table, SHIPMENT.keys))]), now
        )


def stored(store: Store) -> dict[str, int]:
    with store.read() as connection:
        rows = connection.execute(select(PartyForm.form, PartyForm.entity, PartyForm.key)).all()
    named = {row.key: row.form for row in rows}
    return {row.form: named[row.entity] for row in rows}


def test_a_slip_joins_the_form_that_was_there_before(any_store: Store) -> None:
    assert registered(any_store, [FIRST, STRANGER]) == 0
    assert registered(any_store, [SLIP, FIRST], later(days=1)) == 1
    found = stored(any_store)
    assert found["marandor selbann trading"] == found["marandor selban trading"]
    assert found["dekavor ulorin"] == "dekavor ulorin"
    assert registered(any_store, [SLIP, FIRST, STRANGER], later(days=2)) == 0


def test_the_order_of_rows_does_not_matter(any_store: Store) -> None:
    registered(any_store, [SLIP, STRANGER, FIRST])
    assert stored(any_store)["marandor selbann trading"] == "marandor selban trading"


def test_a_join_never_makes_a_chain(store: Store) -> None:
    """Each looks like the one before; only forms that stand for themselves are joined."""
    registered(store, ["Marandor Selbanik"])
    registered(store, ["Marandor Selbanika"], later(days=1))
    registered(store, ["Marandor Selbanikas Oy"], later(days=2))
    found = stored(store)
    assert set(found.values()) <= {one for one, entity in found.items() if one == entity}


def test_blocks_that_are_at_hand_answer_as_those_read_anew(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parties, "CROWDED", 3)
    monkeypatch.setattr(parties, "HELD", 6)
    given = ["Marandor", "Selban", "Ulorin", "Dekavor"]
    registered(any_store, [f"{one} {other} Ltd" for one in given for other in given])
    slips = [f"{one}r {other} Ltd" for one in given for other in [*given, "Kastelno"]]
    asked = forms(factory.shipments(20, consignee_id=None, consignee_name=slips), SHIPMENT.keys)
    held = parties.Blocks(NOW)
    with any_store.read() as connection:
        each = [parties.join(connection, {key: form}, held) for key, form in asked.items()]
        each += [parties.join(connection, {key: form}, held) for key, form in asked.items()]
        anew = parties.join(connection, asked, parties.Blocks(NOW))
        early = parties.join(connection, asked, parties.Blocks(NOW - timedelta(days=1)))
    assert all(one == anew[key] for told in each for key, one in told.items())
    assert any(anew.values()) and not all(anew.values())
    assert not any(early.values())


def test_the_register_is_frozen_as_of_the_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    store = Store.open(url)
    registered(store, [FIRST], NOW)
    table = factory.shipments(1, consignee_id=None, consignee_name=SLIP)
    keys = view(table, SHIPMENT)["consignee_key"].to_numpy("int64")
    known = view(factory.shipments(1, consignee_id=None, consignee_name=FIRST), SHIPMENT)
    before = Register(url, NOW - timedelta(seconds=1))(table, SHIPMENT.keys)
    after = Register(url, NOW)(table, SHIPMENT.keys)
    assert before(keys).tolist() == keys.tolist()
    assert after(keys).tolist() == known["consignee_key"].tolist()
    registered(store, [SLIP, "Marandor Selbanns Trading"], later(days=1))
    assert Register(url, NOW)(table, SHIPMENT.keys)(keys).tolist() == after(keys).tolist()
    store.close()


def test_what_is_forgotten_is_looked_for_again_and_said_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what was said of late half is kept: an answer never depends on what came before."""
    url = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    store = Store.open(url)
    registered(store, [FIRST], NOW)
    store.close()
    table = factory.shipments(3, consignee_id=None, consignee_name=[SLIP, STRANGER, FIRST])
    first, whole = Register(url, NOW), Register(url, NOW).asked(table, SHIPMENT.keys)
    monkeypatch.setattr(registers_at_work, "REMEMBERED", 2)
    for rows in (table, table.iloc[:1], table.iloc[1:], table):
        first(rows, SHIPMENT.keys)
    told = first.asked(table, SHIPMENT.keys).blocked()
    for name in ("keys", "entities", "sizes"):
        assert sorted(getattr(told, name).tolist()) == sorted(getattr(whole, name).tolist())
    assert first(table, SHIPMENT.keys)(whole.keys).tolist() == whole.entities.tolist()


def test_a_crowded_block_is_not_searched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(store, [FIRST])
    monkeypatch.setattr(parties, "CROWDED", 0)
    assert registered(store, [SLIP], later(days=1)) == 0


def test_what_was_not_seen_for_long_loses_its_text_and_comes_back(any_store: Store) -> None:
    registered(any_store, [FIRST, STRANGER])
    registered(any_store, [FIRST], later(days=10))
    with any_store.write() as connection:
        assert parties.forget(connection, later(days=9)) == 1
        assert parties.forget(connection, later(days=9)) == 0
    found = stored(any_store)
    assert "marandor selban trading" in found and "dekavor ulorin" not in found
    assert registered(any_store, ["Ulorin Dekavorr"], later(days=11)) == 0  # cannot be compared
    registered(any_store, [STRANGER], later(days=12))
    assert stored(any_store)["dekavor ulorin"] == "dekavor ulorin"
    assert registered(any_store, ["Ulorinn Dekavor"], later(days=13)) == 1


@pytest.mark.parametrize("second", [FIRST, SLIP, "ООО «Марандор Селбан Трейдинг»".replace(
    "Трейдинг", "Торговля")])  # fmt: skip
def test_one_trader_written_differently_has_one_past(tmp_path: Path, second: str) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    days = [pd.Timestamp(NOW) - pd.Timedelta(days=n) for n in range(200, 190, -1)]
    for number, (name, times) in enumerate([(FIRST, days[:5]), (second, days[5:])]):
        past = tmp_path / f"past{number}.csv"
        factory.shipments(
            5,
            declaration_id=[f"P{number}{n}" for n in range(5)],
            lodged_at=times,
            consignee_id=None,
            consignee_name=name,
        ).to_csv(past, index=False)
        screen(store, home, OWNER, [past], Options(history=True), later(minutes=number - 9))
    today = factory.shipments(1, lodged_at=pd.Timestamp(NOW), consignee_id=None,
                              consignee_name=second)  # fmt: skip
    log, _ = raters.rater(home.database_url, home.models, "shipment", NOW).rate(today)
    store.close()
    assert log["consignee_age"].tolist() == [200.0]  # since the first day of the other spelling


def test_a_register_beside_finds_the_party_in_the_spelling_that_stands_for_it(
    tmp_path: Path,
) -> None:
    """A company listed under a slip is still found by rows of the spelling known first."""
    url = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    store = Store.open(url)
    registered(store, [FIRST])
    store.close()
    spec = REGISTERS["parties"]
    firms = pd.DataFrame(
        {one.name: pd.Series([SLIP if one.name == "name" else None], dtype=one.dtype)
         for one in spec.columns}
    )  # fmt: skip
    rows = view(factory.shipments(1, consignee_id=None, consignee_name=FIRST), SHIPMENT)
    before = pd.Timestamp(NOW)
    alone = Lookup({"parties": firms}, before)
    beside = Lookup({"parties": firms}, before, Register(url, NOW))
    asked = ["consignee_name_key"]
    assert alone.entry("parties", rows, asked)["found"].tolist() == [0.0]
    assert beside.entry("parties", rows, asked)["found"].tolist() == [1.0]
