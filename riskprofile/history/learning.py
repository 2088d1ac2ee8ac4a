"""Forms of a run on their way into the register, and which of them are alike to each other.

A run meets about one new form a row, some millions in all. They lie on file by parts that memory
holds (`Parts`), and what belongs together comes together by a hash (`Piles`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.history import finding, register
from riskprofile.history.finding import Shelves, Words
from riskprofile.history.piles import Keep, Memory, Piles, batch, spread, spread_blocks
from riskprofile.history.register import FUZZY, Aliases, Found
from riskprofile.memory import give_back
from riskprofile.reference import hashing
from riskprofile.reference.hashing import in_order

Forms = Mapping[int, tuple[str, str]]  # key -> family, form
# What the register said of a form: what it stands for, where it was known; else the form that is
# alike to it, or that none is.
Said = int | Found | None
AT_ONCE = 10_000  # forms that are Python values together
PART = 1 << 16  # that are arrays together: 125 bytes each, and three times that while sorted
PILE = 1 << 17  # rows of a few numbers and a text that are sorted together
_PLACES = {family: place for place, family in enumerate(FUZZY)}
_FORM = pa.schema(
    {
        "keys": pa.int64(),
        "entities": pa.int64(),
        "families": pa.uint8(),
        "texts": pa.string(),
        "sought": pa.bool_(),
        "likeness": pa.float64(),
        "liked": pa.string(),
        "blocks": pa.list_(pa.int64()),
        **dict.fromkeys(("numbers", "house"), pa.uint64()),
        "signs": pa.int64(),
    }
)


@dataclass(frozen=True)
class Asked:
    """Forms, and what a register said of them: so many that memory holds them.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
        One for each form: its key and that of the form which it stands for as far as is known
        (`keys`, `entities`), its place in `FUZZY` and its text (`families`, `texts`), whether the
        register did not hold it, so that others alike to it were looked for (`sought`), how alike
        the one is that was found, and its text (`likeness`, `liked`; missing where none was), and
        its `blocks` and what `finding.Shelves` has of it (`numbers`, `house`, `signs`), which are
        empty and 0 where they are handed on with another row.
    """

    rows: pa.RecordBatch

    @property
    def aliases(self) -> Aliases:
        """Which keys stand for another, as far as is known."""
        return apart(self.keys, self.entities)

    @classmethod
    def of(cls, forms: Forms, said: Mapping[int, Said] | None = None) -> Asked:
        """Forms, and what the register said of each; one that is not in `said` stands for itself.

        Those that the register did not hold come with their blocks.
        """
        told = {key: (said or {}).get(key, key) for key in forms}
        sought = {key: one for key, one in told.items() if not isinstance(one, int)}
        others = [*forms.keys() - sought.keys()]
        made = cls.met([(key, *forms[key]) for key in others], [told[key] for key in others])
        if not sought:
            return made
        words = finding.words([forms[key] for key in sought])
        return cls.concat([made, cls.looked_for([*sought], words, [*sought.values()])])

    @classmethod
    def met(cls, forms: Sequence[tuple[int, str, str]], said: Sequence[Said]) -> Asked:
        """Forms, each a key, a family and a text, without blocks: as they come when met again."""
        count = len(forms)
        keys, families, texts = zip(*forms, strict=True) if count else ((), (), ())
        entities, sought = np.array(keys, dtype=np.int64), np.ones(count, dtype=bool)
        likeness, liked = np.full((2, count), None)
        for place, one in enumerate(said):
            if isinstance(one, int):
                entities[place], sought[place] = one, False
            elif one is not None:
                entities[place], likeness[place], liked[place] = one
        columns: list[Sequence[Any] | pa.Array] = [
            keys,
            entities,
            [*map(_PLACES.__getitem__, families)],
            texts,
            sought,
            likeness,
            liked,
            pa.ListArray.from_arrays(np.zeros(count + 1, np.int32), np.zeros(0, np.int64)),
            *np.zeros((3, count), dtype=np.int64),
        ]
        return cls._made(columns)

    @classmethod
    def looked_for(cls, keys: Sequence[int], words: Words, found: Sequence[Found | None]) -> Asked:
        """Forms that a register does not hold, with their blocks and with what is alike to each."""
        sizes, blocks = words.blocks
        there = np.where(sizes > 0, 1, 0)
        columns: list[Sequence[Any] | pa.Array] = [
            keys,
            [key if one is None else one.entity for key, one in zip(keys, found, strict=True)],
            words.families,
            words.texts,
            np.ones(len(keys), dtype=bool),
            [None if one is None else one.likeness for one in found],
            [None if one is None else one.form for one in found],
            pa.ListArray.from_arrays(np.append(0, np.cumsum(sizes)).astype(np.int32), blocks),
            words.shelves.numbers * there.astype(np.uint64),
            words.shelves.house * there.astype(np.uint64),
            words.shelves.signs * there,
        ]
        return cls._made(columns)

    @classmethod
    def _made(cls, columns: Sequence[Any]) -> Asked:
        made = [pa.array(one, kind) for one, kind in zip(columns, _FORM.types, strict=True)]
        return cls(pa.RecordBatch.from_arrays(made, schema=_FORM))

    @classmethod
    def concat(cls, parts: Iterable[Asked]) -> Asked:
        """All of these, one after the other."""
        rows = [part.rows for part in parts]
        return cls(rows[0] if len(rows) == 1 else pa.concat_batches([*rows, cls.of({}).rows]))

    @classmethod
    def together(cls, parts: Iterable[Asked]) -> Asked:
        """All of these, each form once, in the order of their texts.

        So what is made of them depends neither on the order of rows nor on that of files.
        """
        made = cls.concat(parts)
        rows = np.argsort(-made.sizes, kind="stable")  # the one with its blocks first
        rows = rows[in_order(made.keys[rows])]
        keys = made.keys[rows]
        rows = rows[np.append(True, keys[1:] != keys[:-1])[: len(rows)]]
        return made.take(rows[_order(made.rows.select(["families", "texts"]).take(pa.array(rows)))])

    @property
    def keys(self) -> np.ndarray:
        """The key of each form."""
        return self._numbers("keys")

    @property
    def entities(self) -> np.ndarray:
        """The key of the form that it stands for as far as is known."""
        return self._numbers("entities")

    @property
    def families(self) -> np.ndarray:
        """Its place in `FUZZY`."""
        return self._numbers("families")

    @property
    def sought(self) -> np.ndarray:
        """Whether the register did not hold it."""
        return self._numbers("sought")

    @property
    def sizes(self) -> np.ndarray:
        """How many of its blocks are here."""
        made: np.ndarray = pc.list_value_length(self.rows.column("blocks")).to_numpy()
        return made

    @property
    def blocks(self) -> np.ndarray:
        """These blocks, form after form."""
        made: np.ndarray = self.rows.column("blocks").flatten().to_numpy()
        return made

    def _numbers(self, name: str) -> np.ndarray:
        made: np.ndarray = self.rows.column(name).to_numpy(zero_copy_only=False)
        return made

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: np.ndarray) -> Asked:
        """Those at these places."""
        return Asked(self.rows.take(pa.array(rows)))

    def words(self) -> Words:
        """The words of them, which say where those alike are looked for."""
        return Words(self.families, self.rows.column("texts").to_pylist())

    def shelves(self) -> Shelves:
        """Of those that are here with their blocks."""
        numbers, house, signs = map(self._numbers, ("numbers", "house", "signs"))
        return Shelves(numbers, house, self.families != finding.PARTY, signs)

    def some(self) -> Iterator[Asked]:
        """Some after the other: so many as Python values fit into memory of."""
        for start in range(0, len(self), AT_ONCE):
            yield Asked(self.rows.slice(start, AT_ONCE))

    def blocked(self) -> Asked:
        """With the blocks of all that were sought, also of those whose blocks got lost."""
        lost = np.flatnonzero(self.sought & (self.sizes == 0))
        if not len(lost):
            return self
        found = []
        for some in self.take(lost).some():
            keys = some.keys.tolist()
            forms = dict(zip(keys, some.forms(), strict=True))
            found.append(Asked.of(forms, dict(zip(keys, some.found(), strict=True))))
        return Asked.together([self, *found])

    def unknown(self) -> Asked:
        """Those that the register did not hold."""
        return Asked(self.rows.filter(self.rows.column("sought")))

    def forms(self) -> Iterator[tuple[str, str]]:
        """Family and text of each."""
        names = [*FUZZY]
        for some in self.some():
            yield from zip(
                [names[one] for one in some.families.tolist()],
                some.rows.column("texts").to_pylist(),
                strict=True,
            )

    def found(self) -> Iterator[Found | None]:
        """What the register found for each."""
        for some in self.some():
            for entity, likeness, form in zip(
                some.entities.tolist(),
                some.rows.column("likeness").to_pylist(),
                some.rows.column("liked").to_pylist(),
                strict=True,
            ):
                yield None if likeness is None else Found(entity, likeness, form)

    def form(self, row: int) -> tuple[str, str]:
        """Family and text of one."""
        return next(Asked(self.rows.slice(row, 1)).forms())


def _order(rows: pa.RecordBatch) -> np.ndarray:
    """The places of forms in the order of their families and texts."""
    by = [("families", "ascending"), ("texts", "ascending")]
    made: np.ndarray = pc.sort_indices(rows, by).to_numpy()
    return made


def listed(values: np.ndarray) -> Iterator[Any]:
    """As Python values, some at a time in memory: each takes four times what an array does."""
    for start in range(0, len(values), AT_ONCE):
        yield from values[start : start + AT_ONCE].tolist()


def apart(keys: np.ndarray, entities: np.ndarray) -> Aliases:
    """Which of these keys stand for another."""
    other = keys != entities
    return Aliases(dict(zip(keys[other].tolist(), entities[other].tolist(), strict=True)))


class Parts:
    """Forms by parts that memory holds, in a fixed order, read as often as needed.

    Attributes
    ----------
    keep : Keep
        Where they lie, and what is made of them meanwhile.
    sought, blocks : int
        How many of them the register did not hold, and how many blocks they have in all.
    """

    def __init__(self, keep: Keep) -> None:
        self.keep = keep
        self.sought = self.blocks = self._forms = 0
        self._held: list[Mapping[str, Any]] = []

    @classmethod
    def of(cls, asked: Asked | Parts, keep: Keep | None = None) -> Parts:
        """Forms in memory by parts, in their order; without `keep` they stay there."""
        if isinstance(asked, Parts):
            return asked
        made = cls(keep or Memory())
        for start in range(0, len(asked), PART):
            made.add(Asked(asked.rows.slice(start, PART)))
        return made

    @classmethod
    def distinct(cls, keep: Keep, given: Iterable[Asked], rows: int) -> Parts:
        """All of these forms once each, with their blocks; `rows` is how many there are at most."""
        piles = Piles(keep, rows, PART)
        for some in given:
            piles.add(spread(some.keys), some.rows)
        made = cls(keep)
        for pile in piles:
            made.add(Asked.together([Asked(pile)]).blocked())
        return made

    def add(self, part: Asked) -> None:
        """Put a further part of other forms on file."""
        self._held.append(self.keep.put({"forms": part.rows.to_struct_array()}))
        self._forms += len(part)
        self.sought += int(part.sought.sum())
        self.blocks += len(part.blocks)

    def __len__(self) -> int:
        return self._forms

    def __iter__(self) -> Iterator[Asked]:
        for held in self._held:
            yield Asked(batch(self.keep.get(held, "forms")))
            give_back()  # what a part takes is in pieces: those of all would add up

    def unknown(self) -> Parts:
        """Those that the register did not hold."""
        if self.sought == len(self):
            return self
        made = Parts(self.keep)
        for part in self:
            made.add(part.unknown())
        return made


def among_themselves(asked: Asked | Parts, crowded: int) -> dict[int, Found]:
    """What forms stand for once they are alike to each other, by place, where that is another.

    Each is compared with those before it, in the order of texts, that stand for themselves and
    share a block with it; a block of more than `crowded` forms that nothing known is alike to says
    too little. What was found in the register stays unless one of these is liker.
    """
    parts = Parts.of(asked)
    places, shelves, kept = _met(parts, _shared(parts, crowded))
    rows, forms = np.unique(places, return_inverse=True)
    few = _taken(parts, rows)
    give_back()
    order = _order(few.rows)
    ranks = np.argsort(order)[forms]
    distinct, shelf = np.unique(shelves, return_inverse=True)
    put = np.lexsort((ranks[kept], shelf[kept]))  # shelf by shelf, in the order of texts
    there = forms[kept][put]
    starts = np.searchsorted(shelf[kept][put], np.arange(len(distinct) + 1))
    wanted = _lists(shelf[~kept], ranks[~kept], len(few))
    del places, shelves, kept, forms, ranks, distinct, shelf, put  # some dozen bytes a form
    keys, texts = few.keys, few.rows.column("texts")
    stands = np.zeros(len(few), dtype=bool)  # of those before it
    told: dict[int, Found] = {}
    for place, (family, form), before, at in zip(
        listed(order), *_in_order(few, order), wanted, strict=True
    ):
        near = (
            (texts[one].as_py(), int(keys[one]))
            for on in at
            for one in there[starts[on] : starts[on + 1]].tolist()
            if stands[one]
        )
        found = register.best(family, form, near, before)
        if found is None:
            stands[place] = True
        else:
            told[int(rows[place])] = found
    return told


def _in_order(
    few: Asked, order: np.ndarray
) -> tuple[Iterator[tuple[str, str]], Iterator[Found | None]]:
    """Family and text of each, and what the register found for it, in this order."""

    def some() -> Iterator[Asked]:
        for start in range(0, len(order), AT_ONCE):
            yield few.take(order[start : start + AT_ONCE])

    return (
        chain.from_iterable(one.forms() for one in some()),
        chain.from_iterable(one.found() for one in some()),
    )


def _shared(parts: Parts, crowded: int) -> np.ndarray:
    """Which of the blocks of all forms are such that a form meets another there, and not too many.

    Those are met that stand for themselves.
    """
    piles = Piles(parts.keep, parts.blocks, PILE)
    start = 0
    for part in parts:
        blocks = part.blocks
        columns = {
            "block": blocks,
            "place": np.arange(start, start + len(blocks)),
            "stands": np.repeat(part.keys == part.entities, part.sizes),
        }
        piles.add(spread_blocks(blocks), pa.record_batch(columns))
        start += len(blocks)
    made = np.zeros(parts.blocks, dtype=bool)
    for pile in piles:
        block, place, stands = (one.to_numpy(zero_copy_only=False) for one in pile.columns)
        order, starts, many = _equal(block)
        stands = stands[order]
        crowd = np.repeat(np.add.reduceat(stands, starts, dtype=np.int64), many)
        made[place[order]] = (crowd <= crowded) & (crowd > stands)
    return made


def _met(parts: Parts, shared: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where forms stand that meet one alike to them: on few of the shelves of blocks.

    Parameters
    ----------
    shared : ndarray of bool
        Which of the blocks of all forms count.

    Returns
    -------
    places : ndarray of int64
        Of forms, among all.
    shelves : ndarray of uint64
        Each a hash of a block and of a shelf in it.
    kept : ndarray of bool
        Whether the form is put there; else others are sought for it there.
    """
    piles = Piles(parts.keep, 3 * int(shared.sum()), PILE)  # two shelves of a party's block
    start = first = 0
    for part in parts:
        end = start + len(part.blocks)
        _shelve(part, shared[start:end], first, piles)
        start, first = end, first + len(part)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, bool))]
    found += [_alike(pile) for pile in piles]
    places, shelves, kept = (np.concatenate(each) for each in zip(*found, strict=True))
    return places, shelves, kept


