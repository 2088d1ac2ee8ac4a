"""The decorator that turns one function into a `Feature`, and holds it to its promise.

A feature function may return any numeric column. What leaves the decorator is
always float64, one value a row, missing as NaN, and finite elsewhere. Asked of a pandas
table it answers with a pandas column under the table's index.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from riskprofile.columns import Column, Number, View, like
from riskprofile.errors import RiskProfileError
from riskprofile.tables import Feature, FeatureFunction, History


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
    none: bool = False,
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
    none : bool
        True when 0 or less says that there is no such thing as the sentence tells of.

    Raises
    ------
    FeatureError
        From the decorated function: not one value a row, no numbers, or an infinite value.
    """

    def make(function: FeatureFunction) -> Feature:
        name = function.__name__
        doc = inspect.getdoc(function) or ""
        if not doc:
            raise FeatureError(f"feature {name} has no docstring", do="Say what an officer reads")

        @functools.wraps(function)
        def compute(items: Any, history: History) -> Any:
            seen = View.of(items)
            values = np.array(numbers(function(seen, history), len(seen), name), ndmin=2)
            return like(items, Column(finite(values, [name])[0]))

        return Feature(
            name=name,
            unit=unit,
            reads=reads,
            compute=compute,
            written=function,
            monotone=monotone,
            norm=norm,
            silent_without_history=silent_without_history,
            none=none,
            doc=doc,
        )

    return make


def numbers(column: Column, size: int, name: str) -> np.ndarray | float:
    """What a feature function returned for so many rows: float64, NaN where missing."""
    if type(column) is Number and size == 1:
        one: float = column.one
        return one
    if not isinstance(column, Column):
        raise FeatureError(f"feature {name} returned {type(column).__name__}, not a column")
    if len(column.values) != size:
        raise FeatureError(f"feature {name} returned {len(column)} values for {size} rows")
    try:
        return column.numbers()
    except TypeError as error:
        raise FeatureError(f"feature {name} returned no numbers: {error}") from error


def finite(values: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The numbers of features, one in each row, made plain in place; an infinite one is refused."""
    endless = np.isinf(values)
    if np.count_nonzero(endless):
        name = names[int(endless.any(axis=1).argmax())]
        raise FeatureError(f"feature {name} returned an infinite value")
    # Equal values have equal bits in the log: adding zero turns -0.0 into 0.0, and what is missing
    # has the sign that the processor happened to give it.
    values += 0.0
    values[np.isnan(values)] = np.nan
    return values
