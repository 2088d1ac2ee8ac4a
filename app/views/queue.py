"""The officer's page: the ranked list and one open alert beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from app import (
    alert_panel,
    assigning,
    deciding,
    draw,
    frame,
    noting,
    queue_list,
    raising,
    session,
    snoozing,
)
from app.installation import served
from app.text import escape
from app.words import Words, refusal
from riskprofile.errors import Busy, NotAllowed, StoreError
from riskprofile.profiles import PROFILES
from riskprofile.services import arriving, blind, review, speaking
from riskprofile.words import form

LANES = ("all", blind.LANE, "red", "yellow")
QUEUES = ("all", *queue_list.QUEUES)
OWNERS = ("mine_or_free", "open", "snoozed", "closed")
SORTS = ("rank", "time_left")
FILTERS = ("lane", "queue", "owner", "search")
KEPT = "filters"  # what they held: of a page that was left Streamlit forgets the widgets
FIRST, AT_MOST = 50, 500  # rows: a click sends the list again, so it starts short
# Our own files: the policy allows no other script.
SCRIPTS = '<script src="/keys.js"></script><script src="/news.js"></script>'
# When the list was taken: the highest alert id and the newest entry of the audit chain; and what
# `served().news` said when the page was drawn.
Known = tuple[int, int, int]
LANE_COLOURS = {blind.LANE: "blue", "red": "red", "yellow": "yellow"}


def clear_filters() -> None:
    """Back to open work of all lanes and queues; which kind and in which order is no filter."""
    for name in FILTERS:
        st.session_state.get(KEPT, {}).pop(name, None)
        st.session_state.pop(name, None)
        st.query_params.pop(name, None)
    queue_list.refresh()


def show_more() -> None:
    """Another hundred rows."""
    st.session_state["shown"] = min(AT_MOST, st.session_state.get("shown", FIRST) + 100)


def show_closed() -> None:
    """The closed alerts of this office."""
    st.session_state["owner"] = "closed"


def order(sort: str) -> None:
    """Take the list in this order; what is open stays open."""
    st.session_state["sort"] = sort
    queue_list.refresh()


def asked(profiles: Sequence[str]) -> review.QueueFilter:
    """The filter that the widgets hold; before they are drawn the address, or what they held.

    The search stays out of the address, because names must not reach histories and logs.
    """
    options = {"lane": LANES, "queue": QUEUES, "owner": OWNERS, "profile": profiles, "sort": SORTS}
    chosen = session.chosen(options, KEPT)
    st.session_state.setdefault("search", st.session_state.get(KEPT, {}).get("search", ""))
    st.session_state[KEPT] = {**chosen, "search": st.session_state["search"]}
    return review.QueueFilter(
        profile=chosen["profile"],
        lane=None if chosen["lane"] == "all" else chosen["lane"],
        queue=None if chosen["queue"] == "all" else chosen["queue"],
        owner=chosen["owner"],  # type: ignore[arg-type]
        search=str(st.session_state["search"] or "").strip(),
        sort=chosen["sort"],  # type: ignore[arg-type]
        page_size=st.session_state.get("shown", FIRST),
    )


def filters(say: Words, found: review.QueuePage, profiles: Sequence[str], snoozed: int) -> None:
    """Draw the filters, each with how many it would show."""

    def lane_label(name: str) -> str:
        if name == "all":
            return say("filter.lane.all")
        glyph = f":{LANE_COLOURS[name]}[{form.GLYPHS[name]}]"
        return f"{glyph} {say(f'lane.{name}')} {say.number(found.lanes.get(name, 0))}"

    def queue_label(name: str) -> str:
        if name == "all":
            return say("filter.queue.all")
        return f"{say(f'queue.{name}')} {say.number(found.queues.get(name, 0))}"

    def owner_label(name: str) -> str:
        told = say(f"filter.owner.{name}")
        return f"{told} {say.number(snoozed)}" if name == "snoozed" and snoozed else told

    def choice(key: str, options: Sequence[str], shown: Callable[[str], str]) -> None:
        st.segmented_control(
            say(f"filter.{key}"),
            options,
            key=key,
            format_func=shown,
            required=True,
            label_visibility="collapsed",
        )

    persons = PROFILES[st.session_state["profile"]].persons
    with st.container(key="filters", horizontal=True, vertical_alignment="center"):
        # Most offices and hours have none that waits: the filter is there when it shows something.
        waits = found.lanes.get(blind.LANE) or st.session_state["lane"] == blind.LANE
        choice("lane", [one for one in LANES if waits or one != blind.LANE], lane_label)
        choice("queue", QUEUES, queue_label)
        choice("owner", OWNERS, owner_label)
        if len(profiles) > 1:
            choice("profile", profiles, lambda name: say.maybe(f"profile.{name}", name))
        st.text_input(
            say("filter.search"),
            key="search",
            max_chars=80,
            placeholder=say("filter.search_hint_persons" if persons else "filter.search_hint"),
            label_visibility="collapsed",
        )


def page() -> None:
    """Draw the queue of this person's office and the open alert."""
    person = session.require("officer", "supervisor")
    say, now, store = session.speech(), session.now(), served().store
    status = session.status(person)
    zone = session.zone(status.zone)
    # Where none is worked, nothing is open: the list of the first says so.
    profiles = status.worked or tuple(PROFILES)[:1]
    wanted = asked(profiles)
    news = served().news.of(person)  # before the list: what comes meanwhile is told of
    entry = served().news.entry
    found = review.queue(store, person, wanted, now)
    counted = found if wanted.owner in ("mine_or_free", "open") and not wanted.search else None
    figures = review.figures(store, person, now, wanted.profile, page=counted)
    st.html(draw.kpis(_figures(say, figures)) + _late(say))
    filters(say, found, profiles, figures.snoozed)
    rows, *upto = queue_list.hold(found, wanted, entry)
    left, right = st.columns([626, 688], gap="small")
    with left:
        _list(say, person, status, wanted, found, rows, (*upto, news), now)
    with right:
        _panel(say, person, rows, now, zone)
    asking = st.session_state.get("dialog", ("", ""))[0]
    if asking == raising.RAISE:
        raising.dialog(wanted.profile)
    elif asking == assigning.SEVERAL:
        assigning.dialog()
    st.html(SCRIPTS, unsafe_allow_javascript=True)
    if opened := queue_list.opened():
        st.query_params["alert"] = str(opened)
    else:
        st.query_params.pop("alert", None)


