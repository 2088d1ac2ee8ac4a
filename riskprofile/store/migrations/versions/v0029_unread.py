"""What batches held and nothing read: how far back a run knew, which `ended_at` tells."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column less."""
    op.drop_column("batch", "history_upto")
