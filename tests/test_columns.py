"""Columns of a view mean what pandas means, missing values included, to the last bit."""

from __future__ import annotations

import operator
import sys
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from riskprofile.columns import (
    TEXT,
    TIME,
    Column,
    Text,
    View,
    column,
    factorize,
    taken_apart,
    text,
    view,
)

N = 40
chance = np.random.default_rng(7)
GONE = chance.random(N) < 0.3
FLOATS = pd.Series(np.where(GONE, np.nan, chance.normal(0, 3, N).round(1)))
OTHERS = pd.Series(np.where(chance.random(N) < 0.3, np.nan, chance.normal(0, 3, N).round(1)))
WHOLE = pd.Series(chance.integers(-3, 4, N), dtype="Int64").mask(GONE)
KEYS = pd.Series(chance.integers(-3, 4, N), dtype="Int64").mask(chance.random(N) < 0.3)
FLAGS = pd.Series(chance.random(N) < 0.5, dtype="boolean").mask(GONE)
PLAIN = pd.Series(chance.random(N) < 0.5)
MAYBE = pd.Series(chance.random(N) < 0.5, dtype="boolean").mask(chance.random(N) < 0.3)
TEXTS = pd.Series(chance.choice(["post", "sea", "air", ""], N), dtype=TEXT).mask(GONE)
WORDS = pd.Series(chance.choice(["sea", "post", "rail"], N), dtype=TEXT).mask(OTHERS.isna())
TIMES = pd.Series(
    pd.Timestamp("2026-11-20", tz="UTC") + pd.to_timedelta(chance.integers(0, 9_999_999, N), "s")
).astype(TIME)
LATER = (TIMES + pd.to_timedelta(chance.integers(-99, 99, N), "h")).astype(TIME).mask(GONE)
TIMES = TIMES.mask(OTHERS.isna())


def same(made: Column, expected: pd.Series) -> None:
    """Equal bits; missing where pandas says so."""
    assert len(made) == len(expected)
    gone = expected.isna().to_numpy(dtype=bool)
    assert made.isna().tolist() == gone.tolist()
    if isinstance(made, Text):
        assert [one for one in made.tolist() if one is not None] == expected.dropna().tolist()
        return
    values = expected[~gone].to_numpy(made.values.dtype)
    assert made.values[~gone].tobytes() == values.tobytes()


@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge", "eq", "ne"])
@pytest.mark.parametrize(
    ("one", "other"),
    [(FLOATS, OTHERS), (FLOATS, 1.0), (WHOLE, KEYS), (WHOLE, 2), (TIMES, LATER)],
)
def test_comparison(name: str, one: pd.Series, other: Any):
    ours = column(other) if isinstance(other, pd.Series) else other
    compare = getattr(operator, name)
    same(compare(column(one), ours), compare(one, other))


@pytest.mark.parametrize("compare", [operator.eq, operator.ne])
def test_texts_are_the_same_or_not(compare: Any):
    same(compare(column(TEXTS), column(WORDS)), compare(TEXTS, WORDS))
    same(compare(column(TEXTS), "sea"), compare(TEXTS, "sea"))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv"])
def test_arithmetic(name: str):
    count = getattr(operator, name)
    same(count(column(FLOATS), column(OTHERS)), count(FLOATS, OTHERS))
    same(count(column(FLOATS), 3.0), count(FLOATS, 3.0))
    same(count(3.0, column(FLOATS)), count(3.0, FLOATS))
    same(count(column(FLOATS), column(WHOLE)), count(FLOATS, WHOLE.astype("float64")))


