"""Who is looking: asked of the session cookie on every run, never of `st.session_state`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from app import words
from app.installation import COOKIE, LANGUAGE_COOKIE, served
from app.text import direct, escape
from riskprofile.services import govern, identity
from riskprofile.words import form


def speech() -> words.Words:
    """The words in the language of this browser."""
    say = _run.words
    if say is None or not _run.asking:
        say = _run.words = _spoken()
        direct(say.right_to_left)
    return say


def _spoken() -> words.Words:
    cookies = st.context.cookies
    # The page's own word first: a browser may open its socket with another list than its pages.
    accepted = filter(None, (st.context.locale, st.context.headers.get("Accept-Language")))
    return words.of(words.choose(cookies.get(LANGUAGE_COOKIE), ",".join(accepted)))


@dataclass
class _Told:
    """What a page said that is said once, and whether it stayed before the person's eyes.

    It did not where the page was not drawn to its `end`, or was drawn `anew` by itself. Kept in
    the session state and written in place: see `notes`.
    """

    shown: dict[str, Any] = field(default_factory=dict)
    end: bool = True
    anew: bool = False


class _Run(threading.local):
    """What was asked once while the entry script draws a page; a run has a thread."""

    asking = False
    actor: Any = None
    status: Any = None
    words: words.Words | None = None
    notes: dict[str, Any]
    told: _Told


_run = _Run()


@contextmanager
def run() -> Iterator[None]:
    """Within this, who is looking and what stands on every page is asked once.

    What the page before said `once` is said by this one where it did not stay there. But for what
    was refused: where the next click ended that page, this one is of something else.
    """
    _run.actor, _run.status, _run.words = None, None, None
    told = _run.told = st.session_state.setdefault("told-once", _Told())
    for name, said in told.shown.items():
        lost = told.anew or (not told.end and name != "fault")
        if lost and name not in st.session_state:  # else something newer is to be said
            st.session_state[name] = said
    told.shown, told.end, told.anew = {}, False, False
    _run.asking = True
    try:
        yield
        told.end = True
    finally:
        _run.actor, _run.status, _run.words, _run.asking = None, None, None, False


def once(name: str) -> Any:
    """What is said once, by its name in the session state, which has it no more; else None."""
    said = st.session_state.pop(name, None)
    if said is not None and _run.asking:
        _run.told.shown[name] = said
    return said


def draw_anew() -> NoReturn:
    """For a part that looks again by itself: draw the page, with what it said `once`.

    Nobody clicked, so that may not have been read yet.
    """
    st.session_state["told-once"].anew = True
    st.rerun()


def ready_to_note() -> None:
    """Before an act: see to it that what it comes to can be noted (`notes`)."""
    _run.notes = st.session_state.setdefault("notes", {})


def notes() -> dict[str, Any]:
    """What an act of this run came to, by the name in the session state that it is to have there;
    None for what is to be there no more.

    Written in place: where `st.session_state` itself is asked after an act, the next click may
    end the run, and what was done would not be told.
    """
    return _run.notes


def take_notes() -> None:
    """Put what was noted into the session state, for the page that is drawn now."""
    left: dict[str, Any] = st.session_state.setdefault("notes", {})
    for name in [*left]:
        if left[name] is None:
            st.session_state.pop(name, None)
        else:
            st.session_state[name] = left[name]
        del left[name]


def actor(*, touch: bool = True) -> Any | None:
    """The person whose session cookie this browser holds; None when it ended.

    What refreshes itself passes `touch=False`: a page left open still locks.
    """
    if _run.actor is not None:
        return _run.actor
    found = _asked(touch)
    if _run.asking:
        _run.actor = found
    return found


def status(person: Any) -> Any:
    """What stands on every page: office, zone, pause, scorecards, time of the data."""
    if _run.status is None or not _run.asking:
        _run.status = govern.status(served().store, person, served().settings)
    return _run.status


def _asked(touch: bool) -> Any | None:
    token = st.context.cookies.get(COOKIE)
    if not token:
        return None
    here = served()
    return identity.actor_of(here.store, token, here.clock(), touch=touch)


def present() -> Any:
    """The signed-in person; otherwise the page, or the dialog, ends here."""
    person = actor()
    if person is None:
        signed_out()
    return person


def require(*roles: str) -> Any:
    """The signed-in person, when one of `roles`; otherwise the page ends here.

    Every view calls it first. The services check again: this is the door, not the vault.
    """
    person = present()
    if person.role not in roles:
        refuse(person)
    return person


def refuse(person: Any) -> NoReturn:
    """Say that the page is not for this person's role, offer the way home, and end the run."""
    say = speech()
    st.html(
        f'<div class="rp-state" lang="{say.language}"><h1>{escape(say("refused.title"))}</h1>'
        f"<p>{escape(say('refused.text', role=say(f'role.{person.role}')))}</p>"
        f'<p><a class="rp-button" href="/" target="_self">{escape(say("refused.home"))}</a></p>'
        "</div>"
    )
    st.stop()


def signed_out() -> NoReturn:
    """Say that the session ended, offer the way back, and end the run."""
    say = speech()
    st.html(
        f'<div class="rp-state" lang="{say.language}"><h1>{escape(say("signed_out.title"))}</h1>'
        f"<p>{escape(say('signed_out.text'))}</p>"
        f'<p><a class="rp-button" href="/sign-in" target="_self">'
        f"{escape(say('signed_out.again'))}</a></p></div>"
    )
    st.stop()


def chosen(options: Mapping[str, Sequence[str]], kept: str, under: str = "") -> dict[str, str]:
    """What widgets hold, each one of its options; before they are drawn the address, or what they
    held when this page was left, by `kept`. The first of its options stands in no address.

    By hand: Streamlit's own binding writes labels, and ours carry counts.
    """
    here, before, found = st.session_state, st.session_state.get(kept, {}), {}
    for name, allowed in options.items():
        given = here.get(under + name) or st.query_params.get(name) or before.get(name)
        found[name] = here[under + name] = str(given) if given in allowed else allowed[0]
        if found[name] == allowed[0]:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = found[name]
    return found


def now() -> datetime:
    """The served clock's time."""
    return served().clock()


def zone(name: str | None) -> ZoneInfo:
    """An office's zone; UTC when it is not known."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def moment(given: Any, place: ZoneInfo, at: datetime | None = None) -> str:
    """A time that may be stored as ISO text, in the office's zone."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            return str(given)
    return form.clock(given, place, at)
