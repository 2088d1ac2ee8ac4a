"""What stands between a scorecard and its serving: gates, two signatures, what it would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import draw, session, terms, typed
from app.deciding import attempt
from app.installation import served
from app.text import attribute, english, escape
from riskprofile.errors import RiskProfileError
from riskprofile.scoring import artefact
from riskprofile.services import promotion, rights
from riskprofile.words import form


def gates(say: Any, measured: Sequence[promotion.Gate], *, brief: bool = False) -> None:
    """Each gate as a line: pass or stop, its name, its figure and bound; how many stop at the top.

    Where it is `brief`, what holds says its figure on one line, as far as that goes.
    """
    closed = sum(not one.lets_pass for one in measured)
    told = say.many("gates.stop", closed) if closed else say("gates.none_stops")
    rows = "".join(_gate(say, one, brief=brief and one.held) for one in measured)
    pill = draw.pill(f"✕ {told}", "need") if closed else draw.pill(f"✓ {told}")
    st.html(draw.card(say("models.gates"), rows, "rp-gates", beside=pill))


def named(say: Any, one: promotion.Gate) -> str:
    """The name of a gate in the words of the page; as it was measured where there are none."""
    key = one.name.replace(",", "").replace(" ", "_")
    return str(say.maybe(f"gate_of.{key}", one.name))


def _gate(say: Any, one: promotion.Gate, *, brief: bool) -> str:
    state, tone = say("models.passes"), ""
    before, after = map(escape, say("gates.bound", bound="|").split("|"))
    figure = say.listed([english(one.value), f"{before}{english(one.bound)}{after}"], ";")
    if not one.lets_pass:
        state, tone = say("models.stops"), "need"
    elif not one.held:
        state, figure = say("gates.waived"), f"{english(one.value)}. {escape(_waived(say, one))}"
    shown = f'<span class="rp-m">{figure}</span>'
    if brief:
        whole = say.listed([one.value, say("gates.bound", bound=one.bound)], ";")
        shown = f'<span class="rp-m one" title="{attribute(whole)}">{english(one.value)}</span>'
    name = escape(form.sentence(named(say, one)))
    return f"<div><span>{draw.pill(state, tone)}</span><span><b>{name}</b><br>{shown}</span></div>"


def _waived(say: Any, one: promotion.Gate) -> str:
    return str(say("models.waived", who=one.waived_by, reason=one.waiver))


def boxes(say: Any, one: promotion.Known, zone: Any, now: Any) -> None:
    """The two signatures: who, as what, when and with which key; or that somebody is waited for."""
    drawn = ""
    for n in range(promotion.SIGNATURES):
        if n < len(one.signatures):
            mine = one.signatures[n]
            role = say(f"role.{mine.role}")
            when = say("sign.when", time=form.clock(mine.at, zone, now))
            key = say("sign.key", public=f"{mine.key[:4]} {mine.key[4:8]}")
            drawn += (
                f'<div><span class="rp-m">{n + 1} {escape(form.sentence(role))}</span>'
                f"<b>{escape(mine.account)}</b><span>{escape(when)}<br>{escape(key)}</span></div>"
            )
            continue
        others = say.listed(one.signed_by)
        who = say("sign.not", who=others) if others else say("models.sign_not")
        head = say("sign.first") if n == 0 else say("sign.else")
        drawn += (
            f'<div class="waits"><span class="rp-m">{n + 1} {escape(head)}</span>'
            f"<b>{escape(say('sign.waiting'))}</b><span>{escape(who)}</span></div>"
        )
    digest = say("sign.digest", digest=f"{one.digest[:4]} {one.digest[4:8]}")
    body = f'<div>{drawn}</div><p class="rp-s rp-m">{escape(digest)}</p>'
    st.html(draw.card(say("sign.two"), body, "rp-signed"))


def sign(say: Any, person: Any, one: promotion.Known) -> None:
    """The form with which a person signs, or why this one cannot."""
    if one.serves or one.fault:
        return
    if one.promoted:
        st.html(draw.strip("!", say("models.promoted_text")))
        return
    if one.overtaken:
        st.html(draw.strip("!", say("models.overtaken", version=one.beside)))
        return
    may = person.role in rights.ACTIONS["model.promote"]
    signed = person.name in one.signed_by
    if signed or not may:
        told = say("models.signed_already") if signed else say("models.sign_not")
        st.html(f'<div class="rp-note"><p>{escape(told)}</p></div>')
        return
    last = len(one.signed_by) == promotion.SIGNATURES - 1
    label = say("sign.promote") if last else say("models.sign")
    with st.form(f"sign-{one.digest[:16]}", clear_on_submit=True):
        told = say("models.sign_text", digest=one.digest[:8])
        st.html(f'<p class="rp-s rp-m">{escape(told)}</p>')
        password = st.text_input(say("models.password"), type="password", max_chars=200)
        # No key on purpose: nobody signs by accident.
        if st.form_submit_button(label, type="primary"):
            _sign(say, person, one, password)


def _sign(say: Any, person: Any, one: promotion.Known, password: str) -> None:
    here, now = served(), session.now()
    done = attempt(
        lambda: promotion.sign(
            here.store, person, password, one.profile, one.version, now, here.settings.models,
            shown=one.digest,
        )
    )  # fmt: skip
    if done is not None:
        key = "models.now_serves" if done.serves else "models.one_more"
        session.notes()["told"] = say(key, version=one.version)
    st.rerun()


def if_promoted(say: Any, person: Any, one: promotion.Known, files: dict[str, bytes]) -> None:
    """What it would change among the open alerts, were it to serve now."""
    if one.serves or one.promoted or one.fault or not files:
        return
    here = served()
    try:
        card = promotion.serving(here.store, here.settings.models, one.profile)
        found = terms.rehearsed(person, card, artefact.parse(files, one.version))
    except RiskProfileError:  # what serves is damaged: the page says so elsewhere
        return
    if found is not None:
        told = f"{terms.lanes(say, found)} {say('sign.decided')}"
        lead = say("sign.if_promoted", total=say.number(found.open))
        st.html(f'<div class="rp-note"><b>{escape(lead)}</b> {escape(told)}</div>')


def back(say: Any, person: Any, profile: str) -> None:
    """The way back: a button that names what would serve, then why."""
    here = served()
    if person.role not in rights.ACTIONS["model.rollback"]:
        return
    try:
        version = promotion.behind(here.store, person, here.settings.models, profile)
    except RiskProfileError:  # what ships is damaged: going back says so
        version = ""
    if version is None:
        return
    asked = f"back-asked-{profile}"

    def ask() -> None:
        st.session_state[asked] = not st.session_state.get(asked)

    st.button(
        say("sign.back_to", version=version), key=f"back-to-{profile}", shortcut="B", on_click=ask
    )
    if st.session_state.get(asked):
        _back(profile, version, asked)


@st.fragment  # what is typed draws this alone
def _back(profile: str, version: str, asked: str) -> None:
    say, person, here = session.speech(), session.present(), served()
    subject = f"back:{profile}"
    with st.container(border=True):
        reason = typed.field(
            st.text_input, say("models.back_reason"), subject, f"back-why-{profile}", person,
            max_chars=300,
        )  # fmt: skip
        # A second click is of another button: it does not go back once more.
        if st.button(say("models.back"), key=f"back-{profile}-{version}"):
            done = attempt(
                lambda: promotion.rollback(
                    here.store, person, profile, reason, session.now(), here.settings.models,
                    shown=version,
                )
            )  # fmt: skip
            if done is not None:
                session.notes()["told"] = say(
                    "models.taken_off", off=done.taken, version=done.scorecard.version
                )
                typed.forget(subject, person)
                st.session_state.pop(asked, None)
            st.rerun()
