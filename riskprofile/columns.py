"""The columns of a view as arrays: what features and indicators compute with.

A pandas operation costs a tenth of a millisecond however few rows it sees, and rating one
declaration takes some thousands. So a table is taken apart once: each column becomes the
array that it holds, when it is first asked for, and a text the numbers of its distinct
values. Names and meanings are those of pandas, as far as they are needed here: a missing
number is NaN, and what is compared with a missing code or flag is unknown.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import partial
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

Array: TypeAlias = np.ndarray
TEXT = pd.StringDtype("pyarrow", na_value=pd.NA)
TIME = pd.DatetimeTZDtype("us", "UTC")


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

    @staticmethod
    def full(size: int, value: float | bool) -> Column:
        """The same value in every row."""
        return Column(np.full(size, value))

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

    # Out of here.

    def any(self) -> bool:
        """Whether it holds in any row."""
        return getattr(_supposed, "all", False) or bool(np.count_nonzero(self.flags()))

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


class Text(Column):
    """A column of texts: the number of its distinct value in each row, -1 where there is none."""

    __slots__ = ("distinct",)
    __hash__ = None

    def __init__(self, codes: Array, distinct: Sequence[str]) -> None:
        super().__init__(codes)
        self.distinct = distinct

    @staticmethod
    def of(texts: Iterable[str | None]) -> Text:
        """From a text, or None, for each row."""
        places: dict[str, int] = {}
        codes = [-1 if one is None else places.setdefault(one, len(places)) for one in texts]
        return Text(np.array(codes, dtype=np.int64), list(places))

    def _absent(self) -> Array:
        return self.values < 0

    def numbers(self) -> Array:
        """Refused: see `Column.numbers`."""
        raise TypeError("texts are not numbers")

    _operand = numbers

    def __eq__(self, other: Any) -> Column:  # type: ignore[override]
        if not isinstance(other, Text):
            return Column(self.told(lambda one: one == other, False).values, self._absent())
        places = {one: code for code, one in enumerate(self.distinct)}
        theirs = np.array([*(places.get(one, -2) for one in other.distinct), -1])[other.values]
        return Column(self.values == theirs, self._absent() | other._absent())

    def __ne__(self, other: Any) -> Column:  # type: ignore[override]
        same: Column = self == other
        return ~same

    def told(self, tell: Callable[[str], Any], missing: Any, dtype: Any = None) -> Column:
        """What `tell` says of each distinct text, in every row; `missing` where there is none."""
        told = np.array([*map(tell, self.distinct), missing], dtype=dtype or type(missing))
        return Column(told[self.values])

    def spread(self, told: Array | Sequence[Any], missing: Any) -> Array:
        """What is told of each distinct text, in every row; `missing` where there is none."""
        made: Array = np.concatenate((told, [missing]))[self.values]
        return made

    def map(self, write: Callable[[str], str | None]) -> Text:
        """Each text in the form that `write` gives it; missing where that is None."""
        written = Text.of(map(write, self.distinct))
        return Text(np.append(written.values, -1)[self.values], written.distinct)

    def fillna(self, value: Any) -> Text:
        """With a text where there is none."""
        absent = self.values < 0
        if not absent.any():
            return self
        distinct = [*self.distinct]
        if value not in distinct:
            distinct.append(value)
        return Text(np.where(absent, distinct.index(value), self.values), distinct)

    def where(self, keep: Column | Array, other: Any = None) -> Text:
        """The texts where `keep` holds; missing elsewhere."""
        kept = keep.flags() if isinstance(keep, Column) else keep
        if other is not None:
            raise TypeError("another text in its place is not supported")
        return Text(np.where(kept, self.values, -1), self.distinct)

    def _at(self, places: Array) -> Text:
        held = self.values if len(self.values) else np.array([-1])
        return Text(held[places], self.distinct)

    def isin(self, choices: Iterable[Any]) -> Column:
        """Whether the text is one of these; false where it is missing."""
        wanted = frozenset(choices)
        return self.told(wanted.__contains__, False)

    def between(self, low: Any, high: Any) -> Column:
        """From `low` to `high` by the alphabet, both included; unknown where missing."""
        return Column(self.told(lambda one: low <= one <= high, False).values, self._absent())

    def tolist(self) -> list[Any]:
        """As texts, None where there is none."""
        texts = [*self.distinct, None]
        return [texts[code] for code in self.values.tolist()]

    def at(self, place: int) -> str | None:
        """The text of one row, None where there is none."""
        code = int(self.values[place])
        return self.distinct[code] if code >= 0 else None

    def array(self) -> Any:
        """As what a pandas column holds, backed by Arrow."""
        if len(self.values) <= _FEW:
            return TEXT.__from_arrow__(pa.array(self.tolist(), pa.large_string()))
        codes = pa.array(self.values, mask=self.values < 0)
        return TEXT.__from_arrow__(pa.array(self.distinct, pa.large_string()).take(codes))


def column(given: Any) -> Column:
    """A pandas column, the array that it holds, or a list of texts and None, as arrays.

    >>> column(["private", None]).isin(["private"]).tolist()
    [True, False]
    >>> (column(pd.Series([1.0, None])) + 1.0).tolist()
    [2.0, nan]
    """
    if isinstance(given, list):
        return Text.of(given)
    dtype, values = given.dtype, given.array if isinstance(given, pd.Series) else given
    if isinstance(dtype, np.dtype):
        if dtype.kind in "fbimM":
            held = np.asarray(values).view()
            held.flags.writeable = False  # the table's own
            return Column(
                held.astype(f"{dtype.kind}8[us]", copy=False) if dtype.kind in "mM" else held
            )
    elif isinstance(dtype, pd.DatetimeTZDtype):
        return Column(values.asi8.view(f"M8[{dtype.unit}]").astype("M8[us]", copy=False))
    elif isinstance(dtype, pd.Int64Dtype | pd.BooleanDtype):
        plain = np.int64 if isinstance(dtype, pd.Int64Dtype) else bool
        gone = values.isna()
        if not gone.any():
            return Column(values.to_numpy(plain))
        return Column(values.to_numpy(plain, na_value=0), gone)
    elif isinstance(dtype, pd.Float64Dtype):
        return Column(values.to_numpy(np.float64, na_value=np.nan))
    codes, distinct = factorize(given)
    return Text(codes, distinct)


def arrays(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """The name of each column of a table, and the array that it holds."""
    # Asked for its columns one by one, a table makes an object of each, which takes 25 times as
    # long; pandas has no public way to all of their arrays.
    return zip(table.columns.tolist(), table._iter_column_arrays(), strict=True)


def spans(first: Array, size: Array) -> Array:
    """Numbers that follow one another, so many from each first.

    >>> spans(np.array([7, 3]), np.array([2, 3])).tolist()
    [7, 8, 3, 4, 5]
    """
    made: Array = np.repeat(first - (np.cumsum(size) - size), size)
    return made + np.arange(len(made))


def isoformat(times: Array) -> list[str]:
    """Times in UTC, a datetime64[us] each and none missing, as `datetime.isoformat` has them.

    >>> isoformat(np.array(["2026-11-24T08:00", "2026-11-24T08:00:00.5"], dtype="M8[us]"))
    ['2026-11-24T08:00:00+00:00', '2026-11-24T08:00:00.500000+00:00']
    """
    told = np.datetime_as_string(times, unit="us").tolist()
    return [one.removesuffix(".000000") + "+00:00" for one in told]


_FEW = 32  # texts up to which Arrow's dictionary costs more than one of Python


def factorize(given: Any) -> tuple[Array, Sequence[str]]:
    """The number of each row's text (-1: none), and the distinct texts in the order met.

    Parameters
    ----------
    given : Text, pandas column or the array that it holds
    """
    if isinstance(given, Text):
        return given.values, given.distinct
    dtype = given.dtype
    if isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow":
        texts = (given.array if isinstance(given, pd.Series) else given).__arrow_array__()
        if len(texts) <= _FEW:
            few = Text.of(texts.to_pylist())
            return few.values, few.distinct
        number, held = id(texts), _numbered.get(id(texts))
        if held is None or held[0]() is not texts:
            held = weakref.ref(texts, lambda _: _numbered.pop(number, None)), _encoded(texts)
            _numbered[number] = held
        return held[1]
    codes, distinct = pd.factorize(given)
    if dtype.kind == "M" and (times := pd.DatetimeIndex(distinct)).unit != "ns":
        return codes.astype(np.int64), _written(times)
    return codes.astype(np.int64), [*map(str, distinct.tolist())]


# Of an array that Arrow holds, what was found of it, as long as it lasts: whoever tells rows apart
# and whoever rates them ask the same.
_numbered: dict[int, tuple[weakref.ref[Any], tuple[Array, list[str]]]] = {}


def _encoded(texts: pa.ChunkedArray) -> tuple[Array, list[str]]:
    whole = texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks()
    found = whole.dictionary_encode()
    codes = found.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    codes.flags.writeable = False
    return codes, found.dictionary.to_pylist()


def _written(times: pd.DatetimeIndex) -> list[str]:
    """Times as Python writes its own, which it does in three times as long."""
    if str(times.tz) != "UTC":
        return [*map(str, times.to_pydatetime().tolist())]
    stamps = isoformat(times.as_unit("us").asi8.view("M8[us]"))
    return [one.replace("T", " ") for one in stamps]


class _Cell:
    """One column of a view as it was given, and taken apart once somebody asked for it."""

    __slots__ = ("given", "taken")

    def __init__(self, given: Any) -> None:
        self.given = given  # a pandas column or its array, a column, or what makes one
        self.taken: Column | None = given if isinstance(given, Column) else None

    def column(self) -> Column:
        if self.taken is None:
            made = self._made()
            self.taken = made if isinstance(made, Column) else column(made)
        return self.taken

    def array(self) -> Any:
        made = self._made()
        if isinstance(made, Column | list):
            return self.column().array()
        return made.array if isinstance(made, pd.Series) else made

    def _made(self) -> Any:
        given = self.given  # read once: another thread may put what it made in its place
        if callable(given):
            self.given = given = given()
        return given


class View:
    """Columns by name, each taken apart when it is first asked for.

    `answers` are what was found of these rows: see `reference.once`.
    """

    __slots__ = ("_cells", "_size", "answers", "index")

    def __init__(self, columns: Mapping[str, Any], index: pd.Index) -> None:
        self._cells = {name: _Cell(given) for name, given in columns.items()}
        self.index, self._size = index, len(index)
        self.answers: dict[Any, Any] = {}

    @staticmethod
    def of(items: Any) -> View:
        """A table as a view; a view is itself. Of a table asked again the same view is given."""
        if isinstance(items, View):
            return items
        held: tuple[Any, View] | None = getattr(_latest, "held", None)
        if held is None or held[0]() is not items:
            held = weakref.ref(items), View.over(items)
            _latest.held = held
        return held[1]

    @staticmethod
    def over(rows: Any) -> View:
        """A table as a view of its own, with no answers of others; a view is itself.

        The view shares the table's memory: nobody may write into the table while it is in use.

        Raises
        ------
        ValueError
            Two columns have one name.
        """
        if isinstance(rows, View):
            return rows
        names, held = rows.columns.tolist(), dict(arrays(rows))
        if len(held) < len(names):
            raise ValueError(f"two columns of one name among {', '.join(map(str, names))}")
        return View(held, rows.index)

    def __getitem__(self, name: str) -> Column:
        cell = self._cells[name]
        return cell.column() if cell.taken is None else cell.taken

    def text(self, name: str) -> Text:
        """A column that holds texts."""
        found = self[name]
        if not isinstance(found, Text):
            raise TypeError(f"{name} holds no texts")
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._cells

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return self._size

    def assign(self, **columns: Any) -> View:
        """With further columns, or others in their place."""
        made = View(columns, self.index)
        made._cells = {**self._cells, **made._cells}
        return made

    def only(self, names: Iterable[str]) -> View:
        """These columns alone."""
        made = View({}, self.index)
        made._cells = {name: self._cells[name] for name in names}
        return made

    def take(self, places: Array) -> View:
        """The rows at these places; -1 is a row of nothing."""
        made = {name: partial(_taken, cell, places) for name, cell in self._cells.items()}
        return View(made, pd.RangeIndex(len(places)))

    def without(self, names: Iterable[str]) -> View:
        """Without these columns."""
        left, made = {*names}, View({}, self.index)
        made._cells = {name: cell for name, cell in self._cells.items() if name not in left}
        return made

    def table(self, names: Iterable[str] | None = None) -> pd.DataFrame:
        """These columns, or all, as a pandas table."""
        wanted = self._cells if names is None else names
        made = {name: self._cells[name].array() for name in wanted}
        return pd.DataFrame(made, index=self.index)


def _taken(cell: _Cell, places: Array) -> Column:
    return cell.column().take(places)


_latest = threading.local()
_supposed = threading.local()


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


def like(items: Any, made: Column) -> Any:
    """A column of the kind that these items hold: of a pandas table, a pandas column."""
    return made if isinstance(items, View | Column) else made.series(items.index)


def told(of: Any, columns: Mapping[str, Array]) -> Any:
    """What was told of a column, as a view of arrays or, of a pandas column, as a table."""
    if isinstance(of, Column):
        return View({name: Column(one) for name, one in columns.items()}, pd.RangeIndex(len(of)))
    return pd.DataFrame(columns, index=of.index)
