"""Where forms that may be alike to another are looked for, worked out for many at once.

A form is found in a few blocks, and stands there on shelves: numbers, initials and generic words
keep forms apart that no slip makes one. The rest is told by signs, cheaper than `register.alike`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import chain, pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.columns import spans
from riskprofile.history.register import BARE, FUZZY, beginnings, consonants, frames, numbered
from riskprofile.reference.hashing import START, distinct, hash_texts, in_order, mix, starts
from riskprofile.reference.naming import GENERIC

PARTY = FUZZY.index("party")
T = TypeVar("T")
Places = tuple[np.ndarray, np.ndarray]  # of forms, and a hash of a shelf of each in a block
_LETTERS = 20  # bits of a sign for the sum of the letters of a form
_BARE = 1 << _LETTERS
_VOWELS = np.array([chr(code) in "aeiou" for code in range(128)])
ANY = (1 << 16) - 1  # the last bits of a place: all set where a whole block is asked for
_FIXED, _HOUSE = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)


class Shelves(NamedTuple):
    """Of each form, hashes of its shelves; equal ones may be there by chance.

    Parameters
    ----------
    numbers : ndarray of uint64
        Of its numbers in order; of a party with its initials and generic words.
    house : ndarray of uint64
        Of an address without its postcode: the same where it has none.
    addresses : ndarray of bool
    signs : ndarray of int64
        What `unlike` compares.
    """

    numbers: np.ndarray
    house: np.ndarray
    addresses: np.ndarray
    signs: np.ndarray

    def some(self, rows: slice) -> Shelves:
        """Those of these forms."""
        return Shelves(*(each[rows] for each in self))

    def kept_on(self, sizes: np.ndarray, blocks: np.ndarray) -> Iterator[Places]:
        """The shelves of their blocks on which forms are put; each has so many blocks."""
        coded = np.flatnonzero(self.house != self.numbers)
        for at, shelf in ((None, self.numbers), (coded, self.house ^ _HOUSE)):
            yield _in_blocks(at, shelf, sizes, blocks)

    def looked_on(self, sizes: np.ndarray, blocks: np.ndarray) -> Iterator[Places]:
        """Where forms stand that may be alike: the numbers must be the same.

        But for a postcode that one of two addresses leaves out.
        """
        streets = np.flatnonzero(self.addresses)
        coded = np.flatnonzero(self.house != self.numbers)
        for at, shelf in (
            (None, self.numbers),
            (streets, self.numbers ^ _HOUSE),
            (coded, self.house),
        ):
            yield _in_blocks(at, shelf, sizes, blocks)

    def sought(self, sizes: np.ndarray, blocks: np.ndarray) -> Sought:
        """All of where forms are looked for among those of a register."""
        found = [*self.looked_on(sizes, (blocks & ~ANY).view(np.uint64))]
        of, shelf = (np.concatenate(each) for each in zip(*found, strict=True))
        order = in_order(shelf)  # so asked, a search stays near where the last ended
        of = of[order]
        return Sought(of, shelf[order], self.signs[of])

    def places(self, sizes: np.ndarray, blocks: np.ndarray) -> np.ndarray:
        """Where a register keeps each form in each of its blocks: a number of 63 bits.

        The last bits of a block give way to what tells its shelves apart, so that those that may
        be alike are read, not all of the block. The others tell which block it is.
        """
        made: np.ndarray = blocks & ~ANY | np.repeat(_last(self.numbers), sizes)
        return made

    def asked(self, sizes: np.ndarray, blocks: np.ndarray) -> np.ndarray:
        """The places where forms that may be alike are kept; one may be there twice.

        For an address without a postcode those of the whole block, all of its house.
        """
        whole = self.addresses & (self.house == self.numbers)
        last = np.where(whole, ANY, _last(self.numbers)), _last(self.house)
        return np.concatenate([blocks & ~ANY | np.repeat(one, sizes) for one in last])


class Sought(NamedTuple):
    """Which form is looked for on a shelf of a block, the hash of that, and the form's signs.

    In the order of the shelves.
    """

    of: np.ndarray
    shelf: np.ndarray
    signs: np.ndarray


def _last(shelf: np.ndarray) -> np.ndarray:
    made: np.ndarray = (shelf >> np.uint64(48)).astype(np.int64) % ANY  # never all set
    return made


def _in_blocks(
    at: np.ndarray | None, shelf: np.ndarray, sizes: np.ndarray, blocks: np.ndarray
) -> Places:
    if at is None:
        return np.repeat(np.arange(len(sizes)), sizes), np.repeat(shelf, sizes) ^ mix(blocks)
    here = blocks[spans((np.cumsum(sizes) - sizes)[at], sizes[at])]
    return np.repeat(at, sizes[at]), np.repeat(shelf[at], sizes[at]) ^ mix(here)


def unlike(one: Any, other: Any) -> Any:
    """Whether two forms of one shelf are unlike by their signs; else `register.alike` decides.

    Words that are alike begin with letters of one class, but for a form that a script without
    vowels may have written, and for `mp` that stands for a `b`. Words written together have the
    same letters.
    """
    differ = one ^ other
    return (
        (one != 0)
        & (other != 0)
        & (differ & _BARE == 0)
        & (differ >> _LETTERS + 1 != 0)
        & (differ & _BARE - 1 != 0)
    )


class Words:
    """Forms as the words that they are of, each distinct one looked at once.

    Parameters
    ----------
    families : ndarray of uint8
        Their places in `FUZZY`.
    texts : sequence of str
    """

    def __init__(self, families: np.ndarray, texts: Sequence[str]) -> None:
        self.families, self.texts = families, texts
        self._addresses = families != PARTY
        split = [text.split() for text in texts]
        sizes = np.fromiter(map(len, split), np.int64, len(split))
        held = pa.array([*chain.from_iterable(split)], pa.string()).dictionary_encode()
        self._ends = np.cumsum(sizes)
        self._of = np.repeat(np.arange(len(split)), sizes)  # the place of the form of each
        self._begin = np.repeat(self._ends - sizes, sizes)  # where the words of that form begin
        self._ids = held.indices.to_numpy()
        self._distinct = held.dictionary.to_pylist()
        count = len(self._distinct)
        self._lengths = np.fromiter(map(len, self._distinct), np.int64, count)
        self._codes = _codes(self._distinct)
        self._numbered = self._has((self._codes > 47) & (self._codes < 58))
        for one in np.flatnonzero(self._has(self._codes > 127)).tolist():
            self._numbered[one] = numbered(self._distinct[one])
        self._generic = np.fromiter(map(GENERIC.__contains__, self._distinct), bool, count)
        self._ranks = np.argsort(pc.sort_indices(held.dictionary).to_numpy())  # by the alphabet

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def shelves(self) -> Shelves:
        """The shelves and signs of each form."""
        digits, address = self._numbered[self._ids], self._addresses[self._of]
        hashes = hash_texts(self._distinct).view(np.uint64)
        told = (self._generic | (self._lengths == 1))[self._ids] & ~digits & ~address
        numbers = self._hashed(hashes, digits) + self._hashed(hashes ^ _FIXED, told)
        house = digits.copy()
        house[self._postcodes(np.flatnonzero(digits & address))] = False
        houses = np.where(self._addresses, self._hashed(hashes, house), numbers)
        return Shelves(numbers, houses, self._addresses, self._signs(~digits))

    @cached_property
    def blocks(self) -> tuple[np.ndarray, np.ndarray]:
        """Where forms alike to each are found: a few whole numbers of 63 bits, in order.

        Returns
        -------
        sizes, blocks : ndarray of int64
            How many each has, and all of them, form after form.
        """
        found = [*self._of_parties(), *self._of_addresses()]
        places, numbers = (np.concatenate(each) for each in zip(*found, strict=True))
        order = np.lexsort((numbers, places))
        places, numbers = places[order], numbers[order]
        new = starts(places, numbers)
        return np.bincount(places[new], minlength=len(self)), numbers[new]

    def _of_parties(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Places of forms, and a block of each: by their longest words, and by all of them."""
        here = ~self._addresses[self._of]
        telling = here & ~self._generic[self._ids]
        telling |= here & (self._many(telling) == 0)[self._of]
        longest = self._longest(telling, 3)
        some = distinct(self._ids[longest])
        names = _numbers([f"party:w:{one}" for one in frames(self._named(some))])
        yield self._of[longest], names[np.searchsorted(some, self._ids[longest])]
        at = np.flatnonzero(telling)
        at = at[np.lexsort((self._ranks[self._ids[at]], self._of[at]))]
        rows = np.flatnonzero(~self._addresses)
        words = cut(self._named(self._ids[at]), self._many(telling)[rows])
        joined = frames(["".join(own) for own in words])
        yield rows, _numbers([f"party:j:{one}" for one in joined])
        alone = [place for place, own in enumerate(words) if len(own) == 1]
        if alone:  # no second word to find it by: allow one consonant to be wrong
            hard = consonants("\n".join(words[place][0] for place in alone)).split("\n")
            wrong = [[one[:n] + one[n + 1 :] for n in range(len(one) + 1)] for one in hard]
            told = [f"party:d:{one}" for one in chain.from_iterable(wrong)]
            yield np.repeat(rows[alone], [*map(len, wrong)]), _numbers(told)

    def _of_addresses(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Places of forms, and a block of each: by their house numbers and a long name."""
        here = self._addresses[self._of]
        digits = here & self._numbered[self._ids]
        longest = self._longest(here & ~digits, 2)
        digits[self._postcodes(np.flatnonzero(digits))] = False
        houses = cut(self._named(self._ids[digits]), self._many(digits))
        some = distinct(self._ids[longest])
        back = np.searchsorted(some, self._ids[longest])
        names, rows = frames(self._named(some)), self._of[longest]
        told = zip(rows.tolist(), back.tolist(), strict=True)
        made = [f"address:n:{' '.join(houses[row])}:{names[one]}" for row, one in told]
        yield rows, _numbers(made)

    def _named(self, ids: np.ndarray) -> list[str]:
        return [self._distinct[one] for one in ids.tolist()]

    def _has(self, codes: np.ndarray) -> np.ndarray:
        """Which distinct words have one of these of all characters."""
        made: np.ndarray = _between(codes.astype(np.uint64), np.cumsum(self._lengths)) > 0
        return made

    def _many(self, some: np.ndarray) -> np.ndarray:
        """How many of these words each form has."""
        made: np.ndarray = np.bincount(self._of[some], minlength=len(self))
        return made

    def _hashed(self, hashes: np.ndarray, some: np.ndarray) -> np.ndarray:
        """A hash of those words of each form that are among `some`, in their order."""
        upto = some.cumsum()
        at = upto - (upto - some)[self._begin]
        mixed = mix(hashes[self._ids] + at.astype(np.uint64) * START)
        return _between(np.where(some, mixed, np.uint64(0)), self._ends)

    def _longest(self, some: np.ndarray, count: int) -> np.ndarray:
        """The longest of these words of each form, of two letters and more: so many at most."""
        at = np.flatnonzero(some & (self._lengths > 1)[self._ids])
        ids = self._ids[at]
        at = at[np.lexsort((self._ranks[ids], -self._lengths[ids], self._of[at]))]
        new = starts(self._of[at])
        before = np.flatnonzero(new)[np.cumsum(new) - 1]
        return at[np.flatnonzero(np.arange(len(at)) - before < count)]

    def _postcodes(self, at: np.ndarray) -> np.ndarray:
        """Which of these words with digits are postcodes: the first of the longest."""
        if not len(at):
            return at
        ids, first = self._ids[at], np.flatnonzero(starts(self._of[at]))
        many = np.diff(first, append=len(at))
        length = np.maximum.reduceat(self._lengths[ids], first)
        place = np.where(self._lengths[ids] == np.repeat(length, many), np.arange(len(at)), len(at))
        code = ids[np.minimum.reduceat(place, first)]
        coded = np.repeat((many > 1) & (length > 3), many)
        return at[np.flatnonzero(coded & (ids == np.repeat(code, many)))]

    def _signs(self, spelt: np.ndarray) -> np.ndarray:
        """The signs of forms of which these words are spelt; 0 where it says nothing."""
        first, opens = np.zeros((2, len(self._distinct)), np.uint64)
        names = distinct(self._ids[spelt])
        said = self._named(names)
        first[names] = mix(_codes([one or " " for one in beginnings(said)]) + START)
        opens[names] = [one.startswith("mp") for one in said]
        ends = np.cumsum(self._lengths)
        letters = _between(_between(self._codes, ends)[self._ids], self._ends)
        vowels = _between(_VOWELS[np.minimum(self._codes, 127)].astype(np.uint64), ends)
        sizes = np.maximum(np.fromiter(map(len, self.texts), np.int64, len(self)), 1)
        bare = _between(vowels[self._ids], self._ends) / sizes <= BARE
        made = _between(np.where(spelt, first[self._ids], np.uint64(0)), self._ends)
        made = (made >> np.uint64(1)).view(np.int64) >> _LETTERS + 1 << _LETTERS + 1
        made |= np.where(bare, _BARE, 0) | letters.view(np.int64) & _BARE - 1
        return np.where(_between(opens[self._ids], self._ends) > 0, 0, made)


class Known(NamedTuple):
    """Forms of a register on the shelves of their blocks, at those places that were read."""

    texts: list[str]
    entities: np.ndarray
    signs: np.ndarray
    shelves: np.ndarray  # in order
    forms: np.ndarray  # the place of the form on each

    @classmethod
    def of(cls, rows: Sequence[tuple[int, str, str, int]]) -> Known:
        """Of these: a place, and the family, the text and the entity of a form there."""
        place_of, family_of, text_of, entity_of = zip(*rows, strict=True) if rows else [()] * 4
        place, entity = (np.array(one, dtype=np.int64) for one in (place_of, entity_of))
        order = in_order(entity)
        new = starts(entity[order])
        some = order[new].tolist()
        families = np.array([FUZZY.index(family_of[one]) for one in some], dtype=np.uint8)
        texts = [text_of[one] for one in some]
        shelves = Words(families, texts).shelves
        sizes = np.diff(np.flatnonzero(np.append(new, True)))
        kept = [*shelves.kept_on(sizes, (place[order] & ~ANY).view(np.uint64))]
        forms, places = (np.concatenate(each) for each in zip(*kept, strict=True))
        at = in_order(places)
        return cls(texts, entity[order][new], shelves.signs, places[at], forms[at])

    def and_also(self, other: Known) -> Known:
        """Both together."""
        shelves = np.concatenate([self.shelves, other.shelves])
        forms = np.concatenate([self.forms, other.forms + len(self.texts)])
        order = in_order(shelves)
        return Known(
            self.texts + other.texts,
            np.concatenate([self.entities, other.entities]),
            np.concatenate([self.signs, other.signs]),
            shelves[order],
            forms[order],
        )

    def near(self, sought: Sought) -> tuple[np.ndarray, np.ndarray]:
        """Which of forms, and which of these that stand on a shelf of theirs, may be alike."""
        first = np.searchsorted(self.shelves, sought.shelf)
        many = np.searchsorted(self.shelves, sought.shelf, "right") - first
        at = np.repeat(np.arange(len(many)), many)
        forms = self.forms[spans(first, many)]
        may = np.flatnonzero(~unlike(sought.signs[at], self.signs[forms]))
        return sought.of[at[may]], forms[may]


def words(forms: Collection[tuple[str, str]]) -> Words:
    """Forms, each given with its family."""
    families = np.array([FUZZY.index(family) for family, _ in forms], dtype=np.uint8)
    return Words(families, [form for _, form in forms])


def blocks(forms: Collection[tuple[str, str]]) -> list[list[int]]:
    """`Words.blocks` of each of these forms, given with its family."""
    sizes, made = words(forms).blocks
    return cut(made.tolist(), sizes)


def _numbers(texts: list[str]) -> np.ndarray:
    """A number of 63 bits for each."""
    made = b"".join([blake2b(text.encode(), digest_size=8).digest() for text in texts])
    return (np.frombuffer(made, ">u8") >> np.uint64(1)).astype(np.int64)


def cut(given: list[T], sizes: np.ndarray) -> list[list[T]]:
    """So many of these for each."""
    return [given[start:end] for start, end in pairwise([0, *np.cumsum(sizes).tolist()])]


def _codes(texts: Sequence[str]) -> np.ndarray:
    """The code points of these texts, one after the other."""
    return np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.uint64)


def _between(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The sum of those up to each end, from the one before; it wraps."""
    sums = np.zeros(len(values) + 1, values.dtype)
    values.cumsum(out=sums[1:])
    made: np.ndarray = sums[ends]
    made[1:] = made[1:] - made[:-1]
    return made
