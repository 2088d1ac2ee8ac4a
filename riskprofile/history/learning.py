"""Forms of a run on their way into the register, and which of them are alike to each other.

A run meets about one new form a row, so they are kept as arrays: some hundred bytes each.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.history import register
from riskprofile.history.register import FUZZY, Aliases, Found
from riskprofile.reference.hashing import mix

Forms = Mapping[int, tuple[str, str]]  # key -> family, form
AT_ONCE = 10_000  # forms that are Python values together
BLOCKS_AT_ONCE = 1 << 19  # that are sorted together
SHELVED_AT_ONCE = 1 << 15  # blocks whose shelves are: each has some
_PLACES = {family: place for place, family in enumerate(FUZZY)}


@dataclass(frozen=True)
class Asked:
    """Forms, and what a register said of them.

    Parameters
    ----------
    keys, entities : ndarray of int64
        The key of each form, and of the form that it stands for as far as is known.
    families : ndarray of uint8
        Places in `FUZZY`.
    texts : pyarrow.Array
        The forms themselves.
    sought : ndarray of bool
        Those that the register did not hold, so that others alike to them were looked for.
    sizes : ndarray of int32
        How many of their blocks are here; 0 where they are handed on with other rows.
    blocks : ndarray of int64
        These blocks, form after form.
    found : dict
        What was found for those of them that stand for another, by key.
    """

    keys: np.ndarray
    entities: np.ndarray
    families: np.ndarray
    texts: pa.Array
    sought: np.ndarray
    sizes: np.ndarray
    blocks: np.ndarray
    found: dict[int, Found]

    @classmethod
    def of(
        cls,
        forms: Forms,
        known: Mapping[int, int] | None = None,
        sought: Mapping[int, Found | None] | None = None,
        blocks: Mapping[int, tuple[int, ...]] | None = None,
    ) -> Asked:
        """Forms with what a register said: of those that it knew, and of those it did not.

        `blocks` are those of the forms sought that are not at hand elsewhere; all without.
        """
        known, sought = known or {}, sought or {}
        keys = [*forms]
        asked = np.fromiter((key in sought for key in keys), dtype=bool, count=len(keys))
        if blocks is None:
            blocks = {key: register.blocks(*forms[key]) for key in keys if key in sought}
        places = [blocks.get(key, ()) for key in keys]
        return cls(
            np.array(keys, dtype=np.int64),
            np.array([known.get(key, key) for key in keys], dtype=np.int64),
            np.array([_PLACES[forms[key][0]] for key in keys], dtype=np.uint8),
            pa.array([forms[key][1] for key in keys], pa.string()),
            asked,
            np.array([len(one) for one in places], dtype=np.int32),
            np.array([*chain.from_iterable(places)], dtype=np.int64),
            {key: one for key in keys if (one := sought.get(key)) is not None},
        )

    @classmethod
    def together(cls, parts: Sequence[Asked]) -> Asked:
        """All of these, each form once, in the order of their texts.

        So what is made of them depends neither on the order of rows nor on that of files.
        """
        parts = [*parts] or [cls.of({})]
        found: dict[int, Found] = {}
        for part in parts:
            found |= part.found

        def read(name: str) -> pa.ChunkedArray:
            return pa.chunked_array([pa.array(getattr(part, name)) for part in parts])

        return cls.joined(read, found)

    @classmethod
    def joined(cls, read: Callable[[str], pa.ChunkedArray], found: dict[int, Found]) -> Asked:
        """`together` of parts whose columns are read one at a time: a run has some millions.

        `read` gives a field of all parts, one after the other, by its name.
        """

        def numbers(name: str) -> np.ndarray:
            made: np.ndarray = read(name).to_numpy()
            return made

        keys, sizes, families = numbers("keys"), numbers("sizes"), numbers("families")
        rows = np.lexsort((-sizes, keys))  # the one with its blocks first
        rows = rows[np.diff(keys[rows], prepend=keys[rows[:1]] - 1) != 0]
        texts = read("texts").take(pa.array(rows)).combine_chunks()
        by = [("family", "ascending"), ("text", "ascending")]
        order = pc.sort_indices(pa.table({"family": families[rows], "text": texts}), by).to_numpy()
        rows, texts = rows[order], texts.take(pa.array(order))
        keys, families = keys[rows], families[rows]
        blocks = _of_each(numbers("blocks"), sizes, rows)
        sizes = sizes[rows]
        return cls(
            keys,
            numbers("entities")[rows],
            families,
            texts,
            numbers("sought")[rows],
            sizes,
            blocks,
            found,
        )

    def columns(self) -> dict[str, pa.Array]:
        """Its fields but `found`, by name, as `joined` reads them."""
        names = [one.name for one in fields(self) if one.name != "found"]
        return {name: pa.array(getattr(self, name)) for name in names}

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: np.ndarray) -> Asked:
        """Those at these places."""
        return Asked(
            self.keys[rows],
            self.entities[rows],
            self.families[rows],
            self.texts.take(pa.array(rows)),
            self.sought[rows],
            self.sizes[rows],
            _of_each(self.blocks, self.sizes, rows),
            self.found,
        )

    def blocked(self) -> Asked:
        """With the blocks of all that were sought, also of those whose blocks got lost."""
        lost = np.flatnonzero(self.sought & (self.sizes == 0))
        if not len(lost):
            return self
        some = self.take(lost)
        named = dict(zip(some.keys.tolist(), some.forms(), strict=True))
        sought = {key: self.found.get(key) for key in named}
        stands = dict(zip(named, some.entities.tolist(), strict=True))
        return Asked.together([self, Asked.of(named, stands, sought)])

    def unknown(self) -> Asked:
        """Those that the register did not hold."""
        return self.take(np.flatnonzero(self.sought))

    def forms(self) -> Iterator[tuple[str, str]]:
        """Family and text of each, some at a time in memory."""
        names = [*FUZZY]
        for start in range(0, len(self), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            yield from zip(
                [names[one] for one in self.families[some].tolist()],
                self.texts[some].to_pylist(),
                strict=True,
            )

    def form(self, row: int) -> tuple[str, str]:
        """Family and text of one."""
        return [*FUZZY][self.families[row]], self.texts[row].as_py()


def listed(values: np.ndarray) -> Iterator[Any]:
    """As Python values, some at a time in memory: each takes four times what an array does."""
    for start in range(0, len(values), AT_ONCE):
        yield from values[start : start + AT_ONCE].tolist()


def apart(keys: np.ndarray, entities: np.ndarray) -> Aliases:
    """Which of these keys stand for another."""
    other = keys != entities
    return Aliases(dict(zip(keys[other].tolist(), entities[other].tolist(), strict=True)))


def _of_each(blocks: np.ndarray, sizes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The blocks of the forms at these places, where each has so many."""
    starts, many = np.cumsum(sizes, dtype=np.int64) - sizes, sizes[rows]
    step = np.arange(int(many.sum())) - np.repeat(np.cumsum(many, dtype=np.int64) - many, many)
    made: np.ndarray = blocks[np.repeat(starts[rows], many) + step]
    return made


