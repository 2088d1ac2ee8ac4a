"""Drafts: nothing typed is lost, and it is nobody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from riskprofile.services import review
from riskprofile.store.database import Store
from tests.services.bench import INES, NOW, OMAR, later


def test_a_draft_survives_a_restart_and_keeps_the_newest_text(any_store):
    review.save_draft(any_store, INES, "decision:1", {"reason": "first"}, NOW)
    review.save_draft(any_store, INES, "decision:1", {"reason": "second é"}, later(seconds=1))
    assert review.draft(any_store, INES, "decision:1") == {"reason": "second é"}


def test_of_two_windows_that_save_at_once_the_second_is_told_and_nothing_is_lost(any_store):
    def window(name, seen, start):
        start.wait()
        return review.save_draft(any_store, INES, "outcome:1", name, NOW, lambda kept: kept == seen)

    seen = None
    with ThreadPoolExecutor(2) as both:
        for n in range(20):
            start, names = Barrier(2), (f"{n} left", f"{n} right")
            told = list(both.map(window, names, [seen] * 2, [start] * 2))
            seen = review.draft(any_store, INES, "outcome:1")
            assert sorted(told) == [False, True]
            assert seen == names[told.index(True)]


def test_another_connection_finds_it(store):
    review.save_draft(store, INES, "decision:1", ["x"], NOW)
    again = Store.open(f"sqlite:///{store.where}")
    assert review.draft(again, INES, "decision:1") == ["x"]
    again.close()


def test_a_draft_is_its_writers_alone(store):
    review.save_draft(store, INES, "decision:1", "mine", NOW)
    assert review.draft(store, OMAR, "decision:1") is None
    review.discard_draft(store, OMAR, "decision:1")
    assert review.draft(store, INES, "decision:1") == "mine"


def test_a_draft_is_thrown_away(store):
    review.save_draft(store, INES, "decision:1", "mine", NOW)
    review.discard_draft(store, INES, "decision:1")
    review.discard_draft(store, INES, "decision:1")
    assert review.draft(store, INES, "decision:1") is None
