"""What identifies a declaration and its items, however its file is cut."""

from __future__ import annotations

from collections import Counter

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.profiles import SHIPMENT
from riskprofile.services.identifiers import Numbers, content
from riskprofile.tables import TEXT
from tests import factory

names = st.sampled_from(["XM-1@XMPME//2026", "XM-2@XMPME//2026", "Ж/ü@//", ""])


@given(st.lists(st.lists(names, max_size=6), max_size=12))
def test_rows_without_an_item_number_are_numbered_over_the_whole_file(parts):
    numbers, seen = Numbers(), Counter()
    for part in parts:
        wanted = []
        for name in part:
            seen[name] += 1
            wanted.append(seen[name])
        assert numbers.of(pd.Series(part, dtype=TEXT)).tolist() == wanted


def test_the_rows_of_a_long_file_are_numbered_whatever_lies_between():
    """Enough parts to be joined in layers of several sizes."""
    numbers = Numbers()
    for start in range(0, 3_000, 50):
        part = [f"XM-{n}" for n in range(start, start + 50)] + ["XM-0"]
        told = numbers.of(pd.Series(part, dtype=TEXT)).tolist()
        assert told == [*[1] * 50, 2 + start // 50]
    assert numbers.of(pd.Series(["XM-2999", "XM-0"], dtype=TEXT)).tolist() == [2, 62]


def test_what_a_row_declares_has_one_digest_whatever_stands_before_it():
    table = factory.shipments(1).iloc[[0, 0, 0]].assign(value=[0.0, -0.0, 5.0])
    each = [content(table.iloc[[n]], SHIPMENT)[0] for n in range(3)]
    assert content(table, SHIPMENT).tolist() == each
    assert each[0] == each[1] != each[2]
