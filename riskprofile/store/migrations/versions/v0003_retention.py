"""Retention: how far a chunk is kept, what was masked, who may see it, words apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Retention."""
    op.add_column("chunk", sa.Column("kept", sa.String(), nullable=False, server_default="full"))
    op.create_table(
        "sealed",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("of", BIG, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "of"),
    )
    op.create_table(
        "unmasking",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=True),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("allowed_by", sa.String(), nullable=True),
        sa.Column("allowed_at", UTC, nullable=True),
        sa.Column("expires_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "audit_words",
        sa.Column("sequence", BIG, autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
