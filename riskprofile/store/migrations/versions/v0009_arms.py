"""The register of arms, traces of them, and typology packs of other administrations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)
TEXT = sa.String()
FLAGS = ("obliterated", "restored", "privately_made", "converted", "reactivated", "antique")


def _key() -> sa.Column[int]:
    return sa.Column("id", BIG, autoincrement=True, nullable=False)


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=nullable) for name in names]


def upgrade() -> None:
    """Six tables."""
    op.create_table(
        "arms",
        _key(),
        *_texts("number"),
        sa.Column("item_found_id", BIG, nullable=True),
        sa.Column("alert_id", BIG, nullable=True),
        *_texts("event"),
        sa.Column("event_on", UTC, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        *_texts("authority"),
        *_texts("office", "country", "mode", nullable=True),
        *_texts("kind", "arm_type", "part", "make", "model", "calibre", "serial"),
        sa.Column("count", sa.Integer(), nullable=False),
        *_texts("marking"),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in FLAGS),
        *_texts("serial_key", "make_key", "model_key"),
        sa.Column("details", sa.JSON(), nullable=True),
        *_texts("content", "recorded_by"),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.Column("superseded_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("item_found_id"),
    )
    op.create_index("ix_arms_alert_id", "arms", ["alert_id"])
    op.create_index("ix_arms_year", "arms", ["year"])
    op.create_index("arms_make", "arms", ["make_key", "id"])
    op.create_index("arms_model", "arms", ["model_key", "id"])
    op.create_table(
        "arms_gram",
        *_texts("gram"),
        sa.Column("arms_id", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("gram", "arms_id"),
        sqlite_with_rowid=False,
    )
    op.create_table("arms_name", *_texts("kind", "key"), sa.PrimaryKeyConstraint("kind", "key"))
    op.create_table(
        "arms_event",
        _key(),
        sa.Column("arms_id", BIG, nullable=False),
        *_texts("kind"),
        sa.Column("at", UTC, nullable=False),
        *_texts("digest"),
        sa.Column("detail", sa.JSON(), nullable=True),
        *_texts("by"),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_arms_event_arms_id", "arms_event", ["arms_id"])
    op.create_table(
        "arms_trace",
        _key(),
        sa.Column("arms_id", BIG, nullable=False),
        *_texts("channel", "to_country", "identity", "package", "state", "asked_by"),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("answered_at", UTC, nullable=True),
        *_texts("answered_by", nullable=True),
        *_texts("result"),
        sa.Column("pieces", sa.Integer(), nullable=False),
        *_texts("diversion"),
        *_texts("diversion_country", "last_legal_country", nullable=True),
        *_texts("reference"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_arms_trace_arms_id", "arms_trace", ["arms_id"])
    op.create_index("ix_arms_trace_identity", "arms_trace", ["identity"])
    op.create_table(
        "pack",
        *_texts("digest", "issuer", "public_key"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        *_texts("state"),
        sa.Column("tested", sa.JSON(), nullable=True),
        *_texts("received_by"),
        sa.Column("received_at", UTC, nullable=False),
        *_texts("decided_by", nullable=True),
        sa.Column("decided_at", UTC, nullable=True),
        *_texts("reason"),
        sa.PrimaryKeyConstraint("digest"),
    )
