"""A run read back: small, and the same as its chunks hold it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskprofile.services import logged
from riskprofile.services.logged import Logged
from riskprofile.tables import TEXT

KEY = 2**62 + 1  # a float holds no such number


def a_part(rows: int, fired: list[int], **columns: object) -> Logged:
    items = pd.DataFrame({"record_id": [f"D{number}" for number in range(rows)], "batch_id": "b"})
    linked = logged._compact(pd.DataFrame(columns, index=items.index))
    return Logged(items, {"fired:A": np.array(fired, dtype=np.int64)}, linked)


def test_parts_keep_their_order_and_a_column_that_one_lacks_is_missing_there() -> None:
    kinds = pd.array(["slide", None, "slide"], dtype=TEXT)
    whole = logged._together(
        [
            a_part(2, [1], part_kinds=pd.array(["frame", "slide"], dtype=TEXT)),
            a_part(3, [0, 2], part_kinds=kinds, key=pd.array([KEY, None, -KEY], dtype="Int64")),
        ]
    )
    assert whole.items["record_id"].tolist() == ["D0", "D1", "D0", "D1", "D2"]
    assert whole.flags["fired:A"].tolist() == [1, 2, 4]
    seen = whole.view()
    assert seen["part_kinds"].tolist() == ["frame", "slide", "slide", None, "slide"]
    assert seen["key"].tolist() == [None, None, KEY, None, -KEY]


def test_numbers_times_and_flags_come_back_as_they_went_in() -> None:
    given = pd.DataFrame(
        {
            "mass": [1.5, np.nan],
            "time": pd.to_datetime(["2026-11-26T08:00Z", None]).as_unit("us"),
            "known": pd.array([True, None], dtype="boolean"),
            "count": pd.array([3, 4], dtype="Int64"),
        }
    )
    seen = logged.taken_apart(logged._compact(given))
    assert seen["mass"].values[0] == 1.5 and np.isnan(seen["mass"].values[1])
    assert seen["time"].isna().tolist() == [False, True]
    assert seen["time"].values[0] == np.datetime64("2026-11-26T08:00")
    assert seen["known"].tolist() == [True, None]
    assert seen["count"].tolist() == [3, 4] and seen["count"].gone is None
