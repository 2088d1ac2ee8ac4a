"""Screening takes every record exactly once, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
import signal
import time
import tracemalloc
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, text

from riskprofile.errors import (
    Conflict,
    Damaged,
    InputError,
    Overtaken,
    PolicyError,
    ScorecardError,
    TooManyBadRows,
)
from riskprofile.profiles import PROFILES
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import ending, govern, opening, replay, settings, switching
from riskprofile.services.describing import Material
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options, Run, Stop
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.steps import COMPARING, RANKING, STORING, WORDING
from riskprofile.store import audit, phrasings
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.store.table_bytes import from_bytes, to_bytes
from riskprofile.tables import Table
from tests import factory
from tests.conftest import LATE
from tests.factory import write
from tests.faults import runs

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def rate(store: Store, home: Settings, *paths: Path, **options: Any) -> Run:
    return screen(store, home, OWNER, list(paths), Options(**options), NOW)


def adds_up(run: Run) -> bool:
    told = run.summary
    return told.read == told.accepted + told.quarantined + told.duplicate


def count(store: Store, table: str) -> int:
    with store.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_file_becomes_a_ranked_list_and_alerts(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    run = rate(store, home, write(tmp_path / "day.csv", factory.shipments(60)))
    told = run.summary
    assert adds_up(run)
    assert (told.read, told.accepted) == (60, 60)
    assert told.alerts["lane"]["red"] == 3  # five per cent, the random draw among them
    assert count(store, "alert") == told.alerts["total"]
    (ranked,) = run.ranked
    assert ranked.table["rank"].tolist() == list(range(1, 61))
    assert set(ranked.table["selected_by"].dropna()) >= {"score", "random"}


def test_others_write_while_alerts_are_worded_and_parties_compared(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote = []

    def beside(place: object, name: str) -> None:
        work = getattr(place, name)

        def both(*given: Any) -> Any:
            with store.write(patience=0.0) as connection:  # at once, or not at all
                audit.append(connection, actor="officer-14", action=name, subject="alert", now=NOW)
            wrote.append(name)
            return work(*given)

        monkeypatch.setattr(place, name, both)

    beside(Material, "work")
    beside(ending, "among_themselves")
    rows = factory.shipments(60, consignee_name=[f"Selban {n} Trading" for n in range(60)])
    run = rate(store, home, write(tmp_path / "day.csv", rows))
    assert wrote == ["work", "among_themselves"]
    assert count(store, "alert") == run.summary.alerts["total"] > 0
    assert count(store, "party_form") == 60


def test_the_same_file_again_or_renamed_makes_no_second_alert(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(40))
    rate(store, home, day)
    before = count(store, "alert"), count(store, "record")
    renamed = tmp_path / "again.csv"
    renamed.write_bytes(day.read_bytes())
    run = rate(store, home, renamed)
    assert adds_up(run)
    assert (run.summary.duplicate, run.summary.alerts["total"]) == (40, 0)
    assert run.summary.batches[0]["state"] == "duplicate"
    assert (count(store, "alert"), count(store, "record")) == before


def test_the_same_rows_in_another_order_are_duplicates(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(40)
    rate(store, home, write(tmp_path / "day.csv", table))
    run = rate(store, home, write(tmp_path / "turned.csv", table.iloc[::-1]))
    assert adds_up(run)
    assert (run.summary.accepted, run.summary.duplicate) == (0, 40)
    assert run.summary.alerts["total"] == 0


def test_one_changed_row_makes_exactly_one_new_version(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(40)
    rate(store, home, write(tmp_path / "day.csv", table))
    table.loc[7, "gross_mass_kg"] = 9000.0
    run = rate(store, home, write(tmp_path / "amended.csv", table))
    assert (run.summary.accepted, run.summary.duplicate) == (1, 39)
    with store.read() as connection:
        versions = connection.execute(
            text("SELECT version, state FROM record WHERE record_id LIKE 'XM-000007@%' ORDER BY 1")
        ).all()
    assert [tuple(row) for row in versions] == [(1, "superseded"), (2, "accepted")]


def test_rows_of_one_declaration_without_item_numbers_are_its_items_in_order(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.shipments(
        3, declaration_id="XM-1", item_number=None, goods_description=["a b", "c d", "e f"]
    )
    run = rate(store, home, write(tmp_path / "items.csv", table), chunk_rows=2)
    assert run.summary.accepted == 3
    assert len(run.ranked[0].table) == 1
    with store.read() as connection:
        items = connection.execute(text("SELECT item FROM record ORDER BY item")).scalars().all()
    assert list(items) == [1, 2, 3]


def test_every_stored_score_is_replayed_from_the_log(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, write(tmp_path / "day.csv", factory.shipments(50)), chunk_rows=20)
    told = replay.replay(store, home.models)
    assert (told.same, told.differ) == (50, [])
    explained = replay.explain(store, home.models, "XM-000003")
    terms = explained.reasons + explained.against
    assert sum(term["points"] for term in terms) == explained.points


def test_an_alert_says_what_it_said_when_a_later_release_says_it_otherwise(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> dict[str, Any]:
        with store.read() as connection:
            rows = connection.execute(select(Alert.__table__)).mappings().all()
            return {row["record_id"]: phrasings.told(connection, row) for row in rows}

    day = factory.shipments(100)
    rate(store, home, write(tmp_path / "first.csv", day[:50]))
    before = told()
    said = [replace(one, reads=f"anew, {one.reads}") for one in PROFILES["shipment"].features]
    monkeypatch.setitem(PROFILES, "shipment", replace(PROFILES["shipment"], features=said))
    monkeypatch.setattr(phrasings, "_known", {})  # as in another process
    assert told() == before != {}
    second = write(tmp_path / "second.csv", day[50:])
    screen(store, home, OWNER, [second], Options(), NOW + timedelta(hours=1))
    after = told()
    assert {name: after[name] for name in before} == before
    for name, sides in after.items():
        texts = [one["text"] for side in sides for one in side if one["term"] != "base"]
        anew = [text.startswith("anew, ") for text in texts]
        assert any(anew) is (name not in before) and texts
    assert len(after) > len(before) and count(store, "phrasing") == 2


def test_a_scorecard_of_a_former_release_hides_no_other_score_from_replay(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, write(tmp_path / "first.csv", factory.shipments(20)))
    rate(store, home, write(tmp_path / "second.csv", factory.shipments(50)[20:]))
    with store.write() as connection:
        first = "(SELECT id FROM batch ORDER BY started_at LIMIT 1)"
        gone = "UPDATE batch SET model_version = '2025.01.1', model_digest = 'd' WHERE id = "
        connection.execute(text(gone + first))
    told = replay.replay(store, home.models)
    assert (told.same, told.differ) == (30, [])
    assert list(told.missing.values()) == [20]
    assert "2025.01.1" in next(iter(told.missing))
    with pytest.raises(ScorecardError, match=r"2025\.01\.1"):
        replay.replay(store, home.models, "XM-000003")
    elsewhere = "with the release that rated it, on a copy of the database from before the upgrade"
    assert [*told.mend.values()] == [f"Replay it {elsewhere}"]
    with pytest.raises(ScorecardError, match=f"Replay it {elsewhere}"):
        replay.replay(store, home.models, "XM-000003")
    with pytest.raises(ScorecardError, match=f"Explain it {elsewhere}"):
        replay.explain(store, home.models, "XM-000003")


def test_of_an_altered_folder_of_scorecards_replay_says_to_restore_it(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, write(tmp_path / "day.csv", factory.shipments(20)))
    models = tmp_path / "models"
    shutil.copytree(home.models, models)
    version = (models / "shipment" / "CURRENT").read_text().strip()
    structure = models / "shipment" / version / "scorecard.json"
    structure.write_bytes(structure.read_bytes().replace(b'"base": -', b'"base": -1', 1))
    told = replay.replay(store, models)
    assert [*told.missing.values()] == [20]
    assert [*told.mend.values()] == ["Restore the folder of that version"]
    with pytest.raises(
        ScorecardError, match=r"altered or cut\. Restore the folder of that version$"
    ):
        replay.replay(store, models, "XM-000003")


@pytest.mark.parametrize(
    ("lost", "where"), [("batch", r"batch \S+: rows of it"), ("chunk", r"chunk \d+: a record")]
)
def test_of_scores_whose_batch_or_rows_are_gone_replay_says_to_restore_the_database(
    store: Store, home: Settings, tmp_path: Path, lost: str, where: str
) -> None:
    """As a program does that heeds no reference between tables."""
    rate(store, home, write(tmp_path / "day.csv", factory.shipments(20)))
    with store.outside() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute(f"DELETE FROM {lost}")
        cursor.connection.commit()
        cursor.execute("PRAGMA foreign_keys = ON")
    for ask in (replay.replay, replay.explain):
        with pytest.raises(Damaged, match=rf"^{where}.* Restore the last backup"):
            ask(store, home.models, "XM-000003")
    with pytest.raises(Damaged, match=where):
        replay.replay(store, home.models)


def test_thousands_of_scores_are_replayed_a_chunk_at_a_time_and_the_altered_one_is_named(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    rate(store, home, write(tmp_path / "day.csv", factory.shipments(60)), chunk_rows=30)
    columns = "profile, count, rows, features, events, kept"
    two_more = f"""INSERT INTO chunk (batch_id, number, {columns})
        SELECT batch_id, number + :n, {columns} FROM chunk WHERE number <= 2"""

    def replayed() -> tuple[replay.Replayed, int]:
        tracemalloc.start()
        told = replay.replay(store, home.models, progress=lambda what, rows: seen.append(rows))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return told, most

    seen: list[int] = []
    replayed()
    few, little = replayed()
    with store.write() as connection:
        for n in range(2, 100, 2):
            connection.execute(text(two_more), {"n": n})
        content = connection.execute(text("SELECT features FROM chunk WHERE number = 73"))
        log = from_bytes(content.scalar_one())
        log.loc[7, "points"] += 1
        altered = {"f": to_bytes(log)}
        connection.execute(text("UPDATE chunk SET features = :f WHERE number = 73"), altered)
    seen.clear()
    many, much = replayed()
    assert (few.same, many.same, len(many.differ)) == (60, 2_999, 1)
    assert seen == list(range(30, 3_001, 30))
    assert much < 1.5 * little


def test_bad_rows_are_kept_apart_and_the_good_ones_rated(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(20))
    lines = day.read_text().replace("450.0", "1e309", 3)
    day.write_text(lines)
    run = rate(store, home, day)
    assert adds_up(run)
    assert (run.summary.accepted, run.summary.quarantined) == (17, 3)
    assert run.exit_code == 6  # 15 %, more than the 5 % allowed; the good rows are rated
    assert count(store, "quarantined") == 3
    fresh = settings.load({}, home=tmp_path / "strict")
    other = settings.open_store(fresh)
    with pytest.raises(TooManyBadRows):
        rate(other, fresh, day, strict=True)
    assert count(other, "record") == 0
    other.close()


def test_past_declarations_make_no_alert_and_may_be_rated_later(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    past = write(tmp_path / "past.csv", factory.shipments(30))
    loaded = rate(store, home, past, history=True)
    assert (loaded.summary.accepted, count(store, "alert")) == (30, 0)
    run = rate(store, home, past)
    assert (run.summary.accepted, run.summary.duplicate) == (30, 0)
    assert run.summary.alerts["total"] > 0


def test_travellers_are_refused_until_a_legal_basis_is_named(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    crossings = write(tmp_path / "crossings.csv", factory.travellers(20))
    with pytest.raises(PolicyError, match="legal basis"):
        rate(store, home, crossings)
    assert count(store, "record") == 0
    govern.enable_profile(store, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    assert rate(store, home, crossings).summary.accepted == 20


def test_nothing_is_rated_while_paused(store: Store, home: Settings, tmp_path: Path) -> None:
    switching.pause(store, OWNER, "labels under review", NOW)
    with pytest.raises(PolicyError, match="paused"):
        rate(store, home, write(tmp_path / "day.csv", factory.shipments(5)))


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 3, 5])
def test_a_pause_ends_a_run_at_its_next_commit_and_resume_finishes_it(
    store: Store, home: Settings, tmp_path: Path, after: int
) -> None:
    """Paused after so many of five chunks; the fifth is the last, and its ranking waits."""
    day = write(tmp_path / "day.csv", factory.shipments(100))
    apart = settings.load({}, home=tmp_path / "whole")
    undisturbed = settings.open_store(apart)
    expected = rate(undisturbed, apart, day, chunk_rows=20).ranked[0].table
    undisturbed.close()
    seen: list[int] = []

    def progress(_: str, rows: int) -> None:
        seen.append(rows)
        if len(seen) == after:
            switching.pause(store, OWNER, "wrong tariff file", NOW)

    options = Options(profile="shipment", chunk_rows=20, resume=True)
    with pytest.raises(PolicyError, match="paused"):
        screen(store, home, OWNER, [day], options, NOW, progress=progress)
    assert (count(store, "record"), count(store, "alert")) == (20 * after, 0)
    switching.resume(store, OWNER, NOW)
    again = screen(store, home, OWNER, [day], options, NOW)
    pd.testing.assert_frame_equal(
        again.ranked[0].table[["record_id", "rank", "points"]],
        expected[["record_id", "rank", "points"]],
    )


@pytest.mark.slow
def test_a_run_killed_at_any_moment_is_finished_by_resume(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(400))
    whole = settings.load({}, home=tmp_path / "whole")
    undisturbed = settings.open_store(whole)
    expected = rate(undisturbed, whole, day, chunk_rows=40).ranked[0].table
    undisturbed.close()

    home = settings.load({}, home=tmp_path / "killed")
    store = settings.open_store(home)

    def again() -> None:
        rate(settings.open_store(home), home, day, chunk_rows=40, resume=True)

    def reached(wanted: int) -> bool:
        with store.read() as connection:
            cursor = connection.execute(text("SELECT max(cursor) FROM batch")).scalar()
        return (cursor or 0) >= wanted

    killed = 0
    for wanted in (1, 4, 7):
        store.close()  # what is forked shares no connection
        process, answer = runs.child(again)
        deadline = time.monotonic() + LATE
        while not reached(wanted) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert reached(wanted)
        os.kill(process, signal.SIGKILL)
        code, _ = runs.ended(process, answer)
        killed += code == -signal.SIGKILL
    assert killed >= 1
    with store.read() as connection:
        state = connection.execute(text("SELECT state FROM batch")).scalar_one()
    if state != "done":
        with pytest.raises(Conflict, match="--resume"):
            rate(store, home, day, chunk_rows=40)
        run = rate(store, home, day, chunk_rows=40, resume=True)
        assert adds_up(run)
        assert run.summary.read == 400
        pd.testing.assert_frame_equal(
            run.ranked[0].table[["record_id", "points", "rank", "lane"]],
            expected[["record_id", "points", "rank", "lane"]],
        )
    assert count(store, "record") == 400
    assert replay.replay(store, home.models).differ == []
    store.close()


def test_a_check_that_fails_raises_its_rows_to_yellow_and_says_so(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from riskprofile.profiles import PROFILES
    from riskprofile.services import rater

    def broken(items: Table, history: object) -> pd.Series:
        raise KeyError("seal_numbers")

    shipment = PROFILES["shipment"]
    first = next(one for one in shipment.indicators if not one.over_batch)
    others = tuple(one for one in shipment.indicators if one is not first)
    changed = replace(shipment, indicators=(replace(first, compute=broken), *others))
    monkeypatch.setitem(PROFILES, "shipment", changed)
    rater.rater.cache_clear()
    try:
        run = rate(store, home, write(tmp_path / "day.csv", factory.shipments(40)))
    finally:
        rater.rater.cache_clear()
    assert run.summary.broken_indicators == {first.key: 40}
    lanes = run.ranked[0].table["lane"]
    assert (lanes != "green").all()
    with store.read() as connection:
        shown = connection.execute(text("SELECT indicators FROM alert LIMIT 1")).scalar_one()
    assert "was not evaluated" in str(shown)


def test_postgresql_gives_the_same_list_and_the_same_account(
    store: Store, home: Settings, tmp_path: Path, postgres_url: str
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(60))
    here = rate(store, home, day, chunk_rows=25)
    elsewhere = settings.load({}, home=tmp_path / "other", database_url=postgres_url)
    other = settings.open_store(elsewhere)
    there = rate(other, elsewhere, day, chunk_rows=25)
    again = rate(other, elsewhere, day, chunk_rows=25)
    columns = ["rank", "record_id", "points", "lane", "queue", "selected_by"]
    pd.testing.assert_frame_equal(here.ranked[0].table[columns], there.ranked[0].table[columns])
    assert here.summary.alerts == there.summary.alerts
    assert again.summary.duplicate == 60
    assert replay.replay(other, elsewhere.models).differ == []
    other.close()


def test_a_reference_with_a_zero_byte_keeps_its_row_back_alone_on_postgresql_too(
    tmp_path: Path, postgres_url: str
) -> None:
    table = factory.shipments(3)
    table["declaration_id"] = ["A\0B", "A1", "A2"]
    home = settings.load({}, home=tmp_path / "home", database_url=postgres_url)
    with closing(settings.open_store(home)) as store:
        told = rate(store, home, write(tmp_path / "day.csv", table)).summary
    assert (told.accepted, told.quarantined_by_reason) == (2, {"nul_byte": 1})


def test_travellers_are_rated_by_written_criteria_until_a_law_for_the_learnt_is_named(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    table = factory.travellers(30)
    versions = []
    for learnt in (False, True, False):
        govern.enable_profile(store, OWNER, "traveller", "Act 1", "IA-1", NOW, learnt=learnt)
        table["checked_bags"] = pd.array([len(versions) + 1] * 30, dtype="Int64")
        later = NOW.replace(hour=10 + len(versions))
        path = write(tmp_path / f"day{len(versions)}.csv", table)
        run = screen(store, home, OWNER, [path], Options(profile="traveller"), later)
        assert run.summary.accepted == 30
        versions.append(run.summary.model_versions["traveller"])
    assert versions == ["2026.11.1-criteria", "2026.11.2", "2026.11.1-criteria"]
    assert replay.replay(store, home.models).differ == []


def test_no_traveller_is_brought_up_by_points_that_no_criterion_gave(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """RU-1: with room for all of them, those of whom nothing is told stay off the list."""
    govern.enable_profile(store, OWNER, "traveller", "Act 1", "IA-1", NOW)
    table = factory.travellers(30)
    table["payment_method"] = pd.array(["card"] * 29 + ["cash"], dtype="str")
    table["ticket_type"] = pd.array(["one_way"] * 30, dtype="str")
    for name in ("checked_bags", "bag_mass_kg", "bag_tags", "stay_nights", "vehicle_ref"):
        table[name] = pd.NA
    for name in ("goods_declared", "firearms_declared", "ammunition_declared"):
        table[name] = pd.NA
    path = write(tmp_path / "day.csv", table)
    run = screen(store, home, OWNER, [path], Options(capacity=Capacity(30, random_share=0.1)), NOW)
    placed = run.ranked[0].table
    by_points = placed[placed["selected_by"] == "score"]
    assert (by_points["points"] > run.ranked[0].scorecard.base).all()
    assert placed["selected_by"].value_counts().to_dict() == {"random": 3, "score": 1}


def test_two_programs_that_go_on_with_one_batch_count_nothing_twice(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(30))
    behind: list[BaseException] = []

    def other(name: str, rows: int) -> None:
        if rows == 10:  # in the middle of the first run, another finishes the batch
            rate(store, home, day, chunk_rows=10, resume=True)

    try:
        screen(store, home, OWNER, [day], Options(chunk_rows=10), NOW, progress=other)
    except Overtaken as error:
        behind.append(error)
    assert len(behind) == 1
    (batch,) = govern.batches(store, OWNER)
    assert (batch.state, batch.read, batch.accepted, batch.adds_up) == ("done", 30, 30, True)
    assert count(store, "record") == 30
    assert count(store, "alert") == batch.alerts


def test_a_run_that_breaks_off_behind_another_leaves_what_that_said_of_their_batch(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(30))

    def fails(name: str, rows: int) -> None:
        raise KeyError(rows)

    def other(name: str, rows: int) -> None:  # meanwhile another goes on with it, and breaks off
        options = Options(chunk_rows=10, resume=True)
        with pytest.raises(KeyError):
            screen(store, home, OWNER, [day], options, NOW, progress=fails)
        raise ValueError(rows)

    with pytest.raises(ValueError, match="10"):
        screen(store, home, OWNER, [day], Options(chunk_rows=10), NOW, progress=other)
    (batch,) = govern.batches(store, OWNER)
    assert (batch.state, batch.read, batch.note) == ("stopped", 20, "KeyError")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_told_to_stop_ends_after_its_chunk_and_goes_on_as_if_undisturbed(
    tmp_path: Path, workers: int
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(200))
    whole = settings.load({}, home=tmp_path / "whole")
    undisturbed = settings.open_store(whole)
    expected = rate(undisturbed, whole, day, chunk_rows=40).ranked[0].table
    undisturbed.close()
    home = settings.load({}, home=tmp_path / "stopped")
    store = settings.open_store(home)
    told: list[int] = []

    def stop(name: str, rows: int) -> None:
        told.append(rows)
        os.kill(os.getpid(), signal.SIGTERM)

    options = Options(chunk_rows=40, workers=workers)
    stopped = screen(store, home, OWNER, [day], options, NOW, progress=stop)
    assert told == [40]
    assert (stopped.exit_code, stopped.summary.accepted, stopped.ranked) == (143, 40, [])
    again = rate(store, home, day, chunk_rows=40, workers=workers, resume=True)
    store.close()
    left = ["batch_id"]
    pd.testing.assert_frame_equal(
        again.ranked[0].table.drop(columns=left), expected.drop(columns=left)
    )


ENDS = [RANKING, WORDING, COMPARING, STORING]


def test_a_run_tells_what_it_does_after_the_last_row(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(60))
    told: list[tuple[str, int, int | None]] = []
    progress = factory.Steps(lambda name, done, of: told.append((name, done, of)))
    run = screen(store, home, OWNER, [day], Options(), NOW, progress=progress)
    alerts = run.summary.alerts["total"]
    assert alerts > 0
    assert [*dict.fromkeys(name for name, _, _ in told)] == ["day.csv", *ENDS]
    for name in (WORDING, STORING):
        assert (name, 0, alerts) in told
        assert (name, alerts, alerts) in told


def test_a_run_told_to_stop_at_a_file_that_was_here_before_begins_no_further_one(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, more = tmp_path / "known.csv", tmp_path / "more.csv"
    for path, rows in ((known, 5), (more, 6)):
        write(path, factory.shipments(rows))
    screen(store, home, OWNER, [known], Options(), NOW)
    stop, begin = Stop(), opening.begin

    def stopped(*args: Any) -> Any:
        stop.ask(signal.SIGTERM)
        return begin(*args)

    monkeypatch.setattr("riskprofile.services.screen.begin", stopped)
    run = screen(store, home, OWNER, [known, more], Options(), NOW, stop=stop)
    assert (run.exit_code, run.summary.duplicate, len(run.files)) == (143, 5, 1)
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM batch")).scalar() == 2


def test_a_run_told_to_stop_while_it_checks_all_rows_rates_none(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", factory.shipments(60))
    told: list[str] = []

    def stop(name: str, done: int, of: int | None) -> None:
        told.append(f"{name} {done}")
        os.kill(os.getpid(), signal.SIGTERM)

    options = Options(strict=True, chunk_rows=20, resume=True)
    run = screen(store, home, OWNER, [day], options, NOW, progress=factory.Steps(stop))
    assert (told, run.exit_code, count(store, "record")) == (["checking 60"], 143, 0)
    assert screen(store, home, OWNER, [day], options, NOW).summary.accepted == 60


@pytest.mark.parametrize(("at", "workers"), [*((at, 1) for at in ENDS), (WORDING, 2)])
def test_a_run_told_to_stop_at_its_end_stores_all_of_it_or_nothing_and_goes_on(
    store: Store, home: Settings, tmp_path: Path, at: str, workers: int
) -> None:
    table = factory.shipments(60).assign(Colour="red")
    day = write(tmp_path / "day.csv", table)
    options = Options(workers=workers, resume=True)

    def stop(name: str, done: int, of: int | None) -> None:
        if name == at:
            os.kill(os.getpid(), signal.SIGTERM)

    run = screen(store, home, OWNER, [day], options, NOW, progress=factory.Steps(stop))
    stored = at == STORING  # what is begun there is finished: it takes seconds
    assert (run.exit_code, bool(run.ranked)) == ((0, True) if stored else (143, False))
    (batch,) = govern.batches(store, OWNER)
    assert (batch.state, batch.accepted) == ("done" if stored else "stopped", 60)
    assert bool(count(store, "alert")) == stored
    if not stored:
        again = screen(store, home, OWNER, [day], options, NOW)
        assert (again.exit_code, again.summary.alerts["total"]) == (0, count(store, "alert"))
        assert count(store, "alert") > 0
        assert again.summary.warnings == run.summary.warnings == {"country_unknown": 60}
        assert again.summary.unknown_columns == run.summary.unknown_columns == {"Colour": 60}


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_finished(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    good = write(tmp_path / "good.csv", factory.shipments(3))
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"")
    late = write(tmp_path / "late.csv", factory.shipments(2, declaration_id=["L1", "L2"]))
    run = rate(store, home, good, broken, tmp_path / "none.csv", late)
    assert (run.exit_code, adds_up(run), run.summary.accepted) == (4, True, 5)
    assert [one["source"] for one in run.summary.unreadable] == ["broken.csv", "none.csv"]
    assert len(run.ranked[0].table) == 5
    assert states(store) == {"good.csv": "done", "broken.csv": "failed", "late.csv": "done"}


def test_a_file_that_may_not_be_rated_is_named_and_the_others_are_finished(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """No law is named for travellers: of a folder that holds some, the goods are listed."""
    first = write(tmp_path / "first.csv", factory.shipments(3))
    flight = write(tmp_path / "flight.csv", factory.travellers(2))
    late = write(tmp_path / "late.csv", factory.shipments(2, declaration_id=["L1", "L2"]))
    run = rate(store, home, first, flight, late)
    assert (run.exit_code, adds_up(run), run.summary.accepted) == (7, True, 5)
    assert [(one["source"], one["what"][:28]) for one in run.summary.refused] == [
        ("flight.csv", "the traveller profile is off")
    ]
    assert len(run.ranked[0].table) == 5
    assert states(store) == {"first.csv": "done", "flight.csv": "failed", "late.csv": "done"}
    with pytest.raises(PolicyError, match="legal basis"):  # none of them may be
        rate(store, home, flight, write(tmp_path / "other.csv", factory.travellers(3)))


def states(store: Store) -> dict[str, str]:
    with store.read() as connection:
        return {
            row[0]: row[1] for row in connection.execute(text("SELECT source, state FROM batch"))
        }


def test_when_no_file_can_be_read_the_run_fails(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InputError):
        rate(store, home, tmp_path / "one.csv", tmp_path / "two.csv")


def test_a_fault_that_ends_the_run_leaves_no_file_running(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    good = write(tmp_path / "good.csv", factory.shipments(3))
    other = write(tmp_path / "other.csv", factory.shipments(2, declaration_id=["L1", "L2"]))

    def paused(file: str, rows: int) -> None:
        if file == "good.csv":
            switching.pause(store, OWNER, "wrong tariff file", NOW)

    with pytest.raises(PolicyError, match="paused"):
        screen(store, home, OWNER, [good, other], Options(), NOW, progress=paused)
    switching.resume(store, OWNER, NOW)
    assert "running" not in states(store).values()
    run = rate(store, home, good, resume=True)
    assert (run.summary.accepted, states(store)["good.csv"]) == (3, "done")
    assert run.summary.alerts["total"] > 0


def test_strict_looks_at_every_file_before_it_rates_any(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    good = write(tmp_path / "good.csv", factory.shipments(3))
    bad = write(tmp_path / "bad.csv", factory.shipments(2, hs_code="chairs"))
    with pytest.raises(TooManyBadRows):
        rate(store, home, good, bad, strict=True)
    assert states(store) == {}


def test_alerts_of_an_office_that_is_not_loaded_are_told(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Officers see their own office: nobody would look at these."""
    table = factory.shipments(60)
    day = write(tmp_path / "day.csv", table)
    unloaded = rate(store, home, day)  # an installation without offices has none to miss
    assert unloaded.summary.unknown_offices == {}
    mine = str(table["customs_office"].iloc[0])
    with store.write() as connection:
        connection.execute(
            text("INSERT INTO office (code, name, zone, capacity) VALUES (:code, 'x', 'UTC', 40)"),
            {"code": mine},
        )
    other = table.assign(customs_office=["ZZUNK"] * 30 + [mine] * 30, value=table["value"] + 1)
    told = rate(store, home, write(tmp_path / "next.csv", other)).summary
    assert 0 < told.unknown_offices["ZZUNK"] < told.alerts["total"]
    assert set(told.unknown_offices) == {"ZZUNK"}
