"""Of an open alert: which other weight, count or value would have put it into a lower lane."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait
from typing import Any

import streamlit as st

from app import deciding, session
from app.installation import served
from app.text import escape
from app.words import Words
from riskprofile.services.otherwise import Otherwise, otherwise
from riskprofile.words import form

HELD = "otherwise"  # the alert asked of, and the answer or its future: it goes with the next one
SOON = 1.0  # seconds in which it is mostly there; what takes longer is waited for beside the page


def offer(view: Any, say: Words) -> None:
    """The button that asks, where points made the lane; a rating takes a moment, so once."""
    if view.red_from is None and view.yellow_from is None:
        return
    alert_id, found = st.session_state.get(HELD, (None, None))
    if alert_id == view.id and not isinstance(found, Future):
        return
    with st.container(key="small_otherwise", horizontal=True, width="content"):
        if alert_id == view.id:
            _awaited()
            return
        st.button(
            say("otherwise.ask"),
            **deciding.bound("otherwise", _ask, view.id),
            type="tertiary",
            shortcut="W",
        )


def _ask(alert_id: int) -> None:
    person, here = session.actor(), served()
    if person is None:
        return
    _, before = st.session_state.get(HELD, (None, None))
    if isinstance(before, Future):
        before.cancel()  # nobody waits for it any more
    given = (here.store, here.settings, person, alert_id, session.now())
    answer = here.runs.ask(otherwise, *given)
    st.session_state[HELD] = (alert_id, answer)
    if wait([answer], SOON).done:
        _take()


def _take() -> None:
    """The answer in the place of what was waited for; a refusal is raised, and asked anew."""
    alert_id, answer = st.session_state.pop(HELD)
    st.session_state[HELD] = (alert_id, answer.result())


@st.fragment(run_every=1)
def _awaited() -> None:
    """That it is being rated; the page is drawn anew when it is."""
    _, answer = st.session_state.get(HELD, (None, None))
    if not isinstance(answer, Future):
        return
    if answer.done() and not deciding.asking():
        deciding.attempt(_take)
        session.draw_anew()
    say = session.speech()
    st.html(f'<span class="rp-m" role="status">{escape(say("otherwise.awaited"))}</span>')


def told(view: Any, say: Words) -> str:
    """The answer as a note; nothing before it was asked for."""
    alert_id, found = st.session_state.get(HELD, (None, None))
    if alert_id != view.id or view.blind or isinstance(found, Future):
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
