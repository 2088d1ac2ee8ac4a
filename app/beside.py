"""What stands beside an outcome: the rating, whether its reasons held, what happened before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from app import alert_panel, draw, sheet
from app.text import escape
from app.words import Words
from riskprofile.services import finds, held, review
from riskprofile.words import form

EVENTS = 4  # of the newest, and the rating: more find no room beside the form
LOOKS = ("alert.look", "alert.print")  # which change nothing


def column(
    say: Words, one: review.AlertView, keep: Callable[[], None], zone: Any, now: datetime
) -> None:
    """The whole column at the right of the form."""
    _rated(say, one)
    _reasons(say, one, keep)
    st.html(_timeline(say, one, zone, now))


def ask(one: review.AlertView, answers: Mapping[str, str]) -> None:
    """Which reasons this page asks after, and what was answered before."""
    terms = [str(reason["term"]) for reason in held.asked(one.reasons, one.against)]
    sheet.of(one.id).asked = tuple(terms)
    for place, term in enumerate(terms):
        if answers.get(term):
            st.session_state[_key(one.id, place)] = answers[term]


def answers(alert_id: int) -> dict[str, str]:
    """What was answered, by term; what was left blank is not there."""
    found = {
        term: st.session_state.get(_key(alert_id, place))
        for place, term in enumerate(sheet.of(alert_id).asked)
    }
    return {term: said for term, said in found.items() if said}


def table(say: Words, reasons: Sequence[Mapping[str, Any]]) -> str:
    """Reasons that were asked after, with their answers, as the second person reads them."""
    if not any(one["answer"] for one in reasons):
        return ""
    heads = (say("held.title"), say("head.points"), say("held.held_q"))
    rows = [
        (
            form.clip(str(one.get("text") or one["term"]), 120),
            form.signed(one["points"]),
            say(f"answer.{one['answer']}") if one["answer"] else say("held.blank"),
        )
        for one in reasons
    ]
    return draw.table(heads, rows, right=(1,), sentences=True, whole=(2,))


def examined(say: Words, minutes: int | None) -> str:
    """The second of the four steps, with how long it took once that is entered."""
    if minutes is None:
        return say("outcome.step_examined")
    return say("outcome.step_examined_for", n=say.number(minutes))


def evidence(say: Words, stored: finds.Stored) -> str:
    """What the register of arms holds of this seizure already, of a control that is done anew."""
    lines = [say("outcome.evidence_none")]
    if stored.pieces:
        lines = [say.many("outcome.evidence_pieces", stored.pieces)]
        lines.append(say.many("outcome.evidence_photos", stored.photos))
        if stored.seal:
            lines.append(say("outcome.evidence_seal", seal=stored.seal))
        if stored.traces:
            answered = say.number(stored.answered)
            lines.append(say.many("outcome.evidence_traces", stored.traces, answered=answered))
    told = "<br>".join(escape(line) for line in lines)
    return (
        f'<div class="rp-field"><span class="rp-m rp-s">{escape(say("outcome.evidence"))}</span>'
        f'<div class="rp-note">{told}</div></div>'
    )


def _key(alert_id: int, place: int) -> str:
    return f"{sheet.key('held', alert_id)}-{place}"


def _rated(say: Words, one: review.AlertView) -> None:
    """What the rating said, to be held against what was found."""
    points = "" if one.points is None else say("head.points_n", n=say.number(one.points))
    st.html(
        f'<div class="rp-card"><div class="rp-bar">{draw.lane_pill(say, one.lane)}'
        f"{draw.pill(say.maybe(f'queue.{one.queue}', one.queue))}<b>{escape(points)}</b>"
        f'<span class="rp-m">{escape(say("alert.rank_only", n=say.number(one.rank)))}</span></div>'
        f"<div>{escape(form.clip(one.title, 200))}</div></div>"
    )


def _reasons(say: Words, one: review.AlertView, keep: Callable[[], None]) -> None:
    """A line a reason that is asked after: its sentence, its points, the answers to choose."""
    reasons = held.asked(one.reasons, one.against)
    if not reasons:
        return
    st.html(
        f'<div class="rp-bar"><h2 class="rp-h2">{escape(say("held.title"))}</h2>'
        f'<span class="rp-m rp-s">{escape(say("held.hint"))}</span></div>'
    )
    with st.container(key="held", border=True, gap=None):
        for place, reason in enumerate(reasons):
            text = form.clip(str(reason.get("text") or reason["term"]), 120)
            with st.container(
                key=f"heldrow-{place}", horizontal=True, vertical_alignment="center", wrap=False
            ):
                st.html(
                    f'<div class="rp-held"><span>{escape(text)}</span>'
                    f'<span class="r">{escape(form.signed(reason["points"]))}</span></div>'
                )
                st.segmented_control(
                    say("held.question", n=place + 1),  # a label is Markdown: ours alone
                    review.ANSWERS,
                    key=_key(one.id, place),
                    format_func=lambda name: say(f"answer.{name}"),
                    label_visibility="collapsed",
                    on_change=keep,
                    width="content",
                )


def _timeline(say: Words, one: review.AlertView, zone: Any, now: datetime) -> str:
    """What people did, the newest first; looks are left to the alert's own timeline."""
    done = [event for event in one.timeline if event.action not in LOOKS]
    rows = []
    for event in done[:EVENTS]:
        what, of, _ = alert_panel.happened(event, say)
        rows.append((event.at, say.listed([what, of], ":") if of else what, event.actor))
    if not one.blind:
        told = [say("event.alert.rated"), form.lane(say, one.lane)]
        if one.points is not None:
            told.append(say("head.points_n", n=say.number(one.points)))
        rows.append((one.created_at, say.listed(told), one.model_version))
    cells = "".join(
        f'<tr><td class="n rp-m">{escape(form.clock(at, zone, now))}</td>'
        f'<td>{escape(what)} <span class="rp-m">{escape(who)}</span></td></tr>'
        for at, what, who in rows
    )
    return (
        f'<div><h2 class="rp-h2">{escape(say("tab.timeline"))}</h2>'
        f'<table class="rp-t"><tbody>{cells}</tbody></table></div>'
    )
