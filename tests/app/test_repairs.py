"""The table in which rows that were kept back are put right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import cells, repairs, session, typed, words
from riskprofile.services import govern, quarantine, review, settings
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.database import Store
from tests import factory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A home with one batch, of which a row waits; the page is served from it."""
    told = settings.load({}, home=tmp_path / "home")
    opened = settings.open_store(told)
    table = factory.shipments(3).drop(columns=["source", "line", "warnings"]).astype(object)
    table.loc[1, "gross_mass_kg"] = "heavy"
    table.to_csv(tmp_path / "bad.csv", index=False)
    screen(opened, told, OWNER, [tmp_path / "bad.csv"], Options(max_bad_share=1.0), NOW)
    here = SimpleNamespace(store=opened, settings=told, clock=lambda: NOW)
    for module in (cells, repairs, session, typed):
        monkeypatch.setattr(module, "served", lambda: here)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield opened
    opened.close()


def drawn() -> None:
    """The table of the person who is here, after what they typed."""
    import streamlit as st

    from app import cells, repairs, words

    person, batch = st.session_state["here"], st.session_state["of"]
    if given := st.session_state.pop("typed", None):
        cells.window(person, batch.id).take(given)
    repairs.table(words.of("en"), person, batch)


def test_nobody_sees_what_another_typed_who_was_in_this_window_before(store: Store) -> None:
    """A line that was lost may come back with the cookie of who has signed in meanwhile."""
    window = AppTest.from_function(drawn)
    (window.session_state["of"],) = govern.batches(store, OWNER)
    window.session_state["typed"] = {(1, "gross_mass_kg"): "12"}
    asked = []
    for name in ("olga", "omar", "olga"):
        window.session_state["here"] = Actor(name, "operator")
        window.run()
        assert not window.exception
        asked.append((window.button(key="repair-rate").label, window.text_input[0].proto.id))
    first, other, again = asked
    assert (first[0], other[0]) == ("Rate repaired rows (1)", "Rate repaired rows (0)")
    assert first == again and first[1] != other[1]


def test_of_two_windows_that_repair_one_cell_the_later_is_asked_and_no_older_value_wins(
    store: Store,
) -> None:
    olga = Actor("olga", "operator")
    (batch,) = govern.batches(store, OWNER)
    mass, goods = (1, "gross_mass_kg"), (1, "goods_description")

    def types(window: AppTest, given: dict[tuple[int, str], str]) -> str:
        window.session_state["here"], window.session_state["of"] = olga, batch
        window.session_state["typed"] = given
        window.run()
        assert not window.exception
        return window.button(key="repair-rate").label

    def stored() -> dict[str, str]:
        kept = review.draft(store, olga, f"repair:{batch.id}") or {}
        return dict(kept.get("1", {}))

    def asks(window: AppTest) -> bool:
        return any("another window of yours" in one.proto.body for one in window.get("html"))

    first, second = AppTest.from_function(drawn), AppTest.from_function(drawn)
    for one in (first, second):
        types(one, {})
    assert types(first, {mass: "12"}) == "Rate repaired rows (1)"
    assert types(second, {mass: "13"}) == "Rate repaired rows (0)"  # nobody knows with which
    assert asks(second)
    assert stored() == {"gross_mass_kg": "12"}
    second.button(key="repairs-elsewhere-theirs").click().run()
    assert not asks(second)
    assert types(second, {mass: "14"}) == "Rate repaired rows (1)"
    assert stored() == {"gross_mass_kg": "14"}
    first.text_input[0].set_value("as the broker says")
    first.button(key="repair-rate").click().run()  # of what the other wrote it shows nothing yet
    assert asks(first)
    assert stored() == {"gross_mass_kg": "14"}
    types(first, {mass: "14", goods: "pins"})
    types(second, {goods: "pins, steel"})
    assert asks(second)
    second.button(key="repairs-elsewhere-mine").click().run()
    assert stored() == {"gross_mass_kg": "14", "goods_description": "pins, steel"}
    # What a browser tells again of before the other window wrote is no wish of now.
    types(first, {goods: "pins", (1, "seal_numbers"): "MSKU1234565"})
    assert not asks(first)
    assert stored()["goods_description"] == "pins, steel"
    assert stored()["seal_numbers"] == "MSKU1234565"


