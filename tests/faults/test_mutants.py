"""Damaged and hostile files: no crash, no hang, nothing touched, all accounted for.

A small share of them; `make trust-full` reads 100,000.
"""

from __future__ import annotations

import random

import pytest

from tests.faults import accidents, mutants
from tests.faults.accidents import Given, Lures

PATIENCE = 60.0  # seconds of work: the second that the command demands is no matter of a test


@pytest.mark.parametrize(
    ("count", "part", "parts"),
    [(500, 0, 1), *(pytest.param(10_000, n, 2, marks=pytest.mark.slow) for n in range(2))],
)
@pytest.mark.timeout(1200)
def test_no_mutant_crashes_hangs_touches_anything_or_loses_a_record(count, part, parts):
    lines = mutants.run(count, limit=PATIENCE, part=(part, parts))
    assert sum(line.tried for line in lines.values()) == count // parts
    assert set(lines) == set(mutants.samples())
    assert [fault for line in lines.values() for fault in line.faults] == []
    assert sum(line.read for line in lines.values()) > count // parts
    assert sum(line.refused for line in lines.values()) > 0


def test_the_same_number_gives_the_same_mutant():
    found = mutants.samples()
    for name in found:
        first, again, other = (
            accidents.mutant(name, number, found, Lures())[0] for number in (3, 3, 4)
        )
        assert first == again
        assert first != other


@pytest.mark.parametrize("accident", accidents.ACCIDENTS, ids=lambda one: one.__name__)
def test_every_accident_changes_a_file(accident):
    data = mutants.samples()["wco_import.xml"]
    chance = random.Random(7)
    made = [accident(Given(data, (data, b"a,b\n1,2\n"), chance)) for _ in range(4)]
    assert any(one != data for one in made)


def test_what_a_reader_may_not_do_is_seen(tmp_path):
    lure = mutants.Lure(tmp_path)
    assert lure.touched() == []
    lure.path.read_text()
    with mutants.socket.create_connection(lure.server.getsockname()):
        assert lure.touched() == ["the lure file was opened", "the lure address was called"]
    lure.close()


def test_a_process_that_dies_is_a_fault_and_the_next_mutant_is_read():
    # A reader that aborts cannot be had; the process is ended in its place.
    todo = mutants.plan(4, ["jsonl"])
    found = mutants._watch(todo, 0, PATIENCE, die_at=2)
    lines = [line for _, line in found]
    assert len(lines) == 4
    assert [bool(line.faults) for line in lines] == [False, False, True, False]
    assert "ended the process" in lines[2].faults[0]
