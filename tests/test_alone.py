"""A column of one row says what the array of one value says, to the last bit."""

from __future__ import annotations

import operator
import pickle
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskprofile.columns import (
    TEXT,
    Column,
    Flag,
    Moment,
    Number,
    Text,
    View,
    Whole,
    Word,
    alone,
    column,
    full,
    reckoned,
    supposing,
)
from riskprofile.reference import facts

FLOATS = [
    *(0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -1.0, 2.0, 3.0, 0.5, 1.5, -2.5, 4.6, 100.0),
    *(5e-324, 1e-310, -1e308, 1.7e308, 0.1 + 0.2, 2.0**51 / 1e6, 2.0**53 + 2, 1e15, 4.5e9, -0.25),
    *(5e-7, 1.5e-6, -2.5e-6, 0.1234565, 1.0000005, 123456.7890125, -3e-8, 8.0000005, 2.0**63),
]
chance = np.random.default_rng(11)
HOSTILE = [*FLOATS, *chance.integers(-(2**63), 2**63 - 1, 60).view(np.float64).tolist()]
WHOLE = [None, 0, 1, -1, 3, 2**53 + 1, 2**53 + 2, 2**63 - 1, -(2**63)]
FLAGS = [None, True, False]
TEXTS = [None, "", "post", "sea", "ﬁ"]
DAY = 86_400_000_000
TIMES = [  # from the first to the last that a date of Python's can be
    *(None, 0, 1, -1, DAY, DAY - 1, -DAY // 3, 1_796_000_000_123_457, 315_532_800_000_000),
    *(-62_135_596_800_000_000, 253_402_300_799_999_999, -2_208_988_800_000_001),
]
ALONE = [*map(Number, FLOATS), *map(Whole, WHOLE), *map(Flag, FLAGS)]


def held(one: Any) -> Any:
    """The same as an array of one value; of what is no column, itself."""
    return one.held() if isinstance(one, Number | Whole | Flag | Moment | Word) else one


def told(ask: Callable[[], Any]) -> Any:
    """What is answered, so that it can be compared: of a column its kind, its bits, its gaps."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            made = ask()
        except (TypeError, ValueError, OverflowError) as error:
            return type(error)
    if isinstance(made, Text):
        return repr(made.tolist())
    if not isinstance(made, Column):
        return repr(made)
    gone = made.isna().values.tolist()
    bits = [None if no else one.tobytes() for one, no in zip(made.values, gone, strict=True)]
    return made.values.dtype, gone, bits


def same(ask: Callable[..., Any], *given: Any) -> None:
    alike, expected = told(lambda: ask(*given)), told(lambda: ask(*map(held, given)))
    assert alike == expected, (given, alike, expected)


COMPARED = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
COUNTED = [operator.add, operator.sub, operator.mul, operator.truediv, operator.mod, operator.pow]
PLAIN = [0, 1, -2, 3, 10, 0.0, -0.0, 1.0, 0.25, np.nan, np.inf, 1e6, True, False]


@pytest.mark.parametrize("ask", COMPARED + COUNTED, ids=lambda ask: ask.__name__)
def test_compared_and_counted_with_every_kind(ask: Any):
    for one, other in product(ALONE, [*ALONE, *PLAIN]):
        same(ask, one, other)
        same(ask, one, held(other))
        same(ask, held(one), other)
    for one, other in product(PLAIN, ALONE):
        same(ask, one, other)
    for one, other in zip(map(Number, HOSTILE), map(Number, HOSTILE[::-1]), strict=True):
        same(ask, one, other)


@pytest.mark.parametrize("ask", [operator.and_, operator.or_])
def test_joined(ask: Any):
    for one, other in product(map(Flag, FLAGS), [*map(Flag, FLAGS), True, np.array([False])]):
        same(ask, one, other)
        same(ask, other, one)
        same(ask, held(one), other)


def kept() -> Iterator[Any]:
    yield from map(Flag, FLAGS)
    yield from (np.array([True]), np.array([False]), Flag(True).held(), Flag(None).held())


def test_kept_and_filled():
    others = [*ALONE, 0.0, 1, -7.5, True, False, *map(held, ALONE[::5])]
    for one in ALONE:
        for keep, other in product(kept(), [None, *others]):
            same(lambda a, k, b: a.where(k, b), one, keep, other)
            same(lambda a, k, b: a.mask(k, b), one, keep, other)
        for other in others:
            same(lambda a, b: a.fillna(b), one, other)


def test_alone():
    asked: list[Callable[[Any], Any]] = [
        *(lambda a: a.isna(), lambda a: a.notna(), lambda a: ~a, lambda a: -a, lambda a: a.abs()),
        *(lambda a: a.astype("float64"), lambda a: a.astype(bool), lambda a: a.numbers()),
        *(lambda a: a.flags(), lambda a: a.any(), lambda a: a.plain(), lambda a: len(a)),
        *(lambda a: a.at(0), lambda a: a.isin((1, 3)), lambda a: a.between(-1.0, 3)),
        *(lambda a: a.exp(), lambda a: a.log(), lambda a: a.log10(), lambda a: a.sqrt()),
        *(lambda a: a.clip(0.0, 1.0), lambda a: a.clip(lower=0), lambda a: a.clip(upper=2.5)),
        *(lambda a: a.clip(-8.0, 8.0), lambda a: a.round(6), lambda a: a.round(0)),
        *(lambda a: a.round(3), lambda a: a.round(-2), lambda a: a.take(np.array([0, -1, 0]))),
        *(
            lambda a: a.repeated(1),
            lambda a: a.repeated(3),
            lambda a: pickle.loads(pickle.dumps(a)),
        ),
        *(lambda a: facts.ramp(a, 1.0, 4.0), lambda a: facts.within(a, 5.0, 400.0)),
        *(lambda a: facts.fired(a), lambda a: facts.all_of(a), lambda a: facts.any_of(a)),
    ]
    for one, ask in product([*ALONE, *map(Number, HOSTILE)], asked):
        same(ask, one)
    with supposing():
        for one in ALONE:
            same(lambda a: a.any(), one)


def test_the_larger_and_the_smaller():
    for one, other in product(map(Number, HOSTILE), repeat=2):
        same(lambda a, b: a.larger(b), one, other)
        same(lambda a, b: a.smaller(b), one, other)
        same(lambda a, b: a.larger(held(b)), one, other)
        same(facts.all_of, one, other, Number(0.5))
        same(facts.any_of, one, other, Number(0.5))


def test_times():
    day = np.timedelta64(DAY, "us")
    asked: list[Callable[[Any], Any]] = [
        *(lambda a: a.isna(), lambda a: a.notna(), lambda a: a.tolist(), lambda a: a.at(0)),
        *(lambda a: a - day, lambda a: a + 365 * day, lambda a: a.numbers(), lambda a: a + 1.5),
        *(lambda a: a.plain(), lambda a: a.take(np.array([-1, 0])), lambda a: a.repeated(3)),
        *(lambda a: a.repeated(1), lambda a: pickle.loads(pickle.dumps(a)), lambda a: len(a)),
        *(lambda a: a.array().tolist(), lambda a: a.series(pd.RangeIndex(1)).tolist()),
    ]
    for one in map(Moment, TIMES):
        for ask in asked:
            same(ask, one)
        for other in [*map(Moment, TIMES), day, np.datetime64(7, "us")]:
            for compare in COMPARED:
                same(compare, one, other)
                same(compare, one, held(other))
                same(compare, held(one), other)
        for other in map(Moment, TIMES):
            for ask in (Column.__sub__, facts.days_between):
                same(ask, one, other)
                same(ask, one, held(other))
                same(ask, held(one), other)
            same(lambda a, b: a.fillna(b), one, other)
            for keep in kept():
                same(lambda a, k, b: a.where(k, b), one, keep, other)
        for keep in kept():
            same(lambda a, k: a.where(k), one, keep)
            same(lambda a, k: a.mask(k), one, keep)


def test_a_formula_says_of_one_row_what_it_says_of_an_array():
    def formula(one: Any, other: Any, third: Any) -> Any:
        return (one * other + 20.0 * third) / (one * one + 20.0)

    for one, other, third in zip(HOSTILE, HOSTILE[::-1], [*HOSTILE[7:], *HOSTILE[:7]], strict=True):
        given = Number(one), Number(other), Number(third)
        same(lambda *given: reckoned(formula, *given), *given)
        same(lambda a, b, c: reckoned(formula, a, held(b), c), *given)
        expected = (given[0] * other + 20.0 * given[2]) / (given[0] * one + 20.0)
        assert told(lambda g=given: reckoned(formula, *g)) == told(lambda e=expected: e)


def test_texts():
    asked: list[Callable[[Any], Any]] = [
        *(lambda a: a.isna(), lambda a: a.notna(), lambda a: a.tolist(), lambda a: a.at(0)),
        *(lambda a: a.told(len, np.nan), lambda a: a.told(lambda one: one == "sea", True)),
        *(lambda a: a.told(len, -1), lambda a: a.told(len, np.nan, np.float32)),
        *(lambda a: a.map(str.upper), lambda a: a.map(lambda one: one[:1] or None)),
        *(lambda a: a.isin(("sea", "post")), lambda a: a.isin(iter(["sea"])), lambda a: a == "sea"),
        *(lambda a: a != "sea", lambda a: a.between("post", "sea"), lambda a: a.fillna("none")),
        *(lambda a: a.take(np.array([-1, 0])), lambda a: a.repeated(3), lambda a: a.repeated(1)),
        *(lambda a: a.keyed([2**63 - 1][: len(a.distinct)]), lambda a: a.numbers()),
        *(
            lambda a: a.spread([1.5][: len(a.distinct)], np.nan),
            lambda a: a.plain(),
            lambda a: a + 1,
        ),
        lambda a: facts.is_one_of(a, "sea", "post"),
    ]
    for one in map(Word, TEXTS):
        for ask in asked:
            same(ask, one)
        for other in map(Word, TEXTS):
            for ask in (operator.eq, operator.ne):
                same(ask, one, other)
                same(ask, one, held(other))
                same(ask, held(one), other)
        for keep in kept():
            same(lambda a, k: a.where(k), one, keep)
            same(lambda a, k: a.mask(k), one, keep)


def test_a_view_of_one_row_is_of_these():
    table = pd.DataFrame({
        "f": [2.5], "i": pd.array([None], "Int64"), "b": pd.array([True], "boolean"),
        "t": pd.array(["sea"], TEXT), "n": pd.array([None], TEXT), "p": [7], "when": ["2026"],
    }).astype({"when": "datetime64[us, UTC]"})  # fmt: skip
    items = View.over(table)
    kinds = [type(items[name]) for name in items]
    assert kinds == [Number, Whole, Flag, Word, Word, Whole, Moment]
    pd.testing.assert_frame_equal(items.assign(more=items["f"]).table([*table]), table)
    pd.testing.assert_frame_equal(
        View({name: items[name] for name in items}, table.index).table(),
        table.astype({"p": "Int64", "b": bool}),
    )
    assert type(column(table["f"])) is Column and type(full(1, 0.5)) is Number
    assert {type(alone(full(2, one))) for one in (0.5, True)} == {Column}