def test_what_a_table_tells_again_is_nothing_new_where_another_value_was_read_since(
    store: Store,
) -> None:
    """Typed before the table was drawn anew: a browser tells its old values too."""
    olga = Actor("olga", "operator")
    mass, goods = (1, "gross_mass_kg"), (1, "goods_description")
    ours, theirs = (cells.Window(olga, "repair:1", {}) for _ in range(2))
    told: cells.Cells = {mass: ""}
    ours.take({mass: "12"}, told)
    assert theirs.look()
    theirs.take({mass: "13"})
    assert ours.look()
    ours.take({mass: "12", goods: "pins"}, told)
    assert ours.fixes() == {1: {"gross_mass_kg": "13", "goods_description": "pins"}}
    ours.take({mass: "", goods: "pins"}, told)  # which is one of now
    assert ours.fixes() == {1: {"goods_description": "pins"}}


def test_what_is_typed_into_all_cells_of_a_row_is_there_in_a_new_window_until_it_was_rated(
    store: Store,
) -> None:
    """The table shows it as well: there is one draft of a cell."""
    olga = Actor("olga", "operator")
    (batch,) = govern.batches(store, OWNER)
    [row] = quarantine.find(store, olga, quarantine.Filter(batch.id), NOW)

    def opened() -> AppTest:
        window = AppTest.from_function(drawn)
        window.session_state["here"], window.session_state["of"] = olga, batch
        window.run(timeout=120)
        window.selectbox(key="repair").set_value(row.id).run()
        assert not window.exception
        return window

    def field(window: AppTest, name: str) -> Any:
        return window.text_input(key=typed.own(f"repair-{row.id}-{name}", olga))

    def shown(window: AppTest) -> list[str]:
        return [field(window, one).value for one in ("gross_mass_kg", "package_count", "reason")]

    first = opened()
    before = field(first, "package_count").value
    assert shown(first) == ["heavy", before, ""]
    field(first, "gross_mass_kg").set_value("about 12").run()
    field(first, "package_count").set_value("3").run()
    field(first, "reason").set_value("as the broker says").run()
    second = opened()
    assert shown(second) == ["about 12", "3", "as the broker says"]
    field(second, "package_count").set_value(before).run()  # as it came: nothing is put right
    second.button(key="repair-submit").click().run()
    assert any("is not a number" in one.proto.body for one in second.get("html"))
    assert shown(opened()) == ["about 12", before, "as the broker says"]
    field(second, "gross_mass_kg").set_value("12").run()
    assert second.button(key="repair-rate").label == "Rate repaired rows (1)"
    second.button(key="repair-submit").click().run()
    assert not second.exception and quarantine.tally(store, olga, batch.id) == {}
    for subject in (f"repair:{batch.id}", f"repair-why:{batch.id}:{row.id}"):
        assert not review.draft(store, olga, subject)
    first.run()
    assert not first.exception and "repair-submit" not in [one.key for one in first.button]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_that_another_repaired_a_row_first_is_said_in_the_language_of_the_page(
    store: Store, language: str
) -> None:
    say, olga, why = words.of(language), Actor("olga", "operator"), "as the broker says"
    (batch,) = govern.batches(store, OWNER)
    (row,) = quarantine.find(store, olga, quarantine.Filter(batch.id), NOW)
    given = {"gross_mass_kg": "12"}
    told = repairs.served().settings
    done = quarantine.repair(store, told, Actor("omar", "operator"), {row.id: given}, why, NOW)
    assert done.repaired == [row.id]
    summary, _, said = repairs._submit(say, olga, row, row.fields, given, why)
    assert summary is None and said.endswith(say("refusal.do_amendment"))
    assert ("of the quarantine is" in said) is (language == words.DEFAULT)
