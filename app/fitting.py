"""Fits on the models page: start one, see how far it is, waive, propose; what two would select."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app import draw, editing, form, session
from app.deciding import attempt
from app.installation import served
from app.text import attribute, escape
from riskprofile.scoring import artefact
from riskprofile.services import comparing, evidence, fitting, promotion, results
from riskprofile.services.rights import ACTIONS

POLL_SECONDS = 2
SHOWN = 200  # records that the page lists; the file holds all
FITS = 6  # of the newest


def panel(say: Any, person: Any, profile: str, zone: Any, now: Any) -> None:
    """Start a fit, and the fits that there are."""
    here = served()
    found = fitting.fits(here.settings, person, profile)
    known = promotion.known(here.store, person, here.settings.models)
    mine = [one for one in known if one.profile == profile]
    for card in [one for one in mine if one.serves]:
        weight = evidence.teaching(here.store, profile, card.digest, person)
        rows = [
            (say("fits.outcomes_of", version=card.version), say.number(weight.examined)),
            (say("fits.finds"), say.number(weight.finds)),
        ]
        st.html(draw.kpis(rows))
    proposed = {one.version for one in mine}
    running = next((one for one in found if one.state == fitting.RUNNING), None)
    if running:
        _progress(profile, running.version)
    if editing.may(person):
        taken = {*proposed, *(one.version for one in found)}
        _start(say, person, profile, fitting.free_version(taken, now), running is not None)
    if not found:
        st.html(draw.state("", say("fits.none")))
    for one in found[:FITS]:
        _fit(say, person, one, one.version in proposed, zone, now)


@st.fragment(run_every=POLL_SECONDS)
def _progress(profile: str, version: str) -> None:
    person, say = session.actor(touch=False), session.speech()
    if person is None:
        st.rerun()
    found = fitting.fits(served().settings, person, profile)
    one = next((one for one in found if one.version == version), None)
    if one is None or one.state != fitting.RUNNING:
        st.rerun()
    step = say.maybe(f"fits_step.{one.step}", one.step)
    st.progress(one.share, text=say("fits.step", version=version, step=step))


def _start(say: Any, person: Any, profile: str, free: str, busy: bool) -> None:
    edits = editing.kept(profile)
    with st.form(f"fit-{profile}"):
        st.html(f'<p class="rp-s rp-m">{escape(say("fits.text"))}</p>')
        version = st.text_input(say("fits.version"), value=free, max_chars=40)
        if edits:
            rows = [(one.term, say(f"edit_how.{one.how}")) for one in edits]
            st.html(draw.table([say("edit.term"), say("edit.edit")], rows))
        if st.form_submit_button(say("fits.start"), type="primary", disabled=busy):
            here = served()
            told = attempt(
                lambda: fitting.start(
                    here.store, here.settings, person, profile, version.strip(), session.now(),
                    edits=edits,
                )
            )  # fmt: skip
            if told is not None:
                st.session_state["told"] = say("fits.started", version=told.version)
            st.rerun()


def _fit(say: Any, person: Any, one: fitting.Fit, proposed: bool, zone: Any, now: Any) -> None:
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
    if one.fault:
        rows.append((say("models.fault"), f"{one.fault}. {one.do}".strip()))
    rows += [(say(f"edit_how.{edit.how}"), edit.term) for edit in one.edits]
    body = draw.table((), rows)
    if one.gates:
        body += gate_table(say, one.gates)
    st.html(f'<div class="rp-card"><h2 class="rp-h2">{escape(one.version)}</h2>{body}</div>')
    if one.state != fitting.DONE or proposed or not editing.may(person):
        return
    if closed := [gate for gate in one.gates if not gate.lets_pass]:
        _waive(say, person, one, [gate.name for gate in closed])
    elif st.button(say("fits.propose", version=one.version), key=f"propose-{one.version}"):
        here = served()
        done = attempt(
            lambda: fitting.propose(
                here.store, here.settings, person, one.profile, one.version, session.now()
            )
        )
        if done is not None:
            st.session_state["told"] = say("fits.now_proposed", version=one.version)
        st.rerun()


def gate_table(say: Any, measured: Sequence[promotion.Gate]) -> str:
    """Gates in words: whether each passes, its name, figure and bound."""
    heads = [say(f"gate.{name}") for name in ("state", "name", "value", "bound")]
    reasons = any(one.waiver for one in measured)  # a sentence, which may be long
    return draw.table(heads, [_gate_row(say, one) for one in measured], sentences=reasons)


def _gate_row(say: Any, gate: promotion.Gate) -> tuple[str, str, str, str]:
    state = say("models.passes") if gate.held else say("models.stops")
    if not gate.held and gate.lets_pass:
        state = say("models.waived", who=gate.waived_by, reason=gate.waiver)
    return (str(state), gate.name, gate.value, gate.bound)


def _waive(say: Any, person: Any, one: fitting.Fit, closed: list[str]) -> None:
    with st.form(f"waive-{one.version}"):
        st.html(f'<p class="rp-s rp-m">{escape(say("fits.waive_text"))}</p>')
        gate = st.selectbox(say("gate.name"), closed)
        reason = st.text_input(say("fits.waive_why", n=fitting.WHY), max_chars=300)
        if st.form_submit_button(say("fits.waive")):
            here = served()
            waiver = fitting.Waiver(str(gate), person.name, " ".join(reason.split()))
            attempt(
                lambda: fitting.start(
                    here.store, here.settings, person, one.profile, one.version, session.now(),
                    edits=one.edits, waivers=(*one.waivers, waiver),
                )
            )  # fmt: skip
            st.rerun()


def compare(say: Any, person: Any, profile: str, now: Any) -> None:
    """What the scorecard that serves and another would have selected, side by side."""
    here = served()
    there = {
        one.version: "known"
        for one in promotion.known(here.store, person, here.settings.models)
        if one.profile == profile and not one.serves and not one.fault
    }
    done = [
        one for one in fitting.fits(here.settings, person, profile) if one.state == fitting.DONE
    ]
    there = {**{one.version: "fit" for one in done}, **there}
    if not there or person.role not in ACTIONS["labels.look"]:
        st.html(draw.state("", say("compare.none")))
        return
    with st.form(f"compare-{profile}"):
        left, middle, right = st.columns([0.5, 0.25, 0.25])
        version = left.selectbox(say("compare.with"), list(there))
        days = middle.number_input(say("compare.days"), 1, 3660, 30)
        percent = right.number_input(say("compare.share"), 0.1, 100.0, 5.0)
        asked = st.form_submit_button(say("compare.start"), type="primary")
    if not asked:
        return

    def measured() -> Any:
        if there[version] == "fit":
            other = fitting.scorecard(here.settings, person, profile, version)
        else:
            models = here.settings.models
            files = promotion.files_of(here.store, person, profile, version, models)
            other = artefact.parse(files, version)
        since = now - timedelta(days=int(days))
        return comparing.selected(
            here.store, here.settings, person, profile, other, since, float(percent) / 100
        )

    told = attempt(measured)
    if told is None:
        st.html(draw.strip("✕", *st.session_state.pop("fault")))
        return
    _compared(say, told)


def _compared(say: Any, told: comparing.Compared) -> None:
    names = {"a": told.serving, "b": told.other}
    st.html(
        draw.kpis(
            [
                (say("compare.rated"), say.number(told.rated)),
                (say("compare.both"), say.number(told.count(True, True))),
                (say("compare.only", name=told.serving), say.number(told.count(True, False))),
                (say("compare.only", name=told.other), say.number(told.count(False, True))),
                (
                    say("compare.finds"),
                    say("compare.two", a=told.finds("serving"), b=told.finds("other")),
                ),
                (say("compare.base"), form.signed(told.base)),
            ]
        )
    )
    records = told.records
    changed = records[records["serving"] != records["other"]]
    listed = changed.head(SHOWN)
    heads = [say(f"compare.{name}") for name in ("record", "chosen", "points", "why", "outcome")]
    rows = [
        (
            str(one.record_id),
            names["b"] if one.other else names["a"],
            f"{one.points} → {one.other_points}",
            f"{one.moved} {form.signed(int(one.moved_by))}" if one.moved else "",
            _found(say, one.found),
        )
        for one in listed.itertuples()
    ]
    left, right = st.columns([0.62, 0.38], gap="small")
    title = say("compare.changed", n=say.number(len(changed)))
    table = draw.table(heads, rows) if rows else f"<p>{escape(say('compare.same'))}</p>"
    left.html(
        f'<div class="rp-card rp-scroll" tabindex="0" role="region" '
        f'aria-label="{attribute(title)}"><h2 class="rp-h2">{escape(title)}</h2>{table}</div>'
    )
    parts = [(one.name, say.number(one.serving), say.number(one.other)) for one in told.parts()]
    heads = [say("compare.part"), told.serving, told.other]
    right.html(
        f'<div class="rp-card"><h2 class="rp-h2">{escape(say("compare.parts"))}</h2>'
        f"{draw.table(heads, parts[:20], (1, 2))}</div>"
    )
    right.download_button(
        say("compare.save"),
        results.as_csv(records),
        file_name=f"compare-{told.other}.csv",
        mime="text/csv",
    )


def _found(say: Any, value: Any) -> str:
    if pd.isna(value):
        return ""  # nobody examined it, or nobody confirmed what was found
    return str(say("compare.find" if int(value) == 1 else "compare.no_find"))
