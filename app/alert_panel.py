"""The open alert at the right: the sentence, its reasons, the declaration, the decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import streamlit as st

from app import (
    assigning,
    deciding,
    draw,
    noting,
    otherwise,
    papers,
    queue_list,
    session,
    snoozing,
    ties,
    words,
)
from app.text import escape, marked
from app.words import Words
from riskprofile.profiles import PROFILES
from riskprofile.reference import lexicon
from riskprofile.services import linked, review, speaking
from riskprofile.services.desk import SUPERSEDED
from riskprofile.services.sheet import driver
from riskprofile.words import form, told_of
from riskprofile.words.declaration import stops, without

PURPOSES = ("purpose.control", "purpose.review", "purpose.request")
CHANGES = 8  # fields shown one by one; the rest is a number
SPOKEN = {
    **{name: f"decision.{name}" for name in deciding.DECISIONS},
    **{name: f"outcome.{name}" for name in review.OUTCOMES},
}


def draw_panel(
    view: Any, rows: Sequence[Any], person: Any, now: datetime, say: Words, zone: Any
) -> None:
    """Draw the panel for one alert."""
    with st.container(key="alert"):
        with st.container(key="alert_strip"):
            deciding.strips()
        with st.container(key="alert_head"):
            _head(view, rows, person, now, say, zone)
        with st.container(key="alert_body"):
            _body(view, now, say, zone)
        with st.container(key="decide", horizontal=True, vertical_alignment="center"):
            _decisions(view, person, say)


def empty(rows: Sequence[Any], say: Words) -> None:
    """The panel before any alert is open."""
    deciding.strips()
    with st.container(key="alert"):
        if not rows:  # the list says why
            return
        st.html(draw.state(say("choose.title"), say("choose.text")))
        with st.container(key="steps", horizontal=True, horizontal_alignment="center"):
            st.button(
                say("alert.next"),
                key="next",
                shortcut="N",
                on_click=queue_list.open_alert,
                args=(queue_list.step(rows, 0),),
            )


def damaged(rows: Sequence[Any], say: Words, why: str) -> None:
    """The panel of an alert that cannot be read: what is the matter, and the way on."""
    with st.container(key="alert"):
        st.html(draw.strip("✕", why))
        _steps(rows, say)


def _steps(rows: Sequence[Any], say: Words) -> None:
    with st.container(key="steps", horizontal=True, width="content", gap="xsmall", wrap=False):
        for name, key, by in (("prev", "P", -1), ("next", "N", 1)):
            st.button(
                say(f"alert.{name}"),
                key=name,
                type="tertiary",
                shortcut=key,
                on_click=queue_list.open_alert,
                args=(queue_list.step(rows, by),),
            )


def ask_purpose(alert_id: int, say: Words) -> None:
    """A record about a person: the purpose is recorded before anything is shown."""
    with st.container(key="alert"):
        st.html(draw.state(say("purpose.title"), say("purpose.text")))
        with st.container(horizontal=True, horizontal_alignment="center"):
            for name in PURPOSES:
                st.button(say(name), **deciding.bound(name, _state_purpose, alert_id, name))


def _state_purpose(alert_id: int, name: str) -> None:
    # Logged in one language, whoever reads the log.
    st.session_state[f"purpose-{alert_id}"] = words.of(words.DEFAULT)(name)


def standing(view: Any) -> dict[str, Any] | None:
    """The latest decision that was not taken back."""
    kept = [one for one in view.decisions if one["undone_at"] is None]
    return kept[-1] if kept else None


def _head(
    view: Any, rows: Sequence[Any], person: Any, now: datetime, say: Words, zone: Any
) -> None:
    holder, until = view.owner or "", form.clock(view.lease_until, zone, now)
    order = standing(view)
    told = order is not None and (order["decision"] == "release" or order["officer"] == holder)
    if view.state in ("closed", SUPERSEDED) or told:
        whose = ""  # the strip below says it
    elif holder == person.name:
        whose = say("alert.yours", time=until)
    else:
        whose = say("alert.held", who=holder, time=until) if holder else say("alert.free")
    record = form.reference(view.record_id)
    queue = place = ""
    if not view.blind:
        rank = say("alert.rank_only", n=say.number(view.rank))  # in the list of its own run
        queue = draw.pill(say.maybe(f"queue.{view.queue}", view.queue))
        place = f'<span class="rp-nw">{escape(rank)}</span>'
    left = form.time_left(say, view.due_at, now)
    with st.container(
        key="alert_line", horizontal=True, vertical_alignment="center", gap="small", wrap=False
    ):
        st.html(
            f'<div class="rp-bar">{draw.lane_pill(say, view.lane)}'
            f"{queue}{place}<b>{escape(record)}</b>"
            f'<span class="rp-nw">{escape(left)}</span>'
            f'<span class="rp-m rp-nw">{escape(whose)}</span></div>'
        )
        _steps(rows, say)
    headline = say("blind.title")
    if not view.blind:
        headline = form.headline(say, view.lane, view.indicators or [], view.reasons or [])
    with st.container(key="small_sheet", horizontal=True, wrap=False, gap="small"):
        st.html(f'<h1 class="rp-h1">{escape(headline)}</h1>')
        if not view.blind:
            papers.sheet(view, say)
    if view.first_view is not None:
        st.html(_first_view(view.first_view, now, say, zone))
    snoozing.strip(view, say, zone, now)
    if view.withdrawn_at is not None:
        when = form.clock(view.withdrawn_at, zone, now)
        st.html(draw.strip("▸", say("withdrawn.title"), say("withdrawn.text", time=when)))
    if view.amended_at is not None and view.state == "open":
        when = form.clock(view.amended_at, zone, now)
        st.html(draw.strip("▸", say("sent_anew.title"), say("sent_anew.text", time=when)))
    if view.state == SUPERSEDED:
        st.html(draw.strip("▸", say("amended.title"), say("amended.text")))
    elif view.state == "closed":
        closed = form.clock(view.closed_at, zone, now)
        st.html(draw.strip("‖", say("read_only.title"), say("read_only.closed", time=closed)))
    elif order is not None:
        released = order["decision"] == "release"
        told = say(
            "read_only.release" if released else "read_only.decided",
            who=order["officer"],
            decision=say(f"decision.{order['decision']}"),
            time=form.clock(order["at"], zone, now),
        )
        title = say("read_only.title" if released else "read_only.ordered")
        st.html(draw.strip("‖" if released else "▸", title, told))
    elif holder and holder != person.name:
        st.html(
            draw.strip("‖", say("read_only.title"), say("read_only.held", who=holder, time=until))
        )

    if asked := noting.asked(view, person, say, zone, now):
        st.html(asked)
    noting.offer(view, person, say)


def _first_view(said: Any, now: datetime, say: Words, zone: Any) -> str:
    """What an officer said before the rating was shown."""
    told = say(
        "blind.said_text",
        who=said["officer"],
        decision=say(f"decision.{said['view']}"),
        time=form.clock(said["at"], zone, now),
        reason=form.clip(said["reason"], 120),
    )
    return draw.strip("○", say("blind.said"), told)


def _body(view: Any, now: datetime, say: Words, zone: Any) -> None:
    related = linked.once(view.related)
    history = linked.once(view.history)
    events = view.timeline
    why, declaration, party, links, timeline = st.tabs(
        [
            say("tab.why"),
            say("tab.declaration"),
            f"{say('tab.party')} {len(history)}" if history else say("tab.party"),
            f"{say('tab.links')} {len(related)}" if related else say("tab.links"),
            say("tab.timeline"),  # a number that grows with every look would close the tab
        ],
        key=f"tabs-{view.id}",
    )
    with why:
        otherwise.offer(view, say)
        st.html(_why(view, say, zone, now))
    with declaration:
        st.html(_declaration(view, say, zone, now))
    picture = ties.picture(view, say)  # below what it shows: that nothing is linked stands alone
    with party:
        told = _linked(history, say, zone, now) or draw.state("", say("party.none"))
        st.html(told + ("" if related else picture))
    with links:
        told = _linked(related, say, zone, now) or draw.state("", say("links.none"))
        st.html(told + (picture if related else ""))
    with timeline:
        if not view.blind:
            papers.explained(view, say)
        assigning.offer(view, say)
        st.html(_timeline(events, say, zone, now) or draw.state("", say("timeline.none")))


def _why(view: Any, say: Words, zone: Any, now: datetime) -> str:
    """Reasons at the left; changes, indicators, wording, route and links beside them.

    One piece of HTML: each element that Streamlit draws by itself costs the server as much
    as all the words of this one.
    """
    if view.blind:
        told = f'<div class="rp-note">{escape(say("blind.text"))}</div>'
    elif view.points is None:
        told = f'<div class="rp-note">{escape(say("why.no_points"))}</div>'
    else:
        told = draw.reasons(say, view.points, view.reasons or [], view.against or [], view.red_from)
        scale = _found(view, say)
        rated = say("why.rated_by", version=view.model_version)
        held = f"<p>{escape(said)}</p>" if (said := _holds(view, say)) else ""
        told = (
            f'<div>{told}</div><div class="rp-note">{held}'
            f'<p class="rp-m">{escape(scale)} {escape(rated)}</p></div>'
        )
    row = driver(view)
    text = str(row.get(PROFILES[view.profile].title) or "")
    # Which words and which item count is a part of the rating.
    marks = [] if view.blind else offending(text)
    position = say("why.item", n=view.driver, total=len(view.declaration or []) or 1)
    related = ""
    if view.related:
        found = draw.table(
            (),
            [
                (
                    form.reference(str(one.get("record_id", ""))),
                    one.get("title", ""),
                    _links(say, one),
                )
                for one in linked.once(view.related)[:4]
            ],
        )
        related = f'<div><h3 class="rp-h3">{escape(say("why.related"))}</h3>{found}</div>'
    return (
        f'<div class="rp-why"><div>{told}</div><div class="rp-stack">'
        + otherwise.told(view, say)
        + changes(view, say, zone, now)
        + draw.indicators(say, view.indicators or [])
        + draw.declared(say, row, text, marks, position, kinds(view.profile))
        + draw.route(say, stops(row))
        + related
        + "</div></div>"
    )


def _found(view: Any, say: Words) -> str:
    """What the outcomes of this installation say of such points; or that they do not yet."""
    one = view.near
    if one is not None:
        figures = {"n": one.finds, "total": one.examined, "least": one.least, "most": one.most}
        shares = {"low": round(one.low * 100), "high": round(one.high * 100)}
        told = {name: say.number(value) for name, value in (figures | shares).items()}
        return say("why.near", **told)
    if view.score is None:
        return say("why.scale")
    return say("why.score", n=say.number(round(view.score * 100)))


def _holds(view: Any, say: Words) -> str:
    """What holds the lane: exact, because points are a sum."""
    begins = {"red": view.red_from, "yellow": view.yellow_from}
    raised = [one["raises"] for one in view.indicators or [] if one.get("raises")]
    found = without(view.points, view.reasons or [], begins, raised)
    if found is None or found[0] > draw.SHOWN_FOR:
        return ""
    many, left, lane = found
    word = f"{form.GLYPHS[lane]} {say(f'lane.{lane}').lower()}"
    return say.many("why.without", many, lane=word, points=say.number(left))


def changes(view: Any, say: Words, zone: Any, now: datetime) -> str:
    """What is otherwise since the version before, if there was one."""
    before, known = view.changed, kinds(view.profile)
    if before is None:
        return ""
    title = say("changed.title", n=before.version, time=form.clock(before.at, zone, now))
    rated = [(say("head.rank"), say.number(before.rank), say.number(view.rank))]
    if view.blind:
        rated = []
    if before.lane != view.lane:
        rated.insert(0, (say("head.lane"), form.lane(say, before.lane), form.lane(say, view.lane)))
    if before.points is not None and view.points is not None:
        rated.append((say("head.points"), say.number(before.points), say.number(view.points)))
    if before.model_version != view.model_version and not view.blind:
        rated.append((say("page.models"), before.model_version, view.model_version))
    rows: list[Sequence[str]] = [one for one in rated if one[1] != one[2]]
    several = len(view.declaration or []) > 1
    for item, name, old, new in before.fields[:CHANGES]:
        label = say.maybe(f"field.{name}", name)
        if several:
            label = say.listed([say("declaration.item", n=item), label], ":")
        kind = known.get(name, "text")
        rows.append((label, *(form.clip(form.value(say, value, kind), 80) for value in (old, new))))
    for key, items in (("changed.added", before.added), ("changed.removed", before.removed)):
        if items:
            rows.append((say(key), "", say.listed(say.number(one) for one in items)))
    rest = len(before.fields) - CHANGES
    more = f'<p class="rp-m">{escape(say.many("changed.more", rest))}</p>' if rest > 0 else ""
    heads = (say("declaration.column"), say("changed.before"), say("changed.now"))
    told = draw.table(heads, rows) if rows else f"<p>{escape(say('changed.nothing'))}</p>"
    return f'<div class="rp-note"><h3 class="rp-h3">{escape(title)}</h3>{told}{more}</div>'


def offending(text: str) -> list[tuple[int, int]]:
    """Where words of the lexicon stand in a declared text."""
    return [(start, end) for start, end, _ in lexicon.marks(text)]


def kinds(profile: str) -> Mapping[str, str]:
    """The kind of each column, in the contract's order."""
    found = {spec.name: spec.kind for spec in PROFILES[profile].columns}
    return found | {"transport_mode": "choice"}  # of travellers it is free text, of the same words


