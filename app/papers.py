"""Papers of an open alert: made, and written down, when somebody asks for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.installation import COOKIE, served
from app.text import traced
from app.words import Words
from riskprofile.errors import NotAllowed
from riskprofile.services import explanation, identity
from riskprofile.services import sheet as sheets
from riskprofile.words import form

PDF = "application/pdf"


def sheet(view: Any, say: Words) -> None:
    """The inspection sheet, for whoever goes to the goods."""
    purpose = st.session_state.get(f"purpose-{view.id}", "")

    def make(store: Any, person: Any, now: Any) -> bytes:
        looks = served().settings.looks_an_hour
        return sheets.sheet(store, person, view.id, say, now, purpose, looks)

    _offer(say("sheet.print"), "sheet", view, make, "T")


def explained(view: Any, say: Words) -> None:
    """The explanation for the person concerned."""
    purpose = st.session_state.get(f"purpose-{view.id}", "")

    def make(store: Any, person: Any, now: Any) -> bytes:
        told = served().settings
        return explanation.make(
            store, told.models, person, view.record_id, say, now, purpose,
            looks_an_hour=told.looks_an_hour,
        )  # fmt: skip

    with st.container(key="small_explained", horizontal=True):
        _offer(say("paper.button"), "explanation", view, make, None)


def _offer(
    label: str, kind: str, view: Any, make: Callable[..., bytes], shortcut: str | None
) -> None:
    name = "".join(one if one.isalnum() else "-" for one in form.reference(view.record_id))
    download(
        label, make, file_name=f"{kind}-{name[:40]}.pdf", mime=PDF, key=f"paper-{kind}",
        type="tertiary", shortcut=shortcut,
    )  # fmt: skip


def download(label: str, make: Callable[[Any, Any, Any], bytes], **how: Any) -> None:
    """A button for a file that is made of (store, person, now) when it is clicked.

    That is beside the page: the session is asked again.
    """
    token = st.context.cookies.get(COOKIE) or ""

    def now_asked() -> bytes:
        here = served()
        try:
            person = identity.actor_of(here.store, token, here.clock())
            if person is None:
                raise NotAllowed("the session ended", do="Sign in again.")
            return make(here.store, person, here.clock())
        except Exception as error:
            # Streamlit logs what is raised here, with its words; `theme.css` has those of the page.
            raise RuntimeError(traced(error)) from None

    st.download_button(label, now_asked, on_click="ignore", **how)
