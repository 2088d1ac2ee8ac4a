"""Parties: which forms stand for another, and which came last, without reading all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

ALIAS = sa.text("key <> entity")


def upgrade() -> None:
    """Two indexes."""
    op.create_index("party_added", "party_form", ["added_at"])
    op.create_index(
        "party_alias", "party_form", ["added_at", "key", "entity"],
        sqlite_where=ALIAS, postgresql_where=ALIAS,
    )  # fmt: skip
