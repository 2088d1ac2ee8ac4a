"""Taking data out of the database: cells of stored rows, alerts, quarantine, free pages."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    cast,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from riskprofile.errors import AGAIN, Busy
from riskprofile.store import arms, audit, table_bytes, versions
from riskprofile.store.alert_tables import (
    BY_HAND,
    Alert,
    AlertLink,
    Decision,
    FirstView,
    ItemFound,
    Label,
    Outcome,
    Snooze,
)
from riskprofile.store.batches import ARRIVED, came_in, rows_of
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.store.office_tables import Draft, Unmasking
from riskprofile.store.parties import block_table, form_table
from riskprofile.store.run_tables import Batch, Chunk, Quarantined, Record, Sealed
from riskprofile.store.versions import REMOVED
from riskprofile.store.watchlists import entry_table
from riskprofile.tables import Table

alert_table = Alert.__table__  # type: ignore[attr-defined]
link_table = AlertLink.__table__  # type: ignore[attr-defined]
batch_table = Batch.__table__  # type: ignore[attr-defined]
chunk_table = Chunk.__table__  # type: ignore[attr-defined]
decision_table = Decision.__table__  # type: ignore[attr-defined]
draft_table = Draft.__table__  # type: ignore[attr-defined]
view_table = FirstView.__table__  # type: ignore[attr-defined]
item_table = ItemFound.__table__  # type: ignore[attr-defined]
label_table = Label.__table__  # type: ignore[attr-defined]
outcome_table = Outcome.__table__  # type: ignore[attr-defined]
quarantine_table = Quarantined.__table__  # type: ignore[attr-defined]
record_table = Record.__table__  # type: ignore[attr-defined]
snooze_table = Snooze.__table__  # type: ignore[attr-defined]
sealed_table = Sealed.__table__  # type: ignore[attr-defined]
unmasking_table = Unmasking.__table__  # type: ignore[attr-defined]

KEPT_OF_EVENTS = ("time",)  # history counts days by it; it points to nobody
CONCEALMENT, WHERE = "concealment", "where_found"
AUDIT, NOTE = "audit", "note"  # where notes stand, until the term of purposes at most
WRITTEN = ("reason", "note", "packaging", CONCEALMENT)  # what officers wrote in their own words,
WRITTEN_IN = (decision_table, outcome_table, snooze_table, view_table)  # and where


@dataclass(frozen=True)
class Stored:
    """A chunk that may have come due: where it lies, how far it is kept, when it came in.

    `ended` says whether its batch was ranked, and its rows were on a list; `count` how many it had.
    """

    id: int
    profile: str
    kept: str
    received: datetime
    ended: bool
    count: int
    batch_id: str


def holding(connection: Connection, profile: str, record_id: str) -> list[Stored]:
    """Chunks that hold rows of a declaration, of any version, that were not removed; in order."""
    theirs = select(record_table.c.chunk_id).where(
        record_table.c.profile == profile,
        record_table.c.record_id == record_id,
        record_table.c.state != REMOVED,
    )
    return _chunks(connection, chunk_table.c.id.in_(theirs))


def waiting(connection: Connection, profile: str, received_upto: datetime) -> list[Stored]:
    """Chunks of a profile received up to a time that still hold something, in order."""
    put_right = batch_table.c.options[ARRIVED].as_string().is_not(None)
    found = _chunks(
        connection,
        chunk_table.c.profile == profile,
        chunk_table.c.kept != REMOVED,
        or_(batch_table.c.started_at <= received_upto, put_right),
    )
    return [one for one in found if one.received <= received_upto]


def _chunks(connection: Connection, *which: ColumnElement[bool]) -> list[Stored]:
    rows = connection.execute(
        select(
            *(chunk_table.c.id, chunk_table.c.profile, chunk_table.c.kept),
            *(batch_table.c.options, batch_table.c.started_at),
            *(batch_table.c.state == "done", chunk_table.c.count, chunk_table.c.batch_id),
        )
        .join(batch_table, batch_table.c.id == chunk_table.c.batch_id)
        .where(*which)
        .order_by(chunk_table.c.id)
    )
    return [Stored(*row[:3], came_in(*row[3:5]), *row[5:]) for row in rows]


def hold(
    connection: Connection, profile: str, chunk_ids: Collection[int], record_ids: Collection[str]
) -> None:
    """Lock these chunks, these records and then their alerts: who is at work on one is waited for.

    In the order of all who lock some of these, and by ids. On SQLite there is one writer.
    """
    if connection.dialect.name == "sqlite":
        return
    names = sorted(record_ids)
    for table, which in (
        (chunk_table, among(chunk_table.c.id, sorted(chunk_ids))),
        (record_table, among(record_table.c.record_id, names)),
        (alert_table, among(alert_table.c.record_id, names)),
    ):
        held = select(table.c.id).where(table.c.profile == profile, which)
        connection.execute(held.order_by(table.c.id).with_for_update())


def references(connection: Connection, chunk_id: int) -> list[str | None]:
    """The reference of each row of a chunk by position; None where it is removed already."""
    count = connection.execute(
        select(chunk_table.c.count).where(chunk_table.c.id == chunk_id)
    ).scalar_one()
    found: list[str | None] = [None] * count
    for position, record_id, state in versions.standing(connection, chunk_id):
        found[position] = None if state == REMOVED else record_id
    return found


def evident(
    connection: Connection, profile: str, record_ids: Collection[str], *, finds: Collection[str]
) -> tuple[set[str], set[str]]:
    """Which of these have objective evidence (an indicator fired, or a find), and which a find.

    What an officer saw, and raised by hand with a written reason, stands in the alert as an
    indicator and is evidence as well. A find that was taken back is none.
    """
    theirs = among(alert_table.c.record_id, sorted(record_ids))
    these = (alert_table.c.profile == profile, theirs)
    rows = connection.execute(
        select(alert_table.c.record_id, alert_table.c.indicators).where(*these)
    )
    evidence = {record_id for record_id, fired in rows if fired}
    found = set(
        connection.execute(
            select(alert_table.c.record_id)
            .join(outcome_table, outcome_table.c.alert_id == alert_table.c.id)
            .where(_found(finds), *these)
        ).scalars()
    )
    return evidence | found, found


def _found(finds: Collection[str]) -> ColumnElement[bool]:
    """Outcomes that are finds, and that no later one of their alert, once confirmed, took back."""
    later = outcome_table.alias()
    corrected = select(later.c.id).where(
        later.c.alert_id == outcome_table.c.alert_id,
        later.c.id > outcome_table.c.id,
        later.c.confirmed_at.is_not(None),
    )
    return and_(outcome_table.c.outcome.in_(finds), ~corrected.correlate(outcome_table).exists())


def taken_back(
    connection: Connection, profile: str, columns: Collection[str] | None, finds: Collection[str]
) -> set[int]:
    """Masked chunks with a row that was kept for a find that was taken back since: with these
    columns in the clear, or at all, where it has no other evidence.
    """
    told = set(
        connection.execute(
            select(alert_table.c.record_id)
            .join(outcome_table, outcome_table.c.alert_id == alert_table.c.id)
            .where(alert_table.c.profile == profile, outcome_table.c.outcome.in_(finds))
        ).scalars()
    )
    evidence, found = evident(connection, profile, told, finds=finds)
    told -= evidence if columns is None else found
    places = connection.execute(
        select(record_table.c.chunk_id, record_table.c.position)
        .join(chunk_table, chunk_table.c.id == record_table.c.chunk_id)
        .where(record_table.c.profile == profile, record_table.c.state != REMOVED)
        .where(among(record_table.c.record_id, sorted(told)), chunk_table.c.kept == "masked")
    )
    return {
        chunk_id
        for chunk_id, position in places.all()
        if columns is None
        or rows_of(connection, chunk_id, columns.__contains__).iloc[position].notna().any()
    }


def blank(table: Table, columns: Sequence[str], places: np.ndarray) -> Table:
    """The table with these cells missing: `places` is a bool array over its rows."""
    made = {}
    for name in table.columns:
        column = table[name]
        if name not in columns or not places.any():
            made[name] = column
        elif column.dtype == bool:
            made[name] = column & ~places
        else:
            made[name] = column.mask(places)
    return pd.DataFrame(made, index=table.index)


def rewrite(
    connection: Connection,
    chunk_id: int,
    kept: str,
    *,
    rows: Table,
    features: Table | None,
    events: Table,
) -> None:
    """Put a chunk back with what is left of it."""
    connection.execute(
        update(chunk_table)
        .where(chunk_table.c.id == chunk_id)
        .values(
            kept=kept,
            rows=table_bytes.stored(rows),
            features=None if features is None else table_bytes.stored(features),
            events=table_bytes.stored(events),
        )
    )


def keep_sealed(connection: Connection, kind: str, of: int, content: bytes | None) -> None:
    """Store what was masked, encrypted, in place of what was there; None drops it."""
    connection.execute(
        delete(sealed_table).where(sealed_table.c.kind == kind, sealed_table.c.of == of)
    )
    if content is not None:
        connection.execute(insert(sealed_table).values(kind=kind, of=of, content=content))


def sealed(connection: Connection, kind: str, of: int) -> bytes | None:
    """What was masked of a chunk or an alert, encrypted; None when there is nothing."""
    found = connection.execute(
        select(sealed_table.c.content).where(sealed_table.c.kind == kind, sealed_table.c.of == of)
    ).scalar()
    return None if found is None else bytes(found)


def sealed_as(connection: Connection, kind: str, of: int) -> list[str]:
    """The kinds of what is sealed of one thing piece by piece: `KIND`, `KIND:1` and so on."""
    found = connection.execute(select(sealed_table.c.kind).where(*_pieces(kind, of)))
    return sorted(found.scalars())


def drop_sealed(connection: Connection, kind: str, of: int) -> None:
    """All pieces (`sealed_as`) are gone."""
    connection.execute(delete(sealed_table).where(*_pieces(kind, of)))


def _pieces(kind: str, of: int) -> list[ColumnElement[bool]]:
    one = sealed_table.c.kind
    return [sealed_table.c.of == of, or_(one == kind, one.startswith(f"{kind}:"))]


def rename(
    connection: Connection,
    chunk_id: int,
    profile: str,
    tokens: Mapping[str, str],
    batch_id: str | None,
) -> None:
    """Removed records lose their reference and their digest; points and versions stay.

    So do their alerts (of the batch, or of all without one), with what these taught; and requests
    to see one again, once no version of it is left.
    Of one that came again after it was removed, versions go on behind those of before.
    """
    there = select(record_table.c.record_id).where(
        record_table.c.profile == profile, among(record_table.c.record_id, sorted(tokens.values()))
    )
    before = set(connection.execute(there).scalars())
    told = select(outcome_table.c.id).join(
        alert_table, alert_table.c.id == outcome_table.c.alert_id
    )
    left = select(record_table.c.id).where(record_table.c.profile == profile)
    for record_id, name in tokens.items():
        theirs = told.where(alert_table.c.profile == profile, alert_table.c.record_id == name)
        for table, *here in (
            (record_table, record_table.c.chunk_id == chunk_id),
            (alert_table, *_of_batch(batch_id)),
            (label_table, label_table.c.outcome_id.in_(theirs)),
            (unmasking_table, ~left.where(record_table.c.record_id == record_id).exists()),
        ):
            which = [table.c.profile == profile, table.c.record_id == record_id, *here]
            values: dict[str, Any] = {"record_id": name}
            if table is record_table:
                values |= {"state": REMOVED, "content": 0, "message": None}
            if name in before and "version" in table.c:
                values["version"] = table.c.version + _behind(connection, table, name, which)
            connection.execute(update(table).where(*which).values(values))


def _of_batch(batch_id: str | None) -> list[ColumnElement[bool]]:
    """Alerts of a batch; without one, all: each version of a declaration has its own."""
    return [] if batch_id is None else [alert_table.c.batch_id == batch_id]


def _behind(connection: Connection, table: Any, name: str, which: list[ColumnElement[bool]]) -> int:
    """How far versions go up: 0 where what was removed before under this name has none of them."""
    key = [table.c[one] for one in ("profile", "item", "version") if one in table.c]
    taken, wanted = (
        {tuple(row) for row in connection.execute(select(*key).where(*these))}
        for these in ([table.c.record_id == name], which)
    )
    return max(version for *_, version in taken) if taken & wanted else 0


def alerts_of(
    connection: Connection,
    profile: str,
    record_ids: Collection[str],
    batch_id: str | None = None,
) -> list[dict[str, Any]]:
    """The alerts of these records, as stored: of the batch, or of all without one."""
    rows = connection.execute(
        select(alert_table)
        .where(alert_table.c.profile == profile, *_of_batch(batch_id))
        .where(among(alert_table.c.record_id, sorted(record_ids)))
        .order_by(alert_table.c.id)
    )
    return [dict(row) for row in rows.mappings()]


def written(
    connection: Connection, alert_id: int, upto: datetime | None = None
) -> dict[str, list[Any]]:
    """What officers wrote about an alert in their own words, as `table: [[id, column, text]]`.

    Parameters
    ----------
    upto : datetime, optional
        What was written up to then; else all. Notes of a masked alert go with the words of
        purposes, and are not in the former.
    """
    told: dict[str, list[Any]] = {}
    for table in WRITTEN_IN:
        names = [name for name in WRITTEN if name in table.c]
        rows = connection.execute(
            select(table.c.id, *(table.c[name] for name in names)).where(
                *_about(table, alert_id, upto)
            )
        )
        told[table.name] = [
            [row[0], name, text] for row in rows for name, text in zip(names, row[1:], strict=True)
        ]
    rows = connection.execute(
        select(item_table.c.id, item_table.c.where_found).where(_found_by(alert_id, upto))
    )
    told[item_table.name] = [[row[0], WHERE, row[1]] for row in rows]
    if upto is None:
        told[AUDIT] = [[of, NOTE, text] for of, text in audit.noted(connection, _subject(alert_id))]
    return told


def late(
    connection: Connection, profile: str, upto: datetime, but: Collection[str]
) -> list[dict[str, Any]]:
    """Alerts of masked records, of which something may have been written since, up to a time.

    Parameters
    ----------
    but : collection of str
        Outcomes whose records are not masked.
    """
    words: list[ColumnElement[bool]] = [
        exists().where(
            *_about(table, alert_table.c.id, upto),
            or_(*[table.c[name] != "" for name in WRITTEN if name in table.c]),
        )
        for table in WRITTEN_IN
    ]
    words.append(
        exists().where(
            *_about(outcome_table, alert_table.c.id, upto),
            item_table.c.outcome_id == outcome_table.c.id,
            item_table.c.where_found != "",
        )
    )
    # Who raises one by hand writes in the alert itself; and may do so when its record is masked.
    by_hand = alert_table.c.selected_by == BY_HAND
    words.append(and_(by_hand, alert_table.c.created_at <= upto))
    sealed = exists().where(sealed_table.c.kind == "alert", sealed_table.c.of == alert_table.c.id)
    masked = exists().where(
        record_table.c.record_id == alert_table.c.record_id,
        record_table.c.profile == alert_table.c.profile,
        chunk_table.c.id == record_table.c.chunk_id,
        chunk_table.c.kept == "masked",
    )
    another = alert_table.alias()
    kept = exists().where(
        another.c.record_id == alert_table.c.record_id,
        another.c.profile == alert_table.c.profile,
        outcome_table.c.alert_id == another.c.id,
        _found(but),
    )
    found = connection.execute(
        select(alert_table)
        .where(alert_table.c.profile == profile, or_(*words))
        .where(or_(sealed, and_(by_hand, masked, ~kept)))
        .order_by(alert_table.c.id)
    )
    return [dict(row) for row in found.mappings()]


def writer(connection: Connection, table: str, of: int) -> tuple[datetime, str]:
    """When a row in which somebody wrote was made, and by whom."""
    if table == AUDIT:
        return audit.writer(connection, of)
    if table == item_table.name:
        asked = (
            select(outcome_table.c.at, outcome_table.c.officer)
            .join(item_table, item_table.c.outcome_id == outcome_table.c.id)
            .where(item_table.c.id == of)
        )
    else:
        (found,) = (one for one in WRITTEN_IN if one.name == table)
        who = found.c.by if "by" in found.c else found.c.officer
        asked = select(found.c.at, who).where(found.c.id == of)
    at, name = connection.execute(asked).one()
    return at, str(name)


def _about(table: Any, alert_id: Any, upto: datetime | None) -> list[ColumnElement[bool]]:
    """Rows about an alert that were made up to a time."""
    found: list[ColumnElement[bool]] = [table.c.alert_id == alert_id]
    return found if upto is None else [*found, table.c.at <= upto]


def _found_by(alert_id: int, upto: datetime | None = None) -> ColumnElement[bool]:
    outcomes = select(outcome_table.c.id).where(*_about(outcome_table, alert_id, upto))
    found: ColumnElement[bool] = item_table.c.outcome_id.in_(outcomes)
    return found


def clear_alert(connection: Connection, alert_id: int, values: Mapping[str, Any]) -> list[int]:
    """Put an alert back without names, and take its links and what was written about it.

    The links of the audit chain whose words went with it.
    """
    notes = [of for of, _ in audit.noted(connection, _subject(alert_id))]
    audit.forget_noted(connection, notes)
    clear_written(connection, alert_id)
    change_alert(connection, alert_id, values)
    connection.execute(delete(link_table).where(link_table.c.alert_id == alert_id))
    return notes


def _subject(alert_id: int) -> str:
    return f"alert:{alert_id}"


def change_alert(connection: Connection, alert_id: int, values: Mapping[str, Any]) -> None:
    """Put other values in an alert."""
    connection.execute(update(alert_table).where(alert_table.c.id == alert_id).values(**values))


def clear_written(connection: Connection, alert_id: int, upto: datetime | None = None) -> None:
    """Take what was written about an alert, up to a time.

    The register of arms took over from the counter how a piece was hidden: that goes as well.
    """
    hidden = {text for rows in written(connection, alert_id, upto).values()
              for _, name, text in rows if name in (CONCEALMENT, WHERE) and text}  # fmt: skip
    arms.take_concealment(connection, alert_id, hidden)
    connection.execute(update(item_table).where(_found_by(alert_id, upto)).values(where_found=""))
    for table in WRITTEN_IN:
        blanked = {name: "" for name in WRITTEN if name in table.c}
        connection.execute(update(table).where(*_about(table, alert_id, upto)).values(**blanked))


def received(connection: Connection, profile: str) -> list[tuple[str, datetime]]:
    """Batches of a profile, or of none known, that set rows aside: id, and when it came in."""
    with_raw = select(quarantine_table.c.batch_id).where(quarantine_table.c.state != REMOVED)
    rows = connection.execute(
        select(batch_table.c.id, batch_table.c.options, batch_table.c.started_at)
        .where(batch_table.c.id.in_(with_raw))
        .where(_may_hold(profile))
    )
    return [(str(row.id), came_in(row.options, row.started_at)) for row in rows]


def clear_quarantine(connection: Connection, batch_ids: Sequence[str]) -> int:
    """Forget the raw text of rows set aside in these batches; how many."""
    return _clear(connection, among(quarantine_table.c.batch_id, batch_ids))


def _may_hold(profile: str) -> ColumnElement[bool]:
    """Whether a batch is of a profile, of none known, or holds rows of it: an archive may hold
    files of several, and its batch is called after the last.
    """
    of = batch_table.c.profile
    here = select(chunk_table.c.batch_id).where(chunk_table.c.profile == profile)
    return or_(of.in_((profile, "")), of.contains(profile), batch_table.c.id.in_(here))


def _clear(connection: Connection, *which: ColumnElement[bool]) -> int:
    return connection.execute(
        update(quarantine_table)
        .where(*which, quarantine_table.c.state != REMOVED)
        .values(raw="", reason="", record_id=None, state=REMOVED)
    ).rowcount


def clear_set_aside(connection: Connection, profile: str, record_id: str) -> int:
    """Forget the raw text of rows set aside under the number of a declaration; how many."""
    return _clear(
        connection,
        quarantine_table.c.record_id.in_((record_id, record_id.rsplit("@", 1)[0])),
        quarantine_table.c.batch_id.in_(select(batch_table.c.id).where(_may_hold(profile))),
    )


def forget_related(connection: Connection, profile: str, record_id: str) -> set[int]:
    """Take a declaration from what alerts tell of related ones; which alerts."""
    told = cast(alert_table.c.related, String)
    spelt = {json.dumps(record_id, ensure_ascii=plain) for plain in (True, False)}
    rows = connection.execute(
        select(alert_table.c.id, alert_table.c.related).where(
            alert_table.c.profile == profile,
            or_(*(told.contains(one, autoescape=True) for one in sorted(spelt))),
        )
    ).all()
    for alert_id, related in rows:
        left = [one for one in related if one["record_id"] != record_id]
        change_alert(connection, alert_id, {"related": left})
    return {alert_id for alert_id, _ in rows}


def clear_drafts(connection: Connection, before: datetime) -> int:
    """Forget what people began to type before a time; how many drafts."""
    return int(
        connection.execute(delete(draft_table).where(draft_table.c.saved_at <= before)).rowcount
    )


def clear_unmaskings(connection: Connection, before: datetime) -> int:
    """Forget the case and the reason of requests to unmask made up to a time; how many."""
    columns = unmasking_table.c
    return int(
        connection.execute(
            update(unmasking_table)
            .where(columns.asked_at <= before, columns.reason != "")
            .values(reason="", case_number="")
        ).rowcount
    )


def empty_free_pages(store: Store) -> None:
    """Rewrite the database file, so that what was taken out is in no free page and no log.

    Raises
    ------
    StoreError
        There is no room for a second one, or another program reads or writes: until the next call
        does it, what was taken out may lie in the file.
    """
    with store.outside() as cursor:
        if store.sqlite:
            cursor.execute("VACUUM")
            busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:  # whoever reads sees the file as it was, and it stays so as long
                what = "what was taken out lies in the file still: another program reads it"
                raise Busy(what, where=store.where, do=f"Wait for it to finish, then {AGAIN}")
            return
        for table in (
            *(chunk_table, record_table, alert_table, link_table, decision_table, outcome_table),
            *(quarantine_table, draft_table, label_table, sealed_table, snooze_table, view_table),
            *(form_table, block_table, entry_table, unmasking_table, item_table),
            *(arms.arms, arms.events),
        ):
            cursor.execute(f'VACUUM FULL "{table.name}"')
        cursor.execute("VACUUM FULL audit_words")
