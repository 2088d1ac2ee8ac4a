"""Practice: one case at a time, its reasons after the decision, and one's own record."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from statistics import median
from typing import Any

import streamlit as st

from app import draw, practice_panel, session
from app.deciding import DECISIONS, attempt, noted
from app.installation import served
from app.text import escape, literal, option
from app.words import refusal
from riskprofile.errors import StoreError
from riskprofile.services import practice, practice_rating, practice_record
from riskprofile.services.practice import Case
from riskprofile.services.practice_rating import Choice, Rating
from riskprofile.services.practice_record import SURE, Record

# Of the round. All but when a case was shown is kept for who comes back after a dropped line.
ROUND = (
    "seed", "subject", "at", "answers", "shown", "again", "source", "doubting", "words", "ended",
)  # fmt: skip


def page() -> None:
    """Draw the case that is to be judged, or what it was, or what the round came to."""
    person = session.require("officer", "supervisor", "analyst")
    say = session.speech()
    kept = _kept(person)
    cases = practice.drawn(person, kept["practice-seed"], kept["practice-subject"])
    _keep(person, cases)
    at = min(kept["practice-at"], len(cases))
    own, silent = _own(say, person)
    ended = kept["practice-ended"] or at >= len(cases)
    where = "" if ended else say("practice.position", n=at + 1, of=len(cases))
    st.html(
        f'<h1 class="rp-sr">{escape(say("practice.title"))}</h1>'
        f'<div class="rp-strip training rp-page"><b>{escape(say("practice.mark"))}</b>'
        f"<span>{escape(say('practice.text'))} {escape(where)}</span></div>"
    )
    st.html(_figures(say, cases, kept["practice-answers"], own))
    with st.container(key="strips"):
        if silent and "fault" not in kept:
            st.html(draw.strip("✕", *silent))
        noted()
    if ended:
        _end(say, own)
    else:
        _case(say, person, cases[at], at, own)
    if person.role == "supervisor":
        _office(say, person)


def _own(say: Any, person: Any) -> tuple[Record, tuple[str, str] | None]:
    """One's record; an empty one, and what to say, where its store fails: practice goes on."""
    try:
        return practice_record.own(served().settings.home, person, session.now()), None
    except StoreError as error:
        told = say("practice.record"), refusal(say, error)
        return Record(person.name, (), 0, 0, ()), told


def _kept(person: Any) -> Any:
    kept = st.session_state
    if "practice-subject" not in kept:  # another ten were not asked for
        kept.update(_resumed(person))
    kept.setdefault("practice-seed", secrets.randbits(32))
    for name in ROUND[1:]:
        kept.setdefault(f"practice-{name}", [] if name == "answers" else _FIRST.get(name))
    return kept


def _resumed(person: Any) -> Mapping[str, Any]:
    """The round that this person is in, as `_keep` kept it; nothing of one that came to its end."""
    with suppress(StoreError):
        text = practice_record.round_of(served().settings.home, person, session.now())
        held: dict[str, Any] = json.loads(text) if text else {"practice-ended": True}
        if not held["practice-ended"]:
            cases = practice.drawn(person, held["practice-seed"], held["practice-subject"])
            ids = held.pop("cases")  # of another release the same seed may draw others
            if ids == [one.id for one in cases] and held["practice-at"] < len(ids):
                return held
    return {}


def _keep(person: Any, cases: Sequence[Case]) -> None:
    """Keep the round once a case of it is answered, where it is another than was kept last."""
    kept, now = st.session_state, session.now()
    held = {f"practice-{name}": kept[f"practice-{name}"] for name in ROUND if name != "shown"}
    state = json.dumps({**held, "cases": [one.id for one in cases]})
    if not held["practice-answers"] or kept.get("practice-stored") == state:
        return
    with suppress(StoreError):  # which the page says of the record
        practice_record.keep_round(served().settings.home, person, state, now)
        kept["practice-stored"] = state


_FIRST = {
    "subject": "", "at": 0, "again": False, "source": False, "doubting": False, "words": "",
}  # fmt: skip


def _case(say: Any, person: Any, case: Case, at: int, own: Record) -> None:
    here, kept = served(), st.session_state
    rating = practice_rating.rate(here.store, here.settings.models, person, case)
    offered = practice_rating.choices(say, case, rating)
    answers = kept["practice-answers"]
    one = answers[at] if len(answers) > at and not kept["practice-again"] else None
    if one is None and kept["practice-shown"] is None:
        kept["practice-shown"] = session.now()
    left, right = st.columns([0.395, 0.605], gap="small")
    with left, st.container(border=True, key="practice"):
        st.html(practice_panel.case(say, case, rating if one else None))
        if one:
            words = [choice.text for choice in offered if choice.key in one["named"]]
            st.html(practice_panel.chose(say, one["choice"], one["seconds"], one["sure"], words))
            st.html(practice_panel.drill(say, case))
    with right:
        if one:
            _told(say, case, rating, one, own)
        else:
            _reasons(say, offered)
    with st.container(horizontal=True, key="practice_keys", vertical_alignment="center"):
        if one:
            _next(say)
        else:
            _controls(say, case, offered)
        st.button(
            say("practice.quit"), key="practice-quit", type="tertiary", shortcut="Q",
            on_click=_ended,
        )  # fmt: skip


