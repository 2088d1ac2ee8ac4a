"""Memory of long work: no search for garbage within a part, and none left behind after it."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from riskprofile import memory
from riskprofile.memory import give_back, settle, unswept
from riskprofile.services import settings


class Knot:
    def __init__(self) -> None:
        self.itself = self


def test_a_cycle_of_a_part_is_freed_between_parts_and_not_within() -> None:
    with unswept():
        give_back()
        knot = weakref.ref(Knot())
        _ = [[] for _ in range(100_000)]  # more than Python's collector waits for
        assert knot() is not None
        give_back()
        assert knot() is None


def test_what_few_objects_came_with_is_not_walked() -> None:
    with unswept():
        gc.collect()
        knot = weakref.ref(Knot())
        give_back()
        assert knot() is not None
    gc.collect()
    assert knot() is None


def test_work_that_fails_leaves_the_collector_as_it_was() -> None:
    assert gc.isenabled()
    with pytest.raises(ValueError, match="within"), unswept(), unswept():
        raise ValueError("within")
    assert gc.isenabled()
    gc.disable()
    try:
        with unswept():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


PARTS = """
from riskprofile import memory

memory.give_back()  # the first time is of what was imported
held = [memory._own()]
for pieces in (200, 2_000):  # a part of 20 MiB, and one of 200, each freed but for what it ends in
    part = [b"x" * 100_000 for _ in range(pieces)]
    last, part = part[-1], None
    held.append(memory._own())
    memory.give_back()
    held.append(memory._own())
print(*[(one - held[0]) >> 20 for one in held[1:]])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="nobody says what a process holds")
def test_what_a_part_freed_goes_back_where_it_is_much_and_else_stays_for_the_next() -> None:
    said = subprocess.run([sys.executable, "-c", PARTS], check=True, capture_output=True, text=True)
    few, after_few, many, after_many = map(int, said.stdout.split())
    assert few > 15 and after_few > 15
    assert many > 150 and after_many < 50


@pytest.mark.parametrize("said", [None, b"", b"12 34", b"none of these"])
def test_where_nobody_says_what_a_process_holds_all_goes_back_each_time(
    said: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "statm"
    if said is not None:
        place.write_bytes(said)
    monkeypatch.setattr(memory, "STATM", place)
    for left in (1 << 40, -1):
        monkeypatch.setattr(memory, "_left", left)
        give_back()
        assert memory._left == 0  # as after each time that it goes back


OPENS = """
import gc, sys
from datetime import UTC, datetime
from pathlib import Path
from riskprofile.memory import unswept
from riskprofile.services.rater import rater

url, models = sys.argv[1], Path(sys.argv[2])
told = [gc.get_freeze_count()]
with unswept():
    rater(url, models, "shipment", datetime(2026, 6, 1, tzinfo=UTC))
told.append(gc.get_freeze_count())
for day in (2, 3):
    rater(url, models, "shipment", datetime(2026, 6, day, tzinfo=UTC))
    told.append(gc.get_freeze_count())
print(*told)
"""


def test_a_program_that_opens_a_rater_sets_apart_once_what_it_holds(tmp_path: Path) -> None:
    asked = [f"sqlite:///{tmp_path / 'r.db'}", str(settings.CHECKOUT / "models")]
    said = subprocess.run(
        [sys.executable, "-c", OPENS, *asked], check=True, capture_output=True, text=True
    )
    before, within, opened, again = map(int, said.stdout.split())
    assert before == within == 0
    assert opened > 50_000
    assert again <= opened


def test_what_is_set_apart_is_not_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    settle()
    counted: list[object] = []
    monkeypatch.setattr(gc, "get_freeze_count", lambda: counted.append(gc) or 1)
    settle()
    assert counted == []
