"""The inbox takes regular files that stand still, each once."""

from __future__ import annotations

import errno
import fcntl
import gzip
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from riskprofile.errors import UsageError
from riskprofile.services.inbox import Inbox
from riskprofile.services.settings import Settings
from riskprofile.services.uploading import safe_name
from riskprofile.store.database import Store
from tests.conftest import LATE
from tests.services.inboxes import (
    GOOD,
    OTHER,
    ROOT,
    count,
    kept,
    link,
    plain,
    two_names,
    unreadable,
    watched,
)


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def zipped(*members: tuple[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return held.getvalue()


def listener(folder: Path, name: str) -> None:
    held = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(folder)  # the path of a socket is short
    try:
        held.bind(name)
    finally:
        os.chdir(here)
        held.close()


def device(folder: Path, name: str) -> None:
    try:
        os.mknod(folder / name, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES):
            raise
        pytest.skip("only root makes a device")


LONG = "n" * 251 + ".csv"


def bomb() -> bytes:
    """A small file that is large: packed when it is asked for, which takes a second."""
    return gzip.compress(b"a,b\n" + b"0" * 200_000_000, 9)


# name of the trick -> (how it is laid, done, failed, left in the inbox)
Trick = tuple[Callable[[Path], None], list[str], list[str], list[str]]
TRICKS: dict[str, Trick] = {
    # What is no file of its own is never opened, and stays where it is.
    "link to a file of the system": (lambda f: link(f, "a.csv", "/etc/passwd"), [], [], ["a.csv"]),
    "link to a good file": (
        lambda f: (plain(f.parent, "o.csv"), link(f, "a.csv", "../o.csv"))[0],
        [],
        [],
        ["a.csv"],
    ),
    "link to nothing": (lambda f: link(f, "a.csv", "nowhere"), [], [], ["a.csv"]),
    "link to itself": (lambda f: link(f, "a.csv", "a.csv"), [], [], ["a.csv"]),
    "link to a folder": (lambda f: link(f, "a.csv", "/etc"), [], [], ["a.csv"]),
    "link to the inbox": (lambda f: link(f, "a.csv", "."), [], [], ["a.csv"]),
    "second name of a file elsewhere": (lambda f: two_names(f, "a.csv"), [], [], ["a.csv"]),
    "fifo": (lambda f: os.mkfifo(f / "a.csv"), [], [], ["a.csv"]),
    "socket": (lambda f: listener(f, "a.csv"), [], [], ["a.csv"]),
    "device": (lambda f: device(f, "a.csv"), [], [], ["a.csv"]),
    "folder": (lambda f: (f / "a.csv").mkdir(), [], [], ["a.csv"]),
    "folder with a file": (
        lambda f: ((f / "sub").mkdir(), plain(f / "sub", "a.csv"))[0],
        [],
        [],
        ["sub"],
    ),
    # What is not ready yet stays too.
    "hidden": (lambda f: plain(f, ".a.csv"), [], [], [".a.csv"]),
    "two dots": (lambda f: plain(f, "..a.csv"), [], [], ["..a.csv"]),
    "part": (lambda f: plain(f, "a.csv.part"), [], [], ["a.csv.part"]),
    "tmp": (lambda f: plain(f, "a.csv.TMP"), [], [], ["a.csv.TMP"]),
    "filepart": (lambda f: plain(f, "a.csv.filepart"), [], [], ["a.csv.filepart"]),
    "copy of an editor": (lambda f: plain(f, "a.csv~"), [], [], ["a.csv~"]),
    "empty": (lambda f: plain(f, "a.csv", b""), [], [], ["a.csv"]),
    # Odd names of good files: taken, under a name that harms nobody.
    "newline": (lambda f: plain(f, "a\nb.csv"), ["a_b.csv"], [], []),
    "tab": (lambda f: plain(f, "a\tb.csv"), ["a_b.csv"], [], []),
    "terminal codes": (lambda f: plain(f, "a\x1b[31m.csv"), ["a_[31m.csv"], [], []),
    "right to left": (lambda f: plain(f, "a\u202evsc.csv"), ["a_vsc.csv"], [], []),
    "a line of Unicode": (lambda f: plain(f, "a\u2028vsc.csv"), ["a_vsc.csv"], [], []),
    "huge name": (lambda f: plain(f, LONG), [safe_name(LONG)], [], []),
    "not utf-8": (
        lambda f: plain(f, os.fsdecode(b"a\xff.csv")),
        ["a?.csv"],
        [],
        [],
    ),
    "option": (lambda f: plain(f, "--help"), ["--help"], [], []),
    "shell": (lambda f: plain(f, "$(id);`id`|a.csv"), ["$(id);`id`|a.csv"], [], []),
    "backslashes": (lambda f: plain(f, "x\\..\\a.csv"), ["a.csv"], [], []),
    "blanks": (lambda f: plain(f, " a .csv "), ["a .csv"], [], []),
    "no ending": (lambda f: plain(f, "manifest"), ["manifest"], [], []),
    "wrong ending": (lambda f: plain(f, "a.exe"), ["a.exe"], [], []),
    "zip": (lambda f: plain(f, "a.zip", zipped(("a.csv", GOOD.encode()))), ["a.zip"], [], []),
    "gzip": (lambda f: plain(f, "a.gz", gzip.compress(GOOD.encode())), ["a.gz"], [], []),
    # What cannot be read is kept apart, with a report.
    "zip in zip": (
        lambda f: plain(f, "a.zip", zipped(("b.zip", zipped(("a.csv", GOOD.encode()))))),
        [],
        ["a.zip"],
        [],
    ),
    "zip that climbs": (
        lambda f: plain(f, "a.zip", zipped(("../../b.csv", GOOD.encode()))),
        [],
        ["a.zip"],
        [],
    ),
    "cut zip": (
        lambda f: plain(f, "a.zip", zipped(("a.csv", GOOD.encode()))[:-40]),
        [],
        ["a.zip"],
        [],
    ),
    "bomb": (lambda f: plain(f, "a.csv.gz", bomb()), [], ["a.csv.gz"], []),
    "no declaration": (lambda f: plain(f, "a.csv", "\x00\x01\x02" * 50), [], ["a.csv"], []),
    "document type": (
        lambda f: plain(
            f, "a.xml", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
        ),
        [],
        ["a.xml"],
        [],
    ),
    "same content twice": (
        lambda f: (plain(f, "a.csv"), plain(f, "b.csv"))[0],
        ["a.csv", "b.csv"],
        [],
        [],
    ),
}


def test_there_are_forty_one_tricks() -> None:
    assert len(TRICKS) == 41


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_of_the_inbox_gets_more_than_a_regular_file(
    store: Store, home: Settings, folder: Path, trick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One watcher in this process: the same class that the command runs."""
    lay, done, failed, left = TRICKS[trick]
    lay(folder)
    passwd = Path("/etc/passwd").stat()
    told = watched(store, home, folder)
    assert kept(folder, "done") == done or sorted(kept(folder, "done")) == sorted(done)
    assert kept(folder, "failed") == failed
    found = {path.name for path in folder.iterdir()} - {"claimed", "done", "failed"}
    assert found == set(left)
    assert list((folder / "claimed").iterdir()) == []
    assert (told.done, told.failed, told.waiting) == (len(done), len(failed), 0)
    assert told.read == told.accepted + told.quarantined + told.duplicate == 4 * len(done)
    assert count(store, "record") == (4 if done else 0)
    for path in (folder / "failed").glob("*/*.report.json"):
        assert json.loads(path.read_text())["error"]["what"]
    after = Path("/etc/passwd").stat()
    assert (passwd.st_size, passwd.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    assert not list(folder.parent.glob("b.csv"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a capability")
def test_a_file_is_taken_that_its_rights_would_not_let_be_read_and_the_system_does() -> None:
    """As where a service is given the capability to read what any sender leaves."""
    if (tool := shutil.which("setpriv")) is None:
        pytest.skip("there is no setpriv")
    looks = (
        "import sys; from pathlib import Path; from riskprofile.services.inbox import Inbox\n"
        "with Inbox(Path(sys.argv[1])) as box:\n"
        "    box.look()\n"
        "    print([path.name for path in box.look()], box.aside)\n"
    )
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        unreadable(folder, "list.csv")
        os.chown(folder, 65534, 65534)
        held = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        told = subprocess.run(
            [tool, "--reuid=65534", *held, sys.executable, "-c", looks, made],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LATE,
        )
    assert told.stdout.strip() == "['list.csv'] {}", told.stderr


def test_a_file_that_another_watcher_took_is_not_told_where_the_next_has_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain(folder, "day.csv")
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", real)
        assert other._take("day.csv") is not None
        try:
            return path.rename(target)
        finally:
            plain(folder, "day.csv", OTHER)

    with Inbox(folder) as one, Inbox(folder) as other:
        one.look(), other.look()
        ready = one.look()
        monkeypatch.setattr(Path, "rename", rename)
        assert [*ready] == [] and one.aside == {}


def test_a_growing_file_is_left_until_it_stands_still(folder: Path) -> None:
    with Inbox(folder) as box, (folder / "a.csv").open("w") as file:
        for part in GOOD.splitlines(keepends=True):
            file.write(part)
            file.flush()
            assert [*box.look()] == []
        (taken,) = box.look()
        assert taken.read_text() == GOOD


def test_a_file_whose_time_moves_without_its_size_is_left(folder: Path) -> None:
    plain(folder, "a.csv")
    with Inbox(folder) as box:
        for second in range(1, 4):
            os.utime(folder / "a.csv", (second, second))
            assert [*box.look()] == []
        assert len([*box.look()]) == 1


def test_what_was_swapped_between_the_look_and_the_rename_is_given_back(folder: Path) -> None:
    plain(folder, "a.csv")
    with Inbox(folder) as box:
        box.look()
        seen = dict(box.seen)
        (folder / "a.csv").unlink()
        (folder / "a.csv").symlink_to("/etc/passwd")
        box.seen = seen
        assert box._take("a.csv") is None
    assert (folder / "a.csv").is_symlink()


def test_of_two_watchers_one_takes_a_file(folder: Path) -> None:
    for n in range(20):
        plain(folder, f"{n}.csv")
    with Inbox(folder) as one, Inbox(folder) as other:
        one.look(), other.look()
        taken = [path.name for path in one.look()] + [path.name for path in other.look()]
    assert sorted(taken) == sorted(f"{n}.csv" for n in range(20))


def test_a_watcher_that_just_begins_is_not_taken_for_one_that_died(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks between its lock being made and being held would remove it."""
    plain(folder, "a.csv")
    hold = fcntl.flock
    with Inbox(folder) as one:

        def held(file: io.BufferedIOBase, how: int) -> None:
            monkeypatch.setattr(fcntl, "flock", hold)
            one.left()
            hold(file, how)

        monkeypatch.setattr(fcntl, "flock", held)
        other = Inbox(folder).__enter__()
        other.look()
        assert len([*other.look()]) == 1
        assert one.left() == []
        assert other._lock is not None
        other._lock.close()  # as when its process dies
        assert [path.name for path in one.left()] == ["a.csv"]


def test_what_a_watcher_was_to_take_when_it_died_is_no_file_that_waits(folder: Path) -> None:
    """It makes the place of a file first."""
    dead = Inbox(folder).__enter__()
    dead._place().mkdir()
    assert dead._lock is not None
    dead._lock.close()  # as when its process dies
    with Inbox(folder) as box:
        assert box.left() == []
        assert (box.held(), box.elsewhere()) == (0, 0)


def test_on_a_disk_in_the_network_the_next_goes_on_with_what_a_watcher_had_taken_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS makes such a lock of one on the bytes of a file, which who only reads may share alone."""
    monkeypatch.setattr(fcntl, "flock", fcntl.lockf)
    plain(folder, "a.csv")
    dead = Inbox(folder).__enter__()
    dead.look()
    assert len([*dead.look()]) == 1
    assert dead._lock is not None
    dead._lock.close()  # as when its process dies
    with Inbox(folder) as box:
        assert [path.name for path in box.left()] == ["a.csv"]


def test_what_is_called_like_a_lock_and_cannot_be_opened_is_left(folder: Path) -> None:
    with Inbox(folder) as box:
        (folder / "claimed" / "1-ab.lock").mkdir()
        assert box.left() == []


@pytest.mark.parametrize("name", ["notes.txt", ".DS_Store", "notes/a.csv"])
def test_what_others_put_where_a_watcher_died_is_told_and_keeps_nothing_from_its_turn(
    folder: Path, name: str
) -> None:
    """It ended each look of every watcher, or was rated as if it had been sent."""
    plain(folder, "a.csv")
    dead = Inbox(folder).__enter__()
    dead.look()
    assert len([*dead.look()]) == 1
    (dead.mine / name).parent.mkdir(exist_ok=True)
    plain(dead.mine, name)
    assert dead._lock is not None
    dead._lock.close()  # as when its process dies
    told = {f"claimed/{dead.name}/{Path(name).parts[0]}": "no watcher put it there"}
    with Inbox(folder) as box:
        for _ in range(2):
            assert [path.name for path in box.left()] == ["a.csv"]
            box.look()
            assert (box.aside, box.held(), box.elsewhere()) == (told, 1, 0)
        assert (dead.mine / name).is_file()
        shutil.rmtree(dead.mine)
        box.left(), box.look()
        assert box.aside == {} and not dead.mine.with_suffix(".lock").exists()


@pytest.mark.parametrize("name", [".DS_Store", "notes/a.csv"])
def test_what_lies_beside_a_taken_file_is_told_and_neither_read_nor_in_its_way(
    folder: Path, name: str
) -> None:
    """A desktop puts a hidden file into each folder that it shows: it was rated as if sent."""
    plain(folder, "a.csv")
    with Inbox(folder) as box:
        box.look()
        (taken,) = box.look()
        beside = taken.parent / name
        beside.parent.mkdir(exist_ok=True)
        plain(taken.parent, name)
        assert box.left() == [taken]
        box.look()
        assert [*box.aside] == [str((taken.parent / Path(name).parts[0]).relative_to(box.folder))]
        target = box.place(taken, "done", "1", datetime.now(UTC))
        box.archive(taken, target)
        assert target.is_file() and beside.is_file() and box.left() == []


def test_a_file_written_while_it_was_read_goes_back(folder: Path) -> None:
    plain(folder, "a.csv")
    with Inbox(folder) as box:
        box.look()
        (taken,) = box.look()
        before = taken.lstat()
        taken.write_text(OTHER)
        assert box.changed(taken, before)
    assert (folder / "a.csv").read_text() == OTHER


@pytest.mark.parametrize("name", ["claimed", "done", "failed"])
def test_a_link_in_place_of_its_own_folders_is_refused(folder: Path, name: str) -> None:
    (folder / name).symlink_to("/tmp")
    with pytest.raises(UsageError):
        Inbox(folder)


def test_a_missing_inbox_is_named(folder: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        Inbox(folder / "none")
