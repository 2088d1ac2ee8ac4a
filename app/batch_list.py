"""The list of batches: what is asked for, how far each is, and which one is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app import batch_rows, lists, session, theme
from app.installation import served
from app.text import cell, mark, plain
from riskprofile.services import ledger, under_way
from riskprofile.words import form

STATES = ("running", "done", "repair", "duplicate", "stopped", "failed")
# What an operator looks for -> the states of it.
GROUPS = {
    "all": STATES,
    "running": ("running",),
    "repair": ("repair",),
    "refused": ("failed", "stopped"),
    "done": ("done", "duplicate"),
}
OPEN = ("running", "repair", "stopped")  # listed whenever they came: something is still to be done
TIMES = ("today", "week", "all")
WEEK = 7  # days, the one of today among them
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
COUNTS = ("read", "accepted", "quarantined", "duplicate", "alerts")
SHOWN = 8  # rows of batches before the list scrolls
NOTE = 250  # pixels: the number of the batch that the same file was read as, in every language
EVERY = 15  # seconds between two looks at what runs
CHOSEN, KEPT = "batch", "batches-asked"  # the open batch; what was asked for, on another page too
CLICKED = "batch-clicked"  # within the part that refreshes itself: the page is to be drawn


def state_of(batch: Any) -> str:
    """The word of a batch: what an operator has to know of it."""
    if batch.state != "done":
        return str(batch.state)
    if batch.read and batch.duplicate == batch.read:
        return "duplicate"
    return "repair" if batch.waits else "done"


def since(time: str, zone: Any, now: datetime) -> datetime | None:
    """When today, or the week, began as the clocks of the office have it; None of all days."""
    if time == "all":
        return None
    first = now.astimezone(zone).date() - timedelta(days=0 if time == "today" else WEEK - 1)
    return datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)


def came_within(found: Sequence[Any], time: str, zone: Any, now: datetime) -> list[Any]:
    """The batches that began today, or within a week."""
    first = since(time, zone, now)
    return [one for one in found if first is None or one.started_at >= first]


def asked() -> tuple[str, str]:
    """The state and the time that the choices hold; before they are drawn the address, or what
    they held.
    """
    chosen = session.chosen({"state": tuple(GROUPS), "time": TIMES}, KEPT, "batches-")
    st.session_state[KEPT] = chosen
    return chosen["state"], chosen["time"]


def choices(say: Any, listed: Sequence[Any]) -> None:
    """The states with how many are in each, and the times."""
    counts = Counter(state_of(one) for one in listed)

    def counted(name: str) -> str:
        many = sum(counts[state] for state in GROUPS[name])
        said = say(f"batches.group.{name}")
        return said if name in ("all", "done") else f"{said} {say.number(many)}"

    st.segmented_control(
        say("batches.group"),
        tuple(GROUPS),
        format_func=counted,
        key="batches-state",
        label_visibility="collapsed",
    )
    st.segmented_control(
        say("batches.time"),
        TIMES,
        format_func=lambda name: say(f"batches.time.{name}"),
        key="batches-time",
        label_visibility="collapsed",
    )


def clear() -> None:
    """Ask for all batches again."""
    st.session_state["batches-state"], st.session_state["batches-time"] = "all", "all"


def draw_list(say: Any, listed: Sequence[Any], zone: Any) -> None:
    """The batches; while one of them runs, the list is looked at again every so often."""
    st.session_state.pop(CLICKED, None)
    running = {one.id for one in listed if one.state == "running"}
    ids = [one.id for one in listed]

    def part() -> None:
        person, words = session.actor(touch=False), session.speech()
        if person is None or st.session_state.pop(CLICKED, False):
            st.rerun()
        here = served()
        latest = {one.id: one for one in under_way.batches_here(here.store, here.settings, person)}
        now = [latest[name] for name in ids if name in latest]
        if running - {one.id for one in now if one.state == "running"}:
            session.draw_anew()  # one has ended: its rows and the figures above are others now
        _table(words, person, now, zone)

    if running:
        st.fragment(part, run_every=EVERY)()
    else:
        _table(say, session.actor(touch=False), listed, zone)


def _table(say: Any, person: Any, listed: Sequence[Any], zone: Any) -> None:
    here, now = served(), session.now()
    running = [one for one in listed if one.state == "running"]
    far = under_way.how_far(here.store, person, running, now)
    waiting = under_way.waiting(here.store, person, [one.id for one in listed if one.waits])
    words = [mark(say(f"batch_state.{name}")) for name in STATES]
    tones = COLOURS[theme.scheme()]
    table = pd.DataFrame(
        {
            "state": [[mark(say(f"batch_state.{state_of(one)}"))] for one in listed],
            "file": [plain(one.source) for one in listed],
            "note": [cell(_note(say, one, far, waiting)) for one in listed],
            "format": [plain(one.format) for one in listed],
            "progress": pd.array([_progress(one, far) for one in listed], dtype="Int64"),
            **{name: [say.number(getattr(one, name)) for one in listed] for name in COUNTS},
            "ended": [_ended(say, one, far, zone, now) for one in listed],
        }
    )

    def chosen(batch: str) -> None:
        st.session_state[CHOSEN], st.session_state[CLICKED] = batch, True

    config = st.column_config
    figures = {**dict.fromkeys(COUNTS, 86), "ended": 118}
    columns = {
        "state": config.MultiselectColumn(
            say("batch.state"), options=words, color=[tones[name] for name in STATES], width=108
        ),
        **lists.columns(say, "batch", {"file": 162, "note": NOTE, "format": 60}),
        "progress": config.ProgressColumn(
            say("batch.progress"), format="%d %%", min_value=0, max_value=100, width=106
        ),
        **lists.columns(say, "batch", figures, figures=figures),
    }
    lists.draw(
        say, table, columns, key="batch-list", alt=say("batches.list"),
        height=lists.high(len(listed), SHOWN), ids=[one.id for one in listed], chosen=chosen,
    )  # fmt: skip


def _progress(batch: Any, far: Mapping[str, under_way.HowFar]) -> int | None:
    """Per cent of a file that is read; None where nobody knows that."""
    if batch.state == "done":
        return 100
    share = far[batch.id].share if batch.id in far else None
    return None if share is None else round(100 * share)


def _note(
    say: Any, batch: Any, far: Mapping[str, under_way.HowFar], waiting: Mapping[str, int]
) -> str:
    if batch.id in waiting:
        return str(say.many("batches.wait", waiting[batch.id]))
    if batch.id in far and (left := far[batch.id].seconds) is not None:
        return str(say("batches.left", time=_seconds(say, left)))
    return batch_rows.note(say, batch)


def _ended(say: Any, batch: Any, far: Mapping[str, under_way.HowFar], zone: Any, now: Any) -> str:
    """When it ended; of what runs, how fast."""
    if batch.state != "running":
        return form.clock(batch.ended_at, zone, now)
    rate = far[batch.id].rate
    return "" if rate is None else cell(say("batches.rate", n=say.number(round(rate))))


def _seconds(say: Any, seconds: float) -> str:
    if seconds < 90:
        return str(say("span.seconds", seconds=say.number(max(1, round(seconds)))))
    return form.span(say, timedelta(seconds=seconds + 30))


def figures(say: Any, person: Any, time: str, zone: Any) -> list[tuple[str, str]]:
    """The account of the batches of this time, whether each finished one adds up, and the room on
    the disk.
    """
    here = served()
    told = ledger.account(here.store, person, since(time, zone, session.now()))
    labels = [say(f"batches.read.{time}"), *(say(f"batches.{name}") for name in COUNTS[1:4])]
    strip = [
        (label, say.number(getattr(told, name)))
        for label, name in zip(labels, COUNTS[:4], strict=True)
    ]
    wrong = told.wrong
    adds_up = say.many("batches.adds_not", wrong) if wrong else say("batches.adds_up")
    strip.append((say("batches.identity"), adds_up))
    strip.append((say("batches.alerts"), say.number(told.alerts)))
    left = under_way.room(here.settings, person) // 10**9
    return [*strip, (say("batches.room"), say("batches.room_gb", n=say.number(left)))]
