"""The one road from a table to points, for one row or ten million: page, command, batch.

view -> features -> points, and view -> indicators. A broken feature stops the chunk (a
score with a column missing is another model's score); a broken indicator raises its
chunk to yellow and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd

from riskprofile.columns import Column, View
from riskprofile.errors import RiskProfileError
from riskprofile.features.register import finite, numbers
from riskprofile.profiles import Profile
from riskprofile.reference import facts
from riskprofile.reference.once import once
from riskprofile.scoring.scorecard import WORDING, Scorecard
from riskprofile.tables import Feature, History, Indicator, Table

PRECISION = 6  # decimals of a feature value: below it, processors differ


@dataclass
class Fired:
    """Which indicators fired on which rows, and which could not be evaluated."""

    masks: dict[str, np.ndarray] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, other: Fired) -> None:
        """Take in what further indicators said of the same rows."""
        self.masks |= other.masks
        self.broken |= other.broken


def features(
    items: View | Table, history: History, profile: Profile, scorecard: Scorecard
) -> Table:
    """Every feature that the scorecard reads: float64 columns in its order.

    Parameters
    ----------
    items : View or Table
        The view of the rows (`history.look`), without codes.
    """
    seen = View.of(items)
    return tabled(values(seen, history, profile, scorecard), scorecard.features, seen.index)


def values(seen: View, history: History, profile: Profile, scorecard: Scorecard) -> np.ndarray:
    """The same as an array of float64, one row a feature."""
    by_name, size = profile.features_by_name, len(seen)
    made: dict[str, np.ndarray | float] = {}
    for name in scorecard.features:
        if name == WORDING and scorecard.wording is not None:
            made[name] = scorecard.wording.value(seen[scorecard.wording.column]).values
        elif name in by_name:
            made[name] = _computed(by_name[name], seen, size, history)
        else:
            scorecard.expect(list(by_name))
    return _rounded(made, seen, history, profile)


def all_features(items: View | Table, history: History, profile: Profile) -> Table:
    """Every feature of the profile, for training; the wording is not among them."""
    seen = View.of(items)
    size = len(seen)
    made = {feature.name: _computed(feature, seen, size, history) for feature in profile.features}
    return tabled(_rounded(made, seen, history, profile), tuple(made), seen.index)


def _rounded(
    made: dict[str, np.ndarray | float], items: View, history: History, profile: Profile
) -> np.ndarray:
    """Features as rows; missing where one would speak of a past that is not loaded."""
    values = np.empty((len(made), len(items)))
    for place, one in enumerate(made.values()):
        values[place] = one
    values = finite(values, [*made])
    known = _past_known(items, history)
    if known is not None:
        silent = np.array([name in profile.silent for name in made], dtype=bool)
        values[np.ix_(silent, ~known)] = np.nan
    values.round(PRECISION, out=values)
    return values


def tabled(rows: np.ndarray, names: tuple[str, ...], index: pd.Index) -> Table:
    """An array, whose rows have these names, as a table of as many columns."""
    # Made anew, names cost as much as a table of few rows; what they are called as a whole is a
    # table's own.
    return pd.DataFrame(rows.T, index=index, columns=_index(names).view())


@lru_cache(maxsize=16)
def _index(names: tuple[str, ...]) -> pd.Index:
    return pd.Index(names)


def points(items: View, values: np.ndarray, profile: Profile, scorecard: Scorecard) -> Column:
    """Points of each row (whole numbers), missing where nothing objective is declared.

    `values` are those of the features that the scorecard reads, one row a feature.
    """
    objective = np.zeros(len(items), dtype=bool)
    for name in profile.objective:
        column = items[name] if name in items else items[f"{name}_key"]
        objective |= column.notna().values
    return Column(scorecard.points_of(values.T), ~objective)


def indicators(items: View | Table, history: History, listed: Sequence[Indicator]) -> Fired:
    """Masks of the given indicators over the rows.

    Parameters
    ----------
    items : View or Table
        The view of the rows with codes. For indicators `over_batch`, the whole batch.
    """
    fired, seen = Fired(), View.of(items)
    for indicator in listed:
        try:
            mask = indicator.compute(seen, history).values
            if indicator.silent_without_history:
                known = _past_known(seen, history)
                mask = mask if known is None else mask & known
            fired.masks[indicator.key] = mask
        except Exception as error:
            # Any fault of one warning sign, known or not, falls towards a person.
            fired.broken[indicator.key] = f"{type(error).__name__}: {error}"
    return fired


def _computed(feature: Feature, items: View, size: int, history: History) -> np.ndarray | float:
    try:
        return numbers(feature.written(items, history), size, feature.name)
    except RiskProfileError:
        raise
    except Exception as error:
        raise RiskProfileError(
            f"feature {feature.name} failed ({type(error).__name__}: {error})",
            do="No row of this chunk was rated; report the input that brought it up",
        ) from error


@once
def _past_known(items: View, history: History) -> np.ndarray | None:
    """The rows before whose day enough of the past is known; None where that is so of all."""
    known: np.ndarray = facts.history_known(items, history).values > 0
    return None if known.all() else known
