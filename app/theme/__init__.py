"""Style, logo and templates of the pages."""

from __future__ import annotations

from functools import cache
from importlib import resources

import streamlit as st


def scheme() -> str:
    """Which of the two this browser shows: light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


@cache
def css(scheme: str, right_to_left: bool) -> str:
    """The style sheet of every page, for `st.html`; `scheme` is `light` or `dark`.

    Streamlit sets the scheme on its own frame alone: dialogs, which hang beside it, need
    it from the root, and the direction of what is written as well.
    """
    folder = resources.files("app.theme")
    names = ["page.css", "right.css"] if right_to_left else ["page.css"]
    sheet = "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)
    return f"<style>:root{{color-scheme:{scheme}}}\n{sheet}</style>"


def path(name: str) -> str:
    """The path of a file of the theme."""
    return str(resources.files("app.theme").joinpath(name))
