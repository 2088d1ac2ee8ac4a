"""Rows told apart by what they declare."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskprofile.scoring import parts


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
