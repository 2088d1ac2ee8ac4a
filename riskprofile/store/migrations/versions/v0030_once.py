"""Blocks of the register and links of alerts are their own index: SQLite kept each row twice."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TABLES: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "party_block": {"block": sa.BigInteger(), "key": sa.BigInteger()},
    "alert_link": {"alert_id": sa.Integer(), "kind": sa.String(), "key": sa.String()},
}


def upgrade() -> None:
    """Two tables in the order of their keys; PostgreSQL has no such thing."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, key in TABLES.items():
        op.rename_table(name, "earlier")
        columns = [sa.Column(one, kind, nullable=False) for one, kind in key.items()]
        op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key), sqlite_with_rowid=False)
        # As the rows came, each goes to another page: of 1,500,000 that took three times as long.
        named = ", ".join(key)
        op.execute(f"INSERT INTO {name} ({named}) SELECT {named} FROM earlier ORDER BY {named}")  # noqa: S608
        op.drop_table("earlier")
    op.create_index("alert_link_key", "alert_link", ["kind", "key", "alert_id"])
