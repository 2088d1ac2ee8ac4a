"""The register of parties: frozen before a run, added to at its end, the same in any order."""

from __future__ import annotations

import gc
import random
import resource
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, event, select

from riskprofile import __version__
from riskprofile.errors import StoreError
from riskprofile.history import Lookup, finding, forms, learning, piles, view
from riskprofile.history.finding import Words
from riskprofile.history.learning import Asked, Parts
from riskprofile.history.register import Found
from riskprofile.profiles import SHIPMENT
from riskprofile.reference.registers import REGISTERS
from riskprofile.services import parties as registers_at_work
from riskprofile.services import rater as raters
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.parties import Heard, Kin, Register
from riskprofile.services.past import Folder
from riskprofile.services.rater import Rows
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.workers import Opened, Task, work_on_cluster
from riskprofile.store import parties
from riskprofile.store.database import Store
from riskprofile.store.run_tables import PartyBlock, PartyForm
from riskprofile.store.spool import Spool
from tests import factory
from tests.services.bench import NOW, later, until_it_waits

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

    def joined(some: list[tuple[str, str]], held: parties.Blocks) -> list[Found | None]:
        return parties.join(connection, finding.words(some), held)

    with any_store.read() as connection:
        each = [joined([form], held) for form in [*asked.values()] * 2]
        anew = joined([*asked.values()], parties.Blocks(NOW))
        early = joined([*asked.values()], parties.Blocks(NOW - timedelta(days=1)))
        monkeypatch.setattr(parties, "AT_ONCE", 3)
        parts = joined([*asked.values()], parties.Blocks(NOW))
        monkeypatch.setattr(parties, "READ", 2)
        few = joined([*asked.values()], parties.Blocks(NOW))
    assert few == parts
    assert [one for (one,) in each] == anew * 2
    assert parts == anew
    assert any(anew) and not all(anew)
    assert not any(early)


