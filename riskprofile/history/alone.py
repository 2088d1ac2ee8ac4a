"""What one row asks of the past, in plain numbers: an array of one takes as long as of a thousand.

The answers are those of `snapshot` to the last bit. Sums are whole numbers, and each is made a
float before it is divided, as an array of them would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan, sqrt
from typing import NamedTuple

from riskprofile.columns import Number, View, Whole, Word
from riskprofile.history import asked
from riskprofile.history.asked import DAY
from riskprofile.history.index import BITS, NEVER, SECOND, Index
from riskprofile.history.layer import QUANTUM
from riskprofile.reference.hashing import START, hash_text, mixed
from riskprofile.reference.once import once

_UNSIGNED, _SIGN, _BEGUN = (1 << 64) - 1, 1 << 63, int(START)
_NONE, _UNKNOWN = Number(0.0), Number(nan)
_NO_NORM = {"n": _NONE, "mean": _UNKNOWN, "sd": _UNKNOWN}


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
def _part(items: View, name: str) -> int | None:
    held = items[name]
    if isinstance(held, Word | Whole):
        one = held.one
        if one is None:
            return None
        return (hash_text(one) if isinstance(held, Word) else one) & _UNSIGNED
    parts, present = asked.hashed(held)
    return parts.item(0) if present.item(0) else None


@once
def key(items: View, by: tuple[str, ...]) -> int | None:
    """The number of the row's values in these columns, as indexes have it; None where one lacks."""
    number, parts = _BEGUN, [_part(items, name) for name in reversed(by)]
    while parts:
        part = parts.pop()
        if part is None:
            return None
        number = mixed(number ^ part)
    return _signed(number)


@once
def _day(items: View) -> int:
    day: int = asked.days(items).item(0)
    return day * DAY


def _signed(number: int) -> int:
    """As int64 holds it: keys do, and sums, which may have gone past its end and come round."""
    return (number + _SIGN & _UNSIGNED) - _SIGN


def met(
    items: View, by: tuple[str, ...], held: Sequence[tuple[int, Index]]
) -> Sequence[Met] | None:
    """Where its key is in these indexes, each with its sign; None where it lacks the key."""
    number = key(items, by)
    if number is None:
        return None
    made = []
    for sign, index in held:
        keys = index.keys
        place = int(keys.searchsorted(number))
        if place < len(keys) and keys.item(place) == number:
            start, day = place << BITS, _day(items)
            made.append(Met(sign, index, start, day, int(index.times.searchsorted(start + day))))
    return made


def count(found: Sequence[Met] | None, days: float | None) -> Number:
    """The events of a key, in the last `days`; missing without a key."""
    if not found:
        return _UNKNOWN if found is None else _NONE
    number = 0
    for one in found:
        number += one.sign * (one.end - one.since(days))
    return Number(float(number))


def norm(found: Sequence[Met] | None) -> dict[str, Number]:
    """How many measures of a key there are, their mean and their standard deviation."""
    number = total = squares = 0
    for one in found or ():
        index, first, end = one.events, one.since(None), one.end
        number += one.sign * (end - first)
        if index.total is not None and index.squares is not None:
            total += one.sign * (index.total.item(end) - index.total.item(first))
            squares += one.sign * (index.squares.item(end) - index.squares.item(first))
    if not number:
        return _NO_NORM
    counted = float(max(number, 1))
    mean = float(_signed(total)) / counted / QUANTUM
    square = float(_signed(squares)) / counted / QUANTUM**2
    sd = sqrt(max(square - mean * mean, 0.0))
    return {"n": Number(float(number)), "mean": Number(mean), "sd": Number(sd)}


def edge(found: Sequence[Met], *, last: bool) -> int:
    """Seconds of the first or the last event of its key; `NEVER` where none is.

    Nothing may have been taken from the past.
    """
    best = NEVER
    for one in found:
        first, end = one.since(None), one.end
        if end > first:
            at = one.events.times.item(end - 1 if last else first) & int(SECOND)
            best = at if best == NEVER else max(best, at) if last else min(best, at)
    return best
