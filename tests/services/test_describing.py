"""What an alert is described from: every item of its declaration, wherever it lies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskprofile.services.describing import Items
from riskprofile.services.identifiers import RECORD


@pytest.mark.parametrize("seed", range(5))
def test_items_are_found_by_the_rank_of_their_declaration(seed: int) -> None:
    random = np.random.default_rng(seed)
    ranks = random.permutation(np.concatenate([np.arange(40), random.integers(0, 40, 60)]))
    chunks, positions = np.arange(100) // 30 + 7, np.arange(100) % 30
    items = Items.by_rank(ranks, chunks, positions)
    wanted = random.permutation(40)[:9]
    declarations = pd.DataFrame({RECORD: [f"D{rank}" for rank in wanted]}, index=wanted)
    expected = [
        (f"D{rank}", chunk, position)
        for rank, chunk, position in zip(ranks, chunks, positions, strict=True)
        if rank in wanted
    ]
    told = items.of(declarations)
    assert [*told.itertuples(index=False, name=None)] == expected  # by chunk, then position


def test_no_declaration_has_no_items() -> None:
    items = Items.by_rank(np.array([0, 0]), np.array([1, 1]), np.array([0, 1]))
    nobody = pd.DataFrame({RECORD: pd.array([], dtype="str")}, index=pd.RangeIndex(0))
    assert not len(items.of(nobody))
