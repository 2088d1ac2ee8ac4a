"""Style, logo and templates of the pages."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def css() -> str:
    """The style sheet of every page, for `st.html` (one sheet serves both themes)."""
    return f"<style>{resources.files('app.theme').joinpath('page.css').read_text('utf-8')}</style>"


def path(name: str) -> str:
    """The path of a file of the theme."""
    return str(resources.files("app.theme").joinpath(name))
