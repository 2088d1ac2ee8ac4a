"""The officer's page: the ranked list and one open alert beside it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import alert_panel, deciding, draw, form, queue_list, session
from app.installation import served
from app.text import escape
from riskprofile.errors import RiskProfileError
from riskprofile.services import govern, review

LANES = ("all", "red", "yellow")
QUEUES = ("all", *queue_list.QUEUES)
STATES = ("work", "open", "closed")
LIST_HEIGHT = queue_list.HEAD + 9 * queue_list.ROW + 3
FILTERS = ("lane", "queue", "state", "profile", "search")


def clear_filters() -> None:
    """Back to open work of all lanes and queues."""
    for name in FILTERS:
        st.session_state.pop(name, None)
    queue_list.refresh()


def show_closed() -> None:
    """The closed alerts of this office."""
    st.session_state["state"] = "closed"


def filters(say: Any, figures: Any, profiles: tuple[str, ...]) -> review.QueueFilter:
    """Draw the filters; all but the search are kept in the address (names never are)."""
    lanes, queues = figures.lanes, figures.queues
    colours = {"red": "red", "yellow": "orange"}

    def lane_label(name: str) -> str:
        if name == "all":
            return str(say("filter.lane.all"))
        return f":{colours[name]}[{form.GLYPHS[name]}] {say(f'lane.{name}')} {lanes.get(name, 0)}"

    def queue_label(name: str) -> str:
        if name == "all":
            return str(say("filter.queue.all"))
        return f"{say(f'queue.{name}')} {queues.get(name, 0)}"

    def choice(label: str, key: str, options: tuple[str, ...], shown: Any) -> str:
        picked: str | None = st.segmented_control(
            label,
            options,
            default=None if key in st.session_state else options[0],
            key=key,
            format_func=shown,
            required=True,
            bind="query-params",
            label_visibility="collapsed",
        )
        return picked or options[0]

    with st.container(key="filters", horizontal=True, vertical_alignment="center", wrap=False):
        lane = choice(say("filter.lane"), "lane", LANES, lane_label)
        queue = choice(say("filter.queue"), "queue", QUEUES, queue_label)
        state = choice(say("filter.state"), "state", STATES, lambda n: say(f"filter.state.{n}"))
        profile = profiles[0]
        if len(profiles) > 1:
            profile = choice(
                say("filter.profile"), "profile", profiles, lambda n: say.maybe(f"profile.{n}", n)
            )
        search = st.text_input(
            say("filter.search"),
            key="search",
            max_chars=80,
            placeholder=say("filter.search_hint"),
            label_visibility="collapsed",
        )
    return review.QueueFilter(
        lane=None if lane == "all" else lane,
        queue=None if queue == "all" else queue,
        state=state,
        profile=profile,
        search=(search or "").strip(),
    )


def page() -> None:
    """Draw the queue of this person's office and the open alert."""
    person = session.require("officer", "supervisor")
    say, now, store = session.speech(), session.now(), served().store
    status = govern.status(store, person, now)
    zone = session.zone(status.zone)
    figures = review.figures(store, person, now, profile=st.session_state.get("profile"))
    st.html(draw.kpis(_figures(say, figures, now)))
    asked = filters(say, figures, status.profiles)
    found = review.queue(store, person, asked, now)
    rows, new = queue_list.hold(found.rows, asked)
    left, right = st.columns([626, 688], gap="small")
    with left:
        _list(say, person, status, asked, found, rows, new, now)
    with right:
        _panel(say, person, found, rows, now, zone)
    if opened := queue_list.opened():
        st.query_params["alert"] = str(opened)
    else:
        st.query_params.pop("alert", None)


def _figures(say: Any, figures: Any, now: Any) -> list[tuple[str, str]]:
    oldest = session.utc(figures.oldest_at)
    of = say("kpi.of", n=figures.examinations_left, total=figures.capacity)
    return [
        (say("kpi.red_free"), say.number(figures.red_free)),
        (say("kpi.due_soon"), say.number(figures.due_soon)),
        (say("kpi.mine"), say.number(figures.mine)),
        (say("kpi.oldest"), form.span(say, now - oldest) if oldest else say("kpi.none")),
        (say("kpi.left_today"), of),
        (say("kpi.finds"), say.many("kpi.finds_n", figures.my_finds)),
        (say("kpi.to_confirm"), say.number(figures.to_confirm)),
    ]


def _list(
    say: Any, person: Any, status: Any, asked: Any, found: Any, rows: list[Any], new: int, now: Any
) -> None:
    if not rows:
        _nothing(say, person, status, asked, found, now)
        return
    count = say(
        "queue.closed" if asked.state == "closed" else "queue.open", n=say.number(found.total)
    )
    how = say("queue.held" if queue_list.opened() else "queue.order")
    if found.total > len(rows):
        how += "; " + say("queue.first", n=len(rows))
    with st.container(horizontal=True, vertical_alignment="center", key="list_head"):
        st.html(
            f'<div class="rp-bar"><b>{escape(count)}</b> '
            f'<span class="rp-m">{escape(how)}</span></div>'
        )
        with st.container(key="small_refresh", width="content"):
            label = say.many("queue.new", new) if new else say("queue.refresh")
            st.button(
                label,
                key="refresh",
                on_click=queue_list.refresh,
                shortcut="G",
                type="secondary" if new else "tertiary",
            )
    queue_list.draw(rows, person, now, say, LIST_HEIGHT)


def _nothing(say: Any, person: Any, status: Any, asked: Any, found: Any, now: Any) -> None:
    """Good news, or the way out of the filters."""
    named = [form.lane(say, asked.lane)] if asked.lane else []
    named += [say(f"queue.{asked.queue}")] if asked.queue else []
    named += [say("none.search", text=asked.search)] if asked.search else []
    if named or (asked.state == "work" and found.open_total):
        named = named or [say("filter.state.work")]
        without = say.many("none.without", found.open_total)
        st.html(
            draw.state(say("none.title"), say("none.filters", filters=", ".join(named)), without)
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button(say("none.clear"), key="clear", type="primary", on_click=clear_filters)
        return
    title = (
        say("empty.title", office=status.office_name)
        if status.office_name
        else say("empty.title_all")
    )
    told = ""
    if status.data_at is not None:
        told = say("empty.last", time=form.clock(status.data_at, session.zone(status.zone), now))
    st.html(draw.state(title, told, say("empty.next")))
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button(say("empty.closed"), key="closed", on_click=show_closed)


def _panel(say: Any, person: Any, found: Any, rows: list[Any], now: Any, zone: Any) -> None:
    opened = queue_list.opened()
    if opened is None:
        alert_panel.empty(rows, say)
        return
    try:
        view = review.alert(served().store, person, opened, now)
    except RiskProfileError as error:
        queue_list.open_alert(None)
        st.session_state["fault"] = (say("alert.gone"), str(error))
        alert_panel.empty(rows, say)
        return
    alert_panel.draw_panel(view, rows, found.total, person, now, say, zone)
    asked = st.session_state.get("dialog")
    if asked is not None and asked[0] == view.id:
        deciding.dialog(view, asked[1])


page()
