"""An index of when decisions were made: boards ask for those of the last days, of years of them."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One index."""
    op.create_index("ix_decision_at", "decision", ["at"], unique=False)
