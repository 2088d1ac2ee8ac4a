"""The page of practice: what is written and named on it is not lost on the way."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import deciding, installation, session, words
from riskprofile.services import practice_record, settings
from tests.services import bench
from tests.services.bench import INES, NOW

WHY = "the heading fits"
PAGE = (
    "import sys\n"
    "from app import session\n"
    "sys.modules.pop('app.views.practice', None)  # it draws when it is imported\n"
    "with session.run():\n"
    "    session.take_notes()\n"
    "    import app.views.practice\n"
)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page as it is served to Ines, with its first case answered."""
    told = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(told)
    bench.furnish(store)
    here = SimpleNamespace(store=store, settings=told, clock=lambda: NOW)
    for module in (installation, session, deciding):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(session, "speech", lambda: words.of("en"))
    monkeypatch.setattr(session, "require", lambda *roles: INES)
    monkeypatch.setattr(session, "actor", lambda **_: INES)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.delitem(sys.modules, "app.views.practice", raising=False)
    made = AppTest.from_string(PAGE).run(timeout=120)
    made.checkbox[0].check().run(timeout=120)
    does(made, "examine")
    yield made
    store.close()


def does(page: AppTest, name: str) -> None:
    """A click on one of its buttons."""
    page.button(key=f"practice-{name}").click().run(timeout=120)
    assert not list(page.exception)


def told(page: AppTest) -> str:
    return " ".join(str(one.proto.body) for one in page.get("html"))


def doubts(page: AppTest) -> list[Any]:
    """What the trainer is told."""
    here = deciding.served()
    return [one.text for one in practice_record.own(here.settings.home, INES, NOW).doubts]


def test_a_disagreement_stays_until_it_is_kept_or_its_field_closed(page: AppTest) -> None:
    does(page, "doubt")
    page.text_area[0].set_value(WHY).run(timeout=120)
    does(page, "doubt")  # closed, and opened again
    does(page, "doubt")
    assert page.text_area[0].value == WHY
    does(page, "retry")  # the case once more
    does(page, "examine")
    assert page.text_area[0].value == WHY
    for name in ("next", "quit"):
        does(page, name)
        assert page.text_area[0].value == WHY and "What you wrote is not kept yet" in told(page)
    does(page, "doubt-keep")
    assert doubts(page) == [WHY] and "Kept for your trainer" in told(page)
    does(page, "next")
    assert "Case 2 of 10" in told(page)
    does(page, "examine")
    does(page, "doubt")
    assert page.text_area[0].value == ""


def test_a_field_that_was_closed_keeps_nobody_from_the_next_case(page: AppTest) -> None:
    does(page, "doubt")
    page.text_area[0].set_value(WHY)  # not left before the click
    does(page, "next")
    assert page.text_area[0].value == WHY and "Case 1 of 10" in told(page)
    does(page, "doubt")
    does(page, "next")
    assert "Case 2 of 10" in told(page) and doubts(page) == []


def test_what_was_named_stays_where_a_case_is_tried_again(page: AppTest) -> None:
    does(page, "retry")
    assert [one.value for one in page.checkbox] == [True, *[False] * (len(page.checkbox) - 1)]


def test_what_was_kept_is_said_by_the_page_that_is_drawn_to_its_end(page: AppTest) -> None:
    page.session_state["told"] = "Kept"
    page.run(timeout=120)
    assert "Kept" in told(page)
    page.session_state["told-once"].end = False  # a click came before its end
    page.run(timeout=120)
    assert "Kept" in told(page)


def test_a_round_goes_on_where_it_was_after_a_dropped_line(page: AppTest) -> None:
    def again() -> AppTest:
        """The page as a new line draws it, which knows nothing of the one before."""
        made = AppTest.from_string(PAGE).run(timeout=120)
        assert not list(made.exception)
        return made

    def goods(page: AppTest) -> str:
        return told(page).partition("“")[2].partition("”")[0]

    does(page, "doubt")
    page.text_area[0].set_value(WHY).run(timeout=120)
    page.run(timeout=120)  # as any click would
    other = again()
    assert "Case 1 of 10" in told(other) and "What the reasons said" in told(other)
    assert goods(other) == goods(page) and other.text_area[0].value == WHY
    does(other, "doubt-keep")
    does(other, "next")
    third = again()
    assert "Case 2 of 10" in told(third) and "1 of 10" in told(third)
    assert goods(third) == goods(other) != goods(page)
    does(third, "quit")
    assert "Case 1 of 10" in told(again())  # of a new round
