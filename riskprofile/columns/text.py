"""Columns of texts: the numbers of their distinct values."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from riskprofile.columns.column import Array, Column

TEXT = pd.StringDtype("pyarrow", na_value=pd.NA)


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

    def keyed(self, told: Sequence[int]) -> Column:
        """What is told of each distinct text as a whole number; missing where there is none."""
        numbers = np.fromiter(told, np.int64, len(told))
        return Column(self.spread(numbers, np.int64(0)), self.values < 0).plain()

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


def isoformat(times: Array, sep: str = "T") -> list[str]:
    """Times in UTC, a datetime64[us] each and none missing, as `datetime.isoformat` has them.

    >>> isoformat(np.array(["2026-11-24T08:00", "2026-11-24T08:00:00.5"], dtype="M8[us]"))
    ['2026-11-24T08:00:00+00:00', '2026-11-24T08:00:00.500000+00:00']
    """
    told = pa.array(times).cast(pa.string()).to_pylist()
    written = "+00:00\n".join([*told, ""]).replace(".000000+", "+")
    return written.replace(" ", sep).splitlines()


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
    return isoformat(times.as_unit("us").asi8.view("M8[us]"), sep=" ")