def declared(say: Words, given: Any, kind: str, zone: Any, now: datetime) -> str:
    """One declared value: a time as the clocks of the office have it, and their zone."""
    if kind == "datetime":
        return f"{session.moment(given, zone)} {form.zone_name(zone, now)}"
    if kind == "date" and isinstance(given, date):
        return f"{given:%Y-%m-%d}"
    return form.value(say, given, kind)


def _declaration(view: Any, say: Words, zone: Any, now: datetime) -> str:
    """Every declared field, in the contract's order; what is missing is not listed.

    The item that has the points comes first: of hundreds nobody would find it.
    """
    known, title = kinds(view.profile), PROFILES[view.profile].title
    parts = []
    item = PROFILES[view.profile].item
    rows = [(row.get(item) or n, row) for n, row in enumerate(view.declaration, start=1)]
    if not view.blind:
        rows.sort(key=lambda one: one[0] != view.driver)
    for number, row in rows:
        names = [name for name in known if row.get(name) not in (None, "", {}, "{}")]
        names += [name for name in row if name not in known and row[name] not in (None, "")]
        cells = ""
        for name in names:
            kind = known.get(name, "text")
            text = declared(say, row[name], kind, zone, now)
            known_words = offending(text) if name == title and not view.blind else []
            shown = marked(text, known_words)
            cells += (
                f'<tr><td class="n rp-m">{escape(say.maybe(f"field.{name}", name))}</td>'
                f'<td class="rp-mono" dir="auto">{shown}</td></tr>'
            )
        if len(rows) > 1:
            mark = f' <span class="rp-m">{escape(say("declaration.driver"))}</span>'
            mark = "" if view.blind else mark
            parts.append(
                f'<h2 class="rp-h2">{escape(say("declaration.item", n=number))}'
                f"{mark if number == view.driver else ''}</h2>"
            )
        parts.append(
            f'<table class="rp-t"><thead><tr><th>{escape(say("declaration.column"))}</th>'
            f"<th>{escape(say('declaration.value'))}</th></tr></thead><tbody>{cells}</tbody></table>"
        )
    return f'<div class="rp-stack">{"".join(parts)}</div>'


