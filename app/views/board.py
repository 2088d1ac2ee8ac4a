"""The supervisor's page: examinations, lanes, overrides, nodding, the random share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import draw, examinations, session
from app.deciding import strips
from app.installation import served
from app.text import escape
from riskprofile.services import agreement, board, overrides
from riskprofile.words import form

NBSP = "\u00a0"
KINDS, REASON = 4, 26  # overrides that the card shows; characters of a reason
MARKS = {"agrees": "mark_agrees", "quick": "mark_quick", "held": "mark_held"}
LISTED = "overrides-listed"  # whether their list is open


def page() -> None:
    """Draw the board of this person's offices."""
    person = session.require("supervisor")
    say, now, store = session.speech(), session.now(), served().store
    found = board.board(store, person, now)
    st.html(draw.kpis(_figures(say, found)))
    with st.container(key="strips"):
        strips()
        if found.alarm:
            where = f" {say.listed(found.alarms)}" if len(found.offices) > 1 else ""
            st.html(draw.strip("!", say("board.alarm"), say("board.alarm_text") + where))
    if found.offices:
        examinations.draw_part(found.offices, found.control)
    with st.container(key="board_low"):
        left, middle, right = st.columns([404, 434, 464], gap="small")
        with left:
            st.html(_card(say("board.lanes"), _lanes(say, found), say("board.lanes_text")))
        with middle:
            _overrides(say, found.overrides)
        with right:
            st.html(_marks(say, found, now))
    st.html(_card(say("board.offices"), _offices(say, found), say("board.offices_text")))
    st.html(_shifts(say, found, now))
    st.html(_card(say("board.bias"), _bias(say, found), say("board.bias_text"), wide=True))
    if st.session_state.get(LISTED):
        st.dialog(say("board.overrides"), width="large", on_dismiss=_close)(_listed)()


def _figures(say: Any, found: Any) -> list[tuple[str, str]]:
    def total(name: str) -> Any:
        return sum(getattr(one, name) for one in found.offices)

    return [
        (say("board.open"), say.number(total("open"))),
        (say("board.late_kpi"), say.number(total("late"))),
        (say("kpi.red_free"), say.number(total("red_free"))),
        (say("board.examined"), draw.of(say, total("examined"), total("capacity"))),
        (say("board.finds"), say.number(total("finds"))),
        (say("kpi.to_confirm"), say.number(found.second)),
        (say("board.ending"), say.number(total("ending"))),
    ]


def _lanes(say: Any, found: Any) -> str:
    """What is open by lane, and the examinations that each office has left."""
    longest = max((one.red + one.yellow for one in found.offices), default=1)

    def count(lane: str, n: int | None) -> str:
        told = say("board.unknown") if n is None else say.number(n)
        return f'<span class="rp-{lane} rp-nw">{form.GLYPHS[lane]} {escape(told)}</span>'

    rows = [
        (
            escape(one.name),
            draw.meter((("red", one.red), ("yellow", one.yellow)), longest),
            count("red", one.red),
            count("yellow", one.yellow),
            count("green", one.green),
            f'<span class="rp-nw">{escape(draw.of(say, one.left, one.capacity))}</span>',
        )
        for one in found.offices
    ]
    heads = [say("board.office"), "", *(say(f"lane.{name}") for name in ("red", "yellow", "green"))]
    return draw.grid([*heads, say("board.left")], rows, (2, 3, 4, 5))


def _overrides(say: Any, found: overrides.Overrides) -> None:
    with st.container(border=True, key="overrides"):
        with st.container(
            key="small_overrides", horizontal=True, vertical_alignment="center", wrap=False
        ):
            counts = {"n": say.number(found.count), "total": say.number(found.decided)}
            told = say("board.of_decided", **counts)
            st.html(
                f'<div class="rp-bar"><h2 class="rp-h2">{escape(say("board.overrides"))}</h2>'
                f'<span class="rp-m rp-s">{escape(told)}</span></div>'
            )
            st.button(
                say("board.list"),
                key="overrides-open",
                shortcut="O",
                disabled=not found.kinds,
                on_click=_open,
            )
        st.html(_kinds(say, found))


def _kinds(say: Any, found: overrides.Overrides) -> str:
    """What was done other than the lane, and for which reason, the most frequent first."""
    if not found.kinds:
        return f'<p class="rp-m">{escape(say("board.none"))}</p>'
    rows = [
        (
            _what(say, one.lane, one.decision),
            form.clip(one.reason, REASON),
            say.number(one.count),
            _later(say, one),
        )
        for one in found.kinds[:KINDS]
    ]
    heads = [say(name) for name in ("head.what", "head.reason", "item.count", "board.later")]
    lines = []
    if (rest := len(found.kinds) - KINDS) > 0:
        lines.append(say.many("board.more_kinds", rest))
    if found.released:
        counts = {"n": say.number(found.seconded), "total": say.number(found.released)}
        lines.append(say("board.seconded", **counts))
    told = "".join(f'<p class="rp-m">{escape(line)}</p>' for line in lines)
    body = draw.table(heads, rows, (2,), whole=(3,))
    return f'<div class="rp-stack" style="gap:4px">{body}{told}</div>'


def _what(say: Any, lane: str, decision: str) -> str:
    done = say(f"decision.{decision}").lower()
    return str(say.listed((form.lane(say, lane), done)))


