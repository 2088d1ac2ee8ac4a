"""The decorator that turns one function into an `Indicator`, and holds it to its promise.

An indicator function may return any boolean column. What leaves the decorator is
plain `bool`, one value a row: unknown has not fired. Asked of a pandas table it answers with
a pandas column under the table's index.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Literal

from riskprofile.columns import Column, Flag, Mask, View, like
from riskprofile.errors import RiskProfileError
from riskprofile.tables import History, Indicator, IndicatorFunction


class IndicatorError(RiskProfileError):
    """An indicator returned something that is not a mask over this table.

    It raises the chunk to yellow and says so: not evaluated is not "did not fire".
    """


def indicator(
    key: str,
    *,
    queue: Literal["trafficking", "compliance", "data_quality"],
    says: str,
    cleared_by: str,
    check: str,
    raises: Literal["red", "yellow"] = "yellow",
    stage: Literal["pre_arrival", "yard", "inspection", "registry"] = "pre_arrival",
    over_batch: bool = False,
    by: tuple[str, ...] = (),
    among: Callable[[View], Mask] | None = None,
    after_others: bool = False,
    silent_without_history: bool = False,
    source: str = "",
) -> Callable[[IndicatorFunction], Indicator]:
    """Make an `Indicator` of a function; its docstring becomes the indicator's.

    Parameters
    ----------
    key : str
        Key of the typology table, such as `"S04_weight_norm_mismatch"`.
    queue : str
        The label under which an officer finds it.
    says : str
        One sentence; `{column}` stands for that column of the row.
    cleared_by : str
        What would make it lawful trade.
    check : str
        What an officer can do next.
    raises : {"yellow", "red"}
        The lane that it raises to.
    stage : str
        The first stage at which its facts are known.
    over_batch : bool
        True when it links rows of a batch and must see the batch as a set.
    by : tuple of str
        For one over a batch: the keys through which rows count for each other. Rows that share
        none of them say nothing of each other, so a run can be looked at key by key, in parts.
    among : callable, optional
        For one over a batch: of which rows it may fire. Others only keep these company.
    after_others : bool
        True when it reads what the other indicators said of the row.
    silent_without_history : bool
        True when it means nothing until past declarations are loaded.
    source : str
        The publication or law behind it, or "hypothesis, untested".

    Raises
    ------
    IndicatorError
        From the decorated function: not one value a row, or not a boolean column.
    """

    def make(function: IndicatorFunction) -> Indicator:
        doc = inspect.getdoc(function) or ""
        if not doc:
            raise IndicatorError(f"indicator {key} has no docstring")

        @functools.wraps(function)
        def compute(items: Any, history: History) -> Any:
            seen = View.of(items)
            return like(items, _mask(function(seen, history), seen, key))

        return Indicator(
            key=key,
            queue=queue,
            says=says,
            cleared_by=cleared_by,
            check=check,
            compute=compute,
            raises=raises,
            stage=stage,
            over_batch=over_batch,
            by=by,
            among=among,
            after_others=after_others,
            silent_without_history=silent_without_history,
            source=source,
            doc=doc,
        )

    return make


def _mask(mask: Mask, items: View, key: str) -> Mask:
    if type(mask) is Flag and len(items) == 1:
        return Flag(mask.one is True)
    if not isinstance(mask, Column):
        raise IndicatorError(f"indicator {key} returned {type(mask).__name__}, not a mask")
    if len(mask) != len(items):
        raise IndicatorError(f"indicator {key} returned {len(mask)} values for {len(items)} rows")
    if mask.values.dtype != bool:
        raise IndicatorError(f"indicator {key} returned {mask.values.dtype}, not true or false")
    return Column(mask.flags())
