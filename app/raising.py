"""Raising an alert by hand, on a declaration that no list brought up."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from app import queue_list, session, typed
from app.deciding import attempt, cancel, close_dialog, fault
from app.installation import served
from app.text import escape
from app.words import Words
from riskprofile.services import raising

RAISE = "raise"
REFERENCE, REASON = f"{RAISE}:reference", f"{RAISE}:reason"  # names of drafts


def ask() -> None:
    """Open the dialog."""
    st.session_state["dialog"] = (RAISE, RAISE)


def button(say: Words) -> None:
    """The way to the dialog."""
    st.button(say("raise.button"), key="raise", type="tertiary", on_click=ask)


def dialog(profile: str) -> None:
    """Ask for the declaration and the reason."""
    say = session.speech()
    st.dialog(say("raise.title"), on_dismiss=close_dialog)(_asked)(profile)


def _asked(profile: str) -> None:
    say, person = session.speech(), session.present()
    st.html(f'<p class="rp-m">{escape(say("raise.text"))}</p>')
    label, more = say("raise.reference"), say("reason.label")
    reference = typed.field(
        st.text_input, label, REFERENCE, "raise-reference", person, max_chars=120
    )
    reason = typed.field(
        st.text_area, more, REASON, "raise-reason", person, height=96, max_chars=2000
    )
    fault()
    with st.container(horizontal=True):
        if st.button(say("raise.do"), key="raise-save", type="primary"):
            _raise(person, reference, profile, reason)
        # What was typed belongs to no alert: the next would be another declaration's.
        cancel(say, "raise-cancel", partial(_forget, person))


def _raise(person: Any, reference: str, profile: str, reason: str) -> None:
    """Raise it; the alert is opened, with its reason as the purpose of looking at it."""
    here, now, refreshed = served(), session.now(), queue_list.refreshed()
    given = reference, profile, reason, now, here.settings
    made = attempt(lambda: raising.raise_alert(here.store, person, *given))
    if made is None:
        st.rerun(scope="fragment")
    session.notes().update(refreshed, open=made, dialog=None, **{f"purpose-{made}": reason})
    _forget(person)
    st.rerun()


def _forget(person: Any) -> None:
    for subject in (REFERENCE, REASON):
        typed.forget(subject, person)
