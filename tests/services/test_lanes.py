"""Alerts are worded some at a time, by the chunks that they lie in."""

from __future__ import annotations

import pandas as pd
import pytest

from riskprofile.services.lanes import by_chunk


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([3, 4, 2], [[3, 4, 2]]),  # chunks that fit go together
        ([6, 6], [[6], [6]]),
        ([13], [[13]]),  # a chunk is not read twice for a few of its alerts
        ([17], [[9], [8]]),  # two halves, not ten and seven
        ([], []),
    ],
)
def test_alerts_go_together_by_chunk(sizes: list[int], parts: list[list[int]]) -> None:
    chunks = [chunk for chunk, size in enumerate(sizes) for _ in range(size)]
    alerts = pd.DataFrame({"chunk_id": pd.array(chunks, dtype="int64"), "rank": range(len(chunks))})
    made = [*by_chunk(alerts.sample(frac=1, random_state=1), 10)]
    counts = [one["chunk_id"].value_counts().sort_index().tolist() for one in made]
    assert counts == parts
    assert sorted(rank for one in made for rank in one["rank"]) == [*range(len(chunks))]
