"""Claim, decide, undo: each bound to an alert's id, each telling what was not done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NoReturn

import streamlit as st

from app import draw, queue_list, session, typed
from app.installation import served
from app.text import escape
from app.words import Words, refusal
from riskprofile.errors import Busy, Conflict, ProfileOff, RiskProfileError
from riskprofile.services import review
from riskprofile.words import form

# Decision -> key on the keyboard, and the catalogue's common reasons.
DECISIONS = {
    "examine": ("I", ("common.goods_to_see", "common.weight")),
    "scan": ("S", ("common.image_enough", "common.weight")),
    "documents": ("D", ("common.papers",)),
    "release": ("L", ("common.known", "common.cleared")),
    "refer": ("F", ("common.other_service",)),
}
REOPEN = "reopen"
UNDO = timedelta(seconds=10)
LONGEST = 2000  # characters of a reason


def attempt(action: Callable[[], Any]) -> Any:
    """Run a service call: what it returns, True for nothing; None on refusal, kept to be told."""
    say = session.speech()
    session.ready_to_note()
    try:
        made = action()
        return True if made is None else made
    except Conflict as error:
        if error.holder:
            said = say("conflict.title"), say("conflict.text", who=error.holder)
        else:  # nobody was first: it is another alert by now, or none
            said = say("fault.not_saved"), refusal(say, error)
        st.session_state["fault"] = said
    except Busy:
        st.session_state["fault"] = (say("busy.title"), say("busy.text"))
    except ProfileOff:
        st.session_state["fault"] = (say("fault.not_saved"), say("fault.profile_off"))
    except RiskProfileError as error:
        st.session_state["fault"] = (say("fault.not_saved"), refusal(say, error))
    return None


def act(service: Callable[..., Any], *given: Any, person: Any = None) -> Any:
    """Have a service do something as this person, or as whoever holds this browser's session.

    Answers as `attempt` does; None where nobody holds it any more.
    """
    person = person or session.actor()
    if person is None:
        return None
    store, now = served().store, session.now()
    return attempt(lambda: service(store, person, *given, now))


def bound(name: str, action: Callable[..., None], alert_id: int, *more: Any) -> dict[str, Any]:
    """The key of a button, and what it does: to the alert that it was drawn for, and no other.

    A click made while the next alert is drawn comes after it: what was clicked opens again.
    """

    def act() -> None:
        queue_list.open_alert(alert_id)
        attempt(lambda: action(alert_id, *more))

    return {"key": f"{name}-{alert_id}", "on_click": act}


def claim(alert_id: int) -> None:
    """Claim for whoever holds this browser's session."""
    act(review.claim, alert_id)


def give_back(alert_id: int) -> None:
    """End one's claim."""
    act(review.give_back, alert_id)


def ask(alert_id: int, decision: str, held: bool) -> None:
    """Open the reason dialog, claiming first when nobody holds the alert."""
    if not held:
        claim(alert_id)
        if "fault" in st.session_state:
            return
    st.session_state["dialog"] = (alert_id, decision)


def close_dialog() -> None:
    """Close the reason dialog; the draft stays in the database."""
    st.session_state.pop("dialog", None)


def fault(more: str = "") -> None:
    """Draw what was refused, once, with `more` that is to say of it here."""
    if said := session.once("fault"):
        title, told = said
        st.html(draw.strip("✕", f"{title}.", f"{told} {more}".rstrip()))


def ended(made: Any, told: str, *subjects: str, person: Any = None) -> NoReturn:
    """End a dialog after its act: what to tell, and drafts of this person that were used.

    Where it was refused (`made` is None) the dialog stays, and says why.
    """
    if made is None:
        st.rerun(scope="fragment")
    session.notes().update(told=told, dialog=None)
    for one in subjects:
        typed.forget(one, person)
    st.rerun()


def cancel(say: Words, key: str, first: Callable[[], None] = lambda: None) -> None:
    """The button that closes a dialog without its act; what was typed stays, but for `first`."""
    if st.button(say("reason.cancel"), key=key):
        first()
        close_dialog()
        st.rerun()


def asking() -> bool:
    """Whether a dialog is open: then no page is drawn anew that nobody asked for.

    A dialog goes with the page before, until it is drawn again, and with it what is being typed.
    What closes it draws the page.
    """
    return "dialog" in st.session_state


def undo(decision_id: int) -> None:
    """Take back the decision just made; while its time runs it can be tried again."""
    person = session.actor()
    done = st.session_state.get("undo")
    if person is None or done is None:
        return
    store, now = served().store, session.now()
    told = session.speech()("undo.undone", record=done["record"])

    def take_back() -> None:
        review.undo(store, person, decision_id, now)
        session.notes()["told"] = told

    if taken_back(take_back):
        # Who decides the same after all need not write the reason again.
        typed.put_back(subject(done["alert"], done["decision"]), done["reason"], person)


def taken_back(action: Callable[[], Any]) -> Any:
    """Run an undo as `attempt` does: one that failed is offered on, while its time runs."""
    made = attempt(action)
    if made is None:
        st.session_state["undo"]["fault"] = st.session_state["fault"]
    else:
        session.notes()["undo"] = None
    return made


def ask_reopen(alert_id: int) -> None:
    """Open the dialog that asks why a closed alert is reopened."""
    st.session_state["dialog"] = (alert_id, REOPEN)


