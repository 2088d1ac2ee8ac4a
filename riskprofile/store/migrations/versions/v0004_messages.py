"""Messages that update: what a message said of itself, and which version still counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

UTC = sa.DateTime(timezone=True)
FOLDED = sa.text("folded_by IS NOT NULL")


def upgrade() -> None:
    """Add the columns; what is stored already came as originals, in the order of arrival."""
    op.add_column(
        "record", sa.Column("function", sa.String(), nullable=False, server_default="original")
    )
    op.add_column("record", sa.Column("message_at", UTC, nullable=True))
    op.add_column("record", sa.Column("folded_by", sa.String(), nullable=True))
    op.add_column("alert", sa.Column("withdrawn_at", UTC, nullable=True))
    op.create_index(
        "record_folded", "record", ["chunk_id"], sqlite_where=FOLDED, postgresql_where=FOLDED
    )
