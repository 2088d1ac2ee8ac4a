"""The page of records that are no longer shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import deciding, installation, session, typed, words
from riskprofile.services import settings, unmasking
from riskprofile.services.unmasking import Seen
from riskprofile.store import erasure
from tests.services import bench
from tests.services.bench import INES, NOW, SARA


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page as it is served to Sara, not drawn yet."""
    told = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(told)
    bench.furnish(store)
    here = SimpleNamespace(store=store, settings=told, clock=lambda: NOW)
    for module in (installation, session, deciding, typed):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(session, "speech", lambda: words.of("en"))
    monkeypatch.setattr(session, "require", lambda *roles: SARA)
    monkeypatch.setattr(session, "actor", lambda **_: SARA)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.delitem(sys.modules, "app.views.masked", raising=False)
    yield opened()
    store.close()


def opened() -> AppTest:
    """The page in a window of its own."""
    return AppTest.from_string(
        "import sys\n"
        "sys.modules.pop('app.views.masked', None)  # it draws when it is imported\n"
        "import app.views.masked\n"
    )


def test_nothing_draws_a_page_anew_that_shows_a_record(page: AppTest) -> None:
    """Where the time of an undo ends its page is drawn anew, and what is shown once is gone."""
    page.session_state["masked"] = Seen([{"consignee_name": "A. Sample"}], [], "shipment")
    page.session_state["undo"] = {
        "told": "",
        "why": "",
        "after": "",
        "until": NOW + timedelta(seconds=8),
    }
    page.session_state["told"] = "allowed"
    page.run(timeout=120)
    assert not list(page.exception)
    told = " ".join(str(one.proto.body) for one in page.get("html"))
    assert "A. Sample" in told and "allowed" in told
    assert [one.key for one in page.button] == ["masked-ask"]
    assert "undo" in page.session_state  # for the pages that offer it


def typed_in(page: AppTest) -> list[str]:
    """What stands in the form."""
    fields = [*page.text_input, *page.selectbox, *page.text_area]
    return [str(one.value) for one in fields]


def test_what_is_typed_is_there_in_a_new_window_until_it_was_asked(page: AppTest) -> None:
    """A session may end in the middle of a sentence."""
    store = deciding.served().store
    [alert] = bench.put(store, record_id="XM-7")
    with store.write() as connection:
        erasure.keep_sealed(connection, "alert", alert, b"sealed")
    page.run(timeout=120)
    page.text_input[0].set_value("XM-8").run()
    page.text_input[1].set_value("CASE-7").run()
    page.selectbox[0].set_value("traveller").run()
    page.text_area[0].set_value("the court asks for the sender").run()
    page = opened().run(timeout=120)
    assert typed_in(page) == ["XM-8", "CASE-7", "traveller", "the court asks for the sender"]
    page.button(key="masked-ask").click().run()
    told = " ".join(str(one.proto.body) for one in page.get("html"))
    assert "XM-8: there is no such record" in told and unmasking.requests(store, SARA) == []
    page.text_input[0].set_value("XM-7").run()
    page.selectbox[0].set_value("shipment").run()
    page.button(key="masked-ask").click().run()
    [asked] = unmasking.requests(store, SARA)
    assert (asked.record_id, asked.case_number) == ("XM-7", "CASE-7")
    for window in (page, opened().run(timeout=120)):
        assert typed_in(window) == ["", "", "shipment", ""]


def test_a_record_is_shown_as_it_was_declared_and_as_the_page_speaks(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times by the clocks of the office; nothing of where the server read it."""
    say = words.of("fr")
    monkeypatch.setattr(session, "speech", lambda: say)
    row = {
        "transport_mode": "sea",
        "arrival_at": pd.Timestamp("2026-11-24 23:30", tz="UTC"),
        "gross_mass_kg": 1450.5,
        "gift": True,
        "source": "/srv/riskprofile/inbox/a.csv",
        "line": 2,
        "warnings": "country_unknown",
    }
    page.session_state["masked"] = Seen([row], [], "shipment")
    page.run(timeout=120)
    assert not list(page.exception)
    told = " ".join(str(one.proto.body) for one in page.get("html"))
    assert "2026-11-25 00:30 UTC+1" in told  # of Port Meridia
    for said in (say("choice.sea"), say("yes"), say.number(1450.5)):
        assert f">{said}<" in told
    assert "/srv" not in told and "country_unknown" not in told


def test_a_request_that_stands_is_there_however_many_that_are_over_came_after_it(
    page: AppTest,
) -> None:
    """One that was allowed holds for a day, one that waits to be allowed for a week."""
    store = deciding.served().store
    [alert] = bench.put(store, record_id="XM-7")
    with store.write() as connection:
        erasure.keep_sealed(connection, "alert", alert, b"sealed")
    reason = "the court asks for the sender"
    waits = unmasking.ask(store, INES, "XM-7", "shipment", "CASE-7", reason, NOW)
    for n in range(60):
        long_ago = NOW - timedelta(days=30)
        unmasking.ask(store, INES, "XM-7", "shipment", f"OLD-{n}", reason, long_ago)
    page.run(timeout=120)
    assert not list(page.exception)
    assert f"allow-{waits}" in [one.key for one in page.button]
