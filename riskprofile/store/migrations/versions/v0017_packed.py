"""The terms of an alert packed: they are three quarters of what it takes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from riskprofile.store.packed_json import pack

revision = "0017"
down_revision = "0016"

NAMES = ("reasons", "against")
AT_ONCE = 500


def upgrade() -> None:
    """Make them bytes, then pack those of each alert, in the order of their numbers."""
    with op.batch_alter_table("alert") as table:
        for name in NAMES:
            table.alter_column(
                name,
                type_=sa.LargeBinary(),
                existing_type=sa.JSON(),
                existing_nullable=True,
                postgresql_using=f"convert_to({name}::text, 'UTF8')",
            )
    connection = op.get_bind()
    alert = sa.table("alert", sa.column("id"), *map(sa.column, NAMES))
    changed = (
        sa.update(alert)
        .where(alert.c.id == sa.bindparam("of"))
        .values({name: sa.bindparam(f"new_{name}", type_=sa.LargeBinary) for name in NAMES})
    )
    last = 0
    asked = sa.select(alert).where(alert.c.id > sa.bindparam("last")).order_by(alert.c.id)
    while rows := connection.execute(asked.limit(AT_ONCE), {"last": last}).all():
        packed = []
        for row in rows:
            found = {name: getattr(row, name) for name in NAMES}
            new = {
                f"new_{name}": None if value is None else pack(bytes(value).decode())
                for name, value in found.items()
            }
            packed.append({"of": row.id} | new)
        connection.execute(changed, packed)
        last = rows[-1].id
