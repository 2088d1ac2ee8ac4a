"""Putting alerts aside: one from its panel, several goods alerts from the list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import streamlit as st

from app import draw, session, typed
from app.deciding import act, attempt, bound, cancel, close_dialog, ended, fault
from app.installation import served
from app.text import escape, key_of
from app.words import Words
from riskprofile.profiles import PROFILES
from riskprofile.services import blind, snoozing
from riskprofile.words import form

SNOOZE = "snooze"
HOURS = (2, 8, 24, 72, 168, 720)
LEAST = 2  # alerts that are several


def ask(*alerts: int) -> None:
    """Open the dialog for these alerts, by their ids."""
    st.session_state["dialog"] = (alerts[0] if len(alerts) == 1 else SNOOZE, SNOOZE)
    st.session_state["snooze"] = list(alerts)


def button(view: Any, say: Words, *, workable: bool) -> None:
    """Put this alert aside."""
    st.button(
        say("do.snooze"),
        **bound("do-snooze", ask, view.id),
        shortcut="Z",
        disabled=not workable,
    )


def several(rows: Sequence[Any], asked: Any, say: Words) -> None:
    """Put all listed alerts aside: goods that are not red, never travellers."""
    if asked.lane != "yellow" or asked.owner not in ("mine_or_free", "open"):
        return
    if PROFILES[asked.profile].persons or len(rows) < LEAST:
        return
    st.button(
        say.many("snooze.several", len(rows)),
        key="snooze-several",
        type="tertiary",
        on_click=ask,
        args=tuple(row.id for row in rows),
    )


def strip(view: Any, say: Words, zone: Any, now: Any) -> None:
    """Until when an alert is put aside, and the way back."""
    person = session.actor(touch=False)
    if person is None or view.state != "open":
        return
    found = snoozing.standing(served().store, person, view.id, now)
    if found is None:
        return
    told = say(
        "snooze.until", who=found.by, time=form.clock(found.until, zone, now), reason=found.reason
    )
    with st.container(key="small_snoozed", horizontal=True, vertical_alignment="center"):
        st.html(draw.strip("‖", say("snooze.aside"), told))
        st.button(say("snooze.wake"), **bound("wake", wake, view.id))


def wake(alert_id: int) -> None:
    """Bring it back before its time."""
    act(snoozing.wake, alert_id)


def dialog(lane: str) -> None:
    """Ask why and until when."""
    say = session.speech()
    st.dialog(say("do.snooze"), on_dismiss=close_dialog)(_form)(lane)


def _form(lane: str) -> None:
    say, person, now = session.speech(), session.present(), session.now()
    alerts = st.session_state["snooze"]
    st.html(f"<p>{escape(say.many('snooze.count', len(alerts)))}</p>")
    short = lane in ("red", blind.LANE)
    longest = snoozing.LONGEST_RED if short else snoozing.LONGEST
    hours = st.segmented_control(
        say("snooze.for"),
        [hours for hours in HOURS if timedelta(hours=hours) <= longest],
        default=HOURS[1],
        required=True,
        key="snooze-hours",
        format_func=lambda hours: form.span(say, timedelta(hours=hours)),
    )
    which = key_of(sorted(alerts))  # words that were typed of some come back to no others
    subject = f"{SNOOZE}:{which}"
    reason = typed.field(
        st.text_area,
        say("reason.label"),
        subject,
        f"snooze-reason-{which}",
        person,
        max_chars=500,
        placeholder=say("snooze.hint"),
    )
    fault(say("fault.kept"))
    with st.container(horizontal=True):
        if st.button(say("do.snooze"), type="primary", key="snooze-save"):
            until = now + timedelta(hours=hours or HOURS[0])
            done = attempt(
                lambda: snoozing.snooze(served().store, person, alerts, reason, until, now)
            )
            ended(done, say.many("snooze.done", done or 0), subject, person=person)
        cancel(say, "snooze-cancel")
