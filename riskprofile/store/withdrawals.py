"""Taking out of the ranking what a complete message does not name any more."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Text, case, func, select, update

from riskprofile.intake.versions import CANCEL, SCOPE, WHOLE
from riskprofile.store.batches import (
    ASKED_AT_ONCE,
    batch_table,
    came_in,
    cells,
    chunk_table,
    record_table,
)
from riskprofile.store.many import among
from riskprofile.store.table_bytes import from_bytes
from riskprofile.store.versions import ABSENT, SUPERSEDED, Later, counting, left, newest

columns = record_table.c


def named(connection: Connection, profile: str, first: Collection[str]) -> set[str]:
    """Ids of declarations whose part before `@` is one of these."""
    # The part before the first `@` in the database, the whole of it here.
    heads = {one.partition("@")[0] for one in first}
    rows = connection.execute(
        select(columns.record_id)
        .where(among(_head(connection), sorted(heads)))
        .where(columns.profile == profile)
        .distinct()
    ).scalars()
    return {one for one in rows if one.rpartition("@")[0] in first}


def _head(connection: Connection) -> ColumnElement[Any]:
    if connection.dialect.name == "postgresql":
        return func.split_part(columns.record_id, "@", 1, type_=Text)
    return func.substr(columns.record_id, 1, func.instr(columns.record_id, "@") - 1, type_=Text)


def messages(connection: Connection, profile: str, references: Collection[str]) -> set[str]:
    """Which of these reports, manifests and flights anything here came with."""
    return set(
        connection.execute(
            select(columns.message)
            .where(among(columns.message, sorted(references)))
            .where(columns.profile == profile, columns.function != CANCEL)
            .distinct()
        ).scalars()
    )


def ended(
    connection: Connection, profile: str, references: Collection[str]
) -> list[tuple[str, datetime | None, datetime]]:
    """Those of these reports, manifests and flights that a stored message cancelled as a whole.

    Returns
    -------
    list of (reference, at, arrived)
        When it was cancelled by the message, where that told; and when the file came in.
    """
    found: list[tuple[str, datetime | None, datetime]] = []
    batch = batch_table.c
    rows = connection.execute(
        select(columns.chunk_id, columns.position, columns.message, columns.message_at)
        .add_columns(batch.started_at, batch.options)
        .join(chunk_table, chunk_table.c.id == columns.chunk_id)
        .join(batch_table, batch.id == chunk_table.c.batch_id)
        .where(among(columns.message, sorted(references)))
        .where(columns.profile == profile, columns.function == CANCEL)
        .where(columns.state != SUPERSEDED)
        .order_by(columns.chunk_id, columns.position)
    ).all()
    for chunk, held in groupby(rows, key=itemgetter(0)):
        lines = list(held)
        [extras] = cells(connection, chunk, ["extra"], np.array([line[1] for line in lines]))
        for (_, _, reference, at, started, options), extra in zip(lines, extras, strict=True):
            # A line of the report may be cancelled under its reference, too; and what
            # retention masked says nothing any more.
            if json.loads(extra or "{}").get(SCOPE) == {WHOLE: reference}:
                found.append((reference, at, came_in(options, started)))
    return found


def of_message(
    connection: Connection,
    profile: str,
    batch_id: str,
    reference: str,
    at: datetime | None,
    later: Later,
) -> tuple[list[str], int]:
    """Withdraw all that came with this report, manifest or flight.

    Here and below `at` is the time of the message, and `later` what came in after its file.

    Returns
    -------
    gone, rows
        Declarations of which nothing is left; and how many rows were withdrawn.
    """
    mine = [columns.message == reference, *counting(profile, at, later)]
    found = connection.execute(select(columns.record_id).where(*mine).distinct()).scalars().all()
    gone = update(record_table).where(*mine).values(_withdrawn(batch_id, at))
    rows = connection.execute(gone).rowcount
    still = left(connection, profile, found)
    return [one for one in found if one not in still], rows


def lacking(connection: Connection, profile: str, kept: Mapping[str, Collection[Any]]) -> list[str]:
    """Those of these declarations of which an item is stored that is not kept, in their order.

    Of a list that comes again few are: of each of the others nothing need be asked.
    """
    asked, found = list(kept), set[str]()
    for start in range(0, len(asked), ASKED_AT_ONCE):
        rows = connection.execute(
            select(columns.record_id, columns.item)
            .where(among(columns.record_id, asked[start : start + ASKED_AT_ONCE]))
            .where(*newest(profile))
        )
        found.update(record for record, item in rows if item not in kept[record])
    return [record for record in asked if record in found]


def items(
    connection: Connection,
    profile: str,
    batch_id: str,
    record: str,
    kept: Collection[Any],
    at: datetime | None,
    later: Later,
) -> bool:
    """Withdraw the items of a declaration that are not kept; whether no item is left."""
    mine = [columns.record_id == record, *newest(profile, at, later)]
    found = connection.execute(select(columns.item, columns.folded_by).where(*mine)).all()
    lacked = {item: folded is None for item, folded in found if item not in kept}
    if lacked:
        ended = update(record_table).where(*mine, among(columns.item, lacked))
        connection.execute(ended.values(_withdrawn(batch_id, at)))
    if not any(lacked.values()):
        return False
    return not left(connection, profile, [record])


def records(
    connection: Connection,
    profile: str,
    batch_id: str,
    prefix: str,
    where: Mapping[str, str],
    kept: Collection[Any],
    at: datetime | None,
    names: Sequence[str],
    later: Later,
) -> list[str]:
    """Withdraw the records with this prefix, and these values, that are not kept; which.

    `where` is compared with columns (`names` are those of the profile), else with `extra`;
    its `message` with what they came with.
    """
    where = dict(where)
    mine = newest(profile, at, later)
    if reference := where.pop(WHOLE, ""):
        mine.append(columns.message == reference)
    rows = connection.execute(
        select(columns.record_id, columns.chunk_id, columns.position, columns.folded_by)
        .where(columns.record_id.startswith(prefix, autoescape=True))
        .where(*mine)
    ).all()
    by_chunk: dict[int, list[tuple[str, int, bool]]] = {}
    for record, chunk, position, folded in rows:
        if record.startswith(prefix) and record not in kept:  # LIKE may not mind the case
            by_chunk.setdefault(chunk, []).append((record, position, folded is None))
    asked = sorted({name if name in names else "extra" for name in where})
    found: dict[str, bool] = {}  # whether any of it counted
    for chunk, held in by_chunk.items():
        content = connection.execute(
            select(chunk_table.c.rows).where(chunk_table.c.id == chunk)
        ).scalar_one()
        table = from_bytes(content, asked) if asked else pd.DataFrame()
        for record, position, counted in held:
            told = {} if table.empty else dict(table.iloc[position])
            extra = json.loads(told["extra"]) if isinstance(told.get("extra"), str) else {}
            said = {name: told.get(name) if name in names else extra.get(name) for name in where}
            if all((said[name] or "") == value for name, value in where.items()):
                found[record] = counted or found.get(record, False)
    these = among(columns.record_id, found)
    ended = update(record_table).where(these, *newest(profile, at, later))
    connection.execute(ended.values(_withdrawn(batch_id, at)))
    return [record for record, counted in found.items() if counted]


def _withdrawn(batch_id: str, at: datetime | None) -> dict[str, Any]:
    """What a row says that a message of this time takes out by not naming it, or took out before:
    what was said of it before that, and comes later, is as old as what it brought.
    """
    folded = func.coalesce(columns.folded_by, batch_id)
    if at is None:
        return {"folded_by": folded}
    # Of a row that was brought at that time, the same once more is no news.
    function = case((columns.message_at == at, columns.function), else_=ABSENT)
    return {"folded_by": folded, "function": function, "message_at": at}
