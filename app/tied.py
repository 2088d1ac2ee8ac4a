"""A number that the server puts into a widget, or into two that show one: the last move counts.

A browser sends with each act what all of its widgets show. What was put into one of them meanwhile
may still be on its way: then the browser tells of the value before, which nobody chose. So whatever
is put has a turn, which stands in a field that nobody sees. The browser sends that back as
well: it tells what it had drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st


@dataclass
class Part:
    """One of the widgets; it shows no more than `most`."""

    key: str
    most: int
    said: int | None = None  # what the browser showed when something was moved there last
    puts: list[tuple[int, int]] = field(default_factory=list)  # since: each with its turn

    def shown(self, drawn: int) -> int | None:
        """What a browser shows in which nothing was moved since, and that has drawn so much."""
        return next((put for turn, put in reversed(self.puts) if turn <= drawn), self.said)

    def waits(self, drawn: int) -> bool:
        """Whether something is still on its way."""
        return bool(self.puts) and self.puts[-1][0] > drawn


@dataclass
class Tied:
    """The number and its widgets. It is held in the session state, and written in place."""

    key: str
    number: int
    parts: tuple[Part, ...]
    turn: int = 0

    def hear(self) -> int:
        """Take the number of a widget that was moved, and return what it is now."""
        drawn, values = self._told()
        moved = [
            value
            for part, value in zip(self.parts, values, strict=True)
            if value is not None and value != part.shown(drawn)
        ]
        if moved:
            self.number = moved[-1]
            for part, value in zip(self.parts, values, strict=True):
                part.said = value
                part.puts = [one for one in part.puts if one[0] > drawn]
        return self.number

    def show(self) -> None:
        """Put the number into the widgets that show another, before they are drawn.

        No other is touched: a slider that is held would jump back.
        """
        drawn, values = self._told()
        given = {}
        for part, value in zip(self.parts, values, strict=True):
            wanted = min(self.number, part.most)
            if value != wanted or part.waits(drawn):
                part.puts.append((self.turn + 1, wanted))
                given[part.key] = wanted
        if not given:
            return
        self.turn += 1
        # It is noted already: where the run ends here, it is put in the next.
        for key, wanted in given.items():
            st.session_state[key] = wanted
        st.session_state[self.key] = str(self.turn)

    def mark(self) -> None:
        """Draw the field that nobody sees, after the widgets; `page.css` hides it by its key."""
        st.text_input(self.key, key=self.key, label_visibility="collapsed")

    def again(self) -> None:
        """Have the number put into each of them: a run that follows at once draws over what was."""
        self.turn += 1
        for part in self.parts:
            part.puts.append((self.turn, min(self.number, part.most)))

    def _told(self) -> tuple[int, list[int | None]]:
        """What was drawn, and the number in each part; all is asked before anything is noted, for
        where the session state is asked a run may end.

        A page may have drawn more turns than there were here: of a server that ran before.
        """
        drawn = int(st.session_state.get(self.key) or 0)
        values = [st.session_state.get(part.key) for part in self.parts]
        self.turn = max(self.turn, drawn)
        return drawn, values


def held(name: str, number: int, *parts: tuple[str, int]) -> Tied:
    """That of this window by its name, else a new one.

    Parameters
    ----------
    number : int
        What a new one begins with.
    parts : tuple of (str, int)
        The key of each widget, and the most that it shows.
    """
    first = Tied(f"turn-{name}", number, tuple(Part(*one) for one in parts))
    tied: Tied = st.session_state.setdefault(f"tied-{name}", first)
    return tied
