"""The register of parties in the database: forms, what they stand for, and their blocks.

It only grows, and a form never changes what it stands for, so the register as of the
start of a run is the forms that were there before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Select, bindparam, delete, func, select, update

from riskprofile.history import finding, register
from riskprofile.history.finding import ANY, Known, Words
from riskprofile.history.learning import (
    PILE,
    Asked,
    Parts,
    among_themselves,
    listed,
)
from riskprofile.history.piles import Piles, spread_blocks
from riskprofile.reference.hashing import distinct, in_order, starts
from riskprofile.store.batches import ASKED_AT_ONCE
from riskprofile.store.database import Store, serialise
from riskprofile.store.many import among, each
from riskprofile.store.run_tables import PartyBlock, PartyForm

form_table = PartyForm.__table__  # type: ignore[attr-defined]
block_table = PartyBlock.__table__  # type: ignore[attr-defined]

PARTY_LOCK = 7004  # PostgreSQL advisory lock: one program at a time adds to the register
CROWDED = 200  # forms in one block beyond which it says too little to be searched
ALWAYS = datetime.max.replace(tzinfo=UTC)
AT_ONCE = 5_000  # new forms whose blocks are asked for together
READ = 1 << 14  # forms in blocks that are Python values together, 300 bytes each

# What a run asks of each portion of its rows: of the forms, or the places, `asked` as of `before`.
_ENTITIES = (
    select(form_table.c.key, form_table.c.entity)
    .where(among(form_table.c.key, "asked"))
    .where(form_table.c.added_at <= bindparam("before"))
)
_ASKED = each("asked")  # whole blocks
_IN_IT = block_table.c.block.between(_ASKED.c.value - ANY, _ASKED.c.value)


def _sizes(held: Select[Any]) -> Select[Any]:
    """How many of these stand in each block: no more are counted than tell that it is crowded."""
    some = held.where(_IN_IT).limit(bindparam("most")).correlate(_ASKED).subquery()
    return select(_ASKED.c.value, select(func.count()).select_from(some).scalar_subquery())


_SIZES = _sizes(select(block_table.c.key))
_SIZES_BEFORE = _sizes(
    select(block_table.c.key)
    .join(form_table, form_table.c.key == block_table.c.key)
    .where(form_table.c.added_at <= bindparam("before"))
)
_PLACES = select(block_table.c.block).distinct().join(_ASKED, _IN_IT)
_HELD = (
    select(block_table.c.block, form_table.c.family, form_table.c.form, form_table.c.key)
    .join(form_table, form_table.c.key == block_table.c.key)
    .where(among(block_table.c.block, "asked"))
    .where(form_table.c.added_at <= bindparam("before"))
)

HELD = 1 << 15  # forms in blocks of late, and as many before them, that are not read again
MOST = 1 << 20  # keys of late that are at hand


def aliases(connection: Connection, before: datetime) -> dict[int, int]:
    """Every form that stands for another, as of a time: its key and the other's."""
    columns = form_table.c
    rows = connection.execute(
        select(columns.key, columns.entity)
        .where(columns.key != columns.entity)
        .where(columns.added_at <= before)
    )
    return {row.key: row.entity for row in rows}


def entities(
    connection: Connection, keys: Sequence[int] | np.ndarray, before: datetime
) -> dict[int, int]:
    """What those of these forms stand for that the register knew at a time."""
    found: dict[int, int] = {}
    for some in _some(np.sort(np.asarray(keys, dtype=np.int64))):
        rows = connection.execute(_ENTITIES, {"asked": some.tolist(), "before": before})
        found.update((key, entity) for key, entity in rows.all())
    return found


