"""Watching a living installation: alarms reach the chain and who asks, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert, select, update

from riskprofile.errors import NotAllowed, RiskProfileError, UsageError
from riskprofile.scoring.drift import Counts, Moved, form, moved
from riskprofile.scoring.scorecard import Bins
from riskprofile.services import (
    comparing,
    drift,
    evidence,
    feedback,
    promotion,
    raising,
    review,
    settings,
    watching,
)
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import batches, table_bytes
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Audit
from riskprofile.store.run_tables import Record
from riskprofile.tables import TEXT, ColumnSpec, Kind
from tests import factory
from tests.services.bench import HERE, INES, OMAR, REASON, furnish, taken
from training.synth import generate

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SARA = Actor("sara", "supervisor")
pytestmark = pytest.mark.xdist_group("drift")
SMALL = {"rows": 200, "windows": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drift")


@pytest.fixture(scope="module")
def lived(folder: Path) -> Iterator[tuple[Store, Settings]]:
    """It rated 1,000 declarations; 200 more wait, without any consignee's address."""
    home = settings.load({}, home=folder / "home")
    store = settings.open_store(home)
    chunks = list(generate("shipment", 1_200, 31, start="2026-09-01", days=60, chunk_rows=1_000))
    for number, chunk in enumerate(chunks):
        table = chunk.table.drop(columns=["source", "line", "warnings"], errors="ignore")
        if number:
            table["consignee_address"] = pd.Series([pd.NA] * len(table), dtype=TEXT)
        table.to_parquet(folder / f"{number}.parquet")
    screen(store, home, OWNER, [folder / "0.parquet"], Options(profile="shipment"), NOW)
    yield store, home
    store.close()


def test_an_alarm_reaches_the_chain_and_who_asks_and_changes_nothing(
    lived: tuple[Store, Settings], folder: Path
) -> None:
    store, home = lived
    calm = drift.watch(store, home.models, "shipment", OWNER, NOW, **SMALL)
    assert calm.windows == 4 and calm.alarms == []
    assert [one.alarms for one in drift.standing(store, SARA)] == [()]
    screen(store, home, OWNER, [folder / "1.parquet"], Options(profile="shipment"), NOW)
    before = promotion.serving(store, home.models, "shipment").digest
    told = drift.watch(store, home.models, "shipment", SARA, NOW, **SMALL)
    names = [f"{one.kind} {one.name}" for one in told.alarms]
    assert "column consignee_address" in names
    ordered = [one.says for one in told.series if one.kind in ("feature", "score")]
    assert any(says.startswith(("up to ", "over ")) for says in ordered)
    assert not [says for says in ordered if says.split(" in ")[0].isdecimal()]
    [stands] = drift.standing(store, SARA)
    assert list(stands.alarms) == names
    table = Audit.__table__  # type: ignore[attr-defined]
    with store.read() as connection:
        [row] = connection.execute(
            select(table.c.actor, table.c.detail).where(table.c.action == "drift.alarm")
        ).all()
    assert row.actor == "sara" and row.detail["alarms"] == names
    assert promotion.serving(store, home.models, "shipment").digest == before


def test_what_the_window_just_before_shows_as_well_is_not_far(
    lived: tuple[Store, Settings], folder: Path, tmp_path: Path
) -> None:
    """Rows are read from the newest on, and compared with the last of the earlier windows."""
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    table = pd.read_parquet(folder / "0.parquet")
    table.loc[600:, "consignee_address"] = pd.NA  # of five windows of 200 the newest two
    table.to_parquet(tmp_path / "day.parquet")
    screen(store, home, OWNER, [tmp_path / "day.parquet"], Options(profile="shipment"), NOW)
    told = drift.watch(store, home.models, "shipment", OWNER, NOW, **SMALL)
    store.close()
    [one] = [one for one in told.series if (one.kind, one.name) == ("column", "consignee_address")]
    assert one.far == 0.0


def test_outcomes_of_a_scorecard_that_read_other_features_are_left_out(
    lived: tuple[Store, Settings], folder: Path, tmp_path: Path
) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    furnish(store)
    screen(store, home, OWNER, [folder / "0.parquet"], Options(profile="shipment"), NOW)
    other = pd.DataFrame({"pair_age": [0.5], "points": [10]})  # as another one's log holds it
    alert = taken(store, now=NOW, record_id="R0")
    with store.write() as connection:
        chunk = batches.insert_chunk(
            connection,
            batch_id="b1",
            number=0,
            profile="shipment",
            count=1,
            rows=table_bytes.stored(factory.shipments(1, declaration_id="R0", customs_office=HERE)),
            features=table_bytes.stored(other),
            events=table_bytes.stored(other),
        )
        retained = batches.chunk_table.c.id == chunk  # its rows were masked: no row of it is drawn
        connection.execute(update(batches.chunk_table).where(retained).values(kept="masked"))
        connection.execute(
            insert(Record).values(
                profile="shipment", record_id="R0", item=1, version=1, content=0,
                state="accepted", chunk_id=chunk, position=0, points=10,
            )
        )  # fmt: skip
    review.decide(store, INES, alert, "examine", REASON, NOW)
    made = review.record_outcome(store, INES, alert, "nothing", NOW, methods=["opened"])
    review.confirm_outcome(store, OMAR, made, NOW)
    told = drift.watch(store, home.models, "shipment", OWNER, NOW, **SMALL)
    store.close()
    assert told.windows == 4 and told.outcomes == 0