def _links(say: Words, one: dict[str, Any]) -> str:
    return say.listed(speaking.link(say, str(link)) for link in one["links"])


def _linked(found: Sequence[dict[str, Any]], say: Words, zone: Any, now: datetime) -> str:
    if not found:
        return ""
    rows = []
    for one in found:
        lane = one.get("lane") or ""
        rows.append(
            (
                form.reference(str(one.get("record_id", ""))),
                str(one.get("title", "")),
                _links(say, one),
                session.moment(one.get("at"), zone, now),
                form.lane(say, lane) if lane in form.GLYPHS else str(lane),
                say.maybe(f"outcome.{one.get('outcome', '')}", str(one.get("outcome") or "")),
            )
        )
    heads = [say(f"head.{name}") for name in ("record", "goods", "link", "when", "lane", "result")]
    return draw.table(heads, rows, whole=(3, 4))


def _timeline(events: Sequence[Any], say: Words, zone: Any, now: datetime) -> str:
    if not events:
        return ""
    heads = [say(f"head.{name}") for name in ("when", "who", "what")]
    rows = []
    for one in events:
        *told, said = happened(one, say)
        told.append(said or _purpose(say, one.purpose))
        what = say.listed((part for part in told if part), ":")
        rows.append((form.clock(one.at, zone, now), one.actor, what))
    return draw.table(heads, rows, whole=(1,))


