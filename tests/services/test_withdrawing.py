"""What a message withdraws: by naming it in part or whole, and by not naming it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import event, text

from riskprofile.services import govern, quarantine, retention
from riskprofile.services.identity import OWNER
from riskprofile.services.ingest import Ingest
from riskprofile.services.run import Options, Run
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from riskprofile.store.table_bytes import from_bytes
from riskprofile.tables import Table
from tests import factory
from tests.intake.helpers import FIXTURES
from tests.intake.test_whole_cancellations import cancelled
from tests.services.bench import EITHER

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(bare: Store) -> Store:
    """Travellers are rated too."""
    govern.enable_profile(bare, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    return bare


def said(hour: int, function: str | None = None, **more: Any) -> str:
    told = {"message_at": f"2026-11-23T{hour:02d}:00:00Z", **more}
    return json.dumps(told | ({"message_function": function} if function else {}))


def send(store: Store, home: Settings, table: Table, at: int = 0, **options: Any) -> Run:
    """Rate a table as a file of its own; the account adds up."""
    path = home.home / f"sent{at:02d}.csv"
    home.home.mkdir(exist_ok=True)
    factory.write(path, table)
    run = screen(store, home, OWNER, [path], Options(**options), NOW.replace(minute=at))
    told = run.summary
    assert told.read == told.accepted + told.quarantined + told.duplicate == len(table)
    return run


def counting(store: Store) -> list[tuple[str, int]]:
    """What counts now, of every declaration its name and item."""
    asked = (
        "SELECT record_id, item FROM record WHERE state = 'accepted' AND folded_by IS NULL"
        " ORDER BY 1, 2"
    )
    with store.read() as connection:
        return [(row[0].partition("@")[0], row[1]) for row in connection.execute(text(asked))]


def withdrawal(hour: int = 9, **columns: Any) -> Table:
    """A cancellation that names a declaration, and has no goods."""
    bare = dict.fromkeys(factory.SHIPMENT_DEFAULTS)
    given = {"declaration_id": "XM-000000", "extra": said(hour, "cancel")}
    return factory.shipments(1, **{**bare, **given, **columns})


ARMS = "pistol slides and barrels"


@EITHER
def test_a_cancellation_without_goods_withdraws_the_one_declaration_that_it_names(
    store: Store, home: Settings
) -> None:
    items = factory.shipments(
        3, declaration_id=["A/1", "A/1", "B"], item_number=[1, 2, 1], extra=said(8)
    ).assign(goods_description=ARMS)
    send(store, home, items)
    run = send(store, home, withdrawal(declaration_id="A/1"), 1)
    assert (run.summary.accepted, run.summary.quarantined) == (1, 0)
    assert counting(store) == [("B", 1)]
    with store.read() as connection:
        marked = connection.execute(
            text("SELECT record_id, state FROM alert WHERE withdrawn_at IS NOT NULL")
        ).all()
    assert [(row[0].partition("@")[0], row[1]) for row in marked] == [("A/1", "open")]
    again = withdrawal(declaration_id="A/1", extra=said(10, "cancel"))
    assert send(store, home, again, 2).summary.duplicate == 1


@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_it_finds_what_the_same_file_declares(
    store: Store, home: Settings, chunk_rows: int
) -> None:
    both = factory.shipments(2, extra=said(8))
    cancelled = withdrawal(declaration_id="XM-000001")
    table = pd.concat([both, cancelled], ignore_index=True)
    run = send(store, home, table, chunk_rows=chunk_rows)
    assert run.summary.accepted == 3
    assert counting(store) == [("XM-000000", 1)]


def test_one_that_fits_none_or_several_is_set_aside_by_name_and_can_be_repaired(
    store: Store, home: Settings
) -> None:
    offices = factory.shipments(2, declaration_id="XM-000000", extra=said(8))
    offices["customs_office"] = ["XMPME", "XMPMF"]
    send(store, home, offices)
    run = send(store, home, withdrawal(), 1)
    assert [one.reason_code for one in run.rejected] == ["cancellation_ambiguous"]
    run = send(store, home, withdrawal(declaration_id="XM-9"), 2)
    assert [one.reason_code for one in run.rejected] == ["cancellation_unmatched"]
    assert len(counting(store)) == 2
    told = quarantine.repair(
        store,
        home,
        OWNER,
        {1: {"customs_office": "XMPMF"}},
        "asked the carrier which office",
        NOW.replace(minute=3),
    )
    assert told.repaired == [1]
    assert counting(store) == [("XM-000000", 1)]
    with store.read() as connection:
        left = connection.execute(
            text("SELECT record_id FROM record WHERE folded_by IS NULL")
        ).scalar_one()
    assert "@XMPME/" in left


def test_a_whole_key_that_is_not_known_yet_waits_for_its_declaration(
    store: Store, home: Settings
) -> None:
    whole = withdrawal(customs_office="XMPME", carrier="C1", lodged_at="2026-11-20T08:00:00Z")
    assert send(store, home, whole).summary.accepted == 1
    send(store, home, factory.shipments(1, carrier="C1", extra=said(8)), 1)
    assert counting(store) == []


@EITHER
def test_a_message_that_replaces_withdraws_the_items_that_it_lacks(
    store: Store, home: Settings
) -> None:
    items = factory.shipments(
        4,
        declaration_id=["XM-000000"] * 3 + ["OTHER"],
        item_number=[1, 2, 3, 1],
        goods_description=[ARMS, "chairs", "tables", "lamps"],
        extra=said(8),
    )
    send(store, home, items)
    shorter = items.iloc[[0, 2]].assign(extra=said(9, "replace"))
    run = send(store, home, shorter, 1, chunk_rows=1)
    assert (run.summary.accepted, run.summary.duplicate) == (0, 2)
    assert counting(store) == [("OTHER", 1), ("XM-000000", 1), ("XM-000000", 3)]
    late = items.iloc[[1]].assign(extra=said(7, "replace"))
    send(store, home, late, 2)  # older than what it would replace
    assert counting(store) == [("OTHER", 1), ("XM-000000", 1), ("XM-000000", 3)]
    between = late.assign(extra=said(8, "change"), goods_description="benches")
    send(store, home, between, 4)  # older than what took it out
    assert counting(store) == [("OTHER", 1), ("XM-000000", 1), ("XM-000000", 3)]
    send(store, home, shorter.assign(extra=said(11, "replace")), 5)  # it lacks it once more
    send(store, home, between.assign(extra=said(10, "change")), 6)
    assert counting(store) == [("OTHER", 1), ("XM-000000", 1), ("XM-000000", 3)]
    send(store, home, items.iloc[:3].assign(extra=said(12, "replace")), 7)
    assert counting(store)[1:] == [("XM-000000", 1), ("XM-000000", 2), ("XM-000000", 3)]


def test_what_a_later_chunk_declares_after_a_message_that_replaces_is_not_lacked(
    store: Store, home: Settings
) -> None:
    items = factory.shipments(3, declaration_id="XM-000000", item_number=[1, 2, 3])
    send(store, home, items)
    send(store, home, items.iloc[:2].assign(extra=[said(9, "replace"), None]), 1, chunk_rows=1)
    assert counting(store) == [("XM-000000", 1), ("XM-000000", 2)]


def test_of_a_list_that_comes_again_whole_each_declaration_is_not_asked_for_by_itself(
    store: Store, home: Settings
) -> None:
    """It may be of ten thousand, and nobody else writes meanwhile."""
    seen: list[str] = []

    def heard(connection: object, cursor: object, statement: str, *more: object) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", heard)
    asked: list[int] = []
    for at, many in enumerate((3, 60)):
        told = factory.shipments(many, declaration_id=[f"{at}-{n}" for n in range(many)])
        send(store, home, told.assign(extra=said(8)), 2 * at)
        before = len(seen)
        send(store, home, told.assign(extra=said(9, "replace")), 2 * at + 1)
        asked.append(len(seen) - before)
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    "fault",
    [{"hs_code": ["940370", "chairs"]}, {"declaration_id": ["XM-000000", None]}],
    ids=lambda one: next(iter(one)),
)
def test_an_item_that_could_not_be_read_is_not_withdrawn_for_its_absence(
    store: Store, home: Settings, fault: dict[str, list[str | None]]
) -> None:
    items = factory.shipments(3, declaration_id="XM-000000", item_number=[1, 2, 3], extra=said(8))
    send(store, home, items)
    broken = items.iloc[:2].assign(extra=said(9, "replace"), **fault)
    assert send(store, home, broken, 1, max_bad_share=1.0).summary.quarantined == 1
    assert counting(store) == [("XM-000000", 1), ("XM-000000", 2), ("XM-000000", 3)]


def crossings(hour: int, who: list[str], kind: str = "745", **more: Any) -> Table:
    return factory.travellers(
        len(who),
        crossing_id=[f"FN-1-20261124-{one}" for one in who],
        person_ref=who,
        party_ref="QWERTY",
        extra=said(hour, list=kind, **more),
    )


WHEELS_UP = {"message_scope": {"records": "FN-1-20261124-", "list": "745"}}


@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_a_list_of_all_on_board_withdraws_the_crossing_that_it_lacks(
    store: Store, home: Settings, chunk_rows: int
) -> None:
    send(store, home, crossings(6, ["ann", "ben", "cem"]))
    send(store, home, crossings(6, ["crew"], kind="250"), 1)
    other = crossings(6, ["dee"]).assign(crossing_id="FN-12-20261124-dee")
    send(store, home, other, 2)
    run = send(store, home, crossings(8, ["ann", "cem"], **WHEELS_UP), 3, chunk_rows=chunk_rows)
    assert run.summary.duplicate == 2
    assert [name.rpartition("-")[2] for name, _ in counting(store)] == [
        *("ann", "cem", "crew", "dee")
    ]
    send(store, home, crossings(9, ["ben"]), 4)
    assert len(counting(store)) == 5


@EITHER
def test_a_push_from_before_a_list_of_all_on_board_brings_back_nobody(
    store: Store, home: Settings
) -> None:
    """Whatever it says of who was known and is not on the list, and whenever it comes."""
    send(store, home, crossings(6, ["ann", "ben", "cem"]))
    send(store, home, crossings(8, ["ann", "cem"], **WHEELS_UP), 1)
    for at, (hour, bags) in enumerate([(7, 3), (6, 1), (7, 3)], 2):
        late = crossings(hour, ["ben"]).assign(checked_bags=bags)
        run = send(store, home, late, at, again=True)
        assert (run.summary.outdated, run.summary.alerts["total"]) == (run.summary.accepted, 0)
        assert [name.rpartition("-")[2] for name, _ in counting(store)] == ["ann", "cem"]
    send(store, home, crossings(9, ["ben"]).assign(checked_bags=3), 5)
    assert len(counting(store)) == 3


@EITHER
@pytest.mark.parametrize(("known", "bags", "back"), [(6, 1, True), (6, 3, True), (8, 1, False)])
def test_a_push_of_the_same_minute_as_a_list_of_all_on_board_is_the_later_one_where_it_came_later(
    store: Store, home: Settings, known: int, bags: int, back: bool
) -> None:
    """Also where it says the same as before; but not where it is the message that was known."""
    send(store, home, crossings(known, ["ann", "ben", "cem"]).assign(checked_bags=1))
    named = crossings(8, ["ann", "cem"], **WHEELS_UP).assign(checked_bags=1)
    send(store, home, named, 1)
    send(store, home, crossings(8, ["ben"]).assign(checked_bags=bags), 2)
    assert len(counting(store)) == 2 + back


@EITHER
@pytest.mark.parametrize("hours", [(8, 10), (10, 8)])
def test_a_push_from_before_the_last_of_several_lists_brings_back_nobody(
    store: Store, home: Settings, hours: tuple[int, int]
) -> None:
    send(store, home, crossings(6, ["ann", "ben", "cem"]))
    for at, hour in enumerate(hours, 1):
        send(store, home, crossings(hour, ["ann", "cem"], **WHEELS_UP), at)
    late = crossings(9, ["ben"]).assign(checked_bags=3)
    assert send(store, home, late, 3).summary.outdated == 1
    assert len(counting(store)) == 2
    send(store, home, crossings(11, ["ben"]), 4)
    assert len(counting(store)) == 3


def test_a_booking_that_nobody_is_left_in_withdraws_all_of_its_crossings(
    store: Store, home: Settings
) -> None:
    send(store, home, crossings(6, ["ann", "ben"]))
    send(store, home, crossings(6, ["cem"]).assign(party_ref="OTHERS"), 1)
    scope = {"records": "FN-1-20261124-", "party_ref": "QWERTY"}
    gone = crossings(8, ["booking"], message_scope=scope, message_function="cancel")
    assert send(store, home, gone.assign(crossing_at=None), 2).summary.accepted == 1
    assert [name.rpartition("-")[2] for name, _ in counting(store)] == ["cem"]


REPORT = (FIXTURES / "cuscar.edi").read_text("utf-8")
LIST = (FIXTURES / "paxlst.edi").read_text("utf-8")


def file(home: Settings, name: str, content: str) -> Path:
    home.home.mkdir(exist_ok=True)
    path = home.home / name
    path.write_text(content, "utf-8")
    return path


def gone(name: str, hour: int = 9) -> str:
    """The fixture cancelled as a whole, in a message of this hour."""
    told = cancelled(name).replace("20260301070", f"2026030{hour // 24 + 1}{hour % 24:02d}0")
    return told.replace("260901:0930", f"260901:{hour:02d}45")


def take(store: Store, home: Settings, path: Path, at: int, **options: Any) -> Run:
    run = screen(store, home, OWNER, [path], Options(**options), NOW.replace(minute=at))
    told = run.summary
    assert told.read == told.accepted + told.quarantined + told.duplicate
    return run


@EITHER
def test_a_cancelled_report_withdraws_all_that_came_with_it_and_nothing_else(
    store: Store, home: Settings
) -> None:
    take(store, home, file(home, "one.edi", REPORT), 0)
    other = REPORT.replace("MAN1", "MAN9").replace("BL-100", "BL-900").replace("HB-2", "HB-9")
    take(store, home, file(home, "other.edi", other), 1)
    assert len(counting(store)) == 6
    cancel = file(home, "gone.edi", gone("cuscar.edi"))
    run = take(store, home, cancel, 2)
    assert (run.summary.accepted, run.summary.quarantined) == (1, 0)
    assert {name for name, _ in counting(store)} == {"BL-900", "HB-9"}
    with store.read() as connection:
        marked = connection.execute(
            text("SELECT record_id FROM alert WHERE withdrawn_at IS NOT NULL AND state = 'open'")
        ).scalars()
        assert {one.partition("@")[0] for one in marked} <= {"BL-100", "HB-2"}
        versions = connection.execute(
            text("SELECT count(*) FROM record WHERE record_id LIKE 'BL-100%'")
        ).scalar_one()
    assert versions == 2  # as declared: they stay in the history
    later = file(home, "later.edi", gone("cuscar.edi", 10))
    assert take(store, home, later, 3).summary.duplicate == 1
    again = REPORT.replace("202603010700", "202603011100")
    assert take(store, home, file(home, "again.edi", again), 4).summary.accepted == 3
    assert len(counting(store)) == 6


def test_a_report_that_replaces_another_withdraws_the_bill_that_it_lacks(
    store: Store, home: Settings
) -> None:
    take(store, home, file(home, "one.edi", REPORT), 0)
    other = REPORT.replace("MAN1", "MAN9").replace("BL-100", "BL-900").replace("HB-2", "HB-9")
    take(store, home, file(home, "other.edi", other), 1)
    later = REPORT.replace("202603010700", "202603010900").replace("MAN1+9", "MAN1+5")
    later = later[: later.index("CNI+2")] + later[later.index("CNT") :]
    take(store, home, file(home, "two.edi", later), 2)
    assert {name for name, _ in counting(store)} == {"BL-100", "BL-900", "HB-9"}
    again = REPORT.replace("202603010700", "202603011000").replace("MAN1+9", "MAN1+4")
    take(store, home, file(home, "three.edi", again[: again.index("CNI+2")]), 3, max_bad_share=1.0)
    assert len(counting(store)) == 5  # cut: set aside, and nothing is missed for it


def test_a_report_sent_again_under_another_number_is_cancelled_under_that(
    store: Store, home: Settings
) -> None:
    take(store, home, file(home, "one.edi", REPORT), 0)
    again = REPORT.replace("MAN1", "MAN2").replace("202603010700", "202603010800")
    take(store, home, file(home, "two.edi", again), 1)
    take(store, home, file(home, "old.edi", gone("cuscar.edi")), 2, max_bad_share=1.0)
    assert len(counting(store)) == 3  # they came with the second since
    second = gone("cuscar.edi").replace("MAN1", "MAN2")
    take(store, home, file(home, "new.edi", second), 3)
    assert counting(store) == []


def test_a_cancelled_flight_withdraws_its_list_and_not_that_of_the_crew(
    store: Store, home: Settings
) -> None:
    take(store, home, file(home, "one.edi", LIST), 0)
    crew = LIST.replace("BGM+745", "BGM+250").replace("TR000", "CR000")
    crew = crew.replace("O?'BRIAR", "REED").replace("THORN", "MOSS")
    take(store, home, file(home, "crew.edi", crew), 1)
    before = len(counting(store))
    run = take(store, home, file(home, "gone.edi", gone("paxlst.edi", 10)), 2)
    assert (run.summary.accepted, run.summary.quarantined) == (1, 0)
    left = counting(store)
    assert 0 < len(left) == before // 2
    with store.read() as connection:
        rows = connection.execute(
            text("SELECT DISTINCT message FROM record WHERE folded_by IS NULL")
        ).scalars()
        assert list(rows) == ["PAXLST/FN/123/20260901/250"]


# When a fixture was sent, in other hours; and what a later message says otherwise.
OTHERWISE = {
    "cuscar.edi": ("202603010700", "20260301{:02d}00", ("HANDLES", "HAMMERS"), ("HB-2", "HB-3")),
    "paxlst.edi": ("260901:0930", "260901:{:02d}30", ("MEA+CT++:3", "MEA+CT++:4"), ("TAM", "IDA")),
    "xffm.xml": ("04-30T21:00", "04-30T{:02d}:00", ("STEEL", "BRASS"), ("IncludedM", "IncludedM")),
}


@EITHER
@pytest.mark.parametrize("name", OTHERWISE)
def test_what_comes_late_from_before_a_whole_cancellation_is_on_no_list(
    store: Store, home: Settings, name: str
) -> None:
    """What was there, and is said otherwise; and what only the late message names."""
    sent, hours, *changes = OTHERWISE[name]
    cancel = gone(name, 9).replace(sent, hours.format(9))

    def said_at(hour: int, *changes: tuple[str, str]) -> str:
        text = (FIXTURES / name).read_text("utf-8")
        for old, new in ((sent, hours.format(hour)), *changes):
            assert old in text
            text = text.replace(old, new)
        return text

    take(store, home, file(home, "one", said_at(7)), 0)
    assert counting(store)
    take(store, home, file(home, "gone", cancel), 1)
    assert counting(store) == []
    run = take(store, home, file(home, "late", said_at(8, *changes)), 2)
    assert counting(store) == []
    assert run.summary.outdated == run.summary.accepted > 0
    assert run.summary.alerts["total"] == 0
    run = take(store, home, file(home, "again", said_at(11, *changes)), 3)
    assert len(counting(store)) == run.summary.accepted > 0
    assert run.summary.outdated == 0


@EITHER
def test_a_whole_cancellation_that_retention_masked_stops_no_run(
    store: Store, home: Settings
) -> None:
    """What it was of is sealed. A late message of that report says nothing new of what it took out;
    what nobody had heard of is taken as if it had not been.
    """
    take(store, home, file(home, "one", (FIXTURES / "cuscar.edi").read_text("utf-8")), 0)
    take(store, home, file(home, "gone", gone("cuscar.edi", 9)), 1)
    told = retention.run(store, home, OWNER, retention.due_at(NOW, 13))
    assert told.masked
    late = (FIXTURES / "cuscar.edi").read_text("utf-8").replace("HANDLES", "HAMMERS")
    run = take(store, home, file(home, "late", late), 2)
    assert (run.summary.quarantined, counting(store)) == (0, [])
    assert run.summary.outdated == run.summary.accepted > 0


@pytest.mark.parametrize(
    ("heading", "left"),
    [
        ("MSG+:22", {"QWERTY"}),
        ("MSG+:141", {"QWERTY", "ASDFGH"}),  # bookings that changed
        ("EQN+9", {"QWERTY", "ASDFGH"}),  # a part of them
    ],
)
def test_a_push_of_all_bookings_withdraws_the_one_that_it_lacks(
    store: Store, home: Settings, heading: str, left: set[str]
) -> None:
    push = (FIXTURES / "pnrgov.edi").read_text("utf-8")
    first, booking, *_ = push.split("SRC'\n")
    rest = push[push.index("UNT+") :]
    other = booking.replace("QWERTY", "ASDFGH")
    both = f"{first.replace('EQN+3', 'EQN+2')}SRC'\n{booking}SRC'\n{other}{rest}"
    take(store, home, file(home, "one.edi", both), 0)
    assert parties(store) == {"QWERTY", "ASDFGH"}
    later = first.replace("260901:0930", "260901:0945").replace("EQN+3", "EQN+1")
    later = later.replace("EQN+1" if heading.startswith("EQN") else "MSG+:22", heading)
    take(store, home, file(home, "two.edi", f"{later}SRC'\n{booking}{rest}"), 1)
    assert parties(store) == left


def parties(store: Store) -> set[str]:
    """Booking locators that count."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT chunk.rows, record.position FROM record JOIN chunk"
                " ON chunk.id = record.chunk_id WHERE folded_by IS NULL"
            )
        ).all()
    return {from_bytes(held, ["party_ref"])["party_ref"].iloc[place] for held, place in rows}


