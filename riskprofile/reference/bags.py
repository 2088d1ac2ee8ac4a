"""The words of many texts at once: what is told of a word is worked out once, not once a text.

Texts differ and words repeat, within a chunk and from one chunk to the next: a chunk of 20,000
goods texts has some 11,000 words, and soon only 3,000 of them are new. A vocabulary numbers the
words and keeps what was told of them; a bag holds the words of texts as these numbers, so that a
sum over the words of each text is one operation for all texts.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.columns import spans
from riskprofile.reference.hashing import distinct
from riskprofile.reference.stems import stem
from riskprofile.reference.text import FEW, as_written, tokens

LONGEST = 20_000  # characters of one text that are read; a goods line has under 1,000
SINGLY = 8  # texts up to which each is best read by itself: an array takes as long for hundreds
KEPT = 1 << 15  # words of a vocabulary, some 15 MB with all that is told; then a new one begins
_BETWEEN = "\0"  # texts that are cut together
# Letters and digits of ASCII without case; blanks for all else but what stands between texts.
_FOLDED = bytes(
    ord(chr(code).lower()) if chr(code).isalnum() or chr(code) == _BETWEEN else ord(" ")
    for code in range(128)
).ljust(256)


class _Numbers(dict[str, int]):
    """Word -> its number, given out as words are met."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def __missing__(self, word: str) -> int:
        with _numbering:
            if word not in self:
                self.words.append(word)
                self[word] = len(self.words) - 1
        return self[word]


_numbering = threading.Lock()


