"""A run read back: what its chunks hold, on file, and its declarations in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import text

from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.profiles import SHIPMENT
from riskprofile.services import run_declarations, run_rows, settings
from riskprofile.services.identifiers import ITEM, RECORD
from riskprofile.services.identity import OWNER
from riskprofile.services.parties import Heard
from riskprofile.services.rater import BROKEN, FIRED, POINTS, Rater, rater
from riskprofile.services.run import Options, Run
from riskprofile.services.run_declarations import AND, DRIVER, INDICATORS, NUMBER, Declared
from riskprofile.services.run_rows import Logged
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import spool
from riskprofile.store.database import Store
from riskprofile.store.spool import Spool
from riskprofile.store.table_bytes import from_bytes
from tests import factory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
Rated = tuple[Store, Settings, Run]
pytestmark = pytest.mark.xdist_group("run_rows")  # one process rates the rows


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rated]:
    """Rows of declarations with one to three items, out of order, rated in chunks of 25."""
    folder = tmp_path_factory.mktemp("rated")
    home = settings.load({}, home=folder / "home")
    store = settings.open_store(home)
    rows = factory.shipments(120)
    number = np.random.default_rng(2).permutation(np.repeat(np.arange(40), 3))
    rows["declaration_id"] = [f"X{one:02d}" for one in number]
    rows["item_number"] = pd.array(pd.Series(number).groupby(number).cumcount() + 1, dtype="Int64")
    rows.loc[3:60:7, "goods_description"] = "pistol slide"
    path = factory.write(folder / "day.csv", rows)
    yield store, home, screen(store, home, OWNER, [path], Options(chunk_rows=25), NOW)
    store.close()


def read_back(rated: Rated) -> Logged:
    """As a process does that stored none of its chunks."""
    store, home, _ = rated
    one = rater(home.database_url, home.models, SHIPMENT.name, NOW)
    with store.read() as connection:
        batch_ids = [*connection.execute(text("SELECT id FROM batch")).scalars()]
    made = run_rows.logged(store, batch_ids, one, Heard(Spool()), NOW)
    assert made is not None
    return made


def test_every_row_has_its_place_its_points_and_what_fired_on_it(rated):
    run = read_back(rated)
    rows = run.rows.view().table([RECORD, ITEM, POINTS, CHUNK, POSITION])
    assert len(rows) == 120
    with rated[0].read() as connection:
        chunks = connection.execute(text("SELECT id, rows, features FROM chunk")).all()
    for chunk in chunks:
        here = rows[rows[CHUNK] == chunk.id]
        stored, log = from_bytes(chunk.rows), from_bytes(chunk.features)
        assert here[POSITION].tolist() == [*range(len(stored))]
        assert here[RECORD].tolist() == stored[RECORD].tolist()
        assert here[ITEM].tolist() == stored[ITEM].tolist()
        assert here[POINTS].tolist() == log[POINTS].tolist()
        for name in log.filter(regex=f"^{FIRED}"):
            places = here.index.get_indexer(run.flags.get(name, np.array([], dtype=int)))
            assert places[places >= 0].tolist() == np.flatnonzero(log[name]).tolist()


def test_what_waited_on_file_is_what_the_chunks_hold(rated):
    run, (each,) = read_back(rated), rated[2].ranked
    assert set(run.rows) == set(each.rows)
    for name in run.rows:
        assert run.rows.values(name).equals(each.rows.values(name)), name
    made = run_declarations.declared(run, SHIPMENT.indicators, None)
    for kept, read in zip(each.declared.segments(), made.table.segments(), strict=True):
        for name in made.table:
            assert each.declared.values(name, kept).equals(made.table.values(name, read)), name


def told(made: Declared) -> pd.DataFrame:
    return pd.concat(made.parts()).drop(columns=[POSITION, CHUNK, "batch_id"])


def test_a_declaration_has_the_points_of_its_highest_item_and_the_indicators_of_any(rated):
    run = read_back(rated)
    made = run_declarations.declared(run, SHIPMENT.indicators, None)
    table = told(made).set_index(RECORD)
    assert table.index.is_monotonic_increasing and len(table) == 40
    rows = run.rows.view().table([RECORD, ITEM, POINTS])
    for record, items in rows.groupby(RECORD):
        here = table.loc[record]
        assert here[POINTS] == items[POINTS].max()
        assert here[DRIVER] == items[items[POINTS] == items[POINTS].max()][ITEM].min()
        fired = [
            one.key
            for one in SHIPMENT.indicators
            if np.isin(run.flags.get(FIRED + one.key, []), items.index).any()
        ]
        assert here[INDICATORS] == AND.join(fired) if fired else pd.isna(here[INDICATORS])
        assert here["to_yellow"] == bool(fired)
    assert table["to_red"].any() or table["trafficking"].any()
    numbers = table.index.get_indexer(rows[RECORD])
    assert made.numbers.values(NUMBER).to_pylist() == numbers.tolist()


@pytest.mark.parametrize("few", [0, 1000])
def test_a_run_worked_on_in_many_parts_is_the_run_worked_on_at_once(rated, few, monkeypatch):
    monkeypatch.setattr(run_declarations, "FEW", few)
    whole = run_declarations.declared(read_back(rated), SHIPMENT.indicators, None)
    known = rater(rated[1].database_url, rated[1].models, SHIPMENT.name, NOW)
    linking = [one for one in SHIPMENT.indicators if one.over_batch]
    run = read_back(rated)
    at_once = [run_declarations.over_batch(run.rows, known, [one]) for one in linking]
    for name in ("PARTED", "SAMPLED"):
        monkeypatch.setattr(run_declarations, name, 7)
    monkeypatch.setattr(spool, "SEGMENT", 30)
    run = read_back(rated)
    parts = run_declarations.declared(run, SHIPMENT.indicators, None)
    pd.testing.assert_frame_equal(told(parts), told(whole))
    assert parts.numbers.values(NUMBER).equals(whole.numbers.values(NUMBER))
    assert len([*parts.table.segments()]) > 1
    again = run_declarations.over_batch(run.rows, known, linking)
    assert {name: rows.tolist() for name, rows in again.items()} == {
        name: rows.tolist() for before in at_once for name, rows in before.items()
    }


def linked(run: Logged, one: Rater) -> None:
    run_declarations.over_batch(run.rows, one, [i for i in SHIPMENT.indicators if i.over_batch])


def numbered(run: Logged, one: Rater) -> None:
    run_declarations.declared(run, SHIPMENT.indicators, None)


@pytest.mark.parametrize("work", [linked, numbered])
def test_the_end_of_a_run_reads_a_segment_as_often_in_many_parts_as_in_few(
    rated, monkeypatch, work
):
    monkeypatch.setattr(spool, "SEGMENT", 30)
    monkeypatch.setattr(run_declarations, "SAMPLED", 1)
    run = read_back(rated)
    known = rater(rated[1].database_url, rated[1].models, SHIPMENT.name, NOW)
    reads: Counter[tuple[int, int]] = Counter()
    get = Spool.get

    def counted(self: Spool, held: spool.Held, name: str) -> pa.ChunkedArray:
        reads[held[name]] += 1
        return get(self, held, name)

    monkeypatch.setattr(Spool, "get", counted)
    for name in run.rows:
        run.rows.values(name)
    of_run, often = {*reads}, []
    for size in (4, 1):  # some thirty parts, and more than a hundred
        monkeypatch.setattr(run_declarations, "PARTED", size)
        reads.clear()
        work(run, known)
        often.append({place: reads[place] for place in of_run})
    assert often[0] == often[1]
    assert len([*run.rows.segments()]) > 1
    assert max(often[0].values()) > 1


def test_an_indicator_that_cannot_tell_of_which_rows_it_may_speak_broke_on_all(rated):
    run = read_back(rated)
    known = rater(rated[1].database_url, rated[1].models, SHIPMENT.name, NOW)
    linking = [one for one in SHIPMENT.indicators if one.over_batch]
    whole = run_declarations.over_batch(run.rows, known, linking)
    bad = replace(linking[0], among=lambda seen: seen["no such column"])
    made = run_declarations.over_batch(run.rows, known, [bad, *linking[1:]])
    assert made.pop(BROKEN + bad.key).tolist() == [*range(len(run.rows))]
    del whole[FIRED + bad.key]
    assert {name: rows.tolist() for name, rows in made.items()} == {
        name: rows.tolist() for name, rows in whole.items()
    }


def test_references_are_known_as_those_of_the_run(rated):
    made = run_declarations.declared(read_back(rated), SHIPMENT.indicators, None)
    first = next(iter(made.parts(RECORD)))[RECORD].iloc[0]
    assert made.of({first, "nobody's"}) == {first}
    assert made.of(set()) == set()
