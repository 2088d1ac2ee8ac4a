"""Serials on slide, barrel or bolt are searched: those that came before, as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from riskprofile.reference import marks

revision = "0023"
down_revision = "0022"

NAME = "serial_elsewhere"
AT_ONCE = 500


def upgrade() -> None:
    """Add the runs of these serials to the index in which marks are looked for."""
    connection = op.get_bind()
    arms = sa.table("arms", sa.column("id"), sa.column("details", sa.JSON()))
    grams = sa.table("arms_gram", sa.column("gram"), sa.column("arms_id"))
    last = 0
    asked = (
        sa.select(arms)
        .where(arms.c.id > sa.bindparam("last"))
        .where(sa.cast(arms.c.details, sa.String).contains(NAME))
        .order_by(arms.c.id)
        .limit(AT_ONCE)
    )
    while rows := connection.execute(asked, {"last": last}).all():
        for last, details in rows:
            serials = str(details.get(NAME) or "").split("|")
            runs = set().union(*(marks.grams(marks.skeleton(one)) for one in serials))
            held = sa.select(grams.c.gram).where(grams.c.gram.in_(runs), grams.c.arms_id == last)
            fresh = runs - set(connection.execute(held).scalars())
            if fresh:
                made = [{"gram": one, "arms_id": last} for one in sorted(fresh)]
                connection.execute(sa.insert(grams), made)