class Vocabulary:
    """Words by number, and what lasting functions told of them; shared by threads."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.numbers = _Numbers(self.words)
        self._told: WeakKeyDictionary[Any, tuple[np.ndarray, np.ndarray]] = WeakKeyDictionary()

    def told(self, tell: Callable[[str], Any], dtype: Any, asked: np.ndarray) -> np.ndarray:
        """By number, what `tell` says of the words with the numbers asked; of others nothing.

        What it says in words (`dtype` is str) is given as their numbers.
        """
        # Two threads may work out the same at once: each has its own answer in its hands.
        told = self._told.get(tell)
        known, values = told or (
            np.zeros(0, bool),
            np.zeros(0, np.int64 if dtype is str else dtype),
        )
        if len(known) < len(self.words):
            more = len(self.words) * 3 // 2 + 1 - len(known)
            known = np.append(known, np.zeros(more, bool))
            values = np.append(values, np.zeros(more, values.dtype))
            self._told[tell] = known, values
        new = asked[~known[asked]]
        if len(new):
            new = distinct(new)
            said = map(tell, [self.words[number] for number in new.tolist()])
            if dtype is str:
                said = map(self.numbers.__getitem__, said)
            values[new] = np.fromiter(said, values.dtype, len(new))
            known[new] = True
        return values


_vocabulary = Vocabulary()


def _in_use() -> Vocabulary:
    """The vocabulary of new texts."""
    global _vocabulary
    if len(_vocabulary.words) > KEPT:
        _vocabulary = Vocabulary()  # bags that were made with the old one keep it
    return _vocabulary


@dataclass(frozen=True)
class Bag:
    """Words of texts, in their order: `words[code[n]]` stands in text `row[n]`."""

    size: int  # texts
    row: np.ndarray  # int64, not falling
    code: np.ndarray  # int64
    vocabulary: Vocabulary

    @classmethod
    def of(cls, cut: Sequence[Sequence[str]], vocabulary: Vocabulary | None = None) -> Bag:
        """From texts that are cut into words.

        >>> bag = Bag.of([["steel", "pin"], [], ["pin", "pin"]])
        >>> bag.row.tolist(), bag.joined()
        ([0, 0, 2, 2], ['steel pin', '', 'pin pin'])
        """
        made = vocabulary or _in_use()
        lengths = np.fromiter(map(len, cut), np.int64, len(cut))
        flat = map(made.numbers.__getitem__, itertools.chain.from_iterable(cut))
        code = np.fromiter(flat, np.int64, int(lengths.sum()))
        return cls(len(cut), np.repeat(np.arange(len(cut)), lengths), code, made)

    @property
    def words(self) -> Sequence[str]:
        """Every word of the vocabulary, by number."""
        return self.vocabulary.words

    def told(self, tell: Callable[[str], Any], dtype: Any) -> np.ndarray:
        """What `tell` says of each word of these texts, by number; of other words nothing.

        What a function says that lasts, such as one of a module, is asked once a word.
        """
        return self.vocabulary.told(tell, dtype, self.code)

    def spelt(self, spell: Callable[[str], str]) -> Bag:
        """The same texts with each word in the form that a lasting function gives it."""
        form = self.told(spell, str)
        return Bag(self.size, self.row, form[self.code], self.vocabulary)

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
        return Bag(self.size, row, code, self.vocabulary)

    def where(self, keep: np.ndarray) -> Bag:
        """Without the words for which `keep` (a flag by number) does not hold."""
        kept = keep[self.code]
        return Bag(self.size, self.row[kept], self.code[kept], self.vocabulary)

    def total(self, values: np.ndarray | None = None) -> np.ndarray:
        """Whole numbers, told of words, added up by text; without any, words are counted."""
        weights = None if values is None else values[self.code]
        return np.bincount(self.row, weights, self.size).astype(np.int64)

    def only(self, texts: np.ndarray) -> Bag:
        """These texts alone, in rising order."""
        place = np.full(self.size, -1)
        place[texts] = np.arange(len(texts))
        row = place[self.row]
        kept = row >= 0
        return Bag(len(texts), row[kept], self.code[kept], self.vocabulary)

    def followed(self, other: Bag) -> Bag:
        """These texts and then the others, of the same vocabulary."""
        row = np.concatenate([self.row, other.row + self.size])
        code = np.concatenate([self.code, other.code])
        return Bag(self.size + other.size, row, code, self.vocabulary)

    def take(self, texts: np.ndarray) -> Bag:
        """These texts, in this order.

        >>> Bag.of([["steel", "pin"], ["pin"], ["pin", "pin"]]).take(np.array([2, 1])).joined()
        ['pin pin', 'pin']
        """
        edges = np.searchsorted(self.row, np.arange(self.size + 1))
        sizes = np.diff(edges)[texts]
        row = np.repeat(np.arange(len(texts)), sizes)
        return Bag(len(texts), row, self.code[spans(edges[texts], sizes)], self.vocabulary)

    def joined(self) -> list[str]:
        """The words of each text with a blank between."""
        edges = np.searchsorted(self.row, np.arange(self.size + 1)).tolist()
        words = [*map(self.words.__getitem__, self.code.tolist())]
        return [" ".join(words[start:end]) for start, end in itertools.pairwise(edges)]

    def ordered(self, *by: np.ndarray) -> Bag:
        """Words in order within each text, by what is told of each, the first most."""
        order = np.lexsort((*(one[self.code] for one in reversed(by)), self.row))
        return Bag(self.size, self.row[order], self.code[order], self.vocabulary)

    @property
    def alphabetical(self) -> np.ndarray:
        """By number, the place of each word of these texts among them, by the alphabet."""
        place = np.zeros(len(self.words), dtype=np.int64)
        numbers = np.unique(self.code).tolist()
        place[sorted(numbers, key=self.words.__getitem__)] = range(len(numbers))
        return place


@lru_cache(maxsize=2 * SINGLY)
def words(text: str) -> tuple[str, ...]:
    """The folded words of a text that is read by itself, as far as it is read."""
    return tuple(tokens(text[:LONGEST]))


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
    vocabulary = _in_use()
    asked, bag = held[0] if held else ([], Bag.of([], vocabulary))
    if bag.vocabulary is not vocabulary:
        asked, bag = [], Bag.of([], vocabulary)
    numbered = {text: place for place, text in enumerate(asked)}
    new = [text for text in texts if text not in numbered]
    cut = _read([text[:LONGEST] for text in new], vocabulary)
    if len(new) < len(texts):
        numbered |= {text: place for place, text in enumerate(new, start=bag.size)}
        cut = bag.followed(cut).take(np.array([numbered[text] for text in texts], dtype=np.int64))
    _latest.held = [([*texts], cut), *held[:1]]  # as declared, and in plain English
    return cut


def _read(texts: list[str], vocabulary: Vocabulary) -> Bag:
    """Texts as `tokens` cuts each; those of plain ASCII are cut together."""
    if len(texts) <= FEW:
        return Bag.of([*map(tokens, texts)], vocabulary)
    usual = np.array([as_written(one) and _BETWEEN not in one for one in texts], dtype=bool)
    together = f" {_BETWEEN} ".join(["", *itertools.compress(texts, usual.tolist()), ""])
    folded = together.encode("ascii").translate(_FOLDED).decode("ascii").strip()
    flat = pc.ascii_split_whitespace(pa.array([folded], pa.large_string())).values
    flat = flat.dictionary_encode()
    number = [*map(vocabulary.numbers.__getitem__, flat.dictionary.to_pylist())]
    code = np.array(number, dtype=np.int64)[flat.indices.to_numpy()]
    between = code == vocabulary.numbers[_BETWEEN]
    row = np.flatnonzero(usual)[np.cumsum(between)[~between] - 1]
    others = [*map(tokens, itertools.compress(texts, (~usual).tolist()))]
    rest = Bag.of(others, vocabulary)
    row = np.concatenate([row, np.flatnonzero(~usual)[rest.row]])
    order = np.argsort(row, kind="stable")
    return Bag(
        len(texts), row[order], np.concatenate([code[~between], rest.code])[order], vocabulary
    )


def single(word: str) -> bool:
    """Whether a word is one letter or digit."""
    return len(word) == 1


def pairs(row: np.ndarray, code: np.ndarray, codes: int) -> tuple[np.ndarray, np.ndarray]:
    """Each pair once, sorted by row and then code; codes are below `codes`."""
    both = distinct(row * max(codes, 1) + code)
    return both // max(codes, 1), both % max(codes, 1)
