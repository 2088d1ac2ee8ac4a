"""Sightings as a service: known in time, by right, and exported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import event

from riskprofile.errors import NotAllowed, UsageError
from riskprofile.history.bursts import Grid
from riskprofile.services import registers, sightings
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.settings import CHECKOUT
from riskprofile.store.database import Store
from tests.cli.test_cli import run, told
from tests.services.bench import INES

SAMPLE = CHECKOUT / "data" / "synthetic" / "registers" / "sightings.csv"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_the_sample_shows_one_burst_of_small_craft(any_store: Store) -> None:
    registers.load(any_store, OWNER, "sightings", SAMPLE, NOW)
    found = sightings.heat(any_store, INES, NOW)
    assert found.until == datetime(2026, 11, 23, tzinfo=UTC)
    assert found.bursts["cell"].tolist() == ["-38.500,-19.000"]
    assert found.bursts["kinds"].tolist() == ["small craft"]
    total = pd.read_csv(SAMPLE)
    assert found.windows.to_numpy().sum() == len(total)


def test_what_was_loaded_later_is_not_in_it(store: Store) -> None:
    registers.load(store, OWNER, "sightings", SAMPLE, NOW + timedelta(hours=1))
    assert sightings.heat(store, INES, NOW).cells.empty


def test_the_sightings_are_read_anew_when_some_were_loaded(
    any_store: Store, tmp_path: Path
) -> None:
    """And not at every click."""
    read: list[str] = []

    def hear(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("SELECT") and "FROM register_entry" in statement:
            read.append(statement)

    registers.load(any_store, OWNER, "sightings", SAMPLE, NOW)
    event.listen(any_store.engine, "before_cursor_execute", hear)
    first, again = (sightings.heat(any_store, INES, NOW + timedelta(hours=n)) for n in (1, 2))
    assert first.cells.equals(again.cells) and len(read) == 1
    more = tmp_path / "more.csv"
    pd.read_csv(SAMPLE).head(1).assign(sighting_id="S-NEW").to_csv(more, index=False)
    registers.load(any_store, OWNER, "sightings", more, NOW + timedelta(hours=3))
    read.clear()
    newer = sightings.heat(any_store, INES, NOW + timedelta(hours=4))
    assert newer.windows.to_numpy().sum() == first.windows.to_numpy().sum() + 1
    assert sightings.heat(any_store, INES, NOW + timedelta(hours=2)).cells.equals(first.cells)
    assert len(read) == 2


def test_an_earlier_window_is_judged_by_what_came_before_it(store: Store) -> None:
    registers.load(store, OWNER, "sightings", SAMPLE, NOW)
    earlier = sightings.ends(NOW, Grid())[1]
    found = sightings.heat(store, INES, NOW, until=earlier)
    assert found.until == datetime(2026, 11, 16, tzinfo=UTC) and found.bursts.empty
    with pytest.raises(UsageError, match="ahead"):
        sightings.heat(store, INES, NOW, until=NOW + timedelta(days=1))


def test_who_may_look(store: Store) -> None:
    with pytest.raises(NotAllowed):
        sightings.heat(store, Actor("root", "administrator"), NOW)


def test_the_export_is_a_csv_of_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, out = tmp_path / "home", tmp_path / "heat.csv"
    for command in ("registers", "sightings"):  # no midnight comes between the two
        monkeypatch.setattr(f"riskprofile.cli.{command}.now", lambda: NOW)
    assert run(home, "registers", "load", "sightings", SAMPLE)[0] == 0
    code, said, _ = run(home, "sightings", "export", "--out", out, "--json")
    summary = told(said)
    assert code == 0 and summary["bursts"] == 1
    table = pd.read_csv(out)
    assert len(table) == summary["cells"] and table["burst"].sum() == 1
    assert {"latitude", "longitude", "reports", "expected", "p", "q"} <= set(table)
    assert run(home, "sightings", "export", "--days", "0")[0] == 2
