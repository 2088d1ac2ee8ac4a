"""Every row ends in one named state, and what was kept back is put right once."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import event, text

from riskprofile.errors import Conflict, InputError, NotAllowed, RiskProfileError, UsageError
from riskprofile.services import corrections, govern, ledger, quarantine, rater, uploading
from riskprofile.services import settings as configuration
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.quarantine import Filter
from riskprofile.services.run import Options, Run, unseen
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.steps import RANKING
from riskprofile.store.database import Store
from riskprofile.tables import Table
from tests import factory
from tests.conftest import home_of
from tests.faults import runs
from tests.services.bench import EITHER

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OPERATOR = Actor("olga", "operator")
WHY = "the sender confirmed it by telephone"


home = pytest.fixture(params=EITHER.args[1])(home_of)


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def written(path: Path, table: Table, *bad: int) -> Path:
    """A CSV file whose rows at these places have a gross mass that is no number."""
    given = table.drop(columns=["source", "line", "warnings"]).astype(object)
    for place in bad:
        given.loc[place, "gross_mass_kg"] = "12,5 kgs"
    given.to_csv(path, index=False)
    return path


def rate(store: Store, home: Settings, *paths: Path, **options: Any) -> Run:
    return screen(store, home, OWNER, list(paths), Options(**options), NOW)


def told(store: Store, run: Run) -> dict[str, int]:
    found = ledger.counts(store, OPERATOR, str(run.summary.batches[-1]["id"]))
    assert found.adds_up
    return {name: count for name, count in found.states.items() if count}


def lines(store: Store, run: Run, state: str) -> list[int | None]:
    batch = str(run.summary.batches[-1]["id"])
    return [one.line for one in ledger.rows(store, OPERATOR, batch, state)]


def audited(store: Store) -> list[tuple[str, Any]]:
    with store.read() as connection:
        rows = connection.execute(
            text("SELECT actor, detail FROM audit WHERE action = 'quarantine.repair' ORDER BY 1")
        ).all()
    return [(row[0], json.loads(row[1]) if isinstance(row[1], str) else row[1]) for row in rows]


def found_alerts(store: Store) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(text("SELECT id, batch_id FROM alert")).all())


def test_every_row_of_a_batch_is_in_one_state_that_can_be_listed(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(10)
    table.loc[9, "customs_office"] = "XMAIR"
    begun = rate(store, home, written(tmp_path / "day.csv", table.iloc[:6]))
    changed = table.copy()
    changed.loc[2, "value"] = 77.0
    run = rate(store, home, written(tmp_path / "next.csv", changed, 8))
    assert told(store, run) == {"accepted": 4, "quarantined": 1, "duplicate": 5}
    assert lines(store, run, "accepted") == [4, 8, 9, 11]
    assert lines(store, run, "quarantined") == [10]
    assert lines(store, run, "duplicate") == [2, 3, 5, 6, 7]
    first = str(begun.summary.batches[0]["id"])
    held = ledger.rows(store, OPERATOR, str(run.summary.batches[-1]["id"]), "duplicate")
    assert {(one.note, one.batch) for one in held} == {("held", first)}
    assert next(one.record_id for one in held) == "XM-000000@XMPME//2026"
    (gone,) = ledger.rows(store, OPERATOR, first, "superseded")
    assert (gone.record_id, gone.version) == ("XM-000002@XMPME//2026", 1)
    assert ledger.counts(store, OPERATOR, first).states["accepted"] == 5
    # A supervisor of another office learns how many there are, and no reference and no cell.
    latest, here, far = (
        str(run.summary.batches[-1]["id"]),
        *(Actor("sara", "supervisor", office) for office in ("XMPME", "XMAIR")),
    )
    for batch, state in [(first, "superseded"), *((latest, one) for one in told(store, run))]:
        seen = ledger.rows(store, OPERATOR, batch, state)
        theirs = [one for one in seen if one.line == 11]
        assert ledger.rows(store, here, batch, state) == [o for o in seen if o not in theirs] != []
        assert ledger.rows(store, far, batch, state) == theirs
    asked = quarantine.Filter()
    assert len(quarantine.find(store, here, asked, NOW)) == 1
    with store.write():  # who looks through others' rows keeps no writer, nor waits for one
        assert quarantine.find(store, far, asked, NOW) == []


def test_of_an_archive_of_two_profiles_each_office_is_shown_its_own_rows(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """The batch is called after the last file in it, whose rows name their office elsewhere."""
    govern.enable_profile(store, OWNER, "traveller", "law of a test", "DPIA-1", NOW)
    tables = {
        "ships.csv": factory.shipments(4, customs_office=["XMPME", "XMNOR", "XMPME", "XMPME"]),
        "people.csv": factory.travellers(2, crossing_point=["XMPME", "XMNOR"]),
    }
    with zipfile.ZipFile(tmp_path / "day.zip", "w") as archive:
        for name, table in tables.items():
            archive.write(written(tmp_path / name, table), name)
    run = rate(store, home, tmp_path / "day.zip")
    batch = str(run.summary.batches[-1]["id"])
    shown = ledger.rows(store, Actor("sue", "supervisor", "XMNOR"), batch, "accepted")
    assert [(one.source.rpartition(":")[2].rpartition("/")[2], one.line) for one in shown] == [
        ("ships.csv", 3), ("people.csv", 3)
    ]  # fmt: skip


def test_a_row_that_names_no_office_is_for_who_may_repair_it(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """It holds all that was declared, and nobody can tell whose it is; that it came is counted."""
    table = factory.shipments(4).astype({"customs_office": object})
    table.loc[[1, 2], "customs_office"] = [None, "XMAIR"]
    run = rate(store, home, written(tmp_path / "day.csv", table, 1, 2, 3), max_bad_share=1.0)
    batch = str(run.summary.batches[0]["id"])
    for role, office, expected in (
        ("supervisor", "XMPME", [5]),
        ("supervisor", None, [3, 4, 5]),
        ("operator", "XMPME", [3, 5]),
        ("operator", None, [3, 4, 5]),
    ):
        who = Actor("one", role, office)
        listed = ledger.rows(store, who, batch, "quarantined")
        assert [one.line for one in listed] == expected
        found = quarantine.find(store, who, Filter(), NOW)
        assert [one.line for one in found] == expected
        assert ledger.counts(store, who, batch).states["quarantined"] == 3
    (unnamed, *_) = quarantine.find(store, OPERATOR, Filter(), NOW)
    of_there = Actor("one", "operator", "XMAIR")
    done = quarantine.repair(store, home, of_there, {unnamed.id: {"gross_mass_kg": "9"}}, WHY, NOW)
    assert done.repaired == [unnamed.id]


@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_who_may_not_look_at_what_was_kept_back_reads_no_cell_of_it(
    store: Store, home: Settings, tmp_path: Path, role: str
) -> None:
    run = rate(store, home, written(tmp_path / "day.csv", factory.shipments(4), 1))
    batch, who = str(run.summary.batches[0]["id"]), Actor("one", role)
    with pytest.raises(NotAllowed):
        quarantine.find(store, who, Filter(), NOW)
    (row,) = ledger.rows(store, who, batch, "quarantined")
    assert (row.line, row.reason_code, row.column) == (3, "number_format", "gross_mass_kg")
    assert "12,5 kgs" in quarantine.find(store, OPERATOR, Filter(), NOW)[0].reason
    assert "12,5" not in str(row)


@pytest.mark.parametrize(("office", "whole"), [(None, False), ("XMPME", True)])
def test_what_was_kept_back_of_a_large_batch_is_not_all_sent_to_be_listed(
    store: Store, home: Settings, tmp_path: Path, office: str | None, whole: bool
) -> None:
    """Cells are asked for where they say whose a row is, and then a few rows at a time."""
    run = rate(store, home, written(tmp_path / "day.csv", factory.shipments(2), 1))
    asked: list[tuple[str, Any]] = []

    def heard(
        _conn: Any, _cursor: Any, statement: str, _values: Any, context: Any, *_: Any
    ) -> None:
        asked.append((statement, context.execution_options.get("yield_per")))

    event.listen(store.engine, "before_cursor_execute", heard)
    who = Actor("olaf", "operator", office)
    ledger.rows(store, who, str(run.summary.batches[0]["id"]), "quarantined")
    ((statement, at_once),) = [one for one in asked if "FROM quarantined" in one[0]]
    assert (".raw" in statement, "LIMIT" in statement) == (whole, not whole)
    assert at_once == quarantine.FETCHED


def test_a_file_sent_again_is_a_batch_of_duplicates_that_names_the_first(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = written(tmp_path / "day.csv", factory.shipments(5))
    first = rate(store, home, day)
    for name in ("again.csv", "more.csv"):
        again = rate(store, home, day.rename(tmp_path / name))
        day = tmp_path / name
        assert told(store, again) == {"duplicate": 5}
        (row,) = ledger.rows(store, OPERATOR, str(again.summary.batches[-1]["id"]), "duplicate")
        assert (row.note, row.batch) == ("same_file", str(first.summary.batches[0]["id"]))
    assert len(govern.batches(store, OPERATOR)) == 3


def test_a_file_sent_again_says_how_many_of_its_rows_wait(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(5).astype({"gross_mass_kg": object})
    table.loc[3, "gross_mass_kg"] = "heavy"
    day = written(tmp_path / "day.csv", table)
    first = rate(store, home, day)
    (batch,) = [one["id"] for one in first.summary.batches]
    again = rate(store, home, day)
    assert (again.summary.duplicate, again.summary.waiting) == (5, {batch: 1})
    assert f"quarantine list --batch {batch}" in " ".join(unseen(again.summary))
    twice = rate(store, home, day, day)  # of the same batch, whose row is told once
    assert (twice.summary.duplicate, twice.summary.waiting) == (10, {batch: 1})
    (row,) = quarantine.find(store, OPERATOR, quarantine.Filter(), NOW)
    quarantine.repair(store, home, OPERATOR, {row.id: {"gross_mass_kg": "5"}}, "the sender", NOW)
    assert rate(store, home, day).summary.waiting == {}


def test_rows_that_cannot_be_rated_are_failed_until_the_run_goes_on(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = written(tmp_path / "day.csv", factory.shipments(10))
    rating = rater.Rater.heard

    def breaks(self: rater.Rater, part: Table) -> rater.Rated:
        if "XM-000006" in set(part["declaration_id"]):
            raise RiskProfileError("feature pair_age gave no column")
        return rating(self, part)

    monkeypatch.setattr(rater.Rater, "heard", breaks)
    with pytest.raises(RiskProfileError, match="pair_age"):
        rate(store, home, day, chunk_rows=4)
    (batch,) = govern.batches(store, OPERATOR)
    assert (batch.state, batch.note) == ("stopped", "feature pair_age gave no column")
    found = ledger.counts(store, OPERATOR, batch.id)
    assert (found.states["received"], found.states["failed"], found.adds_up) == (4, 4, True)
    failed = ledger.rows(store, OPERATOR, batch.id, "failed")
    assert [one.line for one in failed] == [6, 7, 8, 9]
    monkeypatch.undo()
    run = rate(store, home, day, chunk_rows=4, resume=True)
    assert told(store, run) == {"accepted": 10}


def test_a_row_is_put_right_once_with_who_what_and_a_link(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, written(tmp_path / "day.csv", factory.shipments(6), 1, 4), max_bad_share=1.0)
    first, second = quarantine.find(store, OPERATOR, Filter(), NOW)
    assert (first.line, first.column, first.fields["gross_mass_kg"]) == (
        3,
        "gross_mass_kg",
        "12,5 kgs",
    )
    done = quarantine.repair(store, home, OPERATOR, {first.id: {"gross_mass_kg": "12.5"}}, WHY, NOW)
    assert (done.repaired, done.refused) == ([first.id], {})
    assert done.summary is not None and done.summary.accepted == 1
    (kept,) = quarantine.find(store, OPERATOR, Filter(state="repaired"), NOW)
    batch = str(done.summary.batches[0]["id"])
    assert (kept.id, kept.repair_batch) == (first.id, batch)
    assert [one.record_id for one in ledger.rows(store, OPERATOR, batch, "accepted")] == [
        "XM-000001@XMPME//2026"
    ]
    assert audited(store) == [("olga", {"columns": ["gross_mass_kg"], "batch": batch})]
    with pytest.raises(Conflict, match="repaired"):
        quarantine.repair(store, home, OPERATOR, {first.id: {"gross_mass_kg": "13"}}, WHY, NOW)
    assert [one.id for one in quarantine.find(store, OPERATOR, Filter(), NOW)] == [second.id]


def test_a_batch_waits_for_repair_until_its_last_row_is_put_right(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, written(tmp_path / "day.csv", factory.shipments(6), 1, 4), max_bad_share=1.0)
    for row in quarantine.find(store, OPERATOR, Filter(), NOW):
        assert [one.waits for one in govern.batches(store, OPERATOR) if one.quarantined] == [True]
        fixes = {row.id: {"gross_mass_kg": "12.5"}}
        quarantine.repair(store, home, OPERATOR, fixes, WHY, NOW)
    assert not any(one.waits for one in govern.batches(store, OPERATOR))


@pytest.mark.parametrize("at", ["repair", RANKING])
def test_a_repair_is_finished_whatever_signal_comes(
    store: Store, home: Settings, tmp_path: Path, at: str
) -> None:
    """Its rows are in no file to go on with."""
    rate(store, home, written(tmp_path / "day.csv", factory.shipments(6), 1), max_bad_share=1.0)
    (row,) = quarantine.find(store, OPERATOR, Filter(), NOW)
    sent: list[str] = []

    def stop(name: str, done: int, of: int | None) -> None:
        if name.startswith(at):
            sent.append(name)
            os.kill(os.getpid(), signal.SIGTERM)

    fixes = {row.id: {"gross_mass_kg": "12.5"}}
    steps = factory.Steps(stop)
    done = quarantine.repair(store, home, OPERATOR, fixes, WHY, NOW, progress=steps)
    assert (len(sent), done.repaired) == (1, [row.id])
    assert {batch.state for batch in govern.batches(store, OWNER)} == {"done"}


def test_a_repair_killed_before_its_row_is_ranked_is_ended_when_asked_for_again(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Its row is stored and marked, in no file, and on no list yet."""
    rate(store, home, written(tmp_path / "day.csv", factory.shipments(6), 1), max_bad_share=1.0)
    (row,) = quarantine.find(store, OPERATOR, Filter(), NOW)

    def dies(name: str, done: int, of: int | None) -> None:
        if name == RANKING:
            os.kill(os.getpid(), signal.SIGKILL)

    def repairs() -> None:
        own, fixes = configuration.open_store(home), {row.id: {"gross_mass_kg": "12.5"}}
        quarantine.repair(own, home, OWNER, fixes, "said so", NOW, progress=factory.Steps(dies))

    store.close()  # what is forked shares no connection
    assert runs.ended(*runs.child(repairs)) == (-signal.SIGKILL, None)
    (kept,) = quarantine.find(store, OPERATOR, Filter(state="repaired"), NOW)
    assert [*govern.unfinished(store, OWNER)] == [kept.repair_batch]
    alerts = len(found_alerts(store))

    done = quarantine.repair(store, home, OPERATOR, {row.id: {}}, WHY, NOW)
    assert done.repaired == [row.id]
    assert done.summary is not None and done.summary.accepted == 1
    assert done.summary.alerts["total"] == len(found_alerts(store)) - alerts == 1
    assert govern.unfinished(store, OWNER) == {}
    with pytest.raises(Conflict, match="repaired"):
        quarantine.repair(store, home, OPERATOR, {row.id: {}}, WHY, NOW)


