"""What an account did lately is found by an index."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """One index."""
    op.create_index("audit_actor_at", "audit", ["actor", "at"], unique=False)