def _later(say: Any, one: overrides.Override) -> str:
    """What was found in them since, of those that were examined."""
    if not one.known:
        return str(say("board.later_none"))
    finds = say.many("board.later_n", one.finds)
    if one.known == one.count:
        return str(finds)
    return str(say("board.later_of", finds=finds, known=say.number(one.known)))


def _open() -> None:
    st.session_state[LISTED] = True


def _close() -> None:
    st.session_state.pop(LISTED, None)


def _listed() -> None:
    """The alerts that were decided other than their lane, each with the way to it."""
    person = session.require("supervisor")
    say, now = session.speech(), session.now()
    zone = session.zone(session.status(person).zone)
    rows = [
        (
            f'<a href="/?alert={one.alert}" target="_self">'
            f"{escape(form.reference(one.record_id))}</a>",
            escape(_what(say, one.lane, one.decision)),
            escape(one.reason),
            escape(one.officer),
            escape(one.second or say("kpi.none")),
            escape(form.clock(one.at, zone, now)),
            escape(say(f"outcome.{one.outcome}") if one.outcome else say("board.later_none")),
        )
        for one in overrides.listed(served().store, person, now)
    ]
    names = ("head.record", "head.what", "head.reason", "board.officer", "board.second")
    heads = [say(name) for name in (*names, "head.when", "board.later")]
    note = escape(say("board.list_text", n=overrides.LISTED))
    st.html(f'{draw.grid(heads, rows, whole=(5,))}<p class="rp-m rp-s">{note}</p>')


def _marks(say: Any, found: Any, now: Any) -> str:
    """The last shift beside what was agreed: each measure a mark, its range a box."""
    title = say("board.marks")
    if not found.shifts:
        return _card(title, f"<p>{escape(say('board.none'))}</p>", say("board.marks_text"))
    shift = found.shifts[0]
    rows = []
    for one in shift.marks(served().settings.ranges):
        low, high = (say.number(round(100 * end)) for end in (one.low, one.high))
        if one.name == "agrees" and one.share.total:
            told = say("board.percent", n=say.number(round(100 * one.share.share)))
        else:
            told = draw.of(say, one.share.count, one.share.total)
        judged = {
            None: ("board.few", ""),
            True: ("board.in_range", ""),
            False: ("board.look", "need"),
        }
        word, tone = judged[one.within]
        agreed = escape(say("board.agreed_range", low=low, high=high))
        rows.append(
            (
                escape(say(f"board.{MARKS[one.name]}")),
                draw.within(one.share.share, one.low, one.high)
                + f'<span class="rp-sr">{agreed}</span>',
                f'<b class="rp-nw">{escape(told)}</b>',
                draw.pill(say(word), tone),
            )
        )
    beside = say.many("board.shift_n", shift.meter.decisions, hours=_hours(found, shift, now))
    return _card(title, draw.grid((), rows), say("board.marks_text"), beside)


def _hours(found: Any, shift: Any, now: Any) -> str:
    zone = session.zone(found.zone)
    return f"{form.clock(shift.begins, zone, now)}–{shift.ends.astimezone(zone):%H:%M}"


def _offices(say: Any, found: Any) -> str:
    names = ("office", "blind", "late", "snoozed", "oldest", "cut")
    rows = [
        (
            f"{one.name} {one.code}",
            say.number(one.blind),
            say.number(one.late),
            say.number(one.snoozed),
            say("kpi.none") if one.oldest is None else form.span(say, one.oldest),
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


def _seconds(say: Any, meter: Any) -> str:
    """How long decisions took, the middle one."""
    if meter.dwell is None:
        return str(say("kpi.none"))
    return str(say("span.seconds", seconds=say.number(round(meter.dwell.total_seconds()))))


def _shifts(say: Any, found: Any, now: Any) -> str:
    """How each shift decided: who is tired nods more."""
    rows = []
    for one in found.shifts:
        meter = one.meter
        agreed = draw.of(say, meter.agreed, meter.decisions)
        quick = draw.of(say, meter.quick, meter.decisions)
        own = draw.of(say, one.own.count, one.own.total)
        hours = _hours(found, one, now) + (" !" if meter.alarm else "")
        rows.append((hours, agreed, _seconds(say, meter), quick, own))
    names = ("shift", "shift_agreed", "shift_dwell", "shift_quick", "shift_own")
    body = draw.table([say(f"board.{name}") for name in names], rows, range(1, len(names)))
    if not rows:
        body = f"<p>{escape(say('board.none'))}</p>"
    note = say("board.shifts_text", dwell=_seconds(say, found.meter))
    return _card(say("board.shifts"), body, note)


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
    told = draw.of(say, share.count, share.total)
    if not share.total:
        return told
    low, high = (round(100 * end) for end in share.interval)
    return f"{told} ({say('board.interval', low=low, high=high)})"


def _gap(say: Any, gap: Any) -> str:
    if gap is None:
        return str(say("board.too_few", n=agreement.LEAST))
    by, low, high = (form.signed(round(100 * one)) for one in gap)
    return str(say("board.points_apart", n=by, low=low, high=high))


def _card(title: str, body: str, note: str, beside: str = "", wide: bool = False) -> str:
    side = f'<span class="rp-m rp-s">{escape(beside)}</span>'
    told = f'{body}<p class="rp-m">{escape(note)}</p>'
    return draw.card(title, told, "rp-stack", beside=side, scrolls=wide)


page()
