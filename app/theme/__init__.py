"""Style, logo and templates of the pages."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

import streamlit as st

from app import words


def scheme() -> str:
    """Which of the two this browser shows: light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


@cache
def css(scheme: str, language: str) -> str:
    """The style sheet of every page, for `st.html`; `scheme` is `light` or `dark`.

    Streamlit sets the scheme on its own frame alone: dialogs, which hang beside it, need
    it from the root, and the direction of what is written as well. Of a file that was not made it
    says so in English, in a place that nothing but the style can reach.
    """
    folder, say = resources.files("app.theme"), words.of(language)
    names = ["page.css", "right.css"] if say.right_to_left else ["page.css"]
    sheet = "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)
    failed = json.dumps(say("paper.failed"), ensure_ascii=False)
    return f"<style>:root{{color-scheme:{scheme};--failed:{failed}}}\n{sheet}</style>"


def path(name: str) -> str:
    """The path of a file of the theme."""
    return str(resources.files("app.theme").joinpath(name))
