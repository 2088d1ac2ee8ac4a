"""Ended at any moment or out of disk: `--resume` gives what an undisturbed run gives."""

from __future__ import annotations

import pytest

from tests.faults import hosts, kills, runs

ROWS, KILLS = 2_000, 3
SIZES = (64 * 1024, 8 * 64 * 1024)  # bytes free


@pytest.fixture
def work(tmp_path):
    return runs.crossings(tmp_path, ROWS)


@pytest.mark.slow
def test_a_run_killed_on_sqlite_is_finished_with_nothing_lost_or_doubled(tmp_path, work):
    with kills.sqlite_homes(tmp_path) as homes:
        told = kills.kill_and_resume(homes, work, KILLS)
    assert told.faults == []
    assert told.tried == told.held == KILLS


@pytest.mark.slow
def test_a_run_killed_on_postgresql_is_finished_with_nothing_lost_or_doubled(
    tmp_path, work, postgres_server
):
    with kills.postgres_homes(tmp_path, postgres_server) as homes:
        told = kills.kill_and_resume(homes, work, KILLS)
    assert told.faults == []
    assert told.tried == told.held == KILLS


@pytest.mark.slow
def test_two_hosts_of_one_database_are_finished_whatever_was_ended(monkeypatch, postgres_server):
    """On a server of its own, which is restarted."""
    monkeypatch.setattr("sys.argv", ["hosts", "--count", str(len(hosts.STRIKES)), "--rows", "1500"])
    assert hosts.main() == 0


@pytest.mark.skipif(not runs.root_on_linux(), reason="mounting a small disk needs root on Linux")
def test_a_disk_that_fills_up_is_named_and_the_run_is_finished_when_there_is_room(tmp_path, work):
    told = kills.fill_up(tmp_path, work, list(SIZES))
    assert [fault for fault in told.faults if "longer than" not in fault] == []
    assert told.tried == len(SIZES)
    assert told.unhurt < told.tried


def test_what_a_torn_database_would_hold_is_seen(tmp_path, work):
    home = runs.furnish(tmp_path / "home")
    runs.rate(home, work)
    found = runs.held(home)
    assert runs.torn(found) == []
    assert found["read"] == ROWS
    assert found["quarantined"] and found["alerts"]
    assert runs.torn({**found, "records": found["records"] + 1})
    assert runs.torn({**found, "states": ["running"]})
    store = runs.settings.open_store(home)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE record SET points = points + 1 WHERE id = 5")
    store.close()
    assert runs.held(home)["digest"] != found["digest"]