def subject(alert_id: int, decision: str) -> str:
    """The name of a reason's draft."""
    return f"decision:{alert_id}:{decision}"


def dialog(view: Any, decision: str) -> None:
    """Ask for the reason of a decision."""
    say = session.speech()
    title = say(
        "do.reopen" if decision == REOPEN else f"decision.{decision}"
    )  # our word alone: a dialog's title is Markdown
    st.dialog(title, on_dismiss=close_dialog)(_reason)(view, decision)


def _reason(view: Any, decision: str) -> None:
    say, person = session.speech(), session.present()
    key, kept_as = f"reason-{view.id}-{decision}", subject(view.id, decision)
    mine = typed.own(key, person)

    def take(text: str) -> None:
        """Add a common reason to what was typed: it takes nobody's words away."""
        given = str(st.session_state.get(mine) or "").strip()
        added = f"{given}\n{text}".strip()
        if text not in given and len(added) <= LONGEST:
            st.session_state[mine] = added
            typed.keep(kept_as, key, person)

    record = form.reference(view.record_id)
    st.html(
        f'<div class="rp-bar">{draw.lane_pill(say, view.lane)}<b>{escape(record)}</b>'
        f"<span>{escape(form.clip(view.title, 80))}</span></div>"
    )
    typed.field(
        st.text_area,
        say("reason.label"),
        kept_as,
        key,
        person,
        height=96,
        max_chars=LONGEST,
        placeholder=say("reason.hint"),
    )
    if decision in DECISIONS:
        st.html(f'<span class="rp-s rp-m">{escape(say("reason.common"))}</span>')
        with st.container(key="small_common"):
            for name in DECISIONS[decision][1]:
                st.button(say(name), key=f"common-{name}", on_click=take, args=(say(name),))
    first = view.blind and decision != REOPEN
    if first:
        st.html(f'<p class="rp-s rp-m">{escape(say("blind.dialog"))}</p>')
    if decision == "release" and view.lane == "red" and session.status(person).second_person:
        st.html(f'<p class="rp-s rp-m">{escape(say("reason.second"))}</p>')
    fault(say("fault.kept"))
    with st.container(horizontal=True):
        save = say("do.reopen" if decision == REOPEN else "reason.save")
        save = say("blind.save") if first else save
        if st.button(save, type="primary", key="reason-save"):
            _decide(view, decision, st.session_state[mine], person)
        cancel(say, "reason-cancel")


def _decide(view: Any, decision: str, reason: str, person: Any) -> None:
    store, now = served().store, session.now()
    if view.blind and decision != REOPEN:
        # The draft stays: who decides the same need not write the reason again.
        made = act(review.say_first, view.id, decision, reason, person=person)
        ended(made, session.speech()("blind.done"))
    if decision == REOPEN:
        made = act(review.reopen, view.id, reason, person=person)
    else:
        # What stood when the dialog opened: another window may have decided since.
        seen = [one["id"] for one in view.decisions]
        made = attempt(lambda: review.decide(store, person, view.id, decision, reason, now, seen))
    if made is None:
        st.rerun(scope="fragment")
    session.notes()["dialog"] = None
    if decision != REOPEN:
        say, record = session.speech(), form.reference(view.record_id)
        told = say("undo.done", decision=say(f"decision.{decision}"), record=record)
        session.notes()["undo"] = {
            "alert": view.id,
            "record": record,
            "decision": decision,
            "reason": reason,
            "told": told,
            "why": form.ended(say("undo.reason", reason=form.clip(reason, 90))),
            "after": say("undo.after"),
            "until": now + UNDO,
            "act": partial(undo, made),
        }
    typed.forget(subject(view.id, decision), person)
    st.rerun()


def strips() -> None:
    """What was just done, undone or refused, above the alert."""
    if "undo" in st.session_state:
        _undo_strip()
    noted()


def noted() -> None:
    """What was done or refused; no undo, whose end draws the page anew."""
    session.take_notes()  # a part of a page may be drawn alone
    if told := session.once("told"):
        st.html(draw.strip("✓", told))
    if "dialog" not in st.session_state:
        fault()


def told_of(done: dict[str, Any]) -> str:
    """The words of an undo's strip, as HTML."""
    return (
        f"<b>{escape(done['told'])}</b> {escape(done['why'])} "
        f'<span class="rp-m">{escape(done["after"])}</span>'
    )


def _end_undo() -> None:
    """The seconds are over; what its strip told besides is said once more: it goes by itself."""
    done = st.session_state.pop("undo")
    if "fault" in done and "dialog" not in st.session_state:  # which is about another decision
        st.session_state["fault"] = done["fault"]


@st.fragment(run_every=1)
def _undo_strip() -> None:
    say, done = session.speech(), st.session_state.get("undo")
    if done is None:
        return
    left = (done["until"] - session.now()).total_seconds()
    if left <= 0:
        _end_undo()
        if not asking():
            st.rerun()
        return
    with st.container(key="small_undo", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="rp-note">{told_of(done)}</div>')
        label = say("undo.left", n=int(left) + 1)
        # Not a callback: that would draw this strip again and leave the page as it was.
        if st.button(label, key="undo-button", shortcut="U"):
            done["act"]()
            st.rerun()
