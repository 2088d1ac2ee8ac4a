"""A form is kept in its blocks at the place that its numbers and initials tell.

So those are read of a block that may be alike to another, not all that it holds.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from riskprofile.history import finding

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

AT_ONCE = 10_000


def upgrade() -> None:
    """Find the places of each form anew that stands for itself and was not forgotten."""
    connection = op.get_bind()
    form = sa.table("party_form", *map(sa.column, ("key", "family", "form", "entity")))
    block = sa.table("party_block", sa.column("block"), sa.column("key"))
    connection.execute(sa.delete(block))
    asked = (
        sa.select(form.c.key, form.c.family, form.c.form)
        .where(form.c.key == form.c.entity, form.c.form != "")
        .execution_options(yield_per=AT_ONCE)
    )
    for rows in connection.execute(asked).partitions():
        words = finding.words([(row.family, row.form) for row in rows])
        sizes, blocks = words.blocks
        places = finding.cut(words.shelves.places(sizes, blocks).tolist(), sizes)
        told = zip(rows, places, strict=True)
        made = [{"block": one, "key": row.key} for row, own in told for one in {*own}]
        if made:
            connection.execute(sa.insert(block), made)