def test_more_arithmetic():
    positive = FLOATS.where(FLOATS > 0)
    same(column(FLOATS) % 10, FLOATS % 10)
    same(column(FLOATS) ** 2, FLOATS**2)
    same(-column(FLOATS), -FLOATS)
    same(column(FLOATS) / 0, FLOATS / 0)
    same(column(FLOATS).abs(), FLOATS.abs())
    same(column(FLOATS).round(0), FLOATS.round(0))
    same(column(FLOATS).clip(-1.0, 1.0), FLOATS.clip(-1.0, 1.0))
    same(column(FLOATS).clip(lower=0.5), FLOATS.clip(lower=0.5))
    same(column(FLOATS).between(-1.0, 1.0), FLOATS.between(-1.0, 1.0))
    same(column(positive).log(), np.log(positive))
    same(column(positive).log10(), np.log10(positive))
    same(column(positive).sqrt(), np.sqrt(positive))
    same(column(FLOATS).exp(), np.exp(FLOATS))


@pytest.mark.parametrize("other", [PLAIN, MAYBE])
def test_unknown_is_decided_by_what_is_known(other: pd.Series):
    for one in (FLAGS, PLAIN):
        same(column(one) & column(other), one & other)
        same(column(one) | column(other), one | other)
    same(~column(other), ~other)
    same(column(PLAIN) & PLAIN.to_numpy(), PLAIN)
    same(PLAIN.to_numpy() | column(PLAIN), PLAIN)


@pytest.mark.parametrize("one", [FLOATS, WHOLE, FLAGS, TIMES], ids=["f", "i", "b", "t"])
def test_where_and_what_fills(one: pd.Series):
    same(column(one).where(column(PLAIN)), one.where(PLAIN))
    same(column(one).where(column(MAYBE)), one.where(MAYBE.fillna(False).astype(bool)))
    same(column(one).fillna(column(one)), one)
    same(column(one).isna(), one.isna())
    same(column(one).notna(), one.notna())


@pytest.mark.parametrize("one", [FLOATS, WHOLE, FLAGS, TIMES], ids=["f", "i", "b", "t"])
def test_a_row_alone_is_kept_and_filled_as_among_others(one: pd.Series):
    other, keep = column(one[::-1].reset_index(drop=True)), chance.random(N) < 0.5
    whole = column(one)
    for made, alone in (
        (whole.where(keep), lambda a, b, k: a.where(k)),
        (whole.where(keep, other), lambda a, b, k: a.where(k, b)),
        (whole.fillna(other), lambda a, b, k: a.fillna(b)),
    ):
        each = [
            alone(column(one.iloc[[n]]), other.take(np.array([n])), keep[n : n + 1])
            for n in range(N)
        ]
        assert [part.at(0) for part in each] == [made.at(n) for n in range(N)]
        assert {part.values.dtype for part in each} == {made.values.dtype}


def test_division_by_nothing_is_no_fault():
    one, nothing = Column(np.array([1.0, 0.0, -1e308])), Column(np.array([0.0, 0.0, 1e-10]))
    assert (one / nothing).tolist() == pytest.approx([np.inf, np.nan, -np.inf], nan_ok=True)


def test_filled_with_something_else():
    same(column(FLOATS).fillna(2.0), FLOATS.fillna(2.0))
    same(column(FLOATS).fillna(column(OTHERS)), FLOATS.fillna(OTHERS))
    same(column(WHOLE).fillna(column(KEYS)), WHOLE.fillna(KEYS))
    same(column(FLAGS).fillna(False), FLAGS.fillna(False))
    same(column(FLOATS).where(column(PLAIN), 7.0), FLOATS.where(PLAIN, 7.0))
    same(column(FLOATS).where(column(PLAIN), column(OTHERS)), FLOATS.where(PLAIN, OTHERS))
    same(column(FLOATS).mask(column(PLAIN), 7.0), FLOATS.mask(PLAIN, 7.0))
    same(column(TEXTS).fillna("none"), TEXTS.fillna("none"))
    same(column(TEXTS).where(column(PLAIN)), TEXTS.where(PLAIN))


def test_membership_and_texts():
    same(column(TEXTS).isin(("post", "air")), TEXTS.isin(("post", "air")))
    same(column(WHOLE).isin((1, 2)), WHOLE.isin((1, 2)).fillna(False))
    same(
        column(TEXTS).between("air", "post"),
        TEXTS.dropna().between("air", "post").reindex(range(N)).astype("boolean"),
    )
    same(Text.of(TEXTS.astype(object).where(TEXTS.notna(), None)), TEXTS)
    same(View.of(TEXTS.to_frame("a")).text("a").map(str.upper), TEXTS.str.upper())


