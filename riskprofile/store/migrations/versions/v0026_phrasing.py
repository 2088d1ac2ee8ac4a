"""What is said of the terms of alerts is kept once, not with each. Those that came before stay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """One table and two columns."""
    op.create_table(
        "phrasing",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.add_column("alert", sa.Column("phrasing", sa.String(), nullable=True))
    op.add_column("alert", sa.Column("terms", sa.LargeBinary(), nullable=True))
