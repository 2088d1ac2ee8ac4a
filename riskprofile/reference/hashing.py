"""A fixed hash of texts: what opaque keys are made of."""

from __future__ import annotations

import numpy as np
import pandas as pd

_HASH_KEY = "riskprofile-key1"  # 16 bytes; fixes the keys across machines and years


def hash_texts(texts: list[str]) -> np.ndarray:
    """A fixed 64-bit hash of each text, as int64."""
    hashed: np.ndarray = pd.util.hash_array(
        np.array(texts, dtype=object), hash_key=_HASH_KEY, categorize=False
    )
    return hashed.view(np.int64)
