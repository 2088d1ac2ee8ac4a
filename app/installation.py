"""The one installation that this process serves: its store, settings and clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

COOKIE = "riskprofile_session"  # holds the token of `services.identity`, and nothing else
LANGUAGE_COOKIE = "riskprofile_language"


@dataclass(frozen=True)
class Installation:
    """What pages are handed: they open no database and read no clock of their own."""

    store: Any
    settings: Any
    clock: Callable[[], datetime]  # UTC-aware
    news: Any  # of `app.news`
    runs: Any  # of `app.runs`


_served: list[Installation] = []


def serve_from(installation: Installation) -> None:
    """Set the installation whose pages this process draws (Streamlit has one app a process)."""
    _served[:] = [installation]


def served() -> Installation:
    """The installation being served.

    Raises
    ------
    RuntimeError
        When a page runs outside `app.server.build`.
    """
    if not _served:
        raise RuntimeError("no installation is served: start the pages with `riskprofile serve`")
    return _served[0]
