"""Memory of long work: no search for garbage within a part, and none left behind after it."""

from __future__ import annotations

import gc
import weakref

import pytest

from riskprofile.memory import give_back, unswept


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