def _number() -> str:
    """What tells the fields of this case from those of others."""
    return f"{st.session_state['practice-seed']}-{st.session_state['practice-at']}"


def _reasons(say: Any, offered: Sequence[Choice]) -> None:
    """Reasons to name, and how sure: both if they like."""
    number = _number()
    with st.container(border=True, key="practice_ask"):
        st.html(f'<h2 class="rp-h2">{escape(say("practice.reasons_ask"))}</h2>')
        for one in offered:
            st.checkbox(literal(one.text), key=f"practice-{number}-{one.key}")
        st.segmented_control(
            say("practice.sure_ask"),
            SURE,
            key=f"practice-sure-{number}",
            format_func=lambda name: say(f"practice.sure.{name}"),
        )


def _controls(say: Any, case: Case, offered: Sequence[Choice]) -> None:
    st.html(f'<h2 class="rp-h2">{escape(say("practice.ask"))}</h2>', width="content")
    for choice in practice.CHOICES:
        st.button(
            say(f"decision.{choice}"),
            key=f"practice-{choice}",
            shortcut=DECISIONS[choice][0],
            on_click=_answered,
            args=(case, choice, offered),
        )


def _told(say: Any, case: Case, rating: Rating, one: Any, own: Record) -> None:
    """What it was, what the reasons said, and the record; a disagreement above them."""
    kept = st.session_state
    if kept["practice-doubting"]:
        key = _field()
        if key not in kept and kept["practice-words"]:  # it was closed: Streamlit forgot them
            kept[key] = kept["practice-words"]
        with st.container(border=True, key="practice_doubt"):
            st.text_area(
                say("practice.doubt_why"),
                key=key,
                on_change=_typed,
                max_chars=practice_record.LONGEST,
                height=92,
            )
            st.button(
                say("practice.doubt_keep"),
                key="practice-doubt-keep",
                on_click=_disagreed,
                args=(case, one["choice"]),
            )
    sourced = kept["practice-source"]
    st.html(practice_panel.verdict(say, case, one["choice"], rating, sourced=sourced))
    st.html(practice_panel.reasons(say, case, rating, one["named"]))
    title, note = say("practice.record"), say("practice.private")
    st.html(practice_panel.record(say, own, title, note))


def _answered(case: Case, choice: str, offered: Sequence[Choice]) -> None:
    number = _number()
    kept, person, now = st.session_state, session.actor(), session.now()
    answers = kept["practice-answers"]
    fresh = len(answers) == kept["practice-at"]
    if person is None or not (fresh or kept["practice-again"]):
        return  # a second click changes nothing
    named = {one.key: one.held for one in offered if kept.get(f"practice-{number}-{one.key}")}
    shown: datetime = kept["practice-shown"] or now
    seconds = max(0.0, (now - shown).total_seconds())
    sure = kept.get(f"practice-sure-{number}")
    one = {"choice": choice, "seconds": seconds, "sure": sure, "named": named}
    if fresh:
        home = served().settings.home
        attempt(
            lambda: practice_record.answer(home, person, case.id, choice, seconds, named, now, sure)
        )
        answers.append({**one, "first": one})
    else:  # tried again: the figures and the record keep the first
        answers[-1] = {**one, "first": answers[-1]["first"]}
    kept["practice-again"], kept["practice-shown"] = False, None


def _next(say: Any) -> None:
    st.button(
        say("practice.next"), key="practice-next", type="primary", shortcut="N", on_click=_forward
    )
    for name, key, action in (
        ("retry", "G", _again),
        ("show_source", "S", _turned("source")),
        ("doubt", "D", _turned("doubting")),
    ):
        st.button(say(f"practice.{name}"), key=f"practice-{name}", shortcut=key, on_click=action)


def _turned(name: str) -> Any:
    def turn() -> None:
        st.session_state[f"practice-{name}"] = not st.session_state[f"practice-{name}"]

    return turn


def _disagreed(case: Case, choice: str) -> None:
    person = session.actor()
    if person is None:
        return
    home, text, now = served().settings.home, _words(), session.now()
    told = session.speech()("practice.doubt_kept")
    if attempt(lambda: practice_record.disagree(home, person, case.id, choice, text, now)):
        done = {"practice-doubting": False, "practice-words": "", "told": told}
        session.notes().update(done)


