"""Registers: loaded exactly once, dated, checked, and never overwritten."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from riskprofile.errors import InputError, NotAllowed, UsageError
from riskprofile.intake import registers as intake
from riskprofile.reference.registers import REGISTERS, VALUES
from riskprofile.services import arms, capacity, cut, offices, registers
from riskprofile.services.identity import OWNER, Actor
from riskprofile.store import audit
from riskprofile.store import registers as kept
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Audit
from tests.services.bench import AUDITOR, INES, NOW, later, under_way

SAMPLES = Path(__file__).parents[2] / "data" / "synthetic" / "registers"
LICENCES = "licence_number,quantity,valid_from,valid_until\n"


def written(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", REGISTERS)
def test_every_register_has_a_sample_that_loads_whole_and_once(any_store: Store, kind: str):
    file = SAMPLES / f"{kind}.csv"
    first = registers.load(any_store, OWNER, kind, file, NOW, source="sample")
    assert first.read == first.accepted > 0 and not first.rejected
    again = registers.load(any_store, OWNER, kind, file, later(hours=1), source="sample")
    assert (again.read, again.accepted, again.duplicate) == (first.read, 0, first.read)
    [held] = [one for one in registers.held(any_store, OWNER) if one.kind == kind]
    assert held.entries == first.accepted and held.loaded_at == later(hours=1)


@pytest.mark.parametrize("form", ["xlsx", "jsonl", "parquet", "csv.gz"])
def test_a_register_comes_in_any_table_format(store: Store, tmp_path: Path, form: str):
    table = pd.read_csv(SAMPLES / "licences.csv", dtype=str)
    file = tmp_path / f"licences.{form}"
    if form == "xlsx":
        table.to_excel(file, index=False)
    elif form == "jsonl":
        table.to_json(file, orient="records", lines=True)
    elif form == "parquet":
        table.to_parquet(file)
    else:
        file.write_bytes(gzip.compress((SAMPLES / "licences.csv").read_bytes()))
    registers.load(store, OWNER, "licences", SAMPLES / "licences.csv", NOW)
    told = registers.load(store, OWNER, "licences", file, later(hours=1))
    assert (told.read, told.accepted, told.duplicate) == (len(table), 0, len(table))


def test_one_changed_row_is_one_new_version_and_the_old_one_stays(store: Store, tmp_path: Path):
    rows = "L-1,100,2026-01-01,2026-12-31\nL-2,5,2026-01-01,2026-12-31\n"
    registers.load(store, OWNER, "licences", written(tmp_path, LICENCES + rows), NOW)
    changed = written(tmp_path, LICENCES + rows.replace("L-1,100", "L-1,60"))
    told = registers.load(store, OWNER, "licences", changed, later(days=1))
    assert (told.accepted, told.duplicate) == (1, 1)
    with store.read() as connection:
        for moment, quantity in ((later(hours=2), 100.0), (later(days=2), 60.0)):
            first, _ = kept.known(connection, "licences", moment)
            assert first["quantity"] == quantity


@pytest.mark.parametrize("way", ["another", "the same", "gone"])
@pytest.mark.parametrize("load", [registers.load, arms.load])
def test_of_a_file_that_is_written_while_it_is_read_nothing_is_loaded(
    any_store: Store, tmp_path: Path, monkeypatch, way, load
):
    """Half of it would be in force as if that were all. Who writes the same anew cuts it first."""
    of_arms = load is arms.load
    seized = "record_number,event,event_on,kind,serial\nA-1,seized,2026-11-01,firearm,KX105\n"
    row = "L-1,100,2026-01-01,2026-12-31\n"
    file = written(tmp_path, seized if of_arms else LICENCES + row)
    read = intake.read

    def while_read(*asked):
        for part in read(*asked):
            before = file.read_text()
            file.unlink()
            if way != "gone":
                file.write_text(before if way == "the same" else before + "L-2\n")
            yield part

    monkeypatch.setattr(intake, "read", while_read)
    kind = () if of_arms else ("licences",)
    with pytest.raises(InputError, match="was written, or taken away, while it was read"):
        load(any_store, OWNER, *kind, file, NOW)
    assert not registers.held(any_store, OWNER)[0].entries
    assert not arms.search(any_store, OWNER, NOW, serial="KX105")
    with any_store.read() as connection:
        told = connection.execute(select(Audit.__table__.c.action)).scalars().all()
    assert not {"register.load", "arms.load"}.intersection(told)


def test_the_digest_of_a_load_is_of_what_was_loaded(store: Store, tmp_path: Path, monkeypatch):
    """The file may be written between its last row and its digest."""
    file = written(tmp_path, LICENCES + "L-1,100,2026-01-01,2026-12-31\n")
    true = registers.digest_of

    def too_late(path: Path) -> str:
        path.write_text(LICENCES + "L-2,100,2026-01-01,2026-12-31\n" * 2)
        return true(path)

    monkeypatch.setattr(registers, "digest_of", too_late)
    with pytest.raises(InputError, match="was written, or taken away, while it was read"):
        registers.load(store, OWNER, "licences", file, NOW)
    assert not registers.held(store, OWNER)[0].entries


def test_a_file_that_speaks_for_an_earlier_day_does_not_replace_a_later_one(
    store: Store, tmp_path: Path
):
    now = written(tmp_path, LICENCES + "L-1,60,2026-01-01,2026-12-31\n", "now.csv")
    old = written(tmp_path, LICENCES + "L-1,100,2026-01-01,2026-12-31\n", "old.csv")
    registers.load(store, OWNER, "licences", now, NOW)
    for accepted in (1, 0):
        told = registers.load(
            store, OWNER, "licences", old, later(hours=1), as_of=NOW - timedelta(days=30)
        )
        assert told.accepted == accepted
    assert registers.entries(store, OWNER, "licences", later(days=1))["quantity"].tolist() == [60.0]


def test_a_register_is_as_of_the_latest_day_for_which_a_usable_file_spoke(
    store: Store, tmp_path: Path
):
    good = written(tmp_path, LICENCES + "L-1,60,2026-01-01,2026-12-31\n", "good.csv")
    bad = written(tmp_path, LICENCES + "L-1,-3,2026-01-01,2026-12-31\n", "bad.csv")
    day = NOW - timedelta(days=9)
    registers.load(store, OWNER, "licences", good, NOW, as_of=day)
    registers.load(store, OWNER, "licences", good, later(hours=1), as_of=day - timedelta(days=30))
    told = registers.load(store, OWNER, "licences", bad, later(hours=2))
    assert (told.accepted, told.quarantined) == (0, 1)
    [held] = [one for one in registers.held(store, OWNER) if one.kind == "licences"]
    assert (held.loaded_at, held.as_of) == (NOW, day)


def test_what_was_loaded_later_was_not_known_before(store: Store):
    registers.load(store, OWNER, "dealers", SAMPLES / "dealers.csv", later(days=1))
    assert registers.entries(store, OWNER, "dealers", NOW).empty
    assert len(registers.entries(store, OWNER, "dealers", later(days=1))) == 3


def test_what_is_loaded_while_a_run_is_under_way_was_not_known_to_it(any_store: Store):
    """The load was asked for before: a process of the run that begins late knows no more of it."""
    under_way(any_store, later(minutes=1))
    registers.load(any_store, OWNER, "dealers", SAMPLES / "dealers.csv", NOW)
    assert not registers.frozen(any_store, later(minutes=1)).holds("dealers")
    assert registers.frozen(any_store, later(minutes=2)).holds("dealers")
    before = offices.zones(any_store)
    registers.load(any_store, OWNER, "offices", SAMPLES / "offices.csv", NOW)
    assert len(offices.zones(any_store)) > len(before)  # which no run asks as of a time


def test_bad_rows_are_set_aside_with_a_reason_and_the_good_ones_load(store: Store, tmp_path: Path):
    file = written(
        tmp_path,
        "sighting_id,at,latitude,longitude,count\n"
        "S-1,2026-11-20T08:00Z,12.5,-3.25,4\n"
        "S-2,2026-11-20T08:00Z,91.0,-3.25,4\n"
        "S-3,yesterday,12.5,-3.25,4\n"
        "S-4,2026-11-20T08:00Z,12.5,,4\n"
        "S-1,2026-11-20T08:00Z,12.5,-3.25,6\n",
    )
    told = registers.load(store, OWNER, "sightings", file, NOW)
    assert told.quarantined_by_reason == {
        "number_out_of_range": 1,
        "date_format": 1,
        "mandatory_missing": 1,
    }
    assert [one.line for one in told.rejected] == [3, 4, 5]
    assert told.read == told.accepted + told.quarantined + told.duplicate == 5
    assert registers.entries(store, OWNER, "sightings", NOW)["count"].tolist() == [6]


@pytest.mark.parametrize(
    ("kind", "text", "code", "column"),
    [
        ("licences", LICENCES + "L-1,5,2026-05-01,2026-01-01\n", "dates_reversed", "valid_until"),
        ("offices", "code,name,zone\nXMNEW,Newport,Mars/Base\n", "zone_unknown", "zone"),
        ("embargoes", "country,starts_at,source\nXQ,2020-01-01,\n", "mandatory_missing", "source"),
        (
            "events",
            "record_id,at,kind,source\nA,2026-01-01,x-ray,me\n",
            "choice_unknown",
            "kind",
        ),
        ("rates", "currency,date,per_usd\nEUR,2026-01-01,0\n", "number_out_of_range", "per_usd"),
    ],
)
def test_what_an_entry_cannot_be_is_named(
    store: Store, tmp_path: Path, kind: str, text: str, code: str, column: str
):
    [one] = registers.load(store, OWNER, kind, written(tmp_path, text), NOW).rejected
    assert (one.reason_code, one.column, one.line) == (code, column, 2)
    assert column in one.reason and "stated_source" not in one.reason + one.raw


def test_who_states_it_fills_what_the_rows_leave_open(store: Store, tmp_path: Path):
    file = written(
        tmp_path, "record_id,at,kind,source\nA,2026-01-01,seal,yard\nB,2026-01-01,seal,\n"
    )
    registers.load(store, OWNER, "events", file, NOW, source="port")
    assert registers.entries(store, OWNER, "events", NOW)["source"].tolist() == ["yard", "port"]


def test_a_sighting_keeps_no_column_that_could_name_a_person(store: Store, tmp_path: Path):
    head = "sighting_id,at,latitude,longitude,name,phone\n"
    row = "S-1,2026-11-20T08:00Z,1,2,Somebody,555\n"
    told = registers.load(store, OWNER, "sightings", written(tmp_path, head + row), NOW)
    assert told.unknown_columns == ["name", "phone"]
    with store.read() as connection:
        assert "Somebody" not in str(kept.known(connection, "sightings", NOW))
    party = written(tmp_path, "party_id,country,turnover\nP-1,XM,900\n")
    registers.load(store, OWNER, "parties", party, NOW)
    assert "900" in registers.entries(store, OWNER, "parties", NOW)["extra"].iloc[0]


def test_what_happened_on_a_day_to_come_is_told(store: Store, tmp_path: Path):
    day = later(days=400).date().isoformat()
    seen = (
        f"sighting_id,at,latitude,longitude\nS-1,{day}T06:00Z,45,13\nS-2,2026-11-01T06:00Z,45,13\n"
    )
    told = registers.load(store, OWNER, "sightings", written(tmp_path, seen), NOW)
    assert (told.accepted, told.warnings) == (2, {"day_ahead": 1})
    seized = f"record_number,event,event_on,kind,country\nA,seized,{day},firearm,QX\n"
    took = arms.load(store, OWNER, written(tmp_path, seized), NOW)
    assert took.warnings == {"country_unknown": 1, "day_ahead": 1}


def test_names_and_addresses_are_shown_as_given_or_not(store: Store):
    registers.load(store, OWNER, "parties", SAMPLES / "parties.csv", NOW)
    shown = registers.entries(store, OWNER, "parties", NOW)
    assert set(shown["address"]) == {"given"}
    assert "Quay House" not in shown.to_csv()


def test_offices_are_a_register_like_the_others(any_store: Store, tmp_path: Path):
    file = written(tmp_path, "code,name,zone,capacity\nXMNEW,Newport,Europe/Paris,\n")
    registers.load(any_store, OWNER, "offices", file, NOW)
    assert offices.zones(any_store)["XMNEW"] == "Europe/Paris"


def test_offices_that_are_said_again_or_for_an_earlier_day_change_nothing(
    any_store: Store, tmp_path: Path
):
    """A supervisor's number stands until another is stated, and a later file until a later one."""
    sara = Actor("sara", "supervisor", "XMNEW")

    def load(capacity: int, name: str = "file.csv", **stated: datetime) -> registers.Loaded:
        text = f"code,name,zone,capacity\nXMNEW,Newport,Europe/Paris,{capacity}\n"
        return registers.load(
            any_store, OWNER, "offices", written(tmp_path, text, name), later(hours=1), **stated
        )

    def able() -> int:
        with any_store.read() as connection:
            return capacity.days(connection, NOW).offices["XMNEW"][0]

    load(50)
    cut.set_capacity(any_store, sara, "XMNEW", 30, NOW)
    assert (load(50, "again.csv").duplicate, able()) == (1, 30)
    assert (load(20, as_of=later(days=-9)).accepted, able()) == (1, 30)
    assert registers.entries(any_store, OWNER, "offices", later(hours=1))["capacity"][0] == 50
    assert (load(60).accepted, able()) == (1, 60)


