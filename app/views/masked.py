"""Masked records: one person asks for one with a case, another allows it, the first looks."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import alert_panel, draw, session, typed
from app.deciding import act, attempt, fault, noted
from app.installation import served
from app.text import escape
from riskprofile.profiles import PROFILES
from riskprofile.services import unmasking
from riskprofile.words import form

# What was written, by table and column, in the words of the form or of the timeline.
WRITTEN = {
    ("alert", "reason"): "event.alert.raise",
    ("decision", "reason"): "event.alert.decide",
    ("first_view", "reason"): "event.alert.view",
    ("snooze", "reason"): "event.alert.snooze",
    ("audit", "note"): "event.alert.note",
    ("outcome", "note"): "event.outcome.record",
    ("outcome", "concealment"): "outcome.concealment",
    ("outcome", "packaging"): "outcome.packaging",
    ("item_found", "where_found"): "item.where_found",
}

SHOWN = 50  # requests
# As `unmasking.ask` takes them, and what stands in each before anything is typed.
FIELDS = {"record": "", "profile": next(iter(PROFILES)), "case": "", "reason": ""}


def page() -> None:
    """Draw the form that asks, and every request of the office."""
    person = session.require("officer", "supervisor")
    say, now, here = session.speech(), session.now(), served()
    zone = session.zone(session.status(person).zone)
    with st.container(key="strips"):
        noted()  # what is seen is shown in one run, and would go with the time of an undo
    st.html(
        f'<h1 class="rp-h1 rp-page">{escape(say("masked.title"))}</h1>'
        f'<p class="rp-m">{escape(say("masked.text"))}</p>'
    )
    left, right = st.columns([0.36, 0.64], gap="medium")
    with left:
        _form()
    with right:
        requests = unmasking.requests(here.store, person)
        if not requests:
            st.html(draw.state(say("masked.none"), say("masked.none_text")))
        # Those that stand come first: behind many that are over nobody could allow them.
        for one in sorted(requests, key=lambda one: one.over(now))[:SHOWN]:
            _request(say, person, one, zone, now)
        _shown(say, zone, now)


@st.fragment  # what is typed draws this alone: a record shown for one run stays
def _form() -> None:
    say, person = session.speech(), session.present()
    with st.container(border=True, key="masked_form"):
        st.html(f'<h2 class="rp-h2">{escape(say("masked.ask"))}</h2>')
        _field(
            st.text_input, say("head.record"), "record", person,
            max_chars=200, placeholder=say("masked.record"),
        )  # fmt: skip
        _field(
            st.selectbox, say("filter.profile"), "profile", person,
            options=list(PROFILES), format_func=lambda name: say(f"profile.{name}"),
        )  # fmt: skip
        _field(st.text_input, say("masked.case"), "case", person, max_chars=80)
        _field(st.text_area, say("masked.reason"), "reason", person, max_chars=500, height=90)
        fault(say("fault.kept"))
        asked = st.button(say("masked.ask"), key="masked-ask", type="primary", on_click=_ask)
    session.take_notes()  # the button was heard before this part alone is drawn
    if asked and "told" in st.session_state:
        st.rerun()


def _field(widget: Any, label: str, name: str, person: Any, **how: Any) -> None:
    typed.field(widget, label, f"masked:{name}", f"masked-{name}", person, **how)


def _ask() -> None:
    person = session.actor()
    if person is None:
        return
    keys = {name: typed.own(f"masked-{name}", person) for name in FIELDS}
    record, *more = (st.session_state[key] or "" for key in keys.values())
    if act(unmasking.ask, record.strip(), *more, person=person):
        session.notes()["told"] = session.speech()("masked.asked")
        for name, key in keys.items():
            typed.forget(f"masked:{name}", person)
            st.session_state[key] = FIELDS[name]


def _request(say: Any, person: Any, one: Any, zone: Any, now: Any) -> None:
    over = one.over(now)
    if over:
        state, tone = say("masked.over"), ""
    elif one.allowed_by is None:
        state, tone = say("masked.waits"), "need"
    else:
        until = form.clock(one.expires_at, zone, now)
        state, tone = say("masked.allowed", who=one.allowed_by, time=until), "on"
    asked = say("second.by", who=one.asked_by, time=form.clock(one.asked_at, zone, now))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="rp-stack"><div class="rp-bar">{draw.pill(state, tone)}'
            f"<b>{escape(form.reference(one.record_id))}</b>"
            f"<span>{escape(say('masked.case_n', case=one.case_number))}</span></div>"
            f'<div class="rp-m">{escape(asked)}</div><div>{escape(one.reason)}</div></div>'
        )
        own = one.asked_by == person.name
        if over:
            return
        if one.allowed_by is None:
            st.button(
                say("masked.allow"),
                key=f"allow-{one.id}",
                disabled=own or person.role != "supervisor",
                on_click=_allow,
                args=(one.id,),
            )
        elif own:
            st.button(say("masked.look"), key=f"look-{one.id}", on_click=_look, args=(one.id,))


def _allow(number: int) -> None:
    if act(unmasking.allow, number):
        session.notes()["told"] = session.speech()("masked.done")


def _look(number: int) -> None:
    # What is seen is kept for one run alone: a reload asks again, and is written down again.
    person = session.actor()
    if person is not None:
        here, now = served(), session.now()
        seen = attempt(lambda: unmasking.look(here.store, here.settings, person, number, now))
        st.session_state["masked"] = seen


def _shown(say: Any, zone: Any, now: Any) -> None:
    seen = st.session_state.pop("masked", None)
    if seen is None:
        return
    kinds = alert_panel.kinds(seen.profile)
    for row in seen.declared:  # with it is kept where it was read, which is nothing for a page
        told = [
            (
                say.maybe(f"field.{name}", name),
                alert_panel.declared(say, row[name], kind, zone, now),
            )
            for name, kind in kinds.items()
            if name in row
        ]
        st.html(draw.table((say("declaration.column"), say("declaration.value")), told))
    if seen.written:
        rows = [
            (form.clock(one.at, zone, now), one.who, say(WRITTEN[one.what]), one.text)
            for one in seen.written
        ]
        heads = (say("head.when"), say("head.who"), say("head.what"), say("masked.words"))
        st.html(f'<h2 class="rp-h2">{escape(say("masked.written"))}</h2>' + draw.table(heads, rows))


page()
