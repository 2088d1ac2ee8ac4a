"""The text scorecard: weights of words and word pieces of a goods description.

Its value, in log-odds, is one feature of the scorecard; its own words are the reason.
Worked out once per distinct description.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from riskprofile.columns import Column as Values
from riskprofile.columns import factorize, like, spans
from riskprofile.reference import bags, lexicon
from riskprofile.reference import text as texts
from riskprofile.reference.bags import Bag
from riskprofile.tables import TEXT, Column

UNIT = 1024  # weights are whole numbers of 1/1024 log-odds
Teller = Callable[[str], int]
PIECE = 5  # letters of a word piece


def pieces(skeleton: str) -> list[str]:
    """Words, neighbouring pairs of words, and five-letter pieces of longer words.

    A piece is marked with a bar so that it is never taken for a word.

    >>> pieces("steel pin")
    ['steel', 'pin', 'steel pin', '|steel']
    """
    words = skeleton.split()
    return [*dict.fromkeys([*_whole(words), *itertools.chain.from_iterable(map(_within, words))])]


def _whole(words: list[str]) -> Iterator[str]:
    yield from words
    yield from map(" ".join, itertools.pairwise(words))


def _within(word: str) -> list[str]:
    return [f"|{word[i : i + PIECE]}" for i in range(len(word) - PIECE + 1)]


def read(column: Column) -> Column:
    """Each description as the words that are weighed: folded, and arms in plain English."""
    values = texts.per_distinct(column, _weighed, missing=pd.NA)
    return pd.Series(values, index=column.index, dtype=TEXT)


def _weighed(description: str) -> str:
    return texts.skeleton_of(lexicon.plain(description))


_HALF = 32  # bits of a number for what stands behind
_OTHER = (1 << _HALF) - 1


def _sides(first: Mapping[str, int], second: Mapping[str, int], word: str) -> int:
    """The numbers of a word as the first of two and as the second, 0 for none, in one."""
    return first.get(word, 0) << _HALF | second.get(word, 0)


def _weighing(places: Mapping[str, int], word: str) -> tuple[int, ...]:
    return tuple(places[one] for one in (word, *_within(word)) if one in places)


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
        sums = self._summed(said) if len(said) > bags.SINGLY else [*map(self._sum, said)]
        return like(column, Values(np.append(np.array(sums) / UNIT, np.nan)[codes]))

    def _sum(self, said: str) -> int:
        """`base` and the weights of the `pieces` of one text."""
        return self.base + sum(self.weights.get(one, 0) for one in pieces(texts.skeleton_of(said)))

    def _summed(self, said: list[str]) -> np.ndarray:
        """The same of many texts."""
        words = bags.cut(said)
        # Of these the folded words are those of the skeleton but for the spelling of each.
        short = (texts.as_written(one) and len(one) <= bags.LONGEST for one in said)
        usual = np.fromiter(short, bool, len(said))
        usual &= words.total(words.told(bags.single, np.int64)) < texts.APART
        sums = self._sums(words.spelt(texts.plain))
        others = np.flatnonzero(~usual)
        spelt = [texts.skeleton_of(said[place]).split() for place in others.tolist()]
        sums[others] = self._sums(Bag.of(spelt))
        return sums

    def _sums(self, bag: Bag) -> np.ndarray:
        """`base` and the weights of the `pieces` of each text; a piece counts once a text."""
        row, found = self._pairs(bag)
        distinct, word = np.unique(bag.code, return_inverse=True)
        within = bag.told(self._within, object)[distinct].tolist()
        many = np.array([*map(len, within)], dtype=np.int64)
        flat = np.array([*itertools.chain.from_iterable(within)], dtype=np.int64)
        counts, start = many[word], (np.cumsum(many) - many)[word]
        row = np.concatenate([row, np.repeat(bag.row, counts)])
        found = np.concatenate([found, flat[spans(start, counts)]])
        row, found = bags.pairs(row, found, len(self.weights))
        return self.base + np.bincount(row, self._numbers[found], bag.size).astype(np.int64)

    def _pairs(self, bag: Bag) -> tuple[np.ndarray, np.ndarray]:
        """The text and the number of each pair of neighbours that weighs."""
        sides, keys, places = self._neighbours
        side = bag.told(sides, np.int64)[bag.code]
        head, tail = side[:-1] >> _HALF, side[1:] & _OTHER
        near = np.flatnonzero((bag.row[:-1] == bag.row[1:]) & (head > 0) & (tail > 0))
        asked = head[near] << _HALF | tail[near]
        at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        weighs = keys[at] == asked
        return bag.row[near[weighs]], places[at[weighs]]

    @cached_property
    def _within(self) -> Callable[[str], tuple[int, ...]]:
        """The numbers of the pieces of a word that weigh."""
        return partial(_weighing, self._places)

    @cached_property
    def _neighbours(self) -> tuple[Teller, np.ndarray, np.ndarray]:
        """What numbers a word as the first and as the second of pairs that weigh; by both
        numbers, sorted, the place of each pair.
        """
        first: dict[str, int] = {}
        second: dict[str, int] = {}
        keys = {
            first.setdefault(two[0], len(first) + 1) << _HALF
            | second.setdefault(two[1], len(second) + 1): place
            for place, one in enumerate(self.weights)
            if len(two := one.split(" ")) == 2
        }
        keys[-1] = -1  # never asked for: there is always one
        listed = sorted(keys)
        return (
            partial(_sides, first, second),
            np.array(listed, dtype=np.int64),
            np.array([keys[one] for one in listed], dtype=np.int64),
        )

    @cached_property
    def _places(self) -> dict[str, int]:
        return {piece: number for number, piece in enumerate(self.weights)}

    @cached_property
    def _numbers(self) -> np.ndarray:
        return np.array([*self.weights.values()], dtype=np.int64)

    def strongest(self, descriptions: Sequence[str], top: int = 3) -> list[list[tuple[str, int]]]:
        """The words and pairs that weigh most in each description, raising ones first."""
        return [self._strongest(said, top) for said in lexicon.plains(descriptions)]

    def _strongest(self, said: str, top: int) -> list[tuple[str, int]]:
        words = self.weights.keys() & _whole(texts.skeleton_of(said).split())
        weighed = [(one, weight) for one in words if (weight := self.weights[one])]
        return sorted(weighed, key=lambda pair: (-pair[1], pair[0]))[:top]
