"""The operator's page: batches, whether their counts add up, and what became of each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app import batch_rows, draw, form, lists, session, uploads
from app.installation import served
from app.text import cell, mark, plain
from riskprofile.scoring.control import LEAST_FINDS
from riskprofile.services import evidence, govern

STATES = ("running", "done", "repair", "duplicate", "stopped", "failed")
# Inverse where a person is needed, blue while running, grey where nothing is to do.
COLOURS = {
    "light": {
        "running": "#E4EDF5",
        "repair": "#17212B",
        "stopped": "#17212B",
        "failed": "#17212B",
        "done": "#EBEFF3",
        "duplicate": "#EBEFF3",
    },
    "dark": {
        "running": "#1B3248",
        "repair": "#E6EBF0",
        "stopped": "#E6EBF0",
        "failed": "#E6EBF0",
        "done": "#212B36",
        "duplicate": "#212B36",
    },
}
ROW, HEAD = 30, 30
SHOWN = 10  # rows of batches before the list scrolls


def state_of(batch: Any) -> str:
    """The word of a batch: what an operator has to know of it."""
    if batch.state != "done":
        return str(batch.state)
    if batch.read and batch.duplicate == batch.read:
        return "duplicate"
    return "repair" if batch.waits else "done"


def page() -> None:
    """Draw the batches."""
    person = session.require("operator", "administrator", "supervisor")
    say, now, store = session.speech(), session.now(), served().store
    status = session.status(person)
    zone = session.zone(status.zone)
    found = govern.batches(store, person)
    recalls = [
        _recall(say, one)
        for one in evidence.all_passed_over(store, person)
        if one.profile in status.profiles
    ]
    st.html(draw.kpis([*_figures(say, found), *recalls]))
    uploads.told(say, person)
    uploads.upload(say, person)
    if not found:
        st.html(draw.state(say("batches.none"), say("batches.none_text")))
        return
    _list(say, found, zone, now)
    chosen = next((one for one in found if one.id == st.session_state.get("batch")), None)
    if chosen is None:
        chosen = next((one for one in found if state_of(one) == "repair"), None)
    if chosen is None:
        st.html(draw.state("", say("batches.choose")))
        return
    batch_rows.draw_batch(say, person, chosen, zone)


def _figures(say: Any, found: Sequence[Any]) -> list[tuple[str, str]]:
    wrong = sum(1 for one in found if not one.adds_up and one.state != "running")
    names = ("read", "accepted", "quarantined", "duplicate")
    figures = [
        (say(f"batches.{name}"), say.number(sum(getattr(one, name) for one in found)))
        for name in names
    ]
    adds_up = say.many("batches.adds_not", wrong) if wrong else say("batches.adds_up")
    figures.append((say("batches.identity"), adds_up))
    figures.append((say("batches.alerts"), say.number(sum(one.alerts for one in found))))
    return figures


def _recall(say: Any, one: Any) -> tuple[str, str]:
    """What one profile's list brings up, as far as the random share can tell."""
    told = one.recall
    name = say("batches.recall", profile=say(f"profile.{one.profile}").lower())
    if not told.known:
        return name, say("batches.recall_unknown", n=told.drawn_finds, least=LEAST_FINDS)
    low, middle, high = (say.number(round(100 * x)) for x in (told.low, told.recall, told.high))
    return name, say("batches.recall_known", n=middle, low=low, high=high)


def _list(say: Any, found: Sequence[Any], zone: Any, now: Any) -> None:
    words = [mark(say(f"batch_state.{name}")) for name in STATES]
    tones = COLOURS["dark" if st.context.theme.type == "dark" else "light"]
    counts = ("read", "accepted", "quarantined", "duplicate", "alerts")
    table = pd.DataFrame(
        {
            "state": [[mark(say(f"batch_state.{state_of(one)}"))] for one in found],
            "file": [plain(one.source) for one in found],
            "note": [cell(batch_rows.note(say, one)) for one in found],
            "format": [plain(one.format) for one in found],
            **{name: [say.number(getattr(one, name)) for one in found] for name in counts},
            "ended": [form.clock(one.ended_at, zone, now) for one in found],
        }
    )
    ids = [one.id for one in found]

    def clicked() -> None:
        cells = st.session_state["batch-list"]["selection"]["cells"]
        if cells and cells[0][0] < len(ids):
            st.session_state["batch"] = ids[cells[0][0]]

    config, side, far = st.column_config, lists.words_at(say), lists.figures_at(say)
    st.dataframe(
        table,
        key="batch-list",
        on_select=clicked,
        selection_mode="single-cell",
        hide_index=True,
        row_height=ROW,
        height=HEAD + min(len(found), SHOWN) * ROW + 3,
        alt=say("batches.list"),
        column_order=lists.order(say, table.columns),
        column_config={
            "state": config.MultiselectColumn(
                say("batch.state"), options=words, color=[tones[name] for name in STATES], width=118
            ),
            "file": config.TextColumn(say("batch.file"), width=220, alignment=side),
            "note": config.TextColumn(say("batch.note"), width=234, alignment=side),
            "format": config.TextColumn(say("batch.format"), width=82, alignment=side),
            **{
                name: config.TextColumn(say(f"batch.{name}"), width=92, alignment=far)
                for name in counts
            },
            "ended": config.TextColumn(say("batch.ended"), width=120, alignment=far),
        },
    )


page()
