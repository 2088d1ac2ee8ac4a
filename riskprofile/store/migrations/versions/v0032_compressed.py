"""PostgreSQL does not try to make shorter what is compressed already.

It found nothing to gain, and took four times as long to store a chunk. What is stored stays as it
is until it is written anew.
"""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

COMPRESSED = {"chunk": ("rows", "features", "events"), "aside": ("rows",)}


def upgrade() -> None:
    """Say so of each column."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in COMPRESSED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