def test_what_is_still_wrong_stays_waiting_and_says_why(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, written(tmp_path / "day.csv", factory.shipments(6), 1, 4), max_bad_share=1.0)
    first, second = quarantine.find(store, OPERATOR, Filter(), NOW)
    fixes = {first.id: {"gross_mass_kg": "heavy"}, second.id: {"gross_mass_kg": ""}}
    done = quarantine.repair(store, home, OPERATOR, fixes, WHY, NOW)
    assert done.repaired == [second.id]
    assert "'heavy' is not a number" in done.refused[first.id].reason
    assert [one.id for one in quarantine.find(store, OPERATOR, Filter(), NOW)] == [first.id]
    held = ledger.rows(store, OPERATOR, first.batch_id, "quarantined")
    assert {(one.reason_code, one.column) for one in held} == {("number_format", "gross_mass_kg")}
    assert done.summary is not None
    took = done.summary.batches[0]["id"]
    assert [(one.note, one.batch) for one in held] == [("", ""), ("repaired", took)]


def test_two_rows_that_come_to_say_the_same_are_both_repaired(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(3)
    for name in ("a.csv", "b.csv"):
        rate(store, home, written(tmp_path / name, table, 1), max_bad_share=1.0)
        table = table.iloc[::-1].reset_index(drop=True)  # other bytes, the same rows
    first, second = quarantine.find(store, OPERATOR, Filter(), NOW)
    for row, accepted in ((first, 1), (second, 0)):
        done = quarantine.repair(store, home, OPERATOR, {row.id: {"gross_mass_kg": "9"}}, WHY, NOW)
        assert done.summary is not None and done.summary.accepted == accepted
    assert quarantine.find(store, OPERATOR, Filter(), NOW) == []


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_is_corrected_in_a_file_and_taken_in(
    store: Store, home: Settings, tmp_path: Path, kind: str
) -> None:
    table = factory.shipments(4, goods_description="=cmd()")
    rate(store, home, written(tmp_path / "day.csv", table, 0, 2), max_bad_share=1.0)
    out = tmp_path / f"kept.{kind}"
    assert corrections.export(quarantine.find(store, OPERATOR, Filter(), NOW), out) == 2
    out.write_text(out.read_text().replace("12,5 kgs", "12.5"))
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(out.read_text())))
        assert rows[0]["goods_description"] == "'=cmd()"  # no spreadsheet runs it
        assert json.loads(rows[0]["raw"])["gross_mass_kg"] == "12.5"
    fixes = corrections.read(out)
    done = quarantine.repair(store, home, OWNER, fixes, WHY, NOW)
    assert (len(done.repaired), done.refused) == (2, {})
    assert {tuple(one[1]["columns"]) for one in audited(store)} == {("gross_mass_kg",)}
    with store.read() as connection:
        same = connection.execute(text("SELECT count(DISTINCT record_id) FROM record")).scalar_one()
    assert same == 4


