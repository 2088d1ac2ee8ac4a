"""What a page keeps to tell when a service refused: words for a person at a desk."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import RerunException
from streamlit.testing.v1 import AppTest

from app import deciding, session, typed, words
from riskprofile.errors import Busy, Conflict, NotAllowed, StoreError
from riskprofile.services.rights import Actor
from riskprofile.store.database import Store
from tests.app.ends import Ends

EN = words.of("en")
PLACE = "/srv/riskprofile/riskprofile.db"


def told(monkeypatch: pytest.MonkeyPatch, error: Exception) -> tuple[str, str]:
    """What the strip says after this error."""
    kept: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", kept)
    monkeypatch.setattr(session, "speech", lambda: EN)

    def refuses() -> None:
        raise error

    assert deciding.attempt(refuses) is None
    found: tuple[str, str] = kept["fault"]
    return found


def test_a_database_that_another_writes_is_told_in_words_of_the_page(monkeypatch):
    error = Busy("the database is locked by another program", where=PLACE, do="Run it again.")
    assert told(monkeypatch, error) == (EN("busy.title"), EN("busy.text"))


def test_no_page_tells_where_the_database_lies(monkeypatch):
    error = StoreError("the disk is full", where=PLACE, do="Make room, then run the same command.")
    said = "The disk is full. Try again, then tell your operator."
    assert told(monkeypatch, error) == ("Not recorded", said)


def test_who_was_first_and_what_is_not_allowed_are_told_as_before(monkeypatch):
    assert "ines" in told(monkeypatch, Conflict("taken", holder="ines"))[1]
    error = NotAllowed("an officer cannot do this", do="Ask a supervisor.")
    assert told(monkeypatch, error)[1] == "An officer cannot do this. Ask a supervisor."


def test_an_undo_that_failed_can_be_tried_again_while_its_time_runs(monkeypatch):
    answers: list[Exception | None] = [Busy("the database is locked by another program"), None]

    def undo(*_: Any) -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    done = {"id": 7, "alert": 3, "record": "A-7", "decision": "scan", "reason": "a shadow"}
    kept: dict[str, Any] = {"undo": done}
    left: list[Any] = []
    monkeypatch.setattr(st, "session_state", kept)
    for name, value in (("speech", EN), ("actor", object()), ("now", None)):
        monkeypatch.setattr(session, name, lambda value=value: value)
    monkeypatch.setattr(deciding, "served", lambda: SimpleNamespace(store=None))
    monkeypatch.setattr(deciding.review, "undo", undo)
    monkeypatch.setattr(typed, "put_back", lambda *given: left.append(given[:2]))
    deciding.undo(7)
    assert (kept["undo"]["record"], kept.pop("fault")[0]) == ("A-7", EN("busy.title"))
    for besides, told in (({}, True), ({"dialog": (8, "release")}, False)):
        ended = kept | besides  # no dialog about the next alert says it of its own reason
        monkeypatch.setattr(st, "session_state", ended)
        deciding._end_undo()
        assert ("fault" in ended, "undo" in ended) == (told, False)
    monkeypatch.setattr(st, "session_state", kept)
    deciding.undo(7)
    session.take_notes()
    assert kept == {"told": EN("undo.undone", record="A-7"), "notes": {}}
    assert left == [(deciding.subject(3, "scan"), "a shadow")]


def over() -> None:
    """The strip of an undo whose time is over, as a page draws it."""
    import streamlit as st

    from app import deciding

    st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
    deciding.strips()


@pytest.mark.parametrize(("opened", "drawn"), [(False, 2), (True, 1)])
def test_the_end_of_an_undo_draws_no_page_anew_while_a_dialog_is_open(monkeypatch, opened, drawn):
    """What is typed there would go with it."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    monkeypatch.setattr(session, "speech", lambda: EN)
    monkeypatch.setattr(session, "now", lambda: now)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(over)
    page.session_state["undo"] = {"id": 7, "until": now}
    if opened:
        page.session_state["dialog"] = (8, "scan")
    page.run()
    assert (page.session_state["drawn"], "undo" in page.session_state) == (drawn, False)
    assert not page.button


def test_a_reason_comes_back_after_an_undo_unless_another_was_typed_since(monkeypatch, tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'riskprofile.db'}")
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(session, "now", lambda: datetime(2026, 11, 24, tzinfo=UTC))
    monkeypatch.setattr(typed, "served", lambda: SimpleNamespace(store=store))
    ines, omar = (Actor(name, "officer", "XMPME") for name in ("ines", "omar"))
    scan, examine = (deciding.subject(3, one) for one in ("scan", "examine"))
    typed.put_back(scan, "a shadow", ines)
    typed.put_back(scan, "what was decided before", ines)
    assert typed.left(scan, ines) == "a shadow"
    assert (typed.left(examine, ines), typed.left(scan, omar)) == ("", "")
    assert st.session_state == {}  # nothing stays in a window once the database has it
    store.close()


