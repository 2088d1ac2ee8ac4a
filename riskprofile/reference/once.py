"""Work that several features ask of one table is done once.

A view never changes while it is rated, so what was computed of it holds as long as it
is the same object. Only the latest table of a thread is remembered: the next one takes
its place, and a table that is gone is forgotten with it.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


class Answers(threading.local):
    """What was found of the latest table, and of those that it was continued as."""

    def __init__(self) -> None:
        self._tables: list[weakref.ref[Any]] = []
        self._found: dict[Any, Any] = {}
        _EVERY.add(self)

    def of(self, items: Any) -> dict[Any, Any]:
        """What is known of a table; nothing when it is another one than the latest."""
        if not self._of(items):
            self._tables, self._found = [weakref.ref(items)], {}
        return self._found

    def also_of(self, items: Any, other: Any) -> None:
        """What is known of `items` holds for `other` as well."""
        if self._of(items) and not self._of(other):
            self._tables.append(weakref.ref(other))

    def _of(self, items: Any) -> bool:
        return any(one() is items for one in self._tables)


_EVERY: weakref.WeakSet[Answers] = weakref.WeakSet()
_memory = Answers()


def continued(items: Any, other: Any) -> Any:
    """Say that `other` is `items` with columns added, the rows the same: answers hold for both.

    >>> import pandas as pd
    >>> @once
    ... def total(items):
    ...     print("adding up")
    ...     return int(items["a"].sum())
    >>> table = pd.DataFrame({"a": [1, 2]})
    >>> total(table), total(continued(table, table.assign(b=0)))
    adding up
    (3, 3)
    """
    for held in _EVERY:
        held.also_of(items, other)
    return other


def once(function: F) -> F:
    """Remember a function's answers for the table that is its first argument.

    The other arguments are hashable, or the history, which does not change either.

    >>> import pandas as pd
    >>> @once
    ... def total(items):
    ...     print("adding up")
    ...     return items["a"].sum()
    >>> table = pd.DataFrame({"a": [1, 2]})
    >>> int(total(table)), int(total(table))
    adding up
    (3, 3)
    """

    @functools.wraps(function)
    def asked(items: Any, *arguments: Any) -> Any:
        found = _memory.of(items)
        # A history is told by identity and kept alive, so that no other can take its number.
        key = (function, *(id(one) if not _plain(one) else one for one in arguments))
        if key not in found:
            found[key] = (arguments, function(items, *arguments))
        return found[key][1]

    return cast(F, asked)


def _plain(argument: object) -> bool:
    return isinstance(argument, str | int | float | tuple | None)