def test_cells_that_nobody_touched_mean_in_a_repair_what_they_meant_in_their_file(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """A comma file: 1.234 is 1234 in it, and by itself would be read as a little more than 1."""
    path = tmp_path / "commas.csv"
    path.write_text(
        "declaration_id;goods_description;hs_code;gross_mass_kg;value;currency;lodged_at\n"
        "007;chairs;0101;12,5 kg;1.234;USD;03/04/2026\n"
        "D2;tables;940310;7,25;99,5;USD;25/12/2026\n"
    )
    rate(store, home, path)
    (row,) = quarantine.find(store, OPERATOR, Filter(), NOW)
    assert (row.fields["value"], row.fields["lodged_at"]) == ("1234", "2026-04-03T00:00:00+00:00")
    assert row.fields["gross_mass_kg"] == "12,5 kg"
    saved = tmp_path / "saved.csv"  # by a spreadsheet of that country, which takes zeros away
    saved.write_text(
        f"quarantine_id;declaration_id;hs_code;gross_mass_kg;value\n{row.id};7;101;1.250;1234\n"
    )
    done = quarantine.repair(store, home, OWNER, corrections.read(saved), WHY, NOW)
    assert done.repaired == [row.id]
    with store.read() as connection:
        found = connection.execute(text("SELECT record_id FROM record")).scalars().all()
    assert "007@//2026" in found
    ((_, detail),) = audited(store)
    assert detail["columns"] == ["gross_mass_kg"]


def test_a_cell_of_zeros_can_be_emptied_and_keeps_those_that_a_spreadsheet_takes(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(2)
    table["seal_numbers"] = table["licence_number"] = "000"
    table["goods_description"] = table["hs_code"] = None
    rate(store, home, written(tmp_path / "day.csv", table), max_bad_share=1.0)
    first, second = (row.id for row in quarantine.find(store, OPERATOR, Filter(), NOW))
    fixes = {
        first: {"goods_description": "chairs", "licence_number": ""},
        second: {"goods_description": "chairs", "seal_numbers": "0"},
    }
    assert quarantine.repair(store, home, OWNER, fixes, WHY, NOW).repaired == [first, second]
    assert sorted(detail["columns"] for _, detail in audited(store)) == [
        ["goods_description"],
        ["goods_description", "licence_number"],
    ]


def test_filters_find_rows_by_batch_reason_column_and_state(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(3)
    table.loc[0, "declaration_id"] = None
    run = rate(store, home, written(tmp_path / "day.csv", table, 2), max_bad_share=1.0)
    batch = str(run.summary.batches[0]["id"])

    def found(**asked: Any) -> list[int]:
        return [one.line for one in quarantine.find(store, OPERATOR, Filter(**asked), NOW)]

    assert found(batch=batch) == [2, 4]
    assert found(reason="mandatory_missing") == [2]
    assert found(column="gross_mass_kg") == [4]
    assert found(profile="traveller") == found(state="repaired") == found(batch="none") == []
    assert found(limit=1) == [2]


@pytest.mark.parametrize(
    ("fixes", "reason", "fault"),
    [
        ({1: {"gross_mass_kg": "1"}}, " ", UsageError),
        ({1: {"no_such_column": "1"}}, WHY, UsageError),
        ({99: {}}, WHY, InputError),
    ],
)
def test_a_repair_needs_a_reason_a_row_and_known_columns(
    store: Store, home: Settings, tmp_path: Path, fixes: Any, reason: str, fault: Any
) -> None:
    rate(store, home, written(tmp_path / "day.csv", factory.shipments(2), 0), max_bad_share=1.0)
    with pytest.raises(fault):
        quarantine.repair(store, home, OPERATOR, fixes, reason, NOW)
    assert len(quarantine.find(store, OPERATOR, Filter(), NOW)) == 1


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "quarantine_id\n1\n1\n", "\x00"])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "kept.csv"
    path.write_text(content)
    with pytest.raises(InputError):
        corrections.read(path)


def test_an_upload_goes_the_road_of_score_and_has_its_limits(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = written(tmp_path / "day.csv", factory.shipments(8), 3).read_bytes()
    seen: list[int] = []
    run = uploading.upload(
        store,
        home,
        OPERATOR,
        "../../tmp/day\n.csv",
        io.BytesIO(content),
        NOW,
        progress=lambda name, rows: seen.append(rows),
    )
    assert told(store, run) == {"accepted": 7, "quarantined": 1}
    assert (run.summary.batches[0]["source"], seen) == ("day_.csv", [8])
    for given, why in ((b"", "empty"), (b"x" * 2_000_000, "larger")):
        monkeypatch.setattr(uploading, "UPLOAD_MB", 1)
        with pytest.raises(InputError, match=why):
            uploading.upload(store, home, OPERATOR, "x.csv", io.BytesIO(given), NOW)
    assert pd.notna(run.summary.rows_per_second)


def bad_batch(store: Store, home: Settings, tmp_path: Path) -> str:
    """Seven rows, five of them kept back: four of their mass, one of its currency."""
    table = factory.shipments(7).astype({"gross_mass_kg": object})
    table.loc[[0, 2], "gross_mass_kg"] = "heavy"
    table.loc[[3, 4], "gross_mass_kg"] = ["light", "heavy"]
    table.loc[[4, 5], "currency"] = "XA1"
    table.loc[[3], "customs_office"] = "XMAIR"
    run = rate(store, home, written(tmp_path / "day.csv", table), max_bad_share=1.0)
    return str(run.summary.batches[0]["id"])


def test_rows_that_wait_are_counted_by_their_column_for_whom_they_are(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    batch = bad_batch(store, home, tmp_path)
    expected = {"gross_mass_kg": 4, "currency": 1}
    assert quarantine.tally(store, OPERATOR, batch) == expected
    account = ledger.account(store, OPERATOR, NOW)
    assert (account.quarantined, account.wrong) == (5, 0)
    assert account == ledger.account(store, OPERATOR, None)
    far = Actor("omar", "operator", "XMAIR")
    assert quarantine.tally(store, far, batch) == {"gross_mass_kg": 1}
    with pytest.raises(NotAllowed):
        quarantine.tally(store, Actor("ines", "officer"), batch)
    for column, count in expected.items():
        asked = Filter(batch, but=tuple(one for one in expected if one != column))
        assert len(quarantine.find(store, OPERATOR, asked, NOW)) == count
    first = quarantine.find(store, OPERATOR, Filter(batch), NOW)[0]
    quarantine.repair(store, home, OPERATOR, {first.id: {"gross_mass_kg": "1"}}, WHY, NOW)
    assert quarantine.tally(store, OPERATOR, batch)["gross_mass_kg"] == 3


def test_cells_are_judged_before_anything_is_stored_as_a_repair_would(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    batch = bad_batch(store, home, tmp_path)
    rows = quarantine.find(store, OPERATOR, Filter(batch), NOW)
    given = ("12", "12,5 kgs", "12", "12", "")
    fixes = {row.id: {"gross_mass_kg": text} for row, text in zip(rows, given, strict=True)}
    with store.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM audit")).scalar_one()
    told = quarantine.check(store, OPERATOR, fixes, NOW)
    assert [one and one.column for one in told.values()] == [
        *(None, "gross_mass_kg", None, "currency", "currency")
    ]
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == before
    assert quarantine.check(store, OPERATOR, {}, NOW) == {}
    done = quarantine.repair(store, home, OPERATOR, fixes, WHY, NOW)
    assert done.repaired == [row for row, fault in told.items() if fault is None]
    assert quarantine.check(store, OPERATOR, {done.repaired[0]: {}}, NOW) == {}  # it waits no more
    far = Actor("omar", "operator", "XMAIR")
    with pytest.raises(InputError):
        quarantine.check(store, far, {rows[1].id: {}}, NOW)
    with pytest.raises(UsageError):
        quarantine.check(store, OPERATOR, {rows[1].id: {"mass": "1"}}, NOW)
    with pytest.raises(NotAllowed):
        quarantine.check(store, Actor("sara", "supervisor"), fixes, NOW)


def test_the_same_repair_is_for_rows_that_came_with_the_same_text_in_the_same_column(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    batch = bad_batch(store, home, tmp_path)
    first, second, light, third, other = quarantine.find(store, OPERATOR, Filter(batch), NOW)
    assert (light.fields["gross_mass_kg"], other.column) == ("light", "currency")
    rows = [first, second, light, third, other]
    given = {first.id: {"gross_mass_kg": "9", "value": "3"}}
    alike = quarantine.likewise(rows, given, given)
    assert alike == {one.id: {"gross_mass_kg": "9"} for one in (second, third)}
    taken = {first.id: {"gross_mass_kg": "9"}, second.id: {"gross_mass_kg": "8"}}
    assert quarantine.likewise(rows, taken, taken) == {third.id: {"gross_mass_kg": "9"}}
    assert quarantine.likewise(rows, taken, [second.id]) == {third.id: {"gross_mass_kg": "8"}}
    assert quarantine.likewise(rows, taken, []) == {}  # what is still wrong is copied nowhere
    assert quarantine.likewise(rows, {first.id: {"value": "3"}}, [first.id]) == {}


def test_what_names_a_declaration_is_copied_to_no_other(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(6)
    table.loc[[1, 3], "declaration_id"] = ""
    run = rate(store, home, written(tmp_path / "day.csv", table), max_bad_share=1.0)
    first, second = quarantine.find(store, OPERATOR, Filter(), NOW)
    assert {one.column for one in (first, second)} == {"declaration_id"}
    given = {first.id: {"declaration_id": "D-1"}}
    assert quarantine.check(store, OPERATOR, given, NOW) == {first.id: None}
    assert quarantine.likewise([first, second], given, given) == {}
    assert run.summary.quarantined == 2


def test_the_audit_says_both_values_and_no_name_or_address(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    batch = bad_batch(store, home, tmp_path)
    (row, *_) = quarantine.find(store, OPERATOR, Filter(batch), NOW)
    cells = {"gross_mass_kg": "9", "consignee_name": "Ana Prova", "goods_description": "w" * 200}
    quarantine.repair(store, home, OPERATOR, {row.id: cells}, WHY, NOW)
    ((_, detail),) = audited(store)
    assert set(detail["columns"]) == set(cells)
    with store.read() as connection:
        asked = "SELECT words FROM audit JOIN audit_words USING (sequence) WHERE action = :action"
        (words,) = connection.execute(text(asked), {"action": "quarantine.repair"}).scalars()
    assert words.startswith(WHY) and "gross_mass_kg “heavy” to “9”" in words
    assert "Ana Prova" not in words and "w" * 81 not in words


def test_what_waits_is_taken_from_the_page_as_the_command_exports_it(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    batch = bad_batch(store, home, tmp_path)
    content = corrections.content(store, OPERATOR, Filter(batch), NOW)
    out = tmp_path / "kept.csv"
    corrections.export(quarantine.find(store, OPERATOR, Filter(batch), NOW), out)
    assert content == out.read_bytes() and content.count(b"\n") == 6