class Ended(Exception):
    """A run that the next click ends."""


class Ending(dict[str, Any]):
    """A session state: where something is taken out of it the next click ends the run."""

    def __delitem__(self, name: str) -> None:
        raise Ended


def test_words_that_the_database_has_are_its_own_where_a_run_ends_at_once(monkeypatch, tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'riskprofile.db'}")
    now = datetime(2026, 11, 24, tzinfo=UTC)
    monkeypatch.setattr(st, "session_state", Ending())
    monkeypatch.setattr(session, "now", lambda: now)
    monkeypatch.setattr(typed, "served", lambda: SimpleNamespace(store=store))
    ines = Actor("ines", "officer", "XMPME")
    subject = deciding.subject(3, "scan")
    st.session_state[typed.own("reason", ines)] = "a shadow"
    with pytest.raises(Ended):
        typed.keep(subject, "reason", ines)
    deciding.review.save_draft(store, ines, subject, {"reason": "in another window"}, now)
    assert typed.left(subject, ines) == "in another window"
    store.close()


def dialog() -> None:
    """The dialog of a decision, as a page draws it."""
    from types import SimpleNamespace

    from app import deciding

    view = SimpleNamespace(id=1, record_id="A", lane="yellow", title="pins", blind=False)
    deciding._reason(view, "documents")


def test_a_reason_typed_while_another_program_writes_stays_and_its_button_works(monkeypatch):
    """Its draft is for later: an error there would end the run before the button is heard."""

    def locked(*_: Any) -> None:
        raise Busy("the database is locked by another program", where=PLACE)

    monkeypatch.setattr(session, "speech", lambda: EN)
    monkeypatch.setattr(session, "actor", lambda: SimpleNamespace(name="ines"))
    monkeypatch.setattr(session, "now", lambda: None)
    monkeypatch.setattr(typed, "served", lambda: SimpleNamespace(store=None))
    monkeypatch.setattr(deciding.review, "draft", lambda *_: None)
    monkeypatch.setattr(deciding.review, "save_draft", locked)
    heard: list[str] = []
    monkeypatch.setattr(
        deciding, "_decide", lambda view, decision, reason, who: heard.append(reason)
    )
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(dialog).run()
    page.text_area[0].set_value("Ask for the invoice")
    page.button(key="reason-save").click().run()
    assert (heard, list(page.exception)) == (["Ask for the invoice"], [])
    assert page.text_area[0].value == "Ask for the invoice"


def test_what_was_done_is_told_though_the_next_click_comes_while_it_is_done(monkeypatch):
    kept = Ends(dialog=(3, "scan"))
    monkeypatch.setattr(st, "session_state", kept)
    monkeypatch.setattr(session, "speech", lambda: EN)
    monkeypatch.setattr(session, "now", lambda: datetime(2026, 11, 24, tzinfo=UTC))
    monkeypatch.setattr(deciding, "served", lambda: SimpleNamespace(store=None))
    monkeypatch.setattr(typed, "forget", lambda *_: kept.pop("draft", None))
    view = SimpleNamespace(id=3, blind=False, decisions=[], record_id="A-7")

    def acts(*_: Any) -> int:
        kept.clicked = True
        return 11

    monkeypatch.setattr(deciding.review, "decide", acts)
    for act in (
        lambda: deciding._decide(view, "scan", "a shadow", object()),
        lambda: deciding.ended(deciding.attempt(acts), "done", "subject"),
    ):
        with pytest.raises(RerunException):
            act()
        kept.clicked = False
    session.take_notes()
    assert (kept["undo"]["record"], kept["told"], "dialog" in kept) == ("A-7", "done", False)


def test_what_was_undone_is_offered_no_more_though_the_next_click_comes_at_once(
    monkeypatch, tmp_path
):
    store = Store.open(f"sqlite:///{tmp_path / 'riskprofile.db'}")
    done = {"id": 7, "alert": 3, "record": "A-7", "decision": "scan", "reason": "a shadow"}
    kept, ines = Ends(undo=done), Actor("ines", "officer", "XMPME")
    monkeypatch.setattr(st, "session_state", kept)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    for name, value in (("speech", EN), ("actor", ines), ("now", now)):
        monkeypatch.setattr(session, name, lambda value=value: value)
    for module in (deciding, typed):
        monkeypatch.setattr(module, "served", lambda: SimpleNamespace(store=store))
    monkeypatch.setattr(deciding.review, "undo", lambda *_: setattr(kept, "clicked", True))
    with suppress(RerunException):
        deciding.undo(7)
    kept.clicked = False
    session.take_notes()
    assert kept == {"told": EN("undo.undone", record="A-7"), "notes": {}}
    assert typed.left(deciding.subject(3, "scan"), ines) == "a shadow"
    store.close()
