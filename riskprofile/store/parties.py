"""The register of parties in the database: forms, what they stand for, and their blocks.

It only grows, and a form never changes what it stands for, so the register as of the
start of a run is the forms that were there before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, select, update

from riskprofile.history import register
from riskprofile.store.batches import ASKED_AT_ONCE
from riskprofile.store.database import Store, among, serialise
from riskprofile.store.tables import PartyBlock, PartyForm

form_table = PartyForm.__table__  # type: ignore[attr-defined]
block_table = PartyBlock.__table__  # type: ignore[attr-defined]

REGISTER_LOCK = 7004  # PostgreSQL advisory lock: one program at a time adds to the register
CROWDED = 200  # forms in one block beyond which it says too little to be searched
ALWAYS = datetime.max.replace(tzinfo=UTC)
AT_ONCE = 2_000  # new forms whose blocks are asked for together

Forms = Mapping[int, tuple[str, str]]  # key -> family, form
Known = dict[int, register.Block]  # forms that stand for themselves, by where they are found


def aliases(connection: Connection, before: datetime) -> dict[int, int]:
    """Every form that stands for another, as of a time: its key and the other's."""
    columns = form_table.c
    rows = connection.execute(
        select(columns.key, columns.entity)
        .where(columns.key != columns.entity)
        .where(columns.added_at <= before)
    )
    return {row.key: row.entity for row in rows}


def entities(connection: Connection, keys: Sequence[int], before: datetime) -> dict[int, int]:
    """What those of these forms stand for that the register knew at a time."""
    columns = form_table.c
    found: dict[int, int] = {}
    for some in _some(keys):
        rows = connection.execute(
            select(columns.key, columns.entity)
            .where(among(columns.key, some))
            .where(columns.added_at <= before)
        )
        found.update((key, entity) for key, entity in rows.all())
    return found


def join(
    connection: Connection, forms: Forms, before: datetime
) -> dict[int, register.Found | None]:
    """The form most alike to each form that the register does not know; None where none is."""
    sought: dict[int, register.Found | None] = {}
    for some in _some(sorted(forms), AT_ONCE):
        places = {key: register.blocks(*forms[key]) for key in some}
        known = _candidates(connection, {one for many in places.values() for one in many}, before)
        for key in some:
            family, form = forms[key]
            near = _near(known, places[key], register.shelves(family, form))
            sought[key] = register.best(family, form, near)
    return sought


def add(
    store: Store,
    connection: Connection,
    forms: Forms,
    now: datetime,
    sought: Mapping[int, register.Found | None] | None = None,
    before: datetime = ALWAYS,
) -> int:
    """Take these forms into the register, those that are new; how many joined another.

    In the order of their text, so that the order of rows and files does not matter.

    Parameters
    ----------
    sought : mapping, optional
        What `join` found as of `before`: it holds where the register is still the same.
    """
    serialise(connection, REGISTER_LOCK)
    # Whatever their time: a run that began later may have ended before this one.
    old = entities(connection, list(forms), ALWAYS)
    _seen_again(store, connection, forms, old, now)
    fresh = sorted(forms.keys() - old.keys(), key=lambda key: forms[key])
    known = dict(sought or {})
    if known and not _unchanged(connection, before, known):
        known = {}
    known |= join(connection, {key: forms[key] for key in fresh if key not in known}, ALWAYS)
    rows: list[tuple[int, str, str, int, datetime, datetime]] = []
    blocks: list[tuple[int, int]] = []
    added: Known = {}
    joined = 0
    for key in fresh:
        family, form = forms[key]
        places = register.blocks(family, form)
        near = _near(added, places, register.shelves(family, form))
        found = register.best(family, form, near, known[key])
        entity = key if found is None else found.entity
        rows.append((key, family, form, entity, now, now))
        if entity != key:
            joined += 1
            continue
        for place in places:
            added.setdefault(place, register.Block()).add(family, form, key)
            blocks.append((place, key))
    columns = ["key", "family", "form", "entity", "added_at", "seen_at"]
    store.insert_many(connection, "party_form", columns, rows)
    store.insert_many(connection, "party_block", ["block", "key"], blocks)
    return joined


def _unchanged(
    connection: Connection, before: datetime, sought: Mapping[int, register.Found | None]
) -> bool:
    """Whether the register is as it was: nothing came, and nothing found was forgotten."""
    columns = form_table.c
    if connection.execute(select(columns.key).where(columns.added_at >= before).limit(1)).first():
        return False
    found = sorted({one.entity for one in sought.values() if one is not None})
    return not any(
        connection.execute(
            select(columns.key).where(among(columns.key, some), columns.form == "").limit(1)
        ).first()
        for some in _some(found)
    )


def _seen_again(
    store: Store, connection: Connection, forms: Forms, old: Mapping[int, int], now: datetime
) -> None:
    """Known forms live on; one whose text was forgotten gets it back, with its blocks."""
    columns = form_table.c
    for some in _some(sorted(old)):
        empty = connection.execute(
            select(columns.key).where(among(columns.key, some), columns.form == "")
        ).scalars()
        for key in list(empty):
            connection.execute(
                update(form_table).where(columns.key == key).values(form=forms[key][1])
            )
            if old[key] == key:
                blocks = [(block, key) for block in register.blocks(*forms[key])]
                store.insert_many(connection, "party_block", ["block", "key"], blocks)
        connection.execute(
            update(form_table)
            .where(among(columns.key, some), columns.seen_at < now)
            .values(seen_at=now)
        )


def forget(connection: Connection, seen_upto: datetime) -> int:
    """Empty the texts of forms last seen up to a time; how many.

    What they stand for stays: opaque numbers, without which the past would fall apart.
    """
    columns = form_table.c
    due = select(columns.key).where(columns.seen_at <= seen_upto)
    connection.execute(delete(block_table).where(block_table.c.key.in_(due)))
    return connection.execute(
        update(form_table).where(columns.seen_at <= seen_upto, columns.form != "").values(form="")
    ).rowcount


def _near(
    known: Known, places: Iterable[int], wanted: Sequence[register.Shelf]
) -> Iterator[tuple[str, int]]:
    for place in places:
        here = known.get(place)
        if here is not None and len(here) <= CROWDED:
            yield from here.near(wanted)


def _candidates(connection: Connection, blocks: Iterable[int], before: datetime) -> Known:
    """Forms in these blocks, of blocks that are not crowded."""
    form, block = form_table.c, block_table.c
    found: Known = {}
    for some in _some(sorted(blocks)):
        sparse = (
            select(block.block)
            .join(form_table, form.key == block.key)
            .where(among(block.block, some))
            .where(form.added_at <= before)
            .group_by(block.block)
            .having(func.count() <= CROWDED)
        )
        rows = connection.execute(
            select(block.block, form.family, form.form, form.key)
            .join(form_table, form.key == block.key)
            .where(block.block.in_(sparse))
            .where(form.added_at <= before)
        )
        for number, family, text, key in rows.all():
            found.setdefault(number, register.Block()).add(family, text, key)
    return found


def _some(keys: Sequence[int], size: int = ASKED_AT_ONCE) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
