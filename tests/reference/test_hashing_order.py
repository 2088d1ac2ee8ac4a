"""Hashes: of one alone as of many; put in order as a stable sort puts them, whatever they are."""

from __future__ import annotations

import numpy as np
import pytest

from riskprofile.reference.hashing import distinct, hash_texts, in_order, mix, starts


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


def test_what_is_hashed_alone_has_the_hash_that_it_has_among_others() -> None:
    texts = ["", "sea", "Sea", "8481.80", "\u9f99", "e\u0301", "x" * 400]
    assert [int(hash_texts([one])[0]) for one in texts] == hash_texts(texts).tolist()
    assert hash_texts([]).dtype == hash_texts(["sea"]).dtype == hash_texts(texts).dtype
    ends = np.array([0, 1, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15, 12_345], dtype=np.uint64)
    alone = np.concatenate([mix(ends[at : at + 1]) for at in range(len(ends))])
    assert np.array_equal(alone, mix(ends)) and alone.dtype == mix(ends).dtype


def test_each_number_is_told_once() -> None:
    numbers = np.random.default_rng(3).integers(-50, 50, 400)
    assert np.array_equal(distinct(numbers), np.unique(numbers))
    assert distinct(numbers[:0]).tolist() == []
    assert starts(numbers[:0]).tolist() == []
