"""Columns of one row, in Python's own numbers: numpy takes as long for one as for a thousand.

Each says what the array of one value says, to the last bit: what is asked of all columns is
answered here for what rating asks often, and left to the array else. So a feature is written
once, and does not know whether it is asked of a declaration alone or of a batch.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from math import copysign, nan, sqrt
from typing import Any, Self

import numpy as np

from riskprofile.columns.column import Array, Column, supposed
from riskprofile.columns.text import Text

_WHOLE = 2.0**51  # below it, a number has a half


def alone(column: Column) -> Column:
    """The same column, as one of these classes if it has one row and is of a kind they know."""
    if isinstance(column, _Alone) or column.values.shape != _ONE:
        return column
    values = column.values
    if isinstance(column, Text):
        code = values.item(0)
        return Word(column.distinct[code] if code >= 0 else None)
    kind = values.dtype
    if kind == np.float64:
        return Number(values.item(0)) if column.gone is None else column
    if kind == np.bool_ or kind == np.int64:
        gone = column.gone is not None and column.gone.item(0)
        one = None if gone else values.item(0)
        return Flag(one) if kind == np.bool_ else Whole(one)
    if kind == _TIME:
        since = values.view(np.int64).item(0)
        return Moment(None if since == _NOT_A_TIME else since)
    return column


_ONE = (1,)
_TIME, _NOT_A_TIME, _DAY = np.dtype("M8[us]"), -(1 << 63), 86_400_000_000.0


def full(size: int, value: float | bool) -> Column:
    """The same value in every row."""
    if size == 1 and type(value) is float:
        return Number(value)
    return alone(Column(np.full(size, value)))


def _asked(ask: Callable[[Any, Any], bool], general: Any) -> Any:
    """A comparison of numbers; what is missing on either side leaves codes unknown."""

    def compare(self: Any, other: Any) -> Column:
        kind = type(other)
        if kind is type(self):
            other = other.one
        elif kind is not int and (kind is not float or type(self) is not Number):
            return alone(general(self, other))
        one = self.one
        return _FLAG[None if one is None or other is None else ask(one, other)]

    return compare


def _counted(count: Callable[[float, float], float], general: Any) -> Any:
    """Arithmetic of numbers: a missing one makes the answer missing."""

    def counted(self: Any, other: Any) -> Column:
        kind = type(other)
        if kind is Number:
            return Number(count(self.one, other.one))
        if kind is float or kind is int:
            return Number(count(self.one, other))
        return alone(general(self, other))

    return counted


def _turned(count: Callable[[float, float], float]) -> Callable[[float, float], float]:
    return lambda one, other: count(other, one)


def _over(one: float, other: float) -> float:
    if other:
        return one / other
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.true_divide(one, other))


def _joined(certain: bool, general: Any) -> Any:
    """And (`certain` is false), or (true): one side may decide what the other leaves unknown."""

    def join(self: Flag, other: Any) -> Column:
        if type(other) is not Flag:
            return alone(general(self, other))
        one, two = self.one, other.one
        if one is certain or two is certain:
            return _FLAG[certain]
        return _FLAG[None if one is None or two is None else not certain]

    return join


def _by_array(general: Any) -> Any:
    """What the array of one value answers, as one of these."""

    def ask(self: Any, *given: Any) -> Column:
        return alone(general(self, *given))

    return ask


def _of_known(general: Any) -> Any:
    """A function of the number, by the array: libraries of mathematics differ in the last bits."""

    def ask(self: Number) -> Column:
        return self if self.one != self.one else alone(general(self))

    return ask


class _Alone(Column):
    """A value of Python's own, `one`; None where a flag, a whole number or a text is missing."""

    __slots__ = ()
    __hash__ = None
    one: Any

    def __init__(self, one: Any) -> None:
        self.one = one

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.one,)

    def __len__(self) -> int:
        return 1

    @property
    def gone(self) -> Array | None:  # type: ignore[override]
        """Where it is missing, if the array cannot say so."""
        return np.array([True]) if self.one is None else None

    def isna(self) -> Column:
        """Where nothing is known."""
        return _FLAG[self.one is None]

    def notna(self) -> Column:
        """Where something is known."""
        return _FLAG[self.one is not None]

    def fillna(self, value: Any) -> Any:
        """With a value, or another column's values, where nothing is known."""
        return self if self.one is not None else self.where(_NO, value)

    def where(self, keep: Column | Array, other: Any = None) -> Any:
        """The values where `keep` holds, elsewhere those of `other`, or nothing."""
        if type(keep) is Flag:
            kept = keep.one is True
        else:
            kept = bool((keep.flags() if isinstance(keep, Column) else keep).item(0))
        if other is None:
            return self if kept else type(self)(self._nothing)
        if type(other) is type(self):
            return self if kept else other
        if type(other) is self._kind:
            return self if kept else type(self)(other)
        return alone(super().where(np.array([kept]), other))

    def repeated(self, size: int) -> Self:
        """As a column of so many rows: it takes no memory, and is read-only."""
        return self if size == 1 else self.held().repeated(size)  # type: ignore[return-value]

    def held(self) -> Column:
        """As the array of one value."""
        return Column(self.values, self.gone)

    _nothing: Any = None
    _kind: type = type(None)


