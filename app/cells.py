"""What a person types into the table of rows that wait: kept as a draft, cell by cell.

The draft outlives a dropped line and a lock. Two windows of one person share it: what one types
joins what the other has typed, and where both gave the same cell a value the later is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from app import session, typed
from app.installation import served
from riskprofile.errors import StoreError
from riskprofile.services import review

Fixes = dict[int, dict[str, str]]  # value by column, by row
Cells = dict[tuple[int, str], str]


@dataclass
class Window:
    """What one window knows of the draft, written in place.

    Where `st.session_state` is asked the next click may end a run: between what is saved and its
    note here nothing is asked.
    """

    person: Any
    subject: str
    known: Fixes  # the draft as this window drew or saved it last
    mine: Cells = field(default_factory=dict)  # typed here, and not saved; "" takes a value out
    asks: bool = False  # whether another window gave one of these cells another value
    turn: int = 0  # tables drawn: a browser keeps its own edits of one

    def fixes(self) -> Fixes:
        """What stands here, those typed last at the end."""
        return _joined(self.known, self.mine)

    def undecided(self) -> set[int]:
        """Rows of which it is not known which value counts."""
        return {row for row, _ in self.mine} if self.asks else set()

    def take(self, given: Mapping[tuple[int, str], str], told: Cells | None = None) -> None:
        """Keep what was typed into cells; what stood there already is nothing new.

        Nor is what their table has `told` of before: another window may have written there since.
        What it tells now is added to that.
        """
        stands, told = self.fixes(), {} if told is None else told
        new = {
            cell: text
            for cell, text in given.items()
            if text not in (_value(stands, cell), told.get(cell))
        }
        told |= given
        if new:
            self.mine |= new
            self._save()
        if not self.mine and any(_value(self.known, cell) != given[cell] for cell in given):
            self.turn += 1  # the browser shows what was typed here before another window changed it

    def look(self) -> bool:
        """Whether another window has changed the draft since: then it is as that left it."""
        if self.mine:
            return False
        kept = self._kept()
        if kept == self.known:
            return False
        self.known = kept
        self.turn += 1
        return True

    def theirs(self) -> None:
        """Of the cells that both gave a value, that of the other window counts."""
        kept = self._kept()
        for cell in self._twice(kept):
            del self.mine[cell]
        self._chosen(kept)

    def ours(self) -> None:
        """That of this window counts."""
        self._chosen(self._kept())

    def forget(self, rows: Collection[int]) -> None:
        """These rows wait no more; of what was typed the rest is kept."""
        self.mine = {cell: text for cell, text in self.mine.items() if cell[0] not in rows}
        self.known = {row: given for row, given in self.known.items() if row not in rows}
        self.turn += 1
        self._save(gone=rows)

    def _chosen(self, kept: Fixes) -> None:
        self.known, self.asks = kept, False
        self.turn += 1
        self._save()

    def _twice(self, kept: Fixes) -> list[tuple[int, str]]:
        """Cells of `mine` that another window gave another value since this one knew of it."""
        return [
            cell
            for cell, text in self.mine.items()
            if _value(kept, cell) not in (_value(self.known, cell), text)
        ]

    def _save(self, gone: Collection[int] = ()) -> None:
        """Keep it, unless somebody has to be asked; where the database does not answer it stays in
        this window, and goes with the next.
        """
        with suppress(StoreError):
            while True:
                kept = self._kept()
                self.asks = bool(self._twice(kept))
                if self.asks and not gone:
                    return
                rest = {row: given for row, given in kept.items() if row not in gone}
                content = rest if self.asks else _joined(rest, self.mine)
                saved = review.save_draft(
                    served().store,
                    self.person,
                    self.subject,
                    {str(row): given for row, given in content.items()},
                    session.now(),
                    partial(_same, kept),
                )
                if saved and not self.asks:
                    self.known, self.mine = content, {}
                if saved:
                    return

    def _kept(self) -> Fixes:
        return _read(review.draft(served().store, self.person, self.subject))


def window(person: Any, batch_id: str) -> Window:
    """That of this window, for one batch."""
    subject = f"repair:{batch_id}"
    key = typed.own(subject, person)
    found: Window | None = st.session_state.get(key)
    if found is None:
        found = Window(person, subject, {})
        found.known = found._kept()
        st.session_state[key] = found
    return found


def _same(seen: Fixes, content: Any) -> bool:
    return _read(content) == seen


def _read(content: Any) -> Fixes:
    return {int(row): dict(given) for row, given in (content or {}).items()}


def _value(fixes: Fixes, cell: tuple[int, str]) -> str:
    row, column = cell
    return fixes.get(row, {}).get(column, "")


def _joined(fixes: Fixes, cells: Cells) -> Fixes:
    told = {row: dict(given) for row, given in fixes.items()}
    for (row, column), text in cells.items():
        given = {**told.pop(row, {}), column: text}
        if given := {name: value for name, value in given.items() if value}:
            told[row] = given
    return told
