"""The SQL tables of runs: batches, their rows as stored, and what later runs know of them.

Record versions and the feature log must never be lost: they were in the first migration.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from riskprofile.store.column_types import BIG, Rows, as_json, moment, partial_index, row_id


class Batch(Rows, table=True):
    """One run over one input, and its account: read == accepted + quarantined + duplicate.

    `digest` is SHA-256 of the input's bytes. `state` is running, done, stopped or
    failed; `cursor` counts the chunks committed. `failed` counts rows of a chunk that
    could not be rated; nothing of them is stored until `--resume`. `duplicate_of` is the
    batch that held the same bytes. `ended_at` counts for history: it lies after the
    beginning of every run that was under way, and while a batch runs it says when it was
    last resumed.
    """

    __tablename__ = "batch"
    id: str = Field(primary_key=True)
    source: str
    digest: str = Field(index=True)
    format: str
    profile: str
    state: str = "running"
    cursor: int = 0
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    failed: int = 0
    duplicate_of: str | None = None
    alerts: int = 0
    model_version: str = ""
    model_digest: str = ""
    options: Any = as_json()
    note: str = ""
    actor: str = ""
    started_at: datetime = moment(nullable=False)
    ended_at: datetime | None = moment()
    __table_args__ = (Index("batch_state", "state", "ended_at"),)


class Chunk(Rows, table=True):
    """Rows of a batch, committed together with the cursor, as bytes (`table_bytes.stored`).

    `rows` is the canonical table as declared; `features` is the feature log (one
    float64 column per feature, and `points`), empty for `history load`; `events` is
    what history learns from these rows. All three have the same row order.
    """

    __tablename__ = "chunk"
    id: int | None = row_id()
    batch_id: str = Field(foreign_key="batch.id", index=True)
    number: int
    profile: str
    count: int
    rows: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    features: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    events: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    kept: str = "full"  # how far retention has gone: `store.versions`
    __table_args__ = (
        UniqueConstraint("batch_id", "number"),
        Index("chunk_profile", "profile", "batch_id"),  # what a run begins with reads no chunk
    )


class PastFile(Rows, table=True):
    """A file of the past that this database vouches for: a layer of a profile's history.

    `place` tells the folder of the host where it lies (each host keeps its own), `digest` is
    the SHA-256 of its bytes and its name. The order of rows is the order of layers.
    """

    __tablename__ = "past_file"
    id: int | None = row_id()
    profile: str
    place: str
    digest: str
    made_at: datetime = moment(nullable=False)
    __table_args__ = (UniqueConstraint("profile", "place", "digest", name="past_file_once"),)


class Sealed(Rows, table=True):
    """What retention masked, encrypted: `content` is nonce and text.

    `kind` is chunk, alert, or words:1 and so on: what was written of an alert since it was masked.
    """

    __tablename__ = "sealed"
    kind: str = Field(primary_key=True)
    of: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Record(Rows, table=True):
    """One version of one goods item or crossing: where its row lies and its points.

    `state` is accepted or superseded (history: known, never rated; removed once retention
    deleted the row: `record_id` is then a keyed token, and the points stay). `content` is
    a 64-bit digest of the row as declared; the same key with the same content is a
    duplicate and gets no row. `function` and `message_at` are what the message that
    brought it said of itself; where one withdrew it by not naming it, or with all that it came
    with, `absent` and the time of that. `folded_by` is the batch that took this version out of the
    ranking: a newer version came, or the sender withdrew the declaration. `message` names
    the report, manifest or flight that it came with, where one message holds many.
    """

    __tablename__ = "record"
    id: int | None = row_id()
    profile: str
    record_id: str
    item: int
    version: int
    content: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str = "accepted"
    chunk_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    position: int
    points: int | None = None
    function: str = "original"
    message_at: datetime | None = moment()
    folded_by: str | None = None
    message: str | None = None
    __table_args__ = (
        UniqueConstraint("record_id", "profile", "item", "version", name="record_version"),
        partial_index("record_folded", "chunk_id", where="folded_by IS NOT NULL"),
        partial_index("record_message", "message", where="message IS NOT NULL"),
    )


class Quarantined(Rows, table=True):
    """A record that could not be read or rated, with the reason and the raw text.

    `state` is waiting, repaired or removed. A repaired row is linked to the batch that
    took it in, `repair_line` being its line there; who did it is in the audit.
    """

    __tablename__ = "quarantined"
    id: int | None = row_id()
    batch_id: str = Field(foreign_key="batch.id", index=True)
    source: str
    line: int
    record_id: str | None = None
    column: str | None = None
    reason_code: str
    reason: str
    raw: str
    state: str = "waiting"
    repair_batch: str | None = None
    repair_line: int | None = None


class Aside(Rows, table=True):
    """Rows of a chunk that were read and not stored: duplicates, or failed ones.

    `rows` is a table (`table_bytes.stored`): `source`, `line`, and `record`, the id of the record
    that holds the same content (missing for what failed). No key of a declaration is in it.
    """

    __tablename__ = "aside"
    id: int | None = row_id()
    batch_id: str = Field(foreign_key="batch.id", index=True)
    number: int
    state: str
    count: int
    rows: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PartyForm(Rows, table=True):
    """A normal form of a name or an address, and the key of the party that it stands for.

    `key` is the opaque key of the form itself; `entity` is the same for a form that
    stands for itself. Neither changes once it is here. `added_at` is the end of the run
    that brought it: a run reads what was there before it began. Retention empties `form`
    when the last declaration with it (`seen_at`) is due.
    """

    __tablename__ = "party_form"
    __table_args__ = (
        Index("party_added", "added_at"),
        partial_index("party_alias", "added_at", "key", "entity", where="key <> entity"),
    )
    key: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    family: str
    form: str
    entity: int = Field(sa_column=Column(BigInteger, nullable=False))
    added_at: datetime = moment(nullable=False)
    seen_at: datetime = moment(nullable=False)


class PartyBlock(Rows, table=True):
    """Where a form that stands for itself is kept in `block`s (see `finding.Shelves.places`)."""

    __tablename__ = "party_block"
    __table_args__ = ({"sqlite_with_rowid": False},)
    block: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    key: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
