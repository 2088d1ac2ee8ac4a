"""A batch that was left is ended without its file, and loses nothing by it."""

from __future__ import annotations

import os
import shutil
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import insert, select, text

from riskprofile.errors import (
    Conflict,
    InputError,
    NotAllowed,
    Overtaken,
    PolicyError,
    ScorecardError,
    UsageError,
)
from riskprofile.profiles import SHIPMENT
from riskprofile.scoring.ranking import Capacity
from riskprofile.scoring.reasons import Phrasing
from riskprofile.services import govern, retention, settings, switching
from riskprofile.services.assigning import ACTION
from riskprofile.services.desk import load_several
from riskprofile.services.finishing import finish, stuck
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.lanes import Ranked
from riskprofile.services.opening import begin, go_on
from riskprofile.services.raters import FORMER
from riskprofile.services.run import Options, Run, Summary, unseen
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.steps import STORING, WORDING, Step
from riskprofile.store import artefacts, audit, batches, phrasings
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store, serialise
from tests import factory
from tests.factory import write
from tests.services.bench import EITHER, until_it_waits

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SARA = Actor("sara", "supervisor")
LATER = NOW + timedelta(hours=1)  # a process opens the scorecards of a time once
WHY = "the sender made it anew"


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def rate(store: Store, home: Settings, path: Path, at: datetime = NOW, **options: Any) -> Run:
    return screen(store, home, OWNER, [path], Options(**options), at)


def stopped(store: Store, home: Settings, path: Path, **options: Any) -> str:
    """A run of this file that is told to stop after 40 rows: the batch that it left."""

    def stop(name: str, rows: int) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    asked = Options(chunk_rows=40, **options)
    run = screen(store, home, OWNER, [path], asked, NOW, progress=stop)
    assert (run.exit_code, run.summary.accepted) == (143, 40)
    ((batch, state),) = govern.unfinished(store, OWNER).items()
    assert state == "stopped"
    return batch


def ranked(store: Store) -> list[str]:
    with store.read() as connection:
        found = connection.execute(text("SELECT record_id FROM alert ORDER BY record_id"))
        return list(found.scalars())


@pytest.mark.parametrize("history", [False, True])
def test_a_batch_of_which_nothing_is_stored_is_ended_too_and_its_file_may_come(
    store: Store, home: Settings, tmp_path: Path, history: bool
) -> None:
    """As a kill, or a full disk, before the first chunk leaves it."""
    day = write(tmp_path / "day.csv", factory.shipments(40))
    asked = Options(history=history)
    batch = begin(store, OWNER, day, asked, NOW, Summary())
    assert batch is not None
    run = finish(store, home, OWNER, batch.id, WHY, NOW)
    assert (run.summary.read, run.summary.alerts["total"]) == (0, 0)
    assert govern.unfinished(store, OWNER) == {}
    again = screen(store, home, OWNER, [day], asked, NOW)
    assert (again.summary.accepted, again.summary.duplicate) == (40, 0)


