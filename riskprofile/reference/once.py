"""Work that several features ask of one table is done once.

A view never changes while it is rated, so what was computed of it holds as long as it
lasts: its answers lie with it, and are forgotten with it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from itertools import filterfalse
from typing import Any, Generic, TypeVar, cast

from riskprofile.columns import View

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


_UNASKED = object()


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
        key = function, arguments
        answer = items.answers.get(key, _UNASKED)
        if answer is _UNASKED:
            answer = items.answers[key] = function(items, *arguments)
        return answer

    return cast(F, asked)


class Recent(Generic[T]):
    """What was worked out of late, by text: of so many texts, and of as many before them.

    >>> lengths = Recent[int](1000)
    >>> lengths.of(["pin", "steel"], lambda texts: map(len, texts))
    [3, 5]
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._late: dict[str, T] = {}
        self._before: dict[str, T] = {}

    def of(self, texts: Sequence[str], tell: Callable[[list[str]], Iterable[T]]) -> list[T]:
        """What `tell` says of each of these, in their order; it is asked for those not at hand."""
        late, before = self._late, self._before
        new = [*filterfalse(late.__contains__, texts)]
        if new and len(late) >= self._size:  # a thread that reads the old ones keeps them
            late, before = self._late, self._before = {}, late
            new = [*texts]
        if new:
            unknown = [*filterfalse(before.__contains__, dict.fromkeys(new))]
            if len(unknown) < len(new):
                late.update((text, before[text]) for text in new if text in before)
            late.update(zip(unknown, tell(unknown), strict=True))
        return [*map(late.__getitem__, texts)]
