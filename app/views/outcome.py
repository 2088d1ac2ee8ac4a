"""What a control found: one form per ordered control, kept as a draft until it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app import alert_panel, beside, deciding, draw, lists, session, sheet, typed
from app.installation import served
from app.text import escape, option
from app.words import Words
from riskprofile.errors import NotAllowed
from riskprofile.reference.arms import LEGAL_BASES
from riskprofile.services import finds, review, speaking
from riskprofile.words import form

CONCEALMENTS = ("among", "inside", "wrapped", "open")
SURE = tuple(name for name in review.SURE if name)
TEXTS = ("part", "make", "model", "calibre", "serial", "marking", "where_found")
COLUMNS = (
    "kind",
    "part",
    "make",
    "model",
    "calibre",
    "serial",
    "marking",
    "count",
    "sure",
    "where_found",
)
FIELDS = (
    *("outcome", "methods", "minutes", "officers", "seizure_number", "legal_basis"),
    *("concealment", "packaging", "note"),
)


def subject(alert_id: int) -> str:
    """The name of an outcome's draft."""
    return f"outcome:{alert_id}"


def awaiting(person: Any, now: Any) -> list[review.QueueRow]:
    """Ordered controls that this person holds, of every profile at work, most urgent first."""
    store, worked = served().store, session.status(person).worked
    return [row for profile in worked for row in review.awaiting(store, person, profile, now)]


def page() -> None:
    """Draw the form for the ordered control that was chosen, or the first that waits."""
    person = session.require("officer", "supervisor")
    say, now, store = session.speech(), session.now(), served().store
    zone = session.zone(session.status(person).zone)
    waiting = {row.id: form.reference(row.record_id) for row in awaiting(person, now)}
    strips = st.container(key="strips")  # a place of its own, so that nothing below moves
    if not waiting:
        with strips:
            deciding.strips()
        st.html(draw.state(say("outcome.none"), say("outcome.none_text")))
        return
    given = st.query_params.get("alert", "")
    if st.session_state.get("outcome_of") not in waiting:
        known = [one for one in waiting if str(one) == given]
        st.session_state["outcome_of"] = (known or list(waiting))[0]
    chosen = st.session_state["outcome_of"]
    st.query_params["alert"] = str(chosen)
    with strips:
        _strips(chosen)
    purpose = st.session_state.get(f"purpose-{chosen}", "")
    try:
        view = review.alert(
            store,
            person,
            chosen,
            now,
            purpose=purpose,
            looks_an_hour=served().settings.looks_an_hour,
        )
    except NotAllowed:
        alert_panel.ask_purpose(chosen, say)
        return
    if _form(say, person, speaking.spoken(say, view), waiting, now, zone):
        with strips:
            _elsewhere(say, person, chosen)


def _strips(chosen: int) -> None:
    """What was just done; where the time of an undo is over its words stay, and so does the form.

    Else it would move under the hand of whoever is about to click.
    """
    here = st.session_state
    if "undo" in here:
        here["undo_over"] = chosen, deciding.told_of(here["undo"])  # whichever alert it is of
    of, words = here.get("undo_over", (None, ""))
    if of == chosen and "told" in here:
        here["undo_over"] = chosen, f"<b>{escape(here['told'])}</b>"  # it was taken back
    empty = not any(name in here for name in ("undo", "told", "fault"))
    deciding.strips()
    if empty and of == chosen:
        st.html(f'<div class="rp-note rp-over">{words}</div>')