def _shelve(part: Asked, shared: np.ndarray, first: int, piles: Piles) -> None:
    """Put the forms of a part on piles by the shelves of those of its blocks that are `shared`.

    `first` is the place of its first form among all.
    """
    many = np.bincount(np.repeat(np.arange(len(part)), part.sizes)[shared], minlength=len(part))
    rows, blocks = np.flatnonzero(many), part.blocks[shared].view(np.uint64)
    asked, many = part.take(rows), many[rows]
    stands, shelves = asked.keys == asked.entities, asked.shelves()
    signed = asked.rows.select(["families", "texts", "signs"])
    for kept, found in (
        (True, shelves.kept_on(many, blocks)),
        (False, shelves.looked_on(many, blocks)),
    ):
        for at, shelf in found:
            if kept:
                at, shelf = at[stands[at]], shelf[stands[at]]
            for start in range(0, len(at), AT_ONCE):
                some, on = at[start : start + AT_ONCE], shelf[start : start + AT_ONCE]
                put = signed.take(pa.array(some)).append_column("shelf", pa.array(on))
                put = put.append_column("place", pa.array(first + rows[some]))
                piles.add(on, put.append_column("kept", pa.array(np.full(len(some), kept))))


def _alike(pile: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What `_met` returns of a pile: all that stand on a shelf where two are alike."""
    shelf, place, kept = (
        pile.column(name).to_numpy(zero_copy_only=False) for name in ("shelf", "place", "kept")
    )
    order, starts, many = _equal(shelf)
    place, kept = place[order], kept[order]
    meet = np.minimum.reduceat(place, starts) < np.maximum.reduceat(place, starts)
    meet &= np.logical_or.reduceat(kept, starts) & ~np.logical_and.reduceat(kept, starts)
    use, many = np.repeat(meet, many), many[meet]
    order, place, kept = order[use], place[use], kept[use]
    texts = pile.column("texts").take(pa.array(order)).to_pylist()
    families, signs = (
        pile.column(name).take(pa.array(order)).to_numpy() for name in ("families", "signs")
    )
    signed = [*zip(texts, signs.tolist(), strict=True)]
    names, puts, found, end = [*FUZZY], kept.tolist(), [], 0
    for count in many.tolist():
        start, end = end, end + count
        family = names[families[start]]  # a block is of one
        sides: tuple[list[tuple[str, int]], list[tuple[str, int]]] = [], []
        for at in range(start, end):
            sides[puts[at]].append(signed[at])
        found.append(
            any(
                before < form
                and not finding.unlike(sign, other)
                and register.alike(family, form, before) >= register.SURE[family]
                for (form, sign), (before, other) in product(*sides)
            )
        )
    use = np.repeat(np.array(found, dtype=bool), many)
    return place[use], shelf[order[use]], kept[use]


def _equal(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Their order, where in it each distinct one begins, and how often it is there."""
    order = in_order(values)
    starts = np.flatnonzero(hashing.starts(values[order]))
    return order, starts, np.diff(starts, append=len(order))


def _taken(parts: Parts, places: np.ndarray) -> Asked:
    """The forms at these places among all, which are in order."""
    found, first = [], 0
    for part in parts:
        start, end = np.searchsorted(places, [first, first + len(part)])
        found.append(part.take(places[start:end] - first))
        first += len(part)
    return Asked.concat(found)


def _lists(values: np.ndarray, owners: np.ndarray, count: int) -> Iterator[list[int]]:
    """The values of each of so many owners."""
    values = values[np.argsort(owners, kind="stable")]
    end = 0
    for many in listed(np.bincount(owners, minlength=count)):
        start, end = end, end + many
        yield values[start:end].tolist()
