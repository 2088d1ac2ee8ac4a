"""The officer's page."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import deciding, installation, session, typed, words
from app.news import News
from riskprofile.services import govern, settings
from riskprofile.services.identity import OWNER
from tests.services import bench
from tests.services.bench import INES, NOW


def test_where_every_kind_is_switched_off_the_list_is_empty_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(told)
    bench.furnish(store)
    govern.disable_profile(store, OWNER, "shipment", NOW)
    assert govern.status(store, INES, told).worked == ()
    here = SimpleNamespace(store=store, settings=told, clock=lambda: NOW, news=News(store))
    for module in (installation, session, deciding, typed):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(session, "speech", lambda: words.of("en"))
    monkeypatch.setattr(session, "require", lambda *roles: INES)
    monkeypatch.setattr(session, "actor", lambda **_: INES)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.delitem(sys.modules, "app.views.queue", raising=False)
    page = AppTest.from_string(
        "import sys\n"
        "sys.modules.pop('app.views.queue', None)  # it draws when it is imported\n"
        "import app.views.queue\n"
    ).run(timeout=120)
    assert not list(page.exception)
    drawn = " ".join(str(one.proto.body) for one in page.get("html"))
    assert words.of("en")("empty.title", office="Port Meridia") in drawn
    store.close()
