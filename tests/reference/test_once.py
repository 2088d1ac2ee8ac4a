"""Shared work is done once a table, and never for another table."""

from __future__ import annotations

import gc

import pandas as pd

from riskprofile.reference.once import once
from riskprofile.tables import Table


def test_two_tables_of_the_same_content_are_asked_apart():
    asked: list[int] = []

    @once
    def total(items: Table) -> int:
        asked.append(len(items))
        return int(items["a"].sum())

    one, other = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [3]})
    assert [total(one), total(one), total(other), total(one)] == [3, 3, 3, 3]
    assert asked == [2, 1, 2]


def test_another_argument_is_another_question():
    @once
    def times(items: Table, factor: int, history: object) -> int:
        return int(items["a"].sum()) * factor

    table = pd.DataFrame({"a": [1, 2]})
    assert times(table, 2, {}) == 6
    assert times(table, 3, {}) == 9


def test_a_new_table_in_the_place_of_a_lost_one_is_asked_again():
    @once
    def total(items: Table) -> int:
        return int(items["a"].sum())

    for number in range(50):
        assert total(pd.DataFrame({"a": [number]})) == number
        gc.collect()
