"""Which scorecard serves, what was measured of it, who signed; the way back, and the pause."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import draw, editing, fitting, form, markup, session
from app.deciding import attempt
from app.installation import served
from app.text import attribute, escape, option
from riskprofile.errors import RiskProfileError
from riskprofile.profiles import PROFILES
from riskprofile.services import govern, promotion, rights

VIEWS = ("card", "fit", "compare", "edit")


def page() -> None:
    """Draw the scorecards of one profile, one of them open."""
    person = session.require("analyst", "supervisor", "administrator", "auditor")
    say, now, here = session.speech(), session.now(), served()
    zone = session.zone(govern.status(here.store, person, now).zone)
    _strips()
    known = promotion.known(here.store, person, here.settings.models)
    st.html(f'<h1 class="rp-h1 rp-page">{escape(say("models.title"))}</h1>')
    with st.container(key="filters", horizontal=True, vertical_alignment="center", wrap=False):
        profile = st.segmented_control(
            say("filter.profile"),
            list(PROFILES),
            key="models-profile",
            default=next(iter(PROFILES)),
            required=True,
            format_func=lambda name: say(f"profile.{name}"),
            label_visibility="collapsed",
        )
        mine = [one for one in known if one.profile == profile]
        view = st.segmented_control(
            say("models.view"),
            VIEWS,
            key="models-view",
            default=VIEWS[0],
            required=True,
            format_func=lambda name: say(f"models_view.{name}"),
            label_visibility="collapsed",
        )
        # The one that serves first, then what waits for signatures.
        mine.sort(key=lambda one: (not one.serves, one.origin != "proposed"))
        # By name and not by place: what is signed or taken off changes places.
        named = {(one.origin, one.version): one for one in mine}
        key = f"models-version-{profile}"
        asked = [name for name in named if name[1] == st.query_params.get("version", "")]
        if key not in st.session_state and asked:
            st.session_state[key] = asked[0]
        chosen = None
        if view == VIEWS[0]:
            chosen = st.selectbox(
                say("models.choose"),
                list(named),
                key=key,
                format_func=lambda name: option(say.listed([name[1], _state(say, named[name])])),
                label_visibility="collapsed",
            )
    if view == "fit":
        fitting.panel(say, person, str(profile), zone, now)
        return
    if view == "compare":
        fitting.compare(say, person, str(profile), now)
        return
    if view == "edit":
        editing.panel(say, person, str(profile))
        return
    left, right = st.columns([0.58, 0.42], gap="small")
    if chosen is None:
        st.html(draw.state(say("models.none"), say("models.none_text")))
    else:
        one = named[chosen]
        files = _files(person, one)
        with left:
            st.html(
                f'<div class="rp-card rp-stack rp-scroll" tabindex="0" role="region" '
                f'aria-label="{attribute(one.version)}">{_card(say, files)}</div>'
            )
        with right:
            _facts(say, one, zone, now)
            _gates(say, one, files)
            _signing(say, person, one)
    with right:
        _back(say, person, str(profile), zone, now)
        _pause(say, person, now)


def _strips() -> None:
    if told := st.session_state.pop("told", ""):
        st.html(draw.strip("✓", told))
    if fault := st.session_state.pop("fault", None):
        st.html(draw.strip("✕", f"{fault[0]}.", fault[1]))


def _state(say: Any, one: Any) -> str:
    if one.fault:
        return str(say("models.broken"))
    if one.serves:
        return str(say("models.serves"))
    if one.promoted:
        return str(say("models.promoted"))
    if one.origin == "proposed":
        n = len(one.signed_by)
        return str(say("models.signed_n", n=n, total=promotion.SIGNATURES))
    return str(say("models.shipped"))


def _files(person: Any, one: Any) -> dict[str, bytes]:
    here = served()
    try:
        return promotion.files_of(
            here.store, person, one.profile, one.version, here.settings.models
        )
    except RiskProfileError:
        return {}


def _card(say: Any, files: dict[str, bytes]) -> str:
    text = files.get("card.md", b"").decode("utf-8", "replace")
    if not text:
        return draw.state(say("models.no_card"))
    return f'<div class="rp-stack" dir="ltr" lang="en">{markup.card(text)}</div>'


def _facts(say: Any, one: Any, zone: Any, now: Any) -> None:
    rows = [
        (say("batch.state"), _state(say, one)),
        (say("models.digest"), f"{one.digest[:8]} {one.digest[8:16]}"),
        (say("models.origin"), say(f"models.{one.origin}")),
    ]
    if one.proposed_at is not None:
        when = form.clock(one.proposed_at, zone, now)
        rows.append((say("models.proposed_by"), say.listed([one.proposed_by, when])))
    if one.origin == "proposed":
        rows.append((say("models.signed_by"), say.listed(one.signed_by) or say("models.nobody")))
    if one.beside:
        rows.append((say("models.beside"), one.beside))
    if one.fault:
        rows.append((say("models.fault"), one.fault))
    st.html(
        f'<div class="rp-card"><h2 class="rp-h2">{escape(one.version)}</h2>'
        f"{draw.table((), rows)}</div>"
    )


def _gates(say: Any, one: Any, files: dict[str, bytes]) -> None:
    try:
        measured = promotion.gates(files, one.version)
    except RiskProfileError:
        if one.origin == "proposed":
            st.html(draw.strip("✕", say("models.no_gates")))
        return
    st.html(
        f'<div class="rp-card"><h2 class="rp-h2">{escape(say("models.gates"))}</h2>'
        f"{fitting.gate_table(say, measured)}</div>"
    )


def _signing(say: Any, person: Any, one: Any) -> None:
    if one.origin != "proposed" or one.serves or one.fault:
        return
    if one.promoted:
        st.html(draw.strip("!", say("models.promoted_text")))
        return
    if one.overtaken:
        st.html(draw.strip("!", say("models.overtaken", version=one.beside)))
        return
    may = person.role in rights.ACTIONS["model.promote"]
    signed = person.name in one.signed_by
    with st.form(f"sign-{one.digest[:16]}", clear_on_submit=True):
        told = say("models.sign_text", digest=one.digest[:8])
        st.html(
            f'<h2 class="rp-h2">{escape(say("models.sign"))}</h2>'
            f'<p class="rp-s rp-m">{escape(told)}</p>'
        )
        password = st.text_input(
            say("models.password"), type="password", max_chars=200, disabled=not may or signed
        )
        if signed or not may:
            why = say("models.signed_already") if signed else say("models.sign_not")
            st.html(f'<p class="rp-s rp-m">{escape(why)}</p>')
        # No key on purpose: nobody signs by accident.
        if st.form_submit_button(say("models.sign"), type="primary", disabled=not may or signed):
            _sign(say, person, one, password)


def _sign(say: Any, person: Any, one: Any, password: str) -> None:
    here, now = served(), session.now()
    done = attempt(
        lambda: promotion.sign(
            here.store, person, password, one.profile, one.version, now, here.settings.models
        )
    )
    if done is not None:
        key = "models.now_serves" if done.serves else "models.one_more"
        st.session_state["told"] = say(key, version=one.version)
    st.rerun()


def _back(say: Any, person: Any, profile: str, zone: Any, now: Any) -> None:
    here = served()
    past = promotion.promotions(here.store, person, profile)
    rows = [
        (
            form.clock(one.at, zone, now),
            say(f"models.{one.kind}"),
            one.version,
            one.by,
            one.reason,
        )
        for one in past[:8]
    ]
    heads = [say(f"head.{name}") for name in ("when", "what")]
    heads += [say("models.version"), say("head.who"), say("reason.label")]
    listed = draw.table(heads, rows) if rows else f"<p>{escape(say('models.no_past'))}</p>"
    st.html(
        f'<div class="rp-card rp-stack"><h2 class="rp-h2">{escape(say("models.past"))}</h2>'
        f"{listed}</div>"
    )
    if not past or person.role not in rights.ACTIONS["model.rollback"]:
        return
    with st.form(f"back-{profile}"):
        reason = st.text_input(say("models.back_reason"), max_chars=300)
        if st.form_submit_button(say("models.back")):
            done = attempt(
                lambda: promotion.rollback(
                    here.store, person, profile, reason, session.now(), here.settings.models
                )
            )
            if done is not None:
                st.session_state["told"] = say(
                    "models.taken_off", off=done.taken, version=done.scorecard.version
                )
            st.rerun()


def _pause(say: Any, person: Any, now: Any) -> None:
    here = served()
    stopped = govern.paused(here.store)
    may = person.role in rights.ACTIONS["rating.pause"]
    with st.form("pause"):
        st.html(
            f'<h2 class="rp-h2">{escape(say("pause.title"))}</h2>'
            f'<p class="rp-s rp-m">{escape(say("pause.on" if stopped else "pause.off"))}</p>'
        )
        reason = ""
        if stopped is None:
            reason = st.text_input(say("pause.reason"), max_chars=300, disabled=not may)
        if not may:
            st.html(f'<p class="rp-s rp-m">{escape(say("pause.not"))}</p>')
        label = say("pause.resume") if stopped else say("pause.pause")
        if st.form_submit_button(label, disabled=not may):
            if stopped is None and len(reason.strip()) < govern.PAUSE_REASON:
                told = say("pause.short", n=govern.PAUSE_REASON)
                st.session_state["fault"] = (say("fault.not_saved"), told)
            else:
                attempt(lambda: _switch(person, reason, resume=stopped is not None))
            st.rerun()


def _switch(person: Any, reason: str, *, resume: bool) -> bool:
    store, now = served().store, session.now()
    if resume:
        govern.resume(store, person, now)
    else:
        govern.pause(store, person, reason, now)
    return True


page()
