"""The SQL tables. Everything that must never be lost is here from the first migration:
record versions, the feature log, and the audit chain.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel

from riskprofile.store.packed_json import Packed

# SQLite gives a row id to INTEGER primary keys alone; PostgreSQL wants the big ones.
BIG = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """A time in UTC, aware on both sides; SQLite alone would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; a naive time is a fault of the caller, not a time in some zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From what the driver gives: naive on SQLite, aware on PostgreSQL."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _key() -> Any:
    return Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))


def _time(**options: Any) -> Any:
    return Field(sa_column=Column(Moment, **options))


def _json() -> Any:
    return Field(default=None, sa_column=Column(JSON(none_as_null=True)))


def _packed() -> Any:
    return Field(default=None, sa_column=Column(Packed))


def _some(name: str, *columns: str, where: str) -> Index:
    """An index of those rows alone of which this is so.

    On PostgreSQL too, as its migration says: to say so here would read that engine's part of
    SQLAlchemy in every process.
    """
    return Index(name, *columns, sqlite_where=text(where))


class Rows(SQLModel):
    """What the tables have in common: nothing is validated by them, so no validator is built."""

    model_config = {"defer_build": True}


class Office(Rows, table=True):
    """A customs office or crossing point, its zone and what it can examine in a day."""

    __tablename__ = "office"
    code: str = Field(primary_key=True)
    name: str
    zone: str = "UTC"
    country: str | None = None
    capacity: int = 40


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
    came: dict[str, int] = _json()
    heights: dict[str, dict[str, int]] = _json()


class Setting(Rows, table=True):
    """One setting of this installation: profiles enabled, rating paused, DEMO."""

    __tablename__ = "setting"
    name: str = Field(primary_key=True)
    value: Any = _json()


class Account(Rows, table=True):
    """A person who signs in. `totp_secret` is empty when no second factor is set."""

    __tablename__ = "account"
    name: str = Field(primary_key=True)
    role: str
    office: str | None = Field(default=None, foreign_key="office.code")
    password_hash: str
    totp_secret: str | None = None
    totp_step: int | None = None  # the last code used: each works once
    created_at: datetime = _time(nullable=False)
    disabled_at: datetime | None = _time()


class WebSession(Rows, table=True):
    """A signed-in browser. Only a digest of its token is kept."""

    __tablename__ = "web_session"
    token_digest: str = Field(primary_key=True)
    account: str = Field(foreign_key="account.name", index=True)
    created_at: datetime = _time(nullable=False)
    seen_at: datetime = _time(nullable=False)
    ended_at: datetime | None = _time()


class SignInAttempt(Rows, table=True):
    """A sign-in that did not succeed, counted for throttling.

    `account` is a digest of the name given: people type passwords there.
    """

    __tablename__ = "sign_in_attempt"
    id: int | None = _key()
    account: str = Field(index=True)
    address: str = ""
    at: datetime = _time(nullable=False)


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
    options: Any = _json()
    note: str = ""
    actor: str = ""
    started_at: datetime = _time(nullable=False)
    ended_at: datetime | None = _time()
    __table_args__ = (Index("batch_state", "state", "ended_at"),)


class Chunk(Rows, table=True):
    """Rows of a batch, committed together with the cursor, as bytes (`table_bytes.stored`).

    `rows` is the canonical table as declared; `features` is the feature log (one
    float64 column per feature, and `points`), empty for `history load`; `events` is
    what history learns from these rows. All three have the same row order.
    """

    __tablename__ = "chunk"
    id: int | None = _key()
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
    id: int | None = _key()
    profile: str
    place: str
    digest: str
    made_at: datetime = _time(nullable=False)
    __table_args__ = (UniqueConstraint("profile", "place", "digest", name="past_file_once"),)


class Sealed(Rows, table=True):
    """What retention masked, encrypted: `content` is nonce and text.

    `kind` is chunk, alert, or words:1 and so on: what was written of an alert since it was masked.
    """

    __tablename__ = "sealed"
    kind: str = Field(primary_key=True)
    of: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Unmasking(Rows, table=True):
    """A request to see one masked record: a case, who asked, who allowed, until when."""

    __tablename__ = "unmasking"
    id: int | None = _key()
    record_id: str
    profile: str
    office: str | None = None
    case_number: str
    reason: str
    asked_by: str
    asked_at: datetime = _time(nullable=False)
    allowed_by: str | None = None
    allowed_at: datetime | None = _time()
    expires_at: datetime | None = _time()


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
    id: int | None = _key()
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
    message_at: datetime | None = _time()
    folded_by: str | None = None
    message: str | None = None
    __table_args__ = (
        UniqueConstraint("record_id", "profile", "item", "version", name="record_version"),
        _some("record_folded", "chunk_id", where="folded_by IS NOT NULL"),
        _some("record_message", "message", where="message IS NOT NULL"),
    )


