"""Answers of the exporters' page: a number a day, whoever counts at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from riskprofile.errors import NotAllowed
from riskprofile.services import check_counts
from riskprofile.services.rights import OWNER, Actor
from riskprofile.store.office_tables import CheckDay
from tests.services.bench import NOW


def test_each_answer_is_counted_once_also_when_many_end_together(any_store):
    with ThreadPoolExecutor(4) as several:
        list(several.map(lambda _: check_counts.count(any_store, NOW), range(40)))
    check_counts.count(any_store, NOW - timedelta(days=2))
    found = check_counts.by_day(any_store, OWNER, NOW)
    assert found == {f"{NOW:%Y-%m-%d}": 40, f"{NOW - timedelta(days=2):%Y-%m-%d}": 1}
    assert list(found) == sorted(found, reverse=True)
    assert sum(check_counts.by_day(any_store, OWNER, NOW, days=2).values()) == 40


def test_a_day_and_a_number_are_all_that_is_kept(store):
    check_counts.count(store, NOW)
    with store.read() as connection:
        row = connection.execute(select(CheckDay.__table__)).mappings().one()
    assert dict(row) == {"day": f"{NOW:%Y-%m-%d}", "answers": 1}


def test_nobody_unknown_is_told_the_numbers(store):
    with pytest.raises(NotAllowed):
        check_counts.by_day(store, Actor("x", "stranger"), NOW)
