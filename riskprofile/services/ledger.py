"""What became of every row of a batch: each is in one named state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, select

from riskprofile.errors import RiskProfileError, UsageError
from riskprofile.profiles import PROFILES
from riskprofile.services import quarantine
from riskprofile.services.rights import Actor, authorise, sees
from riskprofile.store import batches, table_bytes, versions
from riskprofile.store.database import Store
from riskprofile.store.many import among

# received: stored, its batch is not finished. accepted: rated, and the version that counts.
# superseded: stored, and a newer version counts. failed: read, and could not be rated.
STATES = ("received", "accepted", "quarantined", "duplicate", "superseded", "failed")
# held: a batch held it before. same_file: its whole file was read before, as that batch.
# repaired: taken in by that batch since. withdrawn: by its sender.
NOTES = ("held", "same_file", "repaired", "withdrawn")
LIMIT = 500

_batch, _chunk = batches.batch_table, batches.chunk_table
_record, _aside, _kept = batches.record_table, batches.aside_table, batches.quarantine_table


@dataclass(frozen=True)
class Counts:
    """Rows of one batch by state. `adds_up`: the states hold every row read, once."""

    batch_id: str
    read: int
    states: Mapping[str, int]
    repaired: int  # of the quarantined ones: since taken in by another batch

    @property
    def adds_up(self) -> bool:
        """Whether each row that was read and committed is in one state."""
        held = sum(count for name, count in self.states.items() if name != "failed")
        return held == self.read


@dataclass(frozen=True)
class Row:
    """One row of one batch. `record_id` is missing where it is not known, or was removed.

    `note` is one of `NOTES` or empty, `batch` the batch that it is about. `reason` says, in
    English, why the batch failed; `reason_code` and `column` why the row was kept back.
    """

    source: str
    line: int | None = None
    record_id: str | None = None
    item: int | None = None
    version: int | None = None
    function: str = ""
    message_at: datetime | None = None
    note: str = ""
    batch: str = ""
    reason: str = ""
    reason_code: str = ""
    column: str | None = None


@dataclass(frozen=True)
class Account:
    """What batches came to together; `wrong` is how many of all that ended do not add up."""

    read: int
    accepted: int
    quarantined: int
    duplicate: int
    alerts: int
    wrong: int


def account(store: Store, actor: Actor, since: datetime | None) -> Account:
    """The account of all batches that began since then, or ever."""
    authorise(actor, "batch.look")
    columns = _batch.c
    names = list(Account.__dataclass_fields__)[:-1]
    asked = select(*(func.coalesce(func.sum(columns[name]), 0) for name in names))
    if since is not None:
        asked = asked.where(columns.started_at >= since)
    told = columns.accepted + columns.quarantined + columns.duplicate
    wrong = select(func.count()).where(columns.state != "running", columns.read != told)
    with store.read() as connection:
        sums = connection.execute(asked).one()
        return Account(*map(int, [*sums, connection.execute(wrong).scalar_one()]))


def counts(store: Store, actor: Actor, batch_id: str) -> Counts:
    """How many rows of a batch are in each state."""
    authorise(actor, "batch.look")
    with store.read() as connection:
        batch = _load(connection, batch_id)
        superseded = connection.execute(
            select(func.count())
            .select_from(_record.join(_chunk, _chunk.c.id == _record.c.chunk_id))
            .where(_chunk.c.batch_id == batch_id, _record.c.state == versions.SUPERSEDED)
            .where(_record.c.folded_by.is_not(None))
        ).scalar_one()
        repaired = connection.execute(
            select(func.count())
            .select_from(_kept)
            .where(_kept.c.batch_id == batch_id, _kept.c.state == "repaired")
        ).scalar_one()
    stored = batch["accepted"] - superseded
    done = batch["state"] == "done"
    states = {
        "received": 0 if done else stored,
        "accepted": stored if done else 0,
        "quarantined": batch["quarantined"],
        "duplicate": batch["duplicate"],
        "superseded": superseded,
        "failed": batch["failed"],
    }
    return Counts(batch_id, batch["read"], states, repaired)


def rows(store: Store, actor: Actor, batch_id: str, state: str) -> list[Row]:
    """The first `LIMIT` rows of a batch that are in this state, in the order of its file.

    Of another office's declarations, which came in the same file, none is named; nor of rows that
    were kept back without an office, but to who may repair them.

    Raises
    ------
    UsageError
        There is no such state.
    RiskProfileError
        There is no such batch.
    """
    authorise(actor, "batch.look")
    if state not in STATES:
        raise UsageError(f"there is no state {state}", do=f"Take one of {', '.join(STATES)}")
    with store.read() as connection:
        batch = _load(connection, batch_id)
        if state == "quarantined":
            return _quarantined(connection, batch, actor)
        found: Iterator[Row]
        if state in ("duplicate", "failed"):
            found = _set_aside(connection, batch, state, actor)
        elif (state == "received") == (batch["state"] == "done") and state != "superseded":
            found = iter(())
        else:
            found = _stored(connection, batch, actor, superseded=state == "superseded")
        return list(islice(found, LIMIT))


def _load(connection: Connection, batch_id: str) -> Mapping[str, Any]:
    found = connection.execute(select(_batch).where(_batch.c.id == batch_id)).mappings().first()
    if found is None:
        raise RiskProfileError("there is no such batch", where=batch_id[:80])
    return dict(found)


def _stored(
    connection: Connection, batch: Mapping[str, Any], actor: Actor, *, superseded: bool
) -> Iterator[Row]:
    chunks = connection.execute(
        select(_chunk.c.id, _chunk.c.profile)
        .where(_chunk.c.batch_id == batch["id"])
        .order_by(_chunk.c.number)
    ).all()
    wanted = _record.c.state == versions.SUPERSEDED
    for chunk_id, profile in chunks:  # an archive may hold files of two profiles
        office = PROFILES[profile].office
        told = batches.rows_of(connection, chunk_id, {"source", "line", office}.__contains__)
        seen = _seen(told, office, actor)
        if not any(seen):  # of a large batch most of what an office asks for is others'
            continue
        for row in connection.execute(
            select(_record)
            .where(_record.c.chunk_id == chunk_id, wanted if superseded else ~wanted)
            .order_by(_record.c.position)
        ).mappings():
            if not seen[row["position"]]:
                continue
            place = told.iloc[row["position"]]
            note = "" if superseded or row["folded_by"] is None else "withdrawn"
            yield _of_record(place.get("source") or "", place.get("line"), row, note)


def _quarantined(connection: Connection, batch: Mapping[str, Any], actor: Actor) -> list[Row]:
    """Which rows were kept back, and of what; their cells are for `quarantine.find`, which notes
    who reads them.
    """
    names = ("source", "line", "record_id", "reason_code", "column", "repair_batch")
    asked = [_kept.c[name] for name in names]
    if actor.office is not None:  # what was declared says whose a row is
        asked.append(_kept.c.raw)
    statement = select(*asked).where(_kept.c.batch_id == batch["id"]).order_by(_kept.c.id)
    if actor.office is None:  # else as many are read as it takes until so many are theirs
        statement = statement.limit(LIMIT)
    piecewise = statement.execution_options(yield_per=quarantine.FETCHED)
    with connection.execute(piecewise) as found:
        mine = (
            row
            for row in found.mappings()
            if actor.office is None or quarantine.shown(actor, row["raw"], batch["profile"])
        )
        return [
            Row(
                *(row["source"], row["line"], row["record_id"]),
                note="repaired" if row["repair_batch"] else "",
                batch=row["repair_batch"] or "",
                reason_code=row["reason_code"],
                column=row["column"],
            )
            for row in islice(mine, LIMIT)
        ]


def _set_aside(
    connection: Connection, batch: Mapping[str, Any], state: str, actor: Actor
) -> Iterator[Row]:
    if state == "duplicate" and batch["duplicate_of"]:
        first = batch["duplicate_of"]
        yield Row(batch["source"], note="same_file", batch=first)
        return
    for content in connection.execute(
        select(_aside.c.rows)
        .where(_aside.c.batch_id == batch["id"], _aside.c.state == state)
        .order_by(_aside.c.number)
    ).scalars():
        told = table_bytes.from_bytes(content)
        ids = told["record"] if "record" in told else pd.Series([pd.NA] * len(told))
        holders = _holders(connection, [int(one) for one in ids.dropna().unique()])
        hidden = _of_others(connection, holders, actor)
        for source, line, record in zip(told["source"], told["line"], ids, strict=True):
            held = None if pd.isna(record) else holders.get(int(record))
            if held is not None and held["id"] in hidden:
                continue
            if held is None:
                fault = batch["note"] if state == "failed" else ""
                yield Row(str(source), _whole(line), reason=fault)
            else:
                yield _of_record(source, line, held, "held", held["batch_id"])


def _of_record(
    source: Any, line: Any, record: Mapping[Any, Any], note: str, batch: str = ""
) -> Row:
    names = ("record_id", "item", "version", "function", "message_at")
    held = {name: record[name] for name in names}
    return Row(str(source), _whole(line), **held, note=note, batch=batch)


def _holders(connection: Connection, ids: list[int]) -> dict[int, Mapping[str, Any]]:
    found = connection.execute(
        select(_record, _chunk.c.batch_id)
        .join(_chunk, _chunk.c.id == _record.c.chunk_id)
        .where(among(_record.c.id, ids))
    ).mappings()
    return {row["id"]: dict(row) for row in found}


def _of_others(
    connection: Connection, holders: Mapping[int, Mapping[str, Any]], actor: Actor
) -> set[int]:
    """Those of these records that are another office's than the actor's."""
    hidden: set[int] = set()
    if actor.office is None:
        return hidden
    places: dict[tuple[int, str], dict[int, int]] = {}
    for record, one in holders.items():
        places.setdefault((one["chunk_id"], one["profile"]), {})[record] = one["position"]
    for (chunk_id, profile), held in places.items():
        office = PROFILES[profile].office
        told = batches.rows_of(connection, chunk_id, {"source", office}.__contains__)
        seen = _seen(told, office, actor)
        hidden.update(record for record, position in held.items() if not seen[position])
    return hidden


def _seen(told: pd.DataFrame, column: str, actor: Actor) -> list[bool]:
    """Of each row of a chunk whether it is shown: row by row a day's batch would take a minute."""
    if column not in told:
        return [True] * len(told)
    return [sees(actor, None if pd.isna(one) else str(one)) for one in told[column]]


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)