@pytest.mark.parametrize("held", [1, 6, 20])
def test_blocks_that_are_let_go_are_read_again_where_they_are_asked_for(
    store: Store, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    """Also with others that come then: a portion asks for some of before, of late and new ones."""
    monkeypatch.setattr(parties, "HELD", held)
    given = ["Marandor", "Selban", "Ulorin", "Dekavor", "Kastelno", "Vintrask", "Pelomir"]
    registered(store, [f"{one} {other} Ltd" for one in given for other in given])
    slips = [f"{one}r {other} Ltd" for one in given for other in given]
    table = factory.shipments(len(slips), consignee_id=None, consignee_name=slips)
    asked = [*forms(table, SHIPMENT.keys).values()]
    random.Random(7).shuffle(asked)
    with store.read() as connection:
        anew = parties.join(connection, finding.words(asked), parties.Blocks(NOW))
        blocks, few = parties.Blocks(NOW), list[Found | None]()
        for at in range(0, len(asked), 2):
            few += parties.join(connection, finding.words(asked[at : at + 2]), blocks)
    assert few == anew
    assert any(anew)


def test_of_a_block_only_those_are_read_that_may_be_alike(any_store: Store) -> None:
    """A register of years holds a hundred forms in a block, and a run asks for thousands."""
    first = [f"{number} {FIRST}" for number in range(9)]
    table = factory.shipments(
        9,
        consignee_id=None,
        consignee_name=first,
        consignee_address=[f"12 Harbour Road, {4021 + number} Nolunbury" for number in range(9)],
    )
    with any_store.write() as connection:
        asked = Asked.of(forms(table, SHIPMENT.keys))
        parties.add(any_store, connection, Asked.together([asked]), NOW)
    sought = [
        ("party", "7 marandor selbann trading"),
        ("address", "12 4023 harbourr nolunbury road"),
        ("address", "12 harbour nolunbury road"),
    ]
    for form, read in zip(sought, (1, 1, 9), strict=True):
        held = parties.Blocks(NOW)
        with any_store.read() as connection:
            [found] = parties.join(connection, finding.words([form]), held)
            at_hand = held.of(connection, np.zeros(0, np.int64))
        assert found is not None
        assert [len(known.texts) for known in at_hand] == [read]


def test_a_form_whose_blocks_differ_in_nothing_but_their_last_bits_is_taken_in(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "ANY", (1 << 62) - 1)
    assert registered(any_store, [FIRST, STRANGER, "Kastelno"]) == 0
    assert len(stored(any_store)) == 3 + len(
        forms(factory.shipments(1, consignee_name=None), SHIPMENT.keys)
    )


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


def test_a_register_asked_for_few_forms_keeps_its_connection_until_the_run_is_rated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To open one takes longer than to ask; for many forms it would hold much of the database."""
    url = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    Store.open(url).close()
    one, opened = Register(url, NOW), list[object]()
    told: list[int] = []
    names = (f"{word} Dekavor" for word in ("Ulorin", "Selban", "Kastelno", "Maran", "Vidar"))

    def ask() -> None:
        one(factory.shipments(1, consignee_id=None, consignee_name=next(names)), SHIPMENT.keys)
        told.append(len(opened))

    def count(*connection: object) -> None:
        opened.append(connection)

    event.listen(Engine, "connect", count)
    try:
        ask()
        ask()
        one.forget()
        ask()
        monkeypatch.setattr(registers_at_work, "FEW", 0)
        ask()
        ask()
    finally:
        event.remove(Engine, "connect", count)
    first = told[0]
    assert told == [first, first, first + 1, first + 1, first + 2]


def test_a_database_is_opened_once_for_all_registers_of_a_thread(tmp_path: Path) -> None:
    """What it made of its statements for one run of an inbox serves the next."""
    url = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    store = Register(url, NOW).store
    assert Register(url, later(hours=1)).store is store
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer release"):
        _ = Register(url, later(hours=2)).store


@pytest.fixture
def connected() -> Iterator[set[object]]:
    """The connections of this process to whatever database."""
    held = set[object]()

    def opened(connection: object, _record: object) -> None:
        held.add(connection)

    def closed(connection: object, _record: object) -> None:
        held.discard(connection)

    event.listen(Engine, "connect", opened)
    event.listen(Engine, "close", closed)
    yield held
    event.remove(Engine, "connect", opened)
    event.remove(Engine, "close", closed)


def test_a_register_that_is_closed_leaves_what_another_thread_reads_with(
    tmp_path: Path, connected: set[object]
) -> None:
    """As where two files are handed over at once: its connection goes back all the same."""
    url = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    here, there = Register(url, NOW), Register(url, NOW)
    with ThreadPoolExecutor(1) as other, here.store.read():
        other.submit(lambda: there.store).result()
        there.close()
    here.close()
    assert connected == set()


@pytest.mark.parametrize("way", ["ended", "history", "cut short", "resumed"])
def test_a_run_that_is_over_leaves_no_connection_with_its_rater(
    tmp_path: Path, connected: set[object], way: str
) -> None:
    """Raters are kept in memory, and a page server or a watcher of an inbox lives for months."""
    names = [FIRST, STRANGER, "Kastelno", "Vidar"]
    goods = factory.shipments(4, consignee_id=None, consignee_name=names)
    sent = factory.write(tmp_path / "day.csv", goods)
    home = settings.load({}, home=tmp_path / "home")
    met = set[object]()

    def meet(name: str, rows: int) -> None:
        met.update(connected)
        if way in ("cut short", "resumed"):
            raise OSError("the terminal is gone")

    options = Options(chunk_rows=2, history=way == "history", resume=True)
    with closing(settings.open_store(home)) as store:
        with suppress(OSError):
            screen(store, home, OWNER, [sent], options, NOW, progress=meet)
        if way == "resumed":
            screen(store, home, OWNER, [sent], options, later(hours=1))
    assert len(met) > 1
    assert not connected


def test_a_worker_that_waits_for_a_task_has_no_connection(
    tmp_path: Path, connected: set[object]
) -> None:
    """One of a cluster may wait for days, and its database lets only so many connect."""
    home = settings.load({}, home=tmp_path / "home")
    settings.open_store(home).close()
    at = (home.database_url, home.models, "shipment", NOW)
    card = raters.rater(*at).scorecard
    of = Opened(*at, Folder(tmp_path / "history"), card.version, card.digest)
    goods = factory.shipments(1, consignee_id=None, consignee_name=STRANGER)
    _, _, asked = work_on_cluster(Task(of, Rows(goods)), __version__)
    assert asked.sought.all()
    assert not connected


def test_rows_that_come_one_by_one_leave_nothing_behind_for_the_end_of_a_run(
    tmp_path: Path,
) -> None:
    """Who rates single declarations never asks for it, and goes on for days."""
    url = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    Store.open(url).close()
    one = Register(url, NOW)

    def alive() -> int:
        gc.collect()
        return sum(isinstance(made, Asked | Words) for made in gc.get_objects())

    before = alive()
    for number in range(12):
        name = f"Ulorin{'abcdefghijkl'[number]} Dekavor"
        one(factory.shipments(1, consignee_id=None, consignee_name=name), SHIPMENT.keys)
    assert alive() - before <= 2


def test_blocks_that_come_one_by_one_are_not_put_in_order_all_over_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{one}or{two}an {two}el{one}on" for one, two in product("bdgklmnrst", repeat=2)]
    registered(store, names)
    rows = factory.shipments(len(names), consignee_id=None, consignee_name=names)
    asked = [*forms(rows, SHIPMENT.keys).values()]
    moved: list[int] = []
    both = finding.Known.and_also

    def count(self: finding.Known, other: finding.Known) -> finding.Known:
        made = both(self, other)
        moved.append(len(made.texts))
        return made

    monkeypatch.setattr(finding.Known, "and_also", count)
    held = parties.Blocks(NOW)
    with store.read() as connection:
        for form in asked:
            parties.join(connection, finding.words([form]), held)
    assert moved and sum(moved) < len(asked) * len(asked) // 4


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


def test_what_nothing_is_alike_to_is_looked_for_once_whatever_comes_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for what is older than all that is at hand; what is said of it stays the same."""
    url = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    store = Store.open(url)
    registered(store, [FIRST], NOW)
    store.close()
    monkeypatch.setattr(registers_at_work, "REMEMBERED", 1)
    monkeypatch.setattr(registers_at_work, "FEW", 0)
    looked_for, join = list[str](), parties.join

    def noted(connection: Connection, words: Words, held: parties.Blocks) -> list[Found | None]:
        looked_for.extend(words.texts)
        return join(connection, words, held)

    monkeypatch.setattr(parties, "join", noted)
    register = Register(url, NOW)

    def stand_for_others(names: list[str]) -> list[int]:
        rows = [factory.shipments(1, consignee_id=None, consignee_name=one) for one in names]
        told = [register.asked(one, SHIPMENT.keys).blocked() for one in rows]
        return [int((one.keys != one.entities).sum()) for one in told]

    names = [STRANGER, SLIP, "Kastelno Birevan", "Osmarel Tikano"]
    assert stand_for_others(names) == [0, 1, 0, 0]
    assert len(looked_for) == len({*looked_for})
    del looked_for[:]
    assert stand_for_others(names) == [0, 1, 0, 0]
    assert looked_for == ["marandor selbann trading"]
    monkeypatch.setattr(parties, "MOST", 1)
    assert stand_for_others(["Levaro Dunek", *names]) == [0, 0, 1, 0, 0]
    assert "dekavor ulorin" in looked_for
    register.forget()
    monkeypatch.undo()
    assert stand_for_others(names) == [0, 1, 0, 0]


def test_a_crowded_block_is_not_searched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(store, [FIRST])
    monkeypatch.setattr(parties, "CROWDED", 0)
    assert registered(store, [SLIP], later(days=1)) == 0


def test_a_block_is_crowded_by_what_stood_there_when_the_run_began(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parties, "CROWDED", 1)
    registered(any_store, [FIRST])
    registered(any_store, ["Selban Marandor Export", "Marandor Selban 7"], later(days=1))
    asked = forms(factory.shipments(1, consignee_id=None, consignee_name=SLIP), SHIPMENT.keys)
    words = finding.words(asked.values())
    with any_store.read() as connection:
        (then,) = parties.join(connection, words, parties.Blocks(NOW))
        (now,) = parties.join(connection, words, parties.Blocks(later(days=1)))
    assert then is not None and then.form == "marandor selban trading"
    assert now is None


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


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_what_is_seen_again_while_it_is_to_be_forgotten_is_found_by_its_slip(
    any_store: Store,
) -> None:
    """A run that ends on another host has it: the text would stay, and its places be gone."""
    registered(any_store, [FIRST])

    def forget() -> int:
        with any_store.write() as connection:
            return parties.forget(connection, later(days=9))

    again = factory.shipments(1, consignee_id=None, consignee_name=FIRST)
    with ThreadPoolExecutor(1) as beside:
        with any_store.write() as connection:
            asked = Asked.together([Asked.of(forms(again, SHIPMENT.keys))])
            parties.add(any_store, connection, asked, later(days=10))
            forgotten = beside.submit(forget)
            until_it_waits(any_store, forgotten)
        assert forgotten.result() == 0
    assert registered(any_store, [SLIP], later(days=11)) == 1


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


GIVEN = ("Marandor", "Selban", "Ulorin", "Dekavor", "Tarvesk")
SLIPS = ("Marandorr", "Selbann", "Ulorinn", "Dekavorr", "Mrndr")
FIRMS = [" ".join(names) for names in product((*GIVEN, *SLIPS), GIVEN, ("Trading", "Kastelno"))]


def tables(store: Store) -> list[list[tuple[object, ...]]]:
    """All forms and blocks, in the order of their keys."""
    with store.read() as connection:
        return [
            sorted(map(tuple, connection.execute(select(*table.__table__.columns)).all()))
            for table in (PartyForm, PartyBlock)
        ]


def run_of(store: Store, names: list[str], spool: Spool, chunk: int = 20) -> Heard:
    """What the register as of a day later said of these names, by chunk."""
    heard, register = Heard(spool), Register(f"sqlite:///{store.where}", later(days=1))
    for start in range(0, len(names), chunk):
        some = names[start : start + chunk]
        rows = factory.shipments(len(some), consignee_id=None, consignee_name=some)
        heard[start] = heard.put(register.asked(rows, SHIPMENT.keys))
    return heard


def learnt(store: Store, parts: Asked | Parts, kin: Kin | None = None) -> int:
    with store.write() as connection:
        work = None if kin is None else kin.work
        return parties.add(store, connection, parts, later(days=2), later(days=1), work)


def sides(store: Store) -> set[frozenset[str]]:
    """Which forms are one party."""
    held: dict[str, set[str]] = {}
    for form, entity in stored(store).items():
        held.setdefault(entity, set()).add(form)
    return {frozenset(one) for one in held.values()}


@pytest.mark.parametrize("turned", [False, True], ids=["as begun", "turned"])
def test_of_runs_that_overlap_the_register_holds_what_it_would_had_they_followed_as_they_ended(
    tmp_path: Path, turned: bool
) -> None:
    """The one in the middle is alike to both beside it, which are not alike to each other: where it
    stands first all three are one party, and where they do it goes to the liker of them.
    """
    runs = [["Marandor Selbano"], ["Marandor Selban", "Marandor Selbanot"]]
    overlap, follow = (Store.open(f"sqlite:///{tmp_path / name}.db") for name in ("both", "each"))
    with closing(overlap), closing(follow), Spool() as spool:
        begun = [run_of(overlap, names, spool) for names in runs]
        for place in (1, 0) if turned else (0, 1):
            learnt(overlap, begun[place].together([*begun[place]]))
            registered(follow, runs[place], later(days=2))
        assert tables(overlap) == tables(follow)
        named = {one for one in sides(overlap) if any("marandor" in form for form in one)}
    alone, middle, other = (
        frozenset({f"marandor {one}"}) for one in ("selban", "selbano", "selbanot")
    )
    assert named == ({alone, middle | other} if turned else {alone | middle | other})


def tiny(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """So few forms at once that a run of some has many parts and piles."""
    monkeypatch.setattr(piles, "PUT_AT_ONCE", size)
    for name in ("AT_ONCE", "PART", "PILE"):
        monkeypatch.setattr(learning, name, size)
    monkeypatch.setattr(parties, "PILE", size)


@pytest.mark.parametrize("changed", [False, True], ids=["as it was", "changed meanwhile"])
@pytest.mark.parametrize(("size", "crowded"), [(1, 200), (7, 200), (30, 4)])
def test_a_run_is_learnt_by_parts_as_at_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, crowded: int,
    changed: bool,
) -> None:  # fmt: skip
    """Names known before, forgotten, new, alike to known ones and to new ones, in many chunks."""
    monkeypatch.setattr(parties, "CROWDED", crowded)
    monkeypatch.setattr(registers_at_work, "REMEMBERED", 40)  # so some blocks are lost
    named = random.Random(size).choices(FIRMS, k=120)
    registered(store, FIRMS[:30:3])
    registered(store, FIRMS[1:40:7], NOW - timedelta(days=9))
    with store.write() as connection:
        assert parties.forget(connection, NOW - timedelta(days=9))
    with Spool() as spool:
        heard = run_of(store, named, spool)
        if changed:
            registered(store, FIRMS[2:40:5], later(days=1, hours=1))
        store.close()  # all of it is in the file
        shutil.copy(tmp_path / "riskprofile.db", tmp_path / "other.db")
        whole = heard.together([*heard])
        assert whole.sought > 20 and len([*whole]) == 1
        joined = learnt(store, Asked.concat(whole), Kin(Asked.concat(whole.unknown())))
        tiny(monkeypatch, size)
        other = Store.open(f"sqlite:///{tmp_path / 'other.db'}")
        parts = heard.together([*reversed(heard)])
        assert len([*parts]) > 3 and len(parts) == len(whole)
        assert learnt(other, parts) == joined > 0
        assert tables(other) == tables(store)
        other.close()


def test_a_disk_that_takes_no_more_ends_what_is_learnt_and_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny(monkeypatch, 7)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Spool() as spool:
        heard = run_of(store, FIRMS, spool)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, limit[1]))
        try:
            with pytest.raises(StoreError, match=r"may become so large here\. Raise.*--resume"):
                heard.together([*heard])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert tables(store) == [[], []]


def test_with_workers_more_forms_than_travel_are_learnt_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registers_at_work, "TRAVEL", 0)
    day = tmp_path / "day.csv"
    rows = factory.shipments(60, consignee_id=None, consignee_name=FIRMS[:60])
    rows.to_csv(day, index=False)
    told = []
    for workers in (1, 2):
        home = settings.load({}, home=tmp_path / f"home{workers}")
        store = settings.open_store(home)
        screen(store, home, OWNER, [day], Options(workers=workers), NOW)
        told.append([[row[:4] for row in table] for table in tables(store)])  # not the times
        store.close()
    assert told[0] == told[1] and all(told[0])
    assert any(key != entity for key, _, _, entity in told[0][0])
