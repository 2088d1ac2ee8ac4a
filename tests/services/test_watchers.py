"""What watchers tell of their inbox, and the pause that they heed."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from riskprofile.errors import NotAllowed, UsageError
from riskprofile.services import inbox_watcher, watchers
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options
from riskprofile.services.settings import Settings
from riskprofile.services.watchers import Seen, Teller
from riskprofile.store.database import Store
from tests.cli.test_cli import run
from tests.services.inboxes import GOOD, NOW, ended, start, until

OPERATOR = Actor("olga", "operator")


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def watch(store: Store, home: Settings, folder: Path, said: list[str]) -> None:
    """Two looks."""
    options = Options(resume=True)
    watcher = inbox_watcher.Watcher(store, home, OWNER, options, lambda: NOW, said.append)
    watcher.run(folder, every=0.05, once=True)


def test_a_paused_inbox_is_left_as_it_is_until_it_is_looked_at_again(
    store: Store, home: Settings, folder: Path
) -> None:
    (folder / "day.csv").write_text(GOOD)
    watchers.pause(store, OPERATOR, "the carrier sends rubbish", NOW)
    said: list[str] = []
    watch(store, home, folder, said)
    assert [one.name for one in folder.glob("*.csv")] == ["day.csv"]
    assert [one.folder for one in watchers.watchers(home, OPERATOR)] == [str(folder.resolve())]
    assert said[1:] == [
        "the inbox is paused since 2026-11-24 09:00 UTC by olga: the carrier sends rubbish"
    ]
    stands = watchers.paused(store)
    assert stands is not None and (stands.since, stands.by) == (NOW, "olga")

    watchers.resume(store, OPERATOR, NOW)
    assert watchers.paused(store) is None
    watch(store, home, folder, said)
    assert "read 4 = accepted 4" in said[-1]
    with store.read() as connection:
        asked = "SELECT action, actor FROM audit WHERE action LIKE 'inbox%' ORDER BY sequence"
        acts = [tuple(row) for row in connection.execute(text(asked))]
    assert acts == [("inbox.pause", "olga"), ("inbox.resume", "olga")]


def test_a_watcher_hears_of_the_pause_while_it_runs_and_says_both_turns_once(
    store: Store,
) -> None:
    heed = watchers.Heed(store)
    turns = [heed.turned(), heed.turned()]
    watchers.pause(store, OPERATOR, "a reason", NOW)
    turns += [heed.turned(), heed.turned()]
    watchers.resume(store, OPERATOR, NOW)
    turns += [heed.turned(), heed.turned()]
    said = [one for one in turns if one]
    assert said == [
        "the inbox is paused since 2026-11-24 09:00 UTC by olga: a reason",
        "the inbox is looked at again",
    ]


def test_who_may_not_pause_the_inbox_is_refused_and_so_is_a_pause_without_a_reason(
    store: Store,
) -> None:
    with pytest.raises(NotAllowed):
        watchers.pause(store, Actor("ines", "officer"), "a good reason", NOW)
    with pytest.raises(NotAllowed):
        watchers.resume(store, Actor("sara", "supervisor"), NOW)
    with pytest.raises(UsageError):
        watchers.pause(store, OPERATOR, "  no ", NOW)
    assert watchers.paused(store) is None


def test_the_command_pauses_the_inbox_and_not_the_rating(home: Settings, store: Store) -> None:
    code, out, _ = run(home.home, "pause", "--inbox", "--why", "the share moves")
    assert (code, out.strip()) == (0, "the inbox is paused")
    stands = watchers.paused(store)
    assert stands is not None and stands.why == "the share moves"
    assert run(home.home, "resume", "--inbox")[0] == 0
    assert watchers.paused(store) is None


def test_a_watcher_tells_what_waits_for_a_stable_size_and_is_gone_when_it_ends(
    store: Store, home: Settings, folder: Path
) -> None:
    process = start(home, folder)
    seen: list[tuple[str, ...]] = []
    try:
        with (folder / "growing.csv").open("w") as growing:

            def told() -> bool:
                growing.write("x" * 1000)
                growing.flush()
                seen.extend(one.growing for one in watchers.watchers(home, OPERATOR))
                return ("growing.csv",) in seen

            until(told)
            (one,) = watchers.watchers(home, OPERATOR)
            assert (one.folder, one.process) == (str(folder.resolve()), process.pid)
            assert not one.silent(datetime.now(UTC))
    finally:
        process.send_signal(signal.SIGTERM)
        ended(process)
    assert watchers.watchers(home, OPERATOR) == []


def test_a_pause_ends_a_look_after_the_file_that_is_being_rated(
    store: Store, home: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_watcher, "SMALL", 0)  # each is a run of its own, as large files are
    for number, name in enumerate(("a.csv", "b.csv")):
        (folder / name).write_text(GOOD.replace("XM-", f"X{number}-"))
    said: list[str] = []

    class Said(list[str]):
        def append(self, line: str) -> None:
            said.append(line)
            if line.startswith("a.csv: read 4"):
                watchers.pause(store, OPERATOR, "the disk is full", NOW)

    watch(store, home, folder, Said())
    assert not any(line.startswith("b.csv") for line in said)
    watchers.resume(store, OPERATOR, NOW)
    watch(store, home, folder, Said())
    assert said[-1].startswith("b.csv: read 4 = accepted 4")


def test_who_waits_for_the_end_of_a_pause_is_heard_of_all_the_while(
    store: Store, home: Settings, folder: Path
) -> None:
    watchers.pause(store, OPERATOR, "the share moves", NOW)
    process, heard = start(home, folder), set[datetime]()
    try:

        def told() -> bool:
            heard.update(one.at for one in watchers.watchers(home, OPERATOR))
            return len(heard) > 1

        until(told)
    finally:
        process.send_signal(signal.SIGTERM)
        ended(process)


def test_what_a_timer_began_is_told_of_until_the_next_time(
    store: Store, home: Settings, folder: Path
) -> None:
    (folder / "day.csv").write_text(GOOD)
    watch(store, home, folder, [])
    (one,) = watchers.watchers(home, OPERATOR)
    assert one.once and not one.silent(datetime.now(UTC) + timedelta(days=1))


def test_a_watcher_that_is_not_heard_of_is_silent_unless_it_rates(home: Settings) -> None:
    folder = Path("/srv/inbox")
    late = NOW + watchers.LATE + timedelta(seconds=21)
    for rating, silent in (([], True), (["day.csv"], False)):
        Teller(home, folder, 10.0).tell(NOW, [], rating, 0)
        (one,) = watchers.watchers(home, OPERATOR)
        assert one.silent(late) is silent
        assert not one.silent(NOW + watchers.LATE)


def test_what_did_not_change_is_not_written_at_each_look(home: Settings) -> None:
    teller = Teller(home, Path("/srv/inbox"), 0.2)
    teller.tell(NOW, ["a.csv"], [], 0)
    teller.tell(NOW + timedelta(seconds=1), ["a.csv"], [], 0)
    assert watchers.watchers(home, OPERATOR)[0].at == NOW
    teller.tell(NOW + timedelta(seconds=2), [], [], 0)
    assert watchers.watchers(home, OPERATOR)[0].at == NOW + timedelta(seconds=2)
    teller.tell(NOW + timedelta(seconds=9), [], [], 0)
    assert watchers.watchers(home, OPERATOR)[0].at == NOW + timedelta(seconds=9)
    teller.tell(NOW - timedelta(hours=1), [], [], 0)  # its clock was put right
    assert watchers.watchers(home, OPERATOR)[0].at == NOW - timedelta(hours=1)


def other(**given: object) -> str:
    """What a watcher told, with some of it otherwise."""
    told = {**asdict(Seen("/srv/inbox", "host", 1, NOW, 1.0)), **given}
    return json.dumps(told, default=str)


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", '{"at": "yesterday"}', '{"at": "2026-11-24"}'),
        *(other(every="soon"), other(waits=[]), other(waits="some"), other(rating=4)),
    ],
)
def test_what_another_release_told_is_left_aside(home: Settings, content: str) -> None:
    place = home.home / watchers.WATCHERS
    place.mkdir(parents=True)
    (place / "a.json").write_text(content)
    assert watchers.watchers(home, OPERATOR) == []
    assert [Seen("a", "h", 1, NOW, 1.0).silent(NOW)] == [False]
