"""How many examinations an office can make today: tried with a slider, told in a chart, and set.

A part of the board that is drawn by itself, so that a step of the slider asks for nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import draw, reach_chart, session, tied
from app.deciding import act
from app.installation import served
from app.text import escape, literal, option
from app.words import Words
from riskprofile.scoring.control import LEAST_FINDS, Missed
from riskprofile.scoring.scorecard import ENOUGH_EXAMINED, ENOUGH_FINDS
from riskprofile.services import blind, cut
from riskprofile.words import form

FEW = 5  # offices that stand as a row of buttons
LANES = (blind.LANE, "red", "yellow")


@st.fragment
def draw_part(offices: Sequence[Any], control: Any) -> None:
    """Draw the row: the number and its chart, what it buys, and the random share."""
    person = session.require("supervisor")
    say, now, store = session.speech(), session.now(), served().store
    profiles = session.status(person).profiles
    by_code = {one.code: one for one in offices}
    left, right = st.columns([850, 464], gap="small")
    with left, st.container(border=True, key="capacity"):
        office, profile = _which(say, by_code, profiles)
        most = _most(office.capacity)
        number = _number(say, office, most)
        missed = control.missed[profile]
        reach = cut.reach(store, person, office.code, profile, now, max(number, most), missed)
        told = reach.cut(number)
        st.html(_heading(say, reach, told))
        reach_chart.draw(say, reach, told, most)
        kept = cut.today(store, person, office.code, profiles, now)
        st.html(_kept(say, kept, number))
    with right:
        st.html(_buys(say, reach, told))
        st.html(_control(say, control, offices, missed))


def _which(say: Words, offices: dict[str, Any], profiles: Sequence[str]) -> tuple[Any, str]:
    """The office and the profile whose list is looked at."""
    largest = max(offices.values(), key=lambda one: one.capacity)
    office, profile = largest.code, next(iter(profiles), "shipment")
    with st.container(horizontal=True, vertical_alignment="center", key="capacity_head"):
        st.html(f'<h1 class="rp-h1 rp-nw">{escape(say("capacity.title"))}</h1>', width="content")
        if len(offices) > 1:
            office = _office(say, offices, office)
        if len(profiles) > 1:
            profile = (
                st.segmented_control(
                    say("filter.profile"),
                    list(profiles),
                    key="capacity-profile",
                    default=profile,
                    format_func=lambda name: say(f"profile.{name}"),
                    label_visibility="collapsed",
                )
                or profile
            )
    return offices[office], profile


def _office(say: Words, offices: dict[str, Any], first: str) -> str:
    named = {code: one.name for code, one in offices.items()}
    label, key = say("board.office"), "capacity-office"
    if len(offices) > FEW:
        chosen: str | None = st.selectbox(
            label,
            list(offices),
            index=list(offices).index(first),
            key=key,
            width=240,
            format_func=lambda code: option(named[code]),
            label_visibility="collapsed",
        )
    else:
        chosen = st.segmented_control(
            label,
            list(offices),
            key=key,
            default=first,
            format_func=lambda code: literal(named[code]),  # read as Markdown, as a list is not
            label_visibility="collapsed",
        )
    return chosen or first


def _most(capacity: int) -> int:
    """Where slider and chart end: of most offices at 120, whatever is tried."""
    return max(cut.STEPS, 60 * math.ceil(capacity * 1.2 / 60))


def _number(say: Words, office: Any, most: int) -> int:
    """The number that is tried: slider and field are one."""
    tried = _tried(office, most)
    number = tried.hear()
    tried.show()
    slider, field = tried.parts
    with st.container(horizontal=True, vertical_alignment="center", key="capacity_line"):
        title = say("capacity.title")
        st.slider(title, 0, most, key=slider.key, label_visibility="collapsed")
        st.number_input(
            title, 0, cut.MOST, step=1, key=field.key, width=112, label_visibility="collapsed"
        )
        tried.mark()
        clicked = st.button(
            say("capacity.set"),
            key=f"capacity-set-{office.code}",
            type="primary",
            shortcut="E",
            disabled=number == office.capacity,
            on_click=_set,
            args=(office.code, tried),
        )
        was = "capacity.now" if number == office.capacity else "capacity.was"
        told = escape(say(was, n=say.number(office.capacity)))
        st.html(f'<p class="rp-m rp-nw">{told}</p>', width="content")
    if clicked:
        tried.again()
        st.rerun()
    return number


def _tried(office: Any, most: int) -> tied.Tied:
    field = f"capacity-{office.code}"
    slider = f"capacity-slider-{office.code}"
    tried = tied.held(field, office.capacity, (slider, most), (field, cut.MOST))
    if tried.parts[0].most != most:  # with another end it is another slider, which stands at none
        tried.parts[0].most = most
        tried.again()
    return tried


def _set(office: str, tried: tied.Tied) -> None:
    # What is there now: a click out of the field brings its number and the click at once.
    number = tried.hear()
    if act(cut.set_capacity, office, number):
        say = session.speech()
        session.notes()["told"] = say.many("capacity.done", number, office=office)


def _heading(say: Words, reach: cut.Reach, told: cut.Cut) -> str:
    """What the chart shows, and for readers its sentence; what finds lack to be foretold."""
    sentence = f'<span class="rp-sr">{escape(reach_chart.said(say, told))}</span>'
    title = say("capacity.curve" if reach.known else "capacity.places")
    head = f'<h2 class="rp-h3">{escape(title)}</h2>{sentence}'
    if reach.known:
        return head
    lacks = say("capacity.not_fitted")
    if not reach.weight.enough:
        lacks = say(
            "capacity.not_yet",
            n=say.number(reach.weight.examined),
            enough=say.number(ENOUGH_EXAMINED),
            finds=say.number(reach.weight.finds),
            enough_finds=say.number(ENOUGH_FINDS),
        )
    return f'{head}<p class="rp-m">{escape(lacks)}</p>'


def _kept(say: Words, kept: Sequence[cut.Today], number: int) -> str:
    """Why fewer alerts are red by noon than an office can examine: the rest is kept."""
    lines = []
    for one in kept:
        if one.coming is None:
            told = say("capacity.kept_unknown")
        elif not one.coming:
            told = say("capacity.kept_none")
        elif not one.kept(number):
            told = say("capacity.kept_all")
        else:
            n, coming = say.number(one.kept(number)), say.number(one.coming)
            told = say("capacity.kept_for", n=n, coming=coming)
        given = draw.of(say, one.given, number)
        for what, value in ((say("capacity.given"), given), (say("capacity.kept"), told)):
            if len(kept) > 1:
                profile = say(f"profile.{one.profile}").lower()
                what = say("capacity.of_profile", what=what, profile=profile)
            lines.append(f"<span>{escape(what)} <b>{escape(value)}</b></span>")
    return (
        f'<p class="rp-m rp-kept">{"".join(lines)}</p>'
        f'<p class="rp-m">{escape(say("capacity.text"))}</p>'
    )


def _buys(say: Words, reach: cut.Reach, told: cut.Cut) -> str:
    """What the number comes to."""
    lanes = {"red": told.red, "yellow": told.yellow}
    if told.own_view:
        lanes = {blind.LANE: told.own_view, **lanes}
    number, left = say.number(told.number), say.number(told.left)
    rows = [
        (say("capacity.reached"), draw.note(left, _lanes(say, lanes))),
        (say("capacity.finds"), _expected(say, told.finds)),
        (say("capacity.more"), _expected(say, told.more)),
        (say("capacity.random", n=left), _one(say, told.at_random)),
        (say("capacity.below"), _below(say, told)),
    ]
    if told.work is not None and reach.minutes is not None:
        label = say("capacity.work", minutes=say.number(round(reach.minutes)))
        hours = round(told.work.total_seconds() / 3600, 1)
        rows.append((label, draw.note(say("span.hour", hours=say.number(hours)))))
    return _card(say("capacity.buys", n=number), rows)


def _lanes(say: Words, counts: Any) -> str:
    return str(say.listed(f"{form.lane(say, name)} {say.number(n)}" for name, n in counts.items()))


def _expected(say: Words, told: cut.Expected | None) -> str:
    if told is None:
        return draw.note(say("capacity.unknown"))
    low, high = say.number(told.low), say.number(told.high)
    return draw.note(say.number(round(told.finds, 1)), say("capacity.interval", low=low, high=high))


def _one(say: Words, finds: float | None) -> str:
    return draw.note(say("capacity.unknown") if finds is None else say.number(round(finds, 1)))


def _below(say: Words, told: cut.Cut) -> str:
    """The next ten that are not reached, of how many."""
    lanes = {name: told.below[name] for name in LANES if name in told.below}
    if not lanes:
        return draw.note(say("kpi.none"))
    text = _lanes(say, lanes)
    if told.below_points is not None:
        low, high = (say.number(points) for points in told.below_points)
        text = say("capacity.below_n", lanes=text, low=low, high=high)
    return draw.note(text, say("capacity.below_all", n=say.number(told.beyond)))


def _control(say: Words, control: Any, offices: Sequence[Any], missed: Missed) -> str:
    """The random share: sums alone, of all offices that are seen."""
    capacity = sum(one.capacity for one in offices)
    share = say.number(round(100 * served().settings.random_share, 1))
    if missed.known:
        low, high = _percent(say, missed.low), _percent(say, missed.high)
        told = draw.note(
            say("board.percent", n=_percent(say, missed.share)),
            say("capacity.interval", low=low, high=high),
        )
    else:
        told = draw.note(say("board.missed_unknown", n=missed.finds, least=LEAST_FINDS))
    rows = [
        (say("board.drawn_today"), draw.note(draw.of(say, control.today, capacity))),
        (say("board.drawn_examined"), draw.note(say.number(control.examined))),
        (say("board.drawn_finds"), draw.note(say.number(control.finds))),
        *(
            (
                say(f"board.{name}"),
                draw.note(say.number(part.examined), say.many("board.later_n", part.finds)),
            )
            for name, part in (
                ("drawn_yellow", control.lanes["yellow"]),
                ("drawn_green", control.lanes["green"]),
            )
        ),
        (say("board.missed"), told),
    ]
    title, beside = say("board.random"), say("board.random_share", n=share)
    return _card(title, rows, say("board.random_text"), beside)


def _percent(say: Words, share: float) -> str:
    return str(say.number(round(100 * share, 1)))


def _card(title: str, rows: Sequence[tuple[str, str]], note: str = "", beside: str = "") -> str:
    body = draw.grid((), [(escape(what), told) for what, told in rows])
    foot = f'<p class="rp-m">{escape(note)}</p>' if note else ""
    return (
        '<div class="rp-card rp-stack rp-close" style="gap:2px"><div class="rp-head">'
        f'<h2 class="rp-h2">{escape(title)}</h2><span class="rp-m">{escape(beside)}</span></div>'
        f"{body}{foot}</div>"
    )
