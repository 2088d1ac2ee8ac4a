"""Who has news: asked of the database once for all the pages that stand open."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from riskprofile.services import arriving
from riskprofile.services.rights import Actor
from riskprofile.store.database import Store

EVERY = 0.5  # seconds between two questions to the database, however many pages ask


class News:
    """How often alerts came since this process first looked, as each office sees it, or were
    given to somebody.

    Parameters
    ----------
    clock : callable, optional
        Seconds that only grow.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._lock = Lock()
        self._due = float("-inf")
        self._upto: arriving.Upto | None = None
        self._times = 0  # that some came
        self._last: dict[str | None, int] = {}  # of these, by office
        self._given: dict[str, int] = {}  # and by person

    def of(self, person: Actor) -> int:
        """A number that changes when alerts come which this person may see, or is given."""
        with self._lock:
            if self._clock() >= self._due:
                came = arriving.arrived(self._store, self._upto)
                self._upto = came.upto
                self._times += bool(came.offices or came.people)
                self._last |= dict.fromkeys(came.offices, self._times)
                self._given |= dict.fromkeys(came.people, self._times)
                self._due = self._clock() + EVERY
            if person.office is None:
                return self._times
            mine = self._given.get(person.name, 0)
            return max(mine, *(self._last.get(one, 0) for one in (person.office, None)))

    @property
    def entry(self) -> int:
        """The newest entry of the audit chain when it was asked last; nothing after it is missed
        by a page that is drawn now.
        """
        return 0 if self._upto is None else self._upto.entry
