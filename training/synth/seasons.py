"""When declarations are lodged: working days, hours and seasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.synth.hashing import Array

_WEEKDAY = np.array([1.05, 1.0, 1.0, 1.0, 1.1, 0.55, 0.35])
_HOUR = np.array([1, 1, 1, 1, 1, 2, 4, 7, 10, 11, 11, 10, 8, 10, 11, 10, 8, 6, 4, 3, 3, 2, 2, 1.0])
LATE = 0.7  # share of days after which patterns change


@dataclass(frozen=True)
class Calendar:
    """Cumulative intensity by hour: the quantile of a row is its place in time."""

    start: pd.Timestamp
    days: int
    cumulative: Array

    def seconds(self, quantile: Array) -> Array:
        """Seconds after the start at each share of all declarations: int64."""
        hours = np.interp(quantile, self.cumulative, np.arange(len(self.cumulative)))
        moment: Array = np.minimum(hours * 3600.0, self.days * 86400.0 - 1).astype(np.int64)
        return moment

    def times(self, seconds: Array) -> Array:
        """UTC microseconds since 1970: int64."""
        base = int(self.start.timestamp())
        moment: Array = (base + seconds) * 1_000_000
        return moment

    def late(self, seconds: Array) -> Array:
        """Whether patterns have changed by then."""
        changed: Array = seconds >= LATE * self.days * 86400.0
        return changed

    def season(self, seconds: Array) -> Array:
        """Whether it is November or December."""
        month = pd.DatetimeIndex(self.times(seconds) * 1000).month.to_numpy()
        busy: Array = month >= 11
        return busy


def make(start: str, days: int) -> Calendar:
    """A calendar from a UTC date for so many days."""
    begin = pd.Timestamp(start, tz="UTC")
    hours = pd.date_range(begin, periods=days * 24, freq="h")
    yearly = 1.0 + 0.12 * np.sin(2 * np.pi * (hours.day_of_year.to_numpy() - 80) / 365.0)
    busy = np.where(hours.month.to_numpy() >= 11, 1.2, 1.0)
    weight = _WEEKDAY[hours.day_of_week.to_numpy()] * _HOUR[hours.hour.to_numpy()] * yearly * busy
    cumulative = np.concatenate([[0.0], np.cumsum(weight)])
    return Calendar(start=begin, days=days, cumulative=cumulative / cumulative[-1])