def among_themselves(asked: Asked, crowded: int) -> dict[int, Found]:
    """What forms stand for once they are alike to each other, by place, where that is another.

    Each is compared with those before it that stand for themselves and share a block with it;
    a block of more than `crowded` forms that nothing known is alike to says too little. What
    was found in the register stays unless one of these is liker.
    """
    owner = np.repeat(np.arange(len(asked), dtype=np.int32), asked.sizes)
    shared = _shared(asked.blocks, (asked.keys == asked.entities)[owner], crowded)
    rows, sizes = np.unique(owner[shared], return_counts=True)
    some = asked.take(rows)
    _, place = np.unique(asked.blocks[shared], return_inverse=True)
    kept, wanted = _shelved(some, place, sizes)
    meet = sorted({*kept, *wanted})
    few = some.take(np.array(meet, dtype=np.int64))
    told: dict[int, Found] = {}
    here: dict[int, list[tuple[str, int]]] = {}
    for at, key, (family, form) in zip(meet, few.keys.tolist(), few.forms(), strict=True):
        near = chain.from_iterable(here.get(one, ()) for one in wanted.get(at, ()))
        found = register.best(family, form, near, asked.found.get(key))
        if found is not None:
            told[int(rows[at])] = found
            continue
        for one in kept.get(at, ()):
            here.setdefault(one, []).append((form, key))
    return told


