"""What is forgotten is gone for good: a slip of a year, or of the clock, forgets nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from riskprofile.services import retention, settings
from riskprofile.services.identity import OWNER
from tests import factory
from tests.cli.test_cli import run, told


def ran(home: Path, ago: timedelta) -> None:
    """A run of the night, that long ago."""
    here = settings.load({}, home=home)
    store = settings.open_store(here)
    retention.run(store, here, OWNER, datetime.now(UTC) - ago)
    store.close()


def test_nothing_is_forgotten_before_its_time_by_a_year_that_was_mistyped(tmp_path: Path) -> None:
    home, day = tmp_path / "home", tmp_path / "day.csv"
    factory.write(day, factory.shipments(4))
    assert run(home, "history", "load", day)[0] == 0
    code, _, errors = run(home, "retention", "run", "--as-of", "2999-11-24T08:00+00:00")
    assert code == 2
    assert "has not come yet" in errors
    code, said, _ = run(home, "retention", "run", "--as-of", "2026-11-24T08:00+00:00", "--json")
    assert (code, told(said)["masked"], told(said)["removed"]) == (0, 0, 0)


def test_what_will_be_due_is_told_at_a_time_to_come_and_nothing_is_changed(tmp_path: Path) -> None:
    home, day = tmp_path / "home", tmp_path / "day.csv"
    factory.write(day, factory.shipments(4))
    assert run(home, "history", "load", day)[0] == 0
    asked = ("retention", "run", "--dry-run", "--as-of", "2999-11-24T08:00+00:00")
    for _ in range(2):
        code, said, _ = run(home, *asked, "--json")
        assert (code, told(said)["profiles"]["shipment"]["masked"]) == (0, 4)
    code, said, _ = run(home, *asked)
    assert code == 0 and "nothing was changed" in said
    assert "shipment: 4 rows masked, 0 removed, 0 alerts cleared" in said
    code, said, _ = run(home, "retention", "run", "--dry-run", "--json")
    assert (code, told(said)["profiles"]["shipment"]["masked"]) == (0, 0)


def test_one_declaration_is_removed_by_an_order_after_a_look_at_what_would_go(
    tmp_path: Path,
) -> None:
    home, day = tmp_path / "home", tmp_path / "day.csv"
    factory.write(day, factory.shipments(4))
    assert run(home, "history", "load", day)[0] == 0
    asked = ("retention", "remove", "XM-000002", "--why", "order 88/2027, court of Bari")
    code, said, _ = run(home, *asked, "--dry-run")
    assert code == 0 and "nothing was changed: 1 declaration in 1 row, 0 alerts cleared" in said
    code, said, errors = run(home, *asked, "--json")
    assert (code, told(said)["records"], told(said)["rows"]) == (0, 1, 1)
    assert "backups of the home may still hold" in errors
    code, _, errors = run(home, *asked)
    assert code == 4 and "XM-000002: no such record is stored" in errors
    code, said, _ = run(home, "audit", "verify")
    assert code == 0
    code, _, errors = run(home, *asked[:3], "--why", "the court")
    assert code == 2 and "20 characters" in errors


def test_a_time_that_utc_does_not_have_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert run(home, "init")[0] == 0
    asked = ("retention", "run", "--dry-run", "--as-of", "9999-12-31T23:59-12:00")
    code, _, said = run(home, *asked)
    assert code == 2 and "is no day or time" in said


@pytest.mark.parametrize("day", ["0001-01-01", "0900-06-30", "1969-12-31T23:59-00:00"])
@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)])
def test_a_time_before_anything_was_received_is_refused(
    tmp_path: Path, day: str, dry_run: tuple[str, ...]
) -> None:
    home = tmp_path / "home"
    assert run(home, "init")[0] == 0
    given = {"RISKPROFILE_RECORD_YEARS": "1000"}  # the longest term that can be set
    code, _, said = run(home, "retention", "run", "--as-of", day, *dry_run, **given)
    assert code == 2 and f"nothing was received by {day[:10]}" in said
    assert "Give a day since this installation began" in said
    assert not (home / "keys").exists()


def test_a_time_that_was_left_empty_forgets_nothing(tmp_path: Path) -> None:
    """As a script does whose variable is not set: what is due now was not asked for."""
    home = tmp_path / "home"
    ran(home, timedelta(days=36))
    code, _, said = run(home, "retention", "run", "--as-of", "")
    assert code == 2 and "is no day or time" in said


def test_a_clock_that_runs_ahead_forgets_nothing_until_a_person_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert run(home, "init")[0] == 0
    assert run(home, "retention", "run")[0] == 0
    ran(home, timedelta(days=34))
    assert run(home, "retention", "run")[0] == 0
    ran(home, timedelta(days=36))
    code, _, errors = run(home, "retention", "run")
    assert code == 2
    assert "Set the clock" in errors
    asked = errors.split("riskprofile retention run ")[1].split()
    assert run(home, "retention", "run", *asked)[0] == 0
    assert run(home, "retention", "run")[0] == 0
