"""What a view asks of the past: keys and days of its rows, worked out once for all questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskprofile.columns import Column, Text, View
from riskprofile.reference.hashing import START, hash_texts, in_order, mix, starts
from riskprofile.reference.once import once

EPOCH = np.datetime64("1980-01-01T00:00:00", "us")
SECOND = np.timedelta64(1_000_000, "us")
DAY = 86_400
EPOCH_SECOND = int(EPOCH.astype(np.int64)) // 1_000_000


@dataclass(slots=True)
class Asked:
    """Distinct queries sorted by key and day: so asked, a search stays near where the last ended.

    Parameters
    ----------
    of_rows : ndarray of int64
        The number of the query of each row.
    hashes, days : ndarray of int64
        Key and day of each query.
    lacking : ndarray of bool, optional
        Rows without all of the key, where there are any: they get no answer.
    """

    of_rows: np.ndarray
    hashes: np.ndarray
    days: np.ndarray
    lacking: np.ndarray | None

    def __len__(self) -> int:
        return len(self.hashes)

    def told(self, answers: np.ndarray, missing: Any = None) -> np.ndarray:
        """The answer of each row, of those to the queries along the last axis; else `missing`."""
        made: np.ndarray = answers.take(self.of_rows, axis=-1)
        if self.lacking is not None and missing is not None:
            np.copyto(made, missing, where=self.lacking)
        return made


def queries(items: View, by: Sequence[str]) -> Asked:
    """The queries of these rows by these columns: most features ask by the same few."""
    asked: Asked = _queries(items, tuple(by))
    return asked


@once
def _queries(items: View, by: tuple[str, ...]) -> Asked:
    hashes, days = _mixed(items, by).view(np.int64), _day(items)
    by_day = _by_day(items)
    order = by_day[in_order(hashes[by_day])]
    hashes, days = hashes[order], days[order]
    new = starts(hashes, days)
    of_rows = np.empty(len(order), dtype=np.int64)
    of_rows[order] = np.cumsum(new) - 1
    return Asked(of_rows, hashes[new], days[new], lacking(items, by))


@once
def _mixed(items: View, by: tuple[str, ...]) -> np.ndarray:
    """The number that stands for the values of each row; what begins alike is mixed once."""
    if not by:
        return np.full(len(items), START, dtype=np.uint64)
    part, _ = _hashed(items, by[-1])
    mixed: np.ndarray = mix(_mixed(items, by[:-1]) ^ part)
    return mixed


@once
def lacking(items: View, by: tuple[str, ...]) -> np.ndarray | None:
    """Rows without all of a key; None where there are none."""
    gone: np.ndarray | None = None
    for name in by:
        absent = _absent(items, name)
        if absent is not None:
            gone = absent if gone is None else gone | absent
    return gone


@once
def _absent(items: View, name: str) -> np.ndarray | None:
    absent: np.ndarray = items[name].isna().values
    return absent if np.count_nonzero(absent) else None


@once
def _hashed(items: View, name: str) -> tuple[np.ndarray, np.ndarray]:
    return hashed(items[name])


def hashed(held: Column) -> tuple[np.ndarray, np.ndarray]:
    """The number (uint64) that stands for each row's value, and which rows have one."""
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
def _by_day(items: View) -> np.ndarray:
    return np.argsort(_day(items), kind="stable")


@once
def days(items: View) -> np.ndarray:
    """Each row's own day (UTC), counted from 1980; the first where no time is known."""
    counted: np.ndarray = _day(items) // DAY
    return counted


def seconds(times: np.ndarray) -> np.ndarray:
    """Whole seconds since 1980; a missing time counts as the beginning (nothing is known)."""
    since = times.view(np.int64) // 1_000_000 - EPOCH_SECOND  # a missing time: the lowest number
    whole: np.ndarray = np.maximum(since, 0)
    return whole
