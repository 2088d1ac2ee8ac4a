"""Fields whose words outlive a dialog, a lock and a database that does not answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from app import session
from app.installation import served
from riskprofile.errors import StoreError
from riskprofile.services import review


def spare(action: Callable[[], Any]) -> None:
    """Run what may stay undone where the database does not answer, such as keeping a draft.

    The act that comes with it says what was not recorded; what is typed stays on the screen, and
    the next pause keeps it.
    """
    with suppress(StoreError):
        action()


def field(
    draw: Callable[..., Any], label: str, subject: str, key: str, person: Any, **how: Any
) -> Any:
    """Draw a field with the words that this person left in it, and keep what is typed.

    Parameters
    ----------
    draw : callable
        `st.text_area` or `st.text_input`.
    subject : str
        The name of the draft.
    key : str
        Of the widget; that of the session state, which names the person, is by `own`.
    """
    mine = own(key, person)
    # Nothing is put into a field that is empty: it would take away what is typed meanwhile.
    if mine not in st.session_state and (words := left(subject, person)):
        st.session_state[mine] = words
    return draw(label, key=mine, on_change=keep, args=(subject, key, person), **how)


def own(key: str, person: Any) -> str:
    """The key of a field in the session state: this person's, which shows no words of another.

    A browser keeps what stands in a field by its key, also where the line was lost and somebody
    else has signed in meanwhile.
    """
    return f"{key}-{person.name}"


def left(subject: str, person: Any) -> str:
    """The words that this person left in a field; empty where there are none."""
    if here := st.session_state.get(own(subject, person)):
        return str(here[0])
    return str((review.draft(served().store, person, subject) or {}).get("reason", ""))


def keep(subject: str, key: str, person: Any) -> None:
    """Keep what stands in a field: in the database, and in this window until it is there."""
    text, name = st.session_state[own(key, person)], own(subject, person)
    here: list[str] = st.session_state.setdefault(name, [])
    here[:] = [text]

    def save() -> None:
        review.save_draft(served().store, person, subject, {"reason": text}, session.now())
        here.clear()  # in place: where the session state is asked the next click may end the run
        del st.session_state[name]

    spare(save)


def put_back(subject: str, text: str, person: Any) -> None:
    """Leave words that were used in their field again, unless others were typed there since.

    In the database, without a question to the session state: the next click may end the run there.
    """
    store = served().store
    try:
        if not (review.draft(store, person, subject) or {}).get("reason"):
            review.save_draft(store, person, subject, {"reason": text}, session.now())
    except StoreError:
        st.session_state.setdefault(own(subject, person), [text])


def forget(subject: str, person: Any) -> None:
    """Its words were used: the next time the field is empty."""
    spare(lambda: review.discard_draft(served().store, person, subject))
    st.session_state.pop(own(subject, person), None)  # last: where it is asked a run may end
