"""Where the lanes of its list began, with each alert. Of those stored before, nobody knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Two columns."""
    for name in ("red_from", "yellow_from"):
        op.add_column("alert", sa.Column(name, sa.Integer(), nullable=True))