def _purpose(say: Words, kept: str) -> str:
    """Why a record was opened: one of ours as it is said here, else as somebody wrote it."""
    ours = told_of(kept, "purpose.")
    return kept if ours is None else say(ours.key)


def happened(one: Any, say: Words) -> tuple[str, str, str]:
    """What was done, what was ordered or found, what was said of it; empty where nothing was."""
    ordered, _, said = one.text.partition(", ")
    spoken = say(SPOKEN[ordered]) if ordered in SPOKEN else ordered
    return say.maybe(f"event.{one.action}", one.action), spoken, said


def _decisions(view: Any, person: Any, say: Words) -> None:
    holder, order = view.owner or "", standing(view)
    mine, free = holder == person.name, not holder
    workable = view.state == "open" and (mine or free)
    waits = order is not None and order["decision"] != "release"
    suggests = order is None and not view.blind
    if view.state == "closed":
        st.button(
            say("do.reopen"),
            **deciding.bound("reopen", deciding.ask_reopen, view.id),
            disabled=person.role != "supervisor",
        )
    elif waits:
        if st.button(
            say("do.outcome"),
            key=f"outcome-{view.id}",
            shortcut="O",
            type="primary",
            disabled=not workable,
        ):
            if free:  # whoever ordered it has gone: the form is of who holds the alert
                deciding.claim(view.id)
                if "fault" in st.session_state:
                    st.rerun()
            st.session_state["outcome_of"] = view.id
            st.switch_page("views/outcome.py")
    elif free:
        st.button(
            say("do.claim"),
            **deciding.bound("claim", deciding.claim, view.id),
            shortcut="A",
            type="primary",
        )
    for name, (key, _) in deciding.DECISIONS.items():
        st.button(
            say(f"decision.{name}"),
            **deciding.bound(f"do-{name}", deciding.ask, view.id, name, mine),
            shortcut=key,
            # No view is suggested.
            type="primary" if name == "examine" and mine and suggests else "secondary",
            disabled=not workable,
        )
    if order is None:  # what was ordered is awaited, not put aside
        snoozing.button(view, say, workable=workable)
    ends = mine or (holder != "" and person.role == "supervisor")
    # Who ordered a control makes it; who took over another's may leave it.
    taken = mine and order is not None and order["officer"] != person.name
    if view.state == "open" and (taken or (ends and order is None)):
        st.button(
            say("do.give_back"),
            **deciding.bound("give-back", deciding.give_back, view.id),
            type="tertiary",
        )
