"""The entry script: runs on every interaction, before any view.

It asks who is looking, offers only the views of that role, and draws the frame.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import streamlit as st

from app import frame, session, text, theme
from riskprofile.errors import RiskProfileError

VIEWS = Path(__file__).with_name("views")
# (file, address, roles): the first that a role has is its home. The views check again.
PAGES = (
    ("queue.py", "queue", ("officer", "supervisor")),
    ("outcome.py", "outcome", ("officer", "supervisor")),
    ("second.py", "second", ("officer", "supervisor")),
    ("board.py", "board", ("supervisor",)),
    ("models.py", "models", ("analyst", "supervisor", "administrator", "auditor")),
    ("masked.py", "masked", ("officer", "supervisor")),
    ("audit.py", "audit", ("auditor", "administrator")),
    ("batches.py", "batches", ("operator", "administrator", "supervisor")),
    ("sightings.py", "sightings", ("officer", "supervisor", "operator")),
    ("trends.py", "trends", ("supervisor", "analyst", "auditor", "administrator")),
)
log = logging.getLogger("riskprofile.app")


def draw() -> None:
    """Draw the page of the signed-in person."""
    say = session.speech()
    st.set_page_config(page_title=say("product"), page_icon=theme.path("mark.png"), layout="wide")
    st.logo(theme.path("logo.svg"))
    st.html(theme.css("dark" if st.context.theme.type == "dark" else "light"))
    person = session.actor()
    if person is None:
        st.navigation([st.Page(_nothing, title=say("product"))], position="hidden")
        session.signed_out()
    mine = [page for page in PAGES if person.role in page[2]]
    if not mine:
        st.navigation([st.Page(_nothing, title=say("product"))], position="hidden")
        frame.top(person)
        session.require("officer")
    pages = [
        st.Page(VIEWS / file, title=say(f"page.{name}"), url_path=name, default=file == mine[0][0])
        for file, name, _ in mine
    ]
    chosen = st.navigation(pages, position="top")
    frame.top(person)
    try:
        chosen.run()
    except RiskProfileError as error:
        frame.fault(error.what, error.do)
    except Exception as error:
        # Where it failed stays in the server's log; the page gives its number alone.
        number = hashlib.sha256(f"{session.now()}{error!r}".encode()).hexdigest()[:6].upper()
        log.error("page fault %s: %s", number, text.traced(error))
        frame.fault(say("fault.unknown"), say("fault.tell", number=number))
    frame.foot(person)


def _nothing() -> None:
    """A page for those who may see none."""


draw()