@EITHER
def test_one_of_what_never_came_is_set_aside_and_taken_in_when_it_is_here(
    store: Store, home: Settings
) -> None:
    run = take(store, home, file(home, "gone.edi", gone("cuscar.edi")), 0, max_bad_share=1.0)
    (rejected,) = run.rejected
    assert rejected.reason_code == "cancellation_of_nothing"
    assert "CUSCAR/LINE/MAN1" in rejected.reason
    take(store, home, file(home, "one.edi", REPORT), 1)
    assert len(counting(store)) == 3
    fixes = {1: {"procedure": ""}}
    told = quarantine.repair(store, home, OWNER, fixes, "it is here", NOW.replace(minute=2))
    assert (told.repaired, told.refused) == ([1], {})
    assert counting(store) == []


@pytest.mark.parametrize("die", ["before", "after"])
def test_a_run_that_dies_around_it_withdraws_once_when_resumed(
    store: Store, home: Settings, monkeypatch: pytest.MonkeyPatch, die: str
) -> None:
    take(store, home, file(home, "one.edi", REPORT), 0)
    path = file(home, "gone.edi", gone("cuscar.edi"))
    settle = Ingest._settle

    def dies(ingest: Ingest) -> None:
        if die == "after":
            settle(ingest)
        raise KeyboardInterrupt

    monkeypatch.setattr(Ingest, "_settle", dies)
    with pytest.raises(KeyboardInterrupt):
        take(store, home, path, 1)
    monkeypatch.undo()
    run = take(store, home, path, 1, resume=True)
    assert run.summary.quarantined == 0
    assert counting(store) == []
    with store.read() as connection:
        said = "SELECT count(*), count(DISTINCT subject) FROM audit WHERE action = :said"
        entries, alerts = connection.execute(text(said), {"said": "alert.withdrawn"}).one()
        open_alerts = connection.execute(
            text("SELECT count(*) FROM alert WHERE withdrawn_at IS NOT NULL")
        ).scalar_one()
    assert entries == alerts == open_alerts