def test_kinds_change_as_in_pandas():
    same(column(WHOLE).astype("float64"), WHOLE.astype("float64"))
    same(column(PLAIN).astype("float64"), PLAIN.astype("float64"))
    with pytest.raises(ValueError, match="neither true nor false"):
        column(FLAGS).astype(bool)
    with pytest.raises(TypeError, match="not numbers"):
        column(TEXTS).numbers()
    with pytest.raises(TypeError):
        column(TEXTS) + 1
    with pytest.raises(TypeError, match="holds no texts"):
        View.of(FLOATS.to_frame("a")).text("a")


@pytest.mark.parametrize(
    "one",
    [
        *(FLOATS, WHOLE, FLAGS, PLAIN, TEXTS, TIMES, TEXTS.where(TEXTS == "no")),
        *(TEXTS.iloc[:0], TEXTS.iloc[:1], TEXTS.iloc[:7], pd.concat([TEXTS] * 9)),
    ],
)
def test_a_column_comes_back_as_it_was(one: pd.Series):
    pd.testing.assert_series_equal(column(one).series(one.index), one)


@pytest.mark.parametrize("one", [FLOATS, WHOLE, FLAGS, PLAIN, TEXTS, TIMES])
def test_rows_are_taken_by_place_and_none_is_nothing(one: pd.Series):
    places = np.array([3, 0, -1, N - 1, 3])
    made = View.of(one.to_frame("a")).take(places)["a"]
    same(made, one.reset_index(drop=True).reindex(places))
    empty = View.of(one.iloc[:0].to_frame("a")).take(np.array([-1, -1]))["a"]
    assert empty.isna().tolist() == [True, True]


def test_times_are_written_as_python_writes_them():
    days = ["2026-06-21 08:00:00", "0987-01-02 00:00:00.000001", "2026-06-21 23:59:59.5"]
    for zone in (None, "UTC", "Asia/Tokyo"):
        for unit in ("s", "us"):
            given = pd.Series(pd.DatetimeIndex(days).as_unit(unit).tz_localize(zone))
            told = [str(one) for one in given.dt.to_pydatetime()]
            codes, written = factorize(given)
            assert [written[code] for code in codes] == told


def test_times_are_told_apart_in_days():
    day = np.timedelta64(86_400_000_000, "us")
    expected = (LATER - TIMES) / pd.Timedelta(days=1)
    same((column(LATER) - column(TIMES)) / day, expected)
    same(column(LATER) - 3 * day, LATER - pd.Timedelta(days=3))


def test_texts_are_told_apart_once_whoever_asks_and_forgotten_with_their_table():
    mode, place = (pd.Series([one, "air", None] * N, dtype=TEXT) for one in ("sea", "post"))
    table = pd.DataFrame({"mode": mode, "place": place})
    del mode, place
    held = len(text._numbered)
    codes, distinct = factorize(table["mode"])
    others = table.assign(lane=1)  # as a table with more columns holds the same texts
    assert View.over(others)["mode"].values is codes
    assert factorize(others["place"])[1] != distinct
    with pytest.raises(ValueError, match="read-only"):
        codes[0] = 1
    assert len(text._numbered) == held + 2
    del table, others, codes
    assert len(text._numbered) == held


def test_views_of_one_table_share_what_was_taken_apart():
    table = pd.DataFrame({"a": FLOATS, "b": TEXTS})
    items = View.of(table)
    assert View.of(table) is items
    assert items.without(["b"])["a"] is items["a"] is items.assign(c=FLOATS)["a"]
    assert list(items.assign(c=FLOATS)) == ["a", "b", "c"] and "b" not in items.without(["b"])
    pd.testing.assert_frame_equal(items.table(), table)


