"""What one row asks of the past, in plain numbers: an array of one takes as long as of a thousand.

The answers are those of `snapshot` to the last bit. Sums are whole numbers, and each is made a
float before it is divided, as an array of them would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import nan, sqrt

from riskprofile.columns import Column, Moment, Number, View, Whole, Word
from riskprofile.history import asked
from riskprofile.history.asked import DAY
from riskprofile.history.index import BITS, NEVER, SECOND, Index
from riskprofile.history.layer import QUANTUM
from riskprofile.reference.hashing import START, hash_text, mixed
from riskprofile.reference.once import once

_UNSIGNED, _SIGN, _BEGUN = (1 << 64) - 1, 1 << 63, int(START)
_NONE, _UNKNOWN = Number(0.0), Number(nan)
_NO_NORM = {"n": _NONE, "mean": _UNKNOWN, "sd": _UNKNOWN}


Met = tuple[int, Index, int, int]


@dataclass(slots=True)
class _Row:
    """What a row asks by: its day, and the numbers of its values and of its keys met so far."""

    day: int
    parts: dict[str, int | None] = field(default_factory=dict)
    keys: dict[tuple[str, ...], int | None] = field(default_factory=dict)


@once
def _row(items: View) -> _Row:
    held = items["time"]
    if not isinstance(held, Moment):
        return _Row(asked.days(items).item(0) * DAY)
    seconds = 0 if held.one is None else max(held.one // 1_000_000 - asked.EPOCH_SECOND, 0)
    return _Row(seconds - seconds % DAY)


def age(items: View, began: int) -> Number:
    """Days from the first second known to the row's own day."""
    return Number(float(max(_row(items).day // DAY - began // DAY, 0)))


def _part(held: Column) -> int | None:
    """The number that stands for its value."""
    if isinstance(held, Word | Whole):
        one = held.one
        if one is None:
            return None
        return (hash_text(one) if isinstance(held, Word) else one) & _UNSIGNED
    parts, present = asked.hashed(held)
    return parts.item(0) if present.item(0) else None


def _key(items: View, parts: dict[str, int | None], by: tuple[str, ...]) -> int | None:
    """The number of its values in these columns, as indexes have it; None where one lacks."""
    for name in reversed(by):
        if name not in parts:
            parts[name] = _part(items[name])
    number = _BEGUN
    for name in by:
        part = parts[name]
        if part is None:
            return None
        number = mixed(number ^ part)
    return _signed(number)


def _signed(number: int) -> int:
    """As int64 holds it: keys do, and sums, which may have gone past its end and come round."""
    return (number + _SIGN & _UNSIGNED) - _SIGN


def met(
    items: View,
    by: tuple[str, ...],
    held: Sequence[tuple[int, Index]],
    days: float | None = None,
) -> Sequence[Met] | None:
    """The events of its key in these indexes, in the last `days`; None where it lacks the key.

    Of each index that has the key: 1 or -1 as it adds to the past or takes from it, the index, the
    first event, and the end.
    """
    row = _row(items)
    if by not in row.keys:
        row.keys[by] = _key(items, row.parts, by)
    number = row.keys[by]
    if number is None:
        return None
    made = []
    for sign, index in held:
        keys, times = index.keys, index.times
        place = int(keys.searchsorted(number))
        if place < len(keys) and keys.item(place) == number:
            start = place << BITS
            end = int(times.searchsorted(start + row.day))
            since = 0 if days is None else max(row.day - round(days * DAY), 0)
            made.append((sign, index, int(times.searchsorted(start + since)), end))
    return made


def count(found: Sequence[Met] | None) -> Number:
    """How many events are met; missing without a key."""
    if not found:
        return _UNKNOWN if found is None else _NONE
    number = 0
    for sign, _, first, end in found:
        number += sign * (end - first)
    return Number(float(number))


def norm(found: Sequence[Met] | None) -> dict[str, Number]:
    """How many measures of a key there are, their mean and their standard deviation."""
    number = total = squares = 0
    for sign, index, first, end in found or ():
        number += sign * (end - first)
        if index.total is not None and index.squares is not None:
            total += sign * (index.total.item(end) - index.total.item(first))
            squares += sign * (index.squares.item(end) - index.squares.item(first))
    if not number:
        return _NO_NORM
    counted = float(max(number, 1))
    mean = float(_signed(total)) / counted / QUANTUM
    square = float(_signed(squares)) / counted / QUANTUM**2
    sd = sqrt(max(square - mean * mean, 0.0))
    return {"n": Number(float(number)), "mean": Number(mean), "sd": Number(sd)}


def edge(found: Sequence[Met], *, last: bool) -> Moment:
    """The first or the last event of its key, if there is one.

    Nothing may have been taken from the past.
    """
    best = NEVER
    for _, index, first, end in found:
        if end > first:
            at = index.times.item(end - 1 if last else first) & int(SECOND)
            best = at if best == NEVER else max(best, at) if last else min(best, at)
    return Moment(None if best == NEVER else (best + asked.EPOCH_SECOND) * 1_000_000)
