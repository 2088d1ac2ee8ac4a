"""Which scorecard serves, what was measured of it, who signed; the way back, and the pause."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from app import comparison, draw, fitting, markup, session, signing, terms, typed, watching
from app.deciding import act, strips
from app.installation import served
from app.text import attribute, escape, option
from app.words import refusal
from riskprofile.errors import RiskProfileError, ScorecardError
from riskprofile.profiles import PROFILES
from riskprofile.scoring import artefact
from riskprofile.scoring.editing import edited
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import fitting as fitting_service
from riskprofile.services import promotion, rights, switching
from riskprofile.words import form

VIEWS = ("edit", "card", "fit", "compare", "watch")


def page() -> None:
    """Draw the scorecards of one profile: their terms first for an analyst, else the cards."""
    person = session.require("analyst", "supervisor", "administrator", "auditor")
    say, now, here = session.speech(), session.now(), served()
    zone = session.zone(session.status(person).zone)
    with st.container(key="strips"):
        strips()
    known = promotion.known(here.store, person, here.settings.models)
    st.html(f'<h1 class="rp-h1 rp-page">{escape(say("models.title"))}</h1>')
    asked = st.query_params.get("version", "")
    with st.container(key="filters", horizontal=True, vertical_alignment="center", wrap=False):
        profile = str(
            st.segmented_control(
                say("filter.profile"),
                list(PROFILES),
                key="models-profile",
                default=next(iter(PROFILES)),
                required=True,
                format_func=lambda name: say(f"profile.{name}"),
                label_visibility="collapsed",
            )
        )
        mine = [one for one in known if one.profile == profile]
        first = "edit" if terms.may(person) and not asked else "card"
        view = st.segmented_control(
            say("models.view"),
            VIEWS,
            key="models-view",
            default=first,
            required=True,
            format_func=lambda name: say(f"models_view.{name}"),
            label_visibility="collapsed",
        )
        # The one that serves first, then what waits for signatures.
        mine.sort(key=lambda one: (not one.serves, one.origin != "proposed"))
        # By name and not by place: what is signed or taken off changes places.
        named = {(one.origin, one.version): one for one in mine}
        key = f"models-version-{profile}"
        of_address = [name for name in named if name[1] == asked]
        if key not in st.session_state and of_address:
            st.session_state[key] = of_address[0]
        chosen = None
        if view == "card":
            chosen = st.selectbox(
                say("models.choose"),
                list(named),
                key=key,
                format_func=lambda name: option(say.listed([name[1], _state(say, named[name])])),
                label_visibility="collapsed",
            )
        elif view == "edit":
            _edit_bar(say, person, profile)
    if view == "fit":
        fitting.panel(say, person, profile, zone, now)
    elif view == "compare":
        comparison.panel(say, person, profile, now)
    elif view == "watch":
        watching.panel(say, person, profile, zone, now)
    elif view == "edit":
        _terms(say, person, profile, mine, zone, now)
    else:
        _cards(say, person, profile, named.get(chosen) if chosen else None, zone, now)


def _edit_bar(say: Any, person: Any, profile: str) -> None:
    """What leads on from the terms: undo, the next fit, the card."""
    here = served()
    with st.container(horizontal=True, horizontal_alignment="right", key="small_bar"):
        if terms.may(person):
            try:
                card = promotion.serving(here.store, here.settings.models, profile)
            except ScorecardError:
                return
            st.button(
                say("terms.undo"),
                key="terms-undo",
                shortcut="U",
                disabled=not terms.kept(person, card),
                on_click=terms.undone,
                args=(card,),
            )
        ways = (("fit", "G"), ("compare", "A"), ("card", "K"))
        for name, letter in ways if terms.may(person) else ways[2:]:
            st.button(
                say(f"terms_to.{name}"),
                key=f"to-{name}",
                shortcut=letter,
                type="tertiary" if name == "card" else "secondary",
                on_click=_to,
                args=(name,),
            )


def _to(view: str) -> None:
    st.session_state["models-view"] = view


def _terms(
    say: Any, person: Any, profile: str, mine: list[promotion.Known], zone: Any, now: Any
) -> None:
    """Terms at the left, one of them in the middle, and what waits to serve at the right."""
    here = served()
    try:
        card = promotion.serving(here.store, here.settings.models, profile)
    except ScorecardError as error:
        st.html(draw.strip("", say("models.broken"), refusal(say, error)))
        return
    edits = terms.kept(person, card)
    after = edited(card, edits)
    left, middle, right = st.columns([0.335, 0.385, 0.28], gap="small")
    with left:
        name = terms.listed(say, card, edits)
        if terms.may(person):
            terms.edits_made(say, card, edits)
    tried = fitting_service.trial(here.settings, person, profile, card)
    waits = _waiting(person, profile, mine)
    with middle:
        with st.container(border=True, key="term"):
            terms.table(
                say, person, card, after, name, edits,
                None if tried is None else ("terms.of_generator", tried),
            )  # fmt: skip
            if edits:
                told = terms.costs(say, person, card, after, tried)
                st.html(f'<div class="rp-stack rp-cost" role="status">{told}</div>')
        if waits is not None and tried is not None:
            on = f"{card.digest} {waits.digest}"
            comparison.brief(say, person, profile, lambda: _read(person, waits), on)
    with right:
        _candidate(say, person, profile, waits, mine, zone, now)


def _waiting(
    person: Any, profile: str, mine: list[promotion.Known]
) -> promotion.Known | fitting_service.Fit | None:
    """What waits to serve: the newest that was proposed and can be signed, else the newest fit.

    What was measured beside another than serves now is no candidate, nor is a fit before the one
    that was proposed.
    """
    proposed = [one for one in mine if one.origin == "proposed"]
    waits = [one for one in proposed if not (one.promoted or one.overtaken or one.fault)]
    if waits:
        return waits[-1]  # as they were proposed
    fits = fitting_service.fits(served().settings, person, profile)
    newest = next((one for one in fits if one.state == fitting_service.DONE), None)
    taken = {one.version for one in proposed}
    return newest if newest is not None and newest.version not in taken else None


def _read(person: Any, one: promotion.Known | fitting_service.Fit) -> Scorecard:
    if isinstance(one, fitting_service.Fit):
        return fitting_service.scorecard(served().settings, person, one.profile, one.version)
    return artefact.parse(_files(person, one), one.version)


def _candidate(
    say: Any,
    person: Any,
    profile: str,
    waits: promotion.Known | fitting_service.Fit | None,
    mine: list[promotion.Known],
    zone: Any,
    now: Any,
) -> None:
    """Gates and signatures of what waits to serve, and the way back."""
    fitting.progress(profile, fitting_service.fits(served().settings, person, profile))
    serves = next((one for one in mine if one.serves), None)
    if isinstance(waits, promotion.Known):
        files = _files(person, waits)
        _head(waits.version, say("models.candidate"), waits.proposed_by)
        _gates(say, waits, files)
        signing.boxes(say, waits, zone, now)
        signing.if_promoted(say, person, waits, files)
        signing.sign(say, person, waits)
    elif waits is not None:
        _head(waits.version, say("fits.done"), waits.by)
        signing.gates(say, waits.gates, brief=True)
        if terms.may(person):
            fitting.acts(say, person, waits)
    elif serves is not None:
        _head(serves.version, say("models.serves"), "")
        _gates(say, serves, _files(person, serves))
        st.html(f'<div class="rp-note"><p>{escape(say("terms.no_candidate"))}</p></div>')
    signing.back(say, person, profile)


def _head(version: str, state: str, who: str) -> None:
    by = f'<span class="rp-m">{escape(who)}</span>' if who else ""
    st.html(
        f'<div class="rp-bar"><h2 class="rp-h2">{escape(version)}</h2>'
        f"{draw.pill(state, 'on')}{by}</div>"
    )


def _cards(
    say: Any, person: Any, profile: str, one: promotion.Known | None, zone: Any, now: Any
) -> None:
    """The card of one version, and what people do with it."""
    left, right = st.columns([0.58, 0.42], gap="small")
    if one is None:
        st.html(draw.state(say("models.none"), say("models.none_text")))
    else:
        files = _files(person, one)
        with left:
            st.html(
                f'<div class="rp-card rp-stack rp-scroll" tabindex="0" role="region" '
                f'aria-label="{attribute(one.version)}">{_card(say, files)}</div>'
            )
        with right:
            _facts(say, person, one, zone, now)
            _gates(say, one, files)
            if one.origin == "proposed" and not one.fault:
                signing.boxes(say, one, zone, now)
                signing.sign(say, person, one)
                signing.if_promoted(say, person, one, files)
    with right:
        signing.back(say, person, profile)
        _past(say, person, profile, zone, now)
        _pause()


def _gates(say: Any, one: promotion.Known, files: dict[str, bytes]) -> None:
    try:
        measured = promotion.gates(files, one.version)
    except RiskProfileError:
        if one.origin == "proposed":
            st.html(draw.strip("✕", say("models.no_gates")))
        return
    signing.gates(say, measured, brief=True)


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


def _why(say: Any, person: Any, one: Any) -> str:
    """What is the matter with a scorecard; its own words say where it lies on the server, too."""
    here = served()
    try:
        promotion.files_of(here.store, person, one.profile, one.version, here.settings.models)
    except RiskProfileError as error:
        return refusal(say, error)
    return ""  # mended since


def _card(say: Any, files: dict[str, bytes]) -> str:
    text = files.get("card.md", b"").decode("utf-8", "replace")
    if not text:
        return draw.state(say("models.no_card"))
    return f'<div class="rp-stack" dir="ltr" lang="en">{markup.card(text)}</div>'


def _facts(say: Any, person: Any, one: Any, zone: Any, now: Any) -> None:
    rows = [
        (say("batch.state"), _state(say, one)),
        (say("models.digest"), f"{one.digest[:8]} {one.digest[8:16]}"),
        (say("models.origin"), say(f"models.{one.origin}")),
    ]
    if one.proposed_at is not None:
        when = form.clock(one.proposed_at, zone, now)
        rows.append((say("models.proposed_by"), say.listed([one.proposed_by, when])))
    if one.beside:
        rows.append((say("models.beside"), one.beside))
    if one.fault:
        rows.append((say("models.fault"), _why(say, person, one)))
    st.html(draw.card(one.version, draw.table((), rows)))


def _past(say: Any, person: Any, profile: str, zone: Any, now: Any) -> None:
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
    st.html(draw.card(say("models.past"), listed, "rp-stack"))


@st.fragment  # what is typed draws this alone
def _pause() -> None:
    say, person, subject = session.speech(), session.present(), "pause:why"
    stopped = switching.paused(served().store)
    shown = st.session_state.get("pause-shown")  # when the button was drawn that is clicked now
    st.session_state["pause-shown"] = stopped
    may = person.role in rights.ACTIONS["rating.pause"]
    with st.container(border=True):
        st.html(
            f'<h2 class="rp-h2">{escape(say("pause.title"))}</h2>'
            f'<p class="rp-s rp-m">{escape(say("pause.on" if stopped else "pause.off"))}</p>'
        )
        reason = ""
        if stopped is None and may:
            asks = say("pause.reason")
            reason = typed.field(st.text_input, asks, subject, "pause-why", person, max_chars=300)
        if not may:
            st.html(f'<p class="rp-s rp-m">{escape(say("pause.not"))}</p>')
        name = "resume" if stopped else "pause"
        if st.button(say(f"pause.{name}"), key=f"pause-{name}", disabled=not may):
            if stopped is None:
                if act(switching.pause, reason, person=person):
                    typed.forget(subject, person)
            else:
                act(partial(switching.resume, shown=shown), person=person)
            st.rerun()


page()
