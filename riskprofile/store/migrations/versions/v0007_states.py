"""What became of each row: duplicates and failures by line, and repairs of the quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table and the columns."""
    op.create_table(
        "aside",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_aside_batch_id", "aside", ["batch_id"])
    op.add_column("batch", sa.Column("failed", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("batch", sa.Column("duplicate_of", sa.String(), nullable=True))
    op.add_column("quarantined", sa.Column("repair_batch", sa.String(), nullable=True))
    op.add_column("quarantined", sa.Column("repair_line", sa.Integer(), nullable=True))
