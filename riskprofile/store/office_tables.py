"""The SQL tables of an installation: offices, people, registers, scorecards and the audit chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from riskprofile.store.column_types import BIG, Rows, as_json, moment, row_id

CAPACITY = 40  # examinations a day, where nobody says how many


class Office(Rows, table=True):
    """A customs office or crossing point, its zone and what it can examine in a day."""

    __tablename__ = "office"
    code: str = Field(primary_key=True)
    name: str
    zone: str = "UTC"
    country: str | None = None
    capacity: int = CAPACITY


class OfficeDay(Rows, table=True):
    """What the lists of an office's day brought so far.

    `came` counts declarations by the quarter of an hour in which they were first ranked, from the
    beginning of the day in the office's zone: what is announced earlier has numbers below zero.
    `heights` counts them each time they were, by the digest of the scorecard, and by
    `scoring.ranking.height`.
    """

    __tablename__ = "office_day"
    profile: str = Field(primary_key=True)
    office: str = Field(primary_key=True)
    day: str = Field(primary_key=True)  # 2026-11-24
    came: dict[str, int] = as_json()
    heights: dict[str, dict[str, int]] = as_json()


class Setting(Rows, table=True):
    """One setting of this installation: profiles enabled, rating paused, DEMO."""

    __tablename__ = "setting"
    name: str = Field(primary_key=True)
    value: Any = as_json()


class Account(Rows, table=True):
    """A person who signs in. `totp_secret` is empty when no second factor is set."""

    __tablename__ = "account"
    name: str = Field(primary_key=True)
    role: str
    office: str | None = Field(default=None, foreign_key="office.code")
    password_hash: str
    totp_secret: str | None = None
    totp_step: int | None = None  # the last code used: each works once
    created_at: datetime = moment(nullable=False)
    disabled_at: datetime | None = moment()


class WebSession(Rows, table=True):
    """A signed-in browser. Only a digest of its token is kept."""

    __tablename__ = "web_session"
    token_digest: str = Field(primary_key=True)
    account: str = Field(foreign_key="account.name", index=True)
    created_at: datetime = moment(nullable=False)
    seen_at: datetime = moment(nullable=False)
    ended_at: datetime | None = moment()


class SignInAttempt(Rows, table=True):
    """A sign-in that did not succeed, counted for throttling.

    `account` is a digest of the name given: people type passwords there.
    """

    __tablename__ = "sign_in_attempt"
    id: int | None = row_id()
    account: str = Field(index=True)
    address: str = ""
    at: datetime = moment(nullable=False)


class Unmasking(Rows, table=True):
    """A request to see one masked record: a case, who asked, who allowed, until when."""

    __tablename__ = "unmasking"
    id: int | None = row_id()
    record_id: str
    profile: str
    office: str | None = None
    case_number: str
    reason: str
    asked_by: str
    asked_at: datetime = moment(nullable=False)
    allowed_by: str | None = None
    allowed_at: datetime | None = moment()
    expires_at: datetime | None = moment()


class WatchEntry(Rows, table=True):
    """One entry of an office's watch list. `form` is the normal form of `text`.

    It matches from `added_at` on, until before `review_by`, `expires_at` and `ended_at`.
    """

    __tablename__ = "watch_entry"
    id: int | None = row_id()
    list: str = Field(index=True)
    kind: str
    text: str
    form: str
    reason: str = ""
    owner: str
    source: str
    added_at: datetime = moment(nullable=False)
    review_by: datetime = moment(nullable=False)
    expires_at: datetime = moment(nullable=False)
    ended_at: datetime | None = moment()


class Draft(Rows, table=True):
    """What a person was typing, kept when the line drops."""

    __tablename__ = "draft"
    account: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    content: Any = as_json()
    saved_at: datetime = moment(nullable=False)


class CheckDay(Rows, table=True):
    """How many answers the exporters' page gave on one day (UTC). Nothing else of them is kept."""

    __tablename__ = "check_day"
    day: str = Field(primary_key=True)  # as 2026-11-24
    answers: int


class RegisterLoad(Rows, table=True):
    """One file loaded into a register, and its account.

    `as_of` is the day for which the file speaks, `at` when it became known here.
    """

    __tablename__ = "register_load"
    id: int | None = row_id()
    kind: str = Field(index=True)
    name: str
    source: str = ""
    digest: str
    as_of: datetime = moment(nullable=False)
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    actor: str
    at: datetime = moment(nullable=False)


class RegisterEntry(Rows, table=True):
    """One version of one entry of a register.

    `entry` holds its columns, missing ones left out; `content` is a digest of them. What
    `known_at` lies after a rating did not count in it.
    """

    __tablename__ = "register_entry"
    id: int | None = row_id()
    kind: str
    key: str
    as_of: datetime = moment(nullable=False)
    known_at: datetime = moment(nullable=False)
    load_id: int = Field(sa_column=Column(BIG, nullable=False))
    content: str
    entry: Any = as_json()
    __table_args__ = (Index("register_entry_key", "kind", "key"),)


class Audit(Rows, table=True):
    """One link of the audit chain. `digest` covers the fields and the digest before it."""

    __tablename__ = "audit"
    sequence: int | None = row_id()
    at: datetime = moment(nullable=False)
    actor: str
    action: str
    subject: str = Field(default="", index=True)
    office: str | None = None
    purpose: str = ""
    detail: Any = as_json()
    previous: str
    digest: str
    # Who did what within the last hour: asked with every look.
    __table_args__ = (Index("audit_actor_at", "actor", "at"),)


class AuditWords(Rows, table=True):
    """The words of a stated purpose. The chain holds their salted digest, so that they can go."""

    __tablename__ = "audit_words"
    sequence: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    salt: str
    words: str


class StoredScorecard(Rows, table=True):
    """A scorecard that somebody proposed here: its files as one archive, by digest."""

    __tablename__ = "scorecard"
    digest: str = Field(primary_key=True)
    profile: str
    version: str
    files: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    proposed_by: str
    proposed_at: datetime = moment(nullable=False)
    __table_args__ = (UniqueConstraint("profile", "version", name="scorecard_version"),)


class Signer(Rows, table=True):
    """The key with which a person signs: the secret half is encrypted with their password."""

    __tablename__ = "signer"
    id: int | None = row_id()
    account: str = Field(foreign_key="account.name", index=True)
    public_key: str  # hexadecimal, Ed25519
    secret: str  # PEM
    made_at: datetime = moment(nullable=False)
    revoked_at: datetime | None = moment()


class Approval(Rows, table=True):
    """One person's signature over one scorecard."""

    __tablename__ = "approval"
    id: int | None = row_id()
    digest: str = Field(foreign_key="scorecard.digest", index=True)
    signer_id: int = Field(sa_column=Column(BIG, nullable=False))
    account: str
    role: str
    signature: str  # hexadecimal
    at: datetime = moment(nullable=False)
    __table_args__ = (UniqueConstraint("digest", "account", name="approval_once"),)


class Promotion(Rows, table=True):
    """What began to serve and when: the newest row of a profile counts. `kind` is promote or
    rollback; a rollback to what the release ships has the digest of that.
    """

    __tablename__ = "promotion"
    id: int | None = row_id()
    profile: str = Field(index=True)
    version: str
    digest: str
    kind: str
    by: str
    reason: str = ""
    at: datetime = moment(nullable=False)
