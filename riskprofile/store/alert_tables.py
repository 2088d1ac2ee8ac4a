"""The SQL tables of alerts: what they say, what officers decided, found, and what that teaches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from riskprofile.store.column_types import (
    BIG,
    Rows,
    as_json,
    as_packed,
    moment,
    partial_index,
    row_id,
)

BY_HAND = "manual"  # what selected an alert that an officer raised: no list and no draw


class Phrasing(Rows, table=True):
    """All that a release says of the terms of a scorecard (`scoring.reasons.Phrasing`).

    `digest` is SHA-256 of `content` as JSON.
    """

    __tablename__ = "phrasing"
    digest: str = Field(primary_key=True)
    content: dict[str, Any] = as_packed()


class Alert(Rows, table=True):
    """A declaration that a person should look at.

    `state` is open or closed, superseded by a newer version, or removed by retention while it
    was open. `owner` holds it until `lease_until`. `selected_by` is score, indicator, random or
    `BY_HAND`, and `probability` is that of the random draw. `search` is what one search box
    looks through (see `store.alerts`). `withdrawn_at` says that
    its sender withdrew the declaration, and `amended_at` that something else is declared
    since: neither closes anything. `blind` is its state in the draw of alerts that wait for
    an officer's own view (see `services.blind`). `red_from` and `yellow_from` are the fewest
    points that make a lane in its list (`scoring.ranking`). `rank` is of the list of its run;
    `standing` orders alerts of all runs, the lowest first: what `scoring.ranking.height` says of
    it, below zero. What its `terms` say (`scoring.reasons.terms`, packed), `phrasing` tells, the
    digest of one; of alerts that came before there was any, and of those raised by hand, `reasons`
    and `against` do.
    """

    __tablename__ = "alert"
    id: int | None = row_id()
    record_id: str
    profile: str
    batch_id: str = Field(foreign_key="batch.id")
    version: int = 1
    office: str | None = None
    queue: str
    lane: str
    rank: int
    standing: int = Field(sa_column=Column(BigInteger, nullable=False, server_default="0"))
    points: int | None = None
    score: float | None = None
    selected_by: str
    probability: float | None = None
    driver: int = 1
    title: str = ""
    search: str = ""
    reasons: Any = as_packed()
    against: Any = as_packed()
    phrasing: str | None = None
    terms: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    indicators: Any = as_json()
    declaration: Any = as_json()  # the rows as declared: list of {column: value}
    related: Any = as_json()
    model_version: str
    model_digest: str
    state: str = "open"
    owner: str | None = None
    lease_until: datetime | None = moment()
    due_at: datetime | None = moment()
    lodged_at: datetime | None = moment()
    created_at: datetime = moment(nullable=False)
    closed_at: datetime | None = moment()
    exported_at: datetime | None = moment()  # its lane went back to the declaration system
    withdrawn_at: datetime | None = moment()
    amended_at: datetime | None = moment()
    blind: str | None = None
    red_from: int | None = None
    yellow_from: int | None = None
    __table_args__ = (
        UniqueConstraint("record_id", "profile", "version", name="alert_version"),
        Index("alert_queue", "profile", "state", "office", "lane", "standing"),
        Index("alert_closed", "profile", "state", "closed_at"),
        # Holds all that the counts above the list ask: they read no row of the table.
        Index(
            "alert_counts",
            "profile",
            "state",
            "office",
            "lane",
            "queue",
            "owner",
            "lease_until",
            "blind",
            "due_at",
            "created_at",
        ),
        partial_index(
            "alert_blind", "profile", "state", "office", "record_id", where="blind = 'waiting'"
        ),
        Index("alert_batch", "batch_id"),
        partial_index("alert_unsent", "id", where="exported_at IS NULL"),
    )


class AlertLink(Rows, table=True):
    """What ties an alert to others: the same party, address, telephone, container, document."""

    __tablename__ = "alert_link"
    alert_id: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    # With the alert: the newest few of a firm that thousands of alerts name are found at once.
    __table_args__ = (
        Index("alert_link_key", "kind", "key", "alert_id"),
        {"sqlite_with_rowid": False},
    )


class Decision(Rows, table=True):
    """What an officer ordered, and why. `second` confirms where two are needed."""

    __tablename__ = "decision"
    id: int | None = row_id()
    alert_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    decision: str
    reason: str
    officer: str
    at: datetime = moment(nullable=False, index=True)
    second: str | None = None
    second_at: datetime | None = moment()
    undone_at: datetime | None = moment()
    exported_at: datetime | None = moment()


class FirstView(Rows, table=True):
    """What an officer would have done before the rating was shown, and why. It orders nothing."""

    __tablename__ = "first_view"
    id: int | None = row_id()
    alert_id: int = Field(sa_column=Column(BIG, nullable=False, index=True, unique=True))
    view: str
    reason: str
    officer: str
    at: datetime = moment(nullable=False)


class Snooze(Rows, table=True):
    """One alert put aside until a time, with a reason; it comes back by itself."""

    __tablename__ = "snooze"
    id: int | None = row_id()
    alert_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    reason: str
    by: str
    at: datetime = moment(nullable=False)
    until: datetime = moment(nullable=False)
    ended_at: datetime | None = moment()


class Outcome(Rows, table=True):
    """What a control found. It trains only after another person has confirmed it."""

    __tablename__ = "outcome"
    id: int | None = row_id()
    alert_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    outcome: str
    methods: Any = as_json()
    note: str = ""
    concealment: str = ""
    seizure_number: str = ""
    minutes: int | None = None
    officers: int | None = None  # present at the control
    packaging: str = ""
    legal_basis: str = ""  # one of the register of arms
    officer: str
    at: datetime = moment(nullable=False)
    confirmed_by: str | None = None
    confirmed_at: datetime | None = moment()


class ItemFound(Rows, table=True):
    """One line of what was found: kind, make, model, calibre, serial, marking, count, where."""

    __tablename__ = "item_found"
    id: int | None = row_id()
    outcome_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    kind: str
    part: str = ""
    make: str = ""
    model: str = ""
    calibre: str = ""
    serial: str = ""
    marking: str = ""
    count: int = 1
    sure: str = ""  # certain, likely or unsure
    where_found: str = ""


class ReasonHeld(Rows, table=True):
    """A reason of the rating that an outcome was asked after, and what was answered.

    `term` is its name in the scorecard, `points` what it had, `answer` yes, unclear, no, or empty
    where nobody looked. Each outcome of an alert has its own.
    """

    __tablename__ = "reason_held"
    id: int | None = row_id()
    outcome_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    term: str
    points: int
    answer: str


class Label(Rows, table=True):
    """What an outcome teaches: 1 only for trafficking, none for what nobody examined."""

    __tablename__ = "label"
    id: int | None = row_id()
    outcome_id: int = Field(sa_column=Column(BIG, nullable=False, unique=True))
    record_id: str = Field(index=True)
    profile: str
    item: int
    value: int
    selected_by: str
    probability: float | None = None
    known_at: datetime = moment(nullable=False)
