"""What can still be done with an alert that is somebody else's, or closed: a note, and asking."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from app import draw, session, typed
from app.deciding import LONGEST, act, bound, cancel, close_dialog, ended, fault
from app.words import Words
from riskprofile.services import noting
from riskprofile.words import form

KINDS = (noting.NOTE, noting.ASK)


def offer(view: Any, person: Any, say: Words) -> None:
    """The buttons, where the person cannot work the alert."""
    other = view.owner if view.state == "open" and view.owner not in (None, person.name) else None
    if other is None and view.state != "closed":
        return
    with st.container(key="small_note", horizontal=True, gap="xsmall"):
        st.button(
            say("do.note"), **bound("note", _open, view.id, noting.NOTE), shortcut="M",
            type="tertiary",
        )  # fmt: skip
        if other is not None:
            label = say("do.ask", who=form.clip(other, 24))
            st.button(
                label, **bound("ask", _open, view.id, noting.ASK), shortcut="K", type="tertiary"
            )


def asked(view: Any, person: Any, say: Words, zone: Any, now: datetime) -> str:
    """Who asked for an alert, for who holds it; and for who asked, that it was told."""
    one = view.asked
    if one is None or person.name not in (view.owner, one.actor):
        return ""
    time = form.clock(one.at, zone, now)
    told = say("note.asked", time=time)
    if person.name == view.owner:
        told = say("note.ask_text", who=one.actor, time=time, reason=form.clip(one.purpose, 120))
    return draw.strip("▸", say("note.ask_title"), told)


def _open(alert_id: int, kind: str) -> None:
    st.session_state["dialog"] = (alert_id, kind)


def dialog(view: Any, kind: str) -> None:
    """Ask for the words."""
    say = session.speech()
    # Our words alone: a dialog's title is Markdown.
    title = say("do.note" if kind == noting.NOTE else "event.alert.ask")
    st.dialog(title, on_dismiss=close_dialog)(_form)(view, kind)


def _form(view: Any, kind: str) -> None:
    say, person = session.speech(), session.present()
    subject = f"{kind}:{view.id}"
    text = typed.field(
        st.text_area,
        say("note.label" if kind == noting.NOTE else "reason.label"),
        subject,
        f"note-{kind}-{view.id}",
        person,
        height=96,
        max_chars=LONGEST,
        placeholder=say("note.hint" if kind == noting.NOTE else "note.ask_hint"),
    )
    fault(say("fault.kept"))
    with st.container(horizontal=True):
        save = say("note.save" if kind == noting.NOTE else "note.send")
        if st.button(save, type="primary", key="note-save"):
            keep = noting.note if kind == noting.NOTE else noting.ask
            made = act(keep, view.id, text, person=person)  # who is asked
            told = say("note.done") if kind == noting.NOTE else say("note.ask_done", who=made)
            ended(made, told, subject, person=person)
        cancel(say, "note-cancel")