def _late(say: Words) -> str:
    """What `keys.js` shows when it drops a key."""
    return (
        f'<div class="rp-note rp-late" role="status" hidden><b>! {escape(say("keys.late"))}</b> '
        f"{escape(say('keys.late_text'))}</div>"
    )


def _figures(say: Words, figures: review.Figures) -> list[tuple[str, str]]:
    oldest = figures.oldest_waiting
    finds = say("kpi.none_yet")
    if figures.last_examinations:
        finds = say.many("kpi.finds_n", figures.last_finds, total=figures.last_examinations)
    left = draw.of(say, figures.left_today, figures.capacity)
    return [
        (say("kpi.red_free"), say.number(figures.red_free)),
        (say("kpi.due_soon"), say.number(figures.due_soon)),
        (say("kpi.mine"), say.number(figures.mine)),
        (say("kpi.oldest"), say("kpi.none") if oldest is None else form.span(say, oldest)),
        (say("kpi.left_today"), left),
        (say("kpi.finds"), finds),
        (say("kpi.to_confirm"), say.number(figures.to_confirm)),
    ]


def _list(
    say: Words,
    person: Any,
    status: Any,
    asked: Any,
    found: Any,
    rows: list[Any],
    known: Known,
    now: Any,
) -> None:
    if not rows:
        _nothing(say, person, status, asked, found, now)
        _arrived(asked, known)
        return
    kind = asked.owner if asked.owner in ("closed", "snoozed") else "open"
    count = say.many(f"queue.{kind}", found.total)
    told = [say("queue.first", n=len(rows))] if found.total > len(rows) else []
    told += [say(f"queue.order.{asked.sort}")] if kind != "closed" else []
    told += [say("queue.held")] if queue_list.opened() else []
    with st.container(horizontal=True, vertical_alignment="center", key="list_head"):
        place = st.empty()
        with st.container(
            key="small_refresh", width="content", horizontal=True, wrap=False, gap="xsmall"
        ):
            if kind != "closed":  # these come the last closed first
                other = next(one for one in SORTS if one != asked.sort)
                st.button(
                    say(f"queue.sort.{other}"),
                    key=f"sort-{other}",
                    type="tertiary",
                    on_click=order,
                    args=(other,),
                )
            raising.button(say)
            assigning.button(rows, asked, person, say)
            snoozing.several(rows, asked, say)
            if len(rows) < min(found.total, AT_MOST):
                st.button(say("queue.more"), key="more", type="tertiary", on_click=show_more)
            _refresh(asked, known, place, (count, told))
    queue_list.draw(rows, person, now, say)


@st.fragment
def _refresh(
    asked: review.QueueFilter, known: Known, place: Any, said: tuple[str, list[str]]
) -> None:
    """How many alerts have come since the list was taken: the list itself never moves.

    What is told of them stands in `place`, where the order of the list is told otherwise.
    """
    say = session.speech()
    new, given = _new(asked, known)
    count, told = said
    place.html(_head(count, _given(say, given) + _came(say, new) or told))
    label = say.many("queue.new", new.count) if new.count else say("queue.refresh")
    some = bool(new.count or given)
    if st.button(label, key="refresh", shortcut="G", type="secondary" if some else "tertiary"):
        queue_list.refresh()
        st.rerun()


def _head(count: str, told: Sequence[str]) -> str:
    spans = "".join(f'<span class="rp-m">{escape(one)}</span>' for one in told)
    return f'<div class="rp-bar"><b>{escape(count)}</b>{spans}</div>'


