"""Indexes behind the officer's page: counts of the queue, and the newest alerts of a party."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """One index more, and one widened."""
    op.create_index(
        "alert_counts",
        "alert",
        ["profile", "state", "office", "lane", "queue", "owner", "lease_until", "due_at",
         "created_at"],
        unique=False,
    )  # fmt: skip
    op.drop_index("alert_link_key", "alert_link")
    op.create_index("alert_link_key", "alert_link", ["kind", "key", "alert_id"], unique=False)
