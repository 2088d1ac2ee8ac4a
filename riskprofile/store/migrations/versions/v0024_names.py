"""The search box finds no traveller by name: neither those whose alerts came before.

What was masked before is to be masked anew, with all that leads to a name; and why somebody raised
an alert by hand goes from the alerts of records that are removed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from riskprofile.profiles import PROFILES
from riskprofile.store import alerts

revision = "0024"
down_revision = "0023"

AT_ONCE = 500
BY_HAND = " raised it by hand: "


def upgrade() -> None:
    """Write the words by which alerts about persons are found anew."""
    connection = op.get_bind()
    alert = sa.table(
        "alert",
        *map(sa.column, ("id", "record_id", "profile", "title", "search")),
        sa.column("declaration", sa.JSON()),
    )
    changed = (
        sa.update(alert)
        .where(alert.c.id == sa.bindparam("of"))
        .values(search=sa.bindparam("words", type_=sa.String))
    )
    persons = [name for name, profile in PROFILES.items() if profile.persons]
    last = 0
    asked = (
        sa.select(alert)
        .where(alert.c.id > sa.bindparam("last"), alert.c.profile.in_(persons))
        .where(alert.c.search != "")  # retention left nothing of what has no words
        .order_by(alert.c.id)
        .limit(AT_ONCE)
    )
    while rows := connection.execute(asked, {"last": last}).mappings().all():
        connection.execute(
            changed, [{"of": row["id"], "words": alerts.search_text(dict(row))} for row in rows]
        )
        last = rows[-1]["id"]
    chunk = sa.table("chunk", *map(sa.column, ("profile", "kept")))
    masked = sa.and_(chunk.c.kept == "masked", chunk.c.profile.in_(persons))
    connection.execute(sa.update(chunk).where(masked).values(kept="names"))
    _forget_reasons(connection)


def _forget_reasons(connection: sa.Connection) -> None:
    alert = sa.table(
        "alert",
        *map(sa.column, ("id", "search", "selected_by")),
        sa.column("indicators", sa.JSON()),
    )
    removed = sa.and_(alert.c.selected_by == "manual", alert.c.search == "")
    for number, fired in connection.execute(
        sa.select(alert.c.id, alert.c.indicators).where(removed)
    ).all():
        left = [
            {**one, "text": one["text"].partition(BY_HAND)[0] + BY_HAND + "…"}
            if BY_HAND in one.get("text", "")
            else one
            for one in fired or []
        ]
        connection.execute(sa.update(alert).where(alert.c.id == number).values(indicators=left))
