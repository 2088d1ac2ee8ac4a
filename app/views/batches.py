"""The operator's page: batches, whether their counts add up, and what became of each row."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import batch_list, batch_panels, batch_rows, draw, session, uploads
from app.installation import served
from riskprofile.scoring.control import LEAST_FINDS
from riskprofile.services import evidence, under_way


def page() -> None:
    """Draw the batches."""
    person = session.require("operator", "administrator", "supervisor")
    say, now, store = session.speech(), session.now(), served().store
    status = session.status(person)
    zone = session.zone(status.zone)
    group, time = batch_list.asked()
    uploads.take_in(say, person)
    found = under_way.batches_here(store, served().settings, person)
    recalls = [
        _recall(say, one)
        for one in evidence.all_passed_over(store, person)
        if one.profile in status.profiles
    ]
    st.html(draw.kpis([*batch_list.figures(say, person, time, zone), *recalls]))
    uploads.told(say, person)
    uploads.upload(say, person)
    if not found:
        st.html(draw.state(say("batches.none"), say("batches.none_text")))
        return
    within = batch_list.came_within(found, time, zone, now)
    late = {one.id for one in within}
    here = [one for one in found if one.id in late or batch_list.state_of(one) in batch_list.OPEN]
    with st.container(horizontal=True, key="filters"):
        batch_list.choices(say, here)
    listed = [one for one in here if batch_list.state_of(one) in batch_list.GROUPS[group]]
    if not listed:
        st.html(draw.state(say("batches.none_so"), say.many("batches.without", len(found))))
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button(say("batches.clear"), key="batches-clear", on_click=batch_list.clear)
        return
    batch_list.draw_list(say, listed, zone)
    chosen = next((one for one in found if one.id == st.session_state.get("batch")), None)
    if chosen is None:
        chosen = next((one for one in listed if batch_list.state_of(one) == "repair"), None)
    rows, panels = st.columns([0.77, 0.23], gap="small")
    with rows:
        if chosen is None:
            st.html(draw.state("", say("batches.choose")))
        else:
            batch_rows.draw_batch(say, person, chosen, zone)
    with panels:
        refused = batch_panels.shown(listed, chosen)
        if refused is not None:
            batch_panels.refused(say, person, refused)
        batch_panels.inbox(say, person, zone)


def _recall(say: Any, one: Any) -> tuple[str, str]:
    """What one profile's list brings up, as far as the random share can tell."""
    told = one.recall
    name = say("batches.recall", profile=say(f"profile.{one.profile}").lower())
    if not told.known:
        return name, say("batches.recall_unknown", n=told.drawn_finds, least=LEAST_FINDS)
    low, middle, high = (say.number(round(100 * x)) for x in (told.low, told.recall, told.high))
    return name, say("batches.recall_known", n=middle, low=low, high=high)


page()