def _shared(blocks: np.ndarray, stands: np.ndarray, crowded: int) -> np.ndarray:
    """Which of these are blocks that a form meets another in, and not too many.

    `stands` says where the form stands for itself: the others are not met. A few blocks at a time
    are in order, because a run has some millions.
    """
    made = np.zeros(len(blocks), dtype=bool)
    parts = len(blocks) // BLOCKS_AT_ONCE + 1
    of = blocks % parts
    for part in range(parts):
        at = np.flatnonzero(of == part)
        _, place = np.unique(blocks[at], return_inverse=True)
        crowd = np.bincount(place, weights=stands[at]).astype(np.int64)[place]
        made[at] = (crowd <= crowded) & (crowd > stands[at])
    return made


def _shelved(
    asked: Asked, places: np.ndarray, many: np.ndarray
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Where each form is put, and where others are sought for it: shelves of blocks, as numbers.

    Those on which no two forms meet are left out, and so are the forms, by their place, that have
    none left: most need neither be kept nor compared.

    Parameters
    ----------
    places, many : ndarray of int64
        The blocks that count, form after form, and how many each form has.
    """
    held: tuple[array[int], array[int]] = array("q"), array("q")
    sizes: tuple[array[int], array[int]] = array("q"), array("q")
    for form in asked.forms():
        for side, size, shelves in zip(
            held, sizes, (register.kept_on(*form), register.shelves(*form)), strict=True
        ):
            side.extend(map(hash, shelves))
            size.append(len(shelves))
    sides = []
    for side, size in zip(held, sizes, strict=True):
        sized = np.array(size, dtype=np.int64)
        sides.append((np.array(side, dtype=np.int64), np.cumsum(sized) - sized, sized))
    owners = np.repeat(np.arange(len(asked)), many)  # whose each block is
    made: tuple[dict[int, list[int]], dict[int, list[int]]] = {}, {}
    order = np.argsort(places, kind="stable")
    places, first, start = places[order], 0, 0
    while start < len(order):
        last = places[min(start + SHELVED_AT_ONCE, len(order)) - 1]
        end = int(np.searchsorted(places, last, side="right"))  # no block is cut in two
        first = _meeting(places[start:end], owners[order[start:end]], sides, made, first)
        start = end
    return made


def _meeting(
    places: np.ndarray,
    owners: np.ndarray,
    sides: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    made: Sequence[dict[int, list[int]]],
    first: int,
) -> int:
    """Add to `made` the shelves of these blocks on which forms meet, as numbers from `first` on.

    Returns the number after the last. `sides` are the shelves of all forms, where those of each
    begin, and how many it has.
    """
    rows, combined = [], []
    for side, starts, sized in sides:
        each, at = sized[owners], starts[owners]
        step = np.arange(int(each.sum())) - np.repeat(np.cumsum(each) - each, each)
        shelf = side[np.repeat(at, each) + step]
        rows.append(np.repeat(owners, each))
        combined.append(mix(np.repeat(places, each).astype(np.uint64)) ^ shelf.view(np.uint64))
    cuts = slice(len(rows[0])), slice(len(rows[0]), None)
    owner, both = np.concatenate(rows), np.concatenate(combined)
    distinct, number = np.unique(both, return_inverse=True)
    one, other = np.full(len(distinct), np.iinfo(np.int64).max), np.full(len(distinct), -1)
    np.minimum.at(one, number, owner)
    np.maximum.at(other, number, owner)
    meet = one < other
    for cut in cuts:
        meet &= np.bincount(number[cut], minlength=len(distinct)) > 0
    for cut, lists in zip(cuts, made, strict=True):
        use = meet[number[cut]]
        for row, shelf in zip(listed(owner[cut][use]), listed(number[cut][use]), strict=True):
            lists.setdefault(row, []).append(first + shelf)
    return first + len(distinct)
