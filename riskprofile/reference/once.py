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


class _Memory(threading.local):
    def __init__(self) -> None:
        self.of: Callable[[], object] = lambda: None
        self.found: dict[tuple[object, ...], tuple[object, Any]] = {}


_memory = _Memory()


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
        if _memory.of() is not items:
            _memory.of, _memory.found = weakref.ref(items), {}
        # A history is told by identity and kept alive, so that no other can take its number.
        key = (function, *(id(one) if not _plain(one) else one for one in arguments))
        if key not in _memory.found:
            _memory.found[key] = (arguments, function(items, *arguments))
        return _memory.found[key][1]

    return cast(F, asked)


def _plain(argument: object) -> bool:
    return isinstance(argument, str | int | float | tuple | None)
