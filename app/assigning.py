"""A supervisor gives an open alert to an officer, beside its timeline; or several of the list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app import draw, lists, queue_list, session
from app.deciding import UNDO, attempt, bound, cancel, close_dialog, fault, taken_back
from app.installation import served
from app.text import cell, escape, key_of, literal, mark, option, plain
from app.words import Words, refusal
from riskprofile.errors import Conflict
from riskprofile.profiles import PROFILES
from riskprofile.services import assigning
from riskprofile.words import form

SEVERAL = "assign-several"
NAMED = 5  # alerts that are told by their references; of more there is a number
DECLARED = 300  # pixels: the column of text


def offer(view: Any, say: Words) -> None:
    """Whom to give it to; nothing for who may not."""
    person = session.actor(touch=False)
    if person is None or person.role != "supervisor" or view.state != "open":
        return
    known = assigning.officers(served().store, person)
    able = [name for name, office in known.items() if view.office in (None, office) or not office]
    with st.container(key="small_assign", horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            say("assign.to"),
            able,
            index=None,
            key=f"assign-{view.id}",
            format_func=option,
            placeholder="",
            width=260,
        )
        st.button(say("assign.do"), **bound("assign-do", _assign, view.id))


def _assign(alert_id: int) -> None:
    person, say, now = session.actor(), session.speech(), session.now()
    to = str(st.session_state.get(f"assign-{alert_id}") or "")
    if person is None:
        return
    if not to:
        st.session_state["fault"] = (say("fault.not_saved"), say("assign.nobody"))
        return
    made = attempt(lambda: assigning.assign(served().store, person, alert_id, to, now))
    if made is not None:
        _offer_back(say, say("assign.done", who=to), "", now)


def _offer_back(say: Words, told: str, why: str, at: Any) -> None:
    """Say what was given at a time, and let it be taken back for as long as that goes."""
    session.notes()["undo"] = {
        "told": told,
        "why": why,
        "after": say("assign.after"),
        "until": at + UNDO,
        "act": partial(_take_back, at),
    }


def button(rows: Sequence[Any], asked: Any, person: Any, say: Words) -> None:
    """The way to give several of the listed alerts away: goods, never travellers."""
    workable = asked.owner in ("mine_or_free", "open")
    if person.role == "supervisor" and workable and _of(rows):
        st.button(say("assign.do"), key=SEVERAL, type="tertiary", on_click=_ask, args=(rows,))


def _of(rows: Sequence[Any]) -> list[Any]:
    """Those of a list that can be given away with others."""
    return [
        row
        for row in rows
        if row.state == "open"
        and row.waiting != "second person"
        and not PROFILES[row.profile].persons
    ]


def _ask(rows: Sequence[Any]) -> None:
    # What is chosen is a place in a table: these rows stay as they are until it closes.
    st.session_state["several"] = _of(rows)
    st.session_state["dialog"] = (SEVERAL, SEVERAL)


def dialog() -> None:
    """Ask which, and to whom."""
    say = session.speech()
    st.dialog(say("assign.several"), width="large", on_dismiss=close_dialog)(_form)()


def _form() -> None:
    say, person, now = session.speech(), session.present(), session.now()
    rows = st.session_state["several"]
    st.html(f'<p class="rp-m">{escape(say("assign.text"))}</p>')
    all_of_them = st.checkbox(say("assign.all", n=say.number(len(rows))), key="several-all")
    places = _table(rows, now, say, choosing=not all_of_them)
    chosen = rows if all_of_them else [rows[n] for n in places]
    known = assigning.officers(served().store, person)
    to = st.selectbox(
        say("assign.whom"),
        known,
        index=None,
        key="several-to",
        format_func=lambda name: _of_office(name, known.get(name), person),
        placeholder="",
    )
    office = known.get(to or "")
    if others := _elsewhere(chosen, office):
        told = say("assign.elsewhere", who=to, office=office)
        text = say("assign.elsewhere_text", others=say.listed(others))
        st.html(draw.strip("!", f"{told}.", text))
    fault()
    with st.container(horizontal=True):
        ready = bool(chosen and to and not others)
        label = say.many("assign.save", len(chosen), who=literal(to)) if ready else say("assign.do")
        # A click that was meant for other alerts, or another officer, is of another button.
        key = f"several-save-{_which(chosen, to)}"
        if st.button(label, type="primary", key=key, disabled=not ready):
            _give(chosen, str(to), person)
        cancel(say, "several-cancel")


def _of_office(name: str, office: str | None, person: Any) -> str:
    """An officer as one is chosen: where all offices are seen, with their own."""
    return option(f"{name} ({office})" if office and person.office is None else name)


def _elsewhere(rows: Sequence[Any], office: str | None) -> list[str]:
    """The offices of alerts that somebody of this office may not work; none for one of all."""
    return sorted({row.office for row in rows if office and row.office not in (None, office)})


def _which(rows: Sequence[Any], to: str | None) -> str:
    return key_of((sorted(row.id for row in rows), to))


def _table(rows: Sequence[Any], now: Any, say: Words, *, choosing: bool) -> list[int]:
    """Draw the alerts to choose from; the places of those that are chosen."""
    table = pd.DataFrame(
        {
            "lane": [mark(form.lane(say, row.lane)) for row in rows],
            "declaration": [
                cell(plain(f"{form.reference(row.record_id)} {row.title}")) for row in rows
            ],
            "left": [cell(form.time_left(say, row.due_at, now)) for row in rows],
            "owner": [plain(row.owner or say("owner.free")) for row in rows],
            "office": [plain(row.office or "") for row in rows],
        }
    )
    if len({row.office for row in rows}) < 2:  # else an officer of one is given those of one
        del table["office"]
    config, side = st.column_config, lists.words_at(say)
    found: Any = st.dataframe(
        table,
        key=f"several-rows-{choosing}-{_which(rows, None)}",
        on_select="rerun" if choosing else "ignore",
        selection_mode="multi-row",
        hide_index=True,
        height=min(320, 36 * (len(rows) + 1)),
        alt=say("assign.list"),
        column_order=lists.order(say, table.columns),
        column_config={
            "lane": config.TextColumn(say("head.lane"), width=90, alignment=side),
            "declaration": config.TextColumn(
                say("column.declaration"), width=DECLARED, alignment=side
            ),
            "left": config.TextColumn(say("column.left"), width=120, alignment=side),
            "owner": config.TextColumn(say("column.owner"), width=100, alignment=side),
            "office": config.TextColumn(say("board.office"), width=90, alignment=side),
        },
    )
    return list(found["selection"]["rows"]) if choosing else []


def _give(rows: Sequence[Any], to: str, person: Any) -> None:
    say, store, now = session.speech(), served().store, session.now()
    refreshed = queue_list.refreshed()
    moved = attempt(lambda: assigning.assign_several(store, person, rows, to, now))
    if moved is None:
        st.rerun(scope="fragment")
    if moved.alerts:
        told = say.many("assign.given", len(moved.alerts), who=to)
        _offer_back(say, told, " ".join(_left(moved, say)), moved.at)
    _tell_left(moved, say, session.notes()["undo"] if moved.alerts else session.notes())
    session.notes().update(refreshed, dialog=None)
    st.rerun()


def _take_back(at: Any) -> None:
    say, person = session.speech(), session.actor()
    if person is None:
        return
    store, now, refreshed = served().store, session.now(), queue_list.refreshed()

    def take_back() -> None:
        moved = assigning.take_back(store, person, at, now)
        session.notes().update(refreshed)
        if moved.alerts:
            session.notes()["told"] = say.many("assign.back", len(moved.alerts))
        _tell_left(moved, say, session.notes())

    taken_back(take_back)


def _tell_left(moved: assigning.Moved, say: Words, where: Any) -> None:
    """Say what stayed as it was: now, or once the time of an undo is over that tells it too."""
    if moved.left:
        title, told = _left(moved, say)
        where["fault"] = (title.removesuffix("."), told)


def _left(moved: assigning.Moved, say: Words) -> list[str]:
    """How many were left as they are, and what happened to the first of them; nothing for none."""
    if not moved.left:
        return []
    told = [
        refusal(say, Conflict(why, where=form.reference(record)))
        for record, why in moved.left[:NAMED]
    ]
    more = ["…"] if len(moved.left) > NAMED else []
    return [say.many("assign.left", len(moved.left)), " ".join([*told, *more])]
