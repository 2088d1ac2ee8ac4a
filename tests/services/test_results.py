"""The results of a run go to a file some rows at a time: what is written does not tell."""

from __future__ import annotations

import errno
import io
import os
import signal
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from riskprofile.errors import Overtaken
from riskprofile.services import govern, results, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.lanes import Ranked
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.steps import WORDING, WRITING, Step
from riskprofile.store.database import Store
from tests import factory, listed

pytestmark = pytest.mark.xdist_group("results")  # one process rates the rows

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WHOLE = 1 << 30
Laid = AbstractContextManager[Callable[[], None] | None]
Rated = tuple[Store, list[Ranked]]


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rated]:
    """Ninety declarations, of which some became alerts, in chunks of ten."""
    folder = tmp_path_factory.mktemp("results")
    home = settings.load({}, home=folder / "home")
    store = settings.open_store(home)
    words = ["garden chairs", "rifle barrels", "pistol slides and frames"]
    day = factory.shipments(90, goods_description=[words[n % 3] for n in range(90)])
    factory.write(folder / "day.csv", day)
    run = screen(store, home, OWNER, [folder / "day.csv"], Options(chunk_rows=10), NOW)
    assert 0 < run.summary.alerts["total"] < 90
    yield store, run.ranked
    store.close()


def sized(patch: pytest.MonkeyPatch, at_once: int, most: int, waiting: int) -> None:
    for name, size in (("AT_ONCE", at_once), ("MOST", most), ("WAITING", waiting)):
        patch.setattr(results, name, size)


@pytest.mark.parametrize("reasons", ["alerts", pytest.param("all", marks=pytest.mark.slow), "none"])
def test_the_size_of_the_parts_changes_nothing(
    rated: Rated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reasons: str
) -> None:
    sized(monkeypatch, WHOLE, 1, WHOLE)
    whole = listed.table(*rated, reasons)
    for suffix in (".csv", ".jsonl", ".parquet"):
        listed.write([whole], tmp_path / f"whole{suffix}")
    assert whole["rank"].tolist() == [*range(1, 91)]
    told = whole["reasons"].map(bool) & whole["against"].map(bool)
    expected = {"alerts": whole["lane"] != "green", "all": True, "none": False}[reasons]
    assert (told == expected).all()
    for at_once, most, waiting in ((1, WHOLE, 1), (7, 4, 5), (20, 2, 50)):
        sized(monkeypatch, at_once, most, waiting)
        parts = [*results.parts(*rated, reasons)]
        assert max(map(len, parts)) <= at_once
        pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
        for suffix in (".csv", ".jsonl", ".parquet"):
            listed.write(iter(parts), tmp_path / f"parts{suffix}")
        for suffix in (".csv", ".jsonl"):
            written = (tmp_path / f"parts{suffix}").read_bytes()
            assert written == (tmp_path / f"whole{suffix}").read_bytes()
        read = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("whole", "parts"))
        pd.testing.assert_frame_equal(*read)


