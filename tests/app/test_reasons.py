"""Reasons that are typed beside a button of a page: they outlive its window until it was done."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from app import (
    batch_panels,
    deciding,
    fitting,
    installation,
    session,
    signing,
    terms,
    typed,
    words,
)
from riskprofile.services import fitting as fits
from riskprofile.services import promotion, settings, switching, watchers
from riskprofile.services import terms as edits
from riskprofile.services.identity import OWNER, Actor
from riskprofile.store.database import Store
from tests.services import test_promotion
from tests.services.bench import NOW

WHY = "officers see nonsense in the first lane"
ADA, OLGA = Actor("ada", "administrator"), Actor("olga", "operator")
ANNA, SARA = test_promotion.ANNA, test_promotion.SARA
MODELS = (  # the page of scorecards
    "import sys\n"
    "sys.modules.pop('app.views.models', None)  # it draws when it is imported\n"
    "import app.views.models\n"
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A home from which pages are served to who is here."""
    told = settings.load({}, home=tmp_path / "home")
    opened = settings.open_store(told)
    here = SimpleNamespace(store=opened, settings=told, clock=lambda: NOW)
    for module in (batch_panels, deciding, fitting, installation, session, signing, terms, typed):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(session, "speech", lambda: words.of("en"))
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield opened
    opened.close()


def seen_by(monkeypatch: pytest.MonkeyPatch, person: Actor) -> None:
    """From now on this person holds the session of every window."""
    monkeypatch.setattr(session, "actor", lambda **_: person)


def types_and_does(draw: Any, button: str, done: Any, before: str = "") -> None:
    """Type in one window, go on in another: it is there until it was done, then in neither."""

    def opened() -> AppTest:
        window = AppTest.from_function(draw) if callable(draw) else AppTest.from_string(draw)
        window.run(timeout=120)
        if before:
            window.button(key=before).click().run()
        assert not window.exception
        return window

    first = opened()
    first.text_input[0].set_value("too").run()
    first.button(key=button).click().run()  # refused: it stays
    assert not first.exception and not done()
    first = opened()
    assert first.text_input[0].value == "too"
    first.text_input[0].set_value(WHY).run()
    second = opened()
    assert second.text_input[0].value == WHY
    second.button(key=button).click().run()
    assert not second.exception and done() == WHY
    assert typed_anywhere() == []


def typed_anywhere() -> list[Any]:
    """Drafts that are kept."""
    with deciding.served().store.read() as connection:
        return [*connection.execute(text("SELECT subject FROM draft")).scalars()]


def test_a_reason_to_pause_rating(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "app.views.models", raising=False)
    seen_by(monkeypatch, ADA)  # who works no alert

    def done() -> str:
        return getattr(switching.paused(store), "why", "")

    types_and_does(MODELS, "pause-pause", done)
    again = AppTest.from_string(MODELS).run(timeout=120)
    again.button(key="pause-resume").click().run()
    assert not again.exception and not done() and again.text_input[0].value == ""


