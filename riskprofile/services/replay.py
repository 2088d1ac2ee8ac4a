"""Explaining and replaying a stored score, from the log alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, func, or_, select

from riskprofile.errors import Damaged, InputError, ScorecardError, ScorecardMissing, StoreError
from riskprofile.profiles import PROFILES
from riskprofile.scoring import reasons
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import promotion
from riskprofile.services.identifiers import RECORD
from riskprofile.services.rater import FIRED, POINTS
from riskprofile.store import batches, table_bytes
from riskprofile.store.database import Store
from riskprofile.store.versions import REMOVED

ELSEWHERE = "with the release that rated it, on a copy of the database from before the upgrade"


@dataclass
class Explanation:
    """Why one record has its points: every term, for and against."""

    record_id: str
    profile: str
    version: int
    item: int
    points: int | None
    reasons: list[dict[str, Any]]
    against: list[dict[str, Any]]
    indicators: list[str]
    model_version: str
    batch_id: str


@dataclass
class Replayed:
    """How many stored scores came out the same bits, which did not, how many retention removed.

    `missing` counts scores whose scorecard is not here or not trusted, by what is wrong with it,
    where all were asked for; `mend` says of each such fault what to do.
    """

    same: int = 0
    removed: int = 0
    differ: list[str] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)
    mend: dict[str, str] = field(default_factory=dict)


Removed = Callable[[Connection], Sequence[str]]  # the names of a record once retention removed it
# Of an alert: its batch, the item that has its points, and when it was made.
Alerted = tuple[str, int, datetime]


def find(
    connection: Connection,
    record: str,
    removed: Removed | None = None,
    alerted: Alerted | None = None,
) -> Any:
    """The newest rated version of a record: its id, or the declaration's number if unique.

    `removed` is asked where neither is stored: it needs a key, and without one tells no name.
    Of what was `alerted` it is what the alert is of: a newer version may be another office's.

    Raises
    ------
    InputError
        It is not stored, or its number is of several.
    StoreError
        It may be one that retention removed, and their names cannot be told here.
    """
    table = batches.record_table.c
    rated = select(batches.record_table).where(table.points.is_not(None))
    if alerted is not None:  # as `feedback` finds what was rated for a label
        own, item, made_at = alerted
        chunk, batch = batches.chunk_table.c, batches.batch_table.c
        rated = (
            rated.join(batches.chunk_table, chunk.id == table.chunk_id)
            .join(batches.batch_table, batch.id == chunk.batch_id)
            .where(table.item == item, table.folded_by.is_distinct_from(own))
            .where(or_(batch.id == own, batch.started_at <= made_at))
            .order_by(batch.id != own)  # an item may be of an earlier batch than its declaration
        )

    def ways() -> Iterator[ColumnElement[bool]]:
        yield table.record_id == record
        yield table.record_id.startswith(f"{record}@", autoescape=True)
        if removed is not None:
            yield table.record_id.in_(removed(connection))

    for condition in ways():
        rows = connection.execute(
            rated.where(condition).order_by(
                table.record_id,
                table.state,  # accepted before superseded: an old version may come late
                table.version.desc(),
                table.points.desc(),
                table.item,
            )
        ).all()
        names = sorted({row.record_id for row in rows})
        if len(names) > 1:
            raise InputError(
                f"{record} names {len(names)} records: {', '.join(names[:5])}",
                do="Give one of these in full",
            )
        if rows:
            return rows[0]
    if removed is not None and not removed(connection) and _removed(connection, None):
        raise StoreError(
            "no such record is stored, and the key that names removed ones is not here",
            where=record,
            do="Restore keys/retention.key from the backup, or copy it from the machine that used"
            " it: what was removed is not to be rated again",
        )
    raise InputError(
        f"no rated record {record} is stored here",
        do="Give a record_id as the results file shows it, by which alone a removed one is known, "
        "or rate its file first",
    )


def explain(
    store: Store,
    models: Path,
    record: str,
    removed: Removed | None = None,
    alerted: Alerted | None = None,
) -> Explanation:
    """Every term of a stored score, from the feature log and the scorecard that rated it.

    `removed` and `alerted` as for `find`.

    Raises
    ------
    InputError
        It is not stored, or was removed by retention: then its points are told.
    ScorecardError
        What rated it is not here, as after an upgrade, or was altered.
    """
    with store.read() as connection:
        row = find(connection, record, removed, alerted)
        if row.state == REMOVED:
            raise InputError(f"removed by retention; it had {row.points} points", where=record)
        chunk, batch = _chunk(connection, row.chunk_id)
        card = _card(connection, models, row.profile, batch, f"Explain it {ELSEWHERE}")
        profile = PROFILES[row.profile]
        log = table_bytes.from_bytes(chunk.features).iloc[[row.position]]
        titles = table_bytes.from_bytes(chunk.rows)[profile.title]
    title = titles.astype(object).where(titles.notna(), None).iloc[row.position]
    raising, lowering = reasons.explain(log, [title], profile, card)[0]
    fired = [
        name.removeprefix(FIRED)
        for name in log.columns
        if name.startswith(FIRED) and bool(log[name].iloc[0])
    ]
    return Explanation(
        row.record_id,
        row.profile,
        row.version,
        row.item,
        row.points,
        raising,
        lowering,
        fired,
        card.version,
        batch.id,
    )


def replay(
    store: Store,
    models: Path,
    record: str | None = None,
    removed: Removed | None = None,
    progress: Callable[[str, int], None] = lambda what, rows: None,
    alerted: Alerted | None = None,
) -> Replayed:
    """Recompute points from the feature log: one record's, or all of them.

    One chunk is held at a time, whatever the number of stored scores. Rows that retention
    removed are counted and not compared: what they were rated from is gone.

    Parameters
    ----------
    progress : callable
        Told the scorecard and the scores replayed so far, after each chunk.
    removed, alerted : optional
        As for `find`.

    Raises
    ------
    InputError
        That record is not stored, or its number is of several.
    ScorecardError
        What rated that record is not here, or was altered.
    Damaged
        What is stored of the rows is not whole.
    """
    told = Replayed()
    with store.read() as connection:
        if record is None:
            _require_chunks(connection)
        only = find(connection, record, removed, alerted) if record else None
        told.removed = _removed(connection, only)
        cards: dict[str, Scorecard | str] = {}
        for chunk, batch in _rated_chunks(connection, only.chunk_id if only else None):
            card = cards.get(batch.model_digest)
            if card is None:
                do = f"Replay it {ELSEWHERE}"
                try:
                    card = _card(connection, models, chunk.profile, batch, do)
                except ScorecardError as error:
                    if only is not None:
                        raise
                    card = f"{error.where}: {error.what}"
                    told.mend[card] = error.do
                cards[batch.model_digest] = card
            if isinstance(card, str):  # one that a former release shipped hides no other's scores
                lost = int(table_bytes.from_bytes(chunk.features, [POINTS])[POINTS].notna().sum())
                told.missing[card] = told.missing.get(card, 0) + lost
                continue
            log = table_bytes.from_bytes(chunk.features, [POINTS, *card.features])
            stored = log[POINTS]
            again = card.points(log)
            names = table_bytes.from_bytes(chunk.rows, [RECORD])[RECORD]
            asked = np.ones(len(log), dtype=bool)
            if only is not None:
                asked = (names == only.record_id).fillna(False).to_numpy(dtype=bool)
            rated = asked & stored.notna().to_numpy(dtype=bool)
            same = stored.fillna(0).to_numpy(np.int64) == again
            told.same += int((rated & same).sum())
            told.differ += names[rated & ~same].tolist()
            progress(f"{chunk.profile} {card.version}", told.same + len(told.differ))
    return told


def _removed(connection: Connection, only: Any) -> int:
    """How many rated rows of this record, or of all, have nothing left but their points."""
    table = batches.record_table.c
    asked = select(func.count()).where(table.state == REMOVED, table.points.is_not(None))
    if only is not None:
        asked = asked.where(table.record_id == only.record_id)
    return int(connection.execute(asked).scalar_one())


def _require_chunks(connection: Connection) -> None:
    """That no stored score refers to a chunk that is gone: what is not there cannot differ."""
    record, chunk = batches.record_table.c, batches.chunk_table.c
    rated = select(record.chunk_id).where(record.points.is_not(None))
    gone = rated.where(record.chunk_id.not_in(select(chunk.id))).limit(1)
    for chunk_id in connection.execute(gone).scalars():
        _chunk(connection, chunk_id)


def _rated_chunks(connection: Connection, only: int | None) -> Iterator[tuple[Any, Any]]:
    """Of all chunks, or of this one alone, those of which retention left something."""
    chunk = batches.chunk_table.c
    asked = select(chunk.id).where(chunk.features.is_not(None)).order_by(chunk.id)
    for chunk_id in [only] if only is not None else connection.execute(asked).scalars().all():
        found, batch = _chunk(connection, chunk_id)
        if found.features is not None:
            yield found, batch


def _chunk(connection: Connection, chunk_id: int) -> tuple[Any, Any]:
    """What is stored of a chunk, and its batch, which says what rated it."""
    chunk = batches.chunk(connection, chunk_id)
    if chunk is None:
        what = "a record refers to it, and it is not stored any more"
        raise Damaged(what, where=f"chunk {chunk_id}")
    table = batches.batch_table
    batch = connection.execute(select(table).where(table.c.id == chunk.batch_id)).first()
    if batch is None:
        what = "rows of it are stored, and the batch itself is not any more"
        raise Damaged(what, where=f"batch {chunk.batch_id}")
    return chunk, batch


def _card(
    connection: Connection, models: Path, profile: str, batch: Any, elsewhere: str
) -> Scorecard:
    """What rated a batch; of one that a former release shipped, where else to ask."""
    rated = (profile, batch.model_version, batch.model_digest)
    try:
        return promotion.rated_by(connection, models, *rated)
    except ScorecardMissing as error:
        raise ScorecardError(error.what, where=error.where, do=elsewhere) from error
