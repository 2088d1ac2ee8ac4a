"""What stands on every page: who is signed in, what is being served, what is paused."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import streamlit as st

from app import draw, session, text, words
from app.installation import served
from app.pages import PAGES
from app.text import attribute, escape
from riskprofile.errors import Busy, RiskProfileError
from riskprofile.services import drift, looking, speaking
from riskprofile.words import form

log = logging.getLogger("riskprofile.app")

WATCHERS = ("analyst", "supervisor", "operator", "administrator")  # who can act on a change
MANY = 7  # pages whose names stand in one line with who is signed in
SERIES = 3  # named on the strip; the rest is a number

# Our own files: the policy allows no other script.
SCRIPTS = "".join(
    f'<script src="/{name}.js"></script>' for name in ("back", "idle", "lang", "line")
)

ALARMS = {
    "looking": ("frame.looking", "frame.looking_text"),
    "probing": ("frame.probing", "frame.probing_text"),
}


def top(person: Any, *, training: bool = False) -> Any:
    """The mark LIVE, DEMO or TRAINING, office, person and time; then strips that must be read.

    Returns the status of the installation, for what else stands on the page.
    """
    say, now = session.speech(), session.now()
    status = session.status(person)
    zone = session.zone(status.zone)
    badge = (
        f'<span class="rp-badge training">{escape(say("practice.mark"))}</span>'
        if training
        else f'<span class="rp-badge demo" title="{attribute(say("frame.demo_text"))}">'
        f"{escape(say('frame.demo'))}</span>"
        if status.demo
        else f'<span class="rp-badge">{escape(say("frame.live"))}</span>'
    )
    office = ""
    if person.office:
        office = (
            f'<span><span class="rp-x">{escape(status.office_name or person.office)}</span> '
            f'<span class="rp-m">{escape(person.office)}</span></span>'
        )
    clock = f"{form.clock(now, zone, now)} {form.zone_name(zone, now)}"
    # Beside the names of many pages a narrow screen has room for what nothing else says.
    crowded = " many" if sum(person.role in roles for *_, roles in PAGES) > MANY else ""
    with st.container(key="who"):
        st.html(
            f'<div class="rp-who{crowded}" lang="{say.language}">{badge}{office}'
            f'<span><a href="/account" target="_self"><b>{escape(person.name)}</b></a> '
            f'<span class="rp-m rp-x">{escape(say(f"role.{person.role}"))}</span></span>'
            f'<span class="rp-m rp-x">{escape(clock)}</span>'
            f"{languages(say)}"
            f'<form method="post" action="/sign-out">'
            f"<button>{escape(say('sign_out'))}</button></form>"
            f"{SCRIPTS}</div>",
            unsafe_allow_javascript=True,
        )
    # A place of its own: where one comes or goes, nothing below is another thing to the browser,
    # which would take away what is being typed there.
    with st.container(key="frame_strips"):
        _strips(say, person, status, zone, now)
    return status


def _strips(say: Any, person: Any, status: Any, zone: Any, now: Any) -> None:
    """That rating is paused, that somebody looks or probes a lot, that the stream has changed."""
    store = served().store
    if stop := status.paused:
        time = form.clock(stop.since, zone, now)
        since = say("frame.paused_since", time=time, who=stop.by, reason=stop.why)
        st.html(draw.strip("‖", say("frame.paused"), since))
    if person.role == "supervisor":
        for one in looking.alarms(store, person, now):
            time = form.clock(one.at, zone, now)
            title, words_of = ALARMS[one.kind]
            text = say(words_of, who=one.account, count=one.records, time=time)
            st.html(draw.strip("!", say(title), text))
    if person.role in WATCHERS:
        for seen in drift.standing(store, person):
            if seen.alarms:
                st.html(draw.strip("!", say("frame.changed"), changed(say, seen, zone, now)))


def changed(say: Any, seen: Any, zone: Any, now: Any) -> str:
    """What the last look at a profile found changed, and what to do."""
    named = say.listed(speaking.series(say, one) for one in seen.alarms[:SERIES])
    if (rest := len(seen.alarms) - SERIES) > 0:
        named += " " + say.many("frame.changed_more", rest)
    return str(
        say(
            "frame.changed_text",
            profile=say(f"profile.{seen.profile}"),
            version=seen.version,
            names=named,
            time=form.clock(seen.at, zone, now),
        )
    )


def languages(say: Any) -> str:
    """Links to the other languages, each by its own name."""
    return "".join(
        f'<a href="/language?to={other}" target="_self" lang="{other}"'
        f' title="{attribute(say.name_of(other))}">{escape(other.upper())}</a>'
        for other in words.LANGUAGES
        if other != say.language
    )


def foot(status: Any) -> None:
    """Which scorecard rated what is shown, and until when data came."""
    say, now = session.speech(), session.now()
    zone = session.zone(status.zone)
    parts = [
        say(
            "frame.scorecard",
            profile=say(f"profile.{one.profile}").lower(),
            version=one.version,
            digest=f"{one.digest[:4]} {one.digest[4:8]}",
        )
        for one in status.scorecards
    ] or [say("frame.no_scorecard")]
    if status.data_at:
        parts.append(say("frame.data", time=form.clock(status.data_at, zone, now)))
    parts.append(say("frame.words"))
    told = "".join(f"<span>{escape(part)}</span>" for part in parts)
    # Shown by the style alone while the server works for more than a moment.
    wait = f'<div class="rp-note rp-wait">{escape(say("frame.working"))}</div>'
    st.html(
        f'<div class="rp-foot">{told}<span class="e">{escape(say("frame.idle"))}</span></div>{wait}'
        + _away(say)
        + _lost(say)
        + _idle(say)
    )


def _away(say: Any) -> str:
    """What `line.js` shows while the line is away."""
    return (
        '<div class="rp-away" role="alert" hidden>'
        f"<b>{escape(say('lost.title'))}</b><span>{escape(say('lost.away'))}</span></div>"
    )


def _lost(say: Any) -> str:
    """What `line.js` shows when the line dropped while a dialog was open."""
    title = say("lost.title")
    return (
        f'<dialog class="rp-lost" role="dialog" tabindex="-1" aria-label="{attribute(title)}">'
        f"<p><b>{escape(title)}</b></p><p>{escape(say('lost.text'))}</p>"
        f'<button type="button" class="rp-button">{escape(say("lost.go_on"))}</button></dialog>'
    )


def _idle(say: Any) -> str:
    """What `idle.js` shows before a session ends by itself: the sentence in each plural form."""
    forms = "".join(
        f' data-{form}="{attribute(told)}"' for form, told in say.forms("idle.locks").items()
    )
    return (
        f'<div class="rp-idle" role="region" aria-label="{attribute(say("idle.title"))}" '
        f'hidden{forms}><b role="timer"></b>'
        f'<span class="i">{escape(say("idle.drafts"))}</span>'
        f'<span class="f">{escape(say("idle.final"))}</span>'
        f'<button type="button" class="rp-button">{escape(say("idle.stay"))}</button>'
        '<span class="rp-sr" role="status"></span></div>'
    )


def trouble(error: Exception) -> None:
    """Say in its place that a page, or a part of it, could not be drawn, and offer to try again."""
    say = session.speech()
    if isinstance(error, Busy):
        busy()
        return
    if isinstance(error, RiskProfileError):
        told = say("fault.unknown"), words.refusal(say, error)
    else:
        number = text.logged(log, error, session.now())
        told = say("fault.unknown"), say("fault.tell", number=number)
    st.html(draw.strip("✕", f"{told[0]}.", told[1]))
    _again(say)


def busy() -> None:
    """The database is written by a large run: nothing was done, and it can be asked for again."""
    say = session.speech()
    st.html(draw.state(say("busy.title"), say("busy.text")))
    _again(say)


def _again(say: Any) -> None:
    with st.container(horizontal=True, horizontal_alignment="center"):
        # Parts of a page may fail together: each has a button of its own.
        st.button(say("busy.again"), key=f"again-{secrets.token_hex(4)}", type="primary")
