"""What lists of an office's day have brought, and an order of alerts over the lists of all runs.

Of days before this nothing is known: their lists are not read again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

RAISED, UNRATED = 1 << 42, -(1 << 40)  # as `scoring.ranking.height` has them


def upgrade() -> None:
    """One table, one column, and the index of the list in its order."""
    op.create_table(
        "office_day",
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("came", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("heights", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("profile", "office", "day"),
    )
    op.add_column(
        "alert", sa.Column("standing", sa.BigInteger(), nullable=False, server_default="0")
    )
    alert = sa.table("alert", *map(sa.column, ("standing", "points", "lane", "selected_by")))
    raised = sa.and_(alert.c.lane == "red", alert.c.selected_by == "indicator")
    height = sa.func.coalesce(alert.c.points, UNRATED) + sa.case((raised, RAISED), else_=0)
    op.execute(alert.update().values(standing=-height))
    op.drop_index("alert_queue", "alert")
    op.create_index("alert_queue", "alert", ["profile", "state", "office", "lane", "standing"])
