"""Fits on the models page: start one, see how far it is, ask for a waiver, propose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from app import draw, session, signing, terms, typed
from app.deciding import attempt
from app.installation import served
from app.text import english, escape
from riskprofile.errors import ScorecardError
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import evidence, fitting, promotion
from riskprofile.services.rights import REASON_LENGTH
from riskprofile.words import form, told_of

POLL_SECONDS = 2
FITS = 6  # of the newest


def panel(say: Any, person: Any, profile: str, zone: Any, now: Any) -> None:
    """Start a fit, and the fits that there are."""
    here = served()
    found = fitting.fits(here.settings, person, profile)
    known = promotion.known(here.store, person, here.settings.models)
    mine = [one for one in known if one.profile == profile]
    try:
        card = promotion.serving(here.store, here.settings.models, profile)
    except ScorecardError:  # damaged: a fit has nothing to start from
        card = None
    if card is not None:
        weight = evidence.teaching(here.store, profile, card.digest, person)
        rows = [
            (say("fits.outcomes_of", version=card.version), say.number(weight.examined)),
            (say("fits.finds"), say.number(weight.finds)),
        ]
        st.html(draw.kpis(rows))
    proposed = {one.version for one in mine}
    running = progress(profile, found)
    if terms.may(person) and card is not None:
        taken = {*proposed, *(one.version for one in found)}
        free = fitting.free_version(taken, now)
        _start(say, person, card, free, busy=running)
    if not found:
        st.html(draw.state("", say("fits.none")))
    letter: str | None = "W"  # of the first that can use it
    for one in found[:FITS]:
        _fit(say, person, card, one, one.version in proposed, zone, now, letter)
        if one.state == fitting.DONE and one.version not in proposed and not one.may_be_proposed:
            letter = None


def progress(profile: str, found: Sequence[fitting.Fit]) -> bool:
    """How far the fit is that runs, until its end draws the page anew; whether there is one."""
    running = next((one for one in found if one.state == fitting.RUNNING), None)
    if running:
        _progress(profile, running.version)
    return running is not None


@st.fragment(run_every=POLL_SECONDS)
def _progress(profile: str, version: str) -> None:
    person, say = session.actor(touch=False), session.speech()
    if person is None:
        st.rerun()
    found = fitting.fits(served().settings, person, profile)
    one = next((one for one in found if one.version == version), None)
    if one is None or one.state != fitting.RUNNING:
        session.draw_anew()
    step = say.maybe(f"fits_step.{one.step}", one.step)
    st.progress(one.share, text=say("fits.step", version=version, step=step))


def _start(say: Any, person: Any, card: Scorecard, free: str, *, busy: bool) -> None:
    edits, profile = terms.kept(person, card), card.profile
    with st.form(f"fit-{profile}"):
        st.html(f'<p class="rp-s rp-m">{escape(say("fits.text"))}</p>')
        # By its key: a name that is typed stays where others are free by now.
        fits = st.session_state.get("fits-begun", 0)
        key = f"fit-version-{profile}-{fits}"
        version = st.text_input(say("fits.version"), value=free, max_chars=40, key=key)
        if edits:
            rows = [(terms.edit_said(say, card, one),) for one in edits]
            st.html(draw.table([say("edit.edits")], rows, sentences=True))
        if st.form_submit_button(say("fits.start"), type="primary", disabled=busy):
            here = served()
            begun = attempt(
                lambda: fitting.start(
                    here.store, here.settings, person, profile, version.strip(), session.now(),
                    edits=edits,
                )
            )  # fmt: skip
            if begun is not None:
                session.notes()["told"] = say("fits.started", version=begun.version)
                st.session_state["fits-begun"] = fits + 1
            st.rerun()


def _fit(
    say: Any, person: Any, card: Scorecard | None, one: fitting.Fit, proposed: bool,
    zone: Any, now: Any, shortcut: str | None,
) -> None:  # fmt: skip
    when = form.clock(datetime.fromisoformat(one.at), zone, now)
    rows = [
        (say("batch.state"), say("fits.proposed") if proposed else say(f"fits.{one.state}")),
        (say("fits.by"), say.listed([one.by, when])),
    ]
    if one.state == fitting.DONE:
        rows += [
            (say("fits.outcomes"), say.number(one.outcomes)),
            (say("fits.finds"), say.number(one.finds)),
            (say("models.digest"), f"{one.digest[:8]} {one.digest[8:16]}"),
        ]
    made = [(terms.edit_said(say, card, edit),) for edit in one.edits]
    cells = [[escape(text) for text in row] for row in rows]
    if one.fault:
        cells.append([escape(say("models.fault")), failed_of(say, one)])
    body = draw.grid((), cells)
    if made:
        listed = draw.table((), made, sentences=True)
        body += (
            f'<div class="rp-edits"><h3 class="rp-h3">{escape(say("edit.made"))}</h3>{listed}</div>'
        )
    left, right = st.columns([0.45, 0.55], gap="small")
    left.html(draw.card(one.version, body))
    with right:
        if one.gates:
            signing.gates(say, one.gates)
        if one.state == fitting.DONE and not proposed and terms.may(person):
            acts(say, person, one, shortcut)


def failed_of(say: Any, one: fitting.Fit) -> str:
    """What a fit failed of and what to do, as HTML: in English, marked so, what no page says."""

    def told(kept: str) -> str:
        known = told_of(kept, "refusal.")
        said = form.sentence(kept if known is None else say(known.key, **known.values))
        whole = said if said.endswith(".") else f"{said}."
        return escape(whole) if known else english(whole)

    return " ".join(told(part) for part in (one.fault, one.do) if part)


def acts(say: Any, person: Any, one: fitting.Fit, shortcut: str | None = "W") -> None:
    """What can be done with a fit that came to its end: ask for a waiver, or propose it.

    Of several on a page one alone has the letter.
    """
    if closed := [gate for gate in one.gates if not gate.lets_pass]:
        asked = f"waiver-asked-{one.version}"

        def ask() -> None:
            st.session_state[asked] = not st.session_state.get(asked)

        key = f"small-waiver-{one.version}"
        st.button(say("gates.waiver"), key=key, shortcut=shortcut, on_click=ask)
        if st.session_state.get(asked):
            _waive(say, person, one, closed)
    elif st.button(
        say("fits.propose", version=one.version), key=f"propose-{one.version}", type="primary"
    ):
        here = served()
        done = attempt(
            lambda: fitting.propose(
                here.store, here.settings, person, one.profile, one.version, session.now()
            )
        )
        if done is not None:
            session.notes()["told"] = say("fits.now_proposed", version=one.version)
        st.rerun()


def _waive(say: Any, person: Any, one: fitting.Fit, closed: list[promotion.Gate]) -> None:
    subject, key = f"waiver:{one.profile}:{one.version}", f"waive-why-{one.version}"
    with st.container(border=True):
        st.html(f'<p class="rp-s rp-m">{escape(say("fits.waive_text"))}</p>')
        told = {gate.name: signing.named(say, gate) for gate in closed}
        gate = st.selectbox(say("gate.name"), told, format_func=told.__getitem__)
        asks = say("fits.waive_why", n=REASON_LENGTH)
        reason = typed.field(st.text_input, asks, subject, key, person, max_chars=300)
        if st.button(say("fits.waive"), key=f"waive-{one.version}"):
            here = served()
            waiver = fitting.Waiver(str(gate), person.name, " ".join(reason.split()))
            begun = attempt(
                lambda: fitting.start(
                    here.store, here.settings, person, one.profile, one.version, session.now(),
                    edits=one.edits, waivers=(*one.waivers, waiver),
                )
            )  # fmt: skip
            if begun is not None:
                session.notes()["told"] = say("fits.started", version=begun.version)
                typed.forget(subject, person)
            st.rerun()