def test_what_is_found_on_an_alert_raised_by_hand_counts_neither_for_the_list_nor_against_it(
    folder: Path, lived: tuple[Store, Settings], tmp_path: Path
) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    screen(store, home, OWNER, [folder / "0.parquet"], Options(profile="shipment"), NOW)
    ines, omar = Actor("ines", "officer"), Actor("omar", "officer")
    with store.read() as connection:
        listed = select(Alert.record_id)
        passed = select(Record.record_id).where(Record.record_id.not_in(listed)).limit(1)
        record = connection.execute(passed).scalar_one()
    alert = raising.raise_alert(store, ines, record, "shipment", REASON, NOW)
    review.alert(store, ines, alert, NOW)
    review.claim(store, ines, alert, NOW)
    review.decide(store, ines, alert, "examine", REASON, NOW)
    made = review.record_outcome(store, ines, alert, "nothing", NOW, methods=["opened"])
    review.confirm_outcome(store, omar, made, NOW)
    assert len(feedback.labels(store, "shipment", OWNER)) == 1
    told = drift.watch(store, home.models, "shipment", OWNER, NOW, **SMALL)
    anna = Actor("anna", "analyst")
    seen = watching.look(store, home.models, anna, "shipment")
    card = promotion.serving(store, home.models, "shipment")
    taught = evidence.teaching(store, "shipment", card.digest, anna)
    compared = comparing.recalls(store, home, anna, "shipment", card, 0.05)
    store.close()
    assert told.outcomes == 0
    assert [one.examined for one in seen.calibration] == [0, 0]
    assert taught.examined == 0 and not compared


def test_too_little_is_said_so_and_not_everybody_may_look(lived: tuple[Store, Settings]) -> None:
    store, home = lived
    with pytest.raises(RiskProfileError, match="too few rows were rated"):
        drift.watch(store, home.models, "shipment", OWNER, NOW)
    with pytest.raises(UsageError, match="too few"):
        drift.watch(store, home.models, "shipment", OWNER, NOW, rows=10)
    with pytest.raises(UsageError, match="no profile"):
        drift.watch(store, home.models, "parcels", OWNER, NOW)
    with pytest.raises(NotAllowed):
        drift.watch(store, home.models, "shipment", INES, NOW)
    with pytest.raises(NotAllowed):
        drift.standing(store, INES)


def compared(
    now: Counts,
    before: Counts,
    bins: Mapping[str, Bins] | None = None,
    kinds: Mapping[str, Kind] | None = None,
) -> list[Moved]:
    return moved(now, [before] * 8, partial(drift.called, bins or {}, kinds or {}))


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (0, "up to 2.5"),
        (2, "2.5 to 8.5"),  # of three bins, which hold little each
        (4, "over 8.5"),
        ("missing", "missing"),
    ],
)
def test_a_cell_of_a_feature_is_named_by_where_it_begins_and_ends(
    cell: int | str, says: str
) -> None:
    def window(more: int) -> Counts:
        counts = {0: 300, 1: 12, 2: 12, 3: 12, 4: 300, "missing": 60}
        return {("feature", "text_words"): {**counts, cell: counts[cell] + more}}

    bins = {"text_words": Bins(np.array([2.5, 4.0, 6.0, 8.5]))}
    [told] = compared(window(400), window(0), bins)
    assert told.alarm and told.says.split(" in ")[0] == says


def test_a_cell_of_the_points_is_named_by_its_points() -> None:
    def window(more: int) -> Counts:
        return {("score", "points"): {-2: 300, 0: 10, 1: 40 + more, 3: 300}}

    [told] = compared(window(900), window(0))
    assert told.alarm and told.says.startswith("0 to 99 in ")


@pytest.mark.parametrize(
    ("kind", "yes", "no"), [("indicator", "fired", "not fired"), ("repeats", "alike", "not alike")]
)
def test_what_is_or_is_not_is_told_in_words(kind: str, yes: str, no: str) -> None:
    def window(more: int) -> Counts:
        return {(kind, "given"): {False: 800 - more, True: 200 + more}}

    [told] = compared(window(500), window(0))
    says = (f"{yes} in 20.0 % before, 70.0 % now", f"{no} in 80.0 % before, 30.0 % now")
    assert told.alarm and told.says in says


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        ("float", [300.0, 20.0, 2.0], "215.4 to 464.2"),
        ("int", [0, 20, 2], "0"),
        ("text", ["x" * 50, "x" * 4, "x" * 9], "length 46 to 63"),
        ("text", ["xxx", "x" * 20, "x" * 9], "length 3"),
        ("text", [None, "xxx", "x" * 9], "missing"),
    ],
)
def test_what_values_of_a_column_look_like_is_told_in_words(
    kind: Kind, values: list[object], says: str
) -> None:
    spec = ColumnSpec("given", kind, "what a test gives")

    def window(share: int) -> Counts:
        few = 450 - share // 2
        dtype = "float64" if kind in ("float", "int") else "object"
        cells = form(pd.Series(values, dtype=dtype), spec)
        return {("column", "given"): dict(zip(cells, (share, few, few), strict=True))}

    [told] = compared(window(600), window(100), kinds={"given": kind})
    assert told.alarm and told.says.split(" in ")[0] == says
