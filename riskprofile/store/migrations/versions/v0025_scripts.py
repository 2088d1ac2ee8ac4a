"""Marks in Han, kana and other scripts without a Latin spelling: those that came before, as well.

These letters were left out of all that a piece is found by.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from riskprofile.reference import marks
from riskprofile.store import arms as kept

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

AT_ONCE = 500
NAMES = ("make", "model")


def upgrade() -> None:
    """Write anew the forms under which pieces with such letters are found."""
    connection = op.get_bind()
    columns = ("id", "serial", *NAMES, "serial_key", "make_key", "model_key")
    arms = sa.table("arms", *map(sa.column, columns), sa.column("details", sa.JSON()))
    last = 0
    asked = sa.select(arms).where(arms.c.id > sa.bindparam("last")).order_by(arms.c.id)
    while rows := connection.execute(asked.limit(AT_ONCE), {"last": last}).mappings().all():
        for one in rows:
            row = dict(one)
            spelled = [*kept.serials(row), *(row[name] for name in NAMES)]
            if not all(map(str.isascii, spelled)):
                _find_anew(connection, arms, row)
        last = rows[-1]["id"]


def _find_anew(connection: sa.Connection, arms: Any, row: dict[str, Any]) -> None:
    found = kept.keys(row)
    connection.execute(sa.update(arms).where(arms.c.id == row["id"]).values(**found))
    forms = [marks.skeleton(one) for one in kept.serials(row)]
    before = ["".join(filter(str.isascii, form)) for form in forms]
    was, now = (frozenset().union(*map(marks.grams, each)) for each in (before, forms))
    grams = sa.table("arms_gram", sa.column("gram"), sa.column("arms_id"))
    mine = (grams.c.gram.in_(was - now), grams.c.arms_id == row["id"])
    connection.execute(sa.delete(grams).where(*mine))
    if fresh := sorted(now - was):
        made = [{"gram": one, "arms_id": row["id"]} for one in fresh]
        connection.execute(sa.insert(grams), made)
    names = sa.table("arms_name", sa.column("kind"), sa.column("key"))
    for kind in NAMES:
        key = found[f"{kind}_key"]
        known = sa.select(names.c.key).where(names.c.kind == kind, names.c.key == key)
        if key and connection.execute(known).first() is None:
            connection.execute(sa.insert(names), {"kind": kind, "key": key})
