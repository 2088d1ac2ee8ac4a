"""A file for every message: what each run and each export asks is found by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

UNSENT = sa.text("exported_at IS NULL")


def upgrade() -> None:
    """Three indexes."""
    op.create_index("batch_state", "batch", ["state", "ended_at"])
    op.create_index("chunk_profile", "chunk", ["profile", "batch_id"])
    op.create_index("alert_unsent", "alert", ["id"], sqlite_where=UNSENT, postgresql_where=UNSENT)
