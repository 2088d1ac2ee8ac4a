"""The text scorecard: weights of words and word pieces of a goods description.

Its value, in log-odds, is one feature of the scorecard; its own words are the reason.
Worked out once per distinct description.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskprofile.reference import lexicon
from riskprofile.reference import text as texts
from riskprofile.tables import TEXT, Column

UNIT = 1024  # weights are whole numbers of 1/1024 log-odds
PIECE = 5  # letters of a word piece


def pieces(skeleton: str) -> list[str]:
    """Words, neighbouring pairs of words, and five-letter pieces of longer words.

    A piece is marked with a bar so that it is never taken for a word.

    >>> pieces("steel pin")
    ['steel', 'pin', 'steel pin', '|steel']
    """
    words = skeleton.split()
    made = dict.fromkeys(words)
    made.update(dict.fromkeys(f"{a} {b}" for a, b in itertools.pairwise(words)))
    for word in words:
        made.update(dict.fromkeys(f"|{word[i : i + PIECE]}" for i in range(len(word) - PIECE + 1)))
    return list(made)


def read(column: Column) -> Column:
    """Each description as the words that are weighed: folded, and arms in plain English."""
    values = texts.per_distinct(column, _weighed, missing=pd.NA)
    return pd.Series(values, index=column.index, dtype=TEXT)


def _weighed(description: str) -> str:
    return texts.skeleton_of(lexicon.plain(description))


@dataclass(frozen=True)
class Wording:
    """Whole-number weights by word, pair and piece; `base` is added to every text."""

    column: str  # the canonical column it reads
    base: int
    weights: Mapping[str, int]

    def value(self, column: Column) -> Column:
        """Log-odds of each description; missing where there is none."""
        skeletons = read(column)
        codes, distinct = pd.factorize(skeletons)
        get = self.weights.get
        sums = np.array(
            [
                self.base + sum(get(piece, 0) for piece in pieces(str(text)))
                for text in distinct.tolist()
            ],
            dtype=np.int64,
        )
        if not len(sums):
            return pd.Series(np.nan, index=column.index)
        values = np.where(codes < 0, np.nan, sums[codes] / UNIT)
        return pd.Series(values, index=column.index)

    def strongest(self, description: str, top: int = 3) -> list[tuple[str, int]]:
        """The words and pairs that weigh most in one description, raising ones first."""
        weighed = [(one, self.weights.get(one, 0)) for one in pieces(_weighed(description))]
        whole = [(one, weight) for one, weight in weighed if weight and one[0] != "|"]
        return sorted(whole, key=lambda pair: (-pair[1], pair[0]))[:top]
