"""The text scorecard: weights of words and word pieces of a goods description.

Its value, in log-odds, is one feature of the scorecard; its own words are the reason.
Worked out once per distinct description.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from riskprofile.columns import Column as Values
from riskprofile.columns import factorize, like, spans
from riskprofile.reference import bags, lexicon
from riskprofile.reference import text as texts
from riskprofile.reference.bags import Bag
from riskprofile.tables import TEXT, Column

UNIT = 1024  # weights are whole numbers of 1/1024 log-odds
PIECE = 5  # letters of a word piece
KEPT = 1 << 15  # words whose pieces stay at hand, and those of one call


def pieces(skeleton: str) -> list[str]:
    """Words, neighbouring pairs of words, and five-letter pieces of longer words.

    A piece is marked with a bar so that it is never taken for a word.

    >>> pieces("steel pin")
    ['steel', 'pin', 'steel pin', '|steel']
    """
    words = skeleton.split()
    made = dict.fromkeys(_whole(words))
    for word in words:
        made.update(dict.fromkeys(f"|{word[i : i + PIECE]}" for i in range(len(word) - PIECE + 1)))
    return list(made)


def _whole(words: list[str]) -> Iterator[str]:
    yield from words
    yield from map(" ".join, itertools.pairwise(words))


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
        codes, distinct = factorize(column)
        said = lexicon.plains(distinct)
        words = bags.cut(said)
        # Of these the folded words are those of the skeleton but for the spelling of each.
        ascii_ones = (one.isascii() and "&" not in one and len(one) <= bags.LONGEST for one in said)
        usual = np.fromiter(ascii_ones, bool, len(said))
        usual &= words.total(words.told(lambda one: len(one) == 1, np.int64)) < texts.APART
        sums = self._sums(words.spelt(texts.plain))
        others = np.flatnonzero(~usual)
        spelt = [texts.skeleton_of(said[place]).split() for place in others.tolist()]
        sums[others] = self._sums(Bag.of(spelt))
        return like(column, Values(np.append(sums / UNIT, np.nan)[codes]))

    def _sums(self, bag: Bag) -> np.ndarray:
        """`base` and the weights of the `pieces` of each text; a piece counts once a text."""
        place, (heads, tails) = self._places, self._neighbours
        near = bag.row[:-1] == bag.row[1:]
        near &= bag.told(heads.__contains__, bool)[bag.code[:-1]]
        near &= bag.told(tails.__contains__, bool)[bag.code[1:]]
        twos = bag.code[:-1][near] * len(bag.words) + bag.code[1:][near]
        distinct, two = np.unique(twos, return_inverse=True)
        first, second = np.divmod(distinct, max(len(bag.words), 1))
        pairs = [
            place.get(f"{bag.words[a]} {bag.words[b]}", -1)
            for a, b in zip(first.tolist(), second.tolist(), strict=True)
        ]
        held = self._held
        new = [word for word in bag.words if word not in held]
        if len(held) + len(new) > KEPT:
            held = self.__dict__["_held"] = {}  # a thread that reads the old one keeps it
            new = bag.words
        held.update((word, [place[one] for one in pieces(word) if one in place]) for word in new)
        within = [held[word] for word in bag.words]
        many = np.array([*map(len, within)], dtype=np.int64)
        flat = np.array([*itertools.chain.from_iterable(within)], dtype=np.int64)
        counts = many[bag.code]
        start = (np.cumsum(many) - many)[bag.code]
        found = np.concatenate([flat[spans(start, counts)], np.array(pairs, dtype=np.int64)[two]])
        row = np.concatenate([np.repeat(bag.row, counts), bag.row[:-1][near]])[found >= 0]
        row, found = bags.pairs(row, found[found >= 0], len(place))
        return self.base + np.bincount(row, self._numbers[found], bag.size).astype(np.int64)

    @cached_property
    def _held(self) -> dict[str, list[int]]:
        """The pieces of words of late."""
        return {}

    @cached_property
    def _neighbours(self) -> tuple[frozenset[str], frozenset[str]]:
        """The first words of pairs that weigh, and the second."""
        both = [two for one in self.weights if len(two := one.split(" ")) == 2]
        return frozenset(one for one, _ in both), frozenset(other for _, other in both)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {piece: number for number, piece in enumerate(self.weights)}

    @cached_property
    def _numbers(self) -> np.ndarray:
        return np.array([*self.weights.values()], dtype=np.int64)

    def strongest(self, description: str, top: int = 3) -> list[tuple[str, int]]:
        """The words and pairs that weigh most in one description, raising ones first."""
        words = {*_whole(_weighed(description).split())}
        weighed = [(one, weight) for one in words if (weight := self.weights.get(one, 0))]
        return sorted(weighed, key=lambda pair: (-pair[1], pair[0]))[:top]
