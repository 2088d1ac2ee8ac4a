"""Rows told apart by what they declare."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskprofile.scoring import parts
from riskprofile.scoring.ranking import Capacity


def test_a_value_that_was_not_declared_and_one_that_reads_missing_are_two_parts() -> None:
    carrier = pd.Series(["XMAA", "missing", None, "missing", None, None], dtype="str")
    told = {name: mask.tolist() for name, mask in parts.masks(pd.DataFrame({"carrier": carrier}))}
    assert list(told) == ["all", "carrier XMAA", "carrier missing", "carrier 'missing'"]
    assert told["carrier missing"] == carrier.isna().tolist()
    assert told["carrier 'missing'"] == carrier.eq("missing").fillna(False).tolist()


def test_every_row_is_in_one_part_of_each_column() -> None:
    table = pd.DataFrame(
        {
            "slice:mode": pd.Series(["sea", "road", pd.NA, "sea"], dtype="string"),
            "year": pd.Series([2025, pd.NA, 2026, 2025], dtype="Int64"),
        }
    )
    told = list(parts.masks(table))
    assert [name for name, _ in told] == [
        "all", "mode missing", "mode road", "mode sea", "year 2025", "year 2026", "year missing"
    ]  # fmt: skip
    for column in ("mode", "year"):
        assert (sum(mask.astype(int) for name, mask in told if name.startswith(column)) == 1).all()
    assert isinstance(told[0][1], np.ndarray) and told[0][1].all()


@pytest.mark.parametrize("share", [0.05, 0.07, 0.001, 1.0])
@pytest.mark.parametrize("rows", [1, 9, 30, 100, 101])
def test_as_many_rows_are_chosen_as_a_list_of_them_has_examinations(
    rows: int, share: float
) -> None:
    taken = parts.chosen(np.arange(rows), share)
    assert taken.sum() == Capacity(share=share, random_share=0).of(rows)[0]
    assert taken[rows - taken.sum() :].all()