_NO = np.array([False])


class Number(_Alone):
    """A float, NaN where it is missing."""

    __slots__ = ("one",)
    __hash__ = None
    gone = None
    _nothing, _kind = nan, float

    @property
    def values(self) -> Array:  # type: ignore[override]
        """As an array."""
        return np.array([self.one], dtype=np.float64)

    def isna(self) -> Column:
        """Where nothing is known."""
        return _FLAG[self.one != self.one]

    def notna(self) -> Column:
        """Where something is known."""
        return _FLAG[self.one == self.one]

    def fillna(self, value: Any) -> Any:
        """With a value, or another column's values, where nothing is known."""
        return self if self.one == self.one else self.where(_NO, value)

    def any(self) -> bool:
        """Whether it holds in any row."""
        return bool(self.one) or supposed()

    def abs(self) -> Column:
        """Without sign."""
        return Number(abs(self.one))

    def round(self, digits: int) -> Column:
        """To so many decimals."""
        if self.one != self.one:
            return self
        by = 10.0**digits
        scaled = self.one * by
        if digits < 0 or not -_WHOLE < scaled < _WHOLE:
            return alone(Column.round(self, digits))
        return Number(copysign(round(scaled), scaled) / by)

    def clip(self, lower: float | None = None, upper: float | None = None) -> Column:
        """Within bounds; what is missing stays missing."""
        one = self.one
        if lower is not None and one <= lower:
            one = lower
        if upper is not None and one >= upper:
            one = upper
        return self if one is self.one else Number(float(one))

    def sqrt(self) -> Column:
        """Square root."""
        if self.one != self.one:
            return self
        return Number(sqrt(self.one)) if self.one >= 0 else alone(Column.sqrt(self))

    exp, log, log10 = _of_known(Column.exp), _of_known(Column.log), _of_known(Column.log10)

    def larger(self, other: Column) -> Column:
        """The larger of both, or the one that is known."""
        if type(other) is not Number:
            return alone(Column.larger(self, other))
        return other if self.one != self.one or other.one > self.one else self

    def smaller(self, other: Column) -> Column:
        """The smaller of both; missing where either is."""
        if type(other) is not Number:
            return alone(Column.smaller(self, other))
        return self if self.one != self.one or self.one < other.one else other

    def __neg__(self) -> Column:
        return Number(-self.one)

    __lt__ = lt = _asked(operator.lt, Column.lt)
    __le__ = le = _asked(operator.le, Column.le)
    __gt__ = gt = _asked(operator.gt, Column.gt)
    __ge__ = ge = _asked(operator.ge, Column.ge)
    __eq__ = eq = _asked(operator.eq, Column.eq)
    __ne__ = ne = _asked(operator.ne, Column.ne)
    __add__ = _counted(operator.add, Column.__add__)
    __sub__ = _counted(operator.sub, Column.__sub__)
    __mul__ = _counted(operator.mul, Column.__mul__)
    __truediv__ = _counted(_over, Column.__truediv__)
    __radd__ = _counted(_turned(operator.add), Column.__radd__)
    __rsub__ = _counted(_turned(operator.sub), Column.__rsub__)
    __rmul__ = _counted(_turned(operator.mul), Column.__rmul__)
    __rtruediv__ = _counted(_turned(_over), Column.__rtruediv__)
    __mod__, __pow__ = _by_array(Column.__mod__), _by_array(Column.__pow__)


class Flag(_Alone):
    """True or false, None where it is unknown."""

    __slots__ = ("one",)
    __hash__ = None
    _kind = bool

    @property
    def values(self) -> Array:  # type: ignore[override]
        """As an array; an unknown one means nothing."""
        return np.array([self.one is True])

    def any(self) -> bool:
        """Whether it holds in any row."""
        return self.one is True or supposed()

    def astype(self, kind: object) -> Column:
        """As `"float64"`, or as `bool`, where nothing may be missing."""
        if kind is bool:
            return self if self.one is not None else Column.astype(self, kind)
        return _FACT[self.one]

    def __invert__(self) -> Column:
        return _FLAG[None if self.one is None else not self.one]

    __and__ = __rand__ = _joined(False, Column.__and__)
    __or__ = __ror__ = _joined(True, Column.__or__)


# There are but three, and what they are as numbers.
_FLAG = {one: Flag(one) for one in (True, False, None)}
_FACT = {one: Number(nan if one is None else float(one)) for one in (True, False, None)}