class Blocks:
    """Places of the register as of a time, where forms alike to another are looked for.

    Runs ask for the same few places over and over, because most names share a word with many:
    those read of late stay at hand.
    """

    def __init__(self, before: datetime) -> None:
        self.before = before
        self._late: Parted = ()
        self._earlier: Parted = ()

    def of(self, connection: Connection, asked: np.ndarray) -> list[Known]:
        """What is at hand once these places are."""
        late, earlier = self._late, self._earlier
        wanted = distinct(asked)
        new = _beside(wanted, (*late, *earlier))
        if len(new):
            if sum(len(forms.texts) + len(numbers) // 8 for numbers, forms in late) >= HELD:
                late, earlier = (), late  # a thread that reads the old keeps them
                new = _beside(wanted, earlier)  # and those of them that stood earlier still
            late = _with(late, new, reduce(Known.and_also, _read(connection, new, self.before)))
            self._late, self._earlier = late, earlier
        return [forms for _, forms in (*late, *earlier)]


# What was read, by parts: places, in order, and the forms there, but for those of crowded blocks.
Parted = tuple[tuple[np.ndarray, Known], ...]
_NONE = Known.of([])
_AS_LONG = 8  # times a part is as long as the next, at least: so few are put in order again


def _with(parts: Parted, numbers: np.ndarray, forms: Known) -> Parted:
    """These and others: beside the longer parts, together with those that are not much longer."""
    while parts and len(parts[-1][0]) < _AS_LONG * len(numbers):
        numbers = np.sort(np.concatenate([parts[-1][0], numbers]))
        parts, forms = parts[:-1], parts[-1][1].and_also(forms)
    return (*parts, (numbers, forms))


class KeySet:
    """Keys of forms, eight bytes each: of late, some million at most."""

    def __init__(self) -> None:
        self._parts: Parted = ()

    def add(self, keys: np.ndarray) -> None:
        """Take in these, of which none is there."""
        full = sum(len(numbers) for numbers, _ in self._parts) >= MOST
        parts = self._parts[1:] if full else self._parts  # the first is the oldest, and the longest
        self._parts = _with(parts, np.sort(keys), _NONE) if len(keys) else parts

    def lacking(self, keys: np.ndarray) -> np.ndarray:
        """Those of these that were not taken in."""
        return _beside(keys, self._parts)


def _beside(some: np.ndarray, parts: Parted) -> np.ndarray:
    """Those of some numbers that are in none of these parts."""
    for numbers, _ in parts:
        some = some[~_within(some, numbers)]
    return some


def _within(some: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Which of some numbers are among others, which are in order."""
    if not len(ordered):
        return np.zeros(len(some), dtype=bool)
    found: np.ndarray = ordered[np.searchsorted(ordered, some).clip(max=len(ordered) - 1)] == some
    return found


def join(connection: Connection, words: Words, held: Blocks) -> list[register.Found | None]:
    """The form most alike to each form that the register does not know; None where none is."""
    (sizes, blocks), shelves = words.blocks, words.shelves
    ends = np.cumsum(sizes)
    near: dict[int, list[tuple[str, int]]] = {}
    for start in range(0, len(sizes), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        here = blocks[ends[start] - sizes[start] :][: sizes[some].sum()]
        sought = shelves.some(some).sought(sizes[some], here)
        for known in held.of(connection, shelves.some(some).asked(sizes[some], here)):
            for of, other in zip(*known.near(sought), strict=True):
                form = known.texts[other], int(known.entities[other])
                near.setdefault(start + int(of), []).append(form)
    names = [*register.FUZZY]
    made: list[register.Found | None] = [None] * len(sizes)
    for of, forms in near.items():
        made[of] = register.best(names[words.families[of]], words.texts[of], forms)
    return made


def add(
    store: Store,
    connection: Connection,
    asked: Asked | Parts,
    now: datetime,
    before: datetime = ALWAYS,
    kin: Callable[[], Mapping[int, register.Found]] | None = None,
) -> int:
    """Take these forms into the register, those that are new; how many joined another.

    The same in whatever parts, and whatever the order of rows and files: each step is done for all
    of them before the next.

    Parameters
    ----------
    asked : Asked or Parts
        Each form once. What was sought in the register as of `before` holds where it is still the
        same.
    kin : callable, optional
        `among_themselves` of those sought, where another process finds it meanwhile.
    """
    serialise(connection, PARTY_LOCK)
    asked = Parts.of(asked)
    fresh = Parts(asked.keep)
    for part in asked:
        # Whatever their time: a run that began later may have ended before this one.
        old = entities(connection, part.keys, ALWAYS)
        known = np.isin(part.keys, np.fromiter(old, dtype=np.int64, count=len(old)))
        _seen_again(store, connection, part.take(np.flatnonzero(known)), old, now)
        fresh.add(part.take(np.flatnonzero(~known)) if known.any() else part)
    holds = fresh.sought == len(fresh) and _unchanged(connection, before, fresh)
    if not holds:
        fresh = _sought_anew(connection, fresh)
    if holds and kin is not None and len(fresh) == asked.sought:
        among = kin()
    else:
        among = among_themselves(fresh, CROWDED)
    return _insert(store, connection, fresh, among, now)


def _sought_anew(connection: Connection, parts: Parts) -> Parts:
    """These forms with what the register says of them now."""
    made, blocks = Parts(parts.keep), Blocks(ALWAYS)
    for part in parts:
        found = []
        for some in part.some():
            words = some.words()
            found.append(
                Asked.looked_for(some.keys.tolist(), words, join(connection, words, blocks))
            )
        made.add(Asked.concat(found))
    return made


def _insert(
    store: Store,
    connection: Connection,
    fresh: Parts,
    among: Mapping[int, register.Found],
    now: datetime,
) -> int:
    """Store new forms and their blocks, in the order of their tables: each page is written once.

    `among` tells what those stand for that are alike to another of them, by their place.
    """
    places = np.array(sorted(among), dtype=np.int64)
    piles, joins, first = Piles(fresh.keep, fresh.blocks, PILE), 0, 0
    for part in fresh:
        keys, entities = part.keys, part.entities.copy()
        for place in places[slice(*np.searchsorted(places, [first, first + len(part)]))].tolist():
            entities[place - first] = among[place].entity
        first += len(part)
        joins += int((entities != keys).sum())
        order = np.argsort(keys)
        rows = (
            (key, *form, entity, now, now)
            for key, form, entity in zip(
                listed(keys[order]), part.take(order).forms(), listed(entities[order]), strict=True
            )
        )
        columns = ["key", "family", "form", "entity", "added_at", "seen_at"]
        store.insert_many(connection, "party_form", columns, rows)
        stands = np.repeat(entities == keys, part.sizes)
        blocks = part.shelves().places(part.sizes, part.blocks)[stands]
        owners = np.repeat(keys, part.sizes)[stands]
        piles.add(spread_blocks(blocks), pa.record_batch({"block": blocks, "key": owners}))
    for pile in piles:
        blocks, owners = (one.to_numpy() for one in pile.columns)
        order = np.argsort(owners)
        order = order[in_order(blocks[order])]
        order = order[starts(blocks[order], owners[order])]  # two blocks may be at one place
        pairs = zip(listed(blocks[order]), listed(owners[order]), strict=True)
        store.insert_many(connection, "party_block", ["block", "key"], pairs)
    return joins


def _unchanged(connection: Connection, before: datetime, parts: Parts) -> bool:
    """Whether the register is as it was: nothing came, and nothing found was forgotten."""
    columns = form_table.c
    if connection.execute(select(columns.key).where(columns.added_at >= before).limit(1)).first():
        return False
    return not any(
        connection.execute(
            select(columns.key).where(among(columns.key, some), columns.form == "").limit(1)
        ).first()
        for part in parts
        for some in _some(np.unique(part.entities[part.entities != part.keys]).tolist())
    )


def _seen_again(
    store: Store, connection: Connection, asked: Asked, old: Mapping[int, int], now: datetime
) -> None:
    """Known forms live on; one whose text was forgotten gets it back, with its blocks."""
    columns = form_table.c
    for some in _some(sorted(old)):
        empty = connection.execute(
            select(columns.key).where(among(columns.key, some), columns.form == "")
        ).scalars()
        for key in list(empty):
            family, form = asked.form(int(np.flatnonzero(asked.keys == key)[0]))
            connection.execute(update(form_table).where(columns.key == key).values(form=form))
            if old[key] == key:
                words = finding.words([(family, form)])
                places = {*words.shelves.places(*words.blocks).tolist()}
                rows = [(place, key) for place in places]
                store.insert_many(connection, "party_block", ["block", "key"], rows)
        connection.execute(
            update(form_table)
            .where(among(columns.key, some), columns.seen_at < now)
            .values(seen_at=now)
        )


def forget(connection: Connection, seen_upto: datetime) -> int:
    """Empty the texts of forms last seen up to a time; how many.

    What they stand for stays: opaque numbers, without which the past would fall apart.
    """
    serialise(connection, PARTY_LOCK)  # a form that a run sees again meanwhile keeps its blocks
    columns = form_table.c
    due = select(columns.key).where(columns.seen_at <= seen_upto)
    connection.execute(delete(block_table).where(block_table.c.key.in_(due)))
    return connection.execute(
        update(form_table).where(columns.seen_at <= seen_upto, columns.form != "").values(form="")
    ).rowcount


def _read(connection: Connection, places: np.ndarray, before: datetime) -> Iterator[Known]:
    """What is kept at those of these places whose block is not crowded, by parts: one at least."""
    told = {"most": CROWDED + 1, "before": before}
    sizes = _rows(connection, _SIZES, distinct(places | ANY), told)
    # Few are crowded by now, so that it counts how many of their forms were there before.
    crowded = sizes[sizes[:, 1] > CROWDED, 0]
    sizes = np.concatenate([sizes, _rows(connection, _SIZES_BEFORE, crowded, told)])
    sizes = sizes[(sizes[:, 1] > 0) & (sizes[:, 1] <= CROWDED)]
    blocks, many = sizes[np.argsort(sizes[:, 0])].T
    places = places[_within(places | ANY, blocks)]
    whole = places & ANY == ANY
    those = _rows(connection, _PLACES, places[whole], told)[:, 0]
    places = distinct(np.concatenate([places[~whole], those]))
    most = np.where(starts(places | ANY), many[np.searchsorted(blocks, places | ANY)], 0)
    for part in np.split(places, np.flatnonzero(np.diff(np.cumsum(most) // READ)) + 1):
        asked = {"asked": part.tolist(), "before": before}
        rows = connection.execute(_HELD, asked).all() if len(part) else ()
        yield Known.of([tuple(row) for row in rows]) if rows else _NONE


def _rows(
    connection: Connection, asking: Select[Any], blocks: np.ndarray, told: Mapping[str, Any]
) -> np.ndarray:
    """What is said of these blocks, in whole numbers."""
    rows = [np.zeros((0, len(asking.selected_columns)), np.int64)]
    for some in _some(blocks):
        said = connection.execute(asking, {**told, "asked": some.tolist()}).all()
        rows += [np.array([tuple(one) for one in said], np.int64)] if said else []
    return np.concatenate(rows)


Keys = TypeVar("Keys", Sequence[int], np.ndarray)


def _some(keys: Keys) -> Iterator[Keys]:
    for start in range(0, len(keys), ASKED_AT_ONCE):
        yield keys[start : start + ASKED_AT_ONCE]
