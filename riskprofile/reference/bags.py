"""The words of many texts at once: what is told of a word is worked out once, not once a text.

Texts differ and words repeat: a chunk of 20,000 goods texts has some 5,000 words. A bag holds
the words as arrays, so that a sum over the words of each text is one operation for all texts.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from riskprofile.columns import spans
from riskprofile.reference.stems import stem
from riskprofile.reference.text import tokens

LONGEST = 20_000  # characters of one text that are read; a goods line has under 1,000


@dataclass(frozen=True)
class Bag:
    """Words of texts, in their order: `words[code[n]]` stands in text `row[n]`."""

    size: int  # texts
    row: np.ndarray  # int64, not falling
    code: np.ndarray  # int64
    words: list[str]  # distinct

    @classmethod
    def of(cls, cut: Sequence[Sequence[str]]) -> Bag:
        """From texts that are cut into words.

        >>> bag = Bag.of([["steel", "pin"], [], ["pin", "pin"]])
        >>> bag.words, bag.row.tolist(), bag.code.tolist()
        (['steel', 'pin'], [0, 0, 2, 2], [0, 1, 1, 1])
        """
        lengths = np.fromiter(map(len, cut), np.int64, len(cut))
        flat = np.empty(int(lengths.sum()), dtype=object)
        flat[:] = list(itertools.chain.from_iterable(cut))
        code, words = pd.factorize(flat)
        return cls(len(cut), np.repeat(np.arange(len(cut)), lengths), code, list(words))

    def told(self, tell: Callable[[str], Any], dtype: Any) -> np.ndarray:
        """What `tell` says of each of `words`."""
        return np.fromiter(map(tell, self.words), dtype, len(self.words))

    def spelt(self, spell: Callable[[str], str]) -> Bag:
        """The same texts with each word in the form that `spell` gives it."""
        code, words = pd.factorize(np.array([*map(spell, self.words), ""], dtype=object)[:-1])
        return Bag(self.size, self.row, code[self.code], list(words))

    @cached_property
    def stems(self) -> Bag:
        """The stems of the words, each once a text."""
        return self.spelt(stem).once()

    def once(self) -> Bag:
        """Each word once a text.

        >>> Bag.of([["pin", "pin"]]).once().row.tolist()
        [0]
        """
        row, code = pairs(self.row, self.code, len(self.words))
        return Bag(self.size, row, code, self.words)

    def where(self, keep: np.ndarray) -> Bag:
        """Without the words for which `keep` (one flag a distinct word) does not hold."""
        kept = keep[self.code]
        return Bag(self.size, self.row[kept], self.code[kept], self.words)

    def total(self, values: np.ndarray | None = None) -> np.ndarray:
        """Whole numbers of each distinct word added up by text; without any, words are counted."""
        weights = None if values is None else values[self.code]
        return np.bincount(self.row, weights, self.size).astype(np.int64)

    def first(self, many: int) -> Bag:
        """The first `many` words of each text."""
        starts = np.searchsorted(self.row, np.arange(self.size))
        kept = np.arange(len(self.row)) - starts[self.row] < many
        return Bag(self.size, self.row[kept], self.code[kept], self.words)

    def only(self, texts: np.ndarray) -> Bag:
        """These texts alone, in rising order."""
        kept = np.isin(self.row, texts)
        row = np.searchsorted(texts, self.row[kept])
        return Bag(len(texts), row, self.code[kept], self.words)

    def followed(self, other: Bag) -> Bag:
        """These texts and then the others."""
        code = {word: number for number, word in enumerate(self.words)}
        codes = [code.setdefault(word, len(code)) for word in other.words]
        return Bag(
            self.size + other.size,
            np.concatenate([self.row, other.row + self.size]),
            np.concatenate([self.code, np.array(codes, dtype=np.int64)[other.code]]),
            list(code),
        )

    def take(self, texts: np.ndarray) -> Bag:
        """These texts, in this order, and the words that stand in them.

        >>> bag = Bag.of([["steel", "pin"], ["pin"], ["pin", "pin"]]).take(np.array([2, 1]))
        >>> bag.words, bag.row.tolist(), bag.code.tolist()
        (['pin'], [0, 0, 1], [0, 0, 0])
        """
        edges = np.searchsorted(self.row, np.arange(self.size + 1))
        sizes = np.diff(edges)[texts]
        code = self.code[spans(edges[texts], sizes)]
        used = np.zeros(len(self.words), dtype=bool)
        used[code] = True
        words = list(itertools.compress(self.words, used.tolist()))
        row = np.repeat(np.arange(len(texts)), sizes)
        return Bag(len(texts), row, (np.cumsum(used) - 1)[code], words)

    def joined(self) -> list[str]:
        """The words of each text with a blank between."""
        edges = np.searchsorted(self.row, np.arange(self.size + 1)).tolist()
        words = [self.words[code] for code in self.code.tolist()]
        return [" ".join(words[start:end]) for start, end in itertools.pairwise(edges)]

    def ordered(self, *by: np.ndarray) -> Bag:
        """Words in order within each text, by values of each distinct word, the first most."""
        order = np.lexsort((*(one[self.code] for one in reversed(by)), self.row))
        return Bag(self.size, self.row[order], self.code[order], self.words)

    @property
    def alphabetical(self) -> np.ndarray:
        """The place of each distinct word among all, by the alphabet."""
        place = np.empty(len(self.words), dtype=np.int64)
        place[sorted(range(len(self.words)), key=self.words.__getitem__)] = range(len(self.words))
        return place


_latest = threading.local()


def cut(texts: Sequence[str]) -> Bag:
    """The folded words of texts, as far as a text is read; of texts asked of late, the same bag.

    Of each text of the last bag its words are taken from there: plain English is for most texts
    what was declared.
    """
    held: list[tuple[list[str], Bag]] = getattr(_latest, "held", [])
    for asked, bag in held:
        if asked == texts:
            return bag
    asked, bag = held[0] if held else ([], Bag.of([]))
    numbered = {text: place for place, text in enumerate(asked)}
    new = [text for text in texts if text not in numbered]
    numbered |= {text: place for place, text in enumerate(new, start=bag.size)}
    cut = Bag.of([tokens(text[:LONGEST]) for text in new])
    if len(new) < len(texts):
        cut = bag.followed(cut).take(np.array([numbered[text] for text in texts], dtype=np.int64))
    _latest.held = [([*texts], cut), *held[:1]]  # as declared, and in plain English
    return cut


def pairs(row: np.ndarray, code: np.ndarray, codes: int) -> tuple[np.ndarray, np.ndarray]:
    """Each pair once, sorted by row and then code; codes are below `codes`."""
    both = np.sort(row * max(codes, 1) + code)  # numpy's `unique` takes three times as long
    both = both[np.diff(both, prepend=-1) > 0]
    return both // max(codes, 1), both % max(codes, 1)
