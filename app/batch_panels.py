"""Beside the rows of a batch: what is the matter with one that was refused, and the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import streamlit as st

from app import draw, session, typed
from app.batch_rows import note
from app.installation import served
from app.kept import why
from app.text import escape
from app.uploads import may
from app.words import refusal
from riskprofile.errors import RiskProfileError
from riskprofile.services import quarantine, watchers
from riskprofile.words import form

EVERY = 15  # seconds between two looks at the watchers
HIDDEN = "•••"  # a cell about a person


def refused(say: Any, person: Any, batch: Any) -> None:
    """Why none of its rows was rated, where, how many of how many, and what to do."""
    here = served()
    title = say("panel.stopped" if batch.state == "stopped" else "panel.refused", file=batch.source)
    row = None
    if batch.state == "done":
        if may(person, "quarantine.look"):
            asked = quarantine.Filter(batch.id, limit=1)
            row = next(iter(quarantine.find(here.store, person, asked, session.now())), None)
        said = say(
            "panel.all_kept",
            n=say.number(batch.quarantined),
            of=say.number(batch.read),
            limit=say.number(round(100 * here.settings.max_bad_share)),
        )
        if row is not None:
            fault = why(say, row.profile, row.column, row.reason_code, row.reason)
            column = say.maybe(f"field.{row.column}", row.column) if row.column else ""
            place = say("panel.place_column" if column else "panel.place", line=row.line, n=column)
            said = f"{say.listed([place, fault.rstrip('.')], ':')}. {said}"
        do = say("panel.do_repair" if row is not None and row.fields else "panel.do_ask")
    else:
        stopped = batch.state == "stopped"
        said = note(say, batch) or say("panel.on_no_list" if stopped else "panel.no_note")
        do = say("panel.do_again" if stopped else "panel.do_ask")
    body = f"<p>{escape(said)}</p><p class=rp-m>{escape(do)}</p>"
    st.html(draw.card(f"✕ {title}", body, "rp-stack"))
    if row is not None:
        with st.popover(say("panel.see", line=row.line)):
            st.html(_cells(say, row))


def _cells(say: Any, row: quarantine.KeptRow) -> str:
    """The row as it came. Of a person nothing is shown that says who it is."""
    if row.fields:
        hidden = quarantine.identifying(row.profile)
        rows = [
            (say.maybe(f"field.{name}", name), HIDDEN if name in hidden else form.clip(text, 300))
            for name, text in row.fields.items()
        ]
        return draw.table((), rows)
    raw = HIDDEN if quarantine.of_persons(row.profile) else form.clip(row.raw, 2000)
    return f'<p class="rp-mono" dir="auto">{escape(raw)}</p>'


def inbox(say: Any, person: Any, zone: Any) -> None:
    """What the watchers told last, looked at again every so often; and the pause of them all."""

    def part() -> None:
        who, words = session.actor(touch=False), session.speech()
        if who is None:
            st.rerun()
        st.html(_told(words, who, zone))

    st.fragment(part, run_every=EVERY)()
    if may(person, "inbox.pause"):
        _switch(say, person)


def _told(say: Any, person: Any, zone: Any) -> str:
    here, now = served(), session.now()
    lines = []
    if stands := watchers.paused(here.store):
        since = form.clock(stands.since, zone, now)
        lines.append("‖ " + say("inbox.paused", since=since, by=stands.by, why=stands.why))
    seen = watchers.watchers(here.settings, person)
    for one in seen:
        ago = _ago(say, now - one.at)
        if one.silent(now):
            lines.append("! " + say("inbox.silent", folder=one.folder, ago=ago))
            continue
        said = [say("inbox.looked", folder=one.folder, ago=ago)]
        if one.rating:
            files = say.listed(one.rating)
            said = [say("inbox.rating", folder=one.folder, files=files, ago=ago)]
        if one.growing:
            said.append(say("inbox.growing", files=say.listed(one.growing)))
        if one.aside:
            said.append(say("inbox.aside", files=say.listed(one.aside)))
        if one.waits:
            said.append(say("inbox.waits", n=say.number(one.waits)))
        said.append(say("inbox.held", host=one.host, process=one.process))
        lines.append(" ".join(said))
    if not seen:
        lines.append(say("inbox.none"))
    told = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return draw.card(say("inbox.title"), told, "rp-stack")


def _ago(say: Any, length: timedelta) -> str:
    if length < timedelta(seconds=90):
        return str(say("span.seconds", seconds=max(0, int(length.total_seconds()))))
    return form.span(say, length)


def _switch(say: Any, person: Any) -> None:
    here, now = served(), session.now()
    stopped, shown = watchers.paused(here.store), st.session_state.get("inbox-shown")
    st.session_state["inbox-shown"] = stopped
    if stopped is not None:
        if not st.button(say("inbox.resume"), key="inbox-resume"):
            return
        try:
            watchers.resume(here.store, person, now, shown)
        except RiskProfileError as error:
            st.html(draw.strip("✕", say("fault.not_saved"), refusal(say, error)))
            return
        st.rerun()
    with st.popover(say("inbox.pause"), key="inbox-pause"):
        st.html(f'<p class="rp-s">{escape(say("inbox.pause_text"))}</p>')
        asks, subject = say("inbox.why"), "inbox:why"
        reason = typed.field(st.text_input, asks, subject, "inbox-why", person)
        if not st.button(say("inbox.pause_now"), key="inbox-pause-now", type="primary"):
            return
        try:
            watchers.pause(here.store, person, reason, now)
        except RiskProfileError as error:
            st.html(draw.strip("✕", say("inbox.not_paused"), refusal(say, error)))
            return
        typed.forget(subject, person)
        st.rerun()


def shown(batches: Sequence[Any], chosen: Any) -> Any:
    """The batch that was refused: the one that is open, else the latest of those listed."""
    if chosen is not None and is_refused(chosen):
        return chosen
    return next((one for one in batches if is_refused(one)), None)


def is_refused(batch: Any) -> bool:
    """Whether no row of it came on a list, and somebody has to see why."""
    if batch.state in ("failed", "stopped"):
        return True
    none = not batch.accepted and not batch.duplicate and batch.quarantined
    return bool(batch.state == "done" and none and batch.waits)