def test_rows_without_a_time_of_lodgement_are_known_again(store: Store, home: Settings) -> None:
    table = factory.shipments(2, lodged_at=None)
    send(store, home, table)
    assert send(store, home, table.iloc[::-1], 1).summary.duplicate == 2


@EITHER
def test_what_is_put_right_withdraws_nothing_that_came_with_the_same_message(
    store: Store, home: Settings
) -> None:
    """Its row comes alone, and says as each of them does that the message is complete."""
    items = factory.shipments(3, declaration_id="XM-000000", item_number=[1, 2, 3], extra=said(8))
    send(store, home, items)
    wrong = items.assign(extra=said(9, "replace"), hs_code=["940370", "chairs", "940370"])
    send(store, home, wrong, 1, max_bad_share=1.0)
    send(store, home, crossings(6, ["ann", "ben", "cem"]), 2)
    named = crossings(8, ["ann", "cem"], **WHEELS_UP).assign(checked_bags=["1", "x"])
    send(store, home, named, 3, max_bad_share=1.0)
    fixes = {1: {"hs_code": "940380"}, 2: {"checked_bags": "1"}}
    told = quarantine.repair(store, home, OWNER, fixes, "the sender", NOW.replace(minute=4))
    assert (told.repaired, told.refused) == ([1, 2], {})
    assert [name.rpartition("-")[2] for name, _ in counting(store)] == [
        *("ann", "cem"),
        *["000000"] * 3,
    ]


