"""The supervisor's page: load and cut of each office, overrides, nodding, the random share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import draw, form, session
from app.deciding import attempt, strips
from app.installation import served
from app.text import escape, option
from riskprofile.services import blind, board, cut

NBSP = "\u00a0"


def page() -> None:
    """Draw the board of this person's offices."""
    person = session.require("supervisor")
    say, now, store = session.speech(), session.now(), served().store
    found = board.board(store, person, now)
    st.html(draw.kpis(_figures(say, found)))
    strips(say)
    if found.alarm:
        where = f" {', '.join(found.alarms)}" if len(found.offices) > 1 else ""
        st.html(draw.strip("!", say("board.alarm"), say("board.alarm_text") + where))
    st.html(_card(say("board.offices"), _offices(say, found), say("board.offices_text")))
    if found.offices:
        _capacity(say, person, found.offices, now)
    left, middle, right = st.columns(3, gap="small")
    with left:
        rows = [
            (form.lane(say, lane), say(f"decision.{decision}"), say.number(count))
            for lane, decision, count in found.overrides
        ]
        heads = [say("head.lane"), say("board.decision"), say("item.count")]
        body = draw.table(heads, rows, (2,)) if rows else f"<p>{escape(say('board.none'))}</p>"
        decided = say("board.decided", n=say.number(found.decided))
        st.html(_card(say("board.overrides"), body, decided))
    with middle:
        told = _meter(say, found.meter) + _shifts(say, found, now)
        st.html(_card(say("board.meter"), told, say("board.meter_text")))
    with right:
        drawn = [
            (say("board.drawn"), say.number(found.drawn)),
            (say("board.drawn_examined"), say.number(found.drawn_examined)),
            (say("board.drawn_finds"), say.number(found.drawn_finds)),
        ]
        st.html(_card(say("board.random"), draw.table((), drawn), say("board.random_text")))
    st.html(_card(say("board.bias"), _bias(say, found), say("board.bias_text")))


def _figures(say: Any, found: Any) -> list[tuple[str, str]]:
    offices = found.offices
    examined, total = (sum(getattr(one, n) for one in offices) for n in ("examined", "capacity"))
    return [
        (say("board.red"), say.number(sum(one.red for one in offices))),
        (say("board.yellow"), say.number(sum(one.yellow for one in offices))),
        (say("board.late"), say.number(sum(one.late for one in offices))),
        (say("board.examined"), say("kpi.of", n=examined, total=total)),
        (say("board.snoozed"), say.number(sum(one.snoozed for one in offices))),
    ]


def _capacity(say: Any, person: Any, offices: list[Any], now: Any) -> None:
    """How many examinations an office can make today, and where that cuts its list."""
    by_code = {one.code: one for one in offices}
    with st.container(border=True, key="capacity"):
        st.html(f'<h2 class="rp-h2">{escape(say("capacity.title"))}</h2>')
        with st.container(horizontal=True, vertical_alignment="bottom", key="capacity_line"):
            chosen = next(iter(by_code))
            if len(by_code) > 1:
                chosen = st.selectbox(
                    say("board.office"),
                    list(by_code),
                    key="capacity-office",
                    width=240,
                    format_func=lambda code: option(f"{by_code[code].name} {code}"),
                )
            office = by_code[chosen]
            number = st.number_input(
                say("capacity.number"),
                min_value=0,
                max_value=cut.MOST,
                step=1,
                value=office.capacity,
                key=f"capacity-{chosen}",
                width=160,
            )
            st.button(
                say("capacity.set"),
                key=f"capacity-set-{chosen}",
                type="primary",
                shortcut="E",
                disabled=number == office.capacity,
                on_click=_set,
                args=(chosen, number),
            )
            st.html(
                f'<p class="rp-m">{escape(say("capacity.was", n=say.number(office.capacity)))}</p>'
            )
        left = max(0, int(number) - office.examined)
        told = cut.cut(served().store, person, chosen, left, now)
        profiles = session.status(person).profiles
        kept = cut.today(served().store, person, chosen, profiles, now)
        rows = [*_kept(say, kept, int(number)), *_reach(say, told, office)]
        st.html(draw.table((), rows))
        st.html(f'<p class="rp-m">{escape(say("capacity.text"))}</p>')


def _set(office: str, number: int) -> None:
    person = session.actor()
    if person is None:
        return
    done = attempt(lambda: cut.set_capacity(served().store, person, office, number, session.now()))
    if done is None and "fault" not in st.session_state:
        told = session.speech()("capacity.done", office=office, n=number)
        st.session_state["told"] = told


def _kept(say: Any, kept: list[cut.Today], number: int) -> list[tuple[str, str]]:
    """Why fewer alerts are red by noon than an office can examine: the rest is kept."""
    rows = []
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
        given = say("kpi.of", n=say.number(one.given), total=say.number(number))
        for what, value in ((say("capacity.given"), given), (say("capacity.kept"), told)):
            if len(kept) > 1:
                profile = say(f"profile.{one.profile}").lower()
                what = say("capacity.of_profile", what=what, profile=profile)
            rows.append((what, value))
    return rows


