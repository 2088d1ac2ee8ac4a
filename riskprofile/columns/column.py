"""One value a row as an array: what features and indicators compute with.

A pandas operation costs a tenth of a millisecond however few rows it sees, and rating one
declaration takes some thousands. Names and meanings are those of pandas, as far as they are
needed here: a missing number is NaN, and what is compared with a missing code or flag is unknown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd

Array: TypeAlias = np.ndarray
TIME = pd.DatetimeTZDtype("us", "UTC")
_DAY = np.timedelta64(86_400_000_000, "us")


def _compared(function: Any) -> Callable[[Column, Any], Column]:
    """A comparison: unknown where either side is a code or flag that is missing."""

    def compare(self: Column, other: Any) -> Column:
        if not isinstance(other, Column):
            return Column(function(self.values, other), self.gone)
        made = function(self.values, other.values)
        if self.gone is None and other.gone is None:
            return Column(made)
        return Column(made, self._absent() | other._absent())

    return compare


def _counted(function: Any, *, turned: bool = False) -> Callable[[Column, Any], Column]:
    """Arithmetic: what is missing on either side is missing."""

    def count(self: Column, other: Any) -> Column:
        mine = self._operand()
        theirs = other._operand() if isinstance(other, Column) else other
        return Column(function(theirs, mine) if turned else function(mine, theirs))

    return count


def _over(one: Any, other: Any) -> Any:
    """Division, where one by nothing is infinite and no fault (IEEE 754)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.true_divide(one, other)