def test_how_an_office_writes_dates_is_known_as_it_was_stated_last(store: Store, tmp_path: Path):
    for stated, at in (("XMNEW,day_first", NOW), ("XMNEW,\nXMOLD,Month first", later(hours=1))):
        file = written(tmp_path, f"code,date_order\n{stated}\n")
        assert not registers.load(store, OWNER, "offices", file, at).rejected
    assert offices.known(store, NOW).date_orders == {"XMNEW": "day_first"}
    assert offices.known(store, later(hours=1)).date_orders == {"XMOLD": "month_first"}
    file = written(tmp_path, "code,date_order\nXMNEW,backwards\n")
    (wrong,) = registers.load(store, OWNER, "offices", file, later(hours=2)).rejected
    assert wrong.reason_code == "choice_unknown"


def test_each_load_is_in_the_audit_chain_with_its_account(store: Store):
    registers.load(store, OWNER, "dealers", SAMPLES / "dealers.csv", NOW, source="board")
    table = Audit.__table__  # type: ignore[attr-defined]
    with store.read() as connection:
        row = connection.execute(table.select().where(table.c.action == "register.load")).one()
        assert audit.verify(connection).ok
    assert row.subject == "register:dealers"
    assert row.detail["accepted"] == 3 and row.detail["source"] == "board"