@pytest.mark.parametrize("button", ["edit-lock-shipment", "terms-undo"])
def test_whose_session_ended_edits_no_term(
    store: Store, monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    """A click is heard before the page is drawn, which would say that nobody is signed in."""
    monkeypatch.delitem(sys.modules, "app.views.models", raising=False)
    seen_by(monkeypatch, ANNA)
    card = promotion.serving(store, deciding.served().settings.models, "shipment")
    window = AppTest.from_string(MODELS).run(timeout=120)
    window.button(key="edit-smooth-shipment").click().run(timeout=120)
    before = edits.kept(store, ANNA, card)
    assert not window.exception and len(before) == 1
    monkeypatch.setattr(session, "actor", lambda **_: None)
    window.button(key=button).click().run(timeout=120)
    assert not window.exception and edits.kept(store, ANNA, card) == before


def test_what_is_the_matter_with_a_scorecard_is_said_and_not_where_it_lies(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "app.views.models", raising=False)
    seen_by(monkeypatch, ADA)
    here = deciding.served()
    models = tmp_path / "models"
    shutil.copytree(here.settings.models, models)
    (models / "shipment" / test_promotion.SHIPPED / "manifest.json").write_text("{}")
    here.settings = here.settings.model_copy(update={"models": models})
    window = AppTest.from_string(MODELS)
    window.query_params["version"] = test_promotion.SHIPPED
    window.run(timeout=120)
    told = " ".join(str(one.proto.body) for one in window.get("html"))
    [fault] = [
        one.fault
        for one in promotion.known(store, ADA, models)
        if (one.profile, one.version) == ("shipment", test_promotion.SHIPPED)
    ]
    assert not window.exception and str(tmp_path) in fault and str(tmp_path) not in told
    assert fault.partition(": ")[2].partition(".")[0][1:] in told


def test_a_reason_to_roll_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen_by(monkeypatch, SARA)
    test_promotion.promoted(test_promotion.furnish(store), tmp_path)

    def drawn() -> None:
        from app import session, signing

        signing.back(session.speech(), session.present(), "shipment")

    def done() -> str:
        last = promotion.promotions(store, SARA, "shipment")[0]
        return last.reason if last.kind == "rollback" else ""

    back = f"back-shipment-{test_promotion.SHIPPED}"
    types_and_does(drawn, back, done, before="back-to-shipment")


def test_nobody_goes_back_further_than_they_were_shown(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By a second click, or because somebody else went back meanwhile."""
    seen_by(monkeypatch, SARA)
    test_promotion.promoted(test_promotion.furnish(store), tmp_path, "2027.1")
    test_promotion.promoted(store, tmp_path, "2027.2", base=9)

    def drawn() -> None:
        from app import session, signing

        signing.back(session.speech(), session.present(), "shipment")

    window = AppTest.from_function(drawn).run(timeout=120)
    window.button(key="back-to-shipment").click().run()
    window.text_input[0].set_value(WHY).run()
    promotion.rollback(store, SARA, "shipment", WHY, NOW, test_promotion.MODELS)
    window.button[1].click().run()
    assert not window.exception
    assert test_promotion.serves(store) == "2027.1"


def test_a_reason_to_let_a_gate_pass(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen_by(monkeypatch, ANNA)

    def drawn() -> None:
        from app import fitting, session
        from riskprofile.services import fitting as fits
        from riskprofile.services.promotion import Gate

        gates = (Gate("calibration", False, "17 finds, 4 expected", "0.001"),)
        one = fits.Fit(
            "shipment", "2031.1", "anna", session.now().isoformat(), fits.DONE, gates=gates
        )
        fitting.acts(session.speech(), session.present(), one)

    def done() -> str:
        found = fits.fits(deciding.served().settings, ANNA, "shipment")
        return found[0].waivers[0].reason if found else ""

    types_and_does(drawn, "waive-2031.1", done, before="small-waiver-2031.1")
    until = time.monotonic() + 120
    while fits.fits(told := deciding.served().settings, ANNA, "shipment")[0].state == fits.RUNNING:
        assert time.monotonic() < until, f"the fit in {told.home} does not end"
        time.sleep(0.1)


def test_a_reason_to_pause_the_inbox(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen_by(monkeypatch, OLGA)

    def drawn() -> None:
        from app import batch_panels, session

        batch_panels._switch(session.speech(), session.present())

    def done() -> str:
        return getattr(watchers.paused(store), "why", "")

    types_and_does(drawn, "inbox-pause-now", done)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_pause_without_a_reason_is_refused_in_the_language_of_the_page(
    store: Store, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    say = words.of(language)
    seen_by(monkeypatch, OLGA)
    monkeypatch.setattr(session, "speech", lambda: say)

    def drawn() -> None:
        from app import batch_panels, session

        batch_panels._switch(session.speech(), session.present())

    window = AppTest.from_function(drawn).run(timeout=120)
    window.button(key="inbox-pause-now").click().run()
    told = " ".join(str(one.proto.body) for one in window.get("html"))
    assert say("inbox.not_paused") in told and say("refusal.do_why") in told


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("of, who", [(switching, ADA), (watchers, OLGA)])
def test_a_pause_that_another_set_since_is_told_and_stands(
    store: Store, monkeypatch: pytest.MonkeyPatch, language: str, of: Any, who: Actor
) -> None:
    monkeypatch.delitem(sys.modules, "app.views.models", raising=False)
    say = words.of(language)
    seen_by(monkeypatch, who)
    monkeypatch.setattr(session, "speech", lambda: say)

    def drawn() -> None:
        from app import batch_panels, session

        batch_panels._switch(session.speech(), session.present())

    of.pause(store, who, WHY, NOW)
    of_rating = of is switching
    window = AppTest.from_string(MODELS) if of_rating else AppTest.from_function(drawn)
    window.run(timeout=120)
    of.resume(store, who, NOW)
    of.pause(store, OWNER, "the tariff file is wrong", NOW)
    key = "pause-resume" if of_rating else "inbox-resume"
    window.button(key=key).click().run(timeout=120)
    assert not window.exception and of.paused(store).why == "the tariff file is wrong"
    told = " ".join(str(one.proto.body) for one in window.get("html"))
    assert say("fault.not_saved") in told and say("refusal.do_again") in told
    window.button(key=key).click().run(timeout=120)  # which was read now
    assert not window.exception and of.paused(store) is None
