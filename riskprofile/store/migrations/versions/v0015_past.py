"""Which files of the past this database vouches for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One table; nothing is kept yet."""
    op.create_table(
        "past_file",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("profile", "place", "digest", name="past_file_once"),
    )