@EITHER
def test_what_is_loaded_as_history_withdraws_nothing_that_was_rated(
    store: Store, home: Settings
) -> None:
    """Of what was loaded as history before, it does."""
    items = factory.shipments(3, declaration_id="XM-000000", item_number=[1, 2, 3], extra=said(8))
    shorter = items.iloc[:2].assign(extra=said(9, "replace"))
    send(store, home, items)
    send(store, home, shorter, 1, history=True)
    assert counting(store) == [("XM-000000", 1), ("XM-000000", 2), ("XM-000000", 3)]
    send(store, home, items.assign(declaration_id="XM-000001"), 2, history=True)
    send(store, home, shorter.assign(declaration_id="XM-000001"), 3, history=True)
    asked = "SELECT item FROM record WHERE state = 'history' AND folded_by IS NULL ORDER BY 1"
    with store.read() as connection:
        assert connection.execute(text(asked)).scalars().all() == [1, 2]


def test_a_cancellation_that_is_loaded_as_history_is_no_news_of_an_alert(
    store: Store, home: Settings
) -> None:
    send(store, home, factory.shipments(1, item_number=2, goods_description=ARMS, extra=said(8)))
    send(store, home, withdrawal(), 1, history=True)
    assert counting(store) == [("XM-000000", 2)]
    with store.read() as connection:
        asked = text("SELECT withdrawn_at IS NULL FROM alert")
        assert connection.execute(asked).scalars().all() == [True]


@pytest.mark.parametrize("files", [1, 2])
def test_an_item_that_is_added_after_a_replacement_stays_in_one_file_as_in_two(
    store: Store, home: Settings, files: int
) -> None:
    """No message says when it was sent: the one before is the earlier one."""
    goods = {"declaration_id": "XM-000000", "goods_description": ARMS}
    send(store, home, factory.shipments(2, **goods, item_number=[1, 2]))
    replaced, added = (
        factory.shipments(
            1, **goods, item_number=item, extra=json.dumps({"message_function": function})
        )
        for item, function in ((1, "replace"), (3, "change"))
    )
    tables = [replaced, added] if files == 2 else [pd.concat([replaced, added], ignore_index=True)]
    for at, table in enumerate(tables, start=1):
        send(store, home, table, at)
    assert counting(store) == [("XM-000000", 1), ("XM-000000", 3)]