def test_who_may_load_and_look(store: Store):
    file = SAMPLES / "dealers.csv"
    with pytest.raises(NotAllowed):
        registers.load(store, INES, "dealers", file, NOW)
    with pytest.raises(NotAllowed):
        registers.entries(store, INES, "dealers", NOW)
    assert registers.held(store, AUDITOR)


def test_a_wrong_request_says_what_to_do(store: Store, tmp_path: Path):
    file = SAMPLES / "dealers.csv"
    with pytest.raises(UsageError, match="licences"):
        registers.load(store, OWNER, "licence", file, NOW)
    with pytest.raises(UsageError, match="lies ahead"):
        registers.load(store, OWNER, "dealers", file, NOW, as_of=later(days=1))
    with pytest.raises(UsageError, match="csv"):
        registers.load(store, OWNER, "dealers", file, NOW, format="edifact")
    with pytest.raises(InputError, match="known columns"):
        registers.load(store, OWNER, "sightings", file, NOW)
    assert registers.entries(store, OWNER, "sightings", NOW).empty


def test_every_column_of_every_register_is_documented():
    told = (SAMPLES.parents[2] / "docs" / "registers.md").read_text("utf-8")
    for spec in REGISTERS.values():
        section = told.split(f"### `{spec.name}`", 1)[1].split("\n###", 1)[0]
        for column in spec.columns:
            assert f"| `{column.name}`" in section, (spec.name, column.name)
    for value in (one for values in VALUES.values() for one in values):
        assert f"`{value}`" in told


