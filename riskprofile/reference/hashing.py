"""A fixed hash of texts: what opaque keys are made of."""

from __future__ import annotations

import numpy as np
import pandas as pd

_HASH_KEY = "riskprofile-key1"  # 16 bytes; fixes the keys across machines and years


START = np.uint64(0x9E3779B97F4A7C15)  # what a row over several columns is mixed from


def mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele and others, 2014): spreads every bit."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = x ^ (x >> np.uint64(31))
    return mixed


def hash_texts(texts: list[str]) -> np.ndarray:
    """A fixed 64-bit hash of each text, as int64."""
    hashed: np.ndarray = pd.util.hash_array(
        np.array(texts, dtype=object), hash_key=_HASH_KEY, categorize=False
    )
    return hashed.view(np.int64)
