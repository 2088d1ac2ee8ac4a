"""The page of trends: its files are made when somebody asks for one."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import installation, papers, session, words
from riskprofile.services import identity, settings
from tests.services.bench import NOW, SARA
from tests.services.test_trends import fill, usual

PAGE = (
    "import sys\n"
    "import streamlit as st\n"
    "from streamlit import runtime\n"
    "sys.modules.pop('app.views.trends', None)  # it draws when it is imported\n"
    "import app.views.trends\n"
    "st.session_state['media'] = runtime.get_instance().media_file_mgr\n"
)


def test_each_file_is_made_when_it_is_clicked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(told)
    fill(store, tmp_path, usual(cases=20))
    here = SimpleNamespace(store=store, settings=told, clock=lambda: NOW)
    for module in (installation, session, papers):
        monkeypatch.setattr(module, "served", lambda: here)
    monkeypatch.setattr(session, "speech", lambda: words.of("fr"))
    monkeypatch.setattr(session, "require", lambda *roles: SARA)
    monkeypatch.setattr(identity, "actor_of", lambda *_: SARA)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.delitem(sys.modules, "app.views.trends", raising=False)
    page = AppTest.from_string(PAGE).run(timeout=120)
    assert not page.exception
    files = [one.proto for one in page.get("download_button")]
    assert [one.url for one in files] == [""] * 3 and all(one.ignore_rerun for one in files)
    media = page.session_state["media"]
    for one in files:
        media.execute_deferred(one.deferred_file_id)
    store.close()
    made = sorted(one.content[:4] for one in media._storage._files_by_id.values())
    assert made == [b"%PDF", b"PK\x03\x04", b"by,v"]