def _form(
    say: Words, person: Any, view: review.AlertView, waiting: Mapping[int, str], now: Any, zone: Any
) -> bool:
    """Draw the form; whether another window saved its draft otherwise."""
    kept = _restore(person, view)
    saved, order = kept.get("saved_at", ""), alert_panel.standing(view)
    with st.container(horizontal=True, vertical_alignment="center", key="outcome_head"):
        pills = draw.pill(beside.examined(say, st.session_state.get(sheet.key("minutes", view.id))))
        pills += draw.pill(say("outcome.step_outcome"), "on")
        pills += draw.pill(say("outcome.step_second"))
        if order is not None:
            told = say("outcome.step_ordered", time=form.clock(order["at"], zone, now))
            pills = draw.pill(told) + pills
        note = say("outcome.draft", time=session.moment(saved, zone, now)) if saved else ""
        st.html(
            '<div class="rp-bar rp-page"><h1 class="rp-h1">'
            f"{escape(say('outcome.title', record=form.reference(view.record_id)))}</h1>{pills}"
            f'<span class="rp-m rp-s e">{escape(note)}</span></div>'
        )
        if len(waiting) > 1:
            st.selectbox(
                say("outcome.choose"),
                list(waiting),
                key="outcome_of",
                width=300,
                label_visibility="collapsed",
                format_func=lambda one: option(waiting.get(one, one)),
            )
    left, right = st.columns([908, 404], gap="small")
    with left:
        _what(say, person, view)
        _items(say, person, view.id)
        _how(say, person, view.id)
    with right:
        beside.column(say, view, lambda: _keep(person, view.id), zone, now)
    with st.container(key="send", horizontal=True, vertical_alignment="center"):
        st.button(
            say("outcome.send"),
            key=f"send-outcome-{view.id}",  # a second click is not for the next one
            type="primary",
            shortcut="M",
            on_click=_send,
            args=(view.id, view.record_id),
        )
        if st.button(say("outcome.save"), key="to-queue", shortcut="Q"):
            st.switch_page("views/queue.py")
        st.button(
            say("outcome.discard"),
            key=f"discard-{view.id}",
            type="tertiary",
            on_click=_discard,
            args=(view.id,),
        )
        st.html(f'<span class="rp-m rp-s">{escape(say("outcome.trains"))}</span>')
    return sheet.of(view.id).elsewhere


def _fields(say: Words, person: Any, alert_id: int) -> Callable[..., None]:
    """What draws a field of the form by its name; it is kept as a draft whenever it changes."""

    def field(draw: Callable[..., Any], name: str, *of: Any, label: str = "", **how: Any) -> None:
        keep = partial(_keep, person, alert_id)
        key = sheet.key(name, alert_id)
        draw(say(f"outcome.{label or name}"), *of, key=key, on_change=keep, **how)

    return field


def _what(say: Words, person: Any, view: review.AlertView) -> None:
    field = _fields(say, person, view.id)
    with st.container(border=True, key="found"):
        with _line("line_found"):
            field(
                st.segmented_control, "outcome", review.OUTCOMES, label="found",
                format_func=lambda name: say(f"outcome.{name}"),
            )  # fmt: skip
            for name, least, most, step, width in (
                ("minutes", 0, 10_000, 5, 92),
                ("officers", 1, review.MOST_OFFICERS, 1, 90),
            ):
                field(st.number_input, name, least, most, None, step, placeholder="", width=width)
            label = f'<span class="rp-m rp-s">{escape(say("outcome.lane"))}</span>'
            st.html(
                f'<div class="rp-field">{label}{draw.lane_pill(say, view.lane)}</div>', width=74
            )
        with _line("line_methods"):
            field(
                st.segmented_control, "methods", review.METHODS,
                selection_mode="multi", format_func=lambda name: say(f"method.{name}"),
            )  # fmt: skip
            field(st.text_input, "seizure_number", label="seizure", max_chars=64, width=142)
            field(
                st.selectbox, "legal_basis", LEGAL_BASES, label="basis", index=None, placeholder="",
                format_func=lambda name: say(f"basis.{name}"), width=172,
            )  # fmt: skip


def _line(key: str) -> Any:
    """Fields beside each other: the first takes what the others leave, and none is cut."""
    return st.container(key=key, horizontal=True, gap="small")


