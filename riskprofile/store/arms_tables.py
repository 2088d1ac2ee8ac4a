"""The SQL tables of the register of arms, of traces, and of typology packs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field

from riskprofile.store.column_types import BIG, Rows, as_json, moment, row_id


class Arms(Rows, table=True):
    """One piece seized, found or surrendered, or several that no mark tells apart.

    `serial` is as marked; the columns that end in `_key` are forms for finding it.
    `event_on` is the day where it happened, as midnight in UTC, and `year` that of it.
    `details` holds the other columns of `reference.arms.SEIZURES`. `item_found_id` links it to
    what the officer entered; `superseded_at` says that the alert was opened again, and the piece
    not found when it was examined anew: it then counts nowhere.
    """

    __tablename__ = "arms"
    id: int | None = row_id()
    number: str = Field(unique=True)
    item_found_id: int | None = Field(default=None, sa_column=Column(BIG, unique=True))
    alert_id: int | None = Field(default=None, sa_column=Column(BIG, index=True))
    event: str
    event_on: datetime = moment(nullable=False)
    year: int = Field(index=True)
    authority: str = ""
    office: str | None = None
    country: str | None = None
    mode: str | None = None
    kind: str
    arm_type: str = ""
    part: str = ""
    make: str = ""
    model: str = ""
    calibre: str = ""
    serial: str = ""
    count: int = 1
    marking: str = "unknown"
    obliterated: bool = False
    restored: bool = False
    privately_made: bool = False
    converted: bool = False
    reactivated: bool = False
    antique: bool = False
    serial_key: str = ""
    make_key: str = ""
    model_key: str = ""
    details: Any = as_json()
    content: str = ""
    recorded_by: str
    recorded_at: datetime = moment(nullable=False)
    superseded_at: datetime | None = moment()
    __table_args__ = (
        Index("arms_make", "make_key", "id"),
        Index("arms_model", "model_key", "id"),
    )


class ArmsGram(Rows, table=True):
    """Which pieces hold a run of three characters in the skeleton of their serial."""

    __tablename__ = "arms_gram"
    gram: str = Field(primary_key=True)
    arms_id: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    __table_args__ = ({"sqlite_with_rowid": False},)


class ArmsName(Rows, table=True):
    """Every make and model that occurs, by its key: what a misspelt one is looked for in."""

    __tablename__ = "arms_name"
    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)


class ArmsEvent(Rows, table=True):
    """What happened to a piece afterwards: custody, photo, amended, or answer, where one was
    corrected. Never changed.

    `digest` is SHA-256 of a photo; the picture itself is kept elsewhere.
    """

    __tablename__ = "arms_event"
    id: int | None = row_id()
    arms_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    kind: str
    at: datetime = moment(nullable=False)
    digest: str = ""
    detail: Any = as_json()
    by: str
    recorded_at: datetime = moment(nullable=False)


class ArmsTrace(Rows, table=True):
    """A trace request and its answer. `pieces` is how many of the record's pieces are now
    established, by this answer and those before it.

    `state` is asked or answered; `result` is traced, national, other or not_traced.
    `identity` is a digest of what is asked of whom: two open requests with one are
    duplicates.
    """

    __tablename__ = "arms_trace"
    id: int | None = row_id()
    arms_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    channel: str
    to_country: str = ""
    identity: str = Field(index=True)
    package: str  # SHA-256 of the package that went out
    state: str = "asked"
    asked_by: str
    asked_at: datetime = moment(nullable=False)
    answered_at: datetime | None = moment()
    answered_by: str | None = None
    result: str = ""
    pieces: int = 0
    diversion: str = ""
    diversion_country: str | None = None
    last_legal_country: str | None = None
    reference: str = ""


class Pack(Rows, table=True):
    """A typology pack from another administration: proposals until somebody decides.

    `content` is the signed bytes; `state` is proposed, accepted or refused.
    """

    __tablename__ = "pack"
    digest: str = Field(primary_key=True)
    issuer: str
    public_key: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: str = "proposed"
    tested: Any = as_json()
    received_by: str
    received_at: datetime = moment(nullable=False)
    decided_by: str | None = None
    decided_at: datetime | None = moment()
    reason: str = ""
