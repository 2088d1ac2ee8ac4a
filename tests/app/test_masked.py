"""The page of records that are no longer shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import deciding, installation, session, words
from riskprofile.services import settings
from riskprofile.services.unmasking import Seen
from tests.services import bench
from tests.services.bench import NOW, SARA


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page as it is served to Sara, not drawn yet."""
    told = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(told)
    bench.furnish(store)
    here = SimpleNamespace(store=store, settings=told, clock=lambda: NOW)
    for module in (installation, session, deciding):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(session, "speech", lambda: words.of("en"))
    monkeypatch.setattr(session, "require", lambda *roles: SARA)
    monkeypatch.setattr(session, "actor", lambda **_: SARA)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.delitem(sys.modules, "app.views.masked", raising=False)
    yield AppTest.from_string(
        "import sys\n"
        "sys.modules.pop('app.views.masked', None)  # it draws when it is imported\n"
        "import app.views.masked\n"
    )
    store.close()


def test_nothing_draws_a_page_anew_that_shows_a_record(page: AppTest) -> None:
    """Where the time of an undo ends its page is drawn anew, and what is shown once is gone."""
    page.session_state["masked"] = Seen([{"consignee": "A. Sample"}], [])
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
    assert [one.key for one in page.button] == ["FormSubmitter:ask-Ask"]
    assert "undo" in page.session_state  # for the pages that offer it
