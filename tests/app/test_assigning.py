"""Giving several alerts away: which of a list are offered, and what is told of those left."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import RerunException

from app import assigning, session, words
from riskprofile.services.assigning import Moved
from riskprofile.words import LANGUAGES, Message
from tests.app.ends import Ends

NOW = datetime(2026, 11, 24, 13, 7, tzinfo=UTC)
EN = words.of("en")


def row(number, profile="shipment", state="open", waiting="", **shown):
    return SimpleNamespace(id=number, profile=profile, state=state, waiting=waiting, **shown)


def test_travellers_closed_ones_and_releases_that_wait_are_not_offered():
    listed = [
        row(1),
        row(2, profile="traveller"),
        row(3, state="closed"),
        row(4, waiting="second person"),
        row(5, waiting="outcome"),
    ]
    assert [one.id for one in assigning._of(listed)] == [1, 5]


def test_a_button_is_of_just_these_alerts_and_this_officer():
    first, second, third = (row(number) for number in range(3))
    named = [([first, second], "ines"), ([first, third], "ines"), ([first, second], "omar")]
    assert len({assigning._which(*one) for one in named}) == 3
    assert assigning._which([second, first], "ines") == assigning._which(*named[0])


@pytest.mark.parametrize(("offices", "told"), [("AA", False), ("AB", True)])
def test_each_alert_of_a_list_of_several_offices_is_told_with_its_own(monkeypatch, offices, told):
    shown = {"lane": "red", "record_id": "XM-1#1", "title": "", "due_at": NOW, "owner": None}
    listed = [row(number, office=one, **shown) for number, one in enumerate(offices)]
    drawn = []

    def dataframe(table, **how):
        drawn.append([*table.get("office", ())])
        assert [*table] == how["column_order"]
        return {"selection": {"rows": []}}

    monkeypatch.setattr(assigning.st, "dataframe", dataframe)
    assert assigning._table(listed, NOW, EN, choosing=True) == []
    assert drawn == [[*offices] if told else []]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_left_is_told_by_reference_and_name_in_the_words_of_the_page(language):
    decided = Message("refusal.meanwhile", who="omar", decision="scan")
    left = [("XM-1", Message("refusal.holds", who="ines")), ("XM-2", decided)]
    _, told = assigning._left(Moved(NOW, (), tuple(left)), words.of(language))
    colon = " :" if language == "fr" else ":"
    assert all(part in told for part in (f"XM-1{colon} ", "ines", f"XM-2{colon} ", "omar"))
    assert words.of(language)("decision.scan").lower() in told


def test_of_many_the_first_are_named():
    why = Message("refusal.put_aside", who="ines")
    left = tuple((f"XM-{number}", why) for number in range(7))
    head, told = assigning._left(Moved(NOW, (), left), EN)
    assert head == "7 left as they are."
    assert told.count("ines put it aside.") == 5 and told.endswith(" …")
    assert assigning._left(Moved(NOW, (1,), ()), EN) == []


def test_what_was_given_or_taken_back_is_over_though_the_next_click_comes_at_once(monkeypatch):
    """The dialog is closed, the undo offered no more, and the list shows who holds what."""
    kept = Ends(dialog=(assigning.SEVERAL, assigning.SEVERAL), held=("rows",), generation=4)
    monkeypatch.setattr(st, "session_state", kept)
    for name, value in (("speech", EN), ("actor", object()), ("now", NOW)):
        monkeypatch.setattr(session, name, lambda value=value: value)
    monkeypatch.setattr(assigning, "served", lambda: SimpleNamespace(store=None))

    def acts(*_):
        kept.clicked = True
        return Moved(NOW, (1, 2), ())

    monkeypatch.setattr(assigning.assigning, "assign_several", acts)
    monkeypatch.setattr(assigning.assigning, "take_back", acts)
    for act, told in (
        (lambda: assigning._give([row(1), row(2)], "ines", object()), "undo"),
        (lambda: kept["undo"]["act"](), "told"),
    ):
        before = kept["generation"]
        with suppress(RerunException):
            act()
        kept.clicked = False
        session.take_notes()
        assert (kept["generation"], kept.get("held"), "dialog" in kept) == (before + 1, None, False)
        assert [name for name in ("undo", "told") if name in kept] == [told]
        kept["held"] = ("rows",)
