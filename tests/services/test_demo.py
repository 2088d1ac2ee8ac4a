"""The demonstration: one command from samples to alerts, in a home of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from riskprofile.errors import InputError, PolicyError, ScorecardError, Stopped, UsageError
from riskprofile.services import demo, govern, identity, otherwise, quarantine, review
from riskprofile.services import settings as configuration
from riskprofile.services.demo import DemoSummary
from riskprofile.services.demo_work import OFFICER_1, OFFICER_2, SUPERVISOR
from riskprofile.services.settings import Settings
from riskprofile.services.steps import WORDING
from riskprofile.store import artefacts
from tests import factory

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
pytestmark = pytest.mark.xdist_group("demo")  # one process prepares the home
COUNTED = ("alert", "decision", "outcome", "label", "account", "record", "batch")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return demo.load(tmp_path_factory.mktemp("demo") / "home", {})


@pytest.fixture(scope="module")
def first(settings: Settings) -> DemoSummary:
    return demo.prepare(settings, NOW)


def counts(settings: Settings) -> dict[str, int]:
    store = configuration.open_store(settings)
    try:
        with store.read() as connection:
            return {
                name: int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())
                for name in COUNTED
            }
    finally:
        store.close()


def test_every_row_of_the_samples_is_accounted_for(first: DemoSummary) -> None:
    assert first.read == first.accepted + first.quarantined + first.duplicate > 3_000
    assert first.quarantined == 8
    assert not first.again
    assert len({batch["format"] for batch in first.batches}) >= 6
    assert set(first.model_versions) == {"shipment", "traveller"}


def test_alerts_are_told_by_queue_and_lane_and_the_top_ones_say_why(first: DemoSummary) -> None:
    told = first.alerts
    assert told["total"] == sum(told["lane"].values()) == sum(told["queue"].values())
    assert min(told["lane"]["red"], told["lane"]["yellow"], told["queue"]["trafficking"]) > 0
    assert len(first.top) == 5
    assert all(alert.lane == "red" and alert.reason for alert in first.top)


def test_every_account_can_sign_in_and_only_the_owner_can_read_the_passwords(
    settings: Settings, first: DemoSummary
) -> None:
    assert stat.S_IMODE((settings.home / demo.ACCOUNTS).stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    assert len({one["password"] for one in first.accounts}) == len(first.accounts) >= 7
    store = configuration.open_store(settings)
    try:
        for one in first.accounts:
            token = identity.sign_in(store, str(one["user"]), str(one["password"]), "", NOW)
            actor = identity.actor_of(store, token, NOW)
            assert actor is not None
            assert (actor.role, actor.office) == (one["role"], one["office"])
    finally:
        store.close()


def test_every_page_has_something_to_show(settings: Settings, first: DemoSummary) -> None:
    store = configuration.open_store(settings)
    try:
        assert govern.status(store, SUPERVISOR).demo
        waiting = {one.kind for one in review.waiting(store, SUPERVISOR)}
        assert waiting == {"outcome", "release"}
        for officer in (OFFICER_1, OFFICER_2):
            figures = review.figures(store, officer, NOW)
            assert figures.mine > 0
            assert figures.red_free > 0
            assert figures.last_examinations > 0
        closed = review.QueueFilter("shipment", owner="closed")
        assert review.queue(store, OFFICER_1, closed, NOW).total > 0
        assert quarantine.find(store, SUPERVISOR, quarantine.Filter(_csv(first)), NOW)
        assert govern.verify_audit(store, identity.OWNER).ok
    finally:
        store.close()


def test_the_chain_of_the_demonstration_tells_its_acts_in_their_order(
    settings: Settings, first: DemoSummary
) -> None:
    """Until its invented shift, whose people act beside each other."""
    store = configuration.open_store(settings)
    try:
        with store.read() as connection:
            asked = (
                "SELECT at FROM audit WHERE sequence <= (SELECT min(sequence) FROM audit WHERE"
                " action LIKE 'batch.%' AND at = (SELECT max(at) FROM audit WHERE action LIKE"
                " 'batch.%')) ORDER BY sequence"
            )
            times = connection.execute(text(asked)).scalars().all()
        assert len(times) > 5 and times == sorted(times)
    finally:
        store.close()


def test_what_would_lower_an_alert_can_be_said(settings: Settings, first: DemoSummary) -> None:
    """The past was loaded before the shift began: what rates an alert anew knows it too."""
    store = configuration.open_store(settings)
    try:
        free = review.QueueFilter("shipment", lane="yellow")
        told = []
        for row in review.queue(store, OFFICER_1, free, NOW).rows[:3]:
            review.alert(store, OFFICER_1, row.id, NOW)
            told.append(otherwise.otherwise(store, settings, OFFICER_1, row.id, NOW))
        assert told and None not in told
    finally:
        store.close()


def _csv(told: DemoSummary) -> str:
    return next(str(one["id"]) for one in told.batches if one["source"] == "shipments.csv")


def test_what_was_invented_teaches_only_when_it_was_confirmed_and_examined(
    settings: Settings, first: DemoSummary
) -> None:
    found = counts(settings)
    assert found["outcome"] > found["label"] > 0


def test_a_second_run_reports_the_stored_batches_and_adds_nothing(
    settings: Settings, first: DemoSummary
) -> None:
    before = counts(settings)
    again = demo.prepare(settings, NOW)
    assert again.again
    assert (again.read, again.accepted, again.duplicate) == (first.read, 0, first.read)
    assert {one["state"] for one in again.batches} == {"duplicate"}
    assert again.alerts == first.alerts
    assert again.accounts == first.accounts
    twice = 2 * before["batch"]  # that each file came again is seen, as a batch of duplicates
    assert counts(settings) == before | {"batch": twice}


def test_a_home_that_it_did_not_make_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "riskprofile.db").write_bytes(b"somebody's work")
    with pytest.raises(PolicyError) as refused:
        demo.prepare(demo.load(None, {"RISKPROFILE_HOME": str(tmp_path)}), NOW)
    assert refused.value.exit_code == 7
    assert str(tmp_path) in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["riskprofile.db"]


def test_neither_the_default_home_nor_another_database_is_ever_used(tmp_path: Path) -> None:
    told = {"XDG_DATA_HOME": str(tmp_path), "RISKPROFILE_DATABASE_URL": "sqlite:////real.db"}
    settings = demo.load(None, told)
    assert settings.home.parent == configuration.default_home(told).parent
    assert settings.home != configuration.default_home(told)
    assert settings.database_url == f"sqlite:///{settings.home / 'riskprofile.db'}"


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two of the samples."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in ("past-travellers.parquet", "paxlst.edi"):
        shutil.copy(demo.SAMPLES / name, folder)
    return folder


def test_a_signal_stops_it_and_the_next_goes_on(few: Path, tmp_path: Path) -> None:
    settings = demo.load(tmp_path / "home", {})
    for at in ("past-travellers.parquet", "paxlst.edi", WORDING):

        def stop(name: str, done: int, of: int | None, at: str = at) -> None:
            if name == at:
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(Stopped) as stopped:
            demo.prepare(settings, NOW, factory.Steps(stop), samples=few)
        assert stopped.value.signal == signal.SIGINT
        assert counts(settings)["alert"] == 0
    told = demo.prepare(settings, NOW, samples=few)
    assert (told.read, told.accepted) == (206, 206)
    assert told.alerts["total"] > 0


def test_a_run_that_a_missing_scorecard_stopped_is_gone_on_with(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = demo.load(tmp_path / "home", {})
    without = settings.model_copy(update={"models": tmp_path / "none"})
    with monkeypatch.context() as patch:
        patch.setattr(artefacts, "trusted", set)
        with pytest.raises(ScorecardError):
            demo.prepare(without, NOW, samples=few)
    told = demo.prepare(settings, NOW, samples=few)
    assert (told.read, told.accepted) == (206, 206)
    assert told.alerts["total"] > 0


def test_without_samples_no_home_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="samples are not there"):
        demo.prepare(demo.load(tmp_path / "home", {}), NOW, samples=tmp_path / "none")
    assert not (tmp_path / "home").exists()


def test_a_taken_port_is_named_with_another_one() -> None:
    from riskprofile.cli.demo import _require_free

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken.*--port"):
            _require_free(port)