class Whole(_Alone):
    """A whole number of 64 bits, None where it is missing."""

    __slots__ = ("one",)
    __hash__ = None
    _kind = int

    @property
    def values(self) -> Array:  # type: ignore[override]
        """As an array; a missing one means nothing."""
        return np.array([self.one or 0], dtype=np.int64)

    def astype(self, kind: object) -> Column:
        """As `"float64"`, or as `bool`, where nothing may be missing."""
        if kind is bool:
            return alone(Column.astype(self, kind))
        return Number(nan if self.one is None else float(self.one))

    __lt__ = lt = _asked(operator.lt, Column.lt)
    __le__ = le = _asked(operator.le, Column.le)
    __gt__ = gt = _asked(operator.gt, Column.gt)
    __ge__ = ge = _asked(operator.ge, Column.ge)
    __eq__ = eq = _asked(operator.eq, Column.eq)
    __ne__ = ne = _asked(operator.ne, Column.ne)


def _dated(ask: Callable[[Any, Any], bool], general: Any) -> Any:
    """A comparison of times; a missing one differs from every other, and is neither before it nor
    after.
    """

    def compare(self: Moment, other: Any) -> Column:
        if type(other) is not Moment:
            return alone(general(self, other))
        if self.one is None or other.one is None:
            return _FLAG[ask is operator.ne]
        return _FLAG[ask(self.one, other.one)]

    return compare


class Moment(_Alone):
    """A time in microseconds since 1970 (UTC), None where it is missing."""

    __slots__ = ("one",)
    __hash__ = None
    gone = None

    @property
    def values(self) -> Array:  # type: ignore[override]
        """As an array."""
        return np.array([_NOT_A_TIME if self.one is None else self.one]).view(_TIME)

    def days_since(self, earlier: Column) -> Column:
        """Days from another time to this one, with fractions; NaN where either is missing."""
        if type(earlier) is not Moment:
            return alone(Column.days_since(self, earlier))
        if self.one is None or earlier.one is None:
            return _FACT[None]
        return Number(float(self.one - earlier.one) / _DAY)

    __lt__ = lt = _dated(operator.lt, Column.lt)
    __le__ = le = _dated(operator.le, Column.le)
    __gt__ = gt = _dated(operator.gt, Column.gt)
    __ge__ = ge = _dated(operator.ge, Column.ge)
    __eq__ = eq = _dated(operator.eq, Column.eq)
    __ne__ = ne = _dated(operator.ne, Column.ne)
    __add__, __sub__ = _by_array(Column.__add__), _by_array(Column.__sub__)


class Word(_Alone, Text):
    """A text, None where there is none."""

    __slots__ = ("one",)
    __hash__ = None
    gone = None
    _kind = str

    @property
    def values(self) -> Array:  # type: ignore[override]
        """As an array: the number of a distinct value."""
        return np.array([0 if self.one is not None else -1])

    @property
    def distinct(self) -> Sequence[str]:  # type: ignore[override]
        """Its text, if there is one."""
        return [self.one] if self.one is not None else []

    def held(self) -> Column:
        """As the array of one value."""
        return Text(self.values, self.distinct)

    def told(self, tell: Callable[[str], Any], missing: Any, dtype: Any = None) -> Column:
        """What `tell` says of the text; `missing` where there is none."""
        kind = type(missing)
        if dtype is not None or (kind is not float and kind is not bool):
            return alone(super().told(tell, missing, dtype))
        one = missing if self.one is None else kind(tell(self.one))
        return Number(one) if kind is float else Flag(one)

    def keyed(self, told: Sequence[int]) -> Column:
        """What is told of the text as a whole number; missing where there is none."""
        return Whole(None if self.one is None else told[0])

    def map(self, write: Callable[[str], str | None]) -> Text:
        """The text in the form that `write` gives it; missing where that is None."""
        return Word(None if self.one is None else write(self.one))

    def isin(self, choices: Iterable[Any]) -> Column:
        """Whether the text is one of these; false where it is missing."""
        return _FLAG[self.one is not None and self.one in choices]

    def __eq__(self, other: Any) -> Column:  # type: ignore[override]
        if type(other) is Word:
            other = other.one
        elif type(other) is not str:
            return alone(Text.__eq__(self, other))
        return _FLAG[None if self.one is None or other is None else self.one == other]


_NUMBERS = {Number}


def reckoned(formula: Callable[..., Any], *parts: Column) -> Column:
    """What a formula of sums, products and quotients says of these numbers, worked out at once.

    `formula` is given plain numbers of one row, or arrays of many; nothing may be divided by 0.

    >>> reckoned(lambda one, other: (one + 1.0) / other, Number(1.0), Number(4.0)).tolist()
    [0.5]
    """
    if {*map(type, parts)} == _NUMBERS:
        return Number(formula(*[one.one for one in parts]))  # type: ignore[attr-defined]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return alone(Column(formula(*[one.numbers() for one in parts])))
