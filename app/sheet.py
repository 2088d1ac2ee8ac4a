"""The form of an outcome as it stands in one window: its fields, and what is known of its draft."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from riskprofile.tables import Table


@dataclass
class Sheet:
    """Written in place: where `st.session_state` is asked the next click may end a run, and what
    was saved, sent or discarded must not be left without its note.
    """

    at: str = ""  # when this window saved the draft, or what it read was saved
    elsewhere: bool = False  # whether another window saved one since
    items: Table | None = None  # those of the draft, below which more are typed; None: to be read
    asked: tuple[str, ...] = ()  # the reasons that are asked after
    round: int = 0

    def empty(self) -> None:
        """Take new fields in which nothing stands, to be filled from the draft.

        A browser tells of all fields with each act, as it shows them: what it still tells of the
        old ones is of no field any more.
        """
        self.at, self.elsewhere, self.items, self.asked = "", False, None, ()
        self.round += 1


def of(alert_id: int) -> Sheet:
    """That of this window."""
    sheet: Sheet = st.session_state.setdefault(f"sheet-{alert_id}", Sheet())
    return sheet


def key(name: str, alert_id: int) -> str:
    """Of one of its fields."""
    return f"{name}-{alert_id}-{of(alert_id).round}"
