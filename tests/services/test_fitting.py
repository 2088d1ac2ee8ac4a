"""A fit started from the page: who may, what is refused, and how one that died is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from riskprofile.errors import Conflict, InputError, NotAllowed, RiskProfileError, UsageError
from riskprofile.scoring.editing import Edit
from riskprofile.services import fitting, settings
from riskprofile.services.fitting import Fit, Waiver
from riskprofile.services.rights import Actor
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from tests.conftest import LATE
from tests.services.bench import INES, NOW
from tests.services.test_promotion import ANNA, SHIPPED, candidate


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return settings.load({}, home=tmp_path / "home", database_url=f"sqlite:///{tmp_path}/r.db")


def wrote(home: Settings, version: str = "2027.1", **more) -> Path:
    path = home.home / fitting.RUNS / f"shipment-{version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {"state": fitting.RUNNING, "edits": (Edit("wording", "lock"),), **more}
    fitting.note(path, Fit("shipment", version, "anna", NOW.isoformat(), **values))
    return path


@pytest.mark.parametrize(
    ("error", "more"),
    [
        (UsageError, {"version": "../2027"}),
        (UsageError, {"version": ""}),
        (Conflict, {"version": SHIPPED}),
        (RiskProfileError, {"edits": [Edit("nonsense", "drop")]}),
        (RiskProfileError, {"waivers": [Waiver("labellers", "anna", "because")]}),
        (NotAllowed, {"actor": INES}),
    ],
)
def test_what_cannot_be_fitted_is_refused_before_anything_is_started(
    store: Store, home: Settings, error: type[Exception], more: dict
) -> None:
    given = {"actor": ANNA, "version": "2027.1", **more}
    actor, version = given.pop("actor"), given.pop("version")
    with pytest.raises(error):
        fitting.start(store, home, actor, "shipment", version, NOW, **given)
    assert not (home.home / fitting.RUNS).exists()


def test_one_that_died_is_told_with_its_last_words_and_one_at_work_is_not(
    store: Store, home: Settings
) -> None:
    path = wrote(home)
    path.with_suffix(".log").write_text("reading\nMemoryError: no room\n")
    [told] = fitting.fits(home, ANNA, "shipment")
    assert (told.state, told.edits) == (fitting.FAILED, (Edit("wording", "lock"),))
    assert "MemoryError: no room" in told.fault and not told.may_be_proposed
    with path.with_suffix(".log").open("wb") as log:
        fitting._hold(log)
        sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, stdout=log)
    try:
        [told] = fitting.fits(home, ANNA, "shipment")
        assert told.state == fitting.RUNNING
        with pytest.raises(Conflict, match=r"2027.1 is being fitted"):
            fitting.start(store, home, ANNA, "shipment", "2027.2", NOW)
        with pytest.raises(InputError, match="come to its end"):
            fitting.propose(store, home, ANNA, "shipment", "2027.1", NOW)
    finally:
        sleeper.communicate()
    [told] = fitting.fits(home, ANNA, "shipment")
    assert told.state == fitting.FAILED


def test_a_fit_of_somebody_else_is_not_fitted_over(store: Store, home: Settings) -> None:
    """Two analysts at two pages that both still offer the same version."""
    path = wrote(home, state=fitting.DONE)
    with pytest.raises(Conflict, match=r"anna fitted 2027.1 here"):
        fitting.start(store, home, Actor("bela", "analyst"), "shipment", "2027.1", NOW)
    assert path.exists()
    [told] = fitting.fits(home, ANNA, "shipment")
    assert (told.by, told.state) == ("anna", fitting.DONE)


def test_no_gate_is_waived_of_a_fit_beside_another_than_serves_now(
    store: Store, home: Settings
) -> None:
    """It is fitted anew with its edits, and a bin has another number on what serves now."""
    edits = (Edit("word_count", "set", 1, 3),)
    path = wrote(home, state=fitting.DONE, edits=edits)
    made = candidate(path.parent, beside=("2026.12", "f" * 64))
    made.rename(path.parent / "shipment-2027.1")
    given = {"edits": edits, "waivers": [Waiver("labellers", "anna", "twelve months of outcomes")]}
    with pytest.raises(Conflict, match=r"measured beside 2026.12, and"):
        fitting.start(store, home, ANNA, "shipment", "2027.1", NOW, **given)
    [told] = fitting.fits(home, ANNA, "shipment")
    assert told.state == fitting.DONE


def test_what_was_written_by_something_else_is_passed_over(home: Settings) -> None:
    path = wrote(home, "2027.2", state=fitting.DONE)
    path.with_name("shipment-2027.3.json").write_text('{"of": "another version"}')
    path.with_name("shipment-2027.4.json").write_text("{")
    assert [one.version for one in fitting.fits(home, ANNA, "shipment")] == ["2027.2"]


def test_a_fit_that_ended_is_proposed_from_its_folder(store: Store, home: Settings) -> None:
    path = wrote(home, state=fitting.DONE)
    digest = candidate(path.parent).rename(path.parent / "shipment-2027.1")
    digest = fitting.propose(store, home, ANNA, "shipment", "2027.1", NOW)
    assert fitting.scorecard(home, ANNA, "shipment", "2027.1").digest == digest
    with store.read() as connection:
        assert connection.execute(text("SELECT digest FROM scorecard")).scalar_one() == digest


def test_a_fit_without_a_database_ends_with_words(store: Store, home: Settings) -> None:
    """The process itself: it reads the database of its settings and tells what stops it."""
    nowhere = home.model_copy(update={"database_url": "sqlite:////nowhere/at/all/r.db"})
    fitting.start(store, nowhere, ANNA, "shipment", "2027.5", NOW)
    [process] = fitting._started
    process.wait(LATE)
    [told] = fitting.fits(home, ANNA, "shipment")
    assert told.state == fitting.FAILED
    assert told.fault