def _field() -> str:
    """The key of the field of a disagreement with this case."""
    return f"practice-doubt-{_number()}"


def _words() -> str:
    """What stands in it, or stood there when it was drawn last."""
    kept = st.session_state
    return str(kept.get(_field(), kept["practice-words"]) or "")


def _typed() -> None:
    # With the round, for who writes it alone: nothing of practice lies in the live store.
    st.session_state["practice-words"] = _words()


def _leaves() -> bool:
    """Whether nothing is lost that is being written; where it would be, that is said."""
    if not (st.session_state["practice-doubting"] and _words().strip()):
        return True
    say = session.speech()
    st.session_state["fault"] = (say("practice.doubt_open"), say("practice.doubt_first"))
    return False


def _again() -> None:
    """The same case once more: what was typed and named stays."""
    kept, number = st.session_state, _number()
    if len(kept["practice-answers"]) <= kept["practice-at"]:
        return  # a click on the case before
    one = kept["practice-answers"][-1]
    kept.update({f"practice-{number}-{key}": True for key in one["named"]})
    kept.update({f"practice-sure-{number}": one["sure"]})
    kept.update({"practice-again": True, "practice-shown": None})


def _forward() -> None:
    kept = st.session_state
    if len(kept["practice-answers"]) > kept["practice-at"] and _leaves():
        kept["practice-at"] += 1
        for name in ("shown", "again", "source", "doubting", "words"):
            kept[f"practice-{name}"] = _FIRST.get(name)


def _ended() -> None:
    if _leaves():
        st.session_state["practice-ended"] = True


def _figures(say: Any, cases: Sequence[Case], answers: Sequence[Any], own: Record) -> str:
    """What the answered cases of this round come to so far, by their first answers."""
    first = [one["first"] for one in answers]
    came = practice.tally(cases, [one["choice"] for one in first])
    named = [held for one in first for held in one["named"].values()]
    seconds = median([one["seconds"] for one in first]) if first else None

    def subject(name: str | None) -> str:
        return str(say(f"practice.subject.{name}") if name else say("kpi.none_yet"))

    return draw.kpis(
        (
            (say("practice.answered"), _of(say, len(first), len(cases))),
            (say("practice.looked"), _of(say, came.looked, came.finds)),
            (say("practice.passed"), _of(say, came.passed, came.lawful)),
            (
                say("practice.median"),
                say("kpi.none_yet")
                if seconds is None
                else say("practice.seconds", n=say.number(round(seconds))),
            ),
            (say("practice.reasons_held"), _of(say, sum(named), len(named))),
            (say("practice.best"), subject(own.best)),
            (say("practice.next_subject"), subject(own.next)),
        )
    )


def _of(say: Any, n: int, total: int) -> str:
    return str(draw.of(say, n, total) if total else say("kpi.none_yet"))


def _end(say: Any, own: Record) -> None:
    st.html(f'<p class="rp-m">{escape(say("practice.end"))}</p>')
    st.html(practice_panel.record(say, own, say("practice.record"), say("practice.private")))
    with st.container(horizontal=True, key="practice_keys"):
        st.button(
            say("practice.again"), key="practice-again-ten", type="primary", shortcut="N",
            on_click=_begun,
        )  # fmt: skip
        if own.next:
            subject = say(f"practice.subject.{own.next}")
            st.button(
                say("practice.drill_subject", subject=subject),
                key="practice-subject-ten",
                on_click=_begun,
                args=(own.next,),
            )


def _begun(subject: str = "") -> None:
    for name in ROUND:
        st.session_state.pop(f"practice-{name}", None)
    st.session_state["practice-subject"] = subject


def _office(say: Any, person: Any) -> None:
    """A trainer looks at the record of somebody of the office; each look is audited."""
    here = served()
    names = practice_record.trained(here.store, person)
    with st.container(border=True, key="practice_office"):
        st.html(
            f'<h2 class="rp-h2">{escape(say("practice.office"))}</h2>'
            f'<p class="rp-m">{escape(say("practice.office_note"))}</p>'
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                say("practice.whose"),
                names,
                index=None,
                key="practice-whose",
                format_func=option,
                placeholder="",
                width=260,
            )
            asked = st.button(say("practice.show"), key="practice-show")
        name = st.session_state.get("practice-whose")
        if not asked or name is None:
            return
        now = session.now()
        of = attempt(lambda: practice_record.of(here.store, here.settings.home, person, name, now))
        if of is None:
            title, told = st.session_state.pop("fault")
            st.html(draw.strip("✕", title, told))
            return
        zone = session.zone(session.status(person).zone)
        title = say("practice.record_of", who=name)
        st.html(practice_panel.record(say, of, title, say("practice.private_of")))
        st.html(practice_panel.doubts(say, of, zone))


page()
