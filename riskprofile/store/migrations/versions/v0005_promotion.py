"""Promotion: scorecards kept here, who signs, what they signed, what serves since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Promotion."""
    op.create_table(
        "scorecard",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("profile", "version", name="scorecard_version"),
    )
    op.create_table(
        "signer",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("revoked_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["account"], ["account.name"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_signer_account", "signer", ["account"], unique=False)
    op.create_table(
        "approval",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("signer_id", BIG, autoincrement=False, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["scorecard.digest"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", "account", name="approval_once"),
    )
    op.create_index("ix_approval_digest", "approval", ["digest"], unique=False)
    op.create_table(
        "promotion",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_promotion_profile", "promotion", ["profile"], unique=False)
