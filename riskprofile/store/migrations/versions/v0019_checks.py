"""The exporters' page: how many answers it gave, by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """One table; days before it have none."""
    op.create_table(
        "check_day",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