def test_what_is_stored_is_ranked_as_the_batch_was_asked_to_be(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table, capacity = factory.shipments(100), Capacity(7, random_share=0.0)
    table.loc[3, "hs_code"] = "94018"
    day = write(tmp_path / "day.csv", table)
    batch = stopped(store, home, day, capacity=capacity)
    day.unlink()
    assert ranked(store) == []
    run = finish(store, home, OWNER, batch, WHY, NOW)
    assert (run.summary.read, run.summary.accepted) == (40, 40)
    assert len(ranked(store)) == run.summary.alerts["total"] > 0
    assert govern.unfinished(store, OWNER) == {}

    alone = settings.load({}, home=tmp_path / "alone")
    other = settings.open_store(alone)
    expected = rate(other, alone, write(tmp_path / "some.csv", table[:40]), capacity=capacity)
    other.close()
    told = ["rank", "record_id", "lane", "queue", "points", "selected_by", "indicators"]
    pd.testing.assert_frame_equal(run.ranked[0].table[told], expected.ranked[0].table[told])
    assert run.summary.warnings == expected.summary.warnings
    assert run.summary.warnings["hs_odd_length"] == 1


def test_that_it_was_ended_so_and_why_is_audited(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    batch = stopped(store, home, write(tmp_path / "day.csv", factory.shipments(100)))
    finish(store, home, OWNER, batch, WHY, NOW)
    with store.read() as connection:
        asked = text("SELECT sequence, subject FROM audit WHERE action = 'batch.cut'")
        ((number, subject),) = connection.execute(asked).all()
        assert (subject, audit.said(connection, [number])) == (f"batch:{batch}", {number: WHY})


@EITHER
def test_another_file_with_its_rows_says_that_they_are_on_no_list(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(100)
    batch = stopped(store, home, write(tmp_path / "day.csv", table))
    anew = rate(store, home, write(tmp_path / "anew.csv", table[::-1]))
    assert (anew.summary.accepted, anew.summary.duplicate) == (60, 40)
    assert anew.summary.unfinished == {batch: 40}
    before = set(ranked(store))
    finish(store, home, OWNER, batch, WHY, NOW)
    after = rate(store, home, write(tmp_path / "again.csv", table[50:]))
    assert after.summary.unfinished == {}
    first = set(table["declaration_id"][:40])
    mine = {one for one in set(ranked(store)) - before if one.split("@")[0] in first}
    assert mine
    assert mine == set(ranked(store)) - before


def test_the_file_that_comes_all_the_same_is_read_and_its_rest_is_rated(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(100))
    finish(store, home, OWNER, stopped(store, home, day), WHY, NOW)
    for resume in (True, False):
        run = rate(store, home, day, resume=resume)
        rest = (60, 40) if resume else (0, 100)  # then the whole file is known
        assert (run.summary.accepted, run.summary.duplicate) == rest
    assert run.summary.batches[-1]["state"] == "duplicate"


def test_a_batch_that_goes_on_with_another_capacity_says_so_and_is_ended_with_that(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(100))
    batch = stopped(store, home, day, capacity=Capacity(8))
    run = rate(store, home, day, LATER, capacity=Capacity(3), resume=True)
    both = ("8 examinations, 10% of them random", "3 examinations, 10% of them random")
    assert (run.summary.recut, run.summary.alerts["lane"]["red"]) == ({batch: both}, 3)
    [said] = unseen(run.summary)
    assert all(one in said for one in (batch, *both))
    names = [f"other-{n}" for n in range(100)]
    day = write(tmp_path / "other.csv", factory.shipments(100, declaration_id=names))
    batch = stopped(store, home, day, capacity=Capacity(8))
    for capacity, told in ((8, {}), (3, {batch: both}), (3, {})):
        summary = Summary()
        begin(store, OWNER, day, Options(capacity=Capacity(capacity), resume=True), NOW, summary)
        assert summary.recut == told
    assert finish(store, home, OWNER, batch, WHY, LATER).summary.alerts["lane"]["red"] == 3


def test_a_batch_that_goes_on_after_all_is_whole(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Also where chunks are of another size by now: its cursor counts those that it began with."""
    day = write(tmp_path / "day.csv", factory.shipments(100))
    stopped(store, home, day)
    assert rate(store, home, day, resume=True).summary.accepted == 100
    assert rate(store, home, day).summary.batches[-1]["state"] == "duplicate"


def test_past_declarations_are_ended_as_such(store: Store, home: Settings, tmp_path: Path) -> None:
    batch = stopped(store, home, write(tmp_path / "p.csv", factory.shipments(100)), history=True)
    assert finish(store, home, OWNER, batch, WHY, NOW).ranked == []
    assert (ranked(store), govern.unfinished(store, OWNER)) == ([], {})


@pytest.mark.parametrize("history", [False, True])
def test_what_is_half_loaded_as_past_is_not_rated_nor_the_other_way_round(
    store: Store, home: Settings, tmp_path: Path, history: bool
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(100))
    batch = stopped(store, home, day, history=history)
    done, command = ("loaded as past", "history load") if history else ("rated", "score")
    for options in ({}, {"resume": True}, {"again": True}):
        with pytest.raises(Conflict, match=f"being {done}.*{command} FILE --resume.* {batch} "):
            rate(store, home, day, LATER, history=not history, **options)
    assert rate(store, home, day, LATER, history=history, resume=True).summary.accepted == 100
    run = rate(store, home, day, LATER, history=not history)
    assert run.summary.read == run.summary.accepted + run.summary.duplicate == 100


def test_it_is_refused_without_a_reason_by_others_and_of_what_has_ended(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    batch = stopped(store, home, write(tmp_path / "day.csv", factory.shipments(100)))
    with pytest.raises(UsageError, match="reason"):
        finish(store, home, OWNER, batch, " ", NOW)
    with pytest.raises(InputError, match="there is no batch"):
        finish(store, home, OWNER, "20261124-000000-abcdef", WHY, NOW)
    with pytest.raises(NotAllowed):
        finish(store, home, replace(OWNER, role="officer"), batch, WHY, NOW)
    finish(store, home, OWNER, batch, WHY, NOW)
    with pytest.raises(Conflict, match="ended already"):
        finish(store, home, OWNER, batch, WHY, NOW)


def test_the_scorecard_that_rated_it_tells_of_it_whatever_serves_now(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    govern.enable_profile(store, OWNER, "traveller", "a law", "an assessment", NOW)
    day = write(tmp_path / "day.csv", factory.travellers(100))
    batch = stopped(store, home, day)
    govern.enable_profile(store, OWNER, "traveller", "a law", "an assessment", NOW, learnt=True)
    with pytest.raises(ScorecardError, match=f"finish {batch}"):
        rate(store, home, day, LATER, resume=True)
    run = finish(store, home, OWNER, batch, WHY, LATER)
    assert run.summary.model_versions == {"traveller": "2026.11.1-criteria"}
    with store.read() as connection:
        found = connection.execute(select(Alert.__table__)).mappings().all()
        told = [phrasings.told(connection, one) for one in found]
    for alert, (raising, lowering) in zip(found, told, strict=True):
        assert alert["model_version"] == "2026.11.1-criteria"
        assert sum(one["points"] for one in raising + lowering) == alert["points"]
    assert found
    assert rate(store, home, day, LATER).summary.model_versions == {"traveller": "2026.11.2"}


def test_a_scorecard_that_is_gone_ends_nothing(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(100))
    batch = stopped(store, home, day)
    with store.write() as connection:
        connection.execute(text("UPDATE batch SET model_digest = 'other', model_version = '2020'"))
    with pytest.raises(ScorecardError, match="let the former release end the batch"):
        finish(store, home, OWNER, batch, WHY, NOW)
    with store.read() as connection:
        cut = text("SELECT count(*) FROM audit WHERE action = 'batch.cut'")
        assert connection.execute(cut).scalar() == 0
    with pytest.raises(ScorecardError, match="let the former release end the batch") as told:
        rate(store, home, day, LATER, resume=True)
    assert "riskprofile finish" not in str(told.value)
    assert govern.unfinished(store, OWNER) == {batch: "stopped"}
    assert stuck(store, home, OWNER) == {batch: ("shipment 2020", FORMER)}


def test_of_an_altered_scorecard_it_is_told_to_restore_that_and_no_former_release(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(home.models, models)
    batch = stopped(store, home, write(tmp_path / "day.csv", factory.shipments(100)))
    version = (models / "shipment" / "CURRENT").read_text().strip()
    structure = models / "shipment" / version / "scorecard.json"
    whole = structure.read_bytes()
    structure.write_bytes(whole.replace(b'"base": -', b'"base": -1', 1))
    here = home.model_copy(update={"models": models})
    restore = "Restore the folder of that version"
    assert stuck(store, here, OWNER) == {batch: (f"shipment {version}", restore)}
    with pytest.raises(ScorecardError, match=rf"altered or cut\. {restore}$"):
        finish(store, here, OWNER, batch, WHY, NOW)
    structure.write_bytes(whole)
    finish(store, here, OWNER, batch, WHY, NOW)
    assert stuck(store, here, OWNER) == {}


def test_a_program_that_still_reads_it_comes_no_further(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(100))
    ended: list[Run] = []

    def other(name: str, rows: int) -> None:
        if not ended:
            ((batch, state),) = govern.unfinished(store, OWNER).items()
            assert state == "running"
            ended.append(finish(store, home, OWNER, batch, WHY, LATER))

    with pytest.raises(Overtaken):
        screen(store, home, OWNER, [day], Options(chunk_rows=40), NOW, progress=other)
    (view,) = govern.batches(store, OWNER)
    assert (view.state, view.read, view.accepted) == ("done", 40, 40)
    assert rate(store, home, day, LATER).summary.accepted == 60


def test_a_program_that_began_the_end_of_it_stores_no_list(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Whoever resumes a batch last is the one that ends it."""
    day = write(tmp_path / "day.csv", factory.shipments(60))
    ended: list[Run] = []

    def other(name: str, done: int, of: int | None) -> None:
        if name == WORDING and not ended:
            (batch,) = govern.unfinished(store, OWNER)
            ended.append(finish(store, home, OWNER, batch, WHY, LATER))

    with pytest.raises(Overtaken):
        screen(store, home, OWNER, [day], Options(), NOW, progress=factory.Steps(other))
    assert len(ranked(store)) == ended[0].summary.alerts["total"] > 0


def test_a_run_overtaken_in_one_file_leaves_the_others_to_go_on_with(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(120)
    files = [write(tmp_path / "1.csv", table[:60]), write(tmp_path / "2.csv", table[60:])]

    def other(name: str, done: int, of: int | None) -> None:
        if name == WORDING and [*govern.unfinished(store, OWNER).values()] == ["running"] * 2:
            first, _ = govern.unfinished(store, OWNER)
            finish(store, home, OWNER, first, WHY, LATER)

    with pytest.raises(Overtaken):
        screen(store, home, OWNER, files, Options(), NOW, progress=factory.Steps(other))
    ((left, state),) = govern.unfinished(store, OWNER).items()
    assert state == "stopped"
    (source,) = [one.source for one in govern.batches(store, OWNER) if one.id == left]
    assert rate(store, home, tmp_path / source, LATER, resume=True).summary.accepted == 60


def test_a_file_given_twice_is_a_duplicate_in_the_same_run(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    one = write(tmp_path / "1.csv", factory.shipments(30))
    two = tmp_path / "2.csv"
    two.write_bytes(one.read_bytes())
    for resume in (False, True):
        run = screen(store, home, OWNER, [one, two], Options(resume=resume), NOW)
        assert run.summary.duplicate == (60 if resume else 30)
    assert govern.unfinished(store, OWNER) == {}


def test_what_was_all_rated_before_it_was_stopped_keeps_its_scorecard(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    govern.enable_profile(store, OWNER, "traveller", "a law", "an assessment", NOW)
    day = write(tmp_path / "day.csv", factory.travellers(40))  # nothing of it is left to rate
    stopped(store, home, day)
    govern.enable_profile(store, OWNER, "traveller", "a law", "an assessment", NOW, learnt=True)
    with pytest.raises(ScorecardError, match="finish"):
        rate(store, home, day, LATER, resume=True)


def test_rows_that_retention_took_out_before_it_ended_are_told_and_not_ranked(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    govern.enable_profile(store, OWNER, "traveller", "a law", "an assessment", NOW)
    batch = stopped(store, home, write(tmp_path / "day.csv", factory.travellers(100)))
    over = retention.due_at(NOW, 12 * 20)
    told = retention.run(store, home, OWNER, over)
    assert (told.removed, told.unranked) == (40, 40)
    run = finish(store, home, OWNER, batch, WHY, over)
    assert (run.ranked, ranked(store)) == ([], [])
    assert run.summary.removed == {batch: 40}
    assert "reached the end of the term" in " ".join(unseen(run.summary))


def test_what_is_left_of_it_is_ranked_without_what_retention_took_out(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    govern.enable_profile(store, OWNER, "traveller", "a law", "an assessment", NOW)
    table = factory.travellers(100)
    day = write(tmp_path / "day.csv", table)
    stopped(store, home, day)
    told = retention.run(store, home, OWNER, retention.due_at(NOW, 12 * 20))
    run = rate(store, home, day, LATER, resume=True)
    assert (told.unranked, run.summary.accepted) == (40, 100)
    assert len(run.ranked[0].table) == 60
    assert [name for name in ranked(store) if name.startswith("removed")] == []


def test_nothing_is_ended_while_rating_is_paused_or_the_profile_is_off(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    govern.enable_profile(store, OWNER, "traveller", "a law", "an assessment", NOW)
    batch = stopped(store, home, write(tmp_path / "day.csv", factory.travellers(100)))
    switching.pause(store, OWNER, "labels under review", NOW)
    with pytest.raises(PolicyError, match="paused"):
        finish(store, home, OWNER, batch, WHY, NOW)
    switching.resume(store, OWNER, NOW)
    govern.disable_profile(store, OWNER, "traveller", NOW)
    with pytest.raises(PolicyError, match="profile is off"):
        finish(store, home, OWNER, batch, WHY, NOW)
    with store.read() as connection:
        asked = text("SELECT count(*) FROM audit WHERE action = 'batch.cut'")
        assert connection.execute(asked).scalar() == 0


def states(store: Store) -> dict[str, int]:
    with store.read() as connection:
        found = connection.execute(text("SELECT state, count(*) FROM record GROUP BY state"))
        return {state: int(count) for state, count in found}


def test_what_is_loaded_as_history_takes_no_place_of_what_was_rated(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Nor of what is going to be, where a run was stopped: it would be on no list."""
    table = factory.shipments(100)
    day = write(tmp_path / "day.csv", table)
    stopped(store, home, day)
    changed = table[20:60].assign(goods_description="chairs of another kind")
    load = rate(store, home, write(tmp_path / "past.csv", changed), history=True)
    assert (load.summary.accepted, load.summary.duplicate) == (40, 0)
    assert states(store) == {"accepted": 40, "superseded": 20, "history": 20}
    run = rate(store, home, day, LATER, resume=True)
    assert len(run.ranked[0].table) == 100
    rate(store, home, write(tmp_path / "again.csv", changed[::-1]), LATER, history=True)
    assert states(store)["accepted"] == 100


def test_what_was_kept_back_before_a_stop_is_told_again(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "KEPT_AT_ONCE", 2)
    table = factory.shipments(100).drop(columns=["source", "line", "warnings"]).astype(object)
    for place in (3, 7, 9, 20, 30, 50):
        table.loc[place, "gross_mass_kg"] = "12,5 kgs"
    day = tmp_path / "day.csv"
    table.to_csv(day, index=False)

    def stop(name: str, rows: int) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    options = Options(chunk_rows=40, max_bad_share=1.0)
    left = screen(store, home, OWNER, [day], options, NOW, progress=stop)
    before = [5, 9, 11, 22, 32]
    assert [one.line for one in left.rejected] == before
    run = rate(store, home, day, resume=True, max_bad_share=1.0)
    assert [one.line for one in run.rejected] == [*before, 52]
    assert run.summary.quarantined == sum(run.summary.quarantined_by_reason.values()) == 6


def test_a_batch_that_ended_since_it_was_looked_at_is_not_ended_once_more(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(100))
    batch = stopped(store, home, day)
    with store.read() as connection:
        seen = batches.as_it_is(connection, batch)
    rate(store, home, day, LATER, resume=True)
    before = ranked(store)
    with store.write() as connection, pytest.raises(Conflict, match="has ended already"):
        go_on(connection, seen, LATER, Summary(), cut=True)
    assert (ranked(store), govern.unfinished(store, OWNER)) == (before, {})


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_who_goes_on_with_a_batch_that_is_just_ending_waits_for_its_end(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Neither is undone because each would wait for what the other holds."""
    day = write(tmp_path / "day.csv", factory.shipments(60))
    told, resumed = Summary(), list[Future[object]]()

    def other(name: str, done: int, of: int | None) -> None:
        if name != STORING or resumed:
            return
        asked = Options(resume=True)
        resumed.append(beside.submit(begin, store, OWNER, day, asked, LATER, told))
        until_it_waits(store, resumed[0])

    with ThreadPoolExecutor(1) as beside:
        run = screen(store, home, OWNER, [day], Options(), NOW, progress=factory.Steps(other))
        assert resumed[0].result() is None
    assert (run.summary.accepted, told.duplicate) == (60, 60)
    assert len(ranked(store)) == run.summary.alerts["total"] > 0
    assert govern.unfinished(store, OWNER) == {}


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_batch_that_is_just_ending_is_not_said_to_have_been_cut(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(60))
    others = list[Future[object]]()

    def other(name: str, done: int, of: int | None) -> None:
        if name != STORING or others:
            return
        (batch,) = govern.unfinished(store, OWNER)
        others.append(beside.submit(finish, store, home, OWNER, batch, WHY, LATER))
        until_it_waits(store, others[0])

    with ThreadPoolExecutor(1) as beside:
        run = screen(store, home, OWNER, [day], Options(), NOW, progress=factory.Steps(other))
        with pytest.raises(Conflict, match="has ended already"):
            others[0].result()
    assert len(ranked(store)) == run.summary.alerts["total"]
    with store.read() as connection:
        asked = text("SELECT count(*) FROM audit WHERE action = 'batch.cut'")
        assert connection.execute(asked).scalar() == 0


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_run_whose_declarations_another_lists_at_the_same_moment_ranks_them_once_more(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(20, goods_description="pistol slides and barrels")
    rate(store, home, write(tmp_path / "day.csv", table))
    newer, under_way, others = text("UPDATE alert SET version = 2"), Event(), list[Future[None]]()

    def list_them(run: Future[object]) -> None:
        with store.write() as connection:
            connection.execute(newer)
            under_way.set()
            until_it_waits(store, run)

    def other(name: str, done: int, of: int | None) -> None:
        if name == STORING and not others:
            others.append(beside.submit(list_them, Future()))
            under_way.wait()

    path = write(tmp_path / "amended.csv", table.assign(gross_mass_kg=900.0))
    with ThreadPoolExecutor(1) as beside:
        run = screen(store, home, OWNER, [path], Options(), LATER, progress=factory.Steps(other))
    assert run.summary.alerts["total"] == 20
    with store.read() as connection:
        asked = text("SELECT version, state, count(*) FROM alert GROUP BY 1, 2 ORDER BY 1")
        found = [tuple(row) for row in connection.execute(asked)]
    assert found == [(2, "superseded", 20), (3, "open", 20)]


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_runs_that_keep_the_same_words_first_do_not_wait_for_each_other_crosswise(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Who has the lock of the end keeps the words that another is about to keep."""
    held, others, worded = Event(), list[Future[None]](), list[int]()

    def end_theirs(run: Future[object]) -> None:
        with store.write() as connection:
            serialise(connection, batches.BATCH_LOCK)
            held.set()
            until_it_waits(store, run)  # for the lock
            card = artefacts.serving(home.models, "shipment")
            phrasings.keep(connection, Phrasing.of(SHIPMENT, card))

    def other(name: str, done: int, of: int | None) -> None:
        worded.extend([done] if name == WORDING else [])
        if name == STORING and not others:
            others.append(beside.submit(end_theirs, Future()))
            held.wait()

    day = write(tmp_path / "day.csv", factory.shipments(60))
    with ThreadPoolExecutor(1) as beside:
        run = screen(store, home, OWNER, [day], Options(), NOW, progress=factory.Steps(other))
        others[0].result()
    assert len(ranked(store)) == run.summary.alerts["total"] > 0
    assert worded.count(0) == 1  # once: it was not undone
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM phrasing")).scalar() == 1


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
@pytest.mark.parametrize("decides", [False, True])
def test_who_has_the_first_of_several_alerts_is_waited_for_before_any_is_taken(
    store: Store, home: Settings, tmp_path: Path, decides: bool
) -> None:
    """Several are given by their ids; here the references fall as those rise. What is decided
    meanwhile stands.
    """
    table = factory.shipments(6, goods_description="pistol slides and barrels")
    for place in reversed(range(6)):
        rate(store, home, write(tmp_path / f"{place}.csv", table[place : place + 1]))
    with store.read() as connection:
        asked = "SELECT array_agg(id ORDER BY id), array_agg(id ORDER BY record_id DESC) FROM alert"
        ids, fallen = connection.execute(text(asked)).one()
    assert len(ids) == 6 and ids == fallen
    under_way, others, worded = Event(), list[Future[None]](), list[int]()

    def give_theirs(run: Future[object]) -> None:
        with store.write() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '1h'"))
            load_several(connection, SARA, ACTION, ids[:1])
            under_way.set()
            until_it_waits(store, run)
            load_several(connection, SARA, ACTION, ids)
            if decides:
                held = insert(batches.decision_table).values(
                    alert_id=ids[0], decision="examine", reason="seals", officer="ines", at=LATER
                )
                connection.execute(held)

    def other(name: str, done: int, of: int | None) -> None:
        worded.extend([done] if name == WORDING else [])
        if name == STORING and not others:
            others.append(beside.submit(give_theirs, Future()))
            under_way.wait()

    path = write(tmp_path / "amended.csv", table.assign(gross_mass_kg=900.0))
    with ThreadPoolExecutor(1) as beside:
        run = screen(store, home, OWNER, [path], Options(), LATER, progress=factory.Steps(other))
        others[0].result()
    assert run.summary.alerts["total"] == 6
    assert worded.count(0) == 1  # once: it was not undone
    with store.read() as connection:
        asked = "SELECT id FROM alert WHERE state = 'open' AND version = 1"
        assert connection.execute(text(asked)).scalars().all() == ids[: int(decides)]


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_list_that_was_printed_is_stored_though_another_and_it_waited_for_each_other(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Nor does what was undone count in the account of the run."""
    table = factory.shipments(20, goods_description="pistol slides and barrels")
    rate(store, home, write(tmp_path / "day.csv", table))
    under_way, others, printed = Event(), list[Future[None]](), list[int]()

    def end_theirs(run: Future[object]) -> None:
        with store.write() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '1h'"))
            connection.execute(text("UPDATE alert SET version = 2"))
            under_way.set()
            until_it_waits(store, run)
            serialise(connection, batches.BATCH_LOCK)

    def other(name: str, done: int, of: int | None) -> None:
        if name == STORING and not others:
            others.append(beside.submit(end_theirs, Future()))
            under_way.wait()

    def on_paper(lists: list[Ranked], step: Step) -> AbstractContextManager[None]:
        printed.append(sum(len(one.declared) for one in lists))
        return nullcontext()

    path = write(tmp_path / "amended.csv", table.assign(gross_mass_kg=900.0))
    with ThreadPoolExecutor(1) as beside:
        run = screen(
            store, home, OWNER, [path], Options(), LATER,
            progress=factory.Steps(other), written=on_paper,
        )  # fmt: skip
        others[0].result()
    assert (printed, run.summary.alerts["total"], len(run.summary.batches)) == ([20], 20, 1)
    with store.read() as connection:
        asked = text("SELECT version, state, count(*) FROM alert GROUP BY 1, 2 ORDER BY 1")
        found = [tuple(row) for row in connection.execute(asked)]
    assert found == [(2, "superseded", 20), (3, "open", 20)]


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_what_is_undone_by_a_deadlock_at_the_audit_does_not_count(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Whoever holds the chain and waits for what the run holds: all of its end is made again."""
    path = write(tmp_path / "day.csv", factory.shipments(20, goods_description="pistol slides"))
    under_way, others = Event(), list[Future[None]]()

    def take_the_chain(run: Future[object]) -> None:
        with store.write() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '1h'"))
            audit.append(connection, actor="a", action="b", subject="c:1", now=NOW)
            under_way.set()
            until_it_waits(store, run)
            connection.execute(text("UPDATE batch SET source = source"))

    def other(name: str, done: int, of: int | None) -> None:
        if name == STORING and not others:
            others.append(beside.submit(take_the_chain, Future()))
            under_way.wait()

    with ThreadPoolExecutor(1) as beside:
        run = screen(store, home, OWNER, [path], Options(), NOW, progress=factory.Steps(other))
        others[0].result()
    assert (run.summary.alerts["total"], len(run.summary.batches)) == (20, 1)
    assert len(ranked(store)) == 20
