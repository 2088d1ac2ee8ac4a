"""One batch on the operator's page: its rows by state, and the repair of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app import draw, form, lists, session
from app.installation import served
from app.kept import in_english, why
from app.text import cell, escape, plain
from app.uploads import may, tell
from app.words import DEFAULT, refusal
from riskprofile.errors import RiskProfileError
from riskprofile.services import ledger, quarantine
from riskprofile.services.run import Summary
from riskprofile.store.batches import WAS_WRITTEN

ROW, HEAD = 30, 30
SHOWN = 8  # rows before a list scrolls


def draw_batch(say: Any, person: Any, batch: Any, zone: Any) -> None:
    """The chosen batch: how many rows are in each state, and the list of one of them."""
    here, now = served(), session.now()
    counts = ledger.counts(here.store, person, batch.id)
    st.html(
        f'<div class="rp-bar"><h2 class="rp-h2">{escape(batch.source)}</h2>'
        f'<span class="rp-s rp-m">{escape(batch.id)}</span>'
        f'<span class="rp-s rp-m">{escape(_rest(say, batch, counts))}</span></div>'
    )
    first = "quarantined" if counts.states["quarantined"] else "accepted"
    state = st.segmented_control(
        say("row_state.choose"),
        ledger.STATES,
        format_func=lambda name: f"{say(f'row_state.{name}')} {say.number(counts.states[name])}",
        default=first,
        key=f"state-{batch.id}",
        label_visibility="collapsed",
    )
    state = state or first
    if not counts.states[state]:
        st.html(draw.state("", say(f"row_state.{state}_text")))
        return
    about = [say(f"row_state.{state}_text")]
    if person.office:
        unnamed = state == "quarantined" and not may(person, "quarantine.repair")
        about.append(say("batches.others_or_none" if unnamed else "batches.others"))
    st.html(f'<p class="rp-s rp-m">{escape(" ".join(about))}</p>')
    if state == "quarantined" and may(person, "quarantine.look"):
        asked = quarantine.Filter(batch.id, state="all", limit=ledger.LIMIT)
        if kept := quarantine.find(here.store, person, asked, now):
            _kept(say, person, batch, kept)
    elif rows := ledger.rows(here.store, person, batch.id, state):
        _rows(say, batch, state, rows, zone)


def _rest(say: Any, batch: Any, counts: ledger.Counts) -> str:
    if batch.state == "done" and not batch.read:
        return str(say("batches.no_rows"))
    if batch.duplicate_of:
        return note(say, batch)
    if not counts.adds_up:
        return str(say.many("batches.adds_not", 1))
    if counts.repaired:
        return str(say("batches.repaired", n=say.number(counts.repaired)))
    if batch.note:
        return note(say, batch)
    if batch.quarantined and not batch.accepted:
        return str(say("batches.rest_none"))
    if batch.quarantined:
        return str(say("batches.rest", n=say.number(batch.accepted)))
    return str(say("batches.all_good"))


def note(say: Any, batch: Any) -> str:
    """What is to say of a batch beside its state; what it failed of stands as it was kept."""
    if batch.duplicate_of:
        return str(say("row_note.same_file", batch=batch.duplicate_of))
    return str(say("row_note.rewritten") if batch.note == WAS_WRITTEN else batch.note)


def _rows(say: Any, batch: Any, state: str, rows: Sequence[ledger.Row], zone: Any) -> None:
    table = pd.DataFrame(
        {
            "line": pd.array([one.line for one in rows], dtype="Int64"),
            "record": [plain(one.record_id) for one in rows],
            "item": pd.array([one.item for one in rows], dtype="Int64"),
            "version": pd.array([one.version for one in rows], dtype="Int64"),
            "message": [_message(say, one, zone) for one in rows],
            "note": [_note(say, batch, one) for one in rows],
        }
    )
    config, side, far = st.column_config, lists.words_at(say), lists.figures_at(say)
    widths = {"line": 70, "record": 300, "item": 60, "version": 70, "message": 200, "note": 380}
    numbers = ("line", "item", "version")
    st.dataframe(
        table,
        hide_index=True,
        row_height=ROW,
        height=HEAD + min(len(rows), SHOWN) * ROW + 3,
        alt=say("row_state.list"),
        placeholder="",
        column_order=lists.order(say, table.columns),
        key=f"rows-{batch.id}-{state}",
        column_config={
            name: (config.NumberColumn if name in numbers else config.TextColumn)(
                say(f"kept.{name}"), width=width, alignment=far if name in numbers else side
            )
            for name, width in widths.items()
        },
    )


def _note(say: Any, batch: Any, row: ledger.Row) -> str:
    """Why the row was kept back, and what became of it."""
    said = [why(say, batch.profile, row.column, row.reason_code, row.reason)]
    if row.note:
        said.append(say(f"row_note.{row.note}", batch=row.batch))
    return cell(" · ".join(filter(None, said)))


def _message(say: Any, row: ledger.Row, zone: Any) -> str:
    word = say.maybe(f"message.{row.function}", row.function) if row.function else ""
    return cell(f"{word} {form.clock(row.message_at, zone)}".strip())


def _kept(say: Any, person: Any, batch: Any, rows: Sequence[quarantine.KeptRow]) -> None:
    said = {"reason": 280, "detail": 280, "raw": 216}
    if say.language == DEFAULT:
        said = {"reason": 340, "raw": 290}
    names = {"line": 70, "state": 90, "record": 150, "column": 150, **said}
    table = pd.DataFrame(
        {
            "line": [one.line for one in rows],
            "state": [say.maybe(f"kept_state.{one.state}", one.state) for one in rows],
            "record": [plain(one.record_id) for one in rows],
            "column": [say.maybe(f"field.{one.column}", plain(one.column)) for one in rows],
            "reason": [cell(_why(say, one)) for one in rows],
            "detail": [cell(in_english(say, one.reason)) for one in rows],
            "raw": [plain(form.clip(one.raw, 300)) for one in rows],
        }
    )
    key = f"kept-{batch.id}"

    def clicked() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        if cells and cells[0][0] < len(rows):
            st.session_state["repair"] = rows[cells[0][0]].id

    config, side, far = st.column_config, lists.words_at(say), lists.figures_at(say)
    st.dataframe(
        table,
        hide_index=True,
        row_height=ROW,
        height=HEAD + min(len(rows), SHOWN) * ROW + 3,
        alt=say("batches.kept_list"),
        column_order=lists.order(say, names),
        key=key,
        on_select=clicked,
        selection_mode="single-cell",
        column_config={
            name: (config.NumberColumn if name == "line" else config.TextColumn)(
                say(f"kept.{name}"), width=width, alignment=far if name == "line" else side
            )
            for name, width in names.items()
        },
    )
    if not may(person, "quarantine.repair"):
        return
    waiting = [one for one in rows if one.state == quarantine.WAITING and one.fields]
    if not waiting:
        return
    chosen = next((one for one in waiting if one.id == st.session_state.get("repair")), None)
    if chosen is None:
        st.html(draw.state("", say("repair.choose")))
        return
    _form(say, person, chosen)


def _why(say: Any, row: quarantine.KeptRow) -> str:
    return why(say, row.profile, row.column, row.reason_code, row.reason)


def _form(say: Any, person: Any, row: quarantine.KeptRow) -> None:
    """The cells of one row, the one at fault first; why the values are right; submit."""
    fields = dict(row.fields)
    first = row.column if row.column is not None else ""
    order = [*([first] if first else []), *(name for name in fields if name != first)]
    with st.form(f"repair-{row.id}"):
        st.html(
            f'<h3 class="rp-h3">{escape(say("repair.title", line=row.line))}</h3>'
            f'<p class="rp-s">{escape(_why(say, row))}'
            f' <span class="rp-m">{escape(in_english(say, row.reason))}</span></p>'
        )
        places = st.columns(3)
        given: dict[str, str] = {}
        for number, name in enumerate(order):
            given[name] = places[number % 3].text_input(
                say.maybe(f"field.{name}", name),
                value=plain(fields.get(name, "")),
                key=f"repair-{row.id}-{name}",
            )
        reason = st.text_input(say("repair.reason"), key=f"repair-{row.id}-reason")
        if not st.form_submit_button(say("repair.submit"), type="primary"):
            return
    summary, lead, rest = _submit(say, person, row, fields, given, reason)
    if summary is None:  # beside the button: the top of the page is out of sight
        st.html(draw.strip("✕", lead, rest))
        return
    tell(say, lead, rest, summary)
    st.rerun()


def _submit(
    say: Any,
    person: Any,
    row: quarantine.KeptRow,
    fields: Mapping[str, str],
    given: Mapping[str, str],
    reason: str,
) -> tuple[Summary | None, str, str]:
    """The account of the run that took the row in, if it was repaired; and what to say."""
    # A cell that nobody touched stays as it came: what is shown names invisible characters.
    fixes = {name: text for name, text in given.items() if text != plain(fields.get(name, ""))}
    here = served()
    try:
        done = quarantine.repair(
            here.store, here.settings, person, {row.id: fixes}, reason, session.now()
        )
    except RiskProfileError as error:
        return None, str(say("repair.failed")), refusal(say, error)
    if row.id in done.refused:
        still = done.refused[row.id]
        said = why(say, row.profile, still.column, still.reason_code, still.reason)
        english = in_english(say, still.reason)
        return None, str(say("repair.failed")), " · ".join(filter(None, (said, english)))
    return done.summary, str(say("repair.done")), str(say("repair.done_text", line=row.line))
