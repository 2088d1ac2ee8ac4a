"""What a file that is made when it is clicked does where it cannot be made."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import papers
from riskprofile.services import identity, settings
from tests.services.bench import INES, NOW


def drawn() -> None:
    """A button for a file whose making says what was declared."""
    import streamlit as st
    from streamlit import runtime

    from app import papers

    def make(*_: object) -> bytes:
        raise ValueError("TRIGGER SPRINGS")

    papers.download("save", make, file_name="f.csv", mime="text/csv", key="save")
    st.session_state["media"] = runtime.get_instance().media_file_mgr


@pytest.mark.parametrize("who, kind", [(None, "NotAllowed at papers.py"), (INES, "ValueError at ")])
def test_why_a_file_was_not_made_is_logged_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: Any, kind: str
) -> None:
    told = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(told)
    here = SimpleNamespace(store=store, settings=told, clock=lambda: NOW)
    monkeypatch.setattr(papers, "served", lambda: here)
    monkeypatch.setattr(identity, "actor_of", lambda *_: who)
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    page = AppTest.from_function(drawn).run(timeout=120)
    assert not page.exception
    (file,) = page.get("download_button")
    with pytest.raises(Exception, match=kind) as failed:
        page.session_state["media"].execute_deferred(file.proto.deferred_file_id)
    store.close()
    assert failed.value.__cause__ is not None and failed.value.__cause__.__suppress_context__
    assert "TRIGGER" not in f"{failed.value}{failed.value.__cause__}"
