"""Work that several features ask of one table is done once.

A view never changes while it is rated, so what was computed of it holds as long as it
lasts: its answers lie with it, and are forgotten with it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from riskprofile.columns import View

F = TypeVar("F", bound=Callable[..., Any])


def continued(items: View, other: View) -> View:
    """Say that `other` is `items` with columns added, the rows the same: answers hold for both.

    >>> import pandas as pd
    >>> @once
    ... def total(items):
    ...     print("adding up")
    ...     return int(items["a"].values.sum())
    >>> items = View.of(pd.DataFrame({"a": [1, 2]}))
    >>> total(items), total(continued(items, items.assign(b=items["a"])))
    adding up
    (3, 3)
    """
    other.answers = items.answers
    return other


def once(function: F) -> F:
    """Remember a function's answers for the view that is its first argument.

    The other arguments can be hashed, as texts, numbers and the history can.

    >>> import pandas as pd
    >>> @once
    ... def total(items):
    ...     print("adding up")
    ...     return items["a"].values.sum()
    >>> items = View.of(pd.DataFrame({"a": [1, 2]}))
    >>> int(total(items)), int(total(items))
    adding up
    (3, 3)
    """

    @functools.wraps(function)
    def asked(items: View, *arguments: Any) -> Any:
        key = (function, *arguments)
        found = items.answers
        if key not in found:
            found[key] = function(items, *arguments)
        return found[key]

    return cast(F, asked)
