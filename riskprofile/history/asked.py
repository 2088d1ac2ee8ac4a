"""What a view asks of the past: keys and days of its rows, worked out once for all questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from riskprofile.columns import Text, View
from riskprofile.reference.hashing import START, hash_texts, mix
from riskprofile.reference.once import once

EPOCH = np.datetime64("1980-01-01T00:00:00", "us")
SECOND = np.timedelta64(1_000_000, "us")
DAY = 86_400


@dataclass(frozen=True)
class Asked:
    """Queries sorted by key and day: so asked, a search stays near where the last one ended."""

    order: np.ndarray  # place of each query in the table
    hashes: np.ndarray
    days: np.ndarray
    given: np.ndarray  # in the order of the table: rows that have all of the key

    @classmethod
    def of(cls, hashes: np.ndarray, days: np.ndarray, given: np.ndarray) -> Asked:
        """From the queries in the order of the table."""
        order = np.lexsort((days, hashes))
        return cls(order, hashes[order], days[order], given)


def queries(items: View, by: Sequence[str]) -> Asked:
    """The queries of these rows by these columns: most features ask by the same few."""
    asked: Asked = _queries(items, tuple(by))
    return asked


@once
def _queries(items: View, by: tuple[str, ...]) -> Asked:
    return Asked.of(_mixed(items, by).view(np.int64), _day(items), given(items, by))


@once
def _mixed(items: View, by: tuple[str, ...]) -> np.ndarray:
    """The number that stands for the values of each row; what begins alike is mixed once."""
    if not by:
        return np.full(len(items), START, dtype=np.uint64)
    part, _ = _hashed(items, by[-1])
    return mix(_mixed(items, by[:-1]) ^ part)


@once
def given(items: View, by: tuple[str, ...]) -> np.ndarray:
    """Rows that have all of a key."""
    if not by:
        return np.ones(len(items), dtype=bool)
    _, present = _hashed(items, by[-1])
    every: np.ndarray = given(items, by[:-1]) & present
    return every


@once
def _hashed(items: View, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The number that stands for each row's value, and which rows have one."""
    held = items[name]
    present = held.notna().values
    if isinstance(held, Text):
        # What a missing text is mixed in as does not matter: such a row gets no answer.
        part = held.spread(hash_texts([*held.distinct]), np.int64(0))
    else:
        part = np.where(present, held.values, 0).astype(np.int64)
    return part.view(np.uint64), present


@once
def _day(items: View) -> np.ndarray:
    whole = seconds(items["time"].values)
    start: np.ndarray = whole - whole % DAY
    return start


@once
def days(items: View) -> np.ndarray:
    """Each row's own day (UTC), counted from 1980; the first where no time is known."""
    counted: np.ndarray = _day(items) // DAY
    return counted


def seconds(times: np.ndarray) -> np.ndarray:
    """Whole seconds since 1980; a missing time counts as the beginning (nothing is known)."""
    elapsed = (times - EPOCH) // SECOND  # whole numbers; a missing time becomes zero
    whole: np.ndarray = np.where(np.isnat(times), 0, np.maximum(elapsed, 0))
    return whole
