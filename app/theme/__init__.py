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
    it from the root, and the direction of what is written as well. It speaks English of a file that
    was not made and of pages that find no room in the head, where only the style can reach.
    """
    folder, say = resources.files("app.theme"), words.of(language)
    names = ["page.css", "right.css"] if say.right_to_left else ["page.css"]
    sheet = "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)
    own = {"failed": say("paper.failed"), "more": say("frame.more")}
    said = "".join(f";--{name}:{json.dumps(one, ensure_ascii=False)}" for name, one in own.items())
    return f"<style>:root{{color-scheme:{scheme}{said}}}\n{sheet}</style>"


def path(name: str) -> str:
    """The path of a file of the theme."""
    return str(resources.files("app.theme").joinpath(name))
