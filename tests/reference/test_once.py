"""Shared work is done once a view, and never for another view."""

from __future__ import annotations

import gc

import pandas as pd

from riskprofile.columns import View
from riskprofile.reference.once import continued, once


def added(items: View) -> int:
    return int(items["a"].values.sum())


def test_two_tables_of_the_same_content_are_asked_apart():
    asked: list[int] = []

    @once
    def total(items: View) -> int:
        asked.append(len(items))
        return added(items)

    one, other = View.of(pd.DataFrame({"a": [1, 2]})), View.of(pd.DataFrame({"a": [3]}))
    assert [total(one), total(one), total(other), total(one)] == [3, 3, 3, 3]
    assert asked == [2, 1]


def test_another_argument_is_another_question():
    @once
    def times(items: View, factor: int, history: object) -> int:
        return added(items) * factor

    items = View.of(pd.DataFrame({"a": [1, 2]}))
    assert times(items, 2, object()) == 6
    assert times(items, 3, object()) == 9


def test_a_view_with_another_column_is_asked_again_unless_it_goes_on():
    @once
    def total(items: View) -> int:
        return added(items)

    items = View.of(pd.DataFrame({"a": [1, 2]}))
    assert total(items) == 3
    assert total(items.assign(a=pd.Series([5, 6]))) == 11
    assert total(continued(items, items.assign(b=items["a"]))) == 3


def test_a_new_table_in_the_place_of_a_lost_one_is_asked_again():
    @once
    def total(items: View) -> int:
        return added(items)

    for number in range(50):
        assert total(View.of(pd.DataFrame({"a": [number]}))) == number
        gc.collect(1)  # what was made here is young; the heap of the suite is not searched
