"""Typology packs in the database: which of their patterns are in force at a time."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, select

from riskprofile.scoring.patterns import InForce
from riskprofile.store.arms_tables import Pack

pack_table = Pack.__table__  # type: ignore[attr-defined]


def in_force(connection: Connection, profile: str, moment: datetime) -> list[InForce]:
    """Patterns of packs that were accepted up to a time, and that were narrow when tried."""
    columns = pack_table.c
    rows = connection.execute(
        select(pack_table)
        .where(columns.state == "accepted", columns.decided_at <= moment)
        .order_by(columns.digest)
    ).mappings()
    found = []
    for row in rows:
        held = json.loads(row["content"]).get("patterns", [])
        says = (
            f"pack {row['digest'][:12]} of {row['issuer']}, accepted by {row['decided_by']} "
            f"on {row['decided_at']:%Y-%m-%d}"
        )
        found += [
            InForce(tuple(held[place]["parts"]), says)
            for place in row["tested"].get("in_force", [])
            if held[place]["profile"] == profile
        ]
    return found
