"""Which offices have news: asked of the database once for all the pages that stand open."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from riskprofile.services import review
from riskprofile.services.rights import Actor
from riskprofile.store.database import Store

EVERY = 0.5  # seconds between two questions to the database, however many pages ask


class News:
    """How often alerts came since this process first looked, as each office sees it.

    Parameters
    ----------
    clock : callable, optional
        Seconds that only grow.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._lock = Lock()
        self._due = float("-inf")
        self._upto: int | None = None  # the highest alert id
        self._times = 0  # that some came
        self._last: dict[str | None, int] = {}  # of these, by office

    def of(self, person: Actor) -> int:
        """A number that changes when alerts come which this person may see."""
        with self._lock:
            if self._clock() >= self._due:
                self._upto, offices = review.arrived(self._store, self._upto)
                self._times += bool(offices)
                self._last |= dict.fromkeys(offices, self._times)
                self._due = self._clock() + EVERY
            if person.office is None:
                return self._times
            return max(self._last.get(one, 0) for one in (person.office, None))