def _given(say: Words, given: Mapping[str, int]) -> list[str]:
    """How many alerts this person was given, and by whom."""
    if not given:
        return []
    return [say.many("queue.given", sum(given.values()), who=say.listed(given))]


def _came(say: Words, new: review.New) -> list[str]:
    """How many of what is new are red, and when the first arrives."""
    told = []
    if new.red:
        told = [say("queue.new_red", lane=form.lane(say, "red"), n=say.number(new.red))]
    if new.due_at is not None:
        told += [say("queue.new_first", span=form.span(say, new.due_at - session.now()))]
    return told


@st.fragment
def _arrived(asked: review.QueueFilter, known: Known) -> None:
    """Where no list is, there is none to move: what has come is shown."""
    new, given = _new(asked, known)
    if (new.count or given) and not deciding.asking():
        queue_list.refresh()
        st.rerun()


def _new(asked: review.QueueFilter, known: Known) -> tuple[review.New, dict[str, int]]:
    """What alerts have come since the list was taken, and which this person was given.

    `news.js` has it ask when some did.
    """
    change, entry, news = known
    person = session.actor(touch=False)
    if person is None:
        st.rerun()
    with st.container(key=f"news-{news}"):  # hidden: `news.js` reads it, and presses the button
        st.button(session.speech()("queue.refresh"), key="look")
    store, now = served().store, session.now()
    given = arriving.given(store, person, entry, now)
    return review.new_since(store, person, asked, change, now), given


def _nothing(say: Words, person: Any, status: Any, asked: Any, found: Any, now: Any) -> None:
    """Good news, or the way out of the filters."""
    named = [form.lane(say, asked.lane)] if asked.lane else []
    named += [say(f"queue.{asked.queue}")] if asked.queue else []
    aside = asked.owner in ("snoozed", "closed")  # none there is no news of what is open
    named += [say(f"filter.owner.{asked.owner}")] if aside else []
    named += [say("none.search", text=asked.search)] if asked.search else []
    if named or (asked.owner == "mine_or_free" and found.owners.get("open")):
        named = named or [say("filter.owner.mine_or_free")]
        everything = review.QueueFilter(profile=asked.profile, owner="open", page_size=1)
        total = review.queue(served().store, person, everything, now).total
        without = say.many("none.without", total)
        st.html(
            draw.state(say("none.title"), say("none.filters", filters=say.listed(named)), without)
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button(say("none.clear"), key="clear", type="primary", on_click=clear_filters)
            raising.button(say)
        return
    title = (
        say("empty.title", office=status.office_name)
        if status.office_name
        else say("empty.title_all")
    )
    if len(status.worked) > 1:  # of the other kind there may be many
        kind = say.maybe(f"profile.{asked.profile}", asked.profile)
        title = say("empty.of", kind=kind, title=form.clause(title))
    told = ""
    if status.data_at is not None:
        told = say("empty.last", time=form.clock(status.data_at, session.zone(status.zone), now))
    st.html(draw.state(title, told, say("empty.next")))
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button(say("empty.closed"), key="closed", on_click=show_closed)
        raising.button(say)


def _panel(say: Words, person: Any, rows: list[Any], now: Any, zone: Any) -> None:
    if st.session_state.get("dialog", ("", ""))[0] == snoozing.SNOOZE:
        snoozing.dialog("yellow")
        return
    opened = queue_list.opened()
    if opened is None:
        alert_panel.empty(rows, say)
        return
    st.html(  # seen where the alert stands below its list: `keys.js` goes there, and back
        f'<button type="button" class="rp-button rp-back" data-alert="{opened}">'
        f"{escape(say('account.back'))}</button>"
    )
    row = next((one for one in rows if one.id == opened), None)
    purpose = st.session_state.get(f"purpose-{opened}", "")
    try:
        view = review.alert(
            served().store,
            person,
            opened,
            now,
            purpose=purpose,
            looks_an_hour=served().settings.looks_an_hour,
        )
    except Busy:
        with st.container(key="alert"):
            frame.busy()
        return
    except StoreError as error:
        if row is None or not row.damaged:
            raise
        alert_panel.damaged(rows, say, refusal(say, error))
        return
    except NotAllowed as error:
        if row is not None and not purpose and review.purpose_needed(row.profile):
            alert_panel.ask_purpose(opened, say)
            return
        queue_list.open_alert(None)
        st.session_state["fault"] = (say("alert.gone"), refusal(say, error))
        alert_panel.empty(rows, say)
        return
    view = speaking.spoken(say, view)
    alert_panel.draw_panel(view, rows, person, now, say, zone)
    dialog = st.session_state.get("dialog")
    if dialog is not None and dialog[0] == view.id:
        if dialog[1] == snoozing.SNOOZE:
            snoozing.dialog(view.lane)
        elif dialog[1] in noting.KINDS:
            noting.dialog(view, dialog[1])
        else:
            deciding.dialog(view, dialog[1])


page()
