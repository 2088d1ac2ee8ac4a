"""Hashes put in order: as a stable sort puts them, whatever they are."""

from __future__ import annotations

import numpy as np
import pytest

from riskprofile.reference.hashing import distinct, in_order, mix, starts


def _evenly_spread(count: int, kinds: int) -> np.ndarray:
    draw = np.random.default_rng(count).integers(0, kinds, count)
    return mix(draw.astype(np.uint64))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 255, 256, 257, 5_000])
@pytest.mark.parametrize("kind", [np.int64, np.uint64])
def test_hashes_come_in_the_order_of_a_stable_sort(count: int, kind: type) -> None:
    for kinds in (1, 7, count + 1):
        hashes = _evenly_spread(count, kinds).view(kind)
        assert np.array_equal(in_order(hashes), np.argsort(hashes, kind="stable"))


def test_numbers_that_differ_in_their_last_bits_alone_are_in_order_too() -> None:
    high = np.array([3, -3], dtype=np.int64)[:, None] << 50
    near = (high + np.arange(200)[::-1]).ravel()
    assert np.array_equal(in_order(near), np.argsort(near, kind="stable"))
    ends = np.array([2**63 - 1, -(2**63), 0, -1, 2**63 - 2], dtype=np.int64)
    assert in_order(ends).tolist() == [1, 3, 2, 4, 0]


def test_each_number_is_told_once() -> None:
    numbers = np.random.default_rng(3).integers(-50, 50, 400)
    assert np.array_equal(distinct(numbers), np.unique(numbers))
    assert distinct(numbers[:0]).tolist() == []
    assert starts(numbers[:0]).tolist() == []
