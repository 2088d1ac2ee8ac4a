"""Whether the reasons of a rating held, and more of how a control went; of earlier ones unknown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """One table and three columns."""
    op.create_table(
        "reason_held",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("outcome_id", BIG, nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reason_held_outcome_id", "reason_held", ["outcome_id"], unique=False)
    op.add_column("outcome", sa.Column("officers", sa.Integer(), nullable=True))
    for name in ("packaging", "legal_basis"):
        op.add_column("outcome", sa.Column(name, sa.String(), nullable=False, server_default=""))
