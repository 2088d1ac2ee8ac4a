"""The entry script: runs on every interaction, before any view.

It asks who is looking, offers only the views of that role, and draws the frame.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import streamlit as st
from streamlit.errors import FragmentHandledException
from streamlit.runtime.scriptrunner import StopException

from app import deciding, frame, session, theme
from app.pages import PAGES

VIEWS = Path(__file__).with_name("views")


def draw() -> None:
    """Draw the page of the signed-in person."""
    session.take_notes()
    say = session.speech()
    st.set_page_config(page_title=say("product"), page_icon=theme.path("mark.png"), layout="wide")
    st.logo(theme.path("logo.svg"))
    st.html(theme.css(theme.scheme(), say.language))
    person = session.actor()
    if person is None:
        # Each address stays as it is: signing in again leads back to it.
        away = [st.Page(_nothing, title=say("product"), default=True)]
        away += [st.Page(_nothing, title=say("product"), url_path=name) for _, name, _ in PAGES]
        st.navigation(away, position="hidden")
        session.signed_out()
    mine = [page for page in PAGES if person.role in page[2]]
    if not mine:
        st.navigation([st.Page(_nothing, title=say("product"))], position="hidden")
        frame.top(person)
        session.refuse(person)
    pages = [
        st.Page(VIEWS / file, title=say(f"page.{name}"), url_path=name, default=file == mine[0][0])
        for file, name, _ in mine
    ]
    # A page of another role has an address too: it says whose it is, not "not found".
    pages += [
        st.Page(_refused, title=say(f"page.{name}"), url_path=name, visibility="hidden")
        for _, name, roles in PAGES
        if person.role not in roles
    ]
    chosen = st.navigation(pages, position="top")
    name = chosen.url_path or mine[0][1]  # the first has no address of its own
    if name != "queue":  # whoever went back has left the dialog as well
        deciding.close_dialog()
    frame.foot(frame.top(person, training=name == "practice"))
    chosen.run()


def _nothing() -> None:
    """A page for those who may see none."""


def _refused() -> None:
    """A page of another role."""
    session.refuse(session.actor())


# A run that `st.stop` or a fault ends leaves the fragments of the page before in place: one that
# was asked for meanwhile would draw where nothing is, and the browser loses its page over that.
with session.run(), suppress(StopException, FragmentHandledException):
    try:
        draw()
    except FragmentHandledException:
        raise  # a part of the page failed, and said so in its place
    except Exception as error:
        frame.trouble(error)
