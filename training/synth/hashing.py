"""Stable numbers from whole numbers: the same on every machine, seed by salt.

Names, addresses and norms are computed from an identifier instead of being stored,
so the world may hold any number of parties in constant memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)


def mix(ids: Array, salt: int) -> Array:
    """SplitMix64 of each identifier and a salt: uint64, same shape."""
    with np.errstate(over="ignore"):
        x = ids.astype(np.uint64) + _GOLDEN * np.uint64((salt + 1) % 2**63)
        x = (x ^ (x >> np.uint64(30))) * _M1
        x = (x ^ (x >> np.uint64(27))) * _M2
        mixed: Array = x ^ (x >> np.uint64(31))
    return mixed


def unit(ids: Array, salt: int) -> Array:
    """A number in [0, 1) for each identifier: float64."""
    share: Array = (mix(ids, salt) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return share


def pick(ids: Array, salt: int, n: int) -> Array:
    """A whole number in 0..n-1 for each identifier: int64."""
    chosen: Array = (mix(ids, salt) % np.uint64(n)).astype(np.int64)
    return chosen


def normal(ids: Array, salt: int) -> Array:
    """A roughly normal number (mean 0, deviation 1) for each identifier: float64."""
    total: Array = np.zeros(np.shape(ids))
    for k in range(6):  # Irwin-Hall: six uniform numbers
        total += unit(ids, salt * 7 + k) - 0.5
    total *= 2.0**0.5
    return total