def _reach(say: Any, told: Any, office: Any) -> list[tuple[str, str]]:
    cut_at = say("capacity.all") if not told.beyond else say("kpi.none")
    if told.points is not None:
        cut_at = say("head.points_n", n=say.number(told.points))
    counts = {"red": told.red, "yellow": told.yellow}
    if told.own_view:
        counts = {blind.LANE: told.own_view, **counts}
    lanes = say.listed(f"{form.lane(say, name)} {n}" for name, n in counts.items())
    unknown = say("capacity.unknown")
    return [
        (say("capacity.left"), say("kpi.of", n=told.number, total=told.number + office.examined)),
        (say("capacity.cut"), cut_at),
        (say("capacity.reached"), lanes),
        (say("capacity.beyond"), say.number(told.beyond)),
        (
            say("capacity.finds"),
            unknown if told.finds is None else say.number(round(told.finds, 1)),
        ),
        (say("capacity.more"), unknown if told.more is None else say.number(round(told.more, 1))),
    ]


def _offices(say: Any, found: Any) -> str:
    names = ("office", "blind", "red", "yellow", "late", "snoozed", "oldest", "examined", "cut")
    rows = [
        (
            f"{one.name} {one.code}",
            say.number(one.blind),
            say.number(one.red),
            say.number(one.yellow),
            say.number(one.late),
            say.number(one.snoozed),
            say("kpi.none") if one.oldest is None else form.span(say, one.oldest),
            say("kpi.of", n=one.examined, total=one.capacity),
            _cuts(say, one.cut),
        )
        for one in found.offices
    ]
    return draw.table([say(f"board.{name}") for name in names], rows, range(1, len(names)))


def _cuts(say: Any, cuts: Mapping[str, int]) -> str:
    """Where the lists of an office are cut; each named by its profile where there are several."""
    told = {name: say("head.points_n", n=say.number(points)) for name, points in cuts.items()}
    if len(told) > 1:
        told = {name: f"{say(f'profile.{name}')} {points}" for name, points in told.items()}
    # Each on one line: the column is as narrow as the longest of them.
    return say.listed(one.replace(" ", NBSP) for one in told.values()) or str(say("kpi.none"))


def _meter(say: Any, meter: Any) -> str:
    if not meter.decisions:
        return f"<p>{escape(say('board.none'))}</p>"
    rows = [
        (say("board.agreed"), say("kpi.of", n=meter.agreed, total=meter.decisions)),
        (say("board.dwell"), _seconds(say, meter)),
    ]
    return draw.table((), rows)


def _seconds(say: Any, meter: Any) -> str:
    """How long decisions took, the middle one."""
    if meter.dwell is None:
        return str(say("kpi.none"))
    return str(say("span.seconds", seconds=say.number(round(meter.dwell.total_seconds()))))


def _shifts(say: Any, found: Any, now: Any) -> str:
    """The same of each shift: who is tired nods more."""
    if not found.shifts:
        return ""
    zone = session.zone(found.offices[0].zone if len(found.offices) == 1 else None)
    rows = []
    for one in found.shifts:
        meter = one.meter
        hours = f"{form.clock(one.begins, zone, now)}–{one.ends.astimezone(zone):%H:%M}"
        agreed = say("kpi.of", n=meter.agreed, total=meter.decisions)
        own = say("kpi.of", n=one.own.count, total=one.own.total)
        rows.append((hours + (" !" if meter.alarm else ""), agreed, _seconds(say, meter), own))
    heads = [say(f"board.{name}") for name in ("shift", "shift_agreed", "shift_dwell", "shift_own")]
    return draw.table(heads, rows, (1, 2, 3))


def _bias(say: Any, found: Any) -> str:
    """Agreement without the rating and in sight of it, of all offices and of each."""
    names = {one.code: f"{one.name} {one.code}" for one in found.offices}
    several = found.biases if len(found.biases) > 1 else []
    rows = [
        (
            say("board.all") if one.office is None else names[one.office],
            _share(say, one.own),
            _share(say, one.seen),
            _gap(say, one.gap),
            _share(say, one.swayed),
            _share(say, one.rated),
            _share(say, one.drawn),
            _gap(say, one.known_negatives),
        )
        for one in (found.bias, *several)
    ]
    heads = ("office", "own", "seen", "gap", "swayed", "rated", "by_chance", "known_gap")
    return draw.table([say(f"board.{name}") for name in heads], rows, range(1, len(heads)))


def _share(say: Any, share: Any) -> str:
    told = say("kpi.of", n=share.count, total=share.total)
    if not share.total:
        return str(told)
    low, high = (round(100 * end) for end in share.interval)
    return f"{told} ({say('board.interval', low=low, high=high)})"


def _gap(say: Any, gap: Any) -> str:
    if gap is None:
        return str(say("board.too_few", n=board.LEAST))
    by, low, high = (form.signed(round(100 * one)) for one in gap)
    return str(say("board.points_apart", n=by, low=low, high=high))


def _card(title: str, body: str, note: str) -> str:
    return (
        f'<div class="rp-card rp-stack"><h2 class="rp-h2">{escape(title)}</h2>{body}'
        f'<p class="rp-m">{escape(note)}</p></div>'
    )


page()