def test_a_licence_for_what_begins_no_hs_code_warns(store, tmp_path):
    file = tmp_path / "licences.csv"
    rows = ["L1,93xx", "L2,9303|9305.10", "L3,77", "L4,9|93|930|9306|930690", "L5,"]
    file.write_text("\n".join(["licence_number,hs_codes", *rows]))
    told = registers.load(store, OWNER, "licences", file, NOW)
    assert (told.accepted, told.warnings) == (5, {"hs_unknown": 2})


@pytest.mark.parametrize(
    ("kind", "heading", "rows", "odd"),
    [
        (
            "embargoes",
            "country,goods,starts_at,source",
            ["AQ,93xx,2020-01-01,N", "AQ,93.06|36 02,2020-01-01,N", "AQ,,2020-01-01,N"],
            1,
        ),
        # Of its chapters a company has two digits each: a spreadsheet leaves one of 03.
        ("parties", "party_id,activities", ["P1,94|77", "P2,3", "P3,94|39.26", "P4,"], 2),
    ],
)
def test_goods_and_activities_that_begin_no_hs_code_warn(store, tmp_path, kind, heading, rows, odd):
    file = tmp_path / f"{kind}.csv"
    file.write_text("\n".join([heading, *rows]))
    told = registers.load(store, OWNER, kind, file, NOW)
    assert (told.accepted, told.warnings) == (len(rows), {"hs_unknown": odd})
