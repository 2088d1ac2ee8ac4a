"""What one row asks of the past, in plain numbers: an array of one takes as long as of a thousand.

The answers are those of `snapshot` to the last bit. Sums are whole numbers, and each is made a
float before it is divided, as an array of them would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan, sqrt
from typing import NamedTuple

from riskprofile.columns import View
from riskprofile.history import asked
from riskprofile.history.asked import DAY
from riskprofile.history.index import BITS, Index
from riskprofile.history.layer import QUANTUM
from riskprofile.reference.hashing import START, mixed
from riskprofile.reference.once import once


class Met(NamedTuple):
    """The row's key in an index, which adds to the past (`sign` 1) or takes from it."""

    sign: int
    events: Index
    start: int  # where the times of the key begin
    day: int
    end: int  # past its last event

    def since(self, days: float | None) -> int:
        """Its first event, in a window of so many days or of all times."""
        start = self.start if days is None else self.start + max(self.day - round(days * DAY), 0)
        return int(self.events.times.searchsorted(start))


@once
def key(items: View, by: tuple[str, ...]) -> int | None:
    """The number (64 bits, unsigned) of the row's values in these columns; None where one lacks."""
    if not by:
        return int(START)
    part, begun = _part(items, by[-1]), key(items, by[:-1])
    return None if begun is None or part is None else mixed(begun ^ part)


@once
def _part(items: View, name: str) -> int | None:
    parts, present = asked.hashed(items[name])
    return parts.item(0) if present.item(0) else None


@once
def _day(items: View) -> int:
    return int(asked.days(items).item(0)) * DAY


def met(items: View, by: tuple[str, ...], held: Sequence[tuple[int, Index]]) -> list[Met]:
    """Where its key is in these indexes, each with its sign."""
    number = key(items, by)
    if number is None:
        return []
    if number >> 63:  # keys are signed
        number -= 1 << 64
    made, day = [], _day(items)
    for sign, index in held:
        keys = index.keys
        place = int(keys.searchsorted(number))
        if place < len(keys) and keys.item(place) == number:
            start = place << BITS
            made.append(Met(sign, index, start, day, int(index.times.searchsorted(start + day))))
    return made


def count(items: View, by: tuple[str, ...], found: Sequence[Met], days: float | None) -> float:
    """The events of its key, in the last `days`; missing without a key."""
    if not found and key(items, by) is None:
        return nan
    return float(sum(one.sign * (one.end - one.since(days)) for one in found))


def norm(found: Sequence[Met]) -> tuple[float, float, float]:
    """How many measures of a key there are, their mean and their standard deviation."""
    number = total = squares = 0
    for one in found:
        index, first, end = one.events, one.since(None), one.end
        number += one.sign * (end - first)
        if index.total is not None and index.squares is not None:
            total += one.sign * (index.total.item(end) - index.total.item(first))
            squares += one.sign * (index.squares.item(end) - index.squares.item(first))
    if not number:
        return 0.0, nan, nan
    counted = float(max(number, 1))
    mean = float(total) / counted / QUANTUM
    square = float(squares) / counted / QUANTUM**2
    return float(number), mean, sqrt(max(square - mean * mean, 0.0))
