"""Versions of declarations: which one counts, which came later, what was taken out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    func,
    not_,
    or_,
    select,
    true,
    update,
)

from riskprofile.intake.versions import CANCEL
from riskprofile.store.batches import (
    ASKED_AT_ONCE,
    batch_table,
    came_in,
    chunk_table,
    record_table,
    rows_of,
)
from riskprofile.store.many import among

ACCEPTED, SUPERSEDED = "accepted", "superseded"
ABSENT = "absent"  # function of a record that a message withdrew by not naming it
REMOVED = "removed"  # state of a record whose row retention took out
FOLD_LOCK = 7015  # PostgreSQL advisory lock: who withdraws stores alone, others beside each other
FULL = "full"  # how far a chunk is kept that retention has not come to
SOME = "some"  # and of which records were removed before their term, by an order
NAMES = "names"  # and of what a former release masked, without all that leads to a name
PARKED = "history"  # state of a record that is known but was never rated

# What was declared last comes first: what counts before what was withdrawn, and accepted before
# superseded, as an old version may come late.
LAST = (
    record_table.c.folded_by.is_not(None), record_table.c.state, record_table.c.version.desc()
)  # fmt: skip

Key = tuple[str, int]  # record_id, item
Message = tuple[datetime, str | None]  # its time, and its reference


@dataclass(frozen=True)
class Said:
    """When something was said: the time of its message, and when its file came in.

    `arrived` is None for what came in no later than all that it is compared with.
    """

    at: datetime | None = None
    arrived: datetime | None = None

    def before(self, other: Said) -> bool:
        """Whether the other is the later one: by message where both tell, else by arrival."""
        if self.at is not None and other.at is not None and self.at != other.at:
            return self.at < other.at
        if self.arrived is None or other.arrived is None:
            return False
        return self.arrived < other.arrived


@dataclass
class Newest:
    """What is known of one item: its version that counts, and every version before.

    `content` is None when any row is news: nothing is stored, or what is stored was
    withdrawn. `seen` holds (content, message time) of every version with such a time of its own.
    """

    version: int = 0  # the highest number given so far
    content: int | None = None
    said: Said = Said()
    parked: bool = False  # known as history, never rated
    rated: bool = False  # and what is loaded as history takes no place of it
    here: bool = False  # whether an earlier row of the file at hand brought it
    place: int | None = None  # its row, while it is in the chunk at hand
    seen: set[tuple[int, datetime]] = field(default_factory=set)


@dataclass
class Waiting:
    """Rows of a chunk that is not stored yet, whose declarations nobody else brought.

    Parameters
    ----------
    records : set of str
        These declarations, each item of which is there once; but for those that were met again.
    rows : tuple of sequences
        Of the whole chunk the declaration of each row, its item and its content, when its message
        was sent, and when its file came in.
    """

    records: set[str]
    rows: tuple[
        Sequence[str], Sequence[int], Sequence[int], Sequence[datetime | None], Sequence[datetime]
    ]

    def meet(self, records: set[str]) -> Iterator[tuple[Key, Newest]]:
        """What is known of the items of these declarations, which do not wait any more."""
        met = self.records & records
        if not met:
            return
        self.records -= met
        for record, item, content, at, arrived in zip(*self.rows, strict=True):
            if record in met:
                seen = set() if at is None else {(content, at)}
                yield (record, item), Newest(1, content, Said(at, arrived), here=True, seen=seen)


@dataclass
class Known:
    """What is known of the asked declarations: what the database holds, and what waits for it.

    `records` are those that were asked; `withdrawn` those of them that their sender
    cancelled, and when that was said. `waiting` has no declaration that `items` has.
    """

    records: set[str] = field(default_factory=set)

    items: dict[Key, Newest] = field(default_factory=dict)
    withdrawn: dict[str, Said] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)

    @property
    def declared(self) -> set[str]:
        """The declarations of which an item is known."""
        return {key[0] for key in self.items}.union(*[one.records for one in self.waiting])

    def add(self, other: Known) -> None:
        """Take in what is known of other declarations."""
        self.records |= other.records
        self.items |= other.items
        self.withdrawn |= other.withdrawn

    def meet(self, records: set[str]) -> None:
        """Others ask about these declarations: what waits of them is looked at one by one."""
        for one in self.waiting:
            self.items.update(one.meet(records))

    def forget(self, records: set[str]) -> None:
        """As if these had not been asked: of a chunk that waited, all that others did not meet."""
        self.records -= records
        self.items = {key: one for key, one in self.items.items() if key[0] not in records}
        self.withdrawn = {
            record: said for record, said in self.withdrawn.items() if record not in records
        }
        for one in self.waiting:
            one.records -= records
        self.waiting = [one for one in self.waiting if one.records]


@dataclass(frozen=True)
class Later:
    """What other runs have stored of files that came in later: batches and chunks, and when."""

    batches: Mapping[str, datetime] = field(default_factory=dict)
    chunks: Mapping[int, datetime] = field(default_factory=dict)
    past: bool = False  # asked for past declarations, which withdraw nothing that was rated


def later(connection: Connection, since: datetime) -> Later:
    """What came in after a time."""
    batch, chunk = batch_table.c, chunk_table.c
    rows = connection.execute(
        select(batch.id, batch.started_at, batch.options)
        # Batches are called by the second in which they began: few are looked at.
        .where(batch.id >= f"{since:%Y%m%d-%H%M%S}", batch.started_at > since)
    )
    came = {row.id: came_in(row.options, row.started_at) for row in rows}
    came = {name: at for name, at in came.items() if at > since}
    if not came:
        return Later()
    held = connection.execute(
        select(chunk.id, chunk.batch_id).where(among(chunk.batch_id, sorted(came)))
    )
    return Later(came, {number: came[name] for number, name in held})


def known(
    connection: Connection,
    profile: str,
    record_ids: Iterable[str],
    later: Later | None = None,
    here: Collection[int] = (),
) -> Known:
    """Versions of the items of these declarations; which of them came `later` than they do, and
    which with the same file: in the chunks `here`.
    """
    later = later or Later()
    found = Known(set(record_ids))
    asked = sorted(found.records)
    columns = record_table.c
    absent: dict[str, Said] = {}  # withdrawn by a message that did not name them
    wanted = [
        columns[name]
        for name in (
            *("record_id", "item", "version", "content", "state"),
            *("function", "message_at", "folded_by", "chunk_id"),
        )
    ]
    for start in range(0, len(asked), ASKED_AT_ONCE):
        rows = connection.execute(
            select(*wanted)
            .where(among(columns.record_id, asked[start : start + ASKED_AT_ONCE]))
            .where(columns.profile == profile)
            .order_by(columns.version)
        )
        for record_id, item, version, content, state, function, at, folded, chunk in rows:
            one = found.items.setdefault((record_id, item), Newest())
            one.version = version
            if at is not None and function != ABSENT:
                one.seen.add((content, at))
            cancels, said = function == CANCEL, Said(at, later.chunks.get(chunk))
            if cancels:  # what took its place says nothing of other items, said before it
                earlier = found.withdrawn.get(record_id)
                if earlier is None or not said.before(earlier):
                    found.withdrawn[record_id] = said
            if state == SUPERSEDED:
                continue
            if folded and not cancels:
                absent[record_id] = Said(at, later.batches.get(folded))
            one.content = None if folded and not cancels else content
            one.said, one.parked, one.here = said, state == PARKED, chunk in here
    found.withdrawn = absent | found.withdrawn
    return found


def hold(connection: Connection, profile: str, record_ids: Collection[str]) -> None:
    """Lock the rows of these declarations by their ids: of two who change some of the same the
    second waits. On SQLite there is one writer.
    """
    columns = record_table.c
    if record_ids and connection.dialect.name != "sqlite":
        held = select(columns.id).where(among(columns.record_id, sorted(record_ids)))
        held = held.where(columns.profile == profile).order_by(columns.id)
        connection.execute(held.with_for_update(key_share=True))


def supersede(connection: Connection, profile: str, batch_id: str, keys: Collection[Key]) -> None:
    """Mark the versions of these items that counted until now superseded.

    One that a finished batch withdrew stopped counting with that batch, and so it stays.
    """
    ids = [number for _, number in _held(connection, profile, keys)]
    if not ids:
        return
    columns = record_table.c
    state = select(batch_table.c.state).where(batch_table.c.id == columns.folded_by)
    ended = case((state.scalar_subquery() == "done", columns.folded_by), else_=batch_id)
    connection.execute(
        update(record_table)
        .where(among(columns.id, ids), columns.state != SUPERSEDED)
        .values(state=SUPERSEDED, folded_by=ended)
    )


def confirm(connection: Connection, profile: str, said: Mapping[Key, Message]) -> None:
    """A later message said the same of these items: no new version, but it is of that message."""
    columns = record_table.c
    of: dict[Message, list[int]] = {}
    for key, number in _held(connection, profile, said):
        of.setdefault(said[key], []).append(number)
    for (at, message), ids in of.items():
        connection.execute(
            update(record_table)
            .where(among(columns.id, ids), columns.state != SUPERSEDED)
            .values({"message_at": at} | ({"message": message} if message else {}))
        )


def counting(
    profile: str, at: datetime | None = None, later: Later | None = None
) -> list[ColumnElement[bool]]:
    """What counts, and was said before a message of that time: by its own, else by arrival."""
    return [*newest(profile, at, later), record_table.c.folded_by.is_(None)]


def newest(
    profile: str, at: datetime | None = None, later: Later | None = None
) -> list[ColumnElement[bool]]:
    """The same, and what was declared last of each item that is withdrawn."""
    columns = record_table.c
    made = [columns.profile == profile, columns.state != SUPERSEDED, columns.function != CANCEL]
    later = later or Later()
    if later.past:
        made.append(columns.state == PARKED)
    before = not_(among(columns.chunk_id, sorted(later.chunks))) if later.chunks else true()
    if at is not None:
        timed = columns.message_at.is_not(None)
        before = or_(and_(timed, columns.message_at <= at), and_(~timed, before))
    return [*made, before]


def withdraw(
    connection: Connection,
    profile: str,
    batch_id: str,
    cancelled: Mapping[str, datetime | None],
    later: Later,
) -> None:
    """Take the items of declarations that their sender cancelled out of the ranking.

    What was said after the cancellation stays.
    """
    for record_id, at in cancelled.items():
        connection.execute(
            update(record_table)
            .where(record_table.c.record_id == record_id, *counting(profile, at, later))
            .values(folded_by=batch_id)
        )


def folded(connection: Connection, chunk_id: int) -> list[int]:
    """Positions of a chunk whose rows no longer count: superseded or withdrawn."""
    columns = record_table.c
    return list(
        connection.execute(
            select(columns.position)
            .where(columns.chunk_id == chunk_id)
            .where(columns.folded_by.is_not(None))
        ).scalars()
    )


def gone(connection: Connection, profile: str, batch_ids: Sequence[str]) -> dict[int, str]:
    """Rows of these batches that no longer count: the id of each, and its declaration."""
    columns = record_table.c
    rows = connection.execute(
        select(columns.id, columns.record_id)
        .join(chunk_table, chunk_table.c.id == columns.chunk_id)
        .where(among(chunk_table.c.batch_id, batch_ids))
        .where(columns.profile == profile, columns.folded_by.is_not(None))
    )
    return {row.id: row.record_id for row in rows}


def left(connection: Connection, profile: str, record_ids: Collection[str]) -> set[str]:
    """Which of these declarations have an item that counts."""
    columns = record_table.c
    asked = select(columns.record_id).where(among(columns.record_id, sorted(record_ids)))
    return set(connection.execute(asked.where(*counting(profile))).scalars())


def standing(connection: Connection, chunk_id: int) -> list[tuple[int, str, str]]:
    """Position, reference and state of every row of a chunk.

    Found by the references in the chunk: no index of records leads from a chunk.
    """
    columns = record_table.c
    named = rows_of(connection, chunk_id, ["record_id"])["record_id"].unique().tolist()
    rows = connection.execute(
        select(columns.position, columns.record_id, columns.state)
        .where(among(columns.record_id, named), columns.chunk_id == chunk_id)
        .order_by(columns.position)
    )
    return [(row.position, row.record_id, row.state) for row in rows]


def removed(connection: Connection, chunk_id: int) -> list[int]:
    """Positions of a chunk whose rows retention has removed."""
    kept = connection.execute(select(chunk_table.c.kept).where(chunk_table.c.id == chunk_id))
    if kept.scalar_one() == FULL:
        return []
    found = standing(connection, chunk_id)
    return [position for position, _, state in found if state == REMOVED]


def removed_of(connection: Connection, batch_id: str) -> int:
    """How many rows of a batch retention has removed."""
    found = connection.execute(
        select(chunk_table.c.id).where(
            chunk_table.c.batch_id == batch_id, chunk_table.c.kept != FULL
        )
    )
    return sum(len(removed(connection, number)) for number in found.scalars().all())


def beside(
    connection: Connection, profile: str, batch_ids: Sequence[str], record_ids: Sequence[str]
) -> list[tuple[str, int, int, int]]:
    """Items of these declarations that other batches brought and that still count.

    Returns
    -------
    list of (record_id, item, chunk_id, position)
    """
    columns = record_table.c
    found: list[tuple[str, int, int, int]] = []
    asked = list(dict.fromkeys(record_ids))
    for start in range(0, len(asked), ASKED_AT_ONCE):
        rows = connection.execute(
            select(columns.record_id, columns.item, columns.chunk_id, columns.position)
            .join(chunk_table, chunk_table.c.id == columns.chunk_id)
            .where(among(columns.record_id, asked[start : start + ASKED_AT_ONCE]))
            .where(columns.profile == profile)
            .where(columns.state == ACCEPTED)
            .where(columns.folded_by.is_(None))
            .where(not_(among(chunk_table.c.batch_id, batch_ids)))
            .order_by(columns.chunk_id, columns.position)
        )
        found += [(row[0], row[1], row[2], row[3]) for row in rows]
    return found


def rated_elsewhere(
    connection: Connection, profile: str, batch_ids: Sequence[str], record_ids: Sequence[str]
) -> set[str]:
    """Which of these declarations another batch brought, in whatever version, and was rated."""
    columns = record_table.c
    found: set[str] = set()
    for start in range(0, len(record_ids), ASKED_AT_ONCE):
        rows = connection.execute(
            select(columns.record_id)
            .join(chunk_table, chunk_table.c.id == columns.chunk_id)
            .where(among(columns.record_id, record_ids[start : start + ASKED_AT_ONCE]))
            .where(columns.profile == profile)
            .where(chunk_table.c.features.is_not(None))
            .where(not_(among(chunk_table.c.batch_id, batch_ids)))
            .distinct()
        )
        found.update(rows.scalars())
    return found


def holders(
    connection: Connection, profile: str, record_ids: Iterable[str], items: Iterable[int]
) -> list[int | None]:
    """Ids of the newest stored versions of these items, in their order."""
    keys = list(zip(record_ids, items, strict=True))
    found = dict(_held(connection, profile, set(keys)))
    return [found.get(key) for key in keys]


def _held(connection: Connection, profile: str, keys: Collection[Key]) -> Iterator[tuple[Key, int]]:
    """The versions of these items that are not superseded: the item of each, and its id."""
    columns = record_table.c
    asked = sorted({record_id for record_id, _ in keys})
    for start in range(0, len(asked), ASKED_AT_ONCE):
        for record_id, item, number in connection.execute(
            select(columns.record_id, columns.item, columns.id)
            .where(among(columns.record_id, asked[start : start + ASKED_AT_ONCE]))
            .where(columns.profile == profile)
            .where(columns.state != SUPERSEDED)
        ):
            if (record_id, item) in keys:
                yield (record_id, item), number


def by_batch(
    connection: Connection, records: Iterable[int | None], batch_ids: Iterable[str]
) -> dict[str, int]:
    """How many of these records each of these batches holds."""
    asked = [one for one in records if one is not None]
    found = connection.execute(
        select(chunk_table.c.batch_id, func.count().label("rows"))
        .join(record_table, record_table.c.chunk_id == chunk_table.c.id)
        .where(among(record_table.c.id, asked), among(chunk_table.c.batch_id, batch_ids))
        .group_by(chunk_table.c.batch_id)
    )
    return {one.batch_id: one.rows for one in found}


def changed_since(connection: Connection, batch_id: str) -> int:
    """How many rows of a batch other batches have superseded or withdrawn."""
    columns = record_table.c
    return connection.execute(
        select(func.count())
        .select_from(record_table)
        .join(chunk_table, chunk_table.c.id == columns.chunk_id)
        .where(chunk_table.c.batch_id == batch_id, columns.folded_by != batch_id)
    ).scalar_one()
