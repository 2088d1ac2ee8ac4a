"""What monitoring is told: what stands, in numbers, and nothing of a declaration."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from riskprofile.services import metrics, retention, settings, switching, watchers
from riskprofile.services.identity import OWNER
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Batch, Quarantined
from tests.services.bench import HERE, NOW, THERE, later, put

SAMPLE = re.compile(r'riskprofile_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+]+')
DOCUMENT = Path(__file__).parents[2] / "docs" / "administrator.md"


def asked(store: Store, home: Path) -> dict[str, dict[str, float]]:
    """Each measure: its samples by the values of their labels."""
    told = metrics.measured(store, settings.load({}, home=home), OWNER, later(hours=2))
    return {
        one.name: {" ".join(labels.values()): value for labels, value in one.samples}
        for one in told
    }


def test_what_waits_at_each_office_is_counted_by_lane(any_store: Store, tmp_path: Path) -> None:
    put(any_store, 3, lane=["red", "red", "yellow"])
    put(any_store, 2, record_id=["N-1", "N-2"], office=THERE, created_at=later(hours=1))
    put(any_store, 1, record_id="N-3", office=None, state="closed", closed_at=NOW)
    told = asked(any_store, tmp_path)
    assert told["alerts_open"] == {
        f"shipment {HERE} red": 2,
        f"shipment {HERE} yellow": 1,
        f"shipment {THERE} red": 2,
    }
    oldest = told["alerts_oldest_timestamp_seconds"]
    assert oldest[f"shipment {THERE} red"] - oldest[f"shipment {HERE} red"] == 3600


def test_the_lane_of_an_alert_that_waits_for_an_own_view_is_told_to_nobody(
    store: Store, tmp_path: Path
) -> None:
    put(store, 1, blind="waiting")
    assert asked(store, tmp_path)["alerts_open"] == {f"shipment {HERE} blind": 1}


def test_rows_are_counted_by_what_became_of_them(any_store: Store, tmp_path: Path) -> None:
    with any_store.write() as connection:
        counts = {"read": 9, "accepted": 5, "quarantined": 3, "duplicate": 1}
        connection.execute(update(Batch).values(**counts, ended_at=later(hours=1)))
        connection.execute(
            insert(Quarantined),
            [
                {"batch_id": "b1", "source": "day.csv", "line": n, "state": state,
                 "reason_code": "bad", "reason": "bad", "raw": "", "created_at": NOW}
                for n, state in enumerate(("waiting", "waiting", "repaired"), 2)
            ],
        )  # fmt: skip
    told = asked(any_store, tmp_path)
    assert told["rows_total"] == {
        "shipment read": 9,
        "shipment accepted": 5,
        "shipment quarantined": 3,
        "shipment duplicate": 1,
        "shipment failed": 0,
    }
    assert told["quarantine_waiting"] == {"": 2}
    assert told["batch_timestamp_seconds"] == {"shipment": later(hours=1).timestamp()}
    assert told["batches_unfinished"] == {"running": 0, "left": 0}


def test_a_batch_that_was_stopped_is_left_and_does_not_count_as_the_last(
    store: Store, tmp_path: Path
) -> None:
    with store.write() as connection:
        connection.execute(update(Batch).values(state="stopped", ended_at=later(hours=1)))
    told = asked(store, tmp_path)
    assert told["batches_unfinished"] == {"running": 0, "left": 1}
    assert told["batch_timestamp_seconds"] == {}


def test_pauses_switches_and_the_last_run_of_retention_are_told(
    store: Store, tmp_path: Path
) -> None:
    here = settings.load({}, home=tmp_path)
    before = asked(store, tmp_path)
    assert before["paused"] == {"rating": 0, "inbox": 0}
    assert before["profile_on"] == {"shipment": 1, "traveller": 0}
    assert before["retention_timestamp_seconds"] == {}
    assert set(before["scorecard_serves"].values()) == {1}
    switching.pause(store, OWNER, "wrong tariff file", NOW)
    watchers.pause(store, OWNER, "the disk is moved", NOW)
    retention.run(store, here, OWNER, later(hours=1))
    after = asked(store, tmp_path)
    assert after["paused"] == {"rating": 1, "inbox": 1}
    assert after["retention_timestamp_seconds"] == {"": later(hours=1).timestamp()}
    assert after["audit_timestamp_seconds"] == {"": later(hours=1).timestamp()}
    assert after["home_free_bytes"][""] > 0


def test_a_scorecard_that_is_not_whole_serves_nothing(store: Store, tmp_path: Path) -> None:
    here = settings.load({}, home=tmp_path, models=tmp_path / "none")
    [serves] = [
        one for one in metrics.measured(store, here, OWNER, NOW) if one.name == "scorecard_serves"
    ]
    assert [value for _, value in serves.samples] == [0, 0]


def test_a_watcher_that_is_silent_is_told_with_its_folder(store: Store, tmp_path: Path) -> None:
    here = settings.load({}, home=tmp_path)
    watchers.Teller(here, Path("/srv/inbox"), 10.0).tell(NOW, [], [], 2, ["empty.csv"])
    told = asked(store, tmp_path)
    assert told["inbox_timestamp_seconds"] == {"/srv/inbox": NOW.timestamp()}
    assert told["inbox_silent"] == {"/srv/inbox": 1}
    assert (told["inbox_waiting"], told["inbox_aside"]) == ({"/srv/inbox": 2}, {"/srv/inbox": 1})


def test_every_line_is_of_the_text_format_and_every_measure_is_documented(
    store: Store, tmp_path: Path
) -> None:
    put(store, 1, office='a "b" \\ c')
    told = metrics.measured(store, settings.load({}, home=tmp_path), OWNER, NOW)
    lines = [line for one in told for line in one.text().splitlines()]
    odd = [line for line in lines if not (line.startswith("# ") or SAMPLE.fullmatch(line))]
    assert odd == [line for line in lines if r'office="a \"b\" \\ c"' in line] != []
    documented = DOCUMENT.read_text("utf-8")
    assert [one.name for one in told if f"`{one.name}`" not in documented] == []


@pytest.mark.parametrize("number", [0, 1_764_522_000.25, 123_456_789_012_345])
def test_a_number_is_written_as_it_is(number: float) -> None:
    made = metrics.Metric("some", "Some.")
    made.add(number)
    assert float(made.text().split()[-1]) == number
