"""The one road from a table to points, for one row or ten million: page, command, batch.

view -> features -> points, and view -> indicators. A broken feature stops the chunk (a
score with a column missing is another model's score); a broken indicator raises its
chunk to yellow and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from riskprofile.errors import RiskProfileError
from riskprofile.profiles import Profile
from riskprofile.reference import facts
from riskprofile.scoring.scorecard import WORDING, Scorecard
from riskprofile.tables import Column, Feature, History, Indicator, Table

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


def features(items: Table, history: History, profile: Profile, scorecard: Scorecard) -> Table:
    """Every feature that the scorecard reads: float64 columns in its order.

    Parameters
    ----------
    items : Table
        The view of the rows (`history.view`), without codes.
    """
    by_name = {feature.name: feature for feature in profile.features}
    made: dict[str, Column] = {}
    for name in scorecard.features:
        if name == WORDING and scorecard.wording is not None:
            made[name] = scorecard.wording.value(items[scorecard.wording.column])
        elif name in by_name:
            made[name] = _computed(by_name[name], items, history)
        else:
            scorecard.expect(list(by_name))
    return pd.DataFrame(made, index=items.index).round(PRECISION)


def all_features(items: Table, history: History, profile: Profile) -> Table:
    """Every feature of the profile, for training; the wording is not among them."""
    made = {feature.name: _computed(feature, items, history) for feature in profile.features}
    return pd.DataFrame(made, index=items.index).round(PRECISION)


def points(items: Table, values: Table, profile: Profile, scorecard: Scorecard) -> Column:
    """Points of each row (`Int64`), missing where nothing objective is declared."""
    objective = np.zeros(len(items), dtype=bool)
    for name in profile.objective:
        column = items[name] if name in items else items[f"{name}_key"]
        objective |= column.notna().to_numpy(dtype=bool)
    total = pd.array(scorecard.points(values), dtype="Int64")
    total[~objective] = pd.NA
    return pd.Series(total, index=items.index)


def indicators(items: Table, history: History, listed: Sequence[Indicator]) -> Fired:
    """Masks of the given indicators over the rows.

    Parameters
    ----------
    items : Table
        The view of the rows with codes. For indicators `over_batch`, the whole batch.
    """
    fired = Fired()
    for indicator in listed:
        try:
            mask = indicator.compute(items, history).to_numpy(dtype=bool)
            if indicator.silent_without_history:
                mask = mask & facts.history_known(items, history).to_numpy(dtype=bool)
            fired.masks[indicator.key] = mask
        except Exception as error:
            # Any fault of one warning sign, known or not, falls towards a person.
            fired.broken[indicator.key] = f"{type(error).__name__}: {error}"
    return fired


def _computed(feature: Feature, items: Table, history: History) -> Column:
    """The column of a feature; missing where it would speak of a past that is not loaded."""
    try:
        column = feature.compute(items, history)
    except RiskProfileError:
        raise
    except Exception as error:
        raise RiskProfileError(
            f"feature {feature.name} failed ({type(error).__name__}: {error})",
            do="No row of this chunk was rated; report the input that brought it up",
        ) from error
    if feature.silent_without_history:
        column = column.where(facts.history_known(items, history).astype(bool))
    return column