def _items(say: Words, person: Any, alert_id: int) -> None:
    kinds: dict[str, int] = {}
    for item in items(alert_id):
        kind = item.get("kind", "")
        kinds[kind] = kinds.get(kind, 0) + int(item.get("count") or 0)
    total = say.many("outcome.items_total", sum(kinds.values()))
    if len(kinds) > 1:
        named = [f"{say.number(n)} × {say(f'kind.{kind}')}" for kind, n in kinds.items() if kind]
        total = say.listed([total, say.listed(named)], ":")
    st.html(
        f'<div class="rp-bar"><h2 class="rp-h2">{escape(say("outcome.items"))}</h2>'
        f'<span class="rp-s">{escape(total)}</span>'  # at the other end stand the table's buttons
        f'<span class="rp-m rp-s">{escape(say("outcome.items_hint"))}</span></div>'
    )
    config = st.column_config
    columns: dict[str, Any] = {
        name: config.TextColumn(say(f"item.{name}"), max_chars=120) for name in TEXTS
    }
    columns["marking"] = config.TextColumn(
        say("item.marking"), max_chars=120, help=say("item.marking_help")
    )
    columns["kind"] = config.SelectboxColumn(
        say("item.kind"),
        options=review.KINDS,  # not required: the browser keeps a row that lacks it to itself
        format_func=lambda name: say(f"kind.{name}"),
    )
    columns["sure"] = config.SelectboxColumn(
        say("item.sure"), options=SURE, format_func=lambda name: say(f"sure.{name}")
    )
    columns["count"] = config.NumberColumn(
        say("item.count"), min_value=1, step=1, default=1, width=64
    )
    st.data_editor(
        sheet.of(alert_id).items,
        key=sheet.key("items", alert_id),
        num_rows="dynamic",
        hide_index=True,
        row_height=30,
        height=154,
        column_order=lists.order(say, COLUMNS),
        column_config=columns,
        alt=say("outcome.items"),
        on_change=lambda: _keep(person, alert_id),
        placeholder="",
    )


def _how(say: Words, person: Any, alert_id: int) -> None:
    field = _fields(say, person, alert_id)
    with st.container(border=True, key="how"):
        with _line("line_hidden"):
            field(
                st.segmented_control, "concealment", CONCEALMENTS,
                format_func=lambda name: say(f"concealment.{name}"), width="content",
            )  # fmt: skip
            field(st.text_input, "packaging", max_chars=200)
        with _line("line_note"):
            field(st.text_area, "note", height=92, max_chars=4000)
            st.html(beside.evidence(say, finds.stored(served().store, person, alert_id)), width=270)


def items(alert_id: int) -> list[dict[str, Any]]:
    """The items as typed: a row in which nothing but a number stands is none yet."""
    table = sheet.of(alert_id).items
    if table is None:
        return []
    changes = st.session_state.get(sheet.key("items", alert_id)) or {}
    rows = table.to_dict("records")
    for place, changed in (changes.get("edited_rows") or {}).items():
        rows[int(place)].update(changed)
    gone = set(changes.get("deleted_rows") or [])
    rows = [row for place, row in enumerate(rows) if place not in gone]
    rows += [dict(row) for row in changes.get("added_rows") or []]
    filled = [{name: row[name] for name in COLUMNS if not _blank(row.get(name))} for row in rows]
    return [one for one in filled if one.keys() - {"count"}]


def _blank(value: Any) -> bool:
    return value is None or value == "" or value != value


def _typed(alert_id: int) -> dict[str, Any]:
    typed_in = {name: st.session_state.get(sheet.key(name, alert_id)) for name in FIELDS}
    return {**typed_in, "answers": beside.answers(alert_id)}


def _keep(person: Any, alert_id: int) -> None:
    """Save the draft: a dropped line or a closed window loses nothing.

    Where another window of this person saved one since, nothing is saved before they say which
    counts.
    """
    deciding.attempt(lambda: _save(person, alert_id))


def _save(person: Any, alert_id: int) -> None:
    now = session.now()
    content = {**_typed(alert_id), "items": items(alert_id), "saved_at": now.isoformat()}
    here = sheet.of(alert_id)
    known = partial(_known, here)
    saved = review.save_draft(served().store, person, subject(alert_id), content, now, known)
    here.elsewhere = not saved
    if saved:
        here.at = content["saved_at"]


def _known(here: sheet.Sheet, kept: Any) -> bool:
    """Whether no other window saved this draft since this one did."""
    return not kept or kept.get("saved_at", "") == here.at


