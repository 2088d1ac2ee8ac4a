"""Practice: published finds and lawful look-alikes, one at a time; nothing is stored."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from app import draw, session
from app.deciding import DECISIONS
from app.text import escape
from riskprofile.profiles import SHIPMENT
from riskprofile.services import practice
from riskprofile.words.declaration import stops

KINDS = {column.name: column.kind for column in SHIPMENT.columns}


def page() -> None:
    """Draw the case that is to be judged, or what it was, or what the round came to."""
    person = session.require("officer", "supervisor", "analyst")
    say, kept = session.speech(), st.session_state
    kept.setdefault("practice-seed", secrets.randbits(32))
    answers: list[str] = kept.setdefault("practice-answers", [])
    cases = practice.drawn(person, kept["practice-seed"])
    at = kept.setdefault("practice-at", 0)
    st.html(
        f'<h1 class="rp-h1 rp-page">{escape(say("practice.title"))}</h1>'
        f'<div class="rp-strip training"><b>{escape(say("practice.mark"))}</b>'
        f"<span>{escape(say('practice.text'))}</span></div>"
    )
    st.html(_figures(say, practice.tally(cases, answers)))
    if at >= len(cases):
        _end(say)
        return
    case = cases[at]
    with st.container(border=True, key="practice"):
        _declared(say, case, say("practice.position", n=at + 1, of=len(cases)))
        if len(answers) > at:
            _told(say, case, answers[at])
        else:
            _ask(say)


def _declared(say: Any, case: practice.Case, position: str) -> None:
    row = case.declared
    mode = say(f"practice.mode.{row['transport_mode']}")
    way = say(f"practice.way.{row['procedure']}", mode=mode)
    if row.get("licence_number"):
        way = f"{way}; {say('practice.licence')}"
    told = draw.declared(say, row, row["goods_description"], (), way, KINDS)
    st.html(
        f'<div class="rp-why"><div><h2 class="rp-h2">{escape(position)}</h2>{told}</div>'
        f"<div>{draw.route(say, stops(row))}</div></div>"
    )


def _ask(say: Any) -> None:
    st.html(f'<h2 class="rp-h2">{escape(say("practice.ask"))}</h2>')
    with st.container(horizontal=True):
        for choice in practice.CHOICES:
            st.button(
                say(f"decision.{choice}"),
                key=f"practice-{choice}",
                shortcut=DECISIONS[choice][0],
                on_click=_answered,
                args=(choice,),
            )


def _answered(choice: str) -> None:
    answers: list[str] = st.session_state["practice-answers"]
    if len(answers) == st.session_state["practice-at"]:  # a second click changes nothing
        answers.append(choice)


def _told(say: Any, case: practice.Case, choice: str) -> None:
    kind = "find" if case.arms else "lawful"
    met = "met" if case.met(choice) else "unmet"
    chosen = say("practice.chosen", choice=say(f"decision.{choice}"))
    st.html(draw.strip("✓" if case.met(choice) else "✕", say(f"practice.{kind}_{met}"), chosen))
    lines = [(say(f"practice.{kind}_what"), case.what), (say(f"practice.{kind}_how"), case.how)]
    source = say("practice.source", source=case.source) if case.arms else say("practice.made_up")
    told = "".join(f"<p><b>{escape(name)}</b> {escape(text)}</p>" for name, text in lines)
    st.html(f'<div class="rp-stack">{told}<p class="rp-m">{escape(source)}</p></div>')
    st.button(
        say("practice.next"), key="practice-next", type="primary", shortcut="N", on_click=_next
    )

    st.html(
        f'<h3 class="rp-h3">{escape(say(f"practice.{kind}_signs"))}</h3>'
        f'<div class="rp-stack">{draw.indicators(say, practice.signs(say, case))}</div>'
    )


def _next() -> None:
    if len(st.session_state["practice-answers"]) > st.session_state["practice-at"]:
        st.session_state["practice-at"] += 1


def _figures(say: Any, came: practice.Tally) -> str:
    """What the answered cases of this round come to so far."""
    return draw.kpis(
        (
            (say("practice.answered"), _of(say, came.finds + came.lawful, practice.ROUND)),
            (say("practice.looked"), _of(say, came.looked, came.finds)),
            (say("practice.passed"), _of(say, came.passed, came.lawful)),
        )
    )


def _of(say: Any, n: int, total: int) -> str:
    return str(say("kpi.of", n=n, total=total) if total else say("kpi.none_yet"))


def _end(say: Any) -> None:
    st.html(f'<p class="rp-m">{escape(say("practice.end"))}</p>')
    st.button(say("practice.again"), key="practice-again", type="primary", on_click=_again)


def _again() -> None:
    for name in ("seed", "answers", "at"):
        st.session_state.pop(f"practice-{name}", None)


page()