def test_few_declarations_are_handed_on_together_with_their_terms(
    rated: Rated, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = listed.table(*rated, "alerts")
    monkeypatch.setattr(results, "TOLD", 4)
    parts = [*results.parts(*rated, "alerts")]
    assert max(part["reasons"].map(bool).sum() for part in parts) == 4
    assert max(map(len, parts)) > 4
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


@given(size=st.integers(0, 60), told=st.sets(st.integers(0, 59)))
def test_slices_of_a_list_are_as_long_as_its_bounds_let_them_be(size: int, told: set[int]) -> None:
    places = np.array(sorted(one for one in told if one < size), dtype=np.int64)
    with pytest.MonkeyPatch.context() as bounds:
        bounds.setattr(results, "AT_ONCE", 9)
        bounds.setattr(results, "TOLD", 4)
        cut = [one.index.tolist() for one in results._cut(pd.DataFrame(index=range(size)), places)]
    assert [place for one in cut for place in one] == [*range(size)]
    for number, one in enumerate(cut):
        here = len(told.intersection(one))
        assert len(one) <= 9 and here <= 4
        last = number == len(cut) - 1
        assert last or len(one) == 9 or (here == 4 and one[-1] + 1 in told)


def test_results_of_no_declaration_are_of_the_same_types(rated: Rated, tmp_path: Path) -> None:
    store, ranked = rated
    kinds = []
    for lists in (ranked, []):
        listed.write(results.parts(store, lists, "alerts"), tmp_path / "list.parquet")
        kinds.append(pq.read_schema(tmp_path / "list.parquet").remove_metadata())
    assert kinds[0] == kinds[1]


def test_rows_that_were_handed_on_are_gone_before_there_are_others(
    rated: Rated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terms of five hundred declarations are twenty megabytes: those before were here too."""
    sized(monkeypatch, 20, 3, 20)
    held: list[weakref.ref[pd.DataFrame]] = []

    def step(name: str, done: int, of: int | None) -> None:
        assert name == WORDING or held[-1]() is None

    def given() -> Iterator[pd.DataFrame]:
        parts = results.parts(*rated, "all", step)
        while (some := next(parts, None)) is not None:
            held.append(weakref.ref(some))
            yield some
            del some

    for suffix in (".csv", ".jsonl", ".parquet"):
        listed.write(given(), tmp_path / f"list{suffix}")
    assert len(held) > 9


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_long_cells_are_in_memory_about_twice(tmp_path: Path, suffix: str) -> None:
    """The reasons of five hundred declarations are ten megabytes of text, which were forty."""
    terms = [{"text": f"term {number}", "points": number} for number in range(100)]
    given = pd.DataFrame({name: [terms] * 500 for name in results.JSON_COLUMNS})
    usual = pa.default_memory_pool()
    arrow = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(arrow)
    tracemalloc.start()
    try:
        listed.write([given], tmp_path / f"list{suffix}")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)
    assert most + arrow.max_memory() < 2.5 * (tmp_path / f"list{suffix}").stat().st_size


def test_results_without_a_row_have_no_blank_line(rated: Rated, tmp_path: Path) -> None:
    none = listed.table(*rated, "none").iloc[:0]
    listed.write([none], tmp_path / "list.jsonl")
    listed.write([none], tmp_path / "list.csv")
    assert (tmp_path / "list.jsonl").read_bytes() == b""
    assert (tmp_path / "list.csv").read_text() == ",".join(none.columns) + "\n"


def test_how_far_it_is_is_told(rated: Rated, monkeypatch: pytest.MonkeyPatch) -> None:
    sized(monkeypatch, 10, 3, 10)
    steps: list[tuple[str, int, int | None]] = []
    parts = results.parts(*rated, "all", lambda *step: steps.append(step))
    assert sum(map(len, parts)) == 90
    assert next(one for one in steps if one[0] == WORDING) == (WORDING, 0, 90)
    assert steps[-1] == (WRITING, 90, 90)
    assert [done for name, done, _ in steps if name == WRITING] == [*range(10, 91, 10)]


def test_a_run_whose_results_could_not_be_written_has_not_ended(tmp_path: Path) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    day = factory.shipments(60).drop(columns=["source", "line", "warnings"])
    day.to_csv(tmp_path / "day.csv", index=False)
    given: list[pd.DataFrame] = []

    def full(ranked: list[Ranked], step: Step) -> Laid:
        next(results.parts(store, ranked, "alerts", step))
        raise OSError(errno.ENOSPC, "no space left on device")

    def kept(ranked: list[Ranked], step: Step) -> Laid:
        given.append(listed.table(store, ranked, "alerts"))
        return nullcontext(lambda: None)

    files, options = [tmp_path / "day.csv"], Options(resume=True)
    with pytest.raises(OSError, match="no space left"):
        screen(store, home, OWNER, files, options, NOW, written=full)
    assert govern.batches(store, OWNER)[0].state != "done"
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM alert")).scalar_one() == 0
    run = screen(store, home, OWNER, files, options, NOW, written=kept)
    assert len(given[0]) == 60
    assert (given[0]["lane"] != "green").sum() == run.summary.alerts["total"] > 0
    pd.testing.assert_frame_equal(given[0], listed.table(store, run.ranked, "alerts"))
    store.close()


@pytest.mark.parametrize("reasons", ["alerts", "all"])
def test_a_run_told_to_stop_while_results_are_written_leaves_none_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reasons: str
) -> None:
    sized(monkeypatch, 20, 3, 20)
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    day = factory.shipments(60).drop(columns=["source", "line", "warnings"])
    day.to_csv(tmp_path / "day.csv", index=False)
    out = tmp_path / "list.csv"

    def write(ranked: list[Ranked], step: Step) -> Laid:
        return results.laid(results.parts(store, ranked, reasons, step), out)

    def stop(name: str, done: int, of: int | None) -> None:
        if name == WRITING:
            os.kill(os.getpid(), signal.SIGTERM)

    files, options, told = [tmp_path / "day.csv"], Options(resume=True), factory.Steps(stop)
    run = screen(store, home, OWNER, files, options, NOW, progress=told, written=write)
    assert (run.exit_code, out.exists()) == (143, False)
    assert [batch.state for batch in govern.batches(store, OWNER)] == ["stopped"]
    run = screen(store, home, OWNER, files, options, NOW, written=write)
    store.close()
    assert (run.exit_code, len(pd.read_csv(out))) == (0, 60)


def test_results_that_wait_for_their_place_leave_what_lies_there_unless_they_are_put(
    rated: Rated, tmp_path: Path
) -> None:
    out, pipe = tmp_path / "day.csv", tmp_path / "pipe.csv"
    out.write_text("of yesterday")
    with results.laid(results.parts(*rated, "none"), out):
        pass
    assert out.read_text() == "of yesterday" and [*tmp_path.iterdir()] == [out]
    with results.laid(results.parts(*rated, "none"), out) as place:
        assert place is not None
        place()
    assert len(pd.read_csv(out)) == 90 and [*tmp_path.iterdir()] == [out]
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as beside:
        read = beside.submit(pipe.read_bytes)
        with results.laid(results.parts(*rated, "none"), pipe) as place:
            assert place is None, "it is read as it is written"
        assert len(pd.read_csv(io.BytesIO(read.result()))) == 90
    assert pipe.is_fifo()


def test_the_list_of_a_program_that_was_overtaken_does_not_take_the_place_of_the_other(
    tmp_path: Path,
) -> None:
    """Of two `score --resume` at once one ends the batch, and its list is the one that is there."""
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    day = factory.write(tmp_path / "day.csv", factory.shipments(60))
    out, options, overtaken = tmp_path / "list.csv", Options(resume=True), list[bytes]()

    def write(ranked: list[Ranked], step: Step) -> Laid:
        return results.laid(results.parts(store, ranked, "none", step), out)

    def other(name: str, done: int, of: int | None) -> None:
        if name == WRITING and not overtaken:
            overtaken.append(b"")
            screen(store, home, OWNER, [day], options, NOW.replace(hour=10), written=write)
            overtaken.append(out.read_bytes())
            out.unlink()  # whoever fetches it is as quick

    told = factory.Steps(other)
    with pytest.raises(Overtaken):
        screen(store, home, OWNER, [day], options, NOW, progress=told, written=write)
    store.close()
    assert len(overtaken[1].splitlines()) == 61 and not out.exists()


def test_a_list_that_is_left_half_written_is_not_there(rated: Rated, tmp_path: Path) -> None:
    def broken() -> Iterator[pd.DataFrame]:
        yield next(results.parts(*rated, "none"))
        raise KeyboardInterrupt

    for suffix in (".csv", ".jsonl", ".parquet"):
        with pytest.raises(KeyboardInterrupt):
            listed.write(broken(), tmp_path / f"list{suffix}")
    assert [*tmp_path.iterdir()] == []
