"""A table taken apart: each column becomes what it holds when it is first asked for."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from riskprofile.columns.alone import Flag, Whole, Word, alone
from riskprofile.columns.column import Array, Column
from riskprofile.columns.text import Text, factorize


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
    if len(values) == 1 and isinstance(dtype, pd.StringDtype):
        return Word(*pa.array(values).to_pylist())
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
        whole = isinstance(dtype, pd.Int64Dtype)
        if len(values) == 1:
            one = None if values[0] is pd.NA else values[0].item()
            return Whole(one) if whole else Flag(one)
        plain = np.int64 if whole else bool
        gone = values.isna()
        if not gone.any():
            return Column(values.to_numpy(plain))
        return Column(values.to_numpy(plain, na_value=0), gone)
    elif isinstance(dtype, pd.Float64Dtype):
        return Column(values.to_numpy(np.float64, na_value=np.nan))
    codes, distinct = factorize(given)
    return Text(codes, distinct)


def taken_apart(held: pa.ChunkedArray) -> Column:
    """A column as Arrow holds it, as one to compute with."""
    # pandas takes half a millisecond to begin with a column.
    if pa.types.is_floating(held.type):
        return Column(held.to_numpy())
    if pa.types.is_timestamp(held.type):
        return Column(held.to_numpy().astype("M8[us]", copy=False))
    kind = held.type.value_type if pa.types.is_dictionary(held.type) else held.type
    if len(held) == 1 and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return Word(*held.to_pylist())
    if not (pa.types.is_integer(held.type) or pa.types.is_boolean(held.type)):
        return column(held.to_pandas())
    # pandas would make floats of whole numbers with missing ones: a key would be another.
    if not held.null_count:
        return Column(held.to_numpy())
    nothing = pa.scalar(0).cast(held.type)
    return Column(held.fill_null(nothing).to_numpy(), held.is_null().to_numpy())


def arrays(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """The name of each column of a table, and the array that it holds."""
    # Asked for its columns one by one, a table makes an object of each, which takes 50 times as
    # long; pandas has no public way to all of their arrays. Columns of one kind may lie in one.
    held = table._mgr.arrays
    places = zip(table._mgr.blknos.tolist(), table._mgr.blklocs.tolist(), strict=True)
    of_columns = (held[one] if held[one].ndim == 1 else held[one][at] for one, at in places)
    return zip(table.columns.to_numpy(object).tolist(), of_columns, strict=True)


class _Cell:
    """A column of a view as pandas gave it, and taken apart once somebody asked for it."""

    __slots__ = ("given", "taken")

    def __init__(self, given: Any) -> None:
        self.given = given  # a pandas column or its array, a list, or what makes a column
        self.taken: Column | None = None

    def column(self) -> Column:
        if self.taken is None:
            made = self._made()
            self.taken = alone(made if isinstance(made, Column) else column(made))
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

    Parameters
    ----------
    columns : mapping of str
        What each holds, or what makes it.
    index : Index or int
        Of the table that it was; or how many rows there are, which go by their places.
    """

    __slots__ = ("_cells", "_index", "_size", "answers")

    def __init__(self, columns: Mapping[str, Any], index: pd.Index | int) -> None:
        self._cells = _cells(columns)
        self._index, self._size = index, index if isinstance(index, int) else len(index)
        self.answers: dict[Any, Any] = {}

    @property
    def index(self) -> pd.Index:
        """That of its table: made when it is asked for, which costs as much as ten cells."""
        if isinstance(self._index, int):
            self._index = pd.RangeIndex(self._index)
        return self._index

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
        held = dict(arrays(rows))
        if len(held) < len(rows.columns):
            raise ValueError(f"two columns of one name among {', '.join(map(str, rows.columns))}")
        return View(held, rows.index)

    def __getitem__(self, name: str) -> Column:
        cell = self._cells[name]
        if not isinstance(cell, _Cell):
            return cell
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
        return self._of({**self._cells, **_cells(columns)})

    def instead(self, **columns: Column) -> View:
        """Other columns of the same rows."""
        return self._of({**columns})

    def only(self, names: Iterable[str]) -> View:
        """These columns alone."""
        return self._of({name: self._cells[name] for name in names})

    def _of(self, cells: dict[str, _Cell | Column]) -> View:
        made = View.__new__(View)
        made._cells, made._index, made._size, made.answers = cells, self._index, self._size, {}
        return made

    def take(self, places: Array) -> View:
        """The rows at these places; -1 is a row of nothing."""
        made = {name: partial(_taken, cell, places) for name, cell in self._cells.items()}
        return View(made, len(places))

    def without(self, names: Iterable[str]) -> View:
        """Without these columns."""
        left = {*names}
        return self._of({name: cell for name, cell in self._cells.items() if name not in left})

    def arrays(self, names: Iterable[str] | None = None) -> dict[str, Any]:
        """What a pandas table of these columns, or of all, would hold, by name."""
        wanted = self._cells if names is None else names
        return {name: self._cells[name].array() for name in wanted}

    def table(self, names: Iterable[str] | None = None) -> pd.DataFrame:
        """These columns, or all, as a pandas table."""
        return pd.DataFrame(self.arrays(names), index=self.index)


def _cells(columns: Mapping[str, Any]) -> dict[str, _Cell | Column]:
    return {
        name: alone(given) if isinstance(given, Column) else _Cell(given)
        for name, given in columns.items()
    }


def _taken(cell: _Cell | Column, places: Array) -> Column:
    return (cell.column() if isinstance(cell, _Cell) else cell).take(places)


_latest = threading.local()


def like(items: Any, made: Column) -> Any:
    """A column of the kind that these items hold: of a pandas table, a pandas column."""
    return made if isinstance(items, View | Column) else made.series(items.index)


def told(of: Any, columns: Mapping[str, Array]) -> Any:
    """What was told of a column, as a view of arrays or, of a pandas column, as a table."""
    if isinstance(of, Column):
        return View({name: Column(one) for name, one in columns.items()}, len(of))
    return pd.DataFrame(columns, index=of.index)