class Quarantined(Rows, table=True):
    """A record that could not be read or rated, with the reason and the raw text.

    `state` is waiting, repaired or removed. A repaired row is linked to the batch that
    took it in, `repair_line` being its line there; who did it is in the audit.
    """

    __tablename__ = "quarantined"
    id: int | None = _key()
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
    id: int | None = _key()
    batch_id: str = Field(foreign_key="batch.id", index=True)
    number: int
    state: str
    count: int
    rows: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Phrasing(Rows, table=True):
    """All that a release says of the terms of a scorecard (`scoring.reasons.Phrasing`).

    `digest` is SHA-256 of `content` as JSON.
    """

    __tablename__ = "phrasing"
    digest: str = Field(primary_key=True)
    content: dict[str, Any] = _packed()


class Alert(Rows, table=True):
    """A declaration that a person should look at.

    `state` is open or closed, superseded by a newer version, or removed by retention while it
    was open. `owner` holds it until `lease_until`. `selected_by` is score, indicator or
    random and `probability` is that of the random draw. `search` is what one search box
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
    id: int | None = _key()
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
    reasons: Any = _packed()
    against: Any = _packed()
    phrasing: str | None = None
    terms: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    indicators: Any = _json()
    declaration: Any = _json()  # the rows as declared: list of {column: value}
    related: Any = _json()
    model_version: str
    model_digest: str
    state: str = "open"
    owner: str | None = None
    lease_until: datetime | None = _time()
    due_at: datetime | None = _time()
    lodged_at: datetime | None = _time()
    created_at: datetime = _time(nullable=False)
    closed_at: datetime | None = _time()
    exported_at: datetime | None = _time()  # its lane went back to the declaration system
    withdrawn_at: datetime | None = _time()
    amended_at: datetime | None = _time()
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
        _some("alert_blind", "profile", "state", "office", "record_id", where="blind = 'waiting'"),
        Index("alert_batch", "batch_id"),
        _some("alert_unsent", "id", where="exported_at IS NULL"),
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
    id: int | None = _key()
    alert_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    decision: str
    reason: str
    officer: str
    at: datetime = _time(nullable=False, index=True)
    second: str | None = None
    second_at: datetime | None = _time()
    undone_at: datetime | None = _time()
    exported_at: datetime | None = _time()


class FirstView(Rows, table=True):
    """What an officer would have done before the rating was shown, and why. It orders nothing."""

    __tablename__ = "first_view"
    id: int | None = _key()
    alert_id: int = Field(sa_column=Column(BIG, nullable=False, index=True, unique=True))
    view: str
    reason: str
    officer: str
    at: datetime = _time(nullable=False)


class Snooze(Rows, table=True):
    """One alert put aside until a time, with a reason; it comes back by itself."""

    __tablename__ = "snooze"
    id: int | None = _key()
    alert_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    reason: str
    by: str
    at: datetime = _time(nullable=False)
    until: datetime = _time(nullable=False)
    ended_at: datetime | None = _time()


class Outcome(Rows, table=True):
    """What a control found. It trains only after another person has confirmed it."""

    __tablename__ = "outcome"
    id: int | None = _key()
    alert_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    outcome: str
    methods: Any = _json()
    note: str = ""
    concealment: str = ""
    seizure_number: str = ""
    minutes: int | None = None
    officers: int | None = None  # present at the control
    packaging: str = ""
    legal_basis: str = ""  # one of the register of arms
    officer: str
    at: datetime = _time(nullable=False)
    confirmed_by: str | None = None
    confirmed_at: datetime | None = _time()


class ItemFound(Rows, table=True):
    """One line of what was found: kind, make, model, calibre, serial, marking, count, where."""

    __tablename__ = "item_found"
    id: int | None = _key()
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
    id: int | None = _key()
    outcome_id: int = Field(sa_column=Column(BIG, nullable=False, index=True))
    term: str
    points: int
    answer: str


class Label(Rows, table=True):
    """What an outcome teaches: 1 only for trafficking, none for what nobody examined."""

    __tablename__ = "label"
    id: int | None = _key()
    outcome_id: int = Field(sa_column=Column(BIG, nullable=False, unique=True))
    record_id: str = Field(index=True)
    profile: str
    item: int
    value: int
    selected_by: str
    probability: float | None = None
    known_at: datetime = _time(nullable=False)


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
        _some("party_alias", "added_at", "key", "entity", where="key <> entity"),
    )
    key: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    family: str
    form: str
    entity: int = Field(sa_column=Column(BigInteger, nullable=False))
    added_at: datetime = _time(nullable=False)
    seen_at: datetime = _time(nullable=False)


class PartyBlock(Rows, table=True):
    """Where a form that stands for itself is kept in `block`s (see `finding.Shelves.places`)."""

    __tablename__ = "party_block"
    __table_args__ = ({"sqlite_with_rowid": False},)
    block: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    key: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


class WatchEntry(Rows, table=True):
    """One entry of an office's watch list. `form` is the normal form of `text`.

    It matches from `added_at` on, until before `review_by`, `expires_at` and `ended_at`.
    """

    __tablename__ = "watch_entry"
    id: int | None = _key()
    list: str = Field(index=True)
    kind: str
    text: str
    form: str
    reason: str = ""
    owner: str
    source: str
    added_at: datetime = _time(nullable=False)
    review_by: datetime = _time(nullable=False)
    expires_at: datetime = _time(nullable=False)
    ended_at: datetime | None = _time()


class Draft(Rows, table=True):
    """What a person was typing, kept when the line drops."""

    __tablename__ = "draft"
    account: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    content: Any = _json()
    saved_at: datetime = _time(nullable=False)


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
    id: int | None = _key()
    kind: str = Field(index=True)
    name: str
    source: str = ""
    digest: str
    as_of: datetime = _time(nullable=False)
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    actor: str
    at: datetime = _time(nullable=False)


class RegisterEntry(Rows, table=True):
    """One version of one entry of a register.

    `entry` holds its columns, missing ones left out; `content` is a digest of them. What
    `known_at` lies after a rating did not count in it.
    """

    __tablename__ = "register_entry"
    id: int | None = _key()
    kind: str
    key: str
    as_of: datetime = _time(nullable=False)
    known_at: datetime = _time(nullable=False)
    load_id: int = Field(sa_column=Column(BIG, nullable=False))
    content: str
    entry: Any = _json()
    __table_args__ = (Index("register_entry_key", "kind", "key"),)


class Audit(Rows, table=True):
    """One link of the audit chain. `digest` covers the fields and the digest before it."""

    __tablename__ = "audit"
    sequence: int | None = _key()
    at: datetime = _time(nullable=False)
    actor: str
    action: str
    subject: str = Field(default="", index=True)
    office: str | None = None
    purpose: str = ""
    detail: Any = _json()
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
    proposed_at: datetime = _time(nullable=False)
    __table_args__ = (UniqueConstraint("profile", "version", name="scorecard_version"),)


class Signer(Rows, table=True):
    """The key with which a person signs: the secret half is encrypted with their password."""

    __tablename__ = "signer"
    id: int | None = _key()
    account: str = Field(foreign_key="account.name", index=True)
    public_key: str  # hexadecimal, Ed25519
    secret: str  # PEM
    made_at: datetime = _time(nullable=False)
    revoked_at: datetime | None = _time()


class Approval(Rows, table=True):
    """One person's signature over one scorecard."""

    __tablename__ = "approval"
    id: int | None = _key()
    digest: str = Field(foreign_key="scorecard.digest", index=True)
    signer_id: int = Field(sa_column=Column(BIG, nullable=False))
    account: str
    role: str
    signature: str  # hexadecimal
    at: datetime = _time(nullable=False)
    __table_args__ = (UniqueConstraint("digest", "account", name="approval_once"),)


class Promotion(Rows, table=True):
    """What began to serve and when: the newest row of a profile counts. `kind` is promote or
    rollback; a rollback to what the release ships has the digest of that.
    """

    __tablename__ = "promotion"
    id: int | None = _key()
    profile: str = Field(index=True)
    version: str
    digest: str
    kind: str
    by: str
    reason: str = ""
    at: datetime = _time(nullable=False)
