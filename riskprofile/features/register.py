"""The decorator that turns one function into a `Feature`, and holds it to its promise.

A feature function may return any numeric column. What leaves the decorator is
always float64 with the index of the table, missing as NaN, and finite elsewhere.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from riskprofile.errors import RiskProfileError
from riskprofile.tables import Column, Feature, FeatureFunction, History, Table


class FeatureError(RiskProfileError):
    """A feature returned something that is not a column of numbers for this table.

    It stops the chunk: a score with a column missing is another model's score.
    """


def feature(
    *,
    unit: str,
    reads: str,
    monotone: Literal[-1, 0, 1] = 0,
    norm: str = "",
    silent_without_history: bool = False,
) -> Callable[[FeatureFunction], Feature]:
    """Make a `Feature` of a function; its name and docstring become the feature's.

    Parameters
    ----------
    unit : str
        What one unit of the value is, such as `"days"`, `"kilograms"`, `"0 or 1"`.
    reads : str
        The sentence an officer sees, with `{value}` for the row's value.
    monotone : {-1, 0, 1}
        +1 when more can only raise the rating, -1 when it can only lower it.
    norm : str
        What is usual, if that can be said in words.
    silent_without_history : bool
        True when the value means nothing until past declarations are loaded.

    Raises
    ------
    FeatureError
        From the decorated function: wrong index, no numbers, or an infinite value.
    """

    def make(function: FeatureFunction) -> Feature:
        name = function.__name__
        doc = inspect.getdoc(function) or ""
        if not doc:
            raise FeatureError(f"feature {name} has no docstring", do="Say what an officer reads")

        @functools.wraps(function)
        def compute(items: Table, history: History) -> Column:
            return _numbers(function(items, history), items, name)

        return Feature(
            name=name,
            unit=unit,
            reads=reads,
            compute=compute,
            monotone=monotone,
            norm=norm,
            silent_without_history=silent_without_history,
            doc=doc,
        )

    return make


def _numbers(column: Column, items: Table, name: str) -> Column:
    if not isinstance(column, pd.Series):
        raise FeatureError(f"feature {name} returned {type(column).__name__}, not a column")
    if not column.index.equals(items.index):
        raise FeatureError(f"feature {name} changed the index of the table")
    try:
        values = column.to_numpy("float64", na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise FeatureError(f"feature {name} returned {column.dtype}, not numbers") from error
    if np.isinf(values).any():
        raise FeatureError(f"feature {name} returned an infinite value")
    # Adding zero turns -0.0 into 0.0, so that equal values have equal bits in the log.
    return pd.Series(values + 0.0, index=items.index, name=name)
