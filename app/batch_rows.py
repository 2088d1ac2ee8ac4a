"""One batch on the operator's page: its rows by state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app import draw, lists, repairs, session
from app.installation import served
from app.kept import came, in_english, why
from app.text import cell, escape, plain
from app.uploads import may
from app.words import DEFAULT, unread
from riskprofile.services import ledger, quarantine
from riskprofile.store.batches import WAS_WRITTEN
from riskprofile.words import form

SHOWN = 8  # rows before a list scrolls


def draw_batch(say: Any, person: Any, batch: Any, zone: Any) -> None:
    """The chosen batch: how many rows are in each state, and the list of one of them."""
    here, now = served(), session.now()
    counts = ledger.counts(here.store, person, batch.id)
    first = "quarantined" if counts.states["quarantined"] else "accepted"
    with st.container(horizontal=True, key="batch-head"):
        st.html(
            f'<div class="rp-bar"><h2 class="rp-h2">{escape(batch.source)}</h2>'
            f'<span class="rp-s rp-m">{escape(batch.id)}</span>'
            f'<span class="rp-s rp-m">{escape(_rest(say, batch, counts))}</span></div>'
        )
        state = st.segmented_control(
            say("row_state.choose"),
            ledger.STATES,
            format_func=lambda name: (
                f"{say(f'row_state.{name}')} {say.number(counts.states[name])}"
            ),
            default=first,
            key=f"state-{batch.id}",
            label_visibility="collapsed",
        )
    state = state or first
    if not counts.states[state]:
        st.html(draw.state("", say(f"row_state.{state}_text")))
        return
    about = [] if state == "quarantined" else [say(f"row_state.{state}_text")]
    if person.office:
        unnamed = state == "quarantined" and not may(person, "quarantine.repair")
        about.append(say("batches.others_or_none" if unnamed else "batches.others"))
    if about:
        st.html(f'<p class="rp-s rp-m">{escape(" ".join(about))}</p>')
    if state == "quarantined" and may(person, "quarantine.look"):
        kind = _kind(say, person, batch, counts)
        if kind == quarantine.WAITING:
            repairs.table(say, person, batch)
            return
        asked = quarantine.Filter(batch.id, state=kind, limit=ledger.LIMIT)
        if kept := quarantine.find(here.store, person, asked, now):
            _kept(say, batch, kept)
    elif rows := ledger.rows(here.store, person, batch.id, state):
        _rows(say, batch, state, rows, zone)


def _kind(say: Any, person: Any, batch: Any, counts: ledger.Counts) -> str:
    """Which of the rows that were kept back are listed: of who repairs them, those that wait."""
    if not may(person, "quarantine.repair") or not batch.waits:
        return "all"
    if not counts.repaired:
        return quarantine.WAITING
    chosen = st.segmented_control(
        say("repair.state"),
        (quarantine.WAITING, "repaired"),
        format_func=lambda name: say(f"kept_state.{name}"),
        default=quarantine.WAITING,
        key=f"kept-state-{batch.id}",
        label_visibility="collapsed",
    )
    return chosen or quarantine.WAITING


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
    """What is to say of a batch beside its state."""
    if batch.duplicate_of:
        return str(say("row_note.same_file", batch=batch.duplicate_of))
    return failed_of(say, batch.note)


def failed_of(say: Any, kept: str) -> str:
    """What a batch failed of: of a fault of the program its name alone is kept, and of a reader
    its English sentence.
    """
    if kept == WAS_WRITTEN:
        return str(say("row_note.rewritten"))
    return str(say("row_note.fault", kind=kept)) if kept.isidentifier() else unread(say, kept)


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
    widths = {"line": 60, "record": 230, "item": 50, "version": 60, "message": 170, "note": 340}
    columns = lists.columns(say, "kept", widths, numbers=("line", "item", "version"))
    key, height = f"rows-{batch.id}-{state}", lists.high(len(rows), SHOWN)
    lists.draw(say, table, columns, key=key, alt=say("row_state.list"), height=height)


def _note(say: Any, batch: Any, row: ledger.Row) -> str:
    """Why the row was kept back, and what became of it."""
    fault = row.reason if row.reason_code else failed_of(say, row.reason)
    said = [why(say, batch.profile, row.column, row.reason_code, fault)]
    if row.note:
        said.append(say(f"row_note.{row.note}", batch=row.batch))
    return cell(" · ".join(filter(None, said)))


def _message(say: Any, row: ledger.Row, zone: Any) -> str:
    word = say.maybe(f"message.{row.function}", row.function) if row.function else ""
    return cell(f"{word} {form.clock(row.message_at, zone)}".strip())


def _kept(say: Any, batch: Any, rows: Sequence[quarantine.KeptRow]) -> None:
    said = {"reason": 200, "detail": 200, "raw": 150}
    if say.language == DEFAULT:
        said = {"reason": 300, "raw": 250}
    names = {"line": 60, "state": 80, "record": 110, "column": 110, **said}
    table = pd.DataFrame(
        {
            "line": [one.line for one in rows],
            "state": [say.maybe(f"kept_state.{one.state}", one.state) for one in rows],
            "record": [plain(one.record_id) for one in rows],
            "column": [say.maybe(f"field.{one.column}", plain(one.column)) for one in rows],
            "reason": [cell(_why(say, one)) for one in rows],
            "detail": [cell(in_english(say, one.reason)) for one in rows],
            "raw": [came(one) for one in rows],
        }
    )
    columns = lists.columns(say, "kept", names, numbers=("line",))
    key, height = f"kept-{batch.id}", lists.high(len(rows), SHOWN)
    lists.draw(say, table, columns, key=key, alt=say("batches.kept_list"), height=height)


def _why(say: Any, row: quarantine.KeptRow) -> str:
    return why(say, row.profile, row.column, row.reason_code, row.reason)
