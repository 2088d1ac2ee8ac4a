"""Own view first: which alerts wait for one, and what was said before the rating was shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITS = sa.text("blind = 'waiting'")
COUNTED = ["profile", "state", "office", "lane", "queue", "owner", "lease_until"]


def upgrade() -> None:
    """A table, a column (alerts that are there were in no draw), and the counts by it."""
    op.create_table(
        "first_view",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("alert_id", BIG, nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_first_view_alert_id", "first_view", ["alert_id"], unique=True)
    op.add_column("alert", sa.Column("blind", sa.String(), nullable=True))
    op.create_index(
        "alert_blind", "alert", ["profile", "state", "office", "record_id"],
        sqlite_where=WAITS, postgresql_where=WAITS,
    )  # fmt: skip
    op.drop_index("alert_counts", "alert")
    op.create_index("alert_counts", "alert", [*COUNTED, "blind", "due_at", "created_at"])
