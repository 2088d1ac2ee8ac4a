"""Which report, manifest or flight a record came with, so that it can be cancelled as a whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

SAID = sa.text("message IS NOT NULL")


def upgrade() -> None:
    """Add the column; what is stored already names none."""
    op.add_column("record", sa.Column("message", sa.String(), nullable=True))
    op.create_index(
        "record_message", "record", ["message"], sqlite_where=SAID, postgresql_where=SAID
    )
