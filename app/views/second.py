"""What waits for a second person: outcomes, and releases of red alerts."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import beside, deciding, draw, found, session
from app.installation import served
from app.text import escape
from riskprofile.services import review, speaking
from riskprofile.words import form


def page() -> None:
    """Draw both lists; the person who wrote an entry cannot confirm it."""
    person = session.require("officer", "supervisor")
    say, now, store = session.speech(), session.now(), served().store
    zone = session.zone(session.status(person).zone)
    waiting = review.waiting(store, person)
    with st.container(key="strips"):
        deciding.strips()
    st.html(f'<h1 class="rp-h1 rp-page">{escape(say("second.title"))}</h1>')
    if not waiting:
        st.html(draw.state(say("second.none"), say("second.none_text")))
        return
    st.html(f'<p class="rp-m rp-s">{escape(say("second.disagree"))}</p>')
    for kind in ("outcome", "release"):
        entries = [one for one in waiting if one.kind == kind]
        if not entries:
            continue
        st.html(f'<h2 class="rp-h2">{escape(say(f"second.{kind}s"))}</h2>')
        for one in entries:
            _entry(one, person, say, zone, now)


def _entry(one: Any, person: Any, say: Any, zone: Any, now: Any) -> None:
    what = say(f"{'outcome' if one.kind == 'outcome' else 'decision'}.{one.what}")
    when = say("second.by", who=one.officer, time=form.clock(one.at, zone, now))
    if one.earlier:
        who, before = one.earlier
        said = say("second.earlier", who=who, what=say(f"outcome.{before}"))
        when = say.listed([when, said], ";")
    items = "".join(f"<li>{escape(found.item(say, item))}</li>" for item in one.items)
    how = f'<div class="rp-m">{escape(told)}</div>' if (told := found.how(say, one)) else ""
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        key=f"waits-{one.kind}-{one.id}",
    ):
        record, title = form.reference(one.record_id), form.clip(one.title, 90)
        listed = f"<ul>{items}</ul>" if items else ""
        reasons = beside.table(say, speaking.reasons(say, one.profile, one.reasons))
        st.html(
            '<div class="rp-told"><div class="rp-stack">'
            f'<div class="rp-bar">{draw.lane_pill(say, one.lane)}'
            f"<b>{escape(record)}</b><span>{escape(title)}</span></div>"
            f'<div><b>{escape(what)}</b> <span class="rp-m">{escape(when)}</span></div>'
            f"{how}<div>{escape(one.note)}</div>{listed}</div>{reasons}</div>"
        )
        own = one.officer == person.name
        if own:
            st.html(f'<span class="rp-s rp-m">{escape(say("second.own"))}</span>')
        st.button(
            say("second.confirm"),
            key=f"confirm-{one.kind}-{one.id}",
            disabled=own,
            on_click=confirm,
            args=(one.kind, one.id, one.record_id),
        )


def confirm(kind: str, number: int, record: str) -> None:
    """Confirm one entry, by its id."""
    if deciding.act(
        review.confirm_outcome if kind == "outcome" else review.confirm_release, number
    ):
        session.notes()["told"] = session.speech()(
            "second.confirmed", record=form.reference(record)
        )


page()
