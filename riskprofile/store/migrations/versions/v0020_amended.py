"""When what an alert is about was changed by its sender. Of changes before this, nobody knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """One column."""
    op.add_column("alert", sa.Column("amended_at", sa.DateTime(timezone=True), nullable=True))
