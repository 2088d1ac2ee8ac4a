"""Of an open alert: which other weight, count or value would have put it into a lower lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import deciding, form, session
from app.installation import served
from app.text import escape
from app.words import Words
from riskprofile.services.otherwise import Otherwise, otherwise

HELD = "otherwise"  # the alert asked of, and the answer: it goes with the next one


def offer(view: Any, say: Words) -> None:
    """The button that asks, where points made the lane; a rating takes a moment, so once."""
    if view.red_from is None and view.yellow_from is None:
        return
    if st.session_state.get(HELD, (None,))[0] == view.id:
        return
    with st.container(key="small_otherwise", horizontal=True, width="content"):
        st.button(
            say("otherwise.ask"),
            **deciding.bound("otherwise", _ask, view.id),
            type="tertiary",
            shortcut="W",
        )


def _ask(alert_id: int) -> None:
    person, here = session.actor(), served()
    if person is not None:
        found = otherwise(here.store, here.settings, person, alert_id, session.now())
        st.session_state[HELD] = (alert_id, found)


def told(view: Any, say: Words) -> str:
    """The answer as a note; nothing before it was asked for."""
    alert_id, found = st.session_state.get(HELD, (None, None))
    if alert_id != view.id or view.blind:
        return ""
    lines = [escape(say("otherwise.unsaid" if found is None else "otherwise.none"))]
    if found:
        lines = [*_sentences(found, say), escape(say("otherwise.first"))]
    told = "".join(f"<p>{line}</p>" for line in lines)
    head = f"<p><b>{escape(say('otherwise.title'))}</b></p>" if found else ""
    return f'<div class="rp-note rp-stack" style="gap:3px" role="status">{head}{told}</div>'


def _sentences(found: Sequence[Otherwise], say: Words) -> list[str]:
    return [
        escape(
            say(
                "otherwise.with",
                field=say.maybe(f"field.{one.column}", one.column),
                instead=say.number(one.instead),
                declared=say.number(one.declared),
                lane=f"{form.GLYPHS[one.lane]} {say(f'lane.{one.lane}').lower()}",
                points=say.number(one.points),
            )
        )
        for one in found
    ]