@pytest.mark.parametrize("rows", [0, 1, 2, N])
def test_what_arrow_holds_is_taken_apart_as_what_pandas_holds(rows: int):
    for given in (FLOATS, WHOLE, FLAGS, PLAIN, TEXTS, TIMES, LATER):
        for start in range(N):
            part = given[start : start + rows]
            held = pa.chunked_array([pa.array(part, from_pandas=True)])
            same(taken_apart(held), part)
            if given is TEXTS:
                same(taken_apart(held.dictionary_encode()), part)


def test_what_a_table_holds_is_not_written_to_through_a_view():
    for one in (FLOATS, PLAIN, TIMES.dt.tz_localize(None)):
        held = View.over(one.to_frame("a"))["a"].values
        with pytest.raises(ValueError, match="read-only"):
            held[0] = held[1]


def test_a_name_given_to_the_index_of_one_table_is_not_that_of_the_next():
    def made() -> list[pd.Index]:
        rows = View.over(PLAIN.to_frame("a")).take(np.array([0, 1, -1]))
        said = view.told(rows["a"], {"a": np.zeros(3)})
        return [rows.index, rows.table().index, rows.instead(b=rows["a"]).index, said.index]

    for index in made():
        index.name = "line"
    assert [index.name for index in made()] == [None] * 4
    assert [index.tolist() for index in made()] == [[0, 1, 2]] * 4


def test_pandas_gives_the_arrays_of_a_table_as_it_gives_those_of_its_columns():
    """`view.arrays` asks it for all at once, by names that pandas does not promise to keep.

    If this fails after an upgrade, take `[rows[name].array for name in names]` there: the same,
    50 times slower.
    """
    kinds = {"f": FLOATS, "g": OTHERS, "w": WHOLE, "b": FLAGS, "p": PLAIN, "s": TEXTS, "t": TIMES}
    more = {
        "later": LATER,
        "n": TIMES.dt.tz_localize(None),
        "o": TEXTS.astype(object),
        "c": TEXTS.astype("category"),
    }
    table = pd.DataFrame({**kinds, **more})
    odd = table.set_axis([f"row {n % 7}" for n in range(N)])
    few = table.iloc[3:4], table.iloc[:0], table[[]]
    for rows in (table, odd.iloc[3:9], table.iloc[::-2], *few, table[[*"tgosf"]], table.copy()):
        held = dict(view.arrays(rows))
        assert [*held] == rows.columns.tolist()
        for name, one in zip(rows.columns, held.values(), strict=True):
            pd.testing.assert_series_equal(pd.Series(one), pd.Series(rows[name].array))


def test_a_table_in_which_two_columns_have_one_name_is_refused():
    table = pd.concat([FLOATS.rename("a"), OTHERS.rename("a")], axis=1)
    with pytest.raises(ValueError, match="two columns of one name among a, a"):
        View.over(table)


@pytest.mark.parametrize("moment", range(12))
def test_a_column_may_be_taken_apart_by_two_threads_at_once(moment: int):
    """Before one line or another of what one of them does, the other does all of it."""
    items, left = View.over(FLOATS.to_frame("a")).take(np.arange(3)), [moment]

    def other(frame: Any, *_: Any) -> Any:
        if frame.f_code.co_filename == view.__file__:
            if left[0] == 0:
                items["a"]
            left[0] -= 1
        return other

    before = sys.gettrace()
    sys.settrace(other)
    try:
        made = items["a"]
    finally:
        sys.settrace(before)
    assert left[0] < 0, "the other came too late"
    same(made, FLOATS[:3])


def test_one_row_is_seen_as_many_that_nobody_can_write_to():
    for one in (FLOATS, WHOLE, FLAGS, TEXTS, TIMES):
        for row in (one[~one.isna()], one[one.isna()]):
            made = column(row.iloc[:1]).repeated(3)
            same(made, pd.concat([row.iloc[:1]] * 3, ignore_index=True))
            with pytest.raises(ValueError, match="read-only"):
                made.values[0] = made.values[1]
