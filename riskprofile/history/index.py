"""Times of past events by key, as sorted arrays: searched, merged, and taken from one another.

An index is immutable and holds nothing but arrays, so that it can lie in memory or be mapped
from a file. Sums are whole numbers: they are the same in any order of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from riskprofile.columns import spans
from riskprofile.reference.hashing import distinct, in_order, starts

BITS = 33  # seconds of one key: 272 years
SPAN = np.int64(1 << BITS)
SECOND = np.int64(SPAN - 1)  # the seconds of a time; the rest is the place of its key
NEVER = -1  # where there is no such event


@dataclass(frozen=True)
class Index:
    """Events by key and time.

    Parameters
    ----------
    keys : ndarray of int64
        Sorted, distinct.
    times : ndarray of int64
        Sorted: the place of the key in `keys` times 2**33, plus seconds.
    values : ndarray of int64, optional
        The measure of each event; without one, events are counted alone.
    total, squares : ndarray of int64, optional
        Running sums of `values` and of their squares before each event, and after the last.
    """

    keys: np.ndarray
    times: np.ndarray
    total: np.ndarray | None = None
    squares: np.ndarray | None = None

    @classmethod
    def of(cls, hashes: np.ndarray, seconds: np.ndarray, values: np.ndarray | None = None) -> Index:
        """From events in any order; it takes less where they are in that of their times."""
        if (seconds[1:] < seconds[:-1]).any():
            order = np.argsort(seconds, kind="stable")
            hashes, seconds = hashes[order], seconds[order]
            values = None if values is None else values[order]
        order = in_order(hashes)
        hashes = hashes[order]
        new = starts(hashes)
        times = (np.cumsum(new) - 1 << BITS) + seconds[order]
        return cls._summed(hashes[new], times, None if values is None else values[order])

    @classmethod
    def _summed(cls, keys: np.ndarray, times: np.ndarray, values: np.ndarray | None) -> Index:
        if values is None:
            return cls(keys, times)
        return cls(keys, times, _running(values), _running(values * values))

    def __len__(self) -> int:
        return len(self.times)

    @property
    def values(self) -> np.ndarray | None:
        """The measure of each event, in order."""
        return None if self.total is None else np.diff(self.total)

    def found(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of the asked keys (sorted, as a rule) are here, and where the times of each begin.

        The latter is a time: to it seconds are added, and so it is searched.
        """
        if not len(self.keys):
            return NO_KEYS, NO_KEYS
        place = self.keys.searchsorted(hashes)
        known = (self.keys.take(place, mode="clip") == hashes).nonzero()[0]
        return known, place[known] << BITS

    def range(
        self, hashes: np.ndarray, since: np.ndarray, until: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """First and past-the-end event of each key from `since` to before `until`, in seconds.

        Both are 0 for a key that is not here. Sorted queries stay near one another.
        """
        first = np.zeros(len(hashes), dtype=np.int64)
        end = np.zeros(len(hashes), dtype=np.int64)
        known, base = self.found(hashes)
        first[known] = self.times.searchsorted(base + since[known])
        end[known] = self.times.searchsorted(base + until[known])
        return first, end

    def many(self, hashes: np.ndarray) -> np.ndarray:
        """How many events each of these keys, in any order, has in all."""
        made = np.zeros(len(hashes), dtype=np.int64)
        order = in_order(hashes)
        known, base = self.found(hashes[order])
        ends = self.times.searchsorted(np.stack([base, base + SPAN]))
        made[order[known]] = ends[1] - ends[0]
        return made

    def merged(self, other: Index) -> Index:
        """The events of both. The other is the smaller one, as a rule: it is sorted in."""
        if not len(other):
            return self
        if not len(self):
            return other
        new = other.keys[~_held(self.keys, other.keys)]
        at = np.searchsorted(self.keys, new)
        keys = np.insert(self.keys, at, new)
        before = np.cumsum(np.bincount(at, minlength=len(self.keys) + 1))[: len(self.keys)]
        mine = self.times + (before[self.times >> BITS] << BITS)
        theirs = np.searchsorted(keys, other.keys)[other.times >> BITS].astype(np.int64)
        theirs = (theirs << BITS) + (other.times & SECOND)
        place = np.searchsorted(mine, theirs, side="right")
        values, added = self.values, other.values
        if values is not None and added is not None:
            values = np.insert(values, place, added)
        return self._summed(keys, np.insert(mine, place, theirs), values)

    def less(self, other: Index) -> tuple[Index, Index]:
        """Take each event of the other out once: what is left of this one, and of the other."""
        if not len(self) or not len(other):
            return self, other
        place = np.searchsorted(self.keys, other.keys).clip(max=len(self.keys) - 1)
        known = (self.keys[place] == other.keys)[other.times >> BITS]
        asked = np.flatnonzero(known)
        wanted = place[other.times[asked] >> BITS].astype(np.int64)
        wanted = (wanted << BITS) + (other.times[asked] & SECOND)
        # What may go lies at one of these times; of those at one time, values tell which.
        moments = distinct(wanted)
        first = np.searchsorted(self.times, moments, side="left")
        size = np.searchsorted(self.times, moments, side="right") - first
        near = spans(first, size)
        mine, theirs = self.values, other.values
        if mine is None or theirs is None:
            both = np.concatenate([self.times[near], wanted])[:, None]
        else:
            both = np.stack(
                [
                    np.concatenate([self.times[near], wanted]),
                    np.concatenate([mine[near], theirs[asked]]),
                ],
                axis=1,
            )
        _, number = np.unique(both, axis=0, return_inverse=True)
        number = number.reshape(-1)
        gone, found = _paired(number[: len(near)], number[len(near) :])
        kept = np.ones(len(self), dtype=bool)
        kept[near[gone]] = False
        left = np.ones(len(other), dtype=bool)
        left[asked[found]] = False
        return self._chosen(kept), other._chosen(left)

    def _chosen(self, kept: np.ndarray) -> Index:
        if kept.all():
            return self
        times = self.times[kept]
        place = times >> BITS
        used = np.zeros(len(self.keys), dtype=bool)
        used[place] = True
        times = ((np.cumsum(used) - 1)[place] << BITS) + (times & SECOND)
        values = self.values
        return self._summed(self.keys[used], times, None if values is None else values[kept])


NO_KEYS = np.empty(0, dtype=np.int64)
NO_EVENTS = Index(NO_KEYS, NO_KEYS)


@dataclass(frozen=True)
class Change:
    """What a stretch of the past added to an index, and what it took from those before it."""

    plus: Index
    minus: Index = NO_EVENTS

    def then(self, later: Change) -> Change:
        """Both, one after the other, as one."""
        plus, minus = self.plus.merged(later.plus), self.minus.merged(later.minus)
        return Change(*plus.less(minus))


def edge(
    changes: Sequence[Change], hashes: np.ndarray, until: np.ndarray, *, last: bool
) -> np.ndarray:
    """Seconds of the first or the last event of each key before `until`; `NEVER` where none is.

    What was added and taken out again was not there.
    """
    found = _nearest(changes, hashes, np.zeros_like(until), until, last=last)
    rest = _taken_at(changes, hashes, found)
    since, until = np.zeros_like(until[rest]), until[rest]
    while len(rest):
        asked, best = hashes[rest], found[rest]
        net = sum(_many(one.plus, asked, best) - _many(one.minus, asked, best) for one in changes)
        left = net <= 0
        rest, asked, best, since, until = (one[left] for one in (rest, asked, best, since, until))
        since, until = (since, best) if last else (best + 1, until)
        found[rest] = _nearest(changes, asked, since, until, last=last)
        doubted = _taken_at(changes, asked, found[rest])
        rest, since, until = rest[doubted], since[doubted], until[doubted]
    return found


def _nearest(
    changes: Sequence[Change],
    hashes: np.ndarray,
    since: np.ndarray,
    until: np.ndarray,
    *,
    last: bool,
) -> np.ndarray:
    """The first or the last event that was added, whether it was taken out again or not."""
    best = np.full(len(hashes), NEVER, dtype=np.int64)
    for one in changes:
        known, base = one.plus.found(hashes)
        if not len(known):
            continue
        times = one.plus.times
        first = times.searchsorted(base + since[known])
        end = times.searchsorted(base + until[known])
        some = end > first
        here = known[some]
        at = times[end[some] - 1 if last else first[some]] & SECOND
        old = best[here]
        better = (old == NEVER) | (at > old if last else at < old)
        best[here[better]] = at[better]
    return best


def _taken_at(changes: Sequence[Change], hashes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Queries at whose time something was taken out."""
    if not any(len(one.minus) for one in changes):
        return NO_KEYS
    taken = np.zeros(len(hashes), dtype=bool)
    for one in changes:
        if len(one.minus):
            taken |= _many(one.minus, hashes, at) > 0
    return np.flatnonzero(taken & (at != NEVER))


def _many(index: Index, hashes: np.ndarray, at: np.ndarray) -> np.ndarray:
    first, end = index.range(hashes, at, at + 1)
    many: np.ndarray = end - first
    return many


def _running(values: np.ndarray) -> np.ndarray:
    made = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=made[1:])
    return made


def _held(keys: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Which of the asked are among sorted keys, which are not none."""
    place = np.searchsorted(keys, asked).clip(max=len(keys) - 1)
    held: np.ndarray = keys[place] == asked
    return held


def _paired(mine: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of equal numbers in both, as many of each as both have."""
    one, other = np.argsort(mine, kind="stable"), np.argsort(theirs, kind="stable")
    sorted_mine, sorted_theirs = mine[one], theirs[other]
    rank = np.arange(len(other)) - np.searchsorted(sorted_theirs, sorted_theirs, side="left")
    place = np.searchsorted(sorted_mine, sorted_theirs, side="left") + rank
    found = place < np.searchsorted(sorted_mine, sorted_theirs, side="right")
    return one[place[found]], other[found]