def _rest(one: Any, other: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.remainder(one, other)


def _joined(certain: bool) -> Callable[[Column, Any], Column]:
    """And (`certain` is false), or (true): one side may decide what the other leaves unknown."""
    function = np.logical_or if certain else np.logical_and

    def join(self: Column, other: Any) -> Column:
        given = other if isinstance(other, Column) else Column(np.asarray(other))
        if self.gone is None and given.gone is None:
            return Column(function(self.values, given.values))
        if certain:
            yes = self.flags() | given.flags()
            no = (~self).flags() & (~given).flags()
        else:
            yes = self.flags() & given.flags()
            no = (~self).flags() | (~given).flags()
        return Column(yes, ~(yes | no))

    return join


class Column:
    """One value a row: an array, and where it is missing if the array cannot say so.

    Parameters
    ----------
    values : ndarray
        float64 (missing is NaN), datetime64 or timedelta64 (NaT), bool, or whole numbers.
    gone : ndarray of bool, optional
        Where a flag or a whole number is missing. `values` mean nothing there.
    """

    __slots__ = ("gone", "values")
    __array_ufunc__ = None  # an array beside a column leaves the operation to the column
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values: Array, gone: Array | None = None) -> None:
        self.values = values
        self.gone = gone

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.tolist()!r})"

    # What is missing.

    def isna(self) -> Column:
        """Where nothing is known."""
        return Column(self._absent())

    def notna(self) -> Column:
        """Where something is known."""
        return Column(~self._absent())

    def _absent(self) -> Array:
        if self.gone is not None:
            return self.gone
        kind = self.values.dtype.kind
        if kind not in "fmM":
            return np.zeros(len(self.values), dtype=bool)
        absent: Array = np.isnan(self.values) if kind == "f" else np.isnat(self.values)
        return absent

    def numbers(self) -> Array:
        """As float64, NaN where missing.

        Raises
        ------
        TypeError
            It holds times.
        """
        if self.values.dtype == np.float64:
            return self.values
        if self.values.dtype.kind in "mM":
            raise TypeError(f"{self.values.dtype} are not numbers")
        made = self.values.astype(np.float64)
        if self.gone is not None:
            made[self.gone] = np.nan
        return made

    def astype(self, kind: object) -> Column:
        """As `"float64"`, or as `bool`, where nothing may be missing."""
        if kind is not bool:
            return Column(self.numbers())
        if self.gone is not None and self.gone.any():
            raise ValueError("what is unknown is neither true nor false")
        return Column(self.values.astype(bool))

    def flags(self) -> Array:
        """As plain bool: unknown is false."""
        given = self.values if self.values.dtype == bool else self.values.astype(bool)
        return given if self.gone is None else given & ~self.gone

    def fillna(self, value: Any) -> Column:
        """With a value, or another column's values, where nothing is known."""
        if self.gone is None and self.values.dtype.kind not in "fmM":
            return self
        absent = self._absent()
        if self.gone is None and not np.count_nonzero(absent):
            return self
        return self.where(~absent, value)

    def where(self, keep: Column | Array, other: Any = None) -> Column:
        """The values where `keep` holds, elsewhere those of `other`, or nothing."""
        kept = keep.flags() if isinstance(keep, Column) else keep
        if other is None:
            if self.values.dtype == np.float64:
                if np.count_nonzero(kept) == len(kept):
                    return self
                return Column(np.where(kept, self.values, np.nan))
            if self.values.dtype.kind in "mM":
                return Column(np.where(kept, self.values, np.array("NaT", self.values.dtype)))
            return Column(self.values, ~kept if self.gone is None else self.gone | ~kept)
        if not isinstance(other, Column):
            gone = None if self.gone is None else self.gone & kept
            return Column(np.where(kept, self.values, other), gone).plain()
        if self.gone is None and other.gone is None:
            return Column(np.where(kept, self.values, other.values))
        gone = np.where(kept, self._absent(), other._absent())
        return Column(np.where(kept, self.values, other.values), gone).plain()

    def mask(self, hide: Column | Array, other: Any = None) -> Column:
        """`where` the other way round."""
        hidden = hide.flags() if isinstance(hide, Column) else hide
        return self.where(~hidden, other)

    def take(self, places: Array) -> Column:
        """The values at these places; -1 is nothing."""
        return self._at(places).where(places >= 0)

    def _at(self, places: Array) -> Column:
        if not len(self.values):
            return Column(np.zeros(len(places), self.values.dtype), None)
        gone = None if self.gone is None else self.gone[places]
        return Column(self.values[places], gone)

    def repeated(self, size: int) -> Self:
        """A column of one row as one of so many: it takes no memory, and is read-only."""
        made = copy(self)
        made.values = np.broadcast_to(self.values, size)
        made.gone = None if self.gone is None else np.broadcast_to(self.gone, size)
        return made

    def plain(self) -> Column:
        """Without a list of what is missing, when nothing is."""
        if self.gone is not None and not self.gone.any():
            return Column(self.values)
        return self

    # Numbers.

    def abs(self) -> Column:
        """Without sign."""
        return Column(np.abs(self.values))

    def round(self, digits: int) -> Column:
        """To so many decimals."""
        return Column(self.values.round(digits))

    def clip(self, lower: float | None = None, upper: float | None = None) -> Column:
        """Within bounds; what is missing stays missing."""
        made = self.values
        if lower is not None:
            made = np.maximum(made, lower)
        if upper is not None:
            made = np.minimum(made, upper)
        return Column(made)

    def larger(self, other: Column) -> Column:
        """The larger of both, or the one that is known."""
        return Column(np.fmax(self.values, other.values))

    def smaller(self, other: Column) -> Column:
        """The smaller of both; missing where either is."""
        return Column(np.minimum(self.values, other.values))

    def between(self, low: Any, high: Any) -> Column:
        """From `low` to `high`, both included."""
        within: Column = (self >= low) & (self <= high)
        return within

    def isin(self, choices: Iterable[Any]) -> Column:
        """Whether the value is one of these; false where it is missing."""
        found = np.isin(self.values, list(choices))
        return Column(found if self.gone is None else found & ~self.gone)

    def __neg__(self) -> Column:
        return Column(np.negative(self._operand()))

    def __invert__(self) -> Column:
        return Column(~self.values, self.gone)

    def exp(self) -> Column:
        """e to the power of it."""
        return Column(np.exp(self.values))

    def log(self) -> Column:
        """Natural logarithm; of what is above zero alone."""
        return Column(np.log(self.values))

    def log10(self) -> Column:
        """Decimal logarithm; of what is above zero alone."""
        return Column(np.log10(self.values))

    def sqrt(self) -> Column:
        """Square root."""
        return Column(np.sqrt(self.values))

    def _operand(self) -> Array:
        return self.values if self.gone is None else self.numbers()

    # Times.

    def days_since(self, earlier: Column) -> Column:
        """Days from other times to these, with fractions; NaN where either is missing."""
        return Column((self.values - earlier.values) / _DAY)

    # Out of here.

    def any(self) -> bool:
        """Whether it holds in any row."""
        return supposed() or bool(np.count_nonzero(self.flags()))

    def tolist(self) -> list[Any]:
        """As Python objects, None for a flag or whole number that is missing."""
        listed: list[Any] = self.values.tolist()
        if self.gone is None:
            return listed
        return [None if gone else one for one, gone in zip(listed, self.gone, strict=True)]

    def at(self, place: int) -> Any:
        """The value of one row as a Python object, None where it is missing."""
        return None if self._absent()[place] else self.values[place].item()

    def series(self, index: pd.Index, name: str | None = None) -> pd.Series:
        """As a pandas column."""
        return pd.Series(self.array(), index=index, name=name)

    def array(self) -> Any:
        """As what a pandas column holds."""
        made: Any = self.values
        if self.values.dtype.kind == "M":
            made = pd.array(self.values, dtype=TIME)
        elif self.values.dtype == bool and self.gone is not None:
            made = pd.arrays.BooleanArray(self.values, self.gone)
        elif self.values.dtype.kind == "i":
            gone = np.zeros(len(self), dtype=bool) if self.gone is None else self.gone
            made = pd.arrays.IntegerArray(self.values, gone)
        return made

    # Comparison, arithmetic, logic.

    __lt__ = lt = _compared(np.less)
    __le__ = le = _compared(np.less_equal)
    __gt__ = gt = _compared(np.greater)
    __ge__ = ge = _compared(np.greater_equal)
    __eq__ = eq = _compared(np.equal)  # type: ignore[assignment]
    __ne__ = ne = _compared(np.not_equal)  # type: ignore[assignment]
    __add__, __radd__ = _counted(np.add), _counted(np.add, turned=True)
    __sub__, __rsub__ = _counted(np.subtract), _counted(np.subtract, turned=True)
    __mul__, __rmul__ = _counted(np.multiply), _counted(np.multiply, turned=True)
    __truediv__, __rtruediv__ = _counted(_over), _counted(_over, turned=True)
    __mod__, __pow__ = _counted(_rest), _counted(np.power)
    __and__ = __rand__ = _joined(certain=False)
    __or__ = __ror__ = _joined(certain=True)


Mask: TypeAlias = Column  # of flags


def spans(first: Array, size: Array) -> Array:
    """Numbers that follow one another, so many from each first.

    >>> spans(np.array([7, 3]), np.array([2, 3])).tolist()
    [7, 8, 3, 4, 5]
    """
    made: Array = np.repeat(first - (np.cumsum(size) - size), size)
    return made + np.arange(len(made))


_supposed = threading.local()


def supposed() -> bool:
    """Whether every condition is to hold; see `supposing`."""
    return getattr(_supposed, "all", False)


@contextmanager
def supposing() -> Iterator[None]:
    """Inside, every condition holds in some row, of no row as well: so nothing is left unasked.

    >>> nothing = Column(np.empty(0, dtype=bool))
    >>> with supposing():
    ...     nothing.any()
    True
    >>> nothing.any()
    False
    """
    _supposed.all = True
    try:
        yield
    finally:
        _supposed.all = False
