"""The board as a supervisor uses it: slider and field are one; what is not known is not told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import deciding, examinations, installation, reach_chart, session, words
from app.text import literal
from riskprofile.scoring.scorecard import ENOUGH_EXAMINED, ENOUGH_FINDS
from riskprofile.services import board, cut, settings
from riskprofile.services.evidence import Weight
from riskprofile.services.rights import Actor
from riskprofile.store.database import Store
from tests.services import bench
from tests.services.bench import HERE, NOW, SARA, THERE, put

EVERYWHERE = Actor("susi", "supervisor")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A furnished home that the page is served from, to Sara."""
    told = settings.load({}, home=tmp_path / "home")
    opened = settings.open_store(told)
    bench.furnish(opened)
    here = SimpleNamespace(store=opened, settings=told, clock=lambda: NOW)
    for module in (installation, session, examinations, deciding):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(session, "speech", lambda: words.of("en"))
    as_of(monkeypatch, SARA)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.delitem(sys.modules, "app.views.board", raising=False)
    yield opened
    opened.close()


def as_of(monkeypatch: pytest.MonkeyPatch, actor: Actor) -> None:
    """Whoever looks at the page."""
    monkeypatch.setattr(session, "require", lambda *roles: actor)
    monkeypatch.setattr(session, "actor", lambda **_: actor)


def page() -> AppTest:
    """The page, drawn."""
    return AppTest.from_string(
        "import sys\n"
        "sys.modules.pop('app.views.board', None)  # it draws when it is imported\n"
        "import app.views.board\n"
    ).run(timeout=120)


def told(page: AppTest) -> str:
    """All that the page says."""
    assert not list(page.exception)
    return " ".join(str(one.proto.body) for one in page.get("html"))


def test_slider_and_field_are_one_and_the_number_is_set_by_a_button(store: Store) -> None:
    put(store, 60, lane="yellow", points=[500 - n for n in range(60)])
    drawn = page()
    assert "40 today: cut at 461 points" in told(drawn)
    drawn.slider(key=f"capacity-slider-{HERE}").set_value(10).run(timeout=120)
    assert drawn.number_input(key=f"capacity-{HERE}").value == 10
    assert "10 today: cut at 491 points" in told(drawn)
    assert "▲ Yellow 10, 481 to 490 points" in told(drawn)
    drawn.number_input(key=f"capacity-{HERE}").set_value(500).run(timeout=120)
    assert drawn.slider(key=f"capacity-slider-{HERE}").value == 120  # where it ends
    assert "500 today: all open alerts are reached" in told(drawn)
    drawn.number_input(key=f"capacity-{HERE}").set_value(25).run(timeout=120)
    drawn.button(key=f"capacity-set-{HERE}").click().run(timeout=120)
    assert f"{HERE} can make 25 examinations a day." in told(drawn)
    assert drawn.button(key=f"capacity-set-{HERE}").disabled


def test_the_number_that_the_field_holds_is_set_though_the_click_comes_with_it(
    store: Store,
) -> None:
    drawn = page()
    drawn.number_input(key=f"capacity-{HERE}").set_value(38).run(timeout=120)
    drawn.number_input(key=f"capacity-{HERE}").set_value(25)  # not left before the click
    drawn.button(key=f"capacity-set-{HERE}").click().run(timeout=120)
    assert f"{HERE} can make 25 examinations a day." in told(drawn)


def test_no_find_is_foretold_before_outcomes_are_enough_and_then_with_its_interval(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, 50, score=0.1)
    before = told(page())
    assert "not known yet: 0 of 200 examined outcomes, 0 of 30 finds" in before
    assert "Points of the open alerts" in before and "finds expected" not in before
    monkeypatch.setattr(cut, "weighed", lambda *_: Weight(ENOUGH_EXAMINED, ENOUGH_FINDS))
    after = told(page())
    assert "40 today: cut at 361 points, 4 finds expected" in after
    assert '<b>4</b> <span class="rp-m">(1 to 8)</span>' in after
    assert '<b>1</b> <span class="rp-m">(0 to 3)</span>' in after  # of ten more


def test_no_find_is_foretold_while_nothing_was_fitted_on_the_outcomes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, 50)
    monkeypatch.setattr(cut, "weighed", lambda *_: Weight(ENOUGH_EXAMINED, ENOUGH_FINDS))
    said = told(page())
    assert "not known yet: the scorecard that rated these alerts was not fitted" in said
    assert "finds expected" not in said and "Points of the open alerts" in said


def test_an_office_is_chosen_and_only_its_list_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_of(monkeypatch, EVERYWHERE)
    put(store, 3, office=THERE, points=[90, 80, 70])
    drawn = page()
    assert "40 today: all open alerts are reached" in told(drawn)  # the largest office first
    drawn.segmented_control(key="capacity-office").set_value(THERE).run(timeout=120)
    drawn.number_input(key=f"capacity-{THERE}").set_value(2).run(timeout=120)
    assert "2 today: cut at 80 points" in told(drawn)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_sentence_of_the_chart_is_said_of_every_cut(language: str) -> None:
    say = words.of(language)

    def said(**columns: Any) -> str:
        usual = {"number": 4, "left": 4, "beyond": 9, "points": 12, "finds": None}
        return reach_chart.said(say, SimpleNamespace(**usual | columns))

    finds = cut.Expected(1.25, 0, 3)
    kinds = ({}, {"finds": finds}, {"points": None}, {"left": 0}, {"beyond": 0})
    assert len({said(**one) for one in kinds}) == len(kinds)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_figures_and_names_are_written_as_the_language_writes_them(
    store: Store, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    say = words.of(language)
    monkeypatch.setattr(session, "speech", lambda: say)
    as_of(monkeypatch, EVERYWHERE)
    cut.set_capacity(store, EVERYWHERE, HERE, 1200, NOW)
    alarmed = replace(board.board(store, EVERYWHERE, NOW), alarms=[HERE, THERE])
    monkeypatch.setattr(board, "board", lambda *_: alarmed)
    said = told(page())
    assert say("kpi.of", n="1\u202f200", total="1\u202f200") in said
    assert say("kpi.of", n="0", total="1\u202f210") in said and "1200" not in said
    assert say.listed([HERE, THERE]) in said


def test_an_office_is_called_as_it_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is chosen from is read as Markdown."""
    name = "*North* :red[Gate] ![x](http://127.0.0.1:9)"
    bench.put_offices(store, [{"code": THERE, "name": name, "zone": "UTC", "capacity": 10}])
    as_of(monkeypatch, EVERYWHERE)
    drawn = page()
    offices = [one.proto for one in drawn.get("button_group")]
    said = [one.content for group in offices for one in group.options]
    assert literal(name) in said and name not in said
