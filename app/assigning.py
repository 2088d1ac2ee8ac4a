"""A supervisor gives an open alert to an officer, beside its timeline."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import session
from app.deciding import attempt, bound
from app.installation import served
from app.text import plain
from app.words import Words
from riskprofile.services import assigning


def offer(view: Any, say: Words) -> None:
    """Whom to give it to; nothing for who may not."""
    person = session.actor(touch=False)
    if person is None or person.role != "supervisor" or view.state != "open":
        return
    names = assigning.officers(served().store, person)
    with st.container(key="small_assign", horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            say("assign.to"),
            key=f"assign-{view.id}",
            max_chars=80,
            placeholder=plain(", ".join(names[:3])),
            width=260,
        )
        st.button(say("assign.do"), **bound("assign-do", _assign, view.id))


def _assign(alert_id: int) -> None:
    person = session.actor()
    to = str(st.session_state.get(f"assign-{alert_id}") or "").strip()
    if person is None:
        return
    made = attempt(lambda: assigning.assign(served().store, person, alert_id, to, session.now()))
    if made is not None:
        st.session_state["told"] = session.speech()("assign.done", who=plain(to))