def _newest(person: Any, alert_id: int) -> bool:
    """Whether nothing was saved beside what stands here; where it was, the page asks."""
    here = sheet.of(alert_id)
    here.elsewhere = not _known(here, review.draft(served().store, person, subject(alert_id)))
    return not here.elsewhere


def _elsewhere(say: Words, person: Any, alert_id: int) -> None:
    """That another window has saved this draft otherwise; which of the two counts."""
    st.html(draw.strip("!", say("elsewhere.title"), say("elsewhere.text")))
    with st.container(key="small_elsewhere", horizontal=True, gap="xsmall"):
        for name, act in (("theirs", _theirs), ("mine", _mine)):
            st.button(
                say(f"elsewhere.{name}"), key=f"elsewhere-{name}-{alert_id}", on_click=act,
                args=(person, alert_id),
            )  # fmt: skip


def _theirs(_: Any, alert_id: int) -> None:
    """Show what the other window saved."""
    sheet.of(alert_id).empty()


def _mine(person: Any, alert_id: int) -> None:
    """Save what stands here in its place."""

    def save() -> None:
        kept = review.draft(served().store, person, subject(alert_id)) or {}
        sheet.of(alert_id).at = kept.get("saved_at", "")
        _save(person, alert_id)

    deciding.attempt(save)


def _restore(person: Any, view: review.AlertView) -> dict[str, Any]:
    alert_id = view.id
    kept = review.draft(served().store, person, subject(alert_id)) or {}
    here = sheet.of(alert_id)
    if sheet.key("note", alert_id) not in st.session_state:
        here.empty()  # another page was drawn, or another control
    if here.items is None:
        table = pd.DataFrame(kept.get("items") or [], columns=list(COLUMNS))
        table["count"] = pd.to_numeric(table["count"]).astype("Int64")
        for name in FIELDS:
            if kept.get(name) is not None:
                st.session_state[sheet.key(name, alert_id)] = kept[name]
        st.session_state.setdefault(sheet.key("note", alert_id), "")
        beside.ask(view, kept.get("answers") or {})
        here.at = kept.get("saved_at", "")
        here.items = table.astype(  # last: a run may end before
            {name: "string" for name in COLUMNS if name != "count"}
        )
    return dict(kept)


def _discard(alert_id: int) -> None:
    person = session.actor()
    if person is not None:
        deciding.attempt(lambda: _drop(person, alert_id))


def _drop(person: Any, alert_id: int) -> None:
    here = sheet.of(alert_id)
    review.discard_draft(served().store, person, subject(alert_id))
    here.empty()


def _send(alert_id: int, record: str) -> None:
    person, say, given = session.actor(), session.speech(), _typed(alert_id)
    if person is None:
        return
    sent = say.listed([form.reference(record), say("outcome.sent")], ":")
    here = sheet.of(alert_id)
    if here.items is None:  # by the first of two clicks
        st.session_state["told"] = sent
        return
    if not given["outcome"]:
        st.session_state["fault"] = (say("fault.not_saved"), say("outcome.what_first"))
        return
    for place, one in enumerate(items(alert_id), start=1):
        if "kind" not in one:
            told = say("outcome.kind_first", n=place)
            st.session_state["fault"] = (say("fault.not_saved"), told)
            return
    store, now = served().store, session.now()
    if not deciding.attempt(lambda: _newest(person, alert_id)):
        return  # what another window saved would go with the draft
    made = deciding.attempt(
        lambda: review.record_outcome(
            store,
            person,
            alert_id,
            given["outcome"],
            now,
            methods=list(given["methods"] or []),
            note=(given["note"] or "").strip(),
            concealment=given["concealment"] or "",
            seizure_number=(given["seizure_number"] or "").strip(),
            minutes=given["minutes"],
            officers=given["officers"],
            packaging=(given["packaging"] or "").strip(),
            legal_basis=given["legal_basis"] or "",
            answers=given["answers"],
            items=items(alert_id),
        )
    )
    if made is not None:
        session.notes()["told"] = sent
        typed.spare(lambda: review.discard_draft(store, person, subject(alert_id)))
        here.empty()


page()
